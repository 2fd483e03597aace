"""Two results side by side: which figures and themes differ by more than chance, and which themes are the same.

Themes are the same where they have the same id, else where they share comments, else where their words are alike. What
differs is told with intervals, and held to a rate of false discoveries over all that is compared. The newer run is
`now`, the older `before`; no cause is named. Comments that are in both runs make the intervals a little too wide, never
too narrow.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log, sqrt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from voc.config import MetricsConfig, from_mapping
from voc.estimates import ALLOWED, SHARE, Sample, adjusted, difference, estimate
from voc.figures import Answers, Figure, answers_of
from voc.groups import everybody, segments
from voc.intervals import Array
from voc.relevance import worth_telling
from voc.scores import real
from voc.statements import comparison
from voc.tables import Analysis
from voc.tellers import Tellers, tellers_of

SHARED = 0.3
"""The share of the smaller theme's clauses that two themes have in common if they are one. Runs over the same export
agree in most of them, different themes in few. Guarded by test_themes_that_share_comments."""
ALIKE, CLEARLY = 0.1, 1.1
"""The likeness of the words of two themes, 0-1, from which they may be one, and how many times that of either with any
other theme it must be: a file about one product has words that all of its themes share. Trades themes that are wrongly
called new for themes that are wrongly called the same. Of 104 themes of five files, told in two halves of the comments
that share none, 94 find each other so and none a wrong one. Guarded by test_halves_find_each_other."""
WORD = re.compile(r"[^\W\d_]{3,}")
FIGURES = (
    "metric", "by", "segment", "n_before", "n_now", "before", "now", "difference", "low", "high", "p_value", "q_value",
    "holds", "better", "unit", "told",
)  # fmt: skip
THEMES = (
    "change", "label", "label_before", "theme_id", "theme_id_before", "matched", "n_before", "n_now", "share_before",
    "share_now", "difference", "low", "high", "p_value", "q_value", "urgency_before", "urgency_now",
    "urgency_difference", "urgency_low", "urgency_high", "place_before", "place_now",
)  # fmt: skip
CHANGES = ("new", "grown", "shrunk", "gone", "steady")
"""In the order in which they are told. New and gone: no theme of the other run is the same."""


@dataclass(frozen=True)
class Differences:
    """What differs: a table of figures, one of themes, counts of rows before and now, and what to bear in mind."""

    figures: pd.DataFrame
    themes: pd.DataFrame
    counts: dict[str, tuple[int, int]]
    notes: list[str] = field(default_factory=list)


def compare_runs(before: Analysis, now: Analysis) -> Differences:
    """How `now` differs from `before`."""
    return Differences(_figures(before, now), _themes(before, now), _counts(before, now), _notes(before, now))


def _counts(before: Analysis, now: Analysis) -> dict[str, tuple[int, int]]:
    def used(analysis: Analysis) -> int:
        return len(_used(analysis.feedback))

    return {
        "comments": (len(before.feedback), len(now.feedback)),
        "analysed": (used(before), used(now)),
        "themes": (len(before.issues), len(now.issues)),
        "in the queue": (len(before.queue), len(now.queue)),
        "in both": (len(_both(before, now)),) * 2,
    }


def _both(before: Analysis, now: Analysis) -> set[tuple[str, str]]:
    """The comments, by id and text, that are in both runs."""
    pairs = [
        set(zip(each.feedback["feedback_id"], each.feedback["text"].fillna(""), strict=True)) for each in (before, now)
    ]
    return pairs[0] & pairs[1]


def _notes(before: Analysis, now: Analysis) -> list[str]:
    notes = []
    both = len(_both(before, now))
    if both:
        told = "comment is" if both == 1 else "comments are"
        notes.append(f"{both:,} {told} in both runs: what differs is told a little too cautiously")
    if before.model != now.model:
        notes.append(f"The models differ ({_short(before.model)}, {_short(now.model)}): a difference may be theirs")
    changed = _changed(before.settings, now.settings)
    if changed:
        notes.append(f"Settings that differ: {', '.join(changed[:8])}{' …' if len(changed) > 8 else ''}")
    return notes


def _short(model: str) -> str:
    name, _, digest = model.partition(" ")
    return f"{name} {digest[:8]}".strip() or "unknown"


def _changed(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    sections = sorted(set(one) & set(other))
    return [
        f"{section}.{key}" for section in sections for key in sorted(set(one[section]) & set(other[section]))
        if one[section][key] != other[section][key]
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- figures


def _figures(before: Analysis, now: Analysis) -> pd.DataFrame:
    """The headline figures of everybody and of the segments that both runs have."""
    config = from_mapping({"metrics": now.settings.get("metrics", {})}).metrics
    rows = [*_pairs(before, now, config)]
    table = pd.DataFrame(rows, columns=[*FIGURES])
    table["q_value"] = adjusted(table["p_value"].to_numpy(float)) if len(table) else []
    table["holds"] = [bool(row["q_value"] <= ALLOWED) and row["holds"] for row in table.to_dict("records")]
    table["told"] = [_sentence(row, len(table)) for row in table.to_dict("records")]
    return table


def _pairs(before: Analysis, now: Analysis, config: MetricsConfig) -> Iterator[dict[str, Any]]:
    sides = [_by_name(analysis, config) for analysis in (before, now)]
    for name in sides[1]:
        if name not in sides[0]:
            continue
        (one, figure), (other, _) = sides[1][name], sides[0][name]
        if min(one.values.size, other.values.size) < max(config.min_answers, 2) or figure.kind is None:
            continue
        found = difference(one, other, figure.kind)
        value, older = estimate(one, figure.kind).value, estimate(other, figure.kind).value
        matters = worth_telling(found.value, (found.low, found.high), bounds=figure.kind.bounds, usual=older)
        yield {
            "metric": name[0], "by": name[1], "segment": name[2], "n_before": other.values.size,
            "n_now": one.values.size, "before": older, "now": value, "difference": found.value, "low": found.low,
            "high": found.high, "p_value": found.p_value, "holds": matters, "better": figure.better,
            "unit": figure.unit,
        }  # fmt: skip


Named = dict[tuple[str, str, str], tuple[Sample, Figure]]


def _by_name(analysis: Analysis, config: MetricsConfig) -> Named:
    """(metric, by, segment) -> its sample and figure."""
    if analysis.feedback.empty:
        return {}
    by = tuple(name for name in config.by if name in analysis.feedback.columns)
    found: Named = {}
    for answers in answers_of(analysis.feedback.sort_values("feedback_id", ignore_index=True), config):
        for group in (everybody(answers.table), *_split(answers, by)):
            for figure in answers.figures:
                if figure.compared and figure.within is None:
                    sample = figure.sample(group.members, answers.who)
                    found[figure.metric, group.by, group.segment] = sample, figure
    return found


def _split(answers: Answers, by: tuple[str, ...]) -> Iterator[Any]:
    """The segments, but not the files: those of two runs differ by nature."""
    return (group for group in (segments(answers.table, by) if answers.split else ()) if group.by != "source")


def _sentence(row: Mapping[str, Any], many: int) -> str:
    told = dict(row) | {"value": row["now"], "value_against": row["before"], "against": "the run before"}
    told |= {"n": row["n_now"], "n_against": row["n_before"]}
    subject = "" if row["by"] == "all" else f"{row['by']} {row['segment']}: "
    return comparison(told, subject=subject, many=many)


# -------------------------------------------------------------------------------------------------------------- themes


def _themes(before: Analysis, now: Analysis) -> pd.DataFrame:
    """Every theme of either run, what changed most first."""
    sides = [_side(before), _side(now)]
    matched = match(before, now)
    rows = [_theme_row(old, new, how, sides) for old, new, how in matched]
    table = pd.DataFrame(rows, columns=[*THEMES])
    table["q_value"] = adjusted(table["p_value"].to_numpy(float)) if len(table) else []
    table["change"] = [_change(row) for row in table.to_dict("records")]
    order = table["change"].map(CHANGES.index) if len(table) else pd.Series(dtype=int)
    size = table[["n_before", "n_now"]].max(axis=1)
    table = table.assign(order=order, size=-size, name=table["theme_id"].fillna(table["theme_id_before"]))
    return table.sort_values(["order", "size", "name"], ignore_index=True)[[*THEMES]]


def _change(row: Mapping[str, Any]) -> str:
    if row["matched"] == "":
        return "new" if pd.isna(row["label_before"]) else "gone"
    if not row["q_value"] <= ALLOWED:
        return "steady"
    return "grown" if row["difference"] > 0 else "shrunk"


class Side(NamedTuple):
    """One of the two runs: its issues by theme, and who tells of each."""

    issues: pd.DataFrame
    tellers: Tellers


def _side(analysis: Analysis) -> Side:
    return Side(analysis.issues.set_index("theme_id"), tellers_of(_used(analysis.feedback), analysis.clauses))


def _used(feedback: pd.DataFrame) -> pd.DataFrame:
    rows = real(feedback)
    return rows[rows["skip"].isna()] if "skip" in rows.columns else rows


def _theme_row(old: str | None, new: str | None, how: str, sides: list[Side]) -> dict[str, Any]:
    then, here = sides[0].tellers.sample(old), sides[1].tellers.sample(new)
    row: dict[str, Any] = {"theme_id": new, "theme_id_before": old, "matched": how}
    for name, theme, side, sample in (("before", old, sides[0], then), ("now", new, sides[1], here)):
        issue = side.issues.loc[theme] if theme is not None else None
        row["label" if name == "now" else "label_before"] = None if issue is None else issue["label"]
        row[f"n_{name}"] = int(sample.values.sum())
        row[f"share_{name}"] = float(sample.values.mean()) if sample.values.size else np.nan
        row[f"urgency_{name}"] = np.nan if issue is None else float(issue["urgency"])
        row[f"place_{name}"] = None if issue is None else issue.get("place")
    if then.values.size and here.values.size:
        found = difference(here, then, SHARE)
        row |= {"difference": found.value, "low": found.low, "high": found.high, "p_value": found.p_value}
    return row | (_urgency(sides[0].issues.loc[old], sides[1].issues.loc[new]) if old and new else {})


def _urgency(old: pd.Series, new: pd.Series) -> dict[str, float]:
    """The difference of urgency; its interval from those of both (variance estimates recovery, Zou and Donner 2008)."""
    (u, low, high), (v, least, most) = (
        (float(each["urgency"]), float(each["urgency_low"]), float(each["urgency_high"])) for each in (new, old)
    )
    below, above = sqrt((u - low) ** 2 + (most - v) ** 2), sqrt((high - u) ** 2 + (v - least) ** 2)
    return {"urgency_difference": u - v, "urgency_low": u - v - below, "urgency_high": u - v + above}


def match(before: Analysis, now: Analysis) -> list[tuple[str | None, str | None, str]]:
    """(theme before, theme now, how they were matched): "id", "comments", "words", or "" where one side has none."""
    left, right = [*before.issues["theme_id"]], [*now.issues["theme_id"]]
    pairs = [(theme, theme, "id") for theme in left if theme in set(right)]
    for how, likeness, least in (("comments", _overlap, SHARED), ("words", _alike, ALIKE)):
        old = [theme for theme in left if theme not in {pair[0] for pair in pairs}]
        new = [theme for theme in right if theme not in {pair[1] for pair in pairs}]
        pairs += [(*pair, how) for pair in _best(old, new, likeness(before, now, old, new), least)]
    single = [(theme, None, "") for theme in left if theme not in {pair[0] for pair in pairs}]
    alone = [(None, theme, "") for theme in right if theme not in {pair[1] for pair in pairs}]
    return [*pairs, *single, *alone]


def _best(old: list[str], new: list[str], likeness: Array, least: float) -> list[tuple[str, str]]:
    """One to one, the most alike first; equal ones in the order of their ids."""
    found, taken = [], (set[str](), set[str]())
    order = sorted(np.argwhere(likeness >= least), key=lambda at: (-likeness[*at], old[at[0]], new[at[1]]))
    for row, column in order:
        if old[row] not in taken[0] and new[column] not in taken[1]:
            found.append((old[row], new[column]))
            taken[0].add(old[row])
            taken[1].add(new[column])
    return found


def _overlap(before: Analysis, now: Analysis, old: list[str], new: list[str]) -> Array:
    """Shared clauses, by comment and text, as a part of the smaller theme, (old, new)."""
    first, second = (
        {theme: set(zip(own["feedback_id"], own["text"], strict=True))
         for theme, own in analysis.clauses.groupby("theme_id")} for analysis in (before, now)
    )  # fmt: skip
    shares: Array = np.zeros((len(old), len(new)))
    for row, theme in enumerate(old):
        for column, other in enumerate(new):
            one, two = first.get(theme, set()), second.get(other, set())
            shares[row, column] = len(one & two) / max(min(len(one), len(two)), 1)
    return shares


def _alike(before: Analysis, now: Analysis, old: list[str], new: list[str]) -> Array:
    """Cosine of the weighted words of the themes' clauses, (old, new): rare words weigh more, frequent ones by log."""
    bags = [_words(before, theme) for theme in old] + [_words(now, theme) for theme in new]
    if not (old and new):
        return np.zeros((len(old), len(new)))
    everywhere = Counter(word for bag in bags for word in bag)
    column = {word: at for at, word in enumerate(sorted(everywhere))}
    weights: Array = np.zeros((len(bags), len(column)))
    for row, bag in enumerate(bags):
        for word, n in bag.items():
            weights[row, column[word]] = (1 + log(n)) * log(1 + len(bags) / everywhere[word])
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)
    likeness: Array = weights[: len(old)] @ weights[len(old) :].T
    return np.where(likeness >= CLEARLY * _rival(likeness), likeness, 0.0)


def _rival(likeness: Array) -> Array:
    """For each pair, how alike either of the two is to its best other counterpart."""
    rivals = np.zeros(likeness.shape)
    for row, column in np.ndindex(likeness.shape):
        others: Array = np.concatenate([np.delete(likeness[row], column), np.delete(likeness[:, column], row)])
        rivals[row, column] = others.max(initial=0.0)
    return rivals


def _words(analysis: Analysis, theme: str) -> Counter[str]:
    """The words of a theme's clauses, label and keywords."""
    own = analysis.clauses.loc[analysis.clauses["theme_id"].eq(theme).fillna(value=False), "text"]
    about = analysis.themes.loc[analysis.themes["theme_id"].eq(theme)]
    named = [str(text) for name in ("label", "keywords") if name in about for text in about[name].dropna()]
    return Counter(word for text in (*own.dropna(), *named) for word in WORD.findall(text.casefold()))

"""Headline figures side by side: segments against the rest, periods against the one before, a baseline day, targets.

Periods are compared only once they are over: half a week is another kind of week. Each difference has an interval, and
since many are made at once, a rate of false discoveries: what stays below 5 % and is large enough to matter `holds`.
All comparisons of one kind are corrected together. Where a customer speaks on both sides of a comparison, its interval
is a little too wide, never too narrow. Words say which is higher, never why.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voc.config import ComparisonsConfig, MetricsConfig
from voc.errors import ConfigError, nearest
from voc.estimates import ALLOWED, NET, PERCENT, SHARE, Sample, adjusted, against, difference, estimate
from voc.figures import Answers, Figure, answers_of
from voc.groups import RULES, Group, complete_until, demand, everybody, period_end, period_rule, period_starts, segments
from voc.intervals import Array, Interval
from voc.relevance import worth_telling
from voc.rules import load
from voc.scores import real
from voc.statements import NAMES, comparison, goal
from voc.tables import COMPARISONS, FEEDBACK, TIME

MOSTLY = 0.9
"""Share of the rows from which a segment stands for all of them."""
SCALES = {
    "nps": NET.bounds, "net_sentiment": NET.bounds, "csat": PERCENT.bounds, "experience": (0.0, 100.0),
    "churn_rate": SHARE.bounds, "response_rate": SHARE.bounds,
}  # fmt: skip
"""Scales that are the same for every file: a target beyond them is told before the long part."""


@dataclass(frozen=True)
class Pair:
    """One comparison to be made: a figure of some rows and what it is held against (`other` None: a target)."""

    figure: Figure
    kind: str
    group: Group
    against: str
    one: Sample
    other: Sample | None
    target: float = np.nan


def compare(feedback: pd.DataFrame, metrics: MetricsConfig, config: ComparisonsConfig) -> pd.DataFrame:
    """COMPARISONS of the headline figures, each with an interval; figures on too few answers are not compared.

    Of a column with two values only the smaller is compared with the other: the reverse says the same. Raises
    ConfigError where the baseline is no day or a target names no figure.
    """
    wanted, since = asked_for(config)
    if feedback.empty:
        return COMPARISONS.empty()
    feedback = FEEDBACK.check(feedback).sort_values("feedback_id", ignore_index=True)
    demand(feedback, metrics.by)
    rule = period_rule(real(feedback), metrics.period)
    last = None if rule is None else complete_until(_moments(feedback), rule)
    sets = answers_of(feedback, metrics)
    pairs = [
        *(pair for answers in sets for pair in _with_rest(answers, metrics)),
        *(pair for answers in sets for pair in _with_previous(answers, metrics, rule, last)),
        *(pair for answers in sets for pair in _with_baseline(answers, metrics, since)),
        *(pair for answers in sets for pair in _with_target(answers, wanted)),
    ]
    enough = [pair for pair in pairs if _fewest(pair) >= max(metrics.min_answers, 2)]
    return COMPARISONS.check(_told(_table(enough, config), rule))


def asked_for(config: ComparisonsConfig) -> tuple[dict[str, float], pd.Timestamp | None]:
    """The targets by figure and the day of the baseline; ConfigError where they make no sense for any file."""
    return dict(map(_target, config.targets)), _day(config.baseline)


def _target(line: str) -> tuple[str, float]:
    """One target of the settings, "nps=40"."""
    name, _, written = (part.strip() for part in line.partition("="))
    if name not in NAMES:
        raise ConfigError(f"comparisons.targets: there is no figure '{name}'; {nearest(name, NAMES)}")
    if not re.fullmatch(r"-?\d+(\.\d+)?", written):
        raise ConfigError(f"comparisons.targets: '{line}' is not written like nps=40")
    return name, _reachable(name, float(written), SCALES.get(name, (-np.inf, np.inf)))


def _reachable(metric: str, target: float, scale: Interval) -> float:
    """The target, where the figure can reach it: shares are 0-1, and 5 % written as 5 would never be met."""
    low, high = scale
    if low <= target <= high:
        return target
    ends = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more"
    percent = f"; {target:g} % is {metric}={target / 100:g}" if scale == SHARE.bounds and 1 < target <= 100 else ""
    raise ConfigError(f"comparisons.targets: {metric}={target:g} lies outside its scale, {ends}{percent}")


def _day(text: str | None) -> pd.Timestamp | None:
    if text is None:
        return None
    try:
        return pd.Timestamp(pd.to_datetime(text, format="%Y-%m-%d"), tz="UTC")
    except ValueError as error:
        raise ConfigError(f"comparisons.baseline: '{text}' is not a day such as 2026-05-04") from error


def _headlines(answers: Answers) -> list[Figure]:
    return [figure for figure in answers.figures if figure.compared]


def _groups(answers: Answers, metrics: MetricsConfig) -> list[Group]:
    """The segments; those in no known language say nothing of a language."""
    held = segments(answers.table, metrics.by) if answers.split else ()
    return [group for group in held if (group.by, group.segment) != ("lang", "und")]


def _over_time(answers: Answers, metrics: MetricsConfig) -> list[Group]:
    """Everybody, and the segments that are not nearly everybody: their change would be told twice."""
    parts = [group for group in _groups(answers, metrics) if group.members.size < MOSTLY * len(answers.table)]
    return [everybody(answers.table), *parts]


def _fewest(pair: Pair) -> int:
    return min(pair.one.values.size, pair.one.values.size if pair.other is None else pair.other.values.size)


def _with_rest(answers: Answers, metrics: MetricsConfig) -> Iterator[Pair]:
    """Each segment and all others of its column."""
    groups = _groups(answers, metrics)
    for by in dict.fromkeys(group.by for group in groups):
        known = np.flatnonzero(answers.table[by].notna().to_numpy(bool))
        held = [group for group in groups if group.by == by]
        for group in held[1:] if len(held) == 2 else held:
            name = held[0].segment if len(held) == 2 else "the rest"
            yield from _pairs(answers, "rest", group, name, (group.members, np.setdiff1d(known, group.members)))


def _pairs(answers: Answers, kind: str, group: Group, name: str, sides: tuple[Array, Array]) -> Iterator[Pair]:
    for figure in _headlines(answers):
        one, other = (figure.sample(rows, answers.who) for rows in sides)
        yield Pair(figure, kind, group, name, one, other)


def _moments(feedback: pd.DataFrame) -> pd.Series:
    """When anything happened that the figures know of."""
    known = [feedback[name] for name in ("created_at", "churned_at") if name in feedback.columns]
    return pd.concat([pd.Series(dtype=TIME), *known], ignore_index=True)


def _with_previous(
    answers: Answers, metrics: MetricsConfig, rule: str | None, last: pd.Timestamp | None
) -> Iterator[Pair]:
    """The newest period with enough answers and the one before it, overall and by segment; `last` starts the last
    period that is over."""
    table = answers.table
    if rule is None or last is None:
        return
    if not answers.dated or "created_at" not in table.columns or table["created_at"].isna().all():
        yield from _churn_before(answers, rule, last)
        return
    starts = period_starts(table["created_at"], rule)
    for figure in _headlines(answers):
        sizes = starts[~np.isnan(figure.values) & (starts <= last)].value_counts()
        full = sizes.index[sizes >= max(metrics.min_answers, 2)]
        if not len(full):
            continue
        newest = full.max()
        before = newest.tz_localize(None).to_period(rule) - 1
        older = before.start_time.tz_localize("UTC")
        now, then = (np.flatnonzero((starts == start).to_numpy(bool)) for start in (newest, older))
        for group in _over_time(answers, metrics):
            one, other = (figure.sample(np.intersect1d(group.members, rows), answers.who) for rows in (now, then))
            yield Pair(figure, "previous", group._replace(period_start=newest), _period(older, rule), one, other)


def _churn_before(answers: Answers, rule: str, last: pd.Timestamp) -> Iterator[Pair]:
    """Figures whose values depend on the period: the last one in which anything happened, and the one before."""
    for figure in _headlines(answers):
        if figure.within is None or "churned_at" not in answers.table.columns:
            continue
        lost = answers.table["churned_at"].max()
        if pd.isna(lost):
            continue
        newest = min(lost, last).tz_localize(None).to_period(rule)
        starts = [each.start_time.tz_localize("UTC") for each in (newest, newest - 1)]
        group = everybody(answers.table)
        now, then = (figure.within(start, period_end(start, rule)) for start in starts)
        one, other = (figure.sample(group.members, None, values=values) for values in (now, then))
        yield Pair(figure, "previous", group._replace(period_start=starts[0]), _period(starts[1], rule), one, other)


def _with_baseline(answers: Answers, metrics: MetricsConfig, since: pd.Timestamp | None) -> Iterator[Pair]:
    """What came from a day on and what came before it."""
    table = answers.table
    if since is None or not answers.dated or "created_at" not in table.columns:
        return
    now, then = table["created_at"] >= since, table["created_at"] < since
    for group in _over_time(answers, metrics):
        newer, older = (np.intersect1d(group.members, np.flatnonzero(side.to_numpy(bool))) for side in (now, then))
        dated = group._replace(period_start=since)
        yield from _pairs(answers, "baseline", dated, f"the time before {since:%Y-%m-%d}", (newer, older))


def _with_target(answers: Answers, wanted: dict[str, float]) -> Iterator[Pair]:
    """The overall figures that the settings set a target."""
    group = everybody(answers.table)
    for figure in answers.figures:
        if figure.metric in wanted and figure.kind is not None:
            target = _reachable(figure.metric, wanted[figure.metric], figure.kind.bounds)
            sample = figure.sample(group.members, answers.who)
            yield Pair(figure, "target", group, f"the target of {goal(target, figure.unit)}", sample, None, target)


def _period(start: pd.Timestamp, rule: str) -> str:
    if rule == RULES["month"]:
        return f"{start:%Y-%m}"
    return f"{'the week of ' if rule == RULES['week'] else ''}{start:%Y-%m-%d}"


def _table(pairs: list[Pair], config: ComparisonsConfig) -> pd.DataFrame:
    """The figures of every comparison and, corrected by kind, how sure they are."""
    rows = [_row(pair) for pair in pairs]
    table = pd.DataFrame(rows, columns=[*COMPARISONS.columns])
    for kind in table["kind"].unique():
        ours = (table["kind"] == kind).to_numpy(bool)
        p_values = table.loc[ours, "p_value"].to_numpy(float)
        corrected = p_values if config.correction == "none" else adjusted(p_values, dependent=config.correction == "by")
        table.loc[ours, "q_value"] = corrected
    table["holds"] = [
        bool(q <= ALLOWED) and _matters(pair, row) for pair, q, row in zip(pairs, table["q_value"], rows, strict=True)
    ]
    return table


def _row(pair: Pair) -> dict[str, Any]:
    figure, kind = pair.figure, pair.figure.kind
    assert kind is not None, f"{figure.metric} is a count"  # noqa: S101 - counts are never compared
    found = against(pair.one, kind, pair.target) if pair.other is None else difference(pair.one, pair.other, kind)
    other = pair.target if pair.other is None else estimate(pair.other, kind).value
    return {
        "metric": figure.metric, "kind": pair.kind, "by": pair.group.by, "segment": pair.group.segment,
        "period_start": pair.group.period_start, "against": pair.against, "n": pair.one.values.size,
        "n_against": np.nan if pair.other is None else pair.other.values.size,
        "value": estimate(pair.one, kind).value, "value_against": other, "difference": found.value, "low": found.low,
        "high": found.high, "p_value": found.p_value, "better": figure.better, "unit": figure.unit,
    }  # fmt: skip


def _matters(pair: Pair, row: dict[str, Any]) -> bool:
    bounds = pair.figure.kind.bounds if pair.figure.kind else (0.0, np.inf)
    return worth_telling(row["difference"], (row["low"], row["high"]), bounds=bounds, usual=row["value_against"])


def _told(table: pd.DataFrame, rule: str | None) -> pd.DataFrame:
    """With a sentence for every comparison."""
    many = table.groupby("kind")["p_value"].count().to_dict() if len(table) else {}
    told = [comparison(row, subject=_subject(row, rule), many=many[row["kind"]]) for row in table.to_dict("records")]
    return table.assign(told=pd.array(told, dtype="string"), holds=table["holds"].astype("boolean"))


def _subject(row: Mapping[Hashable, Any], rule: str | None) -> str:
    """Of whom and when: "channel chat, 2026-05: "."""
    language = row["by"] == "lang"
    named = (
        f"language {load(row['segment']).english_name}" if language else f"{row['by']} {str(row['segment']).strip()}"
    )
    parts = ["" if row["by"] == "all" else named, _when(row, rule)]
    said = ", ".join(part for part in parts if part)
    return f"{said}: " if said else ""


def _when(row: Mapping[Hashable, Any], rule: str | None) -> str:
    if row["kind"] == "baseline":
        return f"since {row['period_start']:%Y-%m-%d}"
    if row["kind"] != "previous" or rule is None:
        return ""
    return _period(row["period_start"], rule)

"""What got better and what got worse, as far as it is more than chance: figures, themes, and unusual counts."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.report.figures import ORDER, real, row_name, verdict, whole, words
from voc.report.speech import Speech
from voc.report.trend import Calendar
from voc.report.why import direction
from voc.tables import Analysis

MOST = 5
"""Lines of each kind: what a reader with two minutes takes in."""
FADED, FRESH = ("shrunk", "gone"), ("born", "grown")


@dataclass(frozen=True)
class Change:
    """One thing that changed; `source` is the table it stands in and `row` its row there."""

    better: bool
    text: str
    detail: str
    source: str
    row: str


@dataclass(frozen=True)
class Step:
    """A headline figure against the period before: the difference with its interval, whether it is worth telling, and
    the key of what is said of that; `better` is missing where no direction is good."""

    text: str
    interval: str
    against: str
    holds: bool
    verdict: str
    better: bool | None
    row: str


def changes(analysis: Analysis, calendar: Calendar | None, speech: Speech) -> tuple[tuple[Change, ...], ...]:
    """What got better, and what got worse; of each the first MOST."""
    found = [*_figures(analysis, calendar, speech), *_themes(analysis, speech)]
    better = [each for each in found if each.better]
    worse = [each for each in found if not each.better]
    return tuple(better[:MOST]), tuple(worse[:MOST])


def steps(analysis: Analysis, calendar: Calendar | None, speech: Speech) -> dict[str, Step]:
    """For each headline figure how its newest period that is over stands against the one before."""
    told = analysis.comparisons
    rows = told[(told["kind"] == "previous") & (told["by"] == "all")]
    return {str(row["metric"]): _step(row, calendar, speech) for row in rows.to_dict("records") if _known(row)}


def _known(row: dict[Hashable, Any]) -> bool:
    return all(real(row.get(name)) is not None for name in ("difference", "low", "high"))


def _step(row: dict[Hashable, Any], calendar: Calendar | None, speech: Speech) -> Step:
    difference = float(row["difference"])
    unit = str(row["unit"])
    return Step(
        text=speech.figure(difference, unit, signed=True),
        interval=speech.interval(real(row["low"]), real(row["high"]), unit, signed=True),
        against=_against(row, calendar, speech),
        holds=bool(row["holds"]) if not pd.isna(row["holds"]) else False,
        verdict=verdict(row["holds"], (real(row["low"]), real(row["high"])), row.get("q_value")),
        better=_good(row),
        row=row_name(row, "metric", "kind", "by", "segment", "period_start"),
    )


def _good(row: dict[Hashable, Any]) -> bool | None:
    better = words(row.get("better"))
    return (float(row["difference"]) > 0) == (better == "high") if better else None


def _against(row: dict[Hashable, Any], calendar: Calendar | None, speech: Speech) -> str:
    """Which period is compared, with how many answers; the period before is the one before it."""
    start, n = row.get("period_start"), whole(row.get("n")) or 0
    answers = speech.say("n_answers", n=n)
    if start is None or pd.isna(start) or calendar is None:
        return answers
    return speech.say("against_before", period=speech.period(start, calendar.unit), answers=answers)


def _figures(analysis: Analysis, calendar: Calendar | None, speech: Speech) -> Iterator[Change]:
    """Figures that changed against the period before or a baseline, beyond chance; overall ones first."""
    comparisons = analysis.comparisons
    held = comparisons[comparisons["kind"].isin(["previous", "baseline"]) & comparisons["holds"].fillna(value=False)]
    order = {name: place for place, name in enumerate(ORDER)}
    rows = sorted(held.to_dict("records"), key=lambda row: (row["by"] != "all", order.get(str(row["metric"]), 99)))
    for row in rows:
        good = _good(row)
        if good is None or not _known(row):
            continue
        step = _step(row, calendar, speech)
        segment = "" if row["by"] == "all" else f" ({speech.column(str(row['by']))}: {row['segment']})"
        yield Change(
            good,
            speech.say("change_figure", name=speech.metric(str(row["metric"])) + segment, change=step.text),
            speech.say("change_detail", interval=step.interval, against=step.against),
            "comparisons.csv",
            step.row,
        )


def _themes(analysis: Analysis, speech: Speech) -> Iterator[Change]:
    """Themes that grew or faded: as the memory of earlier runs says, else as the ranking's own momentum says.

    A complaint that fades is better, praise that fades is worse; what fits no theme is neither.
    """
    praise = analysis.settings.get("themes", {}).get("of") == "praise"
    changed = analysis.changes[analysis.changes["change"].isin([*FADED, *FRESH])].drop_duplicates("theme_id")
    for row in changed.to_dict("records"):
        yield _change(row, speech, better=(row["change"] in FADED) != praise)
    if analysis.changes.empty:
        rest = analysis.themes.loc[analysis.themes["status"] == "residual", "theme_id"]
        named = analysis.issues[~analysis.issues["theme_id"].isin(rest)]
        moved = (row for row in named.sort_values("rank", kind="stable").to_dict("records") if direction(row))
        yield from (_moved(row, speech, better=(direction(row) < 0) != praise) for row in moved)


def _moved(row: dict[Hashable, Any], speech: Speech, *, better: bool) -> Change:
    key = "theme_less" if direction(row) < 0 else "theme_more"
    said = speech.say(key, label=words(row["label"]))
    return Change(better, said, _shares(row, speech), "issues.csv", row_name(row, "theme_id"))


def _shares(row: dict[Hashable, Any], speech: Speech) -> str:
    """The share of the comments before and now."""
    shares = [real(row.get(name)) for name in ("share_before", "share_now")]
    before, now = ("–" if share is None else speech.percent(share, fine=True) for share in shares)
    return speech.say("change_share", before=before, now=now)


def _change(row: dict[Hashable, Any], speech: Speech, *, better: bool) -> Change:
    return Change(
        better,
        speech.say(f"theme_{row['change']}", label=words(row["label"])),
        _shares(row, speech),
        "changes.csv",
        row_name(row, "change", "theme_id"),
    )

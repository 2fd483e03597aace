"""What an analyst wants to know of one issue: its course, who tells of it, and what is unusual about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pandas as pd

from voc.intervals import Array, wilson
from voc.report.counts import Counted, Dimension, shares
from voc.report.figures import row_name, words
from voc.report.speech import Speech
from voc.report.trend import Calendar
from voc.report.why import signal_counts
from voc.tables import Analysis

MOST_ROWS = 6
FEW = 10
"""Comments of a segment from which a share is shown: below, one comment moves it by a tenth and more."""


@dataclass(frozen=True)
class Course:
    """Comments per period: `heights` 0-100 of the highest."""

    bars: tuple[tuple[str, int, float], ...]
    said: str


@dataclass(frozen=True)
class ShareRow:
    """One segment: how many of its comments tell of the issue; places 0-100 on the scale of the table."""

    name: str
    n: int
    of: int
    share: str
    interval: str
    low: float
    at: float
    high: float


@dataclass(frozen=True)
class Shares:
    """The issue by the values of one column; `mark` is where the share of all comments lies."""

    title: str
    rows: tuple[ShareRow, ...]
    mark: float


@dataclass(frozen=True)
class Unusual:
    """One count out of its expected range."""

    text: str
    row: str


@dataclass(frozen=True)
class Drill:
    """Everything behind one issue."""

    course: Course | None
    shares: tuple[Shares, ...]
    signals: tuple[tuple[str, int], ...]
    parts_of: tuple[tuple[str, int], ...]
    unusual: tuple[Unusual, ...]


def drill(
    analysis: Analysis,
    theme_id: str,
    *,
    place: int,
    told: pd.DataFrame | None,
    counted: Counted,
    calendar: Calendar | None,
    speech: Speech,
) -> Drill:
    """The depths of a theme whose clauses are `told` and that has the code `place` in `counted`."""
    return Drill(
        course=_course(told, calendar, speech),
        shares=tuple(filter(None, (_shares(*each, speech) for each in shares(counted, place)))),
        signals=tuple((speech.or_as_is("signal", name), n) for name, n in signal_counts(told).items()),
        parts_of=_children(theme_id, analysis.themes),
        unusual=_unusual(theme_id, analysis.anomalies, calendar, speech),
    )


def _course(told: pd.DataFrame | None, calendar: Calendar | None, speech: Speech) -> Course | None:
    if calendar is None or told is None or "created_at" not in told:
        return None
    counts = calendar.count(told.drop_duplicates("feedback_id")["created_at"])
    names = [speech.period(start, calendar.unit) for start in calendar.starts]
    most = max(*counts, 1)
    peak = max(range(len(counts)), key=counts.__getitem__)
    said = speech.say("course_" + calendar.unit, first=counts[0], last=counts[-1], peak=names[peak], most=counts[peak])
    return Course(tuple((name, n, round(100 * n / most, 1)) for name, n in zip(names, counts, strict=True)), said)


def _shares(dimension: Dimension, told: Array, of: Array, speech: Speech) -> Shares | None:
    """The segments with enough comments, the largest share first; missing where there is nothing to compare."""
    known = [place for place in range(len(of)) if of[place] >= FEW]
    if len(known) < 2 or not told.sum():
        return None
    fine = partial(speech.percent, fine=True)
    ends = {place: [float(end) for end in wilson(told[place], of[place])] for place in known}
    shown = sorted(known, key=lambda place: (-told[place] / of[place], place))[:MOST_ROWS]
    overall = float(told.sum() / of.sum())
    most = max(overall, *(ends[place][1] for place in shown))
    rows = tuple(
        ShareRow(
            name=speech.language(dimension.values[place]) if dimension.name == "lang" else dimension.values[place],
            n=int(told[place]),
            of=int(of[place]),
            share=fine(told[place] / of[place]),
            interval=speech.say("to", low=fine(ends[place][0]), high=fine(ends[place][1])),
            low=round(100 * ends[place][0] / most, 1),
            at=round(100 * told[place] / of[place] / most, 1),
            high=round(100 * ends[place][1] / most, 1),
        )
        for place in shown
    )
    return Shares(speech.column(dimension.name), rows, round(100 * overall / most, 1))


def _children(theme_id: str, themes: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    """The narrower themes within this one."""
    if "parent_id" not in themes:
        return ()
    inside = themes[themes["parent_id"] == theme_id].sort_values(["n_feedback", "theme_id"], ascending=[False, True])
    return tuple((words(row["label"]), int(row["n_feedback"])) for row in inside.to_dict("records"))


def _unusual(theme_id: str, anomalies: pd.DataFrame, calendar: Calendar | None, speech: Speech) -> tuple[Unusual, ...]:
    if anomalies.empty:
        return ()
    rows = anomalies[anomalies["theme_id"] == theme_id].sort_values("period_start", ascending=False, kind="stable")
    unit = calendar.unit if calendar else "day"
    return tuple(
        Unusual(
            speech.say(
                "unusual" if row["by"] == "all" else "unusual_segment",
                period=speech.period(row["period_start"], unit),
                segment=words(row["segment"]),
                n=int(row["observed"]),
                low=speech.number(row["low"]),
                high=speech.number(row["high"]),
            ),
            row_name(row, "theme_id", "by", "segment", "period_start"),
        )
        for row in rows.head(3).to_dict("records")
    )

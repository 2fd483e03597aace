"""Figures over time: the periods that the metrics stage chose, one chart a figure, the same figures as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from voc.report import charts
from voc.report.figures import Figure, by_period, figures, in_order
from voc.report.speech import UNITS, Speech, Unit

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Calendar:
    """The periods of the trend: their first days, oldest first, and whether they are days, weeks or months."""

    starts: tuple[pd.Timestamp, ...]
    unit: str

    def count(self, dates: pd.Series) -> list[int]:
        """How many dates fall in each period; dates before the first are left out."""
        edges = pd.DatetimeIndex(self.starts).tz_convert("UTC")
        places = edges.searchsorted(pd.DatetimeIndex(dates.dropna()), side="right") - 1
        return [int(n) for n in np.bincount(places[places >= 0], minlength=len(edges))]


@dataclass(frozen=True)
class Trend:
    """One figure over time."""

    metric: str
    chart: Markup
    words: str
    rows: tuple[tuple[str, Figure], ...]


def calendar_of(metrics: pd.DataFrame) -> Calendar | None:
    """The periods that the metrics hold; missing where there are fewer than two."""
    starts = sorted(by_period(metrics)["period_start"].unique())
    if len(starts) < 2:
        return None
    return Calendar(tuple(pd.Timestamp(start) for start in starts), _unit(starts))


def trends(metrics: pd.DataFrame, calendar: Calendar | None, speech: Speech) -> tuple[Trend, ...]:
    """One Trend a figure, in the order of the page; a figure with fewer than two known periods has none."""
    if calendar is None:
        return ()
    rows = by_period(metrics)
    found = [_trend(rows[rows["metric"] == name], name, calendar, speech) for name in in_order(rows)]
    return tuple(trend for trend in found if trend is not None)


def _unit(starts: Sequence[pd.Timestamp]) -> str:
    """Weeks start on the same weekday and months on the first; the shortest gap tells them apart."""
    gap = min(later - earlier for earlier, later in pairwise(starts)).days
    if gap >= 28 and all(start.day == 1 for start in starts):
        return "month"
    return "week" if gap >= 7 else "day"


def _trend(rows: pd.DataFrame, metric: str, calendar: Calendar, speech: Speech) -> Trend | None:
    dated = list(zip(rows["period_start"], figures(rows), strict=True))
    known = [(start, figure) for start, figure in dated if figure.value is not None]
    if len(known) < 2:
        return None
    (first, before), (last, after) = known[0], known[-1]
    said = speech.say(
        "course_of",
        name=speech.metric(metric),
        first=speech.figure(before.value, before.unit),
        start=speech.period(first, calendar.unit),
        last=speech.figure(after.value, after.unit),
        end=speech.period(last, calendar.unit),
    )
    table = tuple((speech.period(start, calendar.unit), figure) for start, figure in dated)
    return Trend(metric, _chart(dated, calendar, said, speech), said, table)


def _chart(dated: list[tuple[pd.Timestamp, Figure]], calendar: Calendar, said: str, speech: Speech) -> Markup:
    starts, shown = [start for start, _ in dated], [figure for _, figure in dated]
    written = UNITS.get(shown[0].unit, Unit())
    factor, suffix = (100 * written.factor, "%") if written.percent else (written.factor, written.suffix)
    if shown[0].metric == "volume":
        return charts.bars(
            starts, [figure.value or 0 for figure in shown], unit=calendar.unit, label=said, speech=speech
        )

    def scaled(name: str) -> list[float | None]:
        values = [getattr(figure, name) for figure in shown]
        return [None if value is None else value * factor for value in values]

    ends = (scaled("low"), scaled("high"))
    label = f"{said} {speech.say('band')}"
    return charts.line(starts, scaled("value"), ends, unit=calendar.unit, label=label, speech=speech, suffix=suffix)

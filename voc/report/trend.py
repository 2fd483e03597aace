"""Figures over time: the periods that the metrics stage chose, one chart a figure, the same figures as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from voc.report import charts
from voc.report.figures import UNITS, Figure, Unit, by_period, figures, in_order
from voc.report.wording import period

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

    def name(self, start: pd.Timestamp) -> str:
        """How a period is called."""
        return period(start, self.unit)


@dataclass(frozen=True)
class Trend:
    """One figure over time."""

    title: str
    meaning: str
    chart: Markup
    words: str
    rows: tuple[tuple[str, Figure], ...]


def calendar_of(metrics: pd.DataFrame) -> Calendar | None:
    """The periods that the metrics hold; missing where there are fewer than two."""
    starts = sorted(by_period(metrics)["period_start"].unique())
    if len(starts) < 2:
        return None
    return Calendar(tuple(pd.Timestamp(start) for start in starts), _unit(starts))


def trends(metrics: pd.DataFrame, calendar: Calendar | None) -> tuple[Trend, ...]:
    """One Trend a figure, in the order of the page; a figure with fewer than two known periods has none."""
    if calendar is None:
        return ()
    rows = by_period(metrics)
    found = [_trend(rows[rows["metric"] == name], name, calendar) for name in in_order(rows)]
    return tuple(trend for trend in found if trend is not None)


def _unit(starts: Sequence[pd.Timestamp]) -> str:
    """Weeks start on the same weekday and months on the first; the shortest gap tells them apart."""
    gap = min(later - earlier for earlier, later in pairwise(starts)).days
    if gap >= 28 and all(start.day == 1 for start in starts):
        return "month"
    return "week" if gap >= 7 else "day"


def _trend(rows: pd.DataFrame, metric: str, calendar: Calendar) -> Trend | None:
    dated = list(zip(rows["period_start"], figures(rows), strict=True))
    known = [(start, figure) for start, figure in dated if figure.value is not None]
    if len(known) < 2:
        return None
    (first, before), (last, after) = known[0], known[-1]
    said = f"{before.name}: {before.text} in {calendar.name(first)}, {after.text} in {calendar.name(last)}"
    table = tuple((calendar.name(start), figure) for start, figure in dated)
    return Trend(before.name, before.meaning, _chart(dated, metric, calendar, said), said, table)


def _chart(dated: list[tuple[pd.Timestamp, Figure]], metric: str, calendar: Calendar, said: str) -> Markup:
    starts, shown = [start for start, _ in dated], [figure for _, figure in dated]
    written = UNITS.get(shown[0].unit, Unit())
    if metric == "volume":
        return charts.bars(starts, [figure.value or 0 for figure in shown], unit=calendar.unit, label=said)

    def scaled(name: str) -> list[float | None]:
        values = [getattr(figure, name) for figure in shown]
        return [None if value is None else value * written.factor for value in values]

    label = f"{said}. The band is the 95% interval."
    return charts.line(
        starts, scaled("value"), scaled("low"), scaled("high"), unit=calendar.unit, label=label, suffix=written.suffix
    )

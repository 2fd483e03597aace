"""Time that passes during business hours: opening hours of the week, holidays, and the clock of one time zone.

Written as people write them ("Mon-Fri 09:00-17:00"). This module knows no table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from voc.errors import ConfigError
from voc.intervals import Array

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LINE = re.compile(
    r"(?P<first>[a-z]{3})\w*(?:\s*-\s*(?P<last>[a-z]{3})\w*)?\s+(?P<opens>[\d:]+)\s*-\s*(?P<closes>[\d:]+)"
)
CLOCK = re.compile(r"([01]?\d|2[0-4])(?::([0-5]\d))?")
DAY = 86_400


@dataclass(frozen=True)
class BusinessHours:
    """When work is done: spells of the week (day 0 = Monday, seconds of the day from and to), days without, zone."""

    spells: tuple[tuple[int, int, int], ...]
    holidays: tuple[date, ...]
    zone: str

    def __str__(self) -> str:
        open_for = sum(closes - opens for _, opens, closes in self.spells) / 3600
        free = f", {len(self.holidays)} holidays" if self.holidays else ""
        return f"business hours ({open_for:g} h a week, {self.zone}{free})"


def parse_hours(lines: tuple[str, ...], *, zone: str, holidays: tuple[str, ...] = ()) -> BusinessHours | None:
    """The business hours that the settings name; None where there are none, and the calendar counts.

    >>> parse_hours(("Mon-Tue 9-12", "Mon 13:30-17"), zone="UTC").spells
    ((0, 32400, 43200), (0, 48600, 61200), (1, 32400, 43200))
    """
    if not lines:
        return None
    spells = sorted({spell for line in lines for spell in _spells(line)})
    for (day, _, closes), (later, opens, _) in pairwise(spells):
        if day == later and opens < closes:
            raise ConfigError(f"metrics.business_hours overlap on {DAYS[day].capitalize()}: {', '.join(lines)}")
    return BusinessHours(tuple(spells), tuple(sorted({_day(each) for each in holidays})), _zone(zone))


def _spells(line: str) -> list[tuple[int, int, int]]:
    found = LINE.fullmatch(line.strip().lower())
    first, last = (found["first"], found["last"] or found["first"]) if found else ("", "")
    opens, closes = (_seconds(found["opens"]), _seconds(found["closes"])) if found else (None, None)
    if first not in DAYS or last not in DAYS or opens is None or closes is None or opens >= closes:
        raise ConfigError(f"metrics.business_hours: '{line}' is not written like 'Mon-Fri 09:00-17:00'")
    start, span = DAYS.index(first), (DAYS.index(last) - DAYS.index(first)) % 7
    return [((start + step) % 7, opens, closes) for step in range(span + 1)]


def _seconds(clock: str) -> int | None:
    found = CLOCK.fullmatch(clock)
    seconds = int(found[1]) * 3600 + int(found[2] or 0) * 60 if found else DAY + 1
    return seconds if seconds <= DAY else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"metrics.holidays: '{text}' is not a day such as 2026-12-25") from error


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"metrics.time_zone: there is no time zone '{name}'; write it like Europe/Berlin") from error
    return name


def hours_between(start: pd.Series, end: pd.Series, hours: BusinessHours | None) -> Array:
    """Hours (n,) from `start` to `end` (UTC): of the calendar or, where `hours` are given, those that lie within them.

    nan where either is missing; negative where the end comes first.
    """
    if hours is None:
        return ((end - start) / pd.Timedelta(hours=1)).to_numpy(float, na_value=np.nan)
    missing = (start.isna() | end.isna()).to_numpy(bool)
    passed = (_worked(end, hours) - _worked(start, hours)) / 3600
    backwards = (end < start).to_numpy(bool) & (passed == 0)
    return np.where(missing, np.nan, np.where(backwards, -1.0, passed))


def _worked(moments: pd.Series, hours: BusinessHours) -> Array:
    """Business seconds from the first Monday of 1970 to each moment, by the local clock; 0 where it is missing."""
    local = moments.dt.tz_convert(hours.zone).dt.tz_localize(None)
    seconds = (local - pd.Timestamp("1970-01-05")).dt.total_seconds().fillna(0).to_numpy(float)
    day, within = np.divmod(seconds, DAY)
    week, weekday = np.divmod(day, 7)
    lengths = np.zeros(7)
    today = np.zeros(seconds.shape)
    for each, opens, closes in hours.spells:
        lengths[each] += closes - opens
        today += np.where(weekday == each, np.clip(within, opens, closes) - opens, 0.0)
    free: Array = np.array([(each - date(1970, 1, 5)).days for each in hours.holidays], int)
    lost = np.concatenate([[0.0], np.cumsum(lengths[free % 7])])[np.searchsorted(free, day)]
    before = np.concatenate([[0.0], np.cumsum(lengths)])[weekday.astype(int)]
    return week * lengths.sum() + before - lost + np.where(np.isin(day, free), 0.0, today)

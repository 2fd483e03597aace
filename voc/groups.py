"""The rows that figures are put on: everybody, the segments of a column, and periods as fine as the answers allow.

This module puts no figure on anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from voc.errors import ConfigError, nearest
from voc.intervals import Array
from voc.tables import TIME

SEGMENTS = ("channel", "lang", "source", "stage", "journey", "agent")
"""Split by without being asked, where a column has from 2 to MOST_SEGMENTS values."""
MOST_SEGMENTS = 30
"""More lines than this no reader compares: columns asked for show their most frequent values, others are left out.
Guarded by test_many_segments."""
MOST_PERIODS = 60
ANSWERS_PER_PERIOD = 30
"""The finest of day, week and month with at most 60 periods of 30 comments on average: at 30 answers an NPS is known
to about 30 points, at fewer a trend is noise. Guarded by test_auto_period."""
WEEK_START = "W-SUN"  # pandas names a week by its last day: weeks run from Monday, as in ISO 8601
RULES = {"day": "D", "week": WEEK_START, "month": "M"}


class Group(NamedTuple):
    """The rows a line of the table rests on."""

    by: str
    segment: str
    period_start: pd.Timestamp | None
    members: Array


def demand(feedback: pd.DataFrame, by: tuple[str, ...]) -> None:
    """Raise ConfigError where a column to split by is not there."""
    for name in by:
        if name not in feedback.columns:
            raise ConfigError(f"There is no column '{name}' to split by; {nearest(name, map(str, feedback.columns))}")


def everybody(table: pd.DataFrame) -> Group:
    """All rows."""
    return Group("all", "all", None, np.arange(len(table)))


def segments(table: pd.DataFrame, by: tuple[str, ...]) -> Iterator[Group]:
    """One group per value of each column to split by, the most frequent first; a row without usable text has no
    language, whatever its neighbours have."""
    for name in dict.fromkeys((*by, *SEGMENTS)):
        if name not in table.columns:
            continue
        named = table[name].astype("string")
        if name == "lang" and "skip" in table.columns:
            named = named.where(table["skip"].isna())
        sizes = named.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        if name not in by and not 2 <= len(sizes) <= MOST_SEGMENTS:
            continue
        places = named.groupby(named).indices
        for segment in sizes.index[:MOST_SEGMENTS]:
            yield Group(name, str(segment), None, places[segment])


def period_rule(comments: pd.DataFrame, period: str) -> str | None:
    """The pandas rule of the period `period`, "auto" by density; None = no dates, or not wanted."""
    if period == "none" or "created_at" not in comments.columns or comments["created_at"].isna().all():
        return None
    if period != "auto":
        return RULES[period]
    given = comments["created_at"].dropna()
    for rule in (RULES["day"], RULES["week"]):
        starts = period_starts(given, rule)
        periods = len(pd.period_range(given.min().tz_localize(None), given.max().tz_localize(None), freq=rule))
        if periods <= MOST_PERIODS and len(starts) >= ANSWERS_PER_PERIOD * periods:
            return rule
    return RULES["month"]


def period_starts(moments: pd.Series, rule: str) -> pd.Series:
    """The first moment of the period each moment falls in (UTC)."""
    return moments.dt.tz_localize(None).dt.to_period(rule).dt.start_time.dt.tz_localize("UTC").astype(TIME)


def periods(table: pd.DataFrame, rule: str | None) -> Iterator[Group]:
    """One group per period from the first to the last, in order, the empty ones too."""
    if rule is None or "created_at" not in table.columns or table["created_at"].isna().all():
        return
    starts = period_starts(table["created_at"], rule)
    places = starts.groupby(starts).indices
    for period in pd.period_range(starts.min().tz_localize(None), starts.max().tz_localize(None), freq=rule):
        start = period.start_time.tz_localize("UTC")
        yield Group("all", "all", start, places.get(start, np.array([], int)))


def period_end(start: pd.Timestamp, rule: str) -> pd.Timestamp:
    """The first moment after a period."""
    return (start.tz_localize(None).to_period(rule) + 1).start_time.tz_localize("UTC")


def complete_until(moments: pd.Series, rule: str) -> pd.Timestamp | None:
    """The first moment of the last period that is over, as far as `moments` can tell; None where none is.

    A week or month is over where its last day has a moment. A day whose moments have a time of day is over only where
    a later day has one: an export that was made at noon holds half of its last day.
    """
    known = moments.dropna()
    if known.empty:
        return None
    newest = known.max()
    timed = rule == RULES["day"] and bool((known != known.dt.normalize()).any())
    last: pd.Period = newest.tz_localize(None).to_period(rule)
    over = not timed and newest >= (last + 1).start_time.tz_localize("UTC") - pd.Timedelta(days=1)
    start: pd.Timestamp = (last if over else last - 1).start_time.tz_localize("UTC")
    return start if start >= period_starts(known, rule).min() else None

"""Business hours: read as people write them, and counted as a clock would."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.errors import ConfigError
from voc.hours import hours_between, parse_hours

OFFICE = ("Mon-Thu 09:00-17:30", "Fri 9-12", "Fri 13-15")
ZONE = "Europe/Berlin"


def between(start: str, end: str, hours) -> float:
    return hours_between(*(pd.Series(pd.to_datetime([each], utc=True)) for each in (start, end)), hours)[0]


@pytest.mark.parametrize(
    ("start", "end", "passed"),
    [
        ("2026-01-05 10:00", "2026-01-05 12:30", 2.5),  # a Monday; Berlin is one hour ahead
        ("2026-01-05 15:30", "2026-01-06 09:00", 1 + 1),
        ("2026-01-09 10:30", "2026-01-09 12:30", 0.5 + 0.5),  # over lunch on Friday
        ("2026-01-09 13:00", "2026-01-12 09:00", 1 + 1),  # over the weekend
        ("2026-01-10 10:00", "2026-01-11 10:00", 0),
        ("2026-01-05 08:00", "2026-01-12 08:00", 4 * 8.5 + 5),
        ("2026-03-27 14:00", "2026-03-30 08:00", 1),  # the clocks go forward on Sunday
        ("2026-01-06 10:00", "2026-01-05 10:00", -8.5),
    ],
)
def test_hours_by_hand(start, end, passed):
    assert between(start, end, parse_hours(OFFICE, zone=ZONE)) == pytest.approx(passed)


def test_holidays_are_no_working_days():
    hours = parse_hours(("Mon-Fri 09:00-17:00",), zone="UTC", holidays=("2026-12-25", "2026-12-26"))
    assert between("2026-12-24 16:00", "2026-12-28 10:00", hours) == pytest.approx(2)
    assert between("2026-12-25 10:00", "2026-12-25 12:00", hours) == 0


def test_without_hours_the_calendar_counts():
    assert between("2026-01-09 13:00", "2026-01-12 13:00", parse_hours((), zone="UTC")) == 72


def test_what_is_missing_stays_missing_and_backwards_is_negative():
    start = pd.Series(pd.to_datetime(["2026-01-10", None, "2026-01-11"], utc=True))
    end = pd.Series(pd.to_datetime([None, "2026-01-10", "2026-01-10"], utc=True))
    found = hours_between(start, end, parse_hours(OFFICE, zone=ZONE))
    assert np.isnan(found[:2]).all()
    assert found[2] < 0, "backwards over a weekend, in which no business hour lies"


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_hours_are_those_a_clock_counts_minute_by_minute(first, span):
    start = pd.Timestamp("2026-02-27", tz="UTC") + pd.Timedelta(minutes=first)
    end = start + pd.Timedelta(minutes=span)
    hours = parse_hours(OFFICE, zone=ZONE, holidays=("2026-03-10",))
    minutes = pd.date_range(start, end, freq="min", inclusive="left").tz_convert(ZONE)
    at, day = minutes.hour + minutes.minute / 60, minutes.day_of_week
    week = (day < 4) & (at >= 9) & (at < 17.5)
    friday = (day == 4) & (((at >= 9) & (at < 12)) | ((at >= 13) & (at < 15)))
    open_for = ((week | friday) & (minutes.strftime("%F") != "2026-03-10")).sum() / 60
    assert between(str(start), str(end), hours) == pytest.approx(open_for)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("always",), "is not written like"),
        (("Mon-Fri 17-9",), "is not written like"),
        (("Mon 9-25",), "is not written like"),
        (("Foo 9-17",), "is not written like"),
        (("Mon-Fri 9-17", "Fri 15-18"), "overlap on Fri"),
    ],
)
def test_hours_that_make_no_sense(lines, message):
    with pytest.raises(ConfigError, match=message):
        parse_hours(lines, zone="UTC")


def test_zones_and_holidays_that_do_not_exist():
    with pytest.raises(ConfigError, match="no time zone 'Mars'"):
        parse_hours(OFFICE, zone="Mars")
    with pytest.raises(ConfigError, match="is not a day"):
        parse_hours(OFFICE, zone="UTC", holidays=("Christmas",))


def test_a_week_may_begin_on_any_day():
    assert parse_hours(("Sat-Mon 10-12",), zone="UTC").spells == (
        (0, 36000, 43200),
        (5, 36000, 43200),
        (6, 36000, 43200),
    )

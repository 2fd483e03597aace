"""Charts, periods and the wording of figures: any series is drawn, every date is counted, numbers read back."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voc.report import charts
from voc.report.speech import speech_of
from voc.report.trend import Calendar, calendar_of
from voc.report.wording import capfirst, number, shortened
from voc.tables import METRICS

ENGLISH = speech_of("en")
MONTHS = [pd.Timestamp(2025, month, 1, tz="UTC") for month in range(1, 7)]


def test_charts_survive_any_series() -> None:
    gaps = [None, 3.0, None, None, float(5), None]
    for drawn in (
        charts.bars(MONTHS, [0, 0, 0, 0, 0, 0], unit="month", label="none", speech=ENGLISH),
        charts.bars(MONTHS[:1], [7], unit="day", label="one", speech=ENGLISH),
        charts.line(MONTHS, gaps, (gaps, gaps), unit="month", label="gaps", speech=ENGLISH, suffix="%"),
    ):
        assert drawn.startswith("<svg")
        assert "NaN" not in drawn
        assert " id=" not in drawn, "ids of several drawings on one page would clash"


@pytest.mark.parametrize(
    ("lang", "named"),
    [
        ("en", ["Jan", "2025", "Feb", "Mar", "Apr", "May", "Jun"]),
        ("de", ["Jan.", "2025", "Feb.", "März", "Apr.", "Mai", "Juni"]),
        ("lt", ["saus.", "2025", "vas.", "kov.", "bal.", "geg.", "birž."]),
    ],
)
def test_months_are_named_once_and_the_year_is_told(lang: str, named: list[str]) -> None:
    drawn = charts.bars(MONTHS, [1, 2, 3, 4, 5, 6], unit="month", label="x", speech=speech_of(lang))
    assert re.findall(r">([^\W\d]+\.?|\d{4})<", drawn) == named


@pytest.mark.parametrize(
    ("rule", "unit"), [("MS", "month"), ("W-MON", "week"), ("D", "day")], ids=["months", "weeks", "days"]
)
def test_periods_are_recognised(rule: str, unit: str) -> None:
    starts = pd.date_range("2025-01-01", periods=5, freq=rule, tz="UTC")
    rows = [{"metric": "volume", "by": "all", "segment": "all", "period_start": start, "n": 1} for start in starts]
    calendar = calendar_of(METRICS.check(pd.DataFrame(rows)))
    assert calendar is not None
    assert calendar.unit == unit


def test_counts_per_period_hold_every_date() -> None:
    calendar = Calendar(tuple(MONTHS), "month")
    written = ["2025-01-01 00:00", "2025-01-31 23:59", "2025-03-01 00:00", "2025-06-30 12:00", None]
    dates = pd.Series(pd.to_datetime(written, utc=True))
    assert calendar.count(dates) == [2, 0, 1, 0, 0, 1]
    assert calendar.count(dates.iloc[:0]) == [0] * 6


# Wording


@given(st.floats(-1e12, 1e12), st.integers(0, 3))
def test_numbers_read_back(value: float, decimals: int) -> None:
    text = number(value, decimals)
    assert "-" not in text
    assert float(text.replace(",", "").replace("−", "-")) == pytest.approx(value, abs=0.51 * 10**-decimals)
    assert not text.startswith("−0") or float(text.replace("−", "-").replace(",", "")) != 0


@given(st.text(max_size=300), st.integers(10, 100), st.booleans())
def test_shortened_is_short_and_from_the_text(text: str, length: int, from_end: bool) -> None:
    short = shortened(text, length, from_end=from_end)
    assert len(short) <= max(length + 2, 0)
    kept = short.removeprefix("… ") if from_end else short.removesuffix(" …")
    assert kept in text


def test_capfirst_of_nothing() -> None:
    assert capfirst("") == ""

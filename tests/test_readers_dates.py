"""Dates in the forms that exports have them."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.readers import dates


def times(*cells: object, header: str = "") -> list[str | None]:
    found = dates.parse(
        pd.Series(list(cells), dtype="string" if all(isinstance(c, str) for c in cells) else object), header
    )
    return [None if pd.isna(each) else each.strftime("%Y-%m-%d %H:%M") for each in found.times]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024-03-05", "2024-03-05 00:00"),
        ("2024-03-05 14:07:09", "2024-03-05 14:07"),
        ("2024-03-05T14:07:09Z", "2024-03-05 14:07"),
        ("2024-03-05T14:07:09.123+02:00", "2024-03-05 12:07"),
        ("2024-03-05 14:07 UTC", "2024-03-05 14:07"),
        ("2024-03", "2024-03-01 00:00"),
        ("2024/03/05", "2024-03-05 00:00"),
        ("25/12/2023", "2023-12-25 00:00"),
        ("12/25/2023", "2023-12-25 00:00"),
        ("12/25/2023 2:05 PM", "2023-12-25 14:05"),
        ("12/25/23 12:05 am", "2023-12-25 00:05"),
        ("25.12.2023 18:30", "2023-12-25 18:30"),
        ("25. 12. 2023", "2023-12-25 00:00"),
        ("31-Jul-18", "2018-07-31 00:00"),
        ("July 31, 2018", "2018-07-31 00:00"),
        ("31st July 2018 at 9:15 pm", "2018-07-31 21:15"),
        ("Jul 2018", "2018-07-01 00:00"),
        ("Jul-18", "2018-07-01 00:00"),
        ("Tue, 05 Mar 2024 10:00:00 +0100", "2024-03-05 09:00"),
        ("Tue Mar 05 2024 10:00:00 GMT+0100 (CET)", "2024-03-05 09:00"),
        ("Reviewed in the United Kingdom on 31 July 2018", "2018-07-31 00:00"),
        ("5 mars 2024", "2024-03-05 00:00"),
        ("1er août 2024", "2024-08-01 00:00"),
        ("5. März 2024, 14:07 Uhr", "2024-03-05 14:07"),
        ("5 de enero de 2024", "2024-01-05 00:00"),
        ("5 gennaio 2024", "2024-01-05 00:00"),
        ("5 de março de 2024", "2024-03-05 00:00"),
        ("5 mei 2024", "2024-05-05 00:00"),
        ("5 października 2024", "2024-10-05 00:00"),
        ("2024 m. sausio 5 d.", "2024-01-05 00:00"),
        ("5 декабря 2024 г.", "2024-12-05 00:00"),
        ("5. prosince 2024", "2024-12-05 00:00"),
        ("2024年3月5日 14:07", "2024-03-05 14:07"),
        ("2024년 3월 5일", "2024-03-05 00:00"),
        ("1709640429", "2024-03-05 12:07"),
        ("1709640429000", "2024-03-05 12:07"),
        ("1709640429.5", "2024-03-05 12:07"),
        ("45356", "2024-03-05 00:00"),
        ("45356.5", "2024-03-05 12:00"),
        ("20240305", "2024-03-05 00:00"),
        ("2 tuần trước", None),
        ("review Yesterday", None),
        ("3 weeks ago", None),
        ("31/02/2024", None),
        ("0000-00-00", None),
        ("0001-01-01", None),
        ("12", None),
        ("not a date", None),
        ("I may come 3 times", None),
    ],
)
def test_one_form(cell, expected):
    assert times(cell) == [expected]


def test_excel_cells_may_be_of_any_type():
    assert times(datetime.fromisoformat("2024-03-05T09:30"), "05.03.2024", 45356, None) == [
        "2024-03-05 09:30", "2024-03-05 00:00", "2024-03-05 00:00", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "expected", "said"),
    [
        (["04/06/2020", "29/02/2020"], ["2020-06-04", "2020-02-29"], "dd/mm"),
        (["04/06/2020", "02/29/2020"], ["2020-04-06", "2020-02-29"], "mm/dd"),
        (["4-6-20", "29-2-20"], ["2020-06-04", "2020-02-29"], "dd/mm"),
        (["04.06.2020", "05.06.2020"], ["2020-06-04", "2020-06-05"], "dd.mm"),
    ],
)
def test_day_and_month_are_told_over_the_whole_column(cells, expected, said):
    found = dates.parse(pd.Series(cells, dtype="string"))
    assert [f"{each:%Y-%m-%d}" for each in found.times] == expected
    assert said in found.how
    assert not found.doubt


def test_the_shorter_span_decides_where_nothing_else_does_and_is_told():
    found = dates.parse(pd.Series([f"{day:02}/03/2024" for day in range(1, 12)], dtype="string"))
    assert {f"{each:%m}" for each in found.times} == {"03"}
    assert "cannot be told apart" in found.doubt
    american = dates.parse(pd.Series([f"03/{day:02}/2024" for day in range(1, 12)], dtype="string"))
    assert {f"{each:%m}" for each in american.times} == {"03"}


def test_both_orders_in_one_column_are_told():
    found = dates.parse(pd.Series(["25/12/2023", "24/12/2023", "12/23/2023", "04/06/2023"], dtype="string"))
    assert [f"{each:%m-%d}" for each in found.times] == ["12-25", "12-24", "12-23", "06-04"]
    assert "both" in found.doubt


def test_dates_without_a_year_follow_the_newest_full_one():
    assert times("Oct 21", "Sep 2022", "Aug 2019", "Jan 3") == [
        "2022-10-21 00:00", "2022-09-01 00:00", "2019-08-01 00:00", "2023-01-03 00:00",
    ]  # fmt: skip
    assert times("Oct 21", "Oct 3") == [None, None], "no full date to tell the year by"


def test_a_zone_in_the_header_is_where_the_times_were_taken():
    assert times("2024-07-01 12:00", header="Started at (America/New_York)") == ["2024-07-01 16:00"]
    assert times("2024-07-01 12:00", header="Started at (Middle/Earth)") == ["2024-07-01 12:00"]
    assert times("2024-03-10 02:30", header="At (America/New_York)") == ["2024-03-10 07:00"], (
        "an hour that was left out"
    )


def test_what_is_lost_is_counted():
    found = dates.parse(
        pd.Series(["2024-01-05", "2 tuần trước", "2 tuần trước", "soon", "", None, "N/A"], dtype="string")
    )
    assert found.lost == 3
    assert found.examples == ("2 tuần trước", "soon")


@settings(max_examples=60, deadline=None)
@given(
    days=st.lists(
        st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-01-01")), min_size=1, max_size=8
    ),
    form=st.sampled_from(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%d %B %Y", "%b %d, %Y", "%Y/%m/%d", "%Y%m%d"]),
)
def test_what_is_written_is_read(days, form):
    found = dates.parse(pd.Series([day.strftime(form) for day in days], dtype="string"))
    expected = [datetime.strptime(day.strftime(form), form).replace(tzinfo=UTC) for day in days]
    assert found.times.tolist() == expected


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(
        st.sampled_from(["04/06/2020", "29/02/2020", "Oct 21", "Sep 2022", "x", "2020-01-01"]) | st.text(max_size=20),
        max_size=8,
    )
)
def test_the_order_of_rows_plays_no_part(cells):
    forward = dates.parse(pd.Series(cells, dtype="string"))
    backward = dates.parse(pd.Series(cells[::-1], dtype="string"))
    pd.testing.assert_series_equal(forward.times, backward.times[::-1].reset_index(drop=True))
    assert (forward.how, forward.doubt, forward.lost) == (backward.how, backward.doubt, backward.lost)

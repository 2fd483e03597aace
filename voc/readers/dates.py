"""Dates and times in the forms that exports have them: ISO, dd/mm and mm/dd, month names in many languages, Excel's day
numbers, seconds and milliseconds since 1970. What is none of these ("3 weeks ago") is missing.

Whether 4/6 is April or June is decided over the whole column, never value by value. Times without a zone are taken as
UTC, unless the header names a zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from voc.readers.cells import MISSING_FIGURES, text_of
from voc.readers.headers import month_numbers, normalise
from voc.tables import TIME

EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Outside these a date is a slip, such as 0001-01-01 or 2917-05-03."""
EXCEL_START: Final = datetime(1899, 12, 30, tzinfo=UTC)
SECONDS: Final = ((3e8, 4.2e9, 1), (3e11, 4.2e12, 1e3), (3e14, 4.2e15, 1e6), (3e17, 4.2e18, 1e9))
"""Ranges of seconds, milli-, micro- and nanoseconds since 1970 that fall between 1980 and 2100."""
LONGEST: Final = 80
"""Characters of the longest form ("Reviewed in the United Kingdom on 31 July 2018"); longer cells are prose."""

BETWEEN: Final = r"(?:\. ?|[/\-‐– ]|[年月]|[년월] ?)"
TRIPLE: Final = re.compile(rf"(\d{{1,4}}){BETWEEN}(\d{{1,2}}){BETWEEN}(\d{{4}}|\d{{1,2}})(?!\d)(.*)", re.DOTALL)
CLOCK: Final = re.compile(r"(?<!\d)(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([ap]\.?m\b\.?)?", re.IGNORECASE)
OFFSET: Final = re.compile(r"(?:GMT|UTC|(?<=\d)|\s)([+-])(\d{2}):?(\d{2})\b")

Day = tuple[int, int, int, str]
"""Three figures in the order of the file, and the rest of the cell."""


@dataclass(frozen=True)
class Dates:
    """The times of a column, how they were read, and what could not be."""

    times: pd.Series
    how: str
    doubt: str = ""
    """What had to be guessed; empty = nothing."""
    lost: int = 0
    examples: tuple[str, ...] = ()


def parse(cells: pd.Series, header: str = "") -> Dates:
    """The times of a column in UTC, missing where a cell is no date. The order of rows plays no part."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return Dates(_zoned(pd.to_datetime(cells), header), "the file holds them as dates")
    strings = text_of(cells).str.strip()
    strings = strings.mask(strings.isin(MISSING_FIGURES).fillna(value=True).astype(bool))
    distinct = sorted(strings.dropna().unique())
    found, how, doubt = _all(distinct)
    times = _zoned(pd.to_datetime(strings.map(found, na_action="ignore"), utc=True, errors="coerce"), header)
    lost = strings.notna() & times.isna()
    examples = tuple(strings[lost].value_counts().sort_index().sort_values(ascending=False, kind="stable").index[:3])
    return Dates(times, how, doubt, int(lost.sum()), examples)


def _all(distinct: list[str]) -> tuple[dict[str, datetime], str, str]:
    """Each string that is a date -> its time; how they were read; what was guessed."""
    short = [cell for cell in distinct if len(cell) <= LONGEST and any(map(str.isdigit, cell))]
    iso = _iso(short)
    rest = [cell for cell in short if cell not in iso]
    numbers = {cell: time for cell in rest if (time := _number(cell))}
    triples, order, doubt = _triples([cell for cell in rest if cell not in numbers])
    named, guess = _named(
        [cell for cell in rest if cell not in numbers and cell not in triples], [*iso.values(), *triples.values()]
    )
    kinds = {"as ISO dates": iso, "as seconds or day numbers": numbers, order: triples, "with month names": named}
    how = " and ".join(kind for kind, times in sorted(kinds.items(), key=lambda one: -len(one[1])) if times)
    return iso | numbers | triples | named, how, "; ".join(filter(None, [doubt, guess]))


def _iso(cells: list[str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for cell in cells:
        if re.match(r"\d{4}-\d{2}(-\d{2}|$)|\d{8}T", cell):
            try:
                moment = datetime.fromisoformat(re.sub(r"\s*(UTC|GMT)$", "Z", cell + "-01" if len(cell) == 7 else cell))
            except ValueError:
                continue
            found |= _within(cell, moment)
    return found


def _within(cell: str, moment: datetime | None) -> dict[str, datetime]:
    """The cell and its time in UTC, if it lies within the bounds."""
    if moment is None:
        return {}
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    try:
        return {cell: moment.astimezone(UTC)} if EARLIEST <= moment <= LATEST else {}
    except OverflowError:
        return {}


def _number(cell: str) -> datetime | None:
    """Day numbers of Excel, yyyymmdd, or a count of seconds since 1970."""
    if not re.fullmatch(r"\d{5,19}([.,]\d+)?", cell):
        return None
    number = float(cell.replace(",", "."))
    if 29_221 <= number <= 73_050:
        return EXCEL_START + timedelta(seconds=round(number * 86_400))
    if re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])", cell):
        return _moment(int(cell[:4]), int(cell[4:6]), int(cell[6:]), "")
    unit = next((unit for low, high, unit in SECONDS if low <= number <= high), None)
    return datetime.fromtimestamp(number / unit, tz=UTC) if unit else None


def _triples(cells: list[str]) -> tuple[dict[str, datetime], str, str]:
    """Dates of three figures, in the one order that fits the column."""
    split = {
        cell: (int(m[1]), int(m[2]), int(m[3]), m[4])
        for cell in cells
        if (m := TRIPLE.match(cell)) and not re.search(r"\b00\d\d\b", cell)
    }
    year_first = {cell: day for cell, day in split.items() if day[0] > 31}
    others = {cell: day for cell, day in split.items() if cell not in year_first}
    day_first, how, doubt = _order(others)
    found: dict[str, datetime] = {}
    for cell, (year, month, day, rest) in year_first.items():
        found |= _within(cell, _moment(year, month, day, rest))
    for cell, (first, second, year, rest) in others.items():
        swap = day_first if max(first, second) <= 12 else first > 12
        day, month = (first, second) if swap else (second, first)
        found |= _within(cell, _moment(year, month, day, rest))
    return found, how if others else "as yyyy/mm/dd", doubt


def _order(split: dict[str, Day]) -> tuple[bool, str, str]:
    """Whether the day stands first, the form in words, and what remains in doubt."""
    first = [cell for cell, day in split.items() if 12 < day[0] <= 31 and day[1] <= 12]
    second = [cell for cell, day in split.items() if 12 < day[1] <= 31 and day[0] <= 12]
    if first and second:
        words = "dd/mm" if len(first) >= len(second) else "mm/dd"
        doubt = (
            f"dates are written both dd/mm ('{first[0]}') and mm/dd ('{second[0]}'); unclear ones were read as {words}"
        )
        return len(first) >= len(second), f"as {words} by majority", doubt
    if first or second:
        proof = (first or second)[0]
        return bool(first), f"as {'dd/mm' if first else 'mm/dd'} (see '{proof}')", ""
    if not split:
        return True, "", ""
    by_day, by_month = _spread(split, day_first=True), _spread(split, day_first=False)
    words = "dd/mm" if by_day <= by_month else "mm/dd"
    dots = all("." in cell for cell in split)
    doubt = (
        ""
        if dots
        else f"day and month cannot be told apart ('{min(split)}'); read as {words}, the shorter span of time"
    )
    return dots or by_day <= by_month, "as dd.mm" if dots else f"as {words}", doubt


def _spread(split: dict[str, Day], *, day_first: bool) -> timedelta:
    """Time between the first and the last date under one reading."""
    days = [(d[2], d[1], d[0]) if day_first else (d[2], d[0], d[1]) for d in split.values()]
    moments = [moment for year, month, day in days if (moment := _moment(year, month, day, ""))]
    return max(moments) - min(moments) if moments else timedelta.max


def _named(cells: list[str], others: list[datetime]) -> tuple[dict[str, datetime], str]:
    """Dates with a month's name; those without a year get the one that follows the newest full date."""
    found: dict[str, datetime] = {}
    open_year: dict[str, tuple[int, int]] = {}
    for cell in cells:
        year, month, day, rest = _name_parts(cell)
        if month and year is None and day:
            open_year[cell] = (month, day)
        elif month and year is not None:
            found |= _within(cell, _moment(year, month, day or 1, rest))
    known = [*others, *found.values()]
    if not open_year or not known:
        return found, ""
    newest = max(known)
    for cell, (month, day) in open_year.items():
        found |= _within(cell, _moment(newest.year + (month < newest.month), month, day, ""))
    return found, f"dates without a year ('{min(open_year)}') were placed after the newest full date"


def _name_parts(cell: str) -> tuple[int | None, int | None, int | None, str]:
    """Year, month, day and the rest with the time of day; None where missing."""
    clock = CLOCK.search(cell)
    rest = cell[clock.start() :] if clock else ""
    date = cell[: clock.start()] + " " + cell[clock.end() :] if clock else cell
    date = re.sub(r"\(.*?\)|[+-]\d{4}\b|(GMT|UTC)\S*", " ", date)
    tokens = re.findall(r"'?\d+|[^\W\d_]+", date)
    place = next((n for n, token in enumerate(tokens) if normalise(token) in month_numbers()), None)
    if place is None:
        return None, None, None, ""
    month = month_numbers()[normalise(tokens[place])]
    before = [token for token in tokens[:place] if token.strip("'").isdecimal()]
    after = [token for token in tokens[place + 1 :] if token.strip("'").isdecimal()]
    dashed = bool(re.fullmatch(r"[^\W\d_]+\.?[-/’'](\d{2})", cell))
    year = next((int(t) for t in [*before, *after] if len(t) == 4 and t.isdecimal()), None)
    days = [int(t.strip("'")) for t in [*before, *after] if len(t.strip("'")) <= 2]
    if year is None and (len(days) == 2 or dashed or any(t.startswith("'") for t in after) or (days and days[-1] > 31)):
        year = days.pop()
    return year, month, days[0] if days else None, rest


def _moment(year: int, month: int, day: int, rest: str) -> datetime | None:
    """The time of a date, with the time of day and the offset that the rest of the cell has."""
    if year < 100:
        year += 2000 if year < 70 else 1900
    clock, offset = CLOCK.search(rest), OFFSET.search(rest)
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3]) if clock else (0, 0, 0)
    half = (clock[4] or "").lower()[:1] if clock else ""
    hour = hour % 12 + 12 * (half == "p") if half else hour
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    if offset:
        moment -= (1 if offset[1] == "+" else -1) * timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return moment


def _zoned(times: pd.Series, header: str) -> pd.Series:
    """Times in UTC; a zone named in the header ("Started at (America/New_York)") is where they were taken."""
    named = re.search(r"\(([A-Z][A-Za-z]+/[A-Za-z_/]+)\)", header)
    try:
        zone = ZoneInfo(named[1]) if named else None
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    if zone is None:
        return pd.to_datetime(times, utc=True).astype(TIME)
    local = times.dt.tz_localize(None) if times.dt.tz is not None else times
    return local.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").dt.tz_convert("UTC").astype(TIME)


def share(cells: Iterable[str]) -> float:
    """Share of the strings that are dates."""
    distinct = sorted(set(cells))
    return len(_all(distinct)[0]) / max(len(distinct), 1)

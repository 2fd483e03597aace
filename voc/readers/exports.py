"""What the readers of vendors' exports share: columns by their names, fields told without a doubt, JSON into rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.readers import dates
from voc.readers.answers import spans
from voc.readers.cells import text_of
from voc.readers.columns import DATES
from voc.readers.fingerprints import plain
from voc.readers.json_files import documents, table
from voc.readers.recognition import BROKEN, LINE
from voc.readers.turns import moment
from voc.tables import TIME, Note

NEVER: Final = ("0", "0.0")
"""How unix times say that something has not happened."""

Values = dict[str, Any]
Rows = Callable[[Any], Iterator[Values]]
"""From one JSON document of a file to its rows."""


def find(raw: pd.DataFrame, *names: str) -> str | None:
    """The first of some columns, by plain name, that has a cell with something in it."""
    found = {plain(str(column)): str(column) for column in reversed(raw.columns)}
    return next((found[name] for name in names if name in found and raw[found[name]].notna().any()), None)


def find_all(raw: pd.DataFrame, *names: str) -> tuple[str, ...]:
    """Every one of some columns that has a cell with something in it, in the order of the names."""
    return tuple(dict.fromkeys(column for name in names if (column := find(raw, name))))


def named(raw: pd.DataFrame, name: str) -> str | None:
    """A column by its plain name, also an empty one."""
    return next((str(column) for column in raw.columns if plain(str(column)) == name), None)


def with_columns(raw: pd.DataFrame, columns: Mapping[str, Any], *, without: Sequence[str] = ()) -> pd.DataFrame:
    """`raw` with some columns and without others, its attributes kept."""
    changed = raw.assign(**columns).drop(columns=list(without))
    changed.attrs = raw.attrs
    return changed


def tell(
    raw: pd.DataFrame,
    fields: Mapping[str | None, str],
    *,
    texts: Sequence[str | None] = (),
    scales: Mapping[str | None, str] | None = None,
    channel: str | None = None,
    notes: Sequence[Note] = (),
) -> pd.DataFrame:
    """`raw` with its fields told (column -> field), those without a column or a value left out; none is guessed.

    `scales` (column -> scale) says what the scores are on; `channel` fills that field where no column does.
    """
    about = raw.attrs
    if channel and not any(column and field == "channel" for column, field in fields.items()):
        raw = raw.assign(channel=pd.array([channel] * len(raw), dtype="string"))
        fields = {**fields, "channel": "channel"}
    told = {column: "text" for column in texts if column} | {c: f for c, f in fields.items() if c and c in raw.columns}
    told = {column: field for column, field in told.items() if field == "text" or raw[column].notna().any()}
    raw.attrs = {
        **about,
        "columns": told,
        "scales": {column: scale for column, scale in (scales or {}).items() if column},
        "sure": True,
        "notes": (*about.get("notes", ()), *notes),
    }
    return raw


def from_json(path: Path, rows: Rows) -> pd.DataFrame:
    """The rows of a JSON file, or of one with a document a line, as a raw table; a line that is none is a broken row.

    Lines are turned into rows one by one, so that what a row leaves out takes no memory.
    """
    encoding, found = documents(path)
    broken: list[str | None] = []

    def told() -> Iterator[Values]:
        for document, line in found:
            for row in [{}] if line is not None else rows(document):
                broken.append(line)
                yield row

    frame = table(told())
    for name in DATES:
        if name in frame:
            frame[name] = times(frame[name])
    if any(broken):
        frame[BROKEN] = pd.array(["broken row: not a JSON object" if line else None for line in broken], dtype="string")
        frame[LINE] = pd.array(broken, dtype="string")
    frame.attrs = {"encoding": encoding}
    return frame


def times(cells: pd.Series) -> pd.Series:
    """Times of any kind that JSON has: ISO text, seconds since 1970, "0" for never."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return pd.to_datetime(cells, utc=True).astype(TIME)
    found = [cell if isinstance(cell, datetime) else moment(cell) for cell in cells]
    return pd.Series(pd.to_datetime(found, utc=True), index=cells.index).astype(TIME)


def time_in(raw: pd.DataFrame, *names: str) -> pd.Series:
    """The times of the first of some columns that has any; missing where there is none."""
    column = find(raw, *names)
    return dates.parse(raw[column], column).times if column else pd.Series(pd.NaT, index=raw.index, dtype=TIME)


def time_after(raw: pd.DataFrame, start: pd.Series, name: str, *, unit: str) -> pd.Series:
    """`start` and a time span, as figures in a unit or as h:mm:ss; missing where there is none."""
    column = find(raw, name)
    if column is None:
        return pd.Series(pd.NaT, index=raw.index, dtype=TIME)
    return (start + spans(raw[column], unit)).astype(TIME)


def within(values: Any, *path: str) -> Any:
    """What stands under a path of keys; None where there is no such path.

    >>> within({"via": {"channel": "email"}}, "via", "channel"), within({"via": 3}, "via", "channel")
    ('email', None)
    """
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def first(*values: Any) -> Any:
    """The first that is something."""
    return next((value for value in values if value not in (None, "", [], {})), None)


def objects(values: Any) -> list[Values]:
    """The objects in a list; a single object is a list of one."""
    return [each for each in (values if isinstance(values, list) else [values]) if isinstance(each, dict)]


def words(value: Any) -> str:
    """Text as it stands; anything else is no text."""
    return value if isinstance(value, str) else ""


def never_is_missing(cells: pd.Series) -> pd.Series:
    """Unix times without the zeros that mean never."""
    strings = text_of(cells).str.strip()
    return strings.mask(strings.isin(NEVER).fillna(value=False).astype(bool))

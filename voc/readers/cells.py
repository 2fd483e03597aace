"""Single cells and column names: what is missing, what is a figure, which names are unique."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd

from voc.readers.headers import normalise, phrases

MISSING: Final = frozenset({"NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "\\N", "<NA>"})
"""How programs, not people, write that a cell is empty. "None" and "n/a" may be a customer's answer."""
MISSING_FIGURES: Final = MISSING | {"n/a", "na", "none", "None", "-", "--", "–", ".", "?"}
"""In a column of figures or dates these are missing too."""

ROWS_AT_ONCE: Final = 20_000
"""Cells looked at together: a column may be most of a large file, and what is made of it on the way as large again."""
FIGURE = re.compile(r"[-+]?\d+(?:[.,]\d+)?%?")


def is_figure(cell: str) -> bool:
    """Whether a cell is a number or starts like a date, and so is no header."""
    return bool(FIGURE.fullmatch(cell.strip()) or re.match(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b", cell.strip()))


def json_object(cell: str) -> dict[str, Any]:
    """The object that a cell holds as JSON; empty where it holds anything else."""
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def unique_names(header: Iterable[object]) -> tuple[str, ...]:
    """Column names without line breaks, the empty ones numbered and repeated ones told apart.

    >>> unique_names(["", "Comment", "Comment ", None])
    ('column 1', 'Comment', 'Comment (2)', 'column 4')
    """
    given = ["" if name is None else " ".join(str(name).replace("\ufeff", "").split()) for name in header]
    names: list[str] = []
    seen: Counter[str] = Counter()
    for place, name in enumerate(given, start=1):
        wanted = name or f"column {place}"
        seen[wanted] += 1
        while seen[wanted] > 1 and (numbered := f"{wanted} ({seen[wanted]})") in {*given, *names}:
            seen[wanted] += 1
        names.append(wanted if seen[wanted] == 1 and wanted not in names else numbered)
    return tuple(names)


def strings(cells: Sequence[str | None], dtype: str = "string") -> pd.api.extensions.ExtensionArray:
    """Cells as a column that takes no more memory than they do; Arrow's own pool would round every piece up by half."""
    import pyarrow as pa

    return pd.array(pa.array(cells, pa.large_string(), memory_pool=pa.system_memory_pool()), dtype=dtype)


def text_of(cells: pd.Series) -> pd.Series:
    """Any column as strings; whole numbers without '.0', programs' words for nothing missing."""
    if str(cells.dtype) == "string":
        strings = cells
    elif pd.api.types.is_numeric_dtype(cells.dtype) or cells.dtype == object:
        strings = cells.map(_plain, na_action="ignore").astype("string")
    else:
        strings = cells.astype("string")
    pieces = [strings.iloc[start : start + ROWS_AT_ONCE] for start in range(0, len(strings), ROWS_AT_ONCE)]
    return pd.concat([_without_blanks(piece) for piece in pieces]) if len(pieces) > 1 else _without_blanks(strings)


def _without_blanks(strings: pd.Series) -> pd.Series:
    blank = strings.isna() | strings.isin(MISSING) | (strings.str.strip() == "")
    return strings.mask(blank.fillna(value=True).astype(bool)) if blank.any() else strings


def _plain(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


FIGURES: Final = re.compile(r"\s*([-+]?\d+(?:[.,]\d+)?)\s*(?:$|[^\d.,:].*)", re.DOTALL)


def figures(cells: pd.Series) -> pd.Series:
    """The number that each cell is or starts with ("4/5", "5 stars", "10 - extremely likely"), as Float64."""
    if pd.api.types.is_bool_dtype(cells.dtype):
        return pd.Series(pd.NA, index=cells.index, dtype="Float64")
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells.astype("Float64")
    strings = text_of(cells)
    known = {cell: figure(cell) for cell in strings.dropna().unique()}
    return pd.to_numeric(strings.map(known, na_action="ignore"), errors="coerce").astype("Float64")


def figure(cell: str) -> float | None:
    """The number that a cell is or starts with; None = there is none."""
    stars = cell.count("★") + cell.count("⭐")
    if stars and not re.search(r"\d", cell):
        return float(stars)
    found = FIGURES.fullmatch(cell) if len(cell) < 60 else None
    return float(found[1].replace(",", ".")) if found else None


def amounts(cells: pd.Series) -> pd.Series:
    """Amounts of money, with currency signs, and with either comma or point for decimals.

    >>> amounts(pd.Series(["€ 1.234,50", "1,234.50 USD", "12", ""], dtype="string")).tolist()
    [1234.5, 1234.5, 12.0, <NA>]
    """
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells.astype("Float64")
    bare = text_of(cells).str.replace(r"[^\d.,-]", "", regex=True)
    comma = bare.str.contains(r",\d{1,2}$", regex=True).fillna(value=False).astype(bool)
    plain = bare.str.replace(",", "").where(~comma, bare.str.replace(".", "").str.replace(",", "."))
    return pd.to_numeric(plain, errors="coerce").astype("Float64")


def truths(cells: pd.Series) -> pd.Series:
    """Yes and no, in the words of every language, as True and False; anything else is missing.

    >>> truths(pd.Series(["Yes", "nein", "1", "maybe"], dtype="string")).tolist()
    [True, False, True, <NA>]
    """
    if pd.api.types.is_bool_dtype(cells.dtype):
        return cells.astype("boolean")
    said = text_of(cells).str.removesuffix(".0").map(normalise, na_action="ignore")
    known = dict.fromkeys(phrases("no"), False) | dict.fromkeys(phrases("yes"), True)
    return said.map(known, na_action="ignore").astype("boolean")


def typed(cells: pd.Series) -> pd.Series:
    """A column that voc has no field for, in the plainest dtype that loses nothing: whole numbers, numbers, times,
    truth values, else strings."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return pd.to_datetime(cells, utc=True).astype("datetime64[us, UTC]")
    if pd.api.types.is_bool_dtype(cells.dtype):
        return cells.astype("boolean")
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return _numbers(cells)
    strings = (
        cells.map(_plain, na_action="ignore").astype("string") if cells.dtype == object else cells.astype("string")
    )
    kept = strings.mask((strings.str.strip() == "").fillna(value=True).astype(bool))
    words = kept.mask(kept.isin(MISSING))
    distinct = words.dropna().unique()
    if len(distinct) and all(re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d+)?", each) for each in distinct):
        return _numbers(pd.to_numeric(words))
    return kept


def _numbers(cells: pd.Series) -> pd.Series:
    if pd.api.types.is_integer_dtype(cells.dtype):
        return cells.astype("UInt64" if str(cells.dtype).lower() == "uint64" else "Int64")
    numbers = cells.astype("Float64")
    whole = numbers.dropna()
    return numbers.astype("Int64") if ((whole % 1 == 0) & (whole.abs() < 2**53)).all() else numbers

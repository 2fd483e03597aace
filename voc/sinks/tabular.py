"""Tables as files: CSV that a spreadsheet opens safely, Parquet that plain pandas reads back with the same dtypes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that spreadsheets run as a formula (OWASP, CSV injection), the full-width ones of East Asian locales
included."""


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """UTF-8 with a byte-order mark, so that Excel shows every script; text that would run as a formula gets a leading
    apostrophe, numbers stay numbers."""
    safe = table.apply(neutralise) if len(table) else table
    safe.to_csv(path, index=False, encoding="utf-8-sig", date_format="%Y-%m-%d", lineterminator="\n")


def neutralise(column: pd.Series) -> pd.Series:
    """The column with an apostrophe before every text that starts like a formula.

    >>> list(neutralise(pd.Series(["=1+1", "fine", "-5"], dtype="string")))
    ["'=1+1", 'fine', "'-5"]
    >>> list(neutralise(pd.Series([-5])))
    [-5]
    """
    if not pd.api.types.is_string_dtype(column.dtype) and column.dtype != object:
        return column
    texts = column.astype("string")
    return texts.mask(texts.str.startswith(FORMULA_STARTS).fillna(value=False), "'" + texts)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Declared dtypes come back unchanged from `pd.read_parquet`; columns of mixed types come back as text."""
    storable = pd.DataFrame({str(name): _storable(table[name]) for name in table.columns}, index=table.index)
    storable.to_parquet(path, index=False, compression="zstd")


def _storable(column: pd.Series) -> pd.Series:
    """Columns that passed through from the user's file may hold anything; Parquet holds one type a column."""
    kind = pd.api.types
    if kind.is_bool_dtype(column.dtype) or kind.is_datetime64_any_dtype(column.dtype):
        return column
    if kind.is_numeric_dtype(column.dtype) or isinstance(column.dtype, pd.StringDtype):
        return column
    return column.astype("string")

"""How a table is declared and held to its declaration: columns with their dtypes, meaning and writers.

A stage opens with `SCHEMA.check(frame, *needed)` and closes with `SCHEMA.add(frame, **columns)`. Which tables there
are, `tables` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.errors import InputError, nearest

TIME = "datetime64[us, UTC]"


@dataclass(frozen=True)
class Column:
    """One column: its pandas dtype, what it says, the stage that writes it, and whether a table must have it."""

    dtype: str
    doc: str
    by: str
    required: bool = False


@dataclass(frozen=True)
class Schema:
    """The columns of one table."""

    name: str
    columns: dict[str, Column]

    def check(self, frame: pd.DataFrame, *needed: str) -> pd.DataFrame:
        """A copy with a fresh index, the required and `needed` columns present, and every known column in its dtype."""
        wanted = [*(name for name, column in self.columns.items() if column.required), *needed]
        for name in wanted:
            if name not in frame.columns:
                raise InputError(
                    f"The {self.name} table has no column '{name}'; {nearest(name, map(str, frame.columns))}"
                )
        known = [name for name in frame.columns if name in self.columns]
        checked = frame.reset_index(drop=True).copy()
        for name in known:
            checked[name] = self._cast(name, checked[name])
        return checked

    def add(self, frame: pd.DataFrame, **columns: Any) -> pd.DataFrame:
        """A copy of `frame` with declared columns set, each cast to its dtype."""
        added = frame.copy()
        for name, values in columns.items():
            if name not in self.columns:
                raise KeyError(f"{self.name}.{name} is not declared in tables.py")
            added[name] = self._cast(name, pd.Series(values, index=added.index))
        return added

    def empty(self) -> pd.DataFrame:
        """No rows, every column, full dtypes."""
        return pd.DataFrame({name: pd.Series(dtype=column.dtype) for name, column in self.columns.items()})

    def _cast(self, name: str, values: pd.Series) -> pd.Series:
        dtype = self.columns[name].dtype
        if str(values.dtype) == dtype:
            return values
        try:
            if dtype == TIME:
                # ISO 8601 alone: 01/02/2025 has two meanings and a number has no unit; readers know how to tell.
                written = values if pd.api.types.is_datetime64_any_dtype(values.dtype) else values.astype("string")
                return pd.to_datetime(written, utc=True, format="ISO8601").astype(dtype)
            return values.astype(dtype)
        except (TypeError, ValueError) as error:
            raise InputError(f"Column '{name}' of the {self.name} table must be {dtype}: {error}") from error

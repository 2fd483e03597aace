"""What the formats share: a row as it came, a block of rows with their verdicts, and the count of what went through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from voc.errors import InputError, nearest

Judge = Callable[[Sequence[str | None]], pd.DataFrame]
"""Texts to their verdicts, such as `pipeline.score`: one row per text in order, the columns of ADDED without `voc_`."""
Verdict = dict[str, Any]
"""The columns of ADDED -> value; None where there is nothing to say."""
Choose = Callable[[pd.DataFrame], str]
"""The name of the column that holds the text, found in a sample of rows."""

ADDED = ("voc_lang", "voc_sentiment", "voc_label", "voc_confidence", "voc_severity")
ROWS_AT_ONCE = 1024
"""Rows judged together: enough to fill batches of like length, few enough to keep memory flat."""
DECIMALS = 4


@dataclass
class Tally:
    """What went through a stream so far."""

    text: str = ""
    """The column that was judged."""
    rows: int = 0
    judged: int = 0
    broken: int = 0
    first_broken: int | None = None
    """The number of the first broken row; the first row after a header is 1."""

    def add(self, *, judged: bool, broken: bool = False) -> None:
        """Count one row."""
        self.rows += 1
        self.judged += judged
        self.broken += broken
        if broken and self.first_broken is None:
            self.first_broken = self.rows


@dataclass(frozen=True)
class Row:
    """One row as it came, its text, and how it is written with a verdict; None = it is broken and stays as it is."""

    raw: str
    text: str | None
    extend: Callable[[Verdict], str] | None
    blank: bool = False
    """Nothing but a line end: copied, not counted."""


def blank(raw: str) -> Row:
    """A line with nothing in it."""
    return Row(raw, None, lambda _: raw, blank=True)


def blocks(rows: Iterable[Row], size: int = ROWS_AT_ONCE) -> Iterator[list[Row]]:
    """The rows in pieces of at most `size`."""
    coming = iter(rows)
    while block := list(islice(coming, size)):
        yield block


def judged(block: Sequence[Row], judge: Judge, tally: Tally) -> str:
    """The rows with their verdicts, as they are to be written."""
    written = []
    for row, verdict in zip(block, verdicts(judge([row.text for row in block])), strict=True):
        if not row.blank:
            tally.add(judged=verdict["voc_label"] is not None, broken=row.extend is None)
        written.append(row.extend(verdict) if row.extend else row.raw)
    return "".join(written)


def verdicts(scored: pd.DataFrame) -> list[Verdict]:
    """One verdict per row of `scored`, as plain values."""
    columns = {name: _plain(scored[name.removeprefix("voc_")]) for name in ADDED}
    return [dict(zip(ADDED, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(values: pd.Series) -> list[Any]:
    if pd.api.types.is_float_dtype(values.dtype):
        values = values.astype("Float64").round(DECIMALS)
    return [None if pd.isna(value) else value for value in values.tolist()]


def chosen(name: str | None, sample: pd.DataFrame, choose: Choose) -> str:
    """The column to judge: the one that was named, where the sample has it, else the one that `choose` finds."""
    known = [str(column) for column in sample.columns if column not in ADDED]
    if name is None:
        return choose(sample[known])
    if name not in known:
        raise InputError(f"There is no column '{name}'; {nearest(name, known)}")
    return name

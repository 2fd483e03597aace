"""What a reader tells about its source: how the file was recognised, and which column was taken for what."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from voc.tables import Note

BROKEN = "voc:broken"
"""Column of a raw table: why the row could not be read as it should; missing = fine."""
LINE = "voc:line"
"""Column of a raw table: a broken row as it stands in the file, its first LONGEST_LINE characters."""
LONGEST_LINE = 10_000
"""A field of a gigabyte comes as hundreds of broken rows: nobody reads them to the end, and whole they fill the memory.
Guarded by `test_huge_fields_take_little_memory`."""
SKIP = "voc:skip"
"""Column of a raw table: why a sound row is not to be analysed, such as a preview of a survey; missing = it is."""
FILE = "voc:file"
"""Column of a raw table: the file that a row stands in, where several files are read as one table."""
MARKS = (BROKEN, LINE, SKIP, FILE)


@dataclass(frozen=True)
class Guess:
    """One column of the file, the feedback field it became (None = kept under its own name), and why."""

    column: str
    field: str | None
    reason: str


@dataclass(frozen=True)
class Recognition:
    """One source as it was recognised. `digest` is the SHA-256 of the file; `n_rows` counts the rows in it, of which
    `passed_over` were not drawn where a sample of a large file was asked for."""

    path: str
    format: str
    encoding: str | None
    delimiter: str | None
    n_rows: int
    digest: str
    guesses: tuple[Guess, ...]
    notes: tuple[Note, ...]
    passed_over: int = 0


@dataclass(frozen=True)
class Reading:
    """The feedback of all sources as one table, and what was recognised."""

    frame: pd.DataFrame
    sources: tuple[Recognition, ...]
    notes: tuple[Note, ...]


def note(text: str, count: int = 0) -> Note:
    """A note of the reading stage."""
    return Note("read", text, count)

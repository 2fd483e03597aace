"""CSV, TSV and their kin, in any encoding; plain text files with one comment a line too."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import delimited, encodings
from voc.readers.cells import is_figure, strings, unique_names
from voc.readers.formats import Head, reader
from voc.readers.headers import EXACT, match
from voc.readers.recognition import BROKEN, LINE, note
from voc.tables import Note

BLOCK: Final = 2**18
ROWS_AT_ONCE: Final = 50_000
"""Rows turned into a table together; more is no faster and takes more memory."""

LARGEST: Final = 2**28
BOMB: Final = 200
"""Bytes that any packed file may unpack to, and how many times its own size beyond that: exports shrink 3 to 30 times.
Guarded by `test_a_gzip_bomb_is_stopped`."""

Blocks = Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class Table:
    """A delimited file that is open: how it is written, its header, and its records to come."""

    encoding: encodings.Encoding
    dialect: delimited.Dialect
    header: tuple[str, ...]
    records: Iterator[delimited.Record]
    notes: tuple[Note, ...]
    opening: tuple[str, ...]
    """The lines up to the header, where lines are kept."""


def blocks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked where it is gzipped."""
    with path.open("rb") as raw:
        packed = raw.peek(2)[:2] == b"\x1f\x8b"
        most = max(LARGEST, BOMB * path.stat().st_size) if packed else None
        with gzip.open(raw) if packed else raw as file:
            try:
                while block := file.read(BLOCK):
                    if most is not None and file.tell() > most:
                        raise InputError(f"{path.name} unpacks to more than {most >> 20:,} MB; unpack it yourself")
                    yield block
            except (EOFError, OSError) as error:
                raise InputError(f"{path.name} is damaged: {error}") from error


def looks_delimited(head: Head) -> bool:
    """Text of any kind; this is the reader of last resort."""
    return not head.is_binary


@reader("csv", sniff=looks_delimited, rank=90, suffixes=(".csv", ".tsv", ".tab", ".txt", ".csv.gz", ".tsv.gz"))
def read_csv(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The raw table of a delimited file: every cell as text, empty cells missing."""
    table = open_table(lambda: blocks_of(path))
    chunks = list(frames(table, ROWS_AT_ONCE))
    frame = pd.concat(chunks, ignore_index=True) if chunks else pd.DataFrame(columns=table.header, dtype="string")
    frame.attrs = {"encoding": table.encoding.label, "delimiter": table.dialect.label, "notes": table.notes}
    return frame


def frames(table: Table, rows: int) -> Iterator[pd.DataFrame]:
    """The table in chunks, empty cells missing; BROKEN and LINE say which rows are broken."""
    while chunk := list(islice(table.records, rows)):
        columns = zip(*(record.cells for record in chunk), strict=True)
        frame = pd.DataFrame(
            {name: strings([cell or None for cell in cells]) for name, cells in zip(table.header, columns, strict=True)}
        )
        frame[BROKEN] = strings([record.broken for record in chunk])
        frame[LINE] = strings([record.raw or None for record in chunk])
        yield frame


def open_table(blocks: Blocks, *, keep_lines: bool = False) -> Table:
    """Find out how a file is written, and stop before its first row; its records have their lines where told so."""
    encoding = encodings.detect(blocks())
    texts = encodings.decode(blocks(), encoding)
    head = _head(texts)
    dialect = delimited.detect(head)
    _, rest = delimited.split_hint(head)
    if not any(character.isprintable() and not character.isspace() for character in rest):
        raise InputError("The file is empty: it begins with nothing but blank lines")
    layout = delimited.layout(head, dialect, is_figure, _is_known)
    cut = delimited.lines(chain([rest], texts))
    rows = delimited.records(cut, dialect, len(layout.header), keep_lines=keep_lines)
    opening = tuple(record.raw for record in islice(rows, layout.above + layout.named))
    return Table(encoding, dialect, unique_names(layout.header), rows, tuple(_notes(encoding, layout)), opening)


def _head(texts: Iterator[str]) -> str:
    """The first characters of a file, in whole blocks."""
    taken: list[str] = []
    while sum(map(len, taken)) < delimited.HEAD and (text := next(texts, None)) is not None:
        taken.append(text)
    return "".join(taken).removeprefix("\ufeff")


def _is_known(header: str) -> bool:
    """Whether a cell is a header word of the fields that every export has."""
    return any(match(header, field) == EXACT for field in ("text", "created_at", "feedback_id", "nps", "rating"))


def _notes(encoding: encodings.Encoding, layout: delimited.Layout) -> Iterator[Note]:
    if encoding.mixed:
        yield note("The file is UTF-8 with bytes that are not; they were read as Windows-1252")
    if encoding.strays:
        letters = " ".join(sorted(encoding.strays.values()))
        yield note(
            f"The file is Windows-1252 with letters of an old DOS code page in between ({letters}); they were put right"
        )
    if layout.above:
        yield note("Rows above the header were left out", layout.above)
    if not layout.named:
        yield note("The file has no header; its columns are numbered")

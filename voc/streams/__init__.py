"""Rows in, the same rows out with a verdict added: CSV, TSV, JSONL and Parquet of any length in constant memory.

What came stays as it came, byte for byte, down to quoting, number formats, key order and line ends (Parquet: value for
value): the verdict is written behind each row. A row that cannot be read goes through untouched, without a verdict, and
is counted. Columns that already have a name of ADDED are replaced; only then are rows written anew.

The added columns hold numbers, language codes and labels, so none of them can run as a formula in a spreadsheet. The
other columns are not made safe here, because they must stay as they are; `voc analyze` writes safe tables.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from voc.errors import InputError
from voc.streams.columnar import score_columnar
from voc.streams.delimited import score_delimited
from voc.streams.lines import score_lines
from voc.streams.rows import ADDED, Choose, Judge, Tally

__all__ = ["ADDED", "Judge", "Tally", "score_stream", "sniff"]

HEAD = 2**16
"""Bytes looked at to tell format and encoding."""
FOREIGN = {
    b"PK\x03\x04": "a zip or Excel file",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "gzip",
}


def score_stream(source: BinaryIO, target: BinaryIO, judge: Judge, *, choose: Choose, text: str | None = None) -> Tally:
    """Copy `source` to `target`, each row with its verdict in the columns ADDED; the format is told by the first bytes.

    `text` names the column to judge (in JSONL it may be a path such as `message.body`); without it `choose` finds the
    column in the first rows. Raises InputError before anything is written where nothing can be judged.
    """
    ahead = Ahead(source)
    kind = sniff(ahead.head)
    if kind == "parquet":
        return score_columnar(source, target, judge, name=text, choose=choose)
    if kind == "jsonl":
        return score_lines(io.BufferedReader(ahead, HEAD), target, judge, name=text, choose=choose)
    return score_delimited(io.BufferedReader(ahead, HEAD), target, judge, head=ahead.head, name=text, choose=choose)


def sniff(head: bytes) -> str:
    """The format whose first bytes these are: parquet, jsonl or csv. Raises InputError for anything else.

    >>> sniff(b'{"text": "fine"}'), sniff(b"id,text")
    ('jsonl', 'csv')
    """
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    found = next((kind for mark, kind in FOREIGN.items() if head.startswith(mark)), None)
    if found:
        raise InputError(f"This is {found}, not CSV, JSONL or Parquet; save it as CSV, or use voc analyze")
    if not start:
        raise InputError("The source is empty")
    if start.startswith(b"["):
        raise InputError("A JSON array cannot be streamed; write one object a line (JSONL), or use voc analyze")
    if head.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if start.startswith(b"{") else "csv"


class Ahead(io.RawIOBase):
    """A source whose first bytes were looked at: it gives them again, then the rest as it arrives."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.head = b""
        while b"\n" not in self.head and len(self.head) < HEAD and (more := self._arrived(HEAD)):
            self.head += more
        self._again = self.head

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The first bytes again, then what has arrived since."""
        piece = self._again[: len(buffer)] or self._arrived(len(buffer))
        self._again = self._again[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def _arrived(self, most: int) -> bytes:
        """Never waits for more than there is, so that a pipe is answered line by line."""
        read = getattr(self._source, "read1", self._source.read)
        return read(most)

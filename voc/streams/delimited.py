"""CSV and its kin as a stream: each record keeps its bytes, the verdict's cells stand behind it.

A quote that opens and does not end spoils its own line only; a record with too many cells cannot be aligned and stays
as it is; missing cells are filled, so that the added columns stand under their headers.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, BinaryIO

import pandas as pd

from voc.errors import InputError
from voc.readers import encodings
from voc.readers.delimited import NONE, Dialect, detect
from voc.readers.encodings import Encoding
from voc.streams.rows import ADDED, ROWS_AT_ONCE, Choose, Judge, Row, Tally, Verdict, blank, blocks, chosen, judged

LONGEST_RECORD = 2**20
"""Characters after which an unclosed quote is taken for a slip and not for a long cell: a higher figure allows longer
cells and costs time on broken files; guarded by `test_an_unclosed_quote_spoils_one_row`."""
BYTE_ORDER = "\ufeff"

Record = tuple[str, list[str] | None]
"""A record as it came and its cells; None where a quote does not end."""


@dataclass(frozen=True)
class Layout:
    """How the records of a file are laid out, and how its text is to be read."""

    names: Sequence[str]
    dialect: Dialect
    column: int
    """Where the text stands."""
    encoding: Encoding

    @property
    def written(self) -> Dialect:
        """The dialect of the output: a file of one column gets commas."""
        return replace(self.dialect, delimiter=",", quote='"') if self.dialect.delimiter == NONE else self.dialect

    @property
    def kept(self) -> list[int]:
        """The places of the columns that are not replaced."""
        return [place for place, name in enumerate(self.names) if name not in ADDED]


def score_delimited(
    source: BinaryIO, target: BinaryIO, judge: Judge, *, head: bytes, name: str | None, choose: Choose
) -> Tally:
    """Copy CSV, TSV or the like with its verdicts, in its own encoding; `head` holds its first bytes.

    Bytes that are wrong in the encoding are carried through as they are, and read as `readers.encodings` reads them.
    """
    encoding = encodings.detect([head])
    codec, errors = carrier(encoding.name)
    lines = io.TextIOWrapper(source, codec, errors=errors, newline="")
    dialect = detect("".join(encodings.decode([head], encoding)))
    records = _records(lines, dialect)
    raw_header, header = next(records)
    opening = list(islice(records, ROWS_AT_ONCE))
    layout = _layout(header, opening, dialect, encoding, name=name, choose=choose)
    tally = Tally(text=layout.names[layout.column])
    titles = dict(zip(ADDED, ADDED, strict=True))
    target.write(_extender(raw_header, list(layout.names), layout)(titles).encode(codec, errors))
    rows = (_row(raw, cells, layout) for raw, cells in chain(opening, records))
    target.writelines(judged(block, judge, tally).encode(codec, errors) for block in blocks(rows))
    lines.detach()
    return tally


def carrier(encoding: str) -> tuple[str, str]:
    """The codec and error handler under which every byte survives the way in and out again.

    Encodings that keep ASCII as it is are carried as UTF-8 with escapes; UTF-16 and UTF-32 as themselves.

    >>> carrier("cp1252"), carrier("utf-16-le")
    (('utf-8', 'surrogateescape'), ('utf-16-le', 'surrogatepass'))
    """
    return (encoding, "surrogatepass") if encoding.startswith(("utf-16", "utf-32")) else ("utf-8", "surrogateescape")


def _layout(
    header: list[str] | None,
    opening: list[Record],
    dialect: Dialect,
    encoding: Encoding,
    *,
    name: str | None,
    choose: Choose,
) -> Layout:
    """Where the text stands, told by the first rows."""
    if header is None:
        raise InputError("The header has a quote that does not end")
    names = [readable(cell, encoding).removeprefix(BYTE_ORDER).strip().strip('"') for cell in header]
    whole = [[readable(cell, encoding) for cell in cells] for _, cells in opening if cells and len(cells) == len(names)]
    sample = pd.DataFrame(whole, columns=range(len(names)), dtype="string").replace("", pd.NA)
    places = [place for place, each in enumerate(names) if each not in names[:place]]
    column = chosen(name, sample[places].set_axis([names[place] for place in places], axis=1), choose)
    return Layout(names, dialect, names.index(column), encoding)


def _row(raw: str, cells: list[str] | None, layout: Layout) -> Row:
    if not raw.strip(" \r\n"):
        return blank(raw)
    if cells is None or len(cells) > len(layout.names):
        return Row(raw, None, None)
    text = readable(cells[layout.column], layout.encoding) if layout.column < len(cells) else None
    return Row(raw, text, _extender(raw, cells, layout))


def _extender(raw: str, cells: list[str], layout: Layout) -> Callable[[Verdict], str]:
    """How a record is written with a verdict."""
    body = raw.rstrip("\r\n")
    end = raw[len(body) :]
    written = layout.written

    def extended(verdict: Verdict) -> str:
        before = body + written.delimiter * (len(layout.names) - len(cells))
        if len(layout.kept) < len(layout.names) or (cells == [body] and written.delimiter in body):
            before = _line([cells[place] if place < len(cells) else "" for place in layout.kept], written)
        added = ["" if value is None else str(value) for value in verdict.values()]
        return written.delimiter.join([before, *added]) + end

    return extended


def _line(cells: list[str], dialect: Dialect) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="", **_parameters(dialect)).writerow(cells)
    return line.getvalue()


def readable(cell: str, encoding: Encoding) -> str:
    """The text of a cell whose odd bytes were carried along as escapes.

    >>> readable(b"caf\\xe9".decode("utf-8", "surrogateescape"), Encoding("cp1252"))
    'café'
    """
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        codec, errors = carrier(encoding.name)
        if codec == encoding.name != "utf-8":
            return cell.encode(codec, "replace").decode(codec)
        # The space keeps a last odd byte from being taken for half a character at the end of the file.
        return "".join(encodings.decode([cell.encode(codec, errors) + b" "], replace(encoding, mark=0)))[:-1]
    return cell.translate({ord(wrong): right for wrong, right in encoding.strays.items()}) if encoding.strays else cell


def _parameters(dialect: Dialect) -> dict[str, Any]:
    return {
        "delimiter": dialect.delimiter,
        "quotechar": dialect.quote,
        "escapechar": dialect.escape,
        "doublequote": dialect.escape is None,
        "quoting": csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    }


def _records(lines: Iterable[str], dialect: Dialect) -> Iterator[Record]:
    """Each record with its cells; a broken one is its first line alone, and reading goes on behind that."""
    csv.field_size_limit(max(csv.field_size_limit(), 2 * LONGEST_RECORD))
    coming = _Lines(lines)
    width = 0
    while raw := coming.take(1):
        cells, count = _parsed(raw, coming, dialect, width)
        width = width or len(cells or [])
        yield raw + coming.take(count - 1), cells


class _Lines:
    """Lines that can be looked at before they are taken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._coming = iter(lines)
        self._ahead: deque[str] = deque()

    def take(self, count: int) -> str:
        """The next `count` lines as one string, shorter at the end."""
        while len(self._ahead) < count and (line := next(self._coming, "")):
            self._ahead.append(line)
        return "".join(self._ahead.popleft() for _ in range(min(count, len(self._ahead))))

    def look(self) -> Iterator[str]:
        """The lines to come, which stay where they are."""
        place = 0
        while place < len(self._ahead) or (line := next(self._coming, "")):
            if place == len(self._ahead):
                self._ahead.append(line)
            yield self._ahead[place]
            place += 1


def _parsed(first: str, rest: _Lines, dialect: Dialect, width: int) -> tuple[list[str] | None, int]:
    """The cells of the record that begins with `first`, and of how many lines it is made; None = broken, one line.

    A record of several lines whose cells do not fit the width has swallowed its neighbours after an open quote.
    """
    looked = _Looked(chain([first], rest.look()))
    try:
        cells = next(csv.reader(looked, strict=True, **_parameters(dialect)))
    except csv.Error:
        cells = None
    if cells is not None and (looked.count == 1 or len(cells) == (width or len(cells))):
        return cells, looked.count
    alone = [*csv.reader([first, "\n", "x"], **_parameters(dialect))]
    return (alone[0], 1) if len(alone) == 3 else (None, 1)


class _Looked:
    """Lines counted as the parser takes them; it gets no more than a record may have."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._length = 0
        self.count = 0

    def __iter__(self) -> _Looked:
        return self

    def __next__(self) -> str:
        if self._length > LONGEST_RECORD:
            raise csv.Error
        line = next(self._lines)
        self._length += len(line)
        self.count += 1
        return line

"""Delimited text: how it is written (delimiter, quotes), and its records, one by one, whatever is broken in it.

A slip spoils one row and no neighbour: where a quote is opened and never closed, the record is taken to be its first
line, and reading goes on with the next.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, NamedTuple

from voc.readers.recognition import LONGEST_LINE

HEAD: Final = 2**16
"""Characters of a file that decide on its dialect."""
LONGEST: Final = 2**22
"""Characters after which an open quote is taken for a slip. More allows longer cells and costs time and memory on
broken files; guarded by `test_an_unclosed_quote_spoils_one_row` and `test_huge_cells`."""
SYSTEMATIC: Final = 0.05
"""Share of rows from which the same number of missing cells at the end is a habit of the exporter and not a slip;
guarded by `test_rows_without_trailing_cells`."""
CONSISTENT: Final = 0.6
"""Share of rows that must agree on the number of cells for a delimiter to be one: prose has commas at random. Guarded
by `test_one_comment_a_line`."""
PREAMBLE: Final = 10
"""Rows that may stand above the header, such as a report's title."""
LONG_HEADER: Final = 4
"""Words from which the first line of a file with one column and no known header word is a comment and not a header:
guarded by `test_one_comment_a_line`."""
NONE: Final = "\x1f"
"""Stands for the delimiter of a file with one column."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written; `widths` are the numbers of cells that its rows have by habit."""

    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    widths: frozenset[int] = frozenset()

    @property
    def label(self) -> str | None:
        """The delimiter by name; None for one column."""
        names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", NONE: None}
        return names.get(self.delimiter, self.delimiter)


class Record(NamedTuple):
    """The cells of one row; a broken one says why, and has its lines as they stand (any one, where they are kept)."""

    cells: list[str]
    broken: str | None = None
    raw: str = ""


def lines(texts: Iterable[str]) -> Iterator[str]:
    """The lines of a text that comes in blocks, each with its end (LF, CRLF or CR)."""
    rest = ""
    for text in texts:
        *whole, rest = io.StringIO(rest + text, newline="") if rest or text else [""]
        yield from whole
        if len(rest) > LONGEST:
            yield rest
            rest = ""
    if rest:
        yield from io.StringIO(rest, newline="")


@dataclass(frozen=True)
class Layout:
    """Where the header stands, and how many cells a row has; no header = the columns have no names."""

    above: int
    header: tuple[str, ...]
    named: bool


def detect(head: str) -> Dialect:
    """The dialect that reads the head of a file best: most rows of one width, then most columns."""
    told, _ = split_hint(head)
    ranked = [(_quality(head, each), -place, each) for place, each in enumerate(_candidates(head, told))]
    (share, _, width), _, best = max(ranked, key=lambda one: one[:2])
    if not told and (width < 2 or share < CONSISTENT):
        best = replace(best, delimiter=NONE, escape=None)
    return replace(best, widths=_habits(head, best))


def layout(head: str, dialect: Dialect, is_figure: Callable[[str], bool], is_header: Callable[[str], bool]) -> Layout:
    """Where the header stands: the first row, below what has one cell only (a report's title), if it is a header."""
    rows = _sample(head, dialect) or [[""]]  # a lone quote is a file without rows
    width = _usual(rows)
    filled = [sum(bool(cell.strip()) for cell in cells) for cells in rows]
    above = next((place for place, count in enumerate(filled[:PREAMBLE]) if count > 1), 0) if width > 1 else 0
    first, below = rows[above], rows[above + 1 :]
    if not _is_header(first, below, is_figure, is_header):
        return Layout(above, ("",) * max(width, len(first)), named=False)
    return Layout(above, _widened(first, below, width), named=True)


def _usual(rows: list[list[str]]) -> int:
    counts = Counter(map(len, rows[1:] or rows))
    return max(counts, key=lambda width: (counts[width], width))


def _is_header(
    first: list[str], below: list[list[str]], is_figure: Callable[[str], bool], is_header: Callable[[str], bool]
) -> bool:
    """No header: figures where the rows below have figures too; or one column whose first row is no known word."""
    if any(map(is_header, first)):
        return True
    if len(first) == 1:
        return len(first[0].split()) <= LONG_HEADER and not is_figure(first[0]) and len(below) > 0
    columns = [place for place, cell in enumerate(first) if is_figure(cell)]
    return not any(
        sum(is_figure(row[place]) for row in below if place < len(row)) > len(below) / 2 for place in columns
    )


def _widened(first: list[str], below: list[list[str]], width: int) -> tuple[str, ...]:
    """The header as wide as the rows: row names before it (R leaves their header out), or empty cells behind it."""
    if width <= len(first) or sum(len(row) == width for row in below) < CONSISTENT * len(below):
        return tuple(first)
    names_first = width == len(first) + 1 and any(row[-1].strip() for row in below if len(row) == width)
    return ("", *first) if names_first else (*first, *[""] * (width - len(first)))


def split_hint(head: str) -> tuple[str | None, str]:
    """The delimiter that a first line such as `sep=;` tells, and the text without that line."""
    told = re.match(r"\ufeff?\"?sep=(.)\"?\r?\n", head)
    return (told[1], head[told.end() :]) if told else (None, head)


def _candidates(head: str, delimiter: str | None) -> list[Dialect]:
    quotes: list[tuple[str | None, str | None]] = [('"', None)]
    if '\\"' in head:
        quotes.append(('"', "\\"))
    if '"' not in head and re.search(r"(?m)(^|[,;\t|])'[^'\r\n]*'([,;\t|]|\r|$)", head):
        quotes.append(("'", None))
    return [Dialect(each, *quoting) for each, quoting in product(delimiter or ",;\t|", quotes)]


def _quality(head: str, dialect: Dialect) -> tuple[float, bool, int]:
    """Share of rows that agree on the number of cells (in tenths), less half the slips in quoting; whether the header
    agrees; and that number."""
    rows = _sample(head, dialect) or [[""]]  # a lone quote is a file without rows
    width = _usual(rows) if rows else 0
    if width < 2:
        return 0.0, False, width
    agreeing = sum(len(cells) == width for cells in rows[1:] or rows)
    return round((agreeing - 0.5 * _slips(head, dialect)) / max(len(rows) - 1, 1), 1), len(rows[0]) == width, width


def _slips(head: str, dialect: Dialect) -> int:
    """How often the quoting breaks the rules; a quote that is open where the head ends does not."""
    reader = _reader(io.StringIO(split_hint(head)[1], newline=""), dialect, strict=True)
    slips = 0
    while True:
        try:
            if next(reader, None) is None:
                return slips
        except csv.Error as error:
            slips += "end of data" not in str(error)


def _sample(head: str, dialect: Dialect) -> list[list[str]]:
    """The records of the head, the last left out where the head may have cut it."""
    _, rest = split_hint(head)
    rows = [cells for cells in _lenient([rest], dialect) if any(cell.strip() for cell in cells)]
    return rows[:-1] if len(head) >= HEAD and len(rows) > 1 else rows


def _habits(head: str, dialect: Dialect) -> frozenset[int]:
    counts = Counter(map(len, _sample(head, dialect)[1:]))
    return frozenset(width for width, count in counts.items() if count >= max(2, SYSTEMATIC * counts.total()))


def records(source: Iterable[str], dialect: Dialect, width: int, *, keep_lines: bool = False) -> Iterator[Record]:
    """Every record that is not a blank line, with `width` cells, in the order of the file."""
    feed = _Feed(source)
    while True:
        reader = _reader(feed, dialect, strict=True)
        while True:
            feed.taken.clear()
            try:
                cells = next(reader, None)
            except csv.Error:
                cells = []
                break
            if cells is None:
                return
            if len(cells) == width:
                yield Record(cells, None, "".join(feed.taken) if keep_lines else "")
            elif any(cell.strip() for cell in cells):
                break
        taken = feed.taken.copy()
        mended = _mended(cells, feed, dialect, width)
        yield mended._replace(raw="".join(taken)) if keep_lines and not mended.broken else mended


class _Feed:
    """Lines for the parser that remember what the record in hand took, and can take lines back."""

    def __init__(self, source: Iterable[str]) -> None:
        self._coming = iter(source)
        self._returned: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._coming)
        self.taken.append(line)
        if len(self.taken) % 1024 == 0 and sum(map(len, self.taken)) > LONGEST:
            raise csv.Error
        return line

    def give_back(self, given: list[str]) -> None:
        self._returned.extendleft(reversed(given))


def _mended(cells: list[str], feed: _Feed, dialect: Dialect, width: int) -> Record:
    """A record with an odd number of cells or odd quotes: read leniently where that is safe, else marked as broken.

    No cells: the quotes are odd.
    """
    taken = feed.taken.copy()
    swallowed = width > 1 and not cells and any(_width(line, dialect) == width for line in taken[1:])
    closed = bool(cells) or _closed(taken, dialect)
    if len(taken) > 1 and (swallowed or not closed):
        feed.give_back(taken[1:])
        return _broken("a quote is opened and not closed", taken[:1], width)
    if not cells:
        cells = next(iter(_lenient(taken, dialect)), [])
    if not closed:
        return _broken("a quote is opened and not closed", taken, width)
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) < width and len(cells) in dialect.widths:
        cells += [""] * (width - len(cells))
    if len(cells) != width:
        return _broken(f"{len(cells)} cells where the header has {width}", taken, width)
    return Record(cells)


def _broken(reason: str, taken: list[str], width: int) -> Record:
    return Record([""] * width, f"broken row: {reason}", "".join(taken).strip("\r\n")[:LONGEST_LINE])


def _closed(taken: list[str], dialect: Dialect) -> bool:
    """Whether the lines, read leniently, end outside quotes: one more line then is a record of its own."""
    return len(list(_lenient([*taken, "\n", "x\n"], dialect))) > 1


def _width(line: str, dialect: Dialect) -> int:
    return len(next(iter(_lenient([line], dialect)), []))


def _lenient(source: list[str], dialect: Dialect) -> Iterator[list[str]]:
    text = io.StringIO("".join(source), newline="")
    try:
        yield from _reader(text, dialect, strict=False)
    except csv.Error:
        return


def _reader(source: Iterable[str], dialect: Dialect, *, strict: bool) -> Iterator[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), 4 * LONGEST))
    return csv.reader(
        source,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        doublequote=dialect.escape is None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        strict=strict,
    )

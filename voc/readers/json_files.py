"""JSON (a list of objects, also under a key) and JSON lines. Nested objects become columns with dots in their names."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import delimited, encodings
from voc.readers.cells import strings
from voc.readers.formats import Head, reader
from voc.readers.recognition import BROKEN, LINE, LONGEST_LINE, note
from voc.readers.tabular import blocks_of

DEPTH: Final = 4
"""Levels of nesting that become columns; what lies deeper stays JSON text."""
COLUMNS: Final = 1000
"""Columns that a table of objects may have: keys that are ids would make one per row. Guarded by `test_wide_json`."""

ROWS_AT_ONCE: Final = 5_000
"""Objects held at once: as cells of a column they take a quarter of the memory; fewer make the table slower to use."""
LARGEST_DOCUMENT: Final = 2**28
"""Characters of a document that is read whole: 256 million take 2 to 3 GB. Guarded by `test_one_large_document`."""
LONGEST_MEMBER: Final = 2**24
"""Characters of one object of a list; a list that breaks off is noticed there and not at the end of a long file."""
BETWEEN: Final = ", \t\r\n"
LOOKED_AT: Final = 20
"""Lines that tell whether a file has an object a line: some may be broken."""

Values = dict[str, Any]


def looks_json(head: Head) -> bool:
    """A list or an object that goes on over lines."""
    return not head.is_binary and head.text.lstrip()[:1] in ("[", "{") and not looks_jsonl(head)


def looks_jsonl(head: Head) -> bool:
    """An object on one of the first lines, and nothing before it that opens one over several lines."""
    lines = [line for line in head.text.split("\n", 20)[:20] if line.strip()]
    if head.is_binary or not lines or not lines[0].lstrip().startswith("{") or lines[0].strip() == "{":
        return False
    alone = len(lines) == 1 and head.path.suffix not in (".jsonl", ".ndjson")
    return not alone and any(_parsed(line)[0] is not None for line in lines)


@reader("jsonl", sniff=looks_jsonl, rank=50, suffixes=(".jsonl", ".ndjson", ".jsonl.gz"))
def read_jsonl(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The raw table of a file with one object a line; a line that is none is a broken row."""
    encoding = encodings.detect(blocks_of(path))
    broken: dict[int, str] = {}
    frame = table(_objects(path, encoding, broken))
    if broken:
        lines = pd.Series(broken, index=frame.index, dtype="string")
        frame[BROKEN] = lines.where(lines.isna(), "broken row: not a JSON object")
        frame[LINE] = lines
    frame.attrs = {"encoding": encoding.label}
    return frame


def _objects(path: Path, encoding: encodings.Encoding, broken: dict[int, str]) -> Iterator[Values]:
    """The objects of a file with one a line; a line that is none gives an empty one and is noted under its number."""
    rows = (row for row in map(_parsed, _lines(path, encoding)) if row != (None, None))
    for number, (value, line) in enumerate(rows):
        if line is not None:
            broken[number] = line
        yield value or {}


@reader("json", sniff=looks_json, rank=51, suffixes=(".json",))
def read_json(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The raw table of the longest list of objects in the file."""
    encoding = encodings.detect(blocks_of(path))
    streamed = members(path, encoding)
    if streamed is not None:
        frame = table(streamed)
        frame.attrs = {"encoding": encoding.label}
        return frame
    where, rows = _longest_list(_whole(path, encoding))
    if not rows:
        raise InputError(f"{path.name} holds no list of objects; voc reads [{{…}}, {{…}}] or one object a line")
    frame = table([row if isinstance(row, dict) else {"text": row} for row in rows])
    notes = (note(f"The rows are the list '{where}' of the file"),) if where else ()
    frame.attrs = {"encoding": encoding.label, "notes": notes}
    return frame


def documents(path: Path) -> tuple[str, Iterator[tuple[Any, str | None]]]:
    """The encoding of a file, and what it holds: (the whole file as one document, None), or (object, None) for each of
    its lines, with (None, line) for a line that is none."""
    encoding = encodings.detect(blocks_of(path))
    head = list(islice((line for line in _lines(path, encoding) if line.strip()), LOOKED_AT))
    if len(head) > 1 and head[0].lstrip().startswith("{") and any(_parsed(line)[0] is not None for line in head):
        return encoding.label, (row for row in map(_parsed, _lines(path, encoding)) if row != (None, None))
    return encoding.label, iter([(_whole(path, encoding), None)])


def _whole(path: Path, encoding: encodings.Encoding) -> Any:
    """The one document of a file, which takes ten times its size in memory: bounded."""
    text, size = io.StringIO(), 0
    for block in encodings.decode(blocks_of(path), encoding):
        size += text.write(block)
        if size > LARGEST_DOCUMENT:
            raise InputError(
                f"{path.name} is one JSON document of more than {LARGEST_DOCUMENT >> 20} million characters; voc reads "
                "longer files as one list [{…}, {…}] or with one object a line"
            )
    try:
        return json.loads(text.getvalue().removeprefix("\ufeff"), strict=False)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is not valid JSON: {_plain(error)}") from error


def members(path: Path, encoding: encodings.Encoding) -> Iterator[Values] | None:
    """The members of a file that is one list of objects, one by one; None where it is something else."""
    head = next(encodings.decode(blocks_of(path), encoding), "").removeprefix("\ufeff").lstrip()
    if not re.match(r"\[\s*\{", head):
        return None
    return _cut(encodings.decode(blocks_of(path), encoding), path.name)


def _cut(texts: Iterator[str], name: str) -> Iterator[Values]:
    """The members of a list whose text comes in blocks. Raises InputError where it breaks off or is no list."""
    decoder = json.JSONDecoder(strict=False)
    text, place = next(texts).removeprefix("\ufeff").lstrip(), 1
    while True:
        while place < len(text) and text[place] in BETWEEN:
            place += 1
        try:
            value, after = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            more = next(texts, None) if len(text) - place <= LONGEST_MEMBER else None
            if more is not None:
                text, place = text[place:] + more, 0
                continue
            if text[place:].strip() == "]":
                return
            raise InputError(f"{name} is not valid JSON: {_plain(error)}") from error
        if not isinstance(value, dict):
            raise InputError(f"{name} holds no list of objects but one with {str(value)[:40]!r} in it")
        yield value
        place = after


def table(rows: Iterable[Values]) -> pd.DataFrame:
    """Objects as a table: keys in order of appearance, nested objects flattened, lists as JSON text.

    Rows become columns one by one: a stream of them takes the memory of its cells, not of its objects.
    """
    columns: dict[str, list[pd.Series]] = {}
    n_rows = 0
    coming = iter(rows)
    while block := list(islice(coming, ROWS_AT_ONCE)):
        cells = _columns(block, n_rows, set(columns))
        for name in [*columns, *(each for each in cells if each not in columns)]:
            known = columns.setdefault(name, [_series([None] * n_rows)] if n_rows else [])
            known.append(_series(cells.pop(name, [None] * len(block))))
        n_rows += len(block)
    return pd.DataFrame({name: _joined(columns.pop(name)) for name in list(columns)}, index=range(n_rows))


def _columns(block: Sequence[Values], before: int, known: set[str]) -> dict[str, list[Any]]:
    """The cells of some objects, a list per key."""
    columns: dict[str, list[Any]] = {}
    for place, row in enumerate(block):
        for name, value in _flat(row):
            if name not in columns:
                columns[name] = [None] * len(block)
                _check_number(len(known | columns.keys()), before + place + 1)
            columns[name][place] = value
    return columns


def _check_number(of_keys: int, of_objects: int) -> None:
    if of_keys > COLUMNS:
        found = f"The first {of_objects} objects have" if of_objects > 1 else "The first object has"
        raise InputError(f"{found} more than {COLUMNS} different keys: keys seem to be ids, not columns")


def _series(cells: list[Any]) -> pd.Series:
    if {type(cell) for cell in cells} - {type(None)} == {str}:
        return pd.Series(strings(cells, "str"))
    return pd.Series(cells, dtype=object).infer_objects()


def _joined(pieces: list[pd.Series]) -> pd.Series:
    """One column of its pieces; those without a value take the type of the others."""
    kinds = {str(piece.dtype) for piece in pieces if piece.notna().any()}
    if kinds == {"str"}:
        return pd.concat([piece.astype("str") for piece in pieces], ignore_index=True)
    if len({str(piece.dtype) for piece in pieces}) == 1:
        return pd.concat(pieces, ignore_index=True)
    mixed = pd.concat([piece.astype(object) for piece in pieces], ignore_index=True)
    return mixed.where(mixed.notna(), None).infer_objects()


def _flat(values: Values, prefix: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{prefix}{key}".replace("\x00", "")
        if isinstance(value, dict) and value and depth < DEPTH:
            yield from _flat(value, f"{name}.", depth + 1)
        elif isinstance(value, dict | list):
            yield name, _list_text(value)
        else:
            yield name, _sound(value) if isinstance(value, str) else _small(value)


def _list_text(value: Any) -> str | None:
    """A list of words as words, anything else as JSON."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return _sound(", ".join(value)) or None
    return _sound(json.dumps(value, ensure_ascii=False)) if value else None


def _sound(text: str) -> str:
    """Text without null characters and half surrogate pairs, which no file can hold."""
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _small(value: Any) -> Any:
    """Whole numbers beyond 64 bits as text: ids may be that long."""
    return str(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def _lines(path: Path, encoding: encodings.Encoding) -> Iterator[str]:
    return delimited.lines(encodings.decode(blocks_of(path), encoding))


def _parsed(line: str) -> tuple[Values | None, str | None]:
    """The object on a line, or the line where it is none; twice None for a blank line."""
    stripped = line.strip().removeprefix("\ufeff")
    if not stripped:
        return None, None
    try:
        value = json.loads(stripped, strict=False)
    except (ValueError, RecursionError):
        return None, stripped[:LONGEST_LINE]
    return (value, None) if isinstance(value, dict) else (None, stripped[:LONGEST_LINE])


def _longest_list(content: Any, where: str = "", depth: int = 1) -> tuple[str, list[Any]]:
    """The longest list of objects (or of texts), and its place; a single object is a list of one."""
    if isinstance(content, list):
        return where, content if all(isinstance(each, dict) for each in content) or _texts(content) else []
    if not isinstance(content, dict) or depth > DEPTH:
        return where, []
    inner = [_longest_list(value, f"{where}.{key}".lstrip("."), depth + 1) for key, value in content.items()]
    best = max(inner, key=lambda found: len(found[1]), default=("", []))
    return best if best[1] or depth > 1 else ("", [content] if content else [])


def _texts(content: list[Any]) -> bool:
    return all(isinstance(each, str) for each in content)


def _plain(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)

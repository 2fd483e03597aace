"""JSON (a list of objects, also under a key) and JSON lines. Nested objects become columns with dots in their names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import delimited, encodings
from voc.readers.formats import Head, reader
from voc.readers.recognition import BROKEN, LINE, note
from voc.readers.tabular import blocks_of

DEPTH: Final = 4
"""Levels of nesting that become columns; what lies deeper stays JSON text."""
COLUMNS: Final = 1000
"""Columns that a table of objects may have: keys that are ids would make one per row. Guarded by `test_wide_json`."""

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
    rows = [row for row in map(_parsed, _lines(path, encoding)) if row != (None, None)]
    values = [{} if each is None else each for each, _ in rows]
    frame = table(values)
    frame[BROKEN] = pd.array(["broken row: not a JSON object" if line else None for _, line in rows], dtype="string")
    frame[LINE] = pd.array([line for _, line in rows], dtype="string")
    frame.attrs = {"encoding": encoding.label}
    return frame


@reader("json", sniff=looks_json, rank=51, suffixes=(".json",))
def read_json(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The raw table of the longest list of objects in the file."""
    encoding = encodings.detect(blocks_of(path))
    content = _whole(path, encoding)
    where, rows = _longest_list(content)
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
    text = "".join(encodings.decode(blocks_of(path), encoding)).removeprefix("\ufeff")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is not valid JSON: {_plain(error)}") from error


def table(rows: Iterable[Values]) -> pd.DataFrame:
    """Objects as a table: keys in order of appearance, nested objects flattened, lists as JSON text.

    Rows become columns one by one: a stream of them takes the memory of its cells, not of its objects.
    """
    columns: dict[str, list[Any]] = {}
    n_rows = 0
    for n_rows, row in enumerate(rows, start=1):
        flat = dict(_flat(row))
        for name in flat:
            if name not in columns:
                columns[name] = [None] * (n_rows - 1)
        if len(columns) > COLUMNS:
            raise InputError(
                f"The first {n_rows} objects have {len(columns)} different keys, more than {COLUMNS}: keys seem to be "
                "ids, not columns"
            )
        for name, cells in columns.items():
            cells.append(flat.get(name))
    return pd.DataFrame(
        {name: pd.Series(columns.pop(name), dtype=object).infer_objects() for name in list(columns)},
        index=range(n_rows),
    )


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
        return None, stripped
    return (value, None) if isinstance(value, dict) else (None, stripped)


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

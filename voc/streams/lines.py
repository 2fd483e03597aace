"""JSONL as a stream: each object keeps its bytes, the verdict's keys stand behind its own.

What has arrived is answered at once, so `voc score -` can sit between two other tools. A line that is no JSON object
stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pandas as pd

from voc.errors import InputError
from voc.readers.encodings import Encoding
from voc.streams.delimited import readable
from voc.streams.rows import ADDED, Choose, Judge, Row, Tally, Verdict, blank, blocks, chosen, judged

UTF8 = Encoding("utf-8")
PIECE = 2**18
"""Bytes read at once where that many have arrived."""
LONGEST = 2**24
"""Bytes of a line that are held at once; no comment is as long. Guarded by `test_a_line_without_an_end`."""


def score_lines(source: BinaryIO, target: BinaryIO, judge: Judge, *, name: str | None, choose: Choose) -> Tally:
    """Copy JSONL with its verdicts. `name` may be a path such as `message.body`."""
    tally = Tally()
    for lines in _arriving(source):
        objects = [_object(line) if whole else None for line, whole in lines]
        tally.text = tally.text or _found(name, [each for each in objects if each], choose)
        rows = [
            _row(line, values, tally.text) if whole else blank(line)
            for (line, whole), values in zip(lines, objects, strict=True)
        ]
        target.writelines(judged(block, judge, tally).encode("utf-8", "surrogateescape") for block in blocks(rows))
        target.flush()
    if not tally.text:
        raise InputError("There is no JSON object with a text in the source")
    return tally


def _arriving(source: BinaryIO) -> Iterator[list[tuple[str, bool]]]:
    """The whole lines that have arrived by now, each with its end.

    One of more than `LONGEST` bytes comes in pieces: the first is a broken row, the others, marked False, follow it.
    """
    read = getattr(source, "read1", source.read)
    rest, begins = [b""], True
    while piece := read(PIECE):
        *ends, last = piece.split(b"\n")
        if ends:
            lines = [b"".join([*rest, ends[0]]), *ends[1:]]
            yield [(_text(line) + "\n", begins or place > 0) for place, line in enumerate(lines)]
            rest, begins = [last], True
        else:
            rest.append(last)
        if sum(map(len, rest)) > LONGEST:
            yield [(_text(b"".join(rest)), begins)]
            rest, begins = [], False
    if any(rest):
        yield [(_text(b"".join(rest)), begins)]


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(readable(line.lstrip("\ufeff"), UTF8))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _found(name: str | None, objects: list[dict[str, Any]], choose: Choose) -> str:
    """Where the text stands, told by the first objects; empty while there is none."""
    if not objects:
        return ""
    if name is not None and any(_follow(values, name) is not None for values in objects):
        return name
    return chosen(name, pd.DataFrame(list(map(_flat, objects))), choose)


def _flat(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Nested objects as paths with dots; lists are left out, they are no text."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return {path: _sound(value) for path, value in flat.items() if not isinstance(value, list)}


def _sound(value: Any) -> Any:
    """Half a surrogate pair, which JSON may escape, is no character."""
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if isinstance(value, str) else value


def _follow(values: Any, path: str) -> Any:
    """The value of a key, or at the end of a path of keys with dots; None where there is none."""
    if not isinstance(values, dict):
        return None
    if path in values:
        return values[path]
    key, dot, rest = path.partition(".")
    return _follow(values.get(key), rest) if dot else None


def _row(line: str, values: dict[str, Any] | None, path: str) -> Row:
    if values is None:
        return Row(line, None, None) if line.strip() else blank(line)
    text = _follow(values, path)
    return Row(line, _sound(text) if isinstance(text, str) else None, _extender(line, values))


def _extender(line: str, values: dict[str, Any]) -> Callable[[Verdict], str]:
    """How an object is written with a verdict; one that already has a verdict gets the new one instead."""
    body = line.rstrip()
    end = line[len(body) :]
    if not values.keys().isdisjoint(ADDED):
        values = {key: value for key, value in values.items() if key not in ADDED}
        body = json.dumps(values, ensure_ascii=False)
    comma = ", " if values else ""

    def extended(verdict: Verdict) -> str:
        return body[:-1] + comma + json.dumps(verdict, ensure_ascii=False)[1:] + end

    return extended

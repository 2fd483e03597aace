"""Conversations as turns in JSON: `{"messages": [{"role": "customer", "text": …}]}`, a list or a line for each, or a
flat list of turns with the id of their conversation. A turn's role, words and time are known by their usual names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers.conversations import as_turns, finish, role
from voc.readers.fingerprints import keys_of
from voc.readers.formats import Head, reader
from voc.readers.headers import normalise
from voc.readers.json_files import documents
from voc.readers.recognition import BROKEN, LINE
from voc.readers.turns import moment

LISTS: Final = (
    "messages",
    "turns",
    "transcript",
    "utterances",
    "dialogue",
    "dialog",
    "conversation",
    "segments",
    "entries",
)
SPEAKERS: Final = (
    "role", "speaker", "participant role", "author role", "speaker role", "sender type", "author type", "user type",
    "sender", "author", "from", "participant", "speaker name", "sender name", "name",
)  # fmt: skip
WORDS: Final = ("text", "content", "message", "body", "utterance", "transcript", "msg")
TIMES: Final = ("timestamp", "created at", "time", "ts", "sent at", "date", "datetime", "created", "sent")
OFFSETS: Final = ("begin offset millis", "start", "start time", "offset", "start seconds", "start ms")
MILLIS: Final = ("begin offset millis", "start ms")
IDS: Final = ("conversation id", "chat id", "session id", "call id", "contact id", "dialogue id", "ticket id", "id")
DEPTH: Final = 5

Values = dict[str, Any]


def looks_turns(head: Head) -> bool:
    """A list of turns with a role and words; or turns one by one, whose roles are words that voc knows."""
    names = frozenset(map(normalise, keys_of(head)))
    if names.isdisjoint(SPEAKERS) or names.isdisjoint(WORDS):
        return False
    lists = re.finditer(rf'"(?:{"|".join(LISTS)})"\s*:\s*\[\s*\{{(.{{0,2000}})', head.text, re.IGNORECASE | re.DOTALL)
    if any(_has_turn_keys(found[1]) for found in islice(lists, 5)):
        return True
    told = re.findall(r'"([\w ]{2,20})"\s*:\s*"([^"\\\n]{1,60})"', head.text)
    roles = [role(value) for key, value in told if normalise(key) in SPEAKERS[:8]]
    return len(roles) > 1 and all(roles) and {"customer", "agent", "bot"} & set(roles) != set()


def _has_turn_keys(start: str) -> bool:
    """Whether the first object of a list has a speaker and words."""
    keys = {normalise(key) for key in re.findall(r'"([^"\\\n]{1,40})"\s*:', start.partition("}")[0])}
    return not keys.isdisjoint(SPEAKERS) and not keys.isdisjoint(WORDS)


@reader("turns", sniff=looks_turns, rank=46, suffixes=(".json", ".jsonl", ".ndjson"))
def read_turns(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The turns of a file; `finish` makes conversations of them."""
    encoding, found = documents(path)
    rows: list[Values] = []
    number = 0
    for document, line in found:
        if line is not None:
            rows.append({BROKEN: "broken row: not a JSON object", LINE: line, "conversation": "0"})
            continue
        for about, turns in _conversations(document):
            number += not _is_turn(document)
            rows += [_turn(each, about, str(max(number, 1))) for each in turns if isinstance(each, dict)]
    if not any(row.get("text") for row in rows):
        raise InputError(f"{path.name} holds no turns; voc reads lists of objects with a role and a text")
    frame = as_turns([{"channel": "chat", **row} for row in rows])
    frame.attrs = {"finish": finish, "encoding": encoding}
    return frame


def _get(values: Values, names: tuple[str, ...]) -> Any:
    """The value under the first of some names that is there."""
    found = {normalise(str(key)): value for key, value in reversed(values.items())}
    return next((found[name] for name in names if found.get(name) not in (None, "")), None)


def _is_turn(values: Any) -> bool:
    return isinstance(values, dict) and _get(values, SPEAKERS) is not None and isinstance(_words(values), str)


def _conversations(document: Any, depth: int = 1) -> Iterator[tuple[Values, list[Any]]]:
    """What is told of each conversation, and its turns."""
    if depth > DEPTH:
        return
    if isinstance(document, list):
        if any(map(_is_turn, document[:20])):
            yield {}, document
        else:
            for each in document:
                yield from _conversations(each, depth + 1)
    elif isinstance(document, dict):
        inner = _get(document, LISTS)
        if isinstance(inner, list) and any(map(_is_turn, inner[:20])):
            about = {str(k): v for k, v in document.items() if isinstance(v, str | int | float)}
            yield about, inner
        elif _is_turn(document):
            yield {}, [document]
        else:
            for value in document.values():
                if isinstance(value, dict | list):
                    yield from _conversations(value, depth + 1)


def _turn(values: Values, about: Values, number: str) -> Values:
    """A row of the table of turns."""
    key = _get(about, IDS) or _get(values, IDS[:-1]) or number
    at, offset = _get(values, TIMES), _get(values, OFFSETS)
    when = moment(at)
    more = {name: value for name, value in about.items() if normalise(name) not in (*IDS, "channel")}
    channel = about.get("channel")
    seconds = at if when is None and isinstance(at, int | float) else offset
    in_millis = any(normalise(str(name)) in MILLIS for name in values)
    return {
        **more,
        "channel": channel if isinstance(channel, str) else "call" if offset is not None else "chat",
        "conversation": str(key),
        "speaker": _speaker(values),
        "text": _words(values),
        "at": when,
        "seconds": seconds / (1000 if in_millis else 1) if isinstance(seconds, int | float) else None,
    }


def _speaker(values: Values) -> str | None:
    """The part where one is told, else the name."""
    for name in SPEAKERS:
        found = _get(values, (name,))
        if isinstance(found, dict):
            found = _get(found, ("type", "role", "name", "id"))
        if isinstance(found, str | int) and str(found).strip():
            return str(found).strip()[:80]
    return None


def _words(values: Values) -> str | None:
    found = _get(values, WORDS)
    if isinstance(found, list):
        pieces = [each.get("text") if isinstance(each, dict) else each for each in found]
        return "\n".join(each for each in pieces if isinstance(each, str)) or None
    if isinstance(found, dict):
        found = _get(found, ("text", "content", "body"))
    return found.replace("\0", "") if isinstance(found, str) else None

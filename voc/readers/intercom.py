"""Intercom: the conversation report as CSV, and conversations as JSON.

| in the file | becomes |
|---|---|
| JSON: the customer's messages (`source.body`, parts of users, leads and contacts) | `text` |
| JSON: messages of teammates and bots | `agent_text`; notes are left out |
| the remark that goes with a rating | `text`; in JSON as an answer of its own |
| `Last teammate rating`, `conversation_rating.rating` | `csat` on 1-5 |
| `Conversation started at (zone)`, `created_at` (Unix seconds) | `created_at`, from the header's zone |
| `First response time (seconds)`, `first_admin_reply_at`; else a teammate's first message | `first_reply_at` |
| `Time to close (seconds)`, `statistics.last_close_at`; else the last closing part | `resolved_at` |
| teammate; `source.type` or `Channel` | `agent`; `channel` |

A report without a single remark holds no words of customers: an error that says what to export. The CX score is a
model's guess and no answer of a customer: it is kept as a column of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers.exports import Values, find, find_all, first, from_json, objects, tell, within, words
from voc.readers.fingerprints import has, headers_of, keys_of, plain, read_table
from voc.readers.formats import Head, head_of, reader
from voc.readers.turns import REPLIES, TEXT, Speaker, Turn, moment, told

CUSTOMERS: Final = frozenset({"user", "lead", "contact", "visitor"})
SPOKEN: Final = frozenset({"comment", "open", "close", "assignment", "snoozed", "quick_reply", ""})
"""Kinds of parts whose body the customer sees; notes and events are none."""
CSAT: Final = "csat (1-5)"
REMARK: Final = "rating remark"
IN_REPORT: Final = frozenset(
    {
        "conversation started at", "last teammate rating", "last teammate rating remark", "first response time",
        "time to close", "cx score rating", "topics", "fin ai agent rating", "teammate rating", "conversation rating",
        "first closed by", "teammate currently assigned", "conversation rating remark",
    }
)  # fmt: skip
ADVICE: Final = (
    "is an Intercom report without a remark of a customer: it has figures only. Export the conversations with their "
    "content as JSON (Settings > Data > Imports and exports, or the API) and give that file"
)


def looks_intercom(head: Head) -> bool:
    """Conversations as JSON, or the report."""
    keys = keys_of(head)
    return (
        has(keys, "conversation_parts")
        or has(keys, "conversation_rating", "source")
        or has(headers_of(head), "conversation id", some=IN_REPORT, least=2)
    )


@reader("intercom", sniff=looks_intercom, rank=21, suffixes=(".json", ".ndjson", ".csv"))
def read_intercom(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per conversation."""
    if head_of(path).text.lstrip()[:1] in ("{", "["):
        return _told(from_json(path, _rows), path, options)
    return _report(read_table(path, options), path, options)


def _report(raw: pd.DataFrame, path: Path, options: ReadConfig) -> pd.DataFrame:
    """The report: one remark a conversation at most."""
    remarks = [column for column in map(str, raw.columns) if plain(column).endswith("remark")]
    texts = tuple(column for column in remarks if raw[column].notna().any())
    if not texts and not options.text:
        raise InputError(f"{path.name} {ADVICE}")
    rating = find(raw, "last teammate rating", "conversation rating", "teammate rating", "fin ai agent rating")
    fields: dict[str | None, str] = {
        find(raw, "conversation id"): "feedback_id",
        find(raw, "conversation started at", "conversation created at", "created at"): "created_at",
        find(raw, "first response time"): "first_reply_at",
        find(raw, "time to close", "time to last close", "time to first close"): "resolved_at",
        find(raw, "user id", "contact id", "user external id", "user email", "email"): "customer_id",
        find(raw, "teammate currently assigned", "last teammate", "first closed by", "teammate"): "agent",
        find(raw, "channel", "conversation channel"): "channel",
        rating: "csat",
    }
    return tell(raw, fields, texts=texts, scales={rating: "1-5"}, channel="chat")


def _told(raw: pd.DataFrame, path: Path, options: ReadConfig) -> pd.DataFrame:
    """Which columns of the conversations are what."""
    texts = find_all(raw, plain(TEXT), plain(REMARK))
    if not texts and not options.text:
        raise InputError(f"{path.name} has Intercom conversations without a message of a customer")
    kept = [column for column in raw.columns if raw[column].notna().any()]
    fields: dict[str | None, str] = {"id": "feedback_id", "customer_id": "customer_id", CSAT: "csat"}
    fields |= {name: name for name in ("created_at", "first_reply_at", "resolved_at", "agent", "channel")}
    about, raw = raw.attrs, raw[kept]
    raw.attrs = about
    return tell(raw, fields, texts=texts, scales={CSAT: "1-5"})


def _rows(document: Any) -> Iterator[Values]:
    """The conversations of a document: a list, a page with `conversations` or `data`, or a bare one."""
    if isinstance(document, list):
        for each in document:
            yield from _rows(each)
        return
    pages = (within(document, "conversations"), within(document, "data"))
    inner = next((page for page in pages if isinstance(page, list)), None)
    for conversation in objects(document if inner is None else inner):
        yield _row(conversation)


def _row(conversation: Values) -> Values:
    """One conversation: its own keys without the messages, and what it comes to."""
    parts = _parts(conversation)
    found = told(list(_turns(conversation, parts)), solved=False)
    rating, figures = within(conversation, "conversation_rating"), within(conversation, "statistics")
    closed = [at for part in parts if part.get("part_type") == "close" and (at := moment(part.get("created_at")))]
    done = words(conversation.get("state")) == "closed" or conversation.get("open") is False
    return {
        "id": first(conversation.get("id"), conversation.get("conversation_id")),
        **{key: value for key, value in conversation.items() if key not in _TAKEN},
        "title": conversation.get("title"),
        "tags": _names(conversation.get("tags"), "tags"),
        "topics": _names(conversation.get("topics"), "topics"),
        TEXT: found[TEXT],
        REPLIES: found[REPLIES],
        "created_at": moment(conversation.get("created_at")) or _started(parts),
        "customer_id": _customer(conversation),
        "agent": first(*(within(rating, who, "name") for who in ("teammate", "admin")), found["agent"]),
        "channel": _channel(conversation),
        "first_reply_at": moment(within(figures, "first_admin_reply_at")) or found["first_reply_at"],
        "resolved_at": (moment(within(figures, "last_close_at")) or max(closed, default=None)) if done else None,
        CSAT: within(rating, "rating"),
        REMARK: words(within(rating, "remark")) or None,
    }


_TAKEN: Final = frozenset(
    {"conversation_parts", "source", "tags", "topics", "contacts", "conversation_rating", "title", "conversation_id"}
)


def _parts(conversation: Values) -> list[Values]:
    parts = conversation.get("conversation_parts")
    return objects(within(parts, "conversation_parts") if isinstance(parts, dict) else parts)


def _turns(conversation: Values, parts: list[Values]) -> Iterator[Turn]:
    source = conversation.get("source")
    at = moment(conversation.get("created_at"))
    yield Turn(_speaker(source), _body(source), at, words(within(source, "author", "name")) or None)
    for part in parts:
        spoken = words(part.get("part_type")) in SPOKEN
        name = words(within(part, "author", "name")) or None
        yield Turn(_speaker(part) if spoken else "note", _body(part), moment(part.get("created_at")), name)


def _speaker(message: Any) -> Speaker:
    kind = words(within(message, "author", "type"))
    return "customer" if kind in CUSTOMERS else "bot" if kind == "bot" else "agent"


def _body(message: Any) -> str:
    return words(within(message, "body"))


def _started(parts: list[Values]) -> datetime | None:
    return min((at for part in parts if (at := moment(part.get("created_at")))), default=None)


def _customer(conversation: Values) -> Any:
    contacts = objects(within(conversation, "contacts", "contacts") or within(conversation, "contacts"))
    author = within(conversation, "source", "author")
    asked = author if _speaker({"author": author}) == "customer" else None
    return first(*(contact.get("id") for contact in contacts), within(asked, "id"), within(asked, "email"))


def _channel(conversation: Values) -> str:
    kind = words(within(conversation, "source", "type"))
    return "chat" if kind in ("", "conversation") else kind


def _names(values: Any, key: str) -> str | None:
    """The names in a list of tags or topics, joined."""
    listed = objects(within(values, key) if isinstance(values, dict) else values)
    return ", ".join(name for each in listed if (name := words(each.get("name")))) or None

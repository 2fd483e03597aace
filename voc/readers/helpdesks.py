"""Freshdesk, Salesforce cases and Help Scout.

| source | in the file | becomes |
|---|---|---|
| Freshdesk CSV | `Description`, `Survey remarks` | `text`; without them an error: subjects are not analysed |
| Freshdesk JSON | `description_text` and incoming public `conversations` | `text`; outgoing ones `agent_text` |
| Freshdesk | `Survey results` (unhappy … happy, or figures) | `csat` on the 3, 5 or 7 steps that occur |
| Freshdesk | `First response time (in hrs)`; `Resolved time`, `Resolution time (in hrs)` | the reply; the resolution |
| Salesforce | `Description`, `Origin`, the owner, the contact | `text`, `channel`, `agent`, `customer_id` |
| Salesforce | `CreatedDate`, `ClosedDate`; `Date/Time Opened`, `Date/Time Closed` | `created_at`, `resolved_at` |
| Help Scout | `comment`, `value` beside a category promoter, passive or detractor | `text`, `nps` on 0-10 |
| Help Scout | `timestamp`; `name` | `created_at`; `customer_id` |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers.cells import figures, text_of
from voc.readers.exports import (
    Values,
    find,
    find_all,
    first,
    from_json,
    named,
    objects,
    tell,
    time_after,
    time_in,
    times,
    with_columns,
    within,
    words,
)
from voc.readers.fingerprints import has, headers_of, keys_of, plain, read_export, read_table
from voc.readers.formats import Head, head_of, reader
from voc.readers.headers import normalise
from voc.readers.turns import TEXT, Turn, moment, told

IN_FRESHDESK: Final = frozenset(
    {
        "created time", "resolved time", "closed time", "first response time", "resolution time", "agent interactions",
        "customer interactions", "survey results", "due by time", "initial response time", "last update time",
        "resolution status", "first response status", "association type", "every response status",
    }
)  # fmt: skip
IN_FRESHDESK_JSON: Final = frozenset(
    {
        "responder_id",
        "fr_due_by",
        "fr_escalated",
        "spam",
        "due_by",
        "is_escalated",
        "description_text",
        "helpdesk_ticket",
    }
)
IN_SALESFORCE: Final = frozenset(
    {
        "origin", "case origin", "is escalated", "created date", "closed date", "supplied email", "supplied name",
        "date time opened", "date time closed", "opened date", "closed", "case owner", "case reason", "reason",
        "account name", "contact name", "contact id", "owner id", "description", "status",
    }
)  # fmt: skip
SOURCES: Final = {
    1: "email", 2: "portal", 3: "phone", 4: "forum", 5: "twitter", 6: "facebook", 7: "chat", 9: "feedback widget",
    10: "outbound email", 11: "ecommerce", 12: "bot", 13: "whatsapp",
}  # fmt: skip
"""Freshdesk's numbers for where a ticket came from."""
MOODS: Final = ("extremely unhappy", "very unhappy", "unhappy", "neutral", "happy", "very happy", "extremely happy")
CODES: Final = {-103: 0, -102: 1, -101: 2, 100: 3, 101: 4, 102: 5, 103: 6}
"""Freshdesk's numbers for its moods."""
CSAT: Final = "csat"
PROMOTER: Final = re.compile(r"\b(?:promoter|passive|detractor)s?\b", re.IGNORECASE)


# ----------------------------------------------------------------------------------------------------------- Freshdesk


def looks_freshdesk(head: Head) -> bool:
    """Its ticket list, or tickets as JSON."""
    keys = keys_of(head)
    return has(keys, "subject", some=IN_FRESHDESK_JSON, least=2) or has(
        headers_of(head), "ticket id", some=IN_FRESHDESK, least=2
    )


@reader("freshdesk", sniff=looks_freshdesk, rank=25, suffixes=(".csv", ".json"))
def read_freshdesk(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per ticket."""
    if head_of(path).text.lstrip()[:1] in ("{", "["):
        return _freshdesk_json(path, options)
    raw = read_table(path, options)
    texts = find_all(raw, "description", "survey remarks", "survey comments", "customer feedback", "feedback")
    _need(texts, options, path, "is a Freshdesk ticket list: it has subjects and no messages. Export the tickets with "
          "their description as JSON (Admin > Account > Export data, or the API with include=description), or with "
          "the survey remarks")  # fmt: skip
    raw = with_columns(raw, _sent(raw))
    raw, scale = _with_mood(raw, find(raw, "survey results", "survey result", "satisfaction"))
    fields = {
        find(raw, "ticket id"): "feedback_id",
        "created_at": "created_at",
        "first_reply_at": "first_reply_at",
        "resolved_at": "resolved_at",
        find(
            raw, "contact id", "requester id", "email", "requester email", "requester name", "full name"
        ): "customer_id",
        find(raw, "agent"): "agent",
        find(raw, "source"): "channel",
        CSAT: "csat",
    }
    return tell(raw, fields, texts=texts, scales={CSAT: scale}, channel="ticket")


def _sent(raw: pd.DataFrame) -> dict[str, pd.Series]:
    """When tickets were created, first answered and resolved; times as such before time spans."""
    created, resolved = time_in(raw, "created time"), time_in(raw, "resolved time").fillna(time_in(raw, "closed time"))
    replied = time_in(raw, "initial response time")
    return {
        "created_at": created,
        "first_reply_at": replied.fillna(time_after(raw, created, "first response time", unit="hours")),
        "resolved_at": resolved.fillna(time_after(raw, created, "resolution time", unit="hours")),
    }


def _freshdesk_json(path: Path, options: ReadConfig) -> pd.DataFrame:
    raw = from_json(path, _rows)
    texts = find_all(raw, plain(TEXT), "survey remark")
    _need(texts, options, path, "has Freshdesk tickets without a description or a conversation of a customer; export "
          "them with include=description or include=conversations")  # fmt: skip
    names = {"feedback_id": "id", "customer_id": "requester_id"}
    fields: dict[str | None, str] = {names.get(field, field): field for field in FRESHDESK_FIELDS}
    return tell(raw, fields, texts=texts, channel="ticket")


FRESHDESK_FIELDS: Final = (
    "feedback_id", "customer_id", "agent", "channel", "created_at", "first_reply_at", "resolved_at",
)  # fmt: skip


def _rows(document: Any) -> Iterator[Values]:
    """The tickets of a document: a list, a page with `tickets` or `results`, `{"helpdesk_ticket": …}` or a bare one."""
    if isinstance(document, list):
        for each in document:
            yield from _rows(each)
        return
    inner = first(*(within(document, key) for key in ("tickets", "results", "helpdesk_ticket", "ticket")))
    for ticket in objects(document if inner is None else inner):
        yield _row(ticket)


def _row(ticket: Values) -> Values:
    found = told(list(_turns(ticket)), solved=ticket.get("status") in (4, 5, "4", "5", "Resolved", "Closed"))
    stats, source = ticket.get("stats"), ticket.get("source")
    resolved = first(within(stats, "resolved_at"), within(stats, "closed_at"))
    return {
        **{key: value for key, value in ticket.items() if key not in _MESSAGES},
        **found,
        "created_at": moment(ticket.get("created_at")),
        "requester_id": first(ticket.get("requester_id"), within(ticket, "requester", "id")),
        "agent": first(within(ticket, "responder", "name"), ticket.get("responder_name"), ticket.get("responder_id")),
        "channel": (SOURCES.get(source) if isinstance(source, int) else None) or str(source or "") or None,
        "first_reply_at": moment(within(stats, "first_responded_at")) or found["first_reply_at"],
        "resolved_at": moment(resolved) or found["resolved_at"],
    }


_MESSAGES: Final = frozenset(
    {"description", "description_text", "description_html", "conversations", "notes", "source"}
)


def _turns(ticket: Values) -> Iterator[Turn]:
    """The first message, and what came after it."""
    yield Turn("customer", _body(ticket, "description_text", "description"), moment(ticket.get("created_at")))
    for each in objects(ticket.get("conversations")) or objects(ticket.get("notes")):
        message = each.get("helpdesk_note") if isinstance(each.get("helpdesk_note"), dict) else each
        text, at = _body(message, "body_text", "body"), moment(within(message, "created_at"))
        public = within(message, "private") is not True
        yield Turn(("customer" if within(message, "incoming") is True else "agent") if public else "note", text, at)


def _body(message: Any, *keys: str) -> str:
    return words(first(*(within(message, key) for key in keys)))


def _with_mood(raw: pd.DataFrame, column: str | None) -> tuple[pd.DataFrame, str]:
    """The survey's answer as `csat`, on as many steps as the survey has: the moods that occur tell."""
    if column is None:
        return raw, STEPS[5][0]
    said = text_of(raw[column]).map(normalise, na_action="ignore")
    numbers = figures(raw[column])
    places = said.map({mood: place for place, mood in enumerate(MOODS)}).astype("Float64")
    places = places.fillna(numbers.map(CODES, na_action="ignore").astype("Float64"))
    if places.isna().all():
        scale, answers = STEPS[5][0], numbers
    else:
        steps = 7 if places.isin([1, 5]).any() else 5 if places.isin([0, 6]).any() else 3
        scale, moods = STEPS[steps]
        answers = places.map({float(place): step for step, place in enumerate(moods, start=1)}, na_action="ignore")
    return with_columns(raw, {CSAT: answers.astype("Float64")}), scale


STEPS: Final = {3: ("1-3", (2, 3, 4)), 5: ("1-5", (0, 2, 3, 4, 6)), 7: ("1-7", tuple(range(7)))}
"""How many steps a survey has -> its scale, and the moods on it."""


# ---------------------------------------------------------------------------------------------------------- Salesforce


def looks_salesforce(head: Head) -> bool:
    """Cases, with names of the API or of a report."""
    return has(headers_of(head), "case number", some=IN_SALESFORCE, least=3)


@reader("salesforce", sniff=looks_salesforce, rank=26, suffixes=(".csv",))
def read_salesforce(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per case."""
    raw = read_export(path, options, "Salesforce", "case number", "description")
    texts = find_all(raw, "description", "case description", "comments", "case comments")[:1]
    _need(texts, options, path, "is a list of Salesforce cases without the field Description: it has subjects and no "
          "words of customers. Add Description to the report or the export")  # fmt: skip
    fields = {
        find(raw, "id", "case id", "case number"): "feedback_id",
        find(raw, "created date", "date time opened", "opened date", "date opened"): "created_at",
        find(raw, "closed date", "date time closed", "date closed"): "resolved_at",
        find(raw, "contact id", "supplied email", "contact email", "web email", "contact name", "account id",
             "account name"): "customer_id",
        find(raw, "case owner", "owner name", "owner", "owner id", "case owner alias"): "agent",
        find(raw, "origin", "case origin"): "channel",
    }  # fmt: skip
    return tell(raw, fields, texts=texts, channel="ticket")


# ---------------------------------------------------------------------------------------------------------- Help Scout


def looks_help_scout(head: Head) -> bool:
    """Answers to its survey: a value, and whose category it makes the customer."""
    names = headers_of(head)
    told = "timestamp" in names if head.is_binary else bool(PROMOTER.search(head.text))
    return told and has(names, "value", "category", "comment")


@reader("helpscout", sniff=looks_help_scout, rank=27, suffixes=(".csv",))
def read_help_scout(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per answer."""
    raw = read_export(path, options, "Help Scout", "value")
    time, value = find(raw, "timestamp", "created at", "date"), find(raw, "value")
    if time and text_of(raw[time]).dropna().str.fullmatch(r"\d{1,13}").all():
        raw = with_columns(raw, {time: times(raw[time])})
    fields = {
        find(raw, "id", "response id"): "feedback_id",
        time: "created_at",
        find(raw, "customer id", "email", "name"): "customer_id",
        value: "nps",
    }
    return tell(raw, fields, texts=(named(raw, "comment"),), scales={value: "0-10"}, channel="survey")


def _need(texts: tuple[str, ...], options: ReadConfig, path: Path, advice: str) -> None:
    """An export without a word of a customer is an error that says what to do, unless the user names a column."""
    if not texts and not options.text:
        raise InputError(f"{path.name} {advice}")

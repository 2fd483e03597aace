"""Zendesk: tickets as JSON or NDJSON, the ticket list as CSV, and both put together on the ticket id.

| in the file | becomes |
|---|---|
| public comments of the requester and other end users (or `description`, where comments were not exported) | `text` |
| the comment that goes with a satisfaction rating | `text`, as an answer of its own |
| public comments of agents | `agent_text`; internal notes are left out |
| `id`, `created_at` | `feedback_id`, `created_at` |
| `requester_id`, `assignee`, `via` | `customer_id`, `agent`, `channel` |
| satisfaction good/bad or 1-5 | `csat` on 1-5 (good 5, bad 1); offered and unoffered are no answer |
| `First reply time in minutes`, `metric_set`; else the first public reply of an agent | `first_reply_at` |
| `Solved at`, `Full resolution time in minutes`, `Resolution time` (hours) | `resolved_at` |
| without these: the last reply of an agent in a solved ticket | `resolved_at` |

The ticket list has no comments: alone it is an error that says what to export, never an analysis of subjects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers.cells import text_of
from voc.readers.columns import DATES
from voc.readers.exports import (
    Values,
    find,
    find_all,
    first,
    from_json,
    objects,
    tell,
    time_after,
    time_in,
    within,
    words,
)
from voc.readers.fingerprints import has, headers_of, keys_of, plain, read_table
from voc.readers.formats import Head, head_of, reader
from voc.readers.recognition import FILE, note
from voc.readers.turns import TEXT, Speaker, Turn, moment, told
from voc.tables import Note

LIST: Final = "voc:ticket list"
"""Column that marks rows of the ticket list, until they are put together with the conversations."""
BETTER: Final = ("first_reply_at", "resolved_at", "agent")
"""What the list knows better: it has times of its own where turns only hint at them, and names where JSON has ids."""
CSAT: Final = "csat (1-5)"
N_COMMENTS: Final = "n_comments"
REMARK: Final = "satisfaction comment"
DONE: Final = frozenset({"solved", "closed"})
IN_LIST: Final = frozenset(
    {
        "requester", "requester id", "via", "ticket type", "solved at", "assigned at", "initially assigned at",
        "reopens",        "satisfaction score", "assignee stations", "first reply time in minutes",
        "full resolution time in minutes", "resolution time", "requester wait time in minutes",
    }
)  # fmt: skip
IN_JSON: Final = frozenset(
    {"requester_id", "requester", "satisfaction_rating", "assignee_id", "submitter_id", "ticket_form_id", "via"}
)
ADVICE: Final = (
    "is a Zendesk ticket list: it has subjects and no comments. Export the tickets as JSON (Admin Center > Account > "
    "Tools > Reports > Export) and give that file, alone or together with this one; --text subject reads the subjects"
)
Roles = Mapping[str, str]


def looks_zendesk(head: Head) -> bool:
    """Tickets as JSON, or the ticket list."""
    return is_json(head) or has(headers_of(head) - {"id"}, "subject", some=IN_LIST, least=3)


def is_json(head: Head) -> bool:
    """By the keys of a ticket that neither Intercom nor Freshdesk has."""
    keys = keys_of(head)
    return has(keys, "subject", some=IN_JSON, least=2) and not keys & {"conversation_parts", "responder_id"}


@reader("zendesk", sniff=looks_zendesk, rank=20, suffixes=(".json", ".ndjson", ".csv"))
def read_zendesk(path: Path, options: ReadConfig) -> pd.DataFrame:
    """The tickets of one file; `finish` puts those of all files together."""
    head = head_of(path)
    if head.text.lstrip()[:1] in ("{", "["):
        raw = from_json(path, _rows)
    else:
        raw = _from_list(read_table(path, options), path.name)
    raw.attrs["finish"] = finish
    return raw


# ------------------------------------------------------------------------------------------------------------- tickets


def _rows(document: Any) -> Iterator[Values]:
    """The tickets of a document: a list, a page with `tickets` or `results`, `{"ticket": …}` or a bare ticket."""
    if isinstance(document, list):
        for each in document:
            yield from _rows(each)
        return
    if not isinstance(document, dict):
        return
    roles = {_key(user.get("id")): words(user.get("role")) for user in objects(document.get("users"))}
    inner = next((document[key] for key in ("tickets", "results") if isinstance(document.get(key), list)), None)
    if inner is None and isinstance(document.get("ticket"), dict):
        inner = [document["ticket"] | {key: value for key, value in document.items() if key == "comments"}]
    for ticket in objects(document if inner is None else inner):
        within_it = ticket.get("ticket")
        yield _row(within_it if isinstance(within_it, dict) else ticket, roles)


def _row(ticket: Values, roles: Roles) -> Values:
    """One ticket: its own keys without the messages, and what the conversation comes to."""
    rating, channel = ticket.get("satisfaction_rating"), ticket.get("via")
    score = rating.get("score") if isinstance(rating, dict) else rating
    found = told(list(_turns(ticket, roles)), solved=words(ticket.get("status")).lower() in DONE)
    created, assignee = moment(ticket.get("created_at")), ticket.get("assignee")
    replied = _after(created, within(ticket, "metric_set", "reply_time_in_minutes", "calendar"))
    solved = moment(first(ticket.get("solved_at"), within(ticket, "metric_set", "solved_at")))
    return {
        **{key: value for key, value in ticket.items() if key not in {"comments", "description", "raw_subject"}},
        **found,
        N_COMMENTS: len(_comments(ticket)),
        "id": first(ticket.get("id"), ticket.get("ticket_id")),
        "created_at": created,
        "requester_id": _customer(ticket),
        "agent": first(within(assignee, "name"), words(assignee), found["agent"], ticket.get("assignee_id")),
        "channel": first(within(channel, "channel"), words(channel)),
        "first_reply_at": replied or found["first_reply_at"],
        "resolved_at": solved or found["resolved_at"],
        CSAT: satisfaction(score),
        REMARK: words(rating.get("comment")) or None if isinstance(rating, dict) else None,
    }


def _customer(ticket: Values) -> Any:
    requester = ticket.get("requester")
    return first(ticket.get("requester_id"), within(requester, "id"), within(requester, "email"), words(requester))


def _turns(ticket: Values, roles: Roles) -> Iterator[Turn]:
    comments = _comments(ticket)
    if not comments and _key(ticket.get("submitter_id")) in ("", _key(ticket.get("requester_id"))):
        yield Turn("customer", words(ticket.get("description")), moment(ticket.get("created_at")))
    for place, comment in enumerate(comments):
        body = first(*(words(comment.get(key)) for key in ("body", "plain_body", "html_body"))) or ""
        name = words(within(comment, "author", "name")) or words(comment.get("author"))
        yield Turn(_speaker(comment, ticket, roles, place), body, moment(comment.get("created_at")), name or None)


def _comments(ticket: Values) -> list[Values]:
    """The comments, also where they stand as the page that the API gives."""
    found = ticket.get("comments")
    return objects(within(found, "comments") or found)


def _speaker(comment: Values, ticket: Values, roles: Roles, place: int) -> Speaker:
    """Who speaks: by the role of the author, else whether it is the requester; without an author the first one is."""
    if comment.get("public", comment.get("is_public", True)) is False:
        return "note"
    author = _key(first(comment.get("author_id"), *(within(comment, "author", key) for key in ("id", "email"))))
    role = words(within(comment, "author", "role")) or roles.get(author, "")
    if role or author:
        requesters = (ticket.get("requester_id"), *(within(ticket, "requester", key) for key in ("id", "email")))
        known = {_key(each) for each in requesters} - {""}
        return "customer" if role in {"end-user", "end_user"} or (not role and author in known) else "agent"
    return "customer" if place == 0 else "agent"


def _key(value: Any) -> str:
    """An id as text, whether it stands as text or as a number; empty = it is none."""
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""


def satisfaction(score: Any) -> float | None:
    """Good or bad, also with a comment, as the ends of 1-5; figures as they are; offered or not is no answer.

    >>> satisfaction("Good"), satisfaction("bad_with_comment"), satisfaction("4"), satisfaction("Not Offered")
    (5.0, 1.0, 4.0, None)
    """
    said = str(score).strip().lower()
    if re.fullmatch(r"[1-5](\.0)?", said):
        return float(said)
    return {"good": 5.0, "bad": 1.0}.get(said.replace("_", " ").split(" ", maxsplit=1)[0])


def _after(start: datetime | None, minutes: Any) -> datetime | None:
    usable = isinstance(minutes, int | float) and not isinstance(minutes, bool) and 0 <= minutes < 1e7
    return start + timedelta(minutes=minutes) if start and usable else None


# --------------------------------------------------------------------------------------------------------- ticket list


def _from_list(raw: pd.DataFrame, name: str) -> pd.DataFrame:
    """The ticket list, with columns named as in the JSON, so that the two can be put together."""
    sent = _sent(raw)
    renamed = raw.rename(columns={column: _json_name(str(column)) for column in raw.columns})
    renamed = renamed.loc[:, ~renamed.columns.duplicated()]
    score = find(raw, "satisfaction score", "satisfaction rating", "satisfaction")
    added: dict[str, Any] = {key: value for key, value in sent.items() if value.notna().any()}
    if score:
        added[CSAT] = pd.array([satisfaction(cell) for cell in text_of(raw[score])], dtype="Float64")
    frame = renamed.drop(columns=[column for column in added if column in renamed]).assign(**added)
    frame["id"] = (
        raw[number] if (number := find(raw, "id", "ticket id")) else pd.array([pd.NA] * len(raw), dtype="string")
    )
    frame[LIST] = pd.array([name] * len(raw), dtype="string")
    frame.attrs = dict(raw.attrs)
    return frame


def _json_name(header: str) -> str:
    """A header of the list as the JSON has it: 'Ticket type' -> 'type', 'Requester id' -> 'requester_id'."""
    said = header if header.startswith("voc:") else plain(header).replace(" ", "_") or header
    special = {"ticket_type": "type", "via": "channel", "assignee": "agent", "satisfaction_comment": REMARK}
    return special.get(said, said)


def _sent(raw: pd.DataFrame) -> dict[str, pd.Series]:
    """When tickets were created, first answered and solved; times as such before time spans."""
    created, solved = time_in(raw, "created at"), time_in(raw, "solved at")
    solved = solved.fillna(time_after(raw, created, "full resolution time in minutes", unit="minutes"))
    return {
        "created_at": created,
        "first_reply_at": time_after(raw, created, "first reply time in minutes", unit="minutes"),
        "resolved_at": solved.fillna(time_after(raw, created, "resolution time", unit="hours")),
    }


# ------------------------------------------------------------------------------------------------------------ together


def finish(parts: pd.DataFrame, options: ReadConfig) -> pd.DataFrame:
    """The tickets of all files, with what the ticket list knows of each."""
    listed = parts.get(LIST, pd.Series(pd.NA, index=parts.index, dtype="string")).notna()
    notes: list[Note] = []
    if listed.any() and not listed.all():
        parts, notes = _joined(parts, listed)
    texts = find_all(parts, plain(TEXT), "description", "comment", "latest comment", plain(REMARK))
    if not texts and not options.text:
        name = parts.loc[listed, LIST].iloc[0] if listed.any() else "The file"
        raise InputError(f"{name} {ADVICE if listed.any() else 'has no Zendesk ticket with a comment of a customer'}")
    if N_COMMENTS in parts and not parts[N_COMMENTS].fillna(0).any():
        notes.append(note("The tickets came without their comments: the first message of each was read"))
    raw = parts.drop(columns=[LIST], errors="ignore")
    raw = raw[[column for column in raw.columns if raw[column].notna().any()]]
    fields: dict[str | None, str] = {
        "id": "feedback_id",
        "requester_id": "customer_id",
        "agent": "agent",
        "channel": "channel",
        CSAT: "csat",
    }
    if "requester_id" not in raw:
        fields["requester"] = "customer_id"
    fields |= {name: name for name in DATES}
    return tell(raw, fields, texts=texts, scales={CSAT: "1-5"}, notes=notes)


def _joined(parts: pd.DataFrame, listed: pd.Series) -> tuple[pd.DataFrame, list[Note]]:
    """Conversations with the list's columns behind them; each stands where it knows better."""
    keys = text_of(parts["id"]).str.strip()
    known = parts[listed].set_index(keys[listed]).loc[lambda rows: ~rows.index.duplicated() & rows.index.notna()]
    talks = parts[~listed]
    matching = known.reindex(keys[~listed]).set_index(talks.index)
    joined = talks.copy()
    for column in parts.columns.difference([LIST, FILE, "id"], sort=False):
        own, other = talks[column], matching[column]
        better = column in BETTER
        joined[column] = other.where(other.notna(), own) if better else own.where(own.notna(), other)
    left = parts[listed & ~keys.isin(set(keys[~listed].dropna()))]
    notes = [note("Tickets of the list were put together with their conversations", int(matching[LIST].notna().sum()))]
    if len(left):
        notes.append(note("Tickets of the list have no conversation in the JSON; kept without a text", len(left)))
    return pd.concat([joined, left], ignore_index=True), notes

"""From turns to conversations: who is the customer and who the agent, and one row per conversation.

A speaker is known by the word of its part ("Agent", "Kundin", "Visitor 12") in every language that voc knows. Where no
word tells, what is assumed is said in a note; `read.speaker` names the customers and settles it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.readers import scores
from voc.readers.columns import DATES, NAMES
from voc.readers.dates import EARLIEST
from voc.readers.headers import normalise, phrases
from voc.readers.recognition import BROKEN, FILE, LINE, SKIP, note
from voc.readers.turns import REPLIES, TEXT, Speaker, Turn, told
from voc.tables import TIME, Note

COLUMNS: Final = ("conversation", "speaker", "text", "at", "seconds")
"""Of a table of turns: the key within the file, the speaker's label, the words, the time, seconds since the start."""
PARTS: Final[tuple[tuple[Speaker, str], ...]] = (
    ("note", "note_turn"), ("bot", "bot_turn"), ("agent", "agent_turn"), ("customer", "customer_turn"),
)  # fmt: skip
SEVERAL: Final = 3
"""Conversations from which a speaker who comes back while the others change is taken for the agent. Guarded by
`test_the_one_who_comes_back_is_the_agent`."""
SHOWN: Final = 5

Roles = dict[str, Speaker]


@cache
def role(label: str) -> Speaker | None:
    """The part that a speaker's label names, as a whole or by its first or last word, or in brackets.

    >>> role("Customer Service"), role("Visitor 5521"), role("Anna (Support)"), role("お客様"), role("Anna")
    ('agent', 'customer', 'agent', 'customer', None)
    """
    inner = re.findall(r"[(\[](.*?)[)\]]", label)
    words = [word for word in normalise(re.sub(r"[(\[].*?[)\]]", " ", label)).split() if not word.isdecimal()]
    whole = " ".join(words) or normalise(label)
    edges = [" ".join(words[:2]), " ".join(words[-2:]), *words[:1], *words[-1:]]
    for candidate in [whole, *map(normalise, inner), *edges]:
        for part, field in PARTS:
            if candidate and candidate in phrases(field):
                return part
    return None


def finish(turns: pd.DataFrame, options: ReadConfig) -> pd.DataFrame:
    """One row per conversation, in the order of the files: the customer's words, the agent's, times and who spoke."""
    broken = turns[turns[BROKEN].notna()] if BROKEN in turns else turns.head(0)
    sound = turns.drop(broken.index)
    groups = list(sound.groupby([FILE, "conversation"], sort=False, dropna=False))
    labels = [list(dict.fromkeys(group["speaker"].dropna())) for _, group in groups]
    roles, notes = assign(labels, options.speaker, greeting=_is_call(sound))
    several = Counter(str(file) for (file, _), _ in groups)
    rows = [
        _row(group, part, _name(str(file), str(key), several[str(file)]))
        for ((file, key), group), part in zip(groups, roles, strict=True)
    ]
    frame = pd.DataFrame(rows)
    for name in ("created_at", "first_reply_at", "resolved_at"):
        if name in frame:
            frame[name] = pd.to_datetime(frame[name], utc=True).astype(TIME)
    frame = frame.dropna(axis="columns", how="all").assign(**{each: frame[each] for each in (TEXT, SKIP)})
    if len(broken):
        frame = pd.concat([frame, broken[[BROKEN, LINE]]], ignore_index=True)
    frame.attrs = {
        "columns": fields_of(frame, {"conversation_id": "feedback_id", TEXT: "text"}),
        "notes": (*notes, *_time_notes(frame)),
        "sure": True,
    }
    return frame


def fields_of(frame: pd.DataFrame, named: Mapping[str, str]) -> dict[str, str]:
    """Column -> field: those named, and those that bear the name of a field and are not empty."""
    same = [each for each in (*DATES, *NAMES, *scores.FIELDS) if each not in named.values()]
    present = {each: each for each in same if each in frame and frame[each].notna().any()}
    return {column: field for column, field in named.items() if column in frame} | present


def _is_call(turns: pd.DataFrame) -> bool:
    return "channel" in turns and bool(turns["channel"].eq("call").all())


def _name(file: str, key: str, n: int) -> str:
    """A conversation's id: as the file has it, or the file's name where it holds one without an id."""
    if key.isdecimal() and len(key) < 4:
        return file if n == 1 else f"{file}-{key}"
    return key


# --------------------------------------------------------------------------------------------------------------- roles


def assign(
    labels: Sequence[Sequence[str]], customers: Sequence[str], *, greeting: bool
) -> tuple[list[Roles], list[Note]]:
    """Who is who in each conversation, given its speakers in the order of their first turns, and what was assumed.

    `greeting`: it is the agent who speaks first, as in calls.
    """
    chosen = {normalise(each) for each in customers}
    returning = _returning(labels)
    assumed: dict[str, list[str]] = {}
    found: list[Roles] = []
    for speakers in labels:
        roles: Roles = {label: part for label in speakers if (part := role(label))}
        if chosen & {normalise(label) for label in speakers}:
            roles |= {label: "customer" if normalise(label) in chosen else "agent" for label in speakers}
        unknown = [label for label in speakers if label not in roles]
        if unknown:
            guessed, why = _guess(unknown, set(roles.values()), returning, greeting=greeting)
            roles |= guessed
            assumed.setdefault(why, []).append(
                ", ".join(f"'{label}' the {guessed[label]}" for label in unknown[:SHOWN])
            )
        found.append(roles)
    return found, [_assumption(why, who) for why, who in assumed.items()]


def _returning(labels: Sequence[Sequence[str]]) -> set[str]:
    """Speakers who take part in several conversations while most of the others do not."""
    counts = Counter(label for speakers in labels for label in speakers if not role(label))
    back = {label for label, count in counts.items() if count > 1}
    return back if len(labels) >= SEVERAL and len(back) < len(counts) / 2 else set()


def _guess(unknown: list[str], known: set[Speaker], returning: set[str], *, greeting: bool) -> tuple[Roles, str]:
    """Parts for speakers that no word tells of, and what that rests on."""
    back = {label for label in unknown if label in returning}
    if "agent" in known and "customer" not in known:
        customers, why = set(unknown), "the other speaker is the agent"
    elif "customer" in known:
        customers, why = set(), "the other speaker is the customer"
    elif back and len(back) < len(unknown):
        customers, why = set(unknown) - back, "the agent is in several conversations"
    elif len(unknown) == 1:
        customers, why = set(unknown), "nobody else speaks"
    elif greeting:
        customers, why = set(unknown[1:]), "in a call the agent speaks first"
    else:
        customers, why = {unknown[0]}, "in a chat the customer writes first"
    return {label: "customer" if label in customers else "agent" for label in unknown}, why


def _assumption(why: str, who: list[str]) -> Note:
    examples = "; ".join(sorted(set(who), key=who.index)[:3])
    return note(
        f"Speakers whose part is not named were assumed from this: {why} ({examples}). "
        "If that is wrong, name the customers with --set 'read.speaker=[\"NAME\"]'",
        len(who),
    )


# ---------------------------------------------------------------------------------------------------------------- rows


def _row(group: pd.DataFrame, roles: Mapping[str, Speaker], name: str) -> dict[str, Any]:
    """One conversation. Turns without any speaker are the customer's."""
    speakers = [None if pd.isna(each) else str(each) for each in group["speaker"]]
    times = [None if pd.isna(each) else pd.Timestamp(each).to_pydatetime() for each in group["at"]]
    parts: list[Speaker] = [roles.get(label, "customer") if label else "customer" for label in speakers]
    turns = [
        Turn(part, "" if pd.isna(text) else str(text), at, None if not label or role(label) else label)
        for part, text, at, label in zip(parts, group["text"], times, speakers, strict=True)
    ]
    come_to = told(turns, solved=True)
    skip = pd.NA if come_to[TEXT] else "no words of a customer"
    more = {str(c): group[c].iloc[0] for c in group.columns if c not in {*COLUMNS, FILE, BROKEN, LINE}}
    spoken = {"turns": len(turns), **_lapses(group["seconds"], parts, times)}
    first = min((each for each in times if each), default=None)
    return {
        "conversation_id": name,
        "created_at": first,
        **come_to,
        **more,
        **spoken,
        REPLIES: come_to[REPLIES],
        SKIP: skip,
    }


def _lapses(seconds: pd.Series, parts: Sequence[Speaker], times: Sequence[datetime | None]) -> dict[str, float | None]:
    """Times since the start, where the file has no others: to the first reply, and in all."""
    at = pd.to_numeric(seconds, errors="coerce").tolist()
    if any(times) or all(each != each for each in at):  # noqa: PLR0124 - NaN
        return {"first_reply_seconds": None, "duration_seconds": None}
    asked = next((place for place, part in enumerate(parts) if part == "customer"), len(parts))
    reply = next((at[place] for place in range(asked, len(parts)) if parts[place] == "agent"), None)
    start = at[asked] if asked < len(at) else None
    lapse = None if reply is None or start is None else reply - start
    known = [each for each in at if each == each]  # noqa: PLR0124 - NaN
    return {"first_reply_seconds": lapse, "duration_seconds": max(known) - min(known)}


def _time_notes(frame: pd.DataFrame) -> list[Note]:
    notes = [note("Conversations are one row each: the customer's turns are the text, the others are in agent_text")]
    if "resolved_at" in frame and frame["resolved_at"].notna().any():
        notes.append(note("First reply and resolution are the times of the agent's first reply and last turn"))
    if "created_at" not in frame or frame["created_at"].isna().all():
        notes.append(note("The conversations have no dates"))
    return notes


def as_turns(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A table of turns with COLUMNS, and what else the rows have."""
    frame = pd.DataFrame(list(rows))
    for name in COLUMNS:
        if name not in frame:
            frame[name] = None
    frame["at"] = pd.to_datetime(frame["at"], utc=True).astype(TIME)
    frame["at"] = frame["at"].where(frame["at"] >= EARLIEST)
    return frame


def with_replies(frame: pd.DataFrame, own: pd.Series) -> pd.DataFrame:
    """Each customer's message with the own replies that follow it in its thread, before a customer writes again."""
    ordered = frame.sort_values("created_at", kind="stable")
    last: dict[str, Any] = {}
    replies: dict[Any, list[str]] = {}
    first: dict[Any, Any] = {}
    for row in ordered.itertuples():
        if not own[row.Index]:
            last[row.thread] = row.Index
        elif row.thread in last:
            place = last[row.thread]
            replies.setdefault(place, []).append(str(row.text))
            first.setdefault(place, row.created_at)
    frame[REPLIES] = pd.Series({place: "\n\n".join(said) for place, said in replies.items()}, dtype="string")
    frame["first_reply_at"] = pd.to_datetime(pd.Series(first, dtype=object), utc=True).astype(TIME)
    return frame

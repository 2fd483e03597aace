"""Conversations as a table with one turn per row: CSV and workbooks of chat tools, call centres and data warehouses.

| in the file | becomes |
|---|---|
| ids of conversations, chats, calls or tickets that repeat | one row each |
| who spoke: Customer and Agent in any language, inbound and outbound, or names | `text`; `agent_text` |
| the time of each turn | `created_at`, `first_reply_at`, `resolved_at` |
| columns that are the same in all turns of a conversation | kept, and read as scores, ids and segments |
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import conversations, dates, headers
from voc.readers.cells import text_of
from voc.readers.conversations import role
from voc.readers.fingerprints import read_table
from voc.readers.formats import Head, reader
from voc.readers.headers import normalise
from voc.readers.json_turns import OFFSETS, TIMES, WORDS
from voc.readers.recognition import BROKEN, LINE, note
from voc.readers.sheets import first_rows, is_workbook
from voc.readers.tabular import frames, open_table
from voc.readers.turns import Speaker
from voc.tables import TIME

SAMPLE: Final = 300
"""Rows that tell whether a table holds turns."""
CONVERSATIONS: Final = (
    "conversation", "chat", "session", "call", "thread", "ticket", "case", "dialog", "interaction", "contact",
    "transcript", "gesprach", "unterhaltung", "anruf", "vorgang", "discussion", "echange", "appel", "conversacion",
    "llamada", "sesion", "conversazione", "chiamata", "conversa", "chamada", "sessao", "gesprek", "rozmow",
    "zgloszen", "pokalb", "keskustel", "samtal", "konverzac", "beszelget", "sohbet", "gorusme", "разговор", "диалог",
    "обращен", "会话", "對話", "对话", "会話", "대화", "상담", "المحادثة",
)  # fmt: skip
"""How the header of the conversation's id begins, or one of its words, as `normalise` writes it."""
SPEAKERS: Final = frozenset(
    {
        "speaker", "role", "sender", "author", "participant", "sender type", "author type", "sender name",
        "author name", "speaker name", "participant role", "user type", "sprecher", "absender", "locuteur", "auteur",
        "expediteur", "hablante", "remitente", "autor", "mittente", "spreker", "afzender", "nadawca", "direction",
    }
)  # fmt: skip
"""Headers under which names are speakers too; words for parts (Customer, Agent) are known under any header."""
DIRECTIONS: Final[dict[str, Speaker]] = {
    "inbound": "customer", "incoming": "customer", "received": "customer", "in": "customer", "eingehend": "customer",
    "outbound": "agent", "outgoing": "agent", "sent": "agent", "out": "agent", "outbound api": "agent",
    "outbound reply": "agent", "ausgehend": "agent",
}  # fmt: skip
KNOWN: Final = 0.6
"""Share of turns whose speaker is a known part. Guarded by `test_a_survey_of_customers_and_agents_is_no_chat`."""
BOTH: Final = 0.4
"""Share of conversations of several turns in which the speakers change: in a table of comments with an author each they
do not."""


@dataclass(frozen=True)
class Parts:
    """The columns of a table of turns."""

    conversation: str
    speaker: str
    text: str
    at: str | None
    seconds: str | None


@lru_cache(maxsize=8)
def looks_turn_table(head: Head) -> bool:
    """Whether the first rows are turns of conversations."""
    try:
        return parts_of(_first_rows(head)) is not None
    except (InputError, ValueError, IndexError):
        return False


def _first_rows(head: Head) -> pd.DataFrame:
    if is_workbook(head):
        return first_rows(head.path, SAMPLE)
    if head.is_binary or head.text.lstrip()[:1] in ("", "{", "[", "<"):
        return pd.DataFrame()
    table = next(frames(open_table(lambda: iter([head.start])), SAMPLE), pd.DataFrame())
    sound = table[table[BROKEN].isna()] if BROKEN in table else table
    return sound.drop(columns=[BROKEN, LINE], errors="ignore")


@reader("turn-table", sniff=looks_turn_table, rank=47, suffixes=(".csv", ".tsv", ".xlsx"))
def read_turn_table(path: Path, options: ReadConfig) -> pd.DataFrame:
    """The turns of a table; `finish` makes conversations of them."""
    raw = read_table(path, options)
    parts = parts_of(raw.drop(columns=[BROKEN, LINE], errors="ignore").head(SAMPLE))
    if parts is None:
        raise InputError(
            f"{path.name} holds no turns of conversations; it needs columns for the conversation's id (the same in all "
            "its turns), the speaker and the words"
        )
    return _turns(raw, parts)


def finish(turns: pd.DataFrame, options: ReadConfig) -> pd.DataFrame:
    """One row per conversation; its other columns may be scores and segments, so that they are looked at too."""
    frame = conversations.finish(turns, options)
    frame.attrs["sure"] = False
    return frame


def parts_of(table: pd.DataFrame) -> Parts | None:
    """Which column is what in a table of turns; None where it is no such table."""
    columns = {str(name): text_of(table[name]) for name in table.columns}
    columns = {name: cells for name, cells in columns.items() if cells.notna().any()}
    known = {name: said for name, cells in columns.items() if (said := _parts(cells)) is not None}
    # Where no column names parts, one with names may: the conversations then tell who is the agent.
    for speaker, said in (known or {name: cells for name, cells in columns.items() if _names(name, cells)}).items():
        conversation = _conversation(columns, speaker, said)
        text = _words(columns, {speaker, conversation or ""})
        if conversation and text:
            times = [name for name in columns if name not in {speaker, conversation, text}]
            return Parts(conversation, speaker, text, *_times(columns, times, columns[conversation]))
    return None


def part(label: str) -> Speaker | None:
    """The part that a cell names: a role in any language, or the direction of a message."""
    return DIRECTIONS.get(normalise(label)) or role(label)


def _parts(cells: pd.Series) -> pd.Series | None:
    """Who speaks in each row, where the column holds words for parts, of both sides."""
    known = cells.map({label: part(label) for label in cells.dropna().unique()[:SAMPLE]})
    sides = set(known.dropna())
    return known if known.notna().mean() >= KNOWN and "customer" in sides and sides & {"agent", "bot"} else None


def _names(name: str, cells: pd.Series) -> bool:
    return normalise(name) in SPEAKERS and 1 < cells.nunique() < len(cells) and bool(cells.str.len().max() <= 60)


def _conversation(columns: dict[str, pd.Series], speaker: str, said: pd.Series) -> str | None:
    """The column whose values group turns of both sides, by its name."""
    named = [name for name in columns if name != speaker and _is_conversation(name)]
    # An id before a start time or a title of the conversation, which repeat as well.
    ranked = sorted(named, key=lambda name: {"id", "number", "no", "nr", "key"}.isdisjoint(normalise(name).split()))
    return next((name for name in ranked if _groups(columns[name], said)), None)


def _is_conversation(name: str) -> bool:
    words = normalise(name).split()
    return any(word.startswith(CONVERSATIONS) for word in words) or any(each in name for each in CONVERSATIONS[-10:])


def _groups(ids: pd.Series, said: pd.Series) -> bool:
    turns = said.groupby(ids, sort=False)
    long = turns.size() > 1
    return bool(long.any()) and float((turns.nunique() > 1)[long].mean()) >= BOTH


def _words(columns: dict[str, pd.Series], taken: set[str]) -> str | None:
    """The column with the words: by its name, else the longest."""
    free = {name: cells for name, cells in columns.items() if name not in taken}
    named = [name for name in free if normalise(name) in WORDS or headers.match(name, "text") == headers.EXACT]
    pool = named or list(free)
    found = max(pool, key=lambda name: float(free[name].str.len().mean()), default=None)
    return found if found and float(free[found].str.count(r"\S+").mean()) > 1.5 else None


def _times(columns: dict[str, pd.Series], free: list[str], ids: pd.Series) -> tuple[str | None, str | None]:
    """The column with the time of each turn, or else with the seconds since the start."""
    offsets = [name for name in free if normalise(name) in OFFSETS and _numbers(columns[name])]
    dated = [name for name in free if name not in offsets and _dated(name, columns[name])]
    # The time of a turn changes within a conversation; its start does not.
    dated.sort(key=lambda name: (-int((columns[name].groupby(ids).nunique() > 1).sum()), free.index(name)))
    return (dated[0] if dated else None), (offsets[0] if offsets and not dated else None)


def _dated(name: str, cells: pd.Series) -> bool:
    named = normalise(name) in TIMES or headers.match(name, "created_at") > 0
    share = dates.share(cells.dropna().unique()[:50])
    return share >= 0.5 if named else share >= 0.9 and not _numbers(cells)


def _numbers(cells: pd.Series) -> bool:
    return bool(pd.to_numeric(cells, errors="coerce").notna().all())


def _turns(raw: pd.DataFrame, parts: Parts) -> pd.DataFrame:
    """The table with the columns that `conversations` knows, and those that are the same throughout a conversation."""
    alone = pd.Series([f"row {number}" for number in range(1, len(raw) + 1)], index=raw.index, dtype="string")
    ids = text_of(raw[parts.conversation]).fillna(alone)
    used = {parts.conversation, parts.speaker, parts.text, parts.at, parts.seconds, BROKEN, LINE}
    others = [str(name) for name in raw.columns if name not in used]
    kept = [name for name in others if (raw[name].groupby(ids).nunique() <= 1).all()]
    frame = pd.DataFrame({name: raw[name].groupby(ids).transform("first") for name in kept}, index=raw.index)
    labels = text_of(raw[parts.speaker])
    frame = frame.assign(
        channel=frame.get("channel", "call" if parts.seconds else "chat"),
        conversation=ids,
        speaker=labels.map({label: DIRECTIONS.get(normalise(label), label) for label in labels.dropna().unique()}),
        text=text_of(raw[parts.text]),
        at=dates.parse(raw[parts.at], parts.at).times if parts.at else pd.Series(pd.NaT, index=raw.index, dtype=TIME),
        seconds=pd.to_numeric(raw[parts.seconds], errors="coerce") if parts.seconds else None,
        **{name: raw[name] for name in (BROKEN, LINE) if name in raw},
    )
    left = [name for name in others if name not in kept]
    told = [note(f"Columns that change from turn to turn were left out: {', '.join(left)}")] if left else []
    frame.attrs = {**raw.attrs, "notes": (*raw.attrs.get("notes", ()), *told), "finish": finish}
    return frame

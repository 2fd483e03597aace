"""Slack exports: a zip, or the folder it was unpacked to, of `<channel>/YYYY-MM-DD.json` beside `users.json`.

| in the export | becomes |
|---|---|
| a person's message | a row with `text`; mentions are `@user`, for names are nobody's business |
| `ts`, `thread_ts`, `user` | `created_at`, `response_id`, `customer_id` |
| channel, reply of another person | `slack_channel`, `first_reply_at` |
| bots, joins, topics and other subtypes | `skip` |
| people of another team (Slack Connect) | customers, where there are any; the own team's messages are `agent_text` |
"""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers.archives import DAMAGED, is_zip, read_member
from voc.readers.conversations import fields_of, with_replies
from voc.readers.formats import Head, reader
from voc.readers.recognition import BROKEN, LINE, SKIP, note
from voc.readers.turns import moment
from voc.tables import TIME

DAY: Final = re.compile(r"(?:^|/)([^/]+)/\d{4}-\d{2}-\d{2}\.json$")
LARGEST_DAY: Final = 2**27
LARGEST: Final = 2**31
"""Bytes that a day, and all days, may unpack to; guarded by `test_slack_bombs`."""
PEOPLE: Final = ("thread_broadcast", "file_share", "me_message", "reply_broadcast", "")
"""Subtypes of messages that people write."""

Days = Iterator[tuple[str, bytes]]


def is_export(folder: Path) -> bool:
    """A folder with users and channels, and days in the folders of channels."""
    return (folder / "users.json").is_file() and any(
        DAY.search(each.as_posix()) for each in folder.glob("*/????-??-??.json")
    )


def looks_slack(head: Head) -> bool:
    """A zip of days in folders of channels."""
    if not head.start.startswith(b"PK\x03\x04") or not is_zip(head.path):
        return False
    try:
        with zipfile.ZipFile(head.path) as packed:
            names = packed.namelist()
    except DAMAGED:
        return False
    return any(map(DAY.search, names)) and any(PurePosixPath(name).name == "users.json" for name in names)


@reader("slack", sniff=looks_slack, rank=13, suffixes=(".zip",), is_export=is_export)
def read_slack(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """One row per message, in the order of channels and time."""
    rows: list[dict[str, Any]] = []
    teams: dict[str, str] = {}
    try:
        for name, content in _in_folder(path) if path.is_dir() else _in_zip(path):
            found = _list(content)
            channel = DAY.search(name)
            if found is None:
                rows.append({BROKEN: "broken file: no list of messages", LINE: PurePosixPath(name).name})
            elif channel:
                rows += [_message(each, channel[1]) for each in found if isinstance(each, dict)]
            else:
                teams |= {str(each.get("id")): str(each.get("team_id")) for each in found if isinstance(each, dict)}
    except DAMAGED as error:
        raise InputError(f"{path.name} cannot be unpacked: {error}") from error
    if not rows:
        raise InputError(f"{path.name} holds no messages of Slack")
    return _finished(pd.DataFrame(rows), teams)


def _wanted(name: str) -> bool:
    return bool(DAY.search(name)) or PurePosixPath(name).name == "users.json"


def _in_folder(folder: Path) -> Days:
    for file in sorted(folder.rglob("*.json")):
        if _wanted(file.relative_to(folder).as_posix()):
            yield file.relative_to(folder).as_posix(), file.read_bytes()


def _in_zip(path: Path) -> Days:
    left = LARGEST
    with zipfile.ZipFile(path) as packed:
        for member in sorted(packed.infolist(), key=lambda each: each.filename):
            if _wanted(member.filename) and not member.filename.startswith("__MACOSX"):
                content = read_member(packed, member, min(LARGEST_DAY, left))
                left -= len(content)
                yield member.filename, content


def _list(content: bytes) -> list[Any] | None:
    try:
        found = json.loads(content.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _message(message: dict[str, Any], channel: str) -> dict[str, Any]:
    stamp = str(message.get("ts") or "")
    subtype = str(message.get("subtype") or "")
    is_bot = bool(message.get("bot_id")) or subtype == "bot_message" or message.get("user") == "USLACKBOT"
    text = message.get("text")
    return {
        "message_id": f"{channel}-{stamp}",
        "thread": f"{channel}-{message.get('thread_ts') or stamp}",
        "created_at": moment(float(stamp)) if re.fullmatch(r"\d{9,11}\.\d+", stamp) else None,
        "text": plain(text) if isinstance(text, str) else None,
        "customer_id": message.get("user") if isinstance(message.get("user"), str) else None,
        "slack_channel": channel,
        "reactions": sum(_count(each) for each in message.get("reactions") or () if isinstance(each, dict)),
        "team": str(message.get("user_team") or message.get("source_team") or ""),
        SKIP: "message of a bot" if is_bot else None if subtype in PEOPLE else f"notice of Slack: {subtype[:40]}",
    }


def _count(reaction: dict[str, Any]) -> int:
    count = reaction.get("count")
    return count if isinstance(count, int) else 0


def plain(text: str) -> str:
    """Slack's marks as plain text.

    >>> plain("<@U1|ana> see <https://a.example/b|the page> in <#C2|help> &amp; <!here>")
    '@user see the page in #help & @here'
    """
    marks: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
        (r"<@[UWB]\w{0,30}(?:\|[^>]{0,80})?>", "@user"),
        (r"<#\w{1,30}\|([^>]{0,80})>", r"#\1"),
        (r"<#\w{1,30}>", "#channel"),
        (r"<!(?:subteam\^\w{1,30})(?:\|[^>]{0,80})?>", "@team"),
        (r"<!(\w{1,20})(?:[|^][^>]{0,200})?>", r"@\1"),
        (r"<((?:https?|mailto|tel):[^|>\s]{1,2000})\|([^>]{1,500})>", r"\2"),
        (r"<((?:https?|mailto|tel):[^|>\s]{1,2000})>", r"\1"),
    ]
    for mark, instead in marks:
        text = re.sub(mark, instead, text)
    return html.unescape(text).replace("\0", "")


def _finished(frame: pd.DataFrame, teams: dict[str, str]) -> pd.DataFrame:
    """Roles where the export tells them, else every person's message is feedback."""
    for name in ("message_id", "thread", "created_at", "text", "customer_id", "team", SKIP):
        if name not in frame:
            frame[name] = None
    frame["created_at"] = pd.to_datetime(frame["created_at"], utc=True).astype(TIME)
    frame["text"] = frame["text"].astype("string")
    team = frame["team"].astype("string")
    known = team.mask(team == "").fillna(frame["customer_id"].map(teams).astype("string"))
    home = Counter(teams.values()).most_common(1)[0][0] if teams else ""
    foreign = known.notna() & (known != home) & frame[SKIP].isna() if home else frame[SKIP].isna() & frame[SKIP].notna()
    notes = [note("Mentions are shown as @user; names of people are not taken from the export")]
    if foreign.any():
        own = ~foreign & frame[SKIP].isna()
        frame = with_replies(frame, own)
        frame[SKIP] = frame[SKIP].mask(own, "written by the own team")
        notes.append(note("People of other teams are taken for the customers", int(foreign.sum())))
    else:
        frame["first_reply_at"] = _first_replies(frame)
        notes.append(note("Slack does not tell who is a customer: every person's message is taken for feedback"))
    kept = frame.drop(columns="team").assign(channel="chat")
    named = {"message_id": "feedback_id", "thread": "response_id", "text": "text"}
    kept.attrs = {"columns": fields_of(kept, named), "notes": tuple(notes), "sure": True, "encoding": "UTF-8"}
    return kept


def _first_replies(frame: pd.DataFrame) -> pd.Series:
    """For the first message of a thread: when another person answered."""
    people = frame[frame[SKIP].isna()].sort_values("created_at", kind="stable")
    first: dict[Any, Any] = {}
    for _, thread in people.groupby("thread", sort=False):
        others = thread[thread["customer_id"] != thread["customer_id"].iloc[0]]
        if len(others):
            first[thread.index[0]] = others["created_at"].iloc[0]
    found = pd.Series(first, dtype=object).reindex(frame.index)
    return pd.to_datetime(found, utc=True).astype(TIME)

"""Transcripts of chats and calls: text with speakers, WebVTT, SRT, and turns as JSON or as a table.

| source | in the file | becomes |
|---|---|---|
| all | the customer's turns; the agent's and the bot's | `text`; `agent_text` |
| | first turn; first reply of an agent, last turn of an agent | `created_at`; `first_reply_at`, `resolved_at` |
| text | `Customer: …`, `[10:02] Anna: …`, `Agent (10:02:33): …` | turns; other lines go on with the last |
| | `---`, `Chat ID: 17`, `Conversation 3` | the next conversation |
| WebVTT, SRT | `<v Anna>…</v>`, `Agent: …` | turns; cues of one speaker are one turn |
| JSON, CSV | role, text, time under their usual names | turns; other values of the conversation are columns |
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import dates, delimited, encodings
from voc.readers.conversations import as_turns, finish, role
from voc.readers.formats import Head, reader
from voc.readers.headers import EXACT, match
from voc.readers.recognition import note
from voc.readers.tabular import blocks_of

STAMP: Final = (
    r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4}[,T ]{0,2} ?)?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?"
    r"(?: ?[AaPp]\.?[Mm]\b\.?)?(?:Z| ?UTC)?"
)
SPOKEN: Final = re.compile(
    rf"^\s{{0,8}}[\[(]?({STAMP})?[\])]?\s{{0,3}}[-–—|]?\s{{0,3}}([^\W\d_][^:：\[\]()<>|\n]{{0,40}}(?:\([^()\n]{{1,30}}\))?)"
    rf"\s{{0,2}}(?:[\[(]({STAMP})[\])])?\s?[:：]\s*(.*)$",
    re.DOTALL,
)
"""Time, speaker, time, words; one of the times or none."""
RULE: Final = re.compile(r"^\s*(?:[-=*_#~]{3,})\s*$")
OPENING: Final = re.compile(
    r"^[\W_]{0,6}(?:conversation|chat|transcript|session|case|ticket|call|gespräch|unterhaltung|chatverlauf|anruf|"
    r"conversación|conversa|conversazione|discussion|échange|appel|llamada|gesprek|rozmowa|разговор|диалог|чат|pokalbis|"
    r"会话|对话|会話|대화)\s{0,2}(?:id|no\.?|nr\.?|n[º°]|number|nummer)?\s{0,2}[#:：]?\s{0,2}([\w-]{1,40})[\W_]{0,6}$",
    re.IGNORECASE,
)
SHARE: Final = 0.6
"""Share of the lines that must have a speaker for a text to be a transcript: comments have colons at random. Guarded by
`test_comments_are_no_transcript`."""
MOST_SPEAKERS: Final = 12
LARGEST: Final = 2**27
"""Characters of a transcript, which is held whole: 128 million take about a gigabyte."""
HEADINGS: Final = ("created_at", "other_date", "feedback_id", "title", "channel", "question", "csat", "rating")
DAY: Final = re.compile(r"(?<!\d)(20\d{2})[-_.]?(0[1-9]|1[0-2])[-_.]?([0-2]\d|3[01])(?!\d)")
CUE: Final = re.compile(r"^\s*((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})\s*-->\s*(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}")
VOICE: Final = re.compile(r"<v(?:\.[\w.]+)?\s+([^>\n]{1,80})>")
HEADER: Final = re.compile(r"^\s*([^:：\n]{2,30})\s*[:：]\s*(.{4,40}?)\s*$")


def lines_of(path: Path) -> tuple[str, Iterator[str]]:
    """The encoding of a text file, and its lines without their ends."""
    encoding = encodings.detect(blocks_of(path))
    lines = _bounded(delimited.lines(encodings.decode(blocks_of(path), encoding)), path.name)
    return encoding.label, (line.rstrip("\r\n").removeprefix("\ufeff") for line in lines)


def _bounded(lines: Iterable[str], name: str) -> Iterator[str]:
    """The lines, which are held all together; InputError where they are too many."""
    size = 0
    for line in lines:
        size += len(line)
        if size > LARGEST:
            raise InputError(f"{name} has more than {LARGEST >> 20} million characters; voc reads shorter transcripts")
        yield line


# ---------------------------------------------------------------------------------------------------------------- text


def speakers_of(lines: Iterable[str]) -> tuple[set[str], float]:
    """The labels that speak in a text, and the share of its lines that belong to one.

    A label speaks if its word tells its part, or if it comes again; the words of a list or a heading do not.
    """
    filled = [line for line in lines if line.strip() and not RULE.match(line)]
    found = [match_[2].strip() for line in filled if (match_ := SPOKEN.match(line)) and not OPENING.match(line)]
    counts = Counter(found)
    known = {label for label, count in counts.items() if role(label) or (count > 1 and _may_speak(label))}
    return known, sum(counts[label] for label in known) / max(len(filled), 1)


def _may_speak(label: str) -> bool:
    """Whether a label can be a name: a few words that head no field, such as Date."""
    return len(label.split()) <= 4 and all(match(label, field) < EXACT for field in HEADINGS)


def looks_spoken(head: Head) -> bool:
    """Text in which most lines begin with one of a few speakers."""
    if head.is_binary or (head.text.lstrip()[:1] in ("{", "[", "<") and not SPOKEN.match(head.text.lstrip())):
        return False
    known, share = speakers_of(islice(head.text.splitlines(), 400))
    named = {role(label) for label in known} & {"customer", "agent"}
    return share >= (SHARE / 2 if len(named) == 2 else SHARE) and 2 <= len(known) <= (1000 if named else MOST_SPEAKERS)


@reader("transcript", sniff=looks_spoken, rank=60, suffixes=(".txt", ".log"))
def read_transcript(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The turns of a text; `finish` makes conversations of them."""
    encoding, found = lines_of(path)
    lines = list(found)
    known, _ = speakers_of(lines)
    if not known:
        raise InputError(f"{path.name} names no speakers; voc reads lines such as 'Customer: …' and 'Agent: …'")
    rows = list(_turns(lines, known))
    frame = as_turns([{**row, "channel": "chat"} for row in rows])
    notes = _dated(frame, path)
    frame.attrs = {"finish": finish, "encoding": encoding, "notes": tuple(notes)}
    return frame


def _turns(lines: Iterable[str], known: set[str]) -> Iterator[dict[str, Any]]:
    """One turn after the other; a line without a speaker goes on with the last."""
    number, key, day = 1, "1", ""
    turn: dict[str, Any] | None = None
    began = False
    for line in lines:
        spoken = SPOKEN.match(line)
        opening = OPENING.match(line)
        if RULE.match(line) or (opening and not (spoken and spoken[2].strip() in known)):
            if turn:
                yield turn
            if began:
                number, began, day = number + 1, False, ""
            turn, key = None, opening[1] if opening else key if not began and key != str(number - 1) else str(number)
        elif spoken and spoken[2].strip() in known:
            if turn:
                yield turn
            stamp = spoken[1] or spoken[3] or ""
            turn = {"conversation": key, "speaker": spoken[2].strip(), "text": spoken[4], "stamp": stamp, "day": day}
            began = True
        elif turn is not None:
            turn["text"] += f"\n{line}"
        elif (about := HEADER.match(line)) and match(about[1], "created_at") == EXACT:
            day = about[2]
    if turn:
        yield turn


def _dated(frame: pd.DataFrame, path: Path) -> list[Any]:
    """Fill `at` and `seconds` from the stamps; a time of day needs a day, from the file's head or its name."""
    stamps = frame.pop("stamp").astype("string").str.strip()
    days = frame.pop("day").astype("string")
    notes = []
    bare = (
        stamps.str.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?([.,]\d+)?( ?[AaPp]\.?[Mm]\.?)?").fillna(value=False).astype(bool)
    )
    named = DAY.search(path.name)
    if named and bare.any() and not days.str.strip().ne("").any():
        days = days.mask(bare, "-".join(named.groups()))
        notes.append(note("The day of the conversations was taken from the name of the file"))
    begin = dates.parse(days.mask(days.str.strip() == "")).times.dt.strftime("%Y-%m-%d")
    whole = stamps.mask(bare, begin + " " + stamps).mask(bare & begin.isna()).mask(stamps == "")
    parsed = dates.parse(whole)
    frame["at"] = parsed.times
    frame["at"] = frame["at"].fillna(dates.parse(days.mask(days.str.strip() == "")).times)
    frame["seconds"] = [_seconds(stamp) if clock else None for stamp, clock in zip(stamps, bare, strict=True)]
    if parsed.doubt:
        notes.append(note(f"Dates of turns: {parsed.doubt}"))
    return notes


def _seconds(clock: str) -> float | None:
    """Seconds since midnight, or since the start."""
    found = re.match(r"(\d+):(\d{2})(?::(\d{2}))?(?:[.,](\d+))?(?: ?([AaPp]))?", clock)
    if not found:
        return None
    hours = int(found[1]) % 12 + 12 * (found[5].lower() == "p") if found[5] else int(found[1])
    return hours * 3600 + int(found[2]) * 60 + int(found[3] or 0) + float(f"0.{found[4] or 0}")


# --------------------------------------------------------------------------------------------------------- WebVTT, SRT


def looks_vtt(head: Head) -> bool:
    """By its first word."""
    return not head.is_binary and bool(re.match(r"WEBVTT(\s|$)", head.text))


def looks_srt(head: Head) -> bool:
    """A number, then a line of times."""
    if head.is_binary:
        return False
    first = [line for line in islice(head.text.splitlines(), 10) if line.strip()][:2]
    return len(first) > 1 and first[0].strip().isdecimal() and bool(CUE.match(first[1]))


@reader("vtt", sniff=looks_vtt, rank=20, suffixes=(".vtt",))
def read_vtt(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The turns of a call in WebVTT; `finish` makes a conversation of them."""
    return _call(path)


@reader("srt", sniff=looks_srt, rank=21, suffixes=(".srt",))
def read_srt(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The turns of a call in SubRip; `finish` makes a conversation of them."""
    return _call(path)


def _call(path: Path) -> pd.DataFrame:
    encoding, lines = lines_of(path)
    cues = list(_cues(lines))
    if not cues:
        raise InputError(f"{path.name} holds no cues: lines such as 00:00:01.000 --> 00:00:04.000 and words below")
    rows = list(_spoken(cues))
    notes = []
    if not any(row["speaker"] for row in rows):
        notes.append(note("No speakers are named: everything that is said was taken for the customer's words"))
    day = DAY.search(path.name)
    moment = dates.parse(pd.Series(["-".join(day.groups())], dtype="string")).times.iloc[0] if day else None
    if moment is not None and not pd.isna(moment):
        notes.append(note("The day of the call was taken from the name of the file"))
        rows = [{**row, "at": moment + pd.Timedelta(seconds=row["seconds"])} for row in rows]
    frame = as_turns([{**row, "conversation": "1", "channel": "call"} for row in rows])
    frame.attrs = {"finish": finish, "encoding": encoding, "notes": tuple(notes)}
    return frame


def _cues(lines: Iterable[str]) -> Iterator[tuple[float, str]]:
    """Start and words of each cue; notes, styles and numbers of cues are none."""
    start: float | None = None
    words: list[str] = []
    for line in lines:
        timing = CUE.match(line)
        if timing or not line.strip():
            if start is not None and words:
                yield start, "\n".join(words)
            start, words = (_cue_seconds(timing[1]) if timing else None), []
        elif start is not None:
            words.append(line.strip())
    if start is not None and words:
        yield start, "\n".join(words)


def _cue_seconds(clock: str) -> float:
    parts = [float(part) for part in clock.replace(",", ".").split(":")]
    return sum(part * 60**power for power, part in enumerate(reversed(parts)))


def _spoken(cues: list[tuple[float, str]]) -> Iterator[dict[str, Any]]:
    """Turns: voices from their tags, or from what stands before a colon; cues of one speaker are joined."""
    known, _ = speakers_of(line for _, words in cues for line in words.split("\n"))
    turn: dict[str, Any] | None = None
    for start, words in cues:
        for speaker, said in _voices(words, known):
            if turn and (speaker is None or speaker == turn["speaker"]):
                turn["text"] += f" {said}"
            else:
                if turn:
                    yield turn
                turn = {"speaker": speaker, "text": said, "seconds": start}
    if turn:
        yield turn


def _voices(words: str, known: set[str]) -> Iterator[tuple[str | None, str]]:
    pieces = VOICE.split(words)
    if len(pieces) > 1:
        for speaker, said in zip(["", *pieces[1::2]], pieces[0::2], strict=True):
            if plain := _untagged(said):
                yield (speaker.strip() or None), plain
        return
    for line in words.split("\n"):
        bare = re.sub(r"^\s*(?:[-–]\s+|>>\s*)", "", _untagged(line))
        labelled = re.match(r"^\[([^\]\n]{1,40})\]\s*:?\s*(.+)$", bare) or SPOKEN.match(bare)
        if labelled and labelled.re is not SPOKEN and role(labelled[1]):
            yield labelled[1].strip(), labelled[2]
        elif labelled and labelled.re is SPOKEN and labelled[2].strip() in known:
            yield labelled[2].strip(), labelled[4]
        elif bare:
            yield None, bare


def _untagged(said: str) -> str:
    return re.sub(r"</?[a-zA-Z][^>\n]{0,80}>|</?\d[\d:.]*>", "", said).strip()

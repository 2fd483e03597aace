"""Writes synthetic comments out of the phrase books in `phrases/`, one TOML file per language.

A phrase is a whole sentence or clause with choices: [a|b] stands for one of them, {slot} for a value. Knows nothing of
what is planted in the example, and writes no file.
"""

from __future__ import annotations

import random
import re
import tomllib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

CLASHES = {"internet": "internet_good", "price": "value", "appointment": "technician", "hotline": "agent"}
STYLES = {"full": 0.36, "more": 0.19, "short": 0.15, "two": 0.08, "mixed": 0.16, "story": 0.06}
MIXED_SCORES = (5, 6, 6, 7, 7, 7, 8)
EMOJI = {True: ("😡", "🙄", "😤", "👎", "😞"), False: ("😊", "👍", "💚", "⭐", "🙏")}
CAPITAL_AFTER_COLON = {"de", "en"}
UNACCENTED = {"de": 0.0, "lt": 0.15, "pl": 0.15}
SHORT, TOO_ALIKE = 24, 0.72
"""Length up to which people may write the same by chance, and the share of common letter groups at which a new comment
is written anew: the only copies must be the planted ones."""


@dataclass(frozen=True)
class Part:
    """A piece of a comment, and the complaint or praise it tells of."""

    text: str
    topic: str | None = None


@dataclass
class Row:
    """One answer of the survey, and what is true of it."""

    when: datetime
    language: str
    segment: str
    country: str
    score: int
    scored: bool = True
    parts: list[Part] = field(default_factory=list)
    truths: set[str] = field(default_factory=set)
    channel: str = ""
    customer: str = ""
    response: str = ""

    @property
    def comment(self) -> str:
        """The text of the answer."""
        return join(self.parts)


class Writer:
    """Writes comments out of the phrase books; holds the random state and what has been written so far."""

    def __init__(self, folder: Path, *, seed: int, complaints: Sequence[str], praise: dict[str, float]) -> None:
        self.random = random.Random(seed)
        self.books = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in folder.glob("*.toml")}
        self.complaints, self.praises = complaints, praise
        self.written: dict[str, list[set[str]]] = {language: [] for language in self.books}

    def pick(self, weights: dict[str, float]) -> str:
        """One key, by weight."""
        return self.random.choices(list(weights), list(weights.values()))[0]

    def chance(self, share: float) -> bool:
        """True in `share` of the cases."""
        return self.random.random() < share

    def fill(self, phrase: str, book: dict[str, Any], when: datetime, **given: str) -> str:
        """`phrase` with one of each [a|b] and a value in each {slot}; {slot:U} starts with a capital."""

        def slot(match: re.Match[str]) -> str:
            name, capital = match[1], bool(match[2])
            value = given.get(name) or self.slot(name, book, when)
            return value[:1].upper() + value[1:] if capital else value

        chosen = re.sub(r"\[([^\[\]]*)\]", lambda match: self.random.choice(match[1].split("|")), phrase)
        return re.sub(r"\{(\w+)(:U)?\}", slot, chosen)

    def slot(self, name: str, book: dict[str, Any], when: datetime) -> str:
        """A value for a slot: money of the country, a month that has passed, else one of the book's words."""
        if name == "money":
            whole, cents = self.random.randint(12, 180), self.random.choice(("00", "50", "90", "99", "40"))
            return str(book["money"]).replace("W", str(whole)).replace("C", cents)
        if name == "in_month":
            return str(book["in_month"][max(0, when.month - 1 - self.random.randint(0, 1))])
        return str(self.random.choice(book[name]))

    def complaint(self, row: Row, topic: str, *, curt: bool = False) -> list[Part]:
        """A comment about one complaint, in one of the ways people write them; `curt` = in one short clause."""
        book = self.books[row.language]
        phrases = book["complaints"][topic]
        style = "short" if curt else self.pick(STYLES)
        if style in ("mixed", "story"):
            row.score = self.random.choice(MIXED_SCORES)
            return self.mixed(row, topic) if style == "mixed" else self.story(row, topic)
        core = self.phrase(row, phrases["short" if style == "short" else "full"], lead=style == "short")
        parts = [Part(core, topic)]
        if style == "more":
            parts.append(Part(self.fill(self.random.choice(phrases["more"]), book, row.when), topic))
        if style == "two":
            other = self.random.choice([name for name in self.complaints if name != topic])
            parts.append(Part(self.phrase(row, book["complaints"][other]["full"], lead=False), other))
        return self.dressed(row, parts, bad=True)

    def story(self, row: Row, topic: str) -> list[Part]:
        """A longer comment: what is good, in full, then what is not."""
        book = self.books[row.language]
        loved, phrases = self.loved(topic), book["complaints"][topic]
        complaint = self.phrase(row, phrases["full"], lead=False)
        if row.language not in CAPITAL_AFTER_COLON:
            complaint = complaint[:1].lower() + complaint[1:]
        turn = Part(f" {self.random.choice(book['turns'])} ")
        parts = [Part(self.phrase(row, book["praise"][loved]["full"], lead=False), loved), turn, Part(complaint, topic)]
        if self.chance(0.5):
            parts.append(Part(self.fill(self.random.choice(phrases["more"]), book, row.when), topic))
        return self.dressed(row, parts, bad=True)

    def loved(self, topic: str) -> str:
        """Something to praise that does not clash with a complaint about `topic`."""
        return self.pick({name: share for name, share in self.praises.items() if name != CLASHES.get(topic)})

    def mixed(self, row: Row, topic: str) -> list[Part]:
        """Praise and complaint in one breath; the complaint is a part of its own."""
        book = self.books[row.language]
        loved = self.loved(topic)
        words = {
            "praise": self.fill(self.random.choice(book["praise"][loved]["short"]), book, row.when),
            "complaint": self.fill(self.random.choice(book["complaints"][topic]["short"]), book, row.when),
        }
        topics = {"praise": loved, "complaint": topic}
        parts = []
        for piece in re.split(r"(\{\w+\})", self.random.choice(book["contrast"])):
            name = piece.strip("{}").lower()
            capital = name in words and piece[1].isupper()
            text = upper_first(words[name]) if capital else words.get(name, piece)
            parts.append(Part(text, topics.get(name)))
        return [part for part in parts if part.text]

    def remark(self, row: Row, kind: str) -> list[Part]:
        """A phrase as it stands in the book."""
        book = self.books[row.language]
        return [Part(self.fill(self.random.choice(book[kind]), book, row.when))]

    def praise(self, row: Row) -> list[Part]:
        """A comment about one or two things the customer likes."""
        book = self.books[row.language]
        first, second = self.pick(self.praises), self.pick(self.praises)
        style = self.pick({"full": 0.55, "short": 0.3, "two": 0.15})
        phrases = book["praise"][first]["short" if style == "short" else "full"]
        parts = [Part(self.phrase(row, phrases, lead=False), first)]
        if style == "two" and second != first:
            parts.append(Part(self.phrase(row, book["praise"][second]["full"], lead=False), second))
        return self.dressed(row, parts, bad=False)

    def phrase(self, row: Row, phrases: list[str], *, lead: bool) -> str:
        """One sentence; a clause gets a capital, a full stop, and sometimes a "to be honest" in front."""
        book = self.books[row.language]
        text = self.fill(self.random.choice(phrases), book, row.when)
        if lead and self.chance(0.2):
            text = f"{self.random.choice(book['leads'])} {text}"
        return finished(upper_first(text))

    def dressed(self, row: Row, parts: list[Part], *, bad: bool) -> list[Part]:
        """The comment with a greeting in front and a last word behind, now and then."""
        book = self.books[row.language]
        if self.chance(0.1):
            parts = [Part(self.random.choice(book["greetings"]) + self.random.choice((",\n", ",\n", "! "))), *parts]
        if self.chance(0.25):
            closing = self.random.choice(book["closings_bad" if bad else "closings_good"])
            parts = [*parts, Part(self.fill(closing, book, row.when))]
        return parts

    def fresh(self, row: Row, write: Callable[[], list[Part]]) -> list[Part]:
        """What `write()` writes, anew until it is unlike every comment of its language."""
        for _ in range(200):
            parts = self.worn(row, write())
            text = join(parts)
            groups = letter_groups(text)
            if len(text) <= SHORT or all(likeness(groups, other) < TOO_ALIKE for other in self.written[row.language]):
                break
        self.written[row.language].append(groups)
        return parts

    def worn(self, row: Row, parts: list[Part]) -> list[Part]:
        """The comment as typed on a phone: lower case, lost accents and full stops, typos, shouting, emoji."""
        changes = []
        if self.chance(0.10):
            changes.append(str.lower)
        if self.chance(UNACCENTED.get(row.language, 0.05)):
            changes.append(without_accents)
        if self.chance(0.09):
            changes.append(self.typo)
        if row.score <= 2 and self.chance(0.06):
            changes.append(str.upper)
        for change in changes:
            parts = [replace(part, text=change(part.text)) for part in parts]
        ending = parts[-1]
        if ending.text.endswith(".") and self.chance(0.35):
            stop = self.random.choice(("", "", "...") if row.score in MIXED_SCORES else ("", "", "", "!", "!!", "..."))
            parts = [*parts[:-1], replace(ending, text=ending.text[:-1] + stop)]
        if row.score not in MIXED_SCORES and self.chance(0.06):
            parts = [*parts, Part(f" {self.random.choice(EMOJI[row.score <= 6])}")]
        return parts

    def typo(self, text: str) -> str:
        """`text` with two letters swapped, one lost or one doubled, inside one longer word."""
        words = [match for match in re.finditer(r"[^\W\d_]{6,}", text) if match[0] != "Nordlicht"]
        if not words or self.chance(0.5):
            return text
        place = self.random.choice(words).start() + self.random.randint(1, 3)
        first, second = text[place], text[place + 1]
        return text[:place] + self.random.choice((second + first, second, first + first + second)) + text[place + 2 :]


def upper_first(text: str) -> str:
    """`text` with a capital in front."""
    return text[:1].upper() + text[1:]


def finished(text: str) -> str:
    """`text` with a full stop where it has no end."""
    return text if text[-1] in ".!?…" else f"{text}."


def without_accents(text: str) -> str:
    """`text` as typed without accents, letter for letter."""
    return "".join(unicodedata.normalize("NFD", letter)[0] for letter in text)


def join(parts: list[Part]) -> str:
    """The parts as one text: a space between them where neither brings its own."""
    text = ""
    for part in parts:
        text += (" " if needs_space(text, part.text) else "") + part.text
    return text.strip()


def needs_space(before: str, after: str) -> bool:
    """Whether two pieces would run together."""
    return bool(before and before[-1] in ".!?…" and after and not after[0].isspace() and after[0] not in ",.!?:")


def letter_groups(text: str) -> set[str]:
    """All runs of four letters, case folded."""
    folded = " ".join(text.casefold().split())
    return {folded[place : place + 4] for place in range(max(1, len(folded) - 3))}


def likeness(one: set[str], other: set[str]) -> float:
    """Jaccard similarity."""
    return len(one & other) / len(one | other)

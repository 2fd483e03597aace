"""Notes and definitions in the reader's language: stages say them in English, and a catalogue knows their sentences.

A catalogue, `notes/<code>.toml`, has sentences with braces for what differs from file to file. What a stage newly says
and no catalogue knows stays English and is marked as such for screen readers; a test lists what the stages say.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from voc.report.speech import Speech

NUMBERS = frozenset(
    "a all b base c code cost d days firm found high i least low mean n r range years".split()  # noqa: SIM905 (a list of names reads best as one)
)
"""Braces that hold nothing but figures."""
SPOKEN = frozenset({
    "better", "boxes", "doubt", "formula", "grade", "hours", "lacking", "parts", "reason", "rests", "scale", "score",
    "time",
})  # fmt: skip
"""Braces whose words are English too; all others hold names and quotes, which stay as they are."""
FIGURES = r"[-−+\d][-−\d.,e+]*"
MARKS = ("skip", "suspect")


@dataclass(frozen=True)
class Said:
    """A sentence and the language it is in."""

    text: str
    lang: str


@dataclass(frozen=True)
class Sentence:
    """One line of a catalogue."""

    pattern: re.Pattern[str]
    text: str


def translated(text: str, speech: Speech) -> Said:
    """A note or definition in the reader's language; in English where the catalogue does not know all of it."""
    if speech.code == "en":
        return Said(text, "en")
    found = _translated(text, speech)
    return Said(text, "en") if found is None else Said(found, speech.code)


def _translated(text: str, speech: Speech) -> str | None:
    """The whole sentence, else its parts between semicolons or commas; None where one is not known."""
    whole = _sentence(text, speech)
    if whole is not None:
        return whole
    for mark in ("; ", ", "):
        parts = text.split(mark)
        said = [_translated(part, speech) for part in parts] if len(parts) > 1 else [None]
        if None not in said:
            return mark.join(filter(None, said))
    return None


def _sentence(text: str, speech: Speech) -> str | None:
    for family in MARKS:
        key = f"{family}_{text.replace(' ', '_').lower()}"
        if speech.knows(key):
            return speech.say(key)
    for sentence in _catalogue(speech.code):
        match = sentence.pattern.fullmatch(text)
        if match is None:
            continue
        words = {name: _filled(name, words, speech) for name, words in match.groupdict().items()}
        if None not in words.values():
            return sentence.text.format(**words)
    return None


def _filled(name: str, words: str, speech: Speech) -> str | None:
    """What stands in a brace."""
    if name in SPOKEN:
        return _translated(words, speech)
    return _figures(words, speech) if name in NUMBERS else words


def _figures(words: str, speech: Speech) -> str:
    """Numbers with the separators of the language.

    >>> from voc.report.speech import speech_of
    >>> _figures("1,619", speech_of("de")), _figures("0.35", speech_of("de")), _figures("9-10", speech_of("de"))
    ('1.619', '0,35', '9-10')
    """
    plain = words.replace(",", "")
    if not re.fullmatch(r"\d+(\.\d+)?", plain):
        return words
    return speech.number(float(plain), len(plain.partition(".")[2]))


@cache
def _catalogue(code: str) -> tuple[Sentence, ...]:
    """The sentences of a language, those with most words of their own first."""
    found = files("voc.report") / "notes" / f"{code}.toml"
    lines = tomllib.loads(found.read_text(encoding="utf-8")) if found.is_file() else {}
    ordered = sorted(lines.items(), key=lambda line: -len(re.sub(r"{\w+}", "", line[0])))
    return tuple(Sentence(_pattern(english), text) for english, text in ordered)


def _pattern(english: str) -> re.Pattern[str]:
    """Matches the sentence with anything, or any figure, in its braces."""
    parts = re.split(r"{(\w+)}", english)
    names = {name: rf"(?P<{name}>{FIGURES if name in NUMBERS else '.+'})" for name in parts[1::2]}
    return re.compile("".join(names[part] if place % 2 else re.escape(part) for place, part in enumerate(parts)))

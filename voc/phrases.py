"""Phrases of a language found in a text: written as in the data files, `*` for a few words, `#` for a number.

Only the first words of the phrases are looked for, in the text's own distinct words: one pattern of all phrases, tried
at every letter, is ten times slower. This module knows no language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

WORDS = re.compile(r"\w+")
NO_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Scripts that put no space between words, so that a phrase may stand anywhere."""
GAP = 60
"""Characters that `*` may span: 'not only fast and kind but' still holds together."""


@dataclass(frozen=True)
class Phrases:
    """Phrases of one language: the words they begin with, their pattern, and whether they may stand within words."""

    opening: frozenset[str]
    pattern: re.Pattern[str]
    anywhere: bool

    def find(self, text: str, words: Words) -> Iterator[re.Match[str]]:
        """Every phrase in `text`, which has these words; the longest at each place, not overlapping."""
        if self.anywhere:
            yield from self.pattern.finditer(text)
            return
        done = 0
        for start in words.places(self.opening):
            if start >= done and (found := self.pattern.match(text, start)):
                done = found.end()
                yield found


@dataclass(frozen=True)
class Words:
    """A text in lower case and its distinct words, to look first words up in."""

    text: str
    distinct: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Words:
        """The words of `text`; letters that change their length in lower case (İ) stay, so that offsets hold."""
        lowered = text.lower()
        if len(lowered) != len(text):
            lowered = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
        return cls(lowered, frozenset(WORDS.findall(lowered)))

    def places(self, wanted: frozenset[str]) -> list[int]:
        """Where a wanted word begins, in order."""
        hits = (place.start() for word in wanted & self.distinct for place in _word(word).finditer(self.text))
        return sorted(start for start in hits if not (start and WORDS.match(self.text, start - 1, start)))


@lru_cache(maxsize=10_000)
def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(word)}(?!\w)")


def compiled(phrases: Sequence[str], *, anywhere: bool = False) -> Phrases:
    """The phrases, ready to be found; anywhere, also within words, where that is asked for or the script has no spaces.

    >>> text = "Not only slow but rude"
    >>> [found[0] for found in compiled(["not only * but"]).find(text, Words.of(text))]
    ['Not only slow but']
    """
    spread = anywhere or any(NO_SPACES.search(phrase) for phrase in phrases)
    opening = frozenset(found[0] for phrase in phrases if (found := WORDS.search(phrase)))
    return Phrases(opening, re.compile(alternatives(phrases, edges=not spread), re.IGNORECASE), spread)


def alternatives(phrases: Iterable[str], *, edges: bool) -> str:
    """One pattern that matches any of the phrases, the longest first; none where there are none."""
    ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return "|".join(_phrase(phrase, edges=edges) for phrase in ordered) or "(?!)"


def _phrase(phrase: str, *, edges: bool) -> str:
    """A phrase as a pattern: any white space between words, `*` for a few words, `#` for a number."""
    body = r"\s+".join(re.escape(word) for word in phrase.split())
    body = body.replace(r"\s+\*\s+", rf"\s[^.!?\n]{{0,{GAP}}}?\b").replace(r"\*", rf"[^.!?\n]{{0,{GAP}}}?")
    body = body.replace(r"\#", r"\d+").replace("'", "['’]")
    return f"(?:{body})" + (r"(?!\w)" if edges and re.search(r"[\w#]$", phrase) else "")

"""Clauses that say how somebody feels and not about what: "so frustrating", "einfach nur super". A part of `themes`.

A theme must be about something; such clauses go with the topic of their comment. Words are known by the data files of
languages (`tone`); a language without them has no such clauses. What this module does not do: judge how they feel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from voc.rules import load, noun_shares
from voc.theme_words import NOISE, SURELY_NOUN, stem

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
SPACELESS = frozenset({"zh", "ja"})
MOST_WORDS = 12
"""Longer clauses are about something even where every word is common."""
REMAINING = 1
"""Characters beside feelings that a Chinese or Japanese clause may have before it is about something."""


def without_topic(texts: Iterable[str], langs: Iterable[str]) -> np.ndarray:
    """Whether each text speaks of a feeling and of nothing else (n,).

    >>> without_topic(["This is so frustrating!", "So frustrating, this queue"], ["en", "en"]).tolist()
    [True, False]
    """
    return np.array([_says_feelings_only(text, lang) for text, lang in zip(texts, langs, strict=True)], dtype=bool)


def _says_feelings_only(text: str, lang: str) -> bool:
    text = NOISE.sub(" ", text)
    pattern = _tone(lang)
    if pattern is None:
        return False
    if lang in SPACELESS:
        rest, times = pattern.subn("", text)
        return times > 0 and len(re.findall(r"\w", rest)) <= REMAINING
    words = [word.lower().replace("’", "'") for word in WORD.findall(text)]
    if not 0 < len(words) <= MOST_WORDS or re.search(r"\d", text):
        return False
    tones = [bool(pattern.fullmatch(word)) for word in words]
    return any(tones) and all(tone or _says_nothing(word, lang) for tone, word in zip(tones, words, strict=True))


@lru_cache(maxsize=100_000)
def _says_nothing(word: str, lang: str) -> bool:
    """A stop word that is no noun ("call" and "time" are on such lists), or a contraction of one."""
    plain = word.removesuffix("n't").removesuffix("nt").partition("'")[0]
    if len(plain) < 2 or (len(plain) < 3 and plain != word):
        return True
    return plain in load(lang).plain_words and noun_shares(lang).get(stem(plain), 0.0) < SURELY_NOUN


@lru_cache(maxsize=64)
def _tone(lang: str) -> re.Pattern[str] | None:
    words = sorted(load(lang).tone, key=lambda word: (-len(word), word))
    patterns = (re.escape(word[:-1]) + r"\w*" if word.endswith("-") else re.escape(word) for word in words)
    return re.compile("|".join(patterns)) if words else None

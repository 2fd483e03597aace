"""Texts that nobody meant: keys hit at random, in any script with a keyboard row. Short words, codes, laughter and
dialect are none of that, so a text counts only where every word in it does."""

from __future__ import annotations

import re
from typing import Final

ROWS: Final = (
    "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "qsdfghjklm", "zxcvbnm", "yxcvbnm", "wxcvbn",
    "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ", "ضصثقفغعهخحج", "شسيبلاتنمك",
    "קראטוןםפ", "שדגכעיחלך", "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ",
)  # fmt: skip
"""Letters side by side on the keyboards of the world."""
RUN, FAR_RUN = 4, 5
"""Keys in a row that no word has by chance: four of Latin and Korean letters, five elsewhere ("мить" is a word)."""
COVERED: Final = 0.7
"""Share of a word that such runs must make: "property" and "пролив" have one of their own."""
VOWELLESS, VARIED = 7, 5
"""Letters and different letters of a word without a vowel that is none: shorter ones are codes ("HTTPS") and noises
("pfft"), uniform ones laughter ("wkwkwk"). Guarded by test_honest_words_are_no_gibberish."""
MOST_WORDS: Final = 4

WORD: Final = re.compile(r"[^\W\d_]+")
REPEATED: Final = re.compile(r"(.)\1+")
CHUNKS: Final = re.compile(r"(.{3,5}?)\1+.{0,2}")
CONSONANTS: Final = re.compile(r"[bcdfghjkmnpqstvwxz]+")
"""Without l and r, which carry syllables in Czech and its kin."""


def _pieces(length: int) -> frozenset[str]:
    both = (*ROWS, *(row[::-1] for row in ROWS))
    return frozenset(row[start : start + length] for row in both for start in range(len(row) - length + 1))


PIECES: Final = {length: _pieces(length) for length in (3, RUN, FAR_RUN)}


def is_gibberish(text: str) -> bool:
    """Whether a text is keyboard mash and nothing else.

    >>> is_gibberish("asdfgh jkl"), is_gibberish("фывапр"), is_gibberish("Wkwkwkwk mantap")
    (True, True, False)
    """
    words = WORD.findall(text)
    if not 0 < len(words) <= MOST_WORDS or any(character.isdigit() for character in text) or text.isupper():
        return False
    long = [word.casefold() for word in words if len(word) > 2]
    mashed = [_is_mash(word) for word in long]
    return any(mashed) and all(found or _on_row(word) for word, found in zip(long, mashed, strict=True))


def _is_mash(word: str) -> bool:
    squeezed = REPEATED.sub(r"\1", word)
    chunk = CHUNKS.fullmatch(word)
    if chunk and len(word) >= 6 and chunk[1][:3] in PIECES[3]:
        return True
    if CONSONANTS.fullmatch(squeezed) and len(squeezed) >= VOWELLESS and len(set(squeezed)) >= VARIED:
        return True
    run = RUN if squeezed[:1].isascii() or "\u3130" <= squeezed[:1] <= "\u318f" else FAR_RUN
    held = {
        place + step
        for place in range(len(squeezed) - run + 1) if squeezed[place : place + run] in PIECES[run]
        for step in range(run)
    }  # fmt: skip
    return len(held) >= max(COVERED * len(squeezed), run)


def _on_row(word: str) -> bool:
    """Whether a word stands on one row of a keyboard, as the rest of a mash does."""
    return word[:3] in PIECES[3] and len(word) <= 4

"""How well a column's header names a feedback field, by the header words in the language files."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from voc.rules import all_rules

EXACT: Final = 3
"""The header is the word, such as `Comment`."""
PARTIAL: Final = 2
"""The header contains the word among few others, such as `Comment of the guest`."""
LONG_HEADER: Final = 6
"""Words from which a header is a question ("How likely are you to recommend us?") in which single words mean little:
only phrases of two words count there, and QUESTION_WORDS. A higher figure finds more questions and misreads more;
guarded by `test_questions_as_headers`."""
QUESTION_FIELDS: Final = frozenset({"nps", "csat", "ces"})
"""Fields whose words are telling within a question as well: recommend, satisfied, effort."""
COMPOUND: Final = 7
"""Letters from which a word counts inside a compound, such as German Kundenzufriedenheit; guarded by
`test_header_words_in_many_languages`."""


def normalise(header: str) -> str:
    """Lower case, no accents, camel case and punctuation as spaces.

    >>> normalise("overall_Rating"), normalise("CreatedAt"), normalise("Évaluation (1-5)")
    ('overall rating', 'created at', 'evaluation 1 5')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", header)
    plain = "".join(c for c in unicodedata.normalize("NFKD", spaced.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+|#", plain))


@cache
def phrases(field: str) -> frozenset[str]:
    """The normalised header words of a field in every language."""
    words = {normalise(word) for rules in all_rules().values() for word in rules.columns.get(field, ())}
    return frozenset(words - {""})


@cache
def match(header: str, field: str) -> int:
    """EXACT, PARTIAL or 0: how well the header, without what stands in brackets, names the field."""
    name = normalise(re.sub(r"\(.*?\)|\[.*?\]", " ", header)) or normalise(header)
    known = phrases(field)
    if name in known or name == normalise(field):
        return EXACT
    words = name.split()
    question = len(words) >= LONG_HEADER
    for phrase in _runs(words):
        if phrase in known and (not question or " " in phrase or field in QUESTION_FIELDS):
            return PARTIAL
    compound = any(len(each) >= COMPOUND and each in word for word in words for each in known)
    return PARTIAL if compound and not question else 0


def _runs(words: list[str]) -> list[str]:
    """Every run of consecutive words, as a phrase."""
    return [" ".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)][
        :2000
    ]


def declared_scale(header: str) -> tuple[int, int] | None:
    """The scale that a header states.

    >>> declared_scale("Satisfaction (1-5)"), declared_scale("Rate us from 0 to 10"), declared_scale("Note /20")
    ((1, 5), (0, 10), (0, 20))
    """
    found = re.search(
        r"\b([01])\s*(?:-|–|—|\.\.|/|to|bis|a|à|até|al|t/m|do|iki|až|till|til|до)\s*(\d{1,3})\b", header.lower()
    )
    if found and int(found[2]) in (3, 4, 5, 6, 7, 10, 20, 100):
        return int(found[1]), int(found[2])
    found = re.search(r"(?:/|\bout of|\bsur|\bvon|\bsu|\bde|\bvan)\s*(5|7|10|20|100)\b", header.lower())
    return None if not found else (1 if int(found[1]) <= 10 else 0, int(found[1]))


@cache
def scales() -> tuple[tuple[frozenset[str], ...], ...]:
    """Worded scales of every language, each from worst to best; the words of one step are a set."""
    lines = {line: None for rules in all_rules().values() for line in rules.columns.get("scales", ())}
    return tuple(
        tuple(frozenset(normalise(word) for word in step.split(" / ")) for step in line.split(" | ")) for line in lines
    )


def low_is_good(header: str) -> bool | None:
    """Whether the header ties the lowest figure to the best ("1 = sehr gut") or the worst word; None = it does not say.

    >>> low_is_good("Note (1 = sehr gut, 6 = ungenügend)"), low_is_good("CSAT (1 = very dissatisfied)")
    (True, False)
    """
    found = re.search(r"\b[01]\s*(?:=|:|–|-|means)\s*([^,;)\d]+)", header)
    word = normalise(found[1]) if found else ""
    for scale in scales():
        for step, words in enumerate(scale):
            if word in words and 2 * step != len(scale) - 1:
                return 2 * step > len(scale) - 1
    return None


@cache
def month_numbers() -> dict[str, int]:
    """Month names and their short forms in every language -> 1 to 12."""
    found: dict[str, int] = {}
    for rules in all_rules().values():
        for number, names in enumerate(rules.columns.get("months", ()), start=1):
            for name in names.split():
                found.setdefault(normalise(name), number)
    return found


@cache
def frequent_words() -> frozenset[str]:
    """The commonest words of every language, in lower case: prose is full of them, names and titles are not."""
    return frozenset(word for rules in all_rules().values() for word in rules.columns.get("words", ()))

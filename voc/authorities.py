"""Whether a customer names a lawyer, a court, an authority or the press, in the words of the customer's language.

Many who threaten with one of these name it in common words. Where hardly any of the clauses that a model takes for such
threats do, the model was misled by what the file is about: heated patients are no lawyers. The words stand in the
languages' files (`authorities`). This module hears no threat itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from voc.rules import load

NAMED, FEW = 0.2, 5
"""Of threats at least this share names somebody in common words (59 of 100 written ones in 15 languages do, 2 of 100
other comments); of fewer clauses than FEW nothing can be said. Trades threats in a file that names nobody for a report
that hears lawyers where there are none. Guarded by test_a_file_of_heat_has_no_threats and
test_threats_name_somebody."""
UNSPACED = frozenset({"ar", "ja", "ko", "zh"})
"""Languages that write words together with what goes with them: a word counts wherever it stands."""


def threats(texts: Sequence[str], langs: Sequence[str]) -> list[bool]:
    """Which of the clauses of one file that a model takes for threats are believed: those that name somebody, and all
    where enough of them do."""
    named = names_authority(texts, langs)
    believed = len(named) < FEW or sum(named) >= NAMED * len(named)
    return [believed or each for each in named]


def names_authority(texts: Iterable[str], langs: Iterable[str]) -> list[bool]:
    """One verdict a text, in order; true where the language has no such words, for then nobody can tell.

    >>> names_authority(["I will call my solicitor", "They never call back"], ["en", "en"])
    [True, False]
    """
    patterns = ((text, _words_of(str(lang))) for text, lang in zip(texts, langs, strict=True))
    return [pattern is None or pattern.search(text.lower()) is not None for text, pattern in patterns]


@lru_cache(maxsize=64)
def _words_of(code: str) -> re.Pattern[str] | None:
    words = load(code).authorities
    if not words:
        return None
    escaped = [rf"{re.escape(word[:-1])}\w*" if word.endswith("-") else re.escape(word) for word in words]
    inside = "|".join(escaped)
    return re.compile(inside if code in UNSPACED else rf"(?<!\w)(?:{inside})(?!\w)")

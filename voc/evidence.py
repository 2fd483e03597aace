"""Whether what a model hears stands in the customer's own words: who threatens, leaves or needs care mostly says so.

Many who threaten name a lawyer, a court, an authority or the press in common words; most who leave say that they
cancel, switch or never come back; and who is old, ill, disabled, pregnant or a child is called so. Where too few of the
clauses that a model takes for such do, the model was misled by what the file is about: heated patients are no lawyers,
more tills are no farewell, and a loudspeaker that does not hear is not deaf. The words stand in the languages' files
(`authorities`, `leaving`, `frail`). This module hears nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from voc.rules import load

FEW = 5
"""Of fewer clauses nothing can be said: all are believed. Guarded by test_of_a_few_nothing_can_be_said."""
NAMED = {"legal": 0.3, "churn": 0.5, "vulnerable": 0.7}
"""Of clauses with such a signal at least this share names it in common words: of written ones in 15 languages 59 of 100
threats, 87 of 100 farewells and 94 of 100 who need care do, of all else 2, 3 and 6. Trades what is meant in rare words
for a report that hears lawyers, farewells or invalids where there are none. Guarded by test_signals_are_named,
test_a_file_of_heat_has_no_threats and test_where_two_of_five_are_named_only_those_are_believed."""
WORDS = {"legal": "authorities", "churn": "leaving", "vulnerable": "frail"}
"""The words of a language's file that name each signal; every other signal is believed as it is."""
UNSPACED = frozenset({"ar", "ja", "ko", "zh"})
"""Languages that write words together with what goes with them: a word counts wherever it stands."""


def believed(
    signal: str, texts: Sequence[str], langs: Sequence[str], *, sure: Sequence[bool] | None = None
) -> list[bool]:
    """Which of the clauses of one file that a model takes for a signal are believed: those that name it, and all where
    enough of those do that it is `sure` of (None = of all). The others are mostly false alarms: they tell nothing."""
    said = named(signal, texts, langs)
    asked = said if sure is None else [each for each, told in zip(said, sure, strict=True) if told]
    whole = len(asked) < FEW or sum(asked) >= NAMED[signal] * len(asked)
    return [whole or each for each in said]


def named(signal: str, texts: Iterable[str], langs: Iterable[str]) -> list[bool]:
    """One verdict a text, in order; true where the language has no such words, for then nobody can tell.

    >>> named("legal", ["I will call my solicitor", "They never call back"], ["en", "en"])
    [True, False]
    """
    patterns = ((text, _words_of(signal, str(lang))) for text, lang in zip(texts, langs, strict=True))
    return [pattern is None or pattern.search(_folded(text)) is not None for text, pattern in patterns]


def _folded(text: str) -> str:
    """In small letters, with plain apostrophes; a Turkish İ leaves a dot beside its i that no word has."""
    return text.lower().replace("’", "'").replace("i\u0307", "i")


@lru_cache(maxsize=128)
def _words_of(signal: str, code: str) -> re.Pattern[str] | None:
    words: tuple[str, ...] = getattr(load(code), WORDS[signal])
    if not words:
        return None
    escaped = [rf"{re.escape(word[:-1])}\w*" if word.endswith("-") else re.escape(word) for word in words]
    inside = "|".join(escaped)
    return re.compile(inside if code in UNSPACED else rf"(?<!\w)(?:{inside})(?!\w)")

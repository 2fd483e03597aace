"""Which clauses speak for a theme: one sentence that says it best, and a few quotes that differ. A part of `themes`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from voc.config import ThemesConfig
from voc.theme_vectors import similarity
from voc.theme_words import NOISE

NOVELTY, CLARITY = 0.5, 0.2
"""What a quote gains against being central (1): by being unlike the quotes already chosen (maximal marginal relevance),
and by a sure judgement and strong feeling. Chosen by reading quotes of hospital, hotel and product complaints."""

QUOTE_WORDS, SENTENCE_WORDS = (6, 40), (4, 20)
"""Words of a quote that is told in context, and of the one sentence that has to say it alone."""

NAMED = 1.0
"""What the sentence and the first quote gain by holding the words of the label: without them the two seem to speak of
different things. Guarded by test_the_first_quote_has_the_words_of_the_label."""

COPY = 0.75
"""The share of common words (Jaccard) from which a text is a copy of a quote, such as one form letter with a number of
its own each time. Lower loses quotes where customers happen to use the same few words. Guarded by
test_three_quotes_are_not_three_copies."""

CANDIDATES = 100
WORD = re.compile(r"[^\W\d_]+")

Label: TypeAlias = tuple[str, str]
"""A theme's label and the language it is in."""


def worth(texts: pd.DataFrame, of: str) -> np.ndarray:
    """How good a quote each text is (n,): central, clear, and without masked data. `texts` has fit, confidence and
    sentiment."""
    direction = {"complaints": -1.0, "praise": 1.0, "everything": 0.0}[of]
    clarity = texts["confidence"].fillna(0) + direction * texts["sentiment"].fillna(0)
    masked = np.array([NOISE.search(text) is not None for text in texts["text"]], float)
    return (texts["fit"] + CLARITY * clarity).to_numpy(float) - CLARITY * masked


def quote_ranks(
    points: np.ndarray, texts: pd.DataFrame, value: np.ndarray, labels: Sequence[Label], config: ThemesConfig
) -> pd.Series:
    """Rank 1 … `config.quotes` of the texts to quote per theme: worth it, and unlike one another; the first, which
    stands beside the label, with its words."""
    ranks = pd.Series(pd.NA, texts.index, dtype="Int32")
    for own, label in zip(_members(texts), labels, strict=True):
        candidates = _readable(texts, own, QUOTE_WORDS)
        first = _saying(texts, value, candidates, label)
        chosen = _unlike(points, value, candidates, texts, wanted=config.quotes, first=first)
        for rank, node in enumerate(chosen, start=1):
            ranks.iloc[node] = rank
    return ranks


def sentences(texts: pd.DataFrame, value: np.ndarray, labels: Sequence[Label]) -> list[str]:
    """Per theme 0, 1, 2 … the text that says it best in one sentence: in the language of its label, with its words.

    Longer ones, as whole comments without a full stop are, only where no short one has any of them.
    """
    chosen = []
    for own, label in zip(_members(texts), labels, strict=True):
        same = own[(texts["lang"].iloc[own] == label[1]).to_numpy(bool)]
        within = same if len(same) else own
        sizes = (SENTENCE_WORDS, QUOTE_WORDS)
        places = [_saying(texts, value, _readable(texts, within, words), label) for words in sizes]
        short, long = (" ".join(str(texts["text"].iloc[place]).split()) for place in places)
        chosen.append(long if _share(label[0], long) and not _share(label[0], short) else short)
    return chosen


def _saying(texts: pd.DataFrame, value: np.ndarray, candidates: np.ndarray, label: Label) -> int:
    """The candidate that is worth most with what it has of the label's words."""
    told = texts["text"].iloc[candidates].map(lambda text: _share(label[0], text)).to_numpy(float)
    return int(candidates[int(np.argmax(value[candidates] + NAMED * told))])


def _share(label: str, text: str) -> float:
    """Share of the label's phrases that the text holds, 0-1."""
    phrases = label.casefold().split(", ")
    return sum(phrase in text.casefold() for phrase in phrases) / len(phrases)


def _members(texts: pd.DataFrame) -> list[np.ndarray]:
    """Positions of every theme's texts, theme by theme."""
    themes = texts["theme"].to_numpy()
    return [np.flatnonzero(themes == theme) for theme in np.unique(themes)]


def _readable(texts: pd.DataFrame, own: np.ndarray, words: tuple[int, int]) -> np.ndarray:
    """Those of a readable length; all of them where none is."""
    fits = texts["text"].iloc[own].map(n_words).between(*words).to_numpy(bool)
    return own[fits] if fits.any() else own


def _unlike(
    points: np.ndarray, value: np.ndarray, candidates: np.ndarray, texts: pd.DataFrame, *, wanted: int, first: int
) -> list[int]:
    """`first`, then again and again the one most worthy and least like those before it; fewer where the rest are copies
    of them or of the same comment."""
    candidates = candidates[np.argsort(-value[candidates], kind="stable")]
    words = pd.Series([_words(text) for text in texts["text"].iloc[candidates]], dtype=object)
    apart = np.flatnonzero(~words.duplicated())[:CANDIDATES]
    candidates, said, comments = candidates[apart], words.iloc[apart], texts["feedback_id"]
    chosen: list[int] = []
    best = first
    penalty = np.zeros(len(candidates))
    while len(chosen) < wanted:
        chosen.append(best)
        alike = NOVELTY * similarity(points[candidates], points[best : best + 1])[:, 0]
        penalty = np.maximum(penalty, alike)
        penalty[(comments.iloc[candidates] == comments.iloc[best]).to_numpy(bool)] = np.inf
        penalty[_copies(said, _words(texts["text"].iloc[best]))] = np.inf
        if np.isinf(penalty).all():
            break
        best = int(candidates[int(np.argmax(value[candidates] - penalty))])
    return chosen


def _copies(said: Iterable[frozenset[str]], words: frozenset[str]) -> np.ndarray:
    """Which of the texts, as their words, say what `words` say."""
    return np.array([len(each & words) >= COPY * max(1, len(each | words)) for each in said], bool)


def _words(text: str) -> frozenset[str]:
    """The words of a text, folded, without numbers and signs; in scripts without spaces its pairs of characters."""
    found = WORD.findall(text.casefold())
    if n_words(text) == len(text.split()):
        return frozenset(found)
    signs = "".join(found)
    return frozenset(signs[place : place + 2] for place in range(max(1, len(signs) - 1)))


def n_words(text: str) -> float:
    """Words; in scripts without spaces about two characters make one."""
    words = len(text.split())
    return words if words * 15 > len(text) else len(text) / 2

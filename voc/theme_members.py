"""Which texts say what their theme is about, and where the others belong. A part of the room `themes`.

Texts lie near one another for how they tell as well as for what: "I asked and was told to wait" is near every other
story. What a theme is about, its words say. So a text that says none of them joins the nearest theme whose words it
does say, or none; and what holds few of its own words is no theme. What this module does not do: find groups, or name
them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from voc.theme_labels import Term, typical_terms
from voc.theme_vectors import centres, similarity
from voc.theme_words import UNSPACED, stem, tokens_of

WORDS = 12
"""The words of a theme and language that count, most typical first: 8 lost a fifth of the members that were read as
such, 25 let in a third more that were not. Guarded by `test_who_says_no_word_of_a_theme_is_no_member`."""

KNOWN = 30
"""Texts of one language in a theme from which on its words are known; of fewer, those are believed that lie near."""

BELIEVED = 0.65
"""How near the theme's centre these must lie, as a part of the median cosine of its texts: in the example export all
reports of fire do, in eight languages, and most of the odd remarks beside them ("tenkina") do not. Guarded by
`test_who_lies_far_off_must_say_the_words`."""

COVERED = 0.3
"""The share of a theme's texts that must say its words: in five exports that were read, 44 to 100 of 100 did in sound
themes, and 9 to 29 in heaps ("flight, wait": whatever somebody waited for, asked or was told). Guarded by
`test_a_heap_of_stories_is_no_theme`."""

OUTERMOST = 0.1
"""A text without a theme joins one when it is as near its centre as the outermost tenth of the theme's own."""

NOWHERE = -2
"""In place of a theme: the text says the words of none."""

Vocabulary: TypeAlias = Mapping[str, Sequence[int]]
"""Stems of one language, or pieces of unspaced writing, and the themes that they speak for."""


def members(points: np.ndarray, texts: pd.DataFrame, groups: np.ndarray, *, least: int) -> np.ndarray:
    """The theme of every text (n,), negative where it says the words of none.

    `texts` holds `text`, `lang`, `feedback_id` and `weight` of each; `groups` (n,) its theme, and what is negative
    there stays. A theme of `least` comments or more that fewer are left of is none, unless that leaves no theme at all.
    """
    inside = groups >= 0
    if not inside.any():
        return groups
    fit = similarity(points, centres(points[inside], groups[inside]))
    rows, own = np.arange(len(groups)), np.where(inside, groups, 0)
    central = texts[inside].assign(theme=groups[inside], fit=fit[rows, own][inside])
    said, known = _said(texts, groups, typical_terms(central), themes=fit.shape[1])
    usual = pd.Series(fit[rows, own]).where(inside).groupby(own).transform("median").to_numpy()
    speaks = inside & (said[rows, own] | (~known[rows, own] & (fit[rows, own] >= BELIEVED * usual)))
    sound = _sound(groups, speaks, texts["feedback_id"], themes=fit.shape[1], least=least)
    if not sound.any():
        return groups
    edges = np.array([_edge(fit[speaks & (groups == theme), theme]) for theme in range(fit.shape[1])])
    near = np.where(said & sound & (fit >= edges), fit, -np.inf)
    found = np.where(np.isfinite(near.max(axis=1)), near.argmax(axis=1), NOWHERE)
    return np.where(~inside | (speaks & sound[own]), groups, found)


def _edge(fits: np.ndarray) -> float:
    return float(np.quantile(fits, OUTERMOST)) if fits.size else np.inf


def _sound(groups: np.ndarray, speaks: np.ndarray, comments: pd.Series, *, themes: int, least: int) -> np.ndarray:
    """Which themes (themes,) say enough of their own words, in enough comments."""
    texts, covered = (np.bincount(groups[chosen], minlength=themes) for chosen in (groups >= 0, speaks))
    told, left = (
        comments[chosen].groupby(groups[chosen]).nunique().reindex(range(themes), fill_value=0).to_numpy()
        for chosen in (groups >= 0, speaks)
    )
    return (covered >= COVERED * texts) & ((left >= least) | (told < least)) & (left > 0)


def _said(
    texts: pd.DataFrame, groups: np.ndarray, terms: Mapping[str, Mapping[int, Sequence[Term]]], *, themes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each text says a word of each theme (n, themes), and whether those words are known in its language."""
    said: np.ndarray = np.zeros((len(texts), themes), bool)
    known: np.ndarray = np.zeros_like(said)
    for lang, rows in pd.Series(range(len(texts))).groupby(texts["lang"].to_numpy(str)):
        at, ranked = rows.to_numpy(), terms.get(str(lang), {})
        sizes = np.bincount(groups[at][groups[at] >= 0], minlength=themes)
        known[at] = (sizes >= KNOWN) & [len(ranked.get(theme, ())) > 0 for theme in range(themes)]
        words = _words(ranked)
        for row, text in zip(at, texts["text"].iloc[at], strict=True):
            said[row, _themes_of(text, words)] = True
    return said, known


def _words(terms: Mapping[int, Sequence[Term]]) -> Vocabulary:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for theme, ranked in terms.items():
        for term in ranked[:WORDS]:
            for part in (term.key[0], term.key[-1]):
                found[part].add(theme)
    return {word: sorted(themes) for word, themes in found.items()}


def _themes_of(text: str, words: Vocabulary) -> list[int]:
    said = {stem(token) for token in tokens_of(text)}
    pieces = [word for run in UNSPACED.findall(text) for word in words if word in run]
    return [theme for word in (*said, *pieces) for theme in words.get(word, ())]

"""What a theme is called: the words and phrases that its customers use and others do not. A part of the room `themes`.

Class-based TF-IDF (Grootendorst 2022) per language over words and the short phrases that customers really write, a word
counted once per comment. What this module does not do: translate, or invent words that nobody wrote.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd

Key = tuple[str, ...]

NOISE = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\[[^\]]{1,40}\]|<[^>]{1,40}>|\b(?:PERSON|NAME|EMAIL|PHONE|URL)\b"
)
WORD = re.compile(r"[^\W\d_]+(?:['’‑-][^\W\d_]+)*|[^\w\s]|\d+")
UNSPACED = re.compile(r"[぀-ヿ㐀-鿿฀-๿]+")
LINKS = frozenset("of de di da do du del della delle des dei dos das la le el y und et e à al".split())
"""Little words that hold a phrase together: lack of respect, tempi di attesa, salle de bain."""

PHRASE_SHARE = 0.3
"""The share of a word's comments that must hold the phrase before the phrase speaks for the word."""

ENGLISH_SHARE = 0.2
"""The share of a theme's comments that must be English before the label is English."""


@dataclass
class Vocabulary:
    """One language: per theme how many comments hold a term, and how customers spell it."""

    counts: defaultdict[int, Counter[Key]] = field(default_factory=lambda: defaultdict(Counter))
    spellings: defaultdict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sizes: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Name:
    """A theme's label and keywords."""

    label: str
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """A candidate for a label: the phrase as written, its stems, how typical it is, the comments that hold it."""

    text: str
    key: Key
    score: float
    count: float


def name_themes(texts: pd.DataFrame, *, keywords: int) -> list[Name]:
    """Names of the themes 0, 1, 2 …, the first first served, labels distinct.

    `texts` holds one row per distinct text: `text`, `lang`, `feedback_id`, `theme`, `weight`.
    """
    count = int(texts["theme"].max()) + 1
    vocabularies = _count(texts)
    terms = {lang: _typical(vocabulary, count) for lang, vocabulary in vocabularies.items()}
    sizes = texts.groupby(["theme", "lang"])["weight"].sum()
    taken: set[Key] = set()
    names = []
    for theme in range(count):
        ranked = _languages(sizes.loc[theme] / sizes.loc[theme].sum())
        names.append(_name([terms[lang][theme] for lang in ranked], taken, keywords))
    return names


def stem(word: str) -> str:
    """A key under which a word's plain inflections meet; never shown.

    >>> stem("appointments") == stem("appointment"), stem("Lieferungen") == stem("Lieferung")
    (True, True)
    """
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(mark))
    plain = plain.replace("’", "'").removesuffix("'s")
    for endings in ("s", "n", "aeiouy", "aeiouy"):
        if len(plain) > 4 and plain[-1] in endings:
            plain = plain[:-1]
    return plain


@lru_cache
def _stop_words(lang: str) -> frozenset[str]:
    try:
        words = importlib.import_module(f"spacy.lang.{lang}.stop_words").STOP_WORDS
    except ModuleNotFoundError:
        words = set()
    return frozenset(words)


def _languages(shares: pd.Series) -> list[str]:
    """The label's language first (English where enough members write it, else the commonest), the others by size."""
    ranked = [str(lang) for lang in shares.sort_values(ascending=False, kind="stable").index]
    if shares.get("en", 0.0) >= ENGLISH_SHARE:
        ranked.sort(key=lambda lang: lang != "en")
    return ranked


def _count(texts: pd.DataFrame) -> dict[str, Vocabulary]:
    vocabularies: dict[str, Vocabulary] = defaultdict(Vocabulary)
    seen: set[tuple[int, str, Key]] = set()
    for text, lang, comment, theme, weight in zip(
        *(texts[name] for name in ("text", "lang", "feedback_id", "theme", "weight")), strict=True
    ):
        vocabulary = vocabularies[lang]
        vocabulary.sizes[theme] += weight
        for key, spelling in set(_terms(text, _stop_words(lang))):
            vocabulary.spellings[key][spelling] += weight
            if (theme, comment, key) not in seen:
                seen.add((theme, comment, key))
                vocabulary.counts[theme][key] += weight
    return dict(vocabularies)


def _terms(text: str, stops: frozenset[str]) -> Iterator[tuple[Key, str]]:
    """Every word and phrase worth showing, with its key: single words, neighbours, and two words around a link."""
    tokens = [token.replace("’", "'") for token in WORD.findall(NOISE.sub(" . ", text))]
    telling = [_telling(token, stops) for token in tokens]
    for position, token in enumerate(tokens):
        if not telling[position]:
            continue
        yield (stem(token),), token
        for gap in (1, 2):
            end = position + gap
            if end < len(tokens) and telling[end] and (gap == 1 or tokens[position + 1].casefold() in LINKS):
                yield tuple(map(stem, tokens[position : end + 1])), " ".join(tokens[position : end + 1])


def _telling(token: str, stops: frozenset[str]) -> bool:
    word = token.casefold()
    return len(word) > 2 and word[0].isalpha() and word not in stops and word.split("'")[0] not in stops


def _typical(vocabulary: Vocabulary, count: int) -> list[list[Term]]:
    """Per theme its terms, most typical first: share of the theme's comments × log(1 + mean theme size / frequency)."""
    frequency: Counter[Key] = Counter()
    for counts in vocabulary.counts.values():
        frequency.update(counts)
    mean_size = sum(vocabulary.sizes.values()) / max(1, len(vocabulary.sizes))
    typical = []
    for theme in range(count):
        size = vocabulary.sizes[theme]
        terms = [
            Term(
                _spelling(vocabulary.spellings[key]),
                key,
                here / size * float(np.log1p(mean_size / frequency[key])),
                here,
            )
            for key, here in vocabulary.counts[theme].items()
        ]
        typical.append(sorted(terms, key=lambda term: (-term.score, term.text)))
    return typical


def _spelling(spellings: Counter[str]) -> str:
    """The form most used, in small letters unless customers nearly always write it otherwise."""
    folded: Counter[str] = Counter()
    for spelling, times in spellings.items():
        folded[spelling.casefold()] += times
    best = max(sorted(folded), key=folded.__getitem__)
    written = Counter({spelling: times for spelling, times in spellings.items() if spelling.casefold() == best})
    commonest = max(sorted(written), key=written.__getitem__)
    return commonest if written[commonest] > 0.8 * folded[best] and not commonest.isupper() else best


def _name(ranked: Sequence[list[Term]], taken: set[Key], keywords: int) -> Name:
    """The label from the first language that has terms; keywords of that language, then of the others."""
    phrases: list[Term] = []
    for terms in ranked:
        candidates = _phrased(terms)
        phrases = phrases or _label(candidates, taken)
    taken.update(phrase.key for phrase in phrases)
    words = [term.text for terms in ranked for term in _phrased(terms)[:keywords]]
    return Name(", ".join(phrase.text for phrase in phrases), tuple(dict.fromkeys(words))[:keywords])


def _phrased(terms: list[Term]) -> list[Term]:
    """Terms heard more than once (if any are), each word replaced by the phrase that speaks for it, no stem twice."""
    heard = [term for term in terms if term.count >= 2] or terms
    words = {term.key[0]: term for term in heard if len(term.key) == 1}
    chosen: list[Term] = []
    used: set[str] = set()
    for term in heard[:60]:
        speaking = term if len(term.key) > 1 else _speaker(term, heard)
        if not used & {part for part in speaking.key if part in words}:
            chosen.append(speaking)
            used |= set(speaking.key)
    return chosen


def _speaker(word: Term, terms: list[Term]) -> Term:
    phrases = [term for term in terms if len(term.key) > 1 and word.key[0] in term.key]
    return next((term for term in phrases if term.count >= PHRASE_SHARE * word.count), word)


def _label(candidates: list[Term], taken: set[Key]) -> list[Term]:
    free = [term for term in candidates if term.key not in taken] or candidates[:1]
    second = [term for term in free[1:4] if term.score >= 0.4 * free[0].score] if free else []
    return free[:1] + second[:1]

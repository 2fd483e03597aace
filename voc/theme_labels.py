"""What a theme is called: the words and phrases that its customers use and others do not. A part of the room `themes`.

Class-based TF-IDF per language over words and the short phrases that customers really write, a word counted once per
comment. No tagger ships with voc, so nouns are known by their company: they follow articles and the like, and German
writes them large. What this module does not do: translate, or invent words that nobody wrote.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count, pairwise

import numpy as np
import pandas as pd

from voc.rules import Rules, load

Key = tuple[str, ...]
"""The stems of a word or phrase."""

NOISE = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\[[^\]]{1,40}\]|<[^>]{1,40}>|\b(?:PERSON|NAME|EMAIL|PHONE|URL|ADDRESS|DATE)\b"
)
"""What no label may hold: addresses, handles, tags, and the placeholders of masked personal data."""

TOKEN = re.compile(r"[぀-ヿ㐀-鿿฀-๿]|[^\W\d_]+(?:['’‑-][^\W\d_]+)*|[^\w\s]|\d+")
UNSPACED = re.compile(r"[぀-ヿ㐀-鿿฀-๿]+")
ELISION = re.compile(r"(?i)^(?:l|d|un|dell|all|nell|dall|sull|quell|qu|s|n|j|c|m|t)'(?=\w{3})")
LINKS = frozenset(
    {"of", "de", "di", "da", "do", "du", "del", "della", "delle", "dei", "des", "dos", "das", "la", "à", "al"}
)
"""Little words that hold a phrase together: lack of respect, tempi di attesa, salle de bain."""

FEW_TEXTS, TEXTS, CENTRAL_SHARE = 10, 500, 0.6
"""The most central texts of a theme that its name is made of: this share, but 10 at least and 500 at most. What sits at
a theme's edge is often something else, in whatever language; fewer leave small themes without words heard twice."""

ARTICLES = {
    "en": "the a an my our their his her your this these no of",
    "de": "der die das den dem des ein eine einen einem einer kein keine keinen mein meine im am zum zur beim",
    "nl": "de het een mijn geen deze dit onze",
    "es": "el la los las un una unos unas mi su del al sin",
    "it": "il lo la i gli le un uno una del della dei delle degli al alla nel nella dal dalla sul sulla",
    "fr": "le la les un une des du au aux mon ma mes ce cette ces leur aucun aucune",
    "pt": "o a os as um uma do da dos das no na nos nas ao meu minha sem",
    "ca": "el la els les un una del al dels",
    "sv": "en ett den det min mitt ingen inget",
    "da": "en et den det min mit ingen intet",
    "no": "en et ei den det min mitt ingen",
    "ro": "un o al ai ale",
}
"""Words after which a noun is likely. Languages without articles are not listed; there, every word may be a noun."""

HEAD_FIRST = frozenset({"es", "it", "fr", "pt", "ca", "ro"})
"""Languages in which the noun mostly comes before its adjective: either word may be the head of a phrase."""

NOUN_RATE = 0.12
"""Share of a word's uses after an article (in German: large) from which on it is a noun for certain."""

DOUBT = 0.25
"""What remains of the score of a word that never follows an article. Higher lets verbs into labels, lower loses nouns
where articles are dropped in quick writing. Chosen by reading; guarded by `test_labels_prefer_nouns`."""

PHRASE_SHARE = 0.25
"""The share of a word's comments that must hold the phrase before the phrase speaks for the word."""

WHOLE_SHARE = 0.7
"""The same for scripts without spaces, where words are runs of two to four characters: less would add neighbours."""

ENGLISH_SHARE = 0.1
"""The share of a theme's comments that must be English before the label is English."""

SECOND = 0.15
"""The score, against the first phrase's, from which on a label takes a second phrase."""


@dataclass
class Vocabulary:
    """One language: how much of each theme holds a term, how customers spell it, how often a word stands as a noun."""

    counts: defaultdict[int, Counter[Key]] = field(default_factory=lambda: defaultdict(Counter))
    spellings: defaultdict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sizes: Counter[int] = field(default_factory=Counter)
    fillers: set[str] = field(default_factory=set)
    uses: Counter[str] = field(default_factory=Counter)
    noun_uses: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Name:
    """A theme's label and keywords."""

    label: str
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """A candidate: the phrase as written, its stems, how typical it is of the theme, how many comments hold it."""

    text: str
    key: Key
    score: float
    count: float


def name_themes(texts: pd.DataFrame, *, keywords: int) -> list[Name]:
    """Names of the themes 0, 1, 2 …, the first first served, labels distinct.

    `texts` holds one row per distinct text: `text`, `lang`, `feedback_id`, `theme`, `weight`, and `fit` to its theme.
    """
    order = texts["fit"].groupby(texts["theme"]).rank(ascending=False, method="first")
    sizes = texts.groupby("theme")["fit"].transform("size")
    texts = texts[order <= np.clip(np.ceil(CENTRAL_SHARE * sizes), FEW_TEXTS, TEXTS)]
    vocabularies = _count(texts)
    terms = {lang: _typical(vocabulary, lang) for lang, vocabulary in vocabularies.items()}
    names, taken = [], set[str]()
    for theme, members in texts.groupby("theme", sort=True):
        ranked = [_without_repeats(terms[lang].get(theme, [])) for lang in _languages(members)]
        telling = next((each for each in ranked if each), [])
        label = next(each for each in _candidates(telling, _excerpt(members)) if each not in taken)
        taken |= {label, label.split(", ")[0]}
        words = dict.fromkeys(term.text for each in ranked for term in each[:keywords])
        names.append(Name(label, tuple(words)[:keywords]))
    return names


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A key under which a word's plain inflections meet; never shown.

    >>> stem("appointments") == stem("appointment"), stem("Lieferungen") == stem("Lieferung")
    (True, True)
    """
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(mark))
    for endings in ("s", "n", "aeiouy", "aeiouy"):
        if len(plain) > 4 and plain[-1] in endings:
            plain = plain[:-1]
    return plain


def _count(texts: pd.DataFrame) -> dict[str, Vocabulary]:
    vocabularies: defaultdict[str, Vocabulary] = defaultdict(Vocabulary)
    seen: set[tuple[int, str, Key]] = set()
    columns = (texts[name] for name in ("text", "lang", "feedback_id", "theme", "weight"))
    for text, lang, comment, theme, weight in zip(*columns, strict=True):
        vocabulary = vocabularies[lang]
        vocabulary.sizes[theme] += weight
        for key, spelling in _read(text, lang, vocabulary):
            vocabulary.spellings[key][spelling] += weight
            if (theme, comment, key) not in seen:
                seen.add((theme, comment, key))
                vocabulary.counts[theme][key] += weight
    return dict(vocabularies)


def _read(text: str, lang: str, vocabulary: Vocabulary) -> Iterator[tuple[Key, str]]:
    """Every word and phrase worth showing, with its key; the vocabulary learns which words stand as nouns."""
    tokens = [ELISION.sub("", token.replace("’", "'")) for token in TOKEN.findall(NOISE.sub(" . ", text))]
    rules = load(lang)
    telling = [_telling(token, rules.stop_words) for token in tokens]
    filling = [not told and _filling(token, rules) for token, told in zip(tokens, telling, strict=True)]
    vocabulary.fillers.update(stem(token) for token, filler in zip(tokens, filling, strict=True) if filler)
    for before, token in pairwise(["", *tokens]):
        large = lang == "de" and token[0].isupper() and before not in {"", ".", "!", "?"}
        vocabulary.uses[stem(token)] += 1
        vocabulary.noun_uses[stem(token)] += large or before.casefold() in _before_nouns(lang)
    yield from _terms(tokens, telling, filling)
    for run in UNSPACED.findall(text):
        pieces = (run[start : start + size] for size in (2, 3, 4) for start in range(len(run) - size + 1))
        yield from (((piece,), piece) for piece in pieces)


def _terms(tokens: list[str], telling: list[bool], filling: list[bool]) -> Iterator[tuple[Key, str]]:
    """Telling words, neighbours (waiting time), and two words around a link (tempi di attesa). A filler, which alone
    would say nothing, may end a phrase, or stand on one side of a link."""
    for place, token in enumerate(tokens):
        if telling[place]:
            yield (stem(token),), token
        for end in range(place + 1, min(place + 3, len(tokens))):
            linked = tokens[place + 1].casefold() in LINKS
            ends = (telling[place], telling[end])
            told = any(ends) if linked else (ends[0] and end == place + 1)
            together = told and all(each or filling[at] for each, at in zip(ends, (place, end), strict=True))
            if together and stem(tokens[end]) != stem(token):
                yield tuple(map(stem, tokens[place : end + 1])), " ".join(tokens[place : end + 1])


def _telling(token: str, stops: frozenset[str]) -> bool:
    word = token.casefold()
    return len(word) > 2 and word[0].isalpha() and word not in stops and word.split("'")[0] not in stops


def _filling(token: str, rules: Rules) -> bool:
    """Whether the word may complete a phrase if it turns out to be a noun: stop lists hold "time", and "attesa"."""
    word = token.casefold()
    return word in rules.fillers or (len(word) >= 5 and word in rules.stop_words)


@lru_cache(maxsize=64)
def _before_nouns(lang: str) -> frozenset[str]:
    return LINKS | frozenset(ARTICLES.get(lang, "").split())


def _typical(vocabulary: Vocabulary, lang: str) -> dict[int, list[Term]]:
    """Per theme its terms, most typical first.

    The score is the term's share of the theme times the log of its odds against the other themes (as BERTopic's
    class-based TF-IDF, but a word that is rare everywhere gains nothing), times how surely it is a noun.
    """
    frequency: Counter[Key] = Counter()
    for counts in vocabulary.counts.values():
        frequency.update(counts)
    whole = sum(vocabulary.sizes.values())
    typical = {}
    for theme, counts in vocabulary.counts.items():
        size, terms = vocabulary.sizes[theme], []
        least = min(2.0, size / 2) if size < 50 else 3.0
        for key, here in counts.items():
            elsewhere = (frequency[key] - here + 1) / (whole - size + 2)
            lift = float(np.log((here / size) / elsewhere))
            score = here / size * lift * _nounness(key, vocabulary, lang)
            if here >= least and score > 0:
                terms.append(Term(_spelling(vocabulary.spellings[key]), key, score, here))
        typical[theme] = sorted(terms, key=lambda term: (-term.score, term.text))
    return typical


def _nounness(key: Key, vocabulary: Vocabulary, lang: str) -> float:
    """1 where the head of the phrase is surely a noun, less where it is not, 0 for a filler that is no noun."""
    if lang not in ARTICLES:
        return 1.0 - float(bool(vocabulary.fillers & set(key)))
    heads = {key[0], key[-1]} if len(key) > 2 or lang in HEAD_FIRST else {key[-1]}
    rates = {part: (vocabulary.noun_uses[part] + 0.2) / (vocabulary.uses[part] + 2) for part in heads}
    if any(part in vocabulary.fillers and rate < NOUN_RATE for part, rate in rates.items()):
        return 0.0
    return DOUBT + (1 - DOUBT) * min(1.0, max(rates.values()) / NOUN_RATE)


def _spelling(spellings: Counter[str]) -> str:
    """The form most used, in small letters unless customers nearly always write it otherwise."""
    folded: Counter[str] = Counter()
    for spelling, times in spellings.items():
        folded[spelling.casefold()] += times
    best = max(sorted(folded), key=folded.__getitem__)
    written = {spelling: times for spelling, times in spellings.items() if spelling.casefold() == best}
    commonest = max(sorted(written), key=written.__getitem__)
    return commonest if written[commonest] > 0.7 * folded[best] else best


def _languages(members: pd.DataFrame) -> list[str]:
    """The label's language first (English where enough members write it, else the commonest), the others by size."""
    sizes = members.groupby("lang", sort=True)["weight"].sum().sort_values(ascending=False, kind="stable")
    ranked = [str(lang) for lang in sizes.index]
    if sizes.get("en", 0.0) >= ENGLISH_SHARE * sizes.sum():
        ranked.sort(key=lambda lang: lang != "en")
    return ranked


def _without_repeats(terms: list[Term]) -> list[Term]:
    """The best terms, each word replaced by the phrase that speaks for it, no stem twice."""
    chosen: list[Term] = []
    used: set[str] = set()
    for term in terms[:40]:
        speaking = term if len(term.key) > 1 else _speaker(term, terms)
        if not used & set(speaking.key) and not any(term.text in other.text for other in chosen):
            chosen.append(speaking)
            used |= set(speaking.key) - LINKS
    return chosen


def _speaker(word: Term, terms: list[Term]) -> Term:
    """The longest phrase that a good part of the word's comments hold, else the word."""
    if UNSPACED.match(word.text):
        longer = [term for term in terms if word.text in term.text and term.count >= WHOLE_SHARE * word.count]
        return max(longer, key=lambda term: (len(term.text), term.count))
    phrases = [term for term in terms if word.key[0] in term.key and term.count >= PHRASE_SHARE * word.count]
    return max([word, *phrases], key=lambda term: (len(term.key), term.count))


def _candidates(terms: list[Term], excerpt: str) -> Iterator[str]:
    """Labels, best first: the best phrase with the next (alone where the next is weak), with later ones, numbered."""
    words = [term.text for term in terms] or [excerpt]
    if len(terms) < 2 or terms[1].score < SECOND * terms[0].score:
        yield words[0]
    yield from (f"{words[0]}, {other}" for other in words[1:])
    yield from (f"{words[0]} ({number})" for number in count(2))


def _excerpt(members: pd.DataFrame) -> str:
    """The start of the most central text, for themes without a telling word."""
    central = str(members.loc[members["fit"].idxmax(), "text"])
    return " ".join(NOISE.sub(" ", central).split()[:5])[:40] or central[:40]

"""The words of clauses: what may name a theme, how customers spell it, and whether it is a noun. A part of `themes`.

No tagger ships with voc. Nouns are known by the company they keep: counted beforehand for common words of some
languages (`rules.noun_shares`), and in the file itself for the others. What this module does not do: choose names.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import pandas as pd

from voc.rules import Rules, load, noun_shares

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

SURELY_NOUN, SURELY_OTHER = 0.08, 0.03
"""Shares of a counted word's uses as a noun from which on it is one for certain, and up to which it is none."""

NOUN_RATE = 0.12
"""The same for words that are counted in the file alone: share of uses after an article (in German: large)."""

OFTEN = 2
"""Uses as a noun in the file from which on the file is believed over what was counted beforehand."""

FILLER_NOUN = 0.5
"""How surely a noun a common word must be to end a phrase: "waiting time", "tempi di attesa", but not "app would"."""

DOUBT = 0.25
"""What remains of the score of a word that never follows an article. Higher lets verbs into labels, lower loses nouns
where articles are dropped in quick writing. Chosen by reading; guarded by `test_labels_prefer_nouns`."""


@dataclass
class Vocabulary:
    """One language: how much of each theme holds a term, how customers spell it, how often a word stands as a noun."""

    lang: str
    counts: defaultdict[int, Counter[Key]] = field(default_factory=lambda: defaultdict(Counter))
    spellings: defaultdict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sizes: Counter[int] = field(default_factory=Counter)
    fillers: set[str] = field(default_factory=set)
    uses: Counter[str] = field(default_factory=Counter)
    noun_uses: Counter[str] = field(default_factory=Counter)

    def nounness(self, key: Key) -> float:
        """1 where the head of the phrase is surely a noun, less where it is not, 0 for a filler that is no noun."""
        if self.lang not in ARTICLES:
            return 1.0 - float(bool(self.fillers & set(key)))
        heads = {key[0], key[-1]} if len(key) > 2 or self.lang in HEAD_FIRST else {key[-1]}
        rates = {part: self._rate(part) for part in heads}
        if any(part in self.fillers and rate < FILLER_NOUN for part, rate in rates.items()):
            return 0.0
        return DOUBT + (1 - DOUBT) * max(rates.values()) if max(rates.values()) > 0 else DOUBT / 2

    def _rate(self, part: str) -> float:
        """How surely the stem is a noun, 0-1: as counted beforehand, or as this file uses it often."""
        here = min(1.0, (self.noun_uses[part] + 0.2) / (self.uses[part] + 2) / NOUN_RATE)
        counted = noun_shares(self.lang).get(part)
        if counted is None:
            return here
        known = min(1.0, max(0.0, (counted - SURELY_OTHER) / (SURELY_NOUN - SURELY_OTHER)))
        return max(known, here if self.noun_uses[part] >= OFTEN else 0.0)

    def spelling(self, key: Key) -> str:
        """The form most used, in small letters unless customers nearly always write it otherwise."""
        spellings = self.spellings[key]
        folded: Counter[str] = Counter()
        for spelling, times in spellings.items():
            folded[spelling.casefold()] += times
        best = max(sorted(folded), key=folded.__getitem__)
        written = {spelling: times for spelling, times in spellings.items() if spelling.casefold() == best}
        commonest = max(sorted(written), key=written.__getitem__)
        return commonest if written[commonest] > 0.7 * folded[best] else best


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


def vocabularies(texts: pd.DataFrame) -> dict[str, Vocabulary]:
    """Per language its vocabulary. `texts` has `text`, `lang`, `feedback_id`, `theme`, `weight`; a word counts once per
    comment and theme."""
    found: dict[str, Vocabulary] = {}
    seen: set[tuple[int, str, Key]] = set()
    columns = (texts[name] for name in ("text", "lang", "feedback_id", "theme", "weight"))
    for text, lang, comment, theme, weight in zip(*columns, strict=True):
        vocabulary = found.setdefault(lang, Vocabulary(lang))
        vocabulary.sizes[theme] += weight
        for key, spelling in _read(text, lang, vocabulary):
            vocabulary.spellings[key][spelling] += weight
            if (theme, comment, key) not in seen:
                seen.add((theme, comment, key))
                vocabulary.counts[theme][key] += weight
    return found


def _read(text: str, lang: str, vocabulary: Vocabulary) -> Iterator[tuple[Key, str]]:
    """Every word and phrase worth showing, with its key; the vocabulary learns which words stand as nouns."""
    tokens = tokens_of(text)
    rules = load(lang)
    telling = [_telling(token, rules.stop_words) for token in tokens]
    filling = [not told and _filling(token, rules) for token, told in zip(tokens, telling, strict=True)]
    vocabulary.fillers.update(stem(token) for token, filler in zip(tokens, filling, strict=True) if filler)
    nouns = nouns_in(tokens, lang, rules.plain_words)
    for token, noun in zip(tokens, nouns, strict=True):
        vocabulary.uses[stem(token)] += 1
        vocabulary.noun_uses[stem(token)] += noun
    yield from _terms(tokens, telling, filling)
    for run in UNSPACED.findall(NOISE.sub(" . ", text)):
        pieces = (run[start : start + size] for size in (2, 3, 4) for start in range(len(run) - size + 1))
        yield from (((piece,), piece) for piece in pieces)


def tokens_of(text: str) -> list[str]:
    """Words, marks and numbers, without noise and elided articles."""
    return [ELISION.sub("", token.replace("’", "'")) for token in TOKEN.findall(NOISE.sub(" . ", text))]


def nouns_in(tokens: list[str], lang: str, plain: frozenset[str]) -> list[bool]:
    """Which tokens stand where only nouns stand: after an article and before no word but a stop word (`plain`); in
    German, large within a sentence."""
    before = ["", *tokens[:-1]]
    if lang == "de":
        return [
            token[0].isupper() and last not in {"", ".", "!", "?"} for last, token in zip(before, tokens, strict=True)
        ]
    openers = _before_nouns(lang)
    goes_on = [token[0].isalpha() and token.casefold() not in plain for token in [*tokens[1:], "."]]
    return [last.casefold() in openers and not more for last, more in zip(before, goes_on, strict=True)]


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
    if len(word) < 3 or not word[0].isalpha() or word in stops or word.replace("'", "") in stops:
        return False
    if word.endswith("n") and f"{word}t" in stops:  # "wasn t", where an export lost its apostrophes
        return False
    return word.partition("'")[0].removesuffix("n" if "n't" in word else "") not in stops


def _filling(token: str, rules: Rules) -> bool:
    """Whether the word may complete a phrase if it turns out to be a noun: stop lists hold "time", and "attesa"."""
    word = token.casefold()
    return word in rules.fillers or (len(word) >= 5 and word in rules.stop_words)


@lru_cache(maxsize=64)
def _before_nouns(lang: str) -> frozenset[str]:
    return LINKS | frozenset(ARTICLES.get(lang, "").split())

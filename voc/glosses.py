"""Words and idioms in words that a model knows: "der Service ist spitze", "leaves a lot to be desired", "labai blogai".

A model that read little of a language, or few of its idioms, takes them for something else, and hears praise where
somebody complains. The languages' files say what they mean, in plain words or in English, which every model here
knows. What a customer wrote stays as it is everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from voc.rules import load

LETTER = r"[\w\u0900-\u097f]"
"""Letters, among them the vowel signs of Hindi, which are none to Python."""
ENDING = r"[^\s.,;:!?()\"”»]*"


def glossed(texts: Iterable[str], langs: Iterable[str]) -> list[str]:
    """Each text with the words and idioms that its language's file explains in plain words.

    >>> glossed(["Der Service ist spitze!", "Labai blogai", "My blog"], ["de", "lt", "en"])
    ['Der Service ist großartig!', 'Labai bad', 'My blog']
    """
    return [_glosser(lang)(text) for text, lang in zip(texts, langs, strict=True)]


@lru_cache(maxsize=128)
def _glosser(lang: str) -> Callable[[str], str]:
    meant = {each: plain for plain, explained in load(lang).glosses.items() for each in explained}
    if not meant:
        return str
    ordered = sorted(meant, key=lambda each: (-len(each), each))
    held = re.compile(rf"(?<!{LETTER})(?:{'|'.join(_pattern(_small(each)) for each in ordered)})")
    each_one = "|".join(f"({_pattern(each)})" for each in ordered)
    found = re.compile(rf"(?<!{LETTER})(?:{each_one})", re.IGNORECASE)

    def heard(text: str) -> str:
        # Most texts hold none; small letters and no groups tell so ten times faster.
        if not held.search(_small(text)):
            return text
        return found.sub(lambda place: meant[ordered[(place.lastindex or 1) - 1]], text)

    return heard


def _small(text: str) -> str:
    """In small letters, Turkish ones without and with a dot alike."""
    return text.lower().replace("ı", "i").replace("i\u0307", "i")


def _pattern(explained: str) -> str:
    """A word or an idiom, with any space, any apostrophe and Swiss ss; a hyphen at the end: any ending."""
    stem = explained.removesuffix("-")
    body = r"\s+".join(map(re.escape, stem.split())).replace("'", "['’]").replace("ß", "(?:ß|ss)")
    return body + (ENDING if stem != explained else rf"(?!{LETTER})")

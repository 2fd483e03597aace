"""What voc knows of one language, loaded from `languages/<code>.toml`. A new language is a data file, not code.

Unknown languages get the general rules: no contrast words, no abbreviations, only the stop words that spaCy has for
them. This module judges nothing; it also loads no spaCy pipeline.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path
from types import MappingProxyType
from typing import Any

from voc.errors import ConfigError, nearest

FOLDER = Path(__file__).parent / "languages"


@dataclass(frozen=True)
class Rules:
    """One language. Words are in lower case; in phrases `*` stands for a few words and `#` for a number."""

    code: str
    """ISO 639-1, such as `de`; `und` for the general rules."""
    name: str = ""
    """The language's name for itself."""
    english_name: str = ""
    aliases: tuple[str, ...] = ()
    """Other codes of the same language: `no` is also `nb` and `nn`."""
    spacy: str = ""
    """Code of the spaCy language class where it is not `code`."""
    contrast: tuple[str, ...] = ()
    """Words that open a clause which turns against what was said: but, however. A leading comma asks for one before."""
    contrast_end: tuple[str, ...] = ()
    """The same for languages that put the turn at the end of the first clause."""
    concessive: tuple[str, ...] = ()
    """Words that open a clause which concedes; opening a sentence, the turn comes at the next comma: although."""
    keep: tuple[str, ...] = ()
    """Phrases in which a contrast word contrasts nothing: nothing but, not only * but."""
    nothing: tuple[str, ...] = ()
    """Whole answers that say nothing."""
    abbreviations: tuple[str, ...] = ()
    """Words whose full stop ends no sentence, without it: dr, e.g."""
    closing_abbreviations: tuple[str, ...] = ()
    """Those abbreviations that may close a sentence: a capital after one opens the next. etc, p.m."""
    ordinal_period: bool = False
    """Whether a full stop after a number makes an ordinal: der 3. Tag."""
    capital_nouns: bool = False
    """Whether nouns are written with a capital, so that a capital alone opens no sentence."""
    fillers: tuple[str, ...] = ()
    """Words that feedback is full of and that name no theme; they join the stop words."""
    tone: tuple[str, ...] = ()
    """Words that say how somebody feels and not about what, a hyphen at the end: any ending. A clause of nothing else
    has no topic of its own."""
    authorities: tuple[str, ...] = ()
    """Words for lawyers, courts, authorities, the press and their like, a hyphen at the end: any ending."""
    leaving: tuple[str, ...] = ()
    """Words of people who leave, cancel or go to somebody else, a hyphen at the end: any ending."""
    frail: tuple[str, ...] = ()
    """Words for the old, children, the ill, disabled, pregnant, bereaved and poor, a hyphen at the end: any ending."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """Header words per field of the feedback table, for the readers."""
    mail: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """What mail programs and survey tools write around a customer's words, by kind, for the channels."""
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """Words beside a number that say what it is: `things` that have numbers (order, account), `signs` (number, no.),
    `names` that are both (Bestellnummer), `products`, `phones`, `identities`; a hyphen at the end: any ending."""
    effort: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """Phrases that say how `hard` or `easy` it was to get something done, for the experience score."""
    glosses: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """Plain words, and the words and idioms that a model must be told them for; a hyphen at the end: any ending."""

    @cached_property
    def stop_words(self) -> frozenset[str]:
        """Words too common to name a theme, in lower case: spaCy's list and `fillers`."""
        return frozenset((*_spacy_stop_words(self.spacy or self.code), *self.fillers))

    @cached_property
    def plain_words(self) -> frozenset[str]:
        """spaCy's stop words alone."""
        return _spacy_stop_words(self.spacy or self.code)


GENERAL = Rules(code="und", name="und", english_name="unknown language")


@lru_cache(maxsize=1)
def all_rules() -> Mapping[str, Rules]:
    """The rules of every language that has a data file, by code, in the order of the codes."""
    return MappingProxyType({path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))})


@lru_cache(maxsize=1024)
def load(code: str) -> Rules:
    """The rules of a language by its code or an alias, with or without a region; general rules where none are known.

    >>> load("pt-BR").english_name, load("nb").code, load("tlh").contrast
    ('Portuguese', 'no', ())
    """
    wanted = code.strip().lower().replace("_", "-").partition("-")[0]
    known = all_rules()
    if wanted in known:
        return known[wanted]
    alias = next((rules for rules in known.values() if wanted in rules.aliases), None)
    return alias or Rules(code=wanted or "und", name=wanted, english_name=wanted)


@lru_cache(maxsize=64)
def noun_shares(code: str) -> Mapping[str, float]:
    """Stems of common words and how often customers use them as a noun, 0-1; empty where nobody counted.

    `models/words/nouns.py` counts them. A word is used as a noun where an article stands before it and no other telling
    word behind it; in German, where it is large within a sentence. Nouns reach 0.1-0.5, other words 0-0.05.
    """
    path = FOLDER / "nouns" / f"{code}.tsv"
    if not path.exists():
        return MappingProxyType({})
    lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return MappingProxyType({stem: int(share) / 100 for stem, share in lines})


@lru_cache(maxsize=1)
def glossary() -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """Common things that customers speak of: per thing its words by language, the first of them the usual one."""
    head, *rows = (FOLDER / "glossary.tsv").read_text(encoding="utf-8").splitlines()
    codes = head.split("\t")
    cells = (dict(zip(codes, row.split("\t"), strict=True)) for row in rows)
    return tuple(MappingProxyType({code: tuple(words.split("/")) for code, words in row.items()}) for row in cells)


def _read(path: Path) -> Rules:
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {each.name for each in fields(Rules)} - {"code"}
    for key in settings:
        if key not in known:
            raise ConfigError(f"{path.name}: there is no rule '{key}'; {nearest(key, known)}")
    return Rules(code=path.stem, **{key: _frozen(value) for key, value in settings.items()})


def _frozen(value: Any) -> Any:
    """Lists as tuples, tables as read-only mappings."""
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(each) for key, each in value.items()})
    return tuple(value) if isinstance(value, list) else value


@lru_cache(maxsize=256)
def _spacy_stop_words(code: str) -> frozenset[str]:
    """spaCy's stop words of a language, from its file: importing spaCy itself takes a second."""
    spec = find_spec("spacy")
    if spec is None or spec.origin is None or not code.isalpha():
        return frozenset()
    path = Path(spec.origin).parent / "lang" / code / "stop_words.py"
    if not path.exists():
        return frozenset()
    return frozenset(word.lower() for word in run_path(str(path)).get("STOP_WORDS", ()))

"""What the words beside a number say it is: an order or account number, a telephone, an id, or a product.

The words come from the `numbers` tables of the language files, all languages at once, because short comments do not
tell theirs and a Spanish customer writes "order no." too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from voc.identifiers import IDENTIFIERS
from voc.rules import all_rules

REACH, TAIL = 5, 60
"""Words and characters before a number that are looked at: enough for "my customer number with you is". Further words
belong to something else; guarded by tests/personal_data.tsv."""
ROLES = ("things", "signs", "names", "products", "phones")
TOKEN = re.compile(r"[#№]|[nN][°º]|[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d+")
WORDS = re.compile(r"\w+")
STOP = re.compile(r"[!?;\n。！？]")
FULL_STOP = re.compile(r"([^\W\d_]{4,})\.\s")
"""A full stop after a shorter word is one of "no." or "tel."."""
SHORT_SIGNS = frozenset({"no", "id", "on", "n", "c", "č", "code", "num", "a"})
"""Signs that mean something else before a thing: "no order", "id". They count only behind it: "order no."."""
COPULAS = frozenset(
    {
        "is", "was", "are", "ist", "war", "lautet", "est", "était", "es", "era", "è", "é", "jest", "to", "yra",
        "buvo", "ir", "on", "är", "er", "var", "je", "byl", "este", "е", "είναι", "fue",
    }
)  # fmt: skip
ARTICLES = COPULAS | {
    "the",
    "my",
    "el",
    "la",
    "le",
    "il",
    "o",
    "a",
    "os",
    "as",
    "der",
    "die",
    "das",
    "mein",
    "meine",
    "mi",
}
"""Words between the name of a number and the number that take up no reach: "número de cliente es el 7781234"."""
DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
FILLING = " \t:：#＃.は는은이가是为為=-「『【[("
LEAST_ALONE = 5
"""Letters of a word for a document from which it needs no sign: "pas 12345678" is French more often than Czech."""


@dataclass(frozen=True)
class Context:
    """What the words before a number announce it to be."""

    named: bool = False
    """An order, account or customer number is announced."""
    thing: bool = False
    """The word for an order or an account stands right before it, without "number"."""
    product: bool = False
    phone: bool = False
    identity: bool = False
    countries: frozenset[str] = frozenset()
    """Countries whose id is named."""


def before(text: str, start: int) -> Context:
    """What the words before `text[start]` announce.

    >>> before("My order no. 4711", 13).named, before("Article no. 4711", 12).product
    (True, True)
    """
    tail = STOP.split(text[max(0, start - TAIL) : start])[-1].lower()
    ends = [match.end() for match in FULL_STOP.finditer(tail) if not _roles(match[1])]
    return _read(tail[ends[-1] :] if ends else tail)


@lru_cache(maxsize=4096)
def _read(tail: str) -> Context:
    tokens = [_bare(token) for token in reversed(TOKEN.findall(tail)[-REACH - 3 :])]
    while tokens and tokens[0] in ARTICLES:
        tokens = tokens[1:]
    tokens = tokens[: REACH + 1]
    at = {role: [place for place, token in enumerate(tokens) if role in _roles(token)] for role in ROLES}
    dense = _dense(tail)
    product = _first(at["products"], 3)
    phone = _first(at["phones"], REACH)
    named = min(_named(tokens, at), 0 if "names" in dense else REACH)
    # Long patterns are only tried where the first word of one of their phrases is there.
    documented = not _openings().isdisjoint(WORDS.findall(tail)) or DENSE.search(tail) is not None
    return Context(
        named=named < min(REACH, product + 1, phone + 1),
        thing=bool(at["things"]) and at["things"][0] == 0,
        product=(product < REACH and product < named) or "products" in dense,
        phone=phone < REACH or "phones" in dense,
        identity=documented and _identity(tail, at, tokens),
        countries=_countries(tail) if documented else frozenset(),
    )


def _first(places: list[int], limit: int) -> int:
    """The nearest place, or REACH where there is none within the limit."""
    return places[0] if places and places[0] <= limit else REACH


def _named(tokens: list[str], at: dict[str, list[int]]) -> int:
    """How near the name of a number stands, REACH where there is none: order number, n° de commande, Bestellnr."""
    near = _first(at["names"], 2)
    for thing in at["things"]:
        for sign in at["signs"]:
            behind = sign < thing <= sign + 3 and sign <= 2
            ahead = thing < sign <= thing + 3 and thing <= 1 and tokens[sign] not in SHORT_SIGNS
            if behind or ahead:
                near = min(near, sign, thing)
    return near


def _dense(tail: str) -> frozenset[str]:
    """Roles of the word right before, in scripts that put no space between words."""
    stripped = tail.rstrip(FILLING)
    if not DENSE.search(stripped[-1:] or " "):
        return frozenset()
    return frozenset(role for role, words in _dense_words().items() if stripped.endswith(words))


def _identity(tail: str, at: dict[str, list[int]], tokens: list[str]) -> bool:
    """Whether a document or a personal number is announced; short words need "number" too."""
    found = _identities().search(tail)
    if not found:
        return False
    return len(found[0]) > LEAST_ALONE or any(sign <= 1 and tokens[sign] not in {"no", "on"} for sign in at["signs"])


@lru_cache(maxsize=8192)
def _bare(token: str) -> str:
    return "n°" if token in {"n°", "nº", "№"} else re.sub(r"[-'’]", "", token)


@lru_cache(maxsize=8192)
def _roles(token: str) -> frozenset[str]:
    whole, stems = _vocabulary()
    found = [whole.get(token, frozenset())]
    found += [stems[token[:size]] for size in range(2, len(token) + 1) if token[:size] in stems]
    return frozenset(chain.from_iterable(found)) | ({"signs"} if token in {"#", "n°"} else frozenset())


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Whole words, and beginnings of words (written with a hyphen at their end), with their roles."""
    whole: dict[str, frozenset[str]] = {}
    stems: dict[str, frozenset[str]] = {}
    for role, word in _words(ROLES):
        into = stems if word.endswith("-") else whole
        key = _bare(word.rstrip("-.").lower())
        into[key] = into.get(key, frozenset()) | {role}
    return whole, stems


def _words(roles: Iterable[str]) -> Iterator[tuple[str, str]]:
    for rules in all_rules().values():
        for role in roles:
            yield from ((role, word) for word in rules.numbers.get(role, ()))


@lru_cache(maxsize=1)
def _dense_words() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for role, word in _words(ROLES):
        if DENSE.search(word):
            found[role] = (*found.get(role, ()), word)
    return found


@lru_cache(maxsize=1)
def _identities() -> re.Pattern[str]:
    words = sorted({word for _, word in _words(["identities"])}, key=lambda word: (-len(word), word))
    return re.compile("|".join(_standing(word) for word in words))


@lru_cache(maxsize=1)
def _openings() -> frozenset[str]:
    """The first word of every name of a document: where a name stands in a text, its first word is a word there."""
    phrases = [*(word for _, word in _words(["identities"])), *(name for each in IDENTIFIERS for name in each.names)]
    return frozenset(WORDS.findall(phrase)[0] for phrase in phrases)


def _countries(tail: str) -> frozenset[str]:
    """Countries whose id is named."""
    pattern, countries = _documents()
    return frozenset(country for name in pattern.findall(tail) for country in countries[name])


@lru_cache(maxsize=1)
def _documents() -> tuple[re.Pattern[str], dict[str, frozenset[str]]]:
    """The names of the national ids, and the countries of each."""
    named: dict[str, frozenset[str]] = {}
    for each in IDENTIFIERS:
        for name in each.names:
            named[name] = named.get(name, frozenset()) | {each.country}
    longest_first = sorted(named, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(_standing, longest_first))), named


def _standing(word: str) -> str:
    return re.escape(word) if DENSE.search(word) else rf"(?<!\w){re.escape(word)}(?!\w)"

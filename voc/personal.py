"""Personal data in a text: where it stands and of what kind. Precision first: a wrong mask hides what customers say.

What proves itself by a check (bank accounts, cards, many ids) is believed anywhere; the rest needs a word beside it or
a written form that nothing else has. Names and street addresses are not found here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from voc.contexts import Context, before
from voc.identifiers import IBAN_LENGTHS, IDENTIFIERS, WORDS, Identifier, bare, is_card, is_iban
from voc.telephones import DATE, telephones

KINDS = ("EMAIL", "PHONE", "IBAN", "CARD", "IP", "ID", "URL", "ACCOUNT", "NAME")


ASCII_DIGITS = {zero + digit: str(digit) for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10) for digit in range(10)}
"""Arabic, Persian, Hindi, Bengali, Thai and full-width digits."""
OTHER_DIGIT = re.compile(f"[{''.join(map(chr, ASCII_DIGITS))}]")


class Span(NamedTuple):
    """`text[start:end]` is of this kind."""

    start: int
    end: int
    kind: str


FOUR_DIGITS = re.compile(r"\d(?:[^\n]{0,3}?\d){3}")
SIGNS = ("@", "＠", "://", "www.", "WWW.", "::", "at)", "at]", "at}", "ät)", "AT)", "AT]")
"""Nothing is found in a text without four digits near one another or one of these; nine comments in ten have none.
Plain look-ups, because one pattern of all takes ten times as long. Guarded by a test over the table."""
LOOK = r"\p{Nd}[^\n]{0,3}\p{Nd}[^\n]{0,3}\p{Nd}[^\n]{0,3}\p{Nd}|[@＠]|://|www\.|WWW\.|::|[aä]t[)\]}]|AT[)\]]"
"""The same as a pattern of RE2, which pandas tries on a whole column in a tenth of the time."""
EMAIL = re.compile(
    r"(?<![\w.+%~-])(?:mailto:)?(?P<local>[\w.+%~&-]++(?:['’][\w.+%~&-]++)*+)"
    r"(?:[@＠]|\s?[\[({]\s?(?:at|ät|@)\s?[\])}]\s?)"
    r"[\w-]{1,63}(?:(?:\.|\s?[\[({]\s?(?:dot|punkt|point|punto|\.)\s?[\])}]\s?)[\w-]{1,63}){0,5}"
    r"(?:\.|\s?[\[({]\s?(?:dot|punkt|point|punto|\.)\s?[\])}]\s?)[^\W\d_]{2,24}(?![\w@])",
    re.IGNORECASE,
)
URL = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,15}://|\bwww\d?\.)[^\s<>\"“”„«»]*[^\s<>\"'“”„«».,;:!?)\]}…]", re.IGNORECASE)
TELLING = frozenset(
    {
        "token", "key", "apikey", "accesstoken", "auth", "authorization", "session", "sessionid", "sid",
        "sess", "phpsessid", "jsessionid", "pwd", "password", "pass", "passwd", "code", "otp", "pin", "secret", "sig",
        "signature", "access", "invite", "hash", "jwt", "ticket", "email", "mail", "user", "username", "uid",
        "userid", "customer", "customerid", "client", "account", "accountid", "order",
        "orderid", "orderno", "booking", "reference", "refid", "phone", "tel", "mobile", "name",
        "firstname", "lastname", "invoice", "contract", "tracking", "contactid", "recipient",
    }
)  # fmt: skip
"""Parameters of an address that open a door or name a person."""
SECRET = re.compile(
    r"(?=(?:[^/]*\d){3})(?=[^/]*[A-Za-z])[A-Za-z0-9]{20,}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\d{12,}"
    r"|[\w-]{20,}\.[\w-]{20,}\.[\w-]{10,}",
    re.IGNORECASE,
)
"""A part of an address that is no word: 20 letters and digits in a row, a UUID, a signed token. Slugs have hyphens
between words and video ids 11 letters."""
IBAN = re.compile(
    rf"(?<![{WORDS}])(?=[A-Z]{{2}}\d\d)(?:{'|'.join(IBAN_LENGTHS)})\d\d(?:[ \u00a0-]?[A-Z0-9]){{11,30}}", re.IGNORECASE
)
CARD = re.compile(rf"(?<![{WORDS}.,#+])\d(?:[ \u00a0-]?\d){{12,18}}(?![{WORDS}]|[.,]\d)")
LONG_NUMBER = re.compile(r"\d(?:[ .\-/]?[A-Za-z\d]){3}(?:[ .\-/]?[A-Za-z+\d]){2}")
"""What every national id has: a digit and five more letters or digits."""
ANY_ID = re.compile("|".join({each.written.pattern: None for each in IDENTIFIERS}), re.IGNORECASE | re.ASCII)
"""Whether any of the patterns fits: one pass instead of forty."""
ROOM = 24
"""Characters around it that an id may reach to; the longest has 22."""
IPV4 = re.compile(r"(?<![\w.,-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
VERSION = re.compile(
    r"(?:\bv|version|versión|versione|versão|wersj\w*|versij\w*|verze|verzi\w*|версі?и?\w*|firmware|build|release|update|"
    r"android|ios|windows|driver|sdk|section|chapter|kapitel|abschnitt)\W{0,3}$", re.IGNORECASE,
)  # fmt: skip
VALUE = re.compile(rf"(?<![{WORDS}@])(?=[A-Za-z/_.-]{{0,12}}\d)[A-Za-z0-9]+(?:[-/_.][A-Za-z0-9]+)*(?![{WORDS}])")
GROUPED = re.compile(r"\d{2,4}(?: \d{2,4})+(?!\d)")
MONEY = (
    r"[€$£¥₽₴₹₺₩₫]|(?:EUR|USD|GBP|CHF|PLN|CZK|SEK|NOK|DKK|HUF|RON|BGN|BRL|JPY|CNY|INR|TRY|RUB|UAH|KRW|VND|IDR|zł|zl|Kč|kr|Ft|"
    r"lei|лв|руб|грн|TL|Rp|Rs|đ|円|元|원)\b"
)
PRICED = re.compile(rf"(?<![^\W\d_])(?:{MONEY})\s{{0,2}}$", re.IGNORECASE)
COUNTED = re.compile(
    rf"\s{{0,2}}(?:{MONEY}|%|‰|°|(?:pcs?|pieces?|units?|items?|copies|times|people|users|customers|points?|stück|stk|exemplare|pièces|"
    r"unités|unidades|piezas|pezzi|peças|stuks|sztuk|szt|vnt|gab|tk|kpl|ks|kusů|db|darab|buc|бр|шт|штук\w*|adet|τεμ\w*|euro\w*|"
    r"dollars?|pounds|kg|g|mg|ml|l|cm|mm|m|km|m2|kwh|mb|gb|mah|hours?|days?|minutes?|years?|steps|views|followers|km/h)\b|[個件个台部])",
    re.IGNORECASE,
)
"""What follows an amount; it makes no order number."""


def find(text: str, regions: Sequence[str] = ()) -> list[Span]:
    """Everything personal in `text`, in order, without overlaps. `regions` are the countries the writer may be in
    (ISO 3166), for telephone numbers without a country code and for ids that are believed at home only."""
    if not worth_a_look(text):
        return []
    if not text.isascii() and OTHER_DIGIT.search(text):
        text = text.translate(ASCII_DIGITS)  # one for one: offsets stay
    found: list[Span] = []
    for finder in FINDERS if FOUR_DIGITS.search(text) else WITHOUT_NUMBERS:
        for span in finder(text, regions):
            if all(span.end <= other.start or span.start >= other.end for other in found):
                found.append(span)
    return sorted(found)


def worth_a_look(text: str) -> bool:
    """Whether anything can be found in `text` at all."""
    return FOUR_DIGITS.search(text) is not None or any(sign in text for sign in SIGNS)


def masked(text: str, spans: Sequence[Span]) -> str:
    """`text` with a placeholder for each span.

    >>> masked("Write to jo@ex.am", [Span(9, 17, "EMAIL")])
    'Write to [EMAIL]'
    """
    for start, end, kind in sorted(spans, reverse=True):
        text = f"{text[:start]}[{kind}]{text[end:]}"
    return text


def _urls(text: str, _: Sequence[str]) -> Iterator[Span]:
    if "://" in text or "www" in text.lower():
        for match in URL.finditer(text):
            if _tells(match[0]):
                yield Span(*match.span(), "URL")


def _tells(url: str) -> bool:
    """Whether an address opens a door or names a person."""
    address, *rest = re.split(r"[?#;]", url)
    host = address.partition("://")[2] or address
    if (
        "@" in host.partition("/")[0]
        or EMAIL.search(url.replace("%40", "@"))
        or any(map(SECRET.fullmatch, host.split("/")[1:]))
    ):
        return True
    pairs = [pair.partition("=") for part in rest for pair in part.split("&")]
    return any(
        (len(value) > 3 and re.sub(r"[_-]", "", name.lower()) in TELLING) or SECRET.fullmatch(value)
        for name, _, value in pairs
    )


def _emails(text: str, _: Sequence[str]) -> Iterator[Span]:
    if "@" in text or "＠" in text or "[" in text or "(" in text or "{" in text:
        for match in EMAIL.finditer(text):
            yield Span(*match.span(), "EMAIL")


def _ibans(text: str, _: Sequence[str]) -> Iterator[Span]:
    for match in IBAN.finditer(text):
        end = _after(match[0], IBAN_LENGTHS[match[0][:2].upper()])
        following = text[match.start() + end : match.start() + end + 1]
        if is_iban(bare(match[0][:end])) and not following.isalnum():
            yield Span(match.start(), match.start() + end, "IBAN")


def _after(written: str, length: int) -> int:
    """The offset after `length` letters and digits."""
    places = [place for place, each in enumerate(written) if each.isalnum()]
    return places[length - 1] + 1 if len(places) >= length else len(written)


def _cards(text: str, _: Sequence[str]) -> Iterator[Span]:
    for match in CARD.finditer(text):
        if is_card(bare(match[0])) and not before(text, match.start()).product:
            yield Span(*match.span(), "CARD")


def _ips(text: str, _: Sequence[str]) -> Iterator[Span]:
    for match in IPV4.finditer(text):
        prior = text[max(0, match.start() - 16) : match.start()]
        enough = sum(map(str.isdigit, match[0])) > 6 or re.search(r"\bIP\b", prior, re.IGNORECASE)
        if enough and not VERSION.search(prior) and not DATE.fullmatch(match[0]):
            yield Span(*match.span(), "IP")
    if ":" in text:
        yield from (Span(*match.span(), "IP") for match in IPV6.finditer(text) if _is_ipv6(match[0]))


def _is_ipv6(written: str) -> bool:
    try:
        ipaddress.IPv6Address(written)
    except ValueError:
        return False
    return sum(each != ":" for each in written) >= 6


def _identifiers(text: str, regions: Sequence[str]) -> Iterator[Span]:
    for low, high in _neighbourhoods(text):
        if not ANY_ID.search(text, low, high):
            continue
        for identifier in IDENTIFIERS:
            for match in identifier.written.finditer(text, low, high):
                if identifier.check(bare(match[0])) and _believed(identifier, text, match.start(), regions):
                    yield Span(*match.span(), "ID")


def _neighbourhoods(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of the stretches around long numbers: many patterns over few letters, not over whole comments."""
    low = high = -1
    for match in LONG_NUMBER.finditer(text):
        if match.start() - ROOM > high:
            if high >= 0:
                yield low, high
            low = max(0, match.start() - ROOM)
        high = match.end() + ROOM
    if high >= 0:
        yield low, high


def _believed(identifier: Identifier, text: str, start: int, regions: Sequence[str]) -> bool:
    told = before(text, start)
    if identifier.country in told.countries:
        return True
    alone = identifier.alone == "always" or (identifier.alone == "at home" and identifier.country in regions[:1])
    return alone and not (told.product or told.named or told.phone)


def _announced(text: str, _: Sequence[str]) -> Iterator[Span]:
    """Numbers of orders, customers, accounts and passports: told by the words before them, never by their look."""
    for start, end, told in _values(text):
        value = text[start:end]
        if (DATE.fullmatch(value) and not value.isdigit()) or (text[start - 1 : start] == "#" and value[0].isalpha()):
            continue  # a day, a hashtag
        if told.identity and sum(map(str.isdigit, value)) >= 5:
            yield Span(start, end, "ID")
        elif (told.named or (told.thing and not told.product and _serial(value))) and not _amount(text, start, end):
            yield Span(start, end, "ACCOUNT")


def _amount(text: str, start: int, end: int) -> bool:
    """Whether a currency or a unit stands beside the value."""
    return bool(COUNTED.match(text, end) or PRICED.search(text[max(0, start - 6) : start]))


def _serial(value: str) -> bool:
    """Whether a value looks like a number given out, so that the bare word "order" before it is enough."""
    digits = sum(map(str.isdigit, value))
    return not re.fullmatch(r"\d+[.]\d+|\d{1,3}(?:\.\d{3})+|(?:19|20)\d{6}", value) and (
        digits >= 6 or (digits >= 4 and any(map(str.isalpha, value)))
    )


def _values(text: str) -> Iterator[tuple[int, int, Context]]:
    """Start, end and context of everything that has three digits or more."""
    for match in VALUE.finditer(text):
        grouped = GROUPED.match(text, match.start())
        end = grouped.end() if grouped else match.end()
        if sum(map(str.isdigit, text[match.start() : end])) >= 3:
            yield match.start(), end, before(text, match.start())


def _phones(text: str, regions: Sequence[str]) -> Iterator[Span]:
    yield from (Span(start, end, "PHONE") for start, end in telephones(text, regions))


Finder = Callable[[str, Sequence[str]], Iterator[Span]]
FINDERS: tuple[Finder, ...] = (_urls, _emails, _ibans, _cards, _ips, _identifiers, _announced, _phones)
"""The surest first: what one has taken, the next ones leave alone."""
WITHOUT_NUMBERS: tuple[Finder, ...] = (_urls, _emails, _ips)

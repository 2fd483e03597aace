"""Telephone numbers in a text, strictly: dates, prices, scores and product numbers are none.

The library `phonenumbers` knows which numbers exist in a country; that alone is far too little, as one order number in
three exists as somebody's telephone. Without a country code a number needs a word beside it, a leading zero where its
country dials one, or the grouping in which people write telephones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from voc.contexts import before
from voc.identifiers import WORDS

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

CANDIDATE = re.compile(
    rf"(?<![{WORDS}@#&%=/])(?<!\d[.,:/-])(?:(?:\+|＋|\(\+)\s?)?\(?\d(?:(?:\(0\)|[ \u00a0\t().\-/‐‑–]){{0,3}}\d){{6,16}}"
    rf"(?![{WORDS}]|[.,:/-]\d|\s?[%€$£])"
)
DAY, MONTH, YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|[12]\d|3[01])", r"(?:19|20)\d\d"
DATE = re.compile(
    rf"(?:{YEAR}[-./]?(?:0?[1-9]|1[0-2])[-./]?{DAY}|{DAY}[-./] ?{MONTH}[-./] ?(?:19|20)?\d\d|{DAY} {MONTH} {YEAR}"
    rf"|{YEAR}\s?[-/–]\s?{YEAR})(?:[ .–-]+\d{{1,2}}(?:[.: –-]*\d\d){{0,5}})?"
)
THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+|\d{1,3}(?: \d{3}){2,}")
ROUND = re.compile(r"0{4,}$")
MONEY = re.compile(r"(?<![^\W\d_])(?:[€$£¥₹₽]|EUR|USD|GBP|PLN|CZK|SEK|RUB|INR|Rp|Rs\.?)\s?$", re.IGNORECASE)
AMOUNT = re.compile(
    r"\s?(?:EUR|USD|GBP|PLN|CZK|SEK|NOK|DKK|HUF|RON|RUB|INR|JPY|IDR|VND|zł|Kč|kr|Ft|lei|руб|грн|euro|円|元|원|₽|₹|₫|đ)",
    re.IGNORECASE,
)
LANGUAGE_REGIONS = {
    "ar": "SA AE EG", "bg": "BG", "ca": "ES", "cs": "CZ SK", "da": "DK", "de": "DE AT CH", "el": "GR CY",
    "en": "US GB AU IE ZA IN", "es": "ES MX AR CO CL", "et": "EE", "fi": "FI", "fr": "FR BE CH CA", "hi": "IN",
    "hr": "HR", "hu": "HU", "id": "ID", "it": "IT CH", "ja": "JP", "ko": "KR", "lt": "LT", "lv": "LV", "nl": "NL BE",
    "no": "NO", "nb": "NO", "pl": "PL", "pt": "PT BR", "ro": "RO MD", "ru": "RU KZ", "sk": "SK CZ", "sl": "SI",
    "sr": "RS", "sv": "SE FI", "th": "TH", "tr": "TR", "uk": "UA", "vi": "VN", "zh": "CN TW HK", "he": "IL",
    "ms": "MY",
}  # fmt: skip
"""Where the speakers of a language are likely to telephone, the likeliest first."""
SHORTEST_ALONE = 9
"""Digits of a number without country code and word: shorter ones are order numbers as often."""


def telephones(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Start and end of each telephone number."""
    for match in CANDIDATE.finditer(text):
        start = match.start()
        for low, high in _parts(match[0]):
            if _is_phone(text, start + low, start + high, tuple(regions)):
                yield start + low, start + high
                break


def _parts(written: str) -> list[tuple[int, int]]:
    """The whole, then without its first or last groups: "2024 0171 2345678", "0171 2345678 10"."""
    starts = [0, *(match.end() for match in re.finditer(r"[\s/]+", written))][:3]
    ends = [len(written), *(match.start() for match in reversed(list(re.finditer(r"\s+", written))))][:3]
    ranges = [(low, high) for low in starts for high in ends if sum(map(str.isdigit, written[low:high])) >= 7]
    return sorted(ranges, key=lambda span: span[0] - span[1])


def _is_phone(text: str, start: int, end: int, regions: tuple[str, ...]) -> bool:
    written, context = text[start:end], before(text, start)
    if written.lstrip("( ").startswith(("+", "＋")):
        return _dialled(written)
    priced = MONEY.search(text[max(0, start - 6) : start]) or AMOUNT.match(text, end)
    if (
        priced
        or context.product
        or context.named
        or DATE.fullmatch(written)
        or (ROUND.search(written) and not context.phone)
    ):
        return False
    return _exists(written, regions, told=context.phone)


@lru_cache(maxsize=4096)
def _dialled(written: str) -> bool:
    """A number with its country code: possible is enough, since new ranges and numbers of films are in no list."""
    import phonenumbers as library

    number = _parsed(written, None)
    return number is not None and library.is_possible_number(number) and len(str(number.national_number)) >= 6


@lru_cache(maxsize=4096)
def _exists(written: str, regions: tuple[str, ...], *, told: bool) -> bool:
    import phonenumbers as library

    if written.startswith("00"):
        number = _parsed("+" + written[2:], None)
        return number is not None and library.is_valid_number(number)
    for region in regions:
        number = _parsed(written, region)
        if number is None or number.country_code != library.country_code_for_region(region):
            continue
        if told and library.is_possible_number(number) and _plain(written):
            return True
        if library.is_valid_number_for_region(number, region) and _looks_dialled(written, number, region):
            return True
    return told and not regions and _plain(written)


def _plain(written: str) -> bool:
    return sum(map(str.isdigit, written)) >= 7 and not re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", written)


def _looks_dialled(written: str, number: PhoneNumber, region: str) -> bool:
    """Whether nothing but a telephone is written so."""
    import phonenumbers as library

    groups, digits = re.findall(r"\d+", written), sum(map(str.isdigit, written))
    metadata = library.PhoneMetadata.metadata_for_region(region)
    trunk = metadata.national_prefix if metadata else None
    if digits < SHORTEST_ALONE and not (len(groups) >= 4 and set(map(len, groups)) == {2}):
        return False
    dialled = digits > len(str(number.national_number)) and not number.italian_leading_zero
    if trunk == "0" and not dialled:
        return False  # at home such a number is written with its zero
    if dialled and trunk in {"0", "8"}:
        return len(groups) <= 1 or min(map(len, groups[1:])) >= 2
    mobile = library.number_type(number) == library.PhoneNumberType.MOBILE
    if len(groups) == 1:
        return mobile and digits == SHORTEST_ALONE
    if "." in written and THOUSANDS.fullmatch(written):
        return False
    national = re.findall(r"\d+", library.format_number(number, library.PhoneNumberFormat.NATIONAL))
    return [len(each) for each in groups] == [len(each) for each in national] or (
        len(groups) >= 3 and min(map(len, groups)) >= 2 and mobile
    )


def _parsed(written: str, region: str | None) -> PhoneNumber | None:
    import phonenumbers as library

    try:
        return library.parse(written.replace("(0)", " "), region)
    except library.NumberParseException:
        return None

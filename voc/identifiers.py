"""Numbers that prove themselves: bank accounts, payment cards and national ids, by their shape and their check digits.

Each check takes the bare letters and digits. Sources: ISO 13616 and ISO 7064 (IBAN), ISO/IEC 7812 (cards), and the
published rule of each country. This module knows no words: whether a number may be masked without a word beside it is
told by `Identifier.alone`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal

Check = Callable[[str], bool]

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    "YE": 30,
}  # fmt: skip
"""The SWIFT registry of IBAN formats: country -> characters in all."""

CARDS = re.compile(
    r"4(?:\d{15}|\d{18})|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}"
    r"|(?:50[0-9]{2}|5[6-8]\d\d|6304|6759|676[1-3])\d{12}"
)
"""First digits and lengths of the card schemes: Visa, Mastercard, Amex, Diners, JCB, Discover, UnionPay, Maestro. The
13 digits of old Visa cards are left out: they are article numbers (EAN) today, IMEIs have 15 and start otherwise."""

CONTROL_ES = "TRWAGMYFPDXBNJZSQVHLCKE"
CONTROL_FI = "0123456789ABCDEFHJKLMNPRSTUVWXY"
CONTROL_IE = "WABCDEFGHIJKLMNOPQRSTUV"
ODD_IT = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
VERHOEFF = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4), (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7), (9, 4, 5, 3, 1, 2, 6, 8, 7, 0), (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5), (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)  # fmt: skip


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    values = [int(digit) for digit in reversed(digits)]
    return sum(values[::2] + [sum(divmod(2 * value, 10)) for value in values[1::2]]) % 10 == 0


def is_iban(letters: str) -> bool:
    """ISO 13616: the country's length, and 1 as the remainder of division by 97.

    >>> is_iban("DE89370400440532013000"), is_iban("DE89370400440532013001")
    (True, False)
    """
    upper = letters.upper()
    if len(upper) != IBAN_LENGTHS.get(upper[:2]):
        return False
    return int("".join(str(int(each, 36)) for each in upper[4:] + upper[:4])) % 97 == 1


def is_card(digits: str) -> bool:
    """A number that a card scheme could have given out."""
    return CARDS.fullmatch(digits) is not None and luhn(digits) and len(set(digits)) > 1


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _any_century(year: str, month: int, day: str) -> bool:
    """Whether there is such a day in 1900 or in 2000, whose leap years differ."""
    return any(_is_day(century + int(year), month, int(day)) for century in (1900, 2000))


def _dni(letters: str) -> bool:
    digits = letters[:-1].upper().translate(str.maketrans("XYZ", "012"))
    return CONTROL_ES[int(digits) % 23] == letters[-1].upper()


def _codice_fiscale(letters: str) -> bool:
    values = [int(each) if each.isdigit() else ord(each) - ord("A") for each in letters.upper()]
    total = sum(ODD_IT[value] if place % 2 == 0 else value for place, value in enumerate(values[:15]))
    return total % 26 == values[15] and letters[15].isalpha()


def _pesel(digits: str) -> bool:
    month = int(digits[2:4])
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[month // 20]
    born = _is_day(century + int(digits[:2]), month % 20, int(digits[4:6]))
    return born and _weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _baltic(digits: str) -> bool:
    """Lithuania and Estonia: sex and century, day of birth, serial, two rounds of weights."""
    century = 1800 + 100 * ((int(digits[0]) - 1) // 2)
    if not (digits[0] in "123456" and _is_day(century + int(digits[1:3]), int(digits[3:5]), int(digits[5:7]))):
        return False
    control = _weighted(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    control = control if control < 10 else _weighted(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11
    return control % 10 == int(digits[10])


def _latvian(digits: str) -> bool:
    if digits.startswith("32"):  # given out since 2017: no date, no check digit
        return True
    century = {"0": 1800, "1": 1900, "2": 2000}.get(digits[6])
    if century is None or not _is_day(century + int(digits[4:6]), int(digits[2:4]), int(digits[:2])):
        return False
    return (1 + _weighted(digits, (10, 5, 8, 4, 2, 1, 6, 3, 7, 9))) % 11 % 10 == int(digits[10])


def _personnummer(digits: str) -> bool:
    short = digits[-10:]
    day = int(short[4:6])
    day = day - 60 if day > 60 else day  # coordination numbers
    return luhn(short) and _any_century(short[:2], int(short[2:4]), f"{day:02}")


def _hetu(letters: str) -> bool:
    digits = letters[:6] + letters[-4:-1]
    control = CONTROL_FI[int(digits) % 31] == letters[-1].upper()
    return control and _any_century(letters[4:6], int(letters[2:4]), letters[:2])


def _bsn(digits: str) -> bool:
    return int(digits) > 0 and _weighted(digits.zfill(9), (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _mod_11_10(digits: str) -> bool:
    """ISO 7064, the hybrid system."""
    state = 10
    for digit in digits[:-1]:
        state = (int(digit) + state) % 10 or 10
        state = state * 2 % 11
    return (11 - state) % 10 == int(digits[-1])


def _steuer_id(digits: str) -> bool:
    """One digit of the first ten stands twice or thrice, the others once or never."""
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    return digits[0] != "0" and counts[-1] in (2, 3) and (not counts[:-1] or counts[-2] == 1) and _mod_11_10(digits)


def _nir(letters: str) -> bool:
    number = letters[:13].upper()
    for department, digits in (("2A", "19"), ("2B", "18")):
        number = number[:5] + number[5:7].replace(department, digits) + number[7:]
    return number.isdigit() and 97 - int(number) % 97 == int(letters[13:])


def _cpf(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    first = _weighted(digits, range(10, 1, -1)) * 10 % 11 % 10
    second = _weighted(digits, range(11, 1, -1)) * 10 % 11 % 10
    return digits[9:] == f"{first}{second}"


def _rodne_cislo(digits: str) -> bool:
    month = int(digits[2:4]) % 50
    month = month - 20 if month > 20 else month
    control = int(digits[:9]) % 11 % 10 == int(digits[9])
    return control and _any_century(digits[:2], month, digits[4:6])


def _belgian(digits: str) -> bool:
    control = any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))
    return control and _any_century(digits[:2], int(digits[2:4]) % 20, digits[4:6])


def _fodselsnummer(digits: str) -> bool:
    first = (11 - _weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11) % 11
    second = (11 - _weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11
    day, month = int(digits[:2]) % 40, int(digits[2:4]) % 40
    return digits[9:] == f"{first}{second}" and _any_century(digits[4:6], month, f"{day:02}")


def _cpr(digits: str) -> bool:
    return _any_century(digits[4:6], int(digits[2:4]), digits[:2])


def _cnp(digits: str) -> bool:
    control = _weighted(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return min(control, 10) % 10 + (control == 10) == int(digits[12]) and _any_century(
        digits[1:3], int(digits[3:5]), digits[5:7]
    )


def _egn(digits: str) -> bool:
    control = _weighted(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10
    month = int(digits[2:4]) % 20
    return control == int(digits[9]) and _any_century(digits[:2], month, digits[4:6])


def _kimlik(digits: str) -> bool:
    values = [int(digit) for digit in digits]
    tenth = (7 * sum(values[0:9:2]) - sum(values[1:8:2])) % 10
    return tenth == values[9] and sum(values[:10]) % 10 == values[10]


def _ean13(digits: str) -> bool:
    return _weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def _nhs(digits: str) -> bool:
    return (11 - _weighted(digits, range(10, 1, -1)) % 11) % 11 == int(digits[9])


def _nino(letters: str) -> bool:
    return letters[:2].upper() not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}


def _pps(letters: str) -> bool:
    extra = CONTROL_IE.find(letters[8].upper()) if len(letters) > 8 else 0
    return extra >= 0 and CONTROL_IE[(_weighted(letters[:7], range(8, 1, -1)) + 9 * extra) % 23] == letters[7].upper()


def _svnr(digits: str) -> bool:
    return _weighted(digits[:3] + digits[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11 == int(digits[3])


def _nif_pt(digits: str) -> bool:
    return (11 - _weighted(digits, range(9, 1, -1)) % 11) % 11 % 10 == int(digits[8])


def _amka(digits: str) -> bool:
    return luhn(digits) and _any_century(digits[4:6], int(digits[2:4]), digits[:2])


def _jmbg(digits: str) -> bool:
    control = -_weighted(digits, (7, 6, 5, 4, 3, 2) * 2) % 11 % 10
    year = 1000 * (2 if digits[4] == "0" else 1) + int(digits[4:7])
    return control == int(digits[12]) and _is_day(year, int(digits[2:4]), int(digits[:2]))


def _rut(letters: str) -> bool:
    total = _weighted(letters[-2::-1], (2, 3, 4, 5, 6, 7) * 2)
    return "0123456789K"[(11 - total % 11) % 11 if total % 11 != 1 else 10] == letters[-1].upper()


def _chinese(letters: str) -> bool:
    total = _weighted(letters[:17], [2**place % 11 for place in range(17, 0, -1)])
    born = _is_day(int(letters[6:10]), int(letters[10:12]), int(letters[12:14]))
    return born and "10X98765432"[total % 11] == letters[17].upper()


def _rrn(digits: str) -> bool:
    """Korea: numbers given out since October 2020 have no check digit."""
    return digits[6] in "12345678" and _any_century(digits[:2], int(digits[2:4]), digits[4:6])


def _aadhaar(digits: str) -> bool:
    """Verhoeff's dihedral check."""
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = _dihedral(state, VERHOEFF[place % 8][int(digit)])
    return state == 0


def _dihedral(a: int, b: int) -> int:
    if a < 5:
        return (a + b) % 5 + (5 if b >= 5 else 0)
    return (a - b) % 5 + (0 if b >= 5 else 5)


def _south_african(digits: str) -> bool:
    return luhn(digits) and _any_century(digits[:2], int(digits[2:4]), digits[4:6])


def _rnokpp(digits: str) -> bool:
    return _weighted(digits, (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10 == int(digits[9])


def _hungarian(digits: str) -> bool:
    return digits[0] == "8" and _weighted(digits, range(1, 10)) % 11 == int(digits[9])


def _curp(letters: str) -> bool:
    alphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ"
    total = sum((18 - place) * alphabet.index(each) for place, each in enumerate(letters[:17].upper()))
    return str(-total % 10) == letters[17]


def _any(_: str) -> bool:
    """A shape that is check enough, or a number without a check digit."""
    return True


WORDS = r"A-Za-z0-9_\u00c0-\u1fff"
"""Characters that a number does not stand right beside. East Asian ones are missing: these scripts use no spaces."""

Alone = Literal["always", "at home", "never"]


@dataclass(frozen=True)
class Identifier:
    """A national id: its country, its name in speech, its written form, its check, and where it is believed without a
    word beside it: anywhere, in texts of its country, or nowhere."""

    country: str
    names: tuple[str, ...]
    written: re.Pattern[str]
    check: Check
    alone: Alone = "never"


def _id(country: str, names: str, written: str, check: Check, alone: Alone = "never") -> Identifier:
    """A space in `written` stands for an optional space, point or hyphen."""
    pattern = written.replace(" ", r"[ .\-]?")
    whole = rf"(?<![{WORDS}.,/+\-])(?:{pattern})(?![{WORDS}/]|[.,\-][{WORDS}])"
    return Identifier(
        country, tuple(names.split(",")) if names else (), re.compile(whole, re.IGNORECASE | re.ASCII), check, alone
    )


def _forms(country: str, names: str, check: Check, *forms: tuple[str, Alone]) -> tuple[Identifier, ...]:
    """One id with several written forms, each believed in its own places."""
    return tuple(_id(country, names, written, check, alone) for written, alone in forms)


_day = r"(?:0[1-9]|[12]\d|3[01])"
_month = r"(?:0[1-9]|1[0-2])"

IDENTIFIERS = (
    _id(
        "IT", "codice fiscale,c.f.,cf",
        r"[A-Z]{6} \d[\dLMNP-V] [A-EHLMPRST][\dLMNP-V]{2} [A-Z][\dLMNP-V]{3}[A-Z]", _codice_fiscale, "always",
    ),
    _id("MX", "curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z\d]\d", _curp, "always"),
    _id(
        "FR", "nir,sécurité sociale,numéro de sécu,sécu",
        r"[12] \d\d (?:0[1-9]|1[0-2]|[2-4]\d|[5-9]\d) \d[\dAB] \d{3} \d{3} \d\d", _nir, "always",
    ),
    _id("CN", "身份证,身份证号", rf"[1-9]\d{{5}}(?:19|20)\d\d{_month}{_day}\d{{3}}[\dX]", _chinese, "always"),
    _id("CH", "ahv,avs,ahv-nummer", r"756 \d{4} \d{4} \d\d", _ean13, "always"),
    *_forms(
        "BE", "rijksregisternummer,registre national,niss,insz", _belgian,
        (r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", "always"), (r"\d{11}", "never"),
    ),
    *_forms("BR", "cpf", _cpf, (r"\d{3}\.\d{3}\.\d{3}-\d\d", "always"), (r"\d{11}", "at home")),
    _id("NO", "fødselsnummer,personnummer,fnr", r"\d{6} \d{5}", _fodselsnummer, "always"),
    _id("RO", "cnp,cod numeric personal", rf"[1-9]\d\d{_month}{_day}\d{{6}}", _cnp, "always"),
    _id("SI", "emšo,emso,jmbg", rf"{_day}{_month}[089]\d\d\d{{6}}", _jmbg, "always"),
    _id("FI", "hetu,henkilötunnus", rf"{_day}{_month}\d\d[-+A-FU-Y]\d{{3}}[\dA-FHJ-NPR-Y]", _hetu, "always"),
    *_forms(
        "SE", "personnummer,personnr,pnr", _personnummer,
        (r"(?:19|20)\d\d(?:0\d|1[0-2])\d\d[-+]?\d{4}|\d\d(?:0\d|1[0-2])\d\d[-+]\d{4}", "always"),
        (r"\d{10}", "never"),
    ),
    _id("ES", "dni,nif,nie", r"(?:\d{8}|[XYZ] \d{7}) [A-Z]|\d\d\.\d{3}\.\d{3} [A-Z]", _dni, "always"),
    *_forms(
        "CZ", "rodné číslo,rodné č,r.č,rč,rodne cislo", _rodne_cislo,
        (rf"\d\d(?:[0257][1-9]|[1368][0-2]){_day}/\d{{4}}", "always"), (r"\d{10}", "never"),
    ),
    _id("LT", "asmens kodas,asmens kodo,asmens kodą,isikukood,isikukoodi", r"[1-6]\d{10}", _baltic, "always"),
    *_forms("LV", "personas kods,personas kodu", _latvian, (r"\d{6}-\d{5}", "always"), (r"\d{11}", "never")),
    _id("PL", "pesel,pesela", r"\d{11}", _pesel, "at home"),
    _id("DK", "cpr,cpr-nummer,personnummer", rf"{_day}{_month}\d\d-\d{{4}}", _cpr, "at home"),
    _id(
        "DE", "steuer-id,steuer-identifikationsnummer,steuerid,idnr,steuernummer",
        r"\d\d \d{3} \d{3} \d{3}", _steuer_id, "never",
    ),
    _id("NL", "bsn,burgerservicenummer,sofinummer", r"\d{4} \d\d \d{3}|\d{3} \d{3} \d{3}", _bsn, "never"),
    *_forms(
        "GB", "national insurance,ni number,nino", _nino,
        (r"[A-Z]{2} \d\d \d\d \d\d [A-Z]", "never"),  # where it is named, also one with letters that none has
        (r"[A-CEGHJ-PR-TW-Z]{2}\x20\d\d\x20\d\d\x20\d\d\x20[A-D]", "always"),
    ),
    _id("GB", "nhs,nhs number", r"\d{3} \d{3} \d{4}", _nhs, "never"),
    _id("IE", "pps,ppsn,pps number", r"\d{7}[A-W][ABHWTX]?", _pps, "never"),
    *_forms(
        "US", "ssn,social security", _any,
        (r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}", "always"),
        (r"(?!000|666|9)\d{3} (?!00)\d\d (?!0000)\d{4}", "never"),
    ),
    _id("CA", "sin,social insurance,nas", r"\d{3} \d{3} \d{3}", luhn, "never"),
    _id(
        "AT", "sozialversicherungsnummer,svnr,sv-nummer,versicherungsnummer",
        rf"\d{{4}} {_day}(?:0[1-9]|1[0-5])\d\d", _svnr, "never",
    ),
    _id("PT", "nif,contribuinte,número de contribuinte", r"[1-35689]\d\d \d{3} \d{3}", _nif_pt, "never"),
    _id("GR", "αμκα,amka", rf"{_day}{_month}\d{{7}}", _amka, "at home"),
    _id("BG", "егн,egn", r"\d{10}", _egn, "at home"),
    _id("HR", "oib", r"\d{11}", _mod_11_10, "never"),
    _id("HU", "adóazonosító,adóazonosító jel,adószám", r"8\d{9}", _hungarian, "at home"),
    _id("TR", "kimlik,tckn,tc kimlik no,t.c", r"[1-9]\d{10}", _kimlik, "at home"),
    _id("UA", "рнокпп,іпн,ідентифікаційний код,инн", r"\d{10}", _rnokpp, "never"),
    *_forms("CL", "rut,run", _rut, (r"\d{1,2}\.\d{3}\.\d{3}-[\dK]", "always"), (r"\d{7,8}-[\dK]", "at home")),
    _id("KR", "주민등록번호,주민번호", rf"\d\d{_month}{_day}-[1-8]\d{{6}}", _rrn, "always"),
    _id("IN", "aadhaar,aadhar,आधार", r"[2-9]\d{3} \d{4} \d{4}", _aadhaar, "never"),
    _id("ZA", "id number,south african id", rf"\d\d{_month}{_day}\d{{7}}", _south_african, "never"),
)  # fmt: skip
"""Ordered from the surest to the least sure. `never` are those whose check lets one in ten or eleven numbers of their
length pass, so that order and product numbers would go too. Guarded by tests/personal_data.tsv."""


bare = partial(re.compile(r"[^0-9A-Za-z]").sub, "")
"""The letters and digits of a written number."""

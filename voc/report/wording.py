"""Figures, dates and names as people write them. Never `0.8374829`, never `-12`, never `1 comments`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

MINUS = "−"
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
LANGUAGES = {
    "af": "Afrikaans", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali",
    "bs": "Bosnian", "ca": "Catalan", "ceb": "Cebuano", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian", "eu": "Basque",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "gu": "Gujarati",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "kn": "Kannada",
    "ko": "Korean", "la": "Latin", "lb": "Luxembourgish", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian",
    "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "mt": "Maltese", "nb": "Norwegian",
    "ne": "Nepali", "nl": "Dutch", "nn": "Norwegian Nynorsk", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sh": "Serbo-Croatian", "si": "Sinhala", "sk": "Slovak",
    "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil",
    "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek",
    "vi": "Vietnamese", "war": "Waray", "zh": "Chinese", "und": "language unclear",
}  # fmt: skip


def number(value: float, decimals: int = 0, *, signed: bool = False) -> str:
    """A figure with a real minus sign and thousands separators.

    >>> number(-1234.56, 1), number(7, signed=True), number(-0.01)
    ('−1,234.6', '+7', '0')
    """
    rounded = round(float(value), decimals) or 0.0
    text = f"{rounded:+,.{decimals}f}" if signed and rounded else f"{rounded:,.{decimals}f}"
    return text.replace("-", MINUS)


def percent(share: float) -> str:
    """A share (0-1) for reading.

    >>> percent(0.126), percent(0.004), percent(0.0), percent(0.998)
    ('13%', 'under 1%', '0%', 'over 99%')
    """
    if 0 < share < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < share < 1 else f"{number(100 * share)}%"


def several(count: int, noun: str) -> str:
    """A count with its noun.

    >>> several(1, "comment"), several(2310, "comment"), several(2, "reply")
    ('1 comment', '2,310 comments', '2 replies')
    """
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{number(count)} {noun if count == 1 else plural}"


def capfirst(text: str) -> str:
    """The text with a capital letter in front, the rest as it is (names keep theirs).

    >>> capfirst("mean NPS")
    'Mean NPS'
    """
    return text[:1].upper() + text[1:]


def listing(words: Sequence[str], *, most: int = 5) -> str:
    """Words as a list in a sentence.

    >>> listing(["a", "b", "c"]), listing(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 more')
    """
    shown = [*words] if len(words) <= most + 1 else [*words[:most], f"{len(words) - most} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def day(when: pd.Timestamp) -> str:
    """A date as it is said.

    >>> day(pd.Timestamp("2025-03-09"))
    '9 March 2025'
    """
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def period(start: pd.Timestamp, unit: str) -> str:
    """The name of a period that starts on a day; `unit` is day, week or month."""
    if unit == "month":
        return f"{MONTHS[start.month - 1]} {start.year}"
    return f"week of {day(start)}" if unit == "week" else day(start)


def language(code: Any) -> str:
    """The English name of a language code; the code itself where it has none here."""
    return "" if pd.isna(code) else LANGUAGES.get(str(code), str(code))


def shortened(text: str, length: int, *, from_end: bool = False) -> str:
    """At most about `length` characters of a text, cut between words (between characters where it has no spaces).

    >>> shortened("the app crashes again", 9), shortened("the app crashes again", 9, from_end=True)
    ('the app …', '… again')
    """
    if len(text) <= length:
        return text
    if from_end:
        _, _, kept = text[-length:].partition(" ")
        return f"… {kept or text[-length:]}"
    kept, _, _ = text[:length].rpartition(" ")
    return f"{kept or text[:length]} …"

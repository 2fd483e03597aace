"""Figures, dates and names in English, for the command line. Never `0.8374829`, never `-12`, never `1 comments`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from voc.report.speech import MINUS, speech_of


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


def day(when: pd.Timestamp) -> str:
    """A date as it is said.

    >>> day(pd.Timestamp("2025-03-09"))
    '9 March 2025'
    """
    return speech_of("en").day(when)


def language(code: Any) -> str:
    """The English name of a language code; the code itself where it has none here."""
    return speech_of("en").language(code)


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

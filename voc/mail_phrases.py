"""The phrases under `[mail]` of all language files as patterns: what mail programs, phones and help desks write.

A mail may quote any language, so each pattern knows all of them. This module decides nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from voc.rules import all_rules


def phrase(words: str) -> str:
    """A phrase of the language files as a pattern: `*` for a few words, any white space, either apostrophe."""
    pattern = re.escape(words).replace(r"\*", ".{1,40}?").replace(r"\ ", r"\s+").replace("'", "['’]")
    return pattern.replace(r"e\-mail", "e-?mail").replace("email", "e-?mail")


def phrases(kind: str) -> list[str]:
    """The phrases of a kind in all languages, longest first."""
    found = {each for rules in all_rules().values() for each in rules.mail.get(kind, ())}
    return sorted(found, key=lambda each: (-len(each), each))


def any_of(kind: str, *more: str) -> str:
    """One pattern for the phrases of a kind; words of alphabets stand alone, others anywhere."""
    patterns = [
        phrase(each) + (r"(?!\w)" if each[-1].isalpha() and each[-1] < "\u2e80" else "") for each in phrases(kind)
    ]
    return "(?:" + "|".join([*patterns, *more]) + ")"


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern that knows no case and sees every line."""
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)


@lru_cache(maxsize=1)
def wrote() -> re.Pattern[str]:
    """wrote, schrieb, a écrit …"""
    return compiled(r"(?<![^\W\d_])" + any_of("wrote"))


@lru_cache(maxsize=1)
def wrote_last() -> re.Pattern[str]:
    """… wrote:"""
    return compiled(r"(?<!\w)" + any_of("wrote") + r"[\s:：>-]*$")


@lru_cache(maxsize=1)
def wrote_alone() -> re.Pattern[str]:
    """The last line of an attribution that starts with its address's closing bracket."""
    return compiled(r"^\s*>\s*(?:[:：]|" + any_of("wrote") + r"\s*[:：]?)\s*$")


@lru_cache(maxsize=1)
def separator() -> re.Pattern[str]:
    """A line such as -----Original Message-----, or Begin forwarded message:"""
    words = any_of("forwarded")
    return compiled(
        rf"^[\s>]*(?:[-_=*—–~+]{{2,}}\s*{words}[^\n]{{0,80}}?[-_=*—–~+\s:：]*|{words}\s*[-_=*—–~+]{{2,}}\s*|{words}\s*[:：])\s*$"
        rf"|^[\s#*-]*{reply_above()}"
    )


def reply_above() -> str:
    """The line of help desks above which customers answer."""
    lines = [phrase(each) for each in phrases("survey") if _asks_above(each)]
    return "(?:" + "|".join(lines) + ")"


def _asks_above(words: str) -> bool:
    signs = (
        "above this line",
        "oberhalb dieser",
        "über dieser zeile",
        "au-dessus",
        "encima de esta",
        "sopra",
        "acima desta",
    )
    return any(sign in words for sign in signs)


@lru_cache(maxsize=1)
def header_line() -> re.Pattern[str]:
    """From: …"""
    labels = "|".join(
        phrase(each) for each in sorted({*phrases("headers"), *phrases("subject")}, key=len, reverse=True)
    )
    return compiled(rf"^[\s*_]{{0,6}}(?:{labels})[*_]{{0,2}}\s?[:：]")


@lru_cache(maxsize=1)
def subject_line() -> re.Pattern[str]:
    """Subject: …"""
    return compiled(rf"^[\s*_]{{0,6}}{any_of('subject')}[*_]{{0,2}}\s?[:：]")


@lru_cache(maxsize=1)
def device_opening() -> re.Pattern[str]:
    """Sent from my …"""
    return compiled(r"^[\s<(\[*_\"“~-]*(?P<phrase>" + any_of("sent_from") + ")")


@lru_cache(maxsize=1)
def disclaimer() -> re.Pattern[str]:
    """The opening of a disclaimer, at the start of a line or of a sentence."""
    return compiled(
        r"(?:^[^\w\n]{0,8}|(?<=[.!?] ))" + "(?:" + "|".join(phrase(each) for each in phrases("disclaimer")) + ")"
    )


@lru_cache(maxsize=1)
def legal() -> re.Pattern[str]:
    """Words of disclaimers: confidential, recipient …"""
    return compiled("|".join(phrase(each) for each in phrases("legal")))


@lru_cache(maxsize=1)
def footer_line() -> re.Pattern[str]:
    """To unsubscribe …"""
    return compiled(r"^[\W_]*(?:" + "|".join(phrase(each) for each in phrases("survey")) + ")")


@lru_cache(maxsize=1)
def inline_separator() -> re.Pattern[str]:
    """-----Original Message----- after other words of the same line."""
    return compiled(r"(?<=\S)[ \t]+([-_]{3,}\s?" + any_of("forwarded") + r"\s?[-_]{3,})[ \t]+")


@lru_cache(maxsize=1)
def inline_attribution() -> re.Pattern[str]:
    """A short word, a date, a name and the verb, with words beside them: … On 3 May … wrote: …; Yahoo indents them."""
    return compiled(
        r"(?:(?<=\S)[ \t]|^[ \t]{2})\w{1,3} (?:\w{2,10}[.,]{0,2} ){0,2}\d{1,4}(?!\d)"
        r"[^\n:]{0,40}(?::\d\d)?[^\n:]{3,120}?" + any_of("wrote") + r"\s?[:：](?=[ \t])"
    )

"""What channels add to a customer's words: which rows are mails, machine answers, notices of apps and translators.

`stripped` takes a mail's history and signature away; `without_notices` the lines that phones and translators add to
any comment; `why_automatic` tells an answer that no customer wrote. A survey comment loses no word of its own.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pandas as pd

from voc.mail import MACHINE, is_mail, own_words, sent_from
from voc.mail_phrases import any_of, compiled, phrase, phrases

AUTOMATIC, AWAY, BOUNCE = "automatic reply", "out of office", "undelivered mail"
"""The reasons to skip a row that this module gives."""

MAIL_CHANNEL = re.compile(
    r"(?<![^\W_])e?-?\s?mails?(?![^\W_])|(?<![^\W_])(?:courriel|correo|inbox|mbox|eml)(?![^\W_])", re.IGNORECASE
)
HTML = re.compile(r"<(?:html|body|div|p|br|blockquote|span|table)\b", re.IGNORECASE)
RULE = re.compile(r"<hr\b[^>]*>", re.IGNORECASE)
WRAPPED = re.compile(r"[ \t]*\n\s*")
QUOTED_PARTS = (
    "blockquote, .gmail_quote, .gmail_attr, .gmail_signature, .yahoo_quoted, .yahoo-signature, .moz-cite-prefix, "
    ".moz-signature, .protonmail_quote, .protonmail_signature_block, .zmail_extra, .tutanota_quote, .cite, "
    "#isForwardContent, #OLK_SRC_BODY_SECTION, #Signature, #ms-outlook-mobile-signature, "
    ".ms-outlook-mobile-reference-message, "
    "#AppleMailSignature, .OutlookMessageHeader, #yahoo_quoted_body, .front-signature, .front-blockquote, .hs_reply"
)
"""Where mail programs put history and signatures in HTML."""

HEAD = 600
"""Characters at the top of a mail in which an automatic answer says what it is."""
OPENING = 200
FAILURE = re.compile(
    r"mailer-daemon|postmaster|\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}|\b55[0-4]\b|\S@\S", re.IGNORECASE
)
"""What stands in every bounce: the server's name, a code or the address that failed."""
SERVICES = (
    "google",
    "deepl",
    "microsoft",
    "bing",
    "yandex",
    "amazon",
    "tripadvisor",
    "trustpilot",
    "airbnb",
    "facebook",
)
SERVICE = "(?:" + "|".join(SERVICES) + ")"
LAST = 160
"""Characters at the end of a text in which a phone writes its notice."""
KEY = 3
"""Letters by which openings are looked up before the patterns are tried: most texts share none."""
REPLY_MARKS = ("re:", "aw:", "sv:", "vs:", "subject:", "betreff:", "objet:", "asunto:", "oggetto:", "assunto:")
REPLY_MARK = "(?:(?:" + "|".join(REPLY_MARKS) + r")\s*)?"
SENTENCE = re.compile(r"[。:：.!\n(\[–—-]|\s-|$")


def mail_rows(feedback: pd.DataFrame) -> list[bool]:
    """Whether each row came by mail, as its channel says."""
    if "channel" not in feedback:
        return [False] * len(feedback)
    names = feedback["channel"].fillna("")
    known = {name: bool(MAIL_CHANNEL.search(name)) for name in names.unique()}
    return [known[name] for name in names]


def by_mail(text: str, *, told: bool) -> bool:
    """Whether to read a text as a mail: the channel says so, or its form leaves no doubt."""
    return told or is_mail(text)


def stripped(text: str) -> str:
    """A mail's own words; see `mail.own_words`."""
    return own_words(text)


def unquoted(markup: str) -> str:
    """A mail's HTML without the parts that quote or sign; rules stay visible. What quotes only, and plain text, stays.

    >>> unquoted("<div>Broken<blockquote>Hello</blockquote></div>")
    '<div>Broken</div>'
    """
    if not HTML.search(markup):
        return markup
    from selectolax.lexbor import LexborHTMLParser

    flowing = markup if "<pre" in markup.lower() else WRAPPED.sub(" ", markup)
    tree = LexborHTMLParser(RULE.sub("<p>____________</p>", flowing.replace("\x00", "")))
    for part in tree.css(QUOTED_PARTS):
        part.decompose()
    left = tree.body
    return (left.inner_html or "") if left and left.text(strip=True) else markup


def without_notices(text: str) -> str:
    """A comment without what apps add to it: "sent from my phone" at the end, "translated by" with the translation.

    >>> without_notices("Great, but slow.\\nSent from my iPhone")
    'Great, but slow.'
    >>> without_notices("(Translated by Google) Good place\\n\\n(Original)\\nGuter Ort")
    'Guter Ort'
    """
    if "(" in text or "\n" in text or "（" in text:
        lowered = text.lower()
        if any(name in lowered for name in SERVICES):
            text = _untranslated(text)
    return _unsent(text) if _may_be_sent(text) else text


def _may_be_sent(text: str) -> bool:
    """Whether the last line or sentence starts, or goes on, as a phone's notice does."""
    tail = text[-LAST:].lower()
    last = max(tail.rfind("\n"), tail.rfind(". "), tail.rfind("! "), tail.rfind("? "))
    return tail[last + 1 :].lstrip(' <([*_~-"“')[:KEY] in device_keys() or any(each in tail for each in device_ends())


def _untranslated(text: str) -> str:
    text = _original(text)
    lines = text.split("\n")
    lines = [line for line in lines if not translator_line().match(line)] or lines
    return translator().sub("", "\n".join(lines)).strip()


def _unsent(text: str) -> str:
    """Without the last lines, or the last sentence, that a phone wrote."""
    lines = text.split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or (_by_machine(lines[-1]) and sent_from(lines[-1]))):
        lines.pop()
    last = lines[-1]
    found = device_sentence().search(last, max(0, len(last) - LAST))
    if found and MACHINE.search(last, found.end("phrase")):
        lines[-1] = last[: found.start()]
    return "\n".join(lines).rstrip()


def _original(text: str) -> str:
    """The part in the customer's own language, where a review site shows both."""
    marked = original_mark().search(text)
    if not (marked and translator().search(text)):
        return text
    before, after = text[: marked.start()].strip(), text[marked.end() :].strip()
    return after if translator().match(before) or not before else f"{before}\n{after}"


def _by_machine(line: str) -> bool:
    """In texts that are no mails only a line that names a device or an app is taken for a notice."""
    return bool(MACHINE.search(line)) and len(line.split()) <= 10


def why_automatic(text: str, *, mail: bool) -> str | None:
    """Why no customer wrote this; None where one did.

    >>> why_automatic("Automatic reply: your order\\nI am away.", mail=True)
    'automatic reply'
    >>> why_automatic("The automatic reply took days.", mail=True) is None
    True
    """
    opening = text[:OPENING].lstrip("\ufeff \n\t*-#[(<")
    if opening[:KEY].casefold() in opening_keys():
        if bounce_title().match(opening) and FAILURE.search(text):
            return BOUNCE
        found = automatic_title().match(opening)
        if found and (len(found["phrase"].split()) > 3 or SENTENCE.match(opening[found.end() :].lstrip(" "))):
            return AWAY if away().search(text[:HEAD]) else AUTOMATIC
    return AWAY if mail and _says_away(text) else None


def _says_away(text: str) -> bool:
    """Two different things that only an absence note says, the first of them at the top."""
    first = away().search(text[:OPENING])
    if not first:
        return False
    said = {found[0].casefold() for found in away().finditer(text[:HEAD])}
    return len(said) > 1


@lru_cache(maxsize=1)
def device_keys() -> frozenset[str]:
    """How a phone's notice starts."""
    return frozenset(each[:KEY].lower() for each in phrases("sent_from") if not each.startswith("*"))


@lru_cache(maxsize=1)
def device_ends() -> tuple[str, ...]:
    """What follows the name of the device in languages that put it first."""
    return tuple(each.lstrip("* ").lower() for each in phrases("sent_from") if each.startswith("*"))


@lru_cache(maxsize=1)
def device_sentence() -> re.Pattern[str]:
    """Sent from my iPhone, as the last sentence of a line."""
    opening = "|".join(phrase(each) for each in phrases("sent_from") if " " in each and not each.startswith("*"))
    return compiled(rf"(?<=[.!?)…]) +(?P<phrase>{opening})(?: [^\s.!?]+){{1,4}}\.?$")


@lru_cache(maxsize=1)
def translator() -> re.Pattern[str]:
    """(Translated by Google)"""
    words = any_of("translated")
    return compiled(
        rf"[(（\[]\s*(?:{words}[^()（）\[\]\n]{{0,30}}?{SERVICE}|{SERVICE}[^()（）\[\]\n]{{0,20}}?{words})\s*[)）\]]\s*"
    )


@lru_cache(maxsize=1)
def translator_line() -> re.Pattern[str]:
    """A line of its own: Translated from German by Google, or See original."""
    words = any_of("translated")
    see = "|".join(phrase(each) for each in phrases("translated") if " " in each and _shows(each))
    return compiled(rf"^\W*(?:{words}[^\n]{{0,40}}?\b{SERVICE}|{see})\W*$")


def _shows(words: str) -> bool:
    return any(original in words for original in (*phrases("original"), "oryginał", "origin")) and "by" not in words


@lru_cache(maxsize=1)
def original_mark() -> re.Pattern[str]:
    """(Original)"""
    return compiled(rf"[(（\[]\s*{any_of('original')}\s*[)）\]]\s*")


@lru_cache(maxsize=1)
def automatic_title() -> re.Pattern[str]:
    """Automatic reply: …"""
    return compiled(rf"\A[\W_]*{REPLY_MARK}(?P<phrase>{any_of('automatic', 'out of office')})")


@lru_cache(maxsize=1)
def opening_keys() -> frozenset[str]:
    """How every text starts that a title could match."""
    titles = (*phrases("automatic"), *phrases("bounce"), "out of office", *REPLY_MARKS)
    return frozenset(each[:KEY].casefold() for each in titles)


@lru_cache(maxsize=1)
def bounce_title() -> re.Pattern[str]:
    """Undeliverable: …"""
    return compiled(rf"\A[\W_]*{REPLY_MARK}{any_of('bounce')}")


@lru_cache(maxsize=1)
def away() -> re.Pattern[str]:
    """I am out of the office; in urgent cases …"""
    return compiled(r"(?<!\w)" + "(?:" + "|".join(phrase(each) for each in phrases("away")) + ")")

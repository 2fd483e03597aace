"""Text made readable, and rows that say nothing marked: `clean_text`, `skip` and `cut`. `text` stays as it came.

Repaired are broken encodings, entities, HTML, Markdown, invisible characters and white space; web addresses go, because
they carry no opinion and fill themes with junk (a name such as booking.com stays); "sooooo" is "sooo". Emoji stay.
Mails lose their history and signatures; what machines wrote is marked. Personal data is not this stage's business.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

import pandas as pd

from voc.channels import by_mail, mail_rows, stripped, unquoted, why_automatic, without_notices
from voc.config import CleanConfig
from voc.mail import LONGEST_MAIL
from voc.rules import all_rules
from voc.tables import FEEDBACK

EMPTY, SAYS_NOTHING, NO_WORDS = "empty", "says nothing", "no words"
"""The reasons to skip a row that this stage gives."""

PASSES = 8
"""Repairs uncover one another (an entity that hides a tag); no real text needed more than three rounds."""

INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff]"
    "|(?<![\u0600-\U0010ffff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\U0010ffff])"
)
"""Control, zero-width and direction marks, lone surrogates; joiners stay in emoji and where a script needs them."""
TROUBLE = re.compile(
    "[&<\\\\\x00-\x09\x0b-\x1f\x7f-\xa0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180e\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3000\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff‚ƒ†‡ˆ‰Š‹Œ˜–√├Γ]"
)
"""A superset of all that one of the repairs below looks for in a single character: most texts have none of it."""
SUSPICIOUS = re.compile(
    "[ÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜàáâãäåæçèéêëìíîïðñòóôĂĹ]"
    "[\xa0-\xbf€„…‘’“”•—™š›œžŸŽŚŤŹśťźĽľŁłĄąŞşŻżˇ˘˛˝]|[РС][ЂЃѓЉЊЌЋЏђљњќћџЎўЈҐЄЇІіґєѕї°±µ¶·№»]"
)
"""A lead byte and a continuation byte of UTF-8, as the code pages of Windows show them: the full test is slow."""
C1_CONTROL = re.compile("[\x80-\x9f]")
RAGGED = re.compile(r"\n[ \n]| \n")
LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]|_x000[Dd]_\n?|\\r\\n|\\n(?=[\s\\A-ZÀ-Þ*•-])")
"""Line ends of other systems, of spreadsheets, and those written out as a backslash and a letter."""
TAG = re.compile(
    r"<(?:/?(?:a|abbr|b|big|blockquote|body|br|button|center|cite|code|dd|del|div|dl|dt|em|font|footer|form|h[1-6]|head|header"
    r"|hr|html|i|iframe|img|input|ins|label|li|link|meta|o:p|ol|option|p|pre|q|s|script|section|select|small|span|strike"
    r"|strong|style|sub|sup|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|tt|u|ul|video)(?:\s[^<>]*)?/?>|!--|!doctype)",
    re.IGNORECASE,
)
BREAKS = (
    "address,article,blockquote,br,dd,div,dl,dt,footer,form,h1,h2,h3,h4,h5,h6,header,hr,li,ol,option,p,pre,section,table,"
    "td,th,tr,ul"
)
UNSEEN = ["head", "script", "style", "template", "noscript", "svg", "iframe", "textarea", "select", "title"]
LINK = re.compile(r"\[([^\[\]\n]+)\]\((?:https?://|www\.|mailto:)[^()\s]*\)", re.IGNORECASE)
ADDRESS = re.compile(
    r"(?:\b(?:https?|ftp)://|\bwww\d?\.)(?:[^\s<>\"'“”„«»]*[^\s<>\"'“”„«».,;:!?)\]}…])?", re.IGNORECASE
)
HOLLOW = re.compile(r"\(\s*\)|\[\s*\]|<\s*>| +(?=[.,;!?](?:\s|$))")
"""What a removed address leaves behind."""

REPEATED = re.compile(r"(.)\1\1\1+")
LENGTHENED = re.compile(r"[^\W\d_]|[!?.…,;:=~_–—-]|[\U0001f300-\U0001f64f\U0001f900-\U0001faff]")
"""Four or more of a letter, mark or face say no more than three, but hide a word from the model. Digits and rows of
stars are figures and stay."""
MARKED = re.compile(r"[*_~`#]")
EMPHASIS = re.compile(
    r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]+?)(?<=[^\s*])\1(?![\w*])|(?<![\w_])(_{1,3})(?=[^\s_])([^_\n]+?)(?<=[^\s_])\3(?![\w_])"
    r"|(?<![\w~])(~~)(?=[^\s~])([^~\n]+?)(?<=[^\s~])~~(?![\w~])|(?<!`)(`)([^`\n]+)`(?!`)"
)
FURNITURE = re.compile(r"^#{1,6} +(?=\S)|^```.*$| #+$|!\[([^\[\]\n]*)\]\([^()\n]*\)", re.MULTILINE)
"""Headings, fences and pictures of Markdown; a list stays a list, since clauses are split at its marks."""

DOS_ACCENTS = dict(zip("‚ƒ„…†‡ˆ‰Š‹Œ–—“”•˜", "éâäàåçêëèïîûùôöòÿ", strict=True))
"""Letters of the DOS code page 850 as Windows-1252 shows them: 'd‚çu' for 'déçu'."""
DOS = re.compile("[‚ƒ†‡ˆ‰Š‹Œ˜–]")
DOS_INSIDE = re.compile(r"(?<=[a-zà-ÿ])[‚ƒ†‡ˆ‰Š‹Œ˜](?=[a-zà-ÿ])")
DOS_EDGE = re.compile(r"(?<=[a-zà-ÿ])‚(?![\w‘])|(?<![\w.,;])[‚ƒ](?=[a-zà-ÿ]{2})")
DOS_DASH = re.compile(r"\b(d|s|m|go|co|br|ao|fl|aff|env|ch)–(?=[a-z\s])")
"""Dashes are real far more often than not: only the û of dû, sûr, mûr, goût, coût, brûler, août … is read back."""

WORD = re.compile(r"[^\W\d_]")
NUMBER_SIGN = re.compile(r"^\d{1,3}(?:[.,]\d)?\s*(?:/\s*(?:5|10|20|100)|\*|%|⭐|★)$")
"""An answer such as 10/10 is an opinion without a word."""
OPINION = re.compile(
    "[\U0001f600-\U0001f64f\U0001f910-\U0001f92f\U0001f970-\U0001f97a\U0001fae0-\U0001fae8\U0001f440-\U0001f450"
    "\U0001f479-\U0001f480\U0001f48b-\U0001f49f\U0001f4a2-\U0001f4ab\U0001f4af\U0001f4a9\U0001f525\U0001f31f\U0001f389\U0001f38a"
    "\U0001f590\U0001f595\U0001f596\U0001f90c-\U0001f90f\U0001f91d\U0001f90d\U0001f90e\U0001f9e1\U0001f929\U0001faf0-\U0001faf8"
    "\U0001f44a-\U0001f450\U0001f451\U0001f3c6\U0001f947\U0001f6ab\U0001f6ae\u2639\u263a\u261d\u270a-\u270d\u2764\u2763\u2665\u2661"
    "\u2b50\u2605\u2606\u2714\u2705\u274c\u274e\u2757\u203c\u26a0]"
    r"|(?<!\w)(?:[:;=8xX]['’]?-?[()\[\]DPpOo/\\|*3]|[(\[]-?[:;=]|<3|\^_?\^|-_-|T_T|[oO]_[oO])(?!\w)"
)
"""Faces, hands, hearts, stars and marks, and their ASCII forms: a telephone or a flag is no opinion."""

EDGE = re.compile(r"^[\W_]+|[\W_]+$")
PUNCTUATION = re.compile(r"[\W_]+")
LONGEST_NOTHING = 60
"""Characters of a content-free answer at most; longer ones are not looked up."""
LONGEST_WORD = 80
"""How far from the limit a white space is looked for."""


def clean(feedback: pd.DataFrame, config: CleanConfig) -> pd.DataFrame:
    """`feedback` with `clean_text` (never missing), `skip` (a reason the reader gave stays) and `cut`.

    A text longer than `max_characters` is cut at a space and marked; it is still used. So is a mail of which only the
    first `LONGEST_MAIL` characters, history and all, are read.
    """
    feedback = FEEDBACK.check(feedback)
    raw = feedback["text"].fillna("").tolist()
    mails = mail_rows(feedback)
    whole = [without_notices(readable(own(text, mail=mail))) for text, mail in zip(raw, mails, strict=True)]
    texts = [shorten(text, config.max_characters) for text in whole]
    reasons = pd.Series([why_skip(text) for text in texts], index=feedback.index, dtype="string")
    given = feedback["skip"] if "skip" in feedback else pd.Series(pd.NA, index=feedback.index, dtype="string")
    cut = [
        len(short) < len(long) or (len(text) > LONGEST_MAIL and by_mail(text, told=mail))
        for short, long, text, mail in zip(texts, whole, raw, mails, strict=True)
    ]
    skip = given.fillna(_automatic(feedback, raw, mails)).fillna(reasons)
    return FEEDBACK.add(feedback, clean_text=texts, skip=skip, cut=cut)


def own(text: str, *, mail: bool) -> str:
    """What the customer wrote: of a mail the words above, below or between what it quotes, else the text."""
    if not by_mail(text, told=mail):
        return text
    return stripped(_flattened(_decoded(unquoted(text))))


def _automatic(feedback: pd.DataFrame, raw: list[str], mails: list[bool]) -> pd.Series:
    """Why a row was written by a machine, told by its text or its subject."""
    reasons = pd.Series([why_automatic(text, mail=mail) for text, mail in zip(raw, mails, strict=True)], dtype="string")
    if "subject" in feedback:
        subjects = feedback["subject"].astype("string").fillna("")
        told = [why_automatic(f"{each}\n{text}", mail=True) for each, text in zip(subjects, raw, strict=True)]
        reasons = reasons.fillna(pd.Series(told, dtype="string").where(pd.Series(mails, dtype=bool)))
    return reasons


def readable(text: str) -> str:
    """The text as a person would have typed it. Reading it twice changes nothing more.

    >>> readable("Tr&egrave;s&nbsp;bien<br>mais &quot;cher&quot; https://ex.am/ple?x=1 !")
    'Très bien\\nmais "cher"!'
    """
    if _sound(text):
        return text
    for _ in range(PASSES):
        repaired = _spaced(_even(_visible(_flattened(_decoded(text)))))
        if repaired == text or _sound(repaired):
            return repaired
        text = repaired
    return text


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a white space where one is near.

    >>> shorten("the quick brown fox", 12)
    'the quick'
    """
    if len(text) <= limit:
        return text
    head = text[: limit + 1]
    space = max(head.rfind(" "), head.rfind("\n"))
    return head[: space if space >= max(limit // 2, limit - LONGEST_WORD) else limit].rstrip() or text[:limit]


def why_skip(text: str) -> str | None:
    """Why a clean text says nothing; None where it says something.

    >>> why_skip("N/A."), why_skip("..."), why_skip("👍"), why_skip("10/10"), why_skip("No complaints")
    ('says nothing', 'no words', None, None, None)
    """
    if not text:
        return EMPTY
    if len(text) <= LONGEST_NOTHING and folded(text) in nothing_answers():
        return SAYS_NOTHING
    if WORD.search(text) or OPINION.search(text) or NUMBER_SIGN.match(text):
        return None
    return NO_WORDS


@lru_cache(maxsize=1)
def nothing_answers() -> frozenset[str]:
    """The content-free answers of all languages, folded."""
    return frozenset(folded(answer) for rules in all_rules().values() for answer in rules.nothing) - {""}


def folded(text: str) -> str:
    """Case, punctuation and spacing taken away.

    >>> folded(" K. A.!! ") == folded("k.a")
    True
    """
    return PUNCTUATION.sub(" ", text.casefold()).strip()


def _sound(text: str) -> bool:
    """Whether no repair would find anything to do."""
    return not (
        "  " in text
        or TROUBLE.search(text)
        or _ragged(text)
        or _marked(text)
        or _lengthened(text)
        or "_x000" in text
        or "://" in text
        or "www" in text.lower()
        or not (text.isascii() or _whole(text))
    )


def _ragged(text: str) -> bool:
    """Whether white space stands at an edge of the text or of a line."""
    return text[:1].isspace() or text[-1:].isspace() or ("\n" in text and RAGGED.search(text) is not None)


def _whole(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text) and not SUSPICIOUS.search(text)


def _decoded(text: str) -> str:
    """Entities and broken encodings read back."""
    if "&" in text:
        text = html.unescape(text) if not TAG.search(text) else text
    if text.isascii():
        return text
    from ftfy import fix_encoding
    from ftfy.badness import is_bad
    from ftfy.fixes import fix_c1_controls

    text = fix_c1_controls(text) if C1_CONTROL.search(text) else text
    text = fix_encoding(text) if SUSPICIOUS.search(text) and is_bad(text) else text
    text = _from_dos(text) if DOS.search(text) else text
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _from_dos(text: str) -> str:
    """Accents read back from DOS bytes that were taken for Windows ones."""

    def accent(match: re.Match[str]) -> str:
        return DOS_ACCENTS[match[0]]

    text = DOS_INSIDE.sub(accent, text)
    text = text if "‘" in text else DOS_EDGE.sub(accent, text)
    return DOS_DASH.sub(r"\1û", text)


def _flattened(text: str) -> str:
    """HTML as text: a block is a line, scripts and styles are gone. A text that is no HTML stays."""
    if "<" not in text or not TAG.search(text):
        return text
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text.replace("\x00", ""))
    tree.strip_tags(UNSEEN)
    for block in tree.css(BREAKS):
        block.insert_before("\n")
        block.insert_after("\n")
    return tree.body.text() if tree.body else ""


def _visible(text: str) -> str:
    """No invisible characters, no addresses."""
    if TROUBLE.search(text) or "_x000" in text:
        text = INVISIBLE.sub("", LINE_ENDS.sub("\n", text))
    if "://" in text or "www" in text.lower():
        text = HOLLOW.sub("", ADDRESS.sub("", LINK.sub(r"\1", text)))
    return text


def _even(text: str) -> str:
    """No marks of Markdown, no letter or mark more than three times in a row."""
    if _marked(text):
        text = EMPHASIS.sub(lambda found: found[2] or found[4] or found[6] or found[8], FURNITURE.sub(r"\1", text))
    return REPEATED.sub(_short, text)


def _lengthened(text: str) -> bool:
    return REPEATED.search(text) is not None and any(map(LENGTHENED.match, REPEATED.findall(text)))


def _short(found: re.Match[str]) -> str:
    """Three of what is there four times or more, where that is a letter, mark or face."""
    return found[1] * 3 if LENGTHENED.match(found[1]) else found[0]


def _marked(text: str) -> bool:
    return bool((MARKED.search(text) or "![" in text) and (EMPHASIS.search(text) or FURNITURE.search(text)))


def _spaced(text: str) -> str:
    """One space between words, one line end between lines, none at the edges."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))

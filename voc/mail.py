"""What the writer of an e-mail wrote, without the history, headers and signatures that mail programs put around it.

A mail is read as a string of one letter per line (text, blank, quote, attribution, header …), on which the rules of
replies are short patterns. The words to look for stand in the language files, under `[mail]`. A mail program that no
file knows is recognised by form: a line with a date and an address, before quoted lines.

This module reads plain text; it does not open mail files and does not know which rows are mails.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from voc.mail_phrases import (
    device_opening,
    disclaimer,
    footer_line,
    header_line,
    inline_attribution,
    inline_separator,
    legal,
    separator,
    subject_line,
    wrote,
    wrote_alone,
    wrote_last,
)

BLANK, TEXT, QUOTE, MARK, HEADER, DEVICE, DASHES, RULE = "etqbhsdr"
"""Kinds of lines: blank, the writer's, quoted, an attribution or separator, a header, "sent from", `--`, a rule."""

FENCE = re.compile(r"^\s*```")
QUOTED = re.compile(r"^\s*>")
BARRED = re.compile(r"^\s*\|(?:\s|$)")
SIGNATURE_MARK = re.compile(r"^\s*(?:--|––|—|__)\s*$")
LONG_RULE = re.compile(r"^\s*([-_*=~+—–#])\s?(?:\1\s?){2,}\s*$")
TIME = re.compile(r"\d{1,2}[:：]\d{2}|(?<![\d.])\d{1,2}[.h]\d{2}(?!\.?\d)")
DATE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
DATE_FIRST = re.compile(r"^\W*(?:\d{4}\s?[-/.年]|\d{1,2}\s?[-/.]\d{1,2}|\d{1,2}\.? \w{3,10}\.?,? (?:19|20)\d\d)")
ADDRESS = re.compile(r"[<(\[]\s*(?:mailto:)?[^\s<>()\[\]@]+@[^\s<>()\[\]@]+")
ADDRESS_LAST = re.compile(r">\)?\s*[:：]$")
AT = re.compile(r"\w@\w")
ENDING = re.compile(r"[:：]\s*$|\s-{2,}\s*$|>\s*$")
SENTENCE_END = re.compile(r"[.!?…。！？]\s*$")
CLAUSE_END = re.compile(r"[.!?:,;…。！？]\s*$")
TITLE_END = re.compile(r"(?:\b\w\.|\b(?:inc|ltd|co|corp|jr|sr|llc|ing|mba|dipl))\.?\s*$", re.IGNORECASE)
"""A line that ends in a title or a company's form: its full stop ends no sentence."""
LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\n]*\)")
CONTACT = re.compile(
    r"^\W*(?:(?:\w{1,12}\W{1,3}){0,2}[+(]?\d[\d\s()/.+-]{6,}\d\W*$|\S+@\S+\.\w+\W*$|(?:https?://|www\.)\S+$"
    r"|(?:(?:tel|phone|mobile|cell|fax|skype|e-?mail|mail|web|www|mob|tél|telefon|teléfono|[tfme])\s?[.:])\s?\S)",
    re.IGNORECASE,
)
"""A line that is a telephone number, an address of mail or web, or names one."""
BESIDE = re.compile(r"\s+[|·•]\s+")
"""Between the telephone and the address that stand in one line."""
MACHINE = re.compile(
    r"(?:i?phone|ipad|ipod|android|samsung|galaxy|huawei|xiaomi|redmi|oneplus|pixel|nokia|xperia|htc|motorola|blackberry"
    r"|windows|mac|outlook|gmail|yahoo|proton|aol|hotmail|thunderbird|mail|app|cell|mobil|smartphone|handy|tablet|gerät"
    r"|device|móvil|celular|dispositivo|téléphone|appareil|telefon|telefoon|toestel|telemóvel|cellulare|puhelim|puhelin"
    r"|laitte|zařízení|zariadeni|urządzeni|telefonu|телефон|устройств|смартфон|пристро|手机|手機|携帯|スマ|기기|휴대)",
    re.IGNORECASE,
)

LONGEST_ATTRIBUTION = 300
"""Characters of "On … wrote:" at most, over at most five lines; long names and addresses with links need 250."""
SHORT_TAIL = 7
"""Lines below the quoted history, under a reply that stands above it, that are still a footer: what customers add below
is longer or has an opening line alone above. From the email_reply_trimmer set; guarded by test_footer_or_reply."""
LONGEST_MAIL = 30_000
"""Characters of a mail that are read: more than a comment may have, and history stands at the end. Bounds the time."""
SIGNATURE_LINES = 12
"""Lines below a `--` at most for a signature; longer text goes on."""


def reply(text: str) -> str:
    """What was written in this mail, quotes that it answers line by line included; blank lines at the edges are gone.

    >>> reply("Thanks!\\n\\nSent from my iPhone\\n\\nOn 3 May 2024, at 10:15, Jo <jo@ex.am> wrote:\\n> Hello")
    'Thanks!'
    """
    lines = [line.rstrip() for line in opened(text).split("\n")]
    kept = _kept(lines, kinds(lines))
    return "\n".join(lines[place] for place in kept).strip("\n")


def own_words(text: str) -> str:
    """The reply without the lines it quotes, the disclaimer, the block of addresses at its end and the list footer.

    A mail that holds nothing else stays as it is.
    """
    answer = reply(text[:LONGEST_MAIL])
    lines = answer.split("\n")
    written = [line for line, kind in zip(lines, kinds(lines), strict=True) if kind != QUOTE]
    words = "\n".join(written).strip("\n")
    return _without_contact(_without_footer(_without_disclaimer(words))) or words or answer


def is_mail(text: str) -> bool:
    """Whether a text cannot be anything but a mail with its history."""
    text = text[:LONGEST_MAIL]
    if "\n" not in text or not ("\n>" in text or ("@" in text and AT.search(text))):
        return False
    lines = text.split("\n")
    shape = kinds(lines)
    if HEADER in shape:
        return True
    marks = [place for place, kind in enumerate(shape) if kind == MARK]
    return any(ADDRESS.search(lines[place]) or re.match("b*e*q", shape[place:]) for place in marks)


def kinds(lines: Sequence[str]) -> str:
    """The kind of each line, as one letter each."""
    shape = [_kind(line) for line in lines]
    _fence(lines, shape)
    _mark_headers(lines, shape)
    _mark_attributions(lines, shape)
    _mark_bars(lines, shape)
    _mark_rules(lines, shape)
    return "".join(shape)


def opened(text: str) -> str:
    """The lines of the mail; where a mail lost its line ends, an attribution within a line gets them back."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > LONGEST_MAIL // 3 or not any(
        len(line) > 60 and (":" in line or "：" in line) for line in text.split("\n")
    ):
        return text
    text = inline_separator().sub(r"\n\1\n", text)
    return inline_attribution().sub(lambda match: _broken_out(match[0]), text)


def _broken_out(found: str) -> str:
    sure = TIME.search(found) and (ADDRESS.search(found) or DATE.search(found))
    return f"\n{found.strip()}\n" if sure else found


def _kind(line: str) -> str:  # noqa: PLR0911 (one line a kind, in the order in which they are told apart)
    if not line.strip():
        return BLANK
    if QUOTED.match(line):
        return QUOTE
    if len(line) > LONGEST_ATTRIBUTION:
        return TEXT
    if SIGNATURE_MARK.match(line):
        return DASHES
    if LONG_RULE.match(line):
        return RULE
    if separator().match(line):
        return MARK
    return DEVICE if sent_from(line) else TEXT


def sent_from(line: str) -> bool:
    """Whether a line is what a mail program adds: sent from my phone, get Outlook for iOS.

    >>> sent_from("Sent from my iPhone"), sent_from("Sent from the shop with a broken lid, twice, and never paid back")
    (True, False)
    """
    if len(line) > 160:
        return False
    found = device_opening().match(LINK.sub(r"\1", line))
    if not found:
        return False
    rest = LINK.sub(r"\1", line)[found.end() :]
    if MACHINE.search(line):
        return len(rest.split()) <= 12
    phrase = found["phrase"]
    named = any(letter.isupper() or letter.isdigit() for letter in rest) or not rest.isascii() or not rest.strip()
    return (" " in phrase or not phrase.isascii()) and len(rest.split()) <= 3 and named


def _fence(lines: Sequence[str], shape: list[str]) -> None:
    """Lines of a code block are text, whatever they look like."""
    fences = [place for place, line in enumerate(lines) if FENCE.match(line)]
    for start, end in zip(fences[::2], fences[1::2], strict=False):
        shape[start : end + 1] = TEXT * (end + 1 - start)


def _mark_headers(lines: Sequence[str], shape: list[str]) -> None:
    """Blocks such as From, Sent, To, Subject: three of them with a subject or an address, two below a separator."""
    place = 0
    while place < len(lines):
        end, count = _header_block(lines, shape, place)
        block = " ".join(lines[place:end])
        below = MARK in [kind for kind in shape[max(0, place - 2) : place] if kind != BLANK][-1:]
        telling = "@" in block or any(subject_line().match(line) for line in lines[place:end])
        if count >= (2 if below else 3) and telling:
            shape[place:end] = HEADER * (end - place)
        place = max(end, place + 1)


def _header_block(lines: Sequence[str], shape: Sequence[str], start: int) -> tuple[int, int]:
    """Where a run of header lines from `start` ends, and how many there are; long ones may go on in a second line."""
    end, count, place = start, 0, start
    while place < len(lines) and place - end <= (1 if count else 0):
        if shape[place] not in (QUOTE, MARK) and header_line().match(lines[place]):
            count, end = count + 1, place + 1
        elif shape[place] in (QUOTE, MARK):
            break
        place += 1
    return end, count


def _mark_attributions(lines: Sequence[str], shape: list[str]) -> None:
    for place, line in enumerate(lines):
        if shape[place] in (TEXT, DEVICE) or (shape[place] == QUOTE and wrote_alone().match(line)):
            start = _attribution(lines, shape, place)
            if start is not None:
                shape[start : place + 1] = MARK * (place + 1 - start)


def _attribution(lines: Sequence[str], shape: Sequence[str], end: int) -> int | None:
    """The first line of the attribution that ends in line `end`; None where there is none."""
    last = lines[end].strip()
    if not (ENDING.search(last) or ((DATE.search(last) or TIME.search(last)) and wrote_last().search(last))):
        return None
    quoted = QUOTE in next((kind for kind in shape[end + 1 : end + 4] if kind != BLANK), "") or _barred(lines, end)
    parts: list[str] = []
    for start in range(end, max(-1, end - 6), -1):
        if start < end and shape[start] not in (TEXT, BLANK, DEVICE):
            break
        parts.insert(0, lines[start].strip())
        joined = " ".join(part for part in parts if part)
        if len(joined) > LONGEST_ATTRIBUTION or (start < end and SENTENCE_END.search(lines[start]) and len(parts) > 3):
            break
        if parts[0] and _attributes(joined, quoted=quoted):
            return _reaching(lines, shape, start, joined)
    form = DATE.search(last) or TIME.search(last)
    return end if quoted and form and last.endswith((":", "：")) and len(last) < 200 else None


def _attributes(line: str, *, quoted: bool) -> bool:
    """Whether a line names who wrote when: a verb or the form, a date or time, brackets that close."""
    if line.count("<") != line.count(">") or not (DATE.search(line) or TIME.search(line)):
        return False
    address = ADDRESS.search(line)
    verb = wrote().search(line)
    if verb and not (ENDING.search(line) or wrote_last().search(line)):
        return False
    if verb:
        return bool(quoted or address or TIME.search(line))
    if not address:
        return False
    if line.endswith((":", "：")):
        timed = DATE.search(line) and TIME.search(line) and ADDRESS_LAST.search(line)
        return bool(quoted or timed or DATE_FIRST.match(line))
    return bool(quoted and DATE_FIRST.match(line) and line.endswith(">"))


def _reaching(lines: Sequence[str], shape: Sequence[str], start: int, joined: str) -> int:
    """The line above belongs to the attribution too where the date's year stands there."""
    above = start - 1
    if above < 0 or shape[above] != TEXT or DATE.search(joined) or SENTENCE_END.search(lines[above]):
        return start
    opens = DATE.search(lines[above]) and len(lines[above]) + len(joined) < LONGEST_ATTRIBUTION
    return above if opens else start


def _barred(lines: Sequence[str], end: int) -> bool:
    following = [line for line in lines[end + 1 : end + 4] if line.strip()]
    return bool(following) and bool(BARRED.match(following[0]))


def _mark_bars(lines: Sequence[str], shape: list[str]) -> None:
    """Lines that start with a bar are quotes below an attribution; elsewhere they are a table."""
    quoting = False
    for place, line in enumerate(lines):
        if shape[place] == MARK:
            quoting = True
        elif shape[place] == TEXT and quoting and BARRED.match(line):
            shape[place] = QUOTE
        elif shape[place] == TEXT:
            quoting = False


def _mark_rules(lines: Sequence[str], shape: list[str]) -> None:
    """A long rule opens history or a signature, or it is the writer's own."""
    for place in [place for place, kind in enumerate(shape) if kind in (RULE, DASHES)]:
        below = "".join(shape[place + 1 : place + 4 * SIGNATURE_LINES])
        if re.match(r"e*[bh]", below):
            shape[place] = MARK if shape[place] == RULE else shape[place]
            continue
        until = place + 1 + len(re.split("[bhq]", below, maxsplit=1)[0])
        tail = [line for line in lines[place + 1 : until] if line.strip()]
        signs = _is_signature(tail) if shape[place] == RULE else len(tail) <= SIGNATURE_LINES or _has_contact(tail)
        shape[place] = DASHES if signs else TEXT


def _has_contact(lines: Sequence[str]) -> bool:
    return any(CONTACT.match(line) for line in lines)


def _is_signature(lines: Sequence[str]) -> bool:
    """Whether lines below a rule are a signature: addresses among few lines, or nothing but short lines."""
    if len(lines) > 2 * SIGNATURE_LINES:
        return False
    if _has_contact(lines) or disclaimer().search("\n".join(lines)) or any(footer_line().match(line) for line in lines):
        return True
    return len(lines) <= 6 and all(len(line) <= 50 and not SENTENCE_END.search(line) for line in lines)


def _kept(lines: Sequence[str], shape: str) -> list[int]:
    """The places of the lines that the writer wrote for this mail."""
    places = list(range(len(lines)))
    signed = re.search(r"(?<=t)[^td]*(?P<cut>d)", shape)
    places, shape = _pick(places, shape, range(signed.start("cut") if signed else len(shape)))
    while True:
        places, shape = _without_devices(places, shape)
        mark = re.search(r"[bh]", shape)
        if not mark:
            break
        places, shape = _answered(places, shape, mark.start(), lines)
    above = len(shape.rstrip("qe"))
    return places[:above] if above and QUOTE in shape[above:] and TEXT in shape else places


def _pick(places: list[int], shape: str, keep: Sequence[int]) -> tuple[list[int], str]:
    return [places[each] for each in keep], "".join(shape[each] for each in keep)


def _without_devices(places: list[int], shape: str) -> tuple[list[int], str]:
    """Without the lines that mail programs add, where nothing of the writer follows before the history."""
    gone = {place for found in re.finditer(r"s[se]*+(?=[bhqd]|$)", shape) for place in range(*found.span())}
    return _pick(places, shape, [each for each in range(len(shape)) if each not in gone])


def _answered(places: list[int], shape: str, mark: int, lines: Sequence[str]) -> tuple[list[int], str]:
    """One attribution or header block resolved: the history below it cut, or the mark alone taken out."""
    above, below = shape[:mark], shape[mark:]
    block = re.match(r"[bh]+(?:e*[bh]+)*", below)
    size = block.end() if block else 1
    rest = below[size:]
    if TEXT not in above:
        answer = rest.lstrip("eq")
        skip = size + (len(rest) - len(answer) if TEXT in answer and QUOTE not in answer else 0)
        return _pick(places, shape, [*range(mark), *range(mark + skip, len(shape))])
    if re.match(r"e*q", rest) and HEADER not in below[:size]:
        tail = re.match(r"[eqbhsd]*q[ebhsd]*(?P<tail>[te]*)$", rest)
        if not tail:  # answers between the quotes
            return _pick(places, shape, [*range(mark), *range(mark + size, len(shape))])
        if tail["tail"].count("t") >= SHORT_TAIL or _only_greets([lines[place] for place in places[:mark]]):
            start = mark + size + tail.start("tail")
            return _pick(places, shape, [*range(mark), *range(start, len(shape))])
    return places[:mark], above


def _only_greets(lines: Sequence[str]) -> bool:
    """Whether the text above the quote is a greeting or points below."""
    said = [line.strip() for line in lines if line.strip()]
    return len(said) == 1 and len(said[0]) <= 40 and said[0].endswith((",", ":"))


def _without_disclaimer(text: str) -> str:
    """Without the passages from a disclaimer's opening to the end of their block, where legal words follow."""
    found = disclaimer().search(text)
    while found:
        end = text.find("\n\n", found.end())
        end = len(text) if end < 0 else end
        passage = text[found.start() : end]
        if legal().search(passage[len(found[0]) :]) and len(passage) >= 40:
            text = f"{text[: found.start()].rstrip()}{text[end:]}"
            found = disclaimer().search(text, found.start())
        else:
            found = disclaimer().search(text, found.end())
    return text.strip("\n")


def _without_footer(text: str) -> str:
    """Without the lines at the end that a mailing list or a help desk adds."""
    lines = text.split("\n")
    while lines and (not lines[-1].strip() or (len(lines[-1]) <= 200 and footer_line().match(lines[-1]))):
        lines.pop()
    return "\n".join(lines)


def _without_contact(text: str) -> str:
    """Without a block of name, telephone and addresses at the end: two lines of contact at least, one for a number."""
    lines = text.split("\n")
    last = len(lines)
    start = last
    while start > 1 and last - start < SIGNATURE_LINES and _may_sign(lines[start - 1]):
        start -= 1
    block = lines[start:last]
    if sum(bool(CONTACT.match(part)) for line in block for part in BESIDE.split(line)) < 2:
        return text
    return "\n".join(lines[:start]).strip("\n")


def _may_sign(line: str) -> bool:
    short = len(line) <= 50 and (not CLAUSE_END.search(line) or TITLE_END.search(line))
    return bool(short or CONTACT.match(line))

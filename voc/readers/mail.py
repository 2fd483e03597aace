"""Mailboxes and single mails: mbox (RFC 4155) and eml (RFC 5322, MIME), whole or broken.

| in the mail | becomes |
|---|---|
| body (plain text before HTML) | `text`; its history and signature are the cleaning's to remove |
| `Subject`, `Date`, `From` | `subject`, `created_at`, `customer_id` |
| `Message-ID`, `References`, `In-Reply-To` | the thread: `response_id` |
| `Auto-Submitted`, `X-Autoreply`, delivery reports | `skip` |
| mails from the mailbox's own address (`Delivered-To`, label Sent) | `skip`; `agent_text` of what they answer |

Attachments are left closed and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import encodings
from voc.readers.conversations import fields_of, with_replies
from voc.readers.dates import EARLIEST, LATEST
from voc.readers.formats import Head, reader
from voc.readers.recognition import FILE, SKIP, note
from voc.readers.tabular import BLOCK, blocks_of
from voc.tables import TIME

LARGEST: Final = 2**25
"""Bytes of one mail that are read; what goes beyond are attachments. Guarded by `test_a_huge_mail`."""
LONGEST: Final = 2**20
"""Characters of a body that are kept."""
PARTS: Final = 200
"""Parts of a mail that are looked at."""
FIELD: Final = re.compile(rb"^[!-9;-~]{1,60}:(?:[ \t]|\r?\n|$)")
USUAL: Final = (
    b"from:", b"date:", b"subject:", b"message-id:", b"received:", b"return-path:", b"to:", b"mime-version:",
    b"delivered-to:", b"x-", b"content-type:", b"reply-to:", b"dkim-signature:",
)  # fmt: skip
BEGIN: Final = re.compile(rb"^From \S+.*\d{4}\s*$|^From - .*\d{4}\s*$|^From \S+ .*\d{1,2}:\d{2}")
AUTOMATIC: Final = ("auto-replied", "auto-generated", "auto-notified")
IDS: Final = re.compile(r"<([^<>\s]{1,250})>")


def looks_mbox(head: Head) -> bool:
    """A line `From address date`, then a field of a header."""
    first, _, rest = head.start.lstrip(b"\r\n\xef\xbb\xbf").partition(b"\n")
    return bool(BEGIN.match(first.rstrip(b"\r")) and FIELD.match(rest.lstrip(b">")))


def looks_mail(head: Head) -> bool:
    """Header fields from the first line on, at least two of the usual ones."""
    lines = head.start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").split(b"\n", 60)[:60]
    fields: list[bytes] = []
    for line in lines:
        if not line.strip():
            break
        if FIELD.match(line):
            fields.append(line.lower())
        elif not line.startswith((b" ", b"\t")):
            return False
    named = {usual for usual in USUAL for field in fields if field.startswith(usual)}
    return len(named) >= 2 and not named.isdisjoint({b"from:", b"date:", b"subject:", b"message-id:", b"received:"})


@reader("mbox", sniff=looks_mbox, rank=22, suffixes=(".mbox", "mbox"))
def read_mbox(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The mails of a mailbox; `finish` joins the threads."""
    rows = [_mail(raw) for raw in split(blocks_of(path))]
    if not rows:
        raise InputError(f"{path.name} holds no mail; a mailbox has lines such as 'From a@example.org Mon Jan  1 …'")
    return _table(rows)


@reader("eml", sniff=looks_mail, rank=23, suffixes=(".eml",))
def read_eml(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """A single mail; `finish` joins the threads of several."""
    taken = b""
    for block in blocks_of(path):
        taken += block
        if len(taken) > LARGEST:
            break
    return _table([_mail(taken[:LARGEST])])


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    frame.attrs = {"finish": finish}
    return frame


def split(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The mails of a mailbox, one by one, each cut at LARGEST; `>From` in a body is mended."""
    taken: list[bytes] = []
    size, blank = 0, True
    for line in _byte_lines(blocks):
        if blank and BEGIN.match(line.rstrip(b"\r\n")):
            if taken:
                yield b"".join(taken)
            taken, size, blank = [], 0, False
            continue
        blank = not line.strip()
        if size < LARGEST:
            taken.append(line[1:] if line.startswith(b">From ") else line)
            size += len(line)
    if taken:
        yield b"".join(taken)


def _byte_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > 16 * BLOCK:
            yield rest
            rest = b""
    if rest:
        yield rest


def _mail(raw: bytes) -> dict[str, Any]:
    """One mail as a row; whatever is broken in it, its words are kept."""
    try:
        message = BytesParser(policy=policy.default).parsebytes(raw.removeprefix(b"\xef\xbb\xbf"))
        text, attachments = _body(message)
    except (MessageError, ValueError, LookupError, RecursionError, AttributeError, TypeError, IndexError, KeyError):
        return {"text": _decoded(raw.partition(b"\n\n")[2] or raw, None), "skip": pd.NA, "attachments": 0}
    sender = _addresses(message, "From")
    links = IDS.findall(" ".join(_header(message, name) for name in ("References", "In-Reply-To")))
    return {
        "text": text[:LONGEST],
        "subject": _header(message, "Subject") or None,
        "created_at": _date(message),
        "customer_id": sender[0] if sender else None,
        "message_id": next(iter(IDS.findall(_header(message, "Message-ID"))), None),
        "links": " ".join(links) or None,
        "attachments": attachments,
        "owners": " ".join(each for name in ("Delivered-To", "X-Original-To") for each in _addresses(message, name)),
        "sent": bool(re.search(r"(?i)\bsent\b", _header(message, "X-Gmail-Labels"))),
        "skip": _automatic(message) or pd.NA,
    }


def _header(message: EmailMessage, name: str) -> str:
    """A field in one line; broken ones as they stand."""
    try:
        return " ".join(str(each) for each in message.get_all(name, [])).replace("\r", " ").replace("\n", " ").strip()
    except (ValueError, OverflowError, LookupError, AttributeError, TypeError, IndexError, MessageError):
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return " ".join(str(raw).split())


def _addresses(message: EmailMessage, name: str) -> list[str]:
    return [address.lower() for _, address in getaddresses([_header(message, name)]) if "@" in address]


def _date(message: EmailMessage) -> datetime | None:
    """The time in `Date`, else of the newest `Received`."""
    for value in (_header(message, "Date"), _header(message, "Received").rpartition(";")[2]):
        try:
            found = parsedate_to_datetime(value.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        moment = found if found.tzinfo else found.replace(tzinfo=UTC)
        if EARLIEST <= moment <= LATEST:
            return moment.astimezone(UTC)
    return None


def _automatic(message: EmailMessage) -> str | None:
    """Why a mail is no customer's: answers of machines and reports of delivery, by RFC 3834 and usual fields."""
    kind = message.get_content_type()
    sender = _header(message, "From").lower()
    if kind == "multipart/report" or "mailer-daemon" in sender or _header(message, "Return-Path") == "<>":
        reported = kind == "multipart/report" or "mailer-daemon" in sender
        return "delivery report" if reported else "automatic reply"
    automatic = _header(message, "Auto-Submitted").lower().startswith(AUTOMATIC)
    marked = any(_header(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply"))
    return "automatic reply" if automatic or marked or "auto_reply" in _header(message, "Precedence").lower() else None


def _body(message: EmailMessage) -> tuple[str, int]:
    """The text that the sender wrote, plain before HTML, and how many attachments there are."""
    plain: list[str] = []
    html: list[str] = []
    attachments = 0
    for number, part in enumerate(message.walk()):
        if number >= PARTS:
            break
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        # A multipart without its boundary has one part, with the words of all.
        kind = "text/plain" if kind.startswith("multipart/") else kind
        if part.get_filename() or kind not in ("text/plain", "text/html") or "attachment" in _disposition(part):
            attachments += 1
            continue
        payload = part.get_payload(decode=True)
        words = _decoded(payload if isinstance(payload, bytes) else b"", part.get_content_charset())
        (plain if kind == "text/plain" else html).append(words)
    written = "\n\n".join(each.strip() for each in plain if each.strip())
    return written or "\n\n".join(html).strip(), attachments


def _disposition(part: Any) -> str:
    try:
        return str(part.get_content_disposition() or "")
    except (ValueError, LookupError, AttributeError, TypeError, IndexError):
        return ""


def _decoded(content: bytes, charset: str | None) -> str:
    """Text in the charset that the part names, if it is right, else in the one that fits."""
    content = content[: 4 * LONGEST]
    if charset and charset not in ("us-ascii", "ascii", "utf-8", "unknown-8bit", "default"):
        try:
            return content.decode(charset).replace("\r\n", "\n").replace("\0", "")
        except (LookupError, UnicodeDecodeError):
            pass
    text = "".join(encodings.decode([content], encodings.detect([content]))) if content else ""
    return text.replace("\r\n", "\n").replace("\0", "")


# ------------------------------------------------------------------------------------------------------------- threads


def finish(mails: pd.DataFrame, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every finish takes options
    """One row per mail, threads told by `response_id`, own replies marked and put beside what they answer."""
    for name in ("text", "subject", "customer_id", "message_id", "links", "owners", "created_at", "sent", "skip"):
        if name not in mails:
            mails[name] = None
    frame = mails.copy()
    frame["created_at"] = pd.to_datetime(frame["created_at"], utc=True).astype(TIME)
    frame["thread"] = _threads(frame)
    number = frame.groupby(FILE).cumcount() + 1
    single = frame.groupby(FILE)[FILE].transform("size") == 1
    made = frame[FILE].astype("string").where(single, frame[FILE].astype("string") + "-" + number.astype("string"))
    frame["message_id"] = frame["message_id"].astype("string").fillna(made)
    frame["thread"] = frame["thread"].fillna(frame["message_id"])
    owners = {each for listed in frame["owners"].dropna() for each in listed.split()}
    own = (
        (frame["customer_id"].isin(owners) | frame["sent"].fillna(value=False).astype(bool))
        if owners or frame["sent"].any()
        else None
    )
    notes = [note("Mails are one row each; response_id is the thread")]
    frame["skip"] = frame["skip"].astype("string")
    if own is not None and own.any():
        frame = with_replies(frame, own)
        frame["skip"] = frame["skip"].mask(own & frame["skip"].isna(), "sent by the owner of the mailbox")
        notes.append(note("Mails from the mailbox's own address are the replies in agent_text", int(own.sum())))
    elif len(frame) > 1:
        notes.append(
            note("The file does not tell which address is the mailbox's own; every mail was taken for a customer's")
        )
    frame[SKIP] = frame["skip"]
    frame = frame.assign(channel="email").drop(columns=["owners", "sent", "links", "skip"])
    kept = frame.dropna(axis="columns", how="all").assign(text=frame["text"].astype("string"), **{SKIP: frame[SKIP]})
    kept.attrs = {
        "columns": fields_of(kept, {"message_id": "feedback_id", "thread": "response_id", "text": "text"}),
        "notes": tuple(notes),
        "sure": True,
    }
    return kept


def _threads(frame: pd.DataFrame) -> pd.Series:
    """The first mail that each goes back to, by References and In-Reply-To."""
    parent = {
        str(own): str(links).split()[0]
        for own, links in zip(frame["message_id"], frame["links"], strict=True)
        if isinstance(own, str) and isinstance(links, str) and links
    }

    def root(each: str) -> str:
        seen = set()
        while each in parent and each not in seen:
            seen.add(each)
            each = parent[each]
        return each

    roots = [root(each) if isinstance(each, str) else None for each in frame["message_id"]]
    return pd.Series(roots, index=frame.index, dtype="string")

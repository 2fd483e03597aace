"""How exactly mails lose what is not their writer's, beside mail-parser-reply, and how fast comments are cleaned.

`python -m bench.channels [FOLDER]`: a folder with `emails` and `trimmed`, as email_reply_trimmer has them; without one,
the sets in `../shared/data/channels`. A mail counts where the whole body is the same but for white space at line ends.
"""

from __future__ import annotations

import email
import re
import sys
import time
from collections.abc import Callable
from email import policy
from pathlib import Path

import pandas as pd

from voc.clean import clean, own, readable
from voc.config import CleanConfig
from voc.mail import own_words, reply

CHANNELS = Path(__file__).parents[2] / "shared" / "data" / "channels"
ANSWER, SIGNED = "Hello", "Hi. I am fine.Thanks,Alex"
"""What talon's plain and HTML mails say without their history."""
COMMENTS = 20_000


def body(text: str) -> str:
    """The text without white space at the ends of lines and blank lines at its edges."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip("\n")


def exact(folder: Path, read: Callable[[str], str] = reply) -> tuple[int, int]:
    """Mails of `emails` whose body is that of `trimmed`, and mails in all."""
    mails = sorted((folder / "emails").glob("*.txt"))
    right = [body(read(text_of(mail))) == body(text_of(folder / "trimmed" / mail.name)) for mail in mails]
    return sum(right), len(right)


def text_of(path: Path) -> str:
    """The file's text with its line ends as they are."""
    return path.read_bytes().decode("utf-8")


def letters(text: str) -> str:
    """Talon compares without white space."""
    return re.sub(r"\s+", "", text)


def talon_plain(folder: Path) -> tuple[int, int]:
    """Plain mails of ten mail programs."""
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("standard*.eml")
    ]
    parts = [part for mail in mails if (part := mail.get_body(("plain",)))]
    return sum(letters(own_words(part.get_content())) == ANSWER for part in parts), len(parts)


def talon_html(folder: Path) -> tuple[int, int]:
    """HTML mails of nine mail programs."""
    pages = [path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("html_replies__*.html")]
    return sum(letters(readable(own(page, mail=True))) == letters(SIGNED) for page in pages), len(pages)


def talon_signatures(folder: Path) -> tuple[int, int]:
    """Bodies with a signature that talon cuts; a greeting with a name under it stays in voc, by email_reply_trimmer."""
    found = []
    for path in folder.glob("signature__emails__stripped__*_body"):
        text, signature = (text_of(each).replace("#sig#", "").rstrip() for each in (path, signature_of(path)))
        found.append(letters(own_words(text)) == letters(text.removesuffix(signature)))
    return sum(found), len(found)


def signature_of(path: Path) -> Path:
    """The file beside a body that holds its signature."""
    return path.with_name(path.name.replace("_body", "_signature"))


def peer(text: str) -> str:
    """The body as mail-parser-reply finds it with all its languages."""
    from mailparser_reply import EmailReplyParser
    from mailparser_reply.constants import MAIL_LANGUAGES

    return str(EmailReplyParser(languages=list(MAIL_LANGUAGES)).read(text).replies[0].body)


def speed(texts: list[str], channel: str) -> float:
    """Rows cleaned a second."""
    ids = [str(number) for number in range(len(texts))]
    rows = pd.DataFrame({"feedback_id": ids, "text": pd.Series(texts, dtype="string"), "channel": channel})
    clean(rows.head(100), CleanConfig())
    start = time.perf_counter()
    clean(rows, CleanConfig())
    return len(rows) / (time.perf_counter() - start)


def main(folder: Path | None = None) -> None:
    """Print the figures."""
    mails_of = folder or CHANNELS / "email_reply_trimmer"
    if not (mails_of / "emails").is_dir():
        print(f"Skipped: {'there is no ' + str(mails_of / 'emails') if folder else '../shared/data is not there'}.")
        return
    tell("email_reply_trimmer, voc", exact(mails_of))
    try:
        tell("email_reply_trimmer, mail-parser-reply", exact(mails_of, peer))
    except ImportError as error:
        print(f"mail-parser-reply is left out ({error}): pip install --group peers")
    talon = CHANNELS / "talon"
    if talon.exists():
        tell("talon, plain mails", talon_plain(talon))
        tell("talon, HTML mails", talon_html(talon))
        tell("talon, signatures", talon_signatures(talon))
    comments = CHANNELS.parent / "sentiment.parquet"
    if comments.exists():
        texts = pd.read_parquet(comments, columns=["text"])["text"].sample(COMMENTS, random_state=1).tolist()
        print(f"comments cleaned a second: {speed(texts, 'survey'):,.0f}")
    mails = [text_of(path) for path in sorted(mails_of.glob("emails/*.txt"))]
    if mails:
        print(f"mails cleaned a second:    {speed(mails * 50, 'email'):,.0f}")


def tell(what: str, figures: tuple[int, int]) -> None:
    """One line: how many of how many, in percent."""
    right, total = figures
    print(f"{what:<42}{right:>4} of {total:<4}{100 * right / max(total, 1):6.1f} %")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)

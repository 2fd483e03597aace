"""Mails of many programs and languages, written for this table and scored as they came before any rule was touched
(32 of 37): what the customer wrote is left, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from voc.clean import own, readable

TABLE = (Path(__file__).parent / "mails.txt").read_text(encoding="utf-8")


def mails() -> list[tuple[str, str, str]]:
    """Name, mail and its writer's own words."""
    found = []
    for part in TABLE.split("=== ")[1:]:
        name, _, rest = part.partition("\n")
        mail, _, words = rest.partition("--- own\n")
        found.append((name, mail, words))
    return found


MAILS = mails()


@pytest.mark.parametrize(("mail", "words"), [each[1:] for each in MAILS], ids=[each[0] for each in MAILS])
def test_the_writers_own_words(mail: str, words: str):
    assert readable(own(mail, mail=True)) == readable(words)


@pytest.mark.parametrize(("mail", "words"), [each[1:] for each in MAILS], ids=[each[0] for each in MAILS])
def test_line_ends_and_a_second_reading_change_nothing(mail: str, words: str):
    assert readable(own(mail.replace("\n", "\r\n"), mail=True)) == readable(words)
    assert readable(own(readable(words), mail=True)) == readable(words)

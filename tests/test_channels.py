"""Mails lose what is not their writer's, machine answers are marked, and an ordinary comment loses nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.channels import mail_rows, unquoted, why_automatic, without_notices
from voc.clean import clean, own, readable
from voc.config import CleanConfig
from voc.mail import is_mail, own_words, reply

DATA = Path(__file__).parents[2] / "shared" / "data"
NEW = "It broke again. Ordered on 12.01.2016 from you.\n\nPlease help, this is the 2nd time!"
QUOTED = "\n\n> old line one\n> old line two\n"
BARE = "\n\nold line one\nold line two, which goes on.\n\nRegards\nX\n"

ATTRIBUTIONS = [
    "On Mon, Feb 1, 2016 at 6:32 PM, Jo Do <jo@ex.am> wrote:",
    "On Mon, Feb 1, 2016 at 6:32 PM, Jo Do <jo@ex.am>\nwrote:",
    "On 02/01/2016 06:32 PM, Jo Do wrote:",
    "2016-02-01 18:32 GMT+01:00 Jo Do <\njo@ex.am>:",
    "---- On Mon, 01 Feb 2016 18:32:00 +0100 Jo Do<jo@ex.am> wrote ----",
    "-----Original Message-----\nFrom: Jo\nSent: Monday, February 01, 2016 6:32 PM\nTo: X\nSubject: Re: Hello",
    "Begin forwarded message:\n\nFrom: Jo <jo@ex.am>\nSubject: Hello\nDate: 1 February 2016 at 18:32:00\nTo: x@y.z",
    "Am Mo., 1. Feb. 2016 um 18:32 Uhr schrieb Jo Do <\njo@ex.am>:",
    "Jo Do <jo@ex.am> schrieb am Mo., 1. Feb.\n2016, 18:32:",
    "Von: Jo Do <a@b.c>\nGesendet: Montag, 1. Februar 2016 18:32\nAn: X\nBetreff: AW: Hallo",
    "Le lun. 1 févr. 2016 à 18:32, Jo Do <jo@ex.am> a écrit :",
    "De : Jo Do <a@b.c>\nEnvoyé : lundi 1 février 2016 18:32\nÀ : X\nObjet : Re: Bonjour",
    "El lun., 1 feb. 2016 a las 18:32, Jo Do (<jo@ex.am>) escribió:",
    "Il giorno lun 1 feb 2016 alle ore 18:32 Jo Do <jo@ex.am> ha scritto:",
    "Em seg, 1 de fev de 2016 às 18:32, Jo Do <jo@ex.am> escreveu:",
    "Op ma 1 feb. 2016 om 18:32 schreef Jo Do <jo@ex.am>:",
    "pon., 1 lut 2016 o 18:32 Jo Do <jo@ex.am> napisał(a):",
    "2016-02-01, pr, 18:32 Jo Do <jo@ex.am> rašė:",
    "Pirmd., 2016. g. 1. febr., plkst. 18:32 Jo Do (<jo@ex.am>) rakstīja:",
    "Den mån 1 feb. 2016 kl 18:32 skrev Jo Do <jo@ex.am>:",
    "Den 1. feb. 2016 kl. 18.32 skrev Jo Do <jo@ex.am>:",
    "ma 1. helmik. 2016 klo 18.32 Jo Do (jo@ex.am) kirjoitti:",
    "Dne 1.2.2016 v 18:32 Jo Do napsal(a):",
    "În lun., 1 feb. 2016 la 18:32, Jo Do <jo@ex.am> a scris:",
    "пн, 1 февр. 2016 г. в 18:32, Jo Do <jo@ex.am>:",
    "Jo Do <jo@ex.am> ezt írta (időpont: 2016. febr. 1., H, 18:32):",
    "Jo Do <jo@ex.am>, 1 Şub 2016 Pzt, 18:32 tarihinde şunu yazdı:",
    "2016年2月1日(月) 18:32 Jo Do <jo@ex.am>:",
    "Jo Do <jo@ex.am> 于2016年2月1日周一 下午6:32写道：",
    "2016년 2월 1일 (월) 오후 6:32, Jo Do <jo@ex.am>님이 작성:",
]


def rows(*texts: str, **columns: object) -> pd.DataFrame:
    ids = [str(number) for number in range(len(texts))]
    return clean(pd.DataFrame({"feedback_id": ids, "text": pd.Series(texts, dtype="string"), **columns}), CleanConfig())


@pytest.mark.parametrize("history", [QUOTED, BARE], ids=["quoted", "bare"])
@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_history_below_goes(attribution: str, history: str):
    assert reply(f"{NEW}\n\n{attribution}{history}") == NEW


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_an_answer_below_the_quote_stays(attribution: str):
    assert own_words(f"{attribution}{QUOTED}\n{NEW}\n") == NEW


def test_answers_between_quotes_stay():
    mail = "On 3 May 2024, at 10:15, Jo <jo@ex.am> wrote:\n> Did it come?\n\nNo.\n\n> Was it whole?\n\nIt was broken."
    assert own_words(mail).split() == ["No.", "It", "was", "broken."]


def test_footer_or_reply():
    above = "On 3 May 2024, at 10:15, Jo <jo@ex.am> wrote:\n> Hello\n\n"
    assert reply(f"It broke.\n\n{above}A footer") == "It broke."
    assert "It broke." in reply(f"Hi,\n\n{above}It broke.")


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        ("It broke.\n\nSent from my iPhone", "It broke."),
        ("Ging kaputt.\n\nVon meinem Samsung Galaxy gesendet", "Ging kaputt."),
        ("It broke.\n-- \nJo Do\nHead of Things", "It broke."),
        ("It broke.\n\nJo Do\njo@ex.am\n(555) 346-9947\nwww.ex.am", "It broke."),
        ("It broke.\n\nThis e-mail and any attachments are confidential. Delete it\nif not for you.", "It broke."),
        ("Sent from my heart: thank you", "Sent from my heart: thank you"),
        ("This message is a complaint: it broke twice and nobody called.", None),
        ("---- Forwarded message ----\nFrom: Jo <a@b.c>\nSubject: x\nTo: <d@e.f>\n\nIt broke.", "It broke."),
    ],
)  # fmt: skip
def test_signatures_and_disclaimers_go(mail: str, expected: str | None):
    assert own_words(mail) == (mail if expected is None else expected)


def test_a_mail_of_one_line_loses_its_history():
    mail = "It broke again. On Mon, Feb 1, 2016 at 6:32 PM, Jo Do <jo@ex.am> wrote: > Hello there, how is the thing?"
    assert own_words(mail) == "It broke again."


def test_quotes_in_html_go():
    page = '<div>Broken</div><div class="gmail_quote">On Mon Jo wrote:<blockquote>Hello</blockquote></div>'
    assert readable(own(page, mail=True)) == "Broken"
    assert unquoted("<blockquote>All there is</blockquote>") == "<blockquote>All there is</blockquote>"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Automatic reply: Your order\nI am away.", "automatic reply"),
        ("Abwesenheitsnotiz: Ihre Anfrage", "automatic reply"),
        ("I am out of the office until 3 May. For urgent matters call Jo.", "out of office"),
        ("Je suis absent jusqu'au 3 mai. En cas d'urgence, appelez Jo.", "out of office"),
        ("Undeliverable: Hello\nDelivery to jo@ex.am failed: 550 5.1.1", "undelivered mail"),
        ("The automatic reply took days.", None),
        ("I am on vacation and your app blocks my card!", None),
        ("Undeliverable again, the courier lied.", None),
    ],
)
def test_machine_answers_are_marked(text: str, reason: str | None):
    assert why_automatic(text, mail=True) == reason
    assert rows(text, channel="email")["skip"].fillna("").tolist() == [reason or ""]


def test_channels_are_told_by_name():
    names = ["email", "E-Mail", "Mail", "voicemail", "survey", None, "correo"]
    expected = [True, True, True, False, False, False, True]
    assert mail_rows(pd.DataFrame({"channel": pd.Series(names, dtype="string")})) == expected


def test_a_mail_is_known_by_its_form_and_the_original_stays():
    mail = f"{NEW}\n\n{ATTRIBUTIONS[0]}{QUOTED}"
    cleaned = rows(mail, channel="web")
    assert is_mail(mail)
    assert "old line" not in cleaned.loc[0, "clean_text"]
    assert cleaned.loc[0, "text"] == mail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great, but slow. Sent from my iPhone", "Great, but slow."),
        ("(Translated by Google) Good\n\n(Original)\nGut", "Gut"),
        ("Sent from Berlin, came broken", "Sent from Berlin, came broken"),
        ("The app was translated by Google and reads badly", "The app was translated by Google and reads badly"),
    ],
)
def test_notices_of_apps_go(text: str, expected: str):
    assert without_notices(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sooooo goooood!!!!!!", "sooo goood!!!"),
        ("Schifffahrt 100000 *****", "Schifffahrt 100000 *****"),
        ("⭐⭐⭐⭐⭐", "⭐⭐⭐⭐⭐"),
        ("**Bad** and _late_, `code`", "Bad and late, code"),
        ("# Verdict\n- slow\n- cold", "Verdict\n- slow\n- cold"),
        ("5* hotel, 4* food, snake_case_name", "5* hotel, 4* food, snake_case_name"),
    ],
)
def test_markdown_and_long_words(text: str, expected: str):
    assert readable(text) == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"abc", "> q", "", "--", "___", "Jo wrote:", "From: a@b.c", "On 3 May 2016 10:10 x wrote:"])
    )
)
def test_nothing_is_invented_and_the_order_stays(parts: list[str]):
    kept = iter(reply("\n".join(parts)).split("\n"))
    line = next(kept, None)
    for part in parts:
        line = next(kept, None) if line == part else line
    assert not line


@pytest.mark.parametrize(
    "mail",
    [">\n" * 50_000, "---\n" * 25_000, "On 3 May 2016 " * 7_000, "a" + "\n" * 90_000 + "b", "From: a\n" * 12_000],
)
def test_hostile_mails_take_little_time(mail: str):
    start = time.process_time()
    own_words(mail)
    assert time.process_time() - start < 3


@pytest.mark.skipif(not (DATA / "channels").exists(), reason="the mails in ../shared/data/channels are not here")
def test_nine_of_ten_known_mails_are_exact():
    from bench.channels import exact

    right, total = exact(DATA / "channels" / "email_reply_trimmer")
    assert right >= 0.9 * total


@pytest.mark.skipif(not DATA.exists(), reason="the labelled comments in ../shared/data are not here")
def test_ordinary_comments_lose_nothing():
    texts = pd.read_parquet(DATA / "sentiment.parquet", columns=["text"])["text"].sample(5_000, random_state=2).tolist()
    for path in sorted((DATA / "demo").glob("*.csv")):
        table = pd.read_csv(path, dtype=str, encoding="latin-1", on_bad_lines="skip")
        texts += [text for name in table for text in table[name].dropna().head(300)]
    changed = [text for text in texts if is_mail(text) or without_notices(readable(text)) != readable(text)]
    assert changed == []
    assert [text for text in texts if why_automatic(text, mail=False)] == []

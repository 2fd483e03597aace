"""Readable text: what is repaired, what stays, what is skipped and why; reading twice changes nothing."""

from __future__ import annotations

import html

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voc.clean import clean, readable, shorten, why_skip
from voc.config import CleanConfig
from voc.tables import FEEDBACK

FAMILY = "👩‍👩‍👧"


def feedback(*texts: str | None, **columns: object) -> pd.DataFrame:
    ids = [str(number) for number in range(len(texts))]
    return pd.DataFrame({"feedback_id": ids, "text": pd.Series(texts, dtype="string"), **columns})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Plain and fine.", "Plain and fine."),
        ("  too   many\t spaces \r\n\r\n\n next  ", "too many spaces\nnext"),
        ("trÃ¨s bien, câ€™est parfait", "très bien, c’est parfait"),
        ("donâ€™t", "don’t"),
        ("РџСЂРёРІРµС‚, РІСЃС‘ С…РѕСЂРѕС€Рѕ", "Привет, всё хорошо"),
        ("Ã¼ber die Qualität", "über die Qualität"),
        ("schöne Grüße aus Köln", "schöne Grüße aus Köln"),
        ("ó łódź żółć", "ó łódź żółć"),
        ("Tr&egrave;s&nbsp;bien &amp; pas cher", "Très bien & pas cher"),
        ("&amp;lt;b&amp;gt;bold&amp;lt;/b&amp;gt;", "bold"),
        ("AT&T &c. R&D", "AT&T &c. R&D"),
        ("<p>One</p><p>two<br>three</p>", "One\ntwo\nthree"),
        ("<div>Hi<script>alert('x')</script><style>p{}</style> there</div>", "Hi there"),
        ("<ul><li>slow</li><li>cold</li></ul>", "slow\ncold"),
        ("I <3 this, 5 < 6 and 7 > 2", "I <3 this, 5 < 6 and 7 > 2"),
        ("see <name withheld> at the desk", "see <name withheld> at the desk"),
        ("Look: https://shop.example/a?b=c&d=e.", "Look:."),
        ("(www.example.org) nice", "nice"),
        ("[our page](https://example.org/x) is slow", "our page is slow"),
        ("booking.com was better than www", "booking.com was better than www"),
        ("nul\x00l\x07 by\x1bte", "null byte"),
        ("zero\u200bwidth\ufeff soft\u00adhyphen", "zerowidth softhyphen"),
        ("right\u202eleft\u202c", "rightleft"),
        ("café", "café"),
        ("line_x000D_\nnext", "line\nnext"),
        ("first\\nSecond\\r\\nThird", "first\nSecond\nThird"),
        ("C:\\new\\table", "C:\\new\\table"),
        (f"ok {FAMILY} 👍🏽 ❤️ 🏳️‍🌈", f"ok {FAMILY} 👍🏽 ❤️ 🏳️‍🌈"),
        ("می‌خواهم", "می‌خواهم"),
        ("不错，很好！", "不错，很好！"),
        ("d‚çu, grƒce, fraŒche, go–t, ‚change", "déçu, grâce, fraîche, goût, échange"),
        ("‚so‘ sagte er", "‚so‘ sagte er"),
        ("London–Paris, a – b", "London–Paris, a – b"),
        ("half \ud83d emoji", "half emoji"),
    ],
)
def test_text_is_made_readable(raw: str, expected: str):
    assert readable(raw) == expected


@pytest.mark.parametrize(
    "answer",
    [
        "n/a", "N/A.", "N.A.", "nothing", "Nothing!", "none", "NONE", "No.", "no comment", "nil", "see above", "test",
        "k.A.", "keine Angabe", "nichts", "Nichts.", "entfällt", "rien", "R.A.S.", "Néant", "sans objet", "nada",
        "ninguno",
        "sin comentarios", "niente", "nessun commento", "nulla", "não", "nenhum", "n.v.t.", "geen", "niets", "nic",
        "brak",
        "nie dotyczy", "nieko", "nėra", "neturiu", "nav", "inget", "vet ej", "ingenting", "nevím", "žádné", "nimic",
        "нет",
        "Ничего", "ei mitään", "semmi", "yok", "τίποτα", "无", "没有", "特になし", "なし", "không có", "없음", "لا شيء",
        "asdf", "xxx",
    ],
)  # fmt: skip
def test_answers_that_say_nothing(answer: str):
    assert why_skip(readable(answer)) == "says nothing"


@pytest.mark.parametrize("answer", ["-", "...", "?", "—", ".", "12345", "01.02.2024", "🏳️", "📱", "()", "- -"])
def test_answers_without_a_word(answer: str):
    assert why_skip(readable(answer)) == "no words"


@pytest.mark.parametrize("answer", ["", "   ", "\n\t", "\u200b", None, "<p></p>", "https://a.example/b", "&nbsp;"])
def test_empty_answers(answer: str | None):
    assert clean(feedback(answer), CleanConfig())["skip"].tolist() == ["empty"]


@pytest.mark.parametrize(
    "answer",
    [
        "👍", "😡😡", "❤️", "👎🏿", "⭐⭐⭐⭐⭐", ":)", ":-(", "<3", "10/10", "5/5", "0/10", "5*", "100%", "ok", "good",
        "No complaints",
        "nothing works", "nothing but trouble", "no internet", "nichts funktioniert", "alles gut", "nada funciona",
        "rien ne marche", "nessuno risponde", "不好", "差", "ダメ", "no problem", "нет связи", "test drive was great",
    ],
)  # fmt: skip
def test_opinions_are_used(answer: str):
    assert why_skip(readable(answer)) is None


def test_the_original_and_the_reader_s_reason_stay():
    raw = feedback(" <b>Hi</b> there ", "n/a", skip=pd.Series([pd.NA, "survey preview"], dtype="string"), extra=[1, 2])
    cleaned = clean(raw, CleanConfig())
    assert cleaned["text"].tolist() == [" <b>Hi</b> there ", "n/a"]
    assert cleaned["skip"].tolist() == [pd.NA, "survey preview"]
    assert cleaned["extra"].tolist() == [1, 2]
    assert "clean_text" not in raw


def test_long_text_is_cut_at_a_space_marked_and_used():
    cleaned = clean(feedback("word " * 10_000, "short"), CleanConfig(max_characters=1_000))
    assert cleaned["cut"].tolist() == [True, False]
    assert cleaned["skip"].isna().all()
    assert cleaned.loc[0, "clean_text"] == "word " * 199 + "word"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcdef", 3, "abc"),
        ("a " + "b" * 500, 100, "a " + "b" * 98),
        ("one two", 6, "one"),
        ("one two", 7, "one two"),
    ],
)
def test_shortening(text: str, limit: int, expected: str):
    assert shorten(text, limit) == expected


def test_empty_table_keeps_its_dtypes():
    cleaned = clean(FEEDBACK.empty(), CleanConfig())
    assert {name: str(cleaned[name].dtype) for name in ("clean_text", "skip", "cut")} == {
        "clean_text": "string",
        "skip": "string",
        "cut": "boolean",
    }


def test_row_order_does_not_matter():
    rows = feedback("a <b>fine</b> day", "n/a", None, "trÃ¨s bien", "x" * 50)
    forward = clean(rows, CleanConfig()).set_index("feedback_id")
    backward = clean(rows.iloc[::-1], CleanConfig()).set_index("feedback_id")
    pd.testing.assert_frame_equal(forward, backward.loc[forward.index])


HARD = st.text(st.sampled_from(list("aé& ;<>/bp#3x‚ƒ–Ãâ€™©\u200d\u00a0\n\r\t\x00\\nltamg.w:!([")), max_size=60)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=80) | HARD)
@example("&amp;lt;p>x")
@example("a\u200d\u0301b")
@example("ww\u200bw.a.b c")
def test_reading_twice_changes_nothing(text: str):
    once = readable(text)
    assert readable(once) == once


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=60), st.booleans())
def test_escaping_is_undone(text: str, twice: bool):
    escaped = html.escape(html.escape(text) if twice else text)
    assert readable(escaped) == readable(text)


@settings(max_examples=200, deadline=None)
@given(HARD, st.integers(1, 40))
def test_shortened_text_is_a_start_within_the_limit(text: str, limit: int):
    short = shorten(text, limit)
    assert len(short) <= limit
    assert text.startswith(short)
    assert bool(short.strip()) == bool(text[:limit].strip()) or not text[:limit].strip()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80) | HARD)
def test_nothing_invisible_is_left(text: str):
    assert not set(readable(text)) & set("\x00\x07\u200b\ufeff\u202e\u00ad\r\t\u00a0")


def test_a_mail_read_in_part_is_marked():
    quoted = "\n".join(["> the same line of history again and again"] * 1_000)
    long = f"It broke on the first day.\n\nOn 3 May 2024, at 10:15, Jo <jo@ex.am> wrote:\n{quoted}"
    rows = pd.DataFrame({"feedback_id": ["a", "b"], "text": [long, long[:500]], "channel": "email"})
    done = clean(rows, CleanConfig())
    assert done["clean_text"].tolist() == ["It broke on the first day."] * 2
    assert done["cut"].tolist() == [True, False]

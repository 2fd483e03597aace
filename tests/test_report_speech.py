"""The languages of the report: the same keys and gaps in each, plurals, numbers and dates as the language has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import pandas as pd
import pytest
from analysis_fixture import empty_analysis, make_analysis
from hypothesis import given
from hypothesis import strategies as st

from voc.channels import AUTOMATIC, AWAY, BOUNCE
from voc.clean import EMPTY, NO_WORDS, SAYS_NOTHING
from voc.config import ReportConfig
from voc.errors import ConfigError
from voc.habits import PASTED
from voc.privacy import ONLY_PERSONAL
from voc.readers.surveys import STATUS
from voc.report import render, render_markdown
from voc.report.changes import steps
from voc.report.speech import languages, speech_of
from voc.tables import COMPARISONS

PACKAGE = Path(__file__).parents[1] / "voc"
ENGLISH = speech_of("en")
OTHERS = [code for code in languages() if code != "en"]
GAP = re.compile(r"\{(\w+)\}")
TECHNICAL = {"footer", "md_source", "nav_explore", "source", "filter", "comments_by", "filter_course"}


def forms(text: object) -> list[str]:
    return [text] if isinstance(text, str) else [*text.values()]


def test_the_setting_knows_every_language() -> None:
    assert {*get_args(get_type_hints(ReportConfig)["lang"])} == {*languages()} == {"en", "de", "it", "fr", "es", "lt"}


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_says_all_that_english_says(code: str) -> None:
    speech = speech_of(code)
    assert [*speech.texts] == [*ENGLISH.texts]
    for key, text in ENGLISH.texts.items():
        theirs = speech.texts[key]
        assert isinstance(theirs, str) == isinstance(text, str), key
        wanted = {*GAP.findall(forms(text)[0])}
        assert all({*GAP.findall(each)} == wanted for each in forms(theirs)), key


def reasons() -> Iterator[str]:
    """Why a row is left out or doubted, as "skip_…" and "suspect_…": the constants that say it, and what readers and
    habits write in place: the last argument of a mask or of `_why`, and what `_automatic` returns."""
    yield from (f"skip_{why}" for why in {*STATUS.values(), EMPTY, SAYS_NOTHING, NO_WORDS, ONLY_PERSONAL})
    yield from (f"skip_{why}" for why in (AUTOMATIC, AWAY, BOUNCE, "message of a bot", "no words of a customer"))
    yield f"suspect_{PASTED}"
    for path in (*sorted((PACKAGE / "readers").glob("*.py")), PACKAGE / "habits.py"):
        family = "suspect" if path.stem == "habits" else "skip"
        yield from (f"{family}_{why}" for why in _written(ast.parse(path.read_text("utf-8"))))


def _written(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
        if isinstance(node, ast.Call) and name in {"mask", "_why"}:
            yield from _sentences(node.args[-1:])
        if isinstance(node, ast.FunctionDef) and node.name == "_automatic":
            yield from _sentences([inner for each in ast.walk(node) if isinstance(each, ast.Return)
                                   for inner in ast.walk(each)])  # fmt: skip


def _sentences(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield node.value


@pytest.mark.parametrize("code", languages())
def test_every_reason_to_leave_out_or_doubt_a_row_has_its_words(code: str) -> None:
    keys = {why.replace(" ", "_").lower() for why in reasons()}
    assert len(keys) > 18
    assert "suspect_the_same_middle_answer_to_every_question_of_a_grid" in keys
    assert "skip_automatic_reply" in keys
    assert sorted(key for key in keys if not speech_of(code).knows(key)) == []


@pytest.mark.parametrize("code", languages())
def test_every_plural_form_is_there(code: str) -> None:
    speech = speech_of(code)
    needed = {speech.locale.plural_form(n) for n in (*range(120), 1_000, 23_456)}
    for key, text in speech.texts.items():
        if not isinstance(text, str):
            assert needed <= {*text}, key


@pytest.mark.parametrize("code", OTHERS)
def test_no_sentence_is_left_in_english(code: str) -> None:
    """Names such as NPS and short words may agree by chance; sentences may not."""
    same = [
        key
        for key, text in ENGLISH.texts.items()
        if any(len(each) > 24 and each in forms(speech_of(code).texts[key]) for each in forms(text))
    ]
    assert not same


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", ["1 comment", "2 comments", "12,345 comments"]),
        ("de", ["1 Kommentar", "2 Kommentare", "12.345 Kommentare"]),
        ("it", ["1 commento", "2 commenti", "12.345 commenti"]),
        ("fr", ["1 commentaire", "2 commentaires", "12\u202f345 commentaires"]),
        ("es", ["1 comentario", "2 comentarios", "12.345 comentarios"]),
        ("lt", ["1 komentaras", "2 komentarai", "12\u00a0345 komentarai"]),
    ],
)
def test_counts(code: str, said: list[str]) -> None:
    assert [speech_of(code).say("n_comments", n=n) for n in (1, 2, 12_345)] == said


def test_lithuanian_counts_by_its_own_rules() -> None:
    told = [speech_of("lt").say("n_comments", n=n).split()[1] for n in (0, 1, 9, 10, 11, 21, 22, 30)]
    assert told == [
        "komentarų", "komentaras", "komentarai", "komentarų", "komentarų", "komentaras", "komentarai", "komentarų",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "day", "month", "share", "language"),
    [
        ("en", "9 March 2025", "March 2025", "13%", "Lithuanian"),
        ("de", "9. März 2025", "März 2025", "13\u00a0%", "Litauisch"),
        ("it", "9 marzo 2025", "marzo 2025", "13%", "lituano"),
        ("fr", "9 mars 2025", "mars 2025", "13\u202f%", "lituanien"),
        ("es", "9 de marzo de 2025", "marzo de 2025", "13\u00a0%", "lituano"),
        ("lt", "2025 m. kovo 9 d.", "2025 m. kovas", "13\u00a0%", "lietuvių"),
    ],
)
def test_dates_shares_and_names(code: str, day: str, month: str, share: str, language: str) -> None:
    speech, when = speech_of(code), pd.Timestamp("2025-03-09", tz="UTC")
    assert (speech.day(when), speech.period(when, "month")) == (day, month)
    assert re.sub(r"\s", " ", speech.percent(0.126)) == re.sub(r"\s", " ", share)
    assert speech.language("lt") == language


@given(st.floats(-1e9, 1e9), st.integers(0, 3), st.sampled_from(languages()))
def test_numbers_read_back(value: float, decimals: int, code: str) -> None:
    symbols = speech_of(code).locale.number_symbols["latn"]
    text = speech_of(code).number(value, decimals)
    plain = text.replace(symbols["group"], "").replace(symbols["decimal"], ".").replace("−", "-")
    assert "-" not in text
    assert float(plain) == pytest.approx(value, abs=0.51 * 10**-decimals)


@given(st.floats(0, 1))
def test_only_nothing_is_written_as_0_and_only_all_as_100(share: float) -> None:
    said = ENGLISH.percent(share)
    assert (said == "0%") == (share == 0)
    assert (said == "100%") == (share == 1)


@pytest.mark.parametrize(
    ("share", "said"), [(0.004, "0.4%"), (0.0004, "under 1%"), (0.051, "5.1%"), (0.5, "50%"), (0.0, "0%")]
)
def test_small_shares_may_have_a_decimal(share: float, said: str) -> None:
    assert ENGLISH.percent(share, fine=True) == said


@pytest.mark.parametrize(("words", "said"), [([], ""), (["a"], "a"), ([*"ab"], "a and b")])
def test_lists(words: list[str], said: str) -> None:
    assert ENGLISH.listing(words) == said
    assert ENGLISH.listing([*"abcdefg"]) == "a, b, c, d, e and 2 more"


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("rows", [0, 240])
def test_whole_reports_in_every_language(code: str, rows: int) -> None:
    made = make_analysis(rows=rows) if rows else empty_analysis()
    page = render(made, ReportConfig(lang=code))
    assert f'<html lang="{code}">' in page
    assert f"<title>{speech_of(code).say('title')}</title>" in page
    assert speech_of(code).say("heading_complaints") in page
    assert "What to fix first" not in page
    assert speech_of(code).say("what_to_trust") in render_markdown(made, ReportConfig(lang=code))


def test_a_reason_is_told_again_in_the_reader_s_language() -> None:
    page = render(make_analysis(rows=240), ReportConfig(lang="de"))
    assert "In 21 von" in page or re.search(r"In \d+ von 232 Kommentaren genannt \(", page)
    assert "eine Gefahr für Gesundheit oder Sicherheit" in page
    assert "what they tell is" not in page, "the ranking's English sentence stays out"


def test_an_unknown_language_lists_the_choices() -> None:
    with pytest.raises(ConfigError, match="did you mean 'de'"):
        speech_of("dee")


@pytest.mark.parametrize(
    ("ends", "q_value", "told"),
    [
        ((-0.10, 0.35), 0.30, "within chance"),
        ((0.03, 0.35), 0.06, "could be chance: one of several comparisons"),
        ((0.01, 0.03), 0.001, "beyond chance, but small"),
    ],
)
def test_what_an_interval_leaves_out_is_not_called_chance(ends, q_value, told):
    held = {"metric": "rating", "kind": "previous", "by": "all", "segment": "all", "better": "high", "unit": "1-5"}
    row = held | {"difference": sum(ends) / 2, "low": ends[0], "high": ends[1], "q_value": q_value, "holds": False}
    analysis = replace(make_analysis(rows=40), comparisons=COMPARISONS.check(pd.DataFrame([row])))
    assert speech_of("en").say(steps(analysis, None, speech_of("en"))["rating"].verdict) == told


def test_a_stray_row_makes_no_file_of_several_languages():
    analysis = make_analysis(rows=400)
    langs = pd.Series(["vi"] * (len(analysis.feedback) - 1) + ["ro"], dtype="string")
    assert "almost all in Vietnamese" in render(
        replace(analysis, feedback=analysis.feedback.assign(lang=langs)), ReportConfig()
    )

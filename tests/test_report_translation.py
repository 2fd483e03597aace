"""Notes and definitions in the reader's language: every sentence that a stage says is known, and figures are written
as that language writes them."""

from __future__ import annotations

import ast
import html
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from analysis_fixture import make_analysis

from voc.config import MetricsConfig, ReportConfig
from voc.figures import answers_of
from voc.metrics import measure
from voc.report import render
from voc.report.speech import languages, speech_of
from voc.report.translation import translated
from voc.tables import Note

PACKAGE = Path(__file__).parents[1] / "voc"
FOREIGN = tuple(code for code in languages() if code != "en")
CATALOGUES = {
    code: tomllib.loads((PACKAGE / "report" / "notes" / f"{code}.toml").read_text("utf-8")) for code in FOREIGN
}
HOLE = "\0"
NEVER_IN_A_REPORT = ("voc/cli/", "voc/report/")
COMPOSED = {f"{HOLE}: {HOLE}", f"masked: [{HOLE}]", f"clauses {HOLE}"}
"""Put together from other sentences; NOTES has examples."""
NOTES = (
    Note("clean", "skipped: empty", 12),
    Note("integrity", "doubted, still counted: very good rating with a clearly negative text", 3),
    Note("metrics", "figures left out: they rest on fewer than 10 answers", 1_619),
    Note("experience", "experience = 100 x (0.35 sentiment + 0.15 effort + 0.15 severity + 0.35 survey) / weights of "
         "the parts that are there, effort and severity turned round: 2,242 on survey; 84 on sentiment, effort"),
    Note("themes", "The themes are fairly firm: random samples of the clauses find them again with 68% of the same "
         "clauses on average, 4 of 6 with at least 60% (themes.firmness)"),
    Note("issues", "Urgency rests on the other parts: the file has no scores (effect on a score), no revenue (value at "
         "risk)"),
    Note("drivers", "rating: themes without a driver figure: fewer than 10 scored answers mention them, or do not", 1),
    Note("read", "The file's column 'rating' is kept as 'rating_in_file', since voc has a column of that name"),
)  # fmt: skip
ENGLISH = {
    "and", "answers", "are", "at", "below", "by", "comments", "figures", "files", "for", "from", "good", "is",
    "mean", "not", "of", "on", "or", "other", "out", "rows", "scale", "share", "than", "that", "the", "to",
    "which", "with",
}  # fmt: skip


def said() -> Iterator[tuple[str, str]]:
    """Room and sentence of every note that is written in the code, with HOLE for what is filled in."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if any(part in path.as_posix() for part in NEVER_IN_A_REPORT):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name in {"Note", "note"}:
                told = node.args[1 if name == "Note" else 0] if node.args[name == "Note" :] else None
                if (sentence := _written(told)) is not None:
                    yield path.relative_to(PACKAGE).parts[0].removesuffix(".py"), sentence


def _written(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
    return None


def known(sentence: str, code: str) -> bool:
    """Whether the catalogue has the sentence, or all its parts; a hole that begins or ends it may be empty."""
    keys = {re.sub(r"{\w+}", HOLE, key) for key in CATALOGUES[code]}
    return all(part in keys or part.strip(HOLE) in {key.strip(HOLE) for key in keys} for part in sentence.split("; "))


@pytest.mark.parametrize("code", FOREIGN)
def test_every_note_in_the_code_is_known(code: str) -> None:
    told = {sentence for _, sentence in said()} - COMPOSED
    assert len(told) > 60
    assert [sentence for sentence in sorted(told) if not known(sentence, code)] == []


@pytest.mark.parametrize("code", FOREIGN)
def test_catalogues_say_the_same(code: str) -> None:
    """The same sentences in every language, with the same braces, none of them left as it was."""
    assert CATALOGUES[code].keys() == CATALOGUES["de"].keys()
    for english, text in CATALOGUES[code].items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", text)), english
        assert text
        assert text != english or len(english) < 10, english


@pytest.mark.parametrize("code", FOREIGN)
@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.stage)
def test_notes_are_translated(note: Note, code: str) -> None:
    found = translated(note.text, speech_of(code))
    assert found.lang == code
    assert found.text != note.text


@pytest.mark.parametrize("code", FOREIGN)
def test_definitions_are_translated(code: str) -> None:
    feedback = make_analysis(rows=120).feedback
    config = MetricsConfig(customers=10_000, clv_years=3, business_hours=("Mon-Fri 9-17",))
    every = [figure.definition for answers in answers_of(feedback, config) for figure in answers.figures]
    assert len(every) > 12
    assert [told for told in every if translated(told, speech_of(code)).lang != code] == []


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert "1.619" in translated("clauses, of 1,619 to be grouped, fit no theme", speech_of("de")).text
    assert translated("mean rating on the scale 1-5, high is good; t interval", speech_of("de")).text == (
        "mittlere Bewertung auf der Skala 1-5, hoch ist gut; t-Intervall"
    )


def test_names_of_the_file_stay() -> None:
    told = "Dates in 'high': dates without a year ('Oct 1') were placed after the newest full date"
    assert translated(told, speech_of("de")).text == (
        "Daten in 'high': Daten ohne Jahr ('Oct 1') wurden nach dem neuesten vollständigen Datum eingeordnet"
    )


@pytest.mark.parametrize(
    "text", ["Something that no stage said yet", "skipped: something new", "half known; t interval"]
)
def test_what_is_not_known_stays_english_and_says_so(text: str) -> None:
    told = translated(text, speech_of("lt"))
    assert (told.text, told.lang) == (text, "en")


def test_nothing_english_remains_in_a_german_report() -> None:
    """Apart from customers' words, names of the file, and the model's."""
    made = make_analysis(rows=300)
    made = replace(made, metrics=measure(made.feedback, MetricsConfig()), notes=NOTES)
    page = render(made, ReportConfig(lang="de"))
    assert 'lang="en"' not in re.sub(r"<blockquote.*?</blockquote>", "", page, flags=re.DOTALL)
    left = {word for word in re.findall(r"[a-z]+", _visible(page)) if word in ENGLISH}
    assert left == set()


def _visible(page: str) -> str:
    """The words of the page without customers' words: quotes, labels, parts and typical words of issues."""
    for tag in ("blockquote", "script", "style", "select", r"h3 id=\"issue[^>]*", r'th scope="row" dir="auto"', "data"):
        name = tag.split()[0]
        page = re.sub(rf"<{tag}[^>]*>.*?</{name}>", " ", page, flags=re.DOTALL)
    page = re.sub(r"„[^“]*“|<span class=\"hidden\">: .*?</span>", " ", page)
    page = re.sub(r'<p class="fine">[^<]*Typische[^<]*</p>|<span class="name">.*?</span>', " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", page)).lower()

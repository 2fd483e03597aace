"""Exports of survey tools: header rows, previews, time zones, open questions."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from exports_fixture import FIXTURES

from voc.errors import InputError
from voc.readers import READERS, read_feedback
from voc.readers.surveys import OPEN_ID

QUALTRICS = ("three_rows.csv", "three_rows.tsv", "numeric_values.csv")


def read(name: str) -> pd.DataFrame:
    return read_feedback([FIXTURES / name]).frame


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((f"qualtrics/{each}", "qualtrics") for each in (*QUALTRICS, "two_rows.csv")),
        ("surveymonkey/expanded.csv", "surveymonkey"),
        ("surveymonkey/condensed.csv", "surveymonkey"),
        ("surveymonkey/german.csv", "surveymonkey"),
        ("typeform/older.csv", "typeform"),
        ("typeform/newer.csv", "typeform"),
    ],
)
def test_detection(name: str, expected: str):
    reading = read_feedback([FIXTURES / name])
    assert reading.sources[0].format == expected
    assert reading.frame["channel"].eq("survey").all()
    assert reading.frame["feedback_id"].is_unique
    assert reading.frame["created_at"].notna().all()


@pytest.mark.parametrize("name", QUALTRICS)
def test_qualtrics_answers(name: str):
    frame = read(f"qualtrics/{name}")
    assert len(frame) == 15
    assert frame["response_id"].nunique() == 8
    assert set(frame["question"].dropna()) == {
        "What is the main reason for your score?",
        "Which of these did you use? - Other - Text",
        "What should we do better?",
    }
    german = frame[frame["UserLanguage"] == "DE"]
    assert german["nps"].tolist() == [2, 2]
    assert german["text"].tolist() == ["Die App stürzt beim Bezahlen ab, seit Wochen!", "Bitte die Zahlung reparieren"]
    assert not frame["text"].str.contains("@", na=False).any()


@pytest.mark.parametrize("name", QUALTRICS)
def test_qualtrics_previews_are_marked_and_kept(name: str):
    skip = read(f"qualtrics/{name}").set_index("response_id")["skip"]
    assert set(skip["R_1abcDEF12345"]) == {"survey preview"}
    assert skip["R_5abcDEF12345"] == "marked as spam by the survey tool"
    assert skip.notna().sum() == 3


def test_qualtrics_time_zone():
    frame = read("qualtrics/three_rows.csv")
    # 22:10:42 in Denver on 10 March 2024 is past the change to summer time (UTC-6) of that day.
    assert str(frame["created_at"].iloc[0]) == "2024-03-11 04:10:42+00:00"


def test_qualtrics_older_files():
    frame = read("qualtrics/two_rows.csv")
    assert frame["csat"].tolist() == [5, 1, 2, 4, 1, 3]
    assert frame["skip"].tolist()[-1] == "survey preview"
    assert "Which branch did you visit?" in frame


def test_typed_contact_details_are_no_feedback():
    for name in ("qualtrics/three_rows.csv", "surveymonkey/expanded.csv"):
        questions = set(read(name)["question"].dropna())
        assert not any("email" in each or "postal" in each for each in questions)


def test_surveymonkey_blank_headers_go_on():
    frame = read("surveymonkey/expanded.csv")
    assert frame["response_id"].nunique() == 6
    other = frame[frame["question"].str.endswith("Other (please specify)", na=False)]
    assert other["text"].tolist() == ["the phone line, for hours"]
    assert frame["nps"].tolist()[0] == 3
    assert "Which of our services did you use? - Returns" in frame
    assert frame[frame["text"].isna()]["response_id"].tolist() == ["1184000016"]


def test_surveymonkey_in_german():
    frame = read("surveymonkey/german.csv")
    assert frame["text"].dropna().tolist()[0] == "Die Hotline ist nie erreichbar"
    assert frame["nps"].tolist()[0] == 2


def test_typeform_without_submission():
    frame = read("typeform/newer.csv")
    partial = frame[frame["Response Type"] == "partial"]
    assert partial["created_at"].dt.strftime("%H:%M").tolist() == ["08:00"]


def test_several_surveys_become_one_table():
    reading = read_feedback([FIXTURES / "qualtrics", FIXTURES / "surveymonkey" / "*.csv", FIXTURES / "typeform"])
    assert len(reading.sources) == 9
    assert reading.frame["feedback_id"].is_unique
    assert reading.frame["source"].nunique() == 9


@pytest.mark.parametrize(
    ("identifier", "is_open"),
    [("QID4_TEXT", True), ("QID3_6_TEXT", True), ("1_QID4_TEXT", True), ("QID4", False), ("QID1_NPS_GROUP", False)],
)
def test_open_questions_by_their_id(identifier: str, is_open: bool):
    assert bool(OPEN_ID.search(identifier)) is is_open


@pytest.mark.parametrize("name", ["qualtrics", "surveymonkey"])
def test_a_table_without_the_header_rows_is_told(name: str, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("id,comment\n1,fine\n2,slow\n", encoding="utf-8")
    with pytest.raises(InputError, match="header row"):
        read_feedback([path], options(name))


def options(name: str):
    from voc.config import ReadConfig

    return ReadConfig(format=name)


def test_no_responses_at_all(tmp_path: Path):
    rows = list(csv.reader(io.StringIO((FIXTURES / "qualtrics/three_rows.csv").read_text(encoding="utf-8-sig"))))
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows[:3])
    with pytest.raises(InputError, match="no rows"):
        read_feedback([path])


def test_readers_are_named():
    assert {"qualtrics", "surveymonkey", "typeform"} <= set(READERS)

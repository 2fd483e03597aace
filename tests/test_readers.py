"""Sources of every format as one feedback table: what is kept, what is marked, what is told."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import voc
from voc.config import ReadConfig
from voc.errors import ConfigError, InputError
from voc.readers import READERS, Reader, Recognition, read_feedback
from voc.tables import FEEDBACK

DEMO = Path(__file__).parents[1] / ".." / "shared" / "data" / "demo"
MAY, JUNE = (datetime.fromisoformat(day) for day in ("2024-05-01", "2024-06-01"))
ROWS: list[dict[str, Any]] = [
    {"id": "a1", "comment": "Ça va, the delivery was late", "nps": 3, "date": "2024-01-05", "region": "North"},
    {"id": "a2", "comment": "All good, thank you", "nps": 10, "date": "2024-02-06", "region": "South"},
    {"id": "a3", "comment": None, "nps": 7, "date": "2024-03-07", "region": "South"},
]


def as_csv(path: Path) -> None:
    pd.DataFrame(ROWS).to_csv(path, index=False)


def as_xlsx(path: Path) -> None:
    pd.DataFrame(ROWS).assign(date=[datetime.fromisoformat(row["date"]) for row in ROWS]).to_excel(path, index=False)


def as_json(path: Path) -> None:
    path.write_text(json.dumps(ROWS), encoding="utf-8")


def as_json_below_a_key(path: Path) -> None:
    path.write_text(
        json.dumps({"meta": {"n": 3}, "payload": {"rows": ROWS, "tags": [{"x": 1}]}}, indent=2), encoding="utf-16"
    )


def as_jsonl(path: Path) -> None:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\n", encoding="utf-8")


def as_parquet(path: Path) -> None:
    pd.DataFrame(ROWS).assign(region=pd.Categorical([row["region"] for row in ROWS])).to_parquet(path)


FORMATS = [
    (as_csv, "answers.csv", "csv"),
    (as_xlsx, "answers.xlsx", "xlsx"),
    (as_json, "answers.json", "json"),
    (as_json_below_a_key, "answers.json", "json"),
    (as_jsonl, "answers.jsonl", "jsonl"),
    (as_parquet, "answers.parquet", "parquet"),
]


@pytest.mark.parametrize(("write", "name", "format_name"), FORMATS, ids=[each[0].__name__ for each in FORMATS])
def test_every_format_gives_the_same_feedback(tmp_path, write, name, format_name):
    write(tmp_path / name)
    (tmp_path / name).rename(tmp_path / "renamed.bin")
    reading = read_feedback([tmp_path / "renamed.bin"])
    frame, source = reading.frame, reading.sources[0]
    assert source.format == format_name, "told by content, not by the ending"
    assert frame["feedback_id"].tolist() == ["a1", "a2", "a3"]
    assert frame["text"].tolist()[:2] == ["Ça va, the delivery was late", "All good, thank you"]
    assert frame["text"].isna().tolist() == [False, False, True]
    assert frame["nps"].tolist() == [3, 10, 7]
    assert frame["created_at"].dt.strftime("%Y-%m-%d").tolist() == [row["date"] for row in ROWS]
    assert frame["region"].tolist() == ["North", "South", "South"]
    assert (source.n_rows, source.digest) == (3, hashlib.sha256((tmp_path / "renamed.bin").read_bytes()).hexdigest())


@pytest.mark.parametrize(("write", "name", "format_name"), FORMATS, ids=[each[0].__name__ for each in FORMATS])
def test_contract_of_every_reader(tmp_path, write, name, format_name):
    """A reader gives a raw table: one row per row, unique names that are strings, nothing invented."""
    write(tmp_path / name)
    raw = READERS.get(format_name)(tmp_path / name, ReadConfig())
    assert len(raw) == 3
    assert raw.columns.is_unique
    assert all(isinstance(column, str) for column in raw.columns)
    assert {"id", "comment", "nps", "date", "region"} <= set(raw.columns)


def test_the_frame_has_declared_types(tmp_path):
    as_csv(tmp_path / "a.csv")
    frame = read_feedback([tmp_path / "a.csv"]).frame
    for name in frame.columns:
        if name in FEEDBACK.columns:
            assert str(frame[name].dtype) == FEEDBACK.columns[name].dtype, name
    assert not any(str(kind) in ("object", "category") for kind in frame.dtypes)
    assert {"feedback_id", "text", "response_id", "source", "skip"} <= set(frame.columns)


def test_formats_are_tried_in_a_fixed_order():
    readers = [READERS.get(name) for name in READERS]
    assert {"csv", "xlsx", "json", "jsonl", "parquet"} <= set(READERS)
    ranks = {reader.rank: reader for reader in readers if isinstance(reader, Reader)}
    assert max(ranks) == READERS.get("csv").rank, "plain text is the last resort"


def test_a_format_can_be_named(tmp_path):
    path = tmp_path / "a.jsonl"
    as_jsonl(path)
    assert read_feedback([path], ReadConfig(format="jsonl")).sources[0].format == "jsonl"
    with pytest.raises(ConfigError, match="did you mean 'jsonl'"):
        read_feedback([path], ReadConfig(format="jsonll"))


def test_read_is_public(tmp_path):
    as_csv(tmp_path / "a.csv")
    assert voc.read(tmp_path / "a.csv", id="id")["nps"].tolist() == [3, 10, 7]
    with pytest.raises(ConfigError, match="did you mean 'text'"):
        voc.read(tmp_path / "a.csv", txt="comment")


# ------------------------------------------------------------------------------------------- several answers, ids


def test_one_row_per_answer(tmp_path):
    path = tmp_path / "survey.csv"
    path.write_text(
        "what_went_well,do_better,rating\n"
        "The nurse was very kind to me,,5\n"
        ",,4\n"
        "Quick and friendly as always,Please answer the phone more often,2\n",
        encoding="utf-8",
    )
    reading = read_feedback([path])
    frame = reading.frame
    assert frame["feedback_id"].tolist() == ["survey-1.1", "survey-2", "survey-3.1", "survey-3.2"]
    assert frame["response_id"].tolist() == ["survey-1", "survey-2", "survey-3", "survey-3"]
    assert frame["question"].fillna("").tolist() == ["what_went_well", "", "what_went_well", "do_better"]
    assert frame["rating"].tolist() == [5, 4, 2, 2]
    assert pd.isna(frame["text"].iloc[1])
    assert reading.sources[0].n_rows == 3


def test_repeated_ids_are_made_unique_and_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "id,comment,nps\n7,first it was late,3\n7,then it was broken,3\n8,fine,9\n8,not fine,1\n,none,5\n",
        encoding="utf-8",
    )
    reading = read_feedback([path], ReadConfig(id="id", text=("comment",)))
    assert reading.frame["feedback_id"].tolist() == ["7", "7-2", "8", "8-2", "a-5"]
    assert reading.frame["response_id"].tolist() == ["7", "7", "8", "8-2", "a-5"], "same score, same response"
    assert [each.count for each in reading.notes] == [2, 1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.sampled_from(["", "1", "2", "1-2", "a-1", "a-2"]), min_size=1, max_size=12))
def test_ids_are_always_unique(tmp_path, ids):
    path = tmp_path / "a.csv"
    pd.DataFrame({"id": ids, "comment": [f"number {n} was late" for n in range(len(ids))]}).to_csv(path, index=False)
    frame = read_feedback([path, path], ReadConfig(id="id")).frame
    assert frame["feedback_id"].is_unique
    assert frame["feedback_id"].notna().all()
    assert len(frame) == len(ids)


def test_several_files_become_one_table(tmp_path):
    as_csv(tmp_path / "may.csv")
    as_jsonl(tmp_path / "june.jsonl")
    reading = read_feedback([tmp_path / "may.csv", tmp_path / "june.jsonl"])
    assert reading.frame["source"].tolist() == ["may.csv"] * 3 + ["june.jsonl"] * 3
    assert reading.frame["feedback_id"].tolist() == [f"{stem}-a{n}" for stem in ("may", "june") for n in (1, 2, 3)]
    assert any("Ids that several files have" in each.text and each.count == 3 for each in reading.notes)
    assert str(reading.frame["nps"].dtype) == "Int8"


def test_files_with_other_columns_and_types_fit_together(tmp_path):
    (tmp_path / "a.csv").write_text("comment,size,extra\nlate again and again,1,x\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("Kommentar,size,nps\nschon wieder zu spät,big,4\n", encoding="utf-8")
    frame = read_feedback([tmp_path]).frame
    assert frame["size"].tolist() == ["1", "big"]
    assert frame["nps"].isna().tolist() == [True, False]
    assert str(frame["extra"].dtype) == "string"
    assert frame["text"].notna().all()


def test_folders_globs_and_namesakes(tmp_path):
    for folder in ("jan", "feb"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "export.csv").write_text(f"comment\nit was late in {folder} once more\n", encoding="utf-8")
    (tmp_path / "feb" / "readme.md").write_text("notes")
    (tmp_path / "feb" / ".hidden.csv").write_text("x")
    whole = read_feedback([tmp_path])
    assert whole.frame["feedback_id"].tolist() == ["feb-export-1", "jan-export-1"]
    assert whole.frame["source"].tolist() == ["feb-export.csv", "jan-export.csv"], "figures by file tell them apart"
    assert any("passed over" in each.text and each.count == 1 for each in whole.notes)
    by_glob = read_feedback([str(tmp_path / "*" / "*.csv")])
    assert by_glob.frame["feedback_id"].tolist() == whole.frame["feedback_id"].tolist()
    twice = read_feedback([tmp_path / "jan" / "export.csv", tmp_path / "jan"])
    assert len(twice.frame) == 1
    assert any("read once" in each.text for each in twice.notes)


def test_a_folder_with_one_bad_file_is_read_and_told(tmp_path):
    as_csv(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("")
    reading = read_feedback([tmp_path])
    assert len(reading.frame) == 3
    assert any("b.csv was passed over: b.csv is empty" in each.text for each in reading.notes)


# --------------------------------------------------------------------------------------------- columns that pass


def test_other_columns_pass_through(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "comment,sentiment,plz,amount,share,flag,source\n"
        "it took three weeks,negative,01234,12,0.5,yes,web\n"
        "quick and easy,positive,55555,7,NA,no,shop\n",
        encoding="utf-8",
    )
    reading = read_feedback([path])
    frame = reading.frame
    assert frame["sentiment_in_file"].tolist() == ["negative", "positive"]
    assert any("kept as 'sentiment_in_file'" in each.text for each in reading.notes)
    assert frame["plz"].tolist() == ["01234", "55555"]
    assert (str(frame["amount"].dtype), str(frame["share"].dtype)) == ("Int64", "Float64")
    assert frame["source"].tolist() == ["a.csv", "a.csv"]


def test_voc_reads_its_own_table(tmp_path):
    as_csv(tmp_path / "a.csv")
    first = read_feedback([tmp_path / "a.csv"]).frame
    done = FEEDBACK.add(first, clean_text=first["text"], lang="en", sentiment=0.5, label="positive")
    done.to_parquet(tmp_path / "feedback.parquet")
    again = read_feedback([tmp_path / "feedback.parquet"]).frame
    for name in ("feedback_id", "response_id", "text", "nps", "created_at"):
        assert again[name].tolist() == first[name].tolist() or name == "text"
    assert again["sentiment_in_file"].tolist() == [0.5] * 3


def test_times_of_reply_and_resolution(tmp_path):
    path = tmp_path / "tickets.csv"
    path.write_text(
        "Ticket ID,Created at,Description,First reply time in minutes,Resolved at,Annual revenue\n"
        '1,2024-01-05 10:00,My order never arrived at all,90,2024-01-06 10:00,"1,200.50"\n'
        '2,2024-01-05 11:00,The app crashes when I pay,,2024-01-08 10:00,"€ 900"\n',
        encoding="utf-8",
    )
    frame = read_feedback([path]).frame
    assert frame["first_reply_at"].iloc[0] == pd.Timestamp("2024-01-05 11:30", tz="UTC")
    assert pd.isna(frame["first_reply_at"].iloc[1])
    assert frame["resolved_at"].dt.day.tolist() == [6, 8]
    assert frame["revenue"].tolist() == [1200.5, 900]


# ------------------------------------------------------------------------------------------------ XLSX, JSON


def test_a_workbook_with_a_title_other_sheets_and_odd_cells(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "May"
    for row in (
        ["Survey of May"],
        [],
        ["Comment", "NPS", "Date", None],
        ["Late again, as always", 3, MAY],
        ["=1+1", "n/a", "02.05.2024"],
        [12, 9.0, 45413],
        [None, None, None],
        ["Friendly people", 11, "#N/A"],
    ):
        sheet.append(row)
    june = book.create_sheet("June")
    for row in (["Comment", "NPS", "Date"], ["Nobody called me back", 1, JUNE]):
        june.append(row)
    book.create_sheet("Legend").append(["NPS", "0-10"])
    book.save(tmp_path / "a.xlsx")
    reading = read_feedback([tmp_path / "a.xlsx"])
    frame = reading.frame
    assert frame["text"].fillna("").tolist() == [
        "Late again, as always",
        "",
        "12",
        "Friendly people",
        "Nobody called me back",
    ]
    assert frame["nps"].fillna(-1).tolist() == [3, -1, 9, -1, 1]
    assert frame["created_at"].dt.strftime("%d.%m.").fillna("").tolist() == ["01.05.", "02.05.", "01.05.", "", "01.06."]
    assert any("Sheet 'Legend' was left out" in each.text for each in reading.notes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 not a zip", "a zip file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "save it as .xlsx"),
        (b"%PDF-1.7", "export the answers as CSV"),
        (b"\x89PNG\r\n", "a picture"),
        (b"PAR1 broken", "damaged Parquet"),
        (b"\x00\x01\x02\x03" * 200, "no text|is empty"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"id,comment,nps\n", "no rows"),
        (b"[1, 2", "not valid JSON"),
        (b"[]", "no list of objects"),
        (b'{"a": 1', "not valid JSON"),
        (b"[" * 100_000, "nested too deeply|not valid JSON"),
        (b'{"a": [1, 2, 3]}', "no column of customers' words"),
        (b"id,nps\n1,2\n2,3\n", "no column of customers' words"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(tmp_path, content, message):
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read_feedback([path])
    assert "\n" not in str(error.value)
    assert "export.csv" in str(error.value)


def test_a_damaged_workbook_is_a_clear_error(tmp_path):
    as_xlsx(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as good, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as bad:
        for name in good.namelist():
            bad.writestr(name, good.read(name)[:100] if "sheet1" in name else good.read(name))
    with pytest.raises(InputError, match="damaged workbook"):
        read_feedback([tmp_path / "b.xlsx"])


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_a_file_without_permission(tmp_path):
    as_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv").chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        read_feedback([tmp_path / "a.csv"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("answrs.csv", "did you mean 'answers.csv'"),
        ("no/such.csv", "does not exist"),
        ("*.xml", "No file matches"),
        ("empty", "holds no file"),
    ],
)
def test_missing_files(tmp_path, name, message):
    as_csv(tmp_path / "answers.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        read_feedback([str(tmp_path / name)])


def test_no_source_at_all():
    with pytest.raises(InputError, match="No source"):
        read_feedback([])


def test_wholly_empty_rows_are_told(tmp_path):
    (tmp_path / "a.csv").write_text("comment,nps\nit was late,3\n,\nvery good,9\n,\n", encoding="utf-8")
    reading = read_feedback([tmp_path / "a.csv"])
    assert reading.frame["feedback_id"].tolist() == ["a-1", "a-3"]
    assert [each.count for each in reading.notes if "empty rows" in each.text] == [2]


def test_one_row_and_rows_all_alike(tmp_path):
    (tmp_path / "a.csv").write_text("comment,nps\nit was late,3\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("comment,nps\n" + "it was late,3\n" * 200, encoding="utf-8")
    assert len(read_feedback([tmp_path / "a.csv"]).frame) == 1
    assert len(read_feedback([tmp_path / "b.csv"]).frame) == 200


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_the_order_of_rows_plays_no_part(tmp_path, seed):
    generator = np.random.default_rng(seed)
    size = 80
    table = pd.DataFrame(
        {
            "nr": [f"c{n}" for n in range(size)],
            "verbatim": [f"the order was {n % 7} days late and nobody called" if n % 3 else "" for n in range(size)],
            "when": [f"{n % 12 + 1:02}/{n % 9 + 1:02}/2024" for n in range(size)],
            "points": generator.integers(0, 11, size),
        }
    )
    texts = []
    for rows in (table, table.sample(frac=1, random_state=seed)):
        path = tmp_path / "a.csv"
        rows.to_csv(path, index=False)
        reading = read_feedback([path], ReadConfig(id="nr"))
        texts.append((reading.frame.sort_values("feedback_id").to_csv(index=False), reading.sources[0].guesses))
    assert texts[0] == texts[1]


# ------------------------------------------------------------------------------------------------- real exports

EXPECTED: dict[str, dict[str, str]] = {
    "nhs_gp_fft.csv": {"free_text": "text", "do_better": "text", "rating_score": "rating", "time": "created_at"},
    "alexa.tsv": {"verified_reviews": "text", "rating": "rating", "date": "created_at"},
    "vietnamese_phone.csv": {"comment": "text", "n_star": "rating", "date_time": "created_at"},
    "skytrax_lounge.csv": {"content": "text", "date": "created_at", "overall_rating": "rating"},
    "nps_fr_retail.csv": {"explication": "text", "nps": "nps", "satisfaction": "csat", "id": "feedback_id"},
    "cuba_hotels.xlsx": {"Opinion": "text", "Class": "rating", "Date": "created_at"},
}
SCALES = {
    "nhs_gp_fft.csv": ("rating", "1-5"),
    "alexa.tsv": ("rating", "1-5"),
    "vietnamese_phone.csv": ("rating", "1-5"),
    "skytrax_lounge.csv": ("rating", "1-5"),
    "nps_fr_retail.csv": ("csat", "1-10"),
    "cuba_hotels.xlsx": ("rating", "1-5"),
}


@pytest.fixture(scope="module", params=sorted(EXPECTED))
def export(request: pytest.FixtureRequest) -> tuple[str, Any]:
    if not DEMO.exists():
        pytest.skip("the real exports in ../shared/data/demo are not there")
    return request.param, read_feedback([DEMO / request.param])


def test_real_exports_are_mapped_as_a_person_would(export):
    name, reading = export
    source: Recognition = reading.sources[0]
    assert {guess.column: guess.field for guess in source.guesses if guess.field} == EXPECTED[name]
    field, scale = SCALES[name]
    assert set(reading.frame[f"{field}_scale"]) == {scale}
    assert reading.frame["skip"].isna().all(), "none of their rows is broken"
    assert reading.frame["feedback_id"].is_unique
    assert reading.frame["response_id"].nunique() == source.n_rows


def test_an_empty_row_moves_no_score(tmp_path):
    """Answers keep their scores, also those that share an id, whatever stands between them."""
    rows = [
        f'c{n},"Room number {n} was nice and the staff kind",{n % 5 + 1},2024-01-{n % 28 + 1:02}' for n in range(60)
    ]
    (tmp_path / "gaps.csv").write_text("\n".join(["id,comment,rating,date", *rows[:6], ",,,", *rows[6:], ",,,"]) + "\n")
    frame = read_feedback([tmp_path / "gaps.csv"]).frame
    assert frame["rating"].tolist() == [int(each[1:]) % 5 + 1 for each in frame["feedback_id"]]


def test_real_exports_tell_their_traps(export):
    name, reading = export
    told = {
        "vietnamese_phone.csv": ("no dates", 967),
        "skytrax_lounge.csv": ("two scales", 67),
        "nps_fr_retail.csv": ("DOS code page", 0),
        "cuba_hotels.xlsx": ("no dates", 5),
    }
    if name in told:
        words, count = told[name]
        assert [each.count for each in reading.notes if words in each.text] == [count]


def test_ratings_of_a_time_of_two_scales_are_left_out(export):
    """From June 2015 on some lounges are rated on ten points: what is at most 5 there may be either."""
    name, reading = export
    if name == "skytrax_lounge.csv":
        frame = reading.frame
        assert frame.loc[frame["created_at"] >= "2015-06-15", "rating"].isna().all()
        assert frame.loc[frame["created_at"] < "2015-06-01", "rating"].notna().mean() > 0.95
        assert sum("another scale was in use" in each.text for each in reading.notes) == 1


def test_the_french_export_is_put_right(export):
    name, reading = export
    if name == "nps_fr_retail.csv":
        text = " ".join(reading.frame["text"].dropna())
        assert not set(text) & set("‚ƒŒ\x90\ufffd")
        assert "échange" in text
        assert "gâteau" in text


def test_gzip_bytes_are_digested_as_they_are(tmp_path):
    text = io.BytesIO()
    with gzip.GzipFile(fileobj=text, mode="wb", mtime=0) as packed:
        packed.write(b"comment\nit was late\nit was early\n")
    (tmp_path / "a.csv.gz").write_bytes(text.getvalue())
    reading = read_feedback([tmp_path / "a.csv.gz"])
    assert reading.sources[0].digest == hashlib.sha256(text.getvalue()).hexdigest()
    assert reading.frame["feedback_id"].tolist() == ["a-1", "a-2"]

"""Exports of ticket systems, app stores, review sites and survey tools: told apart without a flag, each with the right
columns, and nothing lost in silence. Every folder in `fixtures` is named like the format of the files in it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from exports_fixture import FIXTURES, at, of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voc.clean import clean
from voc.config import CleanConfig, MetricsConfig, ReadConfig
from voc.errors import InputError
from voc.metrics import measure
from voc.readers import READERS, Reader, Reading, read_feedback
from voc.readers.exports import time_after
from voc.readers.fingerprints import headers_of
from voc.readers.formats import head_of, recognise
from voc.readers.recognition import SKIP
from voc.readers.turns import Turn, moment, told
from voc.tables import FEEDBACK

FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file() and not path.name.startswith("."))
MINE = (
    "app-store", "asknicely", "delighted", "freshdesk", "google-play", "helpscout", "intercom", "salesforce",
    "trustpilot", "zendesk",
)  # fmt: skip
WITHOUT_TEXT = {FIXTURES / "zendesk" / "list.csv"}


def format_of(path: Path) -> str:
    return path.relative_to(FIXTURES).parts[0]


def name_of(path: Path) -> str:
    return path.relative_to(FIXTURES).as_posix()


def mine() -> list[Path]:
    return [path for path in FILES if format_of(path) in MINE and path not in WITHOUT_TEXT]


# ----------------------------------------------------------------------------------------------------------- detection


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_format_is_told_from_all_others(path):
    assert recognise(path, ReadConfig()) == format_of(path)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_one_reader_of_vendors_claims_a_file(path):
    """The order of readers decides nothing: no second fingerprint fits."""
    head = head_of(path)
    entries = {name: READERS.get(name) for name in READERS}
    claiming = [
        name for name, each in entries.items() if isinstance(each, Reader) and each.rank < 50 and each.sniff(head)
    ]
    assert claiming in ([format_of(path)], [])


@pytest.mark.parametrize("name", MINE)
def test_a_format_has_fixtures(name):
    assert [path for path in FILES if format_of(path) == name]


@pytest.mark.parametrize("path", mine(), ids=name_of)
def test_told_by_content_and_nameable(path, tmp_path):
    renamed = tmp_path / "export.bin"
    renamed.write_bytes(path.read_bytes())
    by_content = read_feedback([renamed])
    by_name = read_feedback([renamed], ReadConfig(format=format_of(path)))
    assert [each.format for each in by_content.sources] == [format_of(path)]
    pd.testing.assert_frame_equal(by_content.frame, by_name.frame)


@pytest.mark.parametrize("path", mine(), ids=name_of)
def test_the_frame_keeps_the_contract(path):
    frame = read_feedback([path]).frame
    assert frame["feedback_id"].is_unique
    assert frame["text"].notna().any()
    assert {"channel", "source", "response_id"} <= set(frame.columns)
    assert frame["channel"].notna().all()
    for name in frame.columns.intersection(list(FEEDBACK.columns)):
        assert str(frame[name].dtype) == FEEDBACK.columns[name].dtype, name
    assert not any(str(kind) in ("object", "category") for kind in frame.dtypes)
    assert not [name for name in frame if name.startswith("voc:") or name.endswith("_in_file")]


@pytest.mark.parametrize("path", mine(), ids=name_of)
def test_what_is_told_has_a_reason(path):
    guesses = read_feedback([path]).sources[0].guesses
    assert all("chosen by you" not in guess.reason for guess in guesses)
    assert {"text", "channel"} <= {guess.field for guess in guesses}


TABLES = [path for path in mine() if path.suffix == ".csv"]


@pytest.mark.parametrize("path", TABLES, ids=name_of)
def test_saved_as_a_workbook(path, tmp_path):
    """People open an export in Excel and save it there."""
    raw = READERS.get("csv")(path, ReadConfig())
    book = openpyxl.Workbook()
    book.active.append(list(raw.columns))
    for row in raw.itertuples(index=False):
        book.active.append([None if pd.isna(cell) else cell for cell in row[: len(raw.columns)]])
    for column in reversed(range(1, len(raw.columns) + 1)):
        if str(book.active.cell(1, column).value).startswith("voc:"):
            book.active.delete_cols(column)
    book.save(tmp_path / "export.xlsx")
    reading, plain = read_feedback([tmp_path / "export.xlsx"]), read_feedback([path])
    assert reading.sources[0].format == format_of(path)
    assert reading.frame["text"].tolist() == plain.frame["text"].tolist()
    for score in ("nps", "csat", "ces", "rating", "created_at"):
        assert (score in reading.frame) == (score in plain.frame), score
        if score in plain.frame:
            pd.testing.assert_series_equal(reading.frame[score], plain.frame[score])


@pytest.mark.parametrize("path", TABLES, ids=name_of)
@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16"), (",", "utf-8")])
def test_saved_again(path, tmp_path, delimiter, encoding):
    raw = READERS.get("csv")(path, ReadConfig())
    raw = raw[[name for name in raw.columns if not name.startswith("voc:")]]
    raw.to_csv(tmp_path / "again.csv", index=False, sep=delimiter, encoding=encoding)
    reading = read_feedback([tmp_path / "again.csv"])
    assert reading.sources[0].format == format_of(path)
    assert reading.frame["text"].tolist() == read_feedback([path]).frame["text"].tolist()


GENERIC = [
    "id,comment,score,created_at\n1,Too slow for me,3,2024-05-01\n",
    "name,value,category,comment\nAna,9,shoes,They fit very well\n",
    "Case Number,Notes\n12,The door was closed\n",
    "Ticket ID,Subject,Message\n1,Hi,Where is my parcel?\n",
    "Subject,Body,Status,Priority\nHi,Where is my parcel?,open,low\n",
    "rating,review text,review title\n5,Works like a charm,Great\n",
    '[{"id": 1, "rating": 3, "comment": "Fine so far", "attributes": {"color": "red"}}]',
    '[{"id": 1, "subject": "Hi", "comments": ["Where is my parcel?"], "status": "open"}]',
    '{"source": "web", "text": "Works like a charm", "rating": 5}\n{"source": "app", "text": "No good at all"}\n',
]


@pytest.mark.parametrize("text", GENERIC)
def test_files_of_nobody_are_left_to_the_general_readers(tmp_path, text):
    path = tmp_path / "answers.txt"
    path.write_text(text, encoding="utf-8")
    assert recognise(path, ReadConfig()) in ("csv", "json", "jsonl")


def test_a_folder_of_exports_mixed():
    chosen = [FIXTURES / name for name in ("zendesk", "trustpilot", "app-store", "asknicely")]
    reading = read_feedback(chosen)
    assert sorted({each.format for each in reading.sources}) == ["app-store", "asknicely", "trustpilot", "zendesk"]
    assert set(reading.frame["channel"]) >= {"review", "survey", "email"}
    assert reading.frame["source"].notna().all()
    assert reading.frame["feedback_id"].is_unique


# ------------------------------------------------------------------------------------------------------------- reviews


@pytest.mark.parametrize("name", ["google-play/reviews_202406.csv", "google-play/saved_again.csv"])
def test_google_play(name):
    reading = read_feedback([FIXTURES / name])
    frame = reading.frame
    assert frame["rating"].tolist() == [1, 5, 4, 2]
    assert set(frame["rating_scale"]) == {"1-5"}
    assert frame["text"].isna().tolist() == [False, True, False, False]
    assert frame["text"][3] == "بطيء", "a title alone is what was said"
    assert frame["feedback_id"].tolist()[::2] == ["r-1", "r-3"]
    assert frame["created_at"][0] == at("2024-06-01 10:00")
    assert frame["first_reply_at"].notna().tolist() == [True, False, False, False]
    assert any("without a word" in note.text and note.count == 1 for note in reading.notes)


def test_bare_ratings_count_in_the_rating():
    frame = pd.concat([of("google-play/reviews_202406.csv")] * 4, ignore_index=True)
    frame["feedback_id"] = frame["response_id"] = pd.Series(range(len(frame))).astype("string")
    cleaned = clean(frame, CleanConfig()).assign(suspect=pd.array([pd.NA] * len(frame), dtype="string"))
    assert cleaned["skip"].eq("empty").sum() == 4
    metrics = measure(cleaned, MetricsConfig(period="none"))
    rating = metrics[(metrics["metric"] == "rating") & (metrics["by"] == "all")].iloc[0]
    assert (rating["n"], rating["value"]) == (16, 3)


def test_google_play_with_ratings_only(tmp_path):
    raw = READERS.get("csv")(FIXTURES / "google-play" / "saved_again.csv", ReadConfig())
    raw = raw[[c for c in raw if not c.startswith("voc:")]].assign(**{"Review Text": None, "Review Title": None})
    raw.to_csv(tmp_path / "r.csv", index=False)
    frame = read_feedback([tmp_path / "r.csv"]).frame
    assert frame["text"].isna().all()
    assert frame["rating"].notna().all()


def test_app_store():
    connect, feed = of("app-store/connect.json"), of("app-store/rss.json")
    assert connect["rating"].tolist() == [2, 5, 1]
    assert connect["text"].tolist()[::2] == ["Since the update I cannot log in.", "Pub partout"]
    assert connect["created_at"][0] == at("2024-06-01 10:00")
    assert connect["first_reply_at"][0] == at("2024-06-02 10:00")
    assert connect["agent_text"][0] == "Fixed in 1.3, thank you."
    assert feed["rating"].tolist() == [1, 5], "the first entry is the app itself"
    assert feed["text"].tolist() == ["Keeps asking me to rate it.", "毎日使っています。"]
    assert feed["created_at"][0] == at("2024-06-01 17:00")


def test_trustpilot():
    frame = of("trustpilot/reviews.csv")
    assert frame["rating"].tolist() == [1, 5, 2]
    assert frame["feedback_id"].tolist() == ["tp1", "tp2", "tp3"]
    assert frame["first_reply_at"].notna().tolist() == [True, False, False]
    assert frame["customer_id"].tolist() == ["c1", "c2", "c3"]
    assert set(frame["channel"]) == {"review"}, "the source of a review is kept beside it"
    assert frame["Source Of Review"].tolist()[1] == "Invitation"


# ---------------------------------------------------------------------------------------------- Delighted and AskNicely


def test_delighted_asks_several_kinds_of_questions():
    frame = of("delighted/responses.csv")
    assert frame["nps"].dropna().tolist() == [10, 0]
    assert frame["csat"].dropna().tolist() == [4, 1], "a thumb down is the lowest"
    assert frame["ces"].dropna().tolist() == [2]
    assert set(frame["ces_scale"]) == {"1-5 high is good"}
    assert frame["person_properties.plan"].tolist()[:2] == ["Pro", "Free"]
    assert frame["created_at"][0] == at("2024-05-01 10:00")


def test_delighted_without_types_is_nps_and_says_so(tmp_path):
    (tmp_path / "d.csv").write_text(
        "ID,Score,Comment,Created at,Person email\n1,9,Lovely people,2024-05-01 10:00:00 UTC,a@b.example\n",
        encoding="utf-8",
    )
    reading = read_feedback([tmp_path / "d.csv"])
    assert reading.sources[0].format == "delighted"
    assert reading.frame["nps"].tolist() == [9]
    assert any("taken as NPS" in note.text for note in reading.notes)


def test_zero_means_never():
    frame = of("asknicely/responses.csv")
    assert frame["nps"].isna().tolist() == [False, True, False, False]
    assert frame["nps"].tolist()[::2] == [9, 3]
    assert frame["nps"][3] == 0, "a real detractor"
    assert frame["created_at"].isna().tolist() == [False, True, False, False]
    assert frame["opened"].isna().tolist() == [False, True, False, False]
    assert frame["invited_at"][1] == at("2024-04-30 10:00")
    assert frame["skip"][1] == "never answered"


# --------------------------------------------------------------------------------------------------------------- turns


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-01T10:00:00Z", "2024-05-01 10:00"), ("2024-05-01T10:00:00.000+02:00", "2024-05-01 08:00"),
        ("2024-05-01 10:00:00 UTC", "2024-05-01 10:00"), (1714557600, "2024-05-01 10:00"),
        ("1714557600", "2024-05-01 10:00"),
        (1714557600000, "2024-05-01 10:00"), ("0", None), (0, None), (None, None), ("", None), ("soon", None),
        (True, None),
        ({}, None), ("9" * 40, None), (float("nan"), None),
    ],
)  # fmt: skip
def test_moment(value, expected):
    assert moment(value) == (None if expected is None else at(expected))


def when(minute: int) -> datetime:
    return at("2024-01-01 00:00").to_pydatetime() + timedelta(minutes=minute)


def test_first_reply_is_the_first_public_one_after_the_customer_spoke():
    turns = [
        Turn("agent", "How did it go?", when(0), "Ana"), Turn("note", "call him", when(1)),
        Turn("customer", "Badly", when(2)),
        Turn("bot", "Thanks", when(3)), Turn("agent", "Sorry!", when(9), "Bo"), Turn("agent", "Done", when(20), "Cy"),
    ]  # fmt: skip
    found = told(turns, solved=True)
    assert (found["first_reply_at"], found["resolved_at"], found["agent"]) == (when(9), when(20), "Cy")
    assert told(list(reversed(turns)), solved=True) == found, "exports may list the newest first"
    assert told(turns, solved=False)["resolved_at"] is None


def test_time_spans():
    raw = pd.DataFrame({"Resolution time (in hrs)": pd.array(["1.5", "00:45:00", "-3", None], dtype="string")})
    start = pd.Series(pd.to_datetime(["2024-01-01"] * 4, utc=True))
    found = time_after(raw, start, "resolution time", unit="hours")
    assert found.tolist()[:2] == [at("2024-01-01 01:30"), at("2024-01-01 00:45")]
    assert found.isna().tolist() == [False, False, True, True]


# ----------------------------------------------------------------------------------------------------------- bad input


def test_a_broken_line_spoils_one_ticket(tmp_path):
    lines = (FIXTURES / "zendesk" / "tickets.ndjson").read_text(encoding="utf-8").splitlines()
    for place in (0, 2):
        broken = lines.copy()
        broken[place] = broken[place][:200]
        path = tmp_path / f"{place}.ndjson"
        path.write_text("\n".join(broken), encoding="utf-8")
        frame = read_feedback([path], ReadConfig(format="zendesk")).frame
        assert frame["skip"].notna().sum() == 1
        assert frame["response_id"].nunique() == 4


def test_columns_of_the_same_name_and_broken_rows(tmp_path):
    (tmp_path / "r.csv").write_text(
        "Review Id,Review Created (UTC),Review Title,Review Content,Review Stars,Review Stars\n"
        '1,2024-01-01 10:00:00,Bad,"They never answered, not once",1,1\n'
        "2,2024-01-02 10:00:00,Good,Works,5\n"
        "3,2024-01-03 10:00:00,Fair,Works most of the time,3,3\n",
        encoding="utf-8",
    )
    reading = read_feedback([tmp_path / "r.csv"])
    assert reading.sources[0].format == "trustpilot"
    assert reading.frame["rating"].tolist()[::2] == [1, 3]
    assert reading.frame["skip"].notna().tolist() == [False, True, False]


def assert_read_or_refused(path: Path, name: str) -> None:
    """A table of unique ids, or an error of one line; anything else is a fault."""
    told_in: str | Reading
    try:
        told_in = read_feedback([path], ReadConfig(format=name))
    except InputError as error:
        told_in = str(error)
    assert "\n" not in told_in if isinstance(told_in, str) else told_in.frame["feedback_id"].is_unique


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = {
    "zendesk": ["id", "ticket", "tickets", "users", "subject", "comments", "requester_id", "requester", "via", "status",
                "satisfaction_rating", "metric_set", "created_at", "description", "assignee", "submitter_id"],
    "intercom": ["id", "conversations", "source", "conversation_parts", "conversation_rating", "statistics", "tags",
                 "contacts", "created_at", "state", "topics", "body", "author"],
    "freshdesk": ["id", "subject", "conversations", "description_text", "stats", "status", "source", "responder_id",
                  "notes"],
    "app-store": ["data", "included", "attributes", "feed", "entry", "im:rating", "content", "relationships", "id",
                  "rating"],
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_json_of_any_shape_is_read_or_refused_in_one_line(name, tmp_path, data):
    objects = st.dictionaries(st.sampled_from(KEYS[name]), JSON | st.just("2024-01-01") | st.just([{}]), max_size=8)
    nested = objects | st.lists(objects, max_size=3) | st.dictionaries(st.sampled_from(KEYS[name]), objects, max_size=4)
    path = tmp_path / "any.json"
    path.write_text(json.dumps(data.draw(nested)), encoding="utf-8")
    assert_read_or_refused(path, name)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_tables_of_any_content_are_read_or_refused(tmp_path, data):
    """Every column of an export with cells of any kind."""
    path = data.draw(st.sampled_from([path for path in FILES if format_of(path) in MINE and path.suffix == ".csv"]))
    raw = READERS.get("csv")(path, ReadConfig())
    names = [name for name in raw.columns if not name.startswith("voc:")]
    cell = st.sampled_from(
        ["", "0", "-1", "5", "1e9", "99999999999", "2024-13-45", "12:99:00", "{}", '{"a": [1]}', "Ω\u200b"]
    )
    rows = data.draw(st.lists(st.tuples(*[cell] * len(names)), min_size=1, max_size=4))
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "any.csv", index=False)
    assert_read_or_refused(tmp_path / "any.csv", format_of(path))


@pytest.mark.parametrize("name", MINE)
@pytest.mark.parametrize("content", ["", "x", "a,b\n1,2\n", "[]", "{}", '[{"a": 1}]', "[" * 3000, "\x00\x01\x02"])
def test_a_named_format_that_does_not_fit(name, content, tmp_path):
    (tmp_path / "wrong.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_feedback([tmp_path / "wrong.csv"], ReadConfig(format=name))
    assert "\n" not in str(caught.value)


def test_a_damaged_workbook_has_no_headers(tmp_path):
    (tmp_path / "w.xlsx").write_bytes(b"PK\x03\x04" + bytes(200))
    assert headers_of(head_of(tmp_path / "w.xlsx")) == frozenset()


def test_row_order_does_not_matter(tmp_path):
    lines = (FIXTURES / "zendesk" / "tickets.ndjson").read_text(encoding="utf-8").splitlines()
    (tmp_path / "tickets.ndjson").write_text("\n".join(np.array(lines)[[2, 0, 3, 1]]), encoding="utf-8")
    shuffled = read_feedback([tmp_path / "tickets.ndjson"]).frame.sort_values("feedback_id", ignore_index=True)
    plain = of("zendesk/tickets.ndjson").sort_values("feedback_id", ignore_index=True)
    pd.testing.assert_frame_equal(shuffled[sorted(shuffled)], plain[sorted(plain)])


def test_a_skipped_row_keeps_its_reason():
    raw = READERS.get("asknicely")(FIXTURES / "asknicely" / "responses.csv", ReadConfig())
    assert raw[SKIP].notna().tolist() == [False, True, False, False]

"""The contract between stages: what a table must have, what it is cast to, and what passes through."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voc.errors import InputError
from voc.tables import FEEDBACK, TABLES, TIME, Analysis, Note, Schema

PACKAGE = Path(__file__).parents[1] / "voc"

each_table = pytest.mark.parametrize("schema", TABLES, ids=lambda schema: schema.name)


def feedback(**columns) -> pd.DataFrame:
    return pd.DataFrame({"feedback_id": ["a", "b"], "text": ["fine", None], **columns})


@each_table
def test_an_empty_table_has_every_column_in_its_dtype(schema: Schema):
    empty = schema.empty()
    assert len(empty) == 0
    assert {name: str(dtype) for name, dtype in empty.dtypes.items()} == {
        name: column.dtype for name, column in schema.columns.items()
    }
    pd.testing.assert_frame_equal(schema.check(empty), empty)


@each_table
def test_columns_are_flat_and_told(schema: Schema):
    allowed = {"string", "Int8", "Int16", "Int32", "Float32", "boolean", TIME}
    for name, column in schema.columns.items():
        assert column.dtype in allowed, f"{schema.name}.{name} is not first normal form"
        assert column.doc
        assert column.by
    assert any(column.required for column in schema.columns.values())


@each_table
def test_an_empty_table_comes_back_from_parquet(schema: Schema, tmp_path: Path):
    schema.empty().to_parquet(tmp_path / "empty.parquet", index=False)
    back = schema.check(pd.read_parquet(tmp_path / "empty.parquet"))
    pd.testing.assert_frame_equal(back, schema.empty())


def test_the_writer_of_every_column_exists():
    rooms = {path.stem for path in PACKAGE.iterdir()} | {"read"}
    for schema in TABLES:
        for name, column in schema.columns.items():
            assert set(re.split(r",\s*", column.by)) <= rooms, f"{schema.name}.{name} is written by {column.by}"


def test_check_casts_what_it_knows_and_leaves_the_rest():
    came = feedback(nps=[10.0, None], created_at=["2025-01-01", "2025-01-02T10:00:00+02:00"], region=["x", 1])
    came.index = [7, 7]
    checked = FEEDBACK.check(came, "nps")
    assert str(checked["nps"].dtype) == "Int8"
    assert str(checked["created_at"].dtype) == TIME
    assert checked["created_at"][1] == pd.Timestamp("2025-01-02T08:00:00Z")
    assert list(checked["region"]) == ["x", 1]
    assert list(checked.index) == [0, 1]
    assert list(came.index) == [7, 7], "the caller's table is not touched"


@pytest.mark.parametrize(
    ("columns", "needed", "told"),
    [
        ({}, ("nps",), "The feedback table has no column 'nps'"),
        ({"clean_txt": ["a", "b"]}, ("clean_text",), "did you mean 'clean_txt'?"),
        ({"nps": ["many", "few"]}, (), "Column 'nps' of the feedback table must be Int8"),
        ({"created_at": ["yesterday", "never"]}, (), "Column 'created_at' of the feedback table must be"),
        ({"created_at": ["01/02/2025", None]}, (), "Column 'created_at' of the feedback table must be"),
        ({"created_at": [1736121600.5, None]}, (), "Column 'created_at' of the feedback table must be"),
    ],
)
def test_what_a_table_lacks_is_told(columns, needed, told):
    with pytest.raises(InputError, match=re.escape(told)):
        FEEDBACK.check(feedback(**columns), *needed)


def test_add_casts_and_leaves_the_original_alone():
    came = FEEDBACK.check(feedback())
    added = FEEDBACK.add(came, nps=[1, None], lang="en")
    assert str(added["nps"].dtype) == "Int8"
    assert list(added["lang"]) == ["en", "en"]
    assert "nps" not in came.columns


def test_add_knows_declared_columns_only():
    with pytest.raises(KeyError, match=r"feedback\.mood is not declared"):
        FEEDBACK.add(FEEDBACK.check(feedback()), mood=["a", "b"])


@given(st.lists(st.tuples(st.text(max_size=5), st.one_of(st.none(), st.integers(0, 10))), max_size=8))
def test_check_changes_nothing_the_second_time(rows):
    came = pd.DataFrame(
        {
            "feedback_id": [str(number) for number in range(len(rows))],
            "text": pd.Series([text for text, _ in rows], dtype="string"),
            "nps": pd.Series([score for _, score in rows], dtype="Int64"),
        }
    )
    once = FEEDBACK.check(came)
    pd.testing.assert_frame_equal(FEEDBACK.check(once), once)
    assert once["text"].tolist() == came["text"].tolist()


def test_an_analysis_is_not_changed_by_accident():
    tables = {schema.name: schema.empty() for schema in TABLES}
    analysis = Analysis(**tables)
    with pytest.raises(AttributeError):
        analysis.notes = (Note("read", "changed"),)

"""JSON in one piece and by lines: nested, broken, wide, long; read in blocks of any size the table is the same."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import json_files, read_feedback, tabular

OBJECTS = [
    {"id": 1, "comment": "It was late, and nobody called", "nps": 3, "tags": ["a", "b"], "more": {"plan": "pro"}},
    {"id": 2, "comment": "Ça va, merci", "nps": None, "extra": 1.5},
    {"id": 3, "comment": None, "nps": 9, "extra": "x"},
    {"id": "d4", "comment": "All good here: [1, 2], {3}", "nps": 10, "more": {"plan": None, "since": "2024"}},
] * 3


def write(path: Path, objects: list, *, lines: bool = False) -> Path:
    if lines:
        path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects), encoding="utf-8")
    else:
        path.write_text(json.dumps(objects, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def test_nested_json_becomes_columns(tmp_path):
    rows = [
        {
            "text": "it was late",
            "user": {"id": n, "plan": {"name": "pro"}},
            "tags": ["a", "b"],
            "turns": [{"x": 1}],
            "big": 2**70,
            "number": 2**60 + 1,
        }
        for n in range(3)
    ]
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    frame = read_feedback([tmp_path / "a.json"]).frame
    assert frame["user.plan.name"].tolist() == ["pro"] * 3
    assert frame["tags"].tolist() == ["a, b"] * 3
    assert json.loads(frame["turns"].iloc[0]) == [{"x": 1}]
    assert frame["big"].iloc[0] == str(2**70)
    assert frame["number"].iloc[0] == 2**60 + 1


def test_a_broken_line_in_jsonl_is_kept_and_marked(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"comment": "late", "nps": 1}\n{"comment": "cut off\n\n[1, 2]\n{"comment": "half \\ud83d pair", "nps": 9}\n',
        encoding="utf-8",
    )
    frame = read_feedback([path]).frame
    assert frame["skip"].notna().tolist() == [False, True, True, False]
    assert frame["text"].tolist()[1:3] == ['{"comment": "cut off', "[1, 2]"]
    assert frame["text"].iloc[3].encode() == "half \ufffd pair".encode()


def test_wide_json(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([{f"id{n}": "x" for n in range(1500)}]), encoding="utf-8")
    with pytest.raises(InputError, match="more than 1000 different keys"):
        read_feedback([tmp_path / "a.json"])


@pytest.mark.parametrize("lines", [False, True], ids=["list", "lines"])
@pytest.mark.parametrize(("block", "rows"), [(7, 20_000), (2**18, 1), (64, 5)])
def test_blocks_of_any_size_give_the_same_table(tmp_path, monkeypatch, lines: bool, block: int, rows: int):
    path = write(tmp_path / "a.json", OBJECTS, lines=lines)
    read = json_files.read_jsonl if lines else json_files.read_json
    expected = read(path, ReadConfig())
    monkeypatch.setattr(tabular, "BLOCK", block)
    monkeypatch.setattr(json_files, "ROWS_AT_ONCE", rows)
    found = read(path, ReadConfig())
    pd.testing.assert_frame_equal(found, expected)
    assert len(found) == len(OBJECTS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"a": 1}, {"a": 2}', "not valid JSON"),
        ('[{"a": 1}, {"a": 2', "not valid JSON"),
        ('[{"a": 1}] and more', "not valid JSON"),
        ('[{"a": 1}, 7]', "no list of objects"),
        ('[{"a": ' + "[" * 20_000, "nested too deeply"),
        ("[]", "no list of objects"),
    ],
    ids=["cut", "cut in an object", "more", "mixed", "deep", "empty"],
)
def test_a_list_that_breaks_off_is_an_error_in_one_line(tmp_path, text: str, told: str):
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told) as error:
        read_feedback([tmp_path / "a.json"])
    assert "\n" not in str(error.value)


def test_one_large_document(tmp_path, monkeypatch):
    """A document that is no list is read whole, up to a size; a list and lines have no such bound."""
    monkeypatch.setattr(json_files, "LARGEST_DOCUMENT", 300)
    (tmp_path / "a.json").write_text(json.dumps({"data": OBJECTS}), encoding="utf-8")
    with pytest.raises(InputError, match="one object a line"):
        read_feedback([tmp_path / "a.json"])
    assert len(read_feedback([write(tmp_path / "b.json", OBJECTS)]).frame) == len(OBJECTS)


def test_objects_are_not_held(tmp_path, monkeypatch):
    """Five times as many rows take the memory of their cells, not of their objects."""
    monkeypatch.setattr(json_files, "ROWS_AT_ONCE", 500)
    peaks = []
    for times in (250, 1250):
        path = write(tmp_path / "a.jsonl", OBJECTS * times, lines=True)
        tracemalloc.start()
        json_files.read_jsonl(path, ReadConfig())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # What tracemalloc sees are Python's objects: the cells that are no text, 8 bytes each and more.
    assert peaks[1] - peaks[0] < 12_000 * 300

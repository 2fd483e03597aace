"""`voc score`: what came stays as it came, and every row that can carry a verdict gets one."""

from __future__ import annotations

import csv
import io
import json
import os
import threading
from collections.abc import Sequence
from decimal import Decimal
from typing import BinaryIO

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voc.errors import InputError
from voc.streams import ADDED, Tally, delimited, score_stream
from voc.tables import FEEDBACK

JUDGED: list[str | None] = []


def judge(texts: Sequence[str | None]) -> pd.DataFrame:
    """A verdict that can be told from the text alone."""
    JUDGED.extend(texts)
    told = [text if text and text.strip() else None for text in texts]
    verdicts = {
        "lang": ["en" if text else None for text in told],
        "sentiment": [-0.5 if text and "bad" in text else 0.5 if text else None for text in told],
        "label": ["negative" if text and "bad" in text else "positive" if text else None for text in told],
        "confidence": [0.75 if text else None for text in told],
        "severity": [min(len(text), 100) / 100 if text else None for text in told],
    }
    return pd.DataFrame(
        {name: pd.array(values, dtype=FEEDBACK.columns[name].dtype) for name, values in verdicts.items()}
    )


def choose(sample: pd.DataFrame) -> str:
    if "text" not in sample.columns:
        raise InputError("no text column")
    return "text"


def scored(source: bytes, text: str | None = None) -> tuple[bytes, Tally]:
    JUDGED.clear()
    target = io.BytesIO()
    tally = score_stream(io.BytesIO(source), target, judge, choose=choose, text=text)
    return target.getvalue(), tally


HEADER = ",".join(ADDED)


@pytest.mark.parametrize(
    "rows",
    [
        'id,text,price\r\n007,fine,1.50\r\n008,"bad, very",""\r\n',
        "id,text\n1,fine\n2,bad",
        'text,id\n"with ""quotes""",=1+1\n\'apostrophe,@cmd\n',
        'id,text\n1,"two\nlines"\n2,"and\r\nmore"\n',
        "id\ttext\n1\tfine, really\n2\tbad\n",
        "id;text\n1;fine, really\n2;bad\n",
        "\ufeffid,text\n1,fine\n",
        "id,text\n\n1,fine\n   \n2,bad\n\n",
        "text,empty\nfine,\n,\n",
        "id,text\n1,ends in a carriage return\r2,fine\r",
        "id,text\n1,\x00null\x00\n",
    ],
)
def test_csv_bytes_stay_and_the_verdict_stands_behind(rows: str):
    result, _ = scored(rows.encode())
    came = list(csv.reader(io.StringIO(rows, newline="")))
    delimiter = next(each for each in "\t;," if each in rows)
    goes = list(csv.reader(io.StringIO(result.decode(), newline=""), delimiter=delimiter))
    assert _without_verdicts(result.decode(), delimiter) == rows
    assert len(came) == len(goes)
    assert goes[0][-5:] == list(ADDED)


def _without_verdicts(scored_text: str, delimiter: str) -> str:
    """The scored text with what voc added cut off again, nothing else changed."""
    kept = []
    for line in scored_text.replace(delimiter.join(["", *ADDED]), "").splitlines(keepends=True):
        body = line.rstrip("\r\n")
        cells = body.split(delimiter)
        is_verdict = len(cells) > 5 and (cells[-5] == "en" or cells[-5:] == [""] * 5)
        kept.append((delimiter.join(cells[:-5]) if is_verdict else body) + line[len(body) :])
    return "".join(kept)


@given(
    rows=st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\r\x00\ufeff"), max_size=20)] * 3),
        max_size=30,
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_every_csv_value_survives(rows: list[tuple[str, str, str]], end: str, quoting: int):
    source = io.StringIO(newline="")
    writer = csv.writer(source, lineterminator=end, quoting=quoting)
    writer.writerows([("id", "text", "more"), *rows])
    result, tally = scored(source.getvalue().encode())
    goes = list(csv.reader(io.StringIO(result.decode(), newline="")))
    assert [cells[:3] for cells in goes[1:]] == [list(row) for row in rows]
    assert [cells[3:] for cells in goes[1:]] == [_cells(text) for _, text, _ in rows]
    assert tally.rows == len(rows)
    assert tally.broken == 0


def _cells(text: str) -> list[str]:
    verdict = judge([text]).iloc[0]
    return [
        "" if pd.isna(value) else str(round(value, 4)) if isinstance(value, float) else str(value) for value in verdict
    ]


@pytest.mark.parametrize(
    ("rows", "broken", "first"),
    [
        ('id,text\n1,fine\n2,"never ends\n3,bad\n4,fine\n', 1, 2),
        ('id,text\n1,"never ends\n2,"quoted"\n3,bad\n', 1, 1),
        ("id,text\n1,fine,and,more\n2,bad\n3,x\n4,x\n", 1, 1),
        ('id,text\n1,fine\n2,"open at the very end', 1, 2),
    ],
)
def test_a_broken_row_goes_through_untouched_and_is_counted(rows: str, broken: int, first: int):
    result, tally = scored(rows.encode())
    came, goes = rows.splitlines(), result.decode().splitlines()
    assert len(came) == len(goes)
    assert (tally.broken, tally.first_broken) == (broken, first)
    assert tally.rows == len(came) - 1
    assert sum(went == line for went, line in zip(goes, came, strict=True)) == broken


def test_an_unclosed_quote_spoils_one_row(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delimited, "LONGEST_RECORD", 2000)
    rows = ["id,text", '0,"never ends', *(f"{number},comment number {number}" for number in range(1, 500))]
    result, tally = scored("\n".join(rows).encode())
    assert (tally.rows, tally.broken, tally.judged) == (500, 1, 499)
    assert result.decode().splitlines()[1] == rows[1]


def test_short_rows_are_filled_so_that_columns_align():
    result, tally = scored(b"id,text,more\n" + 8 * b"0,fine,x\n" + b"1,fine\n2\n")
    assert result.decode().splitlines()[-2:] == ["1,fine,,en,0.5,positive,0.75,0.04", "2,,,,,,,"]
    assert (tally.rows, tally.judged, tally.broken) == (10, 9, 0)


def test_one_column_without_delimiter_becomes_csv():
    result, _ = scored(b"text\nfine\nbad, really\n")
    goes = list(csv.reader(io.StringIO(result.decode())))
    assert [cells[0] for cells in goes] == ["text", "fine", "bad, really"]
    assert {len(cells) for cells in goes} == {6}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1251"])
def test_the_file_keeps_its_encoding(encoding: str):
    words = "очень плохо, никто не отвечает" if encoding == "cp1251" else "très déçu, personne ne répond à l'été"
    text = "id;text\n" + "".join(f"{number};{words}\n" for number in range(40))
    result, _ = scored(text.encode(encoding))
    assert result.decode(encoding).splitlines()[0] == "id;text;" + ";".join(ADDED)
    assert [line.split(";")[1] for line in result.decode(encoding).splitlines()[1:]] == [words] * 40
    assert set(JUDGED) == {words}


def test_bytes_that_are_no_utf8_are_carried_through():
    source = b"id,text\n0,x\n0,x\n1,caf\xc3\xa9 au lait \xc3\xa0 Besan\xc3\xa7on\n2,caf\xe9\n3,\xff\xfe\n"
    result, _ = scored(source)
    assert [line.split(b",")[1] for line in result.splitlines()] == [
        line.split(b",")[1] for line in source.splitlines()
    ]
    assert JUDGED[3] == "café"


def test_older_verdicts_are_replaced():
    result, _ = scored(f'id,{HEADER},text\n01,xx,1,"a ""b""",0,0,"fine, ok"\n'.encode())
    assert result.decode() == f'id,text,{HEADER}\n01,"fine, ok",en,0.5,positive,0.75,0.08\n'
    again, _ = scored(result)
    assert again == result


@pytest.mark.parametrize(
    ("line", "before"),
    [
        ('{"text": "fine", "price": 1.50, "big": 123456789012345678901234567890}', None),
        ('{"text":"bad","nested":{"a":[1,{"b":null}]},"e":1e5}', None),
        ('  {"text": "fine\\u00e9\\n"}  ', None),
        ('{"price": 1.0}', None),
        ('{"text": 5}', None),
        ("{}", None),
        ('{"text": "fine", "text2": "\\ud83d"}', None),
    ],
)
def test_json_bytes_stay_and_the_verdict_stands_behind(line: str, before: str | None):
    source = f'{{"text": "first"}}\n{line}\n'
    result, tally = scored(source.encode())
    goes = result.decode().splitlines()[1]
    assert goes.startswith(line.strip()[:-1]) or goes.strip().startswith(line.strip()[:-1])
    values = json.loads(goes)
    assert list(values)[-5:] == list(ADDED)
    assert {key: value for key, value in values.items() if key not in ADDED} == json.loads(line)
    assert (tally.rows, tally.broken) == (2, 0)


@pytest.mark.parametrize(
    "line", ["{broken", "[1, 2]", '"a text"', "17", "null", "{" * 5000, b"\xff\xfe{".decode("latin-1")]
)
def test_a_broken_line_goes_through_untouched_and_is_counted(line: str):
    source = f'{{"text": "fine"}}\n{line}\n\n{{"text": "bad"}}\n'.encode()
    result, tally = scored(source)
    assert result.split(b"\n")[1:3] == source.split(b"\n")[1:3]
    assert (tally.rows, tally.judged, tally.broken, tally.first_broken) == (3, 2, 1, 2)


def test_invalid_bytes_in_a_json_line_survive():
    source = b'{"text": "fine"}\n{"text": "caf\xe9"}\n\xff\xfe\n'
    result, _ = scored(source)
    assert b'{"text": "caf\xe9", "voc_lang"' in result
    assert result.endswith(b"\xff\xfe\n")


def test_a_line_without_an_end(monkeypatch: pytest.MonkeyPatch):
    """A gigabyte in one line goes through in pieces, byte for byte, and is one broken row."""
    monkeypatch.setattr("voc.streams.lines.LONGEST", 5_000)
    monkeypatch.setattr("voc.streams.lines.PIECE", 1_000)
    long = b'{"text": "' + "é".encode() * 20_000 + b'"}\n'
    source = b'{"text": "fine"}\n' + long + b'{"text": "bad"}\n' + long[:-1]
    result, tally = scored(source)
    assert long in result
    assert result.endswith(long[:-1])
    assert (tally.rows, tally.judged, tally.broken, tally.first_broken) == (4, 2, 2, 2)


def test_a_path_names_a_nested_text():
    source = b'{"message": {"body": "bad"}, "a.b": 1}\n{"message": null}\n{"message": "x"}\n'
    result, tally = scored(source, text="message.body")
    labels = [json.loads(line)["voc_label"] for line in result.splitlines()]
    assert labels == ["negative", None, None]
    assert tally.judged == 1


def test_older_verdicts_in_json_are_replaced():
    once, _ = scored(b'{"voc_label": "old", "text": "fine"}\n')
    twice, _ = scored(once)
    assert once == twice
    assert list(json.loads(once)) == ["text", *ADDED]
    assert json.loads(once)["voc_label"] == "positive"


def test_a_pipe_is_answered_line_by_line():
    """A tool that writes one line and waits for the answer must get it before it writes the next."""
    into, out_of = os.pipe(), os.pipe()
    source, target = os.fdopen(into[0], "rb"), os.fdopen(out_of[1], "wb")
    sender, receiver = os.fdopen(into[1], "wb", buffering=0), os.fdopen(out_of[0], "rb", buffering=0)
    work = threading.Thread(target=_score_and_close, args=(source, target))
    work.start()
    for text in ("fine", "bad"):
        sender.write(json.dumps({"text": text}).encode() + b"\n")
        answer = json.loads(receiver.read(4096))
        assert answer["voc_label"] == ("negative" if text == "bad" else "positive")
    sender.close()
    work.join(timeout=10)
    receiver.close()
    assert not work.is_alive()


def _score_and_close(source: BinaryIO, target: BinaryIO) -> None:
    with source, target:
        score_stream(source, target, judge, choose=choose)


def test_parquet_keeps_types_order_and_metadata(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table(
        {
            "id": pa.array(["007", None, "3"]),
            "text": pa.array(["fine", "bad", None]).dictionary_encode(),
            "price": pa.array([Decimal("1.50"), None, Decimal(2)], pa.decimal128(5, 2)),
            "nested": pa.array([{"a": [1]}, None, {"a": []}]),
            "voc_label": pa.array(["old"] * 3),
        },
        metadata={"made by": "a test"},
    )
    parquet.write_table(table, tmp_path / "in.parquet")
    with (tmp_path / "in.parquet").open("rb") as source, (tmp_path / "out.parquet").open("wb") as target:
        tally = score_stream(source, target, judge, choose=choose)
    result = parquet.read_table(tmp_path / "out.parquet")
    assert result.schema.names == ["id", "text", "price", "nested", *ADDED]
    assert result.select(range(4)).equals(table.drop_columns(["voc_label"]))
    assert result.schema.metadata[b"made by"] == b"a test"
    assert result["voc_label"].to_pylist() == ["positive", "negative", None]
    assert (tally.rows, tally.judged) == (3, 2)


def test_parquet_needs_a_file_that_can_be_read_from_the_end():
    into, out_of = os.pipe()
    with os.fdopen(into, "rb") as source, os.fdopen(out_of, "wb", buffering=0) as sender:
        sender.write(b"PAR1....\n")
        with pytest.raises(InputError, match="pipe"):
            score_stream(source, io.BytesIO(), judge, choose=choose)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (b"", "empty"),
        (b" \n \n", "empty"),
        (b"id,name\n1,x\n", "no text column"),
        (b"[1, 2]", "JSONL"),
        (b"PK\x03\x04rest", "Excel"),
        (b"PAR1 broken PAR1", "damaged"),
        (b"{broken\n{broken\n", "no JSON object"),
        (b'"id,text\n1,fine\n', "quote"),
    ],
)
def test_what_cannot_be_scored_is_told_before_anything_is_written(source: bytes, told: str):
    target = io.BytesIO()
    with pytest.raises(InputError, match=told):
        score_stream(io.BytesIO(source), target, judge, choose=choose)
    assert not target.getvalue() or told == "no JSON object"


def test_a_column_that_is_not_there_gets_the_nearest_guess():
    with pytest.raises(InputError, match="did you mean 'text'"):
        scored(b"id,text\n1,fine\n", text="txet")


def test_memory_stays_flat():
    """A stream ten times as long needs no more memory: nothing is held back."""
    import tracemalloc

    peaks = []
    for rows in (2_500, 12_500):
        source = b"id,text\n" + b"1,this is fine and long enough to matter in memory\n" * rows
        tracemalloc.start()
        score_stream(io.BytesIO(source), _Nowhere(), _plain_judge, choose=choose)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


class _Nowhere(io.BufferedIOBase):
    def write(self, piece) -> int:
        return len(piece)


def _plain_judge(texts: Sequence[str | None]) -> pd.DataFrame:
    scored = judge(texts)
    JUDGED.clear()
    return scored

"""Samples of large files: every format counts and draws the same rows, evenly, and reads them as it reads the whole."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from voc.cli import main
from voc.readers import Reading, read_feedback, sampling

ROWS, DRAWN = 6_000, 1_000
ENDINGS = (".csv", ".jsonl", ".json", ".parquet", ".csv.gz")
BROKEN = {".csv": '{},an "open quote,2025-01-01,3,4,5,6\n', ".jsonl": '{{"id": {}, broken\n'}  # fmt: skip


@pytest.fixture(autouse=True)
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of some hundred kilobytes counts as large."""
    monkeypatch.setattr(sampling, "LARGE", 2**18)
    monkeypatch.setattr(sampling, "ROWS", DRAWN)
    monkeypatch.setattr(sampling.limits, "__defaults__", (DRAWN,))


def table(rows: int = ROWS) -> pd.DataFrame:
    """Rows in an order that tells: the score says in which tenth of the file a row stands, the channel alternates."""
    return pd.DataFrame(
        {
            "id": [f"r{n}" for n in range(rows)],
            "comment": [f'The parcel came\nso late again, "number" {n} at the café' for n in range(rows)],
            "created_at": pd.date_range("2025-01-01", periods=rows, freq="h").strftime("%Y-%m-%d"),
            "nps": [n * 10 // rows for n in range(rows)],
            "channel": ["chat" if n % 2 else "email" for n in range(rows)],
        }
    )  # fmt: skip


def written(folder: Path, ending: str, rows: pd.DataFrame) -> Path:
    path = folder / f"rows{ending}"
    if ending == ".parquet":
        rows.to_parquet(path, index=False, compression="none")
    elif ending.startswith(".csv"):
        rows.to_csv(path, index=False)
    else:
        rows.to_json(path, orient="records", lines=ending == ".jsonl")
    return path


def numbers(reading: Reading) -> list[int]:
    return [int(each.removeprefix("r")) for each in reading.frame["feedback_id"]]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_sample_tells_what_the_file_holds(tmp_path: Path, ending: str):
    path = written(tmp_path, ending, table())
    whole, some = read_feedback([path]), read_feedback([path], sample=True)
    (source,) = some.sources
    assert source.n_rows == ROWS == len(whole.frame)
    assert source.n_rows - source.passed_over == len(some.frame)
    assert DRAWN / 3 < len(some.frame) <= DRAWN
    drawn = numbers(some)
    assert drawn == sorted(drawn), "in the order of the file"
    expected = whole.frame.set_index("feedback_id").loc[some.frame["feedback_id"]].reset_index()
    pd.testing.assert_frame_equal(some.frame[expected.columns], expected, check_dtype=False)
    assert (source.encoding, source.delimiter) == (whole.sources[0].encoding, whole.sources[0].delimiter)
    assert [each.field for each in source.guesses] == [each.field for each in whole.sources[0].guesses]


@pytest.mark.parametrize("ending", ENDINGS)
def test_rows_are_drawn_from_everywhere(tmp_path: Path, ending: str):
    """Behind the first rows, which always come, every tenth of the file has its share, and every second row too."""
    drawn = [n for n in numbers(read_feedback([written(tmp_path, ending, table())], sample=True)) if n >= ROWS // 10]
    shares = pd.Series(drawn).floordiv(ROWS // 10).value_counts(normalize=True)
    assert len(shares) == 9
    assert shares.between(1 / 9 - 0.05, 1 / 9 + 0.05).all()
    assert abs(pd.Series(drawn).mod(2).mean() - 0.5) < 0.06


def test_small_files_and_conversations_are_read_whole(tmp_path: Path):
    small = written(tmp_path, ".csv", table(100))
    assert read_feedback([small], sample=True).sources[0].passed_over == 0
    talk = tmp_path / "talk.txt"
    talk.write_text("".join(f"Customer: it is late {n}\nAgent: sorry\n" for n in range(20_000)))
    assert talk.stat().st_size > sampling.LARGE
    assert read_feedback([talk], sample=True).sources[0].passed_over == 0


def test_files_that_are_large_together_share_the_sample(tmp_path: Path):
    for part in range(4):
        written(tmp_path, ".csv", table().iloc[part::4]).rename(tmp_path / f"part{part}.csv")
    reading = read_feedback([tmp_path], sample=True)
    assert sum(source.n_rows for source in reading.sources) == ROWS
    assert all(DRAWN / 10 < source.n_rows - source.passed_over <= DRAWN / 3 for source in reading.sources)


@pytest.mark.parametrize("ending", sorted(BROKEN))
def test_broken_rows_are_counted_with_the_others(tmp_path: Path, ending: str):
    path = written(tmp_path, ending, table())
    lines = path.read_text().splitlines(keepends=True)
    records = len(lines) // ROWS
    odd = [BROKEN[ending].format(n) for n in range(600)]
    path.write_text("".join(lines[: 100 * records + 1]) + "".join(odd) + "".join(lines[100 * records + 1 :]))
    (whole,), (some,) = read_feedback([path]).sources, read_feedback([path], sample=True).sources
    assert some.n_rows == whole.n_rows == ROWS + 600
    broken = read_feedback([path], sample=True).frame["skip"].str.startswith("broken").sum()
    assert 600 / 6600 / 2 < broken / (some.n_rows - some.passed_over) < 2 * 600 / 6600


def test_rows_above_the_header_stay_there(tmp_path: Path):
    path = written(tmp_path, ".csv", table())
    path.write_text("Report of May\n\n" + path.read_text())
    (whole,), (some,) = read_feedback([path]).sources, read_feedback([path], sample=True).sources
    assert some.n_rows == whole.n_rows == ROWS
    assert {each.text for each in some.notes} == {each.text for each in whole.notes}


def test_a_legacy_encoding_keeps_its_name_and_letters(tmp_path: Path):
    path = tmp_path / "rows.csv"
    table().to_csv(path, index=False, encoding="cp1252", sep=";")
    reading = read_feedback([path], sample=True)
    assert (reading.sources[0].encoding, reading.sources[0].delimiter) == ("Windows-1252", "semicolon")
    assert reading.frame["text"].str.endswith("café").all()


def test_long_rows_are_drawn_fewer(tmp_path: Path):
    path = written(tmp_path, ".jsonl", table(400).assign(comment="so very late " * 1_000))
    (source,) = read_feedback([path], sample=True).sources
    assert 50 <= source.n_rows - source.passed_over < 100


def test_a_sample_takes_the_memory_of_its_rows(tmp_path: Path):
    path = written(tmp_path, ".jsonl", table())
    with gzip.open(tmp_path / "rows.jsonl.gz", "wb") as packed:
        for _ in range(10):
            packed.write(path.read_bytes())
    tracemalloc.start()
    try:
        (source,) = read_feedback([tmp_path / "rows.jsonl.gz"], sample=True).sources
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert source.n_rows == 10 * ROWS
    assert taken < 2**23


def test_inspect_says_on_how_many_rows_it_judged(tmp_path: Path):
    path = written(tmp_path, ".csv", table())
    ran = CliRunner().invoke(main, ["inspect", str(path), "--json"])
    found = json.loads(ran.stdout)
    assert found["drawn"] == {"rows": found["rows"], "of": ROWS}
    assert found["sources"][0]["rows"] == ROWS
    shown = " ".join(CliRunner().invoke(main, ["inspect", str(path)]).stdout.split())
    assert f"judged on {found['rows']:,} rows drawn evenly of {ROWS:,}" in shown
    small = written(tmp_path, ".jsonl", table(50))
    assert json.loads(CliRunner().invoke(main, ["inspect", str(small), "--json"]).stdout)["drawn"] is None

"""`voc score` as a person meets it: rows in, the same rows out with a verdict, one line where something is wrong."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_fixture import told
from click.testing import CliRunner, Result

from voc.cli import main
from voc.streams import ADDED

Score = Callable[..., Result]


@pytest.fixture
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: str) -> Score:
    """`voc score …` in an empty folder, with a model that needs no weights."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: bytes | str | None = None) -> Result:
        return CliRunner().invoke(main, ["score", "--model", tiny, *arguments], input=stdin)

    return run


def test_score_adds_columns_and_changes_nothing(score: Score):
    Path("in.csv").write_bytes(b'id,comment,price\r\n007,"late, broken",1.50\r\n008,n/a,\r\n009,great people,"=1"\r\n')
    result = score("in.csv", "--out", "out.csv")
    assert result.exit_code == 0, result.output
    lines = Path("out.csv").read_bytes().split(b"\r\n")
    assert lines[0] == b"id,comment,price," + ",".join(ADDED).encode()
    assert lines[1].startswith(b'007,"late, broken",1.50,en,-0.')
    assert lines[2] == b"008,n/a,,,,,,"
    assert lines[3].startswith(b'009,great people,"=1",en,0.')
    assert "3 rows, judged by comment; 1 without a text to judge" in result.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["in.csv", "out.csv"]


def test_score_is_a_pipe(score: Score):
    rows = [{"text": "The delivery was late", "nested": {"a": [1, None]}}, {"text": None}, {"text": "great people"}]
    source = "".join(json.dumps(row) + "\n" for row in rows) + "{broken\n"
    result = score("-", "--out", "-", stdin=source)
    assert result.exit_code == 0, result.output
    *scored, broken = result.stdout.splitlines()
    values = [json.loads(line) for line in scored]
    assert [{key: value for key, value in row.items() if key not in ADDED} for row in values] == rows
    assert [row["voc_label"] for row in values] == ["negative", None, "positive"]
    assert broken == "{broken"
    assert "1 broken and copied untouched (the first is row 4)" in result.stderr


def test_score_reads_csv_from_a_pipe(score: Score):
    result = score("--quiet", stdin="comment,n\nlate again,1\n")
    assert result.stdout.splitlines()[0].startswith("comment,n,voc_lang")
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (("absent.csv",), None, "absent.csv"),
        (("folder",), None, "is a folder"),
        (("rows.csv", "--text", "coment"), None, "did you mean 'comment'"),
        (("rows.csv", "--out", "no/such/folder.csv"), None, "folder.csv"),
        (("rows.csv", "--out", "folder"), None, "folder"),
        (("rows.csv", "--out", "rows.parquet"), None, "keeps the format"),
        (("rows.parquet",), None, "--out"),
        (("figures.csv",), None, "text"),
        ((), b"", "empty"),
        ((), b"[]", "JSONL"),
        ((), b"PAR1....PAR1", "damaged"),
    ],
)
def test_score_tells_in_one_line_what_it_cannot_do(
    score: Score, arguments: tuple[str, ...], stdin: bytes | None, says: str
):
    Path("folder").mkdir()
    Path("rows.csv").write_text("comment,id\nlate,1\n", encoding="utf-8")
    Path("figures.csv").write_text("id,nps\n1,2\n", encoding="utf-8")
    before = sorted(path.name for path in Path().iterdir())
    assert says in told(score(*arguments, stdin=stdin))
    assert sorted(path.name for path in Path().iterdir()) == before


def test_a_failed_score_leaves_the_older_file(score: Score, monkeypatch: pytest.MonkeyPatch):
    Path("rows.csv").write_text(
        "comment,id\n" + "".join(f"late by {n} days,1\n" for n in range(3000)), encoding="utf-8"
    )
    Path("out.csv").write_text("older", encoding="utf-8")
    calls = []

    def fails_later(texts, **_):
        calls.append(texts)
        if len(calls) > 1:
            raise ZeroDivisionError
        return judge(texts, model="tiny")

    judge = importlib.import_module("voc.pipeline").score
    monkeypatch.setattr(importlib.import_module("voc.pipeline"), "score", fails_later)
    assert isinstance(score("rows.csv", "--out", "out.csv").exception, ZeroDivisionError)
    assert Path("out.csv").read_text(encoding="utf-8") == "older"
    assert sorted(path.name for path in Path().iterdir()) == ["out.csv", "rows.csv"]


def test_score_may_write_over_its_source(score: Score):
    Path("rows.csv").write_text("comment,id\nlate,1\ngreat,2\n", encoding="utf-8")
    assert score("rows.csv", "--out", "rows.csv").exit_code == 0
    once = Path("rows.csv").read_bytes()
    assert score("rows.csv", "--out", "rows.csv").exit_code == 0
    assert Path("rows.csv").read_bytes() == once

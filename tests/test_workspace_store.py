"""The workspace file: nothing is lost, whatever ends a write, and whatever cannot be used is told in one line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from workspace_crash import contents

from voc.errors import InputError
from voc.tables import CLAUSES, FEEDBACK
from voc.workspace import store
from voc.workspace.store import load, nullable, opened, save, stacked

CRASH = Path(__file__).with_name("workspace_crash.py")
HOLD = """
import sys, time
from pathlib import Path
from voc.workspace.store import opened
with opened(Path(sys.argv[1]), create=True) as connection:
    print("held", flush=True)
    time.sleep(60)
"""


def written(path: Path, run: int = 1) -> Path:
    with opened(path, create=True) as connection:
        save(connection, contents(run, 20))
    return path


def held(path: Path):
    with opened(path) as connection:
        return load(connection)


def crash(mode: str, path: Path) -> list[str]:
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, str(CRASH), mode, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_everything_comes_back_as_it_was(tmp_path: Path):
    asked, found = contents(2, 30), held(written_with(tmp_path / "a.duckdb", contents(2, 30)))
    pd.testing.assert_frame_equal(found.feedback, asked.feedback)
    pd.testing.assert_frame_equal(found.clauses, asked.clauses)
    pd.testing.assert_frame_equal(found.themes, asked.themes, check_like=True)
    assert np.array_equal(found.vectors.of(asked.clauses["text"]), asked.vectors.of(asked.clauses["text"]))
    assert (found.last_run, found.model) == (2, "tiny 0")


def written_with(path: Path, wanted) -> Path:
    with opened(path, create=True) as connection:
        save(connection, wanted)
    return path


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2], dtype="int64"),
        pd.Series([1.5, None], dtype="float64"),
        pd.Series(["a", None], dtype="string"),
        pd.Series(["a", 5], dtype="object"),
        pd.Series([True, False]),
        pd.Series(["x", "y"], dtype="category"),
        pd.Series(pd.to_datetime(["2026-01-05T10:00:00", None], utc=True)),
        pd.Series(pd.to_timedelta([1, 2], unit="h")),
        pd.Series([None, None], dtype="object"),
    ],
    ids=lambda column: str(column.dtype),
)
def test_columns_of_the_file_survive_whatever_their_type(tmp_path: Path, column: pd.Series):
    odd = {"Region": column, "region": column, "REGION-2": column, "": column, 'a "b"; drop': column}
    feedback = FEEDBACK.check(pd.DataFrame({"feedback_id": ["a", "b"], "text": ["late", pd.NA], **odd}))
    found = held(written_with(tmp_path / "a.duckdb", replace(contents(1, 2), feedback=feedback))).feedback
    assert list(found.columns) == list(feedback.columns)
    again = held(written_with(tmp_path / "b.duckdb", replace(contents(1, 2), feedback=found))).feedback
    pd.testing.assert_frame_equal(found, again)
    assert found["Region"].isna().tolist() == column.isna().tolist()


def test_a_write_that_is_killed_before_any_statement_leaves_the_old_or_the_new(tmp_path: Path):
    tries = crash("points", tmp_path / "a.duckdb")
    assert len(tries) > 8
    assert set(tries[:-1]) == {"old"}
    assert tries[-1] == "new"


def test_a_write_that_is_killed_at_any_moment_leaves_the_old_or_the_new(tmp_path: Path):
    tries = crash("moments", tmp_path / "a.duckdb")
    assert len(tries) == 6
    assert set(tries) <= {"old", "new"}


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path):
    tries = crash("full", tmp_path / "a.duckdb")
    pairs = list(zip(tries[::2], tries[1::2], strict=True))
    assert pairs[0] == ("refused", "old")
    assert pairs[-1] == ("written", "new")
    assert set(pairs) == {("refused", "old"), ("written", "new")}


def test_two_processes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path / "a.duckdb")
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        monkeypatch.setattr(store, "WAIT", 0.2)
        with pytest.raises(InputError, match=rf"in use by another process \({other.pid}\); nothing was changed"):
            held(path)
        other.kill()
    assert held(path).last_run == 1


def test_a_short_edit_of_another_process_is_waited_for(tmp_path: Path):
    path = written(tmp_path / "a.duckdb")
    soon = HOLD.replace("time.sleep(60)", "time.sleep(0.5)")
    with subprocess.Popen([sys.executable, "-c", soon, str(path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        start = time.monotonic()
        assert held(path).last_run == 1
        assert time.monotonic() - start < store.WAIT


def text_file(path: Path) -> None:
    path.write_text("id,comment\n1,late\n" * 500)


def foreign(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE sales AS SELECT 1 AS euros")


def newer(path: Path) -> None:
    written(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE about SET value = '7' WHERE name = 'version'")


def torn(path: Path) -> None:
    """The file lost its second half, as after a broken copy."""
    written(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without_a_table(path: Path) -> None:
    written(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE clauses")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (text_file, "is no workspace of voc; it is left as it is"),
        (foreign, "is a database, but no workspace of voc; it is left as it is"),
        (newer, "has version 7 and this voc knows 1: pip install --upgrade voc"),
        (torn, "workspace .*(cannot be opened|is damaged|is no workspace)"),
        (without_a_table, "The workspace is damaged: .*go back to a copy"),
        (Path.mkdir, "is a folder; a workspace is one file"),
    ],
    ids=["text", "another database", "newer version", "torn", "without a table", "folder"],
)
def test_what_cannot_be_used_is_told_in_one_line_and_left_alone(tmp_path: Path, make, told: str):
    path = tmp_path / "a.duckdb"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(InputError, match=told) as caught:
        held(path)
    assert "\n" not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_place_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(InputError, match=r"There is no workspace .*a\.duckdb; `voc analyze FILE --workspace"):
        held(tmp_path / "a.duckdb")
    with (
        pytest.raises(InputError, match=r"the folder .*nowhere does not exist"),
        opened(tmp_path / "nowhere" / "a.duckdb", create=True),
    ):
        pass


def test_a_file_that_got_nothing_is_not_left_behind(tmp_path: Path):
    path = tmp_path / "a.duckdb"
    with opened(path, create=True) as connection:
        assert load(connection).feedback.empty
    assert not path.exists()


def test_a_failed_run_leaves_no_file_behind(tmp_path: Path):
    path = tmp_path / "a.duckdb"
    with pytest.raises(ValueError, match="the run failed"), opened(path, create=True):
        raise ValueError("the run failed")
    assert not path.exists()


def test_an_empty_file_is_a_place_for_a_workspace(tmp_path: Path):
    path = tmp_path / "a.duckdb"
    path.touch()
    assert held(written(path)).last_run == 1


def test_vectors_are_written_once_and_leave_with_their_text(tmp_path: Path):
    path = written(tmp_path / "a.duckdb", 2)
    with opened(path) as connection:
        save(connection, contents(1, 20))
    found = held(path)
    assert sorted(found.vectors.texts) == sorted(contents(1, 20).clauses["text"])
    kept = contents(2, 20)  # the vectors of run 2 were there first: the same text has the same vector
    assert np.array_equal(found.vectors.of(found.clauses["text"]), kept.vectors.of(found.clauses["text"]))


def test_vectors_of_another_model_replace_all(tmp_path: Path):
    path = written(tmp_path / "a.duckdb", 2)
    with opened(path) as connection:
        save(connection, contents(1, 20), afresh=True)
    asked, found = contents(1, 20), held(path)
    assert np.array_equal(found.vectors.of(found.clauses["text"]), asked.vectors.of(found.clauses["text"]))


def test_rows_of_two_files_keep_their_types_or_become_text():
    one = FEEDBACK.check(pd.DataFrame({"feedback_id": ["a"], "text": ["x"], "nps": [3], "plan": [1], "day": ["mon"]}))
    two = FEEDBACK.check(pd.DataFrame({"feedback_id": ["b"], "text": ["y"], "plan": ["gold"], "seats": [2]}))
    both = stacked([one, two], FEEDBACK)
    assert {name: str(both[name].dtype) for name in both} == {
        "feedback_id": "string", "text": "string", "nps": "Int8", "plan": "string", "day": "string", "seats": "Int64",
    }  # fmt: skip
    assert both["plan"].tolist() == ["1", "gold"]
    assert both["nps"].isna().tolist() == [False, True]


def test_nothing_under_nothing_is_nothing():
    empty = stacked([FEEDBACK.empty(), FEEDBACK.empty()], FEEDBACK)
    pd.testing.assert_frame_equal(empty, FEEDBACK.empty())
    assert nullable(CLAUSES.empty()).dtypes.equals(CLAUSES.empty().dtypes)

"""Kills processes in the middle of a write: run by test_workspace_store.py as a program of its own.

    python workspace_crash.py points FILE     kill before each statement of a write in turn
    python workspace_crash.py moments FILE    kill at moments spread over a write
    python workspace_crash.py full FILE       let the disk be full (a limit on the size of files)

Prints what the file held afterwards, one word a try: old, new, or what went wrong.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import pandas as pd

from voc.errors import InputError
from voc.tables import CLAUSES, FEEDBACK
from voc.workspace.store import load, opened, save
from voc.workspace.tables import KNOWN, RUNS, Contents, Vectors

ROWS = 400


def contents(run: int, rows: int = ROWS) -> Contents:
    """What a workspace may hold after run `run`: the earlier rows, and as many new ones."""
    ids = [f"r{number}" for number in range(run * rows)]
    texts = pd.Series([f"the parcel {number} was late" for number in range(run * rows)], dtype="string")
    feedback = FEEDBACK.check(pd.DataFrame({"feedback_id": ids, "text": texts, "nps": 3, "run": run}))
    clauses = pd.DataFrame({"clause_id": ids, "feedback_id": ids, "position": 0, "start": 0, "end": 5, "text": texts})
    runs = pd.DataFrame({"run": range(1, run + 1), "model": "tiny 0"})
    themes = pd.DataFrame({"theme_id": ["t-1"], "kind": ["complaints"], "label": ["late parcel"], "born": [1]})
    vectors = np.random.default_rng(run).standard_normal((run * rows, 64)).astype(np.float32)
    return Contents(
        feedback=feedback,
        clauses=CLAUSES.check(clauses.assign(lang="en", key=texts)),
        vectors=Vectors().having(texts, vectors),
        themes=KNOWN.check(themes),
        runs=RUNS.check(runs),
    )


class Deadly:
    """A connection that dies with its process before statement number `last`."""

    def __init__(self, connection, last: int) -> None:
        self._connection, self._left = connection, last

    def execute(self, *arguments):
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1
        return self._connection.execute(*arguments)

    def __getattr__(self, name: str):
        return getattr(self._connection, name)


FAILED = 99
"""The exit code of a child whose task raised."""


def in_child(task) -> int:
    """The exit code of `task`, run in a process of its own; negative = the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            code = task() or 0
        finally:  # whatever went wrong, the child ends here and never runs on as a second pytest
            if code == FAILED:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def write(path: Path, run: int, *, last: int = -1) -> None:
    with opened(path, create=True) as connection:
        save(Deadly(connection, last), contents(run))


def held(path: Path) -> int:
    """The run that the file is at, 90 where its tables do not agree, 98 where it cannot be opened."""
    try:
        with opened(path) as connection:
            found = load(connection)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 98
    run = found.last_run
    agrees = (
        len(found.feedback) == len(found.clauses)
        and found.feedback["run"].eq(run).all()
        and found.clauses["text"].isin(found.vectors.texts).all()
        and len(found.vectors.texts) == len(found.clauses)
        and len(found.themes) == 1
    )
    return run if agrees else 90


def told(path: Path) -> str:
    code = in_child(lambda: held(path))
    return {1: "old", 2: "new"}.get(code, f"broken-{code}")


def say(*words: str) -> None:
    sys.stdout.write(f"{' '.join(words)}\n")
    sys.stdout.flush()


def points(path: Path) -> None:
    for last in range(0, 100, 2):
        fresh(path)
        code = in_child(lambda last=last: write(path, 2, last=last))
        say(told(path))
        if code == 0:
            return


def moments(path: Path) -> None:
    fresh(path)
    start = time.perf_counter()
    in_child(lambda: write(path, 2))
    whole = time.perf_counter() - start
    for share in np.linspace(0.6, 1.1, 6):
        fresh(path)
        child = os.fork()
        if child == 0:
            write(path, 2)
            os._exit(0)
        time.sleep(whole * share)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        say(told(path))


def full(path: Path) -> None:
    for more in (0, 1 << 16, 1 << 20, 1 << 21, 3 << 20, 1 << 22, 1 << 24):
        fresh(path)
        room = path.stat().st_size + more

        def crowded(room: int = room) -> int:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
            try:
                with opened(path) as connection:
                    save(connection, contents(2, 4000))
            except InputError as error:
                sys.stderr.write(f"{error}\n")
                return 7
            return 0

        code = in_child(crowded)
        say({7: "refused", 0: "written"}.get(code, f"broken-{code}"), told(path))


def fresh(path: Path) -> None:
    """The file after run 1, made once and copied."""
    made = path.with_name("made.duckdb")
    if not made.exists():
        assert in_child(lambda: write(made, 1)) == 0
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    shutil.copy(made, path)


if __name__ == "__main__":
    {"points": points, "moments": moments, "full": full}[sys.argv[1]](Path(sys.argv[2]))

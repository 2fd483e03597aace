"""The folder sink: report, tables and the record of the run, all of them or none.

Everything is written beside the target first and put in its place at the end, so a failed run leaves the older result
as it was. A folder that voc did not write is never touched; in one that it did write, files of other people are kept.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path

import pandas as pd

from voc.config import from_mapping
from voc.errors import InputError
from voc.sinks.run import RUN_FILE, is_run, run_record, to_json
from voc.sinks.tabular import write_csv, write_parquet
from voc.tables import Analysis

CSV_TABLES = (
    "issues",
    "themes",
    "keywords",
    "metrics",
    "comparisons",
    "drivers",
    "queue",
    "customers",
    "agents",
    "anomalies",
    "changes",
)
PARQUET_TABLES = ("feedback", "clauses", "clause_themes")
FILES = (
    "report.html",
    "report.md",
    "issues.xlsx",
    *(f"{name}.csv" for name in CSV_TABLES),
    *(f"{name}.parquet" for name in PARQUET_TABLES),
    RUN_FILE,
)


def write_folder(analysis: Analysis, target: str | PathLike[str]) -> None:
    """Write the reports, the tables and `run.json` to the folder `target`, which may not exist yet.

    Raises InputError where `target` is a file, holds something that voc did not write, or cannot be written.
    """
    folder = _usable(Path(target))
    try:
        with _staging(folder) as fresh:
            _write_files(analysis, fresh)
            _put_in_place(fresh, folder)
    except OSError as error:
        raise InputError(f"Cannot write to {target}: {error.strerror or error}") from error


def _usable(target: Path) -> Path:
    """`target` with links resolved, where it is absent, empty or a result of voc."""
    try:
        folder = target.resolve()
        if not folder.exists():
            return folder
        if not folder.is_dir():
            raise InputError(f"{target} is a file; the results need a folder")
        if any(folder.iterdir()) and not is_run(folder / RUN_FILE):
            raise InputError(f"{target} holds files that voc did not write; name a new or empty folder")
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise InputError(f"Cannot write to {str(target)!r}: {getattr(error, 'strerror', error)}") from error
    return folder


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A fresh folder on the same disk as `folder`, gone afterwards whatever happens."""
    inside = folder if _is_pinned(folder) else folder.parent
    inside.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=inside))
    try:
        _open_to_others(fresh)
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write_files(analysis: Analysis, fresh: Path) -> None:
    # Jinja and the charts are loaded only by those who write a report.
    from voc.report import render, render_markdown
    from voc.sinks.workbook import write_workbook

    config = from_mapping({"report": analysis.settings.get("report", {})}).report
    (fresh / "report.html").write_text(render(analysis, config), encoding="utf-8", newline="\n")
    (fresh / "report.md").write_text(render_markdown(analysis, config), encoding="utf-8", newline="\n")
    write_workbook(analysis, fresh / "issues.xlsx")
    for name in CSV_TABLES:
        write_csv(_table(analysis, name), fresh / f"{name}.csv")
    for name in PARQUET_TABLES:
        write_parquet(_table(analysis, name), fresh / f"{name}.parquet")
    (fresh / RUN_FILE).write_text(to_json(run_record(analysis)), encoding="utf-8", newline="\n")


def _table(analysis: Analysis, name: str) -> pd.DataFrame:
    table: pd.DataFrame = getattr(analysis, name)
    return table


def _put_in_place(fresh: Path, folder: Path) -> None:
    if _is_pinned(folder):
        # The record comes last: a folder with a new run.json holds nothing of the older run.
        for name in FILES:
            (fresh / name).replace(folder / name)
        return
    if not folder.exists():
        fresh.rename(folder)
        return
    older = Path(tempfile.mkdtemp(prefix=f".{folder.name}-older-", dir=folder.parent))
    try:
        _swap(fresh, folder, older / folder.name)
    except OSError:
        with suppress(OSError):
            older.rmdir()  # not rmtree: if the way back failed too, it holds the only copy
        raise
    _keep_the_rest(older / folder.name, folder)
    shutil.rmtree(older, ignore_errors=True)


def _swap(fresh: Path, folder: Path, older: Path) -> None:
    """Two renames; where the second fails the first is taken back."""
    folder.rename(older)
    try:
        fresh.rename(folder)
    except OSError:
        older.rename(folder)
        raise


def _keep_the_rest(older: Path, folder: Path) -> None:
    """Whatever people have put beside the results moves to the new folder."""
    for entry in older.iterdir():
        if entry.name not in FILES:
            entry.rename(folder / entry.name)


def _is_pinned(folder: Path) -> bool:
    """Whether the folder itself cannot be renamed: a mount point (containers), or the shell stands in it."""
    return folder.is_dir() and (folder.is_mount() or Path.cwd().is_relative_to(folder))


def _open_to_others(folder: Path) -> None:
    """Temporary folders are private; a result has the permissions that the user's umask gives."""
    mask = os.umask(0)
    os.umask(mask)
    folder.chmod(0o777 & ~mask)

"""The workspace file: one DuckDB database that is opened by one process at a time and written in transactions.

A write happens wholly or not at all, whatever ends the process: DuckDB writes ahead to a log and replays or drops it
when the file is opened next. What this module does not do: judge what the tables hold.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from voc.errors import InputError
from voc.tables import CLAUSES, FEEDBACK, Schema
from voc.workspace.tables import EDITS, KNOWN, RUNS, TEXTS, Contents, Vectors

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

VERSION = 1
"""Of the tables' layout. A file of a newer one is refused, for its meaning is unknown here."""
WAIT, PAUSE = 5.0, 0.1
"""Seconds to wait for another process that has the file open, and between two tries. Edits take a moment and are waited
for; an analysis may take minutes and is not. Guarded by test_two_processes_at_once."""
SETTINGS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
"""DuckDB would fetch extensions from the network by itself."""
OWN = (TEXTS, KNOWN, RUNS, EDITS)
HOLDER = re.compile(r"PID (\d+)")


@contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[Connection]:
    """The workspace at `path`, held until the end; no other process can open it meanwhile.

    With `create` the file may be absent; one that got no table in the end is removed. Raises InputError where the file
    is absent, in use, damaged, no workspace, or of a newer version.
    """
    _check_place(path, create=create)
    fresh = not path.exists()
    connection = _connected(path)
    empty = False
    try:
        _check_version(path, connection)
        try:
            yield connection
        finally:
            empty = fresh and not _tables(connection)
    finally:
        with suppress(Exception):  # what was committed is in the file or its log; what was not is gone by intent
            connection.close()
        if empty:
            path.unlink(missing_ok=True)


def _check_place(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder; a workspace is one file, such as acme.duckdb")
    if not path.exists():
        if not create:
            raise InputError(f"There is no workspace {path}; `voc analyze FILE --workspace {path}` makes one")
        if not path.absolute().parent.is_dir():
            raise InputError(f"Cannot make the workspace {path}: the folder {path.absolute().parent} does not exist")
    elif path.stat().st_size == 0 and create:
        path.unlink()  # an empty file, such as mktemp makes, is a place for a workspace


def _connected(path: Path) -> Connection:
    import duckdb

    deadline = time.monotonic() + WAIT
    while True:
        try:
            return duckdb.connect(str(path), config=SETTINGS)
        except duckdb.Error as error:
            busy = "lock on file" in str(error) or "different configuration" in str(error)
            if busy and time.monotonic() < deadline:
                time.sleep(PAUSE)
                continue
            raise InputError(_refusal(path, str(error), busy=busy)) from error


def _refusal(path: Path, reason: str, *, busy: bool) -> str:
    if busy:
        holder = HOLDER.search(reason)
        who = f"another process ({holder[1]})" if holder else "another process"
        return f"The workspace {path} is in use by {who}; nothing was changed, try again when it has finished"
    if "not a valid DuckDB" in reason:
        return f"{path} is no workspace of voc; it is left as it is"
    if "version number" in reason or "newer version" in reason:
        return f"{path} was written by a newer DuckDB: pip install --upgrade duckdb"
    if "Permission denied" in reason:
        return f"The workspace {path} may not be opened: permission denied"
    return f"The workspace {path} cannot be opened: {reason.splitlines()[0]}"


def _check_version(path: Path, connection: Connection) -> None:
    tables = _tables(connection)
    if not tables:
        return
    about = dict(connection.execute("SELECT name, value FROM about").fetchall()) if "about" in tables else {}
    if about.get("made by") != "voc":
        raise InputError(f"{path} is a database, but no workspace of voc; it is left as it is")
    version = int(about["version"])
    if version > VERSION:
        raise InputError(
            f"The workspace {path} has version {version} and this voc knows {VERSION}: pip install --upgrade voc"
        )


def _tables(connection: Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def load(connection: Connection) -> Contents:
    """Everything the file holds; a new file holds nothing."""
    if not _tables(connection):
        return Contents()
    try:
        frames = {schema.name: schema.check(_read(connection, schema.name)) for schema in OWN}
        feedback, clauses = (schema.check(_read(connection, schema.name)) for schema in (FEEDBACK, CLAUSES))
        return Contents(feedback=feedback, clauses=clauses, vectors=_read_vectors(connection), **frames)
    except _failures() as error:
        raise InputError(f"The workspace is damaged: {str(error).splitlines()[0]}; go back to a copy of it") from error


def save(connection: Connection, contents: Contents, *names: str, afresh: bool = False) -> None:
    """Write the named tables (all, if none is named) in one transaction; on failure nothing is changed.

    `afresh` writes every vector, also those of texts that the file knows: another model made them. Raises InputError
    where they cannot be written, as on a full disk.
    """
    chosen = names or (*(schema.name for schema in OWN), "feedback", "clauses", "vectors")
    try:
        connection.execute("BEGIN TRANSACTION")
        _write_about(connection)
        if afresh:
            connection.execute("DROP TABLE IF EXISTS vectors")
        for name in chosen:
            if name == "vectors":
                _write_vectors(connection, contents.vectors)
            else:
                _write(connection, name, getattr(contents, name))
        connection.execute("COMMIT")
    except _failures() as error:
        with suppress(*_failures()):
            connection.execute("ROLLBACK")
        reason = str(error).splitlines()[0]
        raise InputError(f"The workspace could not be written, and is as it was before: {reason}") from error


def _failures() -> tuple[type[Exception], ...]:
    import duckdb

    return (duckdb.Error, OSError)


def _write_about(connection: Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS about (name VARCHAR PRIMARY KEY, value VARCHAR)")
    connection.execute("INSERT OR REPLACE INTO about VALUES ('made by', 'voc'), ('version', ?)", [str(VERSION)])


def _write(connection: Connection, name: str, frame: pd.DataFrame) -> None:
    import pyarrow as pa

    stored = _storable(frame)
    names = json.dumps(list(stored.columns), ensure_ascii=False)
    stored.columns = pd.Index(_distinct(stored.columns))
    connection.register("incoming", pa.Table.from_pandas(stored, preserve_index=False))
    connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM incoming')  # noqa: S608 (our own names)
    connection.unregister("incoming")
    connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", [f"columns of {name}", names])


def _distinct(names: Sequence[str]) -> list[str]:
    """Names that differ in more than their case, for the columns of a database; -2, -3 … behind where they do not."""
    taken: set[str] = set()
    found = []
    for name in names:
        number, candidate = 1, name or "column"
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{name or 'column'}-{number}"
        taken.add(candidate.casefold())
        found.append(candidate)
    return found


def _write_vectors(connection: Connection, vectors: Vectors) -> None:
    """Only what is new is written: vectors are most of the file."""
    import pyarrow as pa

    width = max(vectors.rows.shape[1], 1)
    stored = {text for (text,) in connection.execute("SELECT text FROM vectors").fetchall()} if _has(connection) else ()
    fresh = ~vectors.texts.isin(list(stored))
    rows = pa.FixedSizeListArray.from_arrays(pa.array(vectors.rows[fresh].ravel(), "float32"), width)
    connection.register("incoming", pa.table({"text": pa.array(vectors.texts[fresh]), "vector": rows}))
    connection.register("wanted", pa.table({"text": pa.array(vectors.texts)}))
    if _has(connection):
        connection.execute("DELETE FROM vectors WHERE text NOT IN (SELECT text FROM wanted)")
        connection.execute("INSERT INTO vectors SELECT * FROM incoming")
    else:
        connection.execute("CREATE TABLE vectors AS SELECT * FROM incoming")
    connection.unregister("incoming")
    connection.unregister("wanted")


def _has(connection: Connection) -> bool:
    return "vectors" in _tables(connection)


def _read(connection: Connection, name: str) -> pd.DataFrame:
    found = nullable(connection.sql(f'SELECT * FROM "{name}"').to_arrow_table().to_pandas())  # noqa: S608 (a name of ours)
    rows = connection.execute("SELECT value FROM about WHERE name = ?", [f"columns of {name}"]).fetchall()
    return found.set_axis(pd.Index(json.loads(rows[0][0]), dtype="str"), axis="columns")


def _read_vectors(connection: Connection) -> Vectors:
    table = connection.sql("SELECT text, vector FROM vectors").to_arrow_table()
    flat = np.asarray(table["vector"].combine_chunks().flatten(), np.float32)
    return Vectors(pd.Index(table["text"].to_pandas(), dtype="string"), flat.reshape(table.num_rows, -1))


def _storable(frame: pd.DataFrame) -> pd.DataFrame:
    """One type a column, and moments in UTC without saying so: DuckDB's zoned ones depend on the session."""
    stored = nullable(frame)
    for name in stored.columns:
        if isinstance(stored[name].dtype, pd.DatetimeTZDtype):
            stored[name] = stored[name].dt.tz_convert("UTC").dt.tz_localize(None)
    return stored


def nullable(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with a fresh index and every column in a type that knows missing values and survives the file."""
    kinds = {"int64": "Int64", "float64": "Float64", "float32": "Float32", "int32": "Int32", "bool": "boolean"}
    kept = frame.reset_index(drop=True)
    kept.columns = pd.Index([str(name) for name in kept.columns], dtype="str")
    changes = {}
    for name in kept.columns:
        dtype = kept[name].dtype
        if str(dtype) in kinds:
            changes[name] = kinds[str(dtype)]
        elif not _is_typed(dtype):
            changes[name] = "string"
    return kept.astype(changes)


def _is_typed(dtype: Any) -> bool:
    kinds = pd.api.types
    if isinstance(dtype, pd.CategoricalDtype | pd.StringDtype):
        return False
    return kinds.is_datetime64_any_dtype(dtype) or kinds.is_extension_array_dtype(dtype)


def stacked(frames: Sequence[pd.DataFrame], schema: Schema) -> pd.DataFrame:
    """The rows of all frames under one another; a column whose types differ becomes text."""
    given = [_unzoned(nullable(frame), schema) for frame in frames]
    given = [frame for frame in given if len(frame)] or given[:1]
    kinds: dict[str, set[str]] = {}
    for frame in given:
        for name in frame.columns:
            kinds.setdefault(name, set()).add(str(frame[name].dtype))
    dtypes = {name: next(iter(found)) if len(found) == 1 else "string" for name, found in kinds.items()}
    dtypes |= {name: schema.columns[name].dtype for name in dtypes if name in schema.columns}
    parts = [
        pd.DataFrame({name: _column(frame, name, dtype) for name, dtype in dtypes.items()}, index=frame.index)
        for frame in given
    ]
    return schema.check(pd.concat(parts, ignore_index=True))


def _column(frame: pd.DataFrame, name: str, dtype: str) -> pd.Series:
    return frame[name].astype(dtype) if name in frame else pd.Series(None, index=frame.index, dtype=dtype)


def _unzoned(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Moments in the file's own columns as they come back from a workspace: in UTC, without saying so."""
    zoned = [name for name in frame.columns if isinstance(frame[name].dtype, pd.DatetimeTZDtype)]
    return frame.assign(
        **{name: frame[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in zoned if name not in schema.columns}
    )

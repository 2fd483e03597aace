"""A folder that voc wrote, read back: the tables with their dtypes, the settings, the notes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from voc.errors import InputError
from voc.sinks.run import RUN_FILE, is_run
from voc.sinks.tabular import FORMULA_STARTS
from voc.tables import TABLES, TIME, Analysis, Note, Schema

GUARDED = tuple(f"'{start}" for start in FORMULA_STARTS)


def read_folder(folder: Path) -> Analysis:
    """The analysis that `write_folder` wrote; a table that an older voc did not write is empty.

    Raises InputError where `folder` is no result of voc, or one of its files cannot be read.
    """
    if not is_run(folder / RUN_FILE):
        raise InputError(f"{folder} is no result of voc analyze: it has no {RUN_FILE} that voc wrote")
    record: dict[str, Any] = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    tables = {schema.name: _table(folder, schema) for schema in TABLES}
    wanted = {name: table for name, table in tables.items() if name in Analysis.__dataclass_fields__}
    model = record["model"] or {}
    return Analysis(
        **wanted,
        settings=record["settings"],
        notes=tuple(Note(each["stage"], each["text"], each["count"]) for each in record.get("notes", ())),
        model=" ".join(filter(None, [model.get("name"), model.get("digest")])),
        timings=record.get("timings", {}),
        inputs=tuple(record.get("inputs", ())),
    )


def _table(folder: Path, schema: Schema) -> pd.DataFrame:
    """The table as Parquet or CSV, whichever is there."""
    stored, written = folder / f"{schema.name}.parquet", folder / f"{schema.name}.csv"
    try:
        if stored.exists():
            return schema.check(pd.read_parquet(stored))
        if written.exists():
            return _from_csv(written, schema)
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read the {schema.name} table in {folder}: {error}") from error
    return schema.empty()


def _from_csv(path: Path, schema: Schema) -> pd.DataFrame:
    """Every column as text first, so that ids such as 007 stay what they are."""
    table = pd.read_csv(path, dtype="string", keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    for name in table.columns:
        dtype = schema.columns[name].dtype if name in schema.columns else "string"
        if dtype == "string":
            guarded = table[name].str.startswith(GUARDED).fillna(value=False)
            table[name] = table[name].mask(guarded, table[name].str[1:])
        elif dtype == "boolean":
            table[name] = table[name].map({"True": True, "False": False}).astype("boolean")
        elif dtype != TIME:
            table[name] = pd.to_numeric(table[name]).astype(dtype)
    return schema.check(table)

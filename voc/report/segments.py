"""Figures by segment: one table a column, each figure with its interval on a scale that all segments share."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from voc.report.figures import Figure, by_segment, figures, in_order, overall
from voc.report.speech import Speech

MOST_SEGMENTS = 12


@dataclass(frozen=True)
class Cell:
    """One figure and where it and its interval lie on the shared scale, in percent from the left."""

    figure: Figure
    at: float
    low: float
    high: float


@dataclass(frozen=True)
class Split:
    """The figures by the values of one column; `marks` says where the overall figure lies in each metric's scale."""

    by: str
    metrics: tuple[str, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[str, int, tuple[Cell | None, ...]], ...]
    marks: tuple[float | None, ...]
    n_unshown: int


def splits(metrics: pd.DataFrame, speech: Speech) -> tuple[Split, ...]:
    """One Split a column, in the order of the metrics table; a column with a single value says nothing: left out."""
    rows = by_segment(metrics)
    everything = overall(metrics)
    found = []
    for by in dict.fromkeys(rows["by"].astype(str)):
        held = rows[rows["by"] == by]
        if held["segment"].nunique() > 1:
            found.append(_split(by, held, everything, speech))
    return tuple(found)


def _split(by: str, held: pd.DataFrame, everything: dict[str, Figure], speech: Speech) -> Split:
    sizes = _sizes(held)
    shown = list(sizes)[:MOST_SEGMENTS]
    held = held[held["segment"].astype(str).isin(shown)]
    metrics = [
        name for name in in_order(held) if name != "volume" and held.loc[held["metric"] == name, "value"].notna().any()
    ]
    cells = {name: _cells(held[held["metric"] == name], everything.get(name)) for name in metrics}
    rows = tuple(
        (_name(by, segment, speech), sizes[segment], tuple(cells[name][0].get(segment) for name in metrics))
        for segment in shown
    )
    return Split(
        by=speech.column(by),
        metrics=tuple(metrics),
        names=tuple(speech.metric(name) for name in metrics),
        rows=rows,
        marks=tuple(cells[name][1] for name in metrics),
        n_unshown=len(sizes) - len(shown),
    )


def _sizes(held: pd.DataFrame) -> dict[str, int]:
    """Comments per segment (answers, where volume was not measured), largest first, ties by name."""
    volume = held[held["metric"] == "volume"]
    counted = (volume if len(volume) else held).groupby(held["segment"].astype(str))["n"].max().fillna(0)
    return {str(name): int(n) for name, n in sorted(counted.items(), key=lambda each: (-each[1], str(each[0])))}


def _cells(held: pd.DataFrame, overall_figure: Figure | None) -> tuple[dict[str, Cell], float | None]:
    """The cells of one metric by segment, and the place of the overall figure on their scale."""
    shown = dict(zip(held["segment"].astype(str), figures(held), strict=True))
    center = overall_figure.value if overall_figure else None
    ends = [value for each in shown.values() for value in (each.value, each.low, each.high) if value is not None]
    ends += [center] if center is not None else []
    least, most = min(ends, default=0.0), max(ends, default=1.0)

    def place(value: float | None) -> float:
        return 50.0 if value is None or most == least else round(100 * (value - least) / (most - least), 1)

    cells = {
        segment: Cell(
            each,
            place(each.value),
            place(each.value if each.low is None else each.low),
            place(each.value if each.high is None else each.high),
        )
        for segment, each in shown.items()
    }
    return cells, None if center is None else place(center)


def _name(by: str, segment: str, speech: Speech) -> str:
    return speech.language(segment) if by == "lang" else segment

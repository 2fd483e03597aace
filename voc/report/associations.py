"""Which themes go with better or worse scores, worded as what it is: an association."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.report.figures import name_of, real, whole, words
from voc.report.wording import number, several
from voc.tables import Analysis

SCORES = ("nps", "csat", "ces", "rating")
MOST_THEMES = 12


@dataclass(frozen=True)
class Difference:
    """One theme's scored answers against all others; low, at and high lie 0-100 on the scale of the table."""

    label: str
    n: int
    text: str
    interval: str
    contribution: str
    low: float
    at: float
    high: float


@dataclass(frozen=True)
class Association:
    """The themes' differences in one score, largest first; `zero` is where no difference lies on their scale."""

    score: str
    unit: str
    rows: tuple[Difference, ...]
    zero: float
    n_unshown: int


def associations(analysis: Analysis) -> tuple[Association, ...]:
    """One table for each score that themes could be compared on."""
    labels = dict(zip(analysis.themes["theme_id"], analysis.themes["label"].astype(str), strict=True))
    known = analysis.drivers[analysis.drivers[["difference", "low", "high"]].notna().all(axis=1)]
    compared = [(score, known[known["score"] == score]) for score in SCORES]
    return tuple(_association(score, rows, labels) for score, rows in compared if len(rows))


def sentence(drivers: pd.DataFrame, theme_id: Any) -> str:
    """What the first score that the theme was compared on says about it; empty where there is none."""
    rows = drivers[(drivers["theme_id"] == theme_id) & drivers[["difference", "low", "high"]].notna().all(axis=1)]
    for score in SCORES:
        for row in rows[rows["score"] == score].to_dict("records"):
            return _said(row)
    return ""


def _said(row: dict[Hashable, Any]) -> str:
    """One sentence on one theme and score."""
    difference, low, high = float(row["difference"]), float(row["low"]), float(row["high"])
    name, decimals, answers = name_of(str(row["score"])), _decimals(row), several(whole(row["n"]) or 0, "answer")
    if low <= 0 <= high:
        return f"No clear link with {name} in {answers}."
    near, far = sorted((abs(low), abs(high)))
    direction = "lower" if difference < 0 else "higher"
    return (
        f"{name} is {number(abs(difference), decimals)} points {direction} among those who tell of it than among others"
        f" ({number(near, decimals)} to {number(far, decimals)}; {answers}): an association, not a proven cause."
    )


def _association(score: str, rows: pd.DataFrame, labels: dict[Hashable, str]) -> Association:
    order = rows.assign(size=rows["difference"].abs()).sort_values(["size", "theme_id"], ascending=[False, True])
    shown = order.head(MOST_THEMES).to_dict("records")
    least = min(0.0, *(float(row["low"]) for row in shown))
    span = max(0.0, *(float(row["high"]) for row in shown)) - least or 1.0

    def place(value: Any) -> float:
        return round(100 * (float(value) - least) / span, 1)

    return Association(
        score=name_of(score),
        unit=_unit(words(shown[0].get("unit"))),
        rows=tuple(
            Difference(
                label=labels.get(row["theme_id"], str(row["theme_id"])),
                n=whole(row["n"]) or 0,
                text=number(row["difference"], _decimals(row), signed=True),
                interval=f"{_signed(row, 'low')} to {_signed(row, 'high')}",
                contribution=_signed(row, "contribution"),
                low=place(row["low"]),
                at=place(row["difference"]),
                high=place(row["high"]),
            )
            for row in shown
        ),
        zero=place(0),
        n_unshown=len(rows) - len(shown),
    )


def _unit(unit: str) -> str:
    """What a difference in this unit is counted in.

    >>> _unit("%"), _unit("on 1-5"), _unit("points")
    ('percentage points', 'points on 1–5', 'points')
    """
    named = f"points {unit.replace('-', '–')}" if unit.startswith("on ") else unit
    return {"%": "percentage points", "": "points"}.get(named, named)


def _signed(row: dict[Hashable, Any], name: str) -> str:
    value = real(row.get(name))
    return "" if value is None else number(value, _decimals(row), signed=True)


def _decimals(row: dict[Hashable, Any]) -> int:
    """Points of a hundred need no decimals; points of a scale of five do."""
    return 0 if row["score"] in {"nps", "csat"} else 2

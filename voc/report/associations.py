"""Which themes go with better or worse scores, worded as what it is: an association."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.report.figures import real, row_name, verdict, whole, words
from voc.report.speech import Speech
from voc.tables import Analysis

SCORES = ("nps", "csat", "ces", "rating", "churn")
MOST_THEMES = 12


@dataclass(frozen=True)
class Range:
    """A figure with its interval: written, and as places 0-100 on the scale of its table."""

    value: float
    text: str
    interval: str
    low: float
    at: float
    high: float


@dataclass(frozen=True)
class Driver:
    """One theme's scored answers against all others."""

    label: str
    n: int
    row: str
    contribution: Range | None
    difference: Range | None
    impact: str
    verdict: str


@dataclass(frozen=True)
class Association:
    """The themes' links with one score, the largest contribution first; `zeros` are where no contribution and no
    difference lie on their scales."""

    score: str
    unit: str
    rows: tuple[Driver, ...]
    zeros: tuple[float, float]
    n_unshown: int


def associations(analysis: Analysis, speech: Speech) -> tuple[Association, ...]:
    """One table for each score that themes could be compared on."""
    labels = dict(zip(analysis.themes["theme_id"], analysis.themes["label"].astype(str), strict=True))
    known = analysis.drivers[analysis.drivers[["difference", "low", "high"]].notna().all(axis=1)]
    compared = [(score, known[known["score"] == score]) for score in SCORES]
    return tuple(_association(score, rows, labels, speech) for score, rows in compared if len(rows))


def sentence(drivers: pd.DataFrame, theme_id: Any, speech: Speech) -> str:
    """What the first score that the theme was compared on says about it; empty where there is none."""
    rows = drivers[(drivers["theme_id"] == theme_id) & drivers[["difference", "low", "high"]].notna().all(axis=1)]
    for score in SCORES:
        for row in rows[rows["score"] == score].to_dict("records"):
            return _said(row, speech)
    return ""


def _said(row: dict[Hashable, Any], speech: Speech) -> str:
    """One sentence on one theme and score."""
    difference, low, high = float(row["difference"]), float(row["low"]), float(row["high"])
    name, decimals = speech.metric(str(row["score"])), max(_decimals(row) - 1, 0)
    answers = speech.say("n_answers", n=whole(row["n"]) or 0)
    if low <= 0 <= high:
        return speech.say("link_none", score=name, answers=answers)
    near, far = sorted((abs(low), abs(high)))
    return speech.say(
        "link_lower" if difference < 0 else "link_higher",
        score=name,
        points=speech.number(abs(difference), decimals),
        low=speech.number(near, decimals),
        high=speech.number(far, decimals),
        answers=answers,
    )


def _association(score: str, rows: pd.DataFrame, labels: dict[Hashable, str], speech: Speech) -> Association:
    size = rows["contribution"].astype("Float64").abs().fillna(0)
    order = rows.assign(size=size, apart=rows["difference"].abs())
    order = order.sort_values(["size", "apart", "theme_id"], ascending=[False, False, True])
    shown = order.head(MOST_THEMES).to_dict("records")
    names = (("contribution", "contribution_low", "contribution_high"), ("difference", "low", "high"))
    scales = [_scale(shown, three) for three in names]
    drivers = tuple(
        Driver(
            label=labels.get(row["theme_id"], str(row["theme_id"])),
            n=whole(row["n"]) or 0,
            row=row_name(row, "theme_id", "score"),
            contribution=_range(row, names[0], scales[0], speech),
            difference=_range(row, names[1], scales[1], speech),
            impact=_signed(row, real(row.get("impact")), speech),
            verdict=_verdict(row),
        )
        for row in shown
    )
    unit = words(shown[0].get("unit"))
    zeros = (_place(0, scales[0]), _place(0, scales[1]))
    return Association(speech.metric(score), _unit(unit, speech), drivers, zeros, len(rows) - len(shown))


def _scale(rows: list[dict[Hashable, Any]], names: tuple[str, str, str]) -> tuple[float, float]:
    """The least and the most that a column of intervals shows, no difference included."""
    ends = [0.0, *(value for row in rows for name in names if (value := real(row.get(name))) is not None)]
    return min(ends), max(ends)


def _place(value: float, scale: tuple[float, float]) -> float:
    return round(100 * (value - scale[0]) / ((scale[1] - scale[0]) or 1.0), 1)


def _range(
    row: dict[Hashable, Any], names: tuple[str, str, str], scale: tuple[float, float], speech: Speech
) -> Range | None:
    value, low, high = (real(row.get(name)) for name in names)
    if value is None:
        return None
    low, high = (value if low is None else low), (value if high is None else high)
    ends = speech.say("to", low=_signed(row, low, speech), high=_signed(row, high, speech))
    text = _signed(row, value, speech)
    return Range(value, text, ends if low < high else "", *(_place(each, scale) for each in (low, value, high)))


def _verdict(row: dict[Hashable, Any]) -> str:
    """Whether the link is more than chance, as the drivers say, else by the interval of the contribution."""
    ends = real(row.get("contribution_low")), real(row.get("contribution_high"))
    return verdict(row.get("holds"), ends, row.get("q_value"))


def _unit(unit: str, speech: Speech) -> str:
    """What a difference in this unit is counted in."""
    if unit.startswith("on "):
        return speech.say("points_on", scale=unit.removeprefix("on ").replace("-", "–"))
    return speech.say("points_percent" if unit == "%" else "points")


def _signed(row: dict[Hashable, Any], value: float | None, speech: Speech) -> str:
    return "" if value is None else speech.number(value, _decimals(row), signed=True)


def _decimals(row: dict[Hashable, Any]) -> int:
    """Points of a hundred need one decimal where they are shares of a gap; points of a scale of five need two."""
    return 1 if row["score"] in {"nps", "csat", "churn"} else 2

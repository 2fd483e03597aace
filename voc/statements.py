"""Differences in words: a comparison or an association of figures as one sentence with its interval, never a cause.

Words only: every figure is handed in, and no verdict is made here. Languages of the reader come with the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

MINUS = "−"
NAMES = {
    "nps": "NPS", "csat": "CSAT", "ces": "CES", "rating": "rating", "net_sentiment": "net sentiment",
    "experience": "experience score", "first_reply_time": "time to the first reply",
    "resolution_time": "time to the solution", "churn_rate": "churn rate", "clv": "lifetime value",
    "response_rate": "response rate", "contact_rate": "contact rate", "churn": "churn rate",
}  # fmt: skip
"""What people call a headline figure."""


@dataclass(frozen=True)
class Unit:
    """How differences and figures of one unit are written: `factor` times the stored one, decimals, noun, suffix."""

    factor: float
    decimals: int
    noun: str
    suffix: str = ""


UNITS = {
    "points": Unit(1, 0, "point"), "%": Unit(1, 0, "percentage point", " %"),
    "share": Unit(100, 0, "percentage point", " %"), "hours": Unit(1, 1, "hour", " h"), "0-100": Unit(1, 0, "point"),
    "money": Unit(1, 0, ""), "contacts per customer": Unit(1, 2, ""),
}  # fmt: skip
SCALE = Unit(1, 2, "point")
"""A mean on a scale of answers, such as on 1-5."""


def figure(value: float, unit: str) -> str:
    """A figure as it is written.

    >>> figure(-31.4, "points"), figure(0.123, "share"), figure(4.567, "on 1-5")
    ('−31', '12 %', '4.57')
    """
    how = UNITS.get(unit, SCALE)
    return _number(value, how) + how.suffix


def goal(target: float, unit: str) -> str:
    """A target as it was asked for, with no digit rounded away.

    >>> goal(40.5, "points"), goal(0.07, "share"), goal(4, "on 1-5")
    ('40.5', '7 %', '4')
    """
    how = UNITS.get(unit, SCALE)
    return f"{target * how.factor:g}".replace("-", MINUS) + how.suffix


def amount(change: float, unit: str) -> str:
    """The size of a difference, with what it is counted in.

    >>> amount(-12.2, "points"), amount(0.01, "share"), amount(0.31, "on 1-5")
    ('12 points', '1 percentage point', '0.31 points')
    """
    how = UNITS.get(unit, SCALE)
    text = _number(abs(change), how)
    return f"{text} {how.noun if text == '1' else how.noun + 's'}" if how.noun else text


def ends(low: float, high: float, unit: str, *, more: str, less: str) -> str:
    """An interval of a difference in words.

    >>> ends(-20, -4, "points", more="above", less="below"), ends(-3, 5, "points", more="above", less="below")
    ('4 to 20 below', '3 below to 5 above')
    """
    how = UNITS.get(unit, SCALE)
    near, far = sorted((abs(low), abs(high)))
    if low >= 0 or high <= 0:
        return f"{_number(near, how)} to {_number(far, how)} {more if low >= 0 else less}"
    return f"{_number(-low, how)} {less} to {_number(high, how)} {more}"


def comparison(row: Mapping[Any, Any], *, subject: str, many: int) -> str:
    """The sentence of a row of COMPARISONS: "country Spain: NPS 12 points below the rest (…)"."""
    unit, name = str(row["unit"]), NAMES[str(row["metric"])]
    size = amount(row["difference"], unit)
    way = "above" if row["difference"] > 0 else "below"
    level = size == amount(0.0, unit)
    told = f"{name} level with {row['against']}" if level else f"{name} {size} {way} {row['against']}"
    figures = [
        figure(row["value"], unit),
        *([] if isnan(row["value_against"]) else [figure(row["value_against"], unit)]),
    ]
    known = (
        []
        if isnan(row["low"])
        else [f"95 % interval {ends(row['low'], row['high'], unit, more='above', less='below')}"]
    )
    said = "; ".join([" against ".join(figures), _answers(row), *known, _verdict(row, many)])
    return f"{subject}{told} ({said})"


def _answers(row: Mapping[Any, Any]) -> str:
    """How many answers stand on each side."""
    against = "" if isnan(row["n_against"]) else f" against {int(row['n_against']):,}"
    return f"{int(row['n']):,}{against} answers"


def _verdict(row: Mapping[Any, Any], many: int) -> str:
    """Whether it holds, and after how much correction."""
    after = f" after correcting for {many} comparisons" if many > 1 else ""
    if row["holds"]:
        return f"holds{after}"
    if isnan(row["low"]) or row["low"] <= 0 <= row["high"]:
        return "within chance"
    return "too small to matter" if row["q_value"] <= 0.05 else f"does not hold{after}"


def association(row: Mapping[Any, Any], *, who: str, many: int, moves: bool) -> str:
    """The sentence of a row of DRIVERS; it says what goes together, not what causes what. `moves`: whether the overall
    figure is told to move, or too few mention the theme for that."""
    unit, name, n = str(row["unit"]), NAMES[str(row["score"])], int(row["n"])
    if isnan(row["difference"]):
        return f"too few answers: {n:,} {who} scored for {name} mention it, or as few do not"
    size, way = amount(row["difference"], unit), "higher" if row["difference"] > 0 else "lower"
    interval = ends(row["low"], row["high"], unit, more="higher", less="lower")
    share = f"{amount(row['contribution'], unit)} {'more' if row['contribution'] > 0 else 'less'}"
    overall = f"overall it goes with {share}" if moves else f"too few mention it to move the overall {name} noticeably"
    return (
        f"{name} is {size} {way} among the {n:,} {who} that mention it (95 % interval {interval}; {_sure(row, many)}); "
        f"{overall}: an association, not a proven cause"
    )


def _sure(row: Mapping[Any, Any], many: int) -> str:
    """How sure it is that the theme goes with the score, apart from the themes that come with it."""
    if row["holds"]:
        return f"holds after correcting for {many} themes" if many > 1 else "holds"
    if isnan(row["low"]) or row["low"] <= 0 <= row["high"]:
        return "within chance"
    if isnan(row["contribution_low"]) or row["contribution_low"] <= 0 <= row["contribution_high"]:
        return "within chance once the themes that come with it are counted"
    return "too small to matter" if row["q_value"] <= 0.05 else f"does not hold after correcting for {many} themes"


def _number(value: float, how: Unit) -> str:
    rounded = round(value * how.factor, how.decimals) or 0.0
    return f"{rounded:,.{how.decimals}f}".replace("-", MINUS)

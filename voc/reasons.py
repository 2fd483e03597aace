"""Why an issue stands where it stands, in one plain sentence with the figures, and the quote that shows it.

Words only: every figure is handed in. It knows no stage and computes no part of urgency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd

from voc.intervals import Array, wilson
from voc.tables import RATHER, numbers

SAID = {
    "safety": "a danger to health or safety",
    "vulnerable": "somebody ill, disabled or otherwise vulnerable",
    "legal": "a lawyer, the authorities or the press",
    "money": "money taken or at stake",
    "outage": "a service that does not work at all",
    "deadline": "a date at stake",
    "churn": "leaving",
    "unresolved": "having had to come back about it",
    "discourtesy": "rude treatment",
}
SPEAKING = 0.2
"""A signal that is no danger is named from a fifth of those who tell of the issue: rarer ones do not describe it."""
NAMED_SIGNALS = 2
VOLUME = 0.2
"""How far (of the logarithm) comments a week may move away from the share before shares are told instead."""
SCORED = {"nps": "NPS", "csat": "CSAT", "ces": "effort score", "rating": "rating"}
UNWEIGHED = ("praise", "residual")
"""The kinds of theme that no alarm moves: what is praised, and what fits no theme."""
UNKNOWN = {"momentum": "growth", "impact": "effect on a score", "severity": "severity", "immediacy": "urgent signals"}


@dataclass(frozen=True)
class Telling:
    """What is told of one issue.

    `speakers` of `everyone`, both called `speaker` ("customers" …); `weekly` comments a week before and now, `shares`
    of all comments before and now (0-1), `trend` 1 growing, -1 shrinking, 0 neither beyond chance, `seasonal` whether
    it is told more in these weeks of every year; `signals` how many speakers mention each, most frequent first,
    `dangers` those well beyond noise; `harm` a score and how many points lower or higher it is where the issue is told;
    `worth` the speakers' share of the known revenue (0-1); `unknown` the parts that could be judged for other issues
    and not for this one.
    """

    status: str
    speakers: int
    everyone: int
    speaker: str
    trend: int
    seasonal: bool
    weekly: tuple[float, float]
    shares: tuple[float, float]
    signals: Mapping[str, int]
    dangers: Sequence[str]
    harm: tuple[str, float] | None
    worth: float | None
    unknown: Sequence[str]


def reason(telling: Telling) -> str:
    """One sentence for a support lead."""
    reach = _spread(telling)
    if telling.status == "praise":
        return f"Praised by {reach}; praise is ranked by reach alone."
    if telling.status == "residual":
        return f"Told by {reach}: complaints that fit no theme, listed last whatever they weigh."
    told = [f"Told by {reach}{_trend(telling)}", *_signals(telling), *_harm(telling), *_worth(telling)]
    told += _unknown(telling)
    return "; ".join(told) + "."


def _spread(telling: Telling) -> str:
    low, high = (100 * float(end) for end in wilson(telling.speakers, telling.everyone))
    digits = 0 if low >= 1 else 1
    ends = sorted({f"{low:.{digits}f}", f"{high:.{digits}f}"}, key=float)
    return f"{telling.speakers:,} of {telling.everyone:,} {telling.speaker} ({'–'.join(ends)} %)"


def _trend(telling: Telling) -> str:
    """Comments a week where they move as the share does, else the shares: the ranking goes by shares, and twice as many
    comments of a file that doubled are no news."""
    (before, now), (share_before, share_now) = telling.weekly, telling.shares
    if telling.trend == 0:
        return ", more than in other weeks, as a year ago" if telling.seasonal else ""
    word = "up" if telling.trend > 0 else "down"
    if before == 0:
        return f", new: {_short(now)} comments a week and none before"
    alike = now == 0 or abs(log(now / before) - log(share_now / share_before)) <= VOLUME
    if alike and (now - before) * telling.trend > 0 and _short(before) != _short(now):
        return f", {word} from {_short(before)} to {_short(now)} comments a week"
    return f", {word} from {_short(100 * share_before)} % to {_short(100 * share_now)} % of all comments"


def named_signals(telling: Telling) -> list[tuple[str, int]]:
    """The signals that the sentence names and how many speakers mean each: dangers first, then what a fifth mention."""
    if telling.status in UNWEIGHED:
        return []
    often = [name for name, count in telling.signals.items() if count >= max(2, SPEAKING * telling.speakers)]
    # A danger that none is rather sure to mean may lift an issue by the number of those who may; nobody can be named.
    meant = [name for name in dict.fromkeys((*telling.dangers, *often)) if telling.signals.get(name)]
    return [(name, telling.signals[name]) for name in meant[:NAMED_SIGNALS]]


def _signals(telling: Telling) -> list[str]:
    named = named_signals(telling)
    if not named:
        return []
    (name, count), *others = named
    said = f"{count:,} {'seems' if count == 1 else 'seem'} to mention {SAID[name]}"
    return [" and ".join([said, *(f"{count:,} {SAID[name]}" for name, count in others)])]


def _harm(telling: Telling) -> list[str]:
    if telling.harm is None:
        return []
    score, points = telling.harm
    size = _short(abs(points))
    unit = "point" if size == "1" else "points"
    return [
        f"{SCORED.get(score, score)} is {size} {unit} {'lower' if points < 0 else 'higher'} than in all other answers"
    ]


def _worth(telling: Telling) -> list[str]:
    if not telling.worth:
        return []
    return [f"these customers stand for {_short(100 * telling.worth)} % of the known revenue"]


def _unknown(telling: Telling) -> list[str]:
    words = [UNKNOWN[part] for part in telling.unknown if part in UNKNOWN]
    return [f"{' and '.join(words)} could not be judged"] if words else []


def _short(figure: float) -> str:
    """Two significant digits, and no decimals from ten on.

    >>> [_short(each) for each in (0.123, 3.0, 3.14, 41.8)]
    ['0.12', '3', '3.1', '42']
    """
    return f"{figure:.0f}" if abs(figure) >= 10 else f"{figure:.2g}"


def best_quotes(told: pd.DataFrame, wanted: Mapping[str, str]) -> dict[str, str]:
    """A customer's words per theme: its best quote; where `wanted` names a signal, the best or else worst that has it.

    `told` holds clauses with a column per signal: how surely it is meant, 0-1.
    """
    asked = np.array([wanted.get(theme, "") for theme in told["theme_id"]], str)
    alarming: Array = np.zeros(len(told), bool)
    for signal in {*wanted.values()}:
        alarming |= (asked == signal) & (told[signal].to_numpy(float) >= RATHER)
    order = pd.DataFrame({
        "theme_id": told["theme_id"],
        "calm": ~alarming,
        "quote_rank": numbers(told, "quote_rank", np.inf),
        "mild": np.where(alarming, -numbers(told, "severity", 0.0), 0.0),
        "poor_fit": -numbers(told, "theme_score", 0.0),
        "clause_id": told["clause_id"],
    })  # fmt: skip
    best = order.sort_values([*order.columns]).drop_duplicates("theme_id")
    return dict(zip(best["theme_id"], told.loc[best.index, "text"], strict=True))

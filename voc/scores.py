"""What a survey score means: its scale, which end is good, its headline figure, and that it counts once per response.

Shared by the stages that put figures on feedback, so that an NPS point is the same thing everywhere. Polarity is read
from the scale's text and never guessed: where a file does not say which end of an effort scale is good, nothing that
depends on it is computed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from voc.intervals import Array, Interval

SCORES = ("nps", "csat", "ces", "rating")
Better = Literal["high", "low"]

FIRST_NAMES = ("created_at", "first_reply_at")
USUAL_SCALES = ((1.0, 5.0), (1.0, 7.0), (0.0, 10.0), (0.0, 100.0))
"""Where a file does not name the scale, the first of these that holds every answer."""
NO_ANSWER = ("preview", "test response")
"""Words in `skip` that say the whole row is no customer's answer, score included; a row skipped for its text counts."""


@dataclass(frozen=True)
class Scale:
    """Ends of a scale and which one is good; None = the file does not say."""

    low: float
    high: float
    better: Better | None = "high"

    def holds(self, values: Array) -> Array:
        """Which answers lie on the scale."""
        return (values >= self.low) & (values <= self.high)

    def __str__(self) -> str:
        said = "polarity not declared" if self.better is None else f"{self.better} is good"
        return f"{self.low:g}-{self.high:g}, {said}"


@dataclass(frozen=True)
class Headline:
    """A score as numbers whose mean is its headline figure, one per response, nan = not answered.

    nps: 100, 0, -100 for promoter, passive, detractor. csat: 100 for a satisfied answer, else 0. ces, rating: the
    answer itself. `answers` are always the answers themselves, on `scale`.
    """

    name: str
    values: Array
    answers: Array
    scale: Scale
    unit: str
    bounds: Interval

    @property
    def better(self) -> Better | None:
        """Which direction of the headline figure is good."""
        return "high" if self.name in {"nps", "csat"} else self.scale.better


def parse_scale(text: str | None, *, answers: Array, better: Better | None = "high") -> Scale:
    """The scale that `text` names; its polarity is `better` where the text does not say.

    >>> parse_scale("1-7 low is good", answers=np.array([]))
    Scale(low=1.0, high=7.0, better='low')
    """
    said = (text or "").lower()
    ends = re.search(r"(-?\d+(?:\.\d+)?)\s*(?:-|–|to|\.\.)\s*(\d+(?:\.\d+)?)", said)
    declared = re.search(r"\b(high|low)\b", said)
    good: Better | None = ("low" if declared.group(1) == "low" else "high") if declared else better
    low, high = (float(ends.group(1)), float(ends.group(2))) if ends else _usual(answers)
    return Scale(low, high, good) if low < high else Scale(*_usual(answers), good)


def _usual(answers: Array) -> Interval:
    top, bottom = (answers.max(), answers.min()) if answers.size else (5.0, 1.0)
    return next(((low, high) for low, high in USUAL_SCALES if low <= bottom and top <= high), (bottom, max(top, 1.0)))


def satisfied(answers: Array, scale: Scale) -> Array:
    """Which answers are satisfied: the best two of 4 to 11 points, the best of 2 or 3, the upper quarter beyond 11.

    On 1-5 this is the usual top-2-box (4 and 5); good/bad and 1-3 count their best answer.
    """
    risen = scale.low + scale.high - answers if scale.better == "low" else answers
    points = scale.high - scale.low + 1
    if points > 11:
        return risen >= scale.low + 0.75 * (scale.high - scale.low)
    return risen > scale.high - (2 if points >= 4 else 1)


def easy(answers: Array, scale: Scale) -> Array:
    """Which answers say it was easy: the good side of the scale's middle (4-5 of 5, 5-7 of 7)."""
    middle = (scale.low + scale.high) / 2
    return answers < middle if scale.better == "low" else answers > middle


def headline(answered: pd.DataFrame, name: str) -> Headline | None:
    """The score `name` of a table of responses; None where nobody answered it.

    Answers off their scale count as missing. Where sources use different scales, all are stretched to the most
    frequent one.
    """
    if name not in answered.columns or answered[name].isna().all():
        return None
    answers = answered[name].astype("Float64").to_numpy(float, na_value=np.nan)
    if name == "nps":
        return _net_promoter(answers)
    answers, scale = _one_scale(answered, name, answers)
    if np.isnan(answers).all():
        return None
    if name == "csat":
        hit = np.where(np.isnan(answers), np.nan, 100.0 * satisfied(answers, scale))
        return Headline(name, hit, answers, scale, "%", (0.0, 100.0))
    return Headline(name, answers, answers, scale, f"on {scale.low:g}-{scale.high:g}", (scale.low, scale.high))


def _net_promoter(answers: Array) -> Headline | None:
    scale = Scale(0.0, 10.0)
    answers = np.where(scale.holds(answers), answers, np.nan)
    if np.isnan(answers).all():
        return None
    values = np.where(np.isnan(answers), np.nan, 100.0 * (answers >= 9) - 100.0 * (answers <= 6))
    return Headline("nps", values, answers, scale, "points", (-100.0, 100.0))


def _one_scale(answered: pd.DataFrame, name: str, answers: Array) -> tuple[Array, Scale]:
    """The answers on one scale, and that scale: the one of most answers."""
    column = f"{name}_scale"
    named = answered[column] if column in answered.columns else pd.Series(pd.NA, answered.index, dtype="string")
    named = named.fillna("").to_numpy(object)
    given = ~np.isnan(answers)
    texts, counts = np.unique(named[given].astype(str), return_counts=True)
    default: Better | None = None if name == "ces" else "high"
    scales = {text: parse_scale(text, answers=answers[given & (named == text)], better=default) for text in texts}
    common = scales[texts[counts.argmax()]]
    moved = np.full(answers.shape, np.nan)
    for text, scale in scales.items():
        rows = given & (named == text) & scale.holds(answers)
        moved[rows] = _stretch(answers[rows], scale, common)
    return moved, common


def _stretch(answers: Array, scale: Scale, common: Scale) -> Array:
    """`answers` on `scale` as answers on `common`; turned round where the two count in opposite directions.

    Answers that cannot be compared, because only one of the two declares its direction, become missing.
    """
    if (scale.better is None) != (common.better is None):
        return np.full(answers.shape, np.nan)
    share = (answers - scale.low) / (scale.high - scale.low)
    share = share if scale.better == common.better else 1 - share
    return common.low + share * (common.high - common.low)


def real(feedback: pd.DataFrame) -> pd.DataFrame:
    """Without the rows that are no customer's answer at all (previews, tests)."""
    if "skip" not in feedback.columns:
        return feedback
    void = feedback["skip"].str.contains("|".join(NO_ANSWER), case=False).fillna(value=False)
    return feedback[~void.astype(bool)]


def response_keys(feedback: pd.DataFrame) -> pd.Series:
    """The response each row belongs to: response_id within its source, else the row itself."""
    own = "row " + feedback["feedback_id"]
    if "response_id" not in feedback.columns:
        return own
    source = feedback["source"].fillna("") if "source" in feedback.columns else ""
    return ("response " + feedback["response_id"] + " " + source).fillna(own)


def customer_keys(feedback: pd.DataFrame) -> pd.Series:
    """Who speaks in each row: the customer, else the response, else the row: the unit that is resampled."""
    own = response_keys(feedback)
    return ("customer " + feedback["customer_id"]).fillna(own) if "customer_id" in feedback.columns else own


def responses(feedback: pd.DataFrame) -> pd.DataFrame:
    """One row per response, sorted by its key: columns `response`, `customer`, and the first given value of each other.

    Times span the response: created_at and first_reply_at are the earliest, resolved_at is the latest.
    """
    rows = real(feedback)
    rows = rows.assign(response=response_keys(rows), customer=customer_keys(rows)).sort_values("feedback_id")
    if rows["response"].is_unique:
        return rows.sort_values("response", ignore_index=True)
    grouped = rows.groupby("response", sort=True)
    first = grouped.first()
    for name in (*FIRST_NAMES, "resolved_at"):
        if name in rows.columns:
            first[name] = grouped[name].max() if name == "resolved_at" else grouped[name].min()
    return first.reset_index()


def one_per_customer(answered: pd.DataFrame) -> pd.DataFrame:
    """One row per customer of a table of responses, sorted by key: the first given value of each column, the earliest
    `created_at` and `joined_at`, the latest `churned_at`, and `n_responses`."""
    grouped = answered.groupby("customer", sort=True)
    table = grouped.first() if not answered["customer"].is_unique else answered.set_index("customer").sort_index()
    for name, earliest in (("created_at", True), ("joined_at", True), ("churned_at", False)):
        if name in answered.columns:
            table[name] = grouped[name].min() if earliest else grouped[name].max()
    return table.assign(n_responses=grouped.size()).reset_index()


def gone(people: pd.DataFrame) -> Array:
    """1 for a customer who has left, 0 for one who has not, nan where the file does not say.

    A date of leaving says it; in a file that has such dates, a customer without one has stayed.
    """
    known = np.full(len(people), np.nan)
    if "churned_at" in people.columns and people["churned_at"].notna().any():
        known = people["churned_at"].notna().to_numpy(float)
    if "churned" not in people.columns:
        return known
    told = people["churned"].astype("Float64").to_numpy(float, na_value=np.nan)
    return np.where(np.isnan(told), known, np.fmax(told, np.nan_to_num(known)))


def churn(people: pd.DataFrame) -> Headline | None:
    """Churn as a score of customers: 100 for one who has left, else 0; None where none has left, or all have."""
    lost: Array = 100 * gone(people)
    if len({*lost[~np.isnan(lost)]}) < 2:
        return None
    return Headline("churn", lost, lost, Scale(0.0, 100.0, "low"), "%", (0.0, 100.0))

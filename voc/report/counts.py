"""The comments counted every way that the page asks for: by period, channel, language, segment and theme.

One table of codes stands behind the filter and behind the drill-down of each issue, so both say the same. A row of
it is a comment (or, for scores, a response: a score counts once however many comments the response has). It holds no
text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from voc.estimates import effective_size
from voc.groups import RULES, period_starts
from voc.intervals import Array, Interval
from voc.report.figures import used_rows
from voc.report.trend import Calendar
from voc.scores import SCORES, Headline, customer_keys, headline, real, response_keys, responses
from voc.tables import Analysis

PERIOD = "period"
MOST_VALUES = 12
"""Values a dimension shows; the rarer ones are counted together. Trades detail for a list that can be read."""
NOT_SHOWN = frozenset({"all", "trust", "agent", "source"})
"""Splits of metrics.csv that are no filter: agents are people, and the page says elsewhere what it was made from."""
NET, PERCENT, MEAN = "net", "percent", "mean"


@dataclass(frozen=True)
class Dimension:
    """One way to divide the comments: `values` are its members, `codes` (n,) their place; -1 = none of them."""

    name: str
    values: tuple[str, ...]
    codes: Array


@dataclass(frozen=True)
class Score:
    """One figure as values of rows: nan where there is none. An answer is worth `worth` independent ones and comes from
    `people` people on average; `bounds` are the ends of its scale."""

    metric: str
    kind: str
    unit: str
    values: Array
    bounds: Interval
    worth: float
    people: float


class Named(NamedTuple):
    """What a figure is: its metric, how the script computes it, its unit, and the ends of its scale."""

    metric: str
    kind: str
    unit: str
    bounds: Interval


NET_SENTIMENT = Named("net_sentiment", NET, "points", (-100.0, 100.0))
EXPERIENCE = Named("experience", MEAN, "0-100", (0.0, 100.0))


@dataclass(frozen=True)
class Counted:
    """Rows of one kind (comments or responses) with their dimensions, scores, and the themes they tell of: `theme_rows`
    and `theme_codes` are pairs of a row and a theme."""

    dimensions: tuple[Dimension, ...]
    scores: tuple[Score, ...]
    theme_rows: Array
    theme_codes: Array
    size: int


def count_comments(analysis: Analysis, themes: Sequence[str], calendar: Calendar | None) -> Counted:
    """The comments with usable text, with what they say of the customers' mood."""
    comments = counted_rows(analysis)
    mood = comments["label"] if "label" in comments else pd.Series(pd.NA, index=comments.index)
    points = mood.map({"positive": 100.0, "neutral": 0.0, "negative": -100.0}).astype("Float64")
    net = _score(points.to_numpy(float, na_value=np.nan), customer_keys(comments), NET_SENTIMENT)
    rows, codes = _tellings(analysis, comments["feedback_id"], themes)
    return Counted(_dimensions(comments, analysis, calendar), (net,), rows, codes, len(comments))


def counted_rows(analysis: Analysis) -> pd.DataFrame:
    """The rows of `count_comments`, in its order."""
    return used_rows(real(_trusted(analysis))).reset_index(drop=True)


def count_responses(analysis: Analysis, themes: Sequence[str], calendar: Calendar | None) -> Counted:
    """The responses with their scores; one tells of a theme where any of its comments does."""
    feedback = _trusted(analysis)
    answered = responses(feedback)
    found = [each for each in (headline(answered, name) for name in SCORES) if each is not None]
    scores = tuple(_score(each.values, answered["customer"], _named(each)) for each in found)
    keys = response_keys(feedback)
    places = pd.Series(pd.Index(answered["response"]).get_indexer(pd.Index(keys)), index=feedback["feedback_id"])
    rows, codes = _tellings(analysis, feedback["feedback_id"], themes)
    pairs = np.stack([places.to_numpy(int)[rows], codes], axis=1)
    pairs = np.unique(pairs[pairs[:, 0] >= 0], axis=0)
    return Counted(_dimensions(answered, analysis, calendar), scores, pairs[:, 0], pairs[:, 1], len(answered))


def count_experience(analysis: Analysis, themes: Sequence[str], calendar: Calendar | None) -> Counted:
    """The comments that have an experience score, those without a word too: the survey's answer alone gives one."""
    comments = real(_trusted(analysis))
    scored = comments["experience"].notna() if "experience" in comments else pd.Series(data=False, index=comments.index)
    comments = comments[scored].reset_index(drop=True)
    values = comments["experience"].to_numpy(float) if len(comments) else np.zeros(0)
    score = _score(values, customer_keys(comments), EXPERIENCE)
    rows, codes = _tellings(analysis, comments["feedback_id"], themes)
    return Counted(
        _dimensions(comments, analysis, calendar), (score,) if len(comments) else (), rows, codes, len(comments)
    )


def column_names(analysis: Analysis) -> list[str]:
    """The columns that the figures are split by and that a reader filters by."""
    return [name for name in dict.fromkeys(analysis.metrics["by"].astype(str)) if name not in NOT_SHOWN]


def _trusted(analysis: Analysis) -> pd.DataFrame:
    """The rows that figures rest on, in an order that does not depend on the file's."""
    feedback = analysis.feedback.sort_values("feedback_id", ignore_index=True)
    doubted = analysis.settings.get("integrity", {}).get("exclude_suspect", False) and "suspect" in feedback
    return feedback[feedback["suspect"].isna()].reset_index(drop=True) if doubted else feedback


def _dimensions(table: pd.DataFrame, analysis: Analysis, calendar: Calendar | None) -> tuple[Dimension, ...]:
    dated = [_periods(table, calendar)] if calendar and "created_at" in table else []
    return (*dated, *(_column(table, name, analysis) for name in column_names(analysis) if name in table))


def _periods(table: pd.DataFrame, calendar: Calendar) -> Dimension:
    starts = period_starts(table["created_at"], RULES[calendar.unit])
    codes = pd.Index(pd.DatetimeIndex(calendar.starts)).get_indexer(pd.DatetimeIndex(starts))
    return Dimension(PERIOD, tuple(f"{start:%Y-%m-%d}" for start in calendar.starts), codes)


def _column(table: pd.DataFrame, name: str, analysis: Analysis) -> Dimension:
    """The most frequent values of a column; of comments and responses the same, in the same order."""
    told = used_rows(analysis.feedback)[name].astype("string").value_counts()
    ordered = sorted(told.items(), key=lambda each: (-int(each[1]), str(each[0])))[:MOST_VALUES]
    values = tuple(str(value) for value, _ in ordered)
    given = table[name].astype("string").fillna("\0")
    return Dimension(name, values, pd.Index(values, dtype="object").get_indexer(given))


def _tellings(analysis: Analysis, ids: pd.Series, themes: Sequence[str]) -> tuple[Array, Array]:
    """Pairs of a row of `ids` and a theme, each once."""
    clauses = analysis.clauses
    told = clauses[clauses["theme_id"].isin(themes)] if "theme_id" in clauses else clauses.iloc[:0]
    if told.empty:
        return np.zeros(0, int), np.zeros(0, int)
    pairs = told[["feedback_id", "theme_id"]].drop_duplicates()
    rows = pd.Index(ids).get_indexer(pd.Index(pairs["feedback_id"]))
    codes = pd.Index(themes).get_indexer(pairs["theme_id"])
    return rows[rows >= 0], codes[rows >= 0]


def _score(values: Array, who: pd.Series, named: Named) -> Score:
    given = ~np.isnan(values)
    size, people = effective_size(values[given], pd.factorize(who[given])[0]) if given.sum() > 1 else (1.0, 1)
    n = max(int(given.sum()), 1)
    return Score(*named[:3], values, named.bounds, min(size / n, 1.0), people / n)


def _named(score: Headline) -> Named:
    return Named(score.name, {"nps": NET, "csat": PERCENT}.get(score.name, MEAN), score.unit, score.bounds)


def shares(counted: Counted, theme: int) -> Iterator[tuple[Dimension, Array, Array]]:
    """For each dimension but the period: how many rows of each value tell of a theme, and how many there are."""
    telling: Array = np.zeros(counted.size, bool)
    telling[counted.theme_rows[counted.theme_codes == theme]] = True
    for dimension in counted.dimensions:
        if dimension.name != PERIOD:
            yield dimension, *told_of(dimension, telling)


def told_of(dimension: Dimension, telling: Array) -> tuple[Array, Array]:
    """Rows of each value that are `telling`, and all rows of each value."""
    known, size = dimension.codes >= 0, len(dimension.values)
    told = np.bincount(dimension.codes[known & telling], minlength=size)
    return told, np.bincount(dimension.codes[known], minlength=size)

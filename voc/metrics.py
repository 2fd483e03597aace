"""The survey figures: overall, by segment and by period, each with its answers, interval and definition.

A score counts once per response, whether or not the response has a comment; sentiment counts the comments that were
judged. Figures on fewer answers than `min_answers` are left out, but say how many there were. This module compares
nothing and ranks nothing. It takes answers as independent: it does not widen an interval where one customer answers
many times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from voc.config import MetricsConfig
from voc.errors import ConfigError, nearest
from voc.intervals import Array, Interval, mean_interval, median_interval, net_interval, wilson
from voc.scores import SCORES, Headline, easy, headline, real, responses
from voc.tables import FEEDBACK, METRICS, TIME

SEGMENTS = ("channel", "lang", "source")
"""Split by without being asked, where a column has from 2 to MOST_SEGMENTS values."""
MOST_SEGMENTS = 30
"""More lines than this no reader compares: columns asked for show their most frequent values, others are left out.
Guarded by test_many_segments."""
MOST_PERIODS = 60
ANSWERS_PER_PERIOD = 30
"""The finest of day, week and month with at most 60 periods of 30 comments on average: at 30 answers an NPS is known
to about 30 points, at fewer a trend is noise. Guarded by test_auto_period."""
WEEK_START = "W-SUN"  # pandas names a week by its last day: weeks run from Monday, as in ISO 8601


class Estimate(NamedTuple):
    """A figure and the ends of its 95 % interval; nan = there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Figure:
    """One metric over the rows of one table: a value per row (nan = no answer) and how the values become a figure."""

    metric: str
    values: Array
    estimate: Callable[[Array], Estimate]
    unit: str
    definition: str
    counts: bool = False

    def row(self, members: Array, least: int) -> dict[str, object]:
        """n, value, low and high of the rows `members`; with fewer than `least` answers n alone."""
        given = self.values[members]
        given = given[~np.isnan(given)]
        enough = self.counts or given.size >= max(least, 1)
        value, low, high = self.estimate(given) if enough else (np.nan, np.nan, np.nan)
        told = {"unit": self.unit, "definition": self.definition}
        return {"metric": self.metric, "n": given.size, "value": value, "low": low, "high": high, **told}


class Group(NamedTuple):
    """The rows a line of the table rests on."""

    by: str
    segment: str
    period_start: pd.Timestamp | None
    members: Array


def measure(feedback: pd.DataFrame, config: MetricsConfig) -> pd.DataFrame:
    """METRICS, overall first, then by segment (the most frequent first), then by period.

    Segments: the columns of `config.by`, and channel, lang and source where they tell rows apart. Periods:
    `config.period`, by density if "auto"; a period without rows has a volume of 0. Raises ConfigError where `config.by`
    names no column.
    """
    if feedback.empty:
        return METRICS.empty()
    feedback = FEEDBACK.check(feedback).sort_values("feedback_id", ignore_index=True)
    _demand(feedback, config.by)
    comments, answered = real(feedback).reset_index(drop=True), responses(feedback)
    rule = _period(comments, config)
    rows = [
        *_lines(comments, _comment_figures(comments), config, rule),
        *_lines(answered, [*_score_figures(answered), *_time_figures(answered)], config, rule),
    ]
    return METRICS.check(pd.DataFrame(rows, columns=[*METRICS.columns]))


def _demand(feedback: pd.DataFrame, by: tuple[str, ...]) -> None:
    for name in by:
        if name not in feedback.columns:
            raise ConfigError(f"There is no column '{name}' to split by; {nearest(name, map(str, feedback.columns))}")


def _lines(
    table: pd.DataFrame, figures: list[Figure], config: MetricsConfig, rule: str | None
) -> Iterator[dict[str, object]]:
    """One line per figure and group; groups in which a score has no place (no answer at all) are left out."""
    groups = [*_segments(table, config.by), *_periods(table, rule)]
    for figure in figures:
        for group in groups:
            line = figure.row(group.members, config.min_answers)
            if line["n"] or figure.counts or group.period_start is None:
                yield {"by": group.by, "segment": group.segment, "period_start": group.period_start, **line}


def _segments(table: pd.DataFrame, by: tuple[str, ...]) -> Iterator[Group]:
    """Everybody, then one group per value of each column to split by."""
    yield Group("all", "all", None, np.arange(len(table)))
    for name in dict.fromkeys((*by, *SEGMENTS)):
        if name not in table.columns:
            continue
        named = table[name].astype("string")
        sizes = named.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        if name not in by and not 2 <= len(sizes) <= MOST_SEGMENTS:
            continue
        places = named.groupby(named).indices
        for segment in sizes.index[:MOST_SEGMENTS]:
            yield Group(name, str(segment), None, places[segment])


def _period(comments: pd.DataFrame, config: MetricsConfig) -> str | None:
    """The pandas rule of the period; None = no dates, or not wanted."""
    if config.period == "none" or "created_at" not in comments.columns or comments["created_at"].isna().all():
        return None
    rules = {"day": "D", "week": WEEK_START, "month": "M"}
    if config.period != "auto":
        return rules[config.period]
    given = comments["created_at"].dropna()
    for rule in (rules["day"], rules["week"]):
        starts = _starts(given, rule)
        periods = len(pd.period_range(given.min().tz_localize(None), given.max().tz_localize(None), freq=rule))
        if periods <= MOST_PERIODS and len(starts) >= ANSWERS_PER_PERIOD * periods:
            return rule
    return rules["month"]


def _starts(moments: pd.Series, rule: str) -> pd.Series:
    """The first moment of the period each moment falls in (UTC)."""
    return moments.dt.tz_localize(None).dt.to_period(rule).dt.start_time.dt.tz_localize("UTC").astype(TIME)


def _periods(table: pd.DataFrame, rule: str | None) -> Iterator[Group]:
    """One group per period from the first to the last, in order, the empty ones too."""
    if rule is None or table["created_at"].isna().all():
        return
    starts = _starts(table["created_at"], rule)
    places = starts.groupby(starts).indices
    for period in pd.period_range(starts.min().tz_localize(None), starts.max().tz_localize(None), freq=rule):
        start = period.start_time.tz_localize("UTC")
        yield Group("all", "all", start, places.get(start, np.array([], int)))


def _comment_figures(comments: pd.DataFrame) -> list[Figure]:
    """Volume, and what the judged comments say."""
    used = comments["skip"].isna() if "skip" in comments.columns else pd.Series(data=True, index=comments.index)
    volume = np.where(used.to_numpy(bool), 1.0, np.nan)
    meaning = "number of comments with usable text; a count, no estimate"
    figures = [Figure("volume", volume, _volume, "comments", meaning, counts=True)]
    if "label" in comments.columns and comments["label"].notna().any():
        figures += _sentiment_figures(comments["label"].where(used))
    if "severity" in comments.columns and comments["severity"].notna().any():
        bad = comments["severity"].where(used).astype("Float64").to_numpy(float, na_value=np.nan)
        meaning = "mean severity (0 = harmless, 1 = grave) of the judged comments, each by its worst clause; t interval"
        figures.append(Figure("severity", bad, _mean((0.0, 1.0)), "0-1", meaning))
    return figures


def _sentiment_figures(label: pd.Series) -> list[Figure]:
    balance = label.map({"positive": 100.0, "neutral": 0.0, "negative": -100.0}).astype("Float64")
    points = balance.to_numpy(float, na_value=np.nan)
    net = "share of positive minus share of negative among the judged comments, -100 to 100; adjusted Wald interval"
    share = "share of negative among the judged comments, 0 to 1; Wilson interval"
    return [
        Figure("net_sentiment", points, _net, "points", f"{net} (Rocks 2016)"),
        Figure("share_negative", _flag(points, points == -100), _share, "share", share),
    ]


def _score_figures(answered: pd.DataFrame) -> list[Figure]:
    given = [each for each in (headline(answered, name) for name in SCORES) if each is not None]
    return [figure for each in given for figure in _FIGURES[each.name](each)]


def _nps_figures(score: Headline) -> list[Figure]:
    said = "NPS = % promoters (9-10) minus % detractors (0-6) of the responses, -100 to 100; adjusted Wald interval"
    points = score.values
    return [
        Figure("nps", points, _net, "points", f"{said} (Rocks 2016)"),
        Figure("share_promoters", _flag(points, points == 100), _share, "share", "share of 9-10; Wilson interval"),
        Figure("share_passives", _flag(points, points == 0), _share, "share", "share of 7-8; Wilson interval"),
        Figure("share_detractors", _flag(points, points == -100), _share, "share", "share of 0-6; Wilson interval"),
    ]


def _csat_figures(score: Headline) -> list[Figure]:
    box = sorted({float(answer) for answer in score.answers[score.values == 100]})
    counted = f"{box[0]:g} to {box[-1]:g}" if len(box) > 1 else "".join(f"{each:g}" for each in box) or "none given"
    said = f"CSAT = % of the responses in the top boxes (here {counted}) of the scale {score.scale}; Wilson interval"
    mean = f"mean satisfaction on the scale {score.scale}; t interval"
    ends = (score.scale.low, score.scale.high)
    return [
        Figure("csat", score.values, _percent, "%", said),
        Figure("csat_mean", score.answers, _mean(ends), f"on {ends[0]:g}-{ends[1]:g}", mean),
    ]


def _ces_figures(score: Headline) -> list[Figure]:
    said = f"CES = mean effort score on the scale {score.scale}; t interval"
    if score.better is None:
        warning = "; whether high or low is good is not declared, so no share of easy contacts is given"
        return [Figure("ces", score.values, _mean(score.bounds), score.unit, said + warning)]
    effortless = _flag(score.answers, easy(score.answers, score.scale))
    share = f"share of responses on the easy side of the middle of the scale {score.scale}; Wilson interval"
    return [
        Figure("ces", score.values, _mean(score.bounds), score.unit, said),
        Figure("share_easy", effortless, _share, "share", share),
    ]


def _rating_figures(score: Headline) -> list[Figure]:
    said = f"mean rating on the scale {score.scale}; t interval"
    return [Figure("rating", score.values, _mean(score.bounds), score.unit, said)]


_FIGURES: dict[str, Callable[[Headline], list[Figure]]] = {
    "nps": _nps_figures, "csat": _csat_figures, "ces": _ces_figures, "rating": _rating_figures
}  # fmt: skip


def _time_figures(answered: pd.DataFrame) -> list[Figure]:
    """First reply and resolution time, mean and median, in hours of calendar time."""
    told = {
        "first_reply_time": ("first_reply_at", "hours from creation to the first public reply"),
        "resolution_time": ("resolved_at", "hours from creation to the last time it was solved"),
    }
    return [
        figure
        for metric, (column, meaning) in told.items()
        if {"created_at", column} <= {*answered.columns}
        for figure in _hours(metric, answered[column] - answered["created_at"], meaning)
    ]


def _hours(metric: str, passed: pd.Series, meaning: str) -> list[Figure]:
    hours = (passed / pd.Timedelta(hours=1)).to_numpy(float, na_value=np.nan)
    hours = np.where(hours >= 0, hours, np.nan)
    if np.isnan(hours).all():
        return []
    said = f"{meaning}, calendar time, where both are known and in order"
    mean, median = f"mean {said}; t interval", f"median {said}; interval by order statistics"
    return [
        Figure(metric, hours, _mean((0.0, np.inf)), "hours", mean),
        Figure(f"{metric}_median", hours, _median, "hours", median),
    ]


def _flag(values: Array, hit: Array) -> Array:
    return np.where(np.isnan(values), np.nan, hit.astype(float))


def _volume(given: Array) -> Estimate:
    return Estimate(float(given.size), np.nan, np.nan)


def _net(points: Array) -> Estimate:
    up, down = int((points == 100).sum()), int((points == -100).sum())
    return Estimate(float(points.mean()), *net_interval(up, down, points.size))


def _share(flags: Array) -> Estimate:
    low, high = wilson(flags.sum(), flags.size)
    return Estimate(float(flags.mean()), float(low), float(high))


def _percent(values: Array) -> Estimate:
    return Estimate(*(100 * end for end in _share(values / 100)))


def _mean(bounds: Interval) -> Callable[[Array], Estimate]:
    return lambda values: Estimate(float(values.mean()), *mean_interval(values, bounds=bounds))


def _median(values: Array) -> Estimate:
    return Estimate(float(np.median(values)), *median_interval(values))

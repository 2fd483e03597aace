"""The survey figures: overall, by segment and by period, each with its answers, interval and definition.

Figures on fewer answers than `min_answers` are left out, but say how many there were. Where one customer answers many
times, the intervals know it. This module compares nothing and ranks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from voc.config import MetricsConfig
from voc.estimates import Estimate, estimate
from voc.figures import Answers, Figure, answers_of
from voc.groups import Group, demand, everybody, period_end, period_rule, periods, segments
from voc.intervals import Array
from voc.scores import real
from voc.tables import FEEDBACK, METRICS

NOTHING = Estimate(np.nan, np.nan, np.nan)


def measure(feedback: pd.DataFrame, config: MetricsConfig) -> pd.DataFrame:
    """METRICS, overall first, then by segment (the most frequent first), then by period.

    Segments: the columns of `config.by`, and those of groups.SEGMENTS where they tell rows apart.
    Periods: `config.period`, by density if "auto"; a period without rows has a volume of 0. Raises ConfigError where
    `config.by` names no column.
    """
    if feedback.empty:
        return METRICS.empty()
    feedback = FEEDBACK.check(feedback).sort_values("feedback_id", ignore_index=True)
    demand(feedback, config.by)
    comments = real(feedback)
    rule = period_rule(comments, config.period)
    spans = [group.period_start for group in periods(comments, rule)]
    rows = [row for answers in answers_of(feedback, config) for row in _rows(answers, config, rule, spans)]
    return METRICS.check(pd.DataFrame(rows, columns=[*METRICS.columns]))


def _rows(
    answers: Answers, config: MetricsConfig, rule: str | None, spans: list[pd.Timestamp]
) -> Iterator[dict[str, object]]:
    """One line per figure and group; groups in which a score has no place (no answer at all) are left out."""
    table = answers.table
    split = [*segments(table, config.by)] if answers.split else []
    dated = [*periods(table, rule)] if answers.dated else []
    for figure in answers.figures:
        lines = [(group, figure.values) for group in (everybody(table), *split, *dated)]
        lines += _within(figure, table, rule, spans)
        for group, values in lines:
            line = _line(figure, group.members, answers.who, values, config.min_answers)
            if line["n"] or figure.kind is None or group.period_start is None:
                yield {"by": group.by, "segment": group.segment, "period_start": group.period_start, **line}


def _within(
    figure: Figure, table: pd.DataFrame, rule: str | None, spans: list[pd.Timestamp]
) -> list[tuple[Group, Array]]:
    """The periods of a figure whose values depend on the period."""
    if figure.within is None or rule is None:
        return []
    rows = np.arange(len(table))
    return [(Group("all", "all", start, rows), figure.within(start, period_end(start, rule))) for start in spans]


def _line(figure: Figure, members: Array, who: Array | None, values: Array, least: int) -> dict[str, object]:
    """n, value, low and high of the rows `members`; with fewer than `least` answers n and a remark."""
    sample = figure.sample(members, who, values=values)
    n, remark = sample.values.size, None
    if figure.kind is None:
        found = Estimate(float(n), np.nan, np.nan)
    elif n >= max(least, 1):
        found = estimate(sample, figure.kind)
    else:
        found, remark = NOTHING, f"too few answers: {n} of the {max(least, 1)} needed"
    told = {"unit": figure.unit, "definition": figure.definition, "remark": remark}
    return {"metric": figure.metric, "n": n, **found._asdict(), **told}

"""Counts out of the ordinary: themes that were told more, or less, in a period than the periods before let expect.

For each theme, overall and in each segment, the comments of a period are compared with the range that its own past
gives: its share of the comments of the up to PAST periods before, times the comments of the period. The range is that
of a negative binomial with the spread that the past shows, of the theme and of all themes together (quasi-Poisson as
in Noufaily et al. 2013, Statistics in Medicine 32:1206, without trend and season: a survey's waves are in the number
of comments already; the spread by Huber's second proposal 1964, so that outbreaks of the past count little). The doubt
about that spread is in the tails, which are Student's. What is told is held to a rate of false alarms over everything
looked at in a split. Copies of a text are left out: a burst of one text is a
matter of integrity. A slow climb is no anomaly; the momentum of the issues tells it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from voc.config import AnomaliesConfig, MetricsConfig
from voc.errors import ConfigError
from voc.groups import Group, everybody, period_rule, period_starts, segments
from voc.habits import repeated
from voc.intervals import LEVEL, Array
from voc.scores import real
from voc.tables import ANOMALIES, CLAUSES, FEEDBACK, ISSUES, TIME

PAST, LEAST_PAST = 26, 4
"""Periods before that say what is usual, and how few are too few to know how much it spreads. Guarded by
test_too_short_a_past."""
STRAY = 6.6
"""What one past period adds to a measured spread at most, in units of that spread (the square of 2.58 normal deviates,
where Noufaily et al. begin to weigh less): an outbreak in the past must not make the next one usual. Guarded by
test_an_outbreak_in_the_past_hides_none_now."""
UNBIASED = 0.9815
"""What is left of a mean of squared normal deviates that is cut at STRAY: P(X < STRAY), X chi-squared of 3 degrees of
freedom, plus STRAY x P(Y > STRAY), Y of one. Guarded by test_the_cut_is_made_good."""
SHARED, FREEDOM = 25.0, 20.0
"""How many periods the spread of all themes counts as, beside a theme's own, and as how many degrees of freedom
the two together: half a year knows little of one theme. Trades themes that alone come in bursts for steadier ranges,
and small outbreaks for silence where there is none. Of 100 simulated files in which nothing changes, at a stated rate
of 10, none raises an alarm if counts are plain chance or vary twice as much, 8 if they vary four times as much, 12 if
every other theme varies three times as much (before: 2, 42, 86 and 55). Guarded by test_false_alarms_are_rare and
test_an_outbreak_is_heard_through_the_noise."""
TOLD = 1.0
"""A period tells of the spread of all themes where it expects so many comments: counts of nought and one hardly
spread."""
PASSES = 20
"""The spread and the cut that it sets are found in turn; a few passes settle it."""
LATELY = 4
"""The newest periods that are looked at: what was unusual long ago is history, and every count looked at makes
the others harder to believe. Guarded by test_only_lately."""
LEAST = 5
"""A theme is looked at in a segment where a period saw or expected so many comments: fewer are never out of range.
Guarded by test_a_handful_is_no_anomaly."""
NEARLY_ALL = 0.9
"""A segment of more than this share says what the whole says."""


def find_anomalies(
    feedback: pd.DataFrame, clauses: pd.DataFrame, issues: pd.DataFrame, config: AnomaliesConfig, metrics: MetricsConfig
) -> pd.DataFrame:
    """ANOMALIES: the counts beyond their range, the newest period first, then the least likely.

    Segments and periods are those of the figures (`metrics.by`, `metrics.period`).
    Empty where there are no dates or too few periods. Raises ConfigError for a rate of false alarms outside 0-1.
    """
    if not 0 < config.false_alarms < 1:
        raise ConfigError(f"anomalies.false_alarms must be between 0 and 1, not {config.false_alarms:g}")
    if feedback.empty or clauses.empty or issues.empty:
        return ANOMALIES.empty()
    comments = _comments(FEEDBACK.check(feedback))
    rule = period_rule(comments, metrics.period)
    if rule is None:
        return ANOMALIES.empty()
    comments = comments[comments["created_at"].notna()].reset_index(drop=True)
    told = _told(comments, CLAUSES.check(clauses, "theme_id"), ISSUES.check(issues))
    cells = _cells(comments, told, rule, metrics.by)
    if cells.empty:
        return ANOMALIES.empty()
    looked = pd.concat([judged(own) for _, own in cells.groupby("by", sort=True)], ignore_index=True)
    return _table(looked, comments, told, issues, config)


def _comments(feedback: pd.DataFrame) -> pd.DataFrame:
    """The comments that count, in the order of their ids."""
    comments = real(feedback)
    if "skip" in comments.columns:
        comments = comments[comments["skip"].isna()]
    comments = comments[~repeated(comments)]
    return comments.sort_values("feedback_id", ignore_index=True)


def _told(comments: pd.DataFrame, clauses: pd.DataFrame, issues: pd.DataFrame) -> pd.DataFrame:
    """One row per comment and issue it tells of: `row` in comments, theme_id, and its heaviest clause's text."""
    told = clauses[clauses["theme_id"].isin(issues["theme_id"])]
    told = told.assign(row=pd.Index(comments["feedback_id"]).get_indexer(pd.Index(told["feedback_id"])))
    told = told[told["row"] >= 0]
    weight = told["severity"] if "severity" in told.columns else pd.Series(0.0, told.index)
    told = told.assign(weight=weight.astype(float)).sort_values(["weight", "clause_id"], ascending=[False, True])
    return told.drop_duplicates(["row", "theme_id"])[["row", "theme_id", "text", "weight"]].reset_index(drop=True)


def _cells(comments: pd.DataFrame, told: pd.DataFrame, rule: str, by: tuple[str, ...]) -> pd.DataFrame:
    """Every count looked at: theme, segment, period, observed, n, and the mean and variance that are expected."""
    first = comments["created_at"].min().tz_localize(None).to_period(rule)
    starts = period_starts(comments["created_at"], rule).dt.tz_localize(None).dt.to_period(rule)
    period: Array = starts.map(lambda each: each.ordinal).to_numpy(int) - first.ordinal
    themes, what = np.unique(told["theme_id"].to_numpy(str), return_inverse=True)
    row, size = told["row"].to_numpy(), int(period.max()) + 1
    found = []
    for group in (everybody(comments), *segments(comments, by)):
        if group.by != "all" and group.members.size > NEARLY_ALL * len(comments):
            continue
        inside: Array = np.isin(np.arange(len(comments)), group.members)
        kept = inside[row]
        counts = np.zeros((len(themes), size))
        np.add.at(counts, (what[kept], period[row[kept]]), 1)
        found += _group_cells(group, themes, counts, np.bincount(period[inside], minlength=size), first)
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _group_cells(group: Group, themes: Array, counts: Array, totals: Array, first: pd.Period) -> list[pd.DataFrame]:
    """One table per period of a segment that can be judged."""
    found = []
    for at in range(max(LEAST_PAST, totals.size - LATELY), totals.size):
        past = slice(max(0, at - PAST), at)
        known = totals[past] > 0
        if known.sum() < LEAST_PAST or totals[at] == 0:
            continue
        mean, variance = expectation(counts[:, past][:, known], totals[past][known], float(totals[at]))
        found.append(pd.DataFrame({
            "theme_id": themes, "by": group.by, "segment": group.segment,
            "period_start": (first + at).start_time.tz_localize("UTC"), "observed": counts[:, at], "expected": mean,
            "variance": variance, "n": totals[at],
        }))  # fmt: skip
    return found


def expectation(seen: Array, totals: Array, now: float) -> tuple[Array, Array]:
    """Mean and variance of the counts of a period with `now` comments, out of those of the periods before.

    `seen` is (themes, periods), `totals` (periods,) and above 0. The variance is the binomial one, times the spread of
    the past beyond it (`spreads`), plus the doubt about the share itself. Half a comment is added to the past, so that
    what was never told is not impossible.
    """
    share = np.minimum((seen.sum(axis=1) + 0.5) / (totals.sum() + 1), 1 - 1e-9)
    usual = share[:, None] * totals
    spread = spreads((seen - usual) ** 2 / (usual * (1 - share[:, None])), usual)
    doubt = now**2 * share * (1 - share) * spread / totals.sum()
    return now * share, now * share * (1 - share) * spread + doubt


def spreads(squares: Array, usual: Array) -> Array:
    """How many times the binomial variance the counts of each theme vary, (themes,), 1 at least.

    `squares` are Pearson's squared residuals, (themes, periods). A theme's own spread leans on that of all themes.
    """
    freedom, told = squares.shape[1] - 1, squares[usual >= TOLD] * squares.shape[1] / (squares.shape[1] - 1)
    common: Array = np.ones(1)
    for _ in range(PASSES if told.size else 0):
        common = np.maximum(1.0, _cut(told[None, :], common).mean(axis=1))
    own: Array = np.full(len(squares), common[0])
    for _ in range(PASSES):
        own = np.maximum(1.0, (_cut(squares, own).sum(axis=1) + SHARED * common) / (freedom + SHARED))
    return own


def _cut(squares: Array, spread: Array) -> Array:
    """Squares that are cut at STRAY times the spread of their row, and made good for it."""
    return np.minimum(squares, STRAY * spread[:, None]) / UNBIASED


def judged(cells: pd.DataFrame) -> pd.DataFrame:
    """The counts of one split that are worth a look, with their range and p-value, and the q-value over that split.

    A count below LEAST, where no more was expected, is never told, so a cell can mislead only as often as chance takes
    it there: that often, not always, it weighs in the rate of false alarms (Heyse 2011, for discrete tests). The spread
    is an estimate, so a normal deviate of the count is read as one of Student's t.
    """
    from scipy.stats import nbinom, norm, t

    mean, seen = cells["expected"].to_numpy(float), cells["observed"].to_numpy(float)
    variance = np.maximum(cells["variance"].to_numpy(float), mean * 1.0001)
    law = nbinom(mean**2 / (variance - mean), mean / variance)
    beyond = np.minimum(law.sf(seen - 1), law.cdf(seen))
    low, high = (law.ppf(norm.cdf(t.ppf(end, FREEDOM))) for end in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    p_value = np.minimum(1.0, 2 * t.sf(norm.isf(beyond), FREEDOM))
    looked = cells.assign(low=low, high=high, p_value=p_value)
    reachable = np.where(mean >= LEAST, 1.0, law.sf(LEAST - 1))
    told = looked[(seen >= LEAST) | (mean >= LEAST)].sort_values("p_value", kind="stable", ignore_index=True)
    return told.assign(q_value=_rates(told["p_value"].to_numpy(float), reachable))


def _rates(p_values: Array, reachable: Array) -> Array:
    """The expected share of false alarms if each rising p-value and all below it are told."""
    ordered = np.sort(reachable)
    below = np.concatenate([[0.0], np.cumsum(ordered)])
    at = np.searchsorted(ordered, p_values)
    misled = below[at] + p_values * (ordered.size - at)
    rates = misled / np.arange(1, p_values.size + 1)
    return np.minimum(np.minimum.accumulate(rates[::-1])[::-1], 1)


def _table(
    looked: pd.DataFrame, comments: pd.DataFrame, told: pd.DataFrame, issues: pd.DataFrame, config: AnomaliesConfig
) -> pd.DataFrame:
    table = looked[looked["q_value"] <= config.false_alarms].reset_index(drop=True)
    table["direction"] = np.where(table["observed"] > table["expected"], "more", "fewer")
    table["label"] = table["theme_id"].map(issues.set_index("theme_id")["label"])
    table["quote"] = [_quote(row, comments, told) for row in table.to_dict("records")]
    table["period_start"] = pd.to_datetime(table["period_start"], utc=True).astype(TIME)
    order = {"period_start": False, "q_value": True, "p_value": True, "theme_id": True, "by": True, "segment": True}
    table = table.sort_values([*order], ascending=[*order.values()], ignore_index=True)
    return ANOMALIES.check(table.reindex(columns=[*ANOMALIES.columns]))


def _quote(row: Mapping[Hashable, Any], comments: pd.DataFrame, told: pd.DataFrame) -> str | None:
    """The heaviest words of the period, where there is too much of it."""
    if row["direction"] == "fewer":
        return None
    own = told[told["theme_id"] == row["theme_id"]]
    own = own.assign(at=comments["created_at"].take(own["row"]).set_axis(own.index))
    recent = own[own["at"] >= row["period_start"]]
    return str(recent["text"].iloc[0]) if len(recent) else None

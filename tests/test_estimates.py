"""Figures and their differences against published examples; dependence between one person's answers; many at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voc.estimates import (
    MEDIAN,
    NET,
    PERCENT,
    SHARE,
    Kind,
    Sample,
    adjusted,
    against,
    difference,
    effective_size,
    estimate,
)

MEAN = Kind("mean")
STARS = Kind("mean", (1.0, 5.0))

# Student's sleep data (1908), as R's help page of t.test prints it.
SLEEP = ([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])

# The fifteen p-values of a trial in Benjamini and Hochberg 1995, section 3.2.
TRIAL = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0
]  # fmt: skip


def flags(hits: int, n: int, top: float = 1.0) -> Sample:
    return Sample.of(np.repeat([top, 0.0], [hits, n - hits]))


def sample(values, who=None) -> Sample:
    return Sample.of(np.asarray(values, float), None if who is None else np.asarray(who))


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_shares_differ_as_in_the_examples_of_newcombe_1998(one, other, low, high):
    found = difference(flags(*one), flags(*other), SHARE)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    scaled = difference(flags(*one, top=100.0), flags(*other, top=100.0), PERCENT)
    assert scaled[:3] == pytest.approx([100 * each for each in found[:3]])


def test_means_differ_as_in_the_sleep_data():
    found = difference(*map(sample, SLEEP), MEAN)
    assert found.value == pytest.approx(-1.58)
    assert (found.low, found.high) == pytest.approx((-3.3654832, 0.2054832), abs=2e-3)
    assert found.p_value == pytest.approx(0.07939, abs=1e-4)


def test_net_scores_differ_by_hand():
    """NPS 30 (14.05 to 44.20) and -10 (-29.97 to 10.55): 40 less the root of the squared half widths towards 0."""
    one, other = sample([100] * 50 + [0] * 30 + [-100] * 20), sample([100] * 20 + [0] * 20 + [-100] * 28)
    first, second = estimate(one, NET), estimate(other, NET)
    found = difference(one, other, NET)
    assert found.value == pytest.approx(30 + 100 * 8 / 68)
    assert found.low == pytest.approx(found.value - math.hypot(30 - first.low, second.high - second.value))
    assert found.high == pytest.approx(found.value + math.hypot(first.high - 30, second.value - second.low))


@given(st.integers(0, 40), st.integers(0, 60))
def test_a_p_value_is_below_5_percent_where_the_interval_leaves_out_0(one, other):
    found = difference(flags(one, 40), flags(other, 60), SHARE)
    assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)


def test_difference_of_net_scores_covers():
    """4,000 pairs of small surveys: the interval holds the truth 95 times in 100 (one standard error is 0.35)."""
    generator = np.random.default_rng(8)
    chances = ([0.45, 0.25, 0.3], [0.3, 0.3, 0.4])
    truth = 15.0 + 10.0
    held, points = [], np.array([100.0, 0.0, -100.0])
    for _ in range(4_000):
        drawn = [sample(np.repeat(points, generator.multinomial(n, p))) for n, p in zip((40, 90), chances, strict=True)]
        found = difference(*drawn, NET)
        held.append(found.low <= truth <= found.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_unanimous_answers_still_leave_doubt():
    found = difference(sample([5.0] * 12), sample([4.0] * 12), STARS)
    assert found.low < 0.6
    assert found.high > 1.2
    assert math.isnan(difference(sample([5.0] * 12), sample([4.0] * 12), MEAN).low)


def test_medians_differ_without_an_interval():
    found = difference(sample([1.0, 2, 9]), sample([1.0, 1, 1]), MEDIAN)
    assert found.value == 1
    assert math.isnan(found.low)


def test_against_a_target():
    found = against(flags(81, 263), SHARE, 0.4)
    assert (found.value, found.low, found.high) == pytest.approx((-0.0920, -0.1447, -0.0338), abs=1e-4)
    assert found.p_value < 0.05
    assert against(sample(SLEEP[0]), MEAN, 0.75).p_value == pytest.approx(1)


def test_the_published_discoveries_of_benjamini_and_hochberg():
    """Four of the fifteen at a rate of 5 %; Bonferroni finds three."""
    assert (adjusted(np.array(TRIAL)) <= 0.05).sum() == 4
    assert (np.array(TRIAL) <= 0.05 / 15).sum() == 3


@pytest.mark.parametrize(("dependent", "expected"), [(False, 0.05), (True, 0.1141667)])
def test_corrections_as_r_prints_them(dependent, expected):
    """p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "BH") and "BY"."""
    assert adjusted(np.array([0.03, 0.01, 0.05, 0.02, 0.04]), dependent=dependent) == pytest.approx(expected, abs=1e-6)


def test_correction_leaves_out_what_was_not_tested():
    assert adjusted(np.array([0.01, np.nan, 0.04])).tolist() == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert adjusted(np.array([])).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_correction_never_lowers_and_keeps_order(p_values):
    found = adjusted(np.array(p_values))
    assert (found >= np.array(p_values) - 1e-12).all()
    assert (np.diff(found[np.argsort(p_values, kind="stable")]) >= -1e-12).all()


def test_answers_of_different_people_are_worth_their_number():
    values = np.random.default_rng(0).normal(size=50)
    assert effective_size(values, np.arange(50)) == (50.0, 50)


def test_repeated_answers_are_worth_one():
    """Everybody answering the same four times: a quarter, by the sandwich's n/(n-1) correction but for one."""
    values = np.random.default_rng(0).normal(size=50)
    size, people = effective_size(np.repeat(values, 4), np.repeat(np.arange(50), 4))
    assert people == 50
    assert size == pytest.approx(50, rel=0.03)
    assert effective_size(np.full(12, 3.0), np.repeat(np.arange(4), 3)) == (4.0, 4)


def test_a_mean_of_people_who_answer_often_covers():
    """2,000 samples of 60 people with 1 to 6 answers each: as independent answers the interval holds 76 in 100."""
    generator = np.random.default_rng(2)
    held, naive = [], []
    for _ in range(2_000):
        who = np.repeat(np.arange(60), generator.integers(1, 7, 60))
        values = generator.normal(size=60)[who] + generator.normal(size=who.size)
        found, alone = estimate(sample(values, who), MEAN), estimate(sample(values), MEAN)
        held.append(found.low <= 0 <= found.high)
        naive.append(alone.low <= 0 <= alone.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    assert np.mean(naive) < 0.85

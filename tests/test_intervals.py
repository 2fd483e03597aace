"""Intervals against published examples, and their coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voc.intervals import (
    bootstrap_sums,
    mean_interval,
    median_interval,
    net_interval,
    seed_of,
    student,
    students,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_examples_of_newcombe_1998(successes, n, low, high):
    assert [float(end) for end in wilson(successes, n)] == pytest.approx([low, high], abs=5e-5)


def test_wilson_of_nobody_is_everything():
    assert [float(end) for end in wilson(0, 0)] == [0.0, 1.0]


@given(n=st.integers(1, 5_000), share=st.floats(0, 1))
def test_wilson_holds_the_share_and_stays_within_0_and_1(n, share):
    successes = round(share * n)
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n + 1e-12
    assert successes / n - 1e-12 <= high <= 1


@pytest.mark.parametrize(("half", "margin"), [(190, 10), (767, 5)])
def test_net_interval_needs_the_known_sample_sizes(half, margin):
    """Half promoters, half detractors: about 381 answers for ±10 points and about 1,534 for ±5."""
    low, high = net_interval(half, half, 2 * half)
    assert (high - low) / 2 == pytest.approx(margin, abs=0.05)


def test_net_interval_by_hand():
    """50 promoters, 20 detractors of 100: (p, d) = (50.75, 20.75) / 103, net 0.29126, standard error 0.07692."""
    assert net_interval(50, 20, 100) == pytest.approx((14.05, 44.20), abs=0.01)


def test_net_interval_doubts_unanimity():
    low, high = net_interval(10, 0, 10)
    assert low < 75
    assert high == 100


def test_net_interval_covers():
    generator = np.random.default_rng(3)
    truth = 100 * (0.45 - 0.3)
    drawn = generator.multinomial(40, [0.45, 0.3, 0.25], size=4_000)
    ends = np.array([net_interval(int(up), int(down), 40) for up, down, _ in drawn])
    assert ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean() == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (1000, 1.962)],
)
def test_student_gives_the_printed_table(freedom, quantile):
    assert student(freedom) == pytest.approx(quantile, rel=2e-3)


def test_students_are_each_student():
    assert students(np.array([9.0, 0.0, 9.0, 30.0])) == pytest.approx([student(9), student(1), student(9), student(30)])


def test_mean_interval_by_hand():
    """2, 4, 4, 4, 5, 5, 7, 9: mean 5, standard deviation 2.138, t(7) = 2.365."""
    assert mean_interval(np.array([2.0, 4, 4, 4, 5, 5, 7, 9])) == pytest.approx((3.212, 6.788), abs=3e-3)


def test_mean_interval_stays_on_the_scale():
    assert mean_interval(np.array([1.0, 5, 5]), bounds=(1, 5)) == (1.0, 5.0)


def test_mean_interval_doubts_unanimity():
    low, high = mean_interval(np.full(10, 5.0), bounds=(1, 5))
    assert low == pytest.approx(1 + 4 * 0.7225, abs=1e-3)
    assert high == 5.0


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 3.0]])
def test_a_mean_without_spread_and_bounds_has_no_interval(values):
    assert all(math.isnan(end) for end in mean_interval(np.array(values)))


@pytest.mark.parametrize(("n", "rank"), [(6, 1), (10, 2), (20, 6), (30, 10), (100, 40)])
def test_median_interval_takes_the_printed_ranks(n, rank):
    """Conover 1999, table of the sign test; Hahn and Meeker 1991."""
    assert median_interval(np.arange(n, 0, -1.0)) == (rank, n + 1 - rank)


def test_median_interval_of_five_cannot_be_sure():
    assert all(math.isnan(end) for end in median_interval(np.arange(5.0)))


def test_median_ranks_agree_where_the_rule_changes():
    exact, normal = median_interval(np.arange(1.0, 1_001)), median_interval(np.arange(1.0, 1_002))
    assert abs(exact[0] - normal[0]) <= 1


def weights(n: int, rounds: int, *, seed: int) -> np.ndarray:
    """The weights of n units, (rounds, n): the sums where each holds 1 in a column of its own."""
    place = np.arange(n)
    return bootstrap_sums(place, place, np.ones(n), shape=(n, n), rounds=rounds, seed=seed)[1:]


def test_bootstrap_weights_average_one_and_spread_like_drawing_with_replacement():
    drawn = weights(200, 400, seed=1)
    assert drawn.mean(axis=1) == pytest.approx(1)
    assert drawn.var() == pytest.approx(1, abs=0.05)
    assert (drawn > 0).all()


def test_bootstrap_weights_depend_on_the_seed_alone():
    first, again, other = (weights(5, 3, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@given(st.lists(st.text()), st.randoms())
def test_a_seed_ignores_order(names, random):
    shuffled = random.sample(names, len(names))
    assert seed_of(names) == seed_of(shuffled)

"""A figure with its interval, the difference of two figures, and what is left of many differences after correction.

One customer's answers resemble each other, so a sample carries the number of answers that are worth as much as
independent ones (Kish 1965), and every interval rests on that. This module knows no table and no column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isnan, nan, sqrt
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np

from voc.intervals import LEVEL, Array, Interval, Z, mean_interval, median_interval, net_interval, student, wilson

FURTHEST = 8.0
"""Normal deviates beyond which a p-value is not told apart from 1e-15."""
HALVINGS = 24
"""Halvings of the search for a p-value: its normal deviate is right to 5e-7."""
ALLOWED = 1 - LEVEL
"""The rate of false discoveries up to which a figure among many holds."""


class Estimate(NamedTuple):
    """A figure and the ends of its 95 % interval; nan = there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Sample:
    """Answers without gaps; `size` is how many independent ones they are worth, `people` how many people gave them."""

    values: Array
    size: float
    people: int

    @classmethod
    def of(cls, values: Array, who: Array | None = None) -> Sample:
        """The given answers among `values` (nan = none) of the people `who` (any codes, one per value)."""
        given = ~np.isnan(values)
        if who is None:
            return cls(values[given], float(given.sum()), int(given.sum()))
        return cls(values[given], *effective_size(values[given], who[given]))


@dataclass(frozen=True)
class Kind:
    """How a sample becomes a figure: of `share` answers are 0 or 1, of `percent` 0 or 100, of `net` -100, 0 or 100."""

    name: Literal["share", "percent", "net", "mean", "median"]
    bounds: Interval = (-inf, inf)


SHARE = Kind("share", (0.0, 1.0))
PERCENT = Kind("percent", (0.0, 100.0))
NET = Kind("net", (-100.0, 100.0))
MEDIAN = Kind("median", (0.0, inf))


def effective_size(values: Array, who: Array) -> tuple[float, int]:
    """The number of independent answers that `values` are worth, and of the people who gave them.

    n over the design effect: the variance of the mean by people over that by answers, 1 at least. Where all answers
    agree, nothing tells how much people resemble themselves: then each counts once.
    """
    people, place = np.unique(who, return_inverse=True)
    n, known = values.size, people.size
    if known in (n, 0, 1):
        return float(known), known
    off = values - values.mean()
    alone = float(off @ off)
    if alone <= 1e-12 * max(1.0, float(np.abs(values).max()) ** 2):
        return float(known), known
    together = float((np.bincount(place, off) ** 2).sum()) * known / (known - 1)
    return n / max(1.0, together / (alone * n / (n - 1))), known


def estimate(sample: Sample, kind: Kind) -> Estimate:
    """The figure of a sample that is not empty, with its 95 % interval.

    Shares have Wilson's interval, NPS and its like the adjusted Wald interval of Rocks 2016, means Student's t, and
    medians order statistics.
    """
    if kind.name == "mean":
        ends = mean_interval(sample.values, bounds=kind.bounds, size=sample.size, freedom=sample.people - 1)
        return Estimate(float(sample.values.mean()), *ends)
    if kind.name == "median":
        return Estimate(float(np.median(sample.values)), *median_interval(sample.values, size=sample.size))
    return _at(sample, kind)(Z)


def _at(sample: Sample, kind: Kind) -> Callable[[float], Estimate]:
    """The estimate of a share or a net score as a function of the normal deviate of its interval."""
    value, size, top = float(sample.values.mean()), sample.size, kind.bounds[1]
    if kind.name == "net":
        up, down = float((sample.values == 100).mean()), float((sample.values == -100).mean())
        return lambda z: Estimate(value, *net_interval(up * size, down * size, size, z=z))
    return lambda z: Estimate(value, *(top * float(end) for end in wilson(value / top * size, size, z=z)))


class Difference(NamedTuple):
    """A difference, the ends of its 95 % interval, and the level at which the interval would touch 0 (p-value)."""

    value: float
    low: float
    high: float
    p_value: float


def difference(one: Sample, other: Sample, kind: Kind) -> Difference:
    """The figure of `one` minus that of `other`; both samples are not empty and share no person.

    Means: Welch 1947. Shares and net scores: from the intervals of both figures by the method of variance estimates
    recovery (Zou and Donner 2008), for shares method 10 of Newcombe 1998. Medians have no interval.
    """
    value = estimate(one, kind).value - estimate(other, kind).value
    if kind.name == "median":
        return Difference(value, nan, nan, nan)
    if kind.name == "mean":
        return _welch(value, _error(one, kind), _error(other, kind))
    return _recovered(_at(one, kind), _at(other, kind))


def against(sample: Sample, kind: Kind, target: float) -> Difference:
    """The figure minus a target, which is known exactly."""
    if kind.name == "mean":
        return _welch(estimate(sample, kind).value - target, _error(sample, kind), (0.0, inf))
    if kind.name == "median":
        return Difference(estimate(sample, kind).value - target, nan, nan, nan)
    return _recovered(_at(sample, kind), lambda _: Estimate(target, target, target))


def _error(sample: Sample, kind: Kind) -> tuple[float, float]:
    """Variance of the mean and its degrees of freedom; where all answers agree, that of their interval."""
    low, high = mean_interval(sample.values, bounds=kind.bounds, size=sample.size, freedom=sample.people - 1)
    spread = float(sample.values.var(ddof=1)) if sample.values.size > 1 else nan
    if spread <= 1e-18 * max(1.0, float(np.abs(sample.values).max()) ** 2):
        return ((high - low) / 2 / Z) ** 2, float(sample.people - 1)
    return spread / sample.size, float(sample.people - 1)


def _welch(value: float, one: tuple[float, float], other: tuple[float, float]) -> Difference:
    (first, free), (second, freer) = one, other
    error = sqrt(first + second) if first + second >= 0 else nan
    if isnan(error) or error == 0:
        return Difference(value, nan, nan, nan)
    freedom = error**4 / (first**2 / max(free, 1) + second**2 / max(freer, 1))
    margin = student(freedom) * error
    p_value = float(two_sided(np.array([value]), np.array([error]), np.array([freedom]))[0])
    return Difference(value, value - margin, value + margin, p_value)


def two_sided(values: Array, errors: Array, freedom: Array) -> Array:
    """Chance (n,) under Student's t of values at least as far from 0, given their standard errors; nan stays."""
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        return 2 * stdtr(np.maximum(freedom, 1), -np.abs(values) / errors)


def _recovered(one: Callable[[float], Estimate], other: Callable[[float], Estimate]) -> Difference:
    def ends(z: float) -> Interval:
        first, second = one(z), other(z)
        value = first.value - second.value
        below = sqrt((first.value - first.low) ** 2 + (second.high - second.value) ** 2)
        above = sqrt((first.high - first.value) ** 2 + (second.value - second.low) ** 2)
        return value - below, value + above

    value = one(Z).value - other(Z).value
    return Difference(value, *ends(Z), _p_value(ends) if value else 1.0)


def _p_value(ends: Callable[[float], Interval]) -> float:
    """Twice the tail beyond the normal deviate at which the interval begins to hold 0."""
    inside, outside = FURTHEST, 0.0
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        low, high = ends(middle)
        inside, outside = (middle, outside) if low <= 0 <= high else (inside, middle)
    return 2 * NormalDist().cdf(-inside)


def adjusted(p_values: Array, *, dependent: bool = False) -> Array:
    """p-values corrected for being many: the rate of false discoveries if all up to each one are believed; nan stays.

    Benjamini and Hochberg 1995; for figures that depend on each other in any way, Benjamini and Yekutieli 2001.
    """
    p_values = np.asarray(p_values, float)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    steps = np.arange(1, order.size + 1)
    factor = float((1 / steps).sum()) if dependent else 1.0
    raised = p_values[order] * order.size * factor / steps
    found = np.full(p_values.shape, nan)
    found[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1)
    return found

"""How sure a figure is: intervals of shares, means, medians and net scores, and the bootstrap that stages share.

Pure functions of numbers; each names its source, and its published example is a test. An interval is a pair (low, high)
that holds the true figure 95 times in 100. This module knows no table and no column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from math import comb, cos, nan, pi, sin, sqrt
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"
Interval: TypeAlias = tuple[float, float]

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
EXACT_MEDIAN = 1_000
"""Answers up to which the ranks of the median's interval are exact; beyond, the normal approximation is as good."""
ROUNDS_AT_ONCE = 32
"""Bootstrap rounds drawn together: more are no faster and take more memory (13 MB for 100,000 customers)."""


def wilson(successes: Any, n: Any, *, z: float = Z) -> tuple[Any, Any]:
    """Interval of a share, 0-1, of numbers or arrays; (0, 1) where n is 0. Wilson 1927; Newcombe 1998, method 3.

    >>> [round(float(end), 4) for end in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    successes, n = np.asarray(successes, float), np.asarray(n, float)
    size = np.maximum(n, 1e-12)
    share, slack = successes / size, z * z / size
    centre, spread = share + slack / 2, z * np.sqrt(share * (1 - share) / size + slack / (4 * size))
    low, high = (centre - spread) / (1 + slack), (centre + spread) / (1 + slack)
    return np.where(n > 0, np.clip(low, 0, 1), 0.0), np.where(n > 0, np.clip(high, 0, 1), 1.0)


def net_interval(favourable: float, adverse: float, n: float, *, z: float = Z) -> Interval:
    """Interval of the share of favourable minus the share of adverse answers, such as NPS, in points, -100 to 100.

    The adjusted Wald interval of Rocks 2016 (The American Statistician 70:4): three more answers, spread evenly over
    the three outcomes' two ends and middle (3/4, 3/2, 3/4), keep it honest for small and one-sided samples.
    """
    if n == 0:
        return nan, nan
    size = n + 3
    up, down = (favourable + 0.75) / size, (adverse + 0.75) / size
    net, error = up - down, sqrt((up + down - (up - down) ** 2) / size)
    return max(-100.0, 100 * (net - z * error)), min(100.0, 100 * (net + z * error))


def mean_interval(
    values: Array, *, bounds: Interval = (-np.inf, np.inf), size: float | None = None, freedom: float | None = None
) -> Interval:
    """Student's t interval of a mean, kept within the scale's bounds.

    `size` and `freedom` are the effective number of answers and the degrees of freedom where answers depend on each
    other. Where all answers agree, t would claim certainty: then Wilson's interval of the mean as a share of the scale
    is used, the widest that any spread on a bounded scale allows. Without bounds there is no interval then.
    """
    if values.size < 2:
        return nan, nan
    size = values.size if size is None else size
    mean, error = float(values.mean()), float(values.std(ddof=1)) / sqrt(size)
    if error < 1e-9 * max(1.0, abs(mean)):
        return _agreed(mean, size, bounds)
    margin = student(values.size - 1 if freedom is None else freedom) * error
    return max(bounds[0], mean - margin), min(bounds[1], mean + margin)


def _agreed(mean: float, n: float, bounds: Interval) -> Interval:
    low, high = bounds
    if not np.isfinite(high - low):
        return nan, nan
    below, above = wilson(n * (mean - low) / (high - low), n)
    return low + float(below) * (high - low), low + float(above) * (high - low)


def median_interval(values: Array, *, size: float | None = None) -> Interval:
    """The two order statistics that hold the true median in at least 95 % of samples, whatever the distribution.

    Hahn and Meeker 1991, section 5.2. Five answers or fewer cannot reach 95 %: there is no interval then. `size` is the
    effective number of answers where they depend on each other: the ranks then lie as far apart, as a share.
    """
    n = values.size
    rank = _median_rank(n) if size is None or size >= n else int(_median_rank(int(size)) * n / max(size, 1))
    if rank < 1:
        return nan, nan
    ordered = np.sort(values)
    return float(ordered[rank - 1]), float(ordered[-rank])


def _median_rank(n: int) -> int:
    """The highest rank, from 1, below which the median falls with a chance of 2.5 % at most; 0 = none."""
    if n > EXACT_MEDIAN:
        return int((n + 1 - Z * sqrt(n)) / 2)
    tail, allowed, rank = 0, (1 - LEVEL) / 2 * 2**n, 0
    while (tail := tail + comb(n, rank)) <= allowed:
        rank += 1
    return rank


def student(freedom: float) -> float:
    """The 97.5 % quantile of Student's t.

    Exact for 1 and 2 degrees of freedom; from 3 on the expansion 26.7.5 of Abramowitz and Stegun 1964, right to 0.2 %.

    >>> [round(student(n), 2) for n in (1, 2, 10, 30)]
    [12.71, 4.3, 2.23, 2.04]
    """
    if freedom <= 1:
        angle = pi * (1 - (1 - LEVEL) / 2 - 0.5)
        return sin(angle) / cos(angle)
    if freedom <= 2:
        return LEVEL * sqrt(2 / (1 - LEVEL**2))
    x, f = Z, freedom
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + sum(term / f ** (power + 1) for power, term in enumerate(terms))


def students(freedom: Array) -> Array:
    """`student` of every element; below one degree of freedom, one is taken."""
    distinct, where = np.unique(np.maximum(freedom, 1), return_inverse=True)
    return np.array([student(float(each)) for each in distinct])[where]


def bootstrap_sums(
    units: Array, columns: Array, amounts: Array, *, shape: tuple[int, int], rounds: int, seed: int
) -> Array:
    """Column sums (1 + rounds, columns): of the sample as it is, then of every round of the Bayesian bootstrap (Rubin
    1981).

    Unit `units[i]` holds `amounts[i]` in column `columns[i]`; `shape` is the number of units and columns. Weights have
    mean 1 and are exponential, so no unit ever vanishes and every ratio stays defined, however rare the theme; to first
    order the spread is that of drawing units with replacement. ROUNDS_AT_ONCE rounds are drawn and summed together.
    Single precision is enough for the rounds, of which only the spread is used; the first row is exact.
    """
    from scipy.sparse import csr_matrix

    held = csr_matrix((amounts.astype(np.float32), (columns, units)), shape=shape[::-1])
    generator = np.random.default_rng(seed)
    parts = [np.bincount(columns, amounts, shape[1])[None, :]]
    for start in range(0, rounds, ROUNDS_AT_ONCE):
        size = (shape[0], min(ROUNDS_AT_ONCE, rounds - start))
        weights = generator.standard_exponential(size, dtype=np.float32)
        parts.append((held @ weights).T.astype(float) / weights.mean(axis=0, dtype=float)[:, None])
    return np.concatenate(parts)


def seed_of(names: Iterable[str]) -> int:
    """A seed that depends on what is resampled and not on the order it came in.

    >>> seed_of(["b", "a"]) == seed_of(["a", "b"]) != seed_of(["a"])
    True
    """
    digest = hashlib.blake2b("\n".join(sorted(names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")

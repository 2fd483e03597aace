"""Which figures are worth a sentence: those that chance does not explain and that are large enough to matter.

With many answers any difference is beyond chance: "0.016 points lower" is true and useless. Both thresholds are parts
of the length of the figure's scale, so that one rule serves NPS, per cent and stars. It stands here once for
comparisons, drivers and the reasons of issues; tables always hold every figure.
"""

from __future__ import annotations

from math import isfinite

from voc.intervals import Interval

GROUPS = 0.025
"""Smallest difference between two groups that is told: 5 NPS points, 2.5 % satisfied, 0.1 of five stars. A change that
surveys of usual size can show and people act on; smaller ones stand in the table. Guarded by test_smallest."""
OVERALL = 0.005
"""Smallest part of the overall figure that a theme is said to go with: 1 NPS point, 0.5 % satisfied, 0.02 stars. One
theme of many moves the whole little, hence a fifth of GROUPS. Guarded by test_smallest."""
OPEN = 0.10
"""Smallest difference of figures without an upper end (hours, money), as a part of what it is compared with."""


def worth_telling(
    change: float, ends: Interval, *, bounds: Interval, least: float = GROUPS, usual: float = 0.0
) -> bool:
    """Whether the interval `ends` leaves out 0 and `change` is at least `least` of the scale's length.

    On scales without an end the change is measured by the `usual` figure, and OPEN is the least.

    >>> worth_telling(-0.016, (-0.02, -0.01), bounds=(1, 5), least=OVERALL)
    False
    """
    if not beyond_chance(ends):
        return False
    span = bounds[1] - bounds[0]
    return abs(change) >= least * span if isfinite(span) else abs(change) >= OPEN * abs(usual)


def beyond_chance(ends: Interval) -> bool:
    """Whether an interval is known and leaves out 0."""
    return ends[0] > 0 or ends[1] < 0

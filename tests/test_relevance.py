"""What is worth a sentence, and the sentences."""

from __future__ import annotations

import numpy as np
import pytest

from voc.relevance import OVERALL, worth_telling
from voc.statements import amount, association, comparison, ends, figure

NPS, STARS, OPEN = (-100.0, 100.0), (1.0, 5.0), (0.0, np.inf)
ROW = {
    "metric": "nps", "unit": "points", "value": 12.0, "value_against": 20.0, "difference": -8.0, "low": -15.0,
    "high": -1.0, "against": "the rest", "holds": True, "q_value": 0.01, "n": 120, "n_against": 1900.0,
}  # fmt: skip
DRIVER = {
    "score": "rating", "unit": "on 1-5", "n": 1234, "difference": -0.5, "low": -0.7, "high": -0.3,
    "contribution": -0.06, "contribution_low": -0.1, "contribution_high": -0.02, "q_value": 0.001, "holds": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "interval", "bounds", "least", "told"),
    [
        (-5.0, (-8, -2), NPS, {}, True),
        (-4.9, (-6, -4), NPS, {}, False),
        (-40.0, (-81, 1), NPS, {}, False),
        (0.1, (0.05, 0.15), STARS, {}, True),
        (0.09, (0.05, 0.12), STARS, {}, False),
        (-0.016, (-0.02, -0.01), STARS, {"least": OVERALL}, False),
        (-1.0, (-1.2, -0.8), NPS, {"least": OVERALL}, True),
        (2.0, (1, 3), OPEN, {"usual": 20.0}, True),
        (1.9, (1, 3), OPEN, {"usual": 20.0}, False),
        (50.0, (np.nan, np.nan), NPS, {}, False),
    ],
)
def test_smallest(change, interval, bounds, least, told):
    assert worth_telling(change, interval, bounds=bounds, **least) is told


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-0.3, "points", "0"),
        (1234.5, "money", "1,234"),
        (3.14, "hours", "3.1 h"),
        (0.5, "share", "50 %"),
        (41.2, "%", "41 %"),
    ],
)
def test_figures_are_written_as_people_write_them(value, unit, text):
    assert figure(value, unit) == text


@pytest.mark.parametrize(
    ("change", "unit", "text"),
    [(-1.0, "points", "1 point"), (0.02, "share", "2 percentage points"), (3, "hours", "3.0 hours")],
)
def test_amounts_say_what_they_count(change, unit, text):
    assert amount(change, unit) == text


@pytest.mark.parametrize(
    ("low", "high", "text"), [(1, 9, "1 to 9 more"), (-9, -1, "1 to 9 less"), (-4, 2, "4 less to 2 more")]
)
def test_intervals_in_words(low, high, text):
    assert ends(low, high, "points", more="more", less="less") == text


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "holds after correcting for 14 comparisons"),
        ({"holds": False, "high": 2.0}, "within chance"),
        ({"holds": False, "q_value": 0.2}, "does not hold after correcting for 14 comparisons"),
        ({"holds": False}, "too small to matter"),
    ],
)
def test_comparisons_in_one_sentence(changes, verdict):
    told = comparison(ROW | changes, subject="country Spain: ", many=14)
    assert told.startswith(
        "country Spain: NPS 8 points below the rest (12 against 20; 120 against 1,900 answers; 95 % interval "
    )
    assert told.endswith(f"; {verdict})")


def test_a_comparison_alone_and_one_that_is_level():
    assert comparison(ROW, subject="", many=1).endswith("; holds)")
    level = comparison(ROW | {"difference": 0.2, "holds": False, "high": 3.0}, subject="", many=2)
    assert level.startswith("NPS level with the rest (")


def test_associations_say_that_they_are_such():
    told = association(DRIVER, who="answers", many=60, moves=True)
    assert told == (
        "rating is 0.50 points lower among the 1,234 answers that mention it (95 % interval 0.30 to 0.70 lower; holds "
        "after correcting for 60 themes); overall it goes with 0.06 points less: an association, not a proven cause"
    )
    assert "too few mention it to move the overall rating" in association(DRIVER, who="answers", many=60, moves=False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"high": 0.1}, "within chance)"),
        ({"contribution_high": 0.01}, "within chance once the themes that come with it are counted"),
        ({"q_value": 0.3}, "does not hold after correcting"),
        ({"difference": np.nan}, "too few answers: 1,234 answers scored for rating mention it, or as few do not"),
    ],
)
def test_associations_that_are_none(changes, said):
    assert said in association(DRIVER | {"holds": False} | changes, who="answers", many=60, moves=False)

"""What a score means: scales, polarity, headline figures, once per response."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voc.scores import SCORES, Scale, customer_keys, easy, headline, parse_scale, responses, satisfied
from voc.tables import FEEDBACK

NOTHING = np.array([])


def feedback(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return FEEDBACK.check(pd.DataFrame({"feedback_id": [f"f{i}" for i in range(n)], "text": "words", **columns}))


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("1-5", Scale(1, 5, "high")),
        ("1–7 high is good", Scale(1, 7, "high")),
        ("1-5 low is good", Scale(1, 5, "low")),
        ("0 to 10", Scale(0, 10, "high")),
        ("", Scale(1, 5, "high")),
        (None, Scale(1, 5, "high")),
        ("5-5", Scale(1, 5, "high")),
    ],
)
def test_scales_are_read(text, scale):
    assert parse_scale(text, answers=NOTHING) == scale


@pytest.mark.parametrize(("top", "scale"), [(5, (1, 5)), (6, (1, 7)), (9, (0, 10)), (87, (0, 100)), (500, (1, 500))])
def test_an_unnamed_scale_is_the_first_usual_one_that_holds_every_answer(top, scale):
    found = parse_scale(None, answers=np.array([1.0, top]))
    assert (found.low, found.high) == scale


@pytest.mark.parametrize(
    ("scale", "good"),
    [
        (Scale(1, 5), {4, 5}),
        (Scale(1, 5, "low"), {1, 2}),
        (Scale(1, 7), {6, 7}),
        (Scale(1, 10), {9, 10}),
        (Scale(0, 10), {9, 10}),
        (Scale(1, 3), {3}),
        (Scale(0, 1), {1}),
        (Scale(0, 100), set(range(75, 101))),
    ],
)
def test_top_boxes(scale, good):
    answers = np.arange(scale.low, scale.high + 1)
    assert {int(each) for each in answers[satisfied(answers, scale)]} == good


@pytest.mark.parametrize(
    ("scale", "good"), [(Scale(1, 5), {4, 5}), (Scale(1, 7), {5, 6, 7}), (Scale(1, 5, "low"), {1, 2})]
)
def test_the_easy_side(scale, good):
    answers = np.arange(scale.low, scale.high + 1)
    assert {int(each) for each in answers[easy(answers, scale)]} == good


def test_nps_points_and_answers_off_the_scale():
    found = headline(feedback(nps=[10, 9, 8, 7, 6, 0, 11, None]), "nps")
    assert found.values[:6].tolist() == [100, 100, 0, 0, -100, -100]
    assert np.isnan(found.values[6:]).all()
    assert found.better == "high"


def test_effort_has_no_direction_unless_declared():
    assert headline(feedback(ces=[1, 7], ces_scale=["1-7", "1-7"]), "ces").better is None
    assert headline(feedback(ces=[1, 7], ces_scale=["1-7 low is good"] * 2), "ces").better == "low"


def test_satisfaction_points_always_count_upwards():
    found = headline(feedback(csat=[1, 5], csat_scale=["1-5 low is good"] * 2), "csat")
    assert found.values.tolist() == [100, 0]
    assert found.better == "high"


def test_several_scales_become_the_most_frequent_one():
    found = headline(feedback(rating=[1, 5, 3, 10, 1], rating_scale=["1-5", "1-5", "1-5", "1-10", "1-10"]), "rating")
    assert found.answers.tolist() == [1, 5, 3, 5, 1]


def test_opposite_scales_are_turned_and_undeclared_ones_left_out():
    scales = ["1-5 high is good", "1-5 high is good", "1-5 low is good", "1-5"]
    found = headline(feedback(ces=[5, 4, 1, 3], ces_scale=scales), "ces")
    assert found.answers[:3].tolist() == [5, 4, 5]
    assert np.isnan(found.answers[3])


@pytest.mark.parametrize("name", SCORES)
def test_a_score_nobody_gave_is_none(name):
    assert headline(feedback(**{name: [None, None]}), name) is None
    assert headline(FEEDBACK.empty(), name) is None


def test_answers_all_off_their_scale_are_none():
    assert headline(feedback(nps=[11, 99]), "nps") is None
    assert headline(feedback(rating=[9.0, 0.0], rating_scale=["1-5", "1-5"]), "rating") is None


def test_a_response_counts_once_with_its_first_given_values():
    rows = responses(
        feedback(
            response_id=["r1", "r1", "r2"], nps=[None, 9, 3],
            created_at=pd.to_datetime(["2025-01-02", "2025-01-01", "2025-01-03"], utc=True),
            resolved_at=pd.to_datetime(["2025-01-05", "2025-01-09", None], utc=True),
        )
    )  # fmt: skip
    assert rows["nps"].tolist() == [9, 3]
    assert rows["created_at"].dt.day.tolist() == [1, 3]
    assert rows["resolved_at"].dt.day.tolist()[0] == 9


def test_the_same_response_id_in_two_sources_is_two_responses():
    assert len(responses(feedback(response_id=["1", "1"], source=["a.csv", "b.csv"], nps=[1, 2]))) == 2


def test_previews_are_no_answers_but_rows_without_text_are():
    rows = responses(feedback(nps=[1, 2, 3], skip=["survey preview", "empty", None]))
    assert rows["nps"].tolist() == [2, 3]


def test_customers_are_who_speaks_else_the_response_else_the_row():
    rows = feedback(customer_id=["7", "7", None, None], response_id=["a", "b", "c", None])
    assert customer_keys(rows).nunique() == 3

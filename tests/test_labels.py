"""Labels of many spellings and languages, stars, scores and class names, read as three classes."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voc.labels import polarity, read_labels


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Negative", 0), ("NEG", 0), ("very_negative", 0), ("Très négatif", 0), ("negativo", 0), ("negatiivinen", 0),
        ("neigiamas", 0), ("schlecht", 0), ("zły", 0), ("отрицательный", 0), ("负面", 0), ("ネガティブ", 0),
        ("부정", 0), ("tiêu cực", 0), ("olumsuz", 0), ("👎", 0), ("Detractor", 0), ("complaint", 0),
        ("neutral", 1), ("Neutre", 1), ("neutru", 1), ("neitrāls", 1), ("нейтральный", 1), ("mixed", 1), ("中性", 1),
        ("trung tính", 1),
        ("positive", 2), ("pos", 2), ("sehr positiv", 2), ("pozytywny", 2), ("teigiamas", 2), ("gut", 2),
        ("положительный", 2),
        ("好评", 2), ("👍", 2), ("Promoter", 2), ("[Positive]", 2),
        ("banana", -1), ("", -1), ("unknown", -1), ("not negative", -1),
    ],
)  # fmt: skip
def test_words(label, expected):
    assert polarity(label) == expected


@pytest.mark.parametrize(
    ("labels", "classes", "scale"),
    [
        (["1", "2", "3", "4", "5"], [0, 0, 1, 2, 2], "stars 1-5 (3 is neutral)"),
        ([1.0, 3.0, 5.0, None], [0, 1, 2, -1], "stars 1-5 (3 is neutral)"),
        (["1 star", "3 stars", "5 Sterne"], [0, 1, 2], "stars 1-5 (3 is neutral)"),
        (["★☆☆☆☆", "★★★", "★★★★★"], [0, 1, 2], "stars 1-5 (3 is neutral)"),
        (["2/5", "3,5/5"], [0, 2], "stars 1-5 (3 is neutral)"),
        ([0, 4, 5, 6, 7, 10], [0, 0, 1, 1, 2, 2], "scores 0-10 (5 and 6 are neutral)"),
        (["3/10", "4/10"], [0, 0], "scores 0-10 (5 and 6 are neutral)"),
        ([-1, 0, 1], [0, 1, 2], "-1/0/1"),
        ([0, 1], [0, 2], "0/1"),
        (["good", "3 apples", "bad"], [2, -1, 0], "words"),
        ([0, 3, 5], [-1, -1, -1], "numbers"),
        ([10, 60, 100], [-1, -1, -1], "numbers"),
    ],
)
def test_scales(labels, classes, scale):
    found = read_labels(labels)
    assert found.classes.tolist() == classes
    assert found.scale == scale


def test_what_is_not_known_is_counted():
    found = read_labels(["pos", "spam", "spam", None, float("nan"), pd.NA, " ", "other"])
    assert found.missing == 4
    assert found.unknown == {"spam": 2, "other": 1}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.none(), st.text(max_size=8), st.floats(), st.integers()), max_size=6))
def test_any_cells_are_read(labels):
    found = read_labels(labels)
    assert len(found.classes) == len(labels)
    assert found.missing + sum(found.unknown.values()) + int((found.classes >= 0).sum()) == len(labels)

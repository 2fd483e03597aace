"""Drivers: right sums, honest intervals, overlapping and rare themes, no order of rows."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest

from voc.config import DriversConfig
from voc.drivers import Mentions, associate, attribute, driver_notes, shapley
from voc.estimates import adjusted
from voc.tables import CLAUSES, DRIVERS, FEEDBACK, THEMES

QUICK = DriversConfig(rounds=60)

# The data set "swiss" (Mosteller and Tukey 1977): correlations of Fertility, Agriculture, Examination, Education,
# Catholic and Infant.Mortality, and the LMG shares of Fertility that the R package relaimpo prints (Grömping 2006).
SWISS = np.array([
    [1.0, 0.3530792, -0.6458827, -0.6637889, 0.4636847, 0.4165560],
    [0.3530792, 1.0, -0.6865422, -0.6395225, 0.4010951, -0.0608586],
    [-0.6458827, -0.6865422, 1.0, 0.6984153, -0.5727418, -0.1140216],
    [-0.6637889, -0.6395225, 0.6984153, 1.0, -0.1538589, -0.0993218],
    [0.4636847, 0.4010951, -0.5727418, -0.1538589, 1.0, 0.1754959],
    [0.4165560, -0.0608586, -0.1140216, -0.0993218, 0.1754959, 1.0],
])  # fmt: skip
SWISS_LMG = [0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592]


def mentions_of(told: np.ndarray) -> Mentions:
    return Mentions(*np.nonzero(told))


def tables(
    told: np.ndarray, customers: list[str] | None = None, **scores: object
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Feedback, clauses and themes of a 0/1 matrix, comments by themes."""
    ids = [f"f{i:05d}" for i in range(len(told))]
    columns = {} if customers is None else {"customer_id": customers}
    feedback = FEEDBACK.check(pd.DataFrame({"feedback_id": ids, "text": "words", **columns, **scores}))
    rows = [
        {
            "clause_id": f"{ids[i]}-{theme}", "feedback_id": ids[i], "position": theme, "start": 0, "end": 5,
            "text": "words", "lang": "en", "theme_id": f"t{theme:02d}",
        }
        for i, theme in zip(*np.nonzero(told), strict=True)
    ]  # fmt: skip
    clauses = CLAUSES.check(pd.DataFrame(rows)) if rows else CLAUSES.empty()
    themes = pd.DataFrame({"theme_id": [f"t{j:02d}" for j in range(told.shape[1])], "label": "words"})
    return feedback, clauses, THEMES.check(themes)


def survey(seed: int, n: int = 400, *, harm: tuple[float, ...] = (2.0, 0.8, 0.0), pairs: bool = False):
    """Comments, of which two by each customer if `pairs`, and NPS answers that themes 0 and 1 lower."""
    generator = np.random.default_rng(seed)
    told = generator.random((n, 3)) < (0.15, 0.3, 0.1)
    if pairs:
        told[1::2] = np.where(generator.random((n // 2, 1)) < 0.7, told[::2], told[1::2])
    mood = generator.normal(size=n) + (np.repeat(generator.normal(size=n // 2), 2) if pairs else 0)
    nps = np.clip(np.round(8.5 + 1.5 * mood - told @ np.array(harm)), 0, 10)
    return told, nps


def brute_force(spread: np.ndarray, common: np.ndarray, share: np.ndarray, worth) -> np.ndarray:
    """Shapley values by their definition: over all coalitions, what a theme adds, weighted by orders."""
    themes = len(common)
    total = np.zeros(themes)
    for theme in range(themes):
        others = [each for each in range(themes) if each != theme]
        for size in range(themes):
            weight = factorial(size) * factorial(themes - size - 1) / factorial(themes)
            for coalition in combinations(others, size):
                total[theme] += weight * (worth([*coalition, theme]) - worth([*coalition]))
    return total


def moments(told: np.ndarray, values: np.ndarray):
    share = told.mean(axis=0)
    return np.cov(told.T.astype(float), bias=True), told.T @ (values - values.mean()) / len(values), share


def test_lmg_gives_the_published_shares():
    _, importance = shapley(SWISS[None, 1:, 1:], SWISS[None, 1:, 0], np.ones((1, 5)), orders=10)
    assert importance[0] == pytest.approx(SWISS_LMG, abs=2e-6)


@pytest.mark.parametrize("themes", [1, 2, 3, 5])
def test_shapley_is_the_brute_force_value_and_adds_up(themes):
    generator = np.random.default_rng(themes)
    told = generator.random((200, themes)) < np.linspace(0.5, 0.1, themes)
    told[:, -1] |= told[:, 0] & (generator.random(200) < 0.7)
    values = generator.normal(size=200) - told @ np.arange(1.0, themes + 1)
    spread, common, share = moments(told, values)
    spread = np.atleast_2d(spread)

    def points(coalition: list[int]) -> float:
        chosen = np.ix_(coalition, coalition)
        return float(share[coalition] @ np.linalg.solve(spread[chosen], common[coalition])) if coalition else 0.0

    def variance(coalition: list[int]) -> float:
        chosen = np.ix_(coalition, coalition)
        return float(common[coalition] @ np.linalg.solve(spread[chosen], common[coalition])) if coalition else 0.0

    found = shapley(spread[None], common[None], share[None], orders=10)
    for each, worth in zip(found, (points, variance), strict=True):
        assert each[0] == pytest.approx(brute_force(spread, common, share, worth), abs=1e-9)
        assert each[0].sum() == pytest.approx(worth([*range(themes)]), abs=1e-9)


def test_sampled_orders():
    """Nine overlapping themes: 1,000 orders come within 1 % of the largest value by brute force, and add up exactly."""
    generator = np.random.default_rng(4)
    topic = generator.random((500, 1))
    told = generator.random((500, 9)) < 0.1 + 0.4 * topic
    values = 40 * generator.normal(size=500) - told @ np.linspace(0, 40, 9)
    spread, common, share = moments(told, values)

    def points(coalition: list[int]) -> float:
        chosen = np.ix_(coalition, coalition)
        return float(share[coalition] @ np.linalg.solve(spread[chosen], common[coalition])) if coalition else 0.0

    exact = brute_force(spread, common, share, points)
    found, _ = shapley(spread[None], common[None], share[None], orders=1_000)
    assert np.abs(found[0] - exact).max() < 0.01 * np.abs(exact).max()
    assert found.sum() == pytest.approx(points([*range(9)]), abs=1e-9)


def test_figures_by_hand():
    """Ten answers, one theme: with it NPS -100, without it 50; the theme takes 150 x 0.2 = 30 points."""
    told = np.zeros((20, 1), bool)
    told[:4] = True
    nps = np.array([0] * 4 + [10] * 8 + [8] * 8)
    row = attribute(*tables(told, nps=nps), DriversConfig(min_answers=2, rounds=50)).iloc[0]
    assert row["n"] == 4
    assert row["difference"] == pytest.approx(-150)
    assert row["impact"] == pytest.approx(-30)
    assert row["contribution"] == pytest.approx(-30 * 3.2 / (3.2 + 0.5), abs=1e-4), "shrunk by half an answer"


def test_contributions_add_up_to_the_gap_to_a_response_without_themes():
    told, nps = survey(1, n=4_000, harm=(2.0, 0.8, 0.5))
    found = attribute(*tables(told, nps=nps), QUICK)
    points = 100.0 * (nps >= 9) - 100.0 * (nps <= 6)
    fitted = np.linalg.lstsq(np.column_stack([np.ones(len(told)), told]), points, rcond=None)[0]
    assert found["contribution"].sum() == pytest.approx(points.mean() - fitted[0], rel=0.01)
    assert 0 < found["importance"].sum() < 1


def test_intervals_hold_the_truth_95_times_in_100():
    """400 surveys of 200 customers with two answers each: within 2 points of 95 % (one standard error is 0.6, for the
    1,200 intervals of three themes). bench/figures.py looks at 1,000 surveys of each of four kinds."""
    told, nps = survey(0, n=400_000, pairs=True)
    points = 100.0 * (nps >= 9) - 100.0 * (nps <= 6)
    spread, common, share = moments(told, points)
    truth = {
        "": [points[told[:, j]].mean() - points[~told[:, j]].mean() for j in range(3)],
        "impact_": [points.mean() - points[~told[:, j]].mean() for j in range(3)],
        "contribution_": shapley(spread[None], common[None], share[None], orders=6)[0][0],
    }
    held = {name: [] for name in truth}
    customers = np.repeat(np.arange(200), 2).astype(str)
    for seed in range(1, 401):
        told, nps = survey(seed, pairs=True)
        found = associate(100.0 * (nps >= 9) - 100.0 * (nps <= 6), customers, mentions_of(told), 3, rounds=60)
        for name, values in truth.items():
            held[name].append((found[f"{name}low"] <= values) & (values <= found[f"{name}high"]))
    assert {name: np.mean(each) for name, each in held.items()} == pytest.approx(dict.fromkeys(truth, 0.95), abs=0.02)


def test_shuffled_scores_have_no_drivers():
    """Of 200 surveys with shuffled answers, 5 % of the intervals leave out 0 (one standard error is 0.9 points)."""
    told, nps = survey(5, n=300)
    generator = np.random.default_rng(0)
    customers = np.arange(300).astype(str)
    outside = []
    for _ in range(200):
        shuffled = generator.permutation(nps)
        found = associate(100.0 * (shuffled >= 9) - 100.0 * (shuffled <= 6), customers, mentions_of(told), 3, rounds=60)
        outside.append([
            (found["low"] > 0) | (found["high"] < 0),
            (found["impact_low"] > 0) | (found["impact_high"] < 0),
            (found["contribution_low"] > 0) | (found["contribution_high"] < 0),
        ])  # fmt: skip
    rate = np.mean(outside, axis=(0, 2))
    assert rate[:2] == pytest.approx([0.05, 0.05], abs=0.025)
    assert rate[2] <= 0.06


def test_of_many_themes_rarely_one_holds_by_chance():
    """200 surveys with shuffled answers and ten themes that overlap: in 5 % at most any theme holds (one standard
    error is 1.5 points); uncorrected, in more than a quarter of them one would."""
    generator = np.random.default_rng(3)
    topic = generator.random((400, 1))
    told = generator.random((400, 10)) < 0.05 + 0.2 * topic
    nps = np.clip(np.round(8.5 + 1.5 * generator.normal(size=400) - 2 * topic[:, 0]), 0, 10)
    points, customers = 100.0 * (nps >= 9) - 100.0 * (nps <= 6), np.arange(400).astype(str)
    least = {"corrected": [], "alone": []}
    for _ in range(200):
        found = associate(generator.permutation(points), customers, mentions_of(told), 10, rounds=40)
        p_values = found["p_value"].to_numpy(float)
        least["corrected"].append(adjusted(p_values).min())
        least["alone"].append(p_values.min())
    shares = {name: np.mean(np.array(each) <= 0.05) for name, each in least.items()}
    assert shares["corrected"] <= 0.05 + 0.015
    assert shares["alone"] > 0.25


def test_unanimous_theme():
    """Ten detractors out of ten still leave a wide interval."""
    told = np.zeros((200, 1), bool)
    told[:10] = True
    nps = np.where(told[:, 0], 0, np.arange(200) % 11)
    row = attribute(*tables(told, nps=nps), QUICK).iloc[0]
    assert row["high"] - row["low"] > 40


def test_twin_themes():
    """Two themes that always come together share what one alone would have."""
    told, nps = survey(2)
    twins = told[:, [0, 0, 1]]
    alone = attribute(*tables(told[:, :2], nps=nps), QUICK)
    found = attribute(*tables(twins, nps=nps), QUICK)
    assert found["contribution"].iloc[0] == pytest.approx(found["contribution"].iloc[1], rel=1e-6)
    assert found["contribution"].iloc[:2].sum() == pytest.approx(alone["contribution"].iloc[0], rel=0.02)
    assert found["impact"].iloc[0] == pytest.approx(alone["impact"].iloc[0], abs=1e-4), "leave-one-out counts it twice"


def test_everyone_mentions_a_theme():
    generator = np.random.default_rng(0)
    told = np.eye(3, dtype=bool)[generator.integers(0, 3, 300)]
    nps = np.where(told[:, 0], 3, 9) - generator.integers(0, 3, 300)
    found = attribute(*tables(told, nps=nps), QUICK)
    assert np.isfinite(found["contribution"].to_numpy(float)).all()
    assert found["contribution"].abs().max() < 200
    assert found["contribution"].idxmin() == 0


def test_rare_and_universal_themes_are_shown_without_figures():
    told, nps = survey(3)
    told[:, 2] = False
    told[:5, 2] = True
    told = np.column_stack([told, np.ones(len(told), bool)])
    found = attribute(*tables(told, nps=nps), QUICK).set_index("theme_id")
    assert found.loc["t02", "n"] == 5
    assert found.loc["t03", "n"] == len(told)
    assert found.loc[["t02", "t03"], ["difference", "impact", "contribution", "low"]].isna().all(axis=None)
    assert found.loc[["t00", "t01"], "contribution"].notna().all()


def test_a_harmful_theme_is_found_in_every_score_and_in_its_direction():
    told, nps = survey(6)
    stars = np.clip(nps // 2, 1, 5)
    effort = 6 - stars
    found = attribute(
        *tables(
            told, nps=nps, csat=stars, csat_scale="1-5", rating=stars, rating_scale="1-5", ces=effort,
            ces_scale="1-5 low is good",
        ), QUICK,
    )  # fmt: skip
    first = found[found["theme_id"] == "t00"].set_index("score")
    assert (first.loc[["nps", "csat", "rating"], "contribution_high"] < 0).all()
    assert first.loc["ces", "contribution_low"] > 0
    assert first["better"].to_dict() == {"nps": "high", "csat": "high", "ces": "low", "rating": "high"}


def test_effort_without_polarity_has_no_better_direction():
    told, nps = survey(6)
    found = attribute(*tables(told, ces=np.clip(nps, 1, 7), ces_scale="1-7"), QUICK)
    assert found["better"].isna().all()
    assert found["difference"].notna().all()


def test_customers_are_resampled_whole():
    """Everyone answering the same thing four times is no more certain than answering once."""
    told, nps = survey(7)
    once = attribute(*tables(told, nps=nps), QUICK)
    customers = [f"c{i}" for i in np.repeat(np.arange(len(told)), 4)]
    repeated = attribute(*tables(np.repeat(told, 4, axis=0), customers, nps=np.repeat(nps, 4)), QUICK)
    width, wider = (table["high"] - table["low"] for table in (once, repeated))
    assert (wider / width).to_numpy(float) == pytest.approx(1, abs=0.25)


def test_a_response_is_counted_once_however_many_comments_it_has():
    told, nps = survey(8)
    feedback, clauses, themes = tables(told, nps=nps)
    feedback["response_id"] = [f"r{i // 2:04d}" for i in range(len(told))]
    found = attribute(FEEDBACK.check(feedback), clauses, themes, QUICK)
    assert found["n"].tolist() == (told[::2] | told[1::2]).sum(axis=0).tolist()


def test_row_order_does_not_matter():
    told, nps = survey(9)
    customers = [f"c{i % 250}" for i in range(len(told))]
    feedback, clauses, themes = tables(told, customers, nps=nps)
    shuffled = [table.sample(frac=1, random_state=3) for table in (feedback, clauses, themes)]
    pd.testing.assert_frame_equal(attribute(feedback, clauses, themes, QUICK), attribute(*shuffled, QUICK))


@pytest.mark.parametrize("scores", [{}, {"nps": [None] * 400}, {"rating": [99] * 400, "rating_scale": ["1-5"] * 400}])
def test_no_score_no_drivers(scores):
    told, _ = survey(0)
    pd.testing.assert_frame_equal(attribute(*tables(told, **scores), QUICK), DRIVERS.empty())


def test_empty_in_empty_out():
    feedback, clauses, themes = tables(np.ones((1, 1), bool), nps=[1])
    for empty in (
        (FEEDBACK.empty(), CLAUSES.empty(), THEMES.empty()),
        (feedback, CLAUSES.empty(), themes),
        (feedback, clauses, THEMES.empty()),
        (feedback, clauses.assign(theme_id=pd.NA), themes),
    ):
        pd.testing.assert_frame_equal(attribute(*empty, QUICK), DRIVERS.empty())


@pytest.mark.parametrize(("n", "rounds"), [(1, 60), (2, 60), (40, 0), (40, 1)])
def test_little_of_anything(n, rounds):
    told = np.zeros((n, 1), bool)
    told[: max(n // 2, 1)] = True
    found = attribute(*tables(told, nps=np.full(n, 7)), DriversConfig(min_answers=1, rounds=rounds))
    assert found["n"].tolist() == [max(n // 2, 1)]
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == {
        name: column.dtype for name, column in DRIVERS.columns.items()
    }


def test_churn_is_a_score_of_customers():
    """Of 200 customers with two comments each half tell of the theme once: 60 % of them leave, of others 10 %."""
    told = np.zeros((400, 1), bool)
    told[:200:2] = True
    customers = np.repeat([f"c{i:03d}" for i in range(200)], 2).tolist()
    left = np.repeat([i < 60 or 100 <= i < 110 for i in range(200)], 2)
    row = attribute(*tables(told, customers, churned=left), QUICK).iloc[0]
    assert row[["score", "n", "better", "unit"]].tolist() == ["churn", 100, "low", "%"]
    assert row["difference"] == pytest.approx(50)
    assert row["impact"] == pytest.approx(25)
    assert row["holds"]
    assert "among the 100 customers that mention it" in row["told"]


def test_dates_of_leaving_are_churn_too_and_nobody_lost_is_none():
    told, _ = survey(0)
    left = pd.Series(pd.to_datetime(["2026-01-05", None] * 200, utc=True))
    assert set(attribute(*tables(told, churned_at=left), QUICK)["score"]) == {"churn"}
    pd.testing.assert_frame_equal(attribute(*tables(told, churned=[False] * 400), QUICK), DRIVERS.empty())


def test_what_holds_is_sure_and_large():
    told, nps = survey(1, n=4_000, harm=(2.0, 0.8, 0.0))
    found = attribute(*tables(told, nps=nps), QUICK).set_index("theme_id")
    assert found["holds"].to_dict() == {"t00": True, "t01": True, "t02": False}
    assert (found["q_value"] >= found["p_value"]).all()
    assert found.loc["t00", "told"].endswith("an association, not a proven cause")
    rating = 3 + 0.04 * told[:, 0] + 0.001 * np.arange(4_000)[::-1] / 4_000
    tiny = attribute(*tables(told[:, :1], rating=rating, rating_scale="1-5"), QUICK).iloc[0]
    assert tiny["q_value"] < 0.05
    assert not tiny["holds"], "four hundredths of a star, however sure"


def test_overlap_is_the_share_that_mentions_another_theme_too():
    told = np.zeros((40, 2), bool)
    told[:20, 0] = True
    told[15:25, 1] = True
    found = attribute(*tables(told, nps=[3, 9] * 20), QUICK)
    assert found["overlap"].tolist() == pytest.approx([0.25, 0.5])


def test_too_few_and_blank_scores_are_said():
    told, nps = survey(3)
    told[:, 2] = False
    told[:5, 2] = True
    feedback, clauses, themes = tables(told, nps=nps, csat=pd.array([pd.NA] * 400, dtype="Float32"))
    found = attribute(feedback, clauses, themes, QUICK)
    assert found.set_index("theme_id").loc["t02", "told"].startswith("too few answers: 5 answers scored for NPS")
    said = [(note.text, note.count) for note in driver_notes(feedback, found, QUICK)]
    assert said[0][0] == "nobody filled in CSAT: no theme is held against it"
    assert said[1] == ("NPS: themes without a driver figure: fewer than 10 scored answers mention them, or do not", 1)
    bare = feedback.drop(columns=["nps", "csat"])
    (none,) = driver_notes(bare, attribute(bare, clauses, themes, QUICK), QUICK)
    assert none.text == "no score to hold themes against: no NPS, CSAT, CES, rating or churn"


def test_silent_answers_are_told():
    told, _ = survey(3)
    told[200:] = False
    feedback, clauses, themes = tables(told, nps=[2, 8] * 100 + [10] * 200)
    found = attribute(feedback, clauses, themes, QUICK)
    assert driver_notes(feedback, found, QUICK) == []
    silent = feedback.assign(skip=pd.array([pd.NA] * 200 + ["empty"] * 200, dtype="string"))
    (note,) = driver_notes(silent, found, QUICK)
    assert note.text == "answers without a comment (NPS 100, against −50 with one) count as telling of no theme"
    assert note.count == 200
    few = feedback.assign(skip=pd.array([pd.NA] * 390 + ["empty"] * 10, dtype="string"))
    assert driver_notes(few, found, QUICK) == []

"""Counts out of the ordinary: bursts are found, noise and waves of a survey are not; the range holds what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voc.anomalies import STRAY, UNBIASED, expectation, find_anomalies, judged, spreads
from voc.config import AnomaliesConfig, MetricsConfig
from voc.errors import ConfigError
from voc.habits import PASTED
from voc.tables import ANOMALIES, CLAUSES, FEEDBACK, ISSUES, TIME

MONDAY = pd.Timestamp("2025-01-06", tz="UTC")
WEEKLY = MetricsConfig(period="week")
USUAL = AnomaliesConfig()


def tables(
    counts: dict[str, list[int]], totals: list[int], **columns
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """`counts` comments a week that tell of each theme, of `totals` a week; `columns`: functions of (week, number)."""
    comments, clauses = [], []
    for week, total in enumerate(totals):
        themes = [theme for theme, each in counts.items() for _ in range(each[week])]
        for number in range(total):
            key = f"f{week:03d}-{number:03d}"
            day = MONDAY + pd.Timedelta(days=7 * week + number % 7)
            row = {"feedback_id": key, "text": f"words {key}", "created_at": day}
            comments.append(row | {name: make(week, number) for name, make in columns.items()})
            if number < len(themes):
                clauses.append({
                    "clause_id": f"{key}-0", "feedback_id": key, "position": 0, "start": 0, "end": 5, "lang": "en",
                    "text": f"about {themes[number]} in week {week}", "theme_id": themes[number], "severity": 0.4,
                })  # fmt: skip
    issues = [{"rank": n, "theme_id": theme, "label": f"label of {theme}"} for n, theme in enumerate(counts, 1)]
    return (
        FEEDBACK.check(pd.DataFrame(comments)),
        CLAUSES.check(pd.DataFrame(clauses)),
        ISSUES.check(pd.DataFrame(issues)),
    )


def found(counts, totals, config=USUAL, metrics=WEEKLY, **columns) -> pd.DataFrame:
    return find_anomalies(*tables(counts, totals, **columns), config, metrics)


def test_a_burst_is_found_with_its_range_and_quote():
    late = [4, 6, 5, 5, 4, 6, 5, 4, 6, 5, 5, 25]
    table = found({"late": late, "app": [5] * 12}, [100] * 12)
    assert len(table) == 1
    row = table.iloc[0]
    assert row[["theme_id", "label", "direction", "observed", "n"]].tolist() == [
        "late",
        "label of late",
        "more",
        25,
        100,
    ]
    assert row["expected"] == pytest.approx(5, abs=0.2)
    assert row["low"] < 5 < row["high"] < 25
    assert row["period_start"] == MONDAY + pd.Timedelta(weeks=11)
    assert row["quote"] == "about late in week 11"
    assert row["q_value"] < 0.001


def test_silence_is_found_too():
    table = found({"late": [20] * 11 + [2]}, [100] * 12)
    assert table["direction"].tolist() == ["fewer"]
    assert pd.isna(table["quote"].iloc[0])


def test_a_wave_of_the_survey_is_no_anomaly():
    """Four times as many comments in the last week, four times as many of the theme."""
    assert found({"late": [5] * 11 + [20]}, [100] * 11 + [400]).empty


def test_what_was_never_told_can_be_an_anomaly():
    table = found({"fire": [0] * 11 + [9]}, [100] * 12)
    assert table["theme_id"].tolist() == ["fire"]
    assert table["expected"].iloc[0] < 0.1


def test_a_handful_is_no_anomaly():
    assert found({"fire": [0] * 11 + [4]}, [100] * 12).empty


def test_only_lately():
    assert found({"late": [5] * 8 + [30] + [5] * 10}, [100] * 19).empty


def test_too_short_a_past():
    assert found({"late": [5, 5, 5, 40]}, [100] * 4).empty


def test_a_segment_of_its_own():
    """A theme moves from one channel to the other; of both together it is told as often as ever."""
    web = [3] * 11 + [18]
    table = found(
        {"late": [20] * 12}, [200] * 12,
        channel=lambda week, number: "web" if number < web[week] or number >= 120 else "mail",
    )  # fmt: skip
    moved = {("web", "more", 18), ("mail", "fewer", 2)}
    assert set(table[["segment", "direction", "observed"]].itertuples(index=False, name=None)) == moved
    assert table["by"].eq("channel").all()


def test_a_segment_of_nearly_everybody_is_told_once():
    table = found({"late": [5] * 11 + [30]}, [100] * 12, lang=lambda week, number: "en" if number < 95 else "de")
    assert table["by"].tolist() == ["all"]


@pytest.mark.parametrize("mark", ["duplicate of x", PASTED])
def test_copies_are_a_matter_of_integrity(mark: str):
    doubt = {"suspect": lambda week, number: mark if week == 11 and number < 25 else None}
    assert found({"late": [5] * 11 + [30]}, [100] * 12, **doubt).empty


def test_the_expected_range_by_hand():
    """Ten of a hundred in each of four weeks, two hundred comments now: 20; binomial, and 200 / 400 of it for doubt."""
    seen, totals = np.array([[10.0, 10, 10, 10]]), np.full(4, 100.0)
    mean, variance = expectation(seen, totals, 200.0)
    share = 40.5 / 401
    assert mean[0] == pytest.approx(200 * share)
    assert variance[0] == pytest.approx(200 * share * (1 - share) * (1 + 200 / 400))


def test_the_spread_of_the_past_widens_the_range():
    calm, wild = np.array([[10.0] * 12]), np.array([[2.0, 18.0] * 6])
    totals = np.full(12, 100.0)
    means, variances = zip(*(expectation(each, totals, 100.0) for each in (calm, wild)), strict=True)
    assert means[0] == means[1]
    assert variances[1][0] > 2 * variances[0][0]


def simulated(
    generator: np.random.Generator,
    themes: int = 30,
    weeks: int = 26,
    *,
    spread: float = 1.0,
    calm: float = 0.0,
    outbreak: float = 1.0,
) -> pd.DataFrame:
    """The counts of the last four weeks of a file in which nothing changes, with what is expected.

    Counts vary `spread` times as much as chance makes them, those of a share `calm` of the themes as chance makes them.
    In the last week the first theme, usually one comment of ten, is told `outbreak` times as often.
    """  # fmt: skip
    totals = generator.poisson(80, weeks).astype(float)
    share = generator.choice([0.005, 0.02, 0.1], themes)[:, None]
    share[0] = share[0] if outbreak == 1 else 0.1
    mean = share * totals * np.ones((themes, 1))
    mean[0, -1] *= outbreak
    beyond = np.where(generator.random(themes) < calm, 0.0, spread - 1)[:, None] + 1e-6
    seen = generator.poisson(generator.gamma(mean / beyond, beyond)).astype(float)
    cells = []
    for at in range(weeks - 4, weeks):
        mean, variance = expectation(seen[:, :at], totals[:at], totals[at])
        cells.append(pd.DataFrame({"theme": range(themes), "week": at, "expected": mean, "variance": variance,
                                   "observed": seen[:, at]}))  # fmt: skip
    return pd.concat(cells, ignore_index=True)


@pytest.mark.parametrize(
    ("spread", "calm", "most"),
    [(1.0, 0.0, 16), (2.0, 0.0, 16), (4.0, 0.0, 16), (3.0, 0.5, 18)],
    ids=["plain chance", "twice", "four times", "every other theme thrice"],
)
def test_false_alarms_are_rare(spread: float, calm: float, most: int):
    """At most 10 in 100 files in which nothing changes raise an alarm; 16 of 80 would happen once in 200 runs.

    Where every other theme comes in bursts a little more is known and allowed.
    """
    alarms = [
        (judged(simulated(np.random.default_rng(seed), spread=spread, calm=calm))["q_value"] <= 0.1).any()
        for seed in range(80)
    ]
    assert sum(alarms) < most


@pytest.mark.parametrize(("spread", "outbreak", "least"), [(1.0, 4.0, 38), (2.0, 5.0, 32)])
def test_an_outbreak_is_heard_through_the_noise(spread: float, outbreak: float, least: int):
    """What is told four or five times as often as usual is found in most of 40 files."""
    heard = 0
    for seed in range(40):
        told = judged(simulated(np.random.default_rng(seed), spread=spread, outbreak=outbreak))
        heard += bool((told.query("theme == 0 and week == 25")["q_value"] <= 0.1).any())
    assert heard >= least


def test_an_outbreak_in_the_past_hides_none_now():
    calm = [10.0, 12, 9, 11, 8, 10, 13, 9, 10, 11, 12, 9]
    burst = [*calm[:5], 60.0, *calm[6:]]
    squares = [np.square(np.array([each]) - 10.0) / 10 for each in (calm, burst)]
    usual = np.full((1, 12), 10.0)
    assert spreads(squares[0], usual)[0] == 1.0
    assert spreads(squares[1], usual)[0] < 2.0
    assert squares[1].mean() > 20


def test_the_cut_is_made_good():
    """Squares of plain chance have a spread of one, those of twice the spread of two, cut or not."""
    deviates = np.random.default_rng(0).standard_normal((1, 200_000)) ** 2
    assert np.minimum(deviates, STRAY).mean() / UNBIASED == pytest.approx(1.0, abs=0.01)
    assert spreads(2 * deviates, np.full(deviates.shape, 5.0))[0] == pytest.approx(2.0, abs=0.03)


def test_the_range_holds_its_share():
    """Of 95 in 100 ranges at least 93 hold the next count; discrete ones hold a little more."""
    inside = [
        judged(cells)[["observed", "low", "high"]].eval("low <= observed and observed <= high").mean()
        for cells in (simulated(np.random.default_rng(seed), themes=60) for seed in range(10))
        for cells in [cells[cells["expected"] >= 5]]
    ]
    assert 0.93 <= np.mean(inside) <= 0.995


def test_row_order_does_not_matter():
    feedback, clauses, issues = tables({"late": [5] * 11 + [25], "app": [9] * 12}, [100] * 12)
    once = find_anomalies(feedback, clauses, issues, AnomaliesConfig(), WEEKLY)
    shuffled = [table.sample(frac=1, random_state=2) for table in (feedback, clauses, issues)]
    pd.testing.assert_frame_equal(find_anomalies(*shuffled, AnomaliesConfig(), WEEKLY), once)


def test_without_dates_or_issues_there_is_nothing():
    feedback, clauses, issues = tables({"late": [5] * 12}, [20] * 12)
    for one, other, last in (
        (FEEDBACK.empty(), clauses, issues),
        (feedback.drop(columns="created_at"), clauses, issues),
        (feedback.assign(created_at=pd.Series(pd.NaT, feedback.index, dtype=TIME)), clauses, issues),
        (feedback, CLAUSES.empty(), issues),
        (feedback, clauses, ISSUES.empty()),
    ):
        pd.testing.assert_frame_equal(find_anomalies(one, other, last, AnomaliesConfig(), WEEKLY), ANOMALIES.empty())
    assert find_anomalies(feedback, clauses, issues, AnomaliesConfig(), MetricsConfig(period="none")).empty


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0])
def test_an_impossible_rate_is_an_error(rate):
    with pytest.raises(ConfigError, match="false_alarms"):
        found({"late": [5] * 12}, [20] * 12, AnomaliesConfig(rate))


def test_dtypes():
    table = found({"late": [5] * 11 + [30]}, [100] * 12)
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {
        name: column.dtype for name, column in ANOMALIES.columns.items()
    }

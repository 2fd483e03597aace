"""Comparisons: the right rows on both sides, few false discoveries among many, and one plain sentence each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voc.comparisons import compare
from voc.config import ComparisonsConfig, MetricsConfig
from voc.errors import ConfigError
from voc.groups import complete_until
from voc.metrics import measure
from voc.tables import COMPARISONS, FEEDBACK

NONE = ComparisonsConfig()


def survey(seed: int = 0, n: int = 900, *, worse: float = 0.0, **columns) -> pd.DataFrame:
    """NPS answers of three countries over six months; Spain's are `worse` points lower on 0-10."""
    generator = np.random.default_rng(seed)
    country = generator.choice(["Spain", "Italy", "France"], n, p=[0.2, 0.5, 0.3])
    mood = generator.normal(7.5, 2.2, n) - worse * (country == "Spain")
    frame = {
        "feedback_id": [f"f{i:05d}" for i in range(n)], "text": "words", "country": country,
        "nps": np.clip(np.round(mood), 0, 10), "label": generator.choice(["positive", "negative"], n),
        "created_at": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(generator.uniform(0, 181, n), unit="D"),
    }  # fmt: skip
    return FEEDBACK.check(pd.DataFrame(frame | columns))


def by_country(**settings) -> MetricsConfig:
    return MetricsConfig(by=("country",), **{"period": "month"} | settings)


def one(table: pd.DataFrame, **values: str) -> pd.Series:
    rows = table[np.logical_and.reduce([table[name].eq(value) for name, value in values.items()])]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_segment_is_held_against_the_rest():
    frame = survey(worse=2.0)
    row = one(compare(frame, by_country(), NONE), kind="rest", segment="Spain", metric="nps")
    points = 100.0 * (frame["nps"] >= 9) - 100.0 * (frame["nps"] <= 6)
    inside = frame["country"] == "Spain"
    assert row[["n", "n_against"]].tolist() == [inside.sum(), (~inside).sum()]
    assert row["difference"] == pytest.approx(points[inside].mean() - points[~inside].mean(), abs=1e-4)
    assert row["low"] < row["difference"] < row["high"] < 0
    assert row["holds"]
    assert row["q_value"] >= row["p_value"]


def test_the_sentence_says_it_all():
    row = one(compare(survey(worse=2.0), by_country(), NONE), kind="rest", segment="Spain", metric="nps")
    value, other, change, low, high = (
        f"{row[name]:.0f}" for name in ("value", "value_against", "difference", "low", "high")
    )
    assert row["told"].replace("−", "-") == (
        f"country Spain: NPS {change[1:]} points below the rest ({value} against {other}; {row['n']} against "
        f"{row['n_against']} answers; 95 % interval {high[1:]} to {low[1:]} below; holds "
        "after correcting for 6 comparisons)"
    )


def test_of_two_segments_one_comparison_is_made():
    frame = survey(country=["a", "a", "b"] * 300)
    table = compare(frame, by_country(), NONE).query("kind == 'rest' and metric == 'nps'")
    assert table[["segment", "against"]].to_numpy().tolist() == [["b", "a"]]


def test_figures_are_those_of_the_metrics():
    """What a comparison holds against each other stands in metrics.csv."""
    frame = survey()
    table, metrics = compare(frame, by_country(), NONE), measure(frame, by_country())
    months = metrics[(metrics["metric"] == "nps") & metrics["period_start"].notna()].set_index("period_start")["value"]
    row = one(table, kind="previous", by="all", metric="nps")
    assert row["value"] == months[row["period_start"]] == months.iloc[-1]
    assert row["value_against"] == months.iloc[-2]
    assert row["against"] == f"{months.index[-2]:%Y-%m}"
    spain = metrics.query("metric == 'nps' and segment == 'Spain'")["value"].item()
    assert one(table, kind="rest", segment="Spain", metric="nps")["value"] == spain


def test_the_newest_period_with_enough_answers_counts():
    """June has three answers: May is held against April."""
    frame = survey()
    late = frame["created_at"] >= "2026-06-01"
    frame = frame[~late | (late.cumsum() <= 3)]
    row = one(compare(frame, by_country(), NONE), kind="previous", by="all", metric="nps")
    assert f"{row['period_start']:%Y-%m}" == "2026-05"
    assert row["told"].startswith("2026-05: NPS ")


def test_only_periods_that_are_over_are_compared():
    """Twenty days of June are no month: May is held against April, overall and in the segments."""
    frame = survey()
    frame = frame[frame["created_at"] < "2026-06-20"]
    rows = compare(frame, by_country(), NONE).query("kind == 'previous'")
    assert {f"{start:%Y-%m}" for start in rows["period_start"]} == {"2026-05"}
    assert set(rows["against"]) == {"2026-04"}


@pytest.mark.parametrize(
    ("until", "newest"),
    [("2026-06-28T08:00", "2026-06-22"), ("2026-06-27T23:59", "2026-06-15"), ("2026-06-29T01:00", "2026-06-22")],
)
def test_a_week_is_over_on_its_sunday(until: str, newest: str):
    moments = pd.Series(pd.date_range("2026-01-01", until, freq="h", tz="UTC"))
    assert complete_until(moments, "W-SUN") == pd.Timestamp(newest, tz="UTC")


def test_a_day_with_times_is_over_once_there_is_a_later_one():
    days = pd.Series(pd.date_range("2026-06-01", "2026-06-28", tz="UTC"))
    assert complete_until(days, "D") == days.iloc[-1]
    assert complete_until(days + pd.Timedelta(hours=9), "D") == days.iloc[-2]


@pytest.mark.parametrize("days", [[], ["2026-06-10"], [None]])
def test_no_period_may_be_over(days: list[str | None]):
    assert complete_until(pd.Series(pd.to_datetime(days, utc=True)), "M") is None


def test_churn_of_a_month_that_is_not_over():
    left = [*["2026-05-05"] * 10, *["2026-06-05"] * 30, *[None] * 60]
    frame = survey(n=100, customer_id=[f"c{i}" for i in range(100)], churned_at=pd.to_datetime(left, utc=True))
    frame["created_at"] = frame["created_at"].clip(upper=pd.Timestamp("2026-06-10", tz="UTC"))
    row = one(compare(frame, MetricsConfig(period="month"), NONE), kind="previous", metric="churn_rate")
    assert row["told"].startswith("2026-05: churn rate")


def test_before_and_after_a_day():
    frame = survey()
    config = ComparisonsConfig(baseline="2026-04-01")
    row = one(compare(frame, by_country(), config), kind="baseline", by="all", metric="nps")
    assert row["n"] == (frame["created_at"] >= "2026-04-01").sum()
    assert row["n"] + row["n_against"] == len(frame)
    assert row["told"].startswith("since 2026-04-01: NPS ")
    assert "the time before 2026-04-01" in row["told"]


def test_against_targets():
    table = compare(survey(), MetricsConfig(), ComparisonsConfig(targets=("nps=60", "csat=80")))
    row = one(table, kind="target", metric="nps")
    assert row["value_against"] == 60
    assert pd.isna(row["n_against"])
    assert row["holds"]
    assert "below the target of 60" in row["told"]
    assert "csat" not in set(table["metric"]), "nobody gave a CSAT"


def test_nothing_but_a_target():
    """A file without dates and segments, where no comparison has answers on its other side."""
    frame = survey()[["feedback_id", "text", "nps"]]
    table = compare(frame, MetricsConfig(), ComparisonsConfig(targets=("nps=40",)))
    assert table["kind"].tolist() == ["target"]
    assert "below the target of 40" in table["told"].iloc[0]
    assert "against 900 answers" not in table["told"].iloc[0]


def test_a_target_is_told_in_its_unit():
    left = pd.to_datetime([*["2026-01-05"] * 10, *[None] * 90], utc=True)
    frame = survey(n=100, customer_id=[f"c{i}" for i in range(100)], churned_at=left)
    table = compare(frame, MetricsConfig(), ComparisonsConfig(targets=("churn_rate=0.055",)))
    told = one(table, kind="target", metric="churn_rate")["told"]
    assert "above the target of 5.5 % (10 % against" in told


def test_a_target_beyond_the_scale_of_this_file():
    with pytest.raises(ConfigError, match=r"rating=90 lies outside its scale, 1 to 5"):
        compare(survey(rating=[1, 3, 5] * 300), MetricsConfig(), ComparisonsConfig(targets=("rating=90",)))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (ComparisonsConfig(targets=("npz=3",)), "did you mean 'nps'"),
        (ComparisonsConfig(targets=("nps=high",)), "is not written like nps=40"),
        (ComparisonsConfig(targets=("churn_rate=5",)), "outside its scale, 0 to 1; 5 % is churn_rate=0.05"),
        (ComparisonsConfig(targets=("nps=-101",)), "outside its scale, -100 to 100"),
        (ComparisonsConfig(baseline="May"), "is not a day"),
    ],
)
def test_settings_that_make_no_sense(config, message):
    with pytest.raises(ConfigError, match=message):
        compare(survey(), MetricsConfig(), config)


def test_few_answers_are_not_compared():
    frame = survey(country=["big"] * 891 + ["small"] * 9)
    assert compare(frame, by_country(), NONE).query("kind == 'rest'").empty


def test_a_column_without_news_is_left_out():
    """A segment that is nearly everybody says the same as everybody over time; an unknown language is no language."""
    frame = survey(country=["big"] * 850 + ["small"] * 50, lang=["en"] * 500 + ["und"] * 400)
    table = compare(frame, by_country(), NONE)
    assert set(table.query("kind == 'previous'")["segment"]) <= {"all", "small", "en"}
    assert "und" not in set(table["segment"])


def test_tiny_differences_hold_nothing():
    """NPS 6 points apart of 100,000 answers is worth telling, 1 point is not, however sure."""
    for hits, told in ((2_000, False), (12_000, True)):
        nps = np.r_[np.repeat([10, 0], [50_000, 50_000]), np.repeat([10, 0], [50_000 + hits // 4, 50_000 - hits // 4])]
        frame = FEEDBACK.check(pd.DataFrame({
            "feedback_id": np.arange(200_000).astype(str), "text": "words", "nps": nps,
            "country": np.repeat(["a", "b"], 100_000),
        }))  # fmt: skip
        row = compare(frame, by_country(), NONE).query("kind == 'rest' and metric == 'nps'").iloc[0]
        assert row["q_value"] < 0.05
        assert row["holds"] == told
        assert told or "too small to matter" in row["told"]


def test_segments_drawn_by_lot_rarely_hold():
    """200 surveys with seven segments drawn by lot, two figures each: in 5 % at most anything holds (one standard
    error is 1.5 points), although segments and figures depend on each other; uncorrected, in a third."""
    generator = np.random.default_rng(1)
    found = {"bh": 0, "none": 0}
    frame = survey(n=250)
    for _ in range(200):
        drawn = frame.assign(country=generator.integers(0, 7, len(frame)).astype(str))
        table = compare(drawn, by_country(period="none"), NONE)
        found["bh"] += bool(table["q_value"].min() <= 0.05)
        found["none"] += bool(table["p_value"].min() <= 0.05)
    assert found["bh"] / 200 <= 0.05 + 0.015
    assert found["none"] / 200 > 0.25


def test_churn_is_compared_with_the_period_before():
    left = [*["2026-01-05"] * 10, *["2026-02-05"] * 30, *[None] * 60]
    frame = survey(n=100, customer_id=[f"c{i}" for i in range(100)], churned_at=pd.to_datetime(left, utc=True))
    row = one(compare(frame, MetricsConfig(period="month"), NONE), kind="previous", metric="churn_rate")
    assert row[["n", "n_against"]].tolist() == [90, 100]
    assert row["difference"] == pytest.approx(30 / 90 - 0.1, abs=1e-4)
    assert row["told"].startswith("2026-02: churn rate 23 percentage points above 2026-01 (33 % against 10 %")


@pytest.mark.parametrize("correction", ["bh", "by", "none"])
def test_corrections(correction):
    table = compare(survey(), by_country(), ComparisonsConfig(correction=correction)).query("kind == 'rest'")
    p, q = (table[name].to_numpy(float) for name in ("p_value", "q_value"))
    assert (q >= p - 1e-6).all()
    assert (q == p).all() == (correction == "none")


def test_row_order_does_not_matter():
    frame = survey()
    shuffled = frame.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(compare(frame, by_country(), NONE), compare(shuffled, by_country(), NONE))


def test_empty_in_empty_out():
    for frame in (FEEDBACK.empty(), FEEDBACK.empty()[["feedback_id", "text"]]):
        pd.testing.assert_frame_equal(compare(frame, MetricsConfig(), NONE), COMPARISONS.empty())
    alone = compare(survey(n=1), MetricsConfig(), ComparisonsConfig(baseline="2026-01-01", targets=("nps=3",)))
    assert {name: str(dtype) for name, dtype in alone.dtypes.items()} == {
        name: column.dtype for name, column in COMPARISONS.columns.items()
    }
    assert alone.empty

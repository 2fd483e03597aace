"""The survey figures: right, explained, once per response, and silent where answers are few."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figures_fixture import LOOSE, feedback, overall

from voc.config import MetricsConfig
from voc.errors import ConfigError
from voc.groups import MOST_SEGMENTS
from voc.metrics import measure
from voc.tables import FEEDBACK, METRICS

FIGURES = ["n", "value", "low", "high"]


def scored(seed: int = 0, n: int = 400) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    start = pd.Timestamp("2025-01-01", tz="UTC")
    return feedback(
        nps=generator.integers(0, 11, n),
        csat=generator.integers(1, 6, n),
        csat_scale=["1-5"] * n,
        ces=generator.integers(1, 8, n),
        ces_scale=["1-7 high is good"] * n,
        rating=generator.integers(1, 6, n),
        label=generator.choice(["positive", "neutral", "negative"], n),
        severity=generator.random(n),
        channel=generator.choice(["chat", "email", "call"], n),
        created_at=start + pd.to_timedelta(generator.uniform(0, 120, n), unit="D"),
    )


def test_nps_with_its_interval():
    """50 promoters, 30 passives, 20 detractors: NPS 30, adjusted Wald 14.1 to 44.2 by hand."""
    figure = overall(measure(feedback(nps=[10] * 50 + [7] * 30 + [3] * 20), LOOSE), "nps")
    assert figure["n"] == 100
    assert figure["value"] == pytest.approx(30)
    assert [figure["low"], figure["high"]] == pytest.approx([14.05, 44.20], abs=0.01)
    assert "promoters (9-10) minus % detractors (0-6)" in figure["definition"]


def test_nps_shares_add_up():
    table = measure(scored(), LOOSE)
    shares = [overall(table, f"share_{kind}")["value"] for kind in ("promoters", "passives", "detractors")]
    assert sum(shares) == pytest.approx(1)
    assert 100 * (shares[0] - shares[2]) == pytest.approx(overall(table, "nps")["value"], abs=1e-4)


def test_csat_is_the_top_two_boxes():
    """81 of 263 satisfied: Newcombe's Wilson interval, in %."""
    answers = [5] * 40 + [4] * 41 + [3] * 100 + [1] * 82
    figure = overall(measure(feedback(csat=answers, csat_scale=["1-5"] * 263), LOOSE), "csat")
    assert [figure["value"], figure["low"], figure["high"]] == pytest.approx([30.80, 25.53, 36.62], abs=0.01)
    assert "4 to 5" in figure["definition"]


@pytest.mark.parametrize(("scale", "value"), [("1-5 low is good", 25), ("1-5", 50), ("1-10", 0)])
def test_csat_follows_its_scale(scale, value):
    table = measure(feedback(csat=[5, 4, 3, 1], csat_scale=[scale] * 4), LOOSE)
    assert overall(table, "csat")["value"] == value


def test_effort_without_polarity_has_a_mean_and_says_why_no_more():
    table = measure(feedback(ces=[1, 5, 6], ces_scale=["1-7"] * 3), LOOSE)
    assert overall(table, "ces")["value"] == 4
    assert "not declared" in overall(table, "ces")["definition"]
    assert "share_easy" not in set(table["metric"])


@pytest.mark.parametrize(("scale", "share"), [("1-7 high is good", 2 / 3), ("1-7 low is good", 1 / 3)])
def test_effort_with_polarity_has_a_share_of_easy(scale, share):
    table = measure(feedback(ces=[1, 5, 6], ces_scale=[scale] * 3), LOOSE)
    assert overall(table, "share_easy")["value"] == pytest.approx(share)


def test_sentiment_counts_judged_comments_only():
    labels = ["positive"] * 5 + ["negative"] * 3 + ["neutral"] * 2 + [None] * 4
    table = measure(feedback(label=labels, skip=[None] * 10 + ["empty"] * 4), LOOSE)
    assert overall(table, "net_sentiment")[["n", "value"]].tolist() == [10, 20]
    assert overall(table, "share_negative")["value"] == pytest.approx(0.3)
    assert overall(table, "volume")["value"] == 10


def test_a_score_without_comment_is_an_answer():
    table = measure(feedback(nps=[10, 0], skip=["empty", None]), LOOSE)
    assert overall(table, "nps")["n"] == 2
    assert overall(table, "volume")["value"] == 1


def test_a_score_counts_once_per_response():
    table = measure(feedback(nps=[10, 10, 0], response_id=["a", "a", "b"]), LOOSE)
    assert overall(table, "nps")[["n", "value"]].tolist() == [2, 0]
    assert overall(table, "volume")["value"] == 3


def test_times_in_hours_without_impossible_ones():
    start = pd.to_datetime(["2025-01-01"] * 4, utc=True)
    replied = pd.to_datetime(["2025-01-01 01:00", "2025-01-01 02:00", "2025-01-01 09:00", "2024-12-31 00:00"], utc=True)
    table = measure(feedback(created_at=start, first_reply_at=replied), LOOSE)
    assert overall(table, "first_reply_time")[["n", "value"]].tolist() == [3, 4]
    assert overall(table, "first_reply_time_median")["value"] == 2
    assert overall(table, "first_reply_time")["low"] == 0
    assert "resolution_time" not in set(table["metric"])


def test_few_answers_give_their_number_and_no_figure():
    table = measure(feedback(nps=[9] * 9, label=["positive"] * 9), MetricsConfig())
    for metric in ("nps", "net_sentiment", "share_promoters"):
        assert overall(table, metric)["n"] == 9
        assert overall(table, metric)[["value", "low", "high"]].isna().all()
    assert overall(table, "volume")["value"] == 9


def test_segments_come_with_channel_language_and_what_is_asked_for():
    table = measure(scored().assign(plan=["a", "b"] * 200, lang="en"), MetricsConfig(by=("plan",)))
    nps = table[(table["metric"] == "nps") & table["period_start"].isna()]
    assert set(nps["by"]) == {"all", "plan", "channel"}
    assert nps.loc[nps["by"] == "channel", "n"].sum() == 400
    assert nps.loc[nps["by"] == "channel", "n"].is_monotonic_decreasing


def test_a_segment_is_what_its_rows_say():
    frame = scored()
    table = measure(frame, LOOSE)
    alone = measure(frame[frame["channel"] == "chat"], LOOSE)
    part = table[(table["by"] == "channel") & (table["segment"] == "chat")].set_index("metric")
    for metric in ("nps", "csat", "ces", "rating", "net_sentiment", "severity"):
        assert part.loc[metric, FIGURES].tolist() == overall(alone, metric)[FIGURES].tolist()


def test_a_row_without_text_has_no_language():
    """It took that of its neighbours; its score counts, but not among those who write it."""
    frame = scored()
    silent = frame.assign(lang="de", skip=["empty" if n % 2 else None for n in range(len(frame))])
    volume = measure(FEEDBACK.check(silent), MetricsConfig(by=("lang",))).query("by == 'lang'")
    assert volume.groupby("metric")["n"].max().max() <= (len(frame) + 1) // 2


def test_many_segments():
    frame = scored().assign(city=[f"c{i % 40}" for i in range(400)], source=[f"s{i % 40}" for i in range(400)])
    volume = measure(frame, MetricsConfig(by=("city",))).query("metric == 'volume'")
    assert (volume["by"] == "city").sum() == MOST_SEGMENTS
    assert (volume["by"] == "source").sum() == 0


def test_an_unknown_segment_is_an_error_with_a_guess():
    with pytest.raises(ConfigError, match="did you mean 'channel'"):
        measure(scored(), MetricsConfig(by=("chanel",)))


@pytest.mark.parametrize(("n", "days", "step"), [(2_000, 20, 1), (4_000, 200, 7), (200, 300, 30)])
def test_auto_period(n, days, step):
    frame = feedback(created_at=pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(np.linspace(0, days, n), "D"))
    starts = measure(frame, LOOSE)["period_start"].dropna().drop_duplicates()
    assert starts.diff().dt.days.median() == pytest.approx(step, abs=1)
    assert starts.is_monotonic_increasing


def test_weeks_begin_on_monday_and_empty_ones_are_shown():
    frame = feedback(created_at=pd.to_datetime(["2025-01-01", "2025-01-15"], utc=True), nps=[9, 1])
    table = measure(frame, MetricsConfig(period="week", min_answers=1))
    volume = table[(table["metric"] == "volume") & table["period_start"].notna()]
    assert volume["period_start"].dt.strftime("%F").tolist() == ["2024-12-30", "2025-01-06", "2025-01-13"]
    assert volume["value"].tolist() == [1, 0, 1]
    assert len(table[(table["metric"] == "nps") & table["period_start"].notna()]) == 2


@pytest.mark.parametrize("dates", [None, [pd.NaT, pd.NaT]])
def test_no_dates_no_periods(dates):
    frame = feedback(nps=[1, 9]) if dates is None else feedback(nps=[1, 9], created_at=dates)
    assert measure(frame, LOOSE)["period_start"].isna().all()


def test_row_order_does_not_matter():
    frame = scored()
    pd.testing.assert_frame_equal(measure(frame, LOOSE), measure(frame.sample(frac=1, random_state=1), LOOSE))


def test_empty_in_empty_out():
    for frame in (FEEDBACK.empty(), FEEDBACK.empty()[["feedback_id", "text"]]):
        pd.testing.assert_frame_equal(measure(frame, MetricsConfig(by=("region",))), METRICS.empty())


def test_every_row_previewed_leaves_a_volume_of_nought():
    table = measure(feedback(nps=[1], skip=["survey preview"], channel=["a"]), LOOSE)
    assert overall(table, "volume")["value"] == 0


def test_one_row():
    table = measure(scored(n=1), LOOSE)
    assert overall(table, "nps")["n"] == 1
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {
        name: column.dtype for name, column in METRICS.columns.items()
    }


def test_intervals_hold_the_figure_and_every_figure_is_defined():
    table = measure(scored(), MetricsConfig())
    known = table[table["low"].notna()]
    assert len(known) > 50
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()
    assert table[["unit", "definition"]].notna().all(axis=None)

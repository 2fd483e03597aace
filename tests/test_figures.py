"""Figures beyond the survey scores: times, response, churn, value, contacts; who answers often; what is too few."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figures_fixture import LOOSE, feedback, overall

from voc.comparisons import compare
from voc.config import ComparisonsConfig, MetricsConfig
from voc.errors import ConfigError
from voc.metrics import measure
from voc.tables import FEEDBACK


def by_month(table: pd.DataFrame, metric: str) -> dict[str, tuple[int, float]]:
    rows = table[(table["metric"] == metric) & table["period_start"].notna()]
    return {f"{row.period_start:%Y-%m}": (row.n, row.value) for row in rows.itertuples()}


def days(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True))


def test_churn_is_the_lost_of_those_at_the_start():
    """Of 10 customers 2 leave in January, 3 in February: 2/10, 3/8; who joins in February is not at its start."""
    left = ["2026-01-10", "2026-01-20", "2026-02-01", "2026-02-05", "2026-02-28", *[None] * 6]
    joined = [*["2025-01-01"] * 10, "2026-02-10"]
    seen = ["2026-01-02", *["2026-01-05"] * 9, "2026-02-15"]
    table = measure(
        feedback(
            customer_id=[f"c{i}" for i in range(11)], created_at=days(*seen), churned_at=days(*left),
            joined_at=days(*joined),
        ),
        MetricsConfig(min_answers=1, period="month"),
    )  # fmt: skip
    assert by_month(table, "churn_rate") == {"2026-01": (10, pytest.approx(0.2)), "2026-02": (8, pytest.approx(0.375))}
    assert by_month(table, "retention_rate")["2026-02"] == (8, pytest.approx(0.625))
    assert overall(table, "churn_rate")[["n", "value"]].tolist() == [11, pytest.approx(5 / 11)]


def test_churn_counts_customers_not_answers_and_has_wilsons_interval():
    """81 of 263 lost, Newcombe 1998."""
    ids = [f"c{i}" for i in range(263)] * 2
    lost = ([True] * 81 + [False] * 182) * 2
    figure = overall(measure(feedback(customer_id=ids, churned=lost), LOOSE), "churn_rate")
    assert figure["n"] == 263
    assert [figure["value"], figure["low"], figure["high"]] == pytest.approx([0.3080, 0.2553, 0.3662], abs=1e-4)
    kept = overall(measure(feedback(customer_id=ids, churned=lost), LOOSE), "retention_rate")
    assert [kept["low"], kept["high"]] == pytest.approx([1 - 0.3662, 1 - 0.2553], abs=1e-4)


def test_nobody_lost_is_no_churn_to_speak_of():
    table = measure(feedback(customer_id=["a", "b"], churned=[False, None]), LOOSE)
    assert "churn_rate" not in set(table["metric"])


@pytest.mark.parametrize(
    ("retention", "discount", "multiple"),
    [(0.6, 0.1, 1.20), (0.7, 0.1, 1.75), (0.8, 0.1, 2.67), (0.9, 0.1, 4.50), (0.9, 0.16, 3.46), (0.6, 0.16, 1.07)],
)
def test_lifetime_value_has_the_margin_multiples_of_gupta_and_lehmann(retention, discount, multiple):
    config = MetricsConfig(min_answers=1, retention=retention, discount=discount)
    figure = overall(measure(feedback(customer_id=["a", "b"], revenue=[50.0, 150.0]), config), "clv")
    assert figure["value"] == pytest.approx(100 * multiple, abs=0.5)


def test_lifetime_value_by_years_less_the_cost_of_winning():
    config = MetricsConfig(min_answers=1, clv_years=4, acquisition_cost=60)
    table = measure(feedback(customer_id=["a", "a", "b"], revenue=[100.0, 100.0, 40.0]), config)
    assert overall(table, "clv")[["n", "value"]].tolist() == [2, 70 * 4 - 60]
    assert "yearly revenue x 4 years - acquisition cost 60" in overall(table, "clv")["definition"]
    assert overall(table, "revenue")["value"] == 70


def test_lifetime_value_of_the_file_wins_and_nothing_is_invented():
    known = feedback(customer_id=["a", "b"], revenue=[50.0, 150.0], clv=[10.0, 20.0])
    assert overall(measure(known, MetricsConfig(min_answers=1, clv_years=3)), "clv")["value"] == 15
    assert "clv" not in set(measure(known.drop(columns="clv"), LOOSE)["metric"])
    with pytest.raises(ConfigError, match=r"metrics\.retention"):
        measure(known.drop(columns="clv"), MetricsConfig(retention=1.5))


def test_contact_rate_counts_the_silent_too():
    """Six contacts of three customers among twelve: 0.5; interval of t by hand over 3, 2, 1 and nine zeros."""
    frame = feedback(customer_id=["a", "a", "a", "b", "b", "c"], created_at=days(*["2026-01-03"] * 5, "2026-02-03"))
    table = measure(frame, MetricsConfig(min_answers=1, customers=12, period="month"))
    figure = overall(table, "contact_rate")
    counts = np.array([3, 2, 1] + [0] * 9)
    margin = 2.201 * counts.std(ddof=1) / 12**0.5
    assert figure["n"] == 12
    assert [figure["value"], figure["low"], figure["high"]] == pytest.approx(
        [0.5, max(0, 0.5 - margin), 0.5 + margin], abs=1e-3
    )
    assert by_month(table, "contact_rate") == {
        "2026-01": (12, pytest.approx(5 / 12)),
        "2026-02": (12, pytest.approx(1 / 12)),
    }
    assert overall(table, "repeat_contact_rate")["value"] == pytest.approx(2 / 3)
    assert overall(table, "contacts_per_customer")["value"] == 2
    with pytest.raises(ConfigError, match=r"metrics\.customers is 2"):
        measure(frame, MetricsConfig(customers=2))


def test_contact_rate_of_a_file_that_counts_contacts():
    table = measure(feedback(customer_id=["a", "b"], contacts=[4.0, 1.0], channel=["x", "y"]), LOOSE)
    assert overall(table, "contact_rate")["value"] == 2.5
    assert table.query("metric == 'contact_rate' and by == 'channel'")["value"].tolist() == [4, 1]


def test_response_rate_by_the_month_of_the_invitation():
    asked = days(*["2026-01-10"] * 4, *["2026-02-10"] * 4)
    nps = [9, None, None, 3, None, None, None, 10]
    text = ["", "", "fine", "bad", "", "", "", ""]
    created = days("2026-01-11", None, "2026-02-02", "2026-01-12", None, None, None, "2026-02-11")
    frame = feedback(invited_at=asked, nps=nps, created_at=created).assign(text=text)
    table = measure(FEEDBACK.check(frame), MetricsConfig(min_answers=1, period="month"))
    assert overall(table, "response_rate")[["n", "value"]].tolist() == [8, 0.5]
    assert by_month(table, "response_rate") == {"2026-01": (4, 0.75), "2026-02": (4, 0.25)}


def test_a_file_of_answers_alone_has_no_response_rate():
    assert "response_rate" not in set(measure(feedback(invited_at=days("2026-01-10"), nps=[9]), LOOSE)["metric"])


def test_times_within_business_hours():
    """Friday 16:00 to Monday 10:00 is 66 hours by the calendar and 2 at the office."""
    frame = feedback(created_at=days("2026-01-09 16:00"), first_reply_at=days("2026-01-12 10:00"))
    assert overall(measure(frame, LOOSE), "first_reply_time")["value"] == 66
    figure = overall(
        measure(frame, MetricsConfig(min_answers=1, business_hours=("Mon-Fri 09:00-17:00",))), "first_reply_time"
    )
    assert figure["value"] == 2
    assert "business hours (40 h a week, UTC)" in figure["definition"]


@pytest.mark.parametrize(
    ("scale", "name"), [("1-5 low is good", "CES 1.0"), ("1-7 high is good", "CES 2.0"), ("1-7", "CES")]
)
def test_effort_says_which_of_its_versions_it_is(scale, name):
    definition = overall(measure(feedback(ces=[2, 3, 5], ces_scale=[scale] * 3), LOOSE), "ces")["definition"]
    assert definition.startswith(f"{name} = mean effort score")


def test_stages_and_agents_are_split_by_without_being_asked():
    frame = feedback(nps=[9, 1] * 20, stage=["order", "delivery"] * 20, agent=["Ann", "Bo", "Cy", "Di"] * 10)
    nps = measure(frame, MetricsConfig()).query("metric == 'nps'")
    assert nps[nps["by"] == "stage"].set_index("segment")["value"].to_dict() == {"order": 100, "delivery": -100}
    assert nps[nps["by"] == "agent"]["n"].tolist() == [10] * 4


def test_too_few_answers_are_said():
    figure = overall(measure(feedback(nps=[9] * 4), MetricsConfig()), "nps")
    assert figure["remark"] == "too few answers: 4 of the 10 needed"
    assert pd.isna(overall(measure(feedback(nps=[9] * 12), MetricsConfig()), "nps")["remark"])


def test_who_answers_often_does_not_make_a_figure_surer():
    """Forty customers who answer five times alike are worth forty answers."""
    answers = np.random.default_rng(0).choice([10, 8, 3], 40)
    once = overall(measure(feedback(nps=answers, customer_id=[f"c{i}" for i in range(40)]), LOOSE), "nps")
    often = feedback(nps=np.repeat(answers, 5), customer_id=[f"c{i}" for i in np.repeat(np.arange(40), 5)])
    again = overall(measure(often, LOOSE), "nps")
    assert again["n"] == 200
    assert again["high"] - again["low"] == pytest.approx(once["high"] - once["low"], rel=0.02)


def test_a_contact_rate_of_the_settings_is_not_held_against_other_segments():
    """Its base, the silent customers included, cannot be split."""
    frame = feedback(customer_id=["a", "b"] * 20, channel=["x", "y"] * 20)
    table = measure(frame, MetricsConfig(min_answers=1, customers=100))
    assert set(table[table["metric"] == "contact_rate"]["by"]) == {"all"}
    assert "contact_rate" not in set(compare(frame, MetricsConfig(customers=100), ComparisonsConfig())["metric"])

"""Customers and agents: what is told of people is right, and a handful is never shown by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.config import PeopleConfig, QueueConfig
from voc.errors import ConfigError
from voc.people import compare_agents, course, follow_customers, path
from voc.tables import AGENTS, CLAUSES, CUSTOMERS, FEEDBACK, ISSUES

NOW = pd.Timestamp("2025-06-30 12:00", tz="UTC")


def tables(rows: list[dict]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Feedback and one clause a comment; `signals` and `severity` go to the clauses."""
    plain = {"text": "words", "label": "negative", "created_at": NOW}
    feedback = pd.DataFrame([plain | {"feedback_id": f"f{n:04d}"} | row for n, row in enumerate(rows)])
    clauses = feedback.assign(clause_id=feedback["feedback_id"] + "-0", position=0, start=0, end=5, lang="en")
    clauses = clauses[[name for name in clauses.columns if name in CLAUSES.columns]]
    feedback = feedback.drop(columns=["signals", "severity"], errors="ignore")
    return FEEDBACK.check(feedback), CLAUSES.check(clauses)


def customers(rows: list[dict]) -> pd.DataFrame:
    return follow_customers(*tables(rows), ISSUES.empty(), QueueConfig()).set_index("customer_id", drop=False)


def contacts(**sizes: int) -> list[dict]:
    """One contact per customer and agent, every customer another one."""
    return [{"agent": agent, "customer_id": f"{agent}{n}", "severity": 0.5} for agent, size in sizes.items()
            for n in range(size)]  # fmt: skip


def agents(rows: list[dict], least: int = 5) -> pd.DataFrame:
    return compare_agents(*tables(rows), PeopleConfig(least)).set_index("agent", drop=False)


# ----------------------------------------------------------------------------------------------------------- customers


def test_a_customer_is_followed_in_the_order_of_time():
    days = [NOW - pd.Timedelta(days=n) for n in (1, 90, 30)]
    rows = [
        {"customer_id": "ana", "created_at": days[0], "sentiment": -0.9, "nps": 1, "signals": "churn", "severity": 0.6},
        {"customer_id": "ana", "created_at": days[1], "sentiment": 0.8, "nps": 9, "label": "positive"},
        {"customer_id": "ana", "created_at": days[2], "sentiment": 0.1, "nps": 7, "label": "neutral"},
        {"customer_id": "bo", "created_at": NOW, "sentiment": 0.5, "label": "positive"},
    ]
    found = customers(rows)
    ana = found.loc["ana"]
    assert found.index.tolist() == ["ana", "bo"]
    assert (ana["path"], ana["course"], ana["answer"]) == ("+0.8 > +0.1 > -0.9", "falling", "NPS 1")
    assert (ana["first_at"], ana["last_at"], ana["churn_at"]) == (days[1], days[0], days[0])
    assert ana[["n_feedback", "n_complaints", "n_churn"]].tolist() == [3, 1, 1]
    assert ana["why"] == "1 of 3 comments complains; seems to mention leaving; sentiment falling."
    assert found.loc["bo", "why"] == "Does not complain."
    assert pd.isna(found.loc["bo", "course"])


@pytest.mark.parametrize(
    ("sentiments", "expected"),
    [
        ((), None), ((0.5,), None), ((0.5, 0.4), "steady"), ((0.5, -0.5), "falling"), ((-0.5, 0.5), "rising"),
        ((0.9, -0.9, 0.9, -0.9), "steady"), ((0.9, 0.8, -0.1, -0.2), "falling"), ((0.9, 0.9, 0.9, -0.9), "falling"),
    ],
)  # fmt: skip
def test_course(sentiments, expected):
    assert course(sentiments) == expected


def test_the_path_shows_the_last_five():
    assert path((0.1, 0.2, 0.3, 0.4, 0.5, 0.6)) == "+0.2 > +0.3 > +0.4 > +0.5 > +0.6"


def test_who_left_and_what_they_were_worth():
    gone = {"customer_id": "ana", "churned_at": NOW, "revenue": 120.0}
    found = customers([gone, gone | {"revenue": None}, {"customer_id": "bo"}])
    assert found.loc["ana", ["left_at", "revenue"]].tolist() == [NOW, 120.0]
    assert "has left" in found.loc["ana", "why"]
    assert pd.isna(found.loc["bo", "revenue"])


def test_comments_without_a_customer_and_without_words_are_nobodys():
    rows = [{"customer_id": "ana"}, {"customer_id": None}, {"customer_id": "bo", "skip": "empty"}]
    assert customers(rows).index.tolist() == ["ana"]


def test_customers_in_any_row_order():
    rows = [{"customer_id": f"c{n % 5}", "sentiment": (n % 9) / 9, "created_at": NOW - pd.Timedelta(days=n)}
            for n in range(40)]  # fmt: skip
    feedback, clauses = tables(rows)
    once = follow_customers(feedback, clauses, ISSUES.empty(), QueueConfig())
    again = follow_customers(feedback[::-1], clauses[::-1], ISSUES.empty(), QueueConfig())
    pd.testing.assert_frame_equal(once, again)


# -------------------------------------------------------------------------------------------------------------- agents


def test_the_four_dimensions():
    rows = [
        {"agent": "ana", "customer_id": f"c{n}", "severity": 0.5, "sentiment": -0.5 if n % 2 else 0.5,
         "signals": ["unresolved", "discourtesy", "unresolved discourtesy", None][n % 4],
         "first_reply_at": NOW + pd.Timedelta(hours=n % 5) if n < 32 else pd.NaT}
        for n in range(40)
    ]  # fmt: skip
    found = agents(rows).loc["ana"]
    assert found[["n_agents", "n_contacts", "n_customers"]].tolist() == [1, 40, 40]
    assert found["effectiveness"] == pytest.approx(0.5)
    assert found["friendliness"] == pytest.approx(0.5)
    assert found["availability"] == pytest.approx(0.8)
    assert found["speed"] == pytest.approx(np.median([n % 5 for n in range(32)]))
    assert found["sentiment"] == pytest.approx(0)
    for figure in ("speed", "effectiveness", "friendliness", "availability", "sentiment"):
        assert found[f"{figure}_low"] <= found[figure] <= found[f"{figure}_high"]
    assert found["availability_low"] == pytest.approx(0.6523, abs=1e-3), "Wilson's interval of 32 of 40"


def test_what_the_file_does_not_tell_is_missing():
    found = agents(contacts(ana=10)).loc["ana"]
    assert found[["speed", "availability", "sentiment", "effectiveness"]].isna().all()


def test_a_contact_counts_once():
    rows = [{"agent": "ana", "customer_id": f"c{n // 2}", "response_id": f"r{n // 2}", "sentiment": -0.5,
             "signals": "unresolved" if n == 0 else None, "severity": 0.5} for n in range(20)]  # fmt: skip
    found = agents(rows).loc["ana"]
    assert found["n_contacts"] == 10
    assert found["effectiveness"] == pytest.approx(0.9)


TOGETHER = "(fewer than 5 customers each)"


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ({"ana": 9, "bo": 8}, {"ana": 1, "bo": 1}),
        ({"ana": 9, "bo": 3, "cy": 4}, {"ana": 1, TOGETHER: 2}),
        # One small agent alone could be found by subtraction: the smallest of the others joins.
        ({"ana": 9, "bo": 8, "cy": 4}, {"ana": 1, TOGETHER: 2}),
        # Two of them have too few customers together: the same.
        ({"ana": 9, "bo": 8, "cy": 2, "di": 2}, {"ana": 1, TOGETHER: 3}),
        ({"ana": 2, "bo": 2}, {}),
        ({"ana": 3}, {}),
        ({"ana": 3, "bo": 4}, {TOGETHER: 2}),
        ({"ana": 9, "bo": 1}, {TOGETHER: 2}),
    ],
)
def test_small_groups_stand_together(sizes, shown):
    found = agents(contacts(**sizes))
    assert found["n_agents"].to_dict() == shown


def test_customers_count_and_not_contacts():
    rows = [{"agent": "ana", "customer_id": "one", "severity": 0.5} for _ in range(50)]
    assert agents(rows + contacts(bo=9, cy=9))["n_agents"].to_dict() == {"cy": 1, TOGETHER: 2}


@settings(deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.integers(1, 8))
def test_no_small_group_is_shown_or_found_by_subtraction(sizes, least):
    found = agents(contacts(**{f"a{n}": size for n, size in enumerate(sizes)}), least)
    assert (found["n_customers"] >= least).all()
    hidden = len(sizes) - int(found["n_agents"].sum())
    together = found[found["n_agents"] > 1]
    assert hidden == 0 or found.empty, "whoever is not in the table could be found by subtracting the others"
    assert len(together) <= 1
    alone = set(found.loc[found["n_agents"] == 1, "agent"])
    assert all(sizes[int(name[1:])] >= least for name in alone)


def test_a_group_has_one_customer_at_least():
    with pytest.raises(ConfigError, match="smallest_group"):
        agents(contacts(ana=9), 0)


def test_empty_in_empty_out():
    feedback, clauses = tables([{"text": "words"}])
    for frame in (FEEDBACK.empty(), feedback):
        pd.testing.assert_frame_equal(
            follow_customers(frame, clauses, ISSUES.empty(), QueueConfig()), CUSTOMERS.empty()
        )
        pd.testing.assert_frame_equal(compare_agents(frame, clauses, PeopleConfig()), AGENTS.empty())
    for found, schema in ((customers([{"customer_id": "a"}]), CUSTOMERS), (agents(contacts(ana=9)), AGENTS)):
        assert {name: str(dtype) for name, dtype in found.dtypes.items()} == {
            name: column.dtype for name, column in schema.columns.items()
        }

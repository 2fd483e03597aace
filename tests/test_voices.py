"""How surely a signal is meant: what is less sure weighs less, and people are told of what is rather meant."""

from __future__ import annotations

import pandas as pd
import pytest
from issues_fixture import NOW, Complaint, build, issues_of

from voc.config import QueueConfig
from voc.queue import queue_comments
from voc.report.why import signal_counts
from voc.tables import ISSUES, RATHER, RESIDUAL, TONE
from voc.voices import flags, rather_meant


def danger(certainty: float | None, alarming: int = 30) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A file in which 30 of 40 who tell of a charger name a danger, as surely as is said."""
    told = Complaint(40, severity=0.8, signals="safety", alarming=alarming)
    feedback, clauses, themes = build({"charger": told, "late": Complaint(60)}, others=300)
    return feedback, clauses if certainty is None else clauses.assign(certainty=f"{certainty:.2f}"), themes


@pytest.mark.parametrize(
    ("certainty", "weights", "told"),
    [("0.30 0.90", (0.3, 0.9), "money"), ("0.30 0.40", (0.3, 0.4), pd.NA), (pd.NA, (1.0, 1.0), "safety money")],
)
def test_each_signal_counts_as_surely_as_it_is_meant(certainty: object, weights: tuple[float, float], told: object):
    clauses = pd.DataFrame({"signals": pd.array(["safety money", pd.NA], "string")})
    clauses["certainty"] = pd.array([certainty, pd.NA], "string")
    found = flags(clauses)
    assert found["safety"] == pytest.approx([weights[0], 0])
    assert found["money"] == pytest.approx([weights[1], 0])
    assert not found["legal"].any()
    assert rather_meant(clauses).tolist() == [told, pd.NA]


def test_without_certainties_every_signal_is_meant() -> None:
    told = pd.DataFrame({"signals": pd.array(["safety"], "string")})
    assert flags(told)["safety"].tolist() == [1.0]
    assert rather_meant(told).tolist() == ["safety"]
    assert rather_meant(pd.DataFrame({"text": ["a"]})).isna().all()


def test_a_less_sure_danger_is_less_urgent() -> None:
    urgency = [issues_of(*danger(sure)).set_index("theme_id").loc["charger", "urgency"] for sure in (None, 0.7, 0.3)]
    assert urgency[0] > urgency[1] > urgency[2]


def test_what_is_hardly_meant_is_not_told() -> None:
    """Neither in an issue's reason, nor in its page's counts, nor in the queue."""
    for sure, alarming, told in ((RATHER - 0.05, 2, False), (0.95, 30, True)):
        feedback, clauses, themes = danger(sure, alarming)
        row = issues_of(feedback, clauses, themes).set_index("theme_id").loc["charger"]
        assert ("danger" in row["why"]) == told
        assert ("safety" in signal_counts(clauses)) == told
        queue = queue_comments(feedback, clauses, ISSUES.empty(), QueueConfig(least=0))
        assert queue["signals"].notna().any() == told


def test_in_the_queue_the_surer_comes_first() -> None:
    feedback, clauses, _ = danger(0.55)
    feedback["created_at"] = NOW
    sure = clauses.index[clauses["signals"].notna()][7]
    clauses.loc[sure, "certainty"] = "0.95"
    queue = queue_comments(feedback, clauses, ISSUES.empty(), QueueConfig(least=0))
    assert queue["feedback_id"].iloc[0] == clauses.loc[sure, "feedback_id"]


@pytest.mark.parametrize(("alarming", "told"), [(30, True), (12, True), (2, False)])
def test_witnesses_of_a_danger_back_one_another(alarming: int, *, told: bool) -> None:
    """At 0.4 nobody is believed alone; where many of a theme say so, each is."""
    _, clauses, _ = danger(0.4, alarming=alarming)
    raised = clauses["signals"].eq("safety").fillna(value=False).to_numpy(bool)
    assert rather_meant(clauses)[raised].notna().all() == told
    assert (flags(clauses)["safety"][raised] >= 0.4).all()
    assert (flags(clauses)["safety"] <= 1).all()


@pytest.mark.parametrize("theme_id", ["charger", RESIDUAL, TONE])
def test_nobody_is_a_witness_alone_or_of_what_has_no_theme(theme_id: str) -> None:
    for rows in (1, 30):
        told = pd.DataFrame({"feedback_id": [f"f{row:02}" for row in range(rows)], "theme_id": theme_id})
        told = told.assign(signals="safety", certainty="0.40", label="negative")
        if rows == 1 or theme_id != "charger":
            assert flags(told)["safety"] == pytest.approx(0.4)


def test_a_customer_who_says_it_thrice_is_one_witness() -> None:
    told = pd.DataFrame({"feedback_id": ["a"] * 3 + [f"f{row}" for row in range(9)], "theme_id": "charger"})
    told = told.assign(signals=["safety"] * 3 + [""] * 9, certainty=["0.40"] * 3 + [""] * 9, label="negative")
    assert flags(told)["safety"][:3] == pytest.approx(0.4)


def test_nobody_backs_what_is_no_danger() -> None:
    """Every patient waits: that many are said to have come back makes none of them surer."""
    _, clauses, _ = danger(0.4)
    clauses["signals"] = clauses["signals"].str.replace("safety", "unresolved")
    assert flags(clauses)["unresolved"].max() == pytest.approx(0.4)


def test_backing_stays_within_the_theme() -> None:
    _, clauses, _ = danger(0.4)
    late = clauses.index[clauses["theme_id"] == "late"]
    clauses.loc[late[0], "signals"] = "safety"
    assert flags(clauses)["safety"][clauses.index.get_loc(late[0])] == pytest.approx(0.4)


def test_the_quote_of_an_issue_means_what_its_reason_tells() -> None:
    feedback, clauses, themes = danger(0.95)
    clauses["signals"] = clauses["signals"].str.replace("safety", "legal")
    faint = clauses.index[clauses["signals"].eq("legal").fillna(value=False)][0]
    clauses.loc[faint, ["certainty", "text"]] = ["0.23", "faint"]
    clauses["quote_rank"] = pd.array([1 if row == faint else pd.NA for row in clauses.index], "Int32")
    row = issues_of(feedback, clauses, themes).set_index("theme_id").loc["charger"]
    assert "29 seem to mention a lawyer" in row["why"]
    assert row["quote"] != "faint"

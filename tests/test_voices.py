"""How surely a signal is meant: what is less sure weighs less, and people are told of what is rather meant."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from issues_fixture import NOW, Complaint, build, issues_of

from voc.config import QueueConfig
from voc.queue import queue_comments
from voc.report.why import signal_counts
from voc.tables import ISSUES
from voc.voices import RATHER, certainties, flags, rather_meant


def danger(certainty: float | None, alarming: int = 30) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A file in which 30 of 40 who tell of a charger name a danger, as surely as is said."""
    told = Complaint(40, severity=0.8, signals="safety", alarming=alarming)
    feedback, clauses, themes = build({"charger": told, "late": Complaint(60)}, others=300)
    return feedback, clauses if certainty is None else clauses.assign(certainty=np.float32(certainty)), themes


@pytest.mark.parametrize(("certainty", "weight"), [(0.3, 0.3), (1.0, 1.0), (pd.NA, 1.0)])
def test_a_signal_counts_as_surely_as_it_is_meant(certainty: object, weight: float) -> None:
    told = pd.DataFrame({"signals": pd.array(["safety money", pd.NA], "string")})
    told["certainty"] = pd.array([certainty, pd.NA], "Float32")
    found = flags(told)
    assert found["safety"] == pytest.approx([weight, 0])
    assert found["money"] == pytest.approx([weight, 0])
    assert not found["legal"].any()


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
    clauses.loc[sure, "certainty"] = 0.95
    queue = queue_comments(feedback, clauses, ISSUES.empty(), QueueConfig(least=0))
    assert queue["feedback_id"].iloc[0] == clauses.loc[sure, "feedback_id"]


@pytest.mark.parametrize(("alarming", "told"), [(30, True), (12, True), (2, False)])
def test_witnesses_of_a_danger_back_one_another(alarming: int, *, told: bool) -> None:
    """At 0.4 nobody is believed alone; where many of a theme say so, each is."""
    _, clauses, _ = danger(0.4, alarming=alarming)
    raised = clauses["signals"].eq("safety").fillna(value=False).to_numpy(bool)
    assert rather_meant(clauses)[raised].notna().all() == told
    assert (certainties(clauses)[raised] >= 0.4).all()
    assert (certainties(clauses) <= 1).all()


def test_nobody_backs_what_is_no_danger() -> None:
    """Every patient waits: that many are said to have come back makes none of them surer."""
    _, clauses, _ = danger(0.4)
    clauses["signals"] = clauses["signals"].str.replace("safety", "unresolved")
    assert certainties(clauses) == pytest.approx(0.4)


def test_backing_stays_within_the_theme() -> None:
    _, clauses, _ = danger(0.4)
    late = clauses.index[clauses["theme_id"] == "late"]
    clauses.loc[late[0], "signals"] = "safety"
    assert certainties(clauses)[clauses.index.get_loc(late[0])] == pytest.approx(0.4)

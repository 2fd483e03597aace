"""Why an issue stands where it stands: in every language the figures that the ranking's own sentence tells."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pytest
from issues_fixture import Complaint, build, issues_of

from voc.reasons import SAID
from voc.report.speech import languages, speech_of
from voc.report.why import reason

FOREIGN = tuple(code for code in languages() if code != "en")
RAISED, IN_PASSING = 30, 12


def charger(status: str = "complaints") -> dict[Hashable, Any]:
    """An issue of 38 comments: 30 raise two signals, 12 of them in clauses that tell of nothing bad."""
    told = Complaint(38, severity=0.8, signals="safety outage", alarming=RAISED, status=status)
    feedback, clauses, themes = build({"charger": told, "late": Complaint(60)}, others=300)
    clauses.loc[: IN_PASSING - 1, "severity"] = 0.2
    return issues_of(feedback, clauses, themes).set_index("theme_id").loc["charger"].to_dict()


@pytest.mark.parametrize("code", FOREIGN)
def test_counts_the_signals_that_are_meant_as_the_ranking_does(code):
    row, speech = charger(), speech_of(code)
    meant = RAISED - IN_PASSING
    assert f"{meant} seem to mention {SAID['safety']} and {meant} {SAID['outage']}" in row["why"]
    said = reason(row, 398, speech)
    for signal in ("safety", "outage"):
        assert speech.say("why_signal", n=meant, what=speech.say(f"signal_{signal}")) in said
    assert str(RAISED) not in said


def test_english_says_the_sentence_of_the_ranking():
    row = charger()
    assert reason(row, 398, speech_of("en")) == row["why"]


@pytest.mark.parametrize("status", ["praise", "residual"])
def test_no_alarm_is_told_of_what_none_can_move(status):
    row = charger(status)
    assert "mention" not in row["why"]
    signal = speech_of("de").say("signal_safety")
    assert signal not in reason(row, 398, speech_of("de"))


def test_a_ranking_of_an_earlier_version_tells_no_signals():
    row = {name: value for name, value in charger().items() if "signal" not in str(name)}
    assert speech_of("de").say("signal_safety") not in reason(row, 398, speech_of("de"))

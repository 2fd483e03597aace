"""The formula: dangers before nuisances, growth beyond chance and season, and ties where an order is noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from issues_fixture import FIRE, QUICK, Complaint, build, issues_of, rank, spread

from voc import urgency
from voc.tables import FEEDBACK, SIGNALS
from voc.urgency import places_of, rate_ratio


@pytest.mark.parametrize("handful", [2, 3, 5])
@pytest.mark.parametrize("others", [400, 4_000])
def test_danger_outranks_nuisance(handful, others):
    """A handful of burned hands stands before a nuisance that a fifth of all tell and that lowers the score."""
    nuisance = Complaint(others // 4, severity=0.5, nps=3, text="delivery late")
    found = rank({"late": nuisance, "fire": replace(FIRE, comments=handful)}, others=others, nps=9)
    assert found["rank"].to_dict() == {"fire": 1, "late": 2}
    assert handful < 3 or found.loc["fire", "rank_high"] == 1, "three are beyond doubt"
    assert found.loc["late", "impact"] > 0.5


def test_danger_outranks_a_growing_nuisance_of_everyone():
    days = (*spread(100), *spread(300, first=20))
    nuisance = Complaint(400, severity=0.6, nps=2, days=days, signals="unresolved", alarming=80)
    assert rank({"late": nuisance, "fire": FIRE}, others=400, nps=9).index[0] == "fire"


@pytest.mark.parametrize(
    ("alarming", "of", "danger"),
    [(2, 200, False), (1, 50, False), (1, 20, False), (2, 60, False), (1, 7, True), (20, 100, True)],
)
def test_noise_is_no_danger(alarming, of, danger):
    """A signal in a comment or two among many is what a classifier gets wrong; one in five is not."""
    told = Complaint(of, severity=0.5, signals="safety", alarming=alarming)
    found = rank({"app": told}).loc["app"]
    assert (found["danger"] > 0) == danger
    assert (found["severity"] > 0.51) == danger
    assert danger or found["urgency_high"] < found["urgency"] + 10, "in no round either"


def test_one_customer_alone_is_no_danger_of_a_theme():
    """Of threats and the like; of health one report in a handful is enough, and weighs less than three."""
    lawyers = {f"{n}": Complaint(n, severity=0.9, signals="legal") for n in (2, 3)}
    assert (rank(lawyers)["danger"].reindex(["2", "3"]) > 0).tolist() == [False, True]
    hurt = rank({"one": replace(FIRE, comments=7, alarming=1), "three": replace(FIRE, comments=7, alarming=3)})
    assert 0 < hurt.loc["one", "danger"] < 0.1 < hurt.loc["three", "danger"]


def test_a_signal_in_passing_is_no_danger():
    """What is told as hardly bad is a word that sounded like an alarm."""
    mild = Complaint(20, severity=0.15, signals="legal")
    found = rank({"mild": mild, "meant": replace(mild, severity=0.6)})
    assert found.loc["mild", ["danger", "immediacy"]].tolist() == [0, 0]
    assert found.loc["meant", "danger"] > 0.2
    assert "lawyer" not in found.loc["mild", "why"]


def test_a_grandmother_is_no_danger():
    """Somebody vulnerable who is mentioned is no alarm; one who is in trouble is."""
    gift = Complaint(20, severity=0.45, signals="vulnerable")
    found = rank({"gift": gift, "fall": replace(gift, severity=0.7)})
    assert found.loc["gift", "danger"] < 0.1
    assert found.loc["fall", "danger"] > 0.25
    assert "vulnerable" not in found.loc["gift", "why"]
    assert "20 seem to mention somebody ill, disabled or otherwise vulnerable" in found.loc["fall", "why"]


def test_an_alarm_at_the_edge_of_noise_is_not_told():
    """19 of 758 are more than the one in a hundred that is noise, and still describe nothing."""
    found = rank({"food": Complaint(758, severity=0.6, signals="safety", alarming=19)}).loc["food"]
    assert 0 < found["danger"] < 0.07
    assert "danger" not in found["why"]


def test_money_is_no_danger():
    """Every bill is about money: that sets a floor, yet a growing complaint of more customers stands before it."""
    growing = Complaint(80, severity=0.4, days=(*spread(10), *spread(70, first=27)))
    found = rank({"bills": Complaint(40, severity=0.4, signals="money"), "app": growing})
    assert found.loc["bills", "severity"] == pytest.approx(0.6)
    assert found.loc["bills", "danger"] == 0
    assert found.index.tolist() == ["app", "bills"]


def test_an_inbox_of_outages():
    """What everybody tells is ordinary in this file and raises no issue above another; it still calls for action."""
    down = Complaint(60, severity=0.6, signals="outage")
    found = rank({"router": down, "fibre": down, "shop": Complaint(60, severity=0.6)})
    assert found.loc[["router", "fibre"], "immediacy"].min() > 0.4
    assert found.loc["shop", "immediacy"] == 0


def test_patients_are_no_alarm_among_patients():
    """Where two of five are vulnerable whatever they tell of, only the theme with clearly more stands out."""
    usual = Complaint(100, severity=0.6, signals="vulnerable", alarming=40)
    found = rank({f"t{n}": usual for n in range(5)} | {"stairs": replace(usual, alarming=85)})
    assert found.index[0] == "stairs"
    assert found.loc["stairs", "danger"] > 0.25
    assert found.drop("stairs")["danger"].max() == 0


def test_danger_lifts_urgency_by_its_formula():
    found = rank({"late": Complaint(60), "fire": FIRE}, config=replace(QUICK, momentum=0.0, impact=0.0))
    weights = {"reach": 0.25, "severity": 0.25, "immediacy": 0.20}
    mean = sum(weight * found[part].astype(float) for part, weight in weights.items()) / sum(weights.values())
    urgency = 100 * (mean + found["danger"] * (1 - mean))
    assert found["urgency"].to_numpy(float) == pytest.approx(urgency.to_numpy(float), abs=1e-3)
    assert found.loc["late", "danger"] == 0


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_signal_makes_an_issue_more_urgent(signal):
    found = rank({"plain": Complaint(40), "signal": Complaint(40, signals=f"discourtesy {signal}")})
    assert found["rank"].to_dict() == {"signal": 1, "plain": 2}
    assert found.loc["signal", "immediacy"] > found.loc["plain", "immediacy"] == 0


def test_growing_outranks_steady_and_steady_outranks_fading():
    grown = Complaint(60, days=(*spread(20), *spread(40, first=25)))
    faded = Complaint(60, days=(*(day + 100 for day in spread(58, first=79)), 3.0, 2.0))
    found = rank({"fading": faded, "growing": grown, "steady": Complaint(60)})
    assert found.index.tolist() == ["growing", "steady", "fading"]
    assert found.loc["steady", "momentum"] == pytest.approx(0.25, abs=1e-6)
    assert found.loc["growing", "momentum"] > 0.5
    assert found.loc["fading", "momentum"] < 0.1
    assert "up from" in found.loc["growing", "why"]
    assert "down from" in found.loc["fading", "why"]
    assert "from" not in found.loc["steady", "why"]


def test_a_survey_wave_makes_no_issue_grow():
    """Three times as many comments lately, three times as many of each issue: steady."""
    feedback, clauses, themes = build({"late": Complaint(90, days=(*spread(45), *spread(45, first=27)))}, others=0)
    found = issues_of(feedback, clauses, themes).iloc[0]
    assert found["momentum"] == pytest.approx(0.25, abs=1e-6)


def seasonal_days(years: int) -> tuple[float, ...]:
    """Forty comments in the four weeks before today of every year, two in each other month."""
    peaks = [365 * year + day for year in range(years) for day in spread(40, first=27)]
    return tuple(peaks + [30.0 * month for month in range(1, 12 * years) for _ in range(2)])


def test_a_season_is_no_growth():
    """Christmas comes every year: with one year in the file it looks like growth, with three it does not."""
    days = {years: seasonal_days(years) for years in (1, 3)}
    files = {years: {"gifts": Complaint(len(each), days=each)} for years, each in days.items()}
    everyone = {years: tuple(spread(1_200 * years, first=365.0 * years)) for years in days}
    found = {
        years: rank(files[years] | {"other": Complaint(len(each), days=each)}, others=0).loc["gifts"]
        for years, each in everyone.items()
    }
    assert found[1]["momentum"] > 0.5
    assert "up from" in found[1]["why"]
    assert found[3]["momentum"] == pytest.approx(0.25, abs=0.01)
    assert "as a year ago" in found[3]["why"]


def test_a_year_without_the_issue_is_no_season():
    """Four weeks of last year in which nobody told of it excuse no growth, and are no season."""
    days, everyone = (*spread(20, first=300.0), *spread(40, first=25.0)), tuple(spread(2_400, first=800.0))
    complaints = {"new": Complaint(60, days=days), "other": Complaint(2_400, days=everyone)}
    found = rank(complaints, others=0).loc["new"]
    assert found["trend"] == 1
    assert "as a year ago" not in found["why"]


def test_of_many_steady_issues_none_seems_to_move():
    """Forty issues told at random: at 95 % each, two would seem to."""
    rng = np.random.default_rng(5)
    found = rank({f"t{n}": Complaint(40, days=tuple(rng.uniform(0, 300, 40))) for n in range(40)}, others=0)
    assert found["trend"].tolist() == [0] * 40


def test_a_file_that_doubles_tells_shares():
    """Comments a week more than doubled with the file; the share rose from a tenth to a fifth of all."""
    days = (*spread(100, first=280.0), *spread(80, first=27.0))
    others = (*spread(900, first=280.0), *spread(320, first=27.0))
    found = rank({"late": Complaint(180, days=days), "other": Complaint(1_220, days=others)}, others=0).loc["late"]
    assert found["trend"] == 1
    assert "% of all comments" in found["why"]
    assert found["share_now"] > 1.5 * found["share_before"] > 0


def test_small_issue_is_steady():
    """Two comments, both recent: too few to call it growth."""
    found = rank({"new": Complaint(2, days=(3.0, 5.0))}).loc["new"]
    assert found["momentum"] < 0.35
    assert "up" not in found["why"]


def test_reach_scale():
    found = rank({"one": Complaint(10), "ten": Complaint(100), "half": Complaint(500)}, others=390)
    assert found["reach"].is_monotonic_decreasing
    assert found.loc["one", "reach"] == pytest.approx(np.sqrt(0.00544 / 0.25), abs=0.01), (
        "Wilson's lower end of 10/1000"
    )
    assert found.loc["half", "reach"] == 1


def test_value_at_risk():
    """Half of the known revenue speaks of one issue and a sliver of the other; without revenue the part is missing."""
    feedback, clauses, themes = build({"rich": Complaint(40), "poor": Complaint(40)}, others=100)
    rich = feedback["feedback_id"].isin(clauses.loc[clauses["theme_id"] == "rich", "feedback_id"])
    paid = FEEDBACK.check(feedback.assign(revenue=np.where(rich, 350.0, 100.0)))
    found = issues_of(paid, clauses, themes).set_index("theme_id")
    assert found.index[0] == "rich"
    assert found.loc["rich", "value"] == pytest.approx(1)
    assert found.loc["poor", "value"] == pytest.approx(np.sqrt(4_000 / 28_000 / 0.25), abs=0.01)
    assert "50 % of the known revenue" in found.loc["rich", "why"]
    assert issues_of(feedback, clauses, themes)["value"].isna().all()


def test_ties_are_shown_as_ties():
    same = Complaint(40)
    found = rank({"a": same, "b": same, "c": same})
    assert found["urgency"].nunique() == 1
    assert found["rank_low"].tolist() == [1, 1, 1]
    assert found["rank_high"].tolist() == [3, 3, 3]
    assert found["place"].tolist() == ["1=", "1=", "1="]
    assert found["top3"].tolist() == [1, 1, 1]


def test_clear_places_are_no_ties():
    steps = {f"t{n}": Complaint(12 * 2**n, severity=0.2 + 0.15 * n) for n in range(4)}
    found = rank(steps, others=900)
    assert found["place"].tolist() == ["1", "2", "3", "4"]
    assert found.index.tolist() == ["t3", "t2", "t1", "t0"]


def test_places_count_on_after_a_tie():
    same = Complaint(40)
    found = rank({"top": replace(FIRE, comments=9), "a": same, "b": same, "last": Complaint(4, severity=0.05)})
    assert found["place"].tolist() == ["1", "2=", "2=", "4"]


def test_the_residual_shares_no_place():
    found = rank({"a": Complaint(40), "rest": Complaint(40, status="residual")})
    assert found["place"].tolist() == ["1", "2"]


def test_the_rate_ratio_of_a_published_example(monkeypatch: pytest.MonkeyPatch):
    """Rothman, Epidemiology: 41 cases in 28,010 person-years against 15 in 19,017: 1.86, 95 % interval 1.03 to 3.35."""
    monkeypatch.setattr(urgency, "QUIET", 0.0)
    counts = {"recent": 41, "past": 15, "all_recent": 28_010, "all_past": 19_017}
    low, high = rate_ratio({name: np.array([[float(n)]]) for name, n in counts.items()}, "past", z=1.96)
    assert (low[0, 0], high[0, 0]) == (pytest.approx(1.03, abs=0.02), pytest.approx(3.35, abs=0.04))


@pytest.mark.parametrize(
    ("drawn", "places"),
    [
        ([[90, 50, 10]] * 20, ["1", "2", "3"]),
        ([[90, 50, 49]] + [[90, 50, 49], [90, 49, 50]] * 10, ["1", "2=", "2="]),
        # The third cannot be told from the second, nor the second from the first; but the third is clearly below it.
        ([[60, 50, 40]] + [[60, 50, 40]] * 8 + [[50, 60, 40]] * 2 + [[60, 40, 50]] * 8, ["1=", "1=", "3"]),
        ([[50, 50, 50]], ["1=", "1=", "1="]),
        ([[50, 40, 30]], ["1", "2", "3"]),
    ],
)
def test_places(drawn, places):
    scores = np.array(drawn, float)
    ranks = urgency.ranks_of(scores, np.zeros(3), np.array([3.0, 2, 1]))
    assert places_of(ranks, scores, np.zeros(3)) == places

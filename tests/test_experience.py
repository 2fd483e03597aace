"""The experience score: its formula by hand, missing parts, effort in many languages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from voc.config import ExperienceConfig
from voc.errors import ConfigError
from voc.experience import experience_notes, rate_experience
from voc.rules import all_rules
from voc.tables import CLAUSES, FEEDBACK

DEFAULT = ExperienceConfig()


def rate(config: ExperienceConfig = DEFAULT, signals: str | None = None, **columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    ids = [f"f{i}" for i in range(n)]
    frame = FEEDBACK.check(pd.DataFrame({"feedback_id": ids, "text": "words", **columns}))
    clauses = CLAUSES.check(pd.DataFrame({
        "clause_id": ids, "feedback_id": ids, "position": 0, "start": 0, "end": 5, "text": "words", "lang": "en",
        "signals": signals,
    }))  # fmt: skip
    return rate_experience(frame, clauses, config)


def test_all_parts_by_hand():
    """0.35 x 0.75 + 0.15 x 1 + 0.15 x 0.8 + 0.35 x 0.5, of weights that sum to 1."""
    rated = rate(
        sentiment=[0.5], severity=[0.2], nps=[5], clean_text=["It was very easy and straightforward"], lang=["en"]
    )
    assert rated["experience"].item() == pytest.approx(100 * (0.2625 + 0.15 + 0.12 + 0.175), abs=1e-3)
    assert rated["experience_parts"].item() == "sentiment effort severity survey"
    assert rated["effort"].item() == 0


def test_missing_parts_are_left_out_and_said():
    rated = rate(sentiment=[0.5, None, None], severity=[0.2, None, None], nps=[None, 9, None])
    expected = [100 * (0.35 * 0.75 + 0.15 * 0.8) / 0.5, 90]
    assert rated["experience"].tolist()[:2] == pytest.approx(expected, abs=1e-3)
    assert rated["experience_parts"].tolist()[:2] == ["sentiment severity", "survey"]
    assert rated[["experience", "experience_parts"]].iloc[2].isna().all()


@pytest.mark.parametrize(
    ("columns", "survey"),
    [
        ({"nps": [10]}, 100),
        ({"csat": [2], "csat_scale": ["1-5"]}, 25),
        ({"ces": [1], "ces_scale": ["1-7 low is good"]}, 100),
        ({"ces": [1], "ces_scale": ["1-7 high is good"]}, 0),
        ({"rating": [1], "rating_scale": ["1-6 low is good"]}, 100),
        ({"nps": [10], "rating": [1], "rating_scale": ["1-5"]}, 50),
    ],
)
def test_scores_count_by_their_scale_and_good_end(columns, survey):
    assert rate(**columns)["experience"].item() == pytest.approx(survey)


def test_effort_without_polarity_does_not_count():
    assert rate(ces=[1], ces_scale=["1-7"])["experience"].isna().all()


def test_weights_are_the_settings():
    config = ExperienceConfig(sentiment=1, effort=0, severity=0, survey=3)
    assert rate(config, sentiment=[-1.0], severity=[0.9], nps=[10])["experience"].item() == pytest.approx(75)
    for bad in (ExperienceConfig(sentiment=-1), ExperienceConfig(0, 0, 0, 0)):
        with pytest.raises(ConfigError, match=r"weights of \[experience\]"):
            rate(bad, nps=[10])


@pytest.mark.parametrize(
    ("lang", "text", "effort"),
    [
        ("en", "I had to call three times and was kept waiting", 1.0),
        ("en", "It was not easy to find anything", 1.0),
        ("en", "No hassle at all, really easy", 0.0),
        ("en", "Easy to order but the return was a hassle", 0.5),
        ("en", "Friendly people", None),
        ("de", "Ich musste mehrmals anrufen, sehr umständlich", 1.0),
        ("de", "Das war einfach nur schlecht", None),
        ("de", "Die Bestellung war ganz einfach", 0.0),
        ("it", "Ho dovuto chiamare più volte", 1.0),
        ("it", "Tutto facile e senza problemi", 0.0),
        ("fr", "C'est compliqué, j'ai dû rappeler", 1.0),
        ("fr", "Commande très simple et sans souci", 0.0),
        ("es", "Tuve que llamar, es complicado", 1.0),
        ("es", "Fue muy fácil", 0.0),
        ("lt", "Teko laukti ir skambinau 3 kartus", 1.0),
        ("lt", "Viskas lengvai ir sklandžiai", 0.0),
        ("pl", "Musiałem dzwonić, skomplikowane", 1.0),
        ("nl", "Makkelijk en zonder problemen", 0.0),
        ("pt", "Tive que ligar, é complicado", 1.0),
        ("ja", "It was easy", None),
    ],
)
def test_effort_as_customers_say_it(lang, text, effort):
    found = rate(clean_text=[text], lang=[lang])["effort"].item()
    assert pd.isna(found) if effort is None else found == effort


def test_having_to_come_back_is_effort_in_every_language():
    assert rate(signals="money unresolved", clean_text=["何度も電話した"], lang=["ja"])["effort"].item() == 1
    assert pd.isna(rate(signals="money", clean_text=["高い"], lang=["ja"])["effort"].item())


def test_phrases_are_on_one_side_only():
    for code, rules in all_rules().items():
        assert not set(rules.effort.get("hard", ())) & set(rules.effort.get("easy", ())), code


@pytest.mark.parametrize(("column", "better"), [("sentiment", 1), ("severity", -1), ("nps", 1)])
def test_each_part_moves_the_score_in_its_direction(column, better):
    steps = {"sentiment": [-0.8, 0.0, 0.8], "severity": [0.1, 0.5, 0.9], "nps": [2, 5, 9]}
    fixed = {"sentiment": [0.1] * 3, "severity": [0.5] * 3, "nps": [5] * 3}
    rated = rate(**fixed | {column: steps[column]})["experience"].to_numpy(float)
    assert (better * np.diff(rated) > 0).all()
    assert ((rated >= 0) & (rated <= 100)).all()


def test_previews_have_no_score():
    assert rate(nps=[10, 10], skip=["survey preview", "empty"])["experience"].isna().tolist() == [True, False]


def test_notes_show_the_formula_and_what_scores_rest_on():
    rated = rate(sentiment=[0.5, None, None], nps=[None, 9, 8])
    (note,) = experience_notes(rated, DEFAULT)
    assert "0.35 sentiment + 0.15 effort + 0.15 severity + 0.35 survey" in note.text
    assert note.text.endswith(": 2 on survey; 1 on sentiment")
    assert experience_notes(rate(agent=["Ann"]), DEFAULT) == []


def test_empty_in_empty_out():
    rated = rate_experience(FEEDBACK.empty(), CLAUSES.empty(), DEFAULT)
    assert rated.empty
    assert str(rated["experience"].dtype) == "Float32"

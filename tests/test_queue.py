"""The queue: who needs somebody first, and why; in plain words, masked, and without copies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.attention import attention
from voc.config import IntegrityConfig, QueueConfig
from voc.errors import ConfigError
from voc.habits import PASTED
from voc.integrity import check_integrity
from voc.queue import QUOTE, queue_comments, shortened
from voc.tables import CLAUSES, FEEDBACK, ISSUES, QUEUE, SIGNALS

EVERYTHING = QueueConfig(least=0)
NOW = pd.Timestamp("2025-06-30 12:00", tz="UTC")


def comment(name: str, text: str = "late again", **columns) -> dict:
    """A comment of one clause; `columns` are those of either table."""
    plain = {"feedback_id": name, "text": text, "label": "negative", "severity": 0.4, "created_at": NOW}
    return plain | columns


def tables(*comments: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    feedback = pd.DataFrame(comments)
    clauses = feedback.assign(
        clause_id=feedback["feedback_id"] + "-0", position=0, start=0, end=feedback["text"].str.len(), lang="en"
    )
    kept = [name for name in feedback.columns if name not in {"signals", "theme_id"}]
    return FEEDBACK.check(feedback[kept]), CLAUSES.check(clauses[[n for n in clauses.columns if n in CLAUSES.columns]])


def queue(*comments: dict, issues: pd.DataFrame | None = None, config: QueueConfig = EVERYTHING) -> pd.DataFrame:
    found = queue_comments(*tables(*comments), ISSUES.empty() if issues is None else issues, config)
    return found.set_index("feedback_id", drop=False)


def issue(**columns) -> pd.DataFrame:
    plain = {"rank": 1, "place": "2=", "theme_id": "t", "label": "late parcels", "urgency": 60.0, "n_feedback": 1234}
    return ISSUES.check(pd.DataFrame([plain | columns]))


def test_danger_comes_before_everything():
    found = queue(
        comment("furious", severity=0.8, nps=0, signals="outage unresolved"),
        comment("burned", severity=0.7, nps=9, signals="safety", text="it burned my hand"),
    )
    assert found.index.tolist() == ["burned", "furious"]
    assert found.loc["burned", "why"].startswith("Speaks of a danger to health or safety")
    assert found["rank"].tolist() == [1, 2]


def test_the_formula():
    found = queue(comment("c", severity=0.6, signals="churn", nps=0, theme_id="t"), issues=issue(urgency=40.0)).loc["c"]
    mean = 0.35 * 0.6 + 0.35 * 0.7 + 0.15 * 1 + 0.15 * 0.4
    assert found["urgency"] == pytest.approx(100 * mean, abs=1e-3)


def test_what_is_unknown_is_left_out_of_the_mean():
    found = queue(comment("c", severity=0.6, signals="legal")).loc["c"]
    mean = (0.35 * 0.6 + 0.35 * 0.9) / 0.7
    assert found["urgency"] == pytest.approx(100 * (mean + 0.5 * 0.3 * (1 - mean)), abs=1e-3)


def test_a_lone_alarm_weighs_less():
    """Legal threats: one in an issue in which others make them too, one in an issue that is calm otherwise."""
    rows = [comment(theme, severity=0.6, signals="legal", theme_id=theme) for theme in ("backed", "alone")]
    issues = pd.concat([issue(theme_id="backed", danger=0.3), issue(theme_id="alone", danger=0.0)])
    found = queue(*rows, issues=ISSUES.check(issues))
    mean = (0.35 * 0.6 + 0.35 * 0.9 + 0.15 * 0.6) / 0.85
    for name, share in (("backed", 1.0), ("alone", 0.5)):
        assert found.loc[name, "urgency"] == pytest.approx(100 * (mean + share * 0.3 * (1 - mean)), abs=1e-3)


def test_a_good_score_speaks_against_an_alarm():
    for signal, doubted in (("vulnerable", True), ("outage", True), ("safety", False)):
        found = queue(*(comment(f"nps {nps}", severity=0.7, signals=signal, nps=nps) for nps in (7, 8)))
        (close, far) = found.loc[["nps 7", "nps 8"], "urgency"]
        assert (close - far > 5) == doubted, signal


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_signal_has_its_reason_and_its_quote(signal):
    feedback, clauses = tables(comment("c", text="first words, last words"))
    first = clauses.assign(text="first words", severity=0.7)
    last = clauses.assign(clause_id="c-1", position=1, text="last words", severity=0.6, signals=signal)
    both = CLAUSES.check(pd.concat([first, last], ignore_index=True))
    found = queue_comments(feedback, both, ISSUES.empty(), EVERYTHING).iloc[0]
    assert found["quote"] == "last words", "the words that carry the signal, not the worst ones"
    assert found["signals"] == signal
    assert len(found["why"]) > 10


@pytest.mark.parametrize(("certainty", "said"), [("0.90", "Speaks of leaving."), ("0.60", "May speak of leaving.")])
def test_what_is_less_sure_may_be(certainty, said):
    found = queue(comment("c", severity=0.5, signals="churn", certainty=certainty)).loc["c"]
    assert found["why"] == said


def test_the_quote_holds_the_signal_that_is_told():
    """And not one that is worse, if it were meant."""
    feedback, clauses = tables(comment("c", text="rude words, maybe danger", severity=0.8))
    rude = clauses.assign(text="rude words", signals="discourtesy", certainty="0.90")
    maybe = clauses.assign(clause_id="c-1", position=1, text="maybe danger", signals="safety", certainty="0.30")
    both = CLAUSES.check(pd.concat([rude, maybe], ignore_index=True))
    found = queue_comments(feedback, both, ISSUES.empty(), EVERYTHING).iloc[0]
    assert (found["signals"], found["quote"]) == ("discourtesy", "rude words")


def test_a_signal_in_passing_is_not_told():
    found = queue(comment("c", severity=0.25, signals="legal")).loc["c"]
    assert pd.isna(found["signals"])
    assert "lawyer" not in found["why"]


def test_the_fresh_and_open_come_first():
    old, solved = NOW - pd.Timedelta(days=400), NOW + pd.Timedelta(days=1)
    found = queue(
        comment("old", created_at=old),
        comment("new", resolved_at=pd.NaT),
        comment("solved", resolved_at=solved),
        comment("month", created_at=NOW - pd.Timedelta(days=28)),
    )
    full = found.loc["new", "urgency"]
    assert found.index[0] == "new"
    assert found.loc["month", "urgency"] == pytest.approx(0.75 * full, abs=1e-3), "half of the freshness is gone"
    assert found.loc["old", "urgency"] == pytest.approx(0.5 * full, rel=0.01)
    assert found.loc["solved", "urgency"] == pytest.approx(0.5 * full)
    assert found.loc["solved", "why"].endswith("Complains; closed since.")


def test_what_has_no_date_is_not_taken_for_new():
    dates = [NOW, NOW - pd.Timedelta(days=28), NOW - pd.Timedelta(days=400), pd.NaT]
    found = queue(*(comment(f"c{n}", created_at=date) for n, date in enumerate(dates)))
    assert found.loc["c3", "urgency"] == pytest.approx(found.loc["c1", "urgency"], abs=1e-3)


def test_a_reopened_contact_is_open():
    found = queue(comment("again", resolved_at=NOW - pd.Timedelta(days=3)), comment("new", resolved_at=pd.NaT))
    assert found["urgency"].nunique() == 1


def test_coming_back_weighs_and_is_told():
    days = [NOW - pd.Timedelta(days=n) for n in (50, 20, 5, 0)]
    mine = [comment(f"m{n}", f"still broken {n}", customer_id="me", created_at=day) for n, day in enumerate(days)]
    found = queue(*mine, comment("other", customer_id="you"))
    assert found.index[0] == "m3"
    assert found.loc["m3", "why"] == "Complained twice in the 30 days before."
    assert found.loc["m2", "why"] == "Complained once in the 30 days before."
    assert "30 days" not in found.loc["m0", "why"] + found.loc["other", "why"]


def test_saying_the_same_twice_is_not_coming_back():
    found = queue(*(comment(f"c{n}", customer_id="me", created_at=NOW - pd.Timedelta(days=n)) for n in range(3)))
    assert not found["why"].str.contains("30 days").any()


def test_the_issue_is_named_with_its_place():
    found = queue(comment("c", theme_id="t", nps=3, customer_id="x7"), issues=issue()).loc["c"]
    assert found["why"] == "Gave NPS 3; one of 1,234 comments of issue 2=, “late parcels”."
    assert found[["theme_id", "label", "answer", "customer_id"]].tolist() == ["t", "late parcels", "NPS 3", "x7"]


def test_the_issue_that_is_named_is_that_of_the_quote():
    feedback, clauses = tables(comment("c", text="no internet. charged twice", signals="outage", theme_id="internet"))
    later = clauses.assign(
        clause_id="c-1", position=1, text="charged twice", signals=None, theme_id="bill", severity=0.2
    )
    issues = pd.concat([
        issue(theme_id="bill", label="the bill", urgency=60.0),
        issue(theme_id="internet", label="no internet", urgency=20.0),
    ])  # fmt: skip
    both = CLAUSES.check(pd.concat([clauses.assign(text="no internet"), CLAUSES.check(later)]))
    found = queue_comments(feedback, both, ISSUES.check(issues), EVERYTHING).iloc[0]
    assert (found["quote"], found["theme_id"], found["label"]) == ("no internet", "internet", "no internet")
    assert "“no internet”" in found["why"]


@pytest.mark.parametrize(
    ("columns", "bad"),
    [
        ({"nps": 10}, 0.0),
        ({"nps": 0}, 1.0),
        ({"rating": 1.0, "rating_scale": "1-5"}, 1.0),
        ({"rating": 5.0, "rating_scale": "1-5"}, 0.0),
        ({"ces": 5.0, "ces_scale": "1-5 low is good"}, 1.0),
        ({"ces": 5.0, "ces_scale": "1-5"}, None),
    ],
)
def test_scores_count_in_their_own_direction(columns, bad):
    feedback, clauses = tables(comment("c", **columns))
    found = attention(feedback, clauses, ISSUES.empty(), half_life=28)["score"].iloc[0]
    assert (np.isnan(found) and bad is None) or found == pytest.approx(bad)


def test_only_what_complains_is_in_the_queue():
    found = queue(
        comment("praise", label="positive", severity=0.05, text="lovely"),
        comment("neutral", label="neutral", severity=0.1, text="it is a shop"),
        comment("skipped", skip="empty"),
        comment("copy", suspect="duplicate of x"),
        comment("doubted", suspect="clicked through"),
        comment("alarm in praise", label="positive", severity=0.6, signals="safety"),
    )
    assert sorted(found.index) == ["alarm in praise", "doubted"]
    assert found.loc["doubted", "suspect"] == "clicked through"


def test_of_a_campaign_one_comment_is_in_the_queue():
    """Twelve customers paste one text within a day, one with a number of his own: it is read once."""
    said = "The charger burned my hand and nobody at the hotline called me back, order 1"
    rows = [comment(f"c{n}", said, signals="safety", customer_id=f"k{n}") for n in range(11)]
    feedback, clauses = tables(*rows, comment("c99", said + "7", signals="safety", customer_id="k99"))
    marked = check_integrity(feedback.assign(clean_text=feedback["text"]), IntegrityConfig())
    assert marked["suspect"].eq(PASTED).all()
    assert queue_comments(marked, clauses, ISSUES.empty(), EVERYTHING)["feedback_id"].tolist() == ["c0"]


def test_least_bounds_the_queue():
    many = [comment(f"c{n}", f"words {n}", severity=n / 20) for n in range(20)]
    all_of_them, most_urgent = queue(*many), queue(*many, config=QueueConfig(least=30))
    assert len(all_of_them) == 20
    assert 0 < len(most_urgent) < 20
    assert most_urgent["urgency"].min() >= 30
    assert most_urgent.index.tolist() == all_of_them.index[: len(most_urgent)].tolist()


def test_long_words_are_cut_at_a_word():
    cut = shortened("word " * 200)
    assert len(cut) <= QUOTE + 2
    assert cut.endswith("word …")
    assert pd.isna(shortened(pd.NA))


def test_row_order_does_not_matter():
    rows = [comment(f"c{n}", f"text {n}", severity=(n % 7) / 7, customer_id=f"k{n % 3}") for n in range(30)]
    feedback, clauses = tables(*rows)
    once = queue_comments(feedback, clauses, ISSUES.empty(), EVERYTHING)
    shuffled = [table.sample(frac=1, random_state=3) for table in (feedback, clauses)]
    pd.testing.assert_frame_equal(queue_comments(*shuffled, ISSUES.empty(), EVERYTHING), once)


@pytest.mark.parametrize("half_life", [0, -1])
def test_a_half_life_must_be_above_nothing(half_life):
    with pytest.raises(ConfigError, match="half_life"):
        queue(comment("c"), config=replace(EVERYTHING, half_life=half_life))


def test_empty_in_empty_out():
    feedback, _ = tables(comment("c"))
    for one, other in ((FEEDBACK.empty(), CLAUSES.empty()), (feedback, CLAUSES.empty())):
        pd.testing.assert_frame_equal(queue_comments(one, other, ISSUES.empty(), EVERYTHING), QUEUE.empty())
    full = queue(comment("c"))
    assert {name: str(dtype) for name, dtype in full.dtypes.items()} == {
        name: column.dtype for name, column in QUEUE.columns.items()
    }


@settings(deadline=None)
@given(
    st.floats(0, 1), st.lists(st.sampled_from(SIGNALS), unique=True, max_size=4),
    st.one_of(st.none(), st.integers(0, 10)), st.floats(0, 900),
)  # fmt: skip
def test_urgency_stays_within_its_bounds(severity, signals, nps, age):
    row = comment("c", severity=severity, signals=" ".join(signals) or None, created_at=NOW - pd.Timedelta(days=age))
    feedback, clauses = tables(row | {"nps": nps}, comment("newest"))
    found = attention(feedback, clauses, ISSUES.empty(), half_life=28)["urgency"]
    assert found.between(0, 100).all()

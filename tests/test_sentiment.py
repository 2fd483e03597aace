"""Sentiment per clause and per comment."""

import numpy as np
import pandas as pd
import pytest

from voc.config import SentimentConfig
from voc.sentiment import roll_up, score_clauses, score_texts
from voc.tables import CLAUSES, FEEDBACK


def clauses_of(*texts: str, feedback_id: str = "1") -> pd.DataFrame:
    rows, start = [], 0
    for position, text in enumerate(texts):
        place = {"position": position, "start": start, "end": start + len(text)}
        rows.append(
            {"clause_id": f"{feedback_id}:{position}", "feedback_id": feedback_id, **place, "text": text, "lang": "en"}
        )
        start += len(text) + 1
    return CLAUSES.check(pd.DataFrame(rows))


def judged(*verdicts: tuple[str, float, str, float, float], lengths: list[int] | None = None) -> pd.DataFrame:
    """Clauses with given (feedback_id, sentiment, label, confidence, severity) and lengths."""
    rows = []
    for position, (feedback_id, sentiment, label, confidence, severity) in enumerate(verdicts):
        end = (lengths or [10] * len(verdicts))[position]
        place = {"clause_id": f"{position}", "feedback_id": feedback_id, "position": position, "start": 0, "end": end}
        verdict = {"sentiment": sentiment, "label": label, "confidence": confidence, "severity": severity}
        rows.append({**place, "text": "x" * end, "lang": "en", **verdict})
    return CLAUSES.check(pd.DataFrame(rows))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Terrible service, never again.", "negative"),
        ("Wonderful, thank you so much!", "positive"),
        ("Der Kundenservice ist eine Katastrophe", "negative"),
        ("Ottimo prodotto, lo consiglio", "positive"),
        ("Labai gera prekė, ačiū!", "positive"),
        ("El envío llegó tarde y roto", "negative"),
        ("Obsługa beznadziejna", "negative"),
        ("😡😡", "negative"),
    ],
)
def test_plain_opinions(text, label):
    scored, _ = score_clauses(clauses_of(text), SentimentConfig())
    assert scored.loc[0, "label"] == label
    assert (scored.loc[0, "sentiment"] > 0) == (label == "positive")


def test_signals_and_severity_mark_danger():
    texts = ("The charger caught fire and burned my hand", "The soup was a bit cold", "Lovely place")
    scored, vectors = score_clauses(clauses_of(*texts), SentimentConfig())
    assert "safety" in scored.loc[0, "signals"].split()
    assert scored["signals"].isna().tolist() == [False, True, True]
    assert scored["severity"].is_monotonic_decreasing
    assert vectors.shape == (3, 384)


def test_each_distinct_text_is_read_once_and_answered_everywhere():
    scored, vectors = score_clauses(clauses_of("Bad.", "Good.", "Bad."), SentimentConfig())
    assert scored.loc[0, "sentiment"] == scored.loc[2, "sentiment"]
    assert np.array_equal(vectors[0], vectors[2])


def test_no_clauses():
    scored, vectors = score_clauses(CLAUSES.empty(), SentimentConfig())
    assert len(scored) == 0
    assert vectors.shape == (0, 384)
    assert scored["sentiment"].dtype == "Float32"
    assert list(score_texts([], SentimentConfig()).columns) == ["sentiment", "label", "confidence", "severity"]


def test_roll_up_weighs_clauses_by_length_and_takes_the_worst_severity():
    feedback = FEEDBACK.check(pd.DataFrame({"feedback_id": ["a", "b"], "text": ["…", "…"]}))
    clauses = judged(("a", -1.0, "negative", 0.9, 0.8), ("a", 1.0, "positive", 0.9, 0.0), lengths=[30, 10])
    rolled = roll_up(feedback, clauses)
    assert rolled.loc[0, "sentiment"] == pytest.approx(-0.5)
    assert rolled.loc[0, "label"] == "negative"
    assert rolled.loc[0, "confidence"] == pytest.approx((3 * 0.9 + 1 * 0.05) / 4)
    assert rolled.loc[0, "severity"] == pytest.approx(0.8)
    assert rolled.loc[1, ["sentiment", "label", "confidence", "severity"]].isna().all()


def test_balanced_praise_and_blame_is_neutral():
    feedback = FEEDBACK.check(pd.DataFrame({"feedback_id": ["a"], "text": ["…"]}))
    rolled = roll_up(feedback, judged(("a", -0.9, "negative", 0.9, 0.5), ("a", 0.9, "positive", 0.9, 0.0)))
    assert rolled.loc[0, "label"] == "neutral"


def test_roll_up_keeps_rows_and_their_order():
    feedback = FEEDBACK.check(pd.DataFrame({"feedback_id": ["b", "a", "c"], "text": ["…"] * 3, "mine": [1, 2, 3]}))
    rolled = roll_up(feedback, judged(("a", -1.0, "negative", 0.9, 0.8), ("b", 1.0, "positive", 0.9, 0.0)))
    assert rolled["feedback_id"].tolist() == ["b", "a", "c"]
    assert rolled["mine"].tolist() == [1, 2, 3]
    assert rolled["label"].tolist()[:2] == ["positive", "negative"]
    assert roll_up(FEEDBACK.empty(), CLAUSES.empty())["sentiment"].dtype == "Float32"

"""Sentiment per clause and per comment."""

import numpy as np
import pandas as pd
import pytest

from voc.config import SentimentConfig
from voc.sentiment import hear_leanings, score_clauses, score_comments, score_texts
from voc.tables import CLAUSES, FEEDBACK

CONFIG = SentimentConfig()


def clauses_of(*texts: str, feedback_id: str = "1") -> pd.DataFrame:
    rows, start = [], 0
    for position, text in enumerate(texts):
        place = {"position": position, "start": start, "end": start + len(text)}
        rows.append(
            {"clause_id": f"{feedback_id}:{position}", "feedback_id": feedback_id, **place, "text": text, "lang": "en"}
        )
        start += len(text) + 1
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
        ("Obsługa była fatalna, nigdy więcej tu nie wrócę", "negative"),
        ("😡😡", "negative"),
    ],
)
def test_plain_opinions(text, label):
    scored, _ = score_clauses(clauses_of(text), CONFIG)
    assert scored.loc[0, "label"] == label
    assert (scored.loc[0, "sentiment"] > 0) == (label == "positive")


def test_signals_and_severity_mark_danger():
    texts = ("The charger caught fire and burned my hand", "The soup was a bit cold", "Lovely place")
    scored, vectors = score_clauses(clauses_of(*texts), CONFIG)
    assert "safety" in scored.loc[0, "signals"].split()
    assert scored["signals"].isna().tolist() == [False, True, True]
    assert scored["severity"].is_monotonic_decreasing
    assert vectors.shape == (3, 384)


def test_praise_raises_no_alarm(tiny):
    scored, _ = score_clauses(clauses_of("They saved us from the fire", "Great, no fire"), SentimentConfig(model=tiny))
    assert scored["sentiment"].tolist() == pytest.approx([0, 2 / 3])
    assert scored["signals"].fillna("").tolist() == ["safety", ""]


def test_each_distinct_text_is_read_once_and_answered_everywhere():
    scored, vectors = score_clauses(clauses_of("Bad.", "Good.", "Bad."), CONFIG)
    assert scored.loc[0, "sentiment"] == scored.loc[2, "sentiment"]
    assert np.array_equal(vectors[0], vectors[2])


def test_no_clauses():
    scored, vectors = score_clauses(CLAUSES.empty(), CONFIG)
    assert len(scored) == 0
    assert vectors.shape == (0, 384)
    assert scored["sentiment"].dtype == "Float32"
    assert list(score_texts([], CONFIG).columns) == ["sentiment", "label", "confidence", "severity"]


def comments_of(*texts: str | None) -> pd.DataFrame:
    """Comments whose missing texts are skipped."""
    skip = ["empty" if text is None else None for text in texts]
    ids = [str(i) for i in range(len(texts))]
    frame = {"feedback_id": ids, "text": [text or "" for text in texts], "clean_text": list(texts), "skip": skip}
    return FEEDBACK.check(pd.DataFrame(frame))


def test_a_comment_is_judged_whole_and_a_clause_that_is_one_is_not_read_twice(monkeypatch):
    whole = "Lovely staff but the app crashes every single time and nobody cares."
    clauses, _ = score_clauses(clauses_of("Bad.", "Lovely staff", "but the app crashes"), CONFIG)
    feedback = comments_of("Bad.", whole, None)
    read = []
    monkeypatch.setattr(
        "voc.sentiment.score_texts", lambda texts, *rest: read.append(texts) or score_texts(texts, *rest)
    )
    scored = score_comments(feedback, clauses, CONFIG)
    assert read == [[whole]]
    assert scored.loc[0, "sentiment"] == clauses.loc[0, "sentiment"]
    alone = score_texts([whole], CONFIG)
    assert scored.loc[1, "label"] == alone.loc[0, "label"] == "negative"
    assert scored.loc[1, "severity"] == pytest.approx(alone.loc[0, "severity"])
    assert scored.loc[2, ["sentiment", "label", "confidence", "severity"]].isna().all()


def test_comments_keep_their_rows_and_their_order():
    feedback = comments_of("Great!", "Awful!", "Great!").assign(mine=[1, 2, 3])
    scored = score_comments(feedback, CLAUSES.empty(), CONFIG)
    assert scored["mine"].tolist() == [1, 2, 3]
    assert scored["label"].tolist() == ["positive", "negative", "positive"]


def test_no_comments():
    empty = FEEDBACK.empty()
    assert score_comments(empty, CLAUSES.empty(), CONFIG)["sentiment"].dtype == "Float32"


@pytest.mark.parametrize(
    ("negative", "neutral", "positive", "label"),
    [
        (0.45, 0.50, 0.05, "negative"),
        (0.05, 0.50, 0.45, "positive"),
        (0.39, 0.50, 0.11, "neutral"),
        (0.30, 0.40, 0.30, "neutral"),
        (0.50, 0.45, 0.05, "negative"),
    ],
)
def test_a_clause_neutral_by_a_hair_goes_to_the_side_it_leans_to(negative, neutral, positive, label):
    said = max((negative, "negative"), (neutral, "neutral"), (positive, "positive"))
    verdict = {"sentiment": positive - negative, "label": said[1], "confidence": said[0]}
    heard = hear_leanings(CLAUSES.add(clauses_of("Some words"), **{name: [value] for name, value in verdict.items()}))
    assert heard["label"].tolist() == [label]


def test_no_clause_has_no_leaning():
    assert hear_leanings(score_clauses(CLAUSES.empty(), CONFIG)[0]).empty

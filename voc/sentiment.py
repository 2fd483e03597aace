"""Sentiment, severity and urgent signals: per clause from the model, per comment from its clauses.

This room loads no model itself (`encoder` does) and splits no text (`clauses` does).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from voc.config import SentimentConfig
from voc.encoder import Encoding, load
from voc.tables import CLAUSES, FEEDBACK, LABELS, SIGNALS, Progress, silent

SIGNAL_THRESHOLD = 0.5
"""Probability from which a signal is raised; guarded by the signal table in tests/test_quality.py."""
NEUTRAL_BAND = 0.25
"""A comment whose mean sentiment lies within ± this is neutral (mixed comments end up here)."""


def score_clauses(
    clauses: pd.DataFrame, config: SentimentConfig, progress: Progress = silent
) -> tuple[pd.DataFrame, np.ndarray]:
    """The clauses with sentiment, label, confidence, severity and signals; and their unit theme vectors (n, d)."""
    clauses = CLAUSES.check(clauses)
    encoding = _encode(clauses["text"].tolist(), config, progress)
    columns = _verdicts(encoding.sentiment)
    names = np.array(SIGNALS)
    signals = [" ".join(names[row >= SIGNAL_THRESHOLD]) for row in encoding.signals]
    columns |= {"severity": encoding.severity, "signals": pd.Series(signals, dtype="string").replace("", pd.NA)}
    return CLAUSES.add(clauses, **columns), encoding.vectors


def score_texts(texts: Sequence[str], config: SentimentConfig, progress: Progress = silent) -> pd.DataFrame:
    """Whole texts, unsplit: columns sentiment (-1 to 1), label, confidence (0-1), severity (0-1), in their order."""
    encoding = _encode(texts, config, progress)
    return pd.DataFrame({**_verdicts(encoding.sentiment), "severity": encoding.severity})


def roll_up(feedback: pd.DataFrame, clauses: pd.DataFrame) -> pd.DataFrame:
    """The comments with sentiment, label, confidence and severity out of their clauses; missing where there are none.

    Sentiment is the mean of the clauses weighted by length; severity is that of the worst clause; confidence is the
    length-weighted share that the label can claim: a clause's own confidence where it agrees, the rest where not.
    """
    feedback = FEEDBACK.check(feedback)
    length = (clauses["end"] - clauses["start"]).astype("float64")
    weights = length / length.groupby(clauses["feedback_id"]).transform("sum")
    grouped = clauses["feedback_id"]
    sentiment = (clauses["sentiment"].astype("float64") * weights).groupby(grouped).sum()
    label = pd.Series(
        np.select([sentiment < -NEUTRAL_BAND, sentiment > NEUTRAL_BAND], [LABELS[0], LABELS[2]], LABELS[1]),
        sentiment.index,
    )
    agrees = clauses["label"] == grouped.map(label)
    own = clauses["confidence"].astype("float64")
    confidence = (own.where(agrees, (1 - own) / 2) * weights).groupby(grouped).sum()
    severity = clauses["severity"].astype("float64").groupby(grouped).max()
    found = {"sentiment": sentiment, "label": label, "confidence": confidence, "severity": severity}
    return FEEDBACK.add(feedback, **{name: feedback["feedback_id"].map(values) for name, values in found.items()})


def _encode(texts: Sequence[str], config: SentimentConfig, progress: Progress) -> Encoding:
    """Each distinct text is read once."""
    codes, distinct = pd.factorize(np.asarray(texts, dtype=object))
    found = load(config.model, device=config.device).encode(distinct.tolist(), progress=progress)
    return Encoding(found.vectors[codes], found.sentiment[codes], found.severity[codes], found.signals[codes])


def _verdicts(probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Sentiment = P(positive) - P(negative); the likeliest label and its probability."""
    best = probabilities.argmax(axis=1)
    return {
        "sentiment": probabilities[:, 2] - probabilities[:, 0],
        "label": np.array(LABELS, dtype=object)[best],
        "confidence": probabilities.max(axis=1),
    }

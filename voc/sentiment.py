"""Sentiment, severity and urgent signals, per clause and per comment.

This room loads no model itself (`encoder` does) and splits no text (`clauses` does).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from voc.config import SentimentConfig
from voc.encoder import Encoding, load
from voc.evidence import WORDS, believed
from voc.glosses import glossed
from voc.tables import CLAUSES, FEEDBACK, LABELS, RATHER, SIGNALS, Progress, silent

VERDICT = ("sentiment", "label", "confidence", "severity")
SIGNAL_THRESHOLD = 0.24
"""Probability from which a signal is raised, and counts as surely as it is meant. Few clauses carry one, so what is
likelier than not finds two of five; from here on 59 of 100 are found, and 48 of 100 that are raised are meant. Chosen
on the held-back rows of bench/quality.py, where no floor of the written ones is lost; guarded by the signal tables of
tests/quality.toml."""

LEANS = 0.8
"""The share of neutral's probability from which a side wins a clause. Clauses stand without their comment, so many a
complaint ("although I use less power") is called neutral by a hair, and would be lost to the themes. Less of it hears
suggestions and questions as complaints; guarded by test_planted_complaints_are_heard_as_complaints."""

PLEASED = 0.6
"""Sentiment above which a clause raises no signal. Trades dangers told in a pleased tone for false alarms in praise;
guarded by test_praise_raises_no_alarm."""


def score_clauses(
    clauses: pd.DataFrame, config: SentimentConfig, progress: Progress = silent
) -> tuple[pd.DataFrame, np.ndarray]:
    """The clauses with sentiment, label, confidence, severity, signals and how surely these are meant; and their unit
    theme vectors (n, d)."""
    clauses = CLAUSES.check(clauses)
    encoding = _encode(_heard(clauses["text"], clauses), config, progress)
    columns = _verdicts(encoding.sentiment)
    # Praise is no alarm: "they refunded me at once" is about money and fine.
    raised = (encoding.signals >= SIGNAL_THRESHOLD) & (columns["sentiment"] <= PLEASED)[:, None]
    # Nor is heat a threat with lawyers, and who asks for more tills does not leave.
    for signal in WORDS:
        heard, odds = raised[:, SIGNALS.index(signal)], encoding.signals[:, SIGNALS.index(signal)]
        texts, langs = (clauses.loc[heard, name].tolist() for name in ("text", "lang"))
        heard[heard] = believed(signal, texts, langs, sure=(odds[heard] >= RATHER).tolist())
    columns |= {"severity": encoding.severity, **_told(raised, encoding.signals)}
    return CLAUSES.add(clauses, **columns), encoding.vectors


def _told(raised: np.ndarray, probabilities: np.ndarray) -> dict[str, pd.Series]:
    """The columns `signals` and `certainty`: names and two decimals each, joined by spaces; missing = none."""
    names = np.array(SIGNALS)
    said = {
        "signals": [" ".join(names[row]) for row in raised],
        "certainty": [" ".join(f"{p:.2f}" for p in odds[row]) for row, odds in zip(raised, probabilities, strict=True)],
    }
    return {name: pd.Series(each, dtype="string").replace("", pd.NA) for name, each in said.items()}


def hear_leanings(clauses: pd.DataFrame) -> pd.DataFrame:
    """The scored clauses; those that are neutral by a hair have the label of the side they lean to.

    Sentiment and confidence stay. Comments are judged before this, on their whole text.
    """
    sentiment, neutral = clauses["sentiment"].to_numpy(float), clauses["confidence"].to_numpy(float)
    # Of a neutral clause the confidence is P(neutral), so the sentiment tells the other two.
    side = (1 - neutral + np.abs(sentiment)) / 2
    leans = clauses["label"].eq("neutral").to_numpy(bool) & (side >= LEANS * neutral)
    sides = np.where(sentiment < 0, "negative", "positive")
    return CLAUSES.add(clauses, label=clauses["label"].mask(leans, pd.Series(sides, clauses.index)))


def score_comments(
    feedback: pd.DataFrame, clauses: pd.DataFrame, config: SentimentConfig, progress: Progress = silent
) -> pd.DataFrame:
    """The comments with sentiment, label, confidence and severity; missing where a row is skipped.

    A comment is judged on its whole text: the mean of its clauses, which have lost their context, hears its side less
    well. What was read as a clause is not read twice.
    """
    feedback = FEEDBACK.check(feedback, "clean_text", "skip")
    told = feedback["skip"].isna() & feedback["clean_text"].notna()
    text = pd.Series(_heard(feedback.loc[told, "clean_text"], feedback[told]), feedback.index[told], dtype="string")
    known = clauses.set_axis(_heard(clauses["text"], clauses))[list(VERDICT)]
    known = known[~known.index.duplicated()]
    unread = text[~text.isin(known.index)].drop_duplicates().tolist()
    verdicts = pd.concat([known, score_texts(unread, config, progress).set_axis(unread).astype(known.dtypes)])
    return FEEDBACK.add(feedback, **{name: text.map(verdicts[name]).reindex(feedback.index) for name in VERDICT})


def score_texts(texts: Sequence[str], config: SentimentConfig, progress: Progress = silent) -> pd.DataFrame:
    """Whole texts, `glossed` where their language is known: columns sentiment (-1 to 1), label, confidence (0-1) and
    severity (0-1), in their order."""
    encoding = _encode(texts, config, progress)
    return pd.DataFrame({**_verdicts(encoding.sentiment), "severity": encoding.severity})


def _heard(texts: pd.Series, rows: pd.DataFrame) -> list[str]:
    """The texts as the model is to hear them."""
    return glossed(texts, rows["lang"].fillna("und") if "lang" in rows else ["und"] * len(rows))


def _encode(texts: Sequence[str], config: SentimentConfig, progress: Progress) -> Encoding:
    """Each distinct text is read once."""
    codes, distinct = pd.factorize(np.asarray(texts, dtype=object))
    encoder = load(config.model, device=config.device, allow_download=config.allow_download)
    found = encoder.encode(distinct.tolist(), progress=progress)
    return Encoding(found.vectors[codes], found.sentiment[codes], found.severity[codes], found.signals[codes])


def _verdicts(probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Sentiment = P(positive) - P(negative); the likeliest label and its probability."""
    best = probabilities.argmax(axis=1)
    return {
        "sentiment": probabilities[:, 2] - probabilities[:, 0],
        "label": np.array(LABELS, dtype=object)[best],
        "confidence": probabilities.max(axis=1),
    }

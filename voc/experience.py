"""The customer experience score: one figure from 0 to 100 out of what a customer writes and what a customer ticks.

    score = 100 x sum of (weight x part) / sum of the weights, over the parts that are there

    sentiment  (sentiment + 1) / 2 of the comment
    effort     1 - effort: easy phrases / (easy + hard phrases), where the comment speaks of effort at all
    severity   1 - severity of the whole text
    survey     mean of the scores given, each as a share of its scale with the good end at 1

A missing part is left out and the others weigh more; `experience_parts` says which are there. An effort scale whose
good end is not declared does not count. The score describes; it is no survey metric with a market to compare with.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from voc.config import ExperienceConfig
from voc.errors import ConfigError
from voc.intervals import Array
from voc.phrases import Phrases, Words, compiled
from voc.rules import load
from voc.scores import SCORES, headline, real
from voc.tables import CLAUSES, FEEDBACK, Note, numbers
from voc.voices import rather_meant

PARTS = ("sentiment", "effort", "severity", "survey")
HARD_SIGNAL = "unresolved"
"""The signal of repeated contact and broken promises counts as a hard phrase, in every language."""


def rate_experience(feedback: pd.DataFrame, clauses: pd.DataFrame, config: ExperienceConfig) -> pd.DataFrame:
    """FEEDBACK with `effort`, `experience` and `experience_parts`; missing where nothing is known of a row, and for
    rows that are no customer's answer. Raises ConfigError where the weights cannot be used."""
    weights = np.array([float(getattr(config, part)) for part in PARTS])
    if weights.min() < 0 or weights.sum() <= 0:
        raise ConfigError(
            f"The weights of [experience] must not be negative, and one must be above 0: {weights.tolist()}"
        )
    effort = _effort(feedback, clauses)
    parts = np.column_stack([
        (numbers(feedback, "sentiment") + 1) / 2, 1 - effort, 1 - numbers(feedback, "severity"), _survey(feedback)
    ])  # fmt: skip
    void = ~feedback["feedback_id"].isin(real(feedback)["feedback_id"]).to_numpy(bool)
    parts[void] = np.nan
    there = ~np.isnan(parts)
    total = (there * weights).sum(axis=1)
    score = np.divide(
        (np.nan_to_num(parts) * weights).sum(axis=1), total, out=np.full(len(parts), np.nan), where=total > 0
    )
    names = [" ".join(name for name, held in zip(PARTS, row, strict=True) if held) or None for row in there]
    return FEEDBACK.add(feedback, effort=effort, experience=100 * score, experience_parts=names)


def experience_notes(feedback: pd.DataFrame, config: ExperienceConfig) -> list[Note]:
    """The formula with its weights, and how many scores rest on which parts."""
    held = (
        feedback["experience_parts"].dropna() if "experience_parts" in feedback.columns else pd.Series(dtype="string")
    )
    if held.empty:
        return []
    shown = " + ".join(f"{getattr(config, part):g} {part}" for part in PARTS)
    counts = sorted(Counter(held).items(), key=lambda pair: (-pair[1], pair[0]))
    rests = "; ".join(f"{n:,} on {parts.replace(' ', ', ')}" for parts, n in counts)
    said = (
        f"experience = 100 x ({shown}) / weights of the parts that are there, effort and severity turned round: {rests}"
    )
    return [Note("experience", said)]


def _survey(feedback: pd.DataFrame) -> Array:
    """Mean over the scores of a row, each 0-1 with 1 good; nan where none is given."""
    given = [score for score in (headline(feedback, name) for name in SCORES) if score and score.better]
    if not given:
        return np.full(len(feedback), np.nan)
    shares = []
    for score in given:
        share = (score.answers - score.scale.low) / (score.scale.high - score.scale.low)
        shares.append(1 - share if score.scale.better == "low" else share)
    known = ~np.isnan(shares)
    return np.divide(
        np.nansum(shares, axis=0), known.sum(axis=0), out=np.full(len(feedback), np.nan), where=known.any(axis=0)
    )


def _effort(feedback: pd.DataFrame, clauses: pd.DataFrame) -> Array:
    """How hard each comment says it was, 0-1; nan where it does not say."""
    if "clean_text" not in feedback.columns or feedback.empty:
        return np.full(len(feedback), np.nan)
    texts = feedback["clean_text"].fillna("").to_numpy(object)
    codes = (
        feedback["lang"].fillna("und").to_numpy(object) if "lang" in feedback.columns else np.full(len(texts), "und")
    )
    words = {code: _phrases_of(str(code)) for code in sorted({*codes})}
    counts = np.array([_counts(text, *words[code]) for text, code in zip(texts, codes, strict=True)], float)
    hard, easy = counts[:, 0] + _signalled(feedback, clauses), counts[:, 1]
    return np.divide(hard, hard + easy, out=np.full(len(texts), np.nan), where=hard + easy > 0)


def _phrases_of(code: str) -> tuple[Phrases | None, Phrases | None]:
    """The hard and the easy phrases of a language; None where it has none."""
    known = load(code).effort
    hard, easy = (known.get(kind, ()) for kind in ("hard", "easy"))
    return compiled(hard) if hard else None, compiled(easy) if easy else None


def _counts(text: str, hard: Phrases | None, easy: Phrases | None) -> tuple[int, int]:
    """Hard and easy phrases in a text; an easy one within a hard one ("not easy") does not count."""
    if not text or (hard is None and easy is None):
        return 0, 0
    words = Words.of(text)
    taken = [found.span() for found in hard.find(text, words)] if hard else []
    free = [
        found for found in (easy.find(text, words) if easy else ())
        if not any(start <= found.start() < end for start, end in taken)
    ]  # fmt: skip
    kept = [
        span for span in taken if not any(found.start() <= span[0] < found.end() for found in free)
    ]  # fmt: skip
    return len(kept), len(free)


def _signalled(feedback: pd.DataFrame, clauses: pd.DataFrame) -> Array:
    """1 where a clause of the comment carries HARD_SIGNAL."""
    if "signals" not in clauses.columns or clauses.empty:
        return np.zeros(len(feedback))
    hits = rather_meant(CLAUSES.check(clauses)).str.contains(rf"\b{HARD_SIGNAL}\b").fillna(value=False).astype(bool)
    told = clauses.reset_index(drop=True).loc[hits, "feedback_id"]
    return feedback["feedback_id"].isin(told).to_numpy(float)

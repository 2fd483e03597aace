"""Accuracy against speed, side by side in one run: VADER, voc-fast, voc-small, and the shape of the peers' model.

`python -m bench.frontier`. Accuracy is on the labelled dev rows (../shared/data): tweets over three classes (UMSAB),
and customers' text, negative against positive and over three classes, each the mean over languages. VADER reads English
alone and comes with the dependency group `peers`. The peers' weights cannot be had offline, so their network has random
ones: its speed is true, and it has no accuracy here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench import quality, speed

Read = Callable[[list[str]], np.ndarray]
"""Texts to probabilities of negative, neutral and positive (n, 3)."""
FIGURES = {
    "tweets": "tweets", "tweets, en": "tweets", "customers ±": "customers", "customers ±, en": "customers",
    "customers, 3": "customers",
}  # fmt: skip
VADER_MARGIN = 0.05
"""Its authors' own threshold between neutral and the others."""


@dataclass(frozen=True)
class Candidate:
    """What reads texts; English alone, or every language."""

    name: str
    read: Read
    english_only: bool = False


def models() -> list[Candidate]:
    """What can be compared on this machine."""
    from voc.encoder import load

    ours = [
        Candidate(name, lambda texts, name=name: load(name).encode(texts).sentiment)
        for name in ("voc-fast", "voc-small")
    ]
    return [*vader(), *ours]


def vader() -> list[Candidate]:
    """VADER where it is installed."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        print("VADER is left out (vaderSentiment is not installed): pip install --group peers")
        return []
    analyzer = SentimentIntensityAnalyzer()

    def read(texts: list[str]) -> np.ndarray:
        score = np.array([analyzer.polarity_scores(text)["compound"] for text in texts])
        return np.stack([score <= -VADER_MARGIN, np.abs(score) < VADER_MARGIN, score >= VADER_MARGIN], 1) * (
            0.5 + np.abs(score[:, None])
        )

    return [Candidate("VADER", read, english_only=True)]


def labelled() -> dict[str, pd.DataFrame]:
    """Dev rows of tweets and of customers' text: text, lang, gold …"""
    rows = quality.dev_rows()
    is_tweet = rows["source"] == quality.TWEETS
    customers = rows[rows["domain"].isin(quality.CUSTOMER_DOMAINS) & ~is_tweet]
    return {"tweets": rows[is_tweet], "customers": customers}


def accuracy(candidate: Candidate, rows: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Macro-F1 in percent per figure; nan where the candidate does not read the languages."""
    told = {}
    for name, part in rows.items():
        known = part[part["lang"] == "en"] if candidate.english_only else part
        told[name] = judged(known, candidate.read(known["text"].astype(str).tolist()))
    found = figures_of(told)
    return {
        figure: value if figure.endswith("en") or not candidate.english_only else float("nan")
        for figure, value in found.items()
    }


def judged(rows: pd.DataFrame, shares: np.ndarray) -> pd.DataFrame:
    """The rows with the verdict that probabilities (n, 3) of negative, neutral and positive give."""
    label = np.array(quality.LABELS)[shares.argmax(axis=1)]
    return rows.assign(sentiment=shares[:, 2] - shares[:, 0], label=label)


def figures_of(told: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Macro-F1 in percent per figure over judged rows."""
    found = {}
    for figure, name in FIGURES.items():
        rows = told[name]
        wanted = rows[rows["lang"] == "en"] if figure.endswith("en") else rows
        found[figure] = _mean(wanted, binary="±" in figure)
    return found


def _mean(rows: pd.DataFrame, *, binary: bool) -> float:
    """The mean over languages; over three classes, those with ten neutral texts."""
    groups = [quality.Judged(part) for _, part in rows.groupby("lang")]
    if binary:
        return float(np.mean([group.binary_f1() for group in groups]))
    return float(np.mean([group.macro_f1() for group in groups if group.has_neutral()]))


def rates(candidates: list[Candidate]) -> dict[str, float]:
    """Texts a second of each candidate over the same comments, and of the peers' shape."""
    texts = speed.comments(4_000)
    found = {}
    for candidate in candidates:
        few = texts if candidate.name != "voc-small" else texts[: 4 * speed.PEER_TEXTS]
        candidate.read(few[:64])
        found[candidate.name] = speed.rate(lambda few=few, read=candidate.read: read(few), len(few))
    return found | speed.peers(texts[: speed.PEER_TEXTS], 1)


def table(figures: dict[str, dict[str, float]], per_second: dict[str, float]) -> str:
    """The comparison as a Markdown table, the fastest first."""
    slowest = min(per_second.values())
    head = ["model", "texts/s", "times", *FIGURES]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, rate in sorted(per_second.items(), key=lambda pair: -pair[1]):
        cells = [figures.get(name, {}).get(figure, float("nan")) for figure in FIGURES]
        told = ["–" if np.isnan(cell) else f"{cell:.1f}" for cell in cells]
        lines.append("| " + " | ".join([name, f"{rate:,.0f}", f"{rate / slowest:.1f}", *told]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    candidates = models()
    rows: Any = labelled() if quality.DATA.is_dir() else {}
    if not rows:
        print("The labelled data is not there; speed alone.")
    figures = {candidate.name: accuracy(candidate, rows) for candidate in candidates} if rows else {}
    print("\nAccuracy (macro-F1, %) and speed on this CPU; ± = negative against positive, 3 = with neutral")
    print(table(figures, rates(candidates)))


if __name__ == "__main__":
    main()

"""Clauses and vectors around known topics, for the tests of themes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from voc.tables import CLAUSES

OTHERS = ["The room was cold", "A cold room", "Our room had no heating", "The heating in the room failed"]
TOPICS = {
    "delivery": "The delivery of my parcel was late|My parcel came late|The delivery took weeks|Where is my parcel",
    "app": "The app crashes at login|Login in the app fails|The app freezes|After the update the app crashes",
    "staff": "The waiter was rude to us|A rude waiter again|The staff ignored us|We met unfriendly staff",
    "bill": "The bill was wrong|I paid the bill twice|A mistake on my bill|The invoice was wrong, the bill too",
}


def clauses_of(texts: Sequence[str], langs: Sequence[str] | None = None, **columns: object) -> pd.DataFrame:
    """Clauses, each a comment of its own, negative unless told otherwise."""
    known = {"sentiment": -0.8, "label": "negative", "confidence": 0.9} | columns
    numbers = [f"{number:05}" for number in range(len(texts))]
    frame = pd.DataFrame({"clause_id": [f"{each}-0" for each in numbers], "feedback_id": numbers, "text": list(texts)})
    frame = frame.assign(position=0, start=0, end=frame["text"].str.len(), lang=list(langs or ["en"] * len(texts)))
    return CLAUSES.check(frame.assign(**known))


def around(topics: Sequence[int], *, spread: float = 0.5, seed: int = 0, width: int = 384) -> np.ndarray:
    """Unit vectors around one random direction per topic, all leaning the same way as real encoders' vectors do."""
    rng = np.random.default_rng(seed)
    middles = rng.standard_normal((max(topics, default=0) + 1, width))
    common = rng.standard_normal(width) * 3
    vectors = common + middles[list(topics)] + spread * rng.standard_normal((len(topics), width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def make_shop() -> tuple[pd.DataFrame, np.ndarray]:
    """200 complaints of four topics, and ten words of praise."""
    topics = [number % 4 for number in range(200)]
    said = [each.split("|") for each in TOPICS.values()]
    texts = [f"{said[topic][number // 4 % 4]}, order {number}" for number, topic in enumerate(topics)]
    clauses = clauses_of([*texts, *["Lovely people"] * 10])
    clauses.loc[200:, ["label", "sentiment"]] = ["positive", 0.9]
    return clauses, around([*topics, *[0] * 10])

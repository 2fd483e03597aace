"""Texts to token windows that fit the model, and the windows' answers back to one answer per text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from voc.encoder import Encoding

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WINDOW = 192
"""Tokens a window holds at most. Clauses have about 20; attention grows with the square of the length, and the training
texts end at 96, so longer texts are read piece by piece: nothing is cut off."""


def windows(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[list[list[int]], np.ndarray]:
    """Token ids of every window, with the first and last special token kept on each, and the text each belongs to."""
    ids: list[list[int]] = []
    owners: list[int] = []
    for owner, encoding in enumerate(tokenizer.encode_batch_fast(list(texts))):
        first, *body, last = encoding.ids
        for start in range(0, max(1, len(body)), WINDOW - 2):
            ids.append([first, *body[start : start + WINDOW - 2], last])
            owners.append(owner)
    return ids, np.array(owners, dtype=np.int64)


def average(answers: Sequence[np.ndarray], ids: Sequence[list[int]], owners: np.ndarray, n: int) -> Encoding:
    """One row per text out of its windows' vectors, sentiment, severity and signals.

    Vectors and sentiment are the mean weighted by tokens; severity and signals those of the worst window.
    """
    vectors, sentiment, severity, signals = answers
    if n == 0:
        return Encoding(vectors, sentiment, severity[:, 0], signals)
    weights = np.array([len(row) for row in ids], dtype=np.float32)[:, None]
    starts = np.searchsorted(owners, np.arange(n))
    totals = np.add.reduceat(weights, starts)
    vectors = np.add.reduceat(vectors * weights, starts)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Encoding(
        vectors=vectors,
        sentiment=np.add.reduceat(sentiment * weights, starts) / totals,
        severity=np.maximum.reduceat(severity, starts)[:, 0],
        signals=np.maximum.reduceat(signals, starts),
    )

"""The fast lane: no attention, only a table of pieces and two narrow convolutions, in numpy.

A window of five pieces is what hears "non male" and "not good at all". Weights and what they are multiplied with are
whole numbers of at most 127, so every sum stays below 2**24 and float32 holds it exactly: the answer for a text does
not depend on the texts beside it, on threads or on the processor. There is no limit to the length of a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from voc.encoder import Encoding, cores
from voc.tables import LABELS, SIGNALS, Progress, silent

CHUNK = 64
"""Texts per task of a worker thread: more of them leave the processor's cache, fewer pay for each call."""
TOP = 127
MEAN_STEP = 4.0
"""Means lie closer to 0 than what they are means of, so they are kept in steps four times as fine."""


class StaticEncoder:
    """A model folder of the kind `static`, on the CPU."""

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self.name, self.digest = about["name"], about["sha256"]["model.safetensors"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        weights = load_file(folder / "model.safetensors")
        self._weights: dict[str, np.ndarray] = {name: values.astype(np.float32) for name, values in weights.items()}

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Encoding:
        """Read each text once, whole."""
        chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        parts: list[Encoding] = [self._read([])]
        with ThreadPoolExecutor(cores()) as pool:
            for part in pool.map(self._read, chunks):
                parts.append(part)
                progress("sentiment", min(len(texts), CHUNK * (len(parts) - 1)), len(texts))
        columns = ("vectors", "sentiment", "severity", "signals")
        return Encoding(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns})

    def _read(self, texts: Sequence[str]) -> Encoding:
        ids, lengths = self._pieces(texts)
        vectors = _unit(_sums(ids, lengths, self._weights["themes"]))
        logits = self._opinions(ids, lengths)
        ends = np.cumsum([len(LABELS), 1])
        sentiment, severity, signals = np.split(logits, ends, axis=1)
        return Encoding(vectors, _softmax(sentiment), _sigmoid(severity)[:, 0], _sigmoid(signals))

    def _pieces(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The piece ids of all texts in one row, and how many each text has."""
        found = self._tokenizer.encode_batch_fast(list(texts))
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        return np.fromiter(chain.from_iterable(each.ids for each in found), np.int64, int(lengths.sum())), lengths

    def _opinions(self, ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Logits of sentiment, severity and signals (n, 13)."""
        if not len(lengths):
            return np.zeros((0, len(LABELS) + 1 + len(SIGNALS)), np.float32)
        words = self._weights["words"]
        # An empty row stands before, between and behind the texts, so that no window reaches into the next text.
        places = np.arange(len(ids)) + np.repeat(np.arange(len(lengths)), lengths) + 1
        rows = np.zeros((len(ids) + len(lengths) + 1, words.shape[1]), np.float32)
        rows[places] = words[ids]
        heard = self._convolved(rows, "near", places)
        heard = self._convolved(heard, "far", places, heard)
        starts = np.cumsum(lengths) - lengths + np.arange(len(lengths)) + 1
        tokens: np.ndarray = lengths[:, None].astype(np.float32)
        means = [_sums(ids, lengths, words) / tokens, _sums(places, lengths, heard) / tokens]
        pooled = np.hstack([np.maximum.reduceat(heard, starts), *(_whole(MEAN_STEP * mean, -TOP) for mean in means)])
        return self._linear(_whole(self._linear(pooled, "hidden"), 0), "heads")

    def _convolved(self, rows: np.ndarray, name: str, places: np.ndarray, skip: np.ndarray | float = 0.0) -> np.ndarray:
        """Each row with its neighbours through one layer of weights (3, in, out)."""
        before, here, after = self._weights[f"{name}.codes"]
        sums = rows[:-2] @ before
        sums += rows[1:-1] @ here
        sums += rows[2:] @ after
        sums *= self._weights[f"{name}.scale"]
        sums += self._weights[f"{name}.bias"]
        sums += skip[1:-1] if isinstance(skip, np.ndarray) else skip
        found = np.zeros((len(rows), sums.shape[1]), np.float32)
        found[places] = _whole(sums, 0)[places - 1]
        return found

    def _linear(self, rows: np.ndarray, name: str) -> np.ndarray:
        weights = self._weights
        logits: np.ndarray = rows @ weights[f"{name}.codes"] * weights[f"{name}.scale"] + weights[f"{name}.bias"]
        return logits


def _whole(values: np.ndarray, least: int) -> np.ndarray:
    """The values rounded and cut, in their own place."""
    np.rint(values, out=values)
    return np.clip(values, least, TOP, out=values)


def _sums(columns: np.ndarray, lengths: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The sum of the table's rows that each text names."""
    from scipy.sparse import csr_array

    ends = np.concatenate([[0], np.cumsum(lengths)])
    named = csr_array((np.ones(len(columns), np.float32), columns, ends), shape=(len(lengths), len(table)))
    sums: np.ndarray = named @ table
    return sums


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    found: np.ndarray = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return found


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = odds / odds.sum(axis=1, keepdims=True)
    return shares


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    shares: np.ndarray = 1 / (1 + np.exp(-logits))
    return shares

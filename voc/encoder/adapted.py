"""A model with heads of one's own: another model is read, and what it says is corrected (see `voc.training`).

The folder holds the corrections alone and names the model they were fitted on, with its digest; on another version
they would be wrong, so it is refused. Vectors and signals stay the model's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from voc.encoder import Encoder, Encoding, language_centres, load, topic_map
from voc.errors import ModelError
from voc.tables import Progress, silent

HEADS = "heads.safetensors"
GRID = 2.0**20
"""Features and weights are whole multiples of 1 / GRID: their products then sum up exactly in float64, in any order, so
that a text's answer does not depend on the texts beside it."""
VECTOR_SCALE = 16.0
"""Unit vectors have components of about 0.05: so they weigh as much as the log-odds when the correction is fitted."""
FARTHEST = 12.0
"""Log-odds are cut here: a certainty of 0.999994 and one of 1 are the same to a correction."""


class AdaptedEncoder:
    """A model folder of the kind `adapted`."""

    def __init__(self, folder: Path, about: dict[str, Any], device: str) -> None:
        from safetensors.numpy import load_file

        self.name, self.digest = about["name"], about["sha256"][HEADS]
        self._base = _base(folder, about["base"], device)
        self.centres, self.topics = language_centres(self._base), topic_map(self._base)
        self._heads = load_file(folder / HEADS)
        self.remarks = (f"sentiment and severity of {self._base.name} corrected by {about['rows']:,} labelled texts",)

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Encoding:
        """Read each text once with the model underneath, then correct."""
        found = self._base.encode(texts, progress=progress)
        seen = features(found)
        labelled = self._heads["classes"] > 0
        odds = corrected(seen, self._heads["sentiment"])[:, labelled]
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        # A class that nobody labelled keeps its share: who never says neutral tells nothing about it.
        shares: np.ndarray = found.sentiment.astype(np.float64)
        shares[:, labelled] = odds / odds.sum(axis=1, keepdims=True) * shares[:, labelled].sum(axis=1, keepdims=True)
        return replace(
            found,
            sentiment=shares.astype(np.float32),
            severity=np.clip(corrected(seen, self._heads["severity"])[:, 0], 0, 1).astype(np.float32),
        )


def _base(folder: Path, named: dict[str, Any], device: str) -> Encoder:
    beside = folder / named["model"]
    found = load(str(beside) if (beside / "model.json").is_file() else named["model"], device=device)
    if found.digest != named["digest"]:
        raise ModelError(
            f"The model in {folder} was fitted on another version of {named['model']} ({named['digest'][:8]}; "
            f"here is {found.digest[:8]}); fit it again with voc train"
        )
    return found


def features(found: Encoding) -> np.ndarray:
    """What a correction sees of each text (n, 3 + 1 + 1 + d), on the grid: log-probabilities, log-odds of severity,
    severity itself, and the vector."""
    severity: np.ndarray = found.severity.astype(np.float64)[:, None]
    odds = np.log(np.maximum(severity, 1e-9)) - np.log(np.maximum(1 - severity, 1e-9))
    logs = np.log(np.maximum(found.sentiment.astype(np.float64), 1e-9))
    parts = [logs, odds, severity, VECTOR_SCALE * found.vectors.astype(np.float64)]
    return on_grid(np.clip(np.hstack(parts), -FARTHEST, FARTHEST))


def on_grid(values: np.ndarray) -> np.ndarray:
    """The values rounded to multiples of 1 / GRID."""
    found: np.ndarray = np.rint(values * GRID) / GRID
    return found


def corrected(seen: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Features (n, f) through a head (f + 1, k), whose last row is added to all."""
    found: np.ndarray = seen @ on_grid(head[:-1]) + head[-1]
    return found


def unchanged(width: int) -> dict[str, np.ndarray]:
    """The heads that correct nothing, for vectors of `width`."""
    sentiment = np.zeros((3 + 2 + width + 1, 3))
    sentiment[:3] = np.eye(3)
    severity = np.zeros((3 + 2 + width + 1, 1))
    severity[4] = 1
    return {"sentiment": sentiment, "severity": severity, "classes": np.ones(3)}

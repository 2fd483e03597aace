"""The model on a CPU, through ONNX Runtime with int8 weights.

Texts of exactly one length share a batch, one thread per core. Nothing is padded and no quantisation step depends on
the batch, so the answer for a text is the same to the last bit whatever stands beside it, in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from voc.encoder import Encoding, cores, read_centres, read_topics
from voc.encoder.windows import average, windows
from voc.tables import Progress, silent

BATCH_TOKENS = 256
"""Tokens a batch holds at most: more of them leave the core's cache and are slower, fewer pay for each call."""

PAIR = 2
"""A batch of one takes another path through the matrix product, with other last bits: a lone text is read twice."""

OUTPUTS = ("vectors", "sentiment", "severity", "signals")


class OnnxEncoder:
    """A model folder on the CPU."""

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.name, self.digest = about["name"], about["sha256"]["model.onnx"]
        self.centres, self.topics = read_centres(folder, about), read_topics(folder, about)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Encoding:
        """Read each text once; long ones in windows whose answers are averaged by length."""
        ids, owners = windows(self._tokenizer, texts)
        answers: list[np.ndarray] = [np.zeros((len(ids), width), np.float32) for width in self._widths()]
        found = list(batches(ids))
        done = 0
        with ThreadPoolExecutor(cores()) as pool:
            read = pool.map(lambda rows: self._read([ids[i] for i in rows]), found)
            for rows, outputs in zip(found, read, strict=True):
                for answer, output in zip(answers, outputs, strict=True):
                    answer[rows] = output[: len(rows)]
                done += len(rows)
                progress("sentiment", len(texts) * done // len(ids), len(texts))
        return average(answers, ids, owners, len(texts))

    def _read(self, ids: list[list[int]]) -> list[np.ndarray]:
        padded = ids * PAIR if len(ids) == 1 else ids
        outputs: list[np.ndarray] = self._session.run(OUTPUTS, {"input_ids": np.array(padded, dtype=np.int64)})
        return outputs

    def _widths(self) -> list[int]:
        widths = {output.name: output.shape[1] for output in self._session.get_outputs()}
        return [widths[name] for name in OUTPUTS]


def batches(ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Rows of one length together, at most BATCH_TOKENS tokens or one pair; the longest first, to end together."""
    order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
    for length, rows in groupby(order, key=lambda row: len(ids[row])):
        same, size = list(rows), max(PAIR, BATCH_TOKENS // length)
        yield from (same[start : start + size] for start in range(0, len(same), size))

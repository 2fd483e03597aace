"""The model on a CPU, through ONNX Runtime with int8 weights.

Each text is read alone, one thread per core. That is nearly as fast as padded batches and repeatable: activations are
quantised over a whole input, so in a batch a text's answer would hang on its neighbours, and on the order of the rows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from voc.encoder import Encoding
from voc.encoder.windows import average, windows
from voc.tables import Progress, silent

CHUNK = 256
"""Windows per task of a worker thread: large enough to hide the hand-over, small enough for a smooth progress bar."""


class OnnxEncoder:
    """A model folder on the CPU."""

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.name, self.digest = about["name"], about["sha256"]["model.onnx"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._outputs = ("vectors", "sentiment", "severity", "signals")

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Encoding:
        """Read each text once; long ones in windows whose answers are averaged by length."""
        ids, owners = windows(self._tokenizer, texts)
        chunks = [range(i, min(i + CHUNK, len(ids))) for i in range(0, len(ids), CHUNK)]
        answers = []
        with ThreadPoolExecutor(os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()) as pool:
            for chunk, answer in zip(
                chunks, pool.map(lambda rows: [self._read(ids[i]) for i in rows], chunks), strict=True
            ):
                answers.extend(answer)
                progress("sentiment", int(owners[chunk[-1]]) + 1, len(texts))
        return average(answers, ids, owners, len(texts), self._shapes())

    def _read(self, ids: list[int]) -> tuple[np.ndarray, ...]:
        found = self._session.run(self._outputs, {"input_ids": np.array([ids], dtype=np.int64)})
        return tuple(output[0] for output in found)

    def _shapes(self) -> list[int]:
        return [output.shape[1] for output in self._session.get_outputs()]

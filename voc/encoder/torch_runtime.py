"""The model in PyTorch, for GPUs: the same weights, read back out of the ONNX file. Needs the extra `torch`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from voc.encoder import Encoding, read_centres, read_topics
from voc.encoder.windows import average, windows
from voc.tables import Progress, silent

BATCH = 256
ATTENTION_PARTS = ("query", "key", "value")


class TorchEncoder:
    """A model folder on a GPU (or on the CPU, to be held against the ONNX runtime)."""

    def __init__(self, folder: Path, about: dict[str, Any], device: str = "cuda") -> None:
        import torch
        from tokenizers import Tokenizer

        from voc.encoder.network import FeedbackNet, bert

        self.name, self.digest = about["name"], about["sha256"]["model.onnx"]
        self.centres, self.topics = read_centres(folder, about), read_topics(folder, about)
        self._device = device
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.network = FeedbackNet(bert(about["shape"]))
        self.network.grow()
        weights = {name: torch.from_numpy(values) for name, values in read_weights(folder / "model.onnx").items()}
        self.network.load_state_dict(weights, strict=True)
        self.network.eval().to(device)

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Encoding:
        """Read each text once, in batches of similar length."""
        ids, owners = windows(self._tokenizer, texts)
        order = np.argsort([len(row) for row in ids], kind="stable")
        widths = (self.network.project.out_features, 3, 1, self.network.signals.out_features)
        answers = [np.zeros((len(ids), width), np.float32) for width in widths]
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            for answer, output in zip(answers, self._read([ids[i] for i in rows]), strict=True):
                answer[rows] = output
            progress("sentiment", len(texts) * (start + len(rows)) // len(order), len(texts))
        return average(answers, ids, owners, len(texts))

    def _read(self, ids: list[list[int]]) -> list[np.ndarray]:
        import torch

        longest = max(map(len, ids))
        padded = torch.tensor([row + [1] * (longest - len(row)) for row in ids], device=self._device)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids], device=self._device)
        with torch.inference_mode():
            found = self.network(padded, mask)
        outputs = (
            found["vectors"],
            found["sentiment"].softmax(-1),
            found["severity"].sigmoid()[:, None],
            found["signals"].sigmoid(),
        )
        return [output.float().cpu().numpy() for output in outputs]


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Every parameter of `network.FeedbackNet` out of the ONNX file, dequantised, under its PyTorch name."""
    import onnx
    from onnx import numpy_helper

    stored = {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}
    weights: dict[str, np.ndarray] = {}
    for name, values in stored.items():
        stem, _, kind = name.rpartition(".")
        if kind == "int8":
            weights[f"{stem}.weight"] = (values.astype(np.float32) * stored[f"{stem}.scale"]).T
        elif kind == "int4":
            blocks: np.ndarray = values.astype(np.float32).reshape(len(values), -1, 32)
            weights[f"{stem}.weight"] = (blocks * stored[f"{stem}.scale"].astype(np.float32)[..., None]).reshape(
                len(values), -1
            )
        elif kind in ("weight", "bias"):
            weights[name] = values.T if values.ndim == 2 else values
    positions = stored["positions"]
    weights["bert.embeddings.position_embeddings.weight"] = positions
    # The type embedding is already part of the positions: every text is of type 0.
    weights["bert.embeddings.token_type_embeddings.weight"] = np.zeros((2, positions.shape[1]), dtype=np.float32)
    for stem in [name.removesuffix(".weight") for name in weights if name.endswith("attention.self.weight")]:
        for kind in ("weight", "bias"):
            parts = np.split(weights.pop(f"{stem}.{kind}"), len(ATTENTION_PARTS))
            weights |= {f"{stem}.{part}.{kind}": values for part, values in zip(ATTENTION_PARTS, parts, strict=True)}
    return {name: np.array(values, dtype=np.float32, order="C") for name, values in weights.items()}

"""What runs other people's models: their tokenizer, and their network in PyTorch or ONNX Runtime.

Long texts are read in windows, whose answers are averaged by length, as with the default model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from voc.errors import MissingExtra, ModelError
from voc.tables import Progress, silent

BATCH = 32
LONGEST = 512
MARGIN = 2
"""Positions that some architectures (RoBERTa's) keep for themselves."""
Runtime = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Padded ids and mask (n, t) to logits (n, k) or token vectors (n, t, d)."""


def open_runtime(folder: Path, weights: Sequence[Path], device: str, *, classifier: bool) -> Runtime:
    """The network behind `weights`, in PyTorch for safetensors, else in ONNX Runtime."""
    if weights[0].suffix == ".onnx":
        return _onnx(weights[0], classifier=classifier)
    return _torch(folder, device, classifier=classifier)


def _torch(folder: Path, device: str, *, classifier: bool) -> Runtime:
    try:
        import torch
        from transformers import AutoModel, AutoModelForSequenceClassification
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtra(f"The model in {folder}", "torch") from error
    from voc.encoder.torch_probe import has_gpu

    place = "cuda" if device != "cpu" and has_gpu() else "cpu"
    logging.disable_progress_bar()
    kind = AutoModelForSequenceClassification if classifier else AutoModel
    try:
        network, report = kind.from_pretrained(
            str(folder), use_safetensors=True, local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"The model in {folder} cannot be loaded: {str(error).splitlines()[0]}") from error
    missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if missing:
        raise ModelError(f"The weights in {folder} lack {missing[0]}: they would be random")
    network = network.eval().to(place)

    def run(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            found = network(input_ids=torch.from_numpy(ids).to(place), attention_mask=torch.from_numpy(mask).to(place))
        answer: np.ndarray = (found.logits if classifier else found.last_hidden_state).float().cpu().numpy()
        return answer

    return run


def _onnx(path: Path, *, classifier: bool) -> Runtime:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises classes of its own
        raise ModelError(f"{path} cannot be loaded: {str(error).splitlines()[0]}") from error
    taken = {each.name for each in session.get_inputs()}
    outputs = [each.name for each in session.get_outputs()]
    wanted = "logits" if classifier else "last_hidden_state"
    output = wanted if wanted in outputs else outputs[0]

    def run(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        answer: np.ndarray = session.run([output], {name: each for name, each in given.items() if name in taken})[0]
        return answer

    return run


def tokenizer_of(folder: Path) -> Any:
    """The model's tokenizer; older formats are converted, which needs the extra `torch`."""
    from tokenizers import Tokenizer

    if (folder / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise MissingExtra(f"The tokenizer in {folder}", "torch") from error
    try:
        found = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        return Tokenizer.from_str(found.backend_tokenizer.to_str())
    except (OSError, ValueError, AttributeError, ImportError) as error:
        raise ModelError(f"The tokenizer in {folder} cannot be read: {str(error).splitlines()[0]}") from error


class Windows:
    """Texts to padded batches, and the network's answers back to one per text."""

    def __init__(self, tokenizer: Any, config: dict[str, Any]) -> None:
        longest = min(LONGEST, int(config.get("max_position_embeddings") or LONGEST) - MARGIN)
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)
        self._padding = int(config.get("pad_token_id") or 0)

    def read(
        self, texts: Sequence[str], run: Runtime, progress: Progress = silent, *, pooling: str | None = None
    ) -> np.ndarray:
        """Logits (n, k), or with `pooling` vectors (n, d): the mean of a text's windows weighted by their tokens."""
        ids, owners = self._ids(texts)
        order = np.argsort([-len(row) for row in ids], kind="stable")
        answers: list[np.ndarray] = [np.zeros(0)] * len(ids)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            padded, mask = self._padded([ids[row] for row in rows])
            found = run(padded, mask)
            for row, answer in zip(rows, found if pooling is None else pooled(found, mask, pooling), strict=True):
                answers[row] = answer
            progress("sentiment", len(texts) * (start + len(rows)) // len(order), len(texts))
        if not texts:
            found = run(*self._padded([[self._padding]]))
            return np.zeros((0, found.shape[-1]), np.float32)
        weights = np.array([len(row) for row in ids], dtype=np.float64)[:, None]
        starts = np.searchsorted(owners, np.arange(len(texts)))
        summed: np.ndarray = np.add.reduceat(np.array(answers) * weights, starts) / np.add.reduceat(weights, starts)
        return summed

    def _ids(self, texts: Sequence[str]) -> tuple[list[list[int]], np.ndarray]:
        ids, owners = [], []
        for owner, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            for window in (encoding, *encoding.overflowing):
                ids.append(window.ids or [self._padding])
                owners.append(owner)
        return ids, np.array(owners)

    def _padded(self, ids: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
        longest = max(map(len, ids))
        padded = np.array([[*row, *[self._padding] * (longest - len(row))] for row in ids], dtype=np.int64)
        mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in ids], dtype=np.int64)
        return padded, mask


def pooled(hidden: np.ndarray, mask: np.ndarray, pooling: str) -> np.ndarray:
    """Token vectors (n, t, d) to one vector each: the mean, the first, or the largest of each component."""
    if hidden.ndim == 2:
        return hidden  # the network pools by itself
    if pooling == "first":
        return hidden[:, 0]
    there = mask[:, :, None].astype(hidden.dtype)
    if pooling == "max":
        return np.where(there > 0, hidden, -np.inf).max(axis=1)
    mean: np.ndarray = (hidden * there).sum(axis=1) / there.sum(axis=1)
    return mean

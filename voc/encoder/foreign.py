"""Other people's models: any Hugging Face sequence classifier or sentence encoder, by folder or by name.

A classifier brings sentiment, an encoder theme vectors; what the model lacks comes from voc-small, and the remarks say
so. Weights are safetensors or ONNX: a pickle runs code when it is loaded, so it is refused, and so is code that comes
with a model. Nothing is downloaded unless the user allows it; a model that was is read from the cache of Hugging Face.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from voc.encoder import DEFAULT_MODEL, Encoder, Encoding, load
from voc.encoder.foreign_runtimes import Runtime, Windows, open_runtime, tokenizer_of
from voc.errors import MissingExtra, ModelError
from voc.labels import UNKNOWN, read_labels
from voc.tables import LABELS, Progress, silent

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(?:@[\w.-]+)?")
"""owner/name, or owner/name@revision."""
PARTS = ("*.json", "*.safetensors", "*.txt", "*.model")
ONNX_FILES = ("model.onnx", "onnx/model.onnx")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
ASSUMED = {2: (0, 2), 3: (0, 1, 2), 5: (0, 0, 1, 2, 2)}
"""Classes of models that only count them (LABEL_0 …): the order that sentiment models share."""


def open_foreign(name: str, device: str, *, allow_download: bool = False) -> Encoder:
    """The model in the folder `name`, or the one called owner/name. Raises ModelError where it cannot be used."""
    folder = _found(name, allow_download=allow_download)
    config = _json(folder / "config.json")
    if "auto_map" in config:
        raise ModelError(f"{name} brings code of its own, which voc does not run; use a model of a known architecture")
    weights = weights_of(folder, name)
    kinds = config.get("architectures") or [""]
    is_classifier = str(kinds[0]).endswith("ForSequenceClassification")
    classes = class_shares(name, config) if is_classifier else None
    runtime = open_runtime(folder, weights, device, classifier=is_classifier)
    rest = load(DEFAULT_MODEL, device=device)
    windows = Windows(tokenizer_of(folder), config)
    digest = _digest([folder / "config.json", *weights])
    if classes is None:
        return ForeignVectors(name, digest, folder, runtime=runtime, windows=windows, rest=rest)
    return ForeignSentiment(name, digest, classes, runtime=runtime, windows=windows, rest=rest)


def _found(name: str, *, allow_download: bool) -> Path:
    """The folder of a model, downloaded only where that is allowed."""
    if (Path(name) / "config.json").is_file():
        return Path(name)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingExtra(f"The model {name}", "torch") from error
    repository, _, revision = name.partition("@")
    options: dict[str, Any] = {"repo_id": repository, "revision": revision or None}
    options["local_files_only"] = not allow_download
    try:
        folder = Path(snapshot_download(**options, allow_patterns=list(PARTS)))
        if not any(folder.glob("*.safetensors")) and allow_download:
            snapshot_download(**options, allow_patterns=list(ONNX_FILES))
    except LocalEntryNotFoundError as error:
        raise ModelError(_not_here(name, allow_download=allow_download)) from error
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise ModelError(f"{name} cannot be had from Hugging Face: {str(error).splitlines()[0]}") from error
    return folder


def _not_here(name: str, *, allow_download: bool) -> str:
    if allow_download:
        return f"{name} is neither a folder nor on this machine, and Hugging Face cannot be reached"
    return (
        f"{name} is neither a folder with a model nor on this machine, and voc downloads nothing by itself; "
        f"allow it with --allow-download (setting sentiment.allow_download)"
    )


def weights_of(folder: Path, name: str) -> list[Path]:
    """The files of weights: safetensors, else ONNX; never pickles."""
    safe = sorted(folder.glob("*.safetensors"))
    if safe:
        return safe
    onnx = [folder / file for file in ONNX_FILES if (folder / file).is_file()]
    if onnx:
        return onnx[:1]
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles:
        raise ModelError(
            f"{name} has its weights only as a pickle ({pickles[0]}), which can run any code when it is loaded; "
            f"voc reads safetensors or ONNX, so ask for a conversion or make one with save_pretrained"
        )
    raise ModelError(f"{name} has no weights that voc can read: neither model.safetensors nor model.onnx is there")


def class_shares(name: str, config: dict[str, Any]) -> np.ndarray:
    """What each class of a classifier stands for (k, 3): rows of 0 and 1 over negative, neutral, positive."""
    named = config.get("id2label") or {}
    names = [str(named[key]) for key in sorted(named, key=int)] or ["LABEL_0", "LABEL_1"]
    told = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
    if len(names) == 1:
        raise ModelError(f"{name} gives one number, not classes; voc needs negative and positive, or stars")
    if all(re.fullmatch(r"LABEL_\d+", each) for each in names):
        if len(names) not in ASSUMED:
            raise ModelError(f"{name} does not name its {len(names)} classes ({told}); voc cannot tell good from bad")
        found = np.array(ASSUMED[len(names)])
    else:
        found = read_labels(names).classes
    if UNKNOWN in found or not {0, 2} <= set(found.tolist()):
        raise ModelError(f"{name} has the classes {told}; voc needs negative and positive (and neutral), or stars")
    shares: np.ndarray = np.eye(len(LABELS), dtype=np.float32)[found]
    return shares


class ForeignSentiment:
    """Sentiment from another model; vectors, severity and signals from voc-small."""

    def __init__(
        self, name: str, digest: str, classes: np.ndarray, *, runtime: Runtime, windows: Windows, rest: Encoder
    ) -> None:
        self.name, self.digest = name, digest
        self._classes, self._run, self._windows, self._rest = classes, runtime, windows, rest
        neutral = "" if classes[:, 1].any() else " (it knows no neutral, so no text is called neutral)"
        remark = (
            f"sentiment is read by {name}{neutral}, not by the default model, and was not measured by voc; "
            f"theme vectors, severity and signals come from {rest.name}"
        )
        self.remarks = (remark,)

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Encoding:
        """Read each text with both models."""
        logits = self._windows.read(texts, self._run, progress)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = (odds / odds.sum(axis=1, keepdims=True)) @ self._classes
        return replace(self._rest.encode(texts, progress=progress), sentiment=shares.astype(np.float32))


class ForeignVectors:
    """Theme vectors from another model; sentiment, severity and signals from voc-small."""

    def __init__(
        self, name: str, digest: str, folder: Path, *, runtime: Runtime, windows: Windows, rest: Encoder
    ) -> None:
        self.name, self.digest = name, digest
        self._run, self._windows, self._rest = runtime, windows, rest
        self._prompt = _prompt(folder)
        self._pooling = _pooling(folder, name)
        remark = (
            f"themes rest on the vectors of {name}, not of the default model, and were not measured by voc; "
            f"sentiment, severity and signals come from {rest.name}"
        )
        self.remarks = (remark,)

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Encoding:
        """Read each text with both models."""
        said = [self._prompt + text for text in texts]
        vectors = self._windows.read(said, self._run, progress, pooling=self._pooling)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return replace(self._rest.encode(texts, progress=progress), vectors=vectors.astype(np.float32))


def _prompt(folder: Path) -> str:
    """What sentence-transformers puts before each text, such as "query: "; mostly nothing."""
    about = _json(folder / "config_sentence_transformers.json")
    prompts: dict[str, str] = about.get("prompts") or {}
    return prompts.get(about.get("default_prompt_name") or "", "")


def _pooling(folder: Path, name: str) -> str:
    """How token vectors become one: mean, first or max, as sentence-transformers has it written down."""
    modules = json.dumps(_json(folder / "modules.json", list))
    if "Dense" in modules:
        raise ModelError(f"{name} ends in a dense layer, which voc does not read; use an encoder that pools tokens")
    about = _json(folder / "1_Pooling" / "config.json")
    modes = {key for key, value in about.items() if key.startswith("pooling_mode_") and value is True}
    known = {"pooling_mode_cls_token": "first", "pooling_mode_mean_tokens": "mean", "pooling_mode_max_tokens": "max"}
    if not modes:
        return {"cls": "first", "max": "max"}.get(str(about.get("pooling_mode")), "mean")
    if len(modes) > 1 or not modes <= known.keys():
        raise ModelError(f"{name} pools tokens by {', '.join(sorted(modes))}; voc knows mean, first and max")
    return known[modes.pop()]


def _json(path: Path, kind: type = dict) -> Any:
    """What the file holds; empty where it is not there."""
    if not path.is_file():
        return kind()
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error


def _digest(files: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as opened:
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()

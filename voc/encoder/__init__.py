"""The one seam to the models: texts in; theme vectors, sentiment, severity and signals out.

The only room that imports onnxruntime, torch or transformers. A model is a folder with `model.json` (what it is, and
the digests of its files), its weights and a tokenizer. `voc-small` and `fast` ship with voc; `adapted` models correct
another one, and `foreign` ones are other people's. Nothing is downloaded unless the user allows it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from voc.errors import ModelError, nearest
from voc.registry import Registry
from voc.tables import Progress, silent

Device = str
DEFAULT_MODEL = "voc-small"
FAST_MODEL = "voc-fast"
CENTRES = "centres.json"
"""The file of a model's folder with the centre of each language; the recipe's `centres.py` writes it."""
TOPICS = "topics.npz"
"""The file with the directions that part topics, and how verdicts sound; the recipe's `topics.py` writes it."""


@dataclass(frozen=True)
class Encoding:
    """What a model reads out of n texts, row by row in their order."""

    vectors: np.ndarray
    """(n, d) float32, unit length: where the text lies among themes, whatever its language."""
    sentiment: np.ndarray
    """(n, 3) float32, probabilities of negative, neutral, positive; each row sums to 1."""
    severity: np.ndarray
    """(n,) float32, 0-1: how bad what is told is."""
    signals: np.ndarray
    """(n, 9) float32, probability of each of `tables.SIGNALS`."""


class Encoder(Protocol):
    """A loaded model."""

    name: str
    digest: str

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> Encoding:
        """Read each text once. The answer for a text does not depend on the texts beside it."""
        ...


ENCODERS: Registry[Callable[[Device], Encoder]] = Registry("encoders")


def load(name: str = DEFAULT_MODEL, *, device: Device = "auto", allow_download: bool = False) -> Encoder:
    """The model called `name`, or the one in the folder `name`; loaded once per process.

    `device` is cpu (ONNX Runtime), gpu (torch with CUDA) or auto: the GPU where torch finds one, else the CPU.
    `name` may also be a model of Hugging Face, owner/name or a folder, which is downloaded only where that is allowed.
    Raises ModelError where the name is unknown, a file is missing or a digest does not match.
    """
    return _load(name, device, allow_download)


@lru_cache(maxsize=4)
def _load(name: str, device: Device, allow_download: bool) -> Encoder:  # noqa: FBT001 - the cache keys by position
    folder = Path(name)
    if (folder / "model.json").is_file():
        return open_folder(folder, device)
    if name in ENCODERS:
        return ENCODERS.get(name)(device)
    from voc.encoder.foreign import HUB_NAME, open_foreign

    if (folder / "config.json").is_file() or (HUB_NAME.fullmatch(name) and not folder.exists()):
        return open_foreign(name, device, allow_download=allow_download)
    raise ModelError(
        f"There is no model '{name}', and no folder of that name with a model.json; {nearest(name, ENCODERS)}"
    )


def cores() -> int:
    """Processors that this process may use: as many texts are read at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def remarks(encoder: Encoder) -> tuple[str, ...]:
    """What the reader of a result must know about the model behind it; nothing where it is the default one."""
    return getattr(encoder, "remarks", ())


def language_centres(encoder: Encoder) -> Mapping[str, np.ndarray]:
    """Where the model puts the feedback of each language on average (d,), whatever it is about; empty where no centres
    ship with the model."""
    return getattr(encoder, "centres", {})


def topic_map(encoder: Encoder) -> Mapping[str, np.ndarray]:
    """What turns vectors into points among topics: `turn` (d, d), and `verdict` (d + 1,), the log-odds, constant last,
    that a point judges the whole and names no topic; empty where none ships with the model."""
    return getattr(encoder, "topics", {})


def read_topics(folder: Path, about: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The topic map in a model's folder, if `about` it names one: that of other weights means nothing."""
    if TOPICS not in about["sha256"]:
        return {}
    with np.load(folder / TOPICS, allow_pickle=False) as held:
        return {name: held[name].astype(np.float64) for name in ("turn", "verdict")}


def read_centres(folder: Path, about: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The centres of languages in a model's folder, if `about` it names them: those of other weights mean nothing."""
    if CENTRES not in about["sha256"]:
        return {}
    held = json.loads((folder / CENTRES).read_text(encoding="utf-8"))
    return {lang: np.array(centre, np.float32) for lang, centre in held.items()}


@ENCODERS.register(DEFAULT_MODEL)
def _voc_small(device: Device) -> Encoder:
    return open_folder(shipped_folder(DEFAULT_MODEL), device)


@ENCODERS.register("fast")
@ENCODERS.register(FAST_MODEL)
def _voc_fast(device: Device) -> Encoder:
    return open_folder(shipped_folder(FAST_MODEL), device)


def shipped_folder(name: str) -> Path:
    """Where a model that ships with voc lies: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "models" / name, package.parent / "models" / name):
        if (folder / "model.json").is_file():
            return folder
    raise ModelError(f"The model '{name}' that ships with voc is missing from this installation; reinstall voc")


def open_folder(folder: Path, device: Device = "auto") -> Encoder:
    """The model in `folder`, after its files were held against the digests in `model.json`."""
    about = read_about(folder)
    kind = about.get("kind", "transformer")
    if kind == "adapted":
        from voc.encoder.adapted import AdaptedEncoder

        return AdaptedEncoder(folder, about, device)
    if kind == "static":
        from voc.encoder.static_runtime import StaticEncoder

        return StaticEncoder(folder, about)
    if _wants_gpu(device):
        from voc.encoder.torch_runtime import TorchEncoder

        return TorchEncoder(folder, about)
    from voc.encoder.onnx_runtime import OnnxEncoder

    return OnnxEncoder(folder, about)


def read_about(folder: Path) -> dict[str, Any]:
    """`model.json`, once every file it names is found to be what it was when the model was made."""
    try:
        about: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / 'model.json'} cannot be read: {error}") from error
    for file, digest in about.get("sha256", {}).items():
        if not (folder / file).is_file():
            raise ModelError(f"The model in {folder} lacks its file {file}")
        with (folder / file).open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != digest:
                raise ModelError(f"{folder / file} is not the file the model was made with: its digest differs")
    return about


def _wants_gpu(device: Device) -> bool:
    if device not in ("auto", "cpu", "gpu"):
        raise ModelError(f"There is no device '{device}'; {nearest(device, ('auto', 'cpu', 'gpu'))}")
    if device == "cpu":
        return False
    from voc.encoder.torch_probe import has_gpu

    found = has_gpu()
    if device == "gpu" and not found:
        raise ModelError("No GPU that torch can use was found; install voc[torch] with a CUDA build, or use the cpu")
    return found

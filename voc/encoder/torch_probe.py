"""Whether a GPU can be used, found out without loading torch where there is no driver."""

from __future__ import annotations

import importlib.util
import shutil


def has_gpu() -> bool:
    """True where a CUDA driver, torch and a usable device are all present."""
    if shutil.which("nvidia-smi") is None or importlib.util.find_spec("torch") is None:
        return False
    import torch

    return bool(torch.cuda.is_available())

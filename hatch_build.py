"""Puts the models into the wheel, so that an installed voc needs no network; a checkout uses `models/`."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {
    "models/voc-small": ("README.md", "model.json", "model.onnx", "tokenizer.json", "centres.json"),
    "models/voc-fast": ("README.md", "model.json", "model.safetensors", "tokenizer.json"),
}


class ModelHook(BuildHookInterface):
    """Adds the files that `voc.encoder` loads; the recipe stays in the repository."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel is built."""
        if version == "standard":
            for model, files in FILES.items():
                for file in files:
                    build_data["force_include"][str(Path(self.root) / model / file)] = f"voc/{model}/{file}"

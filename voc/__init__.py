"""Voice of the customer: ranked issues out of free-text feedback, in many languages, offline.

>>> import voc
>>> sorted(voc.__all__)
['analyze', 'read', 'score', 'train', 'write']

Loading this package loads nothing heavy; each function imports what it needs when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voc.pipeline import analyze, score
    from voc.readers import read
    from voc.sinks import write
    from voc.training import train

__version__ = "0.1.0"
__all__ = ["analyze", "read", "score", "train", "write"]

_ROOMS = {
    "analyze": "voc.pipeline", "score": "voc.pipeline", "read": "voc.readers", "train": "voc.training",
    "write": "voc.sinks",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'voc' has no attribute '{name}'")
    return getattr(import_module(_ROOMS[name]), name)

"""Where an Analysis goes: one plain function per family of targets, found by name in SINKS.

A sink is `(analysis, target) -> None`, writes everything or nothing, and raises InputError for a target it cannot use.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

from voc.registry import Registry
from voc.sinks.folder import write_folder
from voc.tables import Analysis

Target = str | PathLike[str]
Sink = Callable[[Analysis, Target], None]

SINKS: Registry[Sink] = Registry("sinks")
SINKS.register("folder")(write_folder)


def write(analysis: Analysis, folder: Target, *, sink: str = "folder") -> None:
    """Write everything an analysis found to `folder` (or to another target that the named sink understands)."""
    SINKS.get(sink)(analysis, folder)

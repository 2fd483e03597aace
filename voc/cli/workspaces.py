"""What `voc analyze` and `voc themes` share about workspaces: opening, reading source by source, and keeping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import voc
from voc.config import ReadConfig
from voc.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from voc.readers.recognition import Reading
    from voc.tables import Analysis
    from voc.workspace import Memory


@dataclass(frozen=True)
class Session:
    """An open workspace and its memory during one run."""

    connection: Any
    memory: Memory
    reread: bool

    def keep(self, analysis: Analysis) -> None:
        """Write what the run found, wholly or not at all."""
        from voc.workspace import save

        save(self.connection, self.memory.kept(analysis, now(), voc.__version__), afresh=self.reread)


def now() -> pd.Timestamp:
    """The present moment, to the second."""
    import pandas as pd

    return pd.Timestamp(datetime.now(UTC)).floor("s").as_unit("us")


@contextmanager
def remembered(path: Path | None, *, create: bool, reread: bool) -> Iterator[Session | None]:
    """The workspace at `path`, held until the end; None where none is asked for."""
    if path is None:
        yield None
        return
    from voc.workspace import Memory, load, opened

    with opened(path, create=create) as connection:
        contents = load(connection)
        if contents.feedback.empty and not create:
            raise InputError(f"The workspace {path} holds no feedback yet; name a source")
        yield Session(connection, Memory(contents, reread=reread), reread)


def read(sources: Sequence[str], config: ReadConfig, *, apart: bool) -> Reading:
    """The sources as one reading. `apart` reads one after the other, so that ids stay as each file has them."""
    from voc.readers import read_feedback
    from voc.readers.recognition import Reading
    from voc.workspace.intake import together

    if not sources:
        from voc.tables import FEEDBACK

        return Reading(FEEDBACK.empty()[["feedback_id", "text"]], (), ())
    if not apart or len(sources) == 1:
        return read_feedback(sources, config)
    readings = [read_feedback([source], config) for source in sources]
    recognised = tuple(source for reading in readings for source in reading.sources)
    notes = tuple(note for reading in readings for note in reading.notes)
    return Reading(together([reading.frame for reading in readings]), recognised, notes)

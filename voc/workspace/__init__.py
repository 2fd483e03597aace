"""Memory between runs: a file that keeps feedback, clauses, vectors, themes, runs and what people did to the themes.

`store` is the file, `intake` tells known rows from new ones, `matching` and `grouping` put new texts to known themes,
`edits` is what people did, `changes` what is new against the run before, and `memory` is all of it during one run.
"""

from voc.workspace.memory import Memory
from voc.workspace.store import load, opened, save

__all__ = ["Memory", "load", "opened", "save"]

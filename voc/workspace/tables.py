"""The tables of a workspace file beside those of `voc.tables`, and everything a file holds as one value."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from voc.tables import TIME, Column, Schema

FOUNDER, JOINED, LOOSE = "founder", "joined", "loose"
"""How a text came to its theme: it was there when the theme was born and tells what belongs to it; it joined later; or
it fits no theme well, was put to the nearest so that the rest stays small, and is judged anew in every run."""

TEXTS = Schema(
    "texts",
    {
        "kind": Column("string", "what was grouped: complaints, praise or everything", "workspace", required=True),
        "key": Column("string", "the clause in lower case, without outer punctuation", "workspace", required=True),
        "theme_id": Column("string", "the theme it was found to belong to; missing = none", "workspace"),
        "how": Column("string", f"{FOUNDER}, {JOINED} or {LOOSE}; missing = no theme", "workspace"),
    },
)

KNOWN = Schema(
    "themes",
    {
        "theme_id": Column("string", "never given to another theme", "workspace", required=True),
        "kind": Column("string", "complaints, praise or everything", "workspace", required=True),
        "label": Column("string", "the name it was born with", "workspace", required=True),
        "keywords": Column("string", "its typical words when it was born", "workspace"),
        "firmness": Column("Float32", "how firm it was when it was born, 0-1", "workspace"),
        "born": Column("Int32", "the run that found it, or after which people made it", "workspace"),
        "edit": Column("Int32", "the edit that made it; missing = found in the feedback", "workspace"),
    },
)

RUNS = Schema(
    "runs",
    {
        "run": Column("Int32", "1, 2, 3 …", "workspace", required=True),
        "made_at": Column(TIME, "when it was made (UTC)", "workspace"),
        "voc": Column("string", "version of voc", "workspace"),
        "model": Column("string", "name and digest of the model", "workspace"),
        "settings": Column("string", "the effective settings, JSON", "workspace"),
        "inputs": Column("string", "the files that were read, JSON", "workspace"),
        "added": Column("Int32", "comments that were new", "workspace"),
        "changed": Column("Int32", "comments known before whose words had changed", "workspace"),
        "known": Column("Int32", "comments known before", "workspace"),
    },
)

EDITS = Schema(
    "edits",
    {
        "edit": Column("Int32", "1, 2, 3 …", "workspace", required=True),
        "made_at": Column(TIME, "when it was made (UTC)", "workspace"),
        "run": Column("Int32", "the newest run when it was made", "workspace"),
        "action": Column("string", "rename, merge, split, assign, pin, unpin, mute or unmute", "workspace"),
        "theme_id": Column("string", "the theme it is about", "workspace"),
        "details": Column("string", "what else it takes, JSON", "workspace"),
        "undone": Column("boolean", "whether it was undone", "workspace"),
    },
)


@dataclass(frozen=True)
class Vectors:
    """The vector of every distinct clause: `texts` (n,) and `rows` (n, d), in step."""

    texts: pd.Index = field(default_factory=lambda: pd.Index([], dtype="string"))
    rows: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))

    def of(self, texts: pd.Series) -> np.ndarray:
        """The vectors (m, d) of known texts."""
        return self.rows[self.texts.get_indexer(pd.Index(texts))]

    def having(self, texts: pd.Series, rows: np.ndarray) -> Vectors:
        """The vectors of exactly these texts, each once; `rows` (m, d) are in step with them."""
        distinct = ~texts.duplicated().to_numpy()
        return Vectors(pd.Index(texts[distinct]), np.ascontiguousarray(rows[distinct], np.float32))


@dataclass(frozen=True)
class Contents:
    """Everything a workspace file holds."""

    feedback: pd.DataFrame = field(default_factory=pd.DataFrame)
    clauses: pd.DataFrame = field(default_factory=pd.DataFrame)
    vectors: Vectors = field(default_factory=Vectors)
    texts: pd.DataFrame = field(default_factory=TEXTS.empty)
    themes: pd.DataFrame = field(default_factory=KNOWN.empty)
    runs: pd.DataFrame = field(default_factory=RUNS.empty)
    edits: pd.DataFrame = field(default_factory=EDITS.empty)

    @property
    def last_run(self) -> int:
        """The number of the newest run, 0 = none yet."""
        return int(self.runs["run"].max()) if len(self.runs) else 0

    @property
    def model(self) -> str | None:
        """Name and digest of the model whose vectors the file holds."""
        return None if self.runs.empty else str(self.runs.sort_values("run")["model"].iloc[-1])

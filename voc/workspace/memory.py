"""What earlier runs know, in the form in which the main path asks for it (`pipeline.Memory`).

One value goes through one run: rows are told apart, what was read before is laid beside what was read now, clauses are
put to the themes that are known, and in the end `kept` is what the file is to hold. Nothing is written here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from voc.config import ThemesConfig
from voc.errors import ModelError
from voc.tables import CLAUSES, FEEDBACK, THEMES, Analysis, Note
from voc.theme_vectors import PLAIN, Space
from voc.themes import Group, find_themes
from voc.workspace.changes import compare, entries_of
from voc.workspace.edits import Frame, log, replay
from voc.workspace.grouping import Grouping
from voc.workspace.ids import free_ids, known_parts, renamed
from voc.workspace.intake import COMPUTED, Sifted, refreshed, sift
from voc.workspace.store import stacked
from voc.workspace.tables import KNOWN, RUNS, TEXTS, Contents, Vectors

GROUPED = frozenset(name for name, column in CLAUSES.columns.items() if column.by == "themes")
DOUBTS = ("suspect", "suspect_confidence")
KEY = "key"
"""Column of the stored clauses: their text as it is grouped; missing = no kind that was grouped has them."""
MUTED = "muted"
LABELS_TOLD = 5


class Memory:
    """The memory of one workspace during one run."""

    def __init__(self, contents: Contents, *, reread: bool = False) -> None:
        self.before = contents
        self.run = contents.last_run + 1
        self._reread = reread
        self._sifted = Sifted(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
        self._after = contents
        self._frame = Frame({}, {})
        self._keys: dict[str, str] = {}

    @property
    def columns(self) -> list[str]:
        """The columns of the feedback that earlier runs have read."""
        return [str(name) for name in self.before.feedback.columns]

    def check(self, model: str) -> None:
        """Raise ModelError where the workspace was read with another model."""
        known = self.before.model
        if known not in (None, model) and not self._reread:
            raise ModelError(
                f"The workspace was read with the model {_short(known)} and this run has {_short(model)}, whose "
                "vectors mean something else; name the model with --model, or read everything anew with --reread"
            )

    def unread(self, feedback: pd.DataFrame) -> pd.DataFrame:
        """The rows that are to be read: new ones, and known ones whose words have changed."""
        self._sifted = sift(feedback, self.before.feedback)
        parts = [self._sifted.new, self._sifted.changed]
        if self._reread and len(self.before.feedback):
            fresh = set(self._sifted.changed["feedback_id"])
            computed = [
                name for name in self.before.feedback if name in COMPUTED - {"clean_text", "cut", "lang", "lang_score"}
            ]
            older = self.before.feedback[~self.before.feedback["feedback_id"].isin(fresh)].drop(columns=computed)
            parts.append(refreshed(older, self._sifted.known).assign(masked=self.before.feedback["masked"]))
        return stacked(parts, FEEDBACK)

    def recall(
        self, feedback: pd.DataFrame, clauses: pd.DataFrame, vectors: np.ndarray
    ) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
        """What was read now beside what was read before; which rows are doubted is to be judged over all of them."""
        older = self.before.feedback
        if older.empty:
            return feedback.assign(run=pd.array([self.run] * len(feedback), "Int32")), clauses, vectors
        since = feedback["feedback_id"].map(older.set_index("feedback_id")["run"]).fillna(self.run).astype("Int32")
        feedback = feedback.assign(run=since)
        older = refreshed(older[~older["feedback_id"].isin(feedback["feedback_id"])], self._sifted.known)
        told = self.before.clauses[self.before.clauses["feedback_id"].isin(older["feedback_id"])]
        told = told.drop(columns=[name for name in told if name in GROUPED or name == KEY])
        parts = [self.before.vectors.of(told["text"]), vectors] if len(told) else [vectors]
        both = stacked([older, feedback], FEEDBACK).drop(columns=[*DOUBTS], errors="ignore")
        return (
            both,
            stacked([told, clauses], CLAUSES),
            np.concatenate([part for part in parts if len(part)] or [vectors]),
        )

    def find_themes(
        self,
        clauses: pd.DataFrame,
        vectors: np.ndarray,
        config: ThemesConfig,
        *,
        around: Callable[[Group], Group] | None = None,
        space: Space = PLAIN,
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The clauses in the themes that are known and in those born now; renamed, merged, muted … as people asked."""
        grouping = Grouping(self.before, config.of, self.run)
        group = around(grouping) if around else grouping
        clauses, themes = find_themes(clauses, vectors, config, group=group, space=space)
        names = free_ids(grouping.born_ids(clauses), set(self.before.themes["theme_id"]))
        clauses, themes = renamed(clauses, themes, names)
        clauses, themes = renamed(clauses, themes, known_parts(clauses, self.before.clauses))
        self._keys = grouping.keys
        others = self.before.texts[self.before.texts["kind"] != config.of]
        known = _with_labels(grouping.contents.themes, themes, len(self.before.themes))
        self._after = replace(
            grouping.contents,
            texts=stacked([others, grouping.learned(clauses)], TEXTS),
            themes=_with_born(known, themes, [*names.values()], config.of, self.run),
            vectors=Vectors().having(clauses["text"], vectors),
        )
        self._frame = replay(self._after)
        return clauses, _named(themes, self._frame)

    def changes(
        self, feedback: pd.DataFrame, clauses: pd.DataFrame, themes: pd.DataFrame, config: ThemesConfig
    ) -> pd.DataFrame:
        """CHANGES against the run before, of the themes that are remembered and of the entries of a code frame."""
        return compare(feedback, clauses, self._frame, log(self._after), config.of, entries=entries_of(themes))

    def notes(self, themes: pd.DataFrame) -> tuple[Note, ...]:
        """What the reader must know about the memory: what was new, known or changed, and what is muted."""
        sifted = self._sifted
        total = len(self.before.feedback) + len(sifted.new)
        counts = [
            (f"comments are new; the report covers all {total:,} that the workspace holds", len(sifted.new)),
            ("comments were known before and are not counted again", len(sifted.known)),
            ("comments were known with other words, and are read anew", len(sifted.changed)),
            ("rows stand in the files twice, and are counted once", sifted.twice),
            ("ids were known from other comments and got a number behind", sifted.numbered),
        ]
        told = [
            Note("workspace", text, count) for text, count in counts if count or text.startswith("comments are new")
        ]
        return (*told, *_muted_note(themes))

    def kept(self, analysis: Analysis, made_at: pd.Timestamp, version: str) -> Contents:
        """What the workspace file is to hold after the run."""
        row = {
            "run": self.run, "made_at": made_at, "voc": version, "model": analysis.model,
            "settings": json.dumps(analysis.settings, ensure_ascii=False),
            "inputs": json.dumps([dict(each) for each in analysis.inputs], ensure_ascii=False),
            "added": len(self._sifted.new), "changed": len(self._sifted.changed), "known": len(self._sifted.known),
        }  # fmt: skip
        runs = stacked([self.before.runs, RUNS.check(pd.DataFrame([row]))], RUNS)
        older = self.before.clauses
        keys = {} if older.empty else dict(zip(older["text"], older[KEY], strict=True))
        clauses = analysis.clauses.assign(key=analysis.clauses["text"].map(keys | self._keys).astype("string"))
        edits = self._after.edits.assign(made_at=self._after.edits["made_at"].fillna(made_at))
        return replace(self._after, feedback=analysis.feedback, clauses=clauses, runs=runs, edits=edits)


def _short(model: str | None) -> str:
    name, _, digest = str(model).partition(" ")
    return f"{name} {digest[:8]}".strip()


def _with_born(known: pd.DataFrame, themes: pd.DataFrame, born: Sequence[str], kind: str, run: int) -> pd.DataFrame:
    """KNOWN with the new themes, under labels that no other theme has."""
    fresh = themes[themes["theme_id"].isin(born)]
    taken = {str(label).casefold() for label in known["label"]}
    labels = []
    for theme in fresh.to_dict("records"):
        labels.append(_free_label(theme, taken))
        taken.add(labels[-1].casefold())
    rows = pd.DataFrame(
        {"theme_id": fresh["theme_id"], "kind": kind, "label": labels, "keywords": fresh["keywords"],
         "firmness": fresh["firmness"], "born": run, "edit": pd.NA}
    )  # fmt: skip
    return stacked([known, KNOWN.check(rows)], KNOWN)


def _with_labels(known: pd.DataFrame, themes: pd.DataFrame, older: int) -> pd.DataFrame:
    """KNOWN with labels for what voc has just made, the rows from `older` on: parts by what their customers say; two
    that were merged keep the label of the larger."""
    taken = {str(label).casefold() for label in known["label"][:older]}
    named = themes.set_index("theme_id")
    rows = []
    for each in known[older:].to_dict("records"):
        if each["label"].casefold() in taken:
            rows.append(each)
            continue
        found = named.loc[each["theme_id"]].to_dict() if each["theme_id"] in named.index else each
        rows.append({**each, "label": _free_label(found, taken), "keywords": found["keywords"]})
        taken.add(rows[-1]["label"].casefold())
    parts = KNOWN.check(pd.DataFrame(rows, columns=[*KNOWN.columns], dtype="object"))
    return stacked([known[:older], parts], KNOWN)


def _free_label(theme: Mapping[Any, Any], taken: set[str]) -> str:
    """The label, with a typical word of the theme behind where another theme has it, else with a number."""
    label = str(theme["label"])
    words = [] if pd.isna(theme["keywords"]) else str(theme["keywords"]).split(", ")
    told = [label, *(f"{label}, {word}" for word in words if word.casefold() not in label.casefold())]
    told += [f"{label} {number}" for number in range(2, len(taken) + 3)]
    return next(each for each in told if each.casefold() not in taken)


def _named(themes: pd.DataFrame, frame: Frame) -> pd.DataFrame:
    """The themes under the labels they were born with or were given, muted ones marked."""
    known = [frame.themes.get(name) for name in themes["theme_id"]]
    rows = [*zip(known, themes["label"], themes["keywords"], themes["status"], strict=True)]
    return THEMES.add(
        themes,
        label=[label if theme is None else theme.label for theme, label, _, _ in rows],
        keywords=[words if theme is None or theme.keywords is None else theme.keywords for theme, _, words, _ in rows],
        status=[MUTED if theme is not None and theme.muted else status for theme, _, _, status in rows],
    )


def _muted_note(themes: pd.DataFrame) -> list[Note]:
    muted = themes[themes["status"].eq(MUTED).fillna(value=False)]
    if muted.empty:
        return []
    named = [f"'{label}'" for label in muted["label"][:LABELS_TOLD]]
    more = f" and {len(muted) - LABELS_TOLD} more" if len(muted) > LABELS_TOLD else ""
    return [Note("workspace", f"muted, and so not ranked: {', '.join(named)}{more}", len(muted))]

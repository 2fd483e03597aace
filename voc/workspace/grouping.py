"""The `group` that `find_themes` asks for, with a memory: texts go to the themes that are known, or found new ones."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_lowercase

import numpy as np
import pandas as pd

from voc.config import ThemesConfig
from voc.themes import STRAY, Grouped
from voc.workspace.edits import Edit, Frame, Theme, replay, touched, with_edit
from voc.workspace.matching import Placed, falls_apart, grown_together, place
from voc.workspace.tables import FOUNDER, JOINED, TEXTS, Contents


class Grouping:
    """Groups the distinct texts of one kind of theme, and remembers how, until the new themes have ids."""

    def __init__(self, contents: Contents, kind: str, run: int) -> None:
        self._contents, self._kind, self._run = contents, kind, run
        self.contents = contents
        self._node_of: dict[str, int] = {}
        self._groups: np.ndarray = np.array([], int)
        self._n_known = 0
        self._born: np.ndarray = np.array([], int)
        self.texts = TEXTS.empty()
        self.keys: dict[str, str] = {}

    def __call__(
        self, points: np.ndarray, texts: pd.DataFrame, mentions: pd.DataFrame, config: ThemesConfig
    ) -> Grouped:
        """Every text in its theme as people left it; a known theme comes with its id."""
        keys = texts["key"].tolist()
        pairs = [(self._kind, key) for key in keys]
        found, how, moved = self._standing(pairs)
        there = pd.notna(found)
        founders = there & (moved | (how == FOUNDER))
        settled = there & (founders | (how == JOINED))
        placed = place(points, texts, mentions, config, known=found, settled=settled, founders=founders)
        self.texts = self._learned(keys, placed)
        self.contents = self._joined(points, placed, self._split(points, keys, placed), founders)
        self.keys = dict(zip(mentions["text"], mentions["key"], strict=True))
        self._node_of = dict(zip(mentions["clause_id"], mentions["node"], strict=True))
        self._born = placed.born
        return self._numbered(pairs, placed, mentions, config)

    def _standing(self, pairs: list[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Per text its theme (mergers apart), how it came there, and whether people put it there."""
        frame = replay(self._contents, pairs, merging=False)
        stored = self._contents.texts
        how = dict(zip(zip(stored["kind"], stored["key"], strict=True), stored["how"].fillna(""), strict=True))
        return (
            np.array([frame.theme_of.get(pair) for pair in pairs], dtype=object),
            np.array([how.get(pair, "") for pair in pairs], dtype=object),
            np.array([pair in frame.moved for pair in pairs], bool),
        )

    def _learned(self, keys: list[str], placed: Placed) -> pd.DataFrame:
        """TEXTS of this kind. What was found in earlier runs stays as it was found, whatever people made of it."""
        stored = self._contents.texts[self._contents.texts["kind"] == self._kind].set_index("key")
        older = stored.reindex(keys).reset_index(drop=True)
        now = pd.notna(placed.how)
        stays = ~now & older["how"].isin([FOUNDER, JOINED]).to_numpy(bool)
        theme = np.where(now, placed.theme, np.where(stays, older["theme_id"].to_numpy(object), None))
        how = np.where(now, placed.how, np.where(stays, older["how"].to_numpy(object), None))
        return TEXTS.check(pd.DataFrame({"kind": self._kind, "key": keys, "theme_id": theme, "how": how}))

    def _split(self, points: np.ndarray, keys: list[str], placed: Placed) -> Contents:
        """The contents with an entry in the log for every theme that falls apart and that people let voc decide on."""
        contents, names = self._contents, np.array(keys, dtype=object)
        standing = replay(contents, merging=False).standing
        for name in sorted(set(standing) - touched(contents)):
            parts = (
                falls_apart(points, placed.theme, name, placed.afresh) if standing[name].kind == self._kind else None
            )
            if parts is None:
                continue
            number = len(contents.edits) + 1
            made = [
                Theme(
                    f"{name}-{self._run}{letter}", self._kind, f"{standing[name].label} {letter}", None, None, self._run
                )
                for letter in ascii_lowercase[: int(parts.max()) + 1]
            ]
            inside = names[placed.theme == name]
            details = {
                "by": "voc",
                "parts": [
                    {"theme_id": each.theme_id, "keys": inside[parts == place].tolist()}
                    for place, each in enumerate(made)
                ],
            }
            contents = with_edit(contents, Edit(number, "split", name, details, self._run), made)
        return contents

    def _joined(self, points: np.ndarray, placed: Placed, contents: Contents, founders: np.ndarray) -> Contents:
        """The contents with an entry in the log for every two themes that have become one: both go to a new one."""
        standing = replay(contents).standing
        free = {name for name, theme in standing.items() if theme.kind == self._kind} - touched(contents)
        for names in grown_together(points, placed.theme, founders, sorted(free), placed.afresh):
            largest = standing[names[0]]
            heir = replace(largest, theme_id=f"{largest.theme_id}-{self._run}m", born=self._run)
            edit = Edit(
                len(contents.edits) + 1, "merge", heir.theme_id, {"by": "voc", "others": sorted(names)}, self._run
            )
            contents = with_edit(contents, edit, [heir])
        return contents

    def _numbered(
        self, pairs: list[tuple[str, str]], placed: Placed, mentions: pd.DataFrame, config: ThemesConfig
    ) -> Grouped:
        """Groups by number: the known themes by their ids, then the ones that are born."""
        frame = replay(replace(self.contents, texts=self.texts), pairs)
        theme_of = pd.Series([frame.theme_of.get(pair) for pair in pairs], dtype="string")
        small = _too_small(theme_of, frame, mentions, config)
        names = sorted(set(theme_of.dropna()) - small)
        number = {name: place for place, name in enumerate(names)}
        elsewhere = theme_of.notna().to_numpy()
        known = theme_of.map(number).fillna(STRAY).to_numpy(int)
        born = np.where(placed.born >= 0, len(names) + placed.born, placed.born)
        self._groups, self._n_known = np.where(elsewhere, known, born), len(names)
        firm = [frame.themes[name].firmness for name in names]
        firmness = [np.nan if each is None else each for each in firm] + placed.firmness.tolist()
        ids = (*names, *[None] * len(placed.firmness))
        return Grouped(self._groups, np.array(firmness, float), ids)

    def _ids(self, clauses: pd.DataFrame) -> dict[int, str]:
        """The id of every new theme by its number, as its clauses have it."""
        nodes = clauses["clause_id"].map(self._node_of)
        given = clauses["theme_id"].groupby(nodes).first()
        firsts = {
            number: np.flatnonzero(self._groups == self._n_known + number)
            for number in range(int(self._born.max(initial=-1)) + 1)
        }
        return {number: str(given.loc[own[0]]) for number, own in firsts.items() if len(own)}

    def born_ids(self, clauses: pd.DataFrame) -> list[str]:
        """The ids that `find_themes` gave to the new themes."""
        return [*self._ids(clauses).values()]

    def learned(self, clauses: pd.DataFrame) -> pd.DataFrame:
        """TEXTS of this kind, the new themes under the ids that their clauses have."""
        if self.texts.empty:
            return self.texts
        named = pd.Series(self._born).map(self._ids(clauses)).astype("string")
        return self.texts.assign(theme_id=self.texts["theme_id"].fillna(named))


def _too_small(theme_of: pd.Series, frame: Frame, mentions: pd.DataFrame, config: ThemesConfig) -> set[str]:
    """Themes that fewer comments tell of than a theme needs; those that people pinned or made stay."""
    comments = mentions["feedback_id"].groupby(theme_of.iloc[mentions["node"]].to_numpy(object)).nunique()
    least = min(config.min_feedback, max(1, mentions["feedback_id"].nunique() // 10))
    few = comments.index[comments < least]
    return {str(name) for name in few if not (frame.themes[name].pinned or frame.themes[name].made)}

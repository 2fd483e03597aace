"""Ids that never change their meaning: a new theme gets none that another had, a sub-theme found again keeps its own.

No theme is found here, and no file is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pandas as pd

from voc.tables import CLAUSES, THEMES


def free_ids(born: Sequence[str], taken: set[str]) -> dict[str, str]:
    """Ids for new themes, other ones for those whose own once belonged to another theme."""
    taken, names = set(taken), {}
    for each in born:
        name, turn = each, 1
        while name in taken:
            turn += 1
            name = f"{each[0]}-{hashlib.blake2b(f'{each} {turn}'.encode(), digest_size=5).hexdigest()}"
        names[each] = name
        taken.add(name)
    return names


def known_parts(clauses: pd.DataFrame, before: pd.DataFrame) -> dict[str, str]:
    """The id of every sub-theme as it is to be: that of the run before where it is the same one, else its own or a free
    one.

    It is the same one where more than half of the clauses of either that the theme had in both runs are in both: at
    most one can be that, whichever it is compared with.
    """
    parts = sorted(set(clauses["subtheme_id"].dropna()))
    if before.empty or "subtheme_id" not in before:
        return {each: each for each in parts}
    older = before[["clause_id", "theme_id", "subtheme_id"]].rename(columns={"subtheme_id": "older"})
    both = clauses[["clause_id", "theme_id", "subtheme_id"]].merge(older, on=["clause_id", "theme_id"])
    shared = both.groupby(["subtheme_id", "older"]).size().rename("shared").reset_index()
    sizes = [shared[side].map(both.groupby(side).size()).astype(float) for side in ("subtheme_id", "older")]
    same = shared[(2 * shared["shared"] > sizes[0]) & (2 * shared["shared"] > sizes[1])]
    kept = dict(zip(same["subtheme_id"], same["older"], strict=True))
    return kept | free_ids([each for each in parts if each not in kept], set(before["subtheme_id"].dropna()))


def renamed(clauses: pd.DataFrame, themes: pd.DataFrame, names: Mapping[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with the themes and sub-themes under these ids."""

    def new(ids: pd.Series) -> pd.Series:
        return ids.map(lambda each: names.get(each, each), na_action="ignore")

    return (
        CLAUSES.add(clauses, theme_id=new(clauses["theme_id"]), subtheme_id=new(clauses["subtheme_id"])),
        THEMES.add(themes, theme_id=new(themes["theme_id"]), parent_id=new(themes["parent_id"])),
    )

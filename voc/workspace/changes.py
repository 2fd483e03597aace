"""What changed between two runs of a workspace: themes born, found, grown, shrunk, gone, merged and split.

The comments that the newest run added are compared with those of the run before, as shares, so that a larger file is
no growth; with intervals, and corrected for the number of themes, so that noise is none either. Doubted comments
(copies, bursts) are left out. A re-made report of the same feedback tells the same changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from voc.estimates import ALLOWED, SHARE, adjusted, difference
from voc.scores import real
from voc.tables import CHANGES
from voc.tellers import Tellers, tellers_of
from voc.workspace.edits import Edit, Frame, Theme

HARDLY_ANY = 0.1
"""A theme is gone when its share is a tenth of what it was or less: one stray clause is no sign of life."""
ORDER = ("born", "found", "grown", "split", "merged", "shrunk", "gone", "steady")


def compare(
    feedback: pd.DataFrame,
    clauses: pd.DataFrame,
    frame: Frame,
    edits: list[Edit],
    kind: str,
    *,
    entries: Sequence[Theme] = (),
) -> pd.DataFrame:
    """CHANGES: one row per theme of `kind`, what changed first; empty before a second run has added comments.

    `clauses` carry the themes as they stand after the edits of `frame`, one row per theme they tell of. `entries` of a
    code frame are compared like themes; nobody founds them, so they are never born.
    """
    runs = np.unique(feedback["run"].dropna().to_numpy(int)) if "run" in feedback else np.array([], int)
    if len(runs) < 2:
        return CHANGES.empty()
    before, now = int(runs[-2]), int(runs[-1])
    counted = real(feedback)
    counted = counted[counted["skip"].isna() & counted["suspect"].isna()]
    pair = [tellers_of(counted[counted["run"] == run], clauses) for run in (now, before)]
    themes = [*(theme for _, theme in sorted(frame.standing.items()) if theme.kind == kind), *entries]
    rows = [_row(theme, *pair) for theme in themes]
    table = pd.DataFrame(rows, columns=[*CHANGES.columns])
    table["q_value"] = adjusted(table["p_value"].to_numpy(float))
    founded = [theme.born == now and not (theme.made or theme.part) for theme in themes]
    table["change"] = [_verdict(row, founded=new) for row, new in zip(table.to_dict("records"), founded, strict=True)]
    table = table[table["change"].eq("born") | (table["n_now"] + table["n_before"] > 0)]
    table = pd.concat([table, _regrouped(frame, edits, since=before, kind=kind)], ignore_index=True)
    return _ordered(CHANGES.check(table))


def entries_of(themes: pd.DataFrame) -> list[Theme]:
    """The entries of a code frame among the themes that somebody tells of, by id."""
    told = themes[themes["origin"].eq("taxonomy").fillna(value=False) & themes["parent_id"].isna()]
    rows = told.sort_values("theme_id").to_dict("records")
    return [Theme(row["theme_id"], row["status"], row["label"], None, None, born=0, made=True) for row in rows]


def _row(theme: Theme, now: Tellers, before: Tellers) -> dict[str, object]:
    one, other = now.sample(theme.theme_id), before.sample(theme.theme_id)
    row: dict[str, object] = {
        "change": "steady", "theme_id": theme.theme_id, "label": theme.label,
        "n_now": int(one.values.sum()), "n_before": int(other.values.sum()),
        "of_now": one.values.size, "of_before": other.values.size,
        "share_now": one.values.mean() if one.values.size else np.nan,
        "share_before": other.values.mean() if other.values.size else np.nan,
    }  # fmt: skip
    if not (one.values.size and other.values.size):
        return row
    found = difference(one, other, SHARE)
    return row | {"difference": found.value, "low": found.low, "high": found.high, "p_value": found.p_value}


def _verdict(row: dict[Any, Any], *, founded: bool) -> str:
    """The word for a theme, `founded` in the newest run or earlier. Where as many comments told of it before, it is the
    theme that was found, not the matter that is new. Guarded by test_noise_is_not_called_growth."""
    if founded and not row["n_before"]:
        return "born"
    if pd.isna(row["q_value"]) or row["q_value"] > ALLOWED:
        return "found" if founded else "steady"
    if row["difference"] > 0:
        return "born" if founded else "grown"
    hardly_any = row["share_now"] <= HARDLY_ANY * row["share_before"]
    return "gone" if hardly_any else "shrunk"


def _regrouped(frame: Frame, edits: list[Edit], *, since: int, kind: str) -> pd.DataFrame:
    """Mergers and splits since the run before: what people did after it, and what voc did in later ones."""
    rows = []
    for edit in edits:
        if edit.undone or edit.run < since + edit.by_voc or edit.action not in {"merge", "split"}:
            continue
        lost = edit.details["others"] if edit.action == "merge" else [edit.theme_id]
        for each in lost:
            theme = frame.themes[each]
            heirs = ", ".join(f"'{frame.themes[heir].label}' ({heir})" for heir in theme.gone_to)
            rows.append(
                {
                    "change": "merged" if edit.action == "merge" else "split",
                    "theme_id": each,
                    "label": theme.label,
                    "detail": f"into {heirs}",
                    "kind": theme.kind,
                }
            )
    found = pd.DataFrame(rows, columns=["change", "theme_id", "label", "detail", "kind"])
    return found[found["kind"] == kind].reindex(columns=[*CHANGES.columns])


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """By kind of change, then the largest share of the two runs, then id."""
    place = table["change"].map({name: place for place, name in enumerate(ORDER)})
    size = table[["share_now", "share_before"]].max(axis=1).fillna(0)
    keys = pd.DataFrame({"place": place, "size": -size.astype(float), "theme_id": table["theme_id"]})
    return table.loc[keys.sort_values(["place", "size", "theme_id"]).index].reset_index(drop=True)

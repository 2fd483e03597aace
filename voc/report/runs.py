"""What a workspace tells against the run before: which themes are new, grew, shrank, are gone, were merged or split.

Nothing without a run before. Themes whose change is no more than chance are counted, never listed.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.report.figures import real, row_name, whole, words
from voc.report.speech import Speech
from voc.tables import Analysis

MOST = 12
"""Lines of the table, the same as on the screen; the others stand in changes.csv."""
QUIET = ("steady", "found")
HEIR = re.compile(r"\(([^\s()]+)\)(?=, '|$)")
"""The id behind each label in the detail of a merger or split."""


@dataclass(frozen=True)
class Share:
    """A share of the comments: as it is, as it is written, and the column of changes.csv that it stands in."""

    value: float
    text: str
    column: str


@dataclass(frozen=True)
class Turn:
    """One theme that changed: the word for it, its shares before and now (missing for a merger or split), their
    difference in points with its interval, where it went, and its row in changes.csv."""

    word: str
    label: str
    shares: tuple[Share | None, Share | None]
    difference: str
    interval: str
    into: str
    row: str


@dataclass(frozen=True)
class Since:
    """The whole comparison: how many comments are held against how many, the changes, and what is not listed."""

    compared: str
    turns: tuple[Turn, ...]
    quiet: tuple[str, ...]


def since(analysis: Analysis, speech: Speech) -> Since | None:
    """What changed against the run before; None where there is no run before."""
    told = analysis.changes
    if told.empty:
        return None
    named = pd.concat([analysis.themes, told])[["theme_id", "label"]].dropna()
    labels = dict(named.astype(str).itertuples(index=False, name=None))
    loud = told[~told["change"].isin(QUIET)]
    turns = tuple(_turn(row, labels, speech) for row in loud.head(MOST).to_dict("records"))
    counts = {"more": len(loud) - len(turns)} | {kind: int(told["change"].eq(kind).sum()) for kind in QUIET}
    return Since(
        compared=_compared(analysis, speech),
        turns=turns,
        quiet=tuple(speech.say(f"since_{name}", n=n) for name, n in counts.items() if n),
    )


def _compared(analysis: Analysis, speech: Speech) -> str:
    """How many comments either run brought; empty where no theme was counted in both."""
    counted = analysis.changes.dropna(subset=["of_now", "of_before"])
    if counted.empty:
        return ""
    now, before = (speech.say("n_comments", n=whole(counted[name].iloc[0]) or 0) for name in ("of_now", "of_before"))
    return speech.say("since_compared", now=now, before=before)


def _turn(row: Mapping[Hashable, Any], labels: Mapping[str, str], speech: Speech) -> Turn:
    ends = [real(row[name]) for name in ("difference", "low", "high")]
    points = ["" if end is None else speech.number(100 * end, 1, signed=True) for end in ends]
    return Turn(
        word=speech.say(f"turn_{row['change']}"),
        label=words(row["label"]) or str(row["theme_id"]),
        shares=(_share(row, "share_before", speech), _share(row, "share_now", speech)),
        difference=points[0],
        interval=speech.say("to", low=points[1], high=points[2]) if points[1] and points[2] else "",
        into=_into(words(row["detail"]), labels, speech),
        row=row_name(dict(row), "change", "theme_id"),
    )


def _share(row: Mapping[Hashable, Any], column: str, speech: Speech) -> Share | None:
    value = real(row[column])
    return None if value is None else Share(value, speech.percent(value, fine=True), column)


def _into(detail: str, labels: Mapping[str, str], speech: Speech) -> str:
    """The themes that a merger or split led to, in the reader's words; by their ids, for a label may hold anything."""
    heirs = [speech.say("quoted_theme", label=labels.get(each) or each) for each in HEIR.findall(detail)]
    return speech.say("since_into", themes=speech.listing(heirs)) if heirs else ""

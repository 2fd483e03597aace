"""Which rows of a file the workspace knows already: the same file again, overlapping exports, words that were edited.

A row is known by its id; where the file has none, by all that identifies an answer: words, moment, customer and scores.
An id says little by itself, for row numbers start anew in every export: an id whose words, moment or customer are
others is another comment. Rows of the file are compared after masking, as the workspace keeps them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.tables import FEEDBACK

REPEAT = "~"
"""Between an id and a number, where several comments came with one id."""
REPEATED = re.compile(rf"{REPEAT}\d+$")
IDENTITY = ("text", "question", "created_at", "customer_id", "nps", "csat", "ces", "rating")
EVIDENCE_CHARACTERS = 40
"""Words from this length on, a moment or a customer tell one answer from another; "All good" alone does not."""
OVERLAP = 0.2
"""The share of telling rows known before from which a file without ids overlaps with earlier ones; then what tells
nothing by itself is taken as known too. Unrelated weeks share next to none, cumulative exports most. Guarded by
test_files_without_ids."""
SAME_DAY = pd.Timedelta(days=1)
"""Exports disagree on time zones; a moment further apart is another moment."""
FEW, MOST = 5, 0.5
"""Where more than half of at least five known ids come with other words, and neither moment nor customer speak for
them, the ids are row numbers and the comments others. Trades comments edited in bulk for never losing a week."""
TWICE = ""
"""Instead of a stored id: the row stands in the same files twice."""
COMPUTED = frozenset(name for name, column in FEEDBACK.columns.items() if "read" not in column.by)


@dataclass(frozen=True)
class Sifted:
    """`new` and `changed` are to be read, under the ids they are kept by; `known` rows are not, but may bring news in
    their other columns. `twice` counts rows that the files themselves have twice, `numbered` known ids that were other
    comments."""

    new: pd.DataFrame
    changed: pd.DataFrame
    known: pd.DataFrame
    twice: int = 0
    numbered: int = 0


def together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The feedback of several files under one another; ids that several files have get a number behind."""
    from voc.workspace.store import stacked

    rows = stacked(frames, FEEDBACK)
    turn = rows.groupby("feedback_id").cumcount()
    return rows.assign(feedback_id=rows["feedback_id"].where(turn.eq(0), _numbered(rows["feedback_id"], turn + 1)))


def _numbered(ids: pd.Series, numbers: pd.Series) -> pd.Series:
    return ids + REPEAT + numbers.astype("string")


def sift(incoming: pd.DataFrame, stored: pd.DataFrame) -> Sifted:
    """Tell new, changed and known rows apart; none is left out. Both tables are masked and cleaned."""
    rows = incoming.sort_values("feedback_id", kind="stable", ignore_index=True)
    made = _made(rows)
    targets = pd.Series(pd.NA, index=rows.index, dtype="string")
    by_id, changed, numbered = _by_id(rows[~made], stored)
    targets.update(by_id)
    targets.update(_by_content(rows[made], stored, set(by_id.dropna())))
    ids = _free_ids(rows["feedback_id"], targets, set(stored["feedback_id"]) if len(stored) else set())
    rows = rows.assign(feedback_id=ids)
    is_changed = rows.index.isin(changed)
    is_new, is_twice = targets.isna().to_numpy(), targets.eq(TWICE).fillna(value=False).to_numpy(bool)
    return Sifted(
        rows[is_new].reset_index(drop=True),
        rows[is_changed].reset_index(drop=True),
        rows[~is_new & ~is_changed & ~is_twice].drop_duplicates("feedback_id").reset_index(drop=True),
        int(is_twice.sum()),
        numbered,
    )


def _made(rows: pd.DataFrame) -> pd.Series:
    """Rows whose id the reader made out of the file's name and the row, since the file has none."""
    if "source" not in rows:
        return pd.Series(data=False, index=rows.index)
    stems = rows["source"].fillna("").str.replace(r"\.[^.]*$", "", regex=True)
    pairs = zip(rows["feedback_id"], stems, strict=True)
    return pd.Series([bool(stem) and str(each).startswith(f"{stem}-") for each, stem in pairs], index=rows.index)


def _by_id(rows: pd.DataFrame, stored: pd.DataFrame) -> tuple[pd.Series, list[int], int]:
    """The stored id of every row that is known by its id, which of them have other words, and how many known ids were
    other comments."""
    pool: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in _facts(stored):
        pool[_own(each["feedback_id"])].append(each)
    known: dict[int, str] = {}
    doubted: dict[int, str] = {}
    claimed = {TWICE}
    other = 0
    for place, row in zip(rows.index, _facts(rows), strict=True):
        kin = pool[_own(row["feedback_id"])]
        same = [each for each in kin if each["text"] == row["text"] and not _differ(row, each)]
        edited = [each for each in kin if each["feedback_id"] not in claimed and not _differ(row, each)]
        if same:
            known[place] = str(same[0]["feedback_id"])
            continue
        if edited:  # a comment has one new wording: other words under its id, from another file, are another comment
            doubted[place] = str(edited[0]["feedback_id"])
            claimed.add(doubted[place])
        else:
            other += bool(kin)
        kin.append(row | {"feedback_id": TWICE})
    unsure = [place for place in doubted if not _vouched(rows.loc[place])]
    if len(unsure) >= FEW and len(unsure) > MOST * (len(known) + len(doubted)):
        other += len(unsure)
        doubted = {place: target for place, target in doubted.items() if place not in set(unsure)}
    return pd.Series(known | doubted, dtype="string"), [*doubted], other


def _facts(rows: pd.DataFrame) -> list[dict[str, Any]]:
    names = [name for name in ("feedback_id", "text", "created_at", "customer_id") if name in rows]
    return rows[names].astype({"text": "string"}).fillna({"text": ""}).to_dict("records") if len(rows) else []


def _own(identity: object) -> str:
    """The id as the file has it."""
    return REPEATED.sub("", str(identity))


def _differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether customer or moment say that two rows of one id are two comments."""
    customers = one.get("customer_id", pd.NA), other.get("customer_id", pd.NA)
    if not pd.isna(customers[0]) and not pd.isna(customers[1]) and customers[0] != customers[1]:
        return True
    moments = one.get("created_at", pd.NaT), other.get("created_at", pd.NaT)
    return not pd.isna(moments[0]) and not pd.isna(moments[1]) and abs(moments[0] - moments[1]) > SAME_DAY


def _vouched(row: pd.Series) -> bool:
    """Whether more than the id says that it is the same comment."""
    return any(name in row.index and not pd.isna(row[name]) for name in ("created_at", "customer_id"))


def _by_content(rows: pd.DataFrame, stored: pd.DataFrame, taken: set[str]) -> pd.Series:
    """The stored id of every row without an id of its own that was read before; equal rows are matched one to one."""
    found: dict[int, str] = {}
    if rows.empty:
        return pd.Series(found, dtype="string")
    pool: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for identity, content in zip(stored.get("feedback_id", ()), _contents(stored), strict=True):
        if identity not in taken:
            pool[content].append(str(identity))
    for _, part in rows.groupby("source", sort=True):
        contents = dict(zip(part.index, _contents(part), strict=True))
        matched = _matched(contents, pool)
        telling = part.index[_telling(part)]
        judged, needed = (telling, OVERLAP) if len(telling) else (part.index, 0.9)
        overlaps = sum(place in matched for place in judged) >= needed * len(judged)
        kept = matched if overlaps else {place: matched[place] for place in telling if place in matched}
        found |= kept
        for place, content in contents.items():
            if place not in kept:
                pool[content].append(TWICE)
    return pd.Series(found, dtype="string")


def _matched(contents: dict[int, tuple[str, ...]], pool: dict[tuple[str, ...], list[str]]) -> dict[int, str]:
    """Each row with the next stored row of the same content that no other row of the file has."""
    used: Counter[tuple[str, ...]] = Counter()
    matched = {}
    for place, content in contents.items():
        same = pool.get(content, [])
        if used[content] < len(same):
            matched[place] = same[used[content]]
            used[content] += 1
    return matched


def _telling(rows: pd.DataFrame) -> pd.Series:
    """Rows that nobody else would write just so."""
    told = rows["text"].fillna("").str.len() >= EVIDENCE_CHARACTERS
    for name in ("created_at", "customer_id"):
        if name in rows:
            told |= rows[name].notna()
    return told.astype(bool)


def _contents(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    """What identifies an answer, as text; a column that is not there is empty."""
    if rows.empty:
        return []
    columns = [
        rows[name].astype("string").fillna("").tolist() if name in rows else [""] * len(rows) for name in IDENTITY
    ]
    return list(zip(*columns, strict=True))


def _free_ids(ids: pd.Series, targets: pd.Series, taken: set[str]) -> pd.Series:
    """The id each row is kept by: that of the row it is known as, else its own, with a number where that is taken."""
    kept: list[str] = []
    used = set(taken)
    for own, target in zip(ids, targets, strict=True):
        name, number = own, 1
        while pd.isna(target) and name in used:
            number += 1
            name = f"{_own(own)}{REPEAT}{number}"
        kept.append(name if pd.isna(target) else target)
        used.add(kept[-1])
    return pd.Series(kept, index=ids.index, dtype="string")


def refreshed(stored: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """`stored` with what a newer export says in the columns that a file brings, such as when a ticket was solved."""
    kept = stored.copy()
    news = known.set_index("feedback_id")
    for name in news.columns:
        if name in COMPUTED or name in {"text", "source", "skip"} or news[name].isna().all():
            continue
        fresh = kept["feedback_id"].map(news[name])
        if name not in kept:
            kept[name] = fresh.astype(news[name].dtype)
        elif str(kept[name].dtype) == str(news[name].dtype):
            kept[name] = fresh.astype(news[name].dtype).fillna(kept[name])
    return kept

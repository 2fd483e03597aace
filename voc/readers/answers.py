"""From a file's raw table to feedback: one row per answer, typed fields, unique ids, the file's other columns kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from voc.readers import dates, scores
from voc.readers.cells import ROWS_AT_ONCE, amounts, figures, text_of, truths, typed
from voc.readers.columns import AMOUNTS, DATES, Columns
from voc.readers.headers import normalise
from voc.readers.recognition import BROKEN, LINE, MARKS, SKIP, note
from voc.tables import FEEDBACK, Note

UNITS: Final = {
    "s": r"s|sec|secs|seconds?|sekunden|secondes|secondi|segundos",
    "min": r"m|min|mins|minutes?|minuten|minuti|minutos",
    "h": r"h|hr|hrs|hours?|stunden|heures|ore|horas",
    "D": r"d|days?|tage|jours|giorni|dias",
}
CLOCK: Final = r"\d{1,6}:[0-5]\d:[0-5]\d"
LONGEST_SPAN: Final = 20 * 365 * 86_400
"""Seconds of the longest time that anyone waits for an answer; longer ones are slips."""
SUFFIX: Final = "_in_file"
"""Added to a column of the file that has the name of one of voc's own."""


@dataclass(frozen=True)
class Answers:
    """The feedback of one file."""

    frame: pd.DataFrame
    notes: tuple[Note, ...]


def build(raw: pd.DataFrame, columns: Columns, *, source: str, stem: str) -> Answers:
    """The FEEDBACK-shaped table of one file; rows keep their order, and none is left out but wholly empty ones.

    `raw` is used up: its columns go as they are read, so that a large file is never held twice.
    """
    rows = np.arange(1, len(raw) + 1)
    blank = np.logical_and.reduce([raw[name].isna().to_numpy(dtype=bool) for name in raw.columns])
    if blank.any():
        raw, rows, columns = raw[~blank].reset_index(drop=True), rows[~blank], _without(columns, blank)
    notes = [note("Wholly empty rows were left out", int(blank.sum()))] if blank.any() else []
    base, told = _responses(raw, columns, rows, stem)
    base["source"] = pd.array([source] * len(base), dtype="string")
    others, renamed = _others(raw, columns, base)
    frame = _one_row_per_answer(pd.concat([base, others], axis="columns"), raw, columns.texts)
    frame = _with_broken(frame, raw, told_notes := [*notes, *told, *renamed])
    return Answers(FEEDBACK.check(frame), tuple(told_notes))


def _without(columns: Columns, blank: np.ndarray) -> Columns:
    """The columns with the scores of the rows that are left; else every score behind an empty row would move up."""
    kept = {
        name: replace(
            score,
            values=score.values[~blank].reset_index(drop=True),
            off=None if score.off is None else score.off[~blank].reset_index(drop=True),
        )
        for name, score in columns.scores.items()
    }
    return replace(columns, scores=kept)


def _responses(raw: pd.DataFrame, columns: Columns, rows: np.ndarray, stem: str) -> tuple[pd.DataFrame, list[Note]]:
    """Ids, times, names and scores: one row per row of the file."""
    base, notes = _ids(raw, columns, rows, stem)
    for field in ("customer_id", "question", "channel", "agent", "stage"):
        if field in columns.fields:
            base[field] = text_of(raw[columns.fields[field]]).str.strip()
    for field in DATES:
        if field in columns.fields:
            notes += _set_time(base, field, raw[columns.fields[field]], columns.fields[field])
    base = base.assign(**_of_customers(raw, columns))
    for field, score in columns.scores.items():
        base[field], told = (
            scores.of_one_scale(score, base["created_at"]) if "created_at" in base else (score.values, ())
        )
        notes += told
        if field != "nps":
            base[f"{field}_scale"] = pd.array([score.scale] * len(base), dtype="string")
    return base, notes


def _of_customers(raw: pd.DataFrame, columns: Columns) -> dict[str, pd.Series]:
    """What the file knows of the customer: revenue a year, lifetime value, contacts, whether they left."""
    known = {field: amounts(raw[columns.fields[field]]) for field in AMOUNTS if field in columns.fields}
    if "monthly_revenue" in known:
        known["revenue"] = known.pop("monthly_revenue") * 12
    found = {field: values.astype("Float32") for field, values in known.items()}
    return found | ({"churned": truths(raw[columns.fields["churned"]])} if "churned" in columns.fields else {})


def _ids(raw: pd.DataFrame, columns: Columns, rows: np.ndarray, stem: str) -> tuple[pd.DataFrame, list[Note]]:
    """`response_id` as the file has it or from file and row; `feedback_id` unique."""
    column = columns.fields.get("feedback_id")
    given = text_of(raw[column]).str.strip() if column else pd.Series(pd.NA, index=raw.index, dtype="string")
    missing = given.isna()
    made = pd.Series([f"{stem}-{row}" for row in rows[missing]], index=given.index[missing], dtype="string")
    ids = given.fillna(made) if missing.any() else given
    repeated = _repeated(ids)
    shared = repeated & _agree(ids, columns) if repeated.any() else repeated
    unique = _told_apart(ids, repeated)
    n_more = int(ids[repeated].duplicated().sum())
    notes = [note(f"Ids in '{column}' that occur more than once, made unique by a number", n_more)]
    if column and missing.any():
        notes.append(note(f"Rows without an id in '{column}' got one from file and row", int(missing.sum())))
    kept = columns.fields.get("response_id")
    response = text_of(raw[kept]).fillna(unique) if kept else ids.where(shared | ~repeated, unique)
    base = pd.DataFrame({"feedback_id": unique, "response_id": response}).astype("string")
    return base, [each for each in notes if each.count]


def _agree(ids: pd.Series, columns: Columns) -> pd.Series:
    """Whether all rows of an id have the same scores, and so are one response; without scores nothing says so."""
    agree = pd.Series(bool(columns.scores), index=ids.index)
    for score in columns.scores.values():
        agree &= score.values.groupby(ids).transform("nunique") <= 1
    return agree


def _repeated(ids: pd.Series) -> pd.Series:
    """Which ids occur more than once; where all hashes of 64 bits differ, none does, and no table of ids is made."""
    hashes = [
        pd.util.hash_array(ids.iloc[start : start + ROWS_AT_ONCE].to_numpy(dtype=object), categorize=False)
        for start in range(0, len(ids), ROWS_AT_ONCE)
    ]
    if len(np.unique(np.concatenate(hashes or [[]]))) == len(ids):
        return pd.Series(data=False, index=ids.index)
    return ids.duplicated(keep=False)


def _told_apart(ids: pd.Series, repeated: pd.Series) -> pd.Series:
    """Repeated ids with -2, -3 … behind, none of which is taken already."""
    if not repeated.any():
        return ids
    taken = set(ids)
    unique: list[str] = []
    seen: dict[str, int] = {}
    for each in ids:
        number = seen.get(each, 0) + 1
        name = each if number == 1 else f"{each}-{number}"
        while number > 1 and name in taken:
            number += 1
            name = f"{each}-{number}"
        seen[each] = number
        taken.add(name)
        unique.append(name)
    return pd.Series(unique, index=ids.index, dtype="string")


def _set_time(base: pd.DataFrame, field: str, cells: pd.Series, header: str) -> list[Note]:
    """Fill a time, given as such or as a time span after `created_at`; what was lost or guessed is told."""
    span = _span(cells, header) if field in ("first_reply_at", "resolved_at") else None
    if span is not None:
        base[field] = base["created_at"] + span if "created_at" in base else pd.Series(pd.NaT, index=base.index)
        return [] if "created_at" in base else [note(f"'{header}' is a time span, and there is no date to add it to")]
    found = dates.parse(cells, header)
    base[field] = found.times
    notes = [note(f"Dates in '{header}': {found.doubt}")] if found.doubt else []
    if found.lost:
        listed = ", ".join(f"'{each[:40]}'" for each in found.examples)
        notes.append(note(f"Cells in '{header}' that are no dates, taken as missing (such as {listed})", found.lost))
    return notes


def _span(cells: pd.Series, header: str) -> pd.Series | None:
    """Time spans, where the header names their unit ("First reply time in minutes") or cells are hh:mm:ss."""
    words = normalise(header).split()
    unit = next((unit for unit, names in UNITS.items() if any(re.fullmatch(names, word) for word in words[1:])), None)
    clocks = text_of(cells).dropna()
    if unit or (len(clocks) and clocks.str.fullmatch(CLOCK).all()):
        return spans(cells, unit or "s")
    return None


def spans(cells: pd.Series, unit: str) -> pd.Series:
    """Time spans, as figures in a unit or as h:mm:ss; negative ones and those of many years are slips and missing."""
    strings = text_of(cells).str.strip()
    clock = strings.str.fullmatch(CLOCK).fillna(value=False).astype(bool)
    parts = strings.where(clock).str.split(":", expand=True).reindex(columns=range(3)).astype("Float64")
    seconds = (figures(cells) * pd.Timedelta(1, unit=unit).total_seconds()).mask(clock)
    seconds = seconds.fillna(parts[0] * 3600 + parts[1] * 60 + parts[2])
    return pd.to_timedelta(seconds.where(seconds.between(0, LONGEST_SPAN)).astype("float64"), unit="s")


def _others(raw: pd.DataFrame, columns: Columns, base: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """The columns without a field, typed, under their own names or, where those are voc's, with SUFFIX."""
    used = {
        *columns.texts,
        *columns.fields.values(),
        *(score.column for score in columns.scores.values()),
        *MARKS,
    }
    taken = {*FEEDBACK.columns, *base.columns}
    kept: dict[str, pd.Series] = {}
    notes = []
    for name in map(str, raw.columns):
        if name in used or (re.fullmatch(r"column \d+", name) and raw[name].isna().all()):
            continue
        new = name
        while new in taken:
            new += SUFFIX
        if new != name:
            notes.append(note(f"The file's column '{name}' is kept as '{new}', since voc has a column of that name"))
        taken.add(new)
        kept[new] = typed(raw.pop(name))
    return pd.DataFrame(kept, index=base.index), notes


def _one_row_per_answer(base: pd.DataFrame, raw: pd.DataFrame, texts: Sequence[str]) -> pd.DataFrame:
    """Repeat each response for each of its answers; `question` holds the column. No answer at all keeps one row."""
    answers = [text_of(raw.pop(name)) for name in texts]
    if len(texts) == 1:
        return base.assign(text=answers[0])
    filled = np.column_stack([each.notna().to_numpy(dtype=bool) for each in answers])
    silent = ~filled.any(axis=1)
    filled[silent, 0] = True
    places, questions = np.nonzero(filled)
    frame = base.iloc[places].reset_index(drop=True)
    stacked = np.column_stack([each.to_numpy(dtype=object, na_value=None) for each in answers])
    frame["text"] = pd.array(stacked[places, questions], dtype="string")
    asked = pd.Series(np.asarray(texts, dtype=object)[questions], dtype="string")
    frame["question"] = asked.mask(pd.Series(silent[places]))
    numbers = pd.Series(questions + 1).astype("string")
    frame["feedback_id"] = frame["feedback_id"].where(pd.Series(silent[places]), frame["feedback_id"] + "." + numbers)
    frame.index = pd.Index(places)
    return frame


def _with_broken(frame: pd.DataFrame, raw: pd.DataFrame, notes: list[Note]) -> pd.DataFrame:
    """`skip`: why rows are not used; broken ones keep their line as text."""
    told = raw[SKIP] if SKIP in raw else pd.Series(pd.NA, index=raw.index)
    frame = frame.assign(skip=told.astype("string").reindex(frame.index))
    if BROKEN not in raw:
        return frame
    reasons, lines = raw[BROKEN].reindex(frame.index), raw[LINE].reindex(frame.index)
    if reasons.isna().all():
        return frame
    for reason, count in raw[BROKEN].value_counts().sort_index().items():
        first = raw.loc[raw[BROKEN] == reason, LINE].iloc[0]
        notes.append(note(f"Kept but not used: {reason} (first: '{str(first)[:60]}')", int(count)))
    return frame.assign(text=frame["text"].where(reasons.isna(), lines), skip=reasons.fillna(frame["skip"]))

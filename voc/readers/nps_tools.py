"""Survey tools that ask one question: Delighted and AskNicely.

| source | in the file | becomes |
|---|---|---|
| both | `comment` | `text` |
| Delighted | `score`, where `survey_type` is nps or enps | `nps` on 0-10 |
| Delighted | `score`, where it is csat, smileys or thumbs (0 and 1 become 1 and 5); stars | `csat`; `rating`, on 1-5 |
| Delighted | `score`, where it is ces ("made it easy") | `ces` on 1-5, high is good |
| Delighted | `created_at`; `person_properties`, a column for each | `created_at`; columns to group by |
| AskNicely | `answer`; `responded`, `sent` (Unix seconds, "0" = never) | `nps`; `created_at`, `invited_at` |

A request that was never answered stays as a row without a score: its "0" is no detractor.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pandas as pd

from voc.config import ReadConfig
from voc.readers.cells import figures, json_object, text_of
from voc.readers.exports import NEVER, find, named, never_is_missing, tell, times, with_columns
from voc.readers.fingerprints import has, headers_of, plain, read_export
from voc.readers.formats import Head, reader
from voc.readers.headers import normalise
from voc.readers.recognition import SKIP, note
from voc.tables import Note

KINDS: Final = {
    "nps": "nps", "enps": "nps", "csat": "csat", "csat3": "csat", "csat5": "csat", "ces": "ces", "ces7": "ces",
    "smileys": "csat", "thumbs": "csat", "stars": "rating", "stars five": "rating", "5 star": "rating",
}  # fmt: skip
"""A survey's type -> the score it asks for."""
SCALES: Final = {"nps": "0-10", "csat": "1-5", "rating": "1-5", "ces": "1-5 high is good"}
"""Delighted's effort survey asks for agreement that it was easy."""
PROPERTIES: Final = 100
"""Most properties of persons that become columns of their own."""


def looks_delighted(head: Head) -> bool:
    """A score and a comment, and what only Delighted says of them."""
    names = headers_of(head)
    own = ("survey type", "person properties", "person id", "person email", "permalink", "delighted source")
    return has(names, "score", "comment", some=own) and has(names, some=("created at", "survey type"))


@reader("delighted", sniff=looks_delighted, rank=28, suffixes=(".csv",))
def read_delighted(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per response."""
    raw = read_export(path, options, "Delighted", "score")
    raw = _with_properties(raw, find(raw, "person properties"))
    score, kind = find(raw, "score"), find(raw, "survey type")
    scores, notes = _scores(raw, score, kind) if score else ({}, [])
    raw = with_columns(
        raw, {f"{name} ({SCALES[name].split(maxsplit=1)[0]})": values for name, values in scores.items()}
    )
    columns: dict[str | None, str] = {f"{name} ({SCALES[name].split(maxsplit=1)[0]})": name for name in scores}
    created = find(raw, "created at", "responded at", "updated at")
    fields: dict[str | None, str] = {
        find(raw, "response id", "id"): "feedback_id",
        created: "created_at",
        find(raw, "person id", "person email", "person", "email"): "customer_id",
        find(raw, "delighted source", "source", "channel"): "channel",
        **columns,
    }
    scales: dict[str | None, str] = {column: SCALES[name] for column, name in columns.items()}
    return tell(raw, fields, texts=(named(raw, "comment"),), scales=scales, channel="survey", notes=notes)


def _scores(raw: pd.DataFrame, score: str, kind: str | None) -> tuple[dict[str, pd.Series], list[Note]]:
    """The column of scores, split by what each row's survey asked; where no type is told, Delighted asks for NPS."""
    answers = figures(raw[score])
    if kind is None:
        return {"nps": answers}, [note("No survey type in the file: its scores are taken as NPS, 0-10")]
    types = text_of(raw[kind]).map(normalise, na_action="ignore")
    thumbs = types.eq("thumbs").fillna(value=False).astype(bool)
    answers = answers.mask(thumbs, answers * 4 + 1)
    kinds = types.map(KINDS)
    unknown = sorted(types[types.notna() & kinds.isna()].unique())
    notes = [note(f"Surveys of the type '{each}' have no score that voc knows", int(types.eq(each).sum()))
             for each in unknown]  # fmt: skip
    return {name: answers.where(kinds.eq(name).fillna(value=False).astype(bool)) for name in SCALES
            if kinds.eq(name).any()}, notes  # fmt: skip


def _with_properties(raw: pd.DataFrame, column: str | None) -> pd.DataFrame:
    """A column for each property of persons, where they are written as JSON."""
    if column is None:
        return raw
    held = [json_object(cell) for cell in text_of(raw[column]).fillna("")]
    names = list(dict.fromkeys(str(name) for each in held for name in each))
    if not names or len(names) > PROPERTIES:
        return raw
    added = {f"{column}.{name}": pd.array([_flat(each.get(name)) for each in held], dtype="string") for name in names}
    return with_columns(raw, added, without=(column,))


def _flat(value: object) -> str | None:
    return None if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# ----------------------------------------------------------------------------------------------------------- AskNicely


def looks_asknicely(head: Head) -> bool:
    """An answer and when it was asked for, opened and given."""
    return has(headers_of(head), "answer", "comment", "responded", some=("sent", "opened", "response id", "segment"))


@reader("asknicely", sniff=looks_asknicely, rank=29, suffixes=(".csv",))
def read_asknicely(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per request, answered or not."""
    raw = read_export(path, options, "AskNicely", "responded")
    responded = named(raw, "responded") or ""
    never = text_of(raw[responded]).str.strip()
    silent = (never.isna() | never.isin(NEVER)).fillna(value=True).astype(bool)
    answer = named(raw, "answer")
    changed = {name: _time(raw[name]) for name in map(str, raw.columns) if plain(name) in TIMES}
    if answer:
        changed[answer] = figures(raw[answer]).mask(silent)
    reason = pd.Series(pd.NA, index=raw.index, dtype="string").mask(silent, "never answered")
    raw = with_columns(raw, {**changed, SKIP: reason} if silent.any() else changed)
    fields: dict[str | None, str] = {
        find(raw, "response id", "id"): "feedback_id",
        responded: "created_at",
        find(raw, "sent"): "invited_at",
        find(raw, "person id", "contact id", "customer id", "email", "name"): "customer_id",
        find(raw, "delivery method", "channel"): "channel",
        answer: "nps",
    }
    return tell(raw, fields, texts=(named(raw, "comment"),), scales={answer: "0-10"}, channel="survey")


TIMES: Final = frozenset({"sent", "opened", "responded", "lastemailed", "last emailed", "created"})


def _time(cells: pd.Series) -> pd.Series:
    """Unix times where they are such, else the cells as they stand; zeros are missing."""
    kept = never_is_missing(cells)
    return times(kept) if kept.dropna().str.fullmatch(r"\d{9,13}(\.\d+)?").all() else kept

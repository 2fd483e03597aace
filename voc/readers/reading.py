"""Read sources of any format into one feedback table, and say what was recognised."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from voc.config import DEFAULTS, ReadConfig, from_mapping
from voc.errors import InputError
from voc.readers import answers, columns, formats, sources
from voc.readers.recognition import Reading, Recognition, note
from voc.tables import Note


def read(*paths: str | Path, **options: Any) -> pd.DataFrame:
    """The feedback table of files, folders or globs; options are those of ReadConfig: text, id, date, nps, format …"""
    return read_feedback(paths, from_mapping({"read": options}).read).frame


def read_feedback(paths: Sequence[str | Path], config: ReadConfig = DEFAULTS.read) -> Reading:
    """All sources as one feedback table: FEEDBACK's columns as far as they were found, `source` set, ids unique.

    Raises InputError where a named source cannot be read or holds no text; files found in a folder or by a pattern that
    cannot be read are told in the notes, unless none can.
    """
    found, notes = sources.expand(paths)
    parts: list[tuple[pd.DataFrame, Recognition, str]] = []
    failed: list[InputError] = []
    for source in found:
        try:
            parts.append((*_read_one(source, config), source.stem))
        except InputError as error:
            if source.asked:
                raise
            failed.append(error)
            notes.append(note(f"{source.path.name} was passed over: {error}"))
    if not parts:
        raise failed[0]
    frame = _joined([(part, stem) for part, _, stem in parts], notes)
    recognised = tuple(recognition for _, recognition, _ in parts)
    return Reading(frame, recognised, (*notes, *(each for one in recognised for each in _labelled(one, len(parts)))))


def _labelled(recognition: Recognition, n_files: int) -> list[Note]:
    """A file's notes, with its name where there are several."""
    if n_files == 1:
        return list(recognition.notes)
    return [replace(each, text=f"{Path(recognition.path).name}: {each.text}") for each in recognition.notes]


def _read_one(source: sources.Source, config: ReadConfig) -> tuple[pd.DataFrame, Recognition]:
    path = source.path
    try:
        name = formats.recognise(path, config)
        raw = formats.READERS.get(name)(path, config)
        digest = _digest(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    about, raw = raw.attrs, _plain(raw)
    if raw.empty:
        raise InputError(f"{path.name} has a header ({', '.join(map(str, raw.columns[:6]))}) and no rows")
    mapped = columns.recognise(raw, config, where=path.name, told=about.get("columns", {}))
    built = answers.build(raw, mapped, source=path.name, stem=source.stem)
    recognition = Recognition(
        path=str(path),
        format=name,
        encoding=about.get("encoding"),
        delimiter=about.get("delimiter"),
        n_rows=len(raw),
        digest=digest,
        guesses=mapped.guesses,
        notes=(*about.get("notes", ()), *mapped.notes, *built.notes),
    )
    return built.frame, recognition


def _plain(raw: pd.DataFrame) -> pd.DataFrame:
    """The raw table without its attributes, with a fresh index and names that are strings."""
    plain = raw.reset_index(drop=True)
    plain.columns = pd.Index([str(name) for name in plain.columns], dtype=object)
    plain.attrs = {}
    return plain


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _joined(parts: list[tuple[pd.DataFrame, str]], notes: list[Note]) -> pd.DataFrame:
    """One table; ids that several files have get the file's name in front."""
    if len(parts) == 1:
        return parts[0][0]
    ids = pd.concat([part["feedback_id"] for part, _ in parts])
    repeated = set(ids[ids.duplicated()])
    responses = {each for part, _ in parts for each in part.loc[part["feedback_id"].isin(repeated), "response_id"]}
    if repeated:
        notes.append(note("Ids that several files have got the file's name in front", len(repeated)))
    prefixed = [_prefixed(part, stem, repeated, responses) for part, stem in parts]
    return _same_types(pd.concat(prefixed, ignore_index=True), prefixed)


def _prefixed(part: pd.DataFrame, stem: str, ids: set[str], responses: set[str]) -> pd.DataFrame:
    part = part.copy()
    for column, known in (("feedback_id", ids), ("response_id", responses)):
        part[column] = part[column].where(~part[column].isin(known), f"{stem}-" + part[column])
    return part


def _same_types(frame: pd.DataFrame, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Columns whose types differ from file to file as strings; those that are in some files only keep their type."""
    for name in frame.columns:
        kinds = {str(part[name].dtype) for part in parts if name in part and part[name].notna().any()}
        if len(kinds) == 1:
            frame[name] = frame[name].astype(kinds.pop())
        elif kinds <= {"Int64", "Float64"}:
            frame[name] = frame[name].astype("Float64")
        else:
            frame[name] = frame[name].astype("string")
    return frame

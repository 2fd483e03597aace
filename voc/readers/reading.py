"""Read sources of any format into one feedback table, and say what was recognised."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from voc.config import DEFAULTS, ReadConfig, from_mapping
from voc.errors import InputError
from voc.readers import answers, columns, formats, sampling, sources, sql
from voc.readers.recognition import BROKEN, FILE, MARKS, Reading, Recognition, note
from voc.tables import Note

Finish = Callable[[pd.DataFrame, ReadConfig], pd.DataFrame]


@dataclass(frozen=True)
class Opened:
    """One source, or several that were put together: its raw table and how it is known."""

    path: str
    name: str
    stem: str
    format: str
    raw: pd.DataFrame
    about: dict[Hashable, Any]
    """What the reader says of it (`formats`)."""
    digest: str
    passed_over: int = 0
    """Rows that were not drawn."""


@dataclass(frozen=True)
class _Drawing:
    """Where samples of large files are written, and how much of each."""

    folder: Path
    limits: dict[Path, sampling.Limit]

    def of(self, path: Path, format_: str) -> sampling.Sample | None:
        """Some rows of a file; None where it is read whole."""
        if path not in self.limits or format_ not in sampling.ROW_BY_ROW:
            return None
        return sampling.draw(path, self.folder / f"drawn-{len(list(self.folder.iterdir()))}", self.limits[path])


def read(*paths: str | Path, **options: Any) -> pd.DataFrame:
    """The feedback table of files, folders or globs; options are those of ReadConfig: text, id, date, nps, format …"""
    return read_feedback(paths, from_mapping({"read": options}).read).frame


def read_feedback(paths: Sequence[str | Path], config: ReadConfig = DEFAULTS.read, *, sample: bool = False) -> Reading:
    """All sources as one feedback table: FEEDBACK's columns as far as they were found, `source` set, ids unique.

    With `sample`, of sources that are large together only some rows, drawn evenly; the others are counted (`sampling`).
    Raises InputError where a named source cannot be read or holds no text; files found in a folder or by a pattern that
    cannot be read are told in the notes, unless none can.
    """
    notes: list[Note] = []
    failed: list[InputError] = []
    with TemporaryDirectory(prefix="voc-") as unpacked:
        found, told = sources.expand(paths, Path(unpacked))
        notes += told
        limits = sampling.limits([each.path for each in found if not each.address]) if sample else {}
        parts = _parts(found, config, notes, failed, _Drawing(Path(unpacked), limits))
    if not parts:
        raise failed[0]
    frame = _joined([(part, stem) for part, _, stem in parts], notes)
    recognised = tuple(recognition for _, recognition, _ in parts)
    return Reading(frame, recognised, (*notes, *(each for one in recognised for each in _labelled(one, len(parts)))))


def read_table(path: str | Path, config: ReadConfig = DEFAULTS.read) -> pd.DataFrame:
    """The one table that a file holds, columns and cells as they stand there; rows that cannot be read are left out."""
    with TemporaryDirectory(prefix="voc-") as unpacked:
        found, _ = sources.expand([path], Path(unpacked))
        if len(found) != 1:
            raise InputError(f"{path} holds {len(found)} files; name one")
        raw = _open(found[0], config).raw
    broken = raw[BROKEN].notna() if BROKEN in raw else pd.Series(data=False, index=raw.index)
    return raw[~broken].drop(columns=[name for name in MARKS if name in raw])


def _parts(
    found: list[sources.Source],
    config: ReadConfig,
    notes: list[Note],
    failed: list[InputError],
    drawing: _Drawing,
) -> list[tuple[pd.DataFrame, Recognition, str]]:
    """The feedback of each source; files of a format whose parts belong together (one mail or one chat a file) are one
    table."""
    parts: list[tuple[pd.DataFrame, Recognition, str]] = []
    groups: dict[str, list[Opened]] = {}
    for source in found:
        with _passing_over(source.name, notes, failed, asked=source.asked):
            opened = _open(source, config, drawing)
            if "finish" in opened.about:
                groups.setdefault(opened.format, []).append(opened)
            else:
                parts.append((*_recognised(opened, config), opened.stem))
    for group in groups.values():
        with _passing_over(group[0].name, notes, failed, asked=len(found) == 1):
            opened = _finished(group, config)
            parts.append((*_recognised(opened, config), opened.stem))
    return parts


@contextmanager
def _passing_over(name: str, notes: list[Note], failed: list[InputError], *, asked: bool) -> Iterator[None]:
    """A source that cannot be read is told of, or raises where the user named it."""
    try:
        yield
    except InputError as error:
        if asked:
            raise
        failed.append(error)
        notes.append(note(f"{name} was passed over: {error}"))


def _open(source: sources.Source, config: ReadConfig, drawing: _Drawing | None = None) -> Opened:
    path, shown = source.path, source.shown or str(source.path)
    if source.address:
        raw = sql.read_address(source.address)
        return Opened(shown, source.name, source.stem, "sql", _plain(raw), raw.attrs, sql.digest(raw))
    try:
        name = formats.recognise(path, config)
        drawn = drawing.of(path, name) if drawing else None
        raw = formats.READERS.get(name)(drawn.path if drawn else path, config)
        opened = Opened(shown, source.name, source.stem, name, _plain(raw), raw.attrs, _digest(path))
        return _as_sample(opened, drawn) if drawn else opened
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _as_sample(opened: Opened, drawn: sampling.Sample) -> Opened:
    """What was read of some rows of a file, with what is known of the whole."""
    notes = [each for each in opened.about.get("notes", ()) if each not in drawn.notes]
    about = {**opened.about, "notes": (*drawn.notes, *notes)}
    if drawn.encoding:
        about["encoding"] = drawn.encoding
    return replace(opened, about=about, passed_over=drawn.passed_over)


def _finished(group: list[Opened], config: ReadConfig) -> Opened:
    first = group[0]
    finish: Finish = first.about["finish"]
    parts = pd.concat([each.raw.assign(**{FILE: each.stem}) for each in group], ignore_index=True)
    raw = finish(parts, config)
    encodings = {each.about.get("encoding") for each in group}
    about = {
        **raw.attrs,
        "notes": (*_summed(group), *raw.attrs.get("notes", ())),
        "encoding": encodings.pop() if len(encodings) == 1 else None,
    }
    if len(group) == 1:
        return replace(first, raw=_plain(raw), about=about)
    folders = {Path(each.path).parent for each in group}
    folder = folders.pop() if len(folders) == 1 else Path()
    shown = f"{folder / '*'}{Path(first.path).suffix} ({len(group)} files)"
    digest = hashlib.sha256("".join(each.digest for each in group).encode()).hexdigest()
    name = folder.resolve().name if folder.parts else f"{first.format} files"
    return Opened(shown, name or first.format, name or first.format, first.format, _plain(raw), about, digest)


def _summed(group: list[Opened]) -> list[Note]:
    """The notes of several files, each once with its counts added up; one without a count counts files."""
    told = [each for opened in group for each in opened.about.get("notes", ())]
    counts = Counter({each.text: 0 for each in told})
    for each in told:
        counts[each.text] += each.count or (len(group) > 1)
    return [note(text, count) for text, count in counts.items()]


def _labelled(recognition: Recognition, n_files: int) -> list[Note]:
    """A file's notes, with its name where there are several."""
    if n_files == 1:
        return list(recognition.notes)
    return [replace(each, text=f"{Path(recognition.path).name}: {each.text}") for each in recognition.notes]


def _recognised(opened: Opened, config: ReadConfig) -> tuple[pd.DataFrame, Recognition]:
    """The feedback of a source; its raw table is used up."""
    about, raw, n_rows = opened.about, opened.raw, len(opened.raw) + opened.passed_over
    if raw.empty:
        raise InputError(f"{opened.name} has a header ({', '.join(map(str, raw.columns[:6]))}) and no rows")
    mapped = columns.recognise(
        raw,
        config,
        where=opened.name,
        told=about.get("columns", {}),
        scales=about.get("scales"),
        sure=about.get("sure", False),
    )
    built = answers.build(raw, mapped, source=opened.name, stem=opened.stem)
    recognition = Recognition(
        path=opened.path,
        format=opened.format,
        encoding=about.get("encoding"),
        delimiter=about.get("delimiter"),
        n_rows=n_rows,
        digest=opened.digest,
        guesses=mapped.guesses,
        notes=(*about.get("notes", ()), *mapped.notes, *built.notes),
        passed_over=opened.passed_over,
    )
    return built.frame, recognition


def _plain(raw: pd.DataFrame) -> pd.DataFrame:
    """The raw table without its attributes, with a fresh index and names that are strings."""
    plain = raw.reset_index(drop=True)
    plain.columns = pd.Index([str(name) for name in plain.columns], dtype=object)
    plain.attrs = {}
    return plain


def _digest(path: Path) -> str:
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file())
        return hashlib.sha256("".join(map(_digest, files)).encode()).hexdigest()
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

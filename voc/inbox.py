"""A folder into which files arrive: which are whole, which are new, and what became of the others.

A file is taken once it has kept its size and time for a while, so that one that is still being written, copied or
downloaded is waited for. A ledger beside the results remembers each file by its content: after a restart nothing is
done twice, and a file that comes back with new content is new. This module looks and remembers; it analyses nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Literal

from voc.errors import InputError

LEDGER = "watch.json"
UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".filepart", ".swp", ".lock")
"""Endings of what browsers, copy programs and editors have not finished."""
HIDDEN = (".", "~$", "~")
CHUNK = 1 << 20

Stamp = tuple[int, int]
"""Size in bytes, and time of the last change in nanoseconds."""


@dataclass(frozen=True)
class Entry:
    """What became of a file."""

    digest: str
    size: int
    changed: int
    status: Literal["analysed", "failed"]
    result: str = ""
    message: str = ""


@dataclass
class Inbox:
    """The folder, its ledger, and what was seen of files that are not in it yet: name -> stamp and when first seen."""

    folder: Path
    ledger: Path
    settle: float
    entries: dict[str, Entry] = field(default_factory=dict)
    seen: dict[str, tuple[Stamp, float]] = field(default_factory=dict)


def open_inbox(folder: Path, results: Path, *, settle: float) -> Inbox:
    """The inbox with what its ledger remembers. Raises InputError where the folder or the ledger cannot be used."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder that can be watched")
    if results.resolve() == folder.resolve():
        raise InputError(f"The results cannot go to {folder} itself, which is watched; name another folder with --out")
    ledger = results / LEDGER
    try:
        found = json.loads(ledger.read_text(encoding="utf-8"))
        return Inbox(folder, ledger, settle, {name: Entry(**entry) for name, entry in found.items()})
    except FileNotFoundError:
        return Inbox(folder, ledger, settle)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"Cannot read {ledger}, which remembers the files that were analysed: {error}") from error


def arrivals(inbox: Inbox, *, again: bool = False) -> tuple[list[Path], list[Path]]:
    """The files that are new and whole, oldest first, and those that are new and still waited for.

    `again`: those that failed count as new. Files with known content under the same name are not new. Raises InputError
    where the folder cannot be looked into.
    """
    ready: list[Path] = []
    waiting: list[Path] = []
    now = monotonic()
    stamps = _stamps(inbox.folder)
    inbox.seen = {name: found for name, found in inbox.seen.items() if name in stamps}
    for name, stamp in sorted(stamps.items(), key=lambda pair: (pair[1][1], pair[0])):
        if _is_done(inbox.entries.get(name), stamp, again=again):
            continue
        before, since = inbox.seen.get(name, (None, now))
        since = since if before == stamp else now
        inbox.seen[name] = stamp, since
        whole = stamp[0] > 0 and now - since >= inbox.settle
        (ready if whole else waiting).append(inbox.folder / name)
    return [path for path in ready if not _is_known(inbox, path, again=again)], waiting


def _stamps(folder: Path) -> dict[str, Stamp]:
    """Name -> stamp of every file that could be one of ours; InputError where the folder cannot be looked into."""
    try:
        paths = [*folder.iterdir()]
    except OSError as error:
        raise InputError(f"Cannot look into {folder}: {error.strerror}") from error
    found = {}
    for path in paths:
        if path.name.startswith(HIDDEN) or path.name.lower().endswith(UNFINISHED):
            continue
        try:
            if path.is_file():
                status = path.stat()
                found[path.name] = status.st_size, status.st_mtime_ns
        except OSError:
            continue  # gone between the list and the look
    return found


def _is_done(entry: Entry | None, stamp: Stamp, *, again: bool) -> bool:
    return entry is not None and (entry.size, entry.changed) == stamp and not (again and entry.status == "failed")


def _is_known(inbox: Inbox, path: Path, *, again: bool) -> bool:
    """Whether only the time of the file has changed."""
    entry = inbox.entries.get(path.name)
    if entry is None or (again and entry.status == "failed") or entry.digest != digest_of(path):
        return False
    remember(inbox, path, status=entry.status, result=entry.result, message=entry.message)
    return True


def remember(
    inbox: Inbox, path: Path, *, status: Literal["analysed", "failed"], result: str = "", message: str = ""
) -> None:
    """Write down what became of a file; the ledger is whole at every moment. Raises InputError where it cannot."""
    try:
        there = path.stat()
        stamp, digest = (there.st_size, there.st_mtime_ns), digest_of(path)
    except OSError:
        stamp, digest = (0, 0), ""  # it was taken away: should it come back, it is new
    inbox.entries[path.name] = Entry(digest, *stamp, status, result, message)
    inbox.seen.pop(path.name, None)
    try:
        inbox.ledger.parent.mkdir(parents=True, exist_ok=True)
        fresh = inbox.ledger.with_name(f".{inbox.ledger.name}.new")
        told = {name: asdict(entry) for name, entry in sorted(inbox.entries.items())}
        fresh.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(inbox.ledger)
    except OSError as error:
        raise InputError(f"Cannot write {inbox.ledger}: {error.strerror}") from error


def digest_of(path: Path) -> str:
    """SHA-256 of a file; empty where it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                found.update(chunk)
    except OSError:
        return ""
    return found.hexdigest()


def result_of(inbox: Inbox, path: Path) -> str:
    """The name of the folder for a file's result: its stem, or its whole name where another file has taken that."""
    taken = {entry.result for name, entry in inbox.entries.items() if name != path.name}
    stem = path.stem or path.name
    return stem if stem not in taken else path.name.replace(".", "-")

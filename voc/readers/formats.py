"""Every format voc reads, and which one a file is in.

A reader is a function `(path, options) -> DataFrame` that returns the raw table: one row per row of the file, columns
named as in the file, cells as text or as the values the file holds, missing cells missing. It may set, in
`frame.attrs`, `encoding`, `delimiter`, `notes` (a sequence of Note) and `columns` (column -> feedback field, where the
format leaves no doubt); where a file holds parts of what belongs together (turns of chats, mails of threads), it sets
`finish`, a function from the parts of all files of the format to the raw table. It marks rows that it could not read
in the columns BROKEN and LINE, and sound ones that are not to be analysed in SKIP. Readers sniff in order of rank:
formats with a fingerprint of their own first (below 50), then containers and JSON (50), at last anything that is text
(90). A plugin without `sniff` is used where `--format` names it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import encodings
from voc.registry import Registry

Read = Callable[[Path, ReadConfig], pd.DataFrame]

READERS: Registry[Read] = Registry("readers")

HEAD: Final = 2**16
"""Bytes of a file that are looked at to tell its format."""
MAGIC: Final = {
    b"PK\x03\x04": "a zip file",
    b"\xd0\xcf\x11\xe0": "an old .xls workbook, or one with a password; save it as .xlsx without a password",
    b"%PDF": "a PDF; export the answers as CSV or XLSX",
    b"\x1f\x8b": "a packed file",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


@dataclass(frozen=True)
class Head:
    """The beginning of a file, for readers to recognise their format by."""

    path: Path
    start: bytes

    @cached_property
    def kind(self) -> str | None:
        """What a file that is no text is; None = text."""
        known = next((kind for magic, kind in MAGIC.items() if self.start.startswith(magic)), None)
        text = self.text[:4096]
        odd = sum(character < " " and character not in "\t\n\r\f\v\x1a\x1b" for character in text)
        return known or ("no text" if odd > 0.1 * max(len(text), 1) else None)

    @cached_property
    def is_binary(self) -> bool:
        """Whether it is no text."""
        return self.kind is not None

    @cached_property
    def text(self) -> str:
        """The beginning as text, whatever its encoding."""
        encoding = encodings.detect([self.start])
        return "".join(encodings.decode([self.start], encoding)).removeprefix("\ufeff")


@dataclass(frozen=True)
class Reader:
    """A built-in reader: how it reads, how it recognises its format, when it is asked, and the usual file endings."""

    read: Read
    sniff: Callable[[Head], bool]
    rank: int
    suffixes: tuple[str, ...]
    is_export: Callable[[Path], bool] | None = None
    """Whether a whole folder is one export of this format."""

    def __call__(self, path: Path, options: ReadConfig) -> pd.DataFrame:
        """The raw table of a file."""
        return self.read(path, options)


def reader(
    name: str,
    *,
    sniff: Callable[[Head], bool],
    rank: int,
    suffixes: tuple[str, ...],
    is_export: Callable[[Path], bool] | None = None,
) -> Callable[[Read], Read]:
    """Decorator that adds a format to READERS."""

    def add(read: Read) -> Read:
        READERS.register(name)(Reader(read, sniff, rank, suffixes, is_export))
        return read

    return add


def head_of(path: Path) -> Head:
    """The beginning of a file, unpacked where it is gzipped."""
    with path.open("rb") as file:
        start = file.read(HEAD)
    if start.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as packed:
                start = packed.read(HEAD)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path.name} is damaged: {error}") from error
    return Head(path, start)


def recognise(path: Path, options: ReadConfig) -> str:
    """The name of the format a file is in; InputError where it is empty or in none that voc reads."""
    if options.format:
        READERS.get(options.format)
        return options.format
    if path.is_dir():
        return export_of(path) or ""
    head = head_of(path)
    if not head.start.strip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise InputError(f"{path.name} is empty")
    entries = {name: READERS.get(name) for name in READERS}
    for name in sorted(entries, key=lambda each: getattr(entries[each], "rank", 0)):
        sniff = getattr(entries[name], "sniff", None)
        if sniff and sniff(head):
            return name
    raise InputError(f"{path.name} is {head.kind or 'in an unknown format'}; voc reads {', '.join(sorted(entries))}")


def export_of(folder: Path) -> str | None:
    """The format that a whole folder is an export of; None = it is a folder of files."""
    entries = {name: READERS.get(name) for name in READERS}
    checks = {name: getattr(entry, "is_export", None) for name, entry in entries.items()}
    return next((name for name, check in checks.items() if check and check(folder)), None)


def is_known(path: Path) -> bool:
    """Whether some reader recognises a file, by its beginning."""
    try:
        return bool(recognise(path, ReadConfig()))
    except InputError:
        return False


def suffixes() -> frozenset[str]:
    """The file endings that are looked for in a folder."""
    entries = [READERS.get(name) for name in READERS]
    return frozenset(ending for each in entries for ending in getattr(each, "suffixes", ()))

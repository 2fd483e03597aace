"""Zip archives of exports: their files, unpacked into a folder that the caller removes, within bounds.

What an archive says about sizes and places is not believed: bytes are counted as they come, and every file gets a
place below the given folder. Archives within archives are left closed.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from voc.errors import InputError
from voc.readers.recognition import note
from voc.tables import Note

LARGEST: Final = 2**31
"""Bytes that an archive may unpack to, all in all; guarded by `test_zip_bomb`."""
MOST_FILES: Final = 50_000
BLOCK: Final = 2**20
HIDDEN: Final = ("__MACOSX", ".")
BOMB: Final = 200
"""How many times its own size an archive may unpack to beyond SMALL bytes: exports shrink 3 to 30 times."""
SMALL: Final = 2**28
DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
"""What zipfile raises on damaged, encrypted and unknown kinds of members."""


def is_zip(path: Path) -> bool:
    """By its first bytes, and by a directory that can be read."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04" and zipfile.is_zipfile(path)


def unpack(path: Path, into: Path, *, largest: int = LARGEST) -> tuple[list[Path], list[Note]]:
    """The files of an archive below `into`, in the order of their names; InputError where it is damaged or a bomb."""
    left = most = min(largest, max(SMALL, BOMB * path.stat().st_size))
    placed: list[Path] = []
    notes: list[Note] = []
    try:
        with zipfile.ZipFile(path) as packed:
            for member in _members(packed, path, notes):
                target = into / path.stem / Path(*_safe(member.filename))
                left -= _copy(packed, member, target, left, f"{path.name} unpacks to more than {most >> 20:,} MB")
                placed.append(target)
    except DAMAGED as error:
        raise InputError(f"{path.name} cannot be unpacked: {_plain(error)}") from error
    return sorted(set(placed)), notes


def read_member(packed: zipfile.ZipFile, member: zipfile.ZipInfo, largest: int) -> bytes:
    """The bytes of one member, which are counted and not believed to be as few as the archive says."""
    with packed.open(member) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise InputError(f"'{member.filename[:80]}' unpacks to more than {largest:,} bytes")
    return content


def _members(packed: zipfile.ZipFile, path: Path, notes: list[Note]) -> Iterator[zipfile.ZipInfo]:
    """The files worth unpacking; those with tricks in their names are told."""
    files = [each for each in packed.infolist() if not each.is_dir()]
    if len(files) > MOST_FILES:
        raise InputError(f"{path.name} holds {len(files):,} files, more than {MOST_FILES:,}")
    tricks = [each for each in files if _is_trick(each)]
    if tricks:
        notes.append(note(f"{path.name}: files with paths that lead out of the archive were passed over", len(tricks)))
    hidden = [each for each in files if any(part.startswith(HIDDEN) for part in _safe(each.filename))]
    return (each for each in files if each not in tricks and each not in hidden)


def _is_trick(member: zipfile.ZipInfo) -> bool:
    """Absolute places, ways upwards, drives, and links."""
    name = member.filename.replace("\\", "/")
    is_link = (member.external_attr >> 28) == 0xA
    return is_link or name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0] or not _safe(name)


def _safe(name: str) -> tuple[str, ...]:
    """The parts of a member's name, none of which leads anywhere."""
    parts = PurePosixPath(name.replace("\\", "/").replace("\0", "")).parts
    return tuple(part[-150:] for part in parts if part not in ("/", "..", "."))


def _copy(packed: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int, bomb: str) -> int:
    """Unpack one file; how many bytes it had. `bomb` is told where they are more than what is left."""
    target.parent.mkdir(parents=True, exist_ok=True)
    taken = 0
    with packed.open(member) as source, target.open("wb") as file:
        while block := source.read(BLOCK):
            taken += len(block)
            if taken > left:
                raise InputError(f"{bomb}; unpack it yourself")
            file.write(block)
    return taken


def _plain(error: Exception) -> str:
    return "it has a password" if "password" in str(error) else str(error) or "it is damaged"

"""From what the user names (files, folders, globs, archives, databases) to single sources, and names that tell them
apart."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from voc.errors import InputError
from voc.readers import addresses, archives
from voc.readers.formats import export_of, is_known, suffixes
from voc.readers.recognition import note
from voc.tables import Note


@dataclass(frozen=True)
class Source:
    """One file; `asked` = named itself and not found in a folder; `stem` tells it apart from the others, and so does
    `name`, with the ending; `shown` is where it stands for the user, if not at `path`; `address` is that of a database,
    which `path` then names."""

    path: Path
    asked: bool
    stem: str = ""
    name: str = ""
    shown: str = ""
    address: str = ""


def expand(sources: Sequence[str | Path], unpacked: Path) -> tuple[list[Source], list[Note]]:
    """The files that are meant, each once, folders and globs in the order of their names; archives are unpacked into
    the folder `unpacked`."""
    if not sources:
        raise InputError("No source was named; give a file, a folder or a pattern such as 'exports/*.csv'")
    found: dict[str | Path, Source] = {}
    notes: list[Note] = []
    for each in sources:
        for source in (inner for outer in _expand(each, notes) for inner in _opened(outer, unpacked, notes)):
            place = source.address or source.path.resolve()
            if place in found:
                notes.append(note(f"{source.path.name} was named twice and read once"))
            found.setdefault(place, source)
    return _named(list(found.values())), notes


def _expand(source: str | Path, notes: list[Note]) -> list[Source]:
    if addresses.is_address(source):
        shown = addresses.without_secrets(str(source))
        return [Source(Path(addresses.name(shown)), asked=True, shown=shown, address=str(source))]
    path = Path(source).expanduser()
    if path.is_dir():
        return [Source(path, asked=True)] if export_of(path) else _in_folder(path, notes)
    if path.is_file():
        return [Source(path, asked=True)]
    if any(sign in str(path) for sign in "*?["):
        files = sorted(match for match in _matches(path) if match.is_file())
        if files:
            return [Source(each, asked=len(files) == 1) for each in files]
        raise InputError(f"No file matches '{source}'")
    raise InputError(f"There is no file '{source}'{_guess(path)}")


def _opened(source: Source, unpacked: Path, notes: list[Note]) -> list[Source]:
    """A source as it is, or the files in it where it is an archive of files."""
    if source.address or source.path.is_dir() or not archives.is_zip(source.path) or is_known(source.path):
        return [source]
    place = unpacked / str(len(list(unpacked.iterdir())))
    files, told = archives.unpack(source.path, place)
    notes += told
    known = [path for path in files if path.name.lower().endswith(tuple(suffixes()))]
    exports = [folder for folder in sorted({each for path in files for each in path.parents}) if export_of(folder)]
    loose = [path for path in known if not any(folder in path.parents for folder in exports)]
    n_other = len(files) - len(known)
    if not known:
        raise InputError(f"{source.path.name} is a zip file that holds no file voc reads")
    if n_other:
        notes.append(note(f"Files in '{source.path.name}' of other kinds were passed over", n_other))
    inner = [each for each in (*exports, *loose) if place in each.parents]
    return [replace(source, path=each, asked=len(inner) == 1, shown=_within(source, each, place)) for each in inner]


def _within(source: Source, path: Path, place: Path) -> str:
    """An unpacked file's place, as the user knows it."""
    return str(source.path / path.relative_to(place / source.path.stem))


def _matches(pattern: Path) -> list[Path]:
    """What a pattern stands for; `**` stands for any folders."""
    base = Path(pattern.anchor)
    return list(base.glob(str(pattern.relative_to(base) if pattern.anchor else pattern)))


def _in_folder(folder: Path, notes: list[Note]) -> list[Source]:
    """Every file in a folder and those below that has a usual ending; hidden ones are passed over."""
    files = sorted(
        path for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
    )  # fmt: skip
    known = [path for path in files if path.name.lower().endswith(tuple(suffixes()))]
    if not known:
        raise InputError(f"The folder '{folder}' holds no file that voc reads ({', '.join(sorted(suffixes()))})")
    if len(known) < len(files):
        notes.append(note(f"Files in '{folder.name}' of other kinds were passed over", len(files) - len(known)))
    return [Source(path, asked=False) for path in known]


def _guess(path: Path) -> str:
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    if not path.parent.is_dir():
        return f": the folder '{path.parent}' does not exist"
    close = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f" in {path.parent.resolve()}"


def _named(sources: list[Source]) -> list[Source]:
    """Stems that differ: the folder's name is put before a stem that several files share, then a number. The same for
    names."""
    names = Counter(source.path.name for source in sources)
    stems = [_stem(source.path) for source in sources]
    shared = Counter(stems)
    stems = [
        f"{s.path.resolve().parent.name}-{stem}" if shared[stem] > 1 else stem
        for s, stem in zip(sources, stems, strict=True)
    ]
    seen: Counter[str] = Counter()
    named = []
    for source, stem in zip(sources, stems, strict=True):
        seen[stem] += 1
        own = stem if seen[stem] == 1 else f"{stem}-{seen[stem]}"
        ending = source.path.name.removeprefix(_stem(source.path))
        name = source.path.name if names[source.path.name] == 1 else own + ending
        named.append(replace(source, stem=own, name=name))
    return named


def _stem(path: Path) -> str:
    """A file's name without its ending."""
    endings = sorted(suffixes(), key=len, reverse=True)
    return (
        next((path.name[: -len(each)] for each in endings if path.name.lower().endswith(each)), path.stem) or path.name
    )

"""The team's own code frame as people write it down: entries with a name and a few example phrases, read and checked.

A frame is a TOML file (`"Late delivery" = ["my parcel came late", …]`), a table of labelled texts (CSV with the
columns text and theme), or the name of one that ships with voc. This module knows no vectors and assigns nothing.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voc.errors import ConfigError, nearest
from voc.tables import Note

SHIPPED = Path(__file__).parent / "taxonomies"
PREFIX = "x-"
"""What the ids of entries begin with; those of discovered themes begin with t-."""
KEYS = ("phrases", "facet")
TEXT_COLUMNS = ("text", "phrase", "comment", "example")
THEME_COLUMNS = ("theme", "entry", "label", "topic", "category")
MOST_PHRASES = 300
"""Examples of one entry that are used, evenly spread over them: more cost time and move nothing."""


@dataclass(frozen=True)
class Entry:
    """One entry: its name, example phrases in any language, and the facet of which a clause has one entry or few."""

    name: str
    phrases: tuple[str, ...]
    facet: str = ""

    @property
    def entry_id(self) -> str:
        """The id of its theme, from its name alone.

        >>> Entry("Late  delivery!", ()).entry_id
        'x-late-delivery'
        """
        return PREFIX + "-".join(re.findall(r"[^\W_]+", self.name.casefold()))


@dataclass(frozen=True)
class CodeFrame:
    """The entries of one file, and what its reader must be told."""

    entries: tuple[Entry, ...]
    notes: tuple[Note, ...] = ()

    @property
    def facets(self) -> tuple[str, ...]:
        """The facets in the order in which they first stand in the file."""
        return tuple(dict.fromkeys(entry.facet for entry in self.entries))


def shipped() -> tuple[str, ...]:
    """The names of the frames that ship with voc."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def read_entries(file: str) -> CodeFrame:
    """The code frame in the file, or the one that ships under that name. Raises ConfigError where it cannot be used."""
    if file in shipped():
        return CodeFrame(_checked(_from_toml(SHIPPED / f"{file}.toml"), file))
    path = Path(file)
    if not path.is_file():
        raise ConfigError(f"There is no taxonomy {file}: no such file, and none of that name ships; {_choices(file)}")
    if path.suffix.lower() == ".toml":
        return CodeFrame(_checked(_from_toml(path), file))
    if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
        return _from_table(path)
    raise ConfigError(f"The taxonomy {file} is neither TOML (.toml) nor a table of labelled texts (.csv, .tsv)")


def _choices(file: str) -> str:
    return nearest(file, shipped())


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"Cannot read the taxonomy {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The taxonomy {path} is not UTF-8 text (byte {error.start:,}); save it as UTF-8") from error


def _from_toml(path: Path) -> list[Entry]:
    try:
        settings = tomllib.loads(_text_of(path))
    except tomllib.TOMLDecodeError as error:
        twice = "overwrite" in str(error) or "declare" in str(error)
        why = "has two entries of one name" if twice else "is not valid TOML"
        raise ConfigError(f"The taxonomy {path} {why}: {error}") from error
    return [_entry(path, name, value) for name, value in settings.items()]


def _entry(path: Path, name: str, value: Any) -> Entry:
    """One entry: phrases alone, or a table of phrases and facet; phrases may stand under their languages."""
    table = value if isinstance(value, Mapping) else {"phrases": value}
    for key in table:
        if key not in KEYS:
            raise ConfigError(f"The taxonomy {path}: entry '{name}' has an unknown key '{key}'; {nearest(key, KEYS)}")
    facet = table.get("facet", "")
    if not isinstance(facet, str):
        raise ConfigError(f"The taxonomy {path}: the facet of entry '{name}' must be a word, not {facet!r}")
    return Entry(" ".join(name.split()), tuple(_phrases(path, name, table.get("phrases", []))), facet.strip())


def _phrases(path: Path, name: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [phrase for each in value.values() for phrase in _phrases(path, name, each)]
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ConfigError(f"The taxonomy {path}: the phrases of entry '{name}' must be a list of texts, not {value!r}")
    return [" ".join(each.split()) for each in listed if each.strip()]


def _checked(entries: list[Entry], file: str) -> tuple[Entry, ...]:
    """The entries, each with phrases, no two of one name, no phrase in two of one facet."""
    if not entries:
        raise ConfigError(f"The taxonomy {file} has no entries")
    names: dict[str, str] = {}
    owners: dict[tuple[str, str], str] = {}
    for entry in entries:
        if entry.entry_id == PREFIX:
            raise ConfigError(f"The taxonomy {file} has an entry without a name: {entry.name!r}")
        if entry.entry_id in names:
            both = f"'{names[entry.entry_id]}' and '{entry.name}'"
            raise ConfigError(f"The taxonomy {file} has two entries of one name: {both}")
        if not entry.phrases:
            raise ConfigError(f"The taxonomy {file}: entry '{entry.name}' has no phrases; two or three make it work")
        names[entry.entry_id] = entry.name
        for phrase in entry.phrases:
            other = owners.setdefault((entry.facet, _folded(phrase)), entry.name)
            if other != entry.name:
                both = f"'{other}' and '{entry.name}'"
                raise ConfigError(f"The taxonomy {file} has one phrase in two entries, {both}: {phrase!r}")
    return tuple(Entry(each.name, _distinct(each.phrases), each.facet) for each in entries)


def _folded(phrase: str) -> str:
    return re.sub(r"\W+", " ", phrase.casefold()).strip()


def _distinct(phrases: Iterable[str]) -> tuple[str, ...]:
    """Each phrase once, at most MOST_PHRASES of them."""
    once = [*{_folded(phrase): phrase for phrase in phrases}.values()]
    step = max(1.0, len(once) / MOST_PHRASES)
    return tuple(once[int(place * step)] for place in range(min(len(once), MOST_PHRASES)))


def _from_table(path: Path) -> CodeFrame:
    """Labelled texts: an entry per theme. Texts under two themes are left out, and said."""
    rows = _rows(path)
    owners: dict[str, set[str]] = {}
    for text, theme in rows:
        owners.setdefault(_folded(text), set()).add(theme)
    plain: dict[str, list[str]] = {}
    for text, theme in rows:
        phrases = plain.setdefault(theme, [])
        if len(owners[_folded(text)]) == 1:
            phrases.append(text)
    unclear = sum(len(themes) > 1 for themes in owners.values())
    note = Note("taxonomy", "examples stand under two themes and are left out", unclear)
    entries = _checked([Entry(name, tuple(phrases)) for name, phrases in plain.items()], str(path))
    return CodeFrame(entries, (note,) if unclear else ())


def _rows(path: Path) -> list[tuple[str, str]]:
    """(text, theme) of every row that has both."""
    lines = _text_of(path).splitlines(keepends=True)
    head = lines[0] if lines else ""
    delimiter = max((",", ";", "\t"), key=head.count)
    reader = csv.reader(lines, delimiter=delimiter)
    header = [name.strip() for name in next(reader, [])]
    text, theme = _column(path, header, TEXT_COLUMNS), _column(path, header, THEME_COLUMNS)
    filled = [row for row in reader if len(row) > max(text, theme)]
    pairs = [(" ".join(row[text].split()), " ".join(row[theme].split())) for row in filled]
    return [(said, name) for said, name in pairs if said and name]


def _column(path: Path, header: list[str], names: tuple[str, ...]) -> int:
    folded = [name.casefold() for name in header]
    found = next((folded.index(name) for name in names if name in folded), None)
    if found is None:
        there = ", ".join(filter(None, header)) or "none"
        raise ConfigError(
            f"The taxonomy {path} needs the columns text and theme; '{names[0]}' is missing, there are: {there}"
        )
    return found

"""From options to settings: the defaults, then voc.toml, then --set, then the options that have names of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from voc.config import DEFAULTS, Config, from_assignment, from_mapping, from_toml

Command = TypeVar("Command", bound=Callable[..., Any])

SETTINGS_FILE = Path("voc.toml")
COLUMNS = {
    "text": "the comment (repeat for several questions)",
    "id": "the id of the row",
    "date": "when it was written",
    "nps": "likelihood to recommend, 0-10",
    "csat": "satisfaction",
    "ces": "effort",
    "rating": "stars or another overall rating",
    "customer": "who wrote it",
    "channel": "chat, email, review …",
}


def reading_options(command: Command) -> Command:
    """The options about the source: its columns and format, and where settings come from."""
    for name, meaning in reversed(COLUMNS.items()):
        repeatable = name == "text"
        command = click.option(f"--{name}", metavar="COLUMN", multiple=repeatable, help=f"Column with {meaning}.")(
            command
        )
    command = click.option("--format", metavar="NAME", help="Format of the source, where it is not recognised.")(
        command
    )
    command = click.option(
        "--set", "assignments", metavar="SECTION.KEY=VALUE", multiple=True, help="Change one setting (repeatable)."
    )(command)
    return click.option(
        "--config", "settings_file", metavar="FILE", type=click.Path(path_type=Path),
        help="Settings; without it a voc.toml in the working directory is used.",
    )(command)  # fmt: skip


def effective(
    settings_file: Path | None, assignments: Sequence[str], columns: dict[str, Any], **sections: dict[str, Any]
) -> tuple[Config, Path | None]:
    """The settings of this run, and the file that they rest on. Options that were not given change nothing."""
    found = settings_file or (SETTINGS_FILE if SETTINGS_FILE.is_file() else None)
    config = from_toml(found) if found else DEFAULTS
    for assignment in assignments:
        config = from_assignment(assignment, config)
    named = {"read": columns, **sections}
    return from_mapping({section: _given(options) for section, options in named.items()}, config), found


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in (None, ())}

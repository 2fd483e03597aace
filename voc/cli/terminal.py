"""What the commands share on the screen: consoles that stay plain in a pipe, progress on a terminal, safe text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from voc.tables import Note, Progress, silent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH_IN_A_PIPE = 80


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; without colours, and 80 columns wide, where the output is no terminal."""
    from rich.console import Console

    found = Console(stderr=stderr, highlight=False, emoji=False, soft_wrap=False)
    if not found.is_terminal:
        found.width = WIDTH_IN_A_PIPE
    return found


def readable(text: object) -> str:
    """Text of a customer or a file, on one line and without characters that steer a terminal.

    >>> readable("red\\x1b[31m\\nalert")
    'red[31m alert'
    """
    kept = "".join(each for each in str(text) if each.isspace() or unicodedata.category(each) != "Cc")
    steering = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
    return " ".join(kept.translate(steering).split())


def columns(*headers: str, right: Sequence[str] = ()) -> Table:
    """An empty table: its header is underlined on a terminal, a pipe gets no lines."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD if console().is_terminal else None, pad_edge=False, padding=(0, 1), expand=False)
    for header in headers:
        table.add_column(header, justify="right" if header in right else "left", overflow="fold")
    return table


def tell(screen: Console, notes: Sequence[Note], *, most: int | None = None) -> None:
    """The notes as a list under a title, figures first; nothing where there are none."""
    from rich.table import Table
    from rich.text import Text

    if not notes:
        return
    listed = Table.grid(padding=(0, 1))
    listed.add_column(justify="right", no_wrap=True)
    listed.add_column(overflow="fold")
    for note in notes[:most]:
        listed.add_row(f"{note.count:,}" if note.count else "-", Text(readable(note.text)))
    if most is not None and len(notes) > most:
        listed.add_row("-", f"and {len(notes) - most} more remarks (--verbose shows them)")
    screen.print(Text("\nNotes", style="bold"))
    screen.print(listed)


def rows(*widths: int | None) -> Table:
    """An empty grid without lines; a column without a width takes what is left."""
    from rich.table import Table

    grid = Table.grid(padding=0)
    for width in widths:
        grid.add_column(width=width, overflow="fold")
    return grid


@contextmanager
def progress(*, shown: bool) -> Iterator[Progress]:
    """A progress bar on standard error that vanishes when it is done; silent where that is no terminal."""
    screen = console(stderr=True)
    if not (shown and screen.is_terminal):
        yield silent
        return
    from rich import progress as parts

    bars = parts.Progress(
        parts.SpinnerColumn(),
        parts.TextColumn("{task.description}"),
        parts.BarColumn(),
        parts.MofNCompleteColumn(),
        parts.TimeRemainingColumn(),
        console=screen,
        transient=True,
    )
    with bars:
        task = bars.add_task("reading", total=None)

        def advance(stage: str, done: int, total: int) -> None:
            bars.update(task, description=stage, completed=done, total=total or None)

        yield advance

"""`voc themes`: what people do to the themes of a workspace; every edit is logged, stays, and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from voc.cli.workspaces import now
from voc.errors import InputError

if TYPE_CHECKING:
    from voc.workspace.edits import Edit
    from voc.workspace.revising import Revision
    from voc.workspace.tables import Contents

Command = TypeVar("Command", bound=Callable[..., Any])

HELP = """
\b
THEME is an id such as t-3f2a9c01d4, or a label in any case. An example:
  voc themes list --workspace acme.duckdb
  voc themes rename "app crashes" "App crashes at checkout" --workspace acme.duckdb
  voc themes merge "late delivery" "parcel lost" --workspace acme.duckdb
  voc themes assign "Wallbox fire" --phrase wallbox --new --workspace acme.duckdb
  voc themes undo --workspace acme.duckdb
  voc analyze --workspace acme.duckdb          the report with the edits
"""
SAID = {
    "rename": "renamed", "merge": "merged", "split": "split", "assign": "assigned to", "pin": "pinned",
    "unpin": "unpinned", "mute": "muted", "unmute": "unmuted",
}  # fmt: skip


def _in_workspace(command: Command) -> Command:
    return click.option(
        "--workspace", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The workspace file."
    )(command)


@click.group(short_help="Rename, merge, split, pin or mute the themes of a workspace.", epilog=HELP)
def themes() -> None:
    """What people do to the themes of a workspace: it stays in every later run, and can be undone."""


@themes.command("list", short_help="The themes, the largest first.")
@click.option("--all", "everything", is_flag=True, help="Those too that were merged or split.")
@_in_workspace
def list_themes(*, workspace: Path, everything: bool) -> None:
    """The themes as they stand after all edits, the largest first."""
    from voc.cli.terminal import columns, console, readable
    from voc.workspace.revising import overview

    with _contents(workspace) as contents:
        rows = overview(contents, everything=everything)
    if not rows:
        click.echo("No themes yet.")
        return
    table = columns("Id", "Theme", "Comments", "Since", "", right=("Comments",))
    for row in rows:
        table.add_row(row.theme_id, readable(row.label), f"{row.n_feedback:,}", f"run {row.born}", readable(row.told))
    console().print(table)


@themes.command(short_help="Give a theme another label.")
@click.argument("theme")
@click.argument("label")
@_in_workspace
def rename(*, theme: str, label: str, workspace: Path) -> None:
    """Give THEME the name LABEL, in every report from now on."""
    from voc.workspace import revising

    _edit(workspace, lambda contents: revising.rename(contents, theme, label, made_at=now()))


@themes.command(short_help="Put themes together under the first one.")
@click.argument("into", metavar="THEME")
@click.argument("others", nargs=-1, required=True, metavar="OTHER...")
@_in_workspace
def merge(*, into: str, others: tuple[str, ...], workspace: Path) -> None:
    """Put every OTHER theme into THEME, which keeps its id and label; what joins them later goes there too."""
    from voc.workspace import revising

    _edit(workspace, lambda contents: revising.merge(contents, into, others, made_at=now()))


@themes.command(short_help="Take a theme apart.")
@click.argument("theme")
@click.option("--into", "parts", type=click.IntRange(2, 20), help="How many parts; without it, as many as there are.")
@_in_workspace
def split(*, theme: str, parts: int | None, workspace: Path) -> None:
    """Take THEME apart into themes with ids of their own, by what its clauses say."""
    from voc.workspace import revising

    _edit(workspace, lambda contents: revising.split(contents, theme, parts, made_at=now()))


@themes.command(short_help="Move clauses to a theme.")
@click.argument("theme")
@click.option("--phrase", "phrases", multiple=True, help="Clauses that hold these words, now and later (repeatable).")
@click.option("--clause", "clauses", multiple=True, metavar="ID", help="A clause by its id in clauses (repeatable).")
@click.option("--new", is_flag=True, help="Make a new theme called THEME.")
@_in_workspace
def assign(*, theme: str, phrases: tuple[str, ...], clauses: tuple[str, ...], new: bool, workspace: Path) -> None:
    """Move clauses to THEME: those that hold a phrase, in this and every later run, or single ones and their like."""
    from voc.workspace import revising

    _edit(
        workspace,
        lambda contents: revising.assign(contents, theme, phrases=phrases, clause_ids=clauses, new=new, made_at=now()),
    )


def _flag(name: str, told: str) -> None:
    @themes.command(name, short_help=told)
    @click.argument("theme")
    @_in_workspace
    def command(*, theme: str, workspace: Path) -> None:
        from voc.workspace import revising

        _edit(workspace, lambda contents: revising.flag(contents, theme, name, made_at=now()))

    command.help = told


_flag("pin", "Keep THEME in the report however small it gets.")
_flag("unpin", "Take back a pin.")
_flag("mute", "Leave THEME out of the ranking; it stays in the tables, and the report says so.")
_flag("unmute", "Rank THEME again.")


@themes.command(short_help="Take back the last edit.")
@_in_workspace
def undo(*, workspace: Path) -> None:
    """Take back the last edit that stands; again, the one before it."""
    from voc.workspace.edits import undo as take_back
    from voc.workspace.revising import Revision

    def revise(contents: Contents) -> Revision:
        after, last = take_back(contents)
        return Revision(after, f"Undone: {_told(last, _labels(contents))}")

    _edit(workspace, revise)


@themes.command(short_help="Every edit, the newest last.")
@_in_workspace
def log(*, workspace: Path) -> None:
    """Every edit with its moment, the newest last; undone ones are marked."""
    from voc.cli.terminal import columns, console, readable
    from voc.workspace.edits import log as entries

    with _contents(workspace) as contents:
        edits, labels = entries(contents), _labels(contents)
    if not edits:
        click.echo("No edits yet.")
        return
    table = columns("#", "When (UTC)", "After run", "Edit", right=("#", "After run"))
    for edit in edits:
        told = _told(edit, labels) + (" (undone)" if edit.undone else "")
        table.add_row(str(edit.number), f"{edit.made_at:%Y-%m-%d %H:%M}", str(edit.run), readable(told))
    console().print(table)


def _labels(contents: Contents) -> dict[str, str]:
    """The names the themes were born with: a log is read long after they were renamed."""
    return dict(zip(contents.themes["theme_id"], contents.themes["label"], strict=True))


def _told(edit: Edit, labels: dict[str, str]) -> str:
    """One edit in words."""

    def named(theme_id: str) -> str:
        return f"'{labels.get(theme_id, theme_id)}' ({theme_id})"

    details, theme = edit.details, named(edit.theme_id)
    who = ", by voc" if edit.by_voc else ""
    if edit.action == "rename":
        return f"{theme} renamed '{details['label']}'"
    if edit.action == "merge":
        return f"{', '.join(map(named, details['others']))} merged into {theme}{who}"
    if edit.action == "split":
        return f"{theme} split into {', '.join(named(part['theme_id']) for part in details['parts'])}{who}"
    if edit.action == "assign":
        what = [f"clauses with '{each}'" for each in details["phrases"]]
        what += [f"'{key[:60]}'" for key in details["keys"][:3]]
        return f"{', '.join(what)} assigned to {theme}"
    return f"{theme} {SAID[edit.action]}"


@contextmanager
def _contents(workspace: Path) -> Iterator[Contents]:
    from voc.workspace import load, opened

    with opened(workspace) as connection:
        yield load(connection)


def _edit(workspace: Path, revise: Callable[[Contents], Revision]) -> None:
    """Apply one edit and write it; what was done is printed."""
    from voc.cli.terminal import readable
    from voc.workspace import load, opened, save

    with opened(workspace) as connection:
        contents = load(connection)
        if contents.runs.empty:
            raise InputError(f"The workspace {workspace} holds no themes yet; run voc analyze with it first")
        revision = revise(contents)
        save(connection, revision.contents, "themes", "edits")
    click.echo(readable(revision.told))
    click.echo(f"In the report from the next run on: voc analyze --workspace {workspace}")

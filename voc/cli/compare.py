"""`voc compare`: what differs between two results, on the screen or as JSON."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from voc.runs import Differences

SHOWN = 15
ARROWS = {"new": "new", "gone": "gone", "grown": "more", "shrunk": "less", "steady": "same"}


@click.command(short_help="What differs between two results.")
@click.argument("run_a", type=click.Path(path_type=Path), metavar="RUN_A")
@click.argument("run_b", type=click.Path(path_type=Path), metavar="RUN_B")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Print what did not change too.")
def compare(*, run_a: Path, run_b: Path, as_json: bool, verbose: bool) -> None:
    """Tell what differs from RUN_A, the older result, to RUN_B, the newer one: folders that voc analyze wrote.

    Figures and the share of comments that tell of each theme are compared with 95 % intervals, and corrected for being
    many. Themes are the same where they have the same id (as in a workspace), share comments, or are told in the same
    words.
    """
    from voc.runs import compare_runs
    from voc.sinks.saved import read_folder

    found = compare_runs(read_folder(run_a), read_folder(run_b))
    if as_json:
        from voc.sinks.run import to_json

        click.echo(to_json(plain(found)), nl=False)
    else:
        _show(found, verbose=verbose)


def plain(found: Differences) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "counts": {name: {"before": before, "now": now} for name, (before, now) in found.counts.items()},
        "notes": found.notes,
        "figures": found.figures.to_dict("records"),
        "themes": found.themes.to_dict("records"),
    }


def _show(found: Differences, *, verbose: bool) -> None:
    from voc.cli.terminal import console, tell
    from voc.tables import Note

    screen = console()
    (before, now), (themes, themes_now) = found.counts["analysed"], found.counts["themes"]
    line = f"{before:,} comments before, {now:,} now · {themes} issues before, {themes_now} now"
    screen.print(line, style="bold", markup=False)
    _show_figures(found, screen, verbose=verbose)
    _show_themes(found, screen, verbose=verbose)
    tell(screen, [Note("compare", note) for note in found.notes])


def _show_figures(found: Differences, screen: Console, *, verbose: bool) -> None:
    from voc.cli.terminal import readable

    rows = (
        found.figures if verbose else found.figures[found.figures["holds"].astype(bool) | found.figures["by"].eq("all")]
    )
    screen.print()
    if rows.empty:
        screen.print("No figure can be compared: too few answers on one of the sides.")
    for told in rows["told"]:
        screen.print(readable(told), markup=False)
    left_out = len(found.figures) - len(rows)
    if left_out:
        screen.print(f"{left_out} more figures by segment do not differ beyond chance (--verbose)", style="dim")


def _show_themes(found: Differences, screen: Console, *, verbose: bool) -> None:
    from rich.text import Text

    from voc.cli.terminal import columns, readable

    rows = found.themes if verbose else found.themes[found.themes["change"].ne("steady")]
    steady = int(found.themes["change"].eq("steady").sum())
    if rows.empty:
        screen.print(f"\nNo issue is told more or less than before, beyond chance ({steady} compared).")
        return
    table = columns("Change", "Issue", "Before", "Now", "Difference", right=("Before", "Now", "Difference"))
    for row in rows.head(None if verbose else SHOWN).to_dict("records"):
        label = row["label"] if row["change"] != "gone" else row["label_before"]
        was = row["label_before"]
        name = Text(readable(label), style="bold")
        if row["change"] not in {"new", "gone"} and was != label:
            name.append(f"\nwas: {readable(was)}", style="not bold dim")
        table.add_row(ARROWS[row["change"]], name, _share(row, "before"), _share(row, "now"), _difference(row))
    screen.print()
    screen.print(table)
    if steady and not verbose:
        screen.print(f"{steady} issues are told as often as before (--verbose shows them)", style="dim")


def _share(row: dict[Any, Any], side: str) -> str:
    return f"{row[f'n_{side}']:,} ({100 * row[f'share_{side}']:.1f} %)" if row[f"n_{side}"] else "-"


def _difference(row: dict[Any, Any]) -> str:
    """In percentage points, with its interval."""
    if isnan(row["difference"]):
        return ""
    value, low, high = (100 * row[name] for name in ("difference", "low", "high"))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})".replace("-", "−")

"""What changed against the run before, on the screen."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from voc.tables import Analysis

SHOWN = 12
SIGNS = {"born": "new", "grown": "up", "shrunk": "down", "gone": "gone", "merged": "merged", "split": "split"}


def show_changes(analysis: Analysis, screen: Console) -> None:
    """The themes that are new, grew, shrank, vanished, were merged or split; nothing without a run before."""
    from voc.report.wording import several

    changes = analysis.changes
    if changes.empty:
        return
    told = changes[~changes["change"].isin(["steady", "found"])]
    batches = changes.dropna(subset=["of_now", "of_before"])
    against = ""
    if len(batches):
        now, before = int(batches["of_now"].iloc[0]), int(batches["of_before"].iloc[0])
        against = f": {several(now, 'new comment')} against {before:,} of the run before"
    screen.print(f"\nWhat changed{against}", style="bold", markup=False)
    if told.empty:
        screen.print("No theme is new, and none grew or shrank by more than chance.")
        return
    screen.print(_table(told))
    rest = len(told) - SHOWN
    steady, found = (int(changes["change"].eq(each).sum()) for each in ("steady", "found"))
    tail = [f"{several(rest, 'more change')} in changes.csv"] if rest > 0 else []
    tail += [f"{several(found, 'theme')} told apart for the first time, as frequent before"] if found else []
    tail += [f"{several(steady, 'theme')} changed by no more than chance"] if steady else []
    if tail:
        screen.print("; ".join(tail))


def _table(told: pd.DataFrame) -> Table:
    from voc.cli.terminal import columns, readable

    table = columns("", "Theme", "Share", "Difference (95 %)")
    for change in told.head(SHOWN).to_dict("records"):
        table.add_row(SIGNS[change["change"]], readable(change["label"]), _shares(change), _difference(change))
    return table


def _shares(change: Mapping[Hashable, Any]) -> str:
    """Such as "4.0 % to 9.5 %"; of a merger or split, where it went."""
    from pandas import isna

    if isna(change["share_now"]) or isna(change["share_before"]):
        return "" if isna(change["detail"]) else str(change["detail"])
    return f"{100 * change['share_before']:.1f} % to {100 * change['share_now']:.1f} %"


def _difference(change: Mapping[Hashable, Any]) -> str:
    """Points with their interval, such as "+5.5 (2.1 to 8.9)"."""
    from pandas import isna

    if isna(change["difference"]):
        return ""
    points, low, high = (100 * change[name] for name in ("difference", "low", "high"))
    return f"{points:+.1f} ({low:+.1f} to {high:+.1f})".replace("-", "−")

"""Alerts after a run: addresses are checked before the long part, failures are told and tried again next time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from voc.config import Config
    from voc.tables import Analysis

UNDELIVERED = 3
"""The exit code where everything was analysed and written, but not every alert was delivered."""


def ready(config: Config) -> Sequence[str]:
    """The addresses to send to; a mendable error where one cannot be used. Loads nothing where none is named."""
    if not config.alerts.to:
        return ()
    from voc.alerts import addresses

    return addresses(config.alerts.to)


def tell(
    analysis: Analysis, config: Config, folder: Path, to: Sequence[str], *, quiet: bool, workspace: Path | None = None
) -> bool:
    """Deliver what is new to each address; False where something could not be delivered, which is said.

    What was told is remembered beside the workspace, else in `folder`, unless the settings name a file.
    """
    if not to:
        return True
    from voc.alerts import STATE_FILE, alerts_of, deliver
    from voc.report.wording import several

    usual = folder / STATE_FILE if workspace is None else workspace.with_name(f"{workspace.name}.{STATE_FILE}")
    state = Path(config.alerts.state) if config.alerts.state else usual
    outcome = deliver(alerts_of(analysis, config.alerts), to, state)
    if outcome.delivered and not quiet:
        click.echo(f"Alerts: {several(outcome.delivered, 'message')} sent", err=True)
    for address, n in outcome.failed.items():
        told = f"voc: {several(n, 'alert')} to {address} could not be delivered; the next run tries again"
        click.echo(told, err=True)
    return not outcome.failed

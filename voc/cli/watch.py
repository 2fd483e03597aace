"""`voc watch`: analyse files as they arrive in a folder, until it is stopped."""

from __future__ import annotations

import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voc.cli.alerts import UNDELIVERED, ready, tell
from voc.cli.settings import effective, reading_options
from voc.errors import InputError, VocError

if TYPE_CHECKING:
    from voc.config import Config
    from voc.inbox import Inbox

OUT = "voc-watch"
ALL = "all"
"""The folder of the one result that a workspace makes of all files."""
FAILED = 1
"""The exit code of `--once` where a file could not be analysed."""


@dataclass(frozen=True)
class Job:
    """What is done with every file that arrives."""

    out: Path
    config: Config
    to: Sequence[str]
    workspace: Path | None
    quiet: bool


@click.command(short_help="Analyse files as they arrive in a folder.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option(
    "-o", "--out", default=OUT, show_default=True, type=click.Path(path_type=Path), metavar="DIR",
    help="Folder for the results, one folder a file.",
)  # fmt: skip
@click.option("--once", is_flag=True, help="Analyse what is there and end, for cron and the like.")
@click.option(
    "--every", default=10.0, show_default=True, type=click.FloatRange(min=0.1), metavar="SECONDS",
    help="How often to look.",
)  # fmt: skip
@click.option(
    "--settle", default=5.0, show_default=True, type=click.FloatRange(min=0), metavar="SECONDS",
    help="A file is taken when it has not changed for so long.",
)  # fmt: skip
@click.option("--retry", is_flag=True, help="Try files again that failed earlier.")
@click.option("--by", multiple=True, metavar="COLUMN", help="Figures by this column too (repeatable).")
@click.option("--model", metavar="NAME", help="The model that reads the comments, by name or folder.")
@click.option(
    "--workspace", type=click.Path(path_type=Path), metavar="FILE",
    help="Remember every file in this workspace, and make one result of all, in DIR/all.",
)  # fmt: skip
@reading_options
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def watch(
    *,
    folder: Path,
    out: Path,
    once: bool,
    every: float,
    settle: float,
    retry: bool,
    by: tuple[str, ...],
    model: str | None,
    workspace: Path | None,
    settings_file: Path | None,
    assignments: tuple[str, ...],
    quiet: bool,
    **columns: Any,
) -> None:
    """Analyse every file that arrives in FOLDER, each into a folder of its own in DIR, and send the alerts of [alerts].

    A file that is still being written is waited for. A file that cannot be analysed is told and passed over until it
    changes (or --retry). DIR/watch.json remembers what was done: after a stop or a restart nothing is done twice.
    Ctrl-C stops at once and leaves no half results.

    \b
    Exit codes: 0  stopped, or with --once everything analysed
                1  with --once: a file could not be analysed
                2  something in the settings or folders must be mended
                3  with --once: not every alert was delivered
    """
    from voc.inbox import open_inbox

    config, _ = effective(settings_file, assignments, columns, sentiment={"model": model}, metrics={"by": by})
    inbox = open_inbox(folder, out, settle=settle)
    job = Job(out, config, ready(config), workspace, quiet)
    with _stoppable():
        try:
            code = _once(inbox, job, retry=retry) if once else _for_ever(inbox, job, every=every, retry=retry)
        except KeyboardInterrupt:
            _say("Stopped.", job)
            code = 0
    click.get_current_context().exit(code)


@contextmanager
def _stoppable() -> Iterator[None]:
    """What ends a service (SIGTERM) ends it like Ctrl-C."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(line: str, job: Job) -> None:
    if not job.quiet:
        click.echo(line)
        sys.stdout.flush()  # a log shows it at once


def _for_ever(inbox: Inbox, job: Job, *, every: float, retry: bool) -> int:
    from voc.inbox import arrivals

    _say(f"Watching {inbox.folder}; results go to {job.out}. Ctrl-C stops.", job)
    trouble = ""
    while True:
        try:
            found, _ = arrivals(inbox, again=retry)
            retry, trouble = False, ""
        except InputError as error:  # a share that is away for a while: told once, and waited for
            found = []
            if str(error) != trouble:
                click.echo(f"voc: {error}; waiting", err=True)
            trouble = str(error)
        for path in found:
            _take(inbox, path, job)
        time.sleep(every)


def _once(inbox: Inbox, job: Job, *, retry: bool) -> int:
    """Two looks, `settle` seconds apart, tell what is still being written."""
    from voc.inbox import arrivals

    found, waiting = arrivals(inbox, again=retry)
    if waiting and inbox.settle:
        time.sleep(inbox.settle)
        found, waiting = arrivals(inbox, again=retry)
    codes = [_take(inbox, path, job) for path in found]
    for path in waiting:
        _say(f"{path.name}: empty or still being written, left for the next time", job)
    if not found and not waiting:
        _say(f"Nothing new in {inbox.folder}", job)
    return next((code for code in (FAILED, UNDELIVERED) if code in codes), 0)


def _take(inbox: Inbox, path: Path, job: Job) -> int:
    """Analyse one file and remember what became of it."""
    from voc.inbox import remember, result_of

    result = ALL if job.workspace else result_of(inbox, path)
    try:
        line, told = _analyse(path, job, job.out / result)
    except VocError as error:
        return _failed(inbox, path, " ".join(str(error).split()))
    except Exception as error:  # noqa: BLE001 (a fault that one file brings out must not stop the watch over the others)
        click.echo(traceback.format_exc(), err=True)
        return _failed(inbox, path, f"{type(error).__name__}: {error}; please report this")
    remember(inbox, path, status="analysed", result=result)
    _say(f"{path.name}: {line}", job)
    return 0 if told else UNDELIVERED


def _failed(inbox: Inbox, path: Path, message: str) -> int:
    from voc.inbox import remember

    remember(inbox, path, status="failed", message=message)
    click.echo(f"voc: {path.name} was passed over: {message}", err=True)
    return FAILED


def _analyse(path: Path, job: Job, out: Path) -> tuple[str, bool]:
    """One line about the result, and whether every alert was delivered."""
    from voc.cli.analyze import carry_out
    from voc.report.wording import several

    analysis, _ = carry_out([str(path)], str(out), job.config, quiet=True, workspace=job.workspace, reread=False)
    first = analysis.issues["label"].iloc[0] if len(analysis.issues) else None
    urgent = several(len(analysis.queue), "comment")
    line = f"{several(len(analysis.feedback), 'comment')}, {urgent} in the queue"
    line += f", first issue: {first}" if first else ""
    told = tell(analysis, job.config, job.out, job.to, quiet=job.quiet, workspace=job.workspace)
    return f"{line} -> {out / 'report.html'}", told

"""`voc score`: the same rows with a verdict behind each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from voc.errors import ConfigError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from voc.streams import Judge, Tally
    from voc.tables import Progress

FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
}  # fmt: skip


@click.command(short_help="Add a verdict to every row of CSV, JSONL or Parquet.")
@click.argument("source", default="-", metavar="[SOURCE|-]")
@click.option("-o", "--out", default="-", metavar="[FILE|-]", help="Where the rows go; - is standard output.")
@click.option("--text", metavar="COLUMN", help="The column to judge; in JSONL also a path such as message.body.")
@click.option("--model", metavar="NAME", help="The model that reads the texts, by name or folder.")
@click.option("--allow-download", is_flag=True, help="Fetch the model from Hugging Face if it is not here.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors on standard error.")
def score(*, source: str, out: str, text: str | None, model: str | None, allow_download: bool, quiet: bool) -> None:
    """Copy rows and add voc_lang, voc_sentiment (-1 to 1), voc_label, voc_confidence and voc_severity (0 to 1).

    Every other column stays byte for byte as it is, rows keep their order, memory stays flat. A row that cannot be read
    goes through untouched and is counted. Columns with these names are replaced. FILE appears once all rows are in it.
    """
    _check_names(source, out)
    from voc.cli.terminal import progress
    from voc.pipeline import score as judge
    from voc.readers.columns import find_text
    from voc.streams import score_stream

    with progress(shown=not quiet and out != "-") as advance, _opened(source) as rows, _target(out) as target:
        counted = _counting(partial(judge, model=model, allow_download=allow_download), advance)
        tally = score_stream(rows, target, counted, choose=find_text, text=text)
    if not quiet:
        _tell(tally)
        _remark(model, allow_download=allow_download)


def _check_names(source: str, out: str) -> None:
    if source == "-" and sys.stdin.isatty():
        raise click.UsageError("Name a SOURCE, or pipe rows into standard input")
    came, goes = FORMATS.get(Path(source).suffix.lower()), FORMATS.get(Path(out).suffix.lower())
    if "-" not in (source, out) and came and goes and came != goes:
        raise ConfigError(
            f"voc score keeps the format: {source} cannot become {out}; name a {Path(source).suffix} file"
        )
    if came == "parquet" and out == "-":
        raise ConfigError("Parquet is not for a terminal or a pipe; name a file with --out")


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """The source as bytes."""
    if source == "-":
        yield sys.stdin.buffer
        return
    if Path(source).is_dir():
        raise InputError(f"{source} is a folder; voc score reads one file at a time")
    try:
        with Path(source).open("rb") as rows:
            yield rows
    except OSError as error:
        raise InputError(f"Cannot read {source}: {error.strerror or error}") from error


@contextmanager
def _target(out: str) -> Iterator[BinaryIO]:
    """Where the rows go; a file gets its name when everything is in it, and is not touched where that fails."""
    if out == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    final = Path(out).resolve()
    try:
        if final.exists() and not final.is_file():
            # Devices and named pipes are written to; a new name would put a plain file in their place.
            with final.open("wb") as rows:
                yield rows
        else:
            yield from _published(final)
    except OSError as error:
        raise InputError(f"Cannot write {out}: {error.strerror or error}") from error


def _published(final: Path) -> Iterator[BinaryIO]:
    """A file beside `final` that takes its name at the end."""
    beside = final.with_name(f".{final.name}.{os.getpid()}")
    try:
        with beside.open("xb") as rows:
            yield rows
        beside.replace(final)
    finally:
        beside.unlink(missing_ok=True)


def _counting(judge: Judge, advance: Progress) -> Judge:
    """The judge, with every row counted on the progress bar."""
    done = 0

    def judge_and_count(texts: Sequence[str | None]) -> pd.DataFrame:
        nonlocal done
        scored = judge(texts)
        done += len(texts)
        advance("scoring", done, 0)
        return scored

    return judge_and_count


def _tell(tally: Tally) -> None:
    """On standard error, since standard output may be the rows."""
    from voc.report.wording import several

    silent = tally.rows - tally.judged - tally.broken
    told = [f"{several(tally.rows, 'row')}, judged by {tally.text}"]
    told += [f"{silent:,} without a text to judge"] if silent else []
    if tally.broken:
        told += [f"{tally.broken:,} broken and copied untouched (the first is row {tally.first_broken:,})"]
    click.echo(f"voc: {'; '.join(told)}", err=True)


def _remark(model: str | None, *, allow_download: bool) -> None:
    """What must be known of a model that is not the default one; the rows were judged with it, so it is loaded."""
    from voc.encoder import load, remarks

    for remark in remarks(load(model, allow_download=allow_download)) if model else ():
        click.echo(f"voc: {remark}", err=True)

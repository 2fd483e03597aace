"""The command line: `voc analyze`, `voc score`, `voc inspect`, `voc watch`, `voc compare` …

The one room that prints. Results go to standard output; progress and remarks go to standard error, so that output can
be piped. A VocError is one line and exit code 2; anything else is a bug and shows its traceback. Commands import what
they need when they run, so that `voc --help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Any

import click

import voc
from voc.cli.analyze import analyze
from voc.cli.compare import compare
from voc.cli.inspect import inspect
from voc.cli.score import score
from voc.cli.themes import themes
from voc.cli.train import train
from voc.cli.watch import watch
from voc.errors import VocError

EXAMPLES = """
\b
Examples:
  voc analyze survey.csv                     rank what customers complain about
  voc analyze *.xlsx --by region --out may   several files, figures by region
  voc inspect survey.csv                     what would be read, and why
  voc score survey.csv --out scored.csv      add a verdict to every row
  cat chats.jsonl | voc score -              the same as a pipe
  voc watch incoming --out results           analyse files as they arrive
  voc compare results/april results/may      what differs between two results
  voc train labels.csv --out ours            a model fitted to your labels
"""


class _Group(click.Group):
    """Commands whose mendable problems are told in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a VocError becomes `voc: …` on standard error and exit code 2."""
        try:
            return super().invoke(ctx)
        except VocError as error:
            click.echo(f"voc: {' '.join(str(error).split())}", err=True)
            ctx.exit(2)


@click.group(
    cls=_Group, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(voc.__version__, message="voc %(version)s")
def main() -> None:
    """Voice of the customer: ranked issues out of free-text feedback, in many languages, offline."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a letter shows a question mark; it must not end the run.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


main.add_command(analyze)
main.add_command(inspect)
main.add_command(score)
main.add_command(train)
main.add_command(themes)
main.add_command(compare)
main.add_command(watch)

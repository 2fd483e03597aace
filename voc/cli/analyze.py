"""`voc analyze`: read, analyse, write, and print the ranking."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voc.cli.alerts import UNDELIVERED, ready, tell
from voc.cli.changes import show_changes
from voc.cli.settings import effective, reading_options
from voc.errors import ConfigError, InputError, nearest

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.text import Text

    from voc.config import Config, ThemesConfig
    from voc.readers.recognition import Reading, Recognition
    from voc.tables import Analysis

OUT = "voc-report"
ISSUES_SHOWN = 10
NOTES_SHOWN = 8
DIFFERENCES_SHOWN = 3
HEADLINES = ("nps", "csat", "ces", "rating", "net_sentiment")
NOUNS = {"complaints": "issue", "praise": "praise", "everything": "theme"}


@click.command(short_help="Rank what customers complain about.")
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option(
    "-o", "--out", default=OUT, show_default=True, metavar="DIR", help="Folder for the report and the tables."
)
@click.option("--by", multiple=True, metavar="COLUMN", help="Figures by this column too (repeatable).")
@click.option("--themes-of", type=click.Choice(["complaints", "praise", "everything"]), help="What to group and rank.")
@click.option("--labels-in", metavar="LANG", help="Language of the themes' labels, such as en.")
@click.option(
    "--taxonomy", metavar="FILE", help="Themes of your own: entries with example phrases; or cx, which ships (below)."
)
@click.option("--report-lang", metavar="LANG", help="Language of the report: en, de, it, fr, es or lt.")
@click.option("--model", metavar="NAME", help="The model that reads the comments, by name or folder.")
@click.option("--allow-download", is_flag=True, help="Fetch the model from Hugging Face if it is not here.")
@click.option(
    "--keep-personal-data",
    is_flag=True,
    help="Write e-mail addresses, telephone, card and account numbers as they are; they are masked otherwise.",
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Remember everything in this file, and tell what changed against the run before (see below).",
)
@click.option(
    "--reread", is_flag=True, help="Read what the workspace holds anew, after a change of the model or the settings."
)
@reading_options
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print columns as recognised, all notes and timings too.")
def analyze(
    *,
    sources: tuple[str, ...],
    out: str,
    by: tuple[str, ...],
    themes_of: str | None,
    labels_in: str | None,
    report_lang: str | None,
    taxonomy: str | None,
    model: str | None,
    allow_download: bool,
    keep_personal_data: bool,
    workspace: Path | None,
    reread: bool,
    settings_file: Path | None,
    assignments: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    **columns: Any,
) -> None:
    """Find what customers complain about in one or more exports, rank it by urgency, and write a report.

    DIR receives report.html, report.md, issues.xlsx,
    issues.csv, queue.csv, themes.csv, keywords.csv, metrics.csv, comparisons.csv,
    drivers.csv, customers.csv, agents.csv, anomalies.csv, changes.csv, feedback.parquet, clauses.parquet,
    clause_themes.parquet and run.json, or nothing where the run fails. Labels that an endpoint gave
    (themes.labeller_url) are kept beside it, in DIR-labels.json.

    With --taxonomy clauses go to the themes that you name: a TOML file with lines such as "Late delivery" = ["my parcel
    came late", "das Paket kam zu spät"], a CSV of labelled texts with the columns text and theme, or cx, the general
    taxonomy of customer experience. Phrases may be in any language. What fits no entry is grouped as ever, and the
    notes say which entries seem to be missing. --by journey gives figures by step of the customer's journey.

    With --workspace the run adds to what earlier runs have read: the report covers all of it, so that trends have a
    past, and changes.csv compares the newest comments with those of the run before. Themes keep their ids from run to
    run, and what `voc themes` did to them stays. Comments that are known are not counted again, so exports may overlap.
    Without SOURCE the report is made anew, after `voc themes` for instance.

    Where the settings have [alerts], what must be heard of now is sent, each thing once; if something cannot be
    delivered, the next run tries again and this one ends with 3.
    """
    _check_usage(sources, workspace, reread=reread, quiet=quiet, verbose=verbose)
    named: dict[str, dict[str, Any]] = {
        "sentiment": {"model": model, "allow_download": allow_download or None},
        "privacy": {"keep": keep_personal_data or None},
        "themes": {"of": themes_of, "labels_in": labels_in},
        "taxonomy": {"file": taxonomy},
        "metrics": {"by": by},
        "report": {"lang": report_lang},
    }
    config, used = effective(settings_file, assignments, columns, **named)
    to = ready(config)
    analysis, reading = carry_out(sources, out, config, quiet=quiet, workspace=workspace, reread=reread)
    if not quiet:
        _show(analysis, reading, out, used, verbose=verbose)
    if not tell(analysis, config, Path(out), to, quiet=quiet, workspace=workspace):
        click.get_current_context().exit(UNDELIVERED)


def _check_usage(sources: Sequence[str], workspace: Path | None, *, reread: bool, quiet: bool, verbose: bool) -> None:
    """Options that go together, or do not."""
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other")
    if not sources and workspace is None:
        raise click.UsageError("Missing argument 'SOURCE...'.")
    if reread and workspace is None:
        raise click.UsageError("--reread needs --workspace")


def carry_out(
    sources: Sequence[str], out: str, config: Config, *, quiet: bool, workspace: Path | None, reread: bool
) -> tuple[Analysis, Reading]:
    """Read, analyse, remember and write; what cannot work is found out before the long part."""
    from voc.cli.terminal import progress
    from voc.cli.workspaces import read, remembered
    from voc.pipeline import analyze as run
    from voc.sinks import write

    _check_target(Path(out))
    with progress(shown=not quiet) as advance, remembered(workspace, create=bool(sources), reread=reread) as session:
        reading = read(sources, config.read, apart=workspace is not None)
        by = _segments(reading, config.metrics.by, () if session is None else session.memory.columns)
        config = replace(config, metrics=replace(config.metrics, by=by), themes=_remembering(config.themes, out))
        inputs = tuple(map(_input, reading.sources))
        memory = None if session is None else session.memory
        found = run(reading.frame, config, progress=advance, notes=reading.notes, memory=memory)
        analysis = replace(found, inputs=inputs)
        advance("writing", 0, 0)
        if session is not None:
            session.keep(analysis)
        write(analysis, out)
    return analysis, reading


def _remembering(themes: ThemesConfig, out: str) -> ThemesConfig:
    """Labels that an endpoint gave are kept beside the results, so that the next run need not ask again."""
    beside = f"{Path(out)}-labels.json"
    asks = themes.labeller_url is not None and themes.labeller_cache is None
    return replace(themes, labeller_cache=beside) if asks else themes


def _check_target(folder: Path) -> None:
    """The sink would refuse these too, but only after minutes of work."""
    from voc.sinks.run import RUN_FILE, is_run

    if folder.is_file():
        raise InputError(f"{folder} is a file; the results need a folder")
    if folder.is_dir() and _holds_anything(folder) and not is_run(folder / RUN_FILE):
        raise InputError(f"{folder} holds files that voc did not write; name a new or empty folder with --out")
    above = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise InputError(f"Cannot write to {folder}: {above} is not a folder that may be written to")


def _holds_anything(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError as error:
        raise InputError(f"Cannot look into {folder}: {error.strerror}") from error


def _segments(reading: Reading, by: Sequence[str], known: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns to split by as they are called in the feedback table; people know them by the file's names."""
    from voc.tables import FEEDBACK

    renamed = {each.column: each.field for source in reading.sources for each in source.guesses if each.field}
    there = [*map(str, reading.frame.columns), *renamed, *known]
    names = [name if name in reading.frame.columns else renamed.get(name, name) for name in by]
    for name in names:
        if name not in {*there, *FEEDBACK.columns}:
            raise ConfigError(f"Cannot split by '{name}', there is no such column; {nearest(name, set(there))}")
    return tuple(names)


def _input(source: Recognition) -> dict[str, Any]:
    return {"name": Path(source.path).name, "format": source.format, "rows": source.n_rows, "sha256": source.digest}


def _show(analysis: Analysis, reading: Reading, out: str, used: Path | None, *, verbose: bool) -> None:
    """What was found, on standard output; how it came about, on standard error."""
    from voc.cli.terminal import console, tell

    screen, remarks = console(), console(stderr=True)
    if used:
        remarks.print(f"Settings: {used}", markup=False, soft_wrap=True)
    if verbose:
        _show_run(analysis, reading, remarks)
    _show_headline(analysis, screen)
    _show_differences(analysis, screen)
    _show_ranking(analysis, screen)
    _show_queue(analysis, screen)
    show_changes(analysis, screen)
    tell(screen, analysis.notes, most=None if verbose else NOTES_SHOWN)
    screen.print(f"\nReport: {Path(out) / 'report.html'}", markup=False, soft_wrap=True)


def _show_run(analysis: Analysis, reading: Reading, remarks: Console) -> None:
    """Columns as recognised, model and timings."""
    from voc.cli.terminal import readable

    told = []
    for source in reading.sources:
        told.append(f"{source.path}: {source.format}, {source.n_rows:,} rows")
        told += [f"{guess.column} -> {guess.field}: {guess.reason}" for guess in source.guesses if guess.field]
    told.append(f"Model: {analysis.model}")
    told.append("Time: " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in analysis.timings.items()))
    for line in told:
        remarks.print(readable(line), markup=False, soft_wrap=True)


def _show_headline(analysis: Analysis, screen: Console) -> None:
    """Two lines: what was analysed, and the survey's figures with their intervals."""
    from voc.report.figures import overall
    from voc.report.wording import several

    feedback = analysis.feedback
    used = feedback[feedback["skip"].isna()]
    languages = used["lang"][used["lang"] != "und"].nunique()
    told = [several(len(feedback), "comment"), f"{len(used):,} analysed", several(languages, "language"), _span(used)]
    screen.print(" · ".join(filter(None, told)), style="bold", markup=False)
    figures = [
        each for each in overall(analysis.metrics).values() if each.metric in HEADLINES and each.value is not None
    ]
    texts = [f"{each.name} {each.text}" + (f" ({each.interval})" if each.interval else "") for each in figures]
    if texts:
        screen.print(" · ".join(texts), markup=False)


def _span(feedback: pd.DataFrame) -> str:
    """First to last day."""
    from voc.report.wording import day

    dates = feedback["created_at"].dropna() if "created_at" in feedback else feedback["skip"].dropna()
    if dates.empty:
        return ""
    first, last = day(dates.min()), day(dates.max())
    return first if first == last else f"{first} to {last}"


def _show_differences(analysis: Analysis, screen: Console) -> None:
    """The surest segments and periods with a comparison that holds, each by its best-known figure that does."""
    from voc.cli.terminal import readable
    from voc.report.wording import several
    from voc.statements import NAMES

    held = analysis.comparisons[analysis.comparisons["holds"].fillna(value=False)]
    if held.empty:
        return
    groups = held.groupby(["kind", "by", "segment"])
    ranked = held.assign(known=held["metric"].map([*NAMES].index), surest=groups["q_value"].transform("min"))
    ranked = ranked.sort_values(["surest", "kind", "by", "segment", "known"])
    screen.print()
    shown = ranked.drop_duplicates(["kind", "by", "segment"]).head(DIFFERENCES_SHOWN)
    for told in shown["told"]:
        screen.print(f"- {readable(told)}", markup=False)
    if len(held) > len(shown):
        screen.print(f"{several(len(held) - len(shown), 'more difference')} in comparisons.csv")


def _show_ranking(analysis: Analysis, screen: Console) -> None:
    from voc.cli.terminal import columns
    from voc.report.wording import several

    issues = analysis.issues.sort_values("rank", kind="stable")
    of = analysis.settings["themes"]["of"]
    if issues.empty:
        least = analysis.settings["themes"]["min_feedback"]
        screen.print(f"\nNothing to rank: no {NOUNS[of]} is shared by {least} comments (themes.min_feedback).")
        return
    table = columns("#", NOUNS[of].capitalize(), "Urgency", "Comments", right=("#", "Urgency", "Comments"))
    for issue in issues.head(ISSUES_SHOWN).to_dict("records"):
        table.add_row(_place(issue), _named(issue), _urgency(issue), f"{issue['n_feedback']:,}")
    screen.print()
    screen.print(table)
    if len(issues) > ISSUES_SHOWN:
        screen.print(f"{several(len(issues) - ISSUES_SHOWN, 'more issue')} in issues.csv")


def _place(issue: Mapping[Hashable, Any]) -> str:
    """The rank, or "3=" where it shares the third place with others."""
    return str(issue["rank"] if missing(issue.get("place")) else issue["place"])


def _show_queue(analysis: Analysis, screen: Console) -> None:
    """How many comments need somebody, and which one first."""
    from voc.cli.terminal import readable
    from voc.report.wording import several

    if analysis.queue.empty:
        return
    first = analysis.queue.iloc[0]
    needs = "needs" if len(analysis.queue) == 1 else "need"
    screen.print(f"\n{several(len(analysis.queue), 'comment')} {needs} somebody (queue.csv). First:", markup=False)
    screen.print(f"{readable(first['why'])} “{readable(first['quote'])}”", style="dim", markup=False)


def _named(issue: Mapping[Hashable, Any]) -> Text:
    """The label, and under it why it stands where it stands."""
    from rich.text import Text

    from voc.cli.terminal import readable

    why = issue.get("why")
    told = "" if missing(why) else f"\n{readable(why)}"
    return Text.assemble((readable(issue["label"]), "bold"), (told, "dim"))


def _urgency(issue: Mapping[Hashable, Any]) -> str:
    low, high = issue.get("urgency_low"), issue.get("urgency_high")
    interval = "" if missing(low) or missing(high) else f" ({low:.0f}–{high:.0f})"
    return f"{issue['urgency']:.0f}{interval}"


def missing(value: Any) -> bool:
    """Whether a cell is empty."""
    import pandas as pd

    return bool(pd.isna(value))

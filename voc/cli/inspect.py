"""`voc inspect`: what voc would read in a file, and why; nothing is analysed and nothing written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voc.cli.settings import effective, reading_options

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from voc.config import Config
    from voc.readers.recognition import Reading, Recognition

LANGUAGES_SHOWN = 8
EXAMPLES = 3
KINDS = {
    "EMAIL": ("e-mail address", "e-mail addresses"),
    "PHONE": ("telephone number", "telephone numbers"),
    "IBAN": ("bank account", "bank accounts"),
    "CARD": ("payment card", "payment cards"),
    "IP": ("IP address", "IP addresses"),
    "ID": ("personal id", "personal ids"),
    "URL": ("web address that tells of a person", "web addresses that tell of a person"),
    "ACCOUNT": ("order or account number", "order and account numbers"),
    "NAME": ("name", "names"),
    "PSEUDONYM": ("id that is a name, address or number", "ids that are a name, address or number"),
}
"""What the placeholders stand for, of one and of several."""


@click.command(short_help="Tell what would be read, and why.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for other tools.")
def inspect(
    *, sources: tuple[str, ...], settings_file: Path | None, assignments: tuple[str, ...], as_json: bool, **columns: Any
) -> None:
    """Tell how one or more exports are understood before anything is analysed.

    Format and encoding, which column was taken for what and why, rows, languages, dates, scores, personal data, and
    which rows would be skipped or doubted and for what reason. Of files beyond 64 MB some rows, drawn evenly, are read.
    """
    config, _ = effective(settings_file, assignments, columns)
    from voc.readers import read_feedback

    reading = read_feedback(sources, config.read, sample=True)
    found = facts(reading, _prepared(reading.frame, config))
    if as_json:
        import json

        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _show(found)


def facts(reading: Reading, feedback: pd.DataFrame) -> dict[str, Any]:
    """Everything `voc inspect` tells, as plain values."""
    from voc.integrity import integrity_notes
    from voc.privacy import count_masked
    from voc.scores import SCORES
    from voc.tables import tally

    used = feedback[feedback["skip"].isna()]
    notes = [*reading.notes, *integrity_notes(feedback)]
    return {
        "sources": [_source(source) for source in reading.sources],
        "drawn": _drawn(reading),
        "rows": len(feedback),
        "used": len(used),
        "skipped": tally(feedback, "skip"),
        "suspect": tally(feedback, "suspect"),
        "cut": int(feedback["cut"].sum()),
        "personal": count_masked(feedback),
        "examples": {reason: _examples(rows) for reason, rows in feedback.groupby("skip", sort=True)},
        "languages": tally(used, "lang"),
        "characters": {"median": _median(used["clean_text"].str.len()), "longest": _longest(used["clean_text"])},
        "dates": _dates(feedback),
        "scores": {
            name: _score(feedback, name) for name in SCORES if name in feedback and feedback[name].notna().any()
        },
        "notes": [{"stage": note.stage, "text": note.text, "count": note.count} for note in notes],
    }


def _prepared(feedback: pd.DataFrame, config: Config) -> pd.DataFrame:
    """The stages that say what would be skipped or doubted; none of them needs a model."""
    from voc.clean import clean
    from voc.integrity import check_integrity
    from voc.language import detect_language
    from voc.privacy import mask_personal_data
    from voc.tables import FEEDBACK

    feedback = check_integrity(clean(feedback, config.clean), config.integrity)
    feedback = detect_language(feedback, config.language)
    told = mask_personal_data(feedback, replace(config.privacy, keep=False))
    # The examples and lengths are those of the file; only the counts are of what would be masked.
    return FEEDBACK.add(feedback, masked=told["masked"], skip=told["skip"])


def _drawn(reading: Reading) -> dict[str, int] | None:
    """How many rows of how many everything else is told of; None where all were read."""
    of = sum(source.n_rows for source in reading.sources)
    passed_over = sum(source.passed_over for source in reading.sources)
    return {"rows": of - passed_over, "of": of} if passed_over else None


def _source(source: Recognition) -> dict[str, Any]:
    return {
        "path": str(source.path),
        "format": source.format,
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "rows": source.n_rows,
        "sha256": source.digest,
        "columns": [{"column": each.column, "field": each.field, "reason": each.reason} for each in source.guesses],
    }


def _examples(rows: pd.DataFrame) -> list[str]:
    """A few of the texts that are skipped, the most frequent first; broken and empty rows have none."""
    texts = rows["text"].dropna().str.strip()
    return [str(text)[:200] for text in texts[texts != ""].value_counts().sort_index(kind="stable").index[:EXAMPLES]]


def _median(values: pd.Series) -> int | None:
    return None if values.dropna().empty else round(float(values.median()))


def _longest(texts: pd.Series) -> int:
    return int(texts.str.len().fillna(0).max()) if len(texts) else 0


def _dates(feedback: pd.DataFrame) -> dict[str, Any] | None:
    if "created_at" not in feedback or feedback["created_at"].isna().all():
        return None
    dates = feedback["created_at"]
    return {"first": f"{dates.min():%Y-%m-%d}", "last": f"{dates.max():%Y-%m-%d}", "missing": int(dates.isna().sum())}


def _score(feedback: pd.DataFrame, name: str) -> dict[str, Any]:
    answers = _responses(feedback)[name].dropna()
    scale = f"{name}_scale"
    scales = sorted(feedback[scale].dropna().unique()) if scale in feedback else []
    told = {"answers": len(answers), "lowest": float(answers.min()), "highest": float(answers.max())}
    return {**told, "mean": round(float(answers.mean()), 2), "scale": ", ".join(scales) or None}


def _responses(feedback: pd.DataFrame) -> pd.DataFrame:
    """One row per response: a score counts once, however many questions the respondent answered in words."""
    if "response_id" not in feedback:
        return feedback
    alone = feedback["response_id"].isna()
    return feedback[alone | ~feedback["response_id"].duplicated()]


# ---------------------------------------------------------------------------------------------------------- on screen


def _show(found: dict[str, Any]) -> None:
    from voc.cli.terminal import console, tell
    from voc.tables import Note

    screen = console()
    for source in found["sources"]:
        _show_source(source, screen)
    _show_rows(found, screen)
    tell(screen, [Note(**note) for note in found["notes"]])


def _show_source(source: dict[str, Any], screen: Console) -> None:
    from rich.text import Text

    from voc.cli.terminal import columns, readable

    written = [source["format"], source["encoding"], source["delimiter"] and f"{source['delimiter']}-separated"]
    screen.print(Text(readable(source["path"]), style="bold"), Text(", ".join(filter(None, written))), soft_wrap=True)
    table = columns("Column", "Is", "Because")
    for each in sorted(source["columns"], key=lambda column: column["field"] is None):
        reason = each["reason"].removeprefix("kept under its own name: ")
        table.add_row(*(Text(readable(cell)) for cell in (each["column"], each["field"] or "(kept)", reason)))
    screen.print(table)


def _show_rows(found: dict[str, Any], screen: Console) -> None:
    """One line a fact, the names in a column of their own."""
    drawn = found["drawn"]
    came = drawn["rows"] if drawn else sum(source["rows"] for source in found["sources"])
    several = f" from {came:,} rows, one per answer" if came != found["rows"] else ""
    screen.print()
    if drawn:
        told = f"judged on {drawn['rows']:,} rows drawn evenly of {drawn['of']:,}; all below is told of these"
        _line(screen, "Rows", f"{told}, and a text that came twice is seen only where both were drawn")
    screen.print(f"{'Comments':11}{found['rows']:,}{several}, of which {found['used']:,} would be analysed")
    for reason, count in found["skipped"].items():
        examples = ", ".join(f"“{text[:30]}”" for text in found["examples"].get(reason, ()))
        empty = reason == "empty" and examples
        named = "empty, or nothing but a link or markup" if empty else reason
        _line(screen, "Skipped", f"{count:,} {named}" + (f": {examples}" if examples else ""))
    for reason, count in found["suspect"].items():
        _line(screen, "Doubted", f"{count:,} {reason}")
    if found["cut"]:
        _line(screen, "Cut", f"{found['cut']:,} longer than clean.max_characters, or mails read in part")
    if found["personal"]:
        _line(screen, "Personal", f"{_personal(found['personal'])}; masked unless --keep-personal-data")
    if found["scores"]:
        _line(screen, "Unseen", "texts that contradict their score: voc analyze finds them")
    _line(screen, "Languages", _languages(found["languages"]) or "none")
    length = found["characters"]
    _line(screen, "Length", f"{length['median'] or 0:,} characters (median), {length['longest']:,} (longest)")
    dates = found["dates"]
    missing = f", {dates['missing']:,} without" if dates and dates["missing"] else ""
    _line(screen, "Dates", f"{dates['first']} to {dates['last']}{missing}" if dates else "none")
    for name, score in found["scores"].items():
        scale = f" on {score['scale']}" if score["scale"] else ""
        told = f"{score['answers']:,} answers{scale}, mean {score['mean']:g}"
        told += f", from {score['lowest']:g} to {score['highest']:g}"
        _line(screen, name.upper() if name != "rating" else "Rating", told)
    if not found["scores"]:
        _line(screen, "Scores", "none")


def _personal(counts: dict[str, int]) -> str:
    """What would be masked, in words: 3 e-mail addresses, 1 personal id."""
    return ", ".join(f"{count:,} {KINDS.get(kind, [kind.lower()])[-1 * (count > 1)]}" for kind, count in counts.items())


def _languages(counts: dict[str, int]) -> str:
    from voc.report.wording import language, percent

    total = sum(counts.values())
    names = [f"{language(code)} {percent(count / total)}" for code, count in counts.items()]
    more = [f"{len(names) - LANGUAGES_SHOWN} more"] if len(names) > LANGUAGES_SHOWN else []
    return ", ".join([*names[:LANGUAGES_SHOWN], *more])


def _line(screen: Console, name: str, told: str) -> None:
    from rich.text import Text

    from voc.cli.terminal import readable, rows

    grid = rows(11, None)
    grid.add_row(Text(name), Text(readable(told)))
    screen.print(grid)

"""`voc train`: fit the model's heads to labels of one's own, and say what that gains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from voc.errors import ConfigError, InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from voc.corrections import Comparison
    from voc.training import Trained

LABEL_NAMES = ("label", "labels", "sentiment", "polarity", "class", "gold", "stars", "rating", "score", "bewertung",
               "note", "etichetta", "etiqueta", "etykieta", "valoracion", "beoordeling", "etikete")  # fmt: skip
SEVERITY_NAMES = ("severity", "criticality", "schweregrad")


@click.command(short_help="Fit the model to labels of your own.")
@click.argument("source", metavar="LABELS")
@click.option("-o", "--out", required=True, metavar="FOLDER", help="The model folder to write; use it with --model.")
@click.option("--text", metavar="COLUMN", help="Column with the texts; found out otherwise.")
@click.option("--label", metavar="COLUMN", help="Column with the labels; else one called label, sentiment, stars …")
@click.option("--severity", metavar="COLUMN", help="Column with how bad it is: 0-1, 0-4, 1-5, 0-10, 0-100 or words.")
@click.option("--model", default="voc-small", show_default=True, metavar="NAME", help="The model to start from.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def train(
    *, source: str, out: str, text: str | None, label: str | None, severity: str | None, model: str, quiet: bool
) -> None:
    """Learn from LABELS, a CSV, Excel, JSONL or Parquet file of texts that your people labelled.

    Labels are negative, neutral or positive in many spellings and languages, stars 1-5, scores 0-10 or -1/0/1. About
    50 rows are the least, some hundreds begin to help. Figures are of rows that the fit did not see; where it is no
    better than the model as it is, the model is kept, and that is said.
    """
    from voc.cli.terminal import progress
    from voc.readers import find_text, read_table
    from voc.training import check_target
    from voc.training import train as fit

    check_target(out, model)
    with progress(shown=not quiet) as advance:
        table = read_table(source)
        labels = _column(table, label, LABEL_NAMES, "label")
        severities = _column(table, severity, SEVERITY_NAMES, "severity")
        if labels is None:
            raise InputError(f"No column is called label; name it with --label. {_choices(table)}")
        taken = [name for name in (labels, severities) if name]
        words = _column(table, text, (), "text") or find_text(table.drop(columns=taken), where=source)
        told = None if severities is None else table[severities].tolist()
        texts = table[words].astype("string").astype(object).where(table[words].notna(), None).tolist()
        found = fit(texts, table[labels].tolist(), severity=told, model=model, progress=advance)
        found.save(out)
    if not quiet:
        _show(found, out, words, labels)


def _column(table: pd.DataFrame, name: str | None, usual: tuple[str, ...], option: str) -> str | None:
    """The column asked for, or the first with a usual name."""
    names = {str(each).strip().lower(): str(each) for each in table.columns}
    if name is not None:
        if name.strip().lower() not in names:
            raise ConfigError(f"There is no column '{name}' for --{option}; {nearest(name, names.values())}")
        return names[name.strip().lower()]
    return next((names[each] for each in usual if each in names), None)


def _choices(table: pd.DataFrame) -> str:
    return f"Columns: {', '.join(map(str, table.columns))}"


def _show(found: Trained, out: str, text: str, label: str) -> None:
    """What was learned from, what it gains, and what to do with it."""
    from voc.cli.terminal import columns, console, readable
    from voc.tables import LABELS

    screen = console()
    rows = found.rows
    counts = [f"{int((rows.classes == place).sum()):,} {name}" for place, name in enumerate(LABELS)]
    told = f"{len(rows.texts):,} labelled texts: {', '.join(counts)} (texts in {text}, labels in {label}: {rows.scale})"
    screen.print(readable(told), markup=False, soft_wrap=True)
    for reason, count in rows.left_out.items():
        screen.print(f"  {count:,} left out: {readable(reason)}", markup=False, soft_wrap=True)
    table = columns("Held-out texts", found.model, "with your labels", "difference")
    for figure in found.figures:
        table.add_row(figure.name, *(_answer(figure, each) for each in ("before", "after", "difference")))
    screen.print()
    screen.print(table)
    for name in found.kept:
        screen.print(f"No better on held-out texts: the {name} of {found.model} is kept as it is.", markup=False)
    screen.print(f"\nSaved: {readable(out)}  (voc analyze … --model {readable(out)})", markup=False, soft_wrap=True)


def _answer(figure: Comparison, which: str) -> str:
    value, low, high = getattr(figure, which)
    shape = ".1f" if "%" in figure.name else ".3f"
    if which == "difference":
        return f"{value:+{shape}} ({low:+{shape}} to {high:+{shape}})"
    return f"{value:{shape}} ({low:{shape}}–{high:{shape}})"

"""The tables that people work with, as one Excel workbook: issues, themes, figures and quotes.

Every text is a text: none that a customer or a file controls can run as a formula, whatever it begins with. The same
analysis gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd

from voc.sinks.tabular import FORMULA_STARTS
from voc.tables import Analysis

LONGEST = 32_767
"""Characters a cell holds; Excel refuses the whole file where one has more."""
WIDTHS = {
    "label": 34,
    "keywords": 44,
    "why": 70,
    "quote": 70,
    "text": 90,
    "definition": 60,
    "segment": 24,
    "remark": 30,
}
USUAL_WIDTH = 13
MADE = datetime(1980, 1, 1, tzinfo=UTC)
"""The date of every file in the workbook: a clock would make two runs differ."""


def write_workbook(analysis: Analysis, path: Path) -> None:
    """Write the sheets issues, themes, metrics and quotes to `path`."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name, table in sheets(analysis).items():
        _fill(book.create_sheet(name), table)
    written = BytesIO()
    book.save(written)
    path.write_bytes(_timeless(written.getvalue()))


def sheets(analysis: Analysis) -> dict[str, pd.DataFrame]:
    """The tables by the names of their sheets."""
    issues = analysis.issues.sort_values(["rank", "theme_id"], kind="stable")
    return {"issues": issues, "themes": analysis.themes, "metrics": analysis.metrics, "quotes": quotes(analysis)}


def quotes(analysis: Analysis) -> pd.DataFrame:
    """The quotes of each issue, most urgent issue first: who said what, when, where, in which language."""
    clauses, ranks = analysis.clauses, analysis.issues[["theme_id", "rank", "label"]]
    columns = ["rank", "label", "quote_rank", "text", "lang", "created_at", "channel", "feedback_id", "theme_id"]
    if not {"theme_id", "quote_rank"} <= {*clauses.columns}:
        return pd.DataFrame(columns=columns)
    chosen = clauses.loc[clauses["quote_rank"].notna(), ["theme_id", "feedback_id", "quote_rank", "text", "lang"]]
    about = [name for name in ("feedback_id", "created_at", "channel") if name in analysis.feedback]
    told = chosen.merge(ranks, on="theme_id").merge(analysis.feedback[about], on="feedback_id", how="left")
    ordered = told.sort_values(["rank", "quote_rank", "feedback_id"], kind="stable", ignore_index=True)
    return ordered[[name for name in columns if name in ordered]]


def _fill(sheet: Any, table: pd.DataFrame) -> None:
    """Header, rows, a filter, and columns as wide as their texts need."""
    from openpyxl.utils import get_column_letter

    for place, name in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS.get(str(name), USUAL_WIDTH)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(len(table.columns), 1))}{len(table) + 1}"
    for row in _rows(sheet, table):
        sheet.append(row)


def _rows(sheet: Any, table: pd.DataFrame) -> Iterator[list[Any]]:
    from openpyxl.styles import Font

    heads = [_cell(sheet, str(name)) for name in table.columns]
    for head in heads:
        head.font = Font(bold=True)
    yield heads
    for values in table.itertuples(index=False, name=None):
        yield [_cell(sheet, value) for value in values]


def _cell(sheet: Any, value: Any) -> Any:
    """A cell that holds what Excel can hold: text as text, numbers without the noise of single precision."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if value is None or pd.isna(value):
        return WriteOnlyCell(sheet)
    if isinstance(value, pd.Timestamp):
        return WriteOnlyCell(sheet, value.tz_localize(None).to_pydatetime())
    plain = value.item() if hasattr(value, "item") else value
    if not isinstance(plain, str):
        return WriteOnlyCell(sheet, round(plain, 6) if isinstance(plain, float) else plain)
    cell = WriteOnlyCell(sheet, "")
    cell._value = ILLEGAL_CHARACTERS_RE.sub(" ", plain)[:LONGEST]  # noqa: SLF001 the setter makes a formula of "="
    cell.data_type = "s"
    if plain.startswith(FORMULA_STARTS):
        cell.quotePrefix = True
    return cell


def _timeless(book: bytes) -> bytes:
    """The same workbook without the moment of its making."""
    fresh = BytesIO()
    with ZipFile(BytesIO(book)) as old, ZipFile(fresh, "w", ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda each: (each != "[Content_Types].xml", each)):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _undated(content)
            new.writestr(ZipInfo(name, MADE.timetuple()[:6]), content, ZIP_DEFLATED)
    return fresh.getvalue()


def _undated(properties: bytes) -> bytes:
    import re

    return re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", f"{MADE:%Y-%m-%dT%H:%M:%SZ}".encode(), properties)

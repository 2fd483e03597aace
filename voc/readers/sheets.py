"""Excel workbooks (.xlsx, .xlsm). Sheets with the same header become one table; others are left out and told."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers.archives import BOMB, LARGEST, SMALL
from voc.readers.cells import is_figure, unique_names
from voc.readers.formats import Head, reader
from voc.readers.recognition import note

ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
PREAMBLE: Final = 10

Row = tuple[Any, ...]


def is_workbook(head: Head) -> bool:
    """A zip file that holds a workbook."""
    if not head.start.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(head.path) as packed:
            return "xl/workbook.xml" in packed.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


@reader("xlsx", sniff=is_workbook, rank=50, suffixes=(".xlsx", ".xlsm"))
def read_xlsx(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The raw table of a workbook's main sheet, with cells as Excel holds them."""
    sheets = {title: rows for title, rows in _sheets(path) if rows}
    if not sheets:
        raise InputError(f"{path.name} is empty: none of its sheets has a cell with something in it")
    main = max(sheets, key=lambda title: sum(map(len, sheets[title])))
    header, above = _header(sheets[main])
    alike = [title for title, rows in sheets.items() if _header(rows)[0] == header]
    rows = [row for title in alike for row in sheets[title][_header(sheets[title])[1] + 1 :]]
    notes = [
        note(f"Sheet '{title}' was left out; its columns differ from those of '{main}'")
        for title in sheets.keys() - set(alike)
    ]
    if above:
        notes.append(note("Rows above the header were left out", above))
    frame = _table(header, rows)
    frame.attrs = {"notes": tuple(sorted(notes, key=lambda each: each.text))}
    return frame


def first_cells(path: Path, most: int) -> list[Row]:
    """The first `most` rows of the first sheet, to tell a format by; none of a damaged workbook."""
    import openpyxl

    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # as in _sheets
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            rows = list(islice(book.worksheets[0].iter_rows(values_only=True), most))
            book.close()
    except Exception:  # noqa: BLE001 - openpyxl raises whatever a damaged file makes it stumble over
        return []
    return rows


def first_rows(path: Path, most: int) -> pd.DataFrame:
    """The table that those rows begin, under its header."""
    rows = _filled(iter(first_cells(path, most)))
    header, above = _header(rows) if rows else ((), 0)
    return _table(header, rows[above + 1 :]) if len(header) > 1 else pd.DataFrame()


def _table(header: Row, rows: list[Row]) -> pd.DataFrame:
    names = unique_names(header)
    columns = (
        zip(*(row + (None,) * (len(names) - len(row)) for row in rows), strict=True) if rows else [()] * len(names)
    )
    return pd.DataFrame(
        {name: pd.Series(list(cells), dtype=object).infer_objects() for name, cells in zip(names, columns, strict=True)}
    )


def _sheets(path: Path) -> Iterator[tuple[str, list[Row]]]:
    import openpyxl

    _check_size(path)
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # styles and validations that openpyxl does not know change no cell
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            for sheet in book.worksheets:
                sheet.reset_dimensions()
                yield sheet.title, _filled(sheet.iter_rows(values_only=True))
            book.close()
    except Exception as error:  # openpyxl raises whatever a damaged file makes it stumble over
        raise InputError(f"{path.name} is a damaged workbook: {error}; open it in Excel and save it again") from error


def _check_size(path: Path) -> None:
    """A zip bomb stops here: at LARGEST bytes, or at SMALL where it is BOMB times its own size."""
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(each.file_size for each in packed.infolist())
    except zipfile.BadZipFile as error:
        raise InputError(f"{path.name} is a damaged workbook: {error}; open it in Excel and save it again") from error
    if size > min(LARGEST, max(SMALL, BOMB * path.stat().st_size)):
        raise InputError(f"{path.name} unpacks to {size >> 20:,} MB; save the sheet as CSV")


def _filled(rows: Iterator[Row]) -> list[Row]:
    """The rows of a sheet without empty ones, each without the empty cells at its end."""
    cleaned = (tuple(None if cell in ERRORS or cell == "" else cell for cell in row) for row in map(_hashable, rows))
    return [row for row in cleaned if any(cell is not None for cell in row)]


def _hashable(row: Row) -> Row:
    """Cells as plain values; rich things such as array formulas as text."""
    return tuple(cell if cell.__hash__ else str(cell) for cell in row)


def _header(rows: list[Row]) -> tuple[Row, int]:
    """The header row and how many rows stand above it; a sheet whose first row has figures has no header."""
    widest = max(sum(cell is not None for cell in row) for row in rows[:200])
    place = next((n for n, row in enumerate(rows[:PREAMBLE]) if sum(c is not None for c in row) > widest / 2), 0)
    header = rows[place]
    while header and header[-1] is None:
        header = header[:-1]
    if any(not isinstance(cell, str) or is_figure(cell) for cell in header if cell is not None) and len(rows) > 1:
        return (None,) * max(map(len, rows)), -1
    return header + (None,) * (max(map(len, map(_trimmed, rows))) - len(header)), place


def _trimmed(row: Row) -> Row:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return row[:end]

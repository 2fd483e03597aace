"""What an export looks like from outside: the column names of its table, or the keys of its JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers.formats import Head, head_of
from voc.readers.headers import normalise
from voc.readers.sheets import first_cells, is_workbook, read_xlsx
from voc.readers.tabular import open_table, read_csv

BLANK: Final = b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"
ROWS: Final = 10
"""Rows of a workbook among which the header is looked for."""


def plain(header: str) -> str:
    """A header without what stands in brackets, such as a time zone.

    >>> plain("Conversation started at (America/New_York)"), plain("CaseNumber"), plain("first_reply")
    ('conversation started at', 'case number', 'first reply')
    """
    return normalise(re.sub(r"\(.*?\)", " ", header))


@lru_cache(maxsize=8)
def headers_of(head: Head) -> frozenset[str]:
    """The plain column names of a delimited file or a workbook; none where it is neither."""
    if is_workbook(head):
        return _sheet_headers(head)
    if head.is_binary or head.text.lstrip()[:1] in ("", "{", "[", "<"):
        return frozenset()
    try:
        return frozenset(map(plain, open_table(lambda: iter([head.start])).header))
    except (InputError, ValueError, IndexError):
        return frozenset()


def _sheet_headers(head: Head) -> frozenset[str]:
    """The words of the first row of the first sheet that has several; a damaged workbook has none."""
    filled = [[cell for cell in row if cell is not None] for row in first_cells(head.path, ROWS)]
    first = next((row for row in filled if len(row) > 1), [])
    return frozenset(plain(str(cell)) for cell in first)


@lru_cache(maxsize=8)
def keys_of(head: Head) -> frozenset[str]:
    """The keys in the beginning of a JSON file; none where it is something else."""
    if head.is_binary or head.text.lstrip()[:1] not in ("{", "["):
        return frozenset()
    return frozenset(re.findall(r'"([^"\\\n]{1,60})"\s*:', head.text))


def has(names: frozenset[str], *all_of: str, some: Iterable[str] = (), least: int = 1) -> bool:
    """Whether all of some names are there, and at least so many of others."""
    wanted = set(some)
    return names >= set(all_of) and (not wanted or len(names & wanted) >= least)


def read_table(path: Path, options: ReadConfig) -> pd.DataFrame:
    """The raw table of an export, as CSV or as a workbook."""
    head = head_of(path)
    if not head.start.strip(BLANK):
        raise InputError(f"{path.name} is empty")
    return (read_xlsx if is_workbook(head) else read_csv)(path, options)


def read_export(path: Path, options: ReadConfig, vendor: str, *needed: str) -> pd.DataFrame:
    """The raw table of a vendor's export; InputError where it lacks every one of some columns, by plain name."""
    raw = read_table(path, options)
    names = {plain(str(column)) for column in raw.columns}
    if needed and not names.intersection(needed):
        shown = ", ".join(map(str, raw.columns[:6]))
        raise InputError(f"{path.name} is no export of {vendor}: no column '{needed[0]}' among {shown}")
    return raw

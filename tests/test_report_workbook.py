"""report.md and issues.xlsx: they say what the tables say, and nothing in them runs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from analysis_fixture import HOSTILE, empty_analysis, make_analysis
from openpyxl import Workbook, load_workbook

from voc.config import ReportConfig
from voc.report import render_markdown
from voc.report.page import TOP
from voc.sinks.tabular import FORMULA_STARTS
from voc.sinks.workbook import LONGEST, write_workbook
from voc.tables import ISSUES, Analysis


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis(rows=200)


@pytest.fixture(scope="module")
def book(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    path = tmp_path_factory.mktemp("books") / "issues.xlsx"
    write_workbook(analysis, path)
    return load_workbook(path)


@pytest.mark.parametrize("name", ["issues", "themes", "metrics"])
def test_a_sheet_holds_its_table(book: Workbook, analysis: Analysis, name: str) -> None:
    table, (head, *rows) = getattr(analysis, name), book[name].iter_rows(values_only=True)
    assert [*head] == [*table.columns]
    assert len(rows) == len(table)
    for place, (row, values) in enumerate(zip(rows, table.itertuples(index=False), strict=True)):
        for cell, value in zip(row, values, strict=True):
            if pd.isna(value):
                assert cell is None, place
            elif isinstance(value, pd.Timestamp):
                assert pd.Timestamp(cell, tz="UTC") == value
            else:
                assert cell == (value if isinstance(value, str) else pytest.approx(float(value), rel=1e-5, abs=1e-6))


def test_quotes_stand_by_issue_and_in_order(book: Workbook, analysis: Analysis) -> None:
    _, *rows = book["quotes"].iter_rows(values_only=True)
    ranked = analysis.clauses[analysis.clauses["quote_rank"].notna()]
    assert len(rows) == len(ranked)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert {row[3] for row in rows} == {*ranked["text"]}


def test_sheets_can_be_filtered_and_keep_their_heads(book: Workbook) -> None:
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref.startswith("A1:")


@pytest.mark.parametrize("start", [*FORMULA_STARTS, '=HYPERLINK("http://x","y")', "=cmd|'/c calc'!A1"])
def test_nothing_runs_as_a_formula(analysis: Analysis, tmp_path: Path, start: str) -> None:
    issues = ISSUES.add(analysis.issues, label=start + "1+1")
    write_workbook(replace(analysis, issues=issues), tmp_path / "x.xlsx")
    cells = [row[0] for row in load_workbook(tmp_path / "x.xlsx")["issues"].iter_rows(min_row=2, min_col=4, max_col=4)]
    assert cells
    for cell in cells:
        assert cell.data_type == "s"
        assert cell.quotePrefix


def test_what_excel_refuses_is_mended(analysis: Analysis, tmp_path: Path) -> None:
    issues = ISSUES.add(analysis.issues, label="bell \x07 and " + "x" * 40_000)
    write_workbook(replace(analysis, issues=issues), tmp_path / "x.xlsx")
    told = load_workbook(tmp_path / "x.xlsx")["issues"]["D2"].value
    assert told.startswith("bell   and x")
    assert len(told) == LONGEST


def test_the_same_analysis_gives_the_same_bytes(analysis: Analysis, tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_workbook(analysis, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_an_empty_analysis_has_all_sheets(tmp_path: Path) -> None:
    write_workbook(empty_analysis(), tmp_path / "x.xlsx")
    book = load_workbook(tmp_path / "x.xlsx")
    assert book.sheetnames == ["issues", "themes", "metrics", "quotes"]
    assert book["issues"]["D1"].value == "label"


def test_markdown_tells_figures_and_five_issues_with_quotes(analysis: Analysis) -> None:
    told = render_markdown(analysis, ReportConfig())
    assert told.startswith("# Voice of the customer\n")
    assert re.search(r"\| NPS \| [+−]?\d+ \| [+−]?\d+ to [+−]?\d+ \| \d+ \|", told)
    for place, issue in enumerate(analysis.issues.head(TOP).itertuples(), start=1):
        assert f"- {place} **{issue.label}** – urgency {issue.urgency:.0f} of 100" in told
        assert issue.why in told
    assert told.count("   > ") >= TOP
    assert "192 of 200 rows had usable text." in told
    assert not re.search(r"\n{4,}", told)


def test_markdown_tells_shared_places() -> None:
    """As the screen and the page: two issues that noise alone tells apart are both the second."""
    made = make_analysis(rows=240)
    shared = made.issues.assign(place=["1", "2=", "2=", *map(str, range(4, len(made.issues) + 1))])
    told = render_markdown(replace(made, issues=shared), ReportConfig())
    assert told.count("\n- 2= **") == 2


def test_markdown_of_nothing_says_so() -> None:
    told = render_markdown(empty_analysis(), ReportConfig())
    assert "There is no comment to analyse" in told


def test_no_sign_of_a_customer_is_read_as_markdown() -> None:
    hostile = make_analysis(rows=240, hostile=True)
    told = render_markdown(hostile, ReportConfig(title=HOSTILE))
    unmasked = re.sub(r"\\.", "", told)
    assert "<script" not in unmasked
    assert "<" not in unmasked
    assert "](" not in unmasked

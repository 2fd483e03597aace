"""The report of a run with a workspace: what is new, grew, shrank, is gone, was merged or split since the last run."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from analysis_fixture import HOSTILE, make_analysis, make_changes

from voc.config import ReportConfig
from voc.report import render, render_markdown
from voc.report.page import build_page
from voc.report.runs import MOST, since
from voc.report.speech import languages, speech_of
from voc.tables import CHANGES, Analysis

MADE = make_analysis(rows=120)
WORDS = {"born": "New", "grown": "Grown", "shrunk": "Shrunk", "gone": "Gone", "merged": "Merged", "split": "Split"}


def after_a_run(analysis: Analysis = MADE, **changed: object) -> Analysis:
    return replace(analysis, changes=make_changes(), **changed)


def section(analysis: Analysis, lang: str = "en") -> str:
    """The section as it stands in the page; empty where there is none."""
    found = re.search(r'<section id="since".*?</section>', render(analysis, ReportConfig(lang=lang)), re.DOTALL)
    return found[0] if found else ""


def plain(marked: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", marked)).split())


@pytest.mark.parametrize("change", WORDS)
def test_every_kind_of_change_is_told_by_its_name(change: str) -> None:
    analysis = after_a_run()
    row = analysis.changes.set_index("change").loc[change]
    line = next(each for each in section(analysis).split("<tr") if f"theme_id={row['theme_id']}" in each)
    assert f"{row['label']} {WORDS[change]}" in plain(line)


def test_what_is_no_more_than_chance_is_counted_and_not_listed() -> None:
    told = plain(section(after_a_run()))
    assert "1 theme changed by no more than chance." in told
    assert "1 theme is told apart for the first time, as frequent before." in told
    assert "no answer" not in told
    assert "New in this run: 250 comments; in the run before: 300 comments." in told


def test_growth_has_both_shares_and_its_interval() -> None:
    assert "app crashes Grown 3.3% 18% +14.3 +12.2 to +16.4" in plain(section(after_a_run()))


def test_a_merger_or_split_says_where_the_theme_went() -> None:
    told = plain(section(after_a_run()))
    assert "late parcel Merged into “delivery late” – – –" in told
    assert "staff Split into “app crashes” and “bill”" in told, "by their ids: a label may hold any sign"


@pytest.mark.parametrize("column", ["share_before", "share_now"])
def test_every_share_stands_in_the_table_of_changes(column: str) -> None:
    analysis = after_a_run()
    table = analysis.changes.set_index("theme_id")[column]
    pattern = r'<data value="([^"]+)" data-source="changes.csv" data-row="change=\w+; theme_id=([^"]+)" '
    marked = re.findall(pattern + f'data-column="{column}"', section(analysis))
    assert len(marked) == 4
    for value, theme_id in marked:
        assert float(value) == pytest.approx(table[theme_id])


def test_the_first_run_and_a_run_without_a_workspace_have_no_such_section() -> None:
    assert section(MADE) == ""
    assert 'href="#since"' not in render(MADE, ReportConfig())
    assert "the run before" not in render_markdown(MADE, ReportConfig())


def test_it_stands_also_where_there_are_no_dates() -> None:
    assert "Grown" in section(after_a_run(make_analysis(rows=80, dates=False)))


def test_a_run_without_news_says_so() -> None:
    calm = make_changes().query("change == 'steady'")
    told = plain(section(replace(MADE, changes=calm)))
    assert "No theme is new, and none grew or shrank by more than chance." in told


def test_many_changes_are_cut_and_counted() -> None:
    row = make_changes().query("change == 'grown'")
    many = CHANGES.check(row.loc[row.index.repeat(MOST + 3)].assign(theme_id=[f"t-{n}" for n in range(MOST + 3)]))
    found = since(replace(MADE, changes=many), speech_of("en"))
    assert found is not None
    assert len(found.turns) == MOST
    assert found.quiet == ("3 more changes in changes.csv.",)


def test_labels_of_earlier_runs_stay_text() -> None:
    hostile = replace(MADE, changes=make_changes(HOSTILE))
    assert "<script>window" not in section(hostile)
    assert html.unescape(section(hostile)).count(HOSTILE) == 1
    assert "\\<script\\>" in render_markdown(hostile, ReportConfig())


def test_markdown_tells_the_same() -> None:
    told = render_markdown(after_a_run(), ReportConfig())
    lines = told.split("## Themes against the run before")[1].split("## ")[0]
    for change, word in WORDS.items():
        label = make_changes().set_index("change").loc[change, "label"]
        assert f"\n- {word}: **{label}**" in lines
    assert "Share before: 3.3%, Share now: 18%; Difference in points: +14.3, +12.2 to +16.4" in lines
    assert "1 theme changed by no more than chance." in lines


@pytest.mark.parametrize("code", languages())
def test_each_language_has_its_words(code: str) -> None:
    told, speech = plain(section(after_a_run(), code)), speech_of(code)
    for change in WORDS:
        assert speech.say(f"turn_{change}") in told
    if code != "en":
        assert not re.search(r"\b(Grown|Shrunk|Merged|into|chance)\b", told)


@pytest.mark.parametrize(("of", "worse"), [("complaints", "has grown"), ("praise", "has shrunk")])
def test_praise_that_fades_is_worse(of: str, worse: str) -> None:
    page = build_page(after_a_run(settings={"themes": {"of": of}}), ReportConfig())
    assert any(worse in change.text for change in page.worse)
    assert not any(worse in change.text for change in page.better)


def test_what_fits_no_theme_is_no_news() -> None:
    """Neither is a theme that the memory of earlier runs calls steady."""
    first, second = MADE.issues["theme_id"].iloc[:2]
    grown = MADE.issues.assign(trend=MADE.issues["theme_id"].isin([first, second]).map({True: 1, False: 0}))
    rest = MADE.themes.assign(status=MADE.themes["status"].mask(MADE.themes["theme_id"] == first, "residual"))
    themes = {row.theme_id: row.label for row in MADE.issues.itertuples()}
    news = [change.text for change in build_page(replace(MADE, issues=grown, themes=rest), ReportConfig()).worse]
    assert any(themes[second] in each for each in news)
    assert not any(themes[first] in each for each in news)
    calm = make_changes().query("change == 'steady'")
    remembered = build_page(replace(MADE, issues=grown, changes=calm), ReportConfig())
    assert not any(themes[second] in change.text for change in remembered.worse)

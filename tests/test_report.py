"""The report: what it says, and that it reads well whatever is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis_fixture import COMPLAINTS, empty_analysis, make_analysis
from report_fixture import Outline

import voc.report
from voc.config import ReportConfig
from voc.report import render
from voc.report.issues import PARTS
from voc.report.page import TOP, build_page
from voc.report.quotes import Quote
from voc.report.speech import speech_of
from voc.report.trend import calendar_of
from voc.report.wording import number
from voc.sinks.folder import FILES
from voc.tables import CLAUSES, ISSUES, METRICS, RESIDUAL, THEMES, Analysis

TEMPLATES = Path(voc.report.__file__).parent / "templates"
ENGLISH = speech_of("en")


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis()


@pytest.fixture(scope="module")
def page(analysis: Analysis) -> str:
    return render(analysis, ReportConfig())


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    return Outline(page)


# What it says


def test_says_what_was_analysed(outline: Outline) -> None:
    assert "580 comments, from survey-2025.csv, 2 January 2025 to 29 June 2025, in 6 languages (English" in outline.text
    assert "580 of 600 rows had usable text. 15 rows look doubtful and are still counted." in outline.text


def test_headline_figures_have_interval_and_answers(analysis: Analysis, outline: Outline) -> None:
    nps = analysis.metrics.query("metric == 'nps' and by == 'all'").iloc[0]
    low, high = (number(nps[end], signed=True) for end in ("low", "high"))
    assert f"NPS {number(nps['value'], signed=True)} likely {low} to {high} promoters minus detractors" in outline.text
    assert f"{nps['n']} answers" in outline.text


def test_shows_the_issues_in_order_with_everything_about_them(analysis: Analysis, outline: Outline) -> None:
    places = []
    for issue in analysis.issues.itertuples():
        heading = f"Rank {issue.rank}: {issue.label} {issue.n_feedback} comments from {issue.n_customers} customers"
        heading = re.sub(r"Rank (\d+): ", r"\1 Rank \1: ", heading)
        assert heading in outline.text
        places.append(outline.text.index(heading))
        assert issue.why in outline.text
        urgency = f"{issue.urgency:.0f} urgency , likely {issue.urgency_low:.0f} to {issue.urgency_high:.0f}"
        assert urgency in outline.text
        assert f"Rank {issue.rank_low} to {issue.rank_high}; " in outline.text
    assert places == sorted(places)
    for name in PARTS:
        assert ENGLISH.say(f"part_{name}") in outline.text


def test_quotes_tell_language_date_and_channel_and_are_marked_with_the_language(
    analysis: Analysis, outline: Outline
) -> None:
    quotes = analysis.clauses[analysis.clauses["quote_rank"].notna()]
    assert len(quotes) > 8
    for quote in quotes.itertuples():
        assert quote.text in outline.text
    langs = {attrs.get("lang") for tag, attrs in outline.tags if tag == "blockquote"}
    assert langs == set(quotes["lang"])
    assert re.search(r"German · \d+ January 2025 · (survey|email|chat|app review)", outline.text)


def test_a_quote_stands_in_its_comment(analysis: Analysis) -> None:
    for issue in build_page(analysis, ReportConfig()).top:
        for quote in issue.quotes:
            whole = quote.before + quote.said + quote.after
            assert (analysis.feedback["clean_text"] == whole).any(), whole


def test_identical_quotes_are_shown_once() -> None:
    analysis = make_analysis(rows=200)
    told = analysis.clauses["theme_id"] == "t-delivery"
    twins = analysis.clauses.copy()
    twins.loc[told, "text"] = "late again"
    twins.loc[told, "quote_rank"] = pd.array(np.arange(1, told.sum() + 1), dtype="Int32")
    issues = build_page(replace(analysis, clauses=twins), ReportConfig()).top
    assert [len(issue.quotes) for issue in issues if issue.label == "delivery late"] == [1]


def test_score_links_are_worded_as_association(analysis: Analysis, outline: Outline) -> None:
    row = analysis.drivers.query("theme_id == 't-charge'").iloc[0]
    assert (
        f"NPS is {number(-row['difference'])} points lower among those who tell of it than among others" in outline.text
    )
    assert "an association, not a proven cause" in outline.text
    assert "because of" not in outline.text


def test_a_second_score_is_folded_away(analysis: Analysis) -> None:
    drivers = pd.concat([analysis.drivers, analysis.drivers.assign(score="rating", unit="on 1-5")], ignore_index=True)
    text = Outline(render(replace(analysis, drivers=drivers), ReportConfig())).text
    assert "The same for Rating Rating, in points on 1–5 Issue" in text


def test_an_interval_too_narrow_to_show_is_one_figure(analysis: Analysis) -> None:
    issues = ISSUES.add(
        analysis.issues, urgency=89.1, urgency_low=88.9, urgency_high=89.2, rank_high=analysis.issues["rank_low"]
    )
    text = Outline(render(replace(analysis, issues=issues), ReportConfig())).text
    assert "89 urgency , likely about 89 A firm rank 1" in text


def test_what_fits_no_theme_has_no_rank_to_be_sure_of(analysis: Analysis) -> None:
    issues = ISSUES.add(analysis.issues, rank_high=analysis.issues["rank_low"])
    assert "A firm rank 1" in Outline(render(replace(analysis, issues=issues), ReportConfig())).text
    rest = issues.assign(theme_id=RESIDUAL)
    assert "A firm rank" not in Outline(render(replace(analysis, issues=rest), ReportConfig())).text


@pytest.mark.parametrize(
    ("said", "after", "shown"),
    [("it was late", "but kind", "it was late …"), ("It was late.", "Twice.", "It was late."), ("late", "", "late")],
)
def test_a_quote_alone_tells_where_it_was_cut(said: str, after: str, shown: str) -> None:
    assert Quote("", said, after, "", "").alone == shown


def test_an_interval_around_zero_is_no_link(analysis: Analysis) -> None:
    drivers = analysis.drivers.assign(high=5.0)
    issues = build_page(replace(analysis, drivers=drivers), ReportConfig()).top
    told = [issue.association for issue in issues if issue.association]
    assert told
    assert all(words.startswith("No clear link with NPS in") for words in told)


def test_segments_and_their_names(analysis: Analysis, outline: Outline) -> None:
    assert "By channel" in outline.text
    assert "By Store" in outline.text
    assert "Lithuanian 34" in outline.text
    few = analysis.metrics.copy()
    chat = (few["segment"] == "chat") & (few["metric"] == "nps")
    few.loc[chat, ["value", "low", "high"]] = pd.NA
    few.loc[chat, "n"] = 7
    assert "too few (7)" in Outline(render(replace(analysis, metrics=few), ReportConfig())).text


def test_many_segments_are_cut_and_counted(analysis: Analysis) -> None:
    rows = analysis.metrics.query("by == 'channel' and segment == 'chat'")
    many = [rows.assign(by="town", segment=f"Town {place}", n=100 - place) for place in range(40)]
    metrics = METRICS.check(pd.concat([analysis.metrics, *many], ignore_index=True))
    towns = next(
        split for split in build_page(replace(analysis, metrics=metrics), ReportConfig()).splits if split.by == "town"
    )
    assert (len(towns.rows), towns.n_unshown) == (12, 28)
    assert towns.rows[0][:2] == ("Town 0", 100)


def test_praise_is_shown_where_it_was_looked_for(analysis: Analysis) -> None:
    themes = analysis.themes.copy()
    themes["status"] = "praise"
    praise = build_page(replace(analysis, themes=themes), ReportConfig()).praise
    assert praise[0].label == "delivery late"
    assert praise[0].quotes
    assert "What customers praise" in render(replace(analysis, themes=themes), ReportConfig())


def test_what_fits_no_theme_is_not_told_most_often(analysis: Analysis) -> None:
    often = analysis.issues.sort_values("n_feedback").iloc[-1]
    told = f"Told most often: “{often['label']}”"
    first = analysis.issues["theme_id"].iloc[0]
    assert often["theme_id"] != first
    assert any(line.startswith(told) for line in build_page(analysis, ReportConfig()).summary)
    status = analysis.themes["status"].mask(analysis.themes["theme_id"] == often["theme_id"], "residual")
    rest = replace(analysis, themes=analysis.themes.assign(status=status))
    assert not any(line.startswith(told) for line in build_page(rest, ReportConfig()).summary)


def test_what_to_trust(outline: Outline) -> None:
    assert "Left out empty 10 2% says nothing 10 2%" in outline.text
    assert "Doubtful duplicate 8 1% score contradicts text 7 1%" in outline.text
    assert "Dates could not be read and were left empty (3)" in outline.text
    assert outline.text.count("rows skipped") == 0, "the table says it already"
    assert "sha256 abab" in outline.text
    assert "Model voc-small" in outline.text


def test_issues_beyond_the_top_open_on_demand_and_the_rest_is_counted(analysis: Analysis) -> None:
    one = analysis.issues.iloc[[0]]
    many = ISSUES.check(
        pd.concat([one.assign(rank=rank, theme_id=f"t{rank}", label=f"issue {rank}") for rank in range(1, 31)])
    )
    page = build_page(replace(analysis, issues=many), ReportConfig(issues=20))
    assert (len(page.top), len(page.others), page.n_unshown) == (TOP, 15, 10)
    text = Outline(render(replace(analysis, issues=many), ReportConfig(issues=20))).text
    assert "issue 20" in text
    assert "issue 21" not in text
    assert "10 further issues in issues.csv." in text


@pytest.mark.parametrize(
    ("of", "heading", "verdict"),
    [
        ("complaints", "What to fix first", "Fix first: “charged"),
        ("praise", "What customers praise", "Praised most: “charged"),
        ("everything", "What customers talk about", "Most urgent: “charged"),
    ],
)
def test_words_follow_what_was_grouped(analysis: Analysis, of: str, heading: str, verdict: str) -> None:
    text = Outline(render(replace(analysis, settings={"themes": {"of": of}}), ReportConfig())).text
    assert f" {heading} Ranked by urgency" in text
    assert verdict in text


def test_a_shared_first_place_is_said(analysis: Analysis) -> None:
    def first_of(*places: str) -> str:
        one = analysis.issues.iloc[[0]]
        rows = [one.assign(rank=n, theme_id=f"t{n}", place=place) for n, place in enumerate(places, 1)]
        return build_page(replace(analysis, issues=ISSUES.check(pd.concat(rows))), ReportConfig()).summary[0]

    assert "that place" not in first_of("1", "2=", "2=")
    assert "1 other theme shares that place: either could be first." in first_of("1=", "1=", "3")
    assert "2 others share that place" in first_of("1=", "1=", "1=")


def test_signals_are_told_as_a_models(analysis: Analysis) -> None:
    doubt = "heard by a model"
    assert doubt in Outline(render(analysis, ReportConfig())).text
    columns = {name: pd.Series(pd.NA, dtype="string") for name in ("signal", "second_signal")}
    silent = replace(analysis, issues=analysis.issues.assign(**columns), queue=analysis.queue.assign(signals=pd.NA))
    assert doubt not in Outline(render(silent, ReportConfig())).text


def test_the_title_is_the_users(analysis: Analysis) -> None:
    assert "<title>Q3 &amp; &lt;b&gt;</title>" in render(analysis, ReportConfig(title="Q3 & <b>"))


def test_no_raw_figures(outline: Outline) -> None:
    shown = re.sub(r"sha256 \w+|\d+\.\d+\.\d+|Python \S+", "", outline.text)
    assert not re.search(r"\d\.\d{3,}", shown), "a figure with more than two decimals"
    assert not re.search(r"(?<![\w-])-\d", shown), "a hyphen where a minus sign belongs"
    for leak in ("nan", "<NA>", "None", "NaT"):
        assert leak not in shown.split()


@pytest.mark.parametrize(
    ("source", "column"), [("metrics.csv", "value"), ("issues.csv", "urgency"), ("drivers.csv", None)]
)
def test_every_marked_figure_stands_in_its_table(
    analysis: Analysis, outline: Outline, source: str, column: str | None
) -> None:
    table = getattr(analysis, source.removesuffix(".csv"))
    spelt = table.assign(
        **{name: table[name].dt.strftime("%Y-%m-%d") for name in table.select_dtypes("datetimetz")}
    ).astype({"theme_id": "string"} if "theme_id" in table else {})
    marked = [attrs for tag, attrs in outline.tags if tag == "data" and attrs["data-source"] == source]
    assert len(marked) >= 5
    if source == "issues.csv":
        assert {attrs.get("data-column", column) for attrs in marked} >= {"urgency", "reach", "severity", "danger"}
    for attrs in marked:
        keys = dict(pair.split("=", 1) for pair in str(attrs["data-row"]).split("; "))
        found = spelt[np.logical_and.reduce([spelt[name].eq(value) for name, value in keys.items()])]
        if source == "metrics.csv" and "period_start" not in keys:
            found = found[found["period_start"].isna()]
        assert len(found) == 1, keys
        columns = [attrs.get("data-column", column)] if column else ["contribution", "difference"]
        held = found[columns].astype(float).to_numpy().ravel()
        assert not attrs["value"] or np.isclose(held, float(attrs["value"]), rtol=1e-5).any(), keys


def test_every_section_names_the_tables_its_figures_stand_in(page: str) -> None:
    """A section with figures has a line with its sources, or each entry has its row; all are files of the run."""
    sections = re.findall(r"<section.*?</section>", page, re.DOTALL)
    assert len(sections) >= 8
    for section in sections:
        lines = re.findall(r'class="source fine">\s*Source: ([^<]+)</p>', section)
        named = {*re.findall(r'data-source="([^"]+)"', section), *", ".join(lines).strip().split(", ")} - {""}
        assert named, section[:120]
        assert named <= set(FILES), named


# Whatever is missing


@pytest.mark.parametrize(
    "made",
    [
        empty_analysis(),
        make_analysis(rows=1),
        make_analysis(rows=2),
        make_analysis(rows=80, dates=False),
        make_analysis(rows=80, scores=False),
        make_analysis(rows=80, customers=False),
        make_analysis(rows=80, dates=False, scores=False, customers=False),
    ],
    ids=["nothing", "one", "two", "no dates", "no scores", "no customers", "bare"],
)
def test_reads_well_whatever_is_missing(made: Analysis) -> None:
    outline = Outline(render(made, ReportConfig()))
    for leak in ("nan", "<NA>", "None", "NaT", "undefined"):
        assert leak not in outline.text.split()
    assert "What to fix first" in outline.text
    assert "What to trust" in outline.text


def test_nothing_to_analyse_says_so() -> None:
    text = Outline(render(empty_analysis(), ReportConfig())).text
    assert "0 comments." in text
    assert "There is no comment to analyse" in text
    assert "Over time" not in text


def test_no_issue_says_what_would_be_needed(analysis: Analysis) -> None:
    calm = replace(analysis, issues=ISSUES.empty(), themes=THEMES.empty(), clauses=CLAUSES.empty())
    assert "No complaint was told often enough to be ranked. A theme needs at least 5 comments." in render(
        calm, ReportConfig()
    )


def test_too_few_answers_stand_in_words(analysis: Analysis) -> None:
    metrics = analysis.metrics.copy()
    metrics.loc[metrics["metric"] == "nps", ["value", "low", "high"]] = pd.NA
    text = Outline(render(replace(analysis, metrics=metrics), ReportConfig())).text
    assert "NPS too few answers" in text


def test_parts_that_cannot_be_known_say_why() -> None:
    made = make_analysis(rows=200, dates=False, scores=False)
    text = Outline(render(made, ReportConfig())).text
    assert "Growth no dates" in text
    assert "Score too few scores" in text


# Periods


def test_issue_trends_add_up(analysis: Analysis) -> None:
    calendar = calendar_of(analysis.metrics)
    assert calendar is not None
    for theme, *_ in COMPLAINTS:
        ids = analysis.clauses.loc[analysis.clauses["theme_id"] == theme, "feedback_id"].unique()
        dates = analysis.feedback.loc[analysis.feedback["feedback_id"].isin(ids), "created_at"]
        assert sum(calendar.count(dates)) == len(ids)


# Bounds


def test_same_analysis_gives_the_same_page_in_any_row_order(analysis: Analysis, page: str) -> None:
    rng = np.random.default_rng(1)
    shuffled = replace(
        analysis,
        **{
            name: getattr(analysis, name).iloc[rng.permutation(len(getattr(analysis, name)))].reset_index(drop=True)
            for name in ("feedback", "clauses", "themes", "drivers", "issues")
        },
    )
    assert render(shuffled, ReportConfig()) == page


def test_size_does_not_grow_with_the_comments() -> None:
    analysis = make_analysis(rows=150)
    long = "really " * 3000
    clauses = analysis.clauses.copy()
    clauses["text"] = clauses["text"] + long
    feedback = analysis.feedback.copy()
    feedback["clean_text"] = long + feedback["clean_text"] + long
    copies = [feedback.assign(feedback_id=feedback["feedback_id"] + f"-{copy}") for copy in range(10)]
    grown = replace(analysis, feedback=pd.concat([feedback, *copies], ignore_index=True), clauses=clauses)
    assert len(render(grown, ReportConfig())) < 400_000

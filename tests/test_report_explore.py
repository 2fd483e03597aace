"""The filter's counts: they add up to the figures of metrics.csv, hold no customer's row, and stay small."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from analysis_fixture import HOSTILE, make_analysis

from voc.config import DEFAULTS, ExperienceConfig, MetricsConfig, ReportConfig, to_mapping
from voc.experience import rate_experience
from voc.metrics import measure
from voc.report import render
from voc.report.counts import PERIOD, count_comments, count_experience, count_responses
from voc.report.explore import MOST_CELLS, explorer
from voc.report.page import build_page
from voc.report.speech import speech_of
from voc.report.trend import calendar_of
from voc.tables import Analysis

FIGURES = {"net_sentiment": 100, "nps": 100, "csat": 100, "rating": 1, "experience": 1}
"""Metrics of the filter, and what their sums are in."""


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """With the real metrics stage, so that both sides of the comparison are the program's own."""
    made = make_analysis(rows=500)
    feedback = rate_experience(made.feedback, made.clauses, ExperienceConfig())
    return replace(made, feedback=feedback, metrics=measure(feedback, MetricsConfig(by=("Store",))))


@pytest.fixture(scope="module")
def facts(analysis: Analysis) -> dict[str, object]:
    return facts_of(render(analysis, ReportConfig()))


def facts_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="facts">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def added(facts: dict, metric: str, **wanted: int) -> tuple[float, float]:
    """Answers and sum of a metric over the cells that fit, as the script adds them up."""
    place = next(at for at, each in enumerate(facts["scores"]) if each["metric"] == metric)
    ends, width = np.cumsum(facts["kinds"]), len(facts["dimensions"])
    kind = int(np.searchsorted(ends, place, side="right"))
    at = 3 + width + 3 * (place - int(ends[kind]) + facts["kinds"][kind])
    cells = [
        cell
        for cell in facts["cells"]
        if cell[0] == kind
        and cell[1] == wanted.get("theme", -1)
        and all(cell[2 + facts["dimensions"].index(name)] == code for name, code in wanted.items() if name != "theme")
    ]
    return sum(cell[at] for cell in cells), sum(cell[at + 1] for cell in cells)


@pytest.mark.parametrize("metric", FIGURES)
def test_everything_adds_up_to_the_overall_figures(analysis: Analysis, facts: dict, metric: str) -> None:
    row = analysis.metrics.query("metric == @metric and by == 'all'").iloc[0]
    n, total = added(facts, metric)
    assert n == row["n"]
    assert FIGURES[metric] * total / n == pytest.approx(row["value"], rel=1e-4)


@pytest.mark.parametrize("by", ["channel", "lang", "Store"])
@pytest.mark.parametrize("metric", FIGURES)
def test_each_segment_adds_up_to_its_figure(analysis: Analysis, facts: dict, metric: str, by: str) -> None:
    page = build_page(analysis, ReportConfig())
    assert page.explorer is not None
    names = {each.name: dict(each.values) for each in page.explorer.choices}[by]
    rows = analysis.metrics[(analysis.metrics["metric"] == metric) & (analysis.metrics["by"] == by)]
    shown = {speech_of("en").language(each) if by == "lang" else each: each for each in rows["segment"]}
    compared = 0
    for code, name in names.items():
        row = rows[rows["segment"] == shown[name]].iloc[0]
        n, total = added(facts, metric, **{by: code})
        assert n == row["n"]
        if not pd.isna(row["value"]):
            compared += 1
            assert FIGURES[metric] * total / n == pytest.approx(row["value"], rel=1e-4, abs=1e-3)
    assert compared >= 3


def test_periods_add_up(analysis: Analysis, facts: dict) -> None:
    rows = analysis.metrics.query("metric == 'volume' and period_start.notna()")
    at = 2 + len(facts["dimensions"])
    place = 2 + facts["dimensions"].index(PERIOD)
    for code, n in enumerate(rows["value"]):
        assert sum(each[at] for each in facts["cells"] if each[:2] == [0, -1] and each[place] == code) == n


def test_themes_add_up_to_the_issues(analysis: Analysis, facts: dict) -> None:
    at = 2 + len(facts["dimensions"])
    for code, issue in enumerate(analysis.issues.itertuples()):
        assert facts["themes"][code] == issue.label
        assert sum(each[at] for each in facts["cells"] if each[:2] == [0, code]) == issue.n_feedback


def test_a_score_of_many_comments_counts_once(analysis: Analysis) -> None:
    feedback = analysis.feedback.assign(response_id=[f"r{place // 2}" for place in range(len(analysis.feedback))])
    themes = [*analysis.issues["theme_id"]]
    calendar = calendar_of(analysis.metrics)
    answered = count_responses(replace(analysis, feedback=feedback), themes, calendar)
    assert answered.size == 250
    assert len({*zip(answered.theme_rows, answered.theme_codes, strict=True)}) == len(answered.theme_rows)
    assert count_comments(replace(analysis, feedback=feedback), themes, calendar).size == 482


def test_the_experience_of_rows_without_a_word_counts(analysis: Analysis) -> None:
    silent = analysis.feedback["skip"].notna() & analysis.feedback["experience"].notna()
    counted = count_experience(analysis, [*analysis.issues["theme_id"]], calendar_of(analysis.metrics))
    assert silent.any()
    assert counted.size == analysis.feedback["experience"].notna().sum()


def test_doubted_rows_are_left_out_where_the_figures_leave_them_out(analysis: Analysis) -> None:
    settings = to_mapping(DEFAULTS)
    settings["integrity"]["exclude_suspect"] = True
    strict = count_comments(replace(analysis, settings=settings), [], None)
    usable = analysis.feedback["skip"].isna()
    assert strict.size == (usable & analysis.feedback["suspect"].isna()).sum() < usable.sum()


def test_no_customer_and_no_whole_comment_is_in_it(analysis: Analysis, facts: dict) -> None:
    told = json.dumps(facts, ensure_ascii=False)
    assert not [each for each in analysis.feedback["customer_id"] if f'"{each}"' in told]
    assert not [each for each in analysis.feedback["feedback_id"] if f'"{each}"' in told]
    assert all(isinstance(each, int | float) for cell in facts["cells"] for each in cell)


def test_agents_are_no_filter(analysis: Analysis) -> None:
    feedback = analysis.feedback.assign(agent=["Ada", "Bo"] * (len(analysis.feedback) // 2))
    made = replace(analysis, feedback=feedback, metrics=measure(feedback, MetricsConfig()))
    page = build_page(made, ReportConfig())
    assert page.explorer is not None
    assert "agent" not in [each.name for each in page.explorer.choices]


@pytest.mark.parametrize("strict", [False, True])
def test_quotes_stand_with_the_codes_of_their_comment(analysis: Analysis, *, strict: bool) -> None:
    """Also where doubted rows are counted nowhere: none of them is quoted, and no quote takes another's codes."""
    settings = to_mapping(DEFAULTS)
    settings["integrity"]["exclude_suspect"] = strict
    analysis = replace(analysis, settings=settings)
    page = build_page(analysis, ReportConfig())
    assert page.explorer is not None
    facts = page.explorer.facts
    places = facts["dimensions"].index("lang")
    names = {each.name: dict(each.values) for each in page.explorer.choices}["lang"]
    assert len(facts["quotes"]) > 20
    for quote in facts["quotes"]:
        assert names[quote[1 + places]] == speech_of("en").language(quote[-1])


def test_hostile_text_ends_no_script() -> None:
    page = render(make_analysis(rows=240, hostile=True), ReportConfig())
    assert HOSTILE in json.dumps(facts_of(page)["themes"], ensure_ascii=False).encode().decode("unicode_escape") or any(
        HOSTILE in theme for theme in facts_of(page)["themes"]
    )
    assert page.count("<script") == 2


def test_a_hundred_thousand_comments_stay_small() -> None:
    """Ten columns of twelve values, sixty weeks: far more combinations than a page may hold."""
    rng, rows = np.random.default_rng(3), 100_000
    made = make_analysis(rows=2_000)
    pick = rng.integers(0, 2_000, rows)
    ids = [f"x{place:06d}" for place in range(rows)]
    feedback = made.feedback.iloc[pick].assign(feedback_id=ids).reset_index(drop=True)
    start = pd.Timestamp("2024-01-01", tz="UTC")
    feedback["created_at"] = pd.Series(start + pd.to_timedelta(rng.integers(0, 400, rows), unit="D")).astype(
        feedback["created_at"].dtype
    )
    for place in range(10):
        feedback[f"column {place}"] = pd.array(rng.integers(0, 12, rows).astype(str), dtype="string")
    twins = pd.DataFrame({"old": made.feedback["feedback_id"].to_numpy()[pick], "feedback_id": ids})
    clauses = twins.merge(made.clauses.rename(columns={"feedback_id": "old"}), on="old").drop(columns="old")
    clauses["clause_id"] = clauses["feedback_id"] + "-" + clauses["position"].astype(str)
    metrics = measure(feedback, MetricsConfig())
    by = [metrics.iloc[[0]].assign(by=f"column {place}", segment="1") for place in range(10)]
    large = replace(made, feedback=feedback, clauses=clauses, metrics=pd.concat([metrics, *by], ignore_index=True))
    page = render(large, ReportConfig())
    assert len(page.encode()) < 3_000_000
    facts = facts_of(page)
    assert 100 < len(facts["cells"]) <= MOST_CELLS
    assert len(facts["dimensions"]) >= 2
    n, total = added(facts, "nps")
    overall = large.metrics.query("metric == 'nps' and by == 'all'").iloc[0]
    assert (n, 100 * total / n) == (overall["n"], pytest.approx(overall["value"], abs=0.01))


def test_without_anything_to_choose_there_is_no_filter() -> None:
    bare = make_analysis(rows=60, dates=False, scores=False)
    alone = replace(bare, issues=bare.issues.iloc[:0], metrics=bare.metrics[bare.metrics["by"] == "all"])
    assert explorer(alone, None, speech_of("en"), most=20) is None

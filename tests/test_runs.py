"""Two results side by side: real differences are told with intervals, chance is not, and themes find each other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis_fixture import empty_analysis, make_analysis
from click.testing import CliRunner

from voc.cli import main
from voc.errors import InputError
from voc.runs import compare_runs, match
from voc.sinks import write
from voc.sinks.saved import read_folder
from voc.tables import TABLES, Analysis


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis(rows=600)


@pytest.fixture(scope="module")
def folder(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("runs") / "run"
    write(analysis, target)
    return target


def part(analysis: Analysis, kept: pd.Series, *, mark: str = "") -> Analysis:
    """The comments `kept` as a run of its own; its themes get other ids where `mark` is given."""
    feedback = analysis.feedback[kept.to_numpy(bool)].reset_index(drop=True)
    clauses = analysis.clauses[analysis.clauses["feedback_id"].isin(feedback["feedback_id"])].reset_index(drop=True)
    renamed = {name: getattr(analysis, name).assign(theme_id=lambda table: table["theme_id"] + mark)
               for name in ("themes", "issues")}  # fmt: skip
    return replace(analysis, feedback=feedback, clauses=clauses.assign(theme_id=clauses["theme_id"] + mark), **renamed)


def halves(analysis: Analysis, mark: str = "") -> tuple[Analysis, Analysis]:
    """Every other comment, and the others."""
    even = pd.Series(np.arange(len(analysis.feedback)) % 2 == 0)
    return part(analysis, even), part(analysis, ~even, mark=mark)


# ------------------------------------------------------------------------------------------------------------- reading


def test_a_result_is_read_back_as_it_was_written(analysis: Analysis, folder: Path):
    found = read_folder(folder)
    for schema in TABLES:
        if schema.name not in Analysis.__dataclass_fields__:
            continue
        before, now = getattr(analysis, schema.name), getattr(found, schema.name)
        assert len(before) == len(now), schema.name
        shared = [name for name in before.columns if name in now.columns and name in schema.columns]
        for name in shared:
            assert str(now[name].dtype) == schema.columns[name].dtype, f"{schema.name}.{name}"
    pd.testing.assert_frame_equal(found.issues, analysis.issues[found.issues.columns], rtol=1e-5)
    pd.testing.assert_frame_equal(found.clauses, analysis.clauses)
    assert found.settings == analysis.settings
    assert found.notes == analysis.notes


def test_ids_and_guarded_texts_come_back(analysis: Analysis, tmp_path: Path):
    issues = analysis.issues.assign(theme_id=[f"00{n}" for n in range(len(analysis.issues))], label="=1+1 'quoted'")
    write(replace(analysis, issues=issues), tmp_path / "run")
    found = read_folder(tmp_path / "run").issues
    assert found["theme_id"].tolist() == issues["theme_id"].tolist()
    assert found["label"].unique().tolist() == ["=1+1 'quoted'"]


def test_an_older_result_without_newer_tables_is_read(analysis: Analysis, tmp_path: Path):
    write(analysis, tmp_path / "run")
    for name in ("queue", "customers", "anomalies", "comparisons"):
        (tmp_path / "run" / f"{name}.csv").unlink()
    assert read_folder(tmp_path / "run").queue.empty


def test_what_is_no_result_is_a_mendable_error(analysis: Analysis, tmp_path: Path):
    with pytest.raises(InputError, match=r"no run\.json"):
        read_folder(tmp_path)
    write(analysis, tmp_path / "run")
    (tmp_path / "run" / "issues.csv").write_text("rank,urgency\nx,y\n")
    with pytest.raises(InputError, match="issues table"):
        read_folder(tmp_path / "run")


# ------------------------------------------------------------------------------------------------------------- figures


def test_a_run_does_not_differ_from_itself(analysis: Analysis):
    found = compare_runs(analysis, analysis)
    assert not found.figures["holds"].any()
    assert found.themes["change"].eq("steady").all()
    assert found.themes["difference"].eq(0).all()
    assert f"{len(analysis.feedback):,} comments are in both runs" in found.notes[0]


def test_chance_is_no_difference(analysis: Analysis):
    found = compare_runs(*halves(analysis))
    assert not found.figures["holds"].any()
    assert found.themes["change"].eq("steady").all()
    assert not found.notes


def test_a_difference_is_told_with_its_interval(analysis: Analysis):
    before, now = halves(analysis)
    worse = now.feedback.assign(nps=(now.feedback["nps"] - 4).clip(lower=0))
    figures = compare_runs(before, replace(now, feedback=worse)).figures.set_index(["metric", "by", "segment"])
    nps = figures.loc[("nps", "all", "all")]
    assert nps["holds"]
    assert nps["low"] < nps["difference"] < nps["high"] < 0
    assert nps["difference"] == pytest.approx(nps["now"] - nps["before"])
    assert nps["told"].startswith("NPS")
    assert "below the run before" in nps["told"]
    assert not figures.loc[("csat", "all", "all"), "holds"]


def test_shares_of_themes_differ_by_the_published_method():
    """Newcombe 1998, method 10, his example (a): 56 of 70 against 48 of 80 is 0.2 (0.0524 to 0.3339)."""
    rows = pd.DataFrame({"feedback_id": [f"f{n}" for n in range(150)], "text": "words"})
    told = [True] * 56 + [False] * 14 + [True] * 48 + [False] * 32
    base = make_analysis(rows=20)
    sides = []
    for span in (slice(70, 150), slice(0, 70)):
        feedback = rows[span].assign(skip=pd.NA, suspect=pd.NA).reset_index(drop=True)
        hit = feedback["feedback_id"][told[span]]
        clauses = pd.DataFrame({"feedback_id": hit, "text": "late", "theme_id": "t"})
        issues = pd.DataFrame({"rank": [1], "theme_id": ["t"], "label": ["late"], "urgency": [5.0],
                               "urgency_low": [4.0], "urgency_high": [6.0], "place": ["1"]})  # fmt: skip
        sides.append(replace(base, feedback=feedback, clauses=clauses, issues=issues))
    row = compare_runs(*sides).themes.iloc[0]
    assert row[["n_before", "n_now"]].tolist() == [48, 56]
    assert row[["difference", "low", "high"]].tolist() == pytest.approx([0.2, 0.0524, 0.3339], abs=1e-4)
    assert row[["urgency_difference", "urgency_low", "urgency_high"]].tolist() == pytest.approx([0, -(2**0.5), 2**0.5])


# -------------------------------------------------------------------------------------------------------------- themes


def test_halves_find_each_other(analysis: Analysis):
    """Other ids, no comment in common: the words are the same."""
    before, now = halves(analysis, mark="-b")
    for old, new, how in match(before, now):
        assert how == "words"
        assert f"{old}-b" == new


def test_themes_that_share_comments(analysis: Analysis):
    """The same export, other ids, and words that tell nothing."""
    plain = analysis.clauses.assign(text="words " + analysis.clauses["clause_id"])
    before = replace(analysis, clauses=plain, themes=analysis.themes.assign(label="x", keywords="x"))
    now = part(before, pd.Series(data=True, index=analysis.feedback.index), mark="-b")
    assert {(f"{old}-b", how) for old, new, how in match(before, now)} == {
        (new, "comments") for new in now.issues["theme_id"]
    }


def test_a_theme_without_a_counterpart_is_new_or_gone(analysis: Analysis):
    before, now = halves(analysis, mark="-b")
    first = before.issues["theme_id"].iloc[0]
    fewer = replace(before, issues=before.issues.iloc[1:], clauses=before.clauses[before.clauses["theme_id"] != first])
    new, gone = compare_runs(fewer, now).themes, compare_runs(now, fewer).themes
    assert new.loc[new["change"] == "new", "theme_id"].tolist() == [f"{first}-b"]
    assert gone.loc[gone["change"] == "gone", "theme_id_before"].tolist() == [f"{first}-b"]
    assert set(new["change"]) == {"new", "steady"}


def test_growth_is_told(analysis: Analysis):
    """Every second comment that does not tell of the first theme is taken away."""
    first = analysis.issues["theme_id"].iloc[0]
    tellers = set(analysis.clauses.loc[analysis.clauses["theme_id"].eq(first).fillna(value=False), "feedback_id"])
    before, now = halves(analysis)
    keep = now.feedback["feedback_id"].isin(tellers) | (pd.Series(np.arange(len(now.feedback))) % 4 == 0)
    themes = compare_runs(before, part(now, keep)).themes
    assert themes["change"].iloc[0] == "grown"
    assert themes["theme_id"].iloc[0] == first


def test_empty_runs():
    found = compare_runs(empty_analysis(), empty_analysis())
    assert found.figures.empty
    assert found.themes.empty


def test_other_models_and_settings_are_said(analysis: Analysis):
    other = replace(analysis, model="other abc", settings={"themes": {"of": "praise"}})
    notes = " ".join(compare_runs(analysis, other).notes)
    assert "The models differ" in notes
    assert "themes.of" in notes


# --------------------------------------------------------------------------------------------------------- the command


def test_the_command(analysis: Analysis, folder: Path, tmp_path: Path):
    before, now = halves(analysis)
    worse = now.feedback.assign(nps=(now.feedback["nps"] - 4).clip(lower=0))
    for name, run in (("a", before), ("b", replace(now, feedback=worse))):
        write(run, tmp_path / name)
    shown = CliRunner().invoke(main, ["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    assert shown.exit_code == 0, shown.output
    assert "below the run before" in shown.stdout
    assert "No issue is told more or less than before" in shown.stdout
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())
    listed = CliRunner().invoke(main, ["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"])
    found = json.loads(listed.stdout)
    assert set(found) == {"counts", "notes", "figures", "themes"}
    assert any(figure["metric"] == "nps" and figure["holds"] for figure in found["figures"])
    wrong = CliRunner().invoke(main, ["compare", str(folder), str(tmp_path)])
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith("voc: ")

"""The three-week example: what was planted comes out as born, grown and gone, by name."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pandas as pd
import pytest

from voc.config import DEFAULTS
from voc.pipeline import analyze
from voc.readers import read_feedback
from voc.tables import Analysis
from voc.workspace import Memory, load, opened, save

EXAMPLES = Path(__file__).parent.parent / "examples"
WEEKS = EXAMPLES / "weeks"
NOW = pd.Timestamp("2026-05-25", tz="UTC").as_unit("us")


@pytest.fixture(scope="module")
def truth() -> dict:
    return json.loads((WEEKS / "truth.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Analysis]:
    """The analyses of the three weeks with one workspace."""
    path = tmp_path_factory.mktemp("weeks") / "nordlicht.duckdb"
    found = []
    for week in (1, 2, 3):
        with opened(path, create=True) as connection:
            memory = Memory(load(connection))
            reading = read_feedback([WEEKS / f"week{week}.csv"])
            found.append(analyze(reading.frame, DEFAULTS, notes=reading.notes, memory=memory))
            save(connection, memory.kept(found[-1], NOW, "test"))
    return found


def theme_of(analysis: Analysis, truth: dict, topic: str) -> str:
    """The theme that most clauses of a planted topic are in."""
    told = analysis.clauses[analysis.clauses["feedback_id"].isin(truth["mentions"][topic])]
    return told["theme_id"].value_counts().index[0]


def change(analysis: Analysis, theme_id: str) -> pd.Series:
    return analysis.changes.set_index("theme_id").loc[theme_id]


def test_regenerating_gives_the_identical_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    importlib.import_module("make_weeks").write(tmp_path)
    for path in WEEKS.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), f"run make example: {path.name} is stale"


def test_the_first_run_has_nothing_to_compare(runs: list[Analysis]):
    assert runs[0].changes.empty
    assert len(runs[0].themes) > 2


def test_the_outage_is_born_in_the_second_week(runs: list[Analysis], truth: dict):
    (topic,) = truth["born"]
    told = change(runs[1], theme_of(runs[1], truth, topic))
    assert told["change"] == "born"
    assert told["n_before"] == 0
    assert told["n_now"] >= 20
    assert "internet" in told["label"].casefold()


def test_the_hotline_grows_in_the_third_week(runs: list[Analysis], truth: dict):
    """The theme of most of its clauses has grown beyond chance, and no theme that is mostly about it has shrunk."""
    (topic,) = truth["grown"]
    told = change(runs[2], theme_of(runs[2], truth, topic))
    assert told["change"] == "grown"
    assert 0 < told["low"] < told["difference"] < told["high"]
    assert told["q_value"] <= 0.05
    about = runs[2].clauses["feedback_id"].isin(truth["mentions"][topic]).groupby(runs[2].clauses["theme_id"]).mean()
    changes = runs[2].changes[runs[2].changes["theme_id"].isin(about.index[about > 0.5])]
    assert not changes["change"].isin(["shrunk", "gone"]).any()


def test_the_mended_app_is_gone_in_the_third_week(runs: list[Analysis], truth: dict):
    (topic,) = truth["gone"]
    told = change(runs[2], theme_of(runs[2], truth, topic))
    # A few complaints of other kinds stay in the theme (42 comments, then 13), so it is not always empty.
    assert told["change"] in ("gone", "shrunk")
    assert told["n_now"] <= told["n_before"] / 3
    assert told["n_before"] >= 20
    assert told["high"] < 0


def test_steady_topics_are_steady(runs: list[Analysis], truth: dict):
    for topic in truth["steady"]:
        for week in (1, 2):
            assert change(runs[week], theme_of(runs[week], truth, topic))["change"] == "steady", (topic, week)


def test_overlapping_exports_add_nothing_twice(runs: list[Analysis], truth: dict):
    rows = [len(pd.read_csv(WEEKS / f"week{week}.csv")) for week in (1, 2, 3)]
    assert len(runs[2].feedback) == sum(rows) - 2 * truth["overlap"]
    assert not runs[2].feedback["feedback_id"].duplicated().any()
    notes = {note.text: note.count for note in runs[1].notes if note.stage == "workspace"}
    assert notes["comments were known with other words, and are read anew"] == 1
    assert notes["comments were known before and are not counted again"] == truth["overlap"] - 1


def test_a_theme_keeps_its_clauses_and_its_label(runs: list[Analysis], truth: dict):
    """Three weeks on, a clause is in the theme it was put in, unless the theme was split in the open."""
    split = set(runs[1].changes.loc[runs[1].changes["change"] == "split", "theme_id"])
    split |= set(runs[2].changes.loc[runs[2].changes["change"] == "split", "theme_id"])
    first = runs[0].clauses.set_index("clause_id")["theme_id"].dropna()
    first = first[~first.isin(split | {"t-other", "t-tone"})]
    last = runs[2].clauses.set_index("clause_id")["theme_id"].reindex(first.index).dropna()
    assert (last == first.reindex(last.index)).mean() > 0.99
    labels = [analysis.themes.set_index("theme_id")["label"] for analysis in runs]
    for theme_id in set(first):
        assert labels[0][theme_id] == labels[2][theme_id]

"""A workspace end to end: `voc analyze --workspace` and `voc themes`, with the tiny model."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from conftest import TinyEncoder
from workspace_fixture import NOW, week

from voc.cli import main
from voc.config import Config, from_mapping
from voc.encoder import ENCODERS
from voc.pipeline import analyze
from voc.readers import read_feedback
from voc.tables import Analysis
from voc.workspace import Memory, load, opened, save

QUICK = {"drivers": {"rounds": 40}, "issues": {"rounds": 40}}
BASE = {"delivery": 25, "app": 25, "staff": 25}


def settings(model: str) -> Config:
    return from_mapping({"sentiment": {"model": model}, **QUICK})


def run(path: Path, export: pd.DataFrame | None, model: str, *, reread: bool = False) -> Analysis:
    """One run with the workspace at `path`."""
    if export is not None:
        export.to_csv(path.parent / "export.csv", index=False)
    with opened(path, create=True) as connection:
        memory = Memory(load(connection), reread=reread)
        feedback = read_feedback([path.parent / "export.csv"]).frame
        found = analyze(feedback if export is not None else feedback.head(0), settings(model), memory=memory)
        save(connection, memory.kept(found, NOW, "test"), afresh=reread)
    return found


def voc(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two weekly exports."""
    weeks = [week(1, **BASE, heating=0), week(2, **{**BASE, "app": 60})]
    for number, export in enumerate(weeks, start=1):
        export.to_csv(tmp_path / f"week{number}.csv", index=False)
    return [tmp_path / f"week{number}.csv" for number in (1, 2)]


def test_the_report_covers_all_that_the_workspace_holds(tmp_path: Path, tiny: str):
    path = tmp_path / "a.duckdb"
    one = run(path, week(1, **BASE), tiny)
    two = run(path, week(2, **BASE), tiny)
    assert len(two.feedback) == len(one.feedback) + 115
    assert two.feedback["run"].value_counts().to_dict() == {1: 115, 2: 115}
    for name in ("sentiment", "label", "clean_text", "lang"):
        kept = two.feedback.set_index("feedback_id")[name].reindex(one.feedback["feedback_id"])
        assert kept.tolist() == one.feedback[name].tolist()
    assert two.issues["n_feedback"].sum() > one.issues["n_feedback"].sum()
    volume = two.metrics[(two.metrics["metric"] == "volume") & two.metrics["period_start"].notna()]
    assert (volume["n"] > 0).sum() >= 2, "the trend has a past"
    told = {note.text: note.count for note in two.notes if note.stage == "workspace"}
    assert told == {"comments are new; the report covers all 230 that the workspace holds": 115}


def test_reading_a_file_again_changes_nothing(tmp_path: Path, tiny: str):
    path = tmp_path / "a.duckdb"
    run(path, week(1, **BASE), tiny)
    two = run(path, week(2, **BASE), tiny)
    again = run(path, week(2, **BASE).sample(frac=1, random_state=2), tiny)
    for name in ("issues", "themes", "changes"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(two, name))
    assert len(again.feedback) == len(two.feedback)


def test_an_edited_comment_is_read_anew(tmp_path: Path, tiny: str):
    path, export = tmp_path / "a.duckdb", week(1, **BASE)
    run(path, export, tiny)
    export.loc[0, "comment"] = "great and friendly after all thanks lovely"
    found = run(path, export, tiny)
    row = found.feedback.set_index("feedback_id").loc[export.loc[0, "id"]]
    assert (row["label"], row["run"]) == ("positive", 1)
    assert found.clauses["feedback_id"].eq(export.loc[0, "id"]).sum() == 1


def test_copies_stand_in_two_exports(tmp_path: Path, tiny: str):
    """Another id, the same long words: the later one is a copy, though the first was read weeks ago."""
    path, export = tmp_path / "a.duckdb", week(1, **BASE)
    export.loc[0, "comment"] = "The parcel was late and the courier shouted at me in front of all of my neighbours"
    run(path, export, tiny)
    later = week(2, **BASE)
    later.loc[0, "comment"] = export.loc[0, "comment"]
    found = run(path, later, tiny).feedback.set_index("feedback_id")["suspect"]
    assert found[later.loc[0, "id"]] == f"duplicate of {export.loc[0, 'id']}"
    assert pd.isna(found[export.loc[0, "id"]])


def test_another_model_is_refused_until_everything_is_read_anew(tmp_path, tiny: str, monkeypatch):
    class Other(TinyEncoder):
        name, digest = "other", "1" * 64

    monkeypatch.setitem(ENCODERS._built_in, "other", lambda device: Other())
    path = tmp_path / "a.duckdb"
    one = run(path, week(1, **BASE), tiny)
    before = path.read_bytes()
    told = voc("analyze", "--workspace", path, "--model", "other", "--out", tmp_path / "out")
    assert told.exit_code == 2
    assert "was read with the model tiny 00000000 and this run has other 11111111" in told.output
    assert path.read_bytes() == before
    assert not (tmp_path / "out").exists()
    anew = run(path, None, "other", reread=True)
    assert len(anew.feedback) == len(one.feedback)
    with opened(path) as connection:
        assert load(connection).model == "other " + "1" * 64
    top = one.themes.loc[one.themes["parent_id"].isna(), "theme_id"]
    assert set(top) == set(anew.themes.loc[anew.themes["parent_id"].isna(), "theme_id"])


def test_personal_data_does_not_reach_the_file(tmp_path: Path, tiny: str):
    path, export = tmp_path / "a.duckdb", week(1, **BASE)
    export.loc[0, "comment"] += " write to jo.bloggs@example.org"
    run(path, export, tiny)
    assert b"jo.bloggs" not in path.read_bytes()
    again = run(path, export, tiny)
    assert len(again.feedback) == len(export)
    assert again.feedback["masked"].notna().sum() == 1, "what was masked then is still told"


def test_a_workspace_from_the_command_line(tmp_path: Path, files: list[Path], tiny: str):
    path, out = tmp_path / "acme.duckdb", tmp_path / "out"
    options = ("--workspace", path, "--model", tiny, "--out", out, "--set", "drivers.rounds=40")
    first = voc("analyze", files[0], *options)
    assert first.exit_code == 0, first.output
    assert "What changed" not in first.output
    second = voc("analyze", *files, *options)  # the first file again, and the new one
    assert second.exit_code == 0, second.output
    assert "What changed" in second.output
    changes = pd.read_csv(out / "changes.csv")
    assert set(changes["change"]) == {"grown", "steady"}
    (grown,) = changes.loc[changes["change"] == "grown", "theme_id"]

    renamed = voc("themes", "rename", grown, "App crashes at login", "--workspace", path)
    assert renamed.exit_code == 0, renamed.output
    muted = pd.read_csv(out / "issues.csv")["label"].iloc[-1]
    assert voc("themes", "mute", muted, "--workspace", path).exit_code == 0
    report = voc("analyze", *options)
    assert report.exit_code == 0, report.output
    assert "App crashes at login" in report.output
    assert f"muted, and so not ranked: '{muted}'" in " ".join(report.output.split())
    assert muted not in set(pd.read_csv(out / "issues.csv")["label"])
    assert "App crashes at login" in (out / "report.html").read_text("utf-8")

    listed = voc("themes", "list", "--workspace", path).output
    assert "renamed" in listed
    assert "muted" in listed
    logged = voc("themes", "log", "--workspace", path).output
    assert "renamed 'App crashes at login'" in " ".join(logged.split())
    undone = voc("themes", "undo", "--workspace", path)
    assert undone.output.startswith("Undone: ")
    assert "(undone)" in " ".join(voc("themes", "log", "--workspace", path).output.split())


def test_the_command_line_tells_what_it_cannot_do(tmp_path: Path, files: list[Path]):
    path = tmp_path / "acme.duckdb"
    assert "Missing argument 'SOURCE...'" in voc("analyze").output
    assert "--reread needs --workspace" in voc("analyze", files[0], "--reread").output
    for told in (voc("analyze", "--workspace", path), voc("themes", "list", "--workspace", path)):
        assert (told.exit_code, told.output.count("\n")) == (2, 1)
        assert "There is no workspace" in told.output
    assert voc("analyze", tmp_path / "no.csv", "--workspace", path).exit_code == 2
    assert not path.exists(), "a failed first run leaves no empty workspace behind"


def test_a_failed_report_keeps_the_workspace_as_it_was_before_or_whole(tmp_path, files, tiny: str, monkeypatch):
    """The workspace is written before the report: run again, the report is made of the same."""
    path, options = tmp_path / "a.duckdb", ("--model", tiny, "--set", "drivers.rounds=40")
    monkeypatch.setattr("voc.sinks.write", lambda *_: (_ for _ in ()).throw(RuntimeError("torn")))
    assert voc("analyze", files[0], "--workspace", path, *options, "--out", tmp_path / "out").exit_code == 1
    monkeypatch.undo()
    with opened(path) as connection:
        assert len(load(connection).feedback) == len(pd.read_csv(files[0]))

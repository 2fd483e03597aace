"""The bench runs to its end: each part by itself, a missing peer said in words, a failing part named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import channels, depth, frontier, speed, themes
from voc.errors import MissingExtra

FOLDER = Path(bench.__file__).parent


def test_every_part_is_run() -> None:
    assert {path.stem for path in FOLDER.glob("[a-z]*.py")} == {*bench.PARTS}


@pytest.mark.parametrize("part", bench.PARTS)
def test_every_part_runs_by_itself(part: str) -> None:
    assert (FOLDER / f"{part}.py").read_text(encoding="utf-8").rstrip().split("\n")[-2].startswith("if __name__")


def test_a_part_that_fails_is_named_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run: list[str] = []
    monkeypatch.setattr(bench, "failed", lambda part: [run.append(part), part == "themes"][1])
    assert bench.main([]) == 1
    assert run == [*bench.PARTS]
    assert capsys.readouterr().out == "\nFailed: themes\n"
    assert bench.main(["speed"]) == 0


def test_an_unknown_part_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["theme"]) == 2
    assert "There is no part theme; choose among quality, themes" in capsys.readouterr().out


def test_a_part_is_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").touch()
    for name, code in (("good", "0"), ("bad", "3")):
        (tmp_path / "bench" / f"{name}.py").write_text(f"raise SystemExit({code})", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert [bench.failed(part) for part in ("good", "bad")] == [False, True]


@pytest.mark.parametrize("package", ["bertopic", "hdbscan", "umap"])
def test_themes_without_the_peer(
    package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in {"bertopic", "hdbscan", "umap"} - {package}:
        monkeypatch.setitem(sys.modules, name, sys)
    monkeypatch.setitem(sys.modules, package, None)
    assert [*themes.finders()] == ["voc"]
    assert capsys.readouterr().out.startswith("BERTopic is left out (")
    monkeypatch.setitem(sys.modules, package, sys)
    assert [*themes.finders()] == ["voc", "BERTopic"]


def test_speed_without_torch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert speed.peers(["late again"]) == {}
    assert f"{speed.PEER} is left out" in capsys.readouterr().out


def test_depth_without_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise MissingExtra("the network", "torch")

    monkeypatch.setattr("bench.quality.DATA", tmp_path)
    monkeypatch.setattr(depth, "network", missing)
    depth.main()
    assert "Skipped (" in capsys.readouterr().out


def test_frontier_without_vader(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    assert frontier.vader() == []
    assert "VADER is left out" in capsys.readouterr().out


def test_channels_without_the_peer_or_the_mails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(channels, "CHANNELS", tmp_path / "none")
    channels.main(tmp_path)
    assert capsys.readouterr().out == f"Skipped: there is no {tmp_path / 'emails'}.\n"
    for folder, text in (
        ("emails", "Thanks\n\nOn Mon, Jan 5, 2026 at 9:00 AM Ann <ann@example.org> wrote:\n> late\n"),
        ("trimmed", "Thanks\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.txt").write_text(text, encoding="utf-8")
    monkeypatch.setitem(sys.modules, "mailparser_reply", None)
    channels.main(tmp_path)
    told = capsys.readouterr().out
    assert "mail-parser-reply is left out" in told
    assert "1 of 1" in told

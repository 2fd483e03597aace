"""A watched folder: whole files are taken once, half-written ones waited for, broken ones told and passed over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from voc.cli import main
from voc.errors import InputError
from voc.inbox import LEDGER, Inbox, arrivals, open_inbox, remember, result_of

QUICK = ("--set", "drivers.rounds=5", "--set", "issues.rounds=5", "--settle", "0")
Watch = Callable[..., Result]


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    (tmp_path / "in").mkdir()
    return open_inbox(tmp_path / "in", tmp_path / "out", settle=0)


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: str) -> Watch:
    """`voc watch in --once …` with a model that needs no weights."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir(exist_ok=True)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["watch", "in", "--out", "out", "--once", "--model", tiny, *QUICK, *arguments])

    return run


@pytest.fixture
def survey(complaints: pd.DataFrame, tmp_path: Path) -> Callable[[str], Path]:
    """Puts a small export into the folder."""

    def put(name: str, rows: int = 60) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True)
        complaints.head(rows).to_csv(path, index=False)
        return path

    return put


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


# ----------------------------------------------------------------------------------------------------------- the inbox


def test_new_files_are_taken_oldest_first_and_once(inbox: Inbox):
    for age, name in enumerate(("c.csv", "a.csv", "b.csv")):
        (inbox.folder / name).write_text(name)
        os.utime(inbox.folder / name, (1_000_000 - age, 1_000_000 - age))
    ready, waiting = arrivals(inbox)
    assert names(ready) == ["b.csv", "a.csv", "c.csv"]
    assert waiting == []
    for path in ready:
        remember(inbox, path, status="analysed", result=path.stem)
    assert arrivals(inbox) == ([], [])


def test_a_file_that_grows_is_waited_for(inbox: Inbox, monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr("voc.inbox.monotonic", lambda: now[0])
    inbox.settle = 5
    path = inbox.folder / "a.csv"
    for step in range(4):
        with path.open("a") as stream:
            stream.write("more\n")
        os.utime(path, (step + 1, step + 1))
        now[0] += 4
        assert arrivals(inbox) == ([], [path])
    now[0] += 4.9
    assert arrivals(inbox) == ([], [path])
    now[0] += 0.2
    assert arrivals(inbox) == ([path], [])


def test_an_empty_file_is_waited_for(inbox: Inbox):
    (inbox.folder / "a.csv").touch()
    assert arrivals(inbox) == ([], [inbox.folder / "a.csv"])


@pytest.mark.parametrize(
    "name", [".hidden", "~$open.xlsx", "a.csv.part", "a.CRDOWNLOAD", "b.tmp", ".a.csv.swp", "x.filepart"]
)
def test_unfinished_and_hidden_files_are_no_arrivals(inbox: Inbox, name: str):
    (inbox.folder / name).write_text("text")
    (inbox.folder / "folder.csv").mkdir()
    assert arrivals(inbox) == ([], [])


def test_a_touched_file_is_not_new_and_a_changed_one_is(inbox: Inbox):
    path = inbox.folder / "a.csv"
    path.write_text("one")
    remember(inbox, path, status="analysed", result="a")
    os.utime(path, (5, 5))
    assert arrivals(inbox) == ([], [])
    path.write_text("two and more")
    assert arrivals(inbox) == ([path], [])


def test_the_ledger_survives_a_restart(inbox: Inbox):
    good, bad = inbox.folder / "good.csv", inbox.folder / "bad.csv"
    for path in (good, bad):
        path.write_text(path.name)
    remember(inbox, good, status="analysed", result="good")
    remember(inbox, bad, status="failed", message="no text")
    again = open_inbox(inbox.folder, inbox.ledger.parent, settle=0)
    assert arrivals(again) == ([], [])
    assert arrivals(again, again=True) == ([bad], [])
    assert again.entries["bad.csv"].message == "no text"


def test_a_file_that_is_gone_meanwhile_is_no_error(inbox: Inbox):
    path = inbox.folder / "a.csv"
    path.write_text("one")
    path.unlink()
    remember(inbox, path, status="failed", message="gone")
    path.write_text("back")
    assert arrivals(inbox) == ([path], [])


def test_a_folder_that_is_away_is_a_mendable_error(inbox: Inbox):
    inbox.folder.rmdir()
    with pytest.raises(InputError, match="Cannot look into"):
        arrivals(inbox)


def test_two_files_of_one_stem_have_two_results(inbox: Inbox):
    first, second = inbox.folder / "may.csv", inbox.folder / "may.xlsx"
    first.write_text("one")
    assert result_of(inbox, first) == "may"
    remember(inbox, first, status="analysed", result="may")
    assert result_of(inbox, second) == "may-xlsx"
    assert result_of(inbox, first) == "may"


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', "\x00", '{"a.csv": {"size": 1}}'])
def test_a_broken_ledger_is_a_mendable_error(inbox: Inbox, text: str):
    inbox.ledger.parent.mkdir()
    inbox.ledger.write_text(text)
    with pytest.raises(InputError, match=LEDGER):
        open_inbox(inbox.folder, inbox.ledger.parent, settle=0)


def test_what_cannot_be_watched(tmp_path: Path):
    with pytest.raises(InputError, match="not a folder"):
        open_inbox(tmp_path / "nowhere", tmp_path / "out", settle=0)
    with pytest.raises(InputError, match="itself"):
        open_inbox(tmp_path, tmp_path, settle=0)


# --------------------------------------------------------------------------------------------------------- the command


def test_once_analyses_what_is_there_and_nothing_twice(watch: Watch, survey: Callable[[str], Path]):
    survey("may.csv")
    result = watch()
    assert result.exit_code == 0, result.output
    assert "may.csv: 60 comments" in result.stdout
    assert Path("out/may/report.html").is_file()
    assert Path("out/may/queue.csv").is_file()
    again = watch()
    assert (again.exit_code, again.stdout) == (0, "Nothing new in in\n")


def test_a_broken_file_is_told_and_passed_over(watch: Watch, survey: Callable[[str], Path]):
    survey("a.csv")
    Path("in/b.csv").write_bytes(b"PK\x03\x04 broken")
    survey("c.csv", rows=50)
    result = watch()
    assert result.exit_code == 1
    assert "voc: b.csv was passed over: " in result.stderr
    assert "Traceback" not in result.output
    assert sorted(path.name for path in Path("out").iterdir()) == ["a", "c", LEDGER]
    again = watch()
    assert again.exit_code == 0, "it is told once"
    assert watch("--retry").exit_code == 1
    survey("b.csv")
    assert watch().exit_code == 0
    assert Path("out/b/report.html").is_file()


def test_a_setting_that_one_file_does_not_bear_is_no_fault_of_voc(watch: Watch, survey: Callable[[str], Path]):
    """ConfigError of one file: it has no such column. The other has, and is analysed."""
    survey("a.csv")
    rows = pd.read_csv(survey("b.csv"))
    rows.assign(region="north").to_csv("in/b.csv", index=False)
    result = watch("--by", "region")
    assert result.exit_code == 1
    assert "voc: a.csv was passed over: Cannot split by 'region'" in result.stderr
    assert "Traceback" not in result.stderr
    assert "report this" not in result.stderr
    assert Path("out/b/report.html").is_file()


def test_a_fault_of_voc_stops_no_watch(watch: Watch, survey: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch):
    survey("a.csv")

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(sys.modules["voc.cli.analyze"], "carry_out", broken)
    result = watch()
    assert result.exit_code == 1
    assert "ZeroDivisionError: oops; please report this" in result.stderr


def test_settings_are_checked_before_any_file(watch: Watch, survey: Callable[[str], Path]):
    survey("a.csv")
    result = watch("--set", 'alerts.to=["nonsense://x"]')
    assert result.exit_code == 2
    assert "Apprise" in result.stderr
    assert not Path("out").exists()


def test_alerts_of_all_files_are_told_once_and_retried(
    watch: Watch, survey: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
):
    heard, works = [], [False]
    monkeypatch.setattr("voc.alerts.apprise_send", lambda _, title, body: works[0] and not heard.append(title))
    options = ("--set", 'alerts.to=["json://localhost/x"]', "--set", "alerts.urgency_over=1")
    survey("a.csv")
    failed = watch(*options)
    assert failed.exit_code == 3
    assert "could not be delivered; the next run tries again" in failed.stderr
    works[0] = True
    survey("b.csv", rows=61)
    assert watch(*options).exit_code == 0
    assert heard
    assert len(heard) == len(set(heard))
    secret = json.loads(Path("out/b/run.json").read_text("utf-8"))["settings"]["alerts"]["to"]
    assert secret == ["json://hidden"]


def test_it_watches_until_it_is_stopped(tmp_path: Path, survey: Callable[[str], Path]):
    """A process of its own: a file that arrives while it watches is analysed, and Ctrl-C ends it cleanly."""
    out, code = _watched(tmp_path, survey, "first.csv", signal.SIGINT)
    assert code == 0, out
    assert "first.csv: 60 comments" in out
    assert out.splitlines()[-1] == "Stopped."
    assert list(json.loads((tmp_path / "out" / LEDGER).read_text("utf-8"))) == ["first.csv"]
    assert not list((tmp_path / "out").glob(".*")), "nothing half-made is left"


def test_what_ends_a_service_ends_it(tmp_path: Path, survey: Callable[[str], Path]):
    out, code = _watched(tmp_path, survey, None, signal.SIGTERM)
    assert (code, out.splitlines()[-1]) == (0, "Stopped.")


def _watched(folder: Path, survey: Callable[[str], Path], name: str | None, stop: signal.Signals) -> tuple[str, int]:
    """What a watcher says until `stop`, sent once it has analysed the file `name` or at once, and its exit code."""
    (folder / "in").mkdir(exist_ok=True)
    starter = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import conftest;"
        "from voc.encoder import ENCODERS; ENCODERS._built_in['tiny'] = lambda device: conftest.TinyEncoder();"
        "from voc.cli import main; main()"
    )
    command = [
        sys.executable,
        "-c",
        starter,
        "watch",
        "in",
        "--out",
        "out",
        "--every",
        "0.1",
        "--model",
        "tiny",
        *QUICK,
    ]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        told: list[str] = []
        guard = threading.Timer(100, process.kill)
        guard.start()
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            if line.startswith("Watching") and name:
                survey(name)
            if line.startswith(name or "Watching"):
                time.sleep(0.2)
                process.send_signal(stop)
        guard.cancel()
    return "".join(told), process.returncode


def test_a_workspace_makes_one_result_of_all_files(watch: Watch, survey: Callable[[str], Path]):
    survey("a.csv", rows=40)
    assert watch("--workspace", "memory.voc").exit_code == 0
    survey("b.csv", rows=90)
    assert watch("--workspace", "memory.voc").exit_code == 0
    assert json.loads(Path("out/all/run.json").read_text("utf-8"))["counts"]["rows"] == 90, "forty of them are known"
    assert Path("out/all/changes.csv").is_file()


def test_a_share_that_comes_back_is_watched_on(
    tmp_path: Path, survey: Callable[[str], Path], monkeypatch, capsys, tiny
):
    """The folder vanishes and comes back with a file: told once, then analysed."""
    from voc.cli.watch import Job, _for_ever
    from voc.config import from_mapping

    (tmp_path / "in").mkdir()
    inbox = open_inbox(tmp_path / "in", tmp_path / "out", settle=0)
    looks = iter([(tmp_path / "in").rmdir, lambda: None, lambda: survey("a.csv"), lambda: None])

    def tick(_: float) -> None:
        step = next(looks, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(sys.modules["voc.cli.watch"].time, "sleep", tick)
    settings = {"sentiment": {"model": tiny}, "issues": {"rounds": 5}, "drivers": {"rounds": 5}}
    job = Job(tmp_path / "out", from_mapping(settings), (), None, quiet=False)
    with pytest.raises(KeyboardInterrupt):
        _for_ever(inbox, job, every=1, retry=False)
    told = capsys.readouterr()
    assert told.err.count("Cannot look into") == 1
    assert "a.csv: 60 comments" in told.out

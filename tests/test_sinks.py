"""The folder sink: everything or nothing, safe in a spreadsheet, read back unchanged."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis_fixture import empty_analysis, make_analysis
from hypothesis import given
from hypothesis import strategies as st

from voc.errors import ConfigError, InputError
from voc.sinks import SINKS, write
from voc.sinks import folder as folder_sink
from voc.sinks.folder import FILES
from voc.sinks.run import run_record, to_json
from voc.sinks.tabular import FORMULA_STARTS, neutralise, write_csv, write_parquet
from voc.tables import TABLES, Analysis, Note


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis(rows=120)


@pytest.fixture
def quick_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report has tests of its own; here any page will do."""
    monkeypatch.setattr("voc.report.render", lambda analysis, config: f"<html>{config.title}</html>")


@pytest.mark.parametrize("made", [make_analysis(rows=60), empty_analysis()], ids=["full", "empty"])
def test_writes_every_file_and_nothing_else(made: Analysis, tmp_path: Path) -> None:
    write(made, tmp_path / "deep" / "result")
    assert _names(tmp_path / "deep" / "result") == sorted(FILES)
    assert _names(tmp_path / "deep") == ["result"]
    assert "<html" in (tmp_path / "deep" / "result" / "report.html").read_text(encoding="utf-8")


def test_same_analysis_gives_the_same_bytes(analysis: Analysis, tmp_path: Path) -> None:
    write(analysis, tmp_path / "a")
    write(analysis, tmp_path / "b")
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@pytest.mark.parametrize("made", [make_analysis(rows=60), empty_analysis()], ids=["full", "empty"])
@pytest.mark.parametrize("name", ["feedback", "clauses"])
def test_parquet_reads_back_with_identical_dtypes(made: Analysis, name: str, tmp_path: Path) -> None:
    write_parquet(getattr(made, name), tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), getattr(made, name))


@pytest.mark.parametrize("schema", TABLES, ids=lambda schema: schema.name)
def test_parquet_keeps_every_declared_dtype(schema, tmp_path: Path) -> None:
    write_parquet(schema.empty(), tmp_path / "empty.parquet")
    read = pd.read_parquet(tmp_path / "empty.parquet")
    assert {name: str(dtype) for name, dtype in read.dtypes.items()} == {
        name: column.dtype for name, column in schema.columns.items()
    }


def test_parquet_takes_whatever_a_file_brought_along(tmp_path: Path) -> None:
    odd = pd.DataFrame(
        {
            "mixed": pd.Series([1, "two", None, 4.5], dtype=object),
            "category": pd.Categorical(["a", "b", None, "a"]),
            "period": pd.period_range("2025-01", periods=4, freq="M"),
            "flag": pd.Series([True, None, False, True], dtype="boolean"),
            "naive": pd.date_range("2025-01-01", periods=4).astype("datetime64[us]"),
            7: [0.5, 1.5, np.nan, 2.5],
        }
    )
    odd.attrs["source"] = object()
    write_parquet(odd, tmp_path / "odd.parquet")
    read = pd.read_parquet(tmp_path / "odd.parquet")
    assert read["mixed"].tolist() == ["1", "two", pd.NA, "4.5"]
    assert [str(read[name].dtype) for name in ("flag", "naive", "7")] == ["boolean", "datetime64[us]", "float64"]
    assert read["period"].iloc[0] == "2025-01"


@given(st.text(max_size=40))
def test_no_text_starts_like_a_formula(text: str) -> None:
    safe = neutralise(pd.Series([text], dtype=object)).iloc[0]
    assert not safe.startswith(FORMULA_STARTS)
    assert safe in (text, f"'{text}")
    assert (safe == text) != text.startswith(FORMULA_STARTS)


def test_csv_is_safe_in_a_spreadsheet(analysis: Analysis, tmp_path: Path) -> None:
    issues = analysis.issues.copy()
    issues["label"] = pd.Series(
        ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1"][: len(issues)], dtype="string"
    )
    drivers = analysis.drivers
    write_csv(issues, tmp_path / "issues.csv")
    write_csv(drivers, tmp_path / "drivers.csv")
    assert (tmp_path / "issues.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "issues.csv").open(encoding="utf-8-sig", newline="") as opened:
        labels = [row["label"] for row in csv.DictReader(opened)]
    assert all(label.startswith("'") for label in labels)
    read = pd.read_csv(tmp_path / "drivers.csv")
    assert (read["difference"] < 0).all(), "a negative number stays a number"
    np.testing.assert_allclose(read["difference"], drivers["difference"].astype(float), rtol=1e-6)


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (lambda target: target.write_text("mine"), "is a file"),
        (lambda target: _fill(target, "thesis.docx"), "did not write"),
        (lambda target: _fill(target, "run.json", '{"other": "program"}'), "did not write"),
        (lambda target: _fill(target, "run.json", "not json"), "did not write"),
        (lambda target: _fill(target, "run.json", "[1]"), "did not write"),
    ],
    ids=["file", "strange folder", "strange record", "broken record", "list"],
)
def test_never_overwrites_what_voc_did_not_write(
    before, message: str, analysis: Analysis, tmp_path: Path, quick_report: None
) -> None:
    target = tmp_path / "out"
    before(target)
    held = _contents(tmp_path)
    with pytest.raises(InputError, match=message):
        write(analysis, target)
    assert _contents(tmp_path) == held


def test_replaces_an_older_result_and_keeps_peoples_files(
    analysis: Analysis, tmp_path: Path, quick_report: None
) -> None:
    target = tmp_path / "out"
    target.mkdir()
    write(analysis, target)
    (target / "notes.txt").write_text("call the bank")
    older = (target / "run.json").read_text()
    write(replace(analysis, notes=(Note("read", "second run"),)), target)
    assert (target / "run.json").read_text() != older
    assert (target / "notes.txt").read_text() == "call the bank"
    assert _names(target) == sorted([*FILES, "notes.txt"])
    assert _names(tmp_path) == ["out"]


@pytest.mark.parametrize("broken", ["write_csv", "write_parquet", "to_json", "_swap"])
def test_a_failed_run_changes_nothing(
    broken: str, analysis: Analysis, tmp_path: Path, quick_report: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(analysis, tmp_path / "out")
    held = _contents(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_sink, broken, fail)
    with pytest.raises(InputError, match="No space left"):
        write(replace(analysis, model="another"), tmp_path / "out")
    assert _contents(tmp_path) == held


def test_a_swap_that_stops_half_way_is_taken_back(
    analysis: Analysis, tmp_path: Path, quick_report: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(analysis, tmp_path / "out")
    held = _contents(tmp_path)
    rename = Path.rename

    def stumble(self: Path, target: Path) -> Path:
        if target == tmp_path / "out" and "older" not in str(self):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stumble)
    with pytest.raises(InputError, match="Permission denied"):
        write(replace(analysis, model="another"), tmp_path / "out")
    assert _contents(tmp_path) == held


def test_a_bug_leaves_nothing_behind(analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voc.report.render", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(analysis, tmp_path / "out")
    assert _names(tmp_path) == []


def test_writes_into_the_folder_one_stands_in(
    analysis: Analysis, tmp_path: Path, quick_report: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount point or the shell's own folder cannot be renamed; the files are replaced one by one."""
    monkeypatch.chdir(tmp_path)
    write(analysis, ".")
    write(analysis, ".")
    assert _names(tmp_path) == sorted(FILES)


def test_follows_a_link_to_the_folder(analysis: Analysis, tmp_path: Path, quick_report: None) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(analysis, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "run.json").exists()


@pytest.mark.parametrize("target", ["file/out", "\0", "x" * 300], ids=["below a file", "null byte", "long name"])
def test_a_target_that_cannot_be_is_one_clear_error(
    target: str, analysis: Analysis, tmp_path: Path, quick_report: None
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write to"):
        write(analysis, tmp_path / target)


def test_an_unwritable_place_is_one_clear_error(
    analysis: Analysis, tmp_path: Path, quick_report: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        write(analysis, tmp_path / "out")


@pytest.mark.skipif(os.name != "posix", reason="umask is POSIX's")
def test_others_may_read_what_the_umask_allows(analysis: Analysis, tmp_path: Path, quick_report: None) -> None:
    before = os.umask(0o022)
    try:
        write(analysis, tmp_path / "out")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


def test_the_record_counts_and_is_valid_json(analysis: Analysis, tmp_path: Path, quick_report: None) -> None:
    odd = replace(
        analysis,
        settings={**analysis.settings, "extra": {"nan": float("nan"), "many": (1, np.int64(2), np.float32(0.5))}},
        timings={"themes": 1.23456, "clean": float("inf")},
        model="voc-small 0123456789ab",
    )
    write(odd, tmp_path / "out")
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"), parse_constant=_refuse)
    assert [*record] == [
        "voc", "python", "libraries", "model", "inputs", "counts", "notes", "settings", "timings",
    ]  # fmt: skip
    assert record["model"] == {"name": "voc-small", "digest": "0123456789ab"}
    assert record["settings"]["extra"] == {"nan": None, "many": [1, 2, 0.5]}
    assert record["timings"] == {"themes": 1.235, "clean": None}
    assert record["inputs"][0]["sha256"] == "ab" * 32
    counts = record["counts"]
    assert counts["rows"] == 120
    assert counts["skipped"] == {"empty": 2, "says nothing": 2}
    assert counts["used"] == 116 == sum(counts["languages"].values())
    assert counts["suspect"] == {"duplicate": 2, "score contradicts text": 1}
    assert (counts["clauses"], counts["themes"]) == (len(analysis.clauses), len(analysis.themes))


def test_the_record_of_nothing() -> None:
    counts = json.loads(to_json(run_record(empty_analysis())))["counts"]
    assert counts["rows"] == counts["used"] == 0
    assert counts["skipped"] == {}


def test_an_unknown_sink_lists_the_choices(analysis: Analysis, tmp_path: Path) -> None:
    assert [*SINKS] == ["folder"]
    with pytest.raises(ConfigError, match="did you mean 'folder'"):
        write(analysis, tmp_path / "out", sink="foldr")


def _refuse(constant: str) -> float:
    raise AssertionError(f"{constant} is not JSON")


def _fill(target: Path, name: str, text: str = "mine") -> None:
    target.mkdir()
    (target / name).write_text(text)


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def _contents(folder: Path) -> dict[str, bytes | None]:
    found = sorted(folder.rglob("*"))
    return {str(each.relative_to(folder)): each.read_bytes() if each.is_file() else None for each in found}

"""Every notebook runs from top to bottom without an error, and is committed without outputs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
SECONDS_PER_CELL = 300
"""For slow machines; the whole notebook takes well under a minute on two cores."""

pytestmark = [
    pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name),
    # The kernel's message loop is other people's code: what it warns of is not voc's to mend.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture
def kernel(tmp_path, monkeypatch) -> str:
    """The name of a kernel that is the running interpreter, whatever kernels the machine has."""
    folder = tmp_path / "kernels" / "running"
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "running", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return "running"


def test_it_runs(path, kernel):
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, kernel_name=kernel, timeout=SECONDS_PER_CELL, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("text/html" in output.get("data", {}) for output in outputs), "no table was shown"


def test_it_is_committed_without_outputs(path):
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)

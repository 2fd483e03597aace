"""What tests of the command line share."""

from __future__ import annotations

from click.testing import Result


def told(result: Result) -> str:
    """The one line a user gets where something is wrong."""
    assert result.exit_code == 2, f"{result.output}\n{result.exception!r}"
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("voc: ")
    assert "Traceback" not in result.output
    return lines[0]

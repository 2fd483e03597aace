"""What `voc analyze` prints of comparisons and changes: the surest, no more than a few, and nothing old as new."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
from analysis_fixture import empty_analysis
from rich.console import Console

from voc.cli.analyze import DIFFERENCES_SHOWN, _show_differences
from voc.cli.changes import show_changes
from voc.comparisons import compare
from voc.config import ComparisonsConfig, MetricsConfig
from voc.tables import CHANGES, COMPARISONS, FEEDBACK


def printed(comparisons: pd.DataFrame) -> str:
    heard = io.StringIO()
    _show_differences(replace(empty_analysis(), comparisons=comparisons), Console(file=heard, width=300))
    return heard.getvalue()


def test_the_surest_differences_are_printed():
    nps = np.repeat([10, 0, 8, 5, 9, 3], 50)
    rows = {"feedback_id": np.arange(300).astype(str), "text": "words", "nps": nps, "plan": np.repeat([*"abcdef"], 50)}
    table = compare(FEEDBACK.check(pd.DataFrame(rows)), MetricsConfig(by=("plan",)), ComparisonsConfig())
    lines = printed(table).strip().splitlines()
    assert len(lines) == DIFFERENCES_SHOWN + 1
    assert all(line.startswith("- plan ") and "holds after correcting for 6 comparisons" in line for line in lines[:-1])
    assert lines[-1] == f"{table['holds'].sum() - DIFFERENCES_SHOWN} more differences in comparisons.csv"


def test_of_one_segment_one_difference_is_printed_and_the_rest_are_counted():
    ids, plan = np.arange(400).astype(str), np.repeat([*"ab"], 200)
    answers = {"nps": np.repeat([10, 8, 6, 3], 100), "rating": np.repeat([5, 4, 2, 1], 100)}
    rows = {"feedback_id": ids, "text": "words", "plan": plan} | answers
    table = compare(FEEDBACK.check(pd.DataFrame(rows)), MetricsConfig(by=("plan",)), ComparisonsConfig())
    assert table["holds"].sum() == 2
    assert printed(table).strip().splitlines()[1:] == ["1 more difference in comparisons.csv"]


def test_where_nothing_holds_nothing_is_printed():
    assert printed(COMPARISONS.empty()) == ""


def test_a_theme_that_was_found_is_counted_and_not_called_new():
    rows = {
        "change": ["born", "found", "steady"], "theme_id": [*"abc"], "label": ["outage", "money", "staff"],
        "n_now": [9, 4, 5], "n_before": [0, 4, 5], "of_now": 100, "of_before": 100, "share_now": [0.09, 0.04, 0.05],
        "share_before": [0, 0.04, 0.05],
    }  # fmt: skip
    heard = io.StringIO()
    changes = CHANGES.check(pd.DataFrame(rows).reindex(columns=[*CHANGES.columns]))
    show_changes(replace(empty_analysis(), changes=changes), Console(file=heard, width=300))
    table, tail = heard.getvalue().rsplit("\n", 2)[:2]
    assert "outage" in table
    assert "money" not in table
    assert tail.startswith("1 theme told apart for the first time, as frequent before; 1 theme changed by")

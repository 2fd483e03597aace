"""Small tables for the tests of the figures, and the one row that they look at."""

from __future__ import annotations

import pandas as pd

from voc.config import MetricsConfig
from voc.tables import FEEDBACK

LOOSE = MetricsConfig(min_answers=1)


def feedback(**columns) -> pd.DataFrame:
    """One row per value of the columns, with an id and words."""
    n = max(len(each) for each in columns.values())
    ids = [f"f{i:05d}" for i in range(n)]
    return FEEDBACK.check(pd.DataFrame({"feedback_id": ids, "text": "words", **columns}))


def overall(table: pd.DataFrame, metric: str) -> pd.Series:
    """The row of a metric about everything, all time; there is exactly one."""
    rows = table[(table["metric"] == metric) & (table["by"] == "all") & table["period_start"].isna()]
    assert len(rows) == 1
    return rows.iloc[0]

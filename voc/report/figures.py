"""Survey figures for the page: which there are, in which order, and where in metrics.csv each of them stands."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.estimates import ALLOWED
from voc.report.speech import Speech, speech_of

ORDER = (
    "volume", "nps", "csat", "ces", "rating", "experience", "net_sentiment", "churn_rate", "response_rate",
    "first_reply_time", "resolution_time",
)  # fmt: skip
"""The figures that the page shows, in its order; the others stand in metrics.csv."""


@dataclass(frozen=True)
class Figure:
    """One figure with its interval; `value`, `low` and `high` are missing where answers are too few. `row` says which
    row of its table it is."""

    metric: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    unit: str
    definition: str
    row: str

    @property
    def name(self) -> str:
        """What people call it, in English."""
        return name_of(self.metric)

    @property
    def text(self) -> str:
        """The figure, or that there is none, in English."""
        return _english().figure(self.value, self.unit)

    @property
    def interval(self) -> str:
        """The 95 % interval in English; empty where there is none."""
        return _english().interval(self.low, self.high, self.unit)


def _english() -> Speech:
    return speech_of("en")


def name_of(metric: str) -> str:
    """What people call a metric, in English."""
    return _english().metric(metric)


def in_order(metrics: pd.DataFrame) -> list[str]:
    """The metrics of a table that the page shows, in its order."""
    held = set(metrics["metric"].astype(str))
    return [name for name in ORDER if name in held]


def figures(metrics: pd.DataFrame) -> list[Figure]:
    """One Figure for each row of a metrics table, in its order."""
    return [_figure(row) for row in metrics.to_dict("records")]


def overall(metrics: pd.DataFrame) -> dict[str, Figure]:
    """The figures about everything, all time, by metric, in the order of the page; the others follow."""
    rows = metrics[(metrics["by"] == "all") & metrics["period_start"].isna()]
    held = {figure.metric: figure for figure in figures(rows)}
    return {name: held[name] for name in [*in_order(rows), *sorted(held.keys() - set(ORDER))]}


def by_period(metrics: pd.DataFrame) -> pd.DataFrame:
    """The rows about everything, one a metric and period, oldest first."""
    rows = metrics[(metrics["by"] == "all") & metrics["period_start"].notna()]
    return rows.sort_values("period_start", kind="stable")


def by_segment(metrics: pd.DataFrame) -> pd.DataFrame:
    """The rows about segments, all time."""
    return metrics[~metrics["by"].isin(["all", "trust"]) & metrics["period_start"].isna()]


def used_rows(feedback: pd.DataFrame) -> pd.DataFrame:
    """The comments that were analysed: those without a reason to skip them."""
    return feedback[feedback["skip"].isna()] if "skip" in feedback else feedback


def _figure(row: dict[Hashable, Any]) -> Figure:
    return Figure(
        metric=str(row["metric"]),
        n=int(real(row.get("n")) or 0),
        value=real(row.get("value")),
        low=real(row.get("low")),
        high=real(row.get("high")),
        unit=words(row.get("unit")),
        definition=words(row.get("definition")),
        row=row_name(row, "metric", "by", "segment", "period_start"),
    )


def row_name(row: dict[Hashable, Any], *names: str) -> str:
    """Which row of its table it is, as the values of the columns that tell it from the others, in CSV's spelling."""
    told = ((name, row.get(name)) for name in names)
    return "; ".join(
        f"{name}={value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{name}={value}"
        for name, value in told
        if value is not None and not pd.isna(value)
    )


def real(value: Any) -> float | None:
    """A cell as a number; missing stays missing."""
    return None if value is None or pd.isna(value) else float(value)


def verdict(holds: Any, ends: tuple[float | None, float | None], q_value: Any) -> str:
    """The key of what is said of a difference: that it holds, else why not; empty where nothing tells.

    What an interval leaves out is not within chance: it may be one of many comparisons, or too small to matter.

    >>> verdict(False, (0.03, 0.35), 0.06), verdict(False, (0.01, 0.03), 0.001), verdict(False, (-1.0, 2.0), 0.5)
    ('chance_of_many', 'but_small', 'within_chance')
    """
    low, high = ends
    if not pd.isna(holds) and bool(holds):
        return "holds"
    if low is None or high is None:
        return "" if pd.isna(holds) else "within_chance"
    if low <= 0 <= high:
        return "within_chance"
    if pd.isna(holds):
        return "holds"
    q = real(q_value)
    return "but_small" if q is not None and q <= ALLOWED else "chance_of_many"


def whole(value: Any) -> int | None:
    """A cell as a whole number; missing stays missing."""
    return None if value is None or pd.isna(value) else round(float(value))


def words(value: Any) -> str:
    """A cell as text; missing is empty."""
    return "" if value is None or pd.isna(value) else str(value).strip()

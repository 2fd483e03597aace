"""Survey figures for the page: what each metric is called, how its unit is written, and which rows the page needs."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.report.wording import number

TOO_FEW = "too few answers"

NAMES = {
    "volume": "Comments",
    "nps": "NPS",
    "csat": "CSAT",
    "ces": "CES",
    "rating": "Rating",
    "net_sentiment": "Net sentiment",
    "first_reply_time": "First reply",
    "resolution_time": "Resolution",
}
"""The figures that the page shows, in its order; the others stand in metrics.csv."""
MEANINGS = {
    "volume": "comments with usable text",
    "nps": "promoters minus detractors, from −100 to +100",
    "csat": "satisfied customers",
    "ces": "mean effort score",
    "rating": "mean rating",
    "net_sentiment": "positive minus negative comments, from −100 to +100",
    "first_reply_time": "mean time to the first reply",
    "resolution_time": "mean time to the solution",
}


@dataclass(frozen=True)
class Unit:
    """How figures of one unit are written; `factor` turns the stored figure into the written one."""

    decimals: int = 2
    signed: bool = False
    factor: float = 1.0
    suffix: str = ""

    def write(self, value: float) -> str:
        """The figure as people write it."""
        return number(value * self.factor, self.decimals, signed=self.signed) + self.suffix


UNITS = {
    "comments": Unit(decimals=0),
    "points": Unit(decimals=0, signed=True),
    "%": Unit(decimals=0, suffix="%"),
    "share": Unit(decimals=0, factor=100, suffix="%"),
    "hours": Unit(decimals=1, suffix=" h"),
}


@dataclass(frozen=True)
class Figure:
    """One figure with its interval, ready to print; `value`, `low` and `high` are missing where answers are too few."""

    metric: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    unit: str
    definition: str

    @property
    def name(self) -> str:
        """What people call it."""
        return name_of(self.metric)

    @property
    def meaning(self) -> str:
        """One line for those who do not know the abbreviation; a rating says its scale."""
        scale = f", {self.unit.replace('-', '–')}" if self.unit.startswith("on ") else ""
        return MEANINGS.get(self.metric, "") + scale

    @property
    def text(self) -> str:
        """The figure, or that there is none."""
        return TOO_FEW if self.value is None else self.write(self.value)

    @property
    def interval(self) -> str:
        """The 95 % interval in words; empty where there is none."""
        return "" if self.low is None or self.high is None else f"{self.write(self.low)} to {self.write(self.high)}"

    def write(self, value: float) -> str:
        """A value of this figure's unit as people write it."""
        return UNITS.get(self.unit, Unit()).write(value)


def name_of(metric: str) -> str:
    """What people call a metric."""
    return NAMES.get(metric, metric.replace("_", " ").capitalize())


def in_order(metrics: pd.DataFrame) -> list[str]:
    """The metrics of a table that the page shows, in its order."""
    held = set(metrics["metric"].astype(str))
    return [name for name in NAMES if name in held]


def figures(metrics: pd.DataFrame) -> list[Figure]:
    """One Figure for each row of a metrics table, in its order."""
    return [_figure(row) for row in metrics.to_dict("records")]


def overall(metrics: pd.DataFrame) -> dict[str, Figure]:
    """The figures about everything, all time, by metric, in the order of the page; the others follow."""
    rows = metrics[(metrics["by"] == "all") & metrics["period_start"].isna()]
    held = {figure.metric: figure for figure in figures(rows)}
    return {name: held[name] for name in [*in_order(rows), *sorted(held.keys() - NAMES.keys())]}


def by_period(metrics: pd.DataFrame) -> pd.DataFrame:
    """The rows about everything, one a metric and period, oldest first."""
    rows = metrics[(metrics["by"] == "all") & metrics["period_start"].notna()]
    return rows.sort_values("period_start", kind="stable")


def by_segment(metrics: pd.DataFrame) -> pd.DataFrame:
    """The rows about segments, all time."""
    return metrics[(metrics["by"] != "all") & metrics["period_start"].isna()]


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
    )


def real(value: Any) -> float | None:
    """A cell as a number; missing stays missing."""
    return None if value is None or pd.isna(value) else float(value)


def whole(value: Any) -> int | None:
    """A cell as a whole number; missing stays missing."""
    return None if value is None or pd.isna(value) else round(float(value))


def words(value: Any) -> str:
    """A cell as text; missing is empty."""
    return "" if value is None or pd.isna(value) else str(value).strip()

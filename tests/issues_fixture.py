"""Small files with planted complaints, for the tests of the ranking."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from voc.config import DriversConfig, IssuesConfig
from voc.drivers import attribute
from voc.issues import rank_issues
from voc.tables import CLAUSES, FEEDBACK, THEMES

QUICK = IssuesConfig(rounds=100)
NOW = pd.Timestamp("2025-06-30", tz="UTC")


@dataclass(frozen=True)
class Complaint:
    """`comments` that tell of one theme, `days` before now each, with a severity, signals (of the first `alarming`)."""

    comments: int
    severity: float = 0.4
    signals: str = ""
    alarming: int | None = None
    days: tuple[float, ...] = ()
    status: str = "complaints"
    label: str = "negative"
    nps: int | None = None
    text: str = "words"


@dataclass
class File:
    """A file in the making: comments without a theme first, then the complaints'."""

    others: int = 500
    nps: int | None = None
    dated: bool = True
    customers: bool = True
    rows: list[dict] = field(default_factory=list)
    parts: list[dict] = field(default_factory=list)

    def comment(self, day: float, nps: int | None) -> str:
        key = f"f{len(self.rows):05d}"
        row = {"feedback_id": key, "text": "words", "nps": nps}
        row |= {"created_at": NOW - pd.Timedelta(days=day)} if self.dated else {}
        row |= {"customer_id": f"c{len(self.rows)}"} if self.customers else {}
        self.rows.append(row)
        return key


def spread(n: int, first: float = 179.0) -> list[float]:
    """n days before now, evenly from `first` to today."""
    return np.linspace(first, 0, n).tolist() if n > 1 else [1.0] * n


def build(complaints: dict[str, Complaint], **options) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Feedback, clauses and themes."""
    file = File(**options)
    for day in spread(file.others):
        file.comment(day, file.nps)
    for theme, told in complaints.items():
        for number, day in enumerate(told.days or spread(told.comments)):
            key = file.comment(day, told.nps)
            alarming = number < (told.comments if told.alarming is None else told.alarming)
            file.parts.append({
                "clause_id": f"{key}-0", "feedback_id": key, "position": 0, "start": 0, "end": 5, "lang": "en",
                "text": f"{told.text} {number}", "label": told.label, "severity": told.severity, "theme_id": theme,
                "signals": told.signals if alarming else None, "quote_rank": 1 if number == told.comments - 1 else None,
            })  # fmt: skip
    feedback = pd.DataFrame(file.rows)
    feedback = feedback.drop(columns="nps") if feedback["nps"].isna().all() else feedback
    themes = pd.DataFrame(
        [{"theme_id": theme, "label": f"about {theme}", "status": told.status} for theme, told in complaints.items()]
    )
    return FEEDBACK.check(feedback), CLAUSES.check(pd.DataFrame(file.parts)), THEMES.check(themes)


def rank(complaints: dict[str, Complaint], config: IssuesConfig = QUICK, **options) -> pd.DataFrame:
    """ISSUES of a file, by theme_id, in the order of rank."""
    tables = build(complaints, **options)
    return issues_of(*tables, config=config).set_index("theme_id", drop=False)


def issues_of(feedback, clauses, themes, *, config: IssuesConfig = QUICK) -> pd.DataFrame:
    drivers = attribute(feedback, clauses, themes, DriversConfig(rounds=50))
    return rank_issues(feedback, clauses, themes, drivers, config)


FIRE = Complaint(4, severity=0.95, signals="safety", text="the charger caught fire and burned my hand")

"""The ranked issues as a reader meets them: how urgent, how sure, why, in whose words. Also what customers praise."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from voc.report import charts
from voc.report.associations import sentence
from voc.report.figures import real, used_rows, whole, words
from voc.report.quotes import Quote, lone_quote, quotes_of, tellings
from voc.report.trend import Calendar
from voc.report.wording import number, percent, several
from voc.tables import Analysis

if TYPE_CHECKING:
    from markupsafe import Markup

PARTS = {
    "reach": ("Reach", "how many customers tell of it"),
    "severity": ("Severity", "how bad what they tell is"),
    "momentum": ("Growth", "how often it is told now against its own past; 25 is steady"),
    "impact": ("Score", "how much worse the score is where it is told; an association"),
    "immediacy": (
        "Immediacy",
        "signals that call for action now: outages, deadlines, repeated contact, threats to leave",
    ),
    "danger": ("Danger", "harm to health, rights or money; lifts the urgency whatever the other parts say"),
}
MISSING = {"momentum": "no dates", "impact": "too few scores"}
MOST_PRAISE = 5


@dataclass(frozen=True)
class Part:
    """One part of urgency: 0-100, or missing with the reason."""

    name: str
    meaning: str
    value: int | None
    missing: str


@dataclass(frozen=True)
class Issue:
    """One ranked issue; `low` and `high` are the ends of urgency's interval."""

    rank: int
    certainty: str
    label: str
    keywords: str
    urgency: int
    low: float | None
    high: float | None
    interval: str
    parts: tuple[Part, ...]
    why: str
    n_feedback: int
    voices: str
    share: str
    association: str
    quotes: tuple[Quote, ...]
    sparkline: Markup | None
    course: str


@dataclass(frozen=True)
class Praise:
    """One thing that customers praise."""

    label: str
    voices: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class Evidence:
    """What stands behind the issues: clauses by theme, keywords by theme, associations, periods, comments in all."""

    told: dict[Hashable, pd.DataFrame]
    keywords: dict[Hashable, str]
    drivers: pd.DataFrame
    calendar: Calendar | None
    n_used: int


def ranked(analysis: Analysis, calendar: Calendar | None, *, most: int) -> tuple[Issue, ...]:
    """The first `most` issues in the order of their ranks."""
    issues = analysis.issues.sort_values(["rank", "theme_id"], kind="stable").head(most)
    themes = analysis.themes
    evidence = Evidence(
        told=tellings(analysis, issues["theme_id"]),
        keywords=dict(zip(themes["theme_id"], map(words, themes["keywords"]), strict=True))
        if "keywords" in themes
        else {},
        drivers=analysis.drivers,
        calendar=calendar,
        n_used=len(used_rows(analysis.feedback)),
    )
    return tuple(_issue(row, evidence) for row in issues.to_dict("records"))


def praised(analysis: Analysis) -> tuple[Praise, ...]:
    """The themes of praise, most told first; empty where none were looked for."""
    themes = analysis.themes
    if "status" not in themes:
        return ()
    praise = themes[themes["status"].eq("praise") & themes["parent_id"].isna()].sort_values(
        ["n_feedback", "theme_id"], ascending=[False, True]
    )
    shown = praise.head(MOST_PRAISE)
    told = tellings(analysis, shown["theme_id"])
    return tuple(
        Praise(
            words(row["label"]), several(whole(row["n_feedback"]) or 0, "comment"), quotes_of(told.get(row["theme_id"]))
        )
        for row in shown.to_dict("records")
    )


def _issue(row: dict[Hashable, Any], evidence: Evidence) -> Issue:
    theme_id, n_feedback = row["theme_id"], whole(row.get("n_feedback")) or 0
    told = evidence.told.get(theme_id)
    sparkline, course = _course(told, evidence.calendar)
    return Issue(
        rank=int(row["rank"]),
        certainty=_certainty(row),
        label=words(row.get("label")) or "Issue without a name",
        keywords=evidence.keywords.get(theme_id, ""),
        urgency=whole(row.get("urgency")) or 0,
        low=real(row.get("urgency_low")),
        high=real(row.get("urgency_high")),
        interval=_interval(row),
        parts=tuple(_part(name, row[name]) for name in PARTS if name in row),
        why=words(row.get("why")),
        n_feedback=n_feedback,
        voices=_voices(n_feedback, whole(row.get("n_customers"))),
        share=percent(n_feedback / evidence.n_used) if evidence.n_used else "",
        association=sentence(evidence.drivers, theme_id),
        quotes=quotes_of(told) or lone_quote(row.get("quote")),
        sparkline=sparkline,
        course=course,
    )


def _voices(n_feedback: int, n_customers: int | None) -> str:
    comments = several(n_feedback, "comment")
    return f"{comments} from {several(n_customers, 'customer')}" if n_customers else comments


def _certainty(row: dict[Hashable, Any]) -> str:
    """How sure the rank is: its range and the chance of the top three, where the table has them."""
    best, worst, top3 = whole(row.get("rank_low")), whole(row.get("rank_high")), real(row.get("top3"))
    if best is None or worst is None:
        return ""
    if best == worst:
        return f"a firm rank {best}"
    place = f"rank {best} to {worst}"
    return place if top3 is None else f"{place}; {percent(top3)} chance of the top three"


def _interval(row: dict[Hashable, Any]) -> str:
    low, high = real(row.get("urgency_low")), real(row.get("urgency_high"))
    if low is None or high is None:
        return ""
    least, most = number(low), number(high)
    return f"{least} to {most}" if least != most else f"about {least}"


def _part(name: str, value: Any) -> Part:
    share, (title, meaning) = real(value), PARTS[name]
    return Part(title, meaning, None if share is None else round(100 * share), MISSING.get(name, "not known"))


def _course(told: pd.DataFrame | None, calendar: Calendar | None) -> tuple[Markup | None, str]:
    """How often the theme was told, period by period, as a small chart and in words."""
    if calendar is None or told is None or "created_at" not in told:
        return None, ""
    counts = calendar.count(told.drop_duplicates("feedback_id")["created_at"])
    peak = max(range(len(counts)), key=counts.__getitem__)
    told_most = f"most in {calendar.name(calendar.starts[peak])} ({number(counts[peak])})"
    said = f"Comments per {calendar.unit}: {number(counts[0])} at first, {number(counts[-1])} at last, {told_most}"
    return charts.sparkline(calendar.starts, counts, label=said), said

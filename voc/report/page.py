"""What stands on the page, top to bottom, as plain values: the template only lays it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.config import ReportConfig
from voc.report.associations import Association, associations
from voc.report.figures import NAMES, Figure, overall, used_rows
from voc.report.issues import Issue, Praise, praised, ranked
from voc.report.segments import Split, splits
from voc.report.trend import Calendar, Trend, calendar_of, trends
from voc.report.trust import Trust, trust
from voc.report.wording import day, language, listing, number, percent, several
from voc.tables import Analysis

TOP = 5
"""Issues shown in full: what a manager reads in two minutes. The others open on demand."""


HEADINGS = {
    "complaints": "What to fix first",
    "praise": "What customers praise",
    "everything": "What customers talk about",
}


@dataclass(frozen=True)
class Page:
    """The whole report."""

    title: str
    lede: str
    summary: tuple[str, ...]
    headline: tuple[Figure, ...]
    top: tuple[Issue, ...]
    others: tuple[Issue, ...]
    n_unshown: int
    no_issues: str
    heading: str
    calendar: Calendar | None
    trends: tuple[Trend, ...]
    splits: tuple[Split, ...]
    associations: tuple[Association, ...]
    praise: tuple[Praise, ...]
    trust: Trust


def build_page(analysis: Analysis, config: ReportConfig) -> Page:
    """The page for an analysis, complete for any input down to no rows at all."""
    calendar = calendar_of(analysis.metrics)
    issues = ranked(analysis, calendar, most=config.issues)
    return Page(
        title=config.title,
        lede=_lede(analysis),
        summary=_summary(analysis, issues),
        headline=tuple(figure for name, figure in overall(analysis.metrics).items() if name in NAMES),
        top=issues[:TOP],
        others=issues[TOP:],
        n_unshown=max(len(analysis.issues) - len(issues), 0),
        no_issues=_no_issues(analysis),
        heading=HEADINGS[_of(analysis)],
        calendar=calendar,
        trends=trends(analysis.metrics, calendar),
        splits=splits(analysis.metrics),
        associations=associations(analysis),
        praise=praised(analysis) if _of(analysis) != "praise" else (),
        trust=trust(analysis),
    )


def _lede(analysis: Analysis) -> str:
    """What was analysed: how much, from where, when, in which languages."""
    used = used_rows(analysis.feedback)
    parts = [several(len(used), "comment"), _sources(analysis), _dates(used), _languages(used)]
    return ", ".join(part for part in parts if part) + "."


def _sources(analysis: Analysis) -> str:
    names = [str(each.get("name", "")) for each in analysis.inputs]
    if not names and "source" in analysis.feedback:
        names = sorted(analysis.feedback["source"].dropna().astype(str).unique())
    return f"from {listing(names, most=3)}" if names else ""


def _dates(used: pd.DataFrame) -> str:
    dates = used["created_at"].dropna() if "created_at" in used else used.iloc[:, 0].iloc[:0]
    if dates.empty:
        return ""
    first, last = day(dates.min()), day(dates.max())
    return first if first == last else f"{first} to {last}"


def _languages(used: pd.DataFrame) -> str:
    if "lang" not in used or used.empty:
        return ""
    shares = used["lang"].fillna("und").astype(str).value_counts(normalize=True)
    ordered = sorted(
        ((share, code) for code, share in shares.items() if code != "und"), key=lambda each: (-each[0], each[1])
    )
    if not ordered:
        return ""
    if len(ordered) == 1:
        return f"in {language(ordered[0][1])}"
    named = [f"{language(code)} {percent(share)}" for share, code in ordered]
    return f"in {len(named)} languages ({listing(named, most=4)})"


def _summary(analysis: Analysis, issues: tuple[Issue, ...]) -> tuple[str, ...]:
    """The sentences of a reader with no time: what first, what most, what was left out."""
    if not issues:
        return ()
    first, most = issues[0], max(issues, key=lambda issue: issue.n_feedback)
    verdict = {"complaints": "Fix first", "praise": "Praised most"}.get(_of(analysis), "Most urgent")
    lines = [f"{verdict}: “{first.label}”, urgency {first.urgency} of 100, told by {first.voices}."]
    if most is not first:
        lines.append(f"Told most often: “{most.label}”, by {most.voices}, rank {most.rank}.")
    left_out = len(analysis.feedback) - len(used_rows(analysis.feedback))
    if left_out:
        lines.append(
            f"{several(left_out, 'row')} of {number(len(analysis.feedback))} could not be used; the reasons are below."
        )
    return tuple(lines)


def _no_issues(analysis: Analysis) -> str:
    """Why there is no ranking."""
    used = used_rows(analysis.feedback)
    if used.empty:
        return "There is no comment to analyse: every row was left out, or there were none. The reasons are below."
    needed = _setting(analysis, "themes", "min_feedback")
    size = f" A theme needs at least {needed} comments." if needed else ""
    what = {"complaints": "complaint", "praise": "praise"}.get(_of(analysis), "subject")
    return f"No {what} was told often enough to be ranked.{size}"


def _of(analysis: Analysis) -> str:
    """What was grouped: complaints, praise or everything."""
    return str(_setting(analysis, "themes", "of") or "complaints")


def _setting(analysis: Analysis, section: str, key: str) -> Any:
    return analysis.settings.get(section, {}).get(key)

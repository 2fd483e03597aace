"""The ranked issues as a reader meets them: how urgent, how sure, why, in whose words. Also what customers praise."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.report.associations import sentence
from voc.report.counts import Counted
from voc.report.drill import Drill, drill
from voc.report.figures import real, row_name, used_rows, whole, words
from voc.report.quotes import Quote, lone_quote, quotes_of, tellings
from voc.report.speech import Speech
from voc.report.trend import Calendar
from voc.report.why import reason
from voc.tables import RESIDUAL, TONE, Analysis

PARTS = ("reach", "severity", "momentum", "impact", "immediacy", "value", "danger")
MOST_PRAISE = 5
DRILLED = 20
"""Issues that are shown with their depths; further ones, where more are asked for, without. Bounds the page."""


@dataclass(frozen=True)
class Part:
    """One part of urgency: 0-100, `exact` 0-1 as the table has it, or missing with the reason."""

    key: str
    name: str
    meaning: str
    value: int | None
    exact: float | None
    missing: str


@dataclass(frozen=True)
class Issue:
    """One ranked issue; `low` and `high` are the ends of urgency's interval, `row` is its row of issues.csv."""

    rank: int
    place: str
    certainty: str
    label: str
    keywords: str
    urgency: int
    exact: float
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
    drill: Drill | None
    row: str


@dataclass(frozen=True)
class Praise:
    """One thing that customers praise."""

    label: str
    n_feedback: int
    row: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class Evidence:
    """What stands behind the issues: the analysis, clauses and keywords by theme, counts, periods, comments in all."""

    analysis: Analysis
    told: dict[Hashable, pd.DataFrame]
    keywords: dict[Hashable, str]
    counted: Counted
    calendar: Calendar | None
    n_used: int


def ranked(
    analysis: Analysis, counted: Counted, calendar: Calendar | None, speech: Speech, *, most: int
) -> tuple[Issue, ...]:
    """The first `most` issues in the order of their ranks; `counted` has their themes' codes in that order."""
    issues = analysis.issues.sort_values(["rank", "theme_id"], kind="stable").head(most)
    themes = analysis.themes
    known = "keywords" in themes
    evidence = Evidence(
        analysis=analysis,
        told=tellings(analysis, issues["theme_id"]),
        keywords=dict(zip(themes["theme_id"], map(words, themes["keywords"]), strict=True)) if known else {},
        counted=counted,
        calendar=calendar,
        n_used=len(used_rows(analysis.feedback)),
    )
    return tuple(_issue(place, row, evidence, speech) for place, row in enumerate(issues.to_dict("records")))


def praised(analysis: Analysis, speech: Speech) -> tuple[Praise, ...]:
    """The themes of praise, most told first; empty where none were looked for."""
    themes = analysis.themes
    if "status" not in themes:
        return ()
    praise = themes[themes["status"] == "praise"].sort_values(["n_feedback", "theme_id"], ascending=[False, True])
    shown = praise.head(MOST_PRAISE)
    told = tellings(analysis, shown["theme_id"])
    return tuple(
        Praise(
            words(row["label"]),
            whole(row["n_feedback"]) or 0,
            row_name(row, "theme_id"),
            quotes_of(told.get(row["theme_id"]), speech),
        )
        for row in shown.to_dict("records")
    )


def _issue(place: int, row: dict[Hashable, Any], evidence: Evidence, speech: Speech) -> Issue:
    theme_id, n_feedback = row["theme_id"], whole(row.get("n_feedback")) or 0
    told, analysis = evidence.told.get(theme_id), evidence.analysis
    return Issue(
        rank=int(row["rank"]),
        place=words(row.get("place")) or str(int(row["rank"])),
        certainty=_certainty(row, speech),
        label=words(row.get("label")) or speech.say("nameless"),
        keywords=evidence.keywords.get(theme_id, ""),
        urgency=whole(row.get("urgency")) or 0,
        exact=real(row.get("urgency")) or 0.0,
        low=real(row.get("urgency_low")),
        high=real(row.get("urgency_high")),
        interval=_interval(row, speech),
        parts=tuple(_part(name, row[name], speech) for name in PARTS if name in row),
        why=reason(row, evidence.n_used, speech),
        n_feedback=n_feedback,
        voices=_voices(n_feedback, whole(row.get("n_customers")), speech),
        share=speech.percent(n_feedback / evidence.n_used) if evidence.n_used else "",
        association=sentence(analysis.drivers, theme_id, speech),
        quotes=quotes_of(told, speech) or lone_quote(row.get("quote")),
        drill=_depths(theme_id, place, told, evidence, speech) if place < DRILLED else None,
        row=row_name(row, "theme_id"),
    )


def _depths(theme_id: Any, place: int, told: pd.DataFrame | None, evidence: Evidence, speech: Speech) -> Drill:
    return drill(
        evidence.analysis,
        str(theme_id),
        place=place,
        told=told,
        counted=evidence.counted,
        calendar=evidence.calendar,
        speech=speech,
    )


def _voices(n_feedback: int, n_customers: int | None, speech: Speech) -> str:
    comments = speech.say("n_comments", n=n_feedback)
    if not n_customers:
        return comments
    return speech.say("voices", comments=comments, customers=speech.say("from_customers", n=n_customers))


def _certainty(row: dict[Hashable, Any], speech: Speech) -> str:
    """How sure the rank is: its range and the chance of the top three, where the table has them; what fits no theme
    stands last whatever it weighs."""
    if row["theme_id"] in (RESIDUAL, TONE):
        return ""
    best, worst, top3 = whole(row.get("rank_low")), whole(row.get("rank_high")), real(row.get("top3"))
    if best is None or worst is None:
        return ""
    if best == worst:
        return speech.say("rank_firm", rank=best)
    place = speech.say("rank_range", best=best, worst=worst)
    return place if top3 is None else f"{place}; {speech.say('rank_top', chance=speech.percent(top3))}"


def _interval(row: dict[Hashable, Any], speech: Speech) -> str:
    low, high = real(row.get("urgency_low")), real(row.get("urgency_high"))
    if low is None or high is None:
        return ""
    least, most = speech.number(low), speech.number(high)
    return speech.say("to", low=least, high=most) if least != most else speech.say("about", figure=least)


def _part(name: str, value: Any, speech: Speech) -> Part:
    share = real(value)
    missing = f"part_{name}_missing"
    return Part(
        name,
        speech.say(f"part_{name}"),
        speech.say(f"part_{name}_meaning"),
        None if share is None else round(100 * share),
        share,
        speech.say(missing) if speech.knows(missing) else speech.say("not_known"),
    )

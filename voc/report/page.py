"""What stands on the page, top to bottom, as plain values: the template only lays it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.config import ReportConfig
from voc.report.associations import Association, associations
from voc.report.changes import Change, Step, changes, steps
from voc.report.counts import count_comments
from voc.report.explore import Explorer, explorer
from voc.report.figures import ORDER, Figure, overall, row_name, used_rows
from voc.report.issues import DRILLED, Issue, Praise, praised, ranked
from voc.report.people import Agent, Answer, agents, answers
from voc.report.runs import Since, since
from voc.report.segments import Split, splits
from voc.report.speech import Speech, speech_of
from voc.report.trend import Calendar, Trend, calendar_of, trends
from voc.report.trust import Trust, trust
from voc.tables import Analysis

TOP = 5
"""Issues shown in full: what a manager reads in two minutes. The others open on demand."""
MOSTLY = 0.99
"""The share from which a language is called that of almost all comments: a stray row or two make no file of three."""


@dataclass(frozen=True)
class Page:
    """The whole report."""

    speech: Speech
    title: str
    of: str
    lede: str
    summary: tuple[str, ...]
    headline: tuple[tuple[Figure, Step | None], ...]
    top: tuple[Issue, ...]
    others: tuple[Issue, ...]
    n_unshown: int
    no_issues: str
    better: tuple[Change, ...]
    worse: tuple[Change, ...]
    compared: bool
    since: Since | None
    calendar: Calendar | None
    explorer: Explorer | None
    trends: tuple[Trend, ...]
    splits: tuple[Split, ...]
    associations: tuple[Association, ...]
    praise: tuple[Praise, ...]
    answers: tuple[Answer, ...]
    n_answers: int
    agents: tuple[Agent, ...]
    trust: Trust


def build_page(analysis: Analysis, config: ReportConfig) -> Page:
    """The page for an analysis, complete for any input down to no rows at all."""
    speech, calendar = speech_of(config.lang), calendar_of(analysis.metrics)
    order = analysis.issues.sort_values(["rank", "theme_id"], kind="stable").head(config.issues)
    counted = count_comments(analysis, [str(each) for each in order["theme_id"]], calendar)
    issues = ranked(analysis, counted, calendar, speech, most=config.issues)
    better, worse = changes(analysis, calendar, speech)
    stepped = steps(analysis, calendar, speech)
    figures = overall(analysis.metrics)
    return Page(
        speech=speech,
        title=_title(config, speech),
        of=_of(analysis),
        lede=_lede(analysis, speech),
        summary=_summary(analysis, issues, speech),
        headline=tuple((figure, stepped.get(name)) for name, figure in figures.items() if name in ORDER),
        top=issues[:TOP],
        others=issues[TOP:],
        n_unshown=max(len(analysis.issues) - len(issues), 0),
        no_issues=_no_issues(analysis, speech),
        better=better,
        worse=worse,
        compared=calendar is not None,
        since=since(analysis, speech),
        calendar=calendar,
        explorer=explorer(analysis, calendar, speech, most=min(config.issues, DRILLED)),
        trends=trends(analysis.metrics, calendar, speech),
        splits=splits(analysis.metrics, speech),
        associations=associations(analysis, speech),
        praise=praised(analysis, speech) if _of(analysis) != "praise" else (),
        answers=answers(analysis, speech),
        n_answers=len(analysis.queue),
        agents=agents(analysis, speech),
        trust=trust(analysis, speech),
    )


def _title(config: ReportConfig, speech: Speech) -> str:
    """The user's title; the usual one in the reader's language."""
    return speech.say("title") if config.title == ReportConfig().title else config.title


def _lede(analysis: Analysis, speech: Speech) -> str:
    """What was analysed: how much, from where, when, in which languages."""
    used = used_rows(analysis.feedback)
    parts = [speech.say("n_comments", n=len(used)), _sources(analysis, speech), _dates(used, speech)]
    return ", ".join(part for part in (*parts, _languages(used, speech)) if part) + "."


def _sources(analysis: Analysis, speech: Speech) -> str:
    names = [str(each.get("name", "")) for each in analysis.inputs]
    if not names and "source" in analysis.feedback:
        names = sorted(analysis.feedback["source"].dropna().astype(str).unique())
    return speech.say("from_files", names=speech.listing(names, most=3)) if names else ""


def _dates(used: pd.DataFrame, speech: Speech) -> str:
    dates = used["created_at"].dropna() if "created_at" in used else used.iloc[:, 0].iloc[:0]
    if dates.empty:
        return ""
    first, last = speech.day(dates.min()), speech.day(dates.max())
    return first if first == last else speech.say("dates", first=first, last=last)


def _languages(used: pd.DataFrame, speech: Speech) -> str:
    if "lang" not in used or used.empty:
        return ""
    shares = used["lang"].fillna("und").astype(str).value_counts(normalize=True)
    ordered = sorted(
        ((share, code) for code, share in shares.items() if code != "und"), key=lambda each: (-each[0], each[1])
    )
    if not ordered:
        return ""
    if len(ordered) > 1 and ordered[0][0] > MOSTLY:
        return speech.say("mostly_in_language", name=speech.language(ordered[0][1]))
    if len(ordered) == 1:
        return speech.say("in_language", name=speech.language(ordered[0][1]))
    named = [f"{speech.language(code)} {speech.percent(share)}" for share, code in ordered]
    return speech.say("in_languages", n=len(named), names=speech.listing(named, most=4))


def _residual_rows(themes: pd.DataFrame) -> set[str]:
    """The rows of issues.csv that hold what fits no theme: no topic of its own, however often."""
    if "status" not in themes:
        return set()
    rest = themes.loc[themes["status"].eq("residual").fillna(value=False), ["theme_id"]]
    return {row_name(row, "theme_id") for row in rest.to_dict("records")}


def _summary(analysis: Analysis, issues: tuple[Issue, ...], speech: Speech) -> tuple[str, ...]:
    """The sentences of a reader with no time: what first, what most, what was left out."""
    if not issues:
        return ()
    rest = _residual_rows(analysis.themes)
    named = [issue for issue in issues if issue.row not in rest] or issues
    first, most = issues[0], max(named, key=lambda issue: issue.n_feedback)
    verdict = f"summary_first_{_of(analysis)}"
    lines = [speech.say(verdict, label=first.label, urgency=first.urgency, voices=first.voices)]
    if sharing := sum(issue.place == first.place for issue in issues) - 1:
        lines[0] += " " + speech.say("summary_shared", n=sharing)
    if most is not first:
        lines.append(speech.say("summary_most", label=most.label, voices=most.voices, place=most.place))
    left_out = len(analysis.feedback) - len(used_rows(analysis.feedback))
    if left_out:
        lines.append(speech.say("summary_unused", n=left_out, all=len(analysis.feedback)))
    return tuple(lines)


def _no_issues(analysis: Analysis, speech: Speech) -> str:
    """Why there is no ranking."""
    if used_rows(analysis.feedback).empty:
        return speech.say("no_comments")
    needed = _setting(analysis, "themes", "min_feedback")
    size = " " + speech.say("theme_needs", n=int(needed)) if needed else ""
    return speech.say(f"no_issues_{_of(analysis)}") + size


def _of(analysis: Analysis) -> str:
    """What was grouped: complaints, praise or everything."""
    return str(_setting(analysis, "themes", "of") or "complaints")


def _setting(analysis: Analysis, section: str, key: str) -> Any:
    return analysis.settings.get(section, {}).get(key)

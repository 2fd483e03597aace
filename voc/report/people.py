"""Who to answer first, and how the service is spoken of: the top of the queue and the agents' four dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from voc.report.figures import real, row_name, whole, words
from voc.report.speech import Speech
from voc.report.wording import shortened
from voc.tables import Analysis

MOST_ANSWERS, MOST_AGENTS, LENGTH = 5, 12, 280
DIMENSIONS = {"speed": "hours", "effectiveness": "share", "friendliness": "share", "availability": "share"}


@dataclass(frozen=True)
class Answer:
    """One comment that needs somebody."""

    urgency: int
    quote: str
    lang: str
    about: str
    row: str


@dataclass(frozen=True)
class Agent:
    """One agent, or those who are too few to be shown alone: (figure, interval) of each dimension."""

    name: str
    n: int
    figures: tuple[tuple[str, str], ...]
    row: str


def answers(analysis: Analysis, speech: Speech) -> tuple[Answer, ...]:
    """The comments that somebody should answer first."""
    rows = analysis.queue.sort_values("rank", kind="stable").head(MOST_ANSWERS).to_dict("records")
    found = []
    for row in rows:
        signals = [speech.or_as_is("signal", name) for name in words(row.get("signals")).split()]
        when = row.get("created_at")
        dated = "" if when is None or pd.isna(when) else speech.day(when)
        lang = words(row.get("lang"))
        about = [*signals[:2], words(row.get("answer")), dated, words(row.get("channel"))]
        found.append(
            Answer(
                whole(row["urgency"]) or 0,
                shortened(words(row.get("quote")), LENGTH),
                "" if lang == "und" else lang,
                " · ".join(each for each in about if each),
                row_name(row, "feedback_id"),
            )
        )
    return tuple(found)


def agents(analysis: Analysis, speech: Speech) -> tuple[Agent, ...]:
    """The agents with most contacts."""
    rows = analysis.agents.sort_values(["n_contacts", "agent"], ascending=[False, True]).head(MOST_AGENTS)
    return tuple(
        Agent(
            words(row["agent"]),
            whole(row.get("n_contacts")) or 0,
            tuple(
                (
                    speech.figure(real(row.get(name)), unit),
                    speech.interval(real(row.get(f"{name}_low")), real(row.get(f"{name}_high")), unit),
                )
                for name, unit in DIMENSIONS.items()
            ),
            row_name(row, "agent"),
        )
        for row in rows.to_dict("records")
    )

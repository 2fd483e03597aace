"""Why an issue stands where it stands, in the reader's language.

The ranking says it in one English sentence; for other languages the same facts are put into words again, from the
tables: how many, whether more or fewer than before, and which signals of urgency they raise.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from voc.intervals import wilson
from voc.report.figures import whole, words
from voc.report.speech import Speech
from voc.voices import rather_meant

NAMED = {"signal": "n_signal", "second_signal": "n_second_signal"}
"""The columns of the signals that the ranking's own sentence names, and of how many it says mention them."""


def reason(row: dict[Hashable, Any], n_used: int, speech: Speech) -> str:
    """One sentence; the ranking's own where the page is English."""
    if speech.code == "en" and words(row.get("why")):
        return words(row["why"])
    n = whole(row.get("n_feedback")) or 0
    parts = [_reach(n, n_used, speech), _course(row, speech), *_alarms(row, speech)]
    return "; ".join(part for part in parts if part) + "."


def direction(row: dict[Hashable, Any]) -> int:
    """1 where an issue is told more than before, -1 less, 0 as before or not known."""
    return whole(row.get("trend")) or 0


def signal_counts(told: pd.DataFrame | None) -> dict[str, int]:
    """How many comments rather mean each signal, the most frequent first."""
    if told is None or "signals" not in told:
        return {}
    raised = told[["feedback_id"]].assign(signals=rather_meant(told)).dropna()
    each = raised.assign(signal=raised["signals"].str.split(" ")).explode("signal").drop_duplicates()
    counts = each.drop_duplicates(["feedback_id", "signal"])["signal"].value_counts()
    return {str(name): int(n) for name, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) if name}


def _reach(n: int, n_used: int, speech: Speech) -> str:
    low, high = (float(end) for end in wilson(n, max(n_used, n)))
    ends = sorted({speech.percent(low, fine=True), speech.percent(high, fine=True)})
    share = (
        speech.say("to", low=speech.percent(low, fine=True), high=speech.percent(high, fine=True))
        if len(ends) > 1
        else ends[0]
    )
    return speech.say("why_reach", n=n, all=max(n_used, n), share=share)


def _course(row: dict[Hashable, Any], speech: Speech) -> str:
    return {1: speech.say("why_more"), -1: speech.say("why_less"), 0: ""}[direction(row)]


def _alarms(row: dict[Hashable, Any], speech: Speech) -> list[str]:
    named = [(words(row.get(name)), whole(row.get(count))) for name, count in NAMED.items()]
    return [
        speech.say("why_signal", n=count, what=speech.or_as_is("signal", name))
        for name, count in named
        if name and count
    ]

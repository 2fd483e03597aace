"""The queue: every comment that needs somebody, from most to least urgent, each with its reason in plain words.

What a comment's urgency is, `attention` says. This module chooses, sorts and words; it answers nobody.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from voc.attention import answers, attention
from voc.config import QueueConfig
from voc.errors import ConfigError
from voc.habits import repeated
from voc.reasons import SAID
from voc.scores import real
from voc.tables import CLAUSES, FEEDBACK, ISSUES, QUEUE

SURE = 0.7
"""How surely the first signal must be meant to be told flatly, not as what the comment may speak of: of surer ones
three of four are meant (bench/quality.py, sure), of all that are told three of five. Guarded by
test_what_is_less_sure_may_be."""
NAMED = 2
"""Signals told per comment: a reason is read at a glance."""
GRAVE = 0.6
"""The severity from which a comment without a signal is called grave."""
QUOTE = 280
"""Characters of a quote; longer ones end with an ellipsis at a word."""


def queue_comments(
    feedback: pd.DataFrame, clauses: pd.DataFrame, issues: pd.DataFrame, config: QueueConfig
) -> pd.DataFrame:
    """QUEUE: the comments whose urgency is `config.least` or more, most urgent first.

    Left out: skipped rows, copies of another row, and comments that complain of nothing. Raises ConfigError for a
    half-life that is not above 0.
    """
    if config.half_life <= 0:
        raise ConfigError(f"queue.half_life must be above 0 days, not {config.half_life:g}")
    if feedback.empty or clauses.empty:
        return QUEUE.empty()
    feedback = real(FEEDBACK.check(feedback)).sort_values("feedback_id", ignore_index=True)
    issues = ISSUES.check(issues)
    weighed = attention(feedback, CLAUSES.check(clauses), issues, half_life=config.half_life)
    chosen = (weighed["complains"] & (weighed["urgency"] >= config.least) & ~_left_out(feedback)).to_numpy(bool)
    return _table(feedback[chosen], weighed[chosen], issues)


def _left_out(feedback: pd.DataFrame) -> pd.Series:
    skipped = feedback["skip"].notna() if "skip" in feedback.columns else pd.Series(data=False, index=feedback.index)
    return skipped | repeated(feedback)


def _table(feedback: pd.DataFrame, weighed: pd.DataFrame, issues: pd.DataFrame) -> pd.DataFrame:
    about = issues.set_index("theme_id")
    # The issue that is named is that of the words shown beside it, where they tell of one.
    weighed = weighed.assign(theme_id=weighed["quoted"].fillna(weighed["theme_id"]))
    label = weighed["theme_id"].map(about["label"]) if len(about) else pd.Series(pd.NA, weighed.index)
    rows = feedback.assign(
        **{name: weighed[name] for name in ("urgency", "severity", "signals", "theme_id", "again", "issue")},
        label=label, quote=weighed["quote"].map(shortened), answer=answers(feedback),
        sure=weighed["sure"] >= SURE,
    )  # fmt: skip
    rows = rows.sort_values(["urgency", "feedback_id"], ascending=[False, True], ignore_index=True)
    known = about.to_dict("index")
    rows["why"] = [why(row, known) for row in rows.to_dict("records")]
    rows["rank"] = np.arange(1, len(rows) + 1)
    return QUEUE.check(rows.reindex(columns=[*QUEUE.columns]))


def why(row: Mapping[Hashable, Any], issues: Mapping[Hashable, Mapping[Hashable, Any]]) -> str:
    """One sentence: what the comment tells, what goes with it, and which issue it belongs to."""
    said = str(row["signals"]).split() if pd.notna(row["signals"]) else []
    about = " and ".join(f"of {SAID[name]}" for name in said[:NAMED])
    told = [f"{'speaks' if row['sure'] else 'may speak'} {about}"] if said else []
    if not said and row["severity"] >= GRAVE:
        told.append("sounds grave")
    if row["again"]:
        told.append(f"complained {_times(int(row['again']))} in the 30 days before")
    if pd.notna(row["answer"]):
        told.append(f"gave {row['answer']}")
    told += _company(row, issues)
    sentence = "; ".join([*(told or ["complains"]), *_state(row)])
    return f"{sentence[0].upper()}{sentence[1:]}."


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def _company(row: Mapping[Hashable, Any], issues: Mapping[Hashable, Mapping[Hashable, Any]]) -> list[str]:
    """The issue, and how many tell of it."""
    if pd.isna(row["theme_id"]):
        return []
    issue = issues[row["theme_id"]]
    place = issue["place"] if pd.notna(issue.get("place", pd.NA)) else issue["rank"]
    return [f"one of {int(issue['n_feedback']):,} comments of issue {place}, “{issue['label']}”"]


def _state(row: Mapping[Hashable, Any]) -> list[str]:
    solved, written = row.get("resolved_at", pd.NaT), row.get("created_at", pd.NaT)
    return ["closed since"] if solved >= written else []


def shortened(text: object) -> object:
    """At most QUOTE characters, cut at a word.

    >>> shortened("short")
    'short'
    """
    said = str(text)
    if pd.isna(text) or len(said) <= QUOTE:
        return text
    return said[:QUOTE].rsplit(None, 1)[0].rstrip(" ,;:") + " …"

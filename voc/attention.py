"""How much each comment calls for somebody: the urgency of one comment, from 0 to 100, and what it rests on.

    urgency = fresh x open x 100 x (m + danger x (1 - m)), m the weighted mean of
    severity   how bad the worst that it tells is
    call       its strongest signal, as surely as it is meant; coming back with a complaint is one
    score      how far below its scale's middle the answer lies; left out where there is none
    issue      the urgency of the most urgent issue it tells of; left out where it tells of none

Fresh falls from 1 to STALE with age, counted from the newest comment of the file; open is SOLVED where the contact was
closed after the comment. The constants of signals and dangers are those of the issues. One comment is no statistic:
here a single alarm counts, for somebody reads it, but half where nobody else raises one about the same issue; and less
where the same customer gives a good score, except for health and safety.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from voc.intervals import Array
from voc.reasons import SCORED
from voc.scores import SCORES, customer_keys, headline
from voc.tables import RATHER, SIGNALS, numbers
from voc.urgency import DANGERS, NEVER_ORDINARY, STRENGTHS
from voc.voices import flags, meaning

WEIGHTS = {"severity": 0.35, "call": 0.35, "score": 0.15, "issue": 0.15}
STALE, SOLVED = 0.5, 0.5
"""What is left of the urgency of a comment that is very old, and of one that was dealt with: it still happened. Guarded
by test_the_fresh_and_open_come_first."""
ALONE, CONTENT = 0.5, 0.6
"""What is left of a danger that no other comment of its issue tells, and of an alarm in an answer with a good score: a
classifier's false alarms are most often these. Trades lone true alarms, which stay far up, for a queue that does not
begin with smells in the fertiliser aisle. Guarded by test_a_lone_alarm_weighs_less and
test_a_good_score_speaks_against_an_alarm."""
GOOD = 0.75
"""The part of a scale from which an answer is good: 8 of 0-10, 4 of 1-5."""
UNHAPPY = 0.65
"""The part of a scale below which an answer is bad: 6 of 0-10 just, 3 of 1-5 a little, 1 of 1-5 fully."""
REPEATED_DAYS = 30.0
"""A complaint within so many days of the same customer's last one is a repeated contact."""


def attention(feedback: pd.DataFrame, clauses: pd.DataFrame, issues: pd.DataFrame, *, half_life: float) -> pd.DataFrame:
    """One row per row of feedback, in its order: the parts, `danger`, `urgency`, `complains`, `again`, `signals`,
    `sure` (how surely the first of these is meant), `theme_id` (of the most urgent issue told), `quote` (the clause
    that weighs most) and `quoted` (its issue).

    `feedback` has a fresh index. `again` counts the complaints of the same customer in the 30 days before.
    """
    told = _clauses(feedback, clauses, issues)
    found = _gathered(feedback, told)
    found["score"], content = _score(feedback)
    found = found.assign(**_alarms(found, issues, content))
    found["complains"] = _complains(feedback, found)
    found["again"] = _again(feedback, found["complains"].to_numpy(bool))
    found["call"] = np.fmax(found["call"].to_numpy(float), np.where(found["again"] > 0, STRENGTHS["unresolved"], 0.0))
    found["urgency"] = _urgency(found) * _fresh(feedback, half_life) * _open(feedback)
    return found


def _clauses(feedback: pd.DataFrame, clauses: pd.DataFrame, issues: pd.DataFrame) -> pd.DataFrame:
    """The clauses with numbers for what they weigh, the heaviest of each comment first."""
    told = clauses[clauses["feedback_id"].isin(feedback["feedback_id"])]
    severity = numbers(told, "severity")
    meant = {name: flag * meaning(severity, name) for name, flag in flags(told).items() if name in STRENGTHS}
    none = np.zeros(len(told))
    strengths = np.array([[STRENGTHS[name]] for name in meant] or [[1.0]])
    calls = strengths * np.array([*meant.values()] or [none])
    urgent = issues.set_index("theme_id")["urgency"].astype(float) / 100 if len(issues) else pd.Series(dtype=float)
    theme = told["theme_id"] if "theme_id" in told.columns else pd.Series(pd.NA, told.index, dtype="string")
    table = {name: told[name] for name in ("feedback_id", "position", "text")} | {
        "theme_id": theme.where(theme.isin(urgent.index)),
        "severity": np.nan_to_num(severity),
        "call": calls.max(axis=0),
        "told": np.where(calls >= RATHER * strengths, calls, 0.0).max(axis=0),
        "danger": np.max([DANGERS[name][1] * meant[name] for name in DANGERS], axis=0) if meant else none,
        "issue": theme.map(urgent).astype(float),
        **meant,
    }
    # The quote must hold what the reason tells, so what may mean a danger comes after what means something told.
    order = {"feedback_id": True, "told": False, "danger": False, "call": False, "severity": False, "position": True}
    return pd.DataFrame(table).sort_values([*order], ascending=[*order.values()], ignore_index=True)


def _gathered(feedback: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Per comment: the most of each figure over its clauses, the first theme by urgency, the heaviest quote."""
    names = [name for name in ("severity", "call", "danger", "issue", *SIGNALS) if name in told.columns]
    grouped = told.groupby("feedback_id", sort=False)
    most = grouped[names].max()
    most["n_clauses"] = grouped.size()
    heaviest = told.drop_duplicates("feedback_id").set_index("feedback_id")
    most["quote"], most["quoted"] = heaviest["text"], heaviest["theme_id"]
    top = told.sort_values("issue", ascending=False, kind="stable").dropna(subset="issue")
    most["theme_id"] = top.drop_duplicates("feedback_id").set_index("feedback_id")["theme_id"]
    most["signals"], most["sure"] = _names(most)
    found = most.reindex(pd.Index(feedback["feedback_id"])).reset_index(drop=True)
    return found.fillna({name: 0.0 for name in names if name != "issue"})


def _names(most: pd.DataFrame) -> tuple[Array, Array]:
    """The signals that are rather meant, the strongest first, joined by spaces (missing = none), and how surely the
    first of them is meant (nan = none)."""
    names = np.array([name for name in SIGNALS if name in most.columns])
    told: Array = np.full(len(most), None, object)
    sure: Array = np.full(len(most), np.nan)
    if names.size:
        meant = most[[*names]].to_numpy(float)
        order = np.argsort(-meant * [STRENGTHS[name] for name in names], axis=1, kind="stable")
        for row in np.flatnonzero((meant >= RATHER).any(axis=1)):
            first, *others = (at for at in order[row] if meant[row, at] >= RATHER)
            told[row], sure[row] = " ".join(names[[first, *others]]), meant[row, first]
    return told, sure


def _complains(feedback: pd.DataFrame, found: pd.DataFrame) -> Array:
    """Which comments complain: negative as a whole, telling of an issue, or with a signal that is meant."""
    label = feedback["label"] if "label" in feedback.columns else pd.Series(pd.NA, feedback.index, dtype="string")
    negative, praise = (label.eq(name).fillna(value=False).to_numpy(bool) for name in ("negative", "positive"))
    told = (found["signals"].notna() | (found["theme_id"].notna() & ~praise)).to_numpy(bool)
    return (negative | told) & found["n_clauses"].notna().to_numpy(bool)


def _again(feedback: pd.DataFrame, complains: Array) -> Array:
    """How many complaints the same customer made in the days before; copies of a text do not count."""
    again: Array = np.zeros(len(feedback), int)
    if "created_at" not in feedback.columns or "customer_id" not in feedback.columns:
        return again
    rows = feedback[complains & feedback["customer_id"].notna() & feedback["created_at"].notna()]
    if rows.empty:
        return again
    words = rows["clean_text"] if "clean_text" in rows.columns else rows["text"]
    known = pd.DataFrame({"who": pd.factorize(customer_keys(rows), sort=True)[0], "words": words})
    known["day"] = ((rows["created_at"] - rows["created_at"].min()) / pd.Timedelta(days=1)).astype(float)
    known = known.assign(id=rows["feedback_id"]).sort_values(["who", "day", "id"]).drop_duplicates(["who", "words"])
    # One line for all: customers lie further apart than any two of a customer's days.
    line: Array = (known["day"] + known["who"] * (known["day"].max() + 2 * REPEATED_DAYS)).to_numpy(float)
    again[known.index] = np.arange(line.size) - np.searchsorted(line, line - REPEATED_DAYS)
    return again


def _alarms(found: pd.DataFrame, issues: pd.DataFrame, content: Array) -> dict[str, Array]:
    """The call and the danger of each comment, as far as they can be believed."""
    flags = {name: found[name].to_numpy(float) for name in SIGNALS if name in found.columns}
    if not flags:
        return {}
    alarming = issues.loc[issues["danger"] > 0, "theme_id"] if "danger" in issues.columns else []
    backed = np.where(found["theme_id"].isin(alarming), 1.0, ALONE)
    doubt = {name: 1.0 if name == NEVER_ORDINARY else np.where(content, CONTENT, 1.0) for name in flags}
    return {
        "call": np.max([STRENGTHS[name] * flag * doubt[name] for name, flag in flags.items()], axis=0),
        "danger": backed * np.max([DANGERS[name][1] * flags[name] * doubt[name] for name in DANGERS], axis=0),
    }


def _score(feedback: pd.DataFrame) -> tuple[Array, Array]:
    """How bad the answer is, 0-1, of several scores the worst (nan = none was given), and whether all are good."""
    worst, least = np.full(len(feedback), np.nan), np.full(len(feedback), np.inf)
    for name in SCORES:
        score = headline(feedback, name)
        if score is None or score.scale.better is None:
            continue
        share = (score.answers - score.scale.low) / (score.scale.high - score.scale.low)
        share = 1 - share if score.scale.better == "low" else share
        worst = np.fmax(worst, np.clip((UNHAPPY - share) / UNHAPPY, 0, 1))
        least = np.fmin(least, share)
    return worst, (least >= GOOD) & np.isfinite(least)


def answers(feedback: pd.DataFrame) -> pd.Series:
    """The scores that were given, as people read them: 'NPS 0'; missing = none."""
    told = pd.Series("", feedback.index, dtype="string")
    for name, title in SCORED.items():
        if name in feedback.columns:
            given = feedback[name].astype("Float64").map(lambda value: f"{value:g}", na_action="ignore")
            told = told.where(given.isna(), told + ", " + title + " " + given.astype("string"))
    return told.str.removeprefix(", ").replace("", pd.NA)


def _urgency(found: pd.DataFrame) -> Array:
    parts = np.stack([found[name].to_numpy(float) for name in WEIGHTS])
    weight = np.array(list(WEIGHTS.values()))[:, None] * ~np.isnan(parts)
    mean = (weight * np.nan_to_num(parts)).sum(axis=0) / weight.sum(axis=0)
    danger = found["danger"].to_numpy(float)
    return np.where(found["complains"], 100 * (mean + danger * (1 - mean)), 0.0)


def _fresh(feedback: pd.DataFrame, half_life: float) -> Array:
    """1 for the newest comment, falling to STALE; an undated one counts as old as the middle of the others."""
    if "created_at" not in feedback.columns or feedback["created_at"].isna().all():
        return np.ones(len(feedback))
    age = (feedback["created_at"].max() - feedback["created_at"]) / pd.Timedelta(days=1)
    days = age.to_numpy(float, na_value=np.nan)
    return STALE + (1 - STALE) * 0.5 ** (np.where(np.isnan(days), np.nanmedian(days), days) / half_life)


def _open(feedback: pd.DataFrame) -> Array:
    """SOLVED for what was closed after it was written, else 1."""
    if not {"created_at", "resolved_at"} <= {*feedback.columns}:
        return np.ones(len(feedback))
    closed = (feedback["resolved_at"] >= feedback["created_at"]).fillna(value=False)
    return np.where(closed, SOLVED, 1.0)

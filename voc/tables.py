"""The flat tables that flow through voc, declared once: names, dtypes, meaning and who writes each column.

A stage opens with `SCHEMA.check(frame, *needed)` and closes with `SCHEMA.add(frame, **columns)`; that is the whole
contract (`schema`). Rows are never dropped, only marked. The index means nothing; ids are columns; unknown columns pass
through. This module holds no logic of any stage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from voc.schema import TIME as TIME  # noqa: PLC0414 (tables are one public room: what declares them is had there)
from voc.schema import Column as Column  # noqa: PLC0414 (the same)
from voc.schema import Schema as Schema  # noqa: PLC0414 (the same)

LABELS = ("negative", "neutral", "positive")
SIGNALS = (
    "safety", "legal", "churn", "money", "outage", "unresolved", "deadline", "vulnerable", "discourtesy",
)  # fmt: skip
"""What makes a comment urgent: danger to health or safety; threat of lawyer, regulator or press; threat to leave; money
taken or fraud; service down; repeat contact; a date at stake; a vulnerable customer; rude treatment."""
RATHER = 0.5
"""How sure a signal must be before people are told of it; what is less sure counts for as much as it is sure. Trades
dangers that nobody is shown for reasons that are none. Guarded by test_what_is_hardly_meant_is_not_told."""
RESIDUAL, TONE = "t-other", "t-tone"
"""Themes of what fits none: anything, and feelings without a topic."""

OTHER_ROW = r"(?<=duplicate) of .*"
"""The part of a mark that names another row."""

Progress = Callable[[str, int, int], None]
"""Called by long stages with the stage's name, texts done, texts in all."""


def silent(stage: str, done: int, total: int) -> None:
    """The progress that nobody sees."""


FEEDBACK = Schema(
    "feedback",
    {
        "feedback_id": Column("string", "unique id of the comment", "read", required=True),
        "text": Column("string", "the comment as it came", "read", required=True),
        "response_id": Column(
            "string", "the survey response or ticket the comment belongs to; scores count once per response", "read"
        ),
        "question": Column("string", "the question it answers, where the file has several", "read"),
        "created_at": Column(TIME, "when it was written (UTC)", "read"),
        "source": Column("string", "the file or system it came from", "read"),
        "channel": Column("string", "chat, email, review, survey, call …", "read"),
        "customer_id": Column("string", "who wrote it", "read"),
        "nps": Column("Int8", "likelihood to recommend, 0-10", "read"),
        "csat": Column("Float32", "satisfaction, on csat_scale", "read"),
        "ces": Column("Float32", "effort, on ces_scale", "read"),
        "rating": Column("Float32", "stars or another overall rating, on rating_scale", "read"),
        "csat_scale": Column("string", "such as 1-5; '1-5 low is good' where reversed", "read"),
        "ces_scale": Column(
            "string", "such as '1-7 high is good'; polarity missing where the file does not say", "read"
        ),
        "rating_scale": Column("string", "such as 1-5 or 1-10", "read"),
        "first_reply_at": Column(TIME, "first public reply of an agent", "read"),
        "resolved_at": Column(TIME, "last time it was solved", "read"),
        "agent": Column("string", "who handled it", "read"),
        "stage": Column("string", "step of the customer's journey: order, delivery, support …", "read"),
        "invited_at": Column(TIME, "when the answer was asked for", "read"),
        "joined_at": Column(TIME, "when the customer became one", "read"),
        "churned_at": Column(TIME, "when the customer left", "read"),
        "churned": Column("boolean", "whether the customer has left, where the file has no date of it", "read"),
        "revenue": Column("Float32", "yearly revenue of the customer", "read"),
        "clv": Column("Float32", "lifetime value of the customer, as the file has it", "read"),
        "contacts": Column("Float32", "how often the customer was in touch in the file's time", "read"),
        "clean_text": Column("string", "the readable text; every offset refers to it", "clean"),
        "run": Column("Int32", "number of the workspace's run that first read the row", "workspace"),
        "skip": Column("string", "why the row is left out of the analysis; missing = used", "read, clean"),
        "cut": Column("boolean", "whether clean_text was cut at clean.max_characters", "clean"),
        "suspect": Column("string", "why the row should not be trusted; missing = trusted", "integrity"),
        "suspect_confidence": Column("Float32", "how sure that doubt is, 0-1", "integrity"),
        "lang": Column("string", "ISO 639-1 code, 'und' where it cannot be told", "language"),
        "lang_score": Column("Float32", "confidence of the language, 0-1", "language"),
        "masked": Column(
            "string",
            "kinds of personal data that were masked in the row, such as 'email phone'; missing = none",
            "privacy",
        ),
        "sentiment": Column("Float32", "-1 (negative) to 1 (positive)", "sentiment"),
        "label": Column("string", "negative, neutral or positive", "sentiment"),
        "confidence": Column("Float32", "probability of the label, 0-1", "sentiment"),
        "severity": Column("Float32", "how bad what is told is, 0-1: of the whole text", "sentiment"),
        "journey": Column(
            "string", "step of the customer's journey it speaks of most surely; missing = of none", "taxonomy"
        ),
        "effort": Column(
            "Float32", "how hard the customer says it was, 0-1; missing = says nothing of it", "experience"
        ),
        "experience": Column("Float32", "customer experience score, 0-100", "experience"),
        "experience_parts": Column(
            "string", "what the score rests on, of sentiment, effort, severity and survey", "experience"
        ),
    },
)

CLAUSES = Schema(
    "clauses",
    {
        "clause_id": Column("string", "feedback_id and position", "clauses", required=True),
        "feedback_id": Column("string", "the comment it is part of", "clauses", required=True),
        "position": Column("Int32", "0, 1, 2 … within the comment", "clauses", required=True),
        "start": Column("Int32", "offset of its first character in clean_text", "clauses", required=True),
        "end": Column("Int32", "offset after its last character in clean_text", "clauses", required=True),
        "text": Column("string", "clean_text[start:end]", "clauses", required=True),
        "lang": Column("string", "language of the comment", "clauses", required=True),
        "sentiment": Column("Float32", "-1 (negative) to 1 (positive)", "sentiment"),
        "label": Column("string", "negative, neutral or positive", "sentiment"),
        "confidence": Column("Float32", "probability of the label, 0-1", "sentiment"),
        "severity": Column("Float32", "how bad what is told is, 0-1", "sentiment"),
        "signals": Column("string", "urgent signals, joined by spaces: " + ", ".join(SIGNALS), "sentiment"),
        "certainty": Column("string", "how surely each of its signals is meant, 0-1, in their order", "sentiment"),
        "theme_id": Column("string", "its theme; missing = not themed", "themes"),
        "subtheme_id": Column(
            "string", "the part of that theme it belongs to; missing = the theme has no parts, or it no topic", "themes"
        ),
        "theme_score": Column("Float32", "how well it fits the theme, 0-1", "themes"),
        "quote_rank": Column("Int32", "1 = the theme's best quote, 2, 3; missing = no quote", "themes"),
        "journey": Column("string", "step of the customer's journey it speaks of; missing = of none", "taxonomy"),
    },
)

CLAUSE_THEMES = Schema(
    "clause_themes",
    {
        "clause_id": Column("string", "the clause", "taxonomy", required=True),
        "feedback_id": Column("string", "the comment it is part of", "taxonomy", required=True),
        "theme_id": Column("string", "a theme of it", "taxonomy", required=True),
        "rank": Column("Int32", "1 = its theme in the clauses table, 2, 3 = others it speaks of too", "taxonomy"),
        "confidence": Column(
            "Float32", "how surely it belongs to the entry of the taxonomy, 0-1; missing = a theme found", "taxonomy"
        ),
    },
)

THEMES = Schema(
    "themes",
    {
        "theme_id": Column("string", "stable id", "themes", required=True),
        "parent_id": Column("string", "the theme it is a part of; missing = top level", "themes"),
        "label": Column("string", "short name in the customers' words", "themes", required=True),
        "label_lang": Column("string", "language of the label, ISO 639-1", "themes"),
        "sentence": Column("string", "the clause that says it best, alone", "themes"),
        "keywords": Column("string", "its typical words, joined by ', '; by language in the keywords table", "themes"),
        "n_clauses": Column("Int32", "clauses in it", "themes"),
        "n_feedback": Column("Int32", "comments in it", "themes"),
        "sentiment": Column("Float32", "mean sentiment of its clauses, -1 to 1", "themes"),
        "cohesion": Column("Float32", "mean similarity of its clauses to its centre, 0-1", "themes"),
        "firmness": Column(
            "Float32",
            "how surely it is found again in random samples of the clauses, 0-1 (best Jaccard overlap)",
            "themes",
        ),
        "status": Column("string", "what kind of theme it is: complaints, praise, everything, or residual", "themes"),
        "origin": Column("string", "taxonomy: an entry of the team's own; found: discovered", "taxonomy"),
    },
)

KEYWORDS = Schema(
    "keywords",
    {
        "theme_id": Column("string", "the theme", "themes", required=True),
        "lang": Column("string", "language of the word, ISO 639-1", "themes", required=True),
        "rank": Column("Int32", "1 = most typical of the theme in that language", "themes", required=True),
        "keyword": Column("string", "a word or short phrase as customers write it", "themes", required=True),
        "n_feedback": Column("Int32", "comments of the theme that hold it", "themes"),
    },
)

METRICS = Schema(
    "metrics",
    {
        "metric": Column("string", "nps, csat, ces, rating, net_sentiment, volume …", "metrics", required=True),
        "by": Column("string", "the column it is split by; 'all' = overall", "metrics", required=True),
        "segment": Column("string", "the value of that column; 'all' = overall", "metrics", required=True),
        "period_start": Column(TIME, "first day of the period; missing = all time", "metrics"),
        "n": Column("Int32", "answers it rests on", "metrics"),
        "value": Column("Float32", "the figure; missing = too few answers", "metrics"),
        "low": Column("Float32", "lower end of the 95 % interval", "metrics"),
        "high": Column("Float32", "upper end of the 95 % interval", "metrics"),
        "unit": Column("string", "what value, low and high are in: points, %, share (0-1), hours, a scale", "metrics"),
        "definition": Column("string", "how it is computed", "metrics"),
        "remark": Column("string", "why there is no figure, such as too few answers", "metrics"),
    },
)

COMPARISONS = Schema(
    "comparisons",
    {
        "metric": Column("string", "the figure that is compared", "comparisons", required=True),
        "kind": Column(
            "string",
            "with what: rest (all other segments), previous (the period before), baseline (before a day that the "
            "settings name), target (a figure that the settings name)",
            "comparisons",
            required=True,
        ),
        "by": Column("string", "the column it is split by; 'all' = overall", "comparisons", required=True),
        "segment": Column("string", "the value of that column; 'all' = overall", "comparisons", required=True),
        "period_start": Column(TIME, "first day of the newer period; missing = all time", "comparisons"),
        "against": Column("string", "what it is compared with, in words", "comparisons"),
        "n": Column("Int32", "answers of the segment or the newer period", "comparisons"),
        "n_against": Column("Int32", "answers that it is compared with; missing = a target", "comparisons"),
        "value": Column("Float32", "the figure", "comparisons"),
        "value_against": Column("Float32", "the figure that it is compared with", "comparisons"),
        "difference": Column("Float32", "value minus value_against, in points of the unit", "comparisons"),
        "low": Column("Float32", "lower end of the 95 % interval of the difference", "comparisons"),
        "high": Column("Float32", "upper end of the 95 % interval of the difference", "comparisons"),
        "p_value": Column("Float32", "chance of a difference at least as large where there is none", "comparisons"),
        "q_value": Column(
            "Float32",
            "p_value corrected for the number of comparisons of its kind (false-discovery rate)",
            "comparisons",
        ),
        "holds": Column("boolean", "whether it holds after the correction and is large enough to tell", "comparisons"),
        "better": Column("string", "which direction is good: high or low; missing = not told", "comparisons"),
        "unit": Column("string", "what the figures are in", "comparisons"),
        "told": Column("string", "the comparison in one sentence", "comparisons"),
    },
)

DRIVERS = Schema(
    "drivers",
    {
        "theme_id": Column("string", "the theme", "drivers", required=True),
        "score": Column(
            "string", "the score it is associated with: nps, csat, ces, rating or churn", "drivers", required=True
        ),
        "n": Column("Int32", "scored responses that mention the theme (customers, for churn)", "drivers"),
        "overlap": Column("Float32", "share of them that mention another theme too, 0-1", "drivers"),
        "difference": Column(
            "Float32", "mean score with the theme minus without it, in points of the score", "drivers"
        ),
        "low": Column("Float32", "lower end of the 95 % interval of the difference", "drivers"),
        "high": Column("Float32", "upper end of the 95 % interval of the difference", "drivers"),
        "impact": Column(
            "Float32", "overall score minus the score without the theme's responses (leave-one-out)", "drivers"
        ),
        "impact_low": Column("Float32", "lower end of the 95 % interval of the impact", "drivers"),
        "impact_high": Column("Float32", "upper end of the 95 % interval of the impact", "drivers"),
        "contribution": Column(
            "Float32",
            "Shapley share of the gap between the score and that of a response without any theme, in points; the "
            "themes' contributions add up to the explained part of the gap",
            "drivers",
        ),
        "contribution_low": Column("Float32", "lower end of the 95 % interval of the contribution", "drivers"),
        "contribution_high": Column("Float32", "upper end of the 95 % interval of the contribution", "drivers"),
        "importance": Column(
            "Float32", "share of the score's variance that goes with the theme (LMG), 0-1; adds up to R²", "drivers"
        ),
        "better": Column("string", "which direction of the score is good: high or low; missing = not told", "drivers"),
        "unit": Column("string", "what the points are: NPS points, % satisfied, points of the scale", "drivers"),
        "p_value": Column("Float32", "chance of a contribution at least as large where there is none", "drivers"),
        "q_value": Column("Float32", "p_value corrected for the number of themes (false-discovery rate)", "drivers"),
        "holds": Column("boolean", "whether it holds after the correction and is large enough to tell", "drivers"),
        "told": Column("string", "the association in one sentence, or why there is no figure", "drivers"),
    },
)

ISSUES = Schema(
    "issues",
    {
        "rank": Column("Int32", "1 = fix first", "issues", required=True),
        "place": Column(
            "string", "the rank as far as it is more than noise: '3=' shares the third place with others", "issues"
        ),
        "theme_id": Column("string", "the theme", "issues", required=True),
        "label": Column("string", "the theme's label", "issues"),
        "urgency": Column("Float32", "0-100", "issues"),
        "urgency_low": Column("Float32", "lower end of the 95 % interval", "issues"),
        "urgency_high": Column("Float32", "upper end of the 95 % interval", "issues"),
        "rank_low": Column("Int32", "best rank within the 95 % interval", "issues"),
        "rank_high": Column("Int32", "worst rank within the 95 % interval", "issues"),
        "reach": Column("Float32", "part: share of customers, 0-1", "issues"),
        "severity": Column("Float32", "part: how bad, 0-1", "issues"),
        "momentum": Column(
            "Float32", "part: growth against its own past, 0-1, 0.25 = steady; missing = no dates", "issues"
        ),
        "impact": Column("Float32", "part: association with the score, 0-1; missing = no scores", "issues"),
        "immediacy": Column("Float32", "part: danger, deadlines, threats to leave, 0-1", "issues"),
        "value": Column("Float32", "part: share of the known revenue, 0-1; missing = no revenue", "issues"),
        "danger": Column(
            "Float32",
            "danger to health, rights or money told beyond chance, 0-1; urgency = 100 x (m + danger x (1 - m)), m the "
            "weighted mean of the other parts",
            "issues",
        ),
        "top3": Column("Float32", "chance of standing among the first three, 0-1", "issues"),
        "trend": Column(
            "Int32",
            "1 = told more often than before, beyond chance and season, corrected for the number of issues; -1 = less "
            "often; 0 = neither; missing = no dates",
            "issues",
        ),
        "share_before": Column(
            "Float32", "share of all comments that told of it before the newest weeks, 0-1", "issues"
        ),
        "share_now": Column("Float32", "share of all comments of the newest weeks that tell of it, 0-1", "issues"),
        "n_feedback": Column("Int32", "comments that tell of it", "issues"),
        "n_customers": Column("Int32", "customers who tell of it", "issues"),
        "signal": Column("string", "the signal of urgency that `why` names first; missing = none", "issues"),
        "n_signal": Column("Int32", "customers who tell of the issue, raise that signal and mean it", "issues"),
        "second_signal": Column("string", "the signal that `why` names next", "issues"),
        "n_second_signal": Column("Int32", "the same of that one", "issues"),
        "why": Column("string", "one sentence: why it stands where it stands", "issues"),
        "quote": Column("string", "a customer's words", "issues"),
    },
)

CHANGES = Schema(
    "changes",
    {
        "change": Column(
            "string",
            "born; found: its own theme from this run on, although as many told of it before; grown; shrunk; gone "
            "(hardly any are left); merged; split; or steady: no more than chance",
            "workspace",
            required=True,
        ),
        "theme_id": Column("string", "the theme", "workspace", required=True),
        "label": Column("string", "its label; of a theme that was merged or split, the label it had", "workspace"),
        "n_now": Column("Int32", "comments of the newest run that tell of it", "workspace"),
        "n_before": Column("Int32", "comments of the run before that tell of it", "workspace"),
        "of_now": Column("Int32", "comments that the newest run added, doubted ones left out", "workspace"),
        "of_before": Column("Int32", "comments that the run before added", "workspace"),
        "share_now": Column("Float32", "n_now / of_now, 0-1", "workspace"),
        "share_before": Column("Float32", "n_before / of_before, 0-1", "workspace"),
        "difference": Column("Float32", "share_now minus share_before", "workspace"),
        "low": Column("Float32", "lower end of the 95 % interval of the difference", "workspace"),
        "high": Column("Float32", "upper end of the 95 % interval of the difference", "workspace"),
        "p_value": Column("Float32", "chance of a difference at least as large where there is none", "workspace"),
        "q_value": Column("Float32", "p_value corrected for the number of themes (false-discovery rate)", "workspace"),
        "detail": Column("string", "the other themes of a merger or split", "workspace"),
    },
)

QUEUE = Schema(
    "queue",
    {
        "rank": Column("Int32", "1 = answer first", "queue", required=True),
        "feedback_id": Column("string", "the comment", "queue", required=True),
        "urgency": Column("Float32", "0-100: severity, signals, score, issue; falls with age", "queue", required=True),
        "why": Column("string", "one sentence: why somebody is needed", "queue"),
        "quote": Column("string", "the words that weigh most", "queue"),
        "customer_id": Column("string", "who wrote it", "queue"),
        "created_at": Column(TIME, "when it was written (UTC)", "queue"),
        "channel": Column("string", "chat, email, review, survey, call …", "queue"),
        "agent": Column("string", "who handled it", "queue"),
        "lang": Column("string", "ISO 639-1 code", "queue"),
        "answer": Column("string", "the scores that were given, such as 'NPS 0'", "queue"),
        "signals": Column("string", "what makes it urgent, the strongest first", "queue"),
        "severity": Column("Float32", "the worst that it tells, 0-1", "queue"),
        "theme_id": Column(
            "string", "the issue that the quote tells of, else the most urgent one that the comment tells of", "queue"
        ),
        "label": Column("string", "that issue's label", "queue"),
        "suspect": Column("string", "why the row should not be trusted; missing = trusted", "queue"),
    },
)

CUSTOMERS = Schema(
    "customers",
    {
        "customer_id": Column("string", "who", "people", required=True),
        "urgency": Column("Float32", "0-100: that of the customer's most urgent comment", "people", required=True),
        "why": Column("string", "one sentence: what the customer told lately", "people"),
        "n_feedback": Column("Int32", "comments", "people"),
        "n_complaints": Column("Int32", "comments that complain", "people"),
        "first_at": Column(TIME, "first comment", "people"),
        "last_at": Column(TIME, "last contact", "people"),
        "sentiment": Column("Float32", "mean sentiment, -1 to 1", "people"),
        "path": Column("string", "sentiment of the last five comments, oldest first", "people"),
        "course": Column("string", "falling, steady or rising; missing = fewer than two judged comments", "people"),
        "answer": Column("string", "the scores last given, such as 'NPS 0'", "people"),
        "experience": Column("Float32", "mean experience score of the customer's comments, 0-100", "people"),
        "experience_last": Column("Float32", "that of the last one", "people"),
        "n_churn": Column("Int32", "comments that threaten to leave", "people"),
        "churn_at": Column(TIME, "the last of them", "people"),
        "signals": Column("string", "every signal told, the strongest first", "people"),
        "left_at": Column(TIME, "when the customer left", "people"),
        "revenue": Column("Float32", "yearly revenue of the customer", "people"),
    },
)

AGENTS = Schema(
    "agents",
    {
        "agent": Column("string", "who; groups too small to show stand together as one", "people", required=True),
        "n_agents": Column("Int32", "agents in the row: 1, or those that stand together", "people"),
        "n_contacts": Column("Int32", "contacts", "people"),
        "n_customers": Column("Int32", "customers", "people"),
        "speed": Column("Float32", "median hours to the first reply", "people"),
        "speed_low": Column("Float32", "lower end of the 95 % interval", "people"),
        "speed_high": Column("Float32", "upper end of the 95 % interval", "people"),
        "effectiveness": Column("Float32", "share of contacts without a word of having to come back, 0-1", "people"),
        "effectiveness_low": Column("Float32", "lower end of the 95 % interval", "people"),
        "effectiveness_high": Column("Float32", "upper end of the 95 % interval", "people"),
        "friendliness": Column("Float32", "share of contacts without a word of rude treatment, 0-1", "people"),
        "friendliness_low": Column("Float32", "lower end of the 95 % interval", "people"),
        "friendliness_high": Column("Float32", "upper end of the 95 % interval", "people"),
        "availability": Column("Float32", "share of contacts that were answered at all, 0-1", "people"),
        "availability_low": Column("Float32", "lower end of the 95 % interval", "people"),
        "availability_high": Column("Float32", "upper end of the 95 % interval", "people"),
        "sentiment": Column("Float32", "mean sentiment of the comments, -1 to 1", "people"),
        "sentiment_low": Column("Float32", "lower end of the 95 % interval", "people"),
        "sentiment_high": Column("Float32", "upper end of the 95 % interval", "people"),
    },
)

ANOMALIES = Schema(
    "anomalies",
    {
        "theme_id": Column("string", "the theme", "anomalies", required=True),
        "label": Column("string", "the theme's label", "anomalies"),
        "by": Column("string", "the column of the segment; 'all' = everybody", "anomalies", required=True),
        "segment": Column("string", "the value of that column; 'all' = everybody", "anomalies", required=True),
        "period_start": Column(TIME, "first day of the period", "anomalies", required=True),
        "direction": Column("string", "more or fewer than expected", "anomalies"),
        "observed": Column("Int32", "comments that tell of it in the period", "anomalies"),
        "expected": Column("Float32", "comments expected from the periods before", "anomalies"),
        "low": Column("Float32", "lower end of the expected range", "anomalies"),
        "high": Column("Float32", "upper end of the expected range", "anomalies"),
        "n": Column("Int32", "all comments of the segment in the period", "anomalies"),
        "p_value": Column("Float32", "chance of so unusual a count where nothing has changed", "anomalies"),
        "q_value": Column("Float32", "rate of false alarms if this and all below are told", "anomalies"),
        "quote": Column("string", "a customer's words from the period", "anomalies"),
    },
)

TABLES = (
    FEEDBACK, CLAUSES, CLAUSE_THEMES, THEMES, KEYWORDS, METRICS, COMPARISONS, DRIVERS, ISSUES, QUEUE, CUSTOMERS, AGENTS,
    ANOMALIES, CHANGES,
)  # fmt: skip


def numbers(table: pd.DataFrame, column: str, missing: float = np.nan) -> npt.NDArray[np.float64]:
    """A column as floats (n,), `missing` where a cell or the column is."""
    if column not in table.columns:
        return np.full(len(table), missing)
    return table[column].astype("Float64").to_numpy(float, na_value=missing)


def tally(table: pd.DataFrame, column: str) -> dict[str, int]:
    """Rows per value of a column, most frequent first, ties by name; empty where the column is absent.

    Marks that name another row ("duplicate of 17") count as one kind.
    """
    if column not in table:
        return {}
    kinds = table[column].dropna().astype(str).str.replace(OTHER_ROW, "", regex=True).value_counts()
    return {str(kind): int(n) for kind, n in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))}


@dataclass(frozen=True)
class Note:
    """Something the reader of the result must know: what was skipped, doubted or could not be computed."""

    stage: str
    text: str
    count: int = 0


@dataclass(frozen=True)
class Analysis:
    """Everything one run found. `settings` is the effective configuration as a nested dict of plain values;
    `inputs` has one dict a file: name, format, rows, sha256."""

    feedback: pd.DataFrame
    clauses: pd.DataFrame
    themes: pd.DataFrame
    metrics: pd.DataFrame
    drivers: pd.DataFrame
    issues: pd.DataFrame
    keywords: pd.DataFrame = field(default_factory=KEYWORDS.empty)
    queue: pd.DataFrame = field(default_factory=QUEUE.empty)
    customers: pd.DataFrame = field(default_factory=CUSTOMERS.empty)
    agents: pd.DataFrame = field(default_factory=AGENTS.empty)
    anomalies: pd.DataFrame = field(default_factory=ANOMALIES.empty)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    model: str = ""
    timings: dict[str, float] = field(default_factory=dict)
    inputs: tuple[dict[str, Any], ...] = ()
    changes: pd.DataFrame = field(default_factory=CHANGES.empty)
    """Against the run before; empty without a workspace and in its first run."""
    comparisons: pd.DataFrame = field(default_factory=COMPARISONS.empty)
    clause_themes: pd.DataFrame = field(default_factory=CLAUSE_THEMES.empty)

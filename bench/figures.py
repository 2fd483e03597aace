"""How fast the figures are on a large file, and how often their intervals hold the truth.

`python -m bench.figures`: metrics, comparisons, drivers, ranking, queue, customers, agents, anomalies and report of
100,000 comments with 60 themes, 1,000 bootstrap rounds in drivers and ranking each (the aim is under 60 s on 2 cores).
Then, on simulated surveys whose truth is known, the share of 95 % intervals that hold it, for every figure of the
drivers: the light version in tests/test_drivers.py looks at fewer surveys. Nothing is read; the comments are made.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from voc.anomalies import find_anomalies
from voc.comparisons import compare
from voc.config import (
    AnomaliesConfig,
    ComparisonsConfig,
    DriversConfig,
    IssuesConfig,
    MetricsConfig,
    PeopleConfig,
    QueueConfig,
    ReportConfig,
)
from voc.drivers import Mentions, associate, attribute, shapley
from voc.issues import rank_issues
from voc.metrics import measure
from voc.people import compare_agents, follow_customers
from voc.queue import queue_comments
from voc.report import render
from voc.tables import CLAUSES, DRIVERS, FEEDBACK, THEMES, Analysis

COMMENTS, THEME_COUNT, ROUNDS = 100_000, 60, 1_000
AIM = 60.0
SURVEYS = 1_000
SAID = "the parcel came late and nobody could say where it was"


def export(n: int = COMMENTS, themes: int = THEME_COUNT) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Feedback, clauses and themes: three survey scores, four channels, customers who write more than once."""
    generator = np.random.default_rng(0)
    ids = np.array([f"f{number:06d}" for number in range(n)])
    often = np.linspace(2.0, 0.3, themes)
    who = np.repeat(np.arange(n), generator.poisson(1.5, n))
    what = generator.choice(themes, who.size, p=often / often.sum())
    mood = 8.5 + 1.5 * generator.normal(size=n) + np.bincount(who, generator.normal(-1, 0.5, themes)[what], n)
    nps = np.clip(np.round(mood), 0, 10)
    stars = np.clip(np.round(nps / 2), 1, 5)
    start = pd.Timestamp("2025-01-01", tz="UTC")
    feedback = pd.DataFrame({
        "feedback_id": ids, "text": "words", "clean_text": "words", "nps": nps, "rating": stars, "rating_scale": "1-5",
        "csat": stars, "csat_scale": "1-5", "lang": generator.choice(["en", "de", "it"], n),
        "customer_id": [f"c{each}" for each in generator.integers(0, n * 7 // 10, n)],
        "channel": generator.choice(["chat", "mail", "call", "app"], n),
        "created_at": start + pd.to_timedelta(generator.uniform(0, 365, n), unit="D"), "suspect": pd.NA, "skip": pd.NA,
        "label": generator.choice(["negative", "neutral", "positive"], n), "severity": generator.random(n),
        "sentiment": generator.uniform(-1, 1, n), "experience": generator.uniform(0, 100, n),
        "agent": [f"agent {each}" for each in generator.integers(0, 50, n)],
    })  # fmt: skip
    clauses = pd.DataFrame({
        "clause_id": [f"{ids[owner]}-{number}" for number, owner in enumerate(who)], "feedback_id": ids[who],
        "position": 0, "start": 0, "end": len(SAID), "text": SAID, "lang": "en", "severity": generator.random(who.size),
        "sentiment": generator.uniform(-1, 0, who.size), "label": "negative", "confidence": 0.9,
        "theme_id": [f"t{each:02d}" for each in what], "theme_score": generator.random(who.size),
        "signals": generator.choice(["", "money", "unresolved", "churn"], who.size, p=[0.85, 0.05, 0.05, 0.05]),
        "quote_rank": pd.NA,
    })  # fmt: skip
    size = np.bincount(what, minlength=themes)
    listed = pd.DataFrame({
        "theme_id": [f"t{each:02d}" for each in range(themes)], "label": "late parcel", "keywords": "late, parcel",
        "parent_id": pd.NA, "n_clauses": size, "n_feedback": size, "status": "complaints",
    })  # fmt: skip
    return FEEDBACK.check(feedback), CLAUSES.check(clauses), THEMES.check(listed)


def speed() -> dict[str, float]:
    """Wall seconds of every stage over the large export."""
    feedback, clauses, themes = export()
    seconds: dict[str, float] = {}

    def timed(name: str, stage: Callable[..., Any], *arguments: Any) -> Any:
        started, worked = time.perf_counter(), time.process_time()
        found = stage(*arguments)
        seconds[name] = time.perf_counter() - started
        print(f"  {name:12} {seconds[name]:6.1f} s ({time.process_time() - worked:.1f} s of processor)", flush=True)
        return found

    metrics = timed("metrics", measure, feedback, MetricsConfig())
    comparisons = timed("comparisons", compare, feedback, MetricsConfig(), ComparisonsConfig())
    drivers = timed("drivers", attribute, feedback, clauses, themes, DriversConfig(rounds=ROUNDS))
    ranking = replace(IssuesConfig(), rounds=ROUNDS)
    issues = timed("ranking", rank_issues, feedback, clauses, themes, drivers, ranking)
    queue = timed("queue", queue_comments, feedback, clauses, issues, QueueConfig())
    customers = timed("customers", follow_customers, feedback, clauses, issues, QueueConfig())
    agents = timed("agents", compare_agents, feedback, clauses, PeopleConfig())
    anomalies = timed("anomalies", find_anomalies, feedback, clauses, issues, AnomaliesConfig(), MetricsConfig())
    analysis = Analysis(
        feedback=feedback, clauses=clauses, themes=themes, metrics=metrics, drivers=drivers, issues=issues,
        comparisons=comparisons, queue=queue, customers=customers, agents=agents, anomalies=anomalies,
        settings={"themes": {"of": "complaints", "min_feedback": 5}},
    )  # fmt: skip
    timed("report", render, analysis, ReportConfig())
    return seconds


def survey(generator: np.random.Generator, customers: int, score: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers of customers who answer twice and alike, the themes they mention, and who they are."""
    n = 2 * customers
    told = generator.random((n, 4)) < (0.25, 0.15, 0.1, 0.3)
    told[:, 1] |= told[:, 0] & (generator.random(n) < 0.4)
    told[1::2] = np.where(generator.random((customers, 1)) < 0.7, told[::2], told[1::2])
    mood = generator.normal(size=n) + np.repeat(generator.normal(size=customers), 2)
    answers = np.clip(np.round(8.5 + 1.5 * mood - told @ np.array([2.0, 0.8, 1.2, 0.0])), 0, 10)
    values = {
        "nps": 100.0 * (answers >= 9) - 100.0 * (answers <= 6), "csat": 100.0 * (answers >= 8), "rating": answers
    }  # fmt: skip
    return values[score], told, np.repeat(np.arange(customers), 2).astype(str)


def truth(score: str) -> dict[str, np.ndarray]:
    """The figures of a survey so large that its own noise is nothing."""
    values, told, _ = survey(np.random.default_rng(0), 1_000_000, score)
    spread, share = np.cov(told.T.astype(float), bias=True), told.mean(axis=0)
    common = told.T @ (values - values.mean()) / len(values)
    without = np.array([values[~told[:, theme]].mean() for theme in range(told.shape[1])])
    inside = np.array([values[told[:, theme]].mean() for theme in range(told.shape[1])])
    points, _ = shapley(spread[None], common[None], share[None], orders=24)
    return {"difference": inside - without, "impact": values.mean() - without, "contribution": points[0]}


def coverage(score: str, customers: int, surveys: int = SURVEYS) -> dict[str, float]:
    """The share of intervals that hold the truth, over so many surveys and four themes, two of which overlap."""
    known = truth(score)
    held: dict[str, list[np.ndarray]] = {name: [] for name in known}
    for number in range(surveys):
        values, told, who = survey(np.random.default_rng([number, customers]), customers, score)
        found = associate(values, who, Mentions(*np.nonzero(told)), told.shape[1], rounds=100)
        for name, right in known.items():
            low, high = ("low", "high") if name == "difference" else (f"{name}_low", f"{name}_high")
            held[name].append((found[low] <= right) & (right <= found[high]))
    return {name: float(np.mean(each)) for name, each in held.items()}


def urgency_coverage(files: int) -> float:
    """The share of urgency's intervals that hold the urgency of the law their file is drawn from.

    300 customers complain, each as gravely as an even draw from 0 to 1 says; severity alone is weighed, for lower ends,
    as in reach, rise with the size of a file.
    """
    config = replace(IssuesConfig(), reach=0.0, impact=0.0, momentum=0.0, immediacy=0.0, value=0.0)
    n, held = 300, 0
    ids = [f"f{number:03d}" for number in range(n)]
    feedback = FEEDBACK.check(pd.DataFrame({"feedback_id": ids, "text": "words", "customer_id": ids}))
    themes = THEMES.check(pd.DataFrame({"theme_id": ["late"], "label": "late", "status": "complaints"}))
    for number in range(files):
        grave = np.random.default_rng(number).uniform(0, 1, n)
        clauses = pd.DataFrame({
            "clause_id": ids, "feedback_id": ids, "position": 0, "start": 0, "end": 5, "text": "words", "lang": "en",
            "label": "negative", "severity": grave, "theme_id": "late", "theme_score": 1.0, "quote_rank": pd.NA,
        })  # fmt: skip
        found = rank_issues(feedback, CLAUSES.check(clauses), themes, DRIVERS.empty(), config).iloc[0]
        held += bool(found["urgency_low"] <= 50 <= found["urgency_high"])
    return held / files


def main(surveys: int = SURVEYS) -> int:
    print(f"\nfigures of {COMMENTS:,} comments, {THEME_COUNT} themes, {ROUNDS:,} bootstrap rounds")
    total = sum(speed().values())
    print(f"  together     {total:6.1f} s, aim under {AIM:g} s on 2 cores")
    noise = 100 * np.sqrt(0.95 * 0.05 / surveys)
    print(f"\n95 % intervals of the drivers that hold the truth, {surveys:,} surveys each (± {noise:.1f} points)")
    for score, customers in (("nps", 100), ("nps", 400), ("csat", 400), ("rating", 400)):
        shares = "  ".join(f"{name} {100 * share:.1f} %" for name, share in coverage(score, customers, surveys).items())
        print(f"  {score:7} {customers} customers x 2  {shares}", flush=True)
    files = max(surveys // 2, 1)
    print(f"  urgency {files:,} files of 300 customers  {100 * urgency_coverage(files):.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))

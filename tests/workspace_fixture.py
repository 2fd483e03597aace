"""Weeks of made-up complaints for the tiny model: who complains about what, how often, is told by the test."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from conftest import TinyEncoder

from voc.config import from_mapping
from voc.tables import CHANGES, CLAUSES, DRIVERS, FEEDBACK, ISSUES, METRICS, THEMES, Analysis
from voc.workspace import Memory
from voc.workspace.revising import Revision
from voc.workspace.store import stacked
from voc.workspace.tables import Contents

SAID = {
    "delivery": ("parcel", "delivery", "courier", "late", "waited", "driver"),
    "app": ("app", "crashes", "login", "screen", "freezes", "update"),
    "staff": ("waiter", "rude", "staff", "unfriendly", "desk", "shouted"),
    "price": ("price", "expensive", "invoice", "fee", "bill", "charged"),
    "heating": ("heating", "cold", "radiator", "broken", "boiler", "room"),
    "queue": ("queue", "slow", "checkout", "till", "line", "crowded"),
}
ASIDES = (
    "yesterday", "monday", "again", "kaunas", "berlin", "lyon", "porto", "riga", "malaga", "leeds", "brno", "really",
    "today", "simply", "somehow", "honestly", "twice", "friend", "family", "morning", "evening", "weekend", "spring",
)  # fmt: skip
NOW = pd.Timestamp("2026-02-01", tz="UTC").as_unit("us")
PRAISE = "great and friendly people thanks"


def week(number: int, praise: int = 40, **complaints: int) -> pd.DataFrame:
    """An export of week `number`: so many comments of praise, and of each topic of SAID."""
    rng = random.Random(f"{number} {sorted(complaints.items())}")
    texts = [_complaint(topic, rng) for topic, n in sorted(complaints.items()) for _ in range(n)]
    texts += [f"{PRAISE} {' '.join(rng.sample(ASIDES, 4))}" for _ in range(praise)]
    day = pd.Timestamp("2026-01-05") + pd.Timedelta(weeks=number - 1)
    return pd.DataFrame(
        {
            "id": [f"w{number}-{place:03}" for place in range(len(texts))],
            "date": [f"{day + pd.Timedelta(days=place % 7):%Y-%m-%d}" for place in range(len(texts))],
            "customer": [f"C{number}{place:03}" for place in range(len(texts))],
            "channel": ["email" if place % 3 else "chat" for place in range(len(texts))],
            "nps": [9 if text.startswith("great") else 2 for text in texts],
            "comment": texts,
        }
    )


def _complaint(topic: str, rng: random.Random) -> str:
    """Four of the topic's words and two asides; always one that the tiny model hears as bad."""
    words = SAID[topic]
    bad = next(word for word in words if word in {"late", "crashes", "rude", "expensive", "broken", "slow"})
    said = rng.sample([word for word in words if word != bad], 3)
    return " ".join([bad, *said, *rng.sample(ASIDES, 2)])


def clauses_of(feedback: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """One clause a comment as the tiny model judges it, and the vectors."""
    texts = feedback["comment"].tolist()
    read = TinyEncoder().encode(texts)
    judged = read.sentiment[:, 2] - read.sentiment[:, 0]
    clauses = pd.DataFrame(
        {
            "clause_id": feedback["id"] + ":0",
            "feedback_id": feedback["id"],
            "position": 0,
            "start": 0,
            "end": feedback["comment"].str.len(),
            "text": texts,
            "lang": "en",
            "sentiment": judged,
            "label": np.where(judged < 0, "negative", "positive"),
            "confidence": 0.9,
        }
    )
    return CLAUSES.check(clauses), read.vectors


@dataclass
class Past:
    """A workspace in memory: what its runs have left, without the stages before and after the themes."""

    contents: Contents = field(default_factory=Contents)
    clauses: pd.DataFrame = field(default_factory=CLAUSES.empty)
    themes: pd.DataFrame = field(default_factory=THEMES.empty)
    changes: pd.DataFrame = field(default_factory=CHANGES.empty)

    def run(self, *weeks: pd.DataFrame, **settings: object) -> Past:
        """After one more run that brings these comments."""
        config = from_mapping({"themes": settings}).themes
        memory = Memory(self.contents)
        fresh = pd.concat(weeks, ignore_index=True) if weeks else week(1).head(0)
        feedback = pd.DataFrame(
            {"feedback_id": fresh["id"], "text": fresh["comment"], "skip": pd.NA, "suspect": pd.NA, "run": memory.run}
        )
        clauses, vectors = clauses_of(fresh)
        before = self.contents
        if len(before.feedback):
            feedback = stacked([before.feedback, FEEDBACK.check(feedback)], FEEDBACK)
            old = before.clauses.drop(columns=["key"])
            clauses, vectors = (
                stacked([old, clauses], CLAUSES),
                np.concatenate([before.vectors.of(old["text"]), vectors]),
            )
        clauses, themes = memory.find_themes(clauses, vectors, config)
        feedback = FEEDBACK.check(feedback)
        changes = memory.changes(feedback, clauses, themes, config)
        analysis = Analysis(
            feedback=feedback, clauses=clauses, themes=themes, metrics=METRICS.empty(), drivers=DRIVERS.empty(),
            issues=ISSUES.empty(), settings={"themes": {"of": config.of}}, model="tiny 0",
        )  # fmt: skip
        return Past(memory.kept(analysis, NOW, "test"), clauses, themes, changes)

    def having(self, revision: Revision) -> Past:
        """With an edit; themes and changes show it after the next run."""
        return replace(self, contents=revision.contents)

    def theme_of(self, topic: str) -> str:
        """The theme that most clauses of a topic of SAID are in."""
        return str(self.clauses.loc[self.of(topic), "theme_id"].value_counts().index[0])

    def of(self, topic: str) -> pd.Series:
        """Which clauses tell of a topic."""
        return self.clauses["text"].map(lambda text: len(set(text.split()) & set(SAID[topic])) >= 4).astype(bool)

    def told(self) -> dict[str, str]:
        """theme_id -> its change; mergers and splits apart."""
        plain = self.changes[~self.changes["change"].isin(["merged", "split"])]
        return dict(zip(plain["theme_id"], plain["change"], strict=True))

"""Weeks of made-up complaints for the tiny model: who complains about what, how often, is told by the test."""

from __future__ import annotations

import random

import pandas as pd

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

"""What the tests share: a tiny model that needs no weights, and feedback to try it on."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

if "VOC_FUZZ" not in os.environ:
    # The same examples everywhere: a change fails or passes by itself. VOC_FUZZ asks for a long hunt with new ones.
    settings.register_profile("same", derandomize=True)
    settings.load_profile("same")


os.environ.setdefault("OMP_NUM_THREADS", "2")

REAL_DATA = Path(__file__).parents[2] / "shared" / "data"

BAD = {
    "late",
    "broken",
    "rude",
    "crashes",
    "crash",
    "slow",
    "lost",
    "bad",
    "terrible",
    "never",
    "unfriendly",
    "expensive",
}
GOOD = {"great", "love", "lovely", "friendly", "fast", "excellent", "good", "perfect", "helpful", "thanks"}
URGENT = {"fire", "burned", "injured"}
WIDTH = 384


class TinyEncoder:
    """Reads words, not sense: enough for everything between the model and the files to be real."""

    name = "tiny"
    digest = "0" * 64

    def encode(self, texts: Sequence[str], *, progress=lambda *_: None):
        from voc.encoder import Encoding

        words = [re.findall(r"\w+", text.lower()) for text in texts]
        progress("sentiment", len(texts), len(texts))
        bad = np.array([len(BAD.intersection(each)) for each in words], dtype=np.float32)
        good = np.array([len(GOOD.intersection(each)) for each in words], dtype=np.float32)
        danger = np.array([bool(URGENT.intersection(each)) for each in words], dtype=bool)
        odds = np.stack([1 + 8 * bad, np.full(len(words), 2.0), 1 + 8 * good], axis=1).reshape(-1, 3)
        signals = np.zeros((len(words), 9), dtype=np.float32)
        signals[danger, 0] = 0.9
        vectors = np.array([_vector(tuple(each)) for each in words], dtype=np.float32).reshape(-1, WIDTH)
        severity = np.where(danger, 0.95, np.clip(0.2 * bad, 0, 1)).astype(np.float32)
        sentiment = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
        return Encoding(vectors=vectors, sentiment=sentiment, severity=severity, signals=signals)


@lru_cache(maxsize=100_000)
def _vector(words: tuple[str, ...]) -> np.ndarray:
    """The sum of a fixed random direction per word, unit length."""
    total = np.full(WIDTH, 1e-3)
    for word in words:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
        total += np.random.default_rng(seed).standard_normal(WIDTH)
    return total / np.linalg.norm(total)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model without weights, for `--model` and `sentiment.model`."""
    from voc.encoder import ENCODERS

    monkeypatch.setitem(ENCODERS._built_in, "tiny", lambda device: TinyEncoder())
    return "tiny"


@pytest.fixture
def complaints() -> pd.DataFrame:
    """240 comments with scores and dates over twelve weeks: three complaints, praise, and rows that say nothing."""
    said = {
        "The parcel arrived late again, delivery is always late": 3,
        "My delivery was late and the parcel came two days late": 2,
        "The app crashes on login, the app crashes every morning": 2,
        "After the update the app crashes when I open it": 4,
        "The waiter was rude and the staff unfriendly": 1,
        "Great service, friendly and helpful people": 10,
        "I love it, excellent quality and fast answers": 9,
        "n/a": 7,
        "": 8,
    }
    texts = list(said)
    rows = [texts[number % len(texts)] for number in range(240)]
    unlike = [f"{text} {_aside(number)}" if len(text) > 5 else text for number, text in enumerate(rows)]
    start = pd.Timestamp("2025-01-06", tz="UTC")
    return pd.DataFrame(
        {
            "id": [f"r{number:03}" for number in range(240)],
            "comment": unlike,
            "nps": [said[text] for text in rows],
            "date": [f"{start + pd.Timedelta(days=number * 84 // 240):%Y-%m-%d}" for number in range(240)],
            "channel": ["email" if number % 3 else "chat" for number in range(240)],
        }
    )


def _aside(number: int) -> str:
    """Words that tell one comment from the next, so that they are no duplicates."""
    places = ["Kaunas", "Milano", "Berlin", "Lyon", "Porto", "Gdansk", "Riga", "Malaga", "Leeds", "Brno", "Cluj"]
    times = ["yesterday", "on Monday", "last week", "this spring", "in the evening", "at noon", "on my birthday"]
    goods = ["with the blue lamp", "with the green chair", "with my phone", "with two books", "with the garden table"]
    return f"in {places[number % 11]} {times[number % 7]} {goods[number % 5]}"


@pytest.fixture
def real_data() -> Path:
    """The folder of real data; skips where it is not there."""
    if not REAL_DATA.is_dir():
        pytest.skip("no real data: ../shared/data is not beside the checkout")
    return REAL_DATA

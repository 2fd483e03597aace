"""The fast lane: what it computes, that neighbours never matter, and what it must not lose."""

import numpy as np
import pytest

from voc import encoder
from voc.encoder.static_runtime import CHUNK, MEAN_STEP, TOP
from voc.tables import SIGNALS

TEXTS = [
    "Die Lieferung kam drei Wochen zu spät und niemand antwortet.",
    "Personale gentilissimo, tutto perfetto!",
    "👍",
    "",
    "The room was dirty. " * 400,
]


@pytest.fixture(scope="module")
def fast():
    return encoder.load("fast", device="cpu")


def test_shapes_and_ranges(fast):
    found = fast.encode(TEXTS)
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)
    assert found.sentiment.shape == (5, 3)
    assert np.allclose(found.sentiment.sum(axis=1), 1, atol=1e-6)
    assert found.severity.shape == (5,)
    assert found.signals.shape == (5, len(SIGNALS))
    for part in (found.sentiment, found.severity, found.signals):
        assert ((part >= 0) & (part <= 1)).all()
        assert part.dtype == np.float32


def test_no_texts_give_no_rows(fast):
    found = fast.encode([])
    assert found.vectors.shape == (0, fast.encode(["a"]).vectors.shape[1])
    assert found.sentiment.shape == (0, 3)
    assert found.severity.shape == (0,)
    assert found.signals.shape == (0, len(SIGNALS))


def test_a_text_is_read_the_same_whatever_stands_beside_it(fast):
    many = [f"{TEXTS[i % 4]} {i}" for i in range(CHUNK + 50)]
    whole = fast.encode(many)
    order = np.random.default_rng(0).permutation(len(many))
    shuffled = fast.encode([many[i] for i in order])
    for name in ("vectors", "sentiment", "severity", "signals"):
        assert np.array_equal(getattr(whole, name)[order], getattr(shuffled, name))
        assert np.array_equal(getattr(whole, name)[5], getattr(fast.encode(many[5:6]), name)[0])


def by_hand(fast, text):
    """One text, window by window, in plain sums of Python's whole numbers."""
    weights = fast._weights
    ids = fast._tokenizer.encode(text).ids
    rows = [weights["words"][i].astype(np.int64) for i in ids]

    def layer(rows, name, skip):
        empty = np.zeros_like(rows[0])
        found = []
        for place in range(len(rows)):
            near = [rows[at] if 0 <= at < len(rows) else empty for at in (place - 1, place, place + 1)]
            sums = sum(row @ part.astype(np.int64) for row, part in zip(near, weights[f"{name}.codes"], strict=True))
            value = np.float32(sums) * weights[f"{name}.scale"] + weights[f"{name}.bias"] + skip[place]
            found.append(np.clip(np.rint(value), 0, TOP).astype(np.int64))
        return found

    near = layer(rows, "near", [np.float32(0)] * len(rows))
    far = layer(near, "far", [np.float32(row) for row in near])
    means = [
        np.clip(np.rint(MEAN_STEP * np.float32(sum(part)) / np.float32(len(ids))), -TOP, TOP) for part in (rows, far)
    ]
    pooled = np.concatenate([np.max(far, axis=0), *means]).astype(np.int64)
    for name in ("hidden", "heads"):
        value = np.float32(pooled @ weights[f"{name}.codes"].astype(np.int64)) * weights[f"{name}.scale"]
        value = value + weights[f"{name}.bias"]
        pooled = np.clip(np.rint(value), 0, TOP).astype(np.int64)
    odds = np.exp(value[:3] - value[:3].max())
    return odds / odds.sum()


@pytest.mark.parametrize("text", TEXTS[:4])
def test_it_computes_what_it_says(fast, text):
    assert np.allclose(fast.encode([text]).sentiment[0], by_hand(fast, text), atol=1e-5)


def test_every_sum_stays_whole(fast):
    """The widest sum, at its largest, is below 2**24: float32 holds it exactly."""
    widest = max(int(np.prod(values.shape[:-1])) for name, values in fast._weights.items() if name.endswith("codes"))
    assert widest * TOP * TOP < 2**24
    for name, values in fast._weights.items():
        if name.endswith("codes") or "." not in name:
            assert np.array_equal(values, np.rint(values))
            assert np.abs(values).max() <= TOP


def test_both_names_are_one_model(fast):
    assert encoder.load("voc-fast", device="cpu").digest == fast.digest


def test_the_files_stay_small():
    folder = encoder.shipped_folder("voc-fast")
    assert sum((folder / name).stat().st_size for name in encoder.read_about(folder)["sha256"]) < 10_000_000


def test_progress_ends_at_the_number_of_texts(fast):
    seen = []
    fast.encode(["fine"] * 2500, progress=lambda *step: seen.append(step))
    assert seen[-1] == ("sentiment", 2500, 2500)

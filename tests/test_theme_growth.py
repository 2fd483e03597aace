"""Themes of large files: copies cost nothing, exact neighbours up to a limit, then a sample whose loss is measured."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from conftest import TinyEncoder
from sklearn.metrics import normalized_mutual_info_score
from themes_fixture import around, clauses_of

from voc import theme_graph
from voc.config import SentimentConfig, ThemesConfig
from voc.encoder import ENCODERS, Encoding
from voc.sentiment import score_clauses
from voc.tables import CLAUSES
from voc.theme_graph import discover
from voc.theme_vectors import centre, search
from voc.themes import Grouped, find_themes, group_afresh

EVERYTHING = ThemesConfig(of="everything")


def test_identical_clauses_are_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    class Counting(TinyEncoder):
        def encode(self, texts: list[str], **rest: object) -> Encoding:
            read.extend(texts)
            return super().encode(texts, **rest)

    monkeypatch.setitem(ENCODERS._built_in, "counting", lambda device: Counting())
    clauses = clauses_of(["late again", "rude", *["late again"] * 500])
    _, vectors = score_clauses(clauses, SentimentConfig(model="counting"))
    assert sorted(read) == ["late again", "rude"]
    assert (vectors[2:] == vectors[0]).all()


def test_near_identical_clauses_are_one_point_with_one_vector() -> None:
    """Case, spacing and outer punctuation make no second one, and the vector of whichever comes first is taken."""
    seen: list[tuple[np.ndarray, pd.DataFrame]] = []

    def spy(points: np.ndarray, texts: pd.DataFrame, mentions: pd.DataFrame, config: ThemesConfig) -> Grouped:
        seen.append((points, mentions))
        return group_afresh(points, texts, mentions, config)

    said = [
        "The parcel was late",
        "the parcel  was late!",
        "THE PARCEL WAS LATE…",
        "“The parcel was late.”",
        "It broke",
    ]
    marked, _ = find_themes(clauses_of(said), around([0, 1, 2, 3, 4]), EVERYTHING, group=spy)
    points, mentions = seen[0]
    assert len(points) == 2
    assert mentions.groupby("node").size().tolist() == [1, 4]
    assert marked["theme_id"].iloc[:4].nunique() == 1


@pytest.mark.parametrize(("count", "exact"), [(200, True), (201, False)])
def test_neighbours_are_exact_up_to_the_limit_then_an_index(
    count: int, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert theme_graph.DISCOVER_LIMIT == 50_000, "the stated set size"
    asked: list[bool] = []
    monkeypatch.setattr(theme_graph, "DISCOVER_LIMIT", 200)
    monkeypatch.setattr(
        theme_graph, "search", lambda *told, exact=True: [asked.append(exact), search(*told, exact=exact)][1]
    )
    groups = discover(centre(around([n % 4 for n in range(count)]), np.array(["en"] * count)), neighbours=15).groups
    assert (False not in asked) is exact
    assert len(groups) == count


def test_what_sampling_loses_is_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight topics of unlike size that run into one another: with half of the clauses grouped and the rest joined to
    them, fit to the topics is at most a tenth lower. `python -m bench.themes` measures it on labelled
    queries: 0.015 with 5,000 of 9,970 grouped."""
    sizes = np.array([8, 6, 5, 4, 3, 2, 2, 1])
    topics = np.random.default_rng(0).choice(8, 1200, p=sizes / sizes.sum())
    points = centre(around(topics.tolist(), spread=3.0), np.array(["en"] * 1200))
    whole = discover(points, neighbours=15).groups
    monkeypatch.setattr(theme_graph, "DISCOVER_LIMIT", 600)
    joined = discover(points, neighbours=15).groups
    fit = [normalized_mutual_info_score(topics, groups) for groups in (whole, joined)]
    assert fit[0] > 0.8
    assert fit[1] > fit[0] - 0.1


def test_memory_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit four times the clauses take about four times the memory, not sixteen."""
    monkeypatch.setattr(theme_graph, "DISCOVER_LIMIT", 400)
    monkeypatch.setattr(theme_graph, "DISCOVER_SAMPLE", 400)
    monkeypatch.setattr(theme_graph, "PART_SWEEP", 100)
    peaks = []
    for count in (800, 3200):
        clauses = clauses_of([f"parcel {number} was late" for number in range(count)])
        vectors = around([number % 5 for number in range(count)], width=64)
        tracemalloc.start()
        find_themes(clauses, vectors, ThemesConfig(of="everything", resolution=1.0))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 5 * peaks[0]


def test_more_of_the_same_changes_no_theme() -> None:
    """Every clause pasted ten times over by others: the same themes, ten times as large."""
    clauses = clauses_of([f"The {['parcel', 'courier', 'app', 'login'][n % 4]} failed on {n} May" for n in range(160)])
    vectors = around([n % 4 for n in range(160)])
    many = pd.concat([clauses] * 10, ignore_index=True)
    many["feedback_id"] = many["clause_id"] = [f"{number:05}" for number in range(1600)]
    _, few = find_themes(clauses, vectors, EVERYTHING)
    _, more = find_themes(CLAUSES.check(many), np.tile(vectors, (10, 1)), EVERYTHING)
    assert more["theme_id"].tolist() == few["theme_id"].tolist()
    assert more["label"].tolist() == few["label"].tolist()
    assert more["n_feedback"].tolist() == (10 * few["n_feedback"]).tolist()

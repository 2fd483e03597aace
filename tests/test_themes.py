"""Themes: the same for any order, no clause lost, labels and quotes that a reader can use."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from themes_fixture import around, clauses_of, make_shop

from voc import theme_graph
from voc.config import ThemesConfig
from voc.errors import InputError
from voc.tables import CLAUSES, THEMES
from voc.theme_graph import discover
from voc.theme_vectors import GRID, centre, evened, nearest_neighbours, similarity, snap
from voc.themes import RESIDUAL, RESIDUAL_SHARE, find_themes

EVERYTHING = ThemesConfig(of="everything")


@pytest.fixture(scope="module")
def shop() -> tuple[pd.DataFrame, np.ndarray]:
    return make_shop()


def test_complaints_are_grouped_and_praise_is_left_alone(shop: tuple[pd.DataFrame, np.ndarray]) -> None:
    clauses, themes = find_themes(*shop, ThemesConfig())
    found = clauses["theme_id"].iloc[:200]
    assert pd.crosstab(found, [number % 4 for number in range(200)]).gt(0).sum(axis=1).eq(1).all()
    assert len(themes) == 4
    assert clauses["theme_id"].iloc[200:].isna().all()
    assert themes["n_feedback"].tolist() == [50] * 4
    assert themes["status"].eq("complaints").all()
    assert themes["firmness"].gt(0.9).all()


@pytest.mark.parametrize(("of", "count"), [("complaints", 3), ("praise", 2), ("everything", 6)])
def test_what_counts(of: str, count: int) -> None:
    clauses = clauses_of(
        [f"text number {number}" for number in range(6)],
        label=["negative", "neutral", "neutral", "positive", "neutral", "negative"],
        sentiment=[-0.9, -0.3, 0.1, 0.8, 0.3, -0.1],
    )
    marked, _ = find_themes(clauses, around([0] * 6), ThemesConfig(of=of))
    assert marked["theme_id"].notna().sum() == count


def test_everything_needs_no_sentiment() -> None:
    clauses = clauses_of([f"text number {number}" for number in range(20)]).drop(columns=["sentiment", "label"])
    _, themes = find_themes(clauses, around([0] * 20), EVERYTHING)
    assert themes["sentiment"].isna().all()
    with pytest.raises(InputError, match="sentiment"):
        find_themes(clauses, around([0] * 20), ThemesConfig())


def test_empty_in_empty_out() -> None:
    clauses, themes = find_themes(CLAUSES.empty(), np.zeros((0, 384), np.float32), ThemesConfig())
    assert clauses.dtypes.astype(str).to_dict() == {name: column.dtype for name, column in CLAUSES.columns.items()}
    assert themes.dtypes.astype(str).to_dict() == {name: column.dtype for name, column in THEMES.columns.items()}
    assert not len(clauses)
    assert not len(themes)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 30])
def test_few_clauses(count: int) -> None:
    texts = [f"The parcel number {'abcdefghijklmnopqrstuvwxyzäöüß'[number]} was late" for number in range(count)]
    clauses, themes = find_themes(clauses_of(texts), around([0] * count), ThemesConfig())
    assert clauses["theme_id"].notna().all()
    assert themes["n_clauses"].sum() == count
    assert themes["label"].str.len().gt(0).all()
    assert clauses["quote_rank"].eq(1).sum() == len(themes)


@pytest.mark.parametrize("text", ["The delivery was late", "😡😡", "123", "配送太慢了", "[EMAIL] [PHONE]"])
def test_all_identical(text: str) -> None:
    clauses, themes = find_themes(clauses_of([text] * 40), np.ones((40, 384), np.float32), ThemesConfig())
    assert themes["n_feedback"].tolist() == [40]
    assert themes["label"].str.strip().str.len().gt(0).all()
    assert clauses["quote_rank"].notna().sum() == 1


def test_a_vector_per_clause() -> None:
    with pytest.raises(InputError, match="2 clauses but 3 vectors"):
        find_themes(clauses_of(["one", "two"]), around([0, 0, 0]), ThemesConfig())


@settings(max_examples=3, deadline=None)
@given(st.randoms(use_true_random=False))
def test_row_order_does_not_matter(shop: tuple[pd.DataFrame, np.ndarray], chance: object) -> None:
    clauses, vectors = shop
    order = list(range(len(clauses)))
    chance.shuffle(order)
    straight, themes = find_themes(clauses, vectors, ThemesConfig())
    mixed, mixed_themes = find_themes(clauses.iloc[order], vectors[order], ThemesConfig())
    pd.testing.assert_frame_equal(themes, mixed_themes)
    pd.testing.assert_frame_equal(straight, mixed.sort_values("clause_id", ignore_index=True))


def test_ids_do_not_depend_on_comment_ids(shop: tuple[pd.DataFrame, np.ndarray]) -> None:
    clauses, vectors = shop
    renamed = clauses.assign(feedback_id=clauses["feedback_id"].str[::-1], clause_id=clauses["clause_id"].str[::-1])
    _, themes = find_themes(clauses, vectors, ThemesConfig())
    _, again = find_themes(renamed, vectors, ThemesConfig())
    assert set(themes["theme_id"]) == set(again["theme_id"])


PROGRAM = """
import hashlib, sys, faiss, numpy as np, pandas as pd
faiss.omp_set_num_threads(int(sys.argv[1]))
from voc import theme_graph
theme_graph.DISCOVER_LIMIT = int(sys.argv[2])
from voc.config import ThemesConfig
from voc.tables import CLAUSES
from voc.themes import find_themes
vectors = np.random.default_rng(0).standard_normal((500, 384)).astype(np.float32)
numbers = [f"{n:04}" for n in range(500)]
clauses = pd.DataFrame({"clause_id": numbers, "feedback_id": numbers})
clauses["text"] = "The parcel " + clauses["clause_id"] + " was late"
clauses = clauses.assign(position=0, start=0, end=9, lang="en")
marked, themes = find_themes(CLAUSES.check(clauses), vectors, ThemesConfig(of="everything"))
print(hashlib.sha256((marked.to_csv() + themes.to_csv()).encode()).hexdigest())
"""


@pytest.mark.parametrize("limit", ["50000", "300"], ids=["exact", "index"])
def test_threads_and_runs_do_not_matter(limit: str) -> None:
    """Inner products are exact, so the same bytes come out however the work is divided, run after run."""
    runs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, threads, limit],
            capture_output=True,
            text=True,
            check=True,
            env=dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), threads),
        ).stdout
        for threads in ("1", "3")
    }
    assert len(runs) == 1


@given(st.integers(0, 1000), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_inner_products_are_exact(seed: int, count: int) -> None:
    points = snap(np.random.default_rng(seed).standard_normal((count, 384)) ** 3)
    whole = points.astype(np.int64) @ points.astype(np.int64).T
    np.testing.assert_array_equal(points @ points.T, whole.astype(np.float32))
    np.testing.assert_array_equal(similarity(points, points), whole.astype(np.float32) / np.float32(GRID * GRID))
    assert whole.max() < 2**24


def test_evening_weakens_the_strong_directions() -> None:
    rng = np.random.default_rng(0)
    points = snap(rng.standard_normal((500, 20)) * np.linspace(6, 1, 20))
    before, after = (np.linalg.svd(each, compute_uv=False) for each in (points, evened(points)))
    assert after[0] / after[-1] < 0.8 * before[0] / before[-1]
    assert similarity(points, evened(points)).diagonal().min() > 0.8
    assert not evened(np.zeros((3, 20), np.float32)).any()


def test_neighbours_are_the_nearest() -> None:
    points = snap(np.random.default_rng(1).standard_normal((80, 32)))
    found, cosines = nearest_neighbours(points, 5)
    table = similarity(points, points)
    np.fill_diagonal(table, -2)
    np.testing.assert_array_equal(cosines, -np.sort(-table, axis=1)[:, :5])
    np.testing.assert_array_equal(np.take_along_axis(table, found, axis=1), cosines)


def test_copies_do_not_form_a_theme(shop: tuple[pd.DataFrame, np.ndarray]) -> None:
    """A sentence pasted 500 times is one point; the other themes stay as they were."""
    clauses, vectors = shop
    copies = clauses_of(["THE parcel came late!"] * 500).assign(feedback_id=[f"copy {number}" for number in range(500)])
    copies["clause_id"] = copies["feedback_id"]
    more = pd.concat([clauses, copies], ignore_index=True)
    _, before = find_themes(clauses, vectors, ThemesConfig())
    marked, after = find_themes(more, np.concatenate([vectors, np.repeat(vectors[:1], 500, axis=0)]), ThemesConfig())
    assert sorted(after["n_feedback"]) == [50, 50, 50, 550]
    assert marked["quote_rank"].notna().sum() <= 3 * len(after)
    assert len(set(before["theme_id"]) & set(after["theme_id"])) >= 3


def test_languages_share_themes() -> None:
    """Vectors that lean towards their language as much as towards their topic, as raw encoders' vectors do."""
    topics = [number % 4 for number in range(480)]
    speakers = [number // 4 % 3 for number in range(480)]
    vectors = around(topics) + around(speakers, spread=0, seed=9)
    langs = [("en", "de", "it")[each] for each in speakers]
    marked, _ = find_themes(clauses_of([f"t{number}" for number in range(480)], langs), vectors, EVERYTHING)
    assert pd.crosstab(marked["theme_id"], topics).gt(0).sum(axis=1).eq(1).all()
    assert pd.crosstab(marked["theme_id"], speakers).gt(20).all(axis=None)
    unknown = clauses_of([f"t{number}" for number in range(480)])
    apart, _ = find_themes(unknown, vectors, EVERYTHING)
    assert not pd.crosstab(apart["theme_id"], speakers).gt(20).all(axis=None)


def test_a_small_language_joins_the_themes() -> None:
    """Five Lithuanian clauses, all about one topic: their own mean would take the topic away with the language."""
    topics = [*[number % 4 for number in range(200)], *[2] * 5]
    points = centre(around(topics), np.array(["en"] * 200 + ["lt"] * 5))
    groups = discover(points, neighbours=15).groups
    assert set(groups[200:]) == {groups[2]}


def test_small_groups_join_or_stay_apart() -> None:
    """Four comments about something else are too few for a theme, and too far from the others."""
    topics = [*[number % 2 for number in range(100)], *[2] * 4]
    clauses = clauses_of([f"text {number}" for number in range(104)])
    marked, themes = find_themes(clauses, around(topics, spread=0.3), ThemesConfig(resolution=1.0))
    assert themes["status"].tolist() == ["complaints", "complaints", "residual"]
    assert marked["theme_id"].iloc[100:].eq(RESIDUAL).all()
    assert themes["label"].iloc[-1] == "other"
    kept, _ = find_themes(clauses, around(topics, spread=0.3), ThemesConfig(resolution=1.0, min_feedback=4))
    assert kept["theme_id"].iloc[100:].ne(RESIDUAL).all()


def test_the_residual_is_bounded() -> None:
    """Many tiny topics: none is lost beyond the stated share."""
    topics = [*[0] * 60, *[1 + number // 3 for number in range(90)]]
    clauses, themes = find_themes(clauses_of([f"w{n}" for n in range(150)]), around(topics, spread=0.2), EVERYTHING)
    assert clauses["theme_id"].notna().all()
    assert clauses["theme_id"].eq(RESIDUAL).mean() <= RESIDUAL_SHARE
    assert themes["n_clauses"].sum() == 150


def test_what_shares_no_word_is_no_theme() -> None:
    """200 remarks alike in tone alone: beside a topic each is an aside, and alone it is told as fitting none."""
    remarks = [f"not {word} {word[::-1]}" for word in _words(200)]
    rooms, bills = ([f"{each} {word}" for word in _words(60)] for each in ("the room was cold", "it was the bill"))
    clauses = clauses_of([*rooms, *bills, *remarks])
    clauses.loc[120:179, "feedback_id"] = clauses["feedback_id"].iloc[:60].to_numpy()
    clauses.loc[120:179, "position"] = 1
    topics = ThemesConfig(resolution=0.3)
    marked, themes = find_themes(clauses, around([0] * 60 + [1] * 60 + [2] * 200, spread=0.3), topics)
    assert set(themes.loc[themes["status"] != "residual", "label"]) == {"room", "bill"}
    assert marked["theme_id"].iloc[120:180].isna().all()
    assert marked["theme_id"].iloc[180:].eq(RESIDUAL).all()


def _words(count: int) -> list[str]:
    return [f"{'abcdefghijklmnopqrst'[n // 10]}{'nopqrstuvw'[n % 10]}xim" for n in range(count)]


def test_the_number_of_themes() -> None:
    """Twelve clear topics, whatever the number of clauses."""
    for count in (240, 600):
        found = discover(snap(around([number % 12 for number in range(count)], spread=0.7)), neighbours=15)
        assert found.groups.max() + 1 == pytest.approx(12, abs=4)
        assert found.agreement > 0.8


def test_samples_vote_on_the_edges_they_hold() -> None:
    """Six nodes, each beside each, are one group in every run; edges that samples part are lighter."""
    near = np.array([[other for other in range(6) if other != node] for node in range(6)])
    graph = theme_graph._graph(near, np.ones((6, 5)))
    sampled = [np.array([0, 0, 0, 1, 1, -1]), np.array([0, 0, -1, 1, 1, 1]), np.array([-1, 0, 0, 1, 1, -1])]
    ends, columns, weights = theme_graph._voted(graph, 1.0, 2, sampled)
    matrix = np.zeros((6, 6))
    matrix[np.repeat(np.arange(6), np.diff(ends)), columns] = weights / graph[2]
    assert (matrix[0, 1], matrix[3, 5]) == pytest.approx((1, 1))
    # Two runs keep the ends together; three samples, two and one hold both ends, and part them.
    floor = theme_graph.ENSEMBLE_FLOOR
    assert matrix[1, 4] == pytest.approx(floor + (1 - floor) * 2 / 5)
    assert matrix[0, 3] == pytest.approx(floor + (1 - floor) * 2 / 4)
    assert matrix[0, 5] == pytest.approx(floor + (1 - floor) * 2 / 3)


def test_large_files_are_grouped_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    topics = np.array([number % 6 for number in range(900)])
    points = snap(around(topics.tolist()))
    monkeypatch.setattr(theme_graph, "DISCOVER_LIMIT", 500)
    monkeypatch.setattr(theme_graph, "SWEEP_LIMIT", 300)
    groups = discover(points, neighbours=15).groups
    assert len(groups) == 900
    assert pd.crosstab(groups, topics).gt(0).sum(axis=1).eq(1).all()


def test_quotes_are_short_central_and_unlike(shop: tuple[pd.DataFrame, np.ndarray]) -> None:
    clauses, themes = find_themes(*shop, ThemesConfig(quotes=2))
    quotes = clauses.dropna(subset=["quote_rank"])
    assert quotes.groupby("theme_id")["quote_rank"].apply(sorted).map(list).tolist() == [[1, 2]] * len(themes)
    assert quotes["text"].str.split().str.len().between(6, 40).all()
    best = quotes[quotes["quote_rank"] == 1].set_index("theme_id")["theme_score"].sort_index()
    assert (best > clauses.groupby("theme_id")["theme_score"].mean()).all()


def test_no_comment_is_quoted_twice() -> None:
    clauses = clauses_of([f"The parcel came {'abcdefghij'[n]} weeks too late" for n in range(10)])
    clauses["feedback_id"] = [f"{number // 5}" for number in range(10)]
    marked, _ = find_themes(clauses, around([0] * 10), ThemesConfig(min_feedback=1, resolution=0.01))
    assert not marked.dropna(subset=["quote_rank"])["feedback_id"].duplicated().any()


def test_scores_and_counts_agree(shop: tuple[pd.DataFrame, np.ndarray]) -> None:
    clauses, themes = find_themes(*shop, EVERYTHING)
    assert clauses["theme_score"].between(0, 1).all()
    assert themes["cohesion"].between(0, 1).all()
    by_theme = clauses.groupby("theme_id")
    table = themes.set_index("theme_id")
    assert by_theme.size().to_dict() == table["n_clauses"].to_dict()
    assert by_theme["feedback_id"].nunique().to_dict() == table["n_feedback"].to_dict()
    for theme_id, mean in by_theme["sentiment"].mean().items():
        assert table.loc[theme_id, "sentiment"] == pytest.approx(mean, abs=1e-5)


def test_bank_queries(real_data: object) -> None:
    """77 intents, found without being told how many, by the model that ships; the floors are the stated targets."""
    from bench import themes

    texts, gold = themes.bank_queries()
    figures = themes.against_gold("bank queries", texts, gold, themes.encode(texts))
    assert figures.nmi >= 0.77
    assert figures.ari >= 0.46
    assert figures.residual <= RESIDUAL_SHARE


def test_halves_of_real_comments_agree(real_data: object) -> None:
    """Hospital comments, whose topics run into one another: the stated target, and far from where it was (0.6)."""
    from bench import themes

    comments, _ = themes.health_comments()
    assert themes.halves(comments, themes.encode(comments)) >= 0.7


def test_hospital_comments_fit_as_well_as_bertopics_and_fewer_are_lost(real_data: object) -> None:
    """`python -m bench.themes` puts the two side by side; BERTopic's default has NMI 0.196, ARI 0.033 and a residual of
    27 % on the vectors of voc-small 3, of which voc made 0.197, 0.102 and 7 % when this was written."""
    from bench import themes

    comments, gold = themes.health_comments()
    figures = themes.against_gold("health comments", comments, gold, themes.encode(comments))
    assert figures.nmi >= 0.19
    assert figures.ari >= 0.08
    assert figures.residual <= RESIDUAL_SHARE

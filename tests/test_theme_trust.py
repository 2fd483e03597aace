"""Themes that can be trusted: the same from run to run, as firm as they say, nested, and nothing lost in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from themes_fixture import around, clauses_of

from voc.config import Config, ThemesConfig
from voc.notes import theme_notes
from voc.theme_graph import _graph
from voc.themes import RESIDUAL, find_themes

ROOT = Path(__file__).parents[1]
EVERYTHING = ThemesConfig(of="everything")


def family(count: int = 600) -> tuple[pd.DataFrame, np.ndarray, list[int], list[int]]:
    """Clauses in two languages of two large themes with three parts each; vectors, themes and parts."""
    themes = [number % 2 for number in range(count)]
    parts = [number // 2 % 3 + 3 * (number % 2) for number in range(count)]
    vectors = around(themes, spread=1.2, seed=3) + 0.35 * around(parts, spread=0.0, seed=4)
    langs = [("en", "de")[number // 6 % 2] for number in range(count)]
    clauses = clauses_of([f"said {number}" for number in range(count)], langs)
    return clauses, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), themes, parts


@pytest.fixture(scope="module")
def told() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clauses and themes of `family`, at a resolution that is coarse."""
    clauses, vectors, *_ = family()
    return find_themes(clauses, vectors, ThemesConfig(resolution=0.1))


def test_sub_themes_nest(told: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Every sub-theme lies within one theme, the parts of a divided theme are all of it, and are the planted ones."""
    clauses, themes = told
    parts = themes.dropna(subset=["parent_id"])
    assert len(parts) >= 3
    by_part = clauses.dropna(subset=["subtheme_id"]).groupby("subtheme_id")["theme_id"]
    assert by_part.nunique().eq(1).all()
    assert by_part.first().to_dict() == parts.set_index("theme_id")["parent_id"].to_dict()
    whole = themes.set_index("theme_id")["n_clauses"]
    for parent, size in parts.groupby("parent_id")["n_clauses"].sum().items():
        assert size == whole[parent]
    *_, top, inner = family()
    assert adjusted_rand_score(top, clauses["theme_id"]) > 0.95
    divided = clauses["subtheme_id"].notna().to_numpy()
    assert adjusted_rand_score(np.array(inner)[divided], clauses["subtheme_id"][divided]) > 0.9


def test_row_order_does_not_matter_to_sub_themes_and_languages(told: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    clauses, vectors, *_ = family()
    order = np.random.default_rng(5).permutation(len(clauses))
    mixed, themes = find_themes(clauses.iloc[order], vectors[order], ThemesConfig(resolution=0.1))
    pd.testing.assert_frame_equal(themes, told[1])
    pd.testing.assert_frame_equal(mixed.sort_values("clause_id", ignore_index=True), told[0])


PROGRAM = """
import hashlib, sys
from pathlib import Path
from voc.clauses import split_clauses
from voc.clean import clean
from voc.config import DEFAULTS
from voc.language import detect_language
from voc.readers import read_feedback
from voc.sentiment import score_clauses
from voc.themes import find_keywords, find_themes
rows = read_feedback([Path(sys.argv[1])]).frame.head(150)
feedback = detect_language(clean(rows, DEFAULTS.clean), DEFAULTS.language)
clauses, vectors = score_clauses(split_clauses(feedback, DEFAULTS.clauses), DEFAULTS.sentiment)
clauses, themes = find_themes(clauses, vectors, DEFAULTS.themes)
tables = (clauses, themes, find_keywords(clauses, themes, DEFAULTS.themes))
told = [vectors.tobytes(), *(each.to_csv().encode() for each in tables)]
print(len(themes), *(hashlib.sha256(each).hexdigest() for each in told))
"""
COUNTERS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM")


def test_from_text_to_themes_threads_and_runs_change_no_byte() -> None:
    """The model that ships, in processes of their own with one thread and with three: vectors, clauses, themes and
    keywords of the example export are the same bytes."""
    command = [sys.executable, "-c", PROGRAM, str(ROOT / "examples" / "feedback.csv")]
    runs = []
    for threads in ("1", "3"):
        counted = dict.fromkeys(COUNTERS, threads) | {"TOKENIZERS_PARALLELISM": str(threads != "1").lower()}
        env = os.environ | {"PYTHONPATH": str(ROOT)} | counted
        runs.append(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)
    assert int(runs[0].split()[0]) >= 2
    assert runs[0] == runs[1]


@pytest.mark.parametrize(("spread", "low", "high"), [(0.5, 0.95, 1.0), (8.0, 0.0, 0.5)], ids=["clear", "noise"])
def test_firmness_is_told_as_it_is(spread: float, low: float, high: float) -> None:
    """Clear topics are found again in random samples; what is no more than noise is not, and the note says so."""
    count = 300
    vectors = around([number % 6 for number in range(count)], spread=spread)
    clauses, themes = find_themes(clauses_of([f"said {number}" for number in range(count)]), vectors, EVERYTHING)
    top = themes[themes["parent_id"].isna() & themes["status"].ne("residual")]
    assert low <= top["firmness"].mean() <= high
    note = theme_notes(clauses, themes, Config(themes=EVERYTHING))[0].text
    assert note.startswith("The themes are firm" if low else "The themes are loose")


def test_the_residual_is_reported_with_its_size() -> None:
    """What fits no theme stands in the table, and in a note, with the number of its clauses."""
    topics = [*[number % 2 for number in range(100)], *[2] * 4]
    clauses = clauses_of([f"text {number}" for number in range(104)])
    marked, themes = find_themes(clauses, around(topics, spread=0.3), ThemesConfig(resolution=1.0))
    lost = int(marked["theme_id"].eq(RESIDUAL).sum())
    assert lost == 4
    assert themes.set_index("theme_id").loc[RESIDUAL, "n_clauses"] == lost
    notes = {note.text: note.count for note in theme_notes(marked, themes, Config())}
    assert notes["clauses fit no theme, nor does their comment"] == lost


def test_small_fragments_join_the_theme_they_are_near() -> None:
    """Three comments that say a theme's matter in a way of their own are no theme beside it."""
    vectors = around([*[number % 2 for number in range(120)], *[0] * 3], spread=0.5)
    vectors[120:] += 0.4 * around([0] * 3, spread=0.0, seed=8)
    marked, themes = find_themes(
        clauses_of([f"text {number}" for number in range(123)]), vectors, ThemesConfig(resolution=8.0, min_feedback=20)
    )
    assert themes["n_feedback"].ge(20).all()
    assert marked["theme_id"].iloc[120:].eq(marked["theme_id"].iloc[0]).all()


def test_mutual_neighbours_weigh_double() -> None:
    """The edge of two that are each among the other's neighbours counts twice that of a one-sided one as near."""
    found = np.array([[1], [0], [0]])
    ends, others, weights = _graph(found, np.array([[0.5], [0.5], [0.5]]))
    assert ends.tolist() == [0, 2, 3, 4]
    assert others.tolist() == [1, 2, 0, 0]
    assert weights == pytest.approx([0.002, 0.001, 0.002, 0.001])

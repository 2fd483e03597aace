"""How right the themes are: gold themes found again without being told how many, beside BERTopic on the same vectors.

`python -m bench.themes` prints fit, residual, time and the agreement of two overlapping halves, languages mixed against
the same sentences in English, what grouping a sample loses, and 100,000 clauses on the clock. BERTopic's lines need the
packages of the dependency group `peers`. The labelled texts lie in `../shared/data` beside the checkout, not in the
repository; tests/test_themes.py holds the bank queries against their floor.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score

from voc import theme_graph
from voc.config import ThemesConfig
from voc.encoder import load
from voc.themes import find_keywords, find_themes, space_of

DATA = Path(__file__).parents[2] / "shared" / "data"
LANGUAGES = ("en", "de", "es", "fr", "nl", "ru")
EVERYTHING = ThemesConfig(of="everything")
LARGE, SPREAD, AIM = 100_000, 0.1, 60.0
"""Clauses on the clock, their jitter, and the seconds aimed at. At 0.1 a clause is about as far from its original
(cosine 0.45) as that is from its nearest neighbour (0.53); at 0.02 the file is 1,747 heaps of copies, each a theme."""
SPLITS = 3

Finder: TypeAlias = Callable[[pd.DataFrame, np.ndarray], pd.Series]
"""Texts (`text`, `lang`) and their vectors in; the theme of every row out, `OUTSIDE` where it has none."""

OUTSIDE = "t-other"


@dataclass(frozen=True)
class Figures:
    """One corpus: texts, themes found, fit to the gold themes, share of texts left in the residual, seconds."""

    corpus: str
    texts: int
    themes: int
    nmi: float
    ari: float
    residual: float
    seconds: float

    def __str__(self) -> str:
        fit = f"NMI {self.nmi:.3f}  ARI {self.ari:.3f}  residual {self.residual:5.1%}"
        return f"{self.corpus:<42}{self.texts:>6} texts{self.themes:>5} themes  {fit}  {self.seconds:6.1f} s"


def as_clauses(texts: pd.DataFrame) -> pd.DataFrame:
    """Every row of `texts` (`text`, `lang`) as a comment of one clause."""
    numbers = pd.Series(range(len(texts)), dtype="string")
    text = texts["text"].astype("string").reset_index(drop=True)
    return pd.DataFrame(
        {
            "clause_id": numbers + "-0",
            "feedback_id": numbers,
            "position": 0,
            "start": 0,
            "end": text.str.len(),
            "text": text,
            "lang": texts["lang"].astype("string").reset_index(drop=True),
        }
    )


def encode(texts: pd.DataFrame) -> np.ndarray:
    """The vectors (n, d) of the model that ships."""
    return load().encode(texts["text"].tolist()).vectors


def themes_of(texts: pd.DataFrame, vectors: np.ndarray, config: ThemesConfig = EVERYTHING) -> pd.Series:
    """The theme of every row, in the space that ships with the model, as `voc analyze` has them."""
    clauses, _ = find_themes(as_clauses(texts), vectors, config, space=space_of(load()))
    return clauses["theme_id"].replace("t-tone", OUTSIDE)


def topics_of(texts: pd.DataFrame, vectors: np.ndarray) -> pd.Series:
    """The topic that BERTopic's default pipeline (UMAP, HDBSCAN) gives to every row; its seed is fixed."""
    from bertopic import BERTopic
    from umap import UMAP

    shrink = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=42, low_memory=False)
    topics, _ = BERTopic(umap_model=shrink).fit_transform(texts["text"].tolist(), np.asarray(vectors, np.float32))
    return pd.Series(topics, dtype="Int64").astype("string").replace("-1", OUTSIDE)


def finders() -> dict[str, Finder]:
    """Who is measured; the peer where it can be imported, else why it is left out is said."""
    try:
        for name in ("bertopic", "hdbscan", "umap"):
            import_module(name)
    except ImportError as error:
        print(f"BERTopic is left out ({error}): pip install --group peers")
        return {"voc": themes_of}
    return {"voc": themes_of, "BERTopic": topics_of}


def against_gold(
    corpus: str, texts: pd.DataFrame, gold: pd.Series, vectors: np.ndarray | None = None, finder: Finder = themes_of
) -> Figures:
    """Normalised mutual information and adjusted Rand index of the themes with the gold ones."""
    vectors = encode(texts) if vectors is None else vectors
    started = time.perf_counter()
    found = finder(texts, vectors)
    seconds = time.perf_counter() - started
    nmi, ari = normalized_mutual_info_score(gold, found), adjusted_rand_score(gold, found)
    return Figures(corpus, len(texts), found.nunique(), nmi, ari, float((found == OUTSIDE).mean()), seconds)


def bank_queries(size: int | None = 3000) -> tuple[pd.DataFrame, pd.Series]:
    """Banking77: queries with one of 77 intents; None = all there are."""
    rows = _themes("banking77")
    rows = rows.sample(len(rows) if size is None else size, random_state=0, ignore_index=True)
    return rows, rows["theme"]


def health_comments(size: int = 2000) -> tuple[pd.DataFrame, pd.Series]:
    """NHS comments with one of nine coarse themes."""
    rows = _themes("nhs_phase1").sample(size, random_state=0, ignore_index=True)
    return rows, rows["theme"]


def mixed_languages(size: int = 3000) -> tuple[pd.DataFrame, pd.Series]:
    """M-ABSA sentences of one aspect category: six languages, each with sentences of its own."""
    rows = _aspects()
    chosen = rows["row_id"].drop_duplicates().sample(size, random_state=0)
    owner = dict(zip(chosen, np.resize(LANGUAGES, size), strict=True))
    rows = rows[rows["one"] & (rows["row_id"].map(owner) == rows["lang"])].reset_index(drop=True)
    return rows, rows["theme"]


def same_in_english(texts: pd.DataFrame) -> pd.DataFrame:
    """The English originals of the mixed sentences, row by row."""
    english = _aspects().query("lang == 'en'").set_index("row_id")
    return english.loc[texts["row_id"]].reset_index()


def halves(texts: pd.DataFrame, vectors: np.ndarray, finder: Finder = themes_of, *, seed: int = 0) -> float:
    """Adjusted mutual information, on the third that both share, of the themes of two overlapping thirds-of-two."""
    part = np.random.default_rng(seed).integers(0, 3, len(texts))
    found = []
    for side in (0, 1):
        rows = np.flatnonzero(part != side)
        found.append(finder(texts.iloc[rows].reset_index(drop=True), vectors[rows]).set_axis(rows))
    shared = np.flatnonzero(part == 2)
    return adjusted_mutual_info_score(found[0].loc[shared], found[1].loc[shared])


def sampled(texts: pd.DataFrame, gold: pd.Series, vectors: np.ndarray) -> tuple[float, float]:
    """NMI with the gold themes of one half of the texts: all grouped, and when only the other half is grouped."""
    limit, half = theme_graph.DISCOVER_LIMIT, len(texts) // 2
    points = theme_graph.stratified(np.zeros(len(texts), int), half)
    rest = np.setdiff1d(np.arange(len(texts)), points)
    whole = themes_of(texts, vectors)
    try:
        theme_graph.DISCOVER_LIMIT = half
        joined = themes_of(texts, vectors)
    finally:
        theme_graph.DISCOVER_LIMIT = limit
    return tuple(normalized_mutual_info_score(gold.iloc[rest], found.iloc[rest]) for found in (whole, joined))


def large(texts: pd.DataFrame, vectors: np.ndarray, size: int = LARGE) -> str:
    """`size` clauses on the clock: real texts and vectors, tiled; each is numbered and jittered: none is a copy."""
    chance = np.random.default_rng(0)
    rows = chance.integers(0, len(texts), size)
    many = vectors[rows] + chance.normal(0, SPREAD, (size, vectors.shape[1])).astype(np.float32)
    said = texts.iloc[rows].reset_index(drop=True)
    said["text"] = said["text"].astype("string") + " " + pd.Series(range(size), dtype="string")
    clauses = as_clauses(said)
    wall, processor = time.perf_counter(), time.process_time()
    marked, themes = find_themes(clauses, many, EVERYTHING)
    find_keywords(marked, themes, EVERYTHING)
    spent = f"{time.perf_counter() - wall:.0f} s on the clock, {time.process_time() - processor:.0f} s of processor"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return (
        f"{size:,} clauses (tiled, jittered), {len(themes)} themes and parts: {spent}, {peak:.1f} GB (aim {AIM:.0f} s)"
    )


def _themes(source: str) -> pd.DataFrame:
    rows = pd.read_parquet(DATA / "themes.parquet")
    return rows[rows["source"] == source].reset_index(drop=True)


def _aspects() -> pd.DataFrame:
    """M-ABSA sentences with their aspect categories joined as `theme`, and whether it is `one`."""
    rows = pd.read_parquet(DATA / "aspects.parquet")
    categories = rows["triplets"].map(lambda triplets: {category for _, category, _ in json.loads(triplets)})
    return rows.assign(theme=categories.map("".join), one=categories.map(len) == 1)


def _beside(
    measured: dict[str, Finder], corpus: str, texts: pd.DataFrame, gold: pd.Series, vectors: np.ndarray
) -> None:
    """One line for each of those measured."""
    for name, finder in measured.items():
        figures = against_gold(f"{corpus}: {name}", texts, gold, vectors, finder)
        agree = [halves(texts, vectors, finder, seed=seed) for seed in range(SPLITS)]
        print(figures, f" halves AMI {np.mean(agree):.2f} ({min(agree):.2f}-{max(agree):.2f})", flush=True)


def main() -> int:
    if not DATA.is_dir():
        print("Skipped: ../shared/data is not beside the checkout.")
        return 0
    beside = partial(_beside, finders())
    texts, gold = bank_queries()
    vectors = encode(texts)
    beside("bank queries (77)", texts, gold, vectors)
    texts, gold = bank_queries(size=None)
    whole, joined = sampled(texts, gold, encode(texts))
    told = f"NMI {whole:.3f} if all are grouped, {joined:.3f} if it joins the first half's"
    print(f"the second half of all {len(texts):,} bank queries: {told}", flush=True)
    comments, topics = health_comments()
    beside("health comments (9)", comments, topics, encode(comments))
    texts, gold = mixed_languages()
    vectors, english = encode(texts), same_in_english(texts)
    beside("aspects, six languages", texts, gold, vectors)
    beside("the same sentences in English", english, gold, encode(english))
    lang = normalized_mutual_info_score(texts["lang"], themes_of(texts, vectors))
    print(f"themes of the six languages: NMI with the language {lang:.3f}")
    print(large(texts, vectors))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How right the themes are: gold themes found again without being told how many, languages mixed, halves compared.

`python -m bench.themes` prints the figures; tests/test_themes.py holds the bank queries against their floor. The
labelled texts lie in `../shared/data` beside the checkout, not in the repository.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, normalized_mutual_info_score

from voc.config import ThemesConfig
from voc.encoder import load
from voc.themes import find_themes

DATA = Path(__file__).parents[2] / "shared" / "data"
LANGUAGES = ("en", "de", "es", "fr", "nl", "ru")
EVERYTHING = ThemesConfig(of="everything")


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
        fit = f"NMI {self.nmi:.3f}  ARI {self.ari:.3f}  residual {self.residual:.1%}"
        return f"{self.corpus:<34}{self.texts:>6} texts{self.themes:>5} themes  {fit}  {self.seconds:.1f} s"


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
    """The theme of every row."""
    clauses, _ = find_themes(as_clauses(texts), vectors, config)
    return clauses["theme_id"]


def against_gold(corpus: str, texts: pd.DataFrame, gold: pd.Series, vectors: np.ndarray | None = None) -> Figures:
    """Normalised mutual information and adjusted Rand index of the themes with the gold ones."""
    vectors = encode(texts) if vectors is None else vectors
    started = time.perf_counter()
    found = themes_of(texts, vectors)
    seconds = time.perf_counter() - started
    nmi, ari = normalized_mutual_info_score(gold, found), adjusted_rand_score(gold, found)
    return Figures(corpus, len(texts), found.nunique(), nmi, ari, float((found == "t-other").mean()), seconds)


def bank_queries(size: int = 3000) -> tuple[pd.DataFrame, pd.Series]:
    """Banking77: queries with one of 77 intents."""
    rows = _themes("banking77").sample(size, random_state=0, ignore_index=True)
    return rows, rows["theme"]


def health_comments(size: int = 2000) -> tuple[pd.DataFrame, pd.Series]:
    """NHS comments with one of nine coarse themes."""
    rows = _themes("nhs_phase1").sample(size, random_state=0, ignore_index=True)
    return rows, rows["theme"]


def mixed_languages(size: int = 3000) -> tuple[pd.DataFrame, pd.Series]:
    """M-ABSA sentences of one aspect category: six languages, each with sentences of its own."""
    rows = pd.read_parquet(DATA / "aspects.parquet")
    categories = rows["triplets"].map(lambda triplets: {category for _, category, _ in json.loads(triplets)})
    rows = rows.assign(theme=categories.map("".join), one=categories.map(len) == 1)
    chosen = rows["row_id"].drop_duplicates().sample(size, random_state=0)
    owner = dict(zip(chosen, np.resize(LANGUAGES, size), strict=True))
    rows = rows[rows["one"] & (rows["row_id"].map(owner) == rows["lang"])].reset_index(drop=True)
    return rows, rows["theme"]


def halves(texts: pd.DataFrame, vectors: np.ndarray) -> float:
    """Adjusted mutual information, on the third that both share, of the themes of two overlapping thirds-of-two."""
    part = np.random.default_rng(0).integers(0, 3, len(texts))
    found = [
        themes_of(texts[part != side], vectors[part != side]).set_axis(np.flatnonzero(part != side)) for side in (0, 1)
    ]
    shared = np.flatnonzero(part == 2)
    return adjusted_mutual_info_score(found[0].loc[shared], found[1].loc[shared])


def _themes(source: str) -> pd.DataFrame:
    rows = pd.read_parquet(DATA / "themes.parquet")
    return rows[rows["source"] == source].reset_index(drop=True)


def main() -> int:
    if not DATA.is_dir():
        print("Skipped: ../shared/data is not beside the checkout.")
        return 0
    for corpus, (texts, gold) in {
        "bank queries (77)": bank_queries(),
        "health comments (9)": health_comments(),
    }.items():
        vectors = encode(texts)
        print(against_gold(corpus, texts, gold, vectors), f"  halves AMI {halves(texts, vectors):.2f}")
    texts, gold = mixed_languages()
    vectors, english = encode(texts), texts["lang"] == "en"
    print(against_gold("aspects, six languages mixed", texts, gold, vectors))
    print(against_gold("aspects, the English ones alone", texts[english], gold[english], vectors[english]))
    lang = normalized_mutual_info_score(texts["lang"], themes_of(texts, vectors))
    print(f"{'themes of the mixed file':<34}NMI with the language {lang:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

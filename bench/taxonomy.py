"""How right the entries of a team's own code frame are, with few examples each, and whether the confidence is honest.

`python -m bench.taxonomy` draws k examples of every entry from a labelled corpus, leaves two fifths of the entries out
of the frame (of which the honest answer is that none fits), and prints how the others are found: told to choose, beside
the nearest example and a logistic regression; and free to say none, with coverage, precision, recall and calibration.
The labelled texts lie in `../shared/data` beside the checkout, not in the repository.
"""

from __future__ import annotations

import sys
import tomllib
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.themes import DATA, encode
from voc.config import SentimentConfig, TaxonomyConfig
from voc.entries import SHIPPED, Entry
from voc.taxonomy import Taxonomy, confidences, read_taxonomy

SOURCES = {"banking77": 2000, "nhs_phase1": 1500, "nhs_v6": 1200, "germeval2017": 900, "app_reviews_4class": 900}
NO_TOPIC = frozenset({"Rating", "Miscellaneous", "Couldn't be improved", "Allgemein", ""})
"""Gold labels that name no topic: a frame has no entry for them."""
EXAMPLES, DRAWS, NAMED = (1, 3, 5, 10), 3, 0.6
BINS = 10


@dataclass(frozen=True)
class Corpus:
    """Texts by their vectors (n, d), and the gold entries of each."""

    name: str
    vectors: np.ndarray
    gold: list[frozenset[str]]

    def alone(self, entry: str) -> np.ndarray:
        """The texts of this entry and no other."""
        return np.flatnonzero([each == {entry} for each in self.gold])


@dataclass(frozen=True)
class Trial:
    """A frame of some entries, and what its texts should be given."""

    taxonomy: Taxonomy
    points: np.ndarray
    truth: np.ndarray
    """(n, entries): whether the text has the entry."""


def corpora() -> list[Corpus]:
    """The labelled corpora, read by the model."""
    rows = pd.read_parquet(DATA / "themes.parquet")
    rows = rows[rows["text"].str.len() < 600]
    found = []
    for source, size in SOURCES.items():
        own = rows[(rows["source"] == source) & ~(rows["theme"].eq("Allgemein"))]
        own = own.sample(min(size, len(own)), random_state=0, ignore_index=True)
        gold = [frozenset(theme.split("; ")) - NO_TOPIC for theme in own["theme"]]
        found.append(Corpus(source, encode(own).astype(np.float64), gold))
    return found


def draw(corpus: Corpus, examples: int, seed: int) -> Trial:
    """Some of the entries with so many examples each, and the texts that are no example."""
    rng = np.random.default_rng(seed)
    names = sorted({name for each in corpus.gold for name in each if len(corpus.alone(name)) >= examples + 5})
    named = sorted(rng.choice(names, max(3, round(NAMED * len(names))), replace=False)) if len(names) > 4 else names
    shown = {name: rng.choice(corpus.alone(name), examples, replace=False) for name in named}
    used = np.concatenate([*shown.values()])
    entries = tuple(Entry(name, tuple(map(str, places))) for name, places in shown.items())
    owner = np.repeat(np.arange(len(named)), examples)
    rest = np.setdiff1d(np.arange(len(corpus.gold)), used)
    truth = np.array([[name in corpus.gold[place] for name in named] for place in rest])
    return Trial(Taxonomy(entries, corpus.vectors[used], owner), corpus.vectors[rest], truth)


def baselines(trial: Trial) -> dict[str, np.ndarray]:
    """The entry that each baseline chooses."""
    from sklearn.linear_model import LogisticRegression

    phrases, owner = trial.taxonomy.vectors, trial.taxonomy.owner
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = LogisticRegression(max_iter=1000).fit(phrases, owner)
    return {"nearest": owner[(trial.points @ phrases.T).argmax(axis=1)], "logistic": plain.predict(trial.points)}


def calibration(sure: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over ten bins of confidence."""
    which = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [
        abs(sure[which == each].mean() - right[which == each].mean()) * (which == each).mean() for each in set(which)
    ]
    return float(sum(gaps))


def figures(trial: Trial) -> dict[str, float]:
    """Accuracy where one of the entries is right, then what the threshold makes of it."""
    rows = np.arange(len(trial.points))
    known = trial.truth.any(axis=1)
    sure = confidences(trial.points, trial.taxonomy, np.arange(len(trial.taxonomy.entries)))
    chosen = baselines(trial) | {"voc": sure.argmax(axis=1)}
    found = {name: float(trial.truth[rows, choice][known].mean()) for name, choice in chosen.items()}
    best = sure.argmax(axis=1)
    right, taken = trial.truth[rows, best], sure.max(axis=1) >= TaxonomyConfig().min_confidence
    given = sure >= TaxonomyConfig().min_confidence
    return found | {
        "covered": float(taken.mean()),
        "coverable": float(known.mean()),
        "precision": float(right[taken].mean()) if taken.any() else 1.0,
        "recall": float((given & trial.truth).sum() / max(1, trial.truth.sum())),
        "calibration": calibration(sure.max(axis=1), right),
    }


def languages() -> tuple[float, float]:
    """The general taxonomy, taught in English alone and asked in the other languages it has phrases in: the share of
    phrases that are given their entry, and the lowest of a language."""
    taxonomy = read_taxonomy(TaxonomyConfig(file="cx"), SentimentConfig())
    assert taxonomy is not None

    frame = tomllib.loads((SHIPPED / "cx.toml").read_text(encoding="utf-8"))
    lang = np.array([code for entry in frame.values() for code, said in entry["phrases"].items() for _ in said])
    right = np.zeros(len(lang), bool)
    for _, places in taxonomy.facets:
        inside = np.isin(taxonomy.owner, places)
        taught = Taxonomy(
            taxonomy.entries, taxonomy.vectors[inside & (lang == "en")], taxonomy.owner[inside & (lang == "en")]
        )
        asked = inside & (lang != "en")
        right[asked] = (
            places[confidences(taxonomy.vectors[asked], taught, places).argmax(axis=1)] == taxonomy.owner[asked]
        )
    shares = {code: right[lang == code].mean() for code in sorted(set(lang) - {"en"})}
    return float(np.mean(list(shares.values()))), float(min(shares.values()))


def main() -> int:
    if not DATA.is_dir():
        print("Skipped: ../shared/data is not beside the checkout.")
        return 0
    print("Taxonomy: of texts whose entry is in the frame, the share that is given it; then with 'none fits' allowed")
    for corpus in corpora():
        for examples in EXAMPLES:
            draws = [figures(draw(corpus, examples, seed)) for seed in range(DRAWS)]
            mean = pd.DataFrame(draws).mean()
            chosen = "  ".join(f"{name} {mean[name]:.2f}" for name in ("nearest", "logistic", "voc"))
            free = f"covered {mean['covered']:.0%} of {mean['coverable']:.0%}  precision {mean['precision']:.2f}"
            rest = f"recall {mean['recall']:.2f}  calibration error {mean['calibration']:.2f}"
            print(f"{corpus.name:<20}{examples:>3} examples  {chosen}  |  {free}  {rest}", flush=True)
    mean_share, least = languages()
    print(f"cx taught in English: phrases in other languages given their entry {mean_share:.2f}, lowest {least:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

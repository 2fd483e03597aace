"""How right the model is: sentiment, severity, signals and calibration on labelled texts it was not trained on.

`python -m bench.quality` prints the figures per language and task; tests/test_quality.py holds them against the floors
in tests/quality.toml. The labelled texts lie in `../shared/data` beside the checkout, not in the repository.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "models" / "voc-small"
DATA = ROOT.parent / "shared" / "data"
LABELS = ["negative", "neutral", "positive"]
TWEETS = "xlmt_sentiment"
CUSTOMER_DOMAINS = ("hotel", "product", "bank", "health", "transport", "service", "food")
Figures = dict[str, float]


@dataclass(frozen=True)
class Judged:
    """Texts with their gold label (`gold`) and the verdict (`sentiment`, `label`, `confidence`, `severity`)."""

    rows: pd.DataFrame

    def macro_f1(self) -> float:
        """Over the three classes, in percent."""
        return self._f1(self.rows["gold"], self.rows["label"], LABELS)

    def binary_f1(self) -> float:
        """Over negative and positive texts, by the sign of the score, in percent."""
        rows = self.rows[self.rows["gold"] != "neutral"]
        said = np.where(rows["sentiment"] > 0, "positive", "negative")
        return self._f1(rows["gold"], said, ["negative", "positive"])

    def has_neutral(self) -> bool:
        """Whether three classes can be judged: ten neutral rows at least."""
        return int((self.rows["gold"] == "neutral").sum()) >= 10

    def calibration_error(self, bins: int = 10) -> float:
        """Expected calibration error in percent: mean gap between confidence and accuracy, equal-width bins."""
        hits = (self.rows["label"] == self.rows["gold"]).to_numpy(float)
        confidence = self.rows["confidence"].to_numpy(float)
        bin_of = np.clip((confidence * bins).astype(int), 0, bins - 1)
        gaps = [abs((hits - confidence)[bin_of == i].sum()) for i in range(bins)]
        return 100 * sum(gaps) / len(hits)

    @staticmethod
    def _f1(gold: pd.Series, said: object, labels: list[str]) -> float:
        return 100 * float(f1_score(gold, said, labels=labels, average="macro", zero_division=0))


def judge(rows: pd.DataFrame) -> Judged:
    """`rows` (text, gold …) with the verdict of `voc.score` beside them; what says nothing counts as neutral."""
    from voc.pipeline import score

    found = score(rows["text"].tolist())[["sentiment", "label", "confidence", "severity"]]
    found = found.assign(label=found["label"].fillna("neutral")).fillna(0.0)
    return Judged(pd.concat([rows.reset_index(drop=True), found.reset_index(drop=True)], axis=1))


def read_tsv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE, keep_default_na=False)


def dev_rows() -> pd.DataFrame:
    """Dev rows (text, lang, gold …), 120 a source and language: ± 4 points each. Mixed count as neutral."""
    rows: pd.DataFrame = recipe("corpus").read_dev(DATA, measured=True)
    return rows.assign(gold=rows["label"].replace("mixed", "neutral")).drop(columns="label")


@cache
def judged_dev() -> Judged:
    return judge(dev_rows())


def by_language(rows: pd.DataFrame, figure: Callable[[Judged], float], name: str) -> Figures:
    found = {f"{name}.{lang}": figure(Judged(part)) for lang, part in rows.groupby("lang")}
    return {**found, f"{name}.mean": float(np.mean(list(found.values())))}


def tweets() -> Figures:
    """UMSAB: three-class macro-F1 per language; without Hindi, whose labels in this data tell nothing, beside it."""
    rows = judged_dev().rows
    found = by_language(rows[rows["source"] == TWEETS], Judged.macro_f1, "umsab")
    others = [value for name, value in found.items() if name not in ("umsab.hi", "umsab.mean")]
    return {**found, "umsab.without_hi": float(np.mean(others))}


def customers() -> Figures:
    """Customer text: macro-F1 per language, binary and, where there are neutral rows, over three classes."""
    rows = judged_dev().rows
    rows = rows[rows["domain"].isin(CUSTOMER_DOMAINS) & (rows["source"] != TWEETS)]
    three = rows.groupby("lang").filter(lambda part: Judged(part).has_neutral())
    return {**by_language(rows, Judged.binary_f1, "binary"), **by_language(three, Judged.macro_f1, "three")}


def sentences(per_label: int = 60) -> Figures:
    """M-ABSA sentences of one polarity (translated from English): binary macro-F1 per language."""
    rows = pd.read_parquet(DATA / "aspects.parquet")
    polarities = rows["triplets"].map(lambda cell: {polarity for _, _, polarity in json.loads(cell)})
    rows = rows.assign(gold=polarities.map(lambda found: next(iter(found)) if len(found) == 1 else None))
    rows = rows[(rows["split"] == "dev") & rows["gold"].isin(["negative", "positive"])]
    return by_language(
        judge(rows[rows.groupby(["lang", "gold"]).cumcount() < per_label]).rows, Judged.binary_f1, "sentences"
    )


def calibration() -> Figures:
    """Expected calibration error over all dev rows, in percent."""
    return {"calibration.error": judged_dev().calibration_error()}


def severity() -> Figures:
    """Spearman correlation with X-CI's and the NHS's severity on the texts that training holds back."""
    rows = recipe("corpus").read_severity(DATA, held_back=True)[["text", "source", "target"]]
    groups = judge(rows.assign(gold="neutral")).rows.groupby("source")
    return {
        f"severity.{name}": float(part["severity"].corr(part["target"], method="spearman")) for name, part in groups
    }


def lithuanian() -> Figures:
    """The native Lithuanian set of this repository: macro-F1, binary and over three classes."""
    judged = judge(read_tsv(ROOT / "tests" / "lithuanian.tsv").rename(columns={"label": "gold"}))
    return {"lithuanian.binary": judged.binary_f1(), "lithuanian.three": judged.macro_f1()}


def traps() -> Figures:
    """The classic traps: accuracy per kind of trap, in percent."""
    rows = judge(read_tsv(ROOT / "tests" / "traps.tsv").rename(columns={"label": "gold"})).rows
    hits = rows["gold"] == rows["label"]
    found = {f"traps.{trap}": 100 * float(share) for trap, share in hits.groupby(rows["trap"]).mean().items()}
    return {**found, "traps.all": 100 * float(hits.mean())}


def recipe(module: str) -> ModuleType:
    """A module of the model's recipe: the rule of what is held back is the recipe's own."""
    if str(RECIPE) not in sys.path:
        sys.path.insert(0, str(RECIPE))
    return import_module(module)


def held_back_opinions() -> pd.DataFrame:
    rows: pd.DataFrame = recipe("corpus").read_opinions(held_back=True)
    return rows


def opinions() -> Figures:
    """Written opinions in 37 languages that training holds back (by the same hands): three-class macro-F1."""
    rows = held_back_opinions()
    judged = judge(rows.assign(gold=rows["label"].replace("mixed", "neutral"))[["text", "lang", "gold"]])
    lithuanian = Judged(judged.rows[judged.rows["lang"] == "lt"])
    return {"opinions.all": judged.macro_f1(), "opinions.lt": lithuanian.macro_f1()}


def signals() -> Figures:
    """Urgent signals on held-back seeds, where most rows carry one, on opinions, where most carry none, and on what
    resembles them."""
    from voc.tables import SIGNALS

    seeds = read_tsv(RECIPE / "signals.tsv").query("split == 'dev'")
    gold = np.array([[name in found.split() for name in SIGNALS] for found in seeds["signals"]])
    rows = held_back_opinions().dropna(subset=list(SIGNALS))
    near = recipe("corpus").read_near_misses(held_back=True)
    meant = np.array([[name in found.split() for name in SIGNALS] for found in near["signals"]])
    return {
        **hits_of("signals", raised_signals(seeds), gold),
        **hits_of("ordinary", raised_signals(rows), rows[list(SIGNALS)].to_numpy(bool)),
        **hits_of("near", raised_signals(near), meant),
    }


def judged_signals() -> Figures:
    """Urgent signals on clauses of real customers in which earlier models mostly heard some, and in two of three
    wrongly: what is raised (judged), what people are told of (meant), and what they are told flatly (sure)."""
    from voc.queue import SURE
    from voc.tables import SIGNALS
    from voc.voices import rather_meant

    rows = recipe("corpus").read_judged(DATA, held_back=True)
    gold = np.array([[name in found.split() for name in SIGNALS] for found in rows["signals"]])
    scored = scored_clauses(rows)
    return {
        **hits_of("judged", flags_of(scored["signals"]), gold),
        **hits_of("meant", flags_of(rather_meant(scored)), gold),
        **hits_of("sure", flags_of(rather_meant(scored, least=SURE)), gold),
    }


def raised_signals(rows: pd.DataFrame) -> np.ndarray:
    """(n, 9) whether each signal is raised for a row's text, as `voc analyze` would."""
    return flags_of(scored_clauses(rows)["signals"])


def scored_clauses(rows: pd.DataFrame) -> pd.DataFrame:
    """Every row (`text`, `lang`) as a clause, scored."""
    from voc.config import SentimentConfig
    from voc.sentiment import score_clauses

    ids = [str(row) for row in range(len(rows))]
    clauses = pd.DataFrame(
        {"clause_id": ids, "feedback_id": ids, "position": 0, "start": 0, "end": rows["text"].str.len()}
    )
    return score_clauses(clauses.assign(text=rows["text"], lang=rows["lang"]), SentimentConfig())[0]


def flags_of(signals: pd.Series) -> np.ndarray:
    """(n, 9) which signals each text of the column names."""
    from voc.tables import SIGNALS

    return np.array([[name in found.split() for name in SIGNALS] for found in signals.fillna("")])


def hits_of(name: str, raised: np.ndarray, gold: np.ndarray) -> Figures:
    hits = (raised & gold).sum()
    return {
        f"{name}.precision": 100 * float(hits / max(1, raised.sum())),
        f"{name}.recall": 100 * float(hits / gold.sum()),
    }


WITHOUT_DATA = (lithuanian, traps, opinions, signals)
WITH_DATA = (tweets, customers, sentences, calibration, severity, judged_signals)


def main() -> None:
    """Print every figure; those that need the labelled data only where it is there."""
    for task in (*WITHOUT_DATA, *(WITH_DATA if DATA.is_dir() else ())):
        print(f"\n{task.__doc__}")
        for name, value in task().items():
            print(f"  {name:32} {value:7.3f}" if name.startswith("severity") else f"  {name:32} {value:7.1f}")
    if not DATA.is_dir():
        print("\nThe labelled data is not there; its figures are left out.")


if __name__ == "__main__":
    main()

"""Heads on a customer's own labels: what the model says, corrected by what their people say. `voc train`.

The model stays as it is; a logistic regression on its log-probabilities and vectors moves its sentiment, a ridge
regression its severity. Both start at the model's own answer and are pulled back to it, as strongly as cross-validation
asks for. Figures are of texts that the correction did not see; where they are no better, the model's own head is kept.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from voc.clean import clean
from voc.config import DEFAULTS
from voc.corrections import Comparison, compare, fit_sentiment, fit_severity
from voc.encoder import DEFAULT_MODEL, load
from voc.encoder.adapted import HEADS, features, unchanged
from voc.errors import InputError
from voc.glosses import glossed
from voc.labels import MOST_NAMES, UNKNOWN, read_labels
from voc.language import detect_language
from voc.tables import LABELS, Progress, silent

LEAST_ROWS = 50
"""Labelled texts below which held-out figures say nothing: their interval would be wider than any gain."""
LEAST_OF_CLASS = 10
"""Texts a class needs, two in each fold; smaller ones are left out and counted."""
LEAST_SEVERITIES = 50
SEVERITY_WORDS = {"none": 0.0, "low": 0.25, "minor": 0.25, "medium": 0.5, "moderate": 0.5, "high": 0.75, "major": 0.75,
                  "severe": 0.9, "critical": 1.0, "blocker": 1.0}  # fmt: skip
SEVERITY_TOPS = (1, 4, 5, 10, 100)
"""Scales of severity end at one of these."""


@dataclass(frozen=True)
class Rows:
    """The texts that can be learned from, and why the others cannot."""

    texts: list[str]
    classes: np.ndarray
    """(n,) 0 negative, 1 neutral, 2 positive."""
    severity: np.ndarray
    """(n,) 0-1, nan where it is not told."""
    scale: str
    left_out: dict[str, int]


@dataclass(frozen=True)
class Trained:
    """What was learned: heads (`kept` names those that stay the model's own), figures, and the rows behind them."""

    model: str
    digest: str
    heads: dict[str, np.ndarray]
    kept: tuple[str, ...]
    figures: tuple[Comparison, ...]
    rows: Rows

    def save(self, folder: str | Path) -> Path:
        """A model folder for `--model`. A shipped model is named in it, a folder of one's own is copied into it."""
        from safetensors.numpy import save_file

        target = Path(folder)
        check_target(target, self.model)
        target.mkdir(parents=True, exist_ok=True)
        save_file({name: np.ascontiguousarray(head) for name, head in self.heads.items()}, target / HEADS)
        (target / "model.json").write_text(json.dumps(self._about(target), indent=1) + "\n", encoding="utf-8")
        return target

    def _about(self, target: Path) -> dict[str, Any]:
        model = self.model
        if (Path(model) / "model.json").is_file():
            shutil.copytree(model, target / "base", dirs_exist_ok=True)
            model = "base"
        return {
            "name": f"{target.name} on {Path(self.model).name}",
            "version": "1",
            "kind": "adapted",
            "base": {"model": model, "digest": self.digest},
            "rows": len(self.rows.texts),
            "labels": self.rows.scale,
            "left_out": self.rows.left_out,
            "kept": self.kept,
            "figures": [asdict(figure) for figure in self.figures],
            "sha256": {HEADS: hashlib.sha256((target / HEADS).read_bytes()).hexdigest()},
        }


def check_target(folder: str | Path, model: str) -> None:
    """Raises InputError where a model that starts from `model` must not be written into `folder`."""
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file; name a new or empty folder")
    if target.exists() and Path(model).is_dir() and target.resolve().is_relative_to(Path(model).resolve()):
        raise InputError(f"{target} is the model to start from; name a new or empty folder")
    if target.exists() and any(target.iterdir()) and not (target / HEADS).is_file():
        raise InputError(f"{target} holds other files; name a new or empty folder")


def train(
    texts: Sequence[str | None],
    labels: Iterable[object],
    *,
    severity: Iterable[object] | None = None,
    model: str = DEFAULT_MODEL,
    progress: Progress = silent,
) -> Trained:
    """Fit the heads of `model` to labelled texts.

    `labels` are words in many languages, stars 1-5, scores 0-10 or -1/0/1; `severity` numbers or words, optional.
    Raises InputError where fewer than 50 texts or only one class can be used.
    """
    rows = usable(texts, labels, severity)
    encoder = load(model)
    found = encoder.encode(rows.texts, progress=progress)
    seen, folds = features(found), fold_of(rows.texts, rows.classes)
    heads = unchanged(found.vectors.shape[1])
    figures: list[Comparison] = []
    kept = []
    progress("training", 0, 0)
    told = ~np.isnan(rows.severity)
    fits: dict[str, tuple[Any, np.ndarray, np.ndarray]] = {}
    fits["sentiment"] = (fit_sentiment, np.ones(len(seen), dtype=bool), rows.classes)
    if told.sum() >= LEAST_SEVERITIES and np.ptp(rows.severity[told]) > 0:
        fits["severity"] = (fit_severity, told, rows.severity)
    for name, (fit, used, wanted) in fits.items():
        head, before, after = fit(seen[used], wanted[used], folds[used])
        compared, is_better = compare(name, wanted[used], before, after)
        figures += compared
        if is_better:
            heads[name] = head
            heads["classes"] = np.isin(np.arange(len(LABELS)), rows.classes).astype(float)
        else:
            kept.append(name)
    return Trained(model, encoder.digest, heads, tuple(kept), tuple(figures), rows)


def usable(texts: Sequence[str | None], labels: Iterable[object], severity: Iterable[object] | None = None) -> Rows:
    """The distinct, readable texts with a known label. Every other row is counted under its reason."""
    read = read_labels(labels)
    if len(read.classes) != len(texts):
        raise InputError(f"There are {len(texts):,} texts and {len(read.classes):,} labels; each text needs one")
    table = pd.DataFrame({"text": _cleaned(texts), "label": read.classes})
    table["severity"] = np.nan if severity is None else read_severity(severity, len(texts))
    unknown = sum(read.unknown.values())
    left_out = {"without a label": read.missing, f"with an unknown label ({_names(read.unknown)})": unknown}
    table = table[table["label"] != UNKNOWN]
    left_out["without a readable text"] = int(table["text"].isna().sum())
    table = table.dropna(subset="text")
    table = _agreeing(table, left_out)
    counts = table["label"].value_counts()
    for label in sorted(counts[counts < LEAST_OF_CLASS].index):
        left_out[f"{LABELS[label]}, fewer than {LEAST_OF_CLASS}"] = int(counts[label])
    table = table[table["label"].map(counts) >= LEAST_OF_CLASS]
    _check(table, read.unknown, len(texts))
    counted = {reason: count for reason, count in left_out.items() if count}
    return Rows(
        table["text"].tolist(), table["label"].to_numpy(int), table["severity"].to_numpy(float), read.scale, counted
    )


def _cleaned(texts: Sequence[str | None]) -> pd.Series:
    """Texts as the model is shown them; missing where they say nothing."""
    words = pd.Series([text if isinstance(text, str) else pd.NA for text in texts], dtype="string")
    ids = pd.Series(range(len(words)), dtype="Int64").astype("string")
    feedback = clean(pd.DataFrame({"feedback_id": ids, "text": words, "source": ids}), DEFAULTS.clean)
    told = detect_language(feedback, DEFAULTS.language)[feedback["skip"].isna()]
    heard = glossed(told["clean_text"], told["lang"].fillna("und"))
    return pd.Series(heard, told.index, dtype="string").reindex(feedback.index)


def _agreeing(table: pd.DataFrame, left_out: dict[str, int]) -> pd.DataFrame:
    """Each text once; none whose labels contradict each other, for half of those would be wrong."""
    of_text = table.groupby("text")["label"]
    agrees = of_text.transform("nunique") == 1
    left_out["the same text under several labels"] = int((~agrees).sum())
    again = agrees & table.duplicated("text")
    left_out["repeated"] = int(again.sum())
    return table[agrees & ~again]


def _check(table: pd.DataFrame, unknown: dict[str, int], n_texts: int) -> None:
    known = "labels may be negative, neutral and positive in many languages, stars 1-5, scores 0-10 or -1/0/1"
    if unknown and sum(unknown.values()) > n_texts / 2:
        raise InputError(f"Most labels are not known, such as {_names(unknown)}; {known}")
    if len(table) < LEAST_ROWS:
        raise InputError(f"{len(table)} labelled texts can be used, at least {LEAST_ROWS} are needed; {known}")
    if table["label"].nunique() < 2:
        only = LABELS[table["label"].iloc[0]]
        raise InputError(f"Every label that can be used is {only}; at least two classes are needed")


def _names(unknown: dict[str, int]) -> str:
    shown = [f"'{name[:30]}'" for name in list(unknown)[:MOST_NAMES]]
    return ", ".join(shown) + (" …" if len(unknown) > MOST_NAMES else "")


def read_severity(values: Iterable[object], count: int) -> np.ndarray:
    """Severities (n,) on 0-1: numbers by the scale they fit (0-1, 0-4, 1-5, 0-10, 0-100) or words; nan = none."""
    cells = pd.Series(list(values), dtype=object)
    if len(cells) != count:
        raise InputError(f"There are {count:,} texts and {len(cells):,} severities; each text needs one or none")
    words = cells.astype("string").str.strip().str.lower().map(SEVERITY_WORDS)
    numbers = pd.to_numeric(cells, errors="coerce")
    if words.notna().sum() > numbers.notna().sum() or numbers.isna().all():
        return words.to_numpy(float, na_value=np.nan)
    top = next((top for top in SEVERITY_TOPS if numbers.max() <= top), None)
    if top is None or numbers.min() < 0:
        raise InputError(
            f"Severity runs from {numbers.min():g} to {numbers.max():g}; it must lie on 0-1, 0-4, 1-5, 0-10 or 0-100"
        )
    bottom = 1 if top == 5 and numbers.min() >= 1 else 0
    return ((numbers - bottom) / (top - bottom)).to_numpy(float)


def fold_of(texts: Sequence[str], classes: np.ndarray, folds: int = 5) -> np.ndarray:
    """The fold 0 to 4 of each text (n,), by a hash of its words, evenly within each class."""
    hashes = pd.Series([hashlib.blake2b(text.encode(), digest_size=8).hexdigest() for text in texts])
    ranks: np.ndarray = hashes.groupby(classes).rank(method="first").to_numpy()
    return (ranks.astype(int) - 1) % folds

"""Step 4 of the recipe: what small data can teach on top of the frozen network.

The signals and the severity heads are fitted on the trained network's outputs: the seed sentences of `signals.tsv`,
the severity rows, and ordinary texts as counter-examples. The temperature that makes the sentiment probabilities mean
what they say is fitted on the dev rows. Writes `net.pt` (complete) and `heads.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from corpus import LABELS, read_aspects, read_sentiment, read_severity, training_rows
from scipy.optimize import minimize, minimize_scalar
from tokenizers import Tokenizer
from torch import nn
from train import MAX_TOKENS, pad

from voc.encoder.network import FeedbackNet, bert
from voc.tables import SIGNALS

ORDINARY_PRAISE, ORDINARY_COMPLAINTS = 4000, 2000
HARMLESS = ("food", "ambience", "location", "laptop#design", "display", "drinks", "keyboard", "content", "course")
"""Aspect categories whose complaints carry none of the signals: cold soup is nobody's emergency."""
SIGNAL_PENALTY = 2e-4
SEVERITY_PENALTY = 1e-3


def read_seeds(split: str) -> pd.DataFrame:
    """Seed sentences of one split, with a 0-1 column per signal."""
    path = Path(__file__).with_name("signals.tsv")
    seeds = pd.read_csv(path, sep="\t", keep_default_na=False, quoting=3)
    seeds = seeds[seeds["split"] == split].reset_index(drop=True)
    return seeds.assign(
        **{name: seeds["signals"].str.split().map(lambda found, n=name: n in found) for name in SIGNALS}
    )


def ordinary_texts(data: Path) -> tuple[list[str], list[str]]:
    """Praise, and complaints about harmless things, in many languages: none of them carries a signal."""
    rows = training_rows(data)
    praise = rows[(rows["positive"] == 1) & (rows["text"].str.len() < 200)].sample(ORDINARY_PRAISE, random_state=0)
    aspects = read_aspects(data, "train")
    harmless = aspects["triplets"].map(
        lambda cell: all(category.lower().startswith(HARMLESS) for _, category, _ in json.loads(cell))
    )
    complaints = aspects[harmless & (aspects["label"] == "negative")]
    size = min(ORDINARY_COMPLAINTS, len(complaints))
    return praise["text"].tolist(), complaints["text"].sample(size, random_state=0).tolist()


@torch.inference_mode()
def outputs(net: FeedbackNet, tokenizer: Tokenizer, texts: list[str]) -> dict[str, np.ndarray]:
    """The network's answers for `texts`, in their order."""
    ids = [encoding.ids[:MAX_TOKENS] for encoding in tokenizer.encode_batch_fast(texts)]
    order = np.argsort([len(row) for row in ids], kind="stable")
    parts = []
    for i in range(0, len(order), 64):
        answers = net(*pad([ids[j] for j in order[i : i + 64]], tokenizer.token_to_id("<pad>"), "cpu"))
        parts.append({name: values.float().numpy() for name, values in answers.items()})
    back = np.argsort(order)
    return {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}


def fit_logistic(x: np.ndarray, y: np.ndarray, weights: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    """Weighted logistic regression on targets in 0-1, soft ones allowed: coefficients and intercept."""

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        logits = x @ parameters[:-1] + parameters[-1]
        errors = weights * (1 / (1 + np.exp(-logits)) - y)
        value = (weights * (np.logaddexp(0, logits) - y * logits)).sum() / weights.sum()
        gradient = np.append(x.T @ errors, errors.sum()) / weights.sum()
        ridge = np.append(penalty * parameters[:-1], 0)
        return value + 0.5 * parameters @ ridge, gradient + ridge

    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return found[:-1], float(found[-1])


def set_row(layer: nn.Linear, row: int, scale: np.ndarray, fitted: tuple[np.ndarray, float]) -> None:
    """Write a fit on scaled inputs into one output of a layer on raw inputs."""
    with torch.no_grad():
        layer.weight[row] = torch.from_numpy((fitted[0] / scale).astype(np.float32))
        layer.bias[row] = fitted[1]


def fit_signals(net: FeedbackNet, seeds: pd.DataFrame, known: dict[str, np.ndarray], n_ordinary: int) -> None:
    """One logistic regression per signal on theme vector and features; ordinary texts count for half."""
    x = np.concatenate([known["vectors"], known["features"]], axis=1)
    scale = x.std(axis=0) + 1e-6
    for row, name in enumerate(SIGNALS):
        y = np.concatenate([seeds[name].to_numpy(float), np.zeros(n_ordinary)])
        weights = np.concatenate([np.where(seeds[name], 3.0, 1.0), np.full(n_ordinary, 0.5)])
        set_row(net.signals, row, scale, fit_logistic(x / scale, y, weights, SIGNAL_PENALTY * 50))


def fit_severity(net: FeedbackNet, features: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
    scale = features.std(axis=0) + 1e-6
    set_row(net.severity, 0, scale, fit_logistic(features / scale, targets, weights, SEVERITY_PENALTY))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature under which the dev rows are least surprising (Guo et al. 2017)."""

    def surprise(temperature: float) -> float:
        scaled = logits / temperature
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(labels)), labels]).mean())

    return float(minimize_scalar(surprise, bounds=(0.2, 5), method="bounded").x)


def fit(folder: Path, data: Path) -> None:
    net = FeedbackNet(bert(json.loads((folder / "base.json").read_text()))).eval()
    missing = net.load_state_dict(torch.load(folder / "trained.pt", weights_only=True), strict=False).missing_keys
    assert set(missing) <= {"signals.weight", "signals.bias"}, missing
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    seeds, severity = read_seeds("train"), read_severity(data, held_back=False)
    praise, complaints = ordinary_texts(data)
    texts = [*seeds["text"], *praise, *complaints, *severity["text"]]
    known = outputs(net, tokenizer, texts)
    n_seeds, n_ordinary = len(seeds), len(praise) + len(complaints)
    seen = {name: values[: n_seeds + n_ordinary] for name, values in known.items()}
    fit_signals(net, seeds, seen, n_ordinary)
    is_known = np.r_[0 : n_seeds + len(praise), n_seeds + n_ordinary : len(texts)]
    targets = np.concatenate([seeds["severity"].astype(float), np.zeros(len(praise)), severity["target"]])
    weights = np.concatenate([np.ones(n_seeds), np.full(len(praise), 0.2), np.ones(len(severity))])
    fit_severity(net, known["features"][is_known], targets, weights)
    dev = read_sentiment(data, "dev")
    dev = dev[dev["label"].isin(LABELS) & (dev["text"].str.len() < 400)].sample(4000, random_state=0)
    labels = dev["label"].map(LABELS.index).to_numpy()
    temperature = fit_temperature(outputs(net, tokenizer, dev["text"].tolist())["sentiment"], labels)
    torch.save(net.state_dict(), folder / "net.pt")
    (folder / "heads.json").write_text(json.dumps({"temperature": round(temperature, 4)}) + "\n")
    print(f"temperature {temperature:.3f}")
    report(outputs(net, tokenizer, read_seeds("dev")["text"].tolist()))


def report(found: dict[str, np.ndarray]) -> None:
    """Precision and recall per signal on the seeds held back."""
    seeds = read_seeds("dev")
    raised = found["signals"] > 0
    for row, name in enumerate(SIGNALS):
        is_true, is_raised = seeds[name].to_numpy(bool), raised[:, row]
        hits = (is_true & is_raised).sum()
        precision, recall = hits / max(1, is_raised.sum()), hits / max(1, is_true.sum())
        print(f"{name:12} precision {precision:.2f} recall {recall:.2f} n {is_true.sum()}")
    severity = pd.Series(1 / (1 + np.exp(-found["severity"])))
    print(f"severity on held-back seeds: Spearman {severity.corr(seeds['severity'], method='spearman'):.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True, help="the folder of the earlier steps")
    options = parser.parse_args()
    fit(options.build, options.data)

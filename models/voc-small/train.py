"""Step 3 of the recipe: train the network. Each of the three passes takes about an hour on 2 CPU cores.

Three losses share each batch: sentiment (cross-entropy against soft targets), severity (squared error) and theme
geometry (cosine to the base encoder's vectors, centred, with each language's own direction taken out, so that one
complaint in two languages lands in one place). An interrupted run goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from corpus import LABELS, training_rows
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel

from voc.encoder.network import FeedbackNet, bert, mean_pool

MAX_TOKENS = 96
PREFIX = "query: "  # what the base encoder expects; the student learns to do without it
FROZEN_LAYERS = (3, 3, 0)
"""Lowest layers that a pass leaves as they are: they hold what languages share and serve those never trained on. The
last pass and the tuning move them too, by then with small steps: tweets and the small languages gain."""
PEAK_RATES = ({"bert": 6e-5, "heads": 1e-3}, {"bert": 4e-5, "heads": 5e-4}, {"bert": 5e-5, "heads": 5e-4})
WARM_UP = 0.05
SMOOTHING = 0.05
WEIGHTS = {"sentiment": 1.0, "severity": 4.0, "geometry": 1.5, "signals": 10.0}


def base_encoder(folder: Path) -> BertModel:
    """The base encoder out of step 1's folder."""
    encoder = bert(json.loads((folder / "base.json").read_text()))
    loaded = encoder.load_state_dict(torch.load(folder / "base.pt", weights_only=True), strict=False)
    assert not loaded.unexpected_keys, loaded
    assert all(name.endswith("position_ids") for name in loaded.missing_keys), loaded
    return encoder


def batches(lengths: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Random batches of similar length: shuffle, sort within windows of 50 batches, shuffle the batches."""
    order = rng.permutation(len(lengths))
    windows = [order[i : i + 50 * size] for i in range(0, len(order), 50 * size)]
    windows = [window[np.argsort(lengths[window], kind="stable")] for window in windows]
    found = [window[i : i + size] for window in windows for i in range(0, len(window), size)]
    return [found[i] for i in rng.permutation(len(found))]


def pad(ids: list[list[int]], pad_id: int, device: str) -> tuple[Tensor, Tensor]:
    longest = max(map(len, ids))
    padded = torch.tensor([row + [pad_id] * (longest - len(row)) for row in ids], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids], device=device)
    return padded, mask


def precision(device: str) -> torch.autocast:
    return torch.autocast(device, dtype=torch.bfloat16)


@torch.inference_mode()
def base_vectors(folder: Path, tokenizer: Tokenizer, texts: list[str], device: str) -> np.ndarray:
    """The base encoder's unit vectors (n, 384), the geometry to keep."""
    bert = base_encoder(folder).eval().to(device)
    ids = [encoding.ids[:MAX_TOKENS] for encoding in tokenizer.encode_batch_fast([PREFIX + text for text in texts])]
    order = np.argsort([len(row) for row in ids])
    vectors = np.zeros((len(ids), bert.config.hidden_size), dtype=np.float32)
    for i in range(0, len(order), 64):
        rows = order[i : i + 64]
        padded, mask = pad([ids[j] for j in rows], tokenizer.token_to_id("<pad>"), device)
        with precision(device):
            hidden = bert(input_ids=padded, attention_mask=mask).last_hidden_state
        vectors[rows] = nn.functional.normalize(mean_pool(hidden.float(), mask), dim=-1).cpu().numpy()
    return vectors


def language_free(vectors: np.ndarray, rows: pd.DataFrame, ridge: float = 20.0) -> np.ndarray:
    """Vectors minus the corpus mean and minus what their language alone adds, as unit vectors (n, 384).

    Languages come with different domains (all Polish here is hotels, health, products and universities), so a plain
    language mean would take themes out with the language. An additive model language + domain, fitted by ridge
    regression, separates the two; sentences with parallel translations then share one target.
    """
    design = pd.get_dummies(rows[["lang", "domain"]].astype(str), dtype=np.float32)
    centred = vectors - vectors.mean(axis=0)
    weights = np.linalg.solve(design.T @ design + ridge * np.eye(design.shape[1]), design.T.to_numpy() @ centred)
    is_lang = design.columns.str.startswith("lang_")
    targets = centred - design.loc[:, is_lang].to_numpy() @ weights[is_lang]
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    parallel = rows["row_id"].notna().to_numpy()
    shared = (
        pd.DataFrame(targets[parallel]).groupby(rows.loc[parallel, "row_id"].to_numpy()).transform("mean").to_numpy()
    )
    targets[parallel] += shared
    return targets / np.linalg.norm(targets, axis=1, keepdims=True)


@dataclass(frozen=True)
class Corpus:
    """Token ids of every row and its targets, row by row; nan = not known."""

    ids: list[list[int]]
    targets: dict[str, Tensor]
    pad_id: int

    def loss(self, net: FeedbackNet, chosen: np.ndarray, device: str) -> Tensor:
        padded, mask = pad([self.ids[i] for i in chosen], self.pad_id, device)
        with precision(device):
            answers = net(padded, mask)
        losses = []
        for name, targets in self.targets.items():
            wanted = targets[chosen].to(device)
            known = ~wanted.isnan().reshape(len(chosen), -1).any(-1)
            if known.any():
                losses.append(WEIGHTS[name] * LOSSES[name](answers[OUTPUTS[name]][known].float(), wanted[known]))
        return torch.stack(losses).sum()


def sentiment_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    return nn.functional.cross_entropy(logits, wanted, label_smoothing=SMOOTHING)


def severity_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Known severities are few beside praise: what is above zero weighs more."""
    return ((logits.sigmoid() - wanted) ** 2 * (0.3 + wanted)).mean()


def geometry_loss(vectors: Tensor, wanted: Tensor) -> Tensor:
    return (1 - (vectors * wanted).sum(-1)).mean()


def signals_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits, wanted)


LOSSES = {
    "sentiment": sentiment_loss,
    "severity": severity_loss,
    "geometry": geometry_loss,
    "signals": signals_loss,
}
OUTPUTS = {"sentiment": "sentiment", "severity": "severity", "geometry": "vectors", "signals": "signals"}


def token_ids(folder: Path, texts: list[str]) -> tuple[list[list[int]], int]:
    """Token ids of `texts`, cut at MAX_TOKENS, and the id of padding."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return [encoding.ids[:MAX_TOKENS] for encoding in tokenizer.encode_batch_fast(texts)], tokenizer.token_to_id(
        "<pad>"
    )


def read_corpus(folder: Path, rows: pd.DataFrame, device: str, turn: int = 0) -> Corpus:
    texts = rows["text"].astype(str).tolist()
    ids, pad_id = token_ids(folder, texts)
    cache = folder / f"geometry-{turn}.npy"
    if not cache.exists():
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        codes, distinct = pd.factorize(np.array(texts, dtype=object))
        vectors = base_vectors(folder, tokenizer, list(distinct), device)[codes]
        np.save(cache, language_free(vectors, rows).astype(np.float32))
    targets = {
        "sentiment": torch.tensor(rows[list(LABELS)].to_numpy(np.float32)),
        "severity": torch.tensor(rows["severity"].to_numpy(np.float32)),
        "geometry": torch.from_numpy(np.load(cache)).float(),
    }
    return Corpus(ids, targets, pad_id)


def trainable(net: FeedbackNet, rates: dict[str, float], n_frozen: int) -> list[dict[str, Any]]:
    """Parameter groups with their rates; word embeddings and the `n_frozen` lowest layers stay as they are."""
    net.requires_grad_(requires_grad=True)
    for frozen in (net.bert.embeddings.word_embeddings, *net.bert.encoder.layer[:n_frozen]):
        frozen.requires_grad_(requires_grad=False)
    groups: dict[str, list[Tensor]] = {name: [] for name in rates}
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            groups["bert" if name.startswith("bert.") else "heads"].append(parameter)
    return [{"params": parameters, "lr": rates[name]} for name, parameters in groups.items()]


def rate_at(step: int, steps: int) -> float:
    """Linear warm-up, then linear decay to 0."""
    warm_up = max(1, int(WARM_UP * steps))
    return min((step + 1) / warm_up, max(0.0, (steps - step) / (steps - warm_up)))


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn, and where to keep the way back."""

    checkpoint: Path
    batch: int = 32
    rates: dict[str, float] = field(default_factory=lambda: PEAK_RATES[0])
    n_frozen: int = 0
    device: str = "cpu"


def optimise(net: FeedbackNet, corpus: Corpus, plan: Plan) -> None:
    """Train `net` on `corpus`, from the plan's checkpoint on where there is one."""
    rng = np.random.default_rng(0)
    lengths = np.array([len(row) for row in corpus.ids])
    steps = batches(lengths, plan.batch, rng)
    optimizer = torch.optim.AdamW(trainable(net, plan.rates, plan.n_frozen), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step, len(steps)))
    parts = {"net": net, "optimizer": optimizer, "schedule": schedule}
    done = 0
    if plan.checkpoint.exists():
        state = torch.load(plan.checkpoint, weights_only=True)
        done = state["done"]
        for name, part in parts.items():
            part.load_state_dict(state[name])
    print(f"{len(corpus.ids)} texts, {len(steps)} batches, from {done}", flush=True)
    net.train()
    started, mean_loss = time.perf_counter(), 0.0
    for step in range(done, len(steps)):
        loss = corpus.loss(net, steps[step], plan.device)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        mean_loss += (loss.item() - mean_loss) / min(200, step - done + 1)
        if (step + 1) % 50 == 0:
            rate = (step + 1 - done) * plan.batch / (time.perf_counter() - started)
            print(f"{step + 1}/{len(steps)} loss {mean_loss:.4f} {rate:.0f} texts/s", flush=True)
        if (step + 1) % 500 == 0:
            save(plan.checkpoint, {name: part.state_dict() for name, part in parts.items()} | {"done": step + 1})
    net.eval()


def save(path: Path, state: dict[str, Any]) -> None:
    """Write beside, then rename: an interrupted run leaves the last whole file."""
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def train(folder: Path, data: Path, device: str) -> None:
    """Every pass in turn, each over its own draw of the rows; leaves `trained.pt`."""
    torch.manual_seed(0)
    net = FeedbackNet(base_encoder(folder)).to(device)
    for turn, (rates, n_frozen) in enumerate(zip(PEAK_RATES, FROZEN_LAYERS, strict=True)):
        finished = folder / f"pass-{turn}.pt"
        if not finished.exists():
            corpus = read_corpus(folder, training_rows(data, turn), device, turn)
            plan = Plan(folder / f"checkpoint-{turn}.pt", rates=rates, n_frozen=n_frozen, device=device)
            optimise(net, corpus, plan)
            save(finished, net.state_dict())
        net.load_state_dict(torch.load(finished, weights_only=True))
    save(folder / "trained.pt", net.state_dict())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the folder of step 1")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    train(options.out, options.data, options.device)

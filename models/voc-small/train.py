"""Step 3 of the recipe: train the network. One pass takes about an hour on 2 CPU cores, minutes on a GPU.

Three losses share each batch: sentiment (cross-entropy against soft targets), severity (squared error) and theme
geometry (cosine to the base encoder's vectors, centred, with each language's own direction taken out, so that one
complaint in two languages lands in one place). Training stops and resumes at `checkpoint.pt`.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
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
FROZEN_LAYERS = (
    3  # the lowest layers hold what languages share: kept as they are, they serve languages never trained on
)
PEAK_RATES = {"bert": 6e-5, "heads": 1e-3}
WARM_UP = 0.05
SMOOTHING = 0.05
WEIGHTS = {"sentiment": 1.0, "severity": 4.0, "geometry": 1.5}


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


def loss_of(answers: dict[str, Tensor], sentiment: Tensor, severity: Tensor, geometry: Tensor) -> Tensor:
    total = WEIGHTS["geometry"] * (1 - (answers["vectors"].float() * geometry).sum(-1)).mean()
    labelled = ~sentiment.isnan().any(-1)
    if labelled.any():
        logits = answers["sentiment"][labelled].float()
        total = total + WEIGHTS["sentiment"] * nn.functional.cross_entropy(
            logits, sentiment[labelled], label_smoothing=SMOOTHING
        )
    known = ~severity.isnan()
    if known.any():
        # Known severities are few beside praise: weigh what is above zero up.
        errors = (answers["severity"][known].float().sigmoid() - severity[known]) ** 2
        total = total + WEIGHTS["severity"] * (errors * (0.3 + severity[known])).mean()
    return total


@dataclass(frozen=True)
class Corpus:
    """Token ids of every row and its three targets, row by row (nan = not known)."""

    ids: list[list[int]]
    sentiment: Tensor
    severity: Tensor
    geometry: Tensor
    pad_id: int

    def loss(self, net: FeedbackNet, chosen: np.ndarray, device: str) -> Tensor:
        padded, mask = pad([self.ids[i] for i in chosen], self.pad_id, device)
        with precision(device):
            answers = net(padded, mask)
        return loss_of(answers, *(each[chosen].to(device) for each in (self.sentiment, self.severity, self.geometry)))


def read_corpus(folder: Path, data: Path, device: str) -> Corpus:
    rows = training_rows(data)
    texts = rows["text"].astype(str).tolist()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    cache = folder / "geometry.npy"
    if not cache.exists():
        np.save(cache, language_free(base_vectors(folder, tokenizer, texts, device), rows))
    return Corpus(
        ids=[encoding.ids[:MAX_TOKENS] for encoding in tokenizer.encode_batch_fast(texts)],
        sentiment=torch.tensor(rows[list(LABELS)].to_numpy(np.float32)),
        severity=torch.tensor(rows["severity"].to_numpy(np.float32)),
        geometry=torch.from_numpy(np.load(cache)),
        pad_id=tokenizer.token_to_id("<pad>"),
    )


def trainable(net: FeedbackNet) -> list[dict[str, Any]]:
    """Parameter groups with their rates; word embeddings and the lowest layers stay as they are."""
    for frozen in (net.bert.embeddings.word_embeddings, *net.bert.encoder.layer[:FROZEN_LAYERS], net.signals):
        frozen.requires_grad_(requires_grad=False)
    groups: dict[str, list[Tensor]] = {name: [] for name in PEAK_RATES}
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            groups["bert" if name.startswith("bert.") else "heads"].append(parameter)
    return [{"params": parameters, "lr": PEAK_RATES[name]} for name, parameters in groups.items()]


def rate_at(step: int, steps: int) -> float:
    """Linear warm-up, then linear decay to 0."""
    warm_up = max(1, int(WARM_UP * steps))
    return min((step + 1) / warm_up, max(0.0, (steps - step) / (steps - warm_up)))


def train(folder: Path, data: Path, *, epochs: int, batch: int, device: str) -> None:
    torch.manual_seed(0)
    corpus = read_corpus(folder, data, device)
    net = FeedbackNet(base_encoder(folder)).to(device)
    rng = np.random.default_rng(0)
    lengths = np.array([len(row) for row in corpus.ids])
    plan = [chosen for _ in range(epochs) for chosen in batches(lengths, batch, rng)]
    optimizer = torch.optim.AdamW(trainable(net), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step, len(plan)))
    parts = {"net": net, "optimizer": optimizer, "schedule": schedule}
    checkpoint = folder / "checkpoint.pt"
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        done = state["done"]
        for name, part in parts.items():
            part.load_state_dict(state[name])
    print(f"{len(corpus.ids)} texts, {len(plan)} batches, from {done}", flush=True)
    net.train()
    started, mean_loss = time.perf_counter(), 0.0
    for step in range(done, len(plan)):
        loss = corpus.loss(net, plan[step], device)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        mean_loss += (loss.item() - mean_loss) / min(200, step - done + 1)
        if (step + 1) % 50 == 0:
            rate = (step + 1 - done) * batch / (time.perf_counter() - started)
            print(f"{step + 1}/{len(plan)} loss {mean_loss:.4f} {rate:.0f} texts/s", flush=True)
        if (step + 1) % 500 == 0:
            save(checkpoint, {name: part.state_dict() for name, part in parts.items()} | {"done": step + 1})
    save(folder / "trained.pt", net.state_dict())


def save(path: Path, state: dict[str, Any]) -> None:
    """Write beside, then rename: an interrupted run leaves the last whole file."""
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the folder of step 1")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    train(options.out, options.data, epochs=options.epochs, batch=options.batch, device=options.device)

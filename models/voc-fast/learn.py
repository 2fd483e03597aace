"""Step 2 of the recipe: learn the table of pieces and the two convolutions from the teacher's answers and the labels.

Every number is rounded in training as it will be in the file (`voc/encoder/static_runtime.py`), so nothing is lost at
the end. Writes `model.safetensors`, `tokenizer.json` and `model.json`. Ten minutes on 2 CPU cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "voc-small"))
from base import is_european  # which pieces to keep is voc-small's own rule
from teach import words

from voc.encoder import shipped_folder
from voc.encoder.static_runtime import MEAN_STEP, TOP
from voc.encoder.torch_runtime import read_weights
from voc.tables import LABELS, SIGNALS

PIECES = 50_000
THEME_WIDTH, WORD_WIDTH, WIDTH, HIDDEN = 80, 64, 64, 96
STEP = 1 / 32
"""What one whole number stands for: activations reach 127 / 32, about 4."""
MAX_PIECES, MAX_CHARACTERS = 64, 500
BATCH, EPOCHS = 256, 4
TABLE_RATE, LAYER_RATE = 2e-2, 3e-3
"""A piece is met seldom, so its row moves far each time; the layers learn from every text."""
RIDGE = 1e-3
OFTEN = 4
"""Texts from which a piece is worth its 144 bytes; a likely word of a language without texts counts as much."""
SEED_REPEATS = 3
"""Of the sentences that know their signals there are few."""
TEACHER = 0.6
"""How much the teacher's answer counts where the label is known too: it knows shades, the label knows the truth."""
WORD_DROPOUT = 0.1
WEIGHTS = {"sentiment": 1.0, "severity": 4.0, "signals": 10.0, "themes": 2.0}
HELD_BACK = 0.03


def rounded(values: Tensor, least: int = -TOP) -> Tensor:
    """Whole numbers within the range, with the gradient of the values inside it."""
    inside = values.clamp(least, TOP)
    return inside + (inside.round() - inside).detach()


def codes(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight (…, in, out) as whole numbers and one scale per output."""
    scale = weight.detach().abs().amax(dim=tuple(range(weight.ndim - 1))).clamp(min=1e-9) / TOP
    return rounded(weight / scale), scale


class Layer(nn.Module):
    """Whole numbers in; sums times scale plus bias out."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(*shape) * float(np.prod(shape[:-1])) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(shape[-1]))

    def parts(self, gain: float) -> dict[str, Tensor]:
        """What the file holds; `gain` turns inputs in STEP into outputs in the unit wanted."""
        whole, scale = codes(self.weight)
        return {"codes": whole, "scale": scale * gain, "bias": self.bias * gain / STEP}

    def forward(self, rows: Tensor, gain: float = 1.0) -> Tensor:
        parts = self.parts(gain)
        return rows @ parts["codes"] * parts["scale"] + parts["bias"]


class FastNet(nn.Module):
    """What `StaticEncoder` computes, in PyTorch, with gradients."""

    def __init__(self, themes: Tensor, words: Tensor) -> None:
        super().__init__()
        self.themes = nn.Embedding.from_pretrained(themes, freeze=False, sparse=True)
        self.words = nn.Embedding.from_pretrained(words, freeze=False, sparse=True)
        self.near, self.far = Layer(3, WORD_WIDTH, WIDTH), Layer(3, WIDTH, WIDTH)
        self.hidden = Layer(2 * WIDTH + WORD_WIDTH, HIDDEN)
        self.heads = Layer(HIDDEN, len(LABELS) + 1 + len(SIGNALS))

    def convolved(self, rows: Tensor, layer: Layer, mask: Tensor, skip: Tensor | float = 0.0) -> Tensor:
        parts = layer.parts(1.0)
        padded = functional.pad(rows, (0, 0, 1, 1))
        sums = sum(padded[:, i : i + rows.shape[1]] @ parts["codes"][i] for i in range(3))
        return rounded(sums * parts["scale"] + parts["bias"] + skip, 0) * mask

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors (n, 80) and logits (n, 13) of padded ids (n, t)."""
        here = mask.unsqueeze(-1)
        count = mask.sum(1, keepdim=True)
        vectors = functional.normalize((rounded(self.themes(ids) / STEP) * here).sum(1), dim=-1)
        rows = rounded(self.words(ids) / STEP) * here
        near = self.convolved(rows, self.near, here)
        far = self.convolved(near, self.far, here, near)
        means = [rounded(MEAN_STEP * each.sum(1) / count) for each in (rows, far)]
        pooled = torch.cat([far.amax(1), *means], dim=-1)
        return vectors, self.heads(rounded(self.hidden(pooled), 0), STEP)


def kept_pieces(texts: list[str], tokenizer: Tokenizer) -> np.ndarray:
    """Ids of the pieces to keep: special ones, those that the texts use most, then European scripts' likeliest."""
    counts = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
    for start in range(0, len(texts), 10_000):
        found = tokenizer.encode_batch_fast(texts[start : start + 10_000])
        counts += np.bincount(np.concatenate([each.ids for each in found]), minlength=len(counts))
    pieces = json.loads(tokenizer.to_str())["model"]["vocab"]
    rank = np.array([score for _, score in pieces]) / 100 + np.minimum(counts, OFTEN)
    rank[np.array([is_european(piece) for piece, _ in pieces]) & (counts < OFTEN)] += 0.5
    rank[[tokenizer.token_to_id(name) for name in ("<s>", "<pad>", "</s>", "<unk>")]] += 1e6
    return np.sort(np.argsort(-rank, kind="stable")[:PIECES])


def smaller(tokenizer: Tokenizer, kept: np.ndarray) -> Tokenizer:
    """The tokenizer over the kept pieces alone."""
    about = json.loads(tokenizer.to_str())
    names = [about["model"]["vocab"][i][0] for i in kept]
    ids = {name: new for new, name in enumerate(names)}
    about["model"]["vocab"] = [about["model"]["vocab"][i] for i in kept]
    about["model"]["unk_id"] = ids["<unk>"]
    about["added_tokens"] = [{**each, "id": ids[each["content"]]} for each in about["added_tokens"]]
    for name, special in about["post_processor"]["special_tokens"].items():
        special["ids"] = [ids[name]]
    return Tokenizer.from_str(json.dumps(about))


def strongest(table: np.ndarray, width: int) -> np.ndarray:
    """The table (n, d) by its `width` strongest directions, each with a typical component of 1."""
    centred = table - table.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    turned = centred @ directions[:, ::-1][:, :width]
    found: np.ndarray = turned / turned.std(axis=0)
    return found


def towards(table: np.ndarray, ids: list[np.ndarray], vectors: np.ndarray) -> np.ndarray:
    """The table (n, d) turned so that the mean of a text's rows comes near its theme vector: half of the way."""
    known = np.flatnonzero(~np.isnan(vectors[:, 0]))
    means = np.array([table[ids[i]].mean(axis=0) for i in known]) - table.mean(axis=0)
    gram = means.T @ means / len(known)
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    turned = (table - table.mean(axis=0)) @ np.linalg.solve(gram, means.T @ vectors[known] / len(known))
    found: np.ndarray = turned / turned.std()
    return found


def answers(folder: Path, rows: int) -> dict[str, np.ndarray]:
    """The teacher's answers, nan where it was not asked."""
    found = [np.load(path) for path in sorted((folder / "answers").glob("*.npz"))]
    said = {name: np.concatenate([each[name] for each in found]).astype(np.float32) for name in found[0].files}
    pad = {name: np.full((rows - len(values), *values.shape[1:]), np.nan, np.float32) for name, values in said.items()}
    return {name: np.concatenate([values, pad[name]]) for name, values in said.items()}


def targets(rows: pd.DataFrame, said: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Labels and answers blended; seeds know their signals for certain."""
    blended = {
        "sentiment": _blend(rows[list(LABELS)].to_numpy(np.float32), said["sentiment"]),
        "severity": _blend(rows["severity"].to_numpy(np.float32), said["severity"]),
        "signals": _blend(rows[list(SIGNALS)].to_numpy(np.float32), said["signals"], teacher=0.2),
        "themes": _turned(said["vectors"]),
    }
    return {name: torch.from_numpy(values.astype(np.float32)) for name, values in blended.items()}


def _blend(known: np.ndarray, said: np.ndarray, teacher: float = TEACHER) -> np.ndarray:
    both: np.ndarray = (1 - teacher) * known + teacher * said
    return np.where(np.isnan(known), said, np.where(np.isnan(said), known, both))


def _turned(vectors: np.ndarray) -> np.ndarray:
    """The teacher's vectors by their strongest directions, unit length."""
    known = vectors[~np.isnan(vectors[:, 0])]
    _, directions = np.linalg.eigh(known.T @ known)
    turned: np.ndarray = vectors @ directions[:, ::-1][:, :THEME_WIDTH]
    return turned / np.linalg.norm(turned, axis=1, keepdims=True)


def losses(net: FastNet, ids: Tensor, mask: Tensor, wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """One loss per answer, over the rows that know it."""
    known = {name: ~values.reshape(len(ids), -1).isnan().any(1) for name, values in wanted.items()}
    wanted = {name: values.nan_to_num() for name, values in wanted.items()}
    vectors, logits = net(ids, mask)
    sentiment, severity, signals = logits.split([len(LABELS), 1, len(SIGNALS)], dim=1)
    each = {
        "sentiment": -(wanted["sentiment"] * sentiment.log_softmax(-1)).sum(-1),
        "severity": (severity.squeeze(-1).sigmoid() - wanted["severity"]) ** 2,
        "signals": functional.binary_cross_entropy_with_logits(signals, wanted["signals"], reduction="none").mean(-1),
        "themes": 1 - (vectors * wanted["themes"]).sum(-1),
    }
    return {name: loss[known[name]].sum() / known[name].sum().clamp(min=1) for name, loss in each.items()}


def padded(ids: list[np.ndarray], rows: np.ndarray) -> tuple[Tensor, Tensor]:
    longest = max(len(ids[i]) for i in rows)
    table, mask = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest), np.float32)
    for place, i in enumerate(rows):
        table[place, : len(ids[i])], mask[place, : len(ids[i])] = ids[i], 1
    return torch.from_numpy(table), torch.from_numpy(mask)


def batches(lengths: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Batches of similar length in random order."""
    order = np.argsort(lengths + rng.random(len(lengths)) * 8, kind="stable")
    found = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    return [found[i] for i in rng.permutation(len(found))]


def rate_at(step: int, steps: int) -> float:
    """Linear warm-up over a twentieth, then linear decay to 0."""
    return min((step + 1) / (0.05 * steps + 1), (steps - step) / steps)


def optimise(net: FastNet, ids: list[np.ndarray], wanted: dict[str, Tensor], *, unknown: int, epochs: int) -> None:
    rng = np.random.default_rng(0)
    lengths = np.array([len(row) for row in ids])
    steps = [rows for _ in range(epochs) for rows in batches(lengths, rng)]
    tables = [net.themes.weight, net.words.weight]
    layers = [each for name, each in net.named_parameters() if not name.startswith(("themes", "words"))]
    optimizers = [torch.optim.SparseAdam(tables, lr=TABLE_RATE), torch.optim.AdamW(layers, lr=LAYER_RATE)]
    schedules = [torch.optim.lr_scheduler.LambdaLR(each, lambda step: rate_at(step, len(steps))) for each in optimizers]
    started, shown = time.perf_counter(), dict.fromkeys(WEIGHTS, 0.0)
    for step, rows in enumerate(steps):
        table, mask = padded(ids, rows)
        table[torch.rand(table.shape) < WORD_DROPOUT] = unknown
        found = losses(net, table, mask, {name: values[rows] for name, values in wanted.items()})
        sum(WEIGHTS[name] * loss for name, loss in found.items()).backward()
        nn.utils.clip_grad_norm_(layers, 1.0)
        for part in (*optimizers, *schedules):
            part.step()
        net.zero_grad(set_to_none=True)
        shown = {name: shown[name] + (loss.item() - shown[name]) / min(step + 1, 50) for name, loss in found.items()}
        if (step + 1) % 50 == 0:
            told = " ".join(f"{name} {value:.3f}" for name, value in shown.items())
            print(f"{step + 1}/{len(steps)} {told} {time.perf_counter() - started:.0f} s", flush=True)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature under which the labels are least surprising (Guo et al. 2017), to two places."""
    scaled = logits[None] / np.arange(0.3, 3.0, 0.01)[:, None, None]
    surprise = np.logaddexp.reduce(scaled, axis=2) - scaled[:, np.arange(len(labels)), labels]
    return float(0.3 + 0.01 * surprise.mean(axis=1).argmin())


@torch.inference_mode()
def said_by(net: FastNet, ids: list[np.ndarray]) -> np.ndarray:
    """Logits of every text."""
    parts = [net(*padded(ids, rows))[1] for rows in np.array_split(np.arange(len(ids)), len(ids) // 200 + 1)]
    return torch.cat(parts).numpy()


def tensors(net: FastNet, temperature: float) -> dict[str, np.ndarray]:
    """What the file holds: int8 codes, float scales and biases; the temperature is part of the sentiment head."""
    gains = {"near": 1.0, "far": 1.0, "hidden": 1.0, "heads": STEP}
    found = {name: rounded(getattr(net, name).weight.detach() / STEP) for name in ("themes", "words")}
    for name, gain in gains.items():
        found |= {f"{name}.{part}": values.detach() for part, values in getattr(net, name).parts(gain).items()}
    for part in ("scale", "bias"):
        found[f"heads.{part}"][: len(LABELS)] /= temperature
    is_code = {name: name.endswith("codes") or "." not in name for name in found}
    return {name: values.numpy().astype(np.int8 if is_code[name] else np.float32) for name, values in found.items()}


def save(out: Path, net: FastNet, tokenizer: Tokenizer, temperature: float) -> None:
    save_file(tensors(net, temperature), out / "model.safetensors")
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    files = ("model.safetensors", "tokenizer.json")
    teacher = json.loads((shipped_folder("voc-small") / "model.json").read_text())
    about: dict[str, Any] = {
        "name": "voc-fast", "version": "1", "kind": "static", "temperature": round(temperature, 4),
        "teacher": {"name": teacher["name"], "sha256": teacher["sha256"]["model.onnx"]},
        "sha256": {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in files},
    }  # fmt: skip
    (out / "model.json").write_text(json.dumps(about, indent=1) + "\n")


def train(build: Path, out: Path, epochs: int) -> None:
    torch.manual_seed(0)
    torch.set_flush_denormal(True)  # rows of rare pieces fade: tiny numbers would cost a hundred times as much
    rows = pd.read_parquet(build / "rows.parquet")
    wanted = targets(rows, answers(build, len(rows)))
    teaches = sum(~values.reshape(len(rows), -1)[:, 0].isnan() for values in wanted.values()).numpy() > 0
    rows, wanted = rows[teaches].reset_index(drop=True), {name: values[teaches] for name, values in wanted.items()}
    teacher = shipped_folder("voc-small")
    whole = Tokenizer.from_file(str(teacher / "tokenizer.json"))
    texts = [text[:MAX_CHARACTERS] for text in rows["text"]]
    kept = kept_pieces([*texts, *words() * (OFTEN - 1)], whole)
    tokenizer = smaller(whole, kept)
    ids = [np.array(each.ids[:MAX_PIECES]) for each in tokenizer.encode_batch_fast(texts)]
    table = read_weights(teacher / "model.onnx")["bert.embeddings.word_embeddings.weight"][kept]
    start = towards(table, ids, wanted["themes"].numpy()), strongest(table, WORD_WIDTH) / 2
    net = FastNet(*(torch.from_numpy(each.astype(np.float32)) for each in start))
    seeds = np.flatnonzero(rows[SIGNALS[0]].notna())
    is_held_back = np.random.default_rng(1).random(len(rows)) < HELD_BACK
    used = np.concatenate([np.flatnonzero(~is_held_back), *[seeds[~is_held_back[seeds]]] * (SEED_REPEATS - 1)])
    print(f"{len(used):,} texts, {len(kept):,} pieces", flush=True)
    optimise(
        net, [ids[i] for i in used], {name: values[used] for name, values in wanted.items()},
        unknown=tokenizer.token_to_id("<unk>"), epochs=epochs,
    )  # fmt: skip
    labels = rows[list(LABELS)].to_numpy(float)
    judged = np.flatnonzero(is_held_back & (labels.max(axis=1) == 1))
    logits = said_by(net, [ids[i] for i in judged])[:, : len(LABELS)]
    temperature = fit_temperature(logits, labels[judged].argmax(axis=1))
    hits = (logits.argmax(axis=1) == labels[judged].argmax(axis=1)).mean()
    print(f"held back: {len(judged)} labelled texts, {hits:.1%} right, temperature {temperature:.2f}")
    save(out, net, tokenizer, temperature)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="the folder of step 1")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    train(options.build, options.out, options.epochs)

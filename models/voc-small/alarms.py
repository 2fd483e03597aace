"""Step 5 of the recipe: tell the urgent signals from what only resembles them.

`near_misses.tsv` has complaints, praise and questions about hospitals, children, delays, fees and slow apps: some carry
a signal, most come near one. `judged.tsv` names clauses of real customers that were read one by one. With them, the
seeds, the opinions and calm rows of step 3, the signals are given a layer of their own beside the encoder's last one,
which learns what they need; all else in the network stays as it is. Reads step 4's `net.pt`, writes `grown.pt`;
a quarter of an hour on 2 CPU cores.
"""

from __future__ import annotations

import argparse
import json
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from corpus import read_judged, read_near_misses, read_opinions, row_digest, training_rows
from torch import Tensor, nn
from train import PEAK_RATES, batches, pad, rate_at, save, token_ids
from tune import harmless_complaints, read_seeds

from voc.encoder.network import Alarms, FeedbackNet, bert
from voc.tables import SIGNALS

PRAISE, HARMLESS = 6000, 4000
"""Calm rows of step 3, in which nobody needs anybody."""
SEEDS, JUDGED = 2.0, 1.5
"""What each seed or opinion weighs, and each clause of a real customer; a near miss or calm row is 1. More of the one
tells more of what was written for training, more of the other fewer false signals in exports (bench/quality.py)."""
FITS = 2
"""Fits in different order whose weights are averaged (Wortsman et al. 2022, model soups)."""
EPOCHS, BATCH, DROPOUT = 4, 64, 0.1
RATES = {"alarms.layer": 2e-4, "heads": 1e-3}


def rows_to_fit(data: Path) -> pd.DataFrame:
    """Texts with their `signals`, joined by spaces, and their `weight`."""
    opinions = read_opinions(held_back=False)
    rows = training_rows(data, len(PEAK_RATES) - 1)
    praise = rows[rows["positive"] == 1].sample(PRAISE, random_state=0)
    harmless = rows[rows["text"].isin(harmless_complaints(data))]
    harmless = harmless.sample(min(HARMLESS, len(harmless)), random_state=0)
    seeds = pd.concat([read_seeds("train"), opinions[opinions["signals"] != "?"]]).assign(weight=SEEDS)
    measured = read_judged(data, held_back=True)["row"]
    calm = pd.concat([praise, harmless])[["text"]].assign(signals="")
    calm = calm[~calm["text"].map(row_digest).isin(measured)]
    others = pd.concat([read_near_misses(held_back=False), calm]).assign(weight=1.0)
    judged = read_judged(data, held_back=False).assign(weight=JUDGED)
    return pd.concat([seeds, others, judged], ignore_index=True)[["text", "signals", "weight"]]


@dataclass(frozen=True)
class Read:
    """What the finished part of the network makes of each text: all that step 5 needs of it."""

    below: list[Tensor]
    """The tokens as the encoder's last layer is given them, (t, d) in half precision."""
    seen: Tensor
    """Vectors and features as the signals see them, (n, d + F)."""

    def batch(self, chosen: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """The tokens (n, t, d), which of them are there (n, t), and the rest."""
        rows = [self.below[i] for i in chosen]
        mask = torch.arange(max(map(len, rows))) < torch.tensor([[len(row)] for row in rows])
        return nn.utils.rnn.pad_sequence(rows, batch_first=True).float(), mask, self.seen[chosen]


@torch.inference_mode()
def read(net: FeedbackNet, folder: Path, texts: list[str]) -> Read:
    """Run the finished part once; every fit then starts from what it found."""
    ids, pad_id = token_ids(folder, texts)
    order = np.argsort([len(row) for row in ids], kind="stable")
    below, seen = [torch.empty(0)] * len(ids), torch.zeros(len(ids), net.signals.in_features)
    for i in range(0, len(order), BATCH):
        rows = order[i : i + BATCH]
        padded, mask = pad([ids[j] for j in rows], pad_id, "cpu")
        hidden, given = net.states(padded, mask)
        seen[rows] = net.answers(hidden, given, mask)["seen"]
        for row, state in zip(rows, given.half(), strict=True):
            below[row] = state[: len(ids[row])].clone()
    return Read(below, seen)


def fit(alarms: Alarms, signals: nn.Linear, texts: Read, wanted: Tensor, weights: Tensor, *, seed: int) -> None:
    """Train the signals (n, 9) and what they alone read; the rest of the network is not even run."""
    torch.manual_seed(seed)
    rng, sizes = np.random.default_rng(seed), np.array([len(row) for row in texts.below])
    heads = [*alarms.attend.parameters(), *signals.parameters()]
    groups = zip((alarms.layer.parameters(), heads), RATES.values(), strict=True)
    optimizer = torch.optim.AdamW([{"params": [*part], "lr": rate} for part, rate in groups], weight_decay=0.01)
    steps = [rows for _ in range(EPOCHS) for rows in batches(sizes, BATCH, rng)]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step, len(steps)))
    share = weights / weights.mean()
    alarms.train()
    for step, rows in enumerate(steps):
        tokens, mask, seen = texts.batch(rows)
        heard = nn.functional.dropout(alarms(tokens, mask), DROPOUT)
        answers = signals(torch.cat([seen, heard], dim=-1))
        surprise = nn.functional.binary_cross_entropy_with_logits(answers, wanted[rows], reduction="none")
        loss = (surprise.mean(1) * share[rows]).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*alarms.parameters(), *signals.parameters()], 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % 200 == 0:
            print(f"{step + 1}/{len(steps)} loss {loss.item():.4f}", flush=True)


def tell_apart(folder: Path, data: Path) -> None:
    net = FeedbackNet(bert(json.loads((folder / "base.json").read_text()))).eval()
    net.load_state_dict(torch.load(folder / "net.pt", weights_only=True))
    rows = rows_to_fit(data)
    wanted = torch.tensor([[float(name in told.split()) for name in SIGNALS] for told in rows["signals"]])
    weights = torch.tensor(rows["weight"].to_numpy(), dtype=torch.float32)
    texts = read(net, folder, rows["text"].tolist())
    net.grow()
    assert net.alarms is not None
    fits = [(deepcopy(net.alarms), deepcopy(net.signals)) for _ in range(FITS)]
    for seed, (alarms, signals) in enumerate(fits):
        fit(alarms, signals, texts, wanted, weights, seed=seed)
    for part, found in zip((net.alarms, net.signals), zip(*fits, strict=True), strict=True):
        part.load_state_dict(mean([each.state_dict() for each in found]))
    save(folder / "grown.pt", net.state_dict())
    print(f"{len(rows)} texts, {int(wanted.sum())} signals")


def mean(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True, help="the folder of the earlier steps")
    options = parser.parse_args()
    tell_apart(options.build, options.data)

"""Step 5 of the recipe: tell the urgent signals from what only resembles them.

`near_misses.tsv` has complaints, praise and questions about hospitals, children, delays, fees and slow apps: some carry
a signal, most come near one. `judged.tsv` names clauses of real customers that were read one by one. With them, the
seeds, the opinions and calm rows of step 3, the last layer of the signals is fitted once more, kept near what the
tuning found; all else in the network stays as it is. Rewrites `net.pt`; five minutes on 2 CPU cores.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from corpus import read_judged, read_near_misses, read_opinions, training_rows
from torch import Tensor, nn
from train import PEAK_RATES, pad, save, token_ids
from tune import harmless_complaints, read_seeds

from voc.encoder.network import FeedbackNet, bert
from voc.tables import SIGNALS

PRAISE, HARMLESS = 6000, 4000
"""Calm rows of step 3, in which nobody needs anybody."""
NEARNESS = 1.5e-4
"""What a step away from the tuned layer costs: ten times as much finds fewer signals, a tenth forgets the seeds."""
JUDGED = 2.0
"""What each clause of a real customer weighs, a sentence being 1: more hears fewer false signals in exports and misses
more of what the written sentences tell (bench/quality.py, judged and signals)."""


def rows_to_fit(data: Path) -> pd.DataFrame:
    """Texts with their `signals`, joined by spaces, and their `weight`."""
    opinions = read_opinions(held_back=False)
    rows = training_rows(data, len(PEAK_RATES) - 1)
    praise = rows[rows["positive"] == 1].sample(PRAISE, random_state=0)
    harmless = rows[rows["text"].isin(harmless_complaints(data))]
    harmless = harmless.sample(min(HARMLESS, len(harmless)), random_state=0)
    told = [read_seeds("train"), opinions[opinions["signals"] != "?"], read_near_misses(held_back=False)]
    calm = pd.concat([praise, harmless])[["text"]].assign(signals="")
    written = pd.concat([*told, calm])[["text", "signals"]].assign(weight=1.0)
    judged = read_judged(data, held_back=False)[["text", "signals"]].assign(weight=JUDGED)
    return pd.concat([written, judged], ignore_index=True)


@torch.inference_mode()
def inputs_of(net: FeedbackNet, folder: Path, texts: list[str]) -> Tensor:
    """What the last layer of the signals is given for each text (n, d)."""
    ids, pad_id = token_ids(folder, texts)
    order = np.argsort([len(row) for row in ids], kind="stable")
    given: list[Tensor] = []
    hook = net.signals.register_forward_pre_hook(lambda _, arguments: given.append(arguments[0].float()))
    for i in range(0, len(order), 64):
        net(*pad([ids[j] for j in order[i : i + 64]], pad_id, "cpu"))
    hook.remove()
    return torch.cat(given)[np.argsort(order)]


def fit(layer: nn.Linear, inputs: Tensor, wanted: Tensor, weights: Tensor) -> None:
    """Logistic regression, from the layer's own weights on and held to them."""
    before, share = layer.weight.detach().clone(), (weights / weights.mean()).unsqueeze(1)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=150, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        surprise = nn.functional.binary_cross_entropy_with_logits(layer(inputs), wanted, weight=share)
        total = surprise + NEARNESS * ((layer.weight - before) ** 2).sum()
        total.backward()
        return total

    optimizer.step(loss)


def tell_apart(folder: Path, data: Path) -> None:
    net = FeedbackNet(bert(json.loads((folder / "base.json").read_text())))
    net.load_state_dict(torch.load(folder / "net.pt", weights_only=True))
    rows = rows_to_fit(data)
    wanted = torch.tensor([[float(name in told.split()) for name in SIGNALS] for told in rows["signals"]])
    inputs = inputs_of(net.eval(), folder, rows["text"].tolist()).clone()
    fit(net.signals, inputs, wanted, torch.tensor(rows["weight"].to_numpy(), dtype=torch.float32))
    save(folder / "net.pt", net.state_dict())
    print(f"{len(rows)} texts, {int(wanted.sum())} signals")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True, help="the folder of the earlier steps")
    options = parser.parse_args()
    tell_apart(options.build, options.data)

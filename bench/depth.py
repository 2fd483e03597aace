"""What each layer of voc-small buys: accuracy and speed of the same network stopped after 3, 6, 9 and 12 layers.

`python -m bench.depth`. The lower layers were not trained to answer, so every depth gets new heads of its own: logistic
regression on the first token and the mean of the tokens, fitted on training rows, judged on the dev rows of
`bench.frontier`. A network trained at that depth would do better, so read the steps between depths, not the levels.
Width is not drawn: the base comes in one.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bench import frontier, quality
from voc.errors import MissingExtra

DEPTHS = (3, 6, 9, 12)
PER_GROUP = 40
"""Training rows per source, language and label."""
BATCH, MAX_TOKENS = 64, 96


def training() -> pd.DataFrame:
    """Rows that may be trained on: text, label."""
    corpus = quality.recipe("corpus")
    rows = corpus.training_rows(quality.DATA).dropna(subset=list(quality.LABELS))
    rows = rows.assign(label=rows[quality.LABELS].idxmax(axis=1))
    return rows[rows.groupby(["source", "lang", "label"]).cumcount() < PER_GROUP]


def network() -> tuple[Any, Any]:
    """The shipped network in torch, and its tokenizer."""
    import json

    from tokenizers import Tokenizer

    from voc.encoder import shipped_folder
    from voc.encoder.torch_runtime import TorchEncoder

    folder = shipped_folder("voc-small")
    encoder = TorchEncoder(folder, json.loads((folder / "model.json").read_text(encoding="utf-8")), "cpu")
    return encoder.network.bert, Tokenizer.from_file(str(folder / "tokenizer.json"))


def read(bert: Any, tokenizer: Any, texts: list[str], depths: tuple[int, ...]) -> dict[int, np.ndarray]:
    """Per depth (n, 2 d): the first token and the mean of the tokens after so many layers."""
    import torch

    from voc.encoder.network import mean_pool

    ids = [encoding.ids[:MAX_TOKENS] for encoding in tokenizer.encode_batch_fast(texts)]
    order = np.argsort([len(row) for row in ids], kind="stable")
    found = {depth: np.zeros((len(ids), 2 * bert.config.hidden_size), np.float32) for depth in depths}
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        longest = max(len(ids[row]) for row in rows)
        padded = torch.tensor([ids[row] + [1] * (longest - len(ids[row])) for row in rows])
        mask = torch.tensor([[1] * len(ids[row]) + [0] * (longest - len(ids[row])) for row in rows])
        with torch.inference_mode():
            states = bert(input_ids=padded, attention_mask=mask, output_hidden_states=True).hidden_states
        for depth in depths:
            found[depth][rows] = torch.cat([states[depth][:, 0], mean_pool(states[depth], mask)], 1).numpy()
    return found


def rate(bert: Any, tokenizer: Any, texts: list[str], depth: int) -> float:
    """Texts a second with the layers above `depth` taken off."""
    layers = bert.encoder.layer
    bert.encoder.layer = layers[:depth]
    try:
        read(bert, tokenizer, texts[:BATCH], (depth,))
        started = time.perf_counter()
        read(bert, tokenizer, texts, (depth,))
        return len(texts) / (time.perf_counter() - started)
    finally:
        bert.encoder.layer = layers


def main() -> None:
    """Print the table."""
    if not quality.DATA.is_dir():
        print("Skipped: ../shared/data is not beside the checkout.")
        return
    try:
        bert, tokenizer = network()
    except (ImportError, MissingExtra) as error:
        print(f"Skipped ({error}): pip install 'voc[torch]'")
        return
    taught, rows = training(), frontier.labelled()
    known = read(bert, tokenizer, taught["text"].astype(str).tolist(), DEPTHS)
    dev = {name: read(bert, tokenizer, part["text"].astype(str).tolist(), DEPTHS) for name, part in rows.items()}
    some = rows["customers"]["text"].astype(str).tolist()[:512]
    print("| layers | texts/s in torch fp32 | " + " | ".join(frontier.FIGURES) + " |")
    print("|---" * (2 + len(frontier.FIGURES)) + "|")
    for depth in DEPTHS:
        scaler = StandardScaler().fit(known[depth])
        heads = LogisticRegression(C=0.02, max_iter=300).fit(scaler.transform(known[depth]), taught["label"])
        shares = {name: heads.predict_proba(scaler.transform(vectors[depth])) for name, vectors in dev.items()}
        figures = frontier.figures_of({name: frontier.judged(rows[name], found) for name, found in shares.items()})
        told = " | ".join(f"{value:.1f}" for value in figures.values())
        print(f"| {depth} | {rate(bert, tokenizer, some, depth):,.0f} | {told} |")


if __name__ == "__main__":
    main()

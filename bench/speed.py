"""How fast and how large: `voc analyze` at growing sizes, and the model beside a peer's shape in the same run.

`python -m bench.speed [SIZE …]`: 1,000 and 10,000 comments unless sizes are given. Comments are drawn from
the synthetic example: two to three different ones joined to about 30 words.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "feedback.csv"
SIZES = (1_000, 10_000)
WORDS = 30
PEER, PEER_TEXTS, PEER_BATCH = "XLM-R base shape, torch fp32", 128, 32


def comments(n: int) -> list[str]:
    """n comments of about 30 words out of the example's; numbers in between make nearly every clause distinct."""
    rng = random.Random(0)
    known = [text.split() for text in pd.read_csv(EXAMPLE)["comment"].dropna() if len(text.split()) > 3]
    found = []
    for _ in range(n):
        words: list[str] = []
        while len(words) < WORDS * 3 // 5:
            words += rng.choice(known)
        numbered = [f"{word} {rng.randrange(1_000)}" if i % 6 == 3 else word for i, word in enumerate(words)]
        found.append(" ".join(numbered))
    return found


def write_export(path: Path, n: int) -> None:
    rng = random.Random(1)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [start + timedelta(hours=rng.randrange(24 * 180)) for _ in range(n)]
    customers = [f"C{rng.randrange(n)}" for _ in range(n)]
    scores = [rng.randrange(11) for _ in range(n)]
    frame = {"id": range(n), "date": days, "customer": customers, "nps": scores, "comment": comments(n)}
    pd.DataFrame(frame).to_csv(path, index=False)


def analyze(n: int) -> tuple[float, float]:
    """Wall seconds and peak memory in GB of one `voc analyze` over n comments, start-up included."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "feedback.csv"
        write_export(source, n)
        command = [sys.executable, "-m", "voc", "analyze", str(source), "--out", f"{folder}/out", "--quiet"]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"voc analyze failed with {status}")
        return time.perf_counter() - started, usage.ru_maxrss / 2**20


def texts_per_second() -> dict[str, float]:
    """The shipped model, and a network of the peers' shape, over the same texts."""
    from voc.encoder import load

    model, texts = load(device="cpu"), comments(PEER_TEXTS * 4)
    model.encode(texts[:64])
    ours = rate(lambda: model.encode(texts), len(texts))
    return {"voc-small, ONNX Runtime int8": ours, **peers(texts[:PEER_TEXTS])}


def peers(texts: list[str], rounds: int = 3) -> dict[str, float]:
    """Texts a second of the peers' shape; nothing, and a line that says so, where torch is not installed."""
    try:
        return {PEER: peer(texts, rounds)}
    except ImportError as error:
        print(f"{PEER} is left out ({error}): pip install 'voc[torch]'")
        return {}


def peer(texts: list[str], rounds: int = 3) -> float:
    """Texts a second of XLM-R base's shape in torch, the network of XLM-T and most multilingual peers. Its weights are
    random: the speed depends on the shape alone. The pieces are those of voc-small, so that the lengths are true."""
    import torch
    from tokenizers import Tokenizer
    from transformers import XLMRobertaConfig, XLMRobertaModel

    from voc.encoder import shipped_folder

    shape = {"num_hidden_layers": 12, "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072}
    network = XLMRobertaModel(XLMRobertaConfig(vocab_size=250_002, max_position_embeddings=514, **shape)).eval()
    tokenizer = Tokenizer.from_file(str(shipped_folder("voc-small") / "tokenizer.json"))
    ids = sorted((row.ids for row in tokenizer.encode_batch_fast(texts)), key=len)

    def run() -> None:
        with torch.inference_mode():
            for start in range(0, len(ids), PEER_BATCH):
                rows = ids[start : start + PEER_BATCH]
                longest = max(map(len, rows))
                padded = torch.tensor([row + [1] * (longest - len(row)) for row in rows])
                network(input_ids=padded, attention_mask=(padded != 1).long())

    run()
    return rate(run, len(ids), rounds)


def rate(run: Callable[[], object], n: int, rounds: int = 3) -> float:
    """Texts per second, median of the rounds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return n / sorted(times)[rounds // 2]


def main(sizes: tuple[int, ...] = SIZES) -> None:
    print("\nvoc analyze, comments of about 30 words")
    print(f"  {'comments':>9} {'seconds':>9} {'peak GB':>9} {'comments/s':>11}")
    for n in sizes:
        seconds, memory = analyze(n)
        print(f"  {n:>9,} {seconds:>9.1f} {memory:>9.2f} {n / seconds:>11.0f}", flush=True)
    print("\nmodels over the same comments, whole, on this CPU")
    rates = texts_per_second()
    slowest = min(rates.values())
    for name, rate in rates.items():
        print(f"  {name:32} {rate:7.0f} texts/s  {rate / slowest:5.1f} times the slowest")


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)

"""Step 1 of the recipe: what voc-small says about the training texts, and about their sentences one by one.

The fast lane is read over clauses, so it also learns from clauses. Answers are kept in pieces under `--out`; a run that
stops goes on where it was, and `--limit` leaves the rest out: texts without an answer then teach by their labels alone.
Ten minutes for all 230,000 texts on 2 CPU cores.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

RECIPE = Path(__file__).parents[1] / "voc-small"
sys.path.insert(0, str(RECIPE))
from corpus import TARGETS, digest, read_opinions, training_rows  # the rows are voc-small's own

from voc.encoder import load, shipped_folder
from voc.tables import LABELS, SIGNALS

PIECE = 2_000
SENTENCE_END = re.compile(r"(?<=[.!?。！？…])\s+|\n+|(?<=[。！？])")
SENTENCES = 4
"""Sentences taken of a text, at most: long reviews shall not drown short ones."""
WORDS = 30_000
SHORT = 250
"""Characters up to which a text is asked about first, where not all are."""


def read_seeds() -> pd.DataFrame:
    """The sentences written for the signals, and on opinions: text, label, severity, a 0-1 column per signal.

    What voc-small holds back of both is held back here too.
    """
    seeds = pd.read_csv(RECIPE / "signals.tsv", sep="\t", quoting=3, keep_default_na=False)
    seeds = seeds[seeds["split"] == "train"]
    flags = {name: seeds["signals"].map(lambda cell, name=name: float(name in cell.split())) for name in SIGNALS}
    seeds = seeds.assign(severity=pd.to_numeric(seeds["severity"]), label=None, **flags)
    known = pd.concat([seeds, read_opinions(held_back=False)], ignore_index=True)
    return known[["text", "label", "severity", *SIGNALS]].drop_duplicates("text").reset_index(drop=True)


def words() -> list[str]:
    """The likeliest whole words of the teacher's vocabulary: what it makes of one alone carries over to languages that
    no training text is in."""
    known = json.loads((shipped_folder("voc-small") / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    whole = [
        (-score, piece[1:]) for piece, score in known if piece.startswith("▁") and sum(map(str.isalpha, piece)) > 2
    ]
    return [word for _, word in sorted(whole)[:WORDS]]


def teaching_rows(data: Path) -> pd.DataFrame:
    """Every text once: seeds, words, short texts, long ones; with the targets that are known, else nan.

    Columns: text, negative, neutral, positive, severity and one per signal.
    """
    rows = training_rows(data).drop_duplicates("text")
    seeds = read_seeds()
    shares = [TARGETS.get(label, (np.nan,) * len(LABELS)) for label in seeds["label"]]
    seeds = pd.concat([seeds, pd.DataFrame(shares, columns=list(LABELS))], axis=1)
    told = pd.concat([seeds, rows[~rows["text"].isin(seeds["text"])]], ignore_index=True)
    more = set(sentences(rows["text"])) | set(words())
    parts = pd.DataFrame({"text": sorted(more - set(told["text"]) - set(held_back_texts()))})
    told = pd.concat([told, parts], ignore_index=True)
    first, second = set(seeds["text"]), set(words())
    order = [(text not in first, text not in second, len(text) > SHORT, digest(text)) for text in told["text"]]
    told = told.iloc[sorted(range(len(told)), key=order.__getitem__)]
    return told[["text", *LABELS, "severity", *SIGNALS]].reset_index(drop=True)


def held_back_texts() -> list[str]:
    """What the quality gate measures on and a sentence of a training text could repeat."""
    seeds = pd.read_csv(RECIPE / "signals.tsv", sep="\t", quoting=3, keep_default_na=False)
    return [*seeds.loc[seeds["split"] != "train", "text"], *read_opinions(held_back=True)["text"]]


def sentences(texts: Sequence[str]) -> list[str]:
    """The first sentences of the texts that have several."""
    found = []
    for text in texts:
        parts = [part.strip() for part in SENTENCE_END.split(text) if len(part.strip()) > 5]
        found += parts[:SENTENCES] if len(parts) > 1 else []
    return found


def teach(data: Path, out: Path, limit: int) -> None:
    """Leaves `rows.parquet` and the teacher's answers to its first rows in `answers/`."""
    (out / "answers").mkdir(parents=True, exist_ok=True)
    rows = teaching_rows(data)
    rows.to_parquet(out / "rows.parquet")
    teacher, started = load("voc-small"), time.perf_counter()
    for start in range(0, min(limit, len(rows)), PIECE):
        path = out / "answers" / f"{start:07d}-{teacher.digest[:8]}.npz"
        if not path.exists():
            said = teacher.encode(rows["text"].iloc[start : start + PIECE].tolist())
            np.savez(path, vectors=said.vectors.astype(np.float16), sentiment=said.sentiment,
                     severity=said.severity, signals=said.signals)  # fmt: skip
            print(f"{start + PIECE:,} of {len(rows):,}, {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=10**9, help="ask about this many texts at most")
    options = parser.parse_args()
    teach(options.data, options.out, options.limit)

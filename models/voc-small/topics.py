"""Step 8 of the recipe: the directions in which feedback on one topic differs from feedback on another.

    python models/voc-small/topics.py [FOLDER] [--data ../shared/data]

A text's vector holds how it is told as well as what it is about. Texts whose topics people have named tell the two
apart: along some directions texts of one topic scatter, along others their topics do. `topics.npz` holds a linear map
that evens out the first and widens the second (linear discriminant analysis, softened), and how a verdict on the whole
("worst lounge ever") is told from a complaint about something. `voc.theme_vectors` uses both. To be run after every new
export: they mean nothing to other weights.

Taught by `coded.tsv`, clauses of customers of 12 exports, M-ABSA sentences in 12 languages, NHS and railway comments
and questions to assistants; bank queries, the other NHS comments and the exports of `../shared/data/demo` are measured
on and left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
from corpus import read_coded

from voc.encoder import TOPICS, load

WEIGHTS = {"coded": 2.0, "mabsa": 1.0, "nhs_v6": 1.0, "germeval2017": 1.0, "clinc150": 1.0}
"""What each source weighs, however many texts it has. Clauses as `voc analyze` cuts them weigh most."""
FEWEST = 3
"""Texts of a topic from which on it is counted."""
NO_TOPIC = ("none", "rare")
SHRINK = 0.3
"""How far the scatter within topics is shrunk towards equal in all directions: 1 adds as much as it is on average."""
SOFT = 0.25
"""The power by which directions are weighed that part topics: 0 counts all alike, 1 is the discriminant itself."""
STRICTNESS = 1.0
"""Inverse strength of the regularisation of the verdicts (logistic regression)."""


def main(folder: Path, data: Path) -> None:
    """Write the file, and its digest into model.json."""
    texts = pd.concat([_coded(data), _aspects(data), _themes(data)], ignore_index=True)
    texts["points"] = [*_centred(load(str(folder)).encode(texts["text"].tolist()).vectors, texts)]
    known = texts[~texts["topic"].isin(NO_TOPIC)]
    known = known[known.groupby(["export", "topic"])["text"].transform("size") >= FEWEST]
    turn = turn_of(*scatter(known))
    np.savez(
        folder / TOPICS,
        turn=turn.astype(np.float16),
        verdict=_verdict(texts[texts["source"].eq("coded")], turn).astype(np.float32),
    )
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    about["sha256"][TOPICS] = hashlib.sha256((folder / TOPICS).read_bytes()).hexdigest()
    (folder / "model.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    topics = known.groupby(["export", "topic"]).ngroups
    print(f"{len(known):,} texts of {topics} topics in {known['lang'].nunique()} languages")


def scatter(texts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The scatter (d, d) within topics and between them; every source weighs what `WEIGHTS` says.

    `texts` holds `points`, `source`, `export` and `topic` of each.
    """
    points = np.stack(texts["points"])
    topic = texts.groupby(["export", "topic"]).ngroup().to_numpy()
    sizes = np.bincount(topic)
    means = np.stack([np.bincount(topic, column) for column in points.T], axis=1) / sizes[:, None]
    share = texts["source"].map(WEIGHTS) / texts.groupby("source")["text"].transform("size")
    weight = (share / share.sum()).to_numpy()
    # A topic of three texts has its mean nearer to them than one of thousands.
    free = weight * sizes[topic] / (sizes[topic] - 1)
    apart, middles = points - means[topic], means[topic]
    return apart.T @ (apart * free[:, None]), middles.T @ (middles * weight[:, None])


def turn_of(within: np.ndarray, between: np.ndarray) -> np.ndarray:
    """The map (d, d): the scatter within topics evened out, then directions widened in which topics part."""
    width = len(within)
    spread, directions = np.linalg.eigh(within + SHRINK * np.trace(within) / width * np.eye(width))
    even = (directions / np.sqrt(spread)) @ directions.T
    parting, axes = np.linalg.eigh(even @ between @ even)
    turn = even @ (axes * np.maximum(parting / parting[-1], 1e-12) ** SOFT)
    scaled: np.ndarray = turn / np.sqrt((turn * turn).sum() / width)
    return scaled


def _verdict(coded: pd.DataFrame, turn: np.ndarray) -> np.ndarray:
    """Weights (d + 1,), the constant last, of the log-odds that a clause judges the whole or is about nothing."""
    from sklearn.linear_model import LogisticRegression

    told = coded[coded["topic"].ne("rare")]
    points = np.stack(told["points"]) @ turn
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    fit = LogisticRegression(C=STRICTNESS, max_iter=2000).fit(points, told["topic"].isin(["verdict", "none"]))
    return np.append(fit.coef_[0], fit.intercept_)


def _centred(vectors: np.ndarray, texts: pd.DataFrame) -> np.ndarray:
    """Vectors less the mean of their export and language, at unit length: as themes see them."""
    groups = texts.groupby(["export", "lang"]).ngroup().to_numpy()
    points = vectors.astype(np.float64)
    means = np.stack([np.bincount(groups, column) for column in points.T], axis=1) / np.bincount(groups)[:, None]
    points -= means[groups]
    return points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)


def _coded(data: Path) -> pd.DataFrame:
    return read_coded(data)[["export", "lang", "topic", "text"]].assign(source="coded")


def _aspects(data: Path) -> pd.DataFrame:
    """M-ABSA sentences of one category, by trade."""
    rows = pd.read_parquet(data / "aspects.parquet").query("split == 'train' and train_ok")
    named = rows["triplets"].map(lambda cell: {category for _, category, _ in json.loads(cell)})
    rows = rows.assign(topic=named.map("".join), export="mabsa " + rows["domain"], source="mabsa")
    return rows.loc[named.map(len) == 1, ["export", "lang", "topic", "text", "source"]]


def _themes(data: Path) -> pd.DataFrame:
    """Texts with one named theme."""
    rows = pd.read_parquet(data / "themes.parquet").query("split == 'train' and train_ok")
    rows = rows[rows["source"].isin(WEIGHTS) & rows["theme"].ne("") & ~rows["theme"].str.contains(";|^oos$")]
    return rows.assign(topic=rows["theme"], export=rows["source"])[["export", "lang", "topic", "text", "source"]]


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    asked.add_argument("--data", type=Path, default=Path("../shared/data"))
    main(**vars(asked.parse_args()))

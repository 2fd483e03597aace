"""The geometry of themes: clause vectors in, groups of vectors out. A part of the room `themes`; it knows no words.

Every inner product is exact (see `snap`), so the groups do not depend on threads, processors or block sizes; every
random choice is seeded. What this module does not do: decide which clauses take part, or what a group is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import TypeAlias

import numpy as np

Graph: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]
"""An undirected weighted graph in compressed rows: row ends (n + 1,), neighbours, weights."""

Sample: TypeAlias = tuple[np.ndarray, Graph]
"""Some of the nodes, and the neighbour graph among them."""

Labels: TypeAlias = tuple[np.ndarray, np.ndarray]
"""Some of the nodes, and the group of each."""

GRID = 4000
"""Vectors are snapped to integers of length about 4000: since 4000² < 2²⁴, a float32 sum of such products is exact in
whatever order it is taken. Finer would lose that; coarser would lose detail (0.25 % of a typical component is lost)."""

LANGUAGE_PRIOR = 20.0
"""Clauses a language needs before its own mean outweighs the corpus mean. Where languages say the same, 0-20 give the
same neighbours and 40 begins to gather languages; where ten to thirty clauses of a language are all about one thing, 0
leaves 22-27 % of their neighbours in that domain and 20 leaves 39-44 % (M-ABSA sentences, base encoder). Guarded by
`test_a_small_language_joins_the_themes` and `test_languages_share_themes`."""

EVENING, FLATTEST = 0.25, 1e-3
"""The power by which directions are evened (0 = as they come, 1 = all alike), and the least strength, against the
strongest, that is believed. On bank queries 0.25 brings 0.02 NMI and 0.03 ARI, and apart from that as much or a little
more on mixed languages and the example export; at 0.5 coarse themes blur. Guarded by `test_bank_queries`."""

DISCOVER_LIMIT = 20_000
"""Distinct clauses that are grouped by their neighbours, all compared with all; those beyond join the theme with the
nearest centre. Time and memory stay linear; on bank queries grouped by half of them, the other half fits the intents by
0.06 NMI worse than if all are grouped (1,500 queries for 77 intents: far harder than 20,000)."""

RESOLUTIONS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)
SAMPLES, SAMPLE_SHARE = 8, 0.7
SWEEP_LIMIT = 3000
"""Distinct clauses used to choose the number of themes. More cost time in proportion and show the same structure."""

PRICE_OF_DOUBLING = 0.005
"""Agreement that twice as many themes must bring: people read 5-40 themes, so a finer grouping has to earn its place.
On bank queries (77 intents) 0.005-0.01 give 82-100 themes for any random samples, 0.015 sometimes 16; hospital comments
(nine coarse themes) get 10-12 at any price from 0.005 to 0.03. Guarded by `test_bank_queries`."""

CLAUSES_PER_THEME = 30
"""The mean size below which themes are too small to read, whatever samples say: 300 complaints give at most 10."""

FEWEST = 10
PRICE_OF_HALVING = 0.2
"""Themes a reader expects at least of 1,600 complaints or more (√n / 4 of fewer), and the agreement that half as many
must bring: "staff" and "the rest" are the most stable grouping of most files and tell nobody anything, yet a file with
four clear-cut complaints has four themes. Guarded by `test_languages_share_themes` and `test_the_number_of_themes`."""

MOST = 100
"""Themes at most, however large the file."""

ENSEMBLE, ENSEMBLE_FLOOR = 4, 0.05
"""Leiden runs that vote on every edge, and the weight an edge keeps that no run agrees with. The vote raises the
agreement between samples by 0.02-0.08 for four times Leiden's (small) cost."""


@dataclass(frozen=True)
class Grouping:
    """`groups` (n,) numbered 0, 1, 2 …, the resolution taken, how well samples agree on it, how firm each group is."""

    groups: np.ndarray
    resolution: float
    agreement: float
    firmness: np.ndarray


def snap(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length `GRID` and rounded to integers (as float32); a zero row stays zero."""
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True, dtype=np.float64))
    scale = np.where(lengths > 1e-9, GRID / np.maximum(lengths, 1e-9), 0.0).astype(np.float32)
    return np.rint(vectors * scale).astype(np.float32)


def similarity(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosines (n, m), exact, of snapped vectors."""
    cosines: np.ndarray = (points @ others.T) / np.float32(GRID * GRID)
    return cosines


def centre(vectors: np.ndarray, langs: np.ndarray) -> np.ndarray:
    """Vectors (n, d) less the mean of their language, snapped.

    Without it a mixed file is grouped by language. The mean of a language with few clauses is shrunk towards the mean
    of the corpus: it knows little, and would take the theme of those few clauses away with it.
    """
    whole = vectors.mean(axis=0, dtype=np.float64)
    middle: np.ndarray = np.empty_like(vectors, dtype=np.float32)
    for lang in np.unique(langs):
        own = langs == lang
        trust = own.sum() / (own.sum() + LANGUAGE_PRIOR)
        middle[own] = trust * vectors[own].mean(axis=0, dtype=np.float64) + (1 - trust) * whole
    return evened(snap(vectors.astype(np.float32) - middle))


def evened(points: np.ndarray) -> np.ndarray:
    """Snapped points with their strong directions weakened (soft ZCA whitening; Diera et al. 2024), snapped again.

    A few directions that all clauses vary along (length, tone, the trade) hold most of the variance and hide the small
    differences between themes. The map is rounded to whole numbers, so that the sums stay exact here too.
    """
    blocks = np.array_split(points, len(points) // 10_000 + 1)
    scatter = sum(block.T.astype(np.float64) @ block.astype(np.float64) for block in blocks)
    strength, directions = np.linalg.eigh(scatter)
    relative = np.maximum(strength / max(float(strength[-1]), 1.0), FLATTEST)
    turn = np.rint((directions * relative ** (-EVENING / 2)) @ directions.T * GRID)
    return np.concatenate([snap((block.astype(np.float64) @ turn).astype(np.float32)) for block in blocks])


def centres(points: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The mean direction of each group 0, 1, 2 … (k, d), snapped."""
    sums = [points[groups == group].sum(axis=0, dtype=np.float64) for group in range(int(groups.max()) + 1)]
    return snap(np.stack(sums))


def discover(points: np.ndarray, *, neighbours: int, resolution: float | None = None) -> Grouping:
    """Group snapped vectors (n, d); the resolution is the one that random samples agree on most, unless it is given."""
    count = len(points)
    if count > DISCOVER_LIMIT:
        part = _sample(count, DISCOVER_LIMIT)
        found = discover(points[part], neighbours=neighbours, resolution=resolution)
        groups = similarity(points, centres(points[part], found.groups)).argmax(axis=1)
        groups[part] = found.groups
        return replace(found, groups=groups)
    degree = min(neighbours, max(3, round(count**0.5)), count - 1)
    if degree < 1:
        return Grouping(np.zeros(count, np.int64), resolution or 1.0, 1.0, np.ones(count))
    return _by_graph(points, degree, resolution)


def _by_graph(points: np.ndarray, degree: int, resolution: float | None) -> Grouping:
    """The communities of the neighbour graph, and how firm they are in samples of its nodes."""
    count = len(points)
    near, cosines = nearest_neighbours(points, 2 * degree)
    graph = _graph(near[:, :degree], cosines[:, :degree])
    sweep = _sample(count, SWEEP_LIMIT)
    if len(sweep) < count:
        near, cosines = nearest_neighbours(points[sweep], 2 * degree)
    samples = _samples(near, cosines, degree)
    limits = min(FEWEST, 0.25 * count**0.5), min(MOST, max(4.0, len(sweep) / CLAUSES_PER_THEME))
    chosen, agreement, labels = _most_agreed(samples, RESOLUTIONS if resolution is None else (resolution,), *limits)
    if len(sweep) < count and resolution is None:
        chosen = _transferred(graph, float(np.median([groups.max() + 1 for _, groups in labels])))
    groups = _leiden(_voted(graph, chosen), chosen)
    return Grouping(groups, chosen, agreement, _firmness(groups[sweep], int(groups.max()) + 1, labels))


def _sample(count: int, size: int) -> np.ndarray:
    """`size` of the numbers 0 … count - 1 (all, if there are no more), sorted; always the same ones."""
    return np.sort(np.random.default_rng(0).permutation(count)[:size])


def _transferred(graph: Graph, themes: float) -> float:
    """The resolution that splits this graph into about so many themes: with more nodes, neighbourhoods are narrower and
    the same resolution gives more."""
    low, high = np.log(RESOLUTIONS[0] / 10), np.log(RESOLUTIONS[-1])
    for _ in range(7):
        middle = (low + high) / 2
        fewer = _leiden(graph, float(np.exp(middle))).max() + 1 < themes
        low, high = (middle, high) if fewer else (low, middle)
    return float(np.exp(high))


def nearest_neighbours(points: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Per row its `degree` nearest other rows (n, degree), best first, and their cosines; all are compared with all."""
    import faiss

    count = len(points)
    degree = min(degree, count - 1)
    index = faiss.IndexFlatIP(points.shape[1])
    index.add(points)
    products, found = index.search(points, degree + 1)
    itself = found == np.arange(count)[:, None]
    itself[~itself.any(axis=1), -1] = True
    kept = (~itself).nonzero()
    shape = (count, degree)
    return found[kept].reshape(shape), products[kept].reshape(shape) / np.float32(GRID * GRID)


def _graph(found: np.ndarray, cosines: np.ndarray, kept: np.ndarray | None = None) -> Graph:
    """The neighbour graph: weight (cosine - smallest + 0.001), doubled where each is among the other's neighbours."""
    count = len(found)
    there = (found >= 0) if kept is None else kept
    ones, others, weights = there.nonzero()[0], found[there], cosines[there].astype(np.float64)
    low, high = np.minimum(ones, others), np.maximum(ones, others)
    _, first, times = np.unique(low * count + high, return_index=True, return_counts=True)
    low, high, weights = low[first], high[first], weights[first]
    weights = (weights - weights.min(initial=1.0) + 0.001) * times
    rows, columns = np.concatenate([low, high]), np.concatenate([high, low])
    order = np.lexsort((columns, rows))
    ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))])
    return ends.astype(np.int64), columns[order].astype(np.int32), np.concatenate([weights, weights])[order]


def _leiden(graph: Graph, resolution: float, seed: int = 0) -> np.ndarray:
    """Groups (n,) of greatest modularity (Traag, Waltman & van Eck 2019), numbered by their first member."""
    import graspologic_native

    count = len(graph[0]) - 1
    if not len(graph[1]):
        return np.arange(count)
    _, groups = graspologic_native.leiden_csr(*graph, n_nodes=count, resolution=resolution, seed=seed)
    raw = np.fromiter((groups[node] for node in range(count)), np.int64, count)
    _, first, inverse = np.unique(raw, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _voted(graph: Graph, resolution: float) -> Graph:
    """Edges weighted by how many of several Leiden runs keep their ends together (Poulin & Théberge 2018)."""
    ends, columns, weights = graph
    rows: np.ndarray = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    with ThreadPoolExecutor() as pool:
        runs = pool.map(partial(_leiden, graph, resolution), range(1, ENSEMBLE + 1))
        together = sum((groups[rows] == groups[columns]).astype(float) for groups in runs)
    return ends, columns, weights * (ENSEMBLE_FLOOR + (1 - ENSEMBLE_FLOOR) * together / ENSEMBLE)


def _samples(found: np.ndarray, cosines: np.ndarray, degree: int) -> list[Sample]:
    """Random samples of the nodes, sorted, each with its own neighbour graph: the first `degree` in the sample."""
    count, rng, samples = len(found), np.random.default_rng(0), []
    for _ in range(SAMPLES):
        nodes = np.sort(rng.permutation(count)[: max(2, int(SAMPLE_SHARE * count))])
        renamed = np.full(count + 1, -1)
        renamed[nodes] = np.arange(len(nodes))
        inside = renamed[found[nodes]]
        kept = (inside >= 0) & (np.cumsum(inside >= 0, axis=1) <= degree)
        samples.append((nodes, _graph(inside, cosines[nodes], kept)))
    return samples


def _most_agreed(
    samples: list[Sample], resolutions: Sequence[float], fewest: float, most: float
) -> tuple[float, float, list[Labels]]:
    """The resolution with the best agreement for its number of themes, that agreement, and the samples' groups.

    Agreements are smoothed over neighbouring resolutions: eight samples leave a noise of 0.01-0.02.
    """
    tried: list[tuple[float, float, float, list[Labels]]] = []
    for resolution in resolutions:
        labels = [(nodes, _leiden(_voted(graph, resolution), resolution)) for nodes, graph in samples]
        themes = float(np.median([groups.max() + 1 for _, groups in labels]))
        if tried and themes > most:
            break
        tried.append((resolution, themes, _agreement(labels) if themes > 1 else 0.0, labels))
    agreements = np.array([agreement for _, _, agreement, _ in tried])
    themes_tried = np.array([themes for _, themes, _, _ in tried])
    price = PRICE_OF_DOUBLING * np.log2(themes_tried)
    price += PRICE_OF_HALVING * np.maximum(0, np.log2(fewest / themes_tried))
    chosen, _, agreement, labels = tried[int(np.argmax(_smoothed(agreements) - price))]
    return chosen, agreement, labels


def _smoothed(figures: np.ndarray) -> np.ndarray:
    """Each figure with half its weight given to the two beside it; a figure at an end counts as its own neighbour."""
    padded = np.pad(figures, 1, mode="edge")
    smooth: np.ndarray = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return smooth


def _agreement(labels: list[Labels]) -> float:
    """How alike two samples group the nodes they share: the adjusted Rand index (Hubert & Arabie 1985).

    The lower quartile over all pairs, for a coarse grouping that some samples agree on perfectly and others not at all
    is luck, not structure. Mutual information was tried beside it, and is flatter.
    """
    from sklearn.metrics import adjusted_rand_score

    figures = []
    for (nodes, groups), (others, other_groups) in combinations(labels, 2):
        _, left, right = np.intersect1d(nodes, others, assume_unique=True, return_indices=True)
        figures.append(adjusted_rand_score(groups[left], other_groups[right]))
    return float(np.quantile(figures, 0.25))


def _firmness(groups: np.ndarray, count: int, labels: list[Labels]) -> np.ndarray:
    """Per group the mean over samples of its best Jaccard overlap with a group of the sample (Hennig 2007), 0-1."""
    overlaps = np.zeros((len(labels), count))
    for row, (nodes, found) in enumerate(labels):
        whole = groups[nodes]
        shared = np.zeros((count, int(found.max()) + 1))
        np.add.at(shared, (whole, found), 1)
        union = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
        overlaps[row] = (shared / np.maximum(union, 1)).max(axis=1)
    firm: np.ndarray = overlaps.mean(axis=0)
    return firm

"""The geometry of themes: clause vectors in, groups of vectors out. A part of the room `themes`; it knows no words.

Near clauses become neighbours in a graph, Leiden finds its communities, and how fine they are is decided by random
samples of the clauses: the finest grouping that samples agree on about as well as on any. Every random choice is
seeded. What this module does not do: decide which clauses take part, or what a group is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import TypeAlias

import numpy as np

from voc.theme_vectors import leading, nearest_neighbours, search

Graph: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]
"""An undirected weighted graph in compressed rows: row ends (n + 1,), neighbours, weights."""

Sample: TypeAlias = tuple[np.ndarray, Graph]
"""Some of the nodes, and the neighbour graph among them."""

Labels: TypeAlias = tuple[np.ndarray, np.ndarray]
"""Some of the nodes, and the group of each."""

DISCOVER_LIMIT, DISCOVER_SAMPLE = 50_000, 20_000
"""Up to so many distinct clauses are all compared with all. Of more, a sample is grouped, and each of the others joins
the group that most of its neighbours in the sample are in: time and memory stay linear. `python -m bench.themes` prints
what that loses. Guarded by `test_what_is_not_sampled_joins_its_group`."""

VOTERS = 15
"""Neighbours that decide where a clause beyond the limit belongs."""

RESOLUTIONS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)
SAMPLES, SAMPLE_SHARE = 8, 0.7
SWEEP_LIMIT = 3000
"""Distinct clauses used to choose the number of themes. More cost time in proportion and show the same structure."""

LOOSE, WIDER, WIDER_GAIN, LEADING, HUB = 0.6, 8, 0.03, 50, 15
"""Where samples agree less than 0.6 (adjusted Rand index), a broad neighbourhood is tried too, and taken where they
agree better on it by 0.03: eight times more neighbours, along the 50 leading directions alone, weighted without the
closeness that a clause has to its 15 nearest, whichever they are. Tight topics need the narrow graph (bank queries:
samples agree by 0.66-0.72; NMI 0.79, and 0.70 on the broad one); where topics run into one another (hospital comments,
six languages: 0.43-0.54) the broad one lifts the mutual information
of two halves from 0.6 to 0.7. Guarded by `test_halves_agree`, `test_halves_of_real_comments_agree` and
`test_bank_queries`."""

TOLERANCE, SURE = 0.04, 0.67
"""A finer grouping is taken while its agreement is within so much of the best. Agreement is uncertain by 0.03 and often
as good at 20 themes as at 60: the single best would jump between them from one week's file to the next. At 0.05 halves
of hospital comments differ in how fine they are (14 themes against 7), and agree less for it. On the broad graph, which
is tried at half as many resolutions (9 and 18 themes are neighbours), the finer one must also be found again for SURE:
20 themes of hospital comments are not, those of comments on a loudspeaker are, and both by no more than 0.02. Guarded
by `test_halves_of_real_comments_agree`; on the other side `python -m bench.coded alexa` tells the themes."""

CLAUSES_PER_THEME = 30
"""The mean size below which themes are too small to read, whatever samples say: 300 complaints give at most 10."""

FEWEST, PRICE_OF_HALVING, READABLE = 9, 0.2, 25
"""Themes a reader expects at least of 900 complaints or more (of fewer one per hundred, or √n / 4), and the agreement
that half as many must bring: "staff" and "the rest" are the most stable grouping of most files and tell nobody
anything, yet a file with four clear-cut complaints has four themes. And the most where topics run into one another:
people who named the topics of six exports, to be acted on apart, came to 21-25 in each. Guarded by
`test_languages_share_themes`, `test_the_number_of_themes` and the planted truths of the examples."""

MOST = 100
"""Themes at most, however large the file."""

ENSEMBLE, ENSEMBLE_FLOOR = 4, 0.05
"""Leiden runs that vote on every edge (half as many in samples), and the weight an edge keeps that no run agrees with.
The vote raises the agreement between samples by 0.02-0.08 for a few times Leiden's (small) cost. In the last grouping
the samples vote too."""

PART_RESOLUTIONS = (0.5, 1.0, 2.0)
PART_SWEEP = 800
MOST_PARTS, CLAUSES_PER_PART, PARTS_AGREE = 6, 20, 0.5
"""Clauses of a theme that choose its parts; parts at most, their least mean size, and the agreement between samples
(adjusted Rand index) from which on a theme is divided. Higher leaves whole what a reader would divide, lower divides
what samples do not find again. Guarded by `test_themes_nest` and `test_a_theme_of_a_piece_has_no_parts`."""


@dataclass(frozen=True)
class Grouping:
    """`groups` (n,) numbered 0, 1, 2 …, the resolution taken, how well samples agree on it, how firm each group is."""

    groups: np.ndarray
    resolution: float
    agreement: float
    firmness: np.ndarray


@dataclass(frozen=True)
class Choice:
    """One grouping that was tried: neighbours, resolution, themes (median), mean agreement, and the samples' groups."""

    degree: int
    resolution: float
    themes: float
    agreement: float
    labels: list[Labels]


def discover(
    points: np.ndarray, *, neighbours: int, resolution: float | None = None, strata: np.ndarray | None = None
) -> Grouping:
    """Group snapped vectors (n, d); the resolution is the one that random samples agree on, unless it is given.

    `strata` (n,) are kinds of clauses, such as their languages, that a sample has to hold in proportion.
    """
    count = len(points)
    if count > DISCOVER_LIMIT:
        size = min(DISCOVER_LIMIT, DISCOVER_SAMPLE)
        part = stratified(np.zeros(count, np.int64) if strata is None else strata, size)
        found = discover(points[part], neighbours=neighbours, resolution=resolution)
        return replace(found, groups=_joined(points, part, found.groups))
    degree = min(neighbours, max(3, round(count**0.5)), count - 1)
    if degree < 1:
        return Grouping(np.zeros(count, np.int64), resolution or 1.0, 1.0, np.ones(count))
    broad = min(WIDER * degree, count // 8) if resolution is None else 0
    sweep = min(count, SWEEP_LIMIT)
    limits = min(FEWEST, max(count**0.5 / 4, count / 100)), min(MOST, max(4.0, sweep / CLAUSES_PER_THEME))
    tried = RESOLUTIONS if resolution is None else (resolution,)
    return _by_graph(points, degree, tried, *limits, sweep_limit=SWEEP_LIMIT, broad=broad)


def divide(points: np.ndarray, *, neighbours: int) -> Grouping | None:
    """The parts of one theme, or None where it is of a piece: too small, or samples do not agree on its parts."""
    count = len(points)
    most = min(float(MOST_PARTS), count / CLAUSES_PER_PART)
    if most < 2:
        return None
    found = _by_graph(points, min(2 * neighbours, count // 4), PART_RESOLUTIONS, 2.0, most, sweep_limit=PART_SWEEP)
    return found if found.groups.max() and found.agreement >= PARTS_AGREE else None


def stratified(strata: np.ndarray, size: int) -> np.ndarray:
    """Positions of `size` rows, sorted: of every stratum its share, drawn at random, always the same ones."""
    order = np.random.default_rng(0).permutation(len(strata))
    _, kind, sizes = np.unique(strata[order], return_inverse=True, return_counts=True)
    by_kind = np.argsort(kind, kind="stable")
    starts = np.cumsum(sizes) - sizes
    place = np.empty(len(strata))
    place[by_kind] = (np.arange(len(strata)) - starts[kind[by_kind]] + 0.5) / sizes[kind[by_kind]]
    return np.sort(order[np.argsort(place, kind="stable")[:size]])


def _joined(points: np.ndarray, part: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Groups of all points: those of the grouped part, and for the others the one most of their neighbours are in."""
    count = int(groups.max()) + 1
    rest = np.setdiff1d(np.arange(len(points)), part, assume_unique=True)
    whole: np.ndarray = np.empty(len(points), np.int64)
    whole[part] = groups
    found, cosines = search(points[part], points[rest], VOTERS, exact=False)
    votes = np.zeros((len(rest), count))
    weights = np.where(found >= 0, np.maximum(cosines, 0) + 1e-6, 0)
    np.add.at(votes, (np.arange(len(rest))[:, None], groups[found]), weights)
    whole[rest] = votes.argmax(axis=1)
    return whole


def _by_graph(
    points: np.ndarray,
    degree: int,
    resolutions: Sequence[float],
    fewest: float,
    most: float,
    *,
    sweep_limit: int,
    broad: int = 0,
) -> Grouping:
    """The communities of the graph of `degree` neighbours, or of `broad` where more than `degree` and better."""
    count = len(points)
    sweep = _sample(count, sweep_limit)
    near = nearest_neighbours(points[sweep], 2 * degree)
    chosen = _finest(_tried(_samples(*near, degree), degree, resolutions, most), fewest)
    if broad > degree and chosen.agreement < LOOSE:
        ahead = leading(points, LEADING)
        near = nearest_neighbours(ahead[sweep], 2 * broad)
        # Every second resolution is enough: on this graph few are alike, and halves then choose the same one.
        tried = _tried(_samples(*near, broad, evened=True), broad, resolutions[::2], min(most, READABLE))
        best = _finest(tried, fewest, sure=SURE)
        chosen, points = (best, ahead) if best.agreement > chosen.agreement + WIDER_GAIN else (chosen, points)
    near = nearest_neighbours(points, chosen.degree)
    graph = _graph(near[0], _without_hubs(*near) if chosen.degree > degree else near[1])
    resolution = chosen.resolution
    if len(sweep) < count and len(resolutions) > 1:
        resolution = _transferred(graph, chosen.themes)
    sampled = [_everywhere(count, sweep[nodes], groups) for nodes, groups in chosen.labels]
    groups = _leiden(_voted(graph, resolution, ENSEMBLE, sampled), resolution)
    firmness = _firmness(groups[sweep], int(groups.max()) + 1, chosen.labels)
    return Grouping(groups, resolution, chosen.agreement, firmness)


def _sample(count: int, size: int) -> np.ndarray:
    """`size` of the numbers 0 … count - 1 (all, if there are no more), sorted; always the same ones."""
    return np.sort(np.random.default_rng(0).permutation(count)[:size])


def _transferred(graph: Graph, themes: float) -> float:
    """The resolution that splits this graph into about so many themes: with more nodes, neighbourhoods are narrower and
    the same resolution gives more."""
    low, high = np.log(RESOLUTIONS[0] / 10), np.log(RESOLUTIONS[-1])
    for _ in range(6):
        middle = (low + high) / 2
        fewer = _leiden(graph, float(np.exp(middle))).max() + 1 < themes
        low, high = (middle, high) if fewer else (low, middle)
    return float(np.exp(high))


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


def _without_hubs(found: np.ndarray, cosines: np.ndarray, kept: np.ndarray | None = None) -> np.ndarray:
    """Cosines doubled, less the mean cosine of either end to its nearest: what is near everything binds nothing (CSLS;
    Conneau et al. 2018)."""
    there = (found >= 0) if kept is None else kept
    nearest = there & (np.cumsum(there, axis=1) <= HUB)
    usual = (cosines * nearest).sum(axis=1, dtype=np.float64) / np.maximum(nearest.sum(axis=1), 1)
    weights: np.ndarray = 2 * cosines.astype(np.float64) - usual[:, None] - usual[np.maximum(found, 0)]
    return weights


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


def _voted(graph: Graph, resolution: float, voters: int, sampled: Sequence[np.ndarray] = ()) -> Graph:
    """Edges weighted by how many of several Leiden runs keep their ends together (Poulin & Théberge 2018).

    Runs on samples, -1 where a node is not `sampled`, vote on the edges whose ends they both hold: two small groups
    that lie side by side are one in every run on all nodes, and two in most samples.
    """
    ends, columns, weights = graph
    rows: np.ndarray = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    asked, together = np.zeros(len(rows)), np.zeros(len(rows))
    with ThreadPoolExecutor() as pool:
        for groups in (*pool.map(partial(_leiden, graph, resolution), range(1, voters + 1)), *sampled):
            held = (groups[rows] >= 0) & (groups[columns] >= 0)
            asked += held
            together += held & (groups[rows] == groups[columns])
    return ends, columns, weights * (ENSEMBLE_FLOOR + (1 - ENSEMBLE_FLOOR) * together / asked)


def _everywhere(count: int, nodes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The group of every one of `count` nodes, -1 where it is not among `nodes`."""
    whole: np.ndarray = np.full(count, -1)
    whole[nodes] = groups
    return whole


def _samples(found: np.ndarray, cosines: np.ndarray, degree: int, *, evened: bool = False) -> list[Sample]:
    """Random samples of the nodes, sorted, each with its own neighbour graph: the first `degree` in the sample."""
    count, rng, samples = len(found), np.random.default_rng(0), []
    for _ in range(SAMPLES):
        nodes = np.sort(rng.permutation(count)[: max(2, int(SAMPLE_SHARE * count))])
        renamed = np.full(count + 1, -1)
        renamed[nodes] = np.arange(len(nodes))
        inside = renamed[found[nodes]]
        kept = (inside >= 0) & (np.cumsum(inside >= 0, axis=1) <= degree)
        weights = _without_hubs(inside, cosines[nodes], kept) if evened else cosines[nodes]
        samples.append((nodes, _graph(inside, weights, kept)))
    return samples


def _tried(samples: list[Sample], degree: int, resolutions: Sequence[float], most: float) -> list[Choice]:
    """Every resolution, coarse to fine, until the themes are too many; agreements smoothed over the ones beside them,
    since eight samples leave a noise of 0.01-0.02."""
    tried: list[Choice] = []
    for resolution in resolutions:
        labels = [(nodes, _leiden(_voted(graph, resolution, ENSEMBLE // 2), resolution)) for nodes, graph in samples]
        themes = float(np.median([groups.max() + 1 for _, groups in labels]))
        if tried and themes > most:
            break
        tried.append(Choice(degree, resolution, themes, _agreement(labels) if themes > 1 else 0.0, labels))
    smooth = _smoothed(np.array([choice.agreement for choice in tried]))
    return [replace(choice, agreement=float(figure)) for choice, figure in zip(tried, smooth, strict=True)]


def _finest(tried: list[Choice], fewest: float, *, sure: float = 0.0) -> Choice:
    """The choice of most themes among the best and those that samples agree on about as well, and for `sure`."""
    short = np.log2([max(1.0, fewest / choice.themes) for choice in tried])
    agreement = np.array([choice.agreement for choice in tried])
    worth = agreement - PRICE_OF_HALVING * short
    as_good = (worth == worth.max()) | ((worth >= worth.max() - TOLERANCE) & (agreement >= sure))
    return tried[int(np.flatnonzero(as_good)[-1])]


def _smoothed(figures: np.ndarray) -> np.ndarray:
    """Each figure with half its weight given to the two beside it; a figure at an end counts as its own neighbour."""
    padded = np.pad(figures, 1, mode="edge")
    smooth: np.ndarray = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return smooth


def _agreement(labels: list[Labels]) -> float:
    """How alike two samples group the nodes they share: the mean adjusted Rand index (Hubert & Arabie 1985).

    Mutual information was tried beside it: it is flat over the number of themes, and so decides nothing.
    """
    from sklearn.metrics import adjusted_rand_score

    figures = []
    for (nodes, groups), (others, other_groups) in combinations(labels, 2):
        _, left, right = np.intersect1d(nodes, others, assume_unique=True, return_indices=True)
        figures.append(adjusted_rand_score(groups[left], other_groups[right]))
    return float(np.mean(figures))


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

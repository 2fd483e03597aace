"""Clause vectors made comparable: languages centred, turned to where topics part, neighbours found. A part of `themes`.

Every inner product is exact (see `snap`), so neighbours do not depend on threads, processors or block sizes. What this
module does not do: group anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Space:
    """What is known of the space that a model's vectors lie in; nothing of most models."""

    centres: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Where it puts the feedback of each language on average (d,)."""
    turn: np.ndarray | None = None
    """A map (d, d) that weakens the directions along which texts of one topic scatter, and widens those in which topics
    part: learned from texts whose topics people named (linear discriminant analysis). Clauses of six exports, coded by
    hand, are then in themes that fit their topics better (`python -m bench.coded`)."""
    verdict: np.ndarray | None = None
    """The log-odds (d + 1,), constant last, that a turned point judges the whole and names no topic."""


PLAIN = Space()

GRID = 4000
"""Vectors are snapped to integers of length about 4000: since 4000² < 2²⁴, a float32 sum of such products is exact in
whatever order it is taken. Finer would lose that; coarser would lose detail (0.25 % of a typical component is lost)."""

LANGUAGE_PRIOR = 20.0
"""Clauses a language needs before its own mean outweighs the reference. Where languages say the same, 0-20 give the
same neighbours and 40 begins to gather languages; where ten to thirty clauses of a language are all about one thing, 0
leaves 22-27 % of their neighbours in that domain and 20 leaves 39-44 % (M-ABSA sentences, base encoder). Guarded by
`test_a_small_language_joins_the_themes` and `test_languages_share_themes`."""

REFERENCE_PRIOR = 300.0
"""The same where the model ships the language's own centre, which knows what the language alone does to a vector. In
files whose languages complain about different things (M-ABSA sentences of unlike trades) fit to the trades is NMI 0.39
without centres, 0.44 at 100, 0.46 here and 0.50 at 1,000; where all say the same it is as good at any (0.44-0.45). A
file of another kind than the texts behind the centres still has the last word about its large languages. Guarded by
`test_languages_that_complain_of_different_things_keep_their_themes`."""

EVENING, FLATTEST = 0.25, 1e-3
"""The power by which directions are evened (0 = as they come, 1 = all alike), and the least strength, against the
strongest, that is believed. On bank queries 0.25 brings 0.02 NMI and 0.03 ARI, and apart from that as much or a little
more on mixed languages and the example export; at 0.5 coarse themes blur. Guarded by `test_bank_queries`."""

BLOCK = 10_000
"""Rows that are turned at a time: bounds the memory in float64."""

CELLS, PROBED = 4.0, 0.06
"""Cells of the index, times √n, and the share of them that is searched: 97 of 100 nearest neighbours are found (clauses
around 40 topics) for a sixteenth of the comparisons. Guarded by `test_the_index_finds_neighbours`."""


def snap(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length `GRID` and rounded to integers (as float32); a zero row stays zero."""
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True, dtype=np.float64))
    scale = np.where(lengths > 1e-9, GRID / np.maximum(lengths, 1e-9), 0.0).astype(np.float32)
    return np.rint(vectors * scale).astype(np.float32)


def similarity(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosines (n, m), exact, of snapped vectors."""
    cosines: np.ndarray = (points @ others.T) / np.float32(GRID * GRID)
    return cosines


def centre(vectors: np.ndarray, langs: np.ndarray, space: Space = PLAIN) -> np.ndarray:
    """Vectors (n, d) less the mean of their language, turned, evened and snapped."""
    return evened(turned(vectors, langs, space))


def turned(vectors: np.ndarray, langs: np.ndarray, space: Space = PLAIN) -> np.ndarray:
    """Vectors (n, d) less the mean of their language, under the map that parts topics (if there is one), snapped.

    Without it a mixed file is grouped by language. The mean of a language with few clauses is shrunk: it knows little,
    and would take the theme of those few clauses away with it. It is shrunk towards where the centres of languages that
    ship with the model put the language beside the others of this file; without one, towards the mean of the corpus.
    """
    middle: np.ndarray = np.empty_like(vectors, dtype=np.float32)
    known = {lang: space.centres[lang] for lang in np.unique(langs) if lang in space.centres}
    expected = _expected(vectors, langs, known if len(known) > 1 else {})
    for lang in np.unique(langs):
        own, (mean, prior) = langs == lang, expected[lang]
        trust = own.sum() / (own.sum() + prior)
        middle[own] = trust * vectors[own].mean(axis=0, dtype=np.float64) + (1 - trust) * mean
    points = snap(vectors.astype(np.float32) - middle)
    return points if space.turn is None else _turned(points, space.turn)


def verdicts(points: np.ndarray, space: Space) -> np.ndarray:
    """The probability (n,) that each of the `turned` points judges the whole ("worst ever") or is about nothing; 0
    where the model does not say."""
    if space.verdict is None:
        return np.zeros(len(points))
    whole = np.rint(space.verdict[:-1] * GRID)
    odds = points.astype(np.float64) @ whole / GRID**2 + space.verdict[-1]
    found: np.ndarray = 1 / (1 + np.exp(-odds))
    return found


def _expected(
    vectors: np.ndarray, langs: np.ndarray, known: Mapping[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, float]]:
    """Where each language's mean (d,) is expected to lie, and how many clauses that is worth."""
    whole = vectors.mean(axis=0, dtype=np.float64)
    expected = {str(lang): (whole, LANGUAGE_PRIOR) for lang in np.unique(langs)}
    if known:
        sizes = [np.count_nonzero(langs == lang) for lang in known]
        usual = np.average([*known.values()], axis=0, weights=sizes)
        shared = vectors[np.isin(langs, [*known])].mean(axis=0, dtype=np.float64)
        expected |= {lang: (shared + own - usual, REFERENCE_PRIOR) for lang, own in known.items()}
    return expected


def evened(points: np.ndarray) -> np.ndarray:
    """Snapped points with their strong directions weakened (soft ZCA whitening; Diera et al. 2024), snapped again.

    A few directions that all clauses vary along (length, tone, the trade) hold most of the variance and hide the small
    differences between themes. The map is rounded to whole numbers, so that the sums stay exact here too.
    """
    strength, directions = _directions(points)
    relative = np.maximum(strength / max(float(strength[-1]), 1.0), FLATTEST)
    return _turned(points, (directions * relative ** (-EVENING / 2)) @ directions.T)


def leading(points: np.ndarray, kept: int) -> np.ndarray:
    """Snapped points seen along their `kept` strongest directions alone (principal components), snapped again."""
    directions = _directions(points)[1][:, -kept:]
    return _turned(points, directions @ directions.T)


def _directions(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The strengths (d,) and directions (d, d) along which snapped points vary, the strongest last."""
    blocks = np.array_split(points, len(points) // BLOCK + 1)
    return tuple(np.linalg.eigh(sum(block.T.astype(np.float64) @ block.astype(np.float64) for block in blocks)))


def _turned(points: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Points under a linear map, which is rounded: sums stay exact."""
    whole = np.rint(turn * GRID)
    blocks = np.array_split(points, len(points) // BLOCK + 1)
    return np.concatenate([snap((block.astype(np.float64) @ whole).astype(np.float32)) for block in blocks])


def centres(points: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The mean direction of each group 0, 1, 2 … (k, d), snapped."""
    sums = np.zeros((int(groups.max()) + 1, points.shape[1]))
    order = np.argsort(groups, kind="stable")
    order = order[groups[order] >= 0]
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    for rows in np.split(order, starts[1:]):
        sums[groups[rows[0]]] = points[rows].sum(axis=0, dtype=np.float64)
    return snap(sums)


def nearest_neighbours(points: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Per row its `degree` nearest other rows (n, degree), best first, and their cosines; all are compared with all."""
    count = len(points)
    degree = min(degree, count - 1)
    found, cosines = search(points, points, degree + 1)
    itself = found == np.arange(count)[:, None]
    itself[~itself.any(axis=1), -1] = True
    kept = (~itself).nonzero()
    return found[kept].reshape(count, degree), cosines[kept].reshape(count, degree)


def search(
    points: np.ndarray, queries: np.ndarray, degree: int, *, exact: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Per query the rows of its `degree` nearest points (m, degree), best first, and their cosines.

    Where they need not be `exact`, an index is asked: it may miss a few, and -1 stands for none found.
    """
    import faiss

    index = faiss.IndexFlatIP(points.shape[1]) if exact else _cells(points)
    index.add(points)
    products, found = index.search(queries, degree)
    return found, products / np.float32(GRID * GRID)


def _cells(points: np.ndarray) -> Any:
    """An inverted-file index whose cells are made here: faiss' own k-means sums in an order that threads decide."""
    import faiss

    count, width = points.shape
    middles = points[np.sort(np.random.default_rng(0).permutation(count)[: int(CELLS * count**0.5)])]
    for _ in range(2):
        whole = faiss.IndexFlatIP(width)
        whole.add(middles)
        sample = points[:: max(1, count // 50_000)]
        nearest = whole.search(sample, 1)[1][:, 0]
        fresh = centres(sample, nearest)
        middles[: len(fresh)] = np.where(fresh.any(axis=1, keepdims=True), fresh, middles[: len(fresh)])
    quantizer = faiss.IndexFlatIP(width)
    quantizer.add(middles)
    index = faiss.IndexIVFFlat(quantizer, width, len(middles), faiss.METRIC_INNER_PRODUCT)
    index.train(middles)
    index.nprobe = max(16, int(PROBED * len(middles)))
    return index

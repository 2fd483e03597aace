"""Rows that should not be trusted, with a reason in `suspect` and how sure that is in `suspect_confidence`: copies,
keyboard mash, scores that are asked for or clicked through, and scores that contradict the text.

A mark is no verdict: rows stay, and the config says whether they count. Many customers write "good service"; that alone
is never suspicious. Each check gives one series of reasons and the first reason stays, so that a new check is one more
function in a list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from voc.config import IntegrityConfig
from voc.habits import again, bursts, clicked_through, gibberish, pleading
from voc.scores import parse_scale
from voc.tables import FEEDBACK

LONG_ENOUGH = 40
"""Characters from which the same words of different people are a copy. Shorter ones are said by many: of the demo
exports' repeated answers under 40 characters nearly all are "good service" and its like. Guarded by
test_many_customers_say_the_same_short_thing."""
SHINGLE = 4
"""Letters in a shingle: long enough that unrelated texts share few, short enough that one edit spoils only four."""
HASHES, BANDS = 48, 12
"""12 bands of 4 hashes: of pairs at similarity 0.9 all but three in a million meet in a band, at 0.7 all but one in 25.
More bands find more of the far pairs and cost as much again. Guarded by test_copies_are_found_in_a_large_file."""
MARGIN = 0.2
"""How far a signature may fall short of the similarity asked for before the pair is compared exactly: 4.6 standard
errors at 0.9."""
SEED = 7
Numbers: TypeAlias = npt.NDArray[np.uint32]

COPY, NEAR, PASTED, MASH, PLEADED, CLICKED, AGAIN, CONTRADICTION = 0.95, 0.8, 0.9, 0.8, 0.8, 0.6, 0.6, 0.6
"""How sure a mark is, by kind: what the words prove before what a habit suggests."""

LETTERS = re.compile(r"[\W\d_]+")
DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")

HIGH, LOW = 0.9, 0.25
"""Where a score counts as very good or very bad, as its place on the scale: 9-10 and 0-2 of 0-10, 5 and 1-2 of 1-5."""
SURE = 0.9
"""Confidence that the text's verdict needs to contradict a score: at 0.9 15 of the 19 planted contradictions
of the example are found and 7 of 2,000 rows are doubted wrongly. Guarded by the example's planted truths."""
USUAL, FEW, GRAVE = 0.05, 20, 0.6
"""Share of the very good scores with a negative text that is no surprise any more, and the severity that still is. In a
French survey that asks for an explanation a tenth of the 9s and 10s come with a wish or a complaint, none of it false;
of these three stay marked. `FEW` keeps a small file from calling one row usual."""


def check_integrity(feedback: pd.DataFrame, config: IntegrityConfig) -> pd.DataFrame:
    """`feedback` with `suspect`: "duplicate of <feedback_id>" or "near duplicate of <feedback_id>"; missing = trusted.

    Of a group of copies the first by `created_at`, then `feedback_id`, stays trusted. Skipped rows are not compared.
    """
    feedback = FEEDBACK.check(feedback, "clean_text")
    copies = _duplicates(feedback, config.near_duplicate_similarity)
    exact = copies.where(copies.str.startswith("duplicate").fillna(value=False))
    found = [
        (bursts(feedback, copies), PASTED), (exact, COPY), (copies, NEAR), (gibberish(feedback), MASH),
        (pleading(feedback), PLEADED), (clicked_through(feedback), CLICKED),
        (again(feedback), AGAIN),
    ]  # fmt: skip
    return _mark(feedback, found)


def mark_contradictions(feedback: pd.DataFrame, config: IntegrityConfig) -> pd.DataFrame:  # noqa: ARG001
    """`feedback` with `suspect` also where a very good score goes with a clearly negative text, or the reverse.

    Needs `label` and `confidence`; an earlier reason stays. Scores without a scale are not judged.
    """
    feedback = FEEDBACK.check(feedback, "label", "confidence")
    return _mark(feedback, [(_contradictions(feedback), CONTRADICTION)])


def _mark(feedback: pd.DataFrame, found: Sequence[tuple[pd.Series, float]]) -> pd.DataFrame:
    """The first reason of each row with its confidence, an earlier mark before all."""
    blank = pd.Series(pd.NA, index=feedback.index)
    reasons = feedback["suspect"] if "suspect" in feedback else blank.astype("string")
    sure = feedback["suspect_confidence"] if "suspect_confidence" in feedback else blank.astype("Float32")
    for each, confidence in found:
        sure = sure.mask(reasons.isna() & each.notna(), confidence)
        reasons = reasons.fillna(each)
    return FEEDBACK.add(feedback, suspect=reasons, suspect_confidence=sure)


def _order(feedback: pd.DataFrame) -> pd.DataFrame:
    """The used rows from the first written to the last, so that the order of the rows plays no part."""
    used = feedback[feedback["skip"].isna()] if "skip" in feedback else feedback
    keys = [name for name in ("created_at", "feedback_id") if name in used]
    return used.sort_values(keys, kind="stable", na_position="last")


def _duplicates(feedback: pd.DataFrame, similarity: float) -> pd.Series:
    """Why a row repeats another; missing = it does not."""
    rows = _order(feedback)
    words = rows["clean_text"].fillna("").map(folded).astype(object)
    long = words.map(weight) >= LONG_ENOUGH
    copies = _first_of(rows, words.where(long))
    personal = _first_of(rows, _personal(rows, words).where(~long))
    kin = _near(rows.loc[long & copies.isna(), "feedback_id"], words, similarity)
    reasons = ("duplicate of " + copies.fillna(personal)).fillna("near duplicate of " + kin.reindex(rows.index))
    return reasons.reindex(feedback.index).astype("string")


def folded(text: str) -> str:
    """The words alone: what stays of a copy after small changes of case, punctuation and numbers.

    >>> folded("Order 512: Too LATE!!") == folded("order 77 - too late")
    True
    """
    return LETTERS.sub(" ", text.casefold()).strip()


def weight(text: str) -> int:
    """Length in letters; a Chinese, Japanese or Korean character says about as much as three."""
    return len(text) + 2 * len(DENSE.findall(text))


def _personal(rows: pd.DataFrame, words: pd.Series) -> pd.Series:
    """Customer, day and words: a person who says the same short thing again the same day said it once."""
    if "customer_id" not in rows:
        return pd.Series(pd.NA, index=rows.index, dtype=object)
    day = rows["created_at"].dt.strftime("%Y-%m-%d").fillna("") if "created_at" in rows else ""
    question = rows["question"].fillna("") if "question" in rows else ""
    key = rows["customer_id"].astype(object) + "\x00" + day + "\x00" + question + "\x00" + words
    return key.where(rows["customer_id"].notna() & words.ne(""))


def _first_of(rows: pd.DataFrame, key: pd.Series) -> pd.Series:
    """The id of the first row with the same key, for every row but the first; missing = none."""
    told = key.dropna()
    first = rows["feedback_id"].reindex(told.index).groupby(told, sort=False).transform("first")
    return first.where(told.duplicated()).reindex(rows.index).astype("string")


def _near(ids: pd.Series, words: pd.Series, similarity: float) -> pd.Series:
    """The id of the first text that shares `similarity` of all shingles with a later one, by the later one's index."""
    shingles = [_shingles(text) for text in words.loc[ids.index]]
    first: dict[int, int] = {}
    for later, earlier in _candidates(_signatures(shingles), similarity):
        if later not in first and _jaccard(shingles[later], shingles[earlier]) >= similarity:
            first[later] = earlier
    return pd.Series({ids.index[later]: ids.iloc[earlier] for later, earlier in first.items()}, dtype="string")


def _shingles(text: str) -> Numbers:
    """The distinct runs of `SHINGLE` characters of a text, hashed; uint32."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    length = max(len(points) - SHINGLE + 1, 0)
    hashed: Numbers = np.zeros(length, dtype=np.uint32)
    for place in range(SHINGLE):
        hashed = hashed * np.uint32(0x01000193) + points[place : place + length]
    hashed ^= hashed >> np.uint32(15)
    return np.unique(hashed * np.uint32(0x9E3779B1))


def _signatures(shingles: Sequence[Numbers]) -> Numbers:
    """MinHash signatures (n, HASHES): the share of equal places estimates the Jaccard similarity (Broder 1997)."""
    random = np.random.default_rng(SEED)
    factors = random.integers(0, 2**32, (HASHES, 1), dtype=np.uint32) | np.uint32(1)
    offsets = random.integers(0, 2**32, (HASHES, 1), dtype=np.uint32)
    rows = [(each * factors + offsets).min(axis=1) for each in shingles]
    return np.vstack(rows) if rows else np.empty((0, HASHES), dtype=np.uint32)


def _candidates(signatures: Numbers, similarity: float) -> list[tuple[int, int]]:
    """Pairs (later, earlier) worth comparing, sorted: the earlier is the first of a band they share."""
    width = HASHES // BANDS
    found = [_band_pairs(signatures[:, start : start + width]) for start in range(0, HASHES, width)]
    pairs = np.unique(np.concatenate(found), axis=0)
    alike = [float(np.mean(signatures[later] == signatures[earlier])) for later, earlier in pairs]
    return [(int(one[0]), int(one[1])) for one, share in zip(pairs, alike, strict=True) if share >= similarity - MARGIN]


def _band_pairs(band: Numbers) -> Numbers:
    """(later, first) for every row whose band equals that of an earlier row, (m, 2)."""
    if not len(band):
        return np.empty((0, 2), dtype=np.int64)
    packed = np.ascontiguousarray(band).view(np.dtype((np.void, band.dtype.itemsize * band.shape[1]))).ravel()
    codes, _ = pd.factorize(pd.Series(packed.tolist(), dtype=object))
    first = np.full(codes.max() + 1, len(codes))
    np.minimum.at(first, codes, np.arange(len(codes)))
    later = np.flatnonzero(first[codes] != np.arange(len(codes)))
    return np.column_stack([later, first[codes][later]])


def _jaccard(left: Numbers, right: Numbers) -> float:
    shared = len(np.intersect1d(left, right, assume_unique=True))
    return shared / (len(left) + len(right) - shared)


def _contradictions(feedback: pd.DataFrame) -> pd.Series:
    """Why score and text contradict each other; missing = they do not, or it cannot be told."""
    used = feedback["skip"].isna() if "skip" in feedback else pd.Series(data=True, index=feedback.index)
    sure = (feedback["confidence"] >= SURE).fillna(value=False) & used
    reasons = pd.Series(pd.NA, index=feedback.index, dtype="string")
    for name in ("nps", "csat", "rating"):
        place = _place(feedback, name)
        for side, scored, label in (("good", place >= HIGH, "negative"), ("bad", place <= LOW, "positive")):
            against = scored & sure & feedback["label"].eq(label).fillna(value=False)
            odd = _unusual(feedback, against, scored & used)
            reasons = reasons.mask(odd & reasons.isna(), f"very {side} {name} with a clearly {label} text")
    return reasons


def _unusual(feedback: pd.DataFrame, against: pd.Series, scored: pd.Series) -> pd.Series:
    """The rows of `against` that stand out: where a question asks for wishes, those who gave a 10 complain too, and
    only grave words contradict it."""
    source = feedback["source"].fillna("") if "source" in feedback else pd.Series("", index=feedback.index)
    question = feedback["question"].fillna("") if "question" in feedback else ""
    group = source + "\x00" + question
    share = against.groupby(group).transform("sum") / scored.groupby(group).transform("sum").clip(lower=FEW)
    grave = (feedback["severity"] >= GRAVE).fillna(value=False) if "severity" in feedback else False
    return against & ((share <= USUAL) | grave)


def _place(feedback: pd.DataFrame, name: str) -> pd.Series:
    """Each score's place on its scale, 0 = worst, 1 = best; nan where there is none or its scale is not told."""
    if name not in feedback:
        return pd.Series(np.nan, index=feedback.index)
    values = feedback[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    scales = "0-10" if name == "nps" else feedback.get(f"{name}_scale", pd.Series(pd.NA, index=feedback.index))
    told = pd.Series(scales, index=feedback.index, dtype="string")
    places = pd.Series(np.nan, index=feedback.index)
    for text in sorted(told.dropna().unique()):
        scale = parse_scale(text, answers=np.empty(0))
        risen = (values - scale.low) / (scale.high - scale.low)
        risen = 1 - risen if scale.better == "low" else risen
        places = places.where(told.ne(text).fillna(value=True), risen)
    return places.where(places.between(0, 1))

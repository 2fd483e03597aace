"""Rows that should not be trusted, with a reason in `suspect` and how sure that is in `suspect_confidence`: copies,
keyboard mash, scores that are asked for or clicked through, and scores that contradict the text.

A mark is no verdict: rows stay, and the config says whether they count. Many customers write "good service"; that alone
is never suspicious. Each check gives one series of reasons and the first reason stays, so that a new check is one more
function in a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from voc.config import IntegrityConfig
from voc.habits import ASKED, NO_LETTERS, WITHIN, again, asked_often, bursts, clicked_through, gibberish, pleading
from voc.scores import parse_scale
from voc.tables import FEEDBACK, Note

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
BATCH = 1_000
"""Texts whose shingles are hashed at once: few enough that they stay in the processor's cache, which is twice as fast
as all at once and eight times as fast as one by one."""
Numbers: TypeAlias = npt.NDArray[np.uint32]

COPY, NEAR, PASTED, MASH, PLEADED, CLICKED, AGAIN, CONTRADICTION = 0.95, 0.8, 0.9, 0.8, 0.8, 0.6, 0.6, 0.6
"""How sure a mark is, by kind: what the words prove before what a habit suggests."""

DENSE = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
"""A pattern of RE2, which pandas tries on a whole column at once."""

HIGH, LOW = 0.9, 0.25
"""Where a score counts as very good or very bad, as its place on the scale: 9-10 and 0-2 of 0-10, 5 and 1-2 of 1-5."""
SURE = 0.9
"""Confidence that the text's verdict needs to contradict a score: a lower one finds more contradictions and doubts more
honest rows. test_contradictions_of_score_and_text_are_marked_and_little_else holds seven in ten of those planted in the
example, and ten rows doubted wrongly at most."""
USUAL, FEW, GRAVE = 0.05, 20, 0.6
"""Share of the very good scores with a negative text that is no surprise any more, and the severity that still is. In a
French survey that asks for an explanation a tenth of the 9s and 10s come with a wish or a complaint, none of it false;
of these three stay marked. `FEW` keeps a small file from calling one row usual."""

REVERSED, ENOUGH = -0.2, 30
"""Rank correlation of a score with the sentiment of its texts below which, over the whole interval, the scale is taken
to be reversed, and the answers that takes. The right way round it is 0.5 to 0.8 in the demo exports; guarded by
test_a_reversed_scale_is_told."""


def check_integrity(feedback: pd.DataFrame, config: IntegrityConfig) -> pd.DataFrame:
    """`feedback` with `suspect` and `suspect_confidence`, 0.5-1; both missing = trusted.

    The reasons: "duplicate of <feedback_id>", "near duplicate of <feedback_id>", a text pasted by many within a day,
    keys hit at random, a score that is asked for, answers clicked through, another answer that day. Of a group of
    copies the first by `created_at`, then `feedback_id`, stays trusted. Skipped rows are not compared.
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


def mark_contradictions(feedback: pd.DataFrame) -> pd.DataFrame:
    """`feedback` with `suspect` also where a very good score goes with a clearly negative text, or the reverse.

    Needs `label` and `confidence`; an earlier reason stays. Scores without a scale are not judged.
    """
    feedback = FEEDBACK.check(feedback, "label", "confidence")
    return _mark(feedback, [(_contradictions(feedback), CONTRADICTION)])


def integrity_notes(feedback: pd.DataFrame) -> tuple[Note, ...]:
    """What is odd about a whole file: scales that look reversed (needs `sentiment`), customers asked too often."""
    notes = [
        Note(
            "integrity",
            f"{source + ': ' if source else ''}{name} falls as the words get kinder (correlation {found:.2f}): its "
            f"scale looks reversed. If 1 is the best, say so in the column's name: '{name} (1 = very good)'",
            n,
        )
        for (source, name), (found, n) in reversed_scales(feedback).items()
    ]
    often = asked_often(feedback)
    if often:
        notes.append(Note("integrity", f"customers were asked {ASKED} times or more within {WITHIN} days", often))
    return tuple(notes)


def reversed_scales(feedback: pd.DataFrame) -> dict[tuple[str, str], tuple[float, int]]:
    """(source, score) -> Spearman's correlation with the sentiment and the answers it rests on, where the good end of
    the scale goes with bad words; the interval is Fisher's."""
    if "sentiment" not in feedback:
        return {}
    used = feedback["skip"].isna() if "skip" in feedback else pd.Series(data=True, index=feedback.index)
    source = feedback["source"].fillna("") if "source" in feedback else pd.Series("", index=feedback.index)
    found: dict[tuple[str, str], tuple[float, int]] = {}
    for name in ("nps", "csat", "rating"):
        pairs = pd.DataFrame({"place": _place(feedback, name), "said": feedback["sentiment"], "source": source})
        for where, group in pairs[used].dropna().groupby("source", sort=True):
            if len(group) >= ENOUGH and group["place"].nunique() > 1:
                linked = float(group["place"].rank().corr(group["said"].rank()))
                high = np.tanh(np.arctanh(np.clip(linked, -0.999, 0.999)) + 1.96 / np.sqrt(len(group) - 3))
                if high < REVERSED:
                    found[str(where), name] = (linked, len(group))
    return found


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
    words = folded(rows["clean_text"].fillna(""))
    long = weight(words) >= LONG_ENOUGH
    copies = _first_of(rows, [words.where(long)])
    personal = _first_of(rows, _personal(rows, words.where(~long & words.ne(""))))
    kin = _near(rows.loc[long & copies.isna(), "feedback_id"], words, similarity)
    reasons = ("duplicate of " + copies.fillna(personal)).fillna("near duplicate of " + kin.reindex(rows.index))
    return reasons.reindex(feedback.index).astype("string")


def folded(texts: pd.Series) -> pd.Series:
    """The words alone: what stays of a copy after small changes of case, punctuation and numbers.

    >>> folded(pd.Series(["Order 512: Too LATE!!", "order 77 - too late"], dtype="string")).unique().tolist()
    ['order too late']
    """
    return texts.str.lower().str.replace(NO_LETTERS, " ", regex=True).str.strip()


def weight(words: pd.Series) -> pd.Series:
    """Length in letters; a Chinese, Japanese or Korean character says about as much as three."""
    return words.str.len() + 2 * words.str.count(DENSE)


def _personal(rows: pd.DataFrame, words: pd.Series) -> list[pd.Series]:
    """Customer, day, question and words: a person who says the same short thing again the same day said it once."""
    nobody = pd.Series(pd.NA, index=rows.index, dtype="string")
    # A table without dates or questions has one day and one question.
    day = rows["created_at"].dt.floor("D") if "created_at" in rows else nobody
    question = rows.get("question", nobody)
    return [rows.get("customer_id", nobody), words, pd.factorize(day)[0], pd.factorize(question)[0]]


def _first_of(rows: pd.DataFrame, keys: Sequence[pd.Series | npt.NDArray[np.intp]]) -> pd.Series:
    """The id of the first row with the same keys, for every row but the first; missing = none, or a key is missing."""
    first = rows["feedback_id"].groupby(list(keys), sort=False).transform("first")
    return first.where(first.ne(rows["feedback_id"])).astype("string")


def _near(ids: pd.Series, words: pd.Series, similarity: float) -> pd.Series:
    """The id of the first text that shares `similarity` of all shingles with a later one, by the later one's index."""
    texts = words.loc[ids.index].tolist()
    first: dict[int, int] = {}
    for later, earlier in _candidates(_signatures(texts), similarity):
        if later not in first and _jaccard(texts[later], texts[earlier]) >= similarity:
            first[later] = earlier
    return pd.Series({ids.index[later]: ids.iloc[earlier] for later, earlier in first.items()}, dtype="string")


def _signatures(texts: Sequence[str]) -> Numbers:
    """MinHash signatures (n, HASHES): the share of equal places estimates the Jaccard similarity (Broder 1997)."""
    random = np.random.default_rng(SEED)
    factors = random.integers(0, 2**32, HASHES, dtype=np.uint32) | np.uint32(1)
    offsets = random.integers(0, 2**32, HASHES, dtype=np.uint32)
    signatures: Numbers = np.empty((len(texts), HASHES), dtype=np.uint32)
    for start in range(0, len(texts), BATCH):
        shingles, begins = _shingles(texts[start : start + BATCH])
        for place in range(HASHES):
            hashed = shingles * factors[place] + offsets[place]
            signatures[start : start + BATCH, place] = np.minimum.reduceat(hashed, begins)
    return signatures


def _shingles(texts: Sequence[str]) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """The runs of `SHINGLE` characters of texts that have so many, hashed, one text after the other; uint32. And where
    each text's begin."""
    points = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32)
    hashed: Numbers = np.zeros(len(points) - SHINGLE + 1, dtype=np.uint32)
    for place in range(SHINGLE):
        hashed = hashed * np.uint32(0x01000193) + points[place : place + len(hashed)]
    hashed ^= hashed >> np.uint32(15)
    ends = np.cumsum([len(text) for text in texts])
    within: npt.NDArray[np.bool_] = np.ones(len(hashed), dtype=bool)
    within[np.concatenate([ends[:-1] - back for back in range(1, SHINGLE)])] = False  # runs over two texts
    counts = np.diff(ends, prepend=0) - SHINGLE + 1
    return hashed[within] * np.uint32(0x9E3779B1), np.cumsum(counts) - counts


def _candidates(signatures: Numbers, similarity: float) -> list[tuple[int, int]]:
    """Pairs (later, earlier) worth comparing, sorted: the earlier is the first of a band they share."""
    width = HASHES // BANDS
    found = [_band_pairs(signatures[:, start : start + width]) for start in range(0, HASHES, width)]
    pairs = np.unique(np.concatenate(found), axis=0)
    alike = (signatures[pairs[:, 0]] == signatures[pairs[:, 1]]).mean(axis=1)
    return [(later, earlier) for later, earlier in pairs[alike >= similarity - MARGIN].tolist()]


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


def _jaccard(left: str, right: str) -> float:
    """Shared shingles of all shingles of two texts."""
    one, other = ({text[place : place + SHINGLE] for place in range(len(text) - SHINGLE + 1)} for text in (left, right))
    return len(one & other) / len(one | other)


def _contradictions(feedback: pd.DataFrame) -> pd.Series:
    """Why score and text contradict each other; missing = they do not, or it cannot be told."""
    used = feedback["skip"].isna() if "skip" in feedback else pd.Series(data=True, index=feedback.index)
    sure = (feedback["confidence"] >= SURE).fillna(value=False) & used
    reasons = pd.Series(pd.NA, index=feedback.index, dtype="string")
    reversed_in = reversed_scales(feedback)
    for name in ("nps", "csat", "rating"):
        # Where the whole scale is the wrong way round, its answers contradict nothing.
        odd_sources = [source for source, score in reversed_in if score == name]
        place = _place(feedback, name)
        if odd_sources:
            place = place.mask(feedback["source"].fillna("").isin(odd_sources) if "source" in feedback else True)
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

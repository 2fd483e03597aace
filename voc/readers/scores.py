"""Which columns are survey scores, on which scale, and their figures.

A score is no counter, age, amount or flag, and one aspect among many is no overall rating. A scale that words express
("Extremely likely") counts where no column says the same in figures. Polarity is taken from the file, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from voc.readers.headers import EXACT, PARTIAL, declared_scale, low_is_good, match, normalise, phrases, scales
from voc.readers.profile import Profile
from voc.readers.recognition import note
from voc.tables import Note

FIELDS: Final = ("nps", "ces", "csat", "rating")
TOPS: Final = {"nps": (10,), "csat": (5, 7, 10, 100), "ces": (5, 7, 10), "rating": (5, 7, 10, 100)}
"""The upper ends a scale may have."""
COVERED: Final = 0.9
"""Share of the figures that a scale must hold; what lies outside is missing. Lower forgives more slips and takes more
counters for scores; guarded by `test_scales` and `test_what_is_no_score`."""
SLIPS: Final = 0.2
"""Share of the figures that may lie off the scale, where the header or the user names the score."""
CLIFF: Final = 0.15
"""How many figures the step above a scale's end may have, per figure at its end, for the scale to end there: on a
longer scale of unhappy customers the counts fall off slowly. Guarded by `test_two_scales_in_one_column`."""
MIXED: Final = 0.2
"""The share of a time's figures above the scale's end from which two scales were in use then. Higher believes low
figures that mean another scale, lower gives up a time for a few slips. Guarded by
`test_a_time_of_two_scales_is_told`."""
FEW: Final = 20
"""Figures under which a scale's end cannot be told from them."""
MOST_STEPS: Final = 12
WORDED: Final = 0.7
"""Share of the cells that a worded scale must explain; the rest may be anything."""


@dataclass(frozen=True)
class Score:
    """A column that is a score."""

    field: str
    column: str
    values: pd.Series
    scale: str
    reason: str
    notes: tuple[Note, ...] = ()
    worded: bool = False
    strength: int = 0
    off: pd.Series | None = None
    """Where a figure lies above the scale's end, and is missing."""


@dataclass
class Found:
    """Scores by field, why other columns are none, and what must be told."""

    scores: dict[str, Score] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def find(profiles: Sequence[Profile], wanted: dict[str, str | None], scales: Mapping[str, str] | None = None) -> Found:
    """At most one column per score; `wanted` names columns that the user or the format chose (field -> column),
    `scales` (column -> scale) what the format says they are on."""
    found = Found()
    for name in FIELDS:
        chosen = wanted.get(name)
        pool = [p for p in profiles if (p.name == chosen if chosen else p.name not in wanted.values())]
        taken = {score.column for score in found.scores.values()}
        told = (scales or {}).get(chosen or "")
        if told and pool:
            best: Score | None = _as_told(pool[0], name, told)
        else:
            best = _best(name, [p for p in pool if p.name not in taken], found, forced=chosen is not None)
        if best:
            found.scores[best.field] = best
            found.notes += best.notes
    if not found.scores and (by_content := _by_content(profiles, found)):
        found.scores[by_content.field] = by_content
        found.notes += by_content.notes
    return found


def _as_told(profile: Profile, name: str, scale: str) -> Score:
    """A column as the score that its format says it is."""
    low, high = (int(end) for end in scale.split(maxsplit=1)[0].split("-"))
    numbers = profile.numbers
    inside = numbers.between(low, high).fillna(value=False).astype(bool)
    notes = _outside(profile, numbers, inside, f"{low}-{high}")
    reason = f"the format says so; figures on {scale}"
    return Score(name, profile.name, numbers.where(inside).astype("Float32"), scale, reason, notes, strength=EXACT)


def _best(name: str, pool: Sequence[Profile], found: Found, *, forced: bool) -> Score | None:
    """The best candidate for a score: figures before words, the exact name, the overall one, the fullest."""
    candidates = []
    for profile in pool:
        score = read_score(profile, name, forced=forced) if forced or _is_named(profile, name) else ""
        if isinstance(score, Score):
            candidates.append((profile, score))
        elif score:
            found.rejected[profile.name] = score
    candidates = [(p, s) for p, s in candidates if s.field not in found.scores]
    if not candidates:
        return None
    ranked = sorted(candidates, key=lambda one: _rank(*one), reverse=True)
    rivals = [p.name for p, s in ranked if _rank(p, s)[:3] == _rank(*ranked[0])[:3]]
    if len(rivals) > 1 and ranked[0][1].strength == PARTIAL and not forced:
        listed = ", ".join(f"'{each}'" for each in rivals[:6])
        found.notes.append(
            note(f"Several columns could be the {name}: {listed}; none was taken, choose one with --{name}")
        )
        found.rejected |= dict.fromkeys(rivals, f"one of several that could be the {name}")
        return None
    best = ranked[0][1]
    for profile, score in ranked[1:]:
        what = f"the {name} in words" if score.worded and not best.worded else f"a {name} of one aspect"
        found.rejected[profile.name] = f"{what}; '{best.column}' is the {name}"
    return best


def _rank(profile: Profile, score: Score) -> tuple[bool, int, bool, int]:
    overall = bool(
        re.search(
            r"\b(overall|total|general\w*|gesamt\w*|global\w*|complessiv\w*|ogoln\w*|bendr\w*)\b",
            normalise(profile.name),
        )
    )
    return not score.worded, score.strength, overall, profile.n_filled


def _is_named(profile: Profile, name: str) -> bool:
    """Whether the header names the score, and no amount or date more clearly."""
    strength = match(profile.name, name)
    rival = max(
        match(profile.name, other) for other in ("amount", "created_at", "other_date", "first_reply_at", "resolved_at")
    )
    return strength > 0 and (strength == EXACT or rival < EXACT)


def read_score(profile: Profile, name: str, *, forced: bool = False) -> Score | str:
    """The column as a score, or why it is none."""
    if not profile.n_filled:
        return "it is empty"
    if profile.figure_share < 0.6 or profile.numbers.notna().sum() < 0.6 * profile.n_filled:
        return _read_words(profile, name) or "not a score: neither figures nor a known scale in words"
    numbers = profile.numbers.dropna()
    strength = EXACT if forced else match(profile.name, name)
    if not forced and len(numbers) >= 5 and set(numbers.unique()) <= {0, 1}:
        return "not a score: only 0 and 1, a flag"
    if name == "nps" and len(numbers) >= FEW and numbers.max() <= 5 and not _is_called_nps(profile.name):
        return _on_scale(profile, "rating", strength)
    if name == "rating" and normalise(profile.name) == "score" and _is_nps(numbers):
        return _on_scale(profile, "nps", strength)
    return _on_scale(profile, name, strength)


def _is_called_nps(header: str) -> bool:
    """By its own name, and not only as a question whether people would recommend, which some ask on five points."""
    return not {"nps", "promoter"}.isdisjoint(normalise(header).split())


def _is_nps(numbers: pd.Series) -> bool:
    return bool((numbers % 1 == 0).all() and numbers.min() == 0 and 5 < numbers.max() <= 10)


def _on_scale(profile: Profile, name: str, strength: int) -> Score | str:
    numbers = profile.numbers
    low, high = _scale(numbers.dropna(), profile.name, name)
    inside = numbers.between(low, high) & ((numbers % 1 == 0) | (name != "nps"))
    inside = inside.fillna(value=False).astype(bool)
    if (numbers.notna() & ~inside).sum() > max(1, SLIPS * numbers.notna().sum()) or not inside.any():
        return f"not a score: figures from {numbers.min():g} to {numbers.max():g}"
    notes = _outside(profile, numbers, inside, f"{low}-{high}")
    reason = f"{'named as' if strength == EXACT else 'its name speaks of'} {name}; figures on {low}-{high}"
    scale = f"{low}-{high}{_polarity(profile.name, name)}"
    values = numbers.where(inside).astype("Float32")
    return Score(name, profile.name, values, scale, reason, notes, strength=strength, off=numbers > high)


def of_one_scale(score: Score, written: pd.Series) -> tuple[pd.Series, tuple[Note, ...]]:
    """The figures of a score without those given while another scale was in use, and what is to be told.

    Figures above the scale's end that all stand within one stretch of time, and are a good part of what was given in it
    (MIXED), tell of another scale. On which of the two a low figure there was given, nobody can say.
    """
    off = score.off.fillna(value=False).to_numpy(bool) & written.notna().to_numpy(bool) if score.off is not None else []
    if np.sum(off) < FEW:
        return score.values, ()
    first, last = written[off].min(), written[off].max()
    given = score.values.notna().to_numpy(bool)
    meanwhile = written.between(first, last).to_numpy(bool)
    doubted = given & meanwhile
    if not doubted.any() or np.sum(off) < MIXED * (np.sum(off) + doubted.sum()) or (given & ~meanwhile).sum() < FEW:
        return score.values, ()
    told = (
        f"Figures in '{score.column}' from {first:%Y-%m-%d} to {last:%Y-%m-%d} on {score.scale.split()[0]}, taken as "
        f"missing: {np.sum(off)} others of that time lie above it, so another scale was in use"
    )
    return score.values.mask(doubted), (note(told, int(doubted.sum())),)


def _scale(numbers: pd.Series, header: str, name: str) -> tuple[int, int]:
    """The scale that the header states, else the shortest that holds the figures."""
    if name == "nps":
        return 0, 10
    declared = declared_scale(header)
    if declared:
        return declared
    top = next((top for top in TOPS[name] if _holds(numbers, top)), TOPS[name][0])
    if name == "csat" and top == 5 and len(numbers) >= FEW and numbers.max() == 3:
        top = 3
    zeros = float((numbers == 0).mean())
    return (0 if top == 100 or zeros > (0 if top == 10 else 0.2) else 1), top


def _holds(numbers: pd.Series, top: int) -> bool:
    if len(numbers) < FEW:
        likely = numbers[numbers <= 10]
        return bool(likely.max() <= top) and (top != 7) if len(likely) else top == 100
    at_end = int(((numbers > top - 1) & (numbers <= top)).sum())
    above = int(((numbers > top) & (numbers <= top + 1)).sum())
    held = float((numbers <= top).mean())
    return held == 1 or (held >= COVERED and above <= CLIFF * at_end)


def _outside(profile: Profile, numbers: pd.Series, inside: pd.Series, scale: str) -> tuple[Note, ...]:
    """Notes on figures off the scale and cells that are no figures; both are missing."""
    notes = []
    off = numbers[~inside & numbers.notna()]
    if len(off):
        figures = ", ".join(f"{each:g}" for each in sorted(off.unique())[:4])
        mixed = "; two scales may be mixed in this column" if len(off) > FEW and off.max() in (7, 10) else ""
        notes.append(
            note(f"Figures in '{profile.name}' off its scale {scale}, taken as missing ({figures}){mixed}", len(off))
        )
    words = profile.strings[numbers.isna() & profile.strings.notna()]
    words = words[~words.isin(["n/a", "na", "-", "--", "None", "none"])]
    if len(words):
        notes.append(
            note(f"Cells in '{profile.name}' that are no figures, taken as missing ('{min(words)[:40]}')", len(words))
        )
    return tuple(notes)


def _polarity(header: str, name: str, words: Sequence[str] = ()) -> str:
    """`high is good` or `low is good` where the header or the words of the scale say so."""
    low = low_is_good(header)
    if low is None and name == "ces":
        said = f" {' '.join([normalise(header), *words])} "
        if any(f" {phrase} " in said for phrase in phrases("effort")):
            low = True
        elif any(f" {phrase} " in said for phrase in phrases("easy")):
            low = False
    if low is None or (name != "ces" and not low):
        return ""
    return " low is good" if low else " high is good"


def _read_words(profile: Profile, name: str, *, steps: int = 2) -> Score | None:
    """A scale in words, of so many steps or more, as figures: 1 for the worst; good and bad as the ends of 1-5."""
    answers = profile.strings.map(normalise, na_action="ignore")
    answers = answers.mask(answers.isin(phrases("no_answer")).fillna(value=True).astype(bool))
    counts = answers.value_counts()
    if not 1 <= len(counts) <= MOST_STEPS:
        return None
    scale = max(
        (each for each in scales() if len(each) >= steps), key=lambda each: (_explained(counts, each), -len(each))
    )
    if _explained(counts, scale) < WORDED * counts.sum() or _steps(counts, scale) < 2:
        return None
    name = "rating" if name == "nps" else name
    high = 3 if len(scale) == 3 else 5
    figures = {word: 1 + step * (high - 1) // (len(scale) - 1) for step, words in enumerate(scale) for word in words}
    values = answers.map(figures).astype("Float32")
    lost = int((values.isna() & answers.notna()).sum())
    notes = (note(f"Cells in '{profile.name}' that are not on its scale, taken as missing", lost),) if lost else ()
    worst, best = min(scale[0] & set(counts.index) or scale[0]), min(scale[-1] & set(counts.index) or scale[-1])
    reason = f"a scale in words, from '{worst}' (1) to '{best}' ({high})"
    told = _polarity(profile.name, name, [*scale[0], *scale[-1]]) if name == "ces" else ""
    return Score(
        name, profile.name, values, f"1-{high}{told}", reason, notes, worded=True, strength=match(profile.name, name)
    )


def _explained(counts: pd.Series, steps: tuple[frozenset[str], ...]) -> int:
    return int(counts[counts.index.isin(frozenset().union(*steps))].sum())


def _steps(counts: pd.Series, steps: tuple[frozenset[str], ...]) -> int:
    return sum(any(word in counts.index for word in words) for words in steps)


def _by_content(profiles: Sequence[Profile], found: Found) -> Score | None:
    """Without a telling name: the only column whose figures fill 1-5 or 0-10 as opinions do, or a scale in words."""
    full = [(p, top) for p in profiles if (top := _full_scale(p))]
    if len(full) == 1:
        profile, top = full[0]
        name = "nps" if top == 10 else "rating"
        score = _on_scale(profile, name, PARTIAL)
        if isinstance(score, Score):
            span = "0 to 10" if top == 10 else "1 to 5"
            reason = f"whole numbers that fill {span}, and no other column is a score"
            return Score(name, score.column, score.values, score.scale, reason, score.notes)
    if len(full) > 1:
        listed = ", ".join(f"'{p.name}'" for p, _ in full[:6])
        found.notes.append(
            note(f"Several columns look like scores: {listed}; choose with --nps, --csat, --ces or --rating")
        )
        return None
    return next(
        (s for p in profiles if p.n_filled and p.n_distinct <= MOST_STEPS and (s := _read_words(p, "rating", steps=5))),
        None,
    )


def _full_scale(profile: Profile) -> int | None:
    """5 or 10 where every step of 1-5 or 0-10 occurs, nothing else does, and the counts do not just fall off as those
    of things that are counted do."""
    if profile.number_share < 1 or profile.n_filled < 30 or profile.n_distinct > 11 or match(profile.name, "amount"):
        return None
    counts = profile.numbers.value_counts().sort_index()
    steps = [float(step) for step in counts.index]
    falling = counts.is_monotonic_decreasing
    tops = {5: [1.0, 2.0, 3.0, 4.0, 5.0], 10: [float(step) for step in range(11)]}
    return next((top for top, full in tops.items() if steps == full and not falling), None)

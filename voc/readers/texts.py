"""Which columns hold the customers' words: by header and by content, each with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voc.readers.headers import EXACT, PARTIAL, match, normalise
from voc.readers.profile import Profile

LABEL_VARIETY: Final = 0.1
LABEL_ROWS: Final = 30
"""Under this share of different values, over this many rows, a column is a set of labels; guarded by
`test_what_is_text`."""
PROSE_VARIETY: Final = 0.4
"""Different values per cell that a column without a telling header needs: texts written by the company repeat."""
OTHERS: Final = ("feedback_id", "customer_id", "agent", "question")
SAME: Final = 0.8
"""Share of equal values from which one text column is a copy of another, such as a cleaned one."""


@dataclass(frozen=True)
class Verdict:
    """Whether a column is text, and why."""

    column: str
    reason: str
    is_text: bool = False


def judge(profiles: list[Profile]) -> list[Verdict]:
    """One verdict per column; where nothing is text by name or as prose, the nearest to prose is taken."""
    verdicts = [_judge(each) for each in profiles]
    if not any(each.is_text for each in verdicts):
        verdicts = _next_best(profiles, verdicts)
    return _without_copies(profiles, verdicts)


def _judge(profile: Profile) -> Verdict:
    named = match(profile.name, "text")
    told = f"{profile.words:.0f} words a cell, {profile.variety:.0%} of them different"
    no = _objection(profile, named)
    if no:
        return Verdict(profile.name, no)
    if named == EXACT:
        return Verdict(profile.name, f"named as text; {told}", is_text=True)
    if named == PARTIAL and (profile.words >= 2 or profile.n_filled < LABEL_ROWS):
        return Verdict(profile.name, f"its name speaks of text; {told}", is_text=True)
    if profile.is_prose and profile.variety >= PROSE_VARIETY:
        return Verdict(profile.name, f"it holds sentences: {told}", is_text=True)
    return Verdict(profile.name, "")


def _objection(profile: Profile, named: int) -> str:
    """Why a column cannot be the customers' words; empty = it can."""
    clearer = named < EXACT and any(match(profile.name, field) == EXACT for field in OTHERS)
    repeats = profile.n_filled >= LABEL_ROWS and profile.variety < LABEL_VARIETY
    objections = {
        "it is empty": not profile.n_filled,
        "not text: numbers, dates or links": profile.is_machine,
        "not the customer's words: a reply, a note or a translation": match(profile.name, "reply")
        > (PARTIAL if named == EXACT else 0),
        "not text: a title, a name or a label": named < EXACT
        and match(profile.name, "title") > 0
        and not (named and profile.is_prose),
        "not text: an id or a name": clearer,
        f"not text: {profile.n_distinct} labels that repeat": repeats and profile.words < (2 if named == EXACT else 6),
    }
    return next((objection for objection, holds in objections.items() if holds), "")


def _next_best(profiles: list[Profile], verdicts: list[Verdict]) -> list[Verdict]:
    """The column of most words, if its cells have two words and differ, and nothing speaks against it."""
    open_to = [p for p, v in zip(profiles, verdicts, strict=True) if not v.reason and p.words >= 2 and p.variety >= 0.5]
    if not open_to:
        return verdicts
    best = max(open_to, key=lambda profile: (profile.frequent > 0, profile.words))
    reason = f"no column is named as text; this one has the most words ({best.words:.1f} a cell)"
    return [Verdict(v.column, reason, is_text=True) if v.column == best.name else v for v in verdicts]


def _without_copies(profiles: list[Profile], verdicts: list[Verdict]) -> list[Verdict]:
    """A text column that says what an earlier or better named one says is none."""
    kept: list[Profile] = []
    copies: dict[str, str] = {}
    texts = [p for p, v in zip(profiles, verdicts, strict=True) if v.is_text]
    for profile in sorted(texts, key=lambda one: -match(one.name, "text")):
        twin = next((other for other in kept if _same(profile, other)), None)
        if twin:
            copies[profile.name] = f"it repeats '{twin.name}'"
        else:
            kept.append(profile)
    return [Verdict(v.column, copies[v.column]) if v.column in copies else v for v in verdicts]


def _same(one: Profile, other: Profile) -> bool:
    both = one.strings.notna() & other.strings.notna()
    pairs = list(zip(one.strings[both].unique()[:200], other.strings[both].unique()[:200], strict=False))
    equal = sum(normalise(a) == normalise(b) for a, b in pairs)
    return len(pairs) >= 0.5 * min(one.n_filled, 200) and equal >= SAME * len(pairs) > 0

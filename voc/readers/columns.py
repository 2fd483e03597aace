"""Which column of a raw table is which field of the feedback table: by name and by content, each with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError, nearest
from voc.readers import scores, texts
from voc.readers.cells import amounts, truths
from voc.readers.headers import EXACT, PARTIAL, match, normalise
from voc.readers.profile import Profile
from voc.readers.recognition import MARKS, Guess
from voc.tables import Note

DATES: Final = ("created_at", "first_reply_at", "resolved_at", "churned_at", "invited_at", "joined_at")
NAMES: Final = ("feedback_id", "response_id", "customer_id", "question", "channel", "agent", "stage")
AMOUNTS: Final = ("revenue", "monthly_revenue", "clv", "contacts")
OPTIONS: Final = {
    "id": "feedback_id", "date": "created_at", "customer": "customer_id", "channel": "channel",
    "nps": "nps", "csat": "csat", "ces": "ces", "rating": "rating",
}  # fmt: skip
"""Settings of ReadConfig -> the field they override."""
UNIQUE: Final = 0.5
"""Different values per cell from which a column named as an id is one of the comment; guarded by
`test_ids`."""
WORDED: Final = 0.9
"""Cells that say yes or no, from which a column is a flag; guarded by `test_a_flag_of_churn`."""
TOLD: Final = "the format says so"
FEW_LABELS: Final = 60
"""Different values that a channel may have."""


@dataclass(frozen=True)
class Columns:
    """The mapping of one file."""

    texts: tuple[str, ...]
    fields: Mapping[str, str]
    scores: Mapping[str, scores.Score]
    guesses: tuple[Guess, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Told:
    """Why each column chosen is what it is, on which scale, and whether nothing else may be guessed."""

    reasons: Mapping[str, str]
    scales: Mapping[str, str]
    sure: bool


def find_text(frame: pd.DataFrame, *, where: str = "The source") -> str:
    """The column that holds the customers' words; the fullest, where several do."""
    profiles = [Profile(str(name), frame[name]) for name in frame.columns if name not in MARKS]
    verdicts = texts.judge(profiles)
    found = [profile for profile, verdict in zip(profiles, verdicts, strict=True) if verdict.is_text]
    if not found:
        raise InputError(_no_text(profiles, verdicts, where))
    return max(found, key=lambda profile: (profile.n_filled, match(profile.name, "text"))).name


def recognise(
    raw: pd.DataFrame,
    options: ReadConfig,
    *,
    where: str,
    told: Mapping[str, str],
    scales: Mapping[str, str] | None = None,
    sure: bool = False,
) -> Columns:
    """Map the columns of a raw table. `told` (column -> field) is what the file's format leaves no doubt about,
    `scales` (column -> scale) what its scores are on; where the format is `sure`, nothing else is guessed."""
    profiles = [Profile(str(name), raw[name]) for name in raw.columns if name not in MARKS]
    names = [profile.name for profile in profiles]
    chosen = {
        field: _named(getattr(options, key), names, where) for key, field in OPTIONS.items() if getattr(options, key)
    }
    chosen = {field: column for column, field in told.items() if field != "text"} | chosen
    given = tuple(_named(name, names, where) for name in options.text) or tuple(
        c for c, f in told.items() if f == "text"
    )
    why = "chosen by you" if options.text else TOLD
    verdicts = [texts.Verdict(name, why if name in given else "", is_text=name in given) for name in names]
    if not given:
        verdicts = texts.judge([each for each in profiles if each.name not in chosen.values()])
    found = tuple(verdict.column for verdict in verdicts if verdict.is_text)
    if not found:
        raise InputError(_no_text(profiles, verdicts, where))
    reasons = {column: TOLD for column, field in told.items() if chosen.get(field) == column}
    reasons |= {chosen[field]: "chosen by you" for key, field in OPTIONS.items() if getattr(options, key)}
    told_by = _Told(reasons, scales or {}, sure=sure)
    return _rest(profiles, verdicts, found, chosen, told_by)


def _rest(
    profiles: list[Profile],
    verdicts: list[texts.Verdict],
    found: tuple[str, ...],
    chosen: dict[str, str],
    told: _Told,
) -> Columns:
    """The fields other than text, among the columns that are not text."""
    open_to = [each for each in profiles if each.name not in found]
    fields, reasons = _fields(open_to, chosen, told)
    free = [each for each in open_to if each.name not in fields.values() and not told.sure]
    wanted: dict[str, str | None] = {name: chosen.get(name) for name in scores.FIELDS}
    pool = [*free, *(p for p in open_to if p.name in wanted.values() and p not in free)]
    graded = scores.find(pool, wanted, told.scales)
    for name in scores.FIELDS:
        if name in chosen and name not in graded.scores:
            raise InputError(
                f"Column '{chosen[name]}' cannot be the {name}: {graded.rejected.get(chosen[name], 'it is taken')}"
            )
    of_texts = [Guess(each.column, "text", each.reason) for each in verdicts if each.is_text]
    of_fields = [Guess(column, field.removeprefix("monthly_"), reasons[column]) for field, column in fields.items()]
    of_scores = [Guess(each.column, each.field, each.reason) for each in graded.scores.values()]
    mapped = {guess.column: guess for guess in (*of_fields, *of_scores, *of_texts)}
    guesses = _guesses(profiles, verdicts, mapped, graded.rejected)
    return Columns(found, fields, graded.scores, tuple(guesses), tuple(graded.notes))


def _fields(profiles: list[Profile], chosen: dict[str, str], told: _Told) -> tuple[dict[str, str], dict[str, str]]:
    """Field -> column for dates, ids, names and revenue; column -> reason."""
    fields = {field: column for field, column in chosen.items() if field not in scores.FIELDS}
    reasons = {column: told.reasons[column] for column in fields.values()}
    for field in () if told.sure else (*NAMES, *DATES, *AMOUNTS, "churned"):
        pool = [each for each in profiles if each.name not in {*fields.values(), *chosen.values()}]
        if field in fields or (field == "monthly_revenue" and "revenue" in fields):
            continue
        ranked = [(*fit, each.name) for each in pool if (fit := _fit(each, field))]
        if ranked:
            _, _, reason, column = max(ranked, key=lambda one: (one[0], one[1], -_place(pool, one[3])))
            fields[field], reasons[column] = column, reason
    return fields, reasons


def _place(profiles: list[Profile], name: str) -> int:
    return next(place for place, profile in enumerate(profiles) if profile.name == name)


def _fit(profile: Profile, field: str) -> tuple[int, float, str] | None:
    """How well a column fits a field: by name, by content, and why; None = not at all."""
    if not profile.n_filled:
        return None
    if field in DATES:
        return _fit_date(profile, field)
    if field in (*AMOUNTS, "churned"):
        return _fit_cells(profile, field) if match(profile.name, field) == EXACT else None
    return _fit_name(profile, field)


def _fit_cells(profile: Profile, field: str) -> tuple[int, float, str] | None:
    """Amounts and flags: by the exact name, if nearly all cells are such."""
    cells = pd.Series(profile.sample, dtype="string")
    if field == "churned":
        known = float(truths(cells).notna().mean())
        return (EXACT, known, "named as churned; yes or no") if known >= WORDED else None
    known = float(amounts(cells).notna().mean())
    named = f"named as {field.removeprefix('monthly_')}; amounts"
    return (EXACT, known, named) if known > 0.6 and profile.date_share < 0.5 else None


def _fit_date(profile: Profile, field: str) -> tuple[int, float, str] | None:
    strength = match(profile.name, field)
    others = [other for other in (*DATES, "other_date") if other != field]
    rival = max(match(profile.name, other) for other in others)
    if rival > strength or (rival == strength == PARTIAL):
        return None
    share = profile.date_share
    if field != "created_at":
        is_time = share >= 0.5 or (profile.figure_share >= 0.5 and field in ("first_reply_at", "resolved_at"))
        return (strength, share, f"named as {field}") if strength == EXACT and is_time else None
    if strength and share >= 0.2:
        return (
            strength,
            share,
            f"{'named as' if strength == EXACT else 'its name speaks of'} a date; {share:.0%} of the values are dates",
        )
    if not strength and share >= 0.9 and profile.number_share < 0.5:
        return 0, share, f"{share:.0%} of the values are dates"
    return None


def _fit_name(profile: Profile, field: str) -> tuple[int, float, str] | None:
    """Ids, customers, channels, agents, questions: by the exact name, if the content does not speak against it."""
    strength = match(profile.name, field)
    if field == "feedback_id":
        strength = strength if strength == EXACT else 0
        fits = profile.variety >= UNIQUE and profile.words < 3 and profile.date_share < 0.5
        return (
            (strength, profile.variety, f"named as an id; {profile.variety:.0%} are different")
            if strength and fits
            else None
        )
    if field == "channel":
        fits = profile.n_distinct <= FEW_LABELS and profile.words <= 5 and profile.number_share < 0.5
    elif field == "stage":
        fits = profile.n_distinct <= min(FEW_LABELS, max(1, profile.n_filled // 2)) and profile.words <= 6
        fits = fits and profile.number_share < 0.5 and profile.date_share < 0.5
    elif field == "question":
        fits = profile.words >= 1 and profile.n_distinct <= max(1, profile.n_filled // 2)
    else:
        fits = profile.words <= 5
    return (strength, 0.0, f"named as {field.removesuffix('_id')}") if strength == EXACT and fits else None


def _guesses(
    profiles: list[Profile], verdicts: list[texts.Verdict], mapped: dict[str, Guess], rejected: Mapping[str, str]
) -> Iterable[Guess]:
    """One guess per column of the file, in the file's order."""
    objections = {verdict.column: verdict.reason for verdict in verdicts}
    for profile in profiles:
        objection = "" if profile.is_machine else objections.get(profile.name, "")
        reason = rejected.get(profile.name) or objection or _kind(profile)
        yield mapped.get(profile.name) or Guess(profile.name, None, f"kept under its own name: {reason}")


def _kind(profile: Profile) -> str:
    """What a column without a field holds."""
    if not profile.n_filled:
        return "it is empty"
    if profile.number_share >= 0.5:
        numbers = profile.numbers
        return f"numbers from {numbers.min():g} to {numbers.max():g}, not named as a score"
    if profile.date_share >= 0.5:
        return "dates, but not of the comment"
    return "links" if profile.link_share >= 0.3 else f"{profile.n_distinct} different values"


def _named(name: str, names: list[str], where: str) -> str:
    """A column by the name the user gave, upper and lower case and punctuation aside."""
    alike = [each for each in names if each == name] or [
        each for each in names if normalise(each) == normalise(name) != ""
    ]
    if not alike:
        raise InputError(f"{where} has no column '{name}'; {nearest(name, names)}")
    return alike[0]


def _no_text(profiles: list[Profile], verdicts: list[texts.Verdict], where: str) -> str:
    reasons = {verdict.column: verdict.reason for verdict in verdicts}
    listed = "; ".join(f"'{each.name}' ({reasons.get(each.name) or 'too few words'})" for each in profiles[:8])
    more = f" and {len(profiles) - 8} more" if len(profiles) > 8 else ""
    found = f"{listed or 'no columns'}{more}"
    advice = "Name one with --text, or export the comments too"
    return f"{where} has no column of customers' words. Found: {found}. {advice}"

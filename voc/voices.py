"""Who tells of what, and when: the counts that urgency rests on, customer by customer.

Everything is counted per customer, for a loud customer is one customer. This module judges nothing; it opens no file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from voc.intervals import Array, bootstrap_sums, seed_of, wilson
from voc.scores import customer_keys
from voc.tables import RATHER, RESIDUAL, SIGNALS, TONE
from voc.urgency import LIKELY, NEVER_ORDINARY

PAST_WINDOWS = 12
"""An issue's own past reaches back this many recent windows: with 28 days, about a year."""
YEAR = 365.25
SEASON_MARGIN = 3.0
"""Days on either side of last year's window that tell of the season: feasts move by a few days."""
SHRUGGED, MEANT = 0.2, 0.5
"""The severity from which a signal begins to count, and from which it counts in full. A real alarm is told as something
bad; a signal raised by a word in passing is not. Guarded by test_a_signal_in_passing_is_no_danger."""
GRAVE = {"vulnerable": 0.2}
"""How much worse it must be told by signal: many buy something for their grandmother; that somebody vulnerable is in
trouble is another thing. Guarded by test_a_grandmother_is_no_danger."""
FALSE_ALARMS, MOST_BACKED = 0.03, 4.0
"""Witnesses of a danger back one another: the share of a theme's comments that false alarms alone may reach (the lower
end of its 90 % interval is compared), and how far backing goes. Of nine comments of the example on burning
chargers, each in other words, the model alone is sure of three. Trades dangers told in unusual words for topics that
sound dangerous. Guarded by test_witnesses_of_a_danger_back_one_another."""
RESAMPLED = ("told", "severity", "judged", "recent", "past", "season")


@dataclass(frozen=True)
class Voices:
    """Who tells of what, with positions for names.

    `people` (sorted) are all customers who said anything and `money` what each is worth (nan = not known); `recent`,
    `past` and `season` count each one's comments in the three windows and `days` are the lengths of the first two
    (0, 0: the dates allow no comparison). `who` and `what` are the customer and theme of every entry, one per customer
    and theme, and `facts` its figures; a signal counts 0-1, as surely as it is meant.
    """

    people: Array
    money: Array
    recent: Array
    past: Array
    season: Array
    days: tuple[float, float]
    who: Array
    what: Array
    facts: dict[str, Array]


def flags(told: pd.DataFrame) -> dict[str, Array]:
    """How surely each signal is meant in each clause, 0-1 (n,): as surely as the model says; where nobody said, 1.

    Witnesses back one another: where other comments on a theme complain of a danger, more than false alarms would, the
    odds of each are multiplied, by up to MOST_BACKED. `told` holds all complaints of its themes.
    """
    if "signals" not in told.columns:
        return {}
    found = {signal: np.zeros(len(told)) for signal in SIGNALS}
    certainty = told["certainty"] if "certainty" in told.columns else pd.Series(pd.NA, told.index, dtype="string")
    rows = np.flatnonzero(told["signals"].fillna("").ne(""))
    said, given = (each.iloc[rows].tolist() for each in (told["signals"], certainty))
    for row, names, odds in zip(rows, map(str.split, said), given, strict=True):
        for name, sure in zip(names, [1.0] * len(names) if pd.isna(odds) else odds.split(), strict=True):
            found[name][row] = float(sure)
    if {"theme_id", "certainty"} <= {*told.columns}:
        found[NEVER_ORDINARY] = _backed(found[NEVER_ORDINARY], told)
    return found


def _backed(alarm: Array, told: pd.DataFrame) -> Array:
    """The alarms (n,), each as surely as the witnesses of its theme make it; what fits no theme has none."""
    counted = told["theme_id"].notna() & ~told["theme_id"].isin((RESIDUAL, TONE))
    if "label" in told.columns:
        counted &= told["label"].eq("negative").fillna(value=False)
    place = np.flatnonzero(counted)
    clauses = told.iloc[place][["theme_id", "feedback_id"]].assign(alarm=alarm[place])
    own = clauses.groupby(["theme_id", "feedback_id"])["alarm"].transform("max")
    voices = clauses.assign(alarm=own).drop_duplicates(["theme_id", "feedback_id"]).groupby("theme_id")["alarm"]
    whole, number = (clauses["theme_id"].map(each).to_numpy(float) for each in (voices.sum(), voices.size()))
    low, _ = wilson(whole - own.to_numpy(float), number - 1, z=LIKELY)
    backing = np.clip(low / FALSE_ALARMS, 1, MOST_BACKED)
    backed = alarm.copy()
    backed[place] = alarm[place] * backing / (1 + alarm[place] * (backing - 1))
    return backed


def rather_meant(told: pd.DataFrame, *, least: float = RATHER) -> pd.Series:
    """The signals of each clause that are meant as surely as `least`, as people are told of them; missing = none."""
    meant: Array = np.full(len(told), None, object)
    if found := flags(told):
        sure, names = np.array([found[name] >= least for name in SIGNALS]), np.array(SIGNALS)
        for row in np.flatnonzero(sure.any(axis=0)):
            meant[row] = " ".join(names[sure[:, row]])
    return pd.Series(meant, told.index, dtype="string")


def listen(feedback: pd.DataFrame, told: pd.DataFrame, themes: pd.DataFrame, *, recent_days: float) -> Voices:
    """The voices of clauses that tell of themes. `told` has `comment`, its row in feedback, and how surely
    each signal is meant, 0-1."""
    used = feedback["skip"].isna() if "skip" in feedback.columns else pd.Series(data=True, index=feedback.index)
    used = used | feedback["feedback_id"].isin(told["feedback_id"])
    keys = customer_keys(feedback).to_numpy(str)
    people: Array = np.unique(keys[used])
    speaker = pd.Index(people).get_indexer(keys)
    windows, days = _windows(feedback, used.to_numpy(bool), recent_days)
    what = pd.Index(themes["theme_id"]).get_indexer(pd.Index(told["theme_id"]))
    comment, size = told["comment"].to_numpy(), len(themes)
    codes, entry = np.unique(speaker[comment] * size + what, return_inverse=True)
    facts = _worst(told, entry)
    pairs: Array = np.unique(comment * size + what)
    owner = pd.Index(codes).get_indexer(speaker[pairs // size] * size + pairs % size)
    for name, counted in (("comments", np.ones(len(feedback))), *windows.items()):
        facts[name] = np.bincount(owner, counted[pairs // size], codes.size)
    now, before, season = (np.bincount(speaker[used], counted[used], people.size) for counted in windows.values())
    money = _money(feedback, keys, people)
    return Voices(people, money, now, before, season, days, codes // size, codes % size, facts)


def _money(feedback: pd.DataFrame, keys: Array, people: Array) -> Array:
    """What each customer is worth: the largest revenue that the file gives; nan = none, and never below 0."""
    if "revenue" not in feedback.columns or feedback["revenue"].isna().all():
        return np.full(people.size, np.nan)
    worth = feedback["revenue"].astype("Float64").groupby(keys).max().reindex(people)
    return np.maximum(worth.to_numpy(float, na_value=np.nan), 0)


def _windows(feedback: pd.DataFrame, used: Array, recent_days: float) -> tuple[dict[str, Array], tuple[float, float]]:
    """1 for every comment of the recent window, of its past, and of last year's season; the first two's days.

    The recent window ends with the newest comment and is `recent_days` long, but a third of the file's span at most.
    """
    none = np.zeros(len(feedback))
    silent = {"recent": none, "past": none, "season": none}, (0.0, 0.0)
    dates = feedback["created_at"].where(used) if "created_at" in feedback.columns else pd.Series(dtype="float")
    if dates.isna().all():
        return silent
    age = ((dates.max() - dates) / pd.Timedelta(days=1)).to_numpy(float, na_value=np.nan)
    window = min(float(recent_days), float(np.nanmax(age)) / 3)
    if window < 1:
        return silent
    recent, past = age < window, (age >= window) & (age < window * (1 + PAST_WINDOWS))
    if not past.any():
        return silent
    found = {"recent": recent * 1.0, "past": past * 1.0, "season": _last_year(age, window)}
    return found, (window, max(float(age[past].max()) - window, 1.0))


def _last_year(age: Array, window: float) -> Array:
    """1 for comments of the same weeks a year ago; none where the file does not reach back that far."""
    if np.nanmax(age) < YEAR + window:
        return np.zeros(age.size)
    return ((age >= YEAR - SEASON_MARGIN) & (age < YEAR + window + SEASON_MARGIN)) * 1.0


def _worst(told: pd.DataFrame, entry: Array) -> dict[str, Array]:
    """Per entry: the worst severity (nan = not judged), and how surely each signal is meant, 0-1."""
    order = np.argsort(entry, kind="stable")
    starts = np.flatnonzero(np.diff(entry[order], prepend=-1))

    def most(values: Array) -> Array:
        return np.fmax.reduceat(values[order], starts)

    bad = told["severity"].astype("Float64").to_numpy(float, na_value=np.nan) if "severity" in told.columns else None
    severity = np.full(starts.size, np.nan) if bad is None else most(bad)
    judged = np.full(len(told), np.nan) if bad is None else bad
    facts = {"told": np.ones(starts.size), "severity": np.nan_to_num(severity), "judged": (~np.isnan(severity)) * 1.0}
    known = [name for name in SIGNALS if name in told.columns]
    return facts | {name: most(told[name].to_numpy(float) * meaning(judged, name)) for name in known}


def meaning(severity: Array, signal: str) -> Array:
    """How surely a signal is meant, 0-1, by how bad what its clause tells is; 1 where nobody judged that."""
    told = severity - GRAVE.get(signal, 0.0)
    return np.nan_to_num(np.clip((told - SHRUGGED) / (MEANT - SHRUGGED), 0, 1), nan=1.0)


def resample(voices: Voices, themes: int, rounds: int) -> dict[str, Array]:
    """Every fact summed over customers, (r, themes): the sample as it is first, then every bootstrap round.

    With them, (r, 1): `everyone`, the number of customers, the comments of the windows, `all_worth` and, per theme,
    `worth`: the known value of all customers and of those who tell of the theme.
    """
    named = {name: fact for name, fact in voices.facts.items() if name in (*RESAMPLED, *SIGNALS)}
    named["worth"] = np.nan_to_num(voices.money)[voices.who]
    totals = {
        "everyone": np.ones(voices.people.size), "all_recent": voices.recent, "all_past": voices.past,
        "all_season": voices.season, "all_worth": np.nan_to_num(voices.money),
    }  # fmt: skip
    size, width = voices.people.size, len(named) * themes
    units = [*(voices.who for _ in named), *(np.arange(size) for _ in totals)]
    columns: list[Array] = [place * themes + voices.what for place in range(len(named))]
    columns += [np.full(size, width + place) for place in range(len(totals))]
    amounts = np.concatenate([*named.values(), *totals.values()]).astype(float)
    held = amounts != 0
    sums = bootstrap_sums(
        np.concatenate(units)[held], np.concatenate(columns)[held], amounts[held],
        shape=(size, width + len(totals)), rounds=rounds, seed=seed_of(voices.people),
    )  # fmt: skip
    found = {name: sums[:, place * themes : (place + 1) * themes] for place, name in enumerate(named)}
    return found | {name: sums[:, [width + place]] for place, name in enumerate(totals)}

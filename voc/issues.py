"""The issues in the order in which to deal with them, each with the parts of its urgency and one sentence of reasons.

Urgency follows the criteria of ISO 10002:2018 for the first assessment of a complaint. Parts from 0 to 1 are averaged
with the weights of the settings, missing parts left out; then danger lifts the mean towards 100, for health and safety
come at once however few tell of them:

    urgency = 100 x (m + danger x (1 - m)), m the weighted mean of
    reach      square root of (share of customers, lower end of its interval) / REACH_FULL
    severity   mean over customers of the worst they tell; danger lifts it to a floor
    momentum   r / (1 + r), r how often it is told now against its own past, per comment of the file; 0.5 = steady
    impact     square root of (harm to the score, lower end of its interval) / (IMPACT_FULL x the scale's length)
    immediacy  mean strength of the signals that call for action now / IMMEDIACY_FULL

Customers are resampled for the intervals of urgency and rank. Themes of praise are ranked by reach alone. Comments that
fit no theme stand last. This module says what to look at first, not what causes what.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from voc.config import IssuesConfig
from voc.errors import ConfigError
from voc.intervals import Array, Z, bootstrap_weights, seed_of, wilson
from voc.reasons import Telling, best_quotes, reason
from voc.scores import customer_keys, headline, real, responses
from voc.tables import CLAUSES, DRIVERS, FEEDBACK, ISSUES, SIGNALS, THEMES

PARTS = ("reach", "severity", "momentum", "impact", "immediacy")
REACH_FULL = 0.25
"""The share of customers at which reach is 1; the root spreads the small shares in which issues differ (1 % = 0.2,
4 % = 0.4). Trades telling big issues apart for telling small ones apart. Guarded by test_reach_scale."""
IMPACT_FULL = 0.10
"""The part of a score's range at which impact is 1: 20 NPS points, 10 % satisfied, 0.4 of 1-5."""
IMMEDIACY_FULL = 0.5
"""Immediacy is 1 where every second customer tells of something that cannot wait."""
QUIET = 2.0
"""Comments added to both sides of the rate ratio (Norén, Hopstadius and Bate 2013 add 1/2): trades noise in small
issues for slowness to see new ones. Guarded by test_small_issue_is_steady."""
PAST_WINDOWS = 12
"""An issue's own past reaches back this many recent windows: with 28 days, about a year."""
NOISE, CLEAR = 0.01, 0.05
"""A danger counts from the share of an issue's customers that false alarms alone may reach to the share that leaves no
doubt, both compared with the lower 99 % bound. Trades missed dangers for false ones: one alarm among ten counts a
little, two among 200 do not, five of five count fully. Guarded by test_noise_is_no_danger."""
SURE = 2.326
DANGERS = {"safety": (0.9, 0.7), "vulnerable": (0.7, 0.3), "legal": (0.7, 0.3), "money": (0.6, 0.15)}
"""The floor of severity and the danger of each signal once it is beyond noise. Safety alone outweighs everything that a
frequent nuisance can reach. Guarded by test_danger_outranks_nuisance."""
STRENGTHS = {
    "safety": 1.0, "outage": 1.0, "vulnerable": 0.8, "legal": 0.8, "deadline": 0.8, "churn": 0.7, "unresolved": 0.7,
    "money": 0.5, "discourtesy": 0.2,
}  # fmt: skip
"""How much each signal calls for action now."""
PLACES = {"praise": 1, "residual": 2}
"""The kinds of theme that stand below every complaint, and in which order."""


@dataclass(frozen=True)
class Voices:
    """Who tells of what, with positions for names.

    `people` (sorted) are all customers who said anything, `recent` and `past` count each one's comments in the two
    windows and `days` are the windows' lengths (0, 0: the dates allow no comparison). `who` and `what` are the customer
    and theme of every entry, one per customer and theme, and `facts` its figures.
    """

    people: Array
    recent: Array
    past: Array
    days: tuple[float, float]
    who: Array
    what: Array
    facts: dict[str, Array]


def rank_issues(  # noqa: PLR0917 (the tables of the main path, in its order)
    feedback: pd.DataFrame,
    clauses: pd.DataFrame,
    themes: pd.DataFrame,
    metrics: pd.DataFrame,  # noqa: ARG001 (a stage of the main path: the customer base, once a file tells it, is there)
    drivers: pd.DataFrame,
    config: IssuesConfig,
) -> pd.DataFrame:
    """ISSUES: one row per theme that somebody tells of, most urgent first; comments without a theme, if any, last.

    Of themes of everything only the negative clauses count. Raises ConfigError where the weights cannot be used.
    """
    weights = _weights(config)
    if feedback.empty or clauses.empty or themes.empty:
        return ISSUES.empty()
    feedback = real(FEEDBACK.check(feedback)).sort_values("feedback_id", ignore_index=True)
    told = _told(feedback, CLAUSES.check(clauses, "theme_id"), THEMES.check(themes))
    themes = THEMES.check(themes)[lambda table: table["theme_id"].isin(told["theme_id"])]
    if themes.empty:
        return ISSUES.empty()
    themes = themes.sort_values("theme_id", ignore_index=True)
    voices = _voices(feedback, told, themes, config)
    sums = _sums(voices, len(themes), config.rounds)
    harm = _harm(feedback, themes, DRIVERS.check(drivers), config.rounds)
    parts = _parts(sums, voices, harm.parts)
    table = _table(themes, voices, sums, parts, _urgency(parts, themes, weights))
    known = "customer_id" in feedback.columns and bool(feedback["customer_id"].notna().any())
    tellings = _tellings(themes, voices, sums, parts, harm, speaker="customers" if known else "comments")
    alarms = {theme: each.dangers[0] for theme, each in tellings.items() if each.dangers}
    table = table.assign(
        n_customers=table["n_customers"] if known else pd.NA,
        why=table["theme_id"].map({theme: reason(each) for theme, each in tellings.items()}),
        quote=table["theme_id"].map(best_quotes(told, alarms)),
    )
    return ISSUES.check(table[[*ISSUES.columns]])


def _weights(config: IssuesConfig) -> dict[str, float]:
    weights = {part: float(getattr(config, part)) for part in PARTS}
    if min(weights.values()) < 0 or sum(weights.values()) <= 0:
        raise ConfigError(f"The weights of [issues] must not be negative, and one must be above 0: {weights}")
    return weights


def _told(feedback: pd.DataFrame, clauses: pd.DataFrame, themes: pd.DataFrame) -> pd.DataFrame:
    """The clauses that count, sorted by id, with `comment` their row in feedback and one column 0/1 per signal."""
    told = clauses[clauses["theme_id"].isin(themes["theme_id"]) & clauses["feedback_id"].isin(feedback["feedback_id"])]
    mixed = themes.loc[themes["status"].eq("everything"), "theme_id"] if "status" in themes.columns else []
    if "label" in told.columns:
        told = told[~told["theme_id"].isin(mixed) | told["label"].eq("negative").fillna(value=False)]
    told = told.sort_values(["feedback_id", "position", "clause_id"], ignore_index=True)
    place = pd.Index(feedback["feedback_id"]).get_indexer(pd.Index(told["feedback_id"]))
    return told.assign(comment=place, **_flags(told))


def _flags(told: pd.DataFrame) -> dict[str, Array]:
    """0/1 per signal and clause; the few different texts of the column are read once each."""
    if "signals" not in told.columns:
        return {}
    codes, texts = pd.factorize(told["signals"].fillna(""))
    words = [set(str(text).split()) for text in texts]
    return {signal: np.array([signal in said for said in words], float)[codes] for signal in SIGNALS}


def _voices(feedback: pd.DataFrame, told: pd.DataFrame, themes: pd.DataFrame, config: IssuesConfig) -> Voices:
    used = feedback["skip"].isna() if "skip" in feedback.columns else pd.Series(data=True, index=feedback.index)
    used = used | feedback["feedback_id"].isin(told["feedback_id"])
    keys = customer_keys(feedback).to_numpy(str)
    people: Array = np.unique(keys[used])
    speaker = pd.Index(people).get_indexer(keys)
    recent, past, days = _windows(feedback, used.to_numpy(bool), config)
    what = pd.Index(themes["theme_id"]).get_indexer(pd.Index(told["theme_id"]))
    comment, size = told["comment"].to_numpy(), len(themes)
    codes, entry = np.unique(speaker[comment] * size + what, return_inverse=True)
    facts = _worst(told, entry)
    pairs: Array = np.unique(comment * size + what)
    owner = pd.Index(codes).get_indexer(speaker[pairs // size] * size + pairs % size)
    for name, counted in (("comments", np.ones(len(feedback))), ("recent", recent), ("past", past)):
        facts[name] = np.bincount(owner, counted[pairs // size], codes.size)
    now, before = (np.bincount(speaker[used], counted[used], people.size) for counted in (recent, past))
    return Voices(people, now, before, days, codes // size, codes % size, facts)


def _windows(feedback: pd.DataFrame, used: Array, config: IssuesConfig) -> tuple[Array, Array, tuple[float, float]]:
    """1 for every comment of the recent window, 1 for every one of its past, and the lengths of the two in days.

    The recent window ends with the newest comment and is `recent_days` long, but a third of the file's span at most.
    """
    none = np.zeros(len(feedback))
    dates = feedback["created_at"].where(used) if "created_at" in feedback.columns else pd.Series(dtype="float")
    if dates.isna().all():
        return none, none, (0.0, 0.0)
    age = ((dates.max() - dates) / pd.Timedelta(days=1)).to_numpy(float, na_value=np.nan)
    window = min(float(config.recent_days), float(np.nanmax(age)) / 3)
    if window < 1:
        return none, none, (0.0, 0.0)
    recent, past = age < window, (age >= window) & (age < window * (1 + PAST_WINDOWS))
    if not past.any():
        return none, none, (0.0, 0.0)
    return recent.astype(float), past.astype(float), (window, max(float(age[past].max()) - window, 1.0))


def _worst(told: pd.DataFrame, entry: Array) -> dict[str, Array]:
    """Per entry: the worst severity (nan = not judged), the strongest signal, and each signal."""
    order = np.argsort(entry, kind="stable")
    starts = np.flatnonzero(np.diff(entry[order], prepend=-1))

    def most(values: Array) -> Array:
        return np.fmax.reduceat(values[order], starts)

    bad = told["severity"].astype("Float64").to_numpy(float, na_value=np.nan) if "severity" in told.columns else None
    severity = np.full(starts.size, np.nan) if bad is None else most(bad)
    facts = {"told": np.ones(starts.size), "severity": np.nan_to_num(severity), "judged": (~np.isnan(severity)) * 1.0}
    signals = {name: most(told[name].to_numpy(float)) for name in SIGNALS if name in told.columns}
    strength = [STRENGTHS[name] * flag for name, flag in signals.items()]
    return facts | signals | ({"strength": np.max(strength, axis=0)} if strength else {})


def _sums(voices: Voices, themes: int, rounds: int) -> dict[str, Array]:
    """Every fact summed over customers, (r, themes), the sample as it is first, then every bootstrap round.

    With them, (r, 1): `everyone`, the number of customers, and the comments of both windows.
    """
    named = {name: fact for name, fact in voices.facts.items() if name in _RESAMPLED}
    found: dict[str, list[Array]] = {name: [] for name in (*named, "everyone", "all_recent", "all_past")}
    size = voices.people.size
    for weights in (np.ones(size), *bootstrap_weights(size, rounds, seed=seed_of(voices.people))):
        weight = weights[voices.who]
        for name, fact in named.items():
            found[name].append(np.bincount(voices.what, weight * fact, themes))
        found["everyone"].append(weights.sum(keepdims=True))
        found["all_recent"].append(np.array([weights @ voices.recent]))
        found["all_past"].append(np.array([weights @ voices.past]))
    return {name: np.array(rows) for name, rows in found.items()}


_RESAMPLED = {"told", "severity", "judged", "strength", "recent", "past", *DANGERS}


@dataclass(frozen=True)
class Harm:
    """What goes with a worse score: `parts` of the score's range, (r, themes), and per theme the score and its points.

    `parts` takes the end of the interval nearer to no harm, 0 if it does good, of several scores the one harmed most;
    nan where no score can tell.
    """

    parts: Array
    score: Array
    points: Array


def _harm(feedback: pd.DataFrame, themes: pd.DataFrame, drivers: pd.DataFrame, rounds: int) -> Harm:
    """Harm by the Shapley contribution; the rounds draw from its interval, as if independent of the other parts."""
    known = drivers[drivers["better"].notna() & drivers["contribution_low"].notna()] if len(drivers) else drivers
    known = known[known["theme_id"].isin(themes["theme_id"])].sort_values(["score", "theme_id"])
    answered = responses(feedback) if len(known) else feedback
    noise = np.random.default_rng(seed_of(known["theme_id"])).standard_normal((rounds + 1, len(themes)))
    noise[0] = 0
    harm = Harm(np.full(noise.shape, np.nan), np.full(len(themes), "", object), np.zeros(len(themes)))
    for name, rows in known.groupby("score", sort=True):
        score = headline(answered, str(name))
        if score is None:
            continue
        place = pd.Index(themes["theme_id"]).get_indexer(pd.Index(rows["theme_id"]))
        points = rows["contribution"].to_numpy(float)
        margin = (rows["contribution_high"] - rows["contribution_low"]).to_numpy(float) / 2
        worse = np.where(rows["better"] == "high", -points, points) + noise[:, place] * margin / Z - margin
        parts = np.maximum(worse, 0) / (score.bounds[1] - score.bounds[0])
        leads = place[parts[0] > np.nan_to_num(harm.parts[0, place])]
        harm.score[leads] = name
        harm.points[leads] = points[np.isin(place, leads)]
        harm.parts[:, place] = np.fmax(harm.parts[:, place], parts)
    return harm


def _parts(sums: dict[str, Array], voices: Voices, harm: Array) -> dict[str, Array]:
    """Each part and the danger, 0-1, (r, themes); nan = the file cannot tell."""
    told = sums["told"]
    low, _ = wilson(np.minimum(told, sums["everyone"]), sums["everyone"])
    missing = np.full(told.shape, np.nan)
    alarms = {name: _alarms(sums[name], told) for name in DANGERS if name in sums}
    mean = np.where(sums["judged"] > 0, sums["severity"] / np.maximum(sums["judged"], 1e-12), np.nan)
    floors = [alarm * np.maximum(0, DANGERS[name][0] - mean) for name, alarm in alarms.items()]
    dangers = [alarm * DANGERS[name][1] for name, alarm in alarms.items()]
    strength = sums["strength"] / (told + 1) / IMMEDIACY_FULL if "strength" in sums else missing
    return {
        "reach": np.sqrt(np.minimum(low / REACH_FULL, 1)),
        "severity": mean + np.max(floors, axis=0) if floors else mean,
        "momentum": _momentum(sums) if voices.days[0] else missing,
        "impact": np.sqrt(np.minimum(harm / IMPACT_FULL, 1)),
        "immediacy": np.minimum(strength, 1),
        "danger": np.max(dangers, axis=0) if dangers else np.zeros(told.shape),
    }


def _alarms(alarmed: Array, told: Array) -> Array:
    """`_alarm` in every round; whether there is danger at all is judged once, on the sample.

    The bound has the doubt of small numbers in it already: a round that draws one false alarm thrice is no evidence.
    """
    alarm = _alarm(alarmed, told)
    return alarm * (alarm[0] > 0)


def _alarm(alarmed: Array, told: Array) -> Array:
    """How far the share of an issue's customers who tell of a danger is beyond noise, 0-1."""
    low, _ = wilson(np.minimum(alarmed, told), told, z=SURE)
    return np.clip((low - NOISE) / (CLEAR - NOISE), 0, 1)


def _momentum(sums: dict[str, Array]) -> Array:
    """r / (1 + r), r the shrunken ratio of the comments now to those expected from the issue's own past."""
    expected = sums["past"] * sums["all_recent"] / np.maximum(sums["all_past"], 1e-12)
    ratio = (sums["recent"] + QUIET) / (expected + QUIET)
    return ratio / (1 + ratio)


def _urgency(parts: dict[str, Array], themes: pd.DataFrame, weights: dict[str, float]) -> Array:
    """0-100, (r, themes). Praise is not urgent: its figure is its reach."""
    stacked = np.stack([parts[name] for name in PARTS])
    weight = np.array([weights[name] for name in PARTS])[:, None, None] * ~np.isnan(stacked)
    mean = (weight * np.nan_to_num(stacked)).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12)
    urgency = 100 * (mean + parts["danger"] * (1 - mean))
    return np.where(_status(themes) == "praise", 100 * parts["reach"], urgency)


def _status(themes: pd.DataFrame) -> Array:
    return themes["status"].fillna("").to_numpy(str) if "status" in themes.columns else np.full(len(themes), "")


def _table(
    themes: pd.DataFrame, voices: Voices, sums: dict[str, Array], parts: dict[str, Array], urgency: Array
) -> pd.DataFrame:
    """The figures, in the order of rank."""
    status = _status(themes)
    ranks = _ranks(urgency, status, sums["told"][0])
    shown = {name: np.where(status == "praise", np.nan, values[0]) for name, values in parts.items()}
    table = {
        "rank": ranks[0],
        "theme_id": themes["theme_id"],
        "label": themes["label"],
        "urgency": urgency[0],
        **_ends("urgency", urgency),
        **_ends("rank", ranks),
        **shown,
        "reach": parts["reach"][0],
        "top3": (ranks[1:] <= 3).mean(axis=0) if len(ranks) > 1 else np.nan,
        "n_feedback": np.bincount(voices.what, voices.facts["comments"], len(themes)),
        "n_customers": sums["told"][0],
    }
    return pd.DataFrame(table).sort_values("rank", ignore_index=True)


def _tellings(
    themes: pd.DataFrame, voices: Voices, sums: dict[str, Array], parts: dict[str, Array], harm: Harm, *, speaker: str
) -> dict[str, Telling]:
    """What the sentences say, per theme."""
    now, before = sums["recent"][0], sums["past"][0]
    totals = max(sums["all_past"][0, 0], 1.0), max(sums["all_recent"][0, 0], 1.0)
    weeks = [max(each, 1.0) / 7 for each in voices.days[::-1]]
    trend = _trend(sums, parts["momentum"])
    known = [name for name in PARTS if not np.isnan(parts[name][0]).all()]
    counts = {
        name: np.bincount(voices.what, voices.facts[name], len(themes)) for name in SIGNALS if name in voices.facts
    }
    return {
        theme: Telling(
            status=status,
            speakers=int(sums["told"][0, at]),
            everyone=voices.people.size,
            speaker=speaker,
            trend=int(trend[at]),
            weekly=(before[at] / weeks[0], now[at] / weeks[1]),
            shares=(before[at] / totals[0], now[at] / totals[1]),
            signals=_by_count({name: int(count[at]) for name, count in counts.items()}),
            dangers=_dangers(sums, at),
            harm=(str(harm.score[at]), float(harm.points[at])) if harm.parts[0, at] > 0 else None,
            unknown=[name for name in known if np.isnan(parts[name][0, at])],
        )
        for at, (theme, status) in enumerate(zip(themes["theme_id"], _status(themes), strict=True))
    }


def _trend(sums: dict[str, Array], momentum: Array) -> Array:
    """1 where an issue grows beyond chance, -1 where it shrinks, else 0.

    Beyond chance: over the bootstrap, and by Wilson's interval of the recent share of its comments, for resampling
    cannot doubt a count of nought.
    """
    if len(momentum) < 2 or np.isnan(momentum).all():
        return np.zeros(momentum.shape[1])
    low, high = np.quantile(momentum[1:], [0.025, 0.975], axis=0)
    now, before = sums["recent"][0], sums["past"][0]
    usual = sums["all_recent"][0] / np.maximum(sums["all_recent"][0] + sums["all_past"][0], 1)
    least, most = wilson(now, now + before)
    return ((low > 0.5) & (least > usual)) * 1 - ((high < 0.5) & (most < usual)) * 1


def _by_count(signals: dict[str, int]) -> dict[str, int]:
    return dict(sorted(signals.items(), key=lambda pair: (-pair[1], pair[0])))


def _dangers(sums: dict[str, Array], theme: int) -> list[str]:
    """The dangers beyond noise, the one that lifts urgency most first."""
    lift = {
        name: DANGERS[name][1] * float(_alarm(sums[name][0, theme], sums["told"][0, theme]))
        for name in DANGERS
        if name in sums
    }
    return sorted((name for name, weight in lift.items() if weight > 0), key=lambda name: (-lift[name], name))


def _ranks(urgency: Array, status: Array, told: Array) -> Array:
    """Ranks from 1, (r, themes): complaints, then praise, then the residual; ties to the more told, then by id."""
    place = np.array([PLACES.get(each, 0) for each in status])
    columns = np.argsort(-told, kind="stable")
    order = np.argsort((1_000 * place - urgency)[:, columns], axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, columns[order], np.arange(1, told.size + 1)[None, :], axis=1)
    return ranks


def _ends(name: str, drawn: Array) -> dict[str, Array | float]:
    """The 95 % interval of a figure over the rounds, the figure itself included; no rounds, no interval."""
    if len(drawn) < 2:
        return {f"{name}_low": np.nan, f"{name}_high": np.nan}
    low = np.quantile(drawn[1:], 0.025, axis=0, method="lower")
    high = np.quantile(drawn[1:], 0.975, axis=0, method="higher")
    return {f"{name}_low": np.minimum(low, drawn[0]), f"{name}_high": np.maximum(high, drawn[0])}

"""The issues in the order in which to deal with them, each with the parts of its urgency and one sentence of reasons.

The formula stands in `urgency`, the counts it rests on in `voices`. Customers are resampled for the intervals of
urgency and rank; places that are noise are told as ties. Themes of praise are ranked by reach alone. Comments that fit
no theme stand last. This module says what to look at first, not what causes what.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from voc.config import IssuesConfig
from voc.errors import ConfigError
from voc.intervals import LEVEL, Array, Z, seed_of
from voc.reasons import NAMED_SIGNALS, Telling, best_quotes, named_signals, reason
from voc.relevance import worth_telling
from voc.scores import headline, real, responses
from voc.tables import CLAUSES, DRIVERS, FEEDBACK, ISSUES, RATHER, SIGNALS, THEMES
from voc.urgency import (
    DANGERS,
    PARTS,
    alarms_of,
    excess,
    growth,
    in_season,
    parts_of,
    places_of,
    ranks_of,
    rate_ratio,
    urgency_of,
)
from voc.voices import Voices, flags, listen, resample

TELLING = 0.1
"""How far beyond noise, 0-1, an alarm is that the reasons of an issue begin with and its quote shows: trades dangers at
the edge of noise for sentences such as "19 of 758 mention a danger" over plastic cups. They still count, by as little.
Guarded by test_an_alarm_at_the_edge_of_noise_is_not_told."""
PLACES = {"praise": 1, "residual": 2}
"""The kinds of theme that stand below every complaint, and in which order."""


def rank_issues(
    feedback: pd.DataFrame, clauses: pd.DataFrame, themes: pd.DataFrame, drivers: pd.DataFrame, config: IssuesConfig
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
    voices = listen(feedback, told, themes, recent_days=config.recent_days)
    sums = resample(voices, len(themes), config.rounds)
    harm = _harm(feedback, themes, DRIVERS.check(drivers), config.rounds)
    parts = parts_of(sums, harm.parts, dated=voices.days[0] > 0)
    table = _table(themes, voices, sums, parts, urgency_of(parts, weights, _status(themes) == "praise"))
    known = "customer_id" in feedback.columns and bool(feedback["customer_id"].notna().any())
    tellings = _tellings(themes, voices, sums, parts, harm, speaker=_speakers(feedback, known=known))
    meant = {theme: [name for name in each.dangers if each.signals.get(name)] for theme, each in tellings.items()}
    alarms = {theme: names[0] for theme, names in meant.items() if names}
    table = table.assign(
        n_customers=table["n_customers"] if known else pd.NA,
        why=table["theme_id"].map({theme: reason(each) for theme, each in tellings.items()}),
        quote=table["theme_id"].map(best_quotes(told, alarms)),
        **_named([tellings[theme] for theme in table["theme_id"]]),
        **(_moved([tellings[theme] for theme in table["theme_id"]]) if voices.days[0] else {}),
    )
    return ISSUES.check(table.reindex(columns=[*ISSUES.columns]))


def _speakers(feedback: pd.DataFrame, *, known: bool) -> str:
    """What is counted: customers, else responses with all their answers, else comments."""
    if known or "response_id" not in feedback.columns:
        return "customers" if known else "comments"
    return "responses" if feedback["response_id"].dropna().duplicated().any() else "comments"


def _weights(config: IssuesConfig) -> dict[str, float]:
    weights = {part: float(getattr(config, part)) for part in PARTS}
    if min(weights.values()) < 0 or sum(weights.values()) <= 0:
        raise ConfigError(f"The weights of [issues] must not be negative, and one must be above 0: {weights}")
    return weights


def _told(feedback: pd.DataFrame, clauses: pd.DataFrame, themes: pd.DataFrame) -> pd.DataFrame:
    """The clauses that count, sorted by id, with `comment` their row in feedback and a column per signal: how
    surely it is meant, 0-1."""
    told = clauses[clauses["theme_id"].isin(themes["theme_id"]) & clauses["feedback_id"].isin(feedback["feedback_id"])]
    mixed = themes.loc[themes["status"].eq("everything"), "theme_id"] if "status" in themes.columns else []
    if "label" in told.columns:
        told = told[~told["theme_id"].isin(mixed) | told["label"].eq("negative").fillna(value=False)]
    told = told.sort_values(["feedback_id", "position", "clause_id"], ignore_index=True)
    place = pd.Index(feedback["feedback_id"]).get_indexer(pd.Index(told["feedback_id"]))
    return told.assign(comment=place, **flags(told))


@dataclass(frozen=True)
class Harm:
    """What goes with a worse score: `parts` of the score's range, (r, themes), and per theme the score, how much lower
    or higher it is where the theme is told, in points (nan = not worth telling).

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
    harm = Harm(np.full(noise.shape, np.nan), np.full(len(themes), "", object), np.full(len(themes), np.nan))
    for name, rows in known.groupby("score", sort=True):
        score = headline(answered, str(name))
        if score is None:
            continue
        place = pd.Index(themes["theme_id"]).get_indexer(pd.Index(rows["theme_id"]))
        points = rows["contribution"].to_numpy(float)
        margin = (rows["contribution_high"] - rows["contribution_low"]).to_numpy(float) / 2
        worse = np.where(rows["better"] == "high", -points, points) + noise[:, place] * margin / Z - margin
        length = score.bounds[1] - score.bounds[0]
        parts = np.maximum(worse, 0) / length
        leads = parts[0] > np.nan_to_num(harm.parts[0, place])
        harm.score[place[leads]] = name
        harm.points[place[leads]] = _differences(rows, score.bounds)[leads]
        harm.parts[:, place] = np.fmax(harm.parts[:, place], parts)
    return harm


def _differences(rows: pd.DataFrame, bounds: tuple[float, float]) -> Array:
    """The differences of drivers that are worth telling; nan for the others."""
    told = rows[["difference", "low", "high"]].astype(float).to_numpy(float)
    return np.array([change if worth_telling(change, (low, high), bounds=bounds) else np.nan
                     for change, low, high in told])  # fmt: skip


def _status(themes: pd.DataFrame) -> Array:
    return themes["status"].fillna("").to_numpy(str) if "status" in themes.columns else np.full(len(themes), "")


def _table(
    themes: pd.DataFrame, voices: Voices, sums: dict[str, Array], parts: dict[str, Array], urgency: Array
) -> pd.DataFrame:
    """The figures, in the order of rank."""
    status = _status(themes)
    group = np.array([PLACES.get(each, 0) for each in status])
    ranks = ranks_of(urgency, group, sums["told"][0])
    shown = {name: np.where(status == "praise", np.nan, values[0]) for name, values in parts.items()}
    table = {
        "rank": ranks[0],
        "place": places_of(ranks, urgency, group),
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
    trend = _trend(sums) if voices.days[0] else np.zeros(len(themes))
    seasonal = (rate_ratio(sums, "past", z=Z)[0][0] > 1) & (trend == 0) & in_season(sums)[0]
    known = [name for name in PARTS if not np.isnan(parts[name][0]).all()]
    noisy = {name: excess(sums, name)[0] <= 0 for name in SIGNALS if name in sums}
    counts = _raised(voices, len(themes))
    dangers = [_dangers(sums, at) for at in range(len(themes))]
    return {
        theme: Telling(
            status=status,
            speakers=int(sums["told"][0, at]),
            everyone=voices.people.size,
            speaker=speaker,
            trend=int(trend[at]),
            seasonal=bool(seasonal[at]),
            weekly=(before[at] / weeks[0], now[at] / weeks[1]),
            shares=(before[at] / totals[0], now[at] / totals[1]),
            signals=_by_count(
                {name: int(n[at]) for name, n in counts.items() if name in dangers[at] or not noisy[name][at]}
            ),
            dangers=dangers[at],
            harm=_told_harm(harm, at),
            worth=_worth(sums, at),
            unknown=[name for name in known if np.isnan(parts[name][0, at])],
        )
        for at, (theme, status) in enumerate(zip(themes["theme_id"], _status(themes), strict=True))
    }


def _named(tellings: list[Telling]) -> dict[str, list[object]]:
    """The columns of the signals that the reasons name, so that a report in any language counts them alike."""
    missing = (pd.NA, pd.NA)
    named = [[*named_signals(each), *[missing] * NAMED_SIGNALS][:NAMED_SIGNALS] for each in tellings]
    columns = (("signal", "n_signal"), ("second_signal", "n_second_signal"))
    return {
        name: [each[place][side] for each in named]
        for place, pair in enumerate(columns)
        for side, name in enumerate(pair)
    }


def _moved(tellings: list[Telling]) -> dict[str, list[object]]:
    """The columns that tell how an issue stands to its past."""
    return {
        "trend": [each.trend for each in tellings],
        "share_before": [each.shares[0] for each in tellings],
        "share_now": [each.shares[1] for each in tellings],
    }


def _raised(voices: Voices, themes: int) -> dict[str, Array]:
    """Customers per theme who raise each signal and rather mean it."""
    found = {name: voices.facts[name] >= RATHER for name in SIGNALS if name in voices.facts}
    return {name: np.bincount(voices.what, said, themes) for name, said in found.items()}


def _told_harm(harm: Harm, at: int) -> tuple[str, float] | None:
    """The score and its points, where they are beyond chance and large enough to matter."""
    if not harm.parts[0, at] > 0 or np.isnan(harm.points[at]):
        return None
    return str(harm.score[at]), float(harm.points[at])


def _worth(sums: dict[str, Array], at: int) -> float | None:
    everything = float(sums["all_worth"][0, 0])
    return float(sums["worth"][0, at]) / everything if everything > 0 else None


def _trend(sums: dict[str, Array]) -> Array:
    """1 where an issue grows beyond chance, -1 where it shrinks, else 0.

    Beyond chance: over the bootstrap, for a loud customer is one customer, and by the interval of the rate ratio, for
    resampling cannot doubt a count of nought. That interval is as wide as the number of issues asks for (Bonferroni):
    of twenty that are steady, one would seem to move.
    """
    expected = sums["past"] * sums["all_recent"] / np.maximum(sums["all_past"], 1e-12)
    ratio = (sums["recent"] + 0.5) / (expected + 0.5)
    drawn = ratio[1:] if len(ratio) > 1 else ratio
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    least, most = (end[0] for end in growth(sums, z=NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / ratio.shape[1])))
    return ((low > 1) & (least > 1)) * 1 - ((high < 1) & (most < 1)) * 1


def _by_count(signals: dict[str, int]) -> dict[str, int]:
    return dict(sorted(signals.items(), key=lambda pair: (-pair[1], pair[0])))


def _dangers(sums: dict[str, Array], theme: int) -> list[str]:
    """The alarms that are told, the one that lifts urgency most first."""
    alarms = {name: float(alarms_of(sums, name)[0, theme]) for name in DANGERS if name in sums}
    told = {name: alarm for name, alarm in alarms.items() if alarm >= TELLING}
    lift = {name: (alarm * DANGERS[name][1], alarm * DANGERS[name][0]) for name, alarm in told.items()}
    return sorted(lift, key=lambda name: (-lift[name][0], -lift[name][1], name))


def _ends(name: str, drawn: Array) -> dict[str, Array | float]:
    """The 95 % interval of a figure over the rounds, the figure itself included; no rounds, no interval."""
    if len(drawn) < 2:
        return {f"{name}_low": np.nan, f"{name}_high": np.nan}
    low = np.quantile(drawn[1:], 0.025, axis=0, method="lower")
    high = np.quantile(drawn[1:], 0.975, axis=0, method="higher")
    return {f"{name}_low": np.minimum(low, drawn[0]), f"{name}_high": np.maximum(high, drawn[0])}

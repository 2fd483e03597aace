"""The formula of urgency: its parts from 0 to 1, what lifts them, and which places of a ranking are ties.

Urgency follows the criteria of ISO 10002:2018 for the first assessment of a complaint. The parts are averaged with the
weights of the settings, those that the file cannot tell left out; then danger lifts the mean towards 100, for health
and safety come at once however few tell of them:

    urgency = 100 x (m + danger x (1 - m)), m the weighted mean of
    reach      square root of (share of customers, lower end of its interval) / REACH_FULL
    severity   mean over customers of the worst they tell; an alarm lifts it to a floor
    momentum   STEADY where it is told as often as before; 1 at four times as often, 0 at half; only what is beyond
               chance counts: the end of the rate ratio's interval that is nearer to no change
    impact     square root of (harm to the score, lower end of its interval) / (IMPACT_FULL x the scale's length)
    immediacy  of the signals that call for action now, the strongest, times the share of customers who raise it beyond
               the file's ordinary noise
    value      square root of (share of the known revenue that those customers stand for) / VALUE_FULL

Pure functions of arrays: counts in, figures out. Which counts, `voices` knows; which score is harmed, `issues`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from voc.intervals import Array, wilson

Ends: TypeAlias = tuple[Array, Array]
"""Lower and upper ends."""

PARTS = ("reach", "severity", "momentum", "impact", "immediacy", "value")
REACH_FULL = 0.25
"""The share of customers at which reach is 1; the root spreads the small shares in which issues differ (1 % = 0.2,
4 % = 0.4). Trades telling big issues apart for telling small ones apart. Guarded by test_reach_scale."""
IMPACT_FULL = 0.10
"""The part of a score's range at which impact is 1: 20 NPS points, 10 % satisfied, 0.4 of 1-5."""
VALUE_FULL = 0.25
"""The share of the known revenue at which value is 1, as with reach."""
STEADY, FOURFOLD = 0.25, 2.0
"""Momentum of what is told as often as before, and the doublings from there to 1: growth matters more than fading.
Guarded by test_growing_outranks_steady_and_steady_outranks_fading."""
LIKELY = 1.645
"""Growth counts as far as 95 of 100 chances say that it is at least so fast. Guarded by test_small_issue_is_steady."""
QUIET = 4.0
"""Comments that came as usual, added to those that were counted: trades noise in small issues for slowness to see new
ones. Guarded by test_small_issue_is_steady."""
NOISE, CLEAR = 0.03, 0.15
"""An alarm counts from the share of an issue's customers that false ones alone may reach, and in full that far beyond
it; the lower 99 % bound is compared. Trades missed dangers for false ones: of 15 customers two hardly count, nine count
in full, and so do three of three. Guarded by test_noise_is_no_danger."""
SAFETY_NOISE, SAFETY_CLEAR = 0.01, 0.10
"""The same for dangers to health, of which a missed one costs most and a model that hears few misses some: one of seven
counts a little, one of 20 does not. Guarded by test_noise_is_no_danger and the golden corpus."""
SURE = 2.326
LEAST_ALARMED = 2.5
"""Customers (each as surely as the signal is meant) who must raise an alarm other than for health before it is the
issue's: one alone is in the queue, whatever the issue. Guarded by test_one_customer_alone_is_no_danger_of_a_theme."""
ORDINARY = 0.3
"""The most that is taken off as what is ordinary in the file: of patients many are vulnerable, but where every second
complaint is about an outage, an outage is still one. Guarded by test_an_inbox_of_outages."""
NEVER_ORDINARY = "safety"
DANGERS = {"safety": (0.9, 0.7), "vulnerable": (0.7, 0.3), "legal": (0.7, 0.3), "money": (0.6, 0.0)}
"""The floor of severity and the lift towards 100 of each alarm. Safety alone outweighs everything that a frequent
nuisance can reach; money sets a floor and lifts nothing, for prices and bills are money too. Guarded by
test_danger_outranks_nuisance and test_money_is_no_danger."""
STRENGTHS = {
    "safety": 1.0, "vulnerable": 0.9, "legal": 0.9, "deadline": 0.8, "outage": 0.7, "churn": 0.7, "unresolved": 0.6,
    "money": 0.5, "discourtesy": 0.2,
}  # fmt: skip
"""How much each signal calls for action now."""
TIED = 0.1
"""Two issues are a tie where a chance of one in ten is left that their order is the other way round: trades places that
are noise for a ranking that says nothing. Guarded by test_ties_are_shown_as_ties."""


def parts_of(sums: dict[str, Array], harm: Array, *, dated: bool) -> dict[str, Array]:
    """Each part and the danger, 0-1, (r, themes); nan = the file cannot tell. `sums` are those of `voices.resample`."""
    told = sums["told"]
    low, _ = wilson(np.minimum(told, sums["everyone"]), sums["everyone"])
    missing = np.full(told.shape, np.nan)
    alarms = {name: alarms_of(sums, name) for name in DANGERS if name in sums}
    mean = np.where(sums["judged"] > 0, sums["severity"] / np.maximum(sums["judged"], 1e-12), np.nan)
    floors = [alarm * np.maximum(0, DANGERS[name][0] - mean) for name, alarm in alarms.items()]
    dangers = [alarm * DANGERS[name][1] for name, alarm in alarms.items()]
    calls = [STRENGTHS[name] * excess(sums, name) for name in STRENGTHS if name in sums]
    worth = sums["worth"] / np.maximum(sums["all_worth"], 1e-12)
    return {
        "reach": np.sqrt(np.minimum(low / REACH_FULL, 1)),
        "severity": mean + np.max(floors, axis=0) if floors else mean,
        "momentum": momentum(sums) if dated else missing,
        "impact": np.sqrt(np.minimum(harm / IMPACT_FULL, 1)),
        "immediacy": np.max(calls, axis=0) if calls else missing,
        "value": np.sqrt(np.minimum(worth / VALUE_FULL, 1)) if sums["all_worth"][0, 0] > 0 else missing,
        "danger": np.max(dangers, axis=0) if dangers else np.zeros(told.shape),
    }


def alarms_of(sums: dict[str, Array], signal: str) -> Array:
    """How far the share of an issue's customers who raise an alarm is beyond noise, 0-1, in every round.

    Whether there is danger at all, and on how many customers the bound rests, is judged once, on the sample: the bound
    has the doubt of small numbers in it already, and a round that draws one false alarm thrice is no evidence.
    """
    alarmed, told = sums[signal], sums["told"]
    share = np.minimum(alarmed / np.maximum(told, 1e-12), 1)
    low, _ = wilson(share * told[0], told[0], z=SURE)
    if signal == NEVER_ORDINARY:
        return np.clip((low - SAFETY_NOISE) / SAFETY_CLEAR, 0, 1) * (low[0] > SAFETY_NOISE)
    alarm = np.clip((low - ordinary(sums, signal)) / CLEAR, 0, 1)
    return alarm * ((alarm[0] > 0) & (alarmed[0] >= LEAST_ALARMED))


def excess(sums: dict[str, Array], signal: str) -> Array:
    """The share of an issue's customers who raise a signal, beyond that of all others who complain, 0-1."""
    told, noise = sums["told"], ordinary(sums, signal)
    low, _ = wilson(np.minimum(sums[signal], told), told, z=1.0)
    return np.clip((low - noise) / (1 - noise), 0, 1)


def ordinary(sums: dict[str, Array], signal: str) -> Array:
    """The share of those who complain of anything else that raises a signal, from NOISE to ORDINARY, (r, themes)."""
    alarmed, told = sums[signal], sums["told"]
    elsewhere = told.sum(axis=1, keepdims=True) - told
    share = (alarmed.sum(axis=1, keepdims=True) - alarmed) / np.maximum(elsewhere, 1.0)
    return np.clip(share, NOISE, ORDINARY)


def momentum(sums: dict[str, Array]) -> Array:
    """0-1 out of the rate ratio of the comments now to those before; of its interval the end nearer to no change."""
    low, high = growth(sums)
    sure = np.where(low > 1, low, np.where(high < 1, high, 1.0))
    doublings = np.log2(np.maximum(sure, 1e-6))
    growing, fading = STEADY + (1 - STEADY) * doublings / FOURFOLD, STEADY * (1 + doublings)
    return np.clip(np.where(doublings > 0, growing, fading), 0, 1)


def growth(sums: dict[str, Array], *, z: float = LIKELY) -> Ends:
    """Interval of how many times as often an issue is told now, per comment of the file, (r, themes).

    Against its own past, and against the same weeks of last year where these tell of a season: then the interval spans
    both, so that only what the season cannot explain is growth.
    """
    low, high = rate_ratio(sums, "past", z=z)
    season = in_season(sums)
    if not season.any():
        return low, high
    lower, higher = rate_ratio(sums, "season", z=z)
    return np.where(season, np.minimum(low, lower), low), np.where(season, np.maximum(high, higher), high)


def in_season(sums: dict[str, Array]) -> Array:
    """Whether an issue's share left its usual in the same weeks of last year as it does now, the same way and at least
    half as far (of the logarithm), (r, themes): a few weeks of last year that say nothing excuse nothing."""
    if sums["all_season"][0, 0] == 0:
        return np.zeros(sums["recent"].shape, bool)
    now, usual, then = (np.log((sums[each] + 0.5) / (sums[f"all_{each}"] + 1)) for each in ("recent", "past", "season"))
    return np.asarray((then - usual) * np.sign(now - usual) >= np.abs(now - usual) / 2)


def rate_ratio(sums: dict[str, Array], before: str, *, z: float = LIKELY) -> Ends:
    """Interval of the ratio of an issue's share of all comments now to its share in another window, (r, themes).

    Given how often it was told in both windows together, the recent ones are a binomial share: Wilson's interval of it
    becomes one of the ratio (Przyborowski and Wilenski 1940). QUIET comments that came as usual are added.
    """
    now, then = sums["recent"], sums[before]
    all_now, all_then = np.maximum(sums["all_recent"], 1e-9), np.maximum(sums[f"all_{before}"], 1e-9)
    usual = QUIET * all_now / (all_now + all_then)
    low, high = wilson(now + usual, now + then + QUIET, z=z)
    odds = all_then / all_now
    return low / np.maximum(1 - low, 1e-9) * odds, high / np.maximum(1 - high, 1e-9) * odds


def urgency_of(parts: dict[str, Array], weights: dict[str, float], praise: Array) -> Array:
    """0-100, (r, themes). Praise, (themes,), is not urgent: its figure is its reach."""
    stacked = np.stack([parts[name] for name in PARTS])
    weight = np.array([weights[name] for name in PARTS])[:, None, None] * ~np.isnan(stacked)
    mean = (weight * np.nan_to_num(stacked)).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12)
    return np.where(praise, 100 * parts["reach"], 100 * (mean + parts["danger"] * (1 - mean)))


def ranks_of(urgency: Array, group: Array, told: Array) -> Array:
    """Ranks from 1, (r, themes): by `group`, then urgency; equal ones to the more told, then as they stand."""
    columns = np.argsort(-told, kind="stable")
    order = np.argsort((1_000 * group - urgency)[:, columns], axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, columns[order], np.arange(1, told.size + 1)[None, :], axis=1)
    return ranks


def places_of(ranks: Array, urgency: Array, group: Array) -> list[str]:
    """The place of each theme as a person would say it: "2", or "3=" where it shares the third with others.

    Walking down the ranking, a theme shares the place of the first of its company where its urgency reaches that one's
    in more than TIED of the rounds; else it opens a company of its own.
    """
    order = np.argsort(ranks[0], kind="stable")
    first = order[0] if order.size else 0
    leaders = np.empty(order.size, int)
    for theme in order:
        reached = (urgency[1:, theme] >= urgency[1:, first]).mean() if len(urgency) > 1 else 0.0
        level = urgency[0, theme] == urgency[0, first]
        if group[theme] != group[first] or not (reached > TIED or level):
            first = theme
        leaders[theme] = first
    size = np.bincount(leaders, minlength=order.size)
    return [f"{ranks[0, leader]}{'=' if size[leader] > 1 else ''}" for leader in leaders]

"""Which themes go with better or worse scores: association, never cause.

For each theme and score three figures, each with a 95 % interval: the mean difference between responses with and
without the theme; the leave-one-out impact (what the headline figure would move by without those responses), which
other tools report but which counts overlapping themes twice; and the Shapley contribution, which does not: over all
orders of the themes it averages what adding the theme explains of the gap between the headline figure and the score of
a response that mentions none. Contributions add up exactly.

Every response with a score counts, those without a comment too: they mention no theme. Churn is a score of customers,
who mention what any of their comments does. Intervals resample customers, whose own answers resemble each other.
Of many themes some look like drivers by chance: `holds` keeps the rate of false ones below 5 %, and leaves out what is
too small to matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd

from voc.config import DriversConfig
from voc.estimates import ALLOWED, adjusted, two_sided
from voc.intervals import Array, bootstrap_sums, seed_of, students
from voc.relevance import OVERALL, worth_telling
from voc.scores import SCORES, Headline, churn, headline, one_per_customer, real, response_keys, responses
from voc.statements import NAMES, association, figure
from voc.tables import CLAUSES, DRIVERS, FEEDBACK, THEMES, Note

RIDGE = 0.5
"""Each theme's effect is shrunk as if half an answer more said it makes no difference. Trades a bias of 1/2n towards
zero (at 1, intervals of rare strong themes miss the truth 8 times in 100) for contributions that stay defined when
themes overlap wholly or everybody mentions one. Guarded by test_twin_themes and test_everyone_mentions_a_theme."""
EXACT_THEMES = 5
ORDERS = 1_000
ROUND_ORDERS = 16
BATCH = 100  # rounds at once: their matrices fit the processor's cache
"""Orders averaged: all of them up to 5 themes; beyond, 1,000 for the figure and 16 for each bootstrap round, of which
only the spread is used. Trades time for precision: on themes that overlap as customers' do, a figure is then within 1 %
of the largest contribution from its exact value. Guarded by test_sampled_orders."""
SILENT = 0.1
"""The share of answers without a comment from which it is said how they score: they are the rest that themes are held
against, and where most write only to complain that alone makes every theme look worse. Guarded by
test_silent_answers_are_told."""
BORROWED = 3
"""The spread among those who mention a theme is judged as if three more answers spread like everyone's (the three of
Rocks 2016): ten detractors out of ten do not make certainty. Guarded by test_unanimous_theme."""


@dataclass(frozen=True)
class Mentions:
    """Which responses mention which themes, each pair once, as positions."""

    response: Array
    theme: Array

    def by(self, owner: Array) -> Mentions:
        """The mentions of those whom the responses belong to (`owner`, a position per response), each once."""
        size = int(self.theme.max(initial=0)) + 1
        distinct: Array = np.unique(owner[self.response] * size + self.theme)
        return Mentions(distinct // size, distinct % size)

    def among(self, responses: Array, themes: Array) -> Mentions:
        """Only the chosen responses and themes (sorted positions), renumbered from 0."""
        kept = np.isin(self.response, responses) & np.isin(self.theme, themes)
        who = pd.Index(responses).get_indexer(self.response[kept])
        return Mentions(who, pd.Index(themes).get_indexer(self.theme[kept]))


@dataclass(frozen=True)
class Moments:
    """Weighted sums over scored responses, one row per round; the first round is the sample as it is.

    Shapes for r rounds and p themes: answers, total (r,); told, told_total (r, p); together (r, p, p) counts the
    responses that mention two themes.
    """

    answers: Array
    total: Array
    told: Array
    told_total: Array
    together: Array


def attribute(
    feedback: pd.DataFrame, clauses: pd.DataFrame, themes: pd.DataFrame, config: DriversConfig
) -> pd.DataFrame:
    """DRIVERS: one row per theme that somebody mentions and score that somebody gave, sorted by score and theme.

    A theme with fewer than `config.min_answers` scored responses (or as few without it) has `n` and no figures, and
    stays out of the others' contributions.
    """
    if feedback.empty or clauses.empty or themes.empty:
        return DRIVERS.empty()
    feedback, clauses = FEEDBACK.check(feedback), CLAUSES.check(clauses, "theme_id")
    answered = responses(feedback)
    told = clauses[clauses["theme_id"].isin(THEMES.check(themes)["theme_id"])]
    names = np.unique(told["theme_id"].to_numpy(str))
    if not len(names):
        return DRIVERS.empty()
    mentions = _mentions(feedback, told, answered, names)
    scores = [each for each in (headline(answered, name) for name in SCORES) if each is not None]
    customers = answered["customer"].to_numpy(str)
    tables = [_associate(score, customers, mentions, names, config) for score in scores]
    people = one_per_customer(answered)
    if (lost := churn(people)) is not None:
        who = pd.Index(people["customer"]).get_indexer(pd.Index(answered["customer"]))
        tables.append(_associate(lost, people["customer"].to_numpy(str), mentions.by(who), names, config))
    return DRIVERS.check(pd.concat(tables, ignore_index=True)) if tables else DRIVERS.empty()


def driver_notes(feedback: pd.DataFrame, drivers: pd.DataFrame, config: DriversConfig) -> list[Note]:
    """Which scores nobody filled in, and how many themes are told by too few to be held against a score."""
    asked = [name for name in SCORES if name in feedback.columns]
    blank = [name for name in asked if feedback[name].isna().all()]
    notes = [Note("drivers", f"nobody filled in {NAMES[name]}: no theme is held against it") for name in blank]
    if drivers.empty:
        return (
            notes if blank else [Note("drivers", "no score to hold themes against: no NPS, CSAT, CES, rating or churn")]
        )
    notes += _silent(feedback)
    few = drivers[drivers["difference"].isna()].groupby("score", sort=True).size()
    said = f"themes without a driver figure: fewer than {config.min_answers} scored answers mention them, or do not"
    return [*notes, *(Note("drivers", f"{NAMES[str(name)]}: {said}", int(count)) for name, count in few.items())]


def _silent(feedback: pd.DataFrame) -> list[Note]:
    """Of each score that many gave without a word: how they score, who count as telling of no theme."""
    if "skip" not in feedback.columns:
        return []
    answered = responses(feedback)
    wrote = answered["response"].isin(response_keys(real(feedback)[lambda rows: rows["skip"].isna()])).to_numpy(bool)
    notes = []
    for score in (each for each in (headline(answered, name) for name in SCORES) if each is not None):
        scored = ~np.isnan(score.values)
        if (scored & ~wrote).sum() < SILENT * scored.sum() or not (scored & wrote).any():
            continue
        theirs, others = (figure(float(score.values[scored & part].mean()), score.unit) for part in (~wrote, wrote))
        against = f"{NAMES[score.name]} {theirs}, against {others} with one"
        said = f"answers without a comment ({against}) count as telling of no theme"
        notes.append(Note("drivers", said, int((scored & ~wrote).sum())))
    return notes


def _mentions(feedback: pd.DataFrame, told: pd.DataFrame, answered: pd.DataFrame, names: Array) -> Mentions:
    """Who tells of what: positions in `answered` and in `names` (sorted)."""
    rows = real(feedback)
    told = told[told["feedback_id"].isin(rows["feedback_id"])]
    key = pd.Series(response_keys(rows).to_numpy(), index=pd.Index(rows["feedback_id"])).reindex(told["feedback_id"])
    who = pd.Index(answered["response"]).get_indexer(pd.Index(key))
    what = np.searchsorted(names, told["theme_id"].to_numpy(str))
    distinct: Array = np.unique(who * len(names) + what)
    return Mentions(distinct // len(names), distinct % len(names))


def _associate(
    score: Headline, customers: Array, mentions: Mentions, names: Array, config: DriversConfig
) -> pd.DataFrame:
    """The rows of one score."""
    scored = np.flatnonzero(~np.isnan(score.values))
    mentions = mentions.among(scored, np.arange(len(names)))
    n = np.bincount(mentions.theme, minlength=len(names))
    shared = np.bincount(mentions.response, minlength=scored.size)[mentions.response] > 1
    table = pd.DataFrame({"theme_id": names, "score": score.name, "n": n, "better": score.better, "unit": score.unit})
    table["overlap"] = np.bincount(mentions.theme, shared, len(names)) / np.maximum(n, 1)
    least = max(config.min_answers, 2)
    kept = np.flatnonzero((n >= least) & (scored.size - n >= least))
    if kept.size:
        chosen = mentions.among(np.arange(scored.size), kept)
        figures = associate(score.values[scored], customers[scored], chosen, kept.size, rounds=config.rounds)
        table = table.join(figures.set_index(kept))
    return _judged(table.reindex(columns=[*DRIVERS.columns]), score)


def _judged(table: pd.DataFrame, score: Headline) -> pd.DataFrame:
    """What holds after correcting for the number of themes and matters, and every row in words."""
    table["q_value"] = adjusted(table["p_value"].to_numpy(float))
    told, many = [], int(table["p_value"].notna().sum())
    who = "customers" if score.name == "churn" else "answers"
    for row in table.to_dict("records"):
        matters = worth_telling(row["difference"], (row["low"], row["high"]), bounds=score.bounds)
        row["holds"] = bool(row["q_value"] <= ALLOWED) and matters
        moves = abs(row["contribution"]) >= OVERALL * (score.bounds[1] - score.bounds[0])
        told.append((row["holds"], association(row, who=who, many=many, moves=moves)))
    holds, words = zip(*told, strict=True)
    return table.assign(holds=pd.array(holds, dtype="boolean"), told=pd.array(words, dtype="string"))


def associate(values: Array, customers: Array, mentions: Mentions, themes: int, *, rounds: int) -> pd.DataFrame:
    """Difference, impact and contribution per theme, each with its interval, and importance.

    `values` (n,) whose mean is the headline figure; `customers` (n,) are the units resampled in `rounds`.
    """
    moments = _moments(values, customers, mentions, themes, rounds)
    others = moments.answers[:, None] - moments.told
    without = (moments.total[:, None] - moments.told_total) / others
    difference = moments.told_total / moments.told - without
    impact = (moments.total / moments.answers)[:, None] - without
    contribution, importance = _attributed(moments)
    share = moments.told[0] / moments.answers[0]
    spread = float(values.std(ddof=1))
    speakers = _speakers(customers, mentions, themes)
    figures = {"importance": importance / max(float(values.var()), 1e-12)}
    for name, found, scale in (
        ("difference", difference, 1.0), ("impact", impact, share), ("contribution", contribution, share)
    ):  # fmt: skip
        error = _error(found, speakers, spread * scale)
        margin = students(speakers - 1) * error
        low, high = ("low", "high") if name == "difference" else (f"{name}_low", f"{name}_high")
        figures |= {name: found[0], low: found[0] - margin, high: found[0] + margin}
        if name == "contribution":
            figures["p_value"] = two_sided(found[0], error, speakers - 1)
    return pd.DataFrame(figures)


def _error(found: Array, speakers: Array, spread: Array | float) -> Array:
    """The bootstrap's standard error; with Student's t at one less than the `speakers` it makes the interval.

    Degrees of freedom and error are those of the customers who mention the theme, the smaller group as a rule. The
    percentile interval of the bootstrap is too narrow for such small groups (Efron and Tibshirani 1993, chapter 13).
    """
    own = speakers / (speakers + BORROWED)
    drawn = found[1:].var(axis=0, ddof=1) if len(found) > 2 else np.full(speakers.shape, np.nan)
    return np.sqrt(own * drawn + (1 - own) * spread**2 / speakers)


def _speakers(customers: Array, mentions: Mentions, themes: int) -> Array:
    """How many customers mention each theme."""
    _, who = np.unique(customers, return_inverse=True)
    distinct = np.unique(who[mentions.response] * themes + mentions.theme)
    return np.bincount(distinct % themes, minlength=themes).astype(float)


def _moments(values: Array, customers: Array, mentions: Mentions, themes: int, rounds: int) -> Moments:
    """The sample's sums and those of every bootstrap round; what one customer says is summed up first."""
    names, who = np.unique(customers, return_inverse=True)
    values = values - values.mean()
    response, pair = _together(mentions, values.size, themes)
    entries = [
        (who, np.zeros(who.size, int), np.ones(who.size)),
        (who, np.ones(who.size, int), values),
        (who[mentions.response], 2 + mentions.theme, values[mentions.response]),
        (who[response], 2 + themes + pair, np.ones(pair.size)),
    ]
    size = 2 + themes + themes**2
    holder, what, amounts = (np.concatenate(column) for column in zip(*entries, strict=True))
    summed = _summed(holder, what, amounts, size)
    sums = bootstrap_sums(*summed, shape=(names.size, size), rounds=rounds, seed=seed_of(names))
    together = sums[:, 2 + themes :].reshape(-1, themes, themes)
    told = np.einsum("rpp->rp", together).copy()
    together += np.triu(together, 1).transpose(0, 2, 1)
    return Moments(sums[:, 0], sums[:, 1], told, sums[:, 2 : 2 + themes], together)


def _summed(who: Array, what: Array, amounts: Array, size: int) -> tuple[Array, Array, Array]:
    """The amounts summed per customer and thing (below `size`): customer, thing, sum."""
    codes, place = np.unique(who * size + what, return_inverse=True)
    return codes // size, codes % size, np.bincount(place, amounts, codes.size)


def _together(mentions: Mentions, responses: int, themes: int) -> tuple[Array, Array]:
    """Every pair of themes, first <= second, that one response mentions: the response, and first x themes + second."""
    order = np.argsort(mentions.response, kind="stable")
    who, what = mentions.response[order], mentions.theme[order]
    counts = np.bincount(who, minlength=responses)
    starts, each = np.cumsum(counts) - counts, counts[who]
    first: Array = np.repeat(np.arange(who.size), each)
    second = starts[who[first]] + np.arange(first.size) - np.repeat(np.cumsum(each) - each, each)
    kept = what[first] <= what[second]
    first, second = first[kept], second[kept]
    return who[first], what[first] * themes + what[second]


def _attributed(moments: Moments) -> tuple[Array, Array]:
    """Contribution in points (r, p) and, of the sample as it is, importance in units of variance (p,)."""
    size = moments.answers[:, None]
    share, mean = moments.told / size, moments.total[:, None] / size
    spread = moments.together / size[:, :, None] - share[:, :, None] * share[:, None, :]
    spread += RIDGE / size[:, :, None] * np.eye(share.shape[1])
    common = moments.told_total / size - share * mean
    points, variance = shapley(spread[:1], common[:1], share[:1], orders=ORDERS)
    parts = [points]
    for start in range(1, len(share), BATCH):
        batch = slice(start, start + BATCH)
        parts.append(shapley(spread[batch], common[batch], share[batch], orders=ROUND_ORDERS)[0])
    return np.concatenate(parts), variance[0]


def shapley(spread: Array, common: Array, share: Array, *, orders: int) -> tuple[Array, Array]:
    """Shapley values of a linear regression on p themes, for a batch of r samples: (points, variance), both (r, p).

    `spread` (r, p, p) covariance of the themes, `common` (r, p) their covariance with the score, `share` (r, p) their
    means. `points` splits the mean of the fitted score minus its intercept, share'b: how far the themes move the
    headline figure from that of a response without any. `variance` splits the explained variance: the LMG of
    Lindeman, Merenda and Gold 1980 (Grömping 2007). Both are averages over orders of what a theme adds to those before
    it, and add up exactly. One Cholesky factor L per order yields every step at once: with z = inv(L) common and
    u = inv(L) share, theme k adds u_k z_k points and z_k squared variance, because inv(spread) of any first k themes is
    made of L's first k rows.
    """
    rounds, themes = common.shape
    points, variance = np.zeros((rounds, themes)), np.zeros((rounds, themes))
    chosen: Array = np.array([*_orders(themes, orders)])
    if rounds == 1:
        # All orders of the one sample at once: a loop in Python takes ten times as long.
        pairs = chosen[:, :, None], chosen[:, None, :]
        z, u = _steps(spread[0][pairs], common[0][chosen], share[0][chosen])
        np.add.at(points[0], chosen, u * z)
        np.add.at(variance[0], chosen, z * z)
        return points / len(chosen), variance / len(chosen)
    for order in chosen:
        z, u = _steps(spread[:, order][:, :, order], common[:, order], share[:, order])
        points[:, order] += u * z
        variance[:, order] += z * z
    return points / len(chosen), variance / len(chosen)


def _orders(themes: int, orders: int) -> Iterator[Array]:
    """All orders of few themes; for many, random ones, each with its reverse (antithetic sampling)."""
    if themes <= EXACT_THEMES:
        yield from (np.array(order) for order in permutations(range(themes)))
        return
    generator = np.random.default_rng(themes)
    for _ in range(orders // 2):
        order = generator.permutation(themes)
        yield order
        yield order[::-1]


def _steps(spread: Array, common: Array, share: Array) -> tuple[Array, Array]:
    """inv(L) common and inv(L) share, L the Cholesky factor of `spread`: the last two rows of a larger factor."""
    rounds, themes = common.shape
    bordered = np.zeros((rounds, themes + 2, themes + 2))
    bordered[:, :themes, :themes] = spread
    bordered[:, themes, :themes], bordered[:, themes + 1, :themes] = common, share
    scale = 1 + np.abs(common).max(axis=1) + np.abs(share).max(axis=1)
    bordered[:, [themes, themes + 1], [themes, themes + 1]] = (1e12 * scale**2)[:, None]
    factor = np.linalg.cholesky(bordered)
    return factor[:, themes, :themes], factor[:, themes + 1, :themes]

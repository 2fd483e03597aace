"""What figures a table of feedback allows: for each a value per row, how the values become the figure, and what it is.

A score counts once per response, whether or not the response has a comment; sentiment counts the comments that were
judged; churn, value and contacts count customers. This module groups nothing and compares nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np
import pandas as pd

from voc.config import MetricsConfig
from voc.errors import ConfigError
from voc.estimates import MEDIAN, NET, PERCENT, SHARE, Kind, Sample
from voc.hours import hours_between, parse_hours
from voc.intervals import Array
from voc.scores import SCORES, Headline, customer_keys, easy, gone, headline, one_per_customer, real, responses

Within = Callable[[pd.Timestamp, pd.Timestamp], Array]


@dataclass(frozen=True)
class Figure:
    """One metric over the rows of one table.

    `values` (n,) has nan where there is no answer; without a `kind` they are counted. `compared` says whether it is one
    of the headline figures that segments and periods are compared by, `better` which direction of it is good. `within`
    gives the values of a period, where they are not just those of the rows that fall in it. `beyond` counts the people
    of whom there is no row, each a 0.
    """

    metric: str
    values: Array
    kind: Kind | None
    unit: str
    definition: str
    compared: bool = False
    better: str | None = None
    within: Within | None = None
    beyond: int = 0

    def sample(self, members: Array, who: Array | None, *, values: Array | None = None) -> Sample:
        """The answers of the rows `members`."""
        chosen = (self.values if values is None else values)[members]
        if self.beyond:
            return Sample.of(np.concatenate([chosen, np.zeros(self.beyond)]))
        return Sample.of(chosen, None if who is None else who[members])


@dataclass(frozen=True)
class Answers:
    """Rows that figures are put on: the table with its segments and dates, who speaks in each row (None = all
    different people), and the figures. `split` and `dated`: whether segments and periods make sense."""

    table: pd.DataFrame
    who: Array | None
    figures: list[Figure] = field(default_factory=list)
    split: bool = True
    dated: bool = True


def answers_of(feedback: pd.DataFrame, config: MetricsConfig) -> list[Answers]:
    """Every figure that the columns allow: of comments, responses, invitations and customers."""
    comments, answered = real(feedback).reset_index(drop=True), responses(feedback)
    people = one_per_customer(answered)
    sets = [
        Answers(comments, _who(customer_keys(comments)), _comment_figures(comments)),
        Answers(answered, _who(answered["customer"]), [*_score_figures(answered), *_time_figures(answered, config)]),
        *_invitations(answered),
        Answers(people, None, [*_churn_figures(people), *_value_figures(people, config)], dated=False),
        Answers(people, None, _undated_figures(people), dated=False),
        *_contacts(answered, people, config),
    ]
    return [each for each in sets if each.figures]


def _who(keys: pd.Series) -> Array | None:
    codes, names = pd.factorize(keys)
    return None if len(names) == len(keys) else codes


def _numbers(values: pd.Series) -> Array:
    return values.astype("Float64").to_numpy(float, na_value=np.nan)


def _flag(values: Array, hit: Array) -> Array:
    return np.where(np.isnan(values), np.nan, hit.astype(float))


def _given(table: pd.DataFrame, *names: str) -> bool:
    """Whether the columns are there and each has a value."""
    return all(name in table.columns and bool(table[name].notna().any()) for name in names)


# ------------------------------------------------------------------------------------------------------------ comments


def _comment_figures(comments: pd.DataFrame) -> list[Figure]:
    """Volume, and what the judged comments say."""
    used = comments["skip"].isna() if "skip" in comments.columns else pd.Series(data=True, index=comments.index)
    volume = np.where(used.to_numpy(bool), 1.0, np.nan)
    meaning = "number of comments with usable text; a count, no estimate"
    figures = [Figure("volume", volume, None, "comments", meaning)]
    if _given(comments, "label"):
        figures += _sentiment_figures(comments["label"].where(used))
    if _given(comments, "severity"):
        bad = _numbers(comments["severity"].where(used))
        meaning = "mean severity (0 = harmless, 1 = grave) of the judged comments, each by its whole text; t interval"
        figures.append(Figure("severity", bad, Kind("mean", (0.0, 1.0)), "0-1", meaning, better="low"))
    if _given(comments, "experience"):
        meaning = (
            "customer experience score, 0-100: mean over comments of the weighted mean of sentiment, ease, harmlessness"
            " and survey, each 0-1, missing parts left out; t interval"
        )
        score = _numbers(comments["experience"])
        kind = Kind("mean", (0.0, 100.0))
        figures.append(Figure("experience", score, kind, "0-100", meaning, compared=True, better="high"))
    return figures


def _sentiment_figures(label: pd.Series) -> list[Figure]:
    points = _numbers(label.map({"positive": 100.0, "neutral": 0.0, "negative": -100.0}))
    said = "share of positive minus share of negative among the judged comments, -100 to 100; adjusted Wald interval"
    bad = "share of negative among the judged comments, 0 to 1; Wilson interval"
    return [
        Figure("net_sentiment", points, NET, "points", f"{said} (Rocks 2016)", compared=True, better="high"),
        Figure("share_negative", _flag(points, points == -100), SHARE, "share", bad, better="low"),
    ]


# ----------------------------------------------------------------------------------------------------------- responses


def _score_figures(answered: pd.DataFrame) -> list[Figure]:
    given = [each for each in (headline(answered, name) for name in SCORES) if each is not None]
    return [figure for each in given for figure in _SCORE_FIGURES[each.name](each)]


def _nps_figures(score: Headline) -> list[Figure]:
    said = "NPS = % promoters (9-10) minus % detractors (0-6) of the responses, -100 to 100; adjusted Wald interval"
    points = score.values
    return [
        Figure("nps", points, NET, "points", f"{said} (Rocks 2016)", compared=True, better="high"),
        Figure("share_promoters", _flag(points, points == 100), SHARE, "share", "share of 9-10; Wilson interval"),
        Figure("share_passives", _flag(points, points == 0), SHARE, "share", "share of 7-8; Wilson interval"),
        Figure("share_detractors", _flag(points, points == -100), SHARE, "share", "share of 0-6; Wilson interval"),
    ]


def _csat_figures(score: Headline) -> list[Figure]:
    box = sorted({float(answer) for answer in score.answers[score.values == 100]})
    counted = f"{box[0]:g} to {box[-1]:g}" if len(box) > 1 else "".join(f"{each:g}" for each in box) or "none given"
    said = f"CSAT = % of the responses in the top boxes (here {counted}) of the scale {score.scale}; Wilson interval"
    mean = f"mean satisfaction on the scale {score.scale}; t interval"
    ends = (score.scale.low, score.scale.high)
    return [
        Figure("csat", score.values, PERCENT, "%", said, compared=True, better="high"),
        Figure("csat_mean", score.answers, Kind("mean", ends), f"on {ends[0]:g}-{ends[1]:g}", mean),
    ]


def _ces_figures(score: Headline) -> list[Figure]:
    """CES 1.0 asks how much effort it was (low is good), CES 2.0 whether it was made easy (high is good)."""
    version = {"low": "CES 1.0", "high": "CES 2.0", None: "CES"}[score.better]
    said = f"{version} = mean effort score on the scale {score.scale}; t interval"
    kind = Kind("mean", score.bounds)
    if score.better is None:
        warning = "; whether high or low is good is not declared, so no share of easy contacts is given"
        return [Figure("ces", score.values, kind, score.unit, said + warning, compared=True)]
    effortless = _flag(score.answers, easy(score.answers, score.scale))
    share = f"{version}: share of responses on the easy side of the middle of the scale {score.scale}; Wilson interval"
    return [
        Figure("ces", score.values, kind, score.unit, said, compared=True, better=score.better),
        Figure("share_easy", effortless, SHARE, "share", share, better="high"),
    ]


def _rating_figures(score: Headline) -> list[Figure]:
    said = f"mean rating on the scale {score.scale}; t interval"
    kind = Kind("mean", score.bounds)
    return [Figure("rating", score.values, kind, score.unit, said, compared=True, better=score.better)]


_SCORE_FIGURES: dict[str, Callable[[Headline], list[Figure]]] = {
    "nps": _nps_figures, "csat": _csat_figures, "ces": _ces_figures, "rating": _rating_figures
}  # fmt: skip


def _time_figures(answered: pd.DataFrame, config: MetricsConfig) -> Iterator[Figure]:
    """First reply and resolution time, mean and median, in hours of the calendar or of business."""
    hours = parse_hours(config.business_hours, zone=config.time_zone, holidays=config.holidays)
    told = {
        "first_reply_time": ("first_reply_at", "hours from creation to the first public reply"),
        "resolution_time": ("resolved_at", "hours from creation to the last time it was solved"),
    }
    for metric, (column, meaning) in told.items():
        if not _given(answered, "created_at", column):
            continue
        passed = hours_between(answered["created_at"], answered[column], hours)
        passed = np.where(passed >= 0, passed, np.nan)
        if np.isnan(passed).all():
            continue
        said = f"{meaning}, {hours or 'calendar time'}, where both are known and in order"
        mean, median = f"mean {said}; t interval", f"median {said}; interval by order statistics"
        yield Figure(metric, passed, Kind("mean", (0.0, inf)), "hours", mean, compared=True, better="low")
        yield Figure(f"{metric}_median", passed, MEDIAN, "hours", median, better="low")


def _invitations(answered: pd.DataFrame) -> Iterator[Answers]:
    """The response rate, by the day of the invitation; none where the file holds only those who answered."""
    if not _given(answered, "invited_at"):
        return
    asked = answered[answered["invited_at"].notna()].reset_index(drop=True)
    scores = [name for name in SCORES if name in asked.columns]
    replied = asked[scores].notna().any(axis=1) | asked["text"].fillna("").str.strip().ne("")
    if replied.all():
        return
    said = "responses / invitations: share of those asked who gave a score or a comment, 0 to 1; Wilson interval"
    rate = Figure("response_rate", replied.to_numpy(float), SHARE, "share", said, compared=True, better="high")
    yield Answers(asked.assign(created_at=asked["invited_at"]), _who(asked["customer"]), [rate])


# ----------------------------------------------------------------------------------------------------------- customers


def _churn_figures(people: pd.DataFrame) -> list[Figure]:
    """Churn and retention of the customers in the file; in a period, of those who were customers at its start."""
    lost = gone(people)
    if np.nan_to_num(lost).max(initial=0) == 0:
        return []
    said = "customers lost / customers, of those in the file; in a period: lost in it / customers at its start"
    unsaid = "" if _given(people, "joined_at") else " (no dates of joining: all count as customers from the beginning)"
    all_said = f"{said}{unsaid}; Wilson interval"
    kept = f"1 - churn rate; {all_said}"
    within = _lost_within(people) if _given(people, "churned_at") else None
    keep = None if within is None else _kept_within(within)
    return [
        Figure("churn_rate", lost, SHARE, "share", all_said, compared=True, better="low", within=within),
        Figure("retention_rate", 1 - lost, SHARE, "share", kept, better="high", within=keep),
    ]


def _lost_within(people: pd.DataFrame) -> Within:
    left = people["churned_at"]
    joined = people["joined_at"] if "joined_at" in people.columns else pd.Series(pd.NaT, people.index, dtype=left.dtype)

    def lost(start: pd.Timestamp, end: pd.Timestamp) -> Array:
        there = ~(joined >= start).to_numpy(bool) & ~(left < start).to_numpy(bool)
        return np.where(there, (left < end).to_numpy(float), np.nan)

    return lost


def _kept_within(lost: Within) -> Within:
    return lambda start, end: 1 - lost(start, end)


def _undated_figures(people: pd.DataFrame) -> list[Figure]:
    """Repeated contact among those in touch, and how often, where the file tells customers from each other."""
    if not _given(people, "customer_id") or people["n_responses"].max() < 2:
        return []
    often = people["n_responses"].to_numpy(float)
    known = np.where(people["customer_id"].notna(), often, np.nan)
    again = (
        "share of the customers in the file with more than one contact (response or ticket), 0 to 1; Wilson interval"
    )
    mean = "contacts (responses or tickets) per customer in the file; t interval"
    return [
        Figure("repeat_contact_rate", _flag(known, known > 1), SHARE, "share", again, better="low"),
        Figure("contacts_per_customer", known, Kind("mean", (1.0, inf)), "contacts", mean, better="low"),
    ]


def _value_figures(people: pd.DataFrame, config: MetricsConfig) -> Iterator[Figure]:
    """Yearly revenue and lifetime value per customer."""
    if _given(people, "revenue"):
        said = "mean yearly revenue of the customers with a figure; t interval"
        yield Figure("revenue", _numbers(people["revenue"]), Kind("mean"), "money", said, better="high")
    if _given(people, "clv"):
        said = "mean lifetime value of the customers, as the file has it; t interval"
        yield Figure("clv", _numbers(people["clv"]), Kind("mean"), "money", said, compared=True, better="high")
    elif _given(people, "revenue") and (found := lifetime(config)):
        factor, said = found
        value = _numbers(people["revenue"]) * factor - config.acquisition_cost
        said = (
            f"mean lifetime value of the customers = {said} - acquisition cost {config.acquisition_cost:g}; t interval"
        )
        yield Figure("clv", value, Kind("mean"), "money", said, compared=True, better="high")


def lifetime(config: MetricsConfig) -> tuple[float, str] | None:
    """By what yearly revenue is multiplied to give the lifetime value, and in words; None where nothing says.

    m r / (1 + i - r), with retention r and discount rate i (Gupta and Lehmann 2003), or revenue x years.
    """
    if config.retention is not None:
        r, i = config.retention, config.discount
        if not 0 <= r <= 1 or i < 0 or r == 1 + i:
            raise ConfigError(
                f"metrics.retention must lie within 0-1 and metrics.discount above 0, not {r:g} and {i:g}"
            )
        return r / (1 + i - r), f"m r / (1 + i - r), m yearly revenue, r retention {r:g}, i discount rate {i:g}"
    if config.clv_years is not None:
        return config.clv_years, f"yearly revenue x {config.clv_years:g} years"
    return None


def _contacts(answered: pd.DataFrame, people: pd.DataFrame, config: MetricsConfig) -> Iterator[Answers]:
    """The contact rate: contacts per customer, those without any included."""
    if _given(people, "contacts"):
        said = "contact rate: contacts per customer in the file, as it counts them; t interval"
        yield Answers(people, None, [_rate_of_contact(_numbers(people["contacts"]), said)], dated=False)
    elif config.customers is not None:
        yield Answers(people, None, [_contact_rate(answered, people, config.customers)], split=False, dated=False)


def _contact_rate(answered: pd.DataFrame, people: pd.DataFrame, base: int) -> Figure:
    if base < len(people):
        raise ConfigError(f"metrics.customers is {base:,}, but the file alone has {len(people):,} customers")
    place = pd.Index(people["customer"]).get_indexer(pd.Index(answered["customer"]))

    def within(start: pd.Timestamp, end: pd.Timestamp) -> Array:
        inside = ((answered["created_at"] >= start) & (answered["created_at"] < end)).to_numpy(bool)
        return np.bincount(place[inside], minlength=len(people)).astype(float)

    said = f"contact rate: contacts (responses or tickets) / {base:,} customers, silent ones included; t interval"
    rate = _rate_of_contact(people["n_responses"].to_numpy(float), said)
    dated = within if _given(answered, "created_at") else None
    return replace(rate, within=dated, beyond=base - len(people), compared=False)


def _rate_of_contact(counts: Array, said: str) -> Figure:
    kind = Kind("mean", (0.0, inf))
    return Figure("contact_rate", counts, kind, "contacts per customer", said, compared=True, better="low")

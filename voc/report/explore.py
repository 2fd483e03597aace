"""What the filter of the page works on: the comments as aggregated counts, a sample of quotes, and the words it needs.

No customer is in it: a cell says how many comments of one period, channel, language … tell of one theme, and the sums
from which the figures follow. The script adds cells up; it can therefore show any selection without a server.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from voc.intervals import Array
from voc.report.counts import (
    PERIOD,
    Counted,
    Dimension,
    Score,
    count_comments,
    count_experience,
    count_responses,
    counted_rows,
)
from voc.report.figures import ORDER, words
from voc.report.speech import UNITS, Speech, Unit
from voc.report.trend import Calendar
from voc.report.wording import shortened
from voc.tables import Analysis

MOST_CELLS = 20_000
"""Cells the page holds, about 40 bytes each: trades the detail of a filter over many columns for a page that a mail can
carry. Guarded by test_a_hundred_thousand_comments_stay_small."""
COARSER = ((12, 1), (8, 1), (6, 4), (4, 13), (3, 60))
"""Steps in which a filter is made coarser until it fits: values of a column, periods that become one."""
QUOTES, LENGTH = 12, 240
"""Quotes a theme, and characters of each, from which the filter shows those that fit."""
ALL, REST = -1, -1
SCRIPT_TEXTS = (
    "filter_count", "filter_none", "too_few", "to", "comments_by", "n_answers", "everybody", "selection", "elsewhere",
    "no_quotes",
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One filter: its name in the data, what it is called, and its values as (code, name)."""

    name: str
    title: str
    values: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Explorer:
    """The filters of the page, and what the script reads."""

    choices: tuple[Choice, ...]
    periods: tuple[tuple[int, str], ...]
    themes: tuple[tuple[int, str], ...]
    facts: dict[str, Any]


def explorer(analysis: Analysis, calendar: Calendar | None, speech: Speech, *, most: int) -> Explorer | None:
    """The filter for the `most` first issues; missing where there is nothing to choose from."""
    issues = analysis.issues.sort_values(["rank", "theme_id"], kind="stable").head(most)
    themes = [str(each) for each in issues["theme_id"]]
    made = [make(analysis, themes, calendar) for make in (count_comments, count_responses, count_experience)]
    counted = [made[0], *(each for each in made[1:] if each.scores)]
    if not counted[0].size or not (counted[0].dimensions or themes):
        return None
    fitting = _fitted(counted)
    dimensions, span = fitting[0].dimensions, _span(fitting[0], calendar)
    named = {each.name: _named(each, calendar, speech, span) for each in dimensions}
    choices = tuple(
        Choice(each.name, speech.column(each.name), tuple(enumerate(named[each.name])))
        for each in dimensions
        if each.name != PERIOD
    )
    labels = [words(label) for label in issues["label"]]
    order = {name: place for place, name in enumerate(ORDER)}
    facts = {
        "lang": speech.code,
        "dimensions": [each.name for each in dimensions],
        "kinds": [len(each.scores) for each in fitting],
        "scores": [_told(score, speech, order) for each in fitting for score in each.scores],
        "themes": labels,
        "cells": [row for place, each in enumerate(fitting) for row in _cells(each, place)],
        "quotes": _quotes(analysis, themes, dimensions),
        "least": int(analysis.settings.get("metrics", {}).get("min_answers", 10)),
        "periods": named.get(PERIOD, []),
        "texts": {key: speech.texts[key] for key in SCRIPT_TEXTS},
    }
    return Explorer(choices, tuple(enumerate(named.get(PERIOD, []))), tuple(enumerate(labels)), facts)


def _fitted(counted: list[Counted]) -> list[Counted]:
    """The counts, made coarser until they have few enough cells."""
    for values, periods in COARSER:
        fitting = [_coarser(each, values, periods) for each in counted]
        if sum(map(_n_cells, fitting)) <= MOST_CELLS:
            return fitting
    while sum(map(_n_cells, fitting)) > MOST_CELLS and len(fitting[0].dimensions) > 1:
        fitting = [replace(each, dimensions=each.dimensions[:-1]) for each in fitting]
    return fitting


def _coarser(counted: Counted, values: int, periods: int) -> Counted:
    return replace(
        counted,
        dimensions=tuple(
            replace(each, values=each.values[::periods], codes=each.codes // periods)
            if each.name == PERIOD
            else replace(each, values=each.values[:values], codes=np.where(each.codes < values, each.codes, REST))
            for each in counted.dimensions
        ),
    )


def _n_cells(counted: Counted) -> int:
    keys = np.stack([np.zeros(counted.size, int), *(each.codes for each in counted.dimensions)], axis=1)
    _, place = np.unique(keys, axis=0, return_inverse=True)
    themed = np.stack([place[counted.theme_rows], counted.theme_codes], axis=1)
    return len(np.unique(place)) + len(np.unique(themed, axis=0))


def _cells(counted: Counted, kind: int) -> list[list[float]]:
    """One list a cell: kind of row, theme (-1 = whatever it tells of), a code per dimension, rows, and for each score
    answers, sum and sum of squares."""
    whole = np.arange(counted.size)
    rows = np.concatenate([whole, counted.theme_rows])
    themes = np.concatenate([np.full(counted.size, ALL), counted.theme_codes])
    keys = np.stack([themes, *(each.codes[rows] for each in counted.dimensions)], axis=1)
    cells, place = np.unique(keys, axis=0, return_inverse=True)
    place = place.ravel()
    sums = [np.bincount(place, minlength=len(cells))]
    for score in counted.scores:
        values = _scaled(score)[rows]
        given = ~np.isnan(values)
        sums += [np.bincount(place[given], values[given] ** power, minlength=len(cells)) for power in (0, 1, 2)]
    table = np.column_stack([cells, *sums])
    return [[kind, *map(_short, row)] for row in table.tolist()]


def _scaled(score: Score) -> Array:
    """Net scores as -1, 0, 1 and percentages as 0, 1, so that their sums are small whole numbers."""
    return score.values / 100 if score.kind != "mean" else score.values


def _short(value: float) -> float:
    return int(value) if value == int(value) else round(value, 3)


def _told(score: Score, speech: Speech, order: dict[str, int]) -> dict[str, Any]:
    """What the script must know of a score to compute and to write it."""
    how = UNITS.get(score.unit, Unit())
    return {
        "metric": score.metric,
        "name": speech.metric(score.metric),
        "kind": score.kind,
        "decimals": 0 if how.percent else how.decimals,
        "signed": how.signed,
        "suffix": "%" if how.percent else how.suffix,
        "order": order.get(score.metric, len(order)),
        "worth": round(score.worth, 4),
        "people": round(score.people, 4),
        "bounds": [*score.bounds] if np.isfinite(score.bounds).all() else None,
    }


def _span(counted: Counted, calendar: Calendar | None) -> int:
    """How many periods of the calendar one period of the filter spans."""
    dated = next((each for each in counted.dimensions if each.name == PERIOD), None)
    return 1 if dated is None or calendar is None else -(-len(calendar.starts) // max(len(dated.values), 1))


def _named(dimension: Dimension, calendar: Calendar | None, speech: Speech, span: int) -> list[str]:
    if dimension.name == PERIOD and calendar is not None:
        names = [speech.period(start, calendar.unit) for start in calendar.starts]
        ends = zip(names[::span], [*names[span - 1 :: span], names[-1]], strict=False)
        return [first if first == last else speech.say("to", low=first, high=last) for first, last in ends]
    return [speech.language(value) if dimension.name == "lang" else value for value in dimension.values]


def _quotes(analysis: Analysis, themes: list[str], dimensions: Sequence[Dimension]) -> list[list[Any]]:
    """Quotes of each theme: theme, codes of its comment, text, language; the best first. Only comments that the figures
    count are quoted."""
    clauses = analysis.clauses
    if "theme_id" not in clauses or not themes:
        return []
    ids = pd.Index(counted_rows(analysis)["feedback_id"])
    told = clauses[clauses["theme_id"].isin(themes) & clauses["feedback_id"].isin(ids)].copy()
    told["best"] = told["quote_rank"].fillna(10_000) if "quote_rank" in told else 10_000
    told["fit"] = -told["theme_score"].astype("Float64").fillna(0) if "theme_score" in told else 0.0
    told = told.sort_values(["best", "fit", "clause_id"]).drop_duplicates(["theme_id", "feedback_id"])
    chosen = told.groupby("theme_id", sort=False).head(QUOTES)
    places = ids.get_indexer(pd.Index(chosen["feedback_id"]))
    return [
        [themes.index(str(row["theme_id"])), *(int(each.codes[place]) for each in dimensions), *_words(row)]
        for place, row in zip(places, chosen.to_dict("records"), strict=True)
    ]


def _words(row: dict[Hashable, Any]) -> tuple[str, str]:
    lang = words(row.get("lang"))
    return shortened(words(row["text"]), LENGTH), "" if lang == "und" else lang

"""Themes: clauses in, the same clauses with `theme_id`, `theme_score` and `quote_rank`, and a table of themes, out.

Clauses with near meanings become neighbours in a graph; Leiden finds its communities; the number of themes is the one
on which random samples of the clauses agree (`theme_graph`). A theme's name is made of its customers' words
(`theme_labels`). Neither the order of the rows, nor threads, nor how often a sentence was copied changes the grouping.

What this module does not do: judge sentiment, rank, remember earlier runs, or nest themes.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from voc.config import ThemesConfig
from voc.errors import InputError
from voc.tables import CLAUSES, THEMES
from voc.theme_graph import centre, centres, discover, similarity
from voc.theme_labels import name_themes

CUT = 0.25
"""A clause whose label is neutral still is a complaint at a sentiment of -0.25 or less, and praise at 0.25 or more."""

RESIDUAL = "t-other"
RESIDUAL_SHARE = 0.1
"""The most of the distinct clauses that may stay without a theme of their own; past it, the best-fitting ones join the
nearest theme. Users of other tools lose 30-56 % to a residual. Guarded by `test_the_residual_is_bounded`."""

OUTERMOST = 0.1
"""A stray clause joins a theme when it is as near its centre as the outermost tenth of the theme's own clauses."""

NOVELTY, CLARITY = 0.5, 0.2
"""What a quote gains against being central (1): by being unlike the quotes already chosen (maximal marginal relevance),
and by a sure judgement and strong feeling. Chosen by reading quotes of hospital, hotel and product complaints."""

QUOTE_WORDS = (6, 40)


@dataclass(frozen=True)
class Grouped:
    """The group of every distinct text: `groups` (n,) numbered 0, 1, 2 …, -1 = no theme.

    Per group its firmness (0-1), and its id where the theme is known from an earlier run.
    """

    groups: np.ndarray
    firmness: np.ndarray
    ids: tuple[str | None, ...]


Group: TypeAlias = Callable[[np.ndarray, pd.DataFrame, pd.DataFrame, ThemesConfig], Grouped]
"""Points (n, d), the distinct texts in their order, and the clauses that say them (`node` is the text's number)."""


def group_afresh(points: np.ndarray, texts: pd.DataFrame, mentions: pd.DataFrame, config: ThemesConfig) -> Grouped:  # noqa: ARG001
    """Groups found in the texts alone, without a memory of earlier runs."""
    grouping = discover(points, neighbours=config.neighbours, resolution=config.resolution)
    groups = _settle(points, grouping.groups, mentions, config.min_feedback)
    return Grouped(groups, grouping.firmness, (None,) * len(grouping.firmness))


def find_themes(
    clauses: pd.DataFrame, vectors: np.ndarray, config: ThemesConfig, *, group: Group = group_afresh
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Group the clauses that `config.of` names; the others keep their theme missing.

    `vectors` (n, d) holds one row per clause, in the same order. Themes come largest first; the residual, if there is
    any, last, with the status "residual". A `theme_id` is a hash of the theme's three most central texts, so that equal
    themes have equal ids in every run; `theme_score` and `cohesion` are cosines to the theme's centre, at least 0.
    `group` tells which texts belong together; a memory of earlier runs has one of its own.
    """
    clauses = CLAUSES.check(clauses, *(() if config.of == "everything" else ("sentiment", "label")))
    if len(clauses) != len(vectors):
        raise InputError(f"There are {len(clauses)} clauses but {len(vectors)} vectors; each clause needs one")
    mentions = _mentions(clauses, config.of)
    if mentions.empty:
        return CLAUSES.add(clauses, theme_id=pd.NA, theme_score=np.nan, quote_rank=pd.NA), THEMES.empty()
    texts = _distinct(mentions)
    points = centre(np.nan_to_num(np.asarray(vectors)[texts["row"]]), texts["lang"].to_numpy(str))
    grouped = group(points, texts, mentions, config)
    texts["theme"], order = _largest_first(grouped.groups, mentions)
    texts["fit"] = _fit(points, texts["theme"].to_numpy())
    texts["quote_rank"] = _quotes(points, texts, config)
    mentions = mentions.join(texts[["theme", "fit"]], on="node")
    themes = _table(mentions, texts, grouped.firmness[order], [grouped.ids[each] for each in order], config)
    return _mark(clauses, mentions, texts, themes["theme_id"]), themes


def _mentions(clauses: pd.DataFrame, of: str) -> pd.DataFrame:
    """The clauses to group, by text: `row` in the table, `node` the number of its distinct text, and what is known."""
    sentiment = _figures(clauses, "sentiment")
    label = clauses["label"] if "label" in clauses else pd.Series(pd.NA, clauses.index, dtype="string")
    chosen = {
        "complaints": label.eq("negative").fillna(value=False)
        | (label.ne("positive").fillna(value=True) & (sentiment <= -CUT)),
        "praise": label.eq("positive").fillna(value=False)
        | (label.ne("negative").fillna(value=True) & (sentiment >= CUT)),
        "everything": pd.Series(data=True, index=clauses.index),
    }[of] & clauses["text"].str.strip().fillna("").ne("")
    mentions = pd.DataFrame(
        {
            "row": np.arange(len(clauses)),
            "clause_id": clauses["clause_id"],
            "feedback_id": clauses["feedback_id"],
            "text": clauses["text"],
            "lang": clauses["lang"].fillna("und"),
            "sentiment": sentiment,
            "confidence": _figures(clauses, "confidence"),
            "key": clauses["text"].map(_key),
        }
    )[chosen.to_numpy(bool)].sort_values(["key", "text", "clause_id"], kind="stable", ignore_index=True)
    mentions["node"] = pd.factorize(mentions["key"])[0]
    return mentions


def _figures(clauses: pd.DataFrame, column: str) -> pd.Series:
    if column not in clauses:
        return pd.Series(np.nan, clauses.index)
    return clauses[column].astype("float64").fillna(np.nan)


def _key(text: str) -> str:
    """What makes two texts one: case, spacing and outer punctuation do not count."""
    folded = " ".join(text.casefold().split())
    return folded.strip(string.punctuation + " …“”„«»") or folded


def _distinct(mentions: pd.DataFrame) -> pd.DataFrame:
    """One row per distinct text: the first clause that says it, its commonest language, and a weight 1 + ln(comments).

    The weight is for words, not for geometry: a sentence pasted 500 times is one point, and speaks as seven.
    """
    by_text = mentions.groupby("node", sort=True)
    texts = by_text.first()
    langs = mentions.groupby(["node", "lang"]).size().reset_index(name="n")
    langs = langs.sort_values(["node", "n", "lang"], ascending=[True, False, True], kind="stable")
    texts["lang"] = langs.drop_duplicates("node")["lang"].to_numpy()
    texts["sentiment"] = by_text["sentiment"].mean()
    texts["weight"] = 1 + np.log(by_text["feedback_id"].nunique())
    return texts


def _settle(points: np.ndarray, groups: np.ndarray, mentions: pd.DataFrame, min_feedback: int) -> np.ndarray:
    """Groups (n,) with those of too few comments dissolved: each of their texts joins a near theme or the residual, -1.

    A group needs `min_feedback` comments, in files of few comments a tenth of them. Where no group has so many, all
    are one.
    """
    comments = mentions["feedback_id"].groupby(groups[mentions["node"]]).nunique()
    kept = comments.index[comments >= min(min_feedback, max(1, int(comments.sum()) // 10))].to_numpy()
    if not len(kept):
        return np.zeros_like(groups)
    fit = similarity(points, centres(points, groups)[kept])
    nearest = fit.argmax(axis=1)
    edge = np.array([np.quantile(fit[groups == group, place], OUTERMOST) for place, group in enumerate(kept)])
    loose = ~np.isin(groups, kept)
    joins = loose & (fit.max(axis=1) >= edge[nearest])
    strays = np.flatnonzero(loose & ~joins)
    strays = strays[np.argsort(fit[strays].max(axis=1), kind="stable")][: int(RESIDUAL_SHARE * len(groups))]
    settled = np.where(loose, kept[nearest], groups)
    settled[strays] = -1
    return settled


def _largest_first(settled: np.ndarray, mentions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Themes (n,) numbered by falling number of comments, the residual last; and which group each theme was."""
    comments = mentions["feedback_id"].groupby(settled[mentions["node"]]).nunique()
    order = comments[comments.index >= 0].sort_values(ascending=False, kind="stable").index.to_numpy()
    place = {group: theme for theme, group in enumerate(order)}
    return np.array([place.get(group, len(order)) for group in settled]), order


def _fit(points: np.ndarray, themes: np.ndarray) -> np.ndarray:
    """Cosine of each text to the centre of its theme, 0-1."""
    middle = centres(points, themes)
    fit = np.empty(len(points))
    for theme in range(len(middle)):
        own = themes == theme
        fit[own] = similarity(points[own], middle[theme : theme + 1])[:, 0]
    return np.clip(fit, 0, 1)


def _quotes(points: np.ndarray, texts: pd.DataFrame, config: ThemesConfig) -> pd.Series:
    """Rank 1 … `config.quotes` of the texts to quote per theme: central, clear, and unlike one another."""
    ranks = pd.Series(pd.NA, texts.index, dtype="Int32")
    direction = {"complaints": -1.0, "praise": 1.0, "everything": 0.0}[config.of]
    clarity = texts["confidence"].fillna(0) + direction * texts["sentiment"].fillna(0)
    worth = (texts["fit"] + CLARITY * clarity).to_numpy()
    readable = texts["text"].map(_n_words).between(*QUOTE_WORDS).to_numpy()
    for theme in range(int(texts["theme"].max()) + 1):
        own = np.flatnonzero(texts["theme"] == theme)
        candidates = own[readable[own]] if readable[own].any() else own
        for rank, node in enumerate(_unlike(points, worth, candidates, texts["feedback_id"], config.quotes), start=1):
            ranks.iloc[node] = rank
    return ranks


def _unlike(
    points: np.ndarray, worth: np.ndarray, candidates: np.ndarray, comments: pd.Series, wanted: int
) -> list[int]:
    """The most worthy candidate, then again and again the one most worthy and least like those before it."""
    candidates = candidates[np.argsort(-worth[candidates], kind="stable")][:100]
    chosen: list[int] = []
    penalty = np.zeros(len(candidates))
    while len(chosen) < min(wanted, len(candidates)):
        best = candidates[int(np.argmax(worth[candidates] - penalty))]
        chosen.append(int(best))
        alike = NOVELTY * similarity(points[candidates], points[best : best + 1])[:, 0]
        penalty = np.maximum(penalty, alike)
        penalty[(comments.iloc[candidates] == comments.iloc[best]).to_numpy(bool)] = np.inf
        if np.isinf(penalty).all():
            break
    return chosen


def _n_words(text: str) -> float:
    """Words; in scripts without spaces about two characters make one."""
    words = len(text.split())
    return words if words * 15 > len(text) else len(text) / 2


def _table(
    mentions: pd.DataFrame, texts: pd.DataFrame, firmness: np.ndarray, known: list[str | None], config: ThemesConfig
) -> pd.DataFrame:
    by_theme = mentions.groupby("theme", sort=True)
    themes = pd.DataFrame(
        {
            "n_clauses": by_theme.size(),
            "n_feedback": by_theme["feedback_id"].nunique(),
            "sentiment": by_theme["sentiment"].mean(),
            "cohesion": by_theme["fit"].mean(),
        }
    )
    named = len(firmness)
    names = name_themes(texts[texts["theme"] < named], keywords=config.keywords)
    rest = len(themes) - named
    labels = [name.label for name in names] + ["other"] * rest
    central = texts.sort_values("fit", ascending=False, kind="stable").groupby("theme")["key"]
    ids = [each or _id(central.get_group(theme).head(3)) for theme, each in enumerate(known)] + [RESIDUAL] * rest
    return THEMES.add(
        themes.reset_index(drop=True),
        theme_id=ids,
        parent_id=pd.NA,
        label=labels,
        keywords=[", ".join(name.keywords) for name in names] + [pd.NA] * rest,
        status=[config.of] * named + ["residual"] * rest,
        firmness=[*firmness, *[np.nan] * rest],
        n_clauses=themes["n_clauses"].to_numpy(),
        n_feedback=themes["n_feedback"].to_numpy(),
        sentiment=themes["sentiment"].to_numpy(),
        cohesion=themes["cohesion"].to_numpy(),
    )[list(THEMES.columns)]


def _id(texts: pd.Series) -> str:
    digest = hashlib.blake2b("\n".join(sorted(texts)).encode(), digest_size=5)
    return f"t-{digest.hexdigest()}"


def _mark(clauses: pd.DataFrame, mentions: pd.DataFrame, texts: pd.DataFrame, ids: pd.Series) -> pd.DataFrame:
    """The clauses with their themes; a quote marks the first clause that says it."""
    rows = mentions["row"].to_numpy()
    theme_id: np.ndarray = np.full(len(clauses), None, dtype=object)
    theme_id[rows] = ids.to_numpy(object)[mentions["theme"]]
    score = np.full(len(clauses), np.nan)
    score[rows] = mentions["fit"]
    rank = pd.array([pd.NA] * len(clauses), dtype="Int32")
    rank[texts["row"].to_numpy()] = texts["quote_rank"].array
    return CLAUSES.add(clauses, theme_id=theme_id, theme_score=score, quote_rank=rank)

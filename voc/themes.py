"""Themes: clauses in, the same clauses with their themes, and a table of themes and sub-themes, out.

Clauses with near meanings become neighbours in a graph; Leiden finds its communities; the number of themes is the one
on which random samples of the clauses agree (`theme_graph`). A theme's name is made of its customers' words
(`theme_labels`). Clauses of mere feeling go with the topic of their comment (`theme_tone`). Neither the order of the
rows, nor threads, nor how often a sentence was copied changes the grouping.

What this module does not do: judge sentiment, rank, or remember earlier runs.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from voc.config import ThemesConfig
from voc.encoder import Encoder, language_centres, topic_map
from voc.errors import InputError
from voc.tables import CLAUSES, KEYWORDS, RESIDUAL, THEMES, TONE
from voc.theme_graph import discover, divide
from voc.theme_labels import WORDLESS, keywords_by_language, leading_words, name_themes
from voc.theme_members import NOWHERE, OUTERMOST, members
from voc.theme_quotes import quote_ranks, sentences, worth
from voc.theme_tone import without_topic
from voc.theme_vectors import PLAIN, Space, centres, evened, similarity, turned, verdicts

CUT = 0.25
"""A clause whose label is neutral still is a complaint at a sentiment of -0.25 or less, and praise at 0.25 or more."""

STRAY, TOPICLESS, ASIDE = -1, NOWHERE, -3
"""Groups of texts that fit no theme; of those that have no topic, or say no word of the theme they lie near; and, among
these, of what is said in a comment that has a theme otherwise: it stays without one."""
NO_PLACE = -1
SWEEPING, BORROWED, OWN = 0.2, 0.15, 0.5
"""The mean probability of a verdict from which on a group of texts has no topic; and from which on it has none if less
than half of the uses of the word that would name it are its own ("lounge" in a file about lounges). Of the clauses of
six exports that were coded by hand one in seven judges the whole or nothing, in the groups above about every second
(most of them between a third and two thirds). Guarded by
`test_verdicts_on_the_whole_are_no_theme` and `test_a_word_that_all_themes_say_names_no_verdicts`."""
RESIDUAL_LABELS = {RESIDUAL: "other", TONE: "no particular topic"}
RESIDUAL_SHARE = 0.1
"""The most of the distinct clauses that may stay without a theme for lying too far from all; past it, the best-fitting
ones join the nearest theme. Of complaints and praise, those that say none of its words leave again (`theme_members`).
Users of other tools lose 30-56 % to a residual. Guarded by `test_the_residual_is_bounded`."""


@dataclass(frozen=True)
class Grouped:
    """The group of every distinct text: `groups` (n,) numbered 0, 1, 2 …, `STRAY` or `TOPICLESS`.

    Per group its firmness (0-1), and its id where the theme is known from an earlier run.
    """

    groups: np.ndarray
    firmness: np.ndarray
    ids: tuple[str | None, ...]


Group: TypeAlias = Callable[[np.ndarray, pd.DataFrame, pd.DataFrame, ThemesConfig], Grouped]
"""Points (n, d), the distinct texts in their order, and the clauses that say them (`node` is the text's number)."""


def group_afresh(points: np.ndarray, texts: pd.DataFrame, mentions: pd.DataFrame, config: ThemesConfig) -> Grouped:
    """Groups found in the texts alone, without a memory of earlier runs."""
    groups, firmness = _grouped(points, texts, mentions, config)
    return Grouped(groups, firmness, (None,) * len(firmness))


def space_of(encoder: Encoder) -> Space:
    """What a model knows of the space that its vectors lie in."""
    return Space(language_centres(encoder), **topic_map(encoder))


def find_themes(
    clauses: pd.DataFrame,
    vectors: np.ndarray,
    config: ThemesConfig,
    *,
    group: Group = group_afresh,
    space: Space = PLAIN,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Group the clauses that `config.of` names; the others keep their theme missing.

    `vectors` (n, d) holds one row per clause, in the same order. Themes come largest first; the residual, if there is
    any, after them, with the status "residual": `t-other` for topics too rare, `t-tone` for feelings without a topic;
    sub-themes last, each with the `parent_id` of its theme. A `theme_id` is a hash of the theme's three most central
    texts, so that equal themes have equal ids in every run; `theme_score` and `cohesion` are cosines to the theme's
    centre, at least 0. In `clauses`, `theme_id` is always the top level and `subtheme_id` the level below. `group`
    tells which texts belong together; a memory of earlier runs has one of its own. `space` is what the model knows of
    its vectors.
    """
    clauses = CLAUSES.check(clauses, *(() if config.of == "everything" else ("sentiment", "label")))
    if len(clauses) != len(vectors):
        raise InputError(f"There are {len(clauses)} clauses but {len(vectors)} vectors; each clause needs one")
    mentions = _mentions(clauses, config.of)
    if mentions.empty:
        return CLAUSES.add(
            clauses, theme_id=pd.NA, subtheme_id=pd.NA, theme_score=np.nan, quote_rank=pd.NA
        ), THEMES.empty()
    texts = _distinct(mentions)
    points = turned(np.nan_to_num(np.asarray(vectors)[texts["row"]]), texts["lang"].to_numpy(str), space)
    texts["verdict"], points = verdicts(points, space), evened(points)
    grouped = group(points, texts, mentions, config)
    groups, firmness = grouped.groups, grouped.firmness
    mentions["theme"] = _with_their_comment(groups, texts["feeling"].to_numpy(bool), mentions)
    place, order = _largest_first(mentions)
    groups = np.where((groups == TOPICLESS) & ~texts["feeling"], STRAY, groups)
    texts["theme"], mentions["theme"] = place[groups], place[mentions["theme"]]
    middle = centres(points, texts["theme"].to_numpy())
    texts["fit"] = _fit(points, middle, np.arange(len(texts)), texts["theme"].to_numpy())
    mentions["fit"] = _fit(points, middle, mentions["node"].to_numpy(), mentions["theme"].to_numpy())
    value = worth(texts, config.of)
    themes = _level(texts, mentions, value=value, firmness=firmness[order], config=config)
    # A theme that is known from an earlier run keeps its id.
    themes["theme_id"] = [grouped.ids[each] or own for each, own in zip(order, themes["theme_id"], strict=True)]
    told = (texts["theme"] < len(order)).to_numpy(bool)
    labels = list(zip(themes["label"], themes["label_lang"], strict=True))
    texts["quote_rank"] = quote_ranks(points[told], texts[told], value[told], labels, config)
    parts, part_of = _parts(points, texts, mentions, value=value, theme_ids=themes["theme_id"], config=config)
    rest = _residual(mentions, len(order))
    ids = dict(enumerate(themes["theme_id"])) | dict(zip(rest.index, rest["theme_id"], strict=True))
    table = pd.concat([each for each in (themes, rest, parts) if len(each)], ignore_index=True)
    table = table.assign(origin="found")
    return _mark(clauses, mentions, texts, ids, part_of), THEMES.check(table[list(THEMES.columns)])


def find_keywords(clauses: pd.DataFrame, themes: pd.DataFrame, config: ThemesConfig) -> pd.DataFrame:
    """KEYWORDS: the typical words of every theme in every language its customers write, best first."""
    clauses = CLAUSES.check(clauses, "theme_id", "theme_score")
    named = themes.loc[themes["parent_id"].isna() & themes["status"].ne("residual"), "theme_id"].reset_index(drop=True)
    told = clauses[clauses["theme_id"].isin(named)].sort_values("clause_id")
    if told.empty:
        return KEYWORDS.empty()
    texts = pd.DataFrame(
        {
            "text": told["text"],
            "lang": told["lang"].fillna("und"),
            "feedback_id": told["feedback_id"],
            "theme": pd.Index(named).get_indexer(pd.Index(told["theme_id"])),
            "fit": told["theme_score"].astype(float),
            "weight": 1.0,
        }
    )
    texts = texts[
        texts["text"].map(_key).groupby(texts["theme"]).transform(lambda keys: ~keys.duplicated()).astype(bool)
    ]
    words = keywords_by_language(texts, keywords=config.keywords)
    return KEYWORDS.check(words.assign(theme_id=named.to_numpy()[words.pop("theme")])[list(KEYWORDS.columns)])


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
            "position": clauses["position"],
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
    texts["feeling"] = without_topic(texts["text"], texts["lang"])
    return texts


def _grouped(
    points: np.ndarray, texts: pd.DataFrame, mentions: pd.DataFrame, config: ThemesConfig
) -> tuple[np.ndarray, np.ndarray]:
    """The group of every text (n,), `STRAY` where it fits none and `TOPICLESS` where it has no topic; and how firm the
    groups are."""
    about = np.flatnonzero(~texts["feeling"])
    groups = np.full(len(points), TOPICLESS)
    if not len(about):
        return groups, np.zeros(0)
    found = discover(
        points[about],
        neighbours=config.neighbours,
        resolution=config.resolution,
        strata=texts["lang"].to_numpy(str)[about],
    )
    near, told = points[about], texts.iloc[about]
    if config.of == "everything":
        # "Nothing to add" is no complaint and no praise; among everything that customers say it is one thing they say.
        groups[about] = _settle(near, found.groups, _told(mentions, about), config.min_feedback)
        return groups, found.firmness
    vague = _vague(near, told, found.groups)
    sweeping = told["verdict"].to_numpy() >= SWEEPING
    settled = _settle(near, found.groups, _told(mentions, about), config.min_feedback, vague=vague, sweeping=sweeping)
    groups[about] = members(near, told, settled, least=_least(told["feedback_id"].nunique(), config.min_feedback))
    return groups, found.firmness


def _vague(points: np.ndarray, texts: pd.DataFrame, groups: np.ndarray) -> list[int]:
    """The groups whose texts are alike in tone, and share no topic; or judge the whole."""
    fit = _fit(points, centres(points, groups), np.arange(len(groups)), groups)
    words = leading_words(texts.assign(theme=groups, fit=fit))
    verdict = texts["verdict"].groupby(groups).mean()
    sweeping = (verdict >= SWEEPING) | ((verdict >= BORROWED) & (words["own"] < OWN))
    vague: list[int] = words.index[(words["said"] < WORDLESS) | sweeping].tolist()
    return vague


def _least(comments: int, min_feedback: int) -> int:
    """Comments that a theme needs: in files of few comments a tenth of them."""
    return min(min_feedback, max(1, comments // 10))


def _told(mentions: pd.DataFrame, nodes: np.ndarray) -> pd.DataFrame:
    """The mentions of these texts (sorted), which are numbered anew."""
    told = mentions[mentions["node"].isin(nodes)]
    return told.assign(node=np.searchsorted(nodes, told["node"]))


def _settle(
    points: np.ndarray,
    groups: np.ndarray,
    told: pd.DataFrame,
    min_feedback: int,
    *,
    share: float = RESIDUAL_SHARE,
    vague: Sequence[int] = (),
    sweeping: np.ndarray | bool = False,
) -> np.ndarray:
    """Groups (n,) with those of too few comments, and the `vague`, dissolved: each of their texts joins a near theme;
    else it is a stray, and of the vague ones topicless. What is `sweeping` (n,) in a vague group joins none.

    A group needs `min_feedback` comments, in small files fewer (`_least`). Where no group has so many, all are one. At
    most `share` of the texts become strays.
    """
    comments = told["feedback_id"].groupby(groups[told["node"]]).nunique()
    many = comments >= _least(int(comments.sum()), min_feedback)
    clear = many & ~comments.index.isin(vague)
    kept = comments.index[clear if clear.any() else many].to_numpy()
    if not len(kept):
        return np.zeros_like(groups)
    fit = similarity(points, centres(points, groups)[kept])
    nearest = fit.argmax(axis=1)
    edge = np.array([np.quantile(fit[groups == group, place], OUTERMOST) for place, group in enumerate(kept)])
    loose = ~np.isin(groups, kept)
    unclear = np.isin(groups, vague)
    joins = loose & (fit.max(axis=1) >= edge[nearest]) & ~(unclear & sweeping)
    untold = loose & ~joins & unclear
    strays = np.flatnonzero(loose & ~joins & ~untold)
    strays = strays[np.argsort(fit[strays].max(axis=1), kind="stable")][: int(share * len(groups))]
    settled = np.where(loose, kept[nearest], groups)
    settled[strays] = STRAY
    settled[untold] = TOPICLESS
    return settled


def _with_their_comment(groups: np.ndarray, feelings: np.ndarray, mentions: pd.DataFrame) -> np.ndarray:
    """The group of every mention: a mere feeling takes that of the clause before it, else after it, else is topicless.

    Anything else without a topic is an ASIDE in a comment that has one, and else a stray: no comment is lost.
    """
    own = pd.Series(groups[mentions["node"]], mentions.index)
    ordered = mentions.assign(own=own.where(own >= 0)).sort_values(["feedback_id", "position"], kind="stable")
    by_comment = ordered.groupby("feedback_id", sort=False)["own"]
    beside = by_comment.ffill().fillna(by_comment.bfill()).reindex(mentions.index)
    felt = pd.Series(feelings[mentions["node"]], mentions.index)
    aside = pd.Series(np.where(beside.isna(), STRAY, ASIDE), mentions.index)
    return own.where(own != TOPICLESS, beside.fillna(TOPICLESS).where(felt, aside)).to_numpy(np.int64)


def _largest_first(mentions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The new number of every group, by falling number of comments, then the strays and the topicless (which are the
    last two groups, counted from the end) and NO_PLACE for asides; and which group each theme was."""
    comments = mentions["feedback_id"].groupby(mentions["theme"]).nunique()
    order = comments[comments.index >= 0].sort_values(ascending=False, kind="stable").index.to_numpy(np.int64)
    place: np.ndarray = np.zeros(int(order.max(initial=-1)) + 4, np.int64)
    place[order] = np.arange(len(order))
    place[STRAY], place[TOPICLESS], place[ASIDE] = len(order), len(order) + 1, NO_PLACE
    return place, order


def _fit(points: np.ndarray, middle: np.ndarray, nodes: np.ndarray, themes: np.ndarray) -> np.ndarray:
    """Cosine of texts to the centre of their theme, 0-1."""
    fit = np.empty(len(nodes))
    for theme in np.unique(themes):
        own = themes == theme
        fit[own] = similarity(points[nodes[own]], middle[theme : theme + 1])[:, 0] if 0 <= theme < len(middle) else 0.0
    return np.clip(fit, 0, 1)


def _level(
    texts: pd.DataFrame,
    mentions: pd.DataFrame,
    *,
    value: np.ndarray,
    firmness: np.ndarray,
    config: ThemesConfig,
    prefix: str = "t",
) -> pd.DataFrame:
    """THEMES rows of the themes 0 … len(firmness) - 1."""
    chosen = (texts["theme"] >= 0) & (texts["theme"] < len(firmness))
    texts, value = texts[chosen], value[chosen.to_numpy()]
    if texts.empty:
        return THEMES.empty()
    names = name_themes(texts, keywords=config.keywords, labels_in=config.labels_in)
    by_theme = mentions[mentions["theme"].between(0, len(firmness) - 1)].groupby("theme", sort=True)
    central = texts.sort_values("fit", ascending=False, kind="stable").groupby("theme")["key"]
    return pd.DataFrame(
        {
            "theme_id": [f"{prefix}-{_digest(central.get_group(theme).head(3))}" for theme in range(len(firmness))],
            "parent_id": pd.NA,
            "label": [name.label for name in names],
            "label_lang": [name.lang for name in names],
            "sentence": sentences(texts, value, [(name.label, name.lang) for name in names]),
            "keywords": [", ".join(name.keywords) for name in names],
            "n_clauses": by_theme.size(),
            "n_feedback": by_theme["feedback_id"].nunique(),
            "sentiment": by_theme["sentiment"].mean(),
            "cohesion": by_theme["fit"].mean(),
            "firmness": firmness,
            "status": config.of,
        }
    )


def _residual(mentions: pd.DataFrame, named: int) -> pd.DataFrame:
    """THEMES rows of what has no theme, by the number it goes under: topics too rare, and feelings without a topic."""
    by_theme = mentions[mentions["theme"] >= named].groupby("theme", sort=True)
    ids = pd.Series({named: RESIDUAL, named + 1: TONE})
    rows = pd.DataFrame(
        {
            "n_clauses": by_theme.size(),
            "n_feedback": by_theme["feedback_id"].nunique(),
            "sentiment": by_theme["sentiment"].mean(),
            "cohesion": by_theme["fit"].mean(),
        }
    )
    rows["theme_id"] = ids.reindex(rows.index)
    rows["label"] = rows["theme_id"].map(RESIDUAL_LABELS)
    missing = dict.fromkeys(("parent_id", "label_lang", "sentence", "keywords"), pd.NA)
    return rows.assign(status="residual", firmness=np.nan, **missing)


def _parts(
    points: np.ndarray,
    texts: pd.DataFrame,
    mentions: pd.DataFrame,
    *,
    value: np.ndarray,
    theme_ids: pd.Series,
    config: ThemesConfig,
) -> tuple[pd.DataFrame, np.ndarray]:
    """THEMES rows of the sub-themes, theme by theme, and the id of every text's own (n,), None where it has none."""
    part_of: np.ndarray = np.full(len(texts), None, dtype=object)
    tables = []
    for theme, theme_id in enumerate(theme_ids):
        own = np.flatnonzero(texts["theme"] == theme)
        divided = _divided(points[own], _told(mentions, own), config)
        if divided is None:
            continue
        parts, firmness, told = divided
        inside = texts.iloc[own].assign(theme=parts)
        inside["fit"] = _fit(points[own], centres(points[own], parts), np.arange(len(own)), parts)
        told["fit"] = inside["fit"].to_numpy()[told["node"]]
        table = _level(inside, told, value=value[own], firmness=firmness, config=config, prefix="s")
        part_of[own] = table["theme_id"].to_numpy(object)[parts]
        tables.append(table.assign(parent_id=theme_id))
    return pd.concat(tables, ignore_index=True) if tables else THEMES.empty(), part_of


def _divided(
    points: np.ndarray, told: pd.DataFrame, config: ThemesConfig
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame] | None:
    """The parts of one theme's texts, how firm they are, and the mentions with them; None where it stays whole."""
    found = divide(points, neighbours=config.neighbours)
    if found is None:
        return None
    groups = _settle(points, found.groups, told, config.min_feedback, share=0.0)
    told = told.assign(theme=groups[told["node"]])
    place, order = _largest_first(told)
    if len(order) < 2:
        return None
    return place[groups], found.firmness[order], told.assign(theme=place[told["theme"]])


def _digest(texts: pd.Series) -> str:
    return hashlib.blake2b("\n".join(sorted(texts)).encode(), digest_size=5).hexdigest()


def _mark(
    clauses: pd.DataFrame, mentions: pd.DataFrame, texts: pd.DataFrame, ids: dict[int, str], part_of: np.ndarray
) -> pd.DataFrame:
    """The clauses with their themes; a quote marks the first clause that says it."""
    rows = mentions["row"].to_numpy()
    theme_id: np.ndarray = np.full(len(clauses), None, dtype=object)
    subtheme_id = theme_id.copy()
    theme_id[rows] = mentions["theme"].map(ids)
    subtheme_id[rows] = part_of[mentions["node"]]
    score = np.full(len(clauses), np.nan)
    score[rows] = mentions["fit"].where(mentions["theme"] >= 0)
    rank = pd.array([pd.NA] * len(clauses), dtype="Int32")
    rank[texts["row"].to_numpy()] = texts["quote_rank"].array
    return CLAUSES.add(clauses, theme_id=theme_id, subtheme_id=subtheme_id, theme_score=score, quote_rank=rank)

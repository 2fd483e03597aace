"""Where new texts belong: to a theme that is known, to one that is born with them, or to none.

A text joins the theme whose founders are most like it, if it is as like them as they are like one another; founders
alone are compared with, so that a theme cannot drift. A theme is born where texts that are grouped afresh, all of them
together, gather apart from every known theme. This module reads no file and knows no label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from voc.config import ThemesConfig
from voc.theme_vectors import centres, similarity
from voc.themes import RESIDUAL_SHARE, STRAY, TOPICLESS, Grouped, group_afresh
from voc.workspace.tables import FOUNDER, JOINED, LOOSE

NEAREST = 5
"""Founders a text is compared with: those most like it. On bank queries of 77 intents a fifth of which are new, five
let in 45 % of the new ones where the theme's centre lets in 59 %, for the same share of texts that do belong."""

EDGE = 0.2
"""A text joins where it fits as well as all but the outermost fifth of the founders. On the same queries 0.05 keeps
91 % of the texts that belong and lets in 59 % of those that do not, 0.1 87 % and 48 %, 0.2 77 % and 32 %; those that
are kept out join with their group (`_akin`). Guarded by test_new_texts_join_the_theme_they_belong_to."""

STRANGERS, HEART = 1 / 3, 0.5
"""A group found afresh is a new theme when at most a third of its texts (and at most half of what chance would give)
were known to be of another theme, and no known theme has half of its texts in it. On bank queries that names 29 of 31
new intents and founds four themes too many where 11 intents are new, none where no intent is new. Guarded by
test_what_is_new_founds_a_theme and test_noise_founds_no_theme."""

UNFIT, PLAIN = 0.4, 20
"""A group of fewer than 20 new texts is a theme only where 40 % of them fit no known theme: a known theme that trebles
within a week throws off such splinters. Of the new bank intents this keeps all that are larger than a handful."""

MOST_FOUNDERS = 500
"""Founders of a theme that are compared with, evenly spread over them: more cost time and change nothing."""

AT_ONCE = 4096

PART, PART_TEXTS, PURE, COVERED, FIRM = 0.25, 25, 0.6, 0.7, 0.5
"""A known theme falls apart where two groups found afresh each have a quarter of its texts and 25 at least, consist of
it to 60 %, are as firm as 0.5 and together cover 70 % of it: a first week of 200 comments knows three themes where
2,000 show fifteen. Trades themes that stay coarse for ever against ids that last. Guarded by
test_a_coarse_theme_is_split."""

TWINS = 0.6
"""Two known themes have become one where one firm group found afresh holds COVERED of each, consists of them to PURE,
and 60 % of the texts of each would be let into the other (four fifths are let into their own, by EDGE). Trades doubles
that last against themes joined for being neighbours: of bank intents, which are close, 32 % are let into another.
Guarded by test_a_theme_that_was_found_twice_is_merged."""


@dataclass(frozen=True)
class Placed:
    """Per distinct text: the id of its known theme (None = none), the number of the theme born with it (negative as in
    `Grouped` = none), and how it came there (None = known before, or in no theme). `firmness` is that of new themes."""

    theme: np.ndarray
    born: np.ndarray
    how: np.ndarray
    firmness: np.ndarray
    afresh: Grouped


def place(
    points: np.ndarray,
    texts: pd.DataFrame,
    mentions: pd.DataFrame,
    config: ThemesConfig,
    *,
    known: np.ndarray,
    settled: np.ndarray,
    founders: np.ndarray,
) -> Placed:
    """Place the texts that are not `settled` yet; `known` (n,) holds the theme of those that are, None elsewhere.

    `founders` (n,) marks the texts that stand for their theme. The order of the texts is that of their words, so
    neither the order of the rows nor that of the files plays a part.
    """
    afresh = group_afresh(points, texts, mentions, config)
    new = ~settled & (afresh.groups != TOPICLESS)
    names = sorted({str(each) for each in known[settled & founders]})
    fits, edges = _fits(points[new], points, known, settled & founders, names)
    best = fits.argmax(axis=1) if names else np.zeros(int(new.sum()), int)
    top = fits.max(axis=1, initial=-1.0)
    joins = top >= edges[best] if names else np.zeros(int(new.sum()), bool)
    born, firmness = _births(points, afresh, mentions, config, known=known, new=new, top=top, joins=joins)
    joins |= _akin(afresh.groups, settled, known, names)[new] == best
    theme = np.where(settled, known, None)
    how: np.ndarray = np.full(len(points), None, dtype=object)
    how[born >= 0] = FOUNDER
    places = np.flatnonzero(new)
    free = born[places] < 0
    for chosen, told in ((joins & free, JOINED), (_pressed(top, edges, best, ~joins & free, len(points)), LOOSE)):
        theme[places[chosen]] = np.array(names, dtype=object)[best[chosen]] if names else None
        how[places[chosen]] = told
    return Placed(theme, np.where(~settled & ~new, TOPICLESS, born), how, firmness, afresh)


def _fits(
    asked: np.ndarray, points: np.ndarray, known: np.ndarray, founders: np.ndarray, names: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """How well each text fits each theme (m, k): mean cosine to its nearest founders; and each theme's edge (k,)."""
    fits, edges = np.empty((len(asked), len(names))), np.empty(len(names))
    for place, name in enumerate(names):
        own = points[_spread(np.flatnonzero(founders & (known == name)))]
        fits[:, place] = nearness(asked, own)
        edges[place] = np.quantile(_among(own), EDGE) if len(own) > 1 else 1.0
    return fits, edges


def _spread(places: np.ndarray) -> np.ndarray:
    """At most MOST_FOUNDERS of them, evenly spread."""
    if len(places) <= MOST_FOUNDERS:
        return places
    return places[np.linspace(0, len(places) - 1, MOST_FOUNDERS).astype(int)]


def nearness(asked: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Mean cosine (m,) of each text to the NEAREST of the theme's own that are most like it."""
    parts = [_best(similarity(part, own)) for part in np.array_split(asked, len(asked) // AT_ONCE + 1)]
    return np.concatenate(parts)


def _among(own: np.ndarray) -> np.ndarray:
    """The nearness of each of a theme's own to the others."""
    cosines = similarity(own, own)
    np.fill_diagonal(cosines, -2)
    return _best(cosines, most=len(own) - 1)


def _best(cosines: np.ndarray, *, most: int = NEAREST) -> np.ndarray:
    """The mean of the largest in each row."""
    number = max(1, min(NEAREST, most, cosines.shape[1]))
    best: np.ndarray = np.sort(cosines, axis=1)[:, -number:].mean(axis=1)
    return best


def _akin(groups: np.ndarray, settled: np.ndarray, known: np.ndarray, names: list[str]) -> np.ndarray:
    """Per text the place in `names` of the theme that most of its group's known texts are of, -1 = of none.

    A founder at the edge of its theme was let in by its group; a later text is let in by the same right, or themes
    would seem to shrink after the run they were born in.
    """
    place = {name: number for number, name in enumerate(names)}
    told = pd.DataFrame({"group": groups[settled], "theme": [place.get(str(each), -1) for each in known[settled]]})
    sizes = told[told["theme"] >= 0].groupby(["group", "theme"]).size().reset_index(name="n")
    sizes["share"] = sizes["n"] / sizes["group"].map(told.groupby("group").size())
    leading = sizes[(sizes["share"] > HEART) & (sizes["group"] >= 0)].set_index("group")["theme"]
    return pd.Series(groups).map(leading).fillna(-1).to_numpy(int)


def _births(
    points: np.ndarray,
    afresh: Grouped,
    mentions: pd.DataFrame,
    config: ThemesConfig,
    *,
    known: np.ndarray,
    new: np.ndarray,
    top: np.ndarray,
    joins: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The number of the theme that each text is born with, -1 = none; and the firmness of those themes."""
    born: np.ndarray = np.full(len(points), STRAY)
    fit: np.ndarray = np.full(len(points), -1.0)
    settles: np.ndarray = np.zeros(len(points), bool)
    firmness: list[float] = []
    fit[new], settles[new] = top, joins
    comments = mentions["feedback_id"].to_numpy(str)
    least = min(config.min_feedback, max(1, len(np.unique(comments)) // 10))
    for group in range(int(afresh.groups.max(initial=-1)) + 1):
        inside = afresh.groups == group
        own = np.flatnonzero(inside & new)
        splinter = len(own) < PLAIN and len(own) > 0 and np.mean(~settles[own]) < UNFIT
        if not len(own) or splinter or not _is_apart(inside, new, known):
            continue
        nearer = (
            _among(points[_spread(own)]) if len(own) <= MOST_FOUNDERS else nearness(points[own], points[_spread(own)])
        )
        own = own[~settles[own] | (nearer >= fit[own])]
        if len(np.unique(comments[np.isin(mentions["node"].to_numpy(), own)])) >= least:
            born[own] = len(firmness)
            firmness.append(float(afresh.firmness[group]))
    return born, np.array(firmness)


def _is_apart(inside: np.ndarray, new: np.ndarray, known: np.ndarray) -> bool:
    """Whether a group has few texts of known themes, and the heart of none."""
    old = inside & ~new
    if old.sum() > min(STRANGERS, pd.notna(known).mean() / 2) * inside.sum():
        return False
    themes, shares = np.unique(known[old].astype(str), return_counts=True)
    return all(share < HEART * (known == theme).sum() for theme, share in zip(themes, shares, strict=True))


def _pressed(top: np.ndarray, edges: np.ndarray, best: np.ndarray, left: np.ndarray, total: int) -> np.ndarray:
    """Of the texts left over, those that join the nearest theme all the same, so that the residual stays bounded."""
    chosen: np.ndarray = np.zeros(len(left), bool)
    surplus = int(left.sum()) - int(RESIDUAL_SHARE * total)
    if surplus <= 0 or not len(edges):
        return chosen
    places = np.flatnonzero(left)
    order = np.argsort((edges[best] - top)[places], kind="stable")
    chosen[places[order[:surplus]]] = True
    return chosen


def falls_apart(points: np.ndarray, theme: np.ndarray, name: str, afresh: Grouped) -> np.ndarray | None:
    """The part (m,) that each of the theme's texts, in their order, belongs to; None where the theme holds together."""
    own = theme == name
    groups, sizes = np.unique(afresh.groups[own & (afresh.groups >= 0)], return_counts=True)
    told = np.array([((afresh.groups == group) & pd.notna(theme)).sum() for group in groups])
    fit = (sizes >= max(PART_TEXTS, PART * own.sum())) & (sizes >= PURE * told) & (afresh.firmness[groups] >= FIRM)
    if fit.sum() < 2 or sizes[fit].sum() < COVERED * own.sum():
        return None
    parts = np.full(int(own.sum()), -1)
    for number, group in enumerate(groups[fit]):
        parts[afresh.groups[own] == group] = number
    middle = centres(points[own][parts >= 0], parts[parts >= 0])
    nearest = similarity(points[own], middle).argmax(axis=1)
    return np.where(parts >= 0, parts, nearest)


def grown_together(
    points: np.ndarray, theme: np.ndarray, founders: np.ndarray, names: list[str], afresh: Grouped
) -> list[list[str]]:
    """The sets of known themes that have become one in the texts, the largest theme of each set first.

    `theme` (n,) is the theme of every text, `founders` (n,) marks those that stand for theirs, `names` are the themes
    that may be joined.
    """
    found = []
    for group in range(int(afresh.groups.max(initial=-1)) + 1):
        inside = (afresh.groups == group) & pd.notna(theme)
        held = sorted(
            (name for name in names if _holds(inside, theme == name)), key=lambda name: -(theme == name).sum()
        )
        pure = np.isin(theme[inside].astype(str), held).sum() >= PURE * inside.sum()
        if len(held) < 2 or not pure or afresh.firmness[group] < FIRM:
            continue
        twins = [name for name in held[1:] if _alike(points, theme, founders, (held[0], name))]
        found += [[held[0], *twins]] if twins else []
    return found


def _holds(inside: np.ndarray, own: np.ndarray) -> bool:
    return bool(own.sum() >= PART_TEXTS and (inside & own).sum() >= COVERED * own.sum())


def _alike(points: np.ndarray, theme: np.ndarray, founders: np.ndarray, pair: tuple[str, str]) -> bool:
    """Whether each of two themes would let in most texts of the other."""
    for own, other in (pair, pair[::-1]):
        fits, edges = _fits(points[theme == other], points, theme, founders & (theme == own), [own])
        if not len(edges) or np.mean(fits[:, 0] >= edges[0]) < TWINS:
            return False
    return True

"""The edits that people make: each function checks what was asked, and gives the contents with the edit in its log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from voc.errors import InputError
from voc.theme_graph import discover
from voc.theme_labels import Name, name_themes
from voc.theme_vectors import centre, centres, similarity
from voc.workspace.edits import FLAGS, Edit, Frame, Theme, find_theme, holds, replay, with_edit
from voc.workspace.tables import Contents

LONGEST_LABEL = 80
NEIGHBOURS = 15
FINER = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Resolutions tried one after the other until a theme falls into as many parts as were asked for."""


@dataclass(frozen=True)
class Revision:
    """The contents after an edit, and what was done in words."""

    contents: Contents
    told: str


@dataclass(frozen=True)
class Row:
    """One line of the list of themes."""

    theme_id: str
    label: str
    n_feedback: int
    born: int
    told: str


def overview(contents: Contents, *, everything: bool = False) -> list[Row]:
    """The themes as they stand, the largest first; with `everything` those too that were merged or split."""
    frame = replay(contents)
    counts = _comments(contents, frame)
    chosen = frame.themes if everything else frame.standing
    rows = [
        Row(name, theme.label, counts.get(name, 0), theme.born, _standing(theme, frame))
        for name, theme in chosen.items()
    ]
    return sorted(rows, key=lambda row: (-row.n_feedback, row.theme_id))


def _standing(theme: Theme, frame: Frame) -> str:
    """What people did to a theme, and its kind where it is no complaint."""
    heirs = ", ".join(f"'{frame.themes[each].label}'" for each in theme.gone_to)
    told = [theme.kind] if theme.kind != "complaints" else []
    told += [name for name in ("pinned", "muted", "renamed") if getattr(theme, name)]
    told += ["made by hand"] if theme.made else []
    return ", ".join([*told, *([f"gone to {heirs}"] if heirs else [])])


def _comments(contents: Contents, frame: Frame) -> dict[str, int]:
    """How many comments tell of each theme, after all edits."""
    placed = [(key, theme) for (_, key), theme in frame.theme_of.items()]
    told = contents.clauses[["feedback_id", "key"]].merge(pd.DataFrame(placed, columns=["key", "theme_id"]), on="key")
    counts: dict[str, int] = told.groupby("theme_id")["feedback_id"].nunique().to_dict()
    return counts


def rename(contents: Contents, name: str, label: str, *, made_at: pd.Timestamp) -> Revision:
    """The theme under another label, which no other theme may have."""
    frame = replay(contents)
    theme, label = find_theme(frame, name), _label(label)
    _check_free(frame, label, but=theme.theme_id)
    edit = _entry(contents, "rename", theme.theme_id, {"label": label}, made_at)
    return Revision(with_edit(contents, edit), f"'{theme.label}' ({theme.theme_id}) is now called '{label}'.")


def _label(label: str) -> str:
    short = " ".join(label.split())
    if not short or len(short) > LONGEST_LABEL:
        raise InputError(f"A label needs 1 to {LONGEST_LABEL} characters, and '{short[:40]}' has {len(short)}")
    return short


def _check_free(frame: Frame, label: str, *, but: str = "") -> None:
    for theme in frame.standing.values():
        if theme.label.casefold() == label.casefold() and theme.theme_id != but:
            raise InputError(
                f"The theme {theme.theme_id} is called '{theme.label}' already; voc themes merge joins two"
            )


def merge(contents: Contents, into: str, others: Sequence[str], *, made_at: pd.Timestamp) -> Revision:
    """The other themes in the first one."""
    frame = replay(contents)
    heir = find_theme(frame, into)
    lost = {theme.theme_id: theme for theme in (find_theme(frame, each) for each in others)}
    if heir.theme_id in lost:
        raise InputError(f"The theme '{heir.label}' cannot be merged into itself")
    foreign = [theme.label for theme in lost.values() if theme.kind != heir.kind]
    if foreign:
        raise InputError(f"'{heir.label}' is about {heir.kind} and '{foreign[0]}' is not; they cannot be merged")
    edit = _entry(contents, "merge", heir.theme_id, {"others": sorted(lost)}, made_at)
    after = with_edit(contents, edit)
    names = ", ".join(f"'{theme.label}'" for theme in lost.values())
    n = _comments(after, replay(after)).get(heir.theme_id, 0)
    return Revision(after, f"{names} merged into '{heir.label}' ({heir.theme_id}), which {n} comments tell of now.")


def flag(contents: Contents, name: str, action: str, *, made_at: pd.Timestamp) -> Revision:
    """The theme pinned, unpinned, muted or unmuted."""
    theme = find_theme(replay(contents), name)
    field, value = FLAGS[action]
    if getattr(theme, field) is value:
        raise InputError(f"The theme '{theme.label}' is {'already' if value else 'not'} {field}")
    edit = _entry(contents, action, theme.theme_id, {}, made_at)
    return Revision(
        with_edit(contents, edit), f"'{theme.label}' ({theme.theme_id}) is {field if value else 'un' + field}."
    )


def assign(
    contents: Contents,
    name: str,
    *,
    made_at: pd.Timestamp,
    phrases: Sequence[str] = (),
    clause_ids: Sequence[str] = (),
    new: bool = False,
) -> Revision:
    """Clauses in the theme: those that hold a phrase, and those that are named with all that say the same."""
    phrases = [" ".join(each.split()) for each in phrases if each.strip()]
    if not phrases and not clause_ids:
        raise InputError("Name what to assign: --phrase WORDS or --clause ID")
    frame, made = replay(contents), list[Theme]()
    if new:
        made = [_made(contents, _label(name))]
        _check_free(frame, made[0].label)
    theme = made[0] if made else find_theme(frame, name)
    keys = sorted({_key_of(contents, each) for each in clause_ids})
    details = {"keys": keys, "phrases": sorted(phrases)}
    after = with_edit(contents, _entry(contents, "assign", theme.theme_id, details, made_at), made)
    named = [
        (kind, key) for kind, key in _texts(contents) if kind == theme.kind and (key in keys or holds(key, phrases))
    ]
    n = sum(frame.theme_of.get(text) != theme.theme_id for text in named)
    return Revision(after, f"{n} different clauses go to '{theme.label}' ({theme.theme_id}); later ones like them too.")


def _texts(contents: Contents) -> list[tuple[str, str]]:
    return [*zip(contents.texts["kind"], contents.texts["key"], strict=True)]


def _made(contents: Contents, label: str) -> Theme:
    """A theme that people make, of the kind of the newest run."""
    kind = json.loads(contents.runs.sort_values("run")["settings"].iloc[-1])["themes"]["of"]
    return Theme(_new_id(contents, label), kind, label, None, None, contents.last_run, made=True)


def _new_id(contents: Contents, name: str) -> str:
    seed = f"{len(contents.edits) + 1} {name}"
    return f"t-{hashlib.blake2b(seed.encode(), digest_size=5).hexdigest()}"


def _key_of(contents: Contents, clause_id: str) -> str:
    row = contents.clauses[contents.clauses["clause_id"] == clause_id]
    if row.empty:
        raise InputError(f"The workspace has no clause '{clause_id}'; ids stand in clauses.parquet, as in r12:0")
    if row["key"].isna().iloc[0]:
        raise InputError(f"The clause '{clause_id}' belongs to no kind of theme that was grouped so far")
    return str(row["key"].iloc[0])


def _entry(contents: Contents, action: str, theme_id: str, details: dict[str, Any], made_at: pd.Timestamp) -> Edit:
    return Edit(len(contents.edits) + 1, action, theme_id, details, contents.last_run, made_at=made_at)


def split(contents: Contents, name: str, parts: int | None, *, made_at: pd.Timestamp) -> Revision:
    """The theme in parts with ids and labels of their own, found in what its clauses say."""
    frame = replay(contents)
    theme = find_theme(frame, name)
    texts, points = _geometry(contents, theme.kind)
    own = np.array([frame.theme_of.get((theme.kind, key)) == theme.theme_id for key in texts["key"]], bool)
    inside, cloud = texts[own].reset_index(drop=True), points[own]
    groups = _divided(cloud, parts)
    if groups is None:
        raise InputError(
            f"The theme '{theme.label}' does not fall into {parts or 'several'} parts by what is said in it"
        )
    fit = similarity(cloud, centres(cloud, groups))[np.arange(len(cloud)), groups]
    names = name_themes(inside.assign(theme=groups, fit=fit, weight=1.0), keywords=8)
    made = [
        Theme(_new_id(contents, f"{theme.theme_id} {place}"), theme.kind, label, ", ".join(each.keywords), None,
              contents.last_run, made=True)
        for place, (each, label) in enumerate(zip(names, _free_labels(names, frame), strict=True))
    ]  # fmt: skip
    details = {
        "parts": [
            {"theme_id": each.theme_id, "keys": sorted(inside["key"][groups == place])}
            for place, each in enumerate(made)
        ]
    }
    after = with_edit(contents, _entry(contents, "split", theme.theme_id, details, made_at), made)
    counts = _comments(after, replay(after))
    told = ", ".join(f"'{each.label}' ({each.theme_id}, {counts.get(each.theme_id, 0)} comments)" for each in made)
    return Revision(after, f"'{theme.label}' ({theme.theme_id}) was split into {told}.")


def _free_labels(names: Sequence[Name], frame: Frame) -> list[str]:
    """Labels that no standing theme has; a number behind those that one has."""
    taken = {theme.label.casefold() for theme in frame.standing.values()}
    labels = []
    for each in names:
        tries = [each.label, *(f"{each.label} {number}" for number in range(2, len(taken) + 3))]
        labels.append(next(label for label in tries if label.casefold() not in taken))
        taken.add(labels[-1].casefold())
    return labels


def _geometry(contents: Contents, kind: str) -> tuple[pd.DataFrame, np.ndarray]:
    """The distinct texts of a kind, sorted by key, and their points."""
    known = set(contents.texts.loc[contents.texts["kind"] == kind, "key"])
    told = contents.clauses[contents.clauses["key"].isin(known)].sort_values(["key", "text", "clause_id"])
    texts = told.drop_duplicates("key").reset_index(drop=True)[["key", "text", "lang", "feedback_id"]]
    langs = texts["lang"].fillna("und")
    return texts.assign(lang=langs), centre(contents.vectors.of(texts["text"]), langs.to_numpy(str))


def _divided(cloud: np.ndarray, parts: int | None) -> np.ndarray | None:
    """The part of every text, numbered 0, 1, 2 …; None where so many cannot be found."""
    for resolution in (*((None,) if parts is None else ()), *FINER):
        if len(cloud) < 2 * (parts or 2):
            return None
        found = _without_crumbs(cloud, discover(cloud, neighbours=NEIGHBOURS, resolution=resolution).groups, parts)
        if found.max() + 1 >= (parts or 2):
            return found
    return None


def _without_crumbs(cloud: np.ndarray, groups: np.ndarray, parts: int | None) -> np.ndarray:
    """Groups of a single text, and the smallest of more than `parts` groups, go to the nearest of the others."""
    sizes = np.bincount(groups)
    kept = np.flatnonzero(sizes > 1)
    kept = kept[np.argsort(-sizes[kept], kind="stable")][: parts or len(kept)]
    if not len(kept):
        return np.zeros_like(groups)
    nearest = similarity(cloud, centres(cloud, groups)[kept]).argmax(axis=1)
    place = {group: number for number, group in enumerate(kept)}
    return np.array([place.get(group, other) for group, other in zip(groups, nearest, strict=True)])

"""What people did to the themes: a log that is replayed over what voc found, so that every edit survives every run and
can be undone.

Names and flags are laid over the themes; mergers, splits and assignments over the texts. What voc found itself is never
overwritten: without an edit it shows again. This module reads no file and knows no vector.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from voc.errors import InputError, nearest
from voc.phrases import Words, compiled
from voc.tables import TIME
from voc.workspace.tables import EDITS, KNOWN, Contents

FLAGS = {"pin": ("pinned", True), "unpin": ("pinned", False), "mute": ("muted", True), "unmute": ("muted", False)}


@dataclass(frozen=True)
class Edit:
    """One entry of the log; `details` are plain values."""

    number: int
    action: str
    theme_id: str
    details: Mapping[str, Any]
    run: int
    undone: bool = False
    made_at: pd.Timestamp | None = None

    @property
    def by_voc(self) -> bool:
        """Whether voc did it by itself: it splits what later runs show to be several, and merges what is one."""
        return self.details.get("by") == "voc"


@dataclass(frozen=True)
class Theme:
    """A theme as it stands after all edits: `made` by people, or a `part`, which voc split off or merged.

    `gone_to` names the themes it was merged into or split into.
    """

    theme_id: str
    kind: str
    label: str
    keywords: str | None
    firmness: float | None
    born: int
    made: bool = False
    part: bool = False
    pinned: bool = False
    muted: bool = False
    renamed: bool = False
    gone_to: tuple[str, ...] = ()


@dataclass
class Frame:
    """The themes by id and the theme of every text by (kind, key), while the log is replayed; `moved` are the texts
    that people put where they are."""

    themes: dict[str, Theme]
    theme_of: dict[tuple[str, str], str]
    moved: set[tuple[str, str]] = field(default_factory=set)

    @property
    def standing(self) -> dict[str, Theme]:
        """The themes that were neither merged nor split."""
        return {name: theme for name, theme in self.themes.items() if not theme.gone_to}


def log(contents: Contents) -> list[Edit]:
    """The edits in their order, the undone ones too."""
    return [
        Edit(
            number=each["edit"], action=each["action"], theme_id=each["theme_id"],
            details=json.loads(each["details"]), run=each["run"], undone=bool(each["undone"]), made_at=each["made_at"],
        )
        for each in contents.edits.sort_values("edit").to_dict("records")
    ]  # fmt: skip


def replay(contents: Contents, keys: Sequence[tuple[str, str]] = (), *, merging: bool = True) -> Frame:
    """The themes and the theme of every text, as the edits leave them.

    `keys` are texts (kind, key) beside those the workspace knows. Without `merging`, themes that people merged stay
    apart: for finding where a new text belongs, two small clouds say more than their union.
    """
    edits = log(contents)
    undone = {each.number for each in edits if each.undone}
    known = contents.themes.to_dict("records")
    by_voc = {each.number for each in edits if each.by_voc}
    themes = {
        each["theme_id"]: _theme(each, by_voc) for each in known if pd.isna(each["edit"]) or each["edit"] not in undone
    }
    back = {part: each.theme_id for each in edits if each.undone and each.action == "split" for part in _parts(each)}
    found = contents.texts[contents.texts["theme_id"].notna()]
    rows = zip(found["kind"], found["key"], found["theme_id"], strict=True)
    placed = {(kind, key): back.get(theme, theme) for kind, key, theme in rows}
    frame = Frame(themes, {text: theme for text, theme in placed.items() if theme in themes})
    everything = sorted({*keys, *zip(contents.texts["kind"], contents.texts["key"], strict=True)})
    for edit in edits:
        if not edit.undone and edit.theme_id in themes and (merging or edit.action != "merge"):
            _apply(frame, edit, everything)
    return frame


def _theme(known: Mapping[Any, Any], by_voc: set[int]) -> Theme:
    return Theme(
        theme_id=known["theme_id"],
        kind=known["kind"],
        label=known["label"],
        keywords=None if pd.isna(known["keywords"]) else known["keywords"],
        firmness=None if pd.isna(known["firmness"]) else float(known["firmness"]),
        born=int(known["born"]),
        made=not pd.isna(known["edit"]) and known["edit"] not in by_voc,
        part=not pd.isna(known["edit"]) and known["edit"] in by_voc,
    )


def _parts(edit: Edit) -> list[str]:
    return [part["theme_id"] for part in edit.details["parts"]]


def _apply(frame: Frame, edit: Edit, texts: Sequence[tuple[str, str]]) -> None:
    theme = frame.themes[edit.theme_id]
    if edit.action == "rename":
        frame.themes[edit.theme_id] = replace(theme, label=edit.details["label"], renamed=True)
    elif edit.action in FLAGS:
        name, value = FLAGS[edit.action]
        frame.themes[edit.theme_id] = replace(theme, **{name: value})  # type: ignore[arg-type] # a flag by name
    elif edit.action == "merge":
        for other in edit.details["others"]:
            _move(frame, [text for text, of in frame.theme_of.items() if of == other], edit.theme_id)
            frame.themes[other] = replace(frame.themes[other], gone_to=(edit.theme_id,))
    elif edit.action == "split":
        _split(frame, edit)
    elif edit.action == "assign":
        _move(frame, [*_chosen(edit, theme.kind, texts)], edit.theme_id, by_hand=True)


def _split(frame: Frame, edit: Edit) -> None:
    """Each part takes its texts; what came to the theme otherwise goes to the largest part."""
    kind, parts = frame.themes[edit.theme_id].kind, edit.details["parts"]
    part_of = {(kind, key): part["theme_id"] for part in parts for key in part["keys"]}
    largest = max(parts, key=lambda part: len(part["keys"]))["theme_id"]
    for text, theme in [*frame.theme_of.items()]:
        if theme == edit.theme_id:
            _move(frame, [text], part_of.get(text, largest), by_hand=text in part_of)
    frame.themes[edit.theme_id] = replace(frame.themes[edit.theme_id], gone_to=tuple(_parts(edit)))


def _move(frame: Frame, texts: Sequence[tuple[str, str]], theme_id: str, *, by_hand: bool = False) -> None:
    for text in texts:
        frame.theme_of[text] = theme_id
        if by_hand:
            frame.moved.add(text)


def _chosen(edit: Edit, kind: str, texts: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The texts that an assignment names, by themselves or by a phrase they hold."""
    named, phrases = set(edit.details["keys"]), edit.details["phrases"]
    for text in texts:
        if text[0] == kind and (text[1] in named or holds(text[1], phrases)):
            yield text


def holds(text: str, phrases: Sequence[str]) -> bool:
    """Whether a text holds one of the phrases as whole words, in any case.

    >>> holds("the wallbox smoked", ["Wallbox"]), holds("the wallboxes smoked", ["wallbox"])
    (True, False)
    """
    if not phrases:
        return False
    found = compiled([re.sub(r"\s+", " ", phrase.casefold()) for phrase in phrases])
    return any(True for _ in found.find(text, Words.of(text)))


def with_edit(contents: Contents, edit: Edit, themes: Sequence[Theme] = ()) -> Contents:
    """`contents` with an entry at the end of the log, and the themes that it makes."""
    row = {
        "edit": edit.number, "made_at": edit.made_at, "run": edit.run, "action": edit.action,
        "theme_id": edit.theme_id, "details": json.dumps(edit.details, ensure_ascii=False), "undone": False,
    }  # fmt: skip
    entry = EDITS.check(pd.DataFrame([row]).astype({"made_at": TIME}))
    made = pd.DataFrame(
        [
            {"theme_id": each.theme_id, "kind": each.kind, "label": each.label, "keywords": each.keywords,
             "firmness": each.firmness, "born": each.born, "edit": edit.number}
            for each in themes
        ],
        columns=[*KNOWN.columns],
    )  # fmt: skip
    known = [contents.themes, KNOWN.check(made.astype(object))]
    return replace(
        contents,
        edits=_under(contents.edits, entry),
        themes=_under(*known) if themes else contents.themes,
    )


def _under(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    return rows if table.empty else pd.concat([table, rows], ignore_index=True)


def touched(contents: Contents) -> set[str]:
    """The themes that people have said something about, and those whose split or merger by voc they took back."""
    told = [each for each in log(contents) if each.by_voc == each.undone]
    return {name for each in told for name in (each.theme_id, *each.details.get("others", ()))}


def undo(contents: Contents) -> tuple[Contents, Edit]:
    """`contents` without the last edit that stands, which is told; it stays in the log as undone."""
    standing = [each for each in log(contents) if not each.undone]
    if not standing:
        raise InputError("There is no edit to undo")
    last = standing[-1]
    undone = contents.edits["undone"] | contents.edits["edit"].eq(last.number)
    return replace(contents, edits=contents.edits.assign(undone=undone.astype("boolean"))), last


def find_theme(frame: Frame, name: str) -> Theme:
    """The theme that `name` means: an id, or a label in any case. Raises InputError with the nearest guess."""
    if name in frame.themes:
        theme = frame.themes[name]
        if theme.gone_to:
            heirs = ", ".join(f"{each} '{frame.themes[each].label}'" for each in theme.gone_to)
            raise InputError(f"The theme {name} '{theme.label}' is no more; it went to {heirs}")
        return theme
    wanted = name.casefold().strip()
    same = [theme for theme in frame.standing.values() if theme.label.casefold() == wanted]
    if len(same) > 1:
        raise InputError(f"Several themes are called '{name}': {', '.join(each.theme_id for each in same)}; give an id")
    if not same:
        raise InputError(
            f"There is no theme '{name}'; {nearest(name, [each.label for each in frame.standing.values()])}"
        )
    return same[0]

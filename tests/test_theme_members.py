"""Members of themes: who says none of a theme's words is no member, and a heap of stories is no theme."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from themes_fixture import around

from voc.theme_labels import name_themes
from voc.theme_members import KNOWN, NOWHERE, members
from voc.theme_vectors import snap

PARCELS = ("The parcel came late", "My parcel is lost", "A parcel was left outside", "No parcel again")
LIFTS = ("The lift is broken", "A lift out of order", "Stuck in the lift", "That lift is slow")
NOUNS = """garden window bottle ticket letter corner bucket candle ladder pillow blanket mirror basket hammer button
    pocket cushion kettle saucer napkin carpet curtain drawer folder marker pencil ruler stapler tractor wagon anchor
    barrel chimney dolphin engine feather guitar helmet island jacket"""
STORIES = [f"It was a {noun} and they had it" for noun in NOUNS.split()]


def grouped(*groups: Sequence[str], lang: str = "en", least: int = 3) -> tuple[pd.DataFrame, np.ndarray]:
    """Texts around one direction per group, and where each of them belongs."""
    rows = [(text, theme) for theme, texts in enumerate(groups) for text in texts]
    texts = pd.DataFrame({"text": [text for text, _ in rows], "lang": lang, "weight": 1.0})
    texts["feedback_id"] = [f"{number:04}" for number in range(len(texts))]
    own = np.array([theme for _, theme in rows])
    return texts, members(snap(around(own.tolist(), spread=0.3)), texts, own, least=least)


def many(texts: Sequence[str], number: int) -> list[str]:
    """So many texts, each a little different."""
    return [f"{texts[place % len(texts)]} {'abcdefghij'[place // len(texts) % 10] * 2}" for place in range(number)]


def test_who_says_no_word_of_a_theme_is_no_member() -> None:
    strays = ["Terrible weather that day", "My neighbour has a dog"]
    texts, found = grouped([*many(PARCELS, 40), *strays], many(LIFTS, 40))
    assert set(texts["text"][found == NOWHERE]) == set(strays)
    assert (found[:40] == 0).all()
    assert (found[42:] == 1).all()


def test_who_says_the_words_of_a_near_theme_joins_it() -> None:
    own = [0] * 40 + [1] * 40 + [0]
    points = around([*own[:-1], 1], spread=0.3)
    texts = pd.DataFrame({"text": [*many(PARCELS, 40), *many(LIFTS, 40), "A lift like that"], "lang": "en"})
    texts = texts.assign(weight=1.0, feedback_id=[f"{number:03}" for number in range(81)])
    assert members(snap(points), texts, np.array(own), least=3)[-1] == 1


def test_a_heap_of_stories_is_no_theme() -> None:
    """What is alike in the telling alone has words that few of it say."""
    heap = [*STORIES[:32], *many(["The garden it was", "It was in a window"], 8)]
    _, found = grouped(many(PARCELS, 40), heap, many(LIFTS, 40))
    assert (found[40:80] == NOWHERE).all()
    assert set(found[:40]) == {0}
    assert set(found[80:]) == {2}


@pytest.mark.parametrize("size", [KNOWN - 1, 5])
def test_of_a_few_texts_nothing_can_be_said(size: int) -> None:
    _, found = grouped([*many(PARCELS, size - 1), "My neighbour has a dog"], many(LIFTS, 40))
    assert (found[:size] == 0).all()


def test_who_lies_far_off_must_say_the_words() -> None:
    """A remark in a language of few texts: it is nearest to something, and about nothing."""
    texts, _ = grouped([*many(PARCELS, 10), "Tikra nesąmonė", "A parcel again"], many(LIFTS, 40))
    own = np.array([0] * 12 + [1] * 40)
    points = around(own.tolist(), spread=0.3)
    points[10:12] = around([0, 0], spread=3.0, seed=4)
    found = members(snap(points), texts, own, least=3)
    assert found[10] == NOWHERE
    assert found[11] == 0, "who says a parcel is believed"
    assert (found[:10] == 0).all()


def test_each_language_has_its_own_words() -> None:
    german = many(("Das Paket kam spät", "Ein Paket fehlt", "Mein Paket ist weg", "Kein Paket"), 40)
    texts = pd.DataFrame({"text": [*many(PARCELS, 40), *german, "Mein Nachbar hat einen Hund"], "weight": 1.0})
    texts["lang"] = ["en"] * 40 + ["de"] * 41
    texts["feedback_id"] = [f"{number:03}" for number in range(81)]
    own = np.zeros(81, int)
    found = members(snap(around(own.tolist(), spread=0.3)), texts, own, least=3)
    assert found.tolist() == [0] * 80 + [NOWHERE]


def test_writing_without_spaces_has_words_too() -> None:
    texts = many(("配送太慢了", "配送很慢", "今天配送又晚了", "配送员没来"), 40)
    _, found = grouped([*texts, "房间很冷清吧"], many(("房间太吵", "房间很小", "房间有味道"), 40), lang="zh")
    assert (found[:40] == 0).all()
    assert found[40] != 0


def test_what_has_no_theme_stays_without() -> None:
    texts, _ = grouped(many(PARCELS, 40), many(LIFTS, 40))
    own = np.array([0] * 40 + [1] * 38 + [-1, -2])
    found = members(snap(around([0] * 40 + [1] * 40, spread=0.3)), texts, own, least=3)
    assert found[-2:].tolist() == [-1, -2]


def test_a_theme_with_few_comments_left_is_none() -> None:
    texts, found = grouped([*many(PARCELS, 12), *STORIES[:20]], many(LIFTS, 40), least=13)
    assert (found[: len(texts) - 40] == NOWHERE).all()
    assert (grouped([*many(PARCELS, 12), *STORIES[:20]], many(LIFTS, 40), least=12)[1][:12] == 0).all()


def test_where_nothing_would_be_left_all_stays() -> None:
    texts, found = grouped(STORIES)
    assert (found == 0).all()
    assert name_themes(texts.assign(theme=found, fit=0.5), keywords=3)[0].label


def test_the_order_of_the_texts_does_not_matter() -> None:
    own = [0] * 42 + [1] * 40 + [2] * 40
    said = [*many(PARCELS, 40), "Terrible weather", "The lift again", *STORIES, *many(LIFTS, 40)]
    ids = [f"{n:03}" for n in range(122)]
    texts = pd.DataFrame({"text": said, "lang": "en", "weight": 1.0, "feedback_id": ids})
    points, order = snap(around(own, spread=0.3)), np.random.default_rng(1).permutation(122)
    found = members(points, texts, np.array(own), least=3)
    shuffled = members(points[order], texts.iloc[order], np.array(own)[order], least=3)
    assert (shuffled == found[order]).all()

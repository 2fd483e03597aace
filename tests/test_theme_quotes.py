"""What stands for a theme: labels that differ, one sentence, three quotes that are not three copies."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from conftest import TinyEncoder
from themes_fixture import clauses_of

from voc.config import ThemesConfig
from voc.tables import CLAUSES
from voc.themes import Grouped, find_themes

EVERYTHING = ThemesConfig(of="everything")
SAYINGS = (
    "The parcel was left out in the rain all day",
    "Our courier threw the parcel over the garden fence",
    "Nobody rang the bell when the parcel came",
    "The parcel went to a shop five miles away",
)
DULL = re.compile(r"\b(thing|things|get|got|would|could|really|the|and|was|were|with|this|that)\b")


def words(text: str) -> set[str]:
    """The words of a text without numbers."""
    return set(re.findall(r"[a-z]+", text.casefold()))


def alike(one: str, other: str) -> float:
    """Shared words of all words, 0-1 (Jaccard)."""
    return len(words(one) & words(other)) / len(words(one) | words(other))


def themes_of(texts: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clauses and themes by the vectors of the tiny model, which hears words."""
    return find_themes(clauses_of(texts), TinyEncoder().encode(texts).vectors, EVERYTHING)


def as_one_theme(texts: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same, all of them in one theme."""

    def together(points: np.ndarray, *_: object) -> Grouped:
        return Grouped(np.zeros(len(points), int), np.ones(1), (None,))

    return find_themes(clauses_of(texts), TinyEncoder().encode(texts).vectors, EVERYTHING, group=together)


@pytest.mark.parametrize("copies", [20, 200])
def test_three_quotes_are_not_three_copies(copies: int) -> None:
    """One saying with a number of its own each time, by far the commonest and so the most central: quoted once."""
    texts = [f"The parcel came late again, order {number} was late" for number in range(copies)] + [*SAYINGS]
    marked, themes = as_one_theme(texts)
    assert len(themes[themes["parent_id"].isna()]) == 1
    quotes = marked.dropna(subset=["quote_rank"]).sort_values("quote_rank")["text"].tolist()
    assert len(quotes) == 3
    assert max(alike(*pair) for pair in combinations(quotes, 2)) < 0.75


def test_where_all_say_the_same_one_stands_for_all() -> None:
    """Three copies that differ in a number would be three times the same: one is enough."""
    marked, _ = as_one_theme([f"The parcel came late again, order {number}" for number in range(60)])
    assert marked["quote_rank"].notna().sum() == 1


def test_copies_are_known_in_scripts_without_spaces() -> None:
    texts = [f"订单{number}的配送太慢了，等了很久都没有人送来" for number in range(20)]
    marked, _ = as_one_theme([*texts, "快递员态度很差，把包裹扔在门口就走了"])
    assert marked["quote_rank"].notna().sum() == 2


def test_quotes_cover_the_sides_of_a_theme() -> None:
    """Three sayings of one theme, told equally often: each has its quote."""
    said = SAYINGS[:3]
    texts = [f"{said[number % 3]} {['once', 'twice', 'again', 'today'][number // 3 % 4]}" for number in range(60)]
    marked, _ = as_one_theme(texts)
    quotes = marked.dropna(subset=["quote_rank"])["text"]
    assert {next(saying for saying in said if quote.startswith(saying)) for quote in quotes} == set(said)


@pytest.fixture(scope="module")
def shop() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Four matters told in three ways each, with asides."""
    matters = {
        "delivery": ("parcel late courier", "courier lost parcel", "late parcel delivery"),
        "login": ("app login crashes", "login screen freezes app", "password login app"),
        "bill": ("wrong bill invoice", "invoice bill twice", "bill fee invoice"),
        "room": ("cold room heating", "room heating broken", "noisy room heating"),
    }
    texts = [
        f"The {ways[number % 3]} would really get worse {'abcdefghijklmnopqrstuvwxy'[number]}"
        for ways in matters.values()
        for number in range(25)
    ]
    return themes_of(texts)


def test_labels_are_distinct_at_either_level(shop: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    _, themes = shop
    assert len(themes) >= 4
    top = themes[themes["parent_id"].isna()]
    assert top["label"].is_unique
    for _, parts in themes.dropna(subset=["parent_id"]).groupby("parent_id"):
        assert parts["label"].is_unique


def test_labels_are_short_and_without_stop_words(shop: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    _, themes = shop
    for label in themes["label"]:
        assert len(label) <= 60
        assert len(label.split(", ")) <= 3
        assert not DULL.search(label.casefold()), label


def test_each_theme_has_one_sentence_of_its_own_customers(shop: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    marked, themes = shop
    for theme in themes[themes["parent_id"].isna()].itertuples():
        assert theme.sentence in set(marked.loc[marked["theme_id"] == theme.theme_id, "text"])
        assert any(word in theme.sentence for word in theme.label.split(", "))


def test_praise_has_what_complaints_have() -> None:
    """Of the same clauses, told with joy: as many themes, labels, sentences, quotes, parts and firmness."""
    texts = [f"{saying} {'abcdefghijklmnop'[number]}" for saying in SAYINGS for number in range(16)]
    vectors = TinyEncoder().encode(texts).vectors
    blamed = clauses_of(texts)
    praised = CLAUSES.check(blamed.assign(label="positive", sentiment=np.float32(0.8)))
    one, themes = find_themes(blamed, vectors, ThemesConfig())
    other, loved = find_themes(praised, vectors, ThemesConfig(of="praise"))
    assert set(loved["status"]) - {"residual"} == {"praise"}
    same = ["theme_id", "parent_id", "label", "sentence", "keywords", "n_feedback", "firmness"]
    pd.testing.assert_frame_equal(loved[same], themes[same])
    pd.testing.assert_series_equal(one["quote_rank"], other["quote_rank"])
    assert find_themes(blamed, vectors, ThemesConfig(of="praise"))[1].empty

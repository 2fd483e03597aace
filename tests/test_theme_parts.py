"""Themes: parts, feelings without a topic, praise, languages, and growth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from themes_fixture import OTHERS, around, clauses_of, make_shop

from voc import theme_graph
from voc import themes as themes_module
from voc.config import ThemesConfig
from voc.tables import CLAUSES, KEYWORDS, THEMES
from voc.theme_graph import discover, stratified
from voc.theme_quotes import quote_ranks, worth
from voc.theme_vectors import GRID, centre, search, snap
from voc.themes import TONE, Grouped, find_keywords, find_themes

EVERYTHING = ThemesConfig(of="everything")


@pytest.fixture(scope="module")
def shop() -> tuple[pd.DataFrame, np.ndarray]:
    return make_shop()


def tree(parts: int, *, seed: int = 3) -> tuple[np.ndarray, list[int], list[int]]:
    """Clauses of two themes; the first has `parts` clear parts. Vectors, themes and parts."""
    themes = [0] * 60 * parts + [1] * 60
    inner = [number % parts for number in range(60 * parts)] + [parts] * 60
    vectors = around(themes, spread=1.0, seed=seed) + 0.7 * around(inner, spread=0.0, seed=seed + 1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), themes, inner


def test_themes_nest() -> None:
    """Sub-themes stand below their theme, in the table and in the clauses, and add up to it."""
    vectors, topics, inner = tree(3)

    def by_topic(points: np.ndarray, texts: pd.DataFrame, mentions: pd.DataFrame, config: ThemesConfig) -> Grouped:
        return Grouped(np.array(topics)[texts["feedback_id"].astype(int)], np.ones(2), (None, None))

    clauses = clauses_of([f"t{number}" for number in range(len(topics))])
    marked, themes = find_themes(clauses, vectors, ThemesConfig(), group=by_topic)
    parts = themes.dropna(subset=["parent_id"]).set_index("theme_id")
    assert len(parts) == 3
    assert set(parts["parent_id"]) <= set(themes.loc[themes["parent_id"].isna(), "theme_id"])
    told = marked.dropna(subset=["subtheme_id"])
    assert (told["subtheme_id"].map(parts["parent_id"]) == told["theme_id"]).all()
    assert told.groupby("subtheme_id").size().to_dict() == parts["n_clauses"].to_dict()
    assert pd.crosstab(told["subtheme_id"], np.array(inner)[told.index]).gt(0).sum(axis=1).eq(1).all()
    assert themes["theme_id"].is_unique


def test_a_theme_of_a_piece_has_no_parts() -> None:
    clauses = clauses_of([f"t{number}" for number in range(200)])
    _, themes = find_themes(clauses, around([0] * 200, spread=2.0), ThemesConfig(resolution=0.01))
    assert themes["parent_id"].isna().all()


def test_feelings_go_with_the_topic_of_their_comment(shop: tuple[pd.DataFrame, np.ndarray]) -> None:
    clauses, vectors = shop
    feelings = clauses_of(["So frustrating!", "Very disappointed", "I am really annoyed"])
    feelings["feedback_id"] = ["00000", "00001", "alone"]
    feelings["clause_id"], feelings["position"] = ["a", "b", "c"], pd.array([1, 1, 0], "Int32")
    more = CLAUSES.check(pd.concat([clauses, feelings], ignore_index=True))
    marked, themes = find_themes(more, np.concatenate([vectors, around([5] * 3)]), ThemesConfig())
    given = marked.set_index("clause_id")["theme_id"]
    assert given["a"] == given["00000-0"]
    assert given["b"] == given["00001-0"]
    assert given["c"] == TONE
    assert themes.set_index("theme_id").loc[TONE, "status"] == "residual"
    assert themes["status"].eq("complaints").sum() == 4
    assert marked.set_index("clause_id").loc[["a", "b", "c"], "quote_rank"].isna().all()


def test_feelings_shift_no_quote(shop: tuple[pd.DataFrame, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no topic is passed over, and every other text keeps its own vector and worth."""
    seen = []
    monkeypatch.setattr(themes_module, "quote_ranks", lambda *told: [seen.append(told), quote_ranks(*told)][1])
    clauses, vectors = shop
    feelings = clauses_of([f"{'very ' * number}disappointed" for number in range(1, 8)])
    feelings = feelings.assign(clause_id=[f"!{n}" for n in range(7)], feedback_id=[f"!{n}" for n in range(7)])
    more = CLAUSES.check(pd.concat([feelings, clauses], ignore_index=True))
    marked, _ = find_themes(more, np.vstack([vectors[:7], vectors]), ThemesConfig())
    assert marked["theme_id"].eq(TONE).sum() == 7
    ((points, texts, value, _, _),) = seen
    assert len(points) == len(texts) == len(value) == 200
    worst = texts.assign(gap=np.abs(value - worth(texts, "complaints")))
    assert worst["gap"].max() == 0


def test_the_first_quote_has_the_words_of_the_label() -> None:
    said = ["they sent me away with brown paper", "no discount at the till again", "an angry word about everything"]
    texts = pd.DataFrame({
        "text": said,
        "theme": 0, "lang": "en", "feedback_id": ["a", "b", "c"],
    })  # fmt: skip
    points, value = np.eye(3), np.array([0.9, 0.7, 0.2])
    told = quote_ranks(points, texts, value, [("discount, till", "en")], ThemesConfig(quotes=2))
    assert told.fillna(0).tolist() == [2, 1, 0]
    other = quote_ranks(points, texts, value, [("parking", "en")], ThemesConfig(quotes=2))
    assert other.fillna(0).tolist() == [1, 2, 0]


def test_a_file_of_feelings_alone() -> None:
    marked, themes = find_themes(clauses_of(["So bad"] * 3 + ["Terrible!"] * 9), around([0] * 12), ThemesConfig())
    assert themes["theme_id"].tolist() == [TONE]
    assert marked["theme_id"].eq(TONE).all()


def test_the_sentence_is_one_clause_in_the_labels_language() -> None:
    texts = ["Die Rechnung ist schon wieder falsch", "The invoice is wrong once more"] * 20
    clauses = clauses_of(
        [f"{text} {'abcdefghijklmnopqrst'[n // 2]}" for n, text in enumerate(texts)], ["de", "en"] * 20
    )
    for lang, word in (("en", "invoice"), ("de", "Rechnung")):
        _, themes = find_themes(clauses, around([0] * 40), ThemesConfig(resolution=0.01, labels_in=lang))
        assert themes["label_lang"].tolist() == [lang]
        assert word in themes["sentence"].iloc[0]
        assert themes["sentence"].iloc[0] in set(clauses["text"])


def test_a_longer_sentence_stands_where_no_short_one_has_the_words() -> None:
    """Comments typed without a full stop are one long clause; a short one beside them says nothing of the theme."""
    long = "I rang and rang and rang again and in the end the phone queue took the whole morning off work and then"
    texts = [*(f"{long} {'abcdefghijklmnopqrst'[n]} hung up on me" for n in range(20)), "so very hard for all of us"]
    _, themes = find_themes(clauses_of(texts), around([0] * 21), ThemesConfig(resolution=0.01))
    assert "phone" in themes["label"].iloc[0]
    assert "phone" in themes["sentence"].iloc[0]


def test_keywords_per_language() -> None:
    texts = ["Die Rechnung ist falsch", "The invoice is wrong", "Falsche Rechnung", "My invoice, a wrong one"]
    texts = [f"{text} {'abcde'[place]}" for place in range(5) for text in texts]
    clauses = clauses_of(texts, ["de", "en", "de", "en"] * 5)
    other = clauses_of(OTHERS, ["en"] * 4).assign(feedback_id=list("wxyz"), clause_id=list("wxyz"))
    both = pd.concat([clauses, other], ignore_index=True)
    marked, themes = find_themes(
        both, around([0] * 20 + [1] * 4, spread=0.2), ThemesConfig(resolution=0.2, min_feedback=3)
    )
    words = find_keywords(marked, themes, ThemesConfig())
    assert words.dtypes.astype(str).to_dict() == {name: column.dtype for name, column in KEYWORDS.columns.items()}
    best = words[words["rank"] == 1].set_index(["theme_id", "lang"])["keyword"]
    assert best[themes["theme_id"].iloc[0], "de"] == "Rechnung"
    assert best[themes["theme_id"].iloc[0], "en"] == "invoice"
    assert find_keywords(CLAUSES.empty(), THEMES.empty(), ThemesConfig()).empty


def test_praise_has_names_and_quotes(shop: tuple[pd.DataFrame, np.ndarray]) -> None:
    clauses, vectors = shop
    clauses = clauses.assign(label="positive", sentiment=np.float32(0.9))
    clauses["text"] = clauses["text"].str.replace("late|rude|wrong|crashes", "great", regex=True)
    marked, themes = find_themes(clauses, vectors, ThemesConfig(of="praise"))
    # "Lovely people" says nothing of parcels, waiters, bills or apps, whatever it lies near.
    rest = marked["theme_id"].map(themes.set_index("theme_id")["status"]).eq("residual")
    assert set(marked["text"][rest]) == {"Lovely people"}
    assert marked[~rest].groupby("theme_id")["quote_rank"].max().eq(3).all()
    assert themes["label"].is_unique


def test_halves_agree() -> None:
    """Topics that run into one another: two overlapping halves still find the same themes."""
    from sklearn.metrics import adjusted_mutual_info_score

    topics = np.array([number % 7 for number in range(900)])
    points = centre(around(topics.tolist(), spread=2.2), np.array(["en"] * 900))
    part = np.random.default_rng(0).integers(0, 3, 900)
    found = []
    for side in (0, 1):
        groups = np.full(900, -1)
        groups[part != side] = discover(points[part != side], neighbours=15).groups
        found.append(groups[part == 2])
    assert adjusted_mutual_info_score(*found) >= 0.7


def test_the_index_finds_neighbours() -> None:
    points = snap(around([number % 40 for number in range(3000)], spread=1.5))
    exact, _ = search(points, points, 10)
    found, cosines = search(points, points, 10, exact=False)
    shared = [len(set(left) & set(right)) / 10 for left, right in zip(exact, found, strict=True)]
    assert np.mean(shared) > 0.95
    there = found >= 0
    rows = np.nonzero(there)[0]
    whole = np.einsum("ij,ij->i", points[rows].astype(float), points[found[there]].astype(float))
    np.testing.assert_array_equal(cosines[there], whole.astype(np.float32) / np.float32(GRID * GRID))


def test_a_sample_has_every_stratum_in_proportion() -> None:
    strata = np.array(["en"] * 900 + ["lt"] * 100)
    part = stratified(strata, 100)
    assert len(set(part)) == 100
    assert (strata[part] == "lt").sum() == 10
    np.testing.assert_array_equal(part, stratified(strata, 100))


def test_what_is_not_sampled_joins_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    topics = np.array([number % 6 for number in range(1200)])
    points = snap(around(topics.tolist()))
    whole = discover(points, neighbours=15).groups
    monkeypatch.setattr(theme_graph, "DISCOVER_LIMIT", 600)
    groups = discover(points, neighbours=15, strata=topics).groups
    assert pd.crosstab(groups, whole).gt(0).sum(axis=1).eq(1).all()


@pytest.mark.parametrize(
    ("firmness", "grade"), [([0.9, 0.8], "firm"), ([0.9, 0.5], "fairly firm"), ([0.3, 0.2], "loose")]
)
def test_a_note_says_how_firm_the_themes_are(firmness: list[float], grade: str) -> None:
    from voc.config import Config
    from voc.notes import theme_notes

    themes = pd.DataFrame({"theme_id": ["t-1", "t-2", TONE, "s-1"], "label": ["a", "b", "no particular topic", "c"]})
    themes = themes.assign(parent_id=[pd.NA, pd.NA, pd.NA, "t-1"], n_clauses=[10, 10, 3, 5])
    themes = themes.assign(firmness=[*firmness, np.nan, 0.0], status=["complaints"] * 2 + ["residual", "complaints"])
    clauses = clauses_of(["text"] * 23).assign(theme_id="t-1")
    firm, rest = theme_notes(CLAUSES.check(clauses), THEMES.check(themes), Config())
    assert f"are {grade}:" in firm.text
    assert f"{np.mean(firmness):.0%}" in firm.text
    assert f"of {len(firmness)} with" in firm.text
    assert (rest.count, "no topic" in rest.text) == (3, True)

"""Sub-themes over several runs: found again they keep their ids, and no id ever names another one."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from workspace_fixture import Past, week

from voc.tables import THEMES
from voc.workspace.ids import free_ids, known_parts, renamed


def clauses_in(*parts: tuple[str, str | None], first: int = 0) -> pd.DataFrame:
    """A clause for every (theme, sub-theme), numbered from `first`."""
    rows = [(f"c{first + place}", theme, part) for place, (theme, part) in enumerate(parts)]
    return pd.DataFrame(rows, columns=["clause_id", "theme_id", "subtheme_id"], dtype="string")


def test_a_sub_theme_found_again_keeps_its_id():
    before = clauses_in(*[("t-1", "s-a")] * 10, *[("t-1", "s-b")] * 10)
    now = clauses_in(*[("t-1", "s-x")] * 8, *[("t-1", "s-y")] * 12, *[("t-1", "s-z")] * 5)
    assert known_parts(now, before) == {"s-x": "s-a", "s-y": "s-b", "s-z": "s-z"}


def test_halves_of_a_sub_theme_are_new_ones():
    before = clauses_in(*[("t-1", "s-a")] * 10)
    now = clauses_in(*[("t-1", "s-x")] * 5, *[("t-1", "s-y")] * 5)
    assert known_parts(now, before) == {"s-x": "s-x", "s-y": "s-y"}


def test_the_same_clauses_in_another_theme_are_another_sub_theme():
    before = clauses_in(*[("t-1", "s-a")] * 10)
    assert known_parts(clauses_in(*[("t-2", "s-x")] * 10), before) == {"s-x": "s-x"}


def test_an_id_that_another_sub_theme_has_is_not_given_again():
    before = clauses_in(*[("t-1", "s-a")] * 10)
    found = known_parts(clauses_in(*[("t-1", "s-x")] * 10, *[("t-1", "s-a")] * 10), before)
    assert found["s-x"] == "s-a"
    assert found["s-a"].startswith("s-")
    assert found["s-a"] != "s-a"


def test_the_first_run_names_them_as_found():
    now = clauses_in(("t-1", "s-a"), ("t-1", None))
    assert known_parts(now, now.head(0)) == {"s-a": "s-a"}
    assert free_ids(["t-1"], {"t-1"})["t-1"] != "t-1"


PARTS = st.lists(st.tuples(st.sampled_from(["t-1", "t-2"]), st.sampled_from(["a", "b", "c", None])), max_size=30)


@given(before=PARTS, now=PARTS)
def test_two_sub_themes_never_share_an_id(before: list[tuple], now: list[tuple]):
    older, newer = (
        clauses_in(*[(theme, part and f"s-{theme[2]}{part}") for theme, part in rows]) for rows in (before, now)
    )
    names = known_parts(newer, older)
    assert set(names) == set(newer["subtheme_id"].dropna())
    assert len(set(names.values())) == len(names)
    clauses, _ = renamed(newer, THEMES.empty(), names)
    assert clauses["subtheme_id"].isna().equals(newer["subtheme_id"].isna())
    assert clauses["theme_id"].equals(newer["theme_id"])


def test_sub_themes_keep_their_ids_from_run_to_run():
    """A tenth more comments move the middle of a theme's sides: those that are found again keep their ids."""
    base = {"delivery": 60, "app": 60, "staff": 60, "price": 60}
    first = Past().run(week(1, **base))
    second = first.run(week(2, **dict.fromkeys(base, 6)))
    older, newer = (past.themes.dropna(subset=["parent_id"]).set_index("theme_id") for past in (first, second))
    again = older[older["parent_id"].isin(newer["parent_id"])]
    assert len(again) >= 2, "themes as large as these have sub-themes"
    assert set(again.index) <= set(newer.index)
    assert set(newer.index) == set(second.clauses["subtheme_id"].dropna())
    assert set(newer["parent_id"]) <= set(second.themes["theme_id"])

"""Themes over several runs: they keep their ids, new ones are born, what changed is told, what people did stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from workspace_fixture import NOW, Past, week

from voc.errors import InputError
from voc.workspace import revising
from voc.workspace.edits import find_theme, log, replay, undo

BASE = {"delivery": 30, "app": 30, "staff": 30, "price": 30}


@pytest.fixture(scope="module")
def first() -> Past:
    return Past().run(week(1, **BASE))


@pytest.fixture(scope="module")
def second(first: Past) -> Past:
    return first.run(week(2, **{**BASE, "app": 75}, heating=28))


def test_the_first_run_finds_what_there_is_without_a_memory(first: Past):
    assert {first.theme_of(topic) for topic in BASE} == set(
        first.themes.loc[first.themes["parent_id"].isna(), "theme_id"]
    )
    assert first.changes.empty


def test_new_texts_join_the_theme_they_belong_to(first: Past, second: Past):
    for topic in BASE:
        inside = second.clauses.loc[second.of(topic), "theme_id"]
        assert (inside == first.theme_of(topic)).mean() >= 0.95, topic


def test_ids_and_labels_never_change(first: Past, second: Past):
    before, after = (past.themes.set_index("theme_id")["label"] for past in (first, second))
    for topic in BASE:
        assert after[first.theme_of(topic)] == before[first.theme_of(topic)]
    old = first.clauses.set_index("clause_id")["theme_id"].dropna()
    assert second.clauses.set_index("clause_id")["theme_id"].reindex(old.index).equals(old)


def test_what_is_new_founds_a_theme(first: Past, second: Past):
    born = second.theme_of("heating")
    assert born not in set(first.themes["theme_id"])
    assert second.told()[born] == "born"
    assert (second.clauses.loc[second.of("heating"), "theme_id"] == born).mean() >= 0.9


def test_growth_is_told_with_its_interval(second: Past):
    told = second.changes.set_index("theme_id").loc[second.theme_of("app")]
    assert told["change"] == "grown"
    assert 0 < told["low"] < told["difference"] < told["high"]
    assert (told["n_before"], told["of_before"]) == (30, 160)
    assert told["n_now"] >= 70


def test_what_stops_is_gone_and_what_halves_shrinks(second: Past):
    third = second.run(week(3, praise=120, **{**BASE, "app": 20, "staff": 0}, heating=28))
    assert third.told()[second.theme_of("staff")] == "gone"
    assert third.told()[second.theme_of("app")] == "shrunk"
    assert third.told()[second.theme_of("heating")] == "steady"


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_not_called_growth(first: Past, seed: int):
    """Counts as chance makes them: of all themes over three draws at most one is called grown or shrunk."""
    rng = np.random.default_rng(seed)
    counts = {topic: int(rng.poisson(30)) for topic in BASE}
    told = first.run(week(20 + seed, **counts)).told()
    assert set(told.values()) <= {"steady"}


@pytest.mark.parametrize("number", [4, 5])
def test_noise_founds_no_theme(first: Past, number: int):
    again = first.run(week(number, **BASE))
    assert set(again.themes.loc[again.themes["parent_id"].isna(), "theme_id"]) - {"t-other", "t-tone"} == {
        first.theme_of(topic) for topic in BASE
    }


def test_a_run_without_news_tells_the_same_changes(second: Past):
    again = second.run()
    pd.testing.assert_frame_equal(again.changes, second.changes)
    assert again.clauses["theme_id"].equals(second.clauses["theme_id"])


def test_row_order_does_not_matter(first: Past, second: Past):
    shuffled = first.run(week(2, **{**BASE, "app": 75}, heating=28).sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(shuffled.changes, second.changes)
    key = ["clause_id", "theme_id"]
    one, other = (past.clauses[key].sort_values("clause_id", ignore_index=True) for past in (shuffled, second))
    pd.testing.assert_frame_equal(one, other)
    pd.testing.assert_frame_equal(shuffled.contents.texts, second.contents.texts)


def test_what_is_too_rare_is_kept_until_it_is_enough(first: Past):
    """Three comments a week found no theme; those of three weeks together do."""
    past = first
    for number in (2, 3, 4, 5):
        past = past.run(week(number, **BASE, queue=4))
        if number == 2:
            inside = past.clauses.loc[past.of("queue"), "theme_id"]
            assert set(inside) <= {"t-other", "t-tone", *(first.theme_of(topic) for topic in BASE)}
    queue = past.clauses.loc[past.of("queue"), "theme_id"]
    assert queue.value_counts().iloc[0] >= 12
    assert queue.value_counts().index[0] not in set(first.themes["theme_id"])


def test_a_coarse_theme_is_split(first: Past):
    """People merge two themes by an edit that is no edit: a first run that saw them as one."""
    app, price = first.theme_of("app"), first.theme_of("price")
    texts = first.contents.texts.assign(theme_id=first.contents.texts["theme_id"].replace(price, app))
    coarse = Past(contents=replace(first.contents, texts=texts))
    later = coarse.run(week(2, **BASE))
    split = later.changes[later.changes["change"] == "split"]
    assert split["theme_id"].tolist() == [app]
    assert later.theme_of("app") != later.theme_of("price")
    assert app not in {later.theme_of("app"), later.theme_of("price")}, "the id would have changed its meaning"
    assert later.told()[later.theme_of("app")] == "steady"
    (entry,) = log(later.contents)
    assert entry.by_voc
    back, _ = undo(later.contents)
    again = Past(contents=back).run(week(3, **BASE))
    assert again.theme_of("app") == again.theme_of("price") == app, "what people took back is not done again"


def test_a_theme_that_was_found_twice_is_merged(first: Past):
    """A first run that saw one theme as two: both go to a theme of a new id, in the open, and it can be undone."""
    app = first.theme_of("app")
    inside = first.contents.texts["theme_id"].eq(app).fillna(value=False)
    other = first.contents.themes[first.contents.themes["theme_id"] == app].assign(theme_id="t-twin", label="the app")
    texts = first.contents.texts.copy()
    texts.loc[np.flatnonzero(inside)[::2], "theme_id"] = "t-twin"
    themes = pd.concat([first.contents.themes, other], ignore_index=True)
    twice = Past(contents=replace(first.contents, texts=texts, themes=themes))
    later = twice.run(week(2, **{**BASE, "app": 60}))
    merged = later.changes[later.changes["change"] == "merged"]
    assert set(merged["theme_id"]) == {app, "t-twin"}
    heir = later.theme_of("app")
    assert heir not in {app, "t-twin"}, "neither id may change its meaning"
    assert merged["detail"].str.contains(heir, regex=False).all()
    assert later.told()[heir] == "grown", "counted as one theme in both weeks"
    assert {later.theme_of(topic) for topic in BASE} == {
        heir,
        *(first.theme_of(topic) for topic in BASE if topic != "app"),
    }
    again = later.run(week(3, **BASE))
    assert again.theme_of("app") == heir
    assert not again.changes["change"].isin(["merged", "split"]).any()
    back, taken_back = undo(later.contents)
    assert taken_back.by_voc
    apart = Past(contents=back).run(week(3, **BASE))
    assert set(apart.clauses.loc[apart.of("app"), "theme_id"]) >= {app, "t-twin"}, "what was taken back is not redone"


def test_kinds_of_themes_have_memories_of_their_own(first: Past):
    praised = first.run(week(2, praise=60, **BASE), of="praise")
    assert set(praised.themes["status"]) <= {"praise", "residual"}
    again = praised.run(week(3, **BASE))
    assert again.theme_of("app") == first.theme_of("app")


def test_a_renamed_theme_keeps_its_name_in_later_runs(first: Past):
    name = first.themes.set_index("theme_id").loc[first.theme_of("app"), "label"]
    past = first.having(revising.rename(first.contents, name, " App  crashes ", made_at=NOW)).run(week(2, **BASE))
    assert past.themes.set_index("theme_id").loc[first.theme_of("app"), "label"] == "App crashes"
    assert "App crashes" in set(past.changes["label"])


def test_merged_themes_stay_together_and_come_apart_again(first: Past):
    app, staff = first.theme_of("app"), first.theme_of("staff")
    merged = first.having(revising.merge(first.contents, app, [staff], made_at=NOW)).run(week(2, **BASE))
    assert merged.theme_of("staff") == merged.theme_of("app") == app
    told = merged.changes.set_index("theme_id").loc[staff]
    assert (told["change"], app in told["detail"]) == ("merged", True)
    contents, _ = undo(merged.contents)
    apart = Past(contents=contents).run(week(3, **BASE))
    assert (apart.theme_of("staff"), apart.theme_of("app")) == (staff, app)
    assert (apart.clauses.loc[apart.of("staff"), "theme_id"] == staff).mean() >= 0.95, "week 2 too comes back to it"


def test_a_split_theme_stays_split_and_can_be_put_together_again(first: Past):
    app = first.theme_of("app")
    past = first.having(revising.split(first.contents, app, 2, made_at=NOW)).run(week(2, **BASE))
    parts = set(past.clauses.loc[past.of("app"), "theme_id"]) - {"t-other"}
    assert len(parts) == 2
    assert app not in parts
    assert past.changes.loc[past.changes["change"] == "split", "theme_id"].tolist() == [app]
    contents, _ = undo(past.contents)
    again = Past(contents=contents).run(week(3, **BASE))
    assert set(again.clauses.loc[again.of("app"), "theme_id"]) - {"t-other"} == {app}


def test_a_muted_theme_is_marked_and_comes_back(first: Past):
    app = first.theme_of("app")
    past = first.having(revising.flag(first.contents, app, "mute", made_at=NOW)).run(week(2, **BASE))
    assert past.themes.set_index("theme_id").loc[app, "status"] == "muted"
    loud = past.having(revising.flag(past.contents, app, "unmute", made_at=NOW)).run()
    assert loud.themes.set_index("theme_id").loc[app, "status"] == "complaints"


def test_a_phrase_moves_clauses_now_and_later(first: Past):
    asked = revising.assign(first.contents, "Courier trouble", phrases=["Courier"], new=True, made_at=NOW)
    past = first.having(asked).run(week(2, **BASE))
    made = find_theme(replay(past.contents), "courier trouble").theme_id
    holds = past.clauses["text"].str.contains(r"\bcourier\b")
    assert holds.sum() > 20
    assert set(past.clauses.loc[holds, "theme_id"]) == {made}
    contents, _ = undo(past.contents)
    back = Past(contents=contents).run()
    assert made not in set(back.clauses["theme_id"])
    assert back.clauses.loc[holds.to_numpy(), "theme_id"].notna().all()


def test_an_assigned_clause_stays_where_it_was_put(first: Past):
    app, staff = first.theme_of("app"), first.theme_of("staff")
    clause = first.clauses.loc[first.clauses["theme_id"] == app, "clause_id"].iloc[0]
    past = first.having(revising.assign(first.contents, staff, clause_ids=[clause], made_at=NOW)).run(week(2, **BASE))
    assert past.clauses.set_index("clause_id").loc[clause, "theme_id"] == staff
    assert past.theme_of("app") == app


def test_a_pinned_theme_stays_though_it_is_small(first: Past):
    """Most of a theme is assigned elsewhere; what is left is too little for a theme unless people pinned it."""
    app, staff = first.theme_of("app"), first.theme_of("staff")
    inside = first.clauses.loc[first.clauses["theme_id"] == app, "clause_id"].tolist()
    away = first.having(revising.assign(first.contents, staff, clause_ids=inside[2:], made_at=NOW))
    assert app not in set(away.run().themes["theme_id"])
    pinned = away.having(revising.flag(away.contents, app, "pin", made_at=NOW)).run()
    assert pinned.themes.set_index("theme_id").loc[app, "n_feedback"] == 2


def test_every_edit_is_undone_in_turn(first: Past):
    contents = first.contents
    app, staff, price = (first.theme_of(topic) for topic in ("app", "staff", "price"))
    contents = revising.rename(contents, app, "App", made_at=NOW).contents
    contents = revising.merge(contents, app, [staff], made_at=NOW).contents
    contents = revising.flag(contents, price, "pin", made_at=NOW).contents
    contents = revising.split(contents, "App", 2, made_at=NOW).contents
    for left in (3, 2, 1, 0):
        contents, _ = undo(contents)
        assert sum(not each.undone for each in log(contents)) == left
    assert replay(contents).themes == replay(first.contents).themes
    assert replay(contents).theme_of == replay(first.contents).theme_of
    with pytest.raises(InputError, match="no edit to undo"):
        undo(contents)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (
            lambda contents, ids: revising.rename(contents, "ap", "x", made_at=NOW),
            "There is no theme 'ap'; .*Choices: ",
        ),
        (
            lambda contents, ids: revising.rename(contents, ids[0], "  ", made_at=NOW),
            "A label needs 1 to 80 characters",
        ),
        (lambda contents, ids: revising.rename(contents, ids[0], "x" * 81, made_at=NOW), "has 81"),
        (lambda contents, ids: revising.merge(contents, ids[0], [ids[0]], made_at=NOW), "merged into itself"),
        (lambda contents, ids: revising.flag(contents, ids[0], "unpin", made_at=NOW), "is not pinned"),
        (lambda contents, ids: revising.assign(contents, ids[0], made_at=NOW), "--phrase WORDS or --clause ID"),
        (lambda contents, ids: revising.assign(contents, ids[0], clause_ids=["no"], made_at=NOW), "no clause 'no'"),
        (lambda contents, ids: revising.split(contents, ids[0], 20, made_at=NOW), "does not fall into 20 parts"),
    ],
    ids=["unknown", "blank", "long", "itself", "not pinned", "nothing", "no clause", "too many parts"],
)
def test_what_cannot_be_done_is_told(first: Past, edit, told: str):
    with pytest.raises(InputError, match=told):
        edit(first.contents, [first.theme_of(topic) for topic in BASE])


def test_a_theme_that_went_elsewhere_says_where(first: Past):
    app, staff = first.theme_of("app"), first.theme_of("staff")
    contents = revising.merge(first.contents, app, [staff], made_at=NOW).contents
    with pytest.raises(InputError, match=f"{staff}.*is no more; it went to {app}"):
        revising.rename(contents, staff, "x", made_at=NOW)
    label = find_theme(replay(contents), app).label
    with pytest.raises(InputError, match=f"is called '{label}' already"):
        revising.rename(contents, first.theme_of("price"), label.upper(), made_at=NOW)


def test_the_list_shows_what_stands(first: Past):
    app, staff = first.theme_of("app"), first.theme_of("staff")
    contents = revising.merge(first.contents, app, [staff], made_at=NOW).contents
    rows = revising.overview(contents)
    assert rows[0].theme_id == app
    assert rows[0].n_feedback == 60
    assert staff not in {row.theme_id for row in rows}
    gone = {row.theme_id: row.told for row in revising.overview(contents, everything=True)}[staff]
    assert gone.startswith("gone to ")


def test_what_was_as_frequent_before_is_found_and_not_new():
    """Four tell of it in either week: too few for a theme in the first, its own theme in the second, and no news."""
    past = Past().run(week(1, **BASE, heating=4))
    past = past.run(week(2, **BASE, heating=4))
    told = past.changes.set_index("theme_id").loc[past.theme_of("heating")]
    assert (told["n_before"], told["n_now"], told["change"]) == (4, 4, "found")

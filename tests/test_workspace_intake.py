"""What a workspace knows already: the same file, overlapping exports, edited comments, files without ids."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.tables import FEEDBACK
from voc.workspace.intake import Sifted, refreshed, sift, together

LONG = "The parcel came two weeks late and nobody told me anything, number {}"


def rows(ids: list[str], texts: list[str], **columns: object) -> pd.DataFrame:
    return FEEDBACK.check(pd.DataFrame({"feedback_id": ids, "text": texts, "source": "export.csv", **columns}))


def ids(prefix: str, n: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(n)]


def counts(found: Sifted) -> tuple[int, int, int]:
    return len(found.new), len(found.changed), len(found.known)


def after(found: Sifted, stored: pd.DataFrame) -> pd.DataFrame:
    """What the workspace holds when the rows are in it."""
    kept = stored[~stored["feedback_id"].isin(found.changed["feedback_id"])]
    return pd.concat([kept, found.changed, found.new], ignore_index=True)


def test_the_same_file_again_adds_nothing():
    export = rows(ids("r", 5), [LONG.format(n) for n in range(5)])
    stored = after(sift(export, FEEDBACK.empty()), FEEDBACK.empty())
    assert counts(sift(export, stored)) == (0, 0, 5)
    assert counts(sift(export.sample(frac=1, random_state=1), stored)) == (0, 0, 5)


def test_overlapping_exports_add_what_is_new_and_tell_what_changed():
    stored = rows(ids("r", 6), [LONG.format(n) for n in range(6)], customer_id=ids("c", 6))
    later = rows(
        ["r3", "r4", "r5", "r6", "r7"],
        [LONG.format(3), LONG.format(4), "I take it back", *map(LONG.format, (6, 7))],
        customer_id=["c3", "c4", "c5", "c6", "c7"],
    )
    found = sift(later, stored)
    assert counts(found) == (2, 1, 2)
    assert found.changed["feedback_id"].tolist() == ["r5"]
    assert after(found, stored)["feedback_id"].is_unique


@pytest.mark.parametrize(
    "columns",
    [
        ({"created_at": "2026-01-05"}, {"created_at": "2026-02-09"}),
        ({"customer_id": "anna"}, {"customer_id": "ben"}),
    ],
    ids=["another moment", "another customer"],
)
def test_one_id_for_two_comments_keeps_both(columns):
    stored = rows(["1", "2"], ["late", "rude"], **columns[0])
    later = rows(["1", "2"], ["slow", "cold"], **columns[1])
    found = sift(later, stored)
    assert counts(found) == (2, 0, 0)
    assert found.new["feedback_id"].tolist() == ["1~2", "2~2"]
    assert found.numbered == 2
    assert counts(sift(later, after(found, stored))) == (0, 0, 2), "and again, they are known"


def test_row_numbers_are_no_ids():
    """Ids 1 to 8 in every export, other words, nothing else to tell by: nobody edits all their comments."""
    stored = rows(ids("", 8), [LONG.format(n) for n in range(8)])
    later = rows(ids("", 8), [f"the app crashes on screen {n}" for n in range(8)])
    found = sift(later, stored)
    assert counts(found) == (8, 0, 0)
    assert len(after(found, stored)) == 16
    assert counts(sift(later, after(found, stored))) == (0, 0, 8)


def test_files_without_ids():
    """The reader's ids are the file's name and the row: contents tell what is known, however often it occurs."""
    texts = ["All good", "All good", LONG.format(1), LONG.format(2), LONG.format(3)]
    stored = rows(ids("export-", 5), texts, source="export.csv")
    longer = rows(ids("week2-", 7), ["All good", *texts, LONG.format(9)], source="week2.csv")
    assert counts(sift(longer, stored)) == (2, 0, 5), "one more All good, and the new complaint"
    other = rows(ids("export-", 4), ["All good", "All good", LONG.format(7), LONG.format(8)], source="export.csv")
    found = sift(other, stored)
    assert counts(found) == (4, 0, 0), "an unrelated week shares its short praise with every week"
    assert found.new["feedback_id"].is_unique
    assert not set(found.new["feedback_id"]) & set(stored["feedback_id"])


def test_files_without_ids_and_with_dates():
    dates = ["2026-01-05", "2026-01-06", "2026-01-07"]
    stored = rows(ids("a-", 3), ["late", "late", "ok"], source="a.csv", created_at=dates)
    again = rows(
        ids("b-", 3), ["late", "ok", "late"], source="b.csv", created_at=["2026-01-06", "2026-01-07", "2026-01-08"]
    )
    assert counts(sift(again, stored)) == (1, 0, 2)


def test_files_that_overlap_within_one_command_count_once():
    one = rows(["r1", "r2", "r3"], ["late", "rude", "cold"], customer_id=["a", "b", "c"])
    two = rows(["r2", "r3", "r4"], ["rude", "cold", "slow"], customer_id=["b", "c", "d"])
    both = together([one, two])
    assert both["feedback_id"].tolist() == ["r1", "r2", "r3", "r2~2", "r3~2", "r4"]
    found = sift(both, FEEDBACK.empty())
    assert (counts(found), found.twice) == ((4, 0, 0), 2)
    assert sorted(found.new["feedback_id"]) == ["r1", "r2", "r3", "r4"]


def test_two_wordings_of_one_known_comment_are_two_comments():
    """Two files under one command, each with id 7 and words of its own: one is the edit, the other is new."""
    stored = rows(["7"], ["old words"])
    both = together([rows(["7"], ["edited words one"]), rows(["7"], ["edited words two"])])
    found = sift(both, stored)
    assert found.changed[["feedback_id", "text"]].to_numpy().tolist() == [["7", "edited words one"]]
    assert found.new[["feedback_id", "text"]].to_numpy().tolist() == [["7~2", "edited words two"]]


def test_an_edit_that_two_files_have_is_told_once():
    twins = [rows(["7"], ["edited words"]), rows(["7"], ["edited words"])]
    found = sift(together(twins), rows(["7"], ["old words"]))
    assert (counts(found), found.twice) == ((0, 1, 0), 1)


ROW = st.tuples(
    st.sampled_from(["1", "2", "2~2", "export-1"]), st.sampled_from(["late", "rude", LONG]),
    st.sampled_from(["anna", "ben", None]),
)  # fmt: skip
"""Id, words and customer, from so few that they meet often."""


@settings(deadline=None, max_examples=60)
@given(
    before=st.lists(ROW, max_size=4, unique_by=lambda row: row[0]),
    files=st.lists(st.lists(ROW, max_size=4), max_size=3),
)
def test_no_two_rows_to_be_read_have_one_id(before: list[tuple], files: list[list[tuple]]):
    def table(found: list[tuple]) -> pd.DataFrame:
        once = {row[0]: row for row in found}.values()
        return rows([row[0] for row in once], [row[1] for row in once], customer_id=[row[2] for row in once])

    stored, incoming = table(before), together([table(each) for each in files] or [FEEDBACK.empty()])
    found = sift(incoming, stored)
    assert pd.concat([found.new, found.changed])["feedback_id"].is_unique
    assert after(found, stored)["feedback_id"].is_unique
    assert len(found.new) + len(found.changed) + len(found.known) + found.twice <= len(incoming)


def test_news_in_other_columns_are_taken_over():
    stored = rows(["t1", "t2"], ["late", "rude"], csat=[2.0, 3.0], status=["open", "open"])
    later = rows(["t1"], ["late"], csat=[pd.NA], status=["solved"], resolved_at=["2026-02-01T10:00:00"], team=["north"])
    found = sift(later, stored)
    assert counts(found) == (0, 0, 1)
    fresh = refreshed(stored, found.known)
    assert fresh["status"].tolist() == ["solved", "open"]
    assert fresh["csat"].tolist() == [2.0, 3.0], "what a newer export leaves empty is not lost"
    assert fresh["resolved_at"].notna().tolist() == [True, False]
    assert fresh["team"].tolist()[0] == "north"
    assert str(fresh["csat"].dtype) == "Float32"


def test_nothing_is_nothing():
    empty = FEEDBACK.empty()
    assert counts(sift(empty, empty)) == (0, 0, 0)
    stored = rows(["a"], ["late"])
    assert counts(sift(empty, stored)) == (0, 0, 0)
    assert counts(sift(stored, empty)) == (1, 0, 0)
    pd.testing.assert_frame_equal(refreshed(stored, empty), stored)

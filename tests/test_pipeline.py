"""The main path end to end with a model that needs no weights: every other stage is real."""

from __future__ import annotations

import pandas as pd
import pytest

from voc.config import Config, from_mapping
from voc.errors import InputError
from voc.pipeline import SCORE_COLUMNS, analyze, score
from voc.readers import read_feedback
from voc.tables import DRIVERS, FEEDBACK, ISSUES, METRICS, TABLES, Analysis, Note


def settings(tiny: str, **sections) -> Config:
    quick = {"sentiment": {"model": tiny}, "drivers": {"rounds": 40}, "issues": {"rounds": 40}}
    return from_mapping({name: quick.get(name, {}) | sections.get(name, {}) for name in quick | sections})


@pytest.fixture
def feedback(complaints: pd.DataFrame, tmp_path) -> pd.DataFrame:
    complaints.to_csv(tmp_path / "survey.csv", index=False)
    return read_feedback([tmp_path / "survey.csv"]).frame


@pytest.fixture
def analysis(feedback: pd.DataFrame, tiny: str) -> Analysis:
    return analyze(feedback, settings(tiny))


def test_every_table_is_what_it_says(analysis: Analysis):
    for schema in TABLES:
        table = getattr(analysis, schema.name)
        pd.testing.assert_frame_equal(schema.check(table), table.reset_index(drop=True))
        declared = {name for name, column in schema.columns.items() if column.required}
        assert declared <= set(table.columns)
    assert len(analysis.issues) >= 2
    assert not analysis.metrics.empty


def test_the_planted_complaints_come_out(analysis: Analysis):
    told = " ".join(analysis.issues["quote"].str.lower())
    assert "crashes" in told
    assert "late" in told
    assert "friendly and helpful" not in told
    assert analysis.issues["rank"].tolist() == list(range(1, len(analysis.issues) + 1))


def test_no_row_is_dropped_and_none_changes_its_words(feedback: pd.DataFrame, analysis: Analysis):
    assert analysis.feedback["feedback_id"].tolist() == feedback["feedback_id"].tolist()
    assert analysis.feedback["text"].fillna("").tolist() == feedback["text"].fillna("").tolist()
    skipped = analysis.feedback["skip"].notna()
    assert skipped.sum() >= 52
    assert analysis.feedback.loc[skipped, "sentiment"].isna().all()
    assert analysis.feedback.loc[~skipped, "sentiment"].notna().all()


def test_every_clause_slices_back(analysis: Analysis):
    texts = analysis.feedback.set_index("feedback_id")["clean_text"]
    for clause in analysis.clauses.itertuples():
        assert texts[clause.feedback_id][clause.start : clause.end] == clause.text


def test_the_callers_table_is_left_alone(feedback: pd.DataFrame, tiny: str):
    before = feedback.copy(deep=True)
    analyze(feedback, settings(tiny))
    pd.testing.assert_frame_equal(feedback, before)


def test_row_order_does_not_matter(feedback: pd.DataFrame, analysis: Analysis, tiny: str):
    for seed in (1, 2):
        shuffled = analyze(feedback.sample(frac=1, random_state=seed), settings(tiny))
        pd.testing.assert_frame_equal(shuffled.issues, analysis.issues)
        pd.testing.assert_frame_equal(shuffled.themes, analysis.themes)
        pd.testing.assert_frame_equal(_sorted(shuffled.metrics), _sorted(analysis.metrics))
        assert [note for note in shuffled.notes if note.count] == [note for note in analysis.notes if note.count]


def _sorted(metrics: pd.DataFrame) -> pd.DataFrame:
    return metrics.sort_values(["metric", "by", "segment", "period_start"]).reset_index(drop=True)


def test_what_was_left_out_is_told_once(feedback: pd.DataFrame, tiny: str):
    told = analyze(feedback, settings(tiny), notes=[Note("read", "something about the file", 3)]).notes
    assert told[0] == Note("read", "something about the file", 3)
    skipped = [note for note in told if note.text.startswith("skipped: ")]
    assert sum(note.count for note in skipped) >= 52
    assert len({(note.stage, note.text) for note in told}) == len(told)


def test_the_run_is_recorded(analysis: Analysis):
    assert analysis.model == "tiny " + "0" * 64
    assert analysis.settings["sentiment"]["model"] == "tiny"
    stages = {
        "clean",
        "integrity",
        "language",
        "privacy",
        "clauses",
        "sentiment",
        "experience",
        "themes",
        "metrics",
        "comparisons",
        "drivers",
        "issues",
        "queue",
        "people",
        "anomalies",
    }
    assert set(analysis.timings) == stages
    assert all(seconds >= 0 for seconds in analysis.timings.values())


def test_long_stages_say_that_they_are_at_work(feedback: pd.DataFrame, tiny: str):
    heard: list[tuple[str, int, int]] = []
    analyze(feedback, settings(tiny), progress=lambda *told: heard.append(told))
    assert [stage for stage, done, total in heard if not total][:3] == ["clean", "integrity", "language"]
    assert any(done == total > 0 for _, done, total in heard)


def test_doubted_rows_leave_the_figures_only_where_asked(feedback: pd.DataFrame, tiny: str):
    again = feedback.head(60).copy()
    again[["feedback_id", "response_id"]] = "again-" + again[["feedback_id", "response_id"]]
    twice = pd.concat([feedback, again])
    kept = analyze(twice, settings(tiny))
    left_out = analyze(twice, settings(tiny, integrity={"exclude_suspect": True}))
    doubted = kept.feedback["suspect"].notna()
    assert doubted.sum() >= 40
    assert _answers(kept, "volume") - _answers(left_out, "volume") > 0
    assert left_out.feedback["feedback_id"].tolist() == kept.feedback["feedback_id"].tolist()
    # Issues and drivers rest on the same rows as the figures, and the notes say so.
    assert left_out.issues["n_feedback"].max() < kept.issues["n_feedback"].max()
    assert left_out.drivers["n"].max() < kept.drivers["n"].max()
    assert any(note.text.startswith("doubted and left out of figures, drivers and issues") for note in left_out.notes)


def _answers(analysis: Analysis, metric: str) -> int:
    overall = analysis.metrics[(analysis.metrics["by"] == "all") & analysis.metrics["period_start"].isna()]
    return int(overall.loc[overall["metric"] == metric, "n"].iloc[0])


@pytest.mark.parametrize("of", ["complaints", "praise", "everything"])
def test_what_is_grouped_can_be_chosen(feedback: pd.DataFrame, tiny: str, of: str):
    analysis = analyze(feedback, settings(tiny, themes={"of": of}))
    themed = analysis.clauses[analysis.clauses["theme_id"].notna()]
    labels = {"complaints": {"negative"}, "praise": {"positive"}, "everything": {"negative", "positive"}}[of]
    assert labels <= set(themed["label"])
    assert of == "everything" or set(themed["label"]) == labels


def test_nothing_in_is_nothing_out(tiny: str):
    empty = analyze(FEEDBACK.empty()[["feedback_id", "text"]], settings(tiny))
    for schema in TABLES:
        table = getattr(empty, schema.name)
        assert len(table) == 0 or schema is METRICS
        assert {name: str(table[name].dtype) for name in table if name in schema.columns} == {
            name: schema.columns[name].dtype for name in table if name in schema.columns
        }
    assert {
        schema.name for schema in (ISSUES, DRIVERS) if set(schema.columns) - set(getattr(empty, schema.name))
    } == set()


@pytest.mark.parametrize(
    ("texts", "n_issues"),
    [
        (["The app crashes every time I open it"], None),
        (["The app crashes every time I open it"] * 30, None),
        (["n/a"] * 20, 0),
        ([""] * 20, 0),
        ([None] * 20, 0),
        (["x" * 100_000, "a b " * 25_000, "late. " * 20_000], None),
        (["\x00\x00late\x00", "\ud7ff\U0010ffff late", "late\u202e"], None),
        (["💩" * 50, "👍", "!!!", "1234567890", "ⓛⓐⓣⓔ"], None),
    ],
    ids=["one row", "identical", "says nothing", "empty", "missing", "huge", "control characters", "symbols"],
)
def test_odd_feedback_is_marked_and_never_breaks_a_run(texts: list[str | None], n_issues: int | None, tiny: str):
    ids = [f"r{number}" for number in range(len(texts))]
    came = pd.DataFrame({"feedback_id": ids, "text": pd.Series(texts, dtype="string"), "nps": 3})
    analysis = analyze(came, settings(tiny))
    assert analysis.feedback["feedback_id"].tolist() == ids
    assert n_issues is None or len(analysis.issues) == n_issues
    unheard = analysis.feedback["skip"].isna() & analysis.feedback["sentiment"].isna()
    assert not unheard.any(), "a row is either judged or says why it was skipped"


def test_ids_must_be_unique(tiny: str):
    came = pd.DataFrame({"feedback_id": ["a", "a", "b"], "text": ["fine", "bad", "late"]})
    with pytest.raises(InputError, match="1 rows repeat one, such as 'a'"):
        analyze(came, settings(tiny))


@pytest.mark.parametrize("lacking", ["feedback_id", "text"])
def test_a_table_without_what_is_needed_is_told(lacking: str, tiny: str):
    came = pd.DataFrame({"feedback_id": ["a"], "text": ["fine"]}).drop(columns=lacking)
    with pytest.raises(InputError, match=f"has no column '{lacking}'"):
        analyze(came, settings(tiny))


def test_score_answers_in_order_and_says_nothing_about_nothing(tiny: str):
    scored = score(
        ["The delivery was late and the box broken", None, "", "n/a", "Great and friendly people"], model=tiny
    )
    assert tuple(scored.columns) == SCORE_COLUMNS
    assert scored["label"].tolist() == ["negative", pd.NA, pd.NA, pd.NA, "positive"]
    assert scored["sentiment"][0] < 0 < scored["sentiment"][4]
    assert scored.iloc[[1, 2, 3]].isna().all(axis=None)
    assert scored["lang"][0] == "en"
    assert {name: str(scored[name].dtype) for name in scored} == {name: FEEDBACK.columns[name].dtype for name in scored}


def test_score_of_nothing(tiny: str):
    scored = score([], model=tiny)
    assert (len(scored), tuple(scored.columns)) == (0, SCORE_COLUMNS)
    assert str(scored["label"].dtype) == "string"


def test_a_text_is_judged_alone(tiny: str):
    """A file may be scored in pieces of any size: no text borrows anything from its neighbours."""
    texts = [
        "Bon produit",
        "Good product, friendly people",
        "Die Lieferung kam zu spät",
        "ok",
        "late",
        "muy malo, never again",
    ]
    whole = score(texts, model=tiny)
    pieces = pd.concat([score([text], model=tiny) for text in texts], ignore_index=True)
    pd.testing.assert_frame_equal(whole, pieces)


def test_texts_of_other_types_are_no_texts(tiny: str):
    scored = score(pd.Series(["late", 5, float("nan"), pd.NA, ["late"]], dtype=object), model=tiny)
    assert scored["label"].notna().tolist() == [True, False, False, False, False]


def test_figures_stand_beside_those_without_doubted_rows(complaints: pd.DataFrame, tiny: str) -> None:
    feedback = complaints.rename(columns={"id": "feedback_id", "comment": "text", "date": "created_at"})
    twice = pd.concat([feedback, feedback.head(30).assign(feedback_id=[f"again{n}" for n in range(30)])])
    found = analyze(twice, settings(tiny))
    metrics = found.metrics.set_index(["metric", "by"])
    without = metrics.loc[[("nps", "trust")]]
    assert without["segment"].tolist() == ["without doubted rows"]
    doubted = int((found.feedback["suspect"].notna() & found.feedback["nps"].notna()).sum())
    assert doubted > 0
    everyone = found.metrics[(found.metrics["metric"] == "nps") & (found.metrics["by"] == "all")]
    assert everyone["n"].iloc[0] - without["n"].iloc[0] == doubted

"""The texts that the model was taught with: whole, and none of those it is measured on."""

import ast
import re
from pathlib import Path

import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from bench import quality
from voc.tables import LABELS, SIGNALS

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "models" / "voc-small"
OPINIONS = sorted((RECIPE / "opinions").glob("*.tsv"))
MEASURED_ON = ("lithuanian.tsv", "traps.tsv")
JUDGED_IN = ("test_encoder.py", "test_sentiment.py")
"""Tests that ask the shipped model about sentences of their own."""


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", quoting=3, keep_default_na=False)


def plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


@pytest.mark.parametrize("path", OPINIONS, ids=lambda path: path.stem)
def test_opinions_hold_what_they_claim(path):
    rows = read(path)
    assert list(rows.columns) == ["lang", "label", "severity", "signals", "text"]
    assert set(rows["lang"]) == {path.stem}
    assert set(rows["label"]) <= {*LABELS, "mixed"}
    assert set(" ".join(rows["signals"]).split()) <= {*SIGNALS, "?"}
    severity = pd.to_numeric(rows["severity"])
    assert severity.dropna().between(0, 1).all()
    assert (severity[rows["label"].isin(("neutral", "positive"))] == 0).all()
    assert not rows["text"].duplicated().any()


@pytest.mark.parametrize("path", OPINIONS, ids=lambda path: path.stem)
def test_no_language_is_taught_a_mood(path):
    shares = read(path)["label"].value_counts(normalize=True)
    assert 0.2 < shares["positive"] < 0.45
    assert 0.2 < shares["negative"] < 0.45


def test_the_card_counts_the_written_opinions():
    card = (RECIPE / "README.md").read_text(encoding="utf-8")
    assert f"`opinions/`, {sum(len(read(path)) for path in OPINIONS):,} sentences in {len(OPINIONS)} languages" in card


def test_judged_clauses_are_named_and_not_copied():
    rows = read(RECIPE / "judged.tsv")
    assert list(rows.columns) == ["row", "start", "end", "kind", "signals"]
    assert rows["row"].str.fullmatch("[0-9a-f]{16}").all()
    assert (rows["end"].astype(int) > rows["start"].astype(int)).all()
    assert set(rows["kind"]) == {"complaint", "neutral", "praise", "mixed"}
    assert set(" ".join(rows["signals"]).split()) == {*SIGNALS}
    assert not rows.duplicated(["row", "start"]).any()
    assert f"`judged.tsv`, {len(rows):,} clauses" in (RECIPE / "README.md").read_text(encoding="utf-8")


def test_judged_clauses_are_found_and_held_back_by_comment(real_data):
    corpus = quality.recipe("corpus")
    taught, measured = (corpus.read_judged(real_data, held_back=each) for each in (False, True))
    assert len(taught) + len(measured) == len(read(RECIPE / "judged.tsv"))
    assert taught["text"].str.strip().ne("").all()
    assert not set(taught["text"]) & set(measured["text"])


def test_the_weights_stay_small():
    assert (RECIPE / "model.onnx").stat().st_size < 60e6


def strings_in(path: Path) -> list[str]:
    """Every string that a Python file spells out."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_no_text_is_both_taught_and_measured():
    taught = pd.concat([*map(read, OPINIONS), read(RECIPE / "signals.tsv")])["text"].map(plain)
    measured = pd.concat([read(Path(__file__).with_name(name)) for name in MEASURED_ON])["text"].map(plain)
    judged = {plain(text) for name in JUDGED_IN for text in strings_in(Path(__file__).with_name(name))}
    assert not set(taught) & {*measured, *judged}


@pytest.mark.skipif(not quality.DATA.is_dir(), reason="the labelled data (../shared/data) is not beside the checkout")
@pytest.mark.parametrize(("lang", "can_be_learned"), [("hi", False), ("es", True)])
def test_only_labels_that_teach_nothing_are_left_out(lang, can_be_learned):
    """Chance is a third. Spanish, the hardest of the other languages, shows what as many rows teach elsewhere."""
    corpus = quality.recipe("corpus")
    rows = corpus.read_sentiment(quality.DATA, "train")
    rows = rows[(rows["source"] == quality.TWEETS) & (rows["lang"] == lang)]
    model = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2), LogisticRegression())
    found = cross_val_score(model, rows["text"], rows["label"], cv=3, scoring="f1_macro").mean()
    assert ((quality.TWEETS, lang) != corpus.LABELLED_BY_CHANCE) == can_be_learned
    assert (found > 0.45) == can_be_learned

"""Heads on labels of one's own: they help where the model is wrong, are kept where they do not, and say which."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import TinyEncoder

from voc import encoder
from voc.cli import main
from voc.encoder import Encoding
from voc.encoder.adapted import features
from voc.errors import InputError, ModelError
from voc.training import read_severity, train, usable

GOODS = [
    f"{colour} {thing}"
    for colour in ("red", "blue", "old", "new", "tiny")
    for thing in ("lamp", "chair", "phone", "box")
]


def texts(count: int, bad: str = "great but sick", good: str = "great") -> tuple[list[str], list[str]]:
    """Distinct texts; `bad` has a word that the tiny model does not know beside a good one."""
    told = [f"the {GOODS[i % 20]} number {i} is {bad if i % 2 else good}" for i in range(count)]
    return told, ["negative" if i % 2 else "positive" for i in range(count)]


def figure(found, name):
    return next(each for each in found.figures if each.name == name)


def test_the_customers_words_are_learned(tiny):
    told, labels = texts(200)
    found = train(told, labels, model=tiny)
    better = figure(found, "macro-F1 %")
    assert found.kept == ()
    assert better.before[0] < 80
    assert better.after[0] > 95
    assert better.difference[1] > 0
    assert better.difference[0] == pytest.approx(better.after[0] - better.before[0])
    assert figure(found, "log loss").after[0] < figure(found, "log loss").before[0]


def test_labels_without_a_pattern_change_nothing(tiny):
    told, labels = texts(200, bad="grey", good="grey")
    found = train(told, np.random.default_rng(0).permutation(labels).tolist(), model=tiny)
    assert found.kept == ("sentiment",)
    assert np.array_equal(found.heads["sentiment"][:3], np.eye(3))


def test_row_order_does_not_matter(tiny):
    told, labels = texts(120)
    order = np.random.default_rng(1).permutation(120)
    one, other = (
        train(told, labels, model=tiny),
        train([told[i] for i in order], [labels[i] for i in order], model=tiny),
    )
    assert np.allclose(one.heads["sentiment"], other.heads["sentiment"], atol=1e-3)
    assert one.figures[0].after[0] == pytest.approx(other.figures[0].after[0])


def test_more_labels_help_more(tiny):
    """Each text says one of 40 unknown words: what was learned of a word helps only where the word comes again."""
    words = [f"word{i}" for i in range(40)]
    told = [f"{words[i % 40]} about {GOODS[i % 20]} {i}" for i in range(800)]
    labels = ["negative" if i % 40 < 20 else "positive" for i in range(800)]
    few, many = train(told[:80], labels[:80], model=tiny), train(told, labels, model=tiny)
    assert figure(many, "macro-F1 %").after[0] > max(95, figure(few, "macro-F1 %").after[0])


def test_severity_is_learned_where_it_is_told(tiny):
    told, labels = texts(200)
    severity = [8 if i % 2 else 1 for i in range(200)]
    found = train(told, labels, severity=severity, model=tiny)
    assert figure(found, "severity, error").after[0] < figure(found, "severity, error").before[0]
    assert figure(found, "severity, Spearman").after[0] > 0.8


def test_a_class_that_nobody_labelled_stays_as_it_was(tiny, tmp_path):
    told, labels = texts(200)
    train(told, labels, model=tiny).save(tmp_path / "ours")
    said, before = (model.encode(told).sentiment for model in (encoder.load(str(tmp_path / "ours")), TinyEncoder()))
    assert np.allclose(said[:, 1], before[:, 1])
    assert np.abs(said[:, 0] - before[:, 0]).max() > 0.3


def test_the_folder_is_a_model(tiny, tmp_path):
    told, labels = texts(200)
    found = train(told, labels, model=tiny)
    folder = found.save(tmp_path / "ours")
    ours = encoder.load(str(folder))
    said = ours.encode(told)
    assert (said.sentiment[:, 0] > said.sentiment[:, 2]).tolist() == [i % 2 == 1 for i in range(200)]
    assert np.allclose(said.sentiment.sum(axis=1), 1, atol=1e-6)
    assert "200 labelled texts" in encoder.remarks(ours)[0]
    base = TinyEncoder().encode(told)
    assert np.array_equal(said.vectors, base.vectors)
    assert np.array_equal(said.signals, base.signals)


def test_a_text_is_corrected_the_same_whatever_stands_beside_it(tiny, tmp_path):
    told, labels = texts(200)
    ours = encoder.load(str(train(told, labels, model=tiny).save(tmp_path / "ours")))
    whole = ours.encode(told).sentiment
    assert np.array_equal(whole[:1], ours.encode(told[:1]).sentiment)
    assert np.array_equal(whole[7:100:3], ours.encode(told[7:100:3]).sentiment)


def test_another_version_of_the_model_is_refused(tiny, tmp_path):
    folder = train(*texts(100), model=tiny).save(tmp_path / "ours")
    about = json.loads((folder / "model.json").read_text())
    about["base"]["digest"] = "f" * 64
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(ModelError, match=r"another version of tiny .*voc train"):
        encoder.open_folder(folder)


def test_damaged_heads_are_refused(tiny, tmp_path):
    folder = train(*texts(100), model=tiny).save(tmp_path / "ours")
    with (folder / "heads.safetensors").open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelError, match="digest differs"):
        encoder.open_folder(folder)


def test_what_is_there_is_not_written_over(tiny, tmp_path):
    found = train(*texts(100), model=tiny)
    ours = found.save(tmp_path / "ours")
    assert found.save(ours) == ours, "an older fit is replaced"
    with pytest.raises(InputError, match="holds other files"):
        found.save(tmp_path)
    with pytest.raises(InputError, match="is a file"):
        found.save(ours / "model.json")
    with pytest.raises(InputError, match="is the model to start from"):
        train(*texts(100), model=str(ours)).save(ours)


def test_a_fit_on_top_of_a_fit_brings_its_base(tiny, tmp_path):
    ours = train(*texts(100), model=tiny).save(tmp_path / "ours")
    both = train(*texts(100), model=str(ours)).save(tmp_path / "both")
    told, _ = texts(20)
    expected = encoder.load(str(both)).encode(told).sentiment
    ours.rename(tmp_path / "gone")
    encoder._load.cache_clear()
    assert np.array_equal(encoder.load(str(both)).encode(told).sentiment, expected)


def test_rows_that_cannot_teach_are_counted():
    told, labels = texts(100)
    told += ["", told[0], told[0], "fine so far", "who knows", "the one", "the one", "meh"]
    labels += ["positive", labels[0], labels[0], None, "spam", "positive", "negative", "neutral"]
    rows = usable(told, labels)
    assert len(rows.texts) == 100
    assert rows.left_out == {
        "without a label": 1, "with an unknown label ('spam')": 1, "without a readable text": 1,
        "the same text under several labels": 2, "repeated": 2, "neutral, fewer than 10": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "labels", "said"),
    [
        (*texts(20), "20 labelled texts can be used, at least 50"),
        (texts(100)[0], ["positive"] * 100, "Every label that can be used is positive"),
        (texts(100)[0], ["spam", "ham"] * 50, "Most labels are not known, such as 'spam', 'ham'"),
        (texts(100)[0], ["positive"] * 99, "100 texts and 99 labels"),
        ([], [], "0 labelled texts"),
    ],
)
def test_what_cannot_be_learned_is_said(told, labels, said):
    with pytest.raises(InputError, match=said):
        usable(told, labels)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 0.5, 1], [0, 0.5, 1]), ([0, 2, 4], [0, 0.5, 1]), ([1, 3, 5], [0, 0.5, 1]), ([0, 5, 10], [0, 0.5, 1]),
        ([0, 50, 100], [0, 0.5, 1]), (["low", "High ", "critical"], [0.25, 0.75, 1]),
        ([None, "x", 1], [np.nan, np.nan, 1]),
    ],
)  # fmt: skip
def test_scales_of_severity(values, expected):
    assert np.allclose(read_severity(values, 3), expected, equal_nan=True)


def test_severity_off_every_scale_is_refused():
    with pytest.raises(InputError, match="from -3 to 2"):
        read_severity([-3, 2], 2)


def test_features_stay_finite():
    certain = np.array([[1.0, 0.0, 0.0]], np.float32)
    seen = features(
        Encoding(np.eye(1, 4, dtype=np.float32), certain, np.ones(1, np.float32), np.zeros((1, 9), np.float32))
    )
    assert np.isfinite(seen).all()


def test_the_command_tells_what_was_gained(tiny, tmp_path):
    told, labels = texts(120)
    pd.DataFrame({"id": range(120), "Comment": told, "Sentiment": labels}).to_csv(tmp_path / "labels.csv", index=False)
    run = CliRunner().invoke(
        main, ["train", str(tmp_path / "labels.csv"), "--model", tiny, "--out", str(tmp_path / "ours")]
    )
    assert run.exit_code == 0, run.output
    for said in ("120 labelled texts", "60 negative", "texts in Comment", "macro-F1 %", "difference", "--model"):
        assert said in run.output
    assert encoder.load(str(tmp_path / "ours")).encode([told[1]]).sentiment[0].argmax() == 0


def test_the_command_refuses_in_one_line(tiny, tmp_path):
    (tmp_path / "labels.csv").write_text("id,comment\n" + "\n".join(f"{i},the {i} thing is fine" for i in range(60)))
    run = CliRunner().invoke(
        main, ["train", str(tmp_path / "labels.csv"), "--model", tiny, "--out", str(tmp_path / "ours")]
    )
    assert run.exit_code == 2
    assert "name it with --label. Columns: id, comment" in run.output
    run = CliRunner().invoke(
        main, ["train", str(tmp_path / "labels.csv"), "--label", "stars", "--out", str(tmp_path / "ours")]
    )
    assert "There is no column 'stars' for --label" in run.output
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    run = CliRunner().invoke(main, ["train", "no-such-labels.csv", "--out", str(tmp_path / "taken")])
    assert "holds other files" in run.output, "told before anything is read"

"""Other people's models: tiny random ones are built here, since nothing may be downloaded."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from voc import encoder
from voc.cli import main
from voc.encoder.foreign import class_shares, weights_of
from voc.encoder.foreign_runtimes import pooled
from voc.errors import ModelError

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

TEXTS = ["The app crashes every time.", "Personale gentilissimo!", "ok", "the room was dirty " * 60]
WORDS = ["<pad>", "<unk>", "<s>", "</s>", "the", "app", "room", "dirty", "was", "ok", "every", "time", "."]
NAMED = {0: "Very Negative", 1: "Negative", 2: "Neutral", 3: "Positive", 4: "Very Positive"}


def build(folder, *, labels=None, safe=True):
    """A BERT of two layers with random weights: a classifier where `labels` are given, else an encoder."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, BertModel

    torch.manual_seed(0)
    shape = {"vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(**shape, intermediate_size=32, max_position_embeddings=40, pad_token_id=0)
    if labels:
        config.id2label, config.label2id = labels, {name: number for number, name in labels.items()}
    network = (BertForSequenceClassification if labels else BertModel)(config)
    network.save_pretrained(folder)
    if not safe:
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return network.eval()


@pytest.fixture
def rest(monkeypatch):
    """The tiny model in the place of voc-small."""
    from conftest import TinyEncoder

    monkeypatch.setitem(encoder.ENCODERS._built_in, "voc-small", lambda device: TinyEncoder())
    encoder._load.cache_clear()
    yield TinyEncoder()
    encoder._load.cache_clear()


def test_a_classifier_brings_sentiment_and_nothing_else(tmp_path, rest):
    network = build(tmp_path, labels=NAMED)
    model = encoder.load(str(tmp_path), device="cpu")
    found, known = model.encode(TEXTS), rest.encode(TEXTS)
    ids = torch.tensor([[2, 9, 3]])
    with torch.inference_mode():
        shares = network(input_ids=ids).logits.softmax(-1)[0].numpy()
    expected = [shares[0] + shares[1], shares[2], shares[3] + shares[4]]
    assert np.allclose(found.sentiment[2], expected, atol=1e-6)
    assert np.allclose(found.sentiment.sum(axis=1), 1, atol=1e-6)
    for name in ("vectors", "severity", "signals"):
        assert np.array_equal(getattr(found, name), getattr(known, name))
    assert "severity and signals come from tiny" in encoder.remarks(model)[0]


def test_an_encoder_brings_vectors_and_nothing_else(tmp_path, rest):
    network = build(tmp_path)
    model = encoder.load(str(tmp_path), device="cpu")
    found, known = model.encode(TEXTS), rest.encode(TEXTS)
    with torch.inference_mode():
        mean = network(input_ids=torch.tensor([[2, 9, 3]])).last_hidden_state[0].mean(0).numpy()
    assert found.vectors.shape == (4, 16)
    assert np.allclose(found.vectors[2], mean / np.linalg.norm(mean), atol=1e-5)
    assert np.array_equal(found.sentiment, known.sentiment)
    assert "themes rest on the vectors of" in encoder.remarks(model)[0]
    assert model.encode([]).vectors.shape == (0, 16)


def test_long_texts_are_read_to_their_end(tmp_path, rest):
    build(tmp_path)
    model = encoder.load(str(tmp_path), device="cpu")
    vectors = model.encode(["the " * 300, "the " * 300 + "dirty " * 300]).vectors
    assert vectors[0] @ vectors[1] < 0.999


def test_onnx_reads_the_same(tmp_path, rest):
    """The network written by hand as ONNX: token vectors out of a table."""
    from onnx import TensorProto, helper, numpy_helper, save

    table = np.random.default_rng(0).standard_normal((len(WORDS), 8)).astype(np.float32)
    build(tmp_path / "made")
    folder = tmp_path / "onnx"
    folder.mkdir()
    for file in ("config.json", "tokenizer.json"):
        shutil.copy(tmp_path / "made" / file, folder)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "t"])],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", "t", 8])],
        [numpy_helper.from_array(table, "table")],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), folder / "model.onnx")
    mean = table[[2, 9, 3]].mean(axis=0)
    found = encoder.load(str(folder), device="cpu").encode(TEXTS)
    assert np.allclose(found.vectors[2], mean / np.linalg.norm(mean), atol=1e-6)


def test_pickles_are_refused(tmp_path, rest):
    build(tmp_path, labels=NAMED, safe=False)
    with pytest.raises(ModelError, match=r"only as a pickle \(pytorch_model.bin\)"):
        encoder.load(str(tmp_path), device="cpu")
    (tmp_path / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match="no weights that voc can read"):
        weights_of(tmp_path, "theirs")


def test_code_of_its_own_is_refused(tmp_path, rest):
    build(tmp_path, labels=NAMED)
    config = json.loads((tmp_path / "config.json").read_text()) | {"auto_map": {"AutoModel": "theirs.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="code of its own"):
        encoder.load(str(tmp_path), device="cpu")


def test_weights_that_would_be_random_are_refused(tmp_path, rest):
    build(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "neg", "1": "pos"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"lack .*they would be random"):
        encoder.load(str(tmp_path), device="cpu")


def test_nothing_is_downloaded_unasked(monkeypatch, rest):
    import socket

    def refuse(*_):
        pytest.fail("reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(ModelError, match=r"downloads nothing by itself; allow it with --allow-download"):
        encoder.load("nobody/no-such-model")


def test_a_name_that_is_no_model_lists_the_choices():
    with pytest.raises(ModelError, match=r"no model 'fasst'.*did you mean 'fast'"):
        encoder.load("fasst")


def config_of(*names):
    return {"id2label": {str(number): name for number, name in enumerate(names)}}


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (("LABEL_0", "LABEL_1"), [0, 2]), (("LABEL_0", "LABEL_1", "LABEL_2"), [0, 1, 2]),
        (("1 star", "2 stars", "3 stars", "4 stars", "5 stars"), [0, 0, 1, 2, 2]), (("POS", "NEG", "NEU"), [2, 0, 1]),
        (("negative", "positive"), [0, 2]), (tuple(NAMED.values()), [0, 0, 1, 2, 2]), (("positif", "négatif"), [2, 0]),
    ],
)  # fmt: skip
def test_class_names(names, classes):
    assert class_shares("theirs", config_of(*names)).argmax(axis=1).tolist() == classes


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("LABEL_0",), "one number"), ((*(f"LABEL_{i}" for i in range(7)),), "does not name its 7 classes"),
        (("anger", "joy", "fear"), "has the classes anger, joy, fear; voc needs"),
        (("neutral", "positive"), "voc needs"),
    ],
)  # fmt: skip
def test_classes_that_are_no_sentiment_are_refused(names, said):
    with pytest.raises(ModelError, match=said):
        class_shares("theirs", config_of(*names))


def test_pooling():
    hidden = np.array([[[1.0, 5], [3, 1], [9, 9]]])
    mask = np.array([[1, 1, 0]])
    assert pooled(hidden, mask, "mean").tolist() == [[2, 3]]
    assert pooled(hidden, mask, "first").tolist() == [[1, 5]]
    assert pooled(hidden, mask, "max").tolist() == [[3, 5]]


def test_the_command_says_who_judged(tmp_path, rest):
    build(tmp_path / "theirs", labels={0: "negative", 1: "positive"})
    (tmp_path / "rows.csv").write_text("comment\nthe room was dirty\nthe app was ok every time\n")
    run = CliRunner().invoke(
        main,
        ["score", str(tmp_path / "rows.csv"), "--model", str(tmp_path / "theirs"), "-o", str(tmp_path / "out.csv")],
    )
    assert run.exit_code == 0, run.output
    assert "not by the default model" in run.output
    assert "knows no neutral" in run.output

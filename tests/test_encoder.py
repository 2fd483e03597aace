"""The seam to the models: what an answer looks like, that neighbours never matter, and what is refused."""

import shutil

import numpy as np
import pytest

from voc import encoder
from voc.errors import ConfigError, ModelError
from voc.tables import SIGNALS

TEXTS = [
    "The app crashes every time I open it.",
    "Die Lieferung kam drei Wochen zu spät und niemand antwortet.",
    "Personale gentilissimo, tutto perfetto!",
    "Aptarnavimas labai lėtas, nerekomenduoju.",
    "👍",
    "ok",
]


@pytest.fixture(scope="module")
def model() -> encoder.Encoder:
    return encoder.load(device="cpu")


def test_shapes_and_ranges(model):
    found = model.encode(TEXTS)
    n = len(TEXTS)
    assert found.vectors.shape == (n, 384)
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    assert found.sentiment.shape == (n, 3)
    assert np.allclose(found.sentiment.sum(axis=1), 1, atol=1e-5)
    assert found.severity.shape == (n,)
    assert found.signals.shape == (n, len(SIGNALS))
    for part in (found.sentiment, found.severity, found.signals):
        assert ((part >= 0) & (part <= 1)).all()
        assert part.dtype == np.float32


def test_no_texts_give_no_rows(model):
    found = model.encode([])
    assert found.vectors.shape == (0, 384)
    assert found.sentiment.shape == (0, 3)
    assert found.severity.shape == (0,)


@pytest.mark.parametrize("order", [[5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3], [3]])
def test_a_text_is_read_the_same_whatever_stands_beside_it(model, order):
    alone = model.encode(TEXTS)
    shuffled = model.encode([TEXTS[i] for i in order])
    for name in ("vectors", "sentiment", "severity", "signals"):
        assert np.array_equal(getattr(alone, name)[order], getattr(shuffled, name))


def test_the_same_complaint_lies_together_in_any_language(model):
    delivery = [
        "The delivery took far too long.",
        "Die Lieferung hat viel zu lange gedauert.",
        "La consegna è durata troppo.",
    ]
    other = ["The room was dirty.", "Das Zimmer war schmutzig.", "La camera era sporca."]
    vectors = model.encode([*delivery, *other]).vectors
    similar = vectors @ vectors.T
    within = np.r_[similar[:3, :3][np.triu_indices(3, 1)], similar[3:, 3:][np.triu_indices(3, 1)]]
    assert within.min() > similar[:3, 3:].max()


def test_long_texts_are_read_to_their_end(model):
    long = "Everything was lovely and the staff were kind. " * 200
    furious = long + "But this is a scam, they stole my money and I am furious, worst company ever. " * 200
    gentle, angry = model.encode([long, furious]).sentiment
    assert gentle[2] > 0.7
    assert angry[0] > gentle[0] + 0.2


def test_progress_ends_at_the_number_of_texts(model):
    seen = []
    model.encode(TEXTS * 100, progress=lambda *step: seen.append(step))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[-1] == ("sentiment", 600, 600)


def test_torch_reads_the_same_weights(model):
    pytest.importorskip("torch", reason="the extra torch is not installed")
    from voc.encoder.torch_runtime import TorchEncoder

    folder = encoder.shipped_folder("voc-small")
    found = TorchEncoder(folder, encoder.read_about(folder), device="cpu").encode(TEXTS)
    expected = model.encode(TEXTS)
    # The difference is the rounding of activations to int8.
    assert (found.vectors * expected.vectors).sum(axis=1).min() > 0.98
    assert np.abs(found.sentiment - expected.sentiment).max() < 0.1
    assert np.abs(found.severity - expected.severity).max() < 0.1
    assert np.abs(found.signals - expected.signals).max() < 0.1


def test_a_network_that_grows_answers_as_before():
    """And differently once its new layer has learned something, in the signals alone."""
    torch = pytest.importorskip("torch", reason="the extra torch is not installed")
    from voc.encoder.network import FeedbackNet, bert

    torch.manual_seed(0)
    shape = {"kept": 50, "hidden": 24, "layers": 2, "heads": 2, "inner": 48, "types": 2, "positions": 16, "eps": 1e-12}
    net = FeedbackNet(bert(shape)).eval()
    ids, mask = torch.randint(50, (3, 7)), torch.ones(3, 7, dtype=torch.long)
    mask[1, 4:] = 0
    with torch.inference_mode():
        before = net(ids, mask)
        net.grow()
        net.eval()
        grown = net(ids, mask)
        net.signals.weight[:, -1] = 1.0
        learned = net(ids, mask)
    for name in ("vectors", "sentiment", "severity", "signals"):
        assert torch.allclose(grown[name], before[name], atol=1e-6)
        assert torch.allclose(learned[name], before[name], atol=1e-6) == (name != "signals")


def test_unknown_names_list_the_choices():
    with pytest.raises(ModelError, match=r"no model 'voc-smal'.*did you mean 'voc-small'"):
        encoder.load("voc-smal")
    with pytest.raises(ModelError, match="did you mean 'cpu'"):
        encoder.load(device="cpus")


def test_a_damaged_or_incomplete_model_is_refused(tmp_path):
    folder = shutil.copytree(encoder.shipped_folder("voc-small"), tmp_path / "model")
    with (folder / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(ModelError, match="digest differs"):
        encoder.open_folder(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"lacks its file tokenizer\.json"):
        encoder.open_folder(folder)
    (folder / "model.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        encoder.open_folder(folder)


def test_a_folder_serves_as_a_model(tmp_path, model):
    folder = shutil.copytree(encoder.shipped_folder("voc-small"), tmp_path / "model")
    found = encoder.load(str(folder), device="cpu").encode(TEXTS[:1])
    assert np.array_equal(found.sentiment, model.encode(TEXTS[:1]).sentiment)


def test_no_gpu_is_said(monkeypatch):
    monkeypatch.setattr("voc.encoder.torch_probe.has_gpu", lambda: False)
    with pytest.raises(ModelError, match="No GPU"):
        encoder.open_folder(encoder.shipped_folder("voc-small"), "gpu")


def test_a_plugin_cannot_take_the_name_of_the_shipped_model():
    with pytest.raises(ConfigError, match="Two encoders are named"):
        encoder.ENCODERS.register("voc-small")(lambda device: None)

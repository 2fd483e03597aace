"""The network in PyTorch: multilingual-e5-small's encoder, one pass, several answers. Needs the extra `torch`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel
from transformers.models.bert.modeling_bert import BertLayer

from voc.tables import LABELS, SIGNALS

FEATURES = 256
VECTOR_SCALE = 16.0
"""Unit vectors have components of about 0.05: the signals head learns from them at the pace of the features."""

AWAY = -1e4
"""What the attention of a token that is not there is lowered by."""


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


def first_and_attended(hidden: Tensor, mask: Tensor, attend: nn.Linear) -> Tensor:
    """The first token, and the mean of all weighted by a learned attention: (n, t, d) and (n, t) to (n, 2d)."""
    scores = attend(hidden).squeeze(-1).masked_fill(mask == 0, AWAY)
    attended = (hidden * scores.softmax(-1).unsqueeze(-1)).sum(1)
    return torch.cat([hidden[:, 0], attended], dim=-1)


class Alarms(nn.Module):
    """What the signals alone read: a layer beside the encoder's last one, and an attention of its own."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.layer = BertLayer(config)
        self.attend = nn.Linear(config.hidden_size, 1)

    def forward(self, below: Tensor, mask: Tensor) -> Tensor:
        """(n, 2d) from the tokens as the encoder's last layer is given them, (n, t, d)."""
        away = (1 - mask.to(below.dtype)) * AWAY
        return first_and_attended(self.layer(below, away[:, None, None, :]), mask, self.attend)


class FeedbackNet(nn.Module):
    """Theme vectors from the mean of the tokens, opinions from the first token and a learned attention over the rest.

    The two read different things from the last layer, so that sentiment training need not bend the theme geometry. Once
    the network has `grow`n, the signals have a layer of their own as well, and learn without moving either.
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
        self.alarms: Alarms | None = None
        nn.init.eye_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def grow(self) -> None:
        """Give the signals their layer: a copy of the encoder's last one, which they do not heed yet."""
        self.alarms = Alarms(self.bert.config)
        self.alarms.layer.load_state_dict(self.bert.encoder.layer[-1].state_dict())
        self.alarms.attend.load_state_dict(self.attend.state_dict())
        before = self.signals
        self.signals = nn.Linear(before.in_features + 2 * self.bert.config.hidden_size, before.out_features)
        with torch.no_grad():
            self.signals.weight.zero_()[:, : before.in_features] = before.weight
            self.signals.bias.copy_(before.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """Unit vectors (n, d); logits of sentiment (n, 3), severity (n,) and signals (n, 9); what these see (n, …)."""
        return self.answers(*self.states(input_ids, attention_mask), attention_mask)

    def states(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens (n, t, d) as the encoder's last layer leaves them and as it is given them."""
        read = self.bert(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        return read.last_hidden_state, read.hidden_states[-2]

    def answers(self, hidden: Tensor, below: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """What `forward` answers, from what `states` found."""
        vectors = nn.functional.normalize(self.project(mean_pool(hidden, mask)), dim=-1)
        features = self.trunk(first_and_attended(hidden, mask, self.attend))
        seen = [VECTOR_SCALE * vectors, features]
        if self.alarms is not None:
            seen.append(self.alarms(below, mask))
        joined = torch.cat(seen, dim=-1)
        return {
            "vectors": vectors,
            "sentiment": self.sentiment(features),
            "severity": self.severity(features).squeeze(-1),
            "seen": joined,
            "signals": self.signals(joined),
        }

"""The network: multilingual-e5-small's encoder with one pass and three answers (theme vector, sentiment, severity)."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

FEATURES = 256


def encoder(folder: Path, *, pretrained: bool = True) -> BertModel:
    """The base encoder out of step 1's folder."""
    shape = json.loads((folder / "base.json").read_text())
    config = BertConfig(
        vocab_size=shape["kept"], hidden_size=shape["hidden"], num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"], intermediate_size=shape["inner"], type_vocab_size=shape["types"],
        max_position_embeddings=shape["positions"], layer_norm_eps=shape["eps"],
    )  # fmt: skip
    bert = BertModel(config, add_pooling_layer=False)
    if pretrained:
        missing = bert.load_state_dict(torch.load(folder / "base.pt", weights_only=True), strict=False)
        assert not missing.unexpected_keys, missing
        assert all(name.endswith("position_ids") for name in missing.missing_keys), missing
    return bert


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)


class FeedbackNet(nn.Module):
    """Theme vectors from the mean of the tokens, opinions from the first token and a learned attention over the rest.

    The two read different things from the last layer, so that sentiment training need not bend the theme geometry.
    """

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        width = bert.config.hidden_size
        self.bert = bert
        self.project = nn.Linear(width, width)
        self.attend = nn.Linear(width, 1)
        self.trunk = nn.Sequential(nn.Dropout(0.1), nn.Linear(2 * width, FEATURES), nn.GELU(), nn.Dropout(0.1))
        self.sentiment = nn.Linear(FEATURES, 3)
        self.severity = nn.Linear(FEATURES, 1)
        nn.init.eye_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
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
        }

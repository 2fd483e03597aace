"""Who names lawyers, authorities and the press: every language has its words, and a file of heat has no threats."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from voc.authorities import FEW, names_authority, threats
from voc.rules import Rules, all_rules

WRITTEN = Path(__file__).parents[1] / "models" / "voc-small" / "signals.tsv"
HEAT = ["Nobody ever calls back", "I am so angry about this", "They do not care at all", "The worst I have seen"] * 5


@pytest.mark.parametrize("rules", all_rules().values(), ids=all_rules().keys())
def test_every_language_has_its_words(rules: Rules):
    assert len(rules.authorities) >= 15
    assert [word for word in rules.authorities if word != word.lower() or word != word.strip()] == []
    assert len(rules.authorities) == len(set(rules.authorities))


@pytest.mark.parametrize(
    ("lang", "text", "named"),
    [
        ("en", "My SOLICITORS will write to you", True),
        ("en", "The staff at the counter was courteous", False),
        ("de", "Das geht an die Verbraucherzentrale", True),
        ("de", "Die Gerichte waren kalt", False),
        ("fr", "je vais porter plainte", True),
        ("ja", "次は消費者センターに電話します", True),
        ("ar", "سأقدم شكوى إلى الشرطة", True),
        ("und", "zzz", True),
        ("tlh", "nuqneH", True),
    ],
)
def test_words(lang: str, text: str, named: bool):
    assert names_authority([text], [lang]) == [named]


def test_threats_name_somebody():
    """Of the threats that people wrote to teach the model more than half name somebody, of all else hardly anything."""
    written = pd.read_csv(WRITTEN, sep="\t", quoting=csv.QUOTE_NONE, dtype="string")
    legal = written["signals"].fillna("").str.contains("legal").to_numpy(bool)
    named = pd.Series(names_authority(written["text"], written["lang"])).to_numpy(bool)
    assert named[legal].mean() > 0.5
    assert named[~legal].mean() < 0.04
    for _, rows in written[legal].groupby("lang"):
        assert all(threats(rows["text"].tolist(), rows["lang"].tolist())), "a file of threats is believed"


def test_a_file_of_heat_has_no_threats():
    texts = [*HEAT, "I will go to the ombudsman"]
    assert threats(texts, ["en"] * len(texts)) == [False] * len(HEAT) + [True]


def test_of_a_few_nothing_can_be_said():
    assert threats(HEAT[: FEW - 1], ["en"] * (FEW - 1)) == [True] * (FEW - 1)
    assert threats([], []) == []

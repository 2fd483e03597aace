"""Who names what a model hears: every language has its words, and a file of heat has no threats and no farewells."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from voc.evidence import FEW, WORDS, believed, named
from voc.rules import Rules, all_rules

WRITTEN = Path(__file__).parents[1] / "models" / "voc-small" / "signals.tsv"
HEAT = ["Nobody ever calls back", "I am so angry about this", "They do not care at all", "The worst I have seen"] * 5
DEAF = ["Alexa does not hear me", "It never understands my voice", "I cannot use the button", "No seats at all"] * 5
TILLS = ["Ouvrez plus de caisses !", "Plus de conseillers", "Dernière visite aujourd'hui.", "Que demander de plus"] * 5


@pytest.mark.parametrize("rules", all_rules().values(), ids=all_rules().keys())
@pytest.mark.parametrize("words", WORDS.values())
def test_every_language_has_its_words(rules: Rules, words: str):
    own = getattr(rules, words)
    assert len(own) >= 15
    assert [word for word in own if word != word.lower() or word != word.strip()] == []
    assert len(own) == len(set(own))


@pytest.mark.parametrize(
    ("signal", "lang", "text", "expected"),
    [
        ("legal", "en", "My SOLICITORS will write to you", True),
        ("legal", "en", "The staff at the counter was courteous", False),
        ("legal", "de", "Das geht an die Verbraucherzentrale", True),
        ("legal", "de", "Die Gerichte waren kalt", False),
        ("legal", "fr", "je vais porter plainte", True),
        ("legal", "ja", "次は消費者センターに電話します", True),
        ("legal", "ar", "سأقدم شكوى إلى الشرطة", True),
        ("legal", "und", "zzz", True),
        ("legal", "tlh", "nuqneH", True),
        ("churn", "en", "I’m done with you", True),
        ("churn", "en", "Open more tills", False),
        ("churn", "en", "I had to send another request", False),
        ("churn", "en", "hoping to move to another practice", True),
        ("churn", "fr", "Plus jamais chez eux", True),
        ("churn", "fr", "Ouvrez plus de caisses", False),
        ("churn", "es", "No volvería a este hotel", True),
        ("churn", "es", "Volveremos sin duda", False),
        ("churn", "lt", "Nutraukiu sutartį", True),
        ("churn", "zh", "再也不来了", True),
        ("churn", "tlh", "nuqneH", True),
        ("churn", "tr", "İptal ettim, bitti", True),
        ("vulnerable", "en", "My 83 years old mother was left on a bench", True),
        ("vulnerable", "en", "Alexa does not hear me at all", False),
        ("vulnerable", "en", "Uncomfortable chairs and no lift", False),
        ("vulnerable", "de", "Ich sitze im Rollstuhl und komme nicht hinein", True),
        ("vulnerable", "de", "Die Bedienung ist umständlich", False),
        ("vulnerable", "tr", "İnsülin bitti, eczane kapalı", True),
        ("vulnerable", "lt", "Mano močiutei devyniasdešimt metų, o liftas neveikia", True),
        ("vulnerable", "zh", "我妈妈坐轮椅进不去", True),
        ("vulnerable", "tlh", "nuqneH", True),
    ],
)
def test_words(signal: str, lang: str, text: str, expected: bool):
    assert named(signal, [text], [lang]) == [expected]


@pytest.mark.parametrize(
    ("signal", "least", "others"), [("legal", 0.5, 0.04), ("churn", 0.8, 0.05), ("vulnerable", 0.85, 0.12)]
)
def test_signals_are_named(signal: str, least: float, others: float):
    """Of the threats and farewells that people wrote to teach the model most are named, of all else hardly anything."""
    written = pd.read_csv(WRITTEN, sep="\t", quoting=csv.QUOTE_NONE, dtype="string")
    meant = written["signals"].fillna("").str.contains(signal).to_numpy(bool)
    said = pd.Series(named(signal, written["text"], written["lang"])).to_numpy(bool)
    assert said[meant].mean() > least
    assert said[~meant].mean() < others
    for _, rows in written[meant].groupby("lang"):
        assert all(believed(signal, rows["text"].tolist(), rows["lang"].tolist())), "a file that means it is believed"


@pytest.mark.parametrize(
    ("signal", "lang", "texts", "meant"),
    [
        ("legal", "en", HEAT, "I will go to the ombudsman"),
        ("churn", "fr", TILLS, "je résilie ma carte"),
        ("vulnerable", "en", DEAF, "my deaf neighbour never hears the bell"),
    ],
)
def test_a_file_of_heat_has_no_threats(signal: str, lang: str, texts: list[str], meant: str):
    assert believed(signal, [*texts, meant], [lang] * (len(texts) + 1)) == [False] * len(texts) + [True]


def test_where_two_of_five_are_named_only_those_are_believed():
    """A file of hotels, where "staying elsewhere that night" is as common as a farewell: 99 of 243 were named."""
    texts = [*["No volvería a este hotel"] * 8, *["El hotel está algo retirado de la ciudad"] * 12]
    assert believed("churn", texts, ["es"] * 20) == [True] * 8 + [False] * 12
    assert all(believed("churn", texts[:16], ["es"] * 16)), "where half say so, the others are believed with them"


@pytest.mark.parametrize("signal", WORDS)
def test_of_a_few_nothing_can_be_said(signal: str):
    assert believed(signal, HEAT[: FEW - 1], ["en"] * (FEW - 1)) == [True] * (FEW - 1)
    assert believed(signal, [], []) == []

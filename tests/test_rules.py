"""Rules of languages: every data file loads, says what it must, and a new language needs a file and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voc import rules as rules_module
from voc.clean import folded
from voc.errors import ConfigError
from voc.rules import FOLDER, Rules, all_rules, load

NEEDED = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "lt", "lv", "sv", "da", "cs", "ro", "ru"]
"""The languages that the design promises."""

each_language = pytest.mark.parametrize("rules", all_rules().values(), ids=all_rules().keys())


@pytest.mark.parametrize("code", NEEDED)
def test_the_promised_languages_are_complete(code: str):
    rules = load(code)
    assert rules.contrast
    assert rules.keep
    assert rules.nothing
    assert rules.abbreviations
    assert rules.fillers
    assert rules.columns["text"]


@each_language
def test_every_language_has_its_names_and_lists(rules: Rules):
    assert rules.name
    assert rules.english_name
    assert len(rules.contrast) >= 5
    assert len(rules.nothing) >= 10


@each_language
def test_words_are_lower_case_and_listed_once(rules: Rules):
    for name in ("contrast", "contrast_end", "concessive", "keep", "nothing", "abbreviations", "fillers"):
        words = getattr(rules, name)
        assert [word for word in words if word != word.lower()] == []
        assert len(words) == len(set(words)), name
        assert all(word == word.strip() and word for word in words), name


@each_language
def test_closing_abbreviations_are_abbreviations(rules: Rules):
    assert set(rules.closing_abbreviations) <= set(rules.abbreviations)


def test_no_opinion_passes_for_nothing():
    opinions = [
        "good",
        "bad",
        "ok",
        "great",
        "gut",
        "schlecht",
        "super",
        "bien",
        "mal",
        "bueno",
        "malo",
        "bom",
        "mau",
        "buono",
        "goed",
        "slecht",
        "dobry",
        "gerai",
        "labi",
        "bra",
        "dårlig",
        "dobře",
        "bun",
        "хорошо",
        "плохо",
        "добре",
        "iyi",
        "kötü",
        "jó",
        "rossz",
        "hea",
        "halb",
        "καλό",
        "好",
        "良い",
        "tốt",
    ]
    nothing = {folded(answer) for rules in all_rules().values() for answer in rules.nothing}
    assert nothing.isdisjoint(folded(word) for word in opinions)
    assert nothing.isdisjoint({"no complaints", "no problems", "keine beschwerden", "alles gut", "nessun problema"})


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("pt-BR", "pt"),
        ("zh_Hant", "zh"),
        ("nb", "no"),
        ("nn", "no"),
        ("no", "no"),
        ("ms", "id"),
    ],
)
def test_codes_with_regions_and_aliases(code: str, expected: str):
    assert load(code).code == expected


@pytest.mark.parametrize("code", ["tlh", "und", "", "hr"])
def test_unknown_language_gets_general_rules(code: str):
    rules = load(code)
    assert rules.contrast == ()
    assert rules.nothing == ()
    assert dict(rules.columns) == {}


def test_stop_words_come_from_spacy_and_the_file():
    assert {"und", "nicht", "bisschen"} <= load("de").stop_words
    assert "ir" in load("lt").stop_words
    assert "biti" in load("hr").stop_words
    assert load("tlh").stop_words == frozenset()


def test_stop_words_need_no_spacy_pipeline():
    script = "import sys; from voc.rules import load; assert load('de').stop_words; assert 'spacy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_rules_are_frozen_through_and_through():
    rules = load("en")
    with pytest.raises(AttributeError):
        rules.code = "xx"
    with pytest.raises(TypeError):
        rules.columns["text"] = ()
    assert load("en") is load("en")


@pytest.fixture
def another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules_module, "FOLDER", tmp_path)
    all_rules.cache_clear()
    load.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    all_rules.cache_clear()
    load.cache_clear()


def test_a_new_language_is_a_data_file(another_folder: Path):
    (another_folder / "eo.toml").write_text('name = "Esperanto"\nenglish_name = "Esperanto"\ncontrast = ["sed"]\n')
    assert load("eo").contrast == ("sed",)
    assert list(all_rules()) == ["eo"]


def test_a_misspelt_rule_names_the_nearest(another_folder: Path):
    (another_folder / "eo.toml").write_text('contrasts = ["sed"]\n')
    with pytest.raises(ConfigError, match="did you mean 'contrast'"):
        all_rules()


def test_every_file_ships_beside_the_code():
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(all_rules())

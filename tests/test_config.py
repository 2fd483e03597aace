"""Settings: what is unknown or of the wrong type is an error with a guess; what was given wins over what stands."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voc.config import ABOVE_ZERO, DEFAULTS, RANGES, Config, from_assignment, from_mapping, from_toml, to_mapping
from voc.errors import ConfigError


@pytest.mark.parametrize(
    ("assignment", "section", "key", "value"),
    [
        ("themes.min_feedback=3", "themes", "min_feedback", 3),
        ("themes.of=praise", "themes", "of", "praise"),
        ("themes.of='praise'", "themes", "of", "praise"),
        ("themes.resolution=1.5", "themes", "resolution", 1.5),
        ("themes.resolution=2", "themes", "resolution", 2.0),
        ("themes.resolution=none", "themes", "resolution", None),
        ("integrity.exclude_suspect=true", "integrity", "exclude_suspect", True),
        ("metrics.by=region", "metrics", "by", ("region",)),
        ('metrics.by=["region", "tier"]', "metrics", "by", ("region", "tier")),
        ("read.text = Was lief gut? ", "read", "text", ("Was lief gut?",)),
        ("report.title=a=b", "report", "title", "a=b"),
        ("issues.reach=1", "issues", "reach", 1.0),
    ],
)
def test_one_setting_is_changed_and_no_other(assignment, section, key, value):
    config = from_assignment(assignment)
    assert getattr(getattr(config, section), key) == value
    changed = to_mapping(config)
    changed[section][key] = to_mapping(DEFAULTS)[section][key]
    assert changed == to_mapping(DEFAULTS)


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("themes", "not of the form section.key=value"),
        ("themes=3", "not of the form"),
        ("themes.=3", "not of the form"),
        ("theme.of=praise", r"no section 'theme'; did you mean 'themes'\?"),
        ("themes.min_feedbak=3", r"no setting 'themes.min_feedbak'; did you mean 'min_feedback'\?"),
        ("themes.of=prays", r"'themes.of' cannot be 'prays'; did you mean 'praise'\?"),
        ("themes.min_feedback=many", "'themes.min_feedback' must be of type int, not 'many'"),
        ("themes.min_feedback=true", "must be of type int"),
        ("themes.min_feedback=1.5", "must be of type int"),
        ("integrity.exclude_suspect=1", "must be of type bool"),
        ("report.title=3", "must be of type str"),
        ("metrics.by=[1, 2]", "must be of type str"),
        ("metrics.by=5", "must be of type str, not 5"),
        ("issues.rounds=0", "'issues.rounds' must be 1 or more, not 0"),
        ("language.min_score=7", "'language.min_score' must be between 0 and 1, not 7"),
        ("themes.resolution=0", "'themes.resolution' must be above 0, not 0"),
        ("themes.resolution=nan", "must be above 0, not nan"),
        ("queue.half_life=inf", "must be above 0, not inf"),
        ("metrics.customers=-3", "must be 1 or more, not -3"),
    ],
)
def test_what_cannot_be_is_told_with_a_guess(assignment, told):
    with pytest.raises(ConfigError, match=told):
        from_assignment(assignment)


def test_every_number_has_a_range():
    numbers = {
        f"{section.name}.{key}"
        for section in dataclasses.fields(Config)
        for key, hint in get_type_hints(type(getattr(DEFAULTS, section.name))).items()
        if {int, float} & {hint, *get_args(hint)}
    }
    assert numbers == RANGES.keys(), "say in config.RANGES what each number may be"
    assert numbers >= ABOVE_ZERO


def test_a_section_is_not_a_value():
    with pytest.raises(ConfigError, match="'themes' is a section"):
        from_mapping({"themes": 3})


def test_later_settings_win_and_earlier_ones_stay(tmp_path: Path):
    path = tmp_path / "voc.toml"
    path.write_text('[themes]\nof = "praise"\nquotes = 5\n[report]\ntitle = "Mai"\n', encoding="utf-8")
    config = from_assignment("themes.quotes=1", from_toml(path))
    assert (config.themes.of, config.themes.quotes, config.report.title) == ("praise", 1, "Mai")


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"[themes\n", "not valid TOML"), (b"\xff\xfe", "not valid TOML"), (b"of = 1", "no section 'of'")],
)
def test_a_settings_file_that_cannot_be_used(tmp_path: Path, content: bytes, told: str):
    path = tmp_path / "voc.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        from_toml(path)


@pytest.mark.parametrize("name", ["absent.toml", "."])
def test_a_settings_file_that_cannot_be_read(tmp_path: Path, name: str):
    with pytest.raises(ConfigError, match="Cannot read"):
        from_toml(tmp_path / name)


def test_the_settings_survive_the_way_through_plain_values():
    assert from_mapping(_given(to_mapping(DEFAULTS))) == DEFAULTS


@given(
    quotes=st.integers(0, 99),
    weight=st.floats(0, 1),
    by=st.lists(st.text(max_size=9), max_size=3),
    title=st.text(max_size=9),
)
def test_any_settings_survive_the_way_through_plain_values(quotes, weight, by, title):
    settings = {
        "themes": {"quotes": quotes},
        "issues": {"reach": weight},
        "metrics": {"by": by},
        "report": {"title": title},
    }
    config = from_mapping(settings)
    assert from_mapping(_given(to_mapping(config))) == config


def _given(settings: dict) -> dict:
    return {
        section: {key: value for key, value in keys.items() if value is not None} for section, keys in settings.items()
    }


def test_every_section_is_frozen_and_has_defaults():
    for section in dataclasses.fields(Config):
        value = getattr(DEFAULTS, section.name)
        assert dataclasses.is_dataclass(value)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, dataclasses.fields(value)[0].name, None)


def test_sections_are_named_like_the_rooms():
    package = Path(__file__).parents[1] / "voc"
    rooms = {path.stem for path in package.iterdir()} | {"read"}
    assert {section.name for section in dataclasses.fields(Config)} <= rooms


def test_settings_written_as_toml_are_read_back(tmp_path: Path):
    """What a run stored under `settings` can be put into a voc.toml as it is."""
    lines = []
    for section, keys in _given(to_mapping(DEFAULTS)).items():
        lines += [f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in keys.items())]
    path = tmp_path / "voc.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert tomllib.loads(path.read_text(encoding="utf-8"))["themes"]["of"] == "complaints"
    assert from_toml(path) == DEFAULTS


def _toml(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)

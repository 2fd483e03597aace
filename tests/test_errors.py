"""Messages say what was found, what there is, and the nearest guess."""

from __future__ import annotations

import pytest

from voc.errors import ConfigError, InputError, MissingExtra, ModelError, VocError, nearest


@pytest.mark.parametrize(
    ("word", "choices", "told"),
    [
        ("coment", ["comment", "date"], "did you mean 'comment'? Choices: comment, date"),
        ("zzz", ["b", "a"], "Choices: a, b"),
        ("x", [], "Choices: none"),
        ("nps", iter(["nps_score", "id"]), "did you mean 'nps_score'? Choices: id, nps_score"),
    ],
)
def test_nearest(word, choices, told):
    assert nearest(word, choices) == told


@pytest.mark.parametrize("kind", [InputError, ConfigError, ModelError])
def test_every_error_a_user_can_mend_is_a_voc_error(kind):
    assert issubclass(kind, VocError)


def test_a_missing_extra_says_how_to_get_it():
    assert str(MissingExtra("Reading SQL", "sql")) == "Reading SQL needs the extra 'sql': pip install 'voc[sql]'"
    assert isinstance(MissingExtra("a", "b"), VocError)

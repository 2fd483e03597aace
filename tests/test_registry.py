"""Built-ins and plugins are found by name; a built-in cannot be replaced silently."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from voc import registry
from voc.errors import ConfigError
from voc.registry import Registry


def plugin(name: str) -> EntryPoint:
    return EntryPoint(name=name, value="math:sqrt", group="voc.things")


def things(monkeypatch: pytest.MonkeyPatch, *plugins: EntryPoint) -> Registry:
    monkeypatch.setattr(registry, "entry_points", lambda group: [each for each in plugins if each.group == group])
    family: Registry = Registry("things")
    family.register("built")(len)
    return family


def test_entries_are_found_by_name_in_their_order(monkeypatch):
    family = things(monkeypatch, plugin("added"))
    family.register("another")(abs)
    assert list(family) == ["built", "another", "added"]
    assert family.get("built") is len
    assert family.get("added")(9) == 3


def test_an_unknown_name_lists_the_choices_and_the_nearest(monkeypatch):
    with pytest.raises(ConfigError, match=r"no 'bilt' among the things; did you mean 'built'\? Choices: added, built"):
        things(monkeypatch, plugin("added")).get("bilt")


def test_a_name_is_given_once(monkeypatch):
    with pytest.raises(ConfigError, match="Two things are named 'built'"):
        things(monkeypatch).register("built")(abs)


def test_a_plugin_cannot_replace_a_built_in_silently(monkeypatch):
    with pytest.raises(ConfigError, match="would replace built-in ones: built"):
        list(things(monkeypatch, plugin("built"), plugin("added")))


def test_plugins_of_other_families_are_not_seen(monkeypatch):
    stranger = EntryPoint(name="stranger", value="math:sqrt", group="voc.others")
    assert list(things(monkeypatch, stranger)) == ["built"]

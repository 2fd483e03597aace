"""Where plugins meet built-ins: three families of plain functions, found by name.

Built-ins register with a decorator; installed packages through the entry-point groups `voc.readers`, `voc.encoders` and
`voc.sinks`. A built-in cannot be replaced silently. Stages and their order are not extension points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from voc.errors import ConfigError, nearest

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Entries of one family by name, in the order they were registered."""

    def __init__(self, family: str) -> None:
        self.family = family
        self._built_in: dict[str, Entry] = {}

    def register(self, name: str) -> Callable[[Entry], Entry]:
        """Decorator that adds a built-in entry under `name`."""

        def add(entry: Entry) -> Entry:
            if name in self._built_in:
                raise ConfigError(f"Two {self.family} are named '{name}'")
            self._built_in[name] = entry
            return entry

        return add

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        found = {point.name: point for point in entry_points(group=f"voc.{self.family}")}
        taken = sorted(found.keys() & self._built_in.keys())
        if taken:
            raise ConfigError(f"Installed {self.family} would replace built-in ones: {', '.join(taken)}")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter([*self._built_in, *self._plugins])

    def get(self, name: str) -> Entry:
        """The entry called `name`; an unknown name lists the choices and the nearest guess."""
        if name in self._built_in:
            return self._built_in[name]
        if name in self._plugins:
            return self._plugins[name].load()
        raise ConfigError(f"There is no '{name}' among the {self.family}; {nearest(name, self)}")

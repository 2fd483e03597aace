"""What can go wrong in a way the user can mend. The command line shows these as one line and exits with 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class VocError(Exception):
    """A problem the user can mend; the message says what was found, what is needed and the nearest guess."""


class InputError(VocError):
    """The source cannot be read, or holds no feedback."""


class ConfigError(VocError):
    """A setting is unknown or out of its range."""


class ModelError(VocError):
    """A model is missing, damaged or unknown."""


class MissingExtra(VocError):
    """The feature needs an optional part of voc that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra '{extra}': pip install 'voc[{extra}]'")


def nearest(word: str, choices: Iterable[str]) -> str:
    """A tail for error messages: the nearest guess, then every choice.

    >>> nearest("colour", ["color", "size"])
    "did you mean 'color'? Choices: color, size"
    """
    known = sorted(choices)
    guess = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    prefix = f"did you mean '{guess[0]}'? " if guess else ""
    return f"{prefix}Choices: {', '.join(known) or 'none'}"

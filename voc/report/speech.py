"""How the report speaks: its texts in the reader's language, and numbers, dates and names as that language writes them.

The texts of a language are one file in `texts/`; a new language is a new file, not code. How a language counts, groups
digits and names months comes from the Unicode locale data (CLDR) that Babel carries.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pandas as pd

from voc.errors import ConfigError, nearest

if TYPE_CHECKING:
    from babel import Locale

MINUS = "−"
REGIONS = {"en": "en_GB"}
"""The country whose customs hold where a language has several: day before month."""
UNKNOWN = "und"

Texts = Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True)
class Unit:
    """How figures of one unit are written: `factor` times the stored one, decimals, sign, and what stands behind."""

    factor: float = 1.0
    decimals: int = 2
    signed: bool = False
    suffix: str = ""
    percent: bool = False


UNITS = {
    "comments": Unit(decimals=0),
    "points": Unit(decimals=0, signed=True),
    "%": Unit(percent=True, factor=0.01),
    "share": Unit(percent=True),
    "hours": Unit(decimals=1, suffix="\N{NO-BREAK SPACE}h"),
    "0-100": Unit(decimals=0),
    "money": Unit(decimals=0),
}


@dataclass(frozen=True)
class Speech:
    """One language: `code` is that of the page, `texts` its sentences by key."""

    code: str
    texts: Texts

    @property
    def locale(self) -> Locale:
        """The customs of the language."""
        return _locale(REGIONS.get(self.code, self.code))

    def say(self, key: str, /, **values: Any) -> str:
        """The text `key` with whole numbers written out; where it has plural forms, `n` chooses among them."""
        text = self.texts[key]
        if not isinstance(text, str):
            text = text.get(self.locale.plural_form(values["n"]), text["other"])
        return text.format(**{name: self._plain(value) for name, value in values.items()})

    def knows(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.texts

    def or_as_is(self, family: str, name: str) -> str:
        """What `name` is called, such as a metric or a reason; as it is where the language has no word for it."""
        key = f"{family}_{name.replace(' ', '_').lower()}"
        return self.say(key) if self.knows(key) else name

    def number(self, value: float, decimals: int = 0, *, signed: bool = False) -> str:
        """A figure with the language's separators and a real minus sign."""
        from babel.numbers import format_decimal

        rounded = round(float(value), decimals) or 0.0
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        text = format_decimal(abs(rounded), format=pattern, locale=self.locale)
        return f"{MINUS if rounded < 0 else '+' if signed and rounded else ''}{text}"

    def percent(self, share: float, *, fine: bool = False) -> str:
        """A share (0-1) for reading, small ones with a decimal if `fine`; only 0 is written as 0%, only 1 as 100%."""
        from babel.numbers import format_percent

        if fine and 0.001 <= share < 0.1:
            return str(format_percent(share, format=self._percent_pattern, locale=self.locale))
        edge = "under" if 0 < share < 0.01 else "over" if 0.99 < share < 1 else ""
        shown = {"under": 0.01, "over": 0.99}.get(edge, round(share, 2) or 0.0)
        text = str(format_percent(shown, locale=self.locale)).replace("-", MINUS)
        return self.say(edge, share=text) if edge else text

    @property
    def _percent_pattern(self) -> str:
        return str(self.locale.percent_formats[None].pattern).replace("#,##0", "0.0")

    def figure(self, value: float | None, unit: str, *, signed: bool | None = None) -> str:
        """A figure of a unit; without a value, that there are too few answers. `signed` as differences are written."""
        if value is None:
            return self.say("too_few")
        how = UNITS.get(unit, Unit())
        if how.percent and signed is None:
            return self.percent(value * how.factor)
        if how.percent:
            return self.number(100 * how.factor * value, signed=True)
        return self.number(value * how.factor, how.decimals, signed=how.signed if signed is None else signed) + (
            how.suffix
        )

    def interval(self, low: float | None, high: float | None, unit: str, *, signed: bool | None = None) -> str:
        """Both ends in words; empty where one is missing."""
        if low is None or high is None:
            return ""
        ends = [self.figure(low, unit, signed=signed), self.figure(high, unit, signed=signed)]
        return self.say("to", low=ends[0], high=ends[1])

    def day(self, when: pd.Timestamp) -> str:
        """A date as it is said."""
        from babel.dates import format_date

        return str(format_date(when, "long", locale=self.locale))

    def period(self, start: pd.Timestamp, unit: str) -> str:
        """The name of a period that starts on a day; `unit` is day, week or month."""
        from babel.dates import format_skeleton

        if unit == "month":
            return str(format_skeleton("yMMMM", start.tz_localize(None), locale=self.locale))
        return self.say("week_of", day=self.day(start)) if unit == "week" else self.day(start)

    def language(self, code: Any) -> str:
        """The name of a language; the code itself where it has none."""
        if code is None or pd.isna(code):
            return ""
        return self.say("language_unclear") if code == UNKNOWN else self.locale.languages.get(str(code), str(code))

    def listing(self, words: Sequence[str], *, most: int = 5) -> str:
        """Words as a list in a sentence, those beyond `most` as a count."""
        shown = [*words] if len(words) <= most + 1 else [*words[:most], self.say("more", n=len(words) - most)]
        return self.say("and", first=", ".join(shown[:-1]), last=shown[-1]) if len(shown) > 1 else "".join(shown)

    def column(self, name: str) -> str:
        """What a column of the feedback table is called; columns of the user's file keep their names."""
        return self.or_as_is("column", name)

    def metric(self, name: str) -> str:
        """What people call a metric."""
        key = f"metric_{name}"
        return self.say(key) if self.knows(key) else name.replace("_", " ").capitalize()

    def _plain(self, value: Any) -> Any:
        return self.number(value) if isinstance(value, int) and not isinstance(value, bool) else value


@cache
def _locale(name: str) -> Locale:
    from babel import Locale

    return Locale.parse(name)


@cache
def speech_of(code: str) -> Speech:
    """The language `code`; raises ConfigError where the report does not speak it."""
    found = files("voc.report") / "texts" / f"{code}.toml"
    if not found.is_file():
        raise ConfigError(f"The report does not speak '{code}'; {nearest(code, languages())}")
    return Speech(code, tomllib.loads(found.read_text(encoding="utf-8")))


def languages() -> tuple[str, ...]:
    """The codes of the languages that the report speaks."""
    return tuple(
        sorted(each.name[:-5] for each in (files("voc.report") / "texts").iterdir() if each.name[-5:] == ".toml")
    )

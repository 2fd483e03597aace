"""What the cells of a column look like: prose, figures, dates, links; how many there are, and how many differ.

Judged on a sample of the distinct values that does not depend on the order of rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from voc.readers import dates
from voc.readers.cells import MISSING_FIGURES, ROWS_AT_ONCE, figure, figures, text_of
from voc.readers.headers import frequent_words

SAMPLE: Final = 500
"""Distinct values looked at: enough to tell a share to four points, few enough to cost milliseconds a column."""
LINK: Final = re.compile(r"\s*(https?://|www\.|/[\w-]+/|[\w.+-]+@[\w-]+\.\w+\s*$|[\w-]+(\.[\w-]+)+/)", re.IGNORECASE)
WIDE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff]")
"""Scripts that put no spaces between words; two of their characters count as one word."""


@dataclass(frozen=True)
class Profile:
    """One column of a raw table."""

    name: str
    cells: pd.Series

    @cached_property
    def strings(self) -> pd.Series:
        """The cells as text."""
        return text_of(self.cells)

    @cached_property
    def n_filled(self) -> int:
        """Cells that are not empty."""
        return int(self.strings.notna().sum())

    @property
    def n_distinct(self) -> int:
        """Different values."""
        return self._distinct[0]

    @property
    def variety(self) -> float:
        """Different values per filled cell, 0-1."""
        return self.n_distinct / max(self.n_filled, 1)

    @property
    def sample(self) -> list[str]:
        """Some distinct values, the same ones whatever the order of rows."""
        return self._distinct[1]

    @cached_property
    def _distinct(self) -> tuple[int, list[str]]:
        """How many values differ, and those with the smallest hashes; only hashes of all of them are held."""
        hashes: list[npt.NDArray[np.uint64]] = [np.empty(0, dtype=np.uint64)]
        kept = pd.Series(dtype=object)
        for start in range(0, len(self.strings), ROWS_AT_ONCE):
            values = np.asarray(self.strings.iloc[start : start + ROWS_AT_ONCE].dropna().unique(), dtype=object)
            coming = pd.Series(values, index=pd.util.hash_array(values, categorize=False))
            hashes.append(coming.index.to_numpy())
            kept = pd.concat([kept, coming])
            kept = kept[~kept.index.duplicated()].sort_index().head(SAMPLE)
        return len(np.unique(np.concatenate(hashes))), sorted(kept)

    @cached_property
    def words(self) -> float:
        """Words per value."""
        counts = [len(value[:2000].split()) + len(WIDE.findall(value[:2000])) / 2 for value in self.sample]
        return sum(counts) / max(len(counts), 1)

    @cached_property
    def frequent(self) -> float:
        """Share of the words that are among the commonest of a language: 0.3 and more in prose, near 0 in names."""
        words = [word for value in self.sample for word in re.findall(r"[^\W\d_]+", value[:2000])]
        return sum(word.lower() in frequent_words() for word in words) / max(len(words), 1)

    @cached_property
    def figure_share(self) -> float:
        """Share of the values that are figures."""
        values = [value for value in self.sample if value not in MISSING_FIGURES]
        return sum(figure(value) is not None for value in values) / max(len(values), 1)

    @cached_property
    def number_share(self) -> float:
        """Share of the values that are nothing but a number."""
        values = [value for value in self.sample if value not in MISSING_FIGURES]
        return sum(bool(re.fullmatch(r"[-+]?\d+([.,]\d+)?", value.strip())) for value in values) / max(len(values), 1)

    @cached_property
    def date_share(self) -> float:
        """Share of the values that are dates."""
        if pd.api.types.is_datetime64_any_dtype(self.cells.dtype):
            return 1.0
        return dates.share(self.sample)

    @cached_property
    def link_share(self) -> float:
        """Share of the values that are links, paths or mail addresses."""
        return sum(bool(LINK.match(value)) for value in self.sample) / max(len(self.sample), 1)

    @cached_property
    def numbers(self) -> pd.Series:
        """The cells as figures."""
        return figures(self.cells)

    @property
    def is_prose(self) -> bool:
        """Sentences of people: several words a value, common words among them."""
        telling = self.frequent >= PROSE_FREQUENT or self.words >= LONG
        return self.words >= PROSE_WORDS and telling and not self.is_machine

    @cached_property
    def is_machine(self) -> bool:
        """Numbers, dates, links or JSON."""
        coded = sum(value[:1] + value[-1:] in ("[]", "{}") for value in self.sample) / max(len(self.sample), 1)
        return self.number_share >= 0.5 or self.link_share >= 0.3 or coded >= 0.5 or self.date_share >= 0.5


PROSE_WORDS: Final = 4.0
PROSE_FREQUENT: Final = 0.15
LONG: Final = 10.0
"""Words a value from which, and share of common words from which, a column without a telling header is prose; at LONG
words it is prose in any language. Measured: comments 0.2-0.5 and 5-100 words, names and titles below 0.1 and 6 words.
Guarded by `test_what_is_text`."""

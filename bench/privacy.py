"""How right and how fast masking is: precision and recall over the test table, and comments a second.

`python -m bench.privacy [--misses]` prints the figures; tests/test_privacy.py holds them against their floors.
The table is tests/personal_data.tsv: synthetic values with valid check digits, and look-alikes that must stay.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from voc.config import PrivacyConfig
from voc.personal import KINDS, Span, find
from voc.privacy import mask_personal_data
from voc.telephones import LANGUAGE_REGIONS

TABLE = Path(__file__).parents[1] / "tests" / "personal_data.tsv"
MARK = re.compile(r"⟦([A-Z]+):([^⟧]*)⟧")
COMMENTS = 40_000


@dataclass(frozen=True)
class Row:
    """One text, and what is personal in it."""

    country: str
    lang: str
    text: str
    spans: tuple[Span, ...]


def table() -> list[Row]:
    written = pd.read_csv(TABLE, sep="\t", quoting=3, dtype=str, keep_default_na=False)
    return [Row(each.country, each.lang, *_unmarked(each.text)) for each in written.itertuples()]


def _unmarked(marked: str) -> tuple[str, tuple[Span, ...]]:
    text, spans, last = "", [], 0
    for match in MARK.finditer(marked):
        text += marked[last : match.start()]
        spans.append(Span(len(text), len(text) + len(match[2]), match[1]))
        text, last = text + match[2], match.end()
    return text + marked[last:], tuple(spans)


def regions(row: Row, *, country: bool) -> tuple[str, ...]:
    """What is known of the writer: the country from a column, or the language alone."""
    return (row.country,) if country else tuple(LANGUAGE_REGIONS[row.lang].split())


def measure(rows: list[Row], *, country: bool) -> tuple[dict[str, Counter[str]], list[str]]:
    """Per kind the right, missed and wrong spans; and each error in words. A span is right if it covers the value and
    has its kind; its edges may take in a bracket."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    errors = []
    for row in rows:
        found = find(row.text, regions(row, country=country))
        for span in row.spans:
            hit = any(each.kind == span.kind and each.start <= span.start and each.end >= span.end for each in found)
            counts[span.kind]["right" if hit else "missed"] += 1
            if not hit:
                errors.append(f"missed {span.kind} {row.country}: {row.text}   found {found}")
        for span in found:
            if not any(
                each.kind == span.kind and each.start < span.end and span.start < each.end for each in row.spans
            ):
                counts[span.kind]["wrong"] += 1
                errors.append(f"wrong {span.kind} {row.country}: {row.text[span.start : span.end]!r} in {row.text}")
    return counts, errors


def precision(counts: Counter[str]) -> float:
    found = counts["right"] + counts["wrong"]
    return counts["right"] / found if found else 1.0


def recall(counts: Counter[str]) -> float:
    there = counts["right"] + counts["missed"]
    return counts["right"] / there if there else 1.0


def speed(n: int = COMMENTS) -> float:
    """Comments a second through the whole stage; every fourth has a number in it, one in ten personal data."""
    from bench.speed import comments

    texts = comments(n)
    for place, row in enumerate(table() * (n // 10 // len(table()) + 1)):
        if place * 10 < n:
            texts[place * 10] += " " + row.text
    frame = pd.DataFrame({"feedback_id": [str(k) for k in range(n)], "text": texts, "clean_text": texts, "lang": "en"})
    mask_personal_data(frame.head(500), PrivacyConfig())
    started = time.process_time()
    mask_personal_data(frame, PrivacyConfig())
    return n / (time.process_time() - started)


def main() -> None:
    rows = table()
    alike = sum(not row.spans for row in rows)
    countries = len({row.country for row in rows})
    print(f"\npersonal data: {len(rows)} texts of {countries} countries, {alike} of them look-alikes alone")
    for country in (True, False):
        counts, errors = measure(rows, country=country)
        print("  country known" if country else "  language alone known")
        for kind, each in counts.items():
            if each["right"] + each["missed"]:
                there = each["right"] + each["missed"]
                print(f"    {kind:8} precision {precision(each):.3f}  recall {recall(each):.3f}  n {there}")
        whole = sum(counts.values(), Counter())
        print(f"    {'all':8} precision {precision(whole):.3f}  recall {recall(whole):.3f}")
        if "--misses" in sys.argv:
            print(*errors, sep="\n")
    print(f"  {speed():,.0f} comments/s and core")


if __name__ == "__main__":
    main()

"""Writes `feedback.csv`, a synthetic survey export of the fictitious energy and internet provider Nordlicht.

Nothing in it was ever said by a customer: every sentence comes from the hand-written phrase books in `phrases/`, put
together at random with a fixed seed, so that each run writes the same bytes. What is hidden in the data on purpose
stands in the constants below; which rows carry it goes to `truth.json`, never into the export itself.

    python examples/make_feedback.py
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from phrasebook import Part, Row, Writer, join

HERE = Path(__file__).parent
SEED = 2026
ROWS = 2000
START, END = datetime(2026, 1, 1), datetime(2026, 7, 1)
LANGUAGES = {"de": 0.26, "it": 0.19, "en": 0.15, "lt": 0.13, "fr": 0.11, "es": 0.09, "pl": 0.04, "nl": 0.03}

# Planted truths ----------------------------------------------------------------------------------------------------
GROWING = "app_logout"
UPDATE = datetime(2026, 5, 4)
LOGOUTS_BEFORE = 5
LOGOUTS_PER_WEEK = (4, 7, 10, 13, 16, 18, 20, 22)
"""(a) The app logs people out; it starts with the update of 4 May and grows week by week."""

DANGER_FROM = datetime(2026, 6, 3)
"""(b) A wallbox that overheats: one comment for each `danger` text of the phrase books (9), all in June."""

STEADY = {"hotline": 120, "invoice": 115, "price": 90, "internet": 80, "delivery": 90, "refund": 50, "appointment": 55}
NUISANCES = ("hotline", "invoice")
"""(c) Complaints spread evenly over the half-year; the first two are as frequent as (a), but mild."""

DOUBLE_SUBMITS, PASTES, BURST = 14, 3, 11
BURST_DAY = datetime(2026, 4, 14, 10)
"""(d) Copies: answers sent twice within minutes, one customer pasting a complaint, a burst of copied praise."""

CONTRADICTION_SCORES = {"furious": 10, "glowing": 0}
"""(e) Every `furious` text comes with a 10, every `glowing` text with a 0."""

WORSE = {"country": "IT", "segment": "business"}
WORSE_INTERNET = 75
"""(f) Business customers in Italy: their internet drops far more often, and their scores are the lowest."""

PRAISE = {"technician": 0.25, "agent": 0.18, "value": 0.17, "internet_good": 0.15, "switching": 0.14, "app_good": 0.11}
"""(g) What customers love; the friendly technicians come first."""
# Everything else ---------------------------------------------------------------------------------------------------
EMPTY, CONTENT_FREE, NEUTRAL, BRIEF = 100, 60, 120, 70
SEVERE = {"app_logout", "internet", "refund", "appointment"}
SCORES = {
    "worse": (0, 0, 0, 1, 1, 2, 2, 3, 4),
    "severe": (0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6),
    "mild": (3, 4, 5, 5, 6, 6, 6, 7, 7),
    "neutral": (5, 6, 7, 7, 7, 8),
    "praise": (7, 8, 9, 9, 9, 10, 10, 10, 10),
    "silent": (5, 6, 7, 8, 8, 9, 9, 10, 10),
    "danger": (0, 0, 0, 1),
}
CHANNELS = {"email": 0.42, "app": 0.28, "web": 0.22, "sms": 0.08}
EDITS: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: text.rstrip("!.") + ".",
    str.lower,
    lambda text: text.replace(",", ""),
    lambda text: text + "!",
)


def moments(count: int, start: datetime, end: datetime, writer: Writer) -> list[datetime]:
    """`count` moments spread evenly from `start` to `end`, by day, in waking hours."""
    step = (end - start).days / count
    days = [start + timedelta(days=int((place + writer.random.random()) * step)) for place in range(count)]
    return [day.replace(hour=0) + timedelta(minutes=writer.random.randint(7 * 60, 22 * 60)) for day in days]


def new_row(writer: Writer, when: datetime, mood: str, *, language: str = "", segment: str = "") -> Row:
    """An answer with everything but its comment."""
    language = language or writer.pick(LANGUAGES)
    country = writer.pick(writer.books[language]["countries"])
    segment = segment or writer.pick({"private": 0.9, "business": 0.1})
    return Row(when, language, segment, country, writer.random.choice(SCORES[mood]), channel=writer.pick(CHANNELS))


def complaints(writer: Writer) -> list[Row]:
    """(a), (c), (f): the growing complaint, the steady ones, and the worse segment's."""
    plan = [(topic, when, {}) for topic, count in STEADY.items() for when in moments(count, START, END, writer)]
    plan += [(GROWING, when, {}) for when in moments(LOGOUTS_BEFORE, START, UPDATE, writer)]
    for week, count in enumerate(LOGOUTS_PER_WEEK):
        monday = UPDATE + timedelta(weeks=week)
        plan += [(GROWING, when, {}) for when in moments(count, monday, monday + timedelta(weeks=1), writer)]
    worse = {"language": "it", "segment": WORSE["segment"]}
    plan += [("internet", when, worse) for when in moments(WORSE_INTERNET, START, END, writer)]
    rows = []
    for topic, when, given in plan:
        row = new_row(writer, when, "worse" if given else "severe" if topic in SEVERE else "mild", **given)
        row.parts = writer.fresh(row, lambda row=row, topic=topic: writer.complaint(row, topic, curt=curt(row, topic)))
        row.truths.add("mixed" if any(part.topic in PRAISE for part in row.parts) else "negative")
        rows.append(row)
    return rows


def curt(row: Row, topic: str) -> bool:
    """Whether a complaint must not speak of the update, since it has not come yet."""
    return topic == GROWING and row.when < UPDATE


def dangers(writer: Writer) -> list[Row]:
    """(b): what was written about the wallbox, each text once."""
    texts = [(language, text) for language in LANGUAGES for text in writer.books[language]["danger"]]
    rows = []
    for (language, text), when in zip(texts, moments(len(texts), DANGER_FROM, END, writer), strict=True):
        row = new_row(writer, when, "danger", language=language, segment="private")
        row.parts, row.truths = [Part(text, "danger")], {"dangerous", "negative"}
        rows.append(row)
    return rows


def contradictions(writer: Writer) -> list[Row]:
    """(e): furious words with a 10, glowing words with a 0."""
    rows = []
    for kind, score in CONTRADICTION_SCORES.items():
        texts = [(language, text) for language in LANGUAGES for text in writer.books[language][kind]]
        for (language, text), when in zip(texts, moments(len(texts), START, END, writer), strict=True):
            row = new_row(writer, when, "praise", language=language)
            row.score, row.truths = score, {"contradictions", "negative" if kind == "furious" else "positive"}
            row.parts = [Part(writer.fill(text, writer.books[language], when))]
            rows.append(row)
    return rows


def quiet(writer: Writer) -> list[Row]:
    """Answers that say little or nothing: empty, "n/a", "all good", "it's ok"."""
    plan = [("", "silent", EMPTY), ("content_free", "silent", CONTENT_FREE)]
    plan += [("neutral", "neutral", NEUTRAL), ("brief_good", "praise", BRIEF)]
    rows = []
    for kind, mood, count in plan:
        for when in moments(count, START, END, writer):
            row = new_row(writer, when, mood)
            if kind == "content_free":
                row.parts = writer.remark(row, kind)
            elif kind:
                row.parts = writer.fresh(row, lambda row=row, kind=kind: writer.remark(row, kind))
            row.truths = {"positive"} if kind == "brief_good" else set() if kind == "neutral" else {"content_free"}
            rows.append(row)
    return rows


def copies(writer: Writer, rows: list[Row]) -> list[Row]:
    """(d): rows that repeat another row; the first of each kind is an original and marked as such."""
    pasted = new_row(writer, datetime(2026, 3, 20, 9, 12), "severe", language="de", segment="private")
    pasted.parts = [Part(writer.books["de"]["pasted"])]
    burst = new_row(writer, BURST_DAY, "praise", language="en", segment="private")
    burst.parts, burst.score, burst.channel = [Part(writer.books["en"]["burst"])], 10, "web"
    found = [pasted, burst]
    found += [copy(pasted, pasted.when + timedelta(days=4 * turn, minutes=37 * turn)) for turn in range(1, PASTES + 1)]
    for turn in range(1, BURST + 1):
        again = copy(burst, BURST_DAY + timedelta(minutes=3 * turn), edit=turn)
        found.append(replace(again, customer=""))
    long = [row for row in rows if len(row.comment) > 60 and not row.truths & {"dangerous", "contradictions"}]
    for turn, row in enumerate(writer.random.sample(long, DOUBLE_SUBMITS)):
        row.truths.add("originals")
        found.append(copy(row, row.when + timedelta(minutes=2 + turn % 5), edit=turn % 2))
    pasted.truths, burst.truths = {"originals", "negative"}, {"originals", "positive"}
    return found


def copy(row: Row, when: datetime, *, edit: int = 0) -> Row:
    """`row` sent again at `when`; from the second edit on with small changes."""
    change = EDITS[edit % len(EDITS)]
    parts = [*row.parts[:-1], replace(row.parts[-1], text=change(row.parts[-1].text))]
    return replace(row, when=when, parts=parts, truths={"duplicates"})


def survey() -> list[Row]:
    """All answers, in the order of time, with ids and customers."""
    writer = Writer(HERE / "phrases", seed=SEED, complaints=tuple(STEADY), praise=PRAISE)
    rows = complaints(writer) + dangers(writer) + contradictions(writer) + quiet(writer)
    missing = ROWS - len(rows) - DOUBLE_SUBMITS - PASTES - BURST - 2
    for when in moments(missing, START, END, writer):
        row = new_row(writer, when, "praise")
        row.parts = writer.fresh(row, lambda row=row: writer.praise(row))
        row.truths.add("positive")
        rows.append(row)
    name_customers(writer, rows)
    rows += copies(writer, rows)
    name_customers(writer, [row for row in rows if not row.customer])
    rows.sort(key=lambda row: (row.when, row.comment, row.customer))
    for place, row in enumerate(rows):
        row.response = f"R-{10001 + place}"
    return rows


def name_customers(writer: Writer, rows: list[Row]) -> None:
    """A customer id for each row; a few customers of the same country and segment answer twice."""
    known: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        peers = known.setdefault((row.language, row.country, row.segment), [])
        again = peers and writer.chance(0.06) and not row.truths & {"dangerous", "contradictions"}
        row.customer = writer.random.choice(peers) if again else f"C-{writer.random.randint(10**5, 10**6 - 1)}"
        row.scored = bool(row.truths & {"dangerous", "contradictions", "duplicates"}) or not writer.chance(0.015)
        peers.append(row.customer)


def mentions(row: Row) -> dict[str, tuple[int, int]]:
    """Where in the comment each planted complaint is told: topic -> start and end."""
    found: dict[str, tuple[int, int]] = {}
    for place, part in enumerate(row.parts):
        if part.topic in {GROWING, "danger", *STEADY}:
            end = len(join(row.parts[: place + 1]))
            start = found.get(part.topic, (end - len(part.text.strip()), 0))[0]
            found[part.topic] = (start, end)
    return found


def truth(rows: list[Row]) -> dict[str, Any]:
    """The planted truths: what they are, and the responses that carry them."""
    marks = ("dangerous", "duplicates", "originals", "contradictions", "content_free", "negative", "positive", "mixed")
    told: dict[str, dict[str, tuple[int, int]]] = {topic: {} for topic in (GROWING, "danger", *STEADY)}
    for row in rows:
        for topic, span in mentions(row).items():
            told[topic][row.response] = span
    return {
        "growing": {"topic": GROWING, "since": f"{UPDATE:%Y-%m-%d}"},
        "nuisances": NUISANCES,
        "worse": WORSE,
        **{mark: [row.response for row in rows if mark in row.truths] for mark in marks},
        "mentions": told,
    }


def write(folder: Path) -> None:
    """`feedback.csv` and `truth.json` in `folder`."""
    rows = survey()
    with (folder / "feedback.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(["response id", "date", "customer", "channel", "segment", "country", "nps", "comment"])
        for row in rows:
            score = row.score if row.scored else ""
            about = [row.customer, row.channel, row.segment, row.country, score, row.comment]
            sheet.writerow([row.response, f"{row.when:%Y-%m-%d %H:%M}", *about])
    lines = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in truth(rows).items())
    (folder / "truth.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(HERE)

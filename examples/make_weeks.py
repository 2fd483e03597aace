"""Writes `weeks/week1.csv` to `week3.csv`: three weekly exports of Nordlicht, for `voc analyze --workspace`.

Synthetic like `make_feedback.py`, with the same phrase books and a fixed seed. What changes from week to week stands in
the constants below; which answers tell of it goes to `weeks/truth.json`. Each export begins with the last answers of
the week before, as exports of "the last eight days" do; one of them was edited by the customer meanwhile.

    python examples/make_weeks.py
"""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from make_feedback import PRAISE, SEVERE, moments, new_row
from phrasebook import Part, Row, Writer

HERE = Path(__file__).parent
SEED = 5
MONDAY = datetime(2026, 5, 4)

# Planted truths: comments about each topic in the three weeks -------------------------------------------------------
LANGUAGES = {"en": 0.5, "de": 0.3, "it": 0.2}
BORN = {"internet": (0, 40, 42)}
"""A line drops out from the second week on: a theme that is born."""
GROWN = {"hotline": (24, 25, 95)}
"""Half of the hotline is ill in the third week: a theme that grows."""
GONE = {"app_logout": (38, 40, 0)}
"""The app logs people out until it is mended at the end of the second week: a theme that is gone."""
STEADY = {"invoice": (42, 43, 41), "appointment": (40, 39, 41)}
PRAISED, NEUTRAL = (95, 100, 98), (15, 14, 16)
OVERLAP, EDITED = 20, "The hotline called me back today. Still, {text}"
"""Answers that the next export has again, and the words that the first complaint among them has then."""


def weeks() -> list[list[Row]]:
    """The answers of each week in the order of time, with ids."""
    topics = BORN | GROWN | GONE | STEADY
    writer = Writer(HERE / "phrases", seed=SEED, complaints=tuple(STEADY), praise=PRAISE)
    found, number = [], 20001
    for week in range(3):
        start = MONDAY + timedelta(weeks=week)
        end = start + timedelta(weeks=1)
        rows = [row for topic in sorted(topics) for row in complaints(writer, topic, topics[topic][week], start, end)]
        rows += [other(writer, when, "praise") for when in moments(PRAISED[week], start, end, writer)]
        rows += [other(writer, when, "neutral") for when in moments(NEUTRAL[week], start, end, writer)]
        rows.sort(key=lambda row: (row.when, row.comment))
        for row in rows:
            row.response, row.customer = f"R-{number}", f"C-{writer.random.randint(10**5, 10**6 - 1)}"
            number += 1
        found.append(rows)
    return found


def complaints(writer: Writer, topic: str, count: int, start: datetime, end: datetime) -> list[Row]:
    """`count` comments about a topic within a week."""
    rows = []
    for when in moments(count, start, end, writer) if count else []:
        row = new_row(writer, when, "severe" if topic in SEVERE else "mild", language=writer.pick(LANGUAGES))
        row.parts = writer.fresh(row, lambda row=row: writer.complaint(row, topic))
        rows.append(row)
    return rows


def other(writer: Writer, when: datetime, mood: str) -> Row:
    """A comment of praise, or one that takes no side."""
    row = new_row(writer, when, mood, language=writer.pick(LANGUAGES))
    told = writer.praise if mood == "praise" else (lambda row: writer.remark(row, "neutral"))
    row.parts = writer.fresh(row, lambda row=row: told(row))
    return row


def edited(row: Row) -> Row:
    """The answer after its customer went back to it."""
    return replace(row, parts=[Part(EDITED.format(text=row.comment))])


def export(found: list[list[Row]], week: int) -> list[Row]:
    """What stands in the export of a week: the end of the week before, and the week."""
    before = found[week - 1][-OVERLAP:] if week else []
    complaint = next((row for row in before if any(part.topic in STEADY for part in row.parts)), None)
    return [edited(row) if row is complaint else row for row in before] + found[week]


def truth(found: list[list[Row]]) -> dict[str, object]:
    """What is planted, and the responses that tell of each topic."""
    topics = BORN | GROWN | GONE | STEADY
    told = {
        topic: [row.response for rows in found for row in rows if any(part.topic == topic for part in row.parts)]
        for topic in sorted(topics)
    }
    return {
        "born": [*BORN],
        "grown": [*GROWN],
        "gone": [*GONE],
        "steady": [*STEADY],
        "overlap": OVERLAP,
        "mentions": told,
    }


def write(folder: Path) -> None:
    """`week1.csv` to `week3.csv` and `truth.json` in `folder`."""
    folder.mkdir(exist_ok=True)
    found = weeks()
    for week in range(3):
        with (folder / f"week{week + 1}.csv").open("w", encoding="utf-8", newline="") as file:
            sheet = csv.writer(file, lineterminator="\n")
            sheet.writerow(["response id", "date", "customer", "channel", "segment", "country", "nps", "comment"])
            for row in export(found, week):
                about = [row.customer, row.channel, row.segment, row.country, row.score, row.comment]
                sheet.writerow([row.response, f"{row.when:%Y-%m-%d %H:%M}", *about])
    lines = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in truth(found).items())
    (folder / "truth.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(HERE / "weeks")

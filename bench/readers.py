"""How fast and in how much memory exports are opened, cleaned and masked: `python -m bench.readers [ROWS [MB]]`.

Each part runs in a process of its own, with one thread; seconds are the median of three rounds, start-up left out.
Rows are real comments where `../shared/data` is there, with their first letters varied where they repeat, else the
synthetic ones of `bench.speed`. Under `whole` stands what a comment takes from the CSV file to the masked table. At
last JSON lines of so many megabytes are read into a table, as for `voc analyze`, told of by `voc inspect`, the command
itself, and streamed, as `voc score` does.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from statistics import median

import pandas as pd

from bench.speed import write_export

ROWS, ROUNDS, MEGABYTES = 20_000, 3, 64
REAL = Path(__file__).parents[2] / "shared" / "data" / "sentiment.parquet"
FORMATS = ("csv", "jsonl", "xlsx", "parquet")
STAGES = ("csv", "clean", "integrity", "privacy")
"""What stands between a file and a table that may be written."""


def write(folder: Path, rows: int) -> None:
    write_export(folder / "rows.csv", rows)
    table = pd.read_csv(folder / "rows.csv")
    if REAL.exists():
        table["comment"] = real_comments(rows)
    table.to_csv(folder / "rows.csv", index=False)
    table.to_json(folder / "rows.jsonl", orient="records", lines=True)
    # A workbook holds no control characters.
    table["comment"] = table["comment"].str.replace("[\x00-\x08\x0b-\x1f]", "", regex=True)
    table.to_excel(folder / "rows.xlsx", index=False)
    table.to_parquet(folder / "rows.parquet", index=False)


def real_comments(rows: int) -> list[str]:
    """Comments of all sources and languages; from the second time on each says which time it is."""
    texts = pd.read_parquet(REAL, columns=["text"])["text"].sample(frac=1, random_state=1).tolist()
    return [texts[k % len(texts)] + (f" ({k // len(texts)})" if k >= len(texts) else "") for k in range(rows)]


def prepared(part: str, folder: Path) -> Callable[[], object]:
    """What a part does, with all that comes before it done."""
    from voc.clean import clean
    from voc.config import DEFAULTS
    from voc.integrity import check_integrity
    from voc.language import detect_language
    from voc.privacy import mask_personal_data
    from voc.readers import read_feedback

    if part in FORMATS:
        return lambda: read_feedback([folder / f"rows.{part}"])
    feedback = read_feedback([folder / "rows.csv"]).frame
    if part == "clean":
        return lambda: clean(feedback, DEFAULTS.clean)
    cleaned = clean(feedback, DEFAULTS.clean)
    if part == "integrity":
        return lambda: check_integrity(cleaned, DEFAULTS.integrity)
    told = detect_language(cleaned, DEFAULTS.language)
    return lambda: mask_personal_data(told, DEFAULTS.privacy)


def alone(prepare: Callable[[], Callable[[], object]], rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Seconds of one part on the clock and of the processor, and the peak memory in GB of the process that did it."""
    coming, going = os.pipe()
    child = os.fork()
    if child == 0:
        run = prepare()
        times = [timed(run) for _ in range(rounds)]
        os.write(going, json.dumps([median(each) for each in zip(*times, strict=True)]).encode())
        os._exit(0)
    os.close(going)
    told = os.read(coming, 1_000)
    _, status, usage = os.wait4(child, 0)
    os.close(coming)
    if status:
        raise SystemExit(f"{prepare} failed with {status}")
    clock, processor = json.loads(told)
    return clock, processor, usage.ru_maxrss / 2**20


def write_large(path: Path, megabytes: int) -> None:
    """JSON lines as ticket systems write them, with nine keys, the comments of `write` over and over."""
    texts = pd.read_json(path.with_name("rows.jsonl"), lines=True)["comment"].tolist()
    number, size = 0, 0
    with path.open("w", encoding="utf-8") as file:
        while size < megabytes * 2**20:
            row = {
                "id": f"r{number:08}",
                "created_at": f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}T10:{number % 60:02}:00Z",
                "customer_id": f"C{number % 500_000:06}",
                "channel": ("chat", "email", "app")[number % 3],
                "nps": number % 11,
                "tags": ["a", "b"],
                "meta": {"device": "ios", "version": f"4.{number % 20}"},
                "comment": f"{texts[number % len(texts)]} {number}",
            }
            size += file.write(json.dumps(row, ensure_ascii=False) + "\n")
            number += 1


def large(what: str, path: Path) -> Callable[[], object]:
    """A large file read into a table, inspected, or scored row by row by a judge that takes no memory of its own."""
    from voc.cli import main as voc
    from voc.readers import find_text, read_feedback
    from voc.streams import score_stream

    def scored() -> object:
        with path.open("rb") as source, Path(os.devnull).open("wb") as target:
            return score_stream(source, target, indifferent, choose=find_text)

    def inspected() -> None:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            voc(["inspect", str(path)], standalone_mode=False)

    return {"read": lambda: read_feedback([path]), "inspect": inspected, "score": scored}[what]


def indifferent(texts: Sequence[str | None]) -> pd.DataFrame:
    """The same verdict for every text."""
    verdict = {"lang": "en", "sentiment": 0.0, "label": "neutral", "confidence": 0.5, "severity": 0.0}
    return pd.DataFrame([verdict] * len(texts))


def timed(run: Callable[[], object]) -> tuple[float, float]:
    clock, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    rows = int(sys.argv[1]) if sys.argv[1:] and __name__ == "__main__" else ROWS
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows)
        print(f"\n{'part':12}{'rows/s':>10}{'per core':>10}{'GB':>7}   {rows:,} rows")
        seconds = {}
        for part in (*FORMATS, *STAGES[1:]):
            clock, processor, memory = alone(partial(prepared, part, Path(folder)))
            seconds[part] = (clock, processor)
            print(f"{part:12}{rows / clock:10,.0f}{rows / processor:10,.0f}{memory:7.2f}", flush=True)
        for name, parts in (("csv + clean", STAGES[:2]), ("whole", STAGES)):
            clock, processor = (sum(seconds[part][k] for part in parts) for k in (0, 1))
            print(f"{name:12}{rows / clock:10,.0f}{rows / processor:10,.0f}")
        megabytes = int(sys.argv[2]) if sys.argv[2:] and __name__ == "__main__" else MEGABYTES
        write_large(Path(folder) / "large.jsonl", megabytes)
        print(f"\n{'JSON lines':12}{'MB/s':>10}{'per core':>10}{'GB':>7}   {megabytes:,} MB")
        for what in ("read", "inspect", "score"):
            clock, processor, memory = alone(partial(large, what, Path(folder) / "large.jsonl"), rounds=1)
            print(f"{what:12}{megabytes / clock:10.1f}{megabytes / processor:10.1f}{memory:7.2f}", flush=True)


if __name__ == "__main__":
    main()

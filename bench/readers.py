"""How fast and in how much memory exports are opened, cleaned, doubted and masked: `python -m bench.readers [ROWS]`.

Each part runs in a process of its own, with one thread; seconds are the median of three rounds, start-up left out.
Rows are real comments where `../shared/data` is there, with their first letters varied where they repeat, else the
synthetic ones of `bench.speed`. Under `whole` stands what a comment takes from the CSV file to the masked table.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd

from bench.speed import write_export

ROWS, ROUNDS = 20_000, 3
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


def alone(part: str, folder: Path) -> tuple[float, float, float]:
    """Seconds of one part on the clock and of the processor, and the peak memory in GB of the process that did it."""
    coming, going = os.pipe()
    child = os.fork()
    if child == 0:
        run = prepared(part, folder)
        rounds = [timed(run) for _ in range(ROUNDS)]
        os.write(going, json.dumps([median(each) for each in zip(*rounds, strict=True)]).encode())
        os._exit(0)
    os.close(going)
    told = os.read(coming, 1_000)
    _, status, usage = os.wait4(child, 0)
    os.close(coming)
    if status:
        raise SystemExit(f"{part} failed with {status}")
    clock, processor = json.loads(told)
    return clock, processor, usage.ru_maxrss / 2**20


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
            clock, processor, memory = alone(part, Path(folder))
            seconds[part] = (clock, processor)
            print(f"{part:12}{rows / clock:10,.0f}{rows / processor:10,.0f}{memory:7.2f}", flush=True)
        for name, parts in (("csv + clean", STAGES[:2]), ("whole", STAGES)):
            clock, processor = (sum(seconds[part][k] for part in parts) for k in (0, 1))
            print(f"{name:12}{rows / clock:10,.0f}{rows / processor:10,.0f}")


if __name__ == "__main__":
    main()

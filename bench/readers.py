"""How fast and in how much memory exports are opened: `python -m bench.readers [ROWS]`, each part in a process of its
own. Rows are the synthetic comments of `bench.speed`, about 30 words each; speed is per row, start-up left out."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from bench.speed import write_export

ROWS = 20_000
ENDINGS = ("csv", "jsonl", "xlsx", "parquet")


def write(folder: Path, rows: int) -> None:
    write_export(folder / "rows.csv", rows)
    table = pd.read_csv(folder / "rows.csv")
    table.to_json(folder / "rows.jsonl", orient="records", lines=True)
    table.to_excel(folder / "rows.xlsx", index=False)
    table.to_parquet(folder / "rows.parquet", index=False)


def read(path: Path) -> float:
    from voc.readers import read_feedback

    started = time.perf_counter()
    read_feedback([path])
    return time.perf_counter() - started


def stage(path: Path, name: str) -> float:
    """Seconds of cleaning, or of integrity on cleaned rows."""
    from voc.clean import clean
    from voc.config import DEFAULTS
    from voc.integrity import check_integrity
    from voc.readers import read_feedback

    feedback = read_feedback([path]).frame
    if name == "integrity":
        feedback = clean(feedback, DEFAULTS.clean)
    started = time.perf_counter()
    if name == "integrity":
        check_integrity(feedback, DEFAULTS.integrity)
    else:
        clean(feedback, DEFAULTS.clean)
    return time.perf_counter() - started


def alone(part: str, path: Path) -> tuple[float, float]:
    """Seconds of one part and the peak memory in GB of the process that did it."""
    coming, going = os.pipe()
    child = os.fork()
    if child == 0:
        seconds = stage(path, part) if part in ("clean", "integrity") else read(path)
        os.write(going, str(seconds).encode())
        os._exit(0)
    os.close(going)
    told = os.read(coming, 100)
    _, status, usage = os.wait4(child, 0)
    os.close(coming)
    if status:
        raise SystemExit(f"{part} failed with {status}")
    return float(told), usage.ru_maxrss / 2**20


def main() -> None:
    rows = int(sys.argv[1]) if sys.argv[1:] and __name__ == "__main__" else ROWS
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows)
        print(f"{'part':12}{'rows/s':>10}{'GB':>7}")
        for part in (*ENDINGS, "clean", "integrity"):
            seconds, memory = alone(part, Path(folder) / f"rows.{part if part in ENDINGS else 'csv'}")
            print(f"{part:12}{rows / seconds:10,.0f}{memory:7.2f}")


if __name__ == "__main__":
    main()

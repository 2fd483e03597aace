"""Rows of a large file, drawn evenly: a small file of the same format, for whoever wants to know what a file is like
and not what every row of it says.

Each row is as likely to be drawn as any other, and those that are stand in the order of the file; its first rows come
always, because they may be headers. The rows that are not drawn are counted. Only formats in which each row stands for
itself are drawn from: half a conversation would be misread.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from voc.readers import encodings, json_files, tabular
from voc.readers.delimited import lines, split_hint
from voc.readers.formats import Head, head_of
from voc.tables import Note

ROWS: Final = 100_000
"""Rows judged of a large file: a share is told to 0.3 points, in half a minute. Guarded by
`test_a_sample_tells_what_the_file_holds`."""
LARGE: Final = 2**26
"""Bytes of all sources together up to which they are read whole, and characters that are drawn of larger ones: more
tells more of files with long texts, and 64 million take half a gigabyte. Guarded by `bench.readers`."""
PACKED: Final = 8
"""Times its size that a packed file counts: texts shrink 3 to 10 times."""
FIRST: Final = 50
"""Rows at the beginning that are always drawn: they tell a header, a delimiter, lines that are no JSON."""
SEED: Final = 1
ROW_BY_ROW: Final = frozenset(
    {
        "app-store", "asknicely", "csv", "delighted", "freshdesk", "google-play", "helpscout", "json", "jsonl",
        "parquet", "qualtrics", "salesforce", "surveymonkey", "trustpilot", "typeform",
    }
)  # fmt: skip
"""Formats in which each row is a comment, or the answers of one person."""


@dataclass(frozen=True)
class Limit:
    """How much of one file is drawn at most."""

    rows: int
    characters: int


@dataclass(frozen=True)
class Sample:
    """A file with some rows of another, how many rows that has besides, and how it is written."""

    path: Path
    passed_over: int
    encoding: str | None = None
    notes: tuple[Note, ...] = ()


def limits(paths: Sequence[Path], rows: int = ROWS) -> dict[Path, Limit]:
    """What is to be drawn of each file: all together give `rows`, each by its size; nothing where they are small."""
    sizes = {path: _size(path) for path in paths if path.is_file()}
    total = sum(sizes.values())
    if total <= LARGE:
        return {}
    return {path: Limit(-(-rows * size // total), LARGE * size // total) for path, size in sizes.items()}


def _size(path: Path) -> int:
    with path.open("rb") as file:
        packed = file.read(4)[:2] in (b"\x1f\x8b", b"PA")
    return path.stat().st_size * (PACKED if packed else 1)


def draw(path: Path, into: Path, limit: Limit) -> Sample | None:
    """Write some rows of a file into a new folder `into`, under its name; None where no rows can be told apart."""
    into.mkdir()
    head = head_of(path)
    start = head.text.lstrip()[:1]
    if head.start.startswith(b"PAR1"):
        return _of_parquet(path, into / path.name, limit)
    if head.is_binary:
        return None
    if json_files.looks_jsonl(head):
        return _of_lines(path, into / path.name, limit)
    if start == "[":
        return _of_list(path, into / path.name, limit)
    return _of_records(path, into / path.name, limit, head) if start != "{" else None


def _of_lines(path: Path, target: Path, limit: Limit) -> Sample:
    encoding = encodings.detect(tabular.blocks_of(path))
    coming = lines(encodings.decode(tabular.blocks_of(path), encoding))
    drawn, passed_over = _drawn((line for line in coming if line.strip("\ufeff \t\r\n")), str, limit)
    _write(target, map(_ended, drawn))
    return Sample(target, passed_over, encoding.label)


def _of_list(path: Path, target: Path, limit: Limit) -> Sample | None:
    """Of one list of objects; anything else in square brackets is read whole."""
    encoding = encodings.detect(tabular.blocks_of(path))
    members = json_files.members(path, encoding)
    if members is None:
        return None
    drawn, passed_over = _drawn(members, json.dumps, limit)
    _write(target, ["[", ",\n".join(drawn), "]"])
    return Sample(target, passed_over, encoding.label)


def _of_records(path: Path, target: Path, limit: Limit, head: Head) -> Sample:
    """Of a delimited file: records with their lines, so that what is odd or broken stays so."""
    table = tabular.open_table(partial(tabular.blocks_of, path), keep_lines=True)
    drawn, passed_over = _drawn((record.raw for record in table.records), str, limit)
    hint = [f"sep={table.dialect.delimiter}"] if split_hint(head.text)[0] else []
    _write(target, map(_ended, (*hint, *table.opening, *drawn)))
    return Sample(target, passed_over, table.encoding.label, table.notes)


def _ended(line: str) -> str:
    """A line with its end, which the last one of a file may lack."""
    return line if line.endswith(("\n", "\r")) else f"{line}\n"


def _of_parquet(path: Path, target: Path, limit: Limit) -> Sample:
    import pyarrow as pa
    from pyarrow import parquet

    from voc.errors import InputError
    from voc.readers.parquet import bounded

    try:
        with parquet.ParquetFile(path) as file:
            n_rows = file.metadata.num_rows
            size = sum(file.metadata.row_group(place).total_byte_size for place in range(file.metadata.num_row_groups))
            most = min(n_rows, limit.rows, max(FIRST, limit.characters * n_rows // max(size, 1)))
            chosen = sorted(random.Random(SEED).sample(range(n_rows), most))  # noqa: S311 - no secret
            with parquet.ParquetWriter(target, file.schema_arrow) as writer:
                begin = 0
                for batch in bounded(file, path):
                    places = [place - begin for place in chosen if begin <= place < begin + len(batch)]
                    writer.write_batch(batch.take(pa.array(places, pa.int64())))
                    begin += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path.name} is a damaged Parquet file: {str(error).splitlines()[0]}") from error
    return Sample(target, n_rows - most)


def _drawn(rows: Iterable[Any], text: Callable[[Any], str], limit: Limit) -> tuple[list[str], int]:
    """Some rows as text, and how many were passed over: each row draws a lot, the smallest are kept."""
    lots = random.Random(SEED)  # noqa: S311 - no secret
    held: list[tuple[float, int, str]] = []
    size, passed_over, highest = 0, 0, 2.0
    for place, row in zip(count(), rows, strict=False):
        lot = lots.random() if place >= FIRST else -1.0
        if lot >= highest:
            passed_over += 1
            continue
        written = text(row)
        heapq.heappush(held, (-lot, place, written))
        size += len(written)
        while len(held) > FIRST and (len(held) > limit.rows or size > limit.characters):
            worst, _, given_up = heapq.heappop(held)
            size -= len(given_up)
            passed_over, highest = passed_over + 1, min(highest, -worst)
    return [written for _, _, written in sorted(held, key=lambda each: each[1])], passed_over


def _write(target: Path, pieces: Iterable[str]) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)

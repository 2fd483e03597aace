"""Parquet files, as any tool writes them: lists and nested values become JSON text, categories plain values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers.archives import BOMB
from voc.readers.cells import unique_names
from voc.readers.formats import Head, reader

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

LARGEST: Final = 2**30
ROWS_AT_ONCE: Final = 2_000
"""Bytes that any file may unpack to, beyond which BOMB times its own size counts; rows between two looks at that."""


def looks_parquet(head: Head) -> bool:
    """By its magic bytes."""
    return head.start.startswith(b"PAR1")


@reader("parquet", sniff=looks_parquet, rank=50, suffixes=(".parquet",))
def read_parquet(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """The raw table, with the file's own types."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            rows = pa.Table.from_batches(bounded(file, path), file.schema_arrow)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path.name} is a damaged Parquet file: {str(error).splitlines()[0]}") from error
    names = unique_names(rows.column_names)
    kept = [place for place, name in enumerate(rows.column_names) if not name.startswith("__index_level_")]
    return pd.DataFrame({names[place]: _column(rows.column(place)) for place in kept}, index=range(rows.num_rows))


def bounded(file: parquet.ParquetFile, path: Path) -> Iterator[pa.RecordBatch]:
    """The rows in pieces, counted as they unpack: a value that is written once can stand in every row."""
    most, size = max(LARGEST, BOMB * path.stat().st_size), 0
    for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
        size += sum(map(_unpacked, batch.columns))
        if size > most:
            raise InputError(f"{path.name} unpacks to more than {most >> 20:,} MB; name fewer columns or rows")
        yield batch


def _unpacked(column: pa.Array) -> int:
    """Bytes of a column; one of categories has them in every row where it is used."""
    values = getattr(column, "dictionary", None)
    return int(column.nbytes if values is None else values.nbytes * len(column) // max(len(values), 1))


def _column(column: pa.ChunkedArray) -> pd.Series:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pd.Series(pd.array(column.to_pylist(), dtype="string"))
    if pa.types.is_integer(kind):
        return pd.Series(pd.array(column.to_pylist(), dtype="UInt64" if kind == pa.uint64() else "Int64"))
    if pa.types.is_boolean(kind):
        return pd.Series(pd.array(column.to_pylist(), dtype="boolean"))
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pd.Series([_text(value) for value in column.to_pylist()], dtype="string")
    return column.to_pandas()


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)

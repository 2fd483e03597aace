"""Parquet as a stream: the verdict's columns stand last; types, metadata and order of the others stay."""

from __future__ import annotations

from typing import Any, BinaryIO

from voc.errors import InputError
from voc.streams.rows import ADDED, Choose, Judge, Tally, chosen, verdicts

ROWS_IN_A_GROUP = 16_384
"""Rows held in memory and written as one row group: smaller groups make larger and slower files."""


def score_columnar(source: BinaryIO, target: BinaryIO, judge: Judge, *, name: str | None, choose: Choose) -> Tally:
    """Copy Parquet with its verdicts."""
    import pyarrow as pa
    from pyarrow import parquet

    if not source.seekable():
        raise InputError("Parquet cannot be read from a pipe, because its table of contents comes last; name the file")
    source.seek(0)
    try:
        rows = parquet.ParquetFile(source)
        kept = [each for each in rows.schema_arrow.names if each not in ADDED]
        schema = _with_verdicts(pa.schema([rows.schema_arrow.field(each) for each in kept], rows.schema_arrow.metadata))
        tally = Tally(text=_found(rows, kept, name, choose))
        with parquet.ParquetWriter(target, schema) as writer:
            for batch in rows.iter_batches(batch_size=ROWS_IN_A_GROUP, columns=kept):
                writer.write_batch(_judged(batch, schema, judge, tally))
    except pa.ArrowException as error:
        raise InputError(f"The Parquet file is damaged: {str(error).splitlines()[0]}") from error
    return tally


def _with_verdicts(schema: Any) -> Any:
    import pyarrow as pa

    types = (pa.string(), pa.float64(), pa.string(), pa.float64(), pa.float64())
    for name, kind in zip(ADDED, types, strict=True):
        schema = schema.append(pa.field(name, kind))
    return schema


def _found(rows: Any, kept: list[str], name: str | None, choose: Choose) -> str:
    if name in kept:
        return str(name)
    first = next(rows.iter_batches(batch_size=1024, columns=kept), None)
    sample = rows.schema_arrow.empty_table() if first is None else first
    return chosen(name, sample.to_pandas(), choose)


def _judged(batch: Any, schema: Any, judge: Judge, tally: Tally) -> Any:
    """The batch with its verdicts."""
    import pyarrow as pa

    cells = batch.column(tally.text).to_pylist()
    found = verdicts(judge([cell if isinstance(cell, str) else None for cell in cells]))
    for verdict in found:
        tally.add(judged=verdict["voc_label"] is not None)
    added = [pa.array([each[name] for each in found], schema.field(name).type) for name in ADDED]
    return pa.record_batch([*batch.columns, *added], schema=schema)

"""Databases: the rows of a query or a table, over any SQLAlchemy address (`duckdb:///file.db?query=SELECT …`).

Connections are opened read-only where the database can, and nothing is ever committed. Rows come in pieces, so that the
driver holds no second copy of the result. Passwords stay out of every message.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from voc.errors import InputError, MissingExtra, nearest
from voc.readers import addresses, postgres
from voc.readers.cells import unique_names
from voc.readers.recognition import note

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult
    from sqlalchemy.engine import URL

ROWS_AT_ONCE: Final = 10_000
LARGEST_CELL: Final = 2**24
"""Characters of a cell that are kept: a longer one is no comment. Guarded by `test_huge_cells_of_a_database`."""
DRIVERS: Final = {"postgresql": "postgresql+pg8000", "postgres": "postgresql+pg8000"}
"""Schemes whose driver is the one that the extra brings."""
WEB: Final = ("http", "https", "s3", "gs", "ftp", "sftp", "file")


def read_address(address: str) -> pd.DataFrame:
    """The raw table of a query, or of the table that the address names; of the only table where it names none."""
    if addresses.scheme(address) in WEB:
        raise InputError(f"{addresses.without_secrets(address)}: voc reads no web addresses; download the file first")
    if not find_spec("sqlalchemy"):
        raise MissingExtra("Reading from a database", "sql")
    own, query, table = addresses.split(address)
    with _connected(own) as connection:
        wanted = query or _select(connection, table, addresses.without_secrets(address))
        frame = _frame(connection, wanted)
    if frame.empty:
        raise InputError(f"The query gave no rows: {wanted}")
    frame.attrs = {"notes": (note(f"Rows of the query: {wanted}"),)}
    return frame


def digest(frame: pd.DataFrame) -> str:
    """SHA-256 of the rows as they came, since a database has no file to take it of."""
    rows = pd.util.hash_pandas_object(frame.astype("string"), index=False)
    return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()


@contextmanager
def _connected(own: str) -> Iterator[Connection]:
    """A read-only connection; what goes wrong is told without the password."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    url = _url(own)
    try:
        own_words = url.get_backend_name() == "postgresql" and url.get_driver_name() == "pg8000"
        engine = create_engine(
            postgres.bare(url) if own_words else url, connect_args=_read_only(url), hide_parameters=True
        )
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise _told(error, url, own) from error
    try:
        with engine.connect() as connection:
            _forbid_writing(connection)
            yield connection
            connection.rollback()
    except (SQLAlchemyError, OSError) as error:
        raise _told(error, url, own) from error
    finally:
        engine.dispose()


def _url(own: str) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        url = make_url(own)
    except (SQLAlchemyError, ValueError) as error:
        shown = addresses.without_secrets(own)
        raise InputError(f"'{shown}' is no address of a database, such as postgresql://user@host/name") from error
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    in_file = url.get_backend_name() in ("sqlite", "duckdb")
    if in_file and url.database and url.database != ":memory:" and not Path(url.database).is_file():
        raise InputError(f"There is no database file '{url.database}'")
    if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith("file:"):
        place = Path(url.database).absolute().as_uri()
        url = url.set(database=place).update_query_dict({"mode": "ro", "uri": "true"})
    return url


def _read_only(url: URL) -> dict[str, Any]:
    """Settings of the driver that open a database for reading only."""
    backend = url.get_backend_name()
    if backend == "duckdb":
        offline = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        return {"config": offline, "read_only": bool(url.database and url.database != ":memory:")}
    if backend == "postgresql" and url.get_driver_name() == "pg8000":
        return postgres.settings(url)
    return {}


def _forbid_writing(connection: Connection) -> None:
    """The same for databases that are told so once the connection stands."""
    backend = connection.engine.url.get_backend_name()
    if backend in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.commit()
    if backend == "postgresql" and connection.engine.url.get_driver_name() != "pg8000":
        connection.exec_driver_sql("SET default_transaction_read_only = on")
        connection.commit()


def _select(connection: Connection, table: str, shown: str) -> str:
    """The query for a whole table: the one that is named, or the only one there is."""
    from sqlalchemy import inspect

    inspector = inspect(connection)
    names = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
    schema, dot, bare = table.rpartition(".")
    if table and not dot and table not in names:
        raise InputError(f"{shown} has no table '{table}'; {nearest(table, names)}")
    if not table and len(names) != 1:
        listed = f"one of its tables ({', '.join(names[:20])})" if names else "a table of another schema"
        raise InputError(f"Name {listed} with '?table=…' behind {shown}, or ask with '?query=SELECT …'")
    quote = connection.dialect.identifier_preparer.quote
    wanted = [*([schema] if dot else []), bare if table else names[0]]
    return f"SELECT * FROM {'.'.join(map(quote, wanted))}"  # noqa: S608 - names are quoted by the dialect


def _frame(connection: Connection, query: str) -> pd.DataFrame:
    """The rows of a query, with the values that the driver gives."""
    # Given to the driver as it stands: a colon or a percent sign in a query is no placeholder.
    streamed = connection.execution_options(stream_results=True, max_row_buffer=ROWS_AT_ONCE, no_parameters=True)
    result = streamed.exec_driver_sql(query)
    if not result.returns_rows:
        raise InputError(f"The query gives no rows: {query}")
    names = unique_names(result.keys())
    pieces = list(_pieces(result, names))
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=names)


def _pieces(result: CursorResult[Any], names: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    while rows := list(islice(result, ROWS_AT_ONCE)):
        columns = zip(*rows, strict=True)
        yield pd.DataFrame({name: _column(list(cells)) for name, cells in zip(names, columns, strict=True)})


def _column(cells: list[Any]) -> pd.Series:
    return pd.Series([_plain(cell) for cell in cells], dtype=object).infer_objects()


def _plain(cell: Any) -> Any:
    """A cell as a plain value: exact decimals as numbers, times in ISO 8601, lists and objects as text."""
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    if isinstance(cell, Decimal):
        return int(cell) if cell.is_finite() and cell == cell.to_integral_value() else float(cell)
    return _text(cell).replace("\x00", "")[:LARGEST_CELL]


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, bytes | memoryview):
        return bytes(cell[:LARGEST_CELL]).decode("utf-8", "replace")
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, list | dict) else str(cell)


def _told(error: Exception, url: URL, own: str) -> InputError | MissingExtra:
    """The driver's own words, in one line and without the password; a driver that is missing says what to install."""
    shown = addresses.without_secrets(own)
    missing = getattr(error, "name", None) if isinstance(error, ImportError) else None
    if missing in ("pg8000", "duckdb", "duckdb_engine"):
        return MissingExtra(f"Reading from {shown}", "sql")
    words = _words(getattr(error, "orig", None) or error)
    for secret in filter(None, {url.password, own}):
        words = words.replace(str(secret), "***")
    line = " ".join(words.split())[:300]
    if missing:
        return InputError(f"{shown} needs the Python package '{missing}': pip install {missing}")
    return InputError(f"{shown} cannot be read: {line}")


def _words(error: BaseException) -> str:
    """What went wrong in the server's own words, or the system's. pg8000 gives the former as a dictionary with the
    message under M, and both may lie under errors of its own."""
    chain = [error]
    while below := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(below)
    told = [each.args[0]["M"] for each in chain if each.args and isinstance(each.args[0], dict) and "M" in each.args[0]]
    system = [str(each) for each in chain if isinstance(each, OSError)]
    return str(told[0]) if told else ": ".join([str(error), *system[:1]])

"""PostgreSQL's own words in an address (`?host=/run/postgresql&sslmode=require`) and in the environment (`PGPASSWORD`),
as the settings of pg8000, a driver in plain Python that knows neither."""

from __future__ import annotations

import getpass
import os
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from voc.errors import InputError, nearest

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

ENVIRONMENT: Final = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "application_name": "PGAPPNAME",
}  # fmt: skip
"""https://www.postgresql.org/docs/current/libpq-envars.html; the address goes before them."""
SSL: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
PORT: Final = 5432


def bare(url: URL) -> URL:
    """The address without what `settings` tells the driver."""
    return url.set(username=None, password=None, host=None, port=None, database=None, query={})


def settings(url: URL, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What pg8000 connects with: read-only, as the same address in `psql` would. InputError where a word is unknown."""
    words = _words(url, environment)
    host, port = words.get("host") or "localhost", int(words.get("port") or PORT)
    user = words.get("user") or getpass.getuser()
    where = {"unix_sock": f"{host}/.s.PGSQL.{port}"} if host.startswith("/") else {"host": host, "port": port}
    return where | {
        "user": user,
        "password": words.get("password"),
        "database": words.get("dbname") or user,
        "ssl_context": False if host.startswith("/") else _ssl(words.get("sslmode"), words.get("sslrootcert")),
        "application_name": words.get("application_name") or "voc",
        "startup_params": {"default_transaction_read_only": "on"},
    }


def _words(url: URL, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment's words, over them those before the `?` and over these those behind it."""
    told = {"host": url.host, "port": url.port, "user": url.username, "password": url.password, "dbname": url.database}
    asked = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    unknown = sorted(asked.keys() - ENVIRONMENT.keys())
    if unknown:
        raise InputError(f"An address of PostgreSQL takes no '{unknown[0]}'; {nearest(unknown[0], ENVIRONMENT)}")
    known = {word: environment[name] for word, name in ENVIRONMENT.items() if environment.get(name)}
    words = known | {word: str(value) for word, value in told.items() if value} | asked
    if not words.get("port", "1").isdecimal():
        raise InputError(f"'{words['port']}' is no port of a database")
    return words


def _ssl(mode: str | None, certificates: str | None) -> bool | ssl.SSLContext | None:
    """pg8000's setting: False = never, None = where the server offers it, True = always, or who must vouch for it."""
    if mode and mode not in SSL:
        raise InputError(f"sslmode is one of {', '.join(SSL)}, not '{mode}'")
    if mode not in ("verify-ca", "verify-full"):
        return False if mode == "disable" else True if mode == "require" else None
    context = ssl.create_default_context(cafile=certificates)
    context.check_hostname = mode == "verify-full"
    return context

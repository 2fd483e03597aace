"""Addresses of databases (`postgresql://user:password@host/db?query=…`): what they are, and how they may be shown."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote_plus

SCHEME: Final = re.compile(r"\A([A-Za-z][A-Za-z0-9]*(?:\+[A-Za-z0-9_]+)?):(//)")
PASSWORD: Final = re.compile(r"(?<=://)([^:/?#@]*):.*@", re.DOTALL)
"""User and password; a password may hold signs that should have been written %40, %2F …, so the last @ ends it."""
SECRETS: Final = re.compile(r"(?i)((?:password|passwd|pwd|token|secret|key|sslkey|motherduck_token)=)[^&\s]*")
OWN: Final = re.compile(r"[?&](query|table)=(.*)\Z", re.DOTALL)
"""What voc asks of the database; it stands last, so that a query may hold any character."""


def is_address(source: str | Path) -> bool:
    """Whether a source is an address and no path."""
    return isinstance(source, str) and bool(SCHEME.match(source))


def scheme(address: str) -> str:
    """What stands before `://`, in lower case."""
    found = SCHEME.match(address)
    return found[1].lower() if found else ""


def split(address: str) -> tuple[str, str, str]:
    """The database's own address, the query and the table that are asked for (empty where not).

    A query with spaces is taken as it stands; one without is decoded (`SELECT+*+FROM+t`, `SELECT%20*`).

    >>> split("duckdb:///a.db?query=SELECT text FROM t WHERE x LIKE '%ab%' AND y = '?&'")
    ('duckdb:///a.db', "SELECT text FROM t WHERE x LIKE '%ab%' AND y = '?&'", '')
    >>> split("postgresql://me@host/db?sslmode=require&table=reviews")
    ('postgresql://me@host/db?sslmode=require', '', 'reviews')
    """
    found = OWN.search(address)
    if not found:
        return address, "", ""
    value = found[2] if re.search(r"\s", found[2].strip()) else unquote_plus(found[2])
    return address[: found.start()], *((value.strip(), "") if found[1] == "query" else ("", value.strip()))


def without_secrets(address: str) -> str:
    """The database's own address with no password, fit for messages and records.

    >>> without_secrets("postgresql://me:s3cret@host/db?sslmode=require&password=x&query=SELECT 1")
    'postgresql://me@host/db?sslmode=require&password=***'
    """
    own, _, _ = split(address)
    return SECRETS.sub(r"\1***", PASSWORD.sub(r"\1@", own))


def name(shown: str) -> str:
    """A short name for a database: the last part of its address."""
    bare = re.split(r"[?#]", SCHEME.sub("", shown))[0]
    return PurePosixPath(bare).name or scheme(shown)

"""Databases as sources: SQLite, DuckDB and a real PostgreSQL server; nothing is written, no password is shown."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voc.config import ReadConfig
from voc.errors import InputError, MissingExtra
from voc.readers import addresses, read_feedback, sql
from voc.readers import postgres as postgres_words

pytest.importorskip("sqlalchemy", reason="the extra 'sql' is not installed")
from sqlalchemy.engine import make_url

ROWS = [
    (1, "La livraison était en retard de trois semaines", 2, "2024-01-05 10:00:00", "Nord"),
    (2, "Everything went fine: 100% happy, thanks", 10, "2024-02-06 11:30:00", "South"),
    (3, "Die App stürzt beim Bezahlen ständig ab", 0, "2024-03-07 09:15:00", "Nord"),
    (4, None, 7, "2024-04-01 08:00:00", "South"),
]
CREATE = "CREATE TABLE reviews (id INTEGER, comment TEXT, nps INTEGER, created_at TIMESTAMP, region TEXT)"
SECRET = "tr0ub4dor"


@pytest.fixture
def sqlite(tmp_path: Path) -> Path:
    path = tmp_path / "feedback.db"
    with sqlite3.connect(path) as connection:
        connection.execute(CREATE)
        connection.executemany("INSERT INTO reviews VALUES (?, ?, ?, ?, ?)", ROWS)
    connection.close()
    return path


@pytest.fixture
def duck(tmp_path: Path) -> Path:
    duckdb = pytest.importorskip("duckdb", reason="the extra 'sql' is not installed")
    path = tmp_path / "feedback.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(CREATE)
        connection.executemany("INSERT INTO reviews VALUES (?, ?, ?, ?, ?)", ROWS)
    return path


@pytest.fixture(params=["sqlite", "duckdb"])
def database(request: pytest.FixtureRequest) -> str:
    path = request.getfixturevalue("sqlite" if request.param == "sqlite" else "duck")
    return f"{request.param}:///{path}"


def postgres_binaries() -> Path | None:
    """Where Debian's package puts the server, or the search path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server in a temporary directory, reached over its socket and with a password."""
    pytest.importorskip("pg8000", reason="the extra 'sql' is not installed")
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (on Debian: apt-get install postgresql)")
    as_root = os.geteuid() == 0
    if as_root and not (
        shutil.which("runuser") and subprocess.run(["id", "postgres"], check=False, capture_output=True).returncode == 0
    ):
        pytest.skip("PostgreSQL refuses to run as root, and there is no user 'postgres' to run it as")
    become = ["runuser", "-u", "postgres", "--"] if as_root else []
    with tempfile.TemporaryDirectory(prefix="voc-pg-", dir="/tmp") as folder:
        place = Path(folder)
        (place / "password").write_text(SECRET)
        if as_root:
            for each in (place, place / "password"):
                shutil.chown(each, "postgres")
        control = [*become, str(binaries / "pg_ctl"), "-D", str(place / "data"), "-s", "-w"]
        settings = f"-c listen_addresses='' -c unix_socket_directories={place} -c fsync=off"
        make = [*become, str(binaries / "initdb"), "-D", str(place / "data"), "-U", "voc", "-A", "scram-sha-256",
                "-E", "UTF8", "--locale=C", "--no-sync", f"--pwfile={place / 'password'}"]  # fmt: skip
        subprocess.run(make, check=True, capture_output=True, cwd=folder)
        subprocess.run([*control, "-l", str(place / "log"), "-o", settings, "start"], check=True, cwd=folder)
        try:
            yield f"postgresql://voc:{SECRET}@/postgres?host={place}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd=folder)


@pytest.fixture(scope="session")
def filled(postgres: str) -> str:
    from pg8000 import dbapi

    folder = postgres.rpartition("=")[2]
    own = {"password": SECRET, "database": "postgres", "unix_sock": f"{folder}/.s.PGSQL.5432"}
    with closing(dbapi.connect("voc", **own)) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE reviews (id int, comment text, nps int, created_at timestamptz, region text, "
                       "labels text[], facts jsonb, price numeric(10, 2), code uuid)")  # fmt: skip
        cursor.execute("SET TIME ZONE 'UTC'")
        more = (["late", "torn"], json.dumps({"a": 1}), "12.50", "0e0a3f0c-1111-4222-8333-444455556666")
        cursor.executemany(
            "INSERT INTO reviews VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", [(*r, *more) for r in ROWS]
        )
        cursor.execute("CREATE TABLE big AS SELECT i AS id, 'The parcel number ' || i || ' was late again' AS comment "
                       "FROM generate_series(1, 25000) AS i")  # fmt: skip
        connection.commit()
    return postgres


# ------------------------------------------------------------------------------------------------------- any database


def test_the_only_table_is_read_whole(database: str):
    reading = read_feedback([database])
    assert reading.frame["text"].tolist()[:3] == [row[1] for row in ROWS[:3]]
    assert reading.frame["nps"].tolist() == [2, 10, 0, 7]
    assert reading.frame["created_at"].dt.strftime("%Y-%m-%d").tolist()[0] == "2024-01-05"
    assert reading.sources[0].format == "sql"
    assert reading.sources[0].n_rows == 4


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("SELECT * FROM reviews WHERE region = 'Nord'", 2),
        ("SELECT+*+FROM+reviews+WHERE+nps+%3C+5", 2),
        ("SELECT comment, nps FROM reviews WHERE comment LIKE '%100%' AND comment <> 'a?b&c#d:e'", 1),
        ("WITH bad AS (SELECT * FROM reviews WHERE nps < 5) SELECT * FROM bad", 2),
    ],
)
def test_a_query_is_asked_as_it_stands(database: str, query: str, n: int):
    reading = read_feedback([f"{database}?query={query}"])
    assert len(reading.frame) == n
    assert any("SELECT" in each.text for each in reading.notes)


def test_two_queries_are_two_sources(database: str):
    asked = [f"{database}?query=SELECT * FROM reviews WHERE region = '{region}'" for region in ("Nord", "South")]
    reading = read_feedback(asked)
    assert len(reading.sources) == 2
    assert len(reading.frame) == 4
    assert reading.frame["feedback_id"].is_unique


@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE reviews", "DELETE FROM reviews", "INSERT INTO reviews (id) VALUES (9)", "CREATE TABLE x (a int)"],
)
def test_nothing_is_written(database: str, statement: str):
    with pytest.raises(InputError):
        read_feedback([f"{database}?query={statement} "])
    assert len(read_feedback([database]).frame) == 4


@pytest.mark.parametrize(
    ("tail", "told"),
    [
        ("?table=review", "did you mean 'reviews'"),
        ("?query=SELECT nothing FROM reviews", "nothing"),
        ("?query=SELECT * FROM reviews WHERE nps > 10", "gave no rows"),
        ("?query=SELECT id, nps FROM reviews", "no column of customers' words"),
    ],
)
def test_what_cannot_be_read_is_told(database: str, tail: str, told: str):
    with pytest.raises(InputError, match=told):
        read_feedback([database + tail])


def test_several_tables_are_listed(sqlite: Path):
    with sqlite3.connect(sqlite) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    connection.close()
    with pytest.raises(InputError, match=r"customers, reviews.*table="):
        read_feedback([f"sqlite:///{sqlite}"])
    assert len(read_feedback([f"sqlite:///{sqlite}?table=reviews"]).frame) == 4


def test_a_missing_file_is_not_made(tmp_path: Path):
    for scheme in ("sqlite", "duckdb"):
        with pytest.raises(InputError, match="no database file"):
            read_feedback([f"{scheme}:///{tmp_path / 'none.db'}"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://me:tr0ub4dor@example.org/a.csv", "no web addresses"),
        ("oddbase://me:tr0ub4dor@host/db", "oddbase"),
        ("postgresql://me:tr0ub4dor@127.0.0.1:1/db", "cannot be read"),
        ("postgresql://me:tr0ub4dor@[half/db?query=SELECT 1", "no address|cannot be read"),
        ("mssql+nodriver://me:tr0ub4dor@host/db", "mssql"),
    ],
)
def test_bad_addresses_are_told_without_the_password(address: str, told: str):
    with pytest.raises(InputError, match=told) as caught:
        read_feedback([address])
    assert SECRET not in str(caught.value)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, sqlite: Path):
    monkeypatch.setattr(sql, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"voc\[sql\]"):
        read_feedback([f"sqlite:///{sqlite}"])


def test_huge_cells_of_a_database(sqlite: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sql, "LARGEST_CELL", 1000)
    with sqlite3.connect(sqlite) as connection:
        connection.execute("INSERT INTO reviews (id, comment) VALUES (5, ?)", ("so slow \x00" * 100_000,))
    connection.close()
    frame = read_feedback([f"sqlite:///{sqlite}"]).frame
    assert frame["text"].str.len().max() <= 1000
    assert not frame["text"].str.contains("\x00").any()


def test_a_database_beside_a_file(database: str, tmp_path: Path):
    pd.DataFrame({"comment": ["Too slow by far", "Nice staff here"], "nps": [1, 9]}).to_csv(
        tmp_path / "a.csv", index=False
    )
    reading = read_feedback([str(tmp_path / "a.csv"), database])
    assert len(reading.frame) == 6
    assert {source.format for source in reading.sources} == {"csv", "sql"}


# ---------------------------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:p@ss:w/r?d@host/db", "postgresql://me@host/db"),
        ("postgresql://me:p%40ss@host/db", "postgresql://me@host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("duckdb:///md:db?motherduck_token=abc&x=1", "duckdb:///md:db?motherduck_token=***&x=1"),
        ("mysql+pymysql://u:p@h:3306/d?query=SELECT 'a:b@c'", "mysql+pymysql://u@h:3306/d"),
    ],
)
def test_addresses_are_shown_without_secrets(address: str, shown: str):
    assert addresses.without_secrets(address) == shown


@given(st.text(st.characters(codec="utf-8"), min_size=4, max_size=30))
def test_no_password_is_ever_shown(password: str):
    hidden = f"<<{password}>>"
    assert hidden not in addresses.without_secrets(f"postgresql://user:{hidden}@host:5432/db?query=SELECT 1")


@pytest.mark.parametrize("path", ["a.csv", "C:\\exports\\a.csv", "C:/a.csv", "/tmp/a:b.csv", "dir//a.csv", "*.csv"])
def test_paths_are_no_addresses(path: str):
    assert not addresses.is_address(path)


# ---------------------------------------------------------------------------------------------------------- PostgreSQL


@pytest.mark.parametrize(
    ("address", "known", "told"),
    [
        ("postgresql://me@db.example:5433/shop", {}, {"host": "db.example", "port": 5433, "database": "shop"}),
        ("postgresql:///shop?host=/run/postgresql", {}, {"unix_sock": "/run/postgresql/.s.PGSQL.5432"}),
        ("postgresql://me@/", {}, {"host": "localhost", "port": 5432, "database": "me", "password": None}),
        (
            "postgresql:///",
            {"PGUSER": "u", "PGPASSWORD": "x", "PGHOST": "h"},
            {"user": "u", "password": "x", "host": "h"},
        ),
        ("postgresql://me:y@/", {"PGUSER": "u", "PGPASSWORD": "x"}, {"user": "me", "password": "y"}),
        ("postgresql://me@h/d", {}, {"ssl_context": None}),
        ("postgresql://me@h/d?sslmode=require", {}, {"ssl_context": True}),
        ("postgresql://me@h/d?sslmode=disable", {}, {"ssl_context": False}),
    ],
)
def test_words_of_postgres(address: str, known: dict[str, str], told: dict[str, object]):
    found = postgres_words.settings(make_url(address), known)
    assert {name: found[name] for name in told} == told
    assert found["startup_params"] == {"default_transaction_read_only": "on"}


def test_a_server_may_have_to_prove_itself():
    full = postgres_words.settings(make_url("postgresql://me@h/d?sslmode=verify-full"), {})["ssl_context"]
    assert full.check_hostname
    assert full.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://me@h/d?sslmod=require", "sslmode"),
        ("postgresql://me@h/d?sslmode=always", "one of disable"),
        ("postgresql://me@h/d?port=half", "no port"),
    ],
)
def test_words_that_postgres_does_not_know(address: str, told: str):
    with pytest.raises(InputError, match=told):
        read_feedback([address])


def test_postgres_by_the_name_of_its_driver(filled: str):
    named = filled.replace("postgresql://", "postgresql+pg8000://", 1)
    assert len(read_feedback([f"{named}&table=reviews"]).frame) == 4


def test_postgres_table_and_types(filled: str):
    frame = read_feedback([f"{filled}&table=reviews"]).frame
    assert frame["text"].tolist()[0] == ROWS[0][1]
    assert frame["nps"].tolist() == [2, 10, 0, 7]
    assert frame["created_at"].dt.strftime("%H:%M").tolist() == ["10:00", "11:30", "09:15", "08:00"]
    assert frame["price"].tolist() == [12.5] * 4
    assert frame["code"].str.len().eq(36).all()
    assert json.loads(frame["labels"][0]) == ["late", "torn"]


def test_postgres_query_with_signs(filled: str):
    query = "SELECT id, comment, nps::int FROM reviews WHERE comment LIKE '%100%' AND facts->>'a' = '1'"
    assert len(read_feedback([f"{filled}&query={query}"]).frame) == 1


@pytest.mark.parametrize(
    "statement", ["DROP TABLE reviews", "WITH d AS (DELETE FROM reviews RETURNING *) SELECT * FROM d"]
)
def test_postgres_is_read_only(filled: str, statement: str):
    with pytest.raises(InputError):
        read_feedback([f"{filled}&query={statement}"])
    assert len(read_feedback([f"{filled}&table=reviews"]).frame) == 4


def test_postgres_rows_are_streamed(filled: str, monkeypatch: pytest.MonkeyPatch):
    pieces: list[int] = []
    whole: Callable[..., Iterator[pd.DataFrame]] = sql._pieces

    def counted(*arguments: object) -> Iterator[pd.DataFrame]:
        for piece in whole(*arguments):
            pieces.append(len(piece))
            yield piece

    monkeypatch.setattr(sql, "_pieces", counted)
    assert len(read_feedback([f"{filled}&table=big"]).frame) == 25_000
    assert pieces == [10_000, 10_000, 5_000]


def test_postgres_wrong_password(filled: str):
    with pytest.raises(InputError, match="password authentication failed") as caught:
        read_feedback([filled.replace(SECRET, "wr0ng-one") + "&table=reviews"])
    assert "wr0ng-one" not in str(caught.value)


def test_postgres_inspect_and_errors_show_no_password(filled: str):
    command = [sys.executable, "-m", "voc", "inspect", "--json", f"{filled}&table=reviews"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert SECRET not in ran.stdout + ran.stderr
    assert json.loads(ran.stdout)["rows"] == 4


def test_postgres_records_no_password(filled: str, tmp_path: Path):
    reading = read_feedback([f"{filled}&table=reviews"], ReadConfig())
    assert SECRET not in repr(reading)
    assert reading.sources[0].path.startswith("postgresql://voc@/")

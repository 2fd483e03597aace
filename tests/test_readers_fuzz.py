"""Files that are broken, odd or evil, for every reader: what comes out is one line for the user or a table with marked
rows, soon, in little memory, and without a network."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import socket
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from exports_fixture import FIXTURES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voc.clean import clean
from voc.config import CleanConfig, ReadConfig
from voc.errors import VocError
from voc.readers import READERS, Reading, read_feedback
from voc.tables import FEEDBACK

SECONDS = 5.0
"""Processor time that no file of these sizes may take."""
EXAMPLES = int(os.environ.get("VOC_FUZZ", "60"))
"""Examples a property is tried on; `VOC_FUZZ=5000` makes a long hunt of it."""
quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

SAID = [
    "The parcel came two weeks late and nobody told me why.",
    "Der Support war freundlich, aber die App stürzt ständig ab.",
    "Très bon accueil, merci à toute l'équipe.",
    "料理はとても美味しかったです。",
    "Wszystko w porządku, polecam każdemu.",
]
ROWS = [{"id": n, "date": f"2025-03-{n + 1:02}", "nps": (n * 3) % 11, "comment": SAID[n % 5]} for n in range(12)]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a socket fails, whatever it catches: the attempt is remembered by the test."""

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a reader reached for the network")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


def attempt(path: Path, **options: str) -> Reading | None:
    """The reading, sound in shape; None = refused in one line. Anything else that happens fails the test."""
    started = time.process_time()
    told, reading = outcome(path, **options)
    assert time.process_time() - started < SECONDS
    if reading is None:
        assert told.strip()
        assert "\n" not in told
        return None
    frame = FEEDBACK.check(reading.frame)
    assert frame["feedback_id"].notna().all()
    assert frame["feedback_id"].is_unique
    assert len(frame) > 0
    cleaned = clean(frame, CleanConfig())
    assert (cleaned["skip"].notna() | cleaned["clean_text"].str.len().gt(0)).all()
    return reading


def outcome(path: Path, **options: str) -> tuple[str, Reading | None]:
    """What the user is told where the file is refused, or the reading."""
    try:
        return "", read_feedback([path], ReadConfig(**options))
    except VocError as error:
        return str(error), None


def refused(path: Path, **options: str) -> str:
    """The one line that the user is told."""
    with pytest.raises(VocError) as told:
        read_feedback([path], ReadConfig(**options))
    return str(told.value)


# ----------------------------------------------------------------------------------------------------- files to break


def _csv(encoding: str = "utf-8") -> bytes:
    return pd.DataFrame(ROWS).to_csv(index=False).encode(encoding, "replace")


def _xlsx() -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(ROWS).to_excel(buffer, index=False)
    return buffer.getvalue()


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(ROWS).to_parquet(buffer, index=False)
    return buffer.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def _jsonl() -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()


MAIL = (
    b"From: anna@example.com\r\nTo: help@example.com\r\nSubject: Late\r\nDate: Mon, 3 Mar 2025 10:00:00 +0100\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=XX\r\n\r\n--XX\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"The parcel came two weeks late =C3=A9.\r\n--XX\r\nContent-Type: text/html; charset=x-none\r\n\r\n"
    b"<html><script>alert(1)</script><p>The parcel</p></html>\r\n--XX--\r\n"
)
CAPTIONS = "".join(
    f"{n + 1}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{'Agent' if n % 2 else 'Customer'}: {row['comment']}\n\n"
    for n, row in enumerate(ROWS)
).encode()
SLACK = json.dumps(
    [
        {"type": "message", "user": f"U{n}", "ts": f"17{n:08}.000100", "text": row["comment"]}
        for n, row in enumerate(ROWS)
    ]
).encode()


@cache
def files() -> dict[str, bytes]:
    """Sound files of every format, by name: the fixtures, and what is written here."""
    found = {
        path.relative_to(FIXTURES).as_posix(): path.read_bytes()
        for path in sorted(FIXTURES.rglob("*")) if path.is_file()
    }  # fmt: skip
    written = {
        "own/table.csv": _csv(), "own/wide.csv": _csv("utf-16"), "own/old.csv": _csv("cp1252"),
        "own/table.csv.gz": gzip.compress(_csv()), "own/rows.jsonl": _jsonl(),
        "own/rows.json": json.dumps({"data": {"rows": ROWS}}).encode(), "own/book.xlsx": _xlsx(),
        "own/table.parquet": _parquet(), "own/files.zip": _zip({"one.csv": _csv(), "two.jsonl": _jsonl()}),
        "own/mail.eml": MAIL, "own/mails.mbox": b"From anna Mon Mar  3 10:00:00 2025\r\n" + MAIL,
        "own/call.srt": CAPTIONS, "own/call.vtt": b"WEBVTT\n\n" + CAPTIONS.replace(b",000", b".000"),
        "own/slack.zip": _zip({"users.json": b"[]", "channels.json": b"[]", "general/2025-03-01.json": SLACK}),
    }  # fmt: skip
    return found | written


def broken(content: bytes, how: str, rng: random.Random) -> bytes:
    """The file after one mishap."""
    place = rng.randrange(len(content) + 1)
    before, after = content[:place], content[place:]
    return {
        "cut": lambda: before,
        "headless": lambda: after,
        "flipped": lambda: flipped(content, rng),
        "hole": lambda: before + bytes(rng.choice((1, 50, 5000))) + after,
        "noise": lambda: before + rng.randbytes(rng.choice((1, 10, 300))) + after,
        "doubled": lambda: content + after,
        "signs": lambda: before + rng.choice(SIGNS) * rng.choice((1, 7)) + after,
        "mark": lambda: rng.choice(STARTS) + content,
    }[how]()


def flipped(content: bytes, rng: random.Random) -> bytes:
    """The file with some bits turned."""
    spoiled = bytearray(content)
    for _ in range(rng.choice((1, 3, 30))):
        spoiled[rng.randrange(len(spoiled))] ^= 1 << rng.randrange(8)
    return bytes(spoiled)


STARTS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff\xfe\x00\x00", b"\x1f\x8b", b"PK\x03\x04")
MISHAPS = ("cut", "headless", "flipped", "hole", "noise", "doubled", "signs", "mark")
SIGNS = (b'"', b"'", b"\\", b",", b"\n", b"\r", b"\t", b";", b"{", b"}", b"[", b"]", b":", b"\xe2\x82", b"\xed\xa0\x80",
         b"\xe2\x80\xa8", b"<", b"&", b"null", b"1e999", b"NaN", b"-->", b"--XX", b"9" * 20)  # fmt: skip


# ----------------------------------------------------------------------------------------------------------properties


@quick
@given(name=st.sampled_from(sorted(files())), how=st.sampled_from(MISHAPS), seed=st.integers(0, 2**32))
def test_a_mishap_spoils_no_more_than_a_file(folder: Path, name: str, how: str, seed: int) -> None:
    path = folder / Path(name).name
    path.write_bytes(broken(files()[name], how, random.Random(seed)))
    attempt(path)


@quick
@given(
    content=st.binary(max_size=3000),
    ending=st.sampled_from((".csv", ".json", ".jsonl", ".xlsx", ".parquet", ".zip", ".eml", ".vtt", "")),
)
def test_random_bytes(folder: Path, content: bytes, ending: str) -> None:
    path = folder / f"random{ending}"
    path.write_bytes(content)
    attempt(path)


TEXT_WITH_SIGNS = st.text(
    st.sampled_from("ab1é料\U0001f600 ,;\t|\"'\\\r\n\x00\x1a\u2028\ufeff{}[]:.-<>&=/"), max_size=300
)


@quick
@given(content=TEXT_WITH_SIGNS, encoding=st.sampled_from(("utf-8", "utf-16", "utf-16-be", "utf-32", "utf-8-sig")))
def test_random_text(folder: Path, content: str, encoding: str) -> None:
    path = folder / "random.txt"
    path.write_bytes(content.encode(encoding))
    attempt(path)


@quick
@given(wrong=st.sampled_from(sorted(READERS)), name=st.sampled_from(sorted(files())))
def test_a_format_that_the_user_names_wrongly(folder: Path, wrong: str, name: str) -> None:
    path = folder / Path(name).name
    path.write_bytes(files()[name])
    attempt(path, format=wrong)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("id", "text", "body", "score", "comment", "created_at", "a.b", "", "user")),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@quick
@given(content=st.lists(TREES, max_size=6) | TREES, lines=st.booleans())
def test_json_of_any_shape(folder: Path, content: object, *, lines: bool) -> None:
    path = folder / ("any.jsonl" if lines else "any.json")
    written = [json.dumps(each) for each in content] if lines and isinstance(content, list) else [json.dumps(content)]
    path.write_text("\n".join(written))
    attempt(path)


# -------------------------------------------------------------------------------------------------------- known tricks


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_broken_line_in_the_middle_is_a_marked_row(tmp_path: Path) -> None:
    lines = _jsonl().split(b"\n")
    lines[5] = lines[5][:-8]
    reading = attempt(write(tmp_path, "rows.jsonl", b"\n".join(lines)))
    assert reading is not None
    assert len(reading.frame) == 12
    assert reading.frame["skip"].notna().sum() == 1


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\x00\x00"])
def test_a_wrong_mark_of_byte_order_never_ends_in_a_traceback(tmp_path: Path, mark: bytes) -> None:
    attempt(write(tmp_path, "table.csv", mark + _csv()))
    attempt(write(tmp_path, "rows.jsonl", mark + _jsonl()))


def test_half_a_character_spoils_no_other_row(tmp_path: Path) -> None:
    whole = "id;comment\n" + "".join(f"{n};{said}\n" for n, said in enumerate(SAID * 3))
    spoiled = whole.encode().replace("ü".encode(), "ü".encode()[:1], 1)
    reading = attempt(write(tmp_path, "half.csv", spoiled))
    assert reading is not None
    assert len(reading.frame) == 15
    assert reading.frame["text"].eq(SAID[3]).sum() == 3


@pytest.mark.parametrize("header", ["id,comment,nps\n", "id;comment\r\n\r\n", "\n \n", "\x0b"])
def test_headers_without_rows_are_told(tmp_path: Path, header: str) -> None:
    assert "row" in refused(write(tmp_path, "header.csv", header)) or "empty" in refused(tmp_path / "header.csv")


def test_two_columns_of_one_name_both_stay(tmp_path: Path) -> None:
    rows = "".join(f"{n},{said},{said[::-1]},9\n".replace(", ", " ") for n, said in enumerate(SAID * 3))
    reading = attempt(write(tmp_path, "twice.csv", "id,comment,comment,nps\n" + rows))
    assert reading is not None
    held = " ".join(reading.frame.astype("string").fillna("").agg(" ".join, axis=1))
    assert SAID[3] in held
    assert SAID[3][::-1] in held


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deeply_nested_json_is_refused_or_marked(tmp_path: Path, opening: str) -> None:
    deep = opening * 200_000
    assert "JSON" in refused(write(tmp_path, "deep.json", deep)) or "no text" in refused(tmp_path / "deep.json")
    rows = _jsonl() + b"\n" + deep.encode() + b"\n"
    reading = attempt(write(tmp_path, "deep.jsonl", rows))
    assert reading is not None
    assert reading.frame["skip"].notna().sum() == 1


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.xlsx"])
def test_zip_bombs_are_stopped_before_memory_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from voc.readers import archives, sheets

    monkeypatch.setattr(sheets, "LARGEST", 2**23)
    monkeypatch.setattr(archives.unpack, "__kwdefaults__", {"largest": 2**23})
    inside = "xl/worksheets/sheet1.xml" if name.endswith("xlsx") else "rows.csv"
    members = {inside: b"a,b\n" * 2**23}
    if name.endswith("xlsx"):
        with zipfile.ZipFile(io.BytesIO(_xlsx())) as sound:
            members = {each: sound.read(each) for each in sound.namelist()} | members
    path = write(tmp_path, name, _zip(members))
    assert path.stat().st_size < 2**18
    tracemalloc.start()
    try:
        assert "unpack" in refused(path)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


BILLION = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("document", [BILLION, OUTSIDE], ids=["billion laughs", "a file of the machine"])
def test_entities_in_workbooks_are_not_followed(tmp_path: Path, document: str) -> None:
    with zipfile.ZipFile(io.BytesIO(_xlsx())) as sound:
        members = {each: sound.read(each) for each in sound.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"].decode().split("?>", 1)[-1]
    entity = '<c r="F2" t="inlineStr"><is><t>&j;</t></is></c></row>'
    members["xl/worksheets/sheet1.xml"] = (document + sheet.replace("</row>", entity, 2)).encode()
    reading = attempt(write(tmp_path, "entities.xlsx", _zip(members)))
    if reading is not None:
        held = " ".join(reading.frame.astype("string").fillna("").agg(" ".join, axis=1))
        assert "root:" not in held
        assert "hahaha" not in held


def test_scripts_never_become_text(tmp_path: Path) -> None:
    said = (
        "<p>The parcel came late</p><script>steal(document.cookie)</script><style>p{}</style><img src=x onerror=go()>"
    )
    reading = attempt(
        write(tmp_path, "page.jsonl", "\n".join(json.dumps({"id": n, "comment": f"{said} {n}"}) for n in range(9)))
    )
    assert reading is not None
    cleaned = clean(reading.frame, CleanConfig())["clean_text"]
    assert cleaned.str.contains("The parcel came late").all()
    assert not cleaned.str.contains("steal|onerror|p{}").any()


@pytest.mark.parametrize("name", ["huge.csv", "huge.jsonl"])
def test_a_field_of_ten_megabytes_is_one_row_and_cut(tmp_path: Path, name: str) -> None:
    huge = "late parcel " * 900_000
    rows = [{**row, "comment": huge if row["id"] == 3 else row["comment"]} for row in ROWS]
    csv = pd.DataFrame(rows).to_csv(index=False)
    path = write(tmp_path, name, csv if name.endswith("csv") else "\n".join(map(json.dumps, rows)))
    reading = attempt(path)
    assert reading is not None
    others = set(reading.frame["text"].dropna()) - {huge.strip(), huge}
    assert {row["comment"] for row in ROWS} <= others


def test_null_characters_reach_no_table(tmp_path: Path) -> None:
    reading = attempt(write(tmp_path, "null.csv", _csv().replace(b"parcel", b"par\x00cel")))
    assert reading is not None
    assert not clean(reading.frame, CleanConfig())["clean_text"].str.contains("\x00", regex=False).any()


def test_a_gzip_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from voc.readers import tabular

    monkeypatch.setattr(tabular, "LARGEST", 2**20)
    assert "unpacks to more than" in refused(
        write(tmp_path, "bomb.csv.gz", gzip.compress(b"id,comment\n1," + b"a" * 2**26))
    )
    assert attempt(write(tmp_path, "sound.csv.gz", gzip.compress(_csv()))) is not None

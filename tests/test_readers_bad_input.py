"""What the list of bad input asks of each reader: little memory, little time, and one clear line or a marked row.

Property tests over broken files and the tricks that only some formats know stand in `test_readers_fuzz`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from exports_fixture import FIXTURES
from pyarrow import parquet

from voc.clean import clean
from voc.config import CleanConfig, ReadConfig
from voc.errors import InputError, VocError
from voc.readers import READERS, Reading, read_feedback

SAID = "The parcel came again two weeks late, number {}"
JSON_FORMATS = ("app-store", "intercom", "json", "jsonl", "turns", "zendesk")
HUGE = 48
"""Megabytes of a huge field: a gigabyte shows the same in twenty times the time."""
MEASURE = """
import resource, sys
from voc.errors import VocError
from voc.readers import read_feedback
import voc.clean, openpyxl, pyarrow.parquet
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        frame = read_feedback([path]).frame
        told = f"{len(frame)} {frame['skip'].notna().sum()} {frame['text'].str.len().sum()}"
        del frame
    except VocError as error:
        told = f"refused {error}"
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, told)
"""
HUGE_FILES = (".csv", ".tsv", ".jsonl", ".json", ".eml")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Megabytes taken until each huge file was read, one after the other in one process, and what came of it."""
    folder = tmp_path_factory.mktemp("huge")
    paths = [str(huge_file(folder, ending)) for ending in HUGE_FILES]
    ran = subprocess.run([sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, check=True)
    told = [line.partition(" ") for line in ran.stdout.splitlines()]
    return {ending: (int(taken), said) for ending, (taken, _, said) in zip(HUGE_FILES, told, strict=True)}


def huge_file(folder: Path, ending: str) -> Path:
    """A file with one field of HUGE megabytes between sound rows."""
    field = "so late " * (HUGE * 2**17)
    rows = [json.dumps({"id": n, "comment": SAID.format(n)}) for n in range(20)]
    odd = json.dumps({"id": 20, "comment": field})
    content = {
        ".csv": "id,comment\n"
        + "".join(f'{n},"{SAID.format(n)}"\n' for n in range(20))
        + f'20,"{field}"\n21,Fine now\n',
        ".tsv": "id\tcomment\n"
        + "".join(f"{n}\t{SAID.format(n)}\n" for n in range(20))
        + f"20\t{field}\n21\tFine now\n",
        ".jsonl": "\n".join([*rows, odd, '{"id": 21, "comment": "Fine now"}']),
        ".json": f"[{', '.join([*rows, odd])}]",
        ".eml": f"From: a@b.example\nTo: c@d.example\nSubject: Late\n\n{field}",
    }[ending]
    path = folder / f"huge{ending}"
    path.write_text(content)
    return path


@pytest.mark.parametrize("ending", HUGE_FILES)
def test_huge_fields_take_little_memory(measured: dict[str, tuple[int, str]], ending: str):
    taken, told = measured[ending]
    assert taken < 4 * HUGE, told
    assert told.startswith("refused") or int(told.split()[2]) < 2**23


@pytest.mark.parametrize("name", JSON_FORMATS)
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"id":1,"comment":'])
def test_deep_json_in_every_reader_of_json(tmp_path: Path, name: str, opening: str):
    path = tmp_path / "deep.json"
    path.write_text(opening * 100_000)
    with pytest.raises(VocError) as told:
        read_feedback([path], ReadConfig(format=name))
    assert "\n" not in str(told.value)


LONG_TALKS = {
    "call.vtt": ("WEBVTT\n\n", "00:00:{n:02}.000 --> 00:00:{n:02}.900\n<v Customer>It came late again\n\n"),
    "call.srt": ("", "{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\nCustomer: It came late again\n\n"),
    "chat.txt": ("", "Customer: It came late again {n}\nAgent: I am sorry\n"),
}


@pytest.mark.parametrize("name", sorted(LONG_TALKS))
def test_a_transcript_that_is_too_long_to_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    """Up to the limit it is read; beyond it one line says how long a transcript may be, and reading stops there."""
    from voc.readers import transcripts

    monkeypatch.setattr(transcripts, "LARGEST", 2**20)
    opening, turns = LONG_TALKS[name]
    path = tmp_path / name
    said = "".join(turns.format(n=n % 60) for n in range(2_000))
    path.write_text(opening + said)
    assert read_feedback([path]).frame["text"].str.contains("late again").any()
    path.write_text(opening + said * (2**20 // len(said) + 1))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=rf"^{name} has more than 1 million characters") as told:
            read_feedback([path])
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "\n" not in str(told.value)
    assert taken < 2**24


def test_a_parquet_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from voc.readers import parquet as reader

    monkeypatch.setattr(reader, "LARGEST", 2**23)
    path = tmp_path / "bomb.parquet"
    parquet.write_table(pa.table({"comment": pa.array(["late " * 20_000] * 200).dictionary_encode()}), path)
    assert path.stat().st_size < 2**16
    with pytest.raises(InputError, match="unpacks to more"):
        read_feedback([path])


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.xlsx"])
def test_what_unpacks_to_hundreds_of_times_its_size_is_a_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    import zipfile

    from voc.readers import archives, sheets

    for module in (archives, sheets):
        monkeypatch.setattr(module, "SMALL", 2**20)
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml" if name.endswith("xlsx") else "rows.csv", b"a,b\n" * 2**22)
    with pytest.raises(InputError, match="unpacks to") as told:
        read_feedback([path])
    assert "\n" not in str(told.value)


BROKEN_MAILS = {
    "no boundary": "Content-Type: multipart/mixed\n\nThe parcel came late.",
    "a boundary that never ends": "Content-Type: multipart/mixed; boundary=X\n\n--X\n\nThe parcel came late.",
    "broken base64": "Content-Transfer-Encoding: base64\n\nVGhlIHBhcmNlbCBjYW1lIGxhdGUu!!=",
    "broken quoted-printable": "Content-Transfer-Encoding: quoted-printable\n\nThe parcel came late=ZZ.=",
    "an unknown charset": "Content-Type: text/plain; charset=klingon\n\nThe parcel came late.",
    "an unknown transfer": "Content-Transfer-Encoding: pigeon\n\nThe parcel came late.",
    "half an encoded word": "Subject: =?utf-8?b?w7\n\nThe parcel came late.",
    "a part in itself": "Content-Type: message/rfc822\n\n" * 50 + "The parcel came late.",
}


@pytest.mark.parametrize("how", sorted(BROKEN_MAILS))
def test_broken_mime_keeps_its_words(tmp_path: Path, how: str):
    path = tmp_path / "mail.eml"
    path.write_text(f"From: a@b.example\nTo: c@d.example\nMIME-Version: 1.0\n{BROKEN_MAILS[how]}\n")
    frame = read_feedback([path]).frame
    assert frame["text"].fillna("").str.contains("parcel came late").any()


@pytest.mark.parametrize("name", ["app-store", "delighted", "google-play", "salesforce", "trustpilot"])
def test_scripts_reach_no_text_of_a_vendor(tmp_path: Path, name: str):
    fixture = next(each for each in sorted((FIXTURES / name).iterdir()) if each.suffix in (".csv", ".json"))
    frame = read_feedback([fixture]).frame
    said = "<p>Late again</p><script>steal()</script><style>p{}</style><img src=x onerror=go()>"
    cleaned = clean(frame.assign(text=pd.array([said] * len(frame), dtype="string"), skip=pd.NA), CleanConfig())
    assert cleaned["clean_text"].eq("Late again").all()


@pytest.mark.parametrize("name", sorted({*READERS} - {"eml", "mbox"}))
def test_a_file_of_nothing_but_a_header_is_refused_by_every_reader(tmp_path: Path, name: str):
    """But those of mails: a mail may have no header, and the line is what it says."""
    path = tmp_path / "header.csv"
    path.write_text("id,comment,nps\n")
    with pytest.raises(VocError) as told:
        read_feedback([path], ReadConfig(format=name))
    assert "\n" not in str(told.value)


def headers_only() -> list[Path]:
    """The delimited fixtures, of which each has a header to keep."""
    return [path for path in sorted(FIXTURES.rglob("*.csv")) if path.name != "list.csv"]


@pytest.mark.parametrize("path", headers_only(), ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_exports_without_rows_are_told(tmp_path: Path, path: Path):
    """Vendors write headers of one to three rows, in UTF-16 too: what is left of an export without answers."""
    lines = path.read_bytes().splitlines(keepends=True)
    short = tmp_path / path.name
    short.write_bytes(lines[0])
    with pytest.raises(VocError) as told:
        read_feedback([short])
    assert "\n" not in str(told.value)


def read_rows(path: Path, content: bytes) -> Reading:
    path.write_bytes(content)
    return read_feedback([path])


@pytest.mark.parametrize("cut", [b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"], ids=["two bytes", "three", "four"])
@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".json"])
def test_half_a_character_at_the_end_of_a_cell(tmp_path: Path, ending: str, cut: bytes):
    rows = [(n, SAID.format(n).encode() + (cut if n == 4 else " é".encode())) for n in range(9)]
    if ending == ".csv":
        content = b"id,comment\n" + b"".join(b'%d,"%b"\n' % row for row in rows)
    else:
        lines = [b'{"id": %d, "comment": "%b"}' % row for row in rows]
        content = b"\n".join(lines) if ending == ".jsonl" else b"[" + b",".join(lines) + b"]"
    frame = read_rows(tmp_path / f"half{ending}", content).frame
    assert len(frame) == 9
    assert frame["text"].str.endswith(" é").sum() == 8


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".jsonl"])
def test_two_columns_of_one_name_in_every_table(tmp_path: Path, ending: str):
    path = tmp_path / f"twice{ending}"
    table = pd.DataFrame([[n, SAID.format(n), f"Something else was wrong as well {n}"] for n in range(12)])
    table.columns = ["id", "comment", "comment"]
    if ending == ".csv":
        table.to_csv(path, index=False)
    elif ending == ".xlsx":
        table.to_excel(path, index=False)
    elif ending == ".parquet":
        parquet.write_table(
            pa.Table.from_arrays([pa.array(table.iloc[:, n]) for n in range(3)], names=table.columns), path
        )
    else:
        path.write_text(
            "\n".join(f'{{"id": {row[0]}, "comment": "{row[1]}", "comment": "{row[2]}"}}' for row in table.to_numpy())
        )
    frame = read_feedback([path]).frame
    held = " ".join(frame.astype("string").fillna("").agg(" ".join, axis=1))
    assert "Something else was wrong as well 11" in held
    assert SAID.format(11) in held or ending == ".jsonl", "of two keys of one name JSON's last one counts"

"""Delimited text: encodings, dialects, and rows that are broken."""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import delimited, encodings, read_feedback
from voc.readers.recognition import BROKEN, LINE
from voc.readers.tabular import read_csv

OPTIONS = ReadConfig()
FRENCH = "id,commentaire\n1,Très déçu par la qualité à l'arrivée\n2,Ça marche enfin après des années\n"
POLISH = (
    "id;komentarz\n1;Bardzo długo czekałem na przesyłkę, źle\n2;Świetna obsługa, wszystko się zgadza, żadnych uwag\n"
)
CZECH = (
    "id;komentář\n1;Přišlo pozdě a ještě rozbité, příště už ne\n2;Výborné, děkuji, můžu jen doporučit všem přátelům\n"
)
LITHUANIAN = "id;komentaras\n1;Siuntinys vėlavo, labai blogai\n2;Puikus aptarnavimas ir ačiū už greitą pagalbą\n"
JAPANESE = "番号,コメント\n1,配送が遅かったし連絡もありませんでした\n2,とても良い商品でした。また買います\n"
KOREAN = "번호,의견\n1,배송이 너무 늦고 아무도 연락을 주지 않았습니다\n2,정말 좋은 제품입니다 다시 살게요\n"
RUSSIAN = "id;комментарий\n1;Очень долго ждал ответа, плохо\n2;Всё отлично, спасибо большое\n"
GERMAN = "id;kommentar\n1;Die Lieferung kam zu spät - schöner Mist\n2;Alles gut, großes Lob für die Mühe\n"


def write(folder: Path, content: str | bytes, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("text", "codec", "mark", "label"),
    [
        (FRENCH, "utf-8", b"", "UTF-8"),
        (FRENCH, "utf-8", codecs.BOM_UTF8, "UTF-8 with byte order mark"),
        (FRENCH, "utf-16-le", codecs.BOM_UTF16_LE, "UTF-16 LE with byte order mark"),
        (FRENCH, "utf-16-be", codecs.BOM_UTF16_BE, "UTF-16 BE with byte order mark"),
        (FRENCH, "utf-16-le", b"", "UTF-16 LE"),
        (FRENCH, "utf-16-be", b"", "UTF-16 BE"),
        (RUSSIAN, "utf-16-le", b"", "UTF-16 LE"),
        (FRENCH, "cp1252", b"", "Windows-1252"),
        (GERMAN, "cp1252", b"", "Windows-1252"),
        (POLISH, "cp1250", b"", "cp1250"),
        (CZECH, "cp1250", b"", "cp1250"),
        (LITHUANIAN, "cp1257", b"", "cp1257"),
        (RUSSIAN, "cp1251", b"", "cp1251"),
        (RUSSIAN, "koi8-r", b"", "koi8-r"),
        (FRENCH, "mac-roman", b"", "mac-roman"),
        (GERMAN, "cp850", b"", "cp850"),
        (JAPANESE, "shift_jis", b"", "cp932"),
        (JAPANESE, "euc_jp", b"", "euc_jp"),
        (KOREAN, "cp949", b"", "cp949"),
        (JAPANESE, "utf-16-le", b"", "UTF-16 LE"),
        (FRENCH, "utf-8", codecs.BOM_UTF16_LE, "UTF-8 with byte order mark"),
    ],
)
def test_encodings(tmp_path, text, codec, mark, label):
    path = write(tmp_path, mark + text.encode(codec))
    raw = read_csv(path, OPTIONS)
    assert raw.attrs["encoding"] == label
    wanted = [line.split(text[2])[1] for line in text.splitlines()]
    assert [str(raw.columns[1]), *raw.iloc[:, 1]] == wanted


def test_stray_dos_bytes(tmp_path):
    content = (
        FRENCH.encode("cp1252").replace("é".encode("cp1252"), b"\x82", 2)
        + b"3,\x84du ch\x83teau \x96 bient\xf4t \x82t\xe9\n"
    )
    raw = read_csv(write(tmp_path, content), OPTIONS)
    assert raw["commentaire"].tolist()[0] == "Très déçu par la qualité à l'arrivée"
    assert "château – bientôt été" in raw["commentaire"].iloc[2], "a dash between spaces stays a dash"
    assert any("DOS" in each.text for each in raw.attrs["notes"])


def test_windows_punctuation_is_no_stray_byte(tmp_path):
    text = "id,comment\n1,It‘s “good” – really… don’t ‚ask’ 5‰ mid–term and so—on •\n2,Café visité\n"
    raw = read_csv(write(tmp_path, text.encode("cp1252")), OPTIONS)
    assert raw["comment"].iloc[0].startswith("It‘s “good” – really… don’t ‚ask’ 5‰ mid–term")


def test_utf8_with_a_few_bytes_that_are_not(tmp_path):
    content = FRENCH.encode() + b"3,voil\xe0 un caf\xe9\n4,cut \xc3"
    raw = read_csv(write(tmp_path, content), OPTIONS)
    assert raw["commentaire"].tolist()[:3] == [
        "Très déçu par la qualité à l'arrivée",
        "Ça marche enfin après des années",
        "voilà un café",
    ]
    assert any("bytes that are not" in each.text for each in raw.attrs["notes"])


def test_null_bytes_are_left_out(tmp_path):
    raw = read_csv(write(tmp_path, b"id,comment\n1,fi\x00ne\n2,not \x00\x00good\n"), OPTIONS)
    assert raw["comment"].tolist() == ["fine", "not good"]


@pytest.mark.parametrize(
    ("content", "delimiter", "columns", "first"),
    [
        ("a,comment\n1,fine\n2,good\n", "comma", ["a", "comment"], ["1", "fine"]),
        (
            "a;comment\n1,5;good, but slow\n2,5;no, not at all, really\n",
            "semicolon",
            ["a", "comment"],
            ["1,5", "good, but slow"],
        ),
        ("a\tcomment\n1\tgood; but, slow\n2\tok\n", "tab", ["a", "comment"], ["1", "good; but, slow"]),
        ("a|comment\n1|good, very\n2|ok\n", "bar", ["a", "comment"], ["1", "good, very"]),
        ("sep=;\na;comment\n1;x,y\n", "semicolon", ["a", "comment"], ["1", "x,y"]),
        ('a,comment\n1,"say ""hi"", twice"\n2,x\n', "comma", ["a", "comment"], ["1", 'say "hi", twice']),
        ('a,comment\n1,"say \\"hi\\", twice"\n2,"x \\"y\\", z"\n', "comma", ["a", "comment"], ["1", 'say "hi", twice']),
        ("a,comment\n'1','good, fine'\n'2','so, so'\n", "comma", ["a", "comment"], ["1", "good, fine"]),
        ('a,comment\r1,"two\rlines"\r2,x\r', "comma", ["a", "comment"], ["1", "two\rlines"]),
        ("Report of May\n\na,comment\n1,fine\n2,good\n", "comma", ["a", "comment"], ["1", "fine"]),
        ('a,comment\n"r1",1,"fine"\n"r2",2,"good"\n', "comma", ["column 1", "a", "comment"], ["r1", "1", "fine"]),
        ("a,comment\n1,fine,\n2,good,\n", "comma", ["a", "comment", "column 3"], ["1", "fine", None]),
        (
            "1,fine,2024-01-05\n2,good,2024-01-06\n",
            "comma",
            ["column 1", "column 2", "column 3"],
            ["1", "fine", "2024-01-05"],
        ),
        (
            "a,comment,Comment,comment\n1,x,y,z\n",
            "comma",
            ["a", "comment", "Comment", "comment (2)"],
            ["1", "x", "y", "z"],
        ),
        ("\na,comment\n\n1,fine\n\n", "comma", ["a", "comment"], ["1", "fine"]),
    ],
)
def test_dialects(tmp_path, content, delimiter, columns, first):
    raw = read_csv(write(tmp_path, content), OPTIONS)
    assert raw.attrs["delimiter"] == delimiter
    names = [name for name in raw.columns if name not in (BROKEN, LINE)]
    assert names == columns
    assert raw[names].fillna("").iloc[0].tolist() == [cell or "" for cell in first]
    assert raw[BROKEN].isna().all()


def test_one_comment_a_line(tmp_path):
    content = "The app is great, but slow\nNobody answered my mail\nWaited, waited, and waited\nAll good, thank you\n"
    reading = read_feedback([write(tmp_path, content, "comments.txt")])
    assert reading.frame["text"].tolist() == content.splitlines()


def test_an_unclosed_quote_spoils_one_row(tmp_path):
    content = 'id,comment,nps\n1,fine,9\n2,"never closed,3\n3,"good, really",8\n4,ok,7\n5,"x ""y"" z",6\n'
    raw = read_csv(write(tmp_path, content), OPTIONS)
    assert raw["id"].tolist()[0] == "1"
    assert raw["id"].dropna().tolist() == ["1", "3", "4", "5"]
    assert raw["comment"].dropna().tolist() == ["fine", "good, really", "ok", 'x "y" z']
    assert raw[LINE].dropna().tolist() == ['2,"never closed,3']


def test_an_unclosed_quote_at_the_end(tmp_path):
    rows = "".join(f'{n},"comment number {n}, ok",{n % 10}\n' for n in range(50))
    raw = read_csv(write(tmp_path, f'id,comment,nps\n{rows}50,"open to the end,1\n51,good,2\n'), OPTIONS)
    assert raw["comment"].notna().sum() == 51
    assert raw[LINE].dropna().tolist() == ['50,"open to the end,1']


@pytest.mark.parametrize("row", ["7,one,two,three", "7", '7,"a"b",4,"c', '7,"line one\nline two",4,too many'])
def test_a_broken_row_is_kept_and_marked(tmp_path, row):
    content = "id,comment,nps\n" + "".join(f"{n},comment {n},{n}\n" for n in range(6)) + row + "\n8,after,1\n"
    frame = read_feedback([write(tmp_path, content)]).frame
    assert len(frame) == 8
    broken = frame[frame["skip"].notna()]
    assert len(broken) == 1
    assert broken["text"].iloc[0] == row
    assert broken["nps"].isna().all()
    assert frame["text"].iloc[-1] == "after"


def test_inner_quotes_over_lines_are_read(tmp_path):
    content = 'id,comment,nps\n1,"first line\nhe said "hi" to us",5\n2,fine,6\n'
    raw = read_csv(write(tmp_path, content), OPTIONS)
    assert raw["comment"].tolist() == ['first line\nhe said hi" to us"', "fine"] or raw[BROKEN].isna().all()
    assert raw["nps"].tolist() == ["5", "6"]


def test_rows_without_trailing_cells(tmp_path):
    rows = "".join(f"{n},comment {n}\n" if n % 3 else f"{n},comment {n},9\n" for n in range(60))
    frame = read_feedback([write(tmp_path, "id,comment,nps\n" + rows)]).frame
    assert frame["skip"].isna().all()
    assert frame["nps"].notna().sum() == 20


def test_broken_rows_are_told_once_with_their_count(tmp_path):
    rows = "".join(f"{n},comment {n},{n % 10}\n" for n in range(100))
    reading = read_feedback([write(tmp_path, f"id,comment,nps\n{rows}x,a,b,c\ny,d,e,f\n")])
    told = [each for each in reading.notes if "broken row" in each.text]
    assert [each.count for each in told] == [2]
    assert "4 cells where the header has 3" in told[0].text


def test_huge_cells(tmp_path):
    long = "very long " * 100_000
    raw = read_csv(write(tmp_path, f'id,comment\n1,"{long}"\n2,short\n'), OPTIONS)
    assert raw["comment"].tolist() == [long, "short"]


def test_gzipped(tmp_path):
    path = tmp_path / "answers.csv.gz"
    path.write_bytes(gzip.compress(FRENCH.encode("cp1252")))
    frame = read_feedback([path]).frame
    assert frame["text"].iloc[0] == "Très déçu par la qualité à l'arrivée"


def test_a_damaged_gzip_is_a_clear_error(tmp_path):
    path = tmp_path / "answers.csv.gz"
    path.write_bytes(gzip.compress(FRENCH.encode() * 1000)[:-20])
    with pytest.raises(InputError, match="damaged"):
        read_feedback([path])


def test_lines_do_not_depend_on_blocks():
    text = "a\r\nb\rc\n\nd\u2028e\x0bf\n"
    whole = list(delimited.lines([text]))
    assert whole == ["a\r\n", "b\r", "c\n", "\n", "d\u2028e\x0bf\n"]
    for cut in range(len(text)):
        assert "".join(delimited.lines([text[:cut], text[cut:]])) == text


CELLS = st.text(
    st.characters(codec="cp1252", exclude_categories=["Cc", "Cs"]) | st.sampled_from(",;\t|\"'\n"), max_size=30
)


DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    }
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 10).map(str), CELLS, st.sampled_from(["web", "shop"])), min_size=3, max_size=12
    ),
    dialect=DIALECTS,
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
)
def test_what_is_written_is_read(tmp_path, rows, dialect, codec):
    """Any cells, delimiter, quoting, line end and encoding come back as they were."""
    assert round_trip(tmp_path, rows, dialect, codec) == rows


SENTENCES = {"cp1252": FRENCH, "cp1250": POLISH, "cp1257": LITHUANIAN, "cp1251": RUSSIAN}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picked=st.randoms(use_true_random=False), dialect=DIALECTS, codec=st.sampled_from(sorted(SENTENCES)))
def test_what_is_written_in_an_old_code_page_is_read(tmp_path, picked, dialect, codec):
    words = [word for word in SENTENCES[codec].replace("\n", " ").split() if not word.isascii()]
    texts = [" ".join(picked.sample(words, k=len(words))) for _ in range(4)]
    rows = [(str(place), text, "web") for place, text in enumerate(texts)]
    assert round_trip(tmp_path, rows, dialect, codec) == rows


def round_trip(folder: Path, rows: list[tuple[str, str, str]], dialect: dict, codec: str) -> list[tuple[str, ...]]:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows([("nps", "comment", "channel"), *rows])
    raw = read_csv(write(folder, text.getvalue().encode(codec)), OPTIONS)
    assert [name for name in raw.columns if name not in (BROKEN, LINE)] == ["nps", "comment", "channel"]
    return list(raw[["nps", "comment", "channel"]].fillna("").itertuples(index=False, name=None))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_clear_error(tmp_path, content):
    path = write(tmp_path, b"id,comment,nps\n" + content)
    with contextlib.suppress(InputError):
        assert read_feedback([path]).frame["feedback_id"].is_unique


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200), codec=st.sampled_from(["utf-8", "cp1252", "utf-16"]))
def test_decoding_never_fails(text, codec):
    content = text.encode(codec, "replace")
    encoding = encodings.detect([content])
    assert isinstance("".join(encodings.decode([content[:7], content[7:]], encoding)), str)

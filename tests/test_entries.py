"""Code frames as people write them: what is read, and one clear line for whatever is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from voc.entries import MOST_PHRASES, Entry, read_entries, shipped
from voc.errors import ConfigError

LANGUAGES = {"en", "de", "it", "fr", "es", "lt", "lv", "pl", "nl", "pt", "ja", "zh"}


def written(folder: Path, text: str, name: str = "ours.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "text",
    [
        '"Late delivery" = ["came late", "kam zu spät"]',
        '["Late delivery"]\nphrases = ["came late", "kam zu spät"]',
        '["Late delivery".phrases]\nen = ["came late"]\nde = "kam zu spät"',
        '"Late  delivery" = ["came late", "  kam zu   spät ", "Came late!", ""]',
    ],
)
def test_entries_may_be_written_in_several_ways(tmp_path: Path, text: str):
    (entry,) = read_entries(written(tmp_path, text)).entries
    assert (entry.name, entry.entry_id) == ("Late delivery", "x-late-delivery")
    assert [phrase.casefold().strip("!") for phrase in entry.phrases] == ["came late", "kam zu spät"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Late delivery", "x-late-delivery"),
        (" LATE_delivery! ", "x-late-delivery"),
        ("Wi-Fi & TV", "x-wi-fi-tv"),
        ("物流", "x-物流"),
    ],
)
def test_an_id_comes_from_the_name_alone(name: str, expected: str):
    assert Entry(name, ("one",)).entry_id == Entry(name, ("another",), "facet").entry_id == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no entries"),
        ("Speed = []", "entry 'Speed' has no phrases"),
        ('Speed = ["", " "]', "entry 'Speed' has no phrases"),
        ("Speed = [1, 2]", "must be a list of texts"),
        ("Speed = 3", "must be a list of texts"),
        ('"!" = ["slow"]', "without a name"),
        ('Speed = ["slow"]\nspeed = ["fast"]', "two entries of one name: 'Speed' and 'speed'"),
        ('Speed = ["slow"]\nSpeed = ["fast"]', "two entries of one name"),
        ('Speed = ["so slow"]\nPace = ["So slow!"]', "one phrase in two entries, 'Speed' and 'Pace'"),
        ('[Speed]\nphrase = ["slow"]', "unknown key 'phrase'; did you mean 'phrases'"),
        ('[Speed]\nfacet = 3\nphrases = ["slow"]', "facet of entry 'Speed' must be a word"),
        ("Speed = [", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, text: str, told: str):
    with pytest.raises(ConfigError) as caught:
        read_entries(written(tmp_path, text))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "ours.toml" in str(caught.value)


def test_one_phrase_may_stand_in_two_facets(tmp_path: Path):
    text = (
        '[Deliver]\nfacet = "journey"\nphrases = ["late parcel"]\n[Speed]\nfacet = "service"\nphrases = ["late parcel"]'
    )
    assert read_entries(written(tmp_path, text)).facets == ("journey", "service")


def test_an_unknown_name_lists_what_ships(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"There is no taxonomy cxx.*did you mean 'cx'"):
        read_entries("cxx")
    with pytest.raises(ConfigError, match=r"neither TOML \(.toml\) nor"):
        read_entries(written(tmp_path, "x", "frame.docx"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_of_labelled_texts_is_a_frame(tmp_path: Path, delimiter: str):
    quoted = f'"rude{delimiter} loud"'
    rows = [("Text", "Theme", "by"), ("late", "Time", "ann"), (quoted, "Staff", "ann"), ("", "Staff", "")]
    text = "".join(delimiter.join(row) + "\r\n" for row in rows)
    frame = read_entries(written(tmp_path, "\ufeff" + text, "coded.csv"))
    said = " ".join(f"rude{delimiter} loud".split())
    assert {entry.name: entry.phrases for entry in frame.entries} == {"Time": ("late",), "Staff": (said,)}
    assert not frame.notes


def test_examples_of_two_themes_are_left_out_and_said(tmp_path: Path):
    frame = read_entries(written(tmp_path, "text,theme\nlate,A\nLate!,B\nslow,A\nrude,B\n", "coded.csv"))
    assert [entry.phrases for entry in frame.entries] == [("slow",), ("rude",)]
    assert [note.count for note in frame.notes] == [1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("text,topics\na,b\n", "there are: text, topics"),
        ("said,theme\na,b\n", "'text' is missing"),
        ("", "there are: none"),
        ("text,theme\n", "has no entries"),
    ],
)
def test_a_table_without_the_columns_is_told(tmp_path: Path, text: str, told: str):
    with pytest.raises(ConfigError, match=told):
        read_entries(written(tmp_path, text, "coded.csv"))


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path):
    path = tmp_path / "coded.csv"
    path.write_bytes("text,theme\nspät,Zeit\n".encode("cp1252"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_entries(str(path))


def test_many_examples_are_thinned_evenly(tmp_path: Path):
    rows = "".join(f"text number {number},A\n" for number in range(1000))
    (entry,) = read_entries(written(tmp_path, "text,theme\n" + rows, "coded.csv")).entries
    assert len(entry.phrases) == MOST_PHRASES
    assert entry.phrases[0] == "text number 0"
    assert int(entry.phrases[-1].split()[-1]) > 990


def test_the_general_taxonomy_is_complete():
    import tomllib

    from voc.entries import SHIPPED

    assert "cx" in shipped()
    frame = read_entries("cx")
    steps = {entry.name for entry in frame.entries if entry.facet == "journey"}
    service = {entry.name for entry in frame.entries if entry.facet == "service"}
    assert steps == {"Discover", "Buy", "Deliver", "Use", "Get help", "Pay", "Return", "Leave"}
    assert service == {
        "Speed",
        "Effectiveness",
        "Friendliness",
        "Availability",
        "Convenience",
        "Expertise",
        "Price",
        "Safety",
    }
    raw = tomllib.loads((SHIPPED / "cx.toml").read_text(encoding="utf-8"))
    assert all(set(entry["phrases"]) == LANGUAGES for entry in raw.values())
    assert all(len(said) >= 4 for entry in raw.values() for said in entry["phrases"].values())

"""Chats, calls, mails and Slack: who spoke, what the customer said, when it was answered; evil archives."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from exports_fixture import FIXTURES

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import archives, mail, read_feedback, slack
from voc.readers.conversations import assign, role
from voc.readers.slack import plain

FORMATS = ("transcript", "vtt", "srt", "turns", "turn-table", "slack", "mbox", "eml")


def read(*names: str, **options: object) -> pd.DataFrame:
    return read_feedback([FIXTURES / name for name in names], ReadConfig(**options)).frame


@pytest.mark.parametrize("path", [path for name in FORMATS for path in sorted((FIXTURES / name).iterdir())], ids=str)
def test_detection(path: Path):
    reading = read_feedback([path])
    assert reading.sources[0].format == path.parent.name
    assert reading.frame["feedback_id"].is_unique
    assert reading.frame["text"].notna().any()


# --------------------------------------------------------------------------------------------------------- transcripts


def test_turns_become_conversations():
    frame = read("transcript/support_en.txt").set_index("feedback_id")
    first = frame.loc["4711"]
    assert first["text"].startswith("Hi, my parcel says delivered but I never got it.\nIt was meant")
    assert "note: I was at home" in first["text"]
    assert "Maria" in first["agent_text"]
    assert first["first_reply_at"] - first["created_at"] == pd.Timedelta(minutes=3, seconds=29)
    assert str(first["resolved_at"]) == "2024-05-03 10:12:30+00:00"
    # A bot's answer is no reply of an agent.
    assert frame.loc["4712", "first_reply_at"] - frame.loc["4712", "created_at"] == pd.Timedelta(minutes=4)


@pytest.mark.parametrize(
    ("customer", "agent"),
    [("Kundin", "Kundenservice"), ("Client", "Conseiller"), ("Cliente", "Asesora"), ("Клиент", "Оператор"),
     ("顾客", "客服"), ("고객", "상담원"), ("العميل", "خدمة العملاء"), ("Klant", "Medewerker"),
     ("Asiakas", "Asiakaspalvelu")],
)  # fmt: skip
def test_speakers_in_many_languages(customer: str, agent: str, tmp_path: Path):
    path = tmp_path / "chat.txt"
    path.write_text(f"{customer}: aaa bbb\n{agent}: ccc ddd\n{customer}: eee\n", encoding="utf-8")
    reading = read_feedback([path])
    assert reading.frame["text"].tolist() == ["aaa bbb\n\neee"]
    assert reading.frame["agent_text"].tolist() == ["ccc ddd"]
    assert not any("assumed" in each.text for each in reading.notes)


@pytest.mark.parametrize(
    ("label", "part"),
    [("Customer Service", "agent"), ("Visitor 5521", "customer"), ("Anna (Support)", "agent"), ("Chatbot", "bot"),
     ("system", "note"), ("Anna", None), ("CUSTOMER", "customer"), ("", None)],
)  # fmt: skip
def test_roles(label: str, part: str | None):
    assert role(label) == part


def test_unknown_speakers_are_assumed_aloud():
    reading = read_feedback([FIXTURES / "transcript/whatsapp_names.txt"])
    assert any("the customer writes first" in each.text and "Lucía" in each.text for each in reading.notes)
    other = read("transcript/whatsapp_names.txt", speaker=("taller norte",))
    assert other["text"].tolist() == reading.frame["agent_text"].tolist()


def test_the_one_who_comes_back_is_the_agent():
    found, notes = assign([["Eva", "Ann"], ["Eva", "Bob"], ["Cid", "Eva"]], (), greeting=False)
    assert [each["Eva"] for each in found] == ["agent"] * 3
    assert {each[name] for each, name in zip(found, ("Ann", "Bob", "Cid"), strict=True)} == {"customer"}
    assert "several conversations" in notes[0].text


def test_comments_are_no_transcript(tmp_path: Path):
    path = tmp_path / "comments.txt"
    path.write_text(
        "Pros: cheap\nThe staff was rude to me\nCons: slow, very slow\nGreat place\nPros: near\n", encoding="utf-8"
    )
    assert read_feedback([path]).sources[0].format == "csv"


def test_calls_join_cues_and_take_their_day_from_the_name():
    frame = read("vtt/call_2024-05-03.vtt")
    assert frame["text"][0] == "My internet has been down since Tuesday, again.\n\nYou said that last week."
    assert str(frame["created_at"][0].date()) == "2024-05-03"
    assert frame["channel"][0] == "call"
    german = read("srt/anruf.srt")
    assert german["text"].tolist() == ["Ich warte seit vier Wochen auf den Techniker."]
    assert german["first_reply_seconds"].tolist() == [7]


def test_json_turns():
    frame = read("turns/conversations.json")
    assert frame["csat"].tolist() == [2, 5]
    assert frame["first_reply_at"].sub(frame["created_at"]).dt.total_seconds().tolist() == [720, 60]
    broken = read("turns/conversations.jsonl")
    assert broken["skip"].notna().tolist() == [False, False, True]
    assert read("turns/contact_lens.json")["first_reply_seconds"].tolist() == [6]


def test_deep_json_is_told(tmp_path: Path):
    path = tmp_path / "deep.json"
    path.write_text(
        '{"messages": [{"role": "customer", "text": ' + "[" * 100_000 + "]" * 100_000 + "}]}", encoding="utf-8"
    )
    with pytest.raises(InputError, match="deep"):
        read_feedback([path])


# ---------------------------------------------------------------------------------------------------------------- mail


def test_mailbox():
    frame = read("mbox/help.mbox").set_index("feedback_id")
    first = frame.loc["a1@example.org"]
    assert first["text"] == "Das Rücksendeetikett lässt sich nicht drucken.\nFrom gestern bis heute dreimal versucht."
    assert first["subject"] == "Rückgabe klappt nicht"
    assert first["agent_text"] == "Wir schicken ein neues Etikett."
    assert first["first_reply_at"] - first["created_at"] == pd.Timedelta(minutes=90)
    assert frame.loc["b1@shop.example", "response_id"] == "a1@example.org"
    assert frame.loc["d1@example.com", "text"] == "荷物がまだ届きません"
    assert frame["skip"].dropna().tolist() == [
        "sent by the owner of the mailbox", "automatic reply", "delivery report",
    ]  # fmt: skip


def test_mails_of_a_folder_are_one_table():
    reading = read_feedback([FIXTURES / "eml"])
    assert len(reading.sources) == 1
    assert reading.frame["channel"].eq("email").all()
    assert "déçue" in reading.frame["text"][0]
    assert reading.frame["text"][1] == "Livré en retard, déçu"
    assert reading.frame["created_at"].notna().all()


@pytest.mark.parametrize("cut", range(0, 900, 37))
def test_cut_mails_never_fail(cut: int, tmp_path: Path):
    raw = (FIXTURES / "mbox/help.mbox").read_bytes()
    path = tmp_path / "a.mbox"
    path.write_bytes(raw[: len(raw) - cut])
    assert len(read_feedback([path]).frame) >= 3


def test_a_huge_mail(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mail, "LARGEST", 10_000)
    blocks = [b"From a@b.c Fri May  3 10:00:00 2024\nSubject: x\n\n", *[b"slow again\n" * 100] * 100]
    (only,) = mail.split(blocks)
    assert len(only) <= 10_011


# --------------------------------------------------------------------------------------------------------------- Slack


def test_slack_messages():
    frame = read("slack/export.zip")
    assert frame["skip"].dropna().tolist() == ["notice of Slack: channel_join", "message of a bot"]
    assert not frame.astype("string").stack().str.contains("maria|lopez|okri", case=False).any()
    assert frame["response_id"].nunique() == 4
    assert frame["first_reply_at"].notna().sum() == 1
    assert frame["created_at"].notna().all()


def test_slack_connect_tells_who_the_customer_is():
    frame = read("slack/shared_channel.zip")
    assert frame["skip"].isna().tolist() == [True, False, True]
    assert frame["agent_text"][0] == "Wir sehen nach"


def test_slack_folder_is_the_same_as_its_zip(tmp_path: Path):
    with zipfile.ZipFile(FIXTURES / "slack/export.zip") as packed:
        packed.extractall(tmp_path / "export")
    unpacked, packed_ = read_feedback([tmp_path / "export"]), read("slack/export.zip")
    assert unpacked.sources[0].format == "slack"
    columns = ["feedback_id", "text", "created_at", "skip"]
    pd.testing.assert_frame_equal(unpacked.frame[columns], packed_[columns])


def test_slack_marks():
    assert plain("<@U1> <https://a.b/c|d> &lt;ok&gt; <!channel>") == "@user d <ok> @channel"


def test_slack_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slack, "LARGEST_DAY", 1000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("users.json", "[]")
        packed.writestr("general/2024-01-01.json", "[" + " " * 1_000_000 + "]")
    with pytest.raises(InputError, match="unpacks to more"):
        read_feedback([path])


# ------------------------------------------------------------------------------------------------------------ archives


def test_a_zip_of_everything(tmp_path: Path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name in (
            "mbox/help.mbox",
            "vtt/zoom.vtt",
            "srt/anruf.srt",
            "transcript/support_en.txt",
            "eml/html_only.eml",
        ):
            packed.write(FIXTURES / name, name)
        packed.writestr("survey.csv", "comment,nps\nFar too slow for me,2\nAll good and quick,9\n")
        packed.writestr("notes.docx", "x")
        packed.writestr("__MACOSX/survey.csv", "x")
    reading = read_feedback([path])
    assert {each.format for each in reading.sources} == {"mbox", "vtt", "srt", "transcript", "eml", "csv"}
    assert reading.frame["feedback_id"].is_unique
    assert any("other kinds" in each.text and each.count == 1 for each in reading.notes)
    assert all("all.zip" in each.path for each in reading.sources)


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "C:\\evil.csv", "..\\evil.csv"])
def test_paths_that_lead_out(name: str, tmp_path: Path):
    path = tmp_path / "tricks.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(name, "comment\nevil\n")
        packed.writestr("good.csv", "comment,nps\nFar too slow for me,2\nAll good and quick,9\n")
    place = tmp_path / "in" / "side"
    place.mkdir(parents=True)
    files, notes = archives.unpack(path, place)
    assert [each.name for each in files] == ["good.csv"]
    assert notes[0].count == 1
    assert not list(tmp_path.rglob("*evil*"))


def test_zip_bomb(tmp_path: Path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.csv", "comment\n" + "slow\n" * 1_000_000)
    with pytest.raises(InputError, match="unpacks to more"):
        archives.unpack(path, tmp_path / "out", largest=100_000)


@pytest.mark.parametrize("spoil", [slice(0, 60), slice(-60, None)])
def test_damaged_zips(spoil: slice, tmp_path: Path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.csv", json.dumps(list(range(5000))))
    raw = bytearray(path.read_bytes())
    raw[spoil] = b"PK\x03\x04" + b"\xff" * 56
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError):
        read_feedback([path])

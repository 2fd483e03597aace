"""Tables with one turn of a chat per row: told from tables of comments, and turned into conversations."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import read_feedback
from voc.readers.turn_tables import part, parts_of

CHATS = Path(__file__).parent / "fixtures" / "turn-table" / "chats.csv"


def table(**columns: list) -> pd.DataFrame:
    return pd.DataFrame(columns)


@pytest.fixture(params=["csv", "tsv", "xlsx"])
def chats(request, tmp_path: Path) -> Path:
    frame = pd.read_csv(CHATS)
    path = tmp_path / f"chats.{request.param}"
    if request.param == "xlsx":
        frame.assign(Timestamp=pd.to_datetime(frame["Timestamp"])).to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if request.param == "tsv" else ",")
    return path


def test_turns_become_conversations_in_every_kind_of_table(chats: Path):
    reading = read_feedback([chats])
    frame = reading.frame.set_index("feedback_id")
    assert reading.sources[0].format == "turn-table"
    assert frame.index.tolist() == ["c-1001", "c-1002", "c-1003"]
    first = frame.loc["c-1001"]
    assert first["text"].startswith("Hi, my parcel never arrived")
    assert first["text"].endswith("so I am really annoyed.")
    assert "Sorry to hear that" in first["agent_text"]
    assert frame["csat"].tolist() == [2, 4, 5]
    assert frame["csat_scale"].unique().tolist() == ["1-5"]
    assert frame["Team"].tolist() == ["Parcels", "App", "Parcels"]
    assert frame["channel"].unique().tolist() == ["chat"]


def test_first_reply_and_resolution_come_from_the_times_of_the_turns():
    frame = read_feedback([CHATS]).frame.set_index("feedback_id")
    # The bot answers after 5 seconds; the reply is the agent's.
    assert (frame["first_reply_at"] - frame["created_at"]).tolist()[:2] == [
        pd.Timedelta(minutes=4, seconds=30),
        pd.Timedelta(minutes=15),
    ]
    assert frame.loc["c-1001", "resolved_at"] == pd.Timestamp("2024-05-03 09:10", tz="UTC")
    assert frame.loc["c-1003", ["first_reply_at", "resolved_at"]].isna().all()


def test_the_order_of_rows_plays_no_part(tmp_path):
    shuffled = pd.read_csv(CHATS).sample(frac=1, random_state=3)
    shuffled.to_csv(tmp_path / "chats.csv", index=False)
    columns = ["text", "agent_text", "created_at", "first_reply_at", "resolved_at"]
    found, expected = (
        read_feedback([path]).frame.set_index("feedback_id").sort_index()[columns]
        for path in (tmp_path / "chats.csv", CHATS)
    )
    pd.testing.assert_frame_equal(found, expected)


def test_a_greeting_before_the_customer_resolves_nothing():
    frame = read_feedback([CHATS.with_name("verlauf.csv")]).frame.set_index("feedback_id")
    assert frame.loc["verlauf-78", ["first_reply_at", "resolved_at"]].isna().all()
    assert frame.loc["verlauf-77", "first_reply_at"] - frame.loc["verlauf-77", "created_at"] == pd.Timedelta(minutes=20)


def test_columns_of_single_turns_are_left_out_and_told():
    reading = read_feedback([CHATS])
    assert "Message ID" not in reading.frame
    assert any("Message ID" in note.text for note in reading.notes)


WORDS = ["My order is late again", "Sorry, we look into it", "It was a gift and is now useless", "We send a new one"]


@pytest.mark.parametrize(
    ("conversation", "speaker", "cells"),
    [
        ("session_id", "direction", ["inbound", "outbound", "inbound", "outbound"]),
        ("Call ID", "participantRole", ["CUSTOMER", "AGENT", "CUSTOMER", "AGENT"]),
        ("Номер обращения", "Кто", ["Клиент", "Оператор", "Клиент", "Оператор"]),
        ("会話ID", "話者", ["お客様", "オペレーター", "お客様", "オペレーター"]),
        ("chat", "sender", ["Mia", "Jonas", "Mia", "Jonas"]),
    ],
)
def test_columns_in_many_words(conversation: str, speaker: str, cells: list[str]):
    found = parts_of(table(**{conversation: [1, 1, 2, 2], speaker: cells, "Wortlaut": WORDS}))
    assert found is not None
    assert (found.conversation, found.speaker, found.text) == (conversation, speaker, "Wortlaut")


@pytest.mark.parametrize(
    "columns",
    [
        {"case id": [1, 2, 3, 4], "role": ["customer", "agent", "customer", "agent"], "comment": WORDS},
        {"store": [1, 1, 2, 2], "role": ["customer", "agent", "customer", "agent"], "comment": WORDS},
        {"ticket id": [1, 1, 2, 2], "role": ["customer", "customer", "agent", "agent"], "comment": WORDS},
        {"ticket id": [1, 1, 2, 2], "author": ["Mia", "Mia", "Jo", "Jo"], "comment": WORDS},
        {"ticket id": [1, 1, 2, 2], "role": ["customer", "agent", "customer", "agent"], "score": [1, 2, 3, 4]},
    ],
    ids=["an id a row", "no conversation", "one side each", "one author each", "no words"],
)
def test_a_survey_of_customers_and_agents_is_no_chat(columns: dict[str, list]):
    assert parts_of(table(**columns)) is None


def test_a_table_that_is_none_is_refused_by_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,comment\n1,It was late\n2,All good\n", encoding="utf-8")
    with pytest.raises(InputError, match="needs columns for the conversation's id"):
        read_feedback([path], ReadConfig(format="turn-table"))


def test_a_broken_row_is_marked_and_the_chat_goes_on(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(CHATS.read_text(encoding="utf-8") + "c-1004,too,few\n", encoding="utf-8")
    frame = read_feedback([path]).frame
    assert len(frame) == 4
    assert frame["skip"].notna().tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("label", "expected"), [("Inbound", "customer"), ("outbound-api", "agent"), ("Agent", "agent"), ("Mia", None)]
)
def test_parts(label: str, expected: str | None):
    assert part(label) == expected

"""Ticket systems: Zendesk, Intercom, Freshdesk, Salesforce and Help Scout, each with the right columns and times."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from exports_fixture import FIXTURES, at, by_id, of

from voc.clean import clean
from voc.config import CleanConfig, ReadConfig
from voc.errors import InputError
from voc.readers import READERS, read_feedback
from voc.readers.zendesk import satisfaction

# ------------------------------------------------------------------------------------------------------------- zendesk


def test_zendesk_comments_of_customers_are_the_text():
    frame = of("zendesk/tickets.ndjson")
    talk = frame[frame["question"].eq("conversation")].set_index("response_id")["text"]
    assert talk["101"] == "My parcel has been stuck in customs for two weeks.\n\nStill nothing, I want my money back!"
    assert talk["103"] == "Merci, le remboursement est arrivé très vite.", (
        "the agent who opened the ticket is no customer"
    )
    assert not frame["text"].str.contains("VIP|looking into").any()
    replies = by_id(frame, "agent_text")
    assert replies["101"] == "We are looking into it.\n\nIt has been released, sorry for the wait."
    assert frame.loc[frame["question"].eq("satisfaction comment"), "text"].tolist() == ["Nobody told me it was stuck."]


def test_zendesk_times_come_from_turns():
    frame = of("zendesk/tickets.ndjson")
    assert by_id(frame, "created_at")["101"] == at("2024-03-01 09:00")
    assert by_id(frame, "first_reply_at") == {
        "101": at("2024-03-01 11:30"), "102": None, "103": at("2024-03-03 13:20"), "104": None,
    }  # fmt: skip
    assert by_id(frame, "resolved_at") == {
        "101": at("2024-03-04 16:00"), "102": None, "103": at("2024-03-03 13:20"), "104": None,
    }  # fmt: skip


def test_zendesk_satisfaction_and_names():
    frame = of("zendesk/tickets.ndjson")
    assert by_id(frame, "csat") == {"101": 1, "102": None, "103": 5, "104": None}
    assert set(frame["csat_scale"]) == {"1-5"}
    assert by_id(frame, "channel") == {"101": "email", "102": "web", "103": "voice", "104": "chat"}
    assert by_id(frame, "customer_id")["104"] == by_id(frame, "customer_id")["101"] == "9001"
    assert by_id(frame, "tags")["101"] == "shipping, vip"
    assert by_id(frame, "subject")["102"] == "Rechnung"


def test_zendesk_wrapped_or_bare_is_the_same():
    bare, wrapped = of("zendesk/tickets.ndjson"), of("zendesk/wrapped.ndjson")
    pd.testing.assert_frame_equal(bare.drop(columns="source"), wrapped.drop(columns="source"))


def test_zendesk_without_comments_reads_first_messages_and_says_so():
    reading = read_feedback([FIXTURES / "zendesk" / "page.json"])
    texts = by_id(reading.frame, "text")
    assert texts["102"] == "Die Rechnung ist falsch: mir wurde zweimal berechnet."
    assert texts["103"] is None, "an agent wrote it"
    assert any("first message" in note.text for note in reading.notes)


def test_zendesk_list_alone_says_what_to_export():
    with pytest.raises(InputError, match=r"list\.csv is a Zendesk ticket list.*no comments.*Export.*JSON") as caught:
        read_feedback([FIXTURES / "zendesk" / "list.csv"])
    assert "\n" not in str(caught.value)
    subjects = of("zendesk/list.csv", text=("Subject",))
    assert subjects["text"].tolist() == ["Where is my parcel?", "Rechnung", "Rappel", "Login"], "as the user asked"


def test_zendesk_list_beside_other_files_is_told(tmp_path):
    for name in ("zendesk/list.csv", "trustpilot/reviews.csv"):
        (tmp_path / Path(name).name).write_bytes((FIXTURES / name).read_bytes())
    reading = read_feedback([tmp_path])
    assert [each.format for each in reading.sources] == ["trustpilot"]
    assert any("Zendesk ticket list" in note.text for note in reading.notes)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("talks", ["tickets.ndjson", "wrapped.ndjson"])
def test_zendesk_list_and_conversations_are_joined(order, talks):
    reading = read_feedback([FIXTURES / "zendesk" / name for name in ("list.csv", talks)[::order]])
    frame = reading.frame
    assert set(frame["response_id"]) == {"101", "102", "103", "104", "105"}
    assert by_id(frame, "text")["101"].startswith("My parcel")
    assert by_id(frame, "resolved_at") == {
        "101": at("2024-03-04 17:00"), "102": None, "103": at("2024-03-04 18:00"), "104": None,
        "105": at("2024-03-07 11:00"),
    }  # fmt: skip
    assert by_id(frame, "first_reply_at")["101"] == at("2024-03-01 11:30"), "150 minutes"
    assert by_id(frame, "agent")["101"] == "Tom Vale"
    assert by_id(frame, "reopens") == {"101": 0, "102": 0, "103": 1, "104": None, "105": 0}
    assert by_id(frame, "created_at")["104"] == at("2024-03-04 01:00")
    assert by_id(frame, "text")["105"] is None, "kept, though its words are nowhere"
    counts = {note.text.split(" of the list")[1]: note.count for note in reading.notes if "of the list" in note.text}
    assert sorted(counts.values()) == [1, 3]


def test_hours_are_not_minutes(tmp_path):
    """`Resolution time` is in hours while its neighbours are in minutes."""
    path = tmp_path / "list.csv"
    path.write_text(
        "Id,Subject,Description,Via,Created at,Satisfaction Score,Ticket type,"
        "First reply time in minutes,Resolution time\n"
        "1,Hi,Where is my parcel?,Web,2024-01-01 10:00:00,Good with comment,Question,90,30\n"
        "2,Hi,The parcel never came,Web,2024-01-01 10:00:00,4,Question,,\n",
        encoding="utf-8",
    )
    frame = read_feedback([path]).frame
    assert frame["first_reply_at"][0] == at("2024-01-01 11:30")
    assert frame["resolved_at"][0] == at("2024-01-02 16:00")
    assert frame["csat"].tolist() == [5, 4]
    assert frame["text"].tolist() == ["Where is my parcel?", "The parcel never came"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Good", 5), ("good", 5), ("Bad", 1), ("good_with_comment", 5), ("Bad with comment", 1), ("4", 4), (3, 3),
        (5.0, 5),
        ("Offered", None), ("Not Offered", None), ("unoffered", None), ("", None), (None, None), ("-", None),
        ("10", None),
        ("0", None), (True, None),
    ],
)  # fmt: skip
def test_satisfaction(said, expected):
    assert satisfaction(said) == expected


# ------------------------------------------------------------------------------------------------------------ intercom


def test_intercom_conversations():
    frame = of("intercom/conversations.json")
    talk = frame[frame["question"].eq("conversation")]
    cleaned = clean(talk, CleanConfig())["clean_text"].tolist()
    assert cleaned[0] == "Hi, I was charged twice for May.\nPlease hurry, rent is due.\nThanks"
    assert cleaned[2] == "Super, alles läuft viel schneller!"
    assert frame.loc[frame["question"].eq("rating remark"), "text"].tolist() == ["Took far too long."]
    assert by_id(frame, "created_at")["5001"] == at("2024-03-01 09:00"), "Unix seconds"
    assert by_id(frame, "first_reply_at")["5001"] == at("2024-03-01 09:30"), "the bot's answer is none"
    assert by_id(frame, "resolved_at") == {
        "5001": at("2024-03-01 10:00"),
        "5002": None,
        "5003": at("2024-03-03 09:00") + timedelta(hours=1),
    }
    assert by_id(frame, "csat") == {"5001": 1, "5002": None, "5003": 5}
    assert by_id(frame, "agent")["5001"] == "Mara Lind"
    assert by_id(frame, "channel") == {"5001": "chat", "5002": "email", "5003": "chat"}
    assert by_id(frame, "tags")["5001"] == "billing, urgent"
    assert "I am Fin" in by_id(frame, "agent_text")["5001"]
    assert not frame["agent_text"].str.contains("finance").any(), "a note is no turn"


def test_intercom_lines_or_page_is_the_same():
    page, lines = of("intercom/conversations.json"), of("intercom/conversations.ndjson")
    pd.testing.assert_frame_equal(page.drop(columns="source"), lines.drop(columns="source"))


def test_intercom_report_has_its_zone_in_the_header():
    frame = of("intercom/report.csv")
    assert frame["created_at"].tolist() == [at("2024-03-01 09:00"), at("2024-07-02 08:00"), at("2024-07-03 08:00")]
    assert frame["first_reply_at"][0] == at("2024-03-01 09:30"), "1800 seconds"
    assert frame["resolved_at"][0] == at("2024-03-01 10:00")
    assert frame["csat"].tolist()[::2] == [1, 3]
    assert set(frame["csat_scale"]) == {"1-5"}, "no answer above 3, and still on 1-5"
    assert "rating" not in frame, "the CX score is a model's guess"
    assert frame["CX Score rating"].tolist()[0] == 2


def test_intercom_report_without_remarks_says_what_to_export(tmp_path):
    (tmp_path / "report.csv").write_text(
        "Conversation ID,Conversation started at (UTC),Last teammate rating,Last teammate rating remark,Topics\n"
        "1,2024-01-01 10:00,5,,Billing and invoices of the year\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"without a remark of a customer.*JSON"):
        read_feedback([tmp_path / "report.csv"])


# ----------------------------------------------------------------------------------- Freshdesk, Salesforce, Help Scout


def test_freshdesk_list():
    frame = of("freshdesk/tickets.csv")
    assert frame["text"][0] == "Die Lieferung kam eine Woche zu spät."
    assert frame["first_reply_at"].tolist()[:2] == [at("2024-04-01 11:30"), at("2024-04-02 10:30")], "hours, or h:m:s"
    assert frame["resolved_at"].tolist()[:2] == [at("2024-04-02 12:00"), at("2024-04-02 12:00")]
    assert frame["csat"].tolist()[:2] == [1, 4]
    assert frame["agent"].tolist() == ["Kim Ode"] * 3


HEADER = "Ticket ID,Subject,Created time,Description,Survey results"


@pytest.mark.parametrize(
    ("moods", "scale", "expected"),
    [
        (["Happy", "Neutral", "Unhappy"], "1-3", [3, 2, 1]),
        (["Extremely Happy", "Neutral", "Unhappy"], "1-5", [5, 3, 2]),
        (["Extremely Happy", "Very Unhappy", "Neutral"], "1-7", [7, 2, 4]),
        (["103", "-103", "100"], "1-5", [5, 1, 3]),
        (["5", "1", "3"], "1-5", [5, 1, 3]),
    ],
)
def test_freshdesk_moods(tmp_path, moods, scale, expected):
    rows = "".join(f"{n},Hi,2024-04-01 10:00:00,Where is it?,{mood}\n" for n, mood in enumerate(moods))
    (tmp_path / "t.csv").write_text(f"{HEADER}\n{rows}", encoding="utf-8")
    frame = read_feedback([tmp_path / "t.csv"]).frame
    assert frame["csat"].tolist() == expected
    assert set(frame["csat_scale"]) == {scale}


def test_freshdesk_list_without_messages_says_what_to_export(tmp_path):
    raw = READERS.get("csv")(FIXTURES / "freshdesk" / "tickets.csv", ReadConfig())
    raw.drop(columns=["Description", *[c for c in raw if c.startswith("voc:")]]).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match=r"t\.csv is a Freshdesk ticket list.*no messages.*Export"):
        read_feedback([tmp_path / "t.csv"])


def test_freshdesk_conversations():
    frame = of("freshdesk/tickets.json")
    assert frame["text"].tolist() == [
        "Die Lieferung kam zu spät.\n\nIch möchte mein Geld zurück.", "The voucher does not work",
    ]  # fmt: skip
    assert frame["first_reply_at"][0] == at("2024-04-01 11:00")
    assert frame["resolved_at"][0] == at("2024-04-02 10:00")
    assert frame["channel"].tolist() == ["email", "chat"]
    assert frame["agent_text"][0] == "Sorry!"


@pytest.mark.parametrize("name", ["salesforce/cases.csv", "salesforce/report.csv"])
def test_salesforce_cases(name):
    frame = of(name)
    assert frame["text"].str.contains("pump|Pumpe|factura|invoices").all()
    assert frame["channel"].tolist() == ["Phone", "Email"]
    assert (frame["resolved_at"] - frame["created_at"])[0] == timedelta(days=2)
    assert frame["resolved_at"].isna().tolist() == [False, True]
    assert frame["customer_id"].notna().all()


def test_salesforce_without_descriptions_says_what_to_export(tmp_path):
    (tmp_path / "cases.csv").write_text(
        "CaseNumber,Subject,Status,Origin,CreatedDate\n1,The pump broke and leaks oil,New,Web,2024-05-01T08:00:00Z\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="without the field Description"):
        read_feedback([tmp_path / "cases.csv"])


def test_help_scout_answers():
    frame = of("helpscout/answers.csv")
    assert frame["nps"].tolist() == [9, 7, 0]
    assert frame["created_at"][0] == at("2024-05-01 10:00")
    assert frame["text"].isna().tolist() == [False, True, False]

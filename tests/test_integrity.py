"""Doubt with a reason: copies and contradictions are marked, honest repetition is not."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.config import IntegrityConfig
from voc.integrity import check_integrity, integrity_notes, mark_contradictions, reversed_scales
from voc.tables import FEEDBACK

LONG = "The delivery came two weeks late and nobody at the hotline could tell me why it took so long."
WORDS = [
    "delivery",
    "late",
    "support",
    "app",
    "crash",
    "refund",
    "price",
    "staff",
    "friendly",
    "queue",
    "branch",
    "card",
    "order",
    "parcel",
    "phone",
    "email",
    "answer",
    "week",
    "manager",
    "broken",
    "quick",
    "clean",
    "room",
    "breakfast",
    "noisy",
    "wifi",
    "cancel",
    "contract",
    "invoice",
    "double",
    "charge",
    "polite",
    "slow",
    "website",
]


def feedback(*texts: str, **columns: object) -> pd.DataFrame:
    ids = [f"f{number}" for number in range(len(texts))]
    return pd.DataFrame({"feedback_id": ids, "text": texts, "clean_text": texts, **columns})


def suspects(*texts: str, **columns: object) -> list[str | None]:
    marked = check_integrity(feedback(*texts, **columns), IntegrityConfig())["suspect"]
    return [None if pd.isna(reason) else reason for reason in marked]


@pytest.mark.parametrize(
    "copy",
    [LONG, LONG.upper(), LONG.replace(".", "!!!"), "  " + LONG.replace(" ", "  "), LONG.rstrip("."), LONG + " 123"],
)
def test_the_same_long_text_is_a_duplicate(copy: str):
    assert suspects(LONG, copy) == [None, "duplicate of f0"]


@pytest.mark.parametrize(
    "copy",
    [LONG.replace("two", "too"), LONG + " Sad.", LONG.replace("nobody", "nobodi"), "Hi. " + LONG],
)
def test_a_slightly_changed_long_text_is_a_near_duplicate(copy: str):
    assert suspects(LONG, copy) == [None, "near duplicate of f0"]


def test_digits_do_not_hide_a_copy():
    assert suspects(f"Order 4711: {LONG}", f"Order 4812: {LONG}") == [None, "duplicate of f0"]


def test_chinese_counts_its_characters_for_more():
    text = "物流太慢了，等了两个星期才收到，客服也不理人。"
    assert suspects(text, text) == [None, "duplicate of f0"]


@pytest.mark.parametrize("text", ["good service", "Very friendly staff!", "👍", "Alles bestens, danke", "love it"])
def test_many_customers_say_the_same_short_thing(text: str):
    assert suspects(*[text] * 5) == [None] * 5
    assert suspects(*[text] * 3, customer_id=["a", "b", None]) == [None] * 3


def test_one_customer_says_the_same_short_thing_twice_in_a_day():
    at = pd.to_datetime(["2025-05-01 10:00", "2025-05-01 10:01", "2025-08-01 09:00"], utc=True)
    marked = suspects(*["good service"] * 3, customer_id=["a"] * 3, created_at=at)
    assert marked == [None, "duplicate of f0", None]


def test_the_same_short_answer_to_two_questions_is_honest():
    assert suspects("the staff", "The staff", customer_id=["a", "a"], question=["Best?", "Worst?"]) == [None, None]


def test_different_long_texts_are_trusted():
    other = "The delivery came two days early and everybody at the hotline was glad to tell me about it."
    assert suspects(LONG, other) == [None, None]


def test_the_first_written_stays_trusted():
    at = pd.to_datetime(["2025-05-03", "2025-05-01", None], utc=True)
    assert suspects(LONG, LONG, LONG, created_at=at) == ["duplicate of f1", None, "duplicate of f1"]


def test_skipped_rows_are_not_compared():
    skip = pd.Series(["empty", pd.NA], dtype="string")
    assert suspects(LONG, LONG, skip=skip) == [None, None]


def test_an_earlier_reason_stays():
    earlier = pd.Series([pd.NA, "bot"], dtype="string")
    assert suspects(LONG, LONG, suspect=earlier) == [None, "bot"]


def test_similarity_is_the_config_s():
    changed = LONG.replace("two weeks late", "ten days late").replace("so long", "that long")
    near = check_integrity(feedback(LONG, changed), IntegrityConfig(near_duplicate_similarity=0.6))
    assert near["suspect"].tolist() == [pd.NA, "near duplicate of f0"]
    assert suspects(LONG, changed) == [None, None]


def test_copies_are_found_in_a_large_file():
    """Every tenth of 3,000 texts is a copy with one letter changed: at least 99 % of them are found, and no other."""
    chance = random.Random(3)
    texts = [" ".join(chance.choices(WORDS, k=30)) for _ in range(3_000)]
    edited = [text[:80] + "x" + text[81:] for text in texts[::10]]
    at = pd.date_range("2025-01-01", periods=3_300, freq="h", tz="UTC")
    marked = check_integrity(feedback(*texts, *edited, created_at=at), IntegrityConfig())
    found = marked.set_index("feedback_id")["suspect"].dropna().to_dict()
    copies = {f"f{3_000 + number}": f"near duplicate of f{number * 10}" for number in range(300)}
    assert found.items() <= copies.items()
    assert len(found) >= 297


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([LONG, LONG.upper(), LONG + " Sad.", "good", LONG[::-1], ""]), max_size=8), st.randoms()
)
def test_row_order_does_not_matter(texts: list[str], chance: random.Random):
    rows = feedback(*texts) if texts else FEEDBACK.empty().assign(clean_text=pd.Series(dtype="string"))
    order = list(range(len(rows)))
    chance.shuffle(order)
    forward = check_integrity(rows, IntegrityConfig()).set_index("feedback_id")["suspect"]
    shuffled = check_integrity(rows.iloc[order], IntegrityConfig()).set_index("feedback_id")["suspect"]
    pd.testing.assert_series_equal(forward, shuffled.loc[forward.index])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=120), min_size=1, max_size=12))
def test_one_of_every_group_stays_trusted(texts: list[str]):
    marked = check_integrity(feedback(*texts), IntegrityConfig()).set_index("feedback_id")["suspect"]
    marked = marked.where(marked.str.contains("duplicate", regex=False))  # random letters may be mash as well
    assert pd.isna(marked["f0"])
    named = {str(reason).split(" of ")[1] for reason in marked.dropna()}
    assert named <= set(marked.index)


def test_empty_table():
    marked = check_integrity(FEEDBACK.empty(), IntegrityConfig())
    assert str(marked["suspect"].dtype) == "string"
    assert str(mark_contradictions(marked)["suspect"].dtype) == "string"


def contradiction(
    score: str, value: float, label: str, *, confidence: float = 0.97, scale: str | None = None
) -> str | None:
    columns: dict[str, object] = {score: [value], "label": [label], "confidence": [confidence], "severity": [0.3]}
    if scale:
        columns[f"{score}_scale"] = [scale]
    marked = mark_contradictions(feedback("words", **columns))["suspect"][0]
    return None if pd.isna(marked) else marked


@pytest.mark.parametrize(
    ("score", "value", "scale", "label", "expected"),
    [
        ("nps", 10, None, "negative", "very good nps with a clearly negative text"),
        ("nps", 9, None, "negative", "very good nps with a clearly negative text"),
        ("nps", 8, None, "negative", None),
        ("nps", 0, None, "positive", "very bad nps with a clearly positive text"),
        ("nps", 2, None, "positive", "very bad nps with a clearly positive text"),
        ("nps", 5, None, "positive", None),
        ("nps", 10, None, "positive", None),
        ("nps", 10, None, "neutral", None),
        ("rating", 5, "1-5", "negative", "very good rating with a clearly negative text"),
        ("rating", 4, "1-5", "negative", None),
        ("rating", 1, "1-5", "positive", "very bad rating with a clearly positive text"),
        ("rating", 2, "1-5", "positive", "very bad rating with a clearly positive text"),
        ("rating", 5, "1-10", "negative", None),
        ("csat", 1, "1-5 low is good", "negative", "very good csat with a clearly negative text"),
        ("csat", 1, "1-5 low is good", "positive", None),
        ("csat", 5, None, "negative", None),
        ("rating", 9, "1-5", "negative", None),
    ],
)
def test_contradictions(score: str, value: float, scale: str | None, label: str, expected: str | None):
    assert contradiction(score, value, label, scale=scale) == expected


def test_only_a_sure_verdict_contradicts():
    assert contradiction("nps", 10, "negative", confidence=0.7) is None


def promoters(n: int, negative: int, *, severity: float) -> pd.DataFrame:
    labels = ["negative"] * negative + ["positive"] * (n - negative)
    told = np.where(np.array(labels) == "negative", severity, 0.0)
    return feedback(*["words"] * n, nps=[10] * n, label=labels, confidence=[0.95] * n, severity=told)


def test_where_everybody_adds_a_wish_only_grave_words_contradict():
    few, many = promoters(100, 3, severity=0.3), promoters(100, 30, severity=0.3)
    assert mark_contradictions(few)["suspect"].notna().sum() == 3
    assert mark_contradictions(many)["suspect"].notna().sum() == 0
    grave = promoters(100, 30, severity=0.8)
    assert mark_contradictions(grave)["suspect"].notna().sum() == 30


def test_a_contradiction_keeps_an_earlier_reason():
    rows = feedback("words", nps=[10], label=["negative"], confidence=[0.99], suspect=["duplicate of f9"])
    assert mark_contradictions(rows)["suspect"].tolist() == ["duplicate of f9"]


def scored(n: int, *, better: str, source: str = "survey.csv") -> pd.DataFrame:
    """Ratings that go with the words, the scale one way or the other round."""
    places = [number % 5 for number in range(n)]
    return pd.DataFrame(
        {
            "feedback_id": [f"{source}{number}" for number in range(n)],
            "text": "words",
            "clean_text": "words",
            "source": source,
            "rating": [place + 1 if better == "high" else 5 - place for place in places],
            "rating_scale": "1-5",
            "sentiment": [(place - 2) / 2 for place in places],
            "label": ["negative" if place < 2 else "positive" if place > 2 else "neutral" for place in places],
            "confidence": 0.95,
        }
    ).assign(rating_scale=pd.array(["1-5"] * n, dtype="string"))


def test_a_reversed_scale_is_told():
    both = pd.concat([scored(200, better="low", source="school.csv"), scored(200, better="high")], ignore_index=True)
    assert list(reversed_scales(both)) == [("school.csv", "rating")]
    told = [note.text for note in integrity_notes(both)]
    assert len(told) == 1
    assert "school.csv: rating falls as the words get kinder" in told[0]
    # One slip of a customer is a contradiction; a scale of its own is none.
    assert mark_contradictions(both)["suspect"].isna().all()


def test_a_declared_reversed_scale_and_a_small_file_say_nothing():
    declared = scored(200, better="low").assign(rating_scale="1-5 low is good")
    assert reversed_scales(declared) == {}
    assert reversed_scales(scored(20, better="low")) == {}
    assert reversed_scales(scored(200, better="high")) == {}


def test_who_is_asked_too_often_is_told():
    days = pd.to_datetime(["2025-01-01", "2025-01-20", "2025-02-10", "2025-03-01"] * 2, utc=True)
    asked = pd.DataFrame(
        {
            "feedback_id": [f"r{n}" for n in range(8)],
            "response_id": [f"r{n}" for n in range(8)],
            "text": "",
            "customer_id": ["mia"] * 4 + ["jo"] * 4,
            "created_at": [*days[:4], *(days[4:] + pd.to_timedelta([0, 100, 200, 300], unit="D"))],
            "nps": pd.array([9, None, None, 9, 9, 9, 9, 9], dtype="Int8"),
            "invited_at": [*days[:4], *(days[4:] + pd.to_timedelta([0, 100, 200, 300], unit="D"))],
        }
    )
    assert [(note.text, note.count) for note in integrity_notes(asked)] == [
        ("customers were asked 4 times or more within 90 days", 1)
    ]
    # Tickets are no requests.
    assert integrity_notes(asked.drop(columns=["nps", "invited_at"])) == ()

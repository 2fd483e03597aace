"""How an answer came about: pasted, mashed, clicked through, asked for; honest people do none of it by accident."""

from __future__ import annotations

from time import process_time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.config import IntegrityConfig
from voc.gibberish import is_gibberish
from voc.habits import BURST, bursts
from voc.integrity import check_integrity

LONG = "The delivery came two weeks late and nobody at the hotline could tell me why it took so long."


def table(texts: list[str], **columns: object) -> pd.DataFrame:
    ids = [f"r{n:03}" for n in range(len(texts))]
    return pd.DataFrame({"feedback_id": ids, "text": texts, "clean_text": texts, **columns})


def marked(frame: pd.DataFrame) -> pd.DataFrame:
    checked = check_integrity(frame, IntegrityConfig())
    assert (checked["suspect"].notna() == checked["suspect_confidence"].notna()).all()
    assert checked["suspect_confidence"].dropna().between(0.5, 1).all()
    return checked


@pytest.mark.parametrize(
    "text",
    ["asdfgh", "asdf", "qwertyuiop", "sdfsdfsdf", "asdasdasd", "asdfgh jkl", "фывапролд", "йцукен", "ㅁㄴㅇㄹ",
     "ασδφγη", "شسيبلات", "xkcdvbnmtq", "lkjhgfdsa!!!"],
)  # fmt: skip
def test_keyboard_mash(text: str) -> None:
    assert is_gibberish(text)


@pytest.mark.parametrize(
    "text",
    ["ok", "kkkkk", "wkwkwkwk", "hahaha", "rsrsrsrs", "pffffft", "hmmmm", "brrrr", "HTTPS", "USB-C", "XKCDVBNM",
     "WH-1000XM4",
     "čtvrthrst", "Strč prst skrz krk", "zmrzl", "мить", "property", "пролив", "Super", "Passt scho", "isch guet",
     "很好", "good", "tree", "were", "top top top", "nnnn", "la la la", "jajajaja", "тоже", "asdf is what I typed"],
)  # fmt: skip
def test_honest_words_are_no_gibberish(text: str) -> None:
    assert not is_gibberish(text)


@pytest.mark.parametrize(
    "text",
    ["Please give us a 10!", "If you were happy please rate me 5 stars",
     "The agent asked me to give her a 10 in the survey.",
     "Bitte geben Sie uns eine 10.", "Merci de nous mettre un 10.", "Por favor, denos un 10", "proszę dać nam 10",
     "Поставьте нам, пожалуйста, 10", "请给五星好评", "Lütfen bize 10 puan verin"],
)  # fmt: skip
def test_asking_for_a_score(text: str) -> None:
    assert marked(table([text]))["suspect"].tolist() == ["asks for a good score"]


@pytest.mark.parametrize(
    "text",
    ["Please give us 5 minutes more", "They told me to leave at 5.", "I give you a 10", "Please give me a refund.",
     "I wanted to give 5 stars but the app crashed", "10/10 would come again", "Bitte geben Sie uns eine Antwort",
     "They asked me to give them ten days.", "Five stars, thank you!"],
)  # fmt: skip
def test_honest_scores_are_not_asked_for(text: str) -> None:
    assert marked(table([text]))["suspect"].isna().all()


def burst(n: int, hours: float, customers: int) -> pd.DataFrame:
    times = pd.Timestamp("2025-03-01", tz="UTC") + pd.to_timedelta([n * hours for n in range(n)], unit="h")
    return table([LONG] * n, created_at=times, customer_id=[f"c{n % customers}" for n in range(n)])


def test_a_text_of_many_customers_within_a_day_is_a_burst() -> None:
    assert marked(burst(10, 1, 10))["suspect"].eq("one text pasted by many customers within a day").all()


@pytest.mark.parametrize(("hours", "customers"), [(48, 10), (1, 2)])
def test_slow_copies_and_one_persons_copies_are_no_burst(hours: float, customers: int) -> None:
    assert not marked(burst(10, hours, customers))["suspect"].str.contains("pasted").any()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 11)), min_size=1, max_size=40))
def test_a_burst_is_what_one_day_holds(told: list[tuple[int, int]]) -> None:
    """Against the definition: a row is in a burst where a day that it stands in has eight customers."""
    hours, customers = zip(*told, strict=True)
    times = pd.Timestamp("2025-03-01", tz="UTC") + pd.to_timedelta([*hours], unit="h")
    frame = table([LONG] * len(told), created_at=times, customer_id=[f"c{each}" for each in customers])
    days = [{place for place, hour in enumerate(hours) if first <= hour <= first + 24} for first in hours]
    wanted = set().union(*(day for day in days if len({customers[place] for place in day}) >= BURST))
    copies = pd.Series("duplicate of r000", index=frame.index, dtype="string")
    assert set(np.flatnonzero(bursts(frame, copies).notna())) == wanted


def test_a_campaign_is_read_in_a_moment() -> None:
    """20,000 copies of one text: a look at every pair of them would take minutes."""
    frame = burst(20_000, 0.01, 9_000)
    copies = pd.Series("duplicate of r000", index=frame.index, dtype="string")
    start = process_time()
    assert bursts(frame, copies).notna().all()
    assert process_time() - start < 10


def test_speeders_and_straight_lines() -> None:
    n = 60
    grid = {f"Q5_{item}": [1 + (row * item) % 5 for row in range(n)] for item in range(1, 7)}
    for item in range(1, 7):
        grid[f"Q5_{item}"][7], grid[f"Q5_{item}"][8] = 3, 5
    seconds = ["12" if row == 3 else str(180 + row) for row in range(n)]
    frame = table([f"word{row} fine" for row in range(n)], **{**grid, "Duration (in seconds)": seconds})
    found = marked(frame)["suspect"].dropna()
    assert found.to_dict()[3] == "answered faster than the questions can be read"
    assert found.to_dict()[7] == "the same middle answer to every question of a grid"
    assert 8 not in found.index


def test_a_call_that_was_short_is_no_speeder() -> None:
    frame = table(["fine"] * 40, **{"Call duration": [3, *[300] * 39]})
    assert marked(frame)["suspect"].isna().all()


def test_a_second_answer_of_the_day_is_doubted() -> None:
    times = pd.to_datetime(["2025-03-01T08:00", "2025-03-01T09:00", "2025-03-04T09:00"], utc=True)
    frame = table(
        ["slow app", "rude staff", "nice"], created_at=times, customer_id=["c"] * 3, response_id=["a", "b", "d"]
    )
    reasons = marked(frame.assign(nps=[0, 0, 10]))["suspect"]
    assert reasons.isna().tolist() == [True, False, True]
    assert marked(frame)["suspect"].isna().all(), "without a survey's score they are messages"

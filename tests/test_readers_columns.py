"""Which column is what: by name and by content, and what is not mistaken for something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import columns, find_text, headers, read_feedback
from voc.readers.columns import Columns

PROSE = [
    "The delivery was late and nobody called me back",
    "I love the new app, it is so easy to use",
    "Staff were friendly but the queue was very long",
    "My order arrived broken and I had to return it twice",
    "Great service, thank you for all your help",
    "It took you three weeks to answer a simple mail",
]
N = 60


def table(**cells: Any) -> pd.DataFrame:
    """N rows: every list is repeated; texts get a number so that they differ."""
    return pd.DataFrame(
        {
            name.replace("__", " "): pd.array([str(values[row % len(values)]) for row in range(N)], dtype="string")
            for name, values in cells.items()
        }
    )


def prose(*, prefix: str = "") -> list[str]:
    return [f"{prefix}{PROSE[row % len(PROSE)]} {row}" for row in range(N)]


def recognise(frame: pd.DataFrame, **options: Any) -> Columns:
    return columns.recognise(frame, ReadConfig(**options), where="answers.csv", told={})


def mapped(frame: pd.DataFrame, **options: Any) -> dict[str, str | None]:
    return {guess.column: guess.field for guess in recognise(frame, **options).guesses}


def test_headers_are_compared_without_case_accents_and_punctuation():
    assert headers.normalise("Date_de-Création") == "date de creation"
    assert headers.normalise("ResponseID") == "response id"


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Customer Comment", "text"),
        ("Kommentar", "text"),
        ("Commentaires", "text"),
        ("Opinión", "text"),
        ("Recensione", "text"),
        ("Comentário", "text"),
        ("Toelichting", "text"),
        ("Treść opinii", "text"),
        ("Atsiliepimas", "text"),
        ("Komentārs", "text"),
        ("Omdöme", "text"),
        ("Anmeldelse", "text"),
        ("Komentář", "text"),
        ("Recenzie", "text"),
        ("Отзыв", "text"),
        ("Avoin palaute", "text"),
        ("Erstellt am", "created_at"),
        ("Date de création", "created_at"),
        ("Fecha", "created_at"),
        ("Data invio", "created_at"),
        ("Data de criação", "created_at"),
        ("Aangemaakt op", "created_at"),
        ("Data utworzenia", "created_at"),
        ("Sukūrimo data", "created_at"),
        ("Дата", "created_at"),
        ("Weiterempfehlung", "nps"),
        ("Probabilité de recommander", "nps"),
        ("Zou u ons aanbevelen?", "nps"),
        ("Ar rekomenduotumėte mus?", "nps"),
        ("Kundenzufriedenheit", "csat"),
        ("Satisfaction globale", "csat"),
        ("Soddisfazione", "csat"),
        ("Zadowolenie klienta", "csat"),
        ("Ocena", "rating"),
        ("Sterne", "rating"),
        ("Įvertinimas", "rating"),
        ("Voto", "rating"),
        ("Kundennummer", "customer_id"),
        ("Numéro client", "customer_id"),
        ("Kanal", "channel"),
        ("Kanał", "channel"),
        ("Kanalas", "channel"),
        ("Aufwand", "ces"),
        ("Facilité", "ces"),
    ],
)
def test_header_words_in_many_languages(header, field):
    assert headers.match(header, field) >= headers.PARTIAL


@pytest.mark.parametrize(
    ("header", "field", "expected"),
    [
        ("How likely are you to recommend us to a friend?", "nps", True),
        ("Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?", "nps", True),
        ("How satisfied are you with our service?", "csat", True),
        ("How easy was it to handle your issue today?", "ces", True),
        ("What is the main reason for your score?", "text", True),
        ("What is the name of the store you visited?", "rating", False),
        ("On which date did you visit our store last?", "created_at", False),
    ],
)
def test_questions_as_headers(header, field, expected):
    assert bool(headers.match(header, field)) is expected


def test_what_is_text():
    frame = table(
        title=[f"Nice {n}" for n in range(N)],
        lounge=[f"EMIRATES BUSINESS CLASS LOUNGE {n % 9} REVIEW" for n in range(N)],
        link=[f"https://example.org/a/b/{n}" for n in range(N)],
        mail=[f"someone{n}@example.org" for n in range(N)],
        address=[f"{n} High Street, Springfield, Region {n % 7}" for n in range(N)],
        product=["Walnut Finish", "Charcoal Fabric"],
        developer_reply_text=prose(prefix="We are sorry to hear that. "),
        feedback=[0, 1],
        Bemerkung=prose(),
    )
    assert [name for name, field in mapped(frame).items() if field == "text"] == ["Bemerkung"]


def test_prose_is_text_whatever_its_header():
    assert mapped(table(Q7=prose(), kind=["a", "b"]))["Q7"] == "text"


def test_labels_are_no_text_even_if_named_so():
    found = mapped(table(feedback=["positive", "negative", "neutral"], what__happened=prose()))
    assert found == {"feedback": None, "what happened": "text"}


def test_a_cleaned_copy_is_no_second_text():
    frame = table(text=prose(), text_clean=[each.lower() + "!" for each in prose()])
    assert mapped(frame) == {"text": "text", "text_clean": None}


def test_several_open_questions_are_texts():
    frame = table(what_went_well=prose(), do_better=prose(prefix="Please "), region=["North", "South"])
    assert recognise(frame).texts == ("what_went_well", "do_better")


@pytest.mark.parametrize("row", [["Great!"], ["ok", "bad"]])
def test_few_short_rows_are_text_if_named_so(row):
    frame = pd.DataFrame({"comment": pd.array(row, dtype="string"), "nps": pd.array(["9"] * len(row), dtype="string")})
    assert recognise(frame).texts == ("comment",)


def test_no_text_says_what_was_found_and_what_to_do():
    frame = table(Id=range(N), Subject=["Login fails", "Refund"], Status=["open", "closed"], created_at=["2024-01-05"])
    with pytest.raises(InputError, match=r"no column of customers' words.*'Subject' \(.*title.*--text") as error:
        recognise(frame)
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="customers' words"):
        find_text(frame)


def test_find_text_takes_the_fullest():
    frame = table(do_better=[*[""] * 5, "The waiting room is too dark and cold"], free_text=prose())
    assert find_text(frame) == "free_text"


def test_dates():
    frame = table(
        comment=prose(),
        date_of_birth=[f"19{n % 40 + 50}-01-01" for n in range(N)],
        date_visit=["2024-01-01", "2024-01-02"],
        updated_at=["2024-05-01"],
        submitted_at=[f"2024-02-{n % 28 + 1:02}" for n in range(N)],
        resolved_at=["2024-03-03"],
    )
    found = mapped(frame)
    assert found["submitted_at"] == "created_at"
    assert found["resolved_at"] == "resolved_at"
    assert [found[name] for name in ("date_of_birth", "date_visit", "updated_at")] == [None] * 3


def test_a_date_is_found_without_its_name():
    assert mapped(table(comment=prose(), x=["2024-01-05", "2024-02-06"]))["x"] == "created_at"


def test_ids():
    frame = table(
        comment=prose(),
        ticket_id=range(N),
        customer_id=[n % 20 for n in range(N)],
        channel=["web", "shop"],
        agent=["Ann", "Bob"],
    )
    assert mapped(frame) == {
        "comment": "text",
        "ticket_id": "feedback_id",
        "customer_id": "customer_id",
        "channel": "channel",
        "agent": "agent",
    }
    assert mapped(table(comment=prose(), id=[n % 5 for n in range(N)]))["id"] is None, "five ids for sixty rows"


def test_a_scale_in_words_gives_way_to_its_figures():
    words = ["Extremely likely", "Likely", "Neither likely nor unlikely", "Unlikely", "Extremely unlikely"]
    found = recognise(table(comment=prose(), rating=words, rating_score=["5.0", "4.0", "3.0", "2.0", "1.0"]))
    assert found.scores["rating"].column == "rating_score"
    alone = recognise(table(comment=prose(), rating=[*words, "Maybe"])).scores["rating"]
    assert alone.values.tolist()[:5] == [5, 4, 3, 2, 1]
    assert alone.scale == "1-5"
    assert pd.isna(alone.values[5])
    assert alone.notes[0].count == N // 6


@pytest.mark.parametrize(
    ("values", "field", "expected"),
    [
        (["Good", "Bad"], "satisfaction rating", [5, 1]),
        (["Good", "Bad", "Offered", "Not Offered"], "satisfaction score", [5, 1]),
        (["Very satisfied", "Dissatisfied"], "satisfaction", [5, 2]),
        (["sehr zufrieden", "unzufrieden"], "Zufriedenheit", [5, 2]),
        (["Tout à fait satisfait", "Pas du tout satisfait"], "Satisfaction", [5, 1]),
        (["Labai patenkinta", "Nepatenkintas"], "Pasitenkinimas", [5, 2]),
        (["zdecydowanie zadowolony", "niezadowolony"], "Zadowolenie", [5, 2]),
    ],
)
def test_scales_in_words(values, field, expected):
    score = recognise(table(**{"comment": prose(), field.replace(" ", "__"): values})).scores["csat"]
    assert score.values.tolist()[:2] == expected


@pytest.mark.parametrize(
    ("header", "values", "field", "scale"),
    [
        ("nps", range(11), "nps", "0-10"),
        ("nps", range(1, 11), "nps", "0-10"),
        ("How likely are you to recommend us?", range(11), "nps", "0-10"),
        ("likely to recommend", [1, 2, 3, 4, 5], "rating", "1-5"),
        ("score", range(11), "nps", "0-10"),
        ("score", [1, 2, 3, 4, 5], "rating", "1-5"),
        ("csat", [1, 2, 3, 4, 5], "csat", "1-5"),
        ("csat", [1, 2, 3], "csat", "1-3"),
        ("satisfaction", [8, 9, 10, 7, 5, 6, 3], "csat", "1-10"),
        ("CES", [1, 2, 3, 4, 5, 6, 7, 7, 6], "ces", "1-7"),
        ("CES (1-5)", [1, 2, 3], "ces", "1-5"),
        ("How easy was it to solve your problem?", [1, 2, 3, 4, 5, 6, 7, 7], "ces", "1-7 high is good"),
        ("How much effort did you have to put in?", [1, 2, 3, 4, 5], "ces", "1-5 low is good"),
        ("stars", ["4.5", "3", "5", "1"], "rating", "1-5"),
        ("rating", ["4/5", "3/5", "5/5"], "rating", "1-5"),
        ("rating", ["★★★★★", "★", "★★★"], "rating", "1-5"),
        ("rating", ["5 stars", "1 star", "2 stars"], "rating", "1-5"),
        ("rating", ["4,5", "3,0", "1,0"], "rating", "1-5"),
        ("Note (1 = sehr gut, 5 = sehr schlecht)", [1, 2, 3, 4, 5], "rating", "1-5 low is good"),
        ("Gesamtbewertung", [1, 2, 3, 4, 5], "rating", "1-5"),
        ("Class", [5, 5, 5, 4, 4, 3, 3, 2, 1], "rating", "1-5"),
    ],
)
def test_scales(header, values, field, scale):
    frame = table(comment=prose())
    cells = [str(each) for each in values]
    frame[header] = pd.array([cells[row % len(cells)] for row in range(N)], dtype="string")
    score = recognise(frame).scores[field]
    assert (score.column, score.scale) == (header, scale)
    assert score.values.notna().all()


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("feedback", [0, 1]),
        ("recommended", [0, 1]),
        ("age", range(18, 78)),
        ("visits", [1, 1, 1, 2, 2, 3, 4, 5]),
        ("price", ["9.99", "120.50"]),
        ("nb passages", [1, 1, 1, 1, 2, 2, 3, 4, 5, 108]),
        ("helpful votes", [0, 1, 2, 3, 4, 5]),
        ("orders", [1, 1, 1, 2, 2, 3, 4, 5]),
        ("x", [1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5]),
        ("rating", [120, 340, 5000]),
        ("priority", [1, 2, 3, 3, 4, 5]),
        ("nps", ["yes", "no"]),
        ("satisfaction", [True, False]),
    ],
)
def test_what_is_no_score(header, values):
    frame = table(comment=prose())
    cells = [str(each) for each in values]
    frame[header] = pd.array([cells[row % len(cells)] for row in range(N)], dtype="string")
    assert recognise(frame).scores == {}


def test_one_aspect_is_no_overall_rating():
    ratings = [1, 2, 3, 4, 5]
    found = recognise(table(comment=prose(), comfort_rating=ratings, overall_rating=ratings, food_rating=ratings))
    assert found.scores["rating"].column == "overall_rating"
    unclear = recognise(table(comment=prose(), comfort_rating=ratings, food_rating=ratings))
    assert unclear.scores == {}
    assert any("choose one with --rating" in each.text for each in unclear.notes)
    chosen = recognise(table(comment=prose(), comfort_rating=ratings, food_rating=ratings), rating="food_rating")
    assert chosen.scores["rating"].column == "food_rating"


def test_two_scales_in_one_column():
    values = [5] * 250 + [4] * 400 + [3] * 300 + [2] * 300 + [1] * 200 + [6, 7, 8, 9, 10] * 10
    frame = pd.DataFrame(
        {
            "comment": pd.array([f"{PROSE[n % 6]} {n}" for n in range(len(values))], dtype="string"),
            "overall_rating": pd.array([str(each) for each in values], dtype="string"),
        }
    )
    score = recognise(frame).scores["rating"]
    assert score.scale == "1-5"
    assert score.values.isna().sum() == score.notes[0].count == 50
    assert "two scales" in score.notes[0].text


@pytest.mark.parametrize(("late", "kept"), [([7, 2, 3, 8, 9], 0), ([5, 4, 3, 2, 1] * 4 + [9], 100)])
def test_a_time_of_two_scales_is_told(tmp_path: Path, late: list[int], kept: int):
    """From June on on ten points: what is low then may be bad on ten points or good on five. A few slips are slips."""
    early = [5, 4, 4, 3, 2, 1] * 200
    values = [*early, *(late * 105)[: 100 if kept == 0 else 2100]]
    days = pd.date_range("2015-01-01", periods=len(early), freq="2h").tolist()
    days += pd.date_range("2015-06-01", periods=len(values) - len(early), freq="h").tolist()
    rows = [(f"{PROSE[n % 6]} {n}", each, day) for n, (each, day) in enumerate(zip(values, days, strict=True))]
    pd.DataFrame(rows, columns=["comment", "overall_rating", "date"]).to_csv(tmp_path / "mixed.csv", index=False)
    reading = read_feedback([tmp_path / "mixed.csv"])
    ratings = reading.frame["rating"]
    assert ratings[: len(early)].tolist() == early
    told = [each for each in reading.notes if "another scale was in use" in each.text]
    if kept:
        assert ratings[len(early) :].notna().sum() == 2000
        assert not told
    else:
        assert ratings[len(early) :].isna().all()
        assert [each.count for each in told] == [40]
        assert "2015-06-01" in told[0].text


def test_unhappy_customers_on_ten_points_keep_their_scale():
    values = (
        [1] * 500 + [2] * 200 + [3] * 120 + [4] * 70 + [5] * 40 + [6] * 25 + [7] * 10 + [8] * 10 + [9] * 5 + [10] * 5
    )
    frame = pd.DataFrame(
        {
            "comment": pd.array([f"{PROSE[n % 6]} {n}" for n in range(len(values))], dtype="string"),
            "rating": pd.array([str(each) for each in values], dtype="string"),
        }
    )
    assert recognise(frame).scores["rating"].scale == "1-10"


def test_figures_off_the_scale_are_missing_and_counted():
    values = ["9", "10", "3", "7", "99", "-1", "n/a", "", "8", "5", "12", "4"] + ["6"] * 48
    score = recognise(table(comment=prose(), nps=values)).scores["nps"]
    assert score.values.isna().sum() == 5
    assert [each.count for each in score.notes] == [3]


def test_overrides():
    frame = table(
        comment=prose(),
        other=prose(prefix="Well. "),
        rating=[1, 2, 3, 4, 5],
        Score__B=[1, 2, 3],
        day=["2024-01-05"],
        ref=range(N),
    )
    found = mapped(frame, text=("other",), rating="score b", date="day", id="ref", channel="comment")
    assert found == {
        "comment": "channel",
        "other": "text",
        "rating": None,
        "Score B": "rating",
        "day": "created_at",
        "ref": "feedback_id",
    }


def test_a_wrong_name_gets_the_nearest_guess():
    with pytest.raises(InputError, match=r"answers.csv has no column 'coment'; did you mean 'comment'\?"):
        recognise(table(comment=prose()), text=("coment",))


def test_a_column_that_cannot_be_the_score_says_why():
    with pytest.raises(InputError, match=r"'age' cannot be the nps: not a score: figures from 18 to 77"):
        recognise(table(comment=prose(), age=range(18, 78)), nps="age")


def test_every_column_gets_a_reason():
    found = recognise(table(comment=prose(), nps=range(11), empty=[""], x=["a", "b"], n=[100, 200]))
    assert [guess.column for guess in found.guesses] == ["comment", "nps", "empty", "x", "n"]
    assert all(guess.reason for guess in found.guesses)

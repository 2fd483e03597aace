"""Clauses: sentences, items and turns in many languages, the traps of each, and offsets that always slice back."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pandas as pd
import pytest
from conftest import REAL_DATA
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voc import clauses as clauses_module
from voc.clauses import PLAIN, blank, split_clauses, split_texts
from voc.config import ClausesConfig
from voc.rules import all_rules, load
from voc.tables import CLAUSES, FEEDBACK

DEFAULTS = ClausesConfig(use_parser=False)
SEPARATORS = set(" \t\n\u3000\u00a0,;|、，；•·‣◦▪●►➢-–—>*/+=.:")


def split(text: str, lang: str, config: ClausesConfig = DEFAULTS) -> list[str]:
    return [text[start:end] for start, end in next(split_texts([text], lang, config))]


def parts(marked: str) -> tuple[str, list[str]]:
    """A text whose clauses are set apart by ' ‖ '."""
    return marked.replace("‖ ", ""), [part.strip() for part in marked.split("‖")]


TURNS = [
    ("en", "Lovely staff ‖ but the app crashes"),
    ("en", "The room was fine ‖ However the bathroom smelled"),
    ("en", "Great phone ‖ my only complaint is the battery"),
    ("en", "Works well ‖ although it takes ages to start"),
    ("en", "Although the room was small, ‖ it was spotless"),
    ("en", "I like it, ‖ yet the price is too high"),
    ("en", "I waited an hour ‖ BUT NOBODY CAME"),
    ("de", "Das Personal ist sehr nett, ‖ aber die App stürzt ab"),
    ("de", "Essen war gut ‖ aber der Service langsam"),
    ("de", "Gute Lage, ‖ allerdings sehr laut"),
    ("de", "Obwohl das Zimmer klein war, ‖ haben wir gut geschlafen"),
    ("fr", "Personnel aimable ‖ mais attente trop longue"),
    ("fr", "Bons produits ‖ par contre les prix sont élevés"),
    ("fr", "Très bien, ‖ dommage que ce soit si cher"),
    ("es", "El personal es amable ‖ pero la habitación estaba sucia"),
    ("es", "Buena ubicación ‖ sin embargo el desayuno es pobre"),
    ("es", "Aunque la habitación era vieja, ‖ estaba muy limpia"),
    ("it", "Personale gentile ‖ ma camera sporca"),
    ("it", "Bella posizione, ‖ peccato per la colazione"),
    ("it", "Tutto bene ‖ però il bagno era piccolo"),
    ("pt", "Atendimento ótimo ‖ mas a entrega demorou"),
    ("pt", "Gostei do quarto, ‖ porém o café é fraco"),
    ("nl", "Vriendelijk personeel ‖ maar lange wachttijd"),
    ("nl", "Prima hotel, ‖ helaas veel lawaai"),
    ("pl", "Miła obsługa ‖ ale długo czekałem"),
    ("pl", "Dobry produkt, ‖ niestety drogi i głośny"),
    ("lt", "Malonus personalas, ‖ bet programėlė stringa"),
    ("lt", "Geras viešbutis, ‖ tačiau labai triukšminga"),
    ("lv", "Laipns personāls, ‖ bet lietotne nedarbojas"),
    ("lv", "Laba viesnīca, ‖ taču ļoti skaļi"),
    ("sv", "Trevlig personal ‖ men appen kraschar hela tiden"),
    ("da", "Venligt personale, ‖ men appen går ned"),
    ("no", "Hyggelig betjening, ‖ men appen krasjer"),
    ("cs", "Příjemný personál, ‖ ale aplikace padá"),
    ("ro", "Personal amabil ‖ dar aplicația se blochează"),
    ("ru", "Вежливый персонал, ‖ но приложение вылетает"),
    ("uk", "Ввічливий персонал, ‖ але застосунок вилітає"),
    ("fi", "Ystävällinen palvelu ‖ mutta sovellus kaatuu"),
    ("tr", "Personel çok nazik ‖ ama uygulama çöküyor"),
    ("hu", "Kedves személyzet, ‖ de az alkalmazás lefagy"),
    ("et", "Sõbralik teenindus, ‖ aga äpp jookseb kokku"),
    ("el", "Ευγενικό προσωπικό ‖ αλλά η εφαρμογή κολλάει"),
    ("vi", "Nhân viên nhiệt tình ‖ nhưng máy hay bị nóng"),
    ("zh", "房间很大，‖ 但是很吵"),
    ("zh", "很好吃，‖ 不过送得太慢"),
    ("ja", "味はいいですが、‖ 値段が高いです"),
    ("ja", "部屋は広い。‖ しかし駅から遠い"),
]  # fmt: skip

TRAPS = [
    ("en", "We had nothing but praise for the team"),
    ("en", "It was anything but cheap and easy"),
    ("en", "The shop is all but impossible to reach"),
    ("en", "They were not only rude to us but also very slow"),
    ("en", "Last but not least the breakfast was lovely"),
    ("en", "I could not help but notice the terrible smell"),
    ("en", "But the breakfast was lovely"),
    ("en", "It's the best one I have seen though"),
    ("en", "The butter and the rebuttal were fine"),
    ("de", "Das Zimmer war aber wirklich sehr laut"),
    ("de", "Nicht nur teuer, sondern auch unfreundlich"),
    ("de", "Es wurde leider nichts repariert"),
    ("de", "Der Kellner war trotzdem sehr freundlich"),
    ("fr", "Non seulement c'est cher mais en plus c'est sale"),
    ("fr", "Ce serait bien que la carte donne droit à des réductions"),
    ("pt", "Quero mais opções e mais lojas na cidade"),
    ("es", "No solo es caro sino que además es lento"),
    ("es", "No es barato sino muy caro para lo que ofrece"),
    ("it", "Non solo caro ma anche molto sporco"),
    ("it", "La mamma ha comprato una maglia a Roma"),
    ("nl", "Ik heb het product alleen maar geprobeerd"),
    ("nl", "Er waren maar 2 medewerkers aanwezig"),
    ("pl", "Nie tylko drogo ale też bardzo wolno"),
    ("lt", "Galima skambinti bet kada ir bet kur"),
    ("lt", "Ne tik brangu, bet ir labai lėta"),
    ("lv", "Ne tikai dārgi, bet arī ļoti lēni"),
    ("sv", "Inte bara dyrt utan också väldigt långsamt"),
    ("cs", "Nejen drahé ale i velmi pomalé"),
    ("ru", "Не только дорого, но и очень медленно"),
    ("zh", "不但贵而且慢"),
    ("und", "lovely staff but the app crashes"),
]  # fmt: skip

SENTENCES = [
    ("en", "Dr. Lee was kind. ‖ Mrs. Smith was not."),
    ("en", "Open at 5 p.m. on weekdays, e.g. Monday."),
    ("en", "They close at 5 p.m. ‖ We came at six."),
    ("en", "It costs 3.50 and takes 2.5 hours. ‖ Too long."),
    ("en", "Ask for No. 5 please."),
    ("en", "Really?! ‖ I paid for this!!! ‖ Never again…"),
    ("en", "We waited 3 hours (!) for nothing."),
    ("en", '"Not my job!" said the agent and hung up.'),
    ("en", "It was slow...‖ and cold."),
    ("en", "It was slow... ‖ Never again."),
    ("en", "Great!‖ The staff was kind.‖ They helped us."),
    ("en", "I bought it on booking.com and at amazon.co.uk today."),
    ("en", "good service ‖ \nfast delivery"),
    ("en", "slow ‖ \n- cold food ‖ \n- rude staff"),
    ("en", "The food is cold; ‖ the staff is slow"),
    ("en", "Clean rooms - ‖ slow lifts - ‖ nice bar"),
    ("en", "Open 9 - 5 only"),
    ("en", "1. Slow service ‖ 2. Cold food ‖ 3. Rude staff"),
    ("en", "Love it 😍 ‖ The app is slow though"),
    ("en", "J. K. Miller from the desk helped."),
    ("en", "No problem at all"),
    ("de", "Das hat z.B. am 3. Tag nicht funktioniert. ‖ Schade."),
    ("de", "Das hat z. B. gestern ca. 2 Std. gedauert."),
    ("de", "Ich gebe eine 2. ‖ Der Rest war gut."),
    ("de", "Hr. Müller, Fr. Dr. Kaya und Nr. 5 waren top."),
    ("de", "Lieferung um 10.30 Uhr, Preis 5,90 €. ‖ Alles gut."),
    ("de", "Kartoffeln, Salat usw. waren kalt."),
    ("fr", "J'ai payé 50 ? pour deux personnes"),
    ("fr", "M. Dupont et Mme. Petit sont aimables. ‖ Merci !"),
    ("fr", "Trop cher ! ‖ Je ne reviendrai pas."),
    ("es", "¡Muy mal! ‖ ¿Por qué nadie contesta? ‖ Nunca más."),
    ("es", "El Sr. García nos ayudó. ‖ Gracias."),
    ("it", "Il dott. Rossi è gentile. ‖ Consigliato."),
    ("pl", "Czekałem ok. 2 godz. na odpowiedź. ‖ Słabo."),
    ("lt", "Laukiau apie 2 val. eilėje. ‖ Labai blogai."),
    ("cs", "Dne 5. května to nefungovalo. ‖ Škoda."),
    ("sv", "T.ex. kl. 8 var det stängt. ‖ Tråkigt."),
    ("ru", "Ждал ок. 2 час. на морозе. ‖ Ужасно."),
    ("pt", "O Sr. Silva foi simpático. ‖ Obrigado."),
    ("zh", "服务不错。‖ 房间太小！‖ 不会再来"),
    ("ja", "美味しい。‖ でも高い！‖ もう行きません"),
    ("hi", "सेवा अच्छी है। ‖ खाना ठंडा था।"),
    ("ar", "الخدمة جيدة. ‖ هل تسمعون؟ ‖ شكرا"),
    ("th", "อาหารอร่อยมาก"),
    ("und", "Uno. ‖ Dos. ‖ Tres."),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "marked"), TURNS, ids=[f"{lang}-{text[:24]}" for lang, text in TURNS])
def test_turns_split(lang: str, marked: str):
    text, expected = parts(marked)
    assert [part.rstrip(",，、") for part in split(text, lang)] == [part.rstrip(",，、") for part in expected]


@pytest.mark.parametrize(("lang", "text"), TRAPS, ids=[f"{lang}-{text[:24]}" for lang, text in TRAPS])
def test_traps_stay_whole(lang: str, text: str):
    assert split(text, lang) == [text]


@pytest.mark.parametrize(("lang", "marked"), SENTENCES, ids=[f"{lang}-{text[:24]}" for lang, text in SENTENCES])
def test_sentences_and_items(lang: str, marked: str):
    text, expected = parts(marked)
    assert [part.strip("-; ") for part in split(text, lang)] == [part.strip("-; ") for part in expected]


@pytest.mark.parametrize(("lang", "marked"), TURNS)
def test_contrast_can_be_switched_off(lang: str, marked: str):
    text = marked.replace("‖ ", "")
    whole = split(text, lang, ClausesConfig(split_contrast=False, use_parser=False))
    assert len(whole) == (2 if "。" in text else 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Slow but ok", ["Slow but ok"]),
        ("Good. But slow", ["Good.", "But slow"]),
        ("Ok. Fine! The app crashes", ["Ok.", "Fine!", "The app crashes"]),
        ("5. 4. The app crashes", ["5. 4. The app crashes"]),
        ("Great app!!! :) :)", ["Great app!!! :) :)"]),
    ],
)
def test_what_is_too_short_joins_its_neighbour(text: str, expected: list[str]):
    assert split(text, "en") == expected


def test_run_on_text_is_split_at_capitals():
    text = "The doctor was kind and listened to me The reception is rude They never pick up the phone"
    assert split(text, "en") == [
        "The doctor was kind and listened to me",
        "The reception is rude",
        "They never pick up the phone",
    ]
    assert split(text.lower(), "en") == [text.lower()]
    assert split(text.title(), "en") == [text.title()]
    assert split("Die Zimmer waren sauber und Das Gute daran war Ruhe im ganzen Haus am Abend", "de")[0].startswith(
        "Die"
    )


@pytest.mark.parametrize("text", ["👍", ":)", "10/10", "-5", "...!", "😡😡", "★★★★★", "-"])
def test_a_used_comment_has_a_clause(text: str):
    assert split(text, "en") == [text]


def table(*texts: str | None, lang: object = "en", skip: object = None) -> pd.DataFrame:
    ids = [f"f{number}" for number in range(len(texts))]
    columns = {"feedback_id": ids, "text": texts, "clean_text": pd.Series(texts, dtype="string"), "lang": lang}
    return pd.DataFrame(columns if skip is None else {**columns, "skip": pd.Series(skip, dtype="string")})


def test_ids_positions_and_dtypes():
    found = split_clauses(table("Nice staff but the app crashes. Too slow.", "Fine."), DEFAULTS)
    assert found["clause_id"].tolist() == ["f0:0", "f0:1", "f0:2", "f1:0"]
    assert found["position"].tolist() == [0, 1, 2, 0]
    assert {name: str(found[name].dtype) for name in found} == {
        name: column.dtype for name, column in CLAUSES.columns.items() if column.required
    }


def test_skipped_and_empty_rows_have_no_clauses():
    found = split_clauses(table("n/a", "", None, "Fine", skip=["says nothing", None, None, None]), DEFAULTS)
    assert found["feedback_id"].tolist() == ["f3"]


def test_empty_table():
    rows = FEEDBACK.empty()
    found = split_clauses(rows, DEFAULTS)
    assert len(found) == 0
    assert str(found["start"].dtype) == "Int32"
    assert str(found["text"].dtype) == "string"


def test_each_row_in_its_own_language():
    text = "Produto mais caro mas bom de usar"
    found = split_clauses(table(text, text, lang=["pt", "fr"]), DEFAULTS)
    assert found.loc[found["feedback_id"] == "f0", "text"].tolist() == ["Produto mais caro", "mas bom de usar"]
    assert found.loc[found["feedback_id"] == "f1", "text"].tolist()[0] == "Produto"


BITS = """
but however aber mais ma pero nothing_but not_only Dr. e.g. z.B. 3. 10.30 ... … ! ? . , ; - – • 1. 2. ) ( " ' 😍 ❤️ :) <3
The app room was good kalt die bien très schön 房间 很吵 但是 。 ， が、
it's l'app a.b x.The great!but CAPS
"""
PIECES = st.sampled_from([*BITS.split(), "\n", "\n- ", "50 ? "])
TEXTS = (
    st.lists(PIECES, min_size=1, max_size=14)
    .map(lambda pieces: " ".join(pieces).replace("_", " ").strip())
    .filter(bool)
)
LANGS = st.sampled_from(["en", "de", "fr", "it", "zh", "ja", "pt", "lt", "und", "xx-unknown"])


@settings(max_examples=400, deadline=None)
@given(TEXTS | st.text(min_size=1, max_size=60).map(str.strip).filter(bool), LANGS)
@example(", but", "en")
@example("a\u2028b", "en")
def test_clauses_cover_the_text_and_slice_back(text: str, lang: str):
    found = split_clauses(table(text, lang=lang), DEFAULTS)
    covered = [False] * len(text)
    last = 0
    for clause in found.itertuples():
        assert text[clause.start : clause.end] == clause.text
        assert clause.text == clause.text.strip()
        assert clause.text
        assert clause.start >= last
        last = clause.end
        covered[clause.start : clause.end] = [True] * (clause.end - clause.start)
    left = {char for char, inside in zip(text, covered, strict=True) if not inside and not char.isspace()}
    assert left <= SEPARATORS
    assert found["position"].tolist() == list(range(len(found)))
    assert len(found) >= 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(TEXTS, LANGS), min_size=1, max_size=6), st.randoms())
def test_row_order_does_not_matter(rows: list[tuple[str, str]], chance: random.Random):
    feedback = table(*[text for text, _ in rows], lang=[lang for _, lang in rows])
    shuffled = feedback.sample(frac=1, random_state=chance.randrange(1_000))
    forward, other = (
        split_clauses(each, DEFAULTS).sort_values("clause_id", ignore_index=True) for each in (feedback, shuffled)
    )
    pd.testing.assert_frame_equal(forward, other)


@pytest.mark.parametrize("code", [code for code in all_rules() if code not in {"zh", "ja", "th", "ko"}])
def test_plain_chunks_as_spacy(code: str):
    """The short cut for a word with its marks gives what spaCy's tokens give, for the words of the language's lists."""
    rules = load(code)
    tokenizer = blank(rules.spacy or code).tokenizer
    exceptions = frozenset(tokenizer.rules or ())
    words = sorted({word for word in (*rules.stop_words, *rules.fillers) if word.isalpha()})[:400]
    for word in words:
        for chunk in (word + ".", word.capitalize() + "!", word + "?!"):
            if PLAIN.fullmatch(chunk) and chunk not in exceptions:
                assert clauses_module._token_ends(tokenizer, chunk, frozenset()) == (len(chunk),)


@pytest.mark.parametrize("code", all_rules())
def test_every_language_has_a_tokenizer_and_splits(code: str):
    rules = load(code)
    word = next(phrase for phrase in rules.contrast if not phrase.startswith((",", "，", "、")))
    found = split(f"Aaaa bbbb cccc, {word} dddd eeee ffff", code)
    assert len(found) == 2
    assert found[1].startswith(word)


class Parser:
    """Stands for an installed model: spaCy's English tokens, its own sentences, and a `but` that is a preposition."""

    def __init__(self) -> None:
        self.nlp = blank("en")

    def pipe(self, texts: list[str]):
        for text in texts:
            document = self.nlp(text)
            for token in document:
                token.is_sent_start = token.i == 0 or token.text == "meanwhile"
            for token in document:
                before = document[token.i - 1].text if token.i else ""
                token.dep_ = (
                    "prep" if token.text == "but" and before == "everyone" else "cc" if token.text == "but" else "dep"
                )
            yield document


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch):
    clauses_module._parser.cache_clear()
    monkeypatch.setattr(clauses_module, "_model", lambda code: Parser() if code == "en" else None)
    yield
    clauses_module._parser.cache_clear()


@pytest.mark.usefixtures("parser")
def test_an_installed_parser_is_used():
    config = ClausesConfig()
    assert split("the room was dirty meanwhile we waited", "en", config) == [
        "the room was dirty",
        "meanwhile we waited",
    ]
    assert split("I recommend it to each and everyone but you", "en", config) == [
        "I recommend it to each and everyone but you"
    ]
    assert split("I recommend it to you but not to all", "en", config) == ["I recommend it to you", "but not to all"]
    assert split("the room was dirty meanwhile we waited", "en") == ["the room was dirty meanwhile we waited"]
    assert split("Schönes Zimmer aber laut", "de", config) == ["Schönes Zimmer", "aber laut"]


def test_installed_models_are_looked_up_by_language(monkeypatch: pytest.MonkeyPatch):
    import spacy
    from spacy.util import get_installed_models

    loaded = []

    def load_model(name: str, *, exclude: list[str]):
        loaded.append(name)
        nlp = spacy.blank("en")
        if name == "en_with_parser":
            nlp.add_pipe("parser")
        return nlp

    monkeypatch.setattr(spacy, "load", load_model)
    monkeypatch.setattr("spacy.util.get_installed_models", lambda: ["en_with_parser", "en_plain", "de_big"])
    assert clauses_module._model("en").pipe_names == ["parser"]
    assert loaded == ["en_plain", "en_with_parser"]
    assert clauses_module._model("fr") is None
    assert callable(get_installed_models)


@pytest.mark.skipif(not REAL_DATA.exists(), reason="the shared data is not beside the checkout")
@pytest.mark.parametrize(
    "lang", ["en", "de", "fr", "es", "it", "pt", "pl", "lv", "sv", "cs", "ro", "no", "vi", "zh", "ja"]
)
def test_real_comments_keep_the_promises(lang: str):
    rows = pd.read_parquet(REAL_DATA / "sentiment.parquet", columns=["text", "lang"], filters=[("lang", "==", lang)])
    texts = [" ".join(text.split()) for text in rows["text"].drop_duplicates().head(400)]
    texts = [text for text in texts if text]
    for text, spans in zip(texts, split_texts(texts, lang, DEFAULTS), strict=True):
        gaps = text[: spans[0][0]] + text[spans[-1][1] :]
        gaps += "".join(text[end:start] for (_, end), (start, _) in pairwise(spans))
        assert set(gaps) <= SEPARATORS, text
        assert all(re.search(r"\S", text[start:end]) for start, end in spans)

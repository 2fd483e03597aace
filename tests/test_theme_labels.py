"""Labels of themes: nouns from customers' words, in the reader's language, about something."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest
from themes_fixture import OTHERS

from voc.errors import ConfigError
from voc.rules import all_rules, glossary, noun_shares
from voc.theme_labels import name_themes, reader_language
from voc.theme_tone import without_topic


def labels_of(*themes: Sequence[str], langs: Sequence[str] = ("en",)) -> list[str]:
    """Labels of themes given as texts; `langs` repeats over the texts of each theme."""
    return [name.label for name in names_of(*themes, langs=langs)]


def names_of(*themes: Sequence[str], langs: Sequence[str] = ("en",), labels_in: str | None = None) -> list:
    rows = [
        {"text": text, "lang": langs[place % len(langs)], "feedback_id": f"{theme}/{place}", "theme": theme}
        for theme, texts in enumerate(themes)
        for place, text in enumerate(texts)
    ]
    return name_themes(pd.DataFrame(rows).assign(weight=1.0, fit=0.5), keywords=8, labels_in=labels_in)


@pytest.mark.parametrize(
    ("lang", "texts", "wanted"),
    [
        (
            "en",
            [
                "The waiting time is too long",
                "A waste of time, this waiting time",
                "Waiting time!",
                "Long waiting time",
            ],
            "waiting time",
        ),
        ("en", ["I lost my appointment", "The appointments were cancelled", "No appointments left"], "appointments"),
        ("de", ["Die Lieferung kam spät", "Wieder eine Lieferung verloren", "Meine Lieferung fehlt"], "Lieferung"),
        ("it", ["I tempi di attesa sono lunghi", "Tempi di attesa infiniti", "Che tempi di attesa"], "tempi di attesa"),
        ("it", ["L'ascensore è rotto", "Rotto l'ascensore", "Un ascensore lentissimo"], "ascensore"),
        ("fr", ["Le temps d'attente est long", "Temps d’attente infini", "Un temps d'attente fou"], "temps d'attente"),
        ("en", ["Phone queue too long", "Phone. Hours on the phone", "Phones ring out"], "phone"),
        ("zh", ["配送太慢了", "配送很慢", "今天配送又晚了"], "配送"),
    ],
)
def test_labels_are_customers_words(lang: str, texts: list[str], wanted: str) -> None:
    assert wanted in labels_of(texts, OTHERS, langs=(lang,))[0].split(", ")


def test_labels_prefer_nouns() -> None:
    texts = ["They ignored the invoice", "They ignored my invoice", "He ignored our invoice", "She ignored an invoice"]
    assert labels_of(texts, OTHERS)[0].startswith("invoice")


def test_a_second_phrase_is_said_by_more_than_a_few() -> None:
    """Where the first alone is another theme's name already, and anything would do to tell the two apart."""
    for noisy, named in ((3, False), (20, True)):
        texts = [*["The noise in the lounge"] * noisy, *["The worst lounge"] * (160 - noisy)]
        label = labels_of([*["The lounge"] * 30, *["The airline"] * 20], texts, OTHERS)[1]
        assert "lounge" in label
        assert ("noise" in label) == named


@pytest.mark.parametrize(
    ("lang", "texts", "wanted", "never"),
    [
        ("en", ["Please follow up the parcel", "They follow the parcel", "I follow my parcel"], "parcel", "follow"),
        ("en", ["It set the alarm", "You set an alarm", "We set the alarm"], "alarm", "set"),
        ("it", ["Il router perde la linea", "Il router perde la rete", "Perde la linea, il router"], "router", "perde"),
        ("it", ["Il telefono prima squilla", "Al telefono prima", "Un telefono, prima"], "telefono", "prima"),
    ],
)
def test_labels_hold_no_verbs(lang: str, texts: list[str], wanted: str, never: str) -> None:
    label = labels_of(texts, OTHERS, langs=(lang,))[0]
    assert wanted in label
    assert never not in label


def test_the_spelling_of_a_noun_speaks_for_its_word() -> None:
    texts = ["A noisy room", "Noisy neighbours", "Noisy all night", "All that noise", "The noise is bad", "What noise"]
    assert "noise" in labels_of(texts, OTHERS)[0]


def test_no_label_is_numbered_where_another_language_has_a_word() -> None:
    late = ["The parcel", "A parcel", "My parcel"]
    mixed = ["The parcel", "My parcel", "La consegna in ritardo", "Una consegna", "La consegna"]
    labels = [name.label for name in _named([(late, "en"), (mixed[:2], "en"), (mixed[2:], "it")], [0, 1, 1])]
    assert labels[0] == "parcel"
    assert "consegna" in labels[1]


def _named(groups: list[tuple[list[str], str]], themes: list[int]) -> list:
    rows = [
        {"text": text, "lang": lang, "feedback_id": text, "theme": theme}
        for (texts, lang), theme in zip(groups, themes, strict=True)
        for text in texts
    ]
    return name_themes(pd.DataFrame(rows).assign(weight=1.0, fit=0.5), keywords=8)


def test_labels_hold_no_noise() -> None:
    texts = [
        "See https://shop.example/x the parcel of PERSON was 14 days late [EMAIL]",
        "PERSON wrote to me@shop.example: parcel 14 late https://shop.example/x",
        "A parcel, really, would get lost [EMAIL] https://shop.example/x",
    ]
    name = names_of(texts, OTHERS)[0]
    assert "parcel" in name.label
    said = " ".join([name.label, *name.keywords]).casefold()
    assert not any(noise in said for noise in ("http", "shop", "person", "email", "14", "really", "would", "get"))


def test_a_word_counts_once_per_comment() -> None:
    texts = ["parcel parcel parcel parcel and the bill", "the bill again", "the bill is wrong", "that bill"]
    assert labels_of(texts, OTHERS)[0].startswith("bill")


def test_labels_are_distinct() -> None:
    same = ["The parcel was late", "A late parcel", "My parcel is late"]
    labels = labels_of(same, [f"{text} again" for text in same], OTHERS)
    assert len(set(labels)) == 3


def test_labels_of_the_same_words_are_the_same_label() -> None:
    texts = ["Les prix des fleurs", "Prix et fleurs", "Des fleurs, un prix"]
    labels = labels_of(texts, [f"{text} !" for text in texts], OTHERS, langs=("fr",))
    assert len({frozenset(label.split(", ")) for label in labels}) == 3


def test_a_mixed_theme_is_labelled_in_english() -> None:
    texts = ["Die Rechnung ist falsch", "The invoice is wrong", "Falsche Rechnung", "My invoice, a wrong one"]
    name = names_of(texts, OTHERS, langs=("de", "en"))[0]
    assert name.label.startswith("invoice")
    assert "Rechnung" in " ".join(name.keywords)


def test_a_theme_without_english_is_labelled_in_its_language() -> None:
    texts = [
        "Die Rechnung ist falsch",
        "La factura está mal",
        "Falsche Rechnung",
        "Eine Rechnung",
        "Rechnung",
        "Rechnung!",
    ]
    assert labels_of(texts, OTHERS, langs=("de", "es", "de"))[0].startswith("Rechnung")


@pytest.mark.parametrize(("reader", "wanted"), [("en", "invoice"), ("de", "Rechnung"), ("es", "factura")])
def test_labels_are_in_the_readers_language(reader: str, wanted: str) -> None:
    texts = ["Die Rechnung ist falsch", "The invoice is wrong", "La factura está mal"] * 3
    texts = [f"{text} {'abc'[place // 3]}" for place, text in enumerate(texts)]
    name = names_of(texts, OTHERS, langs=("de", "en", "es"), labels_in=reader)[0]
    assert name.label.startswith(wanted)
    assert name.lang == reader


def test_a_label_in_another_language_has_a_gloss() -> None:
    german = ["Die Rechnung ist falsch", "Falsche Rechnung", "Meine Rechnung fehlt"]
    assert names_of(german, OTHERS, langs=("de",), labels_in="en")[0].label.endswith("(invoice)")
    assert names_of(german, OTHERS, langs=("de",), labels_in="fr")[0].label.endswith("(facture)")
    unknown = ["Die Zwiebel ist faul", "Faule Zwiebel", "Meine Zwiebel fault"]
    assert names_of(unknown, OTHERS, langs=("de",), labels_in="en")[0].label.endswith("(German)")
    assert "(" not in names_of(german, OTHERS, langs=("de",))[0].label


@pytest.mark.parametrize("stop", ["don't", "doesn't", "wasn t", "thing", "would", "frustrating", "annoyed", "months"])
def test_labels_name_things(stop: str) -> None:
    texts = [f"It {stop} and the router fails {letter}" for letter in "abcdef"]
    assert "router" in labels_of(texts, OTHERS)[0]
    assert stop.removesuffix(" t") not in labels_of(texts, OTHERS)[0]


def test_labels_never_hold_placeholders() -> None:
    for texts in (["[EMAIL] [PHONE]"] * 4, ["[PERSON] wrote to [EMAIL]"] * 4, ["[CARD]", "[IBAN]", "[CARD] [IBAN]"]):
        name = names_of(texts, OTHERS)[0]
        assert name.label.strip()
        assert "[" not in name.label + " ".join(name.keywords)


@pytest.mark.parametrize(
    ("text", "lang", "feeling"),
    [
        ("This is so frustrating!", "en", True),
        ("Very disappointed, terrible experience", "en", True),
        ("I don't recommend it at all", "en", True),
        ("Love it!!", "en", True),
        ("So frustrating, this queue", "en", False),
        ("No call back, very disappointed", "en", False),
        ("Took a long time", "en", False),
        ("3 weeks, terrible", "en", False),
        ("Bad TV", "en", False),
        ("Einfach nur enttäuschend", "de", True),
        ("Enttäuschende Lieferung", "de", False),
        ("Che delusione", "it", True),
        ("Ho aspettato troppo", "it", False),
        ("Muy decepcionada", "es", True),
        ("Très déçu", "fr", True),
        ("Labai nusivyliau", "lt", True),
        ("很失望", "zh", True),
        ("配送很失望", "zh", False),
        ("qapla' terrible", "tlh", False),
        ("", "en", False),
        ("😡", "en", False),
    ],
)
def test_feelings_without_a_topic_are_known(text: str, lang: str, feeling: bool) -> None:
    assert without_topic([text], [lang]).tolist() == [feeling]


@pytest.mark.parametrize("code", [code for code, rules in all_rules().items() if rules.tone])
def test_words_of_feeling_are_well_formed(code: str) -> None:
    words = all_rules()[code].tone
    assert len(words) == len(set(words))
    assert all(word == word.lower().strip() and " " not in word for word in words)
    assert code in {"zh", "ja"} or all(len(word.rstrip("-")) >= 2 for word in words)


def test_counted_nouns_and_the_glossary_can_be_read() -> None:
    assert noun_shares("en")["bill"] > 0.15
    assert noun_shares("en")["small"] < 0.05
    assert not noun_shares("lt")
    assert all(len(set(thing)) == 10 and all(thing.values()) for thing in glossary())


@pytest.mark.parametrize(
    ("asked", "code"), [(None, None), ("en", "en"), ("pt-BR", "pt"), ("nb", "no"), ("German", "de")]
)
def test_the_readers_language(asked: str | None, code: str | None) -> None:
    assert reader_language(asked) == code


def test_an_unknown_language_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"labels_in.*klingon"):
        reader_language("klingon")


def test_labels_are_in_the_files_language() -> None:
    """Where nobody asks and few write English, a theme is named in the language of most of the file, if members do."""
    bills = ["La factura es falsa", "Otra factura falsa", "Mi factura", "Die Rechnung ist falsch", "Falsche Rechnung"]
    others = ["Das Zimmer war kalt", "Ein kaltes Zimmer", "Unser Zimmer", "Das Zimmer ist laut", "Kein Zimmer frei"]
    rows = [("es", text, 0) for text in bills[:3]] + [("de", text, 0) for text in bills[3:]]
    rows += [("de", text, 1) for text in others]
    texts = pd.DataFrame(rows, columns=["lang", "text", "theme"])
    texts = texts.assign(feedback_id=texts.index.astype(str), weight=1.0, fit=0.5)
    name = name_themes(texts, keywords=8)[0]
    assert name.lang == "de"
    assert "Rechnung" in name.label
    assert name_themes(texts[texts["lang"] == "es"], keywords=8)[0].lang == "es"


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("de", "Passt soweit."),
        ("de", "Guten Tag!"),
        ("de", "Da kann man nicht meckern"),
        ("de", "Volle Punktzahl von mir."),
        ("it", "Niente da ridire!"),
        ("it", "Vi prego di intervenire!"),
        ("it", "Salve"),
        ("en", "Keep it up!"),
        ("en", "Hi there!"),
        ("es", "Enhorabuena."),
        ("fr", "Que du positif."),
        ("lt", "Laba diena!"),
        ("pl", "Dzień dobry"),
    ],
)
def test_greetings_and_set_phrases_have_no_topic(lang: str, text: str) -> None:
    assert without_topic([text], [lang]).all()


@pytest.mark.parametrize(
    ("lang", "text"),
    [("de", "Passt mir nicht, die Rechnung"), ("it", "Il lavoro del tecnico"), ("en", "Please fix the app")],
)
def test_what_has_a_topic_keeps_it(lang: str, text: str) -> None:
    assert not without_topic([text], [lang]).any()


def test_two_of_thirty_name_no_theme() -> None:
    """Few words are said twice where every language has its own: the few that are shall not speak for the others."""
    fires = [
        "Smoke came out of the charger",
        "The wall is burnt",
        "Our garage nearly caught fire",
        "Der Stecker ist geschmolzen",
        "Aus dem Gerät kam Rauch",
        "La presa è bruciata",
        "La spina ha preso fuoco",
        "La prise a fondu",
    ]
    told = [*fires * 2, "Saulės elektrinė graži", "Saulės elektrinė aiški"]
    langs = ["en", "en", "en", "de", "de", "it", "it", "fr"] * 2 + ["lt", "lt"]
    texts = [f"{text} {'x' * place}" for place, text in enumerate(told)]
    rows = pd.DataFrame({"text": texts, "lang": langs, "feedback_id": [str(place) for place in range(len(texts))]})
    everywhere = pd.concat(
        [rows.assign(theme=0), pd.DataFrame({"text": OTHERS, "lang": "en", "theme": 1}).assign(feedback_id=OTHERS)]
    )
    named = name_themes(everywhere.reset_index(drop=True).assign(weight=1.0, fit=0.5), keywords=8)[0]
    assert named.lang != "lt"

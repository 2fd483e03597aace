"""Blunt words and idioms are heard as what they mean, in every language; customers' own words stay."""

from __future__ import annotations

import pandas as pd
import pytest

from voc.config import SentimentConfig
from voc.glosses import glossed
from voc.pipeline import score
from voc.rules import all_rules
from voc.sentiment import score_clauses, score_comments, score_texts
from voc.tables import CLAUSES, FEEDBACK

CONFIG = SentimentConfig()
SURE = 0.25
"""Sentiment from which words are heard as praise, or less than minus which as a complaint."""
GLOSSES = [(code, plain) for code, rules in all_rules().items() for plain in rules.glosses]
COMPLAINTS = {
    "de": "Das Zimmer lässt sehr zu wünschen übrig|Eine Frechheit|Miese Qualität|Die Hotline ist ein Witz",
    "en": "The cleanliness leaves a lot to be desired|They couldn’t care less|The hotel has seen better days",
    "fr": "La propreté laisse à désirer|C'est nul|Honteux|Décevant",
    "es": "La limpieza deja mucho que desear|Una porquería|Pésimo|El baño brilla por su ausencia",
    "it": "La pulizia lascia molto a desiderare|Sconsigliato|Camera scadente|È una presa in giro",
    "pt": "A limpeza deixa a desejar|Uma roubalheira",
    "nl": "De service laat te wensen over|Vreselijke service|Ondermaats",
    "pl": "Czystość pozostawia wiele do życzenia|Okropna obsługa|Beznadzieja|Słaba jakość",
    "lt": "Labai blogai|Kokybė bloga|Esu nusivylęs|Blogiausias aptarnavimas|Kambarys purvinas|Nesu patenkintas",
    "lv": "Esmu vīlies|Neesmu apmierināts|Pārāk dārgi|Kvalitāte ir slikta",
    "et": "Kvaliteet on halb|Olen pettunud|Kehv kvaliteet|Liiga kallis|Väga aeglane|Ei tööta",
    "sv": "Städningen lämnar mycket att önska|Äcklig mat",
    "da": "Værste service|Elendigt",
    "no": "Elendig|Uhøflig personale",
    "fi": "Kamala palvelu|Surkeaa palvelua|Erittäin hidas|En ole tyytyväinen|Liian kallis",
    "cs": "Špatná kvalita|Odporné jídlo|Velmi pomalé|Hrůza",
    "sk": "Hrozná obsluha|Veľmi pomalé|Hanba|Vyhodené peniaze",
    "hu": "Rossz minőség|Szörnyű kiszolgálás|Borzalom|A szoba koszos volt",
    "ro": "Calitatea este proastă|Cel mai prost serviciu|Oribil|Țeapă",
    "ru": "Худший сервис|Хамский персонал|Отстой|Качество оставляет желать лучшего",
    "uk": "Якість погана|Огидна їжа|Дуже повільно|Жах",
    "bg": "Боклук|Твърде скъпо|Лошо качество",
    "el": "Απαίσια εξυπηρέτηση|Χάλια|Ποτέ ξανά|Άχρηστο",
    "tr": "Rezalet|Memnun değilim|Para israfı",
    "id": "Staf kasar|Payah",
    "vi": "Rất tệ|Pin tụt nhanh|Phí tiền",
    "ko": "매우 나쁨|품질이 나쁘다|방이 더러웠어요|너무 느려요|별로예요|작동하지 않아요",
    "ar": "خدمة فظيعة|غير راض|عديم الفائدة",
    "hi": "बहुत खराब|कमरा गंदा था|बेकार|काम नहीं करता|खराब क्वालिटी|संतुष्ट नहीं",
    "ca": "Pèssim|Massa car|El servei deixa molt a desitjar",
}
PRAISE = {
    "de": "Der Service ist spitze|Lecker|Tadellos",
    "en": "The food was to die for|Second to none",
    "fr": "Chambre nickel|Le burger est une tuerie|Parfait",
    "es": "La comida estaba de muerte|La habitación era una pasada",
    "it": "La colazione è da urlo",
    "nl": "Het eten was om je vingers bij af te likken|Een echte aanrader",
    "pl": "Palce lizać|Nic dodać, nic ująć",
    "lt": "Malonus personalas|Švarus kambarys|Nuostabu",
    "fi": "Suosittelen|Siisti huone",
    "hu": "Csodálatos|Tökéletes",
    "vi": "Pin trâu|Máy mượt",
    "hi": "उत्कृष्ट|स्वादिष्ट",
}


def listed(texts: dict[str, str]) -> tuple[list[str], list[str]]:
    """Texts, and their languages."""
    pairs = [(text, lang) for lang, line in texts.items() for text in line.split("|")]
    return [text for text, _ in pairs], [lang for _, lang in pairs]


@pytest.mark.parametrize(("said", "label"), [(COMPLAINTS, "negative"), (PRAISE, "positive")])
def test_blunt_words_and_idioms_are_heard(said: dict[str, str], label: str):
    texts, langs = listed(said)
    heard = score_texts(glossed(texts, langs), CONFIG)["label"]
    assert [text for text, each in zip(texts, heard, strict=True) if each != label] == []


def test_glosses_are_words_that_are_heard():
    heard = score_texts([plain.capitalize() for _, plain in GLOSSES], CONFIG)["sentiment"]
    assert [gloss for gloss, each in zip(GLOSSES, heard, strict=True) if abs(each) < SURE] == []


@pytest.mark.parametrize("code", sorted({code for code, _ in GLOSSES}))
def test_every_word_is_found_however_it_is_written(code: str):
    """In capitals, with more spaces, between brackets; and no word is explained twice."""
    glosses = all_rules()[code].glosses
    meant = [(each, plain) for plain, explained in glosses.items() for each in explained]
    assert len({each for each, _ in meant}) == len(meant)
    for each, plain in meant:
        word = each.removesuffix("-")
        for written in (word, word.upper(), f"({word.replace(' ', '  ')})", f"a {word}."):
            assert plain in glossed([written], [code])[0]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("An der Spitze steht ein spitzer Stein", "de"), ("I read their blog", "en"), ("Danger de mort", "fr"),
        ("Peligro de muerte en la piscina", "es"), ("Il commence à tomber en panne", "fr"), ("Neblogai", "lt"),
        ("Meine Tochter heißt Tolla", "de"), ("Labai blogai", "und"), ("", "lt"), ("Labai blogai", "tlh"),
    ],
)  # fmt: skip
def test_other_words_stay(text: str, lang: str):
    assert glossed([text], [lang]) == [text]


def test_clauses_and_comments_are_glossed_and_their_text_stays():
    place = {"feedback_id": "1", "position": 0, "start": 0, "end": 12}
    clauses = CLAUSES.check(pd.DataFrame([{"clause_id": "1:0", "text": "Labai blogai", "lang": "lt"} | place]))
    scored, _ = score_clauses(clauses, CONFIG)
    assert scored[["text", "label"]].to_numpy().tolist() == [["Labai blogai", "negative"]]
    texts = ["Labai blogai", "Kokybė tikrai labai bloga", "Kokybė tikrai labai bloga"]
    feedback = FEEDBACK.check(
        pd.DataFrame(
            {"feedback_id": ["1", "2", "3"], "text": texts, "clean_text": texts, "lang": ["lt", "lt", "en"]}
        ).assign(skip=pd.NA)
    )
    read = score_comments(feedback, scored, CONFIG)
    assert read["label"].tolist()[:2] == ["negative", "negative"]
    assert read["sentiment"][1] < read["sentiment"][2]
    assert read["clean_text"].tolist() == texts


def test_texts_are_scored_in_their_language():
    assert score(["Kokybė labai bloga, esame nusivylę"])["label"].tolist() == ["negative"]

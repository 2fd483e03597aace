"""What people call good and bad: labels of many spellings and languages, stars and scores, to three classes.

Customers' own labels and the class names of other people's models are read alike. Nothing here guesses: what is not
known is told, and counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from voc.tables import LABELS

NEGATIVE, NEUTRAL, POSITIVE = range(len(LABELS))
UNKNOWN = -1

STEMS = (
    # Unaccented beginnings, so that "negativo", "négatif" and "negatywny" are one.
    ("negat", "neigiam", "otric", "отриц", "негат", "αρνητικ", "olumsuz", "سلب", "नकार"),
    ("neutr", "neitr", "нейтр", "ουδετερ", "notr", "محايد", "tarafsiz"),
    ("posit", "pozit", "pozyt", "teigiam", "полож", "позит", "θετικ", "olumlu", "ايجاب", "إيجاب", "सकार"),
)
WORDS = (
    """neg bad poor terrible awful horrible worst unhappy dissatisfied unsatisfied detractor complaint angry sad
    schlecht unzufrieden mauvais insatisfait malo mala insatisfecho cattivo insoddisfatto ruim mau insatisfeito slecht
    ontevreden zły zła niezadowolony dalig missnojd huono rossz rau nemultumit blogas blogai plohoy плохо kotu buruk
    消极 负面 差评 負面 消極 ネガティブ 否定的 悪い 부정 부정적 xau ลบ 👎 😡 😠 😢 ☹ 🙁 ❌""",
    """neu none mixed ambivalent ok okay average passive so-so gemischt mittel teilsteils mixte moyen mixto regular
    misto medio gemengd mieszany blandad smisene obojetny obojętny paprastas meh
    中性 中立 中评 ニュートラル 중립 중립적 กลาง 😐""",
    """pos good great excellent happy satisfied promoter praise compliment gut zufrieden lob bon satisfait bueno buena
    satisfecho buono soddisfatto bom boa satisfeito goed tevreden dobry zadowolony bra nojd hyva bun multumit geras
    gerai хорошо iyi bagus 积极 正面 好评 積極 ポジティブ 肯定的 良い 긍정 긍정적 tot บวก 👍 😀 😊 🙂 😍 ❤ ✅""",
)
PHRASES = {"tieu cuc": NEGATIVE, "trung tinh": NEUTRAL, "tich cuc": POSITIVE, "so so": NEUTRAL}
DEGREES = re.compile(
    r"^(?:very|extremely|strongly|mostly|somewhat|slightly|weakly|rather|sehr|eher|tres|plutot|muy|molto|muito|"
    r"heel|zeer|bardzo|mycket|velmi|foarte|labai|очень) "
)
STARS = re.compile(
    r"^(\d{1,2}(?:[.,]\d+)?)\s*(?:(?:/|of|out of|von|sur|de|su)\s*(5|10)|\*|★|"
    r"(?:stars?|sterne?|etoiles?|estrellas?|estrelas?|stelle?|sterren|ster|gwiazd\w*|stjarn\w*|points?)\b)?\s*(?:stars?)?$"
)
MOST_NAMES = 5
"""Unknown labels told by name; the others are only counted."""


@dataclass(frozen=True)
class Read:
    """Labels as classes: `classes` (n,) int8 with 0 negative, 1 neutral, 2 positive and -1 where there is none."""

    classes: np.ndarray
    scale: str
    missing: int
    unknown: dict[str, int]


def plain(label: object) -> str:
    """The label without case, accents, underscores and outer blanks.

    >>> plain(" Très_Négatif ")
    'tres negatif'
    """
    letters = unicodedata.normalize("NFKD", str(label)).casefold()
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter) and letter != "\ufe0f")
    return " ".join(kept.replace("_", " ").split()).strip("'\"[]().")


def polarity(label: object) -> int:
    """The class of a word, or UNKNOWN.

    >>> [polarity(word) for word in ("NEG", "sehr positiv", "neutro", "банан")]
    [0, 2, 1, -1]
    """
    word = DEGREES.sub("", plain(label))
    if word in PHRASES:
        return PHRASES[word]
    known = [
        word in {plain(each) for each in words.split()} or word.startswith(tuple(map(plain, stems)))
        for words, stems in zip(WORDS, STEMS, strict=True)
    ]
    return known.index(True) if sum(known) == 1 else UNKNOWN


def read_labels(values: Iterable[object]) -> Read:
    """Words, stars 1-5, scores 0-10, or -1/0/1, told apart by what is there. Cells without a value are missing."""
    cells = ["" if _is_missing(value) else plain(value) for value in values]
    told = Counter(cell for cell in cells if cell)
    numbers = {cell: number for cell in told if (number := _number(cell)) is not None}
    meaning, scale = _meaning(numbers) if len(numbers) > len(told) / 2 else ({}, "words")
    meaning |= {cell: polarity(cell) for cell in told if cell not in meaning}
    unknown = {cell: count for cell, count in told.most_common() if meaning[cell] == UNKNOWN}
    classes = np.array([meaning[cell] if cell else UNKNOWN for cell in cells], dtype=np.int8)
    return Read(classes, scale, cells.count(""), unknown)


def _is_missing(value: object) -> bool:
    return value is None or str(value).strip().lower() in {"", "nan", "nat", "<na>", "n/a", "null"}


def _number(cell: str) -> float | None:
    """The number in "4", "4/5", "4 stars" or "★★★★☆"; None for words."""
    if cell and set(cell) <= {"★", "☆", "⭐"}:
        return float(sum(letter != "☆" for letter in cell))
    found = re.fullmatch(r"-1(?:\.0)?", cell) or STARS.match(cell)
    return float(found[0] if cell.startswith("-") else found[1].replace(",", ".")) if found else None


def _meaning(numbers: dict[str, float]) -> tuple[dict[str, int], str]:
    """What each number stands for, by the range that all of them span."""
    low, high = min(numbers.values()), max(numbers.values())
    of_ten = any(cell.endswith("10") and number < 10 for cell, number in numbers.items())
    if low < 0 or high <= 1:
        return {cell: _sign(number, low) for cell, number in numbers.items()}, "-1/0/1" if low < 0 else "0/1"
    if high <= 5 and low >= 1 and not of_ten:
        return {cell: _cut(number, 2.5, 3.5) for cell, number in numbers.items()}, "stars 1-5 (3 is neutral)"
    if 5 < high <= 10 or of_ten:
        return {cell: _cut(number, 5, 7) for cell, number in numbers.items()}, "scores 0-10 (5 and 6 are neutral)"
    return dict.fromkeys(numbers, UNKNOWN), "numbers"


def _sign(number: float, low: float) -> int:
    if low < 0:
        return NEGATIVE if number < 0 else POSITIVE if number > 0 else NEUTRAL
    return POSITIVE if number > 0 else NEGATIVE


def _cut(number: float, neutral: float, positive: float) -> int:
    return NEGATIVE if number < neutral else NEUTRAL if number < positive else POSITIVE

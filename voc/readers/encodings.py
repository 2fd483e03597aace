"""Which encoding a file is in, and its text whatever is wrong with it.

Never fails: a byte that the encoding does not know is read as Windows-1252, the usual culprit. A few accented letters
of the DOS code page 850 within Windows-1252 (tools that converted only half of them leave such files) are put right.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

SAMPLE: Final = 2**20
"""Bytes that decide between legacy encodings; UTF-8 is judged on the whole file."""
NULLS: Final = 0.05
"""Share of null bytes from which a file without a byte order mark is UTF-16: Cyrillic text has about 0.1 (spaces and
line ends), Latin text 0.5, a damaged UTF-8 file far less. Guarded by `test_encodings`."""
STRAY: Final = 0.3
"""Share of a DOS byte's occurrences that must stand between letters before it is one: opening quotes and dashes of
Windows-1252 stand at word edges. Lower repairs more and risks real dashes; guarded by `test_stray_dos_bytes`."""
STRAY_DASH: Final = 0.6
"""The same for dashes and double quotes, which some people put between letters without spaces: they count only in a
file that has other stray bytes, and from this share."""
FIT: Final = 0.6
"""Share of the letters beyond ASCII that the alphabet of one language must cover; below it the file is left to
charset-normalizer. Guarded by `test_encodings`."""

ALPHABETS: Final = (
    ("cp1252", "àâæçéèêëîïôœùûüÿ"),  # French
    ("cp1252", "äöüß"),  # German
    ("cp1252", "áéíóúñü¿¡"),  # Spanish
    ("cp1252", "àèéìíòóù"),  # Italian
    ("cp1252", "áâãàçéêíóôõúü"),  # Portuguese
    ("cp1252", "åäöéæøü"),  # Nordic
    ("cp1252", "éëïöüèáó"),  # Dutch, English
    ("cp1250", "ąćęłńóśźż"),  # Polish
    ("cp1250", "áčďéěíňóřšťúůýžäľĺôŕ"),  # Czech, Slovak
    ("cp1250", "áéíóöőúüű"),  # Hungarian
    ("cp1250", "ăâîşţșț"),  # Romanian
    ("cp1257", "ąčęėįšųūž"),  # Lithuanian
    ("cp1257", "āčēģīķļņōŗšūž"),  # Latvian
    ("cp1257", "äöüõšž"),  # Estonian
    ("cp1251", "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ"),
    ("koi8-r", "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    ("cp1253", "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώςϊϋ"),
    ("cp1254", "çğıöşüâîû"),
    ("mac-roman", "àâçéèêëîïôùûüäöüßáíóúñìòåøæ"),
    ("cp850", "àâçéèêëîïôùûüäöüßáíóúñìòåøæ"),
)
"""Code pages and the letters that texts of a language have beyond ASCII; the first of equals wins.
Punctuation counts for each."""


KANA: Final = "[\u3041-\u30fe]"
HANGUL: Final = "[\uac00-\ud7a3]"
EAST_ASIAN: Final = 0.4
"""Share of such letters from which a text is Japanese (about 0.6, and 0.1 where Korean is misread) or Korean (0.9)."""
PUNCTUATION: Final = "‘’‚“”„«»‹›–—…•·°€‰™©®№\u00a0"
FIT_OTHER: Final = 0.8
"""The same for scripts that have no ASCII letters: any byte is a letter there, so Japanese comes near FIT."""
OTHER_SCRIPTS: Final = frozenset({"cp1251", "koi8-r", "cp1253"})
LATIN: Final = 0.3
"""Share of the bytes beyond ASCII with an ASCII letter beside them, from which the script is Latin: 0.8 and more in
French or Polish, near 0 in Russian or Greek, whose words have no ASCII letters. Guarded by `test_encodings`."""


def _windows(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 as Windows-1252; a sequence cut off at the end of the file as a replacement character."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.reason == "unexpected end of data":
        return "\ufffd", error.end
    return "".join(map(_western, error.object[error.start : error.end])), error.end


def _western(byte: int) -> str:
    """A byte in Windows-1252; the five it lacks are control characters, as web browsers have it."""
    return bytes([byte]).decode("cp1252", "ignore") or chr(byte)


codecs.register_error("voc-windows", _windows)

DOS: Final = {
    _western(byte): bytes([byte]).decode("cp850")
    for byte in range(0x80, 0xA0)
    if bytes([byte]).decode("cp850").isalpha() and byte not in (0x80, 0x85, 0x91, 0x92, 0x95, 0x97)
}
"""Characters that Windows-1252 makes of the accented letters of code page 850. Left out: the euro sign, ellipsis,
single quotes, bullet and long dash, which stand between letters in good files too."""


@dataclass(frozen=True)
class Encoding:
    """An encoding by its Python name, the bytes of its mark, and stray characters with the letters they stand for."""

    name: str
    mark: int = 0
    strays: dict[str, str] = field(default_factory=dict)
    mixed: bool = False

    @property
    def label(self) -> str:
        """Its name as people say it."""
        known = {"utf-8": "UTF-8", "cp1252": "Windows-1252", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE"}
        return known.get(self.name, self.name) + (" with byte order mark" if self.mark else "")


def decode(blocks: Iterable[bytes], encoding: Encoding) -> Iterator[str]:
    """The text of a file, block by block; null characters are left out."""
    errors = "replace" if encoding.name.startswith("utf-16") or encoding.name.startswith("utf-32") else "voc-windows"
    decoder = codecs.getincrementaldecoder(encoding.name)(errors)
    skip = encoding.mark
    for block in blocks:
        yield _put_right(decoder.decode(block[skip:]), encoding.strays)
        skip = max(0, skip - len(block))
    yield _put_right(decoder.decode(b"", final=True), encoding.strays)


def _put_right(text: str, strays: dict[str, str]) -> str:
    for wrong, right in {"\x00": "", **strays}.items():
        text = text.replace(wrong, right)
    return text


def detect(blocks: Iterable[bytes]) -> Encoding:
    """The encoding of a file in blocks: its mark, else UTF-16 by its nulls, else UTF-8, else a legacy code page."""
    coming = iter(blocks)
    sample = _first(coming, SAMPLE)
    marked = _by_mark(sample) or _by_nulls(sample)
    if marked:
        return marked
    if _is_utf8(_chain(sample, coming)):
        return Encoding("utf-8")
    good, bad = _utf8_balance(sample)
    if good >= bad:
        return Encoding("utf-8", mixed=True)
    return _legacy(sample)


def _first(blocks: Iterator[bytes], size: int) -> bytes:
    taken = b""
    while len(taken) < size and (block := next(blocks, b"")):
        taken += block
    return taken


def _chain(sample: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield sample
    yield from rest


def _by_mark(sample: bytes) -> Encoding | None:
    """By its byte order mark; a UTF-16 mark before text without a single null is a mistake and only skipped."""
    if sample.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8", len(codecs.BOM_UTF8), mixed=not _is_utf8([sample], whole=False))
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if sample.startswith(mark):
            body = sample[len(mark) : 4096]
            return Encoding(name if b"\x00" in body or not body else "utf-8", len(mark))
    return None


def _by_nulls(sample: bytes) -> Encoding | None:
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if even + odd < NULLS * len(sample) or max(even, odd) < 10 * min(even, odd):
        return None
    return Encoding("utf-16-le" if odd > even else "utf-16-be")


def _is_utf8(blocks: Iterable[bytes], *, whole: bool = True) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks:
            decoder.decode(block)
        decoder.decode(b"", final=whole)
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def _utf8_balance(sample: bytes) -> tuple[int, int]:
    """How many characters beyond ASCII are good UTF-8, and how many bytes are not."""
    text = sample.decode("utf-8", "surrogateescape")
    bad = len(re.findall("[\udc80-\udcff]", text))
    return len(re.findall(r"[^\x00-\x7f]", text)) - bad, bad


def _legacy(sample: bytes) -> Encoding:
    """The code page under which most letters beyond ASCII belong to one language."""
    beyond = sample.translate(None, bytes(range(0x80)))
    beside_latin = len(re.findall(rb"(?<=[A-Za-z])[\x80-\xff]|[\x80-\xff](?=[A-Za-z])", sample)) / max(len(beyond), 1)
    fits = [
        (_fit(beyond, name, letters), -place, name)
        for place, (name, letters) in enumerate(ALPHABETS)
        if (name in OTHER_SCRIPTS) == (beside_latin < LATIN)
    ]
    fit, _, name = max(fits)
    if fit < (FIT_OTHER if name in OTHER_SCRIPTS else FIT):
        name = _by_kana_and_hangul(sample) or _by_statistics(sample) or "cp1252"
    return Encoding(name, strays=_strays(sample) if name == "cp1252" else {})


def _fit(beyond: bytes, name: str, letters: str) -> float:
    """Share of the bytes that are letters of the alphabet; capitals count half, since they are rare inside words."""
    text = beyond.decode(name, "replace")
    alphabet = {*letters, *PUNCTUATION}
    return sum(1.0 if c in alphabet else 0.5 if c.lower() in alphabet else 0.0 for c in text) / max(len(text), 1)


def _by_kana_and_hangul(sample: bytes) -> str | None:
    """Japanese and Korean by the letters that no other reading of the bytes has so many of."""
    for name, letters in (("cp932", KANA), ("euc_jp", KANA), ("cp949", HANGUL)):
        text = sample.decode(name, "ignore")
        if len(re.findall(letters, text)) >= EAST_ASIAN * len(re.findall(r"[^\x00-\x7f]", text)):
            return name
    return None


def _by_statistics(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(sample[: 2**16]).best()
    return best.encoding if best and best.encoding not in ("ascii", "utf_8") else None


def _strays(sample: bytes) -> dict[str, str]:
    """Characters of code page 850 that lie about in Windows-1252 text, with the letters meant."""
    text = sample.decode("cp1252", "voc-windows")
    inside = {wrong: _inside(text, wrong) for wrong in DOS}
    sure = {wrong for wrong, share in inside.items() if share >= STRAY and wrong not in "–“”"}
    likely = {wrong for wrong, share in inside.items() if share >= STRAY_DASH or wrong == "\x90"} if sure else set()
    return {wrong: DOS[wrong] for wrong in sorted(sure | likely) if wrong in text}


def _inside(text: str, wrong: str) -> float:
    """Share of a character's occurrences that stand within lower-case words, where only a letter can stand."""
    total = text.count(wrong)
    within = len(re.findall(rf"(?<=[a-zà-ÿ]){re.escape(wrong)}(?=[a-zà-ÿ])", text)) if total else 0
    return within / max(total, 1) if wrong == "ƒ" or not wrong.islower() else 0.0

"""Personal data masked before anything is written: in the comments, in every other column, and in the ids.

Masks are typed placeholders such as `[EMAIL]`, so that a sentence keeps its sense; ids of people become pseudonyms, so
that one customer stays one customer. What is personal is told by `personal`; this module knows the table. It does not
anonymise: a customer who tells a story only he can tell is still there.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from voc.config import PrivacyConfig
from voc.countries import country_of
from voc.names import NameFinder, name_finder
from voc.personal import KINDS, LOOK, Span, find, masked
from voc.tables import FEEDBACK
from voc.telephones import LANGUAGE_REGIONS

PSEUDONYMS = {"customer_id": "customer", "agent": "agent", "feedback_id": "id", "response_id": "id", "suspect": "id"}
"""Columns whose values must stay apart from one another, and the word that their pseudonyms begin with."""
PEOPLE = frozenset({"customer", "agent"})
TELLING_ID = r"@|＠|://|(?i:www\.)|\s|::|(?:\p{Nd}\P{Nd}*){6}"
"""What the id of a person has at least where it is a name, an address or a number of theirs: C12345 is none of them."""
UNTOUCHED = frozenset(
    {
        "source", "channel", "skip", "lang", "label", "csat_scale", "ces_scale", "rating_scale", "masked",
    }
)  # fmt: skip
"""Columns that voc writes or that hold names of files and systems."""
MASKED = "masked"
PSEUDONYM = "PSEUDONYM"
ONLY_PERSONAL = "only personal data"
NAME_HEADERS = frozenset(
    {
        "first name", "last name", "full name", "surname", "family name", "given name", "firstname", "lastname",
        "recipientfirstname", "recipientlastname", "recipient first name", "recipient last name", "customer name",
        "contact name", "client name", "requester", "requester name", "author", "author name", "reviewer",
        "reviewer name", "reviewer nickname", "user name", "username", "consumer username", "nickname",
        "respondent name", "customer full name", "vorname", "nachname", "kundenname", "prénom", "nom",
        "nom de famille", "nom du client", "nombre", "apellido", "apellidos", "nome completo", "sobrenome", "cognome",
        "voornaam", "achternaam", "imię", "nazwisko", "imię i nazwisko", "vardas", "pavardė", "vārds", "uzvārds",
        "eesnimi", "perekonnanimi", "etunimi", "sukunimi", "förnamn", "efternamn", "fornavn", "etternavn",
        "efternavn", "jméno", "příjmení", "имя", "фамилия", "фио", "keresztnév", "vezetéknév", "ad soyad", "prenume",
        "nume", "street", "street address", "address", "postal address", "adresse", "anschrift", "date of birth",
        "birth date", "birthday", "dob", "geburtsdatum",
    }
)  # fmt: skip
"""Columns that hold nothing but people's names, addresses or birthdays, whatever stands in their cells."""
REGION_HEADERS = frozenset(
    {
        "country", "country code", "countrycode", "land", "pays", "país", "pais", "paese", "kraj", "šalis", "valsts",
        "riik", "maa", "země", "страна", "країна", "ülke", "χώρα", "market", "country/region", "customer country",
        "reviewer country", "ip country", "location country",
    }
)  # fmt: skip
LANGUAGE_HEADERS = frozenset(
    {
        "language", "locale", "userlanguage", "user language", "lang", "sprache", "langue", "idioma", "lingua",
        "reviewer language",
    }
)  # fmt: skip
PERSON = re.compile(r"[^\W\d_][^\W\d_.'’-]*\.?(?:[ '’-]{1,2}[^\W\d_.'’-]*[^\W\d_]\.?){1,4}")
"""A customer id that is a name: words alone. Codes have digits or no space."""
WORD = re.compile(r"[^\W\d_]")
HIDDEN = re.compile("[&\u00ad\u200b-\u200f\u2060\ufeff]|=\n|[\uff01-\uff5e]|</?[A-Za-z]")
"""What can hide an address from view in a raw text: entities, invisible characters, full-width letters, tags."""
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]|=\n|</?[a-z][^<>]*>", re.IGNORECASE)
DIGEST = 12
"""Hex digits of a pseudonym: two of a million customers share one in 500 files."""

Masker = Callable[[str, tuple[str, ...], str], tuple[str, list[str]]]


def mask_personal_data(feedback: pd.DataFrame, config: PrivacyConfig) -> pd.DataFrame:
    """`feedback` with personal data masked in every column that is written, `masked` saying which kinds a row had.

    A row whose text is nothing but personal data is skipped. With `config.keep` all stays as it is and `masked` is
    empty. Raises MissingExtra where names are asked for and Presidio is not installed.
    """
    feedback = FEEDBACK.check(feedback)
    kinds: list[list[str]] = [[] for _ in range(len(feedback))]
    if not config.keep and len(feedback):
        regions = _regions(feedback, config.region)
        langs = feedback["lang"].fillna("und").tolist() if "lang" in feedback else ["und"] * len(feedback)
        masker = _masker(name_finder() if config.names else None)
        feedback = _comments(feedback, masker, regions, langs, kinds, names=config.names)
        for name in feedback.columns:
            if name not in {"text", "clean_text", *UNTOUCHED}:
                feedback[name] = _column(feedback[name], config, masker, regions, kinds)
    joined = [" ".join(sorted(each, key=_rank)).lower() or None for each in kinds]
    return FEEDBACK.add(feedback, masked=joined)


def count_masked(feedback: pd.DataFrame) -> dict[str, int]:
    """How many pieces of personal data were masked, by kind, in the order of the kinds.

    >>> count_masked(pd.DataFrame({"masked": ["email phone", None, "email"]}))
    {'EMAIL': 2, 'PHONE': 1}
    """
    found = Counter(kind.upper() for cell in feedback[MASKED].dropna() for kind in cell.split())
    return {kind: found[kind] for kind in sorted(found, key=_rank)}


def mask_text(text: str) -> str:
    """One text on its own, for notes that quote a file.

    >>> mask_text("line 7: jo@example.org;5")
    'line 7: [EMAIL];5'
    """
    return masked(text, find(text))


def _rank(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def _masker(names: NameFinder | None) -> Masker:
    """Masks one text, given its regions and language; the same text again costs nothing."""

    @lru_cache(maxsize=4096)
    def mask(text: str, regions: tuple[str, ...], lang: str) -> tuple[str, list[str]]:
        spans = find(text, regions)
        if names is not None:
            taken = spans
            spans = [*spans, *(Span(*at, "NAME") for at in names(text, lang) if _free(at, taken))]
        return (masked(text, spans), [span.kind for span in sorted(spans)]) if spans else (text, [])

    return mask


def _free(at: tuple[int, int], spans: Sequence[Span]) -> bool:
    return all(at[1] <= span.start or at[0] >= span.end for span in spans)


def _comments(
    feedback: pd.DataFrame,
    masker: Masker,
    regions: list[tuple[str, ...]],
    langs: list[str],
    kinds: list[list[str]],
    *,
    names: bool,
) -> pd.DataFrame:
    """`text` and `clean_text` masked, each for itself; a row that has nothing left is skipped."""
    raw = feedback["text"].fillna("")
    read = feedback["clean_text"].fillna("") if "clean_text" in feedback else raw
    looked = np.arange(len(feedback)) if names else np.flatnonzero(_may_tell(raw, read))
    texts, cleans = raw.tolist(), read.tolist()
    originals, readables, emptied = dict[int, str](), dict[int, str](), list[int]()
    for place in looked.tolist():
        text, clean = texts[place], cleans[place]
        readable, found = masker(clean, regions[place], langs[place])
        original, hidden = _original(text, (readable, found), masker, regions[place], langs[place])
        kinds[place] += found if len(found) > len(hidden) else hidden
        originals |= {place: original} if hidden else {}
        readables |= {place: readable} if found else {}
        emptied += [place] if found and not WORD.search(re.sub(r"\[[A-Z]+\]", "", readable)) else []
    feedback = FEEDBACK.add(feedback, text=_put(feedback["text"], originals))
    if "clean_text" in feedback:
        feedback = FEEDBACK.add(feedback, clean_text=_put(read, readables))
    given = feedback["skip"] if "skip" in feedback else pd.Series(pd.NA, index=feedback.index, dtype="string")
    return FEEDBACK.add(feedback, skip=given.fillna(_put(given, dict.fromkeys(emptied, ONLY_PERSONAL))))


def _put(values: pd.Series, changed: Mapping[int, str]) -> pd.Series:
    """`values` with other cells at some places."""
    values = values.copy()
    values.iloc[list(changed)] = list(changed.values())
    return values


def _original(
    text: str, read: tuple[str, list[str]], masker: Masker, regions: tuple[str, ...], lang: str
) -> tuple[str, list[str]]:
    """The original masked. Where markup hides something from view, what was read replaces it: safe before faithful."""
    original, seen = masker(text, regions, lang)
    if HIDDEN.search(text):
        plain, more = masker(_plain(text), regions, lang)
        if len(more) > len(seen):
            original, seen = plain, more
    missing = Counter(read[1]) - Counter(seen)
    return read if missing else (original, seen)


def _may_tell(raw: pd.Series, read: pd.Series) -> npt.NDArray[np.bool_]:
    """Whether a comment may hold something personal: in sight, or in its original behind markup."""
    told = read.str.contains(LOOK).to_numpy(dtype=bool)
    other = np.flatnonzero(raw.ne(read).to_numpy(dtype=bool))
    told[other] |= raw.iloc[other].str.contains(f"{LOOK}|{HIDDEN.pattern}").to_numpy(dtype=bool)
    return told


def _plain(text: str) -> str:
    """A raw text without what hides letters from view."""
    return unicodedata.normalize("NFKC", INVISIBLE.sub("", html.unescape(html.unescape(text))))


def _column(
    values: pd.Series, config: PrivacyConfig, masker: Masker, regions: list[tuple[str, ...]], kinds: list[list[str]]
) -> pd.Series:
    """Any other column masked: ids by pseudonyms, the rest by placeholders. Numbers count only under a header that
    says that they are a telephone or an account."""
    name = str(values.name)
    if name in PSEUDONYMS:
        return _pseudonyms(values, config.salt, regions, kinds)
    if name in FEEDBACK.columns and FEEDBACK.columns[name].dtype != "string":
        return values
    header = _header(name)
    textual = pd.api.types.is_string_dtype(values.dtype) or values.dtype == object
    if not textual and not (pd.api.types.is_numeric_dtype(values.dtype) and _announced(header)):
        return values
    changed: dict[int, str] = {}
    for place, cell in _telling(_written(values), header):
        hidden, found = _cell(cell, header, masker, regions[place])
        if found:
            changed[place] = hidden
            kinds[place] += found
    return _replaced(values, changed) if changed else values


def _written(values: pd.Series) -> list[object]:
    """The cells as text; whole numbers without the point that a missing neighbour gives them."""
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return values.tolist()
    return values.astype("string").str.replace(r"\.0$", "", regex=True).tolist()


def _telling(cells: list[object], header: str) -> Iterator[tuple[int, str]]:
    """The cells that may hold something personal under this header, with their places."""
    texts = pd.Series([cell if isinstance(cell, str) else None for cell in cells], dtype="string")
    if header in NAME_HEADERS:
        telling = texts.str.contains(r"\S")
    else:
        telling = texts.str.contains(LOOK if not re.search(r"\d", header) else rf"{LOOK}|\p{{Nd}}")
    for place in np.flatnonzero(telling.fillna(value=False).to_numpy(dtype=bool)).tolist():
        yield place, texts.iat[place]


def _replaced(values: pd.Series, changed: Mapping[int, str]) -> pd.Series:
    cells = _written(values)
    for place, cell in changed.items():
        cells[place] = cell
    kept = values.dtype == object
    return pd.Series(cells, index=values.index, dtype=object if kept else "string", name=values.name)


@lru_cache(maxsize=1024)
def _announced(header: str) -> bool:
    """Whether the header alone says that a bare number under it is personal."""
    return bool(find(f"{header}: 48213377"))


def _cell(cell: str, header: str, masker: Masker, regions: tuple[str, ...]) -> tuple[str, list[str]]:
    """One cell; short ones are read with their header before them, as a form is."""
    if header in NAME_HEADERS:
        return "[NAME]", ["NAME"]
    hidden, found = masker(cell, regions, "und")
    if found or len(cell) > 60 or not any(map(str.isdigit, cell)):
        return hidden, found
    led = f"{header}: "
    spans = [span for span in find(led + cell, regions) if span.start >= len(led)]
    spans = [Span(span.start - len(led), span.end - len(led), span.kind) for span in spans]
    return masked(cell, spans), [span.kind for span in spans]


def _pseudonyms(values: pd.Series, salt: str, regions: list[tuple[str, ...]], kinds: list[list[str]]) -> pd.Series:
    """Ids that are an address, a telephone or a name replaced by pseudonyms; other ids stay."""
    name, written = str(values.name), values.astype("string")
    telling = written.str.contains(TELLING_ID if PSEUDONYMS[name] in PEOPLE else r"@|://").fillna(value=False)
    made, known = written.tolist(), dict[str, str]()
    for place in np.flatnonzero(telling.to_numpy(dtype=bool)).tolist():
        cell = made[place]
        if cell not in known:
            known[cell] = _pseudonym(name, cell, salt, regions[place])
        made[place] = known[cell]
        kinds[place] += [PSEUDONYM] if known[cell] != cell and name != "suspect" else []
    return pd.Series(made, index=values.index, dtype="string")


def _pseudonym(name: str, cell: str, salt: str, regions: tuple[str, ...]) -> str:
    """The id with what is personal in it replaced.

    >>> _pseudonym("customer_id", "Jo@Example.org", "", ()) == _pseudonym("customer_id", "jo@example.org", "", ())
    True
    """
    role = PSEUDONYMS[name]
    person = role in PEOPLE
    if person and PERSON.fullmatch(cell.strip()):
        return f"{role}-{_digest(cell.strip().casefold(), salt)}"
    if not person and "@" not in cell and "://" not in cell:
        return cell  # the id of a comment may be any number
    spans = [span for span in find(cell, regions) if person or span.kind in {"EMAIL", "URL"}]
    for start, end, _ in reversed(spans):
        # Ids of comments must stay unique, and case may be all that tells two of them apart.
        told = cell[start:end].casefold() if person else cell[start:end]
        cell = f"{cell[:start]}{role}-{_digest(told, salt)}{cell[end:]}"
    return cell


def _digest(personal: str, salt: str) -> str:
    """HMAC-SHA-256: with a secret salt nobody can try out addresses; without one the pseudonym only hides from view."""
    return hmac.new(salt.encode(), personal.encode(), hashlib.sha256).hexdigest()[:DIGEST]


def _regions(feedback: pd.DataFrame, default: str | None) -> list[tuple[str, ...]]:
    """Per row the countries that its numbers may be of, likeliest first: as set, the row's country, its language's."""
    if default:
        return [(default.upper(),)] * len(feedback)
    countries = [
        _countries(feedback[name]) for name in feedback.columns if _header(name) in REGION_HEADERS | LANGUAGE_HEADERS
    ]
    langs = feedback["lang"].fillna("und") if "lang" in feedback else pd.Series("und", index=feedback.index)
    counts = langs[~langs.eq("und")].value_counts()
    usual = min(counts.index, key=lambda lang: (-counts[lang], lang)) if len(counts) else "und"
    told = list(zip(langs.tolist(), *countries, strict=True))
    known = {each: _likeliest(usual if each[0] == "und" else each[0], each[1:]) for each in set(told)}
    return [known[each] for each in told]


def _likeliest(lang: str, countries: Sequence[str]) -> tuple[str, ...]:
    """The countries that a row tells of, or where none is told, those that speak its language."""
    told = tuple(dict.fromkeys(filter(None, countries)))
    return told or tuple(LANGUAGE_REGIONS.get(lang, "").split())


def _header(name: object) -> str:
    return " ".join(re.split(r"[\s_]+", str(name).strip().casefold()))


def _countries(values: pd.Series) -> list[str]:
    known = {cell: country_of(cell) for cell in values.astype("string").dropna().unique()}
    return [known.get(cell, "") for cell in values.astype("string").fillna("").tolist()]

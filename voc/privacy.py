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
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import pandas as pd

from voc.config import PrivacyConfig
from voc.countries import country_of
from voc.names import NameFinder, name_finder
from voc.personal import KINDS, Span, find, masked, worth_a_look
from voc.tables import FEEDBACK
from voc.telephones import LANGUAGE_REGIONS

PSEUDONYMS = {"customer_id": "customer", "agent": "agent", "feedback_id": "id", "response_id": "id", "suspect": "id"}
"""Columns whose values must stay apart from one another, and the word that their pseudonyms begin with."""
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
HIDDEN = re.compile("[&\u00ad\u200b-\u200f\u2060\ufeff]|=\n|[\uff01-\uff5e]|</?[a-z]", re.IGNORECASE)
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
    raw = feedback["text"].fillna("").tolist()
    clean = feedback["clean_text"].fillna("").tolist() if "clean_text" in feedback else raw
    originals, readables, emptied = [], [], []
    plain = not names
    for place, (text, read) in enumerate(zip(raw, clean, strict=True)):
        if plain and not worth_a_look(read) and (text is read or text == read or not _hides(text)):
            originals.append(text)
            readables.append(read)
            emptied.append(False)
            continue
        readable, found = masker(read, regions[place], langs[place])
        original, hidden = _original(text, (readable, found), masker, regions[place], langs[place])
        kinds[place] += found if len(found) > len(hidden) else hidden
        originals.append(original)
        readables.append(readable)
        emptied.append(bool(found) and not WORD.search(re.sub(r"\[[A-Z]+\]", "", readable)))
    feedback = FEEDBACK.add(
        feedback, text=pd.Series(originals, index=feedback.index, dtype="string").where(feedback["text"].notna())
    )
    if "clean_text" in feedback:
        feedback = FEEDBACK.add(feedback, clean_text=readables)
    given = feedback["skip"] if "skip" in feedback else pd.Series(pd.NA, index=feedback.index, dtype="string")
    reasons = pd.Series([ONLY_PERSONAL if each else pd.NA for each in emptied], index=feedback.index, dtype="string")
    return FEEDBACK.add(feedback, skip=given.fillna(reasons))


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


def _hides(text: str) -> bool:
    """Whether an original may hold something personal, in sight or behind markup."""
    return worth_a_look(text) or HIDDEN.search(text) is not None


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
    for place, cell in enumerate(_written(values)):
        if isinstance(cell, str) and cell.strip():
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
    name = str(values.name)
    made: list[str | None] = []
    known: dict[str, str] = {}
    for place, cell in enumerate(values.astype("string").tolist()):
        if not isinstance(cell, str):
            made.append(None)
            continue
        if cell not in known:
            known[cell] = _pseudonym(name, cell, salt, regions[place])
        made.append(known[cell])
        kinds[place] += [PSEUDONYM] if known[cell] != cell and name != "suspect" else []
    return pd.Series(made, index=values.index, dtype="string")


def _pseudonym(name: str, cell: str, salt: str, regions: tuple[str, ...]) -> str:
    """The id with what is personal in it replaced.

    >>> _pseudonym("customer_id", "Jo@Example.org", "", ()) == _pseudonym("customer_id", "jo@example.org", "", ())
    True
    """
    role = PSEUDONYMS[name]
    person = role in {"customer", "agent"}
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
    found = []
    for place, lang in enumerate(langs.tolist()):
        told = [column[place] for column in countries if column[place]]
        spoken = LANGUAGE_REGIONS.get(usual if lang == "und" else lang, "").split()
        found.append(tuple(dict.fromkeys([*told, *([] if told else spoken)])))
    return found


def _header(name: object) -> str:
    return " ".join(re.split(r"[\s_]+", str(name).strip().casefold()))


def _countries(values: pd.Series) -> list[str]:
    known = {cell: country_of(cell) for cell in values.astype("string").dropna().unique()}
    return [known.get(cell, "") for cell in values.astype("string").fillna("").tolist()]

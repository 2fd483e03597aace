"""Survey tools whose tables have header rows of their own: Qualtrics, SurveyMonkey, Typeform.

| source | in the file | becomes |
|---|---|---|
| Qualtrics | second header row (the question) | the column's name, and `question` of each answer |
| | `ImportId` ending in `_TEXT` in the third row | `text`, one row per answer |
| | `ResponseId`, `RecordedDate` in the zone of the third row | `response_id`, `created_at` |
| | `Status` Survey Preview, Survey Test, Spam | `skip` |
| SurveyMonkey | blank header, second row (`Open-Ended Response`, options) | question and option; open ones `text` |
| | `Respondent ID`, `End Date` | `response_id`, `created_at` |
| Typeform | `#` or `Token`, `Submit Date (UTC)` | `response_id`, `created_at` |

Scores are found among the questions as in any table. Nothing is dropped: previews are marked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final

import pandas as pd

from voc.config import ReadConfig
from voc.errors import InputError
from voc.readers import texts
from voc.readers.cells import json_object, text_of, unique_names
from voc.readers.fingerprints import has, headers_of, plain, read_table
from voc.readers.formats import Head, reader
from voc.readers.headers import EXACT, match, normalise
from voc.readers.profile import Profile
from voc.readers.recognition import MARKS, SKIP, note
from voc.readers.sheets import first_cells, is_workbook
from voc.readers.tabular import open_table
from voc.tables import Note

IMPORT_ID: Final = re.compile(r'\{\s*"ImportId"\s*:')
OPEN_ID: Final = re.compile(r"QID\d\w*_TEXT\b")
"""The id of a text that the respondent typed, also the text of an option such as Other."""
QUALTRICS_DATES: Final = ("StartDate", "EndDate", "RecordedDate")
LEGACY: Final = ("response id", "response set", "start date", "end date", "finished", "status", "ip address")
STATUS: Final = {
    "survey preview": "survey preview", "1": "survey preview", "17": "survey preview", "9": "survey preview",
    "offline survey preview": "survey preview", "survey test": "survey test", "2": "survey test",
    "spam": "marked as spam by the survey tool", "8": "marked as spam by the survey tool",
    "possible spam": "marked as spam by the survey tool",
}  # fmt: skip
"""Qualtrics' `Status`, in words or as the codes of a numeric export -> why the response is not to be analysed."""
RESPONDENT: Final = (
    "respondent id", "id du repondant", "id de repondant", "befragten id", "id de encuestado", "id del encuestado",
    "id do respondente", "id respondente", "respondent id nummer", "id rispondente", "respondent", "回答者 id",
)  # fmt: skip
COLLECTOR: Final = (
    "collector id", "id du collecteur", "collecteur id", "id de recopilador", "id del recopilador", "id do coletor",
    "id collettore", "collector", "collectorid", "コレクター id",
)  # fmt: skip
CHOSEN: Final = (
    "response", "reponse", "antwort", "respuesta", "resposta", "risposta", "antwoord", "reactie", "回答", "svar",
)  # fmt: skip
"""SurveyMonkey's second header row where a question has one column of choices."""
OPEN: Final = (
    "open ended response", "reponse ouverte", "antwort mit offenem ende", "offene antwort", "respuesta abierta",
    "resposta aberta", "risposta aperta", "open antwoord", "自由回答", "oppet svar",
)  # fmt: skip
OTHER: Final = (
    "other please specify", "autre veuillez preciser", "sonstiges bitte angeben", "andere bitte angeben",
    "otro especifique", "otro por favor especifique", "outro especifique", "altro specificare", "anders geef nadere",
    "overig geef nadere toelichting", "その他 具体的に記入してください", "annat ange", "comments", "commentaires",
)  # fmt: skip
NOT_WORDS: Final = re.compile(
    r"(?i)\be-?mail|\b(tele)?phone|\bzip\b|\bpostal|\bpost ?code|\bname\b|\bnom\b|\bnombre\b|plz|telefon|adres"
)
"""Questions whose typed answers are no feedback. Guarded by `test_typed_contact_details_are_no_feedback`."""


@lru_cache(maxsize=8)
def _rows(head: Head) -> tuple[tuple[str, ...], ...]:
    """The header and the two rows below it, of a delimited file or a workbook, as far as there are any."""
    if is_workbook(head):
        return _sheet_rows(head)
    if head.is_binary or head.text.lstrip()[:1] in ("", "{", "[", "<"):
        return ()
    try:
        table = open_table(lambda: iter([head.start]))
        return (table.header, *(tuple(record.cells) for record in islice(table.records, 2)))
    except (InputError, ValueError, IndexError):
        return ()


def _sheet_rows(head: Head) -> tuple[tuple[str, ...], ...]:
    found = [tuple("" if cell is None else str(cell) for cell in row) for row in first_cells(head.path, 3)]
    return (unique_names(found[0]), *found[1:]) if found else ()


# ----------------------------------------------------------------------------------------------------------- Qualtrics


def looks_qualtrics(head: Head) -> bool:
    """A row of ImportIds, or the two header rows of older exports."""
    rows = _rows(head)
    return len(rows) > 1 and (_id_row(rows[1:]) is not None or _is_two_rows(rows[0], rows[1]))


def _id_row(rows: Sequence[Sequence[object]]) -> int | None:
    """Which of some rows has the ImportIds."""
    return next((n for n, row in enumerate(rows) if any(IMPORT_ID.match(str(cell)) for cell in row)), None)


def _is_two_rows(header: Sequence[str], labels: Sequence[str]) -> bool:
    """`V1, V2 …` over `ResponseID, ResponseSet …`, or names over their own labels ("Start Date") and questions."""
    known = [place for place, label in enumerate(labels) if normalise(label) in (*LEGACY, "response type")]
    coded = [place for place in known if re.fullmatch(r"V\d+", header[place])]
    named = {"StartDate", "EndDate", "ResponseId", "ResponseID"} & {header[place] for place in known}
    return len(coded) >= 4 or (len(named) >= 2 and len(known) >= 3)


@reader("qualtrics", sniff=looks_qualtrics, rank=10, suffixes=(".csv", ".tsv", ".tab"))
def read_qualtrics(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per response; columns named by their questions."""
    raw = read_table(path, options)
    names = [str(name) for name in raw.columns if name not in MARKS]
    top = [[_cell(cell) for cell in row] for row in raw[names].head(2).itertuples(index=False)]
    ids = _id_row(top)
    if not top or (ids is None and not _is_two_rows(names, top[0])):
        raise InputError(f"{path.name} has no header rows of Qualtrics: a row of questions, a row of ImportIds")
    labels = top[0] if ids != 0 else names
    about = [json_object(cell) for cell in top[ids]] if ids is not None else [{} for _ in names]
    n_above = 1 if ids is None else ids + 1
    notes = [*raw.attrs.get("notes", ()), note("Header rows of Qualtrics (questions, ids) were read as such", n_above)]
    columns = _question_names(names, labels, about)
    rows = raw.iloc[n_above:].reset_index(drop=True).rename(columns=dict(zip(names, columns, strict=True)))
    places = {_own_name(name, label): column for name, label, column in zip(names, labels, columns, strict=True)}
    rows[SKIP] = _skipped(rows, places)
    open_to = [c for c, each in zip(columns, about, strict=True) if OPEN_ID.search(str(each.get("ImportId", "")))]
    fields = {
        "feedback_id": ("ResponseId", "ResponseID"),
        "created_at": ("RecordedDate", "EndDate", "StartDate"),
        "customer_id": ("ExternalReference", "ExternalDataReference", "RecipientEmail", "EmailAddress", "Email"),
    }
    raw.attrs["notes"] = (*notes, *_zone_notes(about))
    return _told(rows, raw, places, fields, _typed(rows, open_to))


def _cell(cell: object) -> str:
    return "" if cell is None or cell is pd.NA or cell != cell else str(cell)  # noqa: PLR0124 - NaN


def _own_name(name: str, label: str) -> str:
    """Qualtrics' name of a column: `StartDate`, also where older files call it V8."""
    return "".join(label.split()) if re.fullmatch(r"V\d+", name) else name


def _question_names(names: list[str], labels: list[str], about: list[dict[str, str]]) -> tuple[str, ...]:
    """Columns by their question, the tool's own by their name with the time zone behind."""
    found = []
    for name, label, each in zip(names, labels, about, strict=True):
        own, zone = _own_name(name, label), each.get("timeZone", "")
        spaced = re.sub(r"<(?:br|p|div|li)\b[^>]{0,200}>|&nbsp;", " ", label)
        asked = " ".join(re.sub(r"<[^>]{0,200}>", "", spaced).split())
        is_question = bool(re.match(r"Q(ID)?\d", name, re.IGNORECASE)) or "QID" in str(each.get("ImportId", ""))
        if own in QUALTRICS_DATES:
            found.append(f"{own} ({zone})" if "/" in zone else own)
        elif is_question and asked:
            found.append(asked)
        else:
            found.append(own if re.fullmatch(r"V\d+", name) else name)
    return unique_names(found)


def _zone_notes(about: list[dict[str, str]]) -> list[Note]:
    zones = sorted({zone for each in about if (zone := each.get("timeZone"))})
    return [note(f"Dates are in the zone that the file names: {', '.join(zones)}")] if zones else []


def _skipped(rows: pd.DataFrame, places: dict[str, str]) -> pd.Series:
    """Why responses are not to be analysed: previews and tests of the survey's makers, spam."""
    column = places.get("Status")
    told = text_of(rows[column]).str.strip().str.casefold().map(STATUS, na_action="ignore") if column else None
    skip = pd.Series(pd.NA, index=rows.index, dtype="string") if told is None else told.astype("string")
    channel = places.get("DistributionChannel")
    if channel:
        is_preview = text_of(rows[channel]).str.casefold().eq("preview").fillna(value=False).astype(bool)
        skip = skip.mask(is_preview & skip.isna(), "survey preview")
    return skip


def _typed(rows: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Of the columns that respondents typed in, those that hold feedback: no contact details, numbers or dates."""
    profiles = [Profile(name, rows[name]) for name in columns if rows[name].notna().any()]
    verdicts = texts.judge(profiles)
    return [
        profile.name
        for profile, verdict in zip(profiles, verdicts, strict=True)
        if (verdict.is_text or not verdict.reason)
        and not profile.is_machine
        and not (profile.words < 4 and NOT_WORDS.search(profile.name) and match(profile.name, "text") < EXACT)
    ]


def _told(
    rows: pd.DataFrame,
    raw: pd.DataFrame,
    places: dict[str, str],
    fields: dict[str, tuple[str, ...]],
    open_to: list[str],
) -> pd.DataFrame:
    """The table with its fields told, those that are empty left out; scores are for the reader of tables to find."""
    told = dict.fromkeys(open_to, "text")
    for field, names in fields.items():
        filled = (places[name] for name in names if name in places and rows[places[name]].notna().any())
        column = next((each for each in filled if each not in told), None)
        if column:
            told[column] = field
    if "channel" not in {normalise(str(name)) for name in rows.columns}:
        rows = rows.assign(channel=pd.array(["survey"] * len(rows), dtype="string"))
        told["channel"] = "channel"
    rows.attrs = {**raw.attrs, "columns": told}
    return rows


# -------------------------------------------------------------------------------------------------------- SurveyMonkey


def looks_surveymonkey(head: Head) -> bool:
    """A respondent and a collector, over a second header row that begins with nothing and says what was answered."""
    rows = _rows(head)
    names = {plain(name) for name in rows[0]} if rows else set()
    return (
        len(rows) > 1 and not names.isdisjoint(RESPONDENT) and not names.isdisjoint(COLLECTOR) and _is_second(rows[1])
    )


def _is_second(row: Sequence[str]) -> bool:
    return (not row[0].strip() and any(map(_is_open, row))) or any(normalise(cell) in CHOSEN for cell in row)


def _is_open(label: str) -> bool:
    return normalise(label) in OPEN or normalise(label).startswith(OTHER)


@reader("surveymonkey", sniff=looks_surveymonkey, rank=11, suffixes=(".csv", ".tsv"))
def read_surveymonkey(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per response; columns named by question and option."""
    raw = read_table(path, options)
    names = [str(name) for name in raw.columns if name not in MARKS]
    labels = [_cell(cell) for cell in raw[names].iloc[0]] if len(raw) else []
    if not any(normalise(label) in CHOSEN or _is_open(label) for label in labels):
        raise InputError(f"{path.name} has no second header row of SurveyMonkey (Response, Open-Ended Response)")
    columns = _asked(names, labels)
    rows = raw.iloc[1:].reset_index(drop=True).rename(columns=dict(zip(names, columns, strict=True)))
    places = {plain(name): name for name in names}
    open_to = _typed(rows, [c for c, label in zip(columns, labels, strict=True) if _is_open(label)])
    fields = {"feedback_id": RESPONDENT, "created_at": ("end date", "date modified", "start date", "date created"),
              "customer_id": ("email address", "email")}  # fmt: skip
    second = note("The second header row of SurveyMonkey was read as such", 1)
    raw.attrs["notes"] = (*raw.attrs.get("notes", ()), second)
    return _told(rows, raw, places, fields, open_to)


def _asked(names: list[str], labels: list[str]) -> tuple[str, ...]:
    """A blank header goes on with the question before it; an option stands behind its question."""
    question, found = "", []
    for name, label in zip(names, labels, strict=True):
        question = question if re.fullmatch(r"column \d+", name) else name
        option = " ".join(label.split())
        plain_answer = not option or normalise(option) in (*CHOSEN, *OPEN)
        found.append(question if plain_answer else f"{question} - {option}")
    return unique_names(found)


# ------------------------------------------------------------------------------------------------------------ Typeform


def looks_typeform(head: Head) -> bool:
    """`#` or `Response Type`, a date of submission, and Typeform's id of the network."""
    names = headers_of(head)
    return has(
        names, "submit date", "network id", some=("#", "token", "response type", "start date", "ending"), least=2
    )


@reader("typeform", sniff=looks_typeform, rank=12, suffixes=(".csv",))
def read_typeform(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per response; one that was not submitted has the time of its start."""
    raw = read_table(path, options)
    places = {plain(str(name)): str(name) for name in reversed(raw.columns) if name not in MARKS}
    start, submit = places.get("start date"), places.get("submit date")
    rows = raw.reset_index(drop=True)
    if start and submit:
        open_to = rows[submit].isna() & rows[start].notna()
        rows = rows.assign(**{submit: rows[submit].fillna(rows[start])})
        if open_to.any():
            begun = note("Responses that were begun and not submitted have the time of their start", int(open_to.sum()))
            raw.attrs["notes"] = (*raw.attrs.get("notes", ()), begun)
    fields = {"feedback_id": ("#", "token", "response id"), "created_at": ("submit date", "start date")}
    return _told(rows, raw, places, fields, [])

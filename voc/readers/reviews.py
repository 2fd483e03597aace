"""App stores and review sites: Google Play, App Store (Connect JSON and RSS JSON), Trustpilot.

| in the file | becomes |
|---|---|
| `Review Text`, `attributes.body`, `content.label`, `Review Content` | `text`; else the title |
| `Star Rating`, `attributes.rating`, `im:rating.label`, `Review Stars` | `rating` on 1-5 |
| `Review Submit Date and Time`, `createdDate`, `updated.label`, `Review Created (UTC)` | `created_at` |
| `Developer Reply Date and Time`, the response's `lastModifiedDate`, `Company Reply Date (UTC)` | `first_reply_at` |
| the id in `Review Link`, `id`, `id.label`, `Review Id` | `feedback_id` |

Ratings without a word stay as rows: they count in the rating and are marked as empty. `channel` is `review`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from voc.config import ReadConfig
from voc.readers.exports import Values, find, first, from_json, objects, tell, with_columns, within, words
from voc.readers.fingerprints import has, headers_of, keys_of, read_export
from voc.readers.formats import Head, reader
from voc.readers.recognition import note
from voc.readers.turns import REPLIES, moment
from voc.tables import Note

STARS: Final = "1-5"
IN_TRUSTPILOT: Final = (
        "review stars", "review id", "review created", "review title", "review content", "source of review",
        "reference id", "company reply date", "review language", "review consumer user id", "review username",
        "company reply", "review url", "domain url", "review company reply",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------------- Google Play


def looks_google_play(head: Head) -> bool:
    """By the columns of the monthly review files, in UTF-16 or saved again in anything."""
    some = ("package name", "review submit date and time", "review link", "reviewer language", "review text")
    return has(headers_of(head), "star rating", some=some, least=3)


@reader("google-play", sniff=looks_google_play, rank=22, suffixes=(".csv",))
def read_google_play(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per review or bare rating."""
    raw = read_export(path, options, "Google Play", "star rating", "review text")
    link = find(raw, "review link")
    if link:
        ids = raw[link].astype("string").str.extract(r"[?&]review[iI]d=([^&#\s]+)", expand=False)
        raw = with_columns(raw, {"review id": ids})
    fields: dict[str | None, str] = {
        "review id": "feedback_id",
        find(raw, "review submit date and time", "review submit millis since epoch"): "created_at",
        find(raw, "developer reply date and time", "developer reply millis since epoch"): "first_reply_at",
        find(raw, "star rating"): "rating",
    }
    return _told(raw, fields, body=find(raw, "review text"), title=find(raw, "review title"))


# ----------------------------------------------------------------------------------------------------------- App Store


def looks_app_store(head: Head) -> bool:
    """Reviews from App Store Connect, or from the RSS feed."""
    keys = keys_of(head)
    return "im:rating" in keys or has(keys, "attributes", "rating", some=("reviewerNickname", "territory"))


@reader("app-store", sniff=looks_app_store, rank=23, suffixes=(".json",))
def read_app_store(path: Path, options: ReadConfig) -> pd.DataFrame:  # noqa: ARG001 - every reader takes options
    """One row per review."""
    raw = from_json(path, _rows)
    fields: dict[str | None, str] = {
        "id": "feedback_id",
        "date": "created_at",
        "rating": "rating",
        "first_reply_at": "first_reply_at",
    }
    body = find(raw, "body")
    return _told(raw, fields, body=body, title=find(raw, "title"))


def _rows(document: Any) -> Iterator[Values]:
    """The reviews of a document: pages of Connect or of the feed, alone or in a list."""
    for page in objects(document):
        entries = within(page, "feed", "entry")
        if entries is not None:
            yield from (_from_feed(each) for each in objects(entries) if "im:rating" in each)
        elif "attributes" in page:
            yield _from_connect(page, {})
        else:
            answers = {key: each for each in objects(page.get("included")) if (key := words(each.get("id")))}
            yield from (_from_connect(each, answers) for each in objects(page.get("data")))


def _from_connect(review: Values, answers: Mapping[Any, Values]) -> Values:
    told = review.get("attributes")
    told = told if isinstance(told, dict) else {}
    key = within(review, "relationships", "response", "data", "id")
    answer = answers.get(key) if isinstance(key, str) else None
    return {
        "id": review.get("id"),
        **{name: value for name, value in told.items() if name != "createdDate"},
        "body": words(told.get("body")) or None,
        "date": moment(told.get("createdDate")),
        "first_reply_at": moment(within(answer, "attributes", "lastModifiedDate")),
        REPLIES: words(within(answer, "attributes", "responseBody")) or None,
    }


def _from_feed(entry: Values) -> Values:
    """One entry of the feed, where every value stands under `label`."""
    content = entry.get("content")
    texts = [words(each.get("label")) for each in objects(content)]
    return {
        "id": within(entry, "id", "label"),
        "rating": within(entry, "im:rating", "label"),
        "title": words(within(entry, "title", "label")) or None,
        "body": next(filter(None, texts), None),
        "reviewerNickname": within(entry, "author", "name", "label"),
        "date": moment(within(entry, "updated", "label")),
        "version": within(entry, "im:version", "label"),
        "votes": first(within(entry, "im:voteCount", "label"), within(entry, "im:voteSum", "label")),
    }


# ---------------------------------------------------------------------------------------------------------- Trustpilot


def looks_trustpilot(head: Head) -> bool:
    """By its columns, of which some exports lack some."""
    return has(headers_of(head), some=IN_TRUSTPILOT, least=4) and bool(
        headers_of(head) & {"review stars", "review content"}
    )


@reader("trustpilot", sniff=looks_trustpilot, rank=24, suffixes=(".csv",))
def read_trustpilot(path: Path, options: ReadConfig) -> pd.DataFrame:
    """One row per review."""
    raw = read_export(path, options, "Trustpilot", *IN_TRUSTPILOT)
    fields: dict[str | None, str] = {
        find(raw, "review id"): "feedback_id",
        find(raw, "review created", "review created at", "review date"): "created_at",
        find(raw, "company reply date", "review company reply date"): "first_reply_at",
        find(raw, "review consumer user id", "consumer id", "review consumer id"): "customer_id",
        find(raw, "review stars", "stars", "review rating"): "rating",
    }
    body = find(raw, "review content", "review text", "review body")
    return _told(raw, fields, body=body, title=find(raw, "review title"))


def _told(raw: pd.DataFrame, fields: Mapping[str | None, str], *, body: str | None, title: str | None) -> pd.DataFrame:
    """The fields of reviews; titles stand in where a review has no more than that."""
    notes: list[Note] = []
    if body is None and title is None:
        body = "review text"
        raw = with_columns(raw, {body: pd.Series(pd.NA, index=raw.index, dtype="string")})
    elif body and title:
        bare = raw[body].isna() & raw[title].notna()
        raw = with_columns(raw, {body: raw[body].where(~bare, raw[title])}) if bare.any() else raw
        notes = [note("Reviews with a title and no text: the title is the text", int(bare.sum()))] if bare.any() else []
    text = body or title
    silent = int(raw[text].isna().sum())
    notes += [note("Ratings without a word, counted in the rating alone", silent)] if silent else []
    rating = next((column for column, field in fields.items() if field == "rating"), None)
    return tell(raw, fields, texts=(text,), scales={rating: STARS}, channel="review", notes=notes)

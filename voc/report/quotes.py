"""The customers' own words: the clauses that the themes stage chose, shown inside the comment they come from."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from voc.report.figures import words
from voc.report.speech import Speech
from voc.report.wording import shortened
from voc.tables import Analysis

QUOTES, SAID, CONTEXT = 3, 420, 110
"""Quotes a theme; characters of the words quoted, and of what stands before and after: enough to judge by, no more."""
SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")


@dataclass(frozen=True)
class Quote:
    """A customer's words with what stands around them in the comment; `lang` is a language code or empty."""

    before: str
    said: str
    after: str
    lang: str
    about: str

    @property
    def alone(self) -> str:
        """The words where nothing stands around them: an ellipsis where they end before their sentence does."""
        cut = bool(self.after) and not self.said.endswith(SENTENCE_ENDS)
        return f"{self.said} …" if cut else self.said


def tellings(analysis: Analysis, theme_ids: Iterable[str]) -> dict[Hashable, pd.DataFrame]:
    """For each theme its clauses beside text, date and channel of their comments."""
    clauses = analysis.clauses
    told = clauses[clauses["theme_id"].isin([*theme_ids])] if "theme_id" in clauses else clauses.iloc[:0]
    if told.empty:
        return {}
    shown = [name for name in ("feedback_id", "clean_text", "created_at", "channel") if name in analysis.feedback]
    comments = analysis.feedback.loc[analysis.feedback["feedback_id"].isin(told["feedback_id"]), shown]
    return dict(iter(told.merge(comments, on="feedback_id", how="left").groupby("theme_id")))


def quotes_of(told: pd.DataFrame | None, speech: Speech) -> tuple[Quote, ...]:
    """The best quotes of one theme's clauses, best first."""
    if told is None or "quote_rank" not in told:
        return ()
    best = told[told["quote_rank"].notna()].sort_values(["quote_rank", "clause_id"])
    best = best[~best["text"].str.casefold().duplicated()].head(QUOTES)
    return tuple(_quote(row, speech) for row in best.to_dict("records"))


def lone_quote(text: Any) -> tuple[Quote, ...]:
    """A quote of which only the words are known."""
    said = words(text)
    return (Quote("", shortened(said, SAID), "", "", ""),) if said else ()


def _quote(row: dict[Hashable, Any], speech: Speech) -> Quote:
    whole, said, lang = words(row.get("clean_text")), str(row["text"]), words(row["lang"])
    written = row.get("created_at")
    when = "" if written is None or pd.isna(written) else speech.day(written)
    about = [speech.language(lang) if lang else "", when, words(row.get("channel"))]
    return Quote(
        before=shortened(whole[: int(row["start"])].lstrip(), CONTEXT, from_end=True),
        said=shortened(said, SAID),
        after=shortened(whole[int(row["end"]) :].rstrip(), CONTEXT),
        lang="" if lang == "und" else lang,
        about=" · ".join(each for each in about if each),
    )

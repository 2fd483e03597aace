"""The main path: feedback in, ranked issues out, as a straight line of stages over the tables of `tables.py`.

`analyze` reads no file and writes none: reading stands in `readers`, writing in `sinks`. `score` is the short path for
those who want a verdict per text and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from voc.anomalies import find_anomalies
from voc.clauses import split_clauses
from voc.clean import clean
from voc.comparisons import asked_for, compare
from voc.config import DEFAULTS, Config, ThemesConfig, from_mapping, to_mapping
from voc.drivers import attribute
from voc.encoder import Encoder, load, remarks
from voc.errors import InputError
from voc.experience import rate_experience
from voc.glosses import glossed
from voc.integrity import check_integrity, mark_contradictions
from voc.issues import rank_issues
from voc.labelling import label_themes
from voc.language import detect_language
from voc.metrics import measure
from voc.notes import notes_of, safe
from voc.people import compare_agents, follow_customers
from voc.privacy import mask_personal_data
from voc.queue import queue_comments
from voc.sentiment import hear_leanings, score_clauses, score_comments, score_texts
from voc.tables import CHANGES, FEEDBACK, METRICS, Analysis, Note, Progress, silent
from voc.taxonomy import (
    Placed,
    Taxonomy,
    around,
    assign,
    has_journey,
    journey_of,
    link,
    mark_journey,
    name_entries,
    read_taxonomy,
    taxonomy_notes,
    tellings,
)
from voc.theme_labels import reader_language
from voc.theme_vectors import Space
from voc.themes import Group, find_keywords, find_themes, group_afresh, space_of

Result = TypeVar("Result")
Run: TypeAlias = Callable[..., Any]
"""Calls a stage, tells that it begins and notes how long it takes."""

SCORE_COLUMNS = ("lang", "sentiment", "label", "confidence", "severity")


class Memory(Protocol):
    """What earlier runs know (`workspace.Memory`): rows, clauses and vectors they have read, and their themes."""

    def check(self, model: str) -> None:
        """Raise ModelError where the vectors of earlier runs are another model's."""

    def unread(self, feedback: pd.DataFrame) -> pd.DataFrame:
        """The rows that earlier runs have not read."""
        ...

    def recall(
        self, feedback: pd.DataFrame, clauses: pd.DataFrame, vectors: np.ndarray
    ) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
        """What was read now and in earlier runs."""
        ...

    def find_themes(
        self,
        clauses: pd.DataFrame,
        vectors: np.ndarray,
        config: ThemesConfig,
        *,
        around: Callable[[Group], Group] | None = None,
        space: Space = ...,
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """As `themes.find_themes`; known themes keep their ids. `around` puts a code frame before the memory."""
        ...

    def changes(
        self, feedback: pd.DataFrame, clauses: pd.DataFrame, themes: pd.DataFrame, config: ThemesConfig
    ) -> pd.DataFrame:
        """CHANGES against the run before; `clauses` has one row per clause and theme."""
        ...

    def notes(self, themes: pd.DataFrame) -> tuple[Note, ...]:
        """What the reader must know of the memory."""
        ...


def analyze(
    feedback: pd.DataFrame,
    config: Config = DEFAULTS,
    *,
    progress: Progress = silent,
    notes: Sequence[Note] = (),
    memory: Memory | None = None,
) -> Analysis:
    """Find what customers complain about, and rank it by urgency.

    `feedback` needs the columns `feedback_id` (unique) and `text`; every other column of `tables.FEEDBACK` sharpens the
    result, and unknown ones pass through. `notes` are what the reader of the source had to say; they come first in the
    result's. Raises InputError where the table cannot be used at all; a bad row is marked and counted instead. With a
    `memory` only rows that earlier runs have not read are read, and the result covers all of them.
    """
    timings: dict[str, float] = {}
    run = partial(_timed, timings, progress)
    taxonomy = _checked(config, memory, run)
    feedback = _unique(FEEDBACK.check(feedback))
    # 1. Make the text readable; mark the rows that say nothing or should not be trusted.
    feedback = run(clean, feedback, config.clean)
    feedback = run(check_integrity, feedback, config.integrity)
    feedback = run(detect_language, feedback, config.language)
    # From here on nobody's address or number is in the table: what is written, quoted or drawn comes out of it.
    feedback = run(mask_personal_data, feedback, config.privacy)
    # 2. A customer praises and complains in one breath: judge clause by clause.
    feedback, clauses, vectors = _read(feedback, config, memory, progress, run)
    feedback = run(mark_contradictions, feedback)
    feedback = run(rate_experience, feedback, clauses, config.experience)
    # 3. Group the complaints into themes: those that the team has names for, then what is left.
    placed = None if taxonomy is None else run(assign, clauses, vectors, taxonomy, config.taxonomy)
    feedback, clauses = _on_the_journey(feedback, clauses, vectors, placed, config)
    clauses, themes, labels = _grouped(clauses, vectors, placed, config, memory=memory, run=run)
    links = link(clauses, themes, placed)
    themes = themes if placed is None else run(name_entries, themes, links, placed)
    keywords = run(find_keywords, clauses, themes, config.themes)
    # 4. Put figures on them, and rank.
    counted = _counted(feedback, config)
    told = _told(clauses, links, counted)
    metrics = _beside(run(measure, counted, config.metrics), feedback, config)
    comparisons = run(compare, counted, config.metrics, config.comparisons)
    drivers = run(attribute, counted, told, themes, config.drivers)
    issues = run(rank_issues, counted, told, _unmuted(themes), drivers, config.issues)
    # 5. Say who needs somebody, and what is out of the ordinary.
    queue = run(queue_comments, feedback, clauses, issues, config.queue)
    customers = run(follow_customers, feedback, clauses, issues, config.queue)
    agents = run(compare_agents, feedback, clauses, config.people)
    anomalies = run(find_anomalies, counted, told, issues, config.anomalies, config.metrics)
    changes = CHANGES.empty() if memory is None else run(memory.changes, feedback, told, themes, config.themes)
    found = Analysis(
        feedback=feedback, clauses=clauses, clause_themes=links, themes=themes, keywords=keywords, metrics=metrics,
        comparisons=comparisons, drivers=drivers, issues=issues, queue=queue, customers=customers, agents=agents,
        anomalies=anomalies, changes=changes, settings=_settings(config), model=_model_name(config), timings=timings,
    )  # fmt: skip
    before = (*safe(notes, config), *(memory.notes(themes) if memory else ()))
    entries = taxonomy_notes(taxonomy, clauses, themes) if taxonomy else ()
    own = notes_of(found, config, model=remarks(_encoder(config)), labels=labels)
    return replace(found, notes=(*before, *entries, *own))


def _checked(config: Config, memory: Memory | None, run: Run) -> Taxonomy | None:
    """The taxonomy, if there is one. What is wrong with the settings is told here, before the long part."""
    taxonomy = run(read_taxonomy, config.taxonomy, config.sentiment) if config.taxonomy.file else None
    if memory is not None:
        memory.check(_model_name(config))
    reader_language(config.themes.labels_in)
    asked_for(config.comparisons)
    return taxonomy


def _read(
    feedback: pd.DataFrame, config: Config, memory: Memory | None, progress: Progress, run: Run
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Comments, clauses and vectors as the model reads them, those that earlier runs have read as they were read."""
    unread = feedback if memory is None else run(memory.unread, feedback)
    clauses = run(split_clauses, unread, config.clauses)
    clauses, vectors = run(score_clauses, clauses, config.sentiment, progress)
    read = run(score_comments, unread, clauses, config.sentiment, progress)
    clauses = run(hear_leanings, clauses)
    if memory is None:
        return read, clauses, vectors
    read, clauses, vectors = run(memory.recall, read, clauses, vectors)
    return run(check_integrity, read, config.integrity), clauses, vectors  # copies stand in two exports too


def _grouped(
    clauses: pd.DataFrame,
    vectors: np.ndarray,
    placed: Placed | None,
    config: Config,
    *,
    memory: Memory | None,
    run: Run,
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Note, ...]]:
    """Clauses with their themes, the themes, and what there is to say of their labels.

    A workspace knows its themes by the labels they were born with or were given: nobody is asked for others.
    """
    first = None if placed is None else partial(around, placed)
    space = space_of(_encoder(config))
    if memory is not None:
        return *run(memory.find_themes, clauses, vectors, config.themes, around=first, space=space), ()
    group = group_afresh if first is None else first(group_afresh)
    clauses, themes = run(find_themes, clauses, vectors, config.themes, group=group, space=space)
    if config.themes.labeller_url is None:
        return clauses, themes, ()
    return clauses, *run(label_themes, themes, clauses, config.themes)


def _told(clauses: pd.DataFrame, links: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """The clauses of comments that count, one row per clause and theme."""
    told = tellings(clauses, links)
    return told[told["feedback_id"].isin(counted["feedback_id"])].reset_index(drop=True)


def _unmuted(themes: pd.DataFrame) -> pd.DataFrame:
    return themes[~themes["status"].eq("muted").fillna(value=False)]


def score(
    texts: Sequence[str | None],
    *,
    model: str | None = None,
    allow_download: bool = False,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Language and verdict of each text, in order: columns lang, sentiment, label, confidence, severity.

    A missing, empty or content-free text gives missing values. A row depends on its own text alone, so a file may be
    scored in pieces of any size.
    """
    named = {} if model is None else {"model": model, "allow_download": allow_download}
    config = from_mapping({"sentiment": named})
    feedback = _as_feedback(texts)
    feedback = clean(feedback, config.clean)
    feedback = detect_language(feedback, config.language)
    told = feedback["skip"].isna()
    heard = glossed(feedback.loc[told, "clean_text"], feedback.loc[told, "lang"].fillna("und"))
    judged = score_texts(heard, config.sentiment, progress=progress)
    verdicts = judged.set_axis(feedback.index[told]).reindex(feedback.index)
    scored = FEEDBACK.add(feedback, **{name: verdicts[name] for name in SCORE_COLUMNS[1:]})
    scored["lang"] = scored["lang"].where(told)
    return scored[list(SCORE_COLUMNS)]


def _as_feedback(texts: Sequence[str | None]) -> pd.DataFrame:
    """One row per text. Each is its own source, so that no text borrows a language from its neighbours."""
    ids = pd.Series(range(len(texts)), dtype="Int64").astype("string")
    words = pd.Series([text if isinstance(text, str) else pd.NA for text in texts], dtype="string")
    return pd.DataFrame({"feedback_id": ids, "text": words, "source": ids})


def _timed(
    timings: dict[str, float], progress: Progress, stage: Callable[..., Result], *arguments: Any, **options: Any
) -> Result:
    """What the stage returns; its start is told, and its seconds are added under its module's name."""
    room = stage.__module__.rpartition(".")[2]
    progress(room, 0, 0)
    start = perf_counter()
    result = stage(*arguments, **options)
    timings[room] = timings.get(room, 0.0) + perf_counter() - start
    return result


def _on_the_journey(
    feedback: pd.DataFrame, clauses: pd.DataFrame, vectors: np.ndarray, placed: Placed | None, config: Config
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with the step of the customer's journey, where the taxonomy has steps or `by` asks for them."""
    if placed is not None and has_journey(placed.entries):
        return mark_journey(feedback, clauses, placed)
    of_the_file = "journey" in feedback.columns and "journey" not in clauses.columns
    if "journey" not in config.metrics.by or of_the_file:
        return feedback, clauses
    general = journey_of(config.sentiment)
    return mark_journey(feedback, clauses, assign(clauses, vectors, general, config.taxonomy))


def _unique(feedback: pd.DataFrame) -> pd.DataFrame:
    twice = feedback["feedback_id"].duplicated()
    if twice.any():
        example = feedback.loc[twice, "feedback_id"].iloc[0]
        raise InputError(f"feedback_id must be unique, but {int(twice.sum())} rows repeat one, such as '{example}'")
    return feedback


def _counted(feedback: pd.DataFrame, config: Config) -> pd.DataFrame:
    """The rows that figures rest on."""
    return feedback[feedback["suspect"].isna()] if config.integrity.exclude_suspect else feedback


def _beside(metrics: pd.DataFrame, feedback: pd.DataFrame, config: Config) -> pd.DataFrame:
    """`metrics` and, where rows are doubted, each overall figure the other way round: without them, or with them."""
    trusted = feedback["suspect"].isna()
    if trusted.all():
        return metrics
    excluded = config.integrity.exclude_suspect
    rows, told = (feedback, "with doubted rows") if excluded else (feedback[trusted], "without doubted rows")
    other = measure(rows, replace(config.metrics, by=(), period="none"))
    other = other[other["by"].eq("all")].assign(by="trust", segment=told)
    return METRICS.check(pd.concat([metrics, other], ignore_index=True))


def _model_name(config: Config) -> str:
    encoder = _encoder(config)
    return f"{encoder.name} {encoder.digest}"


def _encoder(config: Config) -> Encoder:
    """The model of this run; it was loaded by the stage that reads the clauses."""
    wanted = config.sentiment
    return load(wanted.model, device=wanted.device, allow_download=wanted.allow_download)


def _settings(config: Config) -> dict[str, Any]:
    """The settings as they are stored: without the salt, no secret beside pseudonyms, and passwords in addresses."""
    privacy = replace(config.privacy, salt="hidden" if config.privacy.salt else "")
    alerts = replace(config.alerts, to=tuple(f"{each.partition('://')[0]}://hidden" for each in config.alerts.to))
    return to_mapping(replace(config, privacy=privacy, alerts=alerts))

"""The main path: feedback in, ranked issues out, as a straight line of stages over the tables of `tables.py`.

`analyze` reads no file and writes none: reading stands in `readers`, writing in `sinks`. `score` is the short path for
those who want a verdict per text and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from voc.anomalies import find_anomalies
from voc.clauses import split_clauses
from voc.clean import clean
from voc.comparisons import compare
from voc.config import DEFAULTS, Config, ThemesConfig, from_mapping, to_mapping
from voc.drivers import attribute, driver_notes
from voc.encoder import Encoder, load, remarks
from voc.errors import InputError
from voc.experience import experience_notes, rate_experience
from voc.integrity import check_integrity, integrity_notes, mark_contradictions
from voc.issues import rank_issues
from voc.labelling import label_themes
from voc.language import detect_language
from voc.metrics import measure
from voc.people import compare_agents, follow_customers
from voc.privacy import count_masked, mask_personal_data, mask_text
from voc.queue import queue_comments
from voc.sentiment import score_clauses, score_comments, score_texts
from voc.tables import CHANGES, FEEDBACK, METRICS, Analysis, Note, Progress, silent, tally
from voc.taxonomy import (
    Placed,
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
from voc.themes import Group, find_keywords, find_themes, group_afresh

Result = TypeVar("Result")

LACKING = {
    "momentum": "no dates that allow a comparison (growth)",
    "impact": "no scores (effect on a score)",
    "value": "no revenue (value at risk)",
}
FIRM = 0.6
GRADES = ((0.75, "firm"), (FIRM, "fairly firm"), (0.0, "loose"))
"""Jaccard overlap from which on clusters are said to be stable (Hennig 2007: 0.75 valid, 0.6 a pattern)."""

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
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """As `themes.find_themes`; known themes keep their ids. `around` puts a code frame before the memory."""
        ...

    def changes(self, feedback: pd.DataFrame, clauses: pd.DataFrame, config: ThemesConfig) -> pd.DataFrame:
        """CHANGES against the run before."""
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
    # What is wrong with the taxonomy is told before the long part.
    taxonomy = run(read_taxonomy, config.taxonomy, config.sentiment) if config.taxonomy.file else None
    if memory is not None:
        memory.check(_model_name(config))
    reader_language(config.themes.labels_in)  # a slip is told before the long part
    feedback = _unique(FEEDBACK.check(feedback))
    # 1. Make the text readable; mark the rows that say nothing or should not be trusted.
    feedback = run(clean, feedback, config.clean)
    feedback = run(check_integrity, feedback, config.integrity)
    feedback = run(detect_language, feedback, config.language)
    # From here on nobody's address or number is in the table: what is written, quoted or drawn comes out of it.
    feedback = run(mask_personal_data, feedback, config.privacy)
    if memory is not None:
        feedback = run(memory.unread, feedback)
    # 2. A customer praises and complains in one breath: judge clause by clause.
    clauses = run(split_clauses, feedback, config.clauses)
    clauses, vectors = run(score_clauses, clauses, config.sentiment, progress)
    feedback = run(score_comments, feedback, clauses, config.sentiment, progress)
    if memory is not None:
        feedback, clauses, vectors = run(memory.recall, feedback, clauses, vectors)
        feedback = run(check_integrity, feedback, config.integrity)  # copies stand in two exports too
    feedback = run(mark_contradictions, feedback, config.integrity)
    feedback = run(rate_experience, feedback, clauses, config.experience)
    # 3. Group the complaints into themes: those that the team has names for, then what is left.
    placed = None if taxonomy is None else run(assign, clauses, vectors, taxonomy, config.taxonomy)
    feedback, clauses = _on_the_journey(feedback, clauses, vectors, placed, config)
    if memory is None:
        group = group_afresh if placed is None else around(placed, group_afresh)
        clauses, themes = run(find_themes, clauses, vectors, config.themes, group=group)
    else:
        first = None if placed is None else partial(around, placed)
        clauses, themes = run(memory.find_themes, clauses, vectors, config.themes, around=first)
    label_notes: tuple[Note, ...] = ()
    # A workspace knows its themes by the labels they were born with or were given.
    if memory is None and config.themes.labeller_url is not None:
        themes, label_notes = run(label_themes, themes, clauses, config.themes)
    links = link(clauses, themes, placed)
    if placed is not None:
        themes = run(name_entries, themes, links, placed)
    keywords = run(find_keywords, clauses, themes, config.themes)
    # 4. Put figures on them, and rank.
    counted = _counted(feedback, config)
    metrics = run(measure, counted, config.metrics)
    metrics = _beside(metrics, feedback, config)
    comparisons = run(compare, counted, config.metrics, config.comparisons)
    told = tellings(clauses, links)
    told = told[told["feedback_id"].isin(counted["feedback_id"])].reset_index(drop=True)
    drivers = run(attribute, counted, told, themes, config.drivers)
    ranked = themes[~themes["status"].eq("muted").fillna(value=False)]
    issues = run(rank_issues, counted, told, ranked, metrics, drivers, config.issues)
    # 5. Say who needs somebody, and what is out of the ordinary.
    queue = run(queue_comments, feedback, clauses, issues, config.queue)
    customers = run(follow_customers, feedback, clauses, issues, config.queue)
    agents = run(compare_agents, feedback, clauses, config.people)
    anomalies = run(find_anomalies, counted, told, issues, config.anomalies, config.metrics)
    return Analysis(
        feedback=feedback,
        clauses=clauses,
        clause_themes=links,
        themes=themes,
        keywords=keywords,
        metrics=metrics,
        comparisons=comparisons,
        drivers=drivers,
        issues=issues,
        queue=queue,
        customers=customers,
        agents=agents,
        anomalies=anomalies,
        changes=CHANGES.empty() if memory is None else run(memory.changes, feedback, clauses, config.themes),
        settings=_settings(config),
        notes=(
            *_safe(notes, config),
            *(memory.notes(themes) if memory else ()),
            *(taxonomy_notes(taxonomy, clauses, themes) if taxonomy else ()),
            *_notes(feedback, metrics, config),
            *integrity_notes(feedback),
            *(Note("sentiment", remark) for remark in remarks(_encoder(config))),
            *_theme_notes(clauses, themes, config),
            *label_notes,
            *driver_notes(feedback, drivers, config.drivers),
            *_people_notes(issues, agents),
        ),
        model=_model_name(config),
        timings=timings,
    )


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
    judged = score_texts(feedback.loc[told, "clean_text"].tolist(), config.sentiment, progress=progress)
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


def _notes(feedback: pd.DataFrame, metrics: pd.DataFrame, config: Config) -> tuple[Note, ...]:
    return (
        *_marks(feedback, "skip", "clean", "skipped"),
        *_cut_notes(feedback, config),
        *_marks(feedback, "suspect", "integrity", "doubted" + _doubt(config)),
        *_language_notes(feedback),
        *_privacy_notes(feedback, config),
        *_metric_notes(metrics, config),
        *experience_notes(feedback, config.experience),
    )


def _cut_notes(feedback: pd.DataFrame, config: Config) -> list[Note]:
    """Texts that were not read to their end."""
    cut, most = int(feedback["cut"].sum()), f"{config.clean.max_characters:,}"
    told = f"long comments of which the first {most} characters are used, or mails that were read in part"
    return [Note("clean", told, cut)] if cut else []


def _doubt(config: Config) -> str:
    return " and left out of figures, drivers and issues" if config.integrity.exclude_suspect else ", still counted"


def _marks(feedback: pd.DataFrame, column: str, stage: str, told: str) -> list[Note]:
    """One note per kind of reason, the most frequent first."""
    return [Note(stage, f"{told}: {kind}", count) for kind, count in tally(feedback, column).items()]


def _language_notes(feedback: pd.DataFrame) -> list[Note]:
    unknown = int((feedback["lang"].eq("und") & feedback["skip"].isna()).sum())
    return [Note("language", "in a language that could not be told", unknown)] if unknown else []


def _privacy_notes(feedback: pd.DataFrame, config: Config) -> list[Note]:
    """How much personal data was masked, by kind; or that none was, because the user asked for it."""
    if config.privacy.keep:
        return [Note("privacy", "Personal data was kept as it is (privacy.keep)")]
    found = count_masked(feedback)
    people = found.pop("PSEUDONYM", 0)
    notes = [Note("privacy", f"masked: [{kind}]", count) for kind, count in found.items()]
    if people:
        notes.append(Note("privacy", "ids that are addresses, numbers or names became pseudonyms", people))
    return notes


def _safe(notes: Sequence[Note], config: Config) -> Sequence[Note]:
    """Notes of a reader may quote the file."""
    return notes if config.privacy.keep else [replace(note, text=mask_text(note.text)) for note in notes]


def _settings(config: Config) -> dict[str, Any]:
    """The settings as they are stored: without the salt, no secret beside pseudonyms, and passwords in addresses."""
    privacy = replace(config.privacy, salt="hidden" if config.privacy.salt else "")
    alerts = replace(config.alerts, to=tuple(f"{each.partition('://')[0]}://hidden" for each in config.alerts.to))
    return to_mapping(replace(config, privacy=privacy, alerts=alerts))


def _people_notes(issues: pd.DataFrame, agents: pd.DataFrame) -> list[Note]:
    """Parts of urgency that the file cannot tell, and agents who are not shown by themselves."""
    ranked = issues[issues["momentum"].notna() | issues["severity"].notna()]
    lacking = [told for part, told in LACKING.items() if len(ranked) and ranked[part].isna().all()]
    notes = [Note("issues", f"Urgency rests on the other parts: the file has {', '.join(lacking)}")] if lacking else []
    together = int(agents.loc[agents["n_agents"] > 1, "n_agents"].sum())
    return notes + ([Note("people", "agents with few customers are shown together", together)] if together else [])


def _theme_notes(clauses: pd.DataFrame, themes: pd.DataFrame, config: Config) -> list[Note]:
    """How firm the themes are, and how many clauses found none: the residual is never silent."""
    top = themes[themes["parent_id"].isna()]
    named = top[top["status"].ne("residual") & top["firmness"].notna()]
    notes = [Note("themes", _firmness(named))] if len(named) else []
    wanted = {"complaints": ["negative"], "praise": ["positive"], "everything": None}[config.themes.of]
    grouped = clauses if wanted is None else clauses[clauses["label"].isin(wanted)]
    ungrouped = int(grouped["theme_id"].isna().sum())
    rest = top[top["status"].eq("residual")]
    for label, n in zip(rest["label"], rest["n_clauses"], strict=True):
        told = (
            "tell of something too rare for a theme" if label == "other" else "say how somebody feels, not about what"
        )
        notes.append(Note("themes", f"clauses {told}", int(n)))
    if ungrouped:
        notes.append(Note("themes", f"clauses, of {len(grouped):,} to be grouped, fit no theme", ungrouped))
    return notes


def _firmness(named: pd.DataFrame) -> str:
    """One sentence: how well the themes are found again in random samples of the clauses."""
    weights = named["n_clauses"].astype(float)
    mean = float((named["firmness"].astype(float) * weights).sum() / weights.sum())
    firm = int(named["firmness"].ge(FIRM).sum())
    grade = next(word for least, word in GRADES if mean >= least)
    return (
        f"The themes are {grade}: random samples of the clauses find them again with {mean:.0%} of the same clauses "
        f"on average, {firm} of {len(named)} with at least {FIRM:.0%} (themes.firmness)"
    )


def _metric_notes(metrics: pd.DataFrame, config: Config) -> list[Note]:
    few = int(metrics["value"].isna().sum())
    least = config.metrics.min_answers
    return [Note("metrics", f"figures left out: they rest on fewer than {least} answers", few)] if few else []

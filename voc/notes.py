"""What the reader of a result must know beside its figures: what was skipped, doubted or masked, what rests on too
little, and how firm the themes are. Each stage that knows best says it itself; the rest is said here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from voc.config import Config
from voc.drivers import driver_notes
from voc.experience import experience_notes
from voc.integrity import integrity_notes
from voc.names import without_model
from voc.privacy import count_masked, mask_text
from voc.rules import load
from voc.tables import Analysis, Note, tally

LACKING = {
    "momentum": "no dates that allow a comparison (growth)",
    "impact": "no scores (effect on a score)",
    "value": "no revenue (value at risk)",
}
FIRM = 0.6
GRADES = ((0.75, "firm"), (FIRM, "fairly firm"), (0.0, "loose"))
"""Jaccard overlap from which on clusters are said to be stable (Hennig 2007: 0.75 valid, 0.6 a pattern)."""


def notes_of(analysis: Analysis, config: Config, *, model: Sequence[str], labels: Sequence[Note]) -> tuple[Note, ...]:
    """The notes of a run in the order of its stages. `model` are the remarks of the model, `labels` those of the
    labeller."""
    feedback, metrics = analysis.feedback, analysis.metrics
    return (
        *_marks(feedback, "skip", "clean", "skipped"),
        *_cut_notes(feedback, config),
        *_marks(feedback, "suspect", "integrity", "doubted" + _doubt(config)),
        *_language_notes(feedback),
        *_privacy_notes(feedback, config),
        *_metric_notes(metrics, config),
        *experience_notes(feedback, config.experience),
        *integrity_notes(feedback),
        *(Note("sentiment", remark) for remark in model),
        *theme_notes(analysis.clauses, analysis.themes, config),
        *labels,
        *driver_notes(feedback, analysis.drivers, config.drivers),
        *_people_notes(analysis.issues, analysis.agents),
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
    return [*notes, *(_name_notes(feedback) if config.privacy.names else ())]


def _name_notes(feedback: pd.DataFrame) -> list[Note]:
    """In which languages names were asked to be masked and are not."""
    langs = feedback.loc[feedback["skip"].isna(), "lang"].fillna("und")
    left = without_model(langs.unique().tolist())
    told, n = ", ".join(load(lang).english_name for lang in left), int(langs.isin(left).sum())
    return [Note("privacy", f"names are not masked, no spaCy model is installed for: {told}", n)] if left else []


def safe(notes: Sequence[Note], config: Config) -> Sequence[Note]:
    """Notes of a reader may quote the file."""
    return notes if config.privacy.keep else [replace(note, text=mask_text(note.text)) for note in notes]


def _people_notes(issues: pd.DataFrame, agents: pd.DataFrame) -> list[Note]:
    """Parts of urgency that the file cannot tell, and agents who are not shown by themselves."""
    ranked = issues[issues["momentum"].notna() | issues["severity"].notna()]
    lacking = [told for part, told in LACKING.items() if len(ranked) and ranked[part].isna().all()]
    notes = [Note("issues", f"Urgency rests on the other parts: the file has {', '.join(lacking)}")] if lacking else []
    together = int(agents.loc[agents["n_agents"] > 1, "n_agents"].sum())
    return notes + ([Note("people", "agents with few customers are shown together", together)] if together else [])


def theme_notes(clauses: pd.DataFrame, themes: pd.DataFrame, config: Config) -> list[Note]:
    """How firm the themes are, and how many clauses found none: the residual is never silent."""
    top = themes[themes["parent_id"].isna()]
    named = top[top["status"].ne("residual") & top["firmness"].notna()]
    notes = [Note("themes", _firmness(named))] if len(named) else []
    wanted = {"complaints": ["negative"], "praise": ["positive"], "everything": None}[config.themes.of]
    grouped = clauses if wanted is None else clauses[clauses["label"].isin(wanted)]
    ungrouped = int(grouped["theme_id"].isna().sum())
    rest = top[top["status"].eq("residual")]
    for label, n in zip(rest["label"], rest["n_clauses"], strict=True):
        told = "fit no theme, nor does their comment" if label == "other" else "name no topic, nor does their comment"
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

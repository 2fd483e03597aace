"""The settings, one frozen dataclass per stage, with their defaults in code. `voc.toml` has the same sections and keys.

An unknown section or key is an error with the nearest guess; a value of the wrong type or out of its range is one too.
The effective settings are stored with every result.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from math import inf
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from voc.errors import ConfigError, nearest


@dataclass(frozen=True)
class ReadConfig:
    """How a source becomes feedback. Column names override what is recognised."""

    format: str | None = None
    text: tuple[str, ...] = ()
    id: str | None = None
    date: str | None = None
    nps: str | None = None
    csat: str | None = None
    ces: str | None = None
    rating: str | None = None
    customer: str | None = None
    channel: str | None = None
    speaker: tuple[str, ...] = ()
    """Speakers in transcripts who are customers, where no word such as Customer says so."""


@dataclass(frozen=True)
class CleanConfig:
    """How text is made readable."""

    max_characters: int = 20_000


@dataclass(frozen=True)
class IntegrityConfig:
    """Which rows are doubted, and whether doubted rows count in the metrics."""

    near_duplicate_similarity: float = 0.9
    exclude_suspect: bool = False


@dataclass(frozen=True)
class LanguageConfig:
    """When a language is believed."""

    min_characters: int = 12
    min_score: float = 0.5


@dataclass(frozen=True)
class PrivacyConfig:
    """What becomes of personal data. `keep` leaves it as it is; `names` masks people's names too (extra `names`);
    `region` is the country of telephone numbers without a country code; `salt` is the secret of pseudonyms."""

    keep: bool = False
    names: bool = False
    region: str | None = None
    salt: str = ""


@dataclass(frozen=True)
class ClausesConfig:
    """How comments are split. `min_characters` is what each side of a turn needs; a sentence may be shorter."""

    split_contrast: bool = True
    min_characters: int = 6
    use_parser: bool = True


@dataclass(frozen=True)
class SentimentConfig:
    """Which model judges, and how."""

    model: str = "voc-small"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    allow_download: bool = False
    """Whether a model of Hugging Face may be fetched; a model that is here already needs no leave."""


@dataclass(frozen=True)
class ThemesConfig:
    """What is grouped, and how finely."""

    of: Literal["complaints", "praise", "everything"] = "complaints"
    neighbours: int = 15
    resolution: float | None = None
    min_feedback: int = 5
    quotes: int = 3
    keywords: int = 8
    labels_in: str | None = None
    """Language of the labels, ISO 639-1; none: English where enough customers write it, else each theme's commonest."""
    labeller_url: str | None = None
    """A chat-completions endpoint that labels themes, such as http://localhost:11434/v1; none asks nobody."""
    labeller_model: str | None = None
    labeller_cache: str | None = None
    labeller_timeout: float = 20.0


@dataclass(frozen=True)
class TaxonomyConfig:
    """The team's own themes: a file of entries with example phrases (TOML, or a table of labelled texts), or the name
    of one that ships (cx). A clause has an entry where its confidence is `min_confidence` or more; with `discover` what
    has none is grouped as ever."""

    file: str | None = None
    min_confidence: float = 0.4
    discover: bool = True


@dataclass(frozen=True)
class MetricsConfig:
    """What figures are computed for, and how few answers are too few."""

    by: tuple[str, ...] = ()
    period: Literal["auto", "day", "week", "month", "none"] = "auto"
    min_answers: int = 10
    business_hours: tuple[str, ...] = ()
    """Such as "Mon-Fri 09:00-17:00": replies are then timed within them; none = calendar time."""
    time_zone: str = "UTC"
    holidays: tuple[str, ...] = ()
    customers: int | None = None
    """How many customers there are, those who never wrote included: the base of the contact rate."""
    clv_years: float | None = None
    acquisition_cost: float = 0.0
    retention: float | None = None
    """Share of customers kept from one year to the next, for the discounted lifetime value."""
    discount: float = 0.1


@dataclass(frozen=True)
class ComparisonsConfig:
    """What figures are compared with besides each other, and how being many is corrected for. `bh` is Benjamini and
    Hochberg's correction, `by` that of Benjamini and Yekutieli, for figures that depend on each other in any way."""

    baseline: str | None = None
    targets: tuple[str, ...] = ()
    correction: Literal["bh", "by", "none"] = "bh"


@dataclass(frozen=True)
class ExperienceConfig:
    """The weights of the experience score's parts; missing parts are left out and the others weigh more."""

    sentiment: float = 0.35
    effort: float = 0.15
    severity: float = 0.15
    survey: float = 0.35


@dataclass(frozen=True)
class DriversConfig:
    """How theme impact is estimated."""

    min_answers: int = 10
    rounds: int = 300


@dataclass(frozen=True)
class IssuesConfig:
    """The weights of urgency's parts (they need not add up to 1) and its bootstrap."""

    reach: float = 0.25
    severity: float = 0.25
    momentum: float = 0.15
    impact: float = 0.15
    immediacy: float = 0.20
    value: float = 0.10
    recent_days: int = 28
    rounds: int = 300


@dataclass(frozen=True)
class QueueConfig:
    """Which comments need somebody: from which urgency, and after how many days half of the freshness is gone."""

    least: float = 25.0
    half_life: float = 28.0


@dataclass(frozen=True)
class PeopleConfig:
    """Agents whose contacts are with fewer customers than `smallest_group` are not shown by themselves."""

    smallest_group: int = 5


@dataclass(frozen=True)
class AnomaliesConfig:
    """How unusual a count must be, as the rate of false alarms among those told."""

    false_alarms: float = 0.10


@dataclass(frozen=True)
class AlertsConfig:
    """Who is told of what, each thing once; `state` is the file that remembers it.

    `to` holds addresses as Apprise writes them (slack://…, mailto://…)."""

    to: tuple[str, ...] = ()
    urgency_over: float = 70.0
    new_danger: bool = True
    metric_drop: bool = True
    threat_to_leave: bool = True
    anomaly: bool = False
    quotes: bool = True
    state: str | None = None


@dataclass(frozen=True)
class ReportConfig:
    """What the report shows."""

    title: str = "Voice of the customer"
    issues: int = 20
    lang: Literal["en", "de", "it", "fr", "es", "lt"] = "en"


@dataclass(frozen=True)
class Config:
    """All settings."""

    read: ReadConfig = field(default_factory=ReadConfig)
    clean: CleanConfig = field(default_factory=CleanConfig)
    integrity: IntegrityConfig = field(default_factory=IntegrityConfig)
    language: LanguageConfig = field(default_factory=LanguageConfig)
    privacy: PrivacyConfig = field(default_factory=PrivacyConfig)
    clauses: ClausesConfig = field(default_factory=ClausesConfig)
    sentiment: SentimentConfig = field(default_factory=SentimentConfig)
    themes: ThemesConfig = field(default_factory=ThemesConfig)
    taxonomy: TaxonomyConfig = field(default_factory=TaxonomyConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    comparisons: ComparisonsConfig = field(default_factory=ComparisonsConfig)
    experience: ExperienceConfig = field(default_factory=ExperienceConfig)
    drivers: DriversConfig = field(default_factory=DriversConfig)
    issues: IssuesConfig = field(default_factory=IssuesConfig)
    queue: QueueConfig = field(default_factory=QueueConfig)
    people: PeopleConfig = field(default_factory=PeopleConfig)
    anomalies: AnomaliesConfig = field(default_factory=AnomaliesConfig)
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    report: ReportConfig = field(default_factory=ReportConfig)


DEFAULTS = Config()

SHARE, COUNT, SIZE = (0.0, 1.0), (0.0, inf), (1.0, inf)
RANGES: Mapping[str, tuple[float, float]] = MappingProxyType({
    "clean.max_characters": SIZE, "integrity.near_duplicate_similarity": SHARE, "language.min_characters": COUNT,
    "language.min_score": SHARE, "clauses.min_characters": COUNT, "themes.neighbours": SIZE, "themes.resolution": COUNT,
    "themes.min_feedback": SIZE, "themes.quotes": COUNT, "themes.keywords": COUNT, "themes.labeller_timeout": COUNT,
    "taxonomy.min_confidence": SHARE, "metrics.min_answers": SIZE, "metrics.customers": SIZE,
    "metrics.clv_years": COUNT, "metrics.acquisition_cost": COUNT, "metrics.retention": SHARE,
    "metrics.discount": COUNT, "experience.sentiment": COUNT, "experience.effort": COUNT, "experience.severity": COUNT,
    "experience.survey": COUNT, "drivers.min_answers": SIZE, "drivers.rounds": SIZE, "issues.reach": COUNT,
    "issues.severity": COUNT, "issues.momentum": COUNT, "issues.impact": COUNT, "issues.immediacy": COUNT,
    "issues.value": COUNT, "issues.recent_days": SIZE, "issues.rounds": SIZE, "queue.least": (0.0, 100.0),
    "queue.half_life": COUNT, "people.smallest_group": SIZE, "anomalies.false_alarms": SHARE,
    "alerts.urgency_over": (0.0, 100.0), "report.issues": COUNT,
})  # fmt: skip
"""What a number may be, ends included, so that a slip is told before a long run and not after it."""
ABOVE_ZERO = frozenset({"themes.resolution", "themes.labeller_timeout", "metrics.clv_years", "queue.half_life"})


def from_mapping(settings: Mapping[str, Any], base: Config = DEFAULTS) -> Config:
    """`base` with `settings` (section -> key -> value) on top."""
    return _overlay(base, settings, "")


def from_toml(path: Path, base: Config = DEFAULTS) -> Config:
    """`base` with the settings of a `voc.toml` on top."""
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    return from_mapping(settings, base)


def from_assignment(assignment: str, base: Config = DEFAULTS) -> Config:
    """`base` with one `section.key=value` on top; the value is read as TOML where it can be, else as a word.

    >>> from_assignment("themes.min_feedback=3").themes.min_feedback
    3
    """
    name, equals, value = assignment.partition("=")
    section, dot, key = name.strip().partition(".")
    if not (equals and dot and key):
        raise ConfigError(f"'{assignment}' is not of the form section.key=value")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    return from_mapping({section: {key: parsed}}, base)


def to_mapping(config: Any) -> dict[str, Any]:
    """The settings as nested dicts of plain values, fit for JSON and TOML."""

    def plain(value: Any) -> Any:
        if is_dataclass(value):
            return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
        return list(value) if isinstance(value, tuple) else value

    return plain(config)


def _overlay(base: Any, settings: Mapping[str, Any], where: str) -> Any:
    hints = get_type_hints(type(base))
    changes = {}
    for key, value in settings.items():
        if key not in hints:
            kind = "setting" if where else "section"
            raise ConfigError(f"There is no {kind} '{where}{key}'; {nearest(key, hints)}")
        current = getattr(base, key)
        if is_dataclass(current):
            if not isinstance(value, Mapping):
                raise ConfigError(f"'{where}{key}' is a section and needs settings of its own")
            changes[key] = _overlay(current, value, f"{key}.")
        else:
            changes[key] = _convert(value, hints[key], f"{where}{key}")
    return replace(base, **changes)


def _convert(value: Any, hint: Any, where: str) -> Any:
    """`value` as the type `hint` asks for; whole numbers pass as floats, one word as a list of one."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value not in arguments:
            raise ConfigError(f"'{where}' cannot be {value!r}; {nearest(str(value), arguments)}")
        return value
    if origin in (Union, UnionType):
        if value is None or value == "none":
            return None
        return _convert(value, next(each for each in arguments if each is not type(None)), where)
    if origin is tuple:
        listed = value if isinstance(value, list | tuple) else [value]
        return tuple(_convert(each, arguments[0], where) for each in listed)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, hint) or (hint is not bool and isinstance(value, bool)):
        raise ConfigError(f"'{where}' must be of type {hint.__name__}, not {value!r}")
    return _within(value, where) if where in RANGES else value


def _within(value: float, where: str) -> float:
    """`value`, where it lies in its range; not a number lies in none."""
    low, high = RANGES[where]
    if low <= value <= high and value < inf and not (value == 0 and where in ABOVE_ZERO):
        return value
    allowed = (
        f"between {low:g} and {high:g}" if high < inf else "above 0" if where in ABOVE_ZERO else f"{low:g} or more"
    )
    raise ConfigError(f"'{where}' must be {allowed}, not {value}")

"""People's names, through Presidio and the spaCy models that the user has installed (extra `names`).

voc ships no model for names and downloads none. A language without an installed model keeps its names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from voc.errors import MissingExtra, ModelError

NameFinder = Callable[[str, str], list[tuple[int, int]]]
"""(text, language) -> start and end of each name."""
SURE = 0.5
"""Presidio gives every name that a spaCy model finds 0.85; its own doubts lower that."""
SIZES = ("lg", "md", "sm", "trf")
"""Which of several models of a language is taken: the most accurate that still reads 1,000 comments a second."""


def name_finder() -> NameFinder:
    """Finds names in the languages that a spaCy model is installed for.

    Raises MissingExtra where Presidio is not installed, ModelError where no model is.
    """
    models = _models()
    try:
        from presidio_analyzer import AnalyzerEngine
    except ImportError as error:
        raise MissingExtra("Masking names", "names") from error
    if not models:
        raise ModelError(
            "Masking names needs a spaCy model that knows names, and none is installed; for English: "
            "python -m spacy download en_core_web_md"
        )
    analyzer = AnalyzerEngine(nlp_engine=_engine(models), supported_languages=sorted(models))

    def names(text: str, lang: str) -> list[tuple[int, int]]:
        if lang not in models:
            return []
        found = analyzer.analyze(text, language=lang, entities=["PERSON"], score_threshold=SURE)
        return sorted((each.start, each.end) for each in found)

    return names


def without_model(langs: Sequence[str]) -> list[str]:
    """The languages among `langs`, the unknown one too, that keep their names: no model for them is installed."""
    return sorted(set(langs) - _models().keys())


def _models() -> dict[str, str]:
    """Language -> installed spaCy model."""
    from spacy.util import get_installed_models

    found: dict[str, str] = {}
    for name in sorted(get_installed_models(), key=_order):
        found.setdefault(name.partition("_")[0], name)
    return found


def _order(name: str) -> tuple[int, str]:
    size = name.rpartition("_")[2]
    return (SIZES.index(size) if size in SIZES else len(SIZES), name)


def _engine(models: dict[str, str]) -> Any:
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    listed = [{"lang_code": lang, "model_name": name} for lang, name in sorted(models.items())]
    return NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": listed}).create_engine()

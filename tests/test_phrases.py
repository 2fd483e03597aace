"""Phrases: found whole, in any case, where words begin, the longest first."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voc.phrases import Words, compiled


def found(phrases: list[str], text: str, *, anywhere: bool = False) -> list[str]:
    return [match[0] for match in compiled(phrases, anywhere=anywhere).find(text, Words.of(text))]


@pytest.mark.parametrize(
    ("phrases", "text", "expected"),
    [
        (["but"], "but BUT Butter rebut but.", ["but", "BUT", "but"]),
        (["only", "my only complaint"], "It is my only complaint, the only one", ["my only complaint", "only"]),
        (["not only * but"], "Not only slow and cold but rude", ["Not only slow and cold but"]),
        (["not only * but"], "Not only slow. Fine but rude", []),
        (["maar #"], "er waren maar 12 mensen, maar goed", ["maar 12"]),
        (["even though"], "even\n though", ["even\n though"]),
        (["couldn't help"], "I couldn’t help it", ["couldn’t help"]),
        (["però"], "Bello però caro, perònel", ["però"]),
        (["但是"], "很好但是贵", ["但是"]),
        (["が、"], "いいが、高い", ["が、"]),
        (["ile"], "İyi ile kötü", ["ile"]),
        ([], "anything", []),
    ],
)
def test_phrases_are_found(phrases: list[str], text: str, expected: list[str]):
    assert found(phrases, text) == expected


def test_anywhere_is_within_words_too():
    assert found(["지만"], "좋지만 비싸요", anywhere=True) == ["지만"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.sampled_from(["but", "a", "x y", "İ", "ß"]))
def test_what_is_found_stands_in_the_text_and_does_not_overlap(text: str, phrase: str):
    matches = list(compiled([phrase]).find(text, Words.of(text)))
    assert all(text[match.start() : match.end()] == match[0] for match in matches)
    assert all(one.end() <= other.start() for one, other in itertools.pairwise(matches))
    assert len(Words.of(text).text) == len(text)

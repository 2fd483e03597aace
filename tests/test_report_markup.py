"""The report's mark-up: customers' text stays text, nothing comes from elsewhere, and every reader can read it."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import pairwise
from pathlib import Path

import pytest
from analysis_fixture import HOSTILE, make_analysis
from hypothesis import given
from hypothesis import strategies as st
from report_fixture import Outline

import voc.report
from voc.config import ReportConfig
from voc.report import charts, render

TEMPLATES = Path(voc.report.__file__).parent / "templates"


@pytest.fixture(scope="module")
def page() -> str:
    return render(make_analysis(), ReportConfig())


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    return Outline(page)


# Safety


def test_hostile_text_stays_text() -> None:
    page = render(make_analysis(rows=240, hostile=True), ReportConfig(title=HOSTILE))
    outline = Outline(page)
    assert not [tag for tag, _ in outline.tags if tag in {"img", "iframe", "object"}]
    assert [attrs.get("type") for tag, attrs in outline.tags if tag == "script"] == ["application/json", None]
    assert page.count("</script") == 2, "what a customer writes ends no script"
    assert not [name for _, attrs in outline.tags for name in attrs if name.startswith("on")]
    assert "<script>window.hacked=1</script>" in outline.text, "shown as the customer wrote it"
    assert "{{ 7*7 }}" in outline.text


@given(st.text(max_size=200))
def test_labels_of_charts_stay_text(label: str) -> None:
    svg = str(charts._opening("10", "20", label))
    (tag, attrs), *others = Outline(svg + "</svg>").tags
    assert (tag, others) == ("svg", [])
    assert set(attrs) == {"xmlns", "viewbox", "width", "height", "role", "aria-label"}


def test_nothing_is_loaded_from_elsewhere(page: str, outline: Outline) -> None:
    assert not [tag for tag, _ in outline.tags if tag in {"iframe", "img", "object", "embed"}]
    assert "@import" not in page
    assert "url(" not in page
    links = [attrs[name] for _, attrs in outline.tags for name in ("href", "src") if attrs.get(name)]
    assert all(link.startswith(("#", "data:")) for link in links if link)


def test_the_content_policy_names_the_page_s_own_style_and_script_by_digest(page: str, outline: Outline) -> None:
    (policy,) = (attrs["content"] for _, attrs in outline.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "unsafe" not in policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag in ("style", "script"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert not [attrs for _, attrs in outline.tags if "style" in attrs], "the policy lets no style attribute through"


# For every reader


def test_structure_for_screen_readers(outline: Outline) -> None:
    names = [tag for tag, _ in outline.tags]
    assert [names.count(tag) for tag in ("h1", "main", "nav", "footer")] == [1, 1, 1, 1]
    levels = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels)), "no level is skipped"
    ids = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    pointed = [attrs["aria-labelledby"] for _, attrs in outline.tags if "aria-labelledby" in attrs]
    targets = [attrs["href"] for tag, attrs in outline.tags if tag == "a"]
    assert {*pointed, *(str(target).removeprefix("#") for target in targets)} <= set(ids)
    drawings = [attrs for tag, attrs in outline.tags if tag == "svg"]
    told = [attrs for attrs in drawings if attrs.get("role") == "img"]
    assert len(told) == 4 + 5 + 5, "charts over time; of each issue its urgency and its course"
    assert all(attrs["aria-label"] for attrs in told)
    assert all(attrs["aria-hidden"] == "true" for attrs in drawings if attrs not in told)


def test_every_colour_of_a_chart_has_a_dark_twin(page: str) -> None:
    drawings = " ".join(re.findall("<svg.*?</svg>", page, re.DOTALL))
    drawn = set(re.findall(r'"(#\w{3,8})"', drawings))
    assert drawn <= set(charts.LIGHT)
    named = set(re.findall(r'(?:fill|stroke)="([a-z]+)"', drawings))
    assert named <= {"none", "transparent"}
    style = (TEMPLATES / "style.css").read_text()
    for colour in charts.LIGHT:
        assert f'svg [fill="{colour}"]' in style
        assert f'svg [stroke="{colour}"]' in style


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(scheme: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for text; 3 to 1 for what charts draw."""
    style = (TEMPLATES / "style.css").read_text()
    blocks = re.findall(r":root \{(.*?)\n\s*\}", style, re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#\w{6})", blocks[0] if scheme == "light" else blocks[1]))
    for ground in ("paper", "card"):
        for ink in ("ink", "muted", "accent", "urgent", "good"):
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

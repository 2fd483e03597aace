"""One HTML file that tells a manager in two minutes what to fix first, and an analyst where that comes from.

The page is self-contained: no font, no image, nothing from elsewhere, and a content policy that lets only its own style
and its own small script through, each by its digest. Without scripts everything but the filter is there. Every text
that a customer or a file controls is escaped by the template engine. What it says stands in the tables of the run.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from voc.config import ReportConfig
from voc.report.page import Page, build_page
from voc.report.wording import capfirst
from voc.tables import Analysis

if TYPE_CHECKING:
    from jinja2 import Environment

    from voc.report.issues import Issue

__all__ = ["render", "render_markdown"]


def render(analysis: Analysis, config: ReportConfig) -> str:
    """The report as HTML: a few hundred kilobytes, and never more than a mail can carry."""
    style, script = (_asset(name) for name in ("style.css", "explore.js"))
    page = build_page(analysis, config)
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _render("report.html", page, style=style, script=script, policy=policy)


def render_markdown(analysis: Analysis, config: ReportConfig) -> str:
    """The manager's part of the report as Markdown, to paste into a chat, a wiki or a mail."""
    return _render("report.md", build_page(analysis, config))


def _render(name: str, page: Page, **values: str) -> str:
    speech = page.speech
    words = {"say": speech.say, "number": speech.number, "figure": speech.figure, "interval": speech.interval}
    named = {"metric": speech.metric, "listing": speech.listing}
    return _rooms(escapes=name.endswith(".html")).get_template(name).render(page=page, **words, **named, **values)


@cache
def _rooms(*, escapes: bool) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    rooms = Environment(
        loader=PackageLoader("voc.report"),
        autoescape=escapes,  # noqa: S701 not for Markdown, whose template escapes its own signs
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rooms.filters |= {"capfirst": capfirst, "plain": _plain, "placed": _placed}
    return rooms


@cache
def _asset(name: str) -> str:
    """A style sheet or script as it stands between its tags."""
    return (files("voc.report") / "templates" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The digest by which a content policy knows the text (CSP level 2)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _placed(issue: Issue) -> str:
    """An issue on a line of Markdown, by its name and its place in the ranking."""
    return f"“{_plain(issue.label)}” ({issue.place})"


def _plain(text: str) -> str:
    """A customer's words on one line of Markdown, where no sign of theirs is read as mark-up.

    >>> _plain("*now*\\n<b>| [x](y)")
    '\\\\*now\\\\* \\\\<b\\\\>\\\\| \\\\[x\\\\](y)'
    """
    line = " ".join(text.split())
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|#~" else sign for sign in line)

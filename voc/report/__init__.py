"""One HTML file that tells a manager in two minutes what to fix first, and an analyst where that comes from.

The page is self-contained: no script, no font, no image from elsewhere, and a content policy that forbids them. Every
text that a customer or a file controls is escaped by the template engine. What it says stands in the tables of the run.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from voc.config import ReportConfig
from voc.report.page import build_page
from voc.report.wording import capfirst, listing, number, several
from voc.tables import Analysis

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render"]


def render(analysis: Analysis, config: ReportConfig) -> str:
    """The report as HTML, a few hundred kilobytes whatever the number of comments."""
    return _template().render(page=build_page(analysis, config))


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    rooms = Environment(
        loader=PackageLoader("voc.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rooms.filters |= {"number": number, "several": several, "capfirst": capfirst, "listing": listing}
    return rooms.get_template("report.html")

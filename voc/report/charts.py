"""Charts as static SVG: Vega-Lite specifications by Altair, drawn by vl-convert without a network.

SVG rather than a script: it prints, needs no JavaScript, and a page of twenty issues stays small. No chart holds a
customer's words. Colours are those of LIGHT; the style sheet exchanges each for its dark twin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from voc.report.speech import MINUS, Speech

if TYPE_CHECKING:
    from markupsafe import Markup

INK, MUTED, LINE, ACCENT, BAND = "#1d2a30", "#566370", "#dfe3e2", "#1c6e78", "#cfe3e4"
LIGHT = (INK, MUTED, LINE, ACCENT, BAND)
"""The only colours a chart may hold; style.css has a dark twin for each (tested)."""

WIDTH, HEIGHT = 340, 150
"""Pixels of the plot: text keeps its size on a phone of 360 pixels, and two charts fit side by side on a desk."""

FONT = "system-ui, sans-serif"
AXIS_DATES = {"month": "%b", "week": "%-d %b", "day": "%-d %b"}
MOST_TICKS = 6


def bars(periods: Sequence[pd.Timestamp], values: Sequence[float], *, unit: str, label: str, speech: Speech) -> Markup:
    """A count per period, as bars from zero. `label` is what a screen reader says."""
    import altair as alt

    width = max(1.5, min(34.0, 0.72 * WIDTH / max(len(periods), 1)))
    chart = (
        alt.Chart(_rows(periods, value=values))
        .mark_bar(color=ACCENT, width=width)
        .encode(x=_time_axis(periods, unit, padding=width / 2 + 2), y=_value_axis(count=True))
    )
    return _draw(chart, label, speech)


def line(
    periods: Sequence[pd.Timestamp],
    values: Sequence[float | None],
    ends: tuple[Sequence[float | None], Sequence[float | None]],
    *,
    unit: str,
    label: str,
    speech: Speech,
    suffix: str = "",
) -> Markup:
    """A figure per period with its interval as a band; periods with too few answers are gaps. `suffix`: such as %."""
    import altair as alt

    rows = _rows(periods, value=values, low=ends[0], high=ends[1])
    base = alt.Chart(rows).encode(x=_time_axis(periods, unit, padding=8))
    band = base.mark_area(color=BAND).encode(y=_value_axis("low", suffix=suffix), y2="high:Q")
    # A band of one period has no width; the rule shows its interval.
    edges = base.mark_rule(color=BAND, strokeWidth=3).encode(y=_value_axis("low", suffix=suffix), y2="high:Q")
    path = base.mark_line(color=ACCENT, strokeWidth=2).encode(y=_value_axis(suffix=suffix))
    points = base.mark_point(color=ACCENT, filled=True, size=26, opacity=1).encode(y=_value_axis(suffix=suffix))
    return _draw(band + edges + path + points, label, speech)


def _rows(periods: Sequence[pd.Timestamp], **columns: Sequence[float | None]) -> Any:
    import altair as alt

    rows = [
        {"start": start.strftime("%Y-%m-%dT%H:%M:%SZ"), **{name: values[place] for name, values in columns.items()}}
        for place, start in enumerate(periods)
    ]
    return alt.Data(values=rows)


def _time_axis(periods: Sequence[pd.Timestamp], unit: str, *, padding: float) -> Any:
    """Ticks stand on starts of periods, so that no label repeats; the year stands under the first and under January."""
    import altair as alt

    step = -(-len(periods) // MOST_TICKS) or 1
    ticks = [alt.DateTime(year=each.year, month=each.month, date=each.day, utc=True) for each in periods[::step]]
    name = f"utcFormat(datum.value, '{AXIS_DATES[unit]}')"
    label = f"datum.index == 0 || utcdayofyear(datum.value) <= 7 ? [{name}, utcFormat(datum.value, '%Y')] : {name}"
    axis = alt.Axis(title=None, values=ticks, labelExpr=label, grid=False, labelFlush=False)
    return alt.X("start:T", scale=alt.Scale(type="utc", padding=padding), axis=axis)


def _value_axis(name: str = "value", *, suffix: str = "", count: bool = False) -> Any:
    import altair as alt

    axis = alt.Axis(title=None, tickCount=4, tickMinStep=1 if count else 0, labelExpr=f"datum.label + '{suffix}'")
    return alt.Y(f"{name}:Q", scale=alt.Scale(zero=count, nice=True), axis=axis)


def _draw(chart: Any, label: str, speech: Speech) -> Markup:
    """The chart as an <svg> that scales to its container and says what it shows."""
    import vl_convert
    from markupsafe import Markup

    numbers, dates = customs(speech)
    settled = _themed(chart.properties(width=WIDTH, height=HEIGHT)).to_dict()
    svg = vl_convert.vegalite_to_svg(settled, format_locale=numbers, time_format_locale=dates)
    opening = re.compile(r'<svg[^>]*?\bwidth="(\d+)" height="(\d+)"[^>]*>')
    found = opening.match(svg)
    if found is None:
        raise RuntimeError("vl-convert drew no <svg>")
    # The drawing is one picture with one label; its parts say nothing by themselves to a screen reader.
    bare = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg[found.end() :])
    return _opening(found[1], found[2], label) + Markup(bare)  # noqa: S704 (numbers and dates alone; the label is escaped)


def _opening(width: str, height: str, label: str) -> Markup:
    """The <svg> tag, with the label where screen readers find it."""
    from markupsafe import Markup

    size = Markup('viewBox="0 0 {0} {1}" width="{0}" height="{1}"').format(width, height)
    return Markup('<svg xmlns="http://www.w3.org/2000/svg" {0} role="img" aria-label="{1}">').format(size, label)


def customs(speech: Speech) -> tuple[dict[str, Any], dict[str, Any]]:
    """How d3 is to write numbers and dates in the language of the page."""
    locale = speech.locale
    symbols = locale.number_symbols["latn"]
    months = [locale.months["format"][width] for width in ("wide", "abbreviated")]
    days = [locale.days["format"][width] for width in ("wide", "abbreviated")]
    numbers = {
        "decimal": symbols["decimal"],
        "thousands": symbols["group"],
        "grouping": [3],
        "currency": ["", ""],
        "minus": MINUS,
    }
    dates = {
        "dateTime": "%x, %X", "date": "%-d %b %Y", "time": "%H:%M", "periods": ["AM", "PM"],
        "days": [days[0][(day + 6) % 7] for day in range(7)],
        "shortDays": [days[1][(day + 6) % 7] for day in range(7)],
        "months": [months[0][month] for month in range(1, 13)],
        "shortMonths": [months[1][month] for month in range(1, 13)],
    }  # fmt: skip
    return numbers, dates


def _themed(chart: Any) -> Any:
    return chart.configure(
        aria=False,
        background="transparent",
        padding=2,
        font=FONT,
        axis={
            "labelColor": MUTED, "labelFontSize": 12, "gridColor": LINE, "tickColor": LINE, "domain": False,
            "ticks": False, "labelPadding": 6,
        },
        axisX={"domain": True, "domainColor": LINE, "labelOverlap": True, "labelPadding": 10},
        view={"stroke": None},
    )  # fmt: skip

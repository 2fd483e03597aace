"""The report in a real headless Chromium: it renders, loads nothing, complains of nothing, and fits every screen."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis_fixture import HOSTILE, empty_analysis, make_analysis, make_changes

from voc.config import ExperienceConfig, MetricsConfig, ReportConfig
from voc.experience import rate_experience
from voc.metrics import measure
from voc.report import render
from voc.report.page import build_page
from voc.report.speech import languages

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
FULL = make_analysis(rows=300)
RATED = rate_experience(FULL.feedback, FULL.clauses, ExperienceConfig())
MADE = {
    "full": replace(FULL, feedback=RATED, metrics=measure(RATED, MetricsConfig(by=("Store",))), changes=make_changes()),
    "hostile": replace(make_analysis(rows=240, hostile=True), changes=make_changes(HOSTILE)),
    "bare": make_analysis(rows=80, dates=False, scores=False, customers=False),
    "nothing": empty_analysis(),
}
MARCH = pd.Timestamp("2025-03-01", tz="UTC")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"no browser installed: looked for {', '.join(BROWSERS)}")


@dataclass
class Visit:
    """An open page with all that the browser said and asked for."""

    page: object
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    paths = {name: folder / f"{name}.html" for name in (*MADE, *languages())}
    for name, path in paths.items():
        lang = name if name in languages() else "en"
        path.write_text(render(MADE.get(name, MADE["full"]), ReportConfig(lang=lang)), encoding="utf-8")
    return paths


@pytest.fixture
def visit(browser, reports):
    """Opens a report at a width in a colour scheme."""
    contexts = []

    def open_(name: str, *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Visit:
        size = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=scripts))
        page = contexts[-1].new_page()
        visited = Visit(page)
        page.on("console", lambda message: visited.said.append(message.text))
        page.on("pageerror", lambda error: visited.said.append(str(error)))
        page.on("request", lambda request: visited.asked.append(request.url))
        page.goto(reports[name].as_uri())
        return visited

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", MADE)
def test_asks_for_nothing_and_complains_of_nothing(visit, reports, name: str, scheme: str) -> None:
    seen = visit(name, scheme=scheme)
    seen.page.wait_for_load_state("networkidle")
    assert seen.asked == [reports[name].as_uri()]
    assert seen.said == []


def test_shows_the_issues(visit) -> None:
    page = visit("full").page
    issues = MADE["full"].issues
    shown = page.locator(".issues article")
    assert shown.count() == len(issues)
    for place, issue in enumerate(issues.itertuples()):
        article = shown.nth(place)
        assert article.is_visible()
        assert issue.label in article.locator("h3").inner_text()
        assert article.locator("blockquote").first.is_visible()
        assert article.locator(".bar").first.bounding_box()["width"] > 100
        fill = article.locator(".gauge .fill").bounding_box()["width"]
        assert fill / article.locator(".gauge .track").bounding_box()["width"] == pytest.approx(
            issue.urgency / 100, abs=0.01
        )
    assert page.locator("#trend svg").count() == 6
    assert all(drawing.bounding_box()["height"] > 80 for drawing in page.locator("#trend svg").all())


@pytest.mark.parametrize("name", MADE)
def test_never_scrolls_sideways(visit, name: str) -> None:
    page = visit(name).page
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    for width in (320, 360, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert _spilling(page) == [], width


def _spilling(page) -> list[str]:
    """What sticks out on the right."""
    return page.evaluate(
        """() => [...document.querySelectorAll('main *:not(.hidden)')].filter(each => {
            const box = each.getBoundingClientRect();
            return box.width > 2 && box.right > innerWidth + 1 && !each.closest('svg') && !each.closest('thead');
        }).map(each => each.className || each.tagName)"""
    )


def test_hostile_text_does_not_run(visit) -> None:
    page = visit("hostile").page
    assert page.evaluate("window.hacked") is None
    assert page.locator("main script, main img").count() == 0
    assert "<script>window.hacked=1</script>" in page.locator("main").inner_text()


def test_even_an_injected_script_would_not_run(browser, reports, tmp_path: Path) -> None:
    """The content policy is a second wall, in case the first is ever broken."""
    broken = reports["full"].read_text(encoding="utf-8").replace("</main>", "<script>window.hacked = 1</script></main>")
    (tmp_path / "broken.html").write_text(broken, encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "broken.html").as_uri())
    assert page.evaluate("window.hacked") is None
    page.close()


def test_is_dark_where_the_reader_wants_it(visit) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        page = visit("full", scheme=scheme).page
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        label = page.locator("#trend svg text").first.evaluate("each => getComputedStyle(each).fill")
        shades[scheme] = tuple(sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ground, label))
    (light_ground, light_label), (dark_ground, dark_label) = shades["light"], shades["dark"]
    assert light_ground > light_label + 300
    assert dark_label > dark_ground + 300


def test_is_usable_by_keyboard(visit) -> None:
    page = visit("full").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    details = page.locator("#trust details").first
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert details.get_attribute("open") is not None


def test_names_what_screen_readers_meet(visit) -> None:
    page = visit("full").page
    tree = page.locator("body").aria_snapshot()
    label = MADE["full"].issues["label"].iloc[0]
    assert f'heading "Rank 1: {label}" [level=3]' in tree
    assert re.search(r'img "Urgency \d+ of 100, likely \d+ to \d+"', tree)
    assert re.search(r'img "NPS: −?\+?\d+ in January 2025, .* The band is the 95% interval\."', tree)
    for landmark in ("- banner:", "- navigation", "- main:", "- contentinfo:"):
        assert landmark in tree


def test_prints_everything_that_is_folded_away(visit) -> None:
    page = visit("full").page
    page.emulate_media(media="print")
    assert page.get_by_text("Their weighted mean is the urgency").is_visible()
    assert not page.locator("nav").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


# Accessibility


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("full", 1280, "light"), ("full", 1280, "dark"), ("full", 390, "light"), ("bare", 1280, "light"),
     ("nothing", 1280, "dark"), ("hostile", 390, "dark"), ("de", 1280, "light"), ("lt", 390, "light")],
)  # fmt: skip
def test_axe_finds_nothing(visit, name: str, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed").Axe()
    page = visit(name, width=width, scheme=scheme).page
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = axe.run(page, options={"runOnly": {"type": "tag", "values": STANDARDS}})
    told = [f"{each['id']}: {each['nodes'][0]['html'][:150]}" for each in found.response["violations"]]
    assert not told


def test_axe_would_find_something(visit) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed").Axe()
    page = visit("full").page
    page.evaluate("document.querySelectorAll('label').forEach(each => each.replaceWith(...each.childNodes))")
    page.evaluate("document.querySelector('.fine').setAttribute('style', 'color: #ddd')")
    found = axe.run(page, options={"runOnly": {"type": "tag", "values": STANDARDS}})
    assert "select-name" in {each["id"] for each in found.response["violations"]}


def test_everything_is_reached_by_keyboard(visit) -> None:
    page = visit("full").page
    wanted = page.locator("a:visible, summary:visible, select:visible, button:visible").count()
    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => { const all = [...document.querySelectorAll('*')]; return all.indexOf(document.activeElement); }"
        )
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        reached.add(focused)
        on_page = page.evaluate("document.activeElement !== document.body")
        assert not on_page or outline != "none", "where the focus is can be seen"
    assert len(reached) >= wanted


def test_issues_open_by_keyboard(visit) -> None:
    page = visit("full").page
    summary = page.locator(".drill > summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator(".drill .columns").first.is_visible()


# The filter


def test_the_filter_starts_with_everything(visit) -> None:
    page = visit("full").page
    metrics = MADE["full"].metrics.query("by == 'all' and period_start.isna()").set_index("metric")
    assert page.locator("#chosen-count").inner_text() == "290 comments of 290"
    assert page.locator("#chosen-themes tbody tr").count() == len(MADE["full"].issues)
    for metric in ("nps", "net_sentiment", "rating", "experience"):
        shown = page.locator(f"#chosen-figures [data-metric={metric}]")
        assert float(shown.get_attribute("data-value")) == pytest.approx(metrics.loc[metric, "value"], abs=0.01)


@pytest.mark.parametrize("by", ["channel", "Store"])
def test_choosing_a_segment_gives_its_figures(visit, by: str) -> None:
    page = visit("full").page
    rows = MADE["full"].metrics.query("by == @by and metric == 'nps'")
    for row in rows.itertuples():
        page.locator(f"select[name='by-{by}']").select_option(label=row.segment)
        shown = page.locator("#chosen-figures [data-metric=nps]")
        assert float(shown.get_attribute("data-value")) == pytest.approx(row.value, abs=0.01)
    page.locator("#filter button").click()
    page.wait_for_function("document.getElementById('chosen-count').textContent === '290 comments of 290'")


def test_intervals_of_the_filter_are_those_of_the_tables(visit) -> None:
    """The script computes them anew; the metrics stage is the judge."""
    page = visit("full").page
    made = MADE["full"].metrics.query("by == 'channel' and period_start.isna()")
    for segment in ("chat", "survey"):
        page.locator("select[name='by-channel']").select_option(label=segment)
        for metric in ("nps", "csat", "rating", "net_sentiment", "experience"):
            row = made[(made["metric"] == metric) & (made["segment"] == segment)].iloc[0]
            shown = page.locator(f"#chosen-figures [data-metric={metric}]")
            for end in ("value", "low", "high"):
                scale = 1 if metric == "rating" else 100
                told = float(shown.get_attribute(f"data-{end}"))
                assert told == pytest.approx(row[end], abs=0.02 * scale), (metric, segment, end)


def test_means_at_the_end_of_their_scale_have_the_intervals_of_the_tables(browser, tmp_path: Path) -> None:
    """Where all agree, and where t would reach beyond five stars."""
    stars = np.where(RATED["channel"].eq("chat"), 5, np.where(np.arange(len(RATED)) % 25, 5, 4))
    feedback = RATED.assign(rating=stars, customer_id=RATED["feedback_id"])
    made = replace(FULL, feedback=feedback, metrics=measure(feedback, MetricsConfig()))
    (tmp_path / "report.html").write_text(render(made, ReportConfig()), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    rows = made.metrics.query("metric == 'rating' and by == 'channel'").set_index("segment")
    for segment in ("chat", "survey"):
        page.locator("select[name='by-channel']").select_option(label=segment)
        shown = page.locator("#chosen-figures [data-metric=rating]")
        assert rows.loc[segment, "low"] < rows.loc[segment, "value"] <= rows.loc[segment, "high"] <= 5
        for end in ("value", "low", "high"):
            assert float(shown.get_attribute(f"data-{end}")) == pytest.approx(rows.loc[segment, end], abs=0.02), segment
    page.close()


def test_a_theme_and_a_period_narrow_the_choice(visit) -> None:
    made = MADE["full"]
    page = visit("full").page
    first = made.issues.iloc[0]
    page.locator("select[name=theme]").select_option(label=first["label"])
    assert page.locator("#chosen-count").inner_text() == f"{first['n_feedback']} comments of 290"
    assert {*page.locator("#chosen-quotes figcaption").all_inner_texts()} == {first["label"]}
    page.locator("select[name=theme]").select_option("")
    page.locator("select[name=from]").select_option(label="March 2025")
    page.locator("select[name=until]").select_option(label="March 2025")
    volume = made.metrics.query("metric == 'volume' and period_start == @MARCH").iloc[0]["value"]
    assert page.locator("#chosen-count").inner_text() == f"{volume:.0f} comments of 290"


def test_too_few_answers_are_said(visit) -> None:
    page = visit("full").page
    for name in ("by-channel", "by-lang", "by-Store"):
        page.locator(f"select[name='{name}']").select_option(index=3)
    page.locator("select[name=from]").select_option(index=3)
    page.locator("select[name=until]").select_option(index=3)
    assert "too few answers" in page.locator("#chosen-figures").inner_text()


@pytest.mark.parametrize("lang", languages())
def test_the_filter_speaks_the_language(visit, lang: str) -> None:
    seen = visit(lang)
    texts = build_page(MADE["full"], ReportConfig(lang=lang)).speech
    assert seen.page.locator("#chosen-count").inner_text() == texts.say("filter_count", n=290, all=290)
    assert seen.said == []


def test_without_scripts_all_but_the_filter_is_there(visit) -> None:
    page = visit("full", scripts=False).page
    assert not page.locator("#explore").is_visible()
    assert not page.locator("#explore-link").is_visible()
    for section in ("#issues", "#changed", "#trend", "#segments", "#associations", "#trust"):
        assert page.locator(section).is_visible()


# Print


@pytest.fixture(scope="module")
def printed(browser, reports, tmp_path_factory: pytest.TempPathFactory) -> object:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    path = tmp_path_factory.mktemp("print") / "report.pdf"
    page = browser.new_page()
    page.goto(reports["full"].as_uri())
    page.pdf(path=str(path), format="A4")
    page.close()
    return pypdf.PdfReader(path)


def test_prints_every_issue_and_figure_and_no_control(printed) -> None:
    text = " ".join(" ".join(page.extract_text() for page in printed.pages).split())
    assert 3 <= len(printed.pages) <= 9
    for issue in MADE["full"].issues.itertuples():
        assert issue.label in text
        assert issue.why in text
    for heading in ("At a glance", "What to fix first", "What changed", "By segment", "What to trust"):
        assert heading in text
    for control in ("Show all again", "Skip to the issues", "Course, segments and signals"):
        assert control not in text


def test_no_printed_page_is_empty(printed) -> None:
    *full, last = [len(page.extract_text()) for page in printed.pages]
    assert min(full) > 400, "a card that does not fit must not leave half a page behind"
    assert last > 0

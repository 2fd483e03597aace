"""The report in a real headless Chromium: it renders, loads nothing, complains of nothing, and fits every screen."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from analysis_fixture import empty_analysis, make_analysis

from voc.config import ReportConfig
from voc.report import render

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
MADE = {
    "full": make_analysis(rows=300),
    "hostile": make_analysis(rows=240, hostile=True),
    "bare": make_analysis(rows=80, dates=False, scores=False, customers=False),
    "nothing": empty_analysis(),
}

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
    paths = {name: folder / f"{name}.html" for name in MADE}
    for name, path in paths.items():
        path.write_text(render(MADE[name], ReportConfig()), encoding="utf-8")
    return paths


@pytest.fixture
def visit(browser, reports):
    """Opens a report at a width in a colour scheme."""
    contexts = []

    def open_(name: str, *, width: int = 1280, scheme: str = "light") -> Visit:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme))
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
        assert fill / article.locator(".gauge .bar").bounding_box()["width"] == pytest.approx(
            issue.urgency / 100, abs=0.01
        )
    assert page.locator("#trend svg").count() == 4
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
    assert page.locator("script, img").count() == 0
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

"""axe finds nothing on any kind of page, in both languages, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.kinds import PATHS, PREFIXES, RESTING, open_drawer, resting_page

OpenPage = Callable[..., Page]
WIDTHS = (1280, 320)
EVERYTHING = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
# Dark and light differ in their colours; that they differ in nothing else is looked at on the main kinds of page.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
MAIN = tuple(
    path
    for path in PATHS
    if path in ("/", "/compare", "/cities", "/about")
    or path.startswith(("/search?q=eye+", "/hosp", "/art", "/cities/"))
)
MISSING = ("404", "503")  # Chromium reports the status of the page itself


AXE = Axe().axe_script
RUN = "([context, options]) => axe.run(context || document, options).then((found) => found.violations)"


def found(page: Page, options: dict[str, object], context: dict[str, object] | None = None) -> list[dict[str, Any]]:
    """Rules that a page breaks.

    What axe would say of nodes that are right is half of its work and of no interest: with ``resultTypes`` it leaves
    that out. Violations are the same. A page gets the script of half a megabyte once.
    """
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE)
    asked = [context, {**options, "resultTypes": ["violations"]}]
    broken: list[dict[str, Any]] = page.evaluate(RUN, asked)
    return broken


def violations(page: Page, options: dict[str, object] = EVERYTHING) -> list[str]:
    return [
        f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for each in found(page, options)
        for node in each["nodes"]
    ]


def looked_at(page: Page, dark: dict[str, object] = COLOURS) -> list[str]:
    """What axe says of an open page in both schemes; ``dark`` are the rules for the second."""
    page.emulate_media(color_scheme="light")
    open_drawer(page)
    told: list[str] = []
    for scheme, options in (("light", EVERYTHING), ("dark", dark)):
        page.emulate_media(color_scheme=scheme)
        told += [f"{page.url}, {scheme}: {said}" for said in violations(page, options)]
    return told


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_axe_finds_nothing(open_page: OpenPage, prefix: str, width: int, tmp_path: Path) -> None:
    resting = resting_page(tmp_path, prefix)
    page = open_page(prefix + PATHS[0], width=width, height=800, expected=MISSING)
    page.route(f"**{prefix}{RESTING}", lambda route: route.fulfill(status=503, content_type="text/html", body=resting))
    told = looked_at(page)
    for path in (*PATHS[1:], RESTING):
        page.goto(prefix + path)
        whole = path in (*MAIN, RESTING) and width == WIDTHS[0] and not prefix
        told += looked_at(page, EVERYTHING if whole else COLOURS)
    assert told == []


def test_axe_finds_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page("/")
    page.evaluate("""() => {
        document.documentElement.removeAttribute("lang");
        const words = document.createElement("p");
        words.style.color = "#999";
        words.append("Hardly read", document.createElement("img"));
        document.body.append(words);
    }""")
    broken = {each["id"] for each in found(page, EVERYTHING)}
    assert broken == {"html-has-lang", "image-alt", "color-contrast", "region"}
    assert [each["id"] for each in found(page, COLOURS)] == ["color-contrast"]


def test_the_open_list_of_suggestions_too(open_page: OpenPage) -> None:
    page = open_page("/")
    page.get_by_role("combobox").fill("eye")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    told = violations(page)
    page.emulate_media(color_scheme="dark")
    assert told + violations(page, COLOURS) == []


def test_body_text_has_the_higher_contrast(open_page: OpenPage) -> None:
    """AAA (7 to 1) for what is read at length."""
    read = [".prose", ".snippet", ".lead", ".facts dd", ".prose-page", ".small-summary"]
    options = {
        "runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]},
        "rules": {"color-contrast-enhanced": {"enabled": True}},
    }
    page = open_page("/search?q=eye")
    told: list[str] = []
    for path in ("/search?q=eye", "/hospitals/shanghai-eye-hospital?q=cataract", "/about/privacy", "/cities/shanghai"):
        page.goto(path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            shown = {"include": [[part] for part in read if page.locator(part).count()]}
            broken = found(page, options, shown)
            told += [f"{path} {scheme}: {node['html'][:100]}" for each in broken for node in each["nodes"]]
    assert told == []


@pytest.mark.parametrize("height", [640, 256])  # a phone, and a usual window at four times the size
def test_the_button_at_hand_never_covers_a_box_to_tick(open_page: OpenPage, height: int) -> None:
    """A bar of the whole width lay over the boxes at the lower edge, where a thumb hit the button in place of them."""
    page = open_page("/search?q=hospital&city=Shanghai", width=320, height=height, java_script_enabled=False)
    open_drawer(page)
    boxes = page.locator(".facet-form input[type=checkbox]:visible").count()
    assert boxes > 10
    covered = """(top) => {
        scrollTo({top, behavior: "instant"});
        const button = document.querySelector(".apply").getBoundingClientRect();
        const near = (box) => box.width &&
            box.right + 24 > button.left && box.bottom > button.top && box.top < button.bottom;
        const boxes = [...document.querySelectorAll(".facet-form input[type=checkbox]")];
        return boxes.filter((box) => near(box.getBoundingClientRect())).length;
    }"""
    bottom = page.evaluate("document.documentElement.scrollHeight")
    assert [top for top in range(0, bottom, 100) if page.evaluate(covered, top)] == []

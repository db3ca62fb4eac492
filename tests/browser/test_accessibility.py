"""axe finds nothing on any kind of page, in both languages, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OpenPage = Callable[..., Page]
PATHS = (
    "/",
    "/search?q=eye+hospital+in+shangai",
    "/search?q=hospital&city=Shanghai&kind=hospital&per_page=2&page=2",
    "/search?q=visa&city=Guangzhou",
    "/search?q=eye&page=9",
    "/hospitals/shanghai-eye-hospital?q=cataract",
    "/articles/what-does-cancer-treatment-cost?q=proton",
    "/cities",
    "/specialties/ophthalmology",
    "/compare?h=renji-hospital&h=ruijin-hospital",
    "/about",
    "/about/api",
    "/nowhere/eye-hospital",
)
OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def violations(page: Page, options: dict[str, object] = OPTIONS) -> list[str]:
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:200]}" for each in found for node in each["nodes"]
    ]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prefix", ["", "/zh"])
def test_axe_finds_nothing(open_page: OpenPage, path: str, prefix: str) -> None:
    missing = ("404",)  # Chromium reports the status of the page itself
    page = open_page(prefix + path, expected=missing)
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        if width == 320 and page.locator(".drawer > summary").count():
            page.locator(".drawer > summary").click()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], (width, scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_open_list_of_suggestions_too(open_page: OpenPage, scheme: str) -> None:
    page = open_page("/", color_scheme=scheme)
    page.get_by_role("combobox").press_sequentially("eye")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert violations(page) == []


@pytest.mark.parametrize("path", ["/hospitals/shanghai-eye-hospital?q=cataract", "/search?q=eye", "/about/privacy"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_body_text_has_the_higher_contrast(open_page: OpenPage, path: str, scheme: str) -> None:
    """AAA (7 to 1) for what is read at length."""
    page = open_page(path, color_scheme=scheme)
    selector = ".prose, .snippet, .lead, .facts dd, .prose-page"
    options = {
        "runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]},
        "rules": {"color-contrast-enhanced": {"enabled": True}},
    }
    found = Axe().run(
        page,
        context={"include": [[part.strip()] for part in selector.split(",") if page.locator(part).count()]},
        options=options,
    )
    assert [node["html"][:100] for each in found.response["violations"] for node in each["nodes"]] == []

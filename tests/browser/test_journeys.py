"""Whole journeys: by keyboard alone, without JavaScript, and with everything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
PATHS = (
    "/",
    "/search?q=eye+hospital+in+shangai",
    "/search?q=visa&city=Guangzhou",
    "/search?per_page=3&page=2",
    "/hospitals/shanghai-eye-hospital?q=cataract",
    "/articles/what-does-cancer-treatment-cost?q=proton",
    "/cities",
    "/cities/shanghai",
    "/compare",
    "/compare?h=renji-hospital&h=ruijin-hospital&h=longhua-hospital",
    "/about",
    "/about/api",
    "/about/ranking",
)


def focused(page: Page) -> str:
    return page.evaluate(
        """() => {
            const it = document.activeElement;
            return it.textContent.trim() || it.getAttribute('aria-label') || it.id;
        }"""
    )


def tab_to(page: Page, text: str, most: int = 120) -> None:
    for _press in range(most):
        page.keyboard.press("Tab")
        if text in focused(page):
            return
    raise AssertionError(f"{text!r} cannot be reached by Tab")


def test_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("hospital shanghai")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/search"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("hospital shanghai")
    # Tick a filter with the space bar and apply it with the button.
    box = page.locator("#f-specialty-ophthalmology")
    for _press in range(60):
        page.keyboard.press("Tab")
        if box.evaluate("box => box === document.activeElement"):
            break
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("specialty=Ophthalmology"))
    expect(box).to_be_checked()
    assert box.evaluate("box => box === document.activeElement"), "the focus stays where it was"
    tab_to(page, "Shanghai Eye Hospital")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/hospitals/shanghai-eye-hospital"))
    page.go_back()
    expect(box).to_be_checked()
    expect(page.locator("#q")).to_have_value("hospital shanghai")
    page.go_back()
    expect(box).not_to_be_checked()
    assert "specialty" not in page.url


def test_every_focus_can_be_seen(open_page: OpenPage) -> None:
    for path in ("/", "/search?q=eye", "/hospitals/renji-hospital"):
        page = open_page(path)
        for _press in range(40):
            page.keyboard.press("Tab")
            seen = page.evaluate(
                """() => {
                    const it = document.activeElement;
                    if (it === document.body) return true;
                    const style = getComputedStyle(it);
                    if (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) return true;
                    const target = it.querySelector('.map-target');
                    return target && getComputedStyle(target).strokeWidth === '3px';
                }"""
            )
            assert seen, (path, focused(page))


def test_without_javascript(open_page: OpenPage) -> None:
    page = open_page("/", java_script_enabled=False)
    page.locator("#q").fill("hospital")
    page.get_by_role("button", name="Search").click()
    assert "/search?q=hospital" in page.url
    page.get_by_label(re.compile("^Shanghai")).check()
    page.get_by_label(re.compile("^Hospital")).check()
    page.get_by_role("button", name="Apply filters").click()
    assert page.url.endswith("/search?q=hospital&kind=hospital&city=Shanghai")
    shown = page.locator(".hits .card-title a").all_inner_texts()
    assert len(shown) == 4
    page.locator("a.chip", has_text="Shanghai").click()
    assert page.url.endswith("/search?q=hospital&kind=hospital")
    expect(page.get_by_label(re.compile("^Shanghai"))).not_to_be_checked()
    page.goto("/search?q=hospital&per_page=3")
    page.get_by_role("link", name="Next").click()
    assert "page=2" in page.url
    here = page.url
    listed = page.locator(".hits .card-title a").all_inner_texts()
    page.locator(".hits .card-title a").first.click()
    assert re.search("/(hospitals|articles)/", page.url)
    page.go_back()
    assert page.url == here
    assert page.locator(".hits .card-title a").all_inner_texts() == listed


def test_comparing_without_javascript(open_page: OpenPage) -> None:
    page = open_page("/search?q=hospital&kind=hospital&city=Shanghai", java_script_enabled=False)
    for box in page.locator(".pick input").all()[:2]:
        box.check()
    page.get_by_role("button", name="Compare ticked hospitals").click()
    assert page.url.count("h=") == 2
    expect(page.locator("table.compare thead th")).to_have_count(2)
    page.get_by_label("Add a hospital by name").fill("Beijing Tongren Hospital")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("table.compare thead th")).to_have_count(3)


def test_filters_without_javascript_on_a_phone(open_page: OpenPage) -> None:
    page = open_page("/search?q=hospital", width=390, height=844, java_script_enabled=False)
    box = page.get_by_label(re.compile("^Shanghai"))
    expect(box).to_be_hidden()
    page.locator("summary", has_text="Filters").click()
    expect(box).to_be_visible()
    box.check()
    page.get_by_role("button", name="Apply filters").click()
    assert page.url.endswith("/search?q=hospital&city=Shanghai")


def test_results_follow_the_checkboxes(open_page: OpenPage) -> None:
    page = open_page("/search?q=hospital")
    status = page.locator("[data-status]")
    element = status.element_handle()
    page.get_by_label(re.compile("^Beijing")).check()
    page.wait_for_url(re.compile("city=Beijing"))
    expect(status).to_contain_text("for “hospital”")
    assert element.evaluate("node => node.isConnected"), "the live element is never replaced"
    page.get_by_label(re.compile("^Pediatrics")).check()
    page.wait_for_url(re.compile("specialty=Pediatrics"))
    assert page.locator(".hits .card-title a").all_inner_texts() == ["Beijing Children's Hospital"]
    page.go_back()
    expect(page.locator(".hits > li")).not_to_have_count(1)
    expect(page.get_by_label(re.compile("^Beijing"))).to_be_checked()
    page.go_back()
    expect(page.locator("#f-city-beijing")).not_to_be_checked()
    # New words keep the filters that are on the page now, and no older ones.
    page.get_by_label(re.compile("^Shanghai")).check()
    page.wait_for_url(re.compile("city=Shanghai"))
    page.locator("#q").fill("eye")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"q=eye&city=Shanghai$"))


def test_a_shortlist_survives_paging_and_becomes_an_address(open_page: OpenPage) -> None:
    page = open_page("/search?kind=hospital&sort=title&per_page=3")
    expect(page.locator("[data-compare]")).to_be_hidden()
    page.locator(".pick input").first.check()
    expect(page.get_by_role("button", name="Compare 1 hospitals")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    page.locator(".pick input").first.check()
    page.get_by_role("button", name="Compare 2 hospitals").click()
    page.wait_for_url(re.compile(r"/compare\?h=beijing-childrens-hospital&h="))
    page.goto("/hospitals/renji-hospital")
    button = page.get_by_role("button", name="Add to shortlist")
    button.click()
    expect(page.get_by_role("link", name="Compare (3)")).to_be_visible()
    page.get_by_role("button", name="On your shortlist").click()
    expect(page.get_by_role("link", name="Compare (2)")).to_be_visible()


def test_recent_searches_are_kept_only_when_asked_for(open_page: OpenPage) -> None:
    page = open_page("/search?q=eye")
    assert page.evaluate("localStorage.length") == 0
    page.goto("/")
    page.get_by_label("Remember my searches").check()
    page.goto("/search?q=proton+therapy")
    page.goto("/")
    expect(page.locator(".recent").get_by_role("link", name="proton therapy")).to_be_visible()
    page.get_by_label("Remember my searches").uncheck()
    assert page.evaluate("localStorage.length") == 0


def test_a_result_leads_to_the_section_with_the_words_marked(open_page: OpenPage) -> None:
    page = open_page("/search?q=S2+visa+embassy")
    page.locator(".section-link a").first.click()
    page.wait_for_url(re.compile(r"\?q=S2%20visa%20embassy#the-short-answer"))
    expect(page.locator("#the-short-answer mark").first).to_be_visible()
    assert page.locator("#the-short-answer").evaluate("node => node.matches(':target')")


def test_the_link_to_a_search_is_copied(open_page: OpenPage) -> None:
    page = open_page("/search?q=eye", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Link to this search").click()
    expect(page.get_by_text("Link copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/search?q=eye")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prefix", ["", "/zh"])
def test_nothing_scrolls_sideways_at_320_pixels(open_page: OpenPage, path: str, prefix: str) -> None:
    # 1280 pixels at 400 % are 320 CSS pixels.
    page = open_page(prefix + path, width=320, height=640)
    wide = page.evaluate("document.documentElement.scrollWidth")
    beyond = """() => [...document.querySelectorAll('body *')]
        .filter((node) => node.getBoundingClientRect().right > 321).map((node) => node.outerHTML.slice(0, 80))"""
    assert wide <= 320, page.evaluate(beyond)


@pytest.mark.parametrize("path", PATHS)
def test_targets_are_large_enough(open_page: OpenPage, path: str) -> None:
    """WCAG 2.5.8: 24 pixels, or so much space around that a circle of 24 pixels meets no other target."""
    page = open_page(path, width=390, height=844)
    small = page.evaluate(
        """() => {
            const shown = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')]
                .filter((node) => node.checkVisibility() && !node.matches('.skip, .source a'))
                .map((node) => [node, node.getBoundingClientRect()])
                .filter(([node, box]) => box.width > 1 && box.height > 1);
            const inText = (node) => getComputedStyle(node).display === 'inline'
                && node.parentElement.textContent.trim() !== node.textContent.trim();
            const small = ([node, box]) => (box.width < 24 || box.height < 24) && !inText(node);
            const gap = (x, y, box) => Math.hypot(
                Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom)
            );
            const crowded = ([node, box]) => shown.some(([other, place]) =>
                other !== node && gap(box.x + box.width / 2, box.y + box.height / 2, place) < 12);
            return shown.filter(small).filter(crowded)
                .map(([node, box]) => `${node.outerHTML.slice(0, 90)} ${box.width}x${box.height}`);
        }"""
    )
    assert small == []


def test_a_first_visit_moves_little(open_page: OpenPage) -> None:
    sizes: list[int] = []
    page = open_page("/about")
    page.context.clear_cookies()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto("/search?q=eye+hospital+in+shanghai", wait_until="networkidle")
    assert 0 < sum(sizes) < 60_000


def test_structured_data_is_not_run_and_can_be_read(open_page: OpenPage) -> None:
    page = open_page("/articles/ivf-in-beijing-and-guangzhou")
    data = json.loads(page.locator("script[type='application/ld+json']").text_content())
    assert data["@graph"][0]["name"] == "IVF in Beijing and Guangzhou <Compared>"


def test_printing_leaves_out_the_menus(open_page: OpenPage) -> None:
    page = open_page("/hospitals/renji-hospital")
    page.emulate_media(media="print")
    expect(page.locator(".mainnav")).to_be_hidden()
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.locator(".facts")).to_be_visible()
    expect(page.locator("#sources")).to_be_visible()

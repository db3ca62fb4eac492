"""The site on the corpus that comes with it: long names, long facets, many pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.kinds import PREFIXES, open_drawer

OpenPage = Callable[..., Page]
MAX_BYTES = 60_000  # of a first visit to a page of results, everything that is transferred for it


def test_a_first_visit_moves_little(open_real_page: OpenPage) -> None:
    sizes: list[int] = []
    page = open_real_page("/about")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    for address in ("/search?q=eye+hospital+in+shangai", "/zh/search?q=hospital", "/search?q=cancer&per_page=10"):
        sizes.clear()
        page.goto(address, wait_until="networkidle")
        assert len(sizes) >= 3, "page, stylesheet and script"
        assert sum(sizes) < MAX_BYTES, address


def test_every_example_of_the_start_page_is_true(open_real_page: OpenPage) -> None:
    page = open_real_page("/")
    for prefix in PREFIXES:
        page.goto(f"{prefix}/")
        links = page.locator(".examples a").evaluate_all("links => links.map((link) => link.href)")
        assert len(links) == 5
        for link in links:
            page.goto(link)
            assert page.locator(".hits > li").count() > 0
            assert page.get_by_text("No page has").count() == 0


def test_the_first_result_stands_on_the_first_screen_of_a_phone(open_real_page: OpenPage) -> None:
    """Title and snippet, beside what was understood; the filters open above the order of the hits, not over it."""
    page = open_real_page("/about", width=360, height=740)
    for query in ("eye+hospital+shanghai", "hip+replacement+cost", "do+i+need+a+visa"):
        page.goto(f"/search?q={query}")
        expect(page.locator(".chip-off").first).to_be_in_viewport()
        expect(page.locator(".hits .card-title").first).to_be_in_viewport(ratio=1)
        expect(page.locator(".hits .snippet").first).to_be_in_viewport(ratio=0.5)
    filters, order = page.locator(".drawer > summary"), page.locator(".tools")
    assert abs((filters.bounding_box() or {})["y"] - (order.bounding_box() or {})["y"]) < 4, "side by side"
    filters.click()
    form = page.locator(".facet-form").bounding_box() or {}
    assert (order.bounding_box() or {})["y"] > form["y"] + form["height"]


def test_a_long_facet_unfolds_and_is_searched(open_real_page: OpenPage) -> None:
    page = open_real_page("/search?kind=hospital")
    group = page.locator("[data-facet=specialty]")
    common, rare = group.locator(".check").first, group.locator(".check").last
    expect(rare).to_be_hidden()
    more = group.locator("details.more > summary")
    assert int(re.search(r"\d+", more.inner_text()).group()) == group.locator("details.more .check").count()
    more.click()
    expect(rare).to_be_visible()
    name = rare.locator("label").inner_text().rpartition(" ")[0]
    group.get_by_role("searchbox", name="Find in Specialty").fill(name.upper())
    expect(rare).to_be_visible()
    expect(common).to_be_hidden()
    page.keyboard.press("Enter")  # finds within the list, and searches for nothing
    rare.get_by_role("checkbox").check()
    page.wait_for_url(re.compile("specialty="))
    expect(group.get_by_role("checkbox", name=name)).to_be_checked()


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_sought_in_a_facet_stays_after_a_tick(open_real_page: OpenPage, width: int) -> None:
    """The box was empty again after each tick, and the whole list was back."""
    page = open_real_page("/search?kind=hospital", width=width)
    open_drawer(page)
    find = page.get_by_role("searchbox", name="Find in Specialty")
    find.fill("me")
    group = page.locator("[data-facet=specialty]")
    shown = group.locator(".check:visible")
    before = shown.count()
    assert 2 < before < group.locator(".check").count()
    for times in (1, 2):
        shown.locator("input:not(:checked)").first.check()
        expect(page.locator("[data-facet=specialty] legend .badge")).to_have_text(f"{times} chosen")
        expect(find).to_have_value("me")
        assert shown.count() == before
    page.go_back()
    expect(page.locator("[data-facet=specialty] legend .badge")).to_have_text("1 chosen")
    expect(find).to_have_value("me")
    find.fill("")
    assert shown.count() == group.locator(".check").count()


def test_paging_names_the_first_and_the_last_page(open_real_page: OpenPage) -> None:
    page = open_real_page("/search?kind=hospital&page=6")
    last = -(-int(re.search(r"of (\d+)", page.locator("h1").inner_text()).group(1)) // 10)
    assert last > 9
    shown = [" ".join(text.split()) for text in page.locator(".pages li").all_inner_texts()]
    near = [f"Page {number}" for number in (4, 5, 6, 7, 8)]
    assert shown == ["Previous", "Page 1", "…", *near, "…", f"Page {last}", "Next"]
    page.get_by_role("link", name=f"Page {last}").click()
    expect(page.get_by_role("link", name="Next")).to_have_count(0)


def test_long_names_fit_a_narrow_page(open_real_page: OpenPage) -> None:
    page = open_real_page("/", width=320, height=640)
    addresses = [
        "/search?q=hospital", "/search?q=comparison&kind=article", "/cities/shanghai", "/topics/costs",
        "/compare?h=beijing-cancer-hospital&h=shanghai-general-hospital",
    ]  # fmt: skip
    page.goto("/search?q=Ruijin+Hospital")
    addresses.append(page.locator(".hits .card-title a").first.get_attribute("href") or "")
    for prefix in PREFIXES:
        for address in addresses:
            page.goto(prefix + address)
            open_drawer(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, prefix + address


# Elements before which a line breaks, of those chosen: where one begins lower than what stands before it ends.
BREAKS = """elements => elements.filter(element => {
    const before = document.createRange(), text = element.previousSibling;
    if (!text || text.nodeType !== Node.TEXT_NODE || !text.data.trim()) return false;
    before.setStart(text, text.data.trimEnd().length - 1); before.setEnd(text, text.data.trimEnd().length);
    return before.getBoundingClientRect().left > element.getBoundingClientRect().left;
}).map(element => element.previousSibling.data.slice(-30) + element.textContent)"""


def test_the_number_of_a_source_stays_with_what_it_is_of(open_real_page: OpenPage) -> None:
    page = open_real_page("/about", width=390, height=844)
    for path in (
        "hospitals/beijing-tongren-hospital",
        "hospitals/ruijin-hospital-shanghai-jiao-tong-university-school-of-medicine",
        "articles/cancer-treatment",
    ):
        page.goto(f"/{path}")
        numbers = page.locator(".source")
        assert numbers.count() > 5
        assert numbers.evaluate_all(BREAKS) == []

"""Whole journeys: by keyboard alone, without JavaScript, and with everything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.kinds import PATHS, PREFIXES, open_drawer

OpenPage = Callable[..., Page]
MISSING = ("404",)  # Chromium reports the status of the page itself
SEEN = "() => Math.round(scrollY)"
SMALL_TARGETS = """() => {
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


def tab_onto(page: Page, box: Locator, most: int = 120) -> None:
    for _press in range(most):
        page.keyboard.press("Tab")
        if box.evaluate("box => box === document.activeElement"):
            return
    raise AssertionError(f"{box} cannot be reached by Tab")


def test_by_keyboard_alone(open_page: OpenPage) -> None:
    """Search, filter, clear, page, open, back."""
    page = open_page("/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("hospital shanghai")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/search"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("hospital shanghai")
    # Tick a filter with the space bar; the results follow and the focus stays.
    box = page.locator("#f-specialty-ophthalmology")
    tab_onto(page, box)
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("specialty=Ophthalmology"))
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    tab_to(page, "Shanghai Eye Hospital")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/hospitals/shanghai-eye-hospital"))
    page.go_back()
    expect(box).to_be_checked()
    expect(page.locator("#q")).to_have_value("hospital shanghai")
    # Clear by the chip, which stands before the list of filters.
    tab_onto(page, page.locator("a.chip"))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "specialty" not in address)
    expect(box).not_to_be_checked()
    page.goto("/search?q=hospital&per_page=3")
    following = page.get_by_role("link", name="Next")
    tab_onto(page, following)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("page=2"))
    expect(page.locator(".pages [aria-current=page]")).to_contain_text("2")
    page.go_back()
    expect(page.locator(".pages [aria-current=page]")).to_contain_text("1")


def test_skipping_to_the_results_leaves_them_and_the_focus(open_page: OpenPage) -> None:
    """The address changed, so the results were fetched again, and whatever had the focus by then was gone."""
    page = open_page("/search?q=hospital+shanghai")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/search" in request.url else None)
    first = page.locator(".hits").element_handle()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))
    page.keyboard.press("Tab")
    at = focused(page)
    assert page.evaluate("() => fetch('/healthz').then((answer) => answer.ok)")
    assert asked == []
    assert first.evaluate("node => node.isConnected")
    assert focused(page) == at != ""
    # What was ticked and taken back is still followed.
    page.locator("#f-kind-hospital").check()
    page.wait_for_url(re.compile("kind=hospital"))
    page.go_back()
    expect(page.locator("#f-kind-hospital")).not_to_be_checked()


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
    """Search, filter, clear, page, open, back: everything is as it was, down to the place on the page."""
    page = open_page("/", java_script_enabled=False)
    page.locator("#q").fill("hospital")
    page.get_by_role("button", name="Search").click()
    assert "/search?q=hospital" in page.url
    page.get_by_label(re.compile("^Shanghai")).check()
    page.get_by_label(re.compile("^Hospital")).check()
    page.get_by_role("button", name="Apply filters").click()
    assert page.url.endswith("/search?q=hospital&kind=hospital&city=Shanghai")
    assert len(page.locator(".hits .card-title a").all_inner_texts()) == 4
    page.locator("a.chip", has_text="Shanghai").click()
    assert page.url.endswith("/search?q=hospital&kind=hospital")
    expect(page.get_by_label(re.compile("^Shanghai"))).not_to_be_checked()
    page.goto("/search?q=hospital&per_page=5")
    page.get_by_role("link", name="Next").click()
    assert "page=2" in page.url
    here = page.url
    listed = page.locator(".hits .card-title a").all_inner_texts()
    page.locator(".hits .card-title a").last.click()
    assert re.search("/(hospitals|articles)/", page.url)
    page.go_back()
    assert page.url == here
    assert page.locator(".hits .card-title a").all_inner_texts() == listed


def test_back_restores_filters_results_and_place(open_page: OpenPage) -> None:
    page = open_page("/search?q=hospital")
    page.get_by_label(re.compile("^Hospital")).check()
    page.wait_for_url(re.compile("kind=hospital"))
    expect(page.locator("h1")).to_contain_text("8 results")
    listed = page.locator(".hits .card-title a").all_inner_texts()
    last = page.locator(".hits .card-title a").last
    last.scroll_into_view_if_needed()
    place = page.evaluate(SEEN)
    assert place > 0
    last.click()
    page.wait_for_url(re.compile("/hospitals/"))
    page.go_back()
    expect(page.get_by_label(re.compile("^Hospital"))).to_be_checked()
    assert page.locator(".hits .card-title a").all_inner_texts() == listed
    page.wait_for_function("(place) => Math.abs(scrollY - place) < 5", arg=place)


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


def test_the_drawer_of_a_phone_leads_back_to_the_results(open_page: OpenPage) -> None:
    page = open_page("/search?q=hospital", width=390, height=844)
    page.locator("summary", has_text="Filters").click()
    page.get_by_label(re.compile("^Beijing")).check()
    page.wait_for_url(re.compile("city=Beijing"))
    total = int(re.match(r"\d+", page.locator("h1").inner_text()).group())
    page.get_by_role("button", name=f"Show {total} results", exact=True).click()
    expect(page.get_by_label(re.compile("^Beijing"))).to_be_hidden()
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator(".hits > li")).to_have_count(total)


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


def test_without_a_connection_the_results_stay_and_say_so(open_page: OpenPage) -> None:
    """A tick led to the browser's own page of errors, and what was read was gone."""
    page = open_page("/search?q=hospital", expected=("net::ERR",))
    page.route("**/search?**", lambda route: route.abort("internetdisconnected"))
    before = page.locator("h1").inner_text()
    page.get_by_label(re.compile("^Beijing")).check()
    expect(page.locator(".live-note")).to_contain_text("No connection")
    expect(page.locator("[data-status]")).to_contain_text("No connection")
    expect(page.get_by_label(re.compile("^Beijing"))).not_to_be_checked()
    assert page.locator("h1").inner_text() == before
    page.unroute("**/search?**")
    page.get_by_label(re.compile("^Beijing")).check()
    expect(page).to_have_url(re.compile("city=Beijing"))
    expect(page.locator(".live-note")).to_have_text("Results follow as you tick.")


def test_a_shortlist_survives_paging_and_becomes_an_address(open_page: OpenPage) -> None:
    page = open_page("/search?kind=hospital&sort=title&per_page=3")
    expect(page.locator("[data-compare]")).to_be_hidden()
    page.locator(".pick input").first.check()
    expect(page.get_by_role("button", name="Compare this hospital with others")).to_be_visible()
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


def test_a_shortlist_without_storage_is_kept_on_the_page(open_page: OpenPage) -> None:
    """Each tick took back the one before, and the comparison was of nothing."""
    page = open_page("/")
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('off', 'SecurityError'); } });"
    )
    page.goto("/search?kind=hospital&sort=title")
    for box in page.locator(".pick input").all()[:2]:
        box.check()
    page.get_by_role("button", name="Compare 2 hospitals").click()
    expect(page.locator("table.compare thead th")).to_have_count(2)


def test_a_page_that_is_seen_again_has_the_shortlist_of_now(open_page: OpenPage) -> None:
    """Browsers keep the page as it was left; that the hospital was added since did not show."""
    page = open_page("/search?kind=hospital&sort=title")
    slug = page.locator(".pick input").first.get_attribute("value")
    # As it is after another page of this tab wrote it. The driver turns the cache of pages off, so the event is made.
    page.evaluate("slug => sessionStorage.setItem('shortlist', JSON.stringify([slug]))", slug)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator(".pick input").first).to_be_checked()
    expect(page.get_by_role("link", name="Compare (1)")).to_be_visible()


def test_the_bar_of_the_shortlist_hides_no_focus(open_page: OpenPage) -> None:
    """WCAG 2.4.11."""
    page = open_page("/search?kind=hospital&sort=title", width=640, height=400)
    page.locator(".pick input").first.check()
    page.locator(".sorts a").last.focus()
    covered: list[str] = []
    for _press in range(60):
        page.keyboard.press("Tab")
        page.evaluate(
            """() => new Promise((done) => {
                let before = -1;
                const look = () => { if (scrollY === before) done(); before = scrollY; setTimeout(look, 60); };
                look();
            })"""
        )
        covered += page.evaluate(
            """() => {
                const bar = document.querySelector('.compare-bar');
                const it = document.activeElement;
                if (bar.contains(it) || !it.closest('main')) return [];
                const [over, under] = [bar.getBoundingClientRect(), it.getBoundingClientRect()];
                const side = Math.min(over.right, under.right) - Math.max(over.left, under.left);
                const down = Math.min(over.bottom, under.bottom) - Math.max(over.top, under.top);
                return side > 0 && down > 1 ? [it.outerHTML.slice(0, 90)] : [];
            }"""
        )
    assert covered == []


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


@pytest.mark.parametrize("broken", ["eye", "5", '"eye"', '{"a": 1}', "true", "[5, null, [], {}]"])
def test_what_is_no_list_is_dropped_and_stops_nothing(open_page: OpenPage, broken: str) -> None:
    """Another program of the same host may have left a number or an object there; it ended the script with an error."""
    page = open_page("/about")
    page.evaluate("text => localStorage.setItem('recent-searches', text)", broken)
    page.evaluate("text => sessionStorage.setItem('shortlist', text)", broken)
    page.goto("/")
    label = page.get_by_label("Remember my searches")
    expect(label).to_be_checked(checked=broken.startswith("["))
    expect(page.locator(".recent a")).to_have_count(0)
    page.goto("/search?q=hospital")
    kept = "() => [localStorage.getItem('recent-searches'), sessionStorage.getItem('shortlist')]"
    assert page.evaluate(kept) == (['["hospital"]', broken] if broken.startswith("[") else [None, None])
    page.locator(".pick input").first.check()
    expect(page.get_by_role("link", name="Compare (1)")).to_be_visible()
    page.locator("#f-kind-hospital").check()
    page.wait_for_url(re.compile("kind=hospital"))
    page.go_back()  # what listens for that comes last in the script
    expect(page.locator("#f-kind-hospital")).not_to_be_checked()
    page.goto("/")
    label.set_checked(False)
    label.check()
    assert page.evaluate(kept)[0] == "[]"


def test_recent_searches_are_the_same_in_every_tab(open_page: OpenPage) -> None:
    """The start page in another tab offered what had been forgotten, and said that nothing was remembered."""
    page = open_page("/")
    other = page.context.new_page()
    other.goto("/")
    page.get_by_label("Remember my searches").check()
    expect(other.get_by_label("Remember my searches")).to_be_checked()
    other.goto("/search?q=proton")
    expect(page.locator(".recent a")).to_have_text(["proton"])
    page.locator(".recent a").focus()
    other.goto("/search?q=eye")
    expect(page.locator(".recent a")).to_have_text(["eye", "proton"])
    expect(page.locator(".recent a").last).to_be_focused()
    other.goto("/")
    other.get_by_label("Remember my searches").uncheck()
    expect(page.locator(".recent a")).to_have_count(0)
    expect(page.get_by_label("Remember my searches")).not_to_be_checked()
    page.get_by_label("Remember my searches").check()
    other.evaluate("localStorage.clear()")
    expect(page.get_by_label("Remember my searches")).not_to_be_checked()


def test_each_tab_has_a_shortlist_of_its_own(open_page: OpenPage) -> None:
    page = open_page("/search?kind=hospital&sort=title")
    other = page.context.new_page()
    other.goto("/search?kind=hospital&sort=title")
    page.locator(".pick input").first.check()
    other.locator(".pick input").nth(1).check()
    for tab, ticked in ((page, 0), (other, 1)):
        tab.reload()
        expect(tab.get_by_role("link", name="Compare (1)")).to_be_visible()
        expect(tab.locator(".pick input").nth(ticked)).to_be_checked()


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


@pytest.mark.parametrize("path", ["/search?q=eye", "/compare?h=renji-hospital"])
def test_that_a_link_was_copied_is_read_out_each_time(open_page: OpenPage, path: str) -> None:
    """The link itself became the live region, with its words: most screen readers were silent, and it was no link."""
    page = open_page(path, permissions=["clipboard-read", "clipboard-write"])
    link = page.locator("a[data-copy]")
    name = link.inner_text()
    said = page.locator("a[data-copy] + [role=status]")
    expect(said).to_have_text("")  # it stands there before it has anything to say
    said.evaluate(
        """node => {
            window.heard = [];
            new MutationObserver(() => window.heard.push(node.textContent))
                .observe(node, { childList: true, characterData: true, subtree: true });
        }"""
    )
    for times in (1, 2):
        link.click()
        page.wait_for_function("times => heard.filter((each) => each === 'Link copied').length === times", arg=times)
    assert page.evaluate("heard") == ["Link copied", "", "Link copied"]
    expect(said).to_be_visible()
    expect(page.get_by_role("link", name=name, exact=True)).to_have_text(name)


def too_wide(page: Page) -> list[str]:
    """Elements that make the page scroll sideways."""
    return page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
            .map((node) => [node, node.getBoundingClientRect()])
            .filter(([node, box]) => box.right > innerWidth + 1 || box.left < -1)
            .map(([node]) => node.outerHTML.slice(0, 80))"""
    )


@pytest.mark.parametrize("prefix", PREFIXES)
def test_nothing_scrolls_sideways_at_four_times_the_size(open_page: OpenPage, prefix: str) -> None:
    """A window of 1280 pixels at 400 % has 320 CSS pixels; a language that runs the other way changes nothing."""
    page = open_page(prefix + PATHS[0], width=320, height=640, expected=MISSING)
    told: list[str] = []
    for path in PATHS:
        page.goto(prefix + path)
        open_drawer(page)
        told += [f"{path}: {each}" for each in too_wide(page)]
        page.evaluate("document.documentElement.dir = 'rtl'")
        told += [f"{path}, right to left: {each}" for each in too_wide(page)]
    assert told == []


def test_right_to_left_turns_the_whole_page(open_page: OpenPage) -> None:
    page = open_page("/search?q=eye")

    def middle(selector: str) -> float:
        box = page.locator(selector).first.bounding_box()
        assert box
        return box["x"] + box["width"] / 2

    assert middle(".brand") < 640 < middle(".languages")
    assert middle(".facets") < middle(".results")
    assert middle(".card-main") < middle(".card-side")
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert middle(".brand") > 640 > middle(".languages")
    assert middle(".facets") > middle(".results")
    assert middle(".card-main") > middle(".card-side")


def test_targets_are_large_enough(open_page: OpenPage) -> None:
    """WCAG 2.5.8: 24 pixels, or so much space around that a circle of 24 pixels meets no other target."""
    page = open_page(PATHS[0], width=390, height=844, expected=MISSING)
    told: list[str] = []
    for path in PATHS:
        page.goto(path)
        told += [f"{path}: {each}" for each in page.evaluate(SMALL_TARGETS)]
    assert told == []


def test_structured_data_is_not_run_and_can_be_read(open_page: OpenPage) -> None:
    page = open_page("/articles/ivf-in-beijing-and-guangzhou")
    data = json.loads(page.locator("script[type='application/ld+json']").text_content())
    assert data["@graph"][0]["name"] == "IVF in Beijing and Guangzhou <Compared>"


def test_a_printed_list_has_its_address_and_nothing_to_press(open_page: OpenPage) -> None:
    page = open_page("/search?q=eye+hospital")
    page.emulate_media(media="print")
    expect(page.locator(".chip-read").first).to_be_visible()
    for pressed in (".chip-only", ".chip-off"):
        expect(page.locator(pressed).first).to_be_hidden()
    expect(page.get_by_text("Search my words as typed")).to_be_hidden()
    expect(page.get_by_role("link", name="Feed")).to_be_hidden()
    for shown in ("/search?q=eye%20hospital", "/compare?h=renji-hospital&h=ruijin-hospital"):
        page.goto(shown)
        link = page.locator("a[data-copy]")
        expect(link).to_be_visible()
        assert shown in link.evaluate("link => getComputedStyle(link, '::after').content")


def test_printing_leaves_out_the_menus(open_page: OpenPage) -> None:
    page = open_page("/hospitals/renji-hospital")
    page.emulate_media(media="print")
    expect(page.locator(".mainnav")).to_be_hidden()
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.locator(".facts")).to_be_visible()
    # Kept whole they would leave most of the first sheet empty.
    assert page.locator(".facts").evaluate("facts => getComputedStyle(facts).breakInside") == "auto"
    expect(page.locator("#sources")).to_be_visible()

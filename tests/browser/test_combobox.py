"""The search box while typing: keyboard, screen reader, Chinese input methods, slow lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Request, Route, expect

OpenPage = Callable[..., Page]
NETWORK = ("Failed to load resource", "net::ERR")


def ready(page: Page, text: str = "eye"):
    box = page.get_by_role("combobox")
    box.click()
    box.fill(text)  # at once: between two keys a busy machine may pause long enough for suggestions
    expect(page.get_by_role("listbox")).to_be_visible()
    return box


def is_suggestion(request: Request) -> bool:
    return "/api/v1/suggest" in request.url


def ask(page: Page, text: str) -> Request:
    """Type and wait until suggestions are asked for, whatever becomes of the question."""
    with page.expect_request(is_suggestion) as asked:
        page.get_by_role("combobox").fill(text)
    return asked.value


def settle(page: Page) -> None:
    """Let the page do all that it has to do now."""
    page.evaluate("() => new Promise((done) => setTimeout(() => requestAnimationFrame(() => setTimeout(done)), 0))")


def active(page: Page) -> str:
    return page.evaluate(
        """() => {
            const id = document.activeElement.getAttribute('aria-activedescendant');
            return document.getElementById(id)?.firstChild.textContent ?? '';
        }"""
    )


def test_it_is_a_combobox_by_the_pattern(open_page: OpenPage) -> None:
    page = open_page("/")
    box = page.get_by_role("combobox", name="Search hospitals and articles")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_attribute("aria-autocomplete", "list")
    ready(page)
    expect(box).to_have_attribute("aria-expanded", "true")
    assert box.get_attribute("aria-controls") == page.get_by_role("listbox").get_attribute("id")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
    expect(page.get_by_role("search")).to_have_count(1)  # one landmark, not one within the other
    group = page.get_by_role("listbox").get_by_role("group").first
    named = "node => document.getElementById(node.getAttribute('aria-labelledby')).textContent"
    assert group.evaluate(named) == "Hospitals"
    options = page.get_by_role("option")
    assert options.count() >= 3
    assert page.evaluate("document.activeElement.id") == "q", "the focus stays in the box"


def test_keys_move_choose_and_close(open_page: OpenPage) -> None:
    page = open_page("/")
    box = ready(page)
    texts = page.locator("[role=option] > span:first-child").all_inner_texts()
    page.keyboard.press("ArrowDown")
    assert active(page) == texts[0]
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    assert active(page) == ""
    page.keyboard.press("ArrowUp")
    assert active(page) == texts[-1]
    page.keyboard.press("ArrowDown")
    assert active(page) == ""
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    assert active(page) == ""
    assert box.evaluate("node => node.selectionStart") == 3
    page.keyboard.press("Home")
    assert box.evaluate("node => node.selectionStart") == 0
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("eye")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(box).to_have_value("")


def test_enter_opens_what_is_chosen_and_searches_what_is_typed(open_page: OpenPage) -> None:
    page = open_page("/")
    ready(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/hospitals/shanghai-eye-hospital"))
    page = open_page("/zh/")
    ready(page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/zh/search\?q=eye"))


def test_a_hospital_shows_both_its_names(open_page: OpenPage) -> None:
    page = open_page("/")
    ready(page, "仁济")
    option = page.get_by_role("option", name="Renji Hospital")
    expect(option.locator("[lang=zh-Hans]")).to_have_text("仁济医院")
    page = open_page("/zh/")
    ready(page, "renji")
    expect(page.get_by_role("option", name="仁济医院").locator("[lang=en]")).to_have_text("Renji Hospital")


def test_a_click_takes_an_option(open_page: OpenPage) -> None:
    page = open_page("/zh/")
    ready(page, "ophthal")
    page.get_by_role("option", name="眼科").click()
    expect(page).to_have_url(re.compile("/zh/specialties/ophthalmology"))


def test_the_number_of_suggestions_is_announced_and_so_is_none(open_page: OpenPage) -> None:
    page = open_page("/")
    ready(page)
    status = page.locator(".combobox [role=status]")
    expect(status).to_have_text(re.compile(r"^\d+ suggestions$"))
    page.get_by_role("combobox").press_sequentially("zzyzx")
    expect(status).to_have_text("No suggestions")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_nothing_happens_while_an_input_method_composes(open_page: OpenPage) -> None:
    page = open_page("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if is_suggestion(request) else None)
    page.get_by_role("combobox").click()
    page.clock.install()
    session = page.context.new_cdp_session(page)
    for text in ("y", "ya", "yan", "yan'k", "yan'ke"):
        session.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    page.clock.run_for(5_000)
    # Whatever was asked before this answer is heard of by now.
    assert page.evaluate("() => fetch('/healthz').then((answer) => answer.ok)")
    assert asked == []
    # Enter belongs to the input method: some browsers say so by isComposing, some only by key code 229.
    stayed = page.evaluate(
        """() => {
            const input = document.querySelector('#q');
            return [{ isComposing: true, keyCode: 13 }, { isComposing: false, keyCode: 229 }].map((how) =>
                input.dispatchEvent(
                    new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...how })
                )
            );
        }"""
    )
    assert stayed == [True, True]
    assert page.url.endswith("/")
    session.send("Input.insertText", {"text": "眼科"})
    page.clock.run_for(1_000)
    expect(page.get_by_role("option").first).to_be_visible()
    assert len(asked) == 1
    assert asked[0].endswith("q=%E7%9C%BC%E7%A7%91")
    expect(page.get_by_role("combobox")).to_have_value("眼科")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/search"))


def test_keyboards_of_android_get_suggestions_while_they_compose(open_page: OpenPage) -> None:
    """They compose each word, English too: until the space behind it nothing was ever suggested."""
    phone = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile"
    page = open_page("/", width=390, height=844, user_agent=phone)
    box = page.get_by_role("combobox")
    box.click()
    session = page.context.new_cdp_session(page)
    for text in ("e", "ey", "eye"):
        session.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    expect(page.get_by_role("option", name="Shanghai Eye Hospital")).to_be_visible()
    expect(box).to_have_value("eye")
    page.get_by_role("option", name="Shanghai Eye Hospital").click()
    expect(page).to_have_url(re.compile("/hospitals/shanghai-eye-hospital"))


def test_a_stale_answer_never_replaces_a_newer_one(open_page: OpenPage) -> None:
    page = open_page("/", expected=NETWORK)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.url.endswith("q=eye"):
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/suggest**", hold)
    box = page.get_by_role("combobox")
    ask(page, "eye")
    box.fill("renji")
    expect(page.get_by_role("option").first).to_contain_text("Renji")
    assert held
    with suppress(PlaywrightError):  # the request may already be gone, which is what is wanted
        held[0].fulfill(json={"query": "eye", "suggestions": [{"group": "queries", "text": "stale", "url": "/"}]})
    settle(page)
    assert "stale" not in page.get_by_role("listbox").inner_text()


def test_a_stalled_or_broken_network_leaves_a_working_box(open_page: OpenPage) -> None:
    page = open_page("/", expected=NETWORK)
    page.route("**/api/v1/suggest**", lambda route: None)
    ask(page, "eye")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search\?q=eye"))
    for event, broken in (
        ("requestfailed", lambda route: route.abort()),
        ("requestfinished", lambda route: route.fulfill(status=503, body="x")),
    ):
        page = open_page("/", expected=NETWORK)
        page.route("**/api/v1/suggest**", broken)
        with page.expect_event(event, is_suggestion):
            page.get_by_role("combobox").fill("eye")
        settle(page)
        expect(page.get_by_role("listbox")).to_be_hidden()
        page.get_by_role("button", name="Search").click()
        expect(page).to_have_url(re.compile(r"/search\?q=eye"))


def test_suggestions_for_other_words_go_when_the_answer_is_slow(open_page: OpenPage) -> None:
    """They stayed until the answer was given up after four seconds, and came back with the focus or an arrow key."""
    page = open_page("/", expected=NETWORK)
    box = ready(page)
    page.route("**/api/v1/suggest**", lambda route: None)
    page.clock.install()
    box.fill("renji")
    page.clock.run_for(400)
    expect(page.get_by_role("listbox")).to_be_visible()  # no flicker where the answer is quick
    page.clock.run_for(200)
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(page.locator(".combobox [role=status]")).to_have_text("")
    page.keyboard.press("ArrowDown")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile("."))
    box.blur()
    box.focus()
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_a_list_left_for_new_words_does_not_come_back_with_the_focus(open_page: OpenPage) -> None:
    page = open_page("/", expected=NETWORK)
    box = ready(page)
    page.route("**/api/v1/suggest**", lambda route: None)
    ask(page, "renji")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.press("ArrowDown")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.blur()
    box.focus()
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.unroute("**/api/v1/suggest**")
    ready(page)
    box.blur()
    box.focus()
    expect(page.get_by_role("listbox")).to_be_visible()  # of these words it does


def test_an_answer_for_words_that_were_cleared_shows_nothing(open_page: OpenPage) -> None:
    page = open_page("/", expected=NETWORK)
    held: list[Route] = []
    page.route("**/api/v1/suggest**", lambda route: held.append(route))
    ask(page, "eye")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox")).to_have_value("")
    with suppress(PlaywrightError):  # the request may already be gone, which is what is wanted
        held[0].continue_()
    assert page.evaluate("() => fetch('/healthz').then((answer) => answer.ok)")
    settle(page)
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_no_list_comes_after_the_form_was_sent(open_page: OpenPage) -> None:
    """Neither by an answer that comes late, nor by what is typed while the results are on their way."""
    page = open_page("/", expected=NETWORK)
    held: list[Route] = []
    page.route(
        "**/api/v1/suggest**",
        lambda route: held.append(route) if route.request.url.endswith("=eye") else route.continue_(),
    )
    page.route("**/search?**", lambda route: route.fulfill(status=204))  # the browser stays where it is
    ask(page, "eye")
    with page.expect_request("**/search?**"):
        page.keyboard.press("Enter")
    with suppress(PlaywrightError):  # the request may already be gone, which is what is wanted
        held[0].continue_()
    page.keyboard.type("s")
    page.evaluate("() => new Promise((done) => setTimeout(done, 600))")  # longer than the rest that is waited for
    assert page.evaluate("() => fetch('/healthz').then((answer) => answer.ok)")
    settle(page)
    expect(page.get_by_role("listbox")).to_be_hidden()
    assert len(held) == 1
    page.keyboard.press("Escape")  # stops what was under way
    ready(page, "renji")


def test_markup_in_a_suggestion_stays_text(open_page: OpenPage) -> None:
    page = open_page("/")
    ready(page, "compared")
    expect(page.get_by_role("option").first).to_contain_text("<Compared>")


def test_a_page_that_was_left_shows_no_list_when_it_is_seen_again(open_page: OpenPage) -> None:
    """Firefox keeps the page as it was left, and gives its box the focus: the old suggestions lay over the page."""
    page = open_page("/", expected=NETWORK)
    page.route("**/hospitals/**", lambda route: route.fulfill(status=204))  # the browser stays where it is
    box = ready(page)
    with page.expect_request("**/hospitals/**"):
        page.get_by_role("option").first.click()
    box.blur()
    box.focus()
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_the_chosen_suggestion_is_told_apart_in_forced_colours(open_page: OpenPage) -> None:
    """Colours of the system draw every edge and no ground: all suggestions looked chosen."""
    page = open_page("/", forced_colors="active")
    ready(page)
    page.keyboard.press("ArrowDown")
    first = page.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    chosen = first.screenshot(animations="disabled")
    page.keyboard.press("ArrowDown")
    expect(first).not_to_have_attribute("aria-selected", "true")
    assert first.screenshot(animations="disabled") != chosen


def test_leaving_the_box_closes_the_list(open_page: OpenPage) -> None:
    page = open_page("/")
    ready(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("listbox")).to_be_hidden()

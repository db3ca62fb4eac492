"""A real server process on the hand-written documents, and Debian's Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.screenshots import find_chromium, running_browser, running_server
from tests.real_corpus import real_index
from tests.site_fixture import build_index

# How long a thing that must happen may take on a machine that is busy with something else; nothing waits so long
# where it happens at once.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not find_chromium():
        said = "No Chromium here: install it (Debian: apt-get install chromium) or set MEDSEARCH_CHROMIUM."
        if os.environ.get("MEDSEARCH_REQUIRE_BROWSER"):
            pytest.fail(said)
        pytest.skip(said)
    with running_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = build_index(tmp_path_factory.mktemp("browser-index"))
    with running_server(index) as found:
        yield found


@pytest.fixture(scope="session")
def real_address() -> Iterator[str]:
    """A server on the corpus that comes with the program."""
    with running_server(str(real_index())) as found:
        yield found


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a page in a fresh context; afterwards nothing may have gone wrong in any of them."""
    yield from _opener(browser, address)


@pytest.fixture
def open_real_page(browser: Browser, real_address: str) -> Iterator[Callable[..., Page]]:
    """The same on the corpus that comes with the program."""
    yield from _opener(browser, real_address)


def _opener(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_one(
        path: str = "/", width: int = 1280, height: int = 900, expected: tuple[str, ...] = (), **options: object
    ) -> Page:
        context = browser.new_context(base_url=address, viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()

        def said(message: object) -> None:
            if message.type in ("error", "warning") and not any(word in message.text for word in expected):
                wrong.append(f"{page.url}: {message.text}")

        page.on("console", said)
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on(
            "request",
            lambda request: wrong.append(f"to {request.url}") if not request.url.startswith(address) else None,
        )
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert wrong == []

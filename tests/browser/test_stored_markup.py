"""Markup that a corpus brings along never runs in a visitor's browser, even where the policy would allow it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PATIENCE_MS
from tests.live import Site, medsearch, page_html

# Whatever of this were taken for markup would set window.hit, by itself or when it is moved over or pressed.
EVIL = "<img src=x onerror=hit=1><svg onload=hit=1><a href=javascript:hit=1>press</a><b onmouseover=hit=1>move</b>"
ESCAPED = EVIL.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_pages(folder: Path) -> None:
    """Pages with markup as text, in attributes, and in what they declare."""
    declared = {
        "@type": "Hospital", "name": f"Poplar {EVIL} Hospital", "alternateName": [EVIL, f'"{EVIL}'], "telephone": EVIL,
        "url": "javascript:hit=1", "address": {"streetAddress": EVIL, "addressLocality": "Shanghai"},
        "citation": [{"@type": "CreativeWork", "name": EVIL, "url": "javascript:hit=1"}],
    }  # fmt: skip
    pages = {
        "hospitals/poplar.html": "<html><head><title>Poplar</title><script type='application/ld+json'>"
        + json.dumps(declared).replace("</", "<\\/")
        + f"</script></head><body><main><h1>Poplar {ESCAPED} Hospital</h1><p>Poplar words {ESCAPED}</p>"
        f"<h2 id='\"{ESCAPED}'>Part {ESCAPED}</h2><p>Words.</p></main></body></html>",
        "articles/willow.html": page_html(f"Willow {ESCAPED}", f"Poplar words {ESCAPED} {EVIL} <script>hit=1</script>"),
    }
    for name, text in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("markup")
    write_pages(folder / "corpus")
    built = medsearch("index", "build", "--corpus", folder / "corpus", "--index", folder / "index")
    assert built.returncode in (0, 1), built.stderr
    with Site(folder / "index", workers=1) as running:
        yield running


@pytest.mark.parametrize("policy", ["with the policy", "without the policy"])
def test_nothing_that_a_page_brought_along_runs(browser: Browser, site: Site, policy: str) -> None:
    context = browser.new_context(bypass_csp=policy == "without the policy")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.on("console", lambda message: said.append(message.text) if "Content Security" in message.text else None)
    addresses = [
        "/", "/search?q=poplar", "/search?q=words&kind=article", "/hospitals/poplar", "/hospitals/poplar?q=words",
        "/articles/willow", "/compare?h=poplar", "/cities/shanghai", "/zh/hospitals/poplar", f"/search?q={EVIL}",
    ]  # fmt: skip
    for address in addresses:
        page.goto(site.url + address)
        page.evaluate(
            """() => document.querySelectorAll("main *").forEach((element) => {
                 element.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}))
                 if (/^\\s*javascript:/i.test(element.getAttribute("href") || "")) window.hit = element.outerHTML
               })"""
        )
        assert page.evaluate("() => window.hit") is None, address
        assert page.evaluate("() => document.querySelectorAll('main img[src=x], main svg[onload]').length") == 0
    page.goto(site.url + "/")
    box = page.locator("input[name=q]").first
    with page.expect_response(lambda answer: "/api/v1/suggest" in answer.url):
        box.press_sequentially("popl")
    page.get_by_role("option").first.wait_for()
    assert page.evaluate("() => window.hit") is None, "suggestions"
    assert said == [], "the policy had nothing to stop"
    context.close()

"""Every kind of page once, and the state in which it is looked at."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from search_app import create_app

PREFIXES = ("", "/zh")
PATHS = (
    "/",
    "/search",
    "/search?q=eye+hospital+in+shangai",
    "/search?q=hospital&city=Shanghai&kind=hospital&per_page=2&page=2",
    "/search?q=visa&city=Guangzhou",
    "/search?q=proton+therapy+cost",
    "/search?q=eye&page=9",
    "/hospitals/shanghai-eye-hospital?q=cataract",
    "/articles/what-does-cancer-treatment-cost?q=proton",
    "/cities",
    "/specialties",
    "/cities/shanghai",
    "/specialties/ophthalmology",
    "/topics/costs",
    "/compare",
    "/compare?h=renji-hospital&h=ruijin-hospital&h=longhua-hospital",
    "/about",
    "/about/ranking",
    "/about/privacy",
    "/about/accessibility",
    "/about/api",
    "/nowhere/eye-hospital",
)
RESTING = "/search?q=resting"  # answered as by a server without an index


def resting_page(folder: Path, prefix: str) -> str:
    """The page of status 503 that a real application without an index gives."""
    answer = create_app({"index": str(folder / "none")}).test_client().get(prefix + RESTING)
    assert answer.status_code == 503
    return answer.text


def open_drawer(page: Page) -> None:
    """Unfold the filters where they are a drawer."""
    summary = page.locator(".drawer > summary")
    if summary.count() and summary.is_visible():
        summary.click()

"""Take the screenshots of docs/screenshots: every kind of page, desktop and phone, light and dark, two languages."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Literal
from urllib.error import URLError

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
]
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
PAGES = {
    "home": "/",
    "results": "/search?q=eye+hospital+in+shangai",
    "results-filtered": "/search?q=cancer&city=Shanghai&kind=hospital",
    "nothing": "/search?q=visa+zzyzx&city=Shenzhen&kind=hospital",
    "hospital": "first /search?q=Ruijin+Hospital+proton&kind=hospital",
    "article": "first /search?q=proton+therapy+cost&kind=article",
    "city": "/cities/shanghai",
    "specialties": "/specialties",
    "compare": "/compare",
    "not-found": "/faq/Best-Eye-Hospital.html",
    "ranking": "/about/ranking",
    "suggestions": "/",
    "filters": "/search?q=cancer",
}
ONLY = {"filters": "phone"}  # elsewhere the filters are no drawer
CHINESE = ("home", "results", "hospital")  # also taken in Chinese
DARK = ("home", "results", "hospital")  # also taken in dark colours


def find_chromium() -> str:
    """Path of the browser: what MEDSEARCH_CHROMIUM names, else what is installed; empty when there is none."""
    named = os.environ.get("MEDSEARCH_CHROMIUM")
    found = (shutil.which(name) for name in ([named] if named else NAMES))
    return next((path for path in found if path), "")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(index: str, port: int | None = None) -> Iterator[str]:
    """A real server on an index; gives its address."""
    port = port or free_port()
    code = f"from search_app.server import serve; serve('127.0.0.1', {port}, workers=1, index={index!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(1200):  # two minutes: a machine may be busy
            try:
                with urllib.request.urlopen(f"{address}/readyz", timeout=10):
                    break
            except (URLError, ConnectionError, TimeoutError):
                if process.poll() is not None:
                    raise RuntimeError(f"The server ended with status {process.returncode}.") from None
                time.sleep(0.1)
        else:
            raise RuntimeError("The server did not come up.")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def running_browser(executable: str = "") -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable or find_chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def take(browser: Browser, address: str, folder: Path, only: list[str]) -> list[Path]:
    """Take all screenshots; gives the files."""
    written: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: _resolved(browser, address, path) for name, path in PAGES.items()}
    paths["compare"] = _compared(browser, address)
    for scheme in SCHEMES:
        for (size, (width, height)), (language, locale) in product(SIZES.items(), LOCALES.items()):
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale
            )
            page = context.new_page()
            for name, path in paths.items():
                if only and name not in only:
                    continue
                if not _wanted(name, size, scheme, language):
                    continue
                target = folder / f"{name}-{size}-{scheme}{'-zh' if language == 'zh' else ''}.png"
                page.goto(address + ("/zh" if language == "zh" else "") + path, wait_until="networkidle")
                _opened(page, name)
                page.screenshot(path=target, full_page=name == "compare")
                written.append(target)
            context.close()
    return written


def _wanted(name: str, size: str, scheme: str, language: str) -> bool:
    """Whether there is a picture of a page in this form."""
    if ONLY.get(name, size) != size or (scheme == "dark" and name not in DARK):
        return False
    return language == "en" or (name in CHINESE and scheme == "light")


def _opened(page: Page, name: str) -> None:
    """Unfold what the picture is about."""
    if name == "suggestions":
        page.get_by_role("combobox").fill("xiehe")
        page.get_by_role("option").first.wait_for()
        page.keyboard.press("ArrowDown")
    elif name == "filters":
        page.locator(".drawer > summary").click()


def _resolved(browser: Browser, address: str, path: str) -> str:
    """The address itself, or that of the first result when it says "first"."""
    if not path.startswith("first "):
        return path
    page = browser.new_page()
    page.goto(address + path.removeprefix("first "))
    found = page.locator(".hits .card-title a").first.get_attribute("href")
    page.close()
    return found or "/"


def _compared(browser: Browser, address: str) -> str:
    page = browser.new_page()
    page.goto(f"{address}/search?q=eye&kind=hospital")
    slugs = page.locator("[data-pick]").evaluate_all("boxes => boxes.slice(0, 3).map((box) => box.value)")
    page.close()
    return "/compare?" + "&".join(f"h={slug}" for slug in slugs)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", default="index/")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs" / "screenshots")
    parser.add_argument("--chromium", default="")
    parser.add_argument("--only", action="append", default=[], help="only this page; may be repeated")
    options = parser.parse_args()
    with running_server(options.index) as address, running_browser(options.chromium) as browser:
        for path in take(browser, address, options.folder, options.only):
            print(path)


if __name__ == "__main__":
    main()

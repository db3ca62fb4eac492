"""Draw the PNG form of the icon from favicon.svg, for whoever takes no SVG: previews of links, home screens."""

from __future__ import annotations

from pathlib import Path

from scripts.screenshots import running_browser

STATIC = Path(__file__).resolve().parent.parent / "search_app" / "static"
SIZE = 512


def main() -> None:
    """Let Chromium draw it; what is outside its rounded corners stays transparent."""
    svg = (STATIC / "favicon.svg").read_text("utf-8")
    with running_browser() as browser:
        page = browser.new_page(viewport={"width": SIZE, "height": SIZE})
        page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{svg}")
        page.screenshot(path=STATIC / "icon.png", omit_background=True)


if __name__ == "__main__":
    main()

"""What every template can use."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Flask, g
from flask_babel import format_date, format_decimal, get_domain, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from search_app.context import language_of, services, site
from search_app.labels import BROWSED, KIND_FOLDERS
from search_app.sayings import reasons, said
from search_app.settings import LANGUAGES, MAX_QUERY_CHARS
from search_app.site import LANGUAGE_NAMES, LANGUAGE_OFFERS
from search_app.state import SearchState

# Names that come from data and that the catalogues must know.
FACT_NAMES = {
    "Accreditation": _l("Accreditation"),
    "Address": _l("Address"),
    "Affiliation": _l("Affiliation"),
    "Beds": _l("Beds"),
    "District": _l("District"),
    "Founded": _l("Founded"),
    "International patients": _l("International patients"),
    "Languages": _l("Languages"),
    "Level": _l("Level"),
    "Listed as one hospital because": _l("Listed as one hospital because"),
    "Ownership": _l("Ownership"),
    "Services": _l("Services"),
    "Status": _l("Status"),
    "Website": _l("Website"),
}
FACET_NAMES = {
    "kind": _l("Type"),
    "city": _l("City"),
    "specialty": _l("Specialty"),
    "topic": _l("Topic"),
}
FOLDER_NAMES = {
    "hospitals": _l("Hospitals"),
    "articles": _l("Articles"),
    "cities": _l("Cities"),
    "specialties": _l("Specialties"),
    "topics": _l("Topics"),
}
SORT_NAMES = {"relevance": _l("Best match"), "title": _l("Title"), "date": _l("Date")}


def fact_name(name: str) -> str:
    """A fact's label in the language of the page."""
    return str(FACT_NAMES.get(name, name))


def spoken_date(text: str) -> str:
    """A date as people write it, no more exact than the text says."""
    parts = text.split("T")[0].split("-")
    try:
        numbers = [int(part) for part in parts]
        if len(numbers) == 3:
            return str(format_date(date(*numbers), "long"))
        if len(numbers) == 2:
            return str(format_date(date(numbers[0], numbers[1], 1), "MMMM y"))
    except (ValueError, TypeError):
        return text
    return text


def _catalogue() -> Any:
    if "catalogue" not in g:
        g.catalogue = get_domain().get_translations()
    return g.catalogue


def init_templates(app: Flask) -> None:
    """Names for the templates, and no stray blank lines from their tags."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["spoken_date"] = spoken_date
    app.jinja_env.filters["number"] = lambda value: str(value) if 0 <= value < 1000 else format_decimal(value)
    # Flask-Babel looks its catalogue up anew for every text, which is a tenth of the time of a page.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _catalogue().ugettext(text),
        lambda one, many, count: _catalogue().ungettext(one, many, count),
        newstyle=True,
    )

    @app.context_processor
    def names() -> dict[str, Any]:
        here = site()
        locale = get_locale()
        return {
            "site": here,
            "direction": locale.text_direction if locale else "ltr",
            "chinese": here.tag.startswith("zh"),
            "said": lambda text: said(text, here),
            "reasons": lambda matched: reasons(matched, here),
            "settings": services().settings,
            "asset": services().assets.url,
            "languages": LANGUAGES,
            "language_names": LANGUAGE_NAMES,
            "language_offers": LANGUAGE_OFFERS,
            "language_of": language_of,
            "facet_names": FACET_NAMES,
            "folder_names": FOLDER_NAMES,
            "sort_names": SORT_NAMES,
            "fact_name": fact_name,
            "folders": BROWSED,
            "kind_folders": KIND_FOLDERS,
            "SearchState": SearchState,
            "max_query_chars": MAX_QUERY_CHARS,
        }


__all__ = ["_", "init_templates", "spoken_date"]

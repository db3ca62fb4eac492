"""Pages, made from what they depend on of a request, whoever has read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import Headers

from indexer.engines import Searcher
from indexer.model import MAX_WINDOW
from search_app import browse
from search_app.asking import found_for
from search_app.context import Services, Visit
from search_app.present import counts_view, results_view
from search_app.remembered import Note
from search_app.settings import LANGUAGES
from search_app.state import SEARCH_PATH, parse
from search_app.structured import results_data
from search_app.templating import Environments, rendered

NOINDEX = "noindex, follow"


def page_for(
    visit: Visit,
    environments: Environments,
    template: str,
    path: str,
    canonical: str = "",
    robots: str = "",
    **values: Any,
) -> str:
    """A page with what every page has: its own address, the same page in other languages, what robots may do."""
    here = visit.site
    # The address without its language, so that the other languages can be linked.
    others = {language: here.in_language(language).path(path) for language in LANGUAGES}
    query = visit.query()
    return rendered(
        environments,
        visit,
        template,
        canonical=here.absolute(canonical or here.path(path)),
        alternates={LANGUAGES[language]: here.absolute(other) for language, other in others.items()},
        switches={language: f"{other}?{query}" if query else other for language, other in others.items()},
        offered=visit.offered,
        robots=robots,
        **values,
    )


def results_page(
    parts: Services,
    environments: Environments,
    searcher: Searcher,
    visit: Visit,
    headers: Headers | Mapping[str, str],
    note: Note | None,
) -> tuple[str, int]:
    """The results of the search that a visit asks for, and the status they are sent with; the search is counted."""
    parsed = parse(visit.arguments)
    state = parsed.state.resolved(parts.labels.resolve)
    here = visit.site
    view = results_view(found_for(parts, searcher, state, "page", here.language, headers, note), state, here)
    html = page_for(
        visit,
        environments,
        "results.html",
        SEARCH_PATH,
        view.canonical,
        robots=NOINDEX,
        view=view,
        problems=parsed.problems,
        window=MAX_WINDOW,
        counts=counts_view(browse.overview(searcher), here) if not view.total else {},
        data=results_data(view, here),
    )
    return html, 404 if view.past_end else 200


def tag_of(generation: str, parts: Services, visit: Visit) -> str:
    """What a page of a generation is known by, beside its address."""
    return "-".join((generation, parts.build, visit.site.language, visit.offered))

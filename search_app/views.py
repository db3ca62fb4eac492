"""The pages."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, current_app, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from indexer.engines import Searcher
from indexer.errors import SearchError
from indexer.model import Card, Document
from indexer.ranking import Ranking
from search_app import browse
from search_app.asking import answered, find, searched_terms
from search_app.caching import PAGE_POLICY, SEARCH_POLICY, mark, moved_to, not_modified
from search_app.cards import card_view, mention_view, value_view
from search_app.context import arguments, language_of, services, site, visit
from search_app.given import clean_text
from search_app.labels import BROWSED, FOLDERS, KIND_FOLDERS
from search_app.mistyped import like
from search_app.pages import NOINDEX, page_for, results_page, tag_of
from search_app.present import counts_view
from search_app.querylog import MIN_DAYS
from search_app.reader import document_view
from search_app.remembered import NOTE
from search_app.settings import LANGUAGES, MAX_COMPARED, MAX_QUERY_CHARS
from search_app.state import SearchState
from search_app.structured import article_data, hospital_data, landing_data, site_data
from search_app.templating import ENVIRONMENTS
from search_app.words import default_words

NEAR, LOOKED_AT = 5, 20  # documents offered where an address is wrong, and hits that are looked at for them
# Offered on the start page as long as this index answers them.
EXAMPLES = {
    "en": ("eye hospital in Shanghai", "how much does IVF cost", "proton therapy", "S2 visa", "协和"),
    "zh": ("眼科", "上海 儿科", "质子治疗", "试管婴儿 费用", "S2 visa"),
}
# Rows of the comparison that most people ask for first; the others follow as the pages have them.
FIRST_FACTS = (
    "Level", "Ownership", "Founded", "Beds", "Accreditation", "International patients", "Languages", "Known for",
    "Departments", "National lists", "Services", "Affiliation", "District", "Address", "Website",
)  # fmt: skip


def indexed(policy: str) -> Callable[[Callable[..., Any]], Callable[..., AnyResponse]]:
    """Give a view the searcher of this moment, and its response the validator of that generation."""

    def wrap(view: Callable[..., Any]) -> Callable[..., AnyResponse]:
        @functools.wraps(view)
        def run(**values: str) -> AnyResponse:
            parts = services()
            with parts.searcher() as searcher:
                generation = searcher.stats().generation
                tag = tag_of(generation, parts, visit())
                unchanged = not_modified(tag)
                response = unchanged or make_response(view(searcher, **values))
            response.vary.add("Accept-Language")
            # The words that led to a document are nobody's business but the visitor's.
            return mark(response, tag, SEARCH_POLICY if request.args.get("q") else policy, generation)

        return run

    return wrap


def make_pages(language: str) -> Blueprint:
    """All pages in one language, under its prefix."""
    default = next(iter(LANGUAGES))
    pages = Blueprint(f"pages_{language}", __name__, url_prefix=None if language == default else f"/{language}")
    rules: tuple[tuple[str, Callable[..., AnyResponse]], ...] = (
        ("/", home),
        ("/search", search),
        ("/hospitals/<slug>", hospital),
        ("/articles/<slug>", article),
        ("/hospitals", all_of_kind),
        ("/articles", all_of_kind),
        ("/cities", browse_facet),
        ("/specialties", browse_facet),
        ("/topics", browse_facet),
        ("/cities/<slug>", landing),
        ("/specialties/<slug>", landing),
        ("/topics/<slug>", landing),
        ("/compare", compare),
        ("/about", about),
        ("/about/<subject>", about),
    )
    for rule, view in rules:
        name = view.__name__ if "<" in rule or rule == "/" else rule.strip("/")
        pages.add_url_rule(rule, f"{name}{rule.count('/')}", view, strict_slashes=False)
    return pages


def page(template: str, path: str, canonical: str = "", robots: str = "", **values: Any) -> str:
    """A page for the request, with what every page has."""
    return page_for(visit(), current_app.extensions[ENVIRONMENTS], template, path, canonical, robots, **values)


# ---------------------------------------------------------------------------------------------------------------------


@indexed(PAGE_POLICY)
def home(searcher: Searcher) -> str:
    """Search box and ways in."""
    counts = counts_view(browse.overview(searcher), site())
    return page("home.html", "/", counts=counts, examples=examples(searcher), data=site_data(site()))


@indexed(SEARCH_POLICY)
def search(searcher: Searcher) -> Response:
    """Search results; the address is the whole state."""
    environments, note = current_app.extensions[ENVIRONMENTS], request.environ.get(NOTE)
    html, status = results_page(services(), environments, searcher, visit(), request.headers, note)
    response = make_response(html, status)
    response.headers["X-Robots-Tag"] = NOINDEX
    return response


@indexed(PAGE_POLICY)
def hospital(searcher: Searcher, slug: str) -> str:
    """One hospital."""
    document, here = document_or_404(searcher, f"hospitals/{slug}"), site()
    words = searched_words()
    view = document_view(document, here, words, searched_terms(searcher, words))
    related = [card_view(card, here) for card in browse.related(searcher, document, "hospital")]
    shown = {card.doc_id for card in related}
    linked = [card_view(card, here) for card in browse.linked(searcher, document)]
    return page(
        "hospital.html",
        document.url,
        view=view,
        mentions=[mention_view(hit, here) for hit in browse.mentions(searcher, document)],
        related=related,
        linked=[card for card in linked if card.doc_id not in shown],
        data=hospital_data(view, document, here),
    )


@indexed(PAGE_POLICY)
def article(searcher: Searcher, slug: str) -> str:
    """One article."""
    document, here = document_or_404(searcher, f"articles/{slug}"), site()
    words = searched_words()
    view = document_view(document, here, words, searched_terms(searcher, words))
    linked = [card_view(card, here) for card in browse.linked(searcher, document)]
    shown = {card.doc_id for card in linked}
    related = [card_view(card, here) for card in browse.related(searcher, document, "article")]
    return page(
        "article.html",
        document.url,
        view=view,
        linked=linked,
        related=[card for card in related if card.doc_id not in shown],
        hospitals=[
            (found, value_view(found.facet, found.value, here), [card_view(card, here) for card in found.hospitals])
            for found in browse.hospitals_of(searcher, document)
        ],
        data=article_data(view, document, here),
    )


@indexed(PAGE_POLICY)
def all_of_kind(searcher: Searcher) -> AnyResponse:
    """All hospitals or all articles are a search without words."""
    folder = request.path.rstrip("/").rpartition("/")[2]
    kind = next(kind for kind, name in KIND_FOLDERS.items() if name == folder)
    return redirect(site().search(SearchState(kind=(kind,), sort="title")), 302)


@indexed(PAGE_POLICY)
def browse_facet(searcher: Searcher) -> str:
    """All values of a facet with their counts."""
    folder = request.path.rstrip("/").rpartition("/")[2]
    facet = FOLDERS[folder]
    counts = counts_view(browse.overview(searcher), site())
    return page("browse.html", f"/{folder}", facet=facet, folder=folder, values=counts[facet], counts=counts, data=None)


@indexed(PAGE_POLICY)
def landing(searcher: Searcher, slug: str) -> str:
    """The page of a city, specialty or topic."""
    folder = request.path.rstrip("/").split("/")[-2]
    facet = FOLDERS[folder]
    known = [bucket.value for bucket in browse.overview(searcher).facet(facet).buckets]
    value = services().labels.by_slug(facet, slug, known)
    if value is None:
        abort(404)
    found = browse.landing(searcher, facet, value, services().labels.guide(facet, value))
    counts = counts_view(found.results, site(), (facet, value))
    return page(
        "landing.html",
        f"/{folder}/{slug}",
        robots="" if found.total else NOINDEX,
        facet=facet,
        folder=folder,
        value=value,
        label=site().label(facet, value),
        total=found.total,
        guide=card_view(found.guide, site()) if found.guide else None,
        hospitals=[card_view(card, site()) for card in found.hospitals],
        articles=[card_view(card, site()) for card in found.articles],
        counts=counts,
        all_url=site().search(SearchState().with_values(facet, [value])),
        data=landing_data(found, site()),
    )


@indexed(SEARCH_POLICY)
def compare(searcher: Searcher) -> str | AnyResponse:
    """Hospitals side by side; the address names them."""
    given = arguments()
    asked = [text for each in given.get("h", ())[:50] if (text := clean_text(each, 120))]
    slugs = tuple(dict.fromkeys(_slug(searcher.moved(f"hospitals/{each}") or each) for each in asked))
    added = clean_text(next(iter(given.get("add", ())), ""), MAX_QUERY_CHARS)
    if added:
        answer = find(searcher, SearchState(q=added, kind=("hospital",)), "compare")
        if answer.results.hits:
            slugs = (*slugs, _slug(answer.results.hits[0].doc_id))
            return redirect(site().compare(tuple(dict.fromkeys(slugs))[-MAX_COMPARED:]), 303)
    kept = slugs[:MAX_COMPARED]
    documents = {slug: searcher.get(f"hospitals/{slug}") for slug in kept}
    views = [document_view(document, site()) for document in documents.values() if document is not None]
    names = list(dict.fromkeys(fact.name for view in views for fact in view.facts))
    names.sort(key=lambda name: FIRST_FACTS.index(name) if name in FIRST_FACTS else len(FIRST_FACTS))
    present = tuple(view.slug for view in views)
    return page(
        "compare.html",
        "/compare",
        site().compare(present),
        robots=NOINDEX,
        views=views,
        fact_names=names,
        facts={
            view.slug: {name: [fact for fact in view.facts if fact.name == name] for name in names} for view in views
        },
        without={slug: site().compare(tuple(each for each in present if each != slug)) for slug in present},
        missing=[slug for slug, document in documents.items() if document is None],
        not_found=added,
        too_many=len(slugs) > MAX_COMPARED,
        limit=MAX_COMPARED,
        data=None,
    )


SUBJECTS = ("ranking", "privacy", "accessibility", "api")


@indexed(PAGE_POLICY)
def about(searcher: Searcher, subject: str = "") -> str:
    """What the site is, how it ranks, what it keeps, how it can be used."""
    if subject and subject not in SUBJECTS:
        abort(404)
    stats = searcher.stats()
    counts = counts_view(browse.overview(searcher), site())
    path = f"/about/{subject}" if subject else "/about"
    settings = services().settings
    return page(
        f"about/{subject or 'about'}.html",
        path,
        stats=stats,
        counts=counts,
        query_log_days=settings.query_log_days if settings.query_log else 0,
        query_log_minimum=settings.query_log_minimum,
        query_log_min_days=MIN_DAYS,
        rate_limit=settings.rate_limit,
        ranking=Ranking(),
        data=None,
    )


# ---------------------------------------------------------------------------------------------------------------------


def examples(searcher: Searcher) -> tuple[str, ...]:
    """The examples in the language of the page that this generation answers."""
    language = site().language
    offered = EXAMPLES.get(language, EXAMPLES["en"])

    def tried() -> tuple[str, ...]:
        return tuple(words for words in offered if answered(searcher, words))

    return services().examples.get((searcher.stats().generation, language), tried)


def _slug(doc_id: str) -> str:
    return doc_id.rpartition("/")[2]


def document_or_404(searcher: Searcher, doc_id: str) -> Document:
    """The document of an address; whoever asks for a page that is part of another one is sent there."""
    document = searcher.get(doc_id)
    if document is None and (kept := searcher.moved(doc_id)):
        query = request.query_string.decode("latin-1")
        abort(moved_to(site().document(kept) + (f"?{query}" if query else "")))
    if document is None:
        abort(404)
    return document


def searched_words() -> str:
    """The words that led to a document, for highlighting."""
    return clean_text(request.args.get("q", ""), MAX_QUERY_CHARS)


def near_cards(words: str) -> tuple[Card, ...]:
    """Documents that are named like the words of a wrong address; none when nothing can be searched."""
    try:
        with services().searcher() as searcher:
            answer = find(searcher, SearchState(q=words, per_page=LOOKED_AT), "error")
    except SearchError:
        return ()
    return like(words, (hit.card for hit in answer.results.hits), default_words())[:NEAR]


__all__ = ["BROWSED", "language_of", "make_pages", "near_cards"]

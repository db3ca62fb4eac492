"""What feed readers, crawlers and browsers ask a site for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from indexer.engines import Searcher
from indexer.model import Hit
from search_app import browse
from search_app.as_json import completions
from search_app.asking import find, suggestions
from search_app.caching import NO_STORE, PAGE_POLICY, SEARCH_POLICY, mark, not_modified
from search_app.context import arguments, services, site
from search_app.given import clean_text
from search_app.labels import BROWSED
from search_app.settings import LANGUAGES, MAX_QUERY_CHARS
from search_app.site import Site
from search_app.state import FEED_PATH, SearchState, last_page, parse

ATOM = "application/atom+xml"
_OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_EPOCH = "1970-01-01T00:00:00Z"


def make_feeds() -> Blueprint:
    """The addresses of this room; those with words in them under the prefix of every language."""
    feeds = Blueprint("feeds", __name__)
    rules: tuple[tuple[str, Callable[..., Response], bool], ...] = (
        ("/search.atom", search_feed, True),
        ("/suggest", browser_suggestions, True),
        ("/opensearch.xml", opensearch, True),
        ("/robots.txt", robots, False),
        ("/sitemap.xml", sitemap, False),
        ("/favicon.svg", favicon, False),
        ("/favicon.ico", favicon, False),
        ("/manifest.webmanifest", manifest, True),
        ("/.well-known/security.txt", security, False),
        ("/security.txt", security, False),
        ("/static/<path:name>", static_file, False),
    )
    for rule, view, spoken in rules:
        for prefix in _prefixes() if spoken else [""]:
            feeds.add_url_rule(prefix + rule, view.__name__ + prefix.replace("/", "_") + str(rule.count(".")), view)
    return feeds


def search_feed() -> Response:
    """A search as an Atom feed, with the OpenSearch counts."""
    state = parse(arguments()).state.resolved(services().labels.resolve)
    with services().searcher() as searcher:
        stats = searcher.stats()
        tag = f"{stats.generation}-{services().build}-{site().language}"
        unchanged = not_modified(tag)
        if unchanged:
            return mark(unchanged, tag, SEARCH_POLICY)
        answer = find(searcher, state, "feed")
    total = answer.results.total.value
    here = site()
    title = f"medsearch: {state.q}" if state.q else "medsearch"
    updated = max((_moment(hit.card.date) for hit in answer.results.hits), default=stats.built_at or _EPOCH)
    lines = [
        _XML
        + f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:opensearch="{_OPENSEARCH}" xml:lang={quoteattr(here.tag)}>',
        f"<title>{escape(title)}</title>",
        f"<id>{escape(_tag_id(here, state.on_page(1).address()))}</id>",
        f"<updated>{escape(updated)}</updated>",
        "<author><name>medsearch</name></author>",
        *_feed_links(state, total, here),
        f"<opensearch:totalResults>{total}</opensearch:totalResults>",
        f"<opensearch:startIndex>{state.offset + 1}</opensearch:startIndex>",
        f"<opensearch:itemsPerPage>{state.per_page}</opensearch:itemsPerPage>",
        f'<opensearch:Query role="request" searchTerms={quoteattr(state.q)} startPage="{state.page}"/>',
        *(_feed_entry(hit, here) for hit in answer.results.hits),
        "</feed>",
    ]
    response = Response("\n".join(lines), mimetype=ATOM)
    response.headers["X-Robots-Tag"] = "noindex"
    return mark(response, tag, SEARCH_POLICY)


def browser_suggestions() -> Response:
    """Completions for the address bar: query, completions, descriptions, addresses."""
    query = clean_text(request.args.get("q", ""), MAX_QUERY_CHARS)
    with services().searcher() as searcher:
        found = completions(suggestions(searcher, query, 3), site())
    body = [query, [each[0] for each in found], [each[1] for each in found], [each[2] for each in found]]
    return Response(json.dumps(body, ensure_ascii=False), content_type="application/x-suggestions+json")


def opensearch() -> Response:
    """The description by which a browser takes the site as a search engine."""
    here = site()

    def url(media_type: str, path: str, rest: str = "") -> str:
        template = here.absolute(here.path(path)) + "?q={searchTerms}" + rest
        return f"<Url type={quoteattr(media_type)} template={quoteattr(template)}/>"

    lines = [
        _XML + f'<OpenSearchDescription xmlns="{_OPENSEARCH}">',
        "<ShortName>medsearch</ShortName>",
        "<Description>" + escape(_("Hospitals and articles on medical travel in China")) + "</Description>",
        url("text/html", "/search", "&page={startPage?}&per_page={count?}"),
        url(ATOM, FEED_PATH, "&page={startPage?}&per_page={count?}"),
        url("application/x-suggestions+json", "/suggest"),
        f'<Image width="16" height="16" type="image/svg+xml">{escape(here.absolute("/favicon.svg"))}</Image>',
        f"<Language>{here.tag}</Language>",
        "<InputEncoding>UTF-8</InputEncoding><OutputEncoding>UTF-8</OutputEncoding>",
        "</OpenSearchDescription>",
    ]
    return Response("\n".join(lines), mimetype="application/opensearchdescription+xml")


def robots() -> Response:
    """Everything may be read but searches with several parameters, whose number has no end."""
    # A single search stays readable, so that crawlers can see that it must not be listed.
    patterns = [f"{prefix}/search?*&*&" for prefix in _prefixes()]
    patterns += [f"{prefix}/{path}" for prefix in _prefixes() for path in ("compare?", "search.atom", "suggest")]
    lines = ["User-agent: *", *(f"Disallow: {pattern}" for pattern in patterns), "Disallow: /api/", ""]
    lines.append(f"Sitemap: {site().absolute('/sitemap.xml')}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


def sitemap() -> Response:
    """Every page that may be listed, in all languages; searches are not among them."""
    with services().searcher() as searcher:
        current = searcher.stats().generation
        tag = f"{current}-{services().build}"
        unchanged = not_modified(tag)
        if unchanged:
            return mark(unchanged, tag, PAGE_POLICY)
        # Each document is read for it: 0.1 s for 260 of them, which nobody should have made at every request.
        generation, paths = services().listed.get(current, lambda: (current, _listed(searcher)))
    sites = [site().in_language(language) for language in LANGUAGES]
    lines = [
        _XML + '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">'
    ]
    for path, date in paths:
        others = "".join(
            f'<xhtml:link rel="alternate" hreflang="{each.tag}" href={quoteattr(each.absolute(each.path(path)))}/>'
            for each in sites
        )
        for each in sites:
            modified = f"<lastmod>{escape(date)}</lastmod>" if date else ""
            lines.append(f"<url><loc>{escape(each.absolute(each.path(path)))}</loc>{modified}{others}</url>")
    lines.append("</urlset>")
    response = Response("\n".join(lines), mimetype="application/xml")
    if generation != current:
        response.headers["Cache-Control"] = NO_STORE  # it must not be taken for that of this generation
        return response
    return mark(response, tag, PAGE_POLICY)


def favicon() -> Response:
    """The site's mark; browsers that ask for the old name take an SVG too."""
    return services().assets.respond("favicon.svg")


def manifest() -> Response:
    """The site as something that can be put on a home screen."""
    here = site()
    body = {
        "name": "medsearch",
        "short_name": "medsearch",
        "lang": here.tag,
        "start_url": here.path("/"),
        "scope": "/",
        "display": "minimal-ui",
        "background_color": "#f5f7f8",
        "theme_color": "#0b4a5e",
        "icons": [
            {"src": services().assets.url("favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": services().assets.url("icon.png"), "sizes": "512x512", "type": "image/png"},
        ],
    }
    return Response(json.dumps(body, ensure_ascii=False), mimetype="application/manifest+json")


def security() -> Response:
    """Whom to tell about a hole."""
    contact = services().settings.contact or site().absolute("/about")
    if "@" in contact and ":" not in contact:
        contact = f"mailto:{contact}"
    expires = (datetime.now(UTC) + timedelta(days=180)).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en, zh",
        f"Canonical: {site().absolute('/.well-known/security.txt')}",
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


def static_file(name: str) -> Response:
    """A stylesheet, script or icon."""
    return services().assets.respond(name)


# ---------------------------------------------------------------------------------------------------------------------


def _prefixes() -> list[str]:
    default = next(iter(LANGUAGES))
    return ["" if language == default else f"/{language}" for language in LANGUAGES]


def _listed(searcher: Searcher) -> list[tuple[str, str]]:
    labels = services().labels
    paths = [("/", ""), ("/about", ""), ("/about/ranking", ""), ("/about/privacy", ""), ("/about/accessibility", "")]
    paths += [("/about/api", "")]
    overview = browse.overview(searcher)
    for facet, folder in BROWSED.items():
        paths.append((f"/{folder}", ""))
        paths += [
            (f"/{folder}/{slug}", "")
            for bucket in overview.facet(facet).buckets
            if bucket.count.value and (slug := labels.slug(facet, bucket.value))
        ]
    paths += [(Site("en", labels).document(document.doc_id), document.date) for document in searcher.documents()]
    return paths


def _feed_links(state: SearchState, total: int, here: Site) -> list[str]:
    pages = last_page(total, state.per_page)
    links = {"self": state, "first": state.on_page(1), "last": state.on_page(pages)}
    if 1 < state.page <= pages:
        links["previous"] = state.on_page(state.page - 1)
    if state.page < pages:
        links["next"] = state.on_page(state.page + 1)
    found = [
        f'<link rel="{name}" type="{ATOM}" href={quoteattr(here.absolute(here.path(other.address(FEED_PATH))))}/>'
        for name, other in links.items()
    ]
    found.append(f'<link rel="alternate" type="text/html" href={quoteattr(here.absolute(here.search(state)))}/>')
    return found


def _feed_entry(hit: Hit, here: Site) -> str:
    card = hit.card
    url = here.absolute(here.document(card.doc_id))
    title = (card.title_zh if here.tag.startswith("zh") else "") or card.title
    values = [(facet, value) for facet in ("city", "specialty", "topic") for value in getattr(card, facet)]
    terms = "".join(
        f"<category term={quoteattr(value)} scheme={quoteattr(facet)} label={quoteattr(here.label(facet, value))}/>"
        for facet, value in values
    )
    return (
        f"<entry><title>{escape(title)}</title><id>{escape(_tag_id(here, card.url))}</id>"
        f'<link rel="alternate" type="text/html" href={quoteattr(url)}/><updated>{_moment(card.date)}</updated>'
        f"<summary>{escape(card.summary or hit.snippet.text)}</summary>{terms}</entry>"
    )


def _tag_id(here: Site, path: str) -> str:
    host = urlsplit(here.base).hostname or "medsearch.invalid"
    return f"tag:{host},2026:{path}"


def _moment(date: str) -> str:
    """A date as written (year, month or day) as the moment that Atom wants."""
    parts = date.split("T")[0].split("-")
    try:
        year, month, day = (int(part) for part in (*parts, "1", "1")[:3])
        return f"{datetime(year, month, day):%Y-%m-%d}T00:00:00Z" if year >= 1000 else _EPOCH
    except ValueError:
        return _EPOCH

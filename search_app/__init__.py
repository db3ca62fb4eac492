"""The search site: pages, API and terminal over an index."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from indexer.engines import Engine, Searcher
    from indexer.model import IndexStats
    from search_app.context import Services
    from search_app.settings import Settings

__all__ = ["create_app"]

ANSWER_BYTES = 16 * 1024  # of remembered responses for each remembered answer


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """A new application; two of them share nothing.

    ``config`` holds settings (``search_app.settings``) in either case. ``engine`` may be an open engine; otherwise
    ``index`` is the folder, or the address, of one.

    Raises:
        ValueError: If a setting has the wrong form.
        QueryError: If there is no engine of such an address.
    """
    from flask import Flask

    from indexer import analysis
    from search_app.context import EXTENSION
    from search_app.settings import Settings
    from search_app.templating import PageEnvironment
    from search_app.words import default_words

    analysis.load()
    default_words().load()
    settings = Settings.load(config)
    app = Flask(__name__, static_folder=None)
    app.jinja_environment = PageEnvironment
    app.debug = settings.debug
    app.config.update(MAX_CONTENT_LENGTH=16 * 1024)  # nothing here takes a body
    services = _services(settings, (config or {}).get("engine"))
    app.extensions[EXTENSION] = services
    _speak(app)
    _stand_in_front(app, services)
    _answer(app, settings)
    return app


def _services(settings: Settings, engine: Engine | None) -> Services:
    """What views share: an open engine, counts, what is remembered."""
    from indexer import __version__
    from indexer.engines import open_engine
    from search_app.assets import Assets
    from search_app.caching import AnswerCache, Latest
    from search_app.context import Services
    from search_app.counting import Counting
    from search_app.labels import default_labels
    from search_app.metrics import Metrics
    from search_app.placed import say_what_is_not_there
    from search_app.querylog import QueryLog, Recorder
    from search_app.settings import LANGUAGES

    opened = engine or open_engine(settings.index, whole=True)  # nobody may be there to look at its files later
    searcher: Callable[[], AbstractContextManager[Searcher]] = opened.searcher

    def stats() -> tuple[IndexStats, str]:
        with searcher() as found:
            return found.stats(), found.state()

    assets = Assets(reload=settings.debug)
    metrics = Metrics(stats)
    recorder = None
    if settings.query_log:
        file = QueryLog(settings.query_log, settings.query_log_minimum, settings.query_log_days)
        recorder = Recorder(file, metrics.query_logged)
    say_what_is_not_there(searcher)
    written = b"\0".join([__version__.encode(), assets.digest.encode(), *_own_files()])
    return Services(
        settings=settings,
        searcher=searcher,
        labels=default_labels(),
        assets=assets,
        metrics=metrics,
        answers=AnswerCache(settings.cached_answers),
        catalogues=Latest(),
        listed=Latest(),
        examples=AnswerCache(2 * len(LANGUAGES)),
        query_log=recorder,
        counting=Counting(metrics, recorder),
        build=hashlib.blake2b(written, digest_size=4).hexdigest(),
    )


def _speak(app: Flask) -> None:
    """Give the application its languages: the first part of an address says which."""
    from flask import has_request_context, request
    from flask_babel import Babel

    from search_app.context import language_of
    from search_app.settings import LANGUAGES, LOCALES

    app.config.update(
        BABEL_TRANSLATION_DIRECTORIES=str(Path(__file__).with_name("translations")),
        BABEL_DEFAULT_LOCALE=next(iter(LANGUAGES)),
    )

    def locale() -> str:
        return LOCALES[language_of(request.path)] if has_request_context() else next(iter(LANGUAGES))

    Babel(app, locale_selector=locale)


def _stand_in_front(app: Flask, services: Services) -> None:
    """Put before the views what most requests need no view for: compression, limits, what was answered already."""
    from flask_compress import Compress

    from search_app.direct import Direct
    from search_app.limits import init_limits
    from search_app.metrics import init_metrics
    from search_app.remembered import Remembering

    app.config.update(
        COMPRESS_MIN_SIZE=1000,
        COMPRESS_BR_LEVEL=3,  # half the time of the usual 4 and 6, and 5% more bytes
        COMPRESS_LEVEL=4,
    )
    settings = services.settings
    compress = Compress(app)
    init_metrics(app, services.metrics)
    admission = init_limits(app, settings)
    if settings.debug:
        return
    app.wsgi_app = Direct(app.wsgi_app, app, compress, admission, settings.trusted_hosts)  # type: ignore[method-assign]
    if settings.cached_answers:
        app.wsgi_app = Remembering(  # type: ignore[method-assign]
            app.wsgi_app, services.searcher, services.counting, admission, settings.cached_answers * ANSWER_BYTES
        )


def _answer(app: Flask, settings: Settings) -> None:
    """Register everything that has an address, and what all answers have in common."""
    from search_app.api import api
    from search_app.errors import init_errors
    from search_app.feeds import make_feeds
    from search_app.headers import init_headers
    from search_app.operations import operations
    from search_app.settings import LANGUAGES
    from search_app.templating import init_templates
    from search_app.views import make_pages

    init_headers(app, settings)
    init_errors(app)
    init_templates(app)
    for language in LANGUAGES:
        app.register_blueprint(make_pages(language))
    app.register_blueprint(api)
    app.register_blueprint(make_feeds())
    app.register_blueprint(operations)


def _own_files() -> list[bytes]:
    # What a page looks like depends on these; a change must reach browsers that kept the old page.
    here = Path(__file__).parent
    kept = [*here.glob("*.py"), *here.glob("templates/**/*.html"), *here.glob("translations/**/*.mo")]
    kept += [*here.glob("vocabulary/*.toml"), *(here.parent / "indexer").glob("vocabulary/*.toml")]
    from search_app.placed import own_placed
    from search_app.thesaurus import own_file

    own = [path for path in (own_file(), own_placed()) if path and path.exists()]
    return [path.read_bytes() for path in (*sorted(kept), *own)]

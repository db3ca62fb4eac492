"""The templates, in one environment for each language: what depends on it alone is done when they are compiled."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import orjson
from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from flask import Flask, current_app
from flask.templating import Environment as FlaskEnvironment
from jinja2 import Environment, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context
from markupsafe import Markup, escape

from search_app.cards import HitView
from search_app.catalogues import catalogue
from search_app.context import EXTENSION, Services, Visit, language_of, visit
from search_app.labels import BROWSED, KIND_FOLDERS
from search_app.markup import in_markup, spoken
from search_app.present import CountedChoice
from search_app.sayings import reasons, said, said_field, said_value
from search_app.settings import LANGUAGES, LOCALES, MAX_QUERY_CHARS
from search_app.site import LANGUAGE_NAMES, LANGUAGE_OFFERS, Site
from search_app.state import SearchState

PARTS = ("value_links", "side", "small_card", "why", "prices", "menu")
ENVIRONMENTS = "medsearch_templates"  # of an application, by language
Environments = Mapping[str, Environment]
MAX_SHOWN_CHARS = 120  # of the words in a headline; the box has them all
N_ = str  # marks a text for the catalogues, which translate it for each language

# Names that come from data and that the catalogues must know.
FACT_NAMES = (
    N_("Accreditation"), N_("Address"), N_("Affiliation"), N_("Beds"), N_("Departments"), N_("District"), N_("Founded"),
    N_("International patients"), N_("Known for"), N_("Languages"), N_("Level"),
    N_("Listed as one hospital because"), N_("National lists"), N_("Ownership"), N_("Services"), N_("Status"),
    N_("Website"),
)  # fmt: skip
FACET_NAMES = {
    "kind": N_("Type"),
    "city": N_("City"),
    "specialty": N_("Specialty"),
    "topic": N_("Topic"),
    "profile": N_("Profile"),
}
FOLDER_NAMES = {
    "hospitals": N_("Hospitals"),
    "articles": N_("Articles"),
    "cities": N_("Cities"),
    "specialties": N_("Specialties"),
    "topics": N_("Topics"),
}
SORT_NAMES = {"relevance": N_("Best match"), "title": N_("Title"), "date": N_("Date")}
_HTML_IN_JSON = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027"))


def render(template: str, **values: Any) -> str:
    """A page for the request."""
    return rendered(current_app.extensions[ENVIRONMENTS], visit(), template, **values)


def rendered(environments: Environments, asked: Visit, template: str, **values: Any) -> str:
    """A page for a visit, in its language."""
    environment = environments[asked.site.language]
    menu: list[str] = environment.globals["menu_paths"]  # type: ignore[assignment]
    return environment.get_template(template).render(site=asked.site, at=menu_place(asked.path, menu), **values)


def init_templates(app: Flask) -> None:
    """An environment for each language; no stray blank lines from the tags."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions[ENVIRONMENTS] = {
        language: make_environment(app, language, locale) for language, locale in LOCALES.items()
    }


def make_environment(app: Flask, language: str, locale_name: str) -> Environment:
    """The templates in one language: its texts, names, links and ways to write numbers and dates."""
    parts: Services = app.extensions[EXTENSION]
    speech = Speech(locale_name)
    here = Site(language, parts.labels)
    menu = [here.path(path) for path in (*(f"/{folder}" for folder in BROWSED.values()), "/compare", "/about")]
    environment = app.jinja_env.overlay(extensions=[ConstantTexts])
    environment.context_class = PageContext
    environment.filters = app.jinja_env.filters | {
        "spoken_date": lru_cache(maxsize=2048)(speech.date),
        "number": speech.number,
        "path": here.path,
        "ld_json": ld_json,
        "asset": parts.assets.url
        if not parts.assets.reload
        else pass_context(lambda _now, name: parts.assets.url(name)),
    }
    environment.globals = app.jinja_env.globals | {
        "_": speech.text,
        "gettext": speech.text,
        "ngettext": speech.counted,
        "site": here,  # without the public address, which is that of a request
        "direction": Locale.parse(locale_name).text_direction,
        "chinese": here.tag.startswith("zh"),
        "menu_paths": menu,
        "here": where,
        "said": lambda text: spoken(said(text, here), here.tag.startswith("zh")),
        "reasons": lambda matched: [spoken(each, here.tag.startswith("zh")) for each in reasons(matched, here)],
        "fields": lambda names: listed_fields(names, here),
        "settings": parts.settings,
        "languages": LANGUAGES,
        "language_names": LANGUAGE_NAMES,
        "language_offers": LANGUAGE_OFFERS,
        "language_of": language_of,
        "facet_names": speech.names(FACET_NAMES),
        "folder_names": speech.names(FOLDER_NAMES),
        "sort_names": speech.names(SORT_NAMES),
        "fact_name": lambda name: str(speech.text(name)) if name in FACT_NAMES else name,
        "folders": BROWSED,
        "kind_folders": KIND_FOLDERS,
        "SearchState": SearchState,
        "max_query_chars": MAX_QUERY_CHARS,
        "max_shown_chars": MAX_SHOWN_CHARS,
    }
    environment.filters["spoken"] = lambda text: spoken(text, here.tag.startswith("zh"))
    environment.filters["stated"] = lambda text: said_value(text, here)
    environment.filters |= {name: kept(environment, "parts.html", name) for name in PARTS}
    environment.filters["hits"] = framed(
        environment, "parts.html", "hit", HitView, why=environment.filters["why"], prices=environment.filters["prices"]
    )
    environment.filters["checks"] = framed(
        environment, "parts.html", "check", CountedChoice, number=lru_cache(maxsize=2048)(speech.count)
    )
    environment.filters["icon"] = kept(environment, "icons.html", "icon")
    return environment


def kept(environment: Environment, template: str, name: str) -> Callable[..., Markup]:
    """A macro whose last results are kept by its arguments; it must depend on nothing else."""

    @lru_cache(maxsize=2048)
    def rendered(*arguments: Hashable) -> Markup:
        macro: Callable[..., Markup] = getattr(environment.get_template(template).module, name)
        return macro(*arguments)

    return rendered


def framed(
    environment: Environment, template: str, name: str, items: type[tuple[Any, ...]], **written: Callable[[Any], str]
) -> Callable[[Sequence[tuple[Any, ...]]], Markup]:
    """A macro for each of some named tuples (of the type ``items``), joined; its arguments are their fields.

    The macro is kept for the first field, with places for the others: it may ask of them only whether they are there,
    and write them. They are escaped and put there each time. ``written`` says how a field is written as markup, where
    that is not as it is.
    """
    _first, *fields = items._fields  # type: ignore[attr-defined]
    writing = [written.get(field, in_markup) for field in fields]
    mark = f"{secrets.token_hex(8)}."  # no page can hold it
    places = re.compile(re.escape(mark) + r"(\d+);")

    @lru_cache(maxsize=4096)
    def frame(first: Hashable, there: tuple[bool, ...]) -> tuple[str, tuple[int, ...] | None]:
        macro: Callable[..., Markup] = getattr(environment.get_template(template).module, name)
        marks = [Markup(f"{mark}{place};") if found else "" for place, found in enumerate(there)]  # noqa: S704 - digits
        texts = places.split(str(macro(first, **dict(zip(fields, marks, strict=True)))).replace("%", "%%"))
        order = tuple(map(int, texts[1::2]))
        # None where each place stands once and in turn: the texts go there as they are.
        return "%s".join(texts[::2]), order if order != tuple(range(len(fields))) else None

    def rendered(given: Sequence[tuple[Any, ...]]) -> Markup:
        if not given:
            return Markup("")
        # Column by column: a page has dozens of them, and lists made for each would take most of the time.
        firsts, *columns = zip(*given, strict=True)
        written = [map(write, column) for write, column in zip(writing, columns, strict=True)]
        parts: list[str] = []
        for first, texts in zip(firsts, zip(*written, strict=True), strict=True):
            form, order = frame(first, tuple(map(bool, texts)))
            parts.append(form % (texts if order is None else tuple([texts[place] for place in order])))
        return Markup("".join(parts))  # noqa: S704 - the macro's own markup, and what was escaped just now

    return rendered


class PageCode(CodeGenerator):
    """The code of templates, in which values are written as plain strings."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.in_markup(")


class PageEnvironment(FlaskEnvironment):
    """An environment whose names are complete before its first template is read."""

    code_generator_class = PageCode
    in_markup = staticmethod(in_markup)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A plain dictionary: the chain that Jinja makes, for names that come later, is slow to copy for each page."""
        return {**self.globals, **(d or {})}


class PageContext(Context):
    """A context for templates that call nothing which asks for it."""

    def call(self, called: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        """The result of a call; Jinja would look each time whether the called wants to know of the context."""
        named.pop("_block_vars", None)
        named.pop("_loop_vars", None)
        return called(*arguments, **named)


class Speech:
    """One language's texts, numbers and dates."""

    def __init__(self, locale: str) -> None:
        self._locale = locale
        self._catalogue = catalogue(locale)

    def text(self, text: str, **values: Any) -> Markup:
        """A text; it may hold markup, what is put into it is escaped."""
        return _filled(self._catalogue.ugettext(text), values)

    def counted(self, one: str, many: str, num: int, **values: Any) -> Markup:
        """A text about a number of things."""
        return _filled(self._catalogue.ungettext(one, many, num), {"num": num, **values})

    def names(self, names: dict[str, str]) -> dict[str, str]:
        """Names of things by their keys."""
        return {key: str(self._catalogue.ugettext(name)) for key, name in names.items()}

    def number(self, value: int) -> str:
        """A number with its thousands apart."""
        return str(value) if 0 <= value < 1000 else format_decimal(value, locale=self._locale)

    def count(self, value: int) -> Markup:
        """The same number, as markup."""
        return escape(self.number(value))

    def date(self, text: str) -> str:
        """A date as people write it, no more exact than the text says."""
        parts = text.split("T")[0].split("-")
        try:
            numbers = [int(part) for part in parts]
            if len(numbers) == 3:
                return format_date(date(*numbers), "long", locale=self._locale)
            if len(numbers) == 2:
                return format_skeleton("yMMMM", date(numbers[0], numbers[1], 1), locale=self._locale)
        except (ValueError, TypeError):
            return text
        return text


def _filled(text: str, values: dict[str, Any]) -> Markup:
    """A text of the catalogue with what is put into it, escaped."""
    return Markup(text % {name: in_markup(value) for name, value in values.items()})  # noqa: S704 - text is ours


class ConstantTexts(Extension):
    """Texts in which nothing changes are translated once, when their template is compiled, and become part of it."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """``_("Name")`` and ``_("Name %(a)s", a="b")`` as the literal in the language of the environment."""
        say: Callable[..., Markup] = self.environment.globals["gettext"]  # type: ignore[assignment]
        tokens = list(stream)
        at = 0
        while at < len(tokens):
            end, text, values = _constant_call(tokens, at)
            if end:
                line = tokens[at].lineno
                yield Token(line, "string", str(say(text, **values)))
                yield Token(line, "pipe", "|")
                yield Token(line, "name", "safe")
                at = end
            else:
                yield tokens[at]
                at += 1


def _constant_call(tokens: list[Token], at: int) -> tuple[int, str, dict[str, str]]:
    """Where a call of ``_`` with nothing but literals ends, its text and its values; 0 when there is none here."""

    def kinds(start: int, *expected: str) -> bool:
        return [token.type for token in tokens[start : start + len(expected)]] == list(expected)

    nothing = 0, "", dict[str, str]()
    if tokens[at].value != "_" or not kinds(at, "name", "lparen", "string"):
        return nothing
    text, end = tokens[at + 2].value, at + 3
    values = {}
    while kinds(end, "comma", "name", "assign", "string"):
        values[tokens[end + 1].value] = tokens[end + 3].value
        end += 4
    return (end + 1, text, values) if kinds(end, "rparen") else nothing


def listed_fields(names: Iterable[str], here: Site) -> Markup:
    """Fields that a hospital states, one after the other; English ones are marked on a page in another language."""
    said_names = [(name, said_field(name, here)) for name in names]
    english = here.tag.startswith("en")
    return Markup("&nbsp;· ").join(
        escape(said_name) if english or said_name != name else Markup('<span lang="en">{}</span>').format(name)
        for name, said_name in said_names
    )


def menu_place(path: str, menu: Iterable[str]) -> str:
    """The path in the menu that leads to a page, with a slash when it leads to one above it, or nothing."""
    return next((each if path == each else each + "/" for each in menu if (path + "/").startswith(each + "/")), "")


def where(path: str, at: str) -> Markup:
    """Says of a link in the menu whether it leads to this page, or to one above it; ``at`` is from ``menu_place``."""
    if at == path:
        return Markup(' aria-current="page"')
    return Markup(' aria-current="true"') if at == path + "/" else Markup("")


def ld_json(data: dict[str, Any]) -> Markup:
    """JSON that can stand in a ``script`` element."""
    text = orjson.dumps(data).decode()
    for char, written in _HTML_IN_JSON:
        text = text.replace(char, written)
    return Markup(text)  # noqa: S704

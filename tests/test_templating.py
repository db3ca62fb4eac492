"""Templates in one environment for each language: what is done when they are compiled, and what each time."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from flask import Flask
from flask_babel import LazyString
from jinja2 import DictLoader, Environment
from markupsafe import Markup, escape

from indexer.model import Card
from search_app.cards import HitView, card_view
from search_app.labels import default_labels
from search_app.markup import in_markup
from search_app.present import ChoiceView, CountedChoice
from search_app.site import Site
from search_app.templating import ENVIRONMENTS, Speech, framed, ld_json
from tests.site_fixture import site_app


class Piece(NamedTuple):
    """What a frame is filled with."""

    first: str
    a: int
    b: str


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return site_app(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def chinese(app: Flask) -> Environment:
    found: Environment = app.extensions[ENVIRONMENTS]["zh"]
    return found


def compiled(environment: Environment, source: str) -> str:
    code = environment.compile(source, "page.html", raw=True)
    assert isinstance(code, str)
    return code


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('{{ _("Search") }}', "搜索"),
        ("{{ _('%(count)s suggestions', count='{n}') }}", "{n} 条建议"),
        ('{{ "/about"|path }}', "/zh/about"),
        ('{% for name in (_("Search"), _("City")) %}{{ name }} {% endfor %}', "搜索 城市 "),
    ],
)
def test_what_depends_on_the_language_alone_is_part_of_the_compiled_template(
    chinese: Environment, source: str, text: str
) -> None:
    code = compiled(chinese, source)
    assert "'_'" not in code
    assert "t_1(" not in code.replace("def t_1(", ""), "no filter is called when it is rendered"
    assert chinese.from_string(source).render() == text


def test_a_drawing_is_part_of_the_compiled_template_too(chinese: Environment) -> None:
    assert "<svg class=" in compiled(chinese, '{{ "search"|icon }}')


@pytest.mark.parametrize(
    "value", ["plain", "<b>\"&'&amp;", Markup("<b>&</b>"), "", 7, True, None, 1.5, LazyString(lambda: "a<b"), ["<"]]
)
def test_a_value_is_written_as_it_is_escaped(chinese: Environment, value: object) -> None:
    assert in_markup(value) == str(escape(value))
    assert chinese.from_string("<p>{{ value }}{{ nothing }}</p>").render(value=value) == f"<p>{escape(value)}</p>"


def test_what_is_put_into_a_text_is_looked_up_each_time_and_escaped(chinese: Environment) -> None:
    template = chinese.from_string('{{ _("Nothing found for “%(q)s”", q=words) }}')
    assert "&lt;b&gt;" in template.render(words="<b>")
    assert "眼科" in template.render(words="眼科")
    assert "3" in chinese.from_string('{{ ngettext("%(num)s result", "%(num)s results", 3) }}').render()


@pytest.mark.parametrize(
    ("written", "english", "chinese"),
    [
        ("2025-09-12", "12 September 2025", "2025年9月12日"),
        ("2025-09", "September 2025", "2025年9月"),
        ("2025", "2025", "2025"),
        ("2025-13", "2025-13", "2025-13"),
    ],
)
def test_a_date_is_said_as_each_language_says_it(written: str, english: str, chinese: str) -> None:
    assert Speech("en_GB").date(written) == english
    assert Speech("zh_Hans_CN").date(written) == chinese


def found(title: str, language: str = "en", **changed: object) -> HitView:
    """A search result as a template gets it."""
    shown = card_view(Card("articles/x", "article", title, date="2025-09-12"), Site(language, default_labels()))
    return HitView(shown, 1, "/articles/x?q=eye", Markup("an <mark>eye</mark>"), "", "", "", "", (), ())._replace(
        **changed
    )


def test_a_piece_is_rendered_once_for_what_it_shows(app: Flask) -> None:
    why = app.extensions[ENVIRONMENTS]["en"].filters["why"]
    assert "&lt;b&gt;" in why(("<b>",))
    assert why(("<b>",)) is why(("<b>",))


def test_what_changes_is_put_into_a_piece_that_is_kept(app: Flask) -> None:
    checks = app.extensions[ENVIRONMENTS]["en"].filters["checks"]
    choices = [ChoiceView("city", "A&B", "<A>", "a-b", selected) for selected in (False, True)]
    shown = [checks([CountedChoice(choice, count)]) for choice in choices for count in (0, 3, 4000)]
    assert [("checked" in each, each.partition("(")[2].partition(")")[0]) for each in shown] == [
        (selected, count) for selected in (False, True) for count in ("0", "3", "4,000")
    ]
    assert all("&lt;A&gt;" in each and 'value="A&amp;B"' in each for each in shown)
    assert checks([CountedChoice(choice, 3) for choice in choices]) == shown[1] + shown[4]


def test_nothing_that_is_put_into_a_piece_comes_out_as_markup(app: Flask) -> None:
    hits = app.extensions[ENVIRONMENTS]["en"].filters["hits"]
    hostile = "\"'><script>%(q)s{{ 1 }}&\0</script>"
    for _again in range(2):
        shown = hits(
            [found(hostile, url=hostile, snippet=hostile, section=hostile, section_url=hostile, why=(hostile,))]
        )
        assert "<script" not in shown
        assert shown.count(str(escape(hostile))) == 6
    plain = hits([found("Eyes")])
    assert '<a href="/articles/x?q=eye"' in plain
    assert "an <mark>eye</mark>" in plain
    assert "section-link" not in plain
    assert "why" not in plain


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("{{ a }} {{ b }}", "1 &lt;2&gt;; 3 4; "),
        ("{{ b }} {{ a }}", "&lt;2&gt; 1; 4 3; "),
        ("{{ a }}{{ a }}", "11; 33; "),
        ("100% {{ first }}", "100% x; 100% y; "),
    ],
)
def test_frames_hold_their_fields_wherever_a_macro_writes_them(body: str, shown: str) -> None:
    macro = f"{{% macro piece(first, a, b) %}}{body}; {{% endmacro %}}"
    environment = Environment(loader=DictLoader({"pieces.html": macro}), autoescape=True)
    pieces = framed(environment, "pieces.html", "piece", Piece)
    assert pieces([Piece("x", 1, "<2>"), Piece("y", 3, "4")]) == shown
    assert pieces(()) == ""


def test_both_languages_have_their_own_pieces(app: Flask) -> None:
    english, chinese = (
        app.extensions[ENVIRONMENTS][language].filters["hits"]([found("Eyes", language)]) for language in ("en", "zh")
    )
    assert "Article" in english
    assert "Article" not in chinese
    assert "12 September 2025" in english
    assert "2025年9月12日" in chinese


def test_structured_data_cannot_leave_its_element() -> None:
    data = {"name": "</script><script>alert('&')</script> 协和"}
    written = ld_json(data)
    assert not set("<>&'") & set(written)
    assert json.loads(written) == data

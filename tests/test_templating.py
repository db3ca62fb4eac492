"""Templates in one environment for each language: what is done when they are compiled, and what each time."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from jinja2 import Environment

from search_app.templating import ENVIRONMENTS, ld_json
from tests.site_fixture import site_app


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


def test_what_is_put_into_a_text_is_looked_up_each_time_and_escaped(chinese: Environment) -> None:
    template = chinese.from_string('{{ _("Nothing found for “%(q)s”", q=words) }}')
    assert "&lt;b&gt;" in template.render(words="<b>")
    assert "眼科" in template.render(words="眼科")
    assert "3" in chinese.from_string('{{ ngettext("%(num)s result", "%(num)s results", 3) }}').render()


def test_a_piece_is_rendered_once_for_what_it_shows(app: Flask) -> None:
    check = app.extensions[ENVIRONMENTS]["en"].filters["check"]
    first = check("city", "Shanghai", "shanghai", "Shang<hai", False)
    assert "Shang&lt;hai" in first
    assert check("city", "Shanghai", "shanghai", "Shang<hai", False) is first
    assert "checked" in check("city", "Shanghai", "shanghai", "Shang<hai", True)


def test_both_languages_have_their_own_pieces(app: Flask) -> None:
    english, chinese = (app.extensions[ENVIRONMENTS][language].filters["kind_line"] for language in ("en", "zh"))
    assert "Hospital" in english("hospital", "")
    assert "Hospital" not in chinese("hospital", "")
    assert "12 September 2025" in english("article", "2025-09-12")
    assert "2025年9月12日" in chinese("article", "2025-09-12")


def test_structured_data_cannot_leave_its_element() -> None:
    data = {"name": "</script><script>alert('&')</script> 协和"}
    written = ld_json(data)
    assert not set("<>&'") & set(written)
    assert json.loads(written) == data

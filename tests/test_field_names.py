"""Every field that pages state, and every national list, has a name in each language of the interface."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import TaxonomyError
from indexer.placings import ALL
from search_app.field_names import default_names, field_name, load_names
from search_app.settings import LANGUAGES
from search_app.strengths import default_strengths


def test_no_field_or_list_is_without_a_name() -> None:
    strengths = default_strengths()
    fields = strengths.fields | {each.casefold() for each in (*strengths.listed, ALL)}
    _english, *others = LANGUAGES
    for language in others:
        assert default_names()[language].keys() == fields
    assert (field_name("Eye disease", "zh"), field_name("Eye disease", "en")) == ("眼科", "")
    assert field_name("Hiccups", "zh") == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[zh", "the file"),
        ('[xx]\n"cataract" = "x"', "xx: no table of a language"),
        ("zh = 3", "zh: no table of a language"),
        ('[zh]\n"cataract" = ""', "cataract: must be a name"),
        ('[zh]\n"HIV" = "艾滋病"\n"hiv" = "艾滋"', "hiv: stands there twice"),
    ],
)
def test_wrong_names_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "field_names.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(TaxonomyError, match=message):
        load_names(path)

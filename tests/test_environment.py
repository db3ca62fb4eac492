"""Variables of the environment that nothing reads are named; those that something reads are not."""

from __future__ import annotations

import re

import pytest

from indexer.engines.opensearch_engine import _address
from search_app.cli import main
from search_app.environment import OF_CLUSTER, warnings
from tests.live import ROOT, medsearch


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("RATE_LIMT", "RATE_LIMIT"),
        ("SYNONYM", "SYNONYMS"),
        ("PORT", "SERVE_PORT"),
        ("URL", "SITE_URL"),
        ("PROXIES", "TRUSTED_PROXIES"),
        ("ENGINE_PASWORD_FILE", "ENGINE_PASSWORD_FILE"),
        ("Query_Log", "QUERY_LOG"),
    ],
)
def test_a_misspelt_variable_is_named_with_the_nearest(given: str, meant: str) -> None:
    said = list(warnings(main, {f"MEDSEARCH_{given}": "x", "HOME": "/"}))
    assert said == [f"Warning: nothing reads MEDSEARCH_{given} in the environment; did you mean MEDSEARCH_{meant}?"]


def test_what_is_like_none_is_named_too() -> None:
    said = list(warnings(main, {"MEDSEARCH_XYZZYQ": "1"}))
    assert said == ["Warning: nothing reads MEDSEARCH_XYZZYQ in the environment; see docs/operations.md."]


def test_every_variable_that_is_described_is_known() -> None:
    places = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile", *ROOT.glob("docs/*.md")]
    places += [*ROOT.glob("deploy/*"), *ROOT.glob("scripts/*.sh"), *ROOT.glob(".ci/*")]
    named = {
        name
        for path in places
        if path.is_file()
        for name in re.findall(r"\bMEDSEARCH_[A-Z_]+[A-Z]\b", path.read_text("utf-8"))
    }
    assert len(named) > 20
    assert list(warnings(main, dict.fromkeys(named, "x"))) == []
    of_engine = (_address.USER, _address.PASSWORD, _address.PASSWORD_FILE, _address.AUTHORITY)
    assert tuple(f"MEDSEARCH_{name}" for name in OF_CLUSTER) == of_engine


def test_the_program_warns_and_goes_on() -> None:
    done = medsearch("index", "status", "--index", "/none", MEDSEARCH_INDX="y", MEDSEARCH_RATE_LIMIT="5")
    assert done.returncode == 3
    warned, failed = done.stderr.splitlines()
    assert warned == "Warning: nothing reads MEDSEARCH_INDX in the environment; did you mean MEDSEARCH_INDEX?"
    assert failed.startswith("Error: No index in /none.")


def test_an_error_names_the_variable_only_where_it_gave_the_value() -> None:
    given = medsearch("search", "eye", MEDSEARCH_SEARCH_PER_PAGE="700")
    assert given.returncode == 2
    assert "Error: Invalid value for MEDSEARCH_SEARCH_PER_PAGE: 700 is not" in given.stderr
    typed = medsearch("search", "eye", "--per-page", "700", MEDSEARCH_SEARCH_PER_PAGE="7")
    assert typed.returncode == 2
    assert "Error: Invalid value for '--per-page': 700 is not" in typed.stderr

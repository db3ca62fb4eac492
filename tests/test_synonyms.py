"""From a query that finds nothing to a line of synonyms: shown, measured, kept or refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer.engines import open_engine
from indexer.errors import TaxonomyError
from search_app.cli import main
from search_app.context import EXTENSION
from search_app.querylog import QueryLog
from search_app.synonyms import Found, found, with_line, words_of
from search_app.synonyms_cli import RELATIONS
from search_app.thesaurus import SECTIONS
from tests.site_fixture import site_app
from tests.test_querylog import fill

PAGES = {
    "laser": "<title>Laser treatment of the retina</title><p>Laser light closes leaks.</p>",
    "feet": "<title>Care of the feet</title><p>An ointment keeps skin soft, "
    + "as people who walk a great deal have long known, and there are many such things to be had. </p>" * 6,
}


def test_the_command_offers_every_relation_of_the_thesaurus() -> None:
    """It names them itself, since it is imported for every command and the thesaurus takes long."""
    assert set(RELATIONS) == set(SECTIONS)


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(each) for each in arguments], env={"MEDSEARCH_SYNONYMS": None})
    return result.exit_code, result.output


def test_the_help_tells_to_restart_servers_whose_workers_share_what_their_parent_has_read() -> None:
    assert "restart them, a reload is not enough" in " ".join(run("synonyms", "add", "--help")[1].split())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path
    (folder / "corpus/articles").mkdir(parents=True)
    for name, page in PAGES.items():
        (folder / f"corpus/articles/{name}.html").write_text(f"<html><body>{page}</body></html>", "utf-8")
    judged = [{"id": "q1", "text": "ointment", "class": "lay"}, {"id": "q2", "text": "laser", "class": "lay"}]
    (folder / "judged").mkdir()
    (folder / "judged/queries.jsonl").write_text("\n".join(map(json.dumps, judged)), "utf-8")
    (folder / "judged/qrels.tsv").write_text("q1\tarticles/feet\t3\nq2\tarticles/laser\t3\n", "utf-8")
    assert run("index", "build", "--corpus", folder / "corpus", "--index", folder / "index")[0] == 0
    return folder


def add(place: Path, *more: str) -> tuple[int, str]:
    places = ("--file", place / "own.toml", "--index", place / "index", "--judgments", place / "judged")
    return run("synonyms", "add", *more, *places)


def asked(place: Path, query: str) -> Found:
    with open_engine(str(place / "index")).searcher() as searcher:
        return found(query, searcher, words_of(place / "own.toml"))


def test_a_query_without_hits_is_reported_mended_and_found(place: Path) -> None:
    fill(QueryLog(place / "log"), "zap beams", 5, results=0, today=date.today())
    assert "zap beams" in run("queries", "zero", "--log", place / "log")[1]
    assert asked(place, "zap beams").total == 0
    status, shown = add(place, "zap beams", "laser", "--try")
    assert (status, (place / "own.toml").exists()) == (0, False), "a trial writes nothing"
    assert "before: 0 hits\n  after: 1 hit\n    Laser treatment of the retina" in shown
    assert "ndcg@10: 0.000" in shown
    assert add(place, "zap beams", "laser")[0] == 0
    assert '[same.own]\n"zap beams" = ["laser"]\n' in (place / "own.toml").read_text("utf-8")
    assert asked(place, "zap beams").titles == ("Laser treatment of the retina",)


def test_a_line_by_which_judged_queries_get_worse_is_refused_unless_forced(place: Path) -> None:
    file = place / "own.toml"
    file.write_text('[same.own]\n"zap" = ["laser"]\n', "utf-8")
    before = file.read_bytes()
    status, shown = add(place, "ointment", "laser")
    assert status == 1
    assert "Not written: judged queries get worse (lay -0." in shown
    assert file.read_bytes() == before
    assert add(place, "ointment", "laser", "--force")[0] == 0
    assert file.read_bytes() == before + b'"ointment" = ["laser"]\n'


def test_a_line_is_added_and_everything_else_in_the_file_stays() -> None:
    text = '# ours\n[same.own]  \n"a b" = ["c"] # why\n\n[wider.own]\n"d" = ["e"]\n'
    once = with_line(text, "x", ["y z", "眼"])
    assert once == text.replace("# why\n", '# why\n"x" = ["y z", "眼"]\n')
    assert with_line(once, "d", ["f"], "spelling").endswith('\n\n[spelling.own]\n"d" = ["f"]\n')
    with pytest.raises(ValueError, match='line 3 has "a b" already'):
        with_line(text, "a b", ["z"])


def test_a_wrong_line_is_named_with_the_file_that_it_was_meant_for(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r'own\.toml, same\.own, "laser".*same word twice'):
        words_of(tmp_path / "own.toml", with_line("", "laser", ["Laser"]))


def test_a_change_of_vocabulary_reaches_browsers_that_kept_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSEARCH_SYNONYMS", str(tmp_path / "own.toml"))
    before = site_app(tmp_path / "index").extensions[EXTENSION].build
    (tmp_path / "own.toml").write_text('[same.own]\n"zap" = ["laser"]\n', "utf-8")
    assert site_app(tmp_path / "index").extensions[EXTENSION].build != before


def test_one_hit_is_one() -> None:
    assert Found("x", 1, 1, ()).as_text() == "1 hit"
    assert Found("x", 1, 2, ()).as_text() == "1 of 2 hits"

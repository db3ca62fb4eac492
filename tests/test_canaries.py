"""Searches that a new index must answer before it is served: what fails is named and nothing changes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer.errors import TaxonomyError
from search_app.canaries import load_canaries
from search_app.cli import main

LASER = "<title>Laser treatment of the retina</title><p>Laser light closes leaks.</p>"
FEET = "<title>Care of the feet</title><p>An ointment keeps skin soft.</p>"
CANARIES = """
[[canary]]
query = "laser retina"
document = "articles/laser"
within = 1

[[canary]]
query = "ointment"

[[judged]]
queries = "queries.jsonl"
qrels = "qrels.tsv"
least_ndcg = 0.9
"""


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command on the corpus and index of a folder."""
    result = CliRunner().invoke(main, [*arguments, "--index", str(folder / "index")], env={"MEDSEARCH_CANARIES": None})
    return result.exit_code, result.stdout, result.stderr


def build(folder: Path, *options: str) -> tuple[int, str, str]:
    return run(folder, "index", "build", "--corpus", str(folder / "corpus"), *options)


def write(folder: Path, name: str, html: str) -> None:
    (folder / f"corpus/articles/{name}.html").write_text(f"<html><body>{html}</body></html>", "utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "corpus/articles").mkdir(parents=True)
    write(tmp_path, "laser", LASER)
    write(tmp_path, "feet", FEET)
    judged = [{"id": "q1", "text": "ointment"}, {"id": "q2", "text": "laser"}]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, judged)), "utf-8")
    (tmp_path / "qrels.tsv").write_text("q1\tarticles/feet\t3\nq2\tarticles/laser\t3\n", "utf-8")
    (tmp_path / "canaries.toml").write_text(CANARIES, "utf-8")
    return tmp_path


def served(folder: Path) -> str:
    return (folder / "index/CURRENT").read_text("ascii")


@pytest.mark.parametrize("how", [(), ("--full",)], ids=["incremental", "full"])
def test_a_build_that_fails_is_named_and_not_served(place: Path, how: tuple[str, ...]) -> None:
    canaries = ("--canaries", str(place / "canaries.toml"))
    status, _, told = build(place, *canaries)
    assert (status, told) == (0, "")
    before = served(place)
    write(place, "feet", "<title>Care of the feet</title><p>Shoes that fit are best.</p>")
    write(place, "laser", "<title>Opening hours</title><p>From nine to five.</p>")

    status, _, told = build(place, *canaries, *how)

    assert status == 1
    assert "Failed “laser retina”: articles/laser, expected as the first hit; nothing came\n" in told
    assert "Failed “ointment”: no page has these words; nothing came\n" in told
    assert re.search(
        r"Failed queries.jsonl: nDCG@10 0.0000, expected at least 0.9000; lowest are “ointment” 0.000", told
    )
    assert "Error: The new index was not published: it fails 3 of what" in told
    assert served(place) == before
    assert len(list((place / "index").glob("0*"))) == 1
    assert not list((place / "index").glob(".build*"))
    assert run(place, "search", "ointment", "--json")[1].count('"id": "articles/feet"') == 1

    status, _, told = build(place, *canaries, *how, "--allow-failed-canaries")
    assert status == 0
    assert told.count("Failed ") == 3
    assert served(place) != before


def test_a_canary_says_which_hits_came_instead_and_that_its_document_is_gone(place: Path) -> None:
    file = place / "canaries.toml"
    file.write_text('[[canary]]\nquery = "laser"\ndocument = "articles/eyes"\n', "utf-8")
    status, _, told = build(place, "--canaries", str(file))
    assert status == 1
    expected = "Failed “laser”: articles/eyes, which is not in this index, expected among the first 3 hits; "
    assert f"{expected}instead came articles/laser\n" in told
    assert run(place, "search", "laser")[0] == 3  # there was no index before, and there is none now


def test_verify_asks_too_also_of_a_generation_that_is_not_served(place: Path) -> None:
    assert build(place)[0] == 0
    first = served(place).strip()
    write(place, "laser", "<title>Opening hours</title><p>From nine to five.</p>")
    assert build(place)[0] == 0
    canaries = ("--canaries", str(place / "canaries.toml"))
    status, told, failed = run(place, "index", "verify", *canaries)
    assert status == 1
    assert ": whole, 2 documents" in told
    assert "Failed “laser retina”" in failed
    assert "fails 2 of what" in failed
    status, told, failed = run(place, "index", "verify", first, *canaries)
    assert (status, failed) == (0, "")
    assert "answers all that" in told


def test_the_file_can_be_named_by_the_environment(place: Path) -> None:
    (place / "canaries.toml").write_text('[[canary]]\nquery = "unicorn"\n', "utf-8")
    arguments = ["index", "build", "--corpus", str(place / "corpus"), "--index", str(place / "index")]
    result = CliRunner().invoke(main, arguments, env={"MEDSEARCH_CANARIES": str(place / "canaries.toml")})
    assert result.exit_code == 1
    assert "Failed “unicorn”" in result.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file: holds nothing to check"),
        ("[canary]\nquery='x'", "the file: may only hold [[canary]] and [[judged]]"),
        ("[[canary]]\nquery='x'\nwithn=2", "canary 1: must have query, may have document and within, and no more"),
        ("[[canary]]\nquery=' '", "canary 1: 'query' and 'document' must be texts"),
        ("[[canary]]\nquery='x'\ndocument='a'\nwithin=0", "canary 1: 'within' must be a whole number from 1 to 100"),
        ("[[canary]]\nquery='x'\nwithin=2", "canary 1: 'within' needs a 'document'"),
        ("[[canary]]\nquery='x'\n[[canary]]\nquery='x'", "canary 2: 'x' stands here twice"),
        ("[[judged]]\nqueries='a'\nqrels='b'", "judged 1: must have queries, qrels and least_ndcg"),
        ("[[judged]]\nqueries='a'\nqrels='b'\nleast_ndcg=2", "'least_ndcg' a number above 0 up to 1"),
        ("[[judged]]\nqueries='a'\nqrels='b'\nleast_ndcg=0.5", "a: No such file or directory"),
        ("[[judged]]\nqueries='queries.jsonl'\nqrels='empty'\nleast_ndcg=0.5", "has no query that some page answers"),
        ("canary", "the file: Expected '='"),
    ],
)
def test_a_file_that_is_wrong_says_where(place: Path, text: str, reason: str) -> None:
    (place / "empty").touch()
    (place / "canaries.toml").write_text(text, "utf-8")
    with pytest.raises(TaxonomyError) as caught:
        load_canaries(place / "canaries.toml")
    assert reason in str(caught.value)


def test_a_wrong_or_missing_file_ends_a_build_before_it_begins(place: Path) -> None:
    status, _, told = build(place, "--canaries", str(place / "none.toml"))
    assert status == 1
    assert "none.toml, the file: No such file or directory" in told
    assert not (place / "index").exists()

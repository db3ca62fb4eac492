"""Every command on a real cluster, told of it by the environment alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from indexer.engines import open_durable
from indexer.engines.opensearch_engine import OpenSearchEngine
from scripts.cluster import LocalCluster
from search_app.cli import main
from search_app.request import SearchRequest
from search_app.search import answer

PAGES = {
    "hospitals/tongren.html": ("Beijing Tongren Hospital", "An eye hospital in Beijing. It treats cataracts."),
    "hospitals/renji.html": ("Renji Hospital", "A general hospital in Shanghai with a liver clinic."),
    "articles/visa.html": ("Which visa do patients need", "Patients ask for a medical visa at the embassy."),
}


def write(corpus: Path, pages: dict[str, tuple[str, str]]) -> None:
    for path, (title, text) in pages.items():
        (corpus / path).parent.mkdir(parents=True, exist_ok=True)
        (corpus / path).write_text(f"<title>{title}</title><h1>{title}</h1><p>{text}</p>", "utf-8")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in words], catch_exceptions=False)


def named(result: Result) -> list[str]:
    """Generations in what a command printed, in order."""
    return re.findall(r"\d{6}-\d{8}T\d{6}Z", result.output)


def test_every_command_works_on_a_cluster(nodes: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"opensearch://{nodes.hosts}/commands"
    monkeypatch.setenv("MEDSEARCH_ENGINE", address)
    monkeypatch.setenv("MEDSEARCH_CORPUS", str(tmp_path / "corpus"))
    for words in (["index", "status"], ["index", "verify"], ["index", "prune"], ["documents"]):
        missing = run(*words)
        assert (missing.exit_code, "Build one first" in missing.stderr) == (3, True), missing.output

    write(tmp_path / "corpus", PAGES)
    built = run("index", "build")
    assert built.exit_code == 0, built.output
    assert "kind: hospital 2, article 1\n" in built.stdout
    (first,) = named(built)

    status = run("index", "status")
    assert f"generation: {first}\n" in status.stdout
    assert "documents: 3 in 1 segment, 0.0 MB" in status.stdout
    assert json.loads(run("index", "status", "--json").stdout)["bytes"] > 10_000  # bytes on the nodes, not documents
    listed = [json.loads(line) for line in run("documents", "--json").stdout.splitlines()]
    assert [each["id"] for each in listed] == ["articles/visa", "hospitals/renji", "hospitals/tongren"]
    found = json.loads(run("search", "cataract", "--json").stdout)
    assert [hit["id"] for hit in found["hits"]] == ["hospitals/tongren"]

    (tmp_path / "queries.jsonl").write_text('{"id": "q1", "text": "eye hospital"}\n')
    (tmp_path / "qrels.tsv").write_text("q1\thospitals/tongren\t3\n")
    measured = run("evaluate", tmp_path / "queries.jsonl", tmp_path / "qrels.tsv", "--run", tmp_path / "run.trec")
    assert measured.exit_code == 0, measured.output
    assert (tmp_path / "run.trec").read_text().startswith("q1 Q0 hospitals/tongren 1 ")

    engine = open_durable(address)
    assert isinstance(engine, OpenSearchEngine)
    for text in ("eye hospital in beijing", "catarct hospitl", "which visa for liver clinic renji", "医院 beijing"):
        with engine.searcher() as searcher:
            before = engine.cluster.calls
            answer(SearchRequest(q=text), searcher)
            assert engine.cluster.calls - before <= 12, text  # not one for each word and name that it might hold
            before = engine.cluster.calls
            answer(SearchRequest(q=text), searcher)
            assert engine.cluster.calls - before <= 5, text

    assert "Nothing has changed in" in run("index", "build").stdout
    (tmp_path / "corpus" / "articles" / "visa.html").unlink()
    canaries = tmp_path / "canaries.toml"
    canaries.write_text('[[canary]]\nquery = "visa"\ndocument = "articles/visa"\n')
    refused = run("index", "build", "--canaries", canaries)
    assert refused.exit_code == 1, refused.output
    assert "Failed “visa”: articles/visa, which is not in this index" in refused.stderr
    assert named(run("index", "list")) == [first]
    assert run("index", "verify", "--canaries", canaries).exit_code == 0
    updated = run("index", "build")
    assert (updated.exit_code, "Updated generation" in updated.stdout) == (0, True), updated.output
    (second,) = named(updated)
    assert run("index", "verify", "--all").stdout == f"{first}: whole, 3 documents\n{second}: whole, 2 documents\n"
    assert named(run("index", "list")) == [first, second]
    assert f"* {second}" in run("index", "list").stdout

    assert f"Serving generation {first}: 3 documents" in run("index", "rollback").stdout
    assert f"* {first}" in run("index", "list").stdout
    assert run("index", "rollback", second).exit_code == 0
    unknown = run("index", "rollback", "000099-20260101T000000Z")
    assert (unknown.exit_code, named(unknown)[1:]) == (3, [first, second])

    engine.cluster.call(lambda client: client.indices.delete(index=engine.generations.words(first)))
    damaged = run("index", "rollback", first)
    assert (damaged.exit_code, f"Generation {first} is damaged: its index" in damaged.stderr) == (3, True)
    checked = run("index", "verify", "--all")
    assert (checked.exit_code, checked.stdout) == (1, f"{second}: whole, 2 documents\n")
    assert f"Generation {first} is damaged" in checked.stderr
    assert named(run("index", "prune")) == [first]
    assert run("index", "prune").stdout == "Nothing to remove.\n"
    with engine.generations.lock():
        assert run("index", "build", "--full").exit_code == 4
    engine.generations.discard(second)

"""The command line: what it prints, where, and how it exits."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from indexer import __version__
from indexer.engines.whoosh_engine import WhooshEngine
from search_app.cli import main
from tests.live import MEDSEARCH
from tests.real_corpus import CORPUS, real_index


def run(*arguments: str | Path, **environment: str) -> Result:
    """Run ``medsearch`` in this process; standard output and error apart."""
    return CliRunner().invoke(main, [str(each) for each in arguments], env=environment, catch_exceptions=False)


@pytest.fixture(scope="module")
def index() -> Path:
    return real_index()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus" / "hospitals"
    folder.mkdir(parents=True)
    for name in ("one", "two"):
        title = f"{name.title()} Eye Hospital in Beijing"
        (folder / f"{name}.html").write_text(f"<title>{title}</title><h1>{title}</h1><p>A text about eyes.</p>")
    return tmp_path


def test_help_and_version_are_there_for_everything() -> None:
    assert run("--version").output.strip() == f"medsearch, version {__version__}"

    def walk(path: list[str], command: click.Command) -> None:
        result = run(*path, "--help")
        assert result.exit_code == 0
        assert "Usage:" in result.output
        assert "\\b" not in result.output  # click's mark for text that is not to be wrapped
        assert "..." not in result.output.partition("\nCommands:")[2], "a first sentence is too long for the list"
        for option in command.params:
            assert not isinstance(option, click.Option) or option.hidden or option.help, (path, option.name)
        if not isinstance(command, click.Group):
            assert re.search(r"^  Examples?:\n    medsearch " + " ".join(path), result.output, re.M), path
            return
        for name, inner in command.commands.items():
            walk([*path, name], inner)

    walk([], main)


def test_a_command_imports_only_what_it_needs() -> None:
    """The groups of commands are imported for every one of them: with the vocabulary that took a third of a second."""
    told = subprocess.run(
        [sys.executable, "-c", "import sys, search_app.cli; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(told.stdout.split())
    assert "search_app.synonyms_cli" in loaded
    assert not loaded & {"numpy", "bs4", "flask", "sqlite3", "indexer.model", "indexer.engines", "search_app.search"}
    engine = "import sys, indexer.engines; indexer.engines.open_engine('none/'); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", engine], capture_output=True, text=True, check=True)
    assert not set(told.stdout.split()) & {"whoosh", "bs4", "multiprocessing"}, "to search none of them is needed"


def test_build_prints_counts_by_kind_and_facet_and_exits_with_0(small: Path) -> None:
    result = run("index", "build", "--corpus", small / "corpus", "--index", small / "index")
    assert result.exit_code == 0, result.output
    assert "kind: hospital 2\ncity: Beijing 2\nspecialty: Ophthalmology 2\n" in result.stdout
    assert "2 documents, 2 pages parsed, 0 removed, 0 rejected" in result.stdout


def test_one_of_a_thing_is_no_several(tmp_path: Path) -> None:
    page, index = tmp_path / "corpus" / "hospitals" / "a.txt", tmp_path / "index"
    page.parent.mkdir(parents=True)
    page.write_text("One Hospital\n\nA hospital for eyes in Beijing.\n", encoding="utf-8")
    built = run("index", "build", "--corpus", tmp_path / "corpus", "--index", index)
    assert ": 1 document, 1 page parsed, 0 removed, 0 rejected, 0 warnings, " in built.stdout
    assert "documents: 1 in 1 segment, " in run("index", "status", "--index", index).stdout
    assert "  1 document, built " in run("index", "list", "--index", index).stdout
    assert run("index", "verify", "--index", index).stdout.endswith(": whole, 1 document\n")
    page.with_name("empty.html").write_bytes(b"")
    assert run("corpus", "check", tmp_path / "corpus").stderr.endswith("1 problem, 1 file rejected.\n")


def test_a_rejected_page_is_named_on_standard_error_and_exits_with_1(small: Path) -> None:
    (small / "corpus" / "hospitals" / "empty.html").write_bytes(b"")
    result = run("index", "build", "--corpus", small / "corpus", "--index", small / "index")
    assert result.exit_code == 1
    assert "Skipped hospitals/empty.html: " in result.stderr
    assert "2 documents" in result.stdout
    again = run("index", "build", "--allow-rejected", "--corpus", small / "corpus", "--index", small / "index")
    assert (again.exit_code, again.stderr) == (0, result.stderr)
    (small / "none").mkdir()
    nothing = run("index", "build", "--allow-rejected", "--corpus", small / "none", "--index", small / "index")
    assert (nothing.exit_code, nothing.stdout) == (1, "")


def test_wrong_usage_exits_with_2() -> None:
    assert run("search", "--sort", "price", "eye").exit_code == 2
    assert run("nonsense").exit_code == 2


@pytest.mark.parametrize(
    "command", [["search", "eye"], ["documents"], ["index", "status"], ["index", "verify"], ["index", "rollback"]]
)
def test_no_index_exits_with_3_and_says_what_to_do(tmp_path: Path, command: list[str]) -> None:
    result = run(*command, "--index", tmp_path / "none")
    assert result.exit_code == 3
    assert "Build one first: medsearch index build" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "command", [["search", "eye"], ["documents"], ["serve"], ["index", "build"], ["index", "list"], ["index", "verify"]]
)
def test_an_index_that_cannot_be_read_exits_with_3(small: Path, command: list[str]) -> None:
    where = ["--corpus", small / "corpus"] if command[-1] in ("build", "serve") else []
    no_folder, no_pointer = small / "index.html", small / "index"
    no_folder.write_text("a page where the folder should be")
    (no_pointer / "CURRENT").mkdir(parents=True)
    for index, reason in ((no_folder, "it is no folder"), (no_pointer, "is a directory")):
        result = run(*command, *where, "--index", index)
        assert result.exit_code == 3
        assert result.stderr.startswith(f"Error: Cannot use the index in {index}: {reason}. Check the path")
        assert result.stdout == ""


@pytest.mark.parametrize("command", ["rollback", "prune"])
def test_where_there_is_no_index_nothing_is_made(tmp_path: Path, command: str) -> None:
    assert run("index", command, "--index", tmp_path / "typo").exit_code == 3
    assert not (tmp_path / "typo").exists()


def test_a_corpus_without_a_page_is_a_failed_check(tmp_path: Path) -> None:
    result = run("corpus", "check", tmp_path)
    assert (result.exit_code, result.stderr) == (1, f"There is no page in {tmp_path} that can be indexed.\n")


def test_a_second_build_exits_with_4(small: Path) -> None:
    with WhooshEngine(small / "index").generations.lock():
        result = run("index", "build", "--corpus", small / "corpus", "--index", small / "index")
    assert result.exit_code == 4
    assert "Another build of" in result.stderr


def test_status_list_verify_rollback_and_prune_tell_of_generations(small: Path) -> None:
    place = ("--index", small / "index")
    for full in (["--full"], ["--full"], ["--full"]):
        run("index", "build", *full, "--corpus", small / "corpus", *place)
    status = json.loads(run("index", "status", "--json", *place).stdout)
    names = status["generations"]
    assert (status["documents"], len(names), status["generation"]) == (2, 3, names[-1])
    assert status["counts"]["city"] == {"Beijing": 2}
    assert [row["current"] for row in json.loads(run("index", "list", "--json", *place).stdout)] == [False, False, True]
    assert run("index", "verify", "--all", *place).stdout.count(": whole, 2 documents") == 3
    assert names[1] in run("index", "rollback", *place).stdout
    assert json.loads(run("index", "status", "--json", *place).stdout)["generation"] == names[1]
    assert run("index", "rollback", names[0], *place).exit_code == 0
    for missing in ("000099-20260101T000000Z", "nosuch"):
        for command in ("rollback", "verify"):
            result = run("index", command, missing, *place)
            assert (result.exit_code, result.stdout) == (3, "")
            assert result.stderr == f"Error: No generation '{missing}'. There are: {', '.join(names)}.\n"
    assert run("index", "prune", *place).stdout == f"Removed 2: {names[1]}, {names[2]}\n"
    (small / "index" / names[0] / "columns" / "s0001" / "core.bin").write_bytes(b"x")
    verified = run("index", "verify", *place)
    assert verified.exit_code == 1
    assert "core.bin has 1 bytes instead of" in verified.stderr


def test_diff_names_what_is_new_gone_and_changed_between_two_generations(small: Path) -> None:
    place = ("--index", small / "index")
    pages = sorted((small / "corpus" / "hospitals").iterdir())
    changed, gone = (f"hospitals/{page.stem}" for page in pages)
    run("index", "build", "--corpus", small / "corpus", *place)
    assert run("index", "diff", *place).stderr.startswith("Error: There is no generation before 000001-")
    pages[0].write_text(pages[0].read_text("utf-8") + "<p>One line more.</p>", "utf-8")
    pages[1].rename(small / "corpus" / "hospitals" / "other-name.html")
    run("index", "build", "--corpus", small / "corpus", *place)
    shown = run("index", "diff", *place).stdout.splitlines()
    assert shown[1:] == [
        "documents: 2 -> 2; 1 new, 1 gone, 1 changed",
        "+ hospitals/other-name",
        f"- {gone}",
        f"~ {changed}",
    ]
    one, two = shown[0].split(" -> ")
    back = json.loads(run("index", "diff", two, one, "--json", *place).stdout)
    assert (back["new"], back["gone"], back["changed"]) == ([gone], ["hospitals/other-name"], [changed])
    pages[0].unlink()
    run("index", "build", "--corpus", small / "corpus", *place)
    assert "city: Beijing 2 -> 1" in run("index", "diff", *place).stdout
    assert run("index", "diff", "nope", *place).exit_code == 3


def test_documents_prints_one_object_a_line_with_the_basis_of_each_value(index: Path) -> None:
    lines = [json.loads(line) for line in run("documents", "--json", "--index", index).stdout.splitlines()]
    assert len(lines) == 262
    wanted = {
        "id",
        "kind",
        "title",
        "title_zh",
        "aliases",
        "city",
        "specialty",
        "topic",
        "profile",
        "date",
        "language",
        "questions",
        "prices",
        "sections",
        "basis",
    }
    assert all(set(line) == wanted for line in lines)
    tiantan = next(line for line in lines if line["title"] == "Beijing Tiantan Hospital")
    assert (tiantan["id"], tiantan["kind"], tiantan["city"]) == (
        "hospitals/beijing-tiantan-hospital",
        "hospital",
        ["Beijing"],
    )
    assert tiantan["basis"]["city"][0]["how"] == "declared"
    assert all(set(section) == {"heading", "anchor"} for section in tiantan["sections"])


def test_search_gives_the_api_shape_as_json(index: Path) -> None:
    result = run("search", "eye", "hospital", "--city", "Shanghai", "--json", "--index", index)
    answer = json.loads(result.stdout)
    assert answer["total"] == sum(bucket["count"] for bucket in answer["facets"]["kind"])
    assert all("Shanghai" in hit["city"] for hit in answer["hits"])
    assert answer["hits"][0]["specialty"] == ["Ophthalmology"]
    wanted = {
        "query",
        "total",
        "page",
        "per_page",
        "sort",
        "took_ms",
        "generation",
        "interpretation",
        "hits",
        "facets",
        "did_you_mean",
        "next",
        "previous",
    }
    assert wanted <= set(answer)
    assert {
        "id",
        "kind",
        "title",
        "title_zh",
        "url",
        "city",
        "specialty",
        "topic",
        "profile",
        "score",
        "snippet",
        "section",
        "matched",
    } <= set(answer["hits"][0])


def test_search_explains_what_a_score_is_made_of(index: Path) -> None:
    output = run("search", "proton", "therapy", "--explain", "--per-page", "1", "--index", index).stdout
    lines = [
        line.split(None, 1)
        for line in output.splitlines()
        if line.strip() and line.strip()[0].isdigit() and "." in line.split()[0]
    ]
    weights = [(float(number), rest) for number, rest in lines if rest]
    total = next(number for number, rest in weights if rest == "in all")
    parts = [number for number, rest in weights if number != total and not rest[0].isupper()]
    assert sum(parts) == pytest.approx(total, abs=0.01)


def test_a_score_that_played_no_part_is_not_explained(index: Path) -> None:
    output = run("search", "proton", "--sort", "title", "--explain", "--per-page", "2", "--index", index).stdout
    assert output.count("     In order of the title: the score played no part.\n") == 2
    assert "in all" not in output


def test_search_results_go_to_standard_output_and_everything_else_to_standard_error(index: Path) -> None:
    result = run("search", "opthalmology", "shangai", "--index", index)
    assert "“opthalmology” was read as “ophthalmology”." in result.stderr
    assert "was read as" not in result.stdout
    nothing = run("search", "zzzzqqqq", "--index", index)
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "No hits." in nothing.stderr


def test_snippets_in_the_terminal_have_no_source_numbers(index: Path) -> None:
    output = run("search", "eye", "hospital", "shanghai", "--index", index).stdout
    assert "Shanghai Eye Hospital" in output
    assert not re.search(r"\[\d", output)


def test_options_can_be_set_in_the_environment(index: Path) -> None:
    assert run("search", "eye", MEDSEARCH_INDEX=str(index)).exit_code == 0
    assert run("search", "eye", MEDSEARCH_INDEX=str(index), MEDSEARCH_SEARCH_PER_PAGE="1").stdout.count(". ") >= 1


def test_corpus_check_shows_what_each_file_becomes(small: Path) -> None:
    result = run("corpus", "check", small / "corpus", "--json")
    first = json.loads(result.stdout.splitlines()[0])
    assert first["path"] == "hospitals/one.html"
    text = run("corpus", "check", small / "corpus").stdout
    assert "One Eye Hospital" in text
    assert "Ophthalmology" in text


def test_another_locale_than_utf8_neither_loses_words_nor_stops_the_output(index: Path) -> None:
    command = [*MEDSEARCH, "search", "--index", index, "--json", "协和"]
    latin = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, capture_output=True, env=latin, check=True, cwd=CORPUS.parent)
    found = json.loads(done.stdout.decode())
    assert found["query"] == "协和"
    assert any("协和" in hit["title_zh"] for hit in found["hits"])


def test_a_closed_pipe_is_no_error(index: Path) -> None:
    command = f"{sys.executable} -m search_app documents --json --index {index} | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60, cwd=CORPUS.parent
    )
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)


def test_evaluate_compares_with_an_earlier_run(small: Path) -> None:
    queries, qrels, earlier = small / "queries.jsonl", small / "qrels.tsv", small / "earlier.run"
    queries.write_text('{"id": "q1", "text": "two eye hospital"}\n{"id": "q2", "text": "one", "half": "held_out"}\n')
    qrels.write_text("q1\thospitals/two\t3\nq2\thospitals/one\t3\n")
    earlier.write_text("q1 Q0 hospitals/none 1 1.0 old\nq2 Q0 hospitals/none 1 1.0 old\n")
    assert run("index", "build", "--corpus", small / "corpus", "--index", small / "index").exit_code == 0
    asked = ("evaluate", queries, qrels, "--index", small / "index", "--compare", earlier)
    result = run(*asked)
    assert result.exit_code == 0, result.output
    assert "2 better, 0 worse, 0 the same" in result.output
    assert "+1.000  0.000 -> 1.000  q1  two eye hospital" in result.output
    assert "1 more changed that is set aside, and stays unnamed." in result.output
    found = json.loads(run(*asked, "--json").stdout)["comparison"]
    assert found["change"]["mean"] == 1
    earlier.write_text("q9 Q0 hospitals/one 1 1.0 old\n")
    refused = run(*asked)
    assert refused.exit_code == 2
    assert "has no hits for any of the queries" in refused.output


def test_evaluate_names_judged_documents_that_are_not_in_the_index(small: Path) -> None:
    queries, qrels = small / "queries.jsonl", small / "qrels.tsv"
    queries.write_text('{"id": "q1", "text": "two eye hospital"}\n')
    gone = [f"hospitals/gone-{number}" for number in range(6)]
    qrels.write_text("".join(f"q1\t{doc_id}\t2\n" for doc_id in ("hospitals/two", *gone[:2])))
    run("index", "build", "--corpus", small / "corpus", "--index", small / "index")
    asked = ("evaluate", queries, qrels, "--index", small / "index", "--json")
    result = run(*asked)
    assert result.stderr == f"Warning: 2 of 3 judged documents are not in the index: {gone[0]}, {gone[1]}\n"
    assert (result.exit_code, json.loads(result.stdout)["not_in_index"]) == (0, gone[:2])
    qrels.write_text("".join(f"q1\t{doc_id}\t2\n" for doc_id in gone))
    assert run(*asked).stderr.endswith(f"6 of 6 judged documents are not in the index: {', '.join(gone[:5])}, …\n")
    qrels.write_text("q1\thospitals/one\t2\n")
    assert run(*asked).stderr == ""

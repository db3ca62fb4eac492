"""Every kind of page is valid HTML, says the checker of the W3C (from npm, run by Java)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.kinds import PATHS, PREFIXES, RESTING, resting_page
from tests.real_corpus import CORPUS
from tests.site_fixture import site_app

VNU = "vnu-jar@26.9.27"
FOLDER = Path(sys.prefix) / "vnu"
MORE = ("/search?q=<b>&city='\"", "/search?q=zzyzx", "/hospitals/shanghai-eye-hospital", "/topics")


@pytest.fixture(scope="module")
def checker() -> Path:
    jar = FOLDER / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    if not shutil.which("java"):
        pytest.skip("No Java here, which the HTML checker needs.")
    if not jar.exists():
        if not shutil.which("npm"):
            pytest.skip("No npm here, from which the HTML checker comes.")
        command = ["npm", "install", "--silent", "--no-save", "--prefix", str(FOLDER), VNU]
        if subprocess.run(command, capture_output=True, timeout=300, check=False).returncode or not jar.exists():
            pytest.skip("npm could not install the HTML checker.")
    return jar


def complaints(checker: Path, files: list[Path]) -> list[tuple[Path, str]]:
    """Everything the checker says of some files, each with its file; advice to consider something is none."""
    # The last of Java's compilers would take longer than it saves; without it the checker wants a larger stack.
    java = ["java", "-XX:TieredStopAtLevel=1", "-Xss8m", "-jar", str(checker)]
    command = [*java, "--format", "json", "--exit-zero-always", *map(str, files)]
    said = subprocess.run(command, capture_output=True, timeout=300, check=True).stderr
    return [
        (Path(each["url"].removeprefix("file:")), f"line {each.get('lastLine')}: {each['message']}")
        for each in json.loads(said)["messages"]
        if (each["type"] != "info" or each.get("subType") == "warning") and "Consider" not in each["message"]
    ]


@pytest.fixture(scope="module")
def found(checker: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the checker says, by kind of file: all in one go, since most of its time goes into starting."""
    folder = tmp_path_factory.mktemp("html")
    client = site_app(folder / "index").test_client()
    (folder / "pages").mkdir()
    asked: dict[Path, str] = {}
    for number, path in enumerate([prefix + path for path in (*PATHS, *MORE) for prefix in PREFIXES]):
        file = folder / "pages" / f"{number}.html"
        file.write_bytes(client.get(path).data)
        asked[file] = path
    resting = folder / "pages" / "resting.html"
    resting.write_text(resting_page(folder, ""), "utf-8")
    asked[resting] = RESTING
    wrong = folder / "wrong.html"
    wrong.write_text("<!doctype html><html lang=en><title>Wrong</title><p><p id=a></p><p id=a></p></b>", "utf-8")
    told: dict[str, list[str]] = {"pages": [], "corpus": [], "wrong": []}
    for file, message in complaints(checker, [*asked, *corpus_files(), wrong]):
        kind = "pages" if file in asked else "wrong" if file == wrong else "corpus"
        told[kind].append(f"{asked.get(file, file.name)}, {message}")
    return told


def corpus_files() -> list[Path]:
    return sorted(CORPUS.rglob("*.html"))


def test_the_checker_finds_nothing(found: dict[str, list[str]]) -> None:
    assert found["pages"] == []


def test_the_files_of_the_corpus_are_valid_html(found: dict[str, list[str]]) -> None:
    assert len(corpus_files()) == 262
    assert found["corpus"] == []


def test_the_checker_finds_what_is_wrong(found: dict[str, list[str]]) -> None:
    assert any("Duplicate ID" in each for each in found["wrong"]), found["wrong"]
    assert any("Stray end tag" in each for each in found["wrong"]), found["wrong"]

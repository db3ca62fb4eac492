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
    command = ["java", "-jar", str(checker), "--format", "json", "--exit-zero-always", *map(str, files)]
    said = subprocess.run(command, capture_output=True, timeout=300, check=True).stderr
    return [
        (Path(each["url"].removeprefix("file:")), f"line {each.get('lastLine')}: {each['message']}")
        for each in json.loads(said)["messages"]
        if (each["type"] != "info" or each.get("subType") == "warning") and "Consider" not in each["message"]
    ]


def test_the_checker_finds_nothing(checker: Path, tmp_path: Path) -> None:
    client = site_app(tmp_path / "index").test_client()
    folder = tmp_path / "pages"
    folder.mkdir()
    names = {}
    for number, path in enumerate([prefix + path for path in (*PATHS, *MORE) for prefix in PREFIXES]):
        (folder / f"{number}.html").write_bytes(client.get(path).data)
        names[f"{number}.html"] = path
    (folder / "resting.html").write_text(resting_page(tmp_path, ""), "utf-8")
    names["resting.html"] = RESTING
    found = complaints(checker, sorted(folder.iterdir()))
    assert [f"{names[file.name]}, {message}" for file, message in found] == []


def test_the_files_of_the_corpus_are_valid_html(checker: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.html"
    wrong.write_text("<!doctype html><html lang=en><title>Wrong</title><p><p id=a></p><p id=a></p></b>", "utf-8")
    files = sorted(CORPUS.rglob("*.html"))
    assert len(files) == 262
    assert {file.name for file, _ in complaints(checker, [*files, wrong])} == {"wrong.html"}

"""Every kind of page is valid HTML, says the checker of the W3C (from npm, run by Java)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.kinds import PATHS, PREFIXES, RESTING, resting_page
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
    command = [
        "java",
        "-jar",
        str(checker),
        "--format",
        "json",
        "--exit-zero-always",
        *map(str, sorted(folder.iterdir())),
    ]
    said = subprocess.run(command, capture_output=True, timeout=300, check=True).stderr
    found = [
        each for each in json.loads(said)["messages"] if each["type"] != "info" or each.get("subType") == "warning"
    ]
    told = [f"{names[Path(each['url']).name]}, line {each.get('lastLine')}: {each['message']}" for each in found]
    assert [each for each in told if "Consider" not in each] == []

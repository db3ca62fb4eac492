"""How tests are given out to several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULE = """
import os, pytest

@pytest.mark.parametrize("number", range(4))
def test_one(number):
    with open({log!r}, "a") as log:
        log.write({name!r} + " " + os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_a_module_is_run_by_one_process_and_the_longest_modules_come_first(tmp_path: Path) -> None:
    """With marks each test went wherever there was room: both processes made each index, server and browser."""
    log = tmp_path / "log"
    browser = ("tests/browser/test_c.py", "tests/browser/test_d.py")
    names = ("tests/test_a.py", "tests/test_b.py", "tests/test_engine_whoosh.py", *browser)
    for name in names:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(MODULE.format(log=str(log), name=name))
    here = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "xdist.plugin", "-p", "tests.distribution", "-p", "no:cacheprovider",
         "-n2", "--dist=loadgroup", f"--rootdir={tmp_path}", f"-c{os.devnull}", tmp_path],
        capture_output=True, text=True, cwd=ROOT, check=False, env={**here, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert "20 passed" in done.stdout, done.stdout + done.stderr
    ran = [line.split() for line in log.read_text().splitlines()]
    workers = {name: {worker for module, worker in ran if module == name} for name in names}
    assert {len(each) for each in workers.values()} == {1}
    assert workers[browser[0]] == workers[browser[1]]
    began: dict[str, str] = {}
    for module, worker in ran:
        began.setdefault(worker, module)
    assert set(began.values()) == {browser[0], "tests/test_engine_whoosh.py"}

"""Which of several processes (``pytest -n 2 --dist loadgroup``) runs which tests: whole modules, the longest first.

Most modules make an index, a server or a browser for all of their tests, and each process that runs some of these tests
makes its own. pytest-xdist would give out single tests; what it has for groups of them, marks, does not reach
pytest 9.2, and says nothing of the order. A long module that comes last has one process work and all others wait.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

BROWSER = "tests/browser/"  # one browser and one server for all modules of this folder
# Modules that are not named follow, those of many tests first. The first half needs one core each, so that tests with
# several servers and visitors come when the browser is through with most of its pages.
LONGEST = (
    BROWSER,
    "tests/test_engine_whoosh.py",
    "tests/test_generation.py",
    "tests/test_chunks.py",
    "tests/test_real_corpus.py",
    "tests/test_judgments.py",
    "tests/test_build.py",
    "tests/test_checked.py",
    "tests/test_rebuild_under_fire.py",
    "tests/test_hostile_requests.py",
    "tests/test_hostile_corpus.py",
    "tests/test_server.py",
    "tests/test_cli.py",
    "tests/test_placed.py",
    "tests/test_logs.py",
    "tests/test_operations_docs.py",
    "tests/test_inside.py",
    "tests/test_synonyms.py",
    "tests/test_excerpts.py",
)


class ByModule(LoadScopeScheduling):
    """Gives out whole modules, and the longest of those that are left."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return BROWSER if module.startswith(BROWSER) else module

    def _assign_work_unit(self, node: WorkerController) -> None:
        following = next((each for each in LONGEST if each in self.workqueue), None)
        if following:
            self.workqueue.move_to_end(following, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByModule | None:
    """What pytest-xdist asks for when tests are to be given out."""
    return ByModule(config, log) if config.getoption("dist") == "loadgroup" else None

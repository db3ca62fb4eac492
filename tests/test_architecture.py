"""The direction of the imports: each room may know what stands left of it, and nothing else."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STANDARD = set(sys.stdlib_module_names)
MODULES = sorted([*(ROOT / "indexer").rglob("*.py"), *(ROOT / "search_app").rglob("*.py")])

# Each library has the rooms that may import it; one that is not named here may not be imported at all.
ONLY_IN = {
    "whoosh": {"indexer/engines/whoosh_engine/_durable.py"},
    "numba": {"indexer/engines/compiling.py"},
    "opensearchpy": {"indexer/engines/opensearch_engine/_cluster.py"},
    "bs4": {"indexer/parse"},
    "opencc": {"indexer/analysis.py"},
    "Stemmer": {"indexer/analysis.py"},
    "requests": {"indexer/fetching.py"},
    "protego": {"indexer/fetching.py"},
    "flask": {"search_app"},
    "gunicorn": {"search_app/server.py", "search_app/worker.py", "search_app/exchange.py", "search_app/logs.py"},
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_core_knows_no_web_and_each_library_has_its_room(path: Path) -> None:
    for module in imports(path):
        top = module.split(".")[0]
        if name(path).startswith("indexer/"):
            assert top not in {"search_app", "flask", "jinja2", "werkzeug"}, f"{name(path)} imports {module}"
        if top in ONLY_IN:
            assert any(name(path) == room or name(path).startswith(room + "/") for room in ONLY_IN[top]), (
                f"{name(path)} imports {module}"
            )


@pytest.mark.parametrize("room", ["indexer/model.py", "indexer/errors.py"])
def test_what_passes_between_rooms_needs_the_standard_library_only(room: str) -> None:
    assert {module.split(".")[0] for module in imports(ROOT / room)} <= STANDARD


@pytest.mark.parametrize("path", [p for p in MODULES if name(p).startswith("search_app/")], ids=name)
def test_the_site_never_reaches_into_an_engine(path: Path) -> None:
    assert not [module for module in imports(path) if module.startswith("indexer.engines.")]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_opens_with_its_purpose(path: Path) -> None:
    lines = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").splitlines()
    assert lines
    assert lines[0].endswith((".", "?", ":", "…")), lines[0]


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules of which each needs the next, and the last is the first; empty where there is no such circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_one_that_imports_it() -> None:
    """Also not by way of others, and not inside a function: what needs each other belongs together."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}
    packages = {module for module, path in names.items() if path.name == "__init__.py"}
    graph: dict[str, set[str]] = {}
    for module, path in names.items():
        wanted: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                wanted |= (inner & names.keys()) or ({node.module} & names.keys())
        # A package opens its own modules, and they its public names: one room with one door.
        graph[module] = {each for each in wanted if each not in packages or not module.startswith(each + ".")}
    assert circle(graph) == []
    first, second = sorted(graph)[:2]
    assert circle({first: {second}, second: {first}}) == [first, second, first], "else nothing would be found"

"""The pages for readers say what is: every command in them exists, every file they name is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from indexer.model import Page
from indexer.sources import RECORD, as_markdown, collect, read_pages
from search_app.cli import main

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def commands(text: str) -> list[list[str]]:
    """Every ``medsearch …`` in code blocks and inline code."""
    found = re.findall(r"^(?:\$ )?(medsearch [^\n#]*)", text, re.M) + re.findall(r"`(medsearch [^`]*)`", text)
    return [shlex.split(each.replace("\n", " ").replace("…", ""))[1:] for each in found]


def helped(command: click.Command, path: str = "medsearch") -> Iterator[tuple[str, str]]:
    """Each command with its help text."""
    yield path, command.help or ""
    for name, inner in getattr(command, "commands", {}).items():
        yield from helped(inner, f"{path} {name}")


def texts() -> dict[str, str]:
    """What people read: pages by name, and the help of each command."""
    helps = {path: re.sub(r"^ +", "", text, flags=re.M) for path, text in helped(main)}
    return {page.name: page.read_text("utf-8") for page in PAGES} | helps


@pytest.mark.parametrize(("name", "text"), texts().items(), ids=texts().keys())
def test_every_command_that_is_shown_exists_with_its_options(name: str, text: str) -> None:
    for words in commands(text):
        command: click.Command = main
        context = click.Context(main)
        while words and isinstance(command, click.Group) and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert not isinstance(command, click.Group) or not words or words[0].startswith("-") or command is not main, (
            name,
            words,
        )
        known = {name for parameter in command.get_params(context) for name in parameter.opts}
        for word in words[: words.index("--")] if "--" in words else words:
            if word.startswith("--"):
                assert word.split("=")[0] in known, f"{name}: {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("target", ["run", "test", "check", "unit", "screenshots", "benchmark", "torture", "audit"])
def test_the_makefile_has_every_target_that_the_pages_name(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.M)


def test_no_page_names_a_machine() -> None:
    for page in [*PAGES, ROOT / "setup.cfg", ROOT / "Makefile", ROOT / "constraints.txt"]:
        text = page.read_text("utf-8")
        assert not re.search(r"/work/|/root/|/home/\w", text), page.name


def test_the_record_of_sources_is_what_the_pages_of_the_corpus_declare() -> None:
    pages = [each for each in read_pages(ROOT / "corpus") if isinstance(each, Page)]
    record = (ROOT / "corpus" / RECORD).read_text("utf-8")
    assert record == as_markdown(collect(pages)), "run medsearch corpus sources --write"

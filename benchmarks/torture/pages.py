"""Huge pages, alone and measured."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from benchmarks.torture.figures import Part, folder
from tests.live import measured, page_html


def _zeros(path: Path) -> None:
    path.touch()
    os.truncate(path, 100_000_000)


def corpus(options: argparse.Namespace) -> bool:
    """Huge pages, alone and measured."""
    part = Part("corpus", "Any page is read or refused in bounded memory and time.", "corpus")
    sentence = "<p>Ward {} treats patients with common illnesses &amp; rare ones.</p>\n"
    made: dict[str, Callable[[Path], object]] = {
        "100 MB of zeros": _zeros,
        "100 MB of text": lambda path: path.write_bytes(b"<p>words and words " * 5_300_000),
        "19.9 MB in one paragraph": lambda path: path.write_text(page_html("Long", "words and more " * 1_320_000)),
        "8 MB in 120,000 paragraphs": lambda path: path.write_text(page_html("Paragraphs", "".join(sentence.format(n) for n in range(120_000)))),
        "100,000 nested tags": lambda path: path.write_text(page_html("Nested", "<div>" * 100_000 + "deep" + "</div>" * 100_000)),
        "500,000 attributes": lambda path: path.write_text("<title>Attributes</title><p " + " ".join(f"a{n}=b" for n in range(500_000)) + ">words</p>"),
        "19 MB of JSON-LD": lambda path: path.write_text("<title>Data</title><script type='application/ld+json'>[" + "{}," * 6_000_000 + "{}]</script><p>words</p>"),
        "20 MB of UTF-16": lambda path: path.write_bytes(page_html("Wide", "words and more " * 600_000).encode("utf-16")),
        "random bytes, 20 MB": lambda path: path.write_bytes(os.urandom(19_900_000)),
    }  # fmt: skip
    for what, make in made.items():
        with folder() as place:
            (place / "corpus" / "articles").mkdir(parents=True)
            (place / "corpus" / "articles" / "good.html").write_text(page_html("A good page", "Plain words."))
            make(place / "corpus" / "articles" / "odd.html")
            done = measured("index", "build", "--corpus", place / "corpus", "--index", place / "index")
            said = done.stderr.strip().splitlines()[-1:] or ["indexed"]
            fine = (
                done.returncode in (0, 1)
                and "Traceback" not in done.stderr
                and done.seconds <= 30
                and done.megabytes <= 512
            )
            part.figure(what, f"{done.seconds:.1f} s, {done.megabytes:.0f} MB: {said[0]}", "30 s, 512 MB", fine)
    return part.save()

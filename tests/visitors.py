"""People who use the site while something happens to it: ``python -m tests.visitors ADDRESS``, until its input ends.

Each of some threads asks again and again over a connection that is kept, thinks a moment, and notes what it got.
Prints one JSON list a line: started, seconds, status, and for searches generation, total and the counts of cities.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import random
import sys
import threading
import time
from urllib.parse import urlsplit

import orjson

COMMON = "/api/v1/search?q=common&per_page={per_page}&page={page}"
HONEST = (
    "/",
    "/search?q=eye+hospital+in+shanghai",
    "/search?q=cancer+treatment+cost",
    "/search?q=ivf&city=Beijing",
    "/api/v1/search?q=eye",
    "/api/v1/suggest?q=shang",
    "/search?q=visa",
    "/zh/search?q=眼科",
    "/cities",
    "/cities/shanghai",
    "/topics",
)


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    """One request over a kept connection."""
    from urllib.parse import quote

    connection.request("GET", quote(path, safe="/?&=+%"))
    response = connection.getresponse()
    return response.status, response.read()


def visit(host: str, port: int, stop: threading.Event, think: float, kind: str, notes: list[bytes], seed: int) -> None:
    """One visitor, until told to stop."""
    chance = random.Random(seed)
    connection = http.client.HTTPConnection(host, port, timeout=120)
    for number in itertools.count():
        if stop.is_set():
            return
        per_page = 5 + (number + seed) % 20
        path = COMMON.format(per_page=per_page, page=1 + number % 2) if kind == "common" else chance.choice(HONEST)
        started, clock = time.time(), time.perf_counter()
        try:
            try:
                status, body = ask(connection, path)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # A kept connection that the server closed meanwhile: every browser asks once more.
                connection.close()
                status, body = ask(connection, path)
        except Exception as error:
            connection.close()
            notes.append(orjson.dumps([started, time.perf_counter() - clock, 0, path, repr(error)]))
            continue
        seconds = time.perf_counter() - clock
        note: list[object] = [started, seconds, status, path]
        if status != 200 and not (status == 404 and "page=" in path):
            note.append(body[:300].decode("utf-8", "replace"))
        elif kind == "common":
            answer = orjson.loads(body)
            cities = {bucket["value"]: bucket["count"] for bucket in answer["facets"]["city"]}
            shown = [hit["city"] for hit in answer["hits"]]
            note += [answer["generation"], answer["total"], cities, len(shown)]
        notes.append(orjson.dumps(note))
        if think:
            stop.wait(chance.random() * 2 * think)


def main() -> None:
    """Run until standard input ends, then print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--think", type=float, default=0.0, help="mean seconds between two requests of one visitor")
    parser.add_argument("--kind", choices=["common", "honest"], default="common")
    options = parser.parse_args()
    parts = urlsplit(options.address)
    assert parts.hostname
    assert parts.port
    stop = threading.Event()
    notes: list[list[bytes]] = [[] for _ in range(options.clients)]
    threads = [
        threading.Thread(target=visit, args=(parts.hostname, parts.port, stop, options.think, options.kind, kept, seed))
        for seed, kept in enumerate(notes)
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join(130)
    for kept in notes:
        for note in kept:
            sys.stdout.write(note.decode() + "\n")


if __name__ == "__main__":
    main()

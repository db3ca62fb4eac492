"""Hostile requests, with honest visitors beside them."""

from __future__ import annotations

import argparse
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import orjson

from benchmarks.torture.figures import Part, folder, own_index, say
from tests.hostile import requests
from tests.live import Site, exchange, start
from tests.test_hostile_requests import complaint


def hostile(options: argparse.Namespace) -> bool:
    """Hostile requests, with honest visitors beside them."""
    part = Part(
        "hostile",
        "Any request gets a proper answer within a second, and nobody else notices.",
        f"hostile --requests {options.requests}",
    )
    with folder() as place:
        index = own_index(place)
        with Site(index, settings={"query_log": str(place / "queries")}) as site:
            # In use before anything is measured: processes that were forked share memory until they use it.
            warm = start([sys.executable, "-m", "tests.visitors", site.url, "--kind", "honest"])
            time.sleep(6)
            warm.communicate("")
            sent = requests(options.requests, options.seed)
            statuses: Counter[int] = Counter()
            bad: list[str] = []
            # Alone first: how long each takes by itself, and what it leaves in memory.
            memory = site.memory()
            times = []
            for each in sent:
                got = exchange(site, each.raw)
                statuses[got.status // 100] += 1
                times.append((got.seconds, each.line))
                if said := complaint(each, got):
                    bad.append(f"{each.family}: {said}: {each.line}")
                say(f"{len(times)} hostile requests")
            growth = site.memory() - memory
            times.sort(reverse=True)
            # Then all at once beside honest visitors, who think a second between two clicks.
            visitors = start(
                [
                    sys.executable,
                    "-m",
                    "tests.visitors",
                    site.url,
                    "--clients",
                    "8",
                    "--think",
                    "0.5",
                    "--kind",
                    "honest",
                ]
            )
            crowd_bad = 0
            with ThreadPoolExecutor(2) as crowd:
                for each, got in zip(sent, crowd.map(lambda one: exchange(site, one.raw), sent), strict=True):
                    crowd_bad += bool(complaint(each, got))
            # And slow clients, more of them than threads.
            slow = _slow_clients(site, 400)
            time.sleep(8)
            out, _ = visitors.communicate("")
            for connection in slow:
                connection.close()
            notes = [orjson.loads(line) for line in out.splitlines()]
            honest = sorted(note[1] for note in notes)
            failures = [note for note in notes if note[2] != 200]
            after = site.memory() - memory
            workers = len(site.children())
            log = site.written()
    part.figure("hostile requests", len(sent), "1,500", len(sent) >= 1500)
    part.figure("answers by hundreds", dict(sorted(statuses.items())), "no 5", not statuses[5])
    part.figure("wrong answers (5xx, reflected, leaked, no headers, closed)", len(bad), "0", not bad)
    part.figure("wrong answers when two come at once", crowd_bad, "0", not crowd_bad)
    part.figure("slowest, s", round(times[0][0], 3), "1", times[0][0] < 1)
    part.figure("99th percentile, s", round(times[len(times) // 100][0], 3), "-", True)
    part.figure("memory grown, MB", round(growth, 1), "50", growth < 50)
    part.figure("memory grown after both rounds and 400 slow clients, MB", round(after, 1), "50", after < 50)
    part.figure("honest requests beside them", len(honest), "some", len(honest) > 50)
    part.figure("honest requests that failed", len(failures), "0", not failures)
    part.figure(
        "honest p99, s", round(honest[int(len(honest) * 0.99)], 3), "0.3", honest[int(len(honest) * 0.99)] <= 0.3
    )
    part.figure(
        "workers alive, stack traces in the log",
        f"{workers}, {log.count('Traceback')}",
        "2, 0",
        workers == 2 and "Traceback" not in log,
    )
    for line in (*bad[:10], *(f"{seconds:.2f} s {line}" for seconds, line in times[:3])):
        print("   ", line)
    for note in failures[:5]:
        print("    honest:", note)
    return part.save()


def _slow_clients(site: Site, count: int) -> list[socket.socket]:
    kinds = (
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    held = []
    for number in range(count):
        connection = socket.create_connection((site.host, site.port), 5)
        connection.sendall(kinds[number % 4])
        held.append(connection)
    return held

"""Hostile requests, with honest visitors beside them."""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import orjson

from benchmarks.torture.figures import Part, folder, own_index, say
from tests.hostile import Hostile, requests
from tests.live import Site, exchange, start
from tests.test_hostile_requests import complaint


@dataclass
class Siege:
    """What a server went through, and what was seen of it; times in seconds, memory in MB."""

    sent: list[Hostile]
    times: list[tuple[float, str]] = field(default_factory=list)  # of each request alone, slowest first
    statuses: Counter[int] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    crowd_bad: int = 0
    grown: float = 0.0  # after the requests alone
    grown_at_last: float = 0.0
    honest: list[list[Any]] = field(default_factory=list)  # started, seconds, status, path of each honest request
    workers: int = 0
    log: str = ""

    def honest_within(self, share: float) -> float:
        """Seconds within which that share of the honest requests was answered."""
        ordered = sorted(note[1] for note in self.honest)
        return float(ordered[int(len(ordered) * share)])

    def failures(self) -> list[list[Any]]:
        """Honest requests that failed."""
        return [note for note in self.honest if note[2] != 200]


def _visitors(site: Site, *options: str) -> subprocess.Popen[str]:
    return start([sys.executable, "-m", "tests.visitors", site.url, "--kind", "honest", *options])


def _alone(site: Site, siege: Siege) -> None:
    """One after the other: how long each takes by itself."""
    for each in siege.sent:
        got = exchange(site, each.raw)
        siege.statuses[got.status // 100] += 1
        siege.times.append((got.seconds, each.line))
        if said := complaint(each, got):
            siege.bad.append(f"{each.family}: {said}: {each.line}")
        say(f"{len(siege.times)} hostile requests")
    siege.times.sort(reverse=True)


def _beside_visitors(site: Site, siege: Siege) -> None:
    """Two at once, and slow clients, more of them than threads, beside honest visitors who think between two clicks."""
    visitors = _visitors(site, "--clients", "8", "--think", "0.5")
    with ThreadPoolExecutor(2) as crowd:
        for each, got in zip(siege.sent, crowd.map(lambda one: exchange(site, one.raw), siege.sent), strict=True):
            siege.crowd_bad += bool(complaint(each, got))
    slow = _slow_clients(site, 400)
    time.sleep(8)
    out, _ = visitors.communicate("")
    for connection in slow:
        connection.close()
    siege.honest = [orjson.loads(line) for line in out.splitlines()]


def _run(options: argparse.Namespace) -> Siege:
    siege = Siege(requests(options.requests, options.seed))
    with folder() as place, Site(own_index(place), settings={"query_log": str(place / "queries")}) as site:
        # In use before anything is measured: processes that were forked share memory until they use it.
        warm = _visitors(site)
        time.sleep(6)
        warm.communicate("")
        memory = site.memory()
        _alone(site, siege)
        siege.grown = site.memory() - memory
        _beside_visitors(site, siege)
        siege.grown_at_last = site.memory() - memory
        siege.workers = len(site.children())
        siege.log = site.written()
    return siege


def hostile(options: argparse.Namespace) -> bool:
    """Hostile requests, with honest visitors beside them."""
    part = Part(
        "hostile",
        "Any request gets a proper answer within a second, and nobody else notices.",
        f"hostile --requests {options.requests}",
    )
    siege = _run(options)
    count, slowest, p99 = len(siege.sent), siege.times[0][0], siege.honest_within(0.99)
    traces = siege.log.count("Traceback")
    part.figure("hostile requests", count, "1,500", count >= 1500)
    part.figure("answers by hundreds", dict(sorted(siege.statuses.items())), "no 5", not siege.statuses[5])
    part.figure("wrong answers (5xx, reflected, leaked, no headers, closed)", len(siege.bad), "0", not siege.bad)
    part.figure("wrong answers when two come at once", siege.crowd_bad, "0", not siege.crowd_bad)
    part.figure("slowest, s", round(slowest, 3), "1", slowest < 1)
    part.figure("99th percentile, s", round(siege.times[count // 100][0], 3), "-", True)
    part.figure("memory grown, MB", round(siege.grown, 1), "50", siege.grown < 50)
    last = siege.grown_at_last
    part.figure("memory grown after both rounds and 400 slow clients, MB", round(last, 1), "50", last < 50)
    part.figure("honest requests beside them", len(siege.honest), "some", len(siege.honest) > 50)
    part.figure("honest requests that failed", len(siege.failures()), "0", not siege.failures())
    part.figure("honest p99, s", round(p99, 3), "0.3", p99 <= 0.3)
    whole = siege.workers == 2 and not traces
    part.figure("workers alive, stack traces in the log", f"{siege.workers}, {traces}", "2, 0", whole)
    for line in (*siege.bad[:10], *(f"{seconds:.2f} s {line}" for seconds, line in siege.times[:3])):
        print("   ", line)
    for note in siege.failures()[:5]:
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

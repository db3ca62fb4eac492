"""The real thing for tests: a corpus on disk, builds by the command line, a server with several processes."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[1]
MEDSEARCH = (sys.executable, "-c", "from search_app.cli import main; main()")
CITIES = ("Beijing", "Shanghai", "Guangzhou", "Chengdu", "Shenzhen")
HANG_SECONDS = 120.0  # guards against what never ends; says nothing about speed
READY_SECONDS = HANG_SECONDS
STARTS = 3  # tries, each on another port: somebody else may take one before the server does


def medsearch(*arguments: str | Path, timeout: float = 240, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command and wait for it."""
    return subprocess.run(
        [*MEDSEARCH, *map(str, arguments)],
        capture_output=True, text=True, timeout=timeout, cwd=ROOT, env={**os.environ, **environment}, check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """A command that has run, and what it took."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    megabytes: float  # resident at most
    cpu_seconds: float  # of all processors, in the program and in the system for it


# Linux hands the peak memory of a process on to what it executes, and a long run of tests is itself half a gigabyte: so
# the command is started and measured by a small process between the two.
_MEASURE = """
import os, sys, time
started = time.monotonic()
_, status, usage = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
used = usage.ru_utime + usage.ru_stime
told = os.waitstatus_to_exitcode(status), time.monotonic() - started, usage.ru_maxrss / 1024, used
open(sys.argv[1], "w").write(" ".join(map(str, told)))
"""


def measured(*arguments: str | Path) -> Measured:
    """Run the command and measure it."""
    with tempfile.NamedTemporaryFile("r") as figures:
        command = [sys.executable, "-I", "-S", "-c", _MEASURE, figures.name, *MEDSEARCH, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
        returncode, *told = figures.read().split()
    return Measured(int(returncode), done.stdout, done.stderr, *map(float, told))


def page_html(title: str, text: str, city: str = "") -> str:
    """A small page; its city is declared."""
    declared = (
        '<script type="application/ld+json">'
        + orjson.dumps({"@type": "Hospital", "name": title, "address": {"addressLocality": city}}).decode()
        + "</script>"
        if city
        else ""
    )
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title>{declared}</head>'
        f"<body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
    )


def write_corpus(folder: Path, version: int, hospitals: int = 24) -> dict[str, int]:
    """Hospitals that all say "common"; which cities they have, and how many there are, tells the version.

    Gives the number of hospitals by city, which is what every answer about this version must say.
    """
    (folder / "hospitals").mkdir(parents=True)
    cities: dict[str, int] = {}
    for number in range(hospitals + version):
        city = CITIES[(number * (version + 1) + version) % len(CITIES)] if number % 3 else CITIES[version % len(CITIES)]
        cities[city] = cities.get(city, 0) + 1
        text = f"A common text about ward {number} and its common rooms, as written in version {version}."
        html = page_html(f"Number {number} Willow {chr(97 + number % 26)} Hospital", text, city)
        (folder / "hospitals" / f"h{number:03d}.html").write_text(html, "utf-8")
    return cities


def free_port() -> int:
    """A port nobody listens on, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Site:
    """A running server."""

    index: Path
    workers: int = 2
    settings: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    before: str = ""  # Python that its processes run before they serve
    port: int = field(default_factory=free_port)

    def __enter__(self) -> Site:
        self.log = self.log or self.index.parent / f"serve-{self.port}.log"
        for _ in range(STARTS - 1):
            if self._start():
                return self
            self.port = free_port()
        if self._start():
            return self
        raise RuntimeError(f"no port could be had: {self.log.read_text()}")

    def _start(self) -> bool:
        """Whether it serves; False if its port was taken meanwhile."""
        assert self.log is not None
        environment = {**os.environ, **{f"MEDSEARCH_{name.upper()}": value for name, value in self.settings.items()}}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*MEDSEARCH[:-1], f"{self.before}\n{MEDSEARCH[-1]}", "serve", "--index", str(self.index),
                 "--port", str(self.port), f"--workers={self.workers}"],
                stdout=log, stderr=log, cwd=ROOT, env=environment,
            )  # fmt: skip
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                if "in use" in self.log.read_text():
                    return False
                raise RuntimeError(f"the server did not start: {self.log.read_text()}")
            try:
                with socket.create_connection((self.host, self.port), 1):
                    pass
                if len(self.children()) >= self.workers:
                    return True
            except OSError:
                pass
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"the server was not ready in time: {self.log.read_text()}")

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> float:
        """Ask it to stop; gives the seconds that took."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(HANG_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        return time.monotonic() - started

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body of one request."""
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=HANG_SECONDS) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, path: str) -> Any:
        """Body of a request that must succeed, decoded."""
        status, body = self.get(path)
        assert status == 200, (status, body[:500])
        return orjson.loads(body)

    def children(self) -> list[int]:
        """Ids of the worker processes."""
        try:
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except OSError:
            return []
        return [int(pid) for pid in text.split()]

    def memory(self) -> float:
        """Megabytes that all processes of the server hold, what they share counted once."""
        kilobytes = 0
        for pid in (self.process.pid, *self.children()):
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            # Pss of mapped index files is page cache, which the system takes back when it needs it.
            kilobytes += sum(int(size) for size in re.findall(r"^Pss_(?:Anon|Shmem):\s+(\d+)", rollup, re.MULTILINE))
        return kilobytes / 1000

    def counters_folder(self) -> Path:
        """Where its processes count for the metrics."""
        for pid in self.children():
            with suppress(OSError):
                match = re.search(r"(/\S*/medsearch-metrics-[^/\s]+)/", Path(f"/proc/{pid}/maps").read_text())
                if match:  # a process that has just started has not counted yet
                    return Path(match[1])
        raise AssertionError("no process counts")

    def written(self) -> str:
        """What the server wrote to its log."""
        assert self.log is not None
        return self.log.read_text("utf-8", "replace")


@dataclass(frozen=True)
class Exchange:
    """What came back for some bytes."""

    seconds: float
    status: int  # 0: the server closed without a word
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """A header, or nothing."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), "")


def exchange(site: Site, raw: bytes, timeout: float = HANG_SECONDS) -> Exchange:
    """Send bytes as they are and read until the server closes, or until the answer is complete."""
    started = time.perf_counter()
    answer = bytearray()
    with socket.create_connection((site.host, site.port), timeout) as connection:
        connection.settimeout(timeout)
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(raw)  # if it is refused before all is sent, the reason may still be read
        with suppress(ConnectionResetError, TimeoutError):
            while not _whole(answer, raw) and (chunk := connection.recv(1 << 16)):
                answer += chunk
    seconds = time.perf_counter() - started
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    match = re.match(r"HTTP/1\.[01] (\d{3})", lines[0])
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:]))
    return Exchange(seconds, int(match[1]) if match else 0, headers, body)


def _whole(answer: bytearray, raw: bytes) -> bool:
    head, found, body = bytes(answer).partition(b"\r\n\r\n")
    if not found:
        return False
    if raw.startswith(b"HEAD "):
        return True
    length = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head)
    if length:
        return len(body) >= int(length[1])
    return bool(re.match(rb"HTTP/1\.[01] (304|204)", head)) or body.endswith(b"\r\n0\r\n\r\n") or body == b"0\r\n\r\n"


def wait_until(condition: Any, seconds: float = HANG_SECONDS) -> float:
    """Seconds until a condition holds.

    Raises:
        TimeoutError: If it does not in time.
    """
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if condition():
            return time.monotonic() - started
        time.sleep(0.02)
    raise TimeoutError(f"not within {seconds} s")


def start(command: Sequence[str | Path]) -> subprocess.Popen[str]:
    """Start a process with pipes."""
    return subprocess.Popen(
        [str(each) for each in command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip

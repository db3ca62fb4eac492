"""The production server: gunicorn with the application, one process per core."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from search_app import logs
from search_app.limits import networks
from search_app.logs import ServerLogger
from search_app.settings import Settings, called

# Read by prometheus_client when it is first imported, so nothing here may import it before the folder is named.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
THREADS = 8  # of each process; only whole requests get one (search_app.worker)
CONNECTIONS = 2000  # of each process; when more come, those that ask nothing are closed
REQUEST_LINE_BYTES = 8190
TIMEOUT_SECONDS = 30
GRACE_SECONDS = 20
KEEP_ALIVE_SECONDS = 5
FIRST = (
    "/",
    "/search?q=shangai+eye",
    "/zh/search?q=眼科",
    "/api/v1/search?q=eye",
    "/api/v1/suggest?q=sha",
    "/none",
)
# After so many new objects Python looks for those that only name each other, of which a request leaves hardly any; the
# usual 700 come several times in each page.
YOUNG_OBJECTS = 10_000
ARENAS = 2  # in which the threads of a process allocate; glibc would make one for each, and each keeps what it ever had
_M_ARENA_MAX = -8  # its number in malloc.h
LEAST = {"query_log_minimum": 2, "query_log_days": 1}  # words that one search had are never kept
MEMORY = "/dev/shm"  # noqa: S108 - not a place for files of ours: heartbeats, and counters of the metrics


def check(config: Mapping[str, Any] | None = None) -> Settings:
    """The settings that a server would run with.

    Raises:
        ValueError: If one of them is wrong; the message names it, or the variable that gave it.
    """
    settings = Settings.load(config)

    def shown(name: str) -> str:
        return called(name, config)

    networks(settings.rate_exempt, shown("rate_exempt"))
    for name, least in LEAST.items():
        if getattr(settings, name) < least:
            raise ValueError(f"{shown(name)} must be {least} or more, not {getattr(settings, name)}.")
    if settings.log_format not in logs.FORMATS:
        raise ValueError(f"{shown('log_format')} is one of {', '.join(logs.FORMATS)}, not {settings.log_format!r}.")
    if settings.site_url and not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", settings.site_url):
        raise ValueError(f"{shown('site_url')} is an address like https://med.example, not {settings.site_url!r}.")
    if settings.query_log and not os.access(Path(settings.query_log).absolute().parent, os.W_OK | os.X_OK):
        raise ValueError(f"{shown('query_log')} must lie in a folder that can be written, not {settings.query_log!r}.")
    return settings


def check_address(host: str, port: int) -> None:
    """Say at once that nothing can listen there; gunicorn tries for five seconds, after everything else was made.

    Raises:
        OSError: If the name has no address, or the port is taken or not for this user.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        attempt.bind(address)


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int | None = None,
    debug: bool = False,
    index: str = "index/",
    config: Mapping[str, Any] | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until told to stop; with ``debug``, Flask's own server that reloads on changes.

    ``ready`` is called when visitors can come. ``config`` holds further settings of ``create_app``. The index must
    exist; a later one is taken up by itself.
    """
    settings = {**(config or {}), "index": index, "debug": debug}
    if debug:
        from search_app import create_app

        app = create_app(settings)
        ready()
        app.run(host, port, debug=True)
        return
    logs.configure(check(settings).log_format)
    _limit_arenas()
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # Every process counts for itself; a folder of their own lets any of them report for all.
    shared = tempfile.mkdtemp(prefix="medsearch-metrics-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
    parent = os.getpid()
    os.environ[SHARED_FOLDER] = shared
    try:
        _Server(settings, address, workers or os.cpu_count() or 1, ready).run()
    finally:
        # A worker process that ends comes through here too, and must leave what the others still use.
        if os.getpid() == parent:
            os.environ.pop(SHARED_FOLDER, None)
            shutil.rmtree(shared, ignore_errors=True)


def _limit_arenas() -> None:
    """Hold the memory of many threads down, where the C library can."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, set up from here instead of from its own files and arguments."""

    def __init__(self, settings: Mapping[str, Any], address: str, workers: int, ready: Callable[[], None]) -> None:
        self.settings = settings
        self.ready = ready
        self.address = address
        self.workers = workers
        super().__init__()

    def load_config(self) -> None:
        """Our settings in gunicorn's words."""
        values = {
            "bind": self.address,
            "workers": self.workers,
            "worker_class": "search_app.worker.PatientWorker",
            "threads": THREADS,
            "worker_connections": CONNECTIONS,
            "preload_app": True,  # the index is read once; the processes share its memory
            "timeout": TIMEOUT_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": KEEP_ALIVE_SECONDS,
            "limit_request_line": REQUEST_LINE_BYTES,
            "forwarded_allow_ips": "",  # nobody by default; search_app.headers decides
            "limit_request_fields": 60,
            "limit_request_field_size": 8190,
            "worker_tmp_dir": MEMORY if os.path.isdir(MEMORY) else None,  # heartbeats must not wait for a disk
            "proc_name": "medsearch",
            "logger_class": ServerLogger,
            "when_ready": lambda server: self.ready(),
            "child_exit": _forget_process,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, made once in the parent."""
        from indexer.engines import open_engine
        from search_app import create_app

        engine = open_engine(Settings.load(self.settings).index)
        engine.watch()  # in this process, which answers nothing, for all of them
        app = create_app({**self.settings, "engine": engine})
        client = app.test_client()
        # Vocabularies, templates and catalogues are read once, here; each process would need two seconds for them at
        # its first search.
        host = (app.config.get("TRUSTED_HOSTS") or ["localhost"])[0].lstrip(".")
        for address in FIRST:
            client.get(address, headers={"Sec-GPC": "1", "Host": host})
        gc.collect()
        gc.freeze()  # a collection in a worker would touch, and so copy, all that it shares with its parent (50 MB)
        gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
        return app


def _forget_process(server: object, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

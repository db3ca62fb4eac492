"""Where the time of an answer that is not remembered goes: the parts of a request, timed while whole requests are made.

Each part is measured within whole requests in one process, without a server, so that it finds the processor's caches
as a request leaves them; a part on its own, again and again, takes half the time.
"""

from __future__ import annotations

import functools
import gc
import importlib
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

# Where a part is called from: module and name, and the class if it is a method.
PARTS: dict[str, tuple[str, ...]] = {
    "reading the words": ("search_app.search", "read"),
    "engine": ("indexer.engines.whoosh_engine._search", "ColumnSearcher", "search"),
    "what to show": ("search_app.pages", "results_view"),
    "templates": ("search_app.pages", "rendered"),
    "JSON": ("search_app.api", "answer_json"),
}
REST = "Flask, headers, counting and the rest"
ROUNDS = 5


def shares(index: Path, path: str, texts: list[str]) -> dict[str, float]:
    """Milliseconds of processor time of each part, and of the rest of a request, at the median over all searches."""
    from search_app import create_app

    app = create_app({"index": str(index), "cached_answers": 0, "rate_limit": 0})
    client = app.test_client()
    spent: dict[str, float] = {}

    def timed(part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def run(*given: Any, **named: Any) -> Any:
            started = time.thread_time_ns()
            try:
                return work(*given, **named)
            finally:
                spent[part] = spent.get(part, 0.0) + (time.thread_time_ns() - started) / 1e6

        return run

    whole = timed(REST, app.wsgi_app)
    rows: list[dict[str, float]] = []
    with ExitStack() as stack:
        stack.enter_context(patch.object(app, "wsgi_app", whole))
        for part, (module, *names, last) in PARTS.items():
            owner = functools.reduce(getattr, names, importlib.import_module(module))
            stack.enter_context(patch.object(owner, last, timed(part, getattr(owner, last))))
        for turn in range(ROUNDS + 1):
            gc.collect()
            gc.freeze()
            for text in texts:
                spent.clear()
                client.get(path + quote(text))
                if turn:
                    rows.append(dict(spent))
    gc.unfreeze()
    for row in rows:
        row[REST] -= sum(ms for part, ms in row.items() if part != REST)
    return {part: statistics.median(row.get(part, 0.0) for row in rows) for part in (*PARTS, REST)}

"""A real HTTP server whose answers a test writes, and an import from it."""

from __future__ import annotations

import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from indexer.corpus import walk
from indexer.importing import Outcome, bring
from indexer.shelf import RECORD

PAGE = "<!doctype html><title>{0}</title><main><h1>{0}</h1><p>All about {0} in one paragraph.</p></main>"


def page(title: str) -> bytes:
    return PAGE.format(title).encode()


def carry(sources: list[str], corpus: Path, **options: object) -> list[Outcome]:
    """Outcomes of an import without pauses, unless asked for."""
    return list(bring(sources, corpus, **{"pause": 0.0, **options}))  # type: ignore[arg-type]


def sentences(outcomes: list[Outcome]) -> list[str]:
    return [outcome.sentence for outcome in outcomes]


def files(corpus: Path) -> list[str]:
    return [each.path for each in walk(corpus)] if corpus.exists() else []


def record(corpus: Path) -> list[list[str]]:
    return [line.split("\t") for line in (corpus / RECORD).read_text().splitlines()]


Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A real HTTP server whose answers a test writes; ``asked`` are the paths in the order of the requests."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(
        self, path: str, body: bytes | str = b"", *, status: int = 200, kind: str = "text/html", **headers: str
    ) -> str:
        data = body.encode() if isinstance(body, str) else body

        def send(handler: http.server.BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(data)

        self.answers[path] = send
        return self.root + path

    def sitemap(self, path: str, *addresses: str, index: bool = False) -> str:
        outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
        entries = "".join(f"<{inner}><loc>{address}</loc></{inner}>" for address in addresses)
        xml = f'<?xml version="1.0"?><{outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{outer}>'
        return self.answer(path, gzip.compress(xml.encode()) if path.endswith(".gz") else xml, kind="application/xml")


@contextmanager
def serving() -> Iterator[Server]:
    """A server on a free port of this machine."""
    served = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            served.headers.append(dict(self.headers))
            try:
                served.answers.get(self.path, lambda handler: handler.send_error(404))(self)
            except OSError:
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as real:
        real.daemon_threads = True
        real.block_on_close = False
        served.port = real.server_address[1]
        thread = threading.Thread(target=real.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield served
        real.shutdown()
        thread.join()

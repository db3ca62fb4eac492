"""A door before a cluster: real TLS with a certificate of our own making, and a password."""

from __future__ import annotations

import base64
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

USER, PASSWORD = "medsearch", "grüße-s3cret"


@dataclass(frozen=True)
class Door:
    """Where it listens, and files for those who come: its authority, another one's, the password."""

    port: int
    authority: Path
    other_authority: Path
    password: Path
    asked: list[str]

    def environment(self, **changed: str) -> dict[str, str]:
        """What an operator sets."""
        known = {
            "MEDSEARCH_ENGINE_CA": str(self.authority),
            "MEDSEARCH_ENGINE_USER": USER,
            "MEDSEARCH_ENGINE_PASSWORD_FILE": str(self.password),
        }
        return known | changed


@contextmanager
def door(folder: Path, node: int | None = None, name: str = "127.0.0.1") -> Iterator[Door]:
    """A door with a certificate for ``name`` before the node on a port; without one nothing is behind it."""
    authority, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    told = Door(0, folder / "authority.pem", folder / "other.pem", folder / "password", [])
    authority.cert_pem.write_to_path(str(told.authority))
    other.cert_pem.write_to_path(str(told.other_authority))
    told.password.write_text(PASSWORD + "\n", "utf-8")
    wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") != wanted:
                self.reply(401, b'{"error": "Unauthorized"}')
                return
            told.asked.append(f"{self.command} {self.path}")
            sent = urllib.request.Request(f"http://127.0.0.1:{node}{self.path}", body or None, method=self.command)
            sent.add_header("Content-Type", self.headers.get("Content-Type") or "application/json")
            try:
                with urllib.request.urlopen(sent, timeout=60) as found:
                    self.reply(found.status, found.read())
            except urllib.error.HTTPError as error:
                self.reply(error.code, error.read())

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 - names that the server looks for

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def get_request(self) -> tuple[ssl.SSLSocket, object]:
            taken, where = super().get_request()
            taken.settimeout(60)
            return context.wrap_socket(taken, server_side=True, do_handshake_on_connect=False), where

        def handle_error(self, *_: object) -> None:
            """A visitor that does not trust us hangs up; that is what is tested."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Door(server.server_address[1], told.authority, told.other_authority, told.password, told.asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

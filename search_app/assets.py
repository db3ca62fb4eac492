"""Static files under names that change with their content, compressed once."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

import brotli
from flask import Response, abort, request

from search_app.caching import FOREVER_POLICY

FOLDER = Path(__file__).with_name("static")
_HASHED = re.compile(r"^(.+)\.([0-9a-f]{10})(\.[a-z0-9]+)$")
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file in memory: plain, and compressed."""

    name: str
    digest: str
    media_type: str
    plain: bytes
    gzip: bytes
    brotli: bytes

    @property
    def url(self) -> str:
        """Address that never means another content."""
        stem, dot, suffix = self.name.rpartition(".")
        return f"/static/{stem}.{self.digest}{dot}{suffix}"


class Assets:
    """All static files; there are a handful, so they live in memory."""

    def __init__(self, folder: Path = FOLDER, reload: bool = False) -> None:
        self.folder = folder
        self.reload = reload
        self._assets = self._load()

    def _load(self) -> dict[str, Asset]:
        found: dict[str, Asset] = {}
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                plain = path.read_bytes()
                found[path.name] = Asset(
                    name=path.name,
                    digest=hashlib.blake2b(plain, digest_size=5).hexdigest(),
                    media_type=_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain",
                    plain=plain,
                    gzip=gzip.compress(plain, 9, mtime=0),
                    brotli=brotli.compress(plain),
                )
        return found

    @property
    def digest(self) -> str:
        """Changes whenever any file does."""
        return hashlib.blake2b("".join(a.digest for a in self._assets.values()).encode(), digest_size=4).hexdigest()

    def url(self, name: str) -> str:
        """Address of a file by its plain name."""
        if self.reload:
            self._assets = self._load()
        return self._assets[name].url

    def plain(self, name: str) -> bytes:
        """Content of a file."""
        return self._assets[name].plain

    def respond(self, name: str) -> Response:
        """The file, in the best form that the client takes; kept for good only under its hashed name."""
        hashed = _HASHED.match(name)
        asset = self._assets.get(hashed.group(1) + hashed.group(3) if hashed else name)
        if asset is None or (hashed and hashed.group(2) != asset.digest):
            abort(404)
        accepted = request.accept_encodings
        body, encoding = asset.plain, ""
        if len(asset.plain) > 500:
            if accepted["br"] > 0:
                body, encoding = asset.brotli, "br"
            elif accepted["gzip"] > 0:
                body, encoding = asset.gzip, "gzip"
        response = Response(body, mimetype=asset.media_type)
        if encoding:
            response.headers["Content-Encoding"] = encoding
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = FOREVER_POLICY if hashed else "public, max-age=3600"
        response.set_etag(f"{asset.digest}-{encoding or 'plain'}")
        response.make_conditional(request)
        return response

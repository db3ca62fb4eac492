"""Security headers on every response, and what is trusted of a request's own."""

from __future__ import annotations

from flask import Flask, Response, abort, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header
from werkzeug.middleware.proxy_fix import ProxyFix

from search_app.settings import Settings

_CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "medsearch",
}
_UNUSED_FEATURES = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "geolocation",
    "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip

HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _CONTENT_SECURITY_POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # addresses hold what people search for, which is health data
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED_FEATURES),
    "Cross-Origin-Opener-Policy": "same-origin",
}
_OF_PAGES = HEADERS | {"Cross-Origin-Resource-Policy": "same-origin"}
# Public, read-only and without cookies: any page may read it.
_OF_API = HEADERS | {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
# A browser asks first where a script of another site sends more than the plainest headers, If-None-Match for one.
_BEFOREHAND = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"


def init_headers(app: Flask, settings: Settings) -> None:
    """Add the headers; believe ``X-Forwarded-…`` and ``Host`` only as far as the settings say."""
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=0, x_port=0
        )
    if settings.trusted_hosts:
        app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts)

    @app.before_request
    def read_headers() -> None:
        # Flask-Compress takes a refusal (gzip;q=0) for a wish.
        request.environ["HTTP_ACCEPT_ENCODING"] = taken(request.headers.get("Accept-Encoding", ""))
        # Addresses of our own are made of it where no public address is set.
        if request.headers.get("Host") and not request.host:
            abort(400, "The Host header names no host.")

    @app.after_request
    def add_headers(response: Response) -> Response:
        # Nothing else writes these, so they need not be looked for.
        response.headers.extend(headers_of(request.path, request.scheme))
        if request.method == "OPTIONS" and of_api(request.path):
            response.headers.extend(_BEFOREHAND)
        return response


def taken(accepted: str) -> str:
    """An ``Accept-Encoding`` without what it refuses; then "anything else" means nothing, lest it be what was."""
    if "=" not in accepted:
        return accepted
    ranges = list(parse_accept_header(accepted, Accept))
    wanted = [(name, quality) for name, quality in ranges if quality > 0]
    if len(wanted) < len(ranges):
        wanted = [(name, quality) for name, quality in wanted if name != "*"]
    return Accept(wanted).to_header()


def of_api(path: str) -> bool:
    """Whether programs ask for such a path."""
    return path == "/api" or path.startswith("/api/")


def headers_of(path: str, scheme: str) -> list[tuple[str, str]]:
    """The headers of every response to a path, asked for with a scheme."""
    found = [*(_OF_API if of_api(path) else _OF_PAGES).items()]
    if scheme == "https":
        found.append(("Strict-Transport-Security", STRICT_TRANSPORT))
    return found

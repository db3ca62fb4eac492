"""Requests that nobody honest makes, by family; the same number and seed give the same requests."""

# ruff: noqa: E501 - tables of odd things are easier to read in long lines
from __future__ import annotations

import base64
import gzip
import random
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

MARK = "zq17x"  # never in a corpus; "<zq17x" in an answer means that something came back unescaped
SEARCHES = ("/search", "/api/v1/search", "/api/v1/suggest", "/search.atom", "/zh/search", "/suggest", "/compare")


@dataclass(frozen=True)
class Hostile:
    """One request as the bytes that are sent."""

    family: str
    raw: bytes

    @property
    def line(self) -> str:
        """Its beginning, for a message."""
        return repr(self.raw[:160])


def get(target: str | bytes, *headers: str | bytes, method: str = "GET", host: str | bytes = "localhost") -> bytes:
    """A request whose target and headers are taken as they are."""
    lines = [b" ".join((method.encode("latin-1", "replace"), _bytes(target), b"HTTP/1.1")), b"Host: " + _bytes(host)]
    lines += [_bytes(header) for header in headers]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")


def search(words: str, chance: random.Random, more: str = "") -> bytes:
    """A search for words in one of the places that search."""
    path = chance.choice(SEARCHES)
    name = "add" if path == "/compare" else "q"
    return get(f"{path}?{name}={quote(words, safe='')}{more}")


# ---------------------------------------------------------------------------------------------------------------------

BOMBS = (
    "*", "*a*", "a*", "?", "[a TO z]", "[* TO *]", "a~9", "hospital~9", "x^0", "NOT NOT x", "NOT x", "-", "--", "-a -b",
    "AND", "OR OR OR", "AND AND", "(", ")", "()", ")(", "((((", '"', '""', '"a', 'a"b"c', "title:", "title:title:title:x",
    "city:", 'city:"', "city:*", "kind:nothing", "specialty:(a OR b", "_missing_:x", "id:*", "__class__:x", "a:b:c:d",
    "/(a+)+$/", "/[/", "\\", "\\\\\\", "a\\", "+", "+a -a", "&&", "||", "!", "!!", "{", "}", "{1 TO 2}", ":", "::", "^", "~",
    "\x00", "%", "%00", "%s%s%s%n", "${7*7}", "{{7*7}}", "#{7*7}", "<%= 7*7 %>", "'; DROP TABLE x; --", "1 OR 1=1",
    "$(sleep 9)", "`sleep 9`", "| sleep 9", "; sleep 9", "../../../etc/passwd", "file:///etc/passwd", "http://127.0.0.1/",
    "()()()()", '"" "" ""', "a OR", "OR a", "a AND", "NOT", "NEAR/5", "a NEAR b", '"a b"~9999999', "a^99999999", "a~0.5",
    "title:(a b", "title:\"a b\"*", "-title:a", "-(a OR b)", "-(-(-(a)))", "((a) OR (b) AND NOT (c))", "。，、；：", "“”‘’", "（（（",
)  # fmt: skip


def syntax(chance: random.Random) -> Iterator[bytes]:
    """Query syntax that stalls or crashes parsers."""
    pieces = (
        "(",
        ")",
        '"',
        "*",
        "-",
        "NOT ",
        "AND ",
        "OR ",
        "title:",
        "city:",
        "a",
        "b ",
        " ",
        "~",
        "^",
        "eye ",
        "医院",
        ":",
        "+",
    )
    for bomb in BOMBS:
        yield search(bomb, chance)
    while True:
        kind = chance.randrange(9)
        many = chance.choice((10, 100, 400, 1000, 2500))
        if kind == 0:
            words = (
                chance.choice(("(", ")", '"', "*", "NOT ", "-", "AND ", "a OR ", "title:", "~", "a* ", "[", "\\", "^9"))
                * many
            )
        elif kind == 1:
            words = "(" * many + chance.choice(("eye", "", "a OR b")) + ")" * many
        elif kind == 2:
            words = " ".join(chance.choice("abcdefghij") * chance.randint(1, 3) + "*" for _ in range(min(many, 900)))
        elif kind == 3:
            words = " OR ".join(f"w{chance.randrange(9999)}" for _ in range(min(many, 900)))
        elif kind == 4:
            words = (
                '"' + " ".join(chance.choice(("the", "of", "hospital", "china")) for _ in range(min(many, 900))) + '"'
            )
        elif kind == 5:
            words = " ".join(f"hosptial{chance.randrange(999)}" for _ in range(min(many, 500)))
        elif kind == 6:
            words = "NOT (" * min(many, 900) + "a"
        elif kind == 7:
            words = "".join(
                chance.choice(("hospital", "china", "医院", "treatment", "cancer")) for _ in range(min(many, 500))
            )
        else:
            words = "".join(chance.choice(pieces) for _ in range(min(many, 900)))
        yield search(words[:7000], chance)


def lengths(chance: random.Random) -> Iterator[bytes]:
    """More of everything than anybody needs."""
    while True:
        kind = chance.randrange(8)
        size = chance.choice((8_000, 8_190, 8_191, 8_200, 20_000, 100_000, 1_000_000)) + chance.randrange(-40, 40)
        if kind == 0:
            yield get("/search?q=" + "a" * size)
        elif kind == 1:
            yield get("/" + "a/" * (size // 2))
        elif kind == 2:
            yield get("/search?" + "&".join(f"city=c{number}" for number in range(size // 10)))
        elif kind == 3:
            yield get("/search?" + "&" * size)
        elif kind == 4:
            yield get("/", "X-Long: " + "a" * size)
        elif kind == 5:
            yield get("/", *[f"X-{number}: a" for number in range(min(size // 10, 5000))])
        elif kind == 6:
            yield get("/api/v1/search?q=" + quote("医" * (size // 9)))
        else:
            yield get("/search?q=eye", "Cookie: " + "a=b; " * (size // 5))


CHARACTERS = (
    "%00", "a%00b", "%ff%fe", "%c0%af", "%ed%a0%80", "%ed%b0%80%ed%a0%80", "%f4%90%80%80", "%e2%80%ae", "a%e2%80%8bb", "%ef%bb%bf",
    "%ef%b7%ba", "%ef%b7%ba" * 100, "e" + "%cc%81" * 300, "%f0%9f%91%a8%e2%80%8d%f0%9f%91%a9", "%e2%81%a6%e2%81%a9", "%0d%0aX-Injected:%201",
    "%0aSet-Cookie:%20a=b", "%1b%5b31m", "%7f", "%c2%85", "%e2%80%a8", "%ef%bf%be", "%ef%bf%bf", "%f3%a0%81%81", "%ee%80%80", "%e5%8c%bb" * 600,
    "%", "%%", "%g1", "%u0041", "%2", "+", "%20", "%09", "%EF%BC%B0%EF%BC%A4", "%c4%b0", "%e1%ba%9e", "%ef%ac%83", "%e2%84%ab", "%cf%82",
)  # fmt: skip


def characters(chance: random.Random) -> Iterator[bytes]:
    """Nulls, surrogates, broken UTF-8, bidi, zero-width, what grows when normalised."""
    for each in CHARACTERS:
        yield get(f"{chance.choice(SEARCHES)}?q={each}")
    while True:
        words = "".join(chance.choice((*CHARACTERS, "eye", "+", "hospital")) for _ in range(chance.randint(1, 12)))[
            :7000
        ]
        where = chance.randrange(4)
        if where == 0:
            yield get(f"/search?city={words}&specialty={words[:300]}")
        elif where == 1:
            yield get(f"/hospitals/{words}")
        elif where == 2:
            yield get(f"/search?{words}=1")
        else:
            yield get(f"{chance.choice(SEARCHES)}?q={words}")


NUMBERS = (
    "-1", "0", "00", "1e9", "9" * 30, "9" * 5000, "NaN", "inf", "0x10", " 1", "１", "²", "1.5", "1,000", "--1", "+1", "1_0", "null", "[]",
    "1;2", "%31", "2147483648", "9223372036854775808", "1000000000", "10001", "101", "100", "999", "", "%00", "1%00", "٣", "true",
)  # fmt: skip


def numbers(chance: random.Random) -> Iterator[bytes]:
    """Pages and sizes."""
    names = ("page", "per_page", "limit", "sort", "exact", "ignore")
    for value in NUMBERS:
        for name in names[:2]:
            yield get(f"{chance.choice(SEARCHES)}?q=hospital&{name}={quote(value, safe='%')}")
    while True:
        given = "&".join(
            f"{chance.choice(names)}={quote(chance.choice(NUMBERS), safe='%')}" for _ in range(chance.randint(1, 5))
        )
        yield get(f"{chance.choice(SEARCHES)}?q={chance.choice(('hospital', '', 'eye', '*'))}&{given}")


def parameters(chance: random.Random) -> Iterator[bytes]:
    """Unknown, repeated, nested and broken parameters."""
    names = ("q", "q[]", "q[$ne]", "Q", "__proto__", "constructor", "q.x", "city", "city[]", "kind", "page", "callback", "format", "debug",
             "_method", "utm_source", "<b>", "%00", "", "explain", "lang", "next", "url", "redirect", "h", "add", "topic", "ignore", "exact")  # fmt: skip
    values = (
        "eye",
        "",
        "1",
        "Shanghai",
        f"<{MARK}>",
        "//evil.example",
        "city:Shanghai",
        "spelling",
        "%",
        "a" * 500,
        "hospital",
        "[]",
    )
    while True:
        pairs = [
            f"{chance.choice(names)}={quote(chance.choice(values), safe='')}"
            for _ in range(chance.choice((1, 2, 5, 30, 150)))
        ]
        target = f"{chance.choice(SEARCHES)}?{chance.choice(('&', ';', '&&', '&amp;')).join(pairs)}"
        yield get(target[: chance.choice((8000, 8000, 300))])


PATHS = (
    "/hospitals/../../etc/passwd", "/hospitals/..%2f..%2fetc%2fpasswd", "/articles/%2e%2e/%2e%2e/etc/passwd", "/articles/..\\..\\etc\\passwd",
    "/articles/%5c..%5c", "/static/../settings.py", "/static/..%2fsettings.py", "/static/%2e%2e/%2e%2e/indexer/errors.py", "/static//etc/passwd",
    "//etc/passwd", "//evil.example/%2e%2e", "/%2f/evil.example", "/\\evil.example", "/.git/config", "/.env", "/index/CURRENT", "/CURRENT", "/manifest.json",
    "/hospitals/%00", "/hospitals/a%00.html", "/hospitals/a/b/c", "/hospitals/", "/hospitals//", "/articles/.", "/articles/..", "/api/v1/documents/../x",
    "/api/v1/documents/hospitals/..%2f..%2fx", "/api/v1/documents/%2e/%2e", "/api/v1/documents/hospitals/" + "a" * 5000, "/api/v2/search", "/api", "/api/v1",
    "/zh/zh/zh/search", "/zh//search?q=x", "/console", "/?__debugger__=yes&cmd=resource&f=style.css", "/wp-login.php", "/server-status", "/.well-known/x",
    "/hospitals/" + "%2e%2e%2f" * 50, "/cities/..", "/cities/%00", "/cities/shanghai/../beijing", "/about/../../etc", "/about/%2e%2e%2fprivacy", "/metrics/../x",
    "/favicon.ico/../../x", "/sitemap.xml/", "/robots.txt%00", "/opensearch.xml?x=<b>", "/" + "../" * 200, "/%", "/%zz", "/%c0%ae%c0%ae/", "/\xff\xfe",
)  # fmt: skip


def traversal(chance: random.Random) -> Iterator[bytes]:
    """Addresses that try to leave the site."""
    for path in PATHS:
        yield get(path)
    for target in (
        "*",
        "http://evil.example/",
        "http://localhost/search?q=x",
        "localhost:80",
        "",
        "search",
        "?q=x",
        "#",
        "/#x",
        "ftp://x/",
        "http://[::1",
        "/ /",
    ):
        yield get(target)
    steps = (
        "..",
        "%2e%2e",
        "..%2f",
        "%2f",
        "%5c",
        ".",
        "etc",
        "passwd",
        "hospitals",
        "articles",
        "static",
        "%00",
        "~root",
        "proc/self/environ",
        "..;",
        "%252e%252e",
    )
    while True:
        yield get("/" + "/".join(chance.choice(steps) for _ in range(chance.randint(1, 12))))


def methods(chance: random.Random) -> Iterator[bytes]:
    """Methods and bodies that nothing here takes."""
    names = (
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "TRACE",
        "OPTIONS",
        "CONNECT",
        "PROPFIND",
        "BREW",
        "get",
        "G" * 300,
        "GET/",
        "HEAD",
        "MKCOL",
        "<B>",
        "\x00",
        "",
    )
    bodies = (
        b"q=eye", b'{"q": "eye"}', b"[" * 5000, b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", b"a" * 200_000,
        gzip.compress(b"a" * 3_000_000, mtime=0), b"--x\r\nContent-Disposition: form-data; name=q; filename=../../x\r\n\r\na\r\n--x--\r\n", base64.b64encode(b"a" * 999), b"",
    )  # fmt: skip
    kinds = (
        "application/x-www-form-urlencoded",
        "application/json",
        "multipart/form-data; boundary=x",
        "text/xml",
        "a/b; " * 50,
        "application/octet-stream",
    )
    for name in names:
        yield get("/search?q=eye", method=name)
    while True:
        body = chance.choice(bodies)
        extra = [f"Content-Length: {len(body)}", f"Content-Type: {chance.choice(kinds)}"]
        if chance.random() < 0.3:
            extra.append(f"Content-Encoding: {chance.choice(('gzip', 'br', 'deflate', 'x'))}")
        yield (
            get(
                chance.choice(("/", "/search", "/api/v1/search", "/healthz", "/metrics", "/static/x")),
                *extra,
                method=chance.choice(names[:9]),
            )
            + body
        )


def headers(chance: random.Random) -> Iterator[bytes]:
    """Headers, hosts and encodings."""
    hosts = (
        "",
        "evil.example",
        f"<{MARK}>",
        "a b",
        "localhost:99999999",
        "[::1",
        "x" * 300,
        "\xff\xfe",
        "localhost\x00",
        "a,b",
        "../",
        "127.0.0.1:80:80",
        "@",
        "localhost#",
    )
    lines = (
        "Accept-Encoding: br;q=x, ;", "Accept-Encoding: " + "gzip, " * 900, "Accept-Encoding: identity;q=0, *;q=0", "Accept-Encoding: br", "Accept-Encoding: zstd",
        "Accept-Language: " + "x-" * 2000, "Accept-Language: ;q=,zh;q=9", "Accept-Language: *;q=-1", "Accept: \x01", "Accept: " + "a/b," * 1500, "Accept: text/html;q=NaN",
        'If-None-Match: "', "If-None-Match: *", "If-None-Match: " + '"a", ' * 1000, 'If-None-Match: W/"x', "If-Modified-Since: never", "If-Match: *", 'If-Match: "x"',
        "If-Modified-Since: Thu, 01 Jan 9999 00:00:00 GMT", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT", "If-Range: x", "Range: bytes=0-10", "Range: bytes=5-1",
        "Range: bytes=-1", "Range: bytes=" + "0-1," * 1000, "Range: bytes=99999999999-", "Range: lines=1-2", "Range: bytes=a-b", "Cookie: " + "a=b; " * 1000, "Cookie: =;=;\xff",
        "X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: " + "1.1.1.1, " * 500, "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher", "X-Forwarded-Prefix: /x",
        "X-Original-URL: /metrics", "X-Rewrite-URL: /metrics", "X-HTTP-Method-Override: DELETE", "Forwarded: for=127.0.0.1;host=evil.example", "Authorization: Basic " + "x" * 4000,
        "Content-Length: -1", "Content-Length: abc", "Content-Length: 1\r\nContent-Length: 2", "Content-Length: 99999999999999999999", "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked", "Transfer-Encoding: x", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding:\x0bchunked", "Expect: 100-continue", "Expect: x",
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", "Upgrade: websocket\r\nSec-WebSocket-Key: x", "TE: trailers", "Origin: null", f"Referer: https://x/<{MARK}>", "Referer: \xff",
        f"User-Agent: <{MARK}>", "User-Agent: () { :; }; echo x", "X\x00: y", "X : y", ": y", "X: a\r\n folded", "X: a\x00b", "no colon here", "X: \x7f", "Script-Name: /x", "Sec-GPC: 2",
        "Host: again.example", "Proxy: evil.example", "Content-Type: text/html; charset=utf-7", "X: ${jndi:ldap://x/a}", "Connection: x, close, Host", "Keep-Alive: timeout=99999",
    )  # fmt: skip
    for host in hosts:
        yield get("/search?q=eye", host=host)
    for line in lines:
        yield get(chance.choice(("/search?q=eye", "/api/v1/search?q=eye", "/", "/favicon.svg")), line)
    yield from (
        b"GET /\r\n\r\n",
        b"GET / HTTP/0.9\r\n\r\n",
        b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00" * 40_000,
        b"a" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /metrics HTTP/1.1\r\nHost: y\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"GET / HTTP/1.1 x\r\nHost: x\r\n\r\n",
    )
    while True:
        chosen = [chance.choice(lines) for _ in range(chance.randint(2, 6))]
        yield get(
            chance.choice(("/search?q=eye", "/api/v1/search?q=eye", "/", "/sitemap.xml", "/articles")),
            *chosen,
            host=chance.choice(("localhost", *hosts)),
        )


def markup(chance: random.Random) -> Iterator[bytes]:
    """Markup in everything that may be shown again."""
    payloads = (
        f"<{MARK} onload=alert(1)>", f'"><{MARK}>', f"'><{MARK}>", f"</title><{MARK}>", f"</script><{MARK}>", f"<!--<{MARK}>", f"]]><{MARK}>", f"%3C{MARK}%3E", f"&lt;{MARK}&gt;",
        f'" onmouseover="{MARK}', f"javascript:{MARK}", f"＜{MARK}＞", f"<{MARK}\x00>", f"\u2028<{MARK}>", f"<<{MARK}>>", f"<{MARK}/>", f"<\n{MARK}>", f"{{{{ '<{MARK}>' }}}}", f"<{MARK}>" * 30,
    )  # fmt: skip
    places = (
        "/search?q={}", "/search?q=eye&city={}", "/search?q=eye&specialty={}", "/search?q=eye&sort={}", "/search?q=eye&page={}", "/search?{}=1", "/search?q=eye&ignore={}", "/compare?h={}",
        "/compare?add={}", "/hospitals/{}", "/articles/{}", "/cities/{}", "/{}", "/zh/{}", "/zh/search?q={}", "/api/v1/search?q={}", "/api/v1/search?{}=1", "/api/v1/documents/{}/{}", "/api/v1/suggest?q={}",
        "/search.atom?q={}", "/suggest?q={}", "/about/{}", "/static/{}", "/search?q=title:{}", "/search?q=%22{}%22", "/search?q=-{}", "/search?q={}&exact=1", "/opensearch.xml?q={}", "/hospitals/x?q={}",
    )  # fmt: skip
    while True:
        payload = quote(chance.choice(payloads), safe="")
        yield get(chance.choice(places).replace("{}", payload))


FAMILIES = {
    "syntax": (syntax, 26), "lengths": (lengths, 6), "characters": (characters, 14), "numbers": (numbers, 10), "parameters": (parameters, 8),
    "traversal": (traversal, 10), "methods": (methods, 8), "headers": (headers, 14), "markup": (markup, 14),
}  # fmt: skip  # how many of a hundred or so


def requests(count: int, seed: int) -> list[Hostile]:
    """So many different requests, of all families, in random order."""
    chance = random.Random(seed)
    total = sum(share for _, share in FAMILIES.values())
    found: dict[bytes, Hostile] = {}
    for name, (make, share) in FAMILIES.items():
        wanted, made = -(-count * share // total), make(random.Random(f"{seed} {name}"))
        # What is listed comes first in each family; a short run takes a sample of it.
        pool = list(dict.fromkeys(next(made) for _ in range(max(wanted * 2, 150))))
        for raw in chance.sample(pool, min(wanted, len(pool))):
            found[raw] = Hostile(name, raw)
    chosen = list(found.values())
    chance.shuffle(chosen)
    return chosen[:count]

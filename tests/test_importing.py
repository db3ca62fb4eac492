"""Bringing pages in, from real files and from a real server that misbehaves."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import socket
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer import fetching, shelf, sites
from indexer.cli import corpus_group
from indexer.importing import Outcome
from indexer.reach import NotFetched, Scope, names_private
from indexer.shelf import RECORD
from indexer.sitemap import NoSitemap, read_sitemap, unpack
from indexer.sites import name_of_address
from tests.pages_server import Server, carry, files, page, record, sentences, serving

HOSPITAL = (
    '<script type="application/ld+json">{"@type": "Hospital", "name": "Eye Hospital"}</script>'
    "<body><main><h1>Eye Hospital</h1><p>It treats eyes.</p></main>"
)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as served:
        yield served


# ---------------------------------------------------------------------------------------------------------------------
# Saved files


def test_a_saved_file_is_kept_byte_for_byte_with_its_origin(tmp_path: Path) -> None:
    data = "<title>签证</title><p>外国病人来华就医的签证。</p>".encode("gb18030")
    source = tmp_path / "Visa Rules.HTM"
    source.write_bytes(data)
    assert carry([str(source)], tmp_path / "corpus") == [
        Outcome(True, f"Brought articles/visa-rules.htm from {source}.")
    ]
    assert (tmp_path / "corpus/articles/visa-rules.htm").read_bytes() == data
    header, line = record(tmp_path / "corpus")
    assert header == ["file", "address", "date", "sha256", "etag", "modified", "base"]
    assert line[:2] == ["articles/visa-rules.htm", source.as_uri()]
    assert line[3] == hashlib.sha256(data).hexdigest()
    assert len(line[2]) == len("2026-01-01")


def test_a_page_goes_where_it_says_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "eye.html").write_text(HOSPITAL)
    (tmp_path / "visa.md").write_text("# Visa\n\nAsk the embassy.\n")
    corpus = tmp_path / "corpus"
    carry([str(tmp_path / "eye.html"), str(tmp_path / "visa.md")], corpus)
    assert files(corpus) == ["articles/visa.md", "hospitals/eye.html"]


def test_a_page_that_does_not_say_goes_into_the_folder_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Some Hospital\n\nIt is a place.\n")
    carry([str(tmp_path / "a.txt")], tmp_path / "corpus", into="hospitals")
    assert files(tmp_path / "corpus") == ["hospitals/a.txt"]


def test_a_folder_is_read_whole_and_its_filing_kept(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    for name in ("hospitals/a.html", "guides/costs/b.html", "index.html", "style.css"):
        (saved / name).parent.mkdir(parents=True, exist_ok=True)
        (saved / name).write_bytes(page(name))
    (saved / "empty.html").write_bytes(b"")
    (saved / "picture.html").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    outcomes = carry([str(saved)], tmp_path / "corpus")
    assert files(tmp_path / "corpus") == ["articles/guides-costs-b.html", "articles/index.html", "hospitals/a.html"]
    assert [sentence for sentence in sentences(outcomes) if sentence.startswith("Left")] == [
        f"Left out {saved}/empty.html: the file is empty.",
        f"Left out {saved}/picture.html: no text: a PNG picture.",
    ]


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_bytes(page("Secret"))
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "a.html").symlink_to(tmp_path / "secret.html")
    assert sentences(carry([str(tmp_path / "saved")], tmp_path / "corpus")) == [
        f"Left out {tmp_path}/saved/a.html: a link that leaves the corpus."
    ]
    assert not (tmp_path / "corpus").exists()


def test_what_is_there_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    source, corpus = tmp_path / "a.html", tmp_path / "corpus"
    source.write_bytes(page("One"))
    carry([str(source)], corpus)
    source.write_bytes(page("Two"))
    assert sentences(carry([str(source)], corpus)) == [
        f"Left out {source}: articles/a.html is there already; --replace overwrites it."
    ]
    assert (corpus / "articles/a.html").read_bytes() == page("One")
    assert carry([str(source)], corpus, replace=True) == [Outcome(True, f"Replaced articles/a.html from {source}.")]
    assert (corpus / "articles/a.html").read_bytes() == page("Two")


def test_a_replaced_page_leaves_no_twin_under_another_suffix(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "articles").mkdir(parents=True)
    (corpus / "articles" / "a.txt").write_text("Old\n\nWords of old.\n")
    (tmp_path / "a.html").write_bytes(page("New"))
    carry([str(tmp_path / "a.html")], corpus, replace=True)
    assert files(corpus) == ["articles/a.html"]


def test_one_run_never_overwrites_its_own_pages(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.html").write_bytes(page(folder))
    outcomes = carry([str(tmp_path / "one"), str(tmp_path / "two")], tmp_path / "corpus", replace=True)
    assert [outcome.ok for outcome in outcomes] == [True, False]
    assert (tmp_path / "corpus/articles/a.html").read_bytes() == page("one")


def test_the_same_bytes_are_not_kept_twice(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        (tmp_path / name).write_bytes(page("Same"))
    outcomes = carry([str(tmp_path / "a.html"), str(tmp_path / "b.html")], tmp_path / "corpus")
    assert sentences(outcomes)[1] == f"Passed over {tmp_path}/b.html: the same bytes as articles/a.html."
    assert files(tmp_path / "corpus") == ["articles/a.html"]


def test_every_refusal_of_a_source_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    sources = [f"{tmp_path}/none.html", f"{tmp_path}/a.pdf", "ftp://a.example/x", "file:///etc/passwd"]
    assert sentences(carry(sources, tmp_path / "corpus")) == [
        f"Left out {tmp_path}/none.html: there is no such file or folder.",
        f"Left out {tmp_path}/a.pdf: not a page: its name must end in .html, .htm, .xhtml, .txt or .md.",
        "Left out ftp://a.example/x: only http and https addresses are read.",
        "Left out file:///etc/passwd: only http and https addresses are read.",
    ]


def test_no_more_pages_than_the_limit_are_brought(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / "saved").mkdir(exist_ok=True)
        (tmp_path / "saved" / f"{name}.html").write_bytes(page(name))
    outcomes = carry([str(tmp_path / "saved")], tmp_path / "corpus", limit=2)
    assert files(tmp_path / "corpus") == ["articles/a.html", "articles/b.html"]
    assert outcomes[2:] == [Outcome(False, "Stopped after 2 pages, the limit; more are brought with a higher --limit.")]


def test_a_corpus_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(page("One"))
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "articles").write_text("a file where the folder should be")
    (outcome,) = carry([str(tmp_path / "a.html")], tmp_path / "corpus")
    assert outcome == Outcome(False, f"Left out {tmp_path}/a.html: articles/a.html cannot be written: file exists.")


def test_a_record_that_names_files_elsewhere_is_not_believed(tmp_path: Path, server: Server) -> None:
    outside = tmp_path / "outside.html"
    outside.write_bytes(page("Outside"))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    address = server.answer("/a", page("A"))
    (corpus / RECORD).write_text(f"file\taddress\tdate\tsha256\n../outside.html\t{address}\t2026-01-01\tx\n")
    assert carry([address], corpus, replace=True)[0].ok
    assert outside.read_bytes() == page("Outside")
    assert files(corpus) == ["articles/a.html"]


# ---------------------------------------------------------------------------------------------------------------------
# Addresses


def test_a_page_from_an_address_is_named_after_it(tmp_path: Path, server: Server) -> None:
    address = server.answer("/guides/visa-rules.php?lang=en", page("Visa"))
    assert carry([address + "#top"], tmp_path) == [
        Outcome(True, f"Brought articles/guides-visa-rules-lang-en.html from {address}.")
    ]
    assert record(tmp_path)[1][:2] == ["articles/guides-visa-rules-lang-en.html", address]
    assert server.headers[-1]["User-Agent"].startswith("medsearch/")


def test_names_of_addresses_keep_pages_apart() -> None:
    names = [
        name_of_address(address)
        for address in (
            "https://a.example/",
            "https://a.example/en/index.html",
            "https://a.example/news/12.html",
            "https://a.example/news.aspx?id=12",
            "https://a.example/医院/北京",
            "https://a.example/../../etc/passwd",
            "https://a.example/%2e%2e%2fx.html",
            "https://a.example/" + "long-" * 100,
        )
    ]
    assert names[:4] == ["a-example", "en", "news-12", "news-id-12"]
    assert len(set(names)) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(name) <= 130 for name in names)


def test_an_address_that_was_brought_is_not_asked_again(tmp_path: Path, server: Server) -> None:
    address = server.answer("/a.html", page("One"))
    carry([address], tmp_path)
    server.asked.clear()
    server.answer("/a.html", page("Two"))
    assert sentences(carry([address], tmp_path)) == [
        f"Passed over {address}: it is there already as articles/a.html; --replace asks whether it has changed."
    ]
    assert server.asked == []
    assert carry([address], tmp_path, replace=True)[0].ok
    assert (tmp_path / "articles/a.html").read_bytes() == page("Two")
    assert [line[0] for line in record(tmp_path)] == ["file", "articles/a.html", "articles/a.html"]


def test_two_addresses_with_one_name_are_two_pages(tmp_path: Path, server: Server) -> None:
    one, two = server.answer("/a-b.html", page("One")), server.answer("/a/b.html", page("Two"))
    assert [outcome.ok for outcome in carry([one, two], tmp_path, replace=True)] == [True, True]
    assert len(files(tmp_path)) == 2
    assert (tmp_path / "articles/a-b.html").read_bytes() == page("One")


def test_plain_text_and_markdown_keep_their_form(tmp_path: Path, server: Server) -> None:
    text = server.answer("/a", "Visa\n\nAsk the embassy.\n", kind="text/plain; charset=utf-8")
    markdown = server.answer("/b", "# Costs\n\nAsk the hospital.\n", kind="text/markdown")
    carry([text, markdown], tmp_path)
    assert files(tmp_path) == ["articles/a.txt", "articles/b.md"]


@pytest.mark.parametrize(
    ("status", "kind", "body", "reason"),
    [
        (404, "text/html", "gone", "it answers with status 404"),
        (503, "text/html", "later", "it answers with status 503"),
        (429, "text/html", "slower", "it answers with status 429"),
        (204, "text/html", "", "it answers with status 204"),
        (200, "application/pdf", "%PDF-1.7", "it is application/pdf, not a page"),
        (200, "text/html", "", "the file is empty"),
        (200, "text/html", "<html><body></body></html>", "no text inside <main> or <body>"),
        (302, "text/html", "no location", "it answers with status 302"),
    ],
)
def test_what_is_no_page_is_left_out(
    tmp_path: Path, server: Server, status: int, kind: str, body: str, reason: str
) -> None:
    address = server.answer("/a", body, status=status, kind=kind)
    assert carry([address], tmp_path) == [Outcome(False, f"Left out {address}: {reason}.")]
    assert files(tmp_path) == []


def test_addresses_that_are_none_are_left_out(tmp_path: Path) -> None:
    sources = [
        "http://",
        "http://a b.example/",
        "http://me:secret@a.example/",
        "http://a.example:99999/",
        "http://[::1/",
    ]
    assert [outcome.sentence.partition(": ")[2] for outcome in carry(sources, tmp_path)] == [
        "it names no host.",
        "it is no address: too long, or with spaces in it.",
        "it has a name or password in it; give the address without.",
        "it is no address.",
        "it is no address.",
    ]


def test_a_host_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (outcome,) = carry([f"http://127.0.0.1:{port}/a.html"], tmp_path)
    assert outcome.sentence.endswith("cannot be read (no connection to its host), so nothing there is read.")


def test_a_page_packed_with_gzip_is_kept_unpacked(tmp_path: Path, server: Server) -> None:
    address = server.answer("/a.html", gzip.compress(page("Packed")), Content_Encoding="gzip")
    carry([address], tmp_path)
    assert (tmp_path / "articles/a.html").read_bytes() == page("Packed")


def test_a_packing_that_was_not_asked_for_is_refused(tmp_path: Path, server: Server) -> None:
    address = server.answer("/a.html", b"\x1b\x00", Content_Encoding="br")
    (outcome,) = carry([address], tmp_path)
    assert outcome.sentence.endswith("it comes compressed as 'br', which was not asked for.")


def test_a_page_larger_than_the_limit_is_not_read_to_its_end(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "MAX_FILE_BYTES", 200_000)
    sent = [0]

    def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        while sent[0] < 500_000_000:
            sent[0] += handler.wfile.write(b"<p>more</p>" * 1_000)

    server.answers["/a.html"] = endless
    (outcome,) = carry([server.root + "/a.html"], tmp_path)
    assert outcome.sentence.endswith("it is larger than 0.2 MB.")
    assert sent[0] < 100_000_000


def test_a_bomb_is_not_unpacked_past_the_limit(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "MAX_FILE_BYTES", 1_000_000)
    address = server.answer("/a.html", gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")
    (outcome,) = carry([address], tmp_path)
    assert outcome.sentence.endswith("it is larger than 1 MB once unpacked.")


def test_a_page_that_breaks_off_is_not_kept(tmp_path: Path, server: Server) -> None:
    def broken(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(page("Half"))

    server.answers["/a.html"] = broken
    (outcome,) = carry([server.root + "/a.html"], tmp_path)
    assert outcome.sentence.endswith("it broke off or answered with something that is not HTTP.")
    assert files(tmp_path) == []


@pytest.mark.parametrize("where", ["body", "headers"])
def test_a_server_that_drips_is_cut_off(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.5)

    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(
            b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n" + (b"\r\n" if where == "body" else b"X: ")
        )
        for _ in range(200):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    server.answers["/a.html"] = drip
    (outcome,) = carry([server.root + "/a.html"], tmp_path)
    assert not outcome.ok
    assert "it did not end within" in outcome.sentence


@pytest.mark.parametrize("said", [b"", b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Then nothing"])
def test_a_server_that_falls_silent_is_given_up(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(fetching, "READ_SECONDS", 0.3)
    silent = threading.Event()

    def fall_silent(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(said)
        silent.wait(5)

    server.answers["/a.html"] = fall_silent
    (outcome,) = carry([server.root + "/a.html"], tmp_path)
    silent.set()
    assert "it did not answer within" in outcome.sentence


def test_what_is_not_http_is_a_sentence(tmp_path: Path, server: Server) -> None:
    server.answers["/a.html"] = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n") and None
    (outcome,) = carry([server.root + "/a.html"], tmp_path)
    assert outcome.sentence.startswith(f"Left out {server.root}/a.html: ")
    assert "requests" not in outcome.sentence
    assert "Traceback" not in outcome.sentence


# ---------------------------------------------------------------------------------------------------------------------
# Redirects and private addresses


def test_redirects_are_followed_within_bounds(tmp_path: Path, server: Server) -> None:
    server.answer("/c.html", page("There"))
    server.answer("/b", status=301, Location="/c.html")
    address = server.answer("/a", status=302, Location="b")
    assert carry([address], tmp_path) == [Outcome(True, f"Brought articles/a.html from {address}.")]
    loop = server.answer("/loop", status=302, Location="/loop")
    (outcome,) = carry([loop], tmp_path)
    assert outcome.sentence == f"Left out {loop}: it redirects more than 5 times."


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://a.example/", "javascript:alert(1)"])
def test_a_redirect_to_anything_but_the_web_is_refused(tmp_path: Path, server: Server, target: str) -> None:
    address = server.answer("/a", status=302, Location=target)
    (outcome,) = carry([address], tmp_path)
    assert outcome.sentence == f"Left out {address}: only http and https addresses are read."


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "wiki.internal"])
def test_a_redirect_never_leads_to_a_private_address_that_nobody_named(
    tmp_path: Path, server: Server, host: str
) -> None:
    address = server.answer("/a", status=302, Location=f"http://{host}:1/secret")
    (outcome,) = carry([address], tmp_path)
    assert outcome.sentence == (
        f"Left out {address}: it leads to the private address {host}:1; name that address itself if it is meant."
    )


def test_a_public_name_that_resolves_inward_is_never_sent_anything(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer("/a.html", page("Secret"))
    resolve = socket.getaddrinfo

    def rebound(host: str, *arguments: object, **options: object) -> object:
        return resolve("127.0.0.1" if host == "rebinding.example" else host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    for path in ("/a.html", "/sitemap.xml"):
        (outcome,) = carry([f"http://rebinding.example:{server.port}{path}"], tmp_path)
        assert "rebinding.example leads to the private address 127.0.0.1" in outcome.sentence
    assert server.asked == []


def test_a_number_that_stands_for_a_private_address_is_refused(tmp_path: Path, server: Server) -> None:
    address = server.answer("/a", status=302, Location=f"http://2130706433:{server.port}/b")
    server.answer("/b", page("Secret"))
    (outcome,) = carry([address], tmp_path)
    assert not outcome.ok
    assert "/b" not in server.asked


def test_which_hosts_say_that_they_are_private() -> None:
    private = ("127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1",
               "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "localhost", "db",
               "wiki.local", "x.internal")  # fmt: skip
    assert [host for host in private if not names_private(host)] == []
    public = ("93.184.216.34", "2606:2800:220:1::1", "example.com", "www.chinahospital.example", "::ffff:93.184.216.34")
    assert [host for host in public if names_private(host)] == []


def test_a_grant_is_for_the_very_port_that_was_named() -> None:
    assert Scope.of("http://127.0.0.1:8000/a").grant == ("127.0.0.1", 8000)
    assert Scope.of("http://localhost/a").grant == ("localhost", 80)
    assert Scope.of("https://example.com/a").grant is None


# ---------------------------------------------------------------------------------------------------------------------
# Politeness


def test_robots_txt_is_honoured(tmp_path: Path, server: Server) -> None:
    server.answer("/robots.txt", "User-agent: *\nDisallow: /private/\n", kind="text/plain")
    good, bad = server.answer("/a.html", page("A")), server.answer("/private/b.html", page("B"))
    assert sentences(carry([good, bad], tmp_path)) == [
        f"Brought articles/a.html from {good}.",
        f"Left out {bad}: the robots.txt of 127.0.0.1:{server.port} does not allow it.",
    ]
    assert server.asked == ["/robots.txt", "/a.html"]


def test_robots_txt_is_honoured_after_a_redirect(tmp_path: Path, server: Server) -> None:
    server.answer("/robots.txt", "User-agent: medsearch\nDisallow: /private/\n", kind="text/plain")
    server.answer("/private/b.html", page("B"))
    address = server.answer("/a.html", status=302, Location="/private/b.html")
    assert not carry([address], tmp_path)[0].ok
    assert "/private/b.html" not in server.asked


def test_a_robots_txt_that_fails_forbids_everything(tmp_path: Path, server: Server) -> None:
    server.answer("/robots.txt", "oh no", status=500)
    address = server.answer("/a.html", page("A"))
    assert sentences(carry([address], tmp_path)) == [
        f"Left out {address}: the robots.txt of {server.root} cannot be read (it answers with status 500), "
        "so nothing there is read."
    ]


def test_a_robots_txt_that_has_moved_is_followed(tmp_path: Path, server: Server) -> None:
    server.answer("/rules", "User-agent: *\nDisallow: /a.html\n", kind="text/plain")
    server.answer("/robots.txt", status=301, Location="/rules")
    (outcome,) = carry([server.answer("/a.html", page("A"))], tmp_path)
    assert outcome.sentence.endswith("does not allow it.")


def test_an_endless_robots_txt_counts_up_to_its_limit(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_ROBOTS_BYTES", 1_000)
    rules = "User-agent: *\nDisallow: /b.html\n" + "# filler\n" * 1_000 + "Disallow: /a.html\n"
    server.answer("/robots.txt", rules, kind="text/plain")
    good, bad = server.answer("/a.html", page("A")), server.answer("/b.html", page("B"))
    assert [outcome.ok for outcome in carry([good, bad], tmp_path)] == [True, False]


def test_one_host_is_asked_once_in_the_pause(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(fetching.time, "sleep", slept.append)
    carry([server.answer(f"/{name}.html", page(name)) for name in "ab"], tmp_path, pause=1.0)
    assert len(slept) == 2  # robots.txt, a, b
    assert all(0.5 < seconds <= 1.0 for seconds in slept)


def test_a_crawl_delay_is_kept_or_the_host_left_alone(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(fetching.time, "sleep", slept.append)
    server.answer("/robots.txt", "User-agent: *\nCrawl-delay: 7\n", kind="text/plain")
    address = server.answer("/a.html", page("A"))
    assert carry([address], tmp_path)[0].ok
    assert 6 < slept[-1] <= 7
    server.answer("/robots.txt", "User-agent: *\nCrawl-delay: 3600\n", kind="text/plain")
    (outcome,) = carry([address], tmp_path, replace=True)
    assert "asks for 3600 seconds between two pages" in outcome.sentence


# ---------------------------------------------------------------------------------------------------------------------
# Sitemaps


def test_every_page_of_a_sitemap_comes_in(tmp_path: Path, server: Server) -> None:
    pages = [server.answer(f"/{name}.html", page(name)) for name in "ab"]
    address = server.sitemap("/sitemap.xml", *pages, pages[0], server.root + "/gone.html")
    assert sentences(carry([address], tmp_path)) == [
        f"Brought articles/a.html from {pages[0]}.",
        f"Brought articles/b.html from {pages[1]}.",
        f"Left out {server.root}/gone.html: it answers with status 404.",
    ]


def test_an_index_of_sitemaps_is_followed_also_when_packed(tmp_path: Path, server: Server) -> None:
    one = server.sitemap("/one.xml", server.answer("/a.html", page("A")))
    two = server.sitemap("/two.xml.gz", server.answer("/b.html", page("B")))
    address = server.sitemap("/index.xml", one, two, server.root + "/index.xml", index=True)
    carry([address], tmp_path)
    assert files(tmp_path) == ["articles/a.html", "articles/b.html"]
    assert server.asked.count("/index.xml") == 1


def test_a_sitemap_stays_on_its_host(tmp_path: Path, server: Server) -> None:
    own = server.answer("/a.html", page("A"))
    away = server.answer("/b.html", status=302, Location="http://a.example/b.html")
    others = ["http://a.example/1", "http://localhost:1/2", "http://169.254.169.254/3"]
    address = server.sitemap("/sitemap.xml", own, away, *others)
    assert sentences(carry([address], tmp_path)) == [
        f"Left out {address}: 3 of its pages are on other hosts than 127.0.0.1.",
        f"Brought articles/a.html from {own}.",
        f"Left out {away}: it leads away from 127.0.0.1, to a.example.",
    ]


def test_a_sitemap_may_not_lead_to_another_port_of_a_private_host(tmp_path: Path, server: Server) -> None:
    address = server.sitemap("/sitemap.xml", "http://127.0.0.1:1/secret")
    (outcome,) = carry([address], tmp_path)
    assert "it leads to the private address 127.0.0.1:1" in outcome.sentence


def test_the_number_of_sitemaps_is_bounded(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "MAX_SITEMAPS", 2)
    inner = [server.sitemap(f"/{n}.xml", server.answer(f"/{n}.html", page(str(n)))) for n in range(3)]
    address = server.sitemap("/sitemap.xml", *inner, index=True)
    assert sentences(carry([address], tmp_path))[-1] == (
        f"Left out {address}: it leads to more than 2 sitemaps; the rest was not read."
    )


def test_a_host_that_answers_nothing_is_left_alone(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "MAX_FAILURES", 3)
    address = server.sitemap("/sitemap.xml", *(f"{server.root}/{number}.html" for number in range(10)))
    outcomes = carry([address], tmp_path)
    assert len(outcomes) == 4
    assert outcomes[-1].sentence.endswith("3 pages in a row could not be read; the rest was not asked for.")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html><body>Not found</body></html>", "it is XML, but its root is <html> and not <urlset>"),
        (b"<urlset><url><loc>http://a", "it is not well-formed XML"),
        (b"", "it is not well-formed XML"),
        (b"<urlset></urlset>", "the sitemap is empty"),
        (gzip.compress(b"<urlset></urlset>", mtime=0)[:-9], "it is compressed, and its end is missing"),
    ],
)
def test_what_is_no_sitemap_is_a_sentence(tmp_path: Path, server: Server, body: bytes, reason: str) -> None:
    address = server.answer("/sitemap.xml", body, kind="application/xml")
    (outcome,) = carry([address], tmp_path)
    assert outcome.sentence.startswith(f"Left out {address}: {reason}")


def test_entities_of_a_sitemap_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("http://a.example/secret")
    for value in (f'SYSTEM "{secret.as_uri()}"', '"http://a.example/inner"'):
        xml = f"<!DOCTYPE urlset [<!ENTITY e {value}>]><urlset><url><loc>&e;</loc></url></urlset>"
        assert read_sitemap(xml.encode()).pages == ()


@pytest.mark.timeout(60)  # expanded, it would fill any memory first
def test_a_billion_laughs_cost_nothing() -> None:
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    xml = f'<!DOCTYPE urlset [<!ENTITY e0 "ha">{entities}]><urlset><url><loc>&e9;</loc></url></urlset>'
    with contextlib.suppress(NoSitemap):  # refused by newer versions of libxml2, left unexpanded by others
        assert read_sitemap(xml.encode()).pages == ()


def test_a_sitemap_has_no_more_addresses_than_the_protocol_allows() -> None:
    xml = "<urlset>" + "".join(f"<url><loc>http://a.example/{n}</loc></url>" for n in range(50_001)) + "</urlset>"
    with pytest.raises(NoSitemap, match="more than 50,000 addresses"):
        read_sitemap(xml.encode())


def test_pictures_in_a_sitemap_are_no_pages() -> None:
    xml = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:i="http://www.google.com/schemas/sitemap-image/1.1">'
        "<url><loc> http://a.example/a </loc><i:image><i:loc>http://a.example/a.jpg</i:loc></i:image></url></urlset>"
    )
    assert read_sitemap(xml.encode()).pages == ("http://a.example/a",)


def test_unpacking_is_bounded_in_bytes_and_in_pieces() -> None:
    assert unpack(gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0", 10) == b"ab"
    assert unpack(zlib.compress(b"abc"), 3) == b"abc"
    for data, reason in (
        (gzip.compress(bytes(1_000)), "larger than"),
        (gzip.compress(b"") * 100, "too many pieces"),
        (gzip.compress(b"abc")[:-4] + b"\0\0\0\0", "damaged"),
        (b"\x1f\x8bnonsense", "damaged"),
    ):
        with pytest.raises(ValueError, match=reason):
            unpack(data, 100)


# ---------------------------------------------------------------------------------------------------------------------
# The command


def test_without_the_extra_packages_files_still_come_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "protego", None)
    monkeypatch.delitem(sys.modules, "indexer.fetching")
    monkeypatch.delitem(sys.modules, "indexer.sites")
    (tmp_path / "a.html").write_bytes(page("A"))
    assert sentences(carry(["https://a.example/", str(tmp_path / "a.html")], tmp_path / "corpus")) == [
        "Left out https://a.example/: fetching needs the package protego; "
        "install it with pip install 'medsearch[import]'.",
        f"Brought articles/a.html from {tmp_path}/a.html.",
    ]


def test_the_command_exits_with_one_when_something_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(page("A"))
    corpus = str(tmp_path / "corpus")
    good = CliRunner().invoke(corpus_group, ["import", str(tmp_path / "a.html"), "--corpus", corpus])
    assert (good.exit_code, good.stdout) == (0, f"Brought articles/a.html from {tmp_path}/a.html.\n")
    bad = CliRunner().invoke(corpus_group, ["import", str(tmp_path / "b.html"), "--corpus", corpus])
    assert bad.exit_code == 1
    assert "there is no such file or folder" in bad.stderr


def test_control_characters_of_a_name_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (outcome,) = carry([f"{tmp_path}/\x1b[31mred.html"], tmp_path / "corpus")
    assert "\x1b" not in outcome.sentence


def test_a_half_written_page_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.html").write_bytes(page("A"))

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shelf.os, "replace", full)
    (outcome,) = carry([str(tmp_path / "a.html")], tmp_path / "corpus")
    assert outcome.sentence.endswith("articles/a.html cannot be written: no space left on device.")
    assert list((tmp_path / "corpus" / "articles").iterdir()) == []


def test_an_address_may_be_asked_for_with_too_long_a_name() -> None:
    with pytest.raises(NotFetched, match="too long"):
        Scope.of("http://a.example/" + "x" * 3_000)

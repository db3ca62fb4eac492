"""Following a site's links, asking again only for what has changed, and going on after an interruption."""

from __future__ import annotations

import http.server
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer import outlinks as outlinks_room
from indexer import sites
from indexer.cli import corpus_group
from indexer.decode import decode
from indexer.importing import bring
from indexer.outlinks import joined, outlinks, same_page
from tests.pages_server import Server, carry, files, page, record, sentences, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as served:
        yield served


def linked(title: str, *hrefs: str, head: str = "") -> bytes:
    """A page with links."""
    links = "".join(f'<li><a href="{href}">{href}</a></li>' for href in hrefs)
    return (
        f"<!doctype html><title>{title}</title>{head}<main><h1>{title}</h1><p>All about {title} in one paragraph.</p>"
        f"</main><nav><ul>{links}</ul></nav>"
    ).encode()


def crawl(start: str, corpus: Path, **options: object) -> list[str]:
    return sentences(carry([start], corpus, crawl=True, **options))


def small_site(server: Server) -> str:
    """A start that leads to /a and /b, /a to /c and back; a download and another host are linked too."""
    server.answer("/a", linked("A", "/c", "/", "/brochure.pdf", "mailto:a@b.example"))
    server.answer("/b", linked("B", "a#top", "/a?"))
    server.answer("/c", linked("C", "https://other.example/", "//other.example/x"))
    return server.answer("/", linked("Start", "/a", "b", "javascript:void(0)", "#top", "http://[::1/"))


# ---------------------------------------------------------------------------------------------------------------------
# Links


def test_all_that_links_lead_to_comes_in_once_and_the_nearest_first(tmp_path: Path, server: Server) -> None:
    start = small_site(server)
    assert crawl(start, tmp_path) == [
        f"Brought articles/127-0-0-1.html from {start}.",
        f"Brought articles/a.html from {server.root}/a.",
        f"Brought articles/b.html from {server.root}/b.",
        f"Brought articles/c.html from {server.root}/c.",
    ]
    assert server.asked == ["/robots.txt", "/", "/a", "/b", "/c"]


def test_without_being_told_to_no_link_is_followed(tmp_path: Path, server: Server) -> None:
    carry([small_site(server)], tmp_path)
    assert server.asked == ["/robots.txt", "/"]


def test_a_crawl_goes_no_deeper_than_it_was_told(tmp_path: Path, server: Server) -> None:
    crawl(small_site(server), tmp_path, depth=1)
    assert server.asked == ["/robots.txt", "/", "/a", "/b"]


def test_a_crawl_asks_for_no_more_addresses_than_the_limit(tmp_path: Path, server: Server) -> None:
    server.answer("/", linked("Start", *(f"/none-{number}" for number in range(9))))
    told = crawl(server.root + "/", tmp_path, limit=4)
    assert told[-1] == f"Left out {server.root}/: 4 addresses were asked for, the limit; the rest was not."
    assert len(server.asked) == 1 + 4


def test_a_crawl_reads_no_more_bytes_than_it_may_and_says_so(tmp_path: Path, server: Server) -> None:
    server.answer("/a", b"<main><p>" + b"word " * 10_000)
    server.answer("/b", page("B"))
    start = server.answer("/", linked("Start", "/a", "/b"))
    assert crawl(start, tmp_path, max_bytes=20_000)[2:] == [
        f"Left out {server.root}/b: all that may be read in one run has been read.",
        f"Left out {start}: the rest was not asked for; the same command goes on with it.",
    ]
    assert "/b" not in server.asked
    assert crawl(start, tmp_path, max_bytes=20_000)[2] == f"Brought articles/b.html from {server.root}/b."


def test_a_site_without_end_fills_no_memory(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "MAX_WAITING", 4)
    start = server.answer("/", linked("Start", *(f"/day-{number}" for number in range(99))))
    assert len(crawl(start, tmp_path)) == 4
    monkeypatch.setattr(outlinks_room, "MAX_LINKS", 2)
    assert len(outlinks(linked("Start", "/1", "/2", "/3"), start).addresses) == 2


def test_a_crawl_stays_on_its_host_also_when_it_is_redirected(tmp_path: Path, server: Server) -> None:
    away = server.answer("/away", status=302, Location="http://a.example/")
    inward = server.answer("/inward", status=302, Location="http://169.254.169.254/latest/")
    hrefs = ("http://a.example/", f"http://localhost:{server.port}/secret", f"http://127.0.0.1:{server.port + 1}/x")
    start = server.answer("/", linked("Start", "/away", "/inward", *hrefs))
    assert crawl(start, tmp_path)[1:] == [
        f"Passed over {away}: it leads away from 127.0.0.1, to a.example.",
        f"Passed over {inward}: it leads away from 127.0.0.1, to 169.254.169.254.",
    ]
    assert server.asked == ["/robots.txt", "/", "/away", "/inward"]


def test_a_loop_of_redirects_ends_and_the_crawl_goes_on(tmp_path: Path, server: Server) -> None:
    server.answer("/loop", status=302, Location="/loop")
    server.answer("/a", page("A"))
    told = crawl(server.answer("/", linked("Start", "/loop", "/a")), tmp_path)
    assert told[1:] == [
        f"Left out {server.root}/loop: it redirects more than 5 times.",
        f"Brought articles/a.html from {server.root}/a.",
    ]


def test_links_are_read_from_where_a_redirect_led_also_on_the_next_run(tmp_path: Path, server: Server) -> None:
    server.answer("/guide/", linked("Guide", "visa"))
    start = server.answer("/guide", status=301, Location="/guide/")
    crawl(start, tmp_path)
    assert record(tmp_path)[1][6] == server.root + "/guide/"
    server.answer("/guide/visa", page("Visa"))
    assert crawl(start, tmp_path)[1] == f"Brought articles/guide-visa.html from {server.root}/guide/visa."


def test_what_robots_txt_forbids_is_passed_over_and_no_failure(tmp_path: Path, server: Server) -> None:
    server.answer("/robots.txt", "User-agent: *\nDisallow: /a\n", kind="text/plain")
    start = small_site(server)
    outcomes = carry([start], tmp_path, crawl=True)
    assert [outcome.sentence for outcome in outcomes if not outcome.brought] == [
        f"Passed over {server.root}/a: the robots.txt of 127.0.0.1:{server.port} does not allow it."
    ]
    assert all(outcome.ok for outcome in outcomes)
    assert not {"/a", "/c"} & set(server.asked)


def test_a_page_that_asks_robots_to_leave_it_is_left(tmp_path: Path, server: Server) -> None:
    server.answer("/quiet", linked("Quiet", "/a", head='<meta name="ROBOTS" content="NoIndex, follow">'))
    server.answer("/last", linked("Last", "/b", head='<meta name="robots" content="nofollow">'))
    server.answer("/a", page("A"))
    start = server.answer("/", linked("Start", "/quiet", "/last") + b'<a rel="external NoFollow" href="/c">c</a>')
    assert crawl(start, tmp_path)[1:] == [
        f"Passed over {server.root}/quiet: it asks to be left out of indexes (meta robots).",
        f"Brought articles/last.html from {server.root}/last.",
        f"Brought articles/a.html from {server.root}/a.",
    ]
    assert not {"/b", "/c"} & set(server.asked)


def test_a_download_without_a_telling_name_is_not_read_to_its_end(tmp_path: Path, server: Server) -> None:
    sent = [0]

    def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.end_headers()
        while sent[0] < 200_000_000:
            sent[0] += handler.wfile.write(bytes(100_000))

    server.answers["/film"] = endless
    start = server.answer("/", linked("Start", "/film"))
    assert crawl(start, tmp_path)[1] == f"Passed over {server.root}/film: it is video/mp4, not a page."
    assert sent[0] < 50_000_000


def test_a_host_that_asks_to_slow_down_is_left_alone(tmp_path: Path, server: Server) -> None:
    server.answer("/a", "slow down", status=429)
    server.answer("/b", page("B"))
    start = server.answer("/", linked("Start", "/a", "/b"))
    assert crawl(start, tmp_path)[1:] == [
        f"Left out {server.root}/a: it answers with status 429.",
        f"Left out {start}: the rest was not asked for; the same command goes on with it.",
    ]
    assert "/b" not in server.asked


def test_a_host_that_only_fails_is_left_alone(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "MAX_FAILURES", 3)
    for number in range(9):
        server.answer(f"/{number}", "oh no", status=500)
    start = server.answer("/", linked("Start", *map(str, range(9))))
    told = crawl(start, tmp_path)
    assert told[-1] == f"Left out {start}: 3 pages in a row could not be read; the rest was not asked for."
    assert len(server.asked) == 5


def test_one_page_at_two_addresses_is_kept_once(tmp_path: Path, server: Server) -> None:
    start = server.answer("/", linked("Start", "/index.html"))
    server.answer("/index.html", linked("Start", "/index.html"))
    outcomes = carry([start], tmp_path, crawl=True)
    assert [outcome.ok for outcome in outcomes] == [True, True]
    assert outcomes[1].sentence == f"Passed over {server.root}/index.html: the same bytes as articles/127-0-0-1.html."


def test_links_are_read_as_a_browser_reads_them() -> None:
    head = '<base href="/en/"><!-- <a href="/hidden">no</a> -->'
    hrefs = (
        "visa",
        "../x",
        "/医院?城市=北京",
        "/a b",
        "HTTP://WWW.A.example:80/q?x=1#y",
        "ftp://a.example/",
        "tel:1",
        "",
    )
    found = outlinks(
        linked("P", *hrefs, head=head) + b'<map><area href="/area"></map><p><a>none</a>', "http://a.example/"
    )
    assert found.addresses == (
        "http://a.example/en/visa",
        "http://a.example/x",
        "http://a.example/%E5%8C%BB%E9%99%A2?%E5%9F%8E%E5%B8%82=%E5%8C%97%E4%BA%AC",
        "http://a.example/a%20b",
        "http://www.a.example/q?x=1",
        "http://a.example/area",
    )
    assert joined("http://a.example/x%20y", "") == "http://a.example/x%20y"
    assert same_page("https://www.a.example") == same_page("http://a.example/")


@pytest.mark.parametrize("data", [b"", b"\0\0", b"<", b"<a href=", b"%PDF-1.7", "<a href='/ü'>".encode("utf-16")])
def test_links_of_what_is_no_page_are_no_error(data: bytes) -> None:
    assert outlinks(data, "http://a.example/").index


# ---------------------------------------------------------------------------------------------------------------------
# Only the server knew the encoding


@pytest.mark.parametrize(
    ("charset", "head", "kept_as_it_came"),
    [
        ("windows-1251", "", False),  # a few letters: nothing but the header tells Russian from Western European
        ("windows-1251", '<meta charset="windows-1251">', True),
        ("no-such-encoding", "", True),
        ("", "", True),
    ],
)
def test_an_encoding_that_only_the_header_names_is_not_lost(
    tmp_path: Path, server: Server, charset: str, head: str, kept_as_it_came: bool
) -> None:
    data = f"<title>Виза</title>{head}<p>Да.</p>".encode("cp1251")
    kind = "text/html" + (f"; charset={charset}" if charset else "")
    carry([server.answer("/a.html", data, kind=kind)], tmp_path)
    kept = (tmp_path / "articles/a.html").read_bytes()
    assert (kept == data) == kept_as_it_came
    if not kept_as_it_came:
        assert "<p>Да.</p>" in kept.decode("utf-8-sig")


def test_a_header_that_names_the_wrong_encoding_does_no_harm(tmp_path: Path, server: Server) -> None:
    data = "<title>签证</title><p>外国病人来华就医的签证,请向使馆查询。</p>".encode("gb18030")
    carry([server.answer("/a.html", data, kind="text/html; charset=utf-8")], tmp_path)
    assert (tmp_path / "articles/a.html").read_bytes() == data
    assert decode(data, "utf-8").text == data.decode("gb18030")


# ---------------------------------------------------------------------------------------------------------------------
# The next run


def versioned(server: Server, path: str, body: bytes, *, etag: str = "", modified: str = "") -> str:
    """A page whose server answers 304 to whoever has this version."""

    def send(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked = (handler.headers.get("If-None-Match", ""), handler.headers.get("If-Modified-Since", ""))
        known = asked[0] == etag if etag else asked[1] == modified
        handler.send_response(304 if known else 200)
        for name, value in (("ETag", etag), ("Last-Modified", modified)):
            if value:
                handler.send_header(name, value)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(0 if known else len(body)))
        handler.end_headers()
        if not known:
            handler.wfile.write(body)

    server.answers[path] = send
    return server.root + path


@pytest.mark.parametrize("mark", [{"etag": '"v1"'}, {"modified": "Wed, 21 Oct 2026 07:28:00 GMT"}])
def test_the_next_run_asks_only_whether_a_page_has_changed(
    tmp_path: Path, server: Server, mark: dict[str, str]
) -> None:
    address = versioned(server, "/a.html", page("One"), **mark)
    carry([address], tmp_path)
    assert record(tmp_path)[1][4:6] == [mark.get("etag", ""), mark.get("modified", "")]
    outcomes = carry([address], tmp_path, replace=True)
    assert sentences(outcomes) == [f"Passed over {address}: it has not changed, articles/a.html stays."]
    assert outcomes[0].ok
    versioned(server, "/a.html", page("Two"), etag='"v2"')
    assert sentences(carry([address], tmp_path, replace=True)) == [f"Replaced articles/a.html from {address}."]
    assert (tmp_path / "articles/a.html").read_bytes() == page("Two")
    assert record(tmp_path)[-1][4] == '"v2"'


def test_a_page_that_was_changed_by_hand_is_asked_for_whole(tmp_path: Path, server: Server) -> None:
    address = versioned(server, "/a.html", page("One"), etag='"v1"')
    carry([address], tmp_path)
    (tmp_path / "articles/a.html").write_bytes(page("Mine"))
    carry([address], tmp_path, replace=True)
    assert "If-None-Match" not in server.headers[-1]
    assert (tmp_path / "articles/a.html").read_bytes() == page("One")


def test_a_server_without_marks_that_sends_the_same_again_changes_nothing(tmp_path: Path, server: Server) -> None:
    address = server.answer("/a.html", page("One"))
    carry([address], tmp_path)
    (outcome,) = carry([address], tmp_path, replace=True)
    assert (outcome.ok, outcome.brought) == (True, False)
    assert outcome.sentence == f"Passed over {address}: it has not changed, articles/a.html stays."
    assert len(record(tmp_path)) == 2


@pytest.mark.parametrize("mark", ["x" * 201, "ü", "a\tb"])
def test_a_mark_that_would_break_the_record_is_not_remembered(tmp_path: Path, server: Server, mark: str) -> None:
    carry([server.answer("/a.html", page("One"), ETag=mark)], tmp_path)
    assert record(tmp_path)[1][4] == ""


@pytest.mark.parametrize("status", [404, 410, 500])
def test_a_page_that_has_vanished_stays_and_its_absence_is_told(tmp_path: Path, server: Server, status: int) -> None:
    address = server.answer("/a.html", page("One"))
    carry([address], tmp_path)
    day = record(tmp_path)[1][2]
    server.answer("/a.html", "gone", status=status)
    (outcome,) = carry([address], tmp_path, replace=True)
    assert not outcome.ok
    assert outcome.sentence == (
        f"Left out {address}: it answers with status {status}; articles/a.html, fetched on {day}, stays."
    )
    assert (tmp_path / "articles/a.html").read_bytes() == page("One")


def test_a_304_that_was_not_asked_for_is_no_page(tmp_path: Path, server: Server) -> None:
    address = server.answer("/a.html", status=304)
    assert sentences(carry([address], tmp_path)) == [f"Left out {address}: it answers with status 304."]


def test_a_record_of_an_earlier_form_is_read(tmp_path: Path, server: Server) -> None:
    address = server.answer("/a.html", page("One"))
    carry([address], tmp_path)
    short = ["\t".join(line[:4]) for line in record(tmp_path)]
    (tmp_path / "imported.tsv").write_text("\n".join(short))  # and its last line has no end
    assert carry([address], tmp_path)[0].passed
    server.answer("/b.html", page("Two"))
    carry([server.root + "/b.html"], tmp_path)
    assert [len(line) for line in record(tmp_path)] == [4, 4, 7]


# ---------------------------------------------------------------------------------------------------------------------
# Interruptions


def test_a_crawl_that_was_stopped_goes_on_without_asking_twice(tmp_path: Path, server: Server) -> None:
    start = small_site(server)
    run = bring([start], tmp_path, pause=0.0, crawl=True)
    assert [next(run).ok, next(run).ok] == [True, True]
    run.close()
    server.asked.clear()
    told = crawl(start, tmp_path)
    assert [sentence.partition(" ")[0] for sentence in told] == ["Passed", "Passed", "Brought", "Brought"]
    assert server.asked == ["/robots.txt", "/b", "/c"]
    assert files(tmp_path) == [f"articles/{name}.html" for name in ("127-0-0-1", "a", "b", "c")]


def test_a_crawl_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path, server: Server) -> None:
    start = small_site(server)
    reached, hold = threading.Event(), threading.Event()
    answer = server.answers["/b"]

    def stall(handler: http.server.BaseHTTPRequestHandler) -> None:
        reached.set()
        hold.wait(60)

    server.answers["/b"] = stall
    code = "import sys; from pathlib import Path; from indexer.importing import bring\n"
    code += "for outcome in bring([sys.argv[1]], Path(sys.argv[2]), pause=0.0, crawl=True): pass"
    with subprocess.Popen([sys.executable, "-c", code, start, str(tmp_path)]) as process:
        assert reached.wait(60)
        process.send_signal(signal.SIGKILL)
    hold.set()
    server.answers["/b"] = answer
    server.asked.clear()
    crawl(start, tmp_path)
    assert server.asked == ["/robots.txt", "/b", "/c"]
    assert files(tmp_path) == [f"articles/{name}.html" for name in ("127-0-0-1", "a", "b", "c")]
    assert [line[0] for line in record(tmp_path)[1:]] == files(tmp_path)
    assert not list(tmp_path.rglob("*.part"))


def test_a_page_whose_line_was_lost_is_taken_up_again(tmp_path: Path, server: Server) -> None:
    address = server.answer("/a.html", page("One"))
    carry([address], tmp_path)
    (tmp_path / "imported.tsv").unlink()
    assert carry([address], tmp_path)[0].passed
    assert record(tmp_path)[1][:2] == ["articles/a.html", address]
    server.asked.clear()
    assert carry([address], tmp_path)[0].passed
    assert server.asked == []


# ---------------------------------------------------------------------------------------------------------------------
# The command


def test_the_command_follows_links_and_counts_what_it_did(tmp_path: Path, server: Server) -> None:
    corpus = str(tmp_path / "corpus")
    start = server.answer("/", linked("Start", "/gone"))
    arguments = ["import", start, "--crawl", "--depth", "0", "--corpus", corpus]
    first = CliRunner().invoke(corpus_group, arguments)
    assert (first.exit_code, first.stdout) == (0, f"Brought articles/127-0-0-1.html from {start}.\n")
    assert first.stderr == f"1 page brought into {corpus}, 0 passed over, 0 left out.\n"
    again = CliRunner().invoke(corpus_group, arguments)
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr.endswith(f"0 pages brought into {corpus}, 1 passed over, 0 left out.\n")


def test_a_terminal_sees_a_line_of_progress_and_no_trace_of_it_at_the_end(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    for name in "abc":
        (saved / f"{name}.html").write_bytes(page(name))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "search_app", "corpus", "import", str(saved), "--corpus", str(tmp_path / "corpus")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        try:
            while chunk := os.read(ours, 4096):
                seen += chunk
        except OSError:  # how Linux says that the other end is closed
            pass
        assert process.stdout
        assert process.stdout.read().decode().count("Brought articles/") == 3
    os.close(ours)
    assert b"\rimporting 1" in seen
    assert seen.endswith(
        b"3 pages brought into " + str(tmp_path / "corpus").encode() + b", 0 passed over, 0 left out.\r\n"
    )
    last = seen.rpartition(b"importing")[2]
    assert b"\r " in last  # blanks over the line, then the summary

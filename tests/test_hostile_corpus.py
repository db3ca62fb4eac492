"""Whatever lies in a corpus is indexed rightly or refused by name, by the real command, in bounded memory.

How long it takes is measured in ``make torture``.
"""

# ruff: noqa: E501 - tables of odd things are easier to read in long lines
from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from search_app import create_app
from tests.live import HANG_SECONDS, MEDSEARCH, ROOT, measured, medsearch, page_html
from tests.test_hostile_requests import Tags

MEMORY_MB = 512
HUGE = 100_000_000  # bytes of the largest page


def good(
    folder: Path, name: str = "hospitals/good.html", title: str = "Good Willow Hospital", text: str = "Plain words."
) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page_html(title, text), "utf-8")
    return path


def documents(index: Path) -> dict[str, dict[str, object]]:
    listed = medsearch("documents", "--json", "--index", index)
    assert listed.returncode == 0, listed.stderr
    return {each["id"]: each for each in map(json.loads, listed.stdout.splitlines())}


def build(tmp_path: Path, expected: int = 0) -> list[str]:
    """Build tmp_path/corpus; gives what was said on standard error."""
    built = medsearch("index", "build", "--corpus", tmp_path / "corpus", "--index", tmp_path / "index")
    assert built.returncode == expected, built.stdout + built.stderr
    assert "Traceback" not in built.stderr
    return built.stderr.splitlines()


def test_a_page_of_100_megabytes_is_refused_in_one_line_with_bounded_memory(tmp_path: Path) -> None:
    good(tmp_path / "corpus")
    with (tmp_path / "corpus" / "hospitals" / "huge.html").open("wb") as file:
        file.write(b"<html><body><p>words words")
        file.truncate(HUGE)
    done = measured("index", "build", "--corpus", tmp_path / "corpus", "--index", tmp_path / "index")
    assert done.returncode == 1
    assert done.stderr == "Skipped hospitals/huge.html: 100.0 MB; the limit is 20 MB.\n"
    assert done.megabytes < MEMORY_MB
    assert list(documents(tmp_path / "index")) == ["hospitals/good"]


def test_long_pages_are_read_and_endless_ones_refused_with_bounded_memory(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    good(corpus)
    sentence = "<p>Ward {} treats patients with common illnesses &amp; rare ones.</p>\n"
    long = "".join(sentence.format(number) for number in range(30_000))
    (corpus / "hospitals" / "long.html").write_text(page_html("Long Poplar Hospital", long), "utf-8")
    (corpus / "hospitals" / "tags.html").write_text(
        page_html("Tags Poplar Hospital", "<b><i></i></b>" * 1_390_000), "utf-8"
    )
    endless = "words and more " * 1_320_000
    (corpus / "hospitals" / "paragraph.html").write_text(page_html("One Poplar Hospital", endless), "utf-8")
    done = measured("index", "build", "--corpus", corpus, "--index", tmp_path / "index")
    assert done.stderr.splitlines() == [
        "Warning hospitals/long.html: only the first 1,000,000 characters were kept",
        "Warning hospitals/paragraph.html: only the first 1,000,000 characters were kept",
        "Skipped hospitals/tags.html: more than 250,000 elements.",
    ]
    assert done.megabytes < MEMORY_MB
    assert set(documents(tmp_path / "index")) == {
        "hospitals/good",
        "hospitals/long",
        "hospitals/paragraph",
    }


def test_links_that_circle_or_leave_are_refused_and_nothing_outside_is_read(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    good(corpus)
    outside = good(tmp_path, "outside/secret.html", "Secret Hospital", "Secret words.")
    (corpus / "hospitals" / "loop").symlink_to(corpus)
    (corpus / "hospitals" / "one.html").symlink_to("two.html")
    (corpus / "hospitals" / "two.html").symlink_to("one.html")
    (corpus / "hospitals" / "escape.html").symlink_to(outside)
    (corpus / "articles").symlink_to(outside.parent)
    (corpus / "hospitals" / "passwd.html").symlink_to("/etc/passwd")
    (corpus / "hospitals" / "nothing.html").symlink_to("nowhere.html")
    said = build(tmp_path, expected=1)
    assert said == [
        "Skipped articles: a link that leaves the corpus.",
        "Skipped hospitals/escape.html: a link that leaves the corpus.",
        "Skipped hospitals/nothing.html: a link to nothing.",
        "Skipped hospitals/one.html: a link that leads in a circle.",
        "Skipped hospitals/passwd.html: a link that leaves the corpus.",
        "Skipped hospitals/two.html: a link that leads in a circle.",
    ]
    assert list(documents(tmp_path / "index")) == ["hospitals/good"]
    assert b"Secret" not in b"".join(path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file())


def test_pipes_devices_and_folders_named_like_pages_hang_nothing(tmp_path: Path) -> None:
    good(tmp_path / "corpus")
    os.mkfifo(tmp_path / "corpus" / "hospitals" / "pipe.html")
    (tmp_path / "corpus" / "hospitals" / "folder.html").mkdir()
    assert build(tmp_path, expected=1) == ["Skipped hospitals/pipe.html: not a regular file."]


def test_what_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    good(corpus)
    files = {
        "empty.html": b"", "blank.html": b" \n\t ", "binary.html": bytes(range(256)) * 400, "zip.html": b"PK\x03\x04" + os.urandom(5000),
        "pdf.html": b"%PDF-1.7\n" + os.urandom(5000), "png.html": b"\x89PNG\r\n\x1a\n" + os.urandom(5000), "only-script.html": b"<script>let a = 1</script>",
        "only-head.html": b"<html><head><title>Only a title</title></head></html>", "zeros.html": bytes(10_000),
    }  # fmt: skip
    for name, data in files.items():
        (corpus / "articles").mkdir(exist_ok=True)
        (corpus / "articles" / name).write_bytes(data)
    said = build(tmp_path, expected=1)
    refused = {match[1] for line in said if (match := re.match(r"Skipped articles/([\w.-]+): .+\.$", line))}
    warned = {match[1] for line in said if (match := re.match(r"Warning articles/([\w.-]+): .+$", line))}
    assert refused | warned >= set(files), sorted(set(files) - refused - warned)
    assert {
        "empty.html",
        "blank.html",
        "binary.html",
        "zip.html",
        "png.html",
        "zeros.html",
        "only-script.html",
    } <= refused
    assert "hospitals/good" in documents(tmp_path / "index")


@pytest.mark.skipif(
    os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists(),
    reason="root reads everything, and there is no setpriv to be somebody else",
)
def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    good(tmp_path / "corpus")
    good(tmp_path / "corpus", "hospitals/closed.html", "Closed Hospital").chmod(0)
    if os.geteuid() == 0:
        for path in (tmp_path, *tmp_path.rglob("*")):
            os.chown(path, 65534, 65534)
        for parent in tmp_path.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *MEDSEARCH]
    else:
        command = list(MEDSEARCH)
    done = subprocess.run(
        [*command, "index", "build", "--corpus", tmp_path / "corpus", "--index", tmp_path / "index"],
        capture_output=True, text=True, cwd=ROOT, timeout=2 * HANG_SECONDS, check=False, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "numba")},
    )  # fmt: skip
    assert done.stderr.splitlines() == ["Skipped hospitals/closed.html: permission denied."]
    assert done.returncode == 1


def test_odd_names_are_shown_escaped_and_twins_are_refused(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    names = (
        b"a\nb.html", b"\x1b[31mred.html", b"\xff\xfe.html", "北京医院.html".encode(), "nai\u0308ve.html".encode(), "na\u00efve.html".encode(), b"--full.html", b"$(touch owned).html",
        b"con.html", b" .html", b"a" * 200 + b".html", "\u202elmth.html".encode(), b"same.htm", b"same.html", b".hidden.html", b"%2e%2e%2fx.html",
    )  # fmt: skip
    (corpus / "hospitals").mkdir(parents=True)
    for number, name in enumerate(names):
        path = os.fsencode(corpus / "hospitals") + b"/" + name
        with open(path, "wb") as file:
            file.write(page_html(f"Hospital {number} Alder", f"Text {number}.").encode())
    said = build(tmp_path, expected=1)
    assert not any(re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", line) for line in said)
    assert "Skipped hospitals/same.html: the same address as hospitals/same.htm: hospitals/same." in said
    found = documents(tmp_path / "index")
    assert len(found) + sum(line.startswith("Skipped") for line in said) == len(names) - 1
    assert all(re.fullmatch(r"hospitals/[^/\s.%$()\x00-\x1f]+", doc_id) for doc_id in found), list(found)
    assert not (ROOT / "owned").exists()


def test_markup_of_a_corpus_never_reaches_a_browser_as_markup(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    evil = "<zq17x onload=alert(1)>"
    escaped = "&lt;zq17x onload=alert(1)&gt;"
    bomb = '{"@type":"Hospital","name":"Bomb","address":' + '{"a":' * 3000 + "1" + "}" * 3000 + "}"
    pages = {
        "hospitals/title.html": page_html(f"Alder {escaped} Hospital", f"Words {escaped} here. <a href='javascript:alert(1)'>press</a> <a href='data:text/html,x'>or</a>"),
        "hospitals/ld.html": "<html><head><title>Birch Hospital</title><script type='application/ld+json'>"
        + json.dumps({
            "@type": "Hospital", "name": f"Birch Hospital</script>{evil}", "url": "javascript:alert(1)", "telephone": evil, "sameAs": ["javascript:alert(2)"],
            "alternateName": [f'"><img src=x onerror=alert(1)>{evil}'], "address": {"addressLocality": evil}, "citation": [{"url": "javascript:alert(3)", "name": evil}],
        }).replace("</", "<\\/")
        + f"</script></head><body><main><h1>Birch Hospital</h1><p>Plain words.</p><h2 id='{evil}'>A part {escaped}</h2><p>More.</p></main></body></html>",
        "articles/bomb.html": f"<html><head><title>A bomb of data</title><script type='application/ld+json'>{bomb}</script></head><body><main><p>Words of it.</p></main></body></html>",
        "articles/list.html": f"<html><head><title>A long list</title><script type='application/ld+json'>[{'{},' * 200000}{{}}]</script></head><body><main><p>Words of the list.</p></main></body></html>",
        "articles/broken.html": "<html><head><title>Broken data</title><script type='application/ld+json'>{\"a\": [1, </script></head><body><p>Words, though.</p></body></html>",
        "articles/nested.html": "<title>Nested page</title>" + "<div>" * 20000 + "deep words" + "</div>" * 20000,
        "articles/attributes.html": "<title>Many attributes</title><p " + " ".join(f"a{n}=b" for n in range(50_000)) + ">words</p>",
        "articles/entities.html": "<title>Entities &lt;zq17x&gt;</title><p>&#0;&#x1F;&#xD800;&#1114112;&bogus; words &#60;zq17x&#62;</p>",
        "articles/svg.html": "<title>Drawing</title><main><svg><script>alert(1)</script><text>words</text></svg><math><zq17x></zq17x></math><p>Real words.</p></main>",
        "articles/comments.html": "<title>Comments</title><!-- <p>hidden --><p>shown words</p><!-- never closed <p>lost",
        "articles/lying.html": b"<meta charset=utf-8><title>\xb1\xb1\xbe\xa9\xd2\xbd\xd4\xba</title><p>\xb1\xb1\xbe\xa9\xb5\xc4\xd2\xbd\xd4\xba\xba\xdc\xba\xc3\xa1\xa3</p>",
    }  # fmt: skip
    for name, text in pages.items():
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    built = medsearch("index", "build", "--corpus", corpus, "--index", tmp_path / "index")
    assert built.returncode in (0, 1)
    assert "Traceback" not in built.stderr
    found = documents(tmp_path / "index")
    refused = re.findall(r"Skipped (\S+)\.html: ", built.stderr)
    assert set(found) | set(refused) == {name.removesuffix(".html") for name in pages}
    assert "北京医院" in str(found.get("articles/lying", "")), "an encoding that is declared wrongly"
    client = create_app({"index": str(tmp_path / "index")}).test_client()
    addresses = [f"/{doc_id}" for doc_id in found] + [
        "/",
        "/search",
        "/search?q=words",
        "/search?q=hospital",
        "/search?q=zq17x",
        "/compare?h=title&h=ld",
        "/zh/search?q=words",
    ]
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, address
        tags = Tags()
        tags.feed(response.text)
        assert not tags.bad, (address, tags.bad)
        assert "<zq17x" not in response.text
    for address in ("/search.atom?q=words", "/sitemap.xml"):
        assert "<zq17x" not in client.get(address).text
    for data in re.findall(
        r'<script type="application/ld\+json">(.*?)</script>', client.get("/hospitals/ld").text, re.DOTALL
    ):
        assert "javascript:" not in json.dumps(json.loads(data))


def test_a_page_that_vanishes_while_it_is_read_is_named_and_the_old_index_serves_on_when_all_do(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    good(corpus)
    good(corpus, "hospitals/other.html", "Other Poplar Hospital")
    assert build(tmp_path) == []
    script = (
        "import indexer.corpus as c, pathlib, sys\n"
        "read = c.CorpusFile.read\n"
        "def vanish(self):\n"
        "    pathlib.Path(self.location).unlink()\n"
        "    return read(self)\n"
        "c.CorpusFile.read = vanish\n"
        "from search_app.cli import main\n"
        "main()"
    )
    import sys

    done = subprocess.run(
        [sys.executable, "-c", script, "index", "build", "--full", "--corpus", corpus, "--index", tmp_path / "index"],
        capture_output=True, text=True, cwd=ROOT, timeout=2 * HANG_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert (
        done.stderr.splitlines()[-1]
        == "Error: The new index was not published: the corpus has no page that can be indexed."
    )
    assert set(documents(tmp_path / "index")) == {"hospitals/good", "hospitals/other"}
    missing = medsearch("index", "build", "--corpus", tmp_path / "none", "--index", tmp_path / "index")
    assert missing.returncode == 1
    assert missing.stderr == f"Error: Cannot read the corpus {tmp_path}/none: it does not exist.\n"
    assert set(documents(tmp_path / "index")) == {"hospitals/good", "hospitals/other"}

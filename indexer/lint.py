"""Check a corpus before it is indexed: what each file would become and why, and what is wrong with it."""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from indexer.analysis import name_key
from indexer.boilerplate import Evidence, cut, fingerprints, title_of_line
from indexer.chosen import Chosen
from indexer.classify import classify, merge_entities, propose_duplicates
from indexer.contradictions import contradictions
from indexer.copies import claim_of, copies
from indexer.corpus import PASSED_OVER, CorpusFile, describe, doc_id_of, passed_over, printable, refusal, walk
from indexer.counted import counted
from indexer.errors import PageError
from indexer.finding import Finding
from indexer.known import KnownPage
from indexer.markup import Marked, Markup, line_of, survey
from indexer.model import Document, Page, Section
from indexer.parse import parse_page
from indexer.sources import COMMAND, RECORD, differs
from indexer.taxonomy import Taxonomy, load_taxonomy
from indexer.titles import title_key

DECIDES = "indexer/vocabulary/same_hospital.toml"  # whether two hospitals are one
LISTED = "LISTED.tsv"  # title TAB document id: every title there must find its document
PARAGRAPH_CHARS = 60  # shorter lines ("Ask at the hospital.") may stand on two pages
MAX_LOOK_ALIKES = 500  # hospitals; every name is held against every other: 140 take one second
_OWN_ADDRESS = re.compile(r"^/((?:hospitals|articles)/[^/?#]+)")
_REFERENCE = re.compile(r"\[\d{1,3}\]")  # "[3]": one paragraph may have other numbers on another page
_OF_QUESTIONS = ("a question ", "questions past ", "no section #")  # how warnings about questions begin
_MAKESHIFT_TITLES = ("file name", "first heading")


# ---------------------------------------------------------------------------------------------------------------------
# The corpus as a whole


@dataclass(slots=True)
class _Corpus:
    """All that is known once every file was read."""

    root: str
    taxonomy: Taxonomy
    pages: dict[str, Page] = field(default_factory=dict)
    markup: dict[str, Markup] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)  # path by id, as the path alone gives it
    evidence: Evidence = field(default_factory=Evidence)
    known: list[KnownPage] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)  # by path
    paragraphs: dict[str, str] = field(default_factory=dict)  # path of the first page, by folded paragraph
    anchors: dict[str, set[str]] = field(default_factory=dict)
    only: Chosen | None = None
    unsourced: int = 0
    unlicensed: int = 0

    def wanted(self, *paths: str) -> bool:
        """Whether anybody asked about one of these pages."""
        return self.only is None or not self.only.shown.isdisjoint(paths)

    @property
    def kept(self) -> bool:
        """Whether this is a corpus whose pages declare their sources, and is held to that."""
        return any(markup.cites for markup in self.markup.values())


def lint(folder: Path | str, only: Chosen | None = None) -> Iterator[Finding]:
    """Check every file of a corpus, then the corpus as a whole; nothing is written.

    With ``only``, what concerns these pages alone; of a page that lies in no corpus, what it says by itself.

    A corpus in which any page declares a ``citation`` in JSON-LD is held to keeping a record: a page without source, a
    picture without licence and a declared facet value that no vocabulary knows are problems there. In any other
    corpus, saved from somebody's site, they are remarks.

    Raises:
        CorpusError: If the folder cannot be read.
        TaxonomyError: If a vocabulary file is wrong.
    """
    corpus = _Corpus(os.fspath(folder), load_taxonomy(), only=only)
    yield from (finding for finding in _read(corpus) if corpus.wanted(finding.path))
    kept = corpus.kept
    same = copies(corpus.known, corpus.evidence.often())
    # A paragraph that stands on two pages is told of the later one: of one that somebody asks about.
    for path, page in sorted(corpus.pages.items(), key=lambda pair: only is not None and corpus.wanted(pair[0])):
        document = classify(cut(page, corpus.evidence), corpus.taxonomy)
        corpus.documents[path] = document
        problems, remarks = _of_page(corpus, path, page, document, kept=kept)
        remarks += same.warnings(path, page.source_url)
        if corpus.wanted(path):
            yield Finding(path, document, tuple(problems), tuple(remarks), page.title_source)
    if only is None:
        yield from (Finding(path, None, remarks=(PASSED_OVER,), corpus_wide=True) for path in passed_over(folder))
    if only is None or only.inside:
        yield from (found for found in _of_corpus(corpus, kept=kept) if only is None or corpus.wanted(found.path))


def _read(corpus: _Corpus) -> Iterator[Finding]:
    """Parse every file; a finding for each that is rejected."""
    for file in _files(corpus):
        try:
            if isinstance(file, PageError):
                raise file
            data = file.read()
            page = parse_page(file, data)
        except PageError as error:
            yield Finding(error.path, None, (f"rejected: {error.reason}",))
            continue
        markup = survey(data, file.path)
        corpus.pages[file.path], corpus.markup[file.path] = page, markup
        corpus.anchors[file.path] = {
            *markup.anchors,
            *(section.anchor for section in page.sections),
            *(citation.anchor for citation in page.citations),
        }
        corpus.ids[file.doc_id] = file.path
        lines, (source, rank) = fingerprints(page), claim_of(page)
        corpus.evidence.add(lines)
        corpus.known.append(
            KnownPage(file.path, file.doc_id, "", lines, "", title_of_line(page.title), source=source, rank=rank)
        )


def _files(corpus: _Corpus) -> Iterator[CorpusFile | PageError]:
    """The files to read: all of a corpus, or those that were chosen where there is none around them."""
    only = corpus.only
    met: set[str] = set()
    if only is None or only.inside:
        for file in walk(corpus.root):
            met.add(file.path)
            yield file
    for raw in only.paths if only else ():
        if printable(raw) not in met:
            yield refusal(corpus.root, raw) or describe(corpus.root, raw, doc_id_of(raw))


# ---------------------------------------------------------------------------------------------------------------------
# One page


def _of_page(corpus: _Corpus, path: str, page: Page, document: Document, *, kept: bool) -> tuple[list[str], list[str]]:
    markup = corpus.markup[path]
    problems = [*_identity(page, document), *_asked(corpus, path, document)]
    doubts = [  # problems of a kept corpus, remarks of any other
        f"{_at(_line_of_value(corpus, path, warning))}{warning}; use a value of the vocabulary"
        for warning in document.warnings
        if warning.startswith("unknown ")
    ]
    if not page.citations:
        corpus.unsourced += 1
        if kept:
            doubts.append("no source; say in JSON-LD (citation) and in a list of sources where its facts come from")
    if kept:
        doubts += [
            f"{_at(image.line)}the image {image.text} has no licence; name it in an ImageObject with license, in "
            "data-license, or in the caption of its figure"
            for image in markup.unlicensed
        ]
    corpus.unlicensed += len(markup.unlicensed)
    problems += doubts if kept else []
    text = "\n".join(section.text for section in page.sections)
    problems += contradictions(markup, text, corpus.taxonomy)
    problems += (problem for link in markup.links if (problem := _dead(corpus, path, link)))
    # Before the boilerplate cut: what it takes away stands on the most pages of all. A saved site may repeat itself.
    problems += _repeated(corpus, path, page.sections if kept else document.sections)
    return problems, [] if kept else doubts


def _identity(page: Page, document: Document) -> Iterator[str]:
    if page.title_source in _MAKESHIFT_TITLES or any(each.startswith("no title") for each in page.warnings):
        yield f"no title ({page.title_source} stands in for it); add a <title> and an <h1>"
    if document.kind == "hospital" and not document.city:
        yield "a hospital without a city; declare addressLocality in JSON-LD"


def _asked(corpus: _Corpus, path: str, document: Document) -> Iterator[str]:
    """What is wrong with the questions that a page says it answers."""
    for warning in document.warnings:
        if warning.startswith(_OF_QUESTIONS):
            text = _text_of(corpus, path) if "#" in warning or " twice: " in warning else ""
            asked = json.dumps(warning.partition(": ")[2], ensure_ascii=False)
            yield f"{_at(line_of(text, asked))}{warning}; correct mainEntity in JSON-LD"


def _text_of(corpus: _Corpus, path: str) -> str:
    try:
        return Path(corpus.root, path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _line_of_value(corpus: _Corpus, path: str, warning: str) -> int:
    """Line of the first unknown value that a warning names."""
    value = warning.partition(": ")[2].partition(", ")[0]
    return line_of(_text_of(corpus, path), f'"{value}"', value)


def _dead(corpus: _Corpus, path: str, link: Marked) -> str:
    """Say what is wrong with a link; nothing for a good one and for one that leads out of the corpus."""
    try:
        parts = urlsplit(link.text)
    except ValueError:
        return f"{_at(link.line)}the link {link.text[:200]} is no address; correct it"
    if parts.scheme or parts.netloc:
        return ""
    target = path
    if parts.path and corpus.only and not corpus.only.inside:
        return ""  # nothing is known of other pages
    if parts.path:
        found = _target(corpus, path, parts.path)
        if found is None:
            return ""
        if not found:
            return f"{_at(link.line)}the link {link.text[:200]} leads to no file of the corpus; correct or remove it"
        target = found
    anchor = unquote(parts.fragment)
    if anchor in ("", "top") or target not in corpus.anchors or anchor in corpus.anchors[target]:
        return ""
    return f"{_at(link.line)}{target} has no anchor #{anchor}, where the link leads; correct or remove it"


def _target(corpus: _Corpus, path: str, href: str) -> str | None:
    """Path of the file that a link leads to: empty for none, None where it is not the corpus's to answer."""
    href = unquote(href)
    if href.startswith("/"):
        own = _OWN_ADDRESS.match(href)
        return corpus.ids.get(own[1], "") if own else None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), href))
    for candidate in (target, posixpath.join(target, "index.html")):
        if printable(candidate) in corpus.pages:
            return printable(candidate)
    if target.startswith(".."):
        return ""
    # A style sheet, a picture, a data file; or a page that is rejected, which is a problem of its own.
    if os.path.exists(os.path.join(corpus.root, target)):
        return target
    return corpus.ids.get(target, "")


def _repeated(corpus: _Corpus, path: str, sections: Sequence[Section]) -> Iterator[str]:
    """Paragraphs of a page that another page has too; the first page that has one owns it."""
    for section in sections:
        for line in section.text.split("\n"):
            key = title_key(_REFERENCE.sub("", line))
            if len(line) < PARAGRAPH_CHARS or not key:
                continue
            owner = corpus.paragraphs.setdefault(key, path)
            if owner != path:
                here, there = corpus.markup[path].lines_of.get(key, 0), corpus.markup[owner].lines_of.get(key, 0)
                yield (
                    f"{_at(here)}the paragraph “{line[:60].strip()}…” stands in {owner} too"
                    f"{f' (line {there})' if there else ''}; keep one and link to it"
                )


def _at(line: int) -> str:
    return f"line {line}: " if line else ""


# ---------------------------------------------------------------------------------------------------------------------
# All pages together


def _of_corpus(corpus: _Corpus, *, kept: bool) -> Iterator[Finding]:
    paths = {document.doc_id: path for path, document in reversed(corpus.documents.items())}
    documents, notes = merge_entities(corpus.documents.values(), corpus.taxonomy)
    for note in notes:
        doc_id = note.partition(" is ")[0]
        path = paths.get(doc_id, "")
        yield Finding(path, corpus.documents.get(path), remarks=(f"joined: {note}",), corpus_wide=True)
    yield from _listed(corpus, documents, paths)
    if kept and differs(corpus.root, corpus.pages.values()):
        problem = f"it is not what the pages declare; write it again: {COMMAND}"
        yield Finding(RECORD, None, (problem,), corpus_wide=True)
    if sum(document.kind == "hospital" for document in documents) <= MAX_LOOK_ALIKES:
        for pair in propose_duplicates(documents, corpus.taxonomy):
            path, other = paths.get(pair.first, ""), paths.get(pair.second, "")
            if corpus.only and not corpus.wanted(path):
                path, other = other, path
            remark = (
                f"may be the same hospital as {other} ({pair.score:.0f} of 100): {pair.reason}; name both in "
                f"{DECIDES}, under [[same]] if it is, under [[never]] if not"
            )
            yield Finding(path, corpus.documents.get(path), remarks=(remark,), corpus_wide=True)
    else:
        remark = f"more than {MAX_LOOK_ALIKES:,} hospitals; look-alike names were not searched for"
        yield Finding(corpus.root, None, remarks=(remark,), corpus_wide=True)
    if not kept and corpus.pages:
        remark = f"no page declares its sources in JSON-LD; {corpus.unsourced:,} of {len(corpus.pages):,} list none"
        if corpus.unlicensed:
            remark += f", and {counted(corpus.unlicensed, 'image has', 'images have')} no licence"
        yield Finding(corpus.root, None, remarks=(remark,), corpus_wide=True)


def _listed(corpus: _Corpus, documents: tuple[Document, ...], paths: dict[str, str]) -> Iterator[Finding]:
    """Find each line of the list of titles that no document answers to."""
    try:
        text = Path(corpus.root, LISTED).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    names = {
        each.doc_id: {name_key(name) for name in (each.title, each.title_zh, *each.aliases) if name}
        for each in documents
    }
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        title, _, doc_id = (part.strip() for part in line.partition("\t"))
        path = paths.get(doc_id, "")
        if not title or not doc_id:
            problem = "not a title, a tab and the id of a document; correct the line"
        elif doc_id not in names:
            problem = f"no page answers to “{title}”: there is no document {doc_id}; add the page or correct the id"
        elif name_key(title) not in names[doc_id]:
            problem = f"no page answers to “{title}”; make it the title or an alias (alternateName) of {path}"
        else:
            continue
        document = corpus.documents.get(path)
        yield Finding(path or LISTED, document, (f"{LISTED}, line {number}: {problem}",), corpus_wide=True)

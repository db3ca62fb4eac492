"""Give a page its kind and its facet values, by rules that can be read in the vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from indexer.corpus import UNFILED
from indexer.entities import Named, merge_entities, propose_duplicates
from indexer.matching import Match, Matcher, matcher
from indexer.model import Basis, Document, Page, Question
from indexer.prices import prices_of
from indexer.standing import in_doubt
from indexer.taxonomy import Taxonomy

__all__ = ["Named", "classify", "merge_entities", "propose_duplicates"]

LEAD_CHARS = 400  # of the first text: what a page says about itself first
MAX_TOPICS = 3
MAX_SPECIALTIES = 4
MANY_COUNTRIES = 4  # foreign countries in the text from which on it compares countries
MENTIONS = 6  # of one city in an article, with most of all mentions, before the article is about it
MAX_UNKNOWN = 5  # unknown declared values, or false anchors, that are named

_ADDRESS_FACTS = ("address", "city", "district", "location")
_NO_HOSPITAL = re.compile(
    r"\?|\b(?:how|why|what|guide|vs\.?|versus|costs?|tourism|packages?|comparison|comparing|hospitals|clinics)\b",
    re.IGNORECASE,
)  # "JCI accredited hospitals China" is about hospitals, not one of them
_HOSPITAL = re.compile(
    r"\b(?:hospital|clinic|cent(?:er|re)|infirmary|sanatorium)\b|\binstitute (?:of|for)\b|\binstitute$"
    r"|医院|诊所|医学中心|医疗中心|卫生院",
    re.IGNORECASE,
)
_FOLDERS = {"hospitals": "hospital", "hospital": "hospital", "articles": "article", "article": "article"}
_LEAD_PLACE = re.compile(
    r"\b(?:located|situated|based|lies|stands|headquartered|hospital|clinic|cent(?:er|re)|institution|institute)\b"
    r"[^.。]{0,90}?\b(?:in|at)\b",
    re.IGNORECASE,
)
# "an eye and dental hospital", "specialises in burns": what a hospital is, not whatever its first sentences mention.
_FIELD = re.compile(
    r"((?:[\w'’-]+\s+){1,4}(?:hospital|clinic|cent(?:er|re)|institute))\b"
    r"|\b(?:speciali[sz]\w+ in|dedicated to|devoted to|(?:hospital|clinic|cent(?:er|re)) for)\s+([^.;。]{3,80})",
    re.IGNORECASE,
)
_CITY_PAGE = re.compile(r"medical (?:tourism|travel)|hospitals in|guide", re.IGNORECASE)


def classify(page: Page, taxonomy: Taxonomy) -> Document:
    """Make the document that a page is, every facet value with its basis.

    A value that the page declares wins over anything inferred for that facet, in the taxonomy's spelling; one that
    the taxonomy does not know is left out with a warning. What no rule finds stays empty: a wrong value is worse
    than a missing one.
    """
    kind, warnings = _kind(page)
    finder = matcher(taxonomy)
    basis: list[Basis] = []
    for facet, infer in _INFER.items():
        declared, unknown = _declared(page, facet, taxonomy)
        if unknown:
            warnings.append(f"unknown {facet}: " + ", ".join(unknown[:MAX_UNKNOWN]))
        basis += declared or infer(page, kind, finder)
    questions, dangling = _questions(page)
    chosen = {facet: tuple(each.value for each in basis if each.facet == facet) for facet in _INFER}
    return Document(
        doc_id=_doc_id(page, kind),
        kind=kind,
        title=page.title,
        sections=page.sections,
        title_zh=page.title_zh,
        aliases=page.aliases,
        summary=page.summary,
        city=chosen["city"],
        specialty=chosen["specialty"],
        topic=chosen["topic"],
        profile=chosen["profile"],
        date=page.date,
        language=page.language,
        source_url=page.source_url,
        facts=page.facts,
        citations=page.citations,
        questions=questions,
        links=page.links,
        basis=tuple(basis),
        warnings=(*page.warnings, *warnings, *dangling),
        receipt=page.receipt,
        doubt=in_doubt(page.facts) if kind == "hospital" else "",
        prices=prices_of(page.sections, page.citations),
    )


def _questions(page: Page) -> tuple[tuple[Question, ...], list[str]]:
    """The questions of a page; one whose section the page does not have leads to its top, with a warning."""
    anchors = {"", *(section.anchor for section in page.sections)}
    kept = tuple(each if each.anchor in anchors else replace(each, anchor="") for each in page.questions)
    wrong = [each for each in page.questions if each.anchor not in anchors]
    return kept, [f"no section #{each.anchor} answers: {each.text}" for each in wrong[:MAX_UNKNOWN]]


# ---------------------------------------------------------------------------------------------------------------------
# Kind


def _kind(page: Page) -> tuple[str, list[str]]:
    """Kind by folder, else as declared, else as the title sounds; a contradiction is a warning."""
    filed = _FOLDERS.get(page.path.partition("/")[0].lower(), "") if "/" in page.path else ""
    if filed and page.kind and filed != page.kind:
        return filed, [f"declares the kind {page.kind}, but lies among the {filed}s"]
    if filed or page.kind:
        return filed or page.kind, []
    return ("hospital" if _sounds_like_hospital(page) else "article"), []


def _sounds_like_hospital(page: Page) -> bool:
    title = page.title
    return len(title) <= 120 and not _NO_HOSPITAL.search(title) and _HOSPITAL.search(title) is not None


def _doc_id(page: Page, kind: str) -> str:
    """Id of the document: a page from outside of the two folders moves to the one of its kind."""
    unfiled = page.path.partition("/")[0].lower() not in _FOLDERS or "/" not in page.path
    if unfiled and page.doc_id.startswith(f"{UNFILED}/"):
        return f"{kind}s/" + page.doc_id.removeprefix(f"{UNFILED}/")
    return page.doc_id


# ---------------------------------------------------------------------------------------------------------------------
# Declared values


def _declared(page: Page, facet: str, taxonomy: Taxonomy) -> tuple[list[Basis], list[str]]:
    found: dict[str, Basis] = {}
    unknown: dict[str, None] = {}
    for each in page.declared:
        if each.facet == facet:
            name = taxonomy.canonical(facet, each.value)
            if name is None and facet == "city":
                matches = matcher(taxonomy).find("city", each.value)
                name = matches[0].value if len(matches) == 1 else None
            if name is None:
                unknown[each.value] = None
            else:
                evidence = each.evidence if name == each.value else f"{each.evidence}: {each.value}"
                found.setdefault(name, replace(each, value=name, evidence=evidence))
    return list(found.values()), list(unknown)


def _basis(facet: str, match: Match, where: str) -> Basis:
    return Basis(facet, match.value, "inferred", f"{where}: {match.words}")


# ---------------------------------------------------------------------------------------------------------------------
# City


def _infer_city(page: Page, kind: str, finder: Matcher) -> list[Basis]:
    return _hospital_city(page, finder) if kind == "hospital" else _article_cities(page, finder)


def _hospital_city(page: Page, finder: Matcher) -> list[Basis]:
    """City by address, else label or breadcrumb, else name, else first sentences; two cities in one place are none."""
    for where, text in _hospital_places(page):
        matches = finder.find("city", text)
        if len(matches) == 1:
            return [_basis("city", matches[0], where)]
        if matches and where != "label":  # a row of labels may be the site's list of cities
            return []
    return []


def _hospital_places(page: Page) -> Iterator[tuple[str, str]]:
    for fact in page.facts:
        if fact.name.casefold() in _ADDRESS_FACTS:
            yield "address", fact.value
    yield "label", " · ".join(page.hints)
    yield "title", page.title
    yield "Chinese title", page.title_zh
    lead = _lead(page)
    for match in _LEAD_PLACE.finditer(lead):
        end = re.search(r"[.。]", lead[match.end() :])
        yield "first sentences", lead[match.end() : match.end() + (end.start() if end else 60)][:60]


def _article_cities(page: Page, finder: Matcher) -> list[Basis]:
    """Cities in the title; else one that headings or most mentions are about, unless the page compares countries."""
    found = finder.find("city", page.title)
    if found:
        return [_basis("city", match, "title") for match in found]
    hinted = finder.find("city", " · ".join(page.hints))
    if len(hinted) == 1:
        return [_basis("city", hinted[0], "label")]
    text = "\n".join(section.text for section in page.sections)
    if len(finder.foreign(page.title)) >= 1 or len(finder.foreign(text)) >= MANY_COUNTRIES:
        return []
    headed: dict[str, list[str]] = {}
    for section in page.sections:
        for match in finder.find("city", section.heading, clues=False):
            headed.setdefault(match.value, []).append(section.heading)
    if several := [name for name, headings in headed.items() if len(headings) >= 2]:
        return [Basis("city", name, "inferred", f"{len(headed[name])} headings") for name in several]
    counts = finder.count("city", text)
    name, count = max(counts.items(), key=lambda each: each[1], default=("", 0))
    if count >= MENTIONS and count * 5 >= sum(counts.values()) * 4:
        return [Basis("city", name, "inferred", f"{count} mentions")]
    return []


# ---------------------------------------------------------------------------------------------------------------------
# Specialty and topic


def _infer_specialty(page: Page, kind: str, finder: Matcher) -> list[Basis]:
    """Specialties that the name or title says; for a hospital also those of its first sentences."""
    found = _by_text(finder, "specialty", [("title", page.title), ("Chinese title", page.title_zh)], kind)
    if not found and kind == "hospital":
        fields = " · ".join(match[1] or match[2] for match in _FIELD.finditer(_lead(page)))
        found = _by_text(finder, "specialty", [("first sentences", fields)], kind, clues=False)
    return found[:MAX_SPECIALTIES]


def _infer_topic(page: Page, kind: str, finder: Matcher) -> list[Basis]:
    """Topics of an article by its title; by what two of its headings say where the title says nothing."""
    if kind == "hospital":
        return []
    found = _by_text(finder, "topic", [("title", page.title)], kind)
    cities = finder.find("city", page.title)
    if cities and _CITY_PAGE.search(page.title) and not any(each.value == "City Guide" for each in found):
        found.insert(0, Basis("topic", "City Guide", "inferred", f"title: {cities[0].words}"))
    if found:
        return found[:MAX_TOPICS]
    counts: dict[str, int] = {}
    for section in page.sections:
        for match in finder.find("topic", section.heading, kind, clues=False):
            counts[match.value] = counts.get(match.value, 0) + 1
    named = sorted((-count, name) for name, count in counts.items() if count >= 2)
    return [Basis("topic", name, "inferred", f"{-count} headings") for count, name in named][:MAX_TOPICS]


def _by_text(
    finder: Matcher, facet: str, texts: Iterable[tuple[str, str]], kind: str, *, clues: bool = True
) -> list[Basis]:
    found: dict[str, Basis] = {}
    for where, text in texts:
        for match in finder.find(facet, text, kind, clues=clues):
            found.setdefault(match.value, _basis(facet, match, where))
    return list(found.values())


def _lead(page: Page) -> str:
    """First characters that a page says about itself: its summary, else its first text."""
    first = next((section.text for section in page.sections if section.text), "")
    return (page.summary or first)[:LEAD_CHARS]


def _infer_nothing(_page: Page, _kind: str, _finder: Matcher) -> list[Basis]:
    """For what only the page itself can say."""
    return []


_INFER = {"city": _infer_city, "specialty": _infer_specialty, "topic": _infer_topic, "profile": _infer_nothing}

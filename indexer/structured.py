"""Read what a page declares about itself in JSON-LD."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.cleaning import clean
from indexer.dates import iso_date
from indexer.model import Basis, Citation, Fact

MAX_SCRIPT_CHARS = 1_000_000  # all JSON-LD of a page; the largest real one seen has 60,000
MAX_DEPTH = 40  # braces and brackets inside each other; the parser of Python gives up at about 1,000
MAX_NODES = 5_000
MAX_NAME_CHARS = 300
MAX_TEXT_CHARS = 2_000
MAX_ALIASES = 60
MAX_FACTS = 80
MAX_SERVICES = 40
MAX_CITATIONS = 400
MAX_QUESTIONS = 60
MAX_QUESTION_CHARS = 200

HOSPITAL_TYPES = frozenset(
    [
        "Hospital",
        "MedicalClinic",
        "MedicalOrganization",
        "MedicalBusiness",
        "CovidTestingFacility",
        "Physician",
        "Dentist",
        "Optician",
        "PhysiciansOffice",
        "DiagnosticLab",
        "EmergencyService",
        "VeterinaryCare",
        "IndividualPhysician",
        "Dermatology",
        "Pediatric",
    ]
)
WRITTEN_TYPES = frozenset(
    [
        "Article",
        "BlogPosting",
        "NewsArticle",
        "MedicalScholarlyArticle",
        "ScholarlyArticle",
        "TechArticle",
        "Report",
        "HowTo",
        "Guide",
    ]
)
PAGE_TYPES = frozenset(["MedicalWebPage", "FAQPage", "QAPage", "AboutPage", "ItemPage", "MedicalGuideline"])
_PLAIN_PAGES = frozenset(["WebPage", "CollectionPage", "ProfilePage"])
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]+|\\.)*"?|[\[\]{}]', re.DOTALL)  # an open string runs to the end: linear
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LATIN = re.compile("[A-Za-z]")
_SEPARATORS = re.compile(r"[,;，；、|]")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a page says it answers: in the section with an anchor, or in these words."""

    text: str
    anchor: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the JSON-LD of a page says about the page's own subject; empty fields where it says nothing."""

    kind: str = ""
    name: str = ""
    name_zh: str = ""
    aliases: tuple[str, ...] = ()
    summary: str = ""
    date: str = ""
    language: str = ""
    url: str = ""
    basis: tuple[Basis, ...] = ()
    hints: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    citations: tuple[Citation, ...] = ()
    questions: tuple[Asked, ...] = ()
    warnings: tuple[str, ...] = ()


def read_json_ld(scripts: Sequence[str]) -> Declared:
    """Read the ``application/ld+json`` scripts of a page; wrong or excessive ones only leave a warning."""
    warnings: list[str] = []
    nodes = list(_top_nodes(_load(scripts, warnings)))
    hints = tuple(name for node in nodes if "BreadcrumbList" in _types(node) for name in _breadcrumb(node))
    questions = _questions(nodes, warnings)
    subject, kind = _subject(nodes)
    if subject is None:
        return Declared(hints=hints, questions=questions, warnings=tuple(warnings))
    name = _first_text(subject, "name" if kind == "hospital" else "headline", "headline", "name")
    name_zh, aliases = _other_names(subject, name)
    url = _url(subject.get("url")) or _url(subject.get("mainEntityOfPage"))
    return Declared(
        kind=kind,
        name=name,
        name_zh=name_zh,
        aliases=aliases,
        summary=_first_text(subject, "description", "abstract", limit=MAX_TEXT_CHARS),
        date=_date(subject, "dateModified") or _date(subject, "datePublished"),
        language=_language(subject),
        url="" if kind == "hospital" else url,
        basis=tuple(_basis(subject, kind)),
        hints=hints,
        facts=_facts(subject) if kind == "hospital" else (),
        citations=tuple(_citations(subject)),
        questions=questions,
        warnings=tuple(warnings),
    )


def is_han_name(text: str) -> bool:
    """Whether a name is written in Han characters (a Latin abbreviation within is fine)."""
    return len(_HAN.findall(text)) >= 2 and len(_HAN.findall(text)) >= len(_LATIN.findall(text))


# ---------------------------------------------------------------------------------------------------------------------
# From scripts to nodes


def _load(scripts: Iterable[str], warnings: list[str]) -> Iterator[Any]:
    budget = MAX_SCRIPT_CHARS
    for number, script in enumerate(scripts, 1):
        budget -= len(script)
        if budget < 0:
            warnings.append(f"JSON-LD past {MAX_SCRIPT_CHARS:,} characters was not read")
            return
        text = re.sub(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*$", "", script)
        if not text.strip():
            continue
        if _depth(text) > MAX_DEPTH:
            warnings.append(f"JSON-LD {number} is nested more than {MAX_DEPTH} deep and was not read")
            continue
        try:
            yield json.loads(text, strict=False)
        except ValueError as error:
            at = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
            warnings.append(f"JSON-LD {number} is not valid JSON{at}")


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if (char := match[0]) in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _top_nodes(roots: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Nodes that stand for themselves: roots, members of lists and of ``@graph``, and what a page is mainly about."""
    waiting = list(roots)[::-1]
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node[:MAX_NODES][::-1]
        elif isinstance(node, dict):
            yield node
            for key in ("mainEntity", "@graph"):
                inner = node.get(key)
                if isinstance(inner, dict | list):
                    waiting.append(inner)


def _subject(nodes: Sequence[dict[str, Any]]) -> tuple[dict[str, Any] | None, str]:
    """Find the node that the page is about, and its kind.

    What is written (an Article with a headline) comes before a hospital beside it: that one is its publisher.
    """
    for fits, kind in ((_is_written, "article"), (_is_hospital, "hospital"), (_is_page, "article"), (_is_any_page, "")):
        for node in nodes:
            if fits(node):
                return node, kind
    return None, ""


def _is_written(node: dict[str, Any]) -> bool:
    types = _types(node)
    return bool(types & WRITTEN_TYPES) or bool(types & PAGE_TYPES and node.get("headline"))


def _is_hospital(node: dict[str, Any]) -> bool:
    return bool(_types(node) & HOSPITAL_TYPES)


def _is_page(node: dict[str, Any]) -> bool:
    return bool(_types(node) & PAGE_TYPES)


def _is_any_page(node: dict[str, Any]) -> bool:
    return bool(_types(node) & _PLAIN_PAGES)


def _types(node: dict[str, Any]) -> set[str]:
    return {str(each).rpartition("/")[2].rpartition(":")[2] for each in _list(node.get("@type"))}


# ---------------------------------------------------------------------------------------------------------------------
# From values to text


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value[:MAX_NODES] if isinstance(value, list) else [value]


def _text(value: Any, limit: int = MAX_NAME_CHARS) -> str:
    """Text of a string, number, language-tagged string or named thing; empty for anything else."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("@value", "name", "headline") if key in value), "")
        if isinstance(value, list) and value:
            value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = html.unescape(str(value)) if isinstance(value, str) else str(value)
    return clean(_TAG.sub(" ", text[: limit * 4]))[:limit].strip()


def _texts(value: Any, limit: int = MAX_NAME_CHARS) -> list[str]:
    return [text for each in _list(value) if (text := _text(each, limit))]


def _first_text(node: dict[str, Any], *keys: str, limit: int = MAX_NAME_CHARS) -> str:
    return next((text for key in keys for text in _texts(node.get(key), limit)), "")


def _date(node: dict[str, Any], key: str) -> str:
    return iso_date(_first_text(node, key))


def _language(node: dict[str, Any]) -> str:
    for value in _list(node.get("inLanguage")):
        if isinstance(value, dict):
            value = value.get("alternateName") or value.get("name")
        text = _text(value)
        if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", text):
            return text.replace("_", "-")
    return ""


def _url(value: Any) -> str:
    for each in _list(value):
        found = each.get("@id") if isinstance(each, dict) else each
        if isinstance(found, str) and re.match(r"https?://[^\s\"'<>]+$", found.strip()) and len(found) <= 2_000:
            return found.strip()
    return ""


def _breadcrumb(node: dict[str, Any]) -> Iterator[str]:
    for step in _list(node.get("itemListElement"))[:20]:
        if isinstance(step, dict) and (text := _text(step) or _text(step.get("item"))):
            yield text


# ---------------------------------------------------------------------------------------------------------------------
# Names, facet values, facts, citations


def _other_names(node: dict[str, Any], name: str) -> tuple[str, tuple[str, ...]]:
    """Find the Chinese name, and all others that differ from the name, in their order."""
    chinese, others = "", dict[str, None]()
    for key in ("alternateName", "alternativeHeadline", "legalName", "name", "headline"):
        for value in _list(node.get(key))[: MAX_ALIASES * 2]:
            text = _text(value)
            tag = str(value.get("@language", "")).lower() if isinstance(value, dict) else ""
            if not text or text == name:
                continue
            if not chinese and is_han_name(text) and (not tag or tag.startswith("zh")) and tag != "zh-hant":
                chinese = text
            elif text != chinese:
                others[text] = None
    return chinese, tuple(others)[:MAX_ALIASES]


def _basis(node: dict[str, Any], kind: str) -> Iterator[Basis]:
    """The facet values that a node declares, as it words them; what a hospital is about are its specialties."""
    for address in _list(node.get("address")):
        if isinstance(address, dict):
            yield from _declared(address, "city", "addressLocality", prefix="address.")
    for key in ("contentLocation", "spatialCoverage") if kind != "hospital" else ():
        yield from _declared(node, "city", key)
    for key in ("medicalSpecialty", "specialty"):
        yield from _declared(node, "specialty", key)
    for key in ("keywords", "articleSection", "about") if kind != "hospital" else ():
        for topic in _topics(node.get(key)):
            yield Basis("topic", topic, "declared", f"JSON-LD {key}")


def _declared(node: dict[str, Any], facet: str, key: str, prefix: str = "") -> Iterator[Basis]:
    for text in _texts(node.get(key)):
        yield Basis(facet, text, "declared", f"JSON-LD {prefix}{key}")


def _topics(value: Any) -> Iterator[str]:
    """Topics in a list, or in one string with separators; a separator within a list belongs to the topic."""
    for each in _list(value):
        text = _text(each, MAX_TEXT_CHARS)
        for part in [text] if isinstance(value, list) else _SEPARATORS.split(text):
            if part.strip():
                yield part.strip()[:MAX_NAME_CHARS]


def _facts(node: dict[str, Any]) -> tuple[Fact, ...]:
    found = [fact for each in _list(node.get("additionalProperty")) if (fact := _property(each))][:MAX_FACTS]
    stated = {fact.name.casefold() for fact in found}
    plain = (
        ("Founded", _first_text(node, "foundingDate")),
        ("Beds", _first_text(node, "numberOfBeds")),
        ("Affiliation", ", ".join(_texts(node.get("parentOrganization"))[:5])),
        ("Address", _address(node)),
        ("Website", _url(node.get("sameAs")) or _url(node.get("url"))),
    )
    found += [Fact(name, value) for name, value in plain if value and name.casefold() not in stated]
    if "services" not in stated:
        found += [Fact("Services", name) for name in _texts(node.get("availableService"))[:MAX_SERVICES]]
    return tuple(found)


def _property(value: Any) -> Fact | None:
    if not isinstance(value, dict):
        return None
    name, stated = _text(value.get("name")), ", ".join(_texts(value.get("value"), MAX_TEXT_CHARS)[:20])
    if not name or not stated:
        return None
    anchors = [
        anchor
        for key in ("valueReference", "citation", "url")
        for each in _list(value.get(key))
        if (anchor := _anchor(each))
    ]
    return Fact(name, stated[:MAX_TEXT_CHARS], tuple(dict.fromkeys(anchors)))


def _anchor(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("@id") or value.get("url")
    if isinstance(value, str) and re.fullmatch(r"#[\w.:~-]{1,100}", value):
        return value[1:]
    return ""


def _address(node: dict[str, Any]) -> str:
    for address in _list(node.get("address")):
        if isinstance(address, str):
            return _text(address)
        if isinstance(address, dict) and _text(address.get("streetAddress")):
            parts: list[str] = []
            for key in ("streetAddress", "addressRegion", "addressLocality"):
                part = _text(address.get(key))
                if part and part.casefold() not in ", ".join(parts).casefold():
                    parts.append(part)
            return ", ".join(parts)
    return ""


def _citations(node: dict[str, Any]) -> Iterator[Citation]:
    for number, work in enumerate(_list(node.get("citation"))[:MAX_CITATIONS], 1):
        if isinstance(work, str) and (text := _text(work, MAX_TEXT_CHARS)):
            yield Citation(text, _url(work), anchor=f"source-{number}")
        elif isinstance(work, dict) and (title := _text(work)):
            anchor = _anchor(work) or _anchor(work.get("identifier")) or f"source-{number}"
            publisher = ", ".join(_texts(work.get("publisher"))[:3])
            yield Citation(title, _url(work.get("url")), publisher, _date(work, "datePublished"), "", anchor)


# ---------------------------------------------------------------------------------------------------------------------
# Questions


def _questions(nodes: Iterable[dict[str, Any]], warnings: list[str]) -> tuple[Asked, ...]:
    """The questions among some nodes, in their order; what is wrong with others leaves a warning."""
    found: dict[str, Asked] = {}
    for node in nodes:
        if "Question" not in _types(node):
            continue
        text = _text(node.get("name"), MAX_QUESTION_CHARS + 1) or _text(node.get("text"), MAX_QUESTION_CHARS + 1)
        key = " ".join(re.findall(r"\w+", text.casefold()))
        if not key:
            warnings.append("a question without words was left out")
        elif len(text) > MAX_QUESTION_CHARS:
            warnings.append(f"a question longer than {MAX_QUESTION_CHARS} characters was left out: {text[:80]} …")
        elif key in found:
            warnings.append(f"a question stands twice: {text}")
        elif len(found) == MAX_QUESTIONS:
            warnings.append(f"questions past the first {MAX_QUESTIONS} were left out")
            break
        else:
            found[key] = _asked(text, node)
    return tuple(found.values())


def _asked(text: str, node: dict[str, Any]) -> Asked:
    answers = [each for key in ("acceptedAnswer", "suggestedAnswer") for each in _list(node.get(key))[:20]]
    anchor = next((found for each in answers if isinstance(each, dict) and (found := _anchor(each.get("url")))), "")
    words = (_text(each.get("text"), MAX_TEXT_CHARS) if isinstance(each, dict) else "" for each in answers)
    return Asked(text, anchor, "" if anchor else next(filter(None, words), ""))

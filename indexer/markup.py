"""Survey the markup of one corpus file, with line numbers: what only matters to the person who writes the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from indexer.cleaning import clean
from indexer.decode import decode
from indexer.structured import HOSPITAL_TYPES
from indexer.titles import title_key

MAX_NODES = 20_000  # of the JSON-LD of a page
_MARKER = re.compile(r"^[\[(【]?\s*\d{1,3}\s*[\])】]?$")
_ASIDE = frozenset(("nav", "footer", "aside", "form", "dialog", "template", "noscript"))
_BLOCKS = ("p", "li", "dd", "td", "th", "blockquote", "figcaption", "summary", "h2", "h3", "h4")
_LICENCE = re.compile(
    r"\blicen[cs]ed?\b|\bCC[ -]?(?:BY|0)\b|creative commons|public domain|copyright|©|\bcredit\b|courtesy of"
    r"|\b(?:photo|photograph|picture|image|illustration) by\b|版权|摄影|图片来源|公有领域",
    re.IGNORECASE,
)
_MARKDOWN_LINK = re.compile(r"(?<!!)\[[^\[\]]*\]\(\s*<?([^()\s<>]+)")
_TYPE_ENDS = re.compile(r"[/:]")


@dataclass(frozen=True, slots=True)
class Marked:
    """Something that stands on a line of a file, counted from 1: an address, a picture, a name."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A fact that JSON-LD states of a hospital: its label as a facts table would word it, and its property."""

    label: str
    value: str
    key: str
    line: int


@dataclass(slots=True)
class Markup:
    """What a file says in its markup.

    ``facts`` is what ``<dl class="facts">`` shows: texts by label in lower case. ``lines_of`` finds the line of a
    paragraph by its ``title_key``. ``unlicensed`` are pictures in the main content that nothing gives a licence.
    """

    anchors: set[str] = field(default_factory=set)
    links: list[Marked] = field(default_factory=list)
    unlicensed: list[Marked] = field(default_factory=list)
    facts: dict[str, list[str]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    lines_of: dict[str, int] = field(default_factory=dict)
    cites: bool = False


def survey(data: bytes, path: str) -> Markup:
    """Read the markup of a file; what cannot be read is left out without a word, the parser reports it."""
    text = decode(data).text.lstrip("\ufeff")
    return _survey_text(text) if path.endswith((".txt", ".md", ".markdown")) else _survey_html(text)


def _survey_text(text: str) -> Markup:
    found = Markup()
    for number, line in enumerate(text.splitlines(), 1):
        found.links += [Marked(match[1], number) for match in _MARKDOWN_LINK.finditer(line)]
        found.lines_of.setdefault(title_key(line), number)
    return found


def _survey_html(text: str) -> Markup:
    found = Markup()
    try:
        parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
        root = etree.fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return found
    if root is None:
        return found
    nodes = list(_json_nodes(root))
    licensed = set(_licensed_images(nodes))
    main = _main(root)
    for element in root.iter(etree.Element):
        if anchor := element.get("id") or (element.get("name") if element.tag == "a" else ""):
            found.anchors.add(anchor)
    for element in main.iter("a", "img", "dl", *_BLOCKS):
        _note(element, main, licensed, found)
    for node in nodes:
        found.cites = found.cites or bool(node.get("citation"))
        found.claims += _claims(node, text)
    return found


def _note(element: etree._Element, main: etree._Element, licensed: set[str], found: Markup) -> None:
    if element.tag == "a":
        if (href := (element.get("href") or "").strip()) and not _beside(element, main):
            found.links.append(Marked(href, element.sourceline))
    elif element.tag == "img":
        source = (element.get("src") or "").strip()
        if source and not _beside(element, main) and not _has_licence(element, source, licensed):
            found.unlicensed.append(Marked(source[:200], element.sourceline))
    elif element.tag == "dl":
        if "facts" in (element.get("class") or "").split():
            _facts(element, found.facts)
    else:
        found.lines_of.setdefault(title_key(_words(element)), element.sourceline)


def _main(root: etree._Element) -> etree._Element:
    for path in ("//main", "//*[@role='main']", "//article", "//body"):
        elements = root.xpath(path)
        if elements and (path != "//article" or len(elements) == 1):
            return elements[0]
    return root


def _beside(element: etree._Element, main: etree._Element) -> bool:
    """Whether an element is not part of what the page says: navigation, a form and their like."""
    for parent in element.iterancestors():
        if parent is main:
            return False
        if parent.tag in _ASIDE:
            return True
    return False


def _words(element: etree._Element) -> str:
    """Visible text of an element without reference markers."""
    parts: list[str] = []
    for each in element.iter():
        marker = each.tag == "a" and (each.get("href") or "").startswith("#") and _MARKER.match(_plain(each))
        if each.tag not in ("script", "style") and not marker:
            parts.append(each.text or "")
        if each is not element:
            parts.append(each.tail or "")
    return clean("".join(parts))


def _plain(element: etree._Element) -> str:
    return clean("".join(element.itertext()))


def _facts(table: etree._Element, facts: dict[str, list[str]]) -> None:
    label = ""
    for element in table.iter("dt", "dd"):
        if element.tag == "dt":
            label = _words(element).rstrip(":： ").casefold()
        elif label:
            facts.setdefault(label, []).append(_words(element))


def _has_licence(element: etree._Element, source: str, licensed: set[str]) -> bool:
    """Whether a picture has a licence.

    It has when an ``ImageObject`` with a ``license`` names it in JSON-LD, when the picture or something around it has
    ``data-license``, or when the caption of its figure words a licence or a credit.
    """
    if source.rpartition("/")[2] in licensed:
        return True
    around = [element, *element.iterancestors()]
    if any((each.get("data-license") or "").strip() for each in around):
        return True
    figure = next((each for each in around if each.tag == "figure"), None)
    return figure is not None and any(_LICENCE.search(_plain(caption)) for caption in figure.iter("figcaption"))


# ---------------------------------------------------------------------------------------------------------------------
# JSON-LD


def _json_nodes(root: etree._Element) -> Iterator[dict[str, Any]]:
    """Every object in the JSON-LD of a page, outer ones first."""
    waiting: list[Any] = []
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            try:
                waiting.append(json.loads(script.text or "", strict=False))
            except (ValueError, RecursionError):
                continue  # the parser warns of it
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, dict):
            yield node
            waiting += [value for value in node.values() if isinstance(value, dict | list)]
        elif isinstance(node, list):
            waiting += [value for value in node if isinstance(value, dict | list)]


def _licensed_images(nodes: list[dict[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if "ImageObject" in _types(node) and node.get("license"):
            for key in ("contentUrl", "url", "@id", "thumbnailUrl"):
                if isinstance(address := node.get(key), str) and address:
                    yield address.rpartition("/")[2]


def _types(node: dict[str, Any]) -> set[str]:
    types = node.get("@type")
    return {
        _TYPE_ENDS.split(each)[-1] for each in (types if isinstance(types, list) else [types]) if isinstance(each, str)
    }


def _claims(node: dict[str, Any], text: str) -> Iterator[Claim]:
    """Read what one node states of a hospital, in the words of a facts table."""
    if not _types(node) & HOSPITAL_TYPES:
        return
    address = node.get("address")
    address = address if isinstance(address, dict) else {}
    plain = (("Founded", "foundingDate", node), ("Beds", "numberOfBeds", node))
    places = (("City", "addressLocality", address), ("Address", "streetAddress", address))
    for label, key, owner in (*plain, *places):
        for value in _scalars(owner.get(key)):
            yield Claim(label, value, key, line_of(text, f'"{key}"'))
    services = node.get("availableService")
    for each in services if isinstance(services, list) else [services]:
        for value in _scalars(each):
            yield Claim("Services", value, "availableService", line_of(text, json.dumps(value, ensure_ascii=False)))
    properties = node.get("additionalProperty")
    for each in properties if isinstance(properties, list) else [properties]:
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            for value in _scalars(each.get("value")):
                written = json.dumps(each["value"], ensure_ascii=False)
                yield Claim(
                    clean(each["name"]), value, "additionalProperty", line_of(text, written, '"additionalProperty"')
                )


def _scalars(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = value.get("value", value.get("name"))
    values = value if isinstance(value, list) else [value]
    return [clean(str(each)) for each in values if isinstance(each, str | int | float) and not isinstance(each, bool)]


def line_of(text: str, *needles: str) -> int:
    """Line of the first of some texts that can be found; 0 for none."""
    found = next((place for needle in needles if needle and (place := text.find(needle)) >= 0), -1)
    return text.count("\n", 0, found) + 1 if found >= 0 else 0

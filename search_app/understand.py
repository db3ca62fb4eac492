"""Read what a person typed: names, words and their other names, places, specialties, corrections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from indexer.analysis import Token, is_han, terms, tokenize
from indexer.engines import Lexicon
from indexer.model import FACETS, And, Concept, DocumentIs, FacetIs, Node, Not, Or, Phrase, Prefix, Query, Term
from search_app.alike import alike, key_words
from search_app.best import asked_for_best, in_lists
from search_app.elsewhere import Asked, asked_for, pages_for
from search_app.findings import Findings
from search_app.grammar import All, Any, Except, Field, Parsed, Plain, Quoted, Starts, Syntax, parse
from search_app.names import Name, find_name, names_inside
from search_app.reading import SHORT_TEXT, Part, Reading, compose, with_exact
from search_app.strengths import Meant
from search_app.thesaurus import Terms
from search_app.votes import guess
from search_app.widen import wished
from search_app.wording import parts_of, pieces_of, with_something_wanted, without_facet
from search_app.words import POSSESSIVE, Words, default_words

__all__ = ["Words", "default_words", "read"]

NAME_INSIDE_WEIGHT = 20.0  # a hospital whose name stands within a longer query
TITLE_INSIDE_WEIGHT = 3.0  # an article: "cancer treatment" is a title, and what every search for its cost says
_NAME_FIELDS = ("title", "alias")
_FACETS = frozenset(FACETS)
_SAID = frozenset(("specialty", "topic", "profile"))  # a text that names one of these needs no guess at a field


def read(
    text: str,
    lexicon: Lexicon,
    *,
    plain: bool = False,
    ignore: frozenset[str] = frozenset(),
    correct: bool = True,
    words: Words | None = None,
) -> Reading:
    """What a text asks for.

    Args:
        text: Anything at all.
        lexicon: The words and names of the index that will be searched.
        plain: Only the words as typed: no corrections, no synonyms, nothing read as a facet.
        ignore: What not to read from the words: a facet ("city"), one value ("city:Shanghai"), or "spelling".
        correct: Whether typing errors are corrected.
        words: Vocabulary, for tests; that of the program when None.
    """
    vocabulary = words or default_words()
    parsed = parse(text, lambda found, at_end: _unit_length(found, at_end, vocabulary))
    if parsed.root is None:
        nothing = ("There is no word to search for, so everything is shown.",) if parsed.text else ()
        return Reading(parsed.text, parsed.text, Query(compose(())), notes=(*parsed.notes, *nothing), plain=plain)
    may_correct = correct and not plain and "spelling" not in ignore
    found = Findings(parsed.text, lexicon, vocabulary, plain, ignore, may_correct)
    found.notes.update(dict.fromkeys(parsed.notes))
    return _reading(parsed, parsed.root, found)


def _unit_length(found: Sequence[str], at_end: bool, vocabulary: Words) -> int:
    for size in range(min(4, len(found)), 1, -1):
        part = terms(" ".join(found[-size:] if at_end else found[:size]))
        if vocabulary.thesaurus.synonyms(part) or vocabulary.facets.read(part):
            return size
    return 1


def _reading(parsed: Parsed, root: Syntax, found: Findings) -> Reading:
    absent = _absent(root, found)
    name, inside = (None, []) if absent else _names(parsed, root, found)
    if found.corrected and not name and not inside and not absent:
        absent = _absent(root, found)
    if name and name.literally:
        found.correct = bool(found.corrected)
        if name.doc_ids[0].startswith("hospitals/"):  # its name beats everything else that could be read into it
            found.ignore |= _FACETS
    read_as = _around(root, absent, found) if absent and isinstance(root, Plain) else _parts(root, found)
    parts = with_something_wanted([*read_as, *inside], found.words.thesaurus)
    like: tuple[DocumentIs, ...] = ()
    about: Terms = ()
    meant: tuple[Meant, ...] = ()
    best = False
    if isinstance(root, Plain) and not name and not absent:
        typed = tuple(piece.term for piece in pieces_of(found, root.start, root.end))
        meant = _meant(root, found)
        parts += _guessed(root, found, meant)
        if meant and not found.complaint and not found.wants_hospital():
            found.complaint = found.words.strengths.complains(_telling(root, found), found.words.thesaurus.ordinary)
        english = found.words.thesaurus.in_english(typed)
        like, about = alike(english, found), key_words(english, found)
        if not found.plain and "specialty" not in found.ignore:
            strengths = found.words.strengths
            meant = meant or tuple(strengths.of[each] for each in found.specialties() if each in strengths.of)
            best = asked_for_best(typed, parts, meant, found)
            if best and (listed := in_lists(meant, found.cities(), found)):
                parts.append(listed)
    if sum(part.role == "word" for part in parts) > SHORT_TEXT:  # in prose quotation marks only quote
        parts = [part._replace(role="word") if _is_phrase(part) else part for part in parts]
    doc_ids, reason = (name.doc_ids, name.reason) if name else ((), "")
    who = found.told_by_who_is_ill()
    return Reading(
        text=parsed.text,
        used=found.used(),
        query=Query(with_exact(compose(tuple(parts)), doc_ids, reason), boosts=found.boosts()),
        parts=tuple(parts),
        corrected=tuple(found.corrected.items()),
        found=tuple(each for each in found.found if (each.facet, each.value) not in who),
        excluded=tuple(found.excluded),
        exact=doc_ids[0] if len(doc_ids) == 1 else "",
        exact_ids=doc_ids,
        exact_reason=reason,
        optional=tuple(dict.fromkeys(part.words for part in parts if part.role == "optional" and part.words)),
        unknown=tuple(found.unknown),
        strange=_strange(parts, found),
        field=found.field(meant),
        around=found.around(meant),
        alike=like,
        key_words=about,
        strengths=meant,
        best=best,
        lifts=best or (found.complaint and not found.wants_article()),
        notes=tuple(found.notes),
        plain=found.plain,
    )


def _strange(parts: list[Part], found: Findings) -> tuple[str, ...]:
    """Wanted Han characters that stand nowhere, stretch by stretch."""
    stretches = sorted({(part.start, part.end) for part in parts if part.role == "word"} & found.strange)
    return tuple(dict.fromkeys(found.text[start:end] for start, end in stretches))


def _absent(root: Syntax, found: Findings) -> Asked | None:
    """A well-known hospital that the words ask for and that has no page, unless its name says a field to go on by."""
    if not isinstance(root, Plain) or found.plain:
        return None
    read_as = [
        (token, root.start + start, root.start + end)
        for token, start, end in tokenize(found.text[root.start : root.end])
    ]
    if found.corrected:
        read_as = [(piece.term, piece.start, piece.end) for piece in pieces_of(found, root.start, root.end)]
    tokens = [Token(POSSESSIVE.get(token, token), start, end) for token, start, end in read_as]
    words = found.words
    asked = asked_for(tokens, words.elsewhere, words.elsewhere_spelled, found.lexicon, words.facets)
    if asked is None:
        return None
    found.notes[f"This site has no page about {asked.hospital.name}."] = None
    if asked.field:
        return None
    found.correct = bool(found.corrected)
    found.like = found.words.facets.canonical("specialty", asked.hospital.specialty) or ""
    city = found.words.facets.canonical("city", asked.hospital.city)
    found.notes[
        f"Pages that name it, if there are any, come first, then hospitals in {city}."
        if city
        else "Only pages that name it are shown."
    ] = None
    return asked


def _around(root: Plain, absent: Asked, found: Findings) -> list[Part]:
    """Parts of the words around the name of a hospital that has no page, and one for the name."""
    named = found.text[absent.start : absent.end]
    parts = [Part("fixed", pages_for(absent.hospital, found.words.facets), named, absent.start, absent.end)]
    for start, end in ((root.start, absent.start), (absent.end, root.end)):
        if found.text[start:end].strip():
            parts += parts_of(found, start, end)
    return parts


def _meant(root: Plain, found: Findings) -> tuple[Meant, ...]:
    """Fields that hospitals are known for and some words mean."""
    if found.plain or "specialty" in found.ignore:
        return ()
    telling, strengths = _telling(root, found), found.words.strengths
    english = found.words.thesaurus.in_english(telling)
    if english is telling:
        return strengths.meant(telling)
    # What Chinese lists say comes first where not all of it is known in English.
    either = (telling, english) if any(map(is_han, english)) else (english, telling)
    return next((meant for said in either if (meant := strengths.meant(said))), ())


def _telling(root: Plain, found: Findings) -> Terms:
    """The words without those that only say what something is like."""
    return tuple(each.term for each in pieces_of(found, root.start, root.end) if each.start not in found.likened)


def _guessed(root: Plain, found: Findings, meant: tuple[Meant, ...]) -> list[Part]:
    """What words are about that no list has as they stand: a hint at a field, or what pages call a wish.

    A field only where the words say neither one nor a subject, and are no question; a wish only in questions.
    """
    if found.plain:
        return []
    thesaurus = found.words.thesaurus
    telling = _telling(root, found)
    typed = [term for term in thesaurus.in_english(telling) if not thesaurus.optional(term)]
    if found.asks():
        names = guess(typed, found.words.wishes)
        known = [name for name in names or () if all(found.lexicon.frequency(term) for term in name)]
        if not known or not found.room():
            return []
        between = "" if all(map(is_han, telling)) else " "
        said = between.join([term for term in telling if not thesaurus.optional(term)])
        members = tuple(wished(name, said) for name in known)
        return [Part("optional", Concept(members), "", root.start, root.end)]
    knows = found.hints or found.complaint or any(each.facet in _SAID for each in found.found)
    if not knows:
        field = guess(typed, found.words.complaints)
        for each in found.words.strengths.specialties(meant) or ((field,) if field else ()):
            if found.wanted("specialty", each):
                found.hints[("specialty", each)] = None
    return []


def _is_phrase(part: Part) -> bool:
    return part.role == "fixed" and isinstance(part.node, Concept)


def _names(parsed: Parsed, root: Syntax, found: Findings) -> tuple[Name | None, list[Part]]:
    """The page that the whole text names, also after corrections, and pages that are named within it."""
    words = found.words
    typed = terms(parsed.text)
    if not isinstance(root, Plain) or found.plain:
        return find_name(typed, found.lexicon, words.facets, words.thesaurus, loosely=False), []
    name = find_name(typed, found.lexicon, words.facets, words.thesaurus)
    if name and name.literally:
        return name, []
    pieces = pieces_of(found, root.start, root.end)
    if found.corrected:
        typed = tuple(piece.term for piece in pieces)
        name = find_name(typed, found.lexicon, words.facets, words.thesaurus) or name
    inside: list[Part] = []
    for start, end, doc_ids in names_inside(pieces, found.lexicon, words) if name is None else ():
        hospital = doc_ids[0].startswith("hospitals/")
        if hospital:
            found.in_name.append((start, end))
        if found.room():
            named = found.text[start:end]
            found.notes[f"“{named}” names a page, which is shown whatever the other words are."] = None
            weight = NAME_INSIDE_WEIGHT if hospital else TITLE_INSIDE_WEIGHT
            node = DocumentIs(doc_ids, weight, "name within the words")
            inside.append(Part("named", node, "", start, end))
    return name, inside


def _parts(node: Syntax, found: Findings) -> list[Part]:
    if isinstance(node, All):
        return [part for child in _operands(node, found) for part in _parts(child, found)]
    if isinstance(node, Plain):
        return parts_of(found, node.start, node.end)
    if isinstance(node, Except):
        part = _except(node, found)
        return [part] if part else []
    built = _node(node, found)
    if built is None:
        return []
    start, end = _span(node)
    return [Part("fixed", built, found.text[start:end], start, end)]


def _operands(node: All | Any, found: Findings) -> Iterator[Syntax]:
    """The children of a node, each while the findings say whether AND or OR stands beside it.

    Words behind a phrase, group or field without an operator only stand side by side with it.
    """
    outer = found.joined
    spans = [_span(child) for child in node.children]
    before = [found.text[end:start] for (_, end), (start, _) in pairwise(spans)]
    for child, left, right in zip(node.children, ("", *before), (*before, ""), strict=True):
        found.joined = outer or isinstance(node, Any) or "AND" in left + right
        yield child
    found.joined = outer


def _node(node: Syntax, found: Findings, spellings_only: bool = False) -> Node | None:
    """A tree of its own for a syntax node, as it stands inside a group; at most ``grammar.MAX_DEPTH`` deep."""
    if isinstance(node, Plain):
        parts = parts_of(found, node.start, node.end, spellings_only)
        return compose(tuple(with_something_wanted(parts, found.words.thesaurus))) if parts else None
    if isinstance(node, Quoted):
        return _phrase(node.text, (), f"“{node.text.strip()}”", found)
    if isinstance(node, Starts):
        return _prefix(node.text, (), found)
    if isinstance(node, Field):
        return _field(node, found)
    if isinstance(node, Except):
        part = _except(node, found)
        return Not(part.node) if part else None
    children = [child for each in _operands(node, found) if (child := _node(each, found, spellings_only)) is not None]
    if len(children) < 2:
        return children[0] if children else None
    return And(tuple(children)) if isinstance(node, All) else Or(tuple(children))


def _except(node: Except, found: Findings) -> Part | None:
    """What must not match. Behind a minus a city leaves out its pages; other words are left out wherever they stand."""
    built: Node | None
    city = _city(node.child, found)
    if city is not None:
        value, typed = city
        built = without_facet(found, "city", value, typed)
        found.notes[
            f"Pages about {found.words.facets.label('city', value)} are left out; pages that only mention it stay. "
            f'To leave out the word itself, type -"{typed}".'
        ] = None
    else:
        kept = dict(found.found), dict(found.hints), dict(found.unknown)
        built = _node(node.child, found, True)
        found.found, found.hints, found.unknown = kept
    return None if built is None else Part("excluded", built, found.text[node.start : node.end], node.start, node.end)


def _city(node: Syntax, found: Findings) -> tuple[str, str] | None:
    if not isinstance(node, Plain) or found.plain:
        return None
    typed = found.text[node.start : node.end].strip("- ")
    values = [value for facet, value in found.words.facets.read(terms(typed)) if facet == "city"]
    return (values[0], typed) if values and found.wanted("city", values[0]) else None


def _phrase(text: str, fields: tuple[str, ...], reason: str, found: Findings) -> Node | None:
    wanted = terms(text)
    if not wanted or not found.room():
        return None
    if len(wanted) == 1:
        return Concept((Term(wanted[0], fields, 1.0, False, reason),))
    return Concept((Phrase(wanted, fields, 1.0, False, reason),))


def _prefix(text: str, fields: tuple[str, ...], found: Findings) -> Node | None:
    wanted = terms(text)
    if not wanted or not found.room():
        return None
    last = Concept((Prefix(wanted[-1], fields, 1.0, f"begins with {wanted[-1]}"),))
    before: list[Node] = [Concept((Term(each, fields),)) for each in wanted[:-1] if found.room()]
    return And((*before, last)) if before else last


def _field(node: Field, found: Findings) -> Node | None:
    if node.name == "title":
        if node.form == "prefix":
            return _prefix(node.text, _NAME_FIELDS, found)
        return _phrase(node.text, _NAME_FIELDS, f"“{node.text.strip()}” in the title", found)
    if not found.room():
        return None
    facets = found.words.facets
    value = facets.canonical(node.name, node.text)
    if value is None:
        near = ", ".join(facets.close(node.name, node.text))
        found.notes[f"There is no {node.name} “{node.text}”. Known are for example: {near}."] = None
    return FacetIs(node.name, value or node.text)


def _span(node: Syntax) -> tuple[int, int]:
    if isinstance(node, All | Any):
        spans = [_span(child) for child in node.children]
        return min(start for start, _ in spans), max(end for _, end in spans)
    return node.start, node.end

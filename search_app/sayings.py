"""Say in the language of the page what rooms without a language wrote in English: notes, problems, reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from indexer.analysis import HAN
from indexer.placings import Placing
from search_app.catalogues import catalogue
from search_app.field_names import field_name, value_name
from search_app.reading import HAS_ALL
from search_app.settings import LANGUAGES, LOCALES
from search_app.site import Site

MAX_REASONS = 6  # shown under a hit; the API names all
MAX_EXPLAINED = 3  # of them with what they are in brackets: each is half a line, a whole one on a phone
MAX_TOGETHER = 4  # things that have one reason
N_ = str  # marks a text for the catalogues, which translate it where it is shown

# Each sentence as it is written elsewhere, with names for what changes in it. What fits none stays English.
_NOTES = (
    N_("“%(word)s” was read as a word: a beginning needs at least %(number)s letters."),
    N_("“%(word)s” was read as a word: only %(number)s beginnings are searched at once."),
    N_("The search is too long; the last words were left out."),
    N_("Articles that are close in meaning are among these, though they lack some of the words."),
    N_("“%(name)s” names a page, which is shown whatever the other words are."),
    N_(
        "Pages about %(value)s are left out; pages that only mention it stay. "
        'To leave out the word itself, type -"%(word)s".'
    ),
    N_("This site has no page about %(name)s."),
    N_("Pages that name it, if there are any, come first, then hospitals in %(value)s."),
    N_("Only pages that name it are shown."),
    N_("The editors leave pages out of this search: %(number)s."),
    N_("%(value)s is left out, because the words say so."),
    N_("There is no %(facet)s “%(word)s”. Known are for example: %(values)s."),
    N_("Only the first %(number)s characters were searched."),
    N_("Only the first %(number)s words were searched."),
    N_("Brackets deeper than %(number)s were ignored."),
    N_("Only the first %(number)s values of '%(parameter)s' were used."),
    N_("'%(parameter)s' is 1 or 0, not '%(word)s'."),
    N_("'%(parameter)s' is a whole number from 1, not '%(word)s'."),
    N_("'%(parameter)s' is at most %(number)s, not %(word)s."),
    N_("'%(parameter)s' is one of %(values)s, not '%(word)s'. Did you mean '%(near)s'?"),
    N_("'%(parameter)s' is one of %(values)s, not '%(word)s'."),
)
_REASONS = (
    N_("%(name)s (another spelling of %(word)s)"),
    N_("%(name)s (English for %(word)s)"),
    N_("%(name)s (synonym of %(word)s)"),
    N_("%(name)s (related to %(word)s)"),
    N_("%(value)s (what %(word)s stands for)"),
    N_("%(name)s (corrected from %(word)s)"),
    N_("%(name)s (%(word)s written apart)"),
    N_("%(name)s (%(word)s in one word)"),
    N_("begins with %(word)s"),
    N_("“%(word)s” in the title"),
    N_("exact name"),
    N_("exact name in pinyin"),
    N_("name with its words in another order or left out"),
    N_("name within the words"),
    N_("all words"),
    N_("placed by the editors"),
    N_("close in meaning"),
    N_("%(value)s (field of the page)"),
    N_("names %(name)s"),
    N_("%(field)s (what it is known for)"),
    N_("%(field)s (a department of its own)"),
    N_("%(number)s in China for %(field)s (%(list)s)"),
    N_("%(number)s of all hospitals in China (%(list)s)"),
    N_("%(field)s (a national list)"),
)
_LISTS = (N_("Fudan list for %(year)s"),)
_RANKS = (N_("rank %(number)s"), N_("joint rank %(number)s"))  # English says "2nd" and "joint 2nd"
_PLACES = (N_("%(list)s: %(rank)s (%(source)s)"), N_("%(list)s: %(rank)s (reputation, %(source)s)"))
_RANK = re.compile(r"(joint )?(\d+)(?:st|nd|rd|th)")
_LABEL = " (field of the page)"
_STANDS_FOR = re.compile(r"(?P<value>.+) \(what (?P<word>.+) stands for\)", re.S)
_NAMED = re.compile(r"%\((\w+)\)s")
_BOTH = re.compile(rf"(?P<english>[^()]+) \((?P<chinese>[{HAN}]+)\)")  # a hospital's names: "Huaxi (华西医院)"
_OPENING = re.compile(r" \(|（")
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")


def _pattern(template: str) -> re.Pattern[str]:
    """What a sentence looks like: its words, and anything where a name stands."""
    parts = _NAMED.split(template)
    return re.compile("".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)), re.S)


_NOTE_PATTERNS = tuple((_pattern(each), each) for each in _NOTES)
_REASON_PATTERNS = tuple((_pattern(each), each) for each in _REASONS)
_LIST_PATTERNS = tuple((_pattern(each), each) for each in _LISTS)


def said(text: str, site: Site) -> str:
    """A note or problem in the language of the page; as it came when nothing like it is known."""
    return _translated(text, _NOTE_PATTERNS, site)


def reasons(matched: Iterable[str], site: Site) -> tuple[str, ...]:
    """Why a hit is here, at most ``MAX_REASONS``: the words it has as they were typed, then what else they mean.

    At most ``MAX_EXPLAINED`` have an explanation in brackets.
    What has one reason stands together: "retina, cornea (what it is known for)".
    """
    shown = _once([_BETWEEN_HAN.sub("", each) for each in matched])
    plain = [(each,) for each in shown if not each.endswith(")")]
    together: dict[str, dict[str, None]] = {}
    for each in shown:
        if each.endswith(")"):
            # A place in a list is a reason of its own.
            ending = each if " list for " in each else each[each.rfind(" (") :]
            together.setdefault(ending, {})[each] = None
    explained = [tuple(each)[:MAX_TOGETHER] for each in together.values()][:MAX_EXPLAINED]
    first = [*plain, *explained][:MAX_REASONS]
    return tuple(dict.fromkeys(_listed(each, site) for each in first))


def _once(matched: list[str]) -> list[str]:
    """Reasons without what others of them say too, as far as one page goes.

    That it has all words says of each that it is there, and that a value is a label of it where that came from.
    """
    labels = {each.removesuffix(_LABEL) for each in matched if each.endswith(_LABEL)}
    whole = HAS_ALL in matched
    return [
        each
        for each in matched
        if not ((read := _STANDS_FOR.fullmatch(each)) and read["value"] in labels)
        and not (whole and not any(pattern.fullmatch(each) for pattern, _template in _REASON_PATTERNS))
    ]


def _listed(same: tuple[str, ...], site: Site) -> str:
    """Reasons that end alike as one, in the language of the page."""
    said_each = [_translated(each, _REASON_PATTERNS, site) for each in same]
    for opening in _OPENING.finditer(said_each[0]):
        ending = said_each[0][opening.start() :]
        if len(said_each) > 1 and all(each.endswith(ending) for each in said_each):
            return listed((each.removesuffix(ending) for each in said_each), site) + ending
    return said_each[0]


def listed(parts: Iterable[str], site: Site) -> str:
    """Words one after the other, as the language of the page divides them."""
    return _say(N_(", "), site).join(parts)


def said_field(name: str, site: Site) -> str:
    """A field that hospitals state, or a national list, in the language of the page; in English where none is known."""
    return field_name(name, site.language) or name


def said_value(value: str, site: Site) -> str:
    """What a hospital states of itself, in the language of the page; as it stands where that is not known."""
    return value_name(value, site.language) or value


def said_placing(placing: Placing, site: Site) -> Placing:
    """A place in a national list, with its words in the language of the page."""
    if _is_english(site):
        return placing
    return replace(
        placing,
        of=said_field(placing.of, site),
        nth=_rank(placing.nth, site),
        source=_translated(placing.source, _LIST_PATTERNS, site),
    )


def placing_sentence(placing: Placing, site: Site) -> str:
    """The whole fact about a place in a list, in the language of the page."""
    there = said_placing(placing, site)
    return _say(_PLACES[placing.reputation], site, list=there.of, rank=there.nth, source=there.source)


def _say(text: str, site: Site, **values: str) -> str:
    """A text of the catalogue in the language of the page, no markup, with values put into it."""
    return catalogue(LOCALES[site.language]).ugettext(text) % values


def _is_english(site: Site) -> bool:
    return site.language == next(iter(LANGUAGES))


def _rank(text: str, site: Site) -> str:
    """A place as English says it ("joint 2nd") in another language."""
    found = _RANK.fullmatch(text)
    if found is None:
        return text
    return _say(_RANKS[bool(found[1])], site, number=found[2])


def _translated(text: str, patterns: Iterable[tuple[re.Pattern[str], str]], site: Site) -> str:
    if _is_english(site):  # they were written in it
        # The API has no quotation marks; here it would say "Costs & Pricing (what what does it cost stands for)".
        read = _STANDS_FOR.fullmatch(text) if text.endswith(" stands for)") else None
        return f"{read['value']} (what “{read['word']}” stands for)" if read else text
    for pattern, template in patterns:
        found = pattern.fullmatch(text)
        if found:
            values = {name: _value(name, value, site) for name, value in found.groupdict().items()}
            return _say(template, site, **values)
    return text


def _value(name: str, value: str, site: Site) -> str:
    """What stands in a sentence, by the name of its place."""
    if name == "value":
        return _label(value, site)
    if name == "name" and site.tag.startswith("zh") and (both := _BOTH.fullmatch(value)):
        return f"{both['chinese']}（{both['english']}）"
    if name == "field":
        return said_field(value, site)
    if name == "list":
        return _translated(value, _LIST_PATTERNS, site)
    return _rank(value, site) if name == "number" else value


def _label(label: str, site: Site) -> str:
    """The label of a facet value, which is written in English, in the language of the page."""
    taxonomy = site.labels.taxonomy
    for value in taxonomy.vocabulary:
        if value.label == label:
            return site.label(value.facet, value.name)
    return label

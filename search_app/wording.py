"""Words next to each other → wanted, optional and unwanted parts of a query."""

from __future__ import annotations

from dataclasses import replace

from indexer.analysis import stem, terms, tokenize
from indexer.model import Concept, FacetIs, Node, Or, Phrase, Term
from search_app.comparisons import without_comparisons
from search_app.corrections import corrected
from search_app.cut_apart import whole
from search_app.findings import PERSONS, Findings, names_itself
from search_app.loose_han import LooseHan
from search_app.meaning import Value, hinted, meanings
from search_app.reading import SHORT_TEXT, FacetReading, Part
from search_app.thesaurus import ONE_WAY, Thesaurus
from search_app.widen import Member, Piece, Unit, concept, other_names, together, units, word, written_otherwise

MAX_OPTIONAL = 8  # further small words cost time and tell nothing
NO_WEIGHT = 0.01  # of what must stand on a page and is scored by another part
_TRAVEL = ("topic", "Visa & Entry")
WHO = PERSONS | {"Pediatrics"}  # specialties that name no organ
SMALL_WORD_WEIGHT = 0.2  # "best" and "the" tell two pages apart only when nothing else does
_JOINING = frozenset(("and", "or", "nor"))
_BEFORE_US = frozenset(("the", "in", "vs", "versus", "than", "to", "from", "china", "usa", "like"))


def pieces_of(found: Findings, start: int, end: int) -> list[Piece]:
    """Tokens of a stretch of the text, with typing errors corrected; the same stretch is corrected only once."""
    if (start, end) not in found.pieces:
        found.pieces[(start, end)] = _pieces(found, start, end)
    return found.pieces[(start, end)]


def _pieces(found: Findings, start: int, end: int) -> list[Piece]:
    text = found.text[start:end]
    pieces = [
        Piece(token, text[at:until] + ("-" if text[until : until + 1] == "-" else ""), start + at, start + until)
        for token, at, until in tokenize(text)
    ]
    if found.plain:
        return pieces
    pieces = whole(pieces, found.text, found.lexicon, found.words)
    if not found.correct:
        return pieces
    right, made = corrected(pieces, found.lexicon, found.words, found.text)
    for change in made:
        found.corrected[change.typed] = change.used
        found.replaced[(change.start, change.end)] = change.used
    return right


def parts_of(found: Findings, start: int, end: int, spellings_only: bool = False) -> list[Part]:
    """Parts of a stretch of plain words; ``spellings_only`` widens only to other spellings, as behind a minus."""
    return _Stretch(found, pieces_of(found, start, end), spellings_only).parts()


def with_something_wanted(parts: list[Part], thesaurus: Thesaurus) -> list[Part]:
    """The parts, where optional ones became wanted when nothing else is: "hospital", "how much", "what is it"."""
    optional = [part for part in parts if part.role == "optional" and part.words]
    if not optional or any(part.role in ("word", "fixed") for part in parts):
        return parts
    rank = {part: _substance(part, thesaurus) for part in optional}
    best = max(rank.values())
    return [part._replace(role="word") if rank.get(part) == best else part for part in parts]


def _substance(part: Part, thesaurus: Thesaurus) -> int:
    typed = terms(part.words)
    if len(typed) != 1:
        return 3
    for rank, listed in enumerate((thesaurus.function_words, thesaurus.question_words, thesaurus.given_words)):
        if typed[0] in listed:
            return rank
    return 3


def without_facet(found: Findings, facet: str, value: str, typed: str) -> Node | None:
    """What must not match when a facet value is left out: the value, or its words in the name of a page.

    None when there is no room, or the value was left out before.
    """
    if any((each.facet, each.value) == (facet, value) for each in found.excluded):
        return None
    if not (found.room() and found.room()):
        return None
    found.excluded[FacetReading(facet, value, typed)] = None
    named: list[Member] = []
    for spelling in found.words.facets.spellings.get((facet, value), ())[:10]:
        fields = ("title", "alias")
        named.append(Term(spelling[0], fields) if len(spelling) == 1 else Phrase(spelling, fields))
    is_value = FacetIs(facet, value)
    return Or((is_value, Concept(tuple(named)))) if named and facet != "kind" else is_value


class _Stretch:
    """A stretch of words while it becomes parts."""

    def __init__(self, found: Findings, pieces: list[Piece], spellings_only: bool) -> None:
        self.found = found
        self.lexicon = found.lexicon
        self.facets = found.words.facets
        self.thesaurus = found.words.thesaurus
        self.pieces = pieces
        self.spellings_only = spellings_only
        self.units = units(pieces, found.lexicon, found.words, not found.plain)
        if not (found.plain or found.joined or spellings_only):
            self.units = without_comparisons(self.units, found)
        wanted = [piece for piece in pieces if not self.thesaurus.optional(piece.term)]
        self.prose = len(wanted) > SHORT_TEXT  # there "the" and "of" tell nothing
        self.about = any(unit.synonyms or any(facet != "kind" for facet, _ in unit.meanings) for unit in self.units)
        treated = any(each.relation == "treated" for unit in self.units for each in unit.synonyms)
        found.complaint = found.complaint or treated
        if treated and not any(facet == "kind" for unit in self.units for facet, _ in unit.meanings):
            self.units = [self._bare(unit) for unit in self.units]
        found.informing = found.informing or any(map(self._informs, self.units))
        found.someone = found.someone or any(piece.term in self.thesaurus.treating for piece in pieces)
        fields = [self._specialties(unit) for unit in self.units]
        told = any(each - PERSONS for each in fields)
        # starts of words for who is ill, where others say what the search is about
        self.who = {
            unit.pieces[0].start
            for unit, each in zip(self.units, fields, strict=True)
            if told and each and each <= PERSONS and not any(names_itself(value, unit.typed) for value in each)
        }
        travels = any(each == _TRAVEL for unit in self.units for each in unit.meanings)
        if told and not travels:  # "my husband has lung cancer" asks for no relatives, "visa for my husband" does
            self.who |= {unit.pieces[0].start for unit in self.units if self._is_relative(unit)}
        # starts of words that are said of many organs, where an organ is named
        self.signs = self._signs(fields)
        loose = frozenset(unit.pieces[0].start for unit in self.units if self._loose(unit))
        self.loose_han = LooseHan(pieces, loose, found.lexicon)

    def parts(self) -> list[Part]:
        parts: list[Part] = []
        kinds: list[tuple[str, str]] = []
        place = at = 0
        while at < len(self.units):
            unit = self.units[at]
            unwanted, used = ([], 0) if unit.how != "except" or self.spellings_only else self._natural_except(at)
            if used:
                parts += unwanted
                place += sum(len(each.pieces) for each in self.units[at : at + used])
                at += used
                continue
            values = () if self.spellings_only else self._values(unit, place)
            kinds += [(value, unit.typed) for facet, value in values if facet == "kind"]
            if not self.spellings_only:
                self._keep(unit, values)
            parts += self._unit(unit, place, values)
            place += len(unit.pieces)
            at += 1
        self._read_kinds(kinds)
        return _fewer_optional(parts)

    def _bare(self, unit: Unit) -> Unit:
        """A unit beside a complaint: numbers and words of daily life are only themselves there.

        "haemoglobin only 6" is no sixth hospital, "extra heartbeats" ask for no extra costs.
        """
        plain = (
            len(unit.pieces) == 1
            and not unit.meanings
            and not any(each.relation == "treated" for each in unit.synonyms)
        )
        only_itself = plain and (unit.terms[0].isdigit() or self.thesaurus.ordinary(unit.terms[0]))
        return unit._replace(synonyms=()) if only_itself and unit.synonyms else unit

    def _informs(self, unit: Unit) -> bool:
        """Whether a unit says that something is to be known; not within a complaint: "heart rate" is one."""
        if self.found.plain or any(synonym.relation == "treated" for synonym in unit.synonyms):
            return False
        said = self.thesaurus.translations.get(unit.terms, unit.terms)
        return any(self.thesaurus.informs(term) for term in said)

    # -- facet values ------------------------------------------------------------------------------------------------

    def _values(self, unit: Unit, place: int) -> tuple[Value, ...]:
        """Facet values that a unit really stands for where it stands."""
        typed = [piece.term for piece in self.pieces]
        start, end = unit.pieces[0].start, unit.pieces[-1].end
        in_name = any(first <= start and end <= last for first, last in self.found.in_name)
        kept: list[Value] = []
        for facet, value in meanings(unit, self.facets):
            if not self.found.wanted(facet, value) or (in_name and facet != "kind"):
                continue
            if facet == "city" and self.facets.part_of_a_name(typed, place, place + len(unit.pieces)):
                continue
            kept.append((facet, value))
        return tuple(kept)

    def _signs(self, fields: list[set[str]]) -> set[int]:
        """Starts of words like "cyst" beside one for an organ: in "kidney cyst" nothing is gynaecology."""
        if self.found.joined or self.spellings_only or self.found.plain:
            return set()
        strengths = self.found.words.strengths
        signs = {unit.pieces[0].start for unit in self.units if strengths.is_sign(unit.terms)}
        named = signs and any(
            unit.pieces[0].start not in signs and (each - WHO or strengths.organ(unit.terms))
            for unit, each in zip(self.units, fields, strict=True)
        )
        if any(strengths.of_one_place(unit.terms) for unit in self.units):
            return signs | self._sites()
        if not self.found.complaint and strengths.complains(self._typed(), self.thesaurus.ordinary):
            return self._sites()  # "face gone crooked one side" is told by two words, neither of which tells it alone
        return signs if named else set()

    def _typed(self) -> tuple[str, ...]:
        return tuple(piece.term for piece in self.pieces)

    def _sites(self) -> set[int]:
        """Starts of parts of the body that many fields treat."""
        return {unit.pieces[0].start for unit in self.units if self.found.words.strengths.is_site(unit.terms)}

    def _tells_nothing(self, unit: Unit) -> bool:
        """Whether a unit is a sign that any part of the body may have, or says what something is like."""
        start = unit.pieces[0].start
        return start in self.signs or start in self.found.likened

    def _keep(self, unit: Unit, values: tuple[Value, ...]) -> None:
        """Note what was read; a unit without values of its own may have other names that have some."""
        if self._tells_nothing(unit):
            return
        own = [(facet, value) for facet, value in values if facet != "kind"]
        for facet, value in own:
            self.found.read(facet, value, unit.typed)
        if not own:
            for facet, value, same in hinted(unit, self.facets):
                if self.found.wanted(facet, value):
                    if same:
                        self.found.read(facet, value, unit.typed)
                    else:
                        self.found.hints[(facet, value)] = None

    def _read_kinds(self, kinds: list[tuple[str, str]]) -> None:
        """The word hospital lifts hospitals, unless the words ask what a page of advice answers."""
        advice = self.found.asks() or self.found.advice()
        for value, typed in kinds:
            self.found.hospital |= value == "hospital"
            if value != "hospital" or not advice:
                self.found.read("kind", value, typed)

    def _natural_except(self, at: int) -> tuple[list[Part], int]:
        """What "not beijing or shanghai" leaves out, and how many units it took; 0 when it is none."""
        any_facet = self.units[at].terms in self.thesaurus.except_any
        allowed = ("city", "specialty", "kind") if any_facet else ("city",)
        parts: list[Part] = []
        seen = False
        joined = True
        used = 1
        while at + used < len(self.units):
            unit = self.units[at + used]
            value = next(((f, v) for f, v in unit.meanings if f in allowed and self.found.wanted(f, v)), None)
            joins = seen and unit.terms[0] in _JOINING and len(unit.pieces) == 1
            following = self.units[at + used + 1].meanings if at + used + 1 < len(self.units) else ()
            if value is None and joins and any(facet == "city" for facet, _ in following):
                used += 1
                joined = True
                continue
            if value is None or not joined or (seen and value[0] != "city"):
                break
            self.found.notes[f"{self.facets.label(*value)} is left out, because the words say so."] = None
            first = unit.pieces[0] if seen else self.units[at].pieces[0]
            end = unit.pieces[-1].end
            node = without_facet(self.found, *value, unit.typed)
            if node is not None:
                parts.append(Part("excluded", node, self.found.text[first.start : end], first.start, end))
            used += 1
            seen, joined = True, False
        return (parts, used) if seen else ([], 0)

    # -- words -------------------------------------------------------------------------------------------------------

    def _optional(self, place: int) -> bool:
        piece = self.pieces[place]
        if piece.term == "us":  # the country, unless it reads like the pronoun
            before = self.pieces[place - 1].term if place else ""
            return not (piece.typed.startswith("US") or before in _BEFORE_US or len(self.pieces) == 1)
        if self.found.plain:
            return piece.term in self.thesaurus.function_words
        return self.thesaurus.optional(piece.term)

    def _ordinary(self, unit: Unit) -> bool:
        """Whether a unit is a word of daily life beside one that says what the search is about."""
        alone = len(unit.pieces) == 1 and not unit.synonyms and not unit.meanings
        return alone and self.about and not self.found.plain and self.thesaurus.ordinary(unit.pieces[0].term)

    def _is_relative(self, unit: Unit) -> bool:
        return len(unit.pieces) == 1 and not unit.meanings and stem(unit.pieces[0].term) in self.thesaurus.family

    def _part(self, role: str, node: Node, unit: Unit) -> list[Part]:
        start, end = unit.pieces[0].start, unit.pieces[-1].end
        if not self.found.room():
            return []
        if role != "word" or not self.found.joined:
            return [Part(role, node, unit.typed, start, end)]
        own = self._own(node, unit)
        parts = [Part("fixed", own, unit.typed, start, end)]
        if own is not node and self.found.room():
            parts.append(Part("optional", node, "", start, end))
        return parts

    def _own(self, node: Node, unit: Unit) -> Node:
        """A concept without what is only related to its words, next to weightless; itself where it has no such."""
        related = {each.terms for each in unit.synonyms if each.relation in ONE_WAY}
        if not related or not isinstance(node, Concept):
            return node
        kept = tuple(each for each in node.members if each is node.members[0] or _terms_of(each) not in related)
        return (
            node if len(kept) == len(node.members) else Concept(tuple(replace(each, weight=NO_WEIGHT) for each in kept))
        )

    def _unit(self, unit: Unit, place: int, values: tuple[Value, ...]) -> list[Part]:
        if unit.how == "given":
            return self._part("optional", Concept((Phrase(unit.terms),)), unit)
        others = other_names(unit, self.lexicon, self.facets, values, self.spellings_only)
        if self._tells_nothing(unit):
            return self._part("optional", concept(replace(together(unit), weight=SMALL_WORD_WEIGHT)), unit)
        if unit.pieces[0].start in self.who:
            weight = SMALL_WORD_WEIGHT if self._is_relative(unit) else 1.0
            return self._part("optional", concept(replace(together(unit), weight=weight)), unit)
        if unit.how == "han":
            return self._han(unit, place, values, others)
        if unit.how in ("pinyin", "compound"):
            return self._in_one(unit, others)
        ordinary = self._ordinary(unit)
        optional = [ordinary or self._optional(place + n) for n in range(len(unit.pieces))]
        kinds: set[str] = set()
        if not self.spellings_only and not self.found.plain and "kind" not in self.found.ignore:
            kinds = {term for term in unit.terms if any(facet == "kind" for facet, _ in self.facets.read((term,)))}
            optional = [is_it or term in kinds for is_it, term in zip(optional, unit.terms, strict=True)]
        if all(optional) and len(unit.pieces) > 1 and others:
            return self._part("optional", concept(together(unit), others), unit)
        if others and self._idiom(unit):
            return self._part("word", concept(together(unit), others), unit)
        parts: list[Part] = []
        for n, piece in enumerate(unit.pieces):
            if self.prose and optional[n] and piece.term in self.thesaurus.function_words:
                continue
            small = optional[n] and piece.term not in kinds and not ordinary
            if len(unit.pieces) > 1:
                named = self._values_of(unit, piece, values)
                others = other_names(unit, self.lexicon, self.facets, named, self.spellings_only)
            node = self._word(unit, piece, place + n, self._fields(unit, values), others, small)
            if len(node.members) == 1 and not optional[n] and not self.lexicon.frequency(piece.term):
                self.found.unknown[piece.typed.rstrip("-")] = None
            parts += self._part("optional" if optional[n] else "word", node, Unit((piece,), unit.how, unit.synonyms))
        return parts

    def _idiom(self, unit: Unit) -> bool:
        """Whether a phrase only leads to other words: "private parts" are neither private nor parts."""
        relations = {synonym.relation for synonym in unit.synonyms}
        return len(unit.pieces) > 1 and "treated" in relations and relations <= set(ONE_WAY) and not unit.meanings

    def _values_of(self, unit: Unit, piece: Piece, values: tuple[Value, ...]) -> list[Value]:
        """Values of a unit without those that another of its words alone stands for: "lung" is no cancer."""
        alone = {each.term: self.facets.read((each.term,)) for each in unit.pieces}
        of_others = {value for term, found in alone.items() if term != piece.term for value in found}
        return [each for each in values if each in unit.meanings or each in alone[piece.term] or each not in of_others]

    def _word(
        self, unit: Unit, piece: Piece, place: int, fields: tuple[str, ...], others: list[Member], small: bool
    ) -> Concept:
        """One word of a unit with its other names and spellings."""
        term, unfinished = word(piece, self.lexicon, fields)
        if self.found.plain:
            return concept(term)
        if small:
            term = replace(term, weight=SMALL_WORD_WEIGHT)
        own: list[Member] = []
        if len(unit.pieces) > 1 and not unit.synonyms:  # only facet words hold it together: "eye hospital"
            single = Unit((piece,), "words", self.thesaurus.synonyms((piece.term,)))
            own = other_names(single, self.lexicon, self.facets, (), self.spellings_only)
        return concept(term, unfinished, others, own, written_otherwise(self.pieces, place, self.lexicon))

    def _fields(self, unit: Unit, values: tuple[Value, ...]) -> tuple[str, ...]:
        """Everywhere, but a place within another name is not looked for among the labels."""
        is_city = any(facet == "city" for facet, _ in unit.meanings)
        if is_city and not self.found.plain and not any(facet == "city" for facet, _ in values):
            return ("title", "alias", "heading", "body", "pinyin")
        return ()

    def _in_one(self, unit: Unit, others: list[Member]) -> list[Part]:
        """Syllables of pinyin or a code like PD-1: its pieces belong together or are written as one."""
        joined = "".join(unit.terms)
        members: list[Member] = [together(unit)]
        if unit.how == "pinyin":
            members.insert(0, Phrase(unit.terms, (), 1.0))
        elif self.lexicon.exact_frequency(joined) and not joined.isdigit():
            members.append(Term(joined, (), 0.95, False, f"{joined} ({unit.typed} in one word)"))
        return self._part("word", concept(members[0], members[1:], others), unit)

    # -- Chinese -----------------------------------------------------------------------------------------------------

    def _specialties(self, unit: Unit) -> set[str]:
        """Specialties that a unit stands for or hints at."""
        values = meanings(unit, self.facets) or tuple((facet, value) for facet, value, _ in hinted(unit, self.facets))
        return {value for facet, value in values if facet == "specialty"}

    def _loose(self, unit: Unit) -> bool:
        if unit.how != "han" or len(unit.pieces) > 1 or unit.synonyms or unit.meanings:
            return False
        piece = unit.pieces[0]
        return not self.thesaurus.optional(piece.term) and piece.start not in self.found.likened

    def _han(self, unit: Unit, place: int, values: tuple[Value, ...], others: list[Member]) -> list[Part]:
        """A known Chinese word as it is; a loose character together with the next, else by itself."""
        piece = unit.pieces[0]
        kind = any(facet == "kind" for facet, _ in values)
        if len(unit.pieces) > 1 or others:
            return self._part("optional" if kind else "word", concept(together(unit), others), unit)
        if piece not in self.loose_han:
            return self._part("optional", Concept((Term(piece.term),)), unit)
        after = self.loose_han.after(place)
        if after is not None:
            nowhere = self.loose_han.stretch(piece)
            if nowhere and nowhere[0] is not piece:
                return []  # the beginning of its stretch stands for it
            told = Unit(nowhere or (piece, after), "han")
            if nowhere:
                self.found.strange.add((piece.start, nowhere[-1].end))
            return self._part("word", Concept((Phrase((piece.term, after.term), (), 1.0, False, told.typed),)), told)
        if self.loose_han.before(place):
            return []  # the pair before holds it
        # by itself it is a verb or particle between known words, rarely more
        return self._part("optional", Concept((Term(piece.term),)), unit)


def _terms_of(member: Member) -> tuple[str, ...]:
    return member.terms if isinstance(member, Phrase) else (member.text,)


def _fewer_optional(parts: list[Part]) -> list[Part]:
    """The parts with at most ``MAX_OPTIONAL`` optional ones."""
    surplus = [part for part in parts if part.role == "optional"][MAX_OPTIONAL:]
    return [part for part in parts if part not in surplus] if surplus else parts

"""What is shown under a hit: the compiled choice against a plain one, and what it must never do."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from indexer.analysis import BREAK
from indexer.engines.excerpts import ENOUGH, LEAD, LEAST, NEAR, USUAL, WINDOW
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.model import Concept, Document, Or, Query, Section, Snippet, Term
from indexer.sentences import SENTENCE
from indexer.token_stream import LENGTH_BITS, LONGEST, AnalyzedDocument, analyze, marked_lengths

# A query of two concepts; "eye" is only related to what was typed.
ROOT = Or((Concept((Term("cataract"), Term("eye", weight=0.5))), Concept((Term("price"),))), 1)
WORTH = {"cataract": (0, 1.0), "eye": (0, 0.5), "price": (1, 1.0)}
WORDS = [
    *"alpha beta gamma delta It Its Item Omega Sigma 12 3.5 Dr U.S e.g é眼 术 它 他汀 Straße".split(),
    "cataract",
    "eye",
    "price",
]
JOINTS = [
    *[" "] * 30,
    *[". "] * 3,
    ".[1] ",
    ".[2][3] ",
    ", ",
    "! ",
    "? ",
    "。",
    "？",
    "\n",
    ".\n",
    *["\n• "] * 3,
    ' "',
    '." ',
    " (",
    ") ",
    ".” ",
    " “",
    "... ",
]


def made(seed: int) -> Document:
    """A document of random words and marks."""
    dice = Random(seed)

    def text(most: int) -> str:
        pieces = [dice.choice(WORDS) + dice.choice(JOINTS) for _ in range(dice.randint(1, most))]
        return re.sub(r" *\n *", "\n", "".join(pieces)).strip()

    sections = [Section(text(3).replace("\n", " "), f"s{number}", text(160)) for number in range(dice.randint(1, 3))]
    return Document(f"articles/{seed:04}", "article", f"Page {seed}", (Section("", "", text(30)), *sections))


# -- the plain choice -------------------------------------------------------------------------------------------------


def begins(text: str, place: int) -> str:
    """What begins with the token at a place: "line", "sentence", "leaning" (on the one before), or nothing."""
    whole = "leaning" if re.match(r"Its?\b|它", text[place:], re.ASCII) else "sentence"
    before = re.sub(r"[\"'(“‘]+\Z", "", text[:place])
    spaced = before.endswith(" ")
    before = before.rstrip(" ")
    if not before or before.endswith("\n"):
        return "line"
    if re.search(r"(?:^|\n)•\Z", before):  # items of a list are shown together
        return "sentence"
    if re.search(r"[A-Za-z,]\Z", before):
        return ""
    sentence = re.sub(r"[\"')”’]+\Z", "", re.sub(r"(?:\[[\d.,]*\])+\Z", "", before))
    short = re.search(r"(?:^|[^A-Za-z\u0080-\U0010ffff])(?:[A-Za-z]|[A-Z][a-z])\.\Z", sentence)
    if spaced and sentence.endswith((".", "!", "?")) and not short and not "a" <= text[place] <= "z":
        return whole
    stopped = re.sub(r"(?:\[[\d.,]*\])+\Z", "", re.sub(r"[”’]+\Z", "", before))
    return whole if stopped.endswith(("。", "！", "？")) else ""


def expected(document: Document, idf: tuple[float, float]) -> Snippet:
    """The snippet for ``ROOT``, chosen with slow and simple means."""
    analyzed = analyze(document)
    text = analyzed.text.decode()
    places = [len(analyzed.text[:start].decode()) for start in analyzed.starts]
    ends = [
        len(analyzed.text[: start + length].decode())
        for start, length in zip(analyzed.starts, analyzed.lengths, strict=True)
    ]

    def worth(tokens: list[int], body: int) -> dict[int, float]:
        got: dict[int, float] = {}
        for token in tokens:
            leaf, weight = WORTH[analyzed.terms[token]]
            counts = idf[leaf] * weight * (1.5 if token < body else 1.0)
            got[leaf] = max(got.get(leaf, 0.0), counts)
        return got

    def named(start: int, end: int) -> list[int]:
        return [token for token in range(start, end) if analyzed.terms[token] in WORTH]

    values = [sum(worth(found, each.body).values()) + 0.02 * min(len(found), 20) if found else 0.0
              for each in analyzed.sections for found in [named(each.start, each.end)]]  # fmt: skip
    span = analyzed.sections[best(values)]
    body, end = span.body, span.end
    if body == end:
        return Snippet()
    starts = named(body, end)
    near = [named(token, min(token + NEAR, end)) for token in starts]
    first = last = body
    if starts:
        chosen = best([sum(worth(each, body).values()) + 0.01 * len(each) for each in near])
        first = starts[chosen]
        last = next(
            token
            for token in near[chosen]
            if worth([t for t in near[chosen] if t <= token], body) == worth(near[chosen], body)
        )
    kind = [begins(text, place) for place in places]
    opening = [token for token in range(max(body, last + 1 - USUAL), first + 1) if kind[token]]
    start = opening[-1] if opening else max(body, last + 1 - USUAL, first - LEAD)

    def ending(start: int, most: int = USUAL) -> tuple[int, str]:
        stop, closed = start, ""
        for token in range(start + 1, min(start + most, end) + 1):
            here = "line" if token == end else kind[token]
            if here:
                stop, closed = token, here
            if here == "line" or (here and token > last and token - start >= ENOUGH):
                break
        if closed != "line" and (stop <= last or stop - start < LEAST):
            return min(start + most, end), ""
        return stop, closed

    stop, closed = ending(start)
    while closed and stop - start < LEAST and kind[start] != "line":
        earlier = [token for token in range(max(body, stop - USUAL), start) if kind[token]]
        if not earlier:
            break
        start = earlier[-1]
    if kind[start] == "leaning":
        firm = [token for token in range(max(body, last + 1 - WINDOW), start) if kind[token] in ("sentence", "line")]
        if firm and ending(firm[-1], WINDOW)[1]:
            start = firm[-1]
            stop, closed = ending(start, WINDOW)
    return sliced(analyzed, text, places, ends, (start, stop, end), bool(kind[start]), bool(closed))


def sliced(
    analyzed: AnalyzedDocument, text: str, places: list[int], ends: list[int], tokens: tuple[int, int, int],
    opens: bool, closes: bool,
) -> Snippet:  # fmt: skip
    """The text of some tokens with the marks that belong to their first and last sentence."""
    start, stop, end = tokens
    low, high = places[start], ends[stop - 1]
    if opens:
        low -= len(re.search(r"[\"'(“‘]*\Z", text[:low]).group())  # type: ignore[union-attr]
    if closes and stop == end:
        high = text.index("\n", high)
    elif closes:
        high += len(re.sub(r"[\"'(“‘]+\Z", "", text[high : places[stop]]))
    if closes:
        high = len(re.sub(r"\n•\Z", "", text[:high].rstrip(" \n")).rstrip(" \n"))
    mark = "" if opens else "… "
    spans = tuple(
        (places[t] - low + len(mark), ends[t] - low + len(mark))
        for t in range(start, stop)
        if analyzed.terms[t] in WORTH
    )
    return Snippet(mark + text[low:high].replace("\n", " ") + ("" if closes else " …"), spans)


def best(values: list[float]) -> int:
    """The first of the highest, as far as they differ by more than rounding."""
    return next(place for place, value in enumerate(values) if value > max(values) - 1e-9)


# -- claims -----------------------------------------------------------------------------------------------------------


def test_the_compiled_choice_is_the_plain_one(tmp_path: Path) -> None:
    documents = [made(seed) for seed in range(300)]
    engine = WhooshEngine(tmp_path)
    with engine.rebuild() as writer:
        for document in documents:
            writer.put(document)
    with engine.searcher() as searcher:
        found = searcher.search(Query(ROOT, limit=300, explain=False))
        idf = idf_of(documents)
        by_id = {each.doc_id: each for each in documents}
        assert found.total.value > 250
        for hit in found.hits:
            wanted = expected(by_id[hit.doc_id], idf)
            assert hit.snippet == wanted, by_id[hit.doc_id]
            assert "\n" not in hit.snippet.text


def idf_of(documents: list[Document]) -> tuple[float, float]:
    """What each concept of ``ROOT`` weighs by its rarity: that of its most frequent word."""
    from indexer.ranking import Ranking

    terms = [set(analyze(each).terms) - {BREAK} for each in documents]
    counts = {word: sum(word in each for each in terms) for word in WORTH}
    most = max(counts["cataract"], counts["eye"]), counts["price"]
    return Ranking().idf(len(documents), most[0]), Ranking().idf(len(documents), most[1])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """The snippet of a section's text, for ``ROOT``."""

    def of(text: str, *more: Section) -> str:
        engine = WhooshEngine(tmp_path_factory.mktemp("one"))
        with engine.rebuild() as writer:
            writer.put(Document("articles/one", "article", "Page", (Section("A heading", "a", text), *more)))
            for number in range(9):  # what stands everywhere weighs nothing
                writer.put(Document(f"articles/{number}", "article", "Page", (Section("", "", "Nothing."),)))
        with engine.searcher() as searcher:
            return searcher.search(Query(ROOT)).hits[0].snippet.text

    return of


def test_the_length_of_an_endless_word_leaves_room_for_what_begins_with_it() -> None:
    analyzed = analyze(Document("articles/one", "article", "Page", (Section("", "", f"Yes. {'A' * 40_000}"),)))
    (token,) = (place for place, length in enumerate(analyzed.lengths) if length > LONGEST)
    assert marked_lengths(analyzed)[token] == SENTENCE << LENGTH_BITS | LONGEST


LONG = "This is a long sentence of many other words that says nothing of what is asked for here, number {}. "


def test_a_snippet_begins_and_ends_with_a_sentence(shown) -> None:  # type: ignore[no-untyped-def]
    filler = "".join(LONG.format(number) for number in range(6))
    assert shown(f"{filler}Dr. Li says that a cataract in the U.S. costs more.[3] {filler}").startswith("Dr. Li says")
    assert (
        shown(f"{filler}\n这是一家医院。院内有很多床位。白内障 cataract 手术。\n{filler}")
        == "院内有很多床位。白内障 cataract 手术。"
    )
    assert shown(f"{filler}\nA cataract.\n{filler}") == "A cataract.", "not across the end of a paragraph"


def test_a_snippet_begins_where_it_is_understood(shown) -> None:  # type: ignore[no-untyped-def]
    filler = "".join(LONG.format(number) for number in range(6))
    before = "Ruijin Hospital opened a second site in Jiading for proton beams. "
    leaning = "It also has a ward where twelve doctors treat cataract on weekdays and at night. "
    assert shown(f"{filler}{before}{leaning}{filler}") == (before + leaning).strip()
    assert shown(f"{filler}{before}But note. {leaning}{filler}") == (before + "But note. " + leaning).strip()
    assert shown(f"{filler}\n{leaning}{filler}").startswith("It also"), "not across the beginning of a paragraph"
    assert shown(f"{filler}{before}{leaning.replace('It ', 'Item ')}{filler}").startswith("Item also has")
    late = leaning.replace(".", ", and a second one beyond the river for all who come when the first is closed.")
    assert shown(f"{filler}{before}{late}{filler}") == (before + late).strip()
    later = late.replace(".", " or much too full to take them in at once, which is most days of the week before noon.")
    assert shown(f"{filler}{before}{later}{filler}").startswith("It also has"), "rather than cut it at the end"
    assert shown(f"{filler}{before}{leaning.replace('It also has', 'This page names')}{filler}").startswith("This page")


@pytest.mark.parametrize("first", ["它", "该院", "这家医院", "但是", "因此", "其中", "所以他们"])
def test_a_chinese_snippet_begins_where_it_is_understood(shown, first: str) -> None:  # type: ignore[no-untyped-def]
    filler = "".join(LONG.format(number) for number in range(6))
    before, leaning = "瑞金医院在嘉定设有第二院区。", "有很多床位。白内障 cataract 手术。"
    assert shown(f"{filler}\n{before}{first}{leaning}\n{filler}") == before + first + leaning
    assert shown(f"{filler}\n{before}！\n{first}{leaning}\n{filler}") == first + leaning, "a paragraph leans on nothing"


@pytest.mark.parametrize("first", ["他汀类药物", "也门病人", "这一页", "但丁", "院内"])
def test_a_chinese_sentence_that_begins_with_the_same_character_leans_on_nothing(shown, first: str) -> None:  # type: ignore[no-untyped-def]
    filler = "".join(LONG.format(number) for number in range(6))
    sentence = f"{first}有很多床位。白内障 cataract 手术。"
    assert shown(f"{filler}\n瑞金医院在嘉定设有第二院区。{sentence}\n{filler}") == sentence


def test_items_of_a_list_are_shown_whole(shown) -> None:  # type: ignore[no-untyped-def]
    filler = "".join(f"\n• {LONG.format(number).strip()}" for number in range(3))
    text = shown(
        f"The packages hold:{filler}\n• An operation of cataract by hand\n• Drops for the weeks after it{filler}"
    )
    assert text.startswith("An operation of cataract by hand • Drops for the weeks after it • This is")
    assert not text.endswith("•")


def test_what_was_typed_is_shown_before_what_is_related(shown) -> None:  # type: ignore[no-untyped-def]
    text = shown("The eye, the eye and the eye.", Section("Work", "b", "Operations of cataract are done here."))
    assert text == "Operations of cataract are done here."


def test_words_of_a_heading_alone_show_the_first_sentence(shown) -> None:  # type: ignore[no-untyped-def]
    filler = "".join(LONG.format(number) for number in range(6))
    assert shown("The eye.", Section("Cataract price", "b", filler)).startswith("This is a long sentence")

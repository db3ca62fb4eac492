"""What hospitals are known for: which fields words mean, and how that orders hospitals among themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.analysis import terms
from indexer.errors import TaxonomyError
from indexer.model import Card, Count, Everything, Fact, Hit, Query, Results
from indexer.placings import ALL, placing_of
from indexer.taxonomy import load_taxonomy
from search_app.by_strength import in_order, points
from search_app.request import SearchRequest
from search_app.search import answer
from search_app.strengths import default_strengths, load_strengths
from search_app.understand import read
from tests.real_corpus import real_engine
from tests.searchable import DOCUMENTS, searcher

STRENGTHS = default_strengths()


def meant(text: str) -> set[str]:
    return {field for each in STRENGTHS.meant(terms(text)) for field in each}


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ("cataracts", {"cataract"}),
        ("going blind", {"retina", "glaucoma", "low vision"}),
        ("tumour in my brain", {"brain tumours"}),  # a longer phrase rules out "tumour" and "brain"
        ("my hip is broken", {"injuries"}),
        ("grandma broke her hip", {"injuries"}),  # who is ill says nothing beside what is
        ("grandma", {"medicine for old age"}),
        ("goitre on the neck", {"thyroid"}),  # what is the matter there tells more than where it is
        ("cancer in the neck", {"cancer", "cancer screening", "spine"}),  # which any part of the body can have
        ("small boy with a cough", {"lung disease", "children's lung disease", "children's medicine"}),
        ("北京白内障医院", {"cataract"}),
        ("胸口疼", {"heart disease"}),  # not pain of any kind
        ("letter of invitation", set()),
    ],
)
def test_words_mean_fields_in_any_order_and_inflection(typed: str, fields: set[str]) -> None:
    assert meant(typed) == fields


def test_a_text_of_many_words_means_no_field() -> None:
    assert STRENGTHS.meant(("cataract", *["word"] * 24)) == ()


def test_a_specialty_stands_for_its_fields_where_no_narrower_one_is_meant() -> None:
    with searcher() as opened:
        assert read("crusty eyes", opened.lexicon).strengths == (("eye disease",),)
        assert read("crusty eyes", opened.lexicon, ignore=frozenset({"specialty"})).strengths == ()
        assert read("-cataract crusty", opened.lexicon).strengths == ()
    specialties = load_taxonomy().values("specialty")
    assert set(STRENGTHS.of) == set(specialties) - {"General Hospital"}


def hospital(name: str, known: tuple[str, ...] = (), departments: tuple[str, ...] = (), **other: Any) -> Card:
    return Card(f"hospitals/{name}", "hospital", name, known=known, departments=departments, **other)


def test_known_counts_above_a_department_and_that_above_a_narrower_field() -> None:
    worths = [STRENGTHS.worth(("eye disease",))]
    known = points(hospital("a", ("Eye disease",)), worths)
    department = points(hospital("b", (), ("Eye disease",)), worths)
    narrower = points(hospital("c", ("Retina",)), worths)
    further = points(hospital("d", ("Eye disease", "Retina")), worths)
    other = points(hospital("e", ("Hand surgery",)), worths)
    assert further[0] > known[0] > department[0] > narrower[0] > other[0] == 0
    assert known[1] == ("Eye disease (what it is known for)",)
    assert department[1] == ("Eye disease (a department of its own)",)
    assert points(hospital("f", ("Eye disease",)), [STRENGTHS.worth(("retina",))])[0] == known[0]  # the wider field
    last = points(hospital("h", ("Burns", "Hand surgery", "Eye disease")), worths)
    assert known[0] > last[0] > department[0]  # its page names other fields first
    assert points(hospital("g", ("Eye disease",), doubt="Not confirmed open"), worths) == (0.0, ())


def test_a_place_in_the_list_of_the_field_adds_to_that_the_more_the_better_it_is() -> None:
    worths = [STRENGTHS.worth(("retina",))]
    first, tenth, other, overall = (
        replace(hospital("a", ("Retina",)), listed=(f"{place} (reputation, Fudan list for 2021)",))
        for place in ("Eye disease: 1st", "Eye disease: 10th", "Burns: 1st", "All hospitals: 1st")
    )
    known = points(hospital("a", ("Retina",)), worths)
    assert points(first, worths)[0] > points(tenth, worths)[0] > known[0]
    assert points(other, worths) == points(overall, worths) == known
    assert points(first, worths)[1][0] == "1st in China for eye disease (Fudan list for 2021)"
    listed_only = replace(first, known=())
    assert known[0] > points(listed_only, worths)[0] > 0


@pytest.mark.parametrize(
    ("typed", "best"),
    [
        ("best eye hospital", True),
        ("which hospital is best for cataracts", True),
        ("number one hospital in shanghai", True),
        ("最好的眼科医院", True),
        ("eye hospital", False),
        ("best hospital with american doctors", False),  # of all only where nothing else is asked for
        ("best private hospital", False),
        ("what is the best treatment for cataracts", False),
    ],
)
def test_who_asks_for_the_best_hospital_is_understood(typed: str, best: bool) -> None:
    with searcher() as opened:
        assert read(typed, opened.lexicon).best is best


def test_the_best_of_a_field_and_of_all_come_in_the_order_of_their_list() -> None:
    places = {"hospitals/pumch": 3, "hospitals/renji": 40, "hospitals/beijing-tongren": 76}
    documents = tuple(
        replace(each, facts=(Fact("National lists", f"All hospitals: {places[each.doc_id]}th (Some list for 2021)"),))
        if each.doc_id in places
        else each
        for each in DOCUMENTS
    )
    with searcher(documents) as opened:
        hits = answer(SearchRequest("best hospital in china"), opened).results.hits
        inside = answer(SearchRequest("best hospital in shanghai"), opened).results.hits
    assert [hit.doc_id for hit in hits[:3]] == list(places)
    assert inside[0].doc_id == "hospitals/renji"
    assert "40th of all hospitals in China (Some list for 2021)" in inside[0].matched
    with real_engine().searcher() as opened:
        eyes = answer(SearchRequest("best eye hospital"), opened).results.hits
        everywhere = answer(SearchRequest("which is the best hospital in china"), opened).results.hits
    assert [hit.matched[0][:3] for hit in eyes[:2]] == ["1st", "2nd"]
    shown = [placing_of(each) for hit in everywhere[:8] for each in hit.card.listed]
    found = [each.place for each in shown if each and each.of == ALL]
    assert found[:5] == [1, 4, 5, 8, 9]  # the others have no page


def ordered(*hits: Hit, **how: Any) -> list[str]:
    results = Results(Query(Everything()), Count(len(hits)), hits, (), "")
    found = in_order(results, (("retina",),), STRENGTHS, **how).hits
    assert [hit.rank for hit in found] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    return [hit.doc_id for hit in found]


def test_hospitals_take_the_places_of_hospitals_and_articles_keep_theirs() -> None:
    other, known = Hit(1, 9.0, hospital("other")), Hit(3, 7.0, hospital("known", ("Retina",)))
    article = Hit(2, 7.2, Card("articles/eyes", "article", "Eyes"))
    assert ordered(other, article, known) == ["hospitals/known", "articles/eyes", "hospitals/other"]
    close = known._replace(rank=2, score=7.1)
    assert ordered(article._replace(rank=1), close) == ["articles/eyes", "hospitals/known"]
    assert ordered(article._replace(rank=1), close, lifts=True) == ["hospitals/known", "articles/eyes"]


def test_a_page_of_the_order_is_a_part_of_all_of_it() -> None:
    fields = ((), ("Retina",), (), ("Cornea",), ("Retina", "Cornea"))
    hits = tuple(Hit(rank, 20.0 - rank, hospital(f"h{rank}", known)) for rank, known in enumerate(fields, 1))
    results = Results(Query(Everything(), limit=30), Count(5), hits, (), "")
    for meant in ((("retina",),), (("kidney stones",),)):
        whole = in_order(results, meant, STRENGTHS)
        part = in_order(results, meant, STRENGTHS, offset=1, limit=3)
        assert part.hits == whole.hits[1:4]
        assert (part.query.offset, part.query.limit) == (1, 3)


def test_in_a_city_hospitals_that_show_something_of_the_field_come_before_those_that_show_nothing() -> None:
    nothing = Hit(1, 12.0, hospital("nothing", city=("Beijing",)))
    elsewhere = Hit(2, 11.0, hospital("elsewhere", ("Retina",), city=("Shanghai",)))
    special = Hit(3, 10.5, hospital("special", city=("Beijing",), specialty=("Ophthalmology",)))
    words = Hit(4, 10.2, hospital("words", city=("Beijing",)), matched=("all words",))
    department = Hit(5, 10.0, hospital("department", (), ("Retina",), city=("Beijing",)))
    hits = (nothing, elsewhere, special, words, department)
    found = ordered(*hits, cities=("Beijing",), specialties=("Ophthalmology",))
    assert found == [f"hospitals/{name}" for name in ("department", "special", "words", "elsewhere", "nothing")]
    assert ordered(*hits)[-1] == "hospitals/words"


def test_beside_a_city_a_hospital_of_the_field_alone_comes_before_general_ones_elsewhere() -> None:
    general = Hit(
        1, 12.0, hospital("general", ("Retina",), city=("Shanghai",), specialty=("General Hospital", "Ophthalmology"))
    )
    other = Hit(2, 11.5, hospital("other", ("Retina",), city=("Shanghai",), specialty=("Oncology",)))
    eyes = Hit(3, 9.0, hospital("eyes", ("Retina",), city=("Shanghai",), specialty=("Ophthalmology",)))
    narrower = Hit(4, 5.0, hospital("narrower", ("Retina",), city=("Beijing",)))
    hits = (general, other, eyes, narrower)
    there = ordered(*hits, cities=("Beijing",))  # the specialty is that of the fields where none was read
    assert there == ["hospitals/narrower", "hospitals/eyes", "hospitals/general", "hospitals/other"]
    assert ordered(*hits)[0] == "hospitals/general"


def test_beside_a_city_more_hits_change_places() -> None:
    before = [Hit(rank, 12.0, hospital(f"other-{rank}", city=("Shanghai",))) for rank in range(1, 41)]
    special = Hit(41, 10.0, hospital("special", ("Retina",), city=("Beijing",)))
    assert ordered(*before, special, cities=("Beijing",))[0] == "hospitals/special"
    assert ordered(*before, special)[-1] == "hospitals/special"


def test_the_order_is_one_whatever_the_size_of_a_page() -> None:
    fields = {"hospitals/shanghai-eye": "Cataract", "hospitals/renji": "Cataract", "hospitals/pumch": "Rare disease"}
    documents = tuple(
        replace(each, facts=(Fact("Known for", fields[each.doc_id]),)) if each.doc_id in fields else each
        for each in DOCUMENTS
    )
    with searcher(documents) as opened:
        whole = answer(SearchRequest("cataract hospital", per_page=50), opened).results
        parts = [answer(SearchRequest("cataract hospital", page=n, per_page=2), opened).results for n in range(1, 8)]
        by_title = answer(SearchRequest("cataract hospital", per_page=50, sort="title"), opened).results.hits
    assert whole.hits[0].doc_id == "hospitals/shanghai-eye"
    assert "Cataract (what it is known for)" in whole.hits[0].matched
    assert [hit.doc_id for part in parts for hit in part.hits] == [hit.doc_id for hit in whole.hits]
    assert all(part.total == whole.total for part in parts)
    assert [hit.card.title for hit in by_title] == sorted(hit.card.title for hit in by_title)


def test_every_field_that_a_page_states_has_words_and_stands_there_once() -> None:
    with real_engine().searcher() as opened:
        cards = [each for each in opened.documents() if each.kind == "hospital"]
        stated = {
            each.doc_id: [f.value for f in each.facts if f.name in ("Known for", "Departments")] for each in cards
        }
        first = answer(SearchRequest("cloudy vision old age"), opened).results.hits[0].card
    assert sum(map(len, stated.values())) > 600
    assert {
        value for values in stated.values() for value in values if value.casefold() not in STRENGTHS.fields
    } == set()
    assert [doc_id for doc_id, values in stated.items() if len(set(values)) < len(values)] == []
    assert "Ophthalmology" in first.specialty


def test_beside_a_complaint_of_several_specialties_those_that_state_what_is_meant_are_found() -> None:
    """Two hospitals have both specialties, and few pages all words: those known for ill children follow."""
    with real_engine().searcher() as opened:
        found = answer(SearchRequest("thalassemia cure for child"), opened).results
        near = read("neck goitre", opened.lexicon)
        known = [hit for hit in found.hits if "Children's medicine" in hit.card.known]
    assert sum("Hematology" not in hit.card.specialty for hit in known) >= 3
    assert near.strengths == (("thyroid",),)
    assert [each.value for each in near.query.boosts] == []  # a neck by itself is for orthopaedics


@pytest.mark.parametrize(
    ("typed", "specialty", "field"),
    [
        ("ringing in ears nonstop", "Ear, Nose & Throat", "ear, nose and throat"),
        ("recovering from knee surgery physiotherapy", "Rehabilitation", "rehabilitation"),
        ("fat loss surgery stomach sleeve", "", "metabolic disease"),  # no specialty: what is meant, or a wider field
    ],
)
def test_behind_few_pages_of_a_complaint_hospitals_follow_that_state_its_field(
    typed: str, specialty: str, field: str
) -> None:
    with real_engine().searcher() as opened:
        found = answer(SearchRequest(typed), opened).results
        others = [hit for hit in found.hits if specialty not in hit.card.specialty]
        given = {
            bucket.value: answer(SearchRequest(typed, city=(bucket.value,)), opened).results.total.value
            for bucket in found.facet("city").buckets
        }
        promised = {bucket.value: bucket.count.value for bucket in found.facet("city").buckets}
    assert sum(f"{field} (field of the page)" in hit.matched for hit in others) >= 3
    assert given == promised


def test_nothing_follows_a_complaint_of_many_pages_a_place_or_what_is_no_complaint() -> None:
    with real_engine().searcher() as opened:
        assert answer(SearchRequest("chest pain"), opened).complete == 0  # pages with all words are enough
        assert read("ringing in ears chengdu", opened.lexicon).around is None
        assert read("airport pickup", opened.lexicon).around is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[words", "the file"),
        ("[other]", "unknown key"),
        ('[words]\n"cataract" = ["--"]', "has no letters"),
        ('[words]\n"cataract" = []\n[within]\n"eyes" = ["cataract"]', "eyes"),
        ('[words]\n"cataract" = []\n[listed]\n"Eyes" = ["eyes"]', "eyes"),
        ('persons = ["old age"]\n[words]\n"cataract" = []', "old age"),
        ('anywhere = ["pain"]\n[words]\n"cataract" = []', "pain"),
        ('[words]\n"cataract" = []\n[children]\n"cataract" = ["squint"]', "squint"),
    ],
)
def test_wrong_data_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "strengths.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(TaxonomyError, match=message):
        load_strengths(path)


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ("throwing up blood", {"digestive disease"}),  # no leukaemia
        ("cannot sleep for months", {"sleep disorders"}),  # nobody gave birth
        ("white patches spreading", {"vitiligo"}),  # no cancer
        ("cervical spine", {"spine"}),
        ("spread", {"cancer"}),  # where nothing else tells a field
        ("blood cancer", {"leukaemia and lymphoma", "leukaemia"}),
    ],
)
def test_a_word_of_many_complaints_tells_a_field_only_alone(typed: str, fields: set[str]) -> None:
    meant = default_strengths().meant(terms(typed))
    assert {field for each in meant for field in each} == fields

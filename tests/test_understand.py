"""Claims about how typed words are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.engines import Searcher
from indexer.engines.tree import flatten, members
from indexer.model import And, Concept, DocumentIs, FacetIs, Node, Not, Or
from search_app.reading import Reading, as_meant
from search_app.strengths import default_strengths
from search_app.understand import read
from tests.searchable import DOCUMENTS, EMPTY, searcher


@pytest.fixture(scope="module")
def index() -> Iterator[Searcher]:
    with searcher() as opened:
        yield opened


def found(reading: Reading) -> set[str]:
    return {f"{each.facet}:{each.value}" for each in reading.found}


def hits(index: Searcher, reading: Reading) -> list[str]:
    return [hit.doc_id for hit in index.search(reading.query._replace(limit=50)).hits]


# query, facet values read, values left out, exact document, corrections
READINGS: list[tuple[str, set[str], set[str], str, dict[str, str]]] = [
    ("eye hospital in shanghai", {"kind:hospital", "specialty:Ophthalmology", "city:Shanghai"}, set(), "", {}),
    ("EYE HOSPITAL IN SHANGHAI", {"kind:hospital", "specialty:Ophthalmology", "city:Shanghai"}, set(), "", {}),
    ("opthalmology shangai", {"specialty:Ophthalmology", "city:Shanghai"}, set(), "",
     {"opthalmology": "ophthalmology", "shangai": "shanghai"}),
    ("hospital for kids not beijing", {"kind:hospital", "specialty:Pediatrics"}, {"city:Beijing"}, "", {}),
    ("cancer except beijing and shanghai", {"specialty:Oncology", "topic:Cancer Treatment"},
     {"city:Beijing", "city:Shanghai"}, "", {}),
    ("eye not beijing shanghai", {"specialty:Ophthalmology", "city:Shanghai"}, {"city:Beijing"}, "", {}),
    ("clinic outside of beijing", {"kind:hospital"}, {"city:Beijing"}, "", {}),
    ("cancer -beijing", {"specialty:Oncology", "topic:Cancer Treatment"}, {"city:Beijing"}, "", {}),
    ("cancer NOT beijing", {"specialty:Oncology", "topic:Cancer Treatment"}, {"city:Beijing"}, "", {}),
    ("not beijing", set(), {"city:Beijing"}, "", {}),
    ("eye not tcm", {"specialty:Ophthalmology"}, {"specialty:Traditional Chinese Medicine"}, "", {}),
    ("beijing road", set(), set(), "", {}),
    ("beijing east road", set(), set(), "", {}),
    ("chengdu university", set(), set(), "", {}),
    ("guangzhou university of traditional chinese medicine",
     {"specialty:Traditional Chinese Medicine", "topic:Traditional Chinese Medicine"}, set(), "", {}),
    ("university of shanghai", set(), set(), "", {}),
    ("shanghai jiao tong university", set(), set(), "", {}),
    ("北京大学", set(), set(), "", {}),
    ("上海交通大学", set(), set(), "", {}),
    ("Beijing Children's Hospital", set(), set(), "hospitals/beijing-children", {}),
    ("beijing childrens hospital", set(), set(), "hospitals/beijing-children", {}),
    ("BEIJING TONGREN HOSPITAL", set(), set(), "hospitals/beijing-tongren", {}),
    ("Beijing Tongrn Hospital", set(), set(), "hospitals/beijing-tongren", {"Tongrn": "tongren"}),
    ("tongren hospital beijing", {"city:Beijing", "kind:hospital"}, set(), "hospitals/beijing-tongren", {}),
    ("tongren", set(), set(), "hospitals/beijing-tongren", {}),
    ("tong ren yiyuan", set(), set(), "hospitals/beijing-tongren", {}),
    ("renji", set(), set(), "hospitals/renji", {}),
    ("仁济医院", set(), set(), "hospitals/renji", {}),
    ("仁濟醫院", set(), set(), "hospitals/renji", {}),
    ("协和", set(), set(), "hospitals/pumch", {}),
    ("协和医院", {"kind:hospital"}, set(), "hospitals/pumch", {}),
    ("beijing xiehe yiyuan", set(), set(), "hospitals/pumch", {}),
    ("pumch", set(), set(), "hospitals/pumch", {}),
    ("guangzhou no 8 people's hospital", set(), set(), "hospitals/guangzhou-8", {}),
    ("deltahealth", set(), set(), "hospitals/deltahealth", {}),
    ("daltahealth", set(), set(), "hospitals/deltahealth", {"daltahealth": "delta health"}),  # an error within one half
    ("delthaealth", set(), set(), "hospitals/deltahealth", {"delthaealth": "delta health"}),  # and where they meet
    ("gammahealth", set(), set(), "", {"gammahealth": "gamma health"}),  # both are words: a space is missing
    ("gammehealth", set(), set(), "", {}),
    ("上海眼科医院", {"city:Shanghai", "specialty:Ophthalmology", "kind:hospital"}, set(),
     "hospitals/shanghai-eye", {}),
    ("眼科", {"specialty:Ophthalmology"}, set(), "", {}),
    ("北京 儿童", {"city:Beijing", "specialty:Pediatrics"}, set(), "", {}),
    ("heart attack hospital", {"specialty:Cardiology & Cerebrovascular", "kind:hospital"}, set(), "", {}),
    ("test tube baby", {"specialty:Reproductive Medicine (IVF)", "topic:Fertility & IVF"}, set(), "", {}),
    ("how much is cataract surgery", {"topic:Costs & Pricing", "specialty:Ophthalmology"}, set(), "", {}),
    ("do i need a visa", {"topic:Visa & Entry"}, set(), "", {}),
    ("how much cheaper than the USA", {"topic:Costs & Pricing"}, set(), "", {}),
    ("eye hospital cost", {"specialty:Ophthalmology", "topic:Costs & Pricing"}, set(), "", {}),
    ("eyehospital", {"specialty:Ophthalmology", "kind:hospital"}, set(), "", {"eyehospital": "eye hospital"}),
    ("chil dren beijing", {"specialty:Pediatrics", "city:Beijing"}, set(), "", {"chil dren": "children"}),
    ("catarct", {"specialty:Ophthalmology"}, set(), "", {"catarct": "cataract"}),
    ("ivf", {"specialty:Reproductive Medicine (IVF)", "topic:Fertility & IVF"}, set(), "", {}),
    ("jcl", set(), set(), "", {}),
    ("qwertyuiop", set(), set(), "", {}),
    ("clinical trials", set(), set(), "", {}),
    ("insurence", set(), set(), "", {}),  # nothing here is about insurance
    ("swine flu", set(), set(), "", {}),
    ("city:shanghai eye", {"specialty:Ophthalmology"}, set(), "", {}),
    ('"eye hospital in shanghai"', set(), set(), "", {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "values", "left_out", "exact", "corrected"), READINGS, ids=[each[0] for each in READINGS]
)
def test_query_is_read_as(
    index: Searcher, query: str, values: set[str], left_out: set[str], exact: str, corrected: dict[str, str]
) -> None:
    reading = read(query, index.lexicon)
    assert found(reading) == values
    assert {f"{each.facet}:{each.value}" for each in reading.excluded} == left_out
    assert reading.exact == exact
    assert dict(reading.corrected) == corrected


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.doc_id)
def test_every_name_finds_its_document_first(index: Searcher, document: object) -> None:
    for name in (document.title, document.title_zh, *document.aliases):  # type: ignore[attr-defined]
        if name:
            for typed in (name, name.upper(), f" {name}. "):
                assert hits(index, read(typed, index.lexicon))[0] == document.doc_id  # type: ignore[attr-defined]


# -- switches --------------------------------------------------------------------------------------------------------


def test_a_removed_chip_is_no_longer_read(index: Searcher) -> None:
    query = "eye hospital in shanghai"
    assert found(read(query, index.lexicon, ignore=frozenset(("city",)))) == {
        "specialty:Ophthalmology",
        "kind:hospital",
    }
    without = read(query, index.lexicon, ignore=frozenset(("specialty:Ophthalmology",)))
    assert found(without) == {"city:Shanghai", "kind:hospital"}
    assert {each.facet for each in without.query.boosts} == {"city", "kind"}


def test_what_kind_of_hospital_lifts_a_search_and_no_question(index: Searcher) -> None:
    wanted = read("private hospital shanghai", index.lexicon)
    assert "profile:Private hospital" in found(wanted)
    assert ("profile", "Private hospital") in {(each.facet, each.value) for each in wanted.query.boosts}
    asked = read("what is a private hospital", index.lexicon)
    assert "profile:Private hospital" in found(asked)
    assert all(each.facet != "profile" for each in asked.query.boosts)


def test_plain_words_are_not_corrected_widened_or_read(index: Searcher) -> None:
    reading = read("opthalmology shanghai", index.lexicon, plain=True)
    assert (reading.corrected, reading.found, reading.query.boosts) == ((), (), ())
    leaves = flatten(reading.query.root).leaves
    assert [len(members(leaf)) for leaf in leaves] == [1, 1]


def test_correction_can_be_switched_off(index: Searcher) -> None:
    for reading in (
        read("catarct", index.lexicon, correct=False),
        read("catarct", index.lexicon, ignore=frozenset(("spelling",))),
    ):
        assert reading.corrected == ()
        assert reading.unknown == ("catarct",)


def test_the_corrected_text_keeps_everything_else(index: Searcher) -> None:
    assert read("Opthalmology, in  Shangai!", index.lexicon).used == "ophthalmology, in shanghai!"


def test_a_name_beats_what_could_be_read_into_it(index: Searcher) -> None:
    reading = read("Shanghai Children's Medical Center", index.lexicon)
    assert reading.query.boosts == ()
    root = reading.query.root
    assert isinstance(root, Or)
    assert root.children[0] == DocumentIs(("hospitals/shanghai-children",), 1000.0, "exact name")


def test_a_name_within_other_words_lifts_its_page(index: Searcher) -> None:
    assert hits(index, read("renji hospital visa", index.lexicon))[0] == "hospitals/renji"


# -- widening ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "document"),
    [
        ("womb", None),
        ("heart attack", "hospitals/deltahealth"),
        ("leukemia", "hospitals/beijing-children"),
        ("checkup", "articles/best-cancer"),
        ("check up", "articles/best-cancer"),
        ("cart", "articles/best-cancer"),
        ("CAR-T", "articles/best-cancer"),
        ("car t", "articles/best-cancer"),
        ("PD1", "articles/best-cancer"),
        ("pd-1", "articles/best-cancer"),
        ("pd 1", "articles/best-cancer"),
        ("linear gas pedal", "articles/best-cancer"),
        ("ectinib", "articles/best-cancer"),
        ("test tube baby", "articles/ivf"),
        ("试管婴儿", "articles/ivf"),
        ("cataracts", "articles/cataract-cost"),
        ("America cheaper", "articles/usa"),
        ("wang fu jing", None),
        ("ophthalm", "hospitals/shanghai-eye"),
    ],
)
def test_other_words_find_the_page(index: Searcher, typed: str, document: str | None) -> None:
    listed = hits(index, read(typed, index.lexicon))
    assert document in listed if document else "articles/visa" not in listed


def test_every_reason_says_where_a_word_comes_from(index: Searcher) -> None:
    result = index.search(read("heart attack", index.lexicon).query)
    assert "myocardial infarction (synonym of heart attack)" in result.hits[0].matched


@pytest.mark.parametrize(
    "text", ["fever while abroad", "cancer what else", "diabetes already anyway", "how soon fever though"]
)
def test_adverbs_and_conjunctions_need_not_stand_on_a_page(index: Searcher, text: str) -> None:
    small = {"while", "what", "else", "already", "anyway", "how", "soon", "though"}
    assert small.isdisjoint(part.words for part in read(text, index.lexicon).words())


def test_small_words_and_the_word_hospital_are_optional(index: Searcher) -> None:
    reading = read("the best eye hospital in china", index.lexicon)
    assert reading.optional == ("the", "best", "hospital", "in", "china")
    assert [part.words for part in reading.words()] == ["eye"]


def test_only_small_words_are_wanted_after_all(index: Searcher) -> None:
    assert [part.words for part in read("hospital", index.lexicon).words()] == ["hospital"]
    assert [part.words for part in read("what is it", index.lexicon).words()] == ["what"]


def test_a_field_is_guessed_from_telling_words_alone(index: Searcher) -> None:
    def guessed(text: str) -> set[tuple[str, str]]:
        return {
            (each.facet, each.value) for each in read(text, index.lexicon).query.boosts if each.facet == "specialty"
        }

    assert guessed("expectancy") == {("specialty", "Obstetrics & Gynecology")}  # of "expecting" a baby
    assert not guessed("copies of medical records")
    assert not guessed("foreign owned hospitals")


def test_what_may_be_the_matter_with_any_organ_means_its_field_only_where_no_organ_is_named(index: Searcher) -> None:
    def fields(text: str) -> set[str]:
        return {each.value for each in read(text, index.lexicon).query.boosts if each.facet == "specialty"}

    assert fields("cysts") == {"Obstetrics & Gynecology"}
    assert fields("implants for my son") >= {"Dentistry & Stomatology"}
    assert fields("gallbladder polyps") == {"Gastroenterology & Colorectal"}
    assert "Ophthalmology" in fields("sore eyelid")
    assert "Dermatology" not in fields("sore eyelid")
    assert [part.words for part in read("heart implants", index.lexicon).words()] == ["heart"]
    strengths = default_strengths()
    assert strengths.meant(("kidney", "polyp")) == strengths.meant(("kidney",))


@pytest.mark.parametrize(
    ("typed", "specialties"),
    [
        ("legs swollen veins like worms", ["Cardiology & Cerebrovascular"]),
        ("period clots like liver", ["Obstetrics & Gynecology"]),
        ("looks like hepatitis", ["Infectious Diseases & Hepatology"]),  # nothing before it tells a field
        ("cancer like lymphoma", ["Hematology", "Oncology"]),  # any part of the body can have the first
        ("i would like a cataract operation", ["Ophthalmology"]),
        ("walks like drunk", ["Neurology & Neurosurgery"]),  # a listed complaint
    ],
)
def test_what_a_complaint_is_like_tells_no_field(index: Searcher, typed: str, specialties: list[str]) -> None:
    reading = read(typed, index.lexicon)
    assert sorted(each.value for each in reading.query.boosts if each.facet == "specialty") == specialties


def test_what_a_complaint_is_like_need_not_stand_on_a_page_and_an_example_must(index: Searcher) -> None:
    assert "worms" in read("legs swollen veins like worms", index.lexicon).optional
    assert "lasik" not in read("eye surgery like lasik", index.lexicon).optional


@pytest.mark.parametrize(
    ("typed", "wanted", "specialties"),
    [
        ("耳朵像蝉叫一样", ["耳朵"], ["Ear, Nose & Throat"]),
        ("胃里像火烧", ["胃"], ["Gastroenterology & Colorectal"]),  # without an end it goes to that of the text
        ("眼前像有蚊子飞", ["眼前"], ["Ophthalmology"]),  # mosquitoes bring tropical disease elsewhere
        ("像白血病一样", ["白血病"], ["Hematology"]),  # nothing else tells a field
    ],
)
def test_chinese_comparisons_tell_no_field_either(
    index: Searcher, typed: str, wanted: list[str], specialties: list[str]
) -> None:
    reading = read(typed, index.lexicon)
    assert [part.words for part in reading.words() if part.words in typed][: len(wanted)] == wanted
    assert [each.value for each in reading.query.boosts if each.facet == "specialty"] == specialties


@pytest.mark.parametrize("typed", ["如果手术", "比如手术", "影像手术", "手术像"])
def test_what_only_looks_like_a_chinese_comparison_is_none(index: Searcher, typed: str) -> None:
    assert "手术" in [part.words for part in read(typed, index.lexicon).words()]


@pytest.mark.parametrize(
    ("typed", "lifts"),
    [
        ("face gone crooked one side", True),  # two words of which neither tells it by itself
        ("liver transplant", False),  # the name of a treatment may ask for what is known of it
        ("how does a crooked face heal", False),
    ],
)
def test_words_of_daily_life_in_a_field_make_a_complaint(index: Searcher, typed: str, lifts: bool) -> None:
    reading = read(typed, index.lexicon)
    assert reading.strengths
    assert reading.lifts == lifts


def test_us_is_the_country_only_where_it_reads_so(index: Searcher) -> None:
    assert [part.words for part in read("treatment in the US", index.lexicon).words()] == ["treatment", "US"]
    assert [part.words for part in read("tell us about treatment", index.lexicon).words()] == ["treatment"]


# -- leaving out ------------------------------------------------------------------------------------------------------


def test_a_city_left_out_takes_its_pages_but_not_those_that_mention_it(index: Searcher) -> None:
    listed = hits(index, read("children -beijing", index.lexicon))
    assert "hospitals/beijing-children" not in listed
    assert "hospitals/shanghai-children" in listed  # its text names Beijing


def test_a_quoted_city_left_out_takes_every_page_with_the_word(index: Searcher) -> None:
    assert "hospitals/shanghai-children" not in hits(index, read('children -"beijing"', index.lexicon))


@pytest.mark.parametrize(
    "wanted", ["eye", "眼科", "yanke", "ophthalmology", "cataract", "tongren OR eye", "(眼科 OR renji)"]
)
@pytest.mark.parametrize(
    "unwanted", ["-beijing", "-city:Beijing", "NOT city:北京", '-"同仁"', "-tongren", "-title:tongren"]
)
def test_not_holds_through_synonyms_chinese_and_pinyin(index: Searcher, wanted: str, unwanted: str) -> None:
    assert "hospitals/beijing-tongren" not in hits(index, read(f"{wanted} {unwanted}", index.lexicon))


def _matches_without(node: Node) -> bool:
    """Whether a tree holds a NOT as a condition of the whole, not under an OR."""
    if isinstance(node, Not):
        return True
    return isinstance(node, And) and any(map(_matches_without, node.children))


@given(
    st.lists(
        st.sampled_from(["eye", "hospital", "kids", "眼科", "xiehe", "visa", "shangai", "the", "“rare”"]), max_size=6
    )
)
@settings(max_examples=50, deadline=None)
def test_not_is_a_condition_of_the_whole_query(words: list[str]) -> None:
    with searcher() as index:
        reading = read(" ".join([*words, "-renji"]), index.lexicon)
        assert _matches_without(reading.query.root)
        assert "hospitals/renji" not in hits(index, reading)


# -- fields -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("city:shanghai", "Shanghai"), ("city:上海", "Shanghai"), ("city:hainan", "Hainan (Boao)"),
        ("city:peking", "Beijing"),
        ('specialty:"Ear, Nose & Throat"', "Ear, Nose & Throat"), ("specialty:eye", "Ophthalmology"),
        ("topic:cost", "Costs & Pricing"), ("kind:clinic", "hospital"), ("kind:Articles", "article"),
    ],
)  # fmt: skip
def test_a_field_takes_label_id_chinese_and_lay_words(typed: str, value: str) -> None:
    root = read(typed, EMPTY).query.root
    assert isinstance(root, FacetIs)
    assert root.value == value


def test_an_unknown_value_matches_nothing_and_names_close_ones(index: Searcher) -> None:
    reading = read("city:Shangai", index.lexicon)
    assert hits(index, reading) == []
    assert reading.notes[0].startswith("There is no city “Shangai”. Known are for example: Shanghai")


# -- any text ---------------------------------------------------------------------------------------------------------

_SAME = [
    ("eye hospital in shanghai", "EYE Hospital In SHANGHAI"),
    ("eye hospital in shanghai", "ｅｙｅ　ｈｏｓｐｉｔａｌ in shanghai"),
    ('"eye clinic" beijing', "“eye clinic” beijing"),
    ("beijing children's hospital", "beijing children’s hospital"),
    ("cafe eye", "café eye"),
]


@pytest.mark.parametrize(("left", "right"), _SAME)
def test_case_width_and_quotes_make_no_difference(index: Searcher, left: str, right: str) -> None:
    one, other = read(left, index.lexicon), read(right, index.lexicon)
    assert hits(index, one) == hits(index, other)
    assert {each.value for each in one.found} == {each.value for each in other.found}
    if "“" not in right and "cafe" not in left:
        assert _bare(one.query.root) == _bare(other.query.root)


def _bare(node: Node) -> object:
    """A tree without reasons, which quote what was typed."""
    if isinstance(node, And | Or):
        return (type(node), *map(_bare, node.children))
    if isinstance(node, Not):
        return ("not", _bare(node.child))
    if isinstance(node, Concept):
        return tuple(replace(member, reason="") for member in node.members)
    return replace(node, reason="") if isinstance(node, DocumentIs) else node


_ODD = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            list("abceiou'-*:()\"“”+/.,&% 0123456789") + ["眼", "科", "医", "院", "\u202e", "\x00", "\ud800"]
        ),
        st.characters(),
    ),
    max_size=500,
)


@given(_ODD, st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_text_raises_and_the_tree_stays_small(text: str, plain: bool, correct: bool) -> None:
    with searcher() as index:
        for lexicon in (EMPTY, index.lexicon):
            reading = read(text, lexicon, plain=plain, correct=correct)
            assert len(flatten(reading.query.root).leaves) <= 60
            for part in reading.parts:
                assert 0 <= part.start <= part.end <= len(reading.text)


@pytest.mark.parametrize(
    "text", ["a.b." * 100, "眼" * 400, "1,2," * 100, "(a OR b) " * 44, "-beijing " * 44, "x" * 400]
)
def test_long_texts_stay_within_what_an_engine_takes(index: Searcher, text: str) -> None:
    reading = read(text, index.lexicon)
    assert len(flatten(reading.query.root).leaves) <= 60
    index.search(reading.query)


def test_words_of_daily_life_are_no_errors_and_need_not_stand_beside_an_illness(index: Searcher) -> None:
    reading = read("my cataract with scary stairs", index.lexicon)
    assert (reading.corrected, [part.words for part in reading.words()]) == ((), ["cataract"])
    assert "stairs" in reading.optional
    alone = read("scary stairs", index.lexicon)
    assert [part.words for part in alone.words()] == ["scary", "stairs"]  # nothing else says what it is about
    assert "stairs" not in read("cataract stairs", index.lexicon, plain=True).optional


def test_a_value_belongs_to_the_word_it_was_read_from(index: Searcher) -> None:
    """In "lung cancer" only "cancer" is oncology; a page on another cancer must not pass for one on lungs."""
    lung, cancer = (part.node for part in read("lung cancer", index.lexicon).words())
    assert "Oncology" not in str(lung)
    assert "oncology" in str(cancer)


def test_a_phrase_that_only_leads_elsewhere_is_one_word(index: Searcher) -> None:
    """In "something in my eye" no page needs the word "something"; the eye is what it is about."""
    eye = read("something in my eye", index.lexicon).words()
    assert [part.words for part in eye] == ["something in my eye"]


def test_questions_and_advice_lift_articles_and_illnesses_do_not(index: Searcher) -> None:
    def lifted(text: str) -> dict[str, float]:
        return {f"{each.facet}:{each.value}": each.weight for each in read(text, index.lexicon).query.boosts}

    assert "kind:article" in lifted("what does cataract surgery cost")
    assert "kind:article" in lifted("cataract price")
    assert "kind:article" not in lifted("cataract beijing")
    assert lifted("cataract beijing")["specialty:Ophthalmology"] > lifted("cataract price")["specialty:Ophthalmology"]
    assert lifted("cancer").keys() == {"specialty:Oncology"}
    assert "topic:Cancer Treatment" in lifted("is cancer treated here")


def test_words_that_ask_for_knowledge_lift_articles_unless_a_place_or_person_is_sought(index: Searcher) -> None:
    def articles(text: str) -> bool:
        return any(each.value == "article" for each in read(text, index.lexicon).query.boosts)

    assert [text for text in ("cataract risks", "cataract surgery how long", "liver law") if not articles(text)] == []
    sought = (
        "cataract",
        "cataract risks shanghai",
        "cataract risks doctor",
        "eye hospital success",
        "cataract success clinic",
    )
    assert [text for text in sought if articles(text)] == []


def test_what_and_or_or_joins_must_stand_on_a_page_itself(index: Searcher) -> None:
    """Beside an operator a page that has only a related word is no hit, and no word is given up."""
    assert hits(index, read("donor liver", index.lexicon)) == ["hospitals/renji"]
    for typed in ("donor AND liver", "(kidney OR donor) AND liver", "liver AND (donor OR kidney)"):
        reading = read(typed, index.lexicon)
        assert hits(index, reading) == [], typed
        assert reading.words() == (), typed
    same = read("infarction AND bypass", index.lexicon)
    assert hits(index, same) == hits(index, read('"heart attack" OR (heart AND stents AND bypass)', index.lexicon))
    beside = read("liver (shanghai OR pudong) donor", index.lexicon)
    assert [part.words for part in beside.words()] == ["liver", "donor"]


def test_a_hospital_without_a_page_is_known_by_a_misspelt_name_too(index: Searcher) -> None:
    said = "This site has no page about West China Hospital (华西医院)."
    assert said in read("beds in west china hospital", index.lexicon).notes
    assert said in read("beds in west china hospetal", index.lexicon).notes
    assert said not in read("beds in west china hospetal", index.lexicon, correct=False).notes


def test_a_title_of_an_article_within_a_search_lifts_it_a_little_only(index: Searcher) -> None:
    """A title may say what every search for a subject says; the name of a hospital means that hospital."""

    def lift(text: str) -> float:
        return max(part.node.weight for part in read(text, index.lexicon).parts if isinstance(part.node, DocumentIs))

    assert lift("beijing tongren hospital price") > 5 > lift("ivf and assisted reproduction in china price")


def test_a_word_written_by_ear_is_corrected_however_far_it_is_from_its_spelling(index: Searcher) -> None:
    reading = read("optamologist in beijing", index.lexicon)
    assert reading.corrected == (("optamologist", "ophthalmologist"),)
    assert "specialty:Ophthalmology" in found(reading)
    assert read("optamologist", index.lexicon, correct=False).corrected == ()


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("tong jen eye hospital", "tongren eye hospital"),
        ("tungren", "tongren"),
        ("gwangjoe price", "guangzhou price"),
        ("bay jing dentist", "beijing dentist"),
        ("tong ren hospital", "tong ren hospital"),  # pinyin as it stands
        ("li tonglen", "li tonglen"),  # so is another name, which no page has
    ],
)
def test_a_chinese_name_is_known_as_it_was_heard(index: Searcher, typed: str, used: str) -> None:
    assert read(typed, index.lexicon).used == used
    assert read(typed, index.lexicon, correct=False).used == typed


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("oftalmologia beijing", "ophthalmology beijing"),
        ("chimiotherapie", "chemotherapy"),
        ("back bain", "back pain"),
        ("qwertyuiop", "qwertyuiop"),  # the sound of karyotype, if anybody could say it
    ],
)
def test_a_word_of_medicine_is_known_by_its_sound(index: Searcher, typed: str, used: str) -> None:
    assert read(typed, index.lexicon).used == used


@pytest.mark.parametrize("typed", ["johns hopkins", "tram to beijing", "garcia", "changhai hospital"])
def test_good_english_and_names_of_hospitals_without_a_page_are_no_errors(index: Searcher, typed: str) -> None:
    assert read(typed, index.lexicon).corrected == ()


@pytest.mark.parametrize(
    ("typed", "words"), [("I.V.F. beijing", "I.V.F"), ("80 000 yuan", "80"), ("B.B.Q. beijing", "B")]
)
def test_initials_with_dots_are_one_word_where_the_word_is_known(index: Searcher, typed: str, words: str) -> None:
    reading = read(typed, index.lexicon)
    assert reading.parts[0].words == words
    assert reading.corrected == ()


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("myopi surgery", "myopia surgery"),  # a letter short of a word, not unfinished
        ("catar", "catar"),  # unfinished
        ("shakign hands", "shaking hands"),  # no page has "shaking", the vocabulary has the phrase
        ("shakign beijing", "shakign beijing"),
        ("beast implants", "breast implants"),
        ("hospitalforchildren", "hospital for children"),
        ("hospital beiing", "hospital beijing"),
        ("beijing peples hospital", "beijing peoples hospital"),
        ("eijing hospital", "beijing hospital"),  # which could be another name in pinyin, letter by letter
        ("yopia surgery", "myopia surgery"),
        ("hwo much is surgery", "how much is surgery"),
        ("eyes adn surgery", "eyes and surgery"),
        ("hearing viocs", "hearing voice"),  # two slips in a short word, told by its neighbour
        ("surgery viocs", "surgery viocs"),
    ],
)
def test_neighbours_decide_what_a_slip_was_meant_to_be(index: Searcher, typed: str, used: str) -> None:
    assert read(typed, index.lexicon).used == used


def test_a_complaint_rules_out_the_field_of_a_word_in_it(index: Searcher) -> None:
    """Yellow eyes are for the liver's doctor; but a cancer of the eye is a cancer, and a deaf child a child."""

    def lifted(text: str) -> set[str]:
        return {each.value for each in read(text, index.lexicon).query.boosts}

    assert lifted("yellow eyes") == {"Infectious Diseases & Hepatology"}
    assert {"Ophthalmology", "Oncology"} <= lifted("eye cancer")
    assert "Pediatrics" in lifted("deaf child")


def test_words_of_no_list_hint_at_what_the_words_of_lists_lead_to(index: Searcher) -> None:
    """Nobody listed "fuzzy sight" as such; complaints with sight in them are for the eye doctor."""

    def lifted(text: str, plain: bool = False) -> set[str]:
        return {each.value for each in read(text, index.lexicon, plain=plain).query.boosts}

    assert lifted("letters dance when read") == {"Ophthalmology"}
    assert lifted("letters dance when read", plain=True) == set()
    assert lifted("letters dance on the table in the kitchen") == set()  # too little speaks for anything
    assert lifted("tongren") == set()


def test_names_of_tests_and_illnesses_are_no_typing_errors_and_lead_to_a_field(index: Searcher) -> None:
    """ "Holter" was read as "halted" and "cpap" as "clap"; Chinese names of illnesses led nowhere."""

    def reading(text: str) -> tuple[str, set[str]]:
        found = read(text, index.lexicon)
        return found.used, {each.value for each in found.query.boosts}

    assert reading("holter") == ("holter", {"Cardiology & Cerebrovascular"})
    assert reading("cpap") == ("cpap", {"Ear, Nose & Throat"})
    assert reading("肩周炎") == ("肩周炎", {"Orthopedics, Trauma & Burns"})


def test_departments_are_known_in_pinyin(index: Searcher) -> None:
    assert "hospitals/shanghai-eye" in hits(index, read("yanke", index.lexicon))


def test_a_language_that_is_spoken_is_a_kind_of_hospital(index: Searcher) -> None:
    for text in ("which hospital speaks english", "doctors who speak english", "会说英语"):
        assert "profile:English spoken" in found(read(text, index.lexicon)), text


def test_words_for_who_is_ill_say_little_beside_a_complaint() -> None:
    with searcher() as opened:
        alone, beside, named = (
            read(text, opened.lexicon) for text in ("old man", "old man cataract", "geriatric cataract")
        )
    boosts = [{each.value: each.weight for each in reading.query.boosts} for reading in (alone, beside, named)]
    assert boosts[1]["Geriatrics"] < boosts[0]["Geriatrics"] < boosts[2]["Geriatrics"]
    assert boosts[1]["Ophthalmology"] > boosts[0]["Geriatrics"]
    assert (beside.specialty, named.specialty) == (("Ophthalmology",), ("Geriatrics", "Ophthalmology"))
    assert [part.words for part in beside.words()] == ["cataract"]
    assert [part.words for part in named.words()] == ["geriatric", "cataract"]
    assert beside.field == FacetIs("specialty", "Ophthalmology")


@pytest.mark.parametrize("typed", ["what is myopia", "whhat is myopia", "What's myopia", "waht is myopia"])
def test_a_question_is_one_however_its_first_word_is_written(index: Searcher, typed: str) -> None:
    assert any((each.facet, each.value) == ("kind", "article") for each in read(typed, index.lexicon).query.boosts)


def test_no_question_is_read_from_a_piece_of_a_word(index: Searcher) -> None:
    assert read("can cer hospital", index.lexicon).query.boosts == read("cancer hospital", index.lexicon).query.boosts


def test_a_misspelt_word_is_compared_with_pages_as_it_was_meant(index: Searcher) -> None:
    reading = read("myopi surgery price", index.lexicon)
    assert [part.words for part in reading.words()][0] == "myopi"
    assert [part.words for part in reading.parts_as_meant() if part.role == "word"][0] == "myopia"
    assert reading.meant("myopi surgery") == "myopia surgery"


def test_only_whole_words_are_put_in_the_place_of_misspelt_ones() -> None:
    assert as_meant("the hert, hertz", [("hert", "heart")]) == "the heart, hertz"
    assert as_meant("a\\b", [("a", r"\1")]) == r"\1" + "\\b"

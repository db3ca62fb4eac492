from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.classify import classify, merge_entities, propose_duplicates
from indexer.corpus import CorpusFile, walk
from indexer.matching import matcher
from indexer.model import Basis, Citation, Document, Fact, Link, Page, Price, Question, Section
from indexer.parse import parse_page
from indexer.standing import in_doubt
from indexer.taxonomy import Entity, load_taxonomy

TAXONOMY = load_taxonomy()
CORPUS = Path(__file__).parents[1] / "corpus"


def page(title: str = "T", text: str = "", path: str = "x.html", **fields: object) -> Page:
    sections = (Section("", "", text),) if text else ()
    plain = Page("articles/x", path, "", title, "h1", sections)
    return replace(plain, **fields)  # type: ignore[arg-type]


def hospital(title: str, text: str = "", **fields: object) -> Document:
    return classify(page(title, text, "hospitals/x.html", **fields), TAXONOMY)


def article(title: str, text: str = "", **fields: object) -> Document:
    return classify(page(title, text, "articles/x.html", **fields), TAXONOMY)


def declared(facet: str, *values: str) -> tuple[Basis, ...]:
    return tuple(Basis(facet, value, "declared", "JSON-LD") for value in values)


# -- kind


@pytest.mark.parametrize(
    ("path", "said", "title", "kind"),
    [
        ("hospitals/x.html", "", "Anything", "hospital"),
        ("articles/x.html", "", "Union Hospital", "article"),
        ("x.html", "hospital", "Anything", "hospital"),
        ("faq/x.html", "", "Union Hospital", "hospital"),
        ("x.html", "", "Shanghai International Medical Center", "hospital"),
        ("x.html", "", "Capital Institute of Pediatrics", "hospital"),
        ("x.html", "", "协和医院", "hospital"),
        ("x.html", "", "JCI accredited hospitals China", "article"),
        ("x.html", "", "What does a hospital cost?", "article"),
        ("x.html", "", "Guide to Union Hospital", "article"),
        ("x.html", "", "Cancer Treatment", "article"),
    ],
)
def test_kind_is_that_of_the_folder_else_declared_else_as_the_title_sounds(
    path: str, said: str, title: str, kind: str
) -> None:
    assert classify(page(title, path=path, kind=said), TAXONOMY).kind == kind


def test_folder_wins_over_a_declared_kind_with_a_warning() -> None:
    found = classify(page(path="articles/x.html", kind="hospital"), TAXONOMY)
    assert (found.kind, found.warnings) == ("article", ("declares the kind hospital, but lies among the articles",))


def test_page_from_elsewhere_moves_to_the_folder_of_its_kind() -> None:
    assert classify(page("Union Hospital"), TAXONOMY).doc_id == "hospitals/x"
    assert classify(page("Union Hospital", path="articles/x.html"), TAXONOMY).doc_id == "articles/x"
    assert classify(page("Costs"), TAXONOMY).doc_id == "articles/x"


# -- declared values


def test_declared_values_win_and_become_canonical() -> None:
    found = hospital(
        "Shanghai Eye Hospital", declared=declared("city", "广州市") + declared("specialty", "Optometric", "ENT", "Eye")
    )
    assert (found.city, found.specialty) == (("Guangzhou",), ("Ophthalmology", "Ear, Nose & Throat"))
    assert found.basis[0] == Basis("city", "Guangzhou", "declared", "JSON-LD: 广州市")


def test_unknown_declared_value_is_dropped_with_a_warning_and_inference_goes_on() -> None:
    found = hospital("Shanghai Eye Hospital", declared=declared("city", "Wuhan") + declared("specialty", "Astrology"))
    assert found.warnings == ("unknown city: Wuhan", "unknown specialty: Astrology")
    assert (found.city, found.specialty) == (("Shanghai",), ("Ophthalmology",))


def test_declared_district_names_its_city() -> None:
    assert hospital("H", declared=declared("city", "Xuhui District, Shanghai")).city == ("Shanghai",)


def test_one_unknown_value_beside_a_known_one_is_only_a_warning() -> None:
    found = article("T", declared=declared("topic", "FAQ", "a", "b", "c", "d", "e", "f"))
    assert (found.topic, found.warnings) == (("FAQ",), ("unknown topic: a, b, c, d, e",))


# -- city of a hospital


@pytest.mark.parametrize(
    ("title", "city"),
    [
        ("Shanghai Sixth People's Hospital", "Shanghai"),
        ("The Second People's Hospital of Chengdu", "Chengdu"),
        ("Raffles Hospital Shanghai", "Shanghai"),
        ("The University of Hong Kong Shenzhen Hospital", "Shenzhen"),
        ("Shenzhen Hospital of Southern Medical University", "Shenzhen"),
        ("Shanghai Fourth People's Hospital Affiliated to Tongji University", "Shanghai"),
        ("Luohu District People's Hospital", "Shenzhen"),
        ("Boao Super Hospital", "Hainan (Boao)"),
        ("Hainan Boao Eye Hospital", "Hainan (Boao)"),
        ("北京同仁医院", "Beijing"),
        ("Affiliated Hospital of Chengdu University", None),
        ("The First Hospital Affiliated to Zhejiang University School of Medicine", None),
        ("Renji Hospital Shanghai Jiao Tong University School of Medicine", None),
        ("Longhua Hospital Shanghai University of Traditional Chinese Medicine", None),
        ("The Affiliated Hospital of Hangzhou Normal University", None),
        ("Sun Yat-sen Memorial Hospital", None),
        ("Beijing Road Clinic", None),
        ("Beijing East Road Clinic", None),
        ("Bank of Shanghai Clinic", None),
        ("北京大学深圳医院", "Shenzhen"),
        ("上海交通大学附属医院", None),
        ("南京路医院", None),
        ("Huashan Hospital of Shanghai in Shenzhen", None),
        ("Cantonment Hospital", None),
        ("Peking Union Medical College Hospital", None),
    ],
)
def test_city_in_the_name_of_a_hospital(title: str, city: str | None) -> None:
    assert hospital(title).city == ((city,) if city else ())


def test_city_of_a_hospital_comes_by_address_then_label_then_name_then_first_sentences() -> None:
    address, hints = (Fact("Address", "8 Beijing Road, Guangzhou"),), ("Home", "Chengdu")
    text = "It is a hospital in Hangzhou. Patients come from Shenzhen."
    assert hospital("Shanghai Hospital", text, facts=address, hints=hints).city == ("Guangzhou",)
    assert hospital("Shanghai Hospital", text, hints=hints).city == ("Chengdu",)
    assert hospital("Shanghai Hospital", text).city == ("Shanghai",)
    assert hospital("Union Hospital", text).city == ("Hangzhou",)
    assert hospital("Union Hospital", text).basis == (
        Basis("city", "Hangzhou", "inferred", "first sentences: Hangzhou"),
    )


def test_a_row_of_city_labels_says_nothing() -> None:
    assert hospital("Shanghai Hospital", hints=("Beijing", "Shanghai", "Chengdu")).city == ("Shanghai",)


def test_city_that_is_only_mentioned_is_not_that_of_the_hospital() -> None:
    assert hospital("Union Hospital", "Its founder came from Hangzhou.").city == ()
    assert hospital("Union Hospital", "The hospital is one of four at Zhejiang University.").city == ()


# -- cities of an article


@pytest.mark.parametrize(
    ("title", "cities"),
    [
        ("Shanghai Medical Tourism", ("Shanghai",)),
        ("Costs by City: Beijing, Shanghai, Guangzhou—Which Is More Expensive?", ("Beijing", "Shanghai", "Guangzhou")),
        ("Why study at Beijing University", ()),
        ("Peking duck after surgery", ()),
        ("Comparing India: China's advantages", ()),
    ],
)
def test_cities_in_the_title_of_an_article(title: str, cities: tuple[str, ...]) -> None:
    assert article(title).city == cities


MANY = "Shanghai has many clinics. " * 6


def test_article_that_mentions_mostly_one_city_is_about_it() -> None:
    found = article("Where to go", MANY + "Beijing too.")
    assert (found.city, found.basis[0].evidence) == (("Shanghai",), "6 mentions")


def test_article_that_mentions_two_cities_alike_is_about_none() -> None:
    assert article("Where to go", MANY + "Beijing has some. " * 3).city == ()


def test_comparison_of_countries_has_no_city() -> None:
    assert article("Where to go", MANY + "Thailand, India, Turkey and Korea are cheaper.").city == ()
    assert article("Better than Thailand?", MANY).city == ()


def test_headings_make_an_article_about_their_city() -> None:
    parts = tuple(Section(heading, "a", "Text.") for heading in ("Eating in Chengdu", "Hotels in Chengdu", "Visa"))
    found = article("Where to go", sections=parts)
    assert (found.city, found.basis[0].evidence) == (("Chengdu",), "2 headings")


def test_label_above_the_title_places_an_article() -> None:
    assert article("Where to go", hints=("Home", "Shanghai")).city == ("Shanghai",)


# -- specialties


@pytest.mark.parametrize(
    ("title", "specialties"),
    [
        ("Shenzhen Eye Hospital", ("Ophthalmology",)),
        ("Beijing Stomatological Hospital", ("Dentistry & Stomatology",)),
        ("Guangzhou Red Cross Hospital", ("General Hospital",)),
        ("Shanghai Tenth People's Hospital", ("General Hospital",)),
        ("Guangzhou No.8 People's Hospital", ()),
        ("Shanghai Proton Heavy Ion Hospital", ("Radiotherapy (Proton & Heavy Ion)",)),
        ("Chengdu Women's and Children’s Center", ("Obstetrics & Gynecology", "Pediatrics")),
        ("Obstetrics and Gynecology Hospital Affiliated to Fudan University", ("Obstetrics & Gynecology",)),
        (
            "Shanghai JIAI Genetics & IVF Institute",
            ("Genetics, Precision & Rare Disease Medicine", "Reproductive Medicine (IVF)"),
        ),
        ("Ear Nose and Throat Hospital", ("Ear, Nose & Throat",)),
        ("ENT Clinic", ("Ear, Nose & Throat",)),
        ("Excellent Patient Clinic", ()),
        ("Bone Marrow Transplant Center", ("Hematology",)),
        ("Hair Transplant Clinic", ("Plastic & Cosmetic Surgery",)),
        ("深圳市眼科医院", ("Ophthalmology",)),
        ("Guang'anmen Hospital", ()),
    ],
)
def test_specialties_in_the_name_of_a_hospital(title: str, specialties: tuple[str, ...]) -> None:
    assert hospital(title).specialty == specialties


def test_specialty_is_what_the_first_sentences_say_the_hospital_is() -> None:
    assert hospital("Sunrise", "Sunrise is a private eye hospital. It is near a children's park.").specialty == (
        "Ophthalmology",
    )
    assert hospital("Sunrise", "It specialises in burns and trauma.").specialty == ("Orthopedics, Trauma & Burns",)
    assert hospital("Sunrise", "It was founded by a man with cancer and diabetes.").specialty == ()


def test_general_hospital_is_no_specialty_of_an_article() -> None:
    assert article("What a general hospital is").specialty == ()
    assert article("What a general hospital knows about cancer").specialty == ("Oncology",)


# -- topics


@pytest.mark.parametrize(
    ("title", "topics"),
    [
        ("What does it cost?", ()),
        ("How Much Does Cancer Treatment Cost?", ("Costs & Pricing", "Cancer Treatment")),
        ("Medical Visa Application Process", ("Visa & Entry", "Process & How-to")),
        ("Hangzhou Medical Tourism", ("City Guide",)),
        ("JCI accredited hospitals China", ("Hospital Accreditation & Quality",)),
        ("Free Trade Zone News", ()),
        ("Is Chinese medicine credible?", ("Traditional Chinese Medicine",)),
        ("Weather in May", ()),
    ],
)
def test_topics_in_the_title_of_an_article(title: str, topics: tuple[str, ...]) -> None:
    expected = topics if title != "What does it cost?" else ("Costs & Pricing",)
    assert article(title).topic == expected


def test_topics_are_at_most_three() -> None:
    assert len(article("Visa, insurance, costs, disputes and JCI accreditation").topic) == 3


def test_two_headings_give_a_topic_where_the_title_says_nothing() -> None:
    parts = tuple(Section(heading, "a", "Text.") for heading in ("Insurance at home", "Insurance abroad", "Visa"))
    found = article("Good to know", sections=parts)
    assert (found.topic, found.basis[-1].evidence) == (("Insurance & Reimbursement",), "2 headings")


def test_hospitals_have_no_inferred_topic() -> None:
    assert hospital("Cancer Hospital of Low Costs").topic == ()


def test_page_without_evidence_gets_nothing() -> None:
    found = article("Weather", "It rains in spring.")
    assert (found.city, found.specialty, found.topic, found.basis) == ((), (), (), ())


# -- what is carried over


def test_document_keeps_what_the_page_has() -> None:
    links = (Link("/a", "A"),)
    found = article(
        "T", "Text.", links=links, warnings=("w",), date="2025-01-02", summary="S", language="en", aliases=("B",)
    )
    assert (found.links, found.warnings, found.date, found.summary, found.language, found.aliases) == (
        links, ("w",), "2025-01-02", "S", "en", ("B",),
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(found)) == found


def test_matcher_is_compiled_once_for_equal_taxonomies() -> None:
    assert matcher(TAXONOMY) is matcher(pickle.loads(pickle.dumps(TAXONOMY)))


def test_matcher_reads_specific_words_of_a_query() -> None:
    found = matcher(TAXONOMY)
    assert [match.value for match in found.find("specialty", "eye or lung cancer", clues=False)] == [
        "Ophthalmology",
        "Oncology",
    ]
    assert [match.words for match in found.find("city", "shanghai's best", clues=False)] == ["shanghai's"]


# -- on the corpus of the project


def corpus_pages() -> list[Page]:
    return [parse_page(file, file.read()) for file in walk(CORPUS) if isinstance(file, CorpusFile)]


@pytest.mark.skipif(not (CORPUS / "hospitals").is_dir(), reason="the corpus is not there")
def test_inference_agrees_with_what_our_own_pages_declare() -> None:
    """Pages robbed of all they declare: no city and kind is wrong, and nine of ten other values are right."""
    right, wrong = 0, []
    for each in corpus_pages():
        whole = classify(each, TAXONOMY)
        bare = classify(replace(each, declared=(), facts=(), kind="", path="x.html"), TAXONOMY)
        assert whole.warnings == ()
        assert (bare.kind, bare.doc_id) == (whole.kind, whole.doc_id)
        assert set(bare.city) <= set(whole.city)
        for facet in ("specialty", "topic"):
            right += len(set(bare.values(facet)) & set(whole.values(facet)))
            wrong += [(whole.doc_id, value) for value in set(bare.values(facet)) - set(whole.values(facet))]
    assert len(wrong) * 10 <= right, wrong


# -- one hospital, one entity


def document(doc_id: str, title: str, **fields: object) -> Document:
    kind = "hospital" if doc_id.startswith("hospitals/") else "article"
    return replace(Document(doc_id, kind, title, ()), **fields)  # type: ignore[arg-type]


def test_curated_names_of_one_hospital_become_one_document() -> None:
    listed = [
        document("hospitals/b", "The Second People's Hospital of Shenzhen", aliases=("Second",)),
        document("hospitals/a", "Shenzhen Second People’s Hospital"),
        document("articles/c", "Shenzhen Second People's Hospital"),
    ]
    found, notes = merge_entities(listed, TAXONOMY)
    assert [(each.doc_id, each.aliases) for each in found] == [
        ("articles/c", ()),
        ("hospitals/a", ("The Second People's Hospital of Shenzhen", "Second")),
    ]
    assert notes == ("hospitals/b is hospitals/a: two word orders of 深圳市第二人民医院",)


def test_joined_document_keeps_what_only_one_of_them_says() -> None:
    one = document(
        "hospitals/a",
        "A",
        sections=(Section("About", "about", "Same text."),),
        citations=(Citation("One", "", anchor="source-1"),),
        facts=(Fact("Beds", "100", ("source-1",)),),
        city=("Shanghai",),
        specialty=("Oncology",),
        basis=(Basis("city", "Shanghai", "declared", "x"),),
        questions=(Question("Who?", "about"),),
    )
    source = Citation("Two", "", anchor="source-1")
    other = document(
        "hospitals/b",
        "B",
        title_zh="乙",
        summary="S",
        sections=(
            Section("", "", "Lead."),
            Section("About", "about", "Other text.[1] Row [2]."),
            Section("X", "x", "Same text."),
        ),
        citations=(source,),
        facts=(Fact("Beds", "200", ("source-1",)), Fact("Founded", "1901", ("source-1",))),
        city=("Beijing",),
        specialty=("Oncology", "Hematology"),
        basis=(Basis("city", "Beijing", "declared", "x"), Basis("specialty", "Hematology", "declared", "x")),
        links=(Link("/l", "L"),),
        warnings=("w",),
        questions=(Question("who", "about"), Question("Where?", "about"), Question("When?", "x")),
        prices=tuple(Price("A room", "RMB 5", "", "X", anchor, source) for anchor in ("", "about", "x")),
    )
    taxonomy = replace(TAXONOMY, same=(Entity(("hospitals/a", "B"), "because"),))
    ((found,), _) = merge_entities([other, one], taxonomy)
    assert found.sections == (
        Section("About", "about", "Same text."),
        Section("B", "", "Lead."),
        Section("About", "about-2", "Other text.[2] Row [2]."),  # [1] is the source of the first page
    )
    assert found.facts == (Fact("Beds", "100", ("source-1",)), Fact("Founded", "1901", ("source-1-2",)))
    assert [citation.anchor for citation in found.citations] == ["source-1", "source-1-2"]
    assert (found.city, found.specialty, found.title_zh, found.summary) == (
        ("Shanghai",),
        ("Oncology", "Hematology"),
        "乙",
        "S",
    )
    assert [(basis.facet, basis.value) for basis in found.basis] == [("city", "Shanghai"), ("specialty", "Hematology")]
    assert (found.links, found.warnings) == ((Link("/l", "L"),), ("w",))
    assert found.questions == (Question("Who?", "about"), Question("Where?", "about-2"), Question("When?"))
    moved = replace(source, anchor="source-1-2")
    assert found.prices == (
        Price("A room", "RMB 5", "", "B", "", moved),
        Price("A room", "RMB 5", "", "About", "about-2", moved),
    )


def proposed(*titles: str) -> list[tuple[str, str]]:
    documents = [document(f"hospitals/{number}", title) for number, title in enumerate(titles)]
    return [(titles[int(p.first[-1])], titles[int(p.second[-1])]) for p in propose_duplicates(documents, TAXONOMY)]


@pytest.mark.parametrize(
    "pair",
    [
        ("Shenzhen Maternity & Child Healthcare Hospital", "Shenzhen Maternal and Child Health Hospital"),
        ("Shenzhen Traditional Chinese Medicine Hospital", "Shenzhen Hospital of Traditional Chinese Medicine"),
        ("Shenzhen Second People's Hospital", "The 2nd People's Hospital of Shenzhen"),
    ],
)
def test_names_that_differ_little_are_proposed(pair: tuple[str, str]) -> None:
    assert proposed(*pair) == [pair]


@pytest.mark.parametrize(
    "pair",
    [
        ("First Hospital of Zhejiang University", "Second Hospital of Zhejiang University"),
        ("Guangzhou No.8 People's Hospital", "Guangzhou No.12 People's Hospital"),
        ("Renji Hospital Shanghai Jiao Tong University", "Ruijin Hospital Shanghai Jiao Tong University"),
        ("Beijing Children's Hospital", "Shanghai Children's Hospital"),
        ("Guangdong Second People's Hospital", "Guangzhou Second People's Hospital"),
        ("Boao International Hospital", "Boao Super Hospital"),
        ("Guangzhou People's Hospital", "Affiliated Hospital of Guangzhou Medical University"),
        ("Union", "Tongji"),
    ],
)
def test_numbers_places_and_look_alikes_are_never_proposed(pair: tuple[str, str]) -> None:
    assert proposed(*pair) == []


def test_pairs_that_the_list_keeps_apart_are_never_proposed() -> None:
    pair = ("Lakeside Maternity Hospital", "Lakeside Maternal Hospital")
    assert proposed(*pair) == [pair]
    documents = [document("hospitals/0", pair[0]), document("hospitals/1", pair[1])]
    assert propose_duplicates(documents, replace(TAXONOMY, never=(Entity(pair, "two owners"),))) == ()


def test_articles_are_never_proposed() -> None:
    documents = [document("articles/a", "Medical visa"), document("articles/b", "Medical visas")]
    assert propose_duplicates(documents, TAXONOMY) == ()


# -- properties


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=60),
    st.text(max_size=200),
    st.lists(st.text(max_size=20), max_size=3),
    st.sampled_from(["x.html", "hospitals/x.html"]),
)
def test_every_value_is_canonical_and_has_one_basis(title: str, text: str, values: list[str], path: str) -> None:
    it = page(title or "T", text, path, declared=declared("city", *values) + declared("specialty", *values))
    found = classify(it, TAXONOMY)
    for facet in ("city", "specialty", "topic"):
        assert set(found.values(facet)) <= set(TAXONOMY.values(facet))
        assert [basis.value for basis in found.basis if basis.facet == facet] == list(found.values(facet))


@pytest.mark.parametrize(
    ("status", "doubtful"),
    [
        ("Not confirmed open: described as under construction in 2024.", True),
        ("In doubt: reported as nearly empty.", True),
        ("closed", True),
        ("Permanently closed (2021)", True),
        ("尚未开业", True),
        ("Planned: to open in 2028", True),
        ("Closed since 2021", True),
        ("Planned move of the main site in 2027", False),
        ("Closed wards have a bell; ask at the gate", False),
        ("Closed-door rounds are held on Mondays", False),
        ("Moved in 2018; the old site is closed", False),
        ("Opened for trial operation; earlier plans used another name", False),
        ("Old campus in Chaoyang; a second was planned", False),
        ("", False),
    ],
)
def test_a_status_that_begins_with_doubt_is_doubt(status: str, doubtful: bool) -> None:
    facts = (Fact("Beds", "Closed"), Fact("Status", status))
    assert in_doubt(facts) == (status if doubtful else "")
    page = Page("hospitals/x", "hospitals/x.html", "", "X Hospital", "h1", (), facts=facts)
    assert classify(page, load_taxonomy()).doubt == (status if doubtful else "")
    article = replace(page, path="articles/x.html", doc_id="articles/x")
    assert classify(article, load_taxonomy()).doubt == ""

"""The main job on the real corpus: every listed title finds its page first, and every promise of the facets holds."""

from __future__ import annotations

import random
import re

import pytest
from bs4 import BeautifulSoup

from indexer.analysis import name_key
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.model import FACETS, Everything, Filter, Query
from indexer.taxonomy import load_taxonomy
from indexer.token_stream import strength_term
from search_app import create_app
from search_app.elsewhere import load_elsewhere
from search_app.request import SearchRequest
from search_app.search import answer
from tests.real_corpus import CORPUS, ROOT, real_engine, real_index

LISTED = [tuple(line.split("\t")) for line in (CORPUS / "LISTED.tsv").read_text("utf-8").splitlines()]

# Institutions whose names look alike and that must never become one document.
APART = (
    ("The First Hospital Affiliated to Zhejiang", "The Second Hospital Affiliated to Zhejiang"),
    ("Renji Hospital Shanghai", "Ruijin Hospital Shanghai"),
    ("Shanghai Children's Hospital", "Shanghai Children's Medical Center"),
    ("Guangzhou Red Cross Hospital", "Hangzhou Red Cross Hospital"),
    ("The Second People's Hospital of Chengdu", "The Third People's Hospital of Chengdu"),
    ("Boao International Hospital", "Boao Super Hospital"),
    ("Zhongshan Hospital Fudan University", "Sun Yat-sen Memorial Hospital"),
)
TOGETHER = (
    ("Shenzhen Maternity & Child Healthcare Hospital", "Shenzhen Maternal and Child Health Hospital"),
    ("Shenzhen Traditional Chinese Medicine Hospital", "Shenzhen Hospital of Traditional Chinese Medicine"),
    ("The Second People's Hospital of Shenzhen", "Shenzhen Second People's Hospital"),
    (
        "The First Affiliated Hospital Of Guangzhou Medical Collage",
        "The First Affiliated Hospital of Guangzhou Medical",
    ),
    ("The Second Affiliated Hospital, Zhongshan (Sun Yat-sen) University", "Sun Yat-sen Memorial Hospital"),
    ("Guangzhou Second People's Hospital", "The Third Affiliated Hospital of Guangzhou Medical University"),
)


def listed(start: str) -> str:
    """Id of the document with a listed title that starts so; the first exact one wins."""
    if start in dict(LISTED):
        return dict(LISTED)[start]
    found = {doc_id for title, doc_id in LISTED if title.startswith(start)}
    assert len(found) == 1, (start, found)
    return found.pop()


@pytest.fixture(scope="module")
def engine() -> WhooshEngine:
    return real_engine()


def test_every_listed_title_finds_its_document_first(engine: WhooshEngine) -> None:
    missed = []
    with engine.searcher() as searcher:
        for title, doc_id in LISTED:
            hits = answer(SearchRequest(q=title), searcher).results.hits
            if not hits or hits[0].doc_id != doc_id:
                missed.append((title, hits[0].doc_id if hits else None))
    assert len(LISTED) == 270
    assert missed == []


def test_every_document_is_named_by_the_list_and_every_hospital_has_one_city(engine: WhooshEngine) -> None:
    names: dict[str, set[str]] = {}
    with engine.searcher() as searcher:
        for document in searcher.documents():
            names[document.doc_id] = {name_key(name) for name in (document.title, *document.aliases)}
            if document.kind == "hospital":
                assert len(document.city) == 1, document.doc_id
                assert document.city[0] in load_taxonomy().values("city")
    assert all(name_key(title) in names[doc_id] for title, doc_id in LISTED)
    assert set(names) == {doc_id for _, doc_id in LISTED}


def test_two_names_of_one_hospital_are_one_document_and_look_alikes_are_not() -> None:
    assert all(listed(left) == listed(right) for left, right in TOGETHER)
    assert all(listed(left) != listed(right) for left, right in APART)


def test_a_hospital_that_may_not_be_open_says_so_and_never_stands_first_for_its_field(engine: WhooshEngine) -> None:
    with engine.searcher() as searcher:
        doubtful = {each.doc_id for each in searcher.documents() if each.doubt}
        assert doubtful == {
            "hospitals/boao-evergrande-international-hospital",
            "hospitals/shanghai-concord-medical-cancer-center",
        }
        for city, text in (
            ("Shanghai", "cancer"),
            ("Shanghai", "cancer hospital"),
            ("Hainan (Boao)", "cancer hospital"),
        ):
            found = answer(SearchRequest(q=text, city=(city,), kind=("hospital",)), searcher).results.hits
            assert found[0].doc_id not in doubtful, (city, text)
            assert any(hit.doc_id in doubtful and hit.card.doubt for hit in found), (city, text)
        named = answer(SearchRequest(q="Shanghai Concord Medical Cancer Center"), searcher).results.hits[0]
        assert named.doc_id in doubtful
        assert named.card.doubt.startswith("Not confirmed open")


def test_words_for_a_kind_of_hospital_find_those_whose_pages_say_so(engine: WhooshEngine) -> None:
    with engine.searcher() as searcher:
        for text, value in (
            ("private hospital shanghai", "Private hospital"),
            ("私立医院", "Private hospital"),
            ("hospitals for foreigners beijing", "International department"),
        ):
            hits = answer(SearchRequest(q=text), searcher).results.hits
            hospitals = [hit.card for hit in hits if hit.card.kind == "hospital"][:3]
            assert [value in card.profile for card in hospitals] == [True] * 3, text
        only = answer(SearchRequest(q="hospital", profile=("private",)), searcher).results
        assert only.total.value
        assert all("Private hospital" in hit.card.profile for hit in only.hits)


def test_no_page_speaks_of_how_this_site_was_made() -> None:
    """Of the list of titles that it started from, or of fields that editors left open, a patient learns nothing."""
    inner = re.compile(r"editor.s note|\bin our list\b|left open on purpose", re.IGNORECASE)
    assert [file.name for file in CORPUS.rglob("*.html") if inner.search(file.read_text("utf-8"))] == []


@pytest.mark.parametrize(("typed", "not_for"), [("haemoglobin only 6", "sixth"), ("extra heartbeats", "included")])
def test_beside_a_complaint_numbers_and_words_of_daily_life_are_only_themselves(
    engine: WhooshEngine, typed: str, not_for: str
) -> None:
    with engine.searcher() as searcher:
        hits = answer(SearchRequest(q=typed), searcher).results.hits
        assert hits
        assert not any(reason.startswith(not_for) for hit in hits for reason in hit.matched)


def test_a_relative_who_is_ill_is_no_birth_and_no_companion(engine: WhooshEngine) -> None:
    with engine.searcher() as searcher:
        hits = answer(SearchRequest(q="my mother has a cataract what does it cost"), searcher).results.hits
        assert hits
        assert [hit.doc_id for hit in hits if any("maternity" in reason for reason in hit.matched)] == []
        ill = answer(SearchRequest(q="my husband has lung cancer"), searcher).results.hits
        assert [hit.doc_id for hit in ill if any("to husband" in reason for reason in hit.matched)] == []
        comes = answer(SearchRequest(q="can my husband come with me"), searcher).results.hits
        assert any("husband" in reason and "related" in reason for reason in comes[0].matched)
        births = answer(SearchRequest(q="mother and child hospital shanghai"), searcher).results.hits
        assert "Obstetrics & Gynecology" in births[0].card.specialty


def test_a_well_known_hospital_without_a_page_is_said_to_have_none(engine: WhooshEngine) -> None:
    with engine.searcher() as searcher:
        for text in ("west china hospital", "华西医院", "huaxi hospital", "beds in west china hospital"):
            found = answer(SearchRequest(q=text), searcher)
            assert found.applied[0] == "This site has no page about West China Hospital (华西医院).", text
            first, *_, last = found.results.hits
            assert first.doc_id == "articles/chengdu-medical-tourism"
            assert "names West China Hospital (华西医院)" in first.matched
            assert last.card.city == ("Chengdu",) or "names West China Hospital (华西医院)" in last.matched
        general, heart = (
            [hit.card for hit in answer(SearchRequest(q=text), searcher).results.hits if hit.card.kind == "hospital"]
            for text in ("301 hospital", "阜外医院")
        )
        assert [card.city for card in general] == [("Beijing",)] * len(general) != []
        assert all("General Hospital" in card.specialty for card in general[:5])
        assert all("Cardiology & Cerebrovascular" in card.specialty for card in heart[:2])
        plain = answer(SearchRequest(q="west china hospital", plain=True), searcher)
        assert not any("no page about" in note for note in plain.applied)
        chest = answer(SearchRequest(q="Shanghai Chest Hospital"), searcher)
        assert "no page about Shanghai Chest Hospital" in chest.applied[0]
        assert "Chest & Respiratory" in chest.results.hits[0].card.specialty
        listed = [each for by_first in load_elsewhere().values() for each in by_first.values()]
        assert {each.specialty for each in listed} <= set(load_taxonomy().values("specialty"))
        shadowed = [
            each.name
            for by_first in load_elsewhere().values()
            for each in {*by_first.values()}
            if any(searcher.lexicon.named(" ".join(name)) for name in each.names)
        ]
        assert shadowed == [], "they have a page"


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("insurence clame", "insurance claim"),  # not "came", which has fewer slips and more pages
        ("clame back", "came back"),
        ("sirosis of liver", "cirrhosis of liver"),
        ("chinghua hospital", "qinghua hospital"),  # names mean nothing
    ],
)
def test_a_word_close_in_meaning_to_its_neighbours_is_rather_meant(engine: WhooshEngine, typed: str, used: str) -> None:
    with engine.searcher() as searcher:
        assert answer(SearchRequest(q=typed), searcher).reading.used == used


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("湘雅二院", "the Second Xiangya Hospital (湘雅二医院)"),
        ("中南大学湘雅二医院", "the Second Xiangya Hospital (湘雅二医院)"),
        ("third xiangya hospital", "the Third Xiangya Hospital (湘雅三医院)"),
        ("湘雅", "Xiangya Hospital (湘雅医院)"),
        ("华西二院", "West China Second University Hospital (华西第二医院)"),
        ("huaxi second hospital", "West China Second University Hospital (华西第二医院)"),
        ("北医三院", "Peking University Third Hospital (北京大学第三医院)"),
        ("武汉同济", "Tongji Hospital in Wuhan (武汉同济医院)"),
        ("湘雅五院", ""),  # not known, but no Xiangya Hospital either
        ("西京第二医院", ""),
        ("second xijing hospital", ""),
        ("fifth hospital like xijing hospital", "Xijing Hospital (西京医院)"),
    ],
)
def test_a_number_makes_the_name_of_another_hospital(engine: WhooshEngine, text: str, name: str) -> None:
    with engine.searcher() as searcher:
        said = [note for note in answer(SearchRequest(q=text), searcher).applied if "no page about" in note]
    assert said == ([f"This site has no page about {name}."] if name else [])


def test_a_stated_field_finds_hospitals_that_lack_the_words(engine: WhooshEngine) -> None:
    with engine.searcher() as searcher:
        found = answer(SearchRequest(q="too fat lose weight"), searcher)
        stating = [hit for hit in found.results.hits if "weight problems (field of the page)" in hit.matched]
        assert stating
        assert all("Weight problems" in (*hit.card.known, *hit.card.departments) for hit in stating)
        lexicon = searcher.lexicon
        assert not lexicon.starting("weight problems", 1)
        assert all(not word.startswith("=") for word, *_ in (*lexicon.starting("", 50), *lexicon.similar("obesity", 9)))
        assert lexicon.frequency(strength_term("Weight problems"))


def test_who_lists_transplants_says_that_visitors_cannot_have_one(engine: WhooshEngine) -> None:
    with engine.searcher() as searcher:
        listed = [each for each in searcher.documents() if "Organ Transplantation" in each.specialty]
        hospitals = [each for each in listed if each.kind == "hospital"]
        assert len(hospitals) > 5
        for each in hospitals:
            assert any(link.href.endswith("organ-transplantation.html") for link in each.links), each.doc_id
            text = " ".join(section.text for section in each.sections)
            assert re.search(r"medical tourists|visitors", text), each.doc_id


def test_every_facet_count_is_what_choosing_the_value_gives(engine: WhooshEngine) -> None:
    chance = random.Random(20261122)
    asked = ["", "eye hospital", "visa", "cancer treatment cost", "not beijing", "医院", "heart OR brain"]
    with engine.searcher() as searcher:
        for text in asked:
            chosen: dict[str, tuple[str, ...]] = {}
            for _ in range(3):
                results = answer(SearchRequest(q=text, **chosen), searcher).results  # type: ignore[arg-type]
                for facet in FACETS:
                    for bucket in results.facet(facet).buckets:
                        values = tuple(dict.fromkeys((*chosen.get(facet, ()), bucket.value)))
                        # Within a facet values add up, so the promise of one value is tested without the others.
                        alone = answer(SearchRequest(q=text, **{**chosen, facet: (bucket.value,)}), searcher)  # type: ignore[arg-type]
                        assert alone.results.total.value == bucket.count.value, (text, chosen, facet, values)
                facet = chance.choice(FACETS)
                buckets = [b.value for b in results.facet(facet).buckets if b.count.value]
                if buckets:
                    chosen[facet] = (chance.choice(buckets),)


def test_the_facets_of_everything_add_up_to_the_documents(engine: WhooshEngine) -> None:
    with engine.searcher() as searcher:
        results = searcher.search(Query(Everything(), filters=(Filter("kind", ("hospital",)),)))
        assert sum(bucket.count.value for bucket in results.facet("city").buckets) == results.total.value
        assert {bucket.value: bucket.count.value for bucket in results.facet("kind").buckets} == {
            "hospital": 140,
            "article": 122,
        }


def test_every_guide_of_the_vocabulary_introduces_its_value(engine: WhooshEngine) -> None:
    guides = [(value, value.guide) for facet in FACETS for value in load_taxonomy().of(facet) if value.guide]
    assert len([value for value, _ in guides if value.facet == "city"]) == 7
    with engine.searcher() as searcher:
        for value, doc_id in guides:
            document = searcher.get(doc_id)
            assert document, doc_id
            assert document.summary, doc_id
            assert value.name in document.values(value.facet), (value.name, doc_id)


def test_the_page_of_a_city_or_field_introduces_it_and_lists_what_is_there() -> None:
    client = create_app({"index": real_index()}).test_client()
    pages = {"/cities/beijing": "Beijing Medical Tourism", "/specialties/oncology": "Cancer Treatment"}
    for path, title in pages.items():
        page = BeautifulSoup(client.get(path).text, "lxml")
        introduction = page.select_one(".introduction")
        assert introduction
        assert introduction.a
        assert introduction.a.get_text() == title
        assert len(introduction.get_text()) > 150
        assert page.select("section[aria-labelledby=hospitals] li")
    assert not BeautifulSoup(client.get("/specialties/hematology").text, "lxml").select_one(".introduction")


def test_hospitals_are_called_similar_only_where_fields_are_shared() -> None:
    client = create_app({"index": str(real_index())}).test_client()
    heads = [
        BeautifulSoup(client.get(f"/hospitals/{slug}").data, "lxml").find(id="related").get_text()
        for slug in ("guang-ci-memorial-hospital", "shenzhen-eye-hospital")
    ]
    assert heads == ["Hospitals in Shanghai", "Similar hospitals"]


def test_an_article_about_two_fields_lists_the_hospitals_of_both() -> None:
    client = create_app({"index": real_index()}).test_client()
    page = BeautifulSoup(client.get("/articles/cardiovascular-and-cerebrovascular-disease").text, "lxml")
    links = {link["href"] for link in page.select("a")}
    assert {"/specialties/cardiology", "/specialties/neurology"} <= links
    assert "/hospitals/beijing-anzhen-hospital" in links


def test_the_corpus_check_is_clean() -> None:
    from indexer.lint import lint

    problems = [f"{finding.path}: {problem}" for finding in lint(CORPUS) for problem in finding.problems]
    assert problems == []


def test_garbled_terms_of_the_cancer_article_find_it(engine: WhooshEngine) -> None:
    wanted = dict(LISTED)["The best cancer treatment in China"]
    with engine.searcher() as searcher:
        for typed in ("linear gas pedal", "karelizumab", "ositinib", "cedirizumab", "Archilenside", "cardunolizumab"):
            hits = answer(SearchRequest(q=typed), searcher).results.hits
            assert wanted in [hit.doc_id for hit in hits[:2]], typed


def test_the_readme_counts_are_those_of_the_corpus() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    hospitals, articles = (len(list((CORPUS / kind).glob("*.html"))) for kind in ("hospitals", "articles"))
    assert f"{hospitals + articles} pages, {hospitals} hospitals and {articles} articles" in text


@pytest.mark.parametrize("cancer", ["肺癌", "肝癌", "胃癌", "乳腺癌", "肠癌"])
def test_a_cancer_in_chinese_is_of_oncology(engine: WhooshEngine, cancer: str) -> None:
    """What an operation for stomach cancer costs began with plastic surgery in Mexico."""
    with engine.searcher() as searcher:
        found = answer(SearchRequest(q=cancer + "手术费用"), searcher)
    assert "Oncology" in {each.value for each in found.reading.found}
    for hit in found.results.hits[:4]:
        assert "Oncology" in hit.card.specialty

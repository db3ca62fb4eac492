"""Claims about what is typed in Chinese on pages that are written in English."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.analysis import terms
from indexer.engines import Searcher
from search_app.search import Answer, SearchRequest, answer
from search_app.thesaurus import load_thesaurus
from search_app.understand import read
from search_app.words import default_words
from tests.real_corpus import real_engine


@pytest.fixture(scope="module")
def real() -> Iterator[Searcher]:
    with real_engine().searcher() as searcher:
        yield searcher


def found(text: str, searcher: Searcher) -> Answer:
    return answer(SearchRequest(text), searcher)


def first(text: str, searcher: Searcher, many: int = 3) -> list[str]:
    return [hit.doc_id for hit in found(text, searcher).results.hits[:many]]


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("信用卡", "credit card"),
        ("副作用", "side effects"),
        ("癫痫", "epilepsy"),
        ("胰腺癌", "pancreatic cancer"),
        ("医疗纠纷 律师", "medical dispute lawyer"),
        ("第二意见", "second opinion"),
        ("试管婴儿成功率", "ivf success rate"),
        ("怀不上", "cannot get pregnant"),
    ],
)
def test_a_chinese_word_finds_what_it_finds_in_english(chinese: str, english: str, real: Searcher) -> None:
    """Half of these found nothing, and illnesses only hospitals of a field, with "No page has “癫痫”"."""
    assert first(english, real, 1)[0] in first(chinese, real)
    assert not found(chinese, real).reading.strange


def test_the_field_is_read_from_a_chinese_word_as_from_the_english_one(real: Searcher) -> None:
    for chinese, english in (("胰腺癌", "pancreatic cancer"), ("国际部", "international department")):
        one, other = (read(text, real.lexicon) for text in (chinese, english))
        assert {(each.facet, each.value) for each in one.found} == {(each.facet, each.value) for each in other.found}
        assert {each.words for each in one.found} == {chinese}, "the label names what was typed"


def test_the_reason_says_which_chinese_word_is_meant(real: Searcher) -> None:
    hit = found("押金", real).results.hits[0]
    assert "deposit (English for 押金)" in hit.matched


@pytest.mark.parametrize(("text", "asks"), [
    ("签证怎么办理", True), ("手术后多久可以坐飞机", True), ("能不能用医保", True), ("中国的医院安全吗", True),
    ("中国的医院安全吗？", True), ("吗啡", False),
    ("膝盖疼去哪家医院", False), ("白内障手术 广州", False), ("看什么科", False),
])  # fmt: skip
def test_a_question_is_known_by_its_word_wherever_that_stands(text: str, asks: bool, real: Searcher) -> None:
    lifted = {(each.facet, each.value) for each in read(text, real.lexicon).query.boosts}
    assert (("kind", "article") in lifted) is asks


def test_a_stretch_that_stands_nowhere_is_one_thing_that_pages_lack(real: Searcher) -> None:
    """By pairs of characters it was four, more than half of the search, and nothing was found."""
    reading = read("签证量子火锅店铺", real.lexicon)
    assert [part.words for part in reading.parts if part.role == "word"] == ["签证", "量子火锅店铺"]
    assert reading.strange == ("量子火锅店铺",)
    result = found("签证量子火锅店铺", real)
    assert result.results.total.value
    assert result.applied[-1].endswith("No page has “量子火锅店铺”.")


def test_pairs_that_pages_may_have_are_looked_for_one_by_one(real: Searcher) -> None:
    reading = read("朝阳人院", real.lexicon)
    assert [part.words for part in reading.parts if part.role == "word"] == ["朝阳", "阳人", "人院"]


@given(st.text(alphabet="签证量子火锅店铺多久朝阳肺癌 a", max_size=24))
@example("多 久")
def test_any_mixture_is_read_and_each_part_stands_in_the_text(text: str) -> None:
    with real_engine().searcher() as searcher:
        reading = read(text, searcher.lexicon)
    for part in reading.parts:
        assert part.words.replace(" ", "") in reading.text.replace(" ", ""), "Chinese words are told without spaces"
        assert 0 <= part.start <= part.end <= len(reading.text)
    assert all(each in reading.text for each in reading.strange)


def test_terms_are_put_into_english_by_the_longest_word() -> None:
    thesaurus = load_thesaurus()
    assert thesaurus.in_english(terms("肺癌手术abc")) == ("lung", "cancer", "surgery", "abc")
    assert thesaurus.in_english(terms("龘肺")) == ("龘", "lung"), "what is not known stays"
    assert thesaurus.in_english(("lung",)) == ("lung",)


def test_what_a_translation_finds_the_chinese_word_finds_but_not_the_other_way() -> None:
    thesaurus = load_thesaurus()
    for word, english in thesaurus.translations.items():
        led_to = {each.terms for each in thesaurus.synonyms(word)}
        assert english in led_to
        for each in thesaurus.entries.get(english, ()):
            assert each.relation == "spelling" or each.terms in led_to
            assert each.relation != "translated"


def test_every_translation_leads_somewhere(real: Searcher) -> None:
    """What neither stands on a page nor means a field is of no use; it would only hide that nothing has the word."""
    words, idle = default_words(), []
    for word, english in words.thesaurus.translations.items():
        others = [each.terms for each in words.thesaurus.synonyms(word)]
        known = any(all(map(real.lexicon.frequency, each)) for each in others)
        if not known and not words.facets.read(word) and not words.strengths.meant(english):
            idle.append("".join(word))
    assert idle == []


def test_a_guess_names_what_was_typed_and_no_english(real: Searcher) -> None:
    """ "embassy (related to visa 多久下来)" was said of it."""
    reasons = [each for hit in found("签证多久下来", real).results.hits for each in hit.matched]
    related = [each for each in reasons if "related to" in each]
    assert related
    assert not any("visa 多" in each for each in related)

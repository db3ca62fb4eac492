"""Claims about the thesaurus and its data."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from pypinyin import lazy_pinyin

from indexer.analysis import terms
from indexer.errors import TaxonomyError
from search_app.elsewhere import Elsewhere, in_pinyin, load_elsewhere
from search_app.search import SearchRequest, answer
from search_app.thesaurus import Thesaurus, load_thesaurus
from search_app.vocabulary_files import VOCABULARY
from search_app.words import default_words
from tests.searchable import searcher


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in VOCABULARY.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    return tmp_path


@cache
def shipped() -> Thesaurus:
    """What comes with the program: to read it takes longer than most tests of it."""
    return load_thesaurus()


def others(word: str) -> dict[str, float]:
    return {" ".join(each.terms): each.weight for each in shipped().synonyms(terms(word))}


def test_the_thesaurus_has_at_least_four_hundred_entries_below_weight_one() -> None:
    thesaurus = shipped()
    assert len(thesaurus.entries) >= 400
    assert all(0 < each.weight < 1 for found in thesaurus.entries.values() for each in found)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("womb", "uterus"), ("uterus", "womb"), ("gynaecology", "gynecology"), ("gynecology", "gynaecology"),
        ("test tube baby", "ivf"), ("ivf", "test tube baby"), ("heart attack", "myocardial infarction"),
        ("USA", "united states"), ("first", "1"), ("12", "twelfth"), ("tooth implant", "dental implant"),
        ("kids", "pediatrics"), ("眼科", "ophthalmology"), ("试管婴儿", "ivf"),
        ("linear gas pedal", "linear accelerator"),
        ("karelizumab", "camrelizumab"), ("wombs", "uterus"), ("how much", "cost"), ("PD1", "programmed death 1"),
    ],
)  # fmt: skip
def test_a_word_finds_its_other_name(word: str, other: str) -> None:
    assert other in others(word)


def test_a_wider_word_does_not_find_the_narrower_one() -> None:
    assert "cardiology" in others("heart attack")
    assert "heart attack" not in others("cardiology")


def test_a_spelling_weighs_more_than_a_synonym_and_that_more_than_a_related_word() -> None:
    assert others("ivf")["in vitro fertilization"] > others("ivf")["test tube baby"] > others("ivf")["reproductive"]


def test_another_spelling_finds_all_that_the_first_one_finds() -> None:
    """ "tumour" found half of what "tumor" did, "human papillomavirus" nothing where "hpv" found vaccines."""
    for one, other in (("tumor", "tumour"), ("hpv", "human papillomavirus"), ("als", "motor neurone disease")):
        assert {*others(one)} - {other} == {*others(other)} - {one}
    assert "heart attack" not in others("cardiological"), "what leads one way still does not lead back"


def test_short_words_match_only_in_their_own_form() -> None:
    assert shipped().entry(("aid",)) is None
    assert shipped().entry(("aids",)) == ("aids",)
    assert shipped().entry(("organ",)) is None  # not "organization", whose stem it is


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('[same.x]\n"eye" = []', 'same.x, "eye": must be a list of words'),
        ('[same.x]\n"eye" = ["eye"]', 'same.x, "eye": has the same word twice'),
        ('[same.x]\n"eye" = ["?!"]', "same.x, \"eye\": '?!' must have 1 to 8 words"),
        (
            '[same.x]\n"eye" = { words = ["ocular"], weight = 1.0 }',
            "same.x, \"eye\": 'weight' must lie between 0 and 1",
        ),
        ('[same.x]\n"eye" = { word = ["ocular"] }', "same.x, \"eye\": may only have 'words' and 'weight'"),
        ('[alike.x]\n"eye" = ["ocular"]', "alike: unknown section; known: spelling, same, wider"),
        ('[same.x]\n"eye" = ["a1"]\n[same.y]\n"eye" = ["b1"]', 'same.y, "eye": stands in same.x as well'),
        ("[same]\neye = 1", "same.eye: must be a table of entries"),
    ],
)
def test_wrong_data_is_named_with_file_key_and_reason(folder: Path, line: str, message: str) -> None:
    path = folder / "thesaurus.toml"
    path.write_text(line, "utf-8")
    with pytest.raises(TaxonomyError) as caught:
        load_thesaurus(folder)
    assert str(caught.value) == f"{path}, {message}."


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('[x]\n"药" = "drug"', 'x, "药": must be a list of words'),
        ('[x]\n"药" = []', 'x, "药": must be a list of words'),
        ('[x]\n"drug" = ["medicine"]', 'x, "drug": must lead from Chinese to English'),
        ('[x]\n"药" = ["药品"]', 'x, "药": must lead from Chinese to English'),
        ('[x]\n"药" = ["drug", "drug"]', 'x, "药": stands twice'),
        ('[x]\n"药" = ["drug"]\n[y]\n"药" = ["medicine"]', 'y, "药": stands twice'),
        ('"药" = ["drug"]', "药: must be a table of words"),
    ],
)
def test_wrong_translations_are_named_with_file_key_and_reason(folder: Path, line: str, message: str) -> None:
    path = folder / "chinese.toml"
    path.write_text(line, "utf-8")
    with pytest.raises(TaxonomyError) as caught:
        load_thesaurus(folder)
    assert str(caught.value) == f"{path}, {message}."


def test_wrong_lists_and_missing_files_are_named(folder: Path) -> None:
    (folder / "protected.toml").write_text('codes = ["two words"]', "utf-8")
    with pytest.raises(TaxonomyError, match="codes: 'two words' must be one word"):
        load_thesaurus(folder)
    (folder / "protected.toml").unlink()
    with pytest.raises(TaxonomyError, match=r"protected\.toml, the file: No such file"):
        load_thesaurus(folder)
    (folder / "protected.toml").write_text("codes = [", "utf-8")
    with pytest.raises(TaxonomyError, match=r"protected\.toml, the file: "):
        load_thesaurus(folder)
    (folder / "protected.toml").write_text("code = []", "utf-8")
    with pytest.raises(TaxonomyError, match="code: unknown key; known: codes, words"):
        load_thesaurus(folder)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ("lump in my breast", "mammary"), ("breast lump", "mammary"), ("blood in the urine", "urology"),
        ("cancer that starts in the nose", "nasopharyngeal cancer"), ("my hands shake", "neurology"),
        ("hair is falling out", "dermatology"), ("waist pain", "spine"), ("loose motions", "gastroenterology"),
        ("full mot", "checkup"), ("sickler", "hematology"), ("gynae", "gynecology"), ("apollo", "ophthalmology"),
        ("bring my husband", "companion"), ("will insurance pay", "coverage"), ("halal food", "religion"),
    ],
)  # fmt: skip
def test_a_complaint_finds_its_field_whatever_the_order_and_the_small_words(typed: str, field: str) -> None:
    found = shipped().synonyms(terms(typed.removeprefix("my ")))
    assert field in {" ".join(each.terms) for each in found}


def test_complaints_lead_one_way_and_below_words_of_the_same_meaning() -> None:
    thesaurus = shipped()
    assert others("oncology").keys().isdisjoint({"lump", "breast lump", "mot"})
    assert all(each.weight <= 0.5 for each in thesaurus.synonyms(("waist", "pain")))


def test_a_phrase_does_not_reach_over_a_small_word_at_its_end() -> None:
    """Otherwise "lump in" would be a lump, and what stands behind it would be lost."""
    thesaurus = shipped()
    assert thesaurus.entry(("breast", "lump", "in")) is None
    assert thesaurus.entry(("the", "breast", "lump")) is None


def test_words_of_daily_life_are_known_in_every_form() -> None:
    thesaurus = shipped()
    assert all(
        thesaurus.ordinary(word) for word in ("beats", "climbing", "wife", "stairs", "swallowing", "wifi", "cafe")
    )
    assert not any(thesaurus.ordinary(word) for word in ("kidney", "hospital", "beijing", "insurance", "心"))


def test_no_word_of_daily_life_is_one_of_the_vocabulary() -> None:
    """A word cannot be both: what it stands for would then not count beside another word."""
    words = default_words()
    both = [word for word in sorted(words.thesaurus.everyday) if words.facets.read((word,))]
    assert both == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[[field]]\nto = ["skin"]\nwords = []', "field 1: needs 'to' and 'words'"),
        ('[[field]]\nto = ["skin"]\nwords = ["rash", "rash"]', 'field 1, "rash": stands twice'),
        ('[[field]]\nto = ["skin"]\nwords = ["skin"]', 'field 1, "skin": must find other words'),
        ('[[field]]\nto = ["skin"]\nword = ["rash"]', "word: unknown key; known: to, words"),
        ("[field]\nto = 1", "the file: may only hold [[field]]"),
    ],
)
def test_wrong_complaints_are_named(folder: Path, content: str, message: str) -> None:
    path = folder / "complaints.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(TaxonomyError) as caught:
        load_thesaurus(folder)
    assert str(caught.value) == f"{path}, {message}."


def test_hard_words_written_by_ear_are_listed_with_their_spelling(folder: Path) -> None:
    assert shipped().misspelt["optamologist"] == "ophthalmologist"
    (folder / "misspelt.toml").write_text('eye = "womb"', "utf-8")
    with pytest.raises(
        TaxonomyError, match=r"misspelt\.toml, eye: 'womb' is no single word, .* or is in the thesaurus"
    ):
        load_thesaurus(folder)
    (folder / "misspelt.toml").write_text('eye = ["eey"]', "utf-8")
    with pytest.raises(TaxonomyError, match="eye: must be words between spaces"):
        load_thesaurus(folder)


def test_no_terms_are_no_entry() -> None:
    """A text of signs alone has none: its beginning cannot be looked at."""
    assert shipped().entry(()) is None


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("[[hospital]]\nname = 'H'\ncity = 'C'", "hospital 1"),
        ("[[hospital]]\nname = 'H'\ncity = 'C'\nnames = []", "'names' must be a list"),
        ("[[hospital]]\nname = 'H'\ncity = 'C'\nnames = ['!']", "without any letter"),
        (
            "[[hospital]]\nname = 'H'\ncity = 'C'\nnames = ['a']\n[[hospital]]\nname = 'I'\ncity = 'C'\nnames = ['A']",
            "'a' stands for H",
        ),
        ("[[hospital]]\nname = 'H'\ncity = 'C'\nnames = ['a']\npinyin = ['华 西']", "'pinyin' must be"),
        ("[other]", "may only hold"),
        ("[[", "the file"),
    ],
)
def test_a_wrong_list_of_hospitals_elsewhere_is_refused_by_entry(tmp_path: Path, content: str, wrong: str) -> None:
    path = tmp_path / "elsewhere.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(TaxonomyError, match=wrong) as error:
        load_elsewhere(path)
    assert str(path) in str(error.value)


def test_every_chinese_name_of_a_hospital_elsewhere_has_its_pinyin() -> None:
    """ "huaxi" found nothing and was told nothing, where 华西 was told that this hospital has no page."""
    for hospital in {each for names in load_elsewhere().values() for each in names.values()}:
        chinese = ["".join(name) for name in hospital.names if not "".join(name).isascii()]
        read = [tuple(re.findall("[a-z]+|[0-9]+", " ".join(lazy_pinyin(name)))) for name in chinese]
        # pypinyin knows no hospital: 长 is "zhang" to it here, and the 重 of Chongqing "zhong"
        known = {("zhang", "hai"): ("chang", "hai"), ("zhang", "hai", "yi", "yuan"): ("chang", "hai", "yi", "yuan")}
        known |= {("zhong", "yi", "fu", each, "yuan"): ("chong", "yi", "fu", each, "yuan") for each in ("yi", "er")}
        assert {known.get(each, each) for each in read} == set(hospital.pinyin), hospital.name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("huaxi", "West China Hospital (华西医院)"),
        ("Hua Xi", "West China Hospital (华西医院)"),
        ("huaxiyiyuan", "West China Hospital (华西医院)"),
        ("sichuan daxue huaxi hospital", "West China Hospital (华西医院)"),
        ("huaxi kouqiang yiyuan", "West China Hospital of Stomatology (华西口腔医院)"),
        ("knee surgery in fuwaiyiyuan", "Fuwai Hospital (阜外医院)"),
        ("301 yiyuan", "the PLA General Hospital (301 Hospital, 解放军总医院)"),
        ("Beijing Daxue di san yiyuan", "Peking University Third Hospital (北京大学第三医院)"),
    ],
)
def test_a_hospital_elsewhere_is_known_by_its_pinyin_with_any_spaces(typed: str, name: str) -> None:
    with searcher() as opened:
        found = answer(SearchRequest(typed), opened)
        assert f"This site has no page about {name}." in found.applied
        for other in ("huaxia", "hua", "sichuan", "yiyuan", "beijing daxue", "di san"):
            assert not any("has no page about" in note for note in answer(SearchRequest(other), opened).applied), other


def test_pinyin_that_two_hospitals_share_stands_for_neither() -> None:
    one, other = (Elsewhere(name, "C", ((name,),), pinyin=(("tong", "ji"),)) for name in ("a", "b"))
    assert in_pinyin({"a": {("a",): one}, "b": {("b",): other}})["tongji"] is None
    assert in_pinyin({"a": {("a",): one}})["tongji"] is one

"""Claims about the thesaurus and its data."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.analysis import terms
from indexer.errors import TaxonomyError
from search_app.thesaurus import VOCABULARY, load_thesaurus


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("thesaurus.toml", "protected.toml", "stopwords.toml"):
        (tmp_path / name).write_text((VOCABULARY / name).read_text("utf-8"), "utf-8")
    return tmp_path


def others(word: str) -> dict[str, float]:
    return {" ".join(each.terms): each.weight for each in load_thesaurus().synonyms(terms(word))}


def test_the_thesaurus_has_at_least_four_hundred_entries_below_weight_one() -> None:
    thesaurus = load_thesaurus()
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


def test_short_words_match_only_in_their_own_form() -> None:
    assert load_thesaurus().entry(("aid",)) is None
    assert load_thesaurus().entry(("aids",)) == ("aids",)
    assert load_thesaurus().entry(("organ",)) is None  # not "organization", whose stem it is


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

from __future__ import annotations

import pickle
import re
import shutil
from pathlib import Path

import pytest

from indexer.errors import TaxonomyError
from indexer.model import FACETS
from indexer.taxonomy import VOCABULARY, load_taxonomy

CITIES = ("Beijing", "Shanghai", "Guangzhou", "Shenzhen", "Chengdu", "Hangzhou", "Hainan (Boao)")
SPECIALTIES = tuple(
    "General Hospital; Oncology; Radiotherapy (Proton & Heavy Ion); Cardiology & Cerebrovascular; "
    "Neurology & Neurosurgery; "
    "Ophthalmology; Dentistry & Stomatology; Obstetrics & Gynecology; Pediatrics; Reproductive Medicine (IVF); "
    "Traditional Chinese Medicine; Psychiatry & Mental Health; Infectious Diseases & Hepatology; Dermatology; "
    "Orthopedics, Trauma & Burns; Geriatrics; Rehabilitation; Plastic & Cosmetic Surgery; Organ Transplantation; "
    "Cell & Gene Therapy; Chest & Respiratory; Chronic Disease & Public Health; Health Screening & Check-up; "
    "Genetics, Precision & Rare Disease Medicine; Ear, Nose & Throat; Gastroenterology & Colorectal; Hematology".split(
        "; "
    )
)
TOPICS = tuple(
    "Costs & Pricing; Insurance & Reimbursement; Visa & Entry; Process & How-to; Country Comparison; "
    "Hospital Accreditation & Quality; Cancer Treatment; Fertility & IVF; Traditional Chinese Medicine; "
    "Technology & Innovation; Patient Services & Safety; City Guide; Market & Overview; Rights & Disputes; FAQ; "
    "China's Healthcare System; Other Treatments & Specialties".split("; ")
)


@pytest.mark.parametrize(
    ("facet", "labels"),
    [("city", CITIES), ("specialty", SPECIALTIES), ("topic", TOPICS), ("kind", ("hospital", "article"))],
)
def test_values_of_each_facet_are_the_agreed_labels(facet: str, labels: tuple[str, ...]) -> None:
    assert load_taxonomy().values(facet) == labels


def test_unknown_facet_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        load_taxonomy().values("colour")


@pytest.mark.parametrize(
    ("facet", "declared", "value"),
    [
        ("city", "Shanghai", "Shanghai"),
        ("city", " shanghai  city ", "Shanghai"),
        ("city", "上海", "Shanghai"),
        ("city", "北京市", "Beijing"),
        ("city", "Peking", "Beijing"),
        ("city", "hainan-boao", "Hainan (Boao)"),
        ("city", "Boao", "Hainan (Boao)"),
        ("city", "Wuhan", None),
        ("specialty", "https://schema.org/Oncologic", "Oncology"),
        ("specialty", "Optometric", "Ophthalmology"),
        ("specialty", "Gynaecology", "Obstetrics & Gynecology"),
        ("specialty", "中医", "Traditional Chinese Medicine"),
        ("specialty", "Astrology", None),
        ("topic", "China’s Healthcare System", "China's Healthcare System"),
        ("topic", "JCI", "Hospital Accreditation & Quality"),
        ("kind", "Hospitals", "hospital"),
        ("kind", "", None),
    ],
)
def test_declared_strings_become_canonical_values(facet: str, declared: str, value: str | None) -> None:
    assert load_taxonomy().canonical(facet, declared) == value


def test_labels_exist_in_both_languages() -> None:
    taxonomy = load_taxonomy()
    assert taxonomy.label("city", "Shanghai", "zh-Hans") == "上海"
    assert taxonomy.label("kind", "hospital") == "Hospital"
    assert taxonomy.label("city", "Atlantis") == "Atlantis"
    for value in taxonomy.vocabulary:
        assert re.search("[\u4e00-\u9fff]", value.label_zh)


@pytest.mark.parametrize(
    ("text", "facet", "value"),
    [
        ("eye", "specialty", "Ophthalmology"),
        ("test tube baby", "specialty", "Reproductive Medicine (IVF)"),
        ("上海", "city", "Shanghai"),
        ("lecheng", "city", "Hainan (Boao)"),
        ("hainan", "city", "Hainan (Boao)"),
        ("peking", "city", "Beijing"),
        ("canton", "city", "Guangzhou"),
        ("costs", "topic", "Costs & Pricing"),
        ("医院", "kind", "hospital"),
    ],
)
def test_words_of_visitors_stand_for_values_and_are_safe(text: str, facet: str, value: str) -> None:
    words = [word for word in load_taxonomy().words(facet) if word.text.casefold() == text]
    assert [(word.value, word.safe) for word in words] == [(value, True)]


def test_clues_are_not_safe_for_queries() -> None:
    words = {word.text: word.safe for word in load_taxonomy().words("specialty")}
    assert words["people's hospital"] is False
    assert words["lung"] is False


def test_words_of_all_facets_are_given_without_a_name() -> None:
    taxonomy = load_taxonomy()
    assert len(taxonomy.words()) == sum(len(taxonomy.words(facet)) for facet in FACETS)


def test_value_tells_everything_known_about_a_name() -> None:
    taxonomy = load_taxonomy()
    value = taxonomy.value("city", "Hainan (Boao)")
    assert value is not None
    assert (value.id, value.label_zh) == ("hainan-boao", "海南（博鳌）")
    assert taxonomy.value("city", "Boao") is None


def test_curated_entities_have_names_and_a_reason() -> None:
    taxonomy = load_taxonomy()
    assert all(len(entity.names) > 1 and len(entity.reason) > 10 for entity in (*taxonomy.same, *taxonomy.never))
    same = {name.casefold() for entity in taxonomy.same for name in entity.names}
    for entity in taxonomy.never:
        assert len({name.casefold() for name in entity.names} - same) >= len(entity.names) - 2


def test_taxonomy_can_be_sent_between_processes() -> None:
    taxonomy = load_taxonomy()
    assert taxonomy.canonical("city", "peking") == "Beijing"
    again = pickle.loads(pickle.dumps(taxonomy))
    assert (again, again.canonical("city", "peking")) == (taxonomy, "Beijing")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(VOCABULARY, tmp_path / "vocabulary")
    return tmp_path / "vocabulary"


def test_digest_changes_with_any_file(folder: Path) -> None:
    assert load_taxonomy(folder).digest == load_taxonomy().digest
    with (folder / "same_hospital.toml").open("a", encoding="utf-8") as file:
        file.write("# one more word\n")
    assert load_taxonomy(folder).digest != load_taxonomy().digest


ONE = '[[value]]\nid = "a"\nlabel = "A"\nlabel_zh = "甲"\n'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("topics.toml", "[[value", "the file: "),
        ("topics.toml", "", "the file: no [[value]] in it."),
        ("topics.toml", '[value]\nid = "a"', "value: must be tables headed [[value]]."),
        ("topics.toml", "\n" + ONE.replace('label = "A"\n', ""), "line 2: 'label' must be a text."),
        ("topics.toml", "[[ value ]]\nid = 1\n", "value 1: 'id' must be a text."),
        ("topics.toml", ONE + "words = 3\n", "line 1: 'words' must be a list of texts."),
        ("topics.toml", ONE + 'words = [""]\n', "line 1: 'words' must be a list of texts."),
        ("topics.toml", ONE + 'words = ["dent*"]\n', "line 1: 'dent*' has a '*'; only clues may have one."),
        ("topics.toml", ONE + 'kinds = ["city"]\n', "line 1: unknown kind 'city'; known kinds: hospital, article."),
        ("topics.toml", ONE + 'colour = "red"\n', "line 1: unknown key 'colour'; known keys: "),
        ("topics.toml", ONE + ONE.replace('"a"', '"b"'), "line 5: 'A' already stands for 'a'."),
        ("topics.toml", "other = 1\n" + ONE, "the top of the file: unknown key 'other'; known keys: value."),
        ("cities.toml", "guard = 1\n" + ONE, "guard: must be a table headed [guard]."),
        ("cities.toml", "[guard]\nafter = []\n" + ONE, "guard: unknown key 'after'"),
        ("same_hospital.toml", '[[same]]\nnames = ["A"]\nreason = "x"', "line 1: 'names' needs at least two names."),
        ("same_hospital.toml", '[[same]]\nnames = ["A", "B"]', "line 1: 'reason' must be a text."),
        ("same_hospital.toml", "[[other]]", "the top of the file: unknown key 'other'"),
        ("countries.toml", "foreign = [1]", "the top of the file: 'foreign' must be a list of texts."),
    ],
)
def test_wrong_file_is_named_with_line_and_reason(folder: Path, name: str, text: str, message: str) -> None:
    (folder / name).write_text(text, "utf-8")
    with pytest.raises(TaxonomyError) as error:
        load_taxonomy(folder)
    assert str(error.value).startswith(f"{folder / name}, {message}")


def test_file_that_is_not_utf_8_is_named_with_its_line(folder: Path) -> None:
    (folder / "topics.toml").write_bytes(b"# fine\n# \xff\n")
    with pytest.raises(TaxonomyError, match=r"topics.toml, line 2: not UTF-8\."):
        load_taxonomy(folder)


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "kinds.toml").unlink()
    with pytest.raises(TaxonomyError, match=r"kinds.toml, the file: No such file or directory\."):
        load_taxonomy(folder)

"""What ``medsearch corpus check`` finds; every kind of problem has a page that has it, and one that has not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer.cli import corpus_group
from indexer.errors import CorpusError
from indexer.finding import Finding
from indexer.lint import LISTED, lint
from indexer.taxonomy import load_taxonomy

ROOT = Path(__file__).parent.parent / "corpus"
SENTENCE = "The eye clinic sees visitors from abroad on Tuesday mornings, and asks for a passport at the desk."


def hospital(
    name: str = "Shanghai Eye Hospital",
    *,
    city: str | None = "Shanghai",
    cite: bool = True,
    facts: str = "",
    body: str = "<p>It treats eyes and nothing else, says its own page.</p>",
    h1: bool = True,
    **declared: object,
) -> str:
    """A page that is right in everything, unless told otherwise."""
    subject = {"@context": "https://schema.org", "@type": "Hospital", **({"name": name} if h1 else {}), **declared}
    if city is not None:
        subject["address"] = {"@type": "PostalAddress", "addressLocality": city} | dict(
            declared.get("address", {})  # type: ignore[call-overload]
        )
    if cite:
        subject["citation"] = [
            {"@type": "CreativeWork", "@id": "#source-1", "name": "Its page", "url": "https://a.example/"}
        ]
    sources = '<section id="sources"><h2>Sources</h2><ol>'
    sources += '<li id="source-1"><a href="https://a.example/">Its page</a></li></ol></section>'
    table = f'<dl class="facts">{facts}</dl>' if facts else ""
    title = f"<title>{name}</title>" if h1 else ""
    heading = f"<h1>{name}</h1>" if h1 else ""
    script = json.dumps(subject, indent=2)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>{title}\n<script type="application/ld+json">\n{script}\n</script>'
        f"</head>\n<body><main><article>{heading}\n{table}\n{body}\n{sources if cite else ''}"
        "</article></main></body></html>\n"
    )


def check(folder: Path, **files: str) -> list[Finding]:
    """Findings of a corpus with these files; ``__`` in a name stands for a slash, ``_`` for a hyphen."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/").replace("_", "-") + ("" if "." in name else ".html"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(lint(folder))


def problems(findings: list[Finding]) -> list[str]:
    """Every problem with its file in front."""
    return [f"{finding.path}: {problem}" for finding in findings for problem in finding.problems]


def remarks(findings: list[Finding]) -> list[str]:
    return [f"{finding.path}: {remark}" for finding in findings for remark in finding.remarks]


def test_our_own_corpus_is_clean() -> None:
    findings = list(lint(ROOT))
    assert problems(findings) == []
    assert sum(finding.document is not None and not finding.corpus_wide for finding in findings) == 262


def test_a_page_that_is_right_has_no_problem(tmp_path: Path) -> None:
    facts = "<dt>Founded</dt><dd>1958 <a href='#source-1'>[1]</a></dd><dt>City</dt><dd>Shanghai</dd>"
    findings = check(
        tmp_path, hospitals__a=hospital(facts=facts, foundingDate="1958", medicalSpecialty=["Ophthalmology"])
    )
    assert problems(findings) == []
    assert remarks(findings) == []


def test_a_finding_shows_what_the_file_becomes_and_why(tmp_path: Path) -> None:
    body = '<nav>Home and elsewhere</nav><section id="care"><h2>Care</h2><p>It treats eyes.</p></section>'
    page = hospital(body=body, medicalSpecialty=["Ophthalmology"]).replace("<main>", "<main><nav>Home page</nav>")
    (finding,) = check(tmp_path, hospitals__a=page)
    text = finding.as_text()
    assert text.startswith(
        "hospitals/a.html\n  hospital  Shanghai Eye Hospital (title from JSON-LD), at /hospitals/a\n"
    )
    assert "  city      Shanghai (declared: JSON-LD address.addressLocality)" in text
    assert "  specialty Ophthalmology (declared: JSON-LD medicalSpecialty)" in text
    assert "Care #care (15)" in text
    assert "navigation" in text
    assert "% “Home page”" in text
    shown = finding.as_json()
    assert (shown["id"], shown["kind"], shown["city"]) == ("hospitals/a", "hospital", ["Shanghai"])
    assert shown["receipt"]["seen"] == shown["receipt"]["kept"] + sum(cut["chars"] for cut in shown["receipt"]["cuts"])
    assert json.loads(json.dumps(shown)) == shown


def test_warnings_are_marked_and_are_no_problems(tmp_path: Path) -> None:
    page = hospital().replace("</head>", '<script type="application/ld+json">{broken</script></head>')
    (finding,) = check(tmp_path, hospitals__a=page)
    assert finding.problems == ()
    assert "\n  ! JSON-LD 2 is not valid JSON" in finding.as_text()


def test_a_rejected_file_is_a_problem(tmp_path: Path) -> None:
    findings = check(tmp_path, hospitals__a=hospital(), **{"articles__b.html": "<html><body></body></html>"})
    assert problems(findings) == ["articles/b.html: rejected: no text inside <main> or <body>"]
    assert [finding.rejected for finding in findings] == [True, False]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="it does not exist"):
        list(lint(tmp_path / "none"))


# ---------------------------------------------------------------------------------------------------------------------
# Sources, licences, vocabulary: strict where a corpus keeps a record of its sources


def test_a_page_without_source_is_a_problem_where_others_declare_theirs(tmp_path: Path) -> None:
    findings = check(tmp_path, hospitals__a=hospital(), hospitals__b=hospital("Shanghai Heart Hospital", cite=False))
    (problem,) = problems(findings)
    assert problem.startswith("hospitals/b.html: no source; say in JSON-LD (citation)")


def test_a_corpus_that_declares_no_sources_gets_one_remark(tmp_path: Path) -> None:
    page = "<title>{0}</title><main><h1>{0}</h1><p>About {0} there is a lot to say.</p><img src='x.jpg'></main>"
    files = {f"articles__{name}": page.format(name.title()) for name in ("visa", "costs", "flights")}
    findings = check(tmp_path, **files)
    assert problems(findings) == []
    assert remarks(findings) == [
        f"{tmp_path}: no page declares its sources in JSON-LD; 3 of 3 list none, and 3 images have no licence"
    ]


def test_an_image_without_licence_is_a_problem(tmp_path: Path) -> None:
    body = "<p>Seen from the east.</p>\n<img src='img/east.jpg' alt='The house'>"
    (problem,) = problems(check(tmp_path, hospitals__a=hospital(body=body)))
    assert "the image img/east.jpg has no licence; name it in an ImageObject with license" in problem
    assert problem.startswith("hospitals/a.html: line ")


@pytest.mark.parametrize(
    "body",
    [
        "<img src='east.jpg' data-license='CC BY 4.0'>",
        "<figure data-license='https://a.example/l'><img src='east.jpg'></figure>",
        "<figure><img src='east.jpg'><figcaption>The house. Photo by A. Li, CC BY-SA 4.0</figcaption></figure>",
        "<nav><img src='logo.png'></nav>",
    ],
)
def test_an_image_with_licence_or_outside_of_the_content_is_none(tmp_path: Path, body: str) -> None:
    assert problems(check(tmp_path, hospitals__a=hospital(body="<p>Seen from the east.</p>" + body))) == []


def test_an_image_object_gives_its_picture_a_licence(tmp_path: Path) -> None:
    image = {"@type": "ImageObject", "contentUrl": "https://a.example/img/east.jpg", "license": "https://a.example/l"}
    body = "<p>Seen from the east.</p><img src='/img/east.jpg'>"
    assert problems(check(tmp_path, hospitals__a=hospital(body=body, image=image))) == []
    del image["license"]
    assert len(problems(check(tmp_path, hospitals__a=hospital(body=body, image=image)))) == 1


def test_an_unknown_declared_value_is_a_problem_with_its_line(tmp_path: Path) -> None:
    page = hospital(medicalSpecialty=["Ophtalmology"])
    line = page[: page.index("Ophtalmology")].count("\n") + 1
    assert problems(check(tmp_path, hospitals__a=page)) == [
        f"hospitals/a.html: line {line}: unknown specialty: Ophtalmology; use a value of the vocabulary"
    ]


def test_an_unknown_value_is_a_remark_in_a_corpus_from_elsewhere(tmp_path: Path) -> None:
    findings = check(tmp_path, hospitals__a=hospital(cite=False, medicalSpecialty=["Ophtalmology"]))
    assert problems(findings) == []
    assert "unknown specialty: Ophtalmology" in remarks(findings)[0]


def test_a_question_that_no_section_answers_and_one_that_stands_twice_are_problems(tmp_path: Path) -> None:
    def asked(name: str, anchor: str) -> dict[str, object]:
        return {"@type": "Question", "name": name, "acceptedAnswer": {"@type": "Answer", "url": f"#{anchor}"}}

    body = f'<h2 id="eyes">Eyes</h2><p>{SENTENCE}</p>'
    right = hospital(body=body, mainEntity=[asked("Which days?", "eyes")])
    assert problems(check(tmp_path, hospitals__a=right)) == []
    wrong = hospital(body=body, mainEntity=[asked("Which days?", "eye"), asked("which days", "eyes")])
    lines = [wrong[: wrong.index(f'"{name} days')].count("\n") + 1 for name in ("which", "Which")]
    assert problems(check(tmp_path, hospitals__a=wrong)) == [
        f"hospitals/a.html: line {lines[0]}: a question stands twice: which days; correct mainEntity in JSON-LD",
        f"hospitals/a.html: line {lines[1]}: no section #eye answers: Which days?; correct mainEntity in JSON-LD",
    ]


def test_a_hospital_without_city_is_a_problem(tmp_path: Path) -> None:
    page = hospital("Eye Hospital", city=None)
    assert problems(check(tmp_path, hospitals__a=page)) == [
        "hospitals/a.html: a hospital without a city; declare addressLocality in JSON-LD"
    ]


def test_a_page_without_title_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems(check(tmp_path, hospitals__17=hospital(h1=False)))
    assert problem.startswith("hospitals/17.html: no title (")
    assert problem.endswith("add a <title> and an <h1>")


def test_two_files_with_one_id_are_a_problem(tmp_path: Path) -> None:
    findings = check(
        tmp_path, **{"hospitals__a.html": hospital(), "hospitals__a.htm": hospital("Shanghai Heart Hospital")}
    )
    assert problems(findings) == ["hospitals/a.html: rejected: the same address as hospitals/a.htm: hospitals/a"]


# ---------------------------------------------------------------------------------------------------------------------
# Links


def test_a_dead_link_is_a_problem_with_its_line(tmp_path: Path) -> None:
    page = hospital(body='<p>See\n<a href="../articles/visas.html">visas</a> first.</p>')
    line = page[: page.index("../articles")].count("\n") + 1
    assert problems(check(tmp_path, hospitals__a=page)) == [
        f"hospitals/a.html: line {line}: the link ../articles/visas.html leads to no file of the corpus; "
        "correct or remove it"
    ]


def test_a_dead_anchor_is_a_problem(tmp_path: Path) -> None:
    page = hospital(
        body='<p>See <a href="b.html#beds">beds</a> and <a href="#wards">wards</a> and <a href="#source-2">[2]</a>.</p>'
    )
    other = hospital("Shanghai Heart Hospital", body='<h2 id="care">Care</h2><p>Hearts are what it treats.</p>')
    found = problems(check(tmp_path, hospitals__a=page, hospitals__b=other))
    assert [problem.partition("html has")[2] for problem in found] == [
        f" no anchor #{anchor}, where the link leads; correct or remove it" for anchor in ("beds", "wards", "source-2")
    ]


def test_a_link_out_of_the_corpus_folder_is_dead(tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("x")
    page = hospital(body='<p>See <a href="../../secret.html">it</a>.</p>')
    (problem,) = problems(check(tmp_path / "corpus", hospitals__a=page))
    assert "leads to no file of the corpus" in problem


def test_good_links_of_every_form_are_no_problem(tmp_path: Path) -> None:
    targets = (
        "b.html", "b.html#care", "./b.html?from=a", "../hospitals/b", "/hospitals/b#care", "#source-1", "#", "#top",
        "https://b.example/none.html", "//b.example/x", "mailto:a@b.example", "/about", "price%20list.pdf", "B%E9.html",
    )  # fmt: skip
    body = "".join(f'<p>One <a href="{target}">word</a> more, {number}.</p>' for number, target in enumerate(targets))
    other = hospital("Shanghai Heart Hospital", body='<h2 id="care">Care</h2><p>Hearts are what it treats.</p>')
    (tmp_path / "hospitals").mkdir()
    (tmp_path / "hospitals" / "price list.pdf").write_bytes(b"%PDF-")
    found = problems(check(tmp_path, hospitals__a=hospital(body=body), hospitals__b=other))
    assert [problem for problem in found if "B%E9" not in problem] == []
    assert len(found) == 1


def test_a_link_that_is_no_address_is_a_problem(tmp_path: Path) -> None:
    page = hospital(body='<p>See <a href="http://[::1/">it</a>.</p>')
    (problem,) = problems(check(tmp_path, hospitals__a=page))
    assert "the link http://[::1/ is no address; correct it" in problem


def test_links_in_navigation_are_not_followed(tmp_path: Path) -> None:
    page = hospital(body='<nav><a href="none.html">None</a></nav><p>It treats eyes.</p>')
    assert problems(check(tmp_path, hospitals__a=page)) == []


def test_links_of_markdown_pages_are_checked(tmp_path: Path) -> None:
    page = "# Visas\n\nThe embassy knows, and [the costs](costs.md) are elsewhere, ![not](this.jpg).\n"
    (problem,) = problems(check(tmp_path, **{"articles__visas.md": page}))
    assert problem.startswith("articles/visas.md: line 3: the link costs.md leads to no file")


# ---------------------------------------------------------------------------------------------------------------------
# Facts


def facts(**shown: str) -> str:
    return "".join(f"<dt>{label}</dt><dd>{value} <a href='#source-1'>[1]</a></dd>" for label, value in shown.items())


def contradicted(folder: Path, page: str) -> list[str]:
    return [problem for problem in problems(check(folder, hospitals__a=page)) if "JSON-LD (" in problem]


def test_another_founding_year_than_the_one_shown_is_a_contradiction(tmp_path: Path) -> None:
    page = hospital(facts=facts(Founded="1958"), foundingDate="1904")
    line = page[: page.index("foundingDate")].count("\n") + 1
    assert contradicted(tmp_path, page) == [
        f"hospitals/a.html: line {line}: JSON-LD (foundingDate) says Founded '1904', the page shows '1958'; "
        "correct the one that its source does not support"
    ]


def test_a_full_date_agrees_with_its_year(tmp_path: Path) -> None:
    page = hospital(facts=facts(Founded="1958 (as a clinic; rebuilt 1990)"), foundingDate="1958-04-01")
    assert contradicted(tmp_path, page) == []


def test_the_text_is_held_against_the_founding_year_where_no_table_shows_it(tmp_path: Path) -> None:
    body = "<p>It was founded by two doctors in 1958 and moved in 1990.</p>"
    assert (
        "says Founded '1904', the page shows '1958'"
        in contradicted(tmp_path, hospital(body=body, foundingDate="1904"))[0]
    )
    assert contradicted(tmp_path, hospital(body=body, foundingDate="1990")) == []


def test_another_number_of_beds_is_a_contradiction(tmp_path: Path) -> None:
    shown = facts(Beds="1,855 (2024)")
    assert len(contradicted(tmp_path, hospital(facts=shown, numberOfBeds="1200"))) == 1
    assert contradicted(tmp_path, hospital(facts=shown, numberOfBeds=1855)) == []


def test_another_city_than_the_one_shown_is_a_contradiction(tmp_path: Path) -> None:
    assert (
        "(addressLocality) says City 'Shanghai', the page shows 'Beijing'"
        in (contradicted(tmp_path, hospital(facts=facts(City="Beijing")))[0])
    )
    assert len(contradicted(tmp_path, hospital(facts=facts(Address="5 North Road, Haidian, Beijing")))) == 1


def test_a_city_that_no_vocabulary_knows_contradicts_nothing(tmp_path: Path) -> None:
    assert contradicted(tmp_path, hospital(city="Ulm", facts=facts(City="Beijing"))) == []


def test_a_street_that_is_named_after_a_city_contradicts_nothing(tmp_path: Path) -> None:
    for address in ("5 Beijing Road, Huangpu District", "5 Beijing Road, Shanghai"):
        assert contradicted(tmp_path, hospital(facts=facts(Address=address))) == []


def test_another_house_number_is_a_contradiction(tmp_path: Path) -> None:
    shown = facts(Address="16 Jianshe South Street, Shanghai")
    page = hospital(facts=shown, address={"streetAddress": "61 Jianshe South Street"})
    assert "(streetAddress) says Address '61 Jianshe South Street'" in contradicted(tmp_path, page)[0]
    page = hospital(facts=shown, address={"streetAddress": "16 Jianshe South Street"})
    assert contradicted(tmp_path, page) == []


def test_a_property_must_be_shown_as_it_is_declared(tmp_path: Path) -> None:
    level = {"@type": "PropertyValue", "name": "Level", "value": "Grade 3A"}
    page = hospital(facts=facts(Level="Grade 2B"), additionalProperty=[level])
    line = page[: page.index('"Grade 3A"')].count("\n") + 1
    (problem,) = contradicted(tmp_path, page)
    assert f"line {line}: JSON-LD (additionalProperty) says Level 'Grade 3A', the page shows 'Grade 2B'" in problem
    assert contradicted(tmp_path, hospital(facts=facts(Level="grade 3A"), additionalProperty=[level])) == []
    assert contradicted(tmp_path, hospital(facts=facts(Beds="90"), additionalProperty=[level])) == []


def test_a_service_must_be_among_those_shown(tmp_path: Path) -> None:
    declared = [
        {"@type": "MedicalTest", "name": "Health checks"},
        {"@type": "MedicalTherapy", "name": "Proton therapy"},
    ]
    page = hospital(facts=facts(Services="Health checks"), availableService=declared)
    (problem,) = contradicted(tmp_path, page)
    assert "(availableService) says Services 'Proton therapy', the page shows 'Health checks'" in problem
    both = facts(Services="Health checks") + "<dd>Proton therapy</dd>"
    assert contradicted(tmp_path, hospital(facts=both, availableService=declared)) == []
    assert contradicted(tmp_path, hospital(facts=facts(Beds="90"), availableService=declared)) == []


# ---------------------------------------------------------------------------------------------------------------------
# The corpus as a whole


def test_a_paragraph_on_two_pages_is_a_problem_that_names_both(tmp_path: Path) -> None:
    files = {
        "hospitals__a": hospital(body=f"<p>{SENTENCE}</p>"),
        "hospitals__b": hospital("Shanghai Heart Hospital", body=f"\n<p>{SENTENCE.upper()}</p>"),
    }
    (problem,) = problems(check(tmp_path, **files))
    here = files["hospitals__b"][: files["hospitals__b"].index("THE EYE")].count("\n") + 1
    there = files["hospitals__a"][: files["hospitals__a"].index("The eye")].count("\n") + 1
    assert problem == (
        f"hospitals/b.html: line {here}: the paragraph “{SENTENCE[:60].upper().strip()}…” stands in hospitals/a.html "
        f"too (line {there}); keep one and link to it"
    )


def test_a_copied_paragraph_is_found_whatever_the_numbers_of_its_sources(tmp_path: Path) -> None:
    def cited(number: int) -> str:
        return f"<p>{SENTENCE}<a class='cite' href='#source-1'>[{number}]</a> Nobody else is seen there.</p>"

    found = check(
        tmp_path,
        hospitals__a=hospital(body=cited(1)),
        hospitals__b=hospital("Shanghai Heart Hospital", body=cited(2)),
    )
    (problem,) = problems(found)
    assert problem.startswith("hospitals/b.html: line ")
    assert "stands in hospitals/a.html too (line " in problem


def repeating(*, cite: bool) -> dict[str, str]:
    """Four pages with one paragraph that is the same on each, and one of their own."""
    return {
        f"hospitals__{name.lower()}": hospital(
            f"Shanghai {name} Hospital", cite=cite, body=f"<p>{SENTENCE}</p><p>{f'{name} is its own. ' * 9}</p>"
        )
        for name in ("Eye", "Heart", "Chest", "Dental")
    }


def test_a_paragraph_on_every_page_is_a_problem_though_the_index_cuts_it_as_boilerplate(tmp_path: Path) -> None:
    findings = check(tmp_path, **repeating(cite=True))
    documents = [finding.document for finding in findings if finding.document and not finding.corpus_wide]
    assert len(documents) == 4
    assert not any(SENTENCE in section.text for document in documents for section in document.sections)
    assert [problem.partition(": ")[0] for problem in problems(findings)] == [
        "hospitals/dental.html",
        "hospitals/eye.html",
        "hospitals/heart.html",
    ]


def test_what_a_saved_site_repeats_on_every_page_is_boilerplate_and_no_problem(tmp_path: Path) -> None:
    assert problems(check(tmp_path, **repeating(cite=False))) == []


def test_a_short_line_may_stand_on_two_pages(tmp_path: Path) -> None:
    body = "<p>Ask at the hospital for an interpreter.</p>"
    assert (
        problems(
            check(
                tmp_path, hospitals__a=hospital(body=body), hospitals__b=hospital("Shanghai Heart Hospital", body=body)
            )
        )
        == []
    )


def test_a_listed_title_that_no_page_answers_to_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / LISTED).write_text(
        "Shanghai Eye Hospital\thospitals/a\n"
        "SHANGHAI  Ophthalmic Hospital\thospitals/a\n"
        "The Eye House\thospitals/a\n"
        "Shanghai Nose Hospital\thospitals/c\n"
        "a line without a tab\n"
    )
    findings = check(tmp_path, hospitals__a=hospital(alternateName=["Shanghai Ophthalmic Hospital"]))
    assert problems(findings) == [
        "hospitals/a.html: LISTED.tsv, line 3: no page answers to “The Eye House”; make it the title or an alias "
        "(alternateName) of hospitals/a.html",
        "LISTED.tsv: LISTED.tsv, line 4: no page answers to “Shanghai Nose Hospital”: there is no document "
        "hospitals/c; add the page or correct the id",
        "LISTED.tsv: LISTED.tsv, line 5: not a title, a tab and the id of a document; correct the line",
    ]
    assert not any(finding.rejected for finding in findings)


def test_look_alike_names_are_remarks(tmp_path: Path) -> None:
    findings = check(
        tmp_path,
        hospitals__a=hospital("Shanghai Huashan Hospital"),
        hospitals__b=hospital("Shanghai Huashen Hospital", body="<p>Another page.</p>"),
    )
    assert problems(findings) == []
    (remark,) = remarks(findings)
    assert remark.startswith("hospitals/a.html: may be the same hospital as hospitals/b.html (")
    assert findings[-1].corpus_wide
    assert findings[-1].as_text().startswith("hospitals/a.html\n  ? may be the same hospital")


def test_names_of_very_many_hospitals_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.lint.MAX_LOOK_ALIKES", 1)
    other = hospital("Shanghai Heart Hospital", body="<p>Another page.</p>")
    findings = check(tmp_path, hospitals__a=hospital(), hospitals__b=other)
    assert remarks(findings) == [f"{tmp_path}: more than 1 hospitals; look-alike names were not searched for"]


def test_pages_that_the_curated_list_joins_are_remarks(tmp_path: Path) -> None:
    entity = next(each for each in load_taxonomy().same if all(name.isascii() for name in each.names[:2]))
    kept, other = entity.names[:2]
    findings = check(
        tmp_path,
        hospitals__a=hospital(kept),
        hospitals__b=hospital(other, body="<p>Another page.</p>"),
        **{LISTED: f"{other}\thospitals/a\n"},
    )
    assert problems(findings) == []
    assert f"hospitals/b.html: joined: hospitals/b is hospitals/a: {entity.reason}" in remarks(findings)


def test_findings_come_as_a_stream(tmp_path: Path) -> None:
    check(tmp_path, **{"articles__a.html": "", "hospitals__b": hospital()})
    found: Iterator[Finding] = lint(tmp_path)
    assert next(found).path == "articles/a.html"
    assert next(found).path == "hospitals/b.html"


def test_hostile_json_ld_ends_no_check(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    page = hospital().replace("</head>", f'<script type="application/ld+json">{deep}</script></head>')
    assert problems(check(tmp_path, hospitals__a=page)) == []


# ---------------------------------------------------------------------------------------------------------------------
# The command


def test_the_command_exits_with_one_on_problems_and_names_them_on_standard_error(tmp_path: Path) -> None:
    check(tmp_path, hospitals__a=hospital(cite=True), hospitals__b=hospital("Eye Hospital", city=None))
    result = CliRunner().invoke(corpus_group, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert "hospitals/b.html: a hospital without a city" in result.stderr
    assert "Shanghai Eye Hospital (title from JSON-LD)" in result.stdout


def test_the_command_exits_with_zero_on_a_clean_corpus(tmp_path: Path) -> None:
    check(tmp_path, hospitals__a=hospital())
    result = CliRunner().invoke(corpus_group, ["check", str(tmp_path), "--json"])
    assert result.exit_code == 0
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["hospitals/a"]


# -- some pages, not all


def told(*arguments: str | Path) -> tuple[int, list[str], list[str]]:
    result = CliRunner().invoke(corpus_group, ["check", *map(str, arguments)])
    return result.exit_code, result.stdout.splitlines(), result.stderr.splitlines()


def test_one_page_is_checked_in_the_light_of_the_others(tmp_path: Path) -> None:
    same = f"<p>{SENTENCE}</p>"
    check(
        tmp_path,
        hospitals__a=hospital("Eye Hospital A", body=same, cite=False),
        hospitals__b=hospital("Eye Clinic B", body=same),
    )
    status, shown, said = told(tmp_path / "hospitals" / "a.html", "--corpus", tmp_path)
    assert status == 1
    assert [line for line in shown if not line.startswith(" ")] == ["hospitals/a.html"]
    assert any("no source" in line for line in said), "the other page makes this a corpus that keeps a record"
    assert any("stands in hospitals/b.html too" in line for line in said), "whichever of the two comes first"
    assert said[-1] == "2 problems, 0 files rejected."
    status, shown, said = told(tmp_path / "hospitals" / "a.html", "--corpus", tmp_path / "elsewhere")
    assert (status, said, shown[0]) == (0, [], "hospitals/a.html")
    assert "Eye Hospital A" in shown[1], "its folder says the kind, though nothing else around it is read"


def test_two_pages_that_may_be_one_are_named_with_the_remedy_from_either(tmp_path: Path) -> None:
    names = ("Shanghai Eastern Rehabilitation Hospital", "Shanghai Eastern Rehabilitation Hospitals")
    check(tmp_path, hospitals__a=hospital(names[0]), hospitals__b=hospital(names[1], body="<p>It has forty beds.</p>"))
    for own, other in (("a", "b"), ("b", "a")):
        _, shown, _ = told(tmp_path / "hospitals" / f"{own}.html", "--corpus", tmp_path)
        (remark,) = (line for line in shown if "may be the same hospital" in line)
        assert f"as hospitals/{other}.html" in remark
        assert remark.endswith(
            "name both in indexer/vocabulary/same_hospital.toml, under [[same]] if it is, under [[never]] if not"
        )


def test_what_is_no_page_is_rejected_by_name(tmp_path: Path) -> None:
    check(tmp_path, hospitals__a=hospital())
    for name in ("list.pdf", "ward.docx", "notes.css"):
        (tmp_path / "hospitals" / name).write_bytes(b"x")
    (tmp_path / "hospitals" / "link.html").symlink_to(tmp_path / "hospitals" / "a.html")
    for name, why in {
        "list.pdf": "a PDF file is passed over; save its text as a page (.html or .txt)",
        "ward.docx": "a text document of an office program is not read; save it as a web page (.html) or as text",
        "notes.css": "not a page: such files beside pages are passed over",
        "link.html": "a link, which is not followed",
    }.items():
        status, shown, said = told(tmp_path / "hospitals" / name, "--corpus", tmp_path)
        assert (status, shown, said[0]) == (1, [], f"hospitals/{name}: rejected: {why}")
    status, _, said = told(tmp_path / "none.html", tmp_path / "hospitals" / "a.html", "--corpus", tmp_path)
    assert (status, said[0]) == (1, "none.html: rejected: it does not exist")
    assert told(tmp_path, tmp_path / "hospitals" / "a.html")[0] == 2
    status, shown, said = told(tmp_path)
    assert "  ? a PDF file is passed over; save its text as a page (.html or .txt)" in shown

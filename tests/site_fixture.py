"""A dozen hand-written documents behind a real engine: every count can be done on paper."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from indexer.engines import open_engine
from indexer.model import Basis, Citation, Document, Fact, Link, Question, Section
from indexer.prices import prices_of

GENERAL = "General Hospital"
EYES = "Ophthalmology"
CHILDREN = "Pediatrics"
CANCER = "Oncology"
TCM = "Traditional Chinese Medicine"
IVF = "Reproductive Medicine (IVF)"


EYE_FIELDS = ("Eye disease", "Cataract", "Retina", "Cornea", "Glaucoma")
EYE_LISTS = (
    "Eye disease: joint 2nd (reputation, Fudan list for 2021)",
    "All hospitals: 36th (Fudan list for 2021)",
)


def _hospital(
    slug: str, title: str, zh: str, city: str, specialty: tuple[str, ...], founded: str, text: str
) -> Document:
    return Document(
        doc_id=f"hospitals/{slug}",
        kind="hospital",
        title=title,
        title_zh=zh,
        summary=f"{title} is a public hospital in {city}.",
        sections=(
            Section("", "", f"{title} is a public hospital in {city}."),
            Section("About the hospital", "about-the-hospital", text),
            Section(
                "For international patients",
                "for-international-patients",
                "• Bring your records.\n• Ask about a deposit.[1]",
            ),
        ),
        city=(city,),
        specialty=specialty,
        profile=("Public hospital",),
        language="en",
        date="2026-11-22",
        facts=(
            Fact("Founded", founded, ("source-1",)),
            Fact("Ownership", "Public", ("source-1", "source-2")),
            Fact("Address", f"1 Example Road, {city}", ("source-2",)),
            Fact("Website", "https://hospital.example/", ()),
            Fact("Profile", "Public hospital", ("source-2",)),
            Fact("Services", "Health checks", ("source-1",)),
            Fact("Services", "Interpreting", ("source-1",)),
            *((Fact("Known for", each, ("source-2",)) for each in EYE_FIELDS) if EYES in specialty else ()),
            *((Fact("Departments", "Low vision", ("source-1",)),) if EYES in specialty else ()),
            *((Fact("National lists", each, ("source-2",)) for each in EYE_LISTS) if EYES in specialty else ()),
        ),
        citations=(
            Citation("Official page", "https://hospital.example/about", "The hospital", "2024-05", anchor="source-1"),
            Citation("A newspaper", "https://news.example/1", "The News", "2023-10-31", anchor="source-2"),
        ),
        basis=(Basis("city", city, "declared", "addressLocality"),),
    )


def _article(
    slug: str,
    title: str,
    topic: tuple[str, ...],
    body: str,
    city: tuple[str, ...] = (),
    specialty: tuple[str, ...] = (),
    links: tuple[Link, ...] = (),
    questions: tuple[Question, ...] = (),
) -> Document:
    sections = (
        Section("", "", f"What to know: {title}"),
        Section("The short answer", "the-short-answer", body),
        Section("What to ask", "what-to-ask", "• Ask for a written estimate.\n• Ask who interprets."),
    )
    citations = (Citation("A guide", "https://guide.example/", "Guide", anchor="source-1"),)
    return Document(
        doc_id=f"articles/{slug}",
        kind="article",
        title=title,
        summary=f"What to know: {title}",
        sections=sections,
        city=city,
        specialty=specialty,
        topic=topic,
        date="2025-09-12",
        language="en",
        citations=citations,
        questions=questions,
        links=links,
        prices=prices_of(sections, citations),
    )


VISA_QUESTIONS = (
    Question("Where do I apply for an S2 visa?", "the-short-answer"),
    Question("Who writes the invitation for an S2 visa?", "the-short-answer"),
    Question("Is an S2 visa <the> right one?"),
    Question("What is an S2 visa called at the embassy?", "the-short-answer"),
    Question("Which estimate do I ask for?", "what-to-ask"),
    Question("Who interprets?", "what-to-ask"),
    Question("Is the estimate written?", "what-to-ask"),
)

DOCUMENTS = (
    _hospital(
        "shanghai-eye-hospital",
        "Shanghai Eye Hospital",
        "上海眼科医院",
        "Shanghai",
        (EYES,),
        "1952",
        "Surgeons treat cataract and retina disease.[1] The eye clinic is open to visitors.",
    ),
    _hospital(
        "beijing-tongren-hospital",
        "Beijing Tongren Hospital",
        "北京同仁医院",
        "Beijing",
        (EYES, GENERAL),
        "1886",
        "Known for the eye and the ear.[2] Founded by missionaries.",
    ),
    _hospital(
        "renji-hospital",
        "Renji Hospital",
        "仁济医院",
        "Shanghai",
        (GENERAL,),
        "1844",
        "The first Western hospital of the city, with liver transplantation.",
    ),
    _hospital(
        "ruijin-hospital",
        "Ruijin Hospital",
        "瑞金医院",
        "Shanghai",
        (GENERAL, CANCER),
        "1907",
        "Proton therapy for cancer has been offered since 2021.",
    ),
    _hospital(
        "beijing-childrens-hospital",
        "Beijing Children's Hospital",
        "北京儿童医院",
        "Beijing",
        (CHILDREN,),
        "1942",
        "Care for children with leukemia and heart disease.",
    ),
    _hospital(
        "guangzhou-childrens-hospital",
        "Guangzhou Children's Hospital",
        "广州儿童医院",
        "Guangzhou",
        (CHILDREN,),
        "1998",
        "Care for children of the south.",
    ),
    _hospital(
        "longhua-hospital",
        "Longhua Hospital",
        "龙华医院",
        "Shanghai",
        (TCM,),
        "1960",
        "Acupuncture and herbs beside modern medicine.",
    ),
    _hospital(
        "boao-super-hospital",
        "Boao Super Hospital",
        "博鳌超级医院",
        "Hainan (Boao)",
        (GENERAL, CANCER),
        "2018",
        "Drugs that are not yet approved elsewhere in the country.",
    ),
    _article(
        "what-does-cancer-treatment-cost",
        "What Does Cancer Treatment Cost in China?",
        ("Costs & Pricing", "Cancer Treatment"),
        "Proton therapy at Ruijin Hospital costs at most RMB 170,000 a course.[1]",
        specialty=(CANCER,),
        links=(
            Link("../hospitals/ruijin-hospital.html", "Ruijin Hospital"),
            Link("s2-visa.html", "visa"),
            Link("http://[", "odd"),
        ),
    ),
    _article(
        "s2-visa",
        "The S2 Visa for Medical Treatment",
        ("Visa & Entry",),
        "Apply for an S2 visa at the embassy with an invitation of the hospital.",
        questions=VISA_QUESTIONS,
    ),
    _article(
        "eye-care-in-shanghai",
        "Eye Care in Shanghai",
        ("City Guide",),
        "Cataract surgery is short. Shanghai Eye Hospital takes foreign patients.",
        city=("Shanghai",),
        specialty=(EYES,),
    ),
    _article(
        "ivf-in-beijing-and-guangzhou",
        "IVF in Beijing and Guangzhou <Compared>",
        ("Fertility & IVF", "Costs & Pricing"),
        "IVF costs differ <script>alert(1)</script> between cities.",
        city=("Beijing", "Guangzhou"),
        specialty=(IVF,),
    ),
)


def build_index(folder: Path) -> str:
    """Write the documents as an index into a folder; gives the folder as an address."""
    engine = open_engine(f"whoosh:{folder}")
    with engine.rebuild() as writer:
        for document in DOCUMENTS:
            writer.put(document)
    return f"whoosh:{folder}"


def site_app(folder: Path, **config: object) -> Flask:
    """An application on a fresh index of the documents."""
    from search_app import create_app

    app = create_app({"index": build_index(folder), **config})
    app.testing = True
    return app

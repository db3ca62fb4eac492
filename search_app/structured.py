"""What a page says about itself to machines, as schema.org JSON-LD."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from indexer.model import KNOWN_FOR, Document, Question
from search_app.browse import Landing
from search_app.labels import BROWSED, KIND_FOLDERS
from search_app.present import ResultsView
from search_app.reader import DocumentView
from search_app.site import Site
from search_app.state import SearchState

Data = dict[str, Any]
CONTEXT = "https://schema.org"
MAX_LISTED = 50

# The members of schema.org's MedicalSpecialty; a field of ours without one keeps its own name.
MEDICAL_SPECIALTIES = {
    "Oncology": "Oncologic",
    "Cardiology & Cerebrovascular": "Cardiovascular",
    "Neurology & Neurosurgery": "Neurologic",
    "Ophthalmology": "Optometric",
    "Dentistry & Stomatology": "Dentistry",
    "Obstetrics & Gynecology": "Obstetric",
    "Pediatrics": "Pediatric",
    "Psychiatry & Mental Health": "Psychiatric",
    "Infectious Diseases & Hepatology": "Infectious",
    "Dermatology": "Dermatologic",
    "Orthopedics, Trauma & Burns": "Musculoskeletal",
    "Geriatrics": "Geriatric",
    "Rehabilitation": "Physiotherapy",
    "Plastic & Cosmetic Surgery": "PlasticSurgery",
    "Chest & Respiratory": "Pulmonary",
    "Chronic Disease & Public Health": "PublicHealth",
    "Genetics, Precision & Rare Disease Medicine": "Genetic",
    "Ear, Nose & Throat": "Otolaryngologic",
    "Gastroenterology & Colorectal": "Gastroenterologic",
    "Hematology": "Hematologic",
}


def site_data(site: Site) -> Data:
    """The site and its search box."""
    target = site.absolute(site.path("/search")) + "?q={search_term_string}"
    return {
        "@context": CONTEXT,
        "@type": "WebSite",
        "name": "medsearch",
        "url": site.absolute(site.path("/")),
        "inLanguage": site.tag,
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": target},
            "query-input": "required name=search_term_string",
        },
    }


def results_data(view: ResultsView, site: Site) -> Data:
    """A page of results as a list."""
    entries = [(hit.rank, hit.card.title, site.absolute(hit.card.url)) for hit in view.hits]
    return {
        "@context": CONTEXT,
        "@type": "SearchResultsPage",
        "url": site.absolute(view.canonical),
        "inLanguage": site.tag,
        "mainEntity": {
            "@type": "ItemList",
            "numberOfItems": view.total,
            "itemListElement": [_entry(rank, title, url) for rank, title, url in entries],
        },
    }


def hospital_data(view: DocumentView, document: Document, site: Site) -> Data:
    """A hospital and the way to its page."""
    page = site.absolute(site.document(view.doc_id))
    hospital = _without_empty({
        "@type": "Hospital",
        "@id": page,
        "url": page,
        "name": document.title,
        "alternateName": [name for name in (document.title_zh, *view.aliases) if name],
        "description": document.summary,
        "foundingDate": next((fact.value for fact in document.facts if fact.name.casefold() == "founded"), ""),
        "address": _without_empty({
            "@type": "PostalAddress",
            "streetAddress": view.address,
            "addressLocality": ", ".join(document.city),
            "addressCountry": "CN",
        }),
        "medicalSpecialty": [_specialty(value) for value in document.specialty],
        "knowsAbout": _stated(document, KNOWN_FOR),
        "availableService": [{"@type": "Service", "name": name} for name in _stated(document, "Services")],
        "sameAs": [fact.url for fact in view.facts if fact.url],
    })  # fmt: skip
    return {"@context": CONTEXT, "@graph": [hospital, _trail(document, site)]}


def _stated(document: Document, name: str) -> list[str]:
    return [fact.value for fact in document.facts if fact.name.casefold() == name.casefold()]


def article_data(view: DocumentView, document: Document, site: Site) -> Data:
    """An article and the way to its page."""
    about = [site.label(facet, value) for facet in ("topic", "specialty", "city") for value in document.values(facet)]
    page = site.absolute(site.document(view.doc_id))
    article = _without_empty({
        "@type": "MedicalWebPage",
        "@id": page,
        "url": page,
        "name": document.title,
        "headline": document.title,
        "description": document.summary,
        "about": about,
        "dateModified": document.date,
        "inLanguage": document.language or "en",
        "citation": [source.url or source.title for source in view.sources],
        "mainEntity": [_question(each, page) for each in document.questions],
    })  # fmt: skip
    return {"@context": CONTEXT, "@graph": [article, _trail(document, site)]}


def _question(question: Question, page: str) -> Data:
    """A question with where it is answered; no FAQPage, since the answer is a section and no text of its own."""
    url = f"{page}#{quote(question.anchor)}" if question.anchor else page
    return {"@type": "Question", "name": question.text, "acceptedAnswer": {"@type": "Answer", "url": url}}


def landing_data(found: Landing, site: Site) -> Data:
    """The page of a facet value as a list of what it holds."""
    cards = [*found.hospitals, *found.articles][:MAX_LISTED]
    label = site.label(found.facet, found.value)
    listed = {
        "@type": "CollectionPage",
        "name": label,
        **({"description": found.guide.summary} if found.guide and found.guide.summary else {}),
        "url": site.absolute(site.landing(found.facet, found.value)),
        "mainEntity": {
            "@type": "ItemList",
            "numberOfItems": found.total,
            "itemListElement": [
                _entry(rank, card.title, site.absolute(site.document(card.doc_id)))
                for rank, card in enumerate(cards, 1)
            ],
        },
    }
    folder = BROWSED[found.facet]
    steps = [(folder, site.path(f"/{folder}")), (label, site.landing(found.facet, found.value))]
    return {"@context": CONTEXT, "@graph": [listed, _breadcrumbs(steps, site)]}


def _trail(document: Document, site: Site) -> Data:
    kind = document.kind
    steps = [(KIND_FOLDERS.get(kind, kind), site.search(SearchState(kind=(kind,), sort="title")))]
    facet = "city" if kind == "hospital" else "topic"
    steps += [(site.label(facet, value), site.landing(facet, value)) for value in document.values(facet)[:1]]
    steps.append((document.title, site.document(document.doc_id)))
    return _breadcrumbs(steps, site)


def _breadcrumbs(steps: list[tuple[str, str]], site: Site) -> Data:
    entries = [("medsearch", site.path("/")), *steps]
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": site.absolute(url)}
            for number, (name, url) in enumerate(entries, 1)
        ],
    }


def _entry(rank: int, title: str, url: str) -> Data:
    return {"@type": "ListItem", "position": rank, "name": title, "url": url}


def _specialty(value: str) -> str:
    known = MEDICAL_SPECIALTIES.get(value)
    return f"{CONTEXT}/{known}" if known else value


def _without_empty(data: Data) -> Data:
    return {key: value for key, value in data.items() if value not in ("", [], (), None, {})}

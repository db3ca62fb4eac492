"""A dozen documents on which every reading and every count of the search tests can be done on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from indexer.engines import Lexicon, Searcher
from indexer.engines.memory import MemoryEngine
from indexer.model import Document, Section

T = TypeVar("T")


def _hospital(
    slug: str, title: str, zh: str, city: str, specialty: tuple[str, ...], text: str, *aliases: str
) -> Document:
    sections = (Section("", "", text),)
    return Document(f"hospitals/{slug}", "hospital", title, sections, zh, aliases, text, (city,), specialty)


def _article(slug: str, title: str, topic: tuple[str, ...], text: str, *aliases: str) -> Document:
    return Document(f"articles/{slug}", "article", title, (Section("", "", text),), "", aliases, text, (), (), topic)


DOCUMENTS = (
    _hospital(
        "beijing-tongren", "Beijing Tongren Hospital", "北京同仁医院", "Beijing",
        ("Ophthalmology", "Ear, Nose & Throat"),
        "A general hospital in Beijing known for its eye clinic and cataract surgery.", "Tong Ren Hospital",
    ),
    _hospital(
        "pumch", "Peking Union Medical College Hospital", "北京协和医院", "Beijing", ("General Hospital",),
        "Rare diseases and pregnancy; near Wangfujing in Beijing.", "PUMCH", "协和",
    ),
    _hospital(
        "beijing-children", "Beijing Children's Hospital", "北京儿童医院", "Beijing", ("Pediatrics",),
        "The children's hospital of the capital treats leukaemia.",
    ),
    _hospital(
        "shanghai-eye", "Shanghai Eye Hospital", "上海市眼科医院", "Shanghai", ("Ophthalmology",),
        "Laser correction of myopia and cataract operations.",
    ),
    _hospital(
        "shanghai-children", "Shanghai Children's Medical Center", "上海儿童医学中心", "Shanghai", ("Pediatrics",),
        "Heart surgery for children; works with a hospital in Beijing.",
    ),
    _hospital(
        "renji", "Renji Hospital", "仁济医院", "Shanghai", ("Organ Transplantation",),
        "Liver transplants in Pudong. The first hospital of its kind.",
    ),
    _hospital(
        "chengdu-university", "Affiliated Hospital of Chengdu University", "成都大学附属医院", "Chengdu",
        ("General Hospital",), "A teaching hospital with an emergency room on Erhuan Road.",
    ),
    _hospital(
        "guangzhou-8", "Guangzhou No.8 People's Hospital", "广州市第八人民医院", "Guangzhou",
        ("Infectious Diseases & Hepatology",), "Infectious diseases such as hepatitis.",
        "Guangzhou Eighth People's Hospital",
    ),
    _hospital(
        "deltahealth", "Shanghai DeltaHealth Hospital", "上海德达医院", "Shanghai", ("Cardiology & Cerebrovascular",),
        "Cardiology, stents and bypass after a myocardial infarction.",
    ),
    _article(
        "cataract-cost", "What does cataract surgery cost in China?", ("Costs & Pricing",),
        "The price of a cataract operation depends on the lens. In Beijing and Shanghai it is about the same.",
    ),
    _article(
        "visa", "China Medical Visa Application Process", ("Visa & Entry", "Process & How-to"),
        "Patients apply for an S2 visa with a letter of invitation.", "how to apply for a medical visa",
    ),
    _article(
        "usa", "Comparing the United States: how much cheaper is treatment in China?",
        ("Country Comparison", "Costs & Pricing"), "Treatment costs less than in the US. CAR-T is one example.",
    ),
    _article(
        "ivf", "IVF and assisted reproduction in China", ("Fertility & IVF",),
        "In vitro fertilisation, called a test tube baby by many, and its success rate.",
    ),
    _article(
        "best-cancer", "The best cancer treatment in China", ("Cancer Treatment",),
        "PD-1 inhibitors, the linear accelerator, icotinib (ectinib) and CAR-T. A check-up comes first.",
    ),
)  # fmt: skip


@contextmanager
def searcher(documents: tuple[Document, ...] | None = None) -> Iterator[Searcher]:
    """A searcher on the documents, or on others."""
    engine = MemoryEngine()
    with engine.rebuild() as writer:
        for document in documents or DOCUMENTS:
            writer.put(document)
    with engine.searcher() as open_searcher:
        yield open_searcher


class NoWords:
    """A lexicon of an empty index."""

    def frequency(self, term: str) -> int:
        return 0

    def exact_frequency(self, term: str) -> int:
        return 0

    def joined(self, word: str) -> tuple[tuple[str, ...], ...]:
        return ()

    def named(self, key: str) -> tuple[str, ...]:
        return ()

    def starting(self, prefix: str, limit: int) -> tuple[tuple[str, int], ...]:
        return ()

    def similar(self, word: str, limit: int, distance: int = 2) -> tuple[tuple[str, int, int], ...]:
        return ()

    def names_starting(self, prefix: str, limit: int) -> tuple[tuple[str, str], ...]:
        return ()

    def leading_to_names(self, beginnings: tuple[str, ...], following: str) -> tuple[str, ...]:
        return ()

    def alike(self, words: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
        return ()

    def batched(self, work: Callable[[Lexicon], T], /) -> T:
        return work(self)


EMPTY: Lexicon = NoWords()

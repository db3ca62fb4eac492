"""Names of facet values in each language, and the part of an address that stands for them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property

from indexer.slug import slug
from indexer.taxonomy import Taxonomy, load_taxonomy

BROWSED = {"city": "cities", "specialty": "specialties", "topic": "topics"}  # facet and the folder of its pages
FOLDERS = {folder: facet for facet, folder in BROWSED.items()}
KIND_FOLDERS = {"hospital": "hospitals", "article": "articles"}


class Labels:
    """What facet values are called; a value that the taxonomy does not know is shown as it is."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy

    def label(self, facet: str, value: str, language: str = "en") -> str:
        """What a value is called in a language."""
        return self.taxonomy.label(facet, value, language)

    def resolve(self, facet: str, text: str) -> str:
        """The value that a spelling, id or label of it stands for; the text itself when none does."""
        return self.taxonomy.canonical(facet, text) or self._by_slug.get((facet, text.casefold()), text)

    def slug(self, facet: str, value: str) -> str:
        """The part of an address that stands for a value; empty when nothing of it can be written there."""
        known = self.taxonomy.value(facet, value)
        return known.id if known else slug(value)

    def guide(self, facet: str, value: str) -> str:
        """Id of the document that introduces a value; empty where none is known."""
        known = self.taxonomy.value(facet, value)
        return known.guide if known else ""

    def by_slug(self, facet: str, part: str, among: Iterable[str] = ()) -> str | None:
        """The value behind a part of an address: a known one, or one of ``among``."""
        if (facet, part) in self._by_slug:
            return self._by_slug[facet, part]
        return next((value for value in among if self.slug(facet, value) == part), None)

    @cached_property
    def _by_slug(self) -> dict[tuple[str, str], str]:
        return {(value.facet, value.id): value.name for value in self.taxonomy.vocabulary}


@cache
def default_labels() -> Labels:
    """The labels of the taxonomy that comes with the program."""
    return Labels(load_taxonomy())

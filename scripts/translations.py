"""Bring the catalogues up to date with the texts of the program and compile them.

A new language: add its prefix to ``LANGUAGES`` and ``LOCALES`` in ``search_app/settings.py`` and its name to
``search_app/site.py``, run this with ``--add fr``, translate ``search_app/translations/fr/LC_MESSAGES/messages.po``,
and run this again.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "search_app"
FOLDER = SOURCES / "translations"
KEYWORDS = {"_": None, "N_": None, "_l": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}


def extract() -> Catalog:
    """Every text that the program shows."""
    with (FOLDER / "babel.cfg").open() as stream:
        methods, options = parse_mapping_cfg(stream)  # type: ignore[no-untyped-call]
    catalog = Catalog(project="medsearch", charset="utf-8", fuzzy=False)
    for name, _line, message, comments, context in extract_from_dir(SOURCES, methods, options, KEYWORDS):
        # Without line numbers: a moved line is no change of the text.
        catalog.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return catalog


def catalogue_file(language: str) -> Path:
    """Where the translations of a language stand."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """The translations of a language."""
    with catalogue_file(language).open("rb") as stream:
        return read_po(stream, locale=language)


def compiled(catalog: Catalog) -> bytes:
    """A catalogue as the program reads it."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def missing(catalog: Catalog) -> list[str]:
    """Texts without a translation."""
    return [
        str(message.id) for message in catalog if message.id and (not message.string or not all(_forms(message.string)))
    ]


def _forms(string: object) -> tuple[object, ...]:
    return tuple(string) if isinstance(string, list | tuple) else (string,)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--add", metavar="LANGUAGE", help="start the catalogue of a language")
    options = parser.parse_args()
    texts = extract()
    if options.add:
        file = catalogue_file(options.add)
        file.parent.mkdir(parents=True)
        with file.open("wb") as stream:
            write_po(stream, Catalog(locale=options.add, project="medsearch", fuzzy=False), width=100)
    for file in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po")):
        language = file.parent.parent.name
        catalog = read(language)
        catalog.update(texts, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        with file.open("wb") as stream:
            write_po(stream, catalog, width=100, sort_output=True, no_location=True)
        file.with_suffix(".mo").write_bytes(compiled(read(language)))
        print(f"{language}: {len(texts)} texts, {len(missing(catalog))} without a translation")


if __name__ == "__main__":
    main()

"""What a check of a corpus finds of one file, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from indexer.model import Document


@dataclass(frozen=True, slots=True)
class Finding:
    """What one file would become (None: nothing), and what a person should look at.

    ``problems`` must be mended, ``remarks`` are for judgement. A ``corpus_wide`` finding comes after those of all files
    and adds to what was said of its file.
    """

    path: str
    document: Document | None
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    title_source: str = ""
    corpus_wide: bool = False

    @property
    def rejected(self) -> bool:
        """Whether the file cannot be indexed at all."""
        return self.document is None and not self.corpus_wide

    def as_text(self) -> str:
        """Lines for a terminal: the document and why it is one, warnings marked "!", remarks "?"; no problems."""
        lines = [self.path]
        if self.document is not None and not self.corpus_wide:
            lines += _described(self.document, self.title_source)
        lines += [f"  ? {remark}" for remark in self.remarks]
        return "\n".join(lines) if len(lines) > 1 else ""

    def as_json(self) -> dict[str, Any]:
        """Give the same with the problems, ready for ``json.dumps``."""
        found: dict[str, Any] = {
            "path": self.path,
            "rejected": self.rejected,
            "problems": list(self.problems),
            "remarks": list(self.remarks),
        }
        document = self.document
        if document is None or self.corpus_wide:
            return found
        return found | {
            "id": document.doc_id,
            "kind": document.kind,
            "title": document.title,
            "title_source": self.title_source,
            "city": list(document.city),
            "specialty": list(document.specialty),
            "topic": list(document.topic),
            "profile": list(document.profile),
            "basis": [
                {"facet": each.facet, "value": each.value, "how": each.how, "evidence": each.evidence}
                for each in document.basis
            ],
            "sections": [
                {"heading": each.heading, "anchor": each.anchor, "chars": len(each.text)} for each in document.sections
            ],
            "questions": [{"text": each.text, "anchor": each.anchor} for each in document.questions],
            "receipt": {
                "seen": document.receipt.seen,
                "kept": document.receipt.kept,
                "cuts": [
                    {"reason": each.reason, "chars": each.chars, "sample": each.sample}
                    for each in document.receipt.cuts
                ],
            },
            "warnings": list(document.warnings),
        }


def _described(document: Document, title_source: str) -> Iterator[str]:
    def row(label: str, text: str) -> str:
        return f"  {label:<10}{text}"

    yield row(document.kind, f"{document.title} (title from {title_source or 'nothing better'}), at {document.url}")
    for facet in ("city", "specialty", "topic", "profile"):
        bases = [f"{each.value} ({each.how}: {each.evidence})" for each in document.basis if each.facet == facet]
        if bases:
            yield row(facet, "; ".join(bases))
    headings = [
        f"{each.heading or 'lead'}{' #' + each.anchor if each.anchor else ''} ({len(each.text):,})"
        for each in document.sections
    ]
    yield row("sections", f"{len(headings)}: " + "; ".join(headings))
    if document.questions:
        yield row("questions", f"{len(document.questions)}, the first: {document.questions[0].text}")
    receipt = document.receipt
    seen = max(receipt.seen, 1)
    cuts = [f"{each.reason} {100 * each.chars / seen:.1f} % “{each.sample}”" for each in receipt.cuts]
    yield row("kept", f"{100 * receipt.kept / seen:.1f} % of {receipt.seen:,} characters" + ("; cut:" if cuts else ""))
    yield from (f"    - {each}" for each in cuts)
    yield from (f"  ! {warning}" for warning in document.warnings)

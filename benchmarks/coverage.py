"""Cross-check our vocabulary against the topics of a public consumer-health vocabulary.

    python -m benchmarks.coverage                   names in benchmarks/health_topics.txt
    python -m benchmarks.coverage --names FILE      one topic a line, other names between semicolons

A name is *understood* when a specialty, a topic or another name is known for it, *found* when a search for it has hits,
and *of its field* when the first hit is about something that was understood.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.judged_collections import CORPUS
from indexer.build import build
from indexer.engines import Searcher, open_engine
from search_app.request import SearchRequest
from search_app.search import Answer, answer

TOPICS = Path(__file__).with_name("health_topics.txt")


def names(path: Path) -> list[str]:
    """Every name in a file, comments left out."""
    lines = path.read_text("utf-8").splitlines()
    return [name.strip() for line in lines if line and not line.startswith("#") for name in line.split(";")]


def states(name: str, searcher: Searcher) -> set[str]:
    """What holds of a name: "understood", "found", "of its field"."""
    found = answer(SearchRequest(name), searcher)
    known = _fields(found)
    told = {
        "understood": bool(known) or _widened(found),
        "found": bool(found.results.hits),
        "of its field": any(
            value in getattr(hit.card, facet) for hit in found.results.hits[:1] for facet, value in known
        ),
    }
    return {state for state, holds in told.items() if holds}


def _fields(found: Answer) -> set[tuple[str, str]]:
    return {(boost.facet, boost.value) for boost in found.reading.query.boosts if boost.facet in ("specialty", "topic")}


def _widened(found: Answer) -> bool:
    reasons = [reason for hit in found.results.hits for reason in hit.matched]
    return any(said in reason for reason in reasons for said in ("synonym of", "related to", "spelling of"))


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=Path, default=TOPICS)
    chosen = parser.parse_args().names
    counts: Counter[str] = Counter()
    strange: list[str] = []
    listed = names(chosen)
    with tempfile.TemporaryDirectory() as folder:
        build(CORPUS, folder)
        with open_engine(folder).searcher() as searcher:
            for name in listed:
                holds = states(name, searcher)
                counts.update(holds)
                if "understood" not in holds:
                    strange.append(name)
    print(f"{len(listed)} names of {chosen.name}")
    for state in ("understood", "found", "of its field"):
        print(f"{state:14}{counts[state]:>6}{counts[state] / len(listed):>8.1%}")
    print("not understood: " + ("; ".join(strange) or "none"))


if __name__ == "__main__":
    main()

"""Run the parts from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import torture
from benchmarks.torture.api import api
from benchmarks.torture.damages import damages
from benchmarks.torture.disasters import disasters
from benchmarks.torture.figures import report, say
from benchmarks.torture.hostile import hostile
from benchmarks.torture.kills import kills
from benchmarks.torture.load import load
from benchmarks.torture.pages import corpus
from benchmarks.torture.pairs import pairs

PARTS: dict[str, Callable[[argparse.Namespace], bool]] = {
    "kills": kills, "pairs": pairs, "disasters": disasters, "damages": damages, "hostile": hostile, "corpus": corpus, "api": api, "load": load,
}  # fmt: skip


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.torture",
        description=torture.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=f"of {', '.join(PARTS)}; all when left out"
    )
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=24, help="of each disaster")
    parser.add_argument("--damages", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=1600)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10, help="of the load")
    parser.add_argument("--rebuild", type=float, default=30, help="seconds between two builds under load")
    parser.add_argument(
        "--think", type=float, default=1.0, help="mean seconds between two requests of a client under load"
    )
    parser.add_argument("--minutes-each", type=float, default=60, help="most that kills or pairs may take")
    parser.add_argument("--seed", type=int, default=20261122)
    return parser.parse_args(arguments)


def main() -> None:
    """Run what was asked for; exit status 1 if a limit was missed."""
    options = parse()
    missed = []
    for name in options.parts or list(PARTS):
        print(f"{name}: {(PARTS[name].__doc__ or '').strip()}", flush=True)
        if not PARTS[name](options):
            missed.append(name)
        say("")
        report(list(PARTS))
    if missed:
        print(f"Missed a limit: {', '.join(missed)}")
        sys.exit(1)


if __name__ == "__main__":
    main()

"""Two builds at once, again and again."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.torture.figures import Part, folder, say
from indexer.generation import Generations
from tests.fire import Truth
from tests.live import MEDSEARCH, medsearch, start


def pairs(options: argparse.Namespace) -> bool:
    """Two builds at once, again and again."""
    part = Part("pairs", "Of two builds at once one is refused in one clear line.", f"pairs --pairs {options.pairs}")
    refused = both = odd = done = 0
    with folder() as place:
        truth = Truth()
        corpora = truth.corpora(place, 2)
        index = place / "index"
        line = f"Error: Another build of {index} is running. Wait for it to end, then try again.\n"
        assert medsearch("index", "build", "--corpus", corpora[0], "--index", index).returncode == 0
        deadline = time.time() + options.minutes_each * 60
        while done < options.pairs and time.time() < deadline:
            command: list[str | Path] = [
                *MEDSEARCH,
                "index",
                "build",
                "--full",
                "--corpus",
                corpora[done % 2],
                "--index",
                index,
            ]
            running = [start(command) for _ in range(2)]
            ends = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
            losers = [error for error, status in ends if status == 4]
            refused += len(losers) == 1
            both += [status for _, status in ends] == [0, 0]
            fine = all(status in (0, 4) for _, status in ends) and all(error == line for error in losers)
            current = Generations(index).check(Generations(index).current())
            odd += not fine or current.documents != truth.totals[done % 2]
            done += 1
            say(f"{done} pairs")
    part.figure("pairs", done, str(options.pairs), done >= options.pairs)
    part.figure("one refused in one line, exit status 4", refused, "all that met", refused + both == done)
    part.figure("both ended well because they did not meet", both, "-", True)
    part.figure("anything else, or a wrong index afterwards", odd, "0", not odd)
    return part.save()

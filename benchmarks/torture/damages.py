"""Files of a generation are harmed at random."""

from __future__ import annotations

import argparse
import json
import logging
import random
import shutil

from benchmarks.torture.figures import Part, folder, say
from indexer.engines.whoosh_engine import WhooshEngine
from indexer.generation import Generations
from indexer.verify import verify
from tests.test_generation import DAMAGES, answer, damage, fill


def damages(options: argparse.Namespace) -> bool:
    """Files of a generation are harmed at random."""
    part = Part(
        "damages",
        "Every damage is noticed, and the last good generation serves.",
        f"damages --damages {options.damages}",
    )
    chance = random.Random(options.seed)
    unnoticed = wrong = silent = manifests = 0
    logging.getLogger("indexer").setLevel(logging.CRITICAL)
    with folder() as place:
        original = place / "original"
        engine = WhooshEngine(original)
        fill(engine, "old")
        fill(engine, "new", update=True)
        for number in range(options.damages):
            copy = place / "copy"
            shutil.copytree(original, copy)
            generations = Generations(copy)
            current = generations.current()
            if number % 20 == 19:  # a manifest from another version, or of another generation
                manifests += 1
                path = copy / current / "manifest.json"
                outer = json.loads(path.read_text("utf-8"))
                outer["manifest"][chance.choice(("format_version", "generation", "documents", "files"))] = 99
                path.unlink()
                path.write_text(json.dumps(outer), "utf-8")
            else:
                damage(copy / current, DAMAGES[number % len(DAMAGES)], chance)
            unnoticed += not verify(generations, current)
            try:
                damaged = WhooshEngine(copy)
                wrong += answer(damaged) != {"old"}
                silent += not damaged.open().problems
            except Exception:
                wrong += 1
            shutil.rmtree(copy)
            say(f"{number + 1} damages")
    part.figure("damages", options.damages, str(options.damages), True)
    part.figure("of them manifests from elsewhere", manifests, "-", True)
    part.figure("unnoticed", unnoticed, "0", not unnoticed)
    part.figure("not served from the last good generation", wrong, "0", not wrong)
    part.figure("served without a word about it", silent, "0", not silent)
    return part.save()

"""The full forms of what ``make test`` does quickly.

Kills, pairs of builds, disasters, damages, hostile requests, odd pages, the API against its description, load::

    python -m benchmarks.torture                      everything, about an hour and a half on two cores
    python -m benchmarks.torture kills --kills 200    one part
    python -m benchmarks.torture load --minutes 2

Each part writes its figures to docs/torture/<part>.json, and docs/torture.md is made of all of them; a part that was
not run keeps its last figures, with their day. Exit status 1 if a part missed one of its limits.
"""

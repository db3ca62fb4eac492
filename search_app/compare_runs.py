"""Set two runs side by side, query by query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from indexer.counted import counted
from search_app.evaluate import Estimate, estimate, measure
from search_app.judgments import HALVES, JudgedQuery, Judgments
from search_app.runs import Run

SET_ASIDE = HALVES[1]


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of one query in two runs."""

    query: JudgedQuery
    before: float
    after: float

    @property
    def change(self) -> float:
        """What the second run gained."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the same queries.

    Attributes:
        measure: Name of what is compared.
        change: Mean of the paired differences, with the interval of that mean.
        classes: The same by class, in the order of the queries; empty when they have none.
        differences: Queries that changed, the largest loss first.
        better: Queries that gained; ``worse`` and ``same`` are the others.
    """

    measure: str
    change: Estimate
    classes: tuple[tuple[str, Estimate], ...]
    differences: tuple[Difference, ...]
    better: int
    worse: int
    same: int

    @property
    def named(self) -> tuple[Difference, ...]:
        """The changes that may be looked at: queries that are set aside count, and are never shown one by one."""
        return tuple(each for each in self.differences if each.query.half != SET_ASIDE)

    def as_text(self) -> str:
        """For a terminal: the gain over all queries and by class, then each query that changed."""
        lines = [f"{self.measure}: {self.change}; {self.better} better, {self.worse} worse, {self.same} the same"]
        lines += [f"  {name:16}{change}" for name, change in self.classes]
        for each in self.named:
            where = f"{each.query.query_id}  {each.query.text}"
            lines.append(f"{each.change:+.3f}  {each.before:.3f} -> {each.after:.3f}  {where}")
        hidden = len(self.differences) - len(self.named)
        if hidden:
            more = counted(
                hidden, "more changed that is set aside, and stays", "more changed that are set aside, and stay"
            )
            lines.append(f"{more} unnamed.")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The same in plain values."""
        return {
            "measure": self.measure,
            "change": _estimate(self.change),
            "classes": {name: _estimate(change) for name, change in self.classes},
            "better": self.better,
            "worse": self.worse,
            "same": self.same,
            "queries": [
                {
                    "id": each.query.query_id,
                    "text": each.query.text,
                    "before": round(each.before, 4),
                    "after": round(each.after, 4),
                }
                for each in self.named
            ],
        }


def compare(judgments: Judgments, before: Run, after: Run, name: str = "ndcg@10") -> Comparison:
    """What the second run changes in one of ``evaluate.MEASURES``, query by query."""
    pairs = zip(measure(judgments, before).results, measure(judgments, after).results, strict=True)
    both = [Difference(a.query, a.values[name], b.values[name]) for a, b in pairs if name in a.values]
    changed = sorted((each for each in both if each.change), key=lambda each: (each.change, each.query.query_id))
    better = sum(each.change > 0 for each in changed)
    classes = dict.fromkeys(each.query.query_class for each in both if each.query.query_class)
    return Comparison(
        measure=name,
        change=_mean_change(both),
        classes=tuple(
            (name, _mean_change([each for each in both if each.query.query_class == name])) for name in classes
        ),
        differences=tuple(changed),
        better=better,
        worse=len(changed) - better,
        same=len(both) - len(changed),
    )


def _mean_change(differences: Sequence[Difference]) -> Estimate:
    return estimate([each.change for each in differences])


def _estimate(change: Estimate) -> dict[str, Any]:
    return {"mean": round(change.mean, 4), "interval": [round(change.low, 4), round(change.high, 4)]}

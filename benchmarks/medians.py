"""Two things timed against each other: alternating, so that a busy moment hits both, and compared by their medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Seconds of each run of ours and of theirs, in the order in which they ran."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Our median over theirs."""
        return statistics.median(self.ours) / statistics.median(self.theirs)

    def row(self, ours: str, theirs: str) -> str:
        """One line for a log."""
        return (
            f"{ours} {statistics.median(self.ours):.3f} s, {theirs} {statistics.median(self.theirs):.3f} s, "
            f"ratio of medians {self.ratio:.2f} ({len(self.ours)} runs each)"
        )


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def compare(ours: Callable[[], object], theirs: Callable[[], object], runs: int) -> Comparison:
    """Time both `runs` times in turn, after one call of each that is not counted."""
    ours()
    theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
    return Comparison(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))

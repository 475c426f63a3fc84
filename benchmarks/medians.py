"""Two things timed against each other: alternating, so that a busy moment hits both, and compared by their medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
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


@dataclass(frozen=True)
class Timings:
    """Seconds of every run of several programs, by what they are called."""

    runs: Mapping[str, tuple[float, ...]]

    def median(self, name: str) -> float:
        return statistics.median(self.runs[name])

    def ratio(self, one: str, other: str) -> float:
        """The median of one over that of another."""
        return self.median(one) / self.median(other)


def interleaved(actions: Mapping[str, Callable[[], object]], runs: int) -> Timings:
    """Time all of them in turn, `runs` times, to and fro, after one call of each that is not counted.

    What runs first profits, or suffers, from what ran before (threads that still spin, warm caches); so each is first as often
    as last.
    """
    for action in actions.values():
        action()
    found: dict[str, list[float]] = {name: [] for name in actions}
    for run in range(runs):
        for name in actions if run % 2 else reversed(actions):
            found[name].append(seconds(actions[name]))
    return Timings({name: tuple(times) for name, times in found.items()})

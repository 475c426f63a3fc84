"""A bar on standard error while something takes its time: only at a terminal, and gone when it is done.

Rich is imported inside the functions, by a command that turned out to be slow; quick ones do without it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

Told = Callable[[int, int], None]
"""To be called with how many of how many are done."""

PATIENCE = 1.0
"""Seconds for which nobody needs to be told anything."""


@contextmanager
def progress_bar(what: str, color: bool | None = None, patience: float = PATIENCE, unit: str = "") -> Iterator[Told]:
    """Shows how far `what` is, once it has taken `patience` seconds; while nothing is told, that it is still at work.

    With a `unit` it also shows how many of them are done in a second, and how long the rest will take.
    """
    if not sys.stderr.isatty():
        yield _nobody
        return
    bar = _Bar(what, color, unit)
    timer = Timer(patience, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar.told
    finally:
        timer.cancel()
        bar.close()


def _nobody(_done: int, _total: int) -> None:
    return


class _Bar:
    """A bar that may be shown by one thread, told by another, and closed before it was ever shown."""

    def __init__(self, what: str, color: bool | None, unit: str) -> None:
        self._what, self._color, self._unit = what, color, unit
        self._done, self._total = 0, 0
        self._first: tuple[int, float] | None = None
        self._shown: Progress | None = None
        self._closed = False
        self._lock = Lock()

    def show(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        from reports.terminal import make_console

        with self._lock:
            if self._closed:
                return
            pace = [TextColumn("{task.fields[pace]}"), TimeRemainingColumn(), TextColumn("left")] if self._unit else []
            self._shown = Progress(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                TimeElapsedColumn(), *pace, console=make_console(self._color, sys.stderr), transient=True,
            )  # fmt: skip
            # With a total of None the bar runs to and fro: at work, no telling how long.
            self._shown.add_task(self._what, completed=self._done, total=self._total or None, pace="")
            self._shown.start()

    def told(self, done: int, total: int) -> None:
        with self._lock:
            self._done, self._total = done, total
            if self._first is None:
                self._first = done, monotonic()
            if self._shown is not None:
                self._shown.update(self._shown.task_ids[0], completed=done, total=total, pace=self._pace())

    def _pace(self) -> str:
        assert self._first is not None
        done, since = self._first
        return f"{(self._done - done) / max(monotonic() - since, 1e-9):,.0f} {self._unit}/s"

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._shown is not None:
                self._shown.stop()

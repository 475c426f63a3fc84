"""Runs that diverge: how they are noticed, and what is said about why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Matrix = np.ndarray[Any, np.dtype[np.float64]]

_GROWTH = 1e6
"""A loss that is so many times what it was at its lowest, and at the start, does not come back."""

_LARGE_INPUT = 100.0


class Diverged(Exception):
    """Training whose loss is no number any more, or grows without end, with the epoch, the rate, and why.

    `epochs` and `history` are what was seen of the loss, the last value included.
    """

    def __init__(self, reason: str, epochs: Sequence[int] = (), history: Sequence[float] = ()) -> None:
        super().__init__(reason)
        self.epochs, self.history = tuple(epochs), tuple(history)


def why(
    epochs: Sequence[int],
    history: Sequence[float],
    rate: float,
    parameters: Mapping[str, Matrix],
    inputs: Sequence[Matrix],
) -> str:
    """What is wrong with a run, as its losses and parameters show; empty where nothing is."""
    now, done = history[-1], epochs[-1]
    finite = bool(np.isfinite(now))
    if finite and abs(now) <= _GROWTH * max(1.0, abs(history[0])):
        return ""
    if len(history) == 1:
        found = f"the loss is {now} before the first step: {_at_the_start(parameters, inputs)}"
        return found if not finite else ""
    said = f"the loss is {now:.3g} after {done} epochs at rate {rate:g}"
    before = next(place for place in reversed(range(len(history) - 1)) if np.isfinite(history[place]))
    said += f", and was {history[before]:.3g} after {epochs[before]}"
    broken = [name for name, value in parameters.items() if not np.isfinite(value).all()]
    if broken:
        said += f"; {', '.join(broken)} overflowed: the steps are longer than the slopes reach"
    else:
        name = max(parameters, key=lambda one: float(np.abs(parameters[one]).max()))
        said += f"; {name} has entries up to {np.abs(parameters[name]).max():.3g}"
        said += ": the steps overshoot, and each goes farther than the last" if finite else ""
    large = max((float(np.abs(array).max()) for array in inputs if array.size), default=0.0)
    if large > _LARGE_INPUT:
        return f"{said}. Inputs reach {large:.3g}: brought near 1, they allow the rate; else a smaller rate may help"
    return f"{said}. A smaller rate may help"


def _at_the_start(parameters: Mapping[str, Matrix], inputs: Sequence[Matrix]) -> str:
    large = max((float(np.abs(array).max()) for array in inputs if array.size), default=0.0)
    if large > _LARGE_INPUT:
        return f"inputs reach {large:.3g}; bring them near 1"
    return "the formula has no value at these examples, as a logarithm of zero has none"

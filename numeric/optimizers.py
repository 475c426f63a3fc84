r"""Rules by which gradients change parameters: one row for each.

    descent    w <- w - r g
    momentum   v <- mu v + g,  w <- w - r v
    adam       m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2,
               w <- w - r (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e)

g is the gradient, r the rate, t counts steps from one; everything is entry by entry. Momentum is Polyak's heavy ball (USSR
Computational Mathematics and Mathematical Physics 4, 1964) with v in units of the gradient; Adam is algorithm 1 of Kingma
and Ba (International Conference on Learning Representations, 2015) with its constants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Matrix = np.ndarray[Any, np.dtype[Any]]
Update = Callable[[Matrix, Matrix, tuple[Matrix, ...], float, int], None]
"""Changes a parameter and its slots in place: parameter, gradient (may be written over), slots, rate, number of the step."""

MOMENTUM = 0.9
FIRST, SECOND, TINY = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Optimizer:
    """One rule. `slots` are the arrays of a parameter's shape, zero at first, that it keeps from step to step."""

    name: str
    formula: str
    slots: tuple[str, ...]
    update: Update


def _descent(w: Matrix, g: Matrix, _slots: tuple[Matrix, ...], rate: float, _step: int) -> None:
    g *= rate
    w -= g


def _momentum(w: Matrix, g: Matrix, slots: tuple[Matrix, ...], rate: float, _step: int) -> None:
    (v,) = slots
    v *= MOMENTUM
    v += g
    np.multiply(v, rate, out=g)
    w -= g


def _adam(w: Matrix, g: Matrix, slots: tuple[Matrix, ...], rate: float, step: int) -> None:
    m, v = slots
    m *= FIRST
    m += (1 - FIRST) * g
    np.square(g, out=g)
    g *= 1 - SECOND
    v *= SECOND
    v += g
    np.divide(v, 1 - SECOND**step, out=g)
    np.sqrt(g, out=g)
    g += TINY
    np.divide(m, g, out=g)
    g *= rate / (1 - FIRST**step)
    w -= g


OPTIMIZERS: Mapping[str, Optimizer] = {
    row.name: row
    for row in (
        Optimizer("descent", "w <- w - r g", (), _descent),
        Optimizer("momentum", f"v <- {MOMENTUM} v + g, w <- w - r v", ("v",), _momentum),
        Optimizer("adam", "Kingma and Ba's algorithm 1", ("m", "v"), _adam),
    )
}
"""The rules by name."""

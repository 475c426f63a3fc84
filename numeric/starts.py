r"""Training from many random starts, and the share of them that converges.

Where Numba is installed and there is enough to do, the fused kernel runs them over all cores; else they are computed side by
side in NumPy, with one more axis in front of every array that counts starts.

>>> from derive.network import network
>>> from numeric.data import xor
>>> found = starts(network(), xor(), 10, epochs=100, kernel="numpy")
>>> found.count, found.predictions.shape
(10, (10, 1, 4))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from math import sqrt
from types import ModuleType
from typing import Any, Literal

import numpy as np

from derive.theory import Theory
from numeric.batch import NotLowerable
from numeric.compiled import Compiled, compile  # noqa: A004
from numeric.data import Examples
from numeric.feed import Feed, examples_run_down, feed, shape, targets_in_columns
from numeric.identifiers import size_identifier

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Kernel = Literal["auto", "numba", "numpy"]
Progress = Callable[[int, int], None]

_REPORTS, _REPORTS_OF_KERNEL = 100, 20
_WORTH_COMPILING = 2_000_000
"""So many starts times epochs take NumPy longer than compiling a kernel."""


@dataclass(frozen=True)
class Starts:
    """How many of several random starts end with every prediction within `tolerance` of its target.

    `interval` is the Wilson score interval for the share at 95 % (Wilson, Journal of the American Statistical
    Association 22, 1927); `predictions` is starts x k x m; `kernel` says what computed them.
    """

    count: int
    converged: int
    tolerance: float
    predictions: Matrix
    kernel: str = "numpy"

    @property
    def share(self) -> float:
        return self.converged / self.count

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.converged, self.count)


def wilson(successes: int, count: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The Wilson score interval of a proportion.

    >>> low, high = wilson(640, 1000)
    >>> round(low, 3), round(high, 3)
    (0.61, 0.669)
    """
    share = successes / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, centre - half), min(1.0, centre + half)


def starts(
    network: Theory | Compiled,
    data: Examples,
    count: int = 1000,
    *,
    epochs: int = 10_000,
    rate: float = 0.1,
    seed: int = 0,
    tolerance: float = 0.1,
    sizes: Mapping[str, int] | None = None,
    hidden: int = 2,
    constants: Mapping[str, float] | None = None,
    kernel: Kernel = "auto",
    progress: Progress | None = None,
) -> Starts:
    """Train from many starts at once, by plain descent over all examples.

    Args:
        kernel: "numba" for the fused kernel, "numpy" for stacked arrays, "auto" for the kernel where it can be had and
            saves time. The starts are the same.

    Raises:
        DataMismatch, NotLowerable: as `train`; with "numba" also where there is no such kernel.
        ImportError: "numba", and it is not installed.
    """
    compiled = network if isinstance(network, Compiled) else compile(network)
    fed = feed(compiled, data, sizes=sizes, hidden=hidden, constants=constants)
    rng = np.random.default_rng(seed)
    parameters = {
        variable.identifier: rng.standard_normal((count, *shape(variable, fed.sizes)))
        for variable in compiled.program.parameters
    }
    fused = _fused(compiled, fed, kernel, count * epochs)
    tell = progress or (lambda _done, _total: None)
    every = max(1, epochs // (_REPORTS if fused is None else _REPORTS_OF_KERNEL))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a start that diverges has not converged
        for done in range(0, epochs, every):
            tell(done, epochs)
            steps = min(every, epochs - done)
            if fused is not None:
                fused.train_starts(parameters, *fed.data, rate, steps, *fed.constants)
                continue
            for _ in range(steps):
                compiled.stacked.step(parameters, *fed.data, rate, *fed.constants)
        values = compiled.stacked.forward(parameters, *fed.inputs, *fed.constants)
    tell(epochs, epochs)
    prediction = compiled.program.prediction
    predictions = np.asarray(values[prediction.identifier])
    if examples_run_down(compiled, prediction):
        predictions = np.swapaxes(predictions, -1, -2)
    close = np.abs(predictions - targets_in_columns(compiled, fed)) <= tolerance
    converged = int(close.all(axis=(-2, -1)).sum())
    return Starts(count, converged, tolerance, predictions, "numpy" if fused is None else "numba")


def _fused(compiled: Compiled, fed: Feed, kernel: Kernel, work: int) -> ModuleType | None:
    """The network's fused kernel, if that is what shall be used."""
    if kernel == "numpy" or (kernel == "auto" and (work < _WORTH_COMPILING or find_spec("numba") is None)):
        return None
    try:
        return compiled.fused({size_identifier(name): count for name, count in fed.sizes.items()})
    except NotLowerable:
        if kernel == "numba":
            raise
        return None

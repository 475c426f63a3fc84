r"""Training by plain descent over all examples, with exactly the code that is emitted.

>>> from derive.network import network
>>> from numeric.data import xor
>>> run = train(network(), xor(), epochs=2000, rate=1.0, seed=1)
>>> run.history[0] > run.history[-1]
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from derive.algebra.names import Size
from derive.theory import Theory
from numeric.compiled import Compiled, compile  # noqa: A004
from numeric.data import Examples
from numeric.identifiers import size_identifier
from numeric.program import Variable

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Progress = Callable[[int, int], None]
"""Told how many epochs are done, and of how many."""

_REPORTS = 100


class DataMismatch(Exception):
    """Data that do not fit the network's inputs or targets, with both shapes."""


class Diverged(Exception):
    """Training whose loss is no number any more, with the epoch and the rate."""


@dataclass(frozen=True)
class Training:
    """A finished run. `history` is the loss at the epochs in `epochs`, `parameters` and `predictions` are those at
    the end; predictions hold one example in each column."""

    epochs: tuple[int, ...]
    history: tuple[float, ...]
    parameters: Mapping[str, Matrix]
    predictions: Matrix
    compiled: Compiled
    sizes: Mapping[str, int]
    seed: int
    rate: float


@dataclass(frozen=True)
class Starts:
    """How many of several random starts end with every prediction within `tolerance` of its target.

    `interval` is the Wilson score interval for the share at 95 % (Wilson, Journal of the American Statistical
    Association 22, 1927); `predictions` is starts x k x m.
    """

    count: int
    converged: int
    tolerance: float
    predictions: Matrix

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


def train(
    network: Theory | Compiled,
    data: Examples,
    *,
    epochs: int = 10_000,
    rate: float = 0.1,
    seed: int = 0,
    sizes: Mapping[str, int] | None = None,
    hidden: int = 2,
    constants: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Training:
    """Train a network from standard normal parameters.

    Args:
        network: a theory, which is compiled for many examples, or one that is compiled.
        data: the examples, all used in every step.
        sizes: sizes that are symbols and that the data do not settle, by name.
        hidden: what a size is that neither the data nor `sizes` settle; `Training.sizes` tells which.
        constants: values of the constants that the loss depends on, by identifier.
        progress: called about a hundred times.

    Raises:
        DataMismatch: the data do not fit the network, or a constant is missing.
        Diverged: the loss overflows.
        NotLowerable: the theory cannot become code.
    """
    compiled = network if isinstance(network, Compiled) else compile(network)
    prepared = _prepared(compiled, data, sizes, hidden, constants)
    parameters = compiled.init(seed, **{size_identifier(name): value for name, value in prepared.sizes.items()})
    seen: list[int] = []
    history: list[float] = []
    step, every = compiled.module.step, max(1, epochs // _REPORTS)
    with np.errstate(over="ignore", invalid="ignore"):  # told below, with the epoch and the rate
        for done in range(epochs + 1):
            if done % every == 0 or done == epochs:
                value = compiled.module.loss(parameters, *prepared.inputs, *prepared.targets, *prepared.constants)
                if not np.isfinite(value):
                    raise Diverged(f"the loss is {value} after {done} epochs at rate {rate}: a smaller rate may help")
                seen.append(done)
                history.append(float(value))
                if progress is not None:
                    progress(done, epochs)
            if done < epochs:
                step(parameters, *prepared.inputs, *prepared.targets, rate, *prepared.constants)
    values = compiled.module.forward(parameters, *prepared.inputs, *prepared.constants)
    prediction = compiled.program.prediction
    predictions = _columns(compiled, prediction, np.asarray(values[prediction.identifier]))
    return Training(tuple(seen), tuple(history), parameters, predictions, compiled, prepared.sizes, seed, rate)


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
    progress: Progress | None = None,
) -> Starts:
    """Train from many starts at once: every array has one more axis in front, which counts starts.

    Raises:
        DataMismatch, NotLowerable: as `train`.
    """
    compiled = network if isinstance(network, Compiled) else compile(network)
    prepared = _prepared(compiled, data, sizes, hidden, constants)
    rng = np.random.default_rng(seed)
    parameters = {
        variable.identifier: rng.standard_normal(
            (count, *(_length(length, prepared.sizes) for length in variable.shape))
        )
        for variable in compiled.program.parameters
    }
    step, every = compiled.stacked.step, max(1, epochs // _REPORTS)
    with np.errstate(over="ignore", invalid="ignore"):  # a start that diverges has not converged
        for done in range(epochs):
            if progress is not None and done % every == 0:
                progress(done, epochs)
            step(parameters, *prepared.inputs, *prepared.targets, rate, *prepared.constants)
        values = compiled.stacked.forward(parameters, *prepared.inputs, *prepared.constants)
    if progress is not None:
        progress(epochs, epochs)
    prediction = compiled.program.prediction
    predictions = np.asarray(values[prediction.identifier])
    if _examples_run_down(compiled, prediction):
        predictions = np.swapaxes(predictions, -1, -2)
    close = np.abs(predictions - data.targets) <= tolerance
    return Starts(count, int(close.all(axis=(-2, -1)).sum()), tolerance, predictions)


@dataclass(frozen=True)
class _Prepared:
    inputs: tuple[Matrix, ...]
    targets: tuple[Matrix, ...]
    constants: tuple[float, ...]
    sizes: Mapping[str, int]


def _prepared(
    compiled: Compiled,
    data: Examples,
    sizes: Mapping[str, int] | None,
    hidden: int,
    constants: Mapping[str, float] | None,
) -> _Prepared:
    """Data cut and laid out as the network's inputs and targets, and the sizes that they settle."""
    program, found = compiled.program, dict(sizes or {})
    inputs = tuple(_laid_out(compiled, program.inputs, data.inputs, "inputs", found))
    targets = tuple(_laid_out(compiled, program.targets, data.targets, "targets", found))
    given = constants or {}
    missing = [variable.identifier for variable in program.constants if variable.identifier not in given]
    if missing:
        raise DataMismatch(f"the loss depends on {', '.join(missing)}: give a value")
    needed = {length.name for v in program.parameters for length in v.shape if length is not None and not length.value}
    found |= dict.fromkeys(needed - found.keys(), hidden)
    values = tuple(float(given[variable.identifier]) for variable in program.constants)
    return _Prepared(inputs, targets, values, {name: found[name] for name in needed})


def _laid_out(
    compiled: Compiled, variables: tuple[Variable, ...], columns: Matrix, what: str, sizes: dict[str, int]
) -> Iterator[Matrix]:
    """Rows of the data, dealt out to variables in their order."""
    at = 0
    for number, variable in enumerate(variables):
        down = _examples_run_down(compiled, variable)
        length = variable.shape[1 if down else 0]
        left = len(columns) - at - (len(variables) - number - 1)
        wanted = 1 if length is None else length.value or sizes.get(length.name) or left
        part = columns[at : at + wanted]
        if len(part) != wanted or (number == len(variables) - 1 and at + wanted != len(columns)):
            raise DataMismatch(
                f"{variable.title} has {wanted} rows, and the {what} of the data have {len(columns)} in all"
            )
        if length is not None and length.value is None:
            sizes[length.name] = wanted
        at += wanted
        examples = variable.shape[0 if down else 1]
        if examples is not None and examples.value not in (None, columns.shape[1]):
            raise DataMismatch(f"{variable.title} is for {examples} examples, and the data have {columns.shape[1]}")
        yield np.ascontiguousarray(part.T if down else part)


def _examples_run_down(compiled: Compiled, variable: Variable) -> bool:
    """Whether examples stand in rows."""
    batch = compiled.theory.batch
    return batch is not None and variable.shape[0] is batch and variable.shape[1] is not batch


def _columns(compiled: Compiled, variable: Variable, value: Matrix) -> Matrix:
    return value.T if _examples_run_down(compiled, variable) else value


def _length(length: Size | None, sizes: Mapping[str, int]) -> int:
    return 1 if length is None else length.value or sizes[length.name]

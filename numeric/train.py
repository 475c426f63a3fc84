r"""Training, with exactly the code that is emitted.

>>> from derive.network import network
>>> from numeric.data import xor
>>> run = train(network(), xor(), epochs=2000, rate=1.0, seed=1)
>>> run.history[0] > run.history[-1]
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np

from derive.theory import Theory
from numeric.checkpoint import Arrays, Checkpoint, Recipe, fingerprint
from numeric.compiled import Compiled, compile  # noqa: A004
from numeric.data import Examples
from numeric.diverged import Diverged, why
from numeric.feed import DataMismatch, Feed, columns, feed, targets_in_columns
from numeric.identifiers import size_identifier
from numeric.optimizers import OPTIMIZERS

__all__ = ["DataMismatch", "Diverged", "Training", "train"]

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Progress = Callable[[int, int], None]
"""Told how many epochs are done, and of how many."""

_REPORTS = 100
_SAVE_AFTER = 30.0
"""Seconds between two savings of a run that is not over."""

_PATIENT_REPORTS, _LONGEST_WAIT = 5, 100
"""How often a run looks while its patience lasts, and the most epochs between two such looks."""

_BETTER = 1e-4
"""By which part a loss has to be lower to count as better."""


@dataclass(frozen=True)
class Training:
    """A finished run.

    `history` is the loss at the epochs in `epochs`, `held_out` the loss of the examples that are held out, if any.
    `parameters` and `predictions` are those at the end, or at the lowest loss where patience ended the run; predictions
    and `targets` hold one example in each column. `stopped` says why the run ended.
    """

    epochs: tuple[int, ...]
    history: tuple[float, ...]
    parameters: Mapping[str, Matrix]
    predictions: Matrix
    targets: Matrix
    compiled: Compiled
    sizes: Mapping[str, int]
    seed: int
    rate: float
    held_out: tuple[float, ...] = ()
    stopped: str = "all epochs are done"


def train(
    network: Theory | Compiled,
    data: Examples,
    *,
    epochs: int = 10_000,
    rate: float = 0.1,
    seed: int = 0,
    optimizer: str = "descent",
    batch_size: int | None = None,
    below: float | None = None,
    patience: int | None = None,
    held_out: float = 0.0,
    dtype: str = "float64",
    sizes: Mapping[str, int] | None = None,
    hidden: int = 2,
    constants: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    resume: Callable[[Compiled, Recipe, Mapping[str, int]], Checkpoint] | None = None,
    save: Callable[[Checkpoint], None] | None = None,
) -> Training:
    """Train a network from standard normal parameters.

    Args:
        network: a theory, which is compiled for many examples, or one that is compiled.
        data: the examples.
        epochs: how often all examples are gone through.
        optimizer: a key of `numeric.optimizers.OPTIMIZERS`.
        batch_size: examples in a step, in an order that seed and epoch decide; None for all of them in every step.
        below: ends the run once the loss is below this.
        patience: ends the run once the loss (that of the held-out examples, if there are any) has not been lower for so
            many epochs, and goes back to the parameters at its lowest.
        held_out: the part of the examples that is not trained on.
        dtype: float64 or float32.
        sizes: sizes that are symbols and that the data do not settle, by name.
        hidden: what a size is that neither the data nor `sizes` settle; `Training.sizes` tells which.
        constants: values of the constants that the loss depends on, by identifier.
        progress: called about a hundred times.
        resume: gives where an earlier run stands that this one goes on with, such as `load_checkpoint` with a path.
        save: called with where the run stands, at its end, and in between when it takes long.

    Raises:
        DataMismatch: the data do not fit the network, or a constant is missing.
        Diverged: the loss is no number any more, or grows without end.
        NotLowerable: the theory cannot become code.
    """
    compiled = network if isinstance(network, Compiled) else compile(network)
    fed = feed(compiled, data, sizes=sizes, hidden=hidden, constants=constants, dtype=dtype)
    own, watched = _held_out(fed, held_out, seed)
    recipe = Recipe(f"{data.name} ({data.digest})", seed, optimizer, batch_size, held_out, dtype, dict(constants or {}))
    start = _start(compiled, fed, recipe) if resume is None else resume(compiled, recipe, fed.sizes)
    run = _Run(compiled, own, watched, recipe, rate, start)
    stopped = run.through(epochs, below, patience, progress or _nobody, save or _nothing)
    parameters = run.best if patience is not None and stopped is not None and run.best else run.parameters
    values = compiled.module.forward(parameters, *fed.inputs, *fed.constants)
    prediction = compiled.program.prediction
    predictions = columns(compiled, prediction, np.asarray(values[prediction.identifier]))
    return Training(
        tuple(run.seen), tuple(run.history), parameters, predictions, targets_in_columns(compiled, fed), compiled, fed.sizes,
        seed, rate,
        tuple(run.watched_history), stopped or "all epochs are done",
    )  # fmt: skip


def _start(compiled: Compiled, fed: Feed, recipe: Recipe) -> Checkpoint:
    sizes = {size_identifier(name): value for name, value in fed.sizes.items()}
    parameters = compiled.module.init(recipe.seed, dtype=recipe.dtype, **sizes)
    slots = {
        slot: {name: np.zeros_like(value) for name, value in parameters.items()}
        for slot in OPTIMIZERS[recipe.optimizer].slots
    }
    return Checkpoint(fingerprint(compiled), recipe, 0, 0, parameters, slots)


def _held_out(fed: Feed, part: float, seed: int) -> tuple[Feed, Feed | None]:
    """The examples to train on, and those that are held out."""
    if not part:
        return fed, None
    count = round(part * fed.count)
    if not 0 < count < fed.count:
        raise DataMismatch(
            f"{part:g} of {fed.count} examples are {count}: at least one has to be held out, and one trained on"
        )
    order = np.random.default_rng((seed, fed.count)).permutation(fed.count)
    return fed.part(np.sort(order[count:])), fed.part(np.sort(order[:count]))


class _Run:
    """A run on its way: what changes from epoch to epoch."""

    def __init__(
        self, compiled: Compiled, own: Feed, watched: Feed | None, recipe: Recipe, rate: float, start: Checkpoint
    ) -> None:
        self.compiled, self.own, self.watched, self.recipe, self.rate = compiled, own, watched, recipe, rate
        self.parameters: Arrays = {name: value.copy() for name, value in start.parameters.items()}
        self.slots = {slot: {name: value.copy() for name, value in own.items()} for slot, own in start.slots.items()}
        self.done, self.steps = start.done, start.steps
        self.seen, self.history, self.watched_history = list(start.epochs), list(start.history), list(start.held_out)
        self.best: Arrays = dict(start.best)
        self.lowest, self.lowest_at = start.lowest, start.lowest_at
        self.saved = monotonic()

    def through(
        self,
        epochs: int,
        below: float | None,
        patience: int | None,
        progress: Progress,
        save: Callable[[Checkpoint], None],
    ) -> str | None:
        """All epochs up to that number; if the run ends before, why."""
        # with patience by that alone, so that where the run ends does not depend on how long it may last
        wait = (
            min(epochs // _REPORTS, epochs // 5)
            if patience is None
            else min(patience // _PATIENT_REPORTS, _LONGEST_WAIT)
        )
        every = max(1, wait)
        begun, stopped = self.done, None
        with np.errstate(
            over="ignore", invalid="ignore", divide="ignore"
        ):  # told by `look`, with the epoch and the rate
            while stopped is None:
                if self.done % every == 0 or self.done == begun or self.done >= epochs:
                    self.look(patience is not None)
                    stopped = self.enough(below, patience)
                    progress(self.done, epochs)
                    if self.done >= epochs:
                        break
                    if monotonic() - self.saved > _SAVE_AFTER:
                        save(self.checkpoint())
                        self.saved = monotonic()
                if stopped is None:
                    self.epoch()
                    self.done += 1
        save(self.checkpoint())
        return stopped

    def epoch(self) -> None:
        """All examples once."""
        optimizer, constants = OPTIMIZERS[self.recipe.optimizer], self.own.constants
        for part in self.parts():
            self.steps += 1
            if optimizer.name == "descent":
                self.compiled.module.step(self.parameters, *part.data, self.rate, *constants)
                continue
            slopes = self.compiled.module.gradients(self.parameters, *part.data, *constants)
            for name, value in self.parameters.items():
                slots = tuple(self.slots[slot][name] for slot in optimizer.slots)
                optimizer.update(value, slopes[name], slots, self.rate, self.steps)

    def parts(self) -> Iterator[Feed]:
        size = self.recipe.batch_size
        if size is None or size >= self.own.count:
            yield self.own
            return
        # by seed and epoch alone, so that a run that goes on meets the order that it would have met
        order = np.random.default_rng((self.recipe.seed, self.done)).permutation(self.own.count)
        for first in range(0, self.own.count, size):
            yield self.own.part(order[first : first + size])

    def look(self, watch: bool) -> None:
        """The loss as it is now, written down."""
        if self.seen and self.seen[-1] == self.done:  # a run that goes on begins where it was last looked at
            if watch and self.lowest is None:
                self.keep((self.watched_history or self.history)[-1])
            return
        value = self.loss(self.own)
        self.seen.append(self.done)
        self.history.append(value)
        reason = why(self.seen, self.history, self.rate, self.parameters, self.own.inputs)
        if reason:
            raise Diverged(reason, self.seen, self.history)
        if self.watched is not None:
            value = self.loss(self.watched)
            if not np.isfinite(value):
                raise Diverged(
                    f"the loss of the held-out examples is {value} after {self.done} epochs: they lie where the network's "
                    "formula has no value",
                    self.seen,
                    self.history,
                )
            self.watched_history.append(value)
        if watch and (self.lowest is None or value < self.lowest * (1 - _BETTER)):
            self.keep(value)

    def keep(self, value: float) -> None:
        """The parameters as they are now, as those at the lowest loss."""
        self.lowest, self.lowest_at = value, self.done
        self.best = {name: array.copy() for name, array in self.parameters.items()}

    def loss(self, fed: Feed) -> float:
        return float(self.compiled.module.loss(self.parameters, *fed.data, *fed.constants))

    def enough(self, below: float | None, patience: int | None) -> str | None:
        if below is not None and self.history[-1] < below:
            return f"the loss is below {below:g}"
        if patience is not None and self.done - self.lowest_at >= patience:
            return f"no lower loss for {self.done - self.lowest_at} epochs; the lowest was at epoch {self.lowest_at}"
        return None

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            fingerprint(self.compiled), self.recipe, self.done, self.steps, self.parameters, self.slots,
            tuple(self.seen), tuple(self.history), tuple(self.watched_history), self.best, self.lowest, self.lowest_at,
        )  # fmt: skip


def _nobody(_done: int, _total: int) -> None:
    return


def _nothing(_checkpoint: Checkpoint) -> None:
    return

"""Training for a person at a terminal: what was learnt, beside what was to be learnt, and how many starts get there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from derive.theory import Theory
from numeric import Compiled, compile  # noqa: A004
from numeric.checkpoint import load_checkpoint, save_checkpoint
from numeric.data import BUILT_IN, Examples, one_hot
from numeric.feed import examples_run_down
from numeric.files import read_examples
from numeric.program import Variable
from numeric.starts import Kernel, starts
from numeric.train import DataMismatch, Diverged, Training, train
from reports.history import save_history
from reports.progress import progress_bar
from reports.terminal import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

TOLERANCE = 0.1
"""How near a prediction has to come to its target to count as learnt."""

_PATIENCE = 0.3
_MOST_SHOWN = 20


class Unfitting(Exception):
    """Options that do not go together, with what to leave out."""


@dataclass(frozen=True)
class Order:
    """What is to be trained on, and how: the options of `gradproof train`.

    `data` is a name of `BUILT_IN`, or a file; `targets` are columns of that file. With `starts`, that many are trained by
    plain descent, and only their share of success is shown.
    """

    data: str = "xor"
    targets: Sequence[str] = ()
    seed: int = 0
    epochs: int = 10_000
    rate: float = 0.1
    optimizer: str = "descent"
    batch: int | None = None
    below: float | None = None
    patience: int | None = None
    held_out: float = 0.0
    dtype: str = "float64"
    sizes: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)
    history: Path | None = None
    save: Path | None = None
    resume: Path | None = None
    starts: int | None = None
    kernel: Kernel = "auto"


_OF_ONE_RUN = ("optimizer", "batch", "below", "patience", "held_out", "dtype", "history", "save", "resume")


def print_training(theory: Theory, order: Order, console: Console) -> None:
    """Train, once or from many starts, and print what came of it.

    Raises:
        NotLowerable: the theory has no loss, or cannot become code.
        DataMismatch: the network's inputs or outputs are not as many as those of the data, or a constant is missing.
        UnreadableData, Unresumable: a file that cannot be used.
        Unfitting: options that do not go together.
        Diverged: the loss is no number any more, or grows without end.
        OSError: a file that cannot be written.
    """
    compiled = compile(theory)
    if order.starts is None:
        if order.kernel != "auto":
            raise Unfitting("--kernel is for --starts: a single run goes through the code that emit writes for NumPy")
        _print_run(compiled, order, console)
        return
    for name in _OF_ONE_RUN:
        if getattr(order, name) != getattr(Order, name):
            raise Unfitting(
                f"--{name.replace('_', '-')} is for a single run: --starts trains by plain descent over all examples"
            )
    _print_starts(compiled, order, console)


def _examples(compiled: Compiled, order: Order) -> Examples:
    if order.data in BUILT_IN:
        if order.targets:
            raise Unfitting(f"--targets is for columns of a CSV file; {order.data} has its own")
        return BUILT_IN[order.data]()
    takes, gives = (_rows(compiled, variables) for variables in (compiled.program.inputs, compiled.program.targets))
    examples = read_examples(Path(order.data), order.targets, int(takes) if takes.isdigit() else None)
    # a column that counts classes, for a network with an output for each class
    return one_hot(examples, int(gives) if gives.isdigit() else 1)


def _print_run(compiled: Compiled, order: Order, console: Console) -> None:
    for option, path in (("history", order.history), ("save", order.save)):
        if path is not None and not path.absolute().parent.is_dir():
            raise Unfitting(f"--{option} {path}: there is no folder {path.parent}")
    examples = _examples(compiled, order)
    settings = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(order).items()
        if name not in ("starts", "kernel")
    }
    with progress_bar("training", patience=_PATIENCE, unit="epochs") as told:
        try:
            run = train(
                compiled, examples, epochs=order.epochs, rate=order.rate, seed=order.seed, optimizer=order.optimizer,
                batch_size=order.batch, below=order.below, patience=order.patience, held_out=order.held_out,
                dtype=order.dtype, sizes=order.sizes, constants=order.constants, progress=told,
                resume=None if order.resume is None else partial(load_checkpoint, order.resume),
                save=None if order.save is None else partial(save_checkpoint, order.save),
            )  # fmt: skip
        except DataMismatch as error:
            raise _mismatch(compiled, examples, error) from error
        except Diverged as error:
            if order.history is not None:
                save_history(order.history, error, compiled.theory.title, settings)
            raise
    if order.history is not None:
        save_history(order.history, run, compiled.theory.title, settings)
    _say(console, f"{examples.name}: {_how(run, order)}")
    _say(console, f"loss at the start {run.history[0]:.6g}, at the end {run.history[-1]:.6g}")
    if run.held_out:
        _say(
            console, f"loss of the held-out examples at the end {run.held_out[-1]:.6g}, lowest {min(run.held_out):.6g}"
        )
    if run.epochs[-1] < order.epochs:
        _say(console, f"stopped after {_epochs(run.epochs[-1])}: {run.stopped}")
    console.print()
    console.print(_predictions(run, examples))
    console.print()
    _print_verdict(run, examples, console)


def _how(run: Training, order: Order) -> str:
    sizes = ", ".join(f"{name} = {value}" for name, value in sorted(run.sizes.items()))
    said = f"{_epochs(order.epochs)} at rate {order.rate:g}, seed {order.seed}"
    said += f", {order.optimizer}" if order.optimizer != "descent" else ""
    said += f", {order.batch} examples in a step" if order.batch else ""
    return said + (f" ({sizes})" if sizes else "")


def _print_verdict(run: Training, examples: Examples, console: Console) -> None:
    targets = run.targets
    off = float(np.abs(run.predictions - targets).max())
    learnt = off <= TOLERANCE
    if np.isin(targets, (0.0, 1.0)).all() and examples.count > _MOST_SHOWN:
        right = int(((run.predictions > 0.5) == (targets > 0.5)).all(axis=0).sum())
        _say(console, f"{right} of {examples.count} examples are on the right side of 0.5", style="bold")
        return
    _say(
        console,
        f"{'converged' if learnt else 'not converged'}: the largest difference from a target is {off:.3g}, "
        f"{'at most' if learnt else 'more than'} {TOLERANCE:g}",
        style="bold green" if learnt else "bold yellow",
    )
    if not learnt and examples.name in BUILT_IN:
        _say(console, "Another start may converge: --starts N tells how many do, --seed N tries one.")


def _print_starts(compiled: Compiled, order: Order, console: Console) -> None:
    examples, count = _examples(compiled, order), order.starts or 0
    with progress_bar(f"training from {count} starts", patience=_PATIENCE, unit="epochs") as told:
        try:
            found = starts(
                compiled, examples, count, epochs=order.epochs, rate=order.rate, seed=order.seed, tolerance=TOLERANCE,
                sizes=order.sizes, constants=order.constants, kernel=order.kernel, progress=told,
            )  # fmt: skip
        except DataMismatch as error:
            raise _mismatch(compiled, examples, error) from error
    low, high = found.interval
    _say(console, f"{examples.name}: {_epochs(order.epochs)} at rate {order.rate:g}, seed {order.seed}")
    _say(
        console,
        f"{found.converged} of {found.count} random starts converge: every prediction ends within "
        f"{TOLERANCE:g} of its target",
    )
    _say(
        console,
        f"share {found.share:.1%}, with 95 % confidence between {low:.1%} and {high:.1%} (Wilson interval)",
        style="bold",
    )


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def _predictions(run: Training, examples: Examples) -> Table:
    """A row for each example; where there are more than a screen holds, for the first ones, and it says so."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = min(examples.count, _MOST_SHOWN)
    caption = None if shown == examples.count else f"the first {shown} of {examples.count} examples"
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, safe_box=True, caption=caption)
    for heading in ("input", "target", "prediction", "difference"):
        table.add_column(heading, justify="right")
    for number in range(shown):
        prediction, target = run.predictions[:, number], run.targets[:, number]
        table.add_row(
            _numbers(examples.inputs[:, number], "g"),
            _numbers(target, "g"),
            _numbers(prediction, ".4f"),
            _numbers(prediction - target, "+.4f"),
        )
    return table


def _numbers(values: Iterable[float], form: str) -> str:
    return ", ".join(format(float(value), form) for value in values)


def _mismatch(compiled: Compiled, examples: Examples, error: DataMismatch) -> DataMismatch:
    """The sizes of the network and of the data, where these are what does not fit; else the error as it is."""
    takes, gives = _rows(compiled, compiled.program.inputs), _rows(compiled, compiled.program.targets)
    inputs, outputs = str(len(examples.inputs)), str(len(examples.targets))
    if not any(own.isdigit() and own != given for own, given in ((takes, inputs), (gives, outputs))):
        return error
    return DataMismatch(
        f"the network has {_count(takes, 'input')} and {_count(gives, 'output')}; "
        f"{examples.name} has {_count(inputs, 'input')} and {_count(outputs, 'output')}"
    )


def _rows(compiled: Compiled, variables: Iterable[Variable]) -> str:
    """How many numbers one example has in these arrays: a number, or the letters of the sizes."""
    lengths = [v.shape[1 if examples_run_down(compiled, v) else 0] for v in variables]
    known = sum(1 if length is None else length.value or 0 for length in lengths)
    letters = [length.name for length in lengths if length is not None and not length.value]
    return " + ".join([*letters, *([str(known)] if known or not letters else [])])


def _count(number: str, what: str) -> str:
    return f"{number} {what}" if number == "1" else f"{number} {what}s"


def _say(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(clean(text), style=style), soft_wrap=True)

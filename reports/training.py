"""Training for a person at a terminal: what was learnt, beside what was to be learnt, and how many starts get there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from derive.theory import Theory
from numeric import Compiled, compile  # noqa: A004
from numeric.data import BUILT_IN, Examples
from numeric.program import Variable
from numeric.train import DataMismatch, Training, train
from numeric.train import starts as train_many
from reports.progress import progress_bar
from reports.terminal import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

TOLERANCE = 0.1
"""How near a prediction has to come to its target to count as learnt."""

_PATIENCE = 0.3
_MOST_SHOWN = 20


def print_run(
    theory: Theory,
    *,
    data: str,
    seed: int,
    epochs: int,
    rate: float,
    console: Console,
    constants: Mapping[str, float] | None = None,
) -> None:
    """Train once; print the loss before and after, and each example's prediction beside its target.

    Raises:
        NotLowerable: the theory has no loss, or cannot become code.
        DataMismatch: the network's inputs or outputs are not as many as those of the data, or a constant is missing.
        Diverged: the loss is no number any more.
    """
    examples, compiled = BUILT_IN[data](), compile(theory)
    with progress_bar("training", patience=_PATIENCE) as told:
        try:
            run = train(compiled, examples, epochs=epochs, rate=rate, seed=seed, constants=constants, progress=told)
        except DataMismatch as error:
            raise _mismatch(compiled, examples, error) from error
    sizes = ", ".join(f"{name} = {value}" for name, value in sorted(run.sizes.items()))
    _say(console, f"{data}: {_epochs(epochs)} at rate {rate:g}, seed {seed}" + (f" ({sizes})" if sizes else ""))
    _say(console, f"loss at the start {run.history[0]:.6g}, at the end {run.history[-1]:.6g}")
    console.print()
    console.print(_predictions(run, examples))
    console.print()
    off = float(abs(run.predictions - examples.targets).max())
    learnt = off <= TOLERANCE
    _say(
        console,
        f"{'converged' if learnt else 'not converged'}: the largest difference from a target is {off:.3g}, "
        f"{'at most' if learnt else 'more than'} {TOLERANCE:g}",
        style="bold green" if learnt else "bold yellow",
    )
    if not learnt:
        _say(console, "Another start may converge: --starts N tells how many do, --seed N tries one.")


def print_starts(
    theory: Theory,
    *,
    data: str,
    seed: int,
    epochs: int,
    rate: float,
    starts: int,
    console: Console,
    constants: Mapping[str, float] | None = None,
) -> None:
    """Train from many starts at once; print the share that converges, with its interval.

    Raises:
        NotLowerable, DataMismatch: as `print_run`.
    """
    examples, compiled = BUILT_IN[data](), compile(theory)
    with progress_bar(f"training from {starts} starts", patience=_PATIENCE) as told:
        try:
            found = train_many(
                compiled, examples, starts, epochs=epochs, rate=rate, seed=seed, tolerance=TOLERANCE,
                constants=constants, progress=told,
            )  # fmt: skip
        except DataMismatch as error:
            raise _mismatch(compiled, examples, error) from error
    low, high = found.interval
    _say(console, f"{data}: {_epochs(epochs)} at rate {rate:g}, seed {seed}")
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
        prediction, target = run.predictions[:, number], examples.targets[:, number]
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
    lengths = [length for v in variables for length in v.shape if length is not compiled.theory.batch]
    known = sum(1 if length is None else length.value or 0 for length in lengths)
    letters = [length.name for length in lengths if length is not None and not length.value]
    return " + ".join([*letters, *([str(known)] if known or not letters else [])])


def _count(number: str, what: str) -> str:
    return f"{number} {what}" if number == "1" else f"{number} {what}s"


def _say(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(clean(text), style=style), soft_wrap=True)

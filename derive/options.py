"""Options of the verbs that take many, and the values that are written `NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _number(given: str) -> tuple[str, float]:
    name, _, value = given.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = nan
    if not isfinite(number):
        raise click.BadParameter(f"{given!r} is not NAME=VALUE with a number")
    return name.strip(), number


def _count(given: str) -> tuple[str, int]:
    name, _, value = given.partition("=")
    if not value.strip().isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{given!r} is not NAME=N with a number of at least 1")
    return name.strip(), int(value)


def _each(read: Callable[[str], tuple[str, Any]]) -> Callable[[object, object, Sequence[str]], dict[str, Any]]:
    return lambda _context, _option, given: dict(map(read, given))


size_option = click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="NAME=N",
    callback=_each(_count),
    help="A number for a size that is a letter, such as n_1=8; may be repeated.",
)

constant_option = click.option(
    "--constant",
    "constants",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_each(_number),
    help="The value of a constant of the loss, such as lambda_=0.01; may be repeated.",
)

seed_option = click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of everything that is drawn at random; first weights are from N(0, 1).",
)


def _finite(_context: object, _option: object, value: float | None) -> float | None:
    if value is not None and not isfinite(value):
        raise click.BadParameter(f"{value} is no number to go by")
    return value


_file = click.Path(dir_okay=False, path_type=Path)

_TRAINING = (
    click.option(
        "--data",
        default="xor",
        show_default=True,
        metavar="xor|circles|moons|FILE",
        help="What to learn; a FILE is a CSV table, or an npz with the arrays inputs and targets.",
    ),
    click.option(
        "--targets",
        multiple=True,
        metavar="COLUMN",
        help="A column of the CSV file to be learnt, by name or number; may be repeated.  [default: what follows the inputs]",
    ),
    seed_option,
    click.option(
        "--epochs", type=click.IntRange(1), default=10_000, show_default=True, help="Passes over all examples."
    ),
    click.option(
        "--rate",
        type=click.FloatRange(0, min_open=True),
        callback=_finite,
        default=0.1,
        show_default=True,
        help="Learning rate.",
    ),
    click.option(
        "--optimizer",
        type=click.Choice(["descent", "momentum", "adam"]),
        default="descent",
        show_default=True,
        help="How gradients change weights.",
    ),
    click.option("--batch", type=click.IntRange(1), metavar="N", help="Examples in a step.  [default: all]"),
    click.option("--below", type=float, callback=_finite, metavar="LOSS", help="Stop once the loss is below this."),
    click.option(
        "--patience",
        type=click.IntRange(1),
        metavar="N",
        help="Stop once the loss has not fallen for N epochs, and take the weights at its lowest.",
    ),
    click.option(
        "--held-out",
        type=click.FloatRange(0, 1, max_open=True),
        callback=_finite,
        default=0.0,
        metavar="PART",
        help="Part of the examples that is not trained on; --patience then goes by their loss.",
    ),
    click.option(
        "--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True, help="Type of numbers."
    ),
    size_option,
    constant_option,
    click.option("--history", type=_file, metavar="FILE", help="Write the loss by epoch there, as JSON."),
    click.option("--save", type=_file, metavar="FILE", help="Write where the run stands there, for --resume."),
    click.option("--resume", type=_file, metavar="FILE", help="Go on with the run saved there, up to --epochs."),
    click.option(
        "--starts", type=click.IntRange(1, 100_000), metavar="N", help="Train from N random starts; print how many converge."
    ),
    click.option(
        "--kernel",
        type=click.Choice(["auto", "numba", "numpy"]),
        default="auto",
        show_default=True,
        help="What computes --starts: a fused kernel over all cores, or stacked arrays.",
    ),
)  # fmt: skip


def training_options(function: F) -> F:
    """The options of `train`, in the order in which its help lists them."""
    for option in reversed(_TRAINING):
        function = option(function)
    return function

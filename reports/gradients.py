"""A check of gradients for a person at a terminal, and for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from derive import wording
from derive.theory import Theory
from numeric.gradcheck import EXACTLY, TOLERANCE, GradientCheck
from reports.plain import write_plain
from reports.terminal import clean

if TYPE_CHECKING:
    from rich.console import Console

_TITLES = {
    EXACTLY: f"differences at {EXACTLY}",
    "jax": "JAX",
    "torch": "PyTorch",
}


def as_json(found: GradientCheck, title: str) -> str:
    """One object: `errors` by parameter and witness (null where an error is no number), and what they were found at."""
    content = {
        "version": 1,
        "title": title,
        "agrees": found.agrees,
        "tolerance": TOLERANCE,
        "errors": found.errors,
        "shapes": found.shapes,
        "sizes": found.sizes,
        "examples": found.examples,
        "points": found.points,
        "seed": found.seed,
        "kinks": found.kinks,
        "not_installed": found.missing,
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()


def print_check(found: GradientCheck, title: str, console: Console) -> None:
    """A table with a row for each parameter and a column for each witness, and a sentence that sums it up."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    def say(text: str, style: str = "") -> None:
        console.print(Text(clean(text), style=style), soft_wrap=True)

    titles = {name: write_plain(wording.name(found.theory, own)) for name, own in found.names.items()}
    sizes = "".join(f", {name} = {count}" for name, count in sorted(found.sizes.items()))
    say(f"{title or 'a network'}: {found.points} random points, {found.examples} examples{sizes}, seed {found.seed}")
    console.print()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, safe_box=True)
    table.add_column("derivative by")
    table.add_column("shape", justify="right")
    witnesses = list(next(iter(found.errors.values()), {}))
    for witness in witnesses:
        table.add_column(_TITLES[witness], justify="right")
    for name, errors in found.errors.items():
        shape = " x ".join(map(str, found.shapes[name]))
        cells = [
            Text(f"{errors[witness]:.1e}", style="" if errors[witness] <= TOLERANCE else "bold red")
            for witness in witnesses
        ]
        table.add_row(Text(clean(titles[name])), shape, *cells)
    console.print(table)
    console.print()
    for where, distance in found.kinks.items():
        say(f"kink at {_plainly(found.theory, where)} = 0: the nearest entry is {distance:.2g} away")
    for library in found.missing:
        say(f"{_TITLES[library]} is not installed, and was not asked")
    if found.agrees:
        say(f"all derivatives agree: no error above {TOLERANCE:g} of their size", "bold green")
    else:
        wrong = [
            titles[name]
            for name, errors in found.errors.items()
            if not all(error <= TOLERANCE for error in errors.values())
        ]
        say(f"derivatives that differ by more than {TOLERANCE:g} of their size: {', '.join(wrong)}", "bold red")


def _plainly(theory: Theory, names: str) -> str:
    """Names as they are printed, for names as they are written down."""
    known = {repr(name): wording.name(theory, name) for name in (*theory.symbols, *theory.definitions)}
    return ", ".join(write_plain(known[name]) if name in known else name for name in names.split(", "))

"""Data cut and laid out as a network's inputs and targets, and the sizes that they settle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from derive.algebra.names import Size
from numeric.compiled import Compiled
from numeric.data import Examples
from numeric.identifiers import size_identifier
from numeric.program import Variable

Matrix = np.ndarray[Any, np.dtype[np.float64]]


class DataMismatch(Exception):
    """Data that do not fit the network's inputs or targets, with both shapes."""


@dataclass(frozen=True)
class Feed:
    """Arrays in the order in which the network's functions take them, and numbers for the sizes that are symbols.

    `axes` says of each of `data` along which axis examples are counted, -1 where they are not.
    """

    data: tuple[Matrix, ...]
    inputs: tuple[Matrix, ...]
    constants: tuple[float, ...]
    sizes: Mapping[str, int]
    axes: tuple[int, ...]
    count: int

    def part(self, examples: np.ndarray[Any, np.dtype[np.intp]]) -> Feed:
        """Some of the examples, by number."""
        data = tuple(
            array if axis < 0 else np.ascontiguousarray(np.take(array, examples, axis))
            for array, axis in zip(self.data, self.axes, strict=True)
        )
        return replace(self, data=data, inputs=data[: len(self.inputs)], count=len(examples))


def feed(
    compiled: Compiled,
    data: Examples,
    *,
    sizes: Mapping[str, int] | None = None,
    hidden: int = 2,
    constants: Mapping[str, float] | None = None,
    dtype: str = "float64",
) -> Feed:
    """Data as a network takes them.

    Args:
        sizes: sizes that are symbols and that the data do not settle, by name.
        hidden: what a size is that neither the data nor `sizes` settle.
        constants: values of the constants that the loss depends on, by identifier.

    Raises:
        DataMismatch: the data do not fit the network, a constant is missing, or a size or constant is given that the network
            does not have.
    """
    program = compiled.program
    lengths = [n for v in (*program.parameters, *program.inputs, *program.targets) for n in _open(v)]
    called = {size_identifier(length.name): length.name for length in lengths if length is not compiled.theory.batch}
    found = {called.get(name, name): count for name, count in (sizes or {}).items()}
    _all_known(found, list(called.values()), "size")
    inputs = tuple(_laid_out(compiled, program.inputs, data.inputs, "inputs", found))
    targets = tuple(_laid_out(compiled, program.targets, data.targets, "targets", found))
    given = constants or {}
    for variable in program.constants:
        if variable.shape != (None, None):
            raise DataMismatch(
                f"the loss depends on {variable.title}, an array that is neither input, target nor parameter: nothing says "
                "where its values come from"
            )
    named = [variable.identifier for variable in program.constants]
    _all_known(given, named, "constant")
    missing = [name for name in named if name not in given]
    if missing:
        raise DataMismatch(f"the loss depends on {', '.join(missing)}: give a value, --constant {missing[0]}=VALUE")
    needed = {length.name for v in program.parameters for length in _open(v)}
    found |= dict.fromkeys(needed - found.keys(), hidden)
    arrays = tuple(array.astype(dtype, copy=False) for array in (*inputs, *targets))
    return Feed(
        arrays,
        arrays[: len(inputs)],
        tuple(float(given[name]) for name in named),
        {name: found[name] for name in needed},
        tuple(_axis(compiled, variable) for variable in (*program.inputs, *program.targets)),
        data.count,
    )


def columns(compiled: Compiled, variable: Variable, value: Matrix) -> Matrix:
    """A value with one example in each column."""
    return value.T if examples_run_down(compiled, variable) else value


def targets_in_columns(compiled: Compiled, fed: Feed) -> Matrix:
    """All targets, one example in each column."""
    pairs = zip(compiled.program.targets, fed.data[len(fed.inputs) :], strict=True)
    return np.concatenate([columns(compiled, variable, array) for variable, array in pairs])


def examples_run_down(compiled: Compiled, variable: Variable) -> bool:
    """Whether examples stand in rows."""
    batch = compiled.theory.batch
    return batch is not None and variable.shape[0] is batch and variable.shape[1] is not batch


def shape(variable: Variable, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """A variable's shape in numbers."""
    return tuple(1 if length is None else length.value or sizes[length.name] for length in variable.shape)


def _open(variable: Variable) -> list[Size]:
    return [length for length in variable.shape if length is not None and not length.value]


def _all_known(given: Mapping[str, object], known: list[str] | set[str], what: str) -> None:
    strange = [name for name in given if name not in known]
    if strange:
        there = f"there is {', '.join(sorted(known))}" if known else f"it has no {what} that is open"
        raise DataMismatch(f"the network has no {what} {strange[0]}: {there}")


def _axis(compiled: Compiled, variable: Variable) -> int:
    batch = compiled.theory.batch
    if batch is None or batch not in variable.shape:
        return -1
    return 0 if examples_run_down(compiled, variable) else 1


def _laid_out(
    compiled: Compiled, variables: tuple[Variable, ...], columns: Matrix, what: str, sizes: dict[str, int]
) -> Iterator[Matrix]:
    """Rows of the data, dealt out to variables in their order."""
    at = 0
    for number, variable in enumerate(variables):
        down = examples_run_down(compiled, variable)
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

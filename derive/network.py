r"""Feed-forward networks built by hand: the same kind of theory that a document gives.

A layer is z = W a + b and a = f(z) (in rows: z = a W + b), with `W`, `b`, `z`, `a` numbered from 1; the loss compares
the last `a` with `y` (Goodfellow, Bengio and Courville, Deep Learning, sections 6.1 to 6.3).

>>> theory = network(sizes=(2, 3, 1), activation="tanh", output_activation="sigmoid", loss="binary cross-entropy")
>>> [repr(name) for name in theory.definitions]
['z^(1)', 'a^(1)', 'z^(2)', 'a^(2)', 'L']
>>> theory.symbols[Name("W", (Level("", 2),))].shape
(1, 3)
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from types import ModuleType
from typing import Any, Literal

from derive.algebra.arrays import (
    Array,
    apply,
    array,
    broadcast,
    entrywise,
    hadamard,
    matmul,
    ones,
    plus,
    scalar,
    scale,
    sum_entries,
)
from derive.algebra.functions import KNOWN
from derive.algebra.names import Level, Name, Size, fresh, size
from derive.algebra.terms import Extent, Term, mul, neg, num, power, rename, total
from derive.theory import Definition, FunctionDefinition, Spelling, Symbol, Theory

Layout = Literal["columns", "rows"]
"""Where examples stand: in columns (z = W x + b) or in rows (z = x W + b)."""

ACTIVATIONS = ("sigmoid", "tanh", "relu", "softplus", "identity", "softmax")


def network(
    sizes: Sequence[int | str] = (2, 2, 1),
    activation: str | Sequence[str] = "sigmoid",
    loss: str = "squared error",
    batch: int | str | None = None,
    layout: Layout = "columns",
    *,
    output_activation: str | None = None,
    reduction: Literal["sum", "mean"] = "sum",
) -> Theory:
    r"""A fully connected network with its loss.

    Args:
        sizes: neurons in each layer, the input first: numbers, or names such as "n" that stay symbols.
        activation: one of `ACTIVATIONS` for every layer, or one for each layer after the input.
        loss: a key of `LOSSES`. One example's loss is the sum over its output neurons.
        batch: how many examples there are, a number or a name; None for a single example, a column (or a row).
        layout: with "columns", x is n x batch and W is out x in; with "rows", x is batch x n and W is in x out.
        output_activation: the last layer's activation, where it differs.
        reduction: whether the examples' losses are added up or averaged.

    Raises:
        ValueError: an unknown activation or loss, or too few layers.
    """
    layers = tuple(size(length) for length in sizes)
    activations = _activations(activation, output_activation, len(layers) - 1)
    if loss not in LOSSES:
        raise ValueError(f"no loss {loss!r}: there are {', '.join(LOSSES)}")
    if layout not in ("columns", "rows"):
        raise ValueError(f"no layout {layout!r}: examples stand in columns or rows")
    examples = None if batch is None else size(batch)
    rows = layout == "rows"

    symbols: dict[Name, Symbol] = {}
    definitions: dict[Name, Definition] = {}

    def declare(symbol: Symbol) -> Array:
        symbols[symbol.name] = symbol
        return array(symbol.name, symbol.shape, symbol.row)

    def define(name: Name, value: Array) -> Array:
        definitions[name] = Definition(name, value)
        return declare(Symbol(name, value.shape, "value", value.row))

    def shape(length: Size) -> tuple[Size, ...]:
        if examples is None:
            return (length,)
        return (examples, length) if rows else (length, examples)

    lying = rows and examples is None
    a = declare(Symbol(Name("x" if examples is None else "X"), shape(layers[0]), "input", lying))
    for number, (before, after) in enumerate(itertools.pairwise(layers), start=1):
        level = (Level("", number),)
        W = declare(Symbol(Name("W", level), (before, after) if rows else (after, before), "parameter"))
        b = declare(Symbol(Name("b", level), (after,), "parameter", rows))
        product = matmul(a, W) if rows else matmul(W, a)
        bias = b if examples is None else broadcast(b, shape(after), 1 if rows else 0)
        z = define(Name("z", level), plus(product, bias))
        a = define(Name("a", level), _activated(activations[number - 1], z, 1 if rows and examples is not None else 0))
    y = declare(Symbol(Name("y"), shape(layers[-1]), "target", lying))
    value = LOSSES[loss](a, y)
    if examples is not None and reduction == "mean":
        value = scale(scalar(_reciprocal(examples)), value)
    define(Name("L"), value)

    functions = {
        name: FunctionDefinition(name, KNOWN[name].definition, known=name)
        for name in dict.fromkeys(activations)
        if name in KNOWN and name != "identity"
    }
    spellings = {base: Spelling(base) for base in ("W", "b", "z", "a")} | {
        base: Spelling(base, "") for base in ("x" if examples is None else "X", "y", "L")
    }
    title = f"{'-'.join(map(str, layers))} network, {', '.join(dict.fromkeys(activations))}, {loss}"
    return Theory(symbols, definitions, functions, Name("L"), examples, None, spellings, title)


def _activations(activation: str | Sequence[str], output: str | None, layers: int) -> tuple[str, ...]:
    if layers < 1:
        raise ValueError("a network has an input and at least one more layer")
    chosen = (activation,) * layers if isinstance(activation, str) else tuple(activation)
    if len(chosen) != layers:
        raise ValueError(f"{layers} layers need {layers} activations, not {len(chosen)}")
    if output is not None:
        chosen = (*chosen[:-1], output)
    for name in chosen:
        if name not in ACTIVATIONS:
            raise ValueError(f"no activation {name!r}: there are {', '.join(ACTIVATIONS)}")
    return chosen


def _activated(activation: str, z: Array, along: int) -> Array:
    if activation == "identity":
        return z
    return softmax(z, along) if activation == "softmax" else apply(activation, z)


def softmax(z: Array, along: int = 0) -> Array:
    """exp(z_j) / sum_k exp(z_k), summed along the axis that counts classes."""
    exponentials = apply("exp", z)
    own = exponentials.indices[along]
    k = fresh(own.size)
    norm = total((k,), rename(exponentials.body, {own: k}))
    return Array(z.indices, mul(exponentials.body, power(norm, -1)), z.row)


def squared_error(a: Array, y: Array) -> Array:
    """Half the sum of squares."""
    difference = plus(a, entrywise(neg, y))
    squares = entrywise(lambda term: power(term, 2), difference)
    return scale(scalar(num(Fraction(1, 2))), sum_entries(squares))


def binary_cross_entropy(a: Array, y: Array) -> Array:
    """-sum of y log a + (1 - y) log(1 - a)."""
    one = Array(a.indices, ones(a.shape).body, a.row)
    hit = hadamard(y, apply("log", a))
    miss = hadamard(plus(one, entrywise(neg, y)), apply("log", plus(one, entrywise(neg, a))))
    return entrywise(neg, sum_entries(plus(hit, miss)))


def categorical_cross_entropy(a: Array, y: Array) -> Array:
    """-sum of y log a."""
    return entrywise(neg, sum_entries(hadamard(y, apply("log", a))))


LOSSES: dict[str, Callable[[Array, Array], Array]] = {
    "squared error": squared_error,
    "binary cross-entropy": binary_cross_entropy,
    "categorical cross-entropy": categorical_cross_entropy,
}
"""A scalar from predictions and targets of one shape, whatever that shape is."""


def _reciprocal(length: Size) -> Term:
    return num(Fraction(1, length.value)) if length.value else power(Extent(length), -1)


class _Called(ModuleType):
    """The module as a function, so that `derive.network` is one thing whichever way it was imported first."""

    def __call__(self, *arguments: Any, **options: Any) -> Theory:
        return network(*arguments, **options)


sys.modules[__name__].__class__ = _Called

r"""A theory of one example as a theory of many.

Data, and everything that depends on data, gets one more index that counts examples; the loss is summed, or
averaged, over it. Parameters stay as they are, so their gradients come out summed over the examples by the chain
rule alone.

>>> from derive.algebra.names import size
>>> from derive.network import network
>>> many = batched(network(sizes=(2, 3, 1)), size("m"))
>>> [str(many.symbols[name].shape) for name in many.symbols if name.base in ("x", "z", "y")]
['(2, m)', '(3, m)', '(1, m)', '(1, m)']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from derive.algebra.arrays import Array
from derive.algebra.names import Index, Name, Size, fresh
from derive.algebra.terms import Entry, Extent, Partial, Term, Total, mul, names, num, power, transform
from derive.theory import Definition, Symbol, Theory


class NotLowerable(Exception):
    """A theory, or a part of it, that cannot become an array program, with the reason."""


def batched(
    theory: Theory,
    examples: Size,
    layout: Literal["columns", "rows"] | None = None,
    reduction: Literal["sum", "mean"] = "sum",
) -> Theory:
    """The theory over many examples: data n becomes n x m in columns, m x n in rows; scalar data becomes a row (a
    column).

    What the loss does not need, such as the errors of a backward pass, is left out. `layout` is "rows" where the
    inputs lie as rows, else "columns". A theory whose inputs are matrices is written for a batch, and stays as it is; where
    it does not say which size counts examples, the one size does that all data have and no parameter has.

    Raises:
        NotLowerable: a quantity that depends on data has two indices already, or there is no loss.
    """
    if theory.batch is not None:
        return theory
    if any(len(symbol.shape) > 1 for symbol in theory.inputs):
        return replace(theory, batch=_size_of_the_batch(theory))
    if theory.loss is None or theory.loss not in theory.definitions:
        raise NotLowerable("no loss: a scalar that is defined from the network's output is needed")
    if layout is None:
        layout = "rows" if any(symbol.row for symbol in theory.inputs) else "columns"
    needed = needed_for(theory, theory.loss)
    definitions = {name: definition for name, definition in theory.definitions.items() if name in needed}
    dropped = theory.definitions.keys() - definitions.keys()
    symbols = {name: symbol for name, symbol in theory.symbols.items() if name not in dropped}
    theory = replace(theory, symbols=dict(symbols), definitions=dict(definitions))
    spread = _dependent(theory)
    if theory.loss not in spread:
        raise NotLowerable(f"{theory.loss!r} does not depend on any input or target: there is nothing to learn from")
    for name in spread:
        symbol, definition = theory.symbol(name), theory.definition(name)
        if name is theory.loss:
            continue
        if definition is not None:
            definitions[name] = Definition(
                name, _widened(definition.value, spread, examples, layout), definition.source
            )
        if symbol is not None:
            symbols[name] = _widened_symbol(symbol, examples, layout)
    assert theory.loss is not None
    loss = theory.definitions[theory.loss]
    index = fresh(examples)
    body: Term = Total(index, _over(loss.value.body, spread, index, layout))
    if reduction == "mean":
        body = mul(num(Fraction(1, examples.value)) if examples.value else power(Extent(examples), -1), body)
    definitions[theory.loss] = Definition(theory.loss, Array((), body), loss.source)
    return replace(theory, symbols=symbols, definitions=definitions, batch=examples)


def _size_of_the_batch(theory: Theory) -> Size | None:
    data = [set(symbol.shape) for symbol in (*theory.inputs, *theory.targets) if symbol.shape]
    shared = set.intersection(*data) - {length for symbol in theory.parameters for length in symbol.shape}
    return shared.pop() if len(shared) == 1 else None


def needed_for(theory: Theory, loss: Name) -> dict[Name, None]:
    """Everything that the loss is computed from."""
    if theory.clock is not None:
        raise NotLowerable("its quantities run over time: code is written for networks with numbered layers")
    found: dict[Name, None] = {}
    stack = [loss]
    while stack:
        name = stack.pop()
        if name in found:
            continue
        found[name] = None
        definition = theory.definition(name)
        if definition is not None:
            if name not in theory.definitions:
                raise NotLowerable(f"{name!r} is defined for every layer at once: code needs numbered layers")
            stack.extend(names(definition.value.body))
    return found


def _dependent(theory: Theory) -> frozenset[Name]:
    """Data, and what is computed from data, in one pass in the order of the definitions."""
    found = {symbol.name for symbol in (*theory.inputs, *theory.targets)}
    for name, definition in theory.definitions.items():
        if found & names(definition.value.body):
            found.add(name)
    return frozenset(found)


def _placed(indices: tuple[Index, ...], index: Index, layout: str) -> tuple[Index, ...]:
    return (*indices, index) if layout == "columns" else (index, *indices)


def _widened(value: Array, spread: frozenset[Name], examples: Size, layout: str) -> Array:
    if value.rank > 1:
        raise NotLowerable("a matrix that depends on one example has no room for more examples")
    index = fresh(examples)
    body = _over(value.body, spread, index, layout)
    return Array(_placed(value.indices, index, layout), body, row=not value.rank and layout == "columns")


def _widened_symbol(symbol: Symbol, examples: Size, layout: str) -> Symbol:
    if len(symbol.shape) > 1:
        raise NotLowerable(f"{symbol.name!r} is a matrix for one example, so it has no room for more examples")
    shape = (*symbol.shape, examples) if layout == "columns" else (examples, *symbol.shape)
    return Symbol(symbol.name, shape, symbol.role, row=not symbol.shape and layout == "columns")


def _over(term: Term, spread: frozenset[Name], index: Index, layout: str) -> Term:
    def change(node: Term) -> Term | None:
        if isinstance(node, Entry) and node.name in spread:
            return Entry(node.name, _placed(node.indices, index, layout))
        if isinstance(node, Partial):
            raise NotLowerable(f"{node!r} stands in a definition that is to be computed")
        return None

    return transform(term, change)


def shapes(theory: Theory) -> Mapping[Name, tuple[Size, ...]]:
    """The shape of everything that is named."""
    found = {name: symbol.shape for name, symbol in theory.symbols.items()}
    return found | {name: definition.value.shape for name, definition in theory.definitions.items()}

"""The layers of a network as they are drawn: how many units each has, and what its quantities are called.

Nothing here knows a kind of network. A definition in which a parameter stands begins a layer; the definitions that follow,
up to the next such one, belong to the same layer.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.algebra.names import Name, Size
from derive.algebra.terms import names
from derive.calculus import NotDifferentiable
from derive.calculus.chain import depends
from derive.theory import Definition, Symbol, Theory


@dataclass(frozen=True)
class Layer:
    """Units side by side. `units` is None for a scalar; `quantities` from the weighted sum to what is handed on;
    `parameters` stand in this layer's definitions."""

    units: Size | None
    quantities: tuple[Name, ...]
    parameters: tuple[Name, ...] = ()


def forward_pass(theory: Theory) -> tuple[Definition, ...]:
    """The definitions that the loss is made from, in their order, without the loss itself."""
    loss = theory.loss
    if loss is None:
        raise NotDifferentiable("no loss: a scalar that is defined from the network's output is needed")
    return tuple(
        definition
        for name, definition in theory.definitions.items()
        if name is not loss and depends(theory, loss, name) and _made_of_data(theory, name)
    )


def _made_of_data(theory: Theory, name: Name) -> bool:
    given = [symbol for symbol in theory.symbols.values() if symbol.role in ("input", "parameter")]
    return any(depends(theory, name, symbol.name) for symbol in given)


def layers(theory: Theory) -> tuple[Layer, ...]:
    """Input layer, then the layers in the order of the forward pass; empty where the network is no chain of layers."""
    inputs = theory.inputs
    if len(inputs) != 1 or theory.last is not None:
        return ()
    parameters = {symbol.name: symbol for symbol in theory.parameters}
    groups: list[tuple[list[Name], dict[Name, Symbol]]] = []
    for definition in forward_pass(theory):
        used = names(definition.value.body)
        if theory.targets and any(depends(theory, definition.name, target.name) for target in theory.targets):
            continue  # a residual belongs to the loss
        if any(level.letter for level in definition.name.levels):
            return ()
        own = {name: symbol for name, symbol in parameters.items() if name in used}
        if own:
            groups.append(([definition.name], own))
        elif groups and any(name in used for name in groups[-1][0]):
            groups[-1][0].append(definition.name)
        else:
            return ()
    if not groups:
        return ()
    found: list[Layer] = []
    before = inputs[0].shape
    first_units: Size | None = before[0] if len(before) == 1 else None
    for number, (quantities, own) in enumerate(groups):
        definition = theory.definitions[quantities[0]]
        units_in, units_out = _widths(before, definition.value.shape, own)
        if number == 0:
            found.append(Layer(units_in if units_in is not None else first_units, (inputs[0].name,)))
        found.append(Layer(units_out, tuple(quantities), tuple(own)))
        before = definition.value.shape
    return tuple(found)


def _widths(
    before: tuple[Size, ...], after: tuple[Size, ...], own: dict[Name, Symbol]
) -> tuple[Size | None, Size | None]:
    """How many units a layer's weights lead from and to, told from the shapes of its parameters."""
    for symbol in own.values():
        if len(symbol.shape) == 2:
            one, other = symbol.shape
            if one in after and other in before:
                return other, one
            if one in before and other in after:
                return one, other
    single = before[0] if len(before) == 1 else None
    return single, after[0] if len(after) == 1 else None

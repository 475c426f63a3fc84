r"""Values that are written with what they depend on: `L(w, b) = ...`, `h_\theta(x) = ...`, `f(x) = \|Ax - b\|^2`.

Where such a name is no function of one number, the parentheses only remind the reader: `L(w, b)` is the value L, and `\nabla_w L`
speaks of the same. The reminder is taken off before anything else is read; the name at other arguments keeps it, and is not
understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass, replace

from derive.meaning.naming import base_latex, rebuilt, written
from derive.notation.tree import Applied, Derivative, Fenced, Node, Product, Scripted, Sequence, Styled, Symbol, Word

Calls = Mapping[Node, Node]
"""A name as it is called to the arguments it is called with where it is defined."""


def call(node: Node) -> tuple[Node, Node] | None:
    """A name and what it is called with, where all of it are names: `L(w, b)`, `h_\\theta(x)`, `\\operatorname{loss}(w)`."""
    match node:
        case Product(factors=((_, Symbol() | Styled() | Scripted() as head), ("", Fenced(left="(", body=body)))):
            pass
        case Applied(function=Word() as head, argument=Fenced(left="(", body=body)):
            pass
        case _:
            return None
    arguments = body.items if isinstance(body, Sequence) else (body,)
    found = written(head)
    if found is None or found.primes or found.power is not None or found.transposed:
        return None
    for argument in arguments:
        name = written(argument)
        if name is None or name.power is not None or name.transposed or name.primes:
            return None
    return head, body


def uncalled(part: Node, calls: Calls) -> Node:
    """A formula with the reminders taken off."""
    return _rewritten(part, calls)  # type: ignore[return-value]


def _rewritten(part: object, calls: Calls) -> object:
    if isinstance(part, tuple):
        return tuple(_rewritten(each, calls) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Applied):
        found = call(part)
        if found is not None and calls.get(found[0]) == found[1]:
            return plain(found[0])
    if isinstance(part, Product):
        part = _product(part, calls)
    elif isinstance(part, Scripted) and not part.primes and calls.get(replace(part, sup=None)) is not None:
        return plain(part)
    if isinstance(part, Derivative):
        # `\partial L / \partial w` and `\partial L(w, b) / \partial w` speak of the same L
        operand = part.operand
        part = replace(part, operand=plain(operand) if operand in calls else operand)
    return rebuilt(part, lambda each: _rewritten(each, calls))


def _product(node: Product, calls: Calls) -> Product | Node:
    factors: list[tuple[str, Node]] = []
    skip = False
    for (sign, factor), following in zip(node.factors, (*node.factors[1:], None), strict=True):
        if skip:
            skip = False
            continue
        if factor in calls and following is not None and _reminder(following, calls[factor]):
            factors.append((sign, plain(factor)))
            skip = True
        else:
            factors.append((sign, factor))
    if len(factors) == 1:
        return factors[0][1]
    return replace(node, factors=tuple(factors))


def _reminder(following: tuple[str, Node], arguments: Node) -> bool:
    sign, node = following
    return sign == "" and isinstance(node, Fenced) and node.left == "(" and node.body == arguments


def plain(head: Node) -> Node:
    r"""The name of a value that is called; the subscript of `h_\theta` is part of it."""
    if isinstance(head, Scripted) and head.sub is not None and head.sup is None:
        base, below = base_latex(head.base), base_latex(head.sub)
        if base is not None and below is not None:
            return Symbol(f"{base}_{{{below}}}", span=head.span)
    return head

r"""Formulas that are too wide for their line.

The width is estimated from the tree, in em. A chain `A = B = C` that does not fit becomes aligned rows, one relation in each;
a writer shrinks what is still too wide, and what would have to shrink beyond reading is shown as it was typed.
"""

from __future__ import annotations

from dataclasses import replace

from derive.notation import layout, tree
from derive.notation.tree import (
    Applied,
    BigOperator,
    Cases,
    Derivative,
    Differential,
    Fraction,
    Matrix,
    Node,
    Number,
    Relations,
    Root,
    Rows,
    Scripted,
    Sequence,
    Symbol,
    Tagged,
    Text,
    Word,
)

SMALLEST = 0.55
"""A formula that would have to shrink more than this is not set at all."""

_LETTER, _SIGN, _SCRIPT = 0.58, 1.0, 0.7


def width(node: Node | None) -> float:
    """About how wide a formula is when set, in em; rather too much than too little.

    >>> from derive.notation.parser import parse
    >>> width(parse("a")) < width(parse("a + b")) < width(parse("(a + b) / c"))
    True
    """
    match node:
        case None:
            return 0.0
        case Number(text=text):
            return 0.5 * len(text)
        case Symbol():
            return _LETTER
        case Word(text=text) | Text(text=text):
            return 0.5 * len(text) + 0.2
        case tree.Ellipsis():
            return 1.2
        case Scripted(base=base, sub=sub, sup=sup, primes=primes):
            return width(base) + _SCRIPT * max(width(sub), width(sup)) + 0.3 * primes
        case Fraction(numerator=numerator, denominator=denominator):
            return max(width(numerator), width(denominator)) + 0.3
        case Derivative(operand=operand, variables=variables, style="fraction"):
            return max(width(operand), sum(width(each) + 0.6 for each in variables)) + 0.7
        case Differential(body=body):
            return 0.6 + width(body)
        case Root(body=body):
            return 0.9 + width(body)
        case Applied(function=function, argument=argument):
            return width(function) + width(argument) + 0.2
        case BigOperator(lower=lower, upper=upper, body=body):
            return max(1.5, _SCRIPT * max(width(lower), width(upper))) + width(body)
        case Rows(rows=rows):
            return max((width(row) for row in rows), default=0.0)
        case Matrix(rows=rows):
            columns = max((len(row) for row in rows), default=0)
            return sum(max(width(row[c]) for row in rows if c < len(row)) + 1.0 for c in range(columns)) + 0.8
        case Cases(branches=branches):
            return 2.0 + max(width(value) + width(condition) for value, condition in branches)
        case Tagged(body=body, tag=tag):
            return width(body) + 0.5 * len(tag) + 3
        case Relations(first=first, rest=rest):
            return width(first) + sum(1.6 + width(side) for _, side in rest)
        case Sequence(items=items):
            return sum(width(item) for item in items) + len(items)
        case _:
            return sum(width(part) + 0.35 * _SIGN for part in layout.parts(node))


def broken(node: Node, room: float) -> Node:
    """The formula in rows where it is wider than `room`, cut at its relations or between its statements.

    >>> from derive.notation.parser import parse
    >>> len(broken(parse("a = b = c"), 3).rows)
    2
    """
    if isinstance(node, Tagged):
        return replace(node, body=broken(node.body, room))
    if width(node) <= room:
        return node
    if isinstance(node, Relations) and len(node.rest) > 1:
        first = Relations(node.first, node.rest[:1])
        return Rows("aligned", (first, *(Relations(None, (each,)) for each in node.rest[1:])))
    if isinstance(node, Sequence) and len(node.items) > 1:
        return _filled(node, room)
    return node


def _filled(node: Sequence, room: float) -> Node:
    """Statements in rows, as many in each as there is room for."""
    rows: list[list[int]] = [[]]
    taken = 0.0
    for number, item in enumerate(node.items):
        needed = width(item) + 1.0
        if rows[-1] and taken + needed > room:
            rows.append([])
            taken = 0.0
        rows[-1].append(number)
        taken += needed
    if len(rows) == 1:
        return node
    aligned = all(isinstance(node.items[row[0]], Relations) for row in rows)
    return Rows("aligned" if aligned else "gathered", tuple(_part(node, row) for row in rows))


def _part(node: Sequence, numbers: list[int]) -> Node:
    if len(numbers) == 1:
        return node.items[numbers[0]]
    items = tuple(node.items[number] for number in numbers)
    return Sequence(items, tuple(node.separators[number] for number in numbers[:-1]))


def settable(node: Node, room: float) -> bool:
    """Whether the formula, broken at its relations, can be read in that room.

    >>> from derive.notation.parser import parse
    >>> settable(parse("a = b"), 40), settable(parse("+".join(["a"] * 200)), 40)
    (True, False)
    """
    return width(broken(node, room)) * SMALLEST <= room

"""What all writers share: where a part needs parentheses, and how rows and derivatives fall into pieces.

A tree that was read from a page carries the author's fences as nodes of its own. A tree that was made by calculation
has none, so a writer asks here before it sets a part beside others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import groupby

from derive.notation.tree import (
    Applied,
    BigOperator,
    Cases,
    Derivative,
    Differential,
    Fenced,
    Fraction,
    Matrix,
    Node,
    Product,
    Relations,
    Root,
    Rows,
    Scripted,
    Sequence,
    Sum,
    Symbol,
    Tagged,
    Word,
)

PRECEDENCE: dict[type[Node], int] = {
    Rows: 0,
    Tagged: 0,
    Sequence: 0,
    Relations: 1,
    Sum: 2,
    Product: 3,
    BigOperator: 3,
    Cases: 3,
    Applied: 4,
    Differential: 4,
    Derivative: 4,
    Fraction: 4,
    Scripted: 5,
}
"""How tightly the parts of a node hold together; what is not named here is of one piece."""

ATOM = 6
RELATED, TERM, FACTOR, BASE = 2, 3, 4, 5
"""The least precedence of a side of a relation, a term of a sum, a factor, and what carries a script."""


def precedence(node: Node) -> int:
    """The node's binding strength, see PRECEDENCE."""
    if isinstance(node, Derivative) and node.style == "slash":
        return PRECEDENCE[Product]
    if isinstance(node, Product) and len(node.factors) == 1:
        return precedence(node.factors[0][1])
    return PRECEDENCE.get(type(node), ATOM)


def fenced(node: Node, least: int) -> Node:
    """The node, in parentheses if it holds together less than `least`."""
    return node if precedence(node) >= least else Fenced("(", node, ")")


def juxtaposed(node: Node) -> bool:
    """Whether a product is written without any sign, as `f(x)` is."""
    return isinstance(node, Product) and all(sign == "" for sign, _ in node.factors)


def factors(product: Product) -> list[tuple[str, Node]]:
    """The factors as they are to be printed, parentheses put where another reading threatens."""
    printed = []
    last = len(product.factors) - 1
    for index, (sign, node) in enumerate(product.factors):
        following = product.factors[index + 1] if index < last else None
        if isinstance(node, Product) and len(node.factors) > 1:
            alone = juxtaposed(node) and (sign != "/" or juxtaposed(product))
            node = node if alone or last == 0 else Fenced("(", node, ")")
        elif following is not None and _reaches_on(node, *following):
            node = Fenced("(", node, ")")
        elif isinstance(node, BigOperator) or (isinstance(node, Derivative) and node.style == "slash" and sign != "/"):
            pass
        else:
            node = fenced(node, FACTOR)
        printed.append((sign, node))
    return printed


def _reaches_on(node: Node, sign: str, following: Node) -> bool:
    """Whether the node, written first, would take the next factor for its own."""
    if isinstance(node, BigOperator):
        return True
    if isinstance(node, Applied) and opens(node.argument) is None:
        return sign == "" and not isinstance(following, Applied | Derivative)
    return isinstance(node, Derivative) and node.style == "operator" and not isinstance(node.operand, Fenced)


def argument(node: Applied) -> Node:
    """What a function is written in front of: factors side by side, of which it takes all, else parentheses."""
    inner = node.argument
    if isinstance(inner, Product) and len(inner.factors) > 1:
        first = opens(inner.factors[0][1])
        ends = any(isinstance(part, Applied | Derivative) for _, part in inner.factors[1:])
        whole = juxtaposed(inner) and not ends and (first is None or first.left not in ("(", "[", r"\{"))
        return inner if whole else Fenced("(", inner, ")")
    return fenced(inner, TERM)


def operand(node: Derivative) -> Node:
    """What stands behind the sign of a derivative; `l(o, y)` needs no more parentheses."""
    inner = node.operand
    if node.style == "operator" and isinstance(inner, Product | BigOperator):
        return inner
    return inner if juxtaposed(inner) else fenced(inner, FACTOR)


def orders(node: Derivative) -> list[tuple[Node, int]]:
    """The variables in order, equal neighbours counted together: `(x, x, y)` gives x twice, y once."""
    return [(variable, len(list(group))) for variable, group in groupby(node.variables)]


def one_level(node: Scripted) -> Scripted:
    """A script on a scripted base, as one base with one set of scripts: a layer's transpose goes behind the layer.

    Where the joined scripts could be read otherwise, as in the transpose of a square, the inner base gets parentheses.
    """
    inner = node.base
    if not isinstance(inner, Scripted):
        return node
    inner = one_level(inner)
    free = (node.sub is None or inner.sub is None) and not (node.primes and (inner.sup is not None or inner.primes))
    if inner.sup is None and free:
        return Scripted(inner.base, node.sub or inner.sub, node.sup, inner.primes + node.primes)
    if node.sup is None and free and not node.primes:
        return Scripted(inner.base, node.sub or inner.sub, inner.sup, inner.primes)
    if isinstance(inner.sup, Fenced) and free and node.sup is not None and is_transpose(node.sup):
        return Scripted(inner.base, node.sub or inner.sub, Product((("", inner.sup), ("", node.sup))), inner.primes)
    return Scripted(Fenced("(", inner, ")"), node.sub, node.sup, node.primes)


_TALL = (BigOperator, Cases, Fraction, Matrix, Root, Rows)


def tall(node: Node) -> bool:
    """Whether the delimiters around a node must be larger than a letter's."""
    if isinstance(node, _TALL) or (isinstance(node, Derivative) and node.style in ("fraction", "operator")):
        return True
    return any(tall(part) for part in parts(node))


def parts(node: Node) -> Iterator[Node]:
    """The nodes directly below a node."""
    pending = [getattr(node, field.name) for field in fields(node)]
    while pending:
        value = pending.pop()
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            pending.extend(value)


def word_of(node: Node) -> str:
    """The bare word that a node is or begins with, scripts aside; "" if it is none."""
    if isinstance(node, Applied):
        return word_of(node.function)
    if isinstance(node, Scripted):
        return word_of(node.base)
    return node.text if isinstance(node, Word) else ""


def opens(node: Node) -> Fenced | None:
    """The delimiters that a node begins with, as in `(x)_j`."""
    while isinstance(node, Scripted):
        node = node.base
    return node if isinstance(node, Fenced) else None


@dataclass(frozen=True)
class Halves:
    """A row cut at its first relation, where rows align."""

    left: Node | None
    right: Node | None


CENTRED = frozenset({"gather", "gather*", "gathered", "multline", "multline*", "matrix", "array"})


def halves(row: Node) -> Halves:
    """Cut a row before its first relation (which stays with the right half)."""
    if isinstance(row, Relations):
        return Halves(row.first, Relations(None, row.rest))
    if isinstance(row, Sequence) and row.items and isinstance(row.items[0], Relations):
        first = halves(row.items[0])
        if first.right is not None:
            return Halves(first.left, Sequence((first.right, *row.items[1:]), row.separators))
    if isinstance(row, Tagged):
        inner = halves(row.body)
        if inner.right is not None:
            return Halves(inner.left, Tagged(inner.right, row.tag))
    return Halves(row, None)


TRANSPOSES = frozenset({"T", "t", r"\top", r"\intercal", "⊤"})


def is_transpose(node: Node) -> bool:
    """Whether a superscript looks like the sign of a transpose."""
    body = getattr(node, "body", None)
    if isinstance(node, Symbol | Word):
        return node.text in TRANSPOSES
    return not isinstance(node, Fenced) and isinstance(body, Node) and is_transpose(body)

"""Updates: steps of descent on a loss."""

from __future__ import annotations

from collections.abc import Iterator

from derive.algebra.arrays import Array, ShapeMismatch
from derive.algebra.names import Name
from derive.algebra.terms import Entry, Partial, Term, mul, sub, walk
from derive.calculus.chain import NotDifferentiable, depends
from derive.meaning.collect import Understanding
from derive.meaning.elaborate import Elaborator
from derive.meaning.layers import names_in
from derive.meaning.naming import written
from derive.meaning.prose import climbs
from derive.meaning.scope import NotUnderstood, Vocabulary
from derive.meaning.shapes import bare_letter, is_loss, size_text
from derive.meaning.sums import is_count
from derive.notation.tree import BigOperator, Derivative, Fenced, Fraction, Node, Number, Product, Sum
from derive.proof.gaps import gap
from derive.theory import Theory


def says_its_step(understanding: Understanding, place: int, left: Node, right: Node) -> bool:
    r"""Whether an update names the derivative that it steps along, `w - \eta\,\partial L/\partial w`: down, or up where the
    page climbs. The rate has to be a number that is given."""
    if not isinstance(right, Sum) or len(right.terms) != 2 or right.terms[0] != ("+", left):
        return False
    sign, step = right.terms[1]
    if sign != "-" and not (sign == "+" and climbs(understanding.placed, place)):
        return False
    factors = list(_factors(step))
    slopes = [factor for factor in factors if isinstance(factor, Derivative)]
    if len(slopes) != 1 or slopes[0].variables != (left,):
        return False
    vocabulary = understanding.vocabulary
    loss = written(slopes[0].operand, vocabulary.subscripted, vocabulary.layered)
    if loss is None or not (is_loss(loss.name) or bare_letter(loss.name.base)[0] == "l"):
        return False
    for factor in factors:
        if isinstance(factor, Derivative | Number) or is_count(factor) is not None:
            continue
        name = written(factor, vocabulary.subscripted, vocabulary.layered)
        given = name is not None and name.name not in understanding.theory.definitions
        shape = None if name is None else understanding.table.known(name.name)
        if (
            not given
            or name is None
            or not (size_text(factor) in understanding.table.sizes or (shape and not shape.rank))
        ):
            return False
    try:
        Elaborator(understanding.scope()).side(right)
    except (NotUnderstood, ShapeMismatch):
        return False
    return not gap(understanding, *(Entry(name) for name in _names_of(slopes[0], vocabulary)))


def _factors(node: Node) -> Iterator[Node]:
    match node:
        case Product(factors=factors) if all(sign in ("", r"\cdot", r"\,") for sign, _ in factors):
            for _, factor in factors:
                yield from _factors(factor)
        case Fraction(numerator=above, denominator=below):
            yield from _factors(above)
            yield from _factors(below)
        case BigOperator(operator=r"\sum", body=body):
            yield from _factors(body)
        case Fenced(left="(" | "[", body=body):
            yield from _factors(body)
        case _:
            yield node


def _names_of(node: Node, vocabulary: Vocabulary) -> Iterator[Name]:
    return names_in((node,), vocabulary, symbols=True)


def step_of_descent(theory: Theory, loss: Name, name: Array, right: Array) -> tuple[Array, Array]:
    """An update `w = w - rate * g`: its claim is that `g` is the gradient. What is subtracted is compared with the gradient times
    the one scalar constant in it."""
    body = name.body
    if not isinstance(body, Entry):
        raise NotDifferentiable("what is updated is no name")
    change = sub(name.body, right.at(*name.indices))
    rates = [n for n in walk(right.body) if isinstance(n, Entry) and not n.indices and _is_rate(theory, n.name)]
    if len(set(rates)) != 1:
        raise NotDifferentiable("which factor of the update is the learning rate is not clear")
    gradient: Term = Partial(Entry(loss), body)
    return Array(name.indices, change, name.row), Array(name.indices, mul(rates[0], gradient), name.row)


def _is_rate(theory: Theory, name: Name) -> bool:
    symbol = theory.symbol(name)
    loss = theory.loss
    return (
        symbol is not None and symbol.role == "constant" and not symbol.shape and loss is not None
        and not depends(theory, loss, name)
    )  # fmt: skip

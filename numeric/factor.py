r"""Sums of products that share an operand, with the sum taken first: one matrix product where there were several.

    A C + B C = (A + B) C,   C A + C B = C (A + B)      matrix products
    r u + r v = r (u + v)                               numbers r

Both are the distributive law, read from right to left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction

from numeric.program import Add, Expression, Matmul, Multiply, Number, Reduce, Shape, shape_of

_NUMBER: Shape = (None, None)


def factored(expression: Expression) -> Expression:
    """An expression with the shared operands of its sums in front of, or behind, a single sum.

    >>> from derive.algebra.names import size
    >>> from numeric.program import Variable
    >>> n = size("n")
    >>> A, B, C = (Variable(name, name, (n, n)) for name in "ABC")
    >>> factored(Add((Matmul(A, C), Matmul(B, C)))) == Matmul(Add((A, B)), C)
    True
    """
    parts = tuple(map(factored, expression.parts()))
    expression = expression.over(parts) if parts else expression
    if not isinstance(expression, Add):
        return expression
    terms = list(expression.terms)
    for take in (_last_operand, _first_operand, _summed_along):
        terms = _gathered(terms, take)
    whole = terms[0] if len(terms) == 1 else Add(tuple(terms))
    return _numbers_in_front(whole) if isinstance(whole, Add) else whole


Taken = tuple[object, Callable[[Expression], Expression], Expression]
"""What terms are to share, how it is put around their sum, and what of the term goes into the sum."""


def _gathered(terms: list[Expression], take: Callable[[Expression], Taken | None]) -> list[Expression]:
    groups: dict[object, list[Taken]] = {}
    for place, term in enumerate(terms):
        numbers, rest = _split(term)
        taken = take(rest)
        if taken is None:
            groups[place] = [(place, lambda whole: whole, term)]
            continue
        shared, around, inner = taken
        groups.setdefault((shared, shape_of(inner)), []).append((shared, around, _times(numbers, inner)))
    found: list[Expression] = []
    for group in groups.values():
        if len(group) == 1:
            numbers, inner = _split(group[0][2])
            found.append(_times(numbers, group[0][1](inner)))
        else:
            numbers, inner = _split(_numbers_in_front(Add(tuple(inner for _, _, inner in group))))
            found.append(_times(numbers, group[0][1](inner)))
    return found


def _last_operand(term: Expression) -> Taken | None:
    if not isinstance(term, Matmul):
        return None
    right = term.right
    return ("right", right), lambda left: Matmul(left, right), term.left


def _first_operand(term: Expression) -> Taken | None:
    if not isinstance(term, Matmul):
        return None
    left = term.left
    return ("left", left), lambda right: Matmul(left, right), term.right


def _summed_along(term: Expression) -> Taken | None:
    if not isinstance(term, Reduce) or term.how != "add" or term.axis is None:
        return None
    axis = term.axis
    return ("sum", axis), lambda inner: Reduce(inner, axis, "add"), term.argument


def _numbers_in_front(sum_: Add) -> Expression:
    """The numbers that all terms are multiplied by, in front of the sum; a sign only where all terms have it."""
    split = [_split(term) for term in sum_.terms]
    counts = [Counter(numbers) for numbers, _ in split]
    common = counts[0]
    for other in counts[1:]:
        common = common & other
    shared = [number for number in common.elements() if number != Number(Fraction(1))]
    if not shared:
        return sum_
    terms = []
    for numbers, rest in split:
        left = list(numbers)
        for number in shared:
            left.remove(number)
        terms.append(_times(left, rest))
    return _times(shared, Add(tuple(terms)))


def _split(term: Expression) -> tuple[list[Expression], Expression]:
    """A term's numbers, and the rest of it; a term that is a number throughout has no numbers apart."""
    if not isinstance(term, Multiply) or shape_of(term) == _NUMBER:
        return [], term
    numbers = [factor for factor in term.factors if shape_of(factor) == _NUMBER]
    arrays = [factor for factor in term.factors if shape_of(factor) != _NUMBER]
    return numbers, arrays[0] if len(arrays) == 1 else Multiply(tuple(arrays))


def _times(numbers: list[Expression], rest: Expression) -> Expression:
    factors = (*numbers, *(rest.factors if isinstance(rest, Multiply) else (rest,)))
    return factors[0] if len(factors) == 1 else Multiply(factors)

r"""Kronecker deltas summed away, so that what differentiation gives reads like what a person would have written.

Only sums over an index that stands in a delta are touched; no product is expanded unless a delta inside it asks for
that.

>>> from derive.algebra.names import Index, Name, size
>>> from derive.algebra.terms import Entry, Total, delta, mul
>>> i, k = Index("i", size("n")), Index("k", size("n"))
>>> tidy(Total(k, mul(Entry(Name("u"), (k,)), delta(i, k))))
u[i]
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from derive.algebra.names import Index, Size, fresh
from derive.algebra.terms import (
    ONE,
    Add,
    Delta,
    Extent,
    Mul,
    Num,
    Term,
    Total,
    add,
    mul,
    num,
    power,
    rename,
    transform,
    walk,
)


def tidy(term: Term) -> Term:
    """A term with every sum over a delta's index carried out, equal terms added up and equal factors gathered.

    >>> from derive.algebra.names import Name
    >>> from derive.algebra.terms import Entry, add
    >>> u = Entry(Name("u"))
    >>> tidy(add(mul(u, u), mul(u, u)))
    2*(u)**(2)
    """

    def change(node: Term) -> Term | None:
        match node:
            case Total():
                return summed(node.index, node.body)
            case Add():
                return _alike(node)
            case Mul():
                return _squares(node)
        return None

    return transform(term, change)


def _alike(node: Add) -> Term | None:
    """Terms that are the same up to a number, added up where the first of them stands."""
    counts: dict[Term, Fraction] = {}
    for part in node.terms:
        coefficient, rest = split_number(part)
        counts[rest] = counts.get(rest, Fraction(0)) + coefficient
    if len(counts) == len(node.terms):
        return None
    return add(*(mul(num(coefficient), rest) for rest, coefficient in counts.items()))


def _squares(node: Mul) -> Term | None:
    """Factors that are the same, as a power where the first of them stands."""
    counts = Counter(node.factors)
    if len(counts) == len(node.factors):
        return None
    return mul(*(factor if count == 1 else power(factor, count) for factor, count in counts.items()))


def split_number(term: Term) -> tuple[Fraction, Term]:
    """A term as a number and the rest of its factors."""
    if isinstance(term, Num):
        return term.value, ONE
    if isinstance(term, Mul) and isinstance(term.factors[0], Num):
        return term.factors[0].value, mul(*term.factors[1:])
    return Fraction(1), term


def extent(length: Size) -> Term:
    """The number of elements of a range, as a number where it is one."""
    return Extent(length) if length.value is None else num(length.value)


def summed(index: Index, body: Term) -> Term:
    """The sum of a term over an index; `Total(index, body)` where there is nothing to do."""
    if index not in body.free:
        return mul(extent(index.size), body)
    if not _has_delta(body, index):
        return _outside(index, body)
    match body:
        case Add():
            return add(*(summed(index, part) for part in body.terms))
        case Delta():
            return num(1)
        case Total():
            inner, inside = _apart(body, index)
            return summed(inner, summed(index, inside))
        case Mul():
            return _summed_product(index, body.factors)
        case _:
            return Total(index, body)


def _summed_product(index: Index, factors: tuple[Term, ...]) -> Term:
    for n, factor in enumerate(factors):
        if isinstance(factor, Delta) and index in (factor.left, factor.right):
            other = factor.right if factor.left is index else factor.left
            return rename(mul(*factors[:n], *factors[n + 1 :]), {index: other})
    for n, factor in enumerate(factors):
        before, after = factors[:n], factors[n + 1 :]
        if _has_delta(factor, index):
            if isinstance(factor, Add):
                return add(*(summed(index, mul(*before, part, *after)) for part in factor.terms))
            if isinstance(factor, Total):
                inner, inside = _apart(factor, index, *factors)
                return summed(inner, summed(index, mul(*before, inside, *after)))
    return Total(index, mul(*factors))


def _apart(inner: Total, *others: Index | Term) -> tuple[Index, Term]:
    """A sum's index and body, the index renamed where it means something else outside."""
    taken = {other for other in others if isinstance(other, Index)}
    taken = taken.union(*(other.free for other in others if isinstance(other, Term)))
    if inner.index not in taken:
        return inner.index, inner.body
    new = fresh(inner.index.size)
    return new, rename(inner.body, {inner.index: new})


def _has_delta(term: Term, index: Index) -> bool:
    """Whether a delta with this index stands in a sum or a product here, where it can be summed away."""
    match term:
        case Delta():
            return index in (term.left, term.right)
        case Add() | Mul():
            return index in term.free and any(_has_delta(child, index) for child in term.children())
        case Total():
            return index in term.free and _has_delta(term.body, index)
        case _:
            return False


def _outside(index: Index, body: Term) -> Term:
    """Factors that do not depend on the index of a sum, taken out of it in front: numbers only, so that order is
    kept.
    """
    if isinstance(body, Mul) and isinstance(body.factors[0], Num):
        return mul(body.factors[0], Total(index, mul(*body.factors[1:])))
    return Total(index, body)


def deltas(term: Term) -> bool:
    """Whether any delta is left."""
    return any(isinstance(node, Delta) for node in walk(term))

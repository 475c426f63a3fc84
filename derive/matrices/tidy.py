r"""Kronecker deltas summed away, so that what differentiation gives reads like what a person would have written.

Only sums over an index that stands in a delta are touched; no product is expanded unless a delta inside it asks for
that.

>>> from derive.algebra.terms import Entry, Index, Name, Total, delta, mul, size
>>> i, k = Index("i", size("n")), Index("k", size("n"))
>>> tidy(Total(k, mul(Entry(Name("u"), (k,)), delta(i, k))))
u[i]
"""

from __future__ import annotations

from derive.algebra.terms import (
    Add,
    Delta,
    Extent,
    Index,
    Mul,
    Num,
    Size,
    Term,
    Total,
    add,
    fresh,
    mul,
    num,
    rename,
    transform,
    walk,
)


def tidy(term: Term) -> Term:
    """A term with every sum over a delta's index carried out."""

    def change(node: Term) -> Term | None:
        return summed(node.index, node.body) if isinstance(node, Total) else None

    return transform(term, change)


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

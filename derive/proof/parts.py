r"""Differences that vanish because a part of theirs does: `\sum_t (a_t - b_t)` where every `a_t - b_t` does, `g^\top (A - B)` where
A - B does, the derivative of what vanishes.

What is found is enough for a difference to vanish, and more than it takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from derive.algebra.names import Index, Level, fresh
from derive.algebra.steps import StepSum, instantiate
from derive.algebra.terms import Add, Delta, Entry, Mul, Num, Partial, Term, Total, add, mul, num, rename

_MEMBER = "*member"
"""The letter of the step that stands for any of a sum."""


def simpler(difference: Term) -> Iterator[Term]:
    """Terms of which each, where it vanishes whatever its free indices and letters are, makes the difference vanish."""
    parts = list(flattened(difference, num(1)))
    for reduced in (_before_differentiation(parts), _of_members(parts), _beside_factor(parts)):
        if reduced is not None:
            yield reduced


def flattened(term: Term, by: Term) -> Iterator[tuple[Term, Term]]:
    """The parts of a sum with the numbers before them."""
    if isinstance(term, Add):
        for part in term.terms:
            yield from flattened(part, by)
    elif isinstance(term, Mul) and isinstance(term.factors[0], Num):
        yield from flattened(mul(*term.factors[1:]), mul(by, term.factors[0]))
    else:
        yield by, term


def _before_differentiation(parts: list[tuple[Term, Term]]) -> Term | None:
    """What a difference is the derivative of, where all its parts are derivatives by one entry: where that vanishes whatever the
    entry is, so does its derivative. A Kronecker delta is the derivative of one entry of an array by another."""
    by = {slope.by for _, slope in parts if isinstance(slope, Partial)}
    if len(by) != 1 or all(isinstance(slope, Partial) and isinstance(slope.of, Entry) for _, slope in parts):
        return None
    (entry,) = by
    whole = []
    for number, slope in parts:
        if isinstance(slope, Partial):
            whole.append(mul(number, slope.of))
        elif isinstance(slope, Delta) and len(entry.indices) == 1 and entry.indices[0] in (slope.left, slope.right):
            index = slope.left if entry.indices[0] is slope.right else slope.right
            whole.append(mul(number, Entry(entry.name, (index,))))
        else:
            return None
    return add(*whole)


def _of_members(parts: list[tuple[Term, Term]]) -> Term | None:
    """The difference of the members of sums over the same steps."""
    sums = [(number, part) for number, part in parts if isinstance(part, StepSum)]
    if len(sums) < max(len(parts), 2) or len({(part.first, part.last) for _, part in sums}) != 1:
        return None
    member = Level(_MEMBER, 0)
    return add(*(mul(number, instantiate(part.body, {part.letter: member})) for number, part in sums))


def _beside_factor(parts: list[tuple[Term, Term]]) -> Term | None:
    """What stands beside a vector that all parts are products with, summed over its index."""
    if len(parts) < 2 or not all(isinstance(part, Total) for _, part in parts):
        return None
    first = parts[0][1]
    assert isinstance(first, Total)
    own = fresh(first.index.size)
    for factor in _vectors(first):
        found: list[Term] = []
        for number, part in parts:
            assert isinstance(part, Total)
            if part.index.size is not own.size:
                return None
            factors = _factors(rename(part.body, {part.index: own}))
            if factor_at(factor, first.index, own) not in factors:
                break
            factors.remove(factor_at(factor, first.index, own))
            found.append(mul(number, *factors))
        if len(found) == len(parts):
            return add(*found)
    return None


def _factors(term: Term) -> list[Term]:
    return list(term.factors) if isinstance(term, Mul) else [term]


def _vectors(term: Total) -> Iterator[Term]:
    for factor in _factors(term.body):
        if isinstance(factor, Entry | Partial) and term.index in factor.free:
            yield factor


def factor_at(factor: Term, index: Index, own: Index) -> Term:
    """A factor at another index."""
    return rename(factor, {index: own})

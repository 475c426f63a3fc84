r"""Equality by cases: what holds whether a number is greater than zero or not, holds.

`\max(s, 0) + \log(1 + e^{-|s|}) = \log(1 + e^s)` is no identity of one formula: for s > 0 it is another one than for s < 0. Each
sign that a difference depends on is taken to be positive, then not, and the difference has to vanish every time, as a formula. Of
signs under a sum, `\sum_k f(s_k)`, each summand has its own; there the summands themselves have to vanish.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from derive.algebra.names import Index, Name
from derive.algebra.normal import Normalizer
from derive.algebra.terms import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Mul,
    Positive,
    Term,
    Total,
    add,
    mul,
    rename,
    transform,
    walk,
)

_MOST_SIGNS = 3


def vanishes_by_cases(term: Term, unit: Mapping[Name, int]) -> Normalizer | None:
    """The normalizer under which a difference is zero for every choice of the signs that it depends on, else None.

    The signs may not stand under a sum, or the whole difference is one sum, and its summand is zero.

    Raises:
        TooLarge: a limit was reached.
    """
    for _ in range(2):  # a sum over examples of a sum over classes
        bound = any(isinstance(node, Total) and _signs(node) and _has_index_of(node) for node in walk(term))
        if not bound:
            break
        summand = _summand(term)
        if summand is None:
            return None
        term = summand
    arguments = _arguments(term)
    if not 0 < len(arguments) <= _MOST_SIGNS:
        return None
    normalizer = Normalizer(exponentials=True, unit_sums=unit)
    normalizer.assumptions[("no kink", None)] = None
    for values in product((ONE, ZERO), repeat=len(arguments)):
        chosen = dict(zip(arguments, values, strict=True))
        case = transform(term, lambda node, chosen=chosen: _chosen(node, chosen))  # type: ignore[misc]
        if not normalizer.is_zero(normalizer.polynomial(case)):
            return None
    return normalizer


def _signs(term: Term) -> list[Positive]:
    return [node for node in walk(term) if isinstance(node, Positive)]


def _has_index_of(total: Total) -> bool:
    """Whether a sign depends on what a sum runs over."""
    return any(total.index in sign.free for sign in _signs(total.body))


def _arguments(term: Term) -> tuple[Term, ...]:
    """What signs are asked of, each once: that of u tells that of -u."""
    found: dict[Term, None] = {}
    for sign in _signs(term):
        if not any(_opposite(sign.argument, other) for other in found):
            found[sign.argument] = None
    return tuple(found)


def _opposite(one: Term, other: Term) -> bool:
    normalizer = Normalizer()
    return normalizer.is_zero(normalizer.polynomial(add(one, other)))


def _chosen(node: Term, chosen: Mapping[Term, Term]) -> Term | None:
    if not isinstance(node, Positive):
        return None
    if node.argument in chosen:
        return chosen[node.argument]
    for argument, value in chosen.items():
        if _opposite(node.argument, argument):
            return add(ONE, mul(MINUS_ONE, value))
    return None


def _summand(term: Term) -> Term | None:
    """What a difference sums over an index of one range: `\\sum_k a_k - c \\sum_j b_j` is the sum over k of `a_k - c b_k`."""
    found: list[Term] = []
    index: Index | None = None
    for part in _parts(term):
        factors = part.factors if isinstance(part, Mul) else (part,)
        sums = [factor for factor in factors if isinstance(factor, Total)]
        if len(sums) != 1 or any(_signs(factor) for factor in factors if factor is not sums[0]):
            return None
        own = sums[0]
        index = index or own.index
        if own.index.size is not index.size or index in own.free:
            return None
        body = own.body if own.index is index else rename(own.body, {own.index: index})
        found.append(mul(*(factor for factor in factors if factor is not own), body))
    return add(*found)


def _parts(term: Term) -> Iterator[Term]:
    """The terms of a sum, with factors outside taken into it."""
    if isinstance(term, Add):
        for part in term.terms:
            yield from _parts(part)
    elif isinstance(term, Mul) and sum(isinstance(factor, Add) for factor in term.factors) == 1:
        (inner,) = (factor for factor in term.factors if isinstance(factor, Add))
        others = tuple(factor for factor in term.factors if factor is not inner)
        for part in inner.terms:
            yield from _parts(mul(*others, part))
    else:
        yield term

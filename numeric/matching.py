"""Finding a definition's right side inside a term, up to the names of indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from derive.algebra.names import Index
from derive.algebra.terms import Add, Delta, Entry, Mul, Partial, Pow, Term, Total
from numeric.extreme import Extreme

Binding = dict[Index, Index]


def match(pattern: Term, term: Term, binding: Binding) -> Binding | None:
    """What the pattern's free indices stand for, if the term is the pattern with other indices; None if it is not.

    Sums and products match in the same order only, which is how differentiation leaves what it copies.
    """
    if pattern is term and all(binding.get(index, index) is index for index in pattern.free):
        return binding | {index: index for index in pattern.free}
    if type(pattern) is not type(term):
        return None
    match pattern, term:
        case Entry(name=name, indices=own), Entry(name=other, indices=theirs) if name is other:
            return _bound(own, theirs, binding)
        case Delta(left=a, right=b), Delta(left=c, right=d):
            return _bound((a, b), (c, d), binding)
        case ((Total() | Extreme()), (Total() | Extreme())):
            if pattern.index.size is not term.index.size or not _same_head(pattern, term):
                return None
            inner = match(pattern.body, term.body, binding | {pattern.index: term.index})
            if inner is None:
                return None
            outer = {key: value for key, value in inner.items() if key is not pattern.index}
            return None if term.index in outer.values() else outer
        case Partial(), _:
            return None
    mine, others = pattern.children(), term.children()
    if not mine or len(mine) != len(others) or not _same_head(pattern, term):
        return None
    found = binding
    for left, right in zip(mine, others, strict=True):
        deeper = match(left, right, found)
        if deeper is None:
            return None
        found = deeper
    return found


def _same_head(pattern: Term, term: Term) -> bool:
    """Whether two terms of one kind differ in their children at most."""
    for attribute in ("function", "order", "exponent", "how"):
        if getattr(pattern, attribute, None) != getattr(term, attribute, None):
            return False
    return True


def _bound(own: Sequence[Index], theirs: Sequence[Index], binding: Binding) -> Binding | None:
    found = dict(binding)
    for pattern, index in zip(own, theirs, strict=True):
        if pattern.size is not index.size or found.setdefault(pattern, index) is not index:
            return None
    return found


def factors_of(term: Term) -> tuple[Term, ...]:
    """The factors of a product, an inverse square as two inverses, so that a quotient can be found in it."""
    parts = term.factors if isinstance(term, Mul) else (term,)
    return tuple(single for part in parts for single in _singles(part))


def _singles(part: Term) -> Iterator[Term]:
    if isinstance(part, Pow) and part.exponent.denominator == 1 and 1 < abs(part.exponent) <= 4:
        sign = 1 if part.exponent > 0 else -1
        base = part.base if sign > 0 else Pow(part.base, part.exponent / abs(part.exponent))
        yield from [base] * abs(int(part.exponent))
    else:
        yield part


def match_within(
    pattern: Sequence[Term], factors: Sequence[Term], binding: Binding
) -> tuple[Binding, list[int]] | None:
    """The pattern's factors found among a product's: the binding and their places."""
    if not pattern:
        return binding, []
    for place, factor in enumerate(factors):
        found = match(pattern[0], factor, binding)
        if found is None:
            continue
        rest = [*factors[:place], _TAKEN, *factors[place + 1 :]]
        deeper = match_within(pattern[1:], rest, found)
        if deeper is not None:
            return deeper[0], [place, *deeper[1]]
    return None


_TAKEN = Add(())

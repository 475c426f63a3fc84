r"""Expressions that have a name of their own: a softmax, a maximum with zero, the value of a definition.

Differentiation knows exponentials and sums only, so what it gives holds `exp(z[i]) / sum_k exp(z[k])` where a person would
write the softmax, or the quantity that the page defined as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Literal

from derive.algebra.names import Index, Name
from derive.algebra.terms import (
    ONE,
    Add,
    Entry,
    Fun,
    Mul,
    Positive,
    Pow,
    Term,
    Total,
    add,
    mul,
    neg,
    num,
    power,
    rename,
    transform,
)
from derive.matrices.tidy import split_number
from derive.theory import Definition

_MOST_AXES = 3


@dataclass(frozen=True)
class Stand:
    """What a made-up name stands for: a softmax along the last index of `indices`, or the larger of zero and the argument."""

    kind: Literal["softmax", "maximum"]
    indices: tuple[Index, ...]
    argument: Term


@dataclass
class Patterns:
    """Finds them. `named` are the definitions whose values may be called by their names; with `stands`, what has no name gets
    one that is made up, and `standing` says what it stands for."""

    named: Sequence[Definition] = ()
    stands: bool = True
    standing: dict[Name, Stand] = field(default_factory=dict)
    _made: dict[tuple[str, Term], Name] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._softmaxes = [
            (definition, found)
            for definition in self.named
            if definition.value.rank <= _MOST_AXES
            if (found := _own_softmax(definition)) is not None
        ]

    def __call__(self, term: Term) -> Term:
        """The term with all of them replaced by names."""

        def change(node: Term) -> Term | None:
            if isinstance(node, Mul):
                return self._product(node)
            return self._sum(node) if self.stands and isinstance(node, Add) else None

        return transform(term, change)

    def _product(self, node: Mul) -> Term | None:
        factors = list(node.factors)
        changed = False
        while (found := _softmax_in(factors)) is not None and (entry := self._softmax(found)) is not None:
            factors = [*found.rest, entry]
            changed = True
        while self.stands and (step := _maximum_in(factors)) is not None:
            argument, factors = step
            indices = tuple(sorted(argument.free, key=lambda index: index.label))
            factors.append(self._stand("maximum", indices, argument))
            changed = True
        return mul(*factors) if changed else None

    def _sum(self, node: Add) -> Term | None:
        """max(0, u) - u is max(0, -u)."""
        terms = list(node.terms)
        for place, term in enumerate(terms):
            stand = self.standing.get(term.name) if isinstance(term, Entry) else None
            if stand is None or stand.kind != "maximum" or not isinstance(term, Entry):
                continue
            argument = rename(stand.argument, dict(zip(stand.indices, term.indices, strict=True)))
            opposite = neg(argument)
            if opposite in terms:
                rest = [other for n, other in enumerate(terms) if n != place and other is not opposite]
                return add(*rest, self._stand("maximum", term.indices, opposite))
        return None

    def _softmax(self, found: _Found) -> Term | None:
        for definition, (axis, argument) in self._softmaxes:
            entry = _called(definition, axis, argument, found)
            if entry is not None:
                return entry
        if not self.stands:
            return None
        others = sorted(found.argument.free - {found.index}, key=lambda index: index.label)
        return self._stand("softmax", (*others, found.index), found.argument)

    def _stand(self, kind: Literal["softmax", "maximum"], indices: tuple[Index, ...], argument: Term) -> Term:
        places = tuple(Index(f"#{n}", index.size) for n, index in enumerate(indices))
        general = rename(argument, dict(zip(indices, places, strict=True)))
        name = self._made.setdefault((kind, general), Name(f"{kind} {len(self._made)}"))
        self.standing[name] = Stand(kind, places, general)
        return Entry(name, indices)


@dataclass(frozen=True)
class _Found:
    """exp(argument) over its sum along `index`, taken out of a product; `rest` are the factors that stay."""

    index: Index
    argument: Term
    rest: tuple[Term, ...]


def _softmax_in(factors: Sequence[Term]) -> _Found | None:
    for place, factor in enumerate(factors):
        match factor:
            case Pow(base=Total(index=summed, body=Fun(function="exp", order=0, argument=inside)), exponent=exponent):
                pass
            case _:
                continue
        if exponent.denominator != 1 or exponent >= 0 or summed not in inside.free:
            continue
        for other, above in enumerate(factors):
            base, times = (above.base, above.exponent) if isinstance(above, Pow) else (above, num(1).value)
            if not (isinstance(base, Fun) and base.function == "exp" and base.order == 0 and times >= 1):
                continue
            for index in sorted(base.argument.free, key=lambda index: index.label):
                if index.size is summed.size and rename(inside, {summed: index}) is base.argument:
                    rest = [part for n, part in enumerate(factors) if n not in (place, other)]
                    rest += [power(factor.base, exponent + 1), power(base, times - 1)]
                    return _Found(index, base.argument, tuple(part for part in rest if part is not ONE))
    return None


def _own_softmax(definition: Definition) -> tuple[int, Term] | None:
    """The axis and the argument of a definition that is a softmax and nothing else."""
    value = definition.value
    if not isinstance(value.body, Mul):
        return None
    found = _softmax_in(value.body.factors)
    if found is None or found.rest or found.index not in value.indices:
        return None
    return value.indices.index(found.index), found.argument


def _called(definition: Definition, axis: int, argument: Term, found: _Found) -> Term | None:
    """The entry of a definition whose softmax this is, if it is."""
    own = definition.value.indices
    others = sorted(found.argument.free - {found.index}, key=lambda index: index.label)
    if len(others) != len(own) - 1:
        return None
    for order in permutations(others):
        indices = (*order[:axis], found.index, *order[axis:])
        fits = all(a.size is b.size for a, b in zip(own, indices, strict=True))
        if fits and rename(argument, dict(zip(own, indices, strict=True))) is found.argument:
            return Entry(definition.name, indices)
    return None


def _maximum_in(factors: Sequence[Term]) -> tuple[Term, list[Term]] | None:
    """The argument u of a product that holds u [u > 0], and the factors without both."""
    for place, factor in enumerate(factors):
        if not isinstance(factor, Positive):
            continue
        coefficient, bare = split_number(factor.argument)
        rest = [part for n, part in enumerate(factors) if n != place]
        missing = False
        for part in bare.factors if isinstance(bare, Mul) else (bare,):
            if part in rest:
                rest.remove(part)
            else:
                missing = True
        if not missing and bare is not ONE:
            return factor.argument, [num(1 / coefficient), *rest]
    return None


def cancelled(term: Term) -> Term:
    """Quotients of equal factors left out: `y a / a` is `y`.

    >>> a, y = Entry(Name("a")), Entry(Name("y"))
    >>> cancelled(mul(y, power(a, -1), a))
    y
    """

    def change(node: Term) -> Term | None:
        if not isinstance(node, Mul) or not any(isinstance(factor, Pow) for factor in node.factors):
            return None
        exponents: dict[Term, list[Pow | Term]] = {}
        for factor in node.factors:
            exponents.setdefault(factor.base if isinstance(factor, Pow) else factor, []).append(factor)
        if all(len(same) == 1 for same in exponents.values()):
            return None
        return mul(*(_merged(base, same) for base, same in exponents.items()))

    return transform(term, change)


def _merged(base: Term, same: Sequence[Term]) -> Term:
    return power(base, sum((part.exponent if isinstance(part, Pow) else num(1).value for part in same), num(0).value))


def gathered(term: Term) -> Term:
    """Numbers and named scalars that all terms of a sum share, taken out in front: `(a - y) / m` for `a / m - y / m`.

    >>> a, y, m = Entry(Name("a")), Entry(Name("y")), Entry(Name("m"))
    >>> gathered(add(mul(m, a), mul(num(-1), m, y)))
    m*(a + -1*y)
    """

    def change(node: Term) -> Term | None:
        return _gathered(node) if isinstance(node, Add) else None

    return transform(term, change)


def _gathered(node: Add) -> Term | None:
    split = [split_number(part) for part in node.terms]
    factors = [list(rest.factors) if isinstance(rest, Mul) else [rest] for _, rest in split]
    shared: list[Term] = []
    for factor in tuple(factors[0]):
        if not factor.free and factor is not ONE and all(factor in others for others in factors):
            shared.append(factor)
            for others in factors:
                others.remove(factor)
    sizes = {abs(number) for number, _ in split}
    common = sizes.pop() if len(sizes) == 1 else num(1).value
    if not shared and common == 1:
        return None
    inside = (mul(num(number / common), *rest) for (number, _), rest in zip(split, factors, strict=True))
    return mul(num(common), *shared, add(*inside))

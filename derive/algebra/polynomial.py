r"""Sums of products of indexed factors, and keys that are equal exactly when two of them are the same but for the names of
summed indices.

A `Monomial` is a rational number times factors to rational powers, summed over its bound indices. A `Polynomial` is a tuple of
them, like ones collected. Keys are small integers handed out for structures as they are first met, so comparing two deep
expressions costs one comparison of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import islice, permutations, product
from math import factorial, prod

from derive.algebra.counts import Equation
from derive.algebra.names import Index, Name, Size, fresh

Labels = Mapping[Index, int]


class TooLarge(Exception):
    """The normal form grew beyond its bound, or there is none; nothing follows from that."""


class _Keys:
    """Structures numbered in the order in which they are first seen: equal numbers mean equal structures."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}

    def __call__(self, *structure: object) -> int:
        return self._numbers.setdefault(structure, len(self._numbers))


_key = _Keys()
_MOST_ORDERS = 720
"""Orders of indistinguishable bound indices that are tried; beyond it a key may miss an equality, never invent one."""
_FEW_ORDERS = 6
"""So many are tried before the indices are told apart further."""


@dataclass(frozen=True, eq=False)
class Atom:
    """A factor that is not taken apart. `kind` and `head` say what it is, `indices` which entries, `parts` what it is applied to.

    kinds: entry (head: Name), extent (Size), delta, argument (position), function ((name, order)), positive, base (a polynomial
    under a power), place (an equation between its indices, one where it holds), partial ((name of, name by), indices of both, in
    order), inverse and determinant (of the matrix that the part is over the two `bound` indices; an inverse's head says whether
    that is symmetric).
    """

    kind: str
    head: Name | Size | int | str | tuple[str, int] | tuple[Name, Name] | Equation | None
    indices: tuple[Index, ...] = ()
    parts: tuple[Polynomial, ...] = ()
    bound: tuple[Index, ...] = ()

    @cached_property
    def free(self) -> frozenset[Index]:
        return frozenset(self.indices).union(*(part.free - set(self.bound) for part in self.parts))

    @cached_property
    def plain_key(self) -> int:
        """The key where no index has a label."""
        return self._key_under({}, 0)

    def key(self, labels: Labels, depth: int) -> int:
        return self.plain_key if self.free.isdisjoint(labels) else self._key_under(labels, depth)

    def _key_under(self, labels: Labels, depth: int) -> int:
        places = tuple(_label(index, labels) for index in self.indices)
        if isinstance(self.head, Equation):
            return _key("atom", self.kind, self.head.key(places))
        if self.kind == "delta" or self.head == "symmetric":
            places = tuple(sorted(places))
        if self.bound:
            around = sum(label < 0 for label in labels.values())  # what is bound further out keeps labels of its own
            labels = {**labels, **{index: -1 - around - place for place, index in enumerate(self.bound)}}
        return _key("atom", self.kind, self.head, places, tuple(part.key(labels, depth) for part in self.parts))

    def renamed(self, mapping: Mapping[Index, Index]) -> Atom:
        if self.free.isdisjoint(mapping):
            return self
        indices = tuple(mapping.get(index, index) for index in self.indices)
        inner, bound = mapping, self.bound
        if bound:
            inner = {old: new for old, new in mapping.items() if old not in bound}
            if any(index in inner.values() for index in bound):
                bound = tuple(fresh(index.size) for index in bound)
                inner |= dict(zip(self.bound, bound, strict=True))
        return Atom(self.kind, self.head, indices, tuple(part.renamed(inner) for part in self.parts), bound)


def _label(index: Index, labels: Labels) -> int:
    found = labels.get(index)
    return _key("index", index) if found is None else found


Factor = tuple[Atom, Fraction]


@dataclass(frozen=True, eq=False)
class Monomial:
    """coefficient * sum over `bound` of the product of `factors`."""

    coefficient: Fraction
    factors: tuple[Factor, ...] = ()
    bound: tuple[Index, ...] = ()

    @cached_property
    def free(self) -> frozenset[Index]:
        return frozenset().union(*(atom.free for atom, _ in self.factors)) - frozenset(self.bound)

    @property
    def degree(self) -> Fraction:
        return sum((abs(exponent) for _, exponent in self.factors), Fraction(0))

    def renamed(self, mapping: Mapping[Index, Index]) -> Monomial:
        active = {old: new for old, new in mapping.items() if old in self.free}
        if not active:
            return self
        taken = frozenset(active.values())
        bound = tuple(fresh(index.size) if index in taken else index for index in self.bound)
        active |= {old: new for old, new in zip(self.bound, bound, strict=True) if old is not new}
        return Monomial(self.coefficient, tuple((atom.renamed(active), e) for atom, e in self.factors), bound)

    def apart(self, taken: Iterable[Index]) -> Monomial:
        """The same with bound indices that are none of `taken`."""
        used = frozenset(taken)
        mapping = {index: fresh(index.size) for index in self.bound if index in used}
        if not mapping:
            return self
        factors = tuple((atom.renamed(mapping), exponent) for atom, exponent in self.factors)
        return Monomial(self.coefficient, factors, tuple(mapping.get(index, index) for index in self.bound))

    @cached_property
    def plain_key(self) -> int:
        """The key where no index has a label."""
        return self._key_under({}, 0)

    def key(self, labels: Labels, depth: int) -> int:
        """What the monomial is but for its coefficient."""
        return self.plain_key if self.free.isdisjoint(labels) else self._key_under(labels, depth)

    def _key_under(self, labels: Labels, depth: int) -> int:
        if not self.bound:
            return _key("monomial", _factor_keys(self.factors, labels, depth))
        apart, sums = self._sums
        keys = sorted(_sum_key(bound, factors, labels, depth) for bound, factors in sums)
        return _key("sums", tuple(keys), _factor_keys(apart, labels, depth))

    @cached_property
    def _sums(self) -> tuple[tuple[Factor, ...], tuple[tuple[tuple[Index, ...], tuple[Factor, ...]], ...]]:
        """The factors outside all sums, and the sums that share no index: a product of sums has as many orders as its factors have
        added together, not multiplied."""
        bound = frozenset(self.bound)
        apart: list[Factor] = []
        sums: list[tuple[set[Index], list[Factor]]] = [({index}, []) for index in self.bound]
        for factor in self.factors:
            under = factor[0].free & bound
            if not under:
                apart.append(factor)
                continue
            joined = [each for each in sums if not under.isdisjoint(each[0])]
            first = joined[0]
            for indices, factors in joined[1:]:
                first[0].update(indices)
                first[1].extend(factors)
            first[1].append(factor)
            sums = [each for each in sums if all(each is not other for other in joined[1:])]
        return tuple(apart), tuple(
            (tuple(index for index in self.bound if index in indices), tuple(factors)) for indices, factors in sums
        )


def _sum_key(bound: tuple[Index, ...], factors: tuple[Factor, ...], labels: Labels, depth: int) -> int:
    """The key of a sum over all of `bound`, the least over the orders of its indices.

    The indices are told apart first by where they stand among the factors, so that few orders are left.
    """
    if len(bound) == 1:
        size = (_key("size", bound[0].size),)
        return _key("sum", size, _ordered_keys(bound, factors, labels, depth))
    sizes = {index: _key("size", index.size) for index in bound}
    orders = islice(_orders(sizes, factors, labels, depth), _MOST_ORDERS)
    least = min(
        (tuple(sizes[index] for index in order), _ordered_keys(order, factors, labels, depth)) for order in orders
    )
    return _key("sum", *least)


def _orders(
    colours: dict[Index, int], factors: tuple[Factor, ...], labels: Labels, depth: int
) -> Iterator[tuple[Index, ...]]:
    """The orders of a sum's indices that could be the least, the same ones whatever the indices are called.

    Indices are coloured by the factors they stand in and the colours beside them there, over and over. Where that leaves many
    orders, one index of the first colour that several have is picked, each of them in turn, and the others are told apart by it.
    (Colour refinement and individualisation: McKay and Piperno, Practical graph isomorphism II, 2014, section 3.)
    """
    found = 0
    while True:
        classes: dict[int, list[Index]] = {}
        for index, colour in colours.items():
            classes.setdefault(colour, []).append(index)
        if (found and prod(factorial(len(each)) for each in classes.values()) <= _FEW_ORDERS) or len(classes) == found:
            break
        found = len(classes)
        colours = {index: _recoloured(index, colours, factors, labels, depth) for index in colours}
    groups = [classes[colour] for colour in sorted(classes)]
    if prod(factorial(len(group)) for group in groups) <= _FEW_ORDERS:
        for order in product(*(permutations(group) for group in groups)):
            yield sum(order, ())
        return
    for picked in next(group for group in groups if len(group) > 1):
        yield from _orders({**colours, picked: _key("picked", colours[picked])}, factors, labels, depth)


def _recoloured(
    index: Index, colours: dict[Index, int], factors: tuple[Factor, ...], labels: Labels, depth: int
) -> int:
    """The colour of an index by its own and by the factors it stands in, with the colours of the others there."""
    masked = {**labels, **colours, index: _key("this")}
    beside = sorted((atom.key(masked, depth + 1), exponent) for atom, exponent in factors if index in atom.free)
    return _key("colour", colours[index], tuple(beside))


def _ordered_keys(
    order: tuple[Index, ...], factors: tuple[Factor, ...], labels: Labels, depth: int
) -> tuple[tuple[int, Fraction], ...]:
    numbered = dict(labels)
    numbered.update({index: _key("bound", depth, place) for place, index in enumerate(order)})
    return _factor_keys(factors, numbered, depth + 1)


def _factor_keys(factors: tuple[Factor, ...], labels: Labels, depth: int) -> tuple[tuple[int, Fraction], ...]:
    return tuple(sorted((atom.key(labels, depth), exponent) for atom, exponent in factors))


@dataclass(frozen=True, eq=False)
class Polynomial:
    """A sum of monomials. Build with `collect`, so that like ones are together and none is zero."""

    monomials: tuple[Monomial, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", {})

    @cached_property
    def free(self) -> frozenset[Index]:
        return frozenset().union(*(monomial.free for monomial in self.monomials))

    @property
    def is_zero(self) -> bool:
        return not self.monomials

    @property
    def constant(self) -> Fraction | None:
        """The number that this is, or None."""
        if not self.monomials:
            return Fraction(0)
        only = self.monomials[0]
        return only.coefficient if len(self.monomials) == 1 and not only.factors and not only.bound else None

    def key(self, labels: Labels | None = None, depth: int = 0) -> int:
        if not labels or self.free.isdisjoint(labels):
            labels, depth = {}, 0  # what stands inside knows nothing of the sums around it
        memo: dict[object, int] = self._keys  # type: ignore[attr-defined]
        mine = (depth, tuple(sorted((_key("index", i), labels[i]) for i in self.free if i in labels)))
        found = memo.get(mine)
        if found is None:
            found = _key("sum of", tuple(sorted((m.key(labels, depth), m.coefficient) for m in self.monomials)))
            memo[mine] = found
        return found

    def renamed(self, mapping: Mapping[Index, Index]) -> Polynomial:
        if self.free.isdisjoint(mapping):
            return self
        return Polynomial(tuple(monomial.renamed(mapping) for monomial in self.monomials))

    def scaled(self, by: Fraction) -> Polynomial:
        return Polynomial(tuple(Monomial(m.coefficient * by, m.factors, m.bound) for m in self.monomials if by))


def collect(monomials: Iterable[Monomial]) -> Polynomial:
    """Like monomials added together."""
    waiting = tuple(monomials)
    if len(waiting) == 1:
        return Polynomial(waiting if waiting[0].coefficient else ())
    found: dict[int, Monomial] = {}
    for monomial in waiting:
        key = monomial.key({}, 0)
        like = found.get(key)
        coefficient = monomial.coefficient + (like.coefficient if like else 0)
        found[key] = Monomial(coefficient, (like or monomial).factors, (like or monomial).bound)
    return Polynomial(tuple(monomial for monomial in found.values() if monomial.coefficient))


def multiplied(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials, each with its own sums."""
    right = right.apart(left.bound + tuple(left.free))
    left = left.apart(right.free)
    return Monomial(left.coefficient * right.coefficient, left.factors + right.factors, left.bound + right.bound)


def merged(monomial: Monomial) -> Monomial:
    """Equal factors joined to powers."""
    powers: dict[int, Factor] = {}
    for atom, exponent in monomial.factors:
        key = atom.key({}, 0)
        powers[key] = (powers[key][0], powers[key][1] + exponent) if key in powers else (atom, exponent)
    if len(powers) == len(monomial.factors):
        return monomial
    return Monomial(monomial.coefficient, tuple(factor for factor in powers.values() if factor[1]), monomial.bound)


def number(value: Fraction | int) -> Polynomial:
    return Polynomial((Monomial(Fraction(value)),) if value else ())


_ANY_INDEX = -10_000
"""The label of all indices where they are not told apart."""


def leading(polynomial: Polynomial) -> Monomial:
    """The term that comes first whatever the free indices are called, as far as that tells: under a sum they get other names."""
    alike = dict.fromkeys(polynomial.free, _ANY_INDEX)
    return min(polynomial.monomials, key=lambda monomial: (monomial.key(alike, 0), monomial.key({}, 0)))


def of_atom(atom: Atom, exponent: Fraction | int = 1) -> Polynomial:
    return Polynomial((Monomial(Fraction(1), ((atom, Fraction(exponent)),)),))


def plus(*polynomials: Polynomial) -> Polynomial:
    return collect(monomial for polynomial in polynomials for monomial in polynomial.monomials)

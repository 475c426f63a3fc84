r"""The normal form in which equality is decided.

`Normalizer.polynomial` turns a term into a sum of products: sums distributed, Kronecker deltas eliminated, exponentials split,
derivatives of known functions rewritten into values (`\sigma' = \sigma(1 - \sigma)`), fractions reduced by their own
denominators. Two terms whose difference has the normal form zero are equal for all sizes. The reverse does not hold, and nothing
relies on it.

>>> from derive.algebra.names import Name
>>> from derive.algebra.terms import ONE, Entry, Fun, mul, neg, sub
>>> x = Entry(Name("x"))
>>> s = Fun("sigmoid", 0, x)
>>> Normalizer().equal(Fun("sigmoid", 1, x), mul(s, sub(ONE, s)))
True
>>> Normalizer(exponentials=True).equal(Fun("sigmoid", 0, neg(x)), sub(ONE, s))
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations

from derive.algebra.functions import KNOWN
from derive.algebra.names import Index, Name, Size
from derive.algebra.polynomial import Atom, Factor, Monomial, Polynomial, collect, number, of_atom, plus
from derive.algebra.radicals import radicals, rational_power, splits, whole_power
from derive.algebra.rules import by_argument
from derive.algebra.terms import (
    Add,
    Arg,
    Delta,
    Entry,
    Extent,
    Fun,
    Mul,
    Num,
    Partial,
    Positive,
    Pow,
    Term,
    Total,
    transform,
)

_MOST_MONOMIALS = 20_000
_MOST_POWER = 8
_MOST_WORK = 300_000
"""The most that one claim may cost, counted in factors looked at; about half a second."""


class TooLarge(Exception):
    """The normal form grew beyond its bound; nothing follows from that."""


@dataclass
class Normalizer:
    """Rewrites terms to polynomials, and remembers what it had to assume.

    `exponentials` writes sigmoid, tanh and softplus out in exponentials, which decides identities between them.
    `unit_sums` names arrays whose entries sum to one along an axis (one-hot targets); using it is recorded as an assumption.
    `values` names arrays whose entries are one of two numbers, so that their squares are no news: `y^2 = y` for zero or one.
    `assumptions` collects those and the conditions under which a rule holds: a positive argument of a logarithm, a kink avoided.
    """

    exponentials: bool = False
    unit_sums: Mapping[Name, int] = field(default_factory=dict)
    values: Mapping[Name, tuple[Fraction, Fraction]] = field(default_factory=dict)
    assumptions: dict[tuple[str, object], None] = field(default_factory=dict)
    _memo: dict[Term, Polynomial] = field(default_factory=dict)
    _work: int = 0

    def equal(self, left: Term, right: Term) -> bool:
        """Whether two terms are proved equal. False says nothing."""
        return self.is_zero(plus(self.polynomial(left), self.polynomial(right).scaled(Fraction(-1))))

    def is_zero(self, difference: Polynomial) -> bool:
        for _ in range(6):
            if difference.is_zero:
                return True
            cleared = self._clear(difference)
            if cleared is None:
                return False
            difference = cleared
        return difference.is_zero

    def polynomial(self, term: Term) -> Polynomial:
        found = self._memo.get(term)
        if found is None:
            found = self._polynomial(term)
            if len(found.monomials) > _MOST_MONOMIALS:
                raise TooLarge(f"more than {_MOST_MONOMIALS} products")
            self._memo[term] = found
        return found

    def _polynomial(self, term: Term) -> Polynomial:
        match term:
            case Num():
                return number(term.value)
            case Extent():
                return _extent(term.size)
            case Entry():
                return of_atom(Atom("entry", term.name, term.indices))
            case Arg():
                return of_atom(Atom("argument", term.position))
            case Delta():
                return self._simplify(
                    [Monomial(Fraction(1), ((Atom("delta", None, (term.left, term.right)), Fraction(1)),))]
                )
            case Add():
                return plus(*(self.polynomial(part) for part in term.terms))
            case Mul():
                return self.times(*(self.polynomial(part) for part in term.factors))
            case Pow():
                return self.raised(self.polynomial(term.base), term.exponent)
            case Total():
                return self._summed(self.polynomial(term.body), term.index)
            case Fun():
                return self._function(term)
            case Positive():
                return self._positive(self.polynomial(term.argument))
            case Partial(of=Entry() as of, by=by):
                return of_atom(Atom("partial", (of.name, by.name), of.indices + by.indices))
            case Partial():
                return of_atom(Atom("partial", (Name("?"), term.by.name), term.by.indices, (self.polynomial(term.of),)))
        raise TypeError(f"no normal form for {type(term).__name__}")

    # sums and products

    def times(self, *factors: Polynomial) -> Polynomial:
        single = Monomial(Fraction(1))
        sums: list[Polynomial] = []
        for factor in factors:
            if not factor.monomials:
                return factor
            if len(factor.monomials) == 1:
                single = _product(single, factor.monomials[0])
            else:
                sums.append(factor)
        result = self._simplify([single])
        for factor in sums:
            if len(result.monomials) * len(factor.monomials) > _MOST_MONOMIALS:
                raise TooLarge(f"more than {_MOST_MONOMIALS} products")
            result = self._simplify(_product(a, b) for a in result.monomials for b in factor.monomials)
        return result

    def raised(self, base: Polynomial, exponent: Fraction) -> Polynomial:
        if exponent == 1:
            return base
        if exponent.denominator == 1 and 0 < exponent <= _MOST_POWER:
            return self.times(*[base] * int(exponent))
        if base.is_zero:
            return of_atom(Atom("base", None, (), (base,)), exponent)
        coefficient, common, rest = self._content(base)
        if exponent.denominator != 1 and not all(_positive_atom(atom) for atom, _ in common):
            common, rest = (), base.scaled(1 / coefficient)  # the root of a product splits only over positive factors
        scale = rational_power(coefficient, exponent)
        roots: tuple[tuple[Atom, Fraction], ...] = ()
        if scale is None and splits(coefficient, exponent):
            scale, roots = radicals(coefficient, exponent)
        elif scale is None:
            common, rest, scale = (), base, Fraction(1)
        result = Monomial(scale, (*((atom, power * exponent) for atom, power in common), *roots))
        if rest.constant == 1:
            return self._simplify([result])
        return self._simplify([_product(result, Monomial(Fraction(1), ((Atom("base", None, (), (rest,)), exponent),)))])

    def _content(self, polynomial: Polynomial) -> tuple[Fraction, tuple[Factor, ...], Polynomial]:
        """What a polynomial has for factors, as `_content` tells it. `1 - 1/(1 + u)` has 1/(1 + u), and then u too."""
        coefficient, common, rest = _content(polynomial)
        if common and any(atom.kind == "base" and exponent > 0 for m in rest.monomials for atom, exponent in m.factors):
            opened = self._simplify(rest.monomials)
            if len(opened.monomials) < len(rest.monomials):
                scale, more, rest = _content(opened)
                merged = _merged(Monomial(Fraction(1), (*common, *more)))
                return coefficient * scale, merged.factors, rest
        return coefficient, common, rest

    def _summed(self, body: Polynomial, index: Index) -> Polynomial:
        return self._simplify(Monomial(m.coefficient, m.factors, (*m.bound, index)) for m in body.monomials)

    def _simplify(self, monomials: Iterable[Monomial]) -> Polynomial:
        """Monomials with their deltas, idle sums, expandable powers and reducible fractions worked out, and collected."""
        done: list[Monomial] = []
        waiting = list(monomials)
        steps = 0
        while waiting:
            steps += 1
            if steps > 4 * _MOST_MONOMIALS:
                raise TooLarge("a fraction that does not reduce in a bounded number of steps")
            monomial = _merged(waiting.pop())
            self._work += (1 + len(monomial.bound) ** 2) * (1 + len(monomial.factors))
            if self._work > _MOST_WORK:
                raise TooLarge("it takes too many steps")
            rewritten = self._rewritten(monomial)
            if rewritten is None:
                done.append(monomial)
            else:
                waiting.extend(rewritten.monomials if isinstance(rewritten, Polynomial) else [rewritten])
        return collect(done)

    def _rewritten(self, monomial: Monomial) -> Monomial | Polynomial | None:
        for place, (atom, exponent) in enumerate(monomial.factors):
            others = monomial.factors[:place] + monomial.factors[place + 1 :]
            if atom.kind == "delta":
                eliminated = _without_delta(monomial, atom, others)
                if eliminated is not None:
                    return eliminated
            elif exponent >= 2 and atom.head in self.values and exponent.denominator == 1:
                one, other = self.values[atom.head]  # type: ignore[index]
                less = [Monomial(monomial.coefficient * scale, (*others, (atom, exponent - by)), monomial.bound)
                        for scale, by in ((one + other, 1), (-one * other, 2)) if scale]  # fmt: skip
                return Polynomial(tuple(map(_merged, less)))
            elif atom.kind == "positive" and exponent > 1:
                return Monomial(monomial.coefficient, (*others, (atom, Fraction(1))), monomial.bound)
            elif atom.kind == "base" and (whole := whole_power(atom, exponent)) is not None:
                scale, left_over = whole
                root = ((atom, left_over),) if left_over else ()
                return Monomial(monomial.coefficient * scale, (*others, *root), monomial.bound)
            elif atom.kind == "base" and exponent.denominator == 1 and 0 < exponent <= _MOST_POWER:
                rest = Monomial(monomial.coefficient, others, ())
                opened = self.times(Polynomial((rest,)), self.raised(atom.parts[0], exponent))
                return _resummed(opened, monomial.bound)
        used = frozenset().union(*(atom.free for atom, _ in monomial.factors))
        for index in monomial.bound:
            if index not in used:
                bound = tuple(other for other in monomial.bound if other is not index)
                factor = _extent(index.size).monomials[0]
                return Monomial(monomial.coefficient * factor.coefficient, monomial.factors + factor.factors, bound)
        granted = self._unit_sum(monomial)
        return granted if granted is not None else _reduced(monomial)

    def _unit_sum(self, monomial: Monomial) -> Monomial | None:
        for place, (atom, exponent) in enumerate(monomial.factors):
            if (
                atom.kind != "entry"
                or exponent != 1
                or not isinstance(atom.head, Name)
                or atom.head not in self.unit_sums
            ):
                continue
            index = atom.indices[self.unit_sums[atom.head]]
            others = monomial.factors[:place] + monomial.factors[place + 1 :]
            if (
                index in monomial.bound
                and not any(index in other.free for other, _ in others)
                and atom.indices.count(index) == 1
            ):
                self.assumptions[("unit sum", atom.head)] = None
                return Monomial(monomial.coefficient, others, tuple(i for i in monomial.bound if i is not index))
        return None

    # functions

    def _function(self, term: Fun) -> Polynomial:
        known = KNOWN.get(term.function)
        if known is not None:
            if term.order:
                inner = _derivative(known.name, term.order)
                return self.polynomial(_at(inner, term.argument))
            if known.definition is not None and (self.exponentials or known.name in ("relu", "identity")):
                return self.polynomial(_at(known.definition, term.argument))
        argument = self.polynomial(term.argument)
        if term.function == "exp" and not term.order:
            return self._exponential(argument)
        if term.function == "log" and not term.order:
            return self._logarithm(argument)
        return of_atom(Atom("function", (term.function, term.order), (), (argument,)))

    def _exponential(self, argument: Polynomial) -> Polynomial:
        """exp of a sum is a product of exps, exp of n u is a power of exp u, exp of log u is u."""
        result = number(1)
        for monomial in argument.monomials:
            if len(monomial.factors) == 1 and not monomial.bound and monomial.coefficient.denominator == 1:
                atom, exponent = monomial.factors[0]
                if atom.head == ("log", 0) and exponent == 1:
                    result = self.times(result, self.raised(atom.parts[0], monomial.coefficient))
                    continue
            unit = Monomial(Fraction(1, monomial.coefficient.denominator), monomial.factors, monomial.bound)
            atom = Atom("function", ("exp", 0), (), (Polynomial((unit,)),))
            result = self.times(result, of_atom(atom, monomial.coefficient.numerator))
        return result

    def _logarithm(self, argument: Polynomial) -> Polynomial:
        """log of a product is a sum of logs, log of exp u is u. Where a factor's sign is open, that it is positive is assumed."""
        if argument.is_zero:
            return of_atom(Atom("function", ("log", 0), (), (argument,)))
        coefficient, common, rest = self._content(argument)
        if coefficient < 0:
            coefficient, rest = -coefficient, rest.scaled(Fraction(-1))
        parts = [] if coefficient == 1 else [of_atom(Atom("function", ("log", 0), (), (number(coefficient),)))]
        for atom, exponent in common:
            if atom.head == ("exp", 0):
                parts.append(atom.parts[0].scaled(exponent))
                continue
            inside = atom.parts[0] if atom.kind == "base" else of_atom(atom)
            if not _positive_atom(atom):
                self.assumptions[("positive", inside)] = None
            parts.append(of_atom(Atom("function", ("log", 0), (), (inside,))).scaled(exponent))
        if rest.constant != 1:
            parts.append(of_atom(Atom("function", ("log", 0), (), (rest,))))
        return plus(*parts)

    def _positive(self, argument: Polynomial) -> Polynomial:
        value = argument.constant
        if value is not None:
            return number(1 if value > 0 else 0)
        if all(m.coefficient > 0 and all(_positive_atom(atom) for atom, _ in m.factors) for m in argument.monomials):
            return number(1)
        first = min(argument.monomials, key=lambda monomial: monomial.key({}, 0))
        scaled = argument.scaled(1 / first.coefficient)
        step = of_atom(Atom("positive", None, (), (scaled,)))
        if first.coefficient > 0:
            return step
        self.assumptions[("no kink", scaled)] = None
        return plus(number(1), step.scaled(Fraction(-1)))

    # fractions

    def _clear(self, difference: Polynomial) -> Polynomial | None:
        """The polynomial times its denominators, as far as these have no summed index. A product with what is not zero is zero
        only where the polynomial is."""
        powers: dict[int, tuple[Atom, Fraction]] = {}
        for monomial in difference.monomials:
            for atom, exponent in monomial.factors:
                if atom.kind == "base" and exponent < 0 and atom.free.isdisjoint(monomial.bound):
                    key = atom.key({}, 0)
                    if key not in powers or exponent < powers[key][1]:
                        powers[key] = (atom, exponent)
        if not powers:
            return None
        result = difference
        for atom, exponent in powers.values():
            whole = Fraction(-(exponent.numerator // exponent.denominator))
            result = self.times_raw(result, atom, whole)
        return result

    def times_raw(self, polynomial: Polynomial, atom: Atom, exponent: Fraction) -> Polynomial:
        """A product with a power of a base in which the power first meets its own negative powers."""
        parts = []
        for monomial in polynomial.monomials:
            merged = _merged(_product(monomial, Monomial(Fraction(1), ((atom, exponent),))))
            parts.append(self._expanded(merged))
        return plus(*parts)

    def _expanded(self, monomial: Monomial) -> Polynomial:
        for place, (atom, exponent) in enumerate(monomial.factors):
            if atom.kind == "base" and exponent > 0 and exponent.denominator == 1:
                others = monomial.factors[:place] + monomial.factors[place + 1 :]
                opened = self.times(
                    Polynomial((Monomial(monomial.coefficient, others),)), self.raised(atom.parts[0], exponent)
                )
                return _resummed(opened, monomial.bound) if monomial.bound else opened
        return self._simplify([monomial])


def _extent(length: Size) -> Polynomial:
    return number(length.value) if length.value is not None else of_atom(Atom("extent", length))


def _at(body: Term, argument: Term) -> Term:
    return transform(body, lambda node: argument if isinstance(node, Arg) else None)


def _derivative(function: str, order: int) -> Term:
    """A derivative of a known function, over its argument."""
    body = KNOWN[function].derivative
    for _ in range(order - 1):
        body = by_argument(body)
    return body


def _product(left: Monomial, right: Monomial) -> Monomial:
    right = right.apart(left.bound + tuple(left.free))
    left = left.apart(right.free)
    return Monomial(left.coefficient * right.coefficient, left.factors + right.factors, left.bound + right.bound)


def _merged(monomial: Monomial) -> Monomial:
    """Equal factors joined to powers."""
    powers: dict[int, Factor] = {}
    for atom, exponent in monomial.factors:
        key = atom.key({}, 0)
        powers[key] = (powers[key][0], powers[key][1] + exponent) if key in powers else (atom, exponent)
    if len(powers) == len(monomial.factors):
        return monomial
    return Monomial(monomial.coefficient, tuple(factor for factor in powers.values() if factor[1]), monomial.bound)


def _resummed(polynomial: Polynomial, bound: tuple[Index, ...]) -> Polynomial:
    return Polynomial(tuple(Monomial(m.coefficient, m.factors, m.bound + bound) for m in polynomial.monomials))


def _without_delta(monomial: Monomial, atom: Atom, others: tuple[Factor, ...]) -> Monomial | None:
    """A sum over one of a delta's indices picks the other; between two free indices the other factors use one of them."""
    left, right = atom.indices
    if left is right:
        return Monomial(monomial.coefficient, others, monomial.bound)
    for gone, kept in ((left, right), (right, left)):
        if gone in monomial.bound:
            bound = tuple(index for index in monomial.bound if index is not gone)
            return Monomial(monomial.coefficient, tuple((a.renamed({gone: kept}), e) for a, e in others), bound)
    kept, gone = sorted((left, right), key=lambda index: index.label)
    if any(gone in other.free for other, _ in others):
        renamed = tuple((other.renamed({gone: kept}), exponent) for other, exponent in others)
        return Monomial(monomial.coefficient, (*renamed, (atom, Fraction(1))), monomial.bound)
    exponent = next(e for a, e in monomial.factors if a is atom)
    return None if exponent == 1 else Monomial(monomial.coefficient, (*others, (atom, Fraction(1))), monomial.bound)


def _content(polynomial: Polynomial) -> tuple[Fraction, tuple[Factor, ...], Polynomial]:
    """coefficient * common factors * rest, where rest's leading coefficient is one and it has no factor common to all."""
    lead = _leading(polynomial)
    shared: dict[int, Factor] = {}
    for place, monomial in enumerate(polynomial.monomials):
        own = {} if monomial.bound else {atom.key({}, 0): (atom, exponent) for atom, exponent in monomial.factors}
        if place == 0:
            shared = own
            continue
        for key in {*shared, *own}:  # a factor missing from one of the two has exponent 0 there
            atom = (shared.get(key) or own[key])[0]
            least = min(shared[key][1] if key in shared else Fraction(0), own[key][1] if key in own else Fraction(0))
            shared[key] = (atom, least)
        if monomial.bound:
            shared = {key: factor for key, factor in shared.items() if factor[1] < 0}
    common = tuple((atom, exponent) for atom, exponent in shared.values() if exponent)
    inverse = Monomial(1 / lead.coefficient, tuple((atom, -exponent) for atom, exponent in common))
    rest = collect(_merged(_product(monomial, inverse)) for monomial in polynomial.monomials)
    return lead.coefficient, common, rest


def _leading(polynomial: Polynomial) -> Monomial:
    """The monomial of highest degree, ties broken by key."""
    return max(polynomial.monomials, key=lambda monomial: (monomial.degree, len(monomial.bound), monomial.key({}, 0)))


def _reduced(monomial: Monomial) -> Polynomial | None:
    """A monomial R M / P^k, where M leads P, as R / P^(k-1) - R (P - M) / P^k: fractions lose what their denominator leads with."""
    for atom, exponent in monomial.factors:
        if atom.kind != "base" or exponent > -1:
            continue
        denominator = atom.parts[0]
        lead = _leading(denominator)
        left = _quotient(monomial, lead)
        if left is None:
            continue
        first = _merged(_product(left, Monomial(1 / lead.coefficient, ((atom, Fraction(1)),))))
        rest = [
            _merged(_product(left, Monomial(-m.coefficient / lead.coefficient, m.factors, m.bound)))
            for m in denominator.monomials
            if m is not lead
        ]
        return Polynomial((first, *rest))
    return _parted(monomial)


def _parted(monomial: Monomial) -> Polynomial | None:
    """A monomial R / (a^m P^k), where P = c + Q and a divides Q, as R / (c a^m P^(k-1)) - R Q / (c a^m P^k): by steps, partial
    fractions, in which no denominator has both a and P. With a = e^x and P = 1 + e^x they come with every sigmoid."""
    for atom, exponent in monomial.factors:
        if atom.kind != "base" or exponent > -1:
            continue
        denominator = atom.parts[0]
        constants = [m for m in denominator.monomials if not m.factors and not m.bound]
        others = [m for m in denominator.monomials if m.factors or m.bound]
        if len(constants) != 1 or not others or any(m.bound for m in others):
            continue
        shared = set.intersection(*({a.key({}, 0) for a, e in m.factors if e > 0} for m in others))
        below = any(e <= -1 and a is not atom and a.key({}, 0) in shared for a, e in monomial.factors)
        if not below:
            continue
        scaled = Monomial(monomial.coefficient / constants[0].coefficient, monomial.factors, monomial.bound)
        first = _merged(_product(scaled, Monomial(Fraction(1), ((atom, Fraction(1)),))))
        rest = (_merged(_product(scaled, Monomial(-m.coefficient, m.factors))) for m in others)
        return Polynomial((first, *rest))
    return None


def _quotient(monomial: Monomial, lead: Monomial) -> Monomial | None:
    """The monomial without the factors of `lead`, whose bound indices must occur nowhere else in it."""
    if not lead.factors or len(lead.bound) > len(monomial.bound):
        return None
    for images in permutations(monomial.bound, len(lead.bound)):
        mapping = dict(zip(lead.bound, images, strict=True))
        if any(a.size is not b.size for a, b in mapping.items()):
            continue
        powers = {atom.key({}, 0): (atom, exponent) for atom, exponent in monomial.factors}
        for atom, exponent in lead.factors:
            key = atom.renamed(mapping).key({}, 0)
            if key not in powers or powers[key][1] < exponent or exponent < 0:
                break
            powers[key] = (powers[key][0], powers[key][1] - exponent)
        else:
            rest = tuple(factor for factor in powers.values() if factor[1])
            if not any(not atom.free.isdisjoint(images) for atom, _ in rest):
                bound = tuple(index for index in monomial.bound if index not in images)
                return Monomial(monomial.coefficient, rest, bound)
    return None


def _positive_atom(atom: Atom) -> bool:
    """Whether a factor is greater than zero whatever its variables are."""
    if atom.kind == "extent":
        return True
    if atom.kind == "function" and isinstance(atom.head, tuple) and isinstance(atom.head[0], str):
        known = KNOWN.get(atom.head[0])
        return known is not None and known.positive and atom.head[1] == 0
    if atom.kind == "base":
        return all(
            m.coefficient > 0 and all(_positive_atom(inner) for inner, _ in m.factors) for m in atom.parts[0].monomials
        )
    return False

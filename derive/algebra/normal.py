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

from derive.algebra.functions import KNOWN
from derive.algebra.inverses import cancelled, cleared, inverse, split
from derive.algebra.maps import MapEntry
from derive.algebra.names import Index, Name, fresh
from derive.algebra.over_steps import STEPPED, OverSteps, extent
from derive.algebra.polynomial import (
    Atom,
    Factor,
    Monomial,
    Polynomial,
    collect,
    leading,
    merged,
    multiplied,
    number,
    of_atom,
    plus,
)
from derive.algebra.polynomial import TooLarge as TooLarge
from derive.algebra.quotients import content, positive_atom, reduced
from derive.algebra.radicals import logarithm, radicals, rational_power, splits, whole_power
from derive.algebra.rules import by_argument
from derive.algebra.shifts import agreed, entry_atom
from derive.algebra.stacks import WithStacks, is_selection
from derive.algebra.stepped import lifted, map_atom
from derive.algebra.steps import StepChain, StepDelta, StepMatrixPower, StepPower, StepProduct, StepSum
from derive.algebra.terms import (
    Add,
    Arg,
    Delta,
    Determinant,
    Entry,
    Extent,
    Fun,
    Inverse,
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
MOST_WORK = 300_000
"""The most that one claim may cost, counted in factors looked at; about half a second."""


@dataclass
class Normalizer(OverSteps, WithStacks):
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
    most_work: int = MOST_WORK
    _memo: dict[Term, Polynomial] = field(default_factory=dict)
    _work: int = 0

    def equal(self, left: Term, right: Term) -> bool:
        """Whether two terms are proved equal. False says nothing."""
        return self.is_zero(plus(self.polynomial(left), self.polynomial(right).scaled(Fraction(-1))))

    def is_zero(self, difference: Polynomial) -> bool:
        for _ in range(6):
            if difference.is_zero:
                return True
            without = self._clear(difference)
            if without is None:
                times_matrix = cleared(difference)
                if times_matrix is None:
                    return False
                self.assumptions[("invertible", None)] = None
                without = self._simplify(times_matrix.monomials)
            difference = without
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
                return extent(term.size)
            case Entry():
                return of_atom(entry_atom(term))
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
            case StepSum():
                return self._over_steps(term)
            case StepPower() | StepProduct() | StepChain() | StepMatrixPower():
                return self._between_steps(term)
            case StepDelta():
                raise TooLarge("which of two steps comes first is left open")
            case Fun():
                return self._function(term)
            case Inverse(row=row, column=column):
                return self._inverse(term.i, term.j, self.polynomial(term.body), row, column)
            case MapEntry():
                return of_atom(map_atom(term, self.polynomial(term.body)))
            case Determinant():
                return self._determinant(term.i, term.j, self.polynomial(term.body))
            case Positive():
                return self._positive(self.polynomial(term.argument))
            case Partial(of=Entry() as of, by=by):
                (name, steps), (variable, more) = lifted(of.name), lifted(by.name)
                return of_atom(Atom("partial", (name, variable), of.indices + by.indices + steps + more))
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
                single = multiplied(single, factor.monomials[0])
            else:
                sums.append(factor)
        result = self._simplify([single])
        for factor in sums:
            if len(result.monomials) * len(factor.monomials) > _MOST_MONOMIALS:
                raise TooLarge(f"more than {_MOST_MONOMIALS} products")
            result = self._simplify(multiplied(a, b) for a in result.monomials for b in factor.monomials)
        return result

    def raised(self, base: Polynomial, exponent: Fraction) -> Polynomial:
        if exponent == 1:
            return base
        if exponent.denominator == 1 and 0 < exponent <= _MOST_POWER:
            return self.times(*[base] * int(exponent))
        if base.is_zero:
            return of_atom(Atom("base", None, (), (base,)), exponent)
        coefficient, common, rest = self._content(base)
        if exponent.denominator != 1 and not all(positive_atom(atom) for atom, _ in common):
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
        return self._simplify(
            [multiplied(result, Monomial(Fraction(1), ((Atom("base", None, (), (rest,)), exponent),)))]
        )

    def _content(self, polynomial: Polynomial) -> tuple[Fraction, tuple[Factor, ...], Polynomial]:
        """What a polynomial has for factors, as `content` tells it. `1 - 1/(1 + u)` has 1/(1 + u), and then u too."""
        coefficient, common, rest = content(polynomial)
        if common and any(atom.kind == "base" and exponent > 0 for m in rest.monomials for atom, exponent in m.factors):
            opened = self._simplify(rest.monomials)
            if len(opened.monomials) < len(rest.monomials):
                scale, more, rest = content(opened)
                together = merged(Monomial(Fraction(1), (*common, *more)))
                return coefficient * scale, together.factors, rest
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
            monomial = merged(waiting.pop())
            self._work += (1 + len(monomial.bound) ** 2) * (1 + len(monomial.factors))
            if self._work > self.most_work:
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
                return Polynomial(tuple(map(merged, less)))
            elif atom.kind in STEPPED and (there := self._at_its_step(atom, exponent)) is not None:
                rest = Monomial(monomial.coefficient, others)
                return _resummed(self.times(Polynomial((rest,)), there), monomial.bound)
            elif atom.kind in ("positive", "place") and exponent > 1:
                return Monomial(monomial.coefficient, (*others, (atom, Fraction(1))), monomial.bound)
            elif atom.kind == "base" and (whole := whole_power(atom, exponent)) is not None:
                scale, left_over = whole
                root = ((atom, left_over),) if left_over else ()
                return Monomial(monomial.coefficient * scale, (*others, *root), monomial.bound)
            elif atom.kind == "base" and exponent.denominator == 1 and 0 < exponent <= _MOST_POWER:
                rest = Monomial(monomial.coefficient, others, ())
                opened = self.times(Polynomial((rest,)), self.raised(atom.parts[0], exponent))
                return _resummed(opened, monomial.bound)
            elif is_selection(atom) and (chosen := self._selected(monomial, place)) is not None:
                return chosen
        used = frozenset().union(*(atom.free for atom, _ in monomial.factors))
        for index in monomial.bound:
            if index not in used:
                bound = tuple(other for other in monomial.bound if other is not index)
                once = Monomial(monomial.coefficient, monomial.factors, bound)
                return Polynomial(tuple(multiplied(once, factor) for factor in extent(index.size).monomials))
            if index.size.summands and (parts := self._by_parts(monomial, index)) is not None:
                return parts
        if (granted := self._unit_sum(monomial)) is not None:
            return granted
        if any(atom.kind == "inverse" for atom, _ in monomial.factors) and (met := cancelled(monomial)) is not None:
            self.assumptions[("invertible", None)] = None
            return met
        return agreed(monomial) or reduced(monomial)

    def _unit_sum(self, monomial: Monomial) -> Monomial | None:
        for place, (atom, exponent) in enumerate(monomial.factors):
            if atom.kind != "entry" or exponent != 1 or not isinstance(atom.head, Name):
                continue
            if (family := self._distribution(atom.head)) is None:
                continue
            index = atom.indices[self.unit_sums[family]]
            others = monomial.factors[:place] + monomial.factors[place + 1 :]
            if (
                index in monomial.bound
                and not any(index in other.free for other, _ in others)
                and atom.indices.count(index) == 1
            ):
                self.assumptions[("unit sum", family)] = None
                return Monomial(monomial.coefficient, others, tuple(i for i in monomial.bound if i is not index))
        return None

    def _distribution(self, name: Name) -> Name | None:
        """What says that the entries of a name add up to one: the name itself, or its family."""
        if name in self.unit_sums or not name.levels:
            return name if name in self.unit_sums else None
        return next((own for own in self.unit_sums if own.base == name.base and _is_family(own, name)), None)

    # matrices as a whole

    def _inverse(self, i: Index, j: Index, body: Polynomial, row: Index, column: Index) -> Polynomial:
        """An entry of an inverse: scalar factors come out, a product turns round, a diagonal matrix has its entries inverted."""
        coefficient, common, rest = self._content(body)
        inside = tuple(factor for factor in common if not factor[0].free.isdisjoint((i, j)))
        outside = tuple((atom, -exponent) for atom, exponent in common if (atom, exponent) not in inside)
        rest = self._simplify(multiplied(Monomial(Fraction(1), inside), m) for m in rest.monomials)
        scale = Polynomial((Monomial(1 / coefficient, outside),))
        only = rest.monomials[0] if len(rest.monomials) == 1 else None
        if only is not None and not only.bound:
            diagonal = [f for f in only.factors if f[0].kind == "delta" and set(f[0].indices) == {i, j}]
            if diagonal:
                entries = Monomial(only.coefficient, tuple(f for f in only.factors if f is not diagonal[0]))
                here = Polynomial((entries,)).renamed({i: row, j: row})
                same = Polynomial(
                    (Monomial(Fraction(1), ((diagonal[0][0].renamed({i: row, j: column}), Fraction(1)),)),)
                )
                return self.times(scale, same, self.raised(here, Fraction(-1)))
            if len(only.factors) == 1 and only.factors[0][0].kind == "inverse" and only.factors[0][1] == 1:
                inner = only.factors[0][0]
                turned = inner.indices == (j, i)
                mapping = dict(zip(inner.bound, (column, row) if turned else (row, column), strict=True))
                return self.times(scale, inner.parts[0].renamed(mapping))
        parts = split(i, j, rest)
        if parts is not None:
            left, right, k = parts
            between = fresh(i.size)
            product = self.times(self._inverse(k, j, right, row, between), self._inverse(i, k, left, between, column))
            return self.times(scale, self._summed(product, between))
        self.assumptions[("invertible", None)] = None
        return self.times(scale, of_atom(inverse(i, j, rest, row, column)))

    def _determinant(self, i: Index, j: Index, body: Polynomial) -> Polynomial:
        """A determinant: that of a product is the product of the determinants, that of an inverse is one over it."""
        parts = split(i, j, body)
        if parts is not None:
            left, right, k = parts
            return self.times(self._determinant(i, k, left), self._determinant(k, j, right))
        only = body.monomials[0] if len(body.monomials) == 1 else None
        if only is not None and not only.bound and only.coefficient == 1 and len(only.factors) == 1:
            (atom, exponent) = only.factors[0]
            if atom.kind == "inverse" and exponent == 1 and set(atom.indices) == {i, j}:
                one, other = atom.bound
                return self.raised(self._determinant(one, other, atom.parts[0]), Fraction(-1))
            if atom.kind == "delta":
                return number(1)
        turned = body.renamed({i: j, j: i})
        if turned.key({i: -1, j: -2}) < body.key({i: -1, j: -2}):
            body = turned
        return of_atom(Atom("determinant", None, (), (body,), (i, j)))

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
        parts = [] if coefficient == 1 else [logarithm(coefficient)]
        for atom, exponent in common:
            if atom.head == ("exp", 0):
                parts.append(atom.parts[0].scaled(exponent))
                continue
            if atom.kind == "base":  # of the root of a product, each factor under the root
                if not positive_atom(atom):
                    self.assumptions[("positive", atom.parts[0])] = None
                parts.append(self._logarithm(atom.parts[0]).scaled(exponent))
                continue
            inside = of_atom(atom)
            if not positive_atom(atom):
                self.assumptions[("positive", inside)] = None
            parts.append(of_atom(Atom("function", ("log", 0), (), (inside,))).scaled(exponent))
        if rest.constant != 1:
            parts.append(of_atom(Atom("function", ("log", 0), (), (rest,))))
        return plus(*parts)

    def _positive(self, argument: Polynomial) -> Polynomial:
        if (value := argument.constant) is not None:
            return number(1 if value > 0 else 0)
        if all(m.coefficient > 0 and all(positive_atom(atom) for atom, _ in m.factors) for m in argument.monomials):
            return number(1)
        first = leading(argument)
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
            product = merged(multiplied(monomial, Monomial(Fraction(1), ((atom, exponent),))))
            parts.append(self._expanded(product))
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


def _is_family(family: Name, name: Name) -> bool:
    return len(family.levels) == len(name.levels) and all(level.letter for level in family.levels)


def _at(body: Term, argument: Term) -> Term:
    return transform(body, lambda node: argument if isinstance(node, Arg) else None)


def _derivative(function: str, order: int) -> Term:
    body = KNOWN[function].derivative
    for _ in range(order - 1):
        body = by_argument(body)
    return body


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

r"""The normal form of what runs over steps: sums, powers and products whose bounds or exponents are letters.

A geometric sum has a closed form. A power `w^{t-k}` is `w^t / w^k`, and a product from k+1 to t is that up to t over that up to k:
where no factor is zero, and both sides of what is proved are as smooth at zero as elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from derive.algebra.names import Index, Level, Name, Size, fresh, size
from derive.algebra.polynomial import Atom, Monomial, Polynomial, TooLarge, merged, number, of_atom, plus
from derive.algebra.stepped import (
    OpenSteps,
    at_step,
    count_of,
    from_zero,
    geometric,
    lifted,
    step_index,
    summed_over_steps,
)
from derive.algebra.steps import StepChain, StepMatrixPower, StepPower, StepProduct, StepSum, as_chain
from derive.algebra.terms import Term

STEPPED = frozenset({"step power", "step product", "step count", "chain"})
"""Kinds of factors that stand for all steps up to one, or between two."""
_MOST_FACTORS = 6


class OverSteps:
    """The part of the normaliser that knows steps."""

    assumptions: dict[tuple[str, object], None]

    def polynomial(self, term: Term) -> Polynomial:
        raise NotImplementedError

    def times(self, *factors: Polynomial) -> Polynomial:
        raise NotImplementedError

    def raised(self, base: Polynomial, exponent: Fraction) -> Polynomial:
        raise NotImplementedError

    def _simplify(self, monomials: Iterable[Monomial]) -> Polynomial:
        raise NotImplementedError

    def _over_steps(self, term: StepSum) -> Polynomial:
        body = self.polynomial(term.body)
        try:
            ratios, rest = geometric(body, term.letter)
            sums = [self._geometric_sum(outside, term, inside) for outside, inside in ratios]
            return plus(self._simplify(summed_over_steps(rest, term.letter, term.first, term.last)), *sums)
        except OpenSteps as error:
            raise TooLarge(str(error)) from error

    def _geometric_sum(
        self, outside: Monomial, term: StepSum, powers: Iterable[tuple[Polynomial, Fraction]]
    ) -> Polynomial:
        """sum of r^s from m to n = (r^(n+1) - r^m) / (r - 1), for r other than one."""
        bases = [(base, int(exponent)) for base, exponent in powers]
        ratio = self.times(*(self.raised(base, Fraction(by)) for base, by in bases))
        less = plus(ratio, number(-1))
        self.assumptions[("not one", None)] = None

        def at(level: Level) -> Polynomial:
            parts = [self._raised_to(base, level.letter, by) for base, by in bases if level.letter]
            return self.times(*parts, self.raised(ratio, Fraction(level.offset)) if level.offset else number(1))

        ends = plus(at(term.last.shifted(1)), at(term.first).scaled(Fraction(-1)))
        return self.times(Polynomial((outside,)), ends, self.raised(less, Fraction(-1)))

    def _at_its_step(self, atom: Atom, exponent: Fraction) -> Polynomial | None:
        """`w^{s+1}` as `w w^s`, a product up to s+1 as that up to s times one factor more, the count of s+1 as that of s and one;
        all of it worked out at a number. None where there is nothing to do."""
        assert isinstance(atom.head, Name)
        if atom.kind == "chain":
            return self._links(atom, exponent)
        (level,) = atom.head.levels
        if level.letter and not level.offset:
            return None
        plain = number(1)
        if level.letter:
            plain = of_atom(Atom(atom.kind, Name("", (Level(level.letter, 0),)), atom.indices, atom.parts, atom.bound))
        if atom.kind == "step count":
            counted = plus(number(level.offset), plain) if level.letter else number(level.offset)
            return self.raised(counted, exponent)
        if atom.kind == "step power":
            further = self.raised(atom.parts[0], Fraction(level.offset)) if level.offset else number(1)
        else:
            further = self._factors(atom, level)
        return self.times(self.raised(plain, exponent), self.raised(further, exponent))

    def _factors(self, atom: Atom, level: Level) -> Polynomial:
        """What a product up to a step has beyond the one up to its letter, or to zero; a quotient where it has less."""
        if abs(level.offset) > _MOST_FACTORS:
            raise TooLarge("a product over steps that ends far from where others do")
        places = range(1, level.offset + 1) if level.offset > 0 else range(level.offset + 1, 1)
        step, own = atom.bound[0], atom.indices[0] if atom.indices else None
        found = [at_step(atom.parts[0], step, Level(level.letter, place), own) for place in places]
        whole = self.times(*(self._simplify(each.monomials) for each in found))
        return whole if level.offset > 0 else self.raised(whole, Fraction(-1))

    def _links(self, atom: Atom, exponent: Fraction) -> Polynomial | None:
        """A product of matrices between steps that are known apart, written out: the last stands on the left."""
        assert isinstance(atom.head, Name)
        first, last = atom.head.levels
        (row, column, *steps), (i, j, step) = atom.indices, atom.bound
        if first.letter != last.letter or len({*steps}) > 1:
            return None
        count = last.offset - first.offset + 1
        if count > _MOST_FACTORS:
            return None
        own = steps[0] if steps else None
        whole = number(1) if count > 0 else of_atom(Atom("delta", None, (row, column)))
        between = [fresh(i.size) for _ in range(count - 1)]
        places = [row, *between, column]
        for place in range(count):
            link = at_step(atom.parts[0], step, last.shifted(-place), own)
            whole = self.times(whole, link.renamed({i: places[place], j: places[place + 1]}))
        bound = tuple(between)
        whole = self._simplify(Monomial(m.coefficient, m.factors, m.bound + bound) for m in whole.monomials)
        return self.raised(whole, exponent)

    def _chain(self, term: StepChain | StepMatrixPower) -> Polynomial:
        """A product of matrices over steps: shifted so that the matrix stands at the step itself, or the first step at one past its
        letter where the matrix is the same at all steps."""
        chain = as_chain(term) if isinstance(term, StepMatrixPower) else term
        if chain is None:
            raise TooLarge("a matrix to a power that counts steps in more than one way")
        aligned, by, step = self._member(chain)
        if step not in aligned.free:
            by = chain.first.offset - 1
        name, steps = lifted(Name("", (chain.first.shifted(-by), chain.last.shifted(-by))))
        atom = Atom("chain", name, (chain.row, chain.column, *steps), (aligned,), (chain.i, chain.j, step))
        return self._simplify([Monomial(Fraction(1), ((atom, Fraction(1)),))])

    def _member(self, chain: StepChain) -> tuple[Polynomial, int, Index]:
        step = step_index(chain.letter)
        return *from_zero(self.polynomial(chain.body), step), step

    def kind(self, chain: StepChain) -> tuple[object, int]:
        """What a product of matrices is of, whatever its ends and the letters in it, and by how much its steps stand further on."""
        try:
            aligned, by, step = self._member(chain)
        except (TooLarge, OpenSteps):
            return chain.body, 0
        return Atom("chain", Name(""), (), (aligned,), (chain.i, chain.j, step)).plain_key, by

    def _between_steps(self, term: StepPower | StepProduct | StepChain | StepMatrixPower) -> Polynomial:
        match term:
            case StepPower():
                return self._step_power(term)
            case StepProduct():
                return self._step_product(term)
        return self._chain(term)

    def _step_product(self, term: StepProduct) -> Polynomial:
        """The product up to the last step over that up to the one before the first; of a product every factor by itself."""
        body, step = self.polynomial(term.body), step_index(term.letter)
        if body.is_zero:
            raise TooLarge("a product of zeros")
        only = body.monomials[0] if len(body.monomials) == 1 else None
        if only is None or only.bound:
            return self._product_of(body, step, term)
        found = [
            self.raised(self._product_of(of_atom(atom), step, term), exponent)
            for atom, exponent in only.factors
            if step in atom.free
        ]
        fixed = tuple((atom, exponent) for atom, exponent in only.factors if step not in atom.free)
        if fixed or only.coefficient != 1:
            base = Polynomial((Monomial(only.coefficient, fixed),))
            ends = (term.last, 1), (term.first, -1)
            found += [self._raised_to(base, level.letter, by) for level, by in ends if level.letter]
            by = term.last.offset - term.first.offset + 1
            found.append(self.raised(base, Fraction(by)) if by else number(1))
        return self.times(*found)

    def _product_of(self, body: Polynomial, step: Index, term: StepProduct) -> Polynomial:
        aligned, by = from_zero(body, step)
        parts = []
        for level, exponent in ((term.last.shifted(-by), 1), (term.first.shifted(-by - 1), -1)):
            name, steps = lifted(Name("", (level,)))
            atom = Atom("step product", name, steps, (aligned,), (step,))
            parts.append(self._simplify([Monomial(Fraction(1), ((atom, Fraction(exponent)),))]))
        return self.times(*parts)

    def _step_power(self, term: StepPower) -> Polynomial:
        base = self.polynomial(term.base)
        if base.is_zero:
            raise TooLarge("zero to a power that counts steps")
        parts = [self._raised_to(base, letter, by) for letter, by in term.letters]
        return self.times(*parts, self.raised(base, Fraction(term.offset)) if term.offset else number(1))

    def _raised_to(self, base: Polynomial, letter: str, by: int) -> Polynomial:
        """A base to a multiple of a step: of a product every factor is raised."""
        only = base.monomials[0] if len(base.monomials) == 1 else None
        if base.constant == 1:
            return base
        if only is not None and not only.bound and (only.coefficient == 1 or len(only.factors) > 0):
            factors = [(of_atom(atom), exponent) for atom, exponent in only.factors]
            if only.coefficient != 1:
                factors.append((number(only.coefficient), Fraction(1)))
            if len(factors) > 1 or factors[0][1] != 1:
                if any(exponent.denominator != 1 for _, exponent in factors):
                    raise TooLarge("a root to a power that counts steps")
                return self.times(
                    *(self._raised_to(factor, letter, by * int(exponent)) for factor, exponent in factors)
                )
        name, steps = lifted(Name("", (Level(letter, 0),)))
        return of_atom(Atom("step power", name, steps, (base,)), Fraction(by))


def extent(length: Size) -> Polynomial:
    """How many there are of an index range."""
    if length.value is not None:
        return number(length.value)
    if length.parts:
        products = (
            Monomial(Fraction(by), tuple((Atom("extent", size(name)), Fraction(1)) for name in names))
            for names, by in length.parts
        )
        return plus(*(Polynomial((merged(each),)) for each in products))
    if length.summands:
        return plus(*map(extent, length.summands))
    steps = count_of(length)
    if steps is None:
        return of_atom(Atom("extent", length))
    constant, letters = steps
    return plus(number(constant), *(_letter_count(letter).scaled(Fraction(sign)) for letter, sign in letters))


def _letter_count(letter: str) -> Polynomial:
    """The number of steps up to the one of that letter."""
    name, steps = lifted(Name("", (Level(letter, 0),)))
    return of_atom(Atom("step count", name, steps))

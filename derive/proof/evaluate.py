"""Terms at concrete sizes and inputs, in floating point (to look) or in ball arithmetic (to know).

A `Point` fixes every size to a small number and every undefined entry to a rational number drawn from a seeded generator;
definitions are evaluated through, derivatives by the chain rule.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from derive.algebra.counts import Count, counted
from derive.algebra.functions import KNOWN
from derive.algebra.maps import MapEntry
from derive.algebra.names import Index, Name, Selection, Size, fresh
from derive.algebra.rules import by_argument
from derive.algebra.shifts import PLACE, Bound, Pick, bounds, bracket_of, holds, picks, without
from derive.algebra.steps import STEPS
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
    add,
    mul,
    num,
)
from derive.calculus.chain import expand
from derive.proof.arithmetic import Arithmetic, BeyondEnd, Matrix, Undefined, Value
from derive.theory import SUM_OVER_INPUTS, Theory

_LENGTHS = ((2, 3, 4), (3, 4, 2), (4, 2, 3), (4, 3, 2), (3, 2, 4), (2, 4, 3))


@dataclass
class Point:
    """Concrete sizes and inputs. `inputs` fills as entries are asked for, so it holds just what was used."""

    theory: Theory
    seed: int
    sizes: dict[Size, int] = field(default_factory=dict)
    inputs: dict[tuple[Name, tuple[int, ...]], Fraction] = field(default_factory=dict)
    positive: frozenset[Name] = frozenset()
    unit: Mapping[Name, int] = field(default_factory=dict)

    def length(self, size: Size) -> int:
        if size.value is not None:
            return size.value
        if size.parts:
            total = Count(size.parts).at(self.length)
            if total < 1:
                raise Undefined("a range without entries")
            return total
        if size.summands:
            return sum(map(self.length, size.summands))
        if size.name.partition("@")[0] == STEPS:
            raise Undefined("a number of steps, and no number was chosen for it")
        ends = self.theory.ends
        if ends is not None and size in ends.blocks:
            return ends.blocks[size].at(self.length)
        if size not in self.sizes and ends is not None and size in ends.long | ends.short:
            own = len(self.sizes) + self.seed
            self.sizes[size] = (
                2 * (ends.margin or 0) + 5 + own % 3 if size in ends.long else 2 + own % 2 + (size in ends.unsure)
            )
        if size not in self.sizes:
            # other sizes at every point, in another order: a factor of one half is no mean over two, and a matrix that is wide at
            # one point is tall at another
            self.sizes[size] = _LENGTHS[self.seed % len(_LENGTHS)][len(self.sizes) % 3]
        return self.sizes[size]

    def places(self, size: Size) -> range:
        """The places of a range at which a page's claims are compared: where arrays have ends that shifts may reach, those far from
        both, and none that is there only if a page counts from zero."""
        length, ends = self.length(size), self.theory.ends
        if ends is None:
            return range(length)
        letters = (Size(name) for name in counted(size).letters)
        if ends.margin is not None and not ends.long.isdisjoint(letters):
            away = length * ends.margin // (2 * ends.margin + 5)
            return range(away, length - away)
        return range(int(size in ends.unsure), length)

    def input(self, name: Name, places: tuple[int, ...], sizes: tuple[Size, ...]) -> Fraction:
        if isinstance(name, Selection):
            return Fraction(int(places[0] == self.length(name.start) + sum(places[1:])))
        if name.base.startswith(SUM_OVER_INPUTS):
            return Fraction(1)  # of a training set that holds one input
        if name in self.theory.symmetric:
            places = tuple(sorted(places))
        key = (name, places)
        if self.theory.ends is not None and self.theory.ends.margin is None:
            raise Undefined("entries that are shifted too far for a point to be chosen")
        if self.theory.ends is not None and any(
            place not in self.places(size) for place, size in zip(places, sizes, strict=True)
        ):
            if name in self.unit or name in self.theory.values:
                raise Undefined("an array that has to be zero near its ends, and cannot")
            return Fraction(0)
        if key not in self.inputs:
            if name in self.unit:
                axis = self.unit[name]
                chosen = random.Random(f"{self.seed} {name!r} {places[:axis]} {places[axis + 1 :]}").randrange(
                    self.length(sizes[axis])
                )
                self.inputs[key] = Fraction(1 if places[axis] == chosen else 0)
            elif name in self.theory.values:
                self.inputs[key] = random.Random(f"{self.seed} {name!r} {places}").choice(self.theory.values[name])
            else:
                drawn = random.Random(f"{self.seed} {name!r} {places}")
                value = Fraction(drawn.randint(1, 9), drawn.choice((4, 5, 7, 10)))
                self.inputs[key] = value if name in self.positive or drawn.random() < 0.6 else -value
        return self.inputs[key]


class Evaluation:
    """Values of terms at a point, each computed once."""

    def __init__(self, point: Point, arithmetic: Arithmetic) -> None:
        self.point, self.arithmetic = point, arithmetic
        self._memo: dict[tuple[object, ...], Value] = {}
        self._orders: dict[Term, tuple[Index, ...]] = {}
        self._derivatives: dict[tuple[str, int], Term] = {}
        self._expanded: dict[Partial, Term] = {}
        self._derived: dict[tuple[Name, Name], Partial] = {}
        self._shifted = point.theory.ends is not None
        self._picks: dict[Total, tuple[Pick, ...]] = {}
        self._bounds: dict[Total, tuple[Bound, ...]] = {}
        self._beside: dict[tuple[Total, Entry], Term] = {}
        self._one, self._zero = arithmetic.number(Fraction(1)), arithmetic.number(Fraction(0))

    def value(self, term: Term, places: Mapping[Index, int] | None = None) -> Value:
        """The value of a term, its free indices at the given places (0-based).

        Raises:
            Undefined: a value does not exist at this point, or its sign is left open.
        """
        at = {} if places is None else places
        if type(term) is Entry:  # it keeps its own values, whatever its indices are called
            return self._entry(term, at)
        order = self._orders.get(term)
        if order is None:
            order = self._orders[term] = tuple(sorted(term.free, key=lambda index: index.label))
        key = (term, *(at.get(index) for index in order))
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._value(term, at)
        return found

    def _value(self, term: Term, at: Mapping[Index, int]) -> Value:
        calculate = self.arithmetic
        match term:  # what is met most often comes first
            case Mul():
                return self._product(term, at)
            case Num():
                return calculate.number(term.value)
            case Total() if self._shifted and (found := self._picked(term, at)) is not None:
                return found
            case Total():
                places = self._places(term, at)
                return sum([self.value(term.body, {**at, term.index: place}) for place in places], self._zero)
            case Delta():
                if term.left not in at or term.right not in at:
                    raise Undefined(f"{term!r} stands at an index that nothing gives a value")
                return self._one if at[term.left] == at[term.right] else self._zero
            case Add():
                return sum([self.value(part, at) for part in term.terms], self._zero)
            case Partial():
                return self._partial(term, at)
            case Fun():
                return self._function(term.function, term.order, self.value(term.argument, at))
            case Pow():
                return calculate.power(self.value(term.base, at), term.exponent)
            case Positive():
                return self._one if calculate.positive(self.value(term.argument, at)) else self._zero
            case Extent():
                return calculate.number(Fraction(self.point.length(term.size)))
            case Inverse():
                if term.row not in at or term.column not in at:
                    raise Undefined("an inverse at an index that nothing gives a value")
                return self._inverse(term, at)[at[term.row]][at[term.column]]
            case MapEntry():
                return self._map(term, at)
            case Determinant():
                return calculate.determinant(self._matrix(term, at))
            case _:
                raise Undefined(f"{term!r} has no value of its own")

    def _picked(self, term: Total, at: Mapping[Index, int]) -> Value | None:
        """A sum over an index that a bracket beside it tells; None where none does. Beyond the end of an array there is nothing to
        be added, but where the page writes an entry there, only what is zero up to the end is known to be zero beyond it."""
        if term not in self._picks:
            self._picks[term], self._bounds[term] = picks(term), bounds(term)
        length = self.point.length(term.index.size)
        for pick in self._picks[term]:
            place = pick.place(at, self.point.length)
            if place is None:
                continue
            if place.denominator != 1:
                return self._zero
            if 0 <= place < length:
                return self.value(term.body, {**at, term.index: int(place)})
            if pick.written:
                key = term, pick.bracket
                if key not in self._beside:
                    self._beside[key] = without(term.body, pick.bracket)
                if self.value(self._beside[key], {**at, term.index: 0 if place < 0 else length - 1}) == 0:
                    return self._zero
                raise BeyondEnd("an entry beyond the end of an array")
            return self._zero
        if not self._bounds[term]:
            return None
        first, end = 0, length
        for each in self._bounds[term]:
            first, end = each.within(at, self.point.length, first, end)
        return sum([self.value(term.body, {**at, term.index: place}) for place in range(first, end)], self._zero)

    def _places(self, term: Total, at: Mapping[Index, int]) -> Iterable[int]:
        """The places of a sum's index, or the only one that a selection in its body leaves."""
        index, every = term.index, range(self.point.length(term.index.size))
        for factor in term.body.factors if isinstance(term.body, Mul) else ():
            if not isinstance(factor, Entry) or not isinstance(factor.name, Selection) or index not in factor.indices:
                continue
            (place, *part), start = factor.indices, self.point.length(factor.name.start)
            if part == [index] and place in at:
                only = at[place] - start
            elif place is index and index not in part and all(own in at for own in part):
                only = start + sum(at[own] for own in part)
            else:
                continue
            return (only,) if only in every else ()
        return every

    def _matrix(self, term: Inverse | Determinant, at: Mapping[Index, int]) -> Matrix:
        rows, columns = (range(self.point.length(index.size)) for index in (term.i, term.j))
        return [[self.value(term.body, {**at, term.i: row, term.j: column}) for column in columns] for row in rows]

    def _inverse(self, term: Inverse, at: Mapping[Index, int]) -> Matrix:
        """The inverse of a matrix, worked out once for all of its entries."""
        order = tuple(sorted(term.body.free - {term.i, term.j}, key=lambda index: index.label))
        key = ("inverse", term.body, *(at.get(index) for index in order))
        if key not in self._memo:
            self._memo[key] = self.arithmetic.inverse(self._matrix(term, at))
        found: Matrix = self._memo[key]
        return found

    def _map(self, term: MapEntry, at: Mapping[Index, int]) -> Value:
        """A map of vectors of which nothing is known: a smooth one that is like no other stands for it."""
        try:
            out, slots = (tuple(at[index] for index in indices) for indices in (term.out, term.slots))
        except KeyError:
            raise Undefined(f"{term!r} stands at an index that nothing gives a value") from None
        if any(level.letter for level in term.name.levels):
            raise Undefined(f"{term.name!r} stands for many maps, and has no value until one is chosen")
        argument = [self.value(term.body, {**at, term.i: place}) for place in range(self.point.length(term.i.size))]
        return some_map(self.arithmetic, f"{self.point.seed} {term.name!r} {out}", slots, argument)

    def _product(self, term: Mul, at: Mapping[Index, int]) -> Value:
        # sums over deltas are mostly zeros: what stands beside one need not be worked out
        for factor in term.factors:
            picking = isinstance(factor, Delta) or (isinstance(factor, Entry) and factor.name.base.startswith(PLACE))
            if picking and self.value(factor, at) is self._zero:
                return self._zero
        result = self._one
        if self._shifted:
            return self._product_near_ends(term, at)
        for factor in term.factors:
            result = result * self.value(factor, at)
        return result

    def _product_near_ends(self, term: Mul, at: Mapping[Index, int]) -> Value:
        """A product in which what is zero makes up for what is not known."""
        result, unknown = self._one, None
        for factor in term.factors:
            try:
                value = self.value(factor, at)
            except BeyondEnd as error:
                unknown = error
                continue
            if value == 0:  # given arrays are zero but in their middles: what stands beside that is not worked out
                return self._zero
            result = result * value
        if unknown is not None:
            raise unknown
        return result

    def _partial(self, partial: Partial, at: Mapping[Index, int]) -> Value:
        """A derivative. That of one name by another is worked out once, whatever its indices are called."""
        if isinstance(partial.of, Entry):
            of, by = partial.of, partial.by
            try:
                places = tuple(at[index] for index in (*of.indices, *by.indices))
            except KeyError:
                raise Undefined(f"{partial!r} stands at an index that nothing gives a value") from None
            key = (of.name, by.name, places)
            if key not in self._memo:
                if (of.name, by.name) not in self._derived:
                    self._derived[of.name, by.name] = Partial(_anywhere(of), _anywhere(by))
                first = self._derived[of.name, by.name]
                assert isinstance(first.of, Entry)
                indices = (*first.of.indices, *first.by.indices)
                self._memo[key] = self._expansion(first, dict(zip(indices, places, strict=True)))
            return self._memo[key]
        return self._expansion(partial, at)

    def _expansion(self, partial: Partial, at: Mapping[Index, int]) -> Value:
        if partial not in self._expanded:
            self._expanded[partial] = expand(self.point.theory, partial)
        expanded = self._expanded[partial]
        if expanded is partial:  # of a loss that is left general: it may have any value
            return self._entry(Entry(Name(repr(partial.of) + "/" + repr(partial.by.name)), partial.by.indices), at)
        return self.value(expanded, at)

    def _entry(self, entry: Entry, at: Mapping[Index, int]) -> Value:
        try:
            places = tuple([at[index] for index in entry.indices])
        except KeyError:
            raise Undefined(f"{entry!r} stands at an index that nothing gives a value") from None
        key = (entry.name, places)
        bracket = bracket_of(entry.name) if self._shifted else None
        if bracket is not None:
            return self._one if holds(bracket, places, self.point.length) else self._zero
        found = self._memo.get(key)
        if found is None:
            if any(level.letter for level in entry.name.levels):
                raise Undefined(f"{entry.name!r} stands for many layers, and has no value until one is chosen")
            body = self.point.theory.unfold(entry)
            if body is None:
                sizes = tuple(index.size for index in entry.indices)
                found = self.arithmetic.number(self.point.input(entry.name, places, sizes))
            else:
                found = self.value(body, at)
            self._memo[key] = found
        return found

    def _function(self, name: str, order: int, argument: Value) -> Value:
        known = KNOWN.get(name)
        if known is not None and known.definition is None and not order:
            return self.arithmetic.function(name, argument)
        key = (name, order)
        if key not in self._derivatives:
            elementary = known is not None and known.definition is None
            body = known.derivative if known is not None and elementary else function_body(name, self.point.theory)
            for _ in range(order - 1 if elementary else order):
                body = by_argument(body)
            self._derivatives[key] = body
        return self._body(self._derivatives[key], argument)

    def _body(self, body: Term, argument: Value) -> Value:
        calculate = self.arithmetic
        match body:
            case Arg():
                return argument
            case Num():
                return calculate.number(body.value)
            case Add():
                return sum([self._body(part, argument) for part in body.terms], self._zero)
            case Mul():
                result = self._one
                for factor in body.factors:
                    result = result * self._body(factor, argument)
                return result
            case Pow():
                return calculate.power(self._body(body.base, argument), body.exponent)
            case Positive():
                return self._one if calculate.positive(self._body(body.argument, argument)) else self._zero
            case Fun():
                return self._function(body.function, body.order, self._body(body.argument, argument))
            case _:
                return self.value(body)


def _anywhere(entry: Entry) -> Entry:
    return Entry(entry.name, tuple(fresh(index.size) for index in entry.indices))


def some_map(calculate: Arithmetic, named: str, slots: tuple[int, ...], argument: list[Value]) -> Value:
    """a.x + b.x sin(c.x) + cos(d.x) at a vector x, with numbers drawn by name, or its derivative by the entries `slots`."""
    drawn = random.Random(named)
    a, b, c, d = (
        [calculate.number(Fraction(drawn.choice((-1, 1)) * drawn.randint(1, 9), 13)) for _ in argument]
        for _ in range(4)
    )

    def dot(numbers: list[Value]) -> Value:
        return sum((number * x for number, x in zip(numbers, argument, strict=True)), calculate.number(Fraction(0)))

    def wave(turns: int, at: Value) -> Value:
        """The sine, differentiated so many times."""
        value = calculate.function("cos" if turns % 2 else "sin", at)
        return -value if turns % 4 > 1 else value

    one = calculate.number(Fraction(1))
    inner, outer = math.prod((c[slot] for slot in slots), start=one), math.prod((d[slot] for slot in slots), start=one)
    result = dot(b) * inner * wave(len(slots), dot(c)) + outer * wave(len(slots) + 1, dot(d))
    for place, slot in enumerate(slots):  # b.x is differentiated once, at most
        others = math.prod((c[other] for at, other in enumerate(slots) if at != place), start=one)
        result = result + b[slot] * others * wave(len(slots) - 1, dot(c))
    if len(slots) < 2:
        result = result + (a[slots[0]] if slots else dot(a))
    return result


def function_body(name: str, theory: Theory) -> Term:
    """A function over its argument. One that a document leaves general gets a body of its own, smooth and like no other: what
    is claimed of every function is refuted by one. It grows slowly, so that what a deep network makes of it still has values."""
    own = theory.functions.get(name)
    if own is not None and own.body is not None:
        return own.body
    known = KNOWN.get(own.known if own is not None and own.known else name)
    if known is not None:
        return known.definition if known.definition is not None else Fun(known.name, 0, Arg(0))
    drawn = random.Random(name)
    first, second, third, fourth = (num(Fraction(drawn.randint(2, 9), 11)) for _ in range(4))
    waves = mul(second, Fun("sin", 0, Arg(0))), mul(third, Fun("cos", 0, mul(fourth, Arg(0))))
    return add(num(Fraction(drawn.randint(1, 5), 11)), mul(first, Arg(0)), *waves)

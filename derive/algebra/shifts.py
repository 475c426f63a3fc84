r"""Entries at shifted places: `x_{i+k}` is the sum over n of `[n = i + k] x_n`.

The bracket is one where its equation between places holds, and zero elsewhere. In a term it is an entry of an array with a name
of its own, `place`, so that everything that knows entries knows it; nothing depends on it and it depends on nothing. Its equation
is `sum of coefficients times indices, plus a constant, = 0`, with numbers made of sizes (`s i + r`, a block of s entries).

What is proved of such terms is proved under zero padding: where no place fits, the sum over n is zero. Whatever a page has beyond
the ends of its arrays, inside of them that is what it says.

>>> from derive.algebra.names import Index, size
>>> from derive.algebra.counts import whole
>>> n, i, k = (Index(letter, size(letter.upper())) for letter in "nik")
>>> place({n: whole(-1), i: whole(1), k: whole(1)}, whole(0), n)
place -1,-1,1;0;2[i,k,n]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.algebra.counts import Count, Equation, counted
from derive.algebra.names import Index, Name, Size
from derive.algebra.polynomial import Atom, Factor, Monomial
from derive.algebra.stepped import lifted
from derive.algebra.terms import ONE, Entry, Mul, Partial, Term, Total, transform, walk

PLACE = "place "
"""What the names of brackets start with."""


@dataclass(frozen=True)
class Bracket:
    """What the name of a bracket stands for: its equation over its indices in their order, and the place among them of the index
    that says which entry of an array is meant."""

    equation: Equation
    own: int
    at_least: bool = False
    """Whether the left side is zero or greater: a condition on places, `j < N`, and no place of an entry."""


_BRACKETS: dict[str, Bracket] = {}


def place(coefficients: Mapping[Index, Count], constant: Count, own: Index) -> Entry:
    """The bracket of an equation. `own` runs over the entries of the array that was written with a shifted place."""
    turned = {index: by * -1 for index, by in coefficients.items()}
    indices, equation = min(
        (_ordered(coefficients, constant), _ordered(turned, constant * -1)), key=lambda way: way[1].text
    )
    bracket = Bracket(equation, indices.index(own))
    base = f"{PLACE}{equation.text};{bracket.own}"
    _BRACKETS[base] = bracket
    return Entry(Name(base), indices)


def at_least(coefficients: Mapping[Index, Count], constant: Count) -> Entry:
    """One where a sum of multiples of places and a number is zero or greater."""
    indices, equation = _ordered(coefficients, constant)
    base = f"{PLACE}{equation.text}>"
    _BRACKETS[base] = Bracket(equation, 0, at_least=True)
    return Entry(Name(base), indices)


def _ordered(coefficients: Mapping[Index, Count], constant: Count) -> tuple[tuple[Index, ...], Equation]:
    indices = tuple(sorted(coefficients, key=lambda index: (repr(coefficients[index]), index.size.name)))
    return indices, Equation(tuple(coefficients[index] for index in indices), constant)


def bracket_of(name: Name) -> Bracket | None:
    """What a name stands for, or None where it is the name of an array."""
    return _BRACKETS.get(name.base) if name.base.startswith(PLACE) else None


# in the normal form


def entry_atom(entry: Entry) -> Atom:
    """The factor that an entry is: a bracket by its equation, any other by its name."""
    bracket = bracket_of(entry.name)
    if bracket is not None and not bracket.at_least:
        return Atom("place", bracket.equation, entry.indices)
    name, steps = lifted(entry.name)
    return Atom("entry", name, entry.indices + steps)


def agreed(monomial: Monomial) -> Monomial | None:
    """A monomial in which brackets have told that indices agree, or have been summed away; None where they tell nothing."""
    brackets = [factor for factor in monomial.factors if factor[0].kind == "place" and factor[1] == 1]
    for number, (one, _) in enumerate(brackets):
        for other, _ in brackets[:number]:
            same = _agreeing(one, other)
            if same is not None:
                others = tuple(factor for factor in monomial.factors if factor[0] is not other)
                return Monomial(monomial.coefficient, (*others, *same), monomial.bound)
        through = _put_in(one, monomial)
        if through is not None:
            return through
        index = _summed_away(one, monomial)
        if index is not None:
            others = tuple(factor for factor in monomial.factors if factor[0] is not one)
            bound = tuple(each for each in monomial.bound if each is not index)
            return Monomial(monomial.coefficient, others, bound)
    return None


def _equation(atom: Atom) -> Equation:
    assert isinstance(atom.head, Equation)
    return atom.head


def _agreeing(one: Atom, other: Atom) -> tuple[Factor, ...] | None:
    """What takes the second of two brackets' place beside the first: `[n = i + k] [n = i + l]` is `[n = i + k] [k = l]`. Of
    `s i + r` with r below s, both i and r are told."""
    if one.head != other.head or one.indices == other.indices:
        return None
    equation = _equation(one)
    slots = [slot for slot, (a, b) in enumerate(zip(one.indices, other.indices, strict=True)) if a is not b]
    if any(one.indices[slot].size is not other.indices[slot].size for slot in slots):
        return None
    if len(slots) == 2 and not any(_is_digit(equation, one.indices, *way) for way in (slots, slots[::-1])):
        return None
    if len(slots) > 2 or not all(_never_zero(equation.coefficients[slot]) for slot in slots):
        return None
    pairs = ((one.indices[slot], other.indices[slot]) for slot in slots)
    return tuple((Atom("delta", None, pair), Fraction(1)) for pair in pairs)


def _is_digit(equation: Equation, indices: Sequence[Index], block: int, within: int) -> bool:
    """Whether one index counts blocks, and the other the entries within one."""
    own, by = equation.coefficients[within].number, equation.coefficients[block]
    length = counted(indices[within].size)
    return own in (1, -1) and by in (length, length * -1)


def _never_zero(by: Count) -> bool:
    return by.surely_positive() or (by * -1).surely_positive()


def _summed_away(bracket: Atom, monomial: Monomial) -> Index | None:
    """An index of a sum that stands in a bracket alone, where whatever the others are one of its places fits: the sum is one."""
    equation = _equation(bracket)
    for slot, index in enumerate(bracket.indices):
        elsewhere = any(index in atom.free for atom, _ in monomial.factors if atom is not bracket)
        if index not in monomial.bound or elsewhere or bracket.indices.count(index) > 1:
            continue
        if equation.coefficients[slot].number in (1, -1) and _fits(equation, bracket.indices, slot):
            return index
    return None


def _put_in(bracket: Atom, monomial: Monomial) -> Monomial | None:
    """A sum over an index that stands in brackets alone, where one of them always tells it: `[j = i + l] [n = j + k]`, summed over
    j, is `[n = i + l + k]`."""
    equation = _equation(bracket)
    for slot, index in enumerate(bracket.indices):
        by = equation.coefficients[slot].number
        if index not in monomial.bound or by not in (1, -1) or bracket.indices.count(index) > 1:
            continue
        others = [factor for factor in monomial.factors if factor[0] is not bracket and index in factor[0].free]
        if not others or any(atom.kind != "place" or power != 1 for atom, power in others):
            continue
        if not _fits(equation, bracket.indices, slot):
            continue
        put = [_with(bracket, atom, index, by) for atom, _ in others]
        if all(atom.indices for atom in put):
            rest = tuple(f for f in monomial.factors if f[0] is not bracket and all(f is not other for other in others))
            bound = tuple(each for each in monomial.bound if each is not index)
            factors = (*rest, *((atom, Fraction(1)) for atom in put))
            return Monomial(monomial.coefficient, factors, bound)
    return None


def _with(bracket: Atom, other: Atom, index: Index, by: int) -> Atom:
    """The second bracket with an index as the first one tells it."""
    one, two = _equation(bracket), _equation(other)
    times = sum((own for i, own in zip(other.indices, two.coefficients, strict=True) if i is index), Count()) * -by
    found: dict[Index, Count] = {}
    for i, own in zip(other.indices, two.coefficients, strict=True):
        if i is not index:
            found[i] = found.get(i, Count()) + own
    for i, own in zip(bracket.indices, one.coefficients, strict=True):
        if i is not index:
            found[i] = found.get(i, Count()) + own * times
    kept = {i: own for i, own in found.items() if own.parts}
    constant = two.constant + one.constant * times
    indices, equation = min(
        (_ordered(kept, constant), _ordered({i: own * -1 for i, own in kept.items()}, constant * -1)),
        key=lambda way: way[1].text,
    )
    return Atom("place", equation, indices)


def _fits(equation: Equation, indices: Sequence[Index], slot: int) -> bool:
    """Whether one index has a place that fits, for all places of the others and for all sizes."""
    sign = -1 if equation.coefficients[slot].number == 1 else 1
    lowest = highest = equation.constant * sign
    for other, index in enumerate(indices):
        if other == slot:
            continue
        by, last = equation.coefficients[other] * sign, counted(index.size) - 1
        if by.surely_positive():
            highest = highest + by * last
        elif (by * -1).surely_positive():
            lowest = lowest + by * last
        else:
            return False
    room = counted(indices[slot].size) - 1 - highest
    return lowest.surely_positive(0) and room.surely_positive(0)


# at a point


@dataclass(frozen=True)
class Pick:
    """A bracket inside a sum over one of its indices, which stands at `slot`: the sum has one term at most."""

    bracket: Entry
    equation: Equation
    slot: int
    written: bool
    """Whether the page writes that entry: of one beyond the end of its array it says nothing."""

    def place(self, at: Mapping[Index, int], length: Callable[[Size], int]) -> Fraction | None:
        """Where the index has to be, in the array or beyond it; None where some of the others are not known yet."""
        rest = self.equation.constant.at(length)
        for slot, (index, by) in enumerate(zip(self.bracket.indices, self.equation.coefficients, strict=True)):
            if slot != self.slot:
                if index not in at:
                    return None
                rest += by.at(length) * at[index]
        return Fraction(-rest, self.equation.coefficients[self.slot].at(length))


def picks(term: Total) -> tuple[Pick, ...]:
    """The brackets by which the index of a sum may be told from the others."""
    found: list[Pick] = []
    body, bound = term.body, [term.index]
    while isinstance(body, Total):
        bound.append(body.index)
        body = body.body
    for factor in body.factors if isinstance(body, Mul) else (body,):
        bracket = bracket_of(factor.name) if isinstance(factor, Entry) else None
        if (
            bracket is None
            or bracket.at_least
            or not isinstance(factor, Entry)
            or factor.indices.count(term.index) != 1
        ):
            continue
        if not any(each in factor.indices for each in bound[1:]):
            slot = factor.indices.index(term.index)
            found.append(Pick(factor, bracket.equation, slot, slot == bracket.own))
    return tuple(found)


def inside(free: Sequence[Index], *terms: Term) -> Callable[[Mapping[Index, int], Callable[[Size], int]], bool]:
    """Whether, at some places of the indices that stand free in a claim, all entries are there that these alone pick."""
    found = [
        (pick, term.index.size)
        for side in terms
        for term in walk(side)
        if isinstance(term, Total)
        for pick in picks(term)
        if pick.written and all(index is term.index or index in free for index in pick.bracket.indices)
    ]

    def check(at: Mapping[Index, int], length: Callable[[Size], int]) -> bool:
        places = ((pick.place(at, length), length(size)) for pick, size in found)
        return all(place is not None and place.denominator == 1 and 0 <= place < end for place, end in places)

    return check


def shifted_variables(term: Term) -> Iterator[Term]:
    r"""Of a derivative by an entry at a shifted place, `\partial C / \partial a_{si+r}`, for each axis what is one where there is
    such an entry, and zero elsewhere."""
    indices: list[Index] = []
    while isinstance(term, Total):
        indices.append(term.index)
        term = term.body
    factors = term.factors if isinstance(term, Mul) else ()
    if len(factors) == len(indices) + 1 and isinstance(factors[-1], Partial):
        for index, bracket in zip(indices, factors, strict=False):
            own = bracket_of(bracket.name) if isinstance(bracket, Entry) else None
            if own is None or not isinstance(bracket, Entry) or bracket.indices[own.own] is not index:
                return
            yield Total(index, bracket)


@dataclass(frozen=True)
class Bound:
    """A bracket beside a sum over one of its indices, with others that are not known yet but run over what they are summed over."""

    bracket: Entry
    equation: Equation
    slot: int

    def within(self, at: Mapping[Index, int], length: Callable[[Size], int], lowest: int, end: int) -> tuple[int, int]:
        """The part of a range in which the bracket may hold."""
        low = high = self.equation.constant.at(length)
        for slot, (index, count) in enumerate(zip(self.bracket.indices, self.equation.coefficients, strict=True)):
            if slot == self.slot:
                continue
            by = count.at(length)
            first, last = (at[index], at[index]) if index in at else (0, length(index.size) - 1)
            low, high = low + min(by * first, by * last), high + max(by * first, by * last)
        own = self.equation.coefficients[self.slot].at(length)
        if own < 0:
            low, high, own = -high, -low, -own
        return (max(lowest, -(high // own)), min(end, -low // own + 1)) if own else (lowest, end)


def bounds(term: Total) -> tuple[Bound, ...]:
    """The brackets that say where terms of a sum are zero. What a page writes of entries beyond the ends is not taken for zero."""
    found: list[Bound] = []
    waiting: list[Term] = [term.body]
    summed: set[Index] = {term.index}
    while waiting:
        body = waiting.pop()
        if isinstance(body, Total):
            summed.add(body.index)
            waiting.append(body.body)
        elif isinstance(body, Mul):
            waiting.extend(body.factors)
        elif isinstance(body, Entry) and body.indices.count(term.index) == 1:
            bracket = bracket_of(body.name)
            if bracket is not None and not bracket.at_least and body.indices[bracket.own] not in summed:
                found.append(Bound(body, bracket.equation, body.indices.index(term.index)))
    return tuple(found)


def without(term: Term, bracket: Entry) -> Term:
    """A term with one in a bracket's place."""
    return transform(term, lambda node: ONE if node is bracket else None)


def holds(bracket: Bracket, places: Sequence[int], length: Callable[[Size], int]) -> bool:
    """Whether the equation of a bracket holds between places, counted from zero."""
    equation = bracket.equation
    terms = (by.at(length) * place for by, place in zip(equation.coefficients, places, strict=True))
    left = sum(terms, equation.constant.at(length))
    return left >= 0 if bracket.at_least else left == 0

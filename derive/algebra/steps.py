r"""Sums over the members of a family: `\sum_{t=1}^{T} c_t`, in which the step t stands in the names, not in an index.

The letter of such a sum is bound, and occurs nowhere else. Bounds are layers or steps, numbers or letters; a sum between two
numbers is written out, so at one depth there are none. Sums run upwards: what is proved holds wherever the last step is not
before the first.

>>> from derive.algebra.names import Name
>>> from derive.algebra.terms import Entry
>>> t, T = Level("t", 0), Level("T", 0)
>>> cost = step_sum("t", Level("", 1), T, Entry(Name("c", (t,))))
>>> cost
sum_{t=1..T}(c^(t))
>>> instantiate(cost, {"T": Level("", 2)})
(c^(1) + c^(2))
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from derive.algebra.maps import MapEntry
from derive.algebra.names import Index, Level, Name, Size, fresh, level_from, together
from derive.algebra.terms import (
    ONE,
    ZERO,
    Add,
    Entry,
    Extent,
    Inverse,
    Mul,
    OfMatrix,
    Term,
    Total,
    add,
    delta,
    mul,
    num,
    power,
    rename,
    resized,
    total,
    transform,
    walk,
)

STEPS = "steps"
"""The base of sizes that count steps: `steps@T` is T."""
ANY_STEP = "*any"
"""The letter of what depends on every step of a family."""
_MOST_WRITTEN_OUT = 64
_BOUND = "_s"

_counter = itertools.count(1)


def fresh_letter() -> str:
    """A letter for the steps of one sum."""
    return f"{_BOUND}{next(_counter)}"


def is_bound(letter: str) -> bool:
    """Whether a letter of a level belongs to a sum."""
    return letter.startswith(_BOUND)


@dataclass(frozen=True, eq=False)
class StepSum(Term):
    """The sum of a term over the steps from `first` to `last`. Build with `step_sum`."""

    letter: str
    first: Level
    last: Level
    body: Term

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return (self.body,)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return step_sum(self.letter, self.first, self.last, children[0])

    def __repr__(self) -> str:
        return f"sum_{{{self.letter}={self.first!r}..{self.last!r}}}({self.body!r})"


@dataclass(frozen=True, eq=False)
class StepDelta(Term):
    """One where two steps are the same, else zero. Build with `same_step`."""

    left: Level
    right: Level

    def __repr__(self) -> str:
        return f"[{self.left!r}={self.right!r}]"


@dataclass(frozen=True, eq=False)
class StepPower(Term):
    """A base to a power that counts steps, `w^{t-k}`: letters with their multiples, and a number. Build with `step_power`."""

    base: Term
    letters: tuple[tuple[str, int], ...]
    offset: int

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return (self.base,)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return StepPower(children[0], self.letters, self.offset)

    @property
    def exponent(self) -> Term:
        """The exponent as a number."""
        counts = (mul(num(by), Extent(number_of_steps(Level(letter, 0)))) for letter, by in self.letters)
        return add(num(self.offset), *counts)

    def __repr__(self) -> str:
        letters = "".join(f"{by:+d}{letter}" for letter, by in self.letters)
        return f"({self.base!r})**({letters}{self.offset:+d})"


def step_power(base: Term, letters: Mapping[str, int], offset: int) -> Term:
    """A power whose exponent counts steps; an ordinary one where no letter is left."""
    left = tuple(sorted((letter, by) for letter, by in letters.items() if by))
    return StepPower(base, left, offset) if left else power(base, offset)


def _exponent_at(node: StepPower | StepMatrixPower, letters: Mapping[str, Level]) -> tuple[dict[str, int], int]:
    found: dict[str, int] = {}
    offset = node.offset
    for letter, by in node.letters:
        level = letters.get(letter, Level(letter, 0))
        offset += by * level.offset
        if level.letter:
            found[level.letter] = found.get(level.letter, 0) + by
    return found, offset


@dataclass(frozen=True, eq=False)
class Direct(Term):
    """The derivative of a quantity at one step by what all steps share, other steps held fixed: not yet worked out."""

    of: Entry
    by: Entry

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return (self.of, self.by)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        of, by = children
        if not isinstance(of, Entry) or not isinstance(by, Entry):
            raise TypeError(f"no derivative of {of!r} by {by!r} at one step")
        return Direct(of, by)


@dataclass(frozen=True, eq=False)
class StepMatrixPower(OfMatrix):
    """Entry (row, column) of a square matrix to a power that counts steps. Build with `step_matrix_power`."""

    row: Index
    column: Index
    letters: tuple[tuple[str, int], ...]
    offset: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", (self.body.free - {self.i, self.j}) | {self.row, self.column})

    def over(self, i: Index, j: Index, body: Term) -> Term:
        return StepMatrixPower(i, j, body, self.row, self.column, self.letters, self.offset)

    def at(self, change: Callable[[Index], Index]) -> OfMatrix:
        return StepMatrixPower(
            self.i, self.j, self.body, change(self.row), change(self.column), self.letters, self.offset
        )

    def __repr__(self) -> str:
        letters = "".join(f"{by:+d}{letter}" for letter, by in self.letters)
        return f"({self.body!r})**({letters}{self.offset:+d})[{self.row!r},{self.column!r}]"


_MOST_FACTORS = 16


def step_matrix_power(
    i: Index, j: Index, body: Term, row: Index, column: Index, letters: Mapping[str, int], offset: int
) -> Term:
    """A matrix to a power that counts steps; a product of matrices, or of their inverses, where no letter is left."""
    left = tuple(sorted((letter, by) for letter, by in letters.items() if by))
    if left or abs(offset) > _MOST_FACTORS:
        return StepMatrixPower(i, j, body, row, column, left, offset)
    if not offset:
        return delta(row, column)
    places = [row, *(fresh(i.size) for _ in range(abs(offset) - 1)), column]
    factors = [
        rename(body, {i: a, j: b}) if offset > 0 else Inverse(i, j, body, a, b) for a, b in itertools.pairwise(places)
    ]
    return total(places[1:-1], mul(*factors))


@dataclass(frozen=True, eq=False)
class StepChain(OfMatrix):
    """Entry (row, column) of a product of square matrices over the steps from `first` to `last`, the last one on the left; of the
    identity where there are none. Build with `step_chain`."""

    letter: str
    first: Level
    last: Level
    row: Index
    column: Index

    def __post_init__(self) -> None:
        object.__setattr__(self, "free", (self.body.free - {self.i, self.j}) | {self.row, self.column})

    def over(self, i: Index, j: Index, body: Term) -> Term:
        return StepChain(i, j, body, self.letter, self.first, self.last, self.row, self.column)

    def at(self, change: Callable[[Index], Index]) -> OfMatrix:
        row, column = change(self.row), change(self.column)
        return StepChain(self.i, self.j, self.body, self.letter, self.first, self.last, row, column)

    @property
    def constant(self) -> bool:
        """Whether the matrix is the same at all steps."""
        return instantiate(self.body, {self.letter: Level("", 1)}) is self.body

    def member(self, step: Level, row: Index, column: Index) -> Term:
        """Entry (row, column) of the matrix at one step."""
        return rename(instantiate(self.body, {self.letter: step}), {self.i: row, self.j: column})

    def __repr__(self) -> str:
        return f"prod_{{{self.letter}={self.first!r}..{self.last!r}}}({self.body!r})[{self.row!r},{self.column!r}]"


def step_chain(node: StepChain, first: Level, last: Level) -> Term:
    """A product of matrices between other steps, written out where it has a few factors."""
    if first.letter != last.letter or last.offset - first.offset >= _MOST_FACTORS:
        return StepChain(node.i, node.j, node.body, node.letter, first, last, node.row, node.column)
    return chained(node, [last.shifted(-by) for by in range(last.offset - first.offset + 1)])


def chained(node: StepChain, steps: Sequence[Level], rest: StepChain | None = None, *, before: bool = False) -> Term:
    """The product of the matrices at some steps, in this order; `rest` stands after them, or before them."""
    count = len(steps) + (rest is not None)
    if not count:
        return delta(node.row, node.column)
    places = [node.row, *(fresh(node.i.size) for _ in range(count - 1)), node.column]
    links = [*itertools.pairwise(places)]
    factors: list[Term] = []
    if rest is not None:
        row, column = links.pop(0) if before else links.pop()
        factors.append(StepChain(rest.i, rest.j, rest.body, rest.letter, rest.first, rest.last, row, column))
    factors += [node.member(step, *link) for step, link in zip(steps, links, strict=True)]
    return total(places[1:-1], mul(*factors))


def as_chain(node: StepMatrixPower) -> StepChain | None:
    """A matrix to the power of `t - k + n` as the product of as many of it; None for other exponents."""
    signs = sorted(by for _, by in node.letters)
    if signs not in ([1], [-1, 1]):
        return None
    last = next(letter for letter, by in node.letters if by == 1)
    first = next((letter for letter, by in node.letters if by == -1), "")
    ends = Level(first, 1), Level(last, node.offset)
    return StepChain(node.i, node.j, node.body, fresh_letter(), *ends, node.row, node.column)


def same_step(left: Level, right: Level) -> Term:
    """One where two steps are the same, else zero: a number where the letters leave nothing open."""
    if left.letter == right.letter:
        return ONE if left is right else ZERO
    return StepDelta(*sorted((left, right), key=repr))


@dataclass(frozen=True, eq=False)
class StepProduct(Term):
    """The product of a term over the steps from `first` to `last`, one where there are none. Build with `step_product`."""

    letter: str
    first: Level
    last: Level
    body: Term

    def __post_init__(self) -> None:
        self._set_free()

    def children(self) -> tuple[Term, ...]:
        return (self.body,)

    def rebuilt(self, children: tuple[Term, ...]) -> Term:
        return step_product(self.letter, self.first, self.last, children[0])

    def __repr__(self) -> str:
        return f"prod_{{{self.letter}={self.first!r}..{self.last!r}}}({self.body!r})"


def _few(first: Level, last: Level) -> bool:
    """Whether the steps between two are known, and few. What runs backwards between letters is left: it has a normal form."""
    backwards = bool(first.letter) and last.offset < first.offset - 1
    return first.letter == last.letter and last.offset - first.offset < _MOST_WRITTEN_OUT and not backwards


def step_product(letter: str, first: Level, last: Level, body: Term) -> Term:
    """A product over steps, written out where it has a few factors."""
    if body is ONE or last is first.shifted(-1):
        return ONE
    if _few(first, last):
        steps = range(first.offset, last.offset + 1)
        return mul(*(instantiate(body, {letter: Level(first.letter, number)}) for number in steps))
    return StepProduct(letter, first, last, body)


def step_sum(letter: str, first: Level, last: Level, body: Term) -> Term:
    """A sum over steps, written out where it has a few members."""
    if body is ZERO:
        return ZERO
    if _few(first, last):
        steps = range(first.offset, last.offset + 1)
        return add(*(instantiate(body, {letter: Level(first.letter, number)}) for number in steps))
    return StepSum(letter, first, last, body)


def at_level(level: Level, letters: Mapping[str, Level]) -> Level:
    found = letters.get(level.letter) if level.letter else None
    return level if found is None else found.shifted(level.offset)


def size_at(length: Size, letters: Mapping[str, Level]) -> Size:
    """The size of a family at a layer: sizes are written `n@l`, `n@l-1`, so that they follow the layer."""
    if "@" not in length.name:
        return length
    if length.summands:
        return together(*(size_at(part, letters) for part in length.summands))
    base, _, place = length.name.partition("@")
    level = at_level(level_from(place), letters)
    if base == STEPS and not level.letter:
        return Size(str(level.offset), level.offset)
    return Size(f"{base}@{level!r}", None)


def number_of_steps(last: Level) -> Size:
    """The size that counts the steps up to a last one."""
    return Size(str(last.offset), last.offset) if not last.letter else Size(f"{STEPS}@{last!r}", None)


def instantiate(term: Term, letters: Mapping[str, Level]) -> Term:
    """A term of a family at other layers or steps: letters replaced in names, in sizes and in the bounds of sums."""
    if any(is_bound(level.letter) for level in letters.values()):
        term = _apart(term, {level.letter for level in letters.values()})

    def change(node: Term) -> Term | None:
        match node:
            case Entry(name=name) if name.levels:
                return Entry(Name(name.base, tuple(at_level(level, letters) for level in name.levels)), node.indices)
            case MapEntry(name=name) if name.levels:
                own = Name(name.base, tuple(at_level(level, letters) for level in name.levels))
                return MapEntry(node.i, node.j, node.body, own, node.out, node.slots)
            case StepSum():
                return step_sum(node.letter, at_level(node.first, letters), at_level(node.last, letters), node.body)
            case StepPower():
                return step_power(node.base, *_exponent_at(node, letters))
            case StepMatrixPower():
                exponent = _exponent_at(node, letters)
                return step_matrix_power(node.i, node.j, node.body, node.row, node.column, *exponent)
            case StepProduct():
                return step_product(node.letter, at_level(node.first, letters), at_level(node.last, letters), node.body)
            case StepChain():
                return step_chain(node, at_level(node.first, letters), at_level(node.last, letters))
            case StepDelta():
                return same_step(at_level(node.left, letters), at_level(node.right, letters))
        return None

    return resized(transform(term, change, variables=True), lambda length: size_at(length, letters))


def _apart(term: Term, taken: set[str]) -> Term:
    """The same with sums that bind none of the letters taken."""

    def change(node: Term) -> Term | None:
        if not isinstance(node, StepSum | StepProduct | StepChain) or node.letter not in taken:
            return None
        letter = fresh_letter()
        if isinstance(node, StepChain):
            body = instantiate(node.body, {node.letter: Level(letter, 0)})
            return StepChain(node.i, node.j, body, letter, node.first, node.last, node.row, node.column)
        return type(node)(letter, node.first, node.last, instantiate(node.body, {node.letter: Level(letter, 0)}))

    return transform(term, change, variables=True)


def letters_of(term: Term) -> frozenset[str]:
    """The letters of layers and steps that a term speaks of, those of its own sums left out."""
    found: set[str] = set()
    for node in walk(term):
        match node:
            case Entry(name=name) | MapEntry(name=name):
                found.update(level.letter for level in name.levels)
            case StepSum() | StepProduct() | StepChain():
                first, last = node.first, node.last
                found.update((first.letter, last.letter))
            case StepDelta(left=left, right=right):
                found.update((left.letter, right.letter))
            case StepPower(letters=letters) | StepMatrixPower(letters=letters):
                found.update(letter for letter, _ in letters)
            case Extent(size=length) if "@" in length.name:
                found.update(level_from(part.name.partition("@")[2]).letter for part in length.summands or (length,))
    return frozenset(letter for letter in found if letter and not is_bound(letter))


def picked(term: Term, end: Level) -> Term:
    """Sums over steps in which a delta says which step is meant, taken at that step. `end` is the last step of all.

    A letter stands for a step like any other: not the first, nor the last. A delta between steps of which neither is known to be
    the later is left.
    """

    def change(node: Term) -> Term | None:
        return _pick(node, end) if isinstance(node, StepSum) and _has_delta(node.body, node.letter) else None

    return transform(term, change)


def _has_delta(body: Term, letter: str) -> bool:
    return any(isinstance(node, StepDelta) and letter in (node.left.letter, node.right.letter) for node in walk(body))


def _pick(node: StepSum, end: Level) -> Term | None:
    """The sum of a body that is linear in deltas of its step, as the derivative by one step is."""
    letter, body = node.letter, node.body

    def over(part: Term) -> Term:
        whole = step_sum(letter, node.first, node.last, part)
        if isinstance(whole, StepSum) and _has_delta(part, letter):
            return _pick(whole, end) or whole
        return whole

    match body:
        case StepDelta():
            return _at_step(node, body, ONE, end)
        case Add():
            return add(*map(over, body.terms))
        case Total():
            index = fresh(body.index.size)
            return Total(index, over(rename(body.body, {body.index: index})))
        case StepSum() if letter not in (body.first.letter, body.last.letter):
            return step_sum(body.letter, body.first, body.last, over(body.body))
        case Mul():
            place = next(at for at, factor in enumerate(body.factors) if _has_delta(factor, letter))
            factor, others = body.factors[place], body.factors[:place] + body.factors[place + 1 :]
            match factor:
                case StepDelta():
                    return _at_step(node, factor, mul(*others), end)
                case Add():
                    return add(*(over(mul(*others, part)) for part in factor.terms))
                case Total():
                    index = fresh(factor.index.size)
                    return Total(index, over(mul(*others, rename(factor.body, {factor.index: index}))))
                case StepSum() if letter not in (factor.first.letter, factor.last.letter):
                    inner = fresh_letter()
                    opened = instantiate(factor.body, {factor.letter: Level(inner, 0)})
                    return step_sum(inner, factor.first, factor.last, over(mul(*others, opened)))
    return None


def _at_step(node: StepSum, delta: StepDelta, rest: Term, end: Level) -> Term | None:
    own, other = (delta.left, delta.right) if delta.left.letter == node.letter else (delta.right, delta.left)
    step = other.shifted(-own.offset)
    inside = _not_before(node.first, step), _not_after(step, node.last, end)
    if False in inside:
        return ZERO
    return instantiate(rest, {node.letter: step}) if inside == (True, True) else None


def _not_before(first: Level, step: Level) -> bool | None:
    if first.letter == step.letter:
        return first.offset <= step.offset
    return True if not first.letter and first.offset <= 1 else None


def _not_after(step: Level, last: Level, end: Level) -> bool | None:
    if step.letter == last.letter:
        return step.offset <= last.offset
    return True if last.letter == end.letter and abs(last.offset) <= 1 else None

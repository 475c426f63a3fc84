r"""Induction over steps: `m_t = (1 - \beta) \sum_{i=1}^{t} \beta^{t-i} g_i` from the recursion that defines m.

A claim about a quantity A at step t is taken for granted at the step before, put into A's own recursion, and has to come out at
t; at the first step it has to hold by itself. A derivative of a loss by the state at t is reached from the one at t+1, and there
the last step comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from derive.algebra.arrays import Array
from derive.algebra.names import Index, Level, Name
from derive.algebra.steps import instantiate, letters_of
from derive.algebra.terms import Add, Entry, Mul, Num, Partial, Term, add, mul, num, sub, transform, walk
from derive.calculus.chain import NotDifferentiable, expand
from derive.theory import Theory

_MOST_NESTED = 3

Vanishes = Callable[[Term], tuple[str, ...] | None]
"""Whether a term is proved to be zero: the assumptions, or None."""


def by_induction(theory: Theory, difference: Term, vanishes: Vanishes, nested: int = 0) -> tuple[str, ...] | None:
    """The assumptions under which a difference is proved to vanish at every step, or None."""
    if theory.clock is None or nested >= _MOST_NESTED:
        return None
    first, last = theory.clock
    letters = letters_of(difference) - {last.letter}
    for letter in sorted(letters):
        for quantity, formula in _solved(theory, difference, letter):
            step = _step(theory, quantity, formula, letter)
            if step is None:
                continue
            left_over, direction = step
            start, supposed = (first, ()) if direction < 0 else (last, ())
            if direction < 0 and (earlier := _earlier(quantity, letter)) is not None:
                start, supposed = earlier, (rf"{earlier!r} \leq {letter}",)  # type: ignore[assignment]
            if direction > 0 and theory.last is None:
                continue
            assumed = vanishes(left_over)
            if assumed is None:
                assumed = by_induction(theory, left_over, vanishes, nested + 1)
            if assumed is None:
                continue
            at_start = vanishes(instantiate(difference, {letter: start}))
            if at_start is not None:
                return tuple(sorted({*assumed, *at_start, *supposed}))
    return None


def _earlier(quantity: Entry | Partial, letter: str) -> Level | None:
    """The k of a derivative of `h_t` by `h_k`: the step from which on it is not zero."""
    if not isinstance(quantity, Partial):
        return None
    return next((level for level in quantity.by.name.levels if level.letter and level.letter != letter), None)


def _solved(theory: Theory, difference: Term, letter: str) -> Iterator[tuple[Entry | Partial, Term]]:
    """The quantities at step `letter` that follow a recursion, each with what the difference says that it equals."""
    parts = difference.terms if isinstance(difference, Add) else (difference,)
    for place, part in enumerate(parts):
        coefficient, quantity = num(1), part
        if isinstance(part, Mul) and len(part.factors) == 2 and isinstance(part.factors[0], Num):
            coefficient, quantity = part.factors[0], part.factors[1]
        if not isinstance(quantity, Entry | Partial) or _name_of(quantity) is None:
            continue
        name = _name_of(quantity)
        assert name is not None
        at_letter = [level for level in name.levels if level.letter == letter]
        if len(at_letter) != 1 or at_letter[0].offset:
            continue
        others = add(*parts[:place], *parts[place + 1 :])
        if not any(node is quantity for node in walk(others)):
            yield quantity, mul(num(-1 / coefficient.value), others)


def _name_of(quantity: Entry | Partial) -> Name | None:
    """The name whose step a quantity moves with: that of an entry, of what a derivative is taken of, or by."""
    if isinstance(quantity, Entry):
        return quantity.name
    if not isinstance(quantity.of, Entry):
        return None
    return quantity.of.name if quantity.of.name.levels else quantity.by.name


def _indices(quantity: Entry | Partial) -> tuple[Index, ...]:
    if isinstance(quantity, Entry):
        return quantity.indices
    assert isinstance(quantity.of, Entry)
    return quantity.of.indices + quantity.by.indices


def _step(theory: Theory, quantity: Entry | Partial, formula: Term, letter: str) -> tuple[Term, int] | None:
    """What has to vanish at step t where the formula is taken for granted at the step beside it, and on which side that is."""
    if not formula.free <= {*_indices(quantity)}:
        return None
    try:
        opened = theory.unfold(quantity) if isinstance(quantity, Entry) else expand(theory, quantity)
    except NotDifferentiable:
        return None
    if opened is None or opened is quantity:
        return None
    granted = Array(tuple(dict.fromkeys(_indices(quantity))), formula)
    for direction in (-1, 1):
        beside = {letter: Level(letter, direction)}
        neighbour = instantiate(quantity, beside)
        assert isinstance(neighbour, Entry | Partial)
        there = Array(granted.indices, instantiate(granted.body, beside))
        met = False

        def put_in(node: Term, neighbour: Entry | Partial = neighbour, there: Array = there) -> Term | None:
            nonlocal met
            if isinstance(node, Entry | Partial) and _alike(node, neighbour):
                at = dict(zip(_indices(neighbour), _indices(node), strict=True))
                if all(at[index] is own for index, own in zip(_indices(neighbour), _indices(node), strict=True)):
                    met = True  # on the diagonal too, where the claim is made of it alone
                    return there.at(*(at[index] for index in dict.fromkeys(_indices(neighbour))))
            return None

        found = transform(opened, put_in)
        if met:
            return sub(found, formula), direction
    return None


def _alike(node: Term, quantity: Entry | Partial) -> bool:
    """Whether a term is a quantity at indices of its own."""
    if isinstance(node, Entry) and isinstance(quantity, Entry):
        return node.name is quantity.name
    if isinstance(node, Partial) and isinstance(quantity, Partial) and isinstance(node.of, Entry):
        assert isinstance(quantity.of, Entry)
        return node.of.name is quantity.of.name and node.by.name is quantity.by.name
    return False

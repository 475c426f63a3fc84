r"""Induction over steps: `m_t = (1 - \beta) \sum_{i=1}^{t} \beta^{t-i} g_i` from the recursion that defines m.

A claim about a quantity A at step t is taken for granted at the step before, put into A's own recursion, and has to come out at
t; at the first step it has to hold by itself. A derivative of a loss by the state at t is reached from the one at t+1, and there
the last step comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from derive.algebra.arrays import Array
from derive.algebra.maps import MapEntry
from derive.algebra.names import Index, Level, Name
from derive.algebra.steps import StepSum, instantiate, is_bound, letters_of
from derive.algebra.terms import Add, Entry, Mul, Num, Partial, Term, add, mul, names, num, sub, transform, walk
from derive.calculus.chain import NotDifferentiable, expand
from derive.proof.parts import simpler
from derive.theory import Theory

_MOST_NESTED = 3
_MOST_BETWEEN = 4
"""So many definitions may stand between a quantity and what it was a step before."""

Vanishes = Callable[[Term], tuple[str, ...] | None]
"""Whether a term is proved to be zero: the assumptions, or None."""


def by_induction(theory: Theory, difference: Term, vanishes: Vanishes, nested: int = 0) -> tuple[str, ...] | None:
    """The assumptions under which a difference is proved to vanish at every step, or None."""
    if theory.clock is None or nested >= _MOST_NESTED:
        return None
    for part in simpler(difference):
        found = vanishes(part)
        if found is None:
            found = by_induction(theory, part, vanishes, nested + 1)
        if found is not None:
            return found
    first, last = theory.clock
    spoken = letters_of(difference)
    letters = sorted(spoken - {last.letter})
    if last.letter in spoken and _as_good_as_any(theory, difference, last.letter):
        letters.append(last.letter)
    for letter in letters:
        for ahead in (0, 1):  # what is said of `m_{t+1}`, from the first step on, is said of `m_t` from the second on
            there = instantiate(difference, {letter: Level(letter, -ahead)}) if ahead else difference
            found = _step_by_step(theory, there, letter, first.shifted(ahead), vanishes, nested)
            if found is not None:
                return found
    return None


def _step_by_step(
    theory: Theory, difference: Term, letter: str, first: Level, vanishes: Vanishes, nested: int
) -> tuple[str, ...] | None:
    """The assumptions under which a difference vanishes at every step of one letter, from the first on or back from the last."""
    assert theory.clock is not None
    last = theory.clock[1]
    for quantity, formula in _solved(theory, difference, letter):
        step = _step(theory, quantity, formula, letter)
        if step is None:
            continue
        left_over, direction = step
        if letter == last.letter and (direction > 0 or isinstance(quantity, Partial)):
            continue
        if direction > 0 and theory.last is None:
            continue
        starts = _starts(quantity, formula, letter, first) if direction < 0 else [(theory.last or last, ())]
        assumed = vanishes(left_over)
        if assumed is None:
            assumed = by_induction(theory, left_over, vanishes, nested + 1)
        if assumed is None:
            continue
        for start, supposed in starts:
            at_start = vanishes(instantiate(difference, {letter: start}))
            if at_start is not None:
                return tuple(sorted({*assumed, *at_start, *supposed}))
    return None


def _as_good_as_any(theory: Theory, difference: Term, last: str) -> bool:
    """Whether the last step is a step like any other to what a difference speaks of: nothing is made of all steps up to it."""
    spoken = [name for name in names(difference) if not name.levels]
    if any(theory.definition(name) is not None or name in theory.general for name in spoken):
        return False
    families = (own for name, own in theory.definitions.items() if name.levels)
    return not any(last in letters_of(own.value.body) for own in families)


def _starts(quantity: Entry | Partial, formula: Term, letter: str, first: Level) -> list[tuple[Level, tuple[str, ...]]]:
    """Where an induction forwards may start, with what that supposes: at the first step, or where a sum in the formula does."""
    earlier = _earlier(quantity, letter)
    found = [] if earlier is None else [earlier]
    found += [
        Level(node.first.letter, 0)
        for node in walk(formula)
        if isinstance(node, StepSum) and node.last.letter == letter and node.first.letter not in ("", letter)
    ]
    supposed: list[tuple[Level, tuple[str, ...]]] = [
        (start, (rf"{start!r} \leq {letter}",)) for start in dict.fromkeys(found) if not is_bound(start.letter)
    ]
    return supposed if earlier is not None else [(first, ()), *supposed]


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
    for _ in range(_MOST_BETWEEN):
        for direction in (-1, 1):
            beside = {letter: Level(letter, direction)}
            neighbour = instantiate(quantity, beside)
            assert isinstance(neighbour, Entry | Partial)
            there = Array(granted.indices, instantiate(granted.body, beside))
            found = _put_in(opened, neighbour, there)
            if found is not opened:
                return sub(found, formula), direction
        further = _opened_further(theory, quantity, opened)
        if further is None or further is opened:
            return None
        opened = further
    return None


def _put_in(term: Term, neighbour: Entry | Partial, there: Array) -> Term:
    """A term with what is known of a neighbour in its place, except where it is the argument of a map: of that nothing is known but
    that it is the same on both sides. A claim about a diagonal is put in there alone."""
    if isinstance(term, Entry | Partial) and _alike(term, neighbour):
        pairs = list(zip(_indices(neighbour), _indices(term), strict=True))
        at = dict(pairs)
        if all(at[index] is own for index, own in pairs):
            return there.at(*at.values())
    if isinstance(term, MapEntry):
        return term
    children = term.children()
    if isinstance(term, Partial):
        children = (term.of, term.by)
        changed: tuple[Term, ...] = (_put_in(term.of, neighbour, there), term.by)
    else:
        changed = tuple(_put_in(child, neighbour, there) for child in children)
    return term if all(a is b for a, b in zip(children, changed, strict=True)) else term.rebuilt(changed)


def _opened_further(theory: Theory, quantity: Entry | Partial, opened: Term) -> Term | None:
    r"""What stands between a quantity and the step beside it, put in: the `z_t` of `h_t = \\phi(z_t)`."""
    steps = _name_of(quantity)
    assert steps is not None

    def further(node: Term) -> Term | None:
        if isinstance(quantity, Partial):
            return expand(theory, node) if isinstance(node, Partial) else None
        return theory.unfold(node) if isinstance(node, Entry) and node.name.levels == steps.levels else None

    try:
        return transform(opened, further)
    except NotDifferentiable:
        return None


def _alike(node: Term, quantity: Entry | Partial) -> bool:
    """Whether a term is a quantity at indices of its own."""
    if isinstance(node, Entry) and isinstance(quantity, Entry):
        return node.name is quantity.name
    if isinstance(node, Partial) and isinstance(quantity, Partial) and isinstance(node.of, Entry):
        assert isinstance(quantity.of, Entry)
        return node.of.name is quantity.of.name and node.by.name is quantity.by.name
    return False

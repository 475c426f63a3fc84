r"""How a state at one step depends on itself at an earlier one: through every step between them.

Where all that a state `h_t` is made of goes back to `h_{t-1}` and to what is given, `\partial h_t / \partial h_k` is the product
of the `\partial h_i / \partial h_{i-1}` from k+1 to t, the last on the left. With a second state beside it, such as the cell of an
LSTM, it is not.
"""

from __future__ import annotations

from collections.abc import Mapping

from derive.algebra.names import Level, Name, fresh
from derive.algebra.steps import StepChain, StepSum, fresh_letter, is_bound, step_chain, step_product
from derive.algebra.terms import Entry, OfMatrix, Partial, Term, mul, names, total, transform, walk
from derive.theory import Theory

_FURTHEST = 2


def ways_between(theory: Theory, term: Term) -> tuple[Term, ...]:
    """A term as it may be proved: states through all steps between two, as it stands, numbers through their last state."""
    return tuple(dict.fromkeys((through_all_steps(theory, term), term, through_last_state(theory, term))))


def through_all_steps(theory: Theory, term: Term, ranges: Mapping[str, tuple[Level, Level]] | None = None) -> Term:
    """A term with derivatives of a state by itself at an earlier step as products over the steps between."""
    if theory.clock is None:
        return term
    ranges = ranges or {}
    match term:
        case Partial():
            return _product(theory, term, ranges) or term
        case StepSum():
            inner = {**ranges, term.letter: (term.first, term.last)}
            return term.rebuilt((through_all_steps(theory, term.body, inner),))
        case StepChain() | OfMatrix():
            return term
    children = term.children()
    changed = tuple(through_all_steps(theory, child, ranges) for child in children)
    return term if all(a is b for a, b in zip(children, changed, strict=True)) else term.rebuilt(changed)


def _product(theory: Theory, partial: Partial, ranges: Mapping[str, tuple[Level, Level]]) -> Term | None:
    of, by = partial.of, partial.by
    if not isinstance(of, Entry) or of.name.base != by.name.base or len(of.name.levels) != 1:
        return None
    (late,), (early,) = of.name.levels, by.name.levels
    if late.letter == early.letter or len(of.indices) > 1 or not is_state(theory, of.name.base):
        return None
    for level in (late, early):
        if is_bound(level.letter) and not _in_order(late, early, *ranges.get(level.letter, (level, level)), level):
            return None
    step = Level(fresh_letter(), 0)
    here, before = Name(of.name.base, (step,)), Name(of.name.base, (step.shifted(-1),))
    first = early.shifted(1)
    if not of.indices:
        return step_product(step.letter, first, late, Partial(Entry(here), Entry(before)))
    i, j = fresh(of.indices[0].size), fresh(by.indices[0].size)
    body = Partial(Entry(here, (i,)), Entry(before, (j,)))
    chain = StepChain(i, j, body, step.letter, first, late, of.indices[0], by.indices[0])
    return step_chain(chain, first, late)


def _in_order(late: Level, early: Level, first: Level, last: Level, level: Level) -> bool:
    """Whether the range of a bound step says that the earlier of two steps is not after the later."""
    if level is late:
        return first.letter == early.letter and first.offset + late.offset >= early.offset
    return last.letter == late.letter and last.offset + early.offset <= late.offset


def through_last_state(theory: Theory, term: Term) -> Term:
    """A term with derivatives of a number that depends on one state alone, by an earlier one, as those through that state."""

    def change(node: Term) -> Term | None:
        if not isinstance(node, Partial) or not isinstance(node.of, Entry) or node.of.indices:
            return None
        direct, by = theory.left_general(node.of.name), node.by
        if direct is None or len(direct) != 1 or direct[0].base != by.name.base or direct[0] is by.name:
            return None
        (last,) = direct
        levels = {level.letter for level in (*last.levels, *by.name.levels)}
        if len(last.levels) != 1 or len(levels) < 2 or any(map(is_bound, levels)) or not is_state(theory, last.base):
            return None
        between = tuple(fresh(index.size) for index in by.indices)
        state = Entry(last, between)
        return total(between, mul(Partial(node.of, state), Partial(state, by)))

    return transform(term, change)


def by_several_ways(theory: Theory, *terms: Term) -> bool:
    """Whether terms speak of derivatives of a family by an earlier member that it does not only go through itself to: of a cell by
    what it was, pages often mean the way that leaves all gates alone."""
    if theory.clock is None:
        return False
    for term in terms:
        for node in walk(term):
            if isinstance(node, Partial) and isinstance(node.of, Entry) and node.of.name.base == node.by.name.base:
                apart = {level.letter for level in (*node.of.name.levels, *node.by.name.levels)}
                base = node.of.name.base
                if len(apart) > 1 and (not is_state(theory, base) or _also_beside(theory, base)):
                    return True
    return False


def _also_beside(theory: Theory, base: str) -> bool:
    """Whether a state stands in its own definition beside something else that is made of it, such as a gate."""
    own = next(name for name in theory.definitions if name.base == base and name.levels[0].letter)
    used = theory.used(own)
    return any(name.base == base for name in used) and any(
        name.base != base and theory.definition(name) is not None for name in used
    )


def is_state(theory: Theory, base: str) -> bool:
    """Whether all ways back from a member of a family lead through the member a step before."""
    states = theory.kept.setdefault("markov", {})
    assert isinstance(states, dict)
    if base not in states:
        states[base] = _is_state(theory, base)
    return bool(states[base])


def _is_state(theory: Theory, base: str) -> bool:
    assert theory.clock is not None
    own = [name for name in theory.definitions if name.base == base]
    families = [name for name in own if len(name.levels) == 1 and name.levels[0].letter]
    start = theory.clock[0].offset
    if len(families) != 1 or any(level.offset >= start for name in own for level in name.levels if not level.letter):
        return False
    (here,) = families[0].levels
    met, seen = False, {families[0]}
    waiting = [families[0]]
    while waiting:
        definition = theory.definition(waiting.pop())
        assert definition is not None
        if any(isinstance(node, Partial | StepSum) for node in walk(definition.value.body)):
            return False
        for used in names(definition.value.body):
            if used.base == base:
                if used.levels != (here.shifted(-1),):
                    return False
                met = True
            elif theory.left_general(used) is not None:
                return False
            elif theory.definition(used) is not None and used not in seen:
                if any(level.letter != here.letter or level.offset < here.offset - _FURTHEST for level in used.levels):
                    return False
                seen.add(used)
                waiting.append(used)
    return met

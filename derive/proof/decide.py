r"""Equality of two arrays under a theory: proved, refuted, or neither.

The ladder (what is equal with names opaque is proved already; else names are unfolded, the latest first) is climbed only where
floating-point values at random points agree; they decide nothing but the order of work. A refutation needs two disjoint balls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from derive.algebra.aligned import aligned
from derive.algebra.arrays import Array
from derive.algebra.names import Index, Name
from derive.algebra.normal import MOST_WORK, Normalizer, TooLarge
from derive.algebra.shifts import inside
from derive.algebra.single import collapsed
from derive.algebra.stacks import by_parts
from derive.algebra.steps import letters_of
from derive.algebra.terms import Arg, Entry, Fun, Mul, Partial, Term, names, sub, transform, walk
from derive.calculus.chain import NotDifferentiable, expand, through_parts
from derive.proof.arithmetic import BeyondEnd, Floats, Undefined
from derive.proof.by_cases import vanishes_by_cases
from derive.proof.certify import certify, counts_untold
from derive.proof.depth import at_depth
from derive.proof.evaluate import Evaluation, Point
from derive.proof.induction import by_induction
from derive.proof.lines import is_line
from derive.proof.screen import POINTS, Screen, agree, places_of
from derive.proof.transitions import ways_between
from derive.theory import Theory
from derive.verdicts import Counterexample

EQUAL_IN_FLOATING_POINT = "equal in floating point at random inputs, but not proved"
NO_VALUES = "no inputs were found at which both sides have a value"
_MOST_RUNGS = 400
_FIRST_RUNGS = 5
_ARGUMENTS = frozenset({"x", "z", "t", "u", "v", "s"})
"""The letters of functions' arguments."""
_MORE_POINTS = 4
"""So many further points are looked at where none had a value: a matrix of X may have no inverse where X is wide."""
_MOST_FAMILY_RUNGS = 12
"""A layer family unfolds without end, so a proof about it has to come early."""


@dataclass(frozen=True)
class Proved:
    """Equal for all sizes and inputs, under the assumptions named."""

    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refuted:
    """Different at some inputs."""

    counterexample: Counterexample


@dataclass(frozen=True)
class Undecided:
    """Neither; `reason` says what is missing. `agrees` when the two sides are numerically equal."""

    reason: str
    agrees: bool = False


Decision = Proved | Refuted | Undecided


def decide(theory: Theory, left: Array, right: Array, granted: Mapping[Name, int] | None = None) -> Decision:
    """Whether two arrays of one shape are equal. `granted` names arrays whose entries sum to one along an axis."""
    decision = _decided(theory, left, right, granted)
    if isinstance(decision, Refuted) and theory.ends is not None and theory.ends.untold:
        return _with_lengths(theory, left, right, decision)
    return decision


def _with_lengths(theory: Theory, left: Array, right: Array, refuted: Refuted) -> Decision:
    """A refutation on a page that does not say how long its arrays are: none where both sides differ by how many there are."""
    try:
        *_, (normalizer, term) = _unfolded(theory, sub(left.body, right.at(*left.indices)), {}, one_by_one=False)
        open_lengths = counts_untold(theory, normalizer.polynomial(term))
    except (TooLarge, NotDifferentiable):
        open_lengths = True
    return Undecided("the page does not say how many entries there are") if open_lengths else refuted


def _decided(theory: Theory, left: Array, right: Array, granted: Mapping[Name, int] | None) -> Decision:
    unit = {} if granted is None else dict(granted)
    difference_at = list(left.indices)
    other = right.at(*left.indices)
    rungs = _rungs(theory, sub(left.body, other), unit)
    agrees = False
    if Screen.of(theory, unit).differ(left, right):
        looked = _look_at_layers(theory, left.body, other, difference_at, unit, range(POINTS))
        if isinstance(looked, Refuted):
            return looked
    try:
        by_parts = _by_parts(theory, sub(left.body, other), unit)
        if by_parts is not None:
            return by_parts
        if theory.clock is not None:
            return _over_time(theory, left, right, unit, rungs)
        # most true claims about one layer of many are proved in a few steps; values have to be carried through all layers
        proved = _climb(theory, islice(rungs, _FIRST_RUNGS))
        if proved is None:
            looked = _look_at_layers(theory, left.body, other, difference_at, unit, range(1))
            if isinstance(looked, Refuted):
                return looked
            agrees = looked.agrees
            proved = _climb(theory, rungs) or (_by_cases(theory, sub(left.body, other), unit) if agrees else None)
    except TooLarge as error:
        return Undecided(f"a limit was reached: {error}", agrees)
    except NotDifferentiable as error:
        return Undecided(str(error), agrees)
    return proved or _look_at_layers(theory, left.body, other, difference_at, unit, range(1, POINTS))


def _by_parts(theory: Theory, difference: Term, unit: Mapping[Name, int]) -> Proved | None:
    """Derivatives of a total beside those of its parts: the total's in terms of the parts'."""

    def opened(node: Term) -> Term | None:
        body = theory.unfold(node) if isinstance(node, Entry) else None
        return body if body is not None and any(isinstance(part, Partial) for part in walk(body)) else None

    def taken_apart(node: Term) -> Term | None:
        if not isinstance(node, Partial) or not isinstance(node.of, Entry) or node.of.indices:
            return None
        definition = theory.definitions.get(node.of.name)
        if definition is None or not names(definition.value.body) & parts:
            return None
        return through_parts(theory, node.of, node.by)

    term = transform(difference, opened, derivatives=False)
    partials = [node.of for node in walk(term) if isinstance(node, Partial) and isinstance(node.of, Entry)]
    parts = {of.name for of in partials if of.indices}
    if not parts or all(of.indices for of in partials):
        return None
    apart = transform(term, taken_apart)
    if apart is term:
        return None
    normalizer = Normalizer(values=theory.values, unit_sums=unit)
    return _climb(theory, [(normalizer, apart)])


def _over_time(
    theory: Theory, left: Array, right: Array, unit: Mapping[Name, int], rungs: Iterable[tuple[Normalizer, Term]]
) -> Decision:
    """On a page of steps in time: values at every step first. A proof speaks of a step like any other, which the first and the last
    need not be, so it stands only where the values agree at all of them."""
    other, free = right.at(*left.indices), list(left.indices)
    looked = _look_at_layers(theory, left.body, other, free, unit, range(POINTS))
    if isinstance(looked, Refuted) or not looked.agrees:
        return looked
    difference, *other_ways = ways_between(theory, sub(left.body, other))
    rungs = _rungs(theory, difference, unit) if other_ways else rungs

    def vanishes(term: Term) -> tuple[str, ...] | None:
        with suppress(TooLarge, NotDifferentiable):
            if (found := _climb(theory, islice(_rungs(theory, term, unit), _FIRST_RUNGS))) is not None:
                return found.assumptions
        return None

    found = vanishes(difference)
    for way in (difference, *other_ways):
        found = by_induction(theory, way, vanishes) if found is None else found
    if found is not None:
        return Proved(found)
    try:
        return _climb(theory, rungs) or looked
    except (TooLarge, NotDifferentiable) as error:
        return Undecided(str(error), True)


def _climb(theory: Theory, rungs: Iterable[tuple[Normalizer, Term]]) -> Proved | None:
    for normalizer, term in rungs:
        if theory.has_single_sizes:
            term = collapsed(term)
        if all(normalizer.is_zero(normalizer.polynomial(part)) for part in by_parts(term)):
            return Proved(tuple(sorted(_said(each) for each in normalizer.assumptions)))
    return None


def _by_cases(theory: Theory, difference: Term, unit: Mapping[Name, int]) -> Proved | None:
    """The difference written out as far as it goes, by the signs that it depends on."""
    if theory.has_families:
        return None
    *_, (_, term) = _unfolded(theory, difference, {}, one_by_one=False)
    found = vanishes_by_cases(term, unit)
    return None if found is None else Proved(tuple(sorted(_said(each) for each in found.assumptions)))


def _look_at_layers(
    theory: Theory, left: Term, right: Term, indices: list[Index], unit: Mapping[Name, int], seeds: range
) -> Refuted | Undecided:
    """Values of both sides; on a page with layer families at every layer of a network of some depth. What holds at some of the
    layers may be meant for these alone, so only what is false at all of them is refuted, or at all but the last: that one has a
    name of its own, and what is said of every layer is not said of it alone."""
    if not theory.has_families:
        return _look(theory, left, right, indices, unit, seeds)
    deep = at_depth(theory)
    unit = deep.granted(unit)
    refuted: Refuted | None = None
    undecided: Undecided | None = None
    false = undecided_at = 0
    several = len((letters_of(left) | letters_of(right)) - deep.last.keys()) > 1
    first: Refuted | Undecided | None = None
    found = together = None  # what is said of a step and an earlier one is not meant for a step and itself
    for said, at_left, at_right, free, at_once in deep.claims(left, right, indices):
        found = _look(deep.theory, at_left, at_right, free, unit, seeds)
        first = first or found
        if at_once and isinstance(found, Undecided) and found.agrees:
            together = together or found
            continue
        if several and isinstance(found, Undecided) and not found.agrees:
            continue  # of a step and an earlier one nothing is said where the second is the later
        if isinstance(found, Undecided):
            if undecided is None or found.agrees:
                undecided = found
            undecided_at += 1
            continue
        false += 1
        if refuted is None:
            inputs = {**found.counterexample.inputs}
            entry = ", ".join(part for part in (said, found.counterexample.entry) if part)
            refuted = Refuted(Counterexample(inputs, found.counterexample.left, found.counterexample.right, entry))
    only_last = theory.last is not None and undecided_at == 1 and undecided is found and false > 1
    # at its first step a recursion often has nothing behind it, and what is said of every step may hold there by chance
    only_first = theory.clock is not None and undecided_at == 1 and undecided is first and false > 1
    if refuted is not None and (undecided is None or only_last or only_first) and (together is None or false > 1):
        return refuted
    undecided = undecided or together
    if refuted is not None and undecided is not None and undecided.agrees:
        return Undecided("holds at some layers and not at others")
    return undecided or Undecided("no layer was found at which all its names exist")


def _look(
    theory: Theory, left: Term, right: Term, indices: list[Index], unit: Mapping[Name, int], seeds: range
) -> Refuted | Undecided:
    agreed = idle = 0
    written = inside(indices, left, right) if theory.ends is not None else None
    for seed in (*seeds, *range(POINTS, POINTS + _MORE_POINTS)):
        if seed >= POINTS and agreed:
            break
        evaluation = _evaluation(theory, seed, unit, _positive_names(theory, seed, left, right))
        try:
            alive = seen = False
            for at in places_of(evaluation.point, indices):
                if written is not None and not written(at, evaluation.point.length):
                    continue
                try:
                    one, other = evaluation.value(left, at), evaluation.value(right, at)
                except BeyondEnd:
                    continue
                seen = True
                alive = alive or bool(one) or bool(other)
                if not agree(one, other):
                    positive = _positive_names(theory, seed, left, right)
                    certified = certify(theory, left, right, at, seed, unit, evaluation.point.sizes, positive)
                    if certified is not None:
                        return Refuted(certified)
                    break
            else:
                # zeros say little: a condition may not hold here, and then both sides are none
                agreed, idle = agreed + alive, idle + seen
        except (Undefined, NotDifferentiable):
            continue
    if agreed or idle:
        return Undecided(EQUAL_IN_FLOATING_POINT, True)
    return Undecided(NO_VALUES)


def _evaluation(theory: Theory, seed: int, unit: Mapping[Name, int], positive: frozenset[Name]) -> Evaluation:
    """Values in floating point at a random point, kept for the claims that follow."""
    kept = theory.kept.setdefault("evaluations", {})
    assert isinstance(kept, dict)
    key = seed, positive, tuple(sorted(unit.items(), key=repr))
    if key not in kept:
        kept[key] = Evaluation(Point(theory, seed, unit=unit, positive=positive), Floats())
    found: Evaluation = kept[key]
    return found


def _positive_names(theory: Theory, seed: int, *terms: Term) -> frozenset[Name]:
    """Numbers are drawn greater than zero: logarithms ask for it, and notes that write of rates and deviations mean it. At every
    other point the arguments of functions, of which a page says nothing else, may be below: cases have more than one side."""
    scalars = {node.name for term in terms for node in walk(term) if isinstance(node, Entry) and not node.indices}
    return frozenset(
        name for name in scalars if not seed % 2 or name.base not in _ARGUMENTS or theory.owners(name.base)
    )


def _rungs(theory: Theory, difference: Term, unit: Mapping[Name, int]) -> Iterator[tuple[Normalizer, Term]]:
    """The difference, ever further unfolded: first as it stands, then derivatives and what is defined by them, then names.

    In a network without layer families the derivatives are taken a second time, all of them at once.
    """
    yield from _unfolded(theory, difference, unit, one_by_one=True)
    if not theory.has_families:
        yield from _unfolded(theory, difference, unit, one_by_one=False)


def _unfolded(
    theory: Theory, difference: Term, unit: Mapping[Name, int], *, one_by_one: bool
) -> Iterator[tuple[Normalizer, Term]]:
    order = {name: place for place, name in enumerate(theory.definitions)}
    values = theory.values
    work = MOST_WORK if theory.clock is None else MOST_WORK // 10
    plain = Normalizer(
        values=values, most_work=work
    )  # one for all rungs: what a step leaves as it was keeps its normal form
    families = theory.has_families
    term = aligned(_with_functions(theory, difference), plain.kind)
    yield plain, term
    if families:
        yield from _activations_opened(theory, plain, term)
    if unit:
        yield Normalizer(unit_sums=unit, values=values, most_work=work), term
    for _ in range(_MOST_FAMILY_RUNGS if families else _MOST_RUNGS):
        unfolded = _unfold_once(theory, term, order, one_by_one)
        if unfolded is None:
            break
        term = aligned(_with_functions(theory, unfolded), plain.kind)
        yield plain, term
        if families:
            yield from _activations_opened(theory, plain, term)
    if unit:
        yield Normalizer(unit_sums=unit, values=values, most_work=work), term
    yield Normalizer(exponentials=True, unit_sums=unit, values=values, most_work=work), term


def _activations_opened(theory: Theory, plain: Normalizer, term: Term) -> Iterator[tuple[Normalizer, Term]]:
    r"""The same with the activations of all layers in terms of the pre-activations: `a^l (1 - a^l)` is a slope at `z^l`. Where a
    pre-activation has no name, over time, only those that stand beside their slope."""
    timed = walk(term, derivatives=False) if theory.clock is not None else ()
    slopes = {node.function for node in timed if isinstance(node, Fun) and node.order}

    def opened(node: Term) -> Term | None:
        if not isinstance(node, Entry) or not node.name.levels:
            return None
        body = theory.unfold(node)
        return body if isinstance(body, Fun) and (body.function in slopes or isinstance(body.argument, Entry)) else None

    found = transform(term, opened, derivatives=False)
    if found is not term:
        yield plain, _with_functions(theory, found)


def _unfold_once(theory: Theory, term: Term, order: Mapping[Name, int], one_by_one: bool) -> Term | None:
    """Derivatives one step of the chain rule further; where there are none, the latest of the defined names."""
    if one_by_one:
        opened = transform(term, lambda node: _backward(theory, node), derivatives=False)
        if opened is not term:
            return opened
    # Only the derivatives furthest from the loss take a step, and so they meet the others: in a deep network the two sides of a
    # claim about one layer agree long before the loss is reached, and layer families go on without end. Those of what is left
    # general stay.
    distances = {_slope_distance(theory, node, order) for node in walk(term) if isinstance(node, Partial)}
    for furthest in sorted(distances):

        def step(node: Term, furthest: object = furthest) -> Term | None:
            if not isinstance(node, Partial):
                return None
            if one_by_one and _slope_distance(theory, node, order) != furthest:
                return None
            return expand(theory, node)

        taken = transform(term, step)
        if taken is not term:
            return taken
    defined = {
        node.name
        for node in walk(term, derivatives=False)
        if isinstance(node, Entry) and theory.definition(node.name) is not None
    }
    if not defined:
        return None
    # names without a layer first: below them families go on without end
    latest = max(
        defined,
        key=lambda name: (not any(level.letter for level in name.levels), *_distance(theory, name, order), repr(name)),
    )
    unfolded = transform(
        term, lambda node: theory.unfold(node) if isinstance(node, Entry) and node.name is latest else None,
        derivatives=False,
    )  # fmt: skip
    return None if unfolded is term else unfolded


def _backward(theory: Theory, node: Term) -> Term | None:
    """What a backward quantity was defined to be a derivative of."""
    if not isinstance(node, Entry):
        return None
    body = theory.unfold(node)
    if isinstance(body, Mul):  # up to a factor such as a sign
        return body if sum(isinstance(part, Partial) for part in body.factors) == 1 and len(body.factors) == 2 else None
    return body if isinstance(body, Partial) else None


def _distance(theory: Theory, name: Name, order: Mapping[Name, int]) -> tuple[bool, bool, int, int]:
    """Where a name stands on the way to the loss: what is given first, then by layers, then in the order of definitions."""
    place = order.get(name)
    if place is None:
        family = theory.family_of(name)
        place = -1 if family is None else order[family]
    last = theory.last
    final = last is not None and any(level.letter == last.letter for level in name.levels)
    return place >= 0, final, sum(level.offset for level in name.levels if level.letter), place


def _slope_distance(theory: Theory, node: Partial, order: Mapping[Name, int]) -> tuple[object, ...]:
    """Where a derivative's variable stands on the way to the loss; of states over time the latest comes first."""
    of = node.of.name.levels if isinstance(node.of, Entry) else ()
    return *_distance(theory, node.by.name, order), -sum(level.offset for level in of if level.letter)


def _with_functions(theory: Theory, term: Term) -> Term:
    """Functions that the document defines by a formula of its own, written out."""
    from derive.algebra.rules import by_argument

    def change(node: Term) -> Term | None:
        if not isinstance(node, Fun):
            return None
        own = theory.functions.get(node.function)
        if own is None or own.body is None or own.known:
            return None
        body = own.body
        for _ in range(node.order):
            body = by_argument(body)
        argument = node.argument
        return transform(body, lambda part: argument if isinstance(part, Arg) else None)

    for _ in range(_DEEPEST_CALLS):  # functions may be written with others
        opened = transform(term, change)
        if opened is term:
            break
        term = opened
    return term


_DEEPEST_CALLS = 8


def _said(assumption: tuple[str, object]) -> str:
    kind, what = assumption
    if kind == "unit sum" and isinstance(what, Name):
        entry = rf"({what.base})_k" if "_" in what.base else f"{what.base}_k"
        return rf"\sum_k {entry} = 1"
    said = {
        "positive": "the arguments of the logarithms are positive",
        "invertible": "the matrices that are inverted have inverses",
        "not one": "the ratios of the geometric sums are not one",
    }
    return said.get(kind, "away from the kink")


def is_diagonal(theory: Theory, of: Entry, by: Entry) -> bool:
    """Whether the derivative of a vector by a vector is proved to vanish off its diagonal."""
    indices = (*of.indices, *by.indices)
    if len(set(indices)) < len(indices):
        return _is_diagonal(theory, of, by)
    # whatever the indices are called
    kept = theory.kept.setdefault("diagonal", {})
    assert isinstance(kept, dict)
    if (of.name, by.name) not in kept:
        kept[of.name, by.name] = is_line(theory, of, by) or _is_diagonal(theory, of, by)
    return bool(kept[of.name, by.name])


_MOST_PATHS = 24
"""By so many paths, and no chain of elementwise functions is expected."""


def _is_diagonal(theory: Theory, of: Entry, by: Entry) -> bool:
    try:
        term: Term = Partial(of, by)
        for _ in range(8):
            polynomial = Normalizer().polynomial(term)
            if all(any(atom.kind == "delta" and set(atom.indices) == {*of.indices, *by.indices} for atom, _ in m.factors)
                   for m in polynomial.monomials):  # fmt: skip
                return True
            if len(polynomial.monomials) > _MOST_PATHS:
                return False
            expanded = transform(term, lambda node: expand(theory, node) if isinstance(node, Partial) else None)
            if expanded is term:
                return False
            term = expanded
    except (NotDifferentiable, TooLarge):
        return False
    return False

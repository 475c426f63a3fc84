r"""Sums over steps in the normal form: a bound step is an index like any other.

In `\sum_{t=1}^{T} c_t x_{t-1}` the step becomes an index of every name, which remembers by how much it is shifted: c has `*` for
its step and x has `*-1`. What is known of sums over indices then holds for them as it is. To have one form, every sum is shifted
so that its least offset is zero, begins at step 1 or at a letter, and ends at a letter or a number; what that takes from the sum
or adds to it stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from derive.algebra.maps import MapEntry
from derive.algebra.names import Index, Level, Name, Size, fresh, level_from
from derive.algebra.polynomial import Atom, Monomial, Polynomial, collect
from derive.algebra.steps import STEPS, is_bound

_HOLE = "*"
_OPEN = Size("@", None)
"""The range of a step whose sum has not been closed yet."""
_MOST_PEELED = 4


class OpenSteps(Exception):
    """A sum over steps for which there is no normal form."""


def step_index(letter: str) -> Index:
    """The index that stands for the bound step of that letter."""
    return Index(letter, _OPEN)


def lifted(name: Name) -> tuple[Name, tuple[Index, ...]]:
    """A name with its bound steps taken out, and these as indices."""
    if not any(is_bound(level.letter) for level in name.levels):
        return name, ()
    steps = tuple(step_index(level.letter) for level in name.levels if is_bound(level.letter))
    levels = tuple(Level(_HOLE, level.offset) if is_bound(level.letter) else level for level in name.levels)
    return Name(name.base, levels), steps


def map_atom(term: MapEntry, argument: Polynomial) -> Atom:
    """The atom of a map at a vector, whose entries are a polynomial."""
    name, steps = lifted(term.name)
    kind = Name(f"{name.base}/{len(term.out)}/{len(term.slots)}", name.levels)
    return Atom("map", kind, (*term.out, *term.slots, *steps), (argument,), (term.i,))


def summed_over_steps(body: Polynomial, letter: str, first: Level, last: Level) -> Iterator[Monomial]:
    """The monomials of the sum of a polynomial over a step; idle sums are left to whoever counts indices.

    Raises:
        OpenSteps: a sum inside it ends where this one stands, or begins too far from step 1.
    """
    step = step_index(letter)
    for monomial in body.monomials:
        if any(re.search(rf"\b{letter}\b", index.size.name) for index in _all_indices(monomial)):
            raise OpenSteps("sums over steps of which one ends where the other stands")
        offsets = set(_offsets(monomial, step))
        by = -min(offsets, default=0)
        aligned = _with_levels(monomial, step, lambda level, by=by: level.shifted(by), step)  # type: ignore[misc]
        begin, end = first.shifted(-by), last.shifted(-by)
        start = 1 if not begin.letter else 0
        yield from _ranged(aligned, step, Level(begin.letter, start), Level(end.letter, 0) if end.letter else end)
        yield from _peeled(aligned, step, begin.letter, begin.offset, start)
        if end.letter:
            yield from _peeled(aligned, step, end.letter, 1, end.offset + 1)


def _ranged(monomial: Monomial, step: Index, first: Level, last: Level) -> Iterator[Monomial]:
    own = fresh(Size(f"@{first!r}..{last!r}", None))
    factors = tuple((atom.renamed({step: own}), exponent) for atom, exponent in monomial.factors)
    yield Monomial(monomial.coefficient, factors, (*monomial.bound, own))


def _peeled(monomial: Monomial, step: Index, letter: str, start: int, stop: int) -> Iterator[Monomial]:
    """The members from `start` up to before `stop`, counted from a letter or from zero; negative where `stop` comes first."""
    if abs(stop - start) > _MOST_PEELED:
        raise OpenSteps("a sum over steps that begins or ends far from where others do")
    sign = 1 if start < stop else -1
    for offset in range(min(start, stop), max(start, stop)):
        taken = _placed(monomial, step, Level(letter, offset))
        yield Monomial(taken.coefficient * sign, taken.factors, taken.bound)


def range_of(length: Size) -> tuple[str, str] | None:
    """The first and the last step of a range, as they are written."""
    if not length.name.startswith("@") or length is _OPEN:
        return None
    first, _, last = length.name[1:].partition("..")
    return first, last


def at_step(body: Polynomial, step: Index, level: Level, own: Index | None) -> Polynomial:
    """A polynomial at one step; `own` is the index of the step where the level is one that stays bound."""
    if level.letter == _HOLE:
        return collect(_with_levels(m, step, lambda hole: hole.shifted(level.offset), own) for m in body.monomials)
    return collect(_placed(monomial, step, level) for monomial in body.monomials)


def from_zero(body: Polynomial, step: Index) -> tuple[Polynomial, int]:
    """A polynomial shifted so that its least offset is zero, and by how much its steps stand further on for that."""
    low = min((offset for monomial in body.monomials for offset in _offsets(monomial, step)), default=0)
    if not low:
        return body, 0
    return collect(_with_levels(m, step, lambda level: level.shifted(-low), step) for m in body.monomials), -low


def _placed(monomial: Monomial, step: Index, level: Level) -> Monomial:
    """A monomial at one step."""
    if is_bound(level.letter):
        outer = step_index(level.letter)
        return _with_levels(monomial, step, lambda hole: hole.shifted(level.offset), outer)
    return _with_levels(monomial, step, lambda hole: level.shifted(hole.offset), None)


def _with_levels(monomial: Monomial, step: Index, change: Callable[[Level], Level], to: Index | None) -> Monomial:
    factors = tuple((_atom_with(atom, step, change, to), exponent) for atom, exponent in monomial.factors)
    return Monomial(monomial.coefficient, factors, monomial.bound)


def _atom_with(atom: Atom, step: Index, change: Callable[[Level], Level], to: Index | None) -> Atom:
    """An atom with the levels at a step changed, and the step's index replaced, or taken out where the level is no hole now."""
    if step not in atom.free:
        return atom
    head, indices = atom.head, atom.indices
    if step in indices:
        names = head if isinstance(head, tuple) else (head,)
        assert all(isinstance(name, Name) for name in names)
        holes = list(indices[len(indices) - sum(map(_holes, names)) :])  # type: ignore[arg-type]
        kept: list[Index] = []
        changed: list[Name] = []
        for name in names:
            assert isinstance(name, Name)
            levels = []
            for level in name.levels:
                if level.letter != _HOLE:
                    levels.append(level)
                    continue
                index = holes.pop(0)
                if index is step:
                    level = change(level)
                    index = to or index
                levels.append(level)
                if level.letter == _HOLE:
                    kept.append(index)
            changed.append(Name(name.base, tuple(levels)))
        own = indices[: len(indices) - sum(map(_holes, names))]  # type: ignore[arg-type]
        head, indices = tuple(changed) if isinstance(head, tuple) else changed[0], (*own, *kept)  # type: ignore[assignment]
    parts = tuple(
        collect(_with_levels(monomial, step, change, to) for monomial in part.monomials) for part in atom.parts
    )
    return Atom(atom.kind, head, indices, parts, atom.bound)


def _holes(name: Name) -> int:
    return sum(level.letter == _HOLE for level in name.levels)


def _offsets(monomial: Monomial, step: Index) -> Iterator[int]:
    for atom, _ in monomial.factors:
        if step not in atom.free:
            continue
        if step in atom.indices and atom.kind not in ("step power", "step count", "step product"):
            names = atom.head if isinstance(atom.head, tuple) else (atom.head,)
            levels = [
                level for name in names if isinstance(name, Name) for level in name.levels if level.letter == _HOLE
            ]
            holes = atom.indices[len(atom.indices) - len(levels) :]
            yield from (level.offset for level, index in zip(levels, holes, strict=True) if index is step)
        for part in atom.parts:
            for inner in part.monomials:
                yield from _offsets(inner, step)


def _all_indices(monomial: Monomial) -> Iterable[Index]:
    yield from monomial.bound
    for atom, _ in monomial.factors:
        yield from atom.indices
        yield from atom.bound
        for part in atom.parts:
            for inner in part.monomials:
                yield from _all_indices(inner)


def geometric(
    body: Polynomial, letter: str
) -> tuple[list[tuple[Monomial, list[tuple[Polynomial, Fraction]]]], Polynomial]:
    """What a polynomial has of step powers alone, each as what stands outside a sum over the step and the bases with their
    exponents; and the rest."""
    step = step_index(letter)
    found, rest = [], []
    for monomial in body.monomials:
        inside = [(atom, exponent) for atom, exponent in monomial.factors if step in atom.free]
        alone = all(atom.kind == "step power" and step not in atom.parts[0].free for atom, _ in inside)
        if not inside or not alone:
            rest.append(monomial)
            continue
        outside = tuple(factor for factor in monomial.factors if step not in factor[0].free)
        powers = [(atom.parts[0], exponent) for atom, exponent in inside]
        found.append((Monomial(monomial.coefficient, outside, monomial.bound), powers))
    return found, Polynomial(tuple(rest))


def count_of(length: Size) -> tuple[Fraction, tuple[tuple[str, int], ...]] | None:
    """How many steps there are: a number, and letters with their signs; None for what counts no steps."""
    found = range_of(length)
    if found is None:
        base, _, place = length.name.partition("@")
        if base != STEPS:
            return None
        level = level_from(place)
        return Fraction(level.offset), ((level.letter, 1),)
    first, last = map(level_from, found)
    letters = tuple((level.letter, sign) for level, sign in ((last, 1), (first, -1)) if level.letter)
    return Fraction(last.offset - first.offset + 1), letters

"""Which of many candidate equations can be true: values in floating point at a few random points, worked out once for all of them.

They decide nothing but what is worth the time of a proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from derive.algebra.arrays import Array
from derive.algebra.names import Index, Name
from derive.algebra.terms import Term
from derive.calculus.chain import NotDifferentiable
from derive.proof.arithmetic import Floats, Undefined
from derive.proof.depth import at_depth
from derive.proof.evaluate import Evaluation, Point
from derive.theory import Theory

CLOSE = 1e-9
POINTS = 3
ENTRIES = 64
_FEW_ENTRIES = 16
"""So many are looked at where arrays have shifted entries, and their values take long."""
_MOST_LOOKED = 24
"""At so many points a condition is looked for: half of all points have a given number below zero."""
_MANY = 60
"""With more definitions than this a network is deep."""


class Screen:
    """The values of a theory's quantities at random points."""

    @staticmethod
    def of(theory: Theory, granted: Mapping[Name, int]) -> Screen:
        """The one of a theory, made when it is first asked for."""
        found = theory.kept.get("screen")
        if not isinstance(found, Screen) or found.granted != granted:
            found = theory.kept["screen"] = Screen(theory, granted)
        return found

    def __init__(self, theory: Theory, granted: Mapping[Name, int]) -> None:
        self.granted = granted
        self._deep = at_depth(theory) if theory.has_families else None
        self._many = len(theory.definitions) > _MANY
        granted = granted if self._deep is None else self._deep.granted(granted)
        own = theory if self._deep is None else self._deep.theory
        # logarithms and roots ask for positive numbers; the sides of a kink are told apart by the others
        scalars = frozenset(name for name, symbol in own.symbols.items() if not symbol.shape)
        points = [
            Point(own, seed, unit=granted, positive=scalars if seed % 2 == 0 else frozenset()) for seed in range(POINTS)
        ]
        self._evaluations = [Evaluation(point, Floats()) for point in points]

    def passes(self, left: Array, right: Array) -> bool:
        """Whether both sides are close at every point that gives them values, at every layer of which they speak."""
        one, other, free = left.body, right.at(*left.indices), list(left.indices)
        looked = False
        for _, one_here, other_here, free_here, _ in (
            [("", one, other, free, False)] if self._deep is None else self._deep.claims(one, other, free)
        ):
            for evaluation in self._evaluations:
                try:
                    if not _close(evaluation, one_here, other_here, free_here):
                        return False
                except (Undefined, NotDifferentiable):
                    continue
                looked = True
        return looked

    def differ(self, left: Array, right: Array) -> bool:
        """Whether both sides differ at a single entry, which is quick to find out. In a deep network it is not
        found out: values would have to be carried through all layers, and most claims are about one."""
        if self._deep is not None or self._many:
            return False
        other = right.at(*left.indices)
        for evaluation in self._evaluations:
            length = evaluation.point.length
            try:
                at = {index: min(place, length(index.size) - 1) for place, index in enumerate(left.indices)}
                return not agree(evaluation.value(left.body, at), evaluation.value(other, at))
            except (Undefined, NotDifferentiable):
                continue
        return False


def holds_somewhere(theory: Theory, granted: Mapping[Name, int], condition: Term) -> bool:
    """Whether a condition, a term that is one where it holds and zero elsewhere, was seen to hold: what is claimed under conditions
    that never hold together is true of everything, and says nothing."""
    free = sorted(condition.free, key=lambda index: index.label)
    for seed in range(_MOST_LOOKED):
        evaluation = Evaluation(Point(theory, seed, unit=granted), Floats())
        try:
            for at in places_of(evaluation.point, free):
                if evaluation.value(condition, at):
                    return True
        except (Undefined, NotDifferentiable):
            continue
    return False


def agree(a: float, b: float) -> bool:
    """Whether two values are equal up to rounding."""
    return abs(a - b) <= CLOSE * (1 + abs(a) + abs(b))


def places_of(point: Point, free: Sequence[Index]) -> Iterator[dict[Index, int]]:
    """The entries that free indices run over, up to a few dozen."""
    most = ENTRIES if point.theory.ends is None else _FEW_ENTRIES
    for places in islice(product(*(point.places(index.size) for index in free)), most):
        yield dict(zip(free, places, strict=True))


def _close(evaluation: Evaluation, left: Term, right: Term, free: Sequence[Index]) -> bool:
    return all(
        agree(evaluation.value(left, at), evaluation.value(right, at)) for at in places_of(evaluation.point, free)
    )

"""Which of many candidate equations can be true: values in floating point at a few random points, worked out once for all of them.

They decide nothing but what is worth the time of a proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product

from derive.algebra.arrays import Array
from derive.algebra.terms import Index, Name, Term
from derive.calculus.chain import NotDifferentiable
from derive.proof.depth import at_depth
from derive.proof.evaluate import Evaluation, Floats, Point, Undefined
from derive.theory import Theory

_CLOSE = 1e-9
_POINTS = 3
_ENTRIES = 64
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
        own = theory if self._deep is None else self._deep.theory
        scalars = frozenset(name for name, symbol in own.symbols.items() if not symbol.shape)
        points = [Point(own, seed, unit=granted, positive=scalars) for seed in range(_POINTS)]
        self._evaluations = [Evaluation(point, Floats()) for point in points]

    def passes(self, left: Array, right: Array) -> bool:
        """Whether both sides are close at the first point that gives them values, at every layer of which they speak."""
        one, other, free = left.body, right.at(*left.indices), list(left.indices)
        looked = False
        for _, one_here, other_here, free_here in (
            [("", one, other, free)] if self._deep is None else self._deep.claims(one, other, free)
        ):
            for evaluation in self._evaluations:
                try:
                    if not _close(evaluation, one_here, other_here, free_here):
                        return False
                except (Undefined, NotDifferentiable):
                    continue
                looked = True
                break
        return looked

    def differ(self, left: Array, right: Array) -> bool:
        """Whether both sides differ at a single entry, which is quick to find out. In a deep network it is not
        found out: values would have to be carried through all layers, and most claims are about one."""
        if self._deep is not None or self._many:
            return False
        other = right.at(*left.indices)
        for evaluation in self._evaluations:
            length = evaluation.point.length
            at = {index: min(place, length(index.size) - 1) for place, index in enumerate(left.indices)}
            try:
                return not _agree(evaluation.value(left.body, at), evaluation.value(other, at))
            except (Undefined, NotDifferentiable):
                continue
        return False


def _agree(a: float, b: float) -> bool:
    return abs(a - b) <= _CLOSE * (1 + abs(a) + abs(b))


def _close(evaluation: Evaluation, left: Term, right: Term, free: Sequence[Index]) -> bool:
    for places in islice(product(*(range(evaluation.point.length(index.size)) for index in free)), _ENTRIES):
        at = dict(zip(free, places, strict=True))
        if not _agree(evaluation.value(left, at), evaluation.value(right, at)):
            return False
    return True

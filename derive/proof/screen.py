"""Which of many candidate equations can be true: values in floating point at a few random points, worked out once for all of them.

They decide nothing but what is worth the time of a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, product

from derive.algebra.arrays import Array
from derive.algebra.terms import Index, Term
from derive.calculus.chain import NotDifferentiable
from derive.meaning.collect import Understanding
from derive.proof.depth import at_depth
from derive.proof.evaluate import Evaluation, Floats, Point, Undefined

_CLOSE = 1e-9
_POINTS = 3
_ENTRIES = 64


class Screen:
    """The values of one page's quantities at random points."""

    def __init__(self, understanding: Understanding) -> None:
        theory = understanding.theory
        self._deep = at_depth(theory) if theory.has_families else None
        own = theory if self._deep is None else self._deep.theory
        scalars = frozenset(name for name, symbol in own.symbols.items() if not symbol.shape)
        points = [Point(own, seed, unit=understanding.granted, positive=scalars) for seed in range(_POINTS)]
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


def _close(evaluation: Evaluation, left: Term, right: Term, free: Sequence[Index]) -> bool:
    for places in islice(product(*(range(evaluation.point.length(index.size)) for index in free)), _ENTRIES):
        at = dict(zip(free, places, strict=True))
        a, b = evaluation.value(left, at), evaluation.value(right, at)
        if abs(a - b) > _CLOSE * (1 + abs(a) + abs(b)):
            return False
    return True

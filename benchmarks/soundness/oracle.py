"""Whether a claim is true, by its values at random points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.soundness.formulas import Derivative, Formula, Misfit, Quantity, Value, children
from benchmarks.soundness.networks import Network, RandomPoint

POINTS = 3
EQUAL = 1e-9
DIFFERENT = 1e-5


@dataclass(frozen=True)
class Claim:
    """`left = right`, for every value of the index letters in `free` (each with its size)."""

    left: Formula
    right: Formula
    free: tuple[tuple[str, str], ...] = ()
    step: str = ""
    """`descent` or `ascent`: printed as an update of `left` along `right`, which is true of the loss's gradient alone."""
    where: tuple[str, str, str] | None = None
    r"""Two index letters with `=` or `\neq` between them: only where that holds the claim is made."""
    words: str = ""
    """What is printed between the claim and its condition."""


def points(network: Network, seed: int) -> list[RandomPoint]:
    return [RandomPoint(network, seed, turn) for turn in range(POINTS)]


def truth(claim: Claim, at: list[RandomPoint]) -> bool | None:
    """True, false, or None: the values are too close to tell, or the claim speaks of nothing, or of zeros alone, as where no unit
    of a layer is active."""
    worst = 0.0
    spoken = alive = False
    for point in at:
        for _ in _layers(claim, point):
            spoken = True
            worst = max(worst, _difference(claim, point))
            alive = alive or not _vanishes(claim, point)
    if not spoken or not alive or EQUAL < worst < DIFFERENT:
        return None
    return worst <= EQUAL


def _layers(claim: Claim, point: RandomPoint) -> Iterator[None]:
    """Every layer of the network at which all names of the claim exist."""
    names = [*_names(claim.left), *_names(claim.right)]
    if not any(name.layer is not None and name.layer.letter for name in names):
        yield
        return
    for layer in range(point.network.depth + 1):
        point.letters["l"] = layer
        if all(point.network.exists(name.key(point)) for name in names):
            yield


def spoken_of(claim: Claim, network: Network) -> bool:
    """Whether all names of a claim without a layer letter exist."""
    names = [*_names(claim.left), *_names(claim.right)]
    if any(name.layer is not None and name.layer.letter for name in names):
        return True
    return all(network.exists((name.kind, None if name.layer is None else name.layer.offset)) for name in names)


def _names(formula: Formula) -> Iterator[Quantity]:
    if isinstance(formula, Quantity):
        yield formula
    for _, child in children(formula):
        yield from _names(child)


def _difference(claim: Claim, point: RandomPoint) -> float:
    worst = 0.0
    for places in _places(claim, point):
        try:
            left, right = _sides(claim)
            one, other = left.value(point, places), right.value(point, places)
        except Misfit:
            return float("inf")
        worst = max(worst, _relative(one, other))
    return worst


def _places(claim: Claim, point: RandomPoint) -> Iterator[dict[str, int]]:
    """The values of the index letters for which the claim is made."""
    letters = [letter for letter, _ in claim.free]
    for at in product(*(range(point.length(size)) for _, size in claim.free)):
        places = dict(zip(letters, at, strict=True))
        if claim.where is None or (places[claim.where[0]] == places[claim.where[2]]) == (claim.where[1] == "="):
            yield places


def _vanishes(claim: Claim, point: RandomPoint) -> bool:
    """Whether the left side is zero in all entries: nothing can be told apart there."""
    for places in _places(claim, point):
        left, _ = _sides(claim)
        if bool(np.any(left.value(point, places) != 0)):
            return False
    return True


def _sides(claim: Claim) -> tuple[Formula, Formula]:
    if not claim.step:
        return claim.left, claim.right
    assert isinstance(claim.left, Quantity)
    gradient = Derivative(Quantity("L"), claim.left)
    return gradient, claim.right if claim.step == "descent" else -claim.right


def _relative(left: Value, right: Value) -> float:
    if left.shape != right.shape and max(left.size, right.size) > 1:
        return float("inf")
    left, right = left.reshape(-1), right.reshape(-1)
    return float(np.max(np.abs(left - right) / (1 + np.abs(left) + np.abs(right))))

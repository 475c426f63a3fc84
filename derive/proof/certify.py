"""What a refutation rests on: two sides enclosed in disjoint balls at a point, written out."""

from __future__ import annotations

from collections.abc import Mapping

from derive.algebra.names import Index, Name, Size
from derive.algebra.polynomial import Polynomial
from derive.algebra.terms import Term
from derive.calculus.chain import NotDifferentiable
from derive.proof.arithmetic import Balls, Undefined
from derive.proof.evaluate import Evaluation, Point
from derive.theory import Theory
from derive.verdicts import Counterexample


def certify(
    theory: Theory,
    left: Term,
    right: Term,
    at: Mapping[Index, int],
    seed: int,
    unit: Mapping[Name, int],
    sizes: Mapping[Size, int],
    positive: frozenset[Name],
) -> Counterexample | None:
    """Both sides enclosed, at the sizes at which they were seen to differ; a counterexample where the enclosures are disjoint."""
    import flint

    for precision in (64, 128, 512):
        flint.ctx.prec = precision
        point = Point(theory, seed, dict(sizes), unit=unit, positive=positive)
        evaluation = Evaluation(point, Balls())
        try:
            a, b = evaluation.value(left, at), evaluation.value(right, at)
        except (Undefined, NotDifferentiable):
            continue
        if not a.overlaps(b):
            inputs = {
                _entry_text(theory, name, places): str(value)
                for (name, places), value in sorted(point.inputs.items(), key=repr)
            }
            zero = theory.ends.letters_from_zero if theory.ends is not None else ()
            entry = ", ".join(f"{place + (index.label not in zero)}" for index, place in at.items())
            return Counterexample(inputs, _shown(a), _shown(b), entry)
    return None


def _shown(ball: object) -> str:
    return ball.str(8, radius=False)  # type: ignore[attr-defined,no-any-return]


def _entry_text(theory: Theory, name: Name, places: tuple[int, ...]) -> str:
    levels = "".join(f"^{{({level!r})}}" for level in name.levels)
    zero = theory.ends.from_zero if theory.ends is not None else ()
    shown = (str(place + ((name.base, axis) not in zero)) for axis, place in enumerate(places))
    return name.base + levels + (f"_{{{','.join(shown)}}}" if places else "")


def counts_untold(theory: Theory, difference: Polynomial) -> bool:
    """Whether in a difference there is a number of entries that the page does not tell."""
    untold = theory.ends.untold if theory.ends is not None else frozenset()
    waiting = [atom for monomial in difference.monomials for atom, _ in monomial.factors]
    while waiting:
        atom = waiting.pop()
        if atom.kind == "extent" and atom.head in untold:
            return True
        waiting += [inner for part in atom.parts for monomial in part.monomials for inner, _ in monomial.factors]
    return False

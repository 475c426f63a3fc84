"""For a refuted statement the nearest true one: candidates that agree in floating point, the first of them that is proved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from derive.algebra.arrays import ShapeMismatch
from derive.calculus.chain import NotDifferentiable
from derive.meaning.collect import Understanding
from derive.meaning.draft import Meaning
from derive.meaning.layers import at_layer
from derive.meaning.naming import as_said, walk, written
from derive.meaning.scope import NotUnderstood
from derive.meaning.statements import ARROWS
from derive.notation.tree import Derivative, Node, Scripted
from derive.proof.derived import worked_out
from derive.proof.judge import claimed, missed_by
from derive.proof.nearest import Equation, other_lefts, other_rights
from derive.proof.offers import Page, page_names, page_of
from derive.proof.screen import Screen
from derive.proof.sides import Pair, Sides, numbered_layers
from derive.proof.updates import says_its_step, step_of_descent
from derive.verdicts import Verdict


class Suggestions:
    """The suggestions for one page as it was understood: what it offers for changes, and its values, are worked out once."""

    def __init__(self, understanding: Understanding) -> None:
        self._understanding = understanding

    @cached_property
    def _page(self) -> Page:
        defined = self._understanding.theory.definitions
        return page_of(self._trees(), lambda name: name in defined)

    @cached_property
    def _screen(self) -> Screen:
        return Screen.of(self._understanding.theory, self._understanding.granted)

    def of(self, place: int) -> tuple[str, ...]:
        """The nearest true formulas as LaTeX: right sides, or whole equations where the left was changed."""
        from derive.notation.latex import write_latex

        understanding = self._understanding
        statement, meaning = understanding.placed[place].statement, understanding.meanings[place]
        left, right = statement.left, statement.right
        assert right is not None
        if meaning.kind == "definition":
            # a delta that is no derivative: which right side would make it one?
            derivative = self._missed(meaning)
            if derivative is None:
                return ()
            left, meaning = derivative, Meaning("claim")
        near = (
            other_rights(left, right, self._page),
            self._worked_out(left, right),
            other_lefts(left, right, self._page),
        )
        found = list(islice((each for equations in near for each in self._proved(equations, place, meaning)), 1))

        def latex(node: Node) -> str:
            return write_latex(as_said(node, understanding.said))

        sign = statement.relation if statement.relation in ARROWS else "="
        return tuple(
            latex(other) if one == left and not statement.spelled_out else f"{latex(one)} {sign} {latex(other)}"
            for one, other in found
        )

    def _worked_out(self, left: Node, right: Node) -> Iterator[Equation]:
        """Equations whose right side is worked out from the definitions."""
        sides = self._sides(left)
        if sides is None:
            return
        for reading in sides.lefts[:1]:
            theory, kronecker = self._understanding.theory, self._understanding.vocabulary.kronecker
            primes = any(isinstance(node, Scripted) and node.primes for node in walk(right))
            for one, other in worked_out(theory, reading, primes=primes, kronecker=kronecker):
                if left not in walk(other):
                    yield left if one is None else one, other

    def _missed(self, meaning: Meaning) -> Node | None:
        """The derivative that a delta should be."""
        theory = self._understanding.theory
        assert meaning.name is not None
        missed = missed_by(theory, meaning.name)
        if missed is None or theory.loss is None:
            return None
        spelled = {name.name: node for node in page_names(self._trees()) if (name := written(node)) is not None}
        loss, by = spelled.get(theory.loss), spelled.get(missed)
        return None if loss is None or by is None else Derivative(r"\partial", loss, (by,))

    def _trees(self) -> Iterator[Node]:
        for each in self._understanding.placed:
            yield each.statement.left
            if each.statement.right is not None:
                yield each.statement.right

    def _proved(self, equations: Iterable[Equation], place: int, meaning: Meaning) -> Iterator[Equation]:
        """Those of the equations that are proved, in their order."""
        for left, right in self._plausible(equations, place, meaning):
            try:
                if claimed(self._understanding, place, left, right, meaning).verdict is Verdict.PROVED:
                    yield left, right
            except RecursionError:
                continue

    def _plausible(self, equations: Iterable[Equation], place: int, meaning: Meaning) -> Iterator[Equation]:
        """Those of the equations that have a reading in which both sides agree in floating point."""
        understanding = self._understanding
        statement = understanding.placed[place].statement
        assert statement.right is not None
        letter, layers = numbered_layers(understanding, statement.left, statement.right)
        sides: dict[Node, Sides | None] = {}
        for left, right in equations:
            if meaning.kind == "update" and says_its_step(understanding, place, left, right):
                yield left, right
            for number in layers or (0,):
                one, other = (at_layer(each, letter, number) if layers else each for each in (left, right))
                if one not in sides:
                    if len(sides) > len(layers) + 1:
                        sides.clear()
                    sides[one] = self._sides(one, statement.conditions)
                if self._agrees(sides[one], other, place, meaning):
                    yield left, right
                    break

    def _sides(self, left: Node, conditions: Sequence[Node] = ()) -> Sides | None:
        try:
            return Sides(self._understanding, left, conditions)
        except (NotUnderstood, ShapeMismatch, NotDifferentiable, RecursionError):
            return None

    def _agrees(self, sides: Sides | None, right: Node, place: int, meaning: Meaning) -> bool:
        if sides is None:
            return False
        try:
            with sides.undone():
                return any(self._passes(pair, place, meaning) for pair in sides.pairs(right))
        except (NotUnderstood, ShapeMismatch, NotDifferentiable, RecursionError):
            return False

    def _passes(self, pair: Pair, place: int, meaning: Meaning) -> bool:
        left, right, _ = pair
        understanding = self._understanding
        if meaning.kind == "update":
            loss = understanding.loss_of(place)
            if loss is None:
                return False
            left, right = step_of_descent(understanding.theory, loss, left, right)
        return self._screen.passes(left, right)

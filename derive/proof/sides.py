"""The two sides of an equation as arrays of one shape, in every ordinary reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from derive.algebra.arrays import Array, ShapeMismatch, entrywise, show, spread, squeezed
from derive.algebra.names import Name
from derive.algebra.shifts import shifted_variables
from derive.algebra.terms import Entry, Num, Term, mul, walk
from derive.calculus.chain import NotDifferentiable, at_definition, within_step
from derive.meaning.collect import Understanding
from derive.meaning.elaborate import Elaborator
from derive.meaning.layers import layer_letters, layers_of, names_in
from derive.meaning.products import Reading
from derive.meaning.scope import NotUnderstood, Scope, Shape
from derive.notation.tree import Node
from derive.proof.decide import is_diagonal
from derive.proof.screen import holds_somewhere

_MOST_PAIRS = 40

Pair = tuple[Array, Array, tuple[str, ...]]


class Sides:
    """A left side, read once, beside one right side or many, both compared where the conditions hold."""

    def __init__(
        self, understanding: Understanding, left: Node, conditions: Sequence[Node] = (), *, held: bool = False
    ) -> None:
        self._understanding = understanding
        self._scope = _judging_scope(understanding)
        if held:  # partial derivatives are taken at the definition alone
            theory = understanding.theory
            self._scope.kept = None
            self._scope.at_definition = lambda of, by: at_definition(theory, of, by)
        self._elaborator = Elaborator(self._scope)
        self._lefts = self._elaborator.side(left)
        self._conditions = conditions

    def pairs(self, right: Node) -> Iterator[Pair]:
        """The readings of both sides that have one shape, plainest first.

        Raises:
            ShapeMismatch: there are none.
        """
        scope = self._scope
        rights = self._elaborator.side(right)
        holds = mul(*map(self._elaborator.condition, self._conditions))
        if self._conditions and not holds_somewhere(self._understanding.theory, self._understanding.granted, holds):
            raise NotUnderstood("conditions that were not seen to hold together anywhere")
        mismatch: ShapeMismatch | None = None
        found = False
        pairs = sorted(((a, b) for a in self._lefts for b in rights), key=lambda pair: pair[0].cost + pair[1].cost)
        for a, b in islice(pairs, _MOST_PAIRS):
            try:
                with scope.space.trying():
                    first, second = _fitted(scope, a, b)
            except ShapeMismatch as error:
                mismatch = mismatch or error
                continue
            found = True
            if self._conditions:  # what is claimed where they hold is claimed everywhere of what is zero elsewhere
                first, second = (entrywise(lambda term: mul(holds, term), side) for side in (first, second))
            first, second = map(self._worked_out, map(scope.space.settled, (first, second)))
            if scope.vocabulary.shifts is not None and not all(map(self._ranges_known, (first.body, second.body))):
                raise NotUnderstood("an index letter of which nothing tells the range")
            for bracket in shifted_variables(first.body):  # what is said of an entry is said where there is one
                second = entrywise(lambda term: mul(bracket, term), second)  # noqa: B023 - used at once
            yield *_with_letters(first, second), (*a.notes, *b.notes)
        if not found:
            assert mismatch is not None
            raise mismatch

    def _ranges_known(self, term: Term) -> bool:
        """Whether all places of entries are places of an array of the page."""
        entries = (node for node in walk(term) if isinstance(node, Entry))
        return not any(self._scope.space.is_open(index.size) for entry in entries for index in entry.indices)

    def _worked_out(self, side: Array) -> Array:
        theory = self._understanding.theory
        if theory.clock is None:
            return side
        try:
            return replace(side, body=within_step(theory, side.body))
        except NotDifferentiable as error:
            raise NotUnderstood(str(error)) from error

    @property
    def lefts(self) -> list[Array]:
        """The readings of the left side, plainest first, over the index letters that stand free in it as well."""
        found = (self._scope.space.settled(reading.value) for reading in self._lefts)
        return [_with_letters(value, value)[0] for value in found]

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is found out inside about sizes and index letters is forgotten: the next right side may have others."""
        running = {letter: replace(own) for letter, own in self._scope.running.items()}
        with self._scope.space.undone():
            yield
        self._scope.running = running


def _with_letters(left: Array, right: Array) -> tuple[Array, Array]:
    """Both sides as arrays over the index letters that stand free in them as well: `y_j = ...` is claimed for every j."""
    right = Array(left.indices, right.at(*left.indices), right.row)
    letters = sorted((left.body.free | right.body.free) - set(left.indices), key=lambda index: index.label)
    indices = (*left.indices, *letters)
    return Array(indices, left.body, left.row), Array(indices, right.body, right.row)


def _fitted(scope: Scope, left: Reading, right: Reading) -> tuple[Array, Array]:
    a, b = left.value, right.value
    if a.rank and not b.rank and isinstance(b.body, Num):
        b = spread(b, a.shape, a.row)
    if a.rank != b.rank or a.row != b.row:
        a, b = squeezed(a), squeezed(b)
    if a.rank != b.rank or not all(scope.agree(x, y) for x, y in zip(a.shape, b.shape, strict=True)):
        raise ShapeMismatch(f"the left side is {show(a)}, the right side {show(b)}", a, b)
    if a.rank == 1 and a.row != b.row:
        raise ShapeMismatch(f"the left side is {show(a)}, the right side {show(b)}", a, b)
    return a, b


def _judging_scope(understanding: Understanding) -> Scope:
    scope = understanding.scope()
    theory = understanding.theory
    known = scope.shape_of

    def shape_of(name: Name) -> Shape | None:
        return known(name) or (Shape(()) if name in understanding.parameters else None)

    scope.shape_of = shape_of
    scope.kept = understanding.kept
    scope.is_diagonal = lambda of, by: is_diagonal(theory, of, by)
    return scope


def numbered_layers(understanding: Understanding, left: Node, right: Node) -> tuple[str, tuple[int, ...]]:
    """The letter of "layer l" where the page numbers its layers, and the layers at which a claim with it can be made."""
    vocabulary, known = understanding.vocabulary, understanding.table.known
    for letter in sorted(layer_letters((left, right), vocabulary) - vocabulary.clocks.keys()):
        spoken = [n for n in names_in((left, right), vocabulary) if any(level.letter == letter for level in n.levels)]
        if any(known(name) is None for name in spoken):
            return letter, layers_of((left, right), letter, vocabulary, lambda name: known(name) is not None)
    return "", ()


def pairs_of(
    understanding: Understanding, left: Node, right: Node, conditions: Sequence[Node] = (), *, held: bool = False
) -> Iterator[Pair]:
    """The readings of both sides of an equation that have one shape, plainest first.

    Raises:
        ShapeMismatch: there are none.
        NotUnderstood: a side has no reading.
    """
    yield from Sides(understanding, left, conditions, held=held).pairs(right)

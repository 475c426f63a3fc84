r"""What stacks of arrays denote: lists in brackets, and matrices made of blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, product

from derive.algebra.arrays import ONE_LONG, Array, ShapeMismatch, show, transpose
from derive.algebra.stacks import stacked
from derive.meaning.products import Reading
from derive.meaning.scope import NotUnderstood, Scope
from derive.notation.tree import Fenced, Matrix, Node
from derive.notation.tree import Sequence as SequenceNode

_MOST_PARTS = 16
_MOST_TRIED = 24
LYING = "the vectors in the bracket lie as rows"
COLUMNS = "the list in the bracket is a matrix by its columns"
STANDING = "the list in the bracket is a column, as what is transposed says"


class Blocks:
    """The part of the elaborator that knows stacks."""

    scope: Scope

    def readings(self, node: Node) -> list[Reading]:
        raise NotImplementedError

    def _list(self, node: Fenced) -> Iterator[Reading]:
        """`[h, x]`, `[h; x]`."""
        assert isinstance(node.body, SequenceNode)
        if node.body.separators[0] == ";":
            yield from self._combined(node, node.body.items, self._below)
            return
        if not self.scope.vocabulary.stacks:
            raise NotUnderstood("no meaning is known for this list in brackets", column=node.span[0])
        lies = False
        for way in self._combined(node, node.body.items, lambda parts: self._by_commas(node, parts)):
            lies = lies or way.value.row
            yield way
        if not lies and not self.scope.plainest:
            yield from self._side_by_side(node, node.body.items)

    def _by_commas(self, node: Fenced, parts: Sequence[Array]) -> Array:
        """A list with commas.

        Raises:
            NotUnderstood: it may as well be a matrix by its columns, which all are equally long, or a commutator.
        """
        value, find, stacks = self._in_a_row(parts), self.scope.space.find, self.scope.vocabulary.stacks
        alike = len({tuple(map(find, part.shape)) for part in parts}) == 1
        if value.rank == 2:
            if alike and find(parts[0].shape[0]) is find(parts[0].shape[-1]) and stacks != "said":
                raise NotUnderstood("a list in brackets that may be a commutator", column=node.span[0])
            return value
        whole = find(value.shape[0])
        declared = any(find(length) is whole for length in self.scope.sizes.values())
        if value.row or stacks == "said" or (stacks == "shown" and (declared or not alike)):
            return value
        raise NotUnderstood("a list in brackets that may be one vector or a matrix by its columns", column=node.span[0])

    def _side_by_side(self, node: Fenced, items: Sequence[Node]) -> Iterator[Reading]:
        try:
            for way in self._combined(node, items, self._beside):
                yield Reading(way.value, (*way.notes, COLUMNS), way.cost + 1)
        except (NotUnderstood, ShapeMismatch):
            return

    def _concatenated(self, node: Node, items: Sequence[Node]) -> Iterator[Reading]:
        """`concat(h, x)`."""
        yield from self._combined(node, items, self._in_a_row)

    def _matrix(self, node: Matrix) -> Iterator[Reading]:
        """`bmatrix` and its kin, of arrays."""
        width = max(map(len, node.rows), default=0)
        items = [item for row in node.rows for item in row]
        if not width or any(len(row) != width for row in node.rows):
            raise NotUnderstood("a matrix whose rows have different lengths", column=node.span[0])

        def whole(values: Sequence[Array]) -> Array:
            rows = [values[at : at + width] for at in range(0, len(values), width)]
            return (
                self._below([self._beside(row) if width > 1 else row[0] for row in rows])
                if len(rows) > 1
                else self._beside(rows[0])
            )

        yield from self._combined(node, items, whole)
        if len(node.rows) == 1 and width > 1:
            yield from self._lying(node, items)

    def _lying(self, node: Node, items: Sequence[Node]) -> Iterator[Reading]:
        """`[h x]` in a matrix, where only a row of all entries fits."""
        ways = self._combined(node, items, lambda values: self._in_a_row([_as_row(value) for value in values]))
        try:
            for way in ways:
                yield Reading(way.value, (*way.notes, LYING), way.cost + 1)
        except (NotUnderstood, ShapeMismatch):
            return

    def _combined(
        self, node: Node, items: Sequence[Node], combine: Callable[[Sequence[Array]], Array]
    ) -> Iterator[Reading]:
        if len(items) > _MOST_PARTS:
            raise NotUnderstood("a stack of very many parts", column=node.span[0])
        mismatch: ShapeMismatch | None = None
        found = False
        ways = (
            sorted(product(*map(self.readings, items)), key=lambda ways: sum(way.cost for way in ways))
            if len(items) < 4
            else ([tuple(self.readings(item)[0] for item in items)])
        )
        for parts in islice(ways, _MOST_TRIED):
            if not any(part.value.rank for part in parts):
                raise NotUnderstood("a list of numbers in brackets", column=node.span[0])
            try:
                with self.scope.space.trying():
                    value = combine([part.value for part in parts])
            except ShapeMismatch as error:
                mismatch = error
                continue
            found = True
            yield Reading(value, tuple(note for part in parts for note in part.notes), sum(part.cost for part in parts))
        if not found:
            assert mismatch is not None
            if self.scope.first_met is not None:
                raise mismatch
            raise NotUnderstood(f"{mismatch}, which do not fit together", column=node.span[0])

    def _in_a_row(self, parts: Sequence[Array]) -> Array:
        """With commas: vectors are one long vector, matrices stand side by side."""
        if any(part.rank == 2 for part in parts):
            return self._beside(parts)
        return self._vector(parts)

    def _vector(self, parts: Sequence[Array]) -> Array:
        lying = {part.row for part in parts if part.rank}
        if len(lying) > 1:
            raise ShapeMismatch("a stack of rows and columns", *parts)
        value = self._along(parts, 0, 1)
        return transpose(value) if lying.pop() else value

    def _below(self, parts: Sequence[Array]) -> Array:
        """One below the other."""
        if all(not part.rank or (part.rank == 1 and not part.row) for part in parts):
            return self._vector(parts)
        if not all(part.rank == 2 or part.row for part in parts):
            raise ShapeMismatch("one below the other: " + ", ".join(map(show, parts)), *parts)
        return self._along(parts, 0, 2)

    def _beside(self, parts: Sequence[Array]) -> Array:
        """Side by side."""
        if all(not part.rank or part.row for part in parts):
            return self._vector(parts) if any(part.rank for part in parts) else self._numbers(parts)
        if not all(part.rank == 2 or (part.rank == 1 and not part.row) for part in parts):
            raise ShapeMismatch("side by side: " + ", ".join(map(show, parts)), *parts)
        return self._along(parts, 1, 2)

    def _numbers(self, parts: Sequence[Array]) -> Array:
        """A row of numbers."""
        return transpose(self._along(parts, 0, 1))

    def _along(self, parts: Sequence[Array], axis: int, rank: int) -> Array:
        self.scope.space.stack(*(part.shape[axis] if part.rank == rank else ONE_LONG for part in parts))
        return stacked(parts, axis, rank, self.scope.agree)


def _as_row(value: Array) -> Array:
    return transpose(value) if value.rank == 1 and not value.row else value

r"""Arrays over the index form: what a matrix expression of a document denotes, and the operations matrix notation has for it.

An `Array` lists the indices that stay free, in order, over one scalar term: no index is a scalar, one a vector (a column unless
`row`), two a matrix. Every operation checks shapes and raises `ShapeMismatch` with both shapes; nothing broadcasts silently.

>>> from derive.algebra.names import Name, size
>>> W = array(Name("W"), (size("m"), size("n")))
>>> x = array(Name("x"), (size("n"),))
>>> matmul(W, x).shape
(m,)
>>> matmul(x, W)
Traceback (most recent call last):
    ...
derive.algebra.arrays.ShapeMismatch: n cannot be multiplied by m x n
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from derive.algebra.names import Index, Name, Size, fresh, size
from derive.algebra.terms import ONE, Entry, Fun, Term, add, delta, mul, rename, total

Agree = Callable[[Size, Size], bool]
"""Decides whether two sizes are one: identity when sizes are settled, unification while they are being found out."""


ONE_LONG = size(1)
"""The size of an axis with a single place."""


def same(left: Size, right: Size) -> bool:
    """Settled sizes agree when they are the same."""
    return left is right


@dataclass(frozen=True)
class Array:
    """A scalar, vector or matrix: free indices in order, over a scalar term. `row` marks a vector that lies down."""

    indices: tuple[Index, ...]
    body: Term
    row: bool = False

    @property
    def shape(self) -> tuple[Size, ...]:
        return tuple(index.size for index in self.indices)

    @property
    def rank(self) -> int:
        return len(self.indices)

    def at(self, *indices: Index) -> Term:
        """The entry at the given indices."""
        if len(indices) != self.rank:
            raise ShapeMismatch(f"an array of shape {show(self)} has no entry at {len(indices)} indices", self)
        return rename(self.body, dict(zip(self.indices, indices, strict=True)))


class ShapeMismatch(Exception):
    """Shapes that cannot fit. `arrays` are the operands, for writing their sizes under the factors."""

    def __init__(self, message: str, *arrays: Array) -> None:
        super().__init__(message)
        self.arrays = arrays


def show(value: Array) -> str:
    """A shape in words: `scalar`, `n`, `1 x n` for a row, `m x n`."""
    match value.shape:
        case ():
            return "scalar"
        case (one,):
            return f"1 x {one}" if value.row else f"{one}"
        case shape:
            return " x ".join(map(str, shape))


def array(name: Name, shape: tuple[Size, ...], row: bool = False) -> Array:
    """The array of that name."""
    indices = tuple(fresh(length) for length in shape)
    return Array(indices, Entry(name, indices), row)


def scalar(term: Term) -> Array:
    return Array((), term)


def entrywise(change: Callable[[Term], Term], value: Array) -> Array:
    """A scalar operation on every entry."""
    return Array(value.indices, change(value.body), value.row)


def apply(function: str, value: Array, order: int = 0) -> Array:
    """A function of one real number, or a derivative of it, at every entry."""
    return entrywise(lambda body: Fun(function, order, body), value)


def squeezed(value: Array) -> Array:
    """A matrix with a single row as a vector that lies down, with a single column as one that stands; a vector of one number as a
    number."""
    single = [index for index in value.indices if index.size is ONE_LONG]
    if not single:
        return value
    kept = tuple(index for index in value.indices if index.size is not ONE_LONG)
    row = value.row if value.rank == 1 else value.indices[0].size is ONE_LONG
    return Array(kept, total(single, value.body), row and len(kept) == 1)


def together(left: Array, right: Array, combine: Callable[[Term, Term], Term], verb: str, agree: Agree = same) -> Array:
    """Two arrays of one shape, entry by entry. A matrix with a single column is taken for a column where nothing else fits."""
    try:
        return _paired(left, right, combine, verb, agree)
    except ShapeMismatch:
        one, other = squeezed(left), squeezed(right)
        if left.rank == right.rank or one.rank != other.rank or not one.rank:
            raise
        return _paired(one, other, combine, verb, agree)


def _paired(left: Array, right: Array, combine: Callable[[Term, Term], Term], verb: str, agree: Agree) -> Array:
    single = left.rank == right.rank == 1 and left.shape[0].value == right.shape[0].value == 1
    if left.rank == right.rank == 1 and left.row != right.row and not single:
        # before sizes are compared: `agree` settles open ones, which a product that does not fit must not do
        raise ShapeMismatch(
            f"{show(left)} cannot be {verb} {show(right)}: one is a row, the other a column", left, right
        )
    if left.rank != right.rank or not all(agree(a, b) for a, b in zip(left.shape, right.shape, strict=True)):
        raise ShapeMismatch(f"{show(left)} cannot be {verb} {show(right)}", left, right)
    return Array(left.indices, combine(left.body, right.at(*left.indices)), left.row)


def plus(left: Array, right: Array, agree: Agree = same) -> Array:
    return together(left, right, add, "added to", agree)


def hadamard(left: Array, right: Array, agree: Agree = same) -> Array:
    return together(left, right, mul, "multiplied entrywise by", agree)


def scale(factor: Array, value: Array) -> Array:
    """A scalar times an array."""
    if factor.rank:
        raise ShapeMismatch(f"{show(factor)} is no scalar factor", factor, value)
    return entrywise(lambda body: mul(factor.body, body), value)


def transpose(value: Array) -> Array:
    """Rows become columns; a scalar stays."""
    if value.rank == 1:
        return Array(value.indices, value.body, not value.row)
    return Array(value.indices[::-1], value.body)


def matmul(left: Array, right: Array, agree: Agree = same) -> Array:
    """The matrix product, with columns n x 1 and rows 1 x n: matrix by matrix, matrix by column, row by matrix, row by
    column (a scalar), column by row (an outer product). Scalars are not multiplied here but by `scale`; an array of one entry
    is taken for its entry where it fits in no other way."""
    try:
        return _contracted(left, right, agree)
    except ShapeMismatch:
        for number, other in ((left, right), (right, left)):
            if number.rank and other.rank and all(size.value == 1 for size in number.shape):
                return scale(sum_entries(number), other)
        raise


def _contracted(left: Array, right: Array, agree: Agree) -> Array:
    cannot = ShapeMismatch(f"{show(left)} cannot be multiplied by {show(right)}", left, right)
    if not left.rank or not right.rank or left.rank > 2 or right.rank > 2:
        raise cannot
    if left.rank == 1 and not left.row:  # n x 1 by 1 x m
        if right.rank == 1 and right.row:
            i, j = fresh(left.shape[0]), fresh(right.shape[0])
            return Array((i, j), mul(left.at(i), right.at(j)))
        raise cannot
    if right.rank == 1 and right.row:
        raise cannot
    inner = left.shape[-1]
    if not agree(inner, right.shape[0]):
        raise cannot
    k = fresh(inner)
    before = () if left.rank == 1 else (fresh(left.shape[0]),)
    after = () if right.rank == 1 else (fresh(right.shape[1]),)
    body = total((k,), mul(left.at(*before, k), right.at(k, *after)))
    return Array(before + after, body, row=left.rank == 1 and right.rank == 2)


def inner(left: Array, right: Array, agree: Agree = same) -> Array:
    """The sum of the entrywise product, whatever way two vectors lie."""
    if left.rank != right.rank or not all(agree(a, b) for a, b in zip(left.shape, right.shape, strict=True)):
        raise ShapeMismatch(f"{show(left)} and {show(right)} have no inner product", left, right)
    return sum_entries(Array(left.indices, mul(left.body, right.at(*left.indices))))


def sum_entries(value: Array) -> Array:
    """The sum of all entries."""
    return Array((), total(value.indices, value.body))


def broadcast(vector: Array, shape: tuple[Size, ...], axis: int) -> Array:
    """A vector repeated to a matrix, running along `axis`."""
    if vector.rank != 1 or len(shape) != 2:
        raise ShapeMismatch(f"{show(vector)} cannot be repeated to {' x '.join(map(str, shape))}", vector)
    indices = tuple(fresh(length) for length in shape)
    return Array(indices, vector.at(indices[axis]))


def spread(value: Array, shape: tuple[Size, ...], row: bool = False) -> Array:
    """A scalar repeated to a shape."""
    if value.rank:
        raise ShapeMismatch(f"{show(value)} is no scalar", value)
    return Array(tuple(fresh(length) for length in shape), value.body, row)


def diagonal(vector: Array) -> Array:
    """The diagonal matrix of a vector."""
    if vector.rank != 1:
        raise ShapeMismatch(f"{show(vector)} is no vector, so it has no diagonal matrix", vector)
    i, j = fresh(vector.shape[0]), fresh(vector.shape[0])
    return Array((i, j), mul(delta(i, j), vector.at(i)))


def identity(length: Size) -> Array:
    i, j = fresh(length), fresh(length)
    return Array((i, j), delta(i, j))


def ones(shape: tuple[Size, ...]) -> Array:
    return Array(tuple(fresh(length) for length in shape), ONE)


def trace(value: Array, agree: Agree = same) -> Array:
    if value.rank != 2 or not agree(*value.shape):
        raise ShapeMismatch(f"{show(value)} is not square, so it has no trace", value)
    i = fresh(value.shape[0])
    return Array((), total((i,), value.at(i, i)))

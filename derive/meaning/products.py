"""The readings of a product sign. Each row is an ordinary way to read it, in the order in which readers try them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from derive.algebra.arrays import Agree, Array, ShapeMismatch, hadamard, inner, matmul, scale, transpose
from derive.meaning.scope import NotUnderstood

Trying = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Reading:
    """What an expression denotes under one way of reading it; `notes` say where a choice was made, `cost` how unusual it is."""

    value: Array
    notes: tuple[str, ...] = ()
    cost: int = 0


def _scaled(left: Array, right: Array, agree: Agree) -> Array:
    return scale(left, right) if not left.rank else scale(right, left)


def _lying(left: Array, right: Array, agree: Agree) -> Array:
    """A vector that stands where a row is needed, as scalars times rows or `x W` with x a lone example."""
    if left.rank == 1 and not left.row and right.rank == 2:
        return matmul(transpose(left), right, agree)
    raise ShapeMismatch("not a vector before a matrix", left, right)


@dataclass(frozen=True)
class ProductReading:
    """A row: the signs it applies to, the condition on ranks, the operation, and what a reader should be told."""

    signs: frozenset[str]
    ranks: Callable[[Array, Array], bool]
    operation: Callable[[Array, Array, Agree], Array]
    note: str
    cost: int


def _either_scalar(left: Array, right: Array) -> bool:
    return not left.rank or not right.rank


def _arrays(left: Array, right: Array) -> bool:
    return bool(left.rank and right.rank)


def _two_columns(left: Array, right: Array) -> bool:
    return left.rank == right.rank == 1 and left.row == right.row


PLAIN = frozenset({"", r"\cdot", r"\times", "*"})
DOT = frozenset({r"\cdot"})
ENTRYWISE = frozenset({r"\odot", r"\circ", "*", r"\ast", r"\otimes", r"\bullet"})

PRODUCTS: tuple[ProductReading, ...] = (
    ProductReading(PLAIN | ENTRYWISE, _either_scalar, _scaled, "", 0),
    ProductReading(ENTRYWISE, _arrays, hadamard, "", 0),
    ProductReading(PLAIN - {"*"}, _arrays, matmul, "", 0),
    ProductReading(PLAIN, _arrays, hadamard, "the product of two arrays of one shape is read entrywise", 1),
    ProductReading(DOT, _two_columns, inner, "the dot between two vectors is read as their inner product", 1),
)


def _square(left: Array, right: Array) -> bool:
    """Whether both are matrices of one square shape, as far as that is settled."""
    return left.rank == right.rank == 2 and len({*left.shape, *right.shape}) == 1


def multiply(
    left: Reading, sign: str, right: Reading, agree: Agree, trying: Trying, *, signed: bool = False
) -> Iterator[Reading]:
    """Every reading of `left sign right`. `trying` forgets what a reading that does not fit has found out of sizes. Where entrywise
    products are `signed`, arrays set side by side are none.

    Raises:
        ShapeMismatch: no reading fits the shapes.
    """
    failures: list[ShapeMismatch] = []
    found = False
    if sign == r"\otimes" and left.value.rank == right.value.rank == 2:
        raise NotUnderstood("a sign between two matrices that may stand for Kronecker's product")
    for row in PRODUCTS:
        if sign not in row.signs or not row.ranks(left.value, right.value):
            continue
        if not sign and row.operation is hadamard and (signed or (found and _square(left.value, right.value))):
            continue  # two square matrices set side by side are multiplied
        try:
            with trying():
                value = row.operation(left.value, right.value, agree)
        except ShapeMismatch as mismatch:
            failures.append(mismatch)
            continue
        found = True
        notes = left.notes + right.notes + ((row.note,) if row.note else ())
        yield Reading(value, notes, left.cost + right.cost + row.cost)
    if not found:
        raise failures[0] if failures else ShapeMismatch("no product of these shapes", left.value, right.value)

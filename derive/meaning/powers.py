"""Powers, inverses and norms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from derive.algebra.arrays import Array, ShapeMismatch, entrywise, inner, matmul, scalar, show, sum_entries
from derive.algebra.names import Index, Name, fresh
from derive.algebra.steps import step_matrix_power
from derive.algebra.terms import Determinant, Fun, Inverse, Positive, mul, neg, power, sub
from derive.meaning.naming import base_latex, is_transpose, walk
from derive.meaning.places import Places
from derive.meaning.products import Reading
from derive.meaning.scope import NotUnderstood
from derive.notation.tree import (
    Fenced,
    Node,
    Number,
    Product,
    Sum,
    Symbol,
)
from derive.notation.tree import (
    Fraction as FractionNode,
)

OPAQUE = "some "
"""What the names of values start with that are not worked out: maxima."""
_MOST_FACTORS = 6
"""A matrix to a higher power is not written out."""


class Powers(Places):
    """What superscripts and bars do to a value."""

    def _powers(self, inside: Reading, exponent: Fraction) -> Iterator[Reading]:
        value = inside.value
        raised = entrywise(lambda t: power(t, exponent), value)
        if not value.rank:
            yield Reading(raised, inside.notes, inside.cost)
        elif value.rank == 1 and self.scope.vocabulary.squares_by_entry:
            yield Reading(raised, (*inside.notes, "powers are taken of each entry, as the page says"), inside.cost)
        elif exponent == 2 and value.rank == 1:
            note = "the square of a vector is read as the sum of its squares"
            yield Reading(inner(value, value), (*inside.notes, note), inside.cost + 1)
            yield Reading(raised, (*inside.notes, "the square is taken of each entry"), inside.cost + 2)
        elif value.rank == 2 and exponent.denominator == 1:
            yield from self._matrix_powers(inside, int(exponent))
        elif exponent > 0:
            yield Reading(raised, (*inside.notes, "the power is taken of each entry"), inside.cost + 2)
        else:
            raise NotUnderstood("a negative power of an array")

    def _matrix_powers(self, inside: Reading, exponent: int) -> Iterator[Reading]:
        """The product of a square matrix with itself, or with its inverse; positive powers may also be taken of each entry."""
        value = inside.value
        if abs(exponent) > _MOST_FACTORS:
            raise NotUnderstood("a power of a matrix with too many factors")
        if exponent > 0:
            raised = entrywise(lambda t: power(t, exponent), value)
            each = Reading(raised, (*inside.notes, "the power is taken of each entry"), inside.cost + 2)
        try:
            with self.scope.space.trying():
                factor = self.inverse(value) if exponent < 0 else value
                whole = factor
                for _ in range(abs(exponent) - 1):
                    whole = matmul(whole, factor, self.scope.agree)
        except ShapeMismatch:
            if exponent < 0:
                raise
            yield each
            return
        note = () if exponent < 0 else ("the power is a product of matrices",)
        yield Reading(whole, (*inside.notes, *note), inside.cost + (0 if exponent < 0 else 1))
        if exponent > 0:
            yield each

    def _is_real_power(self, base: Node, sup: Node) -> bool:
        r"""Whether it is `(1 - p)^\gamma` or `\theta^x`: a number to the power of a number. A letter above a letter is more often a
        label, so the base has to be in parentheses or a Greek letter, and what stands above has to be numbers of the page."""
        letters = [part for part in walk(sup) if isinstance(part, Symbol)]
        plain = (isinstance(base, Fenced) and base.left == "(") or (base_latex(base) or "").startswith("\\")
        if (
            not plain
            or not letters
            or is_transpose(sup)
            or isinstance(sup, Fenced)
            or not isinstance(sup, Symbol | Sum)
        ):
            return False
        shapes = [self.scope.shape_of(Name(letter.text)) for letter in letters]
        return all(shape is not None and not shape.rank for shape in shapes)

    def _real_powers(self, base: Node, sup: Node) -> Iterator[Reading]:
        """u to the power v is the exponential of v log u, for u greater than zero."""
        for inside in self.readings(base):
            for exponent in self.readings(sup):
                if inside.value.rank or exponent.value.rank:
                    raise NotUnderstood(
                        "an array to the power of a letter, or a number to that of an array", column=sup.span[0]
                    )
                raised = Fun("exp", 0, mul(exponent.value.body, Fun("log", 0, inside.value.body)))
                note = "powers with letters above are those of positive numbers"
                yield Reading(scalar(raised), (*inside.notes, *exponent.notes, note), inside.cost + exponent.cost)

    def square(self, value: Array, what: str) -> tuple[Index, Index]:
        """The indices of a square matrix.

        Raises:
            ShapeMismatch: it is none.
        """
        if value.rank != 2 or not self.scope.agree(value.indices[0].size, value.indices[1].size):
            raise ShapeMismatch(f"{show(value)} has no {what}: it is not square", value)
        row, column = value.indices
        return row, column

    def inverse(self, value: Array) -> Array:
        """The inverse of a square matrix."""
        i, j = self.square(value, "inverse")
        row, column = fresh(i.size), fresh(j.size)
        return Array((row, column), Inverse(i, j, value.body, row, column))

    def step_matrix_power(self, value: Array, letters: dict[str, int], offset: int) -> Array:
        """A square matrix to a power that counts steps."""
        i, j = self.square(value, "power")
        row, column = fresh(i.size), fresh(j.size)
        return Array((row, column), step_matrix_power(i, j, value.body, row, column, letters, offset))

    def determinant(self, value: Array) -> Array:
        """The determinant of a square matrix."""
        i, j = self.square(value, "determinant")
        return scalar(Determinant(i, j, value.body))

    def _norm(self, node: Fenced, sup: Node | None, *, sum_of_sizes: bool = False) -> Iterator[Reading]:
        """The absolute value of a number, the root of the sum of the squares of an array, or the sum of its absolute values."""
        exponent = Fraction(1) if sup is None else self._rational(sup)
        for inside in self.readings(node.body):
            value = inside.value
            if value.rank == 2 and node.left == "|" and not sum_of_sizes:
                found = self.determinant(value)
                yield Reading(entrywise(lambda t: power(t, exponent), found), inside.notes, inside.cost)
            elif not value.rank or sum_of_sizes:
                sizes = entrywise(lambda t: mul(t, sub(Positive(t), Positive(neg(t)))), value)
                whole = sum_entries(sizes) if value.rank else sizes
                yield Reading(entrywise(lambda t: power(t, exponent), whole), inside.notes, inside.cost)
            else:
                length = entrywise(lambda t: power(t, exponent / 2), inner(value, value))
                sizes = entrywise(lambda t: power(mul(t, sub(Positive(t), Positive(neg(t)))), exponent), value)
                each = Reading(sizes, (*inside.notes, "the absolute value is taken of each entry"), inside.cost + 2)
                by_entry = node.left == "|" and value.rank == 1
                if by_entry and self.scope.vocabulary.squares_by_entry:
                    yield replace(each, cost=inside.cost)
                else:
                    yield Reading(length, inside.notes, inside.cost)
                    if by_entry:
                        yield each

    def _rational(self, node: Node) -> Fraction:
        match node:
            case Number(text=text):
                return Fraction(text)
            case Sum(terms=terms) if all(sign in "+-" for sign, _ in terms):
                return sum((self._rational(term) * (-1 if sign == "-" else 1) for sign, term in terms), Fraction(0))
            case Product(factors=((_, above), ("/", below))) | Fenced(body=Product(factors=((_, above), ("/", below)))):
                return self._rational(above) / self._rational(below)
            case FractionNode(numerator=above, denominator=below):
                return self._rational(above) / self._rational(below)
            case _:
                raise NotUnderstood("an exponent that is no number", column=node.span[0])

    def _integer(self, node: Node) -> int:
        value = self._rational(node)
        if value.denominator != 1:
            raise NotUnderstood("a root whose degree is no whole number", column=node.span[0])
        return int(value)

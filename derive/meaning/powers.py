"""Powers, inverses and norms."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from derive.algebra.arrays import (
    Array,
    ShapeMismatch,
    entrywise,
    inner,
    show,
    sum_entries,
)
from derive.algebra.names import Name
from derive.algebra.terms import Entry, Mul, Positive, delta, mul, neg, power, sub
from derive.meaning.places import Places
from derive.meaning.products import Reading
from derive.meaning.scope import NotUnderstood
from derive.notation.tree import (
    Fenced,
    Node,
    Number,
    Product,
    Sum,
)
from derive.notation.tree import (
    Fraction as FractionNode,
)

OPAQUE = "some "
"""What the names of values start with that are not worked out: inverses, maxima."""


class Powers(Places):
    """What superscripts and bars do to a value."""

    def _powers(self, inside: Reading, exponent: Fraction) -> Iterator[Reading]:
        value = inside.value
        raised = entrywise(lambda t: power(t, exponent), value)
        if not value.rank:
            yield Reading(raised, inside.notes, inside.cost)
        elif exponent == 2 and value.rank == 1:
            note = "the square of a vector is read as the sum of its squares"
            yield Reading(inner(value, value), (*inside.notes, note), inside.cost + 1)
            yield Reading(raised, (*inside.notes, "the square is taken of each entry"), inside.cost + 2)
        elif exponent > 0:
            yield Reading(raised, (*inside.notes, "the power is taken of each entry"), inside.cost + 2)
        elif exponent == -1 and value.rank == 2:
            yield Reading(self._inverse(value), inside.notes, inside.cost)
        else:
            raise NotUnderstood("a negative power of an array")

    def _inverse(self, value: Array) -> Array:
        """The inverse of a diagonal matrix; that of any other is a matrix of which nothing is known but its shape."""
        row, column = value.indices
        if not self.scope.agree(row.size, column.size):
            raise ShapeMismatch(f"{show(value)} has no inverse: it is not square", value)
        factors = value.body.factors if isinstance(value.body, Mul) else (value.body,)
        if delta(row, column) in factors:
            rest = mul(*(factor for factor in factors if factor is not delta(row, column)))
            return Array(value.indices, mul(delta(row, column), power(rest, -1)))
        return Array(value.indices, Entry(Name(f"{OPAQUE}inverse of {value.body!r}"), value.indices))

    def _norm(self, node: Fenced, sup: Node | None, *, sum_of_sizes: bool = False) -> Iterator[Reading]:
        """The absolute value of a number, the root of the sum of the squares of an array, or the sum of its absolute values."""
        exponent = Fraction(1) if sup is None else self._rational(sup)
        for inside in self.readings(node.body):
            value = inside.value
            if not value.rank or sum_of_sizes:
                sizes = entrywise(lambda t: mul(t, sub(Positive(t), Positive(neg(t)))), value)
                whole = sum_entries(sizes) if value.rank else sizes
                yield Reading(entrywise(lambda t: power(t, exponent), whole), inside.notes, inside.cost)
            else:
                yield Reading(
                    entrywise(lambda t: power(t, exponent / 2), inner(value, value)), inside.notes, inside.cost
                )

    def _rational(self, node: Node) -> Fraction:
        match node:
            case Number(text=text):
                return Fraction(text)
            case Sum(terms=(("+" | "-" as sign, term),)):
                return self._rational(term) * (-1 if sign == "-" else 1)
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

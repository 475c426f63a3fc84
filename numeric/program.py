r"""An array program: named arrays, each computed once from those before it.

Everything is a matrix, so that axes need no bookkeeping: a column is n x 1, a row 1 x n, a scalar 1 x 1, and along
an axis of length one an entrywise operation repeats. Expressions are trees of the few operations below; printers
turn them into source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from derive.algebra.names import Name, Size

Shape = tuple[Size | None, Size | None]
"""Rows and columns; None is an axis of length one that no index counts."""


@dataclass(frozen=True)
class Expression:
    """An operation on matrices."""

    def parts(self) -> tuple[Expression, ...]:
        return ()

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        """The same operation on other operands."""
        return self


@dataclass(frozen=True)
class Variable(Expression):
    """A named array: its identifier in source text, what the document calls it, and its shape."""

    identifier: str
    title: str
    shape: Shape


@dataclass(frozen=True)
class Number(Expression):
    value: Fraction


@dataclass(frozen=True)
class Constant(Expression):
    """A constant that is not rational: "pi"."""

    name: str


@dataclass(frozen=True)
class Length(Expression):
    """The length of an array along an axis, 0 for rows and 1 for columns."""

    of: Variable
    axis: int


@dataclass(frozen=True)
class _Unary(Expression):
    argument: Expression

    def parts(self) -> tuple[Expression, ...]:
        return (self.argument,)


@dataclass(frozen=True)
class Transpose(_Unary):
    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Transpose(parts[0])


@dataclass(frozen=True)
class Call(_Unary):
    """A function of one number at every entry."""

    function: str = ""

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Call(parts[0], self.function)


@dataclass(frozen=True)
class Step(_Unary):
    """Whether an entry is greater than zero."""

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Step(parts[0])


@dataclass(frozen=True)
class Power(_Unary):
    exponent: Fraction = Fraction(1)

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Power(parts[0], self.exponent)


@dataclass(frozen=True)
class Reduce(_Unary):
    """The sum ("add") or the largest ("max") along an axis, which keeps length one; over everything where axis is
    None.
    """

    axis: int | None = 0
    how: str = "add"

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Reduce(parts[0], self.axis, self.how)


@dataclass(frozen=True)
class DiagonalOf(_Unary):
    """The diagonal of a square matrix, as a column."""

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return DiagonalOf(parts[0])


@dataclass(frozen=True)
class Identity(Expression):
    """The identity matrix of the size of an array's axis."""

    length: Expression


@dataclass(frozen=True)
class Spread(_Unary):
    """An array repeated to a number of rows and columns."""

    rows: Expression = Number(Fraction(1))
    columns: Expression = Number(Fraction(1))

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Spread(parts[0], self.rows, self.columns)


@dataclass(frozen=True)
class Add(Expression):
    terms: tuple[Expression, ...]

    def parts(self) -> tuple[Expression, ...]:
        return self.terms

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Add(parts)


@dataclass(frozen=True)
class Multiply(Expression):
    """An entrywise product."""

    factors: tuple[Expression, ...]

    def parts(self) -> tuple[Expression, ...]:
        return self.factors

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Multiply(parts)


@dataclass(frozen=True)
class Matmul(Expression):
    left: Expression
    right: Expression

    def parts(self) -> tuple[Expression, ...]:
        return (self.left, self.right)

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Matmul(*parts)


@dataclass(frozen=True)
class Einsum(Expression):
    """A sum of products of more than two matrices that matrix products do not give, in Einstein's notation."""

    subscripts: str
    operands: tuple[Expression, ...]

    def parts(self) -> tuple[Expression, ...]:
        return self.operands

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Einsum(self.subscripts, parts)


@dataclass(frozen=True)
class Assignment:
    """One line: `target = value`."""

    target: Variable
    value: Expression


@dataclass(frozen=True)
class Program:
    """A network as straight-line code.

    `forward` computes what does not need the targets, `compare` what does, up to the loss, `backward` the
    gradients, each from what comes before it. `gradients` holds a variable for each parameter, in the same order.
    `prediction` is what is compared with the targets.
    """

    title: str
    parameters: tuple[Variable, ...]
    inputs: tuple[Variable, ...]
    targets: tuple[Variable, ...]
    constants: tuple[Variable, ...]
    forward: tuple[Assignment, ...]
    prediction: Variable
    compare: tuple[Assignment, ...]
    loss: Expression
    backward: tuple[Assignment, ...]
    gradients: tuple[Variable, ...]
    names: tuple[tuple[Variable, Name], ...]

    def variable(self, name: Name) -> Variable:
        """The variable of a name.

        Raises:
            KeyError: the program does not compute it.
        """
        for variable, own in self.names:
            if own is name:
                return variable
        raise KeyError(repr(name))


def inside(expression: Expression) -> Iterator[Expression]:
    """Every subexpression, the whole first."""
    yield expression
    for part in expression.parts():
        yield from inside(part)


def replaced(expression: Expression, table: dict[Expression, Expression]) -> Expression:
    """An expression with whole subexpressions replaced, the largest first."""
    if expression in table:
        return table[expression]
    parts = expression.parts()
    return expression.over(tuple(replaced(part, table) for part in parts)) if parts else expression

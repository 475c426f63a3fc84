r"""An array program: named arrays, each computed once from those before it.

Everything is a matrix, so that axes need no bookkeeping: a column is n x 1, a row 1 x n, a scalar 1 x 1, and along
an axis of length one an entrywise operation repeats. Expressions are trees of the few operations below; printers
turn them into source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from derive.algebra.names import Name, Size, size

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
    None. "log_sum" is how far the logarithm of the sum of exponentials lies above the largest.
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
    """The identity matrix of a size, of the same type of number as the array `like`."""

    length: Expression
    like: Variable


@dataclass(frozen=True)
class Spread(_Unary):
    """An array repeated to a number of rows and columns; a plain number in the type of the array `like`."""

    rows: Expression = Number(Fraction(1))
    columns: Expression = Number(Fraction(1))
    like: Variable | None = None

    def over(self, parts: tuple[Expression, ...]) -> Expression:
        return Spread(parts[0], self.rows, self.columns, self.like)


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

    `forward` computes what does not need the targets, `compare` what does, up to the loss. `backward` goes from the data
    to the gradients, with as much of the forward pass as it needs; `gradients` holds a variable for each parameter, in
    the same order. `descent` is `backward` for the loss times the rate, so that it ends with what a step takes off each
    parameter: one small array is multiplied by the rate instead of every gradient. `prediction` is what is compared with
    the targets, `batch` the size that counts examples. Of `distributions` it is taken for granted that their entries add up
    to one for each example.
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
    descent: tuple[Assignment, ...]
    gradients: tuple[Variable, ...]
    batch: Size | None
    distributions: tuple[Variable, ...]
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


def variables(expressions: Iterable[Expression]) -> set[Variable]:
    """The variables that occur, in lengths too."""
    found: set[Variable] = set()
    for expression in expressions:
        for part in inside(expression):
            if isinstance(part, Variable):
                found.add(part)
            elif isinstance(part, Length):
                found.add(part.of)
            elif isinstance(part, Identity | Spread) and part.like is not None:
                found.add(part.like)
    return found


def shape_of(expression: Expression) -> Shape:
    """Rows and columns of what an expression gives.

    >>> from derive.algebra.names import size
    >>> W, x = Variable("W", "W", (size("n"), size("k"))), Variable("x", "x", (size("k"), size("m")))
    >>> shape_of(Reduce(Matmul(W, x), 1))
    (n, None)
    """
    match expression:
        case Variable(shape=shape):
            return shape
        case Transpose(argument=inner) | Call(argument=inner) | Step(argument=inner) | Power(argument=inner):
            rows, columns = shape_of(inner)
            return (columns, rows) if isinstance(expression, Transpose) else (rows, columns)
        case Reduce(argument=inner, axis=axis):
            rows, columns = shape_of(inner)
            return (None, None) if axis is None else (None, columns) if axis == 0 else (rows, None)
        case DiagonalOf(argument=inner):
            return shape_of(inner)[0], None
        case Identity(length=length):
            return _counted(length), _counted(length)
        case Spread(rows=rows, columns=columns):
            return _counted(rows), _counted(columns)
        case Matmul(left=left, right=right):
            return shape_of(left)[0], shape_of(right)[1]
        case Add() | Multiply():
            shapes = [shape_of(part) for part in expression.parts()]
            down = next((rows for rows, _ in shapes if rows is not None), None)
            return down, next((columns for _, columns in shapes if columns is not None), None)
        case Einsum(subscripts=subscripts, operands=operands):
            given, _, out = subscripts.partition("->")
            letters = {
                letter: length
                for text, operand in zip(given.split(","), operands, strict=True)
                for letter, length in zip(text, shape_of(operand), strict=True)
            }
            return letters[out[0]], letters[out[1]]
        case _:
            return None, None


def _counted(length: Expression) -> Size | None:
    """The size that a length stands for."""
    match length:
        case Length(of=variable, axis=axis):
            return variable.shape[axis]
        case Number(value=value) if value != 1:
            return size(int(value))
        case _:
            return None


def replaced(expression: Expression, table: dict[Expression, Expression]) -> Expression:
    """An expression with whole subexpressions replaced, the largest first."""
    if expression in table:
        return table[expression]
    parts = expression.parts()
    return expression.over(tuple(replaced(part, table) for part in parts)) if parts else expression

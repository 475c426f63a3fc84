"""Two arithmetics for values of terms: floating point, to look, and balls that enclose the true value, to know."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Protocol

Value = Any
"""A float, or a `flint.arb`."""
Matrix = list[list[Value]]
_SINGULAR = 1e-12


class Undefined(Exception):
    """A value that does not exist here (a logarithm of a negative number), or whose sign a ball leaves open."""


class BeyondEnd(Undefined):
    """An entry beyond the end of an array that is not zero up to there: what stands there, the page does not say."""


class Arithmetic(Protocol):
    """What an evaluation computes in."""

    def number(self, value: Fraction) -> Value: ...
    def power(self, base: Value, exponent: Fraction) -> Value: ...
    def function(self, name: str, argument: Value) -> Value: ...
    def positive(self, value: Value) -> bool: ...
    def inverse(self, rows: Matrix) -> Matrix: ...
    def determinant(self, rows: Matrix) -> Value: ...


class Floats:
    """Double precision."""

    _functions: Mapping[str, Callable[[float], float]] = {
        "exp": math.exp, "log": math.log, "sin": math.sin, "cos": math.cos, "erf": math.erf, "tanh": math.tanh,
        "pi": lambda _: math.pi,
    }  # fmt: skip

    def number(self, value: Fraction) -> float:
        return float(value)

    def power(self, base: float, exponent: Fraction) -> float:
        try:
            result = base ** float(exponent) if exponent.denominator != 1 else base ** int(exponent)
        except (ZeroDivisionError, OverflowError) as error:
            raise Undefined(str(error)) from error
        if isinstance(result, complex):
            raise Undefined("a root of a negative number")
        return float(result)

    def function(self, name: str, argument: float) -> float:
        try:
            return self._functions[name](argument)
        except (ValueError, OverflowError) as error:
            raise Undefined(f"{name} of {argument}") from error

    def positive(self, value: float) -> bool:
        return value > 0

    def inverse(self, rows: Matrix) -> Matrix:
        size = len(rows)
        reduced, _ = self._eliminated([[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(rows)])
        return [row[size:] for row in reduced]

    def determinant(self, rows: Matrix) -> float:
        try:
            return self._eliminated([[*row] for row in rows])[1]
        except Undefined:
            return 0.0

    def _eliminated(self, rows: Matrix) -> tuple[Matrix, float]:
        """Gauss and Jordan's elimination with the largest pivots; the determinant of the square part beside what is left."""
        determinant = 1.0
        for place in range(len(rows)):
            pivot = max(range(place, len(rows)), key=lambda n: abs(rows[n][place]))
            if abs(rows[pivot][place]) < _SINGULAR:
                raise Undefined("a matrix that has no inverse")
            if pivot != place:
                rows[place], rows[pivot], determinant = rows[pivot], rows[place], -determinant
            scale = rows[place][place]
            determinant *= scale
            rows[place] = [value / scale for value in rows[place]]
            for n, row in enumerate(rows):
                if n != place and row[place]:
                    rows[n] = [value - row[place] * own for value, own in zip(row, rows[place], strict=True)]
        return rows, determinant


class Balls:
    """Real intervals by python-flint's arb: every result encloses the exact value."""

    def __init__(self) -> None:
        import flint

        self._flint = flint

    def number(self, value: Fraction) -> Value:
        return self._flint.arb(value.numerator) / value.denominator

    def power(self, base: Value, exponent: Fraction) -> Value:
        if exponent.denominator == 1:
            result = base ** int(exponent)
        else:
            result = base ** (self._flint.arb(exponent.numerator) / exponent.denominator)
        return self._finite(result)

    def function(self, name: str, argument: Value) -> Value:
        if name == "pi":
            return self._flint.arb.pi()
        return self._finite(getattr(argument, name)())

    def positive(self, value: Value) -> bool:
        if value > 0:
            return True
        if value <= 0:
            return False
        raise Undefined("the sign of a value that may be zero")

    def inverse(self, rows: Matrix) -> Matrix:
        try:
            found = self._flint.arb_mat(rows).inv()
        except ZeroDivisionError as error:
            raise Undefined("a matrix that has no inverse") from error
        return [[self._finite(found[i, j]) for j in range(len(rows))] for i in range(len(rows))]

    def determinant(self, rows: Matrix) -> Value:
        return self._finite(self._flint.arb_mat(rows).det())

    def _finite(self, value: Value) -> Value:
        if not value.is_finite():
            raise Undefined("no finite value")
        return value

"""Expressions of an array program as NumPy source: SymPy's NumPy printer, extended to the operations it lacks."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any, Protocol

from numeric import program as p


class Printer(Protocol):
    """What a module is written with."""

    def doprint(self, expression: p.Expression) -> str:
        """The source of an expression."""

    def lines(self, target: str, expression: p.Expression) -> list[str]:
        """An assignment, or a `return` where there is no target."""


SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
_LONGEST_LINE = 108

FUNCTIONS = {
    "sigmoid": "sigmoid({})",
    "softplus": "np.logaddexp(0.0, {})",
    "relu": "np.maximum({}, 0.0)",
    "erf": "erf({})",
}
"""How functions are called that SymPy's table lacks, or that need a stable form."""


@cache
def numpy_printer(*, stacked: bool = False) -> Printer:
    """The printer. `stacked` code works on stacks of matrices too: one more axis in front of every array."""
    from sympy.printing.numpy import NumPyPrinter

    class ArrayPrinter(NumPyPrinter):  # type: ignore[misc]
        """Prints our operations; SymPy's own nodes, their functions and numbers, print as they always do."""

        def _module_format(self, fqn: str, register: bool = True) -> str:
            return "np." + str(super()._module_format(fqn, register)).rpartition(".")[2]

        def at(self, expression: p.Expression, least: int) -> str:
            """An operand, in parentheses where it binds less than `least`."""
            text = str(self._print(expression))
            return text if _binding(expression, stacked) >= least else f"({text})"

        def _print_Variable(self, e: p.Variable) -> str:
            return e.identifier

        def _print_Number(self, e: Any) -> str:
            return _number(e.value) if isinstance(e, p.Number) else super()._print_Number(e)

        def _print_Constant(self, e: p.Constant) -> str:
            import sympy

            return str(self._print(getattr(sympy, e.name)))

        def _print_Length(self, e: p.Length) -> str:
            return f"{e.of.identifier}.shape[{e.axis - 2 if stacked else e.axis}]"

        def _print_Transpose(self, e: p.Transpose) -> str:
            inside = self.at(e.argument, ATOM)
            return f"np.swapaxes({self._print(e.argument)}, -1, -2)" if stacked else f"{inside}.T"

        def _print_Call(self, e: p.Call) -> str:
            if e.function in FUNCTIONS:
                return FUNCTIONS[e.function].format(self._print(e.argument))
            return f"{self._module_format(self._kf[e.function])}({self._print(e.argument)})"

        def _print_Step(self, e: p.Step) -> str:
            return f"{self.at(e.argument, SUM)} > 0.0"

        def _print_Power(self, e: p.Power) -> str:
            if e.exponent == -1:
                return f"1.0 / {self.at(e.argument, POWER)}"
            if e.exponent == Fraction(1, 2):
                return f"np.sqrt({self._print(e.argument)})"
            if e.exponent == 2:
                return f"np.square({self._print(e.argument)})"
            return f"{self.at(e.argument, ATOM)} ** {_exponent(e.exponent)}"

        def _print_Reduce(self, e: p.Reduce) -> str:
            function = {"add": "np.add.reduce", "max": "np.maximum.reduce"}[e.how]
            if e.axis is None:
                axes = ", axis=(-2, -1), keepdims=True" if stacked else ""
                return f"np.sum({self._print(e.argument)}{axes})"
            axis = e.axis - 2 if stacked else e.axis
            return f"{function}({self._print(e.argument)}, axis={axis}, keepdims=True)"

        def _print_DiagonalOf(self, e: Any) -> str:
            if not isinstance(e, p.DiagonalOf):
                return str(super()._print_DiagonalOf(e))
            return f"np.diagonal({self._print(e.argument)}, axis1=-2, axis2=-1)[..., np.newaxis]"

        def _print_Identity(self, e: Any) -> str:
            if not isinstance(e, p.Identity):
                return str(super()._print_Identity(e))
            return f"np.eye({self._print(e.length)})"

        def _print_Spread(self, e: p.Spread) -> str:
            return f"{self.at(e.argument, PRODUCT)} + np.zeros(({self._print(e.rows)}, {self._print(e.columns)}))"

        def _print_Add(self, e: Any) -> str:
            return "".join(self.summands(e)) if isinstance(e, p.Add) else str(super()._print_Add(e))

        def summands(self, e: p.Add) -> list[str]:
            """The terms with their signs, one that is not negative first if there is one."""
            parts = [_signed(term) for term in e.terms]
            parts.sort(key=lambda part: part[0])
            pieces: list[str] = []
            for negative, part in parts:
                text = self.at(part, PRODUCT)
                sign = (" - " if negative else " + ") if pieces else "-" if negative else ""
                pieces.append(sign + (f"({text})" if isinstance(part, p.Step) else text))
            return pieces

        def _print_Multiply(self, e: p.Multiply) -> str:
            negative, positive = _signed(e)
            if negative:
                return "-" + self.at(positive, PRODUCT)
            above = [factor for factor in e.factors if not _inverse(factor)]
            below = [factor for factor in e.factors if _inverse(factor)]
            text = " * ".join(self.factor(factor) for factor in above) or "1.0"
            for factor in below:
                assert isinstance(factor, p.Power)
                inverse = p.Power(factor.argument, -factor.exponent) if factor.exponent != -1 else factor.argument
                text += f" / {self.at(inverse, POWER)}"
            return text

        def factor(self, e: p.Expression) -> str:
            return self.at(e, POWER)

        def _print_Matmul(self, e: p.Matmul) -> str:
            if stacked:
                left = self._print(e.left) if isinstance(e.left, p.Matmul) else self.at(e.left, POWER)
                return f"{left} @ {self.at(e.right, POWER)}"
            # For two matrices dot is matmul, and it takes half the time where they are small.
            return f"{self.at(e.left, ATOM)}.dot({self._print(e.right)})"

        def _print_Einsum(self, e: p.Einsum) -> str:
            subscripts = e.subscripts
            if stacked:
                given, _, out = subscripts.partition("->")
                subscripts = ",".join(f"...{part}" for part in given.split(",")) + f"->...{out}"
            return f'np.einsum("{subscripts}", {", ".join(str(self._print(operand)) for operand in e.operands)})'

        def lines(self, target: str, e: p.Expression) -> list[str]:
            head = f"{target} = " if target else "return "
            line = head + str(self._print(e))
            if len(line) <= _LONGEST_LINE or not isinstance(e, p.Add):
                return [line]
            return [head + "(", *(f"    {piece.strip()}" for piece in self.summands(e)), ")"]

    return ArrayPrinter()


def _binding(e: p.Expression, stacked: bool) -> int:
    """How strongly an expression's outermost sign binds."""
    match e:
        case p.Add() | p.Step() | p.Spread():
            return SUM
        case p.Power(exponent=exponent):
            return PRODUCT if exponent == -1 else ATOM if exponent in (2, Fraction(1, 2)) else POWER
        case p.Matmul():
            return PRODUCT if stacked else ATOM
        case p.Multiply():
            return SUM if _signed(e)[0] else PRODUCT
        case p.Number(value=value):
            return ATOM if value >= 0 and "/" not in _number(value) else PRODUCT
        case _:
            return ATOM


def _signed(e: p.Expression) -> tuple[bool, p.Expression]:
    """Whether a minus stands in front, and what stands behind it."""
    match e:
        case p.Number(value=value) if value < 0:
            return True, p.Number(-value)
        case p.Multiply(factors=(p.Number(value=value), *rest)) if value < 0:
            left = tuple(rest) if value == -1 else (p.Number(-value), *rest)
            return True, left[0] if len(left) == 1 else p.Multiply(left)
        case _:
            return False, e


def _inverse(e: p.Expression) -> bool:
    return isinstance(e, p.Power) and e.exponent < 0


def _number(value: Fraction) -> str:
    """A number in decimals where they are exact, else as a quotient."""
    if value.denominator & (value.denominator - 1) == 0 and abs(value) < 10**9 and value.denominator <= 64:
        return repr(float(value))
    return f"{value.numerator}.0 / {value.denominator}.0" if value.denominator > 1 else f"{value.numerator}.0"


def _exponent(value: Fraction) -> str:
    text = str(value.numerator) if value.denominator == 1 else f"({value.numerator} / {value.denominator})"
    return f"({text})" if value < 0 and value.denominator == 1 else text

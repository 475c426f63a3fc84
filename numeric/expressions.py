"""Expressions of an array program as source, in a library's dialect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from numeric import program as p
from numeric.dialects import ROOT, SQUARE, Dialect

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
_LONGEST_LINE = 108


@dataclass(frozen=True)
class Expressions:
    """Source of expressions in one dialect.

    >>> from numeric.dialects import NUMPY
    >>> a, y = p.Variable("a", "a", (None, None)), p.Variable("y", "y", (None, None))
    >>> minus_y = p.Multiply((p.Number(Fraction(-1)), y))
    >>> Expressions(NUMPY).text(p.Multiply((p.Add((minus_y, a)), a)))
    '(a - y) * a'
    """

    dialect: Dialect
    integers: frozenset[p.Variable] | None = None
    """Variables that may hold integers; None where nothing is known of any."""

    def text(self, e: p.Expression) -> str:
        """An expression as it stands alone."""
        dialect = self.dialect
        match e:
            case p.Variable(identifier=identifier):
                return identifier
            case p.Number(value=value):
                return _number(value)
            case p.Constant():
                return dialect.pi
            case p.Length(of=of, axis=axis):
                return f"{of.identifier}.shape[{axis + dialect.first_axis}]"
            case p.Transpose(argument=inner):
                called = dialect.transpose.startswith("{0}")
                return dialect.transpose.format(self.at(inner, ATOM) if called else self.text(inner))
            case p.Call(function=function, argument=inner):
                return dialect.functions[function].format(self.text(inner), out="")
            case p.Step(argument=inner):
                return dialect.step.format(self.text(inner))
            case p.Power():
                return self.power(e)
            case p.Reduce(argument=inner, axis=axis, how=how):
                if axis is None:
                    return dialect.total.format(self.text(inner))
                return dialect.reduce[how].format(self.text(inner), axis + dialect.first_axis)
            case p.DiagonalOf(argument=inner):
                return dialect.diagonal.format(self.text(inner))
            case p.Identity(length=length, like=like):
                return dialect.identity.format(self.text(length), like.identifier)
            case p.Spread(argument=inner, rows=rows, columns=columns, like=like):
                extents = self.length(rows), self.length(columns)
                if like is not None:
                    return dialect.full.format(self.text(inner), *extents, like.identifier)
                return dialect.spread.format(self.at(inner, PRODUCT), *extents)
            case p.Add():
                return "".join(self.summands(e))
            case p.Multiply():
                return self.product(e)
            case p.Matmul(left=left, right=right):
                if dialect.matmul == "dot":
                    return f"{self.at(left, ATOM)}.dot({self.text(right)})"
                before = self.text(left) if isinstance(left, p.Matmul) else self.at(left, POWER)
                return f"{before} @ {self.at(right, POWER)}"
            case p.Einsum(subscripts=subscripts, operands=operands):
                return dialect.einsum.format(self.subscripts(subscripts), ", ".join(map(self.text, operands)))
        raise TypeError(f"{type(e).__name__} has no source")

    def at(self, e: p.Expression, least: int) -> str:
        """An operand, in parentheses where it binds less than `least`."""
        return self.text(e) if self.binding(e) >= least else f"({self.text(e)})"

    def lines(self, target: str, e: p.Expression, sign: str = "=") -> list[str]:
        """An assignment; a long sum on several lines."""
        head = f"{target} {sign} "
        line = head + self.text(e)
        if len(line) <= _LONGEST_LINE or not isinstance(e, p.Add):
            return [line]
        return [head + "(", *(f"    {piece.strip()}" for piece in self.summands(e)), ")"]

    def summands(self, e: p.Add) -> list[str]:
        """The terms with their signs, one that is not negative first if there is one."""
        pieces: list[str] = []
        for negative, part in sorted(map(signed, e.terms), key=lambda pair: pair[0]):
            sign = (" - " if negative else " + ") if pieces else "-" if negative else ""
            pieces.append(sign + self.at(part, PRODUCT))
        return pieces

    def product(self, e: p.Multiply) -> str:
        negative, positive = signed(e)
        if negative:
            return "-" + self.at(positive, PRODUCT)
        text = " * ".join(self.factors([factor for factor in e.factors if not inverse(factor)])) or "1.0"
        for factor in e.factors:
            if inverse(factor):
                text += f" / {self.at(inverted(factor), POWER)}"
        return text

    def factors(self, factors: Sequence[p.Expression]) -> list[str]:
        """The factors of a product; a comparison where an array of floating-point numbers makes it one."""
        first = next((n for n, factor in enumerate(factors) if self.floating(factor)), len(factors))
        steps_alone = first < len(factors) and all(isinstance(factor, p.Step) for factor in factors[:first])
        return [
            f"({self.comparison(factor.argument)})"
            if isinstance(factor, p.Step) and (n > first or steps_alone)
            else self.at(factor, POWER)
            for n, factor in enumerate(factors)
        ]

    def floating(self, e: p.Expression) -> bool:
        """Whether an operand is known to be an array of floating-point numbers, and no mask."""
        if self.integers is None or isinstance(e, p.Step) or p.shape_of(e) == (None, None):
            return False
        return not p.variables([e]) <= self.integers

    def comparison(self, e: p.Expression) -> str:
        """Whether an operand is positive, as a mask."""
        return f"{self.at(e, SUM)} > 0.0"

    def power(self, e: p.Power) -> str:
        if e.exponent == -1:
            return f"1.0 / {self.at(e.argument, POWER)}"
        if e.exponent in (SQUARE, ROOT):
            if p.shape_of(e.argument) == (
                None,
                None,
            ):  # may be a Python number, which not every library's functions take
                return f"{self.at(e.argument, ATOM)} ** {float(e.exponent)}"
            return self.dialect.powers[e.exponent].format(self.text(e.argument), out="")
        return f"{self.at(e.argument, ATOM)} ** {_exponent(e.exponent)}"

    def length(self, e: p.Expression) -> str:
        """A length in a shape: an integer."""
        return str(int(e.value)) if isinstance(e, p.Number) else self.text(e)

    def subscripts(self, text: str) -> str:
        if not self.dialect.first_axis:
            return text
        given, _, out = text.partition("->")
        return ",".join(f"...{part}" for part in given.split(",")) + f"->...{out}"

    def binding(self, e: p.Expression) -> int:
        """How strongly an expression's outermost sign binds."""
        match e:
            case p.Add():
                return SUM
            case p.Spread(like=like):
                return SUM if self.dialect.first_axis and like is None else ATOM
            case p.Power(exponent=exponent):
                if exponent in (SQUARE, ROOT):
                    return POWER if p.shape_of(e.argument) == (None, None) else ATOM
                return PRODUCT if exponent == -1 else POWER
            case p.Matmul():
                return PRODUCT if self.dialect.matmul == "@" else ATOM
            case p.Multiply():
                return SUM if signed(e)[0] else PRODUCT
            case p.Number(value=value):
                return ATOM if value >= 0 and "/" not in _number(value) else PRODUCT
            case _:
                return ATOM


def signed(e: p.Expression) -> tuple[bool, p.Expression]:
    """Whether a minus stands in front, and what stands behind it."""
    match e:
        case p.Number(value=value) if value < 0:
            return True, p.Number(-value)
        case p.Multiply(factors=(p.Number(value=value), *rest)) if value < 0:
            left = tuple(rest) if value == -1 else (p.Number(-value), *rest)
            return True, left[0] if len(left) == 1 else p.Multiply(left)
        case _:
            return False, e


def inverse(e: p.Expression) -> bool:
    """Whether a factor stands below the stroke."""
    return isinstance(e, p.Power) and e.exponent < 0


def inverted(e: p.Expression) -> p.Expression:
    """What stands below the stroke."""
    assert isinstance(e, p.Power)
    return e.argument if e.exponent == -1 else p.Power(e.argument, -e.exponent)


def _number(value: Fraction) -> str:
    """A number in decimals where they are exact, else as a quotient."""
    if value.denominator & (value.denominator - 1) == 0 and abs(value) < 10**9 and value.denominator <= 64:
        return repr(float(value))
    return f"{value.numerator}.0 / {value.denominator}.0" if value.denominator > 1 else f"{value.numerator}.0"


def _exponent(value: Fraction) -> str:
    text = str(value.numerator) if value.denominator == 1 else f"({value.numerator} / {value.denominator})"
    return f"({text})" if value < 0 and value.denominator == 1 else text

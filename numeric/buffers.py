"""Lines of an array program as statements that reuse arrays: a line allocates one array, and the operations after the
first write into it.

An array is written over only where nobody reads it again: one that the line itself has made, or the value of an earlier
line that is used here once and for the last time. What a caller gave is never written over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from numeric import program as p
from numeric.expressions import PRODUCT, Expressions, inverse, inverted, signed

_WORTH_A_COMMENT = 3
_NEW = (p.Add, p.Multiply, p.Matmul, p.Call, p.Power, p.Reduce, p.Einsum, p.Spread)
"""Operations that can be built where their value will stand."""

VIEWS = (p.Variable, p.Transpose, p.DiagonalOf)
"""Operations whose value is another array, seen in another way."""


def statements(
    lines: Sequence[p.Assignment], source: Expressions, *, kept: frozenset[p.Variable], data: frozenset[p.Variable]
) -> list[list[str]]:
    """The statements of each line.

    Args:
        kept: what is read after the last line.
        data: inputs and targets. They may hold integers, so nothing that is made of them alone is written over.
    """
    found: list[list[str]] = []
    reused: set[p.Variable] = set()
    for number, line in enumerate(lines):
        later = p.variables(other.value for other in lines[number + 1 :]) | kept
        uses = Counter(part for part in p.inside(line.value) if isinstance(part, p.Variable))
        free = {v: uses[v] for v in reused if v not in later and uses[v]}
        found.append(_Line(replace(source, integers=data), free, data).statements(line))
        if p.variables([line.value]) <= data:
            data |= {line.target}
        if isinstance(line.value, (*_NEW, p.Step)):
            reused |= {line.target} - data
        else:  # a view: what it shows has to stay
            reused -= p.variables([line.value])
    return found


@dataclass(frozen=True)
class _Line:
    """What is known where a line is written: `free` are arrays that no later line reads, with how often this one does."""

    source: Expressions
    free: Mapping[p.Variable, int]
    data: frozenset[p.Variable]

    def statements(self, line: p.Assignment) -> list[str]:
        """The statements of a line; the line itself stands above them as a comment where they do not show it."""
        target = line.target.identifier
        found = self.into(target, line.value)
        whole = self.source.lines(target, line.value)
        if len(found) == 1 or len(whole) > 1:
            return found
        over = next((v.identifier for v in self.free if found[0] == f"{target} = {v.identifier}"), "")
        if over:
            return [f"# {whole[0]}, in the place of {over}", *found]
        return [f"# {whole[0]}", *found] if len(found) >= _WORTH_A_COMMENT else found

    def into(self, target: str, e: p.Expression) -> list[str]:
        """The value of an expression in an array of that name."""
        found = None
        if self.source.dialect.in_place:
            match e:
                case p.Add():
                    found = self.summed(target, e)
                case p.Multiply():
                    found = self.multiplied(target, e)
                case p.Call(function=function, argument=inner):
                    found = self.applied(target, self.source.dialect.functions[function], inner)
                case p.Power(exponent=exponent, argument=inner):
                    found = self.applied(target, self.source.dialect.powers.get(exponent, ""), inner)
        return self.source.lines(target, e) if found is None else found

    def new(self, e: p.Expression, within: p.Expression | None = None) -> bool:
        """Whether an expression's value is an array that nobody else has, or that nobody else needs any more.

        `within` is an operation on that value and one other, which may use it too: it is worked out before anything is
        written.
        """
        if isinstance(e, p.Variable):
            around = e if within is None else within
            return e in self.free and self.free[e] == sum(part == e for part in p.inside(around))
        return isinstance(e, _NEW) and not p.variables([e]) <= self.data

    def seed(self, parts: Sequence[p.Expression], whole: p.Expression) -> int | None:
        """The part whose value can be built where the result will stand: a new array of the result's shape."""
        shape, pair = p.shape_of(whole), whole if len(whole.parts()) == 2 else None
        if shape == (None, None):
            return None
        return next((n for n, part in enumerate(parts) if p.shape_of(part) == shape and self.new(part, pair)), None)

    def start(self, target: str, e: p.Expression) -> list[str]:
        return [f"{target} = {e.identifier}"] if isinstance(e, p.Variable) else self.into(target, e)

    def summed(self, target: str, e: p.Add) -> list[str] | None:
        terms = sorted(map(signed, e.terms), key=lambda pair: pair[0])
        at = self.seed([part for negative, part in terms if not negative], e)
        if at is None:
            return None
        found = self.start(target, terms[at][1])
        for n, (negative, part) in enumerate(terms):
            if n != at:
                found.append(f"{target} {'-' if negative else '+'}= {self.source.at(part, PRODUCT)}")
        return found

    def multiplied(self, target: str, e: p.Multiply) -> list[str] | None:
        numbers = [factor for factor in e.factors if p.shape_of(factor) == (None, None)]
        arrays = [factor for factor in e.factors if p.shape_of(factor) != (None, None)]
        at = self.seed([factor for factor in arrays if not inverse(factor)], e)
        if at is None:
            return None
        arrays.sort(key=inverse)
        found = self.start(target, arrays[at])
        if numbers:
            found.append(self.scaled(target, numbers))
        for n, factor in enumerate(arrays):
            if n != at:
                sign, operand = ("/", inverted(factor)) if inverse(factor) else ("*", factor)
                text = (
                    self.source.comparison(operand.argument)
                    if isinstance(operand, p.Step)
                    else self.source.text(operand)
                )
                found.append(f"{target} {sign}= {text}")
        return found

    def scaled(self, target: str, numbers: list[p.Expression]) -> str:
        """Multiplication by all numbers at once."""
        if numbers == [p.Number(Fraction(-1))]:
            return self.source.dialect.negative.format(target, out=f", out={target}")
        if all(map(inverse, numbers)):
            return f"{target} /= {self.source.text(_product([inverted(number) for number in numbers]))}"
        return f"{target} *= {self.source.text(_product(numbers))}"

    def applied(self, target: str, template: str, inner: p.Expression) -> list[str] | None:
        """A function of every entry, written over its argument."""
        if "{out}" not in template or not self.new(inner) or p.shape_of(inner) == (None, None):
            return None
        if isinstance(inner, p.Variable):
            return [f"{target} = {template.format(inner.identifier, out=f', out={inner.identifier}')}"]
        return [*self.into(target, inner), template.format(target, out=f", out={target}")]


def _product(factors: list[p.Expression]) -> p.Expression:
    return factors[0] if len(factors) == 1 else p.Multiply(tuple(factors))

"""Straight-line code tidied: what is used once is put where it is used, and what is computed twice gets a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from fractions import Fraction

from numeric.factor import factored
from numeric.identifiers import Identifiers
from numeric.program import (
    Add,
    Assignment,
    Call,
    Constant,
    Einsum,
    Expression,
    Length,
    Matmul,
    Multiply,
    Number,
    Power,
    Reduce,
    Spread,
    Step,
    Transpose,
    Variable,
    inside,
    replaced,
    shape_of,
    variables,
)

_LONGEST = 9


def inlined(lines: Sequence[Assignment], kept: frozenset[Variable]) -> list[Assignment]:
    """Lines without those that only rename, and without short ones that are used once."""
    result = list(lines)
    place = 0
    while place < len(result):
        line = result[place]
        later = result[place + 1 :]
        uses = sum(part == line.target for other in later for part in inside(other.value))
        small = sum(1 for _ in inside(line.value)) <= _LONGEST
        if line.target in kept or not (isinstance(line.value, Variable) or (uses == 1 and small)):
            place += 1
            continue
        table: dict[Expression, Expression] = {line.target: line.value}
        result[place:] = [
            Assignment(other.target, flat(factored(flat(replaced(other.value, table))))) for other in later
        ]
    return result


def flat(expression: Expression) -> Expression:
    """Products of products in one row, their numbers as one in front."""
    parts = tuple(map(flat, expression.parts()))
    if isinstance(expression, Multiply):
        number, factors = Fraction(1), list[Expression]()
        for part in parts:
            for factor in part.factors if isinstance(part, Multiply) else (part,):
                if isinstance(factor, Number):
                    number *= factor.value
                else:
                    factors.append(factor)
        if number != 1 or not factors:
            factors.insert(0, Number(number))
        return factors[0] if len(factors) == 1 else Multiply(tuple(factors))
    return expression.over(parts) if parts else expression


def shared(lines: Sequence[Assignment], identifiers: Identifiers) -> list[Assignment]:
    """Lines in which every operation is written once: the largest repeated ones first."""
    result = list(lines)
    while True:
        counts = Counter(part for line in result for part in inside(line.value) if _worth(part))
        repeated = [(sum(1 for _ in inside(part)), part) for part, count in counts.items() if count > 1]
        if not repeated:
            return result
        _, common = max(repeated, key=lambda pair: pair[0])
        named = next((line.target for line in result if line.value == common), None)
        if named is None:
            named = Variable(identifiers.new(_stem(common)), "", shape_of(common))
            first = next(n for n, line in enumerate(result) if common in set(inside(line.value)))
            result.insert(first, Assignment(named, common))
        table: dict[Expression, Expression] = {common: named}
        seen = False
        for n, line in enumerate(result):
            if line.target == named:
                seen = True
            elif seen:
                result[n] = Assignment(line.target, replaced(line.value, table))
        if not any(common in set(inside(line.value)) for line in result if line.target != named):
            continue
        return result


def filled(lines: Sequence[Assignment], numbers: frozenset[Variable], like: Variable) -> list[Assignment]:
    """Lines in which plain numbers that are repeated become arrays of the type of `like`."""

    def change(e: Expression) -> Expression:
        parts = e.parts()
        e = e.over(tuple(map(change, parts))) if parts else e
        if isinstance(e, Spread) and is_number(e.argument, numbers):
            return Spread(e.argument, e.rows, e.columns, like)
        return e

    result = []
    for line in lines:
        value = change(line.value)
        if is_number(value, numbers):
            numbers |= {line.target}
        result.append(Assignment(line.target, value))
    return result


def is_number(e: Expression, numbers: Container[Variable]) -> bool:
    """Whether an expression is a plain number where `numbers` are, and no array."""
    if isinstance(e, Variable):
        return e in numbers
    if isinstance(e, Add | Multiply | Power | Call | Step):
        return all(is_number(part, numbers) for part in e.parts())
    return isinstance(e, Number | Constant | Length)


def without_axes(lines: Sequence[Assignment], numbers: frozenset[Variable]) -> frozenset[Variable]:
    """Of the targets of lines, and of `numbers`, those that are numbers or arrays without axes, as sums over all axes are."""

    def bare(e: Expression) -> bool:
        if isinstance(e, Reduce):
            return e.axis is None
        if isinstance(e, Variable):
            return e in numbers
        inner = isinstance(e, Add | Multiply | Power | Call | Step | Transpose)
        return all(map(bare, e.parts())) if inner else isinstance(e, Number | Constant | Length)

    for line in lines:
        if bare(line.value):
            numbers |= {line.target}
    return numbers


def needed(lines: Sequence[Assignment], used: Iterable[Expression]) -> list[Assignment]:
    """The lines that variables are computed with, those variables' own lines among them."""
    wanted: set[Expression] = set(used)
    found: list[Assignment] = []
    for line in reversed(lines):
        if line.target in wanted:
            found.append(line)
            wanted |= variables([line.value])
    return found[::-1]


def split(lines: Sequence[Assignment], identifiers: Identifiers) -> list[Assignment]:
    """Lines that are too long to read, with a part of each on a line of its own."""
    result: list[Assignment] = []
    for line in lines:
        value, before = line.value, []
        while _weight(value) > _HEAVIEST:
            parts = [part for part in inside(value) if part != value and isinstance(part, Call | Reduce | Matmul)]
            fitting = [part for part in parts if _LIGHTEST <= _weight(part) <= _HEAVIEST]
            if not fitting:
                break
            part = max(fitting, key=_weight)
            named = Variable(identifiers.new(_stem(part)), "", shape_of(part))
            before.append(Assignment(named, part))
            value = replaced(value, {part: named})
        result += [*before, Assignment(line.target, value)]
    return result


def _weight(expression: Expression) -> int:
    """About how much room an expression takes in source text."""
    own = 4 if isinstance(expression, Reduce) else 2 if isinstance(expression, Call) else 1
    return own + sum(map(_weight, expression.parts()))


_LIGHTEST, _HEAVIEST = 5, 23


def _worth(part: Expression) -> bool:
    if isinstance(part, Multiply) and len(part.factors) == 2 and isinstance(part.factors[0], Number):
        return False  # what stands behind the sign is
    return isinstance(part, Add | Multiply | Matmul | Call | Reduce | Einsum | Power)


def _stem(common: Expression) -> str:
    if isinstance(common, Call):
        return {"exp": "exponentials", "log": "logarithms"}.get(common.function, f"{common.function}_value")
    if isinstance(common, Reduce):
        return {"max": "largest", "add": "totals"}.get(common.how, "logarithms")
    return "part"

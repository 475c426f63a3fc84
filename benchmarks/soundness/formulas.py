"""Formulas of generated documents: small trees that know their value and nothing of gradproof.

A value is a two-dimensional JAX array (columns are `n × 1`, rows `1 × n`), or a number where there are index letters or scalars.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, Protocol

import jax
import numpy as np

Value = Any


class Misfit(Exception):
    """Shapes that cannot fit, or a name that is not there: the formula has no value."""


@dataclass(frozen=True)
class Layer:
    """The layer of a name: a number, or a letter with an offset such as `l + 1`."""

    offset: int
    letter: str = ""

    def at(self, letters: Mapping[str, int]) -> int:
        return self.offset + (letters[self.letter] if self.letter else 0)


class Point(Protocol):
    """Values of everything at one random point."""

    letters: dict[str, int]

    def quantity(self, kind: str, layer: int | None) -> Value: ...
    def jacobian(self, of: tuple[str, int | None], by: tuple[str, int | None]) -> Value: ...
    def length(self, size: str) -> int: ...
    def activation(self, name: str, order: int) -> Callable[[Value], Value]: ...


class Formula:
    """A node. `a @ b` is the matrix product, `a * b` the elementwise one."""

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        raise NotImplementedError

    def __matmul__(self, other: Formula) -> Formula:
        return MatMul((*_parts(self, MatMul), *_parts(other, MatMul)))

    def __mul__(self, other: Formula) -> Formula:
        return Elementwise((*_parts(self, Elementwise), *_parts(other, Elementwise)))

    def __add__(self, other: Formula) -> Formula:
        return Plus((*_terms(self), *_terms(other)))

    def __sub__(self, other: Formula) -> Formula:
        return Plus((*_terms(self), *((-sign, term) for sign, term in _terms(other))))

    def __neg__(self) -> Formula:
        return Plus(tuple((-sign, term) for sign, term in _terms(self)))

    @property
    def T(self) -> Formula:
        return Transposed(self)


def _parts(node: Formula, kind: type[MatMul] | type[Elementwise]) -> tuple[Formula, ...]:
    return node.factors if isinstance(node, kind) else (node,)


def _terms(node: Formula) -> tuple[tuple[int, Formula], ...]:
    return node.terms if isinstance(node, Plus) else ((1, node),)


@dataclass(frozen=True)
class Number(Formula):
    number: Fraction

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return np.asarray(float(self.number))


@dataclass(frozen=True)
class Quantity(Formula):
    """A name of the document: `Quantity("z", Layer(1))` for the first pre-activation."""

    kind: str
    layer: Layer | None = None

    def key(self, point: Point) -> tuple[str, int | None]:
        return self.kind, None if self.layer is None else self.layer.at(point.letters)

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return point.quantity(*self.key(point))


@dataclass(frozen=True)
class Derivative(Formula):
    """The total derivative of a scalar, in the shape of what it is taken by."""

    of: Quantity
    by: Quantity

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        jacobian = point.jacobian(self.of.key(point), self.by.key(point))
        rows = point.quantity(*self.by.key(point)).ndim
        if jacobian.size != point.quantity(*self.by.key(point)).size:
            raise Misfit("the derivative of an array")
        return jacobian.reshape(jacobian.shape[jacobian.ndim - rows :])


@dataclass(frozen=True)
class Chain(Formula):
    """Partial derivatives side by side, contracted where one ends and the next begins."""

    links: tuple[Derivative, ...]

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        result: Value = None
        for place, link in enumerate(self.links):
            of, by = link.of.key(point), link.by.key(point)
            # a missing link is no harm where it is a derivative by an equal, as that of a linear output by its pre-activation
            if place and point.quantity(*self.links[place - 1].by.key(point)).shape != point.quantity(*of).shape:
                raise Misfit("a chain with a missing link")
            jacobian = point.jacobian(of, by)
            axes = point.quantity(*of).ndim
            result = jacobian if result is None else np.tensordot(result, jacobian, axes=axes)
        last = point.quantity(*self.links[-1].by.key(point))
        if result.size != last.size:
            raise Misfit("a chain that does not begin at a scalar")
        return result.reshape(last.shape)


@dataclass(frozen=True)
class Transposed(Formula):
    body: Formula

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return self.body.value(point, places).T


@dataclass(frozen=True)
class MatMul(Formula):
    factors: tuple[Formula, ...]

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        result = self.factors[0].value(point, places)
        for factor in self.factors[1:]:
            other = factor.value(point, places)
            if result.size == 1 or other.size == 1:  # a number, however it is written, scales
                result = result.reshape(()) * other if result.size == 1 else result * other.reshape(())
            elif result.shape[1] != other.shape[0]:
                raise Misfit(f"{result.shape} times {other.shape}")
            else:
                result = result @ other
        return result


@dataclass(frozen=True)
class Elementwise(Formula):
    """The Hadamard product; of numbers, the product."""

    factors: tuple[Formula, ...]

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        result = self.factors[0].value(point, places)
        for factor in self.factors[1:]:
            other = factor.value(point, places)
            if result.ndim and other.ndim and result.shape != other.shape:
                raise Misfit(f"{result.shape} times {other.shape}, elementwise")
            result = result * other
        return result


@dataclass(frozen=True)
class Plus(Formula):
    terms: tuple[tuple[int, Formula], ...]

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        values = [sign * term.value(point, places) for sign, term in self.terms]
        result = values[0]
        for other in values[1:]:
            if result.ndim and other.ndim and result.shape != other.shape:
                raise Misfit(f"{result.shape} plus {other.shape}")
            result = result + other
        return result


@dataclass(frozen=True)
class Quotient(Formula):
    above: Formula
    below: Formula

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        above, below = self.above.value(point, places), self.below.value(point, places)
        if above.ndim and below.ndim and above.shape != below.shape:
            raise Misfit(f"{above.shape} over {below.shape}")
        return above / below


@dataclass(frozen=True)
class Power(Formula):
    body: Formula
    exponent: int

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return self.body.value(point, places) ** self.exponent


@dataclass(frozen=True)
class Apply(Formula):
    """A function, elementwise (softmax: over a column), or its derivative."""

    function: str
    body: Formula
    order: int = 0

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return point.activation(self.function, self.order)(self.body.value(point, places))


@dataclass(frozen=True)
class Extent(Formula):
    """A size as a number: the `m` of `1/m`."""

    size: str

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return np.asarray(float(point.length(self.size)))


@dataclass(frozen=True)
class Ones(Formula):
    """A column of ones."""

    size: str

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return np.ones((point.length(self.size), 1))


@dataclass(frozen=True)
class Squares(Formula):
    """The squared Euclidean or Frobenius norm."""

    body: Formula

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return (self.body.value(point, places) ** 2).sum()


@dataclass(frozen=True)
class Entry(Formula):
    """An entry of a vector or a matrix: `z_j`, `w_{jk}`, and of a derivative `∂L/∂z_j`."""

    body: Formula
    indices: tuple[str, ...]

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        array = self.body.value(point, places)
        at = [places[index] for index in self.indices]
        if len(at) == 1:
            if 1 not in array.shape:
                raise Misfit("one index for a matrix")
            array, at = array.reshape(-1), at[:1]
        if any(place >= length for place, length in zip(at, array.shape, strict=True)):
            raise Misfit("an index that runs over the edge")
        return array[tuple(at)]


@dataclass(frozen=True)
class Slope(Formula):
    """One entry by another: `∂z_k/∂a_j`."""

    of: Entry
    by: Entry

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        assert isinstance(self.of.body, Quantity)
        assert isinstance(self.by.body, Quantity)
        of, by = self.of.body.key(point), self.by.body.key(point)
        jacobian = point.jacobian(of, by)
        above, below = point.quantity(*of), point.quantity(*by)
        # a vector has one index, and is one column or one row
        shape = (*(above.shape if len(self.of.indices) == 2 else (above.size,)),)
        shape += below.shape if len(self.by.indices) == 2 else (below.size,)
        at = [places[index] for index in (*self.of.indices, *self.by.indices)]
        if any(place >= length for place, length in zip(at, shape, strict=True)):
            raise Misfit("an index that runs over the edge")
        return jacobian.reshape(shape)[tuple(at)]


@dataclass(frozen=True)
class SumOver(Formula):
    index: str
    size: str
    body: Formula
    bounds: bool = False
    """Whether the sum is printed with its bounds."""

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return sum(self.body.value(point, {**places, self.index: at}) for at in range(point.length(self.size)))


@dataclass(frozen=True)
class Same(Formula):
    """Kronecker's delta."""

    one: str
    other: str

    def value(self, point: Point, places: Mapping[str, int]) -> Value:
        return np.asarray(float(places[self.one] == places[self.other]))


def children(node: Formula) -> list[tuple[tuple[object, ...], Formula]]:
    """The parts of a node, each with the place where it stands."""
    found: list[tuple[tuple[object, ...], Formula]] = []
    for each in fields(node):  # type: ignore[arg-type]
        part = getattr(node, each.name)
        if isinstance(part, Formula):
            found.append(((each.name,), part))
        elif isinstance(part, tuple):
            for at, item in enumerate(part):
                if isinstance(item, Formula):
                    found.append(((each.name, at), item))
                elif isinstance(item, tuple) and isinstance(item[1], Formula):
                    found.append(((each.name, at, item[0]), item[1]))
    return found


def with_child(node: Formula, place: tuple[object, ...], new: Formula) -> Formula:
    """The node with another part in that place."""
    name = str(place[0])
    if len(place) == 1:
        return replace(node, **{name: new})  # type: ignore[type-var]
    parts = list(getattr(node, name))
    parts[place[1]] = new if len(place) == 2 else (place[2], new)  # type: ignore[call-overload]
    return replace(node, **{name: tuple(parts)})  # type: ignore[type-var]


jax.config.update("jax_enable_x64", True)

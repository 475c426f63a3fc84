"""Values of the names and formulas of a page at random points.

A column of n entries is an `n × 1` array and a number has no axes. Derivatives are complex steps through the definitions of the
page: a name that is disturbed carries the disturbance to all that is computed from it, and to nothing else. No two sizes of a
point are the same, and they change places from point to point.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import permutations, product
from typing import Any

import numpy as np

from benchmarks.soundness.terms import Page, Term

Array = Any
STEP, SECOND_STEP = 1e-30, 1e-5


class Misfit(Exception):
    """Shapes that do not fit."""


class Unclear(Exception):
    """A formula that readers take in two ways, or with letters that nothing binds."""


class Point:
    """Values of everything at one random point."""

    def __init__(self, page: Page, seed: int, turn: int) -> None:
        self.page, self.rng = page, np.random.default_rng((seed, turn))
        keys = list(page.letters)
        orders = [
            dict(zip(keys, order, strict=True))
            for order in permutations(range(3, 3 + len(keys)))
            if list(page.ordered) == sorted(page.ordered, key=lambda key: -order[keys.index(key)])
        ]
        self.sizes = orders[int(self.rng.integers(len(orders)))]
        self.disturbed: dict[str, Array] = {}
        self.given = {key: self._draw(key) for key in page.given}
        self.unknown: dict[str, tuple[Array, Array, Array]] = {}
        self.known: dict[str, Array] = {}
        self.derived: dict[Term, Array] = {}

    def shape(self, key: str) -> tuple[int, ...]:
        dims = [self.sizes[each] for each in self.page.dims[key]]
        return (dims[0], 1) if len(dims) == 1 else tuple(dims)

    def _draw(self, key: str) -> Array:
        shape, rng = self.shape(key), self.rng
        match self.page.given[key]:
            case "positive":
                return rng.uniform(0.3, 2.0, size=shape)
            case "probability":
                return rng.uniform(0.1, 0.9, size=shape)
            case "above one":
                return rng.uniform(1.2, 3.0, size=shape)
            case "one-hot":
                return np.eye(shape[0])[:, [int(rng.integers(shape[0]))]]
            case "distribution":
                return rng.dirichlet(np.ones(shape[0])).reshape(shape)
            case "symmetric":
                drawn = rng.normal(size=shape)
                return drawn + drawn.T
            case "positive definite":
                drawn = rng.normal(size=shape)
                return drawn @ drawn.T + np.eye(shape[0])
            case "positive determinant":
                while True:
                    drawn = rng.normal(size=shape) + np.eye(shape[0])
                    if np.linalg.det(drawn) > 0.3:
                        return drawn
            case _:
                return rng.normal(size=shape)

    def named(self, key: str) -> Array:
        if key not in self.known:
            if key in self.given:
                found = self.given[key]
            else:
                letters, body = self.page.defined[key]
                found = self._defined(letters.split(), body, key)
            self.known[key] = found + self.disturbed[key] if key in self.disturbed else found
        return self.known[key]

    def _defined(self, letters: list[str], body: Term, key: str) -> Array:
        if not letters:
            return self.value(body, {})
        lengths = [self.sizes[each] for each in self.page.dims[key]]
        places = product(*(range(length) for length in lengths))
        entries = [self.value(body, dict(zip(letters, place, strict=True))) for place in places]
        return np.array(entries).reshape(self.shape(key))

    def value(self, node: Term, at: Mapping[str, int]) -> Array:
        a, data = node.args, node.data
        match node.op:
            case "name":
                return self.named(data)
            case "number":
                return np.asarray(float(Fraction(data)))
            case "size":
                return np.asarray(float(self.sizes[data]))
            case "ones":
                return np.ones((self.sizes[data], 1))
            case "identity":
                return np.eye(self.sizes[data])
            case "delta":
                one, other = data.split()
                return np.asarray(float(_bound(one, at) == _bound(other, at)))
            case "entry":
                return self._entry(a[0], [_bound(each, at) for each in data.split()], at)
            case "sum":
                index, over = data.split()
                return sum(self.value(a[0], {**at, index: k}) for k in range(self.sizes[over]))
            case "product":
                return _product([self.value(each, at) for each in a])
            case "times" | "plus":
                return self._entrywise(node, at)
            case "over":
                above, below = self.value(a[0], at), self.value(a[1], at)
                if below.ndim:
                    raise Misfit
                return above / below
            case "transposed":
                return self.value(a[0], at).T
            case "inverse" | "transposed inverse":
                found = self.value(a[0], at)
                if not _square(found):
                    raise Misfit
                return np.linalg.inv(found) if node.op == "inverse" else np.linalg.inv(found).T
            case "power":
                body, exponent = self.value(a[0], at), self.value(a[1], at)
                if not body.ndim:
                    return body**exponent
                if not _square(body):
                    raise Misfit if body.shape[1] != 1 else Unclear
                return np.linalg.matrix_power(body, int(exponent))
            case "call":
                return _called(data, self.value(a[0], at))
            case "unknown function":
                return self._unknown(data, self.value(a[0], at))
            case "gradient" | "hessian":
                found = self._derivative(node)
                return found.reshape(self.shape(a[1].data)) if found.ndim == len(self.page.dims[a[1].data]) else found
            case _:
                raise TypeError(node)

    def _entry(self, body: Term, places: list[int], at: Mapping[str, int]) -> Array:
        if body.op == "gradient":
            return self._derivative(body)[tuple(places)]
        found = self.value(body, at)
        return found[places[0], 0] if len(places) == 1 else found[tuple(places)]

    def _entrywise(self, node: Term, at: Mapping[str, int]) -> Array:
        values = [self.value(each, at) for each in node.args]
        if any(each.ndim for each in values):
            shapes = {each.shape for each in values if each.ndim}
            bare = [each for each, found in zip(node.args, values, strict=True) if not found.ndim]
            if node.op == "plus" and any(each.op != "number" for each in bare):
                raise Unclear
            if len(shapes) > 1:
                raise Misfit
        result = -values[0] if node.data.startswith("-") else values[0]
        for place, other in enumerate(values[1:], start=1):
            result = result * other if node.op == "times" else result + (-other if node.data[place] == "-" else other)
        return result

    def _unknown(self, key: str, body: Array) -> Array:
        if key not in self.unknown:
            draws = self.rng.normal(size=(3, *body.shape))
            self.unknown[key] = (draws[0], draws[1], draws[2])
        one, other, third = self.unknown[key]
        return np.sum(one * np.sin(body + other)) + np.sum(third * body) ** 2 / 4

    def _derivative(self, node: Term) -> Array:
        """An axis for every index of what is derived, then one for every index of what it is derived by."""
        if self.disturbed:
            raise TypeError("a derivative in a definition")
        if node not in self.derived:
            of, by = node.args
            key = by.data
            own = self.shape(key)
            columns = []
            for place in np.ndindex(own):
                step = np.zeros(own)
                step[place] = 1.0
                if node.op == "hessian":
                    up, down = (self._slopes(of, key, own, SECOND_STEP * sign * step) for sign in (1, -1))
                    columns.append((up - down) / (2 * SECOND_STEP))
                else:
                    columns.append(self._disturbed(of, key, STEP * 1j * step).imag.squeeze() / STEP)
            stacked = np.stack([column.reshape(-1) for column in columns], axis=-1)
            ranks = own[: len(self.page.dims[key])]
            shape = ranks * 2 if node.op == "hessian" else (*columns[0].shape, *ranks)
            self.derived[node] = stacked.reshape(shape)
        return self.derived[node]

    def _slopes(self, of: Term, key: str, own: tuple[int, ...], offset: Array) -> Array:
        slopes = np.zeros(own)
        for place in np.ndindex(own):
            step = np.zeros(own, dtype=complex)
            step[place] = STEP * 1j
            slopes[place] = self._disturbed(of, key, offset + step).imag / STEP
        return slopes

    def _disturbed(self, of: Term, key: str, step: Array) -> Array:
        self.disturbed, self.known = {key: step}, {}
        found = self.value(of, {})
        self.disturbed, self.known = {}, {}
        return np.asarray(found, dtype=complex)


def _bound(letter: str, at: Mapping[str, int]) -> int:
    if letter not in at:
        raise Unclear
    return at[letter]


def _square(value: Array) -> bool:
    return bool(value.ndim == 2 and value.shape[0] == value.shape[1])


def _product(values: list[Array]) -> Array:
    result = values[0]
    for other in values[1:]:
        if result.ndim and other.ndim:
            if result.shape[1] != other.shape[0]:
                # two arrays of one shape side by side are a slip to some, and the elementwise product to others
                raise Unclear if result.shape == other.shape else Misfit
            result = result @ other
        else:
            result = result * other
        result = result.reshape(()) if result.size == 1 else result
    return result


def _called(function: str, value: Array) -> Array:
    if function in ("trace", "det", "logdet") and not _square(value):
        raise Misfit
    match function:
        case "trace":
            return np.trace(value)
        case "det":
            return np.linalg.det(value)
        case "logdet":
            return np.log(np.linalg.det(value))
        case "sqrt":
            return np.sqrt(value)
        case "exp":
            return np.exp(value)
        case "log":
            return np.log(value)
        case "norm squared" | "frobenius squared":
            return np.sum(value * value)
        case "norm" | "frobenius":
            return np.sqrt(np.sum(value * value))
        case "diag":
            return np.diag(value.reshape(-1))
        case "softmax":  # over each row, or over a column
            raised = np.exp(value)
            return raised / np.sum(raised, axis=0 if value.shape[1] == 1 else 1, keepdims=True)
        case _:
            raise TypeError(function)

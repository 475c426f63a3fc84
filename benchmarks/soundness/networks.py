"""Networks as lists of assignments, and their values and derivatives at random points: the oracle.

Forward values are computed in float64, derivatives by `jax.jacrev`. Nothing here is shared with gradproof.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.soundness.formulas import Formula, Misfit, Value

Key = tuple[str, int | None]
BESIDE = {"n_low": -1, "n_here": 0, "n_high": 1}
"""Sizes of the layers next to the one that a letter stands for."""


@dataclass(frozen=True)
class Network:
    """`inputs` are the arrays that are given, with the names of their sizes; `steps` everything computed from them, in order.

    `gradients` are names for derivatives of the loss: `("d", 1)` for the one by `("z", 1)`. `sizes` gives a number to the sizes
    that the document writes as numbers. `drawn` says how an input is drawn where it is no array of normal numbers.
    """

    inputs: Mapping[Key, tuple[str, str] | tuple[()]]
    steps: tuple[tuple[Key, Formula], ...]
    loss: Key
    gradients: Mapping[Key, Key] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    drawn: Mapping[Key, str] = field(default_factory=dict)
    depth: int = 1
    rows: bool = False
    """Whether examples are rows, as softmax has to know."""

    def exists(self, key: Key) -> bool:
        return key in self.inputs or key in self.gradients or any(key == step for step, _ in self.steps)


class RandomPoint:
    """Sizes, inputs, and all that follows from them. `letters` holds the layer that a letter stands for at the moment."""

    def __init__(self, network: Network, seed: int, turn: int = 0) -> None:
        """The points of one seed differ in all sizes that are not given, and in the targets that are 0 or 1: what is true of one
        size or target only is not true at all of them."""
        self.network, self._turn = network, turn
        self.letters: dict[str, int] = {}
        common = random.Random(seed)
        self._lengths: dict[str, int] = {"1": 1, **network.sizes}
        self._free = [2, 3, 4, 5]
        common.shuffle(self._free)
        self._free = self._free[turn:] + self._free[:turn]
        self._targets = common.randrange(1 << 30)
        self._random = random.Random(f"{seed} {turn}")
        self._jacobians: dict[Key, dict[Key, Value]] = {}
        self._shift = self._random.uniform(0.3, 0.9)

    def length(self, size: str) -> int:
        if size in BESIDE:
            size = f"n{self.letters['l'] + BESIDE[size]}"
        if size not in self._lengths:  # lengths differ as long as there are enough of them
            self._lengths[size] = self._free[len(self._lengths) % len(self._free)]
        return self._lengths[size]

    @cached_property
    def given(self) -> dict[Key, Value]:
        numbers = np.random.default_rng(self._random.randrange(1 << 30))
        return {key: self._drawn(key, sizes, numbers) for key, sizes in self.network.inputs.items()}

    def _drawn(self, key: Key, sizes: tuple[str, ...], numbers: np.random.Generator) -> Value:
        shape = tuple(self.length(size) for size in sizes)
        match self.network.drawn.get(key):
            case "one-hot":
                across = 1 if self.network.rows else 0
                chosen = numbers.integers(shape[across], size=shape[1 - across])
                eye = np.eye(shape[across])[chosen]
                return jnp.asarray(eye if self.network.rows else eye.T)
            case "zero or one":
                whole = np.random.default_rng(self._targets).integers(0, 2, size=(8, 8))
                return jnp.asarray((whole[: shape[0], : shape[1]] + self._turn) % 2 * 1.0)
            case "positive":
                return jnp.asarray(numbers.uniform(0.2, 1.5, size=shape))
            case _:
                return jnp.asarray(numbers.normal(size=shape) * 0.8)

    def _forward(self, shifts: Mapping[Key, Value]) -> dict[Key, Value]:
        """All values, each moved by its shift before it is used further."""
        values = {key: value + shifts.get(key, 0.0) for key, value in self.given.items()}
        view = _Values(self, values)
        for key, formula in self.network.steps:
            values[key] = formula.value(view, {}) + shifts.get(key, 0.0)
        return values

    @cached_property
    def values(self) -> dict[Key, Value]:
        return {key: np.asarray(value) for key, value in self._forward({}).items()}

    def quantity(self, kind: str, layer: int | None) -> Value:
        key = (kind, layer)
        if key in self.network.gradients:
            by = self.network.gradients[key]
            return self.jacobian(self.network.loss, by).reshape(self.values[by].shape)
        if key not in self.values:
            raise Misfit(f"there is no {key}")
        return self.values[key]

    def jacobian(self, of: Key, by: Key) -> Value:
        """All partial derivatives, in the shape of what is differentiated followed by that of what it is differentiated by."""
        if of not in self.values or by not in self.values:
            raise Misfit(f"no derivative of {of} by {by}")
        if of not in self._jacobians:
            still = {key: jnp.zeros_like(value) for key, value in self.values.items()}
            found = jax.jacrev(lambda shifts: self._forward(shifts)[of])(still)
            self._jacobians[of] = {key: np.asarray(value) for key, value in found.items()}
        return self._jacobians[of][by]

    def activation(self, name: str, order: int) -> Callable[[Value], Value]:
        function = self.traced(name, order)
        return lambda z: np.asarray(function(z))

    def traced(self, name: str, order: int) -> Callable[[Value], Value]:
        """An activation or its slope, as it can be differentiated."""
        function = self._function(name)
        for _ in range(order):
            function = _slope(function)
        return function

    def _function(self, name: str) -> Callable[[Value], Value]:
        shift = self._shift
        match name:
            case "softmax":
                return lambda z: jax.nn.softmax(z, axis=1 if self.network.rows else 0)
            case "general":
                return lambda z: jnp.sin(z + shift) + shift * z * z
            case _:
                return FUNCTIONS[name]


def _slope(function: Callable[[Value], Value]) -> Callable[[Value], Value]:
    return lambda z: jax.jvp(function, (z,), (jnp.ones_like(z),))[1]


FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "sigmoid": lambda z: 1 / (1 + jnp.exp(-z)),
    "tanh": jnp.tanh,
    "relu": lambda z: jnp.where(z > 0, z, 0.0),
    "leaky": lambda z: jnp.where(z > 0, z, 0.1 * z),
    "softplus": lambda z: jnp.log(1 + jnp.exp(z)),
    "silu": lambda z: z / (1 + jnp.exp(-z)),
    "exp": jnp.exp,
    "log": jnp.log,
}


class _Values:
    """A point on the way forward: the values so far."""

    def __init__(self, point: RandomPoint, values: dict[Key, Value]) -> None:
        self._point, self._values, self.letters = point, values, point.letters

    def quantity(self, kind: str, layer: int | None) -> Value:
        return self._values[kind, layer]

    def jacobian(self, of: Key, by: Key) -> Value:
        raise Misfit("a derivative in the forward pass")

    def length(self, size: str) -> int:
        return self._point.length(size)

    def activation(self, name: str, order: int) -> Callable[[Value], Value]:
        return self._point.traced(name, order)

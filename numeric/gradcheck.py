r"""The emitted gradients against differentiations that know nothing of them.

Three witnesses. First, the page's own definitions evaluated to 50 digits, and their differences along a random direction for
each parameter: (f(t) - f(-t)) / 2t with t = 1e-15 errs by t^2, far below what double precision shows. Then the automatic
differentiation of JAX and of PyTorch, where they are installed, of the emitted loss. All of it at random points, away from the
kinks of the formulas, which are named.

>>> from derive.network import network
>>> found = gradcheck(network(), libraries=())
>>> found.agrees, sorted(found.sizes.values())
(True, [])
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from derive.algebra.names import Name, Size
from derive.theory import Theory
from numeric.compiled import Compiled, compile, load  # noqa: A004
from numeric.exact import DIGITS, Exact, NoValue
from numeric.feed import shape
from numeric.identifiers import size_identifier
from numeric.program import Variable
from numeric.targets import write_traceable

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Progress = Callable[[int, int], None]

TOLERANCE = 1e-10
"""How far a derivative may be off, as a part of its size: what rounding leaves is a millionth of that."""

_FLOOR = 1e-4
"""The least size that errors are measured by, as a part of the loss and of the largest derivative: a derivative that is zero
comes out as what rounding leaves of these."""

LIBRARIES = ("jax", "torch")
EXACTLY = f"{DIGITS} digits"

_NEAR_A_KINK = 1e-3
_TRIES = 40
_OPEN_SIZES = (3, 2, 4, 5)
_EXAMPLES = 3
_MOST_NUMBERS = 200_000


class Unchecked(Exception):
    """A network whose gradients cannot be checked, with the reason."""


@dataclass(frozen=True)
class GradientCheck:
    """`errors` holds, for each parameter (by identifier) and each witness, the largest error as a part of the derivative's
    size, over all `points`. `kinks` says how near zero the argument of each step has come. `missing` are libraries that are
    not installed."""

    errors: Mapping[str, Mapping[str, float]]
    shapes: Mapping[str, tuple[int, ...]]
    names: Mapping[str, Name]
    theory: Theory
    sizes: Mapping[str, int]
    kinks: Mapping[str, float]
    missing: tuple[str, ...]
    points: int
    examples: int
    seed: int

    @property
    def agrees(self) -> bool:
        return all(error <= TOLERANCE for own in self.errors.values() for error in own.values())


def gradcheck(
    network: Theory | Compiled,
    *,
    points: int = 3,
    seed: int = 0,
    sizes: Mapping[str, int] | None = None,
    constants: Mapping[str, float] | None = None,
    libraries: Sequence[str] = LIBRARIES,
    progress: Progress | None = None,
) -> GradientCheck:
    """Check a network's gradients at random points.

    Args:
        sizes: numbers for open sizes, by name; the others are small and differ, so that a lost transpose is seen.
        constants: values of constants, by identifier; the others are drawn.
        libraries: which automatic differentiations are asked.

    Raises:
        Unchecked: the loss has no value at any point that was tried, or the network is too large for so many digits.
        NotLowerable: the theory cannot become code.
    """
    compiled = network if isinstance(network, Compiled) else compile(network)
    check = _Check(compiled, np.random.default_rng(seed), sizes or {}, constants or {})
    witnesses = {name: _automatic(compiled, name) for name in libraries if find_spec(name) is not None}
    parameters = compiled.program.parameters
    errors = {v.identifier: dict.fromkeys((EXACTLY, *witnesses), 0.0) for v in parameters}
    kinks: dict[str, float] = {}
    for number in range(points):
        point, near = check.point()
        kinks = {name: min(kinks.get(name, distance), distance) for name, distance in near.items()}
        found = compiled.module.gradients(point.parameters, *point.data, *point.constants)
        least = _FLOOR * max(point.loss, *(float(np.abs(slope).max()) for slope in found.values()))
        for place, v in enumerate(parameters):
            error = check.along(point, v, found[v.identifier], least)
            errors[v.identifier][EXACTLY] = _larger(errors[v.identifier][EXACTLY], error)
            if progress is not None:
                progress(number * len(parameters) + place + 1, points * len(parameters))
        for name, differentiate in witnesses.items():
            for identifier, theirs in differentiate(point).items():
                error = _relative(found[identifier], theirs, least)
                errors[identifier][name] = _larger(errors[identifier][name], error)
    return GradientCheck(
        errors,
        {v.identifier: shape(v, check.by_name) for v in parameters},
        {v.identifier: check.names[v] for v in parameters},
        compiled.theory,
        {size_identifier(size.name): count for size, count in check.sizes.items() if size is not check.batch},
        kinks,
        tuple(name for name in libraries if name not in witnesses),
        points,
        check.sizes.get(check.batch, 1) if check.batch is not None else 1,
        seed,
    )


def _larger(one: float, other: float) -> float:
    """The larger of two errors; one that is no number is the largest of all."""
    return other if np.isnan(other) or other > one else one


def _relative(own: Matrix, other: Matrix, least: float) -> float:
    size = max(float(np.abs(other).max()), least) or 1.0
    return float(np.abs(np.asarray(own) - other).max()) / size


@dataclass(frozen=True)
class _Point:
    parameters: Mapping[str, Matrix]
    data: tuple[Matrix, ...]
    constants: tuple[float | Matrix, ...]
    given: Mapping[Name, Matrix]
    loss: float


class _Check:
    """Points at which to look, and the derivatives there to 50 digits."""

    def __init__(
        self,
        compiled: Compiled,
        rng: np.random.Generator,
        sizes: Mapping[str, int],
        constants: Mapping[str, float],
    ) -> None:
        self.compiled, self.rng, self.constants = compiled, rng, constants
        program = compiled.program
        self.batch = program.batch
        known = [v.identifier for v in program.constants]
        for name in constants:
            if name not in known:
                there = f"there is {', '.join(sorted(known))}" if known else "it has no constant that is open"
                raise Unchecked(f"the network has no constant {name}: {there}")
        variables = (*program.parameters, *program.inputs, *program.targets, *program.constants)
        lengths = dict.fromkeys(n for v in variables for n in v.shape if n is not None and not n.value)
        for name in sizes:
            if name not in {size_identifier(length.name) for length in lengths}:
                raise Unchecked(f"the network has no size {name}")
        self.sizes: dict[Size, int] = {}
        for length in lengths:
            small = _OPEN_SIZES[len(self.sizes) % len(_OPEN_SIZES)]
            ordinary = _EXAMPLES if length is self.batch else small
            self.sizes[length] = sizes.get(size_identifier(length.name), ordinary)
        self.by_name = {length.name: count for length, count in self.sizes.items()}
        self.names = dict(program.names)
        if sum(int(np.prod(shape(v, self.by_name))) for v in program.parameters) > _MOST_NUMBERS:
            raise Unchecked(
                f"more than {_MOST_NUMBERS} parameters are too many for {DIGITS} digits: give smaller sizes"
            )

    def draw(self, v: Variable) -> Matrix:
        size = shape(v, self.by_name)
        match v:
            case _ if v in self.compiled.program.distributions:
                weights: Matrix = np.asarray(self.rng.uniform(0.05, 0.95, size))
                shares: Matrix = weights / weights.sum(
                    axis=1 if v.shape[0] is self.batch is not None else 0, keepdims=True
                )
                return shares
            case _ if v in self.compiled.program.targets:
                return self.rng.uniform(0.05, 0.95, size)
            case _ if v in self.compiled.program.constants:
                value = self.constants.get(v.identifier)
                return np.full(size, self.rng.uniform(0.1, 0.9) if value is None else value)
            case _:
                return self.rng.standard_normal(size)

    def point(self) -> tuple[_Point, Mapping[str, float]]:
        """A point where the loss has a value, away from kinks, and how near it is to each of them."""
        program = self.compiled.program
        reason = ""
        for _ in range(_TRIES):
            drawn = {
                v: self.draw(v) for v in (*program.parameters, *program.inputs, *program.targets, *program.constants)
            }
            given = {self.names[v]: value for v, value in drawn.items()}
            exact = Exact(self.compiled.theory, self.sizes, given)
            try:
                loss = abs(float(exact.loss()))
            except NoValue as error:
                reason = f"no value at random numbers: {error}"
                continue
            near = {name: float(distance) for name, distance in exact.kinks.items()}
            if min(near.values(), default=1.0) < _NEAR_A_KINK:
                reason = "every random point lies on a kink"
                continue
            constants = tuple(
                float(drawn[v].item()) if v.shape == (None, None) else drawn[v] for v in program.constants
            )
            data = tuple(drawn[v] for v in (*program.inputs, *program.targets))
            return _Point({v.identifier: drawn[v] for v in program.parameters}, data, constants, given, loss), near
        raise Unchecked(f"the loss cannot be looked at: {reason}")

    def along(self, point: _Point, v: Variable, slope: Matrix, least: float) -> float:
        """The error of a derivative along a random direction of its parameter, as a part of the size of its terms, which is at
        `least` that."""
        import mpmath as mp

        direction = np.asarray(self.rng.standard_normal(slope.shape))
        with mp.workdps(DIGITS):
            step = mp.mpf(10) ** -15
            sides = []
            for sign in (1, -1):
                moved = [
                    [mp.mpf(float(x)) + sign * step * mp.mpf(float(d)) for x, d in zip(*rows, strict=True)]
                    for rows in zip(point.parameters[v.identifier], direction, strict=True)
                ]
                given = {**point.given, self.names[v]: moved}
                sides.append(Exact(self.compiled.theory, self.sizes, given).loss())
            exact = (sides[0] - sides[1]) / (2 * step)
            terms = [mp.mpf(float(s)) * mp.mpf(float(d)) for s, d in zip(slope.ravel(), direction.ravel(), strict=True)]
            size = max(mp.fsum(abs(term) for term in terms), abs(exact), mp.mpf(least))
            return float(abs(mp.fsum(terms) - exact) / size) if size else 0.0


def _automatic(compiled: Compiled, library: str) -> Callable[[_Point], Mapping[str, Matrix]]:
    """The gradients of the emitted loss by a library's automatic differentiation."""
    module = load(write_traceable(compiled.program, library))
    return _by_jax(module) if library == "jax" else _by_torch(module)


def _by_jax(module: Any) -> Callable[[_Point], Mapping[str, Matrix]]:
    jax = importlib.import_module("jax")

    def differentiate(point: _Point) -> Mapping[str, Matrix]:
        before = jax.config.jax_enable_x64
        jax.config.update("jax_enable_x64", True)
        try:
            slopes = jax.grad(module.loss)(dict(point.parameters), *point.data, *point.constants)
            return {name: np.asarray(value) for name, value in slopes.items()}
        finally:
            jax.config.update("jax_enable_x64", before)

    return differentiate


def _by_torch(module: Any) -> Callable[[_Point], Mapping[str, Matrix]]:
    torch = importlib.import_module("torch")

    def differentiate(point: _Point) -> Mapping[str, Matrix]:
        parameters = {name: torch.tensor(value, requires_grad=True) for name, value in point.parameters.items()}
        constants = (torch.tensor(value) if isinstance(value, np.ndarray) else value for value in point.constants)
        module.loss(parameters, *map(torch.tensor, point.data), *constants).backward()
        return {name: value.grad.numpy() for name, value in parameters.items()}

    return differentiate

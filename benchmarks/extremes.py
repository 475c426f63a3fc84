"""Pre-activations up to 1e4, probabilities that are 0 and 1 in double precision: the emitted code beside mpmath at 50 digits.

    python benchmarks/extremes.py [--target numpy] [--target torch] ...

Losses and gradients have to be finite, without a warning, and equal to 1e-12: cross-entropies relative to themselves, squared
errors and gradients relative to the size of what is added up in them. (p - y is as good as p + y allows: with y = 1 and
p = 1 - 4e-18, which is 1 in double precision, it is 0, and 4e-18 is what nobody gets back. So is a (1 - a), beside a (1 + a).)
The network is written out here once more, over numbers that carry that size with them.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import mpmath as mp
import numpy as np

import numeric
from derive.network import network
from numeric.compiled import load

TOLERANCE = 1e-12
BIASES = (0.0, 1.0, 20.0, 36.0, 40.0, 100.0, 700.0, 740.0, 1e3, 1e4)
HIDDEN = ("sigmoid", "tanh", "relu", "softplus", "softmax", "identity")
HEADS = (
    ("sigmoid", "binary cross-entropy"),
    ("softmax", "categorical cross-entropy"),
    ("sigmoid", "categorical cross-entropy"),
    ("sigmoid", "squared error"),
    ("softmax", "squared error"),
    ("tanh", "squared error"),
    ("softplus", "squared error"),
    ("identity", "squared error"),
)
WIDTHS, EXAMPLES = (2, 3, 2), 3
Matrix = list[list["Sized"]]

ROUNDING = 4 * 2.0**-53 / TOLERANCE
"""A few units in the last place, as a part of the tolerance."""

SMALLEST = mp.mpf(2) ** -1022 / TOLERANCE * 1e6
"""Of numbers below this, what double precision loses to underflow, times what it is multiplied by, exceeds the tolerance."""


@dataclass(frozen=True)
class Sized:
    """A number, and the sum of the sizes of what was added up to make it."""

    value: Any
    size: Any

    def __add__(self, other: Sized) -> Sized:
        return Sized(self.value + other.value, self.size + other.size)

    def __sub__(self, other: Sized) -> Sized:
        return Sized(self.value - other.value, self.size + other.size)

    def __mul__(self, other: Sized) -> Sized:
        return Sized(self.value * other.value, self.size * other.size)


def exact(value: float) -> Sized:
    return of(mp.mpf(float(value)))


def of(value: Any) -> Sized:
    return Sized(value, abs(value))


ONE, ZERO = Sized(1, 1), Sized(0, 0)


def total(numbers: Iterator[Sized]) -> Sized:
    return sum(numbers, ZERO)


def product(left: Matrix, right: Matrix) -> Matrix:
    return [
        [total(a * b for a, b in zip(row, column, strict=True)) for column in zip(*right, strict=True)] for row in left
    ]


def activated(name: str, z: Matrix) -> Matrix:
    """The activation, with examples in columns. Its size has room for what rounding does to z itself."""
    if name == "softmax":
        columns = []
        for column in zip(*z, strict=True):
            exponentials = [mp.exp(each.value) for each in column]
            largest = max(each.size for each in column)
            p = [each / mp.fsum(exponentials) for each in exponentials]
            columns.append([Sized(each, each * (1 + (1 - each) * largest * ROUNDING)) for each in p])
        return [list(row) for row in zip(*columns, strict=True)]
    functions = {
        "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
        "tanh": mp.tanh,
        "relu": lambda x: max(x, mp.mpf(0)),
        "softplus": lambda x: mp.log1p(mp.exp(-abs(x))) + max(x, mp.mpf(0)),
        "identity": lambda x: x,
    }
    slopes = {
        "sigmoid": lambda a, _: a * (1 - a),
        "tanh": lambda a, _: 1 - a * a,
        "relu": lambda _, x: 1,
        "softplus": lambda _, x: functions["sigmoid"](x),
        "identity": lambda _, x: 1,
    }
    found = []
    for row in z:
        values = [(functions[name](each.value), each) for each in row]
        found.append([Sized(a, abs(a) + slopes[name](a, each.value) * each.size * ROUNDING) for a, each in values])
    return found


def backwards(name: str, a: Matrix, z: Matrix, slope: Matrix) -> Matrix:
    """The derivative by z from the derivative by a = f(z)."""
    if name == "softmax":
        whole = [
            total(p * s for p, s in zip(*pair, strict=True))
            for pair in zip(zip(*a, strict=True), zip(*slope, strict=True), strict=True)
        ]
        return [
            [p * (s - w) for p, s, w in zip(row, slopes, whole, strict=True)]
            for row, slopes in zip(a, slope, strict=True)
        ]
    factors = {
        "sigmoid": lambda a, _: a * (ONE - a),
        "tanh": lambda a, _: ONE - a * a,
        "relu": lambda _, z: ONE if z.value > 0 else ZERO,
        "softplus": lambda _, z: activated("sigmoid", [[z]])[0][0],
        "identity": lambda _a, _z: ONE,
    }
    return [[s * factors[name](x, y) for s, x, y in zip(*rows, strict=True)] for rows in zip(slope, a, z, strict=True)]


def last(output: str, loss: str, p: Matrix, z: Matrix, y: Matrix) -> tuple[Sized, Matrix]:
    """The loss, and its derivative by the last z."""
    pairs = [(a, b, c) for rows in zip(p, z, y, strict=True) for a, b, c in zip(*rows, strict=True)]
    difference = [[a - b for a, b in zip(*rows, strict=True)] for rows in zip(p, y, strict=True)]
    if loss == "squared error":
        squares = total((a - c) * (a - c) for a, _, c in pairs)
        return squares * of(mp.mpf(1) / 2), backwards(output, p, z, difference)
    log, log_of_rest = (lambda x: -mp.log1p(mp.exp(-x))), (lambda x: -mp.log1p(mp.exp(x)))
    if loss == "binary cross-entropy":
        value = -mp.fsum(c.value * log(b.value) + (1 - c.value) * log_of_rest(b.value) for _, b, c in pairs)
        return of(value), difference
    if output == "sigmoid":
        slopes = [[b * a - b for a, b in zip(*rows, strict=True)] for rows in zip(p, y, strict=True)]
        return of(-mp.fsum(c.value * log(b.value) for _, b, c in pairs)), slopes
    # -log p_j as log(1 + sum over the others of exp(z_k - z_j)): where p_j is nearly 1, 50 digits of it are not enough
    value = mp.fsum(
        wanted.value * mp.log1p(mp.fsum(mp.exp(other.value - own.value) for other in column if other is not own))
        for column, targets in zip(zip(*z, strict=True), zip(*y, strict=True), strict=True)
        for own, wanted in zip(column, targets, strict=True)
    )
    sums = [total(iter(column)) for column in zip(*y, strict=True)]
    return of(value), [[a * s - b for a, b, s in zip(*rows, sums, strict=True)] for rows in zip(p, y, strict=True)]


def reference(
    parameters: Mapping[str, Any], X: Any, y: Any, hidden: str, output: str, loss: str
) -> tuple[Sized, dict[str, Matrix]]:
    """Loss and gradients to 50 digits."""
    given: dict[str, Matrix] = {
        name: [[exact(each) for each in row] for row in value] for name, value in parameters.items()
    }
    x, targets = ([[exact(each) for each in row] for row in value] for value in (X, y))
    z1 = [[a + b[0] for a in row] for row, b in zip(product(given["W1"], x), given["b1"], strict=True)]
    a1 = activated(hidden, z1)
    z2 = [[a + b[0] for a in row] for row, b in zip(product(given["W2"], a1), given["b2"], strict=True)]
    value, d2 = last(output, loss, activated(output, z2), z2, targets)
    transposed = [list(column) for column in zip(*given["W2"], strict=True)]
    d1 = backwards(hidden, a1, z1, product(transposed, d2))
    found = {
        "W1": product(d1, [list(c) for c in zip(*x, strict=True)]),
        "b1": [[total(iter(row))] for row in d1],
        "W2": product(d2, [list(c) for c in zip(*a1, strict=True)]),
        "b2": [[total(iter(row))] for row in d2],
    }
    return value, found


@cache
def module_of(hidden: str, output: str, loss: str, target: str) -> ModuleType:
    own = numeric.compile(network(WIDTHS, (hidden, output), loss, "m"))
    return load(own.emit(target))


def examples(first: float, second: float, certain: bool) -> tuple[dict[str, Any], Any, Any]:
    """Parameters whose biases are that large, of either sign, and targets: any, or 0 and 1."""
    rng = np.random.default_rng(int(first) * 31 + int(second))
    signs = np.array([[1.0], [-1.0], [0.5]])
    parameters = {
        "W1": rng.standard_normal((3, 2)),
        "b1": first * signs,
        "W2": rng.standard_normal((2, 3)),
        "b2": second * signs[:2],
    }
    y = rng.uniform(0.05, 0.95, (2, EXAMPLES))
    return parameters, rng.standard_normal((2, EXAMPLES)), np.round(y) if certain else y


def errors(
    hidden: str, output: str, loss: str, first: float, second: float, certain: bool, target: str
) -> tuple[float, float]:
    """The error of the loss, and the largest of a gradient; a warning is an error, and what is not finite is infinitely off."""
    parameters, X, y = examples(first, second, certain)
    module = module_of(hidden, output, loss, target)
    arrays: Any = (parameters, X, y)
    if target == "torch":
        import torch

        arrays = ({name: torch.tensor(value) for name, value in parameters.items()}, torch.tensor(X), torch.tensor(y))
    with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("error")
        value = float(module.loss(*arrays))
        slopes = {name: np.asarray(slope) for name, slope in module.gradients(*arrays).items()}
    if not np.isfinite(value) or not all(np.isfinite(slope).all() for slope in slopes.values()):
        return float("inf"), float("inf")
    with mp.workdps(50):
        expected, gradients = reference(parameters, X, y, hidden, output, loss)
        of_loss = abs(mp.mpf(value) - expected.value) / max(expected.size, SMALLEST)
        of_gradients = max(
            abs(mp.mpf(float(slopes[name][place])) - sized.value) / max(sized.size, SMALLEST)
            for name, matrix in gradients.items()
            for place, sized in ((at, matrix[at[0]][at[1]]) for at in np.ndindex(slopes[name].shape))
        )
    return float(of_loss), float(of_gradients)


def cases() -> Iterator[tuple[str, str, str, float, float, bool]]:
    for hidden, (output, loss), first, second, certain in itertools.product(
        HIDDEN, HEADS, BIASES, BIASES, (False, True)
    ):
        yield hidden, output, loss, first, second, certain


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", action="append", choices=["numpy", "jax", "torch", "numba"])
    arguments = parser.parse_args()
    fine = True
    for target in arguments.target or ["numpy"]:
        if find_spec(target) is None:
            print(f"{target} is not installed")
            fine = False
            continue
        if target == "jax":
            import jax

            jax.config.update("jax_enable_x64", True)
        worst: dict[str, tuple[float, float]] = {}
        count = 0
        for case in cases():
            output, loss = case[1:3]
            of_loss, of_gradients = errors(*case, target)
            before = worst.get(f"{output}, {loss}", (0.0, 0.0))
            worst[f"{output}, {loss}"] = (max(before[0], of_loss), max(before[1], of_gradients))
            count += 1
        for head, (of_loss, of_gradients) in worst.items():
            print(f"{target}: {head:36} loss {of_loss:.1e}, gradients {of_gradients:.1e}")
            fine &= max(of_loss, of_gradients) <= TOLERANCE
        print(f"{target}: {count} networks, no warning (targets {TOLERANCE:.0e})")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

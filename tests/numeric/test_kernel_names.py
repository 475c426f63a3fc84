"""What a fused kernel calls its own never meets a name of the page."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

import numeric
from benchmarks.gradient_cases import interpreted
from derive.algebra.arrays import Array, apply, array, entrywise, plus, scale
from derive.algebra.names import Name
from derive.algebra.terms import neg, power
from derive.theory import Definition, Role, Symbol, Theory
from numeric.scalars import LOCALS


def theory(**letters: str) -> Theory:
    """L = c (tanh(w x + b) - y)^2, in whatever letters."""
    names = {plain: Name(letters.get(plain, plain)) for plain in "xywbc"}
    roles: dict[str, Role] = {"x": "input", "y": "target", "w": "parameter", "b": "parameter", "c": "constant"}
    symbols = {names[plain]: Symbol(names[plain], (), role) for plain, role in roles.items()}
    x, y, w, b, c = (array(name, ()) for name in names.values())
    definitions: dict[Name, Definition] = {}

    def define(base: str, value: Array) -> Array:
        name = Name(base)
        definitions[name] = Definition(name, value, len(definitions) + 1)
        symbols[name] = Symbol(name, (), "value")
        return array(name, ())

    a = define("a", apply("tanh", define("z", plus(scale(w, x), b))))
    define("L", scale(c, entrywise(lambda term: power(term, 2), plus(a, entrywise(neg, y)))))
    return Theory(symbols, definitions, {}, Name("L"), title="names")


def check(letters: dict[str, str]) -> None:
    kernel = interpreted(numeric.compile(theory(**letters)).emit("numba"))
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((1, 19)), rng.standard_normal((1, 19))
    parameters = {letters.get(plain, plain): rng.standard_normal((1, 1)) for plain in "wb"}
    w, b = (value.item() for value in parameters.values())
    c, rate = 0.3, 0.01

    def slopes(w: float, b: float) -> tuple[float, float]:
        a = np.tanh(w * X + b)
        dz = 2 * c * (a - Y) * (1 - a * a)
        return float(np.sum(dz * X)), float(np.sum(dz))

    found = [float(value.item()) for value in kernel.gradients(parameters, X, Y, c).values()]
    assert found == pytest.approx(slopes(w, b))
    assert kernel.loss(parameters, X, Y, c) == pytest.approx(c * np.sum((np.tanh(w * X + b) - Y) ** 2))
    for few in (19, 5):  # more examples than lanes, and fewer
        stack = {name: np.stack([value, -value]) for name, value in parameters.items()}
        X, Y = X[:, :few], Y[:, :few]
        kernel.train_starts(stack, X, Y, rate, 1, c)
        for sign, *after in zip((1, -1), *stack.values(), strict=True):
            before = np.array([sign * w, sign * b])
            expected = before - rate * np.array(slopes(*before))
            np.testing.assert_allclose([value.item() for value in after], expected)
    kernel.step(parameters, X, Y, rate, c)
    expected = np.array([w, b]) - rate * np.array(slopes(w, b))
    np.testing.assert_allclose([value.item() for value in parameters.values()], expected)


@pytest.mark.parametrize("name", sorted(LOCALS))
def test_names_of_the_kernel_are_free(name: str) -> None:
    for plain in "xywbc":
        check({plain: name})


def test_two_names_that_move_stay_two() -> None:
    check({"c": "n", "x": "n_2", "b": "n_3"})
    check({"c": "m", "b": "m_2", "y": "m_3"})


def test_all_names_of_the_kernel_are_known() -> None:
    """Whatever a function of the kernel names, apart from the network's own numbers, is reserved."""
    tree = ast.parse(numeric.compile(theory()).emit("numba"))
    own: set[str] = set()
    public = {"init", "forward", "loss"}
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name not in public):
        if function.name in ("_exp", "_sigmoid", "_tanh"):
            continue
        nodes: list[Any] = list(ast.walk(function))
        own |= {node.id for node in nodes if isinstance(node, ast.Name)} | {
            node.arg for node in nodes if isinstance(node, ast.arg)
        }
        own.add(function.name)
    own -= set(dir(__builtins__)) | set(__builtins__ if isinstance(__builtins__, dict) else ())
    network = {
        name for name in own if name.split("_")[0] in ("x", "y", "w", "b", "c", "z", "a", "dz", "dw", "db", "part")
    }
    reserved = LOCALS | {"parameters", "rate", "np", "numba", "step", "gradients"}
    assert {name for name in own - network - reserved if not name.startswith("_")} == set()

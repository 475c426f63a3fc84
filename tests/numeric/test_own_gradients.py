"""Every derivative is an array of its own, of its parameter's shape and type, whatever its formula is."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import numeric
from derive.check import read_text, theory_of
from numeric.compiled import load
from numeric.data import Examples
from numeric.train import train

HEAD = r"""
The input is $x \in \mathbb{R}^{2}$, the target $y \in \mathbb{R}^{3}$. The parameters are the weights
$W \in \mathbb{R}^{3 \times 2}$, the biases $c \in \mathbb{R}^3$ and $d \in \mathbb{R}^3$ and the weight $s \in \mathbb{R}$.

"""

PAGES: dict[str, tuple[str, Callable[..., Any]]] = {
    "two biases": (
        r"""
$$z = W x + c + d$$

$$a = \tanh(z)$$

$$L = \frac12 \lVert a - y \rVert^2$$
""",
        lambda x, y, W, c, d: np.sum((np.tanh(W @ x + c + d) - y) ** 2) / 2,
    ),
    "a scalar in a layer": (
        r"""
$$z = s W x + c + s d$$

$$a = \tanh(z)$$

$$L = \frac12 \lVert a - y \rVert^2$$
""",
        lambda x, y, W, c, d, s: np.sum((np.tanh(s * (W @ x) + c + s * d) - y) ** 2) / 2,
    ),
    "numbers": (
        r"""
$$z = W x + c$$

$$L = \sum_i z_i + s + \frac13 \sum_i d_i$$
""",
        lambda x, y, W, c, d, s: np.sum(W @ x + c) + (s.item() + np.sum(d) / 3) * x.shape[1],
    ),
}


def compiled(page: str) -> numeric.Compiled:
    """A page's network, with all of these letters as parameters."""
    theory = theory_of(read_text(HEAD + page))
    symbols = {
        name: replace(symbol, role="parameter") if repr(name) in ("W", "c", "d", "s") else symbol
        for name, symbol in theory.symbols.items()
    }
    return numeric.compile(replace(theory, symbols=symbols))


def draw(own: numeric.Compiled, dtype: str) -> tuple[dict[str, Any], list[Any]]:
    rng = np.random.default_rng(2)
    parameters = {name: rng.standard_normal(value.shape).astype(dtype) for name, value in own.init().items()}
    x, y = rng.standard_normal((2, 5)).astype(dtype), rng.standard_normal((3, 5)).astype(dtype)
    return parameters, [x, y] if own.program.targets else [x]


def differences(whole: Callable[..., Any], parameters: dict[str, Any], x: Any, y: Any) -> dict[str, Any]:
    parameters = {name: value.astype("float64") for name, value in parameters.items()}
    h, found = 1e-5, {}
    for name, value in parameters.items():
        slope = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = value.copy()
                moved[at] += sign * h
                ends.append(float(whole(x, y, **parameters | {name: moved})))
            slope[at] = (ends[0] - ends[1]) / (2 * h)
        found[name] = slope
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", ["numpy", "jax", "torch"])
@pytest.mark.parametrize("name", list(PAGES))
def test_shapes_types_and_values(name: str, target: str, dtype: str) -> None:
    if find_spec(target) is None:
        pytest.skip(f"{target} is not installed")
    page, whole = PAGES[name]
    own = compiled(page)
    parameters, data = draw(own, dtype)
    expected = differences(whole, parameters, data[0], data[-1])
    module = load(own.emit(target))
    given: Any = parameters
    if target == "torch":
        torch = importlib.import_module("torch")
        given, data = (
            {key: torch.tensor(value) for key, value in parameters.items()},
            [torch.tensor(each) for each in data],
        )
    found = module.gradients(given, *data)
    for key, slope in expected.items():
        assert tuple(found[key].shape) == parameters[key].shape
        np.testing.assert_allclose(np.asarray(found[key]), slope, rtol=1e-3, atol=1e-4)
        if target != "jax":
            assert str(found[key].dtype).removeprefix("torch.") == dtype
    if target != "jax":
        pairs = [np.asarray(value) for value in (*found.values(), *data, *given.values())]
        for number, one in enumerate(pairs):
            assert not any(np.shares_memory(one, other) for other in pairs[number + 1 :])
    before = {key: value.copy() for key, value in parameters.items()}
    stepped = module.step(given, *data, 0.1) or given
    for key, slope in expected.items():
        np.testing.assert_allclose(np.asarray(stepped[key]), before[key] - 0.1 * slope, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_two_parameters_with_one_gradient_both_learn(optimizer: str) -> None:
    own = compiled(PAGES["two biases"][0])
    rng = np.random.default_rng(0)
    data = Examples("some", rng.standard_normal((2, 6)), rng.uniform(-0.5, 0.5, (3, 6)))
    before, run = own.init(3), train(own, data, epochs=20, rate=0.01, seed=3, optimizer=optimizer)
    moved = {name: run.parameters[name] - before[name] for name in "cd"}
    np.testing.assert_allclose(moved["c"], moved["d"], rtol=1e-12)

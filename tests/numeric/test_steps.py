"""Steps, which are one or zero, are numbers wherever they are added up, subtracted, scaled or meet labels."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import numeric
from benchmarks.gradient_cases import interpreted
from derive.check import read_text, theory_of
from numeric.compiled import load

PAGE = r"""
$$x \in \mathbb{R}^{2}, \quad y \in \mathbb{R}, \quad w \in \mathbb{R}^{2}, \quad b \in \mathbb{R}$$

$$z = w^T x + b$$

$$LOSS$$
"""

LOSSES: list[tuple[str, Callable[[Any, Any], Any]]] = [
    (r"L = \max(0, y - z) + \max(0, 2 y - z)", lambda z, y: np.maximum(0, y - z) + np.maximum(0, 2 * y - z)),
    (r"L = |z - y|", lambda z, y: np.abs(z - y)),
    (r"L = \frac12 \max(0, z) + y", lambda z, y: np.maximum(0, z) / 2 + y),
    (r"L = \frac13 \max(0, 1 - y z)", lambda z, y: np.maximum(0, 1 - y * z) / 3),
    (r"L = y \max(0, z) (1 - y) ", lambda z, y: y * np.maximum(0, z) * (1 - y)),
]


def given() -> tuple[dict[str, Any], Any, Any]:
    rng = np.random.default_rng(4)
    return (
        {"w": rng.standard_normal((2, 1)), "b": np.array([[0.3]])},
        rng.standard_normal((2, 7)),
        rng.integers(0, 3, (1, 7)),
    )


def differences(loss: Callable[[Any, Any], Any], parameters: dict[str, Any], x: Any, y: Any) -> dict[str, Any]:
    def whole(w: Any, b: Any) -> float:
        return float(np.sum(loss(w.T @ x + b, y)))

    h, found = 1e-6, {}
    for name, value in parameters.items():
        slope = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            moved = [value.copy(), value.copy()]
            moved[0][at] += h
            moved[1][at] -= h
            slope[at] = (whole(**parameters | {name: moved[0]}) - whole(**parameters | {name: moved[1]})) / (2 * h)
        found[name] = slope
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", ["numpy", "jax", "torch", "numba"])
@pytest.mark.parametrize(("text", "loss"), LOSSES, ids=[text for text, _ in LOSSES])
def test_steps_are_numbers(text: str, loss: Callable[[Any, Any], Any], target: str, dtype: str) -> None:
    if target in ("jax", "torch") and find_spec(target) is None:
        pytest.skip(f"{target} is not installed")
    own = numeric.compile(theory_of(read_text(PAGE.replace("LOSS", text))))
    parameters, x, y = given()
    expected = differences(loss, parameters, x, y)
    source = own.emit(target)
    module = interpreted(source) if target == "numba" else load(source)
    parameters = {name: value.astype(dtype) for name, value in parameters.items()}
    data = [x.astype(dtype), y]
    if target == "torch":
        torch = importlib.import_module("torch")
        parameters, data = {name: torch.tensor(v) for name, v in parameters.items()}, [torch.tensor(d) for d in data]
    found = module.gradients(parameters, *data)
    before = {name: np.asarray(value).copy() for name, value in parameters.items()}
    stepped = module.step(parameters, *data, 0.5) or parameters
    tolerance = 1e-6 if dtype == "float64" and target != "jax" else 1e-4
    for name, slope in expected.items():
        np.testing.assert_allclose(np.asarray(found[name]), slope, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(
            np.asarray(stepped[name]), before[name] - 0.5 * slope, rtol=tolerance, atol=tolerance
        )


def test_a_scaled_step_keeps_single_precision() -> None:
    own = numeric.compile(theory_of(read_text(PAGE.replace("LOSS", r"L = \frac12 \max(0, z) + y"))))
    parameters, x, y = given()
    found = own.gradients({k: v.astype("float32") for k, v in parameters.items()}, x.astype("float32"), y)
    assert {value.dtype for value in found.values()} == {np.dtype("float32")}

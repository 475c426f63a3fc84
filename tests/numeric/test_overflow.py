"""Exponentials that a page writes out neither overflow in the loss nor in its derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import numeric
from derive.check import read_text, theory_of

HEAD = r"""
The input is $x \in \mathbb{R}^{2}$, the target $y \in \mathbb{R}^{3}$, the weights $W \in \mathbb{R}^{3 \times 2}$.

$$z = W x$$
"""


def sigmoid(z: Any) -> Any:
    return np.exp(-np.logaddexp(0, -z))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def through_softmax(p: Any, slope: Any) -> Any:
    return p * (slope - np.sum(p * slope, axis=0))


def log_sum(z: Any) -> Any:
    return z.max(axis=0) + np.log(np.exp(z - z.max(axis=0)).sum(axis=0))


def log_sigmoid(z: Any) -> Any:
    return -np.logaddexp(0, -z)


PAGES: dict[str, tuple[str, Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "log-sum-exp": (
        r"$$L = \log \sum_{i=1}^3 e^{z_i} - \sum_{i=1}^3 y_i z_i$$",
        lambda z, y: np.sum(log_sum(z) - np.sum(y * z, axis=0)),
        lambda z, y: softmax(z) - y,
    ),
    "softmax with squared error": (
        r"$$p_j = \frac{e^{z_j}}{\sum_k e^{z_k}}$$" "\n\n" r"$$L = \frac12 \lVert p - y \rVert^2$$",
        lambda z, y: np.sum((softmax(z) - y) ** 2) / 2,
        lambda z, y: through_softmax(softmax(z), softmax(z) - y),
    ),
    "softplus": (
        r"$$s = \log(1 + e^{z})$$" "\n\n" r"$$L = \frac12 \lVert s - y \rVert^2$$",
        lambda z, y: np.sum((np.logaddexp(0, z) - y) ** 2) / 2,
        lambda z, y: (np.logaddexp(0, z) - y) * sigmoid(z),
    ),
    "softplus in the loss": (
        r"$$L = \sum_i \log(1 + e^{z_i}) - \sum_i y_i z_i$$",
        lambda z, y: np.sum(np.logaddexp(0, z) - y * z),
        lambda z, y: sigmoid(z) - y,
    ),
    "the other sigmoid": (
        r"$$a = \frac{e^{z}}{1 + e^{z}}$$" "\n\n" r"$$L = \frac12 \lVert a - y \rVert^2$$",
        lambda z, y: np.sum((sigmoid(z) - y) ** 2) / 2,
        lambda z, y: (sigmoid(z) - y) * sigmoid(z) * sigmoid(-z),
    ),
    "entropy": (
        r"$$p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$$"
        "\n\n"
        r"$$L = \sum_{i=1}^3 p_i \log p_i - \sum_{i=1}^3 y_i \log p_i$$",
        lambda z, y: np.sum((softmax(z) - y) * (z - log_sum(z))),
        lambda z, y: through_softmax(softmax(z), z - log_sum(z)) + softmax(z) - y,
    ),
    "a positive factor in a logarithm": (
        r"$$a = \frac{1}{1 + e^{-z}}$$" "\n\n" r"$$L = - \sum_i \log(y_i a_i)$$",
        lambda z, y: -np.sum(np.log(y) + log_sigmoid(z)),
        lambda z, y: sigmoid(z) - 1,
    ),
}


@pytest.mark.parametrize("size", [1.0, 40.0, 800.0, 1e4])
@pytest.mark.parametrize("name", list(PAGES))
def test_large_numbers(name: str, size: float) -> None:
    page, whole, slope = PAGES[name]
    own = numeric.compile(theory_of(read_text(HEAD + "\n" + page)))
    rng = np.random.default_rng(3)
    W, x, y = size * rng.standard_normal((3, 2)), rng.standard_normal((2, 5)), rng.uniform(0.1, 0.9, (3, 5))
    y /= y.sum(axis=0)
    parameters = {"W": W.copy()}
    assert own.loss(parameters, x, y) == pytest.approx(whole(W @ x, y), rel=1e-9)
    expected = slope(W @ x, y) @ x.T
    np.testing.assert_allclose(own.gradients(parameters, x, y)["W"], expected, rtol=1e-8, atol=1e-10)
    own.step(parameters, x, y, 0.1)
    np.testing.assert_allclose(parameters["W"], W - 0.1 * expected, rtol=1e-8, atol=1e-10)

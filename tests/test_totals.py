"""Derivatives of totals in terms of those of their parts, and copies of a network for many inputs, beside differences by NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from derive.algebra.names import Name, fresh
from derive.algebra.terms import Entry
from derive.calculus.chain import through_parts
from derive.check import _placed, _trees, read_text
from derive.proof.arithmetic import Floats
from derive.proof.evaluate import Evaluation, Point
from derive.proof.page import judge_page
from derive.theory import Theory

PAGE = r"""
# Model

Let $W \in \mathbb{R}^{k \times d}$. For $x \in \mathbb{R}^d$ let

$$z = W x, \qquad f(x) = \tanh(z)$$

and for pairs $(x_n, t_n)$ with $x_n \in \mathbb{R}^d$ and $t_n \in \mathbb{R}^k$

$$J_n = \frac{1}{2} \| f(x_n) - t_n \|^2$$

$$J(W) = \frac{1}{N} \sum_{n=1}^N J_n + \frac{\mu}{2} \sum_{i=1}^k \sum_{j=1}^d W_{ij}^2$$
"""


def theory_of(text: str) -> Theory:
    document = read_text(text)
    trees, _ = _trees(document)
    return judge_page(_placed(document, trees), suggest=False).understanding.theory


def cost(weights: np.ndarray, inputs: np.ndarray, targets: np.ndarray, decay: float) -> float:
    errors = np.tanh(inputs @ weights.T) - targets
    return float(np.mean(np.sum(errors**2, axis=1)) / 2 + decay / 2 * np.sum(weights**2))


def slope(function: Callable[[np.ndarray], float], at: np.ndarray, i: int, j: int) -> float:
    step = np.zeros_like(at)
    step[i, j] = 1e-6
    return (function(at + step) - function(at - step)) / 2e-6


@pytest.mark.parametrize("seed", range(3))
def test_the_derivative_of_a_total_is_that_of_its_parts(seed: int) -> None:
    theory = theory_of(PAGE)
    loss, weights = Name("J"), Name("W")
    symbol = theory.symbol(weights)
    assert symbol is not None
    variable = Entry(weights, tuple(fresh(size) for size in symbol.shape))
    found = through_parts(theory, Entry(loss), variable)
    assert found is not None
    evaluation = Evaluation(Point(theory, seed), Floats())
    rows, columns = (evaluation.point.length(index.size) for index in variable.indices)
    values = {
        (i, j): evaluation.value(found, {variable.indices[0]: i, variable.indices[1]: j})
        for i in range(rows)
        for j in range(columns)
    }
    arrays = {}
    for name in {name for name, _ in evaluation.point.inputs}:
        places = {at: float(value) for (own, at), value in evaluation.point.inputs.items() if own is name}
        shape = [max(axis) + 1 for axis in zip(*places, strict=True)]
        arrays[name.base] = np.array([places[at] for at in np.ndindex(*shape)]).reshape(shape)
    inputs, targets = (array for base, array in sorted(arrays.items()) if base not in ("W", r"\mu"))
    if inputs.shape[1] != columns:
        inputs, targets = targets, inputs

    def total(at: np.ndarray) -> float:
        return cost(at, inputs, targets, float(arrays[r"\mu"]))

    for (i, j), value in values.items():
        assert value == pytest.approx(slope(total, arrays["W"], i, j), rel=1e-6)

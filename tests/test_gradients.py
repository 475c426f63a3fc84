"""Every gradient against an independent differentiation: JAX over a network written by hand, and differences."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

import numeric
from benchmarks.gradient_cases import HIDDEN, LOSSES, OUTPUTS, agree, cases, compiled, data, reference, well_conditioned
from derive.algebra.names import Name
from derive.network import network

jax = pytest.importorskip("jax", reason="the independent differentiation is JAX: install the test extra")


@pytest.fixture(autouse=True, scope="module")
def double_precision() -> None:
    jax.config.update("jax_enable_x64", True)


@pytest.mark.timeout(240)  # every new shape is compiled by JAX
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_every_gradient_agrees_with_automatic_differentiation(case: dict[str, Any]) -> None:
    own = compiled(case, batch=False)
    parameters, X, y = data(case)
    assume(well_conditioned(case, own, parameters, X))
    mean = case["reduction"] == "mean" and case["examples"] is not None
    with jax.disable_jit():
        value, slopes = jax.value_and_grad(reference)(
            parameters, X, y, case["activations"], case["loss"], case["layout"] == "rows", mean
        )
    assert own.loss(parameters, X, y) == pytest.approx(float(value), rel=1e-10, abs=1e-10)
    found = own.gradients(parameters, X, y)
    assert found.keys() == parameters.keys()
    largest = max(float(np.abs(slope).max()) for slope in slopes.values())
    for name in parameters:
        agree(found[name], slopes[name], largest)


@pytest.mark.parametrize("layout", ["columns", "rows"])
@pytest.mark.parametrize("loss", LOSSES)
def test_one_example_made_many_is_the_batch(layout: Literal["columns", "rows"], loss: str) -> None:
    """The loss of one example, summed over examples by `batched`, has the gradients of the network written for a
    batch.
    """
    case = {"sizes": (3, 4, 2), "layout": layout, "examples": 5, "seed": 3}
    parameters, X, y = data(case)
    output = OUTPUTS[loss][0]
    single = numeric.compile(network((3, 4, 2), "tanh", loss, None, layout, output_activation=output))
    batch = numeric.compile(network((3, 4, 2), "tanh", loss, "m", layout, output_activation=output))
    assert single.loss(parameters, X, y) == pytest.approx(batch.loss(parameters, X, y), rel=1e-14)
    for name, slope in batch.gradients(parameters, X, y).items():
        np.testing.assert_allclose(single.gradients(parameters, X, y)[name], slope, rtol=1e-13)


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_agree_with_differences(name: str, loss: str) -> None:
    """Central differences of fourth order along one random direction, which test every entry at once."""
    theory = network((3, 4, 3), name, loss, "m", output_activation=OUTPUTS[loss][0])
    own = numeric.compile(theory)
    parameters, X, y = data({"sizes": (3, 4, 3), "layout": "columns", "examples": 4, "seed": 11})
    rng = np.random.default_rng(5)
    direction = {key: rng.standard_normal(value.shape) for key, value in parameters.items()}

    def along(t: float) -> float:
        return own.loss({key: value + t * direction[key] for key, value in parameters.items()}, X, y)

    h = 1e-3
    slope = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
    exact = sum(float(np.sum(own.gradients(parameters, X, y)[key] * direction[key])) for key in parameters)
    assert exact == pytest.approx(slope, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("size", [1e2, 1e3, 1e4])
@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("loss", LOSSES)
def test_large_pre_activations_overflow_nowhere(name: str, loss: str, size: float) -> None:
    """Warnings are errors here, so an overflow or a division by zero fails by itself."""
    for output in OUTPUTS[loss]:
        if (loss, output) in {("binary cross-entropy", "softmax"), ("categorical cross-entropy", "softplus")}:
            continue  # infinite in exact arithmetic's nearest floating-point numbers: log(1 - p) at p = 1, log 0
        own = numeric.compile(network((2, 3, 2), (name, output), loss, "m"))
        parameters, X, y = data({"sizes": (2, 3, 2), "layout": "columns", "examples": 4, "seed": 1})
        parameters["b1"] = size * np.array([[1.0], [-1.0], [0.5]])
        parameters["b2"] = size * np.array([[1.0], [-1.0]])
        assert math.isfinite(own.loss(parameters, X, y))
        for slope in own.gradients(parameters, X, y).values():
            assert np.isfinite(slope).all()


@pytest.mark.parametrize("size", [1.0, 30.0, 1e4])
def test_extreme_losses_are_what_they_should_be(size: float) -> None:
    """-log sigmoid(-z) is z + log(1 + exp(-z)) for targets of zero, and -log softmax is a difference of
    pre-activations.
    """
    X, W = np.array([[size]]), np.ones((1, 1))
    binary = numeric.compile(network((1, 1), "sigmoid", "binary cross-entropy", "m"))
    found = binary.loss({"W1": W, "b1": np.zeros((1, 1))}, X, np.zeros((1, 1)))
    assert found == pytest.approx(size + math.log1p(math.exp(-size)), rel=1e-14)
    many = numeric.compile(network((1, 2), "softmax", "categorical cross-entropy", "m"))
    parameters = {"W1": np.array([[1.0], [0.0]]), "b1": np.zeros((2, 1))}
    found = many.loss(parameters, X, np.array([[0.0], [1.0]]))
    assert found == pytest.approx(size + math.log1p(math.exp(-size)), rel=1e-14)


def test_cross_entropy_with_its_own_activation_is_a_difference() -> None:
    """p - y, found by cancelling the quotient against the slope of the activation, whatever the loss is called."""
    for output, loss in (("sigmoid", "binary cross-entropy"), ("softmax", "categorical cross-entropy")):
        theory = network((2, 3, 2), "tanh", loss, "m", output_activation=output)
        source = numeric.compile(theory, distributions=[Name("y")]).source
        assert "# dz2 = a2 - y, in the place of a2\n" in source
        assert "/ a2" not in source
    assert "dz2 = a2 * np.add.reduce(y" in numeric.compile(theory).source  # targets need not sum to one


def test_slopes_reuse_the_activations() -> None:
    source = numeric.compile(network((2, 3, 2), ("sigmoid", "tanh"))).source
    gradients = source.partition("def gradients")[2].partition("def step")[0]
    assert "a1 * (1.0 - a1)" in gradients
    assert "1.0 - np.square(a2)" in gradients
    assert gradients.count("sigmoid(") == 1  # in the forward pass
    assert gradients.count("tanh(") == 1

"""Networks drawn at random, with data and parameters, and the same networks written by hand in JAX."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import numpy as np

import numeric
from derive.network import network
from numeric.compiled import load

Parameters = dict[str, Any]
Case = dict[str, Any]
LOSSES = ("squared error", "binary cross-entropy", "categorical cross-entropy")
HIDDEN = ("sigmoid", "tanh", "relu", "softplus", "identity", "softmax")
# Outputs that a loss is defined for: a logarithm needs probabilities.
OUTPUTS = {
    "squared error": HIDDEN,
    "binary cross-entropy": ("sigmoid", "softmax"),
    "categorical cross-entropy": ("sigmoid", "softmax", "softplus"),
}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    depth = draw(st.integers(1, 6))
    loss = draw(st.sampled_from(LOSSES))
    return {
        "sizes": tuple(draw(st.lists(st.integers(1, 5), min_size=depth + 1, max_size=depth + 1))),
        "activations": (
            *(draw(st.sampled_from(HIDDEN)) for _ in range(depth - 1)),
            draw(st.sampled_from(OUTPUTS[loss])),
        ),
        "loss": loss,
        "examples": draw(st.one_of(st.none(), st.integers(1, 6))),
        "named": draw(st.booleans()),
        "layout": draw(st.sampled_from(("columns", "rows"))),
        "reduction": draw(st.sampled_from(("sum", "mean"))),
        "seed": draw(st.integers(0, 2**20)),
    }


def compiled(case: Case, batch: bool) -> numeric.Compiled:
    examples = case["examples"]
    named = {length: f"n{length}" for length in case["sizes"]} if case["named"] else {}
    theory = network(
        [named.get(length, length) for length in case["sizes"]],
        case["activations"],
        case["loss"],
        None if examples is None else ("m" if case["named"] else examples),
        case["layout"],
        reduction=case["reduction"],
    )
    return numeric.compile(theory, batch=batch)


def sizes(case: Case) -> dict[str, int]:
    """Numbers for the sizes that the network of a case leaves open."""
    parameters = [length for length in case["sizes"] if case["named"]]
    return {f"n{length}": length for length in parameters}


def data(case: Case) -> tuple[Parameters, Any, Any]:
    rng = np.random.default_rng(case["seed"])
    sizes, rows = case["sizes"], case["layout"] == "rows"
    examples = case["examples"] or 1
    parameters: Parameters = {}
    for number, (before, after) in enumerate(pairwise(sizes), start=1):
        W, b = rng.standard_normal((after, before)), rng.standard_normal((after, 1))
        parameters[f"W{number}"], parameters[f"b{number}"] = (W.T.copy(), b.T.copy()) if rows else (W, b)
    X, y = rng.standard_normal((sizes[0], examples)), rng.uniform(0.05, 0.95, (sizes[-1], examples))
    return (parameters, X.T, y.T) if rows else (parameters, X, y)


def agree(own: Any, other: Any, scale: float = 1.0) -> None:
    other = np.asarray(other)
    assert own.shape == other.shape
    np.testing.assert_allclose(own, other, rtol=1e-10, atol=1e-10 * max(1.0, scale))


def well_conditioned(case: Case, own: numeric.Compiled, parameters: Parameters, X: Any) -> bool:
    """log(1 - p) of a softmax loses in p what p has in common with 1, in any code; a sigmoid's has a form that does
    not.
    """
    if case["loss"] != "binary cross-entropy" or case["activations"][-1] != "softmax":
        return True
    return bool(own.predict(parameters, X).max() < 0.999)


def activation(name: str, z: Any, axis: int) -> Any:
    """JAX's own functions, which share nothing with the terms that are tested."""
    import jax

    functions: dict[str, Callable[[Any], Any]] = {
        "sigmoid": jax.nn.sigmoid,
        "tanh": jax.numpy.tanh,
        "relu": jax.nn.relu,
        "softplus": jax.nn.softplus,
        "identity": lambda z: z,
        "softmax": lambda z: jax.nn.softmax(z, axis=axis),
    }
    return functions[name](z)


def reference(
    parameters: Parameters, X: Any, y: Any, activations: tuple[str, ...], loss: str, rows: bool, mean: bool
) -> Any:
    """The loss of the network, written out without any of our code; its logarithms are those that JAX recommends."""
    import jax

    axis, np_ = 1 if rows else 0, jax.numpy
    a = z = X
    for number, name in enumerate(activations, start=1):
        W, b = parameters[f"W{number}"], parameters[f"b{number}"]
        z = a @ W + b if rows else W @ a + b
        a = activation(name, z, axis)
    output = activations[-1]
    if output == "sigmoid":
        log_p, log_q = jax.nn.log_sigmoid(z), jax.nn.log_sigmoid(-z)
    elif output == "softmax":
        log_p, log_q = jax.nn.log_softmax(z, axis=axis), np_.log(1 - a)
    else:
        log_p, log_q = np_.log(a), 0.0
    total = {
        "squared error": lambda: 0.5 * np_.sum((a - y) ** 2),
        "binary cross-entropy": lambda: -np_.sum(y * log_p + (1 - y) * log_q),
        "categorical cross-entropy": lambda: -np_.sum(y * log_p),
    }[loss]()
    return total / X.shape[0 if rows else 1] if mean else total


def interpreted(source: str) -> ModuleType:
    """A fused kernel as plain Python: the same arithmetic, without a compiler."""
    kept = sys.modules.get("numba")
    njit = SimpleNamespace(njit=lambda **_options: lambda function: function)
    sys.modules["numba"] = njit  # type: ignore[assignment]
    try:
        return load(source)
    finally:
        if kept is None:
            del sys.modules["numba"]
        else:
            sys.modules["numba"] = kept

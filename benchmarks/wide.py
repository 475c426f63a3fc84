"""One step of a 784-512-256-10 network, batch 128: the emitted code beside what a person writes in NumPy, and beside the
automatic differentiation of JAX (compiled) and of PyTorch.

    python benchmarks/wide.py [--steps 300] [--dtype float32] [--dtype float64] [--activation relu]

A step is the gradients of softmax with cross-entropy, averaged over the batch, and plain descent; for JAX the loss too, on both
sides, as `value_and_grad` gives it. The targets: at most 1.05 of each rival, as ratios of medians, and gradients equal to 1e-10
in float64. Rivals run in turn, step by step.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from medians import interleaved

import numeric
from derive.algebra.names import Name
from derive.network import network
from numeric.compiled import load

SIZES, BATCH, RATE = (784, 512, 256, 10), 128, 0.01
RATIO, DIFFERENCE = 1.05, 1e-10
Weights = dict[str, Any]
Action = Callable[[], object]

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "relu": (lambda z: np.maximum(z, 0.0), lambda a: a > 0.0),
    "tanh": (np.tanh, lambda a: 1.0 - a * a),
    "sigmoid": (lambda z: 1.0 / (1.0 + np.exp(-z)), lambda a: a * (1.0 - a)),
}
"""By activation: the function, and its slope from its value, as a person writes them in NumPy."""


def examples(dtype: str) -> tuple[Any, Any, Weights]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((BATCH, SIZES[0])).astype(dtype)
    y = np.eye(SIZES[-1], dtype=dtype)[rng.integers(0, SIZES[-1], BATCH)]
    weights: Weights = {}
    for number, (before, after) in enumerate(pairwise(SIZES), start=1):
        weights[f"W{number}"] = (rng.standard_normal((before, after)) / np.sqrt(before)).astype(dtype)
        weights[f"b{number}"] = np.zeros((1, after), dtype)
    return X, y, weights


def by_hand(own: Weights, X: Any, y: Any, activation: str) -> Weights:
    """The gradients as plain NumPy."""
    function, slope = FUNCTIONS[activation]
    a1 = function(X @ own["W1"] + own["b1"])
    a2 = function(a1 @ own["W2"] + own["b2"])
    z3 = a2 @ own["W3"] + own["b3"]
    e = np.exp(z3 - z3.max(axis=1, keepdims=True))
    d3 = (e / e.sum(axis=1, keepdims=True) - y) / len(X)
    d2 = (d3 @ own["W3"].T) * slope(a2)
    d1 = (d2 @ own["W2"].T) * slope(a1)
    found = {}
    for name, a, d in (("3", a2, d3), ("2", a1, d2), ("1", X, d1)):
        found[f"W{name}"], found[f"b{name}"] = a.T @ d, d.sum(axis=0, keepdims=True)
    return found


def in_numpy(own: numeric.Compiled, X: Any, y: Any, start: Weights, activation: str) -> dict[str, Action]:
    ours = {name: value.copy() for name, value in start.items()}
    theirs = {name: value.copy() for name, value in start.items()}

    def hand_written() -> None:
        slopes = by_hand(theirs, X, y, activation)
        for name in theirs:
            theirs[name] -= RATE * slopes[name]

    return {"numpy, emitted": lambda: own.module.step(ours, X, y, RATE), "numpy, by hand": hand_written}


def in_jax(own: numeric.Compiled, X: Any, y: Any, start: Weights, activation: str) -> tuple[dict[str, Action], Weights]:
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    module = load(own.emit("jax"))
    functions = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}
    X, y = jnp.asarray(X), jnp.asarray(y)
    weights = {name: jnp.asarray(value) for name, value in start.items()}

    def loss(own: Weights, X: Any, y: Any) -> Any:
        a1 = functions[activation](X @ own["W1"] + own["b1"])
        a2 = functions[activation](a1 @ own["W2"] + own["b2"])
        return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(a2 @ own["W3"] + own["b3"], axis=1), axis=1))

    @jax.jit
    def automatic(own: Weights, X: Any, y: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(own, X, y)
        return value, {name: own[name] - RATE * slopes[name] for name in own}

    @jax.jit
    def emitted(own: Weights, X: Any, y: Any) -> Any:
        return module.loss(own, X, y), module.step(own, X, y, RATE)

    actions: dict[str, Action] = {
        "jax, emitted": lambda: jax.block_until_ready(emitted(weights, X, y)),
        "jax, value_and_grad": lambda: jax.block_until_ready(automatic(weights, X, y)),
    }
    return actions, {name: np.asarray(value) for name, value in module.gradients(weights, X, y).items()}


def in_torch(
    own: numeric.Compiled, X: Any, y: Any, start: Weights, activation: str
) -> tuple[dict[str, Action], Weights]:
    import torch

    module = load(own.emit("torch"))
    functions = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    X, y = torch.tensor(X), torch.tensor(y)
    ours = {name: torch.tensor(value) for name, value in start.items()}
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    optimizer = torch.optim.SGD(list(theirs.values()), lr=RATE)

    def automatic() -> None:
        a1 = functions[activation](torch.addmm(theirs["b1"], X, theirs["W1"]))
        a2 = functions[activation](torch.addmm(theirs["b2"], a1, theirs["W2"]))
        loss = torch.nn.functional.cross_entropy(torch.addmm(theirs["b3"], a2, theirs["W3"]), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    actions: dict[str, Action] = {"torch, emitted": lambda: module.step(ours, X, y, RATE), "torch, autograd": automatic}
    return actions, {name: value.numpy() for name, value in module.gradients(ours, X, y).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--dtype", action="append", choices=["float32", "float64"])
    parser.add_argument("--activation", choices=list(FUNCTIONS), default="relu")
    arguments = parser.parse_args()
    fine = True
    theory = network(
        SIZES,
        arguments.activation,
        "categorical cross-entropy",
        "m",
        "rows",
        output_activation="softmax",
        reduction="mean",
    )
    own = numeric.compile(theory, distributions=[Name("y")])
    for dtype in arguments.dtype or ["float32", "float64"]:
        X, y, start = examples(dtype)
        gradients = {"numpy": own.gradients(start, X, y)}
        libraries = [in_numpy(own, X, y, start, arguments.activation)]
        for name, made in (("jax", in_jax), ("torch", in_torch)):
            if find_spec(name) is None:
                print(f"{name} is not installed and not timed")
                continue
            actions, gradients[name] = made(own, X, y, start, arguments.activation)
            libraries.append(actions)
        for actions in libraries:  # one library after another: the threads of one would disturb those of the next
            ours, theirs = actions
            found = interleaved(actions, arguments.steps)
            ratio = found.ratio(ours, theirs)
            fine &= ratio <= RATIO
            print(
                f"{dtype}: {ours} {found.median(ours) * 1e3:.2f} ms, {theirs} {found.median(theirs) * 1e3:.2f} ms, "
                f"ratio {ratio:.3f} (target at most {RATIO})"
            )
        expected = by_hand(start, X, y, arguments.activation)
        off = max(
            float(np.abs(slopes[key] - expected[key]).max() / np.abs(expected[key]).max())
            for slopes in gradients.values()
            for key in expected
        )
        print(
            f"{dtype}: largest relative difference of a gradient {off:.1e}"
            + f" (target {DIFFERENCE:.0e})" * (dtype == "float64")
        )
        fine &= dtype != "float64" or off <= DIFFERENCE
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

"""The other way to prove the gradient formulas of a network: expand everything to scalars and let SymPy simplify.

One claim for every parameter entry of a sigmoid network with squared error: SymPy's own derivative of the expanded loss
equals the textbook's formula (errors passed back layer by layer), written in terms of inputs and parameters only.
"""

from __future__ import annotations

import multiprocessing
import queue
import time
from collections.abc import Iterator, Sequence
from typing import Any


def claims(sizes: Sequence[int]) -> Iterator[tuple[str, Any, Any]]:
    """(parameter, derivative by SymPy, textbook formula) for each entry of each weight matrix and bias, unfolded."""
    import sympy

    def sigmoid(value: Any) -> Any:
        return 1 / (1 + sympy.exp(-value))

    def symbols(base: str, *shape: int) -> Any:
        return sympy.Matrix(*shape, lambda i, j: sympy.Symbol(f"{base}_{i}_{j}", real=True))

    layers = range(1, len(sizes))
    weights = {layer: symbols(f"W{layer}", sizes[layer], sizes[layer - 1]) for layer in layers}
    biases = {layer: symbols(f"b{layer}", sizes[layer], 1) for layer in layers}
    activations = {0: symbols("x", sizes[0], 1)}
    target = symbols("y", sizes[-1], 1)
    for layer in layers:
        activations[layer] = (weights[layer] * activations[layer - 1] + biases[layer]).applyfunc(sigmoid)
    output = activations[len(sizes) - 1]
    loss = sum((output - target).applyfunc(lambda entry: entry**2)) / 2

    def slope(layer: int) -> Any:
        return activations[layer].applyfunc(lambda entry: entry * (1 - entry))

    last = len(sizes) - 1
    errors = {last: (output - target).multiply_elementwise(slope(last))}
    for layer in reversed(range(1, last)):
        errors[layer] = (weights[layer + 1].T * errors[layer + 1]).multiply_elementwise(slope(layer))
    for layer in layers:
        gradient = errors[layer] * activations[layer - 1].T
        for parameter, formula in (*zip(weights[layer], gradient, strict=True),):
            yield str(parameter), loss.diff(parameter), formula
        for parameter, formula in zip(biases[layer], errors[layer], strict=True):
            yield str(parameter), loss.diff(parameter), formula


def _prove(sizes: Sequence[int], done: Any) -> None:
    import sympy

    started = time.perf_counter()
    for name, left, right in claims(sizes):
        done.put((name, sympy.simplify(left - right) == 0, time.perf_counter() - started))
    done.put(None)


def prove(sizes: Sequence[int], limit: float) -> tuple[int, int, float]:
    """How many claims SymPy proved within the limit, how many there are, and the seconds used (import aside)."""
    count = sum(sizes[layer] * (sizes[layer - 1] + 1) for layer in range(1, len(sizes)))
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    worker = context.Process(target=_prove, args=(tuple(sizes), done))
    worker.start()
    proved, used, deadline = 0, 0.0, time.monotonic() + limit
    while True:
        try:
            found = done.get(timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty:
            worker.terminate()
            used = limit
            break
        if found is None:
            break
        proved += found[1]
        used = found[2]
    worker.join()
    return proved, count, used

"""Exclusive or from 1,000 starts, 10,000 epochs: the fused kernel over all cores beside one batched NumPy computation.

    python benchmarks/starts.py [--starts 1000] [--epochs 10000] [--runs 3]

The batched computation is written out here, for stacks of weights, as a person would write it. The targets: at least 5 times
faster by the ratio of medians, and the same starts converge. Compilation is not counted, and told apart.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

import numpy as np
from medians import interleaved, seconds

import numeric
from derive.network import network
from numeric.data import xor
from numeric.starts import starts

RATE, TOLERANCE, FASTER = 0.1, 0.1, 5.0


def batched(count: int, epochs: int) -> Any:
    """The predictions of `count` networks, trained side by side."""
    rng = np.random.default_rng(0)
    X, y = xor().inputs, xor().targets
    W1, b1, W2, b2 = (rng.standard_normal((count, *shape)) for shape in ((2, 2), (2, 1), (1, 2), (1, 1)))
    for _ in range(epochs):
        hidden = 1.0 / (1.0 + np.exp(-(W1 @ X + b1)))
        output = 1.0 / (1.0 + np.exp(-(W2 @ hidden + b2)))
        last = (output - y) * output * (1.0 - output)
        first = (W2.swapaxes(1, 2) @ last) * hidden * (1.0 - hidden)
        W2 -= RATE * last @ hidden.swapaxes(1, 2)
        b2 -= RATE * last.sum(axis=2, keepdims=True)
        W1 -= RATE * first @ X.T
        b1 -= RATE * first.sum(axis=2, keepdims=True)
    hidden = 1.0 / (1.0 + np.exp(-(W1 @ X + b1)))
    return 1.0 / (1.0 + np.exp(-(W2 @ hidden + b2)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()

    own = numeric.compile(network())
    first = seconds(lambda: starts(own, xor(), arguments.starts, epochs=arguments.epochs, rate=RATE, kernel="numba"))
    kernel = own.fused({})
    X, y = xor().inputs, xor().targets

    def fused() -> Any:
        rng = np.random.default_rng(0)
        weights = {
            v.identifier: rng.standard_normal((arguments.starts, *(1 if n is None else n.value or 0 for n in v.shape)))
            for v in own.program.parameters
        }
        kernel.train_starts(weights, X, y, RATE, arguments.epochs)
        return own.stacked.forward(weights, X)["a2"]

    found = interleaved(
        {"kernel": fused, "batched": lambda: batched(arguments.starts, arguments.epochs)}, arguments.runs
    )
    ours, theirs = (
        (np.abs(predictions - y) <= TOLERANCE).all(axis=(1, 2))
        for predictions in (fused(), batched(arguments.starts, arguments.epochs))
    )
    faster = found.ratio("batched", "kernel")
    print(
        f"{arguments.starts} starts, {arguments.epochs} epochs, {os.cpu_count()} cores, medians of {arguments.runs} runs"
    )
    print(f"kernel {found.median('kernel'):.3f} s, batched NumPy {found.median('batched'):.3f} s")
    print(f"times faster: {faster:.1f} (target at least {FASTER:g})")
    print(f"with compilation, in a process that starts with it: {first:.2f} s")
    print(f"converged: {ours.sum()} and {theirs.sum()}, {(ours != theirs).sum()} starts differ (target 0)")
    return 0 if faster >= FASTER and not (ours != theirs).any() else 1


if __name__ == "__main__":
    sys.exit(main())

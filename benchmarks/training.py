"""Exclusive or, 10,000 epochs: the emitted NumPy code and the fused kernel beside the class that the page prints, a loop that
is fused by hand, PyTorch and JAX.

    python benchmarks/training.py [--epochs 10000] [--runs 7]
    python benchmarks/training.py --document NOTES --build "Net(2, 2, 1)" \\
        --step "net.forward(X); net.backward(X, y, rate)"

The class is run as the page prints it, from the same start; its network has to keep its parameters in W1, b1, W2 and b2. The
targets, as ratios of medians: emitted NumPy at most 0.8 of the class, the kernel at most 1.15 of the loop by hand and at least
150 times the class, weights equal to 1e-9. Compilation is not counted, and told apart.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hand_fused
import numpy as np
from medians import interleaved, seconds

import numeric
from derive.check import theory_of
from derive.readers import read
from numeric.data import xor

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("W1", "b1", "W2", "b2")
RATE = 0.1
OF_THE_CLASS, OF_THE_HAND, FASTER, DIFFERENCE = 0.8, 1.15, 150, 1e-9

INPUTS, ANSWERS = xor().inputs, xor().targets
Weights = dict[str, Any]


def class_of(document: Path) -> dict[str, Any]:
    """The names that the first code block with a class defines, up to the first line that is no definition."""
    block = next(code.text for code in read(document).code if "\nclass " in code.text)
    kept = []
    for line in block.splitlines():
        if line and not line[0].isspace() and not line.startswith(("import ", "from ", "def ", "class ", "#", "@")):
            break
        kept.append(line)
    names: dict[str, Any] = {}
    exec("\n".join(kept), names)
    return names


def by_torch(start: Weights, epochs: int) -> Callable[[], Weights]:
    """A loop as PyTorch's own examples write it."""
    import torch

    X, y = torch.tensor(INPUTS), torch.tensor(ANSWERS)

    def run() -> Weights:
        own = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
        optimizer = torch.optim.SGD(list(own.values()), lr=RATE)
        for _ in range(epochs):
            hidden = torch.sigmoid(own["W1"] @ X + own["b1"])
            output = torch.sigmoid(own["W2"] @ hidden + own["b2"])
            loss = 0.5 * ((output - y) ** 2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return {name: value.detach().numpy() for name, value in own.items()}

    return run


def by_jax(start: Weights, epochs: int) -> Callable[[], Weights]:
    """One compiled step, called in a loop."""
    import jax

    jax.config.update("jax_enable_x64", True)
    X, y = jax.numpy.asarray(INPUTS), jax.numpy.asarray(ANSWERS)

    def loss(own: Weights) -> Any:
        hidden = jax.nn.sigmoid(own["W1"] @ X + own["b1"])
        output = jax.nn.sigmoid(own["W2"] @ hidden + own["b2"])
        return 0.5 * ((output - y) ** 2).sum()

    @jax.jit
    def step(own: Weights) -> Weights:
        slopes = jax.grad(loss)(own)
        return {name: value - RATE * slopes[name] for name, value in own.items()}

    def run() -> Weights:
        own = {name: jax.numpy.asarray(value) for name, value in start.items()}
        for _ in range(epochs):
            own = step(own)
        return {name: np.asarray(value) for name, value in own.items()}

    return run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--document", type=Path, default=ROOT / "examples" / "backpropagation.md")
    parser.add_argument("--build", default="Network(2, 2, 1)", help="how the class is called")
    parser.add_argument("--step", default="net.learn(X, y, rate)", help="one epoch, with net, X, y and rate")
    parser.add_argument("--epochs", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()

    emitted = numeric.compile(theory_of(read(arguments.document)))
    sizes = {"n_1": 2, "n_2": 1}
    start = emitted.init(seed=1, **sizes)
    kernel = emitted.fused(sizes)
    printed = class_of(arguments.document) | {"X": INPUTS, "y": ANSWERS, "rate": RATE}

    def copied() -> Weights:
        return {name: value.copy() for name, value in start.items()}

    def train_emitted() -> Weights:
        own, step = copied(), emitted.module.step
        for _ in range(arguments.epochs):
            step(own, INPUTS, ANSWERS, RATE)
        return own

    def train_kernel() -> Weights:
        own = copied()
        kernel.train(own, INPUTS, ANSWERS, RATE, arguments.epochs)
        return own

    def train_by_hand() -> Weights:
        own = copied()
        hand_fused.train(*(own[name] for name in NAMES), INPUTS, ANSWERS, RATE, arguments.epochs)
        return own

    def train_printed() -> Weights:
        exec(f"net = {arguments.build}", printed)
        for name in NAMES:
            setattr(printed["net"], name, start[name].copy())
        exec(f"def epochs(n):\n    for _ in range(n):\n        {arguments.step}", printed)
        printed["epochs"](arguments.epochs)
        return {name: getattr(printed["net"], name) for name in NAMES}

    compiling = seconds(train_kernel)
    actions = {"class": train_printed, "numpy": train_emitted, "kernel": train_kernel, "by hand": train_by_hand}
    for name, make in (("torch", by_torch), ("jax", by_jax)):
        if find_spec(name) is not None:
            actions[name] = make(start, arguments.epochs)
        else:
            print(f"{name} is not installed and not timed")
    expected = train_printed()
    differences = {
        name: max(float(np.abs(found[key] - expected[key]).max()) for key in NAMES)
        for name, found in ((name, action()) for name, action in actions.items())
    }
    found = interleaved(actions, arguments.runs)
    print(f"{arguments.epochs} epochs, medians of {arguments.runs} runs; compiling the kernel took {compiling:.2f} s")
    for name in actions:
        print(
            f"{name:8} {found.median(name) * 1e3:10.3f} ms  {1 / found.ratio(name, 'class'):8.2f} times the class  "
            f"{found.ratio(name, 'class'):8.4f} of its time   weights differ by {differences[name]:.1e}"
        )
    of_the_class, of_the_hand = found.ratio("numpy", "class"), found.ratio("kernel", "by hand")
    faster = found.ratio("class", "kernel")
    print(f"emitted NumPy, of the class: {of_the_class:.2f} (target at most {OF_THE_CLASS})")
    print(f"kernel, of the loop by hand: {of_the_hand:.2f} (target at most {OF_THE_HAND})")
    print(f"kernel, times the class: {faster:.0f} (target at least {FASTER})")
    print(f"largest difference of a weight {max(differences.values()):.1e} (target {DIFFERENCE:.0e})")
    fine = of_the_class <= OF_THE_CLASS and of_the_hand <= OF_THE_HAND and faster >= FASTER
    return 0 if fine and max(differences.values()) <= DIFFERENCE else 1


if __name__ == "__main__":
    sys.exit(main())

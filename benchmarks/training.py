"""Training by the code that is emitted for a page, beside the class that the page prints: the same weights, in no more time.

    python benchmarks/training.py [--epochs 10000] [--runs 7]
    python benchmarks/training.py --document NOTES --build "Net(2, 2, 1)" \\
        --step "net.forward(X); net.backward(X, y, rate)"

The class is run as the page prints it, from the same start; its network has to keep its parameters in W1, b1, W2 and
b2. The targets are weights equal to 1e-9 and a ratio of medians of at most 1.0.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from medians import compare

import numeric
from derive.check import theory_of
from derive.readers import read
from numeric.data import xor
from numeric.identifiers import size_identifier
from numeric.train import train

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("W1", "b1", "W2", "b2")
RATE = 0.1
TARGET_RATIO, TARGET_DIFFERENCE = 1.0, 1e-9

INPUTS, ANSWERS = xor().inputs, xor().targets


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--document", type=Path, default=ROOT / "examples" / "backpropagation.md")
    parser.add_argument("--build", default="Network(2, 2, 1)", help="how the class is called")
    parser.add_argument("--step", default="net.learn(X, y, rate)", help="one epoch, with net, X, y and rate")
    parser.add_argument("--epochs", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()

    emitted = numeric.compile(theory_of(read(arguments.document)))
    sizes = train(emitted, xor(), epochs=1).sizes
    start = emitted.init(seed=1, **{size_identifier(name): value for name, value in sizes.items()})
    printed = class_of(arguments.document) | {"X": INPUTS, "y": ANSWERS, "rate": RATE}

    def train_emitted() -> dict[str, Any]:
        parameters = {name: value.copy() for name, value in start.items()}
        step = emitted.module.step
        for _ in range(arguments.epochs):
            step(parameters, INPUTS, ANSWERS, RATE)
        return parameters

    def train_printed() -> dict[str, Any]:
        exec(f"net = {arguments.build}", printed)
        for name in NAMES:
            setattr(printed["net"], name, start[name].copy())
        exec(f"def epochs(n):\n    for _ in range(n):\n        {arguments.step}", printed)
        printed["epochs"](arguments.epochs)
        return {name: getattr(printed["net"], name) for name in NAMES}

    ours, theirs = train_emitted(), train_printed()
    difference = max(float(np.abs(ours[name] - theirs[name]).max()) for name in NAMES)
    found = compare(train_emitted, train_printed, arguments.runs)
    print(found.row(f"{arguments.epochs} epochs, emitted code:", "printed class:"), f"(target {TARGET_RATIO})")
    print(f"largest difference of a weight {difference:.1e} (target {TARGET_DIFFERENCE:.0e})")
    return 0 if found.ratio <= TARGET_RATIO and difference <= TARGET_DIFFERENCE else 1


if __name__ == "__main__":
    sys.exit(main())

"""Networks drawn at random, as the tests draw them, through every installed kind of module: all gradients are the same.

    python -m benchmarks.agreement [--cases 100] [--compiled 10] [--seed 0]

Every case goes through NumPy, JAX (operation by operation), PyTorch and the fused kernel as Python reads it; the first
`--compiled` of them through the kernel that Numba compiles too, which takes seconds for each. The witness is JAX's own
differentiation of a network written by hand. The target: no difference above 1e-10 of the largest entry.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import jax
import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, seed, settings

from benchmarks.gradient_cases import Case, cases, compiled, data, interpreted, reference, sizes, well_conditioned
from numeric.compiled import load

TOLERANCE = 1e-10
Gradients = dict[str, Any]


def witness(case: Case) -> Gradients:
    parameters, X, y = data(case)
    mean = case["reduction"] == "mean" and case["examples"] is not None
    slope = jax.grad(reference)
    return slope(parameters, X, y, case["activations"], case["loss"], case["layout"] == "rows", mean)  # type: ignore[no-any-return]


def by_torch(case: Case) -> Gradients:
    import torch

    parameters, X, y = data(case)
    module = load(compiled(case, batch=False).emit("torch"))
    arrays = {name: torch.tensor(value) for name, value in parameters.items()}
    return {name: value.numpy() for name, value in module.gradients(arrays, torch.tensor(X), torch.tensor(y)).items()}


TARGETS: dict[str, Callable[[Case], Gradients]] = {
    "numpy": lambda case: compiled(case, batch=False).module.gradients(*data(case)),
    "jax": lambda case: load(compiled(case, batch=False).emit("jax")).gradients(*data(case)),
    "torch": by_torch,
    "kernel as Python": lambda case: interpreted(compiled(case, batch=False).emit("numba", sizes(case))).gradients(
        *data(case)
    ),
    "numba": lambda case: load(compiled(case, batch=False).emit("numba", sizes(case))).gradients(*data(case)),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--compiled", type=int, default=10, help="how many go through Numba's compiler")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    missing = [name for name in ("torch", "numba") if find_spec(name) is None]
    for name in missing:
        print(f"{name} is not installed and not compared")
    worst: dict[str, float] = {}
    counts: dict[str, int] = {}

    @seed(arguments.seed)
    @settings(
        deadline=None, max_examples=arguments.cases, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases())
    def compare(case: Case) -> None:
        parameters, X, _ = data(case)
        assume(well_conditioned(case, compiled(case, batch=False), parameters, X))
        with jax.disable_jit():
            expected = {name: np.asarray(value) for name, value in witness(case).items()}
            largest = max(1.0, *(float(np.abs(value).max()) for value in expected.values()))
            for name, target in TARGETS.items():
                if name in missing or (name == "numba" and counts.get(name, 0) >= arguments.compiled):
                    continue
                found = target(case)
                off = max(float(np.abs(np.asarray(found[key]) - expected[key]).max()) / largest for key in expected)
                worst[name] = max(worst.get(name, 0.0), off)
                counts[name] = counts.get(name, 0) + 1

    compare()
    for name, off in worst.items():
        print(f"{name:16} {counts[name]:4} networks, largest difference {off:.1e} (target {TOLERANCE:.0e})")
    return 0 if max(worst.values()) <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())

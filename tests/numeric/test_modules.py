"""The emitted module: it stands alone, reads well, is safe against hostile names, and computes what the notes'
class does.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numeric
from derive.algebra.arrays import apply, array, entrywise, matmul, plus, sum_entries
from derive.algebra.names import Level, Name, size
from derive.algebra.terms import neg, power
from derive.network import ACTIVATIONS, LOSSES, network
from derive.theory import Definition, Role, Symbol, Theory
from numeric.data import xor
from numeric.identifiers import Identifiers

SOURCES = {
    f"{activation}, {loss}, {layout}, {batch}": numeric.compile(
        network(("n", 3, 2), ("tanh", activation), loss, batch, layout, reduction="mean")  # type: ignore[arg-type]
    ).source
    for activation in ACTIVATIONS
    for loss in LOSSES
    for layout, batch in (("columns", None), ("rows", "m"))
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_module_imports_numpy_and_nothing_else(name: str) -> None:
    tree = ast.parse(SOURCES[name])
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {"numpy", "math"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert functions.keys() >= {"init", "forward", "loss", "gradients", "step"}
    for function in functions.values():
        assert ast.get_docstring(function)


def test_the_modules_pass_ruff(tmp_path: Path, root: Path) -> None:
    for number, source in enumerate(SOURCES.values()):
        (tmp_path / f"network_{number}.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--config", str(root / "pyproject.toml"), "--no-cache", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_bare_interpreter_trains_it(tmp_path: Path) -> None:
    """Isolated from this project: no path, no environment, and no module of ours or of SymPy afterwards."""
    (tmp_path / "net.py").write_text(numeric.compile(network()).source, encoding="utf-8")
    script = """
import sys
sys.path.insert(0, sys.argv[1])
import net
import numpy as np
x, y = np.array([[0, 0, 1, 1], [0, 1, 0, 1]]), np.array([[0, 1, 1, 0]])
parameters = net.init(seed=1)
before = net.loss(parameters, x, y)
for _ in range(2000):
    net.step(parameters, x, y, 1.0)
assert net.loss(parameters, x, y) < before
assert not {"derive", "numeric", "sympy", "reports"} & {name.partition(".")[0] for name in sys.modules}
print("trained")
"""
    command = [sys.executable, "-I", "-W", "error", "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "trained\n", done.stderr


class ByHand:
    """The network that notes on backpropagation print, in NumPy by hand: one hidden layer, bias columns, batch in
    columns.
    """

    def __init__(self, start: dict[str, Any]) -> None:
        self.W1, self.b1, self.W2, self.b2 = (start[name].copy() for name in ("W1", "b1", "W2", "b2"))

    def epoch(self, X: Any, y: Any, rate: float) -> None:
        hidden = 1 / (1 + np.exp(-(self.W1 @ X + self.b1)))
        output = 1 / (1 + np.exp(-(self.W2 @ hidden + self.b2)))
        last = (output - y) * output * (1 - output)
        first = (self.W2.T @ last) * hidden * (1 - hidden)
        self.W2 -= rate * last @ hidden.T
        self.b2 -= rate * np.sum(last, axis=1, keepdims=True)
        self.W1 -= rate * first @ X.T
        self.b1 -= rate * np.sum(first, axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_epochs_give_the_weights_of_a_class_written_by_hand(seed: int) -> None:
    own = numeric.compile(network())
    parameters = own.init(seed)
    rival = ByHand(parameters)
    data = xor()
    for _ in range(10_000):
        own.step(parameters, data.inputs, data.targets, 0.1)
        rival.epoch(data.inputs, data.targets, 0.1)
    for name, value in parameters.items():
        np.testing.assert_allclose(value, getattr(rival, name), atol=1e-9, rtol=0)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("layout", ["columns", "rows"])
def test_stacks_compute_what_single_networks_do(loss: str, layout: Any) -> None:
    own = numeric.compile(network((2, 3, 2), ("tanh", "softmax"), loss, "m", layout))
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((2, 5)), rng.uniform(0.1, 0.9, (2, 5))
    if layout == "rows":
        X, y = X.T, y.T
    singles = [own.init(seed) for seed in range(4)]
    stack = {name: np.stack([single[name] for single in singles]) for name in singles[0]}
    slopes = own.stacked.gradients(stack, X, y)
    for place, single in enumerate(singles):
        for name, slope in own.gradients(single, X, y).items():
            np.testing.assert_allclose(slopes[name][place], slope, rtol=1e-12)


HOSTILE = (
    "__import__('os').system('touch /tmp/owned')",
    'W"""\nimport os\n"""',
    "lambda",
    "print",
    "np",
    "import os; x",
    r"\input{/etc/passwd}",
    "0",
    "𝒲",
    "' or 1 #",
    "a" * 5000,
    "",
)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_never_reaches_the_source(hostile: str) -> None:
    n = size("n")
    W, x, y, a = (Name(base) for base in (hostile, hostile + "x", "y" + hostile, "a" + hostile))
    symbols: dict[Name, Symbol] = {}
    for name, role, shape in ((W, "parameter", (n, n)), (x, "input", (n,)), (y, "target", (n,))):
        known: Role = role  # type: ignore[assignment]
        symbols[name] = Symbol(name, shape, known)
    value = apply("tanh", matmul(array(W, (n, n)), array(x, (n,))))
    error = plus(array(a, (n,)), entrywise(neg, array(y, (n,))))
    loss = sum_entries(entrywise(lambda term: power(term, 2), error))
    theory = Theory(
        symbols, {a: Definition(a, value), Name("L"): Definition(Name("L"), loss)}, {}, Name("L"), title=hostile
    )
    own = numeric.compile(theory)
    tree = ast.parse(own.source)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called <= {"forward", "gradients"}
    assert {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names} == {"numpy"}
    assert own.source.isascii() or "𝒲" in hostile
    parameters = own.init(0, n=2)
    assert np.isfinite(own.loss(parameters, np.ones((2, 3)), np.ones((2, 3))))


def test_identifiers_are_identifiers_and_differ() -> None:
    chosen = Identifiers()
    names = [Name(base, levels) for base in HOSTILE for levels in ((), (Level("", 2),), (Level("l", -1),))]
    found = [chosen.of(name) for name in names]
    assert len(set(found)) == len(found)
    assert all(text.isidentifier() and text.isascii() and len(text) < 60 for text in found)
    assert chosen.of(names[0]) == found[0]

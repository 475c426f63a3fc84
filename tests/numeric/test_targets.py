"""Every kind of module computes the same gradients, losses and steps, and stands alone."""

from __future__ import annotations

import ast
import contextlib
import importlib
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

import numeric
from benchmarks.gradient_cases import agree, cases, compiled, data, interpreted, sizes, well_conditioned
from derive.algebra.names import Name
from derive.network import network
from numeric import NotLowerable
from numeric.compiled import load
from numeric.data import moons

RATE = 0.1


@contextlib.contextmanager
def in_double_precision(target: str) -> Iterator[None]:
    """JAX computes in single precision unless told otherwise; and compiling each case would take longer than all of them."""
    if target != "jax":
        yield
        return
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    with jax.disable_jit():
        yield


def arrays(target: str, values: Any) -> Any:
    if target != "torch":
        return values
    torch = importlib.import_module("torch")
    return (
        {name: torch.tensor(value) for name, value in values.items()}
        if isinstance(values, dict)
        else torch.tensor(values)
    )


def against_numpy(case: dict[str, Any], target: str, module: ModuleType) -> None:
    """Gradients, loss and step of a module beside those of the NumPy module, which test_gradients holds against JAX."""
    own = compiled(case, batch=False)
    parameters, X, y = data(case)
    assume(well_conditioned(case, own, parameters, X))
    expected = own.gradients(parameters, X, y)
    largest = max(float(np.abs(slope).max()) for slope in expected.values())
    theirs, given_ = arrays(target, {k: v.copy() for k, v in parameters.items()}), [arrays(target, d) for d in (X, y)]
    with in_double_precision(target):
        found = module.gradients(theirs, *given_)
        loss = float(module.loss(theirs, *given_))
        stepped = module.step(theirs, *given_, RATE) or theirs
    assert loss == pytest.approx(own.loss(parameters, X, y), rel=1e-10, abs=1e-10)
    assert found.keys() == expected.keys()
    for name, slope in expected.items():
        agree(np.asarray(found[name]), slope, largest)
        agree(np.asarray(stepped[name]), parameters[name] - RATE * slope, largest)


def required(target: str) -> None:
    if find_spec(target) is None:
        pytest.skip(f"{target} is not installed: its modules are written, but not run here")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_the_numpy_step_is_its_gradient(case: dict[str, Any]) -> None:
    against_numpy(case, "numpy", compiled(case, batch=False).module)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_the_fused_kernel_agrees(case: dict[str, Any]) -> None:
    """The kernel's source, run by Python."""
    against_numpy(case, "numba", interpreted(compiled(case, batch=False).emit("numba", sizes(case))))


@pytest.mark.timeout(240)  # every new shape is compiled
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_jax_agrees(case: dict[str, Any]) -> None:
    required("jax")
    against_numpy(case, "jax", load(compiled(case, batch=False).emit("jax")))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_torch_agrees(case: dict[str, Any]) -> None:
    required("torch")
    against_numpy(case, "torch", load(compiled(case, batch=False).emit("torch")))


COMPILED = [
    # every function that has a form of its own in the kernel, a library's function, both layouts, more examples than lanes
    ((2, 2, 1), ("sigmoid", "sigmoid"), "squared error", "columns", 4),
    ((3, 4, 2), ("tanh", "softmax"), "categorical cross-entropy", "rows", 37),
    ((2, 3, 2), ("relu", "sigmoid"), "binary cross-entropy", "columns", 16),
    ((2, 3, 2), ("softplus", "sigmoid"), "squared error", "rows", 5),
]


@pytest.mark.parametrize(("widths", "activations", "loss", "layout", "examples"), COMPILED)
def test_compiled_kernels(
    widths: tuple[int, ...], activations: tuple[str, ...], loss: str, layout: Any, examples: int
) -> None:
    required("numba")
    case = {"sizes": widths, "layout": layout, "examples": examples, "seed": 5}
    own = numeric.compile(network(widths, activations, loss, "m", layout, reduction="mean"))
    kernel = own.fused({})
    parameters, X, y = data(case)
    for name, slope in own.gradients(parameters, X, y).items():
        np.testing.assert_allclose(kernel.gradients(parameters, X, y)[name], slope, rtol=1e-11, atol=1e-14)
    ours, theirs = ({name: value.copy() for name, value in parameters.items()} for _ in range(2))
    kernel.train(ours, X, y, 0.05, 200)
    for _ in range(200):
        own.step(theirs, X, y, 0.05)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("starts", "examples"), [(5, 4), (37, 4), (3, 40)])
def test_a_kernel_trains_every_start_as_it_would_alone(starts: int, examples: int) -> None:
    """Side by side in one vector, more starts than that, and one after another."""
    required("numba")
    own = numeric.compile(network((2, 3, 1), ("tanh", "sigmoid"), "binary cross-entropy", "m", reduction="mean"))
    kernel = own.fused({})
    single = [own.init(seed) for seed in range(starts)]
    stack = {name: np.stack([one[name] for one in single]) for name in single[0]}
    data_ = moons(examples)
    kernel.train_starts(stack, data_.inputs, data_.targets, 0.5, 300)
    for number, one in enumerate(single):
        kernel.train(one, data_.inputs, data_.targets, 0.5, 300)
        for name, value in one.items():
            np.testing.assert_allclose(stack[name][number], value, rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_starts_side_by_side_agree(case: dict[str, Any]) -> None:
    """The source of that part of the kernel, run by Python: one step from three starts."""
    own = compiled(case, batch=False)
    kernel = interpreted(own.emit("numba", sizes(case)))
    parameters, X, y = data(case)
    assume(well_conditioned(case, own, parameters, X))
    stack = {name: np.stack([value, 0.5 * value, -value]) for name, value in parameters.items()}
    before = {name: value.copy() for name, value in stack.items()}
    kernel.train_starts(stack, X, y, RATE, 1)
    for number in range(3):
        slopes = own.gradients({name: value[number] for name, value in before.items()}, X, y)
        largest = max(float(np.abs(slope).max()) for slope in slopes.values())
        for name, slope in slopes.items():
            agree(stack[name][number], before[name][number] - RATE * slope, largest)


def test_the_kernels_own_exponential_and_tangent() -> None:
    """Against NumPy's, over all of double precision's range and near zero."""
    own = numeric.compile(network((1, 1, 1), ("tanh", "sigmoid")))
    kernel = interpreted(own.emit("numba"))
    numbers = np.concatenate(
        [np.linspace(-700, 700, 2001), np.geomspace(1e-300, 700, 500), -np.geomspace(1e-300, 700, 500)]
    )
    exp, tanh, sigmoid = ([kernel.__dict__[name](x) for x in numbers] for name in ("_exp", "_tanh", "_sigmoid"))
    np.testing.assert_allclose(exp, np.exp(numbers), rtol=1e-15)
    np.testing.assert_allclose(tanh, np.tanh(numbers), rtol=2e-15)
    np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-numbers)), rtol=1e-15)


@pytest.mark.parametrize("target", list(numeric.TARGETS))
def test_modules_stand_alone_and_pass_ruff(target: str, tmp_path: Path, root: Path) -> None:
    allowed = {
        "numpy": {"numpy", "math"},
        "jax": {"jax"},
        "torch": {"torch"},
        "numba": {"numba", "numpy", "math", "os", "concurrent"},
    }
    number = 0
    for layout in ("columns", "rows"):
        for output, loss in (
            ("sigmoid", "binary cross-entropy"),
            ("softmax", "categorical cross-entropy"),
            ("softplus", "squared error"),
        ):
            theory = network((3, 9, 2), ("tanh", output), loss, "m", layout, reduction="mean")  # type: ignore[arg-type]
            source = numeric.compile(theory).emit(target)
            tree = ast.parse(source)
            nodes = list(ast.walk(tree))
            imported = {
                alias.name.partition(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names
            }
            imported |= {str(node.module).partition(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
            assert imported <= allowed[target]
            functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert functions.keys() >= {"init", "forward", "loss", "gradients", "step"}
            for name, function in functions.items():
                assert name.startswith("_") or ast.get_docstring(function)
            (tmp_path / f"network_{number}.py").write_text(source, encoding="utf-8")
            number += 1
    command = [sys.executable, "-m", "ruff", "check", "--config", str(root / "pyproject.toml"), "--no-cache", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("target", ["jax", "torch"])
def test_no_automatic_differentiation_is_called(target: str) -> None:
    source = numeric.compile(network()).emit(target)
    called = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    assert not called & {"grad", "value_and_grad", "vjp", "jvp", "backward", "requires_grad", "autograd", "enable_grad"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", ["numpy", "jax", "torch"])
def test_everything_stays_in_the_type_that_is_given(target: str, dtype: str) -> None:
    required(target)
    theory = network((3, 4, 2), ("tanh", "softmax"), "categorical cross-entropy", "m", reduction="mean")
    own = numeric.compile(theory)
    module = load(own.emit(target))
    parameters, X, y = data({"sizes": (3, 4, 2), "layout": "columns", "examples": 5, "seed": 1})
    parameters = {name: value.astype(dtype) for name, value in parameters.items()}
    given_ = [arrays(target, each.astype(dtype)) for each in (X, y)]
    with in_double_precision(target):
        start = arrays(target, parameters)
        found = [*module.forward(start, given_[0]).values(), *module.gradients(start, *given_).values()]
        stepped = module.step(start, *given_, RATE) or start
    assert {str(value.dtype).removeprefix("torch.") for value in [*found, *stepped.values()]} == {dtype}
    assert (
        str(
            np.asarray(
                module.init(0, dtype=getattr(importlib.import_module("torch"), dtype) if target == "torch" else dtype)[
                    "W1"
                ]
            ).dtype
        )
        == dtype
    )


def test_shared_operands_and_written_over_arrays() -> None:
    """One matrix product where the derivative has two, and no array where one is free."""
    theory = network((4, 5, 3), ("relu", "softmax"), "categorical cross-entropy", "m", reduction="mean")
    source = numeric.compile(theory, distributions=[Name("y")]).source
    step = source.partition("def step")[2]
    assert step.count(".dot(") == 5  # two forwards, one backwards, two gradients
    assert "a1 = np.maximum(z1, 0.0, out=z1)" in step
    assert "dz1 *= a1 > 0.0" in step  # z1 is no more
    assert "rate / X.shape[1]" in step
    assert step.count("rate") == step.count("rate / X.shape[1]") + 4  # in the signature, the docstring and a comment


def test_what_is_given_is_not_written_over() -> None:
    for layout in ("columns", "rows"):
        theory = network((3, 4, 2), ("relu", "sigmoid"), "binary cross-entropy", "m", layout)  # type: ignore[arg-type]
        own = numeric.compile(theory)
        parameters, X, y = data({"sizes": (3, 4, 2), "layout": layout, "examples": 5, "seed": 2})
        before = {name: value.copy() for name, value in parameters.items()}
        x_before, y_before = X.copy(), y.copy()
        own.forward(parameters, X)
        own.loss(parameters, X, y)
        own.gradients(parameters, X, y)
        own.step({name: value.copy() for name, value in parameters.items()}, X, y, RATE)
        for name, value in before.items():
            np.testing.assert_array_equal(parameters[name], value)
        np.testing.assert_array_equal(X, x_before)
        np.testing.assert_array_equal(y, y_before)


def test_forward_returns_values_that_do_not_share_memory() -> None:
    own = numeric.compile(network((3, 4, 4, 2), ("relu", "tanh", "softmax"), "categorical cross-entropy", "m"))
    parameters, X, _ = data({"sizes": (3, 4, 4, 2), "layout": "columns", "examples": 5, "seed": 2})
    values = list(own.forward(parameters, X).values())
    for number, one in enumerate(values):
        assert not any(np.shares_memory(one, other) for other in values[number + 1 :])


def test_kernels_that_cannot_be_written_say_why() -> None:
    open_sizes = numeric.compile(network(("n", "h", 1)))
    with pytest.raises(NotLowerable, match=r"fixed sizes: give a number for n, h|fixed sizes: give a number for h, n"):
        open_sizes.emit("numba")
    with pytest.raises(NotLowerable, match="no size k: there is h, n"):
        open_sizes.emit("numba", {"k": 3})
    with pytest.raises(NotLowerable, match="more than 20000 operations"):
        numeric.compile(network((784, 512, 10))).emit("numba")


@pytest.mark.parametrize("target", ["numpy", "jax", "torch"])
def test_sizes_that_are_given_are_written_in(target: str) -> None:
    required(target)
    own = numeric.compile(network(("n", "h", 1)))
    module = load(own.emit(target, {"n": 3, "h": 5}))
    assert tuple(module.init()["W1"].shape) == (5, 3)
    module = load(own.emit(target, {"h": 5}))
    assert tuple(module.init(n=2)["W1"].shape) == (5, 2)

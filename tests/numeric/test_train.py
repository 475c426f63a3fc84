"""Training: determinism, data that do not fit, divergence, and the share of starts that converge."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import numeric
from derive.network import network
from numeric.data import BUILT_IN, Examples, circles, moons, xor
from numeric.optimizers import OPTIMIZERS
from numeric.starts import starts, wilson
from numeric.train import DataMismatch, Diverged, train


def test_a_run_is_the_same_for_the_same_seed() -> None:
    first, second = (train(network(), xor(), epochs=300, seed=4) for _ in range(2))
    assert first.history == second.history
    np.testing.assert_array_equal(first.predictions, second.predictions)
    assert first.history != train(network(), xor(), epochs=300, seed=5).history


@pytest.mark.parametrize("layout", ["columns", "rows"])
def test_exclusive_or_is_learnt(layout: Any) -> None:
    run = train(network((2, 3, 1), "tanh", layout=layout, output_activation="sigmoid"), xor(), rate=0.5, seed=3)
    assert run.predictions.shape == (1, 4)
    np.testing.assert_allclose(run.predictions, xor().targets, atol=0.1)
    assert run.epochs[0] == 0
    assert run.epochs[-1] == 10_000


@pytest.mark.parametrize("data", [circles, moons])
def test_other_data_are_learnt(data: Any) -> None:
    theory = network((2, 8, 1), "tanh", "binary cross-entropy", "m", output_activation="sigmoid", reduction="mean")
    run = train(theory, data(), epochs=3000, rate=0.5, seed=0)
    assert np.mean((run.predictions > 0.5) == data().targets) > 0.95


def test_progress_is_told_from_beginning_to_end() -> None:
    told: list[tuple[int, int]] = []
    train(network(), xor(), epochs=1000, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 1000)
    assert told[-1] == (1000, 1000)
    assert len(told) <= 102


def test_sizes_come_from_the_data_and_from_the_caller() -> None:
    theory = network(("n", "h", "c"))
    run = train(theory, xor(), epochs=10, sizes={"h": 5})
    assert run.parameters["W1"].shape == (5, 2)
    assert run.sizes == {"n": 2, "h": 5, "c": 1}
    assert train(theory, xor(), epochs=10, hidden=3).sizes["h"] == 3


def test_data_that_do_not_fit_are_refused_with_both_shapes() -> None:
    with pytest.raises(DataMismatch, match=r"x has 3 rows, and the inputs of the data have 2"):
        train(network((3, 2, 1)), xor(), epochs=1)
    with pytest.raises(DataMismatch, match=r"y has 2 rows, and the targets of the data have 1"):
        train(network((2, 2, 2)), xor(), epochs=1)
    with pytest.raises(DataMismatch, match="5 examples"):
        train(network(batch=5), xor(), epochs=1)


def test_a_run_that_diverges_says_when_and_why() -> None:
    with pytest.raises(Diverged, match=r"after \d+ epochs at rate 100000"):
        train(network((2, 3, 1), ("identity", "identity")), xor(), epochs=1000, rate=1e5)


def test_two_thirds_of_a_thousand_starts_learn_exclusive_or() -> None:
    """About 64 of 100 standard normal starts end within 0.1; the rest stay stuck."""
    found = starts(numeric.compile(network()), xor(), 1000, seed=0)
    low, high = found.interval
    assert low < 0.64 < high
    assert found.predictions.shape == (1000, 1, 4)


@pytest.mark.parametrize("layout", ["columns", "rows"])
def test_starts_are_the_runs_that_they_stand_for(layout: Any) -> None:
    theory = network(layout=layout)
    found = starts(theory, xor(), 5, epochs=200, seed=9, rate=0.5)
    own = numeric.compile(theory)
    rng = np.random.default_rng(9)
    stack = {v.identifier: rng.standard_normal((5, *own.init(0)[v.identifier].shape)) for v in own.program.parameters}
    X, y = (xor().inputs, xor().targets) if layout == "columns" else (xor().inputs.T, xor().targets.T)
    for place in range(5):
        parameters = {name: value[place] for name, value in stack.items()}
        for _ in range(200):
            own.step(parameters, X, y, 0.5)
        predictions = own.predict(parameters, X)
        np.testing.assert_allclose(
            found.predictions[place], predictions if layout == "columns" else predictions.T, rtol=1e-9
        )


@pytest.mark.parametrize(("successes", "count"), [(0, 10), (10, 10), (5, 10), (640, 1000)])
def test_the_wilson_interval_solves_its_equation(successes: int, count: int) -> None:
    """Its ends are where the share lies z standard deviations away, with the deviation taken at the end itself."""
    z = 1.959963984540054
    for end in wilson(successes, count):
        if 0.0 < end < 1.0:
            assert (successes / count - end) ** 2 == pytest.approx(z * z * end * (1 - end) / count)
    low, high = wilson(successes, count)
    assert 0 <= low <= successes / count + 1e-12
    assert successes / count - 1e-12 <= high <= 1


def test_built_in_data_are_columns() -> None:
    for make in BUILT_IN.values():
        data = make()
        assert data.inputs.shape == (2, data.count)
        assert data.targets.shape == (1, data.count)
        assert set(np.unique(data.targets)) == {0.0, 1.0}


def by_hand(optimizer: str, steps: int) -> Any:
    """One weight w with loss (w x - y)^2 / 2 at x = 2, y = 1, in plain Python: gradient 4 w - 2."""
    w, v, m, s = 0.7, 0.0, 0.0, 0.0
    for t in range(1, steps + 1):
        g = 4 * w - 2
        if optimizer == "descent":
            w -= 0.05 * g
        elif optimizer == "momentum":
            v = 0.9 * v + g
            w -= 0.05 * v
        else:
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
            w -= 0.05 * (m / (1 - 0.9**t)) / ((s / (1 - 0.999**t)) ** 0.5 + 1e-8)
    return w


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_optimizers_follow_their_formulas(optimizer: str) -> None:
    w, slots = np.array([0.7]), tuple(np.zeros(1) for _ in OPTIMIZERS[optimizer].slots)
    for step in range(1, 6):
        OPTIMIZERS[optimizer].update(w, 4 * w - 2, slots, 0.05, step)
    assert w.item() == pytest.approx(by_hand(optimizer, 5), rel=1e-12)


@pytest.mark.parametrize(("optimizer", "rate"), [("momentum", 0.1), ("adam", 0.02)])
def test_optimizers_learn(optimizer: str, rate: float) -> None:
    theory = network((2, 8, 1), "tanh", "binary cross-entropy", "m", output_activation="sigmoid", reduction="mean")
    run = train(theory, moons(), epochs=200, rate=rate, optimizer=optimizer, batch_size=20)
    assert np.mean((run.predictions > 0.5) == moons().targets) > 0.97


def test_minibatches_are_all_examples_once() -> None:
    """Descent on a sum of losses that are linear in the weights: one epoch moves by the whole gradient, in any batches."""
    theory = network((2, 1), "identity", "squared error", "m")
    whole, parts = (train(theory, moons(50), epochs=1, rate=1e-9, batch_size=size) for size in (None, 7))
    start = numeric.compile(theory).init(0)
    for name, value in whole.parameters.items():
        np.testing.assert_allclose(parts.parameters[name] - start[name], value - start[name], rtol=1e-5)
        assert not np.array_equal(parts.parameters[name], value)


def test_the_same_seed_gives_the_same_minibatches() -> None:
    theory = network((2, 4, 1))
    first, second, other = (
        train(theory, moons(), epochs=20, batch_size=16, optimizer="adam", seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.parameters["W1"], second.parameters["W1"])
    assert not np.array_equal(first.parameters["W1"], other.parameters["W1"])


def test_stops_below_a_loss() -> None:
    run = train(network(), xor(), rate=2.0, seed=3, below=0.05)
    assert run.stopped == "the loss is below 0.05"
    assert run.history[-1] < 0.05 <= run.history[-2]
    assert run.epochs[-1] < 10_000


def test_patience_goes_back_to_the_lowest_loss() -> None:
    theory = network((2, 30, 1), "tanh", "binary cross-entropy", "m", output_activation="sigmoid", reduction="mean")
    run = train(
        theory, moons(60, noise=0.5), epochs=20_000, rate=0.02, optimizer="adam", held_out=0.5, patience=200, seed=1
    )
    assert "no lower loss for" in run.stopped
    assert run.epochs[-1] < 20_000
    lowest = min(run.held_out)
    assert lowest < run.held_out[-1]
    order = np.random.default_rng((1, 60)).permutation(60)
    data = moons(60, noise=0.5)
    held = np.sort(order[:30])
    own = run.compiled.loss(dict(run.parameters), data.inputs[:, held], data.targets[:, held])
    assert own == pytest.approx(lowest)


def test_held_out_examples_are_not_trained_on() -> None:
    """What stands in the targets of held-out examples changes their loss and nothing else."""
    data = moons(40)
    held = np.random.default_rng((0, 40)).permutation(40)[:10]
    changed = data.targets.copy()
    changed[:, held] = 1 - changed[:, held]
    runs = [
        train(network((2, 3, 1)), Examples("moons", data.inputs, targets), epochs=50, held_out=0.25)
        for targets in (data.targets, changed)
    ]
    np.testing.assert_array_equal(runs[0].parameters["W1"], runs[1].parameters["W1"])
    assert runs[0].held_out != runs[1].held_out
    with pytest.raises(DataMismatch, match="at least one"):
        train(network(), xor(), epochs=1, held_out=0.1)


def test_single_precision() -> None:
    run = train(network(), xor(), epochs=100, dtype="float32")
    assert {value.dtype for value in run.parameters.values()} == {np.dtype("float32")}
    double = train(network(), xor(), epochs=0)
    assert run.predictions.dtype == np.float32
    assert double.predictions.dtype == np.float64


def test_divergence_says_why() -> None:
    linear = network((2, 3, 1), ("identity", "identity"))
    with pytest.raises(Diverged, match=r"and was \S+ after \d+.*(overflowed|overshoot)") as error:
        train(linear, xor(), epochs=2000, rate=5.0)
    assert "smaller rate" in str(error.value)
    assert error.value.epochs[0] == 0
    assert len(error.value.history) == len(error.value.epochs)
    large = Examples("large", 1e4 * moons().inputs, moons().targets)
    with pytest.raises(Diverged, match=r"Inputs reach \d.*brought near 1"):
        train(linear, large, epochs=100, rate=0.1)
    huge = Examples("huge", 1e200 * moons().inputs, moons().targets)
    with pytest.raises(Diverged, match=r"before the first step: inputs reach"):
        train(linear, huge, epochs=100, rate=0.1)


def test_growth_without_overflow_is_divergence() -> None:
    """A loss of 1e9 will not come back, and nobody waits until it overflows."""
    with pytest.raises(Diverged) as error:
        train(network((2, 1), "identity"), xor(), epochs=100, rate=1.2)
    assert np.isfinite(error.value.history[-1])
    assert "overshoot" in str(error.value)


def test_constants_and_sizes_that_there_are_none_of() -> None:
    with pytest.raises(DataMismatch, match="no constant lambda_"):
        train(network(), xor(), epochs=1, constants={"lambda_": 1.0})
    with pytest.raises(DataMismatch, match="no size k: there is h"):
        train(network((2, "h", 1)), xor(), epochs=1, sizes={"k": 3})


@pytest.mark.parametrize("layout", ["columns", "rows"])
def test_the_kernel_and_the_stacks_give_the_same_starts(layout: Any) -> None:
    if find_spec("numba") is None:
        pytest.skip("numba is not installed: starts are computed in NumPy only")
    theory = network((2, 3, 1), ("tanh", "sigmoid"), layout=layout)
    fused, stacked = (
        starts(theory, xor(), 20, epochs=300, seed=2, rate=0.5, kernel=kernel) for kernel in ("numba", "numpy")
    )  # type: ignore[arg-type]
    np.testing.assert_allclose(fused.predictions, stacked.predictions, rtol=1e-9)
    assert (fused.kernel, stacked.kernel) == ("numba", "numpy")


def test_little_work_is_not_compiled() -> None:
    assert starts(network(), xor(), 3, epochs=10).kernel == "numpy"

"""Training: determinism, data that do not fit, divergence, and the share of starts that converge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numeric
from derive.network import network
from numeric.data import BUILT_IN, circles, moons, xor
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

"""Inputs at the ends of double precision, beside mpmath at 50 digits; `benchmarks/extremes.py` goes through many more."""

from __future__ import annotations

import itertools
import math

import pytest

from benchmarks import extremes


@pytest.mark.parametrize(("output", "loss"), extremes.HEADS)
@pytest.mark.parametrize("hidden", extremes.HIDDEN)
def test_extreme_numbers(hidden: str, output: str, loss: str) -> None:
    for first, second, certain in itertools.product((1.0, 40.0, 740.0, 1e4), (1.0, 36.0, 700.0, 1e4), (False, True)):
        of_loss, of_gradients = extremes.errors(hidden, output, loss, first, second, certain, "numpy")
        assert of_loss <= extremes.TOLERANCE, (first, second, certain)
        assert of_gradients <= extremes.TOLERANCE, (first, second, certain)


def test_the_reference_is_the_loss_that_everybody_knows() -> None:
    """At ordinary numbers, by hand: one example, one output."""
    parameters = {"W1": [[0.5]], "b1": [[0.25]], "W2": [[-2.0]], "b2": [[1.0]]}
    hidden = 1 / (1 + math.exp(-(0.5 * 3 + 0.25)))
    p = 1 / (1 + math.exp(-(1 - 2 * hidden)))
    value, slopes = extremes.reference(parameters, [[3.0]], [[0.25]], "sigmoid", "sigmoid", "binary cross-entropy")
    assert float(value.value) == pytest.approx(-0.25 * math.log(p) - 0.75 * math.log(1 - p))
    assert float(slopes["b2"][0][0].value) == pytest.approx(p - 0.25)
    assert float(slopes["W1"][0][0].value) == pytest.approx((p - 0.25) * -2 * hidden * (1 - hidden) * 3)


def test_a_wrong_value_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sigmoid that clips its argument is off where nothing else shows it."""
    module = extremes.module_of("tanh", "sigmoid", "binary cross-entropy", "numpy")
    right = module.__dict__["sigmoid"]
    monkeypatch.setitem(module.__dict__, "sigmoid", lambda x, out=None: right(x.clip(-20, 20), out))
    _, of_gradients = extremes.errors("tanh", "sigmoid", "binary cross-entropy", 1.0, 36.0, False, "numpy")
    assert of_gradients > extremes.TOLERANCE

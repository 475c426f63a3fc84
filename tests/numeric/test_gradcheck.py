"""The check of gradients agrees with right ones, sees wrong ones, and says what it could not look at."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import numeric
from benchmarks.gradient_cases import HIDDEN, LOSSES, OUTPUTS
from derive.algebra.names import Name
from derive.check import read_text, theory_of
from derive.network import network
from derive.readers import read
from numeric.batch import NotLowerable
from numeric.compiled import load
from numeric.exact import Exact
from numeric.gradcheck import EXACTLY, Unchecked, gradcheck

PAGE = r"""
$$x \in \mathbb{R}^{3}, \quad y \in \mathbb{R}^{2}, \quad W \in \mathbb{R}^{2 \times 3}, \quad b \in \mathbb{R}^{2}$$

$$z = W x + b$$

$$a = \max(0, z)$$

$$L = \frac{1}{2} \| a - y \|^2 + \frac{\lambda}{2} \| W \|_F^2$$
"""


def installed() -> list[str]:
    return [name for name in ("jax", "torch") if find_spec(name) is not None]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("layout", ["columns", "rows"])
def test_right_gradients_agree(loss: str, layout: Any) -> None:
    for hidden in HIDDEN:
        theory = network(("n", "h", "k"), (hidden, OUTPUTS[loss][0]), loss, "m", layout, reduction="mean")
        found = gradcheck(theory, points=1, seed=3, libraries=())
        assert found.agrees
        assert max(errors[EXACTLY] for errors in found.errors.values()) < 1e-13
        assert sorted(found.sizes.values()) == [2, 3, 4]  # all different, so that a transpose would be seen


def test_other_differentiations_agree() -> None:
    found = gradcheck(network((3, 4, 2), ("relu", "softmax"), "categorical cross-entropy", "m"), points=2)
    assert found.agrees
    assert set(found.errors["W1"]) == {EXACTLY, *installed()}
    assert set(found.missing) == {"jax", "torch"} - set(installed())


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_a_library_that_is_not_there_is_missed(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numeric.gradcheck.find_spec", lambda name: None if name == library else find_spec(name))
    assert library in gradcheck(network(), points=1).missing


WRONG: list[tuple[str, Callable[[str], str], set[str]]] = [
    ("a sign", lambda source: source.replace("dz1 *= a1\n", "dz1 *= -a1\n"), {"W1", "b1"}),
    ("a factor", lambda source: source.replace("    dz2 *= a2\n", ""), {"W1", "b1", "W2", "b2"}),
    ("a millionth", lambda source: source.replace("dW2 = dz2.dot(a1.T)", "dW2 = 1.000001 * dz2.dot(a1.T)"), {"W2"}),
    ("not a number", lambda source: source.replace("db2 = ", "db2 = np.nan * "), {"b2"}),
]


@pytest.mark.parametrize(("what", "spoil", "where"), WRONG, ids=[row[0] for row in WRONG])
def test_wrong_gradients_are_seen(what: str, spoil: Callable[[str], str], where: set[str]) -> None:
    own = numeric.compile(network(("n", "h", "k")))
    head, gradients, rest = own.source.partition("def gradients")
    assert spoil(gradients + rest) != gradients + rest, what
    object.__setattr__(own, "source", head + spoil(gradients + rest))
    assert load(own.source)
    found = gradcheck(own, points=2)
    assert not found.agrees
    for witness in (EXACTLY, *installed()):
        wrong = {name for name, errors in found.errors.items() if not errors[witness] <= 1e-10}
        assert wrong == where, witness


def test_kinks_are_named_and_kept_away_from() -> None:
    found = gradcheck(theory_of(read_text(PAGE)), points=20)
    assert found.agrees
    assert list(found.kinks) == ["z"]
    assert 1e-3 <= found.kinks["z"] < 0.2
    assert not gradcheck(network(), points=1).kinks


def test_constants_are_drawn_or_given() -> None:
    theory = theory_of(read_text(PAGE))
    assert gradcheck(theory, points=1, constants={"lambda_": 0.0}).agrees


def test_a_loss_without_a_value_cannot_be_checked() -> None:
    page = PAGE.replace(r"\frac{1}{2} \| a - y \|^2", r"\sum_k \log(a_k - 100)")
    with pytest.raises(Unchecked, match="no real number"):
        gradcheck(theory_of(read_text(page)))


SHARED = r"""
The data are $x \in \mathbb{R}^{d}$, the target $y \in \mathbb{R}^{k}$, the weights $W \in \mathbb{R}^{k \times d}$ and
the bias $b$ is a number.

$$z_i = \sum_{j=1}^d W_{ij} x_j + b$$

$$p_i = \frac{e^{z_i}}{\sum_{j=1}^k e^{z_j}}$$

$$L = \frac12 \sum_{i=1}^k (p_i - y_i)^2$$
"""


def test_a_derivative_that_is_zero_agrees() -> None:
    """A softmax does not change where all its arguments do alike, so the derivative by b is zero, and rounding."""
    assert gradcheck(theory_of(read_text(SHARED)), points=5).agrees
    own = numeric.compile(theory_of(read_text(SHARED)))
    head, gradients, rest = own.source.partition("def gradients")
    object.__setattr__(own, "source", head + (gradients + rest).replace("db = ", "db = 1e-9 + "))
    found = gradcheck(own, points=1)
    assert all(error > 1e-10 for error in found.errors["b"].values())
    assert all(error <= 1e-10 for error in found.errors["W"].values())


def test_constants_that_there_are_none_of() -> None:
    with pytest.raises(Unchecked, match="no constant mu: there is lambda_"):
        gradcheck(theory_of(read_text(PAGE)), constants={"mu": 1.0})
    with pytest.raises(Unchecked, match="no constant mu: it has no constant"):
        gradcheck(network(), constants={"mu": 1.0})


def test_what_is_too_large_for_so_many_digits() -> None:
    with pytest.raises(Unchecked, match="too many for 50 digits"):
        gradcheck(network((784, 512, 10)))
    with pytest.raises(Unchecked, match="no size k"):
        gradcheck(network(), sizes={"k": 3})


def test_targets_that_add_up_to_one_are_drawn_so(root: Path) -> None:
    page = read(root / "tests" / "cases" / "tanh-cross-entropy.md")
    theory = theory_of(page)
    assert [repr(name) for name in theory.distributions] == [r"\mathbf{y}"]
    own = numeric.compile(theory)
    assert "dz3 = y_hat - y," in own.source  # p - y, by the page's word
    assert "have to add up to 1" in own.source
    assert gradcheck(own, points=2).agrees


def test_exact_values_are_those_of_plain_arithmetic() -> None:
    theory = network((2, 2), "tanh", "squared error")
    rng = np.random.default_rng(0)
    W, b, x, y = (rng.standard_normal(shape) for shape in ((2, 2), (2, 1), (2, 1), (2, 1)))
    given = dict(zip((s.name for s in theory.symbols.values() if s.role != "value"), (x, W, b, y), strict=True))
    found = Exact(theory, {}, given).loss()
    assert float(found) == pytest.approx(0.5 * float(np.sum((np.tanh(W @ x + b) - y) ** 2)), rel=1e-14)
    with mp.workdps(50):
        assert len(str(found)) > 40


def test_functions_of_the_page_are_taken_at_its_word() -> None:
    page = r"""
$$x \in \mathbb{R}^{2}, \quad y \in \mathbb{R}^{2}, \quad W \in \mathbb{R}^{2 \times 2}$$

$$g(t) = \frac{1}{1 + e^{-t}}$$

$$a = g(W x)$$

$$L = \| a - y \|^2$$
"""
    theory = theory_of(read_text(page))
    given = {name: np.ones((2, 2) if name == Name("W") else (2, 1)) for name in (Name("x"), Name("y"), Name("W"))}
    found = Exact(theory, {}, given).loss()
    assert float(found) == pytest.approx(2 * (1 / (1 + math.exp(-2)) - 1) ** 2, rel=1e-14)


def test_a_general_function_has_no_gradients_to_check() -> None:
    page = PAGE.replace(r"\max(0, z)", "f(z)")
    with pytest.raises(NotLowerable):
        gradcheck(theory_of(read_text(page)))

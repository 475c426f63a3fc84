"""Functions of vectors at other vectors, sums over values, and what certifies a counterexample, beside NumPy."""

from __future__ import annotations

from itertools import product as pairs
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.algebra.names import Index, Name, fresh, size
from derive.algebra.normal import Normalizer
from derive.algebra.terms import Entry, Positive, Total, mul, neg, rename, sub
from derive.check import check
from derive.meaning.called import lone_call, with_calls
from derive.notation.parser import parse
from derive.notation.tree import Node, Symbol

PAGE = r"""
With $A \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^{n}$, $b \in \mathbb{R}^{m}$ and the number $c > 0$ let

$$f(u)_i = %s$$

$$\frac{\partial f(A x + b)_i}{\partial x_k} = %s$$
"""
BODIES = (
    (r"u_i \sum_j u_j^2", lambda u: u * np.sum(u**2)),
    (r"\frac{e^{u_i}}{\sum_j e^{u_j}}", lambda u: np.exp(u) / np.sum(np.exp(u))),
    (r"u_i - c \sum_j u_j", lambda u: u - 1.7 * np.sum(u)),
)
SLOPES = (
    (r"A_{ik} \sum_j (A x + b)_j^2 + 2 (A x + b)_i \sum_j A_{jk} (A x + b)_j", 0),
    (r"f(A x + b)_i \left( A_{ik} - \sum_j f(A x + b)_j A_{jk} \right)", 1),
    (r"A_{ik} - c \sum_j A_{jk}", 2),
)


def _slope_at(number: int, values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The slopes as the formulas above say them, in NumPy."""
    match number:
        case 0:
            return matrix * np.sum(values**2) + 2 * np.outer(values, values @ matrix)
        case 1:
            found = BODIES[1][1](values)
            return found[:, None] * (matrix - found @ matrix)
        case _:
            return matrix - 1.7 * np.sum(matrix, axis=0)


@pytest.mark.parametrize(("body", "slope"), list(pairs(range(3), range(3))))
def test_slopes_at_another_vector_agree_with_differences(body: int, slope: int, tmp_path: Path) -> None:
    random = np.random.default_rng(body)
    matrix, x, b = random.normal(size=(3, 2)), random.normal(size=2), random.normal(size=3)
    function, h = BODIES[body][1], 1e-6
    differences = np.stack(
        [(function(matrix @ (x + h * e) + b) - function(matrix @ (x - h * e) + b)) / (2 * h) for e in np.eye(2)], axis=1
    )
    true = np.allclose(differences, _slope_at(slope, matrix @ x + b, matrix), atol=1e-5)
    page = tmp_path / "page.md"
    page.write_text(PAGE % (BODIES[body][0], SLOPES[slope][0]))
    verdict = [each for each in check(page).documents[0].formulas if each.display][-1].verdict.value
    assert verdict == ("proved" if true else "refuted")


def test_a_counterexample_has_entries_that_exist(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Let $B \\in \\mathbb{R}^{m \\times k}$ with $m > k$.\n\n"
        "$$P = B (B^\\top B)^{-1} B^\\top$$\n\n$$P = I$$\n\n$$P P = P$$\n\n$$P B = B$$\n"
    )
    said = [each.verdict.value for each in check(page).documents[0].formulas if each.display]
    assert said == ["defined", "refuted", "proved", "proved"]


@given(st.permutations(range(4)))
def test_signs_under_sums_do_not_rest_on_names_of_indices(order: list[int]) -> None:
    n = size("n")
    indices = [fresh(n) for _ in range(4)]
    first, inner, second, other = (indices[place] for place in order)

    def of(outer: Index, within: Index) -> Total:
        weighed = Total(within, mul(Entry(Name("u"), (within,)), Entry(Name("z"), (within,))))
        return Total(outer, Positive(sub(Entry(Name("z"), (outer,)), weighed)))

    assert Normalizer().equal(of(first, inner), of(second, other))
    turned = Total(second, sub(Positive(Entry(Name("z"), (second,))), Positive(neg(Entry(Name("z"), (second,))))))
    assert not Normalizer().equal(turned, of(first, inner))
    assert Normalizer().equal(rename(of(first, inner), {}), of(other, second))


@pytest.mark.parametrize(
    ("latex", "arguments", "entry"),
    [
        (r"f(x)", 1, False),
        (r"S_j(a)", 1, False),
        (r"\operatorname{LS}(l)_k", 1, True),
        (r"[g(x)]_i", 1, True),
        (r"p(k \mid x)", 2, False),
        (r"\pi_\theta(a, s; t)", 3, False),
    ],
)
def test_calls_are_found(latex: str, arguments: int, entry: bool) -> None:
    found = lone_call(parse(latex))
    assert found is not None
    assert len(found.arguments) == arguments
    assert (found.entry is not None) is entry


def test_a_value_in_front_of_a_factor_is_no_call() -> None:
    def change(call: object) -> Node:
        return Symbol("v")

    assert with_calls(parse("f(x)"), change) == Symbol("v")
    assert lone_call(parse("a + b")) is None
    changed = with_calls(parse("f(x) (1 - y)"), change)
    assert changed == parse("(v) (1 - y)")

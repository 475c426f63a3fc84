"""The distributive law on array programs: the same values, and fewer products."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from derive.algebra.names import size
from numeric import program as p
from numeric.dialects import NUMPY
from numeric.expressions import Expressions
from numeric.factor import factored
from numeric.share import flat

N = size("n")
MATRICES = tuple(p.Variable(name, name, (N, N)) for name in "ABCD")
NUMBERS = (
    p.Variable("r", "r", (None, None)),
    p.Variable("s", "s", (None, None)),
    p.Number(Fraction(-1)),
    p.Number(Fraction(1, 2)),
)
RNG = np.random.default_rng(0)
VALUES: dict[p.Variable, Any] = {v: RNG.standard_normal((3, 3)) for v in MATRICES} | {NUMBERS[0]: 0.7, NUMBERS[1]: -1.3}  # type: ignore[dict-item]

matrices = st.sampled_from(MATRICES)
products = st.builds(p.Matmul, matrices, matrices)
sums = st.builds(lambda m: p.Reduce(m, 1), matrices)
terms = st.builds(
    lambda numbers, term: p.Multiply((*numbers, term)) if numbers else term,
    st.lists(st.sampled_from(NUMBERS), max_size=2),
    st.one_of(products, products, matrices),
)


def value(e: p.Expression) -> Any:
    """An expression's value, by rules of its own."""
    parts = [value(part) for part in e.parts()]
    match e:
        case p.Variable():
            return VALUES[e]
        case p.Number(value=number):
            return float(number)
        case p.Add():
            return sum(parts)
        case p.Multiply():
            return np.prod(np.broadcast_arrays(*parts), axis=0)
        case p.Matmul():
            return parts[0] @ parts[1]
        case p.Reduce():
            return parts[0].sum(axis=e.axis, keepdims=True)
    raise TypeError(e)


def count(e: p.Expression) -> int:
    return sum(isinstance(part, p.Matmul) for part in p.inside(e))


@settings(deadline=None, max_examples=300)
@given(st.lists(terms, min_size=2, max_size=5))
def test_values_stay(parts: list[p.Expression]) -> None:
    before = p.Add(tuple(parts))
    after = flat(factored(flat(before)))
    np.testing.assert_allclose(value(after), value(before), rtol=1e-12, atol=1e-12)
    assert p.shape_of(after) == p.shape_of(before)
    assert count(after) <= count(before)


def test_one_product_where_there_were_two() -> None:
    A, B, C, D = MATRICES
    r = NUMBERS[0]
    source = Expressions(NUMPY)
    minus = p.Number(Fraction(-1))
    assert source.text(factored(p.Add((p.Matmul(A, C), p.Multiply((minus, p.Matmul(B, C))))))) == "(A - B).dot(C)"
    assert source.text(factored(p.Add((p.Matmul(A, B), p.Matmul(A, C), D)))) == "A.dot(B + C) + D"
    scaled = p.Add((p.Multiply((r, p.Matmul(A, C))), p.Multiply((minus, r, p.Matmul(B, C)))))
    assert source.text(flat(factored(flat(scaled)))) == "r * (A - B).dot(C)"
    assert (
        source.text(factored(p.Add((p.Reduce(A, 1), p.Reduce(B, 1))))) == "np.add.reduce(A + B, axis=1, keepdims=True)"
    )

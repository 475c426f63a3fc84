"""Entries at shifted places: counts of sizes, rules for brackets beside brute force, gradients beside finite differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.algebra.counts import Count, counted, sized, whole
from derive.algebra.names import Index, Name, Size, size
from derive.algebra.normal import Normalizer
from derive.algebra.polynomial import Atom, Polynomial
from derive.algebra.shifts import bracket_of, holds, place
from derive.algebra.terms import Entry, Mul, Partial, Term, Total, mul, total
from derive.check import _placed, _trees, check_documents, judge_page, read_text
from derive.proof.arithmetic import Floats
from derive.proof.evaluate import Evaluation, Point
from derive.verdicts import Verdict

N, K, S = (counted(size(letter)) for letter in "NKS")
LETTERS = st.sampled_from([N, K, S, N - K + 1, N + K - 1, N * S, whole(2)])
NUMBERS = st.integers(-3, 3)


def lengths(values: Mapping[str, int]) -> Callable[[Size], int]:
    return lambda asked: counted(asked).at(lambda own: values[own.name])


@given(st.lists(st.tuples(LETTERS, NUMBERS), max_size=4), st.tuples(*[st.integers(1, 6)] * 3))
def test_counts_are_numbers(parts: list[tuple[Count, int]], values: tuple[int, int, int]) -> None:
    at = dict(zip("NKS", values, strict=True))
    value = lengths(at)
    made = sum((count * by for count, by in parts), whole(1))
    assert made.at(lambda own: at[own.name]) == 1 + sum(value(sized(count)) * by for count, by in parts)
    assert (made * made - made).at(lambda own: at[own.name]) == made.at(lambda own: at[own.name]) * (
        made.at(lambda own: at[own.name]) - 1
    )
    if made.surely_positive():
        assert made.at(lambda own: at[own.name]) >= 1


def test_sizes_have_one_form() -> None:
    assert sized(K + N - K) is size("N")
    assert sized(N - K + 1) is sized(whole(1) - K + N)
    assert sized(K - K + 3) is size(3)


INDICES = tuple(
    Index(f"{letter}{number}", sized(length))
    for number, (letter, length) in enumerate(
        [("n", N), ("i", N - K + 1), ("k", K), ("l", K), ("j", N - K + 1), ("p", N), ("q", N * S), ("r", S)]
    )
)
A = Name("A")


@st.composite
def sums(draw: st.DrawFn) -> Term:
    """A sum over some indices of a product of brackets, and of entries beside them."""
    factors: list[Term] = []
    for _ in range(draw(st.integers(1, 3))):
        own, *others = draw(st.lists(st.sampled_from(INDICES), min_size=2, max_size=3, unique=True))
        coefficients = {own: whole(-1)} | {index: draw(st.sampled_from([whole(1), whole(-1), S])) for index in others}
        factors.append(place(coefficients, whole(draw(st.integers(-1, 1))), own))
    if draw(st.booleans()):
        factors.append(Entry(A, (draw(st.sampled_from(INDICES)),)))
    body = mul(*factors)
    return total([index for index in sorted(body.free, key=repr) if draw(st.booleans())], body)


def brute(term: Term, at: Mapping[Index, int], length: Callable[[Size], int]) -> Fraction:
    match term:
        case Total():
            return sum(
                (brute(term.body, {**at, term.index: n}, length) for n in range(length(term.index.size))), Fraction(0)
            )
        case Mul():
            return prod((brute(factor, at, length) for factor in term.factors), start=Fraction(1))
        case Entry(name=name, indices=indices):
            bracket = bracket_of(name)
            places = [at[index] for index in indices]
            return Fraction(places[0] + 2) if bracket is None else Fraction(holds(bracket, places, length))
    raise AssertionError(term)


def valued(polynomial: Polynomial, at: Mapping[Index, int], length: Callable[[Size], int]) -> Fraction:
    found = Fraction(0)
    for monomial in polynomial.monomials:
        for places in product(*(range(length(index.size)) for index in monomial.bound)):
            here = {**at, **dict(zip(monomial.bound, places, strict=True))}
            found += monomial.coefficient * prod(
                (_atom(atom, here, length) ** int(e) for atom, e in monomial.factors), start=Fraction(1)
            )
    return found


def _atom(atom: Atom, at: Mapping[Index, int], length: Callable[[Size], int]) -> Fraction:
    places = [at[index] for index in atom.indices]
    match atom.kind:
        case "place":
            equation = atom.head
            terms = (by.at(length) * own for by, own in zip(equation.coefficients, places, strict=True))  # type: ignore[union-attr]
            return Fraction(sum(terms, equation.constant.at(length)) == 0)  # type: ignore[union-attr]
        case "delta":
            return Fraction(places[0] == places[1])
        case "extent":
            return Fraction(length(atom.head))  # type: ignore[arg-type]
        case "entry":
            return Fraction(places[0] + 2)
    raise AssertionError(atom.kind)


@settings(max_examples=300, deadline=None)
@given(sums(), st.sampled_from([(3, 2, 2), (4, 2, 1), (2, 1, 3), (1, 1, 1)]), st.data())
def test_rules_for_brackets_keep_values(term: Term, values: tuple[int, int, int], data: st.DataObject) -> None:
    length = lengths(dict(zip("NKS", values, strict=True)))
    at = {index: data.draw(st.integers(0, length(index.size) - 1)) for index in sorted(term.free, key=repr)}
    assert valued(Normalizer().polynomial(term), at, length) == brute(term, at, length)


PAGE = r"""
Given are the numbers $u_1, \ldots, u_T$ and the weights $v_1, \ldots, v_m$, and targets $d_1, \ldots, d_{T-m+1}$.
For $t = 1, \ldots, T - m + 1$

$$z_t = \sum_{q=1}^{m} v_q u_{t+q-1} + b$$

$$E = \frac{1}{2} \sum_{t=1}^{T-m+1} (z_t - d_t)^2$$
"""


@pytest.mark.parametrize("seed", range(2))
def test_gradients_are_those_of_finite_differences(seed: int) -> None:
    document = read_text(PAGE)
    theory = judge_page(_placed(document, _trees(document)[0])).understanding.theory
    evaluation = Evaluation(Point(theory, seed), Floats())
    length = evaluation.point.length
    T, m = length(size("T")), length(size("m"))

    def array(name: str, count: int) -> np.ndarray:
        index = Index("own", size(count))
        return np.array([evaluation.value(Entry(Name(name), (index,)), {index: n}) for n in range(count)])

    given_ = {"u": array("u", T), "v": array("v", m), "b": np.array([evaluation.value(Entry(Name("b")))])}
    rng = np.random.default_rng(seed)
    target = array("d", T - m + 1)

    def error(u: np.ndarray, v: np.ndarray, b: np.ndarray) -> float:
        out = np.array([v @ u[t : t + m] for t in range(T - m + 1)]) + b[0]
        return float(((out - target) ** 2).sum() / 2)

    for name, values in given_.items():
        direction = rng.normal(size=values.shape)
        step = 1e-6
        plus, minus = ({**given_, name: values + sign * step * direction} for sign in (1, -1))
        slope = (error(**plus) - error(**minus)) / (2 * step)
        symbol = theory.symbols[Name(name)]
        index = tuple(Index("by", own) for own in symbol.shape)
        partial = Partial(Entry(Name("E")), Entry(Name(name), index))
        exact = sum(
            evaluation.value(partial, dict(zip(index, (n,), strict=False))) * direction[n] for n in range(len(values))
        )
        assert exact == pytest.approx(slope, rel=1e-5, abs=1e-6)


def verdict(page: str) -> Verdict:
    """That on the last displayed formula of a page."""
    (document,) = check_documents([read_text(page)]).documents
    return [formula for formula in document.formulas if formula.display][-1].verdict


SLOPE = r"\frac{\partial J}{\partial w_k} = \sum_i \frac{\partial J}{\partial y_i} x_{i-k}"
BACK = r"\frac{\partial J}{\partial x_j} = \sum_k w_k \frac{\partial J}{\partial y_{j+k}}"


@pytest.mark.parametrize(
    ("words", "formula"),
    [
        ("All sums over places are taken modulo $N$.", SLOPE),
        ("The filter is symmetric.", BACK),
        ("With $w_k = w_{K-1-k}$.", BACK),
        (r"Entries are $x_1, \ldots, x_N$.", SLOPE),
        ("Take $K = 2$.", SLOPE),
    ],
)
def test_nothing_is_refuted_where_ends_or_sizes_are_special(words: str, formula: str) -> None:
    page = rf"""
$$y_i = \sum_{{k=0}}^{{K-1}} w_k x_{{i+k}}$$

$J$ is a differentiable function of $y$. {words}

$${formula}$$
"""
    assert verdict(page) is Verdict.UNKNOWN


def test_a_mistake_is_refuted_and_the_rest_is_not() -> None:
    page = r"""
$$y_i = \sum_{k=0}^{K-1} w_k x_{i+k}$$

$J$ is a differentiable function of $y$.

"""
    start = r"$$\frac{\partial J}{\partial w_k} = \sum_i \frac{\partial J}{\partial y_i} "
    assert verdict(page + start + "x_{i+k}$$") is Verdict.PROVED
    assert verdict(page + start + "x_{i-k}$$") is Verdict.REFUTED


@pytest.mark.parametrize("count", ["N", "N - K + 1", "0"])
def test_nothing_is_said_of_how_many_there_are_where_the_page_does_not(count: str) -> None:
    page = rf"""
A signal $x_0, \ldots, x_{{N-1}}$ and a filter $w_0, \ldots, w_{{K-1}}$ give

$$y_i = \sum_{{k=0}}^{{K-1}} w_k x_{{i+k}} + b, \qquad L = \sum_i y_i$$

$$\frac{{\partial L}}{{\partial w_k}} = \sum_{{i=0}}^{{N-1}} x_i$$

$$\frac{{\partial L}}{{\partial b}} = {count}$$
"""
    assert verdict(page) is Verdict.UNKNOWN

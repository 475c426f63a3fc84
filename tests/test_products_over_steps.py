"""Products of matrices over steps and maps that are left general, beside NumPy at chosen steps and sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.algebra.aligned import aligned
from derive.algebra.maps import map_entry
from derive.algebra.names import Index, Level, Name, Size
from derive.algebra.normal import Normalizer
from derive.algebra.rules import differentiate
from derive.algebra.steps import StepChain, StepMatrixPower, StepSum, fresh_letter, instantiate, step_sum
from derive.algebra.terms import (
    ZERO,
    Add,
    Delta,
    Entry,
    Mul,
    Num,
    Partial,
    Term,
    Total,
    add,
    delta,
    mul,
    num,
    sub,
    total,
)
from derive.proof.arithmetic import Floats
from derive.proof.evaluate import some_map

SIZE = 2
N = Size("n", None)
ROW, COLUMN, BETWEEN = (Index(label, N) for label in ("r", "c", "m"))
LAST, FIRST = 5, 2


def matrix(base: str, step: Level, row: Index, column: Index) -> Term:
    return Entry(Name(base, (step,)), (row, column))


def chain(base: str, first: Level, last: Level, row: Index, column: Index, by: int = 0) -> Term:
    letter = fresh_letter()
    i, j = Index(f"i{letter}", N), Index(f"j{letter}", N)
    return StepChain(i, j, matrix(base, Level(letter, by), i, j), letter, first, last, row, column)


def value(term: Term, at: dict[Index, int]) -> float:
    """The value of a term whose steps are numbers; the entries of all arrays are drawn by name."""
    match term:
        case Num(value=number):
            return float(number)
        case Entry(name=name, indices=indices):
            drawn = np.random.default_rng([ord(name.base[0]), *(level.offset + 50 for level in name.levels)])
            return float(drawn.normal(size=(SIZE,) * len(indices))[tuple(at[index] for index in indices)])
        case Delta(left=left, right=right):
            return float(at[left] == at[right])
        case Add(terms=terms):
            return sum(value(part, at) for part in terms)
        case Mul(factors=factors):
            return float(np.prod([value(part, at) for part in factors]))
        case Total(index=index, body=body):
            return sum(value(body, {**at, index: place}) for place in range(SIZE))
    raise AssertionError(f"{term!r} is no number yet")


def entries(term: Term, last: int = LAST, first: int = FIRST) -> np.ndarray:
    there = instantiate(term, {"t": Level("", last), "k": Level("", first)})
    return np.array([[value(there, {ROW: r, COLUMN: c}) for c in range(SIZE)] for r in range(SIZE)])


def array(base: str, step: int) -> np.ndarray:
    return np.random.default_rng([ord(base[0]), step + 50]).normal(size=(SIZE, SIZE))


T, K = Level("t", 0), Level("k", 0)


def test_the_last_factor_stands_on_the_left() -> None:
    product = np.eye(SIZE)
    for step in range(FIRST + 1, LAST + 1):
        product = array("A", step) @ product
    assert np.allclose(entries(chain("A", K.shifted(1), T, ROW, COLUMN)), product)


def test_no_factors_are_the_identity() -> None:
    assert instantiate(chain("A", K.shifted(1), T, ROW, COLUMN), {"t": K}) is delta(ROW, COLUMN)


@given(st.integers(-1, 2), st.integers(0, 2), st.integers(-1, 1))
@settings(max_examples=30, deadline=None)
def test_what_is_taken_out_at_an_end_leaves_the_product(late: int, early: int, by: int) -> None:
    """A longer product in terms of a shorter one is the same, and the two have one normal form."""
    longer = chain("A", K.shifted(early), T.shifted(late), ROW, COLUMN, by)
    peeled = total(
        (BETWEEN,),
        mul(
            matrix("A", T.shifted(late + by), ROW, BETWEEN),
            chain("A", K.shifted(early), T.shifted(late - 1), BETWEEN, COLUMN, by),
        ),
    )
    from_below = total(
        (BETWEEN,),
        mul(
            chain("A", K.shifted(early + 1), T.shifted(late), ROW, BETWEEN, by),
            matrix("A", K.shifted(early + by), BETWEEN, COLUMN),
        ),
    )
    for other in (peeled, from_below):
        assert np.allclose(entries(longer), entries(other))
        normal = Normalizer()
        assert normal.is_zero(normal.polynomial(aligned(sub(longer, other), normal.kind)))


@given(st.integers(-1, 1), st.integers(0, 2))
@settings(max_examples=20, deadline=None)
def test_sums_are_cut_where_a_product_has_no_factors(by: int, start: int) -> None:
    """The last member of a sum over products that begin there is taken out before the others are shortened."""
    s = fresh_letter()
    inside = chain("A", Level(s, start), T, ROW, COLUMN, by)
    whole = step_sum(s, K, T, mul(Entry(Name("g", (Level(s, 0),))), inside))
    shorter = total(
        (BETWEEN,),
        mul(matrix("A", T.shifted(by), ROW, BETWEEN), chain("A", K.shifted(1), T.shifted(-1), BETWEEN, COLUMN, by)),
    )
    both = add(whole, shorter)
    there = aligned(both, Normalizer().kind)
    for last in (LAST, LAST + 1):
        assert np.allclose(entries(both, last), entries(there, last))


def test_a_matrix_to_a_power_that_counts_steps() -> None:
    i, j = Index("i", N), Index("j", N)
    power = StepMatrixPower(i, j, Entry(Name("B"), (i, j)), ROW, COLUMN, (("k", -1), ("t", 1)), 1)
    further = total(
        (BETWEEN,),
        mul(
            Entry(Name("B"), (ROW, BETWEEN)),
            StepMatrixPower(i, j, Entry(Name("B"), (i, j)), BETWEEN, COLUMN, (("k", -1), ("t", 1)), 0),
        ),
    )
    normal = Normalizer()
    assert normal.is_zero(normal.polynomial(aligned(sub(power, further), normal.kind)))
    assert np.allclose(entries(power), entries(further))
    twice = sub(power, mul(num(2), further))
    assert not normal.is_zero(normal.polynomial(aligned(twice, normal.kind)))


def test_other_orders_and_other_matrices_are_other_products() -> None:
    turned = total(
        (BETWEEN,),
        mul(chain("A", K.shifted(1), T.shifted(-1), ROW, BETWEEN), matrix("A", T, BETWEEN, COLUMN)),
    )
    product = chain("A", K.shifted(1), T, ROW, COLUMN)
    for other in (turned, chain("B", K.shifted(1), T, ROW, COLUMN), chain("A", K, T, ROW, COLUMN)):
        normal = Normalizer()
        assert not normal.is_zero(normal.polynomial(aligned(sub(product, other), normal.kind)))


def test_the_derivative_of_a_product_is_that_of_its_factors_in_turn() -> None:
    """d(A_5 A_4 A_3)/dA_4 at one entry, beside a finite difference."""
    a, b = Index("a", N), Index("b", N)

    def entry(node: Entry) -> Term:
        if node.name.base != "A" or node.name.levels != (Level("", 4),):
            return ZERO
        return mul(delta(node.indices[0], a), delta(node.indices[1], b))

    def unresolved(node: Partial) -> Term:
        raise AssertionError

    written_out = instantiate(chain("A", K.shifted(1), T, ROW, COLUMN), {"t": Level("", 5), "k": Level("", 2)})
    slope = differentiate(written_out, entry, unresolved)
    found = np.array([[value(slope, {ROW: r, COLUMN: c, a: 1, b: 0}) for c in range(SIZE)] for r in range(SIZE)])
    unit = np.zeros((SIZE, SIZE))
    unit[1, 0] = 1
    assert np.allclose(found, array("A", 5) @ unit @ array("A", 3))


def test_the_derivative_of_a_product_between_letters() -> None:
    """Every step's matrix is the same function of one number x: d(prod A_s)/dx with dA_s/dx = B_s."""

    def entry(node: Entry) -> Term:
        return Entry(Name("B", node.name.levels), node.indices)

    def unresolved(node: Partial) -> Term:
        raise AssertionError

    slope = differentiate(chain("A", K.shifted(1), T, ROW, COLUMN), entry, unresolved)
    assert isinstance(slope, StepSum)
    expected = np.zeros((SIZE, SIZE))
    for varied in range(FIRST + 1, LAST + 1):
        product = np.eye(SIZE)
        for step in range(FIRST + 1, LAST + 1):
            product = array("B" if step == varied else "A", step) @ product
        expected += product
    assert np.allclose(entries(slope), expected)


@pytest.mark.parametrize("slots", [(), (0,), (1, 2), (0, 0)])
def test_some_map_has_the_derivatives_it_says(slots: tuple[int, ...]) -> None:
    at, step = [0.3, -0.7, 1.1], 1e-6
    for place in range(3):
        there = [[x + (sign * step if n == place else 0) for n, x in enumerate(at)] for sign in (1, -1)]
        up, down = (some_map(Floats(), "F", slots, each) for each in there)
        assert (up - down) / (2 * step) == pytest.approx(some_map(Floats(), "F", (*slots, place), at), abs=1e-6)


def test_equal_arguments_give_equal_values_and_nothing_else_is_known() -> None:
    k = Index("k", N)
    x, y = (Entry(Name(base), (k,)) for base in "xy")
    normal = Normalizer()

    def slope(body: Term, name: str = "f") -> Term:
        return map_entry(Name(name), k, body, (), (ROW,))

    assert normal.equal(slope(add(x, y)), slope(add(y, x)))
    assert not normal.equal(slope(x), slope(y))
    assert not normal.equal(slope(x), slope(x, "g"))
    assert not normal.equal(slope(add(x, y)), add(slope(x), slope(y)))

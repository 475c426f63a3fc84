"""Stacks of arrays against NumPy: their values, what the normal form makes of them, and derivatives through them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.algebra.arrays import (
    Array,
    ShapeMismatch,
    apply,
    array,
    hadamard,
    inner,
    matmul,
    plus,
    same,
    scalar,
    sum_entries,
    transpose,
)
from derive.algebra.names import Name, Size, size, together
from derive.algebra.normal import Normalizer
from derive.algebra.stacks import by_parts, partition, stacked
from derive.algebra.terms import Entry, Partial, mul, num, sub
from derive.calculus.chain import resolve
from derive.matrices import to_sympy
from derive.meaning.scope import NotUnderstood, Sizes
from derive.proof.arithmetic import Floats
from derive.proof.evaluate import Evaluation, Point
from derive.theory import Definition, Symbol, Theory

LENGTHS = {"p": 2, "q": 3, "r": 4, "k": 2}
P, Q, R, K = map(size, LENGTHS)
SHAPES = {
    "a": (P,), "b": (Q,), "c": (R,), "d": (P,), "y": (K,), "A": (K, P), "B": (K, Q), "C": (K, R),
    "W": (K, together(P, Q)), "V": (K, together(P, Q, R)),
}  # fmt: skip
BARE = Theory({Name(name): Symbol(Name(name), shape) for name, shape in SHAPES.items()}, {})


def length(one: Size) -> int:
    return sum(LENGTHS[part.name] if part.value is None else part.value for part in one.summands or (one,))


def at_point(theory: Theory, seed: int = 3) -> Evaluation:
    return Evaluation(Point(theory, seed, {own: LENGTHS[own.name] for own in (P, Q, R, K)}), Floats())


def values(value: Array, evaluation: Evaluation) -> Any:
    shape = tuple(length(one) for one in value.shape)
    places = (dict(zip(value.indices, at, strict=True)) for at in product(*map(range, shape)))
    return np.array([evaluation.value(value.body, at) for at in places]).reshape(shape)


def named(name: str) -> Array:
    return array(Name(name), SHAPES[name])


POINT = at_point(BARE)
GIVEN: dict[str, Any] = {name: values(named(name), POINT) for name in SHAPES}


@pytest.mark.parametrize(
    ("parts", "axis", "rank"),
    [("ab", 0, 1), ("ba", 0, 1), ("abc", 0, 1), ("AB", 1, 2), ("BAC", 1, 2), ("Ay", 1, 2), ("ad", 1, 2), ("ad", 0, 2)],
)
def test_values_are_those_of_numpy(parts: str, axis: int, rank: int) -> None:
    own = [GIVEN[name] if GIVEN[name].ndim == rank else np.expand_dims(GIVEN[name], axis) for name in parts]
    found = values(stacked([named(name) for name in parts], axis, rank), POINT)
    np.testing.assert_allclose(found, np.concatenate(own, axis=axis))


def test_numbers_take_one_place() -> None:
    found = values(stacked([named("a"), scalar(num(1)), named("b")], 0, 1), POINT)
    np.testing.assert_allclose(found, [*GIVEN["a"], 1, *GIVEN["b"]])


def test_what_is_not_equally_long_across_is_no_stack() -> None:
    with pytest.raises(ShapeMismatch):
        stacked([named("a"), named("b")], 1, 2)


VECTORS = st.sampled_from(["ab", "ba", "db", "abc", "cab", "bac"]).map(
    lambda names: stacked([named(name) for name in names], 0, 1)
)
FUNCTIONS = st.sampled_from(["tanh", "exp", "relu", "identity"])


@st.composite
def numbers(draw: st.DrawFn) -> Array:
    """A number made of a stack, or of its parts."""
    if draw(st.booleans()):
        name, function = draw(st.sampled_from("abcd")), draw(FUNCTIONS)
        part = apply(function, named(name))
        return draw(st.sampled_from([sum_entries(part), inner(part, named(name)), inner(part, part)]))
    vector = draw(VECTORS)
    other = draw(VECTORS.filter(lambda own: own.shape == vector.shape))
    left, right = apply(draw(FUNCTIONS), vector), apply(draw(FUNCTIONS), other)
    kinds: list[Callable[[], Array]] = [
        lambda: inner(left, right),
        lambda: sum_entries(left),
        lambda: sum_entries(hadamard(left, right)),
        lambda: inner(plus(left, right), right),
        lambda: sum_entries(matmul(named("W" if len(vector.shape[0].summands) == 2 else "V"), left)),
    ]
    return draw(st.sampled_from(kinds))()


@settings(deadline=None, max_examples=120)
@given(st.lists(numbers(), min_size=2, max_size=4), st.lists(st.sampled_from([-1, 1]), min_size=4, max_size=4))
def test_what_the_normal_form_calls_equal_is_equal(found: list[Array], signs: list[int]) -> None:
    left = found[0].body
    right = sum_of([mul(num(sign), each.body) for sign, each in zip(signs, found[1:], strict=False)])
    if Normalizer().equal(left, right):
        assert POINT.value(left) == pytest.approx(POINT.value(right))


@settings(deadline=None, max_examples=60)
@given(VECTORS, FUNCTIONS, FUNCTIONS)
def test_sums_over_a_stack_are_sums_over_its_parts(vector: Array, one: str, other: str) -> None:
    """The normal form has no stack left where nothing else stands at its axis, and the same value."""
    body = inner(apply(one, vector), apply(other, vector)).body
    normal = Normalizer().polynomial(body)
    heads = {type(atom.head).__name__ for monomial in normal.monomials for atom, _ in monomial.factors}
    assert "Selection" not in heads
    parts = [named(name) for name in "abcd"]
    whole = [inner(apply(one, part), apply(other, part)).body for part in parts]
    values_of = [POINT.value(each) for each in whole]
    choices = [
        chosen
        for chosen in product((0, 1), repeat=4)
        if sum(c * v for c, v in zip(chosen, values_of, strict=True)) == pytest.approx(POINT.value(body))
    ]
    assert any(
        Normalizer().equal(body, sum_of([mul(num(c), each) for c, each in zip(chosen, whole, strict=True)]))
        for chosen in choices
    )


def sum_of(terms: list[Any]) -> Any:
    result = num(0)
    for term in terms:
        result = sub(result, mul(num(-1), term))
    return result


def test_a_claim_about_a_stack_is_one_about_each_part() -> None:
    z, W, y = stacked([named("a"), named("b")], 0, 1), named("W"), named("y")
    back = matmul(transpose(W), y)
    assert len(partition(z.body, z.shape[0])) == 2
    taken_apart = stacked([_part(back, z, place) for place in (0, 1)], 0, 1)
    difference = sub(back.body, taken_apart.at(*back.indices))
    assert not Normalizer().equal(difference, num(0))
    assert all(Normalizer().equal(part, num(0)) for part in by_parts(difference))


def _part(value: Array, stack: Array, place: int) -> Array:
    """A part of a long vector: its product with the Jacobian of the stack by that part."""
    entry = named("ab"[place])
    assert isinstance(entry.body, Entry)
    slope = resolve(BARE, Partial(stack.body, entry.body))
    (index,) = stack.indices
    return Array(entry.indices, inner(Array((index,), value.at(index)), Array((index,), slope)).body)


def test_parts_that_do_not_fill_the_axis_are_not_taken_for_all_of_it() -> None:
    z = stacked([named("a"), named("b"), named("c")], 0, 1)
    first = next(iter(z.body.terms))  # type: ignore[attr-defined]
    assert partition(first, z.shape[0]) == ()
    assert list(by_parts(first)) == [first]


@pytest.mark.parametrize("variable", ["W", "a", "b"])
def test_derivatives_agree_with_differences(variable: str) -> None:
    z = stacked([apply("tanh", named("a")), named("b")], 0, 1)
    out = plus(matmul(named("W"), z, same), named("y"))
    loss = inner(out, out)
    theory = Theory(BARE.symbols, {Name("L"): Definition(Name("L"), loss)}, loss=Name("L"))
    entry = named(variable)
    assert isinstance(entry.body, Entry)
    slope = Array(entry.indices, resolve(theory, Partial(Entry(Name("L")), entry.body)))

    def value(given: dict[str, Any]) -> float:
        long = np.concatenate([np.tanh(given["a"]), given["b"]])
        return float(np.sum((given["W"] @ long + given["y"]) ** 2))

    found, step = values(slope, at_point(theory)), 1e-6
    for at in np.ndindex(found.shape):
        up, down = ({**GIVEN, variable: GIVEN[variable].copy()} for _ in range(2))
        up[variable][at] += step
        down[variable][at] -= step
        assert found[at] == pytest.approx((value(up) - value(down)) / (2 * step), rel=1e-5, abs=1e-7)


def test_sympy_has_the_same_values() -> None:
    import sympy

    z = stacked([named("a"), scalar(num(1))], 0, 1)
    written = to_sympy(z, BARE)
    sizes = {symbol: LENGTHS[symbol.name] for symbol in written.free_symbols if symbol.name in LENGTHS}
    assert [written.shape[0].subs(sizes), written.shape[1]] == [3, 1]
    entry, (p,) = written[2, 0], sizes
    assert sympy.KroneckerDelta(2, p) in entry.atoms(sympy.KroneckerDelta)  # the one stands behind p others
    assert len(entry.atoms(sympy.KroneckerDelta)) == 2


# sizes


def test_a_single_open_size_is_found() -> None:
    space = Sizes()
    one, m, n = space.open(), size("m"), size("n")
    assert space.agree(together(m, one), together(n, m))
    assert space.find(one) is n
    assert not space.agree(together(m, n), together(m, m))
    assert not space.agree(together(m, n), m)


def test_what_two_open_sizes_are_is_found_later_or_by_their_order() -> None:
    space = Sizes()
    one, other, m, n = space.open(), space.open(), size("m"), size("n")
    assert space.agree(space.stack(one, other), space.stack(n, m))
    space.agree(other, n)
    space.work_out()
    assert (space.find(one), space.find(other)) == (m, n)
    again = Sizes()
    first, second = again.open(), again.open()
    assert again.agree(again.stack(first, second), again.stack(n, m))
    again.work_out()
    assert (again.find(first), again.find(second)) == (n, m)


def test_no_size_is_its_own_part() -> None:
    space = Sizes()
    one = space.open()
    assert not space.agree(one, together(one, size("m")))


def test_nothing_is_guessed_of_sizes_when_all_shapes_are_found() -> None:
    space = Sizes()
    space.work_out()
    with pytest.raises(NotUnderstood):
        space.agree(together(space.open(), space.open()), together(size("m"), size("n")))

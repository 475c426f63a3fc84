"""Sums, powers and products over steps: what the normal form calls equal is equal at every number of steps."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.algebra.names import Level, Name
from derive.algebra.normal import Normalizer, TooLarge
from derive.algebra.steps import (
    StepDelta,
    StepSum,
    fresh_letter,
    instantiate,
    letters_of,
    number_of_steps,
    picked,
    step_power,
    step_product,
    step_sum,
)
from derive.algebra.terms import ONE, Add, Entry, Extent, Mul, Num, Pow, Term, add, mul, neg, num, power, sub
from derive.calculus.chain import local

STEP, J, K, R = (fresh_letter() for _ in range(4))
"""Letters of sums."""
END, NOW = Level("T", 0), Level("t", 0)


def at(base: str, letter: str, offset: int = 0) -> Entry:
    return Entry(Name(base, (Level(letter, offset),)))


W, V = Entry(Name("w")), Entry(Name("v"))


def value(term: Term, entries: Mapping[object, Fraction]) -> Fraction:
    """The value of a term without letters, in rational numbers."""
    match term:
        case Num():
            return term.value
        case Entry(name=name):
            seed = sum(map(ord, name.base)) * 7 + sum(level.offset * 3 for level in name.levels)
            return entries.get(term, Fraction(seed % 11 + 2, 7))
        case Extent(size=size):
            assert size.value is not None
            return Fraction(size.value)
        case Add(terms=terms):
            return sum((value(part, entries) for part in terms), Fraction(0))
        case Mul(factors=factors):
            result = Fraction(1)
            for factor in factors:
                result *= value(factor, entries)
            return result
        case Pow(base=base, exponent=exponent):
            return value(base, entries) ** int(exponent)
    raise AssertionError(f"{term!r} is no number yet")


def same_at(term: Term, other: Term, steps: int) -> bool:
    letters = {"T": Level("", steps), "t": Level("", steps - 1)}
    return value(instantiate(term, letters), {}) == value(instantiate(other, letters), {})


bodies = st.lists(
    st.one_of(
        st.builds(lambda base, by: at(base, STEP, by), st.sampled_from("xg"), st.integers(-1, 1)),
        st.builds(lambda by: step_power(W, {"t": 1, STEP: -1}, by), st.integers(-1, 2)),
        st.builds(
            lambda by: mul(at("x", STEP), step_product(J, Level(STEP, 1 + by), NOW, at("f", J))), st.integers(-1, 1)
        ),
        st.sampled_from([W, V, num(2), add(W, ONE)]),
    ),
    min_size=1,
    max_size=3,
).map(lambda factors: mul(*factors))


@settings(max_examples=60, deadline=None)
@given(bodies, st.integers(0, 2), st.sampled_from([END, NOW]), st.integers(-1, 1))
def test_a_sum_is_its_members_and_what_is_left(body: Term, first: int, last: Level, by: int) -> None:
    """However a sum is cut at its ends or counted otherwise, it is the same sum."""
    whole = step_sum(STEP, Level("", first), last, body)
    cut = add(
        instantiate(body, {STEP: Level("", first)}),
        step_sum(STEP, Level("", first + 1), last.shifted(-1), body),
        instantiate(body, {STEP: last}),
    )
    shifted = step_sum(R, Level("", first - by), last.shifted(-by), instantiate(body, {STEP: Level(R, by)}))
    for other in (cut, shifted):
        assert all(same_at(whole, other, steps) for steps in (4, 5))
        assert Normalizer().equal(whole, other)


@settings(max_examples=60, deadline=None)
@given(bodies, bodies, st.sampled_from([END, NOW]))
def test_what_is_proved_equal_is_equal(body: Term, other: Term, last: Level) -> None:
    one, two = (
        step_sum(STEP, Level("", 1), last, body),
        step_sum(K, Level("", 1), last, instantiate(other, {STEP: Level(K, 0)})),
    )
    try:
        proved = Normalizer().equal(one, two)
    except TooLarge:
        return
    if proved:
        assert all(same_at(one, two, steps) for steps in (3, 4, 5))


def test_a_geometric_sum_has_its_closed_form() -> None:
    summed = step_sum(STEP, Level("", 1), NOW, step_power(W, {"t": 1, STEP: -1}, 0))
    closed = mul(sub(ONE, step_power(W, {"t": 1}, 0)), power(sub(ONE, W), -1))
    normalizer = Normalizer()
    assert normalizer.equal(summed, closed)
    assert ("not one", None) in normalizer.assumptions
    assert not Normalizer().equal(summed, mul(closed, W))


def test_a_sum_of_what_no_step_changes_counts_the_steps() -> None:
    summed = step_sum(STEP, Level("", 1), END, mul(V, W))
    assert Normalizer().equal(summed, mul(V, W, Extent(number_of_steps(END))))
    assert not Normalizer().equal(step_sum(STEP, Level("", 2), END, V), mul(V, Extent(number_of_steps(END))))


def test_products_join_where_one_ends_and_the_next_begins() -> None:
    def product(first: Level, last: Level) -> Term:
        return step_product(J, first, last, at("f", J))

    start, middle = Level("", 1), Level("k", 0)
    assert Normalizer().equal(mul(product(start, middle), product(middle.shifted(1), NOW)), product(start, NOW))
    assert Normalizer().equal(mul(product(start, NOW.shifted(-1)), at("f", "t")), product(start, NOW))
    assert not Normalizer().equal(product(start, NOW), product(start, NOW.shifted(-1)))


def test_the_slope_of_a_sum_by_one_of_its_members_is_that_members() -> None:
    """Also where the sum has each of them twice, at its own step and at the next."""
    both = mul(at("h", STEP), at("h", STEP, -1))
    slope = picked(local(step_sum(STEP, Level("", 1), END, both), at("h", "t")), END)
    assert Normalizer().equal(slope, add(at("h", "t", -1), at("h", "t", 1)))


def test_the_last_member_has_no_next_step() -> None:
    both = mul(at("h", STEP), at("h", STEP, -1))
    slope = picked(local(step_sum(STEP, Level("", 1), END, both), at("h", "T")), END)
    assert Normalizer().equal(slope, at("h", "T", -1))


def test_which_of_two_steps_is_later_is_not_guessed() -> None:
    """`\\sum_{s=1}^{k} h_s` has a slope by `h_t` only where t is not after k, and nothing says so."""
    left = picked(local(step_sum(STEP, Level("", 1), Level("k", 0), at("h", STEP)), at("h", "t")), END)
    assert isinstance(left, StepSum)
    assert isinstance(left.body, StepDelta)
    with pytest.raises(TooLarge, match="which of two steps"):
        Normalizer().polynomial(left)


def test_bound_letters_are_nobodys_but_the_sums() -> None:
    inner = step_sum(STEP, Level("", 1), Level("k", 0), mul(at("x", STEP), at("y", "k")))
    moved = instantiate(inner, {"k": Level(STEP, 0)})
    assert isinstance(moved, StepSum)
    assert moved.letter != STEP
    assert moved.last == Level(STEP, 0)
    assert letters_of(inner) == {"k"}


def test_a_sum_between_two_numbers_is_written_out() -> None:
    assert step_sum(STEP, Level("", 1), Level("", 2), at("x", STEP)) is add(at("x", "", 1), at("x", "", 2))
    assert Normalizer().equal(step_sum(STEP, Level("", 2), Level("", 1), at("x", STEP)), num(0))
    assert step_product(STEP, Level("", 3), Level("", 2), at("x", STEP)) is ONE
    assert neg(step_sum(STEP, Level("", 1), Level("", 1), W)) is neg(W)

"""Keys of monomials: equal exactly when two of them are the same but for the names of summed indices and the order of factors."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from derive.algebra.names import Index, Name, fresh, size
from derive.algebra.polynomial import Atom, Monomial

N, M = size("n"), size("m")
FREE = Index("i", N)
Factors = tuple[tuple[str, tuple[int, ...]], ...]
"""What arrays stand at which indices: 0 is the free one, the others are summed."""

INDICES = 5
PLACES = st.integers(0, INDICES)
FACTORS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["a", "b"]), st.tuples(PLACES)),
        st.tuples(st.sampled_from(["A", "B"]), st.tuples(PLACES, PLACES)),
        st.tuples(st.just("C"), st.tuples(PLACES, PLACES, PLACES)),
    ),
    min_size=1,
    max_size=7,
).map(tuple)


def monomial(factors: Factors, wide: int) -> Monomial:
    """The product, summed over the indices from 1 on that occur; those above `wide` run over m, the others over n."""
    occurring = sorted({place for _, places in factors for place in places} - {0})
    indices = {place: fresh(N if place <= wide else M) for place in occurring} | {0: FREE}
    made = tuple(
        (Atom("entry", Name(name), tuple(indices[p] for p in places)), Fraction(1)) for name, places in factors
    )
    return Monomial(Fraction(1), made, tuple(indices[place] for place in occurring))


def alike(one: Factors, other: Factors, wide: int) -> bool:
    """By trying all ways in which the summed indices of both can correspond."""
    mine = sorted({place for _, places in one for place in places} - {0})
    theirs = sorted({place for _, places in other for place in places} - {0})
    if len(mine) != len(theirs):
        return False
    for order in permutations(theirs):
        there = dict(zip(mine, order, strict=True)) | {0: 0}
        if any((place <= wide) != (there[place] <= wide) for place in mine):
            continue
        if sorted((name, tuple(there[p] for p in places)) for name, places in one) == sorted(other):
            return True
    return False


@settings(max_examples=300, deadline=None)
@given(FACTORS, st.permutations(range(1, INDICES + 1)), st.randoms(use_true_random=False), st.integers(2, INDICES))
def test_names_and_order_do_not_matter(factors: Factors, names: list[int], shuffle: object, wide: int) -> None:
    there = {0: 0, **{place: place for place in range(1, INDICES + 1)}}
    low, high = [n for n in names if n <= wide], [n for n in names if n > wide]
    there |= dict(zip(range(1, wide + 1), low, strict=True)) | dict(
        zip(range(wide + 1, INDICES + 1), high, strict=True)
    )
    other = [(name, tuple(there[place] for place in places)) for name, places in factors]
    shuffle.shuffle(other)  # type: ignore[attr-defined]
    assert monomial(factors, wide).key({}, 0) == monomial(tuple(other), wide).key({}, 0)


@settings(max_examples=600, deadline=None)
@given(FACTORS, FACTORS, st.integers(2, INDICES))
def test_equal_keys_are_equal_sums(one: Factors, other: Factors, wide: int) -> None:
    same = monomial(one, wide).key({}, 0) == monomial(other, wide).key({}, 0)
    assert same == alike(one, other, wide)


@settings(max_examples=300, deadline=None)
@given(FACTORS, st.data())
def test_one_index_elsewhere(factors: Factors, data: st.DataObject) -> None:
    """Near misses: one index of one factor is another one."""
    at = data.draw(st.integers(0, len(factors) - 1))
    name, places = factors[at]
    axis, new = data.draw(st.integers(0, len(places) - 1)), data.draw(PLACES)
    changed = (name, (*places[:axis], new, *places[axis + 1 :]))
    other = (*factors[:at], changed, *factors[at + 1 :])
    same = monomial(factors, 3).key({}, 0) == monomial(other, 3).key({}, 0)
    assert same == alike(factors, other, 3)


def test_a_long_ring_is_the_same_from_wherever_it_is_read() -> None:
    """The trace of a power, whose indices only their neighbours tell apart, has one key for every start and direction of names."""
    ring = [fresh(N) for _ in range(12)]

    def trace(order: list[Index]) -> Monomial:
        pairs = zip(order, [*order[1:], order[0]], strict=True)
        return Monomial(
            Fraction(1), tuple((Atom("entry", Name("A"), pair), Fraction(1)) for pair in pairs), tuple(ring)
        )

    turned = trace([*ring[5:], *ring[:5]])
    assert trace(ring).key({}, 0) == turned.key({}, 0) == trace(ring[::-1]).key({}, 0)
    halves = Monomial(
        Fraction(1),
        tuple(
            (Atom("entry", Name("A"), pair), Fraction(1))
            for half in (ring[:6], ring[6:])
            for pair in zip(half, [*half[1:], half[0]], strict=True)
        ),
        tuple(ring),
    )
    assert trace(ring).key({}, 0) != halves.key({}, 0)

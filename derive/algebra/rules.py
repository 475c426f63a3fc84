r"""The rules of differentiation, one row for each kind of term.

Each row gives the derivative of a term by one entry `x[j]`, in terms of the derivatives of its parts. Everything is scalar
calculus over indexed entries (Spivak, Calculus, chapter 10): shapes, transposes and layouts come out of the indices alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from derive.algebra.maps import MapEntry
from derive.algebra.names import Level, fresh
from derive.algebra.polynomial import TooLarge
from derive.algebra.steps import (
    StepChain,
    StepDelta,
    StepMatrixPower,
    StepPower,
    StepProduct,
    StepSum,
    as_chain,
    fresh_letter,
    instantiate,
    step_sum,
)
from derive.algebra.terms import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Arg,
    Delta,
    Determinant,
    Entry,
    Extent,
    Fun,
    Inverse,
    Mul,
    Num,
    Partial,
    Positive,
    Pow,
    Term,
    Total,
    add,
    mul,
    num,
    power,
    rename,
    total,
)

Differentiate = Callable[[Term], Term]


@dataclass(frozen=True)
class Rule:
    """A row: what the rule is called, its formula, and the function that carries it out."""

    name: str
    formula: str
    apply: Callable[[Term, Differentiate], Term]


def _zero(term: Term, d: Differentiate) -> Term:
    return ZERO


def _sum(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, Add)
    return add(*(d(part) for part in term.terms))


def _product(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, Mul)
    factors = term.factors
    return add(*(mul(*factors[:n], d(factor), *factors[n + 1 :]) for n, factor in enumerate(factors)))


def _power(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, Pow)
    return mul(num(term.exponent), power(term.base, term.exponent - Fraction(1)), d(term.base))


def _total(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, Total)
    inside = d(term.body)
    return ZERO if inside is ZERO else Total(term.index, inside)


def _step_sum(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, StepSum)
    return step_sum(term.letter, term.first, term.last, d(term.body))


def _step_power(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, StepPower)
    return mul(term.exponent, StepPower(term.base, term.letters, term.offset - 1), d(term.base))


def _step_product(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, StepProduct)
    inside = d(term.body)
    letter = fresh_letter()
    shares = instantiate(mul(power(term.body, -1), inside), {term.letter: Level(letter, 0)})
    return ZERO if inside is ZERO else mul(term, step_sum(letter, term.first, term.last, shares))


def _step_chain(term: Term, d: Differentiate) -> Term:
    chain = as_chain(term) if isinstance(term, StepMatrixPower) else term
    if chain is None:
        raise TooLarge("a matrix to a power that counts steps in more than one way")
    assert isinstance(chain, StepChain)
    inside = d(chain.body)
    if inside is ZERO:
        return ZERO
    step, i, j = Level(fresh_letter(), 0), fresh(chain.i.size), fresh(chain.j.size)
    varied = rename(instantiate(inside, {chain.letter: step}), {chain.i: i, chain.j: j})
    after = StepChain(chain.i, chain.j, chain.body, chain.letter, step.shifted(1), chain.last, chain.row, i)
    before = StepChain(chain.i, chain.j, chain.body, chain.letter, chain.first, step.shifted(-1), j, chain.column)
    return step_sum(step.letter, chain.first, chain.last, total((i, j), mul(after, varied, before)))


def _map(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, MapEntry)
    inside = d(term.body)
    if inside is ZERO:
        return ZERO
    place = fresh(term.i.size)
    slope = MapEntry(term.i, term.j, term.body, term.name, term.out, (*term.slots, place))
    return total((place,), mul(slope, rename(inside, {term.i: place})))


def _function(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, Fun)
    inside = d(term.argument)
    return ZERO if inside is ZERO else mul(Fun(term.function, term.order + 1, term.argument), inside)


def _inverse(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, Inverse)
    inside = d(term.body)
    if inside is ZERO:
        return ZERO
    i, j = fresh(term.i.size), fresh(term.j.size)
    between = rename(inside, {term.i: i, term.j: j})
    left = Inverse(term.i, term.j, term.body, term.row, i)
    right = Inverse(term.i, term.j, term.body, j, term.column)
    return total((i, j), mul(MINUS_ONE, left, between, right))


def _determinant(term: Term, d: Differentiate) -> Term:
    assert isinstance(term, Determinant)
    inside = d(term.body)
    if inside is ZERO:
        return ZERO
    i, j = fresh(term.i.size), fresh(term.j.size)
    inverse = Inverse(term.i, term.j, term.body, j, i)
    return mul(term, total((i, j), mul(inverse, rename(inside, {term.i: i, term.j: j}))))


RULES: dict[type[Term], Rule] = {
    Num: Rule("constant", "dc/dx = 0", _zero),
    Extent: Rule("constant", "dn/dx = 0", _zero),
    Delta: Rule("constant", "d[i=j]/dx = 0", _zero),
    Arg: Rule("constant", "dc/dx = 0", _zero),
    Positive: Rule("step", "d[u>0]/dx = 0 away from u = 0", _zero),
    Add: Rule("sum", "d(u+v)/dx = du/dx + dv/dx", _sum),
    Total: Rule("sum", "d(sum_k u_k)/dx = sum_k du_k/dx", _total),
    StepSum: Rule("sum over steps", "d(sum_t u_t)/dx = sum_t du_t/dx", _step_sum),
    StepPower: Rule("counted power", "d(u^t)/dx = t u^(t-1) du/dx", _step_power),
    StepProduct: Rule("product over steps", "d(prod_t u_t)/dx = prod_t u_t sum_t (du_t/dx)/u_t", _step_product),
    StepChain: Rule(
        "product over steps", "d(prod_t A_t)/dx = sum_t (prod_{s>t} A_s) dA_t/dx (prod_{s<t} A_s)", _step_chain
    ),
    StepMatrixPower: Rule("counted power", "d(A^t)/dx = sum_s A^(t-s) dA/dx A^(s-1)", _step_chain),
    StepDelta: Rule("constant", "d[s=t]/dx = 0", _zero),
    Mul: Rule("product", "d(uv)/dx = (du/dx) v + u (dv/dx)", _product),
    Pow: Rule("power", "d(u^r)/dx = r u^(r-1) du/dx", _power),
    # Petersen and Pedersen, The Matrix Cookbook (2012), equations 40 and 41
    Inverse: Rule("inverse", "d(Y^-1)/dx = -Y^-1 (dY/dx) Y^-1", _inverse),
    Determinant: Rule("determinant", "d det(Y)/dx = det(Y) tr(Y^-1 dY/dx)", _determinant),
    MapEntry: Rule("chain", "d F(u)/dx = sum_k F'_k(u) du_k/dx", _map),
    Fun: Rule("chain", "d f(u)/dx = f'(u) du/dx", _function),
}


def differentiate(term: Term, entry: Callable[[Entry], Term], unresolved: Callable[[Partial], Term]) -> Term:
    """The derivative of a term: `entry` says what the derivative of a named entry is, `unresolved` that of a derivative which
    is itself still to be worked out. Shared parts are differentiated once, so the cost is linear in the size of the term."""
    seen: dict[Term, Term] = {}

    def d(node: Term) -> Term:
        found = seen.get(node)
        if found is None:
            if isinstance(node, Entry):
                found = entry(node)
            elif isinstance(node, Partial):
                found = unresolved(node)
            else:
                found = RULES[type(node)].apply(node, d)
            seen[node] = found
        return found

    return d(term)


def by_argument(body: Term) -> Term:
    """The derivative of a function's body by its argument.

    >>> from derive.algebra.terms import power
    >>> by_argument(power(Arg(0), 2))
    2*#0
    """
    seen: dict[Term, Term] = {}

    def d(node: Term) -> Term:
        if node not in seen:
            # what else a page lets a function depend on, such as a slope \alpha, stays fixed
            fixed = isinstance(node, Entry | Extent)
            seen[node] = ONE if isinstance(node, Arg) else ZERO if fixed else RULES[type(node)].apply(node, d)
        return seen[node]

    return d(body)

r"""Products expanded and powers cancelled, for derived expressions in which a quotient meets its own denominator.

A small polynomial arithmetic: a term is a sum of monomials, a monomial a rational number and powers of atoms, where
sums in a product stay atoms until something cancels against them. It is used where it makes an expression free of
quotients, and nowhere else, because a person would have left the rest as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from derive.algebra.terms import ONE, Add, Entry, Extent, Mul, Num, Pow, Term, Total, add, mul, num, power, walk
from derive.matrices.tidy import split_number, summed

Atoms = dict[Term, Fraction]
_MOST = 200


def quotients(term: Term) -> int:
    """How many denominators that depend on data a term has."""
    return sum(
        1
        for node in walk(term)
        if isinstance(node, Pow) and node.exponent < 0 and not isinstance(node.base, Extent | Num)
    )


def cancelled(term: Term) -> Term:
    """The term expanded as far as its quotients need it, like terms collected."""
    rest = _collected(_cleared(term))
    return rest if len(list(walk(rest))) <= _MOST else term


def _cleared(term: Term) -> list[Term]:
    """Products whose sum is the term; sums that hold quotients are multiplied out, so that those can cancel."""
    match term:
        case Add():
            return [piece for part in term.terms for piece in _cleared(part)]
        case Total(index=index, body=body):
            return [_pulled(summed(index, piece)) for piece in _cleared(body)]
        case Mul():
            return _product(term.factors)
        case _:
            return [term]


def _product(factors: Iterable[Term]) -> list[Term]:
    """A product's factors as powers of atoms, those that hold quotients multiplied out."""
    plain: list[Term] = []
    sums: list[list[Term]] = []
    for factor in factors:
        if isinstance(factor, Add | Total) and quotients(factor):
            sums.append(_cleared(factor))
        else:
            plain.append(factor)
    products: list[list[Term]] = [plain]
    for pieces in sums:
        products = [[*product, piece] for product in products for piece in pieces]
        if len(products) > _MOST:
            return [mul(*factors)]
    return [_merged(product) for product in products]


def _merged(factors: Iterable[Term]) -> Term:
    """A product with equal atoms gathered, so that a and 1/a cancel."""
    atoms: Atoms = {}
    coefficient = Fraction(1)
    stack = list(factors)[::-1]
    while stack:
        factor = stack.pop()
        match factor:
            case Num():
                coefficient *= factor.value
            case Mul():
                stack.extend(factor.factors[::-1])
            case Pow(base=Mul(factors=inside)) if factor.exponent.denominator == 1:
                stack.extend(power(inner, factor.exponent) for inner in inside[::-1])
            case Pow() if factor.exponent.denominator == 1:
                atoms[_canonical(factor.base)] = atoms.get(_canonical(factor.base), Fraction(0)) + factor.exponent
            case _:
                atoms[_canonical(factor)] = atoms.get(_canonical(factor), Fraction(0)) + 1
    return mul(num(coefficient), *(power(atom, exponent) for atom, exponent in atoms.items() if exponent))


def _canonical(term: Term) -> Term:
    """A sum with its terms in a fixed order, so that equal sums are the same term."""
    if isinstance(term, Add):
        return Add(tuple(sorted(term.terms, key=repr)))
    return term


def _pulled(term: Term) -> Term:
    """Factors that a sum's index does not reach, taken out in front of it."""
    if not isinstance(term, Total) or not isinstance(term.body, Mul):
        return term
    body = _merged(term.body.factors)
    factors = body.factors if isinstance(body, Mul) else (body,)
    outside = [factor for factor in factors if term.index not in factor.free]
    inside = [factor for factor in factors if term.index in factor.free]
    return _merged([*outside, summed(term.index, mul(*inside) if inside else ONE)])


def _collected(pieces: Iterable[Term]) -> Term:
    """Everything multiplied out where no quotient is left, and like monomials added up; positive ones first."""
    monomials: dict[frozenset[tuple[Term, Fraction]], tuple[Fraction, Term]] = {}
    for piece in pieces:
        for expanded in _expanded(piece):
            coefficient, body = split_number(expanded)
            factors = body.factors if isinstance(body, Mul) else (body,)
            key = frozenset((f.base, f.exponent) if isinstance(f, Pow) else (f, Fraction(1)) for f in factors)
            before, _ = monomials.get(key, (Fraction(0), body))
            monomials[key] = (before + coefficient, body)
    left = [(coefficient, body) for coefficient, body in monomials.values() if coefficient]
    left.sort(key=lambda pair: pair[0] < 0)
    return _factored(left)


def _factored(monomials: list[tuple[Fraction, Term]]) -> Term:
    """The sum of monomials, with the size of their coefficients and the numbers that all share in front."""
    if len(monomials) < 2:
        return add(*(mul(num(coefficient), body) for coefficient, body in monomials))
    sizes = {abs(coefficient) for coefficient, _ in monomials}
    common = sizes.pop() if len(sizes) == 1 else Fraction(1)
    factors = [body.factors if isinstance(body, Mul) else (body,) for _, body in monomials]
    numbers = [factor for factor in factors[0] if _number(factor) and all(factor in other for other in factors)]
    rest = add(
        *(
            mul(num(coefficient / common), *(factor for factor in own if factor not in numbers))
            for (coefficient, _), own in zip(monomials, factors, strict=True)
        )
    )
    return mul(num(common), *numbers, rest)


def _number(term: Term) -> bool:
    """A length, or a named number such as a rate."""
    base = term.base if isinstance(term, Pow) else term
    return isinstance(base, Extent) or (isinstance(base, Entry) and not base.indices)


def _expanded(term: Term) -> list[Term]:
    """A product's sums multiplied out."""
    if isinstance(term, Add):
        return [piece for part in term.terms for piece in _expanded(part)]
    if not isinstance(term, Mul):
        return [term]
    for place, factor in enumerate(term.factors):
        if isinstance(factor, Add) and not quotients(factor):
            rest = (*term.factors[:place], *term.factors[place + 1 :])
            return [piece for part in factor.terms for piece in _expanded(_merged([*rest, part]))]
    return [term]

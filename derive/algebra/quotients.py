"""Quotients of polynomials: what their terms have in common, and fractions made less by their own denominators."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from derive.algebra.functions import KNOWN
from derive.algebra.inverses import leading
from derive.algebra.polynomial import Atom, Factor, Monomial, Polynomial, collect, merged, multiplied


def content(polynomial: Polynomial) -> tuple[Fraction, tuple[Factor, ...], Polynomial]:
    """coefficient * common factors * rest, where rest's leading coefficient is one and it has no factor common to all."""
    lead = leading(polynomial)
    shared: dict[int, Factor] = {}
    for place, monomial in enumerate(polynomial.monomials):
        own = {
            atom.key({}, 0): (atom, exponent)
            for atom, exponent in monomial.factors
            if atom.free.isdisjoint(monomial.bound)
        }
        if place == 0:
            shared = own
            continue
        for key in {*shared, *own}:  # a factor missing from one of the two has exponent 0 there
            atom = (shared.get(key) or own[key])[0]
            least = min(shared[key][1] if key in shared else Fraction(0), own[key][1] if key in own else Fraction(0))
            shared[key] = (atom, least)
    common = tuple((atom, exponent) for atom, exponent in shared.values() if exponent)
    inverse = Monomial(1 / lead.coefficient, tuple((atom, -exponent) for atom, exponent in common))
    rest = collect(merged(multiplied(monomial, inverse)) for monomial in polynomial.monomials)
    return lead.coefficient, common, rest


def reduced(monomial: Monomial) -> Polynomial | None:
    """A monomial R M / P^k, where M leads P, as R / P^(k-1) - R (P - M) / P^k: fractions lose what their denominator leads with."""
    for atom, exponent in monomial.factors:
        if atom.kind != "base" or exponent > -1:
            continue
        denominator = atom.parts[0]
        lead = leading(denominator)
        left = _quotient(monomial, lead)
        if left is None:
            continue
        first = merged(multiplied(left, Monomial(1 / lead.coefficient, ((atom, Fraction(1)),))))
        rest = [
            merged(multiplied(left, Monomial(-m.coefficient / lead.coefficient, m.factors, m.bound)))
            for m in denominator.monomials
            if m is not lead
        ]
        return Polynomial((first, *rest))
    return _parted(monomial)


def _parted(monomial: Monomial) -> Polynomial | None:
    """A monomial R / (a^m P^k), where P = c + Q and a divides Q, as R / (c a^m P^(k-1)) - R Q / (c a^m P^k): by steps, partial
    fractions, in which no denominator has both a and P. With a = e^x and P = 1 + e^x they come with every sigmoid."""
    for atom, exponent in monomial.factors:
        if atom.kind != "base" or exponent > -1:
            continue
        denominator = atom.parts[0]
        constants = [m for m in denominator.monomials if not m.factors and not m.bound]
        others = [m for m in denominator.monomials if m.factors or m.bound]
        if len(constants) != 1 or not others or any(m.bound for m in others):
            continue
        shared = set.intersection(*({a.key({}, 0) for a, e in m.factors if e > 0} for m in others))
        below = any(e <= -1 and a is not atom and a.key({}, 0) in shared for a, e in monomial.factors)
        if not below:
            continue
        scaled = Monomial(monomial.coefficient / constants[0].coefficient, monomial.factors, monomial.bound)
        first = merged(multiplied(scaled, Monomial(Fraction(1), ((atom, Fraction(1)),))))
        rest = (merged(multiplied(scaled, Monomial(-m.coefficient, m.factors))) for m in others)
        return Polynomial((first, *rest))
    return None


def _quotient(monomial: Monomial, lead: Monomial) -> Monomial | None:
    """The monomial without the factors of `lead`, whose bound indices must occur nowhere else in it."""
    if not lead.factors or len(lead.bound) > len(monomial.bound):
        return None
    for images in permutations(monomial.bound, len(lead.bound)):
        mapping = dict(zip(lead.bound, images, strict=True))
        if any(a.size is not b.size for a, b in mapping.items()):
            continue
        powers = {atom.key({}, 0): (atom, exponent) for atom, exponent in monomial.factors}
        for atom, exponent in lead.factors:
            key = atom.renamed(mapping).key({}, 0)
            if key not in powers or powers[key][1] < exponent or exponent < 0:
                break
            powers[key] = (powers[key][0], powers[key][1] - exponent)
        else:
            rest = tuple(factor for factor in powers.values() if factor[1])
            if not any(not atom.free.isdisjoint(images) for atom, _ in rest):
                bound = tuple(index for index in monomial.bound if index not in images)
                return Monomial(monomial.coefficient, rest, bound)
    return None


def positive_atom(atom: Atom) -> bool:
    """Whether a factor is greater than zero whatever its variables are."""
    if atom.kind == "extent":
        return True
    if atom.kind == "function" and isinstance(atom.head, tuple) and isinstance(atom.head[0], str):
        known = KNOWN.get(atom.head[0])
        return known is not None and known.positive and atom.head[1] == 0
    if atom.kind == "base":
        return all(
            m.coefficient > 0 and all(positive_atom(inner) for inner, _ in m.factors) for m in atom.parts[0].monomials
        )
    return False

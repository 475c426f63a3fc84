"""Powers of rational numbers: what is rational in them, and the roots of primes that are left."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor, isqrt

from derive.algebra.polynomial import Atom, Polynomial, number, of_atom, plus
from derive.algebra.terms import fits

_LARGEST_RADICAND = 10**6
"""The largest number that is taken apart into primes."""


def splits(value: Fraction, exponent: Fraction) -> bool:
    """Whether a power of a number is written with roots of primes: of small positive numbers, to powers that fit a page."""
    small = max(value.numerator, value.denominator) < _LARGEST_RADICAND
    return value > 0 and small and fits(value, Fraction(floor(abs(exponent)) + 1))


def radicals(value: Fraction, exponent: Fraction) -> tuple[Fraction, tuple[tuple[Atom, Fraction], ...]]:
    """A power of a positive number as a rational number and powers of primes, each between zero and one."""
    scale, roots = Fraction(1), []
    for prime, count in _primes(value):
        whole = floor(count * exponent)
        left_over = count * exponent - whole
        scale *= Fraction(prime) ** whole
        if left_over:
            roots.append((Atom("base", None, (), (number(prime),)), left_over))
    return scale, tuple(roots)


def logarithm(value: Fraction) -> Polynomial:
    """The logarithm of a positive number, in those of primes where it is small: log 1/2 is minus log 2."""
    small = max(value.numerator, value.denominator) < _LARGEST_RADICAND
    parts = _primes(value) if small else ((value, 1),)
    return plus(
        *(of_atom(Atom("function", ("log", 0), (), (number(part),))).scaled(Fraction(by)) for part, by in parts)
    )


def _primes(value: Fraction) -> Iterator[tuple[int, int]]:
    """The primes of a positive number with their powers, negative below the line."""
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        prime = 2
        while part > 1:
            count = 0
            while part % prime == 0:
                part, count = part // prime, count + 1
            if count:
                yield prime, sign * count
            prime = prime + 1 if prime * prime <= part or part == 1 else part


def whole_power(atom: Atom, exponent: Fraction) -> tuple[Fraction, Fraction] | None:
    """A power of a prime as a rational number and what is left between zero and one; None where it is that already."""
    prime = atom.parts[0].constant
    whole = floor(exponent)
    if prime is None or prime <= 1 or not whole or not fits(prime, Fraction(whole)):
        return None
    return prime**whole, exponent - whole


def rational_power(value: Fraction, exponent: Fraction) -> Fraction | None:
    """A rational power of a rational number where that is rational and single-valued, else None."""
    if exponent.denominator == 1:
        return Fraction(value ** int(exponent)) if fits(value, exponent) else None
    if value <= 0 or exponent.denominator != 2:
        return Fraction(1) if value == 1 else None
    above, below = isqrt(value.numerator), isqrt(value.denominator)
    if above * above != value.numerator or below * below != value.denominator:
        return None
    return Fraction(above, below) ** exponent.numerator

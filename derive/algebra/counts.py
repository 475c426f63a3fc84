"""Whole numbers made of sizes: `N - K + 1` entries, a stride of s, a block that starts at `s i`.

>>> from derive.algebra.names import size
>>> n, k = (counted(size(letter)) for letter in "NK")
>>> length = sized(n - k + 1)
>>> length, counted(length) + k
(N-K+1, N+1)
>>> sized(counted(length) + k - 1) is size("N")
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import prod

from derive.algebra.names import Size, size, together

_MOST_PARTS = 24


@dataclass(frozen=True)
class Count:
    """A polynomial in sizes with whole coefficients: products of sizes by their names, with their multiples, in order."""

    parts: tuple[tuple[tuple[str, ...], int], ...] = ()

    def __add__(self, other: Count | int) -> Count:
        return _collected((*self.parts, *_count(other).parts))

    def __sub__(self, other: Count | int) -> Count:
        return self + _count(other) * -1

    def __mul__(self, other: Count | int) -> Count:
        return _collected(
            (tuple(sorted((*one, *more))), a * b) for one, a in self.parts for more, b in _count(other).parts
        )

    @property
    def number(self) -> int | None:
        """The number that this is, or None where it depends on sizes."""
        if not self.parts:
            return 0
        return self.parts[0][1] if len(self.parts) == 1 and not self.parts[0][0] else None

    @property
    def letters(self) -> frozenset[str]:
        return frozenset(name for names, _ in self.parts for name in names)

    def at(self, length: Callable[[Size], int]) -> int:
        """Its value where the sizes have values."""
        return sum(by * prod(length(size(name)) for name in names) for names, by in self.parts)

    def surely_positive(self, least: int = 1) -> bool:
        """Whether it is at least so much for all sizes from one on. False says nothing."""
        from_one = Count()
        for names, by in self.parts:
            product = _count(by)
            for name in names:
                product = product * (Count((((name,), 1),)) + 1)
            from_one = from_one + product
        rest = from_one - least
        return all(by >= 0 for _, by in rest.parts)

    def __repr__(self) -> str:
        shown = ""
        for names, by in sorted(self.parts, key=lambda part: (not part[0], part[1] < 0, -len(part[0]), part[0])):
            own = "" if abs(by) == 1 and names else str(abs(by))
            sign = "-" if by < 0 else "+" if shown else ""
            shown += sign + " ".join((own, *names)).strip()
        return shown or "0"


def _count(value: Count | int) -> Count:
    return value if isinstance(value, Count) else Count((((), value),) if value else ())


def _collected(parts: Iterable[tuple[tuple[str, ...], int]]) -> Count:
    found: dict[tuple[str, ...], int] = {}
    for names, by in parts:
        found[names] = found.get(names, 0) + by
    kept = tuple(sorted((names, by) for names, by in found.items() if by))
    if len(kept) > _MOST_PARTS:
        raise OverflowError("a number of entries with too many parts")
    return Count(kept)


def whole(value: int) -> Count:
    """A number as a count."""
    return _count(value)


def counted(length: Size) -> Count:
    """A size as a count."""
    if length.value is not None:
        return _count(length.value)
    if length.summands:
        return sum(map(counted, length.summands), Count())
    return Count(length.parts) if length.parts else Count((((length.name,), 1),))


def sized(count: Count) -> Size:
    """The size that a count is."""
    number = count.number
    if number is not None:
        return size(number)
    if len(count.parts) == 1 and count.parts[0][1] == 1 and len(count.parts[0][0]) == 1:
        return size(count.parts[0][0][0])
    if all(len(names) < 2 and by > 0 for names, by in count.parts):  # what is stacked has a size like this too
        alone = [size(*names) if names else size(by) for names, by in count.parts for _ in range(by if names else 1)]
        return together(*alone) if len(alone) <= _MOST_PARTS else Size(repr(count), None, count.parts)
    return Size(repr(count), None, count.parts)


@dataclass(frozen=True)
class Equation:
    """Coefficients times places, in an order, plus a constant, are zero."""

    coefficients: tuple[Count, ...]
    constant: Count

    @property
    def text(self) -> str:
        return f"{','.join(map(repr, self.coefficients))};{self.constant!r}"

    def key(self, places: Sequence[int]) -> tuple[object, ...]:
        """What the equation says of places with these labels: the same whatever their order, and the sign of the whole."""
        ways = []
        for sign in (1, -1):
            terms = zip(self.coefficients, places, strict=True)
            ways.append((tuple(sorted((repr(by * sign), label) for by, label in terms)), repr(self.constant * sign)))
        return min(ways)

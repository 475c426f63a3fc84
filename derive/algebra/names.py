"""Sizes, indices, layers and names: what the entries of arrays are told by.

All of them, and all terms, are interned: two that are built alike are the same object, so equality is identity, and each can be
a key.

>>> size("n") is size("n"), Name("W", (Level("", 2),))
(True, W^(2))
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from weakref import ref

_TABLE: dict[tuple[object, ...], ref[Any]] = {}
"""What is alive, by class and arguments. Nothing is made as often as terms, so this is a plain dictionary: a term that dies takes
its own entry out."""
T = TypeVar("T")


class Interned(type):
    """Classes whose instances are unique by their arguments; what is left out counts as its default."""

    def __call__(cls: type[T], *arguments: Any) -> T:
        known = _TABLE.get((cls, *arguments))
        found: T | None = None if known is None else known()
        if found is not None:
            return found
        defaults: tuple[Any, ...] = cls.__init__.__defaults__ or ()
        missing = cls.__init__.__code__.co_argcount - 1 - len(arguments)
        if 0 < missing <= len(defaults):
            return cls(*arguments, *defaults[len(defaults) - missing :])
        key = (cls, *arguments)
        found = super().__call__(*arguments)  # type: ignore[misc]
        _TABLE[key] = ref(found, partial(_TABLE.pop, key))  # called with the dead reference, the default of pop
        return found


@dataclass(frozen=True, eq=False)
class Size(metaclass=Interned):
    """The length of an index range: a symbol such as n, or a number; with `parts`, a sum of products of other sizes, `N-K+1`,
    as `derive.algebra.counts` makes it."""

    name: str
    value: int | None = None
    parts: tuple[tuple[tuple[str, ...], int], ...] = ()
    summands: tuple[Size, ...] = ()
    """What it is the sum of; build with `together`."""

    def __repr__(self) -> str:
        return self.name


def together(*sizes: Size) -> Size:
    """The size of what is stacked: the sum, in whatever order.

    >>> together(size("n"), size(1)) is together(size(1), size("n")), together(size(2), size(3)) is size(5)
    (True, True)
    """
    flat = [part for each in sizes for part in each.summands or (each,)]
    number = sum(part.value for part in flat if part.value is not None)
    symbols = sorted((part for part in flat if part.value is None), key=lambda part: part.name)
    parts = (*symbols, size(number)) if number or not symbols else tuple(symbols)
    if len(parts) == 1:
        return parts[0]
    times = {part: parts.count(part) for part in parts}
    return Size("+".join(f"{n if n > 1 else ''}{part.name}" for part, n in times.items()), None, (), parts)


def size(name: str | int) -> Size:
    """The size of that name, or of that number."""
    return Size(str(name), name if isinstance(name, int) else None)


@dataclass(frozen=True, eq=False)
class Index(metaclass=Interned):
    """A running index and the size of its range."""

    label: str
    size: Size

    def __repr__(self) -> str:
        return self.label


_counter = itertools.count(1)


def fresh(range_size: Size) -> Index:
    """An index that occurs nowhere else."""
    return Index(f"_{next(_counter)}", range_size)


@dataclass(frozen=True, eq=False)
class Level(metaclass=Interned):
    """A layer or time index: a number (letter ""), or a letter shifted by a number, as in `l+1`."""

    letter: str
    offset: int

    def __repr__(self) -> str:
        if not self.letter:
            return str(self.offset)
        return self.letter + (f"{self.offset:+d}" if self.offset else "")

    def shifted(self, by: int) -> Level:
        return Level(self.letter, self.offset + by)


def level_from(text: str) -> Level:
    """A layer or time index from what `repr` makes of it."""
    for cut, character in enumerate(text):
        if character in "+-" and cut:
            return Level(text[:cut], int(text[cut:]))
    return Level("", int(text)) if text.lstrip("-").isdigit() else Level(text, 0)


@dataclass(frozen=True, eq=False)
class Name(metaclass=Interned):
    """What a document calls a quantity: a base and its layer or time indices. `W^{(2)}` is Name("W", (Level("", 2),))."""

    base: str
    levels: tuple[Level, ...] = ()

    def __repr__(self) -> str:
        return self.base + "".join(f"^({level!r})" for level in self.levels)


@dataclass(frozen=True, eq=False)
class Selection(Name):
    """The constant array that puts a part in its place in a stack: its entry (s, i) is one where s = start + i. Sizes stand at its
    indices; for a part of a single row there is no i."""

    start: Size = Size("0", 0)

    def __repr__(self) -> str:
        return f"rows from {self.start!r}"

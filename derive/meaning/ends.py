"""How long the arrays of a page with shifted entries are, and where they end."""

from __future__ import annotations

from derive.algebra.counts import Count, counted, sized
from derive.algebra.names import Name, Size, size
from derive.meaning.scope import Axis, Shape, Shifts
from derive.meaning.shapes import ShapeTable
from derive.theory import Ends

_LONGEST_FILTER = 5


def declare_lengths(table: ShapeTable, shifts: Shifts) -> None:
    """Take in how many entries arrays have, and which letters are sizes."""
    for letter in sorted(shifts.counts):
        table.sizes.setdefault(letter, size(letter))
    for base in sorted({base for base, _ in shifts.lengths}):
        name = _name(table, base)
        axes = sorted(axis for own, axis in shifts.lengths if own == base)
        if name in table.shapes or axes != list(range(len(axes))) or table.ranks.get(name.base, len(axes)) != len(axes):
            continue
        table.shapes[name] = Shape(tuple(sized(shifts.lengths[base, axis]) for axis in axes))
        table.ranks.setdefault(name.base, len(axes))


def ends_of(table: ShapeTable, shifts: Shifts) -> Ends:
    """The sizes of the axes that have ends which shifts may reach, and of those that shift others."""
    short = frozenset(_sizes(table, shifts.short))
    long: set[Size] = set()
    for length in _sizes(table, shifts.long):
        parts = {size(letter) for letter in counted(length).letters}
        long |= ({length} if not (length.parts or length.summands) else parts) - short
    unsure = {
        length for axis in shifts.short if axis not in shifts.first for length in _sizes(table, frozenset({axis}))
    }
    untold = frozenset(length for length in long if length.name not in table.sizes)
    from_zero = frozenset((_name(table, base).base, axis) for (base, axis), first in shifts.first.items() if not first)
    letters = frozenset(letter for letter, first in shifts.starts.items() if not first)
    reach = max((length.value for length in short if length.value is not None), default=0)
    margin = None if shifts.margin is None or reach > _LONGEST_FILTER else shifts.margin + 2 * max(0, reach - 3)
    return Ends(frozenset(long), short, frozenset(unsure), untold, margin, _blocks(table, shifts), from_zero, letters)


def _blocks(table: ShapeTable, shifts: Shifts) -> dict[Size, Count]:
    found: dict[Size, Count] = {}
    for axis, (block, blocks) in shifts.blocks.items():
        own, several = (_sizes(table, frozenset({each})) for each in (axis, blocks))
        for length in own:
            for number in several:
                count = block * counted(number)
                told = length.parts or length.summands or length.value is not None or axis in shifts.lengths
                if not told and length.name not in count.letters and length not in found:
                    found[length] = count
    return {length: count for length, count in found.items() if not count.letters & {own.name for own in found}}


def _sizes(table: ShapeTable, axes: frozenset[Axis]) -> set[Size]:
    found = set()
    for base, axis in axes:
        shape = table.known(_name(table, base))
        if shape is not None and axis < shape.rank:
            found.add(table.space.find(shape.sizes[axis]))
    return found


def _name(table: ShapeTable, base: str) -> Name:
    return Name(table.vocabulary.entries_of.get(base, base))

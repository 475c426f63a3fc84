r"""A network of any depth at one depth, so that it has values.

Where a page defines its layers as a family, `z^l = w^l a^{l-1} + b^l` for l up to L, proofs speak of every l at once. Values need
numbers: `at_depth` writes the layers out for one L. What is false at some depth and layer is false as stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from derive.algebra.arrays import Array
from derive.algebra.maps import MapEntry
from derive.algebra.names import Index, Level, Name
from derive.algebra.steps import (
    ANY_STEP,
    StepChain,
    StepProduct,
    StepSum,
    at_level,
    instantiate,
    is_bound,
    letters_of,
    size_at,
)
from derive.algebra.terms import Partial, Term, names, rename, walk
from derive.meaning.clocks import ENDLESS
from derive.theory import Definition, Symbol, Theory, family_letters

DEPTH = 4
"""Deep enough for a hidden layer with hidden layers on both sides."""
_MOST_LAYERS = 12
_MOST_LETTERS = 2


@dataclass(frozen=True)
class Deep:
    """A theory with its layers written out, and the number that stands for the last one's letter."""

    theory: Theory
    last: Mapping[str, Level]
    layers: int = DEPTH
    first: int | None = None
    """The first step of families that run over time; what stands before it is given."""

    def claims(
        self, left: Term, right: Term, indices: Iterable[Index]
    ) -> Iterator[tuple[str, Term, Term, list[Index], bool]]:
        """The claim at each layer at which all its names exist: the layer in words, both sides, the free indices, and whether two
        letters stand for one step."""
        letters = sorted((letters_of(left) | letters_of(right)) - {*self.last})
        free = list(indices)
        if len(letters) > (1 if self.first is None else _MOST_LETTERS):
            return
        numbers = range(self.first or 0, self.layers + 1)
        ranges = {
            (node.first, node.last)
            for node in (*walk(left), *walk(right))
            if isinstance(node, StepSum | StepProduct | StepChain)
            if not is_bound(node.first.letter) and not is_bound(node.last.letter)
        }
        for chosen in (
            {letter: Level("", number) for letter, number in zip(letters, chosen, strict=True)}
            for chosen in product(numbers, repeat=len(letters))
        ):
            assigned = {**self.last, **chosen}
            if any(at_level(last, assigned).offset < at_level(first, assigned).offset - 1 for first, last in ranges):
                continue  # a sum from one step to another speaks of steps in that order
            resized = {index: Index(index.label, size_at(index.size, assigned)) for index in free}
            sides = [rename(instantiate(term, assigned), resized) for term in (left, right)]
            if all(self._exists(name) for side in sides for name in names(side)):
                told = ((letter, level) for letter, level in assigned.items() if letter != ENDLESS)
                said = ", ".join(f"{letter} = {level!r}" for letter, level in told)
                yield said, sides[0], sides[1], list(resized.values()), len({*chosen.values()}) < len(chosen)

    def granted(self, unit: Mapping[Name, int]) -> dict[Name, int]:
        """Arrays whose entries add up to one, those of a family at each of its members."""
        return {
            name: axis
            for family, axis in unit.items()
            for name in (family, *self.theory.symbols)
            if name is family or family_letters(family, name) is not None
        }

    def _exists(self, name: Name) -> bool:
        if name in self.theory.definitions or name in self.theory.general:
            return True
        if not name.levels and name not in self.theory.symbols:
            return True  # the argument of a function of one number
        if self.first is not None and any(level.offset < self.first for level in name.levels if not level.letter):
            return any(name in self.theory.used(owner) for owner in self.theory.definitions)  # such as `h^(0)`
        # below its first layer a family that is defined has no members
        return name in self.theory.symbols and all(
            name.base != own.base or (not name.levels and _is_iteration(own, definition))
            for own, definition in self.theory.definitions.items()
        )


def _is_iteration(name: Name, definition: Definition) -> bool:
    r"""Whether it is a step of descent, `\beta^{(r+1)} = \beta^{(r)} - \gamma \, \partial R / \partial \beta^{(r)}`."""
    return any(
        (isinstance(node, Partial) and node.by.name.base == name.base)
        or (isinstance(node, MapEntry) and node.slots and any(own.base == name.base for own in names(node.body)))
        for node in walk(definition.value.body)
    )


def at_depth(theory: Theory) -> Deep:
    """The theory with `DEPTH` layers, or as many as the page has numbers for; written out once."""
    found = theory.kept.get("deep")
    if not isinstance(found, Deep):
        found = theory.kept["deep"] = _written_out(theory)
    return found


def _written_out(theory: Theory) -> Deep:
    numbered = (level.offset for name in theory.definitions for level in name.levels if not level.letter)
    depth = max(DEPTH, min(max(numbered, default=0), _MOST_LAYERS))
    families = {name: d for name, d in theory.definitions.items() if any(level.letter for level in name.levels)}
    running = {
        level.letter
        for name, definition in theory.definitions.items()
        for level in name.levels
        for used in names(definition.value.body)
        if level.letter and any(each.letter == level.letter and each.offset < level.offset for each in used.levels)
    }
    # letters of recursions: where one stands for the last step as well, its families still have all the steps before
    last_letters = {} if theory.last is None else {theory.last.letter: Level("", depth)}
    if theory.clock is not None:
        last_letters[theory.clock[1].letter] = Level("", depth)
    definitions: dict[Name, Definition] = {}
    for name, definition in theory.definitions.items():
        if any(level.letter not in last_letters for level in name.levels if level.letter):
            continue
        found = _instance(name, definition, last_letters)
        definitions[found.name] = found
    lowest = 1 + max(
        (level.offset for name in definitions for level in name.levels if any(f.base == name.base for f in families)
         and level.offset < depth - 1),
        default=0,
    )  # fmt: skip
    for number in range(lowest - 1, depth + 1):
        for name, definition in families.items():
            letters = {level.letter for level in name.levels if level.letter} - (set(last_letters) - running)
            # `z^{(l+1)} = W^{(l)} a^{(l)}` begins a layer below the first that it defines
            if not letters or (number < lowest and any(level.offset < 1 for level in name.levels if level.letter)):
                continue
            assigned = {**last_letters, **{letter: Level("", number) for letter in letters}}
            found = _instance(name, definition, assigned)
            used = [level.offset for other in names(found.value.body) for level in other.levels]
            if found.name not in definitions and max(used, default=0) <= depth:
                definitions[found.name] = found
    symbols: dict[Name, Symbol] = {}
    for name, symbol in theory.symbols.items():
        letters = {level.letter for level in name.levels if level.letter} - set(last_letters)
        for number in range(lowest - 1, depth + 1) if letters else (0,):
            assigned = {**last_letters, **{letter: Level("", number) for letter in letters}}
            own = Name(name.base, tuple(at_level(level, assigned) for level in name.levels))
            shape = tuple(size_at(length, assigned) for length in symbol.shape)
            symbols[own] = Symbol(own, shape, symbol.role, symbol.row)
    ordered = _in_order(definitions)
    general = {}
    for name, direct in theory.general.items():
        letters = {level.letter for own in (name, *direct) for level in own.levels if level.letter} - set(last_letters)
        for number in range(lowest, depth + 1) if any(level.letter for level in name.levels) else (0,):
            assigned = {**last_letters, **({letter: Level("", number) for letter in letters} if name.levels else {})}
            member, *given = (
                Name(own.base, tuple(at_level(level, assigned) for level in own.levels)) for own in (name, *direct)
            )
            general[member] = tuple(
                each
                for own in given
                for each in (
                    [Name(own.base, (Level("", step),)) for step in range(lowest, depth + 1)]
                    if any(level.letter == ANY_STEP for level in own.levels)
                    else [own]
                )
            )
    deep = Theory(
        symbols,
        ordered,
        theory.functions,
        theory.loss,
        theory.batch,
        None,
        theory.spellings,
        theory.title,
        general,
        theory.symmetric,
        _values_at(theory, symbols),
        None if theory.clock is None else (theory.clock[0], Level("", depth)),
        ends=theory.ends,
    )
    first = None if theory.clock is None else theory.clock[0].offset
    return Deep(deep, last_letters, depth, first)


def _values_at(theory: Theory, symbols: Mapping[Name, Symbol]) -> dict[Name, tuple[Fraction, Fraction]]:
    """The two values of given arrays, those of a family at each of its members."""
    return {
        name: values
        for family, values in theory.values.items()
        for name in symbols
        if name is family or family_letters(family, name) is not None
    }


def _instance(name: Name, definition: Definition, assigned: Mapping[str, Level]) -> Definition:
    own = Name(name.base, tuple(at_level(level, assigned) for level in name.levels))
    value = definition.value
    indices = tuple(Index(index.label, size_at(index.size, assigned)) for index in value.indices)
    body = rename(instantiate(value.body, assigned), dict(zip(value.indices, indices, strict=True)))
    return Definition(own, Array(indices, body, value.row), definition.source)


def _in_order(definitions: Mapping[Name, Definition]) -> dict[Name, Definition]:
    done: dict[Name, Definition] = {}

    def visit(name: Name) -> None:
        if name in done or name not in definitions:
            return
        for used in sorted(names(definitions[name].value.body), key=repr):
            if used is not name:
                visit(used)
        done[name] = definitions[name]

    for name in definitions:
        visit(name)
    return done

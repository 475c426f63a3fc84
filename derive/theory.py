r"""A theory: what a document, or a network built by hand, says about its quantities.

It is a straight-line program. Symbols have shapes and roles; definitions stand in an order in which each uses only what comes
before it (layer families may use their own neighbours). Everything after this point (derivatives, verdicts, handouts, code)
is computed from a theory and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from derive.algebra.arrays import Array
from derive.algebra.counts import Count
from derive.algebra.names import Index, Level, Name, Size
from derive.algebra.steps import ANY_STEP, at_level, instantiate, size_at
from derive.algebra.terms import Entry, Term, names, rename

if TYPE_CHECKING:
    from derive.face import Gradient

Role = Literal["input", "target", "parameter", "constant", "value"]
"""input: data x; target: data y; parameter: what training changes; constant: fixed numbers such as a rate; value: defined."""


@dataclass(frozen=True)
class Symbol:
    r"""A named array: its shape, its role, and the LaTeX of its base (`\mathbf{W}`, `\hat{y}`)."""

    name: Name
    shape: tuple[Size, ...]
    role: Role = "constant"
    row: bool = False


@dataclass(frozen=True)
class Definition:
    """`name := value`. `source` is the line of the document, 0 when built by hand."""

    name: Name
    value: Array
    source: int = 0


@dataclass(frozen=True)
class FunctionDefinition:
    """A function of one real number: its body over `Arg(0)`, or None where the document leaves it general.

    `known` is the row of `derive.algebra.functions` that it was recognised as (proved equal to), else "".
    """

    name: str
    body: Term | None
    known: str = ""
    source: int = 0


@dataclass(frozen=True)
class Spelling:
    r"""How a base is written: its LaTeX, and how its layer index is attached: `W^{(2)}` "(2)", `W^{[2]}` "[2]", `W^2` "2",
    `W_2` "_2", and "" when it has none."""

    latex: str
    level: Literal["", "(2)", "[2]", "2", "_2", "_(2)", "_[2]"] = "(2)"


SUM_OVER_INPUTS = r"\sum_"
"""What the names of factors that stand for sums over inputs start with."""


@dataclass(frozen=True)
class Ends:
    r"""Where arrays with shifted entries, `x_{i+k}`, end, and how values keep away from there.

    Pages differ in what stands beyond the ends of an array (nothing, zeros, the other end), and mostly do not say. So values are
    looked at where this makes no difference: given arrays are zero near the ends of their `long` axes, farther than shifts reach
    (`margin`), and claims are compared in the middle. `short` axes, such as a filter's, are run through by the shifts.
    """

    long: frozenset[Size] = frozenset()
    short: frozenset[Size] = frozenset()
    unsure: frozenset[Size] = frozenset()
    """Short axes of which the page does not say whether they are counted from zero or one: what is there in both cases counts."""
    untold: frozenset[Size] = frozenset()
    """Long axes of which the page does not say how many entries they have: with zeros around them there are more."""
    margin: int | None = None
    """None where shifts reach too far for any point."""
    blocks: Mapping[Size, Count] = field(default_factory=dict)
    """How long axes that are cut into blocks are at a point, where the page does not say."""
    from_zero: frozenset[tuple[str, int]] = frozenset()
    """Axes of arrays, by their letters, that the page counts from zero: others are shown counted from one."""
    letters_from_zero: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Theory:
    """Symbols, functions and definitions. `loss` is the scalar that is minimised, if the document has one.

    `batch` is the size that counts examples, when the definitions are written for a whole batch. `last` is the last layer of a
    network whose layers are families (`L` in `a^L`): no definition reaches beyond it.
    """

    symbols: Mapping[Name, Symbol]
    definitions: Mapping[Name, Definition]
    functions: Mapping[str, FunctionDefinition] = field(default_factory=dict)
    loss: Name | None = None
    batch: Size | None = None
    last: Level | None = None
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    title: str = ""
    general: Mapping[Name, tuple[Name, ...]] = field(default_factory=dict)
    """Scalars that the page leaves general ("any differentiable loss"), with what they depend on directly."""

    symmetric: frozenset[Name] = frozenset()
    """Given matrices that the page calls symmetric."""

    values: Mapping[Name, tuple[Fraction, Fraction]] = field(default_factory=dict)
    r"""Given arrays whose entries have one of two values: `y_i \in \{0, 1\}`."""

    clock: tuple[Level, Level] | None = None
    """The first and the last step of families whose members are steps in time, where the page says so."""

    distributions: frozenset[Name] = frozenset()
    """Given arrays whose entries add up to one by the page's word, along the axis that does not count examples."""

    ends: Ends | None = None
    """Where arrays end, on a page with entries at shifted places."""

    _places: dict[Name, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _first: dict[Name, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    _used: dict[Name, frozenset[Name]] = field(default_factory=dict, init=False, repr=False, compare=False)
    kept: dict[str, object] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What a proof has worked out of this theory, and the next one may need."""
    _owners: dict[str, list[Name]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _members: dict[Name, Definition | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def definition(self, name: Name) -> Definition | None:
        """The definition of a name: its own, or that of its layer family at this layer."""
        found = self.definitions.get(name)
        if found is not None or not name.levels:
            return found
        if name not in self._members:
            self._members[name] = self._member(name)
        return self._members[name]

    def left_general(self, name: Name) -> tuple[Name, ...] | None:
        """What a number that is left general depends on directly; of a family of them, what its member does."""
        found = self.general.get(name)
        if found is not None or not name.levels:
            return found
        for family, direct in self.general.items():
            letters = family_letters(family, name) if family.base == name.base else None
            if letters is not None:
                return tuple(Name(own.base, tuple(at_level(level, letters) for level in own.levels)) for own in direct)
        return None

    def goes_into(self, name: Name, general: Name) -> bool:
        """Whether a number that is left general depends on a name directly."""
        for own in self.left_general(general) or ():
            levels = zip(own.levels, name.levels, strict=False)
            if own is name or (
                own.base == name.base
                and len(own.levels) == len(name.levels)
                and all(a is b or a.letter == ANY_STEP for a, b in levels)
            ):
                return True
        return False

    def used(self, owner: Name) -> frozenset[Name]:
        """The names that stand in a definition."""
        if owner not in self._used:
            self._used[owner] = names(self.definitions[owner].value.body)
        return self._used[owner]

    def owners(self, base: str) -> list[Name]:
        """The definitions in which a name with that base stands, in their order."""
        if not self._owners:
            for owner in self.definitions:
                for used in {name.base for name in self.used(owner)}:
                    self._owners.setdefault(used, []).append(owner)
        return self._owners.get(base, [])

    def mentions(self, prefix: str) -> bool:
        """Whether a name that starts so stands in a definition."""
        self.owners("")
        return any(base.startswith(prefix) for base in self._owners)

    def first_use(self, name: Name) -> int:
        """The place, in the order of definitions, of the first that uses a name; their number where none does.

        Nothing defined before it depends on that name, unless through layer families, of which this knows nothing.
        """
        if not self._places:
            for place, owner in enumerate(self.definitions):
                self._places[owner] = place
                for used in self.used(owner):
                    self._first.setdefault(used, place)
        return self._first.get(name, len(self.definitions))

    def place(self, owner: Name) -> int:
        """The place of a definition in their order."""
        self.first_use(owner)
        return self._places[owner]

    @cached_property
    def has_families(self) -> bool:
        """Whether some definitions hold for a layer given by a letter."""
        return any(level.letter for name in self.definitions for level in name.levels)

    @cached_property
    def has_single_sizes(self) -> bool:
        """Whether some array has one row, one column or one entry."""
        return any(length.value == 1 for symbol in self.symbols.values() for length in symbol.shape)

    def _member(self, name: Name) -> Definition | None:
        if self.clock is not None and any(
            not level.letter and level.offset < self.clock[0].offset for level in name.levels
        ):
            return None  # what stands before the first step is given
        family = self.family_of(name)
        if family is None:
            return None
        shift = family_letters(family, name)
        assert shift is not None
        definition = self.definitions[family]
        return Definition(name, _at_levels(definition.value, shift), definition.source)

    def family_of(self, name: Name) -> Name | None:
        """The first defined layer family that has a name among its members."""
        families = self._defined_families.get(name.base, ())
        return next((family for family in families if family_letters(family, name) is not None), None)

    def direct_users(self, name: Name) -> Sequence[Name]:
        """What uses a name, as it stands there, in its definition."""
        return self._direct_users.get(name, ())

    @cached_property
    def _direct_users(self) -> Mapping[Name, Sequence[Name]]:
        found: dict[Name, list[Name]] = {}
        for owner in self.definitions:
            for used in self.used(owner):
                found.setdefault(used, []).append(owner)
        return found

    @cached_property
    def _defined_families(self) -> Mapping[str, Sequence[Name]]:
        return _families(self.definitions)

    @cached_property
    def _declared_families(self) -> Mapping[str, Sequence[Name]]:
        return _families(self.symbols)

    @cached_property
    def _reached(self) -> Mapping[Name, int]:
        """Which names each definition rests on, as the bits of a number, each name a bit; nothing where one stands before what
        it uses."""
        bits: dict[Name, int] = {}
        reached: dict[Name, int] = {}
        for owner in self.definitions:
            found = 1 << bits.setdefault(owner, len(bits))
            for used in self.used(owner):
                if used in self.definitions and used not in reached:
                    return {}
                found |= reached.setdefault(used, 1 << bits.setdefault(used, len(bits)))
            reached[owner] = found
        return reached

    def rests_on(self, name: Name, on: Name) -> bool | None:
        """Whether a defined quantity depends on another through the definitions; None where that takes a search, as it does
        through layer families."""
        if self.has_families or self.general or name not in self._reached or any(level.letter for level in on.levels):
            return None
        # all bits of what the other rests on, and its own among them, are then in the first one's
        own = self._reached.get(on, 0)
        return bool(own) and self._reached[name] & own == own

    def symbol(self, name: Name) -> Symbol | None:
        """The symbol of a name, or its family's at this layer."""
        found = self.symbols.get(name)
        if found is not None or not name.levels:
            return found
        for family in self._declared_families.get(name.base, ()):
            shift = family_letters(family, name)
            if shift is not None:
                symbol = self.symbols[family]
                shape = tuple(size_at(length, shift) for length in symbol.shape)
                return Symbol(name, shape, symbol.role, symbol.row)
        return None

    @property
    def parameters(self) -> tuple[Symbol, ...]:
        return tuple(symbol for symbol in self.symbols.values() if symbol.role == "parameter")

    @property
    def inputs(self) -> tuple[Symbol, ...]:
        return tuple(symbol for symbol in self.symbols.values() if symbol.role == "input")

    @property
    def targets(self) -> tuple[Symbol, ...]:
        return tuple(symbol for symbol in self.symbols.values() if symbol.role == "target")

    def derivative(self, of: str, by: str, *, unfold: bool = False) -> Gradient:
        """The derivative of a number by a quantity, as a formula (`.latex()`) and as a typed SymPy expression (`.sympy`).

        `of` and `by` are names as they are printed, or short: `W^(1)`, `W1`. It is written with the derivatives by later
        quantities, as a backward pass computes it; with `unfold`, those are worked out too.

        >>> from derive.network import network
        >>> network(sizes=("n", "h", "c")).derivative("L", "W1")
        dL/dW^(1) = dL/dz^(1)*x.T

        Raises:
            KeyError: no such name.
            NotDifferentiable: `of` is no number with a definition, or does not depend on `by`.
        """
        from derive.face import gradient

        return gradient(self, of, by, unfold=unfold)

    def _repr_latex_(self) -> str:
        from derive.face import theory_latex

        return theory_latex(self)

    def unfold(self, entry: Entry) -> Term | None:
        """The definition of an entry, at its indices; None for what is not defined."""
        definition = self.definition(entry.name)
        return None if definition is None else definition.value.at(*entry.indices)


def family_letters(family: Name, name: Name) -> dict[str, Level] | None:
    """What a family's letters stand for in a name: `z^(l)` covers `z^(l+1)` with l = l+1, and `z^(2)` with l = 2."""
    if family.base != name.base or len(family.levels) != len(name.levels):
        return None
    letters: dict[str, Level] = {}
    for own, asked in zip(family.levels, name.levels, strict=True):
        if not own.letter:
            if own is not asked:
                return None
            continue
        level = asked.shifted(-own.offset)
        if letters.setdefault(own.letter, level) is not level:
            return None
    return letters if letters else None


def _families(among: Iterable[Name]) -> dict[str, list[Name]]:
    """The names with a letter for their layer, by their bases."""
    found: dict[str, list[Name]] = {}
    for name in among:
        if any(level.letter for level in name.levels):
            found.setdefault(name.base, []).append(name)
    return found


def _at_levels(value: Array, letters: Mapping[str, Level]) -> Array:
    body = instantiate(value.body, letters)
    indices = tuple(Index(index.label, size_at(index.size, letters)) for index in value.indices)
    return Array(indices, rename(body, dict(zip(value.indices, indices, strict=True))), value.row)

"""What is known of a page while it is being collected."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from fractions import Fraction

from derive.algebra.names import Name
from derive.meaning.naming import Written, written
from derive.meaning.scope import OfVector, Scope, Shifts, Vocabulary
from derive.meaning.shapes import ShapeTable
from derive.meaning.statements import Statement
from derive.notation.tree import Node
from derive.theory import Definition, FunctionDefinition

WHOLE = "\u2026"
"""Stands among the letters of a definition for the axes that it leaves as they are: `x^{(i)} = ...` defines one example."""


@dataclass(frozen=True)
class Placed:
    """A statement and the formula it stands in: its number in the document and its line."""

    statement: Statement
    formula: int
    line: int
    supposed: bool = False
    section: int = 0
    """The line of the heading it stands under."""
    display: bool = True
    before: str = ""
    after: str = ""
    """The prose of the same paragraph up to the formula and from it on."""


@dataclass(frozen=True)
class Copy:
    """A definition that the page does not write: that of one input, for each of many."""

    base: str
    """The letter of the name that is copied."""
    left: Node
    right: Node
    line: int


@dataclass(frozen=True)
class Meaning:
    """What a statement is: declaration, definition, update, claim, expression or assumption."""

    kind: str
    name: Name | None = None


@dataclass
class Draft:
    """A page on its way to a theory. Each step of `derive.meaning.collect.understand` fills in its part."""

    title: str
    placed: tuple[Placed, ...]
    vocabulary: Vocabulary
    table: ShapeTable
    meanings: list[Meaning] = field(init=False)
    functions: dict[str, FunctionDefinition] = field(default_factory=dict)
    function_sides: dict[str, tuple[Node, Name]] = field(default_factory=dict)
    """The right side that a function is defined by, and the name of its argument there."""
    right_sides: dict[Name, tuple[Node, int, tuple[str, ...]]] = field(default_factory=dict)
    """What each name is defined to be: the right side, its line, the letters where an entry is defined."""
    definitions: dict[Name, Definition] = field(default_factory=dict)
    singles: dict[Name, Node] = field(default_factory=dict)
    """Letters of which the page declares one example: `x` by `x^{(i)} \\in \\mathbb{R}^n`, with the region."""
    numbers: frozenset[Name] = frozenset()
    """Names that running text calls numbers, or compares with one."""
    borne_out: set[Name] = field(default_factory=set)
    """Names of guessed rank with which a definition could be read."""
    problems: dict[int, str] = field(default_factory=dict)
    parameters: set[Name] = field(default_factory=set)
    general: dict[Name, tuple[Name, ...]] = field(default_factory=dict)
    """Scalars that the page leaves general, with what they depend on directly."""
    optima: dict[Name, tuple[Node, Node, int]] = field(default_factory=dict)
    """Names for where a value is least or greatest: the value, what is varied, the line."""
    granted: dict[Name, int] = field(default_factory=dict)
    unclear: set[str] = field(default_factory=set)
    """Functions that the page defines in a way that was not understood."""
    in_cases: set[Name] = field(default_factory=set)
    """Names of which the page says what they are under a condition."""
    rules: set[int] = field(default_factory=set)
    """Places of statements that say what names with a d mean."""
    said: dict[Node, Node] = field(default_factory=dict)
    """What was rewritten before reading, with what the page says there."""
    general_steps: dict[Name, tuple[Name, ...]] = field(default_factory=dict)
    """Costs of single steps that the page leaves general, with their arguments."""
    initial: dict[Name, tuple[Fraction, int]] = field(default_factory=dict)
    """Numbers that families start with, `m_0 = 0`, and their lines."""
    declared: dict[Name, list[int]] = field(default_factory=dict)
    """Names that are declared, and where."""
    redeclared: dict[Name, list[int]] = field(default_factory=dict)
    """Names that are declared again with other sizes, and where they are."""
    several: frozenset[Name] = frozenset()
    """Values that are written as functions of other values: `u(x, v)`, where `v(x)` is one."""
    copies: tuple[Copy, ...] = ()
    """What the page defines for one input, for each of many."""
    of_one_input: frozenset[str] = frozenset()
    """The letters of an input and of what has such copies: where they stand beside copies, it is not plain what is meant."""
    single_numbers: set[str] = field(default_factory=set)
    """Names of one thing each, `b_u`, that are declared nowhere: numbers."""
    recursive: frozenset[str] = frozenset()
    """The letters of time steps: t where `h_t` is defined by `h_{t-1}`."""
    maps: dict[str, str] = field(default_factory=dict)
    """Letters of maps of vectors that the page leaves general, with what they give."""
    letters: frozenset[str] = frozenset()
    """Letters that stand for a layer or an entry."""

    lists: dict[str, str] = field(default_factory=dict)
    """Letters of which the page lists members, with the last one's number."""
    of_vectors: dict[str, OfVector] = field(default_factory=dict)
    """Functions of vectors, as the page defines them, that stand at other vectors too."""
    values_of_vectors: frozenset[str] = frozenset()
    """Names of what functions of vectors give at the vector that they are defined with."""
    samples: frozenset[str] = frozenset()
    """The letters of sums over inputs, x in `C = \\frac{1}{n} \\sum_x C_x`."""

    shifts: Shifts | None = None
    """What the page shows of entries at shifted places."""

    def copy(self) -> Draft:
        """A draft that can be filled in further without a change to this one."""
        copied = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | set | list):
                setattr(copied, name, value.copy())
        return copied

    def __post_init__(self) -> None:
        self.meanings = [Meaning("claim")] * len(self.placed)

    @property
    def trees(self) -> list[Node]:
        """Both sides of every statement."""
        sides = [(each.statement.left, each.statement.right) for each in self.placed]
        return [node for pair in sides for node in pair if node is not None]

    @property
    def stated(self) -> list[Node]:
        """Both sides of what states something, or stands by itself: not of names that running text only mentions."""
        sides = [
            (each.statement.left, each.statement.right)
            for each in self.placed
            if each.display or each.statement.right is not None
        ]
        return [node for pair in sides for node in pair if node is not None] + [
            node for each in self.copies for node in (each.left, each.right)
        ]

    def scope(self, *, plainest: bool = False) -> Scope:
        """A scope with the shapes found so far."""
        return Scope(self.vocabulary, self.table.known, self.table.sizes, self.table.space, plainest)

    def plain_name(self, node: Node) -> Written | None:
        found = written(node, self.vocabulary.subscripted, self.vocabulary.layered)
        if found is None or found.power is not None or found.transposed or found.primes:
            return None
        return None if repr(found.name) in self.vocabulary.functions else found

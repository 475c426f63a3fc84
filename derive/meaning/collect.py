r"""All formulas of a document to one theory: functions first, then shapes, then definitions.

Definitions are collected over the whole document before any claim is judged, because notes often state a result first. What is
not a definition is left to be judged; `Understanding` says of every statement what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from derive.algebra.names import Level, Name, size
from derive.algebra.steps import ANY_STEP, StepSum, is_bound, number_of_steps
from derive.algebra.terms import Fun, Partial, Pow, Term, Total, names
from derive.meaning.classify import classify, number_layers
from derive.meaning.clocks import ENDLESS, clocks_of, letters_of_steps
from derive.meaning.define import RATES, define, find_shapes, fold, grant, refine
from derive.meaning.doubt import ask_again
from derive.meaning.draft import Draft, Meaning, Placed
from derive.meaning.ends import declare_lengths, ends_of
from derive.meaning.functions import find_functions
from derive.meaning.general import introduce_losses, leave_general
from derive.meaning.general_steps import tell_general_steps
from derive.meaning.labels import is_one_hot, one_hot
from derive.meaning.layers import layer_letters
from derive.meaning.maps import arguments_of_maps
from derive.meaning.naming import base_latex, walk, written
from derive.meaning.of_vectors import functions_of_vectors
from derive.meaning.optima import shape_optima, with_optima
from derive.meaning.orders import later_on_the_left
from derive.meaning.prose import (
    families_of_numbers,
    one_hot_names,
    spoken_classes,
    spoken_shapes,
    spoken_vectors,
    squares_by_entry,
    symmetric,
)
from derive.meaning.samples import sample_name
from derive.meaning.scope import LAYOUTS, Kept, Layout, Scope, Shape, Stacks, Vocabulary
from derive.meaning.shapes import (
    INPUT_LETTERS,
    PARAMETER_LETTERS,
    ShapeTable,
    bare_letter,
    has_arrays,
    has_bold_vectors,
    has_light_vectors,
    is_loss,
    size_text,
    two_values,
)
from derive.meaning.spelling import name_derivatives
from derive.meaning.stacking import stacks_of
from derive.meaning.statements import EQUALITIES
from derive.meaning.sums import batches, bounds
from derive.meaning.vocabulary import has_kronecker, index_letters
from derive.notation.tree import (
    BigOperator,
    Node,
    Product,
    Relations,
    Scripted,
    Symbol,
)
from derive.theory import Definition, Role, Spelling, Theory
from derive.theory import Symbol as TheorySymbol

HADAMARD = frozenset({r"\odot", r"\circ"})
CONVENTIONAL = frozenset({"I", r"\mathbf{I}", r"\mathbb{I}", "e", r"\pi"})
"""The identity matrix, Euler's number and pi, unless the page defines them."""
TARGET_LETTERS = frozenset({"y", "Y", "t", "T"})


@dataclass
class Understanding:
    """A document's theory and what each of its statements is, in the order of `placed`."""

    theory: Theory
    vocabulary: Vocabulary
    table: ShapeTable
    placed: tuple[Placed, ...]
    meanings: tuple[Meaning, ...]
    problems: dict[int, str] = field(default_factory=dict)
    parameters: frozenset[Name] = frozenset()
    """The arguments of functions of one number, `x` in `f(x) = ...`: they stand for any number."""

    granted: Mapping[Name, int] = field(default_factory=dict)
    """Given arrays whose entries add up to one along an axis, by the page's word or as the targets of a softmax."""

    broken: frozenset[Name] = frozenset()
    """Names whose definitions were not understood: nothing can be said of them."""

    unclear: frozenset[str] = frozenset()
    """Functions whose definitions were not understood."""

    said: Mapping[Node, Node] = field(default_factory=dict)
    """What was rewritten before reading, with what the page says there."""

    loose: frozenset[Name] = frozenset()
    """Names whose shape is a guess that no declaration or definition bears out: nothing about them can be refuted."""

    declared: Mapping[Name, Sequence[int]] = field(default_factory=dict)
    """Names that the page declares, and where it does."""

    redeclared: Mapping[Name, Sequence[int]] = field(default_factory=dict)
    """Names that the page declares again with other sizes, and where it does: nothing is said of them before the last of these."""

    several: frozenset[Name] = frozenset()
    """Values that are written as functions of other values as well: a partial derivative of one may hold these fixed."""

    of_one_input: frozenset[str] = frozenset()
    """The letters of one input, and of what the page says of it, where it speaks of many."""

    initial: frozenset[Node] = frozenset()
    """What stands for the start of a recursion, in statements such as `m_0 = 0`."""

    kept: dict[int, Kept] = field(default_factory=dict, repr=False, compare=False)
    """What parts of its formulas were read as while it was judged."""

    def loss_of(self, place: int) -> Name | None:
        """The loss that a step of descent there speaks of: the one last named or defined in its section, else the page's."""
        section = self.placed[place].section
        for before, meaning in zip(reversed(self.placed[:place]), reversed(self.meanings[:place]), strict=True):
            if before.section != section:
                break
            named = written(before.statement.left) if before.statement.right is None else None
            name = meaning.name if named is None else named.name
            if name is not None and name in self.losses:
                return name
        return self.theory.loss

    @property
    def losses(self) -> tuple[Name, ...]:
        return losses(self.theory.definitions)

    def scope(self) -> Scope:
        """A scope for judging: settled shapes, nothing guessed."""
        return Scope(self.vocabulary, self.table.known, self.table.sizes, self.table.space)


def understand(page: Draft, layout: Layout = LAYOUTS[0], *, bold_alone: bool = True) -> Understanding:
    """The theory of a page as `rewritten` leaves it, derivatives laid out as said. With `bold_alone`, a page that sets vectors in
    bold is taken to set all of them so, until its layers say otherwise."""
    draft = page.copy()
    draft.vocabulary = replace(draft.vocabulary, layout=layout)
    trees = draft.trees
    draft.vocabulary = replace(
        draft.vocabulary,
        symmetric=symmetric(draft.placed),
        samples=draft.samples,
        kronecker=_kronecker(draft),
        squares_by_entry=squares_by_entry(draft.placed),
        maps=draft.maps,
        arguments=arguments_of_maps(draft) if draft.maps else {},
        later_left=later_on_the_left(draft.placed),
        entrywise=_has_entrywise_sign(trees),
        heads=_heads(draft),
        values=draft.vocabulary.values | draft.values_of_vectors,
        of_vectors=functions_of_vectors(draft),
        numbers=_declared_numbers(draft),
        entries_of=_entries_of(draft),
        shifts=draft.shifts,
        stacks=_stacks(draft),
    )
    draft.vocabulary = replace(draft.vocabulary, clocks=clocks_of(draft.placed, draft.vocabulary, draft.recursive))
    if draft.vocabulary.clocks:
        steps = letters_of_steps(draft.trees, draft.vocabulary)
        draft.vocabulary = replace(draft.vocabulary, steps=steps)
    tell_general_steps(draft)
    draft.letters = layer_letters(trees, draft.vocabulary) | index_letters(trees, draft.vocabulary)
    draft.table = ShapeTable(
        draft.vocabulary,
        arrays=has_arrays(trees),
        bold_vectors=bold_alone and _bold_vectors(draft, trees),
    )
    for name, region in draft.singles.items():
        draft.table.declare(Symbol(name.base), region)
    for name in draft.numbers:
        draft.table.declare_sizes(Symbol(name.base), ())
    if draft.vocabulary.clocks:
        draft.table.ranks.update(dict.fromkeys(families_of_numbers(draft.placed), 0))
    draft.table.ranks.update(dict.fromkeys(draft.single_numbers, 0))
    draft.table.ranks.update(dict.fromkeys(draft.values_of_vectors, 1))
    for name in _spoken_classes(draft):
        draft.table.shapes[one_hot(name)] = Shape((draft.table.space.open(),))
    for node, lengths in (*spoken_shapes(draft.placed), *spoken_vectors(draft.placed)):
        draft.table.declare_sizes(node, lengths)
    for _, end in draft.vocabulary.clocks.values():
        if end.letter != ENDLESS:
            draft.table.sizes[end.letter] = number_of_steps(end)
    for letter in bounds(trees):
        draft.table.sizes.setdefault(letter, size(letter))
    if draft.shifts is not None:
        declare_lengths(draft.table, draft.shifts)
    for sample in draft.samples:
        draft.table.shapes[sample_name(sample)] = Shape(())
    for batch, count in batches(trees).items():
        length = draft.table.sizes.get(count) or draft.table.space.open()
        draft.table.shapes.setdefault(batch, Shape((length,)))
    for name in draft.general_steps:
        draft.table.shapes[name] = Shape(())
    find_functions(draft)
    name_derivatives(draft)
    classify(draft)
    number_layers(draft)
    introduce_losses(draft)
    find_shapes(draft)
    shape_optima(draft)
    if draft.table.bold_vectors and draft.table.layers_unlike():
        return understand(page, layout, bold_alone=False)
    draft.table.settle()
    define(draft)
    ask_again(draft)
    leave_general(draft)
    fold(draft)
    refine(draft)
    theory = with_optima(draft, theory_of(draft))
    grant(draft, theory)
    theory = replace(theory, distributions=frozenset({**draft.granted, **classes_of(draft)}))
    return Understanding(
        theory,
        draft.vocabulary,
        draft.table,
        draft.placed,
        tuple(draft.meanings),
        draft.problems,
        frozenset(draft.parameters),
        {**distributions(theory), **draft.granted, **classes_of(draft), **_one_hot(draft)},
        frozenset({*draft.right_sides, *draft.in_cases, *draft.optima} - set(theory.definitions) - set(draft.general)),
        frozenset(draft.unclear),
        draft.said,
        _loose(draft),
        draft.declared,
        draft.redeclared,
        draft.several,
        draft.of_one_input,
        _starts(draft),
    )


def _starts(draft: Draft) -> frozenset[Node]:
    heads = ((each.statement.left, draft.plain_name(each.statement.left)) for each in draft.placed)
    return frozenset(node for node, name in heads if name is not None and name.name in draft.initial)


def _loose(draft: Draft) -> frozenset[Name]:
    used = {name for definition in draft.definitions.values() for name in names(definition.value.body)}
    return frozenset(
        name
        for name in draft.table.guessed
        if name not in used and name not in draft.definitions and bare_letter(name.base)[0] not in RATES
    )


def theory_of(draft: Draft) -> Theory:
    symbols = {}
    updated = {meaning.name for meaning in draft.meanings if meaning.kind == "update"}
    for name, shape in draft.table.shapes.items():
        symbols[name] = TheorySymbol(name, shape.sizes, _role(draft, name, updated), shape.row)
    spellings: dict[str, Spelling] = {}
    for tree in draft.trees:
        for node in walk(tree):
            found = (
                written(node, draft.vocabulary.subscripted, draft.vocabulary.layered)
                if isinstance(node, Scripted)
                else None
            )
            if found is not None and found.level_style:
                spellings.setdefault(found.name.base, Spelling(found.latex, found.level_style))  # type: ignore[arg-type]
    for name in symbols:
        spellings.setdefault(name.base, Spelling(name.base, ""))
    ordered = in_order(draft.definitions)
    loss = loss_of(ordered) or next(iter(draft.general), None)
    last = last_layer(ordered)
    if last is None:
        reached = (level for direct in draft.general.values() for name in direct for level in name.levels)
        last = next((level for level in reached if level.letter and level.letter != ANY_STEP), None)
    return Theory(
        symbols,
        ordered,
        draft.functions,
        loss,
        None,
        last,
        spellings,
        draft.title,
        draft.general,
        draft.vocabulary.symmetric,
        draft.table.values | dict.fromkeys(classes_of(draft), (Fraction(0), Fraction(1))),
        clock(draft),
        ends=None if draft.shifts is None else ends_of(draft.table, draft.shifts),
    )


def clock(draft: Draft) -> tuple[Level, Level] | None:
    """The first and the last step of a page on which all families run between the same two."""
    clocks = draft.vocabulary.clocks
    ranges = {clocks[letter] for letter in draft.recursive if letter in clocks} or set(clocks.values())
    ended = {each for each in ranges if each[1].letter != ENDLESS}
    return next(iter(ended or ranges)) if len(ended or ranges) == 1 else None


def _role(draft: Draft, name: Name, updated: set[Name | None]) -> Role:
    if name in draft.definitions:
        return "value"
    letter, _ = bare_letter(name.base)
    if name in updated or letter in PARAMETER_LETTERS:
        return "parameter"
    if letter in INPUT_LETTERS:
        return "input"
    return "target" if letter in TARGET_LETTERS else "constant"


def in_order(definitions: dict[Name, Definition]) -> dict[Name, Definition]:
    """Definitions so that each stands after those it uses."""
    done: dict[Name, Definition] = {}
    visiting: set[Name] = set()

    def visit(name: Name) -> None:
        if name in done or name in visiting or name not in definitions:
            return
        visiting.add(name)
        for used in sorted(names(definitions[name].value.body), key=repr):
            visit(used)
        done[name] = definitions[name]

    for name in definitions:
        visit(name)
    return done


def losses(definitions: Mapping[Name, Definition]) -> tuple[Name, ...]:
    """The scalars that convention takes for losses, the last one defined first."""
    return tuple(
        name
        for name, definition in reversed(list(definitions.items()))
        if not definition.value.rank
        and is_loss(name)
        and not any(isinstance(node, Partial) for node in _terms(definition))
    )


def loss_of(definitions: dict[Name, Definition]) -> Name | None:
    found = losses(definitions)
    return next((name for name in found if not name.levels), found[0] if found else None)  # L before its part L^(t)


def last_layer(definitions: Mapping[Name, Definition]) -> Level | None:
    """The last layer of a network with layer families: the one that the loss looks at."""
    families = {level.letter for name in definitions for level in name.levels if level.letter}
    for loss in losses(definitions):
        for node in _terms(definitions[loss]):
            if isinstance(node, StepSum) and node.last.letter and node.last.letter not in families:
                return Level(node.last.letter, 0)
    for loss in losses(definitions):
        for used in names(definitions[loss].value.body):
            for level in used.levels:
                if (
                    level.letter
                    and not is_bound(level.letter)
                    and (level.letter not in families or level.letter == "L")
                    and not level.offset
                ):
                    return level
    return None


def distributions(theory: Theory) -> dict[Name, int]:
    """The targets beside a softmax: what its outputs are compared with by a logarithm is a distribution too."""
    normalised = {
        part.index.size
        for definition in theory.definitions.values()
        for node in _terms(definition)
        if isinstance(node, Pow) and isinstance(node.base, Total)
        for part in (node.base,)
        if isinstance(part.body, Fun) and part.body.function == "exp"
    }
    found = {}
    for symbol in theory.targets:
        axes = [axis for axis, length in enumerate(symbol.shape) if length in normalised]
        if len(axes) == 1:
            found[symbol.name] = axes[0]
    return found


def classes_of(draft: Draft) -> dict[Name, int]:
    """The one-hot arrays of classes, with the axis along which they add up to one."""
    return {name: shape.rank - 1 for name, shape in draft.table.shapes.items() if is_one_hot(name)}


def _one_hot(draft: Draft) -> dict[Name, int]:
    """The vectors that the page calls one-hot."""
    names = ((name, draft.table.known(name)) for name in one_hot_names(draft.placed))
    return {name: 0 for name, shape in names if shape is not None and shape.rank == 1 and name not in draft.definitions}


def _terms(definition: Definition) -> Iterable[Term]:
    from derive.algebra.terms import walk as walk_terms

    return walk_terms(definition.value.body)


_KRONECKER = re.compile(r"\bkronecker(['\u2019]?s)?\s*(delta|symbol|function|$)", re.IGNORECASE)
"""The delta by its name, also where the formula follows at once; not the product of the same name."""


def _has_entrywise_sign(trees: Iterable[Node]) -> bool:
    """Whether products of arrays entry by entry have a sign here."""
    products = (node for tree in trees for node in walk(tree) if isinstance(node, Product))
    return any(sign in HADAMARD for node in products for sign, _ in node.factors)


def _stacks(draft: Draft) -> Stacks:
    sides = ((each.statement.left, each.statement.right) for each in draft.placed)
    return stacks_of(sides, {text for each in draft.placed for text in (each.before, each.after)})


def _heads(draft: Draft) -> frozenset[str]:
    """Letters with a meaning by convention that the page gives one of its own."""
    heads = (
        written(each.statement.head)
        for each in draft.placed
        if each.statement.relation in EQUALITIES and each.statement.right is not None and not each.supposed
    )
    return frozenset(repr(name.name) for name in heads if name is not None and name.latex in CONVENTIONAL)


def _spoken_classes(draft: Draft) -> frozenset[Name]:
    """Letters that the text calls a class, that are declared nowhere, and with which nothing is counted."""
    lowers = (node.lower for tree in draft.trees for node in walk(tree) if isinstance(node, BigOperator))
    counts = (lower.first if isinstance(lower, Relations) else lower for lower in lowers)  # not the c of `j \\neq c`
    counted = {part.text for node in counts for part in walk(node) if isinstance(part, Symbol)}
    given = {
        name.name
        for each in draft.placed
        if each.statement.right is not None and (name := written(each.statement.left)) is not None
    }
    return frozenset(name for name in spoken_classes(draft.placed) - given if name.base not in counted)


def _entries_of(draft: Draft) -> dict[str, str]:
    r"""The letters that give entries of bold arrays, without those that are listed, `x_1, \\ldots, x_N`, and as many as no axis of
    the array has entries."""
    sizes: dict[str, Node] = {}
    for each in draft.placed:
        base, region = base_latex(each.statement.left), each.statement.right
        if (
            each.statement.relation == r"\in"
            and base is not None
            and isinstance(region, Scripted)
            and region.sup is not None
        ):
            sizes.setdefault(base, region.sup)
    return {
        light: whole
        for light, whole in draft.vocabulary.entries_of.items()
        if light not in draft.lists or whole not in sizes or draft.lists[light] in size_text(sizes[whole])
    }


def _declared_numbers(draft: Draft) -> frozenset[str]:
    r"""The names that are said to be in `\mathbb{R}` or in `\{0, 1\}`, and are given no meaning."""
    defined = {
        name.name
        for each in draft.placed
        if each.statement.relation in EQUALITIES and (name := written(each.statement.head)) is not None
    }
    found = set()
    for each in draft.placed:
        name, region = written(each.statement.left), each.statement.right
        if each.statement.relation != r"\in" or name is None or region is None:
            continue
        one = (base_latex(region) == r"\mathbb{R}" or two_values(region) is not None) and not isinstance(
            region, Scripted
        )
        if one and not name.entries and not name.name.levels and name.name not in defined:
            found.add(repr(name.name))
    return frozenset(found)


def _kronecker(draft: Draft) -> bool:
    r"""Whether `\delta_{ij}` is Kronecker's delta on this page."""
    named = any(_KRONECKER.search(text) for each in draft.placed for text in (each.before, each.after))
    return has_kronecker([(each.statement.left, each.statement.right) for each in draft.placed], named=named)


def _bold_vectors(draft: Draft, trees: Sequence[Node]) -> bool:
    """Whether light small letters are numbers: others are bold, and none of these is said to be a vector."""
    said = [
        (each.statement.left, each.statement.right)
        for each in draft.placed
        if each.statement.relation == r"\in" and each.statement.right is not None
    ]
    return has_bold_vectors(trees) and not has_light_vectors(said)

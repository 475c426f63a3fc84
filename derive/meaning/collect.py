r"""All formulas of a document to one theory: functions first, then shapes, then definitions.

Definitions are collected over the whole document before any claim is judged, because notes often state a result first. What is
not a definition is left to be judged; `Understanding` says of every statement what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations

from derive.algebra.arrays import Array, ShapeMismatch
from derive.algebra.functions import KNOWN, NOTATION
from derive.algebra.normal import Normalizer, TooLarge
from derive.algebra.terms import Arg, Entry, Fun, Level, Name, Num, Partial, Pow, Term, Total, fresh, names, rename, transform
from derive.calculus.chain import NotDifferentiable
from derive.meaning.calls import Calls, call, plain, uncalled
from derive.meaning.elaborate import Elaborator
from derive.meaning.layers import at_layer, layer_letters, layers_of, names_in
from derive.meaning.naming import Written, base_latex, walk, written
from derive.meaning.scope import LAYOUTS, Layout, NotUnderstood, Scope, Shape, Vocabulary
from derive.meaning.shapes import SCALARS, ShapeTable, bare_letter, has_arrays, has_bold_vectors
from derive.meaning.statements import CLAIMING, EQUALITIES, Statement
from derive.notation.tree import (
    Accented,
    Applied,
    Derivative,
    Ellipsis,
    Fenced,
    Node,
    Number,
    Product,
    Scripted,
    Sequence,
    Styled,
    Symbol,
    Word,
)
from derive.theory import Definition, FunctionDefinition, Role, Spelling, Theory, family_letters
from derive.theory import Symbol as TheorySymbol

PARAMETER_LETTERS = frozenset({"W", "w", "b", "U", "V", "B", r"\theta", r"\Theta", r"\beta", r"\omega"})
RATES = frozenset({r"\alpha", r"\eta", r"\epsilon", r"\varepsilon", r"\gamma", r"\mu", r"\rho", r"\lambda"})
INPUT_LETTERS = frozenset({"x", "X"})
TARGET_LETTERS = frozenset({"y", "Y", "t", "T"})
LOSSES = ("L", "J", "C", "E", "Q", r"\ell", r"\mathrm{loss}")


@dataclass(frozen=True)
class Placed:
    """A statement and the formula it stands in: its number in the document and its line."""

    statement: Statement
    formula: int
    line: int
    supposed: bool = False
    section: int = 0
    """The line of the heading it stands under."""


@dataclass(frozen=True)
class Meaning:
    """What a statement is: declaration, definition, update, claim, expression or assumption."""

    kind: str
    name: Name | None = None


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

    def loss_of(self, place: int) -> Name | None:
        """The loss that a step of descent at that place speaks of: the one last named in its section, else the page's."""
        section = self.placed[place].section
        for before in reversed(self.placed[:place]):
            if before.section != section:
                break
            if before.statement.right is None:
                named = written(before.statement.left)
                if named is not None and named.name in self.losses:
                    return named.name
        return self.theory.loss

    @property
    def losses(self) -> tuple[Name, ...]:
        return _losses(self.theory.definitions)

    def scope(self) -> Scope:
        """A scope for judging: settled shapes, nothing guessed."""
        return Scope(self.vocabulary, self.table.known, self.table.sizes, self.table.space)


def understand(placed: Iterable[Placed], title: str = "", layout: Layout = LAYOUTS[0]) -> Understanding:
    """The theory of a document's statements, derivatives laid out as said."""
    return _Collector(tuple(placed), title, layout).run()


class _Collector:
    def __init__(self, placed: tuple[Placed, ...], title: str, layout: Layout) -> None:
        self.placed, self.title, self.layout = placed, title, layout
        self.trees = [
            node for each in placed for node in (each.statement.left, each.statement.right) if node is not None
        ]
        self.meanings: list[Meaning] = [Meaning("claim")] * len(placed)
        self.functions: dict[str, FunctionDefinition] = {}
        self.definitions: dict[Name, Definition] = {}
        self.right_sides: dict[Name, tuple[Node, int, tuple[str, ...]]] = {}
        self.problems: dict[int, str] = {}
        self.parameters: set[Name] = set()
        self.granted: dict[Name, int] = {}

    def run(self) -> Understanding:
        self.vocabulary = replace(_vocabulary(self.trees), layout=self.layout)
        self._calls()
        self.letters = layer_letters(self.trees, self.vocabulary) | _index_letters(self.trees, self.vocabulary)
        self.table = ShapeTable(
            self.vocabulary, arrays=has_arrays(self.trees), bold_vectors=has_bold_vectors(self.trees)
        )
        self._functions()
        self.vocabulary = self.table.vocabulary
        self._classify()
        self._number_layers()
        self._find_shapes()
        self.table.settle()
        self._define()
        self._fold()
        theory = self._theory()
        self._grant(theory)
        return Understanding(
            theory,
            self.vocabulary,
            self.table,
            self.placed,
            tuple(self.meanings),
            self.problems,
            frozenset(self.parameters),
            {**_distributions(theory), **self.granted},
            frozenset(self.right_sides) - frozenset(self.definitions),
        )

    # values that are called

    def _calls(self) -> None:
        """Take the arguments off values that are no functions of one number."""
        calls: dict[Node, Node] = {}
        vectors = self._declared_vectors()
        for each in self.placed:
            statement = each.statement
            found = call(statement.left)
            if found is None or each.supposed or statement.relation not in EQUALITIES or statement.right is None:
                continue
            head, arguments = found
            if head in calls:
                continue
            parameter = None if isinstance(arguments, Sequence) else written(arguments)
            if isinstance(head, Scripted) or parameter is None or parameter.name in vectors or parameter.name.levels:
                calls[head] = arguments
            elif self._function_body(statement.right, parameter.name) is None and not _uses_call(statement.right):
                calls[head] = arguments
        if not calls:
            return
        self.placed = tuple(replace(each, statement=_uncalled(each.statement, calls)) for each in self.placed)
        self.trees = [
            node for each in self.placed for node in (each.statement.left, each.statement.right) if node is not None
        ]
        values = frozenset(repr(found.name) for head in calls if (found := written(plain(head))) is not None)
        self.vocabulary = replace(_vocabulary(self.trees), layout=self.layout, values=values)

    def _declared_vectors(self) -> set[Name]:
        found = set()
        for each in self.placed:
            statement = each.statement
            name = written(statement.left)
            if name is None:
                continue
            if statement.relation == r"\in" and isinstance(statement.right, Scripted):
                found.add(name.name)
        return found | {
            name.name
            for tree in self.trees
            for node in walk(tree)
            if isinstance(node, Styled) and node.style == "bold" and (name := written(node)) is not None
        }

    # functions of one number

    def _functions(self) -> None:
        called = dict(self.vocabulary.functions)
        for place, each in enumerate(self.placed):
            statement = each.statement
            if each.supposed or statement.right is None or statement.relation not in EQUALITIES:
                continue
            signature = _signature(statement.left, self.vocabulary)
            if signature is None or (not statement.last and statement.link):
                continue
            name, parameter = signature
            if repr(name) in self.functions:
                continue
            body = self._function_body(statement.right, parameter)
            self.parameters.add(parameter)
            if body is None:
                continue
            known = recognised(body) or ""
            self.functions[repr(name)] = FunctionDefinition(repr(name), body, known, each.line)
            called[repr(name)] = known or repr(name)
            self.meanings[place] = Meaning("definition", name)
            self.vocabulary = replace(self.vocabulary, functions=dict(called))
        for each in self.placed:
            # `\\sigma'(t) = ...` holds for every number t that the page says nothing else of
            if each.statement.right is not None and (letter := _argument_of_slope(each.statement.left)) is not None:
                self.parameters.add(letter)
        for name in _called_letters(self.trees, self.vocabulary):
            if repr(name) not in called:
                self.functions[repr(name)] = FunctionDefinition(repr(name), None)
                called[repr(name)] = repr(name)
        self.table.vocabulary = replace(self.vocabulary, functions=dict(called))

    def _function_body(self, right: Node, parameter: Name) -> Term | None:
        def shape_of(name: Name) -> Shape | None:
            return Shape(()) if name is parameter or name.base in SCALARS else None

        scope = Scope(self.vocabulary, shape_of, plainest=True)
        try:
            value = Elaborator(scope).readings(right)[0].value
        except (NotUnderstood, ShapeMismatch):
            return None
        if value.rank:
            return None
        return transform(
            value.body, lambda node: Arg(0) if isinstance(node, Entry) and node.name is parameter else None
        )

    # what each statement is

    def _classify(self) -> None:
        """Definitions by chains: a chain whose head is a new name defines it by its last side, and claims the rest."""
        chains: dict[tuple[int, int], list[int]] = {}
        for place, each in enumerate(self.placed):
            chains.setdefault((each.formula, each.statement.chain), []).append(place)
        for places in chains.values():
            self._classify_chain(places)

    def _classify_chain(self, places: list[int]) -> None:
        first = self.placed[places[0]]
        statement = first.statement
        if first.supposed:
            for place in places:
                self.meanings[place] = Meaning("assumption")
            return
        if statement.right is None:
            self.meanings[places[0]] = Meaning("expression")
            return
        if statement.relation == r"\in":
            understood = self.table.declare(statement.left, statement.right)
            self.meanings[places[0]] = Meaning("declaration" if understood else "expression")
            return
        if any(self.placed[place].statement.relation not in CLAIMING for place in places):
            # an inequality, a proportionality: nothing that could be proved here
            for place in places:
                self.meanings[place] = Meaning("expression")
            return
        head = self._plain_name(statement.head)
        if head is None:
            return
        if self._runs(head, statement.right):
            self.meanings[places[0]] = Meaning("declaration", head.name)
            return
        if self.table.components(head.name, statement.right):
            self.meanings[places[0]] = Meaning("declaration", head.name)
            return
        right_sides = [self.placed[place].statement.right for place in places]
        if statement.relation in {"-=", "+="} or any(
            _mentions(side, head.name, self.vocabulary) for side in right_sides
        ):
            for place in places:
                self.meanings[place] = Meaning("update" if place == places[0] else "claim", head.name)
            return
        letters = tuple(base_latex(entry) or "" for entry in head.entries)
        if len(set(letters)) != len(letters) or not all(letters):
            return
        if head.entries and head.name.base in self.vocabulary.entries_of:
            whole = Name(self.vocabulary.entries_of[head.name.base], head.name.levels)
            head = replace(head, name=whole)
        if head.name in self.right_sides or self._covered(head.name, statement.right):
            return
        for place, side in zip(places[:-1], right_sides[:-1], strict=True):
            # `a = z = W x`: every new name on the way is defined by its neighbour, the last of them by the last side
            following = self._plain_name(side) if side is not None else None
            if (
                following is None
                or following.entries
                or following.name in self.right_sides
                or following.name is head.name
            ):
                break
            assert side is not None
            self.right_sides[head.name] = (side, first.line, letters)
            self.meanings[place] = Meaning("definition", head.name)
            head, letters = following, ()
        last = right_sides[-1]
        assert last is not None
        self.right_sides[head.name] = (last, first.line, letters)
        remaining = [place for place in places if self.meanings[place].kind != "definition"]
        # the head equals the last side by definition, so a longer chain's first equality is read against it
        kind = "definition" if len(remaining) == 1 else "head of chain"
        self.meanings[remaining[0]] = Meaning(kind, head.name)

    def _covered(self, name: Name, right: Node) -> bool:
        """Whether a layer family defines a name already. Its base case, `a^1 = x`, it does not."""
        for family, (side, _, _) in self.right_sides.items():
            if family_letters(family, name) is None:
                continue
            given = self._plain_name(right)
            starts = given is not None and given.name.base != name.base and given.name not in self.right_sides
            recursive = any(used.base == name.base for used in names_in([side], self.vocabulary))
            lone = not any(level.letter for level in name.levels)
            return not (recursive or (starts and lone))
        return False

    def _runs(self, head: Written, right: Node) -> bool:
        """Whether `l = 1, 2, 3` or `i = 1, \\dots, n` says over what a layer or index letter runs."""
        if head.entries or head.name.levels or head.latex not in self.letters:
            return False
        return isinstance(right, Number | Sequence | Ellipsis)

    # definitions for every numbered layer

    def _number_layers(self) -> None:
        """A definition for layer l, on a page that numbers its layers, defines its name at each of them."""
        numbered = {
            name for name in names_in(self.trees, self.vocabulary) if name.levels and not any(level.letter for level in name.levels)
        }
        top = max((level.offset for name in numbered for level in name.levels), default=0)
        families = {
            name for name in (*self.right_sides, *self.table.shapes) if any(level.letter for level in name.levels)
        }
        for head, (right, line, letters) in list(self.right_sides.items()):
            if len(head.levels) != 1 or not head.levels[0].letter:
                continue
            letter = head.levels[0].letter

            def exists(name: Name, head: Name = head) -> bool:
                own = name.base == head.base and 0 <= name.levels[0].offset <= top
                covered = any(family is not head and family_letters(family, name) is not None for family in families)
                return name in numbered or own or covered

            wanted = [name for name in names_in([right], self.vocabulary) if name.base != head.base]
            single = [name for name in wanted if any(level.letter == letter for level in name.levels)]
            if not single or all(
                any(family is not head and family_letters(family, name) is not None for family in families)
                for name in single
            ):
                continue
            layers = layers_of([right], letter, self.vocabulary, exists)
            if not layers:
                continue
            del self.right_sides[head]
            for number in layers:
                name = Name(head.base, (Level("", number + head.levels[0].offset),))
                self.right_sides.setdefault(name, (at_layer(right, letter, number), line, letters))

    def _plain_name(self, node: Node) -> Written | None:
        found = written(node, self.vocabulary.subscripted, self.vocabulary.layered)
        if found is None or found.power is not None or found.transposed or found.primes:
            return None
        return None if repr(found.name) in self.vocabulary.functions else found

    # shapes and definitions

    def _find_shapes(self) -> None:
        # the first member of a family, `a^1 = x`, has the shape that the family gives it
        forward = [name for name, (right, _, _) in self.right_sides.items() if not _has_derivative(right)]
        for name in sorted(forward, key=self._starts_family):
            right, _, letters = self.right_sides[name]
            self._fit(name, right, letters)
        for name, (right, _, letters) in self.right_sides.items():
            if name not in self.table.shapes:
                self._fit(name, right, letters)
        for place, meaning in enumerate(self.meanings):
            if meaning.kind == "update":
                self._introduce_rates(self.placed[place].statement)

    def _starts_family(self, name: Name) -> bool:
        return any(own is not name and family_letters(own, name) is not None for own in self.right_sides)

    def _introduce_rates(self, statement: Statement) -> None:
        """The step size of an update is a number by convention, whether or not the page says so before its first use."""
        for node in walk(statement.right):
            found = (
                written(node, self.vocabulary.subscripted, self.vocabulary.layered) if isinstance(node, Node) else None
            )
            if found is not None and found.name.base in RATES:
                self.table.guess(found.name)

    def _fit(self, name: Name, right: Node, letters: tuple[str, ...]) -> None:
        """Find shapes under which a definition makes sense, changing guessed ranks in it where it does not at first."""
        before = set(self.table.guessed)
        if self._try(name, right, letters):
            return
        new = [guessed for guessed in self.table.guessed if guessed not in before]
        used = list(dict.fromkeys(new + [n for n in self.table.guessed if _mentions(right, n, self.vocabulary)]))
        for guessed in used:
            old = self.table.shapes[guessed]
            for rank in (1, 0, 2):
                if rank != old.rank:
                    self.table.shapes[guessed] = Shape(tuple(self.table.space.open() for _ in range(rank)))
                    if self._try(name, right, letters):
                        self.table.ranks[guessed.base] = rank
                        return
            self.table.shapes[guessed] = old

    def _try(self, name: Name, right: Node, letters: tuple[str, ...]) -> bool:
        scope = Scope(
            self.vocabulary, self.table.known, self.table.sizes, self.table.space, True, first_met=self.table.guess
        )
        try:
            value = self._right_side(scope, right, letters)
        except (NotUnderstood, ShapeMismatch):
            return False
        declared = self.table.known(name)
        if declared is None:
            self.table.shapes[name] = Shape(value.shape, value.row)
            self.table.ranks.setdefault(name.base, value.rank)
            return True
        return declared.rank == value.rank and all(
            self.table.space.agree(a, b) for a, b in zip(declared.sizes, value.shape, strict=True)
        )

    def _right_side(self, scope: Scope, right: Node, letters: tuple[str, ...]) -> Array:
        """What a definition's right side denotes; with `letters`, the array whose entry at those indices it gives."""
        value = Elaborator(scope).readings(right)[0].value
        if not letters:
            return value
        if value.rank:
            raise ShapeMismatch("an entry is defined as an array", value)
        indices = []
        for letter in letters:
            running = scope.running.get(letter)
            if running is None or running.index is None:
                raise NotUnderstood(f"nothing tells the range of {letter}")
            indices.append(running.index)
        own = tuple(fresh(index.size) for index in indices)
        return Array(own, rename(value.body, dict(zip(indices, own, strict=True))))

    def _define(self) -> None:
        for name, (right, line, letters) in self.right_sides.items():
            scope = Scope(self.vocabulary, self.table.known, self.table.sizes, self.table.space, plainest=True)
            try:
                value = self.table.space.settled(self._right_side(scope, right, letters))
            except (NotUnderstood, ShapeMismatch) as error:
                self.problems[line] = str(error)
                continue
            shape = self.table.known(name)
            if shape is not None and shape.rank == value.rank:
                self.definitions[name] = Definition(name, Array(value.indices, value.body, shape.row), line)

    def _grant(self, theory: Theory) -> None:
        """A sum over entries of a given array that is said to be one is no claim: nothing could prove it."""
        for place, (each, meaning) in enumerate(zip(self.placed, self.meanings, strict=True)):
            statement = each.statement
            if meaning.kind not in ("claim", "assumption") or statement.right != Number("1"):
                continue
            scope = Scope(self.vocabulary, self.table.known, self.table.sizes, self.table.space, plainest=True)
            try:
                left = Elaborator(scope).readings(statement.left)[0].value.body
            except (NotUnderstood, ShapeMismatch):
                continue
            if not isinstance(left, Total) or not isinstance(left.body, Entry):
                continue
            entry = left.body
            if theory.definition(entry.name) is None and entry.indices.count(left.index) == 1:
                self.granted[entry.name] = entry.indices.index(left.index)
                self.meanings[place] = Meaning("assumption")

    def _fold(self) -> None:
        """Let definitions run through the names that the page has for their parts, so that there are derivatives by these.

        A page may first write `a = \\sigma(w x + b)` and then call the argument z.
        """
        for name, definition in list(self.definitions.items()):
            for part, own in list(self.definitions.items()):
                if part is name or name in names(own.value.body) or part in names(definition.value.body):
                    continue
                folded = folded_arguments(definition.value, part, own.value)
                if folded is not None:
                    definition = replace(definition, value=folded)
                    self.definitions[name] = definition

    def _theory(self) -> Theory:
        symbols = {}
        updated = {meaning.name for meaning in self.meanings if meaning.kind == "update"}
        for name, shape in self.table.shapes.items():
            symbols[name] = TheorySymbol(name, shape.sizes, self._role(name, updated), shape.row)
        spellings: dict[str, Spelling] = {}
        for tree in self.trees:
            for node in walk(tree):
                found = (
                    written(node, self.vocabulary.subscripted, self.vocabulary.layered)
                    if isinstance(node, Scripted)
                    else None
                )
                if found is not None and found.level_style:
                    spellings.setdefault(found.name.base, Spelling(found.latex, found.level_style))  # type: ignore[arg-type]
        for name in symbols:
            spellings.setdefault(name.base, Spelling(name.base, ""))
        ordered = _in_order(self.definitions)
        return Theory(symbols, ordered, self.functions, _loss(ordered), None, _last(ordered), spellings, self.title)

    def _role(self, name: Name, updated: set[Name | None]) -> Role:
        if name in self.definitions:
            return "value"
        letter, _ = bare_letter(name.base)
        if name in updated or letter in PARAMETER_LETTERS:
            return "parameter"
        if letter in INPUT_LETTERS:
            return "input"
        return "target" if letter in TARGET_LETTERS else "constant"


def _uncalled(statement: Statement, calls: Calls) -> Statement:
    right = None if statement.right is None else uncalled(statement.right, calls)
    return replace(
        statement, left=uncalled(statement.left, calls), right=right, head=uncalled(statement.head, calls)
    )


def _uses_call(node: Node) -> bool:
    """Whether functions that are letters are called in it: `s(x) = \\sigma(x) ...` may be a function of one number yet."""
    return any(
        isinstance(part, Product)
        and any(
            sign == "" and isinstance(second, Fenced) and isinstance(first, Symbol | Scripted)
            for (_, first), (sign, second) in zip(part.factors, part.factors[1:], strict=False)
        )
        for part in walk(node)
    )


def _has_derivative(tree: Node) -> bool:
    return any(isinstance(node, Derivative) for node in walk(tree))


def _in_order(definitions: dict[Name, Definition]) -> dict[Name, Definition]:
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


def _losses(definitions: Mapping[Name, Definition]) -> tuple[Name, ...]:
    """The scalars that convention takes for losses, the last one defined first."""
    return tuple(
        name
        for name, definition in reversed(definitions.items())
        if not definition.value.rank
        and bare_letter(name.base)[0] in LOSSES
        and not any(isinstance(node, Partial) for node in _terms(definition))
    )


def _loss(definitions: dict[Name, Definition]) -> Name | None:
    return next(iter(_losses(definitions)), None)


def folded_arguments(value: Array, name: Name, part: Array) -> Array | None:
    """An array with a name for every function's argument that equals what the name is defined to be; None if there is none."""
    found = False

    def change(node: Term) -> Term | None:
        nonlocal found
        if not isinstance(node, Fun) or isinstance(node.argument, Entry | Num):
            return None
        free = sorted(node.argument.free, key=lambda index: index.label)
        if len(free) != part.rank or not names(part.body) <= names(node.argument):
            return None
        for order in permutations(free):
            if any(a.size is not b for a, b in zip(order, part.shape, strict=True)):
                continue
            try:
                same = Normalizer().equal(node.argument, part.at(*order))
            except (TooLarge, NotDifferentiable):
                continue
            if same:
                found = True
                return Fun(node.function, node.order, Entry(name, tuple(order)))
        return None

    body = transform(value.body, change)
    return Array(value.indices, body, value.row) if found else None


def _last(definitions: Mapping[Name, Definition]) -> Level | None:
    """The last layer of a network with layer families: the one that the loss looks at."""
    families = {level.letter for name in definitions for level in name.levels if level.letter}
    for loss in _losses(definitions):
        for used in names(definitions[loss].value.body):
            for level in used.levels:
                if level.letter and (level.letter not in families or level.letter == "L") and not level.offset:
                    return level
    return None


def _distributions(theory: Theory) -> dict[Name, int]:
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


def _terms(definition: Definition) -> Iterable[Term]:
    from derive.algebra.terms import walk as walk_terms

    return walk_terms(definition.value.body)


def recognised(body: Term) -> str | None:
    """The known function that a body is proved equal to, for every argument."""
    for row in KNOWN.values():
        if row.definition is None:
            continue
        try:
            if Normalizer(exponentials=True).equal(body, row.definition):
                return row.name
        except (TooLarge, NotDifferentiable):
            continue
    return None


def _signature(node: Node, vocabulary: Vocabulary) -> tuple[Name, Name] | None:
    r"""`\sigma(x)` or `\operatorname{ReLU}(x)` as the left side of a definition: the function's name and its parameter's."""
    match node:
        case Product(factors=((_, function), ("", Fenced(left="(", body=argument)))):
            pass
        case Applied(function=Word() as function, argument=Fenced(left="(", body=argument)):
            pass
        case _:
            return None
    name, parameter = written(function), written(argument)
    if (
        name is None
        or parameter is None
        or name.entries
        or name.primes
        or name.power
        or parameter.entries
        or parameter.power
    ):
        return None
    if (name.name.levels and name.level_style == "_2") or parameter.name.levels:
        return None
    return name.name, parameter.name


def _argument_of_slope(node: Node) -> Name | None:
    """The lone letter t in f'(t)."""
    match node:
        case Product(factors=((_, Scripted(primes=1)), ("", Fenced(left="(", body=Symbol() | Styled() as argument)))):
            pass
        case Applied(function=Scripted(primes=1), argument=Fenced(left="(", body=Symbol() as argument)):
            pass
        case _:
            return None
    latex = base_latex(argument)
    return None if latex is None else Name(latex)


def _called_letters(trees: Iterable[Node], vocabulary: Vocabulary) -> Iterable[Name]:
    """Letters that stand in front of parentheses with a prime somewhere, or that convention takes for an activation."""
    conventional = {r"\sigma", r"\phi", r"\varphi", r"\psi", "f", "g", "h", r"\rho"}
    found: dict[Name, None] = {}
    for tree in trees:
        for node in walk(tree):
            if not isinstance(node, Product):
                continue
            for (_, factor), (sign, following) in zip(node.factors, node.factors[1:], strict=False):
                if sign != "" or not isinstance(following, Fenced) or following.left != "(":
                    continue
                name = written(factor)
                if name is None or name.entries or name.transposed:
                    continue
                if name.primes or name.latex in conventional or name.latex in NOTATION:
                    found[name.name] = None
    return found


def _mentions(node: Node | None, name: Name, vocabulary: Vocabulary) -> bool:
    if node is None:
        return False
    for part in _values(node):
        found = written(part, vocabulary.subscripted, vocabulary.layered)
        if found is not None and found.name is name:
            return True
    return False


def _values(node: Node) -> Iterable[Node]:
    """The parts of an expression that stand for values; what a derivative is taken of or by does not count."""
    if isinstance(node, Derivative):
        return
    yield node
    if isinstance(node, Scripted):
        if written(node) is None:
            yield from _values(node.base)
        return
    match node:
        case Product(factors=parts):
            children: Iterable[Node] = [part for _, part in parts]
        case _:
            children = _children(node)
    for child in children:
        yield from _values(child)


def _children(node: Node) -> Iterable[Node]:
    from dataclasses import fields

    for place in fields(node):
        if place.name == "span":
            continue
        value = getattr(node, place.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                for part in item if isinstance(item, tuple) else (item,):
                    if isinstance(part, Node):
                        yield part


def _vocabulary(trees: Iterable[Node]) -> Vocabulary:
    """Bases that carry entries: those that stand with letters below them, or bare as well as numbered. Bases whose plain
    superscript is a layer: those that have a layer letter there."""
    bare: set[str] = set()
    lettered: set[str] = set()
    layered: set[str] = set()
    for tree in trees:
        for node in walk(tree):
            plain = written(node)
            if plain is None:
                continue
            if plain.entries:
                lettered.add(plain.latex)
            if plain.level_style == "2" and any(
                isinstance(level, Level) and level.letter for level in plain.name.levels
            ):
                layered.add(plain.latex)
            if not isinstance(node, Scripted) and not isinstance(node, Number):
                continue
            if isinstance(node, Scripted) and node.sub is None:
                bare.add(plain.latex)
    return Vocabulary(frozenset(lettered), frozenset(layered), _entries_of(lettered, bare | _plain(trees)))


def _plain(trees: Iterable[Node]) -> set[str]:
    """The bases that stand without a subscript somewhere."""
    found: set[str] = set()
    for tree in trees:
        # a letter under a subscript, a font or an accent does not stand there on its own
        scripted = {id(node.base) for node in walk(tree) if isinstance(node, Scripted) and node.sub is not None}
        scripted |= {id(node.body) for node in walk(tree) if isinstance(node, Styled | Accented)}
        found.update(
            latex for node in walk(tree) if id(node) not in scripted and (latex := base_latex(node)) is not None
        )
    return found


def _index_letters(trees: Iterable[Node], vocabulary: Vocabulary) -> frozenset[str]:
    """The letters that stand as subscripts of entries."""
    return frozenset(
        latex
        for tree in trees
        for node in walk(tree)
        if isinstance(node, Scripted) and (found := written(node, vocabulary.subscripted, vocabulary.layered)) is not None
        for entry in found.entries
        if (latex := base_latex(entry)) is not None
    )


def _bold_forms(light: str) -> set[str]:
    r"""How a light letter's array may be written: `\hat{y}` as `\hat{\mathbf{y}}`, `\mathbf{\hat{y}}`, or with a capital."""
    cut = light.rfind("{") + 1 if light.endswith("}") and not light.startswith("\\math") else 0
    before, letter, after = light[:cut], light[cut:].rstrip("}"), "}" * light[:cut].count("{")
    forms = set()
    for own in (letter, letter.upper()) if len(letter) == 1 else (letter,):
        forms |= {rf"{before}\mathbf{{{own}}}{after}", rf"\mathbf{{{before}{own}{after}}}"}
    return forms


def _entries_of(lettered: set[str], plain: set[str]) -> dict[str, str]:
    r"""`p_i` beside `\mathbf{p}`, `w_{jk}` beside `\mathbf{W}`: entries of the bold array, where the light letter has no life of
    its own."""
    found = {}
    for light in lettered - plain:
        candidates = _bold_forms(light) & plain
        if len(candidates) == 1:
            found[light] = candidates.pop()
    return found

"""Shapes and definitions of a page's names."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from derive.algebra.arrays import ONE_LONG, Array, ShapeMismatch, same, squeezed
from derive.algebra.names import Index, Level, Name, fresh
from derive.algebra.normal import Normalizer, TooLarge
from derive.algebra.steps import instantiate
from derive.algebra.terms import Entry, Fun, Num, Partial, Term, Total, names, num, rename, transform
from derive.algebra.terms import walk as term_nodes
from derive.calculus.chain import NotDifferentiable
from derive.meaning.draft import WHOLE, Draft, Meaning
from derive.meaning.elaborate import Elaborator
from derive.meaning.naming import walk, written
from derive.meaning.scope import NotUnderstood, Scope, Shape
from derive.meaning.shapes import bare_letter, is_loss
from derive.meaning.statements import Statement
from derive.meaning.vocabulary import has_derivative, mentions
from derive.notation.tree import (
    Derivative,
    Node,
    Number,
)
from derive.theory import Definition, Theory, family_letters

RATES = frozenset({r"\alpha", r"\eta", r"\epsilon", r"\varepsilon", r"\gamma", r"\mu", r"\rho", r"\lambda"})

WEIGHTS = frozenset({"w", "W", "u", "U", "v", "V", r"\theta", r"\Theta"})


def find_shapes(draft: Draft) -> None:
    # the first member of a family, `a^1 = x`, has the shape that the family gives it
    forward = [name for name, (right, _, _) in draft.right_sides.items() if not has_derivative(right)]
    for name in sorted(forward, key=lambda name: _starts_family(draft, name)):
        right, _, letters = draft.right_sides[name]
        _fit(draft, name, right, letters)
    for name, (right, _, letters) in draft.right_sides.items():
        if name not in draft.table.shapes:
            _fit(draft, name, right, letters)
    for each in draft.placed:
        _introduce_rates(draft, each.statement)


def _starts_family(draft: Draft, name: Name) -> bool:
    return any(
        own.base == name.base and own is not name and family_letters(own, name) is not None for own in draft.right_sides
    )


def _introduce_rates(draft: Draft, statement: Statement) -> None:
    """The step size of an update is a number by convention, whether or not the page says so before its first use."""
    for node in walk(statement.right):
        found = (
            written(node, draft.vocabulary.subscripted, draft.vocabulary.layered) if isinstance(node, Node) else None
        )
        if found is not None and found.name.base in RATES:
            draft.table.guess(found.name)


def _fit(draft: Draft, name: Name, right: Node, letters: tuple[str, ...]) -> None:
    """Find shapes under which a definition makes sense, changing guessed ranks in it where it does not at first.

    Products are taken as they are written as long as any shapes allow it: `w a` is a matrix times a vector before it is two
    vectors multiplied entry by entry.
    """
    for strict in (True, False):
        before = set(draft.table.guessed)
        if _try(draft, name, right, letters, strict):
            return
        new = [guessed for guessed in draft.table.guessed if guessed not in before]
        earlier = [n for n in draft.table.guessed if n not in new and mentions(right, n, draft.vocabulary)]
        # a rank that another definition bore out is kept where this one can be read with it at all
        used = new if strict and all(n in draft.borne_out for n in earlier) else list(dict.fromkeys(new + earlier))
        for guessed in used:
            old = draft.table.shapes[guessed]
            weight = bare_letter(guessed.base)[0] in WEIGHTS
            for rank in (2, 1, 0) if weight else (1, 0, 2):
                if rank != old.rank:
                    draft.table.shapes[guessed] = Shape(tuple(draft.table.space.open() for _ in range(rank)))
                    if _try(draft, name, right, letters, strict):
                        draft.table.ranks[guessed.base] = rank
                        return
            draft.table.shapes[guessed] = old
    _try(draft, name, right, letters, strict=False, unlike=True)


def _try(
    draft: Draft, name: Name, right: Node, letters: tuple[str, ...], strict: bool, *, unlike: bool = False
) -> bool:
    """Whether a definition can be read with the shapes as they are; `unlike` lets a member be shaped unlike its family."""
    scope = Scope(
        draft.vocabulary,
        draft.table.known,
        draft.table.sizes,
        draft.table.space,
        plainest=True,
        strict=strict,
        first_met=draft.table.guess,
    )
    try:
        with draft.table.space.trying():
            value = _right_side(draft, scope, right, letters)
    except (NotUnderstood, ShapeMismatch):
        return False
    declared = draft.table.known(name)
    if declared is None and value.rank and not letters and is_loss(name) and _is_differentiated(draft, name):
        # a loss is one number: what makes an array of it, written for one output, has a single entry
        if not unlike:
            return False
        if all(map(draft.table.space.is_open, value.shape)):
            for length in value.shape:
                draft.table.space.agree(length, ONE_LONG)
            value = squeezed(draft.table.space.settled(value))
    draft.borne_out.update(used for used in draft.table.guessed if mentions(right, used, draft.vocabulary))
    if declared is None:
        draft.table.shapes[name] = Shape(value.shape, value.row)
        draft.table.ranks.setdefault(name.base, value.rank)
        return True
    fits = declared.rank == value.rank and all(
        draft.table.space.agree(a, b) for a, b in zip(declared.sizes, value.shape, strict=True)
    )
    if not fits and unlike and name not in draft.table.shapes:
        draft.table.shapes[name] = Shape(value.shape, value.row)
        return True
    return fits


def _is_differentiated(draft: Draft, name: Name) -> bool:
    """Whether the page takes a derivative of a lone name."""
    operands = (node.operand for tree in draft.trees for node in walk(tree) if isinstance(node, Derivative))
    return any((found := written(operand)) is not None and found.name is name for operand in operands)


def _right_side(draft: Draft, scope: Scope, right: Node, letters: tuple[str, ...]) -> Array:
    """What a definition's right side denotes; with `letters`, the array whose entry at those indices it gives."""
    value = Elaborator(scope).side(right)[0].value
    if not letters:
        if value.body.free - set(value.indices):
            free = ", ".join(sorted(index.label for index in value.body.free - set(value.indices)))
            raise NotUnderstood(f"{free} stands free on the right side, and not on the left")
        return value
    if value.rank and WHOLE not in letters:
        raise ShapeMismatch("an entry is defined as an array", value)
    indices: list[Index] = []
    for letter in letters:
        if letter == WHOLE:
            indices.extend(value.indices)
            continue
        running = scope.running.get(letter)
        if running is None or running.index is None:
            raise NotUnderstood(f"nothing tells the range of {letter}")
        indices.append(running.index)
    own = tuple(fresh(index.size) for index in indices)
    return Array(own, rename(value.body, dict(zip(indices, own, strict=True))))


def define(draft: Draft) -> None:
    for name, (right, line, letters) in list(draft.right_sides.items()):
        scope = Scope(draft.vocabulary, draft.table.known, draft.table.sizes, draft.table.space, plainest=True)
        try:
            value = _right_side(draft, scope, right, letters)
            _fill_in(draft, name, value)
            value = draft.table.space.settled(value)
        except (NotUnderstood, ShapeMismatch) as error:
            draft.problems[line] = str(error)
            continue
        shape = draft.table.known(name)
        if shape is not None and shape.rank < value.rank:
            value = squeezed(value)
        if shape is not None and (shape.rank != value.rank or not all(map(same, shape.sizes, value.shape))):
            draft.problems[line] = f"{name!r} has another shape"
        elif shape is not None:
            found = Definition(name, Array(value.indices, value.body, shape.row), line)
            found = _at_its_letter(draft, found)
            draft.definitions[found.name] = found
            if found.name is not name:
                draft.right_sides[found.name] = draft.right_sides.pop(name)
    for name, (number, line) in draft.initial.items():
        shape = draft.table.known(name)
        if shape is not None and name not in draft.definitions:
            indices = tuple(fresh(draft.table.space.find(length)) for length in shape.sizes)
            draft.definitions[name] = Definition(name, Array(indices, num(number), shape.row), line)


def _fill_in(draft: Draft, name: Name, value: Array) -> None:
    r"""Sizes that a right side leaves open, as `\mathbf{I} - \mathbf{1} \mathbf{1}^\top` does, are those of the name."""
    shape = draft.table.known(name)
    if shape is not None and shape.rank == value.rank:
        for own, length in zip(shape.sizes, value.shape, strict=True):
            if draft.table.space.is_open(length):
                draft.table.space.agree(length, own)


def _at_its_letter(draft: Draft, definition: Definition) -> Definition:
    """A step `w_{t+1}` of a recursion, written for the step t."""
    name, value = definition.name, definition.value
    if len(name.levels) != 1 or name.levels[0].letter not in draft.vocabulary.clocks or name.levels[0].offset <= 0:
        return definition
    (level,) = name.levels
    own = Name(name.base, (Level(level.letter, 0),))
    if own in draft.right_sides or any("@" in length.name for length in value.shape):
        return definition
    body = instantiate(value.body, {level.letter: Level(level.letter, -level.offset)})
    return Definition(own, Array(value.indices, body, value.row), definition.source)


def fold(draft: Draft) -> None:
    """Let definitions run through the names that the page has for their parts, so that there are derivatives by these.

    A page may first write `a = \\sigma(w x + b)` and then call the argument z.
    """
    for name, definition in list(draft.definitions.items()):
        arguments = [
            node.argument
            for node in term_nodes(definition.value.body)
            if isinstance(node, Fun) and not isinstance(node.argument, Entry | Num)
        ]
        if not arguments:
            continue
        for part, own in list(draft.definitions.items()):
            if part is name or name in names(own.value.body) or part in names(definition.value.body):
                continue
            folded = folded_arguments(definition.value, part, own.value)
            if folded is not None:
                definition = replace(definition, value=folded)
                draft.definitions[name] = definition


def refine(draft: Draft) -> None:
    """Let a definition run through smaller steps where the page restates it in them.

    First `f = \\sqrt{x^2 + 1}`, then `c = x^2 + 1` and `f = \\sqrt{c}`. Only what is proved equal takes a definition's place.
    """
    for place, each in enumerate(draft.placed):
        statement = each.statement
        if draft.meanings[place].kind != "claim" or statement.right is None or statement.link or each.supposed:
            continue
        head = draft.plain_name(statement.left)
        own = None if head is None or head.entries else draft.definitions.get(head.name)
        if own is None or any(isinstance(node, Partial) for node in term_nodes(own.value.body)):
            continue
        try:
            value = draft.table.space.settled(_right_side(draft, draft.scope(plainest=True), statement.right, ()))
        except (NotUnderstood, ShapeMismatch):
            continue
        new = {name for name in names(value.body) if name in draft.definitions} - names(own.value.body)
        if not new or value.rank != own.value.rank or any_depends(draft, new, own.name):
            continue
        kept = set(names(value.body))
        if not all(any_depends(draft, kept, old) for old in names(own.value.body) if old in draft.definitions):
            continue  # it goes around a quantity that the definition goes through
        same_body = value.at(*own.value.indices)
        try:
            if Normalizer().equal(_unfolded(draft, same_body), _unfolded(draft, own.value.body)):
                draft.definitions[own.name] = replace(own, value=Array(own.value.indices, same_body, own.value.row))
        except (TooLarge, NotDifferentiable):
            continue


def any_depends(draft: Draft, used: set[Name], name: Name) -> bool:
    """Whether a name stands in the definitions of others, at any depth."""
    seen: set[Name] = set()
    stack = list(used)
    while stack:
        current = stack.pop()
        if current is name:
            return True
        if current not in seen:
            seen.add(current)
            definition = draft.definitions.get(current)
            if definition is not None:
                stack.extend(names(definition.value.body))
    return False


def _unfolded(draft: Draft, term: Term) -> Term:
    """A term with all definitions put in."""

    def change(node: Term) -> Term | None:
        definition = draft.definitions.get(node.name) if isinstance(node, Entry) else None
        return None if definition is None or not isinstance(node, Entry) else definition.value.at(*node.indices)

    for _ in range(len(draft.definitions) + 1):
        opened = transform(term, change)
        if opened is term:
            return term
        term = opened
    raise TooLarge("definitions that use each other")


def grant(draft: Draft, theory: Theory) -> None:
    """A sum over entries of a given array that is said to be one is no claim: nothing could prove it."""
    for place, (each, meaning) in enumerate(zip(draft.placed, draft.meanings, strict=True)):
        statement = each.statement
        if meaning.kind not in ("claim", "assumption") or statement.right != Number("1"):
            continue
        scope = Scope(draft.vocabulary, draft.table.known, draft.table.sizes, draft.table.space, plainest=True)
        try:
            left = Elaborator(scope).readings(statement.left)[0].value.body
        except (NotUnderstood, ShapeMismatch):
            continue
        if not isinstance(left, Total) or not isinstance(left.body, Entry):
            continue
        entry = left.body
        if theory.definition(entry.name) is None and entry.indices.count(left.index) == 1:
            draft.granted[entry.name] = entry.indices.index(left.index)
            draft.meanings[place] = Meaning("assumption")


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

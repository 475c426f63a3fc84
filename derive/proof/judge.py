"""One statement to its verdict: every ordinary reading of both sides is tried before anything is refuted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from derive.algebra.arrays import Array, ShapeMismatch, show, spread
from derive.algebra.functions import NOTATION
from derive.algebra.single import squeezed
from derive.algebra.terms import Entry, Name, Num, Partial, walk
from derive.calculus.chain import NotDifferentiable, depends
from derive.meaning.collect import Understanding
from derive.meaning.draft import Meaning
from derive.meaning.elaborate import Elaborator
from derive.meaning.layers import at_layer, layer_letters, layers_of, names_in
from derive.meaning.naming import as_said, written
from derive.meaning.products import Reading
from derive.meaning.scope import NotUnderstood, Scope, Shape
from derive.meaning.shapes import bare_letter
from derive.meaning.statements import ARROWS
from derive.notation.tree import Derivative, Node
from derive.proof.decide import Decision, Proved, Refuted, Screen, Undecided, decide, is_diagonal
from derive.proof.gaps import gap, is_value, opaque, sums_differ, taken_for_granted, values_supposed
from derive.proof.nearest import nearest
from derive.proof.offers import page_names, page_of
from derive.proof.updates import says_its_step, step_of_descent
from derive.theory import Theory, family_letters
from derive.verdicts import StatementVerdict, Verdict

_MOST_PAIRS = 40


def judge(understanding: Understanding, place: int) -> StatementVerdict:
    """The verdict on the statement at that place."""
    each, meaning = understanding.placed[place], understanding.meanings[place]
    latex = ""
    match meaning.kind:
        case "declaration":
            return StatementVerdict("declaration", latex, Verdict.DECLARED)
        case "assumption":
            return StatementVerdict("assumption", latex, Verdict.ASSUMED, "what its sentence supposes")
        case "expression":
            return StatementVerdict("expression", latex, Verdict.EXPRESSION)
        case "definition":
            return _definition(understanding, meaning, each.line)
        case _:
            right = each.statement.right
            assert right is not None
            try:
                return _claims(understanding, place, each.statement.left, right, meaning)
            except RecursionError:
                return StatementVerdict("claim", "", Verdict.UNKNOWN, "its terms nest too deeply to be worked out")


def suggestions(understanding: Understanding, place: int) -> tuple[str, ...]:
    """For a refuted statement the nearest true formulas as LaTeX: right sides, or whole equations where the left was changed."""
    from derive.notation.latex import write_latex

    statement, meaning = understanding.placed[place].statement, understanding.meanings[place]
    left, right = statement.left, statement.right
    assert right is not None
    if meaning.kind == "definition":
        # a delta that is no derivative: which right side would make it one?
        assert meaning.name is not None
        missed = missed_by(understanding.theory, meaning.name)
        if missed is None or understanding.theory.loss is None:
            return ()
        spelled = {name.name: node for node in page_names(_trees(understanding)) if (name := written(node)) is not None}
        loss, by = spelled.get(understanding.theory.loss), spelled.get(missed)
        if loss is None or by is None:
            return ()
        left, meaning = Derivative(r"\partial", loss, (by,)), Meaning("claim")

    screen = Screen(understanding.theory, understanding.granted)

    def holds(one: Node, other: Node) -> bool:
        try:
            return _claims(understanding, place, one, other, meaning, screen=screen).verdict is Verdict.PROVED
        except RecursionError:
            return False

    defined = understanding.theory.definitions
    page = page_of(_trees(understanding), lambda name: name in defined)
    found = nearest(left, right, page, holds)

    def latex(node: Node) -> str:
        return write_latex(as_said(node, understanding.said))

    if statement.spelled_out:
        found = tuple((left, each) if isinstance(each, Node) else each for each in found)
    sign = statement.relation if statement.relation in ARROWS else "="
    return tuple(
        latex(each) if isinstance(each, Node) else f"{latex(each[0])} {sign} {latex(each[1])}" for each in found
    )


def _trees(understanding: Understanding) -> Iterator[Node]:
    for each in understanding.placed:
        yield each.statement.left
        if each.statement.right is not None:
            yield each.statement.right


def _claims(
    understanding: Understanding, place: int, left: Node, right: Node, meaning: Meaning, *, screen: Screen | None = None
) -> StatementVerdict:
    """A claim, or the claims for every layer where it speaks of "layer l" and the page numbers its layers."""
    letter, layers = _layers(understanding, left, right)
    if not layers:
        return _judged(understanding, place, left, right, meaning, screen)
    verdicts = []
    for number in layers:
        verdict = _judged(
            understanding, place, at_layer(left, letter, number), at_layer(right, letter, number), meaning, screen
        )
        if verdict.verdict is not Verdict.PROVED:
            reason = f"at {letter} = {number}: {verdict.reason}"
            return replace(verdict, reason=reason)
        verdicts.append(verdict)
    assumptions = tuple(dict.fromkeys(said for verdict in verdicts for said in verdict.assumptions))
    scope = f"{letter} = {', '.join(map(str, layers))}; all sizes"
    return replace(verdicts[0], scope=scope, assumptions=assumptions)


def _judged(
    understanding: Understanding, place: int, left: Node, right: Node, meaning: Meaning, screen: Screen | None
) -> StatementVerdict:
    """A claim; or an update, which claims descent of one loss. That it descends another one is no reason to call it false."""
    if meaning.kind != "update":
        return _claim(understanding, left, right, None, screen)
    if says_its_step(understanding, place, left, right):
        reading = "a step along the derivative that it names"
        return StatementVerdict("update", "", Verdict.PROVED, "", reading=reading, scope="all sizes")
    loss = understanding.loss_of(place)
    if loss is None:
        return StatementVerdict("update", "", Verdict.UNKNOWN, "there is no loss that this update could descend")
    verdict = _claim(understanding, left, right, loss, screen)
    if verdict.verdict is Verdict.REFUTED:
        for other in understanding.losses:
            if other is not loss and _claim(understanding, left, right, other, screen).verdict is Verdict.PROVED:
                reason = (
                    f"a step of descent on {other!r}; on {loss!r} it is none, and the page does not say which is meant"
                )
                return StatementVerdict("update", "", Verdict.UNKNOWN, reason)
    return verdict


def _layers(understanding: Understanding, left: Node, right: Node) -> tuple[str, tuple[int, ...]]:
    vocabulary, known = understanding.vocabulary, understanding.table.known
    for letter in sorted(layer_letters((left, right), vocabulary)):
        spoken = [n for n in names_in((left, right), vocabulary) if any(level.letter == letter for level in n.levels)]
        if any(known(name) is None for name in spoken):
            return letter, layers_of((left, right), letter, vocabulary, lambda name: known(name) is not None)
    return "", ()


def _definition(understanding: Understanding, meaning: Meaning, line: int) -> StatementVerdict:
    name = meaning.name
    assert name is not None
    theory = understanding.theory
    definition = theory.definitions.get(name)
    if definition is None and repr(name) in theory.functions and repr(name) in understanding.unclear:
        reason = understanding.problems.get(line, "its right side has no meaning here")
        return StatementVerdict("definition", "", Verdict.UNKNOWN, reason)
    if definition is None and repr(name) in theory.functions:
        known = theory.functions[repr(name)].known
        if known and NOTATION.get(name.base.removeprefix(r"\mathrm{").removesuffix("}").lower()) == known:
            reason = f"it is what {known} stands for everywhere"
            return StatementVerdict("definition", "", Verdict.PROVED, reason, scope="all sizes")
        return StatementVerdict("definition", "", Verdict.DEFINED, f"recognised as {known}" if known else "")
    if name in theory.general:
        direct = ", ".join(map(repr, theory.general[name]))
        return StatementVerdict("definition", "", Verdict.DEFINED, f"left general, a function of {direct}")
    if definition is None and any(family_letters(name, own) is not None for own in theory.definitions):
        return StatementVerdict("definition", "", Verdict.DEFINED)
    if definition is None:
        reason = understanding.problems.get(line, "its right side has no meaning here")
        return StatementVerdict("definition", "", Verdict.UNKNOWN, reason)
    recognised = derivative_named(theory, definition.name)
    if recognised is not None:
        return StatementVerdict(
            "definition", "", Verdict.PROVED, f"it is the derivative of {theory.loss!r} by {recognised!r}"
        )
    stated = any(isinstance(node, Partial) for node in walk(definition.value.body))
    if _named_after(theory, name) is not None and not stated:
        reason = f"by its name it is a derivative by {name.base[1:]}, and it equals none"
        return StatementVerdict("definition", "", Verdict.UNKNOWN, reason)
    warning = ""
    if bare_letter(name.base)[0] == r"\delta" and missed_by(theory, name) is not None:
        warning = f"by its name it is a derivative of {theory.loss!r}, and it equals none"
    return StatementVerdict("definition", "", Verdict.DEFINED, warning=warning)


def _named_after(theory: Theory, name: Name) -> Name | None:
    """W for a name dW."""
    if len(name.base) < 2 or name.base[0] != "d":
        return None
    own = Name(name.base[1:].strip("{}"), name.levels)
    return own if theory.symbol(own) is not None else None


def missed_by(theory: Theory, name: Name) -> Name | None:
    """The quantity of the forward pass that stands in the layer of a delta: what it should be the derivative by."""
    loss = theory.loss
    if loss is None or depends(theory, loss, name) or not name.levels:
        return None
    definition = theory.definitions[name]
    if any(isinstance(node, Partial) for node in walk(definition.value.body)):
        return None
    layer = (own for own in theory.definitions if own.levels == name.levels and own is not name)
    return next((own for own in layer if depends(theory, loss, own)), None)


def derivative_named(theory: Theory, name: Name) -> Name | None:
    """The quantity by which the loss's derivative is what a backward quantity was defined to be, if one is."""
    loss = theory.loss
    if loss is None or name is loss or depends(theory, loss, name):
        return None
    definition = theory.definitions[name]
    if any(isinstance(node, Partial) for node in walk(definition.value.body)):
        return None
    own = _named_after(theory, name)
    if own is not None and depends(theory, loss, own):
        symbol = theory.symbol(own)
        assert symbol is not None
        indices = definition.value.indices
        if tuple(index.size for index in indices) != symbol.shape:
            return None
        gradient = Array(indices, Partial(Entry(loss), Entry(own, indices)), definition.value.row)
        return own if isinstance(decide(theory, definition.value, gradient), Proved) else None
    for other, found in theory.definitions.items():
        if other is not loss and found.value.shape == definition.value.shape and other.levels == name.levels:
            if not depends(theory, loss, other):
                continue
            gradient = Array(found.value.indices, Partial(Entry(loss), Entry(other, found.value.indices)))
            if isinstance(decide(theory, definition.value, gradient), Proved):
                return other
    return None


def _claim(
    understanding: Understanding, left: Node, right: Node, descends: Name | None, screen: Screen | None
) -> StatementVerdict:
    kind = "claim" if descends is None else "update"
    theory = understanding.theory
    decisions: list[tuple[Decision, tuple[str, ...]]] = []
    mismatch: ShapeMismatch | None = None
    try:
        for a, b, notes in _pairs(understanding, left, right):
            missing = gap(understanding, a.body, b.body)
            if missing is not None:
                return StatementVerdict(kind, "", Verdict.UNKNOWN, f"the definition of {missing} was not understood")
            if understanding.vocabulary.samples and sums_differ(theory, a.body, b.body):
                reason = "a sum over inputs on one side, and not on the other"
                return StatementVerdict(kind, "", Verdict.UNKNOWN, reason)
            unknown_values = opaque(theory, a.body, b.body)
            try:
                if descends is not None:
                    a, b = step_of_descent(theory, descends, a, b)
                decision = decide(theory, a, b, understanding.granted, screen)
            except NotDifferentiable as error:
                decision = Undecided(str(error))
            except ShapeMismatch as error:
                decision = Undecided(f"the page's definitions do not fit together: {error}")
            if unknown_values and (unknown_values == "differentiated" or not isinstance(decision, Proved)):
                decision = Undecided("an inverse or a maximum, of which too little is known here")
            if isinstance(decision, Refuted) and not a.body.free and b.body.free:
                decision = Undecided(f"nothing on the page says which {min(map(repr, b.body.free))} is meant")
            decisions.append((decision, notes))
            if isinstance(decision, Proved):
                return StatementVerdict(
                    kind, "", Verdict.PROVED, "", reading="; ".join(dict.fromkeys(notes)), scope="all sizes",
                    assumptions=(*decision.assumptions, *taken_for_granted(theory, a.body, b.body)),
                )  # fmt: skip
    except ShapeMismatch as error:
        mismatch = error
    except NotUnderstood as error:
        return StatementVerdict(kind, "", Verdict.UNKNOWN, error.message, column=error.column)
    if mismatch is not None and not decisions:
        spoken = names_in((left, right), understanding.vocabulary, symbols=True)
        missing = gap(understanding, *(Entry(name) for name in spoken))
        if missing is not None:
            return StatementVerdict(kind, "", Verdict.UNKNOWN, f"the definition of {missing} was not understood")
    undecided = [decision for decision, _ in decisions if isinstance(decision, Undecided)]
    if undecided:
        return StatementVerdict(kind, "", Verdict.UNKNOWN, undecided[0].reason)
    vague = next(
        (
            name
            for name in names_in((left, right), understanding.vocabulary, symbols=True)
            if name in understanding.loose
        ),
        None,
    )
    if vague is not None:
        return StatementVerdict(kind, "", Verdict.UNKNOWN, f"nothing on the page says what {vague!r} is")
    if is_value(right) and not is_value(left) and values_supposed(understanding):
        return StatementVerdict(kind, "", Verdict.UNKNOWN, "a value at inputs that the page only supposes")
    refuted = [(decision, notes) for decision, notes in decisions if isinstance(decision, Refuted)]
    if refuted:
        decision, notes = refuted[0]
        assert isinstance(decision, Refuted)
        return StatementVerdict(
            kind,
            "",
            Verdict.REFUTED,
            "the two sides differ",
            reading="; ".join(notes),
            counterexample=decision.counterexample,
        )
    return StatementVerdict(kind, "", Verdict.REFUTED, f"the shapes do not fit: {mismatch}")


def _pairs(understanding: Understanding, left: Node, right: Node) -> Iterator[tuple[Array, Array, tuple[str, ...]]]:
    """The readings of both sides that have one shape, plainest first.

    Raises:
        ShapeMismatch: there are none.
    """
    mismatch: ShapeMismatch | None = None
    found = False
    scope = _scope(understanding)
    elaborator = Elaborator(scope)
    lefts, rights = elaborator.side(left), elaborator.side(right)
    pairs = sorted(((a, b) for a in lefts for b in rights), key=lambda pair: pair[0].cost + pair[1].cost)
    for a, b in islice(pairs, _MOST_PAIRS):
        try:
            with scope.space.trying():
                first, second, note = _fitted(scope, a, b)
        except ShapeMismatch as error:
            mismatch = mismatch or error
            continue
        found = True
        yield *_with_letters(scope.space.settled(first), scope.space.settled(second)), (*a.notes, *b.notes, *note)
    if not found:
        assert mismatch is not None
        raise mismatch


def _with_letters(left: Array, right: Array) -> tuple[Array, Array]:
    """Both sides as arrays over the index letters that stand free in them as well: `y_j = ...` is claimed for every j."""
    right = Array(left.indices, right.at(*left.indices), right.row)
    letters = sorted((left.body.free | right.body.free) - set(left.indices), key=lambda index: index.label)
    indices = (*left.indices, *letters)
    return Array(indices, left.body, left.row), Array(indices, right.body, right.row)


def _fitted(scope: Scope, left: Reading, right: Reading) -> tuple[Array, Array, tuple[str, ...]]:
    a, b = left.value, right.value
    if a.rank and not b.rank and isinstance(b.body, Num):
        b = spread(b, a.shape, a.row)
    if a.rank != b.rank or a.row != b.row:
        a, b = squeezed(a), squeezed(b)
    if a.rank != b.rank or not all(scope.agree(x, y) for x, y in zip(a.shape, b.shape, strict=True)):
        raise ShapeMismatch(f"the left side is {show(a)}, the right side {show(b)}", a, b)
    if a.rank == 1 and a.row != b.row:
        raise ShapeMismatch(f"the left side is {show(a)}, the right side {show(b)}", a, b)
    return a, b, ()


def _scope(understanding: Understanding) -> Scope:
    scope = understanding.scope()
    theory = understanding.theory
    known = scope.shape_of

    def shape_of(name: Name) -> Shape | None:
        return known(name) or (Shape(()) if name in understanding.parameters else None)

    scope.shape_of = shape_of
    scope.is_diagonal = lambda of, by: is_diagonal(theory, of, by)
    return scope

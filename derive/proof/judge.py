"""One statement to its verdict: every ordinary reading of both sides is tried before anything is refuted."""

from __future__ import annotations

from dataclasses import replace

from derive.algebra.arrays import Array, ShapeMismatch
from derive.algebra.functions import NOTATION
from derive.algebra.names import Name
from derive.algebra.terms import Entry, Partial, names, walk
from derive.calculus.chain import NotDifferentiable, depends
from derive.meaning.cases import conditions_around
from derive.meaning.collect import Understanding
from derive.meaning.draft import Meaning
from derive.meaning.layers import at_layer, names_in
from derive.meaning.naming import walk as walk_tree
from derive.meaning.naming import written
from derive.meaning.prose import held_fixed
from derive.meaning.scope import NotUnderstood
from derive.meaning.shapes import bare_letter
from derive.notation.tree import BigOperator, Derivative, Node, Scripted, Symbol
from derive.proof.decide import Decision, Proved, Refuted, Undecided, decide
from derive.proof.gaps import (
    by_convention,
    gap,
    guessed_rank,
    is_value,
    of_one_beside_many,
    opaque,
    says_places_anew,
    sums_differ,
    taken_for_granted,
    values_supposed,
)
from derive.proof.lines import alone
from derive.proof.sides import numbered_layers, pairs_of
from derive.proof.transitions import by_several_ways
from derive.proof.updates import says_its_step, step_of_descent
from derive.theory import Theory, family_letters
from derive.verdicts import StatementVerdict, Verdict

Conditions = tuple[Node, ...]
Equation = tuple[Node, Node, Conditions]
"""Both sides, and under what conditions they are said to be equal."""


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
            other = _declared_later(understanding, place)
            if other is not None:
                reason = f"{other!r} is declared again further down, with other sizes"
                return StatementVerdict(
                    meaning.kind if meaning.kind == "update" else "claim", latex, Verdict.UNKNOWN, reason
                )
            try:
                verdict = claimed(understanding, place, each.statement.left, right, meaning)
                if verdict.verdict is Verdict.PROVED or each.statement.conditions or meaning.kind == "update":
                    return verdict
                return _as_the_text_restricts(understanding, place, verdict)
            except RecursionError:
                return StatementVerdict("claim", "", Verdict.UNKNOWN, "its terms nest too deeply to be worked out")


def _declared_later(understanding: Understanding, place: int) -> Name | None:
    """A name in a claim that the page declares anew after it: what sizes it has here is not known any more."""
    if not understanding.redeclared:
        return None
    statement = understanding.placed[place].statement
    sides = [side for side in (statement.left, statement.right) if side is not None]
    spoken = names_in(sides, understanding.vocabulary, symbols=True)
    return next(
        (name for name in sorted(spoken, key=repr) if max(understanding.redeclared.get(name, [-1])) > place), None
    )


def _as_the_text_restricts(understanding: Understanding, place: int, verdict: StatementVerdict) -> StatementVerdict:
    r"""A claim that is not proved in general, where the text beside it says "for `i \neq j`": what holds there."""
    from derive.notation.latex import write_latex

    statement, meaning = understanding.placed[place].statement, understanding.meanings[place]
    assert statement.right is not None
    doubt = verdict
    steps = {letter for letter, (_, end) in understanding.vocabulary.clocks.items() for letter in (letter, end.letter)}
    if steps:
        sums = (node for node in walk_tree((statement.left, statement.right)) if isinstance(node, BigOperator))
        steps |= {part.text for node in sums for part in walk_tree(node.lower) if isinstance(part, Symbol)}
        steps |= _step_letters(understanding, statement.left, statement.right)
    for told, beside in conditions_around(understanding.placed, place):
        if {part.text for part in walk_tree(told) if isinstance(part, Symbol)} <= steps:
            continue  # values are looked at step by step: what holds at some steps only is not refuted
        restricted = claimed(understanding, place, statement.left, statement.right, meaning, (told,))
        if restricted.verdict is Verdict.PROVED and beside:
            return replace(restricted, reading=f"for {write_latex(told)}, as the text says")
        if restricted.verdict is not Verdict.REFUTED and verdict.verdict is Verdict.REFUTED:
            reason = f"false in general, but the text speaks of {write_latex(told)} near it"
            doubt = replace(restricted, verdict=Verdict.UNKNOWN, reason=reason)
    return doubt


def _step_letters(understanding: Understanding, left: Node, right: Node) -> frozenset[str]:
    """The letters of the steps at which a claim's names stand."""
    names = names_in((left, right), understanding.vocabulary)
    return frozenset(level.letter for name in names for level in name.levels if level.letter)


def claimed(
    understanding: Understanding, place: int, left: Node, right: Node, meaning: Meaning, conditions: Conditions = ()
) -> StatementVerdict:
    """A claim, or the claims for every layer where it speaks of "layer l" and the page numbers its layers. `conditions` are those
    of the text, beside the statement's own."""
    conditions = (*understanding.placed[place].statement.conditions, *conditions)
    letter, layers = numbered_layers(understanding, left, right)
    if not layers:
        return _judged(understanding, place, (left, right, conditions), meaning)
    verdicts = []
    for number in layers:
        equation = at_layer(left, letter, number), at_layer(right, letter, number), conditions
        verdict = _judged(understanding, place, equation, meaning)
        if verdict.verdict is not Verdict.PROVED:
            reason = f"at {letter} = {number}: {verdict.reason}"
            return replace(verdict, reason=reason)
        verdicts.append(verdict)
    assumptions = tuple(dict.fromkeys(said for verdict in verdicts for said in verdict.assumptions))
    scope = f"{letter} = {', '.join(map(str, layers))}; all sizes"
    return replace(verdicts[0], scope=scope, assumptions=assumptions)


def _judged(understanding: Understanding, place: int, equation: Equation, meaning: Meaning) -> StatementVerdict:
    """A claim; or an update, which claims descent of one loss. That it descends another one is no reason to call it false."""
    if meaning.kind != "update":
        verdict = _claim(understanding, equation, None)
        sections = held_fixed(understanding.placed)
        partly = _of_functions_of_values(understanding, equation)
        if verdict.verdict is Verdict.PROVED or not (sections or partly):
            return verdict
        held = _claim(understanding, equation, None, held=True)
        here = partly or understanding.placed[place].section in sections
        if held.verdict is not Verdict.PROVED and (line := alone(understanding, equation[:2])) is not None:
            held = _claim(line, equation, None)
        if here and held.verdict in (Verdict.PROVED, Verdict.REFUTED):
            # false is only what is false both ways
            return held if held.verdict is Verdict.PROVED or verdict.verdict is Verdict.REFUTED else verdict
        if verdict.verdict is Verdict.REFUTED and held.verdict is not Verdict.REFUTED:
            reason = "what else the quantities depend on may be held fixed here, as the page does in places"
            return replace(verdict, verdict=Verdict.UNKNOWN, reason=reason, counterexample=None)
        return verdict
    left, right, conditions = equation
    if says_its_step(understanding, place, left, right):
        reading = "a step along the derivative that it names"
        return StatementVerdict("update", "", Verdict.PROVED, "", reading=reading, scope="all sizes")
    loss = understanding.loss_of(place)
    if loss is None:
        return StatementVerdict("update", "", Verdict.UNKNOWN, "there is no loss that this update could descend")
    step = left, right, ()
    verdict = _claim(understanding, step, loss)
    if verdict.verdict is Verdict.REFUTED:
        if conditions:
            return StatementVerdict("update", "", Verdict.UNKNOWN, "a step that is only taken under a condition")
        for other in understanding.losses:
            if other is not loss and _claim(understanding, step, other).verdict is Verdict.PROVED:
                reason = (
                    f"a step of descent on {other!r}; on {loss!r} it is none, and the page does not say which is meant"
                )
                return StatementVerdict("update", "", Verdict.UNKNOWN, reason)
    return verdict


def _of_functions_of_values(understanding: Understanding, equation: Equation) -> bool:
    r"""Whether a partial derivative is taken of a `u(x, v)` where v depends on x too, and so may be held fixed."""
    if not understanding.several:
        return False
    operands = (
        node.operand for node in walk_tree(equation[:2]) if isinstance(node, Derivative) and node.symbol == r"\partial"
    )
    vocabulary = understanding.vocabulary
    found = (written(operand, vocabulary.subscripted, vocabulary.layered) for operand in operands)
    return any(name is not None and name.name in understanding.several for name in found)


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


def _conventional(decision: Decision) -> Decision:
    """What a claim is that is false of some functions, by what it is of the logistic function."""
    if isinstance(decision, Proved):
        return Proved((*decision.assumptions, r"\sigma is the logistic function"))
    if isinstance(decision, Undecided):
        return Undecided(r"false of some functions \sigma, and the page does not say which one it means")
    return decision


def _claim(
    understanding: Understanding, equation: Equation, descends: Name | None, *, held: bool = False
) -> StatementVerdict:
    left, right, conditions = equation
    kind = "claim" if descends is None else "update"
    theory = understanding.theory
    decisions: list[tuple[Decision, tuple[str, ...]]] = []
    mismatch: ShapeMismatch | None = None
    used: set[Name] = set()
    try:
        for a, b, notes in pairs_of(understanding, left, right, conditions, held=held):
            used.update(*map(names, (a.body, b.body)))
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
                decision = decide(theory, a, b, understanding.granted)
                if isinstance(decision, Refuted) and (usual := by_convention(understanding)) is not None:
                    decision = _conventional(decide(usual, a, b, understanding.granted))
            except NotDifferentiable as error:
                decision = Undecided(str(error))
            except ShapeMismatch as error:
                decision = Undecided(f"the page's definitions do not fit together: {error}")
            if unknown_values and (unknown_values == "differentiated" or not isinstance(decision, Proved)):
                decision = Undecided("an inverse or a maximum, of which too little is known here")
            if isinstance(decision, Refuted) and by_several_ways(theory, a.body, b.body):
                decision = Undecided("between its steps there are other ways, which may be held fixed")
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
    if is_value(right) and not is_value(left) and not conditions and values_supposed(understanding):
        return StatementVerdict(kind, "", Verdict.UNKNOWN, "a value at inputs that the page only supposes")
    if mixed := of_one_beside_many(understanding, used):
        return StatementVerdict(kind, "", Verdict.UNKNOWN, f"{mixed} may stand for that of each input here")
    if says_places_anew(understanding, left, right):
        reason = "gives the entries of a defined name by other places, as another kind of convolution would"
        return StatementVerdict(kind, "", Verdict.UNKNOWN, reason)
    refuted = [(decision, notes) for decision, notes in decisions if isinstance(decision, Refuted)]
    if refuted:
        decision, notes = refuted[0]
        assert isinstance(decision, Refuted)
        return StatementVerdict(
            kind,
            "",
            Verdict.REFUTED,
            "the two sides differ",
            reading="; ".join(dict.fromkeys(notes)),
            counterexample=decision.counterexample,
        )
    spoken = names_in((left, right), understanding.vocabulary, symbols=True)
    subscripted = any(isinstance(node, Scripted) and node.sub is not None for node in walk_tree((left, right)))
    if understanding.vocabulary.shifts is not None and subscripted:
        reason = f"ranges of entries that do not fit, of arrays whose ends are not told: {mismatch}"
        return StatementVerdict(kind, "", Verdict.UNKNOWN, reason)
    guess = guessed_rank(understanding, spoken)
    if guess is not None:
        reason = f"the shapes do not fit as they were taken, but the page does not say that {guess!r} is an array"
        return StatementVerdict(kind, "", Verdict.UNKNOWN, reason)
    return StatementVerdict(kind, "", Verdict.REFUTED, f"the shapes do not fit: {mismatch}")

"""A page's statements to their verdicts, under the layout of derivatives that the page keeps to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from derive.algebra.names import Name
from derive.algebra.terms import Fun, Partial
from derive.algebra.terms import names as term_names
from derive.algebra.terms import walk as term_nodes
from derive.meaning.calls import call
from derive.meaning.classify import stands_for_all
from derive.meaning.collect import Understanding, understand
from derive.meaning.draft import Placed
from derive.meaning.functions import signature
from derive.meaning.layers import names_in
from derive.meaning.naming import walk, written
from derive.meaning.optima import optimum
from derive.meaning.prose import layout_said
from derive.meaning.rewrite import rewritten
from derive.meaning.scope import LAYOUTS, Layout, Vocabulary
from derive.meaning.shapes import FAMILY, is_loss
from derive.notation.tree import Derivative
from derive.proof.decide import EQUAL_IN_FLOATING_POINT, NO_VALUES
from derive.proof.judge import claimed, derivative_named, judge
from derive.proof.sections import declared_anew, said_only
from derive.proof.suggest import Suggestions
from derive.verdicts import StatementVerdict, Verdict

_MOST_MEANINGS = 8
"""How often a page may give a name a new meaning."""


@dataclass(frozen=True)
class Judged:
    """What was understood of a page, the verdict on each of its statements, and what holds for the page as a whole.

    `later` holds the understandings that take over where names get new meanings, each with the statement from which it counts.
    """

    understanding: Understanding
    verdicts: tuple[StatementVerdict, ...]
    notes: tuple[str, ...] = ()
    later: tuple[tuple[int, Understanding], ...] = ()

    def understanding_at(self, number: int) -> Understanding:
        """The understanding under which a statement was judged."""
        return next((own for start, own in reversed(self.later) if start <= number), self.understanding)


def judge_page(placed: Sequence[Placed], title: str = "", *, suggest: bool = True) -> Judged:
    """The verdicts on a page's statements; with `suggest`, the nearest true formulas of those that are refuted."""
    judged = _in_its_meanings(placed, title, 0)
    if not suggest:
        return judged
    verdicts = list(judged.verdicts)
    pages: dict[int, Suggestions] = {}
    for number, verdict in enumerate(verdicts):
        if verdict.verdict is Verdict.REFUTED or verdict.warning:
            understanding = judged.understanding_at(number)
            page = pages.setdefault(id(understanding), Suggestions(understanding))
            verdicts[number] = replace(verdict, suggestions=page.of(number))
    return replace(judged, verdicts=tuple(verdicts))


def _in_its_meanings(placed: Sequence[Placed], title: str, depth: int) -> Judged:
    """The page read from start to end; from where a name gets a new meaning on, read again without the earlier one."""
    judged = _in_its_layout(placed, title)
    if depth < _MOST_MEANINGS and (apart := _by_sections(judged, placed, title, depth)) is not None:
        return apart
    new = _new_meaning(judged, placed) if depth < _MOST_MEANINGS else None
    judged = _without_unread_meanings(judged)
    if new is None:
        return judged
    start, forgotten, slip, doubted = new
    rest = _in_its_meanings(forgotten, title, depth + 1)
    later = [
        _between_two_meanings(own, other) if slip or doubted is not None else other
        for own, other in zip(judged.verdicts[start:], rest.verdicts[start:], strict=True)
    ]
    if doubted is not None and later[doubted - start].verdict is Verdict.DEFINED:
        reason = "another meaning of a name that has one in another section, or a false claim"
        later[doubted - start] = StatementVerdict("claim", "", Verdict.UNKNOWN, reason)
    return replace(
        judged,
        verdicts=(*judged.verdicts[:start], *later),
        later=((start, rest.understanding), *rest.later),
    )


def _by_sections(judged: Judged, page: Sequence[Placed], title: str, depth: int) -> Judged | None:
    """The page read apart on both sides of where it declares names anew; None where it does not."""
    boundary = declared_anew(judged.understanding, page)
    if boundary is None:
        return None
    start = boundary.start
    earlier = _in_its_meanings(boundary.earlier, title, depth + 1)
    later = _in_its_meanings(boundary.later, title, depth + 1)
    verdicts = (*earlier.verdicts[:start], *later.verdicts[start:])
    judged = replace(
        earlier,
        later=(*(own for own in earlier.later if own[0] < start), (start, later.understanding), *later.later),
    )
    return replace(
        judged,
        verdicts=tuple(
            boundary.side(judged.understanding_at(number), number, verdict) for number, verdict in enumerate(verdicts)
        ),
    )


def _between_two_meanings(earlier: StatementVerdict, later: StatementVerdict) -> StatementVerdict:
    """What a page says after it gave a name another meaning: false is only what the earlier meaning does not prove."""
    if later.verdict is Verdict.REFUTED and earlier.verdict is Verdict.PROVED:
        reason = "true by the earlier of two meanings that the page gives a name, false by the later"
        return StatementVerdict(later.kind, "", Verdict.UNKNOWN, reason)
    return later


def _without_inline_rivals(judged: Judged) -> tuple[StatementVerdict, ...]:
    """In running text `z = W x` beside `z = W x + b` on display is as likely a special case as a slip."""
    verdicts = list(judged.verdicts)
    for number, (each, verdict) in enumerate(zip(judged.understanding.placed, verdicts, strict=True)):
        if verdict.verdict is Verdict.REFUTED and not each.display and _restated(judged, number) is not None:
            reason = "gives a defined name another meaning in running text"
            verdicts[number] = StatementVerdict(verdict.kind, "", Verdict.UNKNOWN, reason)
    return tuple(verdicts)


def _restated(judged: Judged, number: int) -> Name | None:
    """The defined name that a statement gives a meaning again."""
    understanding = judged.understanding
    statement = understanding.placed[number].statement
    if statement.right is None or statement.link or understanding.meanings[number].kind == "update":
        return None
    found = written(statement.left, understanding.vocabulary.subscripted, understanding.vocabulary.layered)
    if found is None or found.transposed or found.power is not None or found.primes:
        return None
    if found.entries and not stands_for_all(found.entries):
        return None
    if any(isinstance(node, Derivative) for node in walk(statement.right)):
        return None
    definition = understanding.theory.definitions.get(found.name)
    if definition is None or any(isinstance(node, Partial) for node in term_nodes(definition.value.body)):
        return None
    # a derivative by its own name, such as a delta, is not given meanings: it has one
    return None if derivative_named(understanding.theory, found.name) is not None else found.name


def _is_given_anew(judged: Judged, number: int, *, elsewhere: bool) -> bool:
    """Whether a statement that is not proved may give a defined name another meaning; by an entry it only does so elsewhere."""
    understanding, verdict = judged.understanding, judged.verdicts[number]
    left = understanding.placed[number].statement.left
    found = written(left, understanding.vocabulary.subscripted, understanding.vocabulary.layered)
    if not elsewhere and found is not None and found.entries:
        return False
    return verdict.verdict is Verdict.REFUTED or (elsewhere and _compared(judged, number) is Verdict.REFUTED)


def _may_be_claim(judged: Judged, number: int, written_as: Placed) -> bool:
    """Whether a statement that gives a name another meaning says it of an entry, as claims do, and not of a loss, nor of what is
    written with its arguments."""
    understanding = judged.understanding
    left = understanding.placed[number].statement.left
    found = written(left, understanding.vocabulary.subscripted, understanding.vocabulary.layered)
    if found is None or not found.entries or call(written_as.statement.left) is not None:
        return False
    return not is_loss(found.name) and not found.name.base.endswith(FAMILY)


def _compared(judged: Judged, number: int) -> Verdict:
    """What a chain's last side is of what its head is defined to be: the same, another thing, or there is no telling."""
    understanding = judged.understanding
    first = understanding.placed[number]
    *_, last = (
        each.statement
        for each in understanding.placed
        if each.formula == first.formula and each.statement.chain == first.statement.chain
    )
    if last.right is None:
        return Verdict.PROVED
    verdict = claimed(understanding, number, first.statement.left, last.right, understanding.meanings[number])
    if verdict.reason == NO_VALUES:  # the logarithm of what the earlier meaning lets be below zero
        return Verdict.REFUTED
    return Verdict.PROVED if EQUAL_IN_FLOATING_POINT in verdict.reason else verdict.verdict


def _without_unread_meanings(judged: Judged) -> Judged:
    """In a section that says anew what a name is, in a way that was not understood, nothing is known of that name any more."""
    understanding, verdicts = judged.understanding, list(judged.verdicts)
    placed = understanding.placed
    doubted: dict[Name, int] = {}
    for number, verdict in enumerate(judged.verdicts):
        if verdict.verdict is not Verdict.UNKNOWN or not placed[number].display:
            continue
        name = _restated(judged, number)
        definition = understanding.theory.definitions.get(name) if name is not None else None
        if name is None or definition is None:
            continue
        first = next(n for n, each in enumerate(placed) if each.line == definition.source)
        if placed[first].section < placed[number].section and _compared(judged, number) is Verdict.UNKNOWN:
            start = next(n for n, each in enumerate(placed) if each.section == placed[number].section)
            doubted.setdefault(name, start)
    for number, verdict in enumerate(judged.verdicts):
        if not doubted or verdict.verdict not in (Verdict.PROVED, Verdict.REFUTED):
            continue
        sides = [side for side in (placed[number].statement.left, placed[number].statement.right) if side is not None]
        spoken = set(names_in(sides, understanding.vocabulary, symbols=True))
        spoken |= {each for name in spoken for each in _reached(understanding, name)}
        unread = next((name for name in doubted if name in spoken and doubted[name] <= number), None)
        if unread is not None:
            reason = f"what {unread!r} is in this section was not understood"
            verdicts[number] = StatementVerdict(verdict.kind, "", Verdict.UNKNOWN, reason)
    return replace(judged, verdicts=tuple(verdicts))


def _new_meaning(judged: Judged, page: Sequence[Placed]) -> tuple[int, tuple[Placed, ...], bool, int | None] | None:
    """Where a page gives a name, or a function, a new meaning: from which statement on, the page without the earlier one, whether
    it may be a slip as well, and the statement if that may as well be a claim.

    `page` holds its statements as they are written; reading rewrites them.

    In another section it may do so freely. In the same one it is a slip, unless it brings in what the earlier meaning knew
    nothing of.
    """
    understanding = judged.understanding
    placed, vocabulary = understanding.placed, understanding.vocabulary
    for number, verdict in enumerate(judged.verdicts):
        if verdict.verdict not in (Verdict.REFUTED, Verdict.UNKNOWN) or not placed[number].display:
            continue
        name, function = _restated(judged, number), _function_restated(judged, number)
        if name is not None:
            source = understanding.theory.definitions[name].source
        elif function is not None and verdict.verdict is Verdict.REFUTED:
            source = understanding.theory.functions[repr(function)].source
        else:
            continue
        first = next(n for n, each in enumerate(placed) if each.line == source)
        before, after = placed[first], placed[number]
        elsewhere = before.section != after.section
        if name is not None and _solves(understanding, name, after):
            continue
        if first >= number or not (elsewhere or _brings_in(understanding, name, before, after)):
            continue
        if name is not None and not _is_given_anew(judged, number, elsewhere=elsewhere):
            continue
        if before.section == after.section and optimum(before.statement.right) is not None:
            continue  # a formula for where something is least is a claim
        start = number
        if before.section != after.section:
            start = next(n for n, each in enumerate(placed) if each.section == after.section)
        forgotten = tuple(
            replace(each, statement=said_only(each.statement))
            if n < start and (_defines(read, name, vocabulary) or _calls(read, function, vocabulary))
            else each
            for n, (each, read) in enumerate(zip(page, placed, strict=True))
        )
        return start, forgotten, not elsewhere, number if _may_be_claim(judged, number, page[number]) else None
    return None


def _function_restated(judged: Judged, number: int) -> Name | None:
    """The function, defined by a formula, that a statement gives a formula again."""
    understanding = judged.understanding
    statement = understanding.placed[number].statement
    found = signature(statement.left, understanding.vocabulary)
    if found is None or statement.right is None or statement.link:
        return None
    own = understanding.theory.functions.get(repr(found[0]))
    return found[0] if own is not None and own.body is not None and own.source else None


def _calls(each: Placed, function: Name | None, vocabulary: Vocabulary) -> bool:
    found = signature(each.statement.head, vocabulary)
    return found is not None and found[0] is function and each.statement.right is not None


def _brings_in(understanding: Understanding, name: Name | None, before: Placed, after: Placed) -> bool:
    """Whether a second definition of a name rests on something that the first one knows nothing of."""
    if name is None:
        return False
    vocabulary = understanding.vocabulary
    known = names_in((before.statement.left, before.statement.right or before.statement.left), vocabulary, symbols=True)
    old = {each.base for each in known} | {name.base}
    old |= {each.base for each in _reached(understanding, name)}
    right = after.statement.right
    assert right is not None
    functions = _functions_reached(understanding, name)
    used = {
        each
        for each in names_in((right,), vocabulary, symbols=True)
        if understanding.table.known(each) or vocabulary.functions.get(repr(each), functions[0]) not in functions
    }
    return not all(each.base in old or _made_of(understanding, each, old) for each in used)


def _made_of(understanding: Understanding, name: Name, known: set[str]) -> bool:
    """Whether a defined name rests on nothing but what is known: it is another word for some of that."""
    definitions = understanding.theory.definitions
    given = {each.base for each in _reached(understanding, name) if each not in definitions}
    return name in definitions and bool(given) and given <= known


def _solves(understanding: Understanding, name: Name, after: Placed) -> bool:
    """Whether a second right side says what a recursion comes to: it has the recursion's start, and all that this is made of."""
    definition, right = understanding.theory.definitions.get(name), after.statement.right
    if definition is None or right is None:
        return False
    old, new = term_names(definition.value.body), set(names_in((right,), understanding.vocabulary, symbols=True))
    goes_back = any(each.base == name.base and any(level.letter for level in each.levels) for each in old)
    own = [each for each in new if each.base == name.base and each.levels]
    starts = bool(own) and not any(level.letter for each in own for level in each.levels)
    return goes_back and starts and {each.base for each in old} <= {each.base for each in new}


def _reached(understanding: Understanding, name: Name) -> set[Name]:
    """What a name rests on, through the definitions."""
    found: set[Name] = set()
    stack = [name]
    while stack:
        definition = understanding.theory.definitions.get(stack.pop())
        if definition is not None:
            new = set(term_names(definition.value.body)) - found
            found |= new
            stack.extend(new)
    return found


def _functions_reached(understanding: Understanding, name: Name) -> tuple[str, ...]:
    """The functions that a name's definition applies, on the way down through the definitions; "" first."""
    definitions = understanding.theory.definitions
    bodies = [definitions[each].value.body for each in {name} | _reached(understanding, name) if each in definitions]
    return ("", *{node.function for body in bodies for node in term_nodes(body) if isinstance(node, Fun)})


def _defines(each: Placed, name: Name | None, vocabulary: Vocabulary) -> bool:
    found = written(each.statement.head, vocabulary.subscripted, vocabulary.layered)
    whole = found is not None and (not found.entries or stands_for_all(found.entries))
    return whole and found is not None and found.name is name and each.statement.right is not None


def _in_its_layout(placed: Sequence[Placed], title: str) -> Judged:
    """The page under the layout of derivatives that it keeps to.

    Pages lay out derivatives in more than one way, but each in one: where claims about derivatives fail, the other layouts are
    tried for the whole page, and the one under which most claims hold is kept. A claim that holds under another layout only is
    not called false unless the page's own layout is plain from more claims than speak for the other.
    """
    page = rewritten(placed, title)
    best = _judged(understand(page))
    doubtful = [
        number
        for number, verdict in enumerate(best.verdicts)
        if verdict.verdict is Verdict.REFUTED and _may_be_turned(best, number)
    ]
    notes: tuple[str, ...] = ()
    if doubtful:
        others = []
        for layout in _possible(placed):
            understanding = understand(page, layout)
            if any(_saves(judge(understanding, number), best.verdicts[number]) for number in doubtful):
                others.append(_judged(understanding))
        chosen = max((best, *others), key=_proved)
        rivals = [judged for judged in (best, *others) if judged is not chosen]
        if chosen is not best:
            notes = (chosen.understanding.vocabulary.layout.said,)
        best = replace(chosen, verdicts=_spared(chosen, rivals))
    return Judged(best.understanding, _without_inline_rivals(best), notes)


def _saves(other: StatementVerdict, refuted: StatementVerdict) -> bool:
    """Whether what another layout says speaks against a refutation: it proves the claim, or fits shapes that alone did not fit."""
    return other.verdict is Verdict.PROVED or (refuted.counterexample is None and other.verdict is not Verdict.REFUTED)


def _possible(placed: Sequence[Placed]) -> Iterator[Layout]:
    """The layouts other than the first that what the text says of derivatives leaves."""
    gradients, jacobians = layout_said(placed)
    nablas = any(
        isinstance(node, Derivative) and node.symbol == r"\nabla" and len(node.variables) < 2
        for each in placed
        for side in (each.statement.left, each.statement.right)
        for node in walk(side)
    )
    for layout in LAYOUTS[1:]:
        lies = layout.gradient_rows and (layout.nabla_rows or not nablas)
        if not (gradients and lies) and not (jacobians and layout.denominator):
            yield layout


def _judged(understanding: Understanding) -> Judged:
    return Judged(understanding, tuple(judge(understanding, number) for number in range(len(understanding.placed))))


def _proved(judged: Judged) -> int:
    return sum(verdict.verdict is Verdict.PROVED for verdict in judged.verdicts)


def _may_be_turned(judged: Judged, number: int) -> bool:
    """Whether another layout could make a claim true: it has Jacobians in it, or gradients, and shapes that do not fit."""
    understanding = judged.understanding
    statement = understanding.placed[number].statement
    derivatives = [
        node for side in (statement.left, statement.right) for node in walk(side) if isinstance(node, Derivative)
    ]
    if judged.verdicts[number].counterexample is None:
        return bool(derivatives)
    vocabulary = understanding.vocabulary
    for node in derivatives:
        name = written(node.operand, vocabulary.subscripted, vocabulary.layered)
        shape = None if name is None else understanding.table.known(name.name)
        if shape is None or shape.rank:
            return True
    return False


def _spared(chosen: Judged, rivals: Sequence[Judged]) -> tuple[StatementVerdict, ...]:
    """The chosen verdicts, without refutations of what a layout that is as likely would prove."""
    verdicts = list(chosen.verdicts)
    for rival in rivals:
        differing = [
            (own.verdict is Verdict.PROVED, other.verdict is Verdict.PROVED)
            for own, other in zip(chosen.verdicts, rival.verdicts, strict=True)
        ]
        for_chosen = sum(own and not other for own, other in differing)
        for_rival = sum(other and not own for own, other in differing)
        if for_chosen > for_rival:
            continue
        for number, other in enumerate(rival.verdicts):
            if verdicts[number].verdict is Verdict.REFUTED and _saves(other, verdicts[number]):
                does = "holds" if other.verdict is Verdict.PROVED else "has shapes that fit"
                reason = f"{does} in another layout of derivatives ({rival.understanding.vocabulary.layout.said})"
                verdicts[number] = StatementVerdict(verdicts[number].kind, "", Verdict.UNKNOWN, reason)
    return tuple(verdicts)

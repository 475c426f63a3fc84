r"""Costs of single steps that a page leaves general: `l(\mathbf{o}_t, y_t)`, `\mathcal{E}_t(\mathbf{x}_t)`.

A number for every step, of which nothing is known but what it depends on: a family `l^{(t)}`. The gradient of such a function, when
it is written without a variable, is taken by its only argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, is_dataclass, replace

from derive.algebra.names import Level, Name
from derive.meaning.calls import call
from derive.meaning.draft import Draft
from derive.meaning.naming import base_latex, rebuilt, walk, written
from derive.meaning.shapes import is_loss
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import Derivative, Fenced, Node, Number, Product, Scripted, Sequence, Sum, Symbol

_SMALL = frozenset({"l", r"\ell"})
"""What the cost of one step is called, and that of all is not."""


@dataclass
class _Found:
    """A function as it is called: its name as a family, and its arguments at the family's letter."""

    name: Name
    arguments: tuple[Name, ...]
    times: int = 0
    sound: bool = True

    def fits(self, body: Node) -> bool:
        """Whether a call has the arguments of this one, at whatever step."""
        return {each.base for each in _names(body)} == {each.base for each in self.arguments}


def tell_general_steps(draft: Draft) -> None:
    """Rewrite calls of functions that are left general, at arguments of one step each, as members of families. A letter that is
    called with other arguments elsewhere stands for another function there."""
    if not draft.vocabulary.clocks:
        return
    heads = [
        name.name
        for each in draft.placed
        if each.statement.relation in EQUALITIES and each.statement.right is not None
        if (name := written(_head(each.statement.left))) is not None
    ]
    found: dict[str, dict[frozenset[str], _Found]] = {}
    for tree in draft.trees:
        for node in walk(tree):
            for head, body in _calls(node):
                _note(draft, found, head, body, heads)
    told: dict[str, list[_Found]] = {}
    for base, groups in found.items():
        for number, each in enumerate(sorted(groups.values(), key=lambda each: -each.times)):
            if each.sound and each.name.levels[0].letter:
                each.name = Name(base if not number else f"{base}_{{({number + 1})}}", each.name.levels)
                told.setdefault(base, []).append(each)
    if not told:
        return
    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: _rewritten(side, told, draft)))
        for each in draft.placed
    )
    for each in (each for groups in told.values() for each in groups):
        draft.general_steps[each.name] = each.arguments


def _head(side: Node) -> Node:
    called = call(side)
    return side if called is None else called[0]


def _calls(node: Node) -> list[tuple[Node, Node]]:
    if not isinstance(node, Product):
        return []
    pairs = zip(node.factors, node.factors[1:], strict=False)
    found = (call(Product((("", a), after))) for (_, a), after in pairs)
    return [each for each in found if each is not None]


def _note(
    draft: Draft, found: dict[str, dict[frozenset[str], _Found]], head: Node, body: Node, heads: Iterable[Name]
) -> None:
    name = written(head)
    assert name is not None
    base = name.name.base
    if base in draft.maps:
        return
    if any(own.base == base and bool(own.levels) is bool(name.name.levels) for own in heads):
        return  # the page says what it is
    if not (is_loss(Name(base)) or base in _SMALL) or name.entries or repr(name.name) in draft.vocabulary.functions:
        return
    step = _step_of(draft, body)
    arguments = tuple(_names(body))
    groups = found.setdefault(base, {})
    bases = frozenset(each.base for each in arguments)
    if bases not in groups:
        groups[bases] = _Found(Name(base, (Level("", 0),)), arguments)
    known = groups[bases]
    known.times += 1
    if step is None or (name.name.levels and name.name.levels != (step,)):
        known.sound = False
        return
    if not known.name.levels[0].letter and step.letter and not step.offset:
        known.name, known.arguments = Name(base, (step,)), arguments
    (letter,) = known.name.levels
    if {_moved(each, letter, step) for each in known.arguments} != set(arguments):
        known.sound = False


def _names(body: Node) -> list[Name]:
    items = body.items if isinstance(body, Sequence) else (body,)
    return [name.name for item in items if (name := written(item)) is not None]


def _moved(name: Name, letter: Level, step: Level) -> Name:
    return Name(name.base, tuple(step if level is letter else level for level in name.levels))


def _step_of(draft: Draft, body: Node) -> Level | None:
    """The one step at which the arguments stand."""
    steps = {level for name in _names(body) for level in name.levels}
    clocks = draft.vocabulary.clocks
    letters = {*clocks, *(end.letter for _, end in clocks.values())}
    entries = any(
        name is None or name.entries for name in map(written, body.items if isinstance(body, Sequence) else (body,))
    )
    return next(iter(steps)) if len(steps) == 1 and letters and not entries else None


def _rewritten(part: object, told: Mapping[str, list[_Found]], draft: Draft) -> object:
    if isinstance(part, tuple):
        return tuple(_rewritten(each, told, draft) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Derivative) and not part.variables and isinstance(part.operand, Product):
        for head, body in _calls(part.operand):
            name = written(head)
            if name is not None and _fitting(told, name.name.base, body) is not None and not isinstance(body, Sequence):
                part = replace(part, variables=(body,))
                break
    if isinstance(part, Product):
        factors: list[tuple[str, Node]] = []
        skip = False
        for (sign, factor), after in zip(part.factors, (*part.factors[1:], None), strict=True):
            if skip:
                skip = False
                continue
            made = call(Product((("", factor), after))) if after is not None else None
            name = None if made is None else written(made[0])
            known = None if made is None or name is None else _fitting(told, name.name.base, made[1])
            if made is not None and known is not None and (step := _step_of(draft, made[1])):
                factors.append((sign, _member(made[0], known.name.base, step)))
                skip = True
            else:
                factors.append((sign, factor))
        part = factors[0][1] if len(factors) == 1 else replace(part, factors=tuple(factors))
    return rebuilt(part, lambda each: _rewritten(each, told, draft))


def _fitting(told: Mapping[str, list[_Found]], base: str, body: Node) -> _Found | None:
    return next((each for each in told.get(base, ()) if each.fits(body)), None)


def _member(head: Node, base: str, step: Level) -> Node:
    if isinstance(head, Scripted) and head.sup is not None:
        return head if (name := written(head)) is None or name.name.base == base else replace(head, base=Symbol(base))
    if base != base_latex(head):
        head = Symbol(base, span=head.span)
    number = Number(str(abs(step.offset)))
    inner: Node = number if not step.letter else Symbol(step.letter)
    if step.letter and step.offset:
        inner = Sum((("+", Symbol(step.letter)), ("+" if step.offset > 0 else "-", number)))
    return Scripted(head, None, Fenced("(", inner, ")"), span=head.span)

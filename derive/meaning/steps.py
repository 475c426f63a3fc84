r"""Layers and time steps that are written without parentheses: `v_i = \sigma(W_i v_{i-1})`, `h_t`, `\mathbf{z}^n`.

What is counted up and down by one in a script, and never summed over, counts layers or steps. Such scripts are rewritten to the
one form that marks them beyond doubt, `v^{(i)}`, before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, is_dataclass, replace
from itertools import repeat

from derive.meaning.draft import Draft
from derive.meaning.letters import everywhere
from derive.meaning.naming import LAYER_LETTERS, base_latex, is_transpose, level_of, rebuilt, walk
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import (
    Accented,
    BigOperator,
    Fenced,
    Node,
    Number,
    Product,
    Relations,
    Scripted,
    Sequence,
    Styled,
    Sum,
    Symbol,
)

TIME_LETTERS = frozenset({"t", r"\tau", "s", "k", "n"})
"""What time steps are counted with; i and j count layers as well."""


@dataclass(frozen=True)
class Steps:
    """The letters whose subscript, and those whose superscript, counts steps."""

    below: frozenset[str]
    above: frozenset[str]
    said: dict[Node, Node] = field(default_factory=dict)
    """What scripts were rewritten to, with what the page says."""


def tell_steps(draft: Draft) -> None:
    """Rewrite scripts that count layers or time steps as layers in parentheses."""
    nodes = [node for tree in draft.trees for node in walk(tree)]
    scripted = [node for node in nodes if isinstance(node, Scripted)]
    summed = {
        part.text
        for node in nodes
        if isinstance(node, BigOperator) and node.lower is not None
        for part in walk(node.lower)
        if isinstance(part, Symbol)
    }
    heads = [
        each.statement.left
        for each in draft.placed
        if each.statement.relation in EQUALITIES
        and each.statement.right is not None
        and isinstance(each.statement.left, Scripted)
    ]
    recursive = _recursive(draft)
    heads += [head for head in map(_at_letter, heads, repeat(recursive)) if head is not None]
    labels = _labels_above(scripted, recursive)
    if labels:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: everywhere(side, labels.put)))
            for each in draft.placed
        )
        draft.said.update(labels.said)
    draft.recursive = frozenset(recursive & (TIME_LETTERS | set(_summed_from(nodes))))
    summed -= recursive
    steps = Steps(
        frozenset(_bases(scripted, _below(scripted, heads, summed), _first_below)) | _with_entries(scripted, heads),
        frozenset(_bases(scripted, _above(scripted, heads, summed), _lone_above)),
    )
    if steps.below or steps.above:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: _rewritten(side, steps)))
            for each in draft.placed
        )
        draft.said.update(steps.said)


def _at_letter(head: Scripted, recursive: set[str]) -> Scripted | None:
    """The member `w_t` of a recursion that the page writes for `w_{t+1}`."""
    level = level_of(head.sub) if isinstance(head.sub, Sum) else None
    return replace(head, sub=Symbol(level.letter)) if level is not None and level.letter in recursive else None


def _summed_from(nodes: Iterable[object]) -> Iterator[str]:
    r"""The l of `\sum_{i=l}^{L-1}`: what is summed or multiplied from one layer to another is counted as steps are."""
    for node in nodes:
        match node:
            case BigOperator(lower=Relations(rest=(("=", Node() as start),)), upper=Node()):
                level = level_of(start)
                if level is not None and level.letter in LAYER_LETTERS:
                    yield level.letter


def _below(scripted: Iterable[Scripted], heads: Iterable[Scripted], summed: set[str]) -> set[str]:
    """The letters that are counted with below, `t` where there is `h_{t-1}`, and that definitions are written for."""
    counted = {letter for node in scripted if (letter := _counted(_first_below(node)))}
    defined = {part.text for node in heads if isinstance(part := _first_below(node), Symbol)}
    numbered = _numbered(heads)
    schematic = {
        part.text
        for node in scripted
        if isinstance(part := _first_below(node), Symbol) and node.sub is part and base_latex(node.base) in numbered
    }
    return ((counted & defined) | schematic) - summed


def _recursive(draft: Draft) -> set[str]:
    """The letters of recursions, t where `h_t` is defined by `h_{t-1}`: also where there are sums over t, they count steps."""
    heads: dict[str, set[str]] = {}
    before: dict[str, set[str]] = {}
    for each in draft.placed:
        left, right = each.statement.left, each.statement.right
        if each.statement.relation not in EQUALITIES or right is None or not isinstance(left, Scripted):
            continue
        part = _first_below(left)
        level = None if part is None else level_of(part)
        base = base_latex(left.base)
        if level is None or not level.letter or base is None:
            continue
        heads.setdefault(level.letter, set()).add(base)
        for node in walk(right):
            if isinstance(node, Scripted) and (own := _first_below(node)) is not None:
                other, used = level_of(own), base_latex(node.base)
                if (
                    other is not None
                    and used is not None
                    and other.letter == level.letter
                    and other.offset == level.offset - 1
                ):
                    before.setdefault(level.letter, set()).add(used)
    return {letter for letter, bases in before.items() if bases & heads[letter]}


@dataclass(frozen=True)
class _Labels:
    """Letters above names at a step that are part of the name, as in `a^z_t`, the argument of the gate `z_t`."""

    letters: frozenset[str]
    recursive: frozenset[str]
    said: dict[Node, Node] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.letters)

    def put(self, node: Node) -> Node:
        if not isinstance(node, Scripted) or not isinstance(node.sup, Symbol) or node.sup.text not in self.letters:
            return node
        step = None if node.sub is None else level_of(node.sub)
        if step is None or step.letter not in self.recursive:
            return node
        found = replace(node, sup=Styled("upright", node.sup, span=node.sup.span))
        self.said[found] = node
        return found


def _labels_above(scripted: Iterable[Scripted], recursive: set[str]) -> _Labels:
    """The letters that stand above names at a step, and have a name at a step themselves."""
    above: set[str] = set()
    bases: set[str] = set()
    for node in scripted:
        step = None if node.sub is None else level_of(node.sub)
        if step is None or step.letter not in recursive:
            continue
        if isinstance(node.sup, Symbol) and not is_transpose(node.sup):
            above.add(node.sup.text)
        bases.add(base_latex(node.base) or "")
    return _Labels(frozenset((above & bases) - recursive), frozenset(recursive))


def _numbered(heads: Iterable[Scripted]) -> set[str]:
    """Letters with numbered definitions, `e_4 = ...` and `e_5 = ...`."""
    found: dict[str, set[str]] = {}
    for node in heads:
        base = base_latex(node.base)
        if base is not None and isinstance(node.sub, Number) and node.sup is None:
            found.setdefault(base, set()).add(node.sub.text)
    return {base for base, numbers in found.items() if len(numbers) > 1}


def _with_entries(scripted: Iterable[Scripted], heads: Iterable[Scripted]) -> frozenset[str]:
    """Letters that stand for layers by number, `a_3 = ...`, and have entries beside the number, `a_{3,k}`."""
    numbered = {base_latex(node.base) for node in heads if isinstance(node.sub, Number) and node.sup is None}
    found = set()
    for node in scripted:
        base = base_latex(node.base)
        if base is None or base not in numbered or node.sub is None:
            continue
        if isinstance(node.sub, Symbol):
            numbered.discard(base)  # `a_k` beside `a_3`: entries, both of them
        elif isinstance(node.sub, Sequence) and isinstance(node.sub.items[0], Number):
            found.add(base)
    return frozenset(found & numbered)


def _above(scripted: Iterable[Scripted], heads: Iterable[Scripted], summed: set[str]) -> set[str]:
    """The letters that are counted with above, `n` where there is `z^{n-1}`, and that definitions are written for."""
    counted = {letter for node in scripted if (letter := _counted(_lone_above(node)))}
    defined = {part.text for node in heads if isinstance(part := _lone_above(node), Symbol)}
    return (counted & defined) - summed - LAYER_LETTERS


def _bases(scripted: Iterable[Scripted], letters: set[str], script: object) -> Iterator[str]:
    assert callable(script)
    for node in scripted:
        part, base = script(node), base_latex(node.base)
        level = level_of(part) if part is not None else None
        if base is not None and level is not None and level.letter in letters:
            yield base


def _parts(sub: Node) -> list[Node]:
    if isinstance(sub, Sequence):
        return list(sub.items)
    return [factor for _, factor in sub.factors] if isinstance(sub, Product) else [sub]


def _first_below(node: Scripted) -> Node | None:
    if node.sub is None or (isinstance(node.sub, Product) and len(node.sub.factors) > 1):
        return None  # `w_{ij}` is an entry
    return _parts(node.sub)[0]


def _lone_above(node: Scripted) -> Node | None:
    return None if node.sup is None or isinstance(node.sup, Fenced) or is_transpose(node.sup) else node.sup


def _counted(part: Node | None) -> str:
    """The t of `t-1`."""
    level = level_of(part) if isinstance(part, Sum) else None
    return level.letter if level is not None and abs(level.offset) == 1 else ""


def _rewritten(part: object, steps: Steps) -> object:
    if isinstance(part, tuple):
        return tuple(_rewritten(each, steps) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Accented) and isinstance(part.body, Scripted):
        # `\overline{v_i}` is the member i of the family with a bar
        inner = part.body
        if base_latex(inner.base) in (steps.below | steps.above):
            bare = inner.base
            own = replace(inner, base=replace(part, body=bare), span=part.span)
            member = _step(own, base_latex(bare) or "", steps)
            steps.said[member] = part
            return member
    if isinstance(part, Scripted) and (base := base_latex(part.base)) is not None:
        result = _step(part, base, steps)
        if result != part:
            steps.said[result] = part
        return result
    return rebuilt(part, lambda each: _rewritten(each, steps))


def _step(node: Scripted, base: str, steps: Steps) -> Node:
    above = _lone_above(node)
    if base in steps.above and above is not None and level_of(above) is not None:
        node = replace(node, sup=Fenced("(", above, ")", span=above.span))
    first = _first_below(node)
    if base in steps.below and first is not None and level_of(first) is not None:
        assert node.sub is not None
        rest = _parts(node.sub)[1:]
        below = None if not rest else rest[0] if len(rest) == 1 else Sequence(tuple(rest), (",",) * (len(rest) - 1))
        step = Fenced("(", first, ")", span=first.span)
        named = Scripted(node.base, below, step, node.primes, span=node.span)
        if node.sup is None:
            return named
        if is_transpose(node.sup):
            return replace(named, sup=Product((("", step), ("", node.sup)), span=node.sup.span))
        return Scripted(named, None, node.sup, span=node.span)
    return node

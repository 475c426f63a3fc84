r"""Values at single inputs: `f_k(x_i)`, where `f_k(X) = g_k(T_k)` and T is computed from X over other names.

A page defines a network for one input, and then writes what it makes of each of many. What stands between the input and the value
has a copy for every one of them then: an array of its own, whose first axis counts the inputs, defined as the page defines it for
the one. The copies are definitions that the page does not write; `draft.copies` holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from derive.meaning.calls import call, plain
from derive.meaning.draft import Copy, Draft, Placed
from derive.meaning.functions import function_body
from derive.meaning.letters import everywhere, index_letters
from derive.meaning.naming import base_latex, exchanged, is_transpose, part_names, rebuilt, walk, written
from derive.meaning.shapes import FAMILY
from derive.meaning.statements import EQUALITIES
from derive.meaning.vocabulary import has_derivative
from derive.notation.tree import (
    Accented,
    Ellipsis,
    Fenced,
    Node,
    Product,
    Scripted,
    Sequence,
    Styled,
    Symbol,
    Word,
)

_MOST_COPIES = 40


@dataclass(frozen=True)
class Valued:
    """A definition: its left side without arguments, what it is defined to be, its arguments as far as it is written with some."""

    left: Node
    right: Node
    line: int
    arguments: tuple[Node, ...] = ()
    entry: bool = False
    """Whether it is an entry of a vector, `f_k(X)`."""

    @property
    def base(self) -> str:
        """The letter that is defined."""
        return _base(self.left)


@dataclass
class Inputs:
    """Calls of values at single inputs: the values, what they rest on, and the copies so far."""

    values: Mapping[str, list[Valued]]
    copied: set[str] = field(default_factory=set)
    said: dict[Node, Node] = field(default_factory=dict)

    @property
    def labelled(self) -> set[str]:
        r"""The letters of values such as `h_\theta`, whose subscript says on what they depend."""
        return {
            base
            for base, found in self.values.items()
            if any(isinstance(each.left, Scripted) and each.arguments and not each.entry for each in found)
        }

    def called(self, head: Node, arguments: Node) -> tuple[Valued, str, dict[Node, Node]] | None:
        """The value that is called, the letter of the input, and what stands for its arguments."""
        for value in self.values.get(_base(head), ()):
            if not value.arguments or not _is_head(value, head):
                continue
            given = _items(arguments)
            if len(given) != len(value.arguments):
                continue
            letters = {_input_letter(own) for own, other in zip(given, value.arguments, strict=True) if own != other}
            if len(letters) > 1 or None in letters:
                continue
            return value, next(iter(letters)) or "" if letters else "", dict(zip(value.arguments, given, strict=True))
        return None


def tell_inputs(draft: Draft) -> None:
    """Give what values at single inputs rest on a copy for each input, and write these values as parts of such copies."""
    values = _values(draft)
    inputs = Inputs(values)
    found = list(_calls(draft, inputs))
    wanted = [each for each in found if each[1] and (each[0].entry or _resting(values, each[0], each[2]))]
    if not wanted:
        return
    letter = wanted[0][1]
    arguments: dict[Node, Node] = {}
    for _, own_letter, given in wanted:
        for name, part in given.items():
            if name != part and arguments.setdefault(name, at := _relettered(part, own_letter, letter)) != at:
                return  # calls at inputs of more than one kind
    heads = {each.base for each, _, _ in wanted}
    inputs.copied = heads | {base for each, _, own in wanted for base in _resting(values, each, own)}
    copies = [each for base in sorted(inputs.copied) for each in values.get(base, ())]
    if len(copies) > _MOST_COPIES or any(letter in _letters(each.right) | _letters(each.left) for each in copies):
        return
    others = {_base(was) for now, was in draft.said.items() if _input_letter(now) == letter}
    others -= {_base(name) for name in arguments}
    if any(others & {*_bases(each.right)} for each in copies):
        return  # of what else has one for each input, the same one is meant
    written_out = []
    for each in copies:
        left, right = _copy(each.left, inputs, {}, letter), _copy(each.right, inputs, arguments, letter)
        written_out.append(Copy(_copied_base(each, inputs), left, right, each.line))
    draft.copies = tuple(written_out)
    draft.of_one_input = frozenset(inputs.copied | {_base(name) for name in arguments})

    def change(node: Node) -> Node:
        return _at_inputs(node, inputs)

    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, change))) for each in draft.placed
    )
    draft.said.update(inputs.said)


def _values(draft: Draft) -> dict[str, list[Valued]]:
    """The page's definitions of values by their letters; functions of one number are none."""
    found: dict[str, list[Valued]] = {}
    last: dict[tuple[int, int], Placed] = {}
    for each in draft.placed:
        last[each.formula, each.statement.chain] = each
    for each in draft.placed:
        statement = each.statement
        if statement.relation not in EQUALITIES or statement.link or statement.restricted or each.supposed:
            continue
        right = last[each.formula, statement.chain].statement.right
        if right is None or has_derivative(right) or _is_list(right):
            continue
        called = call(statement.left)
        if called is None:
            name = written(statement.left)
            if name is not None and name.power is None and not (name.transposed or name.primes):
                found.setdefault(_base(statement.left), []).append(Valued(statement.left, right, each.line))
            continue
        head, body = called
        arguments = _items(body)
        below = head.sub if isinstance(head, Scripted) else None
        entry = isinstance(below, Symbol) and below.text in index_letters(right)
        if entry and any(node in arguments for node in walk(right)):
            continue  # a function of a vector, entry by entry
        parameter = written(body) if len(arguments) == 1 and not isinstance(head, Scripted) else None
        if parameter is not None and function_body(draft, right, parameter.name) is not None:
            continue
        value = Valued(head, right, each.line, arguments, entry)
        found.setdefault(value.base, []).append(value)
    return found


def _is_list(node: Node) -> bool:
    """Whether it only lists entries, `(z_1, \\ldots, z_M)`."""
    return isinstance(node, Fenced) and isinstance(node.body, Sequence)


def _calls(draft: Draft, inputs: Inputs) -> Iterator[tuple[Valued, str, dict[Node, Node]]]:
    for tree in draft.trees:
        for node in walk(tree):
            if isinstance(node, Product):
                for (_, head), (sign, following) in zip(node.factors, node.factors[1:], strict=False):
                    if sign == "" and isinstance(following, Fenced) and following.left == "(":
                        found = inputs.called(head, following.body)
                        if found is not None:
                            yield found


def _relettered(part: Node, letter: str, other: str) -> Node:
    return exchanged(part, {Symbol(letter): Symbol(other)})


def _resting(values: Mapping[str, list[Valued]], value: Valued, given: Mapping[Node, Node]) -> set[str]:
    """The names on the way from those of a value's arguments that stand for other ones to the value."""
    inputs = {_base(name) for name, part in given.items() if name != part}
    uses = {base: {each for own in found for each in _bases(own.right)} for base, found in values.items()}
    depending: set[str] = set()
    while True:
        new = {base for base, used in uses.items() if base not in inputs and used & (inputs | depending)} - depending
        if not new:
            break
        depending |= new
    reached: set[str] = set()
    waiting = list(_bases(value.right))
    while waiting:
        base = waiting.pop()
        if base in depending and base not in reached:
            reached.add(base)
            waiting.extend(uses[base])
    return reached


def _copy(node: Node, inputs: Inputs, arguments: Mapping[Node, Node], letter: str) -> Node:
    """A formula for one input as the one for the input of that letter."""

    def change(part: object) -> object:
        if isinstance(part, tuple):
            return tuple(change(each) for each in part)
        if not isinstance(part, Node):
            return part
        if part in arguments:
            return arguments[part]
        if isinstance(part, Product):
            part = _without_calls(part, inputs, letter, kept=lambda _: False)
            if not isinstance(part, Product):
                return change(part)
            return rebuilt(part, change)
        if isinstance(part, Scripted) and part.base in arguments:
            return replace(part, base=arguments[part.base])
        if _base(part) in inputs.copied and written(part) is not None:
            return _of_copy(part, letter, label=_base(part) in inputs.labelled)
        if isinstance(part, Scripted):  # subscripts count, and so do layers
            raised = part.sup if part.sup is None or not _is_power(part.sup) else change(part.sup)
            return replace(part, base=change(part.base), sup=raised)  # type: ignore[arg-type]
        return rebuilt(part, change)

    return change(node)  # type: ignore[return-value]


def _without_calls(node: Product, inputs: Inputs, letter: str, kept: Callable[[Node], bool]) -> Node:
    """A product without what its copied values are called with."""
    factors: list[tuple[str, Node]] = []
    skip = False
    for place, (sign, factor) in enumerate(node.factors):
        if skip:
            skip = False
            continue
        following = node.factors[place + 1] if place + 1 < len(node.factors) else None
        if following is not None and following[0] == "" and isinstance(following[1], Fenced):
            found = inputs.called(factor, following[1].body)
            if found is not None and found[0].base in inputs.copied and found[1] in ("", letter):
                skip = True
        factors.append((sign, factor))
    return factors[0][1] if len(factors) == 1 else replace(node, factors=tuple(factors))


def _at_inputs(node: Node, inputs: Inputs) -> Node:
    """A product with values at inputs as parts of their copies, and entries without what they depend on."""
    if not isinstance(node, Product):
        return node
    factors: list[tuple[str, Node]] = []
    skip = False
    for place, (sign, factor) in enumerate(node.factors):
        if skip:
            skip = False
            continue
        following = node.factors[place + 1] if place + 1 < len(node.factors) else None
        found = None
        if following is not None and following[0] == "" and isinstance(following[1], Fenced):
            found = inputs.called(factor, following[1].body)
        if found is None or found[0].base not in inputs.copied or not (found[1] or found[0].entry):
            factors.append((sign, factor))
            continue
        assert following is not None
        new = _of_copy(factor, found[1], label=not found[0].entry) if found[1] else factor
        after = node.factors[place + 2] if place + 2 < len(node.factors) else None
        inputs.said[new] = Product((("", factor), following))
        guarded = after is not None and after[0] == "" and isinstance(after[1], Fenced)
        factors.append((sign, Fenced("(", new, ")", span=factor.span) if guarded else new))
        skip = True
    if len(factors) == len(node.factors):
        return node
    return factors[0][1] if len(factors) == 1 else replace(node, factors=tuple(factors))


def _of_copy(node: Node, letter: str, *, label: bool) -> Node:
    """A name's copy at the input of that letter; what stands below a `label` is part of it."""
    place = Symbol(letter, span=node.span)
    if not isinstance(node, Scripted):
        base = Symbol(f"{_base(node)}{FAMILY}", span=node.span)
        return Scripted(base, Sequence((place, Ellipsis()), (",",)), span=node.span)
    if isinstance(node.base, Scripted):
        return replace(node, base=_of_copy(node.base, letter, label=label))
    below = _below(node)
    base = Symbol(f"{_base(node)}{FAMILY}", span=node.base.span)
    items = (place, *(below if below and not label else (Ellipsis(),)))
    sub = Sequence(items, (",",) * (len(items) - 1), span=node.span)
    if node.sup is not None and is_transpose(node.sup):
        return Scripted(Scripted(base, sub), None, node.sup, node.primes, span=node.span)
    if node.sup is None or not _is_power(node.sup):
        return Scripted(base, sub, node.sup, node.primes, span=node.span)
    return Scripted(Fenced("(", Scripted(base, sub), ")"), None, node.sup, node.primes, span=node.span)


def _copied_base(value: Valued, inputs: Inputs) -> str:
    r"""What the name that is copied is called: `h_\theta` with its subscript."""
    name = plain(value.left) if value.base in inputs.labelled else value.left
    return _base(name)


def _is_power(sup: Node) -> bool:
    return not isinstance(sup, Fenced) and not is_transpose(sup)


def _below(node: Scripted) -> tuple[Node, ...]:
    if node.sub is None:
        return ()
    if isinstance(node.sub, Sequence):
        return node.sub.items
    return tuple(factor for _, factor in node.sub.factors) if isinstance(node.sub, Product) else (node.sub,)


def _is_head(value: Valued, head: Node) -> bool:
    """Whether this is the value's name as it is called, an entry with any letter."""
    if not value.entry:
        return head == value.left
    return isinstance(head, Scripted) and isinstance(head.sub, Symbol) and head.sup is None and not head.primes


def _items(body: Node) -> tuple[Node, ...]:
    return body.items if isinstance(body, Sequence) else (body,)


def _input_letter(node: Node) -> str | None:
    """The i of `x_{i \\ldots}`, a part of an array at one letter."""
    if not isinstance(node, Scripted) or not isinstance(node.sub, Sequence):
        return None
    letters = [item for item in node.sub.items if not isinstance(item, Ellipsis)]
    one = len(letters) == 1 and len(node.sub.items) == 2 and isinstance(letters[0], Symbol)
    return letters[0].text if one and isinstance(letters[0], Symbol) else None


def _letters(node: Node) -> set[str]:
    """All letters that stand in the scripts of a formula, and that its sums count with."""
    return {part.text for each in walk(node) if isinstance(each, Symbol) for part in (each,) if len(part.text) == 1}


def _base(node: Node) -> str:
    while isinstance(node, Scripted):
        node = node.base
    return base_latex(node) or ""


def _bases(part: object) -> Iterator[str]:
    """The letters that names in a formula are made of, without those of subscripts."""
    if isinstance(part, tuple):
        for each in part:
            yield from _bases(each)
    elif isinstance(part, Symbol | Styled | Accented | Word):
        yield base_latex(part) or ""
    elif isinstance(part, Scripted):
        yield from _bases(part.base)
        if part.sup is not None and _is_power(part.sup):
            yield from _bases(part.sup)
    elif isinstance(part, Node):
        for name in part_names(type(part)):
            yield from _bases(getattr(part, name))

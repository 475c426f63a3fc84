r"""Sums over values, `\sum_{x=0}^{1} p(x; \theta) \, x` or `\sum_{x \in \{0, 1\}}`: what is summed has the value x in it, and is no
entry of an array at x. They are written out, and what is defined for every x, like `p(x; \theta) = \theta^x`, is put in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derive.meaning.called import Called, lone_call, with_calls
from derive.meaning.draft import Draft
from derive.meaning.letters import everywhere
from derive.meaning.naming import LAYER_LETTERS, base_latex, part_names, rebuilt, substituted, walk, written
from derive.meaning.statements import EQUALITIES
from derive.meaning.vocabulary import mentions
from derive.notation.tree import BigOperator, Fenced, Node, Number, Relations, Scripted, Sequence, Sum, Symbol

_MOST_VALUES = 6
_LONGEST = 400
"""The most parts that what is summed may have."""

Definitions = Mapping[Node, tuple[tuple[Node, ...], Node]]
"""What is called to the arguments that it is defined with, and its right side."""


def write_out_values(draft: Draft) -> None:
    """Write sums over a few values out."""
    definitions = _definitions(draft)

    def change(node: Node) -> Node:
        return _written_out(node, definitions) if isinstance(node, BigOperator) else node

    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, change))) for each in draft.placed
    )


def _definitions(draft: Draft) -> Definitions:
    """What the page defines with arguments, if nothing else that the page defines stands in it."""
    found: dict[Node, tuple[tuple[Node, ...], Node]] = {}
    twice: set[Node] = set()
    heads = {
        name.name
        for each in draft.placed
        if each.statement.right is not None
        and each.statement.relation in EQUALITIES
        and (name := written(each.statement.head)) is not None
        and not mentions(each.statement.right, name.name, draft.vocabulary)
    }
    for each in draft.placed:
        statement = each.statement
        call = lone_call(statement.left)
        if call is None or statement.right is None or statement.relation not in EQUALITIES or statement.link:
            continue
        plain = call.entry is None and call.sup is None and all(_is_name(argument) for argument in call.arguments)
        if not plain or each.supposed or statement.restricted:
            continue
        if call.head in found:
            twice.add(call.head)
        found.setdefault(call.head, (call.arguments, statement.right))
    return {
        head: own
        for head, own in found.items()
        if head not in twice
        and not any((name := written(node)) is not None and name.name in heads for node in walk(own[1]))
        and not any((call := lone_call(node)) is not None and call.head in found for node in walk(own[1]))
    }


def _is_name(node: Node) -> bool:
    found = written(node)
    return found is not None and not (found.entries or found.transposed or found.primes or found.power is not None)


def _written_out(node: BigOperator, definitions: Definitions) -> Node:
    letter, values = _values(node)
    if letter is None or not values or node.operator != r"\sum" or len(walk(node.body)) > _LONGEST:  # type: ignore[arg-type]
        return node
    if letter.text in LAYER_LETTERS or not _is_value(node.body, letter.text):
        return node
    missed = False

    def at(value: Node) -> Node:
        def put_in(call: Called) -> Node | None:
            nonlocal missed
            if not any(letter in walk(argument) for argument in call.arguments):
                return None
            own = definitions.get(call.head)
            if own is None or len(own[0]) != len(call.arguments) or call.entry is not None:
                return None
            given = dict(zip(own[0], call.arguments, strict=True))
            others = [(name, argument) for name, argument in given.items() if letter not in walk(argument)]
            if any(name != argument for name, argument in others) or _captured(own[1], call.arguments):
                missed = True  # other arguments than those of the definition, but for the value
                return None
            return Fenced("(", _put_in(own[1], given), ")", span=call.span)  # type: ignore[arg-type]

        return substituted(with_calls(node.body, put_in), letter, value)  # type: ignore[arg-type]

    terms = [at(value) for value in values]
    if missed:
        return node
    return Fenced("(", Sum(tuple(("+", term) for term in terms), span=node.span), ")", span=node.span)


def _put_in(part: object, given: Mapping[Node, Node]) -> object:
    """A formula with other things for several names at once."""
    if isinstance(part, tuple):
        return tuple(_put_in(each, given) for each in part)
    if not isinstance(part, Node):
        return part
    if part in given:
        return given[part]
    return rebuilt(part, lambda each: _put_in(each, given))


def _captured(body: Node, arguments: tuple[Node, ...]) -> bool:
    """Whether a sum in the body counts with a letter of the arguments."""
    counted = {part for sum_ in walk(body) if isinstance(sum_, BigOperator) for part in walk(sum_.lower)}
    return any(part in counted for part in walk(arguments) if isinstance(part, Symbol))


def _values(node: BigOperator) -> tuple[Symbol | None, list[Node]]:
    match node:
        case BigOperator(
            lower=Relations(first=Symbol() as letter, rest=(("=", Number(text=first)),)), upper=Number(text=last)
        ):
            if first.isdigit() and last.isdigit() and 0 <= int(last) - int(first) < _MOST_VALUES:
                return letter, [Number(str(value)) for value in range(int(first), int(last) + 1)]
        case BigOperator(
            lower=Relations(
                first=Symbol() as letter, rest=((r"\in", Fenced(left=r"\{", body=Sequence(items=items), right=r"\}")),)
            ),
            upper=None,
        ):
            if len(items) <= _MOST_VALUES and all(_is_number(item) for item in items):
                return letter, [item if isinstance(item, Number) else Fenced("(", item, ")") for item in items]
    return None, []


def _is_number(node: Node) -> bool:
    match node:
        case Number(text=text):
            return text.isdigit()
        case Sum(terms=(("-" | "+", Number(text=text)),)):
            return text.isdigit()
    return False


def _is_value(body: Node, letter: str) -> bool:
    """Whether a letter stands in a formula as a number, and nowhere as an index: in a script at most as the exponent of what is in
    parentheses or a Greek letter."""
    found = False
    stack: list[tuple[object, bool]] = [(body, False)]
    while stack:
        each, inside = stack.pop()
        if isinstance(each, Symbol):
            if each.text == letter and inside:
                return False
            found = found or each.text == letter
        elif isinstance(each, Scripted):
            plain = isinstance(each.base, Fenced) or (base_latex(each.base) or "").startswith("\\")
            power = plain and not (isinstance(each.sup, Fenced)) and each.sub is None
            stack += [(each.base, inside), (each.sub, True), (each.sup, inside or not power)]
        elif isinstance(each, tuple):
            stack += [(one, inside) for one in each]
        elif isinstance(each, BigOperator) and Symbol(letter) in walk(each.lower):
            return False
        elif isinstance(each, Node):
            stack += [(getattr(each, name), inside) for name in part_names(type(each))]
    return found

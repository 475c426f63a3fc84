r"""Sums over steps that run backwards: `\sum_{i=0}^{t-1} \beta^i g_{t-i}` is `\sum_{i=0}^{t-1} \beta^{t-1-i} g_{i+1}`.

Members of families are counted upwards by the rest of the reading. A sum from a to b in which a step falls as its letter grows is
the same with `a + b - i` for i.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass, replace

from derive.meaning.clocks import linear
from derive.meaning.draft import Draft
from derive.meaning.naming import rebuilt, walk
from derive.notation.tree import BigOperator, Node, Number, Relations, Scripted, Sequence, Sum, Symbol

Linear = tuple[Mapping[str, int], int]


def turn_sums(draft: Draft) -> None:
    """Rewrite sums over members of families whose steps fall so that they grow."""
    if any(_falling(node) for tree in draft.trees for node in walk(tree)):
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: _rewritten(side, draft.said)))
            for each in draft.placed
        )


def _rewritten(part: object, said: dict[Node, Node]) -> object:
    if isinstance(part, tuple):
        return tuple(_rewritten(each, said) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    part = rebuilt(part, lambda each: _rewritten(each, said))
    ends = _falling(part)
    if ends is None:
        return part
    assert isinstance(part, BigOperator)
    letter, around = ends
    turned = _turned(part.body, letter, around)
    assert isinstance(turned, Node)
    result = replace(part, body=turned)
    said[result] = part
    return result


def _falling(node: object) -> tuple[str, Linear] | None:
    """The letter of a sum whose steps fall, and the sum of its bounds."""
    match node:
        case BigOperator(
            operator=r"\sum",
            lower=Relations(first=Symbol(text=letter), rest=(("=", Node() as start),)),
            upper=Node() as end,
        ):
            first, last = linear(start), linear(end)
        case _:
            return None
    if first is None or last is None or letter in first[0] or letter in last[0]:
        return None
    around = _plus(first, last, 1)
    below = [found for found in map(_linear_below, walk(node.body)) if found is not None and letter in found[0]]
    if any(abs(found[0][letter]) != 1 for found in below):
        return None
    down = [found for found in below if found[0][letter] == -1]
    if not down or any(_moved(found, letter, around)[0] != {letter: 1} for found in down):
        return None
    return (letter, around) if _only_in_scripts(node.body, letter) else None


def _linear_below(node: Node) -> Linear | None:
    return None if not isinstance(node, Scripted) or node.sub is None else linear(node.sub)


def _only_in_scripts(node: Node, letter: str) -> bool:
    """Whether a letter stands only in scripts that are sums of letters and numbers."""
    inside = [
        part
        for each in walk(node)
        if isinstance(each, Scripted)
        for script in (each.sub, each.sup)
        if script is not None and linear(script) is not None
        for part in walk(script)
    ]
    counted = sum(part == Symbol(letter) for part in inside)
    return counted == sum(part == Symbol(letter) for part in walk(node))


def _plus(left: Linear, right: Linear, by: int) -> Linear:
    letters = dict(left[0])
    for letter, count in right[0].items():
        letters[letter] = letters.get(letter, 0) + by * count
    return {letter: count for letter, count in letters.items() if count}, left[1] + by * right[1]


def _moved(found: Linear, letter: str, around: Linear) -> Linear:
    """A script with `around - letter` in the letter's place."""
    by = found[0][letter]
    others = {each: count for each, count in found[0].items() if each != letter}
    return _plus(_plus((others, found[1]), around, by), ({letter: -by}, 0), 1)


def _turned(part: object, letter: str, around: Linear) -> object:
    if isinstance(part, tuple):
        return tuple(_turned(each, letter, around) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Scripted):
        sub, sup = (_turned_script(script, letter, around) for script in (part.sub, part.sup))
        if sub is not part.sub or sup is not part.sup:
            base = _turned(part.base, letter, around)
            assert isinstance(base, Node)
            return replace(part, base=base, sub=sub, sup=sup)
    return rebuilt(part, lambda each: _turned(each, letter, around))


def _turned_script(script: Node | None, letter: str, around: Linear) -> Node | None:
    found = None if script is None or isinstance(script, Sequence) else linear(script)
    if script is None or found is None or letter not in found[0]:
        return script
    return _written(_moved(found, letter, around), script.span)


def _written(found: Linear, span: tuple[int, int]) -> Node:
    letters = sorted(found[0].items(), key=lambda each: -each[1])
    terms: list[tuple[str, Node]] = [
        ("+" if count > 0 else "-", Symbol(letter, span=span)) for letter, count in letters for _ in range(abs(count))
    ]
    if found[1] or not terms:
        terms.append(("+" if found[1] >= 0 else "-", Number(str(abs(found[1])), span=span)))
    if len(terms) == 1 and terms[0][0] == "+":
        return terms[0][1]
    return Sum(tuple(terms), span=span)

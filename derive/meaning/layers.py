r"""Formulas about "layer l" on a page whose layers are numbered: the formula at layer 1, at layer 2, ...

Where `z^{[1]}`, `z^{[2]}` are defined one by one, `\delta^{[l]} = \partial L/\partial z^{[l]}` speaks of each of them. Where a
page defines `z^{[l]}` itself, for every l, nothing is done here: the family is one definition, and claims are proved for all l.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass, replace
from typing import TypeVar

from derive.algebra.names import Level, Name
from derive.meaning.naming import level_of, rebuilt, walk, written
from derive.meaning.scope import Vocabulary
from derive.notation.tree import Accented, Fenced, Node, Number, Scripted, Styled, Symbol

_MOST_LAYERS = 64
_Part = TypeVar("_Part", bound=Node | None)


def names_in(nodes: Iterable[Node], vocabulary: Vocabulary, *, symbols: bool = False) -> Iterator[Name]:
    """The names that stand in formulas with scripts, with `symbols` bare ones too, each as often as it stands there."""
    kinds = (Scripted, Symbol, Styled, Accented) if symbols else (Scripted,)
    for tree in nodes:
        for node in walk(tree):
            found = written(node, vocabulary.subscripted, vocabulary.layered) if isinstance(node, kinds) else None
            if found is not None:
                yield found.name


def layer_letters(nodes: Iterable[Node], vocabulary: Vocabulary) -> frozenset[str]:
    """The letters that stand for a layer."""
    return frozenset(level.letter for name in names_in(nodes, vocabulary) for level in name.levels if level.letter)


def at_layer(part: _Part, letter: str, number: int) -> _Part:
    r"""A formula with a number for its layer letter: `W^{[l+1]}` at layer 2 is `W^{[3]}`.

    >>> from derive.notation.parser import parse
    >>> at_layer(parse("W^{[l+1]} l"), "l", 2) == parse("W^{[3]} l")
    True
    """
    return _replaced(part, letter, number)  # type: ignore[return-value]


def _replaced(part: object, letter: str, number: int) -> object:
    if isinstance(part, Scripted):
        return replace(
            part,
            base=at_layer(part.base, letter, number),
            sub=_script(part.sub, letter, number),
            sup=_script(part.sup, letter, number),
        )
    if isinstance(part, tuple):
        return tuple(_replaced(each, letter, number) for each in part)
    if isinstance(part, Node) and is_dataclass(part):
        return rebuilt(part, lambda each: _replaced(each, letter, number))
    return part


def _script(script: Node | None, letter: str, number: int) -> Node | None:
    if script is None:
        return None
    found = level_of(script)
    if found is not None and found.letter == letter:
        return Number(str(number + found.offset), span=script.span)
    if isinstance(script, Fenced):
        body = _script(script.body, letter, number)
        assert body is not None
        return replace(script, body=body)
    return _replaced(script, letter, number)  # type: ignore[return-value]


def layers_of(
    nodes: Iterable[Node], letter: str, vocabulary: Vocabulary, exists: Callable[[Name], bool]
) -> tuple[int, ...]:
    """The layers at which every name with that letter in it exists."""
    wanted = {name for name in names_in(nodes, vocabulary) if any(level.letter == letter for level in name.levels)}
    return tuple(
        number
        for number in range(_MOST_LAYERS)
        if wanted and all(exists(_numbered(name, letter, number)) for name in wanted)
    )


def _numbered(name: Name, letter: str, number: int) -> Name:
    levels = (Level("", number + level.offset) if level.letter == letter else level for level in name.levels)
    return Name(name.base, tuple(levels))

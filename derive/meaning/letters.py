r"""Index letters as a page uses them, before anything is read: `k'` is a letter like any other, `(n)` behind every name only says
when, and letters that stand for different kinds of units, `\delta_j` for a hidden one and `\delta_k` for an output, tell names
apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from derive.algebra.names import Level
from derive.meaning.draft import Draft
from derive.meaning.naming import base_latex, level_of, part_names, rebuilt, walk
from derive.meaning.statements import EQUALITIES, Statement
from derive.notation.tree import (
    BigOperator,
    Derivative,
    Ellipsis,
    Fenced,
    Node,
    Product,
    Scripted,
    Sequence,
    Sum,
    Symbol,
)

_FEWEST_CLOCKED = 3
"""So many names have to carry the same `(n)` before it is taken for a clock."""


def tell_letters(draft: Draft) -> None:
    """Rewrite index letters to what the rest of the reading knows."""
    primed = frozenset(_primed(draft.trees))
    _rewrite(draft, lambda node: _prime_as_letter(node, primed))
    draft.placed = tuple(replace(each, statement=_with_whole_sums(each.statement)) for each in draft.placed)
    clock = _clock(draft.trees)
    if clock is not None:
        _rewrite(draft, lambda node: _without_clock(node, clock))
    counted = frozenset(level.letter for _, level in _stepped(draft.trees))
    own = frozenset(
        each for each in _functions_of_units(draft.trees) if each[1].text not in counted
    )  # steps are no units
    if own:
        _rewrite(draft, lambda node: _function_of_unit(node, own))
    kinds = kinds_of(draft)
    if kinds is not None:
        _rewrite(draft, kinds.renamed)
        draft.said.update(kinds.said)


def _rewrite(draft: Draft, change: Callable[[Node], Node]) -> None:
    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, change))) for each in draft.placed
    )


def everywhere(part: object, change: Callable[[Node], Node]) -> object:
    """A part of a formula with every node in it changed, the outer ones first."""
    if isinstance(part, tuple):
        return tuple(everywhere(each, change) for each in part)
    if not isinstance(part, Node):
        return part
    return rebuilt(change(part), lambda each: everywhere(each, change))


# letters with primes


def _primed(trees: Iterable[Node]) -> Iterator[Node]:
    r"""The `c'` of `a_{c'}` and of `\sum_{c'}`."""
    for tree in trees:
        for node in walk(tree):
            places = node.sub if isinstance(node, Scripted) else node.lower if isinstance(node, BigOperator) else None
            yield from (part for part in walk(places) if _is_primed(part)) if places is not None else ()


def _is_primed(node: Node) -> bool:
    bare = isinstance(node, Scripted) and node.sub is None and node.sup is None and node.primes > 0
    return bare and isinstance(node, Scripted) and isinstance(node.base, Symbol)


def _prime_as_letter(node: Node, primed: frozenset[Node]) -> Node:
    if node in primed and isinstance(node, Scripted) and isinstance(node.base, Symbol):
        return Symbol(node.base.text + "'" * node.primes, span=node.span)
    return node


# how far sums reach


def _with_whole_sums(statement: Statement) -> Statement:
    r"""A statement whose sums reach as far as their letter: `\sum_i y_i \log p_i + (1 - y_i) \log (1 - p_i)` is one sum."""
    if statement.right is None:
        return statement
    left, right = index_letters(statement.left), index_letters(statement.right)
    head = index_letters(statement.head)

    def reaching(side: Node, beside: frozenset[str]) -> Node:
        return everywhere(side, lambda node: _absorbed(node, beside | head))  # type: ignore[return-value]

    return replace(statement, left=reaching(statement.left, right), right=reaching(statement.right, left))


def _absorbed(node: Node, beside: frozenset[str]) -> Node:
    """A sum of terms in which what follows a sum over i and has i in it is part of what is summed."""
    if not isinstance(node, Sum):
        return node
    terms: list[tuple[str, Node]] = []
    for sign, term in node.terms:
        before = terms[-1] if terms else None
        operator = None if before is None else _last_sum(before[1])
        if before is not None and operator is not None:
            letters = index_letters(operator.lower, below=True)
            if letters & index_letters(term) and not letters & beside:
                inside = operator.body.terms if isinstance(operator.body, Sum) else (("+", operator.body),)
                longer = replace(operator, body=Sum((*inside, (sign, term)), span=operator.body.span))
                terms[-1] = before[0], _with_last(before[1], longer)
                continue
        terms.append((sign, term))
    if len(terms) == len(node.terms):
        return node
    return terms[0][1] if len(terms) == 1 and terms[0][0] == "+" else replace(node, terms=tuple(terms))


def _last_sum(term: Node) -> BigOperator | None:
    last = term.factors[-1][1] if isinstance(term, Product) else term
    return last if isinstance(last, BigOperator) and last.operator == r"\sum" else None


def _with_last(term: Node, last: Node) -> Node:
    if isinstance(term, Product):
        return replace(term, factors=(*term.factors[:-1], (term.factors[-1][0], last)))
    return last


def index_letters(part: object, *, below: bool = False) -> frozenset[str]:
    """The letters that stand free in scripts; `below` says that all letters do, as in a sum's bounds."""
    match part:
        case Symbol(text=text):
            return frozenset({text} if below and text.rstrip("'").isalpha() else ())
        case Scripted():
            scripts = index_letters((part.sub, part.sup), below=True)
            return scripts | index_letters(part.base, below=below)
        case BigOperator():
            return index_letters(part.body, below=below) - index_letters(part.lower, below=True)
        case tuple():
            return frozenset().union(*(index_letters(each, below=below) for each in part))
        case Node():
            own = (getattr(part, name) for name in part_names(type(part)))
            return frozenset().union(*(index_letters(each, below=below) for each in own))
        case _:
            return frozenset()


# what every name is at


def _clock(trees: Iterable[Node]) -> Symbol | None:
    r"""The n of `w_{ji}(n)`, `y_i(n)`, `\mathcal{E}(n)` on a page where it stands nowhere else."""
    called: dict[Symbol, set[str]] = {}
    alone: Counter[Symbol] = Counter()
    everywhere: Counter[Symbol] = Counter()
    for tree in trees:
        if isinstance(tree, Symbol):
            continue  # a letter that running text mentions
        for node in walk(tree):
            if isinstance(node, Symbol):
                everywhere[node] += 1
            if isinstance(node, Product):
                for (_, before), (sign, after) in pairwise(node.factors):
                    letter = _lone(after) if sign == "" else None
                    base = base_latex(before.base if isinstance(before, Scripted) else before)
                    if letter is not None and base is not None:
                        called.setdefault(letter, set()).add(base)
                        alone[letter] += 1
    found = [
        letter
        for letter, bases in called.items()
        if len(bases) >= _FEWEST_CLOCKED and alone[letter] == everywhere[letter]
    ]
    return found[0] if len(found) == 1 else None


def _lone(node: Node) -> Symbol | None:
    body = node.body if isinstance(node, Fenced) and node.left == "(" else None
    return body if isinstance(body, Symbol) and len(body.text) == 1 else None


def _without_clock(node: Node, clock: Symbol) -> Node:
    if not isinstance(node, Product):
        return node
    kept = tuple(factor for place, factor in enumerate(node.factors) if not (place and _is_clock(factor, clock)))
    if len(kept) == len(node.factors):
        return node
    return kept[0][1] if len(kept) == 1 else replace(node, factors=kept)


def _is_clock(factor: tuple[str, Node], clock: Symbol) -> bool:
    return factor[0] == "" and _lone(factor[1]) == clock


# functions that units have of their own


def _stepped(trees: Iterable[Node]) -> Iterator[tuple[str | None, Level]]:
    """The names that stand at `t+1`, `l-1`, with that step."""
    for tree in trees:
        for node in walk(tree):
            if isinstance(node, Scripted) and isinstance(node.sub, Sum):
                level = level_of(node.sub)
                if level is not None and level.letter:
                    yield base_latex(node.base), level


def _functions_of_units(trees: Iterable[Node]) -> Iterator[tuple[str, Symbol]]:
    r"""The `\varphi` and the j of `\varphi_j(v_j)`, where every unit has a function of its own."""
    for tree in trees:
        for node in walk(tree):
            for own, argument in pairwise(node.factors) if isinstance(node, Product) else ():
                found = _called_unit(own[1], argument)
                if found is not None and _stands_at(found[2], found[1]):
                    yield found[0], found[1]


def _called_unit(function: Node, argument: tuple[str, Node]) -> tuple[str, Symbol, Node] | None:
    sign, body = argument
    letter = function.sub if isinstance(function, Scripted) and function.sup is None else None
    base = base_latex(function.base) if isinstance(function, Scripted) else None
    called = sign == "" and isinstance(body, Fenced) and body.left == "("
    if base not in _FUNCTIONS or not isinstance(letter, Symbol) or not called or not isinstance(body, Fenced):
        return None
    return base, letter, body.body


def _function_of_unit(node: Node, own: frozenset[tuple[str, Symbol]]) -> Node:
    r"""`\varphi_j(v_j)`, where every unit has a function of its own, as a function `\varphi_{j}` of that letter's units."""
    if not isinstance(node, Product):
        return node
    factors = list(node.factors)
    for place, (function, argument) in enumerate(pairwise(node.factors)):
        found = _called_unit(function[1], argument)
        if found is None or found[:2] not in own:
            continue
        base, letter, body = found
        if letter in walk(body) and isinstance(function[1], Scripted):
            named = Symbol(f"{base}_{{{letter.text}}}", span=function[1].span)
            whole = replace(function[1], base=named, sub=None) if function[1].primes else named
            factors[place] = function[0], whole
    return replace(node, factors=tuple(factors)) if tuple(factors) != node.factors else node


_FUNCTIONS = frozenset({r"\varphi", r"\phi", r"\sigma", r"\psi", "f", "g", "h"})


def _stands_at(node: Node, letter: Symbol) -> bool:
    """Whether all names in an argument are entries at that letter."""
    names = [part for part in walk(node) if isinstance(part, Scripted) and part.sub is not None]
    return bool(names) and all(letter in walk(part.sub) for part in names)


# letters that tell kinds of units


@dataclass(frozen=True)
class Kinds:
    r"""Letters that stand for kinds of units, and the names that they tell apart.

    Bishop (Pattern Recognition and Machine Learning, section 5.3) and Rumelhart, Hinton and Williams (1986) call the errors of
    hidden units `\delta_j` and those of output units `\delta_k`: two arrays, told apart by the letter of their index alone.
    `places` says for a name, and its number of subscripts, which of these tell.
    """

    places: dict[tuple[str, int], tuple[int, ...]]
    said: dict[Node, Node] = field(default_factory=dict)

    def renamed(self, node: Node) -> Node:
        """An entry with the letters that tell its kind in its name."""
        if not isinstance(node, Scripted):
            return node
        written = _indexed(node)
        places = None if written is None else self.places.get((written[0], len(written[1])))
        if written is None or places is None:
            return node
        _, letters = written
        kind = "".join(sorted(letters[place] for place in places))
        named = replace(node, base=Symbol(f"{_outer(node.base)}_{{{kind}}}", span=node.base.span))
        self.said[named] = node
        return named


def kinds_of(draft: Draft) -> Kinds | None:
    """The kinds of units that a page tells by their letters; None where letters are as good as one another.

    A page does so where it defines one name twice, by different formulas for different letters, or by formulas that would define it
    by itself if the letters were one: `x_j = \\sum_i w_{ji} y_i` and `y_j = f(x_j)`, for i as for j. It does not where a name that
    it defines once, or a vector that is given, is used with other letters too: there `p_i` and `p_j` are entries of one array.
    """
    defined: Defined = {}
    for each in draft.placed:
        statement = each.statement
        if statement.relation not in EQUALITIES or statement.right is None or statement.link or statement.conditions:
            continue
        written = _indexed(statement.left) if isinstance(statement.left, Scripted) else None
        if written is not None:
            defined.setdefault((written[0], len(written[1])), {}).setdefault(written[1], statement.right)
    counted = {base for base, _ in _stepped(draft.trees)}
    defined = {name: found for name, found in defined.items() if name[0] not in counted}  # `w_t` and `w_{t+1}`: steps
    used: dict[tuple[str, int], set[tuple[str, ...]]] = {}
    for tree in draft.trees:
        for node in walk(tree):
            written = _indexed(node) if isinstance(node, Scripted) else None
            if written is not None:
                used.setdefault((written[0], len(written[1])), set()).add(written[1])
    circular = _in_circles(defined)
    twice = {name for name, found in defined.items() if _differ(found) or (len(found) > 1 and name in circular)}
    if not twice:
        return None
    letters = {letter for name in twice for found in defined[name] for letter in found}
    telling = {
        letter
        for name in twice
        for one in defined[name]
        for other in defined[name]
        for letter, beside in zip(one, other, strict=True)
        if letter != beside
    }
    for name, found in used.items():
        tellers = {tuple(sorted(telling & set(each))) for each in found}
        once = len(defined.get(name, ())) == 1
        given = name not in defined and name[1] == 1 and name[0] not in _FUNCTIONS
        if (once or given) and len(tellers) > 1:
            return None  # one array, whatever its letters
    places = {}
    for name, found in used.items():
        told = name in twice or all(letters & set(each) for each in found)
        if told and len({frozenset(each) for each in found}) > 1:
            columns = list(zip(*found, strict=True))
            places[name] = tuple(place for place, column in enumerate(columns) if len(set(column)) > 1)
    return Kinds(places)


def _differ(found: dict[tuple[str, ...], Node]) -> bool:
    """Whether definitions for different letters differ in more than the letters."""
    return len({_canonical(letters, right) for letters, right in found.items()}) > 1


Defined = dict[tuple[str, int], dict[tuple[str, ...], Node]]


def _in_circles(defined: Defined) -> set[tuple[str, int]]:
    """The names that are defined by themselves, at any depth, whatever their letters."""
    uses: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for name, found in defined.items():
        inside = (part for right in found.values() for part in walk(right) if not isinstance(part, Derivative))
        indexed = (_indexed(part) for part in inside if isinstance(part, Scripted))
        uses[name] = {(each[0], len(each[1])) for each in indexed if each is not None} & set(defined)
    circular = set()
    for name in defined:
        reached, waiting = set[tuple[str, int]](), list(uses[name])
        while waiting:
            current = waiting.pop()
            if current not in reached:
                reached.add(current)
                waiting.extend(uses[current])
        if name in reached:
            circular.add(name)
    return circular


def _canonical(letters: tuple[str, ...], right: Node) -> Node:
    """A right side with its index letters numbered as they come, those of the left side first."""
    numbers = {letter: str(place) for place, letter in enumerate(dict.fromkeys(letters))}

    def index(part: object) -> object:
        if isinstance(part, Symbol):
            return Symbol(numbers.setdefault(part.text, str(len(numbers))))
        if isinstance(part, tuple):
            return tuple(index(each) for each in part)
        return rebuilt(part, index) if isinstance(part, Node) else part

    def change(part: object) -> object:
        if isinstance(part, tuple):
            return tuple(change(each) for each in part)
        if isinstance(part, Scripted):
            return replace(part, base=change(part.base), sub=index(part.sub), sup=change(part.sup))  # type: ignore[arg-type]
        if isinstance(part, BigOperator):
            lower, body = index(part.lower), change(part.body)
            return replace(part, lower=lower, upper=None, body=body)  # type: ignore[arg-type]
        return rebuilt(part, change) if isinstance(part, Node) else part

    return change(right)  # type: ignore[return-value]


def _outer(node: Node) -> str:
    return base_latex(node) or ""


def _indexed(node: Scripted) -> tuple[str, tuple[str, ...]] | None:
    """A name with the letters of its entry; its layer, if it has one, is part of the name."""
    base = base_latex(node.base)
    if base is None or node.sub is None or isinstance(node.sub, Ellipsis):
        return None
    parts = node.sub.items if isinstance(node.sub, Sequence) else (node.sub,)
    if isinstance(node.sub, Product):
        parts = tuple(factor for _, factor in node.sub.factors)
    letters = tuple(part.text for part in parts if isinstance(part, Symbol) and part.text.rstrip("'").isalpha())
    if len(letters) != len(parts):
        return None
    layer = node.sup if isinstance(node.sup, Fenced) else None
    return base + (repr(layer) if layer is not None else ""), letters

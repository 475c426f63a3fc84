r"""Words that were typed letter by letter, `diag(x)` and `softmax(z)` without a command, and derivatives with names of their own,
`dW = \partial L / \partial W`: put together before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass, replace

from derive.algebra.functions import NOTATION
from derive.meaning.draft import Draft
from derive.meaning.naming import LAYER_LETTERS, base_latex, is_transpose, rebuilt, substituted, walk, written
from derive.meaning.shapes import PARAMETER_LETTERS, bare_letter
from derive.meaning.statements import EQUALITIES, Statement
from derive.notation.tree import (
    Applied,
    BigOperator,
    Derivative,
    Fenced,
    Node,
    Number,
    Product,
    Scripted,
    Styled,
    Sum,
    Symbol,
    Word,
)

_WORDS = frozenset({*NOTATION, "softmax", "diag", "tr", "trace", "max", "min", "prod", "sum"})
_LONGEST = max(map(len, _WORDS))
Factors = tuple[tuple[str, Node], ...]


def put_together(draft: Draft) -> None:
    """Words and names of derivatives, on the whole page. Names of derivatives are taken for such where the page defines one."""
    _join_labels(draft)
    _spell_words(draft)
    draft.placed = tuple(replace(each, statement=_update(each.statement)) for each in draft.placed)
    named = frozenset(
        name
        for each in draft.placed
        if each.statement.right is not None and (name := differential(each.statement.head)) is not None
    )
    draft.placed = tuple(
        replace(each, statement=_statement(each.statement, named)) if _concerns(each.statement, named) else each
        for each in draft.placed
    )


def _join_labels(draft: Draft) -> None:
    r"""The Greek letter of `w_\lambda`, a value of the page and no index, is part of the name."""
    nodes = [node for tree in draft.trees for node in walk(tree)]
    below = [node.sub for node in nodes if isinstance(node, Scripted) and _is_greek(node.sub)]
    places = {id(sub) for sub in below}
    counted = {letter for node in nodes if isinstance(node, BigOperator) for letter in _greek(node.lower)}
    values = {node.text for node in nodes if isinstance(node, Symbol) and id(node) not in places} - counted
    labels = frozenset(sub.text for sub in below if isinstance(sub, Symbol) and sub.text in values)
    labels |= _labels_of_vectors(draft, nodes)
    if labels:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: _labelled(side, labels)))
            for each in draft.placed
        )


def _update(statement: Statement) -> Statement:
    r"""`w \mathrel{-}= s` and `\Delta w = -s` as what they do, `w \leftarrow w - s`."""
    left, right = statement.left, statement.right
    if right is None or statement.link:
        return statement
    sign = {"-=": "-", "+=": "+"}.get(statement.relation)
    if sign is None and statement.relation in EQUALITIES and _is_change(left):
        assert isinstance(left, Product)
        sign, left = "+", left.factors[1][1]
    if sign is None:
        return statement
    if isinstance(right, Sum) and sign == "+":
        step = right.terms if len(right.terms) == 1 else (("+", Fenced("(", right, ")", span=right.span)),)
    else:
        step = ((sign, Fenced("(", right, ")", span=right.span) if isinstance(right, Sum) else right),)
    whole = Sum((("+", left), *step), span=right.span)
    return replace(statement, left=left, relation=r"\leftarrow", right=whole, head=left, spelled_out=True)


def _is_change(node: Node) -> bool:
    return (
        isinstance(node, Product)
        and len(node.factors) == 2
        and node.factors[0][1] == Symbol(r"\Delta")
        and node.factors[1][0] == ""
        and (name := written(node.factors[1][1])) is not None
        and bare_letter(name.name.base)[0] in PARAMETER_LETTERS
    )


def _spell_words(draft: Draft) -> None:
    """`activation(x) = ...` typed letter by letter defines a word; it is one wherever its letters stand so."""
    words = {
        word
        for each in draft.placed
        if each.statement.right is not None and isinstance(each.statement.left, Product)
        if (word := _leading_word(each.statement.left.factors)) is not None
    }
    if words:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: _spelled(side, words))) for each in draft.placed
        )


_SHORTEST = 4


def _leading_word(factors: Factors) -> str | None:
    """The word in front of a parenthesis that makes up a whole side."""
    *letters, (sign, last) = factors
    word = _run_of(tuple(letters), 0)
    whole = len(word) == len(letters) and len(word) >= _SHORTEST and word not in _WORDS
    return word if whole and sign == "" and isinstance(last, Fenced) and last.left == "(" else None


def _run_of(factors: Factors, start: int) -> str:
    """The letters set close from a place on."""
    word = ""
    for place in range(start, len(factors)):
        sign, letter = factors[place]
        close = place == start or (sign == "" and factors[place - 1][1].span[1] == letter.span[0])
        if not isinstance(letter, Symbol) or len(letter.text) != 1 or not letter.text.isalpha() or not close:
            break
        word += letter.text
    return word


def _spelled(part: object, words: set[str]) -> object:
    if isinstance(part, tuple):
        return tuple(_spelled(each, words) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Product):
        factors: list[tuple[str, Node]] = []
        place = 0
        while place < len(part.factors):
            run = _run_of(part.factors, place)
            word = next((word for word in words if run == word), None)
            sign, first = part.factors[place]
            if word is None:
                factors.append((sign, first))
                place += 1
                continue
            place += len(word)
            following = part.factors[place] if place < len(part.factors) else None
            if following is not None and following[0] == "" and isinstance(following[1], Fenced):
                factors.append((sign, Applied(Word(word, span=first.span), following[1], span=first.span)))
                place += 1
            else:
                factors.append((sign, Word(word, span=first.span)))
        if tuple(factors) != part.factors:
            changed = factors[0][1] if len(factors) == 1 else replace(part, factors=tuple(factors))
            return _spelled(changed, words)
    return rebuilt(part, lambda each: _spelled(each, words))


def _labels_of_vectors(draft: Draft, nodes: Sequence[Node]) -> frozenset[str]:
    r"""The c of `v_c \in \mathbb{R}^d`, of `v_c^\top`, where nothing is ever counted with c: it says which vector is meant."""
    found: set[str] = set()
    others: set[str] = set()
    for node in nodes:
        if isinstance(node, BigOperator) and node.lower is not None:
            others |= {part.text for part in walk(node.lower) if isinstance(part, Symbol)}
        if not isinstance(node, Scripted) or node.sub is None:
            continue
        if isinstance(node.sub, Symbol) and node.sup is not None and is_transpose(node.sup):
            found.add(node.sub.text)
        elif not isinstance(node.sub, Symbol):
            others |= {part.text for part in walk(node.sub) if isinstance(part, Symbol)}
    for each in draft.placed:
        left, region = each.statement.left, each.statement.right
        if each.statement.relation != r"\in" or not isinstance(region, Scripted) or not isinstance(left, Scripted):
            continue
        if isinstance(left.sub, Symbol) and base_latex(region.base) == r"\mathbb{R}":
            found.add(left.sub.text)
    bases: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, Scripted) and isinstance(node.sub, Symbol) and (base := base_latex(node.base)):
            bases.setdefault(node.sub.text, set()).add(base)
    return frozenset(letter for letter in found - others if len(bases.get(letter, ())) == 1)


def _is_greek(node: Node | None) -> bool:
    letter = isinstance(node, Symbol) and node.text.startswith("\\") and node.text[1:].isalpha()
    return letter and isinstance(node, Symbol) and node.text not in LAYER_LETTERS


def _greek(node: Node | None) -> Iterable[str]:
    return (part.text for part in walk(node) if isinstance(part, Symbol) and _is_greek(part)) if node else ()


def _labelled(part: object, labels: frozenset[str]) -> object:
    if isinstance(part, tuple):
        return tuple(_labelled(each, labels) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    base = base_latex(part.base) if isinstance(part, Scripted) else None
    if isinstance(part, Scripted) and base is not None and isinstance(part.sub, Symbol) and part.sub.text in labels:
        name = Symbol(f"{base}_{{{part.sub.text}}}", span=part.span)
        return name if part.sup is None and not part.primes else replace(part, base=name, sub=None)
    return rebuilt(part, lambda each: _labelled(each, labels))


def differential(node: Node) -> str | None:
    r"""The base letter of X in a lone `dX`, d and X set close."""
    if isinstance(node, Product) and len(node.factors) == 2:
        (_, first), (sign, second) = node.factors
        return _after_d(first, sign, second)
    return None


def _after_d(first: Node, sign: str, second: Node) -> str | None:
    letter = second.base if isinstance(second, Scripted) else second
    close = sign == "" and first.span[1] == second.span[0] and first == Symbol("d")
    return base_latex(letter) if close and isinstance(letter, Symbol | Styled) else None


def _concerns(statement: Statement, named: frozenset[str]) -> bool:
    sides = (statement.left, statement.right, statement.head)
    return any(_has_word(node) or (named and _has_differential(node)) for node in walk(sides))


def _has_word(node: Node) -> bool:
    return isinstance(node, Product) and any(word for word in _words(node.factors))


def _has_differential(node: Node) -> bool:
    return isinstance(node, Product) and Symbol("d") in [factor for _, factor in node.factors]


def _statement(statement: Statement, named: frozenset[str]) -> Statement:
    right = None if statement.right is None else _changed(statement.right, named)
    return replace(statement, left=_changed(statement.left, named), right=right, head=_changed(statement.head, named))


def _changed(node: Node, named: frozenset[str]) -> Node:
    return _rewritten(node, named)  # type: ignore[return-value]


def _rewritten(part: object, named: frozenset[str]) -> object:
    if isinstance(part, tuple):
        return tuple(_rewritten(each, named) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Product):
        factors = _with_words(part.factors)
        if named:
            factors = _with_differentials(factors, named)
        if factors != part.factors:
            part = factors[0][1] if len(factors) == 1 else replace(part, factors=factors)
            return _rewritten(part, named)
    return rebuilt(part, lambda each: _rewritten(each, named))


def _words(factors: Factors) -> Iterable[tuple[int, str]]:
    """Where letters set close together spell a word with a parenthesis behind it: place of the first letter, word."""
    for end in range(1, len(factors)):
        sign, following = factors[end]
        if sign != "" or not isinstance(following, Fenced) or following.left != "(":
            continue
        word, start = "", end
        while start > 0 and end - start < _LONGEST:
            own_sign, letter = factors[start - 1]
            if not isinstance(letter, Symbol) or len(letter.text) != 1 or not letter.text.isalpha():
                break
            if word and factors[start][1].span[0] != letter.span[1]:
                break
            start -= 1
            word = letter.text + word
            if own_sign != "":
                break
        if len(word) > 1 and word.lower() in _WORDS:
            yield start, word


def _with_words(factors: Factors) -> Factors:
    for start, word in _words(factors):
        end = start + len(word)
        argument = factors[end][1]
        applied = Applied(
            Word(word, span=factors[start][1].span), argument, span=(factors[start][1].span[0], argument.span[1])
        )
        return _with_words((*factors[:start], (factors[start][0], applied), *factors[end + 1 :]))
    return factors


def _with_differentials(factors: Factors, named: frozenset[str]) -> Factors:
    result: list[tuple[str, Node]] = []
    for sign, factor in factors:
        if result:
            before_sign, before = result[-1]
            base = _after_d(before, sign, factor)
            if base is not None and base in named:
                result[-1] = (before_sign, _named(factor, base, before.span[0]))
                continue
        result.append((sign, factor))
    return tuple(result)


def _named(node: Node, base: str, start: int) -> Node:
    letter = Symbol(f"d{base}" if base[0].isalpha() else f"d{{{base}}}")
    if isinstance(node, Scripted):
        return replace(node, base=letter, span=(start, node.span[1]))
    return letter


def name_derivatives(draft: Draft) -> None:
    r"""`dV = \partial L / \partial V` for every array V of the page: a V that is none of them says what all names with a d mean."""
    named: dict[Node, Node] = {}
    for tree in draft.trees:
        for node in walk(tree):
            letter = _without_d(node)
            if letter is not None:
                named[_bare(node)] = _bare(letter)
    known = {found.name for each in named.values() if (found := written(each)) is not None}
    for place, each in enumerate(draft.placed):
        right = each.statement.right
        about = named.get(each.statement.head)
        if about is None or right is None or not isinstance(each.statement.right, Node):
            continue
        rule = [node for node in walk(right) if isinstance(node, Derivative) and node.variables == (about,)]
        own = written(about)
        stands_alone = not any(
            tree_name.name is own.name
            for other in draft.placed
            if other.statement.right is not None
            for node in walk((other.statement.left, other.statement.right))
            if own is not None and (tree_name := written(node)) is not None and not _in_rule(node, rule)
        )
        if not rule or own is None or own.name not in known or not stands_alone:
            continue
        draft.rules.add(place)
        # `dZ^{[l]} = ...` on a page with layers of Z says it of Z; `dV = ...`, V being nothing else, of every array
        family = any(part.base == own.name.base and part is not own.name for part in known)
        for name_node, letter in named.items():
            name, of = written(name_node), written(letter)
            if name is not None and of is not None and letter != about:
                if family and of.name.base != own.name.base:
                    continue
                meaning = substituted(right, about, letter)
                draft.right_sides.setdefault(name.name, (meaning, each.line, ()))


def _in_rule(node: Node, rule: Iterable[Derivative]) -> bool:
    return any(part is node for each in rule for part in walk(each))


def _without_d(node: Node) -> Node | None:
    """X for a name dX that was put together."""
    if isinstance(node, Symbol):
        return Symbol(node.text[1:].strip("{}")) if _is_differential(node) else None
    if isinstance(node, Scripted) and isinstance(node.base, Symbol) and _is_differential(node.base):
        return replace(node, base=Symbol(node.base.text[1:].strip("{}")))
    return None


def _is_differential(node: Symbol) -> bool:
    return len(node.text) > 1 and node.text[0] == "d" and (len(node.text) == 2 or node.text[1] == "{")


def _bare(node: Node) -> Node:
    """A name without entries and transposition."""
    if not isinstance(node, Scripted):
        return node
    sup = node.sup
    if sup is not None and is_transpose(sup):
        sup = None
    sub = node.sub if isinstance(node.sub, Number) else None
    return node.base if sup is None and sub is None else Scripted(node.base, sub, sup)

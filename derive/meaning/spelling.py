r"""Words that were typed letter by letter, `diag(x)` and `softmax(z)` without a command, and derivatives with names of their own,
`dW = \partial L / \partial W`: put together before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass, replace

from derive.meaning.calls import KNOWN_WORDS
from derive.meaning.draft import Draft
from derive.meaning.letters import index_letters
from derive.meaning.naming import LAYER_LETTERS, base_latex, is_transpose, rebuilt, substituted, walk, written
from derive.meaning.pairs import labels_of_pairs
from derive.meaning.shapes import PARAMETER_LETTERS, bare_letter, size_letters
from derive.meaning.shorthand import after_d, differential, short_for_derivatives
from derive.meaning.statements import EQUALITIES, Statement
from derive.meaning.things import labels_of_parts, labels_of_states, labels_of_things, letters_below
from derive.notation.signs import LIMITS
from derive.notation.tree import (
    Applied,
    BigOperator,
    Derivative,
    Fenced,
    Node,
    Number,
    Product,
    Scripted,
    Sum,
    Symbol,
    Word,
)

_LONGEST = max(map(len, KNOWN_WORDS))
Factors = tuple[tuple[str, Node], ...]


def put_together(draft: Draft) -> None:
    """Words and names of derivatives, on the whole page. Names of derivatives are taken for such where the page defines one."""
    _join_labels(draft)
    _spell_words(draft)
    draft.placed = tuple(replace(each, statement=_update(each.statement)) for each in draft.placed)
    spoken = any(short_for_derivatives(draft.placed))
    named = frozenset(
        name
        for each in draft.placed
        if each.statement.right is not None or spoken
        for node in (walk((each.statement.left, each.statement.right)) if spoken else (each.statement.head,))
        if (name := differential(node)) is not None
    )
    draft.placed = tuple(
        replace(each, statement=_statement(each.statement, named)) if _concerns(each.statement, named) else each
        for each in draft.placed
    )


Labels = frozenset[tuple[str, str]]
"""Subscripts that are part of a name: the base, or "" for any base, and the letters."""


def _join_labels(draft: Draft) -> None:
    r"""Subscripts that are no index: the Greek letter of `w_\lambda`, a value of the page, the letters of `w_{hx}`, which are names
    of the page, and the n of a lone `E_n`, on which nothing that it is defined by depends."""
    nodes = [node for tree in draft.trees for node in walk(tree)]
    below = [node.sub for node in nodes if isinstance(node, Scripted) and _is_greek(node.sub)]
    places = {id(sub) for sub in below}
    counted = {letter for node in nodes if isinstance(node, BigOperator) for letter in _greek(node.lower)}
    values = {node.text for node in nodes if isinstance(node, Symbol) and id(node) not in places} - counted
    labels = {("", sub.text) for sub in below if isinstance(sub, Symbol) and sub.text in values}
    labels |= {("", letter) for letter in _labels_of_vectors(draft, nodes)}
    labels |= {("", letter) for letter in _labels_of_matrices(draft, nodes)}
    labels |= {("", text) for text in _labels_of_names(nodes)} | set(_labels_of_one(draft, nodes))
    labels |= set(_labels_of_declared(draft, nodes))
    labels |= {("", text) for text in labels_of_things(draft, nodes)}
    labels |= {("", text) for text in labels_of_pairs(draft, nodes)}
    labels |= {*labels_of_states(draft, nodes), *labels_of_parts(draft, nodes)}
    if labels:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: _labelled(side, frozenset(labels))))
            for each in draft.placed
        )


def _labels_of_matrices(draft: Draft, nodes: Sequence[Node]) -> frozenset[str]:
    r"""The R of `w_R = \arg\min_w E_R(w)` where R is a matrix of the page: it counts nothing, and is no size."""
    defined = {
        each.statement.left.text
        for each in draft.placed
        if isinstance(each.statement.left, Symbol)
        and each.statement.left.text.isupper()
        and (each.statement.relation in EQUALITIES or each.statement.relation == r"\in")
        and isinstance(each.statement.right, Applied | Product | Scripted)
    }
    counted = {
        part.text
        for node in nodes
        if isinstance(node, BigOperator)
        for part in walk((node.lower, node.upper))
        if isinstance(part, Symbol)
    }
    return frozenset(defined - counted - size_letters(nodes))


def _labels_of_names(nodes: Sequence[Node]) -> Iterable[str]:
    r"""The hx of `w_{hx}` where h and x are names of the page, `h_t` and `x_t`, and nothing is counted with them."""
    bases = {latex for node in nodes if isinstance(node, Scripted) and (latex := base_latex(node.base)) is not None}
    indices = {
        part.text
        for node in nodes
        for place in ((node.sub if isinstance(node.sub, Symbol) else None,) if isinstance(node, Scripted) else (
            (node.lower,) if isinstance(node, BigOperator) else ()))
        if place is not None
        for part in walk(place)
        if isinstance(part, Symbol)
    }  # fmt: skip
    for node in nodes:
        letters = letters_below(node)
        if len(letters) > 1 and set(letters) <= bases - indices:
            yield "".join(letters)


def _labels_of_declared(draft: Draft, nodes: Sequence[Node]) -> Iterable[tuple[str, str]]:
    r"""The hh of `W_{hh} \in \mathbb{R}^{p \times p}`, which is no entry, and the h of `b_h \in \mathbb{R}^p` where h is a name of
    the page, and nothing is counted with it."""
    bases = {latex for node in nodes if isinstance(node, Scripted) and (latex := base_latex(node.base)) is not None}
    counted = {
        part.text
        for node in nodes
        if isinstance(node, BigOperator) and node.lower is not None
        for part in walk(node.lower)
        if isinstance(part, Symbol)
    }
    for each in draft.placed:
        name, region = each.statement.left, each.statement.right
        if each.statement.relation != r"\in" or not isinstance(name, Scripted) or not isinstance(region, Scripted):
            continue
        letters, base = letters_below(name), base_latex(name.base)
        if base is None or name.sup is not None or region.sup is None or base_latex(region.base) != r"\mathbb{R}":
            continue
        matrix = isinstance(region.sup, Product)
        if letters and (
            set(letters) <= bases - counted or (matrix and len(letters) > 1 and not set(letters) <= counted)
        ):
            yield base, "".join(letters)


def _labels_of_one(draft: Draft, nodes: Sequence[Node]) -> Iterable[tuple[str, str]]:
    """The n of `E_n = ...` where E has no other subscript, and nothing is counted with n or has n in what E_n is defined by."""
    subscripts: dict[str, set[tuple[str, ...]]] = {}
    counted: set[str] = set()
    for node in nodes:
        if isinstance(node, Scripted) and (base := base_latex(node.base)) is not None:
            subscripts.setdefault(base, set()).add(letters_below(node))
        elif isinstance(node, BigOperator) and node.lower is not None:
            counted |= {part.text for part in walk(node.lower) if isinstance(part, Symbol)}
    for each in draft.placed:
        left, right = each.statement.left, each.statement.right
        letters = letters_below(left)
        if each.statement.relation not in EQUALITIES or right is None or each.statement.link or not letters:
            continue
        assert isinstance(left, Scripted)
        base = base_latex(left.base)
        if base is None or left.sup is not None or subscripts.get(base) != {letters} or counted & {*letters}:
            continue
        if not index_letters(right) & {*letters} and (len(letters) == 1 or "".join(letters).isupper()):
            yield base, "".join(letters)


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
    """`activation(x) = ...` and `Loss = ...` typed letter by letter define words; each is one wherever its letters stand so."""
    words = {
        word
        for each in draft.placed
        if each.statement.right is not None and each.statement.relation in EQUALITIES
        for word in (_leading_word(each.statement.left), _leading_word(each.statement.head))
        if word is not None
    }
    if words:
        draft.placed = tuple(
            replace(each, statement=each.statement.changed(lambda side: _spelled(side, words))) for each in draft.placed
        )


_SHORTEST, _SHORTEST_CALLED = 3, 4


def _leading_word(node: Node) -> str | None:
    """The word that makes up a whole side, alone, with a subscript, or in front of a parenthesis."""
    if not isinstance(node, Product):
        return None
    called = isinstance(node.factors[-1][1], Fenced)
    letters = node.factors[:-1] if called else node.factors
    word = _run_of(letters, 0)
    if len(word) != len(letters) or len(word) < (_SHORTEST_CALLED if called else _SHORTEST) or word in KNOWN_WORDS:
        return None
    return word if not called or node.factors[-1][0] == "" else None


def _run_of(factors: Factors, start: int) -> str:
    """The letters set close from a place on; the last of them may have a subscript, `net_j`."""
    word = ""
    for place in range(start, len(factors)):
        sign, node = factors[place]
        letter = node.base if isinstance(node, Scripted) and node.sup is None and not node.primes else node
        close = place == start or (sign == "" and factors[place - 1][1].span[1] == letter.span[0])
        if not isinstance(letter, Symbol) or len(letter.text) != 1 or not letter.text.isalpha() or not close:
            break
        word += letter.text
        if letter is not node:
            break
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
            word = _run_of(part.factors, place)
            sign, first = part.factors[place]
            if word not in words:
                factors.append((sign, first))
                place += 1
                continue
            place += len(word)
            last = part.factors[place - 1][1]
            name: Node = Word(word, span=(first.span[0], last.span[1]))
            if isinstance(last, Scripted):
                name = replace(last, base=name, span=name.span)
            following = part.factors[place] if place < len(part.factors) else None
            if following is not None and following[0] == "" and isinstance(following[1], Fenced):
                factors.append((sign, Applied(name, following[1], span=first.span)))
                place += 1
            else:
                factors.append((sign, name))
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


def _labelled(part: object, labels: Labels) -> object:
    if isinstance(part, tuple):
        return tuple(_labelled(each, labels) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    base = base_latex(part.base) if isinstance(part, Scripted) else None
    limits = isinstance(part, Scripted) and isinstance(part.base, Word) and part.base.text in LIMITS
    if isinstance(part, Scripted) and base is not None and not limits:  # the w of `\arg\min_w` is varied
        letters = part.sub.text if isinstance(part.sub, Number) else "".join(letters_below(part))
        if ("", letters) in labels or (base, letters) in labels:
            name = Symbol(f"{base}_{{{letters}}}", span=part.span)
            return name if part.sup is None and not part.primes else replace(part, base=name, sub=None)
    return rebuilt(part, lambda each: _labelled(each, labels))


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
        if len(word) > 1 and word.lower() in KNOWN_WORDS:
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
            base = after_d(before, sign, factor)
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
    for place, about, meaning in short_for_derivatives(draft.placed):
        for name_node, letter in named.items():
            name = written(name_node)
            if name is not None and letter != about:
                gradient = replace(meaning, variables=(letter,), symbol=r"\nabla")
                draft.right_sides.setdefault(name.name, (gradient, draft.placed[place].line, ()))
    for place, each in enumerate(draft.placed):
        right, stated = each.statement.right, named.get(each.statement.head)
        if stated is None or right is None or not isinstance(each.statement.right, Node):
            continue
        rule = [node for node in walk(right) if isinstance(node, Derivative) and node.variables == (stated,)]
        own = written(stated)
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
            if name is not None and of is not None and letter != stated:
                if family and of.name.base != own.name.base:
                    continue
                draft.right_sides.setdefault(name.name, (substituted(right, stated, letter), each.line, ()))


def _in_rule(node: Node, rule: Iterable[Derivative]) -> bool:
    return any(part is node for each in rule for part in walk(each))


def _without_d(node: Node) -> Node | None:
    """X for a name dX that was put together."""
    if isinstance(node, Symbol):
        return Symbol(_after(node.text)) if _is_differential(node) else None
    if isinstance(node, Scripted) and isinstance(node.base, Symbol) and _is_differential(node.base):
        return replace(node, base=Symbol(_after(node.base.text)))
    return None


def _after(text: str) -> str:
    r"""`V` for `dV`, `\hat{Y}` for `d{\hat{Y}}`."""
    return text[2:-1] if text[1] == "{" else text[1:]


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

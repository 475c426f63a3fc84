r"""Rows and columns of matrices under a name of their own: `w_k^\top x` where row k of W is `w_k^\top`, `\alpha_m^\top X` beside
the entries `\alpha_{m\ell}`.

Such a name is rewritten, before anything is read, to the part of the matrix that it stands for: `W_{k \ldots}` or `W_{\ldots k}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from itertools import pairwise

from derive.meaning.draft import Draft, Placed
from derive.meaning.letters import everywhere
from derive.meaning.naming import base_latex, is_transpose, rebuilt, walk
from derive.meaning.shapes import size_text
from derive.notation.tree import (
    BigOperator,
    Derivative,
    Ellipsis,
    Node,
    Product,
    Relations,
    Scripted,
    Sequence,
    Styled,
    Symbol,
)


@dataclass(frozen=True)
class Part:
    """The matrix that a name's vectors are parts of, and whether they are its columns."""

    whole: Node
    columns: bool


@dataclass(frozen=True)
class Parts:
    """The names that stand for rows or columns, by their base."""

    of: Mapping[str, Part]
    said: dict[Node, Node] = field(default_factory=dict)

    def read(self, part: object) -> object:
        """A formula with such names as parts of their matrices."""
        if isinstance(part, tuple):
            return tuple(self.read(each) for each in part)
        if not isinstance(part, Node) or not is_dataclass(part):
            return part
        letter = _lone_letter(part)
        own = None if letter is None else self.of.get(_base(part))
        if own is None or letter is None:
            return rebuilt(part, self.read)
        assert isinstance(part, Scripted)
        items: tuple[Node, ...] = (Ellipsis(), letter) if own.columns else (letter, Ellipsis())
        whole = replace(own.whole, span=part.base.span)
        found = Scripted(whole, Sequence(items, (",",), span=part.span), None, span=part.span)
        self.said[found] = replace(part, sup=None, primes=0)
        return found if part.sup is None else Scripted(found, None, part.sup, span=part.span)


COLON = Ellipsis(":")
"""What stands for a whole row or column in `P_{i:}`."""


def _with_colons(node: Node) -> Node:
    """`P_{i:}` and `P_{i,:}` as the part of P that they are."""
    if not isinstance(node, Scripted) or not isinstance(node.sub, Product | Sequence):
        return node
    parts = node.sub.items if isinstance(node.sub, Sequence) else tuple(factor for _, factor in node.sub.factors)
    if len(parts) != 2 or sum(part == Symbol(":") for part in parts) != 1:
        return node
    items = tuple(COLON if part == Symbol(":") else part for part in parts)
    return replace(node, sub=Sequence(items, (",",), span=node.sub.span))


def tell_rows_of_derivatives(draft: Draft) -> None:
    r"""Rewrite `do_i`, which the text calls a row or column of `dO`, as that part of it."""
    nodes = [node for tree in draft.trees for node in walk(tree)]
    named = [(letter, node) for node in nodes if (letter := _of_derivative(node)) is not None]
    wholes = dict(sorted(named, key=lambda each: isinstance(each[1], Styled)))
    told: dict[str, Part] = {}
    for each in draft.placed:
        match each.statement.left:
            case Product(
                factors=((_, Symbol(text="d")), ("", Scripted(base=Symbol(text=text), sub=Symbol(), sup=None)))
            ):
                columns = None if each.display or each.statement.right is not None else _speaks_of_columns(each)
                if columns is not None and text.upper() in wholes and text.islower():
                    told[text] = Part(wholes[text.upper()], columns)
    if not told:
        return

    def read(node: Node) -> Node:
        if not isinstance(node, Product):
            return node
        factors: list[tuple[str, Node]] = []
        for sign, factor in node.factors:
            own = told.get(_base(factor)) if sign == "" and _lone_letter(factor) is not None else None
            if own is None or not factors or factors[-1][1] != Symbol("d"):
                factors.append((sign, factor))
                continue
            assert isinstance(factor, Scripted)
            letter = _lone_letter(factor)
            assert letter is not None
            items: tuple[Node, ...] = (Ellipsis(), letter) if own.columns else (letter, Ellipsis())
            found = Scripted(own.whole, Sequence(items, (",",), span=factor.span), None, span=factor.span)
            draft.said[found] = Product((("", Symbol("d")), ("", replace(factor, sup=None))), span=factor.span)
            part = found if factor.sup is None else Scripted(found, None, factor.sup, span=factor.span)
            factors[-1] = factors[-1][0], part
        return factors[0][1] if len(factors) == 1 else replace(node, factors=tuple(factors))

    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, read))) for each in draft.placed
    )


def _of_derivative(node: object) -> str | None:
    r"""The O of `dO` and `\mathbf{dO}`."""
    inside = node.body if isinstance(node, Styled) else node
    match inside:
        case Product(factors=((_, Symbol(text="d")), ("", Symbol(text=text)))) if text.isupper():
            return text
    return None


def tell_rows(draft: Draft) -> None:
    """Rewrite the names of rows and columns as parts of their matrices."""
    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: everywhere(side, _with_colons)))
        for each in draft.placed
    )
    parts = Parts(dict(_parts(draft)))
    if parts.of:
        draft.placed = tuple(replace(each, statement=each.statement.changed(parts.read)) for each in draft.placed)
        draft.said.update(parts.said)


def _parts(draft: Draft) -> Iterator[tuple[str, Part]]:
    nodes = [node for tree in draft.trees for node in walk(tree)]
    vectors = {base for node in nodes for base in _vectors(node)}
    vectors |= {_base(each.statement.left) for each in draft.placed if _in_region(each)}
    called = {_base(each.statement.left) for each in draft.placed if _called_a_part(each)}
    vectors |= called
    standing = {latex: node for node in nodes if isinstance(node, Symbol | Styled) and (latex := base_latex(node))}
    pairs = _pairs(nodes)
    vectors |= {base for node in nodes for base in _multiplied(node) if base in pairs}
    for base in sorted(vectors):
        letters = {letter.text for node in nodes if _base(node) == base and (letter := _lone_letter(node)) is not None}
        if base in pairs:  # the entries have the same name
            firsts, lasts = pairs[base]
            if letters & firsts and not letters & lasts:
                yield base, Part(_node_of(nodes, base), columns=False)
            elif letters & lasts and not letters & firsts:
                yield base, Part(_node_of(nodes, base), columns=True)
            continue
        whole = _capital(base)
        if base in called and whole is not None and len(whole) == 1:
            bold = [node for node in nodes if isinstance(node, Styled) and node.style == "bold"]
            inside = sum(part == Symbol(whole) for node in bold for part in walk(node))
            if Styled("bold", Symbol(whole)) in bold and inside == nodes.count(Symbol(whole)):
                whole = rf"\mathbf{{{whole}}}"  # `v_j` for a row of `\mathbf{V}`
        if whole is None or whole not in standing:
            continue
        columns = _said_to_be_columns(draft.placed, base)
        if columns is None:
            columns = _as_many_columns(draft.placed, whole, letters, nodes)
        if columns is not None:
            yield base, Part(standing[whole], columns)


def _base(node: Node) -> str:
    return (base_latex(node.base) or "") if isinstance(node, Scripted) else ""


def _lone_letter(node: Node) -> Symbol | None:
    """The k of `w_k`."""
    letter = node.sub if isinstance(node, Scripted) and isinstance(node.sub, Symbol) else None
    return letter if letter is not None and letter.text.rstrip("'").isalpha() else None


def _vectors(node: Node) -> Iterator[str]:
    r"""Bases that stand for vectors with a letter below: in `w_k^\top`, in `\mathbf{w}_k`, in `\nabla_{w_k}`, beside a dot."""
    if isinstance(node, Scripted) and _lone_letter(node) is not None:
        bold = isinstance(node.base, Styled) and node.base.style == "bold"
        if bold or (node.sup is not None and is_transpose(node.sup)):
            yield _base(node)
    elif isinstance(node, Scripted) and node.sup is not None and is_transpose(node.sup):
        if _lone_letter(node.base) is not None:
            yield _base(node.base)
    elif isinstance(node, Derivative) and node.symbol == r"\nabla":
        yield from (_base(each) for each in node.variables if _lone_letter(each) is not None)


def _multiplied(node: Node) -> Iterator[str]:
    r"""The z of `\beta_k^\top z_i`: what a row is multiplied by is a vector."""
    for (_, row), (sign, other) in pairwise(node.factors) if isinstance(node, Product) else ():
        if sign == "" and list(_vectors(row)) and _lone_letter(other) is not None:
            yield _base(other)


def _in_region(each: Placed) -> bool:
    r"""Whether it says that `w_k \in \mathbb{R}^d`."""
    left, region = each.statement.left, each.statement.right
    declared = each.statement.relation == r"\in" and isinstance(region, Scripted) and region.sup is not None
    return declared and _lone_letter(left) is not None


_IS_A_PART = re.compile(r"^\s*(for|is|be|denotes?|stands for)\s+(the\s+)?(row|column)\b", re.IGNORECASE)


def _called_a_part(each: Placed) -> bool:
    """Whether running text calls a name a row or a column."""
    mentioned = not each.display and each.statement.right is None and _lone_letter(each.statement.left) is not None
    return mentioned and _IS_A_PART.search(each.after) is not None


def _pairs(nodes: Iterable[Node]) -> dict[str, tuple[set[str], set[str]]]:
    """For names with two letters below, `w_{kj}`, the letters that stand first and last."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for node in nodes:
        if not isinstance(node, Scripted) or not isinstance(node.sub, Product | Sequence):
            continue
        parts = node.sub.items if isinstance(node.sub, Sequence) else tuple(factor for _, factor in node.sub.factors)
        if len(parts) == 2 and all(isinstance(part, Symbol) for part in parts):
            firsts, lasts = found.setdefault(_base(node), (set(), set()))
            firsts.add(parts[0].text)  # type: ignore[attr-defined]
            lasts.add(parts[1].text)  # type: ignore[attr-defined]
    return found


def _node_of(nodes: Iterable[Node], base: str) -> Node:
    return next(node.base for node in nodes if isinstance(node, Scripted) and _base(node) == base)


def _capital(base: str) -> str | None:
    r"""`W` for `w`, `\mathbf{W}` for `\mathbf{w}`."""
    bold = base.startswith(r"\mathbf{")
    letter = base.removeprefix(r"\mathbf{").removesuffix("}") if bold else base
    if len(letter) != 1 or not letter.islower():
        return None
    return rf"\mathbf{{{letter.upper()}}}" if bold else letter.upper()


_ROW, _COLUMN = re.compile(r"\brows?\b", re.IGNORECASE), re.compile(r"\bcolumns?\b(?! vector)", re.IGNORECASE)


def _said_to_be_columns(placed: Iterable[Placed], base: str) -> bool | None:
    """Whether the sentence that introduces such a name speaks of columns, or of rows; None where it does neither, or both."""
    for each in placed:
        if each.display or _base(each.statement.left) != base or each.statement.right is not None:
            continue
        columns = _speaks_of_columns(each)
        if columns is not None:
            return columns
    return None


def _speaks_of_columns(each: Placed) -> bool | None:
    sentence = re.split(r"[.;]\s", each.before)[-1] + " " + re.split(r"[.;](?:\s|$)", each.after)[0]
    if _ROW.search(sentence):  # "row j of W, written as a column"
        return False
    return True if _COLUMN.search(sentence) else None


def _as_many_columns(placed: Iterable[Placed], whole: str, letters: set[str], nodes: Iterable[Node]) -> bool | None:
    """Whether the letter of such a name runs as far as the matrix has columns; None where it runs otherwise, or as far as both."""
    ends = {
        size_text(node.upper)
        for node in nodes
        if isinstance(node, BigOperator) and node.upper is not None
        for letter in _counted(node)
        if letter in letters
    }
    for each in placed:
        statement = each.statement
        if (
            statement.relation != r"\in"
            or base_latex(statement.left) != whole
            or not isinstance(statement.right, Scripted)
        ):
            continue
        sizes = statement.right.sup
        if isinstance(sizes, Product) and len(sizes.factors) == 2:
            rows, columns = (size_text(factor) in ends for _, factor in sizes.factors)
            return columns if rows != columns else None
    return None


def _counted(node: BigOperator) -> Iterator[str]:
    if isinstance(node.lower, Relations) and isinstance(node.lower.first, Symbol):
        yield node.lower.first.text

r"""Names of one example, `x^{(i)}`, `a^{[2](i)}`, and the arrays that hold all examples, `X`, `A^{[2]}`.

A page that sums over i what it writes with `(i)` speaks of examples, not of layers. Such a name is a row or a column of the array
with the same letter, where the page has one: `x^{(i)}` of `X`, `\hat{y}^{(i)}` of `\hat{\mathbf{y}}`; else the examples together
are an array of their own. Either way it is rewritten, before anything is read, to a part of that array: `X_{i \ldots}` where
examples come first, in rows, and `X_{\ldots i}` where they come last, in columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from itertools import pairwise

from derive.algebra.names import Name
from derive.meaning.called import lone_call
from derive.meaning.draft import Draft
from derive.meaning.naming import LAYER_LETTERS, base_latex, is_transpose, is_transposed, level_of, rebuilt, walk
from derive.meaning.shapes import FAMILY, PARAMETER_LETTERS, SCALAR_CAPITALS, bare_letter, size_text
from derive.meaning.statements import EQUALITIES
from derive.notation.tree import (
    Accented,
    BigOperator,
    Ellipsis,
    Fenced,
    Node,
    Number,
    Product,
    Relations,
    Scripted,
    Sequence,
    Styled,
    Symbol,
)


@dataclass(frozen=True)
class Examples:
    """How a page speaks of its examples: the letters that count them, how many there are, and the arrays that hold them all.

    `whole` gives a letter's array as it is written; `last` says whether examples stand in columns, None where nothing tells.
    """

    letters: frozenset[str]
    counts: frozenset[str]
    whole: Mapping[str, Node] = field(default_factory=dict)
    last: bool | None = None
    below: frozenset[str] = frozenset()
    """The letters whose subscript counts examples."""
    layers: frozenset[str] = frozenset()
    """The letters whose superscript counts layers."""
    said: dict[Node, Node] = field(default_factory=dict)
    """The parts that names were rewritten to, with the names."""


WEIGHTS = frozenset({"w", "b"})
COMPONENTS = frozenset({"j", "k"})
"""The letters that count the entries of a vector; examples are counted by i and n."""
EXAMPLES = frozenset({"x", "y", "t", "z", "a", "h", "o", "s", "u", "v", "p", "q", "r", "g", "k", "c", "f", "d"})
"""What stands for one example's vector where it has a subscript; rows of weights are another matter."""


def tell_examples(draft: Draft) -> None:
    """Rewrite the names of single examples as parts of the arrays that hold all of them."""
    found = examples_of(draft)
    if found is None:
        return
    for each in draft.placed:
        left, right = each.statement.left, each.statement.right
        if (
            isinstance(left, Scripted)
            and each.statement.relation == r"\in"
            and _letter(left, found.below, found.layers)
            and right
        ):
            draft.singles.setdefault(Name(_outer(left)), right)
    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: _rewritten(side, found))) for each in draft.placed
    )
    draft.said.update(found.said)


def examples_of(draft: Draft) -> Examples | None:
    """The page's examples; None where it does not speak of them one by one."""
    trees = draft.trees
    nodes = [node for tree in trees for node in walk(tree)]
    summed = {letter: upper for node in nodes if isinstance(node, BigOperator) for letter, upper in _bounds(node)}
    below = frozenset(_below(draft, nodes, summed))
    arithmetic = {letter for node in nodes if isinstance(node, Scripted) for letter in _with_arithmetic(node)}
    counted = frozenset(_outer(node) for node in nodes if isinstance(node, Scripted) and _at_layer(node, arithmetic))
    lettered = [
        (node, letter) for node in nodes if isinstance(node, Scripted) and (letter := _letter(node, below, counted))
    ]
    if not lettered:
        return None
    letters = frozenset(
        letter
        for node, letter in lettered
        if letter not in LAYER_LETTERS and letter not in arithmetic and (letter in summed or _beside_layer(node))
    )
    if not letters:
        return None
    counts = frozenset(size_text(upper) for letter in letters if (upper := summed.get(letter)) is not None)
    bases = {base for node, letter in lettered if letter in letters and (base := _outer(node))}
    plain = _standing(nodes, letters, below, counted)
    declared = {each.statement.left for each in draft.placed if each.statement.relation == r"\in"}
    called = {found.head for each in draft.placed if (found := lone_call(each.statement.left)) is not None}
    whole = {}
    for base in bases:
        candidates = [form for form in _whole_forms(base) if form in plain and plain[form] not in called]
        if base.startswith("\\") and base[1:].isalpha():  # beside a density \phi, \Phi is a function
            candidates = [form for form in candidates if plain[form] in declared]
        if len(candidates) == 1:
            whole[base] = plain[candidates[0]]
    last = _in_columns(draft, counts)
    if last is None:
        last = _said_in_columns(draft)
    if last is None and any((bare_letter(base_latex(node) or "")[0] or "x")[0].isupper() for node in whole.values()):
        return None  # whether an example is a row or a column, nothing tells
    return Examples(letters, counts, whole, last, below, counted)


def _below(draft: Draft, nodes: Iterable[Node], summed: Mapping[str, Node | None]) -> Iterator[str]:
    r"""Letters whose subscript counts examples: `x_i^\top w`, or `\mathbf{x}_i`, is no entry of a vector but one vector of many."""
    declared = {
        id(each.statement.left)
        for each in draft.placed
        if each.statement.relation == r"\in" and isinstance(each.statement.right, Scripted)
    }
    multiplied = {id(part) for node in nodes if isinstance(node, Product) for part in _after_rows(node)}
    yield from _listed_beside_one(draft)
    for node in nodes:
        if not isinstance(node, Scripted):
            continue
        inner = node.base if isinstance(node.base, Scripted) and node.sub is None else node
        base = base_latex(inner.base)
        if base is None or not isinstance(inner.sub, Symbol) or inner.sub.text not in summed:
            continue
        letter, bold = bare_letter(base.rstrip("'"))
        layered = bold and letter not in WEIGHTS and isinstance(inner.sup, Fenced)
        # Greek letters are features, statistics or parameters of many things, if the page says that each is a vector
        vector = id(node) in declared or id(node) in multiplied
        greek = letter.startswith("\\") and letter not in PARAMETER_LETTERS and vector
        if letter not in EXAMPLES and not layered and not greek:
            continue
        if (
            (bold and not _is_one_vector(draft, base, inner.sub.text, summed))
            or vector
            or (node.sup is not None and is_transpose(node.sup))
        ):
            yield base


def _after_rows(node: Product) -> Iterator[Node]:
    r"""The `x_n` of `w^\top x_n`: what a vector that lies down is multiplied with is a vector."""
    for (_, row), (sign, factor) in pairwise(node.factors):
        lies = isinstance(row, Scripted) and row.sub is None and row.sup is not None and is_transpose(row.sup)
        letter = bare_letter(base_latex(row.base) or "X")[0].removeprefix("\\") if isinstance(row, Scripted) else "X"
        if sign == "" and lies and letter[:1].islower():
            yield factor


def _listed_beside_one(draft: Draft) -> Iterator[str]:
    r"""The y of `y_1, \ldots, y_N` on a page on which y by itself is defined as something else: one of many has its letter."""
    alone = {
        each.statement.left
        for each in draft.placed
        if each.statement.relation in EQUALITIES and each.statement.right is not None and not each.statement.link
    }
    declared = {each.statement.left for each in draft.placed if each.statement.relation == r"\in"}
    for tree in draft.trees:
        if not isinstance(tree, Sequence) or not any(isinstance(item, Ellipsis) for item in tree.items):
            continue
        first, last = tree.items[0], tree.items[-1]
        if not isinstance(first, Scripted) or not isinstance(last, Scripted) or not isinstance(first.sub, Number):
            continue
        plain = first.sup is None and last.sup is None and isinstance(last.sub, Symbol)
        base = base_latex(first.base)
        if plain and base in EXAMPLES and first.base == last.base and first.base in alone - declared:
            yield base


def _is_one_vector(draft: Draft, base: str, letter: str, summed: Mapping[str, Node | None]) -> bool:
    r"""Whether the k of `\mathbf{y}_k` counts the entries of one vector.

    That is so where `\mathbf{y}` is said to be in `\mathbb{R}^K` and k runs that far, and for the letters j and k also where they
    are those of weights in the same sum, or where the name is defined without them and stands beside entries of a vector in
    some `\mathbb{R}^K`.
    """
    nodes = [node for tree in draft.trees for node in walk(tree)]
    if letter in COMPONENTS and any(_weighs(node, base, letter) for node in nodes):
        return True
    upper = summed[letter]
    lefts = [each.statement.left for each in draft.placed]
    alone = any(
        base_latex(left.base if isinstance(left, Scripted) and left.sub is None else left) == base for left in lefts
    )
    for each in draft.placed if alone else ():
        region = each.statement.right
        own = base_latex(each.statement.left)
        if each.statement.relation != r"\in" or own is None or not isinstance(region, Scripted) or region.sup is None:
            continue
        if isinstance(region.sup, Product):
            continue
        reaches = letter in COMPONENTS if upper is None else size_text(upper) == size_text(region.sup)
        if own == base:
            return reaches
        if reaches and letter in COMPONENTS and any(_is_entry(node, own, letter) for node in nodes):
            return True
    return False


def _weighs(node: Node, base: str, letter: str) -> bool:
    """Whether this is a sum over that letter in which weights `w_{kj}` have it too: weights are numbered by units."""
    if not isinstance(node, BigOperator) or letter not in dict(_bounds(node)):
        return False
    inside = [part for part in walk(node.body) if isinstance(part, Scripted)]
    weights = any(
        bare_letter(base_latex(part.base) or "")[0] in PARAMETER_LETTERS
        and isinstance(part.sub, Product)
        and Symbol(letter) in [factor for _, factor in part.sub.factors]
        for part in inside
    )
    return weights and any(_is_entry(part, base, letter) for part in inside)


def _is_entry(node: Node, base: str, letter: str) -> bool:
    return isinstance(node, Scripted) and node.sub == Symbol(letter) and base_latex(node.base) == base


def _whole_forms(base: str) -> set[str]:
    r"""How the array of all examples may be written: `X` or `\mathbf{X}` for `x` and `\mathbf{x}`, `\mathbf{y}` for `y`."""
    accents = []
    while (found := _ACCENT.fullmatch(base)) is not None:
        accents.append(found[1])
        base = found[2]
    bold = base.startswith(r"\mathbf{")
    letter = base.removeprefix(r"\mathbf{").removesuffix("}") if bold else base
    if letter.startswith("\\") and letter[1:].islower() and letter[1:].isalpha():
        return {f"\\{letter[1:].capitalize()}", rf"\mathbf{{\{letter[1:].capitalize()}}}"}
    differential = letter[:-1] if len(letter) == 2 and letter[0] == "d" else ""
    letter = letter.removeprefix(differential)
    if len(letter) != 1 or not letter.islower() or letter.upper() in SCALAR_CAPITALS:
        return set()
    forms = {differential + letter.upper(), rf"\mathbf{{{differential}{letter.upper()}}}"}
    forms |= set() if bold else {rf"\mathbf{{{letter}}}", rf"\vec{{{letter}}}"}
    outside = {_accented(form, accents) for form in forms}
    inside = {rf"\mathbf{{{_accented(form[8:-1], accents)}}}" for form in forms if form.startswith(r"\mathbf{")}
    return outside | inside


_ACCENT = re.compile(r"\\(hat|bar|tilde|vec|overline|widehat|widetilde)\{(.*)\}")


def _accented(base: str, accents: Iterable[str]) -> str:
    for accent in reversed(list(accents)):
        base = rf"\{accent}{{{base}}}"
    return base


def _standing(
    nodes: Iterable[Node], letters: frozenset[str], below: frozenset[str], counted: frozenset[str]
) -> dict[str, Node]:
    """Letters that stand on the page other than for one example, each with its node."""
    nodes = list(nodes)
    single = {
        id(node.base) for node in nodes if isinstance(node, Scripted) and _letter(node, below, counted) in letters
    }
    single |= {id(node.body) for node in nodes if isinstance(node, Styled | Accented)}
    single |= {id(node.sup) for node in nodes if isinstance(node, Scripted) and is_transposed(node)}
    return {
        latex: node
        for node in nodes
        if isinstance(node, Symbol | Styled | Accented) and id(node) not in single and (latex := base_latex(node))
    }


def _parts(sup: Node) -> list[Node]:
    return [factor for _, factor in sup.factors] if isinstance(sup, Product) else [sup]


def _outer(node: Scripted) -> str:
    return base_latex(node.base) or ""


def _letter(node: Scripted, below: frozenset[str], layers: frozenset[str]) -> str:
    """The i of `x^{(i)}`, of `a^{[2](i)}`, and of `x_i` where subscripts count examples."""
    for part in _parts(node.sup) if node.sup is not None else ():
        counts = isinstance(part, Fenced) and part.left == "(" and _outer(node) not in layers
        if counts and isinstance(part, Fenced) and isinstance(part.body, Symbol):
            return part.body.text
    first = _subscripts(node.sub)[0] if node.sub is not None and _outer(node) in below else None
    return first.text if isinstance(first, Symbol) else ""


def _subscripts(sub: Node) -> list[Node]:
    if isinstance(sub, Sequence):
        return list(sub.items)
    return [factor for _, factor in sub.factors] if isinstance(sub, Product) else [sub]


def _beside_layer(node: Scripted) -> bool:
    fenced = [part for part in _parts(node.sup) if isinstance(part, Fenced)] if node.sup is not None else []
    return len(fenced) == 2 and fenced[0].left == "["


def _with_arithmetic(node: Scripted) -> Iterator[str]:
    """The l of `W^{(l+1)}`: what is counted up is a layer."""
    for part in _parts(node.sup) if node.sup is not None else ():
        level = level_of(part.body) if isinstance(part, Fenced) else None
        if level is not None and level.letter and level.offset:
            yield level.letter


def _at_layer(node: Scripted, counted: set[str]) -> bool:
    for part in _parts(node.sup) if node.sup is not None else ():
        level = level_of(part.body) if isinstance(part, Fenced) else None
        if level is not None and level.letter in counted:
            return True
    return False


def _bounds(node: BigOperator) -> Iterator[tuple[str, Node | None]]:
    match node.lower:
        case Relations(first=Symbol(text=letter), rest=(("=" | r"\in", _),)) | Symbol(text=letter):
            yield letter, node.upper


_ROWS = re.compile(r"\b(rows?|row-wise)\b", re.IGNORECASE)
_COLUMNS = re.compile(r"\b(columns?|column-wise)\b(?! vector)", re.IGNORECASE)
_OF_EXAMPLES = re.compile(
    r"\b(example|sample|input|observation|instance|data ?point|pattern|batch|stack)", re.IGNORECASE
)


def _said_in_columns(draft: Draft) -> bool | None:
    """Whether the text speaks of examples in columns, or of examples in rows; None where it does neither or both."""
    sentences = {
        sentence
        for each in draft.placed
        for text in (each.before, each.after)
        for sentence in re.split(r"[.;]\s", text)
        if _OF_EXAMPLES.search(sentence)
    }
    rows = any(_ROWS.search(sentence) for sentence in sentences)
    columns = any(_COLUMNS.search(sentence) for sentence in sentences)
    return columns if rows != columns else None


def _listed(right: Node | None) -> tuple[bool, bool]:
    r"""Whether a side is `[\mathbf{x}_1, \ldots, \mathbf{x}_N]`, and whether that is transposed."""
    turned = isinstance(right, Scripted) and right.sup is not None and is_transpose(right.sup)
    body = right.base if isinstance(right, Scripted) and turned else right
    if not isinstance(body, Fenced) or not isinstance(body.body, Sequence):
        return False, False
    first = body.body.items[0]
    bold = isinstance(first, Scripted) and bare_letter(base_latex(first.base) or "")[1]
    return bold and any(isinstance(item, Ellipsis) for item in body.body.items), turned


def _in_columns(draft: Draft, counts: frozenset[str]) -> bool | None:
    """Whether the arrays of the page have as many columns, or as many rows, as there are examples."""
    found = set()
    for each in draft.placed:
        statement = each.statement
        listed, turned = _listed(statement.right)
        if listed:
            found.add(not turned)
        if statement.relation != r"\in" or statement.right is None or not isinstance(statement.right, Scripted):
            continue
        sizes = statement.right.sup
        if isinstance(sizes, Product) and len(sizes.factors) == 2 and sizes.factors[1][0] == r"\times":
            across = [size_text(factor) in counts for _, factor in sizes.factors]
            if across[0] != across[1]:
                found.add(across[1])
    return found.pop() if len(found) == 1 else None


def _rewritten(part: object, found: Examples) -> object:
    if isinstance(part, tuple):
        return tuple(_rewritten(each, found) for each in part)
    if not isinstance(part, Node) or not is_dataclass(part):
        return part
    if isinstance(part, Scripted) and _letter(part, found.below, found.layers) in found.letters:
        return _part_of_whole(part, found)
    return rebuilt(part, lambda each: _rewritten(each, found))


def _part_of_whole(node: Scripted, found: Examples) -> Node:
    letter = _letter(node, found.below, found.layers)
    base = base_latex(node.base)
    if base is None:
        return node
    place = Symbol(letter, span=node.span)
    inner = [] if node.sub is None else _subscripts(node.sub)
    kept = [] if node.sup is None else _parts(node.sup)
    above = [part for part in kept if isinstance(part, Fenced) and part.body == place]
    if above:
        kept = [part for part in kept if part not in above]
    else:
        inner = inner[1:]
    layers = [part for part in kept if isinstance(part, Fenced)]
    after = [part for part in kept if not isinstance(part, Fenced)]
    whole = found.whole.get(base)
    last = found.last if found.last is not None else False
    if whole is None:
        # a name of its own for the examples together, which come first in it
        whole, last = Symbol(base + FAMILY, span=node.base.span), False
    whole = replace(whole, span=node.base.span)
    rest: list[Node] = list(inner) or [Ellipsis()]
    items = (*rest, place) if last else (place, *rest)
    sub = Sequence(items, (",",) * (len(items) - 1), span=node.span)
    sup = layers[0] if layers else None
    result = Scripted(whole, sub, sup, node.primes, span=node.span)
    if not after:
        found.said[result] = node
    return Scripted(result, None, _joined(after), span=node.span) if after else result


def _joined(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else Product(tuple(("", part) for part in parts))

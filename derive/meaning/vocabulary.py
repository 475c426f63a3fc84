"""How a page writes its names, found from its formulas before any of them has a meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from derive.algebra.names import Level, Name
from derive.meaning.naming import base_latex, is_transposed, walk, written
from derive.meaning.scope import Vocabulary
from derive.notation.tree import (
    Accented,
    Derivative,
    Ellipsis,
    Node,
    Number,
    Product,
    Scripted,
    Styled,
    Symbol,
)


def vocabulary_of(trees: Iterable[Node]) -> Vocabulary:
    """Bases that carry entries: those that stand with letters below them, or bare as well as numbered. Bases whose plain
    superscript is a layer: those that have a layer letter there."""
    bare: set[str] = set()
    lettered: set[str] = set()
    twice: set[str] = set()
    layered: set[str] = set()
    for tree in trees:
        for node in walk(tree):
            plain = written(node)
            if plain is None:
                continue
            if plain.entries and not any(isinstance(entry, Ellipsis) for entry in plain.entries):
                lettered.add(plain.latex)
                if len(plain.entries) == 2:
                    twice.add(plain.latex)
            if plain.level_style == "2" and any(
                isinstance(level, Level) and level.letter for level in plain.name.levels
            ):
                layered.add(plain.latex)
            if not isinstance(node, Scripted) and not isinstance(node, Number):
                continue
            if isinstance(node, Scripted) and node.sub is None:
                bare.add(plain.latex)
    return Vocabulary(frozenset(lettered), frozenset(layered), _entries_of(lettered, bare | _plain(trees), twice))


def _plain(trees: Iterable[Node]) -> set[str]:
    """The bases that stand without a subscript somewhere."""
    found: set[str] = set()
    for tree in trees:
        # a letter under a subscript, a font or an accent does not stand there on its own
        scripted = {id(node.base) for node in walk(tree) if isinstance(node, Scripted) and node.sub is not None}
        scripted |= {id(node.body) for node in walk(tree) if isinstance(node, Styled | Accented)}
        scripted |= {id(node.sup) for node in walk(tree) if isinstance(node, Scripted) and is_transposed(node)}
        found.update(
            latex for node in walk(tree) if id(node) not in scripted and (latex := base_latex(node)) is not None
        )
    return found


def index_letters(trees: Iterable[Node], vocabulary: Vocabulary) -> frozenset[str]:
    """The letters that stand as subscripts of entries."""
    return frozenset(
        latex
        for tree in trees
        for node in walk(tree)
        if isinstance(node, Scripted)
        and (found := written(node, vocabulary.subscripted, vocabulary.layered)) is not None
        for entry in found.entries
        if (latex := base_latex(entry)) is not None
    )


def bold_forms(light: str) -> set[str]:
    r"""How a light letter's array may be written: `\hat{y}` as `\hat{\mathbf{y}}`, `\mathbf{\hat{y}}`, or with a capital."""
    cut = light.rfind("{") + 1 if light.endswith("}") and not light.startswith("\\math") else 0
    before, letter, after = light[:cut], light[cut:].rstrip("}"), "}" * light[:cut].count("{")
    forms = set()
    for own in (letter, letter.upper()) if len(letter) == 1 else (letter,):
        forms |= {rf"{before}\mathbf{{{own}}}{after}", rf"\mathbf{{{before}{own}{after}}}"}
    if not before:
        forms.add(rf"\vec{{{letter}}}")
    return forms


def _entries_of(lettered: set[str], plain: set[str], twice: set[str]) -> dict[str, str]:
    r"""`p_i` beside `\mathbf{p}`, `w_{jk}` beside `\mathbf{W}`: entries of the bold array, where the light letter has no life of
    its own."""
    found = {}
    for light in twice - plain:
        # `\\hat{y}_{ij}` beside `\\hat{Y}`
        cut = light.rfind("{") + 1 if light.endswith("}") and not light.startswith("\\math") else 0
        letter = light[cut:].rstrip("}")
        whole = light[:cut] + letter.upper() + "}" * light[:cut].count("{")
        if len(letter) == 1 and letter.islower() and whole in plain:
            found[light] = whole
    for light in lettered - plain:
        candidates = bold_forms(light) & plain
        if len(candidates) == 1:
            found[light] = candidates.pop()
    for light in twice & plain:
        # beside the number x, `x_{ij}` is an entry of the matrix
        whole = rf"\mathbf{{{light.upper()}}}"
        if len(light) == 1 and light.islower() and whole in plain:
            found[light] = whole
    return found


def has_kronecker(statements: Sequence[tuple[Node, Node | None]], *, named: bool) -> bool:
    r"""Whether every delta on the page is a `\delta_{ij}` that it nowhere defines, and Kronecker's: by that name in the text
    (`named`), or because it only stands where `x_i` is differentiated by `y_j`. Errors of units are written with deltas too."""
    letter = Symbol(r"\delta")
    found = False
    for left, right in statements:
        if right is not None and isinstance(left, Scripted) and left.base == letter:
            return False
        nodes = [node for side in (left, right) if side is not None for node in walk(side)]
        indexed = [node for node in nodes if isinstance(node, Scripted) and node.base == letter]
        if sum(node == letter for node in nodes) != len(indexed):
            return False
        for node in indexed:
            letters = _index_letters(node.sub)
            if node.sup is not None or node.primes or len(letters) != 2:
                return False
            found = True
            if not named and right is not None and not _differentiates(left, letters):
                return False
    return found


def _differentiates(left: Node, letters: Sequence[str]) -> bool:
    """Whether this is the derivative of something at one of two letters by something at the other."""
    if not isinstance(left, Derivative) or len(left.variables) != 1:
        return False
    above, below = (
        {part.text for node in walk(side) if isinstance(node, Scripted) and node.sub is not None
         for part in walk(node.sub) if isinstance(part, Symbol)}
        for side in (left.operand, left.variables[0])
    )  # fmt: skip
    one, other = letters
    return (one in above and other in below) or (other in above and one in below)


def _index_letters(sub: Node | None) -> list[str]:
    parts = [factor for _, factor in sub.factors] if isinstance(sub, Product) else list(getattr(sub, "items", ()))
    return [part.text for part in parts if isinstance(part, Symbol) and part.text.rstrip("'").isalpha()]


def mentions(node: Node | None, name: Name, vocabulary: Vocabulary) -> bool:
    if node is None:
        return False
    for part in _values(node):
        found = written(part, vocabulary.subscripted, vocabulary.layered)
        if found is not None and found.name is name:
            return True
    return False


def _values(node: Node) -> Iterable[Node]:
    """The parts of an expression that stand for values; what a derivative is taken of or by does not count."""
    if isinstance(node, Derivative):
        return
    yield node
    if isinstance(node, Scripted):
        if written(node) is None:
            yield from _values(node.base)
        return
    match node:
        case Product(factors=parts):
            children: Iterable[Node] = [part for _, part in parts]
        case _:
            children = _children(node)
    for child in children:
        yield from _values(child)


def _children(node: Node) -> Iterable[Node]:
    from dataclasses import fields

    for place in fields(node):
        if place.name == "span":
            continue
        value = getattr(node, place.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                for part in item if isinstance(item, tuple) else (item,):
                    if isinstance(part, Node):
                        yield part


def has_derivative(tree: Node) -> bool:
    return any(isinstance(node, Derivative) for node in walk(tree))

r"""Functions of vectors that a page defines itself, by components or as a number: `S_j(a) = e^{a_j} / \sum_k e^{a_k}`,
`\operatorname{RMS}(x) = \sqrt{\frac{1}{n} \sum_i x_i^2}`.

At the vector that such a function is defined with, it is a value, and the parentheses only remind the reader: `S_j(a)` is entry j
of S. At any other vector it is what its right side gives there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from derive.algebra.functions import NOTATION
from derive.algebra.names import Name
from derive.meaning.called import Called, calls_in, letters_of, lone_call, with_calls
from derive.meaning.calls import KNOWN_WORDS
from derive.meaning.draft import Draft
from derive.meaning.letters import index_letters
from derive.meaning.naming import base_latex, substituted, walk, written
from derive.meaning.scope import OfVector
from derive.meaning.statements import EQUALITIES
from derive.meaning.vocabulary import mentions
from derive.notation.tree import (
    Accented,
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


@dataclass(frozen=True)
class Defined:
    """A function's name as it is written, the vector it is defined with, the letter of its component ("" for a number), its right
    side, and where it is defined."""

    head: Node
    parameter: Node
    letter: str
    right: Node
    place: int


def tell_functions_of_vectors(draft: Draft) -> None:
    """Take the arguments off where they are those of the definition; where a function stands at others, say that it is applied."""
    found, doubtful = _definitions(draft)
    if not found:
        return

    def applied(call: Called) -> Node | None:
        own, entry = _own(call, found)
        return None if own is None or len(call.arguments) != 1 else _applied(own.head, call, entry)

    def change(call: Called) -> Node | None:
        if call.sup is None and (product := _as_product(call, found)) is not None:
            return product
        own, entry = _own(call, found)
        if own is None or len(call.arguments) != 1:
            return None
        if call.arguments[0] != own.parameter or own.head in doubtful:
            new, said = _applied(own.head, call, entry), _as_written(call)
            if said is not None and call.sup is None:
                draft.said[new] = said
            return new
        if not own.letter:  # a number that is called with its own argument is a value like any other
            return None
        return own.head if entry is None else Scripted(own.head, entry, span=call.span)

    clear = {head: own for head, own in found.items() if head not in doubtful}
    if any(_is_elsewhere(call, clear) for call in calls_in(draft.trees)):
        for own in clear.values():
            name, parameter = written(own.head), written(own.parameter)
            if name is not None and parameter is not None:
                body: Node = with_calls(own.right, applied)  # type: ignore[assignment]
                draft.of_vectors[repr(name.name)] = OfVector(parameter.name, own.letter, body)
    draft.placed = tuple(
        replace(each, statement=each.statement.changed(lambda side: with_calls(side, change))) for each in draft.placed
    )
    values = (written(own.head) for own in clear.values() if own.letter)
    draft.values_of_vectors = frozenset(repr(name.name) for name in values if name is not None)


def functions_of_vectors(draft: Draft) -> dict[str, OfVector]:
    """The functions whose right sides say all of what they are: nothing in them but the vector itself changes with it, as far as
    the page defines it."""
    heads = {
        name.name
        for each in draft.placed
        if each.statement.right is not None
        and each.statement.relation in EQUALITIES
        and (name := written(each.statement.head)) is not None
        # an update gives a given parameter no meaning
        and not mentions(each.statement.right, name.name, draft.vocabulary)
    }
    found = {}
    for latex, own in draft.of_vectors.items():
        known = {own.parameter, *map(Name, draft.of_vectors)}
        used = {name.name for node in walk(own.body) if (name := written(node)) is not None}
        if not (used & heads) - known:
            found[latex] = own
    return found


def _definitions(draft: Draft) -> tuple[dict[Node, Defined], set[Node]]:
    """The functions of vectors that the page defines, and those that it may define twice: a second formula in the same section is
    a claim, in another one it may be a new meaning."""
    found: dict[Node, Defined] = {}
    doubtful: set[Node] = set()
    given = _given(draft)
    for place, each in enumerate(draft.placed):
        statement = each.statement
        if statement.right is None or statement.relation not in EQUALITIES or statement.link or each.supposed:
            continue
        own = _defined(draft, statement.left, statement.right, place)
        if own is None or statement.restricted:
            continue
        before = found.setdefault(own.head, own)
        if before is own or _alike(before, own):
            continue
        name = written(own.parameter)
        renamed = before.parameter != own.parameter and (name is None or name.name not in given)
        elsewhere = draft.placed[before.place].section != each.section
        if renamed or (elsewhere and (own.letter or before.letter)):
            doubtful.add(own.head)
    return found, doubtful


def _alike(before: Defined, own: Defined) -> bool:
    """Whether two definitions differ in the letters of the vector and its component alone."""
    right = substituted(own.right, own.parameter, before.parameter)
    if own.letter and before.letter:
        right = substituted(right, Symbol(own.letter), Symbol(before.letter))
    return right == before.right


def _given(draft: Draft) -> set[Name]:
    """The names that the page declares or defines: a function of such a one is a value."""
    return {
        name.name
        for each in draft.placed
        if each.statement.right is not None and (name := written(each.statement.left)) is not None
    }


def _defined(draft: Draft, left: Node, right: Node, place: int) -> Defined | None:
    call = lone_call(left)
    if call is None or len(call.arguments) != 1 or call.sup is not None:
        return None
    (parameter,) = call.arguments
    vector = written(parameter)
    if vector is None or vector.entries or vector.power is not None or vector.transposed or vector.primes:
        return None
    if vector.name.levels or any(isinstance(node, Derivative) for node in walk(right)):
        return None
    head, entry, free = call.head, call.entry, index_letters(right)
    match call:
        case Called(head=Scripted(base=base, sub=Symbol(text=text) as sub, sup=None, primes=0), entry=None):
            below, others = letters_of(right)
            if text in free and text in below and text not in others:
                head, entry = base, sub
    letter = entry.text if isinstance(entry, Symbol) else ""
    name = written(head)
    if (entry is not None and letter not in free) or name is None or name.entries or name.power is not None:
        return None
    if name.primes or name.transposed or name.name.levels:
        return None
    if _is_known(draft, head, parameter, letter, right):
        return None
    if not any(_is_entry(draft, node, vector.latex) for node in walk(right)) or _bare(draft, right, parameter):
        return None
    return Defined(head, parameter, letter, right, place)


def _is_known(draft: Draft, head: Node, parameter: Node, letter: str, right: Node) -> bool:
    """Whether a word stands for what it stands for everywhere: a function of one number that acts on each entry, as
    `\\operatorname{ReLU}(z)_i = \\max(0, z_i)` says, or a softmax that has nothing in it but the vector."""
    if not isinstance(head, Word) or head.text.lower() not in KNOWN_WORDS:
        return False
    if head.text.lower() in NOTATION:
        entries = [node for node in walk(right) if isinstance(node, Scripted) and node.base == parameter]
        alone = sum(node == parameter for node in walk(right)) == len(
            entries
        )  # the mean of it changes with all entries
        return alone and all(node.sub == Symbol(letter) for node in entries)
    names = {base_latex(node) for node in walk(right) if isinstance(node, Symbol | Styled | Accented)}
    below, _ = letters_of(right)
    sums = (node for node in walk(right) if isinstance(node, BigOperator))
    counts = {part.text for node in sums for part in walk((node.lower, node.upper)) if isinstance(part, Symbol)}
    return names <= {base_latex(parameter), "e", *below, *counts}


def _is_entry(draft: Draft, node: Node, vector: str) -> bool:
    if not isinstance(node, Scripted) or node.sub is None:
        return False
    base = base_latex(node.base) or ""
    return base == vector or draft.vocabulary.entries_of.get(base) == vector


def _bare(draft: Draft, right: Node, parameter: Node) -> bool:
    """Whether the right side has more than entries of the vector that are counted by one letter: `x_{ij}` has it a matrix."""
    vector = base_latex(parameter) or ""
    scripted = (node for node in walk(right) if isinstance(node, Scripted))
    return not all(isinstance(node.sub, Symbol) for node in scripted if _is_entry(draft, node, vector))


def _own(call: Called, found: Mapping[Node, Defined]) -> tuple[Defined | None, Node | None]:
    """The function that is called, and which component of it is meant."""
    own = found.get(call.head)
    if own is not None:
        return (None, None) if call.entry is None and _is_factor(call, own) else (own, call.entry)
    head = call.head
    if isinstance(head, Scripted) and head.sub is not None and head.sup is None and not head.primes:
        own = found.get(head.base)
        if own is not None and own.letter and call.entry is None and not _is_factor(call, own):
            return own, head.sub
    return None, None


def _as_product(call: Called, found: Mapping[Node, Defined]) -> Node | None:
    """An entry of a value and a factor in parentheses, as a product that can be taken for nothing else."""
    base = call.head.base if isinstance(call.head, Scripted) else call.head
    own = found.get(base)
    if own is None or call.entry is not None or len(call.arguments) != 1 or not _is_factor(call, own):
        return None
    factors = (Fenced("(", call.head, ")"), Fenced("(", call.arguments[0], ")"))
    return Product(tuple(("", factor) for factor in factors), span=call.span)


def _is_factor(call: Called, own: Defined) -> bool:
    """Whether what stands in the parentheses is a factor rather than a vector: `S_j (1 - S_j)`, `S_j (\\delta_{jk} - S_k)`."""
    (argument, *_) = call.arguments
    terms = [term for _, term in argument.terms] if isinstance(argument, Sum) else []
    values = (node.base for node in walk(argument) if isinstance(node, Scripted) and node.sub is not None)
    return any(isinstance(term, Number) or term == own.head for term in terms) or own.head in values


def _applied(head: Node, call: Called, entry: Node | None) -> Node:
    """A function at a vector. In brackets stands what may be a factor behind an entry of its value, `S_j (a_{ij} - b)`, where it
    turns out to be a number."""
    factor = isinstance(call.head, Scripted) and call.head != head
    fence = Fenced("[", call.arguments[0], "]") if factor else Fenced("(", call.arguments[0], ")")
    whole = Applied(head, fence, span=call.span)
    if entry is None:
        return whole
    return Scripted(Fenced("(", whole, ")", span=call.span), entry, span=call.span)


def _as_written(call: Called) -> Node | None:
    if call.fence is None:
        return None
    word = call.head.base if isinstance(call.head, Scripted) else call.head
    if isinstance(word, Word):
        return Applied(call.head, call.fence, span=call.span)
    return Product((("", call.head), ("", call.fence)), span=call.span)


def _is_elsewhere(call: Called, found: Mapping[Node, Defined]) -> bool:
    own, _ = _own(call, found)
    return own is not None and call.arguments != (own.parameter,)

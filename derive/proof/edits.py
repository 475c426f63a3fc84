r"""Small changes to a formula: the slips of the pen that published notes are full of, each undone in every place.

A row of `EDITS` is one kind of slip. It takes a part of a formula and gives the part as it may have been meant. Whether any of it
is true is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace

from derive.meaning.naming import is_transpose, level_of, rebuilt, walk
from derive.notation.tree import (
    Applied,
    BigOperator,
    Derivative,
    Fenced,
    Fraction,
    Node,
    Number,
    Product,
    Root,
    Scripted,
    Sequence,
    Sum,
    Symbol,
    Word,
)
from derive.proof.offers import Page, bare, entry_letters, is_name, renamed


def signs(node: Node, page: Page) -> Iterator[Node]:
    """A sign turned round."""
    if isinstance(node, Sum) and len(node.terms) == 1 and node.terms[0][0] == "-":
        yield node.terms[0][1]
    elif isinstance(node, Sum):
        for place, (sign, term) in enumerate(node.terms):
            if sign in "+-":
                turned = ("-" if sign == "+" else "+", term)
                yield replace(node, terms=(*node.terms[:place], turned, *node.terms[place + 1 :]))
        if len(node.terms) == 2 and {sign for sign, _ in node.terms} == {"+", "-"}:
            (first_sign, first), (_, second) = node.terms
            yield Sum((("+", second), ("-", first))) if first_sign == "+" else Sum((("+", first), ("-", second)))


def whole_sign(node: Node, page: Page) -> Iterator[Node]:
    """The sign of a whole side, or of a name in it throughout."""
    yield Sum((("-", Fenced("(", node, ")") if isinstance(node, Sum) else node),))
    for name in dict.fromkeys(part for part in walk(node) if isinstance(part, Symbol) and is_name(part)):
        negative = Sum((("-", name),))
        yield _substituted(node, name, negative)
    for power in dict.fromkeys(part for part in walk(node) if isinstance(part, Scripted) and part.base == Symbol("e")):
        if power.sup is not None:
            yield _substituted(node, power, replace(power, sup=_negative(power.sup)))


def _negative(node: Node) -> Node:
    match node:
        case Sum(terms=(("-", term),)):
            return term
        case Sum():
            return Sum((("-", Fenced("(", node, ")")),))
        case _:
            return Sum((("-", node),))


def transposes(node: Node, page: Page) -> Iterator[Node]:
    """A transposition lost or added."""
    bare = _untransposed(node)
    if bare is not None:
        yield _transposed(bare, page) if bare is node else bare


def product_signs(node: Node, page: Page) -> Iterator[Node]:
    """One product for another, two factors the wrong way round, with or without a transposition."""
    if not isinstance(node, Product):
        return
    for place in range(1, len(node.factors)):
        sign, factor = node.factors[place]
        for other in ("", r"\odot"):
            if other != sign and not (other == "" and isinstance(factor, Fenced | Number | Fraction)):
                yield replace(node, factors=(*node.factors[:place], (other, factor), *node.factors[place + 1 :]))
    for place in range(len(node.factors) - 1):
        (sign, first), (_, second) = node.factors[place : place + 2]
        p, q = _untransposed(first), _untransposed(second)
        if p is None or q is None:
            continue
        turned_p, turned_q = _transposed(p, page), _transposed(q, page)
        pairs = ((turned_p, q), (p, turned_q), (q, p), (q, turned_p), (turned_q, p), (p, q))
        for left, right in pairs:
            yield replace(node, factors=(*node.factors[:place], (sign, left), ("", right), *node.factors[place + 2 :]))
    if len(node.factors) > 2:
        (_, first), *rest = node.factors
        yield replace(node, factors=(("", rest[-1][1]), *((sign, each) for sign, each in rest[:-1]), ("", first)))
        moved = [*rest, (rest[-1][0], first)]
        yield replace(node, factors=(("", moved[0][1]), *moved[1:]))


def _untransposed(node: Node) -> Node | None:
    """A factor that may be an array, without its transposition; None for what cannot be one."""
    if isinstance(node, Scripted) and node.sup is not None and is_transpose(node.sup):
        inner = node.base.body if isinstance(node.base, Fenced) and is_name(node.base.body) else node.base
        return inner if node.sub is None else Scripted(inner, node.sub)
    return node if is_name(node) or isinstance(node, Fenced | Derivative) else None


def _transposed(node: Node, page: Page) -> Node:
    if isinstance(node, Derivative) or (isinstance(node, Scripted) and (node.sup is not None or node.sub is not None)):
        return Scripted(Fenced("(", node, ")"), sup=page.transpose)
    return Scripted(node, sup=page.transpose)


def variables(node: Node, page: Page) -> Iterator[Node]:
    """A derivative of, or by, something else."""
    if isinstance(node, Derivative) and len(node.variables) == 1:
        for name in page.names:
            yield replace(node, variables=(renamed(node.variables[0], name),))
        if is_name(node.operand):
            for name in page.names:
                yield replace(node, operand=renamed(node.operand, name))


def layers(node: Node, page: Page) -> Iterator[Node]:
    """A neighbouring layer."""
    if not isinstance(node, Scripted) or not is_name(node):
        return
    script = node.sup.body if isinstance(node.sup, Fenced) else node.sup
    level = None if script is None else level_of(script)
    if level is None or script is None:
        return
    for by in (1, -1):
        offset = level.offset + by
        if not level.letter:
            shifted: Node = Number(str(offset))
        elif offset:
            shifted = Sum((("+", Symbol(level.letter)), ("+" if offset > 0 else "-", Number(str(abs(offset))))))
        else:
            shifted = Symbol(level.letter)
        sup = replace(node.sup, body=shifted) if isinstance(node.sup, Fenced) else shifted
        yield replace(node, sup=sup)


def indices(node: Node, page: Page) -> Iterator[Node]:
    """Subscripts the wrong way round, or one that should be another's."""
    if not isinstance(node, Scripted) or node.sub is None:
        return
    match node.sub:
        case Product(factors=((_, one), (between, other))):
            yield replace(node, sub=Product((("", other), (between, one))))
        case Sequence(items=(first, second)):
            yield replace(node, sub=replace(node.sub, items=(second, first)))
        case _:
            pass
    for letter in _INDEX_LETTERS:
        for place, own in enumerate(entry_letters(node.sub)):
            if own != letter:
                yield replace(node, sub=_with_letter(node.sub, place, letter))


_INDEX_LETTERS = ("i", "j", "k")


def whole_indices(node: Node, page: Page) -> Iterator[Node]:
    """Two index letters exchanged throughout; a sum that should be one of its terms."""
    for place, one in enumerate(_INDEX_LETTERS):
        for other in _INDEX_LETTERS[place + 1 :]:
            yield _relettered(node, {one: other, other: one})
    for part in walk(node):
        if isinstance(part, BigOperator):
            for letter in _INDEX_LETTERS:
                for own in _INDEX_LETTERS:
                    if own != letter:
                        yield _substituted(node, part, _relettered(part.body, {own: letter}))


def _relettered(node: Node, letters: dict[str, str]) -> Node:
    """A formula with other letters in its subscripts."""

    def change(part: object, below: bool) -> object:
        if isinstance(part, Symbol):
            return Symbol(letters.get(part.text, part.text)) if below else part
        if isinstance(part, tuple):
            return tuple(change(each, below) for each in part)
        if isinstance(part, Scripted):
            return replace(part, base=change(part.base, below), sub=change(part.sub, True))  # type: ignore[arg-type]
        if isinstance(part, BigOperator):
            return replace(part, lower=change(part.lower, True), body=change(part.body, below))  # type: ignore[arg-type]
        if isinstance(part, Node) and is_dataclass(part):
            return rebuilt(part, lambda each: change(each, below))
        return part

    return change(node, False)  # type: ignore[return-value]


def _with_letter(sub: Node, place: int, letter: str) -> Node:
    if isinstance(sub, Sequence):
        return replace(sub, items=(*sub.items[:place], Symbol(letter), *sub.items[place + 1 :]))
    if isinstance(sub, Product):
        sign = sub.factors[place][0]
        return replace(sub, factors=(*sub.factors[:place], (sign, Symbol(letter)), *sub.factors[place + 1 :]))
    return Symbol(letter)


def other_names(node: Node, page: Page) -> Iterator[Node]:
    """One name for another: the pre-activation for the activation, the prediction for the target."""
    if not is_name(node):
        return
    if isinstance(node, Scripted) and not isinstance(node.base, Scripted | Fenced):
        for base in dict.fromkeys(name.base if isinstance(name, Scripted) else name for name in page.names):
            if base != node.base:
                yield replace(node, base=base)
    for name in page.names:
        if name != bare(node):
            yield renamed(node, name)


def other_entries(node: Node, page: Page) -> Iterator[Node]:
    """One entry for another that stands on the page, of the same name or of one like it: `z^l_j` for `z^{l+1}_k`."""
    if isinstance(node, Scripted) and node.sub is not None and is_name(node):
        for entry in page.entries:
            assert isinstance(entry, Scripted)
            assert entry.sub is not None
            alike = len(entry_letters(entry.sub)) == len(entry_letters(node.sub))
            if entry != node and alike and entry.base == node.base:
                yield entry


def names_throughout(node: Node, page: Page) -> Iterator[Node]:
    """One name for another wherever it stands."""
    names = [part for part in walk(node) if is_name(part)]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            for other in page.names:
                if other != name:
                    yield _substituted(node, name, other)


def functions(node: Node, page: Page) -> Iterator[Node]:
    """A logarithm or another function forgotten before a sum, or one too many."""
    if isinstance(node, BigOperator):
        for function in page.operators:
            yield Applied(function, node)
    elif isinstance(node, Applied):
        yield node.argument


def added_in_sums(node: Node, page: Page) -> Iterator[Node]:
    """A factor or a term forgotten in what is summed up."""
    if isinstance(node, BigOperator):
        for body in (*added(node.body, page), *(_times(node.body, entry) for entry in page.entries)):
            yield replace(node, body=body)
    elif isinstance(node, Sum):
        for place, (sign, term) in enumerate(node.terms):
            for name in page.names:
                yield replace(node, terms=(*node.terms[:place], (sign, _times(term, name)), *node.terms[place + 1 :]))


def _times(node: Node, factor: Node) -> Node:
    whole = Fenced("(", node, ")") if isinstance(node, Sum) else node
    factors = whole.factors if isinstance(whole, Product) else (("", whole),)
    return Product((*factors, ("", factor)))


def collapsed(node: Node, page: Page) -> Iterator[Node]:
    """Two factors for a name that was meant to stand for them and more."""
    if isinstance(node, Product) and len(node.factors) > 2:
        for place in range(len(node.factors) - 1):
            for name in page.names:
                sign = node.factors[place][0]
                yield replace(node, factors=(*node.factors[:place], (sign, name), *node.factors[place + 2 :]))


def primes(node: Node, page: Page) -> Iterator[Node]:
    """A function for its derivative."""
    if isinstance(node, Scripted) and node.primes and node.sub is None and node.sup is None:
        yield node.base
    elif node in page.functions:
        yield Scripted(node, primes=1)


def dropped(node: Node, page: Page) -> Iterator[Node]:
    """A factor or a term too many; a power or a root that does not belong."""
    match node:
        case Product(factors=factors) if len(factors) > 1:
            for place in range(len(factors)):
                rest = [*factors[:place], *factors[place + 1 :]]
                rest[0] = ("", rest[0][1])
                yield rest[0][1] if len(rest) == 1 else Product(tuple(rest))
                # a function goes with its argument
            for place in range(len(factors) - 1):
                if factors[place + 1][0] == "" and isinstance(factors[place + 1][1], Fenced) and len(factors) > 2:
                    rest = [*factors[:place], *factors[place + 2 :]]
                    rest[0] = ("", rest[0][1])
                    yield rest[0][1] if len(rest) == 1 else Product(tuple(rest))
        case Sum(terms=terms) if len(terms) > 1:
            for place in range(len(terms)):
                rest_terms = (*terms[:place], *terms[place + 1 :])
                yield rest_terms[0][1] if len(rest_terms) == 1 and rest_terms[0][0] == "+" else Sum(rest_terms)
        case Scripted(base=base, sub=None, sup=Number()):
            yield base.body if isinstance(base, Fenced) and is_name(base.body) else base
        case Fraction(numerator=above, denominator=below):
            yield Fraction(below, above)
            if below == Number("2"):
                yield above
        case BigOperator(body=body):
            yield body
        case _:
            pass


def powers(node: Node, page: Page) -> Iterator[Node]:
    """A square or a root forgotten."""
    if (is_name(node) and not (isinstance(node, Scripted) and node.sup is not None)) or isinstance(node, Fenced):
        yield Scripted(node, sup=Number("2"))
    elif is_name(node):
        yield Scripted(Fenced("(", node, ")"), sup=Number("2"))
    elif isinstance(node, Fraction):
        yield replace(node, denominator=Root(node.denominator))


def coefficients(node: Node, page: Page) -> Iterator[Node]:
    """Twice or half of a term."""
    if isinstance(node, Product) and not isinstance(node.factors[0][1], Fraction):
        yield _scaled(Number("2"), list(node.factors))
        yield _scaled(Fraction(Number("1"), Number("2")), list(node.factors))
        for place, (sign, factor) in enumerate(node.factors):
            for other in page.factors:  # the rate of a step, and the rate by the number of examples
                if isinstance(other, Fraction) and other.numerator == factor:
                    yield replace(node, factors=(*node.factors[:place], (sign, other), *node.factors[place + 1 :]))
    elif isinstance(node, Fraction):
        if node.numerator == Number("1"):
            yield replace(node, numerator=Number("2"))
        elif node.numerator == Number("2"):
            yield replace(node, numerator=Number("1"))


def complements(node: Node, page: Page) -> Iterator[Node]:
    r"""The second factor of a slope forgotten: `a` for `a (1 - a)`, nothing for `1 - a^2`."""
    factors = list(node.factors) if isinstance(node, Product) else [("", node)]
    whole = [("", Fenced("(", node, ")"))] if isinstance(node, Sum) else factors
    for name in dict.fromkeys(part for part in walk(node) if is_name(part)):
        raised = Scripted(name, sup=Number("2")) if not isinstance(name, Scripted) or name.sup is None else (
            Scripted(Fenced("(", name, ")"), sup=Number("2")))  # fmt: skip
        for taken in (name, raised):
            factor = Fenced("(", Sum((("+", Number("1")), ("-", taken))), ")")
            yield Product((*whole, (r"\odot" if len(whole) > 1 or whole is not factors else r"\cdot", factor)))
            yield Product((*whole, ("" if isinstance(whole[-1][1], Fenced) else r"\cdot", factor)))


def added(node: Node, page: Page) -> Iterator[Node]:
    """A factor or a term forgotten: one that the page has elsewhere."""
    first = [("", node)] if not isinstance(node, Product | Sum) else None
    whole = node if not isinstance(node, Sum) else Fenced("(", node, ")")
    factors = list(node.factors) if isinstance(node, Product) else first or [("", whole)]
    for extra in (Number("2"), Fraction(Number("1"), Number("2")), *page.factors):
        if isinstance(extra, Number | Fraction):
            yield _scaled(extra, factors)
        else:
            for sign in (r"\odot", r"\cdot", ""):
                yield Product((*factors, (sign, extra)))
    for name in page.names:
        yield Product((*factors, ("", name)))
    terms = node.terms if isinstance(node, Sum) else (("+", node),)
    for extra in page.terms:
        for sign in "+-":
            yield Sum((*terms, (sign, extra)))


def _scaled(extra: Number | Fraction, factors: list[tuple[str, Node]]) -> Node:
    """A number in front, put together with the one that stands there."""
    (_, first), *rest = factors
    one = Number("1")
    merged: Node | None = None
    if extra == Fraction(one, Number("2")) and first == Number("2") and rest:
        (_, following), *rest = rest
        return Product((("", following), *rest)) if rest else following
    if isinstance(extra, Number) and isinstance(first, Fraction) and first.numerator == one:
        merged = replace(first, numerator=extra)
    elif isinstance(extra, Fraction) and extra.numerator == one and isinstance(first, Number):
        merged = replace(extra, numerator=first)
    elif isinstance(extra, Number) and isinstance(first, Number) and first.text.isdigit():
        merged = Number(str(int(extra.text) * int(first.text))) if extra.text.isdigit() else None
    if merged is not None:
        return Product((("", merged), *rest)) if rest else merged
    return Product((("", extra), *_guarded(factors)))


def _guarded(factors: list[tuple[str, Node]]) -> list[tuple[str, Node]]:
    """Two numbers side by side would be one."""
    sign, first = factors[0]
    return [(r"\cdot" if isinstance(first, Number) else sign, first), *factors[1:]]


def wrapped(node: Node, page: Page) -> Iterator[Node]:
    r"""A name for a function of it, throughout: `x (1 - x)` where `\sigma(x) (1 - \sigma(x))` was meant."""
    for name in dict.fromkeys(part for part in walk(node) if isinstance(part, Symbol | Scripted) and is_name(part)):
        for function in page.functions:
            if name != function:
                yield _substituted(node, name, Product((("", function), ("", Fenced("(", name, ")")))))


def _substituted(node: Node, name: Node, by: Node) -> Node:
    def change(part: object) -> object:
        if part == name:
            return by
        if isinstance(part, tuple):
            return tuple(change(each) for each in part)
        if isinstance(part, Scripted):
            return replace(part, base=change(part.base))  # type: ignore[arg-type]
        if isinstance(part, Product):
            return replace(part, factors=_flat([(sign, change(factor)) for sign, factor in part.factors]))  # type: ignore[misc]
        if isinstance(part, Node) and is_dataclass(part):
            return rebuilt(part, change)
        return part

    return change(node)  # type: ignore[return-value]


def _flat(factors: list[tuple[str, Node]]) -> tuple[tuple[str, Node], ...]:
    """A call that replaces a factor becomes two factors of the same product."""
    result: list[tuple[str, Node]] = []
    for sign, factor in factors:
        if isinstance(factor, Product):
            (_, first), *rest = factor.factors
            result += [(sign, first), *rest]
        else:
            result.append((sign, factor))
    return tuple(result)


@dataclass(frozen=True)
class Edit:
    """A row: what slipped, and the change that undoes it. `everywhere` are changes of a whole side, not of a part."""

    slip: str
    change: Callable[[Node, Page], Iterator[Node]]
    whole: bool = False


EDITS: tuple[Edit, ...] = (
    Edit("a sign", signs),
    Edit("a transpose", transposes),
    Edit("a product", product_signs),
    Edit("an index", indices),
    Edit("an index", whole_indices, whole=True),
    Edit("the variable of a derivative", variables),
    Edit("a layer", layers),
    Edit("a prime", primes),
    Edit("a number", coefficients),
    Edit("something too many", dropped),
    Edit("an entry", other_entries),
    Edit("a name", other_names),
    Edit("a function", functions),
    Edit("a sign", whole_sign, whole=True),
    Edit("a function left out", wrapped, whole=True),
    Edit("a slope left out", complements, whole=True),
    Edit("a power", powers),
    Edit("something forgotten", added, whole=True),
    Edit("something forgotten", added_in_sums),
    Edit("a name", names_throughout, whole=True),
    Edit("a name", collapsed),
)


def changed(node: Node, edit: Edit, page: Page) -> Iterator[Node]:
    """A formula with one change of that kind, in every place where there can be one."""
    yield from edit.change(node, page)
    if not edit.whole:
        yield from _inside(node, edit, page)


def _inside(node: Node, edit: Edit, page: Page) -> Iterator[Node]:
    if isinstance(node, Scripted):
        if not is_name(node) or isinstance(node.base, Fenced):
            for base in changed(node.base, edit, page):
                yield replace(node, base=base)
        return
    if not is_dataclass(node) or isinstance(node, Derivative | Symbol | Word | Number):
        return
    for place in fields(node):
        value = getattr(node, place.name)
        if place.name == "span" or (isinstance(node, BigOperator) and place.name != "body"):
            continue
        if isinstance(node, Applied) and place.name != "argument":
            continue
        if isinstance(value, Node):
            for other in changed(value, edit, page):
                yield replace(node, **{place.name: other})  # type: ignore[arg-type]
        elif isinstance(value, tuple):
            yield from _in_parts(node, place.name, value, edit, page)


def _in_parts(node: Node, field: str, parts: tuple[object, ...], edit: Edit, page: Page) -> Iterator[Node]:
    for at, part in enumerate(parts):
        inner = part[1] if isinstance(part, tuple) and len(part) == 2 else part
        if not isinstance(inner, Node):
            continue
        for other in changed(inner, edit, page):
            new = (part[0], other) if isinstance(part, tuple) else other
            yield replace(node, **{field: (*parts[:at], new, *parts[at + 1 :])})  # type: ignore[arg-type]

r"""What a written name is: its base, its layer, its entry, whether it is transposed or a power.

`W^{(2)}_{jk}` is entry (j, k) of the array `W^{(2)}`; `{W^{(2)}}^\top` is that array transposed; `a^2` may be a layer or a square,
which only the rest of the document tells, so it is asked of a `Vocabulary`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace

from derive.algebra.names import Level, Name
from derive.notation.tree import (
    Accented,
    Fenced,
    Node,
    Number,
    Product,
    Scripted,
    Sequence,
    Styled,
    Sum,
    Symbol,
    Word,
)

TRANSPOSES = frozenset({"T", r"\top", r"\intercal", r"\mathsf{T}", r"\mathrm{T}"})
_MARKS = {"*": "*", r"\ast": "*", r"\star": "*", r"\dagger": r"\dagger", "+": "+"}
"""Superscripts that are part of a name: an optimum's star, a pseudo-inverse's dagger."""
LAYER_LETTERS = frozenset({"l", "L", r"\ell"})


@dataclass(frozen=True)
class Written:
    """A name taken apart. `power` is the exponent's node where the superscript is one; `entries` the component subscripts."""

    name: Name
    latex: str
    entries: tuple[Node, ...] = ()
    transposed: bool = False
    power: Node | None = None
    primes: int = 0
    level_style: str = ""


def base_latex(node: Node) -> str | None:
    """The LaTeX of a base letter with its fonts and accents, or None where the node is no letter."""
    match node:
        case Symbol(text=text):
            return text
        case Word(text=text):
            return rf"\mathrm{{{text}}}"
        case Styled(style=style, body=body):
            inside = _letters(body)
            return None if inside is None else f"{STYLE_COMMANDS[style]}{{{inside}}}"
        case Accented(accent=accent, body=body):
            inside = body.text if isinstance(body, Number) else base_latex(body)
            return None if inside is None else rf"\{accent}{{{inside}}}"
        case _:
            return None


STYLE_COMMANDS = {
    "bold": r"\mathbf", "upright": r"\mathrm", "calligraphic": r"\mathcal", "blackboard": r"\mathbb", "sans": r"\mathsf",
    "fraktur": r"\mathfrak", "script": r"\mathscr", "italic": r"\mathit",
}  # fmt: skip


def _letters(node: Node) -> str | None:
    if isinstance(node, Product) and all(sign == "" for sign, _ in node.factors):
        parts = [base_latex(factor) for _, factor in node.factors]
        return None if None in parts else "".join(part or "" for part in parts)
    if isinstance(node, Number):
        return node.text
    return base_latex(node)


def written(
    node: Node, subscripted: frozenset[str] = frozenset(), layered: frozenset[str] = frozenset()
) -> Written | None:
    """A name taken apart, or None where the node is none.

    `subscripted` holds the bases whose subscripts are entries (arrays that also stand without one); a number under any other
    base is part of the name, as in `W_1`. `layered` holds the bases whose plain superscripts are layers, as in `z^l`. It is asked
    for so often that a node keeps its answers.
    """
    kept: dict[tuple[frozenset[str], frozenset[str]], Written | None] = node.__dict__.setdefault("_written", {})
    asked = (subscripted, layered)
    if asked not in kept:
        kept[asked] = _taken_apart(node, subscripted, layered)
    return kept[asked]


def _taken_apart(node: Node, subscripted: frozenset[str], layered: frozenset[str]) -> Written | None:
    if isinstance(node, Scripted):
        inner = written(node.base, subscripted, layered)
        if inner is None or inner.power is not None:
            return None
        result = inner if node.sup is None else _with_superscript(inner, node.sup, layered)
        if result is None:
            return None
        if node.sub is not None:
            result = _with_subscript(result, node.sub, subscripted)
        return Written(
            result.name,
            result.latex,
            result.entries,
            result.transposed,
            result.power,
            result.primes + node.primes,
            result.level_style,
        )
    latex = base_latex(node)
    return None if latex is None else Written(Name(latex), latex)


def _with_superscript(inner: Written, sup: Node, layered: frozenset[str]) -> Written | None:
    parts = [factor for _, factor in sup.factors] if isinstance(sup, Product) else [sup]
    levels, style, transposed, power = inner.name.levels, inner.level_style, inner.transposed, inner.power
    suffix = ""
    for part in parts:
        found = level_of(part.body) if isinstance(part, Fenced) else None
        if found is not None and isinstance(part, Fenced) and part.left in "([":
            levels, style = (*levels, found), "(2)" if part.left == "(" else "[2]"
        elif isinstance(part, Fenced) and part.left == "(" and len(label := _letters(part.body) or "") > 1:
            suffix += f"^{{({label})}}"  # `W^{(hx)}`
        elif is_transpose(part):
            transposed = not transposed
        elif isinstance(part, Word) or (isinstance(part, Styled) and part.style == "upright"):
            suffix += f"^{{{base_latex(part)}}}"  # `a^{\\mathrm{i}}`, the argument of a gate
        elif isinstance(part, Symbol) and part.text in _MARKS:
            suffix += f"^{{{_MARKS[part.text]}}}"
        elif len(parts) == 1 and (inner.latex in layered or _letter_of(part) in LAYER_LETTERS):
            plain = level_of(part)
            if plain is None:
                return None
            levels, style = (*levels, plain), "2"
        elif len(parts) == 1:
            power = part
        else:
            return None
    name = Name(inner.name.base + suffix, levels)
    return Written(name, inner.latex + suffix, inner.entries, transposed, power, inner.primes, style)


def _with_subscript(inner: Written, sub: Node, subscripted: frozenset[str]) -> Written:
    items = (
        sub.items if isinstance(sub, Sequence) else [f for _, f in sub.factors] if isinstance(sub, Product) else [sub]
    )
    is_number = all(isinstance(item, Number) for item in items)
    is_label = any(isinstance(item, Word) or _is_label(item) for item in items)
    if is_label or (is_number and inner.latex not in subscripted):
        text = ",".join(subscript_text(item) for item in items)
        if is_number and len(items) == 1 and not inner.name.levels:
            return Written(
                Name(inner.name.base, (Level("", int(text)),)),
                inner.latex,
                (),
                inner.transposed,
                inner.power,
                inner.primes,
                "_2",
            )
        base = f"{inner.name.base}_{{{text}}}"
        return Written(
            Name(base, inner.name.levels), base, (), inner.transposed, inner.power, inner.primes, inner.level_style
        )
    return Written(
        inner.name,
        inner.latex,
        inner.entries + tuple(items),
        inner.transposed,
        inner.power,
        inner.primes,
        inner.level_style,
    )


def _is_label(node: Node) -> bool:
    r"""Whether a subscript is an upright letter, a set, as in `\\mu_\\mathcal{B}`, or a bold vector: what it was made of is part of
    a name."""
    return isinstance(node, Styled) and node.style in ("calligraphic", "script", "upright", "bold")


def subscript_text(node: Node) -> str:
    match node:
        case Number(text=text):
            return text
        case Word(text=text):
            return rf"\mathrm{{{text}}}"
        case _:
            return base_latex(node) or "?"


def is_transpose(node: Node) -> bool:
    return base_latex(node) in TRANSPOSES


def is_transposed(node: Node) -> bool:
    r"""Whether a transpose stands above it: the T of `A^T` is no name."""
    return isinstance(node, Scripted) and node.sup is not None and is_transpose(node.sup)


def level_of(node: Node) -> Level | None:
    """A layer index: a number, a letter, or a letter plus or minus a number."""
    match node:
        case Number(text=text) if text.isdigit():
            return Level("", int(text))
        case Symbol(text=text):
            return Level(text, 0)
        case Sum(terms=((_, Symbol(text=text)), (sign, Number(text=by)))) if by.isdigit() and sign in "+-":
            return Level(text, int(by) if sign == "+" else -int(by))
        case Scripted(base=Symbol(text=text), sub=Symbol(text=below), sup=None, primes=0):
            return Level(f"{text}_{below}", 0)  # `a^{(n_l)}`, the last layer's number
        case Sum(
            terms=((_, Scripted(base=Symbol(text=text), sub=Symbol(text=below), sup=None)), (sign, Number(text=by)))
        ) if by.isdigit() and sign in "+-":
            return Level(f"{text}_{below}", int(by) if sign == "+" else -int(by))
        case _:
            return None


def _letter_of(node: Node) -> str:
    found = level_of(node)
    return "" if found is None else found.letter


def any_layer(name: Name) -> str:
    """What a function that is defined at a layer letter goes by at every layer."""
    return name.base + "^(\u2026)"


def rebuilt(node: Node, change: Callable[[object], object]) -> Node:
    """A node with each of its parts changed: nodes, tuples of nodes, and what else it holds. The node itself, with what it keeps,
    where nothing changes."""
    parts: dict[str, object] = {}
    for name in part_names(type(node)):
        part = getattr(node, name)
        new = change(part)
        if not _same(new, part):
            parts[name] = new
    return replace(node, **parts) if parts else node  # type: ignore[arg-type]


def _same(new: object, part: object) -> bool:
    if new is part:
        return True
    if not isinstance(new, tuple) or not isinstance(part, tuple) or len(new) != len(part):
        return not isinstance(new, Node) and new == part
    return all(map(_same, new, part))


def substituted(node: Node, name: Node, by: Node) -> Node:
    """A formula with one name for another."""
    return exchanged(node, {name: by})


def exchanged(node: Node, by: Mapping[Node, Node]) -> Node:
    """A formula with other names for some, all at once."""

    def change(part: object) -> object:
        if isinstance(part, Node) and part in by:
            return by[part]
        if isinstance(part, tuple):
            return tuple(change(each) for each in part)
        return rebuilt(part, change) if isinstance(part, Node) else part

    return change(node)  # type: ignore[return-value]


def as_said(node: Node, said: Mapping[Node, Node]) -> Node:
    """A formula with names as the page writes them."""
    for _ in range(2):  # a name may have been rewritten twice: for its layer, and for its example
        node = _as_said(node, said)  # type: ignore[assignment]
    return node


def _as_said(part: object, said: Mapping[Node, Node]) -> object:
    if isinstance(part, tuple):
        return tuple(_as_said(each, said) for each in part)
    if not isinstance(part, Node):
        return part
    if part in said:
        return said[part]
    if isinstance(part, Scripted) and isinstance(part.base, Symbol) and part.base.text[0] == "d":
        # `dz^{(i)}` was read as one name, after `z^{(i)}` was rewritten
        alone = said.get(replace(part, base=Symbol(part.base.text[1:])))
        if isinstance(alone, Scripted) and isinstance(alone.base, Symbol):
            return replace(alone, base=Symbol("d" + alone.base.text))
    return rebuilt(part, lambda each: _as_said(each, said))


def walk(node: object) -> Iterable[Node]:
    """A node, or each of a tuple, and everything below it, in the order of writing. It is asked for so often that a node keeps its
    answer."""
    below: list[Node] = []
    if not isinstance(node, Node):
        _extend(below, node)
        return below
    found: tuple[Node, ...] | None = node.__dict__.get("_walked")
    if found is None:
        below.append(node)
        for name in part_names(type(node)):
            _extend(below, getattr(node, name))
        found = node.__dict__["_walked"] = tuple(below)
    return found


def _extend(found: list[Node], part: object) -> None:
    if isinstance(part, Node):
        found.extend(walk(part))
    elif isinstance(part, tuple):
        for each in part:
            _extend(found, each)


def part_names(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a kind of node that hold its parts."""
    found = _PART_NAMES.get(kind)
    if found is None:
        found = _PART_NAMES[kind] = tuple(place.name for place in fields(kind) if place.name != "span")
    return found


_PART_NAMES: dict[type[Node], tuple[str, ...]] = {}
